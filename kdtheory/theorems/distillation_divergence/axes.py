"""Worlds along which the claims on processes are drawn, and the axes that several of them share."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory.claim import Axis
from kdtheory.objects.algorithms import StableAlgorithm
from kdtheory.objects.processes import DistillationProcess
from kdtheory.theorems.distillation_divergence.worlds import process_case, with_tilt

UNIT_STEPS = tuple(k / 64 for k in range(65))


def _drawn_to(dataset: int, share: Any, first: float) -> DistillationProcess:
    """Returns a teacher that learns nothing of two tosses, and a student drawn to some of them.

    The loss is the toss. The hypotheses do not differ.
    """
    once = jnp.asarray([first, 1 - first])
    tosses = jnp.outer(once, once).reshape(-1)
    law = (1 - share) * tosses + share * jnp.eye(4)[dataset]
    half = [[0.5, 0.5]] * 4
    return process_case(once, [[0.0, 1.0]] * 2, half, 0.5 * jnp.stack([law, law], 1), samples=2)


TOWARDS_LUCK = Axis(
    "how often the student is given the data set with the lowest loss, of two tosses of a coin",
    UNIT_STEPS,
    lambda share: _drawn_to(0, share, 0.25),
)
"""At either end the Cramer-Chernoff bound is attained: by the teacher, and by the largest gap."""

TOWARDS_BAD_LUCK = Axis(
    "how often the student is given the data set with the highest loss, of two tosses of a coin",
    UNIT_STEPS,
    lambda share: _drawn_to(3, share, 0.75),
)

TILT = Axis(
    "l, by which the student is a tilt of the teacher, two tosses of a coin",
    tuple(k / 8 for k in range(65)),
    lambda argument: with_tilt(_drawn_to(0, 0.0, 0.25), argument),
)


def _swapping(preference: Any) -> DistillationProcess:
    """Returns a student that sees luckier data, and may prefer one of two equal hypotheses."""
    share = jnp.stack([1 + preference, 1 - preference]) / 2
    law = jnp.outer(jnp.asarray([0.75, 0.25]), share)
    return process_case([0.5, 0.5], [[0.0, 1.0]] * 2, [[0.5, 0.5]] * 2, law)


PREFERENCE = Axis(
    "preference of the student for one of two hypotheses with the same losses",
    tuple(k / 32 - 1 for k in range(65)),
    _swapping,
)


def _luck_at_one_input(luck: Any) -> DistillationProcess:
    """Returns an easy and a hard input, and a student whose labels are luckier at the hard one."""
    half = jnp.full((4, 2), 0.5)
    weights = jnp.asarray([0.25, 0.25, 0.4375, 0.0625])
    labels = weights + 0.25 * luck * jnp.asarray([1.0, -1.0, 0.0, 0.0])
    losses = [[0.0, 1.0, 0.0, 1.0]] * 2
    return process_case(weights, losses, half, labels[:, None] * half, inputs=(0, 0, 1, 1))


LUCK_AT_ONE_INPUT = Axis(
    "how much luckier the student's labels are, at the harder of two inputs",
    UNIT_STEPS,
    _luck_at_one_input,
)


def _moved(beta: Any) -> StableAlgorithm:
    """Returns a teacher that learns from its one example how to do on a third, by beta."""
    third = jnp.stack([1 + beta, 1 - beta, jnp.ones_like(beta)]) / 2
    losses = jnp.stack([jnp.zeros_like(third), jnp.ones_like(third), third], axis=-1)
    weights = jnp.asarray([0.25, 0.25, 0.5], losses.dtype)
    return StableAlgorithm(weights, jnp.ones(1, losses.dtype), losses[None], beta, 1)


def _moved_either_way(beta: Any) -> StableAlgorithm:
    """Returns the same, whose seed decides whether it learns the right way or the wrong way."""
    one, other = _moved(beta), _moved(-beta)
    losses = jnp.concatenate([one.losses, other.losses])
    law = jnp.full(2, 0.5, losses.dtype)
    return dataclasses.replace(one, seed_weights=law, losses=losses)


STABILITY = Axis("beta, by which one example moves a loss, N = 1", UNIT_STEPS, _moved)
SEEDED_STABILITY = Axis(
    "beta, by which one example moves a loss, one way or the other by the seed, N = 1",
    UNIT_STEPS,
    _moved_either_way,
)
