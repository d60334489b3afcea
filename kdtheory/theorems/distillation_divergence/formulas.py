r"""The upper bounds as formulas of a few numbers and laws, whatever these are taken from.

Where the divergence is infinite a bound is infinite, even if nothing varies; where it is zero a
bound is the teacher's mean. Lower bounds are minus the upper bounds of $-h$.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import concentration
from kdtheory._numerics import square_root
from kdtheory._types import Scalar


def sub_gaussian(mean: Scalar, variance_proxy: Scalar, divergence: Scalar) -> Scalar:
    r"""Returns $\mu+\sigma\sqrt{2K}$.

    Args:
        mean: $\mu$.
        variance_proxy: $\sigma^2\ge0$.
        divergence: $K\in[0,\infty]$.
    """
    return _completed(mean, divergence, square_root(2.0 * variance_proxy * _finite(divergence)))


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
    return _completed(mean, divergence, width * square_root(0.5 * _finite(divergence)))


def bretagnolle_huber(mean: Scalar, width: Scalar, divergence: Scalar) -> Scalar:
    r"""Returns $\mu+R\sqrt{1-e^{-K}}$; arguments as in `pinsker`."""
    root = square_root(-jnp.expm1(-_finite(divergence)))
    return _completed(mean, divergence, width * root)


def chi_square(mean: Scalar, variance: Scalar, distance: Scalar) -> Scalar:
    r"""Returns $\mu+\sqrt{\mathrm{Var}\,\chi^2}$.

    Args:
        mean: $\mu$.
        variance: $\mathrm{Var}$.
        distance: $\chi^2\in[0,\infty]$.
    """
    return _completed(mean, distance, square_root(variance * _finite(distance)))


def averaged(
    values: Float[Array, "atoms"],
    probs: Float[Array, "laws atoms"],
    divergences: Float[Array, "laws"],
    weights: Float[Array, "laws"],
) -> Scalar:
    r"""Returns $\sum_jw_j\inf_{\ell>0}(K_j+\log E_je^{\ell X})/\ell$.

    Args:
        values: $x_i$, those of every law.
        probs: $p_{ji}$.
        divergences: $K_j$.
        weights: $w_j$; a law of weight zero does not matter.
    """
    bounds, _ = jax.vmap(concentration.chernoff_upper, in_axes=(None, 0, 0))(
        values, probs, divergences
    )
    seen = weights > 0
    return jnp.sum(jnp.where(seen, weights * jnp.where(seen, bounds, 0.0), 0.0))


def _finite(divergence: Scalar) -> Scalar:
    return jnp.where(divergence < jnp.inf, divergence, 0.0)


def _completed(mean: Scalar, divergence: Scalar, excess: Scalar) -> Scalar:
    """Returns the bound: the mean at divergence zero, infinity at infinity."""
    above = mean + jnp.where(divergence > 0, excess, 0.0)
    return jnp.where(divergence == jnp.inf, jnp.inf, above)
