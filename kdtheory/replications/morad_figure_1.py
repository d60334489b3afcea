r"""Morad et al., Figure 1: students by epoch, on one-hot, noisy and exact class probabilities.

The text examined is an abstract and reviews: Figure 1 shows the generalisation error and the test
accuracy by epoch for four kinds of labels. Here every label is a target of the cross-entropy: a
drawn label, the Bayes class probabilities $p^*$, or $p^*$ with noise of a known level. Trials are
worlds, drawn at random; in each, runs differ in start, order of examples and noise of labels.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kdtheory.replications import _class_worlds, drawing, statistics
from kdtheory.replications._classifier_training import (
    Lessons,
    at_the_end,
    by_epoch,
    orders,
    random_starts,
    train,
)
from kdtheory.replications._long_tables import compared, difference, joined, long_table, share_left
from kdtheory.replications._noisy_labels import NOISE, Labels, kinds, targets
from kdtheory.replications.records import (
    Choice,
    Finding,
    Measurement,
    Progress,
    Statement,
    Study,
    Table,
    Tables,
)
from kdtheory.theorems.papers import MORAD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REMOVED = 0.1
"""Something is called removed if less than a tenth of it is left: an order of magnitude."""

STEP_SIZES = {"SGD": {"large": 0.2, "small": 0.04}, "Adam": {"large": 0.02, "small": 0.004}}
r"""Linear softmax is stable for SGD below about $4/\|x\|^2$, here a third."""


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        trials: worlds.
        runs: in each, with every kind of label.
        block: trials that are trained at a time.
        samples: training examples.
        few: training examples where they are few.
        batch: examples in a step.
        epochs: passes over the training examples; where these are few, as many steps.
        longer: epochs of runs that are longer, as much as their step size is smaller.
        tests: test inputs.
        features: of an input.
        labels: how many classes.
        hidden: units of the network that is a student.
        levels: of noise; the last is that of one-hot labels.
    """

    trials: int = 10
    runs: int = 3
    block: int = 5
    samples: int = 500
    few: int = 100
    batch: int = 10
    epochs: int = 30
    longer: int = 150
    tests: int = 1000
    features: int = 10
    labels: int = 5
    hidden: int = 16
    levels: tuple[float, ...] = (0.1, 0.3, 1.0)


class Group(NamedTuple):
    """What settings must have in common to be of the same worlds, labels and orders."""

    student: str
    drawn: str
    sample: str
    length: str


class Setting(NamedTuple):
    """What the text leaves open of the training."""

    optimiser: str
    step: str
    group: Group

    @property
    def name(self) -> str:
        """In words."""
        student, drawn, sample, length = self.group
        few = ", few examples" if sample == "few" else ""
        longer = ", longer" if length == "long" else ""
        return f"{self.optimiser}, {self.step} step{longer}, {student}, labels {drawn}{few}"


def settings() -> tuple[Setting, ...]:
    """Returns the ways of training: the first, and others that differ from it in a thing or two."""
    groups = {
        Group("linear", "once", "full", "short"): ("large", "small"),
        Group("linear", "afresh", "full", "short"): ("large", "small"),
        Group("linear", "afresh", "full", "long"): ("small",),
        Group("linear", "once", "few", "short"): ("large",),
        Group("network", "once", "full", "short"): ("large",),
    }
    pairs = [(step, group) for group, steps in groups.items() for step in steps]
    return tuple(Setting(optimiser, *pair) for optimiser in STEP_SIZES for pair in pairs)


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Trains every student.

    Args:
        config: how much.
        seed: of everything random.
        progress: called after every training of a block of trials.

    Returns:
        ``trials``: a row for every setting, kind of label and trial; ``epochs``: one for every
        epoch, too. Numbers are means over runs, or what runs differ by.
    """
    starts = range(0, config.trials, config.block)
    total, done = len(settings()) * len(starts), 0
    pieces: dict[str, list[Table]] = {"trials": [], "epochs": []}
    for group, start in itertools.product(dict.fromkeys(s.group for s in settings()), starts):
        trials = range(start, min(start + config.block, config.trials))
        data = _data(config, (seed, start), len(trials), group)
        for setting in (one for one in settings() if one.group == group):
            step_size = STEP_SIZES[setting.optimiser][setting.step]
            _, history = train(setting.optimiser, step_size, data.lessons)
            reading = {"reading": setting.name}
            known = {"optimiser": setting.optimiser, "step_size": step_size, **group._asdict()}
            axes: list[Any] = [
                {
                    "labels": [one.name for one in data.kinds],
                    "model": [one.model for one in data.kinds],
                    "level": [one.level for one in data.kinds],
                },
                {"trial": trials, "bayes_accuracy": data.bayes_accuracy},
            ]
            ends = {"noise": data.noise, **at_the_end(history)}
            pieces["trials"].append(long_table(reading | known, axes, ends))
            axes = [{"labels": axes[0]["labels"]}, {"trial": trials}]
            axes.append({"epoch": range(1, history.accuracy.shape[-1] + 1)})
            pieces["epochs"].append(long_table(reading, axes, by_epoch(history)))
            done += 1
            progress(done, total)
    return {name: joined(parts) for name, parts in pieces.items()}


class _Data(NamedTuple):
    kinds: tuple[Labels, ...]
    lessons: Lessons
    noise: Any  # squared distance of targets from p*, shape (kinds, trials)
    bayes_accuracy: Any


def _data(config: Config, seed: tuple[int, int], trials: int, group: Group) -> _Data:
    """Draws worlds, starts, orders and labels. All with linear students have the same worlds."""
    linear, long = group.student == "linear", group.length == "long"
    rng = np.random.default_rng([*seed, linear])
    make = _class_worlds.gaussian_worlds if linear else _class_worlds.network_worlds
    worlds = make(rng, trials, config.samples, config.tests, config.features, config.labels)
    sizes = (config.features, *(() if linear else (config.hidden,)), config.labels)
    start = random_starts(rng, (trials, config.runs), sizes)
    count = config.few if group.sample == "few" else config.samples
    shares = np.where(np.arange(config.samples) < count, 1 / count, 0.0)
    epochs = config.longer if long else config.epochs
    steps = epochs, config.samples // config.batch
    order = orders(rng, (trials, config.runs), count, steps, config.batch)
    # Longer runs are there for what is left in the end, of one-hot labels and of exact ones.
    named = kinds(() if long else config.levels)
    shape = len(named), trials, config.runs, epochs, config.samples, config.labels
    every = np.empty(shape, np.float32)
    for place, labels in enumerate(named):
        every[place] = targets(rng, worlds.probs, labels, config.runs, epochs, group.drawn)
    apart = every[:, :, :, 0, :count] - worlds.probs[:, None, :count]
    noise = np.mean(np.sum(apart**2, axis=-1), axis=(2, 3))
    tests = worlds.test_inputs, worlds.test_probs
    lessons = Lessons(start, worlds.inputs, every, shares, order, *tests)
    return _Data(named, lessons, noise, np.mean(np.max(worlds.test_probs, axis=2), axis=1))


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Compares kinds of labels trial by trial, in every reading.

    Args:
        tables: as from `simulate`.
    """
    return tuple(_findings(tables["trials"]))


def _findings(trials: Table) -> Iterator[Finding]:
    for reading in trials.distinct("reading"):
        rows = trials.where(reading=reading)
        more = functools.partial(compared, rows, "exact", "one-hot")
        less = functools.partial(compared, rows, "one-hot", "exact")
        left = functools.partial(share_left, rows, "exact", "one-hot")
        yield Finding("accuracy", reading, more({"accuracy": "accuracy"}), above=0.0)
        said = f"excess risk; {reading}"
        yield Finding("generalisation", said, less({"excess risk": "excess"}), above=0.0)
        # The risk on labels that are never seen twice is not that of a training set.
        if rows["drawn"][0] == "once":
            said = f"gap to the training set; {reading}"
            yield Finding("generalisation", said, less({"gap": "gap"}), above=0.0)
        for key in ("jitter", "spread"):
            columns = {"accuracy": f"accuracy_{key}", "excess risk": f"excess_{key}"}
            yield Finding(key, reading, less(columns), above=0.0)
        shares = (left("gradient", "mean square of gradients"),)
        yield Finding("gradient", reading, shares, below=REMOVED)
        if rows["drawn"][0] == "afresh":
            shares = (left("excess", "excess risk"),)
            yield Finding("neighbourhood", reading, shares, below=REMOVED)
        for model in NOISE if rows["length"][0] == "short" else ():
            said = f"noise {model}; {reading}"
            yield Finding("noise_accuracy", said, _steps(rows, model, "accuracy", -1), above=0.0)
            yield Finding("noise_generalisation", said, _steps(rows, model, "excess", 1), above=0.0)


def _steps(rows: Table, model: str, column: str, sign: int) -> tuple[Measurement, ...]:
    """Returns by how much a column gets worse from every level of noise to the next."""
    names = _levels(rows, model)
    pairs = list(itertools.pairwise(names))
    steps = [sign * difference(rows, column, after, before) for before, after in pairs]
    return statistics.means([f"{a} to {b}" for a, b in pairs], np.column_stack(steps))


def _levels(rows: Table, model: str) -> list[str]:
    """Returns the kinds of labels with one model of noise, from none to that of one-hot labels."""
    found = dict(zip(rows["labels"].tolist(), rows["model"].tolist(), strict=True))
    named = [name for name, its in found.items() if its == model]
    # Its noise of level one is one-hot labels.
    return ["exact", *named, *(["one-hot"] if model == "Dirichlet" else [])]


def draw(tables: Tables, figure: Figure) -> None:
    """Draws accuracy and excess risk by epoch for four kinds of labels, and what noise does.

    Args:
        tables: as from `simulate`.
        figure: an empty one.
    """
    trials, epochs = tables["trials"], tables["epochs"]
    axes = figure.subplots(2, 2).ravel()
    noisy = trials.where(model="Dirichlet").distinct("labels")
    shown = ("one-hot", *reversed(noisy), "exact")
    first = {name: next(s.name for s in settings() if s.optimiser == name) for name in STEP_SIZES}
    bayes = trials.where(reading=first["SGD"], labels="exact")["bayes_accuracy"][:, None]
    for ax, optimiser, column in zip(
        axes, ("SGD", "SGD", "Adam"), ("accuracy", "excess", "excess"), strict=False
    ):
        rows = epochs.where(reading=first[optimiser])
        for place, name in enumerate(shown):
            values = rows.where(labels=name).pivot("trial", "epoch", column)
            seen = 100 * (values - bayes) if column == "accuracy" else np.log10(values)
            drawing.band(ax, rows.distinct("epoch"), seen, name, place)
        said = "accuracy minus Bayes rule (points)"
        said = said if column == "accuracy" else "log10 of the excess risk (nats)"
        drawing.finish(ax, "epoch", said, f"{optimiser}, labels drawn once", legend=False)
    axes[1].legend(frameon=False, fontsize="small")
    for ax in axes[1:3]:
        ax.set_ylim(bottom=-7)
    rows = trials.where(reading=first["SGD"])
    for place, model in enumerate(NOISE):
        names = _levels(rows, model)
        level = [rows.where(labels=name)["level"][0] for name in names]
        values = np.column_stack([rows.where(labels=name)["excess"] for name in names])
        drawing.band(axes[3], level, values, f"noise {model}", place)
    drawing.finish(
        axes[3], "level of noise", "excess risk (nats)", "SGD, labels drawn once, at the end"
    )


STUDY = Study(
    name="morad_figure_1",
    title="Students by epoch on one-hot, noisy and exact Bayes class probabilities",
    paper=MORAD,
    items=("Figure 1", "level of noise", "reviewer: Adam"),
    statements=(
        Statement(
            "accuracy",
            "Students of exact Bayes class probabilities are more accurate than those of one-hot"
            " labels",
            "The mean accuracy over the last quarter of the epochs, exact minus one-hot, paired by"
            " trial: the 95 % Student interval lies above 0",
        ),
        Statement(
            "generalisation",
            "They have a lower generalisation error",
            "The generalisation error over the last quarter of the epochs, one-hot minus exact,"
            " paired by trial: the 95 % Student interval lies above 0. Read as the excess risk,"
            " and as the risk minus that on the training set",
        ),
        Statement(
            "jitter",
            "Their training is steadier: the curves fluctuate less from epoch to epoch",
            "The root mean square of the change from one epoch to the next over the second half,"
            " one-hot minus exact, paired by trial, for accuracy and for excess risk: both Student"
            " intervals, 95 % together, lie above 0",
        ),
        Statement(
            "spread",
            "Seeds differ less",
            "The standard deviation over runs in one world (start, order, labels), one-hot minus"
            " exact, paired by trial, for accuracy and for excess risk: both Student intervals,"
            " 95 % together, lie above 0",
        ),
        Statement(
            "gradient",
            "The noise of the gradients that remains with one-hot labels is removed",
            "The mean square of the gradients of single training examples over the last quarter of"
            " the epochs, exact over one-hot, each for its own students: the 95 % bootstrap"
            " interval over trials lies below a tenth, an order of magnitude",
        ),
        Statement(
            "neighbourhood",
            "With a constant step size one-hot labels keep students in a neighbourhood of the"
            " optimum; exact probabilities do not",
            "The excess risk over the last quarter of the epochs where labels are drawn afresh,"
            " exact over one-hot: the 95 % bootstrap interval over trials lies below a tenth, an"
            " order of magnitude",
        ),
        Statement(
            "noise_accuracy",
            "The noisier the probabilities, the less accurate the students",
            "The accuracy over the last quarter of the epochs falls from every level of noise (0,"
            " .1, .3, 1 times that of one-hot labels) to the next, paired by trial: all Student"
            " intervals, 95 % together, lie above 0",
        ),
        Statement(
            "noise_generalisation",
            "The noisier the probabilities, the higher the generalisation error",
            "The excess risk over the last quarter of the epochs rises from every level of noise to"
            " the next, paired by trial: all Student intervals, 95 % together, lie above 0",
        ),
    ),
    done="The text examined says only what the axes are, that there are four kinds of labels, and"
    " that a synthetic problem is behind it. Here classes are Gaussian and students linear softmax,"
    " which can represent the Bayes probabilities; or a random network makes the probabilities,"
    " and students are networks of one layer. The chance of being right is computed from the Bayes"
    " probabilities at the test inputs, without drawn labels. Noise is measured as the squared"
    " distance from the Bayes probabilities in units of that of one-hot labels. A trial is a world;"
    " runs in it differ in start, order and labels.",
    choices=(
        Choice("optimiser, with a constant step size", ("SGD", "Adam")),
        Choice("step size", ("large: .2 for SGD, .02 for Adam", "small: a fifth")),
        Choice(
            "problem and student",
            ("Gaussian classes and linear softmax", "a random network and a wider network"),
        ),
        Choice("labels and noise", ("drawn once for every example", "afresh in every epoch")),
        Choice("sample size", ("500", "100 with as many steps, where there are 500 otherwise")),
        Choice(
            "model of noise",
            ("Dirichlet", "additive, which leaves the simplex", "additive on the logarithms"),
        ),
        Choice("generalisation error", ("excess risk", "gap to the risk on the training set")),
    ),
    sizes={
        "small": Config(),
        "paper": Config(trials=40, runs=5, block=2, samples=2000, few=200, epochs=60, tests=4000),
    },
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(9.0, 6.6),
    notes=(
        "How far the excess risk of exact labels is below that of one-hot labels at the end depends"
        " on whether training is long enough for the step size; longer runs with the small step are"
        " readings of their own.",
        "Linear students can represent the Bayes probabilities of Gaussian classes, so that with"
        " exact labels the gradient of every single example vanishes at the optimum.",
        "Equal squared distances from the Bayes probabilities need not harm equally: noise on"
        " logarithms is biased, additive noise leaves the simplex, Dirichlet noise does neither.",
    ),
)
