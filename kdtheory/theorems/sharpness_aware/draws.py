"""Gaps and sharpness as Monte Carlo replicates: draw the data, the hypothesis, and U."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.cosines import CosineTeacher
from kdtheory.objects.smoothness import NodeTeacher, PerturbedProcess
from kdtheory.theorems._sampling import categorical


def uniform_in_ball(key: Key, dimension: int) -> Float[Array, "dimensions"]:
    """Returns a point of the unit ball: a direction, and a radius whose p-th power is uniform."""
    first, second = jax.random.split(key)
    normal = jax.random.normal(first, (dimension,))
    length = jax.random.uniform(second, ()) ** (1.0 / dimension)
    return length * normal / jnp.linalg.norm(normal)


def _loss(point: Any, direction: Any, phase: Any) -> Any:
    return 0.5 * (1.0 - jnp.cos(jnp.dot(direction, point) - phase))


def _data(uniform: Any, weights: Any) -> tuple[list[Any], Any]:
    """Draws independent examples, and returns them with the index of their sequence."""
    examples, index = [categorical(u, weights) for u in uniform], jnp.asarray(0)
    for example in examples:
        index = index * len(weights) + example
    return examples, index


def _rise(key: Key, point: Any, uniform: Any, world: CosineTeacher) -> Scalar:
    """Draws an example and U, and returns how much the loss of the example rises."""
    example = categorical(uniform, world.example_weights)
    line = world.directions[example], world.phases[example]
    away = world.radius * uniform_in_ball(key, len(point))
    return _loss(point + away, *line) - _loss(point, *line)


def _teacher_sharpness(key: Key, world: CosineTeacher) -> Scalar:
    first, second = jax.random.split(key)
    uniform = jax.random.uniform(first, (world.num_samples + 1,))
    _, index = _data(uniform[1:], world.example_weights)
    return _rise(second, world.learned[index], uniform[0], world)


def _student_gap(key: Key, world: PerturbedProcess, *_: Any) -> Scalar:
    """Draws a data set, the student's hypothesis and a fresh example, and compares the losses."""
    law, losses = world.process.student_law, world.process.losses
    uniform = jax.random.uniform(key, (2,))
    pair = categorical(uniform[0], law.reshape(-1))
    index, own = pair // law.shape[1], losses[pair % law.shape[1]]
    count, size = losses.shape[1], world.process.num_samples
    data = [index // count**place % count for place in range(size)]
    fresh = own[categorical(uniform[1], world.process.example_weights)]
    return fresh - sum(own[example] for example in data) / size


def _rerun_gap(key: Key, world: NodeTeacher, student_data: Any) -> Scalar:
    """Draws the student's example and a fresh one, and compares their losses at what is learned."""
    uniform = jax.random.uniform(key, (2,))
    own = categorical(uniform[0], student_data)
    fresh = categorical(uniform[1], world.example_weights)
    at = world.choices[own].astype(int) + 1
    return world.values[fresh, at] - world.values[own, at]


def _unit_interval(*_: Any) -> tuple[float, float]:
    """Returns minus and plus the range of the losses."""
    return -1.0, 1.0


STUDENT_GAP = Draw(_student_gap, bounds=_unit_interval)
RERUN_GAP = Draw(_rerun_gap, bounds=_unit_interval)
LEARNED_SHARPNESS = Draw(_teacher_sharpness, bounds=_unit_interval)


def _cosine(key: Key, vector: Any, radius: Any) -> Scalar:
    """Returns 1 - cos(a U) for a drawn U."""
    return 1.0 - jnp.cos(jnp.dot(vector, radius * uniform_in_ball(key, len(vector))))


def _norm(key: Key, vector: Any, radius: Any) -> Scalar:
    return jnp.linalg.norm(radius * uniform_in_ball(key, len(vector)))


def _squared_norm(key: Key, vector: Any, radius: Any) -> Scalar:
    return jnp.sum((radius * uniform_in_ball(key, len(vector))) ** 2)


def _squared_coordinate(key: Key, vector: Any, radius: Any) -> Scalar:
    return (radius * uniform_in_ball(key, len(vector))[0]) ** 2


def _absolute_coordinate(key: Key, vector: Any, radius: Any) -> Scalar:
    return jnp.abs(radius * uniform_in_ball(key, len(vector))[0])


def _up_to_radius(_: Any, radius: Any) -> tuple[float, Any]:
    return 0.0, radius


def _up_to_square(_: Any, radius: Any) -> tuple[float, Any]:
    return 0.0, radius * radius


COSINE = Draw(_cosine, bounds=lambda *_: (0.0, 2.0))
MOMENTS = {
    "norm": Draw(_norm, bounds=_up_to_radius),
    "squared norm": Draw(_squared_norm, bounds=_up_to_square),
    "squared coordinate": Draw(_squared_coordinate, bounds=_up_to_square),
    "absolute coordinate": Draw(_absolute_coordinate, bounds=_up_to_radius),
}
