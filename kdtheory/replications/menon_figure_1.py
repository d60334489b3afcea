r"""Figure 1 of Menon et al.: more accurate teachers of worse probabilities, and their students.

On CIFAR-100 the text trains ResNets of growing depth and distills each to one of depth 8. Here
residual networks on a mixture of Gaussians of which the Bayes probabilities are known, perceptrons
of growing width, and handwritten digits stand in for them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from scipy import special

from kdtheory.intervals import Estimate
from kdtheory.readers import shipped_dataset
from kdtheory.replications import drawing, statistics
from kdtheory.replications._growing_teachers import (
    FRESH,
    SAME,
    TEMPERATURE,
    WARM,
    Config,
    Group,
    Problem,
    Reading,
    tabulated,
)
from kdtheory.replications.records import (
    Choice,
    Finding,
    Measurement,
    Progress,
    Statement,
    Study,
    Table,
    Tables,
    stack,
)
from kdtheory.theorems.papers import MENON

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEATURES = 10
COMPONENTS = 3
LABELS = 10
NOISE = 0.2
DECAY = 0.3


def mixture(random: np.random.Generator, config: Config) -> Problem:
    r"""Returns a sample of a random mixture: ten labels, each three Gaussians of unit covariance.

    The centres are drawn from $N(0, I)$ in ten dimensions: labels overlap, and no linear classifier
    is good.

    Args:
        random: what centres, inputs and labels are drawn from.
        config: how many inputs.
    """
    count = 2 * config.examples + config.tests
    centres = random.standard_normal((LABELS, COMPONENTS, FEATURES))
    places = random.integers(LABELS, size=count), random.integers(COMPONENTS, size=count)
    inputs = centres[places] + random.standard_normal((count, FEATURES))
    truth = mixture_probs(inputs, centres)
    labels = (random.random((count, 1)) > truth.cumsum(axis=1)[:, :-1]).sum(axis=1)
    # In the unit of their standard deviation over everything random.
    return Problem(np.float32(inputs / np.sqrt(2.0)), np.float32(truth), labels, config.examples)


def mixture_probs(inputs: Any, centres: Any) -> Any:
    r"""Returns $p^*_k(x)\propto\sum_c e^{-\|x-\mu_{kc}\|^2/2}$.

    Args:
        inputs: $x$, shape ``(inputs, features)``.
        centres: $\mu$, shape ``(labels, components, features)``.

    Returns:
        Shape ``(inputs, labels)``.
    """
    flat = centres.reshape(-1, centres.shape[-1])
    # The square of x is common to all.
    exponents = inputs @ flat.T - 0.5 * np.sum(flat**2, axis=-1)
    joint = special.softmax(exponents, axis=-1)
    return joint.reshape(len(inputs), *centres.shape[:2]).sum(axis=-1)


def handwritten(random: np.random.Generator, config: Config) -> Problem:
    """Returns scikit-learn's digits in random order.

    Args:
        random: what the order is drawn from.
        config: how many are for training.
    """
    bunch = shipped_dataset("digits")
    order = random.permutation(len(bunch.target))
    labels = np.asarray(bunch.target)[order]
    inputs = np.asarray(bunch.data, np.float32)[order] / 16
    return Problem(inputs, np.eye(LABELS, dtype=np.float32)[labels], labels, config.digits)


GROUPS = (
    Group(
        mixture,
        16,
        (
            Reading("mixture, depth", students=(SAME, WARM, FRESH)),
            Reading("mixture, depth, a quarter of the training", part=1),
        ),
    ),
    Group(
        mixture,
        0,
        (
            Reading("mixture, width"),
            Reading("mixture, width, weight decay", decay=DECAY),
            Reading("mixture, width, label noise", noise=NOISE),
        ),
    ),
    Group(handwritten, 8, (Reading("digits, depth"),)),
    Group(handwritten, 0, (Reading("digits, width"),)),
)
"""What is tried, the reading nearest to the text first."""


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Trains teachers and students.

    Args:
        config: how many.
        seed: of everything random.
        progress: called after every call of the training program.

    Returns:
        ``teachers``: one row for every teacher, with accuracy, log-loss, squared distance to the
        Bayes probabilities (to the label where they are not known) and calibration errors, all on
        tests; ``students``: one row for every student.
    """
    chunks = [
        range(low, min(low + config.together, config.trials))
        for low in range(0, config.trials, config.together)
    ]
    total = len(chunks) * sum(group.pieces for group in GROUPS)
    done = itertools.count(1)
    teachers, students = [], []
    # In single precision, whatever the caller's: the numbers do not depend on it.
    with jax.enable_x64(False):
        for (number, group), trials in itertools.product(enumerate(GROUPS), chunks):
            found = tabulated(
                group, config, trials, (seed, number), lambda: progress(next(done), total)
            )
            teachers += found[0]
            students += found[1]
    return {"teachers": stack(teachers), "students": stack(students)}


def over_best(labels: Sequence[Any], losses: Any) -> tuple[Measurement, ...]:
    """Returns by how much the smallest and the largest teacher exceed the best of the others.

    Which is best is not known: the largest of all differences lies between the largest of their
    lower ends and the largest of their upper ends, as all intervals hold together.

    Args:
        labels: what the columns are, in the order of size.
        losses: shape ``(trials, sizes)``.
    """
    values = np.asarray(losses, float)
    first, last = values[:, [0]] - values[:, 1:], values[:, [-1]] - values[:, :-1]
    names = [*labels[1:], *labels[:-1]]
    every = [one.estimate for one in statistics.means(names, np.hstack([first, last]))]

    def largest(what: str, estimates: list[Estimate]) -> Measurement:
        fields = ("value", "low", "high", "spread")
        most = {name: max(getattr(one, name) for one in estimates) for name in fields}
        return Measurement(what, Estimate(**most))

    return (
        largest("smallest minus best", every[: len(labels) - 1]),
        largest("largest minus best", every[len(labels) - 1 :]),
    )


def beyond(values: Any, losses: Any) -> Any:
    """Returns for every trial the value at the largest size minus that at the turning point.

    The turning point is the size with the lowest mean loss in all other trials, so that a trial
    takes no part in choosing where it is judged.

    Args:
        values: shape ``(trials, sizes)``.
        losses: same shape.

    Example:
        >>> losses = np.array([[2.0, 1.0, 3.0]] * 3)
        >>> beyond(np.array([[0.0, 5.0, 4.0]] * 3), losses).tolist()
        [-1.0, -1.0, -1.0]
    """
    values, losses = np.asarray(values, float), np.asarray(losses, float)
    turns = np.argmin(losses.sum(axis=0) - losses, axis=1)
    return values[:, -1] - values[np.arange(len(values)), turns]


KINDS = {
    "calibration": "bins of equal width",
    "debiased_calibration": "bins of equal mass, without the bias of noise",
}
"""Column of the teachers -> which calibration error it is."""


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the tables.

    Args:
        tables: as `simulate` returns them.
    """
    teachers, students = tables["teachers"], tables["students"]
    found = []
    for reading in teachers.distinct("reading"):
        rows = teachers.where(reading=reading)
        sizes = [f"{number} parameters" for number in rows.distinct("parameters")]
        accuracy, losses = (_by_size(rows, name) for name in ("accuracy", "log_loss"))

        def grown(what: str, trials: Any) -> tuple[Measurement, ...]:
            return statistics.means([what], np.asarray(trials)[:, None])

        ends = grown("largest minus smallest", accuracy[:, -1] - accuracy[:, 0])
        found.append(Finding("accuracy", reading, ends, above=0.0))
        found.append(Finding("log_loss", reading, over_best(sizes, losses), above=0.0))
        for name, kind in KINDS.items():
            errors = _by_size(rows, name)
            worse = grown("largest minus smallest", errors[:, -1] - errors[:, 0])
            found.append(Finding("calibration", f"{reading}; {kind}", worse, above=0.0))
        at_odds = grown("largest minus turning point", beyond(accuracy, losses))
        found.append(Finding("at_odds", reading, at_odds, above=0.0))
        taught = students.where(reading=reading)
        for kind in taught.distinct("students"):
            scores = _by_size(taught.where(students=kind), "accuracy")
            change = grown("largest minus turning point", beyond(scores, losses))
            found.append(Finding("student", f"{reading}; {kind}", change, below=0.0))
    return tuple(found)


def _by_size(rows: Table, name: str) -> Any:
    return rows.pivot("trial", "parameters", name)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws teachers' accuracy, log-loss and calibration against size, and what students gain.

    Args:
        tables: as `simulate` returns them.
        figure: empty.
    """
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    axes = figure.subplots(2, 2, sharex=True)
    teachers, students = tables["teachers"], tables["students"].where(students=SAME)
    for place, reading in enumerate(teachers.distinct("reading")):
        rows, taught = (table.where(reading=reading) for table in (teachers, students))
        size = rows.distinct("parameters")
        for ax, name in zip(axes.ravel(), ("accuracy", "log_loss", "calibration"), strict=False):
            drawing.band(ax, size, _by_size(rows, name), reading, place)
        scores = _by_size(taught, "accuracy")
        drawing.band(axes[1, 1], size, scores - scores[:, [0]], reading, place)
    axes[0, 0].set_xscale("log")
    axes[0, 1].set_yscale("log")
    axes[0, 1].set_yticks([0.2, 0.5, 1.0, 2.0])
    axes[0, 1].yaxis.set_major_formatter(ScalarFormatter())
    axes[0, 1].yaxis.set_minor_formatter(NullFormatter())
    axes[1, 1].axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    below = "parameters of the teacher"
    drawing.finish(axes[0, 0], "", "accuracy", "teachers: accuracy", legend=False)
    drawing.finish(axes[0, 1], "", "log-loss", "teachers: log-loss", legend=False)
    error = "expected calibration error"
    drawing.finish(axes[1, 0], below, error, "teachers: calibration", legend=False)
    gained = "change of accuracy"
    drawing.finish(
        axes[1, 1],
        below,
        gained,
        "students: accuracy minus that with the smallest teacher",
        legend=False,
    )
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize="small"
    )


STUDY = Study(
    name="menon_figure_1",
    title="Teachers of growing size: accuracy against log-loss and calibration, and their students",
    paper=MENON,
    items=("Figure 1",),
    statements=(
        Statement(
            "accuracy",
            "Larger teachers are more accurate",
            "The accuracy of the largest teacher exceeds that of the smallest: mean over trials, "
            "Student's interval above 0",
        ),
        Statement(
            "log_loss",
            "The teacher's log-loss falls first, and rises beyond some size",
            "The log-loss of the smallest and that of the largest teacher both exceed the lowest "
            "over all other sizes: both above 0, by intervals of all differences that hold "
            "together, since which size is best is not known",
        ),
        Statement(
            "calibration",
            "Larger teachers are worse calibrated",
            "The expected calibration error of the largest teacher exceeds that of the smallest: "
            "mean over trials, Student's interval above 0",
        ),
        Statement(
            "at_odds",
            "Beyond the size of the lowest log-loss, teachers still become more accurate",
            "Accuracy of the largest teacher minus that at the turning point, the size with the "
            "lowest mean log-loss in all other trials (0 if it is the largest): mean over trials, "
            "Student's interval above 0",
        ),
        Statement(
            "student",
            "Beyond the size of the teachers' lowest log-loss, their students become less accurate",
            "Accuracy of the largest teacher's student minus that of the student of the teacher at "
            "the turning point, chosen as above: mean over trials, Student's interval below 0",
        ),
    ),
    done=(
        "CIFAR-100 and convolutions are replaced. The mixture: ten labels, each three Gaussians in "
        "ten dimensions, of which the Bayes probabilities are known; accuracy, log-loss and "
        "calibration are exact in the labels. The digits: scikit-learn's 8 x 8 images, few of them "
        "for training. Teachers grow in depth (residual blocks of fixed width, numbered as those "
        "of ResNets 8, 14, 20, 32, 56 within a stage) or in width (one hidden layer); students are "
        "of the smallest size. Adam with constant steps; no augmentation, no normalisation."
    ),
    choices=(
        Choice("data", ("mixture of Gaussians", "handwritten digits")),
        Choice("how teachers grow", ("residual blocks", "units of one hidden layer")),
        Choice("length of the training", ("all of it", "a quarter")),
        Choice("weight decay", ("none", f"{DECAY:g}, decoupled")),
        Choice("label noise", ("none", f"{NOISE:.0%} of the training labels drawn again")),
        Choice("inputs of the students", ("those of the teacher", "as many fresh ones")),
        Choice("temperature of the teacher's probabilities", ("1", f"{TEMPERATURE:g}")),
        Choice("calibration error", tuple(KINDS.values())),
    ),
    sizes={
        "small": Config(
            trials=12,
            together=6,
            steps=1000,
            blocks=(1, 2, 3, 5, 9),
            widths=(8, 16, 32, 64, 128),
            examples=500,
            digits=300,
            tests=1000,
        ),
        "paper": Config(
            trials=40,
            together=5,
            steps=4000,
            blocks=(1, 2, 3, 5, 7, 9),
            widths=(8, 16, 32, 64, 128, 256, 512),
            examples=1000,
            digits=300,
            tests=4000,
        ),
    },
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.2, 7.0),
    notes=(
        "Where the largest teacher also has the lowest log-loss there is no turning point: what is "
        "said of sizes beyond it then counts as not replicated.",
        "The teachers' squared distance to the Bayes probabilities (to the label, for digits) "
        "stands in the table, as do the accuracy on their own training labels and the students' "
        "log-loss.",
    ),
)
