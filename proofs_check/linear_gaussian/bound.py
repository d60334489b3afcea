r"""The bound on the total divergence, and what it gives away: information about the teacher."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import equal, expectation
from proofs_check.linear_gaussian.algorithm_shift import COVARIANCE_TERM, SPREAD
from proofs_check.linear_gaussian.dataset_shift import ERRORS, EXPECTED_ERRORS
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    GAUSSIAN_DIVERGENCE,
    QUADRATIC_FORM,
    STUDENT,
    SUM_OVER_OUTPUTS,
    TERMS,
    Below,
    LogForm,
    below,
    c,
    covariance,
    e,
    gain,
    label,
    mean,
    omega,
    pseudo_label,
    r,
    sigma,
    student,
    t,
    teacher,
)
from proofs_check.linear_gaussian.divergence import DATASET_FORM, FULL_FORM, added, determinant
from proofs_check.records import Proof, checked

_ERRORS = mean(sigma**2 * (gain * label - omega) ** 2) + r
_SPREAD = mean((teacher - gain * pseudo_label) ** 2)
BOUND_FORM = LogForm(_ERRORS + _SPREAD + e - 1, e)
_EXACT = added(DATASET_FORM, FULL_FORM)
_EXCESS = t + (1 + t) * c / e


def _bounded(spread: Any) -> Below:
    """The divergence below the errors with this spread and Cov."""
    return Below(_EXACT, LogForm(_ERRORS + spread + e - 1, e), _EXCESS)


DIVERGENCE_BOUND = Proof(
    slug="linear_gaussian/divergence_bound",
    idea="Bound and divergence have the same rational part; the divergence subtracts the larger"
    " logarithm. No factor 2 is needed, and the kernel is that at the pseudo data.",
    steps=(
        *DIRECTIONS,
        TERMS,
        STUDENT,
        ERRORS,
        COVARIANCE_TERM,
        SUM_OVER_OUTPUTS,
        EXPECTED_ERRORS,
        SPREAD,
        checked(
            "divergence_bound",
            r"With $J=\mathbb E\frac1{2\nu^2}(\mathrm{Bias}+k\mathrm{Var})"
            r"+\mathbb E\,\mathrm{spread}+\mathrm{Cov}(\Sigma_S,\Sigma_T)$:"
            r" $J-K_n=\frac k2\sum_i\log\frac{(1+t_i)(c_i+e_i)}{e_i}\ge0$ over the range of $X$; on"
            r" the null space the two are equal.",
            method="rational parts agree; the sign of the logarithm is manifest",
            check=below,
            stated=_bounded(_SPREAD),
            wrong={
                "without the spread": _bounded(0),
                "the spread at the true data": _bounded(
                    mean((teacher - gain * label) ** 2),
                ),
                "half of the spread": _bounded(_SPREAD / 2),
            },
            uses=(
                "student",
                "covariance_term",
                "expected_errors",
                "spread",
                "linear_gaussian/divergence_exact",
            ),
        ),
    ),
)

_S_ij, _C_ij, _K_ij = sympy.symbols("Sigma_ij C_ij K_ij", real=True)
_x_i, _x_j = sympy.symbols("x_i x_j", real=True)


def _information(conditional: Any) -> tuple[Any, Any]:
    """A term of the averaged form of the conditional law, and of tr(K Sigma)."""
    # The conditional means have the covariance Sigma - C.
    moments = {_x_i * _x_j: _S_ij - _C_ij}
    around = expectation(_x_i * _x_j, moments, (_x_i, _x_j))
    return _K_ij * (conditional + around), _K_ij * _S_ij


INFORMATION = checked(
    "information",
    r"For jointly normal $w$ and $x$ with covariances $\Sigma$ of $x$ and $C$ of $x$ given $w$:"
    r" $I(w;x)=\mathbb E\,\mathrm{KL}(x|w\|x)=\frac12\log\frac{\det\Sigma}{\det C}$, since the"
    r" means given $w$ have the covariance $\Sigma-C$ and"
    r" $\operatorname{tr}\Sigma^{-1}C+\operatorname{tr}\Sigma^{-1}(\Sigma-C)=N$.",
    method="adding, entry by entry, for vectors of any length",
    check=equal,
    stated=_information(_C_ij),
    wrong={
        "the means not counted": _information(_C_ij - (_S_ij - _C_ij)),
        "the covariance for the conditional one": _information(_S_ij),
    },
    uses=("gaussian_divergence",),
)

_given = covariance(pseudo_label - sigma * teacher, pseudo_label - sigma * teacher)


def _slack(conditional: Any) -> tuple[Any, Any]:
    """The ratio of determinants in the information, and of the arguments of K and J."""
    ratio = determinant(pseudo_label, student) / conditional
    return ratio, _EXACT.argument / BOUND_FORM.argument


SLACK_IS_MUTUAL_INFORMATION = Proof(
    slug="linear_gaussian/slack_is_mutual_information",
    idea="The bound conditions on the teacher before it compares laws; what that gives away is what"
    " pseudo labels and student tell about the teacher.",
    steps=(
        *DIRECTIONS,
        TERMS,
        STUDENT,
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        SUM_OVER_OUTPUTS,
        INFORMATION,
        checked(
            "slack_is_mutual_information",
            r"Given $w_T$ the pair $(\hat y,\theta)$ has independent entries of variances $1$ and"
            r" $e$, and its own determinant is $(1+t)(c+e)$, so that $I(W_T;(\hat Y,\Theta)\,|\,X)"
            r"=\frac k2\sum_i\log\frac{(1+t_i)(c_i+e_i)}{e_i}=J-K_n$. On the null space the student"
            r" does not depend on $W_T$, and both are zero.",
            method="moments of the noises; the ratios of determinants agree",
            check=equal,
            stated=_slack(_given * e),
            wrong={
                "the labels alone": _slack(covariance(student, student)),
                "a student that is known": _slack(_given),
            },
            uses=(
                "terms",
                "student",
                "sum_over_outputs",
                "information",
                "linear_gaussian/divergence_bound",
            ),
        ),
    ),
)
