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
        The axes: one bar for every budget, and a line at the teacher's variance.
    """
    ax = axes_or_new(ax, (max(6.4, 1.1 * len(budgets)), 4.0))
    places = np.arange(len(budgets))
    units = np.array([budget.teacher_variance or 1.0 for budget in budgets])
    bottom = np.zeros(len(budgets))
    for name in PARTS:
        heights = np.array([getattr(budget, name) for budget in budgets]) / units
        ax.bar(places, heights, bottom=bottom, color=COLOURS[name], label=name.replace("_", " "))
        bottom = bottom + heights
    ax.axhline(1.0, color="0.3", linewidth=0.8, linestyle="--", label="teacher")
    ax.set_xticks(places, [f"k={budget.num_responses}\n{budget.head}" for budget in budgets])
    ax.set_ylabel("variance of an answer / the teacher's")
    ax.set_title("Where a distilled student's variance comes from")
    ax.set_ylim(top=1.3 * max(1.0, bottom.max(initial=0.0)))
    ax.legend(loc="upper center", ncols=4, fontsize="small")
    return ax
