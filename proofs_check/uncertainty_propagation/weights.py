r"""Combining estimates: which weights are best, and what they cost when variances are estimated.

The variance of a combination exceeds the smallest one by a square of what its weights differ by.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import Inequality, Minimum, at_most, equal, nonnegative_from_minimum
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.records import Proof, assumed, checked, cited, refuted
from proofs_check.uncertainty_propagation.heads import PROJECTION
from proofs_check.uncertainty_propagation.students import (
    EQUAL_VARIANCES,
    RESPONSES,
    VARIANCE_OF_SUM,
)

ESTIMATES = assumed(
    "estimates",
    r"$t_1,\dots,t_m$ are unbiased estimates of the same number, with the covariance matrix $C$,"
    r" positive definite; they are combined with weights of sum one.",
)
UNCORRELATED = assumed("uncorrelated", r"The estimates are uncorrelated: $C=\mathrm{diag}(v)$.")
KNOWN = assumed("known variances", r"The weights are computed from the true variances $v_i>0$.")

# --- uncorrelated estimates -----------------------------------------------------------------------

_w, _v, _sum = sympy.symbols("w v S", positive=True)


def _factors(first: Any, second: Any) -> tuple[Any, Any]:
    """The product of both sequences that Cauchy and Schwarz are given, and a weight."""
    return first * second, _w


BELOW = checked(
    "smallest_variance",
    r"$1=(\sum_iw_i)^2\le\sum_iw_i^2v_i\sum_i\frac1{v_i}$: Cauchy-Schwarz for $w_i\sqrt{v_i}$ and"
    r" $1/\sqrt{v_i}$, whose products are the weights.",
    method="multiplying, term by term; any number of estimates",
    check=equal,
    stated=_factors(_w * sympy.sqrt(_v), 1 / sympy.sqrt(_v)),
    wrong={
        "variances for standard deviations": _factors(_w * _v, 1 / sympy.sqrt(_v)),
        "no weights": _factors(sympy.sqrt(_v), 1 / sympy.sqrt(_v)),
    },
    uses=("estimates", "uncorrelated", "cauchy_schwarz"),
)


def _attained(weight: Any) -> tuple[Any, Any]:
    """An estimate's share of the variance with this weight, and the share of 1 / S it should be."""
    return weight**2 * _v, (1 / _v) / _sum**2


INVERSE_VARIANCE = Proof(
    slug="uncertainty_propagation/inverse_variance",
    idea="Cauchy and Schwarz bound every variance from below, and inverse variances attain it.",
    steps=(
        ESTIMATES,
        UNCORRELATED,
        KNOWN,
        CAUCHY_SCHWARZ,
        BELOW,
        checked(
            "inverse_variance",
            r"With $w_i=\frac{1/v_i}S$, $S=\sum_j1/v_j$, the variance is $\sum_iw_i^2v_i"
            r"=\sum_i\frac{1/v_i}{S^2}=\frac1S$, the lower bound for all weights.",
            method="expanding, term by term",
            check=equal,
            stated=_attained((1 / _v) / _sum),
            wrong={
                "inverse standard deviations": _attained((1 / sympy.sqrt(_v)) / _sum),
                "equal weights": _attained(1 / _sum),
            },
            uses=("known variances", "smallest_variance"),
        ),
    ),
)

_HALF = Fraction(1, 2)


def _naive_is_best(covariance: Fraction) -> bool:
    """Whether, for variances 1 and 1/2 and this covariance, inverse variances beat (0, 1)."""
    first, second = Fraction(1), _HALF
    weight = (1 / first) / (1 / first + 1 / second)
    rest = 1 - weight
    naive = weight**2 * first + rest**2 * second + 2 * weight * rest * covariance
    return naive <= second


INVERSE_VARIANCE_PRINTED = Proof(
    slug="uncertainty_propagation/inverse_variance_printed",
    idea="The bound is for uncorrelated estimates; a student's prediction is correlated with the"
    " responses that it was trained on.",
    steps=(
        ESTIMATES,
        refuted(
            "any_estimates",
            r"Weights in proportion to $1/v_i$ are the best whatever the correlation: for a"
            r" response of variance $1$ and the mean of two such responses, of which it is one, it"
            r" would be $\frac59\le\frac12$.",
            method="variances 1 and 1/2 with the covariance 1/2, in exact rationals",
            check=_naive_is_best,
            stated=_HALF,
            mended={"uncorrelated estimates": Fraction(0)},
            uses=("estimates",),
        ),
    ),
)

# --- correlated estimates -------------------------------------------------------------------------

C, Ci, w, wt, o, ot = matrices("C C^-1 w w' 1 1'")
_precision = sympy.Symbol("s", positive=True)
_RULES = {C * Ci: 1, Ci * C: 1, ot * w: 1, wt * o: 1, ot * Ci * o: _precision}


def _three_estimates() -> Mapping[Any, Any]:
    covariance = sympy.Matrix([[2, 1, 0], [1, 3, 1], [0, 1, 4]])
    ones, weights = sympy.ones(3, 1), sympy.Matrix([2, -3, 2])
    inverse = covariance.inv()
    return {
        C: covariance,
        Ci: inverse,
        o: ones,
        ot: ones.T,
        w: weights,
        wt: weights.T,
        _precision: (ones.T * inverse * ones)[0],
    }


def _excess(best: Any, transposed: Any) -> MatrixIdentity:
    """The variance beyond 1 / s, against the square of what the weights differ by."""
    excess = wt * C * w - 1 / _precision
    return MatrixIdentity(excess, (wt - transposed) * C * (w - best), _RULES, _three_estimates)


CORRELATED_WEIGHTS = Proof(
    slug="uncertainty_propagation/correlated_weights",
    idea="Weights of sum one differ from the best ones by a vector that is orthogonal to them in"
    " the metric of the covariance.",
    steps=(
        ESTIMATES,
        checked(
            "correlated_weights",
            r"With $s=1^\top C^{-1}1$ and $w^*=C^{-1}1/s$: $w^\top Cw-\frac1s=(w-w^*)^\top"
            r" C(w-w^*)\ge0$ for all $w$ with $1^\top w=1$, and zero for $w=w^*$, whose sum is"
            r" one.",
            method="rewriting products of matrices of any size",
            check=holds_for_matrices,
            stated=_excess(Ci * o / _precision, ot * Ci / _precision),
            wrong={
                "not divided by their sum": _excess(Ci * o, ot * Ci),
                "weights in proportion to covariances": _excess(
                    C * o / _precision, ot * C / _precision
                ),
            },
            uses=("estimates",),
        ),
    ),
)

# --- vectors --------------------------------------------------------------------------------------

Vs, D, Di, Vti, Vsi, W, Wt = matrices("V_s D D^-1 V_t^-1 V_s^-1 W W'")
_Vt = D - Vs
_VECTOR_RULES = {
    D * Di: 1,
    Di * D: 1,
    Vs * Vsi: 1,
    Vsi * Vs: 1,
    Di * Vs * Vti: Vti - Di,  # D = V_t + V_s, times the inverse of V_t
}


def _two_vectors() -> Mapping[Any, Any]:
    teacher = sympy.Matrix([[2, 1], [1, 3]])
    student = sympy.Matrix([[1, -1], [-1, 4]])
    weight = sympy.Matrix([[1, 2], [0, -1]])
    both = teacher + student
    return {
        Vs: student,
        Vsi: student.inv(),
        Vti: teacher.inv(),
        D: both,
        Di: both.inv(),
        W: weight,
        Wt: weight.T,
    }


def _parallel(harmonic: Any) -> MatrixIdentity:
    """The harmonic sum times the sum of the inverses."""
    return MatrixIdentity(harmonic * (Vti + Vsi), 1, _VECTOR_RULES, _two_vectors)


def _vector_excess(best: Any, transposed: Any) -> MatrixIdentity:
    """The covariance with weights W beyond the harmonic sum, against a square."""
    combined = W * _Vt * Wt + (1 - W) * Vs * (1 - Wt)
    square = (W - best) * D * (Wt - transposed)
    return MatrixIdentity(combined - Vs * Di * _Vt, square, _VECTOR_RULES, _two_vectors)


INVERSE_VARIANCE_MATRIX = Proof(
    slug="uncertainty_propagation/inverse_variance_matrix",
    idea="The excess over the harmonic sum of covariances is a congruence of V_t + V_s.",
    steps=(
        assumed(
            "vector estimates",
            r"$t$ and $s$ are unbiased estimates of the same vector with positive definite"
            r" covariances $V_t$ and $V_s$; $D=V_t+V_s$; they are combined as $Wt+(I-W)s$.",
        ),
        assumed("uncorrelated", r"$\mathrm{Cov}(t,s)=0$."),
        checked(
            "harmonic_sum",
            r"$(V_t^{-1}+V_s^{-1})^{-1}=V_sD^{-1}V_t$.",
            method="multiplying the matrix by its inverse, for any size",
            check=holds_for_matrices,
            stated=_parallel(Vs * Di * _Vt),
            wrong={
                "without the inverse": _parallel(Vs * _Vt),
                "half of the sum": _parallel(D / 2),
            },
            uses=("vector estimates",),
        ),
        checked(
            "inverse_variance_matrix",
            r"$WV_tW^\top+(I-W)V_s(I-W)^\top-V_sD^{-1}V_t=(W-W^*)D(W-W^*)^\top\succeq0$ with"
            r" $W^*=V_sD^{-1}$: a congruence of a positive definite matrix.",
            method="rewriting products of matrices of any size",
            check=holds_for_matrices,
            stated=_vector_excess(Vs * Di, Di * Vs),
            wrong={
                "the weight of the other estimate": _vector_excess(1 - Vs * Di, 1 - Di * Vs),
                "factors exchanged": _vector_excess(Di * Vs, Vs * Di),
            },
            uses=("uncorrelated", "harmonic_sum"),
        ),
    ),
)

# --- estimated variances --------------------------------------------------------------------------

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


def _cost_of_reuse(weight: Any) -> Inequality:
    """The prediction's own variance, below that with this weight; 1 - h = g."""
    found = _sigma2 * (_h + weight**2 * _spare)
    slack = _sigma2 * _spare * (_h / (1 + _h)) ** 2
    return Inequality(_sigma2 * _h, found, slack)


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
            stated=_cost_of_reuse(_h / (1 + _h)),
            wrong={
                "equal weights": _cost_of_reuse(sympy.Rational(1, 2)),
                "the prediction's weight": _cost_of_reuse(1 / (1 + _h)),
            },
            uses=("reused_variance", "naive_weight", "projection"),
        ),
    ),
)
