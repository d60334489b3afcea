r"""Noisy versions of Bayes class probabilities, all measured in one unit.

The level of noise is $\mathbb E\|q-p^*\|^2$ over that of one-hot labels, which is
$\mathbb E[1-\|p^*\|^2]$: models of noise can be compared at equal levels.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from kdtheory._check import FloatArray
from kdtheory.replications._class_worlds import drawn_labels

Targets = npt.NDArray[np.floating[Any]]

_LARGEST = 100.0
"""Of the standard deviations that are tried: the probabilities are one-hot by then."""


def onehot_noise(probs: FloatArray) -> float:
    r"""Returns $\mathbb E[1-\|p^*\|^2]$, the mean squared distance of a drawn label from $p^*$."""
    return float(np.mean(1 - np.sum(probs**2, axis=-1)))


def dirichlet(
    rng: np.random.Generator, probs: FloatArray, level: float, draws: tuple[int, int]
) -> Targets:
    r"""Draws from $\mathrm{Dirichlet}(a_0p^*)$, unbiased: $a_0=1/\rho-1$ makes the level $\rho$.

    Args:
        rng: source of randomness.
        probs: $p^*$, shape ``(trials, samples, labels)``.
        level: $\rho$ in (0, 1).
        draws: how many for every probability.

    Returns:
        Shape ``(trials, *draws, samples, labels)``; so do the others.
    """
    shapes = np.broadcast_to((1 / level - 1) * probs[:, None, None], _shape(probs, draws))
    gammas = rng.standard_gamma(shapes.astype(np.float32), dtype=np.float32)
    return gammas / np.sum(gammas, axis=-1, keepdims=True)


def additive(
    rng: np.random.Generator, probs: FloatArray, level: float, draws: tuple[int, int]
) -> Targets:
    r"""Adds independent Gaussian noise to every probability: unbiased, outside the simplex."""
    deviation = np.sqrt(level * onehot_noise(probs) / probs.shape[-1])
    drawn = rng.standard_normal(_shape(probs, draws), np.float32)
    return probs[:, None, None].astype(np.float32) + np.float32(deviation) * drawn


def logits(
    rng: np.random.Generator, probs: FloatArray, level: float, draws: tuple[int, int]
) -> Targets:
    r"""Adds independent Gaussian noise to the logarithms, and normalises: inside, but biased."""
    # Limits the logarithms that single precision cannot tell from minus infinity.
    logarithms = np.log(np.maximum(probs, 1e-30))
    normal = rng.standard_normal(probs.shape)
    wanted = level * onehot_noise(probs)

    def surplus(deviation: float) -> float:
        noisy = special.softmax(logarithms + deviation * normal, axis=-1)
        return float(np.mean(np.sum((noisy - probs) ** 2, axis=-1))) - wanted

    deviation = optimize.brentq(surplus, 0.0, _LARGEST, xtol=1e-6)
    drawn = rng.standard_normal(_shape(probs, draws), np.float32)
    shifted = logarithms[:, None, None].astype(np.float32) + np.float32(deviation) * drawn
    return special.softmax(shifted, axis=-1)


def onehot(
    rng: np.random.Generator, probs: FloatArray, level: float, draws: tuple[int, int]
) -> Targets:
    """Draws labels; the level is one."""
    del level
    labels = drawn_labels(rng, np.broadcast_to(probs[:, None, None], _shape(probs, draws)))
    return np.eye(probs.shape[-1], dtype=np.float32)[labels]


def exact(
    rng: np.random.Generator, probs: FloatArray, level: float, draws: tuple[int, int]
) -> Targets:
    """Repeats the probabilities; the level is zero."""
    del rng, level
    return np.broadcast_to(probs[:, None, None].astype(np.float32), _shape(probs, draws))


def _shape(probs: FloatArray, draws: tuple[int, int]) -> tuple[Any, ...]:
    return (probs.shape[0], *draws, *probs.shape[1:])


NOISE = {
    "Dirichlet": dirichlet,
    "additive": additive,
    "on logits": logits,
}
"""Models of noise; the second leaves the simplex, the third is biased."""


class Labels(NamedTuple):
    """A kind of label: which model of noise, and its level."""

    model: str
    level: float

    @property
    def name(self) -> str:
        """In words."""
        return self.model if self.model in ("one-hot", "exact") else f"{self.model} {self.level:g}"


def kinds(levels: tuple[float, ...]) -> tuple[Labels, ...]:
    """Returns all kinds of labels; Dirichlet noise of level one is one-hot labels.

    Args:
        levels: of noise.
    """
    pairs = itertools.product(NOISE, levels)
    noisy = [Labels(model, level) for model, level in pairs if (model, level) != ("Dirichlet", 1)]
    return (Labels("exact", 0.0), Labels("one-hot", 1.0), *noisy)


def targets(
    rng: np.random.Generator, probs: Any, labels: Labels, runs: int, epochs: int, drawn: str
) -> Targets:
    """Returns the targets of one kind of label for every run and epoch.

    Args:
        rng: source of randomness.
        probs: Bayes class probabilities, shape ``(trials, samples, labels)``.
        labels: which kind.
        runs: how many.
        epochs: how many.
        drawn: ``"once"`` or ``"afresh"`` in every epoch.

    Returns:
        Shape ``(trials, runs, epochs, samples, labels)``.
    """
    made = {"exact": exact, "one-hot": onehot, **NOISE}[labels.model]
    found = made(rng, probs, labels.level, (runs, epochs if drawn == "afresh" else 1))
    shape = (*found.shape[:2], epochs, *found.shape[3:])
    return np.broadcast_to(found, shape)
