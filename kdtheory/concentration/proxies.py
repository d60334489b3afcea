r"""The smallest variance proxies of a finite law, by a quick search.

$s_+^2=\sup_{\ell>0}G(\ell)$ and $s_-^2=\sup_{\ell<0}G(\ell)$ with $G(\ell)=2\psi(\ell)/\ell^2$ and
$G(0)=\mathrm{Var}\,X$. With $y=\max X-\mu$ and $p=P(X=\max X)$ every maximiser over $\ell>0$ lies
below $2y/\mathrm{Var}$ and below $4\log(1/p)/y$: for $G\le2y/\ell$, while
$\psi\ge\ell y-\log(1/p)$ gives $G\ge y^2/(2\log(1/p))$ at $\ell=2\log(1/p)/y$.

$G$ may have several maxima. The quick search looks at a grid and refines its highest local maxima;
what it returns is attained, hence never above the supremum. The search of
`kdtheory.concentration.certified` misses none.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import chosen
from kdtheory.concentration import _tilting as tilting
from kdtheory.concentration.chernoff import largest_divergence

_GRID = 48
_TOPS = 3
"""How many of the grid's local maxima are refined: the highest on the grid need not stay it."""
_FIRST = 1e-2
"""The first argument of the grid, in units of 1/R."""
_STEPS = 10
"""Of Newton's method, halving where it leaves its bracket."""


@jax.jit
def variance_proxy_above(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"]
) -> Float[Array, ""]:
    r"""Returns $s_+^2 = \sup_{\ell>0} 2\psi(\ell)/\ell^2$, as far as a quick search finds it.

    Args:
        values: $x_i$; those of probability zero do not matter.
        probs: $p_i$, summing to one.

    Returns:
        The smallest $s^2$ with $\psi(\ell)\le\ell^2s^2/2$ for all $\ell>0$; zero for a constant.

    Example:
        >>> rare = jnp.array([0.0, 1.0]), jnp.array([0.9, 0.1])
        >>> print(f"{variance_proxy_above(*rare):.6f} {variance_proxy_below(*rare):.6f}")
        0.182048 0.090000
    """
    law = tilting.centred(values, probs)
    argument = _quick_argument(law, largest_divergence(values, probs))
    return law.unit**2 * curve(law, argument)


@jax.jit
def variance_proxy_below(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"]
) -> Float[Array, ""]:
    r"""Returns $s_-^2 = \sup_{\ell<0} 2\psi(\ell)/\ell^2$, which is $s_+^2$ of $-X$.

    Args:
        values: $x_i$.
        probs: $p_i$.
    """
    return variance_proxy_above(-values, probs)


@jax.jit
def variance_proxy(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> Float[Array, ""]:
    r"""Returns $s^2 = \max(s_+^2, s_-^2)$, the smallest variance proxy in the usual sense.

    Args:
        values: $x_i$.
        probs: $p_i$.
    """
    law = tilting.centred(values, probs)
    sides, most = both_sides(law, values, probs)
    return law.unit**2 * jnp.max(jax.vmap(curve)(sides, jax.vmap(_quick_argument)(sides, most)))


@jax.jit
def variance_proxy_at(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    argument: Float[Array, ""] | float,
) -> Float[Array, ""]:
    r"""Returns $2\psi(\ell)/\ell^2$, which a variance proxy is not below at any $\ell$.

    Args:
        values: $x_i$.
        probs: $p_i$.
        argument: $\ell$, finite; at zero the value is the variance.

    Example:
        >>> coin = jnp.array([-1.0, 1.0]), jnp.array([0.5, 0.5])
        >>> print(*(f"{variance_proxy_at(*coin, l):.4f}" for l in (0.0, 1.0)))  # 2 log cosh 1
        1.0000 0.8676
    """
    law = tilting.centred(values, probs)
    return law.unit**2 * curve(law, jnp.asarray(argument, values.dtype) * law.unit)


def both_sides(
    law: tilting.CentredLaw, values: Float[Array, "atoms"], probs: Float[Array, "atoms"]
) -> tuple[tilting.CentredLaw, Float[Array, "2"]]:
    r"""Returns the laws of $X$ and $-X$, stacked, and $\log(1/p)$ for either.

    Args:
        law: the law, centred.
        values: $x_i$.
        probs: $p_i$.
    """
    sides = jax.tree.map(lambda *both: jnp.stack(both), law, tilting.mirrored(law))
    most = (largest_divergence(sign * values, probs) for sign in (1.0, -1.0))
    return sides, jnp.stack(list(most))


def curve(law: tilting.CentredLaw, argument: Float[Array, ""]) -> Float[Array, ""]:
    r"""Returns $G(\ell)=2\psi(\ell)/\ell^2$, the variance at $\ell=0$, in units of $R$.

    Args:
        law: the law.
        argument: $\ell$, zero or so large that its square does not underflow.
    """
    proper = jnp.where(argument == 0, 1.0, argument)
    elsewhere = 2.0 * tilting.tilt(law, proper).log_mgf / proper**2
    return jnp.where(argument == 0, tilting.variance_of(law), elsewhere)


def rise(law: tilting.CentredLaw, at: tilting.Tilt) -> Float[Array, ""]:
    r"""Returns $\ell\psi'-2\psi$, which has the sign of $G'=2(\ell\psi'-2\psi)/\ell^3$.

    It is
    $\sum_ip_iu(t_i)\,e^{-\psi}-2\,(e^{-\psi}-1+\psi)$ with $t_i=\ell z_i$ and
    $u(t)=(t-2)e^t+t+2=t^3/6+\dots$: both terms are as small as the result.
    """
    exponents = at.argument * law.deviations
    # e^psi may overflow; then so does neither of what is left.
    near = jnp.abs(exponents) <= 1.0
    inner = jnp.where(near, exponents, 0.0)
    series = jnp.zeros_like(inner)
    for k in range(tilting.SERIES_TERMS + 2, 2, -1):
        series = series * inner + (k - 2) / math.factorial(k)
    shrunk = jnp.exp(-at.log_mgf)
    close = law.probs * shrunk * (inner**3 * series)
    far = (exponents - 2.0) * at.probs + law.probs * shrunk * (exponents + 2.0)
    cubes = jnp.sum(jnp.where(near, close, far))
    return cubes - 2.0 * tilting.exp_excess(-at.log_mgf)


def polish(
    law: tilting.CentredLaw,
    start: Float[Array, ""],
    low: Float[Array, ""],
    high: Float[Array, ""],
) -> Float[Array, ""]:
    """Returns a local maximiser of G between two arguments around a better one.

    Args:
        law: the law.
        start: where to begin.
        low: an end.
        high: the other.
    """

    def step(_: object, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        low, argument, high = state
        at = tilting.tilt(law, argument)
        value = rise(law, at)
        low, high = jnp.where(value > 0, argument, low), jnp.where(value > 0, high, argument)
        slope = argument * tilting.tilted_variance(law, at) - tilting.tilted_mean(law, at)
        newton = argument - value / jnp.where(slope < 0, slope, -1.0)
        # At the end of the way a step may leave the bracket by a rounding.
        slack = 8.0 * jnp.finfo(argument.dtype).eps * argument
        good = (slope < 0) & (newton >= low - slack) & (newton <= high + slack)
        return low, jnp.where(good, jnp.clip(newton, low, high), 0.5 * (low + high)), high

    return jax.lax.fori_loop(0, _STEPS, step, (low, start, high))[1]


def reach(law: tilting.CentredLaw, most: Float[Array, ""]) -> Float[Array, ""]:
    r"""Returns an argument below which every maximiser of $G$ over $\ell>0$ lies.

    Args:
        law: the law.
        most: $\log(1/p)$, see above.

    Returns:
        The argument, at least 2; 2 for a constant.
    """
    variance, top = tilting.variance_of(law), jnp.max(law.deviations)
    proper = (variance > 0) & (top > 0)
    top = jnp.where(proper, top, 1.0)
    by_variance = 2.0 * top / jnp.where(proper, variance, 1.0)
    return jnp.maximum(jnp.where(proper, jnp.minimum(by_variance, 4.0 * most / top), 2.0), 2.0)


def best_of_grid(law: tilting.CentredLaw, most: Float[Array, ""]) -> Float[Array, ""]:
    """Returns the argument that the quick search finds; zero if none beats the variance.

    Args:
        law: the law.
        most: see `reach`.
    """
    steps = jnp.linspace(0.0, 1.0, _GRID, dtype=law.deviations.dtype)
    grid = _FIRST * (reach(law, most) / _FIRST) ** steps
    heights = jax.vmap(lambda argument: curve(law, argument))(grid)
    outside = jnp.full((1,), -jnp.inf, heights.dtype)
    rises = heights >= jnp.concatenate([outside, heights[:-1]])
    falls = heights >= jnp.concatenate([heights[1:], outside])
    _, tops = jax.lax.top_k(jnp.where(rises & falls, heights, -jnp.inf), _TOPS)
    low = jnp.where(tops == 0, 0.0, grid[jnp.maximum(tops - 1, 0)])
    high = grid[jnp.minimum(tops + 1, _GRID - 1)]
    polished = jax.vmap(functools.partial(polish, law))(grid[tops], low, high)
    best = jnp.argmax(jax.vmap(lambda argument: curve(law, argument))(polished))
    return better(law, polished[best])


def better(law: tilting.CentredLaw, argument: Float[Array, ""]) -> Float[Array, ""]:
    """Returns the argument, or zero if the curve is no higher there beyond rounding.

    Args:
        law: the law.
        argument: where the curve is looked at.
    """
    rounding = 8.0 * jnp.finfo(argument.dtype).eps
    higher = curve(law, argument) > (1.0 + rounding) * tilting.variance_of(law)
    return jnp.where(higher, argument, 0.0)


_quick_argument = chosen(best_of_grid)
