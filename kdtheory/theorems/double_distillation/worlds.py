"""Domains and instances that the claims of the room share: one example at a time."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.domains import Domain, box, integers, positive, reals, simplex


def labelled_scores(size: tuple[int, ...]) -> Domain:
    """Returns scores of L labels, and a law of the label; a vertex is one label."""
    (labels,) = size
    return (simplex(labels) * reals(labels)).named("label_probs", "scores")


def errors(size: tuple[int, ...]) -> Domain:
    """Returns scores of the rivals of the true label, and how far they are ahead of it."""
    (labels,) = size
    return (reals(labels - 1) * box(0, 4)).named("rivals", "lead")


def weighted_scores(size: tuple[int, ...]) -> Domain:
    """Returns a teacher's probabilities, positive weights of the negatives, and scores."""
    (labels,) = size
    parts = simplex(labels) * positive(labels) * reals(labels)
    return parts.named("teacher_probs", "weights", "scores")


def shifted_minimisers(size: tuple[int, ...]) -> Domain:
    """Returns a teacher's probabilities, positive weights, and a constant added to all scores."""
    (labels,) = size
    return (simplex(labels) * positive(labels) * reals()).named("teacher_probs", "weights", "shift")


def scores_and_law(size: tuple[int, ...]) -> Domain:
    """Returns a law of the label, a law P over labels, zeros included, and scores."""
    (labels,) = size
    parts = simplex(labels) * simplex(labels) * reals(labels)
    return parts.named("label_probs", "weights", "scores")


def tempered_scores(size: tuple[int, ...]) -> Domain:
    """Returns scores, the first label being the true one, and an inverse temperature."""
    (labels,) = size
    return (reals(labels) * positive()).named("scores", "inverse_temperature")


def mixtures(size: tuple[int, ...]) -> Domain:
    """Returns positive numbers, pairwise to be mixed, and the share of the first of each pair."""
    (pairs,) = size
    parts = positive(pairs) * positive(pairs) * box(0, 1)
    return parts.named("first", "second", "share")


def positives(size: tuple[int, ...]) -> Domain:
    """Returns a teacher's probabilities, and which labels count as positives (0 or 1)."""
    (labels,) = size
    return (simplex(labels) * integers(0, 1, labels)).named("teacher_probs", "positive")


def fitted_samples(size: tuple[int, ...]) -> Domain:
    """Returns what makes a sample that a linear softmax model fits; see `fitted_law`."""
    (labels,) = size
    parts = positive(3) * reals(3) * reals(labels, 2) * reals(labels) * box(0, 1) * reals(labels, 2)
    return parts.named(
        "counts", "positions", "teacher_weights", "direction", "share", "student_weights"
    )


def size_of_scores(scores: Any) -> Scalar:
    """Returns the unit of a loss at finite scores: one plus the largest of them."""
    return 1.0 + jnp.max(jnp.abs(scores))


def size_of_logs(weights: Any) -> Scalar:
    """Returns the largest logarithm of positive weights, in absolute value."""
    return jnp.max(jnp.abs(jnp.log(weights)))
