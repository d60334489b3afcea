r"""What a divergence allows a probability to be: the inverse of the binary KL divergence."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.concentration.chernoff import chernoff_upper


@jax.jit
def binary_kl_upper(
    p: Float[Array, ""] | float, divergence: Float[Array, ""] | float
) -> Float[Array, ""]:
    r"""Returns $\max\{q : q\log\frac qp+(1-q)\log\frac{1-q}{1-p}\le K\}$.

    It is the Chernoff bound of the law of a coin, whose tilts are all the other coins.

    Args:
        p: a probability.
        divergence: $K\in[0,\infty]$.

    Returns:
        The probability $q\ge p$; one from $K=-\log p$ on.

    Example:
        >>> print(f"{binary_kl_upper(0.5, 0.1):.4f}")
        0.7198
    """
    p = jnp.asarray(p)
    bound, _ = chernoff_upper(jnp.array([0.0, 1.0], p.dtype), jnp.stack([1.0 - p, p]), divergence)
    return jnp.minimum(bound, 1.0)
