"""Monte Carlo replicates from the definitions: draw an input, a label, a teacher; compute a loss.

Nothing here is shared with the exact evaluators.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.problems import FiniteProblem
from kdtheory.theorems._sampling import (
    COPIES,
    categorical,
    error_bounds,
    sample_mean,
    squared_error,
    uniforms,
)

# --- risks of predicted probabilities -------------------------------------------------------------


def _example(key: Key, input_weights: Any, label_probs: Any) -> tuple[Any, Any]:
    uniform = jax.random.uniform(key, (2,))
    x = categorical(uniform[0], input_weights)
    return x, categorical(uniform[1], label_probs[x])


def _four_losses(row: Any, y: Any) -> Any:
    """Returns the log, Brier and spherical losses, and that of the entropy 1 - sum of cubes."""
    outcome = jnp.arange(len(row)) == y
    surprise = jnp.where(row[y] > 0, -jnp.log(jnp.where(row[y] > 0, row[y], 1.0)), jnp.inf)
    cosine = row[y] / jnp.sqrt((row * row).sum())
    cubic = 1 + 2 * (row**3).sum() - 3 * row[y] ** 2
    return jnp.stack([surprise, ((outcome - row) ** 2).sum(), 1 - cosine, cubic])


def _mixed(loss_weights: Any, losses: Any) -> Scalar:
    return jnp.where(loss_weights > 0, loss_weights * losses, 0.0).sum()


def _risk_of(which: int) -> Draw:
    """Returns the draw of the mixed loss of one of the tables of an instance."""

    def sample(key: Key, *parts: Any) -> Scalar:
        x, y = _example(key, parts[0], parts[1])
        return _mixed(parts[4], _four_losses(parts[which][x], y))

    def bounds(*parts: Any) -> tuple[float, Scalar]:
        worst = -jnp.log(parts[which].min())
        return 0.0, _mixed(
            parts[4], jnp.stack([worst, 2 + 0 * worst, 1 + 0 * worst, 3 + 0 * worst])
        )

    return Draw(sample, bounds=bounds)


TEACHER_RISK, STUDENT_RISK = _risk_of(2), _risk_of(3)


def _excess_of(which: int, copies: int) -> Draw:
    """Returns the draw of a loss of a drawn teacher less that of the Bayes probabilities.

    The mean of several: a log loss is far below its bound most of the time.
    """

    def one(
        key: Key, input_weights: Any, label_probs: Any, teacher_weights: Any, teacher_probs: Any
    ) -> Scalar:
        key, coin = jax.random.split(key)
        x, y = _example(key, input_weights, label_probs)
        teacher = categorical(jax.random.uniform(coin), teacher_weights)
        drawn = _four_losses(teacher_probs[teacher, x], y)[which]
        return drawn - _four_losses(label_probs[x], y)[which]

    def sample(key: Key, *parts: Any) -> Scalar:
        return jax.vmap(lambda own: one(own, *parts))(jax.random.split(key, copies)).mean()

    def bounds(*parts: Any) -> tuple[Any, Any]:
        if which:
            return -2.0, 2.0
        present = jnp.where(parts[1] > 0, parts[1], 1.0)
        return jnp.log(present.min()), -jnp.log(parts[3].min())

    return Draw(sample, bounds=bounds)


LOG_EXCESS, BRIER_EXCESS = _excess_of(0, 16), _excess_of(1, 1)


# --- smoothing ------------------------------------------------------------------------------------


def _target_sample(key: Key, problem: FiniteProblem, amount: Any) -> Scalar:
    x, y = _example(key, problem.input_weights, problem.label_probs)
    labels = problem.label_probs.shape[1]
    target = jnp.where(jnp.arange(labels) == y, 1 - amount, 0.0) + amount / labels
    return ((target - problem.label_probs[x]) ** 2).sum()


TARGET_ERROR = Draw(_target_sample, bounds=lambda *_: (0.0, 2.0))


def _smoothed_sample(key: Key, problem: FiniteProblem, amount: Any) -> Scalar:
    uniform = uniforms(key, 1 + 2 * COPIES)
    x = categorical(uniform[0, 0], problem.input_weights)
    y = categorical(uniform[0, 1], problem.label_probs[x])
    values = (1 - amount) * problem.losses[x, y] + amount * problem.losses[x].mean(axis=-1)
    return squared_error(sample_mean(values, problem.num_samples), uniform[1:], problem)


SMOOTHED_ERROR = Draw(_smoothed_sample, bounds=error_bounds)


# --- two Gaussian classes -------------------------------------------------------------------------


def _auc_sample(key: Key, mean: Any, weights: Any) -> Scalar:
    noise = jax.random.normal(key, (2, *mean.shape))
    high, low = (noise[0] + mean) @ weights, (noise[1] - mean) @ weights
    return jnp.where(high > low, 1.0, jnp.where(high < low, 0.0, 0.5))


def _bayes_auc_sample(key: Key, mean: Any, _: Any) -> Scalar:
    return _auc_sample(key, mean, mean)


AUC = Draw(_auc_sample, bounds=lambda *_: (0.0, 1.0))
BAYES_AUC = Draw(_bayes_auc_sample, bounds=lambda *_: (0.0, 1.0))


def _accuracy_sample(key: Key, mean: Any, weights: Any) -> Scalar:
    label, noise = jax.random.split(key)
    sign = jnp.where(jax.random.bernoulli(label), 1.0, -1.0)
    score = (sign * mean + jax.random.normal(noise, mean.shape)) @ weights
    return jnp.where(score * sign > 0, 1.0, jnp.where(score * sign < 0, 0.0, 0.5))


def _bayes_accuracy_sample(key: Key, mean: Any, _: Any) -> Scalar:
    return _accuracy_sample(key, mean, mean)


ACCURACY = Draw(_accuracy_sample, bounds=lambda *_: (0.0, 1.0))
BAYES_ACCURACY = Draw(_bayes_accuracy_sample, bounds=lambda *_: (0.0, 1.0))


_NOISES = 8
"""How many teachers are drawn at one input: the mean of a product of two errors is a square."""


def _teacher_errors(key: Key, mean: Any, amount: Any, noise_std: Any) -> Any:
    """Draws an input; returns the errors of several draws of the teacher of Eq. 16 at it."""
    keys = jax.random.split(key, 3)
    sign = jnp.where(jax.random.bernoulli(keys[0]), 1.0, -1.0)
    point = sign * mean + jax.random.normal(keys[1], mean.shape)
    # The ratio of the two densities, by their exponents.
    odds = (((point + mean) ** 2).sum() - ((point - mean) ** 2).sum()) / 2
    noise = noise_std * jax.random.normal(keys[2], (_NOISES,))
    # The other label has the same error with the other sign.
    teacher = (1 - amount) / (1 + jnp.exp(-(odds + noise))) + amount / 2
    return teacher - 1 / (1 + jnp.exp(-odds))


def _bias_sample(key: Key, *parts: Any) -> Scalar:
    errors = _teacher_errors(key, *parts)
    pairs = errors.sum() ** 2 - (errors**2).sum()
    return 2 * pairs / (_NOISES * (_NOISES - 1))


def _variance_sample(key: Key, *parts: Any) -> Scalar:
    return 2 * jnp.var(_teacher_errors(key, *parts), ddof=1)


TEACHER_BIAS = Draw(_bias_sample, bounds=lambda *_: (-2.0 / (_NOISES - 1), 2.0))
TEACHER_VARIANCE = Draw(
    _variance_sample,
    # Half of the draws at either end of [0, 1].
    bounds=lambda *_: (0.0, 0.5 * _NOISES / (_NOISES - 1)),
)
