r"""What happens with the teacher's kernel at the true data, and what its terms do bound.

The chain rule compares both kernels at one data set, the pseudo data, to which the teacher is
refitted. Its own posterior spread does not see that the refitted teacher moves.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal
from proofs_check.linear_gaussian.algorithm_shift import (
    COVARIANCE_TERM,
    KERNEL_STEPS,
)
from proofs_check.linear_gaussian.dataset_shift import ERRORS, LAW_GIVEN_DATA
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    GAUSSIAN_DIVERGENCE,
    QUADRATIC_FORM,
    SUM_OVER_OUTPUTS,
    Below,
    LogForm,
    b,
    below,
    beta,
    e,
    gain,
    label,
    mean,
    omega,
    pseudo_label,
    pseudo_noise,
    q,
    r,
    rho,
    same_form,
    sigma,
    student_noise,
    t,
    teacher,
    teacher_noise,
)
from proofs_check.linear_gaussian.divergence import DATASET_FORM, FULL_FORM, added, determinant
from proofs_check.records import Proof, assumed, checked, cited, refuted

# --- the argument with the kernel at the true data ------------------------------------------------

CONVEXITY = cited(
    "convexity",
    r"The divergence is convex in its first law:"
    r" $\mathrm{KL}(q_S(\cdot|\hat D)\|q)\le\mathbb E[\mathrm{KL}(q_S(\cdot|W_T)\|q)\,|\,\hat D]$"
    r" for every $q$ that depends on $\hat D$ alone.",
    "Cover and Thomas, Elements of Information Theory, 2nd ed., Theorem 2.7.2",
    uses=("student",),
)

_first, _second = sympy.symbols("a b", real=True)


def _twice(factor: Any) -> Inequality:
    """A square of a sum, and a multiple of the sum of the squares."""
    right = factor * (_first**2 + _second**2)
    return Inequality((_first + _second) ** 2, right, (_first - _second) ** 2)


FACTOR_TWO = checked(
    "factor_two",
    r"$(a+b)^2\le2a^2+2b^2$, with which the text separates what the rank cuts off from the spread.",
    method="the difference is a square",
    check=at_most,
    stated=_twice(2),
    wrong={"the factor 1": _twice(1)},
)


def _posterior(value: Any) -> tuple[Any, Any]:
    """The teacher's mean square about its own mean at the true data."""
    return mean((teacher - gain * label) ** 2), value


POSTERIOR_SPREAD = checked(
    "posterior_spread",
    r"About its mean at the true data $\mathbb E(w_T-\bar w)^2=1$ for an output and direction, in"
    r" its units, whatever data and temperature are; with $M^*=I$ the sum is $kd$.",
    method="moments of the noises",
    check=equal,
    stated=_posterior(sympy.Integer(1)),
    wrong={"the spread at the pseudo data": _posterior((1 - rho) ** 2 * beta * rho * b + q)},
    uses=("one_direction",),
)

# One output, feature and sample; X = 1, lambda = nu = 1, Sigma_S = Sigma_T, and beta = 4: r = 1/5.
_COLD = {beta: 4, sigma: 1 / sympy.sqrt(5), e: 1}


def _value(form: LogForm) -> Any:
    return (form.rational - sympy.log(form.argument)) / 2


def _bounded(exact: LogForm, errors: Any, signal: Any, claim: tuple[Any, Any]) -> bool:
    """Whether the divergence of the instance is at most errors, a multiple of a spread, and Cov."""
    centre, factor = claim
    point = {**_COLD, omega: signal}
    spread = mean((teacher - centre) ** 2) / 2
    bound = errors + factor * spread + _value(LogForm(e - 1, e))
    return bool(_value(exact).subs(point) <= bound.subs(point))


ALGORITHM_SHIFT_TRUE_DATA = Proof(
    slug="linear_gaussian/algorithm_shift_true_data",
    idea="The chain rule asks for the teacher refitted to the pseudo data. Read with its mean at"
    " the true data, the spread does not see that the refitted teacher moves.",
    steps=(
        *KERNEL_STEPS,
        COVARIANCE_TERM,
        CONVEXITY,
        FACTOR_TWO,
        POSTERIOR_SPREAD,
        refuted(
            "kernel_at_true_data",
            r"The algorithm shift is at most"
            r" $2\,\mathbb E\,\mathrm{apx}+\mathbb E\|W_T-\bar W(D_n)\|^2_{\Sigma_T^{-1}}"
            r"+\mathrm{Cov}(\Sigma_S,\Sigma_T)=kd+\mathrm{Cov}$ for $M^*=I$: for one output,"
            r" feature and sample with $X=1$, $W^*=0$, $\lambda=\nu=1$, $\beta=4$ and"
            r" $\Sigma_S=\Sigma_T$ it would be $\frac12(\frac{421}{125}-\log\frac{151}{46})\le1$,"
            r" that is $1.09\le1$.",
            method="the instance, exactly; the refitted teacher moves with its own pseudo labels",
            check=lambda claim: _bounded(FULL_FORM, 0, 0, claim),
            stated=(gain * label, 2),
            mended={"the pseudo data, without the factor 2": (gain * pseudo_label, 1)},
            uses=("shift", "covariance_term", "convexity", "factor_two", "posterior_spread"),
        ),
    ),
)

COMPACT_TRUE_DATA = Proof(
    slug="linear_gaussian/compact_true_data",
    idea="The bound on the dataset shift holds, but what it leaves over does not make up for what"
    " the spread at the true data does not see: the prior pulls the refitted mean once more.",
    steps=(
        *DIRECTIONS,
        POSTERIOR_SPREAD,
        refuted(
            "compact_at_true_data",
            r"$K_n\le\mathbb E\frac1{2\nu^2}(\mathrm{Bias}+k\mathrm{Var})"
            r"+2\,\mathbb E\,\mathrm{apx}+\mathbb E\|W_T-\bar W(D_n)\|^2_{\Sigma_T^{-1}}"
            r"+\mathrm{Cov}$ for $M^*=I$: for one output, feature and sample with $X=1$, $W^*=2$,"
            r" $\lambda=\nu=1$, $\beta=4$ and $\Sigma_S=\Sigma_T$ it would be"
            r" $\frac12(\frac{122}{25}-\log\frac{151}{25})\le\frac32$, that is $1.541\le1.5$.",
            method="the instance, exactly; the prior pulls the refitted mean once more",
            check=lambda claim: _bounded(
                added(DATASET_FORM, FULL_FORM),
                (t + (1 - rho) ** 2 * b) / 2,
                2 * sympy.sqrt(5),
                claim,
            ),
            stated=(gain * label, 2),
            mended={"the pseudo data, without the factor 2": (gain * pseudo_label, 1)},
            uses=(
                "posterior_spread",
                "linear_gaussian/dataset_shift",
                "linear_gaussian/divergence_exact_identity",
            ),
        ),
    ),
)

# --- what the same terms bound: a teacher with ghost labels ---------------------------------------

given_mean = sympy.Symbol("mu", real=True)
_teacher = given_mean + teacher_noise
_label = sigma * _teacher + pseudo_noise
_weight = _teacher + student_noise
_BIAS = sigma**2 * (given_mean - omega) ** 2

GHOST = assumed(
    "ghost",
    r"Given $D_n$ the student's pair is $\hat Y=W_TX+\nu\hat E$ and"
    r" $\Theta\sim\mathrm{MN}(W_TXX^+,I,\Sigma_T)$; in the other pair $Y'$ has the law of the"
    r" labels and is independent of the teacher $W_T$.",
)


def _ghost(argument: Any, more: Any) -> tuple[LogForm, LogForm]:
    """Twice the divergence from the ghost pair given the data, and what it is said to be."""
    form = (_label - sigma * omega) ** 2 + (_weight - given_mean) ** 2
    exact = LogForm(mean(form) - 2, determinant(_label, _weight))
    at_one = LogForm(exact.rational.subs(e, 1), exact.argument.subs(e, 1))
    return at_one, LogForm(_BIAS + r + more, argument)


GHOST_EXACT = checked(
    "ghost_exact",
    r"In a direction $\hat y=\sigma w_T+\hat\epsilon$ and $\theta=w_T+\hat\zeta$ with"
    r" $w_T=\bar w+\zeta$, against independent $N(\sigma\omega,1)$ and $N(\bar w,1)$: twice the"
    r" divergence is $\sigma^2(\bar w-\omega)^2+r+1-\log(2+r)$. On the null space both weights are"
    r" $N(0,1)$.",
    method="moments of the noises; rational parts and determinants are compared apart",
    check=same_form,
    stated=_ghost(2 + r, 1),
    wrong={
        "label and weight of the student independent": _ghost(2 * (1 + r), 1),
        "the teacher's variance in the weight not counted": _ghost(2 + r, 0),
    },
    uses=("ghost", "errors", "law_given_data", "gaussian_divergence"),
)


def _ghost_bound(spread: Any) -> Below:
    """The divergence from the ghost pair below the terms at the true data."""
    bound = LogForm(_BIAS + r + spread, sympy.Integer(1))
    return Below(LogForm(_BIAS + r + 1, 2 + r), bound, 1 + r)


GHOST_LABELS = Proof(
    slug="linear_gaussian/ghost_labels",
    idea="With labels that do not depend on the teacher's weights the teacher's kernel stays at the"
    " true data, and the terms of the text are right.",
    steps=(
        *DIRECTIONS,
        GHOST,
        ERRORS,
        LAW_GIVEN_DATA,
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        SUM_OVER_OUTPUTS,
        GHOST_EXACT,
        POSTERIOR_SPREAD,
        checked(
            "ghost_labels",
            r"$\frac1{2\nu^2}(\mathrm{Bias}(D_n)+k\mathrm{Var}(D_n))"
            r"+\frac12\mathbb E[\|W_TXX^+-\bar W\|^2_{\Sigma_T^{-1}}\,|\,D_n]-\mathrm{KL}"
            r"=\frac k2\sum_i\log(2+r_i)\ge0$, as the spread is $\frac12$ for an output and"
            r" direction of the range of $X$, and zero on the null space.",
            method="rational parts agree; the sign of the logarithm is manifest",
            check=below,
            stated=_ghost_bound(mean(teacher_noise**2)),
            wrong={
                "half of the spread": _ghost_bound(mean(teacher_noise**2) / 2),
                "without the spread": _ghost_bound(0),
            },
            uses=("sum_over_outputs", "ghost_exact", "posterior_spread"),
        ),
    ),
)
