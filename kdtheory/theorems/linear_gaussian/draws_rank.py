"""Monte Carlo replicates for students of intermediate rank, straight from the definitions."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw

MAX_DRAWN = 3
"""The largest number of inner draws of an instance."""


def _smaller_singular_value(key: Key, mean: Array, variance: Scalar) -> Scalar:
    """Draws a 2 x 2 matrix and returns the square of its smaller singular value."""
    full = jnp.zeros((2, 2), mean.dtype).at[:, : mean.shape[1]].set(mean)
    matrix = full + jnp.sqrt(variance) * jax.random.normal(key, (2, 2), mean.dtype)
    return jnp.linalg.svd(matrix, compute_uv=False)[-1] ** 2


def _smaller_singular_value_variance(mean: Array, variance: Scalar) -> Scalar:
    """Gaussian Poincare: the squared gradient is 4 sigma_2^2, at most twice the total energy."""
    return 2.0 * variance * (jnp.sum(mean**2) + 4.0 * variance)


EXPECTED_TAIL = Draw(_smaller_singular_value, variance_bound=_smaller_singular_value_variance)


def _leading_part(weights: Array, strength: Array) -> Array:
    """Returns the weights projected on the leading output direction, the first one at a tie."""
    values, vectors = jnp.linalg.eigh((weights * strength) @ weights.T)
    leading = vectors[:, 1]
    tie = values[1] - values[0] <= 8 * jnp.finfo(values.dtype).eps * values[1]
    leading = jnp.where(tie, jnp.asarray([1.0, 0.0], weights.dtype), leading)
    return jnp.outer(leading, leading @ weights)


def _means(
    weights_0: Array,
    weights_1: Array,
    strength: Array,
    refitted: Array,
    student_scale: Scalar,
    num_inner: Scalar,
) -> tuple[Any, ...]:
    both = jnp.stack([_leading_part(weights, strength) for weights in (weights_0, weights_1)])
    return both, refitted, student_scale, num_inner


def _log_density(point: Array, mean: Array, variance: Any) -> Scalar:
    return jnp.sum(jax.scipy.stats.norm.logpdf(point, mean, jnp.sqrt(variance)))


def _log_ratio(
    key: Key,
    means: Array,
    refitted: Array,
    student_scale: Scalar,
    num_inner: Scalar,
    kind: str,
) -> Scalar:
    """Draws a generator, a student and inner teachers; returns log of the estimate over q_T."""
    own, noise, inner = jax.random.split(key, 3)
    generator = jax.random.bernoulli(own).astype(int)
    normal = jax.random.normal(noise, refitted.shape, refitted.dtype)
    student = means[generator] + jnp.sqrt(student_scale) * normal
    logs = jax.vmap(lambda mean: _log_density(student, mean, student_scale))(means)
    if kind == "exact":
        estimate = jax.nn.logsumexp(logs) - jnp.log(jnp.asarray(2.0, logs.dtype))
    else:
        others = jax.random.bernoulli(inner, shape=(MAX_DRAWN,)).astype(int)
        used = jnp.arange(MAX_DRAWN) < num_inner
        terms, count = jnp.where(used, logs[others], -jnp.inf), num_inner
        if kind == "upper":
            terms, count = jnp.concatenate([terms, logs[generator][None]]), num_inner + 1.0
        estimate = jax.nn.logsumexp(terms) - jnp.log(count)
    return estimate - _log_density(student, refitted, jnp.ones_like(student_scale))


def _log_ratio_variance(*instance: Array, kind: str) -> Scalar:
    r"""Returns a bound on the variance of a replicate.

    Given the draws of teachers it is a function of the noise g alone, whose gradient is
    (e-1)g + sqrt(e)(f_j - w) + p delta u, with u a unit vector and p the weight of the other
    teacher: Gaussian Poincare. With a share a > 0 of the generator p is at most half the root of
    (1-a)/a times e^(l/2), of mean e^(-delta^2/8). The conditional mean is that of the generator's
    own log ratio plus G in [-min(delta^2/2, log 1/a), 0].
    """
    means, refitted, scale, num_inner = _means(*instance)
    square = jnp.sum((means[0] - means[1]) ** 2) / scale
    away = jnp.sum((means - refitted[None]) ** 2, axis=(1, 2))
    own = jnp.sqrt(refitted.size * (scale - 1.0) ** 2 + scale * away)
    alone = 0.5**num_inner if kind == "lower" else jnp.zeros_like(scale)
    odds = jnp.ones_like(scale) if kind == "exact" else num_inner
    other = jnp.minimum(alone + 0.5 * jnp.sqrt(odds) * jnp.exp(-square / 8.0), 1.0)
    given = jnp.mean((own + jnp.sqrt(square * other)) ** 2)
    deepest = jnp.minimum(0.5 * square, jnp.log1p(odds))
    # E G^2, also where no inner draw is the generator and G is -delta^2/2.
    logs = jnp.sqrt(alone * square**2 / 4.0 + deepest**2)
    return given + (0.25 * jnp.abs(away[0] - away[1]) + logs) ** 2


def _two_teachers(kind: str) -> Draw:
    return Draw(
        functools.partial(_log_ratio, kind=kind),
        variance_bound=functools.partial(_log_ratio_variance, kind=kind),
        prepare=_means,
    )


TWO_TEACHER_SHIFT = _two_teachers("exact")
TWO_TEACHER_LOWER = _two_teachers("lower")
TWO_TEACHER_UPPER = _two_teachers("upper")
