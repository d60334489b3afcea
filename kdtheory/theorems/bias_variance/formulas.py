r"""Exact errors of a distilled risk: in closed form, and over whole samples one by one.

Notation: $b_\tau$ and $v_\tau$ are a teacher draw's bias and its variance over inputs
(`kdtheory.risks.teacher_bias`, `teacher_variances`).
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import InputWeights, LabelProbs, Scalar
from kdtheory.losses import brier
from kdtheory.objects.problems import FiniteProblem, SampledProblem
from kdtheory.risks import (
    bayes_variance,
    distilled_mse_fixed,
    distilled_mse_fresh,
    distilled_mse_shared,
    onehot_variance,
    population_risk,
    teacher_bias,
    teacher_variances,
)
from kdtheory.theorems._enumeration import enumerated


def fixed_error(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ when the teacher is always its first draw."""
    return distilled_mse_fixed(*_world(problem), problem.teacher_probs[0], problem.num_samples)


def shared_error(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ when one teacher is drawn for the whole sample."""
    return distilled_mse_shared(*_taught(problem), problem.num_samples)


def fresh_error(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ when a teacher is drawn for every sample point."""
    return distilled_mse_fresh(*_taught(problem), problem.num_samples)


def _world(problem: FiniteProblem | SampledProblem) -> tuple[Any, ...]:
    return problem.input_weights, problem.label_probs, problem.losses


def _taught(problem: FiniteProblem) -> tuple[Any, ...]:
    return (*_world(problem), problem.teacher_weights, problem.teacher_probs)


def bayes_error(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\hat R^* - R)^2$, the variance of the Bayes-distilled risk."""
    return bayes_variance(*_world(problem), problem.num_samples)


@jax.jit
def noise_of_teacher(problem: FiniteProblem) -> Scalar:
    r"""Returns $\tfrac1N\,\mathbb E_x\mathbb V_\tau[p_\tau(x)\cdot\ell(f(x))]$.

    Args:
        problem: a finite world.

    Returns:
        What the draws of an unbiased teacher add to the error when they are independent.
    """
    distilled = jnp.sum(problem.teacher_probs * problem.losses[None], axis=-1)
    law = problem.teacher_weights[:, None]
    centred = distilled - jnp.sum(law * distilled, axis=0)[None]
    return jnp.sum(law * problem.input_weights[None] * centred**2) / problem.num_samples


def expected_variance(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E_\tau\mathbb V_x[p_\tau(x)\cdot\ell(f(x))]$, the noise of the inputs."""
    variances = teacher_variances(problem.input_weights, problem.losses, problem.teacher_probs)
    return jnp.sum(problem.teacher_weights * variances)


@jax.jit
def bias_variance_over_teachers(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb V_\tau[b_\tau]$, by how much a shared teacher's risk is off at random.

    Args:
        problem: a finite world.

    Returns:
        The variance of the bias over the draw of the teacher.
    """
    bias = teacher_bias(*_world(problem), problem.teacher_probs)
    weights = problem.teacher_weights
    return jnp.sum(weights * (bias - jnp.sum(weights * bias)) ** 2)


@jax.jit
def break_even(problem: FiniteProblem) -> Scalar:
    r"""Returns $N^* = (\mathbb V_{x,y}[\ell] - \mathbb E_\tau v_\tau)/\mathbb E_\tau b_\tau^2$.

    Below $N^*$ samples the distilled risk of a shared teacher has the smaller mean squared error,
    above it the one-hot risk has.

    Args:
        problem: a finite world; its own sample size does not enter.

    Returns:
        $N^*$: negative for a teacher that is never better, $\infty$ for one that always is.
    """
    world = _world(problem)
    gained = onehot_variance(*world) - expected_variance(problem)
    lost = jnp.sum(problem.teacher_weights * teacher_bias(*world, problem.teacher_probs) ** 2)
    always = jnp.where(gained >= 0, jnp.inf, -jnp.inf)
    return jnp.where(lost > 0, gained / jnp.where(lost > 0, lost, 1.0), always)


@jax.jit
def distance_to_bayes_shared(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - \hat R^*)^2$ for a shared teacher independent of the sample.

    Args:
        problem: a finite world.

    Returns:
        $\mathbb E_\tau[\tfrac1N\mathbb V_x[d_\tau] + (\mathbb E_x d_\tau)^2]$ with
        $d_\tau = (p_\tau - p^*)\cdot\ell$.
    """
    return shared_error(_relative_to_bayes(problem))


@jax.jit
def distance_to_bayes_fresh(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - \hat R^*)^2$ for a teacher drawn at every sample point.

    Args:
        problem: a finite world.

    Returns:
        $\tfrac1N\mathbb V_{x,\tau}[d_\tau] + (\mathbb E\,d_\tau)^2$ with
        $d_\tau = (p_\tau - p^*)\cdot\ell$.
    """
    return fresh_error(_relative_to_bayes(problem))


def _relative_to_bayes(problem: FiniteProblem) -> FiniteProblem:
    """Returns the world of the differences: teacher minus Bayes, against a truth of zero."""
    conditional = jnp.sum(problem.label_probs * problem.losses, axis=-1)
    return FiniteProblem(
        problem.input_weights,
        jnp.zeros_like(problem.label_probs),
        problem.losses - conditional[:, None],
        problem.teacher_weights,
        problem.teacher_probs - problem.label_probs[None],
        problem.num_samples,
    )


@functools.partial(jax.jit, static_argnames="around_bayes")
def sampled_error(problem: SampledProblem, *, around_bayes: bool = False) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ over all samples, for a teacher that may have seen them.

    Args:
        problem: a finite world with a static sample size.
        around_bayes: whether to return $\mathbb E(\tilde R - \hat R^*)^2$ instead.

    Returns:
        The mean squared error, by enumeration of designs and teacher draws.

    Raises:
        ValueError: if there are too many samples to enumerate.
    """
    designs = enumerated(len(problem.input_weights), problem.num_samples)
    chance = jnp.prod(problem.input_weights[designs], axis=1)
    distilled = jnp.sum(problem.teacher_probs * problem.losses[None], axis=-1)
    conditional = jnp.sum(problem.label_probs * problem.losses, axis=-1)
    risk = jnp.sum(problem.input_weights * conditional)
    target = conditional if around_bayes else jnp.full_like(conditional, risk)
    errors = jnp.mean((distilled - target[None])[:, designs], axis=2)
    return jnp.sum(chance[:, None] * problem.teacher_weights * errors.T**2)


@jax.jit
def sampled_error_fresh(problem: SampledProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ over all samples of (input, teacher) pairs.

    Args:
        problem: a finite world with a static sample size, and a teacher independent of the sample.

    Returns:
        The mean squared error for a teacher drawn afresh at every sample point.

    Raises:
        ValueError: if there are too many samples to enumerate.
    """
    pairs = (problem.teacher_weights[0][:, None] * problem.input_weights[None]).reshape(-1)
    distilled = jnp.sum(problem.teacher_probs * problem.losses[None], axis=-1)
    errors = (distilled - population_risk(*_world(problem))).reshape(-1)
    samples = enumerated(len(pairs), problem.num_samples)
    chance = jnp.prod(pairs[samples], axis=1)
    return jnp.sum(chance * jnp.mean(errors[samples], axis=1) ** 2)


def sampled_bayes_variance(problem: SampledProblem) -> Scalar:
    r"""Returns $\mathbb E(\hat R^* - R)^2$ at the problem's sample size."""
    return bayes_variance(*_world(problem), problem.independent().num_samples)


@jax.jit
def overconfident(table: LabelProbs, confidence: Scalar) -> LabelProbs:
    r"""Returns $(1-s)\,p + s\,e_{\hat y}$: surer of the same label $\hat y$, the first largest.

    Args:
        table: $p$, shape ``(inputs, labels)``.
        confidence: $s$ in $[0, 1]$.

    Returns:
        A table whose most probable label is the same at every input.
    """
    return table + confidence * (_top(table) - table)


def _top(table: LabelProbs) -> LabelProbs:
    return jax.nn.one_hot(jnp.argmax(table, axis=-1), table.shape[-1], dtype=table.dtype)


@jax.jit
def brier_and_error(
    input_weights: InputWeights, label_probs: LabelProbs, table: LabelProbs
) -> Scalar:
    r"""Returns the Brier risk of the predictions plus the zero-one error of the label they choose.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        table: predicted distributions, shape ``(inputs, labels)``.

    Returns:
        $\mathbb E\|e_y - p(x)\|_2^2 + \mathbb P(y \ne \hat y(x))$.
    """
    return population_risk(input_weights, label_probs, brier(table) + 1 - _top(table))


@jax.jit
def cost_of_confidence(
    input_weights: InputWeights, label_probs: LabelProbs, table: LabelProbs, confidence: Scalar
) -> Scalar:
    r"""Returns $2s\,\mathbb E_x(p-p^*)\cdot(e_{\hat y}-p) + s^2\,\mathbb E_x\|e_{\hat y}-p\|_2^2$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        table: $p$, shape ``(inputs, labels)``.
        confidence: $s$ in $[0, 1]$.

    Returns:
        By how much `overconfident` changes the Brier risk.
    """
    step = _top(table) - table
    slope = jnp.sum((table - label_probs) * step, axis=-1)
    curvature = jnp.sum(step**2, axis=-1)
    return confidence * jnp.sum(input_weights * (2 * slope + confidence * curvature))
