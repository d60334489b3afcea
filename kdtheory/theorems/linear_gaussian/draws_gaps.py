r"""Generalisation gaps as Monte Carlo replicates, straight from the generative model.

Draw labels, a teacher, and for a student pseudo labels and its own weights; a replicate is
$L_P-L_D$ of the weights in hand (or its exponential). Variances come from `dense_gaps`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import dense, dense_gaps
from kdtheory.theorems.linear_gaussian.draws import student_map


def _normal(key: Key, like: Array) -> Array:
    return jax.random.normal(key, like.shape, like.dtype)


def _root(covariance: Array) -> Array:
    """Returns F with F F^T the covariance, singular or not."""
    values, vectors = jnp.linalg.eigh(covariance)
    return vectors * jnp.sqrt(jnp.maximum(values, 0.0))[None, :]


def _gap(design: LinearGaussianDesign, moment: Array, labels: Array, weights: Array) -> Scalar:
    """Returns L_P(W) - L_D(W) from the definition."""
    error = weights - design.true_weights
    risk = jnp.trace(error @ moment @ error.T) + len(labels) * design.noise_std**2
    return risk - jnp.mean(jnp.sum((labels - weights @ design.inputs) ** 2, axis=0))


def _teacher(
    key: Key, design: LinearGaussianDesign, covariance: Array, factor: Array
) -> tuple[Array, Array]:
    """Draws labels and a Gibbs teacher of a covariance F F^T."""
    keys = jax.random.split(key)
    signal = design.true_weights @ design.inputs
    labels = signal + design.noise_std * _normal(keys[0], signal)
    snr = design.inverse_temperature / design.noise_std**2
    mean = snr * labels @ design.inputs.T @ covariance
    return labels, mean + _normal(keys[1], mean) @ factor.T


def _prepared(*instance: Any) -> tuple[Any, ...]:
    """Returns what the teacher's gap is drawn from: of (design) or (design, second moment)."""
    covariance = dense.teacher_covariance(instance[0])
    return *_completed(*instance), covariance, _root(covariance)


def _completed(design: LinearGaussianDesign, *moment: Array) -> tuple[LinearGaussianDesign, Array]:
    """Returns the design and the second moment of a test input, by default a column of X."""
    return design, moment[0] if moment else dense_gaps.sample_second_moment(design)


def _teacher_gap(
    key: Key, design: LinearGaussianDesign, moment: Array, covariance: Array, factor: Array
) -> Scalar:
    return _gap(design, moment, *_teacher(key, design, covariance, factor))


def _teacher_spread(*instance: Any) -> Scalar:
    world = _completed(*instance)
    return dense_gaps.gap_spread(dense_gaps.gap_quadratic(*world), dense.teacher_moments(world[0]))


TEACHER_GAP = Draw(_teacher_gap, variance_bound=_teacher_spread, prepare=_prepared)
"""Of (design) or (design, second moment)."""


def _student_gap(
    key: Key,
    design: LinearGaussianDesign,
    moment: Array,
    covariance: Array,
    factor: Array,
    own_factor: Array,
    sent: Array,
) -> Scalar:
    keys = jax.random.split(key, 3)
    _, teacher = _teacher(keys[0], design, covariance, factor)
    predicted = teacher @ design.inputs
    pseudo = predicted + design.noise_std * _normal(keys[1], predicted)
    student = teacher @ sent + _normal(keys[2], teacher) @ own_factor.T
    return _gap(design, moment, pseudo, student)


def student_gap_draw(rank: str, null: str) -> Draw:
    """Returns the draw of the student's gap, of (design) or (design, second moment)."""

    def prepare(*instance: Any) -> tuple[Any, ...]:
        design, moment, covariance, factor = _prepared(*instance)
        own = design.student_covariance
        own_factor = factor if own is None else _root(own)
        sent = student_map(rank, null, design)
        return design, moment, covariance, factor, own_factor, sent

    def variance_bound(*instance: Any) -> Scalar:
        world = _completed(*instance)
        law = dense.student_moments(world[0], student_map(rank, null, world[0]))
        return dense_gaps.gap_spread(dense_gaps.gap_quadratic(*world), law)

    return Draw(_student_gap, variance_bound=variance_bound, prepare=prepare)


def _exponential(key: Key, argument: Array, *prepared: Any) -> Scalar:
    return jnp.exp(argument * _teacher_gap(key, *prepared))


def _halved(*instance: Any) -> tuple[Any, ...]:
    *world, argument = instance
    return 0.5 * argument, *_prepared(*world)


def _exponential_spread(*instance: Any) -> Scalar:
    """Returns E exp(l h), a bound on the variance of exp(l h / 2)."""
    *world, argument = instance
    quadratic = dense_gaps.gap_quadratic(*_completed(*world))
    return jnp.exp(dense_gaps.gap_log_mgf(quadratic, dense.teacher_moments(world[0]), argument))


MGF_AT_HALF = Draw(_exponential, variance_bound=_exponential_spread, prepare=_halved)
"""Of (design, argument) or (design, second moment, argument): exp(l h / 2), of finite variance."""
