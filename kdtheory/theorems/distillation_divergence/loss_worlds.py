"""Domains of the claims on distillation losses: students with bounded logits."""

from __future__ import annotations

import dataclasses

from kdtheory.domains import Domain, box, integers, positive, simplex, stochastic
from kdtheory.objects.algorithms import LogitAlgorithm, StableAlgorithm
from kdtheory.theorems.distillation_divergence import distillation_loss

STUDENT_SIZES = ((3,), (2,))
"""(labels,)"""

FIXED_SIZES = ((2, 3), (2, 1))
"""(examples, labels)"""

TEACHER_SIZES = ((2, 2, 1, 2), (1, 2, 1, 2))
"""(seeds, examples, samples, labels)"""

LOGIT_BOUNDS = box(0, 3)
TEMPERATURES = box(0.5, 4)


def students(size: tuple[int, ...]) -> Domain:
    """Returns one prediction and its target: (fractions of the bound, target, bound, T)."""
    (labels,) = size
    parts = box(-1, 1, labels) * simplex(labels) * positive() * positive()
    return parts.named("logit_fractions", "target", "logit_bound", "temperature")


def pairs_of_students(size: tuple[int, ...]) -> Domain:
    """Returns two predictions and their target: (fractions, others, target, bound, T)."""
    (labels,) = size
    fractions = box(-1, 1, labels)
    parts = fractions * fractions * simplex(labels) * positive() * positive()
    names = ("logit_fractions", "other_fractions", "target", "logit_bound", "temperature")
    return parts.named(*names)


def fixed_hypotheses(size: tuple[int, ...]) -> Domain:
    """Returns a student that does not depend on the data: (weights, fractions, targets, ..., n)."""
    examples, labels = size
    parts = simplex(examples) * box(-1, 1, examples, labels) * stochastic(examples, labels)
    parts = parts * LOGIT_BOUNDS * TEMPERATURES * integers(1, 16)
    names = ("example_weights", "logit_fractions", "targets", "logit_bound", "temperature")
    return parts.named(*names, "num_samples")


def teachers(size: tuple[int, ...]) -> Domain:
    """Returns algorithms with bounded logits that depend on the data and the seed in any way."""
    seeds, examples, num_samples, labels = size
    logits = box(-1, 1, seeds, examples**num_samples, examples, labels)
    parts = simplex(examples) * simplex(seeds) * logits * stochastic(examples, labels)
    parts = parts * LOGIT_BOUNDS * TEMPERATURES
    names = [field.name for field in dataclasses.fields(LogitAlgorithm)][:-1]
    return parts.named(*names).map(
        lambda *given: LogitAlgorithm(
            num_samples=num_samples, **dict(zip(names, given, strict=True))
        ),
        lambda algorithm: tuple(getattr(algorithm, name) for name in names),
    )


def tabulated(algorithm: LogitAlgorithm) -> StableAlgorithm:
    """Returns the algorithm as a table of losses; its stability constant is the width of these."""
    labels = algorithm.targets.shape[-1]
    losses = distillation_loss.soft_cross_entropy(
        algorithm.logit_fractions * algorithm.logit_bound, algorithm.targets, algorithm.temperature
    )
    width = distillation_loss.distillation_loss_width(
        algorithm.logit_bound, algorithm.temperature, num_labels=labels
    )
    laws = algorithm.example_weights, algorithm.seed_weights
    return StableAlgorithm(*laws, losses, width, algorithm.num_samples)
