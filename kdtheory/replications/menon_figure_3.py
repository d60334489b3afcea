r"""How deep a forest should be that teaches a shallow tree: Figure 3 of Menon et al.

Teachers and students are those of ``_forests``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

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
from kdtheory.replications.drawing import COLOURS, band, finish
from kdtheory.replications.records import Finding, Statement, Study, Table, Tables
from kdtheory.replications.statistics import lead, means
from kdtheory.theorems.papers import MENON

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BEST = 8
"""The depth that the text reports."""

_LEAST = (
    "Mean over trials of the MSE at each other depth minus that at depth 8, paired by trial: all "
    "four above 0 (Student's intervals, 95 % together)"
)
_HIGHEST = (
    "Mean over trials of the student's AUC at depth 8 minus that at each other depth, paired by "
    "trial: all four above 0 (Student's intervals, 95 % together)"
)
STATEMENTS = (
    Statement(
        "least_error",
        "Of teachers of depth 1, 2, 4, 8 and 16, those of depth 8 have the least mean squared "
        "error",
        _LEAST,
    ),
    Statement(
        "best_student",
        "Of teachers of depth 1, 2, 4, 8 and 16, those of depth 8 have the best student",
        _HIGHEST,
    ),
    Statement(
        "coincide",
        "The depth at which teachers have the least mean squared error is the one at which they "
        "have the best student",
        "The depth of the least mean MSE is chosen on every other trial; on the remaining ones, "
        "the mean AUC there minus that at each other depth: all four above 0 (Student's intervals, "
        "95 % together)",
    ),
    Statement(
        "tradeoff",
        "Deeper teachers have less bias and more variance",
        "Mean over pairs of trials of the squared bias at depth 1 minus that at depth 16, and of "
        "the variance at depth 16 minus that at depth 1: both above 0 (Student's intervals, 95 % "
        "together); the squared bias is estimated by the product of the errors of two independent "
        "forests",
    ),
    Statement(
        "noise_free_error",
        "If forests see Bayes probabilities in the place of labels, those of depth 8 have the "
        "least mean squared error",
        _LEAST,
        ours=True,
    ),
    Statement(
        "noise_free_student",
        "If forests see Bayes probabilities in the place of labels, those of depth 8 have the best "
        "student",
        _HIGHEST,
        ours=True,
    ),
)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the tables, at the sample size of the text.

    Args:
        tables: as `simulate` returns them.
    """
    found = []
    for target, error, best in (
        (LABELS, "least_error", "best_student"),
        (TRUTH, "noise_free_error", "noise_free_student"),
    ):
        for reading, errors in by_reading(tables["teachers"], target, "mse"):
            found.append(Finding(error, reading, lead(DEPTHS, -errors, BEST), above=0.0))
        for reading, scores in by_reading(tables["students"], target, "auc"):
            found.append(Finding(best, reading, lead(DEPTHS, scores, BEST), above=0.0))
    errors_of = dict(by_reading(tables["teachers"], LABELS, "mse"))
    for reading, scores in by_reading(tables["students"], LABELS, "auc"):
        errors = errors_of[reading.split("; ")[0]]
        chosen = DEPTHS[int(np.argmin(errors[::2].mean(axis=0)))]
        found.append(Finding("coincide", reading, lead(DEPTHS, scores[1::2], chosen), above=0.0))
    variances = dict(by_reading(tables["pairs"], LABELS, "variance"))
    for reading, squares in by_reading(tables["pairs"], LABELS, "squared_bias"):
        change = (
            squares[:, 0] - squares[:, -1],
            variances[reading][:, -1] - variances[reading][:, 0],
        )
        numbers = means(("squared bias lost", "variance gained"), np.stack(change, axis=1))
        found.append(Finding("tradeoff", reading, numbers, above=0.0))
    return tuple(found)


# --- the figure -----------------------------------------------------------------------------------


def draw(tables: Tables, figure: Figure) -> None:
    """Draws error and AUC against depth, in every reading, and for larger samples.

    Args:
        tables: as `simulate` returns them.
        figure: an empty figure.
    """
    axes = figure.subplots(2, 2, sharex=True)
    columns = (("teachers", "mse", np.argmin), ("students", "auc", np.argmax))
    for (above, below), (table, name, best) in zip(axes.T, columns, strict=True):
        for place, target in enumerate((LABELS, TRUTH)):
            first, *others = (values for _, values in by_reading(tables[table], target, name))
            band(above, DEPTHS, first, f"fitted to {target}", place)
            for values in others:
                style = {"color": COLOURS[place], "alpha": 0.45, "linewidth": 0.8}
                above.plot(DEPTHS, values.mean(axis=0), zorder=1, **style)
        kept = {key: value for key, value in FIRST.items() if key in tables[table].columns}
        for place, size in enumerate(tables[table].distinct("num_samples")):
            rows = tables[table].where(num_samples=size, **kept)
            values = rows.pivot("trial", "depth", name)
            band(below, DEPTHS, values, f"N = {size}", place + 2)
            mean, style = values.mean(axis=0), {"color": COLOURS[place + 2], "markersize": 15}
            below.plot(DEPTHS[best(mean)], mean[best(mean)], "*", **style)
    for label, value in _levels(tables["references"]):
        _level(axes[0, 1], label, value)
    _level(axes[0, 0], "constant", float(tables["population"]["value"][1]))
    axes[0, 0].set_xscale("log", base=2)
    axes[0, 0].set_xticks(DEPTHS, [f"{depth}" for depth in DEPTHS])
    title = f"N = {NUM_SAMPLES}, thin: other readings"
    finish(axes[0, 0], "", "teacher's MSE", title)
    finish(axes[0, 1], "", "student's AUC", title, legend=False)
    depth, title = "depth of the teacher's trees", "Fitted to labels, star: best depth"
    finish(axes[1, 0], depth, "teacher's MSE", title)
    finish(axes[1, 1], depth, "student's AUC", title, legend=False)


def _levels(references: Table) -> Iterator[tuple[str, float]]:
    """Yields the students of one-hot labels and of Bayes probabilities."""
    at_size = references.where(num_samples=NUM_SAMPLES)
    for labels in at_size.distinct("labels"):
        yield labels, float(at_size.where(labels=labels)["auc"].mean())


def _level(ax: Axes, label: str, value: float) -> None:
    ax.axhline(value, color="0.4", linewidth=1.0, linestyle=(0, (4, 3)), zorder=0)
    place: dict[str, Any] = {"xy": (1.0, value), "xycoords": ("axes fraction", "data")}
    place |= {"xytext": (2, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(label, fontsize="small", color="0.3", **place)


STUDY = Study(
    name="menon_figure_3",
    title="How deep a forest should be that teaches a shallow tree",
    paper=MENON,
    items=("Figure 3", "bias against variance of forests"),
    statements=STATEMENTS,
    done=DONE,
    choices=CHOICES,
    sizes=SIZES,
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.6, 6.4),
    notes=(
        "Fitted to 100 labels, forests hardly have a smaller MSE than the share of positives, a "
        "constant (dashed), at depths 1 and 2, and a larger one beyond: their variance grows by "
        "more than their bias falls.",
        "With more examples the depth of the least MSE moves up (lower panels, in the first "
        "reading).",
        "From depth 4 on, the student's AUC changes little with the depth of its teacher, and is "
        "near that of a student of one-hot labels (dashed).",
        "Forests that see Bayes probabilities have no noise to fit, and deeper ones lose little by "
        "their variance.",
        "The text goes on to compare with a depth of 10, which is not among its depths.",
    ),
)
