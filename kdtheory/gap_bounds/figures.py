"""Figures of bounds. Every function takes data and axes, and returns the axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._axes import axes_or_new
from kdtheory.gap_bounds.curves import (
    SAMPLE_SIZES,
    BoundCurve,
    bounds_against_divergence,
    bounds_against_samples,
)
from kdtheory.gap_bounds.laws import Floats
from kdtheory.gap_bounds.records import GapBounds, SampleBounds
from kdtheory.objects.processes import DistillationProcess

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people with colour-vision deficiencies tell apart; lines also
# differ in their dashes.
STYLES = {
    "pushforward": ("#56B4E9", (0, (1, 1))),
    "cramer_chernoff": ("#0072B2", "-"),
    "theorem8": ("#D55E00", "--"),
    "individual_sample": ("#009E73", (0, (6, 2))),
    "binary_kl": ("#CC79A7", "-."),
    "theorem10": ("#E69F00", (0, (3, 1, 1, 1))),
}
"""The lines of a figure along a family, and how they are drawn."""

LABELS = {
    "pushforward": r"Cramér-Chernoff at $K_h$",
    "cramer_chernoff": "Cramér-Chernoff",
    "theorem8": "Theorem 8",
    "individual_sample": "single samples",
    "binary_kl": "binary KL",
    "theorem10": r"Theorem 10, best $(\eta, c)$",
}

SHADE = "0.92"


def plot_bounds_against_divergence(
    given: DistillationProcess | BoundCurve, ax: Axes | None = None
) -> Axes:
    """Draws bounds and the exact gap for students ever further from their teacher.

    Args:
        given: a process, or what `bounds_against_divergence` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    curve = given if isinstance(given, BoundCurve) else bounds_against_divergence(given)
    ax = axes_or_new(ax, (9.0, 5.5))
    _draw(ax, curve)
    ax.set_xlabel(r"distillation divergence $K_n$ (nats)")
    ax.set_title(f"Bounds on the student's gap: {curve.family}")
    return ax


def plot_bounds_against_samples(
    given: Callable[[int], DistillationProcess] | BoundCurve,
    sizes: Sequence[int] = SAMPLE_SIZES,
    ax: Axes | None = None,
) -> Axes:
    """Draws bounds and the exact gap against the number of samples.

    Args:
        given: a function from the sample size to a process, or what `bounds_against_samples`
            returned.
        sizes: the sample sizes, for a function.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    curve = given if isinstance(given, BoundCurve) else bounds_against_samples(given, sizes)
    ax = axes_or_new(ax, (9.0, 5.5))
    ax.set_xscale("log")
    _draw(ax, curve)
    ax.set_xticks(curve.x, [f"{x:g}" for x in curve.x])
    ax.minorticks_off()
    ax.set_xlabel(r"number of samples $n$")
    ax.set_title("Bounds on the student's gap" + (f": {curve.family}" if curve.family else ""))
    return ax


def plot_ranked_bounds(found: GapBounds, ax: Axes | None = None) -> Axes:
    """Draws for every bound the interval that it leaves for the student's gap, and the gap.

    Args:
        found: what `bounds` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    titles = {bound.name: bound.title for bound in (*found.above, *found.below)}
    vacuous = {(b.side, b.name) for b in (*found.above, *found.below) if b.vacuous}
    rows = [(title, name, *found[name]) for name, title in titles.items()]
    ax = axes_or_new(ax, (9.0, 0.36 * len(rows) + 1.8))
    low, high = found.trivial
    pad = 0.08 * (high - low or 1.0)
    left, right = low - 2 * pad, high + 2 * pad
    for start, end in ((left - pad, low), (high, right + pad)):
        ax.axvspan(start, end, color=SHADE, linewidth=0)
    for place, (_, name, below, above) in enumerate(rows):
        ends = max(below, left), min(above, right)
        words = _written(below, above)
        ax.annotate(
            words, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=8
        )
        ax.plot(ends, (place, place), color="0.6", linewidth=1.2, zorder=1)
        for side, value, end, marker in (("below", below, left, "<"), ("above", above, right, ">")):
            outside = value < left or value > right
            empty = (side, name) in vacuous or outside
            x = end if outside else value
            ax.plot(
                x,
                place,
                marker if outside else "o",
                color="#0072B2",
                markersize=6,
                markerfacecolor="white" if empty else "#0072B2",
                zorder=2,
            )
    ax.axvline(found.student_gap, color="black", linewidth=1.6)
    ax.axvline(found.teacher_gap, color="0.35", linewidth=1.2, linestyle=":")
    _name_lines(
        ax, {"student (exact)": found.student_gap, "teacher": found.teacher_gap}, right - left
    )
    ax.set_yticks(range(len(rows)), [row[0] for row in rows])
    ax.invert_yaxis()
    ax.set_xlim(left - pad, right + pad)
    ax.set_xlabel("generalisation gap (grey: no better than the range; hollow: says nothing there)")
    return ax


def plot_estimated_bounds(found: SampleBounds, ax: Axes | None = None) -> Axes:
    """Draws estimated bounds with their intervals.

    Args:
        found: what `bounds_from_samples` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    groups = {"above": ("#D55E00", found.above), "below": ("#0072B2", found.below)}
    rows = [(colour, bound) for colour, side in groups.values() for bound in side]
    ax = axes_or_new(ax, (9.0, 0.36 * (len(rows) + len(found.confident)) + 2.0))
    names = []
    for place, (colour, bound) in enumerate(rows):
        names.append(f"{bound.title} ({bound.side})")
        if math.isfinite(bound.estimate):
            ax.plot((bound.low, bound.high), (place, place), color=colour, linewidth=1.6)
            ax.plot(bound.estimate, place, "o", color=colour, markersize=5)
        else:
            text = "infinite: says nothing"
            ax.annotate(text, (found.mean, place), (6, 0), textcoords="offset points", va="center")
    for confident in found.confident:
        place = len(names)
        names.append(f"holds with {confident.level:.0%} confidence ({confident.side})")
        if math.isfinite(confident.value):
            ax.plot(confident.value, place, "D", color="black", markersize=6)
    ax.axvspan(found.mean_low, found.mean_high, color=SHADE, linewidth=0)
    ax.axvline(found.mean, color="0.35", linewidth=1.2, linestyle=":")
    _name_lines(ax, {f"mean of the sample, {found.level:.0%} interval shaded": found.mean}, 1.0)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel(f"generalisation gap (plug-in estimates, {found.level:.0%} bootstrap intervals)")
    return ax


def _written(below: float, above: float) -> str:
    """Returns the interval that two bounds leave, in three digits."""
    said = [f"at least {below:.3g}"] if below > -math.inf else []
    said += [f"at most {above:.3g}"] if above < math.inf else []
    return f"{below:.3g} to {above:.3g}" if len(said) == 2 else said[0] if said else "anything"


def _name_lines(ax: Any, lines: dict[str, float], width: float) -> None:
    """Names vertical lines above the axes; names of lines that are close face away."""
    ordered = sorted(lines.items(), key=lambda item: item[1])
    for index, (name, x) in enumerate(ordered):
        sides = ("right", "left") if len(ordered) == 2 else ("center",)
        ax.annotate(
            name,
            (x, 1.0),
            (0, 4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha=sides[index],
            va="bottom",
            fontsize=9,
        )


def _draw(ax: Any, curve: BoundCurve) -> None:
    """Draws a curve: lines on both sides, the truth, and where bounds say nothing."""
    bottom, top = _limits(curve)
    ax.fill_between(curve.x, curve.high, np.maximum(curve.high, top), color=SHADE, linewidth=0)
    ax.fill_between(curve.x, np.minimum(curve.low, bottom), curve.low, color=SHADE, linewidth=0)
    labels = []
    for name, (colour, dashes) in STYLES.items():
        style = {"color": colour, "linestyle": dashes, "linewidth": 1.8}
        for side in (curve.above, curve.below):
            if name in side:
                values = np.where(np.isfinite(side[name]), side[name], np.nan)
                ax.plot(curve.x, values, **style)
        side = curve.above if name in curve.above else curve.below
        labels.append((side.get(name, np.array([np.nan]))[-1], LABELS[name], colour))
    ax.plot(curve.x, curve.teacher_gap, color="0.45", linestyle=":", linewidth=1.4)
    ax.plot(curve.x, curve.student_gap, color="black", linewidth=2.4)
    labels.append((curve.student_gap[-1], "student's gap (exact)", "black"))
    labels.append((curve.teacher_gap[-1], "teacher's gap", "0.35"))
    ax.set_xlim(curve.x[0], curve.x[-1])
    ax.set_ylim(bottom, top)
    label_ends(ax, [label for label in labels if bottom <= label[0] <= top])
    for name, (colour, _) in STYLES.items():
        if name in curve.above and top < curve.above[name][-1] < np.inf:
            label_exit(ax, curve.x, curve.above[name], top, LABELS[name], colour)
    if (curve.high < top).any() or (curve.low > bottom).any():
        ax.annotate(
            "grey: no better than the range of the gap",
            (0.01, 0.01),
            xycoords="axes fraction",
            fontsize=8,
            color="0.35",
            bbox={"facecolor": SHADE, "linewidth": 0, "pad": 1.0},
        )
    ax.set_ylabel("generalisation gap")


def label_exit(ax: Any, x: Any, values: Any, top: float, text: str, colour: str) -> None:
    """Names a line inside the frame, next to where it leaves it for good at the top.

    Args:
        ax: the axes.
        x: where the line is given, increasing.
        values: its values.
        top: the upper end of the frame.
        text: the name.
        colour: of the name.
    """
    within = np.flatnonzero(values <= top)
    if within.size:
        leaves = within[-1] + np.array([0, 1])
        place = np.interp(top, values[leaves], x[leaves])
        ax.annotate(
            text,
            (place, top),
            (6, -4),
            textcoords="offset points",
            color=colour,
            va="top",
            fontsize=9,
        )


def _limits(curve: BoundCurve) -> tuple[float, float]:
    """Returns a frame that holds the truth and the bounds that depend on the law."""
    names = ("pushforward", "cramer_chernoff", "theorem8", "individual_sample")
    seen = [curve.student_gap, curve.teacher_gap]
    for side in (curve.above, curve.below):
        seen += [side[name][np.isfinite(side[name])] for name in names if name in side]
    values = np.concatenate(seen)
    low, high = float(values.min()), float(values.max())
    pad = 0.12 * (high - low or 1.0)
    edge = 0.06 * (curve.high.max() - curve.low.min() or 1.0)
    return max(low - pad, curve.low.min() - edge), min(high + pad, curve.high.max() + edge)


def label_ends(ax: Any, labels: list[tuple[float, str, str]], *, apart: float = 11.0) -> None:
    """Names lines at the right end, spread so that no two names overlap.

    Args:
        ax: the axes, their scales final.
        labels: of every line its last value, its name and its colour.
        apart: the distance of two names in points, at the height that the axes have now: a little
            more where a layout may still make them lower.
    """
    labels = sorted(labels)
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    right, to_axes = ax.get_xlim()[1], ax.transData + ax.transAxes.inverted()
    ends = [to_axes.transform((right, label[0]))[1] for label in labels]
    spaced = spread(ends, apart / height, 0.0, 1.0)
    places = [to_axes.inverted().transform((1.0, place))[1] for place in spaced]
    for place, (value, text, colour) in zip(places, labels, strict=True):
        ax.annotate(
            text,
            (1.0, value),
            (1.025, place),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            color=colour,
            va="center",
            fontsize=9,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.7,
                "shrinkA": 1,
                "relpos": (0.0, 0.5),
            },
        )


def spread(values: Sequence[float], gap: float, low: float, high: float) -> Floats:
    """Returns places for labels, in the order of the values, at least a gap apart.

    Args:
        values: increasing.
        gap: the least distance.
        low: lower end of where labels may be.
        high: upper end.
    """
    places = np.array(values, dtype=float)
    for _ in range(200):
        for i in range(len(places) - 1):
            short = gap - (places[i + 1] - places[i])
            if short > 0:
                places[i] -= short / 2
                places[i + 1] += short / 2
        if len(places):
            places[0], places[-1] = max(places[0], low), min(places[-1], high)
    for i in range(len(places) - 1):
        places[i + 1] = max(places[i + 1], places[i] + gap)
    return places
