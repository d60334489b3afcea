r"""A sound interval for a mean from a fixed number of draws, without a normal approximation."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import optimize


def mean_interval(
    draws: npt.NDArray[np.float64],
    level: float,
    *,
    bounds: tuple[float, float] | None = None,
    variance_bound: float | None = None,
) -> tuple[float, float]:
    r"""Returns an interval that misses the mean with probability at most ``level``.

    With bounds: the empirical Bernstein interval (Maurer and Pontil 2009, Theorem 4, both sides),
    $|\bar x - \mu| \le \sqrt{2V\log(4/\delta)/n} + 7R\log(4/\delta)/(3(n-1))$. With a bound $v$ on
    the variance only: Catoni's M-estimator (2012), whose deviation is at most
    $\sqrt{2v\log(2/\delta)/(n - 2\log(2/\delta))}$ whatever the tails.

    Args:
        draws: independent replicates, at least two.
        level: error level $\delta$ in (0, 1).
        bounds: an interval that holds every replicate.
        variance_bound: a bound on the variance of a replicate; used when there are no bounds.

    Returns:
        Lower and upper end.

    Raises:
        ValueError: if neither is given, a draw is NaN or outside the bounds, the variance bound is
            negative, or there are too few draws for the level.
    """
    n = len(draws)
    if n < 2:
        raise ValueError(f"draws: got {n}; expected at least two. Draw more.")
    if np.isnan(draws).any():
        raise ValueError("draws: got NaN; expected numbers. This draw is not defined everywhere.")
    if bounds is not None:
        low, high = bounds
        slack = 1e-9 * max(high - low, abs(low), abs(high))
        if draws.min() < low - slack or draws.max() > high + slack:
            raise ValueError(
                f"draws: got values in [{draws.min()}, {draws.max()}]; expected [{low}, {high}]. "
                "The bounds of this draw are wrong."
            )
        logarithm = math.log(4 / level)
        radius = math.sqrt(2 * float(np.var(draws, ddof=1)) * logarithm / n)
        radius += 7 * (high - low) * logarithm / (3 * (n - 1))
        centre = float(np.mean(draws))
        return max(low, centre - radius), min(high, centre + radius)
    if variance_bound is None:
        raise ValueError("draws: got no bounds and no variance bound; expected one. Give either.")
    if not variance_bound >= 0:
        raise ValueError(f"variance bound: got {variance_bound}; expected at least 0. Mend it.")
    logarithm = math.log(2 / level)
    if n <= 2 * logarithm + 1:
        raise ValueError(f"draws: got {n}; expected more than {2 * logarithm + 1:g}. Draw more.")
    if variance_bound == 0:
        return float(np.mean(draws)), float(np.mean(draws))
    spread = variance_bound * (1 + 2 * logarithm / (n - 2 * logarithm))
    width = math.sqrt(2 * logarithm / (n * spread))

    def influence(centre: float) -> float:
        x = width * (draws - centre)
        return float(np.sum(np.sign(x) * np.log1p(np.abs(x) + 0.5 * x * x)))

    centre = float(optimize.brentq(influence, draws.min() - 1.0, draws.max() + 1.0))
    radius = math.sqrt(2 * variance_bound * logarithm / (n - 2 * logarithm))
    return centre - radius, centre + radius
