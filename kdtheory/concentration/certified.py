r"""The smallest variance proxies of a finite law, by a search that misses no maximum.

Best-first branch and bound on $G(\ell)=2\psi(\ell)/\ell^2$ over $(0,\ell_{\max}]$, in units in
which the range of $X$ is one. The cumulants of a tilt, a law on an interval of length one, obey
$|\psi'''|\le\psi''$ and $|\psi''''|\le\psi''$ (for the fourth: $E(X-m)^4\le\psi''$ and
$3\psi''^2\le\frac34\psi''$), and $\psi''(s)\le\mathrm{Var}\,e^{sy}$ with $y=\max X-\mu$. On a
cell $[a,b]$ with midpoint $m$ and half width $h$ three bounds hold, each good where the others are
not; $d=\ell-m$:

* *near zero*: $G''(\ell)=2\int_0^1(1-u)u^2\psi''''(\ell u)\,du\le\frac16\mathrm{Var}\,e^{by}$,
  so that $G\le G(m)+G'(m)d+\frac1{12}\mathrm{Var}\,e^{by}d^2$, which is largest at an end;
* *in the middle*: $\psi\le\psi(m)+\psi'(m)d+C d^2$, $C=\psi''(m)(e^h-1-h)/h^2$, divided by
  $\ell^2/2$: a quadratic in $1/\ell$;
* *far out*, where $\psi$ is nearly linear: below its chord, which is linear in $\ell$.

The cell with the largest bound is halved until no bound exceeds the best value seen by more than
the tolerance, or until the store of cells is full: the bound is valid either way.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from kdtheory._numerics import chosen
from kdtheory.concentration import _tilting as tilting
from kdtheory.concentration import proxies

_AT_ONCE = 16
"""How many cells are halved at a time."""
_FIRST_CELLS = 32
_SMALLEST = 1e-3
"""The end of the first cell, in units of 1/R; the others form a geometric sequence."""
_ROUNDING_UNITS = 64
"""By how many units of rounding the bounds are widened."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class VarianceProxies:
    r"""The smallest variance proxies of a law, certified and attained.

    Attributes:
        variance: $\mathrm{Var}\,X$, the limit of $G$ at zero.
        above: a certified upper bound on $s_+^2=\sup_{\ell>0}G$.
        below: one on $s_-^2=\sup_{\ell<0}G$.
        two_sided: one on $s^2=\max(s_+^2,s_-^2)$.
        attained_above: $G$ at ``argument_above``; $s_+^2$ lies between it and ``above``.
        attained_below: $G$ at ``argument_below``.
        attained: the larger of the two.
        argument_above: $\ell\ge0$; zero where the supremum is the variance.
        argument_below: $\ell\le0$.
        argument: where the larger one is attained.
    """

    variance: Float[Array, ""]
    above: Float[Array, ""]
    below: Float[Array, ""]
    two_sided: Float[Array, ""]
    attained_above: Float[Array, ""]
    attained_below: Float[Array, ""]
    attained: Float[Array, ""]
    argument_above: Float[Array, ""]
    argument_below: Float[Array, ""]
    argument: Float[Array, ""]


@functools.partial(jax.jit, static_argnames=("tolerance", "capacity"))
def variance_proxies(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    tolerance: float = 1e-9,
    capacity: int = 512,
) -> VarianceProxies:
    r"""Returns the smallest variance proxies, with certificates.

    Args:
        values: $x_i$; those of probability zero do not matter.
        probs: $p_i$, summing to one.
        tolerance: relative width at which the search stops. No smaller one than the rounding of the
            dtype allows is attempted.
        capacity: how many cells there is room for, at least 128; the search also stops when it is
            spent.

    Returns:
        The proxies. ``two_sided`` is valid in every case; how good it is, ``attained`` says. They
        have no gradient, save for what is attained.

    Example:
        >>> law = jnp.array([-1.0, 1.0, 5.0]), jnp.array([0.499995, 0.499995, 1e-5])
        >>> found = variance_proxies(*law)  # the maximum that is next to zero is the lower one
        >>> print(f"{found.variance:.4f} {found.attained:.4f} at {found.argument:.3f}")
        1.0002 1.0858 at 4.603
    """
    law = tilting.centred(values, probs)
    square = law.unit**2

    sides, most = proxies.both_sides(law, values, probs)
    arguments, bounds = jax.vmap(_search(tolerance, capacity))(sides, most)
    attained = square * jax.vmap(proxies.curve)(sides, arguments)
    certified = jnp.maximum(square * bounds, attained)
    signed = jnp.stack([arguments[0], 0.0 - arguments[1]]) / law.unit
    better = jnp.argmax(attained)
    return VarianceProxies(
        variance=square * tilting.variance_of(law),
        above=certified[0],
        below=certified[1],
        two_sided=jnp.max(certified),
        attained_above=attained[0],
        attained_below=attained[1],
        attained=attained[better],
        argument_above=signed[0],
        argument_below=signed[1],
        argument=signed[better],
    )


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class _Cells:
    """The state of a search.

    Attributes:
        count: how many cells there are.
        starts: their lower ends.
        ends: their upper ends.
        bounds: upper bounds on G; minus infinity for an empty place.
        best: the highest value seen.
        argument: where.
        low: an argument below it, within which to look for the maximum.
        high: one above it.
    """

    count: Int[Array, ""]
    starts: Float[Array, "capacity"]
    ends: Float[Array, "capacity"]
    bounds: Float[Array, "capacity"]
    best: Float[Array, ""]
    argument: Float[Array, ""]
    low: Float[Array, ""]
    high: Float[Array, ""]


@functools.cache
def _search(tolerance: float, capacity: int) -> Callable[..., Any]:
    """Returns the search with a tolerance: (law, log(1/p)) -> (argument, certified bound)."""

    def search(law: tilting.CentredLaw, most: Float[Array, ""]) -> tuple[Array, Array]:
        eps = float(jnp.finfo(law.deviations.dtype).eps)
        width = max(tolerance, 2 * _ROUNDING_UNITS * eps)
        first = _first_cells(law, most, capacity)

        def unfinished(cells: _Cells) -> Bool[Array, ""]:
            wide = jnp.max(cells.bounds) > cells.best * (1.0 + width)
            return wide & (cells.count <= capacity - _AT_ONCE)

        halve = functools.partial(_halve_widest, law, width)
        cells = jax.lax.while_loop(unfinished, halve, first)
        polished = proxies.polish(law, cells.argument, cells.low, cells.high)
        improved = proxies.curve(law, polished) >= cells.best
        argument = proxies.better(law, jnp.where(improved, polished, cells.argument))
        return argument, jnp.maximum(jnp.max(cells.bounds), cells.best)

    return chosen(search)


def _first_cells(law: tilting.CentredLaw, most: Float[Array, ""], capacity: int) -> _Cells:
    """Returns the cells that the search begins with, and what the quick search finds."""
    reach = proxies.reach(law, most)
    steps = jnp.linspace(0.0, 1.0, _FIRST_CELLS, dtype=reach.dtype)
    # A little further than the last maximiser, lest rounding cut it off.
    ends = _SMALLEST * (1.01 * reach / _SMALLEST) ** steps
    starts = jnp.concatenate([jnp.zeros_like(ends[:1]), ends[:-1]])
    bounds, _, _ = jax.vmap(functools.partial(_bound, law))(starts, ends)
    missing = capacity - _FIRST_CELLS
    argument = proxies.best_of_grid(law, most)
    return _Cells(
        count=jnp.asarray(_FIRST_CELLS),
        starts=jnp.pad(starts, (0, missing)),
        ends=jnp.pad(ends, (0, missing)),
        bounds=jnp.pad(bounds, (0, missing), constant_values=-jnp.inf),
        best=proxies.curve(law, argument),
        argument=argument,
        low=argument,
        high=argument,
    )


def _halve_widest(law: tilting.CentredLaw, width: float, cells: _Cells) -> _Cells:
    """Returns the cells with those of the largest bounds halved, as far as they are too wide."""
    bounds, places = jax.lax.top_k(cells.bounds, _AT_ONCE)
    wide = bounds > cells.best * (1.0 + width)
    fresh = cells.count - 1 + jnp.cumsum(wide)
    # An index beyond the store is not written to.
    places, fresh = (jnp.where(wide, at, len(cells.bounds)) for at in (places, fresh))
    start, end = cells.starts.at[places].get(mode="clip"), cells.ends.at[places].get(mode="clip")
    # Where a cell spans orders of magnitude, halve the logarithm.
    middle = jnp.where(end > 4.0 * start, jnp.sqrt(start * end), 0.5 * (start + end))
    middle = jnp.where(start > 0, middle, 0.5 * end)
    lows, highs = jnp.stack([start, middle]), jnp.stack([middle, end])
    bound_all = jax.vmap(jax.vmap(functools.partial(_bound, law)))
    bounds, values, middles = bound_all(lows, highs)
    values = jnp.where(wide, values, -jnp.inf).ravel()
    winner = jnp.argmax(values)
    better = values[winner] > cells.best
    low, high, argument = (array.ravel()[winner] for array in (lows, highs, middles))
    return _Cells(
        count=cells.count + jnp.sum(wide),
        starts=cells.starts.at[fresh].set(middle, mode="drop"),
        ends=cells.ends.at[places].set(middle, mode="drop").at[fresh].set(end, mode="drop"),
        bounds=cells.bounds.at[places]
        .set(bounds[0], mode="drop")
        .at[fresh]
        .set(bounds[1], mode="drop"),
        best=jnp.where(better, values[winner], cells.best),
        argument=jnp.where(better, argument, cells.argument),
        low=jnp.where(better, jnp.maximum(2.0 * low - high, 0.0), cells.low),
        high=jnp.where(better, 2.0 * high - low, cells.high),
    )


def _bound(
    law: tilting.CentredLaw, start: Float[Array, ""], end: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Returns an upper bound on G over a cell, a value of G in it, and where that is."""
    middle, half = 0.5 * (start + end), 0.5 * (end - start)
    at = tilting.tilt(law, middle)
    value = 2.0 * at.log_mgf / middle**2
    widened = 1.0 + _ROUNDING_UNITS * jnp.finfo(middle.dtype).eps

    slope = 2.0 * proxies.rise(law, at) / middle**3
    fourth = tilting.variance_of(law) * jnp.exp(end * jnp.max(law.deviations))
    near_zero = value + jnp.abs(slope) * half + fourth * half**2 / 12.0

    proper = jnp.where(start > 0, start, end)
    mean = tilting.tilted_mean(law, at)
    coefficient = tilting.tilted_variance(law, at) * (tilting.exp_excess(half) / half**2)

    def over_square(psi: Array, argument: Array) -> Array:
        return 2.0 * psi / argument**2

    def parabola(argument: Array) -> Array:
        away = argument - middle
        return over_square(at.log_mgf + mean * away + coefficient * away**2, argument)

    constant = at.log_mgf - mean * middle + coefficient * middle**2
    vertex = 2.0 * constant / (2.0 * coefficient * middle - mean)
    inside = jnp.clip(jnp.where(jnp.isfinite(vertex), vertex, middle), proper, end)
    between = jnp.maximum(jnp.maximum(parabola(proper), parabola(end)), parabola(inside))

    low, high = tilting.tilt(law, proper).log_mgf, tilting.tilt(law, end).log_mgf
    rate = (high - low) / jnp.where(start > 0, end - proper, 1.0)

    def chord(argument: Array) -> Array:
        return over_square(low + rate * (argument - proper), argument)

    vertex = 2.0 * (proper - low / jnp.where(rate > 0, rate, 1.0))
    inside = jnp.clip(jnp.where(rate > 0, vertex, proper), proper, end)
    far_out = jnp.maximum(jnp.maximum(chord(proper), chord(end)), chord(inside))

    elsewhere = jnp.where(start > 0, jnp.minimum(between, far_out), jnp.inf)
    return widened * jnp.minimum(near_zero, elsewhere), value, middle
