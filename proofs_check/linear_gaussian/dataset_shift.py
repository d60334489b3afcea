r"""The dataset shift: of the pseudo labels' law from the labels' law.

In a direction both laws are normal, and the variances differ by a factor $1+t$ or $1+r$: every
bound of this file drops, or compares, the logarithm of such a factor.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    GAUSSIAN_DIVERGENCE,
    QUADRATIC_FORM,
    SUM_OVER_OUTPUTS,
    TERMS,
    Below,
    LogForm,
    b,
    below,
    beta,
    covariance,
    gain,
    label,
    mean,
    nu,
    omega,
    pseudo_label,
    pseudo_noise,
    r,
    rho,
    same_form,
    sigma,
    t,
    teacher_noise,
    twice_divergence,
)
from proofs_check.records import Proof, assumed, checked, refuted

given_mean = sympy.Symbol("mu", real=True)

ERRORS = assumed(
    "errors",
    r"$\mathrm{Bias}(D_n)=\|(\bar W-W^*)X\|^2$ and $\mathrm{Var}(D_n)"
    r"=\operatorname{tr}X^\top\Sigma_TX$: for an output and direction, in units of $\nu^2$,"
    r" $\sigma^2(\bar w-\omega)^2$ and $\sigma^2$, where $\bar w=\beta\sigma y$ is the entry of"
    r" $\bar Wu$.",
)

# --- given the data -------------------------------------------------------------------------------


_DRAWN = sigma * (given_mean + teacher_noise) + pseudo_noise


def _law_given_data(drawn: Any) -> list[tuple[Any, Any]]:
    """Mean and variance of a pseudo label given the data, of which this is a draw."""
    return [(mean(drawn), sigma * given_mean), (covariance(drawn, drawn), 1 + r)]


LAW_GIVEN_DATA = checked(
    "law_given_data",
    r"Given $D_n$, $\hat y=\sigma(\bar w+\zeta)+\hat\epsilon\sim N(\sigma\bar w,1+r)$.",
    method="moments of the noises",
    check=all_equal,
    stated=_law_given_data(_DRAWN),
    wrong={
        "the teacher's mean in place of the teacher": _law_given_data(
            sigma * given_mean + pseudo_noise
        ),
        "labels without noise": _law_given_data(sigma * (given_mean + teacher_noise)),
    },
    uses=("one_direction",),
)


_OWN = covariance(_DRAWN, _DRAWN)
_BIAS = sigma**2 * (given_mean - omega) ** 2
_BOUND = LogForm(_BIAS + sigma**2, sympy.Integer(1))


def _exact_given_data(argument: Any) -> tuple[LogForm, LogForm]:
    """Twice the divergence given the data, and what it is said to be."""
    exact = twice_divergence(_OWN, (mean(_DRAWN) - sigma * omega) ** 2)
    return exact, LogForm(_BIAS + r, argument)


EXACT_GIVEN_DATA = checked(
    "exact_given_data",
    r"$2\,\mathrm{KL}(\hat Y|D_n\|Y)=\frac{\mathrm{Bias}(D_n)}{\nu^2}+k\sum_i(r_i-\log(1+r_i))$,"
    r" and $\mathrm{Var}(D_n)=\nu^2\sum_ir_i$: for an output and direction the ratio of variances"
    r" is $1+r$ and the squared difference of means $\sigma^2(\bar w-\omega)^2$.",
    method="substituting; rational parts and arguments of the logarithm are compared apart",
    check=same_form,
    stated=_exact_given_data(1 + r),
    wrong={
        "the logarithm of r": _exact_given_data(r),
        "the variance marginal over labels": _exact_given_data(1 + t),
    },
    uses=("errors", "law_given_data", "gaussian_divergence", "sum_over_outputs"),
)


DATASET_SHIFT_GIVEN_DATA = Proof(
    slug="linear_gaussian/dataset_shift_given_data",
    idea="Given the data the pseudo labels are normal, and the bound drops the logarithm of a"
    " ratio of variances that is at least one.",
    steps=(
        *DIRECTIONS,
        ERRORS,
        LAW_GIVEN_DATA,
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        SUM_OVER_OUTPUTS,
        EXACT_GIVEN_DATA,
        checked(
            "dataset_shift_given_data",
            r"$\frac1{2\nu^2}(\mathrm{Bias}+k\mathrm{Var})-\mathrm{KL}(\hat Y|D_n\|Y)"
            r"=\frac k2\sum_i\log(1+r_i)\ge0$.",
            method="rational parts agree; the sign of the logarithm is manifest",
            check=below,
            stated=Below(LogForm(_BIAS + r, 1 + r), _BOUND, r),
            wrong={
                "half of the variance": Below(
                    LogForm(_BIAS + r, 1 + r), LogForm(_BIAS + r / 2, sympy.Integer(1)), r
                ),
                "without the bias": Below(
                    LogForm(_BIAS + r, 1 + r), LogForm(r, sympy.Integer(1)), r
                ),
                "a logarithm that is added": Below(LogForm(_BIAS + r, 1 / (1 + r)), _BOUND, r),
            },
            uses=("exact_given_data",),
        ),
    ),
)

# --- labels marginalised --------------------------------------------------------------------------


def _marginal_law(excess: Any) -> list[tuple[Any, Any]]:
    """Mean and variance of a pseudo label, whose variance exceeds the labels' by this factor."""
    return [
        (mean(pseudo_label), sigma * rho * omega),
        (covariance(pseudo_label, pseudo_label), 1 + excess),
    ]


MARGINAL_LAW = checked(
    "marginal_law",
    r"Over the labels too, $\hat y\sim N(\sigma\rho\omega,1+t)$ with $t=r+\rho^2$: the teacher's"
    r" posterior variance, and the label noise that its mean has fitted.",
    method="moments of the noises",
    check=all_equal,
    stated=_marginal_law(t),
    wrong={
        "the posterior variance alone": _marginal_law(r),
        "the fitted noise alone": _marginal_law(rho**2),
        "rho in place of its square": _marginal_law(r + rho),
    },
    uses=("terms", "one_direction"),
)


def _exact(squared_bias: Any) -> tuple[LogForm, LogForm]:
    """Twice the marginal divergence, and what it is said to be."""
    shift = (mean(pseudo_label) - mean(label)) ** 2
    exact = twice_divergence(covariance(pseudo_label, pseudo_label), shift)
    return exact, LogForm(t + squared_bias, 1 + t)


EXACT = checked(
    "exact",
    r"$U=\mathrm{KL}(\hat Y\|Y)=\frac12\sum_i[k(t_i-\log(1+t_i))+(1-\rho_i)^2b_i]$.",
    method="substituting; rational parts and arguments of the logarithm are compared apart",
    check=same_form,
    stated=_exact((1 - rho) ** 2 * b),
    wrong={
        "the shrinkage not squared": _exact((1 - rho) * b),
        "the fitted signal": _exact(rho**2 * b),
    },
    uses=("marginal_law", "gaussian_divergence", "sum_over_outputs"),
)


def _expected_errors(noise: Any) -> tuple[Any, Any]:
    """The expected squared error of the teacher's mean in an output and direction."""
    bias = mean(sigma**2 * (gain * label - omega) ** 2)
    return bias, (1 - rho) ** 2 * b + noise


EXPECTED_ERRORS = checked(
    "expected_errors",
    r"$\mathbb E\,\mathrm{Bias}(D_n)=\nu^2\sum_i[(1-\rho_i)^2b_i+k\rho_i^2]$ and"
    r" $\mathrm{Var}(D_n)=\nu^2\sum_ir_i$, since"
    r" $\bar w-\omega=\beta\sigma\epsilon-(1-\rho)\omega$; hence"
    r" $B=\mathbb E\frac1{2\nu^2}(\mathrm{Bias}+k\mathrm{Var})"
    r"=\frac12\sum_i[kt_i+(1-\rho_i)^2b_i]$.",
    method="moments of the noises",
    check=equal,
    stated=_expected_errors(rho**2),
    wrong={
        "without the fitted noise": _expected_errors(sympy.Integer(0)),
        "rho not squared": _expected_errors(rho),
    },
    uses=("terms", "errors", "one_direction", "sum_over_outputs"),
)

# B, U and C of an output and direction, doubled: the bound's is built from bias and variance.
DATASET_BOUND = LogForm(
    mean(sigma**2 * (gain * label - omega) ** 2) + r,
    sympy.Integer(1),
)
_U = LogForm(t + (1 - rho) ** 2 * b, 1 + t)
_C = LogForm(r + rho**2 + (1 - rho) ** 2 * b, 1 + r)

DATASET_SHIFT = Proof(
    slug="linear_gaussian/dataset_shift",
    idea="The exact value and the bound differ by the logarithm of a ratio of variances.",
    steps=(
        *DIRECTIONS,
        TERMS,
        ERRORS,
        MARGINAL_LAW,
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        SUM_OVER_OUTPUTS,
        EXACT,
        EXPECTED_ERRORS,
        checked(
            "dataset_shift",
            r"$B-U=\frac k2\sum_i\log(1+t_i)\ge0$.",
            method="rational parts agree; the sign of the logarithm is manifest",
            check=below,
            stated=Below(_U, DATASET_BOUND, t),
            wrong={
                "the fitted noise left out of the bound": Below(
                    _U, LogForm(r + (1 - rho) ** 2 * b, sympy.Integer(1)), t
                ),
                "the two exchanged": Below(DATASET_BOUND, _U, 1 / (1 + t) - 1),
            },
            uses=("exact", "expected_errors"),
        ),
    ),
)

_EIGHTH = sympy.Rational(1, 8)
_R = 1 / (_EIGHTH * _EIGHTH**2 + _EIGHTH)
_SMALL_NOISE = {sigma: sympy.sqrt(_R), beta: _EIGHTH, nu: _EIGHTH, omega: 0}


def _exact_at_most(bound: Any) -> bool:
    """Whether the exact dataset shift of the instance is at most the bound's value there."""
    exact = (t - sympy.log(1 + t) + (1 - rho) ** 2 * b) / 2
    return bool(exact.subs(_SMALL_NOISE) <= bound.subs(_SMALL_NOISE))


_BIAS_TERM = ((1 - rho) ** 2 * b + rho**2) / 2

DATASET_SHIFT_LITERAL = Proof(
    slug="linear_gaussian/dataset_shift_literal",
    idea="Without its bracket the line adds a number without a unit to one that has the unit of"
    " squared labels, which is small where the noise is small.",
    steps=(
        *DIRECTIONS,
        TERMS,
        ERRORS,
        SUM_OVER_OUTPUTS,
        EXPECTED_ERRORS,
        refuted(
            "without_bracket",
            r"$U\le\mathbb E[\frac1{2\nu^2}\mathrm{Bias}(D_n)+k\mathrm{Var}(D_n)]"
            r"=\sum_i[\frac12(1-\rho_i)^2b_i+\frac k2\rho_i^2+k\nu^2r_i]$: for one output, feature"
            r" and sample with $X=1$, $W^*=0$ and $\lambda=\beta=\nu=\frac18$ it would be"
            r" $3.28\le0.61$.",
            method="the instance, where r = 512/65 and rho = 64/65",
            check=_exact_at_most,
            stated=_BIAS_TERM + nu**2 * r,
            mended={"with its bracket": _BIAS_TERM + r / 2},
            uses=("expected_errors", "linear_gaussian/dataset_shift"),
        ),
    ),
)

# --- one order of the averages, and the other -----------------------------------------------------


def _expected_exact(noise: Any) -> tuple[LogForm, LogForm]:
    """The mean over labels of twice the divergence given the data, in an output and direction."""
    exact = twice_divergence(_OWN, mean((sigma * gain * label - sigma * omega) ** 2))
    return exact, LogForm(r + noise + (1 - rho) ** 2 * b, 1 + r)


EXPECTED_EXACT = checked(
    "expected_exact",
    r"$C=\mathbb E\,\mathrm{KL}(\hat Y|D_n\|Y)"
    r"=\frac12\sum_i[k(r_i-\log(1+r_i)+\rho_i^2)+(1-\rho_i)^2b_i]$: given the data the ratio of"
    r" variances is $1+r$, and the squared difference of means has the mean of the bias.",
    method="moments of the noises; rational parts and arguments of the logarithm apart",
    check=same_form,
    stated=_expected_exact(rho**2),
    wrong={
        "a bias without its noise": _expected_exact(sympy.Integer(0)),
        "the noise counted twice": _expected_exact(2 * rho**2),
    },
    uses=("law_given_data", "gaussian_divergence", "expected_errors"),
)


DATASET_SHIFT_MARGINAL = Proof(
    slug="linear_gaussian/dataset_shift_marginal",
    idea="The rational parts agree; the marginal value subtracts the larger logarithm.",
    steps=(
        *DIRECTIONS,
        TERMS,
        ERRORS,
        LAW_GIVEN_DATA,
        MARGINAL_LAW,
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        SUM_OVER_OUTPUTS,
        EXACT,
        EXPECTED_ERRORS,
        EXPECTED_EXACT,
        checked(
            "dataset_shift_marginal",
            r"$C-U=\frac k2\sum_i\log\frac{1+t_i}{1+r_i}"
            r"=\frac k2\sum_i\log(1+\frac{\rho_i^2}{1+r_i})\ge0$.",
            method="rational parts agree; the sign of the logarithm is manifest",
            check=below,
            stated=Below(_U, _C, rho**2 / (1 + r)),
            wrong={
                "the two exchanged": Below(_C, _U, -(rho**2) / (1 + t)),
                "a bias given the data without its noise": Below(
                    _U, LogForm(r + (1 - rho) ** 2 * b, 1 + r), rho**2 / (1 + r)
                ),
            },
            uses=("exact", "expected_exact"),
        ),
    ),
)

DATASET_SHIFT_EXPECTED = Proof(
    slug="linear_gaussian/dataset_shift_expected",
    idea="The bound holds for every data set, hence on average; the mean gap is a logarithm.",
    steps=(
        *DIRECTIONS,
        TERMS,
        ERRORS,
        LAW_GIVEN_DATA,
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        SUM_OVER_OUTPUTS,
        EXPECTED_ERRORS,
        EXPECTED_EXACT,
        checked(
            "dataset_shift_expected",
            r"$B-C=\frac k2\sum_i\log(1+r_i)\ge0$: here the logarithm is that given the data.",
            method="rational parts agree; the sign of the logarithm is manifest",
            check=below,
            stated=Below(_C, DATASET_BOUND, r),
            wrong={
                "the two exchanged": Below(DATASET_BOUND, _C, -r / (1 + r)),
                "the fitted noise left out of the bound": Below(
                    _C, LogForm(r + (1 - rho) ** 2 * b, sympy.Integer(1)), r
                ),
            },
            uses=("expected_errors", "expected_exact"),
        ),
    ),
)
