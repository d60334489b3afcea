"""Monte Carlo replicates of mean squared errors, straight from their definition.

A teacher is drawn, a sample is drawn, the distilled risk is computed on it; the square of its error
is estimated with further samples (`squared_error`).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.problems import FiniteProblem, SampledProblem
from kdtheory.theorems._sampling import (
    COPIES,
    categorical,
    error_bounds,
    sample_mean,
    spread_squared,
    squared_error,
    uniforms,
)


def _risk_of_every_teacher(uniform: Any, problem: FiniteProblem) -> Any:
    """Draws one sample; returns the distilled risk on it for each draw of the teacher."""
    x = categorical(uniform[0], problem.input_weights)
    values = jnp.einsum("tnk,nk->tn", problem.teacher_probs[:, x], problem.losses[x])
    return sample_mean(values, problem.num_samples)


def _shared_sample(key: Key, problem: FiniteProblem) -> Scalar:
    key, coin = jax.random.split(key)
    uniform = uniforms(key, 1 + 2 * COPIES)
    teacher = categorical(jax.random.uniform(coin), problem.teacher_weights)
    risk = _risk_of_every_teacher(uniform[0], problem)[teacher]
    return squared_error(risk, uniform[1:], problem)


def _conditioned_sample(key: Key, problem: FiniteProblem) -> Scalar:
    # Only the samples are drawn; over the teacher the mean is exact, so that rare draws count.
    uniform = uniforms(key, 1 + 2 * COPIES)
    errors = squared_error(_risk_of_every_teacher(uniform[0], problem), uniform[1:], problem)
    return jnp.dot(problem.teacher_weights, errors)


SHARED_ERROR = Draw(_shared_sample, bounds=error_bounds)
"""One teacher for the whole sample; a rare teacher is rarely drawn."""

CONDITIONED_ERROR = Draw(_conditioned_sample, bounds=error_bounds)
"""The same, averaged exactly over the teacher."""


def _dependent_sample(key: Key, problem: SampledProblem) -> Scalar:
    # The inputs first, then a teacher from its law given the inputs.
    world = problem.independent()
    key, coin = jax.random.split(key)
    uniform = uniforms(key, 1 + 2 * COPIES)
    num_inputs = len(problem.input_weights)
    x = categorical(uniform[0, 0], problem.input_weights)[: problem.num_samples]
    design = jnp.zeros((), dtype=x.dtype)
    for n in range(problem.num_samples):
        design = design * num_inputs + x[n]
    teacher = categorical(jax.random.uniform(coin), problem.teacher_weights[design])
    risk = jnp.mean(jnp.sum(problem.teacher_probs[teacher, x] * problem.losses[x], axis=-1))
    return squared_error(risk, uniform[1:], world)


DEPENDENT_ERROR = Draw(_dependent_sample, bounds=error_bounds)


def difference(first: Draw, second: Draw) -> Draw:
    """Returns the draw of the difference of two mean squared errors of one problem."""

    def sample(key: Key, problem: FiniteProblem) -> Scalar:
        keys = jax.random.split(key)
        return first.sample(keys[0], problem) - second.sample(keys[1], problem)

    return Draw(sample, bounds=lambda p: (-1.25 * spread_squared(p), 1.25 * spread_squared(p)))


def with_constant(draw: Draw) -> Draw:
    """Returns the draw for an instance that is a problem and a constant, or other parts."""
    return Draw(lambda key, problem, *_: draw.sample(key, problem), bounds=error_bounds)


def of_sampled(draw: Draw) -> Draw:
    """Returns the draw for a problem with a static sample size and an independent teacher."""
    return Draw(lambda key, problem: draw.sample(key, problem.independent()), bounds=error_bounds)


def _confidence_sample(
    key: Key, input_weights: Any, label_probs: Any, table: Any, confidence: Any
) -> Scalar:
    uniform = jax.random.uniform(key, (2,))
    x = categorical(uniform[0], input_weights)
    y = categorical(uniform[1], label_probs[x])
    outcome = jnp.arange(table.shape[1]) == y

    def score(row: Any) -> Scalar:
        wrong = jnp.argmax(row) != y
        return ((outcome - row) ** 2).sum() + wrong

    best = jnp.arange(table.shape[1]) == jnp.argmax(table[x])
    return score((1 - confidence) * table[x] + confidence * best) - score(table[x])


# A Brier score lies in [0, 2], an error in [0, 1].
CONFIDENCE = Draw(_confidence_sample, bounds=lambda *_: (-3.0, 3.0))
