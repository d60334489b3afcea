"""Menon et al., Table 1, on a user's files: sparse inputs, mini-batches, bounded memory.

What is trained is what is trained on simulated data, with the widths that the text states.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.experimental import sparse as jax_sparse

from kdtheory import _check
from kdtheory.replications import _retrieval_training as training
from kdtheory.replications._retrieval_judgement import BASE, BY_VALIDATION, STUDENTS, TEACHER, row
from kdtheory.replications._retrieval_training import Arm, Model
from kdtheory.replications.extreme_text import (
    MultilabelData,
    count_entries,
    read_extreme_text,
    read_header,
)
from kdtheory.replications.records import Tables, stack

_GIB = float(1 << 30)

_learn = jax.jit(training.step, donate_argnums=(0, 1))
_score = jax.jit(training.scores)


@dataclasses.dataclass(frozen=True)
class FileConfig:
    """How files are studied.

    Attributes:
        trials: each with its own starts, its own points held out and its own order; at least two.
        epochs: of teacher and students.
        batch: points in a mini-batch.
        held_out: share of the training points on which training is stopped.
        learning_rate: of Adam.
        teacher_width: of the teacher's hidden layer, as stated in the text.
        widths: of the students': those stated for AmazonCat-13K and for Amazon-670K.
        memory: in GiB; what needs more is refused before it is read.
    """

    trials: int = 2
    epochs: int = 5
    batch: int = 128
    held_out: float = 0.1
    learning_rate: float = 0.01
    teacher_width: int = 512
    widths: tuple[int, int] = (8, 64)
    memory: float = 2.0


class Batch(NamedTuple):
    """Some points, filled up to a fixed number with points that have no labels."""

    filled: int
    inputs: Any
    labels: Any


def batches(data: MultilabelData, rows: Any, size: int) -> Iterator[Batch]:
    """Yields mini-batches of the rows, in their order."""
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        features, labels = data.features[some], np.zeros((size, data.labels.shape[1]), np.float32)
        labels[: len(some)] = data.labels[some].toarray()
        at = np.repeat(np.arange(len(some)), np.diff(features.indptr))
        # Few different lengths, each of which is compiled for: powers of two, filled with zeros.
        room = 1 << max(int(features.nnz) - 1, 0).bit_length()
        places, values = np.zeros((room, 2), np.int32), np.zeros(room, np.float32)
        places[: features.nnz] = np.stack([at, features.indices], axis=1)
        values[: features.nnz] = features.data
        shape = (size, features.shape[1])
        inputs = jax_sparse.BCOO((jnp.asarray(values), jnp.asarray(places)), shape=shape)
        yield Batch(len(some), inputs, jnp.asarray(labels))


@jax.jit
def _measured(model: Model, inputs: Any, labels: Any) -> tuple[Any, Any, Any]:
    scored, given = training.scores(model, inputs), training.observed(labels)
    total = jnp.sum(given.counts)
    return training.hits(scored, labels > 0), training.mean_loss(scored, given) * total, total


def measure(model: Model, data: MultilabelData, rows: Any, size: int) -> tuple[Any, float]:
    """Returns the mean precisions of a model and its mean loss per example."""
    hits, losses, examples = np.zeros(len(training.DEPTHS)), 0.0, 0.0
    for batch in batches(data, rows, size):
        found, loss, count = _measured(model, batch.inputs, batch.labels)
        hits += np.asarray(found, float)[: batch.filled].sum(axis=0)
        losses, examples = losses + float(loss), examples + float(count)
    return hits / len(rows), losses / examples


class _Learner:
    """A model in training, and the best of it so far."""

    def __init__(self, model: Model, arm: Arm | None) -> None:
        self.model, self.arm = model, arm
        self.state = optax.adam(0.0).init(model)
        self.best, self.merit, self.held_out = model, math.nan, 0.0

    def learn(self, batch: Batch, logits: Any, learning_rate: float) -> None:
        targets = training.observed(batch.labels)
        if self.arm is not None:
            targets = training.smoothed(self.arm, targets, logits)
        self.model, self.state = _learn(
            self.model, self.state, batch.inputs, targets, learning_rate
        )

    def keep(self, precision: float, merit: float) -> None:
        """Keeps the model if it is better than all before."""
        self.held_out = precision
        merit = merit if math.isfinite(merit) else -math.inf
        # The first is always kept.
        if not merit <= self.merit:
            # A copy: training gives the memory of its model away.
            self.merit, self.best = merit, Model(*(np.array(layer) for layer in self.model))


def _train(
    learners: Sequence[_Learner],
    teacher: Model | None,
    data: MultilabelData,
    rows: tuple[Any, Any],
    config: FileConfig,
    rng: np.random.Generator,
    advance: Callable[[], None],
) -> None:
    """Trains models side by side, on the rows first named; the others are held out."""
    for _ in range(config.epochs):
        for batch in batches(data, rng.permutation(rows[0]), config.batch):
            logits = None if teacher is None else _score(teacher, batch.inputs)
            for learner in learners:
                learner.learn(batch, logits, config.learning_rate)
            advance()
        for learner in learners:
            precision, loss = measure(learner.model, data, rows[1], config.batch)
            learner.keep(float(precision[0]), -loss if teacher is None else float(precision[0]))


def study_on_files(
    train_path: Path, test_path: Path, config: Any, seed: int, progress: Callable[[int, int], None]
) -> Tables:
    """Trains a teacher and all its students on files, in the extreme classification format.

    Points without labels are left out, on both sides.

    Args:
        train_path: the training points.
        test_path: the test points, with as many features and labels.
        config: the study's; its ``files`` and its ``scalings`` are used.
        seed: of everything.
        progress: called after every mini-batch.

    Returns:
        ``"precision"``, as for simulated data.

    Raises:
        InputError: if a file is not in the format, the two do not match, there are too few points,
            or more memory is needed than is allowed.
    """
    files: FileConfig = config.files
    _refuse_unfit(train_path, test_path, files, 1 + len(training.arms(config.scalings)))
    train, test = (_labelled(path) for path in (train_path, test_path))
    points = train.features.shape[0]
    held_out = max(1, round(files.held_out * points))
    if points - held_out < 1:
        _check.refuse(
            str(train_path), f"{points} points with labels", "at least 2", "Give more points."
        )
    total = files.trials * files.epochs * 3 * -(-(points - held_out) // files.batch)
    done = iter(range(1, total + 1))
    rows: list[dict[str, Any]] = []
    for trial in range(files.trials):
        rng = np.random.default_rng([seed, trial])
        order = rng.permutation(points)
        parts = order[held_out:], order[:held_out]
        # In one precision, whatever is set: the tables depend on configuration and seed only.
        with jax.enable_x64(False):
            rows += _trial(
                config, trial, rng, train, test, parts, lambda: progress(next(done), total)
            )
    return {"precision": stack(rows)}


def _trial(
    config: Any,
    trial: int,
    rng: np.random.Generator,
    train: MultilabelData,
    test: MultilabelData,
    parts: tuple[Any, Any],
    advance: Callable[[], None],
) -> list[dict[str, Any]]:
    files: FileConfig = config.files
    sizes = train.features.shape[1], train.labels.shape[1]
    tested = np.arange(test.features.shape[0])

    def precisions(model: Model) -> Any:
        return measure(model, test, tested, files.batch)[0]

    first = _Learner(training.initial(rng, sizes[0], files.teacher_width, sizes[1]), None)
    _train([first], None, train, parts, files, rng, advance)
    teacher = first.best
    del first
    held_out = float(measure(teacher, train, parts[1], files.batch)[0][0])
    who = trial, "files", TEACHER, files.teacher_width, TEACHER
    rows = [row(*who, precisions(teacher), held_out, positives="observed")]
    for student, width in zip(STUDENTS, files.widths, strict=True):
        start = training.initial(rng, sizes[0], width, sizes[1])
        every = (None, *training.arms(config.scalings))
        # Copies: a step gives the memory of its model away.
        learners = [_Learner(Model(*(layer.copy() for layer in start)), arm) for arm in every]
        _train(learners, teacher, train, parts, files, rng, advance)
        for one in learners:
            words: dict[str, Any] = {"positives": "observed"}
            if one.arm is not None:
                words = {"positives": one.arm.positives, "weights": one.arm.weights}
            own = trial, "files", student, width, one.arm.method if one.arm else "one-hot"
            rows += [
                row(*own, precisions(one.model), one.held_out, stopped=BASE["stopped"], **words),
                row(*own, precisions(one.best), one.merit, stopped=BY_VALIDATION, **words),
            ]
    return rows


def _labelled(path: Path) -> MultilabelData:
    """Returns the points of a file that have labels."""
    data = read_extreme_text(path)
    kept = np.flatnonzero(np.diff(data.labels.indptr))
    if not len(kept):
        _check.refuse(str(path), "no point with a label", "at least one", "Check the labels.")
    return MultilabelData(data.features[kept], data.labels[kept])


def needed_memory(
    features: int, labels: int, pairs: int, marks: int, config: FileConfig, students: int
) -> float:
    """Returns about how many GiB a study needs.

    Args:
        features: of a point.
        labels: that there are.
        pairs: features that are not zero, in both files.
        marks: labels of points, in both files.
        config: of the study.
        students: trained side by side.
    """
    # An index and a value each; parts and whole at once while they are put together.
    data = 2 * 8 * (pairs + marks)
    # Model, gradient, two moments and the best so far of one; the gradient is shared by several.
    unit = 4 * (features + labels + 1)
    widest = max(config.widths)
    models = unit * max(
        5 * config.teacher_width, 2 * config.teacher_width + (4 * students + 1) * widest
    )
    # Labels, targets, scores, and what differentiating them keeps.
    scores = 12 * 4 * config.batch * labels
    return (data + models + scores) / _GIB


def _refuse_unfit(train_path: Path, test_path: Path, config: FileConfig, students: int) -> None:
    """Refuses files that do not match, and those that would need too much memory."""
    train, test = read_header(train_path), read_header(test_path)
    if (train.features, train.labels) != (test.features, test.labels):
        _check.refuse(
            str(test_path),
            f"{test.features} features and {test.labels} labels",
            f"{train.features} and {train.labels}, as {train_path} has",
            "Give two files of one data set.",
        )
    counts = [count_entries(path) for path in (train_path, test_path)]
    pairs, marks = (sum(each) for each in zip(*counts, strict=True))
    needed = needed_memory(train.features, train.labels, pairs, marks, config, students)
    if needed > config.memory:
        _check.refuse(
            str(train_path),
            f"{train.points} points, {train.features} features and {train.labels} labels, for "
            f"which the study needs about {needed:.1f} GiB",
            f"at most {config.memory:g} GiB",
            "The size 'paper' allows more, as does FileConfig.memory; or keep fewer labels.",
        )
