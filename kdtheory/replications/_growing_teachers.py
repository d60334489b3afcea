"""Teachers of growing size and their students, trained trial by trial: what Figure 1 tabulates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.assessment.calibration import binned_squares
from kdtheory.divergences import entropy, kl_to_scores, squared_distance
from kdtheory.replications import _residual_networks as networks
from kdtheory.replications._residual_networks import Networks, Size
from kdtheory.soft_labels import tempered_probs

PARTS = 4
"""Training is looked at after each of so many equal parts."""

BINS = 15
"""Bins of equal width of the expected calibration error."""

TEMPERATURE = 4.0

SAME = "same inputs as the teacher, temperature 1"
WARM = f"same inputs, temperature {TEMPERATURE:g}"
FRESH = "fresh inputs, temperature 1"


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        trials: data sets, each with networks of its own, in every reading.
        together: trials of one call of the training program; divides `trials`.
        steps: of training, teachers and students alike; a multiple of `PARTS`.
        blocks: sizes of the residual teachers; the students are of the first.
        widths: sizes of the teachers with one hidden layer; the students are of the first.
        examples: labelled examples of the mixture.
        digits: labelled digits.
        tests: inputs of the mixture that networks are judged on; all other digits are.
    """

    trials: int
    together: int
    steps: int
    blocks: tuple[int, ...]
    widths: tuple[int, ...]
    examples: int
    digits: int
    tests: int


class Problem(NamedTuple):
    """The data of one trial.

    Attributes:
        inputs: first those that teachers are trained on, then as many fresh ones, then the tests.
        truth: the Bayes probabilities where they are known, else the label's indicator.
        labels: drawn from them.
        examples: how many the teachers are trained on.
    """

    inputs: Any
    truth: Any
    labels: Any
    examples: int


class Reading(NamedTuple):
    """How teachers are trained, and which students.

    Attributes:
        name: in the tables.
        decay: weight decay.
        noise: share of the teacher's labels that are drawn again, uniformly.
        part: after how many parts of the training.
        students: how they are trained.
    """

    name: str
    decay: float = 0.0
    noise: float = 0.0
    part: int = PARTS
    students: tuple[str, ...] = (SAME,)


class Group(NamedTuple):
    """Readings on the same data with teachers that grow alike: one program trains them.

    Attributes:
        data: makes the problem of a trial.
        width: of residual networks, which grow in depth; 0 for perceptrons, which grow in width.
        readings: what is tabulated.
    """

    data: Callable[[np.random.Generator, Config], Problem]
    width: int
    readings: tuple[Reading, ...]

    def sizes(self, config: Config) -> list[Size]:
        """Returns the sizes of the teachers, increasing."""
        if self.width:
            return [Size(self.width, blocks) for blocks in config.blocks]
        return [Size(width, 0) for width in config.widths]

    @property
    def arms(self) -> list[tuple[float, float]]:
        """The pairs of weight decay and label noise of the readings, each once."""
        return list(dict.fromkeys((one.decay, one.noise) for one in self.readings))

    @property
    def pieces(self) -> int:
        """How many calls of the training program there are for some trials."""
        return 1 + sum(len(one.students) for one in self.readings)


def calibration_errors(probs: Any, truth: Any) -> tuple[float, float]:
    """Returns how far confidence is from accuracy, in two ways.

    Args:
        probs: predicted, shape ``(inputs, labels)``.
        truth: probabilities of the labels, or indicators of labels; same shape.

    Returns:
        The mean absolute difference over bins of equal width (the expected calibration error), and
        the root mean square over bins of equal mass, without the bias of noise.

    Example:
        >>> probs = np.tile([0.75, 0.25], (100, 1))
        >>> [round(error, 6) for error in calibration_errors(probs, np.full((100, 2), 0.5))]
        [0.25, 0.25]
    """
    probs, truth = np.asarray(probs, float), np.asarray(truth, float)
    preferred = probs.argmax(axis=1)[:, None]
    confidence = np.take_along_axis(probs, preferred, axis=1)[:, 0]
    gaps = confidence - np.take_along_axis(truth, preferred, axis=1)[:, 0]
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    absolute = np.abs(np.bincount(bins, weights=gaps)).sum() / len(gaps)
    return float(absolute), float(np.sqrt(max(binned_squares(confidence, gaps).mean(), 0.0)))


class _Start(NamedTuple):
    """Where the training of the networks of one trial starts, and what it draws; one per size."""

    networks: Networks
    draws: Any


class _Trial(NamedTuple):
    """A problem, its teachers' start and labels for every arm, and its students' start."""

    problem: Problem
    teachers: list[_Start]
    targets: list[Any]
    students: _Start


def _prepare(random: np.random.Generator, group: Group, config: Config) -> _Trial:
    problem = group.data(random, config)
    count, features = problem.examples, problem.inputs.shape[1]
    num_labels, sizes = problem.truth.shape[1], group.sizes(config)

    def start(chosen: list[Size], parts: int) -> _Start:
        shape = (len(chosen), parts, config.steps // parts, networks.BATCH)
        draws = random.integers(count, size=shape, dtype=np.int32)
        return _Start(networks.start(random, features, chosen, (num_labels,)), draws)

    def targets(noise: float) -> Any:
        again = random.random(count) < noise
        labels = np.where(again, random.integers(num_labels, size=count), problem.labels[:count])
        return np.stack([np.eye(num_labels, dtype=np.float32)[labels]] * len(sizes))

    return _Trial(
        problem,
        [start(sizes, PARTS) for _ in group.arms],
        [targets(noise) for _, noise in group.arms],
        start(sizes[:1] * len(sizes), 1),
    )


class _Data(NamedTuple):
    """The problems of several trials in one; places are repeated for every size."""

    pool: Any
    truth: Any
    taught: Any
    fresh: Any
    tests: Any


def _joined(parts: list[Any]) -> Any:
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def _data(problems: list[Problem], copies: int) -> _Data:
    count, rows = problems[0].examples, len(problems[0].inputs)

    def places(low: int, high: int) -> Any:
        found = np.arange(low, high) + rows * np.arange(len(problems))[:, None]
        return np.repeat(found.astype(np.int32), copies, axis=0)

    return _Data(
        np.concatenate([one.inputs for one in problems]),
        np.concatenate([one.truth for one in problems]),
        places(0, count),
        places(count, 2 * count),
        places(2 * count, rows),
    )


@jax.jit
def measures(scores: Any, truth: Any) -> dict[str, Any]:
    """Returns accuracy, log-loss and squared distance, exact in the labels, of every network.

    Args:
        scores: logits, shape ``(networks, inputs, labels)``.
        truth: probabilities of the labels, same shape.
    """
    at_top = jnp.take_along_axis(truth, jnp.argmax(scores, axis=-1)[..., None], axis=-1)
    losses = kl_to_scores(truth, scores) + entropy(truth)
    squares = squared_distance(truth, jax.nn.softmax(scores))
    return {
        "accuracy": jnp.mean(at_top[..., 0], axis=-1),
        "log_loss": jnp.mean(losses, axis=-1),
        "squared_distance": jnp.mean(squares, axis=-1),
    }


def tabulated(
    group: Group, config: Config, trials: range, seed: tuple[int, ...], tick: Callable[[], None]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns one row for every teacher, and one for every student, of some trials.

    Args:
        group: what is trained.
        config: how much.
        trials: which; what comes out of one does not depend on those beside it.
        seed: of everything random; the number of the trial is appended.
        tick: called after every call of the training program.
    """
    made = [_prepare(np.random.default_rng([*seed, trial]), group, config) for trial in trials]
    sizes, arms = group.sizes(config), group.arms
    data = _data([one.problem for one in made], len(sizes))
    beside = len(made) * len(sizes)
    truth = data.truth[data.tests]

    def trained(starts: list[_Start], places: Any, targets: Any, decays: Any) -> Networks:
        start = _joined(starts)
        found = networks.train(start.networks, data.pool, places, targets, start.draws, decays)
        jax.block_until_ready(found)
        tick()
        return found

    def rows(reading: Reading, **columns: Any) -> Iterator[dict[str, Any]]:
        conditions = [(trial, size) for trial in trials for size in sizes]
        shape = (data.pool.shape[1], data.truth.shape[1])
        for place, (trial, size) in enumerate(conditions):
            row: dict[str, Any] = {"reading": reading.name, "trial": trial, **size._asdict()}
            row["parameters"] = networks.num_parameters(size, *shape)
            yield row | {name: float(values[place]) for name, values in columns.items()}

    teachers: list[dict[str, Any]] = []
    students: list[dict[str, Any]] = []
    every = trained(
        [one.teachers[arm] for arm in range(len(arms)) for one in made],
        np.tile(data.taught, (len(arms), 1)),
        np.concatenate([one.targets[arm] for arm in range(len(arms)) for one in made]),
        np.repeat(np.array([decay for decay, _ in arms], np.float32), beside),
    )
    for reading in group.readings:
        arm = arms.index((reading.decay, reading.noise))
        kept = jax.tree.map(lambda a, arm=arm: a[arm * beside : (arm + 1) * beside], every)
        teacher = networks.after(kept, reading.part - 1)
        fitted = networks.all_logits(teacher, data.pool, data.taught)
        labels = np.concatenate([one.targets[arm] for one in made])
        scores = networks.all_logits(teacher, data.pool, data.tests)
        errors = map(calibration_errors, jax.nn.softmax(scores), truth)
        columns = measures(scores, truth)
        columns["training_accuracy"] = measures(fitted, labels)["accuracy"]
        columns["calibration"], columns["debiased_calibration"] = zip(*errors, strict=True)
        teachers += rows(reading, **columns)
        for kind in reading.students:
            places = data.fresh if kind == FRESH else data.taught
            given = networks.all_logits(teacher, data.pool, places)
            student = trained(
                [one.students for one in made],
                places,
                tempered_probs(given, TEMPERATURE if kind == WARM else 1.0),
                np.zeros(beside, np.float32),
            )
            scores = networks.all_logits(networks.after(student, 0), data.pool, data.tests)
            found = measures(scores, truth)
            students += [row | {"students": kind} for row in rows(reading, **found)]
    return teachers, students
