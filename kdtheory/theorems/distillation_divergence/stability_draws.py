"""The squared gap of a seeded teacher as a Monte Carlo replicate, straight from its definition."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.algorithms import StableAlgorithm
from kdtheory.theorems._sampling import categorical


def _squared_gap(key: Key, algorithm: StableAlgorithm) -> Scalar:
    """Draws a seed and a sample, and compares the two risks of what is learned from them."""
    uniform = jax.random.uniform(key, (algorithm.num_samples + 1,))
    seed = categorical(uniform[0], algorithm.seed_weights)
    sample = [categorical(u, algorithm.example_weights) for u in uniform[1:]]
    row = jnp.asarray(0)
    for example in sample:
        row = row * algorithm.example_weights.shape[0] + example
    learned = algorithm.losses[seed, row]
    empirical = sum(learned[example] for example in sample) / algorithm.num_samples
    return (jnp.dot(algorithm.example_weights, learned) - empirical) ** 2


def _bounds(algorithm: StableAlgorithm) -> tuple[Scalar, Scalar]:
    """Returns zero and the squared range of the losses, which holds every squared difference."""
    return jnp.zeros(()), (jnp.max(algorithm.losses) - jnp.min(algorithm.losses)) ** 2


SQUARED_GAP = Draw(_squared_gap, bounds=_bounds)
