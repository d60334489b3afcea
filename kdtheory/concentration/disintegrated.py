"""The Chernoff bound of a law that is drawn in two stages, of which only the second may be tilted.

A group is drawn, and then a value given the group. If a law and its competitor draw groups alike, a
divergence of $K$ is spent on the second stage alone.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kdtheory._numerics import chosen
from kdtheory.concentration import _tilting as tilting
from kdtheory.concentration.chernoff import largest_divergence


@jax.jit
def chernoff_upper_given_groups(
    values: Float[Array, "atoms"],
    weights: Float[Array, "groups"],
    probs: Float[Array, "groups atoms"],
    divergence: Float[Array, ""] | float,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Returns $\inf_{\ell>0}\bigl(K+\sum_gw_g\log E_ge^{\ell X}\bigr)/\ell$ and its $\ell$.

    Args:
        values: $x_i$.
        weights: $w_g$, the law of the groups.
        probs: the law of the value given each group.
        divergence: $K\in[0,\infty]$.

    Returns:
        Bound and argument: at $K=0$ the mean and 0; from the divergence on at which every group
        is at its largest value, the mean of the largest values and $\infty$; at $K=\infty$ both
        $\infty$. NaN only if the divergence is.

    Example:
        >>> values, coins = jnp.array([0.0, 1.0]), jnp.array([[0.5, 0.5], [0.5, 0.5]])
        >>> bound, argument = chernoff_upper_given_groups(values, jnp.array([0.5, 0.5]), coins, 0.1)
        >>> print(f"{bound:.4f} {argument:.4f}")
        0.7198 0.9434
    """
    divergence = jnp.asarray(divergence, values.dtype)
    weights = weights / jnp.sum(weights)
    means = jax.vmap(tilting.mean_of, in_axes=(None, 0))(values, probs)
    tops = jax.vmap(tilting.largest, in_axes=(None, 0))(values, probs)
    furthest = jax.vmap(largest_divergence, in_axes=(None, 0))(values, probs)
    inside = (divergence > 0) & (divergence < jnp.sum(weights * furthest))
    spent = jnp.where(inside, divergence, 0.0)
    argument = jnp.where(inside, _argument(values, weights, probs, spent, inside), 1.0)
    centred = jax.vmap(_centred_log_mgf, in_axes=(None, 0, None))(values, probs, argument)
    bound = jnp.sum(weights * means) + (spent + jnp.sum(weights * centred)) / argument
    end = jnp.where(divergence == jnp.inf, jnp.inf, jnp.sum(weights * tops))
    zero = divergence <= 0
    bound = jnp.where(inside, bound, jnp.where(zero, jnp.sum(weights * means), end))
    attained = jnp.where(inside, argument, jnp.where(zero, 0.0, jnp.inf))
    unknown = jnp.isnan(divergence)
    return jnp.where(unknown, divergence, bound), jnp.where(unknown, divergence, attained)


def _centred_log_mgf(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"], argument: Float[Array, ""]
) -> Float[Array, ""]:
    law = tilting.centred(values, probs)
    return tilting.tilt(law, argument * law.unit).log_mgf


@chosen
def _argument(
    values: Float[Array, "atoms"],
    weights: Float[Array, "groups"],
    probs: Float[Array, "groups atoms"],
    divergence: Float[Array, ""],
    wanted: Bool[Array, ""],
) -> Float[Array, ""]:
    r"""Returns the $\ell$ whose tilts have the mean divergence $K$.

    With $R$ the largest range of a group, that of $\ell$ is at most $(\ell R)^2/8$.
    """
    divergence = jnp.maximum(divergence, jnp.finfo(divergence.dtype).tiny)
    laws = jax.vmap(tilting.centred, in_axes=(None, 0))(values, probs)
    varies = jnp.max(jnp.abs(laws.deviations), axis=1) > 0
    width = jnp.max(jnp.where(varies & (weights > 0), laws.unit, 0.0))
    width = jnp.where(width > 0, width, 1.0)

    def excess(argument: Float[Array, ""]) -> tuple[Array, Array]:
        own = argument * laws.unit / width
        tilts = jax.vmap(tilting.tilt)(laws, own)
        reached = jnp.sum(weights * jax.vmap(tilting.divergence_of)(laws, tilts))
        rises = own * (own * jax.vmap(tilting.tilted_variance)(laws, tilts))
        return jnp.log(reached / divergence), jnp.sum(weights * rises) / reached

    low = jnp.minimum(jnp.sqrt(8.0 * divergence), 1.0) * 0.99
    return tilting.root(excess, low, wanted) / width
