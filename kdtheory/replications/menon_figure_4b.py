r"""Figure 4(b) of Menon et al.: bias and noise injected into a strong teacher, and its students.

On Fashion-MNIST the text takes a perceptron for the Bayes probabilities $p^*$, distorts them as in
its Eq. 16, and distills them to a linear student on the samples about which the perceptron is least
certain. Here scikit-learn's digits stand in, with so few labels that it is as accurate as there.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kdtheory.replications import drawing, statistics
from kdtheory.replications._distorted_teachers import (
    LABELS,
    ONE_HOT,
    Config,
    Reading,
    equal_to,
    named,
    tabulated,
)
from kdtheory.replications.records import (
    Choice,
    Finding,
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

READINGS = (
    Reading("nearest to the text"),
    Reading("little regularisation", penalty=0.01),
    Reading("samples per pixel", per_feature=True),
    Reading("largest probability", largest=True),
    Reading("even against odd", binary=True),
    Reading("second hidden layer", later=(LABELS, LABELS), examples=150),
)
"""What is tried, one change at a time."""


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Trains teachers, distorts their probabilities, and fits students to them.

    Args:
        config: how many.
        seed: of everything random; readings share orders of the digits.
        progress: called after some trials of a reading.

    Returns:
        ``teachers``: one row for every original teacher; ``students``: one for every student, with
        the mean squared error of its teacher on the student's sample and on tests. The teacher
        `ONE_HOT` is that of the labels.
    """
    chunks = [
        range(low, min(low + config.together, config.trials))
        for low in range(0, config.trials, config.together)
    ]
    work = list(itertools.product(READINGS, chunks))
    teachers, students = [], []
    for done, (reading, trials) in enumerate(work, start=1):
        found = tabulated(reading, config, trials, seed)
        teachers += found[0]
        students += found[1]
        progress(done, len(work))
    return {"teachers": stack(teachers), "students": stack(students)}


TREND = -0.5
"""A rank correlation is to stay below it: one nearer to zero is no trend that a figure shows."""

MARGIN = 0.005
"""By as much another student may be better: less than a figure shows."""

VARIANTS = {
    "": ("mse", "auc"),
    "; area of all labels in one": ("mse", "auc_pooled"),
    "; error on tests": ("mse_tests", "auc"),
}
"""What else is open in the reading nearest to the text -> columns."""


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the tables.

    Args:
        tables: as `simulate` returns them.
    """
    students = tables["students"]
    found = []
    for reading in students.distinct("reading"):
        rows = students.where(reading=reading)
        kinds = in_grid(rows)
        for variant in VARIANTS if reading == READINGS[0].name else [""]:
            name = f"{reading}{variant}"
            error, area = (_by_teacher(rows, column, kinds) for column in VARIANTS[variant])
            ranks = statistics.rank_correlation("correlation of ranks", error, area)
            found.append(Finding("trend", name, (ranks,), below=TREND))
            ahead = statistics.lead(kinds, area, kinds[0])
            found.append(Finding("best", name, ahead, above=-MARGIN))
        amounts, difference = at_equal_error(rows)
        apart = statistics.means([f"bias {amount:g}" for amount in amounts], difference)
        found.append(Finding("equal_error", reading, apart, above=0.0))
    return tuple(found)


def in_grid(rows: Table) -> list[str]:
    """Returns the names of the teachers of the grid, the undistorted one first.

    Args:
        rows: the students of a reading.
    """
    cells = dict.fromkeys(zip(rows["bias"].tolist(), rows["noise"].tolist(), strict=True))
    names = {named(*cell) for cell in cells}
    return [kind for kind in rows.distinct("teacher") if kind in names]


def _by_teacher(rows: Table, column: str, kinds: Sequence[str]) -> Any:
    every = rows.distinct("teacher")
    return rows.pivot("trial", "teacher", column)[:, [every.index(kind) for kind in kinds]]


def at_equal_error(rows: Table) -> tuple[list[float], Any]:
    """Returns by how much the area is larger with bias only than with noise only, at equal error.

    Args:
        rows: the students of a reading.

    Returns:
        The biases, and the differences, shape ``(trials, biases)``.
    """
    amounts = [amount for amount in rows.distinct("bias") if amount > 0]
    with_bias = _by_teacher(rows, "auc", [named(amount, 0.0) for amount in amounts])
    with_noise = _by_teacher(rows, "auc", [equal_to(amount) for amount in amounts])
    return amounts, with_bias - with_noise


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the students' area against the teachers' error, and the difference at equal error.

    Args:
        tables: as `simulate` returns them.
        figure: empty.
    """
    students = tables["students"]
    axes = figure.subplots(2, 2).ravel()
    for ax, reading in zip(axes, DRAWN, strict=False):
        rows = students.where(reading=reading)
        for place, bias in enumerate(dict.fromkeys(rows["bias"].tolist())):
            kinds = [kind for kind in in_grid(rows) if rows.where(teacher=kind)["bias"][0] == bias]
            error, area = (_by_teacher(rows, column, kinds) for column in ("mse", "auc"))
            label = f"bias {bias:g}, noise growing to the right"
            drawing.band(ax, error.mean(axis=0), area, label, place)
        onehot = rows.where(teacher=ONE_HOT)["auc"].mean()
        ax.axhline(onehot, color="0.5", linewidth=1.0, zorder=0, label="students of one-hot labels")
        title = f"{reading}: {rows_of(tables, reading)} samples"
        drawing.finish(ax, "teacher's mean squared error", "student's AUC", title, legend=False)
    readings = students.distinct("reading")
    for place, reading in enumerate(readings):
        amounts, difference = at_equal_error(students.where(reading=reading))
        drawing.band(axes[3], amounts, difference, reading, place)
    axes[3].axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    axes[3].set_xticks(amounts)
    title = "equal error: AUC with bias minus AUC with noise"
    drawing.finish(axes[3], "bias that makes the same error", "difference", title, legend=False)
    first, last = (ax.get_legend_handles_labels() for ax in (axes[0], axes[3]))
    figure.legend(*first, loc="outside lower left", frameon=False, fontsize="small")
    figure.legend(*last, loc="outside lower right", frameon=False, fontsize="small")


DRAWN = tuple(READINGS[place].name for place in (0, 2, 4))
"""The readings with a panel of their own."""


def rows_of(tables: Tables, reading: str) -> int:
    """Returns how many samples the students of a reading are offered."""
    return int(tables["teachers"].where(reading=reading)["samples"][0])


STUDY = Study(
    name="menon_figure_4b",
    title="Bias and noise in a strong teacher: its mean squared error and its students' AUC",
    paper=MENON,
    items=("Figure 4",),
    statements=(
        Statement(
            "trend",
            "The smaller a teacher's mean squared error against the original one, the higher the "
            "student's AUC",
            "Spearman's correlation over the grid of bias and noise between the error and the AUC, "
            f"both means over trials: below {TREND:g} (nearer to zero it would not be a trend that "
            "a figure shows), by the bootstrap over trials",
        ),
        Statement(
            "best",
            "The teacher of the smallest error has the best student",
            "AUC of the student of the original teacher, whose error is zero, minus that of every "
            f"other teacher's, paired by trial: all above -{MARGIN:g} (less than a figure shows), "
            "by Student's intervals together",
        ),
        Statement(
            "equal_error",
            "The error is not enough: at equal error, bias alone leaves a better student than "
            "noise alone",
            "AUC with bias only minus AUC with noise only, the noise such that both have the same "
            "error on every sample: above 0 for every bias, by Student's intervals together",
            ours=True,
        ),
    ),
    done=(
        "Digits replace Fashion-MNIST. The perceptron is trained on so few labels that it is about "
        "as accurate as in the text, 89 %; its probabilities on other digits stand for the Bayes "
        "probabilities. Of these digits, those of which it is least certain go to the student, a "
        "linear softmax regression fitted to convergence; the AUC is that of the true labels of "
        "further digits. Bias and noise are Eq. 16 on the logits of ten labels: independent noise "
        "on each, scaled so that the difference of any two has the standard deviation sigma^2 of "
        "Eq. 16, then a mixture with the uniform distribution; two labels give Eq. 16 itself."
    ),
    choices=(
        Choice("how many samples", ("2500/60000 of them", "2500/784 for every pixel")),
        Choice("regularisation of the student", ("1/2 |W|^2 beside the sum", "a hundredth of it")),
        Choice("uncertainty", ("entropy", "one minus the largest probability")),
        Choice("labels", ("ten digits", "even against odd, where Eq. 16 stands as printed")),
        Choice("AUC of ten labels", ("mean of one against the rest", "all labels in one")),
        Choice("inputs of the mean squared error", ("the student's sample", "tests")),
        Choice("the teacher's hidden layers", ("128 units", "128, then 10 units")),
    ),
    sizes={
        "small": Config(
            trials=24,
            together=8,
            steps=500,
            pool=1000,
            amounts=(0.0, 0.25, 0.5, 0.75),
            noises=(0.0, 1.0, 2.25, 4.0, 9.0),
        ),
        "paper": Config(
            trials=100,
            together=10,
            steps=2000,
            pool=1000,
            amounts=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
            noises=(0.0, 0.25, 0.5, 1.0, 1.5, 2.25, 3.0, 4.0, 6.25, 9.0),
        ),
    },
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.6, 7.6),
    notes=(
        "Mixing with the uniform distribution leaves the order of the original probabilities: the "
        "AUC, which sees order only, can survive an error that noise would not leave it.",
        "The true labels of the uncertain digits are in the table as one more teacher: the "
        "original teacher is wrong about many of them.",
    ),
)
