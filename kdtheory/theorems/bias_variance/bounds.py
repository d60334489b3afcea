r"""The right sides of Proposition 3, printed, corrected and sharpened, with any constant.

A bound is the noise of the sample, which $N$ cures, plus a penalty for how far the teacher is from
the Bayes probabilities. $\bar p$ is the mean of the teacher's draws. Every bound takes its constant
as an argument: a claim says which constant it means.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import InputWeights, LabelProbs, Losses, Scalar, TeacherProbs, TeacherWeights
from kdtheory.divergences import (
    euclidean_distance,
    kl_divergence,
    squared_distance,
    total_variation,
)
from kdtheory.objects.problems import FiniteProblem
from kdtheory.risks import joint_variance
from kdtheory.theorems.bias_variance.formulas import expected_variance


@functools.partial(jax.jit, static_argnames="distance")
def expected_distance(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    teacher_probs: TeacherProbs,
    *,
    distance: Callable[..., Any],
) -> TeacherWeights:
    r"""Returns $\mathbb E_x\,D(p^*(x), p_\tau(x))$ for every draw of the teacher.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        teacher_probs: $p_\tau$, shape ``(teachers, inputs, labels)``.
        distance: a function of `kdtheory.divergences`, such as `total_variation`.

    Returns:
        One expectation per draw; an infinite distance counts where the input has mass only.
    """
    truth = jnp.broadcast_to(label_probs[None], teacher_probs.shape)
    values = distance(truth, teacher_probs)
    present = input_weights[None] > 0
    return jnp.sum(jnp.where(present, input_weights[None] * values, 0.0), axis=1)


def mean_teacher(problem: FiniteProblem) -> LabelProbs:
    r"""Returns $\bar p(x) = \mathbb E_\tau\,p_\tau(x)$, shape ``(inputs, labels)``."""
    return jnp.tensordot(problem.teacher_weights, problem.teacher_probs, 1)


def _distances(problem: FiniteProblem, distance: Callable[..., Any]) -> TeacherWeights:
    return expected_distance(
        problem.input_weights, problem.label_probs, problem.teacher_probs, distance=distance
    )


def mean_teacher_distance(problem: FiniteProblem, distance: Callable[..., Any]) -> Scalar:
    r"""Returns $\mathbb E_x\,D(p^*(x), \bar p(x))$, the distance of the mean teacher."""
    return expected_distance(
        problem.input_weights, problem.label_probs, mean_teacher(problem)[None], distance=distance
    )[0]


@jax.jit
def teacher_spread(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E_x\mathbb V_\tau[p_\tau(x)]$, variances summed over the labels.

    Args:
        problem: a finite world.

    Returns:
        How far the teacher's predictions vary around their mean.
    """
    squares = expected_distance(
        problem.input_weights,
        mean_teacher(problem),
        problem.teacher_probs,
        distance=squared_distance,
    )
    return jnp.sum(problem.teacher_weights * squares)


def _joint_part(problem: FiniteProblem) -> Scalar:
    variance = joint_variance(
        problem.input_weights, problem.losses, problem.teacher_weights, problem.teacher_probs
    )
    return variance / problem.num_samples


@jax.jit
def printed_constant(losses: Losses) -> Scalar:
    r"""Returns $C = LB^2$ with $B = \max|\ell|$, the constant of the printed proof.

    Args:
        losses: $\ell$, shape ``(inputs, labels)``.

    Returns:
        The constant: $\|\ell\|_2 \le \sqrt L\,\|\ell\|_\infty$, squared.
    """
    return losses.shape[1] * jnp.max(jnp.abs(losses)) ** 2


@jax.jit
def eq9_bound(problem: FiniteProblem, constant: Scalar) -> Scalar:
    r"""Returns $\tfrac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell] + C(\mathbb E\|p_\tau-p^*\|_2)^2$.

    Args:
        problem: a finite world.
        constant: $C \ge 0$.

    Returns:
        The right side of Eq. 9, with $\mathbb E$ and $\mathbb V$ over the input and the teacher.
    """
    distance = jnp.sum(problem.teacher_weights * _distances(problem, euclidean_distance))
    return _joint_part(problem) + constant * distance**2


@jax.jit
def eq10_bound(problem: FiniteProblem, constant: Scalar) -> Scalar:
    r"""Returns the right side of Eq. 10, moments of the teacher at each $x$ averaged over $x$.

    $\tfrac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell] + C\,\mathbb E_x\bigl(\|\bar p(x)-p^*(x)\|_2^2
    + \mathbb V_\tau[p_\tau(x)]\bigr)$.

    Args:
        problem: a finite world.
        constant: $C \ge 0$.

    Returns:
        The bound.
    """
    bias = mean_teacher_distance(problem, squared_distance)
    return _joint_part(problem) + constant * (bias + teacher_spread(problem))


@jax.jit
def eq10_x_average_bound(problem: FiniteProblem, constant: Scalar) -> Scalar:
    r"""Returns the right side of Eq. 10, all moments over the input and the teacher together.

    $\tfrac1N\mathbb V[p_\tau\cdot\ell] + C\bigl(\|\mathbb E\,p_\tau(x)-\mathbb E\,p^*(x)\|_2^2
    + \mathbb V[p_\tau(x)]\bigr)$.

    Args:
        problem: a finite world.
        constant: $C \ge 0$.

    Returns:
        The value, which is not a bound.
    """
    weights, mean = problem.input_weights[:, None], mean_teacher(problem)
    centre = jnp.sum(weights * mean, axis=0)
    bias = jnp.sum((centre - jnp.sum(weights * problem.label_probs, axis=0)) ** 2)
    between = jnp.sum(weights * (mean - centre[None]) ** 2)
    return _joint_part(problem) + constant * (bias + between + teacher_spread(problem))


@jax.jit
def shared_norm_bound(problem: FiniteProblem, constant: Scalar) -> Scalar:
    r"""Returns $\tfrac1N\mathbb E_\tau v_\tau + C\,\mathbb E_\tau(\mathbb E_x\|p_\tau-p^*\|_2)^2$.

    Args:
        problem: a finite world.
        constant: $C \ge 0$.

    Returns:
        The corrected right side of Eq. 9 for a teacher shared over the sample.
    """
    distances = _distances(problem, euclidean_distance)
    penalty = jnp.sum(problem.teacher_weights * distances**2)
    return expected_variance(problem) / problem.num_samples + constant * penalty


@jax.jit
def shared_moment_bound(problem: FiniteProblem, constant: Scalar) -> Scalar:
    r"""Returns the corrected right side of Eq. 10 for a shared teacher.

    $\tfrac1N\mathbb E_\tau v_\tau + C\,\mathbb E_x\bigl(\|\bar p-p^*\|_2^2
    + \mathbb V_\tau[p_\tau]\bigr)$.

    Args:
        problem: a finite world.
        constant: $C \ge 0$.

    Returns:
        The bound.
    """
    penalty = mean_teacher_distance(problem, squared_distance) + teacher_spread(problem)
    return expected_variance(problem) / problem.num_samples + constant * penalty


@jax.jit
def shared_mixed_bound(problem: FiniteProblem, constant: Scalar) -> Scalar:
    r"""Returns the bound that keeps the bias of the mean teacher outside the square.

    $\tfrac1N\mathbb E_\tau v_\tau + C(\mathbb E_x\|\bar p-p^*\|_2)^2
    + C\,\mathbb E_x\mathbb V_\tau[p_\tau]$.

    Args:
        problem: a finite world.
        constant: $C \ge 0$.

    Returns:
        The bound, at most `shared_moment_bound`.
    """
    bias = mean_teacher_distance(problem, euclidean_distance) ** 2
    noise = expected_variance(problem) / problem.num_samples
    return noise + constant * (bias + teacher_spread(problem))


@jax.jit
def shared_tv_bound(problem: FiniteProblem, squared_range: Scalar) -> Scalar:
    r"""Returns $\tfrac1N\mathbb E_\tau v_\tau + B^2\,\mathbb E_\tau(\mathbb E_x\mathrm{TV})^2$.

    Args:
        problem: a finite world.
        squared_range: $B^2$, the squared range of the losses.

    Returns:
        The bound, at most `shared_norm_bound` with the sharp constant.
    """
    distances = _distances(problem, total_variation)
    penalty = jnp.sum(problem.teacher_weights * distances**2)
    return expected_variance(problem) / problem.num_samples + squared_range * penalty


@jax.jit
def shared_kl_bound(problem: FiniteProblem, squared_range: Scalar) -> Scalar:
    r"""Returns $\tfrac1N\mathbb E_\tau v_\tau + \tfrac12B^2\,\mathbb E\,\mathrm{KL}(p^*\|p_\tau)$.

    Args:
        problem: a finite world.
        squared_range: $B^2$, the squared range of the losses.

    Returns:
        The bound, infinite where a teacher of positive weight excludes a possible label.
    """
    weights = problem.teacher_weights
    terms = jnp.where(weights > 0, weights * _distances(problem, kl_divergence), 0.0)
    penalty = 0.5 * jnp.sum(terms)
    scaled = jnp.where(squared_range > 0, squared_range * penalty, 0.0)
    return expected_variance(problem) / problem.num_samples + scaled


@jax.jit
def fresh_norm_bound(problem: FiniteProblem, constant: Scalar) -> Scalar:
    r"""Returns $\tfrac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell] + C(\mathbb E_x\|\bar p-p^*\|_2)^2$.

    Args:
        problem: a finite world.
        constant: $C \ge 0$.

    Returns:
        The bound for a teacher drawn afresh: its own variance costs nothing that $N$ does not cure.
    """
    bias = mean_teacher_distance(problem, euclidean_distance)
    return _joint_part(problem) + constant * bias**2


@jax.jit
def fresh_tv_bound(problem: FiniteProblem, squared_range: Scalar) -> Scalar:
    r"""Returns $\tfrac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell] + B^2(\mathbb E_x\mathrm{TV})^2$.

    Args:
        problem: a finite world.
        squared_range: $B^2$, the squared range of the losses.

    Returns:
        The bound, with the total variation between $p^*$ and the mean teacher.
    """
    bias = mean_teacher_distance(problem, total_variation)
    return _joint_part(problem) + squared_range * bias**2
