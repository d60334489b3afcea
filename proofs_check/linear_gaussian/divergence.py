r"""The total divergence in closed form.

In a direction the pairs (label, weight) of teacher and student are normal in two dimensions. The
teacher's exponent is a sum of two squares, so that its mean under the student's law needs moments
only, and the determinants are those of two by two matrices.
"""

from __future__ import annotations

import functools
from typing import Any

import sympy

from proofs_check.algebra import all_equal
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    GAUSSIAN_DIVERGENCE,
    QUADRATIC_FORM,
    STUDENT,
    SUM_OVER_OUTPUTS,
    TERMS,
    LogForm,
    b,
    beta,
    c,
    covariance,
    e,
    gain,
    label,
    mean,
    omega,
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
from proofs_check.records import Proof, Step, assumed, checked

# --- the two pairs --------------------------------------------------------------------------------


@functools.cache
def determinant(one: Any, other: Any) -> Any:
    """Returns the determinant of the covariance of a pair."""
    return covariance(one, one) * covariance(other, other) - covariance(one, other) ** 2


def _teacher_pair(exponent: Any) -> list[tuple[Any, Any]]:
    """The mean of the teacher's form under its own law, and the determinant: 2 and 1."""
    return [(mean(exponent), 2), (determinant(label, teacher), 1)]


TEACHER_PAIR = checked(
    "teacher_pair",
    r"The density of $(y,w_T)$ in a direction has the exponent"
    r" $-\frac12[(y-\sigma\omega)^2+(w_T-\beta\sigma y)^2]$: label, and weight given the label. The"
    r" determinant of the covariance is one.",
    method="moments of the noises: under the law itself the form has the mean 2",
    check=all_equal,
    stated=_teacher_pair((label - sigma * omega) ** 2 + (teacher - gain * label) ** 2),
    wrong={
        "weight and label independent": _teacher_pair(
            (label - sigma * omega) ** 2 + (teacher - rho * omega) ** 2
        ),
        "a label without its mean": _teacher_pair(label**2 + (teacher - gain * label) ** 2),
    },
    uses=("one_direction",),
)


@functools.cache
def _joint(weight: Any) -> LogForm:
    """Twice the divergence of the pair (pseudo label, this weight) from the teacher's."""
    form = (pseudo_label - sigma * omega) ** 2 + (weight - gain * pseudo_label) ** 2
    return LogForm(mean(form) - 2, determinant(pseudo_label, weight))


DATASET_FORM = LogForm(t + (1 - rho) ** 2 * b, 1 + t)
FULL_FORM = LogForm((1 - rho) ** 2 * beta * rho * b + q + e - 1, c + e)
_ZERO = LogForm(beta * rho**3 * b + rho * (beta + rho + beta * rho**2) + e - 1, e)


def added(one: LogForm, other: LogForm) -> LogForm:
    """Returns the sum of two forms."""
    return LogForm(one.rational + other.rational, one.argument * other.argument)


def _with(weight: Any, algorithm: LogForm) -> tuple[LogForm, LogForm]:
    """The joint divergence, and the dataset shift with this algorithm shift."""
    return _joint(weight), added(DATASET_FORM, algorithm)


FULL_DIRECTION = checked(
    "full_direction",
    r"At full rank twice the divergence of $(\hat y,\theta)$ from $(y,w_T)$ is"
    r" $t-\log(1+t)+(1-\rho)^2b+(1-\rho)^2\beta\rho b+q+e-1-\log(c+e)$ for an output and direction"
    r" of the range of $X$.",
    method="moments of the noises; rational parts and determinants are compared apart",
    check=same_form,
    stated=_with(student, FULL_FORM),
    wrong={
        "a mixture that is not seen": _with(student, LogForm(FULL_FORM.rational, e)),
        "no pull of the prior on the refitted mean": _with(student, LogForm(q + e - 1, c + e)),
        "labels that the teacher did not write": _with(student, LogForm(FULL_FORM.rational, 1 + e)),
    },
    uses=("terms", "student", "teacher_pair", "gaussian_divergence"),
)

ZERO_DIRECTION = checked(
    "zero_direction",
    r"At rank zero twice the divergence of $(\hat y,\hat\zeta)$ from $(y,w_T)$ is"
    r" $t-\log(1+t)+(1-\rho)^2b+\beta\rho^3b+\rho(\beta+\rho+\beta\rho^2)+e-1-\log e$ for an output"
    r" and direction of the range of $X$.",
    method="moments of the noises; rational parts and determinants are compared apart",
    check=same_form,
    stated=_with(student_noise, _ZERO),
    wrong={
        "a student that sees the teacher": _with(student_noise, LogForm(_ZERO.rational, c + e)),
        "a refitted mean without noise": _with(
            student_noise, LogForm(beta * rho**3 * b + e - 1, e)
        ),
    },
    uses=("terms", "student", "teacher_pair", "gaussian_divergence"),
)


def null_form(weight: Any) -> LogForm:
    """Returns twice the divergence of the student with this weight in a null direction."""
    joint = _joint(weight)
    return LogForm(joint.rational.subs(sigma, 0), joint.argument.subs(sigma, 0))


NULL_MINNORM = checked(
    "null_direction",
    r"On the null space $\sigma=0$ and $\theta=\hat\zeta$: twice the divergence is $e-1-\log e$.",
    method="the same at sigma = 0",
    check=same_form,
    stated=(null_form(student_noise), LogForm(e - 1, e)),
    wrong={"a copy of the teacher": (null_form(student), LogForm(e - 1, e))},
    uses=("student", "teacher_pair", "gaussian_divergence"),
)
NULL_IDENTITY = checked(
    "null_direction",
    r"On the null space $\sigma=0$ and $\theta=w_T+\hat\zeta$, as $M=I$: twice the divergence is"
    r" $e-\log(1+e)$.",
    method="the same at sigma = 0",
    check=same_form,
    stated=(null_form(student), LogForm(e, 1 + e)),
    wrong={"a mean of zero": (null_form(student_noise), LogForm(e, 1 + e))},
    uses=("student", "copied", "teacher_pair", "gaussian_divergence"),
)
COPIED = assumed(
    "copied",
    r"In place of $M=XX^+$, $M=I$: on the null space of $X^\top$ the student copies the teacher.",
)

_outputs, _signal, _dimension, _rank = sympy.symbols("k B d n_X", positive=True)


def _summed(form: LogForm) -> LogForm:
    """The sum over k outputs, of signals that add up to B; one logarithm for every output."""
    at_zero = form.rational.subs(omega, 0)
    slope = sympy.diff(form.rational, omega, 2) / (2 * sigma**2)
    return LogForm(_outputs * at_zero + slope * _signal, form.argument)


def _closed_form(
    weights: tuple[Any, Any], printed: LogForm, null: Any, nulls: Any
) -> tuple[LogForm, LogForm]:
    """The sum over outputs of a direction and of the null ones, and what is printed.

    Args:
        weights: the student's weight in a direction of the range, and in a null one.
        printed: of the direction, for k outputs.
        null: rational part of a null direction.
        nulls: how many there are.
    """
    direction, beside = _summed(_joint(weights[0])), null_form(weights[1]).rational
    found = direction.rational + (_dimension - _rank) * _outputs * beside
    stated = printed.rational + nulls * _outputs * null
    return LogForm(found, direction.argument), LogForm(stated, printed.argument)


_BIAS = (1 - rho) ** 2 * _signal
_NULLS = _dimension - _rank
_PRINTED_FULL = LogForm(
    _outputs * t + _BIAS + beta * rho * _BIAS + _outputs * (q + e - 1), (1 + t) * (c + e)
)
_PRINTED_ZERO = LogForm(
    _outputs * t
    + _BIAS
    + beta * rho**3 * _signal
    + _outputs * (rho * (beta + rho + beta * rho**2) + e - 1),
    (1 + t) * e,
)


def _divergence_exact(
    name: str,
    formula: str,
    weights: tuple[Any, Any],
    printed: LogForm,
    null: Any,
    *steps: Step,
) -> Proof:
    """The proof of a closed form, from the steps on a direction of the range and a null one."""
    return Proof(
        slug=f"linear_gaussian/divergence_exact{name}",
        idea="Given X both joint laws are normal and split into independent pairs, one for every"
        " output and direction.",
        steps=(
            *DIRECTIONS,
            TERMS,
            STUDENT,
            QUADRATIC_FORM,
            GAUSSIAN_DIVERGENCE,
            SUM_OVER_OUTPUTS,
            TEACHER_PAIR,
            *steps,
            checked(
                f"divergence_exact{name}",
                r"The pairs are independent under both laws, and labels that $X$ does not reach"
                r" have one law under both:"
                r" $2K_n=\sum_i[k(t_i-\log(1+t_i))+(1-\rho_i)^2b_i]$"
                rf" ${formula}$.",
                method="the sum over outputs of a direction, and d - rank X null directions",
                check=same_form,
                stated=_closed_form(weights, printed, null, _NULLS),
                wrong={
                    "null directions left out": _closed_form(weights, printed, null, 0),
                    "d null directions": _closed_form(weights, printed, null, _dimension),
                    "signals counted for every output": _closed_form(
                        weights,
                        LogForm(printed.rational + (_outputs - 1) * _BIAS, printed.argument),
                        null,
                        _NULLS,
                    ),
                },
                uses=("sum_over_outputs", steps[-2].name, "null_direction"),
            ),
        ),
    )


_FULL_FORMULA = r"+\sum_i[(1-\rho_i)^2\beta\rho_ib_i+k(q_i+e_i-1-\log(c_i+e_i))]"

DIVERGENCE_EXACT = _divergence_exact(
    "",
    _FULL_FORMULA + r"+k(d-\operatorname{rank}X)(e-1-\log e)",
    (student, student_noise),
    _PRINTED_FULL,
    e - 1,
    FULL_DIRECTION,
    NULL_MINNORM,
)
DIVERGENCE_EXACT_IDENTITY = _divergence_exact(
    "_identity",
    _FULL_FORMULA + r"+k(d-\operatorname{rank}X)(e-\log(1+e))",
    (student, student),
    _PRINTED_FULL,
    e,
    COPIED,
    FULL_DIRECTION,
    NULL_IDENTITY,
)
DIVERGENCE_EXACT_RANK_ZERO = _divergence_exact(
    "_rank_zero",
    r"+\sum_i[\beta\rho_i^3b_i+k(\rho_i(\beta+\rho_i+\beta\rho_i^2)+e_i-1-\log e_i)]"
    r"+k(d-\operatorname{rank}X)(e-1-\log e)",
    (student_noise, student_noise),
    _PRINTED_ZERO,
    e - 1,
    ZERO_DIRECTION,
    NULL_MINNORM,
)
