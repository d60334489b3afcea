r"""Stochastic gradient descent on finite sums: exact laws of its iterates, and simulated runs.

On a quadratic the first two moments follow a recursion (`quadratic_moments`); elsewhere every path
of a tiny problem is walked (`enumerated_distances`); `simulated_distances` draws runs.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import Key, Scalar
from kdtheory.objects.objectives import GradientLaw, QuadraticObjective, SoftmaxObjective

Oracle = Callable[[Any], GradientLaw]

MAX_PATHS = 1_000_000
"""How many paths are enumerated."""


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["objective", "start", "step_size"],
    meta_fields=["num_steps"],
)
@dataclasses.dataclass(frozen=True)
class QuadraticRun:
    r"""SGD on a quadratic whose optimum is zero.

    Attributes:
        objective: the quadratic.
        start: $\theta_0$, shape ``(features,)``.
        step_size: $\gamma$.
        num_steps: $T$, an int.
    """

    objective: QuadraticObjective
    start: Float[Array, "features"]
    step_size: Scalar
    num_steps: int


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["objective", "start", "step_size"],
    meta_fields=["num_steps"],
)
@dataclasses.dataclass(frozen=True)
class SoftmaxRun:
    r"""SGD on the cross-entropy of a linear softmax model.

    Attributes:
        objective: the world, without a pinned logit.
        start: $\theta_0$, in the gauge of $\theta^*$.
        step_size: $\gamma$.
        num_steps: $T$, an int.
    """

    objective: SoftmaxObjective
    start: Float[Array, "features labels"]
    step_size: Scalar
    num_steps: int


class Moments(NamedTuple):
    r"""The first two moments of $\theta_t-\theta^*$, coordinate by coordinate.

    Attributes:
        mean: shape ``(steps + 1, features)``.
        square: shape ``(steps + 1, features)``.
    """

    mean: Float[Array, "times features"]
    square: Float[Array, "times features"]

    @property
    def distances(self) -> Float[Array, "times"]:
        r"""$\mathbb E\|\theta_t-\theta^*\|^2$."""
        return jnp.sum(self.square, axis=1)


@functools.partial(jax.jit, static_argnames="num_steps")
def quadratic_moments(
    objective: QuadraticObjective,
    start: Float[Array, "features"],
    step_size: Scalar | float,
    *,
    num_steps: int,
) -> Moments:
    r"""Returns the exact moments of SGD on a quadratic, for $t=0,\dots,T$.

    In each coordinate $e\mapsto(1-\gamma c_i)e-\gamma v_i$, so that with $a_i=1-\gamma c_i$
    $\mathbb Ee^2\mapsto\overline{a^2}\,\mathbb Ee^2-2\gamma\,\overline{av}\,\mathbb Ee
    +\gamma^2\overline{v^2}$ and $\mathbb Ee\mapsto\bar a\,\mathbb Ee$.

    Args:
        objective: the quadratic.
        start: $\theta_0$.
        step_size: $\gamma$.
        num_steps: $T$.

    Returns:
        Means and mean squares.

    Example:
        >>> coin = QuadraticObjective.create([0.5, 0.5], [[1.0], [1.0]], [[1.0], [-1.0]])
        >>> quadratic_moments(coin, jnp.array([2.0]), 0.5, num_steps=2).distances.tolist()
        [4.0, 1.25, 0.5625]
    """
    weights, slopes = objective.weights, objective.gradients_at_optimum
    factors = 1 - step_size * objective.curvatures
    contraction, shrinkage = weights @ factors**2, weights @ factors
    coupling = -2 * step_size * (weights @ (factors * slopes))
    added = step_size**2 * (weights @ slopes**2)

    def step(state: Any, _: None) -> Any:
        mean, square = state
        state = shrinkage * mean, contraction * square + coupling * mean + added
        return state, state

    first = start - objective.optimum
    _, (means, squares) = jax.lax.scan(step, (first, first**2), None, length=num_steps)
    return Moments(
        jnp.concatenate([first[None], means]), jnp.concatenate([first[None] ** 2, squares])
    )


def num_branches(oracle: Oracle, parameters: Any) -> int:
    r"""Returns how many gradients one step may use.

    Args:
        oracle: $\theta$ -> the law of gradients there.
        parameters: $\theta$, of which the shape alone matters.
    """
    return int(jax.eval_shape(oracle, parameters).weights.shape[0])


def enumerated_paths(
    oracle: Oracle, start: Any, step_size: Scalar | float, *, num_steps: int
) -> Iterator[tuple[Float[Array, "paths"], Float[Array, "paths *parameters"]]]:
    r"""Yields the law of $\theta_t$ for $t=0,\dots,T$: chances of all paths, and where they end.

    Args:
        oracle: $\theta$ -> the law of gradients there.
        start: $\theta_0$.
        step_size: $\gamma$.
        num_steps: $T$.

    Raises:
        InputError: if there are more than `MAX_PATHS` paths.
    """
    first = jnp.asarray(start)
    branches = num_branches(oracle, first)
    if branches**num_steps > MAX_PATHS:
        _check.refuse(
            "num_steps",
            f"{branches}**{num_steps} paths",
            f"at most {MAX_PATHS}",
            "Take fewer steps, or draw runs with simulated_distances.",
        )

    @jax.jit
    def step(weights: Any, points: Any) -> Any:
        law = jax.vmap(oracle)(points)
        moved = points[:, None] - step_size * law.gradients
        reached = (weights[:, None] * law.weights).reshape(-1)
        return reached, moved.reshape(-1, *first.shape)

    weights, points = jnp.ones((1,), first.dtype), first[None]
    yield weights, points
    for _ in range(num_steps):
        weights, points = step(weights, points)
        yield weights, points


def squared_distances(
    points: Float[Array, "points *parameters"], optimum: Float[Array, "*parameters"]
) -> Float[Array, "points"]:
    r"""Returns $\|\theta-\theta^*\|^2$ of every point.

    Args:
        points: $\theta$, along the leading axis.
        optimum: $\theta^*$.
    """
    return jnp.sum((points - optimum[None]) ** 2, axis=tuple(range(1, points.ndim)))


def enumerated_distances(
    oracle: Oracle, start: Any, optimum: Any, step_size: Scalar | float, *, num_steps: int
) -> Float[Array, "times"]:
    r"""Returns $\mathbb E\|\theta_t-\theta^*\|^2$ for $t=0,\dots,T$, over all paths.

    Args:
        oracle: $\theta$ -> the law of gradients there.
        start: $\theta_0$.
        optimum: $\theta^*$, of the same shape.
        step_size: $\gamma$.
        num_steps: $T$.

    Raises:
        InputError: if there are more than `MAX_PATHS` paths.

    Example:
        >>> coin = QuadraticObjective.create([0.5, 0.5], [[1.0], [1.0]], [[1.0], [-1.0]])
        >>> start = jnp.array([2.0])
        >>> enumerated_distances(coin.gradients, start, coin.optimum, 0.5, num_steps=2).tolist()
        [4.0, 1.25, 0.5625]
    """
    paths = enumerated_paths(oracle, start, step_size, num_steps=num_steps)
    return jnp.stack([weights @ squared_distances(points, optimum) for weights, points in paths])


def simulated_distances(
    key: Key,
    oracle: Oracle,
    start: Float[Array, "*parameters"],
    optimum: Float[Array, "*parameters"],
    step_size: Scalar | float,
    *,
    num_steps: int,
    num_runs: int,
) -> Float[Array, "runs times"]:
    r"""Returns $\|\theta_t-\theta^*\|^2$ for $t=0,\dots,T$ of runs that are drawn.

    Args:
        key: randomness.
        oracle: $\theta$ -> the law of gradients there.
        start: $\theta_0$.
        optimum: $\theta^*$.
        step_size: $\gamma$.
        num_steps: $T$.
        num_runs: how many independent runs.
    """

    def run(key: Key) -> Any:
        def step(point: Any, key: Key) -> Any:
            law = oracle(point)
            drawn = jax.random.choice(key, law.weights.shape[0], p=law.weights)
            moved = point - step_size * law.gradients[drawn]
            return moved, jnp.sum((moved - optimum) ** 2)

        _, distances = jax.lax.scan(step, start, jax.random.split(key, num_steps))
        return jnp.concatenate([jnp.sum((start - optimum) ** 2)[None], distances])

    return jax.vmap(run)(jax.random.split(key, num_runs))
