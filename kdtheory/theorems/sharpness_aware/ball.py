r"""Moments of $U$, uniform in the ball of radius $\rho$ of $\mathbb R^p$.

$|U|$ has the density $pr^{p-1}/\rho^p$ and is independent of the direction; a coordinate has a
density proportional to $(1-u^2/\rho^2)^{(p-1)/2}$. Hence

$$E|U|=\frac{\rho p}{p+1},\qquad E|U|^2=\frac{\rho^2p}{p+2},\qquad E(a\cdot U)^2=
\frac{\rho^2|a|^2}{p+2},\qquad
E\cos(a\cdot U)={}_0F_1\bigl(;\tfrac p2+1;-\tfrac{\rho^2|a|^2}4\bigr).$$

$1-E\cos(tU_1)=E\,2\sin^2(tU_1/2)$ is computed by Gauss-Gegenbauer quadrature, every summand of
which is non-negative: nothing cancels, however small $t$.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from kdtheory._types import Scalar
from kdtheory.objects.cosines import LARGEST_TURN

_NODES = 64
r"""Exact up to degree 127; the rest of the series of $\cos tu$ is below $64^{128}/128!/2^{128}<
10^{-22}$ for $t\le$ `LARGEST_TURN`, since a Gauss rule is off by at most twice the best
approximation by polynomials of that degree."""


@functools.lru_cache(maxsize=16)
def _rule(dimension: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    from scipy.special import roots_gegenbauer

    nodes, weights = roots_gegenbauer(_NODES, dimension / 2)
    half = _NODES // 2
    return nodes[half:], weights[half:] / weights[half:].sum()


def rule(dimension: int, dtype: Any) -> tuple[Float[Array, "nodes"], Float[Array, "nodes"]]:
    r"""Returns nodes and weights that average even functions of a coordinate of the unit ball.

    Args:
        dimension: $p\ge1$.
        dtype: of the two arrays.

    Returns:
        Positive nodes, whose mirror images are left out, and weights that sum to one.
    """
    nodes, weights = _rule(dimension)
    return jnp.asarray(nodes, dtype), jnp.asarray(weights, dtype)


@functools.partial(jax.jit, static_argnames="dimension")
def cosine_loss(argument: Float[Array, "*shape"], dimension: int) -> Float[Array, "*shape"]:
    r"""Returns $1-J_p(t)$, $J_p(t)=E\cos(tU_1)$ in the unit ball, without cancellation.

    Args:
        argument: $t$, of any sign; beyond `LARGEST_TURN` in size the value is NaN.
        dimension: $p\ge1$, an int.

    Returns:
        The values, $\approx t^2/(2(p+2))$ for small $t$.

    Example:
        >>> print(f"{cosine_loss(jnp.asarray(1.0), 1):.6f}")  # 1 - sin(1)
        0.158529
    """
    nodes, weights = rule(dimension, argument.dtype)
    halves = 0.5 * jnp.tensordot(argument, nodes, axes=0)
    value = 2.0 * jnp.sin(halves) ** 2 @ weights
    return jnp.where(jnp.abs(argument) <= LARGEST_TURN, value, jnp.nan)


@functools.partial(jax.jit, static_argnames="dimension")
def cosine_mean(argument: Float[Array, "*shape"], dimension: int) -> Float[Array, "*shape"]:
    r"""Returns $J_p(t)=E\cos(tU_1)={}_0F_1(;p/2+1;-t^2/4)$; arguments as in `cosine_loss`."""
    return 1.0 - cosine_loss(argument, dimension)


def mean_norm(radius: Scalar | float, dimension: Scalar | float) -> Scalar:
    r"""Returns $E|U|=\rho p/(p+1)$.

    Args:
        radius: $\rho$.
        dimension: $p$.
    """
    return jnp.asarray(radius * (dimension / (dimension + 1.0)))


def mean_squared_norm(radius: Scalar | float, dimension: Scalar | float) -> Scalar:
    r"""Returns $E|U|^2=\rho^2p/(p+2)$.

    Args:
        radius: $\rho$.
        dimension: $p$.

    Example:
        >>> float(mean_squared_norm(1.0, 2.0))
        0.5
    """
    return jnp.asarray(radius * radius * (dimension / (dimension + 2.0)))


def mean_squared_coordinate(radius: Scalar | float, dimension: Scalar | float) -> Scalar:
    r"""Returns $EU_1^2=\rho^2/(p+2)$.

    Args:
        radius: $\rho$.
        dimension: $p$.
    """
    return jnp.asarray(radius * radius / (dimension + 2.0))


def mean_absolute_coordinate(radius: Scalar | float, dimension: int) -> Scalar:
    r"""Returns $E|U_1|=E|U|\,\Gamma(\frac p2)/(\sqrt\pi\,\Gamma(\frac{p+1}2))$.

    The ratio is a central binomial coefficient over a power of four, or, for even $p$, one over
    such a product: a ratio of whole numbers, in which nothing is lost however large $p$ is.

    Args:
        radius: $\rho$.
        dimension: $p\ge1$, an int.
    """
    half = dimension // 2
    share = math.comb(2 * half, half) / 4**half
    ratio = share if dimension % 2 else 1.0 / (math.pi * half * share)
    return mean_norm(radius, float(dimension)) * ratio
