"""Monte Carlo replicates from the definitions: draw a sample, and see whether the bound failed.

Nothing here is shared with the exact evaluators: whole samples are drawn, one index at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.theorems._sampling import categorical

SAMPLES = 32
"""How many samples one replicate of a probability is the frequency of."""


def _failure_sample(key: Key, problem: HypothesisProblem, level: Scalar) -> Scalar:
    size, losses = problem.num_samples, problem.losses[0]
    uniform = jax.random.uniform(key, (SAMPLES, size), jnp.float32)
    values = (problem.label_probs * losses).sum(-1)
    risk = (problem.input_weights * values).sum()
    spread = (problem.input_weights * values**2).sum() - risk**2
    log = -jnp.log(level)
    allowed = jnp.sqrt(2 * jnp.maximum(spread, 0.0) * log / size) + log / (3 * size)
    means = values[categorical(uniform, problem.input_weights)].mean(-1)
    return (risk > means + allowed).mean(dtype=losses.dtype)


KNOWN_VARIANCE_FAILURE = Draw(
    _failure_sample, bounds=lambda _, level: (0.0 * level, 1.0 + 0.0 * level)
)


def _variances(key: Key, problem: HypothesisProblem) -> tuple[Any, Any]:
    """Returns the variances of drawn samples, with Bayes probabilities and with drawn labels."""
    size, losses = problem.num_samples, problem.losses[0]
    uniform = jax.random.uniform(key, (2, SAMPLES, size), jnp.float32)
    x = categorical(uniform[0], problem.input_weights)
    y = categorical(uniform[1], problem.label_probs[x])
    bayes, drawn = (problem.label_probs[x] * losses[x]).sum(-1), losses[x, y]

    def variance(values: Any) -> Any:
        # Unbiased: half the mean squared difference of two different draws.
        return ((values[:, :, None] - values[:, None]) ** 2).sum((1, 2)) / (2 * size * (size - 1))

    return variance(bayes), variance(drawn)


def _variance_draw(of: Callable[..., Any]) -> Draw:
    # The largest variance of a sample of values in [0, 1] is that of two, 1/2.
    return Draw(
        lambda key, problem: of(*_variances(key, problem)).mean(),
        bounds=lambda problem: (0.0 * problem.losses.max(), 0.5 + 0.0 * problem.losses.max()),
    )


BAYES_VARIANCE = _variance_draw(lambda bayes, _: bayes)
DRAWN_VARIANCE = _variance_draw(lambda _, drawn: drawn)
EXCESS_OF_BAYES = _variance_draw(lambda bayes, drawn: jnp.maximum(bayes - drawn, 0.0))
