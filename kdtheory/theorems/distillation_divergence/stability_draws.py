"""The mean gap of a seeded teacher as a Monte Carlo replicate, straight from its definition."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.algorithms import StableAlgorithm
from kdtheory.theorems._sampling import categorical


def _gap(key: Key, algorithm: StableAlgorithm) -> Scalar:
    """Draws a seed, a sample, a fresh example: the loss on the latter less that on the sample."""
    uniform = jax.random.uniform(key, (algorithm.num_samples + 2,))
    seed = categorical(uniform[0], algorithm.seed_weights)
    fresh, *sample = (categorical(u, algorithm.example_weights) for u in uniform[1:])
    row = jnp.asarray(0)
    for example in sample:
        row = row * algorithm.example_weights.shape[0] + example
    learned = algorithm.losses[seed, row]
    return learned[fresh] - sum(learned[example] for example in sample) / algorithm.num_samples


def _bounds(algorithm: StableAlgorithm) -> tuple[Scalar, Scalar]:
    """Returns minus and plus the range of the losses, which holds every difference of two."""
    spread = jnp.max(algorithm.losses) - jnp.min(algorithm.losses)
    return -spread, spread


MEAN_GAP = Draw(_gap, bounds=_bounds)
