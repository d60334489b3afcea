r"""The figure of SGD with one-hot, noisy and exact teachers, against what is promised of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._axes import COLOURS, axes_or_new
from kdtheory.objects.descent import quadratic_moments
from kdtheory.theorems.sgd_convergence import bounds
from kdtheory.theorems.sgd_convergence.worlds import two_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]


class DescentCurve(NamedTuple):
    r"""What SGD with one teacher does, for $t=0,\dots,T$, and what is promised of it.

    Attributes:
        distances: $\mathbb E\|\theta_t-\theta^*\|^2$, exactly.
        printed: the printed bound for labels with noise, or for exact ones; infinite beyond its
            step sizes.
        sharpened: the sharpened bound.
    """

    distances: Values
    printed: Values
    sharpened: Values


def descent_curves(
    curvatures: Float[Array, "components features"],
    label_noise: Float[Array, "components features"],
    start: Float[Array, "features"],
    step_size: float,
    *,
    num_steps: int,
    shares: Mapping[str, float],
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

    Raises:
        InputError: for a share that is negative.

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
    for name, value in shares.items():
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
        promised = (bound.after(times, first) for bound in (printed, sharpened))
        curves[name] = DescentCurve(*map(np.asarray, (moments.distances, *promised)))
    return curves


def plot_descent(curves: Mapping[str, DescentCurve], ax: Axes | None = None) -> Axes:
    r"""Draws $\mathbb E\|\theta_t-\theta^*\|^2$ of every teacher, with its bounds.

    Args:
        curves: what `descent_curves` returns.
        ax: where to draw; new axes when left out.

    Returns:
        The axes: exact curves solid, sharpened bounds dashed, printed bounds dotted.
    """
    ax = axes_or_new(ax, (7.5, 5.0))
    styles: tuple[tuple[str, dict[str, Any]], ...] = (
        ("distances", {"linestyle": "-", "linewidth": 1.8}),
        ("sharpened", {"linestyle": "--", "linewidth": 1.2}),
        ("printed", {"linestyle": ":", "linewidth": 1.2}),
    )
    words = {"distances": "", "sharpened": ", sharpened bound", "printed": ", printed bound"}
    for index, (name, curve) in enumerate(curves.items()):
        for field, style in styles:
            values = getattr(curve, field)
            # A bound that promises nothing at this step size is not drawn.
            if np.isfinite(values).all():
                colour = COLOURS[index % len(COLOURS)]
                ax.plot(values, color=colour, label=name + words[field], **style)
    ax.set_yscale("log")
    ax.set_xlabel("step t")
    ax.set_ylabel(r"$\mathbb{E}\,\|\theta_t-\theta^*\|^2$")
    ax.legend(fontsize=8)
    return ax
