"""What ``kdtheory sharpness`` answers for worlds in which everything is exact."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._decompose_output import Answer
from kdtheory.flatness import radii as along
from kdtheory.flatness import worlds
from kdtheory.flatness.logistic_regression import COLUMNS, FIXED, LogisticTable, logistic_table
from kdtheory.flatness.radius_figures import SOURCE, plot_bounds_along_radius
from kdtheory.tools.report import console

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

CONSTANTS = [name for name, kind in along.KINDS.items() if not kind.exact]
EXACT = [name for name, kind in along.KINDS.items() if kind.exact]


@dataclasses.dataclass(frozen=True)
class _Shown:
    """A world of the example.

    Attributes:
        title: what happens in it.
        shown: the radii of its table.
        curve: the bounds at these radii and at those of the figure.
    """

    title: str
    shown: Any
    curve: along.RadiusCurve


def cosines(radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers with every bound against the radius in worlds in which all of them are exact."""
    helps = worlds.sharpness_helps()
    fails, of_fails = worlds.printed_bound_fails()
    cannot, of_cannot = worlds.sharpness_cannot_help()
    # The losses of the middle one are given up to half way between whole numbers.
    near = None if radii is None else [r for r in radii if r <= 0.5] or None
    shown = (
        _shown(
            "Sharpness helps: a cosine world, the worst student sits at a maximum",
            (helps, None),
            radii or (0.1, 0.5, 1.0, 2.0, 4.0),
            np.linspace(0.1, 4.0, 40),
        ),
        _shown(
            "The printed bound outside its condition: a teacher that goes far, from flat to flat",
            (fails, of_fails),
            near or (0.0, 0.005, 0.01, 0.02, 0.03),
            np.linspace(0.0, 0.03, 31),
        ),
        _shown(
            "Sharpness cannot help: a cosine world, perturbations only raise the risk",
            (cannot, of_cannot),
            radii or (0.0, 0.1, 0.2, 0.5, 1.0),
            np.linspace(0.0, 1.0, 41),
        ),
    )

    def paint(figure: Figure) -> None:
        first, second, third = (one.curve for one in shown)
        axes = figure.subplots(2, 2).reshape(-1)
        panels = (
            (first, None, "Sharpness helps"),
            (second, None, "The printed bound outside its condition"),
            (third, CONSTANTS, "Sharpness cannot help: bounds from constants"),
            (third, EXACT, "Sharpness cannot help: bounds from exact laws"),
        )
        for ax, (curve, names, title) in zip(axes, panels, strict=True):
            plot_bounds_along_radius(curve, ax, names).set_title(title)
        figure.supxlabel(SOURCE, fontsize=8)

    plain = {"worlds": [{"title": one.title, **one.curve.to_dict()} for one in shown]}
    return Answer(
        {**plain, "meaning": list(along.MEANING)}, lambda: _write_cosines(shown), (15.0, 9.5), paint
    )


def _shown(title: str, world: tuple[Any, Any], shown: Any, grid: Any) -> _Shown:
    """Returns a world with the bounds at the radii of its table and of its figure."""
    # Rounded, so that radii that are in both are one.
    every = np.union1d(np.round(grid, 12), shown)
    curve = along.curves_along_radius(world[0], every, student_data=world[1])
    return _Shown(title, np.asarray(shown), curve)


def logistic(radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers with the table of every bound in an enumerated world of logistic regression."""
    table = logistic_table(radii)

    def paint(figure: Figure) -> None:
        furthest = max(1.0, table.curve.radii.max())
        curve = along.curves_along_radius(
            worlds.logistic_world(), np.linspace(0.0, furthest, 2 * along.BATCH)
        )
        axes = figure.subplots(1, 2)
        words = ("bounds from constants", "bounds from exact laws")
        for ax, names, title in zip(axes, (CONSTANTS, EXACT), words, strict=True):
            plot_bounds_along_radius(curve, ax, names).set_title(f"Logistic regression: {title}")
        figure.supxlabel(SOURCE, fontsize=8)

    plain = {**table.to_dict(), "meaning": list(along.MEANING)}
    return Answer(plain, lambda: _write_logistic(table), (15.0, 5.0), paint)


# --- for people -----------------------------------------------------------------------------------


def _write_cosines(shown: Sequence[_Shown]) -> None:
    out = console()
    for one in shown:
        curve = one.curve
        out.print(one.title, style="bold", markup=False)
        out.print(_gaps(curve), markup=False)
        rows = np.searchsorted(curve.radii, one.shown)
        out.print(_by_bound(curve, rows))
        for name in curve.failing():
            said = f"{along.KINDS[name].title}: below the gap, although condition (i) is met"
            if name == "printed":
                said += "; Lemma 14 needs kappa/n <= 4 rho/(p + 1) besides"
            out.print(f"{said}.", markup=False)
        if curve.not_computed:
            out.print(f"Not computed: {curve.not_computed}.", style="dim", markup=False)
        out.print()
    _write_meaning(out)


def _write_logistic(table: LogisticTable) -> None:
    out = console()
    curve = table.curve
    out.print(
        f"Ridge-regularised logistic regression, n = {table.num_samples}, all "
        f"{table.num_datasets} data sets enumerated",
        style="bold",
        markup=False,
    )
    out.print(_gaps(curve), markup=False)
    numbers = ", ".join(f"{name} = {value:.6g}" for name, value in table.constants.items())
    out.print(f"{numbers}\n", markup=False)
    rows = _table("bound on the student's gap", curve.radii)
    for name in COLUMNS:
        rows.add_row(along.KINDS[name].title, *(_number(x) for x in curve.applicable(name)))
    out.print(rows)
    out.print()
    said = ", ".join(f"{along.KINDS[name].title} {curve.bounds[name][0]:.4f}" for name in FIXED)
    out.print(f"At every radius: {said}.", markup=False)
    _write_meaning(out)


def _gaps(curve: along.RadiusCurve) -> str:
    """Returns what does not depend on the radius in words."""
    said = (
        f"teacher's gap {_rounded(curve.teacher_gap)}, student's gap "
        f"{_rounded(curve.student_gap)}, "
        f"K_n = {curve.divergence:.6g} nats; range {curve.low:.4g} to {curve.high:.4g}"
    )
    if not math.isnan(curve.largest_radius):
        said += f"; rho_0 = {curve.largest_radius:.6g}"
    return said


def _by_bound(curve: along.RadiusCurve, rows: Any) -> Table:
    """Returns the bounds at some of the radii, one bound in a row."""
    table = _table("radius", curve.radii[rows])
    for words, values in (
        ("sharpness of the teacher", curve.teacher_sharpness),
        ("sharpness of the student", curve.student_sharpness),
    ):
        table.add_row(words, *(f"{value:.3g}" for value in values[rows]), style="dim")
    for name in curve.bounds:
        values = curve.applicable(name)[rows]
        table.add_row(along.KINDS[name].title, *(_number(value) for value in values))
    return table


def _rounded(gap: float) -> str:
    """Returns a gap in six digits; what is left of zero by rounding is zero."""
    return f"{round(gap, 14) + 0.0:.6g}"


def _number(value: float) -> str:
    return "(i) fails" if math.isnan(value) else f"{value:.4f}"


def _table(first: str, radii: Any) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, no_wrap=True)
    for radius in radii:
        table.add_column(f"{radius:.4g}", justify="right", no_wrap=True)
    return table


def _write_meaning(out: Any) -> None:
    for sentence in along.MEANING:
        out.print(f"\n{sentence}", markup=False)
