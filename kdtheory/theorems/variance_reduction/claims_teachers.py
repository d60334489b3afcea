"""Claims on unbiased teachers that are drawn afresh at every sample point."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Case, Claim
from kdtheory.domains import Domain, box, integers, simplex, stochastic
from kdtheory.objects.problems import FiniteProblem
from kdtheory.risks import distilled_mse_fresh
from kdtheory.theorems.variance_reduction import draws
from kdtheory.theorems.variance_reduction.worlds import (
    squared_loss_scale,
    variance_of_bayes,
    variance_of_onehot,
)


def _taught(
    weights: Any, losses: Any, teacher_weights: Any, teacher_probs: Any, num_samples: Any
) -> FiniteProblem:
    """Returns the problem whose Bayes probabilities are the mean of the teacher: no bias."""
    mean = jnp.tensordot(teacher_weights, teacher_probs, 1)
    return FiniteProblem(weights, mean, losses, teacher_weights, teacher_probs, num_samples)


def _taught_parts(problem: FiniteProblem) -> tuple[Any, ...]:
    return (
        problem.input_weights,
        problem.losses,
        problem.teacher_weights,
        problem.teacher_probs,
        problem.num_samples,
    )


def _taught_worlds(size: tuple[int, ...]) -> Domain:
    m, labels, teachers = size
    parts = simplex(m) * box(0, 1, m, labels) * simplex(teachers)
    parts = parts * stochastic(teachers, m, labels) * integers(1, draws.MAX_DRAWN)
    names = "input_weights", "losses", "teacher_weights", "teacher_probs", "num_samples"
    return parts.named(*names).map(_taught, _taught_parts)


def _bias_margin(problem: FiniteProblem) -> Scalar:
    mean = jnp.tensordot(problem.teacher_weights, problem.teacher_probs, 1)
    return -jnp.max(jnp.abs(mean - problem.label_probs)) * squared_loss_scale(problem)


UNBIASED_TEACHER = Assumption(
    "unbiased teacher", r"E_\tau p_\tau(x) = p^*(x) for every x", _bias_margin
)


def _teacher_case(weights: Any, probs: Any, losses: Any, law: Any, tables: Any) -> FiniteProblem:
    values = weights, probs, losses, law, tables, 2
    return FiniteProblem(*(jnp.asarray(value, dtype=float) for value in values))


def error_of_fresh_teacher(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ for a teacher drawn afresh at every sample point."""
    return distilled_mse_fresh(
        problem.input_weights,
        problem.label_probs,
        problem.losses,
        problem.teacher_weights,
        problem.teacher_probs,
        problem.num_samples,
    )


WORST_TEACHER_LOWER = Claim(
    slug="variance_reduction/worst_teacher_lower",
    title="No unbiased fresh teacher beats the Bayes teacher",
    statement=r"\mathbb V[\hat R^*] \le \mathbb E(\tilde R - R)^2"
    r"\text{ if }\mathbb E_\tau p_\tau = p^*,\ \tau\text{ fresh}",
    lhs=variance_of_bayes,
    rhs=error_of_fresh_teacher,
    domain=_taught_worlds,
    sizes=((3, 3, 3), (2, 2, 2), (2, 3, 4)),
    scale=squared_loss_scale,
    assumptions=(UNBIASED_TEACHER,),
    draws={"lhs": draws.VARIANCE_BAYES, "rhs": draws.FRESH_ERROR},
    tight=(
        Case(
            "Bayes teacher",
            lambda: _teacher_case(
                [0.5, 0.5], [[0.5, 0.5], [0, 1]], [[0, 1], [0, 1]], [1], [[[0.5, 0.5], [0, 1]]]
            ),
            "the teacher does not vary",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: _teacher_case(
                [0.5, 0.5], [[1, 0], [0, 1]], [[0, 1], [0, 1]], [1], [[[0.5, 0.5], [0.5, 0.5]]]
            ),
            "a teacher that says 1/2 everywhere hits the risk 1/2 on every sample",
            "unbiased teacher",
        ),
    ),
    uses=("variance_reduction/lemma1",),
)


WORST_TEACHER_UPPER = dataclasses.replace(
    WORST_TEACHER_LOWER,
    slug="variance_reduction/worst_teacher_upper",
    title="The one-hot label is the worst unbiased fresh teacher",
    statement=r"\mathbb E(\tilde R - R)^2 \le \mathbb V[\hat R]"
    r"\text{ if }\mathbb E_\tau p_\tau = p^*,\ \tau\text{ fresh}",
    lhs=error_of_fresh_teacher,
    rhs=variance_of_onehot,
    draws={"lhs": draws.FRESH_ERROR, "rhs": draws.VARIANCE_ONEHOT},
    tight=(
        Case(
            "one-hot teacher",
            lambda: _teacher_case(
                [1], [[0.25, 0.75]], [[0, 1]], [0.25, 0.75], [[[1, 0]], [[0, 1]]]
            ),
            "the teacher is a label drawn from p*",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: _teacher_case([1], [[1, 0]], [[0, 1]], [1], [[[0, 1]]]),
            "labels are deterministic, and the teacher is always wrong",
            "unbiased teacher",
        ),
    ),
)
