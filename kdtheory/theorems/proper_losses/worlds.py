"""Domains and units that the claims of the room share."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.domains import Domain, box, reals, simplex, stochastic
from kdtheory.objects.problems import FiniteProblem
from kdtheory.theorems._domains import extended
from kdtheory.theorems.variance_reduction.worlds import world, worlds

LOSSES = 4
"""The log, Brier and spherical losses, and one made from a concave function."""


def predictions(size: tuple[int, ...]) -> Domain:
    r"""Returns worlds with a teacher, a student, and a mixture of four proper losses.

    Args:
        size: inputs, labels.
    """
    m, labels = size
    parts = simplex(m) * stochastic(m, labels) * stochastic(m, labels) * stochastic(m, labels)
    names = "input_weights", "label_probs", "teacher_probs", "student_probs", "loss_weights"
    return (parts * box(0, 1, LOSSES)).named(*names)


def teachers(size: tuple[int, ...]) -> Domain:
    r"""Returns worlds with a random teacher.

    Args:
        size: inputs, labels, teacher draws.
    """
    m, labels, draws = size
    parts = simplex(m) * stochastic(m, labels) * simplex(draws) * stochastic(draws, m, labels)
    return parts.named("input_weights", "label_probs", "teacher_weights", "teacher_probs")


def smoothed_worlds(size: tuple[int, ...]) -> Domain:
    r"""Returns the pairs of a world with losses in [0, 1] and an amount of smoothing in [0, 1].

    Args:
        size: inputs, labels.
    """
    return extended(
        worlds(size),
        box(0, 1).named("amount"),
        lambda problem, amount: (problem, amount),
        lambda problem, amount: (problem, amount),
    )


def smoothed(
    weights: Any, probs: Any, losses: Any, num_samples: Any, amount: Any
) -> tuple[FiniteProblem, Any]:
    """Returns a world from nested lists, and an amount of smoothing."""
    return world(weights, probs, losses, num_samples), *arrays(amount)


def two_temperatures(size: tuple[int, ...]) -> Domain:
    r"""Returns logits and two temperatures.

    Args:
        size: labels.
    """
    return (reals(*size) * box(0.5, 4) * box(0.5, 4)).named("logits", "T", "T'")


def overconfident_teachers(size: tuple[int, ...]) -> Domain:
    r"""Returns worlds with $p^* = \mathrm{softmax}(z^*)$ and a teacher whose logits are $kz^*$.

    Args:
        size: inputs, labels.
    """
    m, labels = size
    parts = simplex(m) * reals(m, labels) * box(0.5, 4) * box(0.5, 4) * box(0.5, 4)
    return parts.named("input_weights", "bayes_logits", "confidence", "T", "T'")


def matched_logits(size: tuple[int, ...]) -> Domain:
    r"""Returns the logits of a teacher and of a student, and a temperature.

    Args:
        size: labels.
    """
    parts = box(-2, 2, *size) * box(-2, 2, *size) * box(1, 16)
    return parts.named("teacher_logits", "student_logits", "T")


def distortions(size: tuple[int, ...]) -> Domain:
    r"""Returns probabilities $u$ and an exponent $\alpha\ge1$.

    Args:
        size: how many probabilities.
    """
    return (box(0, 1, *size) * box(1, 16)).named("probs", "exponent")


def scores(size: tuple[int, ...]) -> Domain:
    r"""Returns the mean $\mu$ of one of two Gaussian classes, and the weights of a linear score.

    Args:
        size: features.
    """
    return (box(-2, 2, *size) * box(-1, 1, *size)).named("mean", "weights")


def points(size: tuple[int, ...]) -> Domain:
    r"""Returns the mean $\mu$ of one of two balanced Gaussian classes, and a point.

    Args:
        size: features.
    """
    return (
        (box(-2, 2, *size) * box(-2, 2, *size))
        .named("mean", "point")
        .map(
            lambda mean, point: (mean, point, jnp.full((), 0.5, mean.dtype)),
            lambda instance: instance[:2],
        )
    )


def noisy_teachers(size: tuple[int, ...]) -> Domain:
    r"""Returns two Gaussian classes that overlap, and a teacher of Eq. 16.

    Args:
        size: features.
    """
    parts = box(-0.5, 0.5, *size) * box(0, 1) * box(0, 1)
    return parts.named("mean", "amount", "noise_std")


def monotone_teachers(size: tuple[int, ...]) -> Domain:
    r"""Returns classes at $\pm r$, a strictly increasing teacher, and where a student starts.

    Args:
        size: at how many scores the teacher is given, at least two.

    Raises:
        ValueError: for a single score.
    """
    (count,) = size
    if count < 2:
        raise ValueError(f"monotone teachers: got {count} score; expected two or more. Add scores.")
    parts = box(0.25, 1.5) * simplex(count + 1) * box(-1, 1, 2)
    return parts.named("separation", "steps", "start").map(
        lambda gap, steps, start: (gap, increasing_teacher(steps), start),
        lambda instance: (instance[0], _steps_of(instance[1]), instance[2]),
    )


def increasing_teacher(steps: Any) -> Any:
    r"""Returns probabilities in $[\tfrac1{16},\tfrac{15}{16}]$ that rise by the steps, or more.

    Args:
        steps: a distribution: the steps before, between and after the scores. A quarter of every
            step is that of equal steps, so that the teacher is nowhere constant.
    """
    mixed = 0.75 * steps + 0.25 / len(steps)
    return 1 / 16 + 7 / 8 * jnp.cumsum(mixed)[:-1]


def _steps_of(teacher: Any) -> Any:
    inside = (teacher - 1 / 16) * (8 / 7)
    mixed = jnp.diff(inside, prepend=0.0, append=1.0)
    return (mixed - 0.25 / len(mixed)) / 0.75


def combined(loss_weights: Any, values: Any) -> Scalar:
    """Returns a mixture of values; one without weight may be infinite."""
    used = loss_weights > 0
    return jnp.sum(jnp.where(used, loss_weights * jnp.where(used, values, 0.0), 0.0))
