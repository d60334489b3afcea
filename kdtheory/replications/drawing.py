"""What the figures of replications share: colours, bands over trials, plain axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.intervals import student_margin
from kdtheory.replications.statistics import LEVEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, told apart by most eyes."""

LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
"""Differ too, so that a figure survives a grey print."""

MARKERS = "osD^vPX"


def band(ax: Axes, x: Any, trials: Any, label: str, place: int, level: float = LEVEL) -> None:
    """Draws the mean over trials as a line, and Student's interval as a band, each by itself.

    Args:
        ax: where.
        x: shape ``(points,)``.
        trials: shape ``(trials, points)``.
        label: for the legend.
        place: which colour, line and marker.
        level: of the band.
    """
    mean, _, half = student_margin(np.asarray(trials, float), level)
    place %= len(COLOURS)
    style: dict[str, Any] = {"color": COLOURS[place], "linestyle": LINES[place]}
    ax.plot(x, mean, marker=MARKERS[place], markersize=4, linewidth=1.6, label=label, **style)
    ax.fill_between(x, mean - half, mean + half, color=COLOURS[place], alpha=0.18, linewidth=0)


def finish(ax: Axes, x: str, y: str, title: str = "", *, legend: bool = True) -> None:
    """Names the axes, takes the frame away, and places the legend."""
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    if title:
        ax.set_title(title, fontsize="medium", loc="left")
    if legend:
        ax.legend(frameon=False, fontsize="small")
    ax.spines[["top", "right"]].set_visible(False)
