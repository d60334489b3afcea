r"""The algorithm shift: of the student's kernel from the teacher's, both at the pseudo data.

Given the pseudo labels the student is a mixture of normal laws over the teachers that may have
written them; at full rank and at rank zero the mixture is normal again, so that the divergence is
known exactly, and convexity gives away the logarithm of a ratio of variances.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, all_equal, equal, nonnegative_by_induction
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    GAUSSIAN_DIVERGENCE,
    QUADRATIC_FORM,
    STUDENT,
    SUM_OVER_OUTPUTS,
    TERMS,
    Below,
    LogForm,
    b,
    below,
    beta,
    c,
    covariance,
    e,
    gain,
    mean,
    pseudo_label,
    q,
    rho,
    same_form,
    sigma,
    student,
    student_noise,
    t,
    teacher,
)
from proofs_check.linear_gaussian.split import TEACHER_ENERGY
from proofs_check.records import Proof, assumed, checked, cited

# --- the student's kernel given the pseudo labels -------------------------------------------------

regression = sigma * (1 + beta * rho) / (1 + t)
"""Of the teacher on its pseudo label."""


def _kernel(variance: Any, slope: Any = regression) -> list[tuple[Any, Any]]:
    """The student less its regression on the pseudo label is uncorrelated, with this variance."""
    residual = student - slope * pseudo_label
    return [(covariance(residual, pseudo_label), 0), (covariance(residual, residual), variance)]


KERNEL = checked(
    "kernel",
    r"At full rank, with $g=\frac{\sigma(1+\beta\rho)}{1+t}$, $\theta-g\hat y$ is"
    r" uncorrelated with $\hat y$ and has the variance $c+e$: given $\hat y$ the student is"
    r" normal with mean $\mu(\hat y)=\mathbb Ew_T+g(\hat y-\mathbb E\hat y)$ and that variance.",
    method="moments of the noises",
    check=all_equal,
    stated=_kernel(c + e),
    wrong={
        "a teacher that is known": _kernel(e),
        "the teacher's posterior variance": _kernel(1 + e),
        "the teacher's gain in place of the regression": _kernel(c + e, gain),
    },
    uses=("terms", "student", "one_direction"),
)


def _mean_split(variance: Any) -> tuple[Any, Any]:
    """The mean squares of the kernel's mean and of the teacher about the refitted teacher."""
    centre = mean(teacher) + regression * (pseudo_label - mean(pseudo_label))
    refitted = gain * pseudo_label
    return mean((centre - refitted) ** 2) + variance, mean((teacher - refitted) ** 2)


MEAN_SPLIT = checked(
    "mean_split",
    r"$\mathbb E(\mu(\hat y)-\beta\sigma\hat y)^2+c=\mathbb E(w_T-\beta\sigma\hat y)^2$, where"
    r" $\beta\sigma\hat y$ is the mean of the teacher refitted to the pseudo data.",
    method="moments of the noises",
    check=equal,
    stated=_mean_split(c),
    wrong={"no variance": _mean_split(0), "the student's": _mean_split(c + e)},
    uses=("kernel",),
)


def _spread(value: Any) -> tuple[Any, Any]:
    """Twice the expected spread in an output and direction."""
    return mean((teacher - gain * pseudo_label) ** 2), value


SPREAD = checked(
    "spread",
    r"$2\,\mathbb E\,\mathrm{spread}=\mathbb E(w_T-\beta\sigma\hat y)^2"
    r"=(1-\rho)^2\beta\rho b+q$ for an output and direction.",
    method="moments of the noises",
    check=equal,
    stated=_spread((1 - rho) ** 2 * beta * rho * b + q),
    wrong={
        "the shrinkage not squared": _spread((1 - rho) * beta * rho * b + q),
        "c in place of q": _spread((1 - rho) ** 2 * beta * rho * b + c),
    },
    uses=("terms", "one_direction"),
)

_SPREAD = mean((teacher - gain * pseudo_label) ** 2)
_EXACT = LogForm((1 - rho) ** 2 * beta * rho * b + q + e - 1, c + e)


def _shift(argument: Any) -> tuple[LogForm, LogForm]:
    """Twice the algorithm shift in an output and direction, and what it is said to be."""
    # The divergence of N(mu, c + e) from the refitted teacher, averaged by the split of the mean.
    exact = LogForm((c + e) - 1 + (_SPREAD - c), c + e)
    return exact, LogForm(_EXACT.rational, argument)


SHIFT = checked(
    "shift",
    r"$2\,\mathbb E\,\mathrm{KL}(q_S(\cdot|\hat D)\|q_T(\cdot|\hat D))"
    r"=\sum_i[(1-\rho_i)^2\beta\rho_ib_i+k(q_i+e_i-1-\log(c_i+e_i))]$, and $k(e-1-\log e)$ for a"
    r" null direction, where $\Theta$ has mean zero as the refitted teacher has.",
    method="substituting; rational parts and arguments of the logarithm are compared apart",
    check=same_form,
    stated=_shift(c + e),
    wrong={"the mixture not seen": _shift(e), "the teacher's variance added": _shift(1 + e)},
    uses=("kernel", "mean_split", "spread", "gaussian_divergence", "sum_over_outputs"),
)

COVARIANCE_TERM = assumed(
    "covariance_term",
    r"$\mathrm{Cov}(\Sigma_S,\Sigma_T)"
    r"=\frac k2[\operatorname{tr}\Sigma_T^{-1}\Sigma_S-d-\log\det\Sigma_T^{-1}\Sigma_S]$,"
    r" which is $\frac k2\sum_j(e_j-1-\log e_j)$ over all directions.",
)

KERNEL_STEPS = (
    *DIRECTIONS,
    TERMS,
    STUDENT,
    QUADRATIC_FORM,
    GAUSSIAN_DIVERGENCE,
    SUM_OVER_OUTPUTS,
    KERNEL,
    MEAN_SPLIT,
    SPREAD,
    SHIFT,
)
"""The steps to the exact algorithm shift at full rank."""

_BOUND = LogForm(_SPREAD + e - 1, e)

ALGORITHM_SHIFT_PSEUDO = Proof(
    slug="linear_gaussian/algorithm_shift_pseudo",
    idea="Both kernels are taken at the pseudo data. What the teacher leaves open given the pseudo"
    " labels adds to the student's variance, and the bound does not see it in the logarithm.",
    steps=(
        *KERNEL_STEPS,
        COVARIANCE_TERM,
        checked(
            "algorithm_shift_pseudo",
            r"$\mathbb E\,\mathrm{spread}+\mathrm{Cov}(\Sigma_S,\Sigma_T)"
            r"-\mathbb E\,\mathrm{KL}=\frac k2\sum_i\log(1+\frac{c_i}{e_i})\ge0$ over the range of"
            r" $X$; on the null space the two are equal.",
            method="rational parts agree; the sign of the logarithm is manifest",
            check=below,
            stated=Below(_EXACT, _BOUND, c / e),
            wrong={
                "without the spread": Below(_EXACT, LogForm(e - 1, e), c / e),
                "half of the spread": Below(_EXACT, LogForm(_SPREAD / 2 + e - 1, e), c / e),
                "the two exchanged": Below(_BOUND, _EXACT, -c / (c + e)),
            },
            uses=("spread", "shift", "covariance_term"),
        ),
    ),
)

# --- rank zero ------------------------------------------------------------------------------------

_ZERO_MEAN = beta * rho**3 * b + rho * (beta + rho + beta * rho**2)


def _zero_shift(mean_part: Any) -> tuple[LogForm, LogForm]:
    """Twice the algorithm shift of a student without a teacher, and what it is said to be."""
    refitted = mean((mean(student_noise) - gain * pseudo_label) ** 2)
    exact = LogForm(covariance(student_noise, student_noise) - 1 + refitted, e)
    return exact, LogForm(e - 1 + mean_part, e)


def _zero_parts(cross_factor: Any) -> tuple[Any, Any]:
    """Twice apx + cross + spread at rank zero, with this multiple of the energy in cross."""
    energy = beta * rho * b + 1 + beta * rho
    spread = (1 - rho) ** 2 * beta * rho * b + q
    return energy - 2 * cross_factor * energy + spread, _ZERO_MEAN


ALGORITHM_SHIFT_RANK_ZERO = Proof(
    slug="linear_gaussian/algorithm_shift_rank_zero",
    idea="A student of rank zero does not depend on the teacher, so that its kernel is no mixture"
    " and convexity gives nothing away.",
    steps=(
        *DIRECTIONS,
        TERMS,
        STUDENT,
        COVARIANCE_TERM,
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        SUM_OVER_OUTPUTS,
        checked(
            "zero_shift",
            r"At rank zero $\theta=\hat\zeta\sim N(0,e)$ given $\hat y$, and the refitted teacher"
            r" is $N(\beta\sigma\hat y,1)$: twice the mean divergence is"
            r" $e-1-\log e+\beta^2\sigma^2\mathbb E\hat y^2$ with"
            r" $\beta^2\sigma^2\mathbb E\hat y^2=\beta\rho^3b+\rho(\beta+\rho+\beta\rho^2)$ for"
            r" an output and direction; on the null space $\sigma=0$.",
            method="moments of the noises; rational parts and arguments of the logarithm apart",
            check=same_form,
            stated=_zero_shift(_ZERO_MEAN),
            wrong={
                "a teacher that stays as it was": _zero_shift(beta * rho * b + 1 + beta * rho),
                "pseudo labels without the teacher's variance": _zero_shift(
                    beta * rho**3 * b + rho * (beta + beta * rho**2)
                ),
            },
            uses=("terms", "student", "one_direction", "gaussian_divergence"),
        ),
        TEACHER_ENERGY,
        SPREAD,
        checked(
            "algorithm_shift_rank_zero",
            r"With $T=\beta\rho b+1+\beta\rho$, twice $\mathrm{apx}$, $\mathrm{cross}$ and"
            r" $\mathrm{spread}$ have the means $T$, $-2(1-\rho)T$ and"
            r" $(1-\rho)^2\beta\rho b+q$ for an output and direction, of sum"
            r" $\beta\rho^3b+\rho(\beta+\rho+\beta\rho^2)$; with $\mathrm{Cov}$ that is the"
            r" algorithm shift.",
            method="expanding",
            check=equal,
            stated=_zero_parts(1 - rho),
            wrong={
                "without the cross term": _zero_parts(0),
                "a cross term without shrinkage": _zero_parts(1),
                "half of the cross term": _zero_parts((1 - rho) / 2),
            },
            uses=(
                "covariance_term",
                "sum_over_outputs",
                "zero_shift",
                "teacher_energy",
                "spread",
                "linear_gaussian/apx_cross_spread_0",
            ),
        ),
    ),
)

# --- the geometry term ----------------------------------------------------------------------------

_trace, _count, _log_det = sympy.symbols("T d L", real=True)
_outputs, _value = sympy.symbols("k e_j", positive=True)
_gap = sympy.Symbol("g_j", nonnegative=True)


def _geometry(logarithm: Any, slack: Any) -> Induction:
    """Cov over eigenvalues, when one more has this logarithm and adds so much."""
    step = {_trace: _trace + _value, _count: _count + 1, _log_det: _log_det + logarithm}
    start = dict.fromkeys((_trace, _count, _log_det), 0)
    return Induction(_outputs / 2 * (_trace - _count - _log_det), start, step, slack)


COV_MINIMUM = Proof(
    slug="linear_gaussian/cov_minimum",
    idea="The term is a sum over eigenvalues, in each of which the logarithm lies below its tangent"
    " at one.",
    steps=(
        assumed(
            "covariances",
            r"$\Sigma_T$ is positive definite and $\Sigma_S$ positive semidefinite, $d\times d$;"
            r" $\mathrm{Cov}=\frac k2[\operatorname{tr}\Sigma_T^{-1}\Sigma_S-d"
            r"-\log\det\Sigma_T^{-1}\Sigma_S]$, infinite if $\Sigma_S$ is singular.",
        ),
        cited(
            "relative_eigenvalues",
            r"$\Sigma_T^{-1/2}\Sigma_S\Sigma_T^{-1/2}$ has real eigenvalues $e_j\ge0$, whose sum is"
            r" $\operatorname{tr}\Sigma_T^{-1}\Sigma_S$ and whose product is"
            r" $\det\Sigma_T^{-1}\Sigma_S$; all are one iff $\Sigma_S=\Sigma_T$.",
            "Horn and Johnson, Matrix Analysis, 2nd ed., Theorems 2.5.6 and 1.3.22",
            uses=("covariances",),
        ),
        LOGARITHM_BELOW_TANGENT,
        checked(
            "cov_minimum",
            r"$\mathrm{Cov}=\frac k2\sum_jg_j$ with $g_j=e_j-1-\log e_j\ge0$. As the slope"
            r" $(e-1)/e$ of $g$ vanishes at one only, $g_j=0$ iff $e_j=1$, and $\mathrm{Cov}=0$ iff"
            r" $\Sigma_S=\Sigma_T$.",
            method="induction over the eigenvalues, with log e_j = e_j - 1 - g_j, for every d",
            check=nonnegative_by_induction,
            stated=_geometry(_value - 1 - _gap, _outputs * _gap / 2),
            wrong={
                "a logarithm above its tangent": _geometry(_value - 1 + _gap, -_outputs * _gap / 2),
                "the dimension not subtracted": _geometry(_value - _gap, _outputs * _gap / 2),
            },
            uses=("covariances", "relative_eigenvalues", "logarithm_below_tangent"),
        ),
    ),
)
