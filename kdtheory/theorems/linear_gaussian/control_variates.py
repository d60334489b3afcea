r"""Means of Monte Carlo replicates with control variates: arrays of replicates in, numbers out.

A control is a replicate whose mean is known; less that mean it is centred. The coefficients are
those of least squares on the same replicates, which shifts the mean by a share $O(1/n)$ of the
standard error squared: what is stated rests on the normal approximation anyway.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A Monte Carlo estimate.

    Attributes:
        mean: the estimate.
        standard_error: its standard error.
        num_draws: of how many replicates.
    """

    mean: float
    standard_error: float
    num_draws: int


def controlled_means(values: FloatArray, controls: FloatArray) -> tuple[Estimate, ...]:
    """Returns the means of several quantities, each with the same centred controls.

    Args:
        values: replicates of the quantities, shape ``(draws, quantities)``.
        controls: replicates of mean zero, shape ``(draws, controls)``; there may be none.

    Returns:
        One estimate per quantity; infinite standard errors where there are too few draws.
    """
    num_draws, num_controls = controls.shape
    mean_value, mean_control = values.mean(axis=0), controls.mean(axis=0)
    centred, steering = values - mean_value, controls - mean_control
    coefficients = np.linalg.lstsq(steering, centred, rcond=None)[0]
    means = mean_value - mean_control @ coefficients
    freedom = num_draws - num_controls - 1
    squares = np.sum((centred - steering @ coefficients) ** 2, axis=0)
    errors = (
        np.sqrt(squares / (freedom * num_draws)) if freedom > 0 else np.full(len(means), np.inf)
    )
    return tuple(
        Estimate(float(mean), float(error), num_draws)
        for mean, error in zip(means, errors, strict=True)
    )
