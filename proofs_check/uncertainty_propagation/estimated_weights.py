r"""What weights cost that are computed from estimates, or from a response that was used before."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, Minimum, at_most, equal, nonnegative_from_minimum
from proofs_check.records import Proof, assumed, checked, cited
from proofs_check.uncertainty_propagation.heads import PROJECTION
from proofs_check.uncertainty_propagation.students import (
    EQUAL_VARIANCES,
    RESPONSES,
    VARIANCE_OF_SUM,
)

_nu, _x = sympy.symbols("nu x", positive=True)

GAUSSIAN = assumed(
    "Gaussian samples",
    r"$t$ and $s$ are means of Gaussian samples with the same variance $v$, which is estimated from"
    r" either sample with $\nu$ degrees of freedom; the weight of $t$ is"
    r" $\hat w=\hat v_s/(\hat v_t+\hat v_s)$.",
)
BETA = cited(
    "beta_weight",
    r"$\hat v_t,\hat v_s$ are independent of the means and of each other, each $\frac v\nu$ times a"
    r" $\chi^2_\nu$; so $\hat w\sim\mathrm{Beta}(\frac\nu2,\frac\nu2)$, independent of"
    r" $\hat v_t+\hat v_s$.",
    "Cochran (1934), Theorem II; Lukacs, Ann. Math. Statist. 26 (1955), Theorem",
    ["Gaussian samples"],
)


def _beta_moment(first: int, second: int, said: Any) -> tuple[Any, Any]:
    """The mean of w^first (1-w)^second for the Beta law, by its normalising constant."""
    half = _nu / 2

    def integral(a: Any, b: Any) -> Any:
        return sympy.gamma(a) * sympy.gamma(b) / sympy.gamma(a + b)

    return integral(half + first, half + second) / integral(half, half), said


BETA_PRODUCT = checked(
    "beta_product",
    r"$\mathbb E\,\hat w(1-\hat w)=\frac{B(\nu/2+1,\nu/2+1)}{B(\nu/2,\nu/2)}=\frac\nu{4(\nu+1)}$.",
    method="ratio of Gamma functions",
    check=lambda pair: equal((sympy.gammasimp(pair[0]), pair[1])),
    stated=_beta_moment(1, 1, _nu / (4 * (_nu + 1))),
    wrong={
        "the square of the mean": _beta_moment(1, 1, sympy.Rational(1, 4)),
        "the mean square": _beta_moment(2, 0, _nu / (4 * (_nu + 1))),
    },
    uses=("beta_weight",),
)

_variance, _product = sympy.symbols("v P", positive=True)


def _cost(share: Any) -> tuple[Any, Any]:
    """The variance given the weight, averaged, with E w (1 - w) = P."""
    known = {_product: _nu / (4 * (_nu + 1))}
    return (_variance * share).subs(known), _variance / 2 * (1 + 1 / (_nu + 1))


ESTIMATED_VARIANCE_COST = Proof(
    slug="uncertainty_propagation/estimated_variance_cost",
    idea="Given the weight, the variance is that of two uncorrelated estimates; the weight has a"
    " Beta law.",
    steps=(
        GAUSSIAN,
        BETA,
        BETA_PRODUCT,
        checked(
            "estimated_variance_cost",
            r"$\mathbb V=v\,\mathbb E[\hat w^2+(1-\hat w)^2]=v(1-2\,\mathbb E\,\hat w(1-\hat"
            r" w))=\frac v2(1+\frac1{\nu+1})$, the combination being unbiased given the weight;"
            r" linear in $v$, hence for means over inputs.",
            method="substituting, for every nu",
            check=equal,
            stated=_cost(1 - 2 * _product),
            wrong={
                "the product counted once": _cost(1 - _product),
                "known weights": _cost(sympy.Rational(1, 2)),
            },
            uses=("beta_product",),
        ),
    ),
)

_first, _second = sympy.symbols("a b", positive=True)


def _claimed(claim: Any) -> tuple[Any, Any]:
    """The claimed variance in terms of both estimates, and through the weight and the sum."""
    weight = _second / (_first + _second)
    return claim, weight * (1 - weight) * (_first + _second)


ESTIMATED_VARIANCE_CLAIM = Proof(
    slug="uncertainty_propagation/estimated_variance_claim",
    idea="The claimed variance is the product of a function of the weight and of the sum, which are"
    " independent.",
    steps=(
        GAUSSIAN,
        BETA,
        BETA_PRODUCT,
        checked(
            "claimed_product",
            r"$\frac1{1/\hat v_t+1/\hat v_s}=\hat w(1-\hat w)(\hat v_t+\hat v_s)$.",
            method="expanding over a common denominator",
            check=equal,
            stated=_claimed(1 / (1 / _first + 1 / _second)),
            wrong={
                "twice as much": _claimed(2 / (1 / _first + 1 / _second)),
                "the mean of both": _claimed((_first + _second) / 4),
            },
            uses=("Gaussian samples",),
        ),
        checked(
            "estimated_variance_claim",
            r"By independence the mean is $\mathbb E[\hat w(1-\hat w)]\cdot2v=\frac\nu{4(\nu+1)}2v"
            r"=\frac v2\frac\nu{\nu+1}$; linear in $v$, hence for means over inputs.",
            method="substituting, for every nu",
            check=equal,
            stated=(
                (_product * 2 * _variance).subs(_product, _nu / (4 * (_nu + 1))),
                _variance / 2 * _nu / (_nu + 1),
            ),
            wrong={
                "the mean of one estimate": (
                    (_product * _variance).subs(_product, _nu / (4 * (_nu + 1))),
                    _variance / 2 * _nu / (_nu + 1),
                )
            },
            uses=("beta_weight", "beta_product", "claimed_product"),
        ),
    ),
)

# --- a response that is used twice ----------------------------------------------------------------

_weight = sympy.Symbol("w", real=True)
_h, _sigma2 = sympy.symbols("h sigma2", positive=True)


def _combined(covariance: Any) -> tuple[Any, Any]:
    """The variance of w y + (1 - w) y^, with this covariance of both, and its form in w."""
    rest = 1 - _weight
    found = _sigma2 * (_weight**2 + rest**2 * _h) + 2 * _weight * rest * covariance
    return found, _sigma2 * (_h + _weight**2 * (1 - _h))


REUSED = checked(
    "reused_variance",
    r"$\hat y_i=\sum_jH_{ij}y_j$ has the variance $\sigma^2\sum_jH_{ij}^2=\sigma^2h$ and the"
    r" covariance $\sigma^2H_{ii}=\sigma^2h$ with $y_i$, so that"
    r" $\mathbb V[wy_i+(1-w)\hat y_i]=\sigma^2(h+w^2(1-h))$.",
    method="expanding",
    check=equal,
    stated=_combined(_sigma2 * _h),
    wrong={
        "a prediction that did not see the response": _combined(sympy.Integer(0)),
        "a prediction that repeats it": _combined(_sigma2),
    },
    uses=("equal variances", "variance_of_sum", "projection"),
)

_spare = sympy.Symbol("g", nonnegative=True)


def _parabola(function: Any) -> Minimum:
    """The variance beyond that of the prediction alone, with 1 - h = g, over the weight."""
    return Minimum(function, _weight, 0, 2 * _sigma2 * _spare)


REUSED_RESPONSE = Proof(
    slug="uncertainty_propagation/reused_response",
    idea="The prediction already has the response in it: all that more weight adds is noise.",
    steps=(
        RESPONSES,
        EQUAL_VARIANCES,
        VARIANCE_OF_SUM,
        PROJECTION,
        REUSED,
        checked(
            "reused_response",
            r"$\sigma^2w^2(1-h)\ge0$ vanishes at $w=0$, since $1-h=\sum_j(I-H)_{ij}^2\ge0$: the"
            r" smallest variance is $\mathbb V[\hat y_i]$.",
            method="derivative in w",
            check=nonnegative_from_minimum,
            stated=_parabola(_sigma2 * _weight**2 * _spare),
            wrong={
                "a linear term": _parabola(_sigma2 * (_weight**2 - _weight) * _spare),
                "the other sign": _parabola(-_sigma2 * _weight**2 * _spare),
            },
            uses=("reused_variance", "projection"),
        ),
    ),
)


def _cost_of_reuse(below: Any) -> Inequality:
    """What is said to be below the variance with the weight h / (1 + h); 1 - h = g."""
    excess = _sigma2 * (_h / (1 + _h)) ** 2 * _spare
    return Inequality(below, _sigma2 * _h + excess, excess)


REUSED_RESPONSE_COST = Proof(
    slug="uncertainty_propagation/reused_response_cost",
    idea="Inverse variances give the response a weight that it does not deserve.",
    steps=(
        RESPONSES,
        EQUAL_VARIANCES,
        VARIANCE_OF_SUM,
        PROJECTION,
        REUSED,
        checked(
            "naive_weight",
            r"Inverse-variance weights for the variances $\sigma^2$ and $\sigma^2h$ give the"
            r" response $w=\frac{1/\sigma^2}{1/\sigma^2+1/(\sigma^2h)}=\frac h{1+h}$.",
            method="expanding over a common denominator",
            check=equal,
            stated=((1 / _sigma2) / (1 / _sigma2 + 1 / (_sigma2 * _h)), _h / (1 + _h)),
            wrong={
                "the prediction's weight": (
                    (1 / (_sigma2 * _h)) / (1 / _sigma2 + 1 / (_sigma2 * _h)),
                    _h / (1 + _h),
                )
            },
            uses=("reused_variance",),
        ),
        checked(
            "reused_response_cost",
            r"$\sigma^2(h+w^2(1-h))\ge\sigma^2h$ with $w=\frac h{1+h}$: the excess is"
            r" $\sigma^2w^2(1-h)$, and $1-h\ge0$.",
            method="the sign of the excess is manifest",
            check=at_most,
            stated=_cost_of_reuse(_sigma2 * _h),
            wrong={
                "a response as good as new": _cost_of_reuse(_sigma2),
                "the weight's square added": _cost_of_reuse(_sigma2 * (_h + (_h / (1 + _h)) ** 2)),
            },
            uses=("reused_variance", "naive_weight", "projection"),
        ),
    ),
)
