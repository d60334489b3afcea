"""What every figure needs: colours that people with colour-vision deficiencies tell apart, axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, for curves that have no colour of their own."""


def axes_or_new(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Returns the axes, or new ones in a figure of their own.

    Args:
        ax: the axes, or None.
        size: of the new figure, in inches.
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]
