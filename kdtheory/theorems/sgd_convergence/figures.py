r"""The figure of SGD with one-hot, noisy and exact teachers, against what is promised of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._axes import COLOURS, axes_or_new
from kdtheory._types import Key
from kdtheory.intervals import student_margin
from kdtheory.objects.descent import Oracle, quadratic_moments, simulated_distances
from kdtheory.theorems.sgd_convergence import bounds
from kdtheory.theorems.sgd_convergence.bounds import Geometric
from kdtheory.theorems.sgd_convergence.worlds import two_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]

LEVEL = 0.99
"""Nominal coverage of the intervals around simulated means, each by itself."""


@dataclasses.dataclass(frozen=True, eq=False)
class Simulated:
    r"""The mean of $\|\theta_t-\theta^*\|^2$ over runs that were drawn, with Student's interval.

    Attributes:
        mean: for $t=0,\dots,T$.
        low: lower ends.
        high: upper ends.
        num_runs: how many runs.
    """

    mean: Values
    low: Values
    high: Values
    num_runs: int


@dataclasses.dataclass(frozen=True, eq=False)
class DescentCurve:
    r"""What SGD with one teacher does, for $t=0,\dots,T$, and what is promised of it.

    Attributes:
        noise: $\sigma^2$, what the labels add to $\mathbb E\|g\|^2$ at the optimum.
        distances: $\mathbb E\|\theta_t-\theta^*\|^2$, exactly; NaN where it was not computed.
        printed: the printed bound for labels with noise, or for exact ones; infinite beyond its
            step sizes.
        sharpened: the sharpened bound.
        rates: $\rho$ of the printed bound and of the sharpened one.
        neighbourhoods: $N$ of the two; infinite where none is promised.
        simulated: the same distances by runs that were drawn; None if none were.
    """

    noise: float
    distances: Values
    printed: Values
    sharpened: Values
    rates: tuple[float, float]
    neighbourhoods: tuple[float, float]
    simulated: Simulated | None


def curve_of(
    noise: Any,
    distances: Any,
    values: tuple[Any, Any],
    promises: tuple[Geometric, Geometric],
    simulated: Simulated | None,
) -> DescentCurve:
    r"""Returns a curve of NumPy's numbers.

    Args:
        noise: $\sigma^2$.
        distances: exact ones.
        values: of the printed and of the sharpened bound.
        promises: their rates and neighbourhoods.
        simulated: runs, or None.
    """
    printed, sharpened = promises
    return DescentCurve(
        noise=float(noise),
        distances=np.asarray(distances),
        printed=np.asarray(values[0]),
        sharpened=np.asarray(values[1]),
        rates=(float(printed.rate), float(sharpened.rate)),
        neighbourhoods=(float(printed.neighbourhood), float(sharpened.neighbourhood)),
        simulated=simulated,
    )


def simulated_curve(
    key: Key,
    oracle: Oracle,
    start: Any,
    optimum: Any,
    step_size: float,
    *,
    num_steps: int,
    num_runs: int,
) -> Simulated:
    r"""Returns the mean squared distance over runs that are drawn, with intervals.

    Args:
        key: randomness.
        oracle: $\theta$ -> the law of gradients there.
        start: $\theta_0$.
        optimum: $\theta^*$.
        step_size: $\gamma$.
        num_steps: $T$.
        num_runs: how many independent runs, at least two.
    """
    runs = _check.integer("num_runs", num_runs, low=2)
    walk = jax.jit(
        lambda key: simulated_distances(
            key, oracle, start, optimum, step_size, num_steps=num_steps, num_runs=runs
        )
    )
    mean, _, half = student_margin(walk(key), LEVEL)
    return Simulated(mean, mean - half, mean + half, runs)


def descent_curves(
    curvatures: Float[Array, "components features"],
    label_noise: Float[Array, "components features"],
    start: Float[Array, "features"],
    step_size: float,
    *,
    num_steps: int,
    shares: Mapping[str, float],
    key: Key | None = None,
    num_runs: int = 4000,
) -> dict[str, DescentCurve]:
    r"""Returns exact curves of SGD on a quadratic whose labels add $\pm\xi_i$ to the gradient.

    Args:
        curvatures: $c\ge0$ of equally likely components, a row each.
        label_noise: $\xi_i$, with either sign equally likely, for one-hot labels.
        start: $\theta_0$; the optimum is zero.
        step_size: $\gamma$.
        num_steps: $T$.
        shares: the name of a teacher -> the share of the one-hot noise that its labels have: 1 for
            one-hot labels, 0 for Bayes class probabilities, $\frac1{a_0+1}$ for a Dirichlet
            teacher.
        key: of simulated runs, a cross-check of the exact curves; none are drawn without.
        num_runs: how many runs.

    Raises:
        InputError: for a share that is negative, or fewer than two runs.

    Example:
        >>> one = jnp.ones((1, 1))
        >>> shares = {"one-hot": 1.0, "exact": 0.0}
        >>> curves = descent_curves(one, one, 2 * one[0], 0.5, num_steps=1, shares=shares)
        >>> [curve.distances.tolist() for curve in curves.values()]
        [[4.0, 1.25], [4.0, 1.0]]
    """
    times = jnp.arange(num_steps + 1.0)
    weights = jnp.full((len(curvatures),), 1 / len(curvatures))
    curves = {}
    for index, (name, value) in enumerate(shares.items()):
        share = _check.number(f"shares[{name!r}]", value, low=0.0)
        objective = two_labels(weights, curvatures, np.sqrt(share) * label_noise)
        moments = quadratic_moments(objective, start, step_size, num_steps=num_steps)
        known = step_size, objective.component_smoothness, objective.strong_convexity
        printed = (
            bounds.strongly_convex_onehot(*known, objective.noise)
            if share > 0
            else bounds.strongly_convex_bayes(*known)
        )
        sharpened = bounds.sharpened_target_noise(*known, objective.noise)
        first = moments.distances[0]
        drawn = None
        if key is not None:
            drawn = simulated_curve(
                jax.random.fold_in(key, index),
                objective.gradients,
                start,
                objective.optimum,
                step_size,
                num_steps=num_steps,
                num_runs=num_runs,
            )
        curves[name] = curve_of(
            objective.noise,
            moments.distances,
            (printed.after(times, first), sharpened.after(times, first)),
            (printed, sharpened),
            drawn,
        )
    return curves


STYLES: dict[str, dict[str, Any]] = {
    "distances": {"linestyle": "-", "linewidth": 1.8},
    "sharpened": {"linestyle": "--", "linewidth": 1.2},
    "printed": {"linestyle": ":", "linewidth": 1.2},
}
"""How a curve and its bounds are drawn."""

_WORDS = {"distances": "", "sharpened": ", sharpened bound", "printed": ", printed bound"}
_DOTS = 12


def plot_descent(curves: Mapping[str, DescentCurve], ax: Axes | None = None) -> Axes:
    r"""Draws $\mathbb E\|\theta_t-\theta^*\|^2$ of every teacher, with its bounds.

    Args:
        curves: what `descent_curves` returns.
        ax: where to draw; new axes when left out.

    Returns:
        The axes: exact curves solid, sharpened bounds dashed, printed bounds dotted; means of
        simulated runs as dots with intervals.
    """
    ax = axes_or_new(ax, (7.5, 5.0))
    for index, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[index % len(COLOURS)]
        for field, style in STYLES.items():
            values = getattr(curve, field)
            # A bound that promises nothing at this step size is not drawn.
            if not np.isinf(values).any():
                ax.plot(values, color=colour, label=name + _WORDS[field], **style)
        if curve.simulated is not None:
            _draw_dots(ax, curve.simulated, colour, (index + 1) / (len(curves) + 1))
    ax.set_yscale("log")
    ax.set_xlabel("step t")
    ax.set_ylabel(r"$\mathbb{E}\,\|\theta_t-\theta^*\|^2$")
    _add_legend(ax, curves)
    return ax


def _add_legend(ax: Axes, curves: Mapping[str, DescentCurve]) -> None:
    """Explains colours and styles apart: an entry per curve would be too many."""
    from matplotlib.lines import Line2D

    plain: dict[str, Any] = {"color": "0.3"}
    handles = [
        Line2D([], [], color=COLOURS[index % len(COLOURS)], linewidth=2.5, label=name)
        for index, name in enumerate(curves)
    ]
    handles += [
        Line2D([], [], **plain, **style, label=_WORDS[field].removeprefix(", ") or "exact value")
        for field, style in STYLES.items()
    ]
    if any(curve.simulated is not None for curve in curves.values()):
        words = f"simulated, {LEVEL:.0%} interval"
        dots = Line2D([], [], **plain, linestyle="", marker="o", markersize=3.5, label=words)
        handles.append(dots)
    ax.legend(handles=handles, fontsize=8)


def _draw_dots(ax: Axes, simulated: Simulated, colour: str, phase: float) -> None:
    """Draws some of the simulated means, at other steps for every teacher."""
    last = len(simulated.mean) - 1
    spacing = max(1, round(last / _DOTS))
    times = np.arange(round(phase * spacing), last + 1, spacing)
    times = times[np.isfinite(simulated.high[times])]
    mean = simulated.mean[times]
    ends = np.stack([mean - simulated.low[times], simulated.high[times] - mean])
    ax.errorbar(times, mean, ends, fmt="o", color=colour, markersize=3.5, elinewidth=1.0, capsize=2)
