r"""What more samples, less noise or a weaker prior make of the divergence.

All three act through $\lambda\nu^2/s_i^2$ alone: as it tends to zero, $\rho_i\to1$ and
$t_i\to t_\infty=1+1/\beta$. The divergence does not vanish in that limit, and does not blow up.

Source: ours.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import excess_minus_log, x_minus_log1p
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian.terms import direction_terms


@jax.jit
def dataset_shift_ceiling(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns what the dataset shift $U$ stays below for every scale of the inputs and the noise.

    $\sum_{s_i>0}\bigl[\frac k2(t_\infty-\log(1+t_\infty))+\frac{\lambda}{8\beta}|W^*u_i|^2\bigr]$:
    $t_i\le t_\infty$, and the bias $\frac12(1-\rho_i)^2b_i$ is largest at $\rho_i=\frac12$.

    Args:
        spectrum: of the design; of the $s_i$ it matters only which are zero, and $\nu$ plays no
            part.

    Returns:
        A scalar, infinite at $\beta=0$.
    """
    beta = spectrum.inverse_temperature
    active = spectrum.squared_singular_values > 0
    safe = jnp.where(beta > 0, beta, 1.0)
    noise = spectrum.num_outputs * x_minus_log1p(1.0 + 1.0 / safe)
    bias = spectrum.prior_precision * spectrum.signal / (4.0 * safe)
    total = 0.5 * jnp.sum(jnp.where(active, noise + bias, 0.0))
    return jnp.where((beta > 0) | ~jnp.any(active), total, jnp.inf)


@jax.jit
def dataset_shift_floor(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns what the dataset shift $U$ stays above, and comes close to as $\rho_i\to1$.

    $\frac12\sum_{s_i>0}\bigl[k(t_\infty-\log(1+t_\infty))-k\frac{1+\beta}{1+2\beta}(t_\infty-t_i)
    +(1-\rho_i)^2b_i\bigr]$, the tangent at $t_\infty$, where
    $t_\infty-t_i=(1-\rho_i)(1+\rho_i+\frac1\beta)$ is the rate of the limit.

    Args:
        spectrum: of the design.

    Returns:
        A scalar, perhaps negative; $-\infty$ at $\beta=0$.
    """
    terms = direction_terms(spectrum)
    beta = spectrum.inverse_temperature
    tangent = (1.0 + terms.label_excess) * (1.0 + beta) / (1.0 + 2.0 * beta)
    noise = spectrum.num_outputs * (tangent - jnp.log(2.0 + 1.0 / beta))
    return 0.5 * jnp.sum(jnp.where(terms.active, noise + terms.squared_bias, 0.0))


@jax.jit
def divergence_flat_prior(
    inverse_temperature: Float[Array, ""],
    num_outputs: Float[Array, ""],
    student_scale: Float[Array, "directions"],
) -> Float[Array, ""]:
    r"""Returns $K_n$ at $\lambda=0$: a constant, whatever the inputs, the signal and the noise.

    $\frac k2\sum_i\bigl[\frac1\beta+\beta+e_i-\log(2+\frac1\beta)-\log(c_\infty+e_i)\bigr]$ with
    $c_\infty=\frac{\beta(1+\beta)}{1+2\beta}$, over the directions of the design.

    Args:
        inverse_temperature: $\beta>0$.
        num_outputs: $k$.
        student_scale: $e_i$, one per direction of the design.

    Example:
        >>> one = jnp.asarray(1.0)
        >>> print(f"{divergence_flat_prior(one, one, one[None]):.5f}")
        0.69528
    """
    beta = inverse_temperature
    width = 1.0 + 2.0 * beta
    excess = (beta**2 - beta - 1.0) / width + student_scale
    mixture = excess_minus_log(beta * (1.0 + beta) / width + student_scale, excess)
    shift = x_minus_log1p(1.0 + 1.0 / beta) + beta**2 / width
    return 0.5 * num_outputs * jnp.sum(shift + mixture)
