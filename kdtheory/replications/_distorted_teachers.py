"""Teachers distorted by bias and noise, and their linear students: what Figure 4(b) tabulates."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import special

from kdtheory.readers import shipped_dataset
from kdtheory.replications import _residual_networks as networks
from kdtheory.replications._residual_networks import Size
from kdtheory.replications._softmax_students import areas, fit

LABELS = 10
WIDTH = 128

SHARE = 2500 / 60000
"""Of the samples, the text offers to the student; Fashion-MNIST has 60,000."""

PER_FEATURE = 2500 / 784
"""How many samples per pixel that is."""


@dataclasses.dataclass(frozen=True)
class Config:
    r"""How much is run.

    Attributes:
        trials: random orders of the digits, each with a teacher of its own.
        together: trials of one call of a program.
        steps: of the teacher's training.
        pool: digits of which the student is offered those that are least certain.
        amounts: bias $\alpha$ of the teachers, 0 first.
        noises: standard deviations of their noise, 0 first.
    """

    trials: int
    together: int
    steps: int
    pool: int
    amounts: tuple[float, ...]
    noises: tuple[float, ...]


class Reading(NamedTuple):
    r"""How the text is read.

    Attributes:
        name: in the tables.
        per_feature: whether there are as many samples for every pixel as in the text, instead of
            the same share of the pool.
        penalty: $\lambda$ of the student, beside the sum of the losses.
        largest: whether uncertainty is one minus the largest probability, instead of the entropy.
        binary: whether labels are even and odd.
        later: widths of the teacher's layers after the first hidden one.
        examples: labels that the teacher is trained on, so many that it is about as accurate as in
            the text.
    """

    name: str
    per_feature: bool = False
    penalty: float = 1.0
    largest: bool = False
    binary: bool = False
    later: tuple[int, ...] = (LABELS,)
    examples: int = 100


def distorted(label_probs: Any, amount: Any, noise: Any, draws: Any) -> Any:
    r"""Returns $(1-\alpha)\,\mathrm{softmax}(\log p^* + s\,\varepsilon/\sqrt2) + \alpha/L$.

    The noise of a difference of two logits has the standard deviation $s$: with two labels this is
    Eq. 16 of Menon et al., $s=\sigma^2$ there.

    Args:
        label_probs: $p^*$, positive, labels along the last axis.
        amount: $\alpha$.
        noise: $s$.
        draws: $\varepsilon$, standard normal, of the shape of $p^*$.

    Example:
        >>> distorted(np.array([0.75, 0.25]), 0.5, 0.0, np.zeros(2)).tolist()
        [0.625, 0.375]
    """
    logits = np.log(label_probs) + noise / np.sqrt(2.0) * draws
    return (1 - amount) * special.softmax(logits, axis=-1) + amount / label_probs.shape[-1]


def matched_noise(label_probs: Any, amount: float, draws: Any) -> float:
    """Returns the noise that alone makes the same mean squared error on a sample as bias alone.

    Args:
        label_probs: of the sample, shape ``(inputs, labels)``.
        amount: of the bias.
        draws: of the noise, same shape.
    """
    wanted = squared_error(label_probs, distorted(label_probs, amount, 0.0, draws))
    low, high = 0.0, 1.0
    while squared_error(label_probs, distorted(label_probs, 0.0, high, draws)) < wanted:
        low, high = high, 2 * high
    for _ in range(50):
        middle = 0.5 * (low + high)
        error = squared_error(label_probs, distorted(label_probs, 0.0, middle, draws))
        low, high = (middle, high) if error < wanted else (low, middle)
    return 0.5 * (low + high)


def squared_error(label_probs: Any, teacher_probs: Any) -> float:
    """Returns the mean squared Euclidean distance of two tables of probabilities."""
    return float(np.mean(np.sum((label_probs - teacher_probs) ** 2, axis=-1)))


class _Teachers(NamedTuple):
    """Data of several trials, with what their teachers say of them."""

    pixels: Any
    labels: Any
    probs: Any


def _teachers(reading: Reading, config: Config, randoms: list[np.random.Generator]) -> _Teachers:
    """Trains the teachers; the pool of every trial comes first, then the tests."""
    bunch = shipped_dataset("digits")
    pixels = np.asarray(bunch.data, np.float32) / 16
    indicators = np.eye(LABELS, dtype=np.float32)[np.asarray(bunch.target)]
    orders = np.stack([random.permutation(len(pixels)) for random in randoms])
    taught, rest = orders[:, : reading.examples], orders[:, reading.examples :]
    start = [
        networks.start(random, pixels.shape[1], [Size(WIDTH, 0)], reading.later)
        for random in randoms
    ]
    shape = (1, config.steps, networks.BATCH)
    # In single precision, whatever the caller's: the numbers do not depend on it.
    with jax.enable_x64(False):
        trained = networks.train(
            jax.tree.map(lambda *arrays: np.concatenate(arrays), *start),
            pixels,
            taught,
            indicators[taught],
            np.stack([random.integers(reading.examples, size=shape) for random in randoms]),
            np.zeros(len(randoms), np.float32),
        )
        scores = networks.all_logits(networks.after(trained, 0), pixels, rest)
    probs = special.softmax(np.asarray(scores, float), axis=-1)
    labels = indicators[rest].astype(float)
    if reading.binary:
        halves = np.eye(2)[np.arange(LABELS) % 2]
        labels, probs = labels @ halves, probs @ halves
    return _Teachers(pixels[rest].astype(float), labels, probs)


def least_certain(label_probs: Any, count: int, *, largest: bool) -> Any:
    """Returns the places of the least certain inputs, the least certain first.

    Args:
        label_probs: shape ``(trials, inputs, labels)``.
        count: how many.
        largest: whether certainty is the largest probability, instead of minus the entropy.
    """
    certainty = label_probs.max(-1) if largest else -special.entr(label_probs).sum(-1)
    return np.argsort(certainty, axis=1)[:, :count]


class _Teacher(NamedTuple):
    """One of the teachers of a trial: its name, how it is made, and what it says of the sample."""

    kind: str
    bias: float
    noise: float
    probs: Any


def _made(own: Any, config: Config, random: np.random.Generator) -> list[_Teacher]:
    grid = list(itertools.product(config.amounts, config.noises))
    draws = random.standard_normal((len(grid) + len(config.amounts) - 1, *own.shape))
    equal = [
        (equal_to(amount), 0.0, matched_noise(own, amount, noise))
        for amount, noise in zip(config.amounts[1:], draws[len(grid) :], strict=True)
    ]
    every = [(named(*cell), *cell) for cell in grid] + equal
    return [
        _Teacher(*one, distorted(own, *one[1:], noise))
        for one, noise in zip(every, draws, strict=True)
    ]


def named(amount: float, noise: float) -> str:
    """Returns what a teacher of the grid is called in the tables."""
    return f"bias {amount:g}, noise {noise:g}"


def equal_to(amount: float) -> str:
    """Returns what the teacher is called that has noise only, and the error of that bias only."""
    return f"noise for bias {amount:g}"


ONE_HOT = "labels"


def tabulated(
    reading: Reading, config: Config, trials: range, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns one row for every trial's original teacher, and one for every student."""
    randoms = [np.random.default_rng([seed, trial]) for trial in trials]
    found = _teachers(reading, config, randoms)
    share = PER_FEATURE * found.pixels.shape[-1] if reading.per_feature else SHARE * config.pool
    places = least_certain(found.probs[:, : config.pool], round(share), largest=reading.largest)
    pixels, labels, probs = (np.take_along_axis(a, places[..., None], axis=1) for a in found)
    test_pixels, test_labels, test_probs = (array[:, config.pool :] for array in found)
    made = [
        [*_made(own, config, random), _Teacher(ONE_HOT, 0.0, 0.0, seen)]
        for own, seen, random in zip(probs, labels, randoms, strict=True)
    ]
    targets = np.stack([[one.probs for one in teachers] for teachers in made]).swapaxes(1, 2)
    with jax.enable_x64(True):
        weights = np.asarray(fit(pixels, targets, reading.penalty))
    scores = np.einsum("tif,tfkl->tikl", test_pixels, weights[:, :-1]) + weights[:, None, -1]
    one_each, pooled = areas(special.softmax(scores, axis=-1), test_labels)
    originals, students = [], []
    for place, (trial, teachers, random) in enumerate(zip(trials, made, randoms, strict=True)):
        own, tests = probs[place], test_probs[place]
        hits = tests.argmax(axis=-1) == test_labels[place].argmax(axis=-1)
        condition = {"reading": reading.name, "trial": trial}
        originals.append(
            condition
            | {"accuracy": hits.mean(), "samples": len(own)}
            | {"largest_probability": own.max(axis=-1).mean()}
        )
        for number, one in enumerate(teachers):
            draws = random.standard_normal(tests.shape)
            elsewhere = distorted(tests, one.bias, one.noise, draws)
            if one.kind == ONE_HOT:
                elsewhere = test_labels[place]
            students.append(
                condition
                | {"teacher": one.kind, "bias": one.bias, "noise": one.noise}
                | {"mse": squared_error(own, one.probs)}
                | {"mse_tests": squared_error(tests, elsewhere)}
                | {"auc": one_each[place, number], "auc_pooled": pooled[place, number]}
            )
    return originals, students
