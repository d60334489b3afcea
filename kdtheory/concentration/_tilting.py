r"""Exponential tilts of a finite law, without cancellation: what every function here is made of.

A law is taken about its mean and in units of its range: deviations $z_i=(x_i-\mu)/R$, in which
$|z_i|\le1$. With $t_i=\ell z_i$ the centred mgf is $1+W$, $W=\sum_ip_i(e^{t_i}-1-t_i)\ge0$, whose
summands are all non-negative: $\psi=\log(1+W)$ is accurate for $\ell\to0$ and for rare events.
Where $e^t$ would overflow, the largest exponent is taken out instead.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kdtheory._numerics import chosen

SERIES_TERMS = 18
"""For |t| <= 1 the next term is below 1/20! = 4e-19."""
_MAX_STEPS = 128
"""Of a search for a root; a handful are needed, and halving every other time as many as these."""
_CLOSE = 1e-3
"""So close to zero a function whose root is sought is not flat by rounding."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class CentredLaw:
    r"""A law about its mean, in units of its range.

    Attributes:
        deviations: $(x_i-\mu)/R$; zero for atoms of probability zero, where it changes no sum and,
            since a mean lies between the extremes, no maximum.
        probs: $p_i$.
        unit: $R$; one for a constant.
    """

    deviations: Float[Array, "atoms"]
    probs: Float[Array, "atoms"]
    unit: Float[Array, ""]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class Tilt:
    r"""The law $q_i\propto p_ie^{\ell z_i}$.

    Attributes:
        argument: $\ell$.
        log_mgf: $\psi(\ell)=\log Ee^{\ell z}\ge0$.
        log_ratios: $\log(q_i/p_i)=\ell z_i-\psi(\ell)$.
        probs: $q_i$.
    """

    argument: Float[Array, ""]
    log_mgf: Float[Array, ""]
    log_ratios: Float[Array, "atoms"]
    probs: Float[Array, "atoms"]


@chosen
def _reference(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> Float[Array, ""]:
    """Returns the likeliest value.

    Deviations may be formed from any value; from this one they are accurate also where nearly all
    of the mass lies at one atom.
    """
    return values[jnp.argmax(probs)]


def largest(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> Float[Array, ""]:
    """Returns the largest value of positive probability."""
    return jnp.max(jnp.where(probs > 0, values, -jnp.inf))


def mean_of(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> Float[Array, ""]:
    r"""Returns $\mu=\sum_ip_ix_i$."""
    return jnp.sum(jnp.where(probs > 0, probs * values, 0.0))


def centred(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> CentredLaw:
    """Returns a law about its mean, in units of its range.

    Args:
        values: $x_i$.
        probs: $p_i$.
    """
    inside = probs > 0
    values = jnp.where(inside, values, largest(values, probs))
    offsets = values - _reference(values, probs)
    spread = jax.lax.stop_gradient(jnp.max(values) - jnp.min(values))
    unit = jnp.where(spread > 0, spread, 1.0)
    deviations = (offsets - jnp.sum(probs * offsets)) / unit
    return CentredLaw(jnp.where(inside & (spread > 0), deviations, 0.0), probs, unit)


def mirrored(law: CentredLaw) -> CentredLaw:
    """Returns the law of $-X$."""
    return dataclasses.replace(law, deviations=-law.deviations)


def variance_of(law: CentredLaw) -> Float[Array, ""]:
    r"""Returns $\mathrm{Var}(X)/R^2$."""
    return jnp.sum(law.probs * law.deviations**2)


def tilt(law: CentredLaw, argument: Float[Array, ""]) -> Tilt:
    r"""Returns the tilt at $\ell$, in units of $1/R$ and finite."""
    exponents = argument * law.deviations
    extreme = extreme_of(law.deviations, argument)
    top = argument * extreme
    # What follows is accurate relative to the largest exponent (zero where it is attained, however
    # the compiler contracts a product and a difference) ...
    below = argument * (law.deviations - extreme)
    rest = jnp.log(jnp.sum(law.probs * jnp.exp(below)))
    # ... and this relative to the logarithm itself, as long as nothing overflows.
    small = top <= 0.7 * math.log(float(jnp.finfo(exponents.dtype).max))
    excess = jnp.sum(law.probs * exp_excess(jnp.where(small, exponents, 0.0)))
    log_mgf = jnp.where(small, jnp.log1p(excess), top + rest)
    log_ratios = jnp.where(log_mgf > 0.5 * top, below - rest, exponents - log_mgf)
    log_probs = jnp.log(jnp.where(law.probs > 0, law.probs, 1.0))
    probs = jnp.where(law.probs > 0, jnp.exp(log_probs + log_ratios), 0.0)
    return Tilt(argument, log_mgf, log_ratios, probs)


def extreme_of(values: Float[Array, "atoms"], argument: Float[Array, ""]) -> Float[Array, ""]:
    r"""Returns the value where $\ell x$ is largest."""
    return jnp.where(argument > 0, jnp.max(values), jnp.min(values))


def tilted_mean(law: CentredLaw, at: Tilt) -> Float[Array, ""]:
    r"""Returns $\psi'(\ell)=\sum_i(q_i-p_i)z_i$."""
    near = jnp.abs(at.log_ratios) <= 1.0
    differences = jnp.where(
        near, law.probs * jnp.expm1(jnp.where(near, at.log_ratios, 0.0)), at.probs - law.probs
    )
    return jnp.sum(differences * law.deviations)


def tilted_variance(law: CentredLaw, at: Tilt) -> Float[Array, ""]:
    r"""Returns $\psi''(\ell)=\sum_iq_i(z_i-\psi')^2$."""
    return jnp.sum(at.probs * (law.deviations - tilted_mean(law, at)) ** 2)


def divergence_of(law: CentredLaw, at: Tilt) -> Float[Array, ""]:
    r"""Returns $\mathrm{KL}(q\|p)=\ell\psi'-\psi$.

    It is $\sum_ip_i\,(1+(s_i-1)e^{s_i})$, $s_i=\log(q_i/p_i)$: every summand is non-negative.
    """
    near = jnp.abs(at.log_ratios) <= 1.0
    inner = jnp.where(near, at.log_ratios, 0.0)
    close = law.probs * (inner * jnp.expm1(inner) - exp_excess(inner))
    return jnp.sum(jnp.where(near, close, law.probs + (at.log_ratios - 1.0) * at.probs))


def exp_excess(t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Returns $e^t-1-t\ge0$ without cancellation."""
    near = jnp.abs(t) <= 1.0
    inner = jnp.where(near, t, 0.0)
    series = jnp.zeros_like(inner)
    for k in range(SERIES_TERMS + 1, 1, -1):
        series = series * inner + 1.0 / math.factorial(k)
    return jnp.where(near, inner * inner * series, jnp.expm1(jnp.where(near, 0.0, t)) - t)


_State: TypeAlias = tuple[Array, Array, Array, Array, Array, Array]


def root(
    excess: Callable[[Float[Array, ""]], tuple[Array, Array]],
    low: Float[Array, ""],
    wanted: Bool[Array, ""],
) -> Float[Array, ""]:
    r"""Returns where an increasing function of $\log\ell$ is zero.

    Newton's method from the left end, halving the bracket where a step leaves it.

    Args:
        excess: $\ell$ -> value and derivative with respect to $\log\ell$.
        low: an argument where the function is not positive.
        wanted: whether to search at all; without a root there would be no end to it.
    """
    eps = float(jnp.finfo(low.dtype).eps)

    def step(state: _State) -> _State:
        count, start, end, at, before, _ = state
        value, slope = excess(jnp.exp(at))
        start, end = jnp.where(value < 0, at, start), jnp.where(value < 0, end, at)
        newton = at - value / slope
        # Where the function is flat its slope may be rounding only: such steps lead nowhere.
        good = (jnp.abs(value) <= 0.5 * before) | (jnp.abs(value) <= _CLOSE)
        good &= (newton >= start) & (newton <= end)
        following = jnp.where(good, newton, 0.5 * (start + end))
        arrived = good & (jnp.abs(newton - at) <= 8.0 * eps * (1.0 + jnp.abs(at)))
        arrived = (value == 0) | (arrived & (jnp.abs(value) <= _CLOSE))
        return count + 1, start, end, jnp.where(value == 0, at, following), jnp.abs(value), arrived

    def unfinished(state: _State) -> Array:
        count, *_, arrived = state
        return (count < _MAX_STEPS) & ~arrived

    start, end = jnp.log(low), jnp.log(furthest(low.dtype))
    first = jnp.zeros((), int), start, end, start, jnp.full_like(start, jnp.inf), ~wanted
    return jnp.exp(jax.lax.while_loop(unfinished, step, first)[3])


def furthest(dtype: jnp.dtype) -> Float[Array, ""]:
    """Returns an argument beyond which no tilt changes: close to the largest float."""
    return jnp.asarray(float(jnp.finfo(dtype).max) ** 0.98, dtype)
