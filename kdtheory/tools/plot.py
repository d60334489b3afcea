"""The figure of a claim along an axis: the truth, what bounds it, and draws from the definition."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kdtheory._axes import axes_or_new
from kdtheory._numerics import resolution
from kdtheory.tools.sweep import BOUND, CORRECTED, SHARPENED, TRIVIAL, TRUTH, Curve, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]

# Okabe and Ito's colours; styles differ too, so that the figure survives a grey print.
_STYLES: dict[str, dict[str, Any]] = {
    TRUTH: {"color": "#000000", "linestyle": "-", "linewidth": 2.4},
    BOUND: {"color": "#0072B2", "linestyle": "--", "linewidth": 1.8},
    CORRECTED: {"color": "#009E73", "linestyle": (0, (5, 1)), "linewidth": 1.6},
    SHARPENED: {"color": "#D55E00", "linestyle": "-.", "linewidth": 1.6},
    TRIVIAL: {"color": "0.45", "linestyle": ":", "linewidth": 1.4},
}

_VACUOUS, _VIOLATED = "0.92", "#F6D5C2"

_DECADES = 2.0
"""A range that spans more than this is drawn on a logarithmic scale, if it is positive."""

_FEW = 0.2
"""A share of values that a scale need not resolve."""

_LINE, _BETWEEN = 0.055, 0.008
"""The height of a line of a label and the space between labels, as shares of the axes."""

_ROUNDING = 1e-9
"""A range of values that is a smaller share of them than this is rounding."""


def plot_curve(curve: Curve, ax: Axes | None = None, *, captioned: bool = True) -> Axes:
    """Draws a claim along an axis.

    Args:
        curve: what `sweep` returned.
        ax: where to draw; new axes when left out.
        captioned: whether title and caption are drawn; a page writes them beside the figure.

    Returns:
        The axes. Every line has its label at its end; grey marks where the bound is no better than
        the trivial one, orange where the claim does not hold; dots are means of draws.
    """
    ax = axes_or_new(ax, (8.2, 4.8))
    x = np.asarray(curve.values)
    lines = {series: np.asarray(series.values) for series in curve.series}
    _set_scales(ax, x, [*lines.values(), *(np.asarray(drawn.means) for drawn in curve.draws)])
    for series, values in lines.items():
        shown = np.where(np.isfinite(values), values, np.nan)
        # The truth goes below: a bound that coincides with it is seen as dashes on it.
        order = 2 if series.role == TRUTH else 3
        ax.plot(x, shown, **_STYLES[series.role], zorder=order)
        alone = _alone(shown)
        # No line leads to such a value: without a mark it would not be seen.
        colour = _STYLES[series.role]["color"]
        ax.plot(x[alone], shown[alone], "D", color=colour, markersize=5, zorder=order)
    for drawn, marker in zip(curve.draws, "os", strict=False):
        means = np.asarray(drawn.means)
        reach = [means - np.asarray(drawn.low), np.asarray(drawn.high) - means]
        ax.errorbar(
            drawn.at,
            means,
            yerr=reach,
            fmt=marker,
            markersize=4,
            markerfacecolor="white",
            color="0.25",
            linewidth=1,
            capsize=2,
            zorder=4,
        )
    _shade(ax, x, curve)
    ax.set_xlabel(curve.axis)
    ax.set_ylabel("both sides of the statement")
    ax.margins(x=0.01)
    _label_ends(ax, x, lines)
    ax.spines[["top", "right"]].set_visible(False)
    if captioned:
        _write_caption(ax, curve)
    return ax


def _write_caption(ax: Axes, curve: Curve) -> None:
    ax.set_title(textwrap.fill(curve.title, 80), fontsize="medium", loc="left")
    ax.annotate(
        textwrap.fill(caption(curve), 110),
        (0, 0),
        xytext=(0, -44),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=7,
        color="0.3",
        va="top",
        annotation_clip=False,
    )


def caption(curve: Curve) -> str:
    """Returns what stands below the figure: the claim, its source, the draws and the seed."""
    parts = [f"{curve.slug}; {curve.source}."]
    if curve.draws:
        drawn = curve.draws[0]
        parts.append(
            f"Dots: means of {drawn.count} draws from the definition, {drawn.level:.0%} intervals"
            f" (Student's, one at a time); seed {curve.seed}."
        )
    if any(np.isinf(series.values).any() for series in curve.series):
        parts.append("A side has no line where it is infinite.")
    if not all(curve.admissible):
        parts.append("Lines are broken where assumptions are not met.")
    if _vacuous(curve).any():
        parts.append("Grey: the bound is no better than the trivial one.")
    if any(curve.violated):
        parts.append("Orange: the statement does not hold.")
    if coarse := resolution(curve.dtype):
        parts.append(f"{coarse}.")
    return " ".join(parts)


def _alone(values: Values) -> npt.NDArray[np.bool_]:
    """Returns where a value is finite, and neither of its neighbours is."""
    finite = np.concatenate([[False], np.isfinite(values), [False]])
    return finite[1:-1] & ~finite[:-2] & ~finite[2:]


def _by_role(curve: Curve, role: str) -> Values | None:
    found = [np.asarray(series.values) for series in curve.series if series.role == role]
    return found[0] if found else None


def _vacuous(curve: Curve) -> npt.NDArray[np.bool_]:
    """Returns where the bound is no better than the trivial one."""
    trivial, bound = _by_role(curve, TRIVIAL), _by_role(curve, BOUND)
    if trivial is None or bound is None or curve.relation == "=":
        return np.zeros(len(curve.values), bool)
    return bound >= trivial if curve.relation == "<=" else bound <= trivial


def _set_scales(ax: Axes, x: Values, columns: Sequence[Values]) -> None:
    """Chooses logarithmic axes for what is positive and spans decades."""
    steps = np.diff(x)
    if x.min() > 0 and np.log10(x.max() / x.min()) >= _DECADES and steps.max() > 2 * steps.min():
        ax.set_xscale("log")
    values = np.concatenate(columns)
    values = values[np.isfinite(values)]
    if not values.size:
        return
    # Nearly all values decide: one line that touches zero does not make the others flat.
    if values.min() > 0 and np.log10(values.max() / np.quantile(values, _FEW)) > _DECADES:
        ax.set_yscale("log")
    elif values.max() - values.min() < _ROUNDING * np.abs(values).max():
        # Constant up to rounding, which is not worth a magnified axis.
        centre, room = values.mean(), 0.1 * max(abs(values.mean()), 1e-300)
        ax.set_ylim(centre - room, centre + room)


def _shade(ax: Axes, x: Values, curve: Curve) -> None:
    """Shades where the claim fails, and where the bound says nothing."""
    for where, colour in ((_vacuous(curve), _VACUOUS), (np.array(curve.violated), _VIOLATED)):
        for start, stop in _runs(where):
            ax.axvspan(_edge(ax, x, start, -1), _edge(ax, x, stop, 1), color=colour, zorder=0)


def _runs(where: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Returns first and last index of every run of True."""
    padded = np.diff(np.concatenate([[0], where.astype(int), [0]]))
    starts, stops = np.nonzero(padded == 1)[0], np.nonzero(padded == -1)[0] - 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _edge(ax: Axes, x: Values, index: int, side: int) -> float:
    """Returns half way to the next value of the axis, or the value itself at the end."""
    other = index + side
    if not 0 <= other < len(x):
        return float(x[index])
    if ax.get_xscale() == "log":
        return float(np.sqrt(x[index] * x[other]))
    return float((x[index] + x[other]) / 2)


def _label_ends(ax: Axes, x: Values, lines: dict[Series, Values]) -> None:
    """Writes every line's name beside its last point, moved apart where they would overlap."""
    ax.get_ylim()  # settles the limits, on which the places depend
    ends = []
    for series, values in lines.items():
        (finite,) = np.nonzero(np.isfinite(values))
        if finite.size:
            last = int(finite[-1])
            place = ax.transData.transform((x[last], values[last]))
            ends.append([ax.transAxes.inverted().transform(place)[1], series])
    ends.sort(key=lambda end: end[0])
    heights = np.clip([end[0] for end in ends], 0.0, 1.0)
    texts = [textwrap.fill(end[1].name, 30, break_long_words=False) for end in ends]
    lines_of = np.array([text.count("\n") + 1 for text in texts])
    apart = _LINE * (lines_of[1:] + lines_of[:-1]) / 2 + _BETWEEN
    for index in range(1, len(heights)):
        heights[index] = max(heights[index], heights[index - 1] + apart[index - 1])
    if len(heights) and heights[-1] > 1.0:
        # Pushed out at the top: push back down from there.
        heights[-1] = 1.0
        for index in range(len(heights) - 2, -1, -1):
            heights[index] = min(heights[index], heights[index + 1] - apart[index])
    for height, text, (_, series) in zip(heights, texts, ends, strict=True):
        ax.text(
            1.015,
            height,
            text,
            transform=ax.transAxes,
            color=_STYLES[series.role]["color"],
            fontsize=9,
            va="center",
        )
