r"""Quadratic forms in Gaussians: moments, and the logarithm of the moment generating function.

With independent standard normals $z$ and $p_j$ of them sharing the eigenvalue $m_j$,

$$h = \mu + \sum_j\Bigl[m_j\sum_{a\le p_j}(z_{ja}^2-1) + \sqrt{q_j}\,z_{j1}\Bigr],\qquad
  \log E e^{\ell(h-\mu)} = \tfrac12\sum_j\Bigl[p_jf(-2\ell m_j)
    + \frac{\ell^2q_j}{1-2\ell m_j}\Bigr],$$

$f(x)=x-\log(1+x)\ge0$: a sum of nonnegative terms, finite iff $2\ell m_j<1$ for every $j$.

Source: textbook; the variance is $2\sum_jp_jm_j^2+\sum_jq_j$.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import x_minus_log1p

_ULPS_AT_THE_END = 4
"""So close to an end of the domain, in units of rounding, an argument counts as the end itself."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class QuadraticForm:
    r"""A quadratic form in standard normals, diagonalised.

    Attributes:
        mean: $\mu=Eh$.
        eigenvalues: $m_j$, of either sign; zero where ``counts`` and ``linear`` are.
        counts: $p_j\ge0$, how many normals share the eigenvalue.
        linear: $q_j\ge0$, squared coefficient of the linear term.
    """

    mean: Float[Array, ""]
    eigenvalues: Float[Array, "terms"]
    counts: Float[Array, "terms"]
    linear: Float[Array, "terms"]


def negated(form: QuadraticForm) -> QuadraticForm:
    """Returns the form $-h$."""
    return dataclasses.replace(form, mean=-form.mean, eigenvalues=-form.eigenvalues)


@jax.jit
def variance(form: QuadraticForm) -> Float[Array, ""]:
    r"""Returns $\mathrm{Var}\,h = 2\sum_jp_jm_j^2+\sum_jq_j$."""
    return jnp.sum(2.0 * form.counts * form.eigenvalues**2 + form.linear)


@jax.jit
def domain(form: QuadraticForm) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Returns the open interval where $E e^{\ell h}<\infty$: $\pm1/(2\max_j\pm m_j)$ or infinite.

    Returns:
        Lower end (negative or $-\infty$) and upper end (positive or $\infty$).
    """
    return -_upper_end(-form.eigenvalues), _upper_end(form.eigenvalues)


@jax.jit
def centred_log_mgf(form: QuadraticForm, argument: Float[Array, ""] | float) -> Float[Array, ""]:
    r"""Returns $\log Ee^{\ell(h-\mu)}\ge0$, accurate however small $\ell$ is.

    Args:
        form: the form.
        argument: $\ell$.

    Returns:
        The value; $\infty$ at the ends of the domain (as far as rounding can tell) and beyond
        them, and NaN only if $\ell$ is.
    """
    argument = jnp.asarray(argument, form.mean.dtype)
    excess = -2.0 * argument * form.eigenvalues
    inside = jnp.all(1.0 + excess > _ULPS_AT_THE_END * jnp.finfo(excess.dtype).eps)
    safe = jnp.where(inside, argument, 0.0)
    excess = jnp.where(inside, excess, 0.0)
    # The argument multiplies the coefficient before itself: its square may overflow.
    gaussian = safe * (safe * form.linear / (1.0 + excess))
    value = 0.5 * jnp.sum(form.counts * x_minus_log1p(excess) + gaussian)
    return jnp.where(inside, value, jnp.where(jnp.isnan(argument), argument, jnp.inf))


@jax.jit
def log_mgf(form: QuadraticForm, argument: Float[Array, ""] | float) -> Float[Array, ""]:
    r"""Returns $\log Ee^{\ell h}$; arguments and conventions as in `centred_log_mgf`."""
    argument = jnp.asarray(argument, form.mean.dtype)
    centred = centred_log_mgf(form, argument)
    return jnp.where(centred < jnp.inf, argument * form.mean, 0.0) + centred


def _upper_end(eigenvalues: Float[Array, "terms"]) -> Float[Array, ""]:
    return 0.5 / jnp.maximum(jnp.max(eigenvalues), 0.0)
