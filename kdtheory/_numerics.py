r"""Numerically stable building blocks, and the one rounding constant of the project."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

ROUNDING_UNITS = 512
r"""The constant $c$: two exact evaluations that differ by at most
$c\,\varepsilon\cdot\mathrm{scale}$ are equal as far as rounding can tell
($\varepsilon$ is the machine epsilon of the dtype, scale the claim's natural unit).
512 units are $1.1\cdot10^{-13}$ in float64, 64 times the error of a backward-stable sum of eight
terms, and $6\cdot10^{-5}$ in float32."""

NEAR_EQUALITY = 1e-9
"""A slack below this (in the claim's scale) is too small for floating point to be the judge."""


def rounding_tolerance(dtype: object) -> float:
    r"""Returns the tolerance $c\varepsilon$ of a floating dtype, to be multiplied by a scale."""
    return ROUNDING_UNITS * float(jnp.finfo(dtype).eps)


@functools.partial(jax.jit, inline=True)
def x_minus_log1p(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Returns $x - \log(1+x) \ge 0$ for $x \ge -1$, without cancellation near zero.

    With $u = x/(2+x)$ one has $\log(1+x) = 2\,\mathrm{artanh}(u)$, hence
    $x - \log(1+x) = u\,\bigl(x - 2u^2(\tfrac13 + \tfrac{u^2}5 + \dots)\bigr)$, in which nothing
    cancels. It is used for $|x| \le 0.3$, where $u^2 \le 0.032$ and twelve terms leave a relative
    remainder below $10^{-17}$; outside that interval the plain form loses at most five bits.

    Args:
        x: values in $[-1, \infty]$; at $-1$ and at $\infty$ the result is $\infty$.

    Returns:
        The value, with the shape and dtype of ``x``.
    """
    near = jnp.abs(x) <= 0.3
    small = jnp.where(near, x, 0.0)
    u = small / (2.0 + small)
    square = u * u
    tail = jnp.zeros_like(square)
    for denominator in range(25, 1, -2):
        tail = tail * square + 1.0 / denominator
    series = u * (small - 2.0 * square * tail)
    # 1 + x is rounded once, and log is accurate to an ulp: away from zero that is all one needs.
    far = jnp.where(near, 1.0, x)
    plain = jnp.where(far == math.inf, math.inf, far - jnp.log(1.0 + far))
    return jnp.where(near, series, plain)
