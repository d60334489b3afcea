"""Domains, instances, units and assumptions that the claims of the room share."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption
from kdtheory.domains import Domain, box, integers, simplex, stochastic
from kdtheory.objects.problems import FiniteProblem, bayes_problem
from kdtheory.risks import bayes_variance, onehot_variance
from kdtheory.theorems._sampling import MAX_DRAWN
from kdtheory.theorems.variance_reduction import formulas


def world_parts(problem: FiniteProblem) -> tuple[Any, ...]:
    """Returns the parts that make a problem with the Bayes teacher."""
    return problem.input_weights, problem.label_probs, problem.losses, problem.num_samples


def worlds(size: tuple[int, ...]) -> Domain:
    """Returns the finite worlds with m inputs and L labels, losses in [0, 1] and N in 1..8."""
    m, labels = size
    parts = simplex(m) * stochastic(m, labels) * box(0, 1, m, labels) * integers(1, MAX_DRAWN)
    names = "input_weights", "label_probs", "losses", "num_samples"
    return parts.named(*names).map(bayes_problem, world_parts)


def world(weights: Any, probs: Any, losses: Any, num_samples: Any = 1.0) -> FiniteProblem:
    """Returns a problem with the Bayes teacher from nested lists."""
    return teacher_case(weights, probs, losses, [1.0], [probs], num_samples)


def squared_loss_scale(problem: FiniteProblem) -> Scalar:
    """Returns the largest squared loss on a support, the unit of every variance of a risk."""
    present = jnp.where(problem.label_probs != 0, problem.losses, 0.0)
    return jnp.maximum(jnp.max(present**2), jnp.finfo(present.dtype).tiny)


def variance_of_onehot(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb V[\hat R]$ of a problem."""
    return onehot_variance(*world_parts(problem))


def variance_of_bayes(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb V[\hat R^*]$ of a problem."""
    return bayes_variance(*world_parts(problem))


def gap_of(problem: FiniteProblem) -> Scalar:
    """Returns the gap of Lemma 1 of a problem."""
    return formulas.variance_gap(*world_parts(problem))


def largest_possible_variance(problem: FiniteProblem) -> Scalar:
    r"""Returns $B^2/(4N)$: a loss with range $B$ has variance at most $B^2/4$ (Popoviciu)."""
    return (jnp.max(problem.losses) - jnp.min(problem.losses)) ** 2 / (4 * problem.num_samples)


def _non_negative(name: str, what: str, field: str) -> Assumption:
    def margin(problem: FiniteProblem) -> Scalar:
        return jnp.min(getattr(problem, field)) * squared_loss_scale(problem)

    return Assumption(name, what, margin)


INPUT_LAW = _non_negative("input law", "inputs are drawn from a law: weights >= 0", "input_weights")


LABEL_LAW = _non_negative("label law", "labels are drawn from p*(x): p* >= 0", "label_probs")


def _taught(
    weights: Any, losses: Any, teacher_weights: Any, teacher_probs: Any, num_samples: Any
) -> FiniteProblem:
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


def taught_worlds(size: tuple[int, ...]) -> Domain:
    """Returns the finite worlds whose Bayes probabilities are the mean of the teacher: no bias."""
    m, labels, teachers = size
    parts = simplex(m) * box(0, 1, m, labels) * simplex(teachers)
    parts = parts * stochastic(teachers, m, labels) * integers(1, MAX_DRAWN)
    names = "input_weights", "losses", "teacher_weights", "teacher_probs", "num_samples"
    return parts.named(*names).map(_taught, _taught_parts)


def teacher_case(
    weights: Any, probs: Any, losses: Any, law: Any, tables: Any, num_samples: Any = 2.0
) -> FiniteProblem:
    """Returns a problem with any teacher from nested lists."""
    values = weights, probs, losses, law, tables, num_samples
    return FiniteProblem(*arrays(*values))


def _bias_margin(problem: FiniteProblem) -> Scalar:
    mean = jnp.tensordot(problem.teacher_weights, problem.teacher_probs, 1)
    return -jnp.max(jnp.abs(mean - problem.label_probs)) * squared_loss_scale(problem)


UNBIASED_TEACHER = Assumption(
    "unbiased teacher", r"$E_\tau p_\tau(x) = p^*(x)$ for every $x$", _bias_margin
)
