"""What the rooms' Monte Carlo draws have in common: a sample is drawn, and a risk computed on it.

Nothing here is used by an exact evaluator (a test walks the calls).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import Key, Scalar
from kdtheory.objects.problems import FiniteProblem, SampledProblem

MAX_DRAWN = 8
"""The largest sample that is drawn; every domain with draws keeps N below it."""

COPIES = 4
"""How many samples one replicate of a variance takes: three times as many tell as with two."""


def categorical(uniform: Any, weights: Float[Array, "*batch atoms"]) -> Any:
    """Returns indices drawn by inverting the cumulative weights along the last axis."""
    levels = jnp.cumsum(weights, axis=-1)
    return jnp.sum((uniform * levels[..., -1])[..., None] >= levels[..., :-1], axis=-1)


def sample_mean(values: Float[Array, "*batch drawn"], num_samples: Scalar) -> Any:
    """Returns the mean of the first N values (the others were drawn but do not exist)."""
    present = jnp.arange(MAX_DRAWN) < num_samples
    return jnp.sum(jnp.where(present, values, 0.0), axis=-1) / num_samples


def uniforms(key: Key, copies: int) -> Any:
    """Returns the randomness of whole samples: two uniforms for every example of every copy."""
    # Single precision: no probability is off by more than 1e-7, and half the bits are needed.
    return jax.random.uniform(key, (copies, 2, MAX_DRAWN), jnp.float32)


def onehot_risk(uniform: Any, problem: FiniteProblem) -> Scalar:
    """Returns the empirical risk of a drawn sample with drawn labels."""
    x = categorical(uniform[0], problem.input_weights)
    y = categorical(uniform[1], problem.label_probs[x])
    return sample_mean(problem.losses[x, y], problem.num_samples)


def bayes_risk(uniform: Any, problem: FiniteProblem) -> Scalar:
    """Returns the empirical risk of a drawn sample with Bayes probabilities for labels."""
    x = categorical(uniform[0], problem.input_weights)
    # A soft label scores every possible label, weighted: p*(x_n)^T l(f(x_n)).
    values = jax.vmap(jnp.dot)(problem.label_probs[x], problem.losses[x])
    return sample_mean(values, problem.num_samples)


def spread_squared(problem: FiniteProblem | SampledProblem) -> Scalar:
    """Returns the squared range of the losses, which holds every squared difference of risks."""
    return (problem.losses.max() - problem.losses.min()) ** 2


def squared_error(estimate: Any, uniform: Any, problem: FiniteProblem) -> Any:
    r"""Returns a replicate of $\mathbb E(Z - R)^2$ for a drawn estimate $Z$ of the risk $R$.

    It is $(Z - A)(Z - B)$, with independent unbiased estimates $A$ and $B$ of $R$, each the mean of
    the Bayes-distilled risks of `COPIES` samples of its own.
    """
    risks = jax.vmap(bayes_risk, in_axes=(0, None))(uniform, problem)
    first, second = risks[:COPIES].mean(), risks[COPIES:].mean()
    return (estimate - first) * (estimate - second)


def error_bounds(problem: FiniteProblem | SampledProblem, *_: Any) -> tuple[Scalar, Scalar]:
    """Returns what holds every `squared_error`: it is lowest halfway between A and B."""
    return -0.25 * spread_squared(problem), spread_squared(problem)
