"""Figures of teachers. Every function takes data and axes, and returns the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._axes import COLOURS, axes_or_new
from kdtheory.assessment.records import Assessment, TeacherReport
from kdtheory.flatness.figures import MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = {
    "calibration": ("calibration part of the excess", "#D55E00", ""),
    "excess": ("rest of the excess, as far as it is identified", "#E69F00", "//"),
    "unknown": ("excess or irreducible: not identified", "0.85", ".."),
    "irreducible": ("irreducible", "#56B4E9", ""),
}
"""The parts of a Brier risk: their names, colours and hatches."""

_BELOW = 36.0
"""How many points below the axes what is drawn is named."""


def plot_reliability(found: Assessment, ax: Axes | None = None) -> Axes:
    """Draws how often teachers are right against how sure they are.

    Args:
        found: what `assess` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax, (5.5, 5.5))
    ax.plot((0, 1), (0, 1), color="0.6", linestyle=":", linewidth=1.2)
    lowest = 1.0
    for index, teacher in enumerate(found.teachers):
        colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
        bins = teacher.reliability
        sure = np.array([one.confidence for one in bins])
        right = np.array([one.accuracy for one in bins])
        ends = np.array([(one.accuracy - one.low, one.high - one.accuracy) for one in bins]).T
        ax.errorbar(
            sure,
            right,
            np.maximum(ends, 0.0),
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=1.5,
            elinewidth=0.8,
            clip_on=False,
            label=f"{teacher.name} (error {teacher.top_label_error.value:.3f})",
        )
        lowest = min(lowest, float(sure.min()), float((right - ends[0]).min()))
    start = max(lowest - 0.02, 0.0)
    ax.set_xlim(start, 1.0)
    ax.set_ylim(start, 1.0)
    ax.set_aspect("equal")
    ax.set_xlabel("confidence (mean probability of the preferred label)")
    ax.set_ylabel("accuracy")
    ax.set_title("Reliability (below the diagonal: too sure)")
    _legend_below(ax, *ax.get_legend_handles_labels())
    return ax


def parts(teacher: TeacherReport) -> dict[str, float]:
    """Returns the parts of a teacher's Brier risk that add up to it, by the keys of `PARTS`.

    Args:
        teacher: its report.
    """
    calibration = max(teacher.calibration_part.value, 0.0)
    if teacher.identified is None:
        calibration = min(calibration, teacher.brier.value)
        known = min(max(teacher.excess_shown, calibration), teacher.brier.value)
        return {
            "calibration": calibration,
            "excess": known - calibration,
            "unknown": teacher.brier.value - known,
        }
    excess = max(teacher.identified.excess.value, 0.0)
    calibration = min(calibration, excess)
    return {
        "calibration": calibration,
        "excess": excess - calibration,
        "irreducible": teacher.identified.irreducible.value,
    }


def plot_risks(found: Assessment, ax: Axes | None = None) -> Axes:
    """Draws what the Brier risk of every teacher is made of, and its excess with an interval.

    Args:
        found: what `assess` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax, (7.0, 0.8 * len(found.teachers) + 1.8))
    named: dict[str, Any] = {}
    for place, teacher in enumerate(found.teachers):
        left = 0.0
        for key, width in parts(teacher).items():
            text, colour, hatch = PARTS[key]
            bar = ax.barh(
                place, width, 0.5, left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.6
            )
            if width > 0:
                named.setdefault(text, bar)
            left += width
        low, high = teacher.excess_at_least, teacher.excess_at_most
        if teacher.identified is not None:
            low, high = teacher.identified.excess.low, teacher.identified.excess.high
        low, high = max(low, 0.0), max(high, 0.0)
        line = ax.errorbar(
            (low + high) / 2,
            place + 0.36,
            xerr=(high - low) / 2,
            color="black",
            capsize=3,
            linewidth=1.4,
        )
        named.setdefault(f"excess, {found.level:.0%} interval", line)
    ax.set_yticks(range(len(found.teachers)), [teacher.name for teacher in found.teachers])
    ax.invert_yaxis()
    ax.set_xlim(left=0.0)
    ax.set_xlabel("Brier risk")
    ax.set_title("What a student pays for")
    _legend_below(ax, list(named.values()), list(named))
    return ax


def _legend_below(ax: Any, handles: list[Any], names: list[str]) -> None:
    """Names what is drawn below the axes, where nothing is hidden by it."""
    from matplotlib.transforms import offset_copy

    ax.legend(
        handles,
        names,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        # Below the label of the axis, whose distance is one in points, however low the axes are.
        bbox_transform=offset_copy(ax.transAxes, fig=ax.figure, y=-_BELOW, units="points"),
        ncols=2,
        fontsize=8,
        frameon=False,
    )
