r"""Intervals for means, and for smooth functions of means.

`student_interval` is asymptotic and asks for nothing; `sound_interval` and `mean_upper` hold at
their level at any number of draws, and ask for known ends. Draws are independent. A function of
means is jackknifed: the mean of its `pseudo_values` $n\hat\theta-(n-1)\hat\theta_{-i}$ is free of
the bias of order $1/n$ (of all bias, if $\theta$ is quadratic in the means), and Student's interval
of them is asymptotically right.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory._check import FloatArray
from kdtheory._sequential import empirical_bernstein


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over random draws, and Student's interval around it.

    Attributes:
        value: the mean.
        low: lower end.
        high: upper end.
        spread: standard deviation of a draw; zero for what was computed exactly.
    """

    value: float
    low: float
    high: float
    spread: float


def student_margin(values: Any, level: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns the mean, the standard deviation and half the width of Student's interval.

    Args:
        values: at least two numbers, or rows of numbers; the sample is along the first axis. Where
            some are infinite, or their squares are, there is no interval.
        level: its nominal coverage.

    Example:
        >>> [float(value) for value in student_margin([1.0, 2.0, 3.0], 0.0)]
        [2.0, 1.0, 0.0]
    """
    from scipy import special

    sample = np.asarray(values, float)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = sample.mean(axis=0), sample.std(axis=0, ddof=1)
    quantile = float(special.stdtrit(len(sample) - 1, 0.5 * (1.0 + level)))
    half = quantile * spread / math.sqrt(len(sample))
    return np.asarray(mean), np.asarray(spread), np.asarray(half)


def student_interval(values: Any, level: float, rounding: float = 0.0) -> Estimate:
    """Returns the mean of a sample with Student's interval, which is asymptotic.

    Args:
        values: at least two numbers; if one is not finite, neither is anything of the result.
        level: its nominal coverage.
        rounding: by how much a value may be off, all of them to the same side; added to both ends.

    Example:
        >>> found = student_interval([1.0, 2.0, 3.0], 0.95)  # 2 +- 4.3027/sqrt(3)
        >>> print(f"{found.value:g}: {found.low:.4f} to {found.high:.4f}")
        2: -0.4841 to 4.4841
    """
    sample = np.asarray(values, float)
    if not np.isfinite(sample).all():
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    mean, spread, half = map(float, student_margin(sample, level))
    margin = half + rounding
    return Estimate(mean, mean - margin, mean + margin, spread)


_HALVINGS = 40


def sound_interval(
    mean: float, spread: float, num_draws: int, ends: tuple[float, float], level: float
) -> tuple[float, float]:
    """Returns an interval for a mean that holds at its level, however few draws there are.

    It is where the evidence of the empirical Bernstein mixture against a mean stays below twice
    the inverse of the chance of error, with squares centred at zero.

    Args:
        mean: of the draws.
        spread: their standard deviation (with the number of draws minus one).
        num_draws: how many independent draws.
        ends: numbers, the first not above zero and the second not below, between which every draw
            lies; known beforehand.
        level: its coverage.
    """
    low, high = ends
    width = high - low
    if width == 0:
        return low, high
    share = mean / width
    square = ((num_draws - 1) * (spread / width) ** 2) + num_draws * share**2
    sums = np.array([num_draws * share, square])
    needed = math.log(2.0 / (1.0 - level))

    def disputed(candidate: float, side: int) -> bool:
        # Side 0 disputes means that are too small, side 1 those that are too large.
        process = empirical_bernstein(candidate / width)
        return bool(process.evidence(num_draws, sums)[side] >= needed)

    found = []
    for side, outer in ((0, low), (1, high)):
        inner, end = mean, outer
        if disputed(end, side):
            for _ in range(_HALVINGS):
                middle = 0.5 * (inner + end)
                inner, end = (inner, middle) if disputed(middle, side) else (middle, end)
        found.append(end)
    return found[0], found[1]


def mean_upper(share: float, num_samples: int, level: float) -> float:
    r"""Returns an upper confidence bound on the mean of variables in $[0,1]$.

    It is $\max\{q\ge\hat p : N\,\mathrm{kl}(\hat p\,\|\,q)\le\log\frac1{1-\text{level}}\}$.

    Args:
        share: $\hat p$, the mean of the sample.
        num_samples: $N$.
        level: its confidence.

    Example:
        >>> print(f"{mean_upper(0.0, 100, 0.95):.4f}")  # 1 - 0.05**(1/100)
        0.0295
    """
    from scipy import special

    share = min(max(share, 0.0), 1.0)
    allowed = -math.log1p(-level) / num_samples
    low, high = share, 1.0
    for _ in range(64):
        middle = 0.5 * (low + high)
        distance = special.rel_entr(share, middle) + special.rel_entr(1.0 - share, 1.0 - middle)
        low, high = (middle, high) if distance <= allowed else (low, middle)
    # The end that is beyond: rounding only widens the bound.
    return high


def pseudo_values(features: FloatArray, function: Callable[[Any], Any]) -> FloatArray:
    r"""Returns the jackknife's pseudo-values of a function of means.

    Args:
        features: one row for every example, shape ``(examples, features)``.
        function: of the means, along the last axis.

    Returns:
        One for every example; their mean is the estimate.

    Example:
        >>> values = np.array([1.0, 2.0, 6.0])  # of the squared mean: the mean of products of pairs
        >>> float(pseudo_values(values[:, None], lambda m: m[..., 0] ** 2).mean())
        6.666666666666667
    """
    count = len(features)
    means = features.mean(axis=0)
    without = means + (means - features) / (count - 1)
    return count * function(means) - (count - 1) * function(without)
