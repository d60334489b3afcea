"""What tables of precisions say of Menon et al., Table 1: statements, readings, findings, figure.

The tables of simulated data and those of files have the same columns, and are judged alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kdtheory.intervals import student_margin
from kdtheory.replications import drawing
from kdtheory.replications._retrieval_training import DEPTHS, ODDS, UNIFORM
from kdtheory.replications.records import Finding, Statement, Table, Tables
from kdtheory.replications.statistics import LEVEL, means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PRECISIONS = tuple(f"P@{k}" for k in DEPTHS)
HELD_OUT = "held-out P@1"
TUNED = "a chosen on held-out P@1"

BASE = {
    "weights": TUNED,
    "positives": "teacher",
    "teacher": "best on held-out data",
    "inputs": "the sample",
    "stopped": "at the end",
    "targets": "probabilities",
}
"""The first reading: of every choice, what a reader would take first."""

TEACHER_AT_THE_END, FRESH, BY_VALIDATION = (
    "at the end",
    "fresh, unlabelled",
    "best on held-out data",
)
"""The other values of the choices that are tried for every student."""

TEACHER = "teacher"
"""The student column of a row that is about the teacher."""

STUDENTS = ("narrow", "wider")
"""The student column of the others, in the order of their widths."""

ABOUT = ("like AmazonCat-13K", "like Amazon-670K")
"""The stand-ins for the two data sets; what is said of one of them is judged on files as well."""

_PAIRED = "mean over trials, paired by trial"

STATEMENTS = (
    Statement(
        "distillation",
        "A distilled student retrieves better than one trained on labels, by a little and at every "
        "k, on both data sets",
        f"Distilled minus one-hot, each of k = 1, 3, 5 above 0 ({_PAIRED}, 95 % together)",
    ),
    Statement(
        "double_against_labels",
        "A double-distilled student retrieves better than one trained on labels, at every k, on "
        "both data sets",
        f"Double minus one-hot, each of k = 1, 3, 5 above 0 ({_PAIRED}, 95 % together)",
    ),
    Statement(
        "double_at_the_head",
        "Double-distillation improves further on distillation at P@1 and P@3, on both data sets",
        f"Double minus distilled, each of k = 1, 3 above 0 ({_PAIRED}, 95 % together)",
    ),
    Statement(
        "mostly_the_head",
        "What double-distillation adds to distillation, it adds at the head above all (so says the "
        "text: in its table, AmazonCat-13K has the larger gains at P@3 and P@5)",
        f"Gain of double over distilled at k = 1 minus that at k = 5, above 0 ({_PAIRED}, 95 %)",
    ),
    Statement(
        "double_at_five",
        "On AmazonCat-13K, double-distillation is better than distillation at P@5 too",
        f"Double minus distilled at k = 5, above 0 ({_PAIRED}, 95 %); on its stand-in, or on files",
    ),
    Statement(
        "exception_at_five",
        "On Amazon-670K, double-distillation is slightly worse than distillation at P@5: an "
        "exception in the table that the text does not name",
        f"Double minus distilled at k = 5, below 0 ({_PAIRED}, 95 %); on its stand-in, or on files",
    ),
    Statement(
        "double_against_teacher",
        "On AmazonCat-13K, the double-distilled student exceeds its teacher at P@1",
        f"Double minus teacher at k = 1, above 0 ({_PAIRED}, 95 %); on its stand-in, or on files",
    ),
)


def row(
    trial: int,
    data: str,
    student: str,
    width: int,
    method: str,
    test: Any,
    held_out: float,
    *,
    positives: str = "teacher",
    weights: str = UNIFORM,
    teacher: str = BASE["teacher"],
    inputs: str = BASE["inputs"],
    stopped: str = BASE["stopped"],
) -> dict[str, Any]:
    """Returns a row of the table of precisions.

    Args:
        trial: which.
        data: one of `ABOUT`, or the name of files.
        student: ``"narrow"``, ``"wider"`` or `TEACHER`.
        width: of its hidden layer.
        method: ``"one-hot"``, ``"distilled"``, ``"double"`` or `TEACHER`.
        test: its precisions on the test points, at every depth.
        held_out: its P@1 on the points held out.
        positives: ``"teacher"``, ``"observed"``, or ``"logits"`` that are matched.
        weights: of the negatives.
        teacher: where its training was stopped.
        inputs: on which the student learnt from its teacher.
        stopped: where the student's training was stopped.
    """
    return {
        "trial": trial,
        "data": data,
        "student": student,
        "width": width,
        "method": method,
        "positives": positives,
        "weights": weights,
        "teacher": teacher,
        "inputs": inputs,
        "stopped": stopped,
        **dict(zip(PRECISIONS, map(float, test), strict=True)),
        HELD_OUT: float(held_out),
    }


class Reading(NamedTuple):
    """A reading of the text: in words, which choice differs from the first, and all choices."""

    words: str
    changed: str
    choices: dict[str, str]


def readings(rows: Table) -> Iterator[Reading]:
    """Yields the readings that are in the rows of a student: the first, then one change each."""
    yield Reading("first reading", "", BASE)
    doubles = rows.where(method="double")
    for name in ("weights", "positives", "teacher", "inputs", "stopped"):
        for value in doubles.distinct(name):
            if value != BASE[name]:
                words = f"w = {value}" if value == ODDS else value
                words = words if name == "weights" else f"{name} {words}"
                yield Reading(words, name, BASE | {name: value})
    if len(rows.where(positives="logits")):
        yield Reading("distilled by matching logits", "targets", BASE | {"targets": "logits"})


def chosen(rows: Table, method: str, choices: dict[str, str]) -> Any:
    """Returns the precisions of a method, shape ``(trials, depths)``.

    Args:
        rows: of one student and its teachers, on one kind of data.
        method: `TEACHER`, ``"one-hot"``, ``"distilled"`` or ``"double"``.
        choices: those of one of the `readings`.
    """
    rows = rows.where(method=method)
    if method == TEACHER:
        return _precisions(rows.where(teacher=choices["teacher"]))
    if method == "distilled" and choices["targets"] == "logits":
        return _precisions(rows.where(positives="logits"))
    rows = rows.where(stopped=choices["stopped"])
    if method == "one-hot":
        return _precisions(rows)
    rows = rows.where(teacher=choices["teacher"], inputs=choices["inputs"])
    if method == "distilled":
        return _precisions(rows.where(positives="teacher"))
    rows = rows.where(positives=choices["positives"])
    if choices["weights"] != TUNED:
        return _precisions(rows.where(weights=choices["weights"]))
    scaled = [rows.where(weights=name) for name in rows.distinct("weights") if name != ODDS]
    best = np.argmax([_in_order(each, HELD_OUT) for each in scaled], axis=0)
    return np.stack([_precisions(each) for each in scaled])[best, np.arange(len(best))]


def _in_order(rows: Table, name: str) -> Any:
    return rows[name][np.argsort(rows["trial"], kind="stable")]


def _precisions(rows: Table) -> Any:
    return np.stack([_in_order(rows, name) for name in PRECISIONS], axis=1)


def students(tables: Tables) -> Iterator[tuple[str, str, Table]]:
    """Yields data, student, and the rows of that student and its teachers."""
    table = tables["precision"]
    for data in table.distinct("data"):
        of_data = table.where(data=data)
        for student in of_data.distinct("student"):
            if student != TEACHER:
                kept = (of_data["student"] == student) | (of_data["student"] == TEACHER)
                columns = {name: column[kept] for name, column in of_data.columns.items()}
                yield data, student, Table(columns)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Returns the findings: on every statement, in every reading that it depends on."""
    found = []
    for data, student, rows in students(tables):
        for words, changed, choices in readings(rows):
            teacher, labels, distilled, double = (
                chosen(rows, method, choices)
                for method in (TEACHER, "one-hot", "distilled", "double")
            )
            where, gain = f"{data}; {student} student; {words}", double - distilled
            above = {
                "double_at_the_head": means(PRECISIONS[:2], gain[:, :2]),
                "mostly_the_head": means(["P@1 minus P@5"], gain[:, :1] - gain[:, 2:]),
            }
            if changed not in ("weights", "positives"):
                above["distillation"] = means(PRECISIONS, distilled - labels)
            if changed != "targets":
                above["double_against_labels"] = means(PRECISIONS, double - labels)
            fifth = means(PRECISIONS[2:], gain[:, 2:])
            if data != ABOUT[1]:
                above["double_at_five"] = fifth
                if changed != "targets":
                    first = (double - teacher)[:, :1]
                    above["double_against_teacher"] = means(PRECISIONS[:1], first)
            found += [Finding(key, where, values, above=0.0) for key, values in above.items()]
            if data != ABOUT[0]:
                found.append(Finding("exception_at_five", where, fifth, below=0.0))
    return tuple(found)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the table in the first reading, and the gain of double-distillation in every one."""
    listed = list(students(tables))
    kinds = list(dict.fromkeys(data for data, _, _ in listed))
    top, bottom = figure.subplots(2, len(kinds), squeeze=False, height_ratios=(1.0, 1.5))
    for above, below, kind in zip(top, bottom, kinds, strict=True):
        own = [(student, rows) for data, student, rows in listed if data == kind]
        _draw_precisions(above, kind, *own[0])
        _draw_gains(below, kind, own)
    names = [[tick.get_text() for tick in below.get_yticklabels()] for below in bottom]
    for below, own_names in zip(bottom[1:], names[1:], strict=True):
        # Named once, at the left, where the readings are the same.
        if own_names == names[0]:
            below.set_yticklabels([])
    style: dict[str, Any] = {"frameon": False, "fontsize": "small"}
    for axes, place, columns in ((top, "upper", 4), (bottom, "lower", 3)):
        handles, labels = axes[0].get_legend_handles_labels()
        where: Any = f"outside {place} center"
        figure.legend(handles, labels, loc=where, ncols=columns, **style)


def _draw_precisions(ax: Axes, data: str, student: str, rows: Table) -> None:
    names = {
        TEACHER: "teacher",
        "one-hot": "student: labels",
        "distilled": "student: distilled",
        "double": "student: double-distilled",
    }
    for place, (method, label) in enumerate(names.items()):
        drawing.band(ax, DEPTHS, chosen(rows, method, BASE), label, place)
    width = rows.where(student=student)["width"][0]
    ax.set_xticks(DEPTHS)
    title = f"{data}: {student} student, width {width}"
    drawing.finish(ax, "k", "precision at k", title, legend=False)


def _draw_gains(ax: Axes, data: str, own: list[tuple[str, Table]]) -> None:
    listed = [
        (f"{student}: {one.words}", rows, one) for student, rows in own for one in readings(rows)
    ]
    heights = -np.arange(len(listed), dtype=float)
    for place, name in enumerate(PRECISIONS):
        gains = [
            (chosen(rows, "double", one.choices) - chosen(rows, "distilled", one.choices))[:, place]
            for _, rows, one in listed
        ]
        mean, _, half = student_margin(np.transpose(gains), LEVEL)
        ax.errorbar(
            mean,
            heights - 0.24 * (place - 1),
            xerr=half,
            fmt=drawing.MARKERS[place],
            color=drawing.COLOURS[place],
            markersize=3.5,
            linewidth=1.2,
            label=name,
        )
    ax.axvline(0.0, color="0.5", linewidth=0.8)
    ax.set_yticks(heights, [words for words, _, _ in listed], fontsize="small")
    ax.locator_params(axis="x", nbins=6)
    title = f"{data}: gain in every reading"
    drawing.finish(ax, "precision: double-distilled minus distilled", "", title, legend=False)
