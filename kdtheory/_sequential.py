r"""Anytime-valid evidence about means: e-processes of many streams at once, in fixed memory.

An *e-process* for a hypothesis about the mean of a stream is a non-negative process whose value,
looked at whenever one likes, has an expectation of at most one if the hypothesis is true. By
Ville's inequality it ever reaches $1/\alpha$ with probability at most $\alpha$: one may look after
every block of draws and stop at will, and divide $\alpha$ among any number of streams.

Every process here is a mixture of exponentials over a fixed grid of bets, and every exponent is a
sum over the draws. A process is therefore two functions: *features* of a draw, which are summed in
any order and in any blocks, and the *evidence* in their sums. Draws must be independent, but their
means may differ as long as it is their average that the hypothesis is about (at every look).

* `empirical_bernstein`: values in an interval of length one (Fan, Grama and Liu 2015; Howard et al.
  2021). For $y\ge-1$ and $0\le\lambda<1$, $\exp(\lambda y-\psi(\lambda)y^2)\le1+\lambda y$ with
  $\psi(\lambda)=-\log(1-\lambda)-\lambda$; with $y=z-c$ for a centre $c$ known before the draw,
  $\exp(\lambda(z-\mu)-\psi(\lambda)(z-c)^2)$ has an expectation of at most one. Its sufficient
  statistics are the number of draws, their sum and their squared deviations, whatever the mean that
  is asked about: the default.
* `betting`: values in an interval of length one, one hypothetical mean; wealth
  $\prod(1+\lambda(z-\mu))$. It decides sooner on few draws and on rare events.
* `known_variance`: any values of variance at most one, one hypothetical mean; Catoni's (2012)
  influence function $\phi$ in $\exp(\phi(\lambda(z-\mu))-\lambda^2/2)$, where
  $-\log(1-x+x^2/2)\le\phi(x)\le\log(1+x+x^2/2)$.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

Numbers = npt.NDArray[np.float64]


class Process(NamedTuple):
    """How a stream is summarised, and what the summary is evidence for.

    Attributes:
        features: values of any shape (...) -> (..., features), traceable; to be summed over draws.
        evidence: (number of draws, sums (..., features)) -> log e-values (..., 2): against "the
            mean is at most the hypothetical one", and against "it is at least that".
        totals: the sum of the features over the first axis of values, in fewer operations.
    """

    features: Callable[[Float[Array, "*shape"]], Float[Array, "*shape features"]]
    evidence: Callable[[Any, Numbers], Numbers]
    totals: Callable[[Float[Array, "draws *shape"]], Float[Array, "*shape features"]]


# The best bet on a mean that is off by d is about d over the variance; one that is off by a factor
# of two wins three quarters as much. Bernstein's bets cost nothing: they share their statistics.
BERNSTEIN_BETS = 0.9 * 2.0 ** (-0.5 * np.arange(38))
BETTING_BETS = 0.9 * 2.0 ** (-1.0 * np.arange(10))
VARIANCE_BETS = 2.0 ** (-1.0 * np.arange(13))


def _mixture(exponents: Numbers) -> Numbers:
    """Returns the log of the mean over bets, the last axis."""
    highest = exponents.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.exp(exponents - highest).mean(axis=-1)) + highest[..., 0])


def empirical_bernstein(mean: Any = 0.0, centre: Any = 0.0) -> Process:
    """Returns the empirical Bernstein mixture, for values in an interval of length one.

    Args:
        mean: the hypothetical mean, one number or one per stream.
        centre: where squares are centred; known before the draw, in the interval.

    Returns:
        The process; its features are the value and its squared deviation from the centre.
    """

    def features(values: Float[Array, "*shape"]) -> Float[Array, "*shape features"]:
        return jnp.stack([values, (values - centre) ** 2], axis=-1)

    def evidence(count: Any, sums: Numbers) -> Numbers:
        excess = sums[..., 0] - np.asarray(count) * mean
        penalty = (-np.log1p(-BERNSTEIN_BETS) - BERNSTEIN_BETS) * sums[..., 1, None]
        gains = BERNSTEIN_BETS * excess[..., None]
        return np.stack([_mixture(gains - penalty), _mixture(-gains - penalty)], axis=-1)

    return Process(features, evidence, lambda values: features(values).sum(axis=0))


def betting(mean: Any = 0.0) -> Process:
    """Returns the betting mixture, for values within one of the hypothetical mean.

    Args:
        mean: the hypothetical mean.

    Returns:
        The process; its features are the log wealth of every bet, upwards then downwards.
    """
    bets = np.concatenate([BETTING_BETS, -BETTING_BETS])

    def gains(values: Float[Array, "*shape"]) -> Float[Array, "*shape features"]:
        return jnp.asarray(bets, values.dtype) * (values - mean)[..., None]

    def features(values: Float[Array, "*shape"]) -> Float[Array, "*shape features"]:
        return jnp.log1p(gains(values))

    def totals(values: Float[Array, "draws *shape"]) -> Float[Array, "*shape features"]:
        return _sum_of_logs(1.0 + gains(values))

    return Process(features, _evidence_of_halves, totals)


def known_variance(mean: Any = 0.0) -> Process:
    """Returns the Catoni mixture, for values of variance at most one and whatever tails.

    Args:
        mean: the hypothetical mean.

    Returns:
        The process; its features are the exponents of every bet, upwards then downwards.
    """

    def bets_on(values: Float[Array, "*shape"]) -> tuple[Array, Array]:
        bets = jnp.asarray(VARIANCE_BETS, values.dtype)
        return bets * (values - mean)[..., None], 0.5 * bets**2

    def features(values: Float[Array, "*shape"]) -> Float[Array, "*shape features"]:
        x, price = bets_on(values)
        influence = jnp.sign(x) * jnp.log1p(jnp.abs(x) + 0.5 * x * x)
        return jnp.concatenate([influence - price, -influence - price], axis=-1)

    def totals(values: Float[Array, "draws *shape"]) -> Float[Array, "*shape features"]:
        x, price = bets_on(values)
        factors = 1.0 + jnp.abs(x) + 0.5 * x * x
        influence = _sum_of_logs(jnp.where(x < 0, 1.0 / factors, factors))
        price = len(values) * price
        return jnp.concatenate([influence - price, -influence - price], axis=-1)

    return Process(features, _evidence_of_halves, totals)


_FACTORS = 4
"""A logarithm takes as long as a draw: one is taken of the product of so many factors, which stay
far from overflow even in float32 (values of nine thousand standard deviations, four in a row)."""


def _sum_of_logs(factors: Float[Array, "draws *shape"]) -> Float[Array, "*shape"]:
    """Returns the sum of the logarithms over the first axis."""
    missing = -len(factors) % _FACTORS
    whole = jnp.concatenate([factors, jnp.ones((missing, *factors.shape[1:]), factors.dtype)])
    groups = whole.reshape(-1, _FACTORS, *factors.shape[1:])
    return jnp.log(jnp.prod(groups, axis=1)).sum(axis=0)


def _evidence_of_halves(count: Any, sums: Numbers) -> Numbers:
    upwards, downwards = np.split(sums, 2, axis=-1)
    return np.stack([_mixture(upwards), _mixture(downwards)], axis=-1)
