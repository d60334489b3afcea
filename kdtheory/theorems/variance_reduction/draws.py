"""Monte Carlo replicates straight from the definitions: draw a sample, compute the risks on it.

Nothing here is shared with the exact evaluators. Whole samples are drawn; variances come from pairs
of independent samples.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.problems import FiniteProblem, HypothesisProblem
from kdtheory.theorems._sampling import (
    bayes_risk,
    categorical,
    onehot_risk,
    sample_mean,
    spread_squared,
    squared_error,
    uniforms,
)


def _fresh_teacher_risk(uniform: Any, problem: FiniteProblem) -> Scalar:
    x = categorical(uniform[0], problem.input_weights)
    teacher = categorical(uniform[1], problem.teacher_weights)
    values = jax.vmap(jnp.dot)(problem.teacher_probs[teacher, x], problem.losses[x])
    return sample_mean(values, problem.num_samples)


def _half_squared_difference(risk: Any, uniform: Any, problem: FiniteProblem) -> Scalar:
    return 0.5 * (risk(uniform[0], problem) - risk(uniform[1], problem)) ** 2


VARIANCE_ONEHOT = Draw(
    lambda key, p: _half_squared_difference(onehot_risk, uniforms(key, 2), p),
    bounds=lambda p: (0.0, 0.5 * spread_squared(p)),
)
VARIANCE_BAYES = Draw(
    lambda key, p: _half_squared_difference(bayes_risk, uniforms(key, 2), p),
    bounds=lambda p: (0.0, 0.5 * spread_squared(p)),
)


def _gap_sample(key: Key, problem: FiniteProblem) -> Scalar:
    uniform = uniforms(key, 2)
    onehot = _half_squared_difference(onehot_risk, uniform, problem)
    return onehot - _half_squared_difference(bayes_risk, uniform, problem)


VARIANCE_GAP = Draw(
    _gap_sample, bounds=lambda p: (-0.5 * spread_squared(p), 0.5 * spread_squared(p))
)


def _error_sample(key: Key, problem: FiniteProblem) -> Scalar:
    uniform = uniforms(key, 3)
    return squared_error(_fresh_teacher_risk(uniform[0], problem), uniform[1:], problem)


FRESH_ERROR = Draw(_error_sample, bounds=lambda p: (-spread_squared(p), spread_squared(p)))


def _loss_of_a_draw(key: Key, input_weights: Any, label_probs: Any, scores: Any) -> Scalar:
    uniform = jax.random.uniform(key, (2,))
    x = categorical(uniform[0], input_weights)
    y = categorical(uniform[1], label_probs[x])
    relative = jnp.exp(scores[x] - scores[x].max())
    return -jnp.log(relative[y] / relative.sum())


def _loss_bounds(input_weights: Any, label_probs: Any, scores: Any) -> tuple[float, Scalar]:
    return 0.0, jnp.max(scores) - jnp.min(scores) + jnp.log(scores.shape[1])


CROSS_ENTROPY = Draw(_loss_of_a_draw, bounds=_loss_bounds)


def _empirical_risks(uniform: Any, problem: HypothesisProblem, distilled: bool) -> Any:
    x = categorical(uniform[0], problem.input_weights)
    y = categorical(uniform[1], problem.label_probs[x])
    if distilled:
        return jnp.stack(
            [(problem.label_probs[x] * row[x]).sum(-1).mean() for row in problem.losses]
        )
    return jnp.stack([row[x, y].mean() for row in problem.losses])


def empirical_risk_draw(distilled: bool) -> Draw:
    """Returns the draw of the first hypothesis' empirical risk."""
    return Draw(
        lambda key, problem: _empirical_risks(
            jax.random.uniform(key, (2, problem.num_samples)), problem, distilled
        )[0],
        bounds=lambda problem: (problem.losses.min(), problem.losses.max()),
    )


def excess_risk_draw(distilled: bool) -> Draw:
    """Returns the draw of an empirical minimiser's loss on a test point, minus the best risk's.

    The best hypothesis is not known to a draw; its risk is replaced by the loss, on the same test
    point, of the hypothesis with the smallest sum over the whole (known) world.
    """

    def sample(key: Key, problem: HypothesisProblem) -> Scalar:
        # The sample, and one test point behind it.
        uniform = jax.random.uniform(key, (2, problem.num_samples + 1))
        chosen = jnp.argmin(_empirical_risks(uniform[:, 1:], problem, distilled))
        world = jnp.einsum(
            "i,ik,hik->h", problem.input_weights, problem.label_probs, problem.losses
        )
        x = categorical(uniform[0, 0], problem.input_weights)
        y = categorical(uniform[1, 0], problem.label_probs[x])
        return problem.losses[chosen, x, y] - problem.losses[jnp.argmin(world), x, y]

    def bounds(problem: HypothesisProblem) -> tuple[Scalar, Scalar]:
        spread = problem.losses.max() - problem.losses.min()
        return -spread, spread

    return Draw(sample, bounds=bounds)


def _design_risk(uniform: Any, parts: Any, distilled: bool) -> Scalar:
    design_weights, designs, label_probs, losses = parts
    x = designs[categorical(uniform[0], design_weights)].astype(int)
    if distilled:
        return (label_probs[x] * losses[x]).sum(-1).mean()
    return losses[x, categorical(uniform[1:], label_probs[x])].mean()


def design_variance_draw(distilled: bool) -> Draw:
    """Returns the draw of a risk's variance when the inputs follow any joint law."""

    def sample(key: Key, *parts: Any) -> Scalar:
        uniform = jax.random.uniform(key, (2, 1 + parts[1].shape[1]))
        first, second = (_design_risk(copy, parts, distilled) for copy in uniform)
        return 0.5 * (first - second) ** 2

    return Draw(
        sample, bounds=lambda _w, _d, _p, losses: (0.0, 0.5 * (losses.max() - losses.min()) ** 2)
    )
