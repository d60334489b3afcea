"""The figure of every bound against the radius of the perturbation."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._axes import axes_or_new
from kdtheory.flatness.radii import KINDS, RadiusCurve
from kdtheory.gap_bounds.figures import SHADE, label_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours. A colour is what a bound is made of, the dashes tell which one it is:
# grey does not look at sharpness, orange is printed, corrected or sharpened, green and blue exact.
STYLES = {
    "lemma13": ("0.45", "--"),
    "local": ("0.45", "-"),
    "printed": ("#D55E00", "--"),
    "corrected": ("#E69F00", (0, (3, 1, 1, 1))),
    "sharpened": ("#CC79A7", (0, (6, 2))),
    "one_step_constants": ("#CC79A7", "-"),
    "theorem8": ("#0072B2", "--"),
    "chernoff": ("#0072B2", "-"),
    "theorem12": ("#009E73", "--"),
    "one_step": ("#009E73", (0, (3, 1, 1, 1))),
    "chernoff_one_step": ("#009E73", "-"),
    "best_weight": ("#56B4E9", "-"),
}
"""How the lines are drawn."""

LABELS = {
    "lemma13": "standard, global $L$",
    "local": "standard, local slope",
    "printed": "Theorem 12, printed",
    "corrected": "Lemma 14 corrected",
    "sharpened": "lemmas sharpened",
    "one_step_constants": "one step, sharpened",
    "theorem8": "Theorem 8",
    "chernoff": "Cramér-Chernoff",
    "theorem12": "Theorem 12, exact",
    "one_step": "one step, exact",
    "chernoff_one_step": "one step, Chernoff",
    "best_weight": "best $t$",
}

SOURCE = (
    "Bounds of Li & He, arXiv:2605.13143, Theorem 12 and Lemmas 13 to 16 (the text examined is an "
    "excerpt), beside exact values; corrected, sharpened, one-step and best-t forms are ours."
)
"""The caption of the figure."""

FAILS = "#F6C9B0"

NOTE_WIDTH = 64
"""Letters in a line of the notes: as many as fit below axes of three inches."""


def plot_bounds_along_radius(
    curve: RadiusCurve, ax: Axes | None = None, names: Sequence[str] | None = None
) -> Axes:
    """Draws bounds and the exact gap against the radius of the perturbation.

    Where condition (i) fails the bounds that look at sharpness are left out and the radii hatched;
    where a bound is below the gap although the condition is met, what is between them is filled.

    Args:
        curve: what `curves_along_radius` returned.
        ax: where to draw; new axes when left out.
        names: which bounds, all that there are when left out.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax, (9.0, 5.5))
    wanted = curve.bounds if names is None else names
    shown = [name for name in KINDS if name in wanted and name in curve.bounds]
    every = {name: curve.applicable(name) for name in shown}
    lines, above = _worth_showing(curve, every)
    bottom, top = _limits(curve, lines)
    ax.set_xlim(curve.radii[0], curve.radii[-1])
    ax.set_ylim(bottom, top)
    if top > curve.high:
        ax.axhspan(max(curve.high, bottom), top, color=SHADE, linewidth=0, zorder=0)
    _hatch(ax, curve)
    for name in curve.failing():
        if name in lines:
            with np.errstate(invalid="ignore"):
                below = lines[name] < curve.student_gap
            ax.fill_between(
                curve.radii, lines[name], curve.student_gap, where=below, color=FAILS, linewidth=0
            )
    labels = []
    for name, values in lines.items():
        colour, dashes = STYLES[name]
        ax.plot(curve.radii, values, color=colour, linestyle=dashes, linewidth=1.8)
        labels.append((float(values[np.isfinite(values)][-1]), LABELS[name], colour))
    ax.axhline(curve.teacher_gap, color="0.45", linestyle=":", linewidth=1.4)
    ax.axhline(curve.student_gap, color="black", linewidth=2.4)
    labels.append((curve.student_gap, "student's gap (exact)", "black"))
    labels.append((curve.teacher_gap, "teacher's gap", "0.35"))
    if "printed" in lines:
        _name_root(ax, curve)
    notes = _notes(curve, lines, above, vacuous=top > curve.high)
    if curve.divergence == math.inf:
        notes.append("The divergence is infinite, and so is every bound.")
    _note(ax, notes)
    ax.set_xlabel(r"radius $\rho$ of the perturbation")
    ax.set_ylabel("generalisation gap")
    # The notes take of the height in which the names are spread.
    canvas: Any = ax.figure.canvas
    canvas.figure.draw_without_rendering()
    label_ends(ax, labels, apart=12.5)
    return ax


def _worth_showing(
    curve: RadiusCurve, lines: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, float]]:
    """Returns the lines to draw, and where those begin that are left out.

    Beside bounds that say something, those that never do would take up most of the frame.
    """
    lowest = {
        name: np.min(values, initial=np.inf, where=np.isfinite(values))
        for name, values in lines.items()
    }
    lowest = {name: float(value) for name, value in lowest.items() if value < np.inf}
    useful = any(value < curve.high for value in lowest.values())
    out = {name: value for name, value in lowest.items() if useful and value > curve.high}
    return {name: lines[name] for name in lowest if name not in out}, out


def _limits(curve: RadiusCurve, lines: dict[str, Any]) -> tuple[float, float]:
    """Returns a frame that holds the gaps and the bounds."""
    values = np.concatenate([[curve.student_gap, curve.teacher_gap], *lines.values()])
    low, high = float(np.nanmin(values)), float(np.nanmax(values[values < np.inf]))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def _hatch(ax: Any, curve: RadiusCurve) -> None:
    """Hatches the radii at which condition (i) fails."""
    fails = ~np.asarray(curve.applies)
    if not fails.any():
        return
    ax.fill_between(
        curve.radii,
        *ax.get_ylim(),
        where=fails,
        facecolor="none",
        edgecolor="0.75",
        hatch="//",
        linewidth=0,
    )


def _name_root(ax: Any, curve: RadiusCurve) -> None:
    """Marks the end of the regime, if it is in the frame."""
    if not curve.radii[0] < curve.largest_radius < curve.radii[-1]:
        return
    ax.axvline(curve.largest_radius, color="0.35", linewidth=1.0, linestyle=":")
    ax.annotate(
        rf"$\rho_0$ = {curve.largest_radius:.3g}",
        (curve.largest_radius, 1.0),
        (3, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="0.25",
    )


def _notes(
    curve: RadiusCurve, lines: dict[str, Any], above: dict[str, float], *, vacuous: bool
) -> list[str]:
    """Returns what the shading means, and what is not to be seen."""
    notes = []
    if any(name in lines for name in curve.failing()):
        notes.append("Orange: below the student's gap, although condition (i) holds.")
    if not np.all(curve.applies):
        notes.append("Hatched: condition (i) fails, and with it what looks at sharpness.")
    if vacuous:
        notes.append("Grey: no better than the range of the gap.")
    if above:
        listed = ", ".join(f"{LABELS[name]} ({value:.3g})" for name, value in above.items())
        notes.append(f"Above the frame: {listed}.")
    return notes


def _note(ax: Any, notes: list[str]) -> None:
    """Writes notes below the axes."""
    ax.annotate(
        textwrap.fill(" ".join(notes), NOTE_WIDTH),
        (0.0, 0.0),
        (0, -34),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=7.5,
        color="0.25",
        va="top",
        annotation_clip=False,
    )
