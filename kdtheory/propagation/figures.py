"""The figure of uncertainty budgets. It takes data and axes, and returns the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kdtheory._axes import axes_or_new
from kdtheory.propagation.records import PARTS, UncertaintyBudget

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people with colour-vision deficiencies tell apart.
COLOURS = dict(zip(PARTS, ("#0072B2", "#E69F00", "#009E73"), strict=True))
"""The colour of every source."""


def plot_budgets(budgets: Sequence[UncertaintyBudget], ax: Axes | None = None) -> Axes:
    """Draws budgets as stacked bars, in units of the teacher's variance.

    Args:
        budgets: what `uncertainty_budget` returned, for several numbers of responses, say.
        ax: where to draw; new axes when left out.

    Returns:
        The axes: one bar for every budget, with the shares of its parts above it, and a line at the
        teacher's variance. What a fitted head takes for noise, though it is a bias, is hatched.
    """
    ax = axes_or_new(ax, (max(6.4, 1.3 * len(budgets)), 4.4))
    places = np.arange(len(budgets))
    units = np.array([budget.teacher_variance or 1.0 for budget in budgets])
    bottom = np.zeros(len(budgets))
    for name in PARTS:
        heights = np.array([getattr(budget, name) for budget in budgets]) / units
        ax.bar(places, heights, bottom=bottom, color=COLOURS[name], label=name.replace("_", " "))
        bottom = bottom + heights
    misfit = np.array([one.misfit if one.head != "point" else 0.0 for one in budgets]) / units
    if misfit.any():
        ax.bar(
            places,
            misfit,
            bottom=bottom - misfit,
            color=COLOURS["student_inference"],
            edgecolor="white",
            linewidth=0.0,
            hatch="///",
            label="misfit, a bias",
        )
    for place, budget in enumerate(budgets):
        _write_shares(ax, budget, (place, float(bottom[place])))
    ax.axhline(1.0, color="0.3", linewidth=0.8, linestyle="--", label="teacher", zorder=0.5)
    heads = {budget.head for budget in budgets}
    ticks = [str(one.num_responses) + f"\n{one.head}" * (len(heads) > 1) for one in budgets]
    ax.set_xticks(places, ticks)
    alike = f" (head: {heads.pop()})" if len(heads) == 1 else ""
    ax.set_xlabel(f"responses averaged, k{alike}")
    ax.set_ylabel("variance of an answer / the teacher's")
    ax.set_title("Where a distilled student's variance comes from")
    # Room for the shares above the highest bar, and for the legend above them.
    ax.set_ylim(top=1.5 * max(1.0, bottom.max(initial=0.0)))
    ax.legend(loc="upper center", ncols=3, fontsize="small")
    return ax


def _write_shares(ax: Axes, budget: UncertaintyBudget, top: tuple[float, float]) -> None:
    """Writes the share of every part that is not zero above a bar, in the order of the bar."""
    parts = [name for name in PARTS if getattr(budget, name) > 0]
    for line, name in enumerate(parts):
        ax.annotate(
            f"{name.split('_')[1]} {getattr(budget, name) / budget.total:.1%}",
            top,
            xytext=(0, 4 + 10 * line),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            color=COLOURS[name],
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.0},
        )
