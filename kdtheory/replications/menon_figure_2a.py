"""Menon et al., Figure 2(a): students of one-hot and of Bayes labels, by the size of the sample."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import roc_auc_score

from kdtheory._check import FloatArray
from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import drawing, statistics
from kdtheory.replications._long_tables import crossed, joined
from kdtheory.replications.records import (
    Choice,
    Finding,
    Progress,
    Statement,
    Study,
    Table,
    Tables,
)
from kdtheory.theorems.papers import MENON

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STARTS = (10, 100)
"""Where the axis of the figure may begin: what a small sample is."""

NO_PENALTY = "no penalty, in the limit"

TEST_SET = ", on a test set"
"""Ends the name of a reading in which the AUC is that on a sample, as in the text."""


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        num_trials: how many samples of each size.
        num_samples: sizes of the training samples, increasing, `STARTS` among them; a sample is
            the beginning of the next larger one.
        test_size: how many points an AUC on a sample is measured on.
    """

    num_trials: int
    num_samples: tuple[int, ...]
    test_size: int = 10_000


SIZES = {
    "small": Config(100, (10, 30, 100, 300, 1000)),
    "paper": Config(100, (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)),
}


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Runs every reading.

    Args:
        config: how much.
        seed: of the samples.
        progress: called after every size of sample, and every test set.

    Returns:
        ``students``, the AUC of every student, and ``samples``, whether a hyperplane through the
        origin separates the classes of a sample.
    """
    noise = problem.draw_noise([seed, 20], config.num_trials, max(config.num_samples))
    fits = (len(problem.STUDENTS) + 1) * len(config.num_samples)
    total = len(problem.MEANS) * (fits + config.num_trials)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    students, samples = [], []
    for name, entry in problem.MEANS:
        trained = {
            student.name: _train(config, noise, entry, student, count)
            for student in problem.STUDENTS
        }
        trained[NO_PENALTY], separable = without_penalty(config, noise, entry, count)
        areas = {
            words: problem.population_auc(entry, weights) for words, weights in trained.items()
        }
        first = problem.STUDENTS[0].name
        areas[first + TEST_SET] = on_test_sets(config, seed, entry, trained[first], count)
        trials = {"num_samples": config.num_samples, "trial": range(config.num_trials)}
        samples.append(crossed({"means": [name], **trials}, separable=separable))
        axes = {
            "num_samples": config.num_samples,
            "labels": problem.LABELS,
            "trial": range(config.num_trials),
        }
        for words, auc in areas.items():
            students.append(crossed({"reading": [f"{name}, {words}"], **axes}, auc=auc))
    return {"students": joined(students), "samples": joined(samples)}


def _train(
    config: Config,
    noise: problem.Noise,
    entry: float,
    student: problem.Student,
    count: Callable[[], None],
) -> FloatArray:
    """Returns weights for every size and kind of labels, ``(sizes, kinds, trials, features)``."""
    weights = []
    for size in config.num_samples:
        part = noise.first(size)
        targets = problem.both_labels(part, entry)
        weights.append(problem.fit(part.inputs(entry), targets, student))
        count()
    return np.stack(weights)


def without_penalty(
    config: Config, noise: problem.Noise, entry: float, count: Callable[[], None]
) -> tuple[FloatArray, Any]:
    """Returns what students turn to as the penalty vanishes.

    For Bayes labels that is theta*, which attains them; for one-hot labels the widest margin where
    there is one, and the fit without penalty where there is none (here that with C = 1,000,000).

    Args:
        config: how much.
        noise: of the samples, at least ten.
        entry: of every coordinate of the mean of the first class.
        count: called after every size.

    Returns:
        Weights, shape ``(sizes, kinds, trials, features)``, and whether a hyperplane separates.
    """
    weights, separable = [], []
    for size in config.num_samples:
        part = noise.first(size)
        inputs = part.inputs(entry)
        margins = [problem.widest_margin(*pair) for pair in zip(inputs, part.signs, strict=True)]
        separates = np.array([margin is not None for margin in margins])
        # Samples that have no fit take part with labels that are easily fitted.
        targets = np.where(separates[:, None], 0.5, 0.5 * (1 + part.signs))
        [fitted] = problem.fit(inputs, targets[None], problem.Student(NO_PENALTY, 1e6))
        pairs = zip(fitted, margins, strict=True)
        one_hot = [weight if margin is None else margin for weight, margin in pairs]
        weights.append([one_hot, [2 * problem.mean_vector(entry)] * config.num_trials])
        separable.append(separates)
        count()
    return np.array(weights), np.array(separable)


def on_test_sets(
    config: Config, seed: int, entry: float, weights: FloatArray, count: Callable[[], None]
) -> FloatArray:
    """Returns the AUC of linear scores on a test set, another one for every trial.

    Args:
        config: how large the test sets are.
        seed: of the test sets.
        entry: of every coordinate of the mean of the first class.
        weights: shape ``(..., trials, features)``.
        count: called after every test set.
    """
    areas = np.empty(weights.shape[:-1])
    for trial in range(weights.shape[-2]):
        test = problem.draw_noise([seed, 21, trial], 1, config.test_size)
        scores = np.einsum("ni,...i->...n", test.inputs(entry)[0], weights[..., trial, :])
        for place in np.ndindex(scores.shape[:-1]):
            areas[(*place, trial)] = roc_auc_score(test.signs[0], scores[place])
        count()
    return areas


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the students.

    Args:
        tables: of `simulate`.
    """
    students = tables["students"]
    sizes = students.distinct("num_samples")
    findings = []
    for reading in students.distinct("reading"):
        one_hot, bayes = _by_size(students, reading).values()
        gain = bayes - one_hot
        for start in STARTS:
            place = sizes.index(start)
            whole = f"{reading}, N from {start}"
            labels = [f"N = {size}" for size in sizes[place:]]
            ends = f"N = {start} to {sizes[-1]}"
            grown = np.column_stack([kind[:, -1] - kind[:, place] for kind in (one_hot, bayes)])
            shrunk = gain[:, [place]] - gain[:, [-1]]
            findings += [
                Finding("better", whole, statistics.means(labels, gain[:, place:]), above=0.0),
                Finding(
                    "noticeable",
                    whole,
                    statistics.means(labels[:1], gain[:, [place]]),
                    above=problem.VISIBLE,
                ),
                Finding(
                    "more_samples",
                    whole,
                    statistics.means([f"{kind}, {ends}" for kind in problem.LABELS], grown),
                    above=0.0,
                ),
                Finding("shrinks", whole, statistics.means([ends], shrunk), above=0.0),
            ]
    return tuple(findings)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the AUC by the size of the sample, and what Bayes labels gain in every reading.

    Args:
        tables: of `simulate`.
        figure: an empty one.
    """
    students = tables["students"]
    top, bottom = figure.subplots(2, 2, sharex=True, sharey="row")
    for ax, (name, entry) in zip(top, problem.MEANS, strict=True):
        first = f"{name}, {problem.STUDENTS[0].name}"
        for place, (kind, trials) in enumerate(_by_size(students, first).items()):
            drawing.band(ax, students.distinct("num_samples"), trials, f"{kind} labels", place)
        best = problem.population_auc(entry, np.ones(problem.FEATURES))
        ax.axhline(float(best), color="0.5", linewidth=0.8, linestyle=":", label="best score")
        ax.set_xscale("log")
        label = "student AUC" if ax is top[0] else ""
        drawing.finish(ax, "", label, first, legend=ax is top[1])
    top[0].set_ylim(top=1.01)
    for ax, (name, _) in zip(bottom, problem.MEANS, strict=True):
        for place, words in enumerate([*(one.name for one in problem.STUDENTS), NO_PENALTY]):
            one_hot, bayes = _by_size(students, f"{name}, {words}").values()
            drawing.band(ax, students.distinct("num_samples"), bayes - one_hot, words, place)
        ax.axhline(problem.VISIBLE, color="0.5", linewidth=0.8, linestyle=":", label="noticeable")
        ax.set_yscale("symlog", linthresh=1e-6)
        label = "gain of Bayes labels" if ax is bottom[0] else ""
        drawing.finish(ax, "training samples N", label, name, legend=ax is bottom[1])
    # Intervals of gains near zero reach far below on such an axis.
    bottom[0].set_ylim(bottom=-1e-6)


def _by_size(students: Table, reading: str) -> dict[str, FloatArray]:
    """Returns the AUCs for every kind of labels, trials by sizes."""
    rows = students.where(reading=reading)
    return {
        kind: rows.where(labels=kind).pivot("trial", "num_samples", "auc")
        for kind in problem.LABELS
    }


STUDY = Study(
    name="menon_figure_2a",
    title="Bayes labels against one-hot labels, by the size of the sample",
    paper=MENON,
    items=("Figure 2",),
    statements=(
        Statement(
            "better",
            "Students of Bayes labels have a higher AUC than students of one-hot labels",
            "The mean difference of the AUCs, paired by trial, is above 0 at every N from the"
            " first; 95 % intervals, together",
        ),
        Statement(
            "noticeable",
            "For small samples the gain can be noticed",
            f"The mean difference at the first N is above {problem.VISIBLE}: about the width of a"
            " plotted line, on an axis like that of Figure 2(b); 95 % interval",
        ),
        Statement(
            "more_samples",
            "Both kinds of students are the better the more samples there are",
            "The mean AUC at the last N is above that at the first, paired by trial, for both kinds"
            " of labels; 95 % intervals, together",
        ),
        Statement(
            "shrinks",
            "Students of one-hot labels gain more from more samples, so that the gap shrinks",
            "The mean difference of the AUCs at the first N is above that at the last, paired by"
            " trial; 95 % interval",
        ),
    ),
    done="The two Gaussian classes of the text, with logistic students of both kinds of labels on"
    " the same samples. The AUC is that on the population, exactly, and in one reading that on a"
    " test set of 10,000 points, as in the text. Every choice is varied by itself, the others at"
    " their first value, for both means and both first sizes.",
    choices=(
        problem.SATURATION,
        dataclasses.replace(
            problem.PENALTY,
            tried=(*problem.PENALTY.tried, "none: what students turn to as the penalty vanishes"),
        ),
        problem.INTERCEPT,
        Choice("the smallest sample of the figure", tuple(f"N = {start}" for start in STARTS)),
        Choice("the AUC", ("on the population", "on 10,000 points, as in the text")),
    ),
    sizes=SIZES,
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.2, 6.4),
    notes=(
        "Where a hyperplane separates the classes of a sample (table samples), one-hot labels have"
        " no fit without a penalty, and students that stop early depend on where they stop.",
        "Bayes labels of ten or more samples are attained by theta* alone: without a penalty,"
        " students of Bayes labels are the same at every N.",
    ),
)
