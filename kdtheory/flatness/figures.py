"""The figure of sharpness. It takes data and axes, and returns the axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._axes import COLOURS, axes_or_new
from kdtheory.flatness.records import SharpnessReport
from kdtheory.gap_bounds.figures import label_ends
from kdtheory.intervals import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = ("o", "s", "^", "D", "v", "P")


def plot_sharpness(
    reports: SharpnessReport | Mapping[str, SharpnessReport],
    ax: Axes | None = None,
    *,
    heldout: bool = False,
) -> Axes:
    """Draws sharpness against the radius, with intervals and the quadratic approximation.

    Args:
        reports: one report, or several by the name of what they are about.
        ax: where to draw; new axes when left out.
        heldout: whether to draw the sharpness on held-out data instead, where no quadratic
            approximation is known.

    Returns:
        The axes; logarithmic where all that is drawn is positive.

    Raises:
        InputError: if held-out data are wanted of a report without.
    """
    named = {"": reports} if isinstance(reports, SharpnessReport) else dict(reports)
    ax = axes_or_new(ax, (7.5, 5.0))
    labels, lowest = [], np.inf
    for index, (name, report) in enumerate(named.items()):
        colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
        radii = [at.radius for at in report.radii]
        value, low, high = _columns([_chosen(at, heldout) for at in report.radii])
        ends = np.stack([value - low, high - value])
        ax.errorbar(
            radii,
            value,
            ends,
            marker=marker,
            color=colour,
            linewidth=1.8,
            markersize=4,
            elinewidth=1.2,
            capsize=4,
        )
        labels.append((value[-1], name or "sharpness", colour))
        lowest = min(lowest, low.min())
        if not heldout:
            quadratic = _columns([at.quadratic for at in report.radii])[0]
            ax.plot(radii, quadratic, linestyle="--", color=colour, linewidth=1.2)
            labels.append((quadratic[-1], "curvature alone", colour))
            lowest = min(lowest, quadratic.min())
    if lowest > 0:
        ax.set_xscale("log")
        ax.set_yscale("log")
    else:
        ax.axhline(0.0, color="0.6", linewidth=0.8)
    every = sorted({at.radius for report in named.values() for at in report.radii})
    ax.set_xticks(every, [f"{radius:g}" for radius in every])
    ax.minorticks_off()
    ax.set_xlabel("radius of the ball, in units of the parameters")
    ax.set_ylabel("rise of the mean loss")
    level = next(iter(named.values())).level
    where = "on held-out data" if heldout else "on the training data"
    ax.set_title(f"Ball-averaged sharpness {where} ({level:.0%} intervals)", fontsize=10)
    label_ends(ax, labels)
    return ax


def _chosen(at: Any, heldout: bool) -> Estimate:
    if not heldout:
        return at.sharpness
    if at.heldout is None:
        from kdtheory import _check

        _check.refuse(
            "heldout", "a report without held-out data", "one with", "Give heldout= to sharpness."
        )
    return at.heldout


def _columns(estimates: list[Estimate]) -> Any:
    """Returns the values and both ends, one row each."""
    return np.array([(one.value, one.low, one.high) for one in estimates]).T
