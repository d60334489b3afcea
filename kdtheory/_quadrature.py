r"""Averages over a standard normal law by the trapezoidal rule, with a bound on the error.

For $f$ analytic in the strip $|\mathrm{Im}\,x| \le a$ and $\int|f(x+iy)\varphi(x+iy)|dx \le M$
there, the rule of step $h$ on the whole line is off by at most $2M/(e^{2\pi a/h}-1)$, wherever its
nodes start (Trefethen and Weideman, SIAM Review 56, 2014, Theorem 5.1). Since
$|\varphi(x+iy)| = e^{y^2/2}\varphi(x)$, an $f$ bounded by $B$ has $M = Be^{a^2/2}$.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar


def normal_density(x: Any) -> Any:
    r"""Returns $\varphi(x) = e^{-x^2/2}/\sqrt{2\pi}$."""
    return jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def normal_tail(reach: float) -> float:
    r"""Returns $2\int_R^\infty\varphi$, what a rule that ends at $\pm R$ leaves out."""
    return math.erfc(reach / math.sqrt(2))


def normal_tail_moment(reach: float, order: int) -> float:
    r"""Returns $2\int_R^\infty x^{2k}\varphi(x)\,dx$ for $k$ = 1 or 2."""
    density = math.exp(-0.5 * reach**2) / math.sqrt(2 * math.pi)
    if order == 1:
        return 2 * reach * density + normal_tail(reach)
    return 2 * (reach**3 + 3 * reach) * density + 3 * normal_tail(reach)


def strip(largest: Any, step: Any) -> Any:
    r"""Returns the half-width $a$ that makes $e^{a^2/2-2\pi a/h}$ smallest, at most the largest."""
    return jnp.minimum(largest, 2 * math.pi / step)


def step_error(bound: Any, half_width: Any, step: Any) -> Scalar:
    r"""Returns $2Be^{a^2/2}/(e^{2\pi a/h}-1)$.

    Args:
        bound: $B$, on $|f|$ in the strip (or on its mean over the real part).
        half_width: $a$.
        step: $h$.
    """
    turns = 2 * math.pi * half_width / step
    return 2 * bound * jnp.exp(0.5 * half_width**2 - turns) / -jnp.expm1(-turns)
