r"""The $(\eta,c)$-central condition of a finite law, and the lower bounds that it gives.

$X$ satisfies it when $\log E e^{-\eta X}\le-c\,\eta\,\mu$, $\mu=EX$, with $\eta>0$ and $0<c\le1$.
Since $\log E e^{-\eta X}=-\eta\mu+\psi(-\eta)$ with $\psi\ge0$ (Jensen), laws are of three kinds:

* $\mu>0$: at $\eta$ the largest $c$ is $1-\psi(-\eta)/(\eta\mu)\le1$, which decreases from one
  and is positive up to $\eta_{\max}$, the positive root of $\log E e^{-\eta X}=0$; there is none
  iff $X\ge0$ almost surely, and then $\eta_{\max}=\infty$;
* $X$ constant: $c=1$ for every $\eta$, whatever its sign;
* $\mu\le0$ otherwise: no pair at all.

The bound $c\mu-K/\eta$ on the mean of a law at divergence $K$ is, with the largest $c$, a tangent
of the convex curve $K\mapsto$ Chernoff lower bound: never above it, and equal to it at the $\eta$
of the tilt of divergence $K$ if that lies below $\eta_{\max}$.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kdtheory._numerics import chosen
from kdtheory.concentration import _tilting as tilting
from kdtheory.concentration.chernoff import chernoff_lower, largest_divergence
from kdtheory.concentration.mgf import centred_log_mgf, log_mgf


@jax.jit
def largest_central_c(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"], eta: Float[Array, ""] | float
) -> Float[Array, ""]:
    r"""Returns $1-\psi(-\eta)/(\eta\mu)$, the $c$ of equality in the condition at $\eta$.

    Args:
        values: $x_i$; those of probability zero do not matter.
        probs: $p_i$, summing to one.
        eta: $\eta>0$.

    Returns:
        For a positive mean the largest $c$ at which the condition holds, a pair if it is positive.
        One for a constant. For any other law of mean $\mu\le0$ no $c$ in $(0,1]$ will do, and the
        value lies outside: above one if $\mu<0$, $-\infty$ at $\mu=0$.

    Example:
        >>> law = jnp.array([1.0, -0.5]), jnp.array([0.6, 0.4])
        >>> print(f"{largest_central_c(*law, 0.5):.4f} {largest_central_c(*law, 2.0):.4f}")
        0.6532 -0.1947
    """
    mean = tilting.mean_of(values, probs)
    centred = centred_log_mgf(values, probs, -jnp.asarray(eta, values.dtype))
    proper = jnp.where(mean == 0, 1.0, eta * mean)
    share = jnp.where(mean == 0, jnp.where(centred > 0, jnp.inf, 0.0), centred / proper)
    return 1.0 - share


@jax.jit
def largest_central_eta(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"]
) -> Float[Array, ""]:
    r"""Returns $\eta_{\max}$: the condition holds with some $c>0$ iff $0<\eta<\eta_{\max}$.

    Args:
        values: $x_i$.
        probs: $p_i$.

    Returns:
        The positive root of $\log Ee^{-\eta X}=0$; infinity if $X$ is constant, or $X\ge0$ almost
        surely; zero if no $\eta$ is feasible.

    Example:
        >>> print(f"{largest_central_eta(jnp.array([1.0, -0.5]), jnp.array([0.6, 0.4])):.4f}")
        1.5643
    """
    law = tilting.mirrored(tilting.centred(values, probs))
    mean = tilting.mean_of(values, probs) / law.unit
    bounded = (mean > 0) & (smallest(values, probs) < 0) & ~is_constant(values, probs)
    mean = jnp.where(bounded, mean, 1.0)
    start = jnp.where(bounded, _root(law, mean, bounded), 1.0)
    at = tilting.tilt(law, start)
    # A last step of Newton's method, which also carries the gradient.
    slope = jax.lax.stop_gradient(tilting.tilted_mean(law, at) - mean)
    root = start - (at.log_mgf - start * mean) / jnp.where(bounded, slope, 1.0)
    return jnp.where(bounded, root / law.unit, jnp.where(has_pairs(values, probs), jnp.inf, 0.0))


@jax.jit
def best_central_pair(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    divergence: Float[Array, ""] | float,
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    r"""Returns the largest of the bounds $c\mu-K/\eta$ over all pairs, and the pair.

    Args:
        values: $x_i$.
        probs: $p_i$.
        divergence: $K\in[0,\infty]$.

    Returns:
        Bound, $\eta$ and $c$. Where the supremum is only approached they are its limits: $K=0$
        gives $(\mu, 0, 1)$; a tilt of divergence $K$ beyond $\eta_{\max}$ gives
        $(-K/\eta_{\max}, \eta_{\max}, 0)$; $X\ge0$ and $K\ge-\log P(X=\min X)$ give
        $(\min X, \infty, \min X/\mu)$. A law without a pair gives $(-\infty, 0, 0)$.

    Example:
        >>> law = jnp.array([1.0, -0.5]), jnp.array([0.6, 0.4])
        >>> print(*(f"{value:.4f}" for value in best_central_pair(*law, 0.02)))
        0.2515 0.2676 0.8157
    """
    divergence = jnp.asarray(divergence, values.dtype)
    bound, argument = chernoff_lower(values, probs, divergence)
    eta, most = -argument, largest_central_eta(values, probs)
    mean, bottom = tilting.mean_of(values, probs), smallest(values, probs)
    within = (eta < most) | (most == jnp.inf)
    regular = within & (eta > 0) & (eta < jnp.inf)
    at = jnp.where(regular, eta, 1.0)
    # The limit of the largest c, at zero and at infinity.
    level = jnp.where(regular, -log_mgf(values, probs, -at) / at, jnp.where(eta > 0, bottom, mean))
    share = jnp.where(mean == 0, 1.0, level / jnp.where(mean == 0, 1.0, mean))
    share = jnp.where(is_constant(values, probs), 1.0, share)
    finite = jnp.where((most > 0) & (most < jnp.inf), most, 1.0)
    best = (
        jnp.where(within, bound, -divergence / finite),
        jnp.where(within, eta, most),
        jnp.where(within & (divergence < jnp.inf), share, 0.0),
    )
    feasible = has_pairs(values, probs)
    bound, eta, share = (
        jnp.where(jnp.isnan(divergence), divergence, jnp.where(feasible, value, otherwise))
        for value, otherwise in zip(best, (-jnp.inf, 0.0, 0.0), strict=True)
    )
    return bound, eta, share


@jax.jit
def informative_divergence(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"]
) -> Float[Array, ""]:
    r"""Returns $-\min_{\eta\ge0}\log Ee^{-\eta X}$: below it, a lower bound is positive.

    Args:
        values: $x_i$.
        probs: $p_i$.

    Returns:
        The divergence from which on the Chernoff lower bound is not positive: zero if $\mu\le0$,
        infinite if $X>0$ almost surely, $-\log P(X=0)$ if $X\ge0$ otherwise.

    Example:
        >>> print(f"{informative_divergence(jnp.array([1.0, -0.5]), jnp.array([0.6, 0.4])):.4f}")
        0.1446
    """
    law = tilting.mirrored(tilting.centred(values, probs))
    mean, bottom = tilting.mean_of(values, probs), smallest(values, probs)
    inside = (mean > 0) & (bottom < 0)
    argument = jnp.where(
        inside, _centring(law, jnp.where(inside, mean / law.unit, 0.5), inside), 1.0
    )
    within = -log_mgf(values, probs, -argument / law.unit)
    at_end = jnp.where(bottom > 0, jnp.inf, largest_divergence(-values, probs))
    return jnp.where(inside, within, jnp.where(mean > 0, at_end, 0.0))


def smallest(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> Float[Array, ""]:
    """Returns the smallest value of positive probability."""
    return -tilting.largest(-values, probs)


def is_constant(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> Bool[Array, ""]:
    """Returns whether a law has one value only."""
    return smallest(values, probs) == tilting.largest(values, probs)


def has_pairs(values: Float[Array, "atoms"], probs: Float[Array, "atoms"]) -> Bool[Array, ""]:
    """Returns whether a law satisfies the central condition for some pair."""
    return (tilting.mean_of(values, probs) > 0) | is_constant(values, probs)


@chosen
def _root(
    law: tilting.CentredLaw, mean: Float[Array, ""], wanted: Bool[Array, ""]
) -> Float[Array, ""]:
    r"""Returns the positive root of $\psi(\eta)=\eta\mu$ for a mirrored law (in units of 1/R).

    Since $\psi\le\eta^2/8$ it is at least $8\mu$.
    """

    def excess(eta: Float[Array, ""]) -> tuple[Array, Array]:
        at = tilting.tilt(law, eta)
        rise = eta * tilting.tilted_mean(law, at) / at.log_mgf
        return jnp.log(at.log_mgf / (eta * mean)), rise - 1.0

    return tilting.root(excess, 7.9 * mean, wanted)


@chosen
def _centring(
    law: tilting.CentredLaw, mean: Float[Array, ""], wanted: Bool[Array, ""]
) -> Float[Array, ""]:
    r"""Returns where $\psi'(\eta)=\mu$ for a mirrored law; since $\psi''\le1/4$, from $4\mu$ on."""

    def excess(eta: Float[Array, ""]) -> tuple[Array, Array]:
        at = tilting.tilt(law, eta)
        reached = tilting.tilted_mean(law, at)
        return jnp.log(reached / mean), eta * tilting.tilted_variance(law, at) / reached

    return tilting.root(excess, 3.9 * mean, wanted)
