"""Domains and instances that the claims of the room share."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Axis, Case
from kdtheory.domains import Domain, box, simplex, stochastic
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.theorems._domains import extended

# At 1/2 and below, the covering number over delta is at least 2.
_LEVELS = box(1 / 64, 1 / 2)

FEW, MANY = 128, 8192
"""The sample sizes with a teacher. One input has one type of sample, however many samples."""


def _as_tuple(*parts: Any) -> tuple[Any, ...]:
    return parts


def classes(size: tuple[int, ...]) -> Domain:
    """Returns the worlds with m inputs, L labels, K hypotheses with losses in [0, 1], and N."""
    m, labels, hypotheses, num_samples = size
    if num_samples < 2:
        raise ValueError(
            f"size: got N = {num_samples}; expected N >= 2. A sample variance takes two samples."
        )
    parts = simplex(m) * stochastic(m, labels) * box(0, 1, hypotheses, m, labels)
    return parts.named("input_weights", "label_probs", "losses").map(
        lambda weights, probs, losses: HypothesisProblem(weights, probs, losses, num_samples),
        lambda problem: (problem.input_weights, problem.label_probs, problem.losses),
    )


def levelled_classes(size: tuple[int, ...]) -> Domain:
    """Returns the worlds of `classes` with a failure probability delta."""
    return extended(classes(size), _LEVELS.named("level"), _as_tuple, _as_tuple)


def taught_classes(size: tuple[int, ...]) -> Domain:
    """Returns the worlds of `classes` with a delta, and a teacher of T tables, the first one p*.

    That one table is right restricts nothing: its weight may be zero.
    """
    m, labels, hypotheses, teachers, num_samples = size
    if num_samples not in (FEW, MANY):
        raise ValueError(
            f"size: got N = {num_samples}; expected {FEW} or {MANY}. With fewer the bound exceeds"
            " every loss."
        )
    base = classes((m, labels, hypotheses, num_samples))
    extra = simplex(teachers) * stochastic(teachers - 1, m, labels) * _LEVELS
    named = extra.named("teacher_weights", "other_probs", "level")
    return extended(base, named, _as_tuple, _as_tuple)


def problem(weights: Any, probs: Any, losses: Any, num_samples: int) -> HypothesisProblem:
    """Returns a world with a static sample size from nested lists."""
    weights, probs, losses = arrays(weights, probs, losses)
    return HypothesisProblem(weights, probs, losses, num_samples)


def case(weights: Any, probs: Any, losses: Any, num_samples: int, *others: Any) -> tuple[Any, ...]:
    """Returns an instance from nested lists: a world, and the parts that come after it."""
    rest = arrays(*others)
    return (problem(weights, probs, losses, num_samples), *rest)


def _inside_the_unit_interval(world: HypothesisProblem, *_: Any) -> Scalar:
    return jnp.min(jnp.minimum(world.losses, 1.0 - world.losses))


LEVELS = tuple(k / 64 for k in range(1, 33))
"""From 1/64 to 1/2, as in the domains."""


def along_levels(num_samples: int, hypotheses: int = 1, share: float = 0.5) -> Axis:
    """Returns the axis of delta for a loss that is 0 or 1.

    Args:
        num_samples: N.
        hypotheses: how many functions there are; every second one has its losses swapped.
        share: how often the first of them has a loss of 1.
    """
    losses = [[[0, 1], [0, 1]], [[1, 0], [1, 0]]] * hypotheses
    known = [[1, 0], [0, 1]]

    def make(level: Any) -> Any:
        return case([1 - share, share], known, losses[:hypotheses], num_samples, level)

    return Axis(
        f"delta, for a loss of 1 with probability {share:g}, N = {num_samples}", LEVELS, make
    )


BOUNDED = Assumption(
    "bounded losses",
    "losses in [0, 1]; the softmax cross-entropy is bounded only as far as its scores are",
    _inside_the_unit_interval,
)


def rare_loss(value: float, share: float, num_samples: int, level: float) -> Case:
    """Returns the broken case of a loss far outside [0, 1] on few of the inputs.

    Args:
        value: the loss.
        share: the weight of the input where it occurs.
        num_samples: N.
        level: delta.
    """
    losses = [[[0, value], [0, value]]]
    return Case(
        "rare loss of another size",
        lambda: case([1 - share, share], [[1, 0], [0, 1]], losses, num_samples, level),
        f"a loss of {value:g} with probability {share:g}: what a sample of {num_samples} shows"
        " of it is not what it costs",
        BOUNDED.name,
    )
