r"""The upper bounds as formulas of a few numbers and laws, whatever these are taken from.

Where the divergence is infinite a bound is infinite, even if nothing varies; where it is zero a
bound is the teacher's mean. Lower bounds are minus the upper bounds of $-h$.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import concentration
from kdtheory._numerics import chosen
from kdtheory._types import Scalar

_STEPS = 64
"""Halvings of an interval of logarithms."""


def sub_gaussian(mean: Scalar, variance_proxy: Scalar, divergence: Scalar) -> Scalar:
    r"""Returns $\mu+\sigma\sqrt{2K}$.

    Args:
        mean: $\mu$.
        variance_proxy: $\sigma^2\ge0$.
        divergence: $K\in[0,\infty]$.
    """
    return _completed(mean, divergence, _root(2.0 * variance_proxy * _finite(divergence)))


def binary_kl(mean: Scalar, low: Scalar, width: Scalar, divergence: Scalar) -> Scalar:
    r"""Returns $a+R\,\mathrm{kl}^{-1}(\frac{\mu-a}R, K)$.

    Args:
        mean: $\mu\in[a,a+R]$.
        low: $a$.
        width: $R\ge0$.
        divergence: $K\in[0,\infty]$.
    """
    share = jnp.where(width > 0, (mean - low) / jnp.where(width > 0, width, 1.0), 0.0)
    share = jnp.clip(share, 0.0, 1.0)
    reached = concentration.binary_kl_upper(share, divergence)
    return _completed(mean, divergence, width * (reached - share))


def pinsker(mean: Scalar, width: Scalar, divergence: Scalar) -> Scalar:
    r"""Returns $\mu+R\sqrt{K/2}$.

    Args:
        mean: $\mu$.
        width: $R$, of an interval that holds the values.
        divergence: $K\in[0,\infty]$.
    """
    return _completed(mean, divergence, width * _root(0.5 * _finite(divergence)))


def bretagnolle_huber(mean: Scalar, width: Scalar, divergence: Scalar) -> Scalar:
    r"""Returns $\mu+R\sqrt{1-e^{-K}}$; arguments as in `pinsker`."""
    root = _root(-jnp.expm1(-_finite(divergence)))
    return _completed(mean, divergence, width * root)


def chi_square(mean: Scalar, variance: Scalar, distance: Scalar) -> Scalar:
    r"""Returns $\mu+\sqrt{\mathrm{Var}\,\chi^2}$.

    Args:
        mean: $\mu$.
        variance: $\mathrm{Var}$.
        distance: $\chi^2\in[0,\infty]$.
    """
    return _completed(mean, distance, _root(variance * _finite(distance)))


def averaged(
    values: Float[Array, "laws atoms"],
    probs: Float[Array, "laws atoms"],
    divergences: Float[Array, "laws"],
    weights: Float[Array, "laws"],
) -> Scalar:
    r"""Returns $\sum_jw_j\inf_{\ell>0}(K_j+\log E_je^{\ell X_j})/\ell$.

    Args:
        values: $x_{ji}$.
        probs: $p_{ji}$.
        divergences: $K_j$.
        weights: $w_j$; a law of weight zero does not matter.
    """
    bounds, _ = jax.vmap(concentration.chernoff_upper)(values, probs, divergences)
    seen = weights > 0
    return jnp.sum(jnp.where(seen, weights * jnp.where(seen, bounds, 0.0), 0.0))


def common_argument(
    values: Float[Array, "laws atoms"],
    probs: Float[Array, "laws atoms"],
    divergence: Scalar,
    weights: Float[Array, "laws"],
) -> Scalar:
    r"""Returns $\inf_{\ell>0}(K+\sum_jw_j\log E_je^{\ell X_j})/\ell$, one $\ell$ for all laws.

    Args:
        values: $x_{ji}$.
        probs: $p_{ji}$.
        divergence: $K\in[0,\infty]$, of all laws together.
        weights: $w_j$.
    """
    proper = jnp.where((divergence > 0) & (divergence < jnp.inf), divergence, 1.0)
    argument = _common_argument(values, probs, weights, proper)
    centred = jax.vmap(concentration.centred_log_mgf, in_axes=(0, 0, None))
    excess = (proper + jnp.sum(weights * centred(values, probs, argument))) / argument
    mean = jnp.sum(weights * jnp.sum(probs * values, axis=-1))
    # Past the end of the search the bound is what it is in the limit: the mean of the maxima.
    return _completed(mean, divergence, excess)


@chosen
def _common_argument(values: Any, probs: Any, weights: Any, divergence: Any) -> Any:
    r"""Returns the $\ell$ at which $\sum_jw_j[\ell\psi_j'-\psi_j]$, which increases, is $K$."""
    each = jax.vmap(concentration.tilt_divergence, in_axes=(0, 0, None))
    unit = jnp.max(values) - jnp.min(values)
    unit = jnp.where(unit > 0, unit, 1.0)
    limits = jnp.finfo(values.dtype)

    def halve(_: Any, interval: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = interval
        middle = 0.5 * (low + high)
        rate = jnp.sum(weights * each(values, probs, jnp.exp(middle) / unit))
        return jnp.where(rate < divergence, middle, low), jnp.where(rate < divergence, high, middle)

    start = 0.5 * jnp.log(limits.tiny), 0.5 * jnp.log(limits.max)
    low, high = jax.lax.fori_loop(0, _STEPS, halve, tuple(map(jnp.asarray, start)))
    return jnp.exp(0.5 * (low + high)) / unit


def _finite(divergence: Scalar) -> Scalar:
    return jnp.where(divergence < jnp.inf, divergence, 0.0)


def _root(square: Any) -> Any:
    """Returns the square root, with gradient zero at zero."""
    positive = square > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)


def _completed(mean: Scalar, divergence: Scalar, excess: Scalar) -> Scalar:
    """Returns the bound: the mean at divergence zero, infinity at infinity."""
    above = mean + jnp.where(divergence > 0, excess, 0.0)
    return jnp.where(divergence == jnp.inf, jnp.inf, above)
