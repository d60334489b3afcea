"""Figures of a decomposition. Every function takes data and axes, and returns the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._axes import axes_or_new
from kdtheory.decomposition.records import TERMS
from kdtheory.decomposition.sweeps import is_logarithmic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kdtheory.decomposition.landscapes import Landscape
    from kdtheory.decomposition.optimum import OptimalDesign
    from kdtheory.decomposition.ranks import DominanceMap
    from kdtheory.decomposition.records import Decomposition
    from kdtheory.decomposition.sweeps import Sweep

# Okabe and Ito's colours, which people with colour-vision deficiencies tell apart.
COLOURS = dict(
    zip(TERMS, ("#0072B2", "#56B4E9", "#009E73", "#D55E00", "#E69F00", "#CC79A7"), strict=True)
)
"""The colour of every term, the same in all figures."""

SYMBOLS = {
    "prior_precision": r"prior precision $\lambda$",
    "inverse_temperature": r"inverse temperature $\beta_T$",
    "noise_std": r"noise $\nu$",
    "student_scale": r"student covariance in units of the teacher's",
    "rank": r"student rank $\kappa$",
}
"""What an axis is called."""


def plot_decomposition(decomposition: Decomposition, ax: Axes | None = None) -> Axes:
    """Draws the terms, the bound and the divergence as horizontal bars.

    Args:
        decomposition: what `decompose` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax, (8.0, 3.6))
    rows = [(term.name, term.value, COLOURS[term.name]) for term in decomposition.terms]
    rows += [
        ("bound", decomposition.bound, "0.35"),
        ("mutual information", decomposition.mutual_information, "0.75"),
        ("divergence", decomposition.divergence, "black"),
    ]
    finite = [value for _, value, _ in rows if np.isfinite(value)]
    widest = max((abs(value) for value in finite), default=1.0) or 1.0
    for place, (_, value, colour) in enumerate(rows):
        endless = not np.isfinite(value)
        width = 1.1 * widest if endless else value
        ax.barh(place, width, color=colour, hatch="//" if endless else None)
        text = "infinite" if endless else f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
        ax.annotate(text, (max(width, 0.0), place), (4, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    ax.invert_yaxis()
    ax.axhline(len(decomposition.terms) - 0.5, color="0.8", linewidth=0.8)
    ax.axvline(0.0, color="0.3", linewidth=0.8)
    ax.margins(x=0.2)
    ax.set_xlabel("nats")
    ax.set_title(decomposition.heading)
    return ax


def plot_sweep(sweep: Sweep, ax: Axes | None = None) -> Axes:
    """Draws the terms of the bound stacked on each other, and the divergence.

    Where the bound spans more than one and a half decades the terms are lines on a logarithmic
    axis instead, on which areas would mislead; `plot_shares` then shows them stacked.

    Args:
        sweep: what `sweep_design` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax, (8.0, 4.5))
    x = sweep.values
    shown = [name for name in TERMS if np.any(sweep.terms[name] != 0.0)]
    stacked = {name: np.where(np.isfinite(v), v, np.nan) for name, v in sweep.terms.items()}
    steep = _is_steep(sweep)
    if steep:
        ax.set_yscale("log")
        for name in shown:
            ax.plot(x, stacked[name], color=COLOURS[name], linewidth=2.0, label=name)
        ax.plot(x, sweep.bound, color="0.35", linewidth=1.2, linestyle="--", label="bound")
    for part in () if steep else (np.maximum, np.minimum):
        _stack(ax, sweep, {name: part(stacked[name], 0.0) for name in shown})
    low, high = sweep.divergence_low, sweep.divergence_high
    if sweep.name == "rank":
        middle, reach = (low + high) / 2, (high - low) / 2
        ax.errorbar(x, middle, reach, fmt="_", color="black", capsize=4, label="divergence")
    elif np.array_equal(low, high, equal_nan=True):
        ax.plot(x, high, color="black", linewidth=2.0, label="divergence")
    else:
        ax.plot(x, low, color="black", linewidth=1.2, linestyle=":", label="divergence, at least")
        ax.plot(x, high, color="black", linewidth=1.2, label="divergence, at most")
    if any((sweep.terms[name] < 0).any() for name in shown):
        ax.axhline(0.0, color="0.3", linewidth=0.8)
        ax.plot(x, sweep.bound, color="0.35", linewidth=1.2, linestyle="--", label="bound")
    _dress(ax, sweep)
    if not steep and np.max(np.abs(high[np.isfinite(high)]), initial=0.0) >= 1e4:
        ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("nats")
    ax.set_title(sweep.heading)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, reverse=True)
    return ax


def plot_shares(sweep: Sweep, ax: Axes | None = None) -> Axes:
    """Draws every term's share of the sum of the terms' sizes, so that small bounds show as well.

    Args:
        sweep: what `sweep_design` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax, (8.0, 3.0))
    sizes = {name: np.abs(values) for name, values in sweep.terms.items() if np.any(values != 0.0)}
    total = np.sum(list(sizes.values()), axis=0)
    # An infinite term is all of its bound.
    with np.errstate(invalid="ignore"):
        shares = {
            name: np.where(np.isinf(total), np.isinf(values), values / total)
            for name, values in sizes.items()
        }
    _stack(ax, sweep, shares)
    _dress(ax, sweep)
    ax.set_ylim(0.0, 1.0)
    ax.set_yticks([0.0, 0.5, 1.0], ["0", "50 %", "100 %"])
    ax.set_ylabel("share of the terms")
    return ax


def plot_dominance_map(found: DominanceMap, ax: Axes | None = None) -> Axes:
    """Draws which term is the largest, over inverse temperature and the student's rank.

    Cells are paler where the largest term makes up less of the bound.

    Args:
        found: what `dominance_map` returned.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    import matplotlib.colors
    import matplotlib.patches
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_new(ax, (8.0, 4.5))
    sizes = np.stack([np.abs(found.terms[name]) for name in TERMS])
    total = sizes.sum(axis=0)
    largest = np.take_along_axis(sizes, found.dominant[None], axis=0)[0]
    share = np.divide(largest, total, out=np.ones_like(total), where=total > 0)
    palette = np.array([matplotlib.colors.to_rgb(COLOURS[name]) for name in TERMS])
    strength = (0.25 + 0.75 * share)[..., None]
    colours = palette[found.dominant] * strength + (1.0 - strength)
    betas, ranks = found.inverse_temperatures, found.ranks
    spaced = is_logarithmic(betas)
    columns = _edges(np.log10(betas) if spaced else betas)
    if spaced:
        columns = 10.0**columns
    ax.pcolormesh(columns, _edges(ranks.astype(float)), colours, rasterized=True)
    if spaced:
        ax.set_xscale("log")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(SYMBOLS["inverse_temperature"])
    ax.set_ylabel(SYMBOLS["rank"])
    seen = [TERMS[index] for index in np.unique(found.dominant)]
    ax.legend(
        handles=[matplotlib.patches.Patch(color=COLOURS[name], label=name) for name in seen],
        title="largest term\n(paler: a smaller share)",
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        alignment="left",
    )
    ax.set_title("Which term of the bound is the largest")
    return ax


def plot_landscape(
    seen: Landscape, found: Sequence[OptimalDesign] = (), ax: Axes | None = None
) -> Axes:
    """Draws the divergence over prior precision and inverse temperature, and where it is least.

    Colours are the divergence, dashed lines the bound, both on logarithmic levels.

    Args:
        seen: what `landscape` returned.
        found: what `optimal_design` returned, to be marked.
        ax: where to draw; new axes when left out.

    Returns:
        The axes.
    """
    ax = axes_or_new(ax, (8.0, 5.0))
    x, y = seen.inverse_temperatures, seen.prior_precisions
    # Before the lines are drawn: their labels are placed on the page, not in the data.
    ax.set_xscale("log")
    ax.set_yscale("log")
    # A divergence of zero is drawn as the least that is not.
    least = seen.divergence[seen.divergence > 0].min(initial=np.inf)
    height = np.log10(np.maximum(seen.divergence, least if np.isfinite(least) else 1.0))
    colours = ax.contourf(x, y, height, levels=24, cmap="cividis")
    bar = ax.figure.colorbar(colours, ax=ax, label="divergence (nats)")
    ticks = [float(tick) for tick in bar.get_ticks()]
    bar.set_ticks(ticks, labels=[f"{10.0**tick:.3g}" for tick in ticks])
    lines = ax.contour(
        x, y, np.log10(seen.bound), levels=10, colors="white", linewidths=0.7, linestyles="--"
    )
    ax.clabel(lines, fmt=lambda level: f"{10.0**level:.3g}", fontsize=7)
    for best, marker in zip(found, "o^sD", strict=False):
        ax.plot(
            best.inverse_temperature,
            best.prior_precision,
            marker,
            color=COLOURS["rank bottleneck"],
            markeredgecolor="white",
            markersize=10,
            label=f"least {best.objective}",
        )
    ax.set_xlabel(SYMBOLS["inverse_temperature"])
    ax.set_ylabel(SYMBOLS["prior_precision"])
    ax.set_title("Divergence (colour) and bound (dashed)")
    if found:
        ax.legend(loc="upper left", framealpha=0.9)
    return ax


def _is_steep(sweep: Sweep) -> bool:
    """Returns whether the bound spans more than one and a half decades, and no term is negative."""
    bound = sweep.bound[np.isfinite(sweep.bound)]
    if sweep.name == "rank" or not bound.size or any((v < 0).any() for v in sweep.terms.values()):
        return False
    return bool(bound.min() > 0 and bound.max() > 10**1.5 * bound.min())


def _stack(ax: Any, sweep: Sweep, layers: dict[str, np.ndarray]) -> None:
    """Stacks layers on each other: areas, or bars where the axis is the rank."""
    base = np.zeros_like(sweep.values, dtype=float)
    labelled = set(ax.get_legend_handles_labels()[1])
    for name, values in layers.items():
        named = name not in labelled and np.any(values != 0.0)
        style: dict[str, Any] = {"color": COLOURS[name], "linewidth": 0, "alpha": 0.9}
        style["label"] = name if named else None
        if sweep.name == "rank":
            ax.bar(sweep.values, values, bottom=base, width=0.8, **style)
        else:
            ax.fill_between(sweep.values, base, base + values, **style)
        base = base + values


def _dress(ax: Axes, sweep: Sweep) -> None:
    """Scales and labels the axis along which a sweep goes."""
    from matplotlib.ticker import MaxNLocator

    low, high = sweep.values.min(), sweep.values.max()
    if sweep.name == "rank":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        low, high = low - 0.5, high + 0.5
    elif sweep.logarithmic:
        ax.set_xscale("log")
    if low < high:
        ax.set_xlim(low, high)
    ax.set_xlabel(SYMBOLS[sweep.name])


def _edges(centres: np.ndarray) -> np.ndarray:
    """Returns the edges of cells around centres."""
    if len(centres) == 1:
        return centres[0] + np.array([-0.5, 0.5])
    middles = (centres[1:] + centres[:-1]) / 2
    first, last = centres[0] - (middles[0] - centres[0]), centres[-1] + (centres[-1] - middles[-1])
    return np.concatenate([[first], middles, [last]])
