r"""Whether forests that come closer to $p^*$ have better students: Figure 4(a) of Menon et al.

Teachers and students are those of ``_forests``: the two panels of Figure 3 in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kdtheory.intervals import student_margin
from kdtheory.replications._forests import (
    CHOICES,
    DEPTHS,
    DONE,
    FIRST,
    LABELS,
    NUM_SAMPLES,
    SIZES,
    TRUTH,
    by_reading,
    simulate,
)
from kdtheory.replications.drawing import COLOURS, LINES, MARKERS, finish
from kdtheory.replications.records import Finding, Statement, Study, Tables
from kdtheory.replications.statistics import LEVEL, rank_correlation
from kdtheory.theorems.papers import MENON

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TEST = (
    "Spearman's correlation over the five depths between the mean MSE of teachers and the mean AUC "
    "of their students: below 0 (percentile bootstrap over trials, 95 %)"
)

STATEMENTS = (
    Statement(
        "falls",
        "Teachers of a depth at which the mean squared error is smaller have better students",
        _TEST,
    ),
    Statement(
        "noise_free_falls",
        "If forests see Bayes probabilities in the place of labels, those with a smaller mean "
        "squared error have better students",
        _TEST,
        ours=True,
    ),
)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the tables, at the sample size of the text.

    Args:
        tables: as `kdtheory.replications._forests.simulate` returns them.
    """
    found = []
    for target, key in ((LABELS, "falls"), (TRUTH, "noise_free_falls")):
        errors = dict(by_reading(tables["teachers"], target, "mse"))
        for reading, scores in by_reading(tables["students"], target, "auc"):
            correlation = rank_correlation("MSE and AUC", errors[reading.split("; ")[0]], scores)
            found.append(Finding(key, reading, (correlation,), below=0.0))
    return tuple(found)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws AUC against MSE, a point for every depth.

    Args:
        tables: as `kdtheory.replications._forests.simulate` returns them.
        figure: an empty figure.
    """
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for place, target in enumerate((LABELS, TRUTH)):
        errors = dict(by_reading(tables["teachers"], target, "mse"))
        readings = by_reading(tables["students"], target, "auc")
        for number, (reading, scores) in enumerate(readings):
            mse = errors[reading.split("; ")[0]]
            if number == 0:
                _path(left, mse, scores, f"fitted to {target}", place, target == LABELS)
            else:
                style = {"color": COLOURS[place], "alpha": 0.45, "linewidth": 0.8}
                left.plot(mse.mean(axis=0), scores.mean(axis=0), zorder=1, **style)
    of_students = tables["students"].where(**FIRST)
    of_teachers = tables["teachers"].where(target=FIRST["target"], forest=FIRST["forest"])
    for place, size in enumerate(of_students.distinct("num_samples")):
        mse = of_teachers.where(num_samples=size).pivot("trial", "depth", "mse")
        scores = of_students.where(num_samples=size).pivot("trial", "depth", "auc")
        _path(right, mse, scores, f"N = {size}", place + 2, True)
    _references(left, tables)
    error = "teacher's MSE"
    finish(left, error, "student's AUC", f"N = {NUM_SAMPLES}, thin: other readings")
    finish(right, error, "", "Fitted to labels, larger samples")


def _path(ax: Axes, errors: Any, scores: Any, label: str, place: int, named: bool) -> None:
    """Draws a point for every depth, with Student's intervals, joined in the order of depth."""
    (x, _, across), (y, _, up) = (student_margin(values, LEVEL) for values in (errors, scores))
    style: dict[str, Any] = {"color": COLOURS[place], "linestyle": LINES[place]}
    ax.errorbar(x, y, up, across, marker=MARKERS[place], label=label, linewidth=1.6, **style)
    # Those of forests without noise are too close to each other to be named.
    for place, (depth, *point) in enumerate(zip(DEPTHS, x, y, strict=True)):
        if named:
            offset, side = ((-6, 5), "right") if place % 2 else ((6, -11), "left")
            _name(ax, f"{depth}", point, offset, side)


def _name(ax: Axes, name: str, point: Any, offset: tuple[int, int], side: Any) -> None:
    ax.annotate(name, point, offset, textcoords="offset points", ha=side, fontsize="small")


def _references(ax: Axes, tables: Tables) -> None:
    """Draws teachers for which nothing is fitted."""
    error = dict(zip(*tables["population"].columns.values(), strict=True))
    rows = tables["references"].where(num_samples=NUM_SAMPLES)
    points = {
        "constant": (error["MSE of the constant share"], 0.5),
        "one-hot": (error["MSE of one-hot labels"], rows.where(labels="one-hot")["auc"].mean()),
        "Bayes": (0.0, rows.where(labels="Bayes")["auc"].mean()),
    }
    for name, point in points.items():
        ax.plot(*point, "k*", markersize=9)
        offset, side = ((0, 8), "center") if name == "one-hot" else ((7, 3), "left")
        _name(ax, name, point, offset, side)


STUDY = Study(
    name="menon_figure_4a",
    title="Whether forests that come closer to the Bayes probabilities have better students",
    paper=MENON,
    items=("Figure 4",),
    statements=STATEMENTS,
    done=DONE,
    choices=CHOICES,
    sizes=SIZES,
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(9.2, 4.6),
    notes=(
        "Numbers beside points are depths; points are joined in that order.",
        "Fitted to 100 labels, teachers of a larger depth have a larger MSE and, up to depth 4, "
        "better students: what a shallow student needs of its teacher is an order of the inputs, "
        "which a nearly constant teacher does not give, however small its MSE.",
        "A constant has a smaller MSE than one-hot labels, and a student with an AUC of one half.",
    ),
)
