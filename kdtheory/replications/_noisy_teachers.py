r"""The teachers of Menon et al., Eq. 16: smoothed by $\alpha$, with noise in the logits.

What is random in the labels does not depend on $\alpha$, and the noise is drawn once for every
training sample.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from kdtheory._check import FloatArray
from kdtheory.objects.synthetic_teachers import noisy_teacher_error
from kdtheory.replications import _gaussian_problem as problem


def labels(inputs: FloatArray, entry: float, sigma: float, drawn: FloatArray) -> FloatArray:
    """Returns the probabilities of a teacher that is not smoothed, alpha = 0.

    Args:
        inputs: features along the last axis.
        entry: of every coordinate of the mean of the first class.
        sigma: the noise of the logits is its square times what was drawn.
        drawn: standard normal, one for every input.
    """
    logits = 2 * inputs @ problem.mean_vector(entry)
    return np.asarray(scipy.special.expit(logits + sigma**2 * drawn))


def flattened(probs: FloatArray, alpha: float) -> FloatArray:
    """Returns probabilities moved towards one half by the share alpha."""
    return (1 - alpha) * probs + 0.5 * alpha


_ACCURATE = 1e-8
"""What the quadrature may be off by, at most."""


def errors(
    entry: float, amounts: Sequence[float], noises: Sequence[float]
) -> dict[str, FloatArray]:
    """Returns the exact errors of teachers, for the vector of both probabilities.

    Args:
        entry: of every coordinate of the mean of the first class.
        amounts: values of alpha.
        noises: values of sigma.

    Returns:
        Squared bias, variance and mean squared error, shape ``(amounts, noises)`` each.
    """
    found = np.array([[error(entry, alpha, sigma) for sigma in noises] for alpha in amounts])
    bias, variance = np.moveaxis(found, -1, 0)
    return {"squared_bias": bias, "variance": variance, "mse": bias + variance}


@functools.lru_cache(maxsize=4096)
def error(entry: float, alpha: float, sigma: float) -> tuple[float, float]:
    """Returns squared bias and variance of a teacher.

    Args:
        entry: of every coordinate of the mean of the first class.
        alpha: towards one half.
        sigma: the standard deviation of the logit noise is its square.

    Raises:
        ArithmeticError: if the noise is too large for the quadrature.
    """
    norm = float(np.sum(problem.mean_vector(entry) ** 2))
    with jax.enable_x64(True):
        numbers = (jnp.asarray(number, float) for number in (alpha, sigma**2, norm))
        nodes = 256 if sigma <= 3 else 1024
        got = noisy_teacher_error(*numbers, num_logits=192, num_noise=nodes)
        bias, variance, off = (float(part) for part in got)
    if not off <= _ACCURATE:
        raise ArithmeticError(f"error of a teacher: off by up to {off:g} for sigma = {sigma:g}")
    return bias, variance
