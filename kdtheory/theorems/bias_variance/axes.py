"""Worlds along which the claims of the room are drawn, and the axes that several of them share."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory.claim import Axis
from kdtheory.objects.problems import FiniteProblem, SampledProblem
from kdtheory.theorems.bias_variance.worlds import sampled, with_constant, world
from kdtheory.theorems.variance_reduction.axes import (
    HALF_STEPS,
    TEACHER_NOISE,
    UNIT_STEPS,
    flipped,
    from_bayes_to_labels,
)


def _sampled(problem: FiniteProblem) -> SampledProblem:
    """Returns the same world with two samples, whatever they are."""
    rows = jnp.broadcast_to(problem.teacher_weights[None], (4, len(problem.teacher_weights)))
    return SampledProblem(
        problem.input_weights, problem.label_probs, problem.losses, rows, problem.teacher_probs, 2
    )


SAMPLED_NOISE = Axis(
    TEACHER_NOISE.label, UNIT_STEPS, lambda share: _sampled(from_bayes_to_labels(share))
)

SAMPLED_BIAS = Axis(
    "teacher's probability of the first label, truly 1/2, N = 2",
    UNIT_STEPS,
    lambda first: sampled(
        [0.5, 0.5],
        [[0.5, 0.5], [0, 1]],
        [[0, 1], [0.25, 0.5]],
        [[1]] * 4,
        [[[first, 1 - first], [0, 1]]],
        2,
    ),
)

BIAS = Axis(
    "how often the teacher takes one label for the other, truly 1/4, N = 2, C = 2",
    HALF_STEPS,
    lambda share: with_constant(
        2, [0.5, 0.5], flipped(0.25), [[0, 1], [0, 1]], [1], [flipped(share)], 2
    ),
)


def _sometimes_bad(chance: Any, num_samples: Any = 2) -> tuple[Any, ...]:
    """Labels are certain; one teacher in so many is wrong at one input, undecided at the other."""
    right, bad = [[1, 0, 0]] * 2, [[0, 1, 0], [0.5, 0.5, 0]]
    losses = [[0, 1, 0.5], [0, 0.5, 0.25]]
    return [0.5, 0.5], right, losses, [1 - chance, chance], [right, bad], num_samples


_BAD = "chance of a bad teacher, wrong at one input and undecided at another, N = 2"

CHANCE = Axis(_BAD, UNIT_STEPS, lambda chance: world(*_sometimes_bad(chance)))

CHANCE_WITH_CONSTANT = Axis(
    f"{_BAD}, C = 3", UNIT_STEPS, lambda chance: with_constant(3, *_sometimes_bad(chance))
)

DOUBLINGS = (*map(float, range(1, 9)), *(2.0**k for k in range(4, 15)))
"""Sample sizes: those that are drawn, and larger ones."""


def often_drawn(num_samples: Any) -> FiniteProblem:
    """Returns a world where one teacher in eight is bad, and so many samples."""
    return world(*_sometimes_bad(0.125, num_samples))


def _unbiased_and_noisy(noise: Any) -> SampledProblem:
    """Returns a teacher that draws labels with some probability, and knows p* otherwise."""
    labels = [[[1, 0], [1, 0]], [[0, 1], [1, 0]]]
    bayes = [[0.5, 0.5], [1, 0]]
    rows = [[noise / 2, noise / 2, 1 - noise]] * 4
    return sampled([0.5, 0.5], bayes, [[0, 1], [0.25, 1]], rows, [*labels, bayes], 2)


UNBIASED_AND_NOISY = Axis(
    "how often the teacher draws a label, and is the Bayes teacher otherwise, N = 2",
    UNIT_STEPS,
    _unbiased_and_noisy,
)


def _turned(angle: Any) -> tuple[Any, Any]:
    """Returns the uniform law of three labels, and one at a distance of 1/4 in some direction."""
    along = jnp.asarray([2.0, -1.0, -1.0]) / math.sqrt(6)
    across = jnp.asarray([0.0, 1.0, -1.0]) / math.sqrt(2)
    radians = jnp.deg2rad(angle)
    uniform = jnp.full(3, 1 / 3)
    return uniform, uniform + 0.25 * (jnp.cos(radians) * along + jnp.sin(radians) * across)


def _turned_with_constant(angle: Any) -> tuple[Any, ...]:
    return (*_turned(angle), *arrays([1, 0, 0], 2 / 3))


_DEGREES = tuple(5.0 * k for k in range(37))

ANGLE_OF_LOSSES = Axis(
    "degrees between q - p and the losses (1, 0, 0), at C = C*(3) = 2/3",
    _DEGREES,
    _turned_with_constant,
)

ANGLE = Axis("degrees between q - p and (2, -1, -1), at a distance of 1/4", _DEGREES, _turned)
