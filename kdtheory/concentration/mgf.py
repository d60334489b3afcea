r"""Log moment generating functions of finite laws, and the tilts that belong to them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.concentration import _tilting as tilting


@jax.jit
def centred_log_mgf(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    argument: Float[Array, ""] | float,
) -> Float[Array, ""]:
    r"""Returns $\psi(\ell) = \log E e^{\ell(X-\mu)} \ge 0$, accurate however small it is.

    Args:
        values: $x_i$; those of probability zero do not matter.
        probs: $p_i$, summing to one.
        argument: $\ell$, finite.

    Returns:
        The value.

    Example:
        >>> coin = jnp.array([-1.0, 1.0]), jnp.array([0.5, 0.5])
        >>> print(f"{centred_log_mgf(*coin, 1.0):.6f}")  # log cosh 1
        0.433781
    """
    law = tilting.centred(values, probs)
    return tilting.tilt(law, argument * law.unit).log_mgf


@jax.jit
def log_mgf(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    argument: Float[Array, ""] | float,
) -> Float[Array, ""]:
    r"""Returns $\Lambda(\ell) = \log E e^{\ell X}$; arguments as in `centred_log_mgf`.

    Returns:
        The value, from the mean and $\psi$ or from the largest exponent, whichever rounds less.

    Example:
        >>> print(f"{log_mgf(jnp.array([0.0, 800.0]), jnp.array([0.5, 0.5]), 1.0):.4f}")
        799.3069
    """
    argument = jnp.asarray(argument, values.dtype)
    linear = argument * tilting.mean_of(values, probs)
    centred = centred_log_mgf(values, probs, argument)
    possible = jnp.where(probs > 0, values, tilting.largest(values, probs))
    extreme = tilting.extreme_of(possible, argument)
    top = argument * extreme
    shifted = top + jnp.log(jnp.sum(probs * jnp.exp(argument * (possible - extreme))))
    return jnp.where(jnp.abs(linear) + centred <= jnp.abs(top) + 1.0, linear + centred, shifted)


@jax.jit
def tilted_probs(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    argument: Float[Array, ""] | float,
) -> Float[Array, "atoms"]:
    r"""Returns $q_i = p_i e^{\ell x_i}/E e^{\ell X}$, the tilt of the law.

    Args:
        values: $x_i$.
        probs: $p_i$.
        argument: $\ell$, finite.

    Returns:
        Its probabilities.

    Example:
        >>> print(tilted_probs(jnp.array([0.0, 1.0]), jnp.array([0.5, 0.5]), jnp.log(3.0)))
        [0.25 0.75]
    """
    law = tilting.centred(values, probs)
    return tilting.tilt(law, argument * law.unit).probs


@jax.jit
def tilt_divergence(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    argument: Float[Array, ""] | float,
) -> Float[Array, ""]:
    r"""Returns $\mathrm{KL}(\text{tilt}\,\|\,\text{law}) = \ell\psi'(\ell)-\psi(\ell)\ge0$.

    It increases with $|\ell|$, to $-\log P(X=\max X)$ for $\ell\to\infty$.

    Args:
        values: $x_i$.
        probs: $p_i$.
        argument: $\ell$, finite.

    Returns:
        The divergence, accurate however small it is.
    """
    law = tilting.centred(values, probs)
    return tilting.divergence_of(law, tilting.tilt(law, argument * law.unit))
