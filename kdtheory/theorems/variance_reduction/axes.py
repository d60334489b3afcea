"""Worlds along which the claims of the room are drawn, and the axes that several of them share."""

from __future__ import annotations

from typing import Any

from kdtheory._numerics import arrays
from kdtheory.claim import Axis
from kdtheory.objects.problems import FiniteProblem
from kdtheory.theorems.variance_reduction.worlds import teacher_case, world

UNIT_STEPS = tuple(k / 64 for k in range(65))
HALF_STEPS = tuple(k / 128 for k in range(65))
SAMPLE_SIZES = tuple(float(n) for n in range(1, 33))


def flipped(noise: Any) -> list[list[Any]]:
    """Returns the law of two labels at two inputs that expect different ones, flipped sometimes."""
    return [[1 - noise, noise], [noise, 1 - noise]]


LABEL_NOISE = Axis(
    "label noise: how often the label of either input is flipped, N = 2",
    HALF_STEPS,
    lambda noise: world([0.75, 0.25], flipped(noise), [[0, 1], [0, 1]], 2),
)


def from_bayes_to_labels(share: Any, num_samples: Any = 2.0) -> FiniteProblem:
    """Returns an unbiased teacher: so far from the Bayes probabilities towards drawn labels."""
    coin = [[(1 + share) / 2, (1 - share) / 2], [(1 - share) / 2, (1 + share) / 2]]
    tables = [[row, [1, 0]] for row in coin]
    return teacher_case(
        [0.5, 0.5], [[0.5, 0.5], [1, 0]], [[0, 1], [0.25, 1]], [0.5, 0.5], tables, num_samples
    )


TEACHER_NOISE = Axis(
    "teacher's noise, from the Bayes probabilities (0) to drawn labels (1), N = 2",
    UNIT_STEPS,
    from_bayes_to_labels,
)

NULL_INPUT = Axis(
    "how much the loss varies at an input of probability zero",
    UNIT_STEPS,
    lambda spread: world([1, 0], [[1, 0], [0.5, 0.5]], [[0, 0], [0, spread]]),
)

WEIGHT_OF_INPUT = Axis(
    "probability of the one input where the loss varies",
    UNIT_STEPS,
    lambda weight: world([1 - weight, weight], [[1, 0], [0.5, 0.5]], [[0, 0], [0, 1]]),
)


def correlated_pair(correlation: Any) -> tuple[Any, ...]:
    """Returns two inputs, each of two equally likely values, with a correlation."""
    same = (1 + correlation) / 4
    parts = (
        [same, same, 1 - 2 * same],
        [[0, 0], [1, 1], [0, 1]],
        flipped(0.25),
        [[0, 1], [0, 1]],
    )
    return arrays(*parts)
