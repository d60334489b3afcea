"""Intervals of what `assess` estimates: means, ratios, and break-even sample sizes.

Everything is a function of one number per example, the examples being independent.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
from scipy import special

from kdtheory._check import FloatArray
from kdtheory.assessment.records import (
    BERNSTEIN,
    COMBINED,
    FIELLER,
    HOEFFDING,
    STUDENT,
    Estimate,
)
from kdtheory.concentration.empirical_bernstein import empirical_bernstein_penalty
from kdtheory.intervals import mean_upper, sound_interval, student_interval


def asymptotic(values: Any, level: float, method: str = STUDENT) -> Estimate:
    """Returns the mean with Student's interval.

    Args:
        values: one number for every example. If some are infinite, and all to one side, so is the
            mean of the population: with them its law has mass where the value is infinite.
        level: nominal coverage.
        method: how the values came about, for the record.
    """
    if np.isinf(values).any():
        total = float(np.sum(values))
        return Estimate(total, total, total, method)
    found = student_interval(values, level)
    return Estimate(found.value, found.low, found.high, method)


def of_risk(values: Any, loss_range: float, level: float) -> Estimate:
    """Returns the mean of losses with an interval that holds at any number of examples.

    Args:
        values: one for every example, from zero on.
        loss_range: the largest value that is possible.
        level: coverage; Maurer and Pontil's Theorem 4 on either side.
    """
    sample = np.asarray(values, float)
    mean, spread = float(sample.mean()), float(sample.var(ddof=1))
    with jax.enable_x64(True):
        miss = 0.5 * (1.0 - level)
        size = float(len(sample))
        added = float(empirical_bernstein_penalty(spread, size, miss, 1.0, loss_range))
    return Estimate(mean, max(mean - added, 0.0), min(mean + added, loss_range), BERNSTEIN)


def of_difference(values: Any, largest: float, level: float) -> Estimate:
    """Returns the mean of paired differences with an interval that holds at any number of examples.

    It is a mixture of empirical Bernstein bounds, with squares around zero: short where two
    teachers hardly differ.

    Args:
        values: one for every example.
        largest: the largest absolute value that is possible.
        level: coverage.
    """
    sample = np.asarray(values, float)
    mean, spread = float(sample.mean()), float(sample.std(ddof=1))
    low, high = sound_interval(mean, spread, len(sample), (-largest, largest), level)
    return Estimate(mean, low, high, BERNSTEIN)


def of_share(values: Any, level: float) -> Estimate:
    r"""Returns the mean of values in $[0,1]$ with an interval that holds at any number of them.

    Args:
        values: one for every example.
        level: coverage.
    """
    share, count, side = float(np.mean(values)), len(values), 0.5 * (1.0 + level)
    low, high = 1.0 - mean_upper(1.0 - share, count, side), mean_upper(share, count, side)
    return Estimate(share, min(low, share), high, HOEFFDING)


def ratio(numerators: FloatArray, denominators: FloatArray, level: float) -> Estimate | None:
    r"""Returns the ratio of two means that are not negative, with Fieller's interval.

    It holds the $\rho$ for which zero is in Student's interval of the mean of $a-\rho b$, and is
    unbounded if zero is in that of $b$.

    Args:
        numerators: $a$, one for every example.
        denominators: $b$.
        level: nominal coverage.

    Returns:
        The estimate; None if the mean of $b$ is not positive.
    """
    count = len(numerators)
    above, below = float(numerators.mean()), float(denominators.mean())
    if below <= 0:
        return None
    quantile = float(special.stdtrit(count - 1, 0.5 * (1.0 + level)))
    scaled = np.cov(numerators, denominators) * (quantile**2 / count)
    aa, ab, bb = (float(scaled[place]) for place in ((0, 0), (0, 1), (1, 1)))
    value = max(above / below, 0.0)
    leading = below**2 - bb
    if leading <= 0:
        return Estimate(value, 0.0, math.inf, FIELLER)
    middle = (above * below - ab) / leading
    # Zero at the estimate is inside, so that there are two roots.
    half = math.sqrt(max(middle**2 - (above**2 - aa) / leading, 0.0))
    return Estimate(value, max(middle - half, 0.0), max(middle + half, 0.0), FIELLER)


def break_even(gained: FloatArray, biases: FloatArray, level: float) -> Estimate:
    r"""Returns $N^* = g/b^2$, the sample size up to which less noise outweighs a bias.

    Zero may be in the interval of $b$: then that of $N^*$ has no upper end. Both intervals are at
    half the chance of error.

    Args:
        gained: one number for every example, with the mean $g$.
        biases: the same for $b$.
        level: nominal coverage.
    """
    half = 0.5 * (1.0 + level)
    noise, bias = student_interval(gained, half), student_interval(biases, half)
    largest = max(bias.low**2, bias.high**2)
    smallest = 0.0 if bias.low <= 0 <= bias.high else min(bias.low**2, bias.high**2)
    # The square of a mean is too large, by the variance of the mean.
    square = max(bias.value**2 - bias.spread**2 / len(biases), smallest)
    low = _sizes(noise.low, largest)
    high = _sizes(noise.high, smallest)
    return Estimate(min(max(_sizes(noise.value, square), low), high), low, high, COMBINED)


def _sizes(gained: float, square: float) -> float:
    if gained <= 0:
        return 0.0
    return gained / square if square > 0 else math.inf
