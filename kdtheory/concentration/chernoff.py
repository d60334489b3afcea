r"""What a divergence allows a mean to be: the Chernoff bounds, which tilts attain.

For every law $Q$ with $\mathrm{KL}(Q\|P)\le K$ and every $\ell>0$, by Donsker and Varadhan,
$E_QX\le(K+\log E_Pe^{\ell X})/\ell$. The infimum over $\ell$ is reached where the tilt by $\ell$
has divergence $K$, and this tilt attains it: no bound that depends on $P$ and $K$ alone is better.

Gradients follow the envelope theorem: at the optimum the bound does not depend on $\ell$.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kdtheory._numerics import chosen
from kdtheory.concentration import _tilting as tilting


@jax.jit
def chernoff_upper(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    divergence: Float[Array, ""] | float,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Returns $\inf_{\ell>0}(K+\log E_Pe^{\ell X})/\ell$ and the $\ell$ that attains it.

    Args:
        values: $x_i$; those of probability zero do not matter.
        probs: $p_i$, summing to one.
        divergence: $K\in[0,\infty]$; a subnormal number may count as zero.

    Returns:
        Bound and argument: at $K=0$ the mean and 0; from $K=-\log P(X=\max X)$ on the largest value
        and $\infty$; at $K=\infty$ both $\infty$, since mass may then lie anywhere. NaN only if
        the divergence is.

    Example:
        >>> bound, argument = chernoff_upper(jnp.array([0.0, 1.0]), jnp.array([0.5, 0.5]), 0.1)
        >>> print(f"{bound:.4f} {argument:.4f}")
        0.7198 0.9434
    """
    divergence = jnp.asarray(divergence, values.dtype)
    law = tilting.centred(values, probs)
    mean, top = tilting.mean_of(values, probs), tilting.largest(values, probs)
    inside = (divergence > 0) & (divergence < largest_divergence(values, probs))
    argument = jnp.where(inside, _argument(law, jnp.where(inside, divergence, 1.0), inside), 1.0)
    log_mgf = tilting.tilt(law, argument).log_mgf
    bound = mean + law.unit * ((jnp.where(inside, divergence, 0.0) + log_mgf) / argument)
    ends = jnp.where(divergence == jnp.inf, jnp.inf, top), jnp.asarray(jnp.inf, values.dtype)
    zero = divergence <= 0
    bound = jnp.where(inside, bound, jnp.where(zero, mean, ends[0]))
    attained = jnp.where(inside, argument / law.unit, jnp.where(zero, 0.0, ends[1]))
    unknown = jnp.isnan(divergence)
    return jnp.where(unknown, divergence, bound), jnp.where(unknown, divergence, attained)


@jax.jit
def chernoff_lower(
    values: Float[Array, "atoms"],
    probs: Float[Array, "atoms"],
    divergence: Float[Array, ""] | float,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Returns $\sup_{\ell<0}(K+\log E_Pe^{\ell X})/\ell$ and the $\ell$ that attains it.

    It is minus the upper bound for $-X$; arguments as in `chernoff_upper`.

    Returns:
        Bound and argument, which is not positive.
    """
    above, argument = chernoff_upper(-values, probs, divergence)
    return -above, 0.0 - argument


def largest_divergence(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"]
) -> Float[Array, ""]:
    r"""Returns $-\log P(X=\max X)$, the divergence of the limit of tilts.

    Args:
        values: $x_i$.
        probs: $p_i$.
    """
    at_top = values == tilting.largest(values, probs)
    mass = jnp.sum(jnp.where(at_top, probs, 0.0))
    rest = jnp.sum(jnp.where(at_top, 0.0, probs))
    return jnp.where(rest < 0.5, -jnp.log1p(-jnp.minimum(rest, 0.5)), -jnp.log(mass))


@chosen
def _argument(
    law: tilting.CentredLaw, divergence: Float[Array, ""], wanted: Bool[Array, ""]
) -> Float[Array, ""]:
    r"""Returns the $\ell$ (in units of $1/R$) whose tilt has the divergence $K$.

    Since $\psi''\le1/4$, that of $\ell$ is at most $\ell^2/8$.
    """
    # A divergence below the smallest normal number leaves nothing beside the mean.
    divergence = jnp.maximum(divergence, jnp.finfo(divergence.dtype).tiny)

    def excess(argument: Float[Array, ""]) -> tuple[Array, Array]:
        at = tilting.tilt(law, argument)
        reached = tilting.divergence_of(law, at)
        rise = argument * (argument * tilting.tilted_variance(law, at))
        return jnp.log(reached / divergence), rise / reached

    return tilting.root(excess, jnp.minimum(jnp.sqrt(8.0 * divergence), 1.0) * 0.99, wanted)
