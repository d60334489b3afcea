r"""Worlds of several classes whose Bayes class probabilities are known, drawn at random.

Trials are along the first axis of every array. The two kinds have classes that overlap: the Bayes
rule is right about two times in three.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from scipy import special

from kdtheory._check import FloatArray

SPREAD = 0.5
r"""Standard deviation of every coordinate of a class mean, where classes are Gaussian."""

HIDDEN = 8
"""Units of the network that makes the probabilities, where they are a network's."""

GAINS = (2.0, 4.0)
"""Of its layers: weights have this standard deviation over the root of how many are added."""


@dataclasses.dataclass(frozen=True, eq=False)
class Worlds:
    """One world for every trial, and samples of it.

    Attributes:
        inputs: shape ``(trials, samples, features)``.
        probs: Bayes class probabilities there, shape ``(trials, samples, labels)``.
        labels: drawn from them, once, shape ``(trials, samples)``.
        test_inputs: others of the same law.
        test_probs: Bayes class probabilities there.
    """

    inputs: FloatArray
    probs: FloatArray
    labels: Any
    test_inputs: FloatArray
    test_probs: FloatArray


def _cut(inputs: FloatArray, probs: FloatArray, labels: Any, num_samples: int) -> Worlds:
    """Splits what was drawn into a sample and a test set."""
    sample, test = slice(num_samples), slice(num_samples, None)
    return Worlds(
        inputs[:, sample], probs[:, sample], labels[:, sample], inputs[:, test], probs[:, test]
    )


def gaussian_worlds(
    rng: np.random.Generator,
    num_trials: int,
    num_samples: int,
    num_test: int,
    num_features: int,
    num_labels: int,
) -> Worlds:
    r"""Draws balanced classes $N(m_y,I)$ with $m_y\sim N(0,s^2I)$; linear softmax represents them.

    $p^*(x)=\mathrm{softmax}_y(m_y\cdot x-\|m_y\|^2/2)$.
    """
    means = SPREAD * rng.standard_normal((num_trials, num_labels, num_features))
    count = num_samples + num_test
    labels = rng.integers(num_labels, size=(num_trials, count))
    centres = np.take_along_axis(means, labels[:, :, None], axis=1)
    inputs = centres + rng.standard_normal((num_trials, count, num_features))
    halves = 0.5 * np.sum(means**2, axis=2)
    probs = special.softmax(np.einsum("tnd,tkd->tnk", inputs, means) - halves[:, None], axis=2)
    return _cut(inputs, probs, labels, num_samples)


def network_worlds(
    rng: np.random.Generator,
    num_trials: int,
    num_samples: int,
    num_test: int,
    num_features: int,
    num_labels: int,
) -> Worlds:
    r"""Draws inputs $N(0,I)$, and a network with random weights whose softmax is $p^*$."""
    hidden = rng.standard_normal((num_trials, num_features, HIDDEN)) * GAINS[0] / num_features**0.5
    out = rng.standard_normal((num_trials, HIDDEN, num_labels)) * GAINS[1] / HIDDEN**0.5
    inputs = rng.standard_normal((num_trials, num_samples + num_test, num_features))
    probs = special.softmax(np.tanh(inputs @ hidden) @ out, axis=2)
    return _cut(inputs, probs, drawn_labels(rng, probs), num_samples)


def drawn_labels(rng: np.random.Generator, probs: FloatArray) -> Any:
    """Draws a label from every distribution along the last axis."""
    cumulative = np.cumsum(probs, axis=-1)
    # Relative to the sum, which rounding may leave below one.
    threshold = rng.random(probs.shape[:-1])[..., None] * cumulative[..., -1:]
    return np.sum(threshold >= cumulative, axis=-1)
