"""Student's interval around the mean of a sample, which is asymptotic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Values = npt.NDArray[np.float64]


def student_margin(values: Any, level: float) -> tuple[Values, Values, Values]:
    """Returns the mean, the standard deviation and half the width of the interval.

    Args:
        values: at least two numbers, or rows of numbers; the sample is along the first axis. Where
            some are infinite, or their squares are, there is no interval.
        level: nominal coverage.
    """
    sample = np.asarray(values, float)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = sample.mean(axis=0), sample.std(axis=0, ddof=1)
    quantile = float(special.stdtrit(len(sample) - 1, 0.5 * (1.0 + level)))
    half = quantile * spread / math.sqrt(len(sample))
    return np.asarray(mean), np.asarray(spread), np.asarray(half)
