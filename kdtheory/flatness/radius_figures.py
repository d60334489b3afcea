"""The figure of every bound against the radius of the perturbation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.flatness.radii import KINDS, RadiusCurve
from kdtheory.gap_bounds.figures import SHADE, axes_or_new, label_ends, label_exit

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
    shown = [name for name in KINDS if name in (names or curve.bounds) and name in curve.bounds]
    lines = {name: curve.applicable(name) for name in shown}
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
    above = []
    for name, values in lines.items():
        colour, dashes = STYLES[name]
        ax.plot(curve.radii, values, color=colour, linestyle=dashes, linewidth=1.8)
        seen = values[np.isfinite(values)]
        if seen.size and seen.min() <= top < seen[-1]:
            label_exit(ax, curve.radii, values, top, LABELS[name], colour)
        elif seen.size and seen[-1] <= top:
            labels.append((float(seen[-1]), LABELS[name], colour))
        elif seen.size:
            above.append(f"{LABELS[name]} ({seen.min():.3g})")
    ax.axhline(curve.teacher_gap, color="0.45", linestyle=":", linewidth=1.4)
    ax.axhline(curve.student_gap, color="black", linewidth=2.4)
    labels.append((curve.student_gap, "student's gap (exact)", "black"))
    labels.append((curve.teacher_gap, "teacher's gap", "0.35"))
    label_ends(ax, labels)
    _name_root(ax, curve)
    _note(ax, _notes(curve, lines, above, vacuous=top > curve.high))
    ax.set_xlabel(r"radius $\rho$ of the perturbation")
    ax.set_ylabel("generalisation gap")
    return ax


def _limits(curve: RadiusCurve, lines: dict[str, Any]) -> tuple[float, float]:
    """Returns a frame that holds the gaps and what is to be seen of the bounds.

    Bounds that say nothing are cut off above the range, unless all of them are there: then where
    the highest of them begins is in the middle.
    """
    finite = [values[np.isfinite(values)] for values in lines.values()]
    finite = [values for values in finite if values.size]
    gaps = [curve.student_gap, curve.teacher_gap]
    low = min([*gaps, *(float(values.min()) for values in finite)])
    high = max([*gaps, *(float(values.max()) for values in finite)])
    first = [float(values[0]) for values in finite]
    if any(value <= curve.high for value in first):
        high = min(high, curve.high + 0.15 * (curve.high - low))
    elif first:
        high = min(high, low + 1.6 * (max(first) - low))
    # The notes stand in the lower end.
    pad = 0.06 * (high - low or 1.0)
    return low - 3.0 * pad, high + pad


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
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
        color="0.25",
    )


def _notes(
    curve: RadiusCurve, lines: dict[str, Any], above: list[str], *, vacuous: bool
) -> list[str]:
    """Returns what the shading means, and what is not to be seen."""
    notes = []
    if any(name in lines for name in curve.failing()):
        notes.append("orange: below the student's gap, although condition (i) holds")
    if not np.all(curve.applies):
        notes.append("hatched: condition (i) fails, and with it what looks at sharpness")
    if vacuous:
        notes.append("grey: no better than the range of the gap")
    if above:
        notes.append(f"above the frame: {', '.join(above)}")
    return notes


def _note(ax: Any, notes: list[str]) -> None:
    ax.annotate(
        "\n".join(notes),
        (0.01, 0.015),
        xycoords="axes fraction",
        fontsize=7.5,
        color="0.25",
        va="bottom",
        wrap=True,
    )
