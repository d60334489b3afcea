"""Monte Carlo replicates straight from the definitions: draw a sample, compute the risks on it.

Nothing here is shared with the exact evaluators. Whole samples are drawn; a variance comes from
`COPIES` independent samples.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.problems import FiniteProblem, HypothesisProblem

MAX_DRAWN = 8
"""The largest sample that is drawn; every domain of this room keeps N below it."""

COPIES = 4
"""How many samples one replicate of a variance takes: three times as many tell as with two."""


def categorical(uniform: Any, weights: Float[Array, "*batch atoms"]) -> Any:
    """Returns indices drawn by inverting the cumulative weights along the last axis."""
    levels = jnp.cumsum(weights, axis=-1)
    return jnp.sum((uniform * levels[..., -1])[..., None] >= levels[..., :-1], axis=-1)


def _sample_mean(values: Float[Array, "drawn"], num_samples: Scalar) -> Scalar:
    """Returns the mean of the first N values (the others were drawn but do not exist)."""
    present = jnp.arange(MAX_DRAWN) < num_samples
    return jnp.sum(jnp.where(present, values, 0.0)) / num_samples


def _uniforms(key: Key, copies: int) -> Any:
    """Returns the randomness of whole samples: two uniforms for every example of every copy."""
    # Single precision: no probability is off by more than 1e-7, and half the bits are needed.
    return jax.random.uniform(key, (copies, 2, MAX_DRAWN), jnp.float32)


def _onehot_risk(uniform: Any, problem: FiniteProblem) -> Scalar:
    x = categorical(uniform[0], problem.input_weights)
    y = categorical(uniform[1], problem.label_probs[x])
    return _sample_mean(problem.losses[x, y], problem.num_samples)


def _bayes_risk(uniform: Any, problem: FiniteProblem) -> Scalar:
    x = categorical(uniform[0], problem.input_weights)
    # A soft label scores every possible label, weighted: p*(x_n)^T l(f(x_n)).
    values = jax.vmap(jnp.dot)(problem.label_probs[x], problem.losses[x])
    return _sample_mean(values, problem.num_samples)


def _fresh_teacher_risk(uniform: Any, problem: FiniteProblem) -> Scalar:
    x = categorical(uniform[0], problem.input_weights)
    teacher = categorical(uniform[1], problem.teacher_weights)
    values = jax.vmap(jnp.dot)(problem.teacher_probs[teacher, x], problem.losses[x])
    return _sample_mean(values, problem.num_samples)


def _variance(risk: Any, uniform: Any, problem: FiniteProblem) -> Scalar:
    """Returns the unbiased variance of a risk over several samples."""
    values = jax.vmap(risk, in_axes=(0, None))(uniform, problem)
    return jnp.var(values, ddof=1)


def _spread_squared(problem: FiniteProblem) -> Scalar:
    return (problem.losses.max() - problem.losses.min()) ** 2


def _largest_variance(problem: FiniteProblem) -> Scalar:
    # Half of the values at either end.
    return _spread_squared(problem) * COPIES / (4 * (COPIES - 1))


VARIANCE_ONEHOT = Draw(
    lambda key, p: _variance(_onehot_risk, _uniforms(key, COPIES), p),
    bounds=lambda p: (0.0, _largest_variance(p)),
)
VARIANCE_BAYES = Draw(
    lambda key, p: _variance(_bayes_risk, _uniforms(key, COPIES), p),
    bounds=lambda p: (0.0, _largest_variance(p)),
)


def _gap_sample(key: Key, problem: FiniteProblem) -> Scalar:
    uniform = _uniforms(key, COPIES)
    onehot = _variance(_onehot_risk, uniform, problem)
    return onehot - _variance(_bayes_risk, uniform, problem)


VARIANCE_GAP = Draw(_gap_sample, bounds=lambda p: (-_largest_variance(p), _largest_variance(p)))


def _error_sample(key: Key, problem: FiniteProblem) -> Scalar:
    # E(R~ - R)^2 = E(R~ - A)(R~ - B) for independent unbiased estimates A and B of the risk R.
    uniform = _uniforms(key, 1 + 2 * COPIES)
    distilled = _fresh_teacher_risk(uniform[0], problem)
    risks = jax.vmap(_bayes_risk, in_axes=(0, None))(uniform[1:], problem)
    first, second = risks[:COPIES].mean(), risks[COPIES:].mean()
    return (distilled - first) * (distilled - second)


FRESH_ERROR = Draw(_error_sample, bounds=lambda p: (-_spread_squared(p), _spread_squared(p)))


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
    """Returns the draw of the risk of an empirical minimiser in excess of the smallest risk.

    Only samples are drawn, several for one replicate since a wrong choice is rare; what a
    minimiser risks in the world is a sum.
    """

    def sample(key: Key, problem: HypothesisProblem) -> Scalar:
        uniform = jax.random.uniform(key, (4 * COPIES, 2, problem.num_samples), jnp.float32)
        risks = jax.vmap(_empirical_risks, in_axes=(0, None, None))(uniform, problem, distilled)
        world = jnp.einsum(
            "i,ik,hik->h", problem.input_weights, problem.label_probs, problem.losses
        )
        return jnp.mean(world[jnp.argmin(risks, axis=-1)]) - world.min()

    def bounds(problem: HypothesisProblem) -> tuple[Scalar, Scalar]:
        spread = problem.losses.max() - problem.losses.min()
        return 0.0 * spread, spread

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
        uniform = jax.random.uniform(key, (COPIES, 1 + parts[1].shape[1]), jnp.float32)
        risks = jax.vmap(_design_risk, in_axes=(0, None, None))(uniform, parts, distilled)
        return jnp.var(risks, ddof=1)

    def bounds(*parts: Any) -> tuple[float, Scalar]:
        return 0.0, (parts[3].max() - parts[3].min()) ** 2 * COPIES / (4 * (COPIES - 1))

    return Draw(sample, bounds=bounds)
