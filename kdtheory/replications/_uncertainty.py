"""What the studies of uncertainty in distillation share: thresholds, rates and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.intervals import Estimate, pseudo_values, student_interval
from kdtheory.propagation import pair_weight
from kdtheory.replications.drawing import COLOURS, MARKERS
from kdtheory.replications.records import Measurement
from kdtheory.replications.statistics import LEVEL, means

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUPPRESSED = 0.9
"""Below this share of the teacher's variance a student's own one counts as suppressed."""

SUBSTANTIAL = 0.1
"""Above this share of the teacher's variance that across students counts as substantial."""


def exponent(what: str, counts: Any, variances: Any, level: float = LEVEL) -> Measurement:
    r"""Returns the slope of the logarithm of a mean variance in the logarithm of $k$.

    The mean is over trials, and the interval is Student's, of the jackknife over them: a single
    trial's estimate of a small variance may be negative, and has no logarithm.

    Args:
        what: which variance.
        counts: $k$, shape ``(counts,)``.
        variances: shape ``(trials, counts)``, unbiased estimates or exact values.
        level: nominal coverage.

    Example:
        >>> rate = exponent("noise", [1, 2, 4], [[1.0, 0.5, 0.25], [2.0, 1.0, 0.5]]).estimate
        >>> print(f"{rate.low:.3f} to {rate.high:.3f}")
        -1.000 to -1.000
    """
    logarithms = np.log(np.asarray(counts, float))
    centred = logarithms - logarithms.mean()

    def slope(means: Any) -> Any:
        positive = np.maximum(means, np.finfo(float).tiny)
        return np.log(positive) @ centred / (centred @ centred)

    values = np.asarray(variances, float)
    found = student_interval(pseudo_values(values, slope), level)
    # The slope itself, and the interval around it: the pseudo-values' mean is within it.
    value = float(slope(values.mean(axis=0)))
    return Measurement(what, Estimate(value, found.low, found.high, found.spread))


def weights_of_first(variance: Any, other_variance: Any, covariance: Any = 0.0) -> Any:
    """Returns the weight of the first of two estimates that gives the smallest variance.

    Args:
        variance: of the first, any shape.
        other_variance: of the second; shapes are broadcast.
        covariance: of both; 0 for inverse-variance weights.
    """
    arrays = np.broadcast_arrays(*(np.asarray(a, float) for a in (variance, other_variance)))
    arrays = np.broadcast_arrays(*arrays, np.asarray(covariance, float))
    with jax.enable_x64(True):
        flat = [jnp.asarray(array.reshape(-1)) for array in arrays]
        return np.asarray(jax.vmap(pair_weight)(*flat)).reshape(arrays[0].shape)


def draw_ratios(ax: Axes, names: Sequence[str], ratios: Sequence[Sequence[Any]]) -> None:
    """Draws mean ratios with Student's intervals, one line for every name, on a logarithmic axis.

    Args:
        ax: where.
        names: of the lines, from top to bottom.
        ratios: for every line and colour those of all trials.
    """
    for line, of_line in enumerate(ratios):
        for place, trials in enumerate(of_line):
            [found] = means([names[line]], np.asarray(trials)[:, None])
            estimate = found.estimate
            ax.errorbar(
                estimate.value,
                line + 0.11 * (place - (len(of_line) - 1) / 2),
                xerr=[[estimate.value - estimate.low], [estimate.high - estimate.value]],
                color=COLOURS[place % len(COLOURS)],
                marker=MARKERS[place % len(MARKERS)],
                markersize=4,
            )
    for line in range(1, len(names)):
        ax.axhline(line - 0.5, color="0.9", linewidth=0.8, zorder=0)
    ax.axvline(1.0, color="0.3", linewidth=0.8, zorder=0)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0) if low <= tick <= high]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(names)), list(names), fontsize="small")
    ax.invert_yaxis()
