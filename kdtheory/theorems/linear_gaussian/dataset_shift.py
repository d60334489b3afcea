r"""Dataset shift: $\mathrm{KL}$ of the pseudo labels' law from the labels' law, given $X$.

With the labels marginalised $\hat Y\sim\mathrm{MN}(W^*XS, I, \nu^2(I+S^2+S/\beta))$ against
$Y\sim\mathrm{MN}(W^*X, I, \nu^2I)$, $S = V\operatorname{diag}(\rho_i)V^\top$: in direction $i$ the
variances differ by the factor $1+t_i$ and the means by $(1-\rho_i)s_iW^*u_i$.

Source: Li & He, arXiv:2605.13143, appendix E. Their bound is printed with brackets lost; both
readings are here.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import x_minus_log1p
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian.terms import direction_terms


@jax.jit
def expected_bias(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $E_Y\|(\bar W - W^*)X\|_F^2 = \nu^2\sum_i[(1-\rho_i)^2b_i + k\rho_i^2]$.

    The "Bias" of the data set contains the estimator's own noise, the second term.
    """
    terms = direction_terms(spectrum)
    per_direction = terms.squared_bias + spectrum.num_outputs * terms.fit**2
    return spectrum.noise_std**2 * jnp.sum(per_direction)


@jax.jit
def posterior_label_variance(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $\mathrm{Var} = \operatorname{tr}(X^\top\Sigma_TX) = \nu^2\sum_i r_i$.

    It does not depend on the labels.
    """
    return spectrum.noise_std**2 * jnp.sum(direction_terms(spectrum).predictive_variance)


@jax.jit
def teacher_bias(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $\frac12\sum_i(1-\rho_i)^2b_i$, the prior's pull on the teacher's mean."""
    return 0.5 * jnp.sum(direction_terms(spectrum).squared_bias)


@jax.jit
def teacher_estimation_noise(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $\frac k2\sum_i\rho_i^2$, the label noise that the teacher's mean has fitted."""
    return 0.5 * spectrum.num_outputs * jnp.sum(direction_terms(spectrum).fit ** 2)


@jax.jit
def teacher_posterior_variance(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $\frac k2\sum_ir_i$, the Gibbs teacher's own randomness."""
    terms = direction_terms(spectrum)
    return 0.5 * spectrum.num_outputs * jnp.sum(terms.predictive_variance)


@jax.jit
def dataset_shift_exact(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $U = \mathrm{KL}(\hat Y\|Y)$ given $X$: the term that enters the divergence.

    $U = \frac12[k\sum_i(t_i-\log(1+t_i)) + \sum_i(1-\rho_i)^2b_i]$.

    Args:
        spectrum: of the design.

    Returns:
        A nonnegative scalar.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> print(f"{dataset_shift_exact(spectrum(one)):.5f}")
        0.12644
    """
    terms = direction_terms(spectrum)
    noise = jnp.sum(x_minus_log1p(terms.label_excess))
    return 0.5 * (spectrum.num_outputs * noise + jnp.sum(terms.squared_bias))


@jax.jit
def dataset_shift_expected_exact(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $C = E_Y\mathrm{KL}(\hat Y\,|\,D_n\,\|\,Y)$, the mean of the value given the data.

    $C = \frac12[k\sum_i(r_i-\log(1+r_i)+\rho_i^2) + \sum_i(1-\rho_i)^2b_i]\ge U$ by convexity.
    """
    terms = direction_terms(spectrum)
    noise = jnp.sum(x_minus_log1p(terms.predictive_variance) + terms.fit**2)
    return 0.5 * (spectrum.num_outputs * noise + jnp.sum(terms.squared_bias))


@jax.jit
def dataset_shift_printed(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $B = E_Y\frac{\mathrm{Bias}+k\mathrm{Var}}{2\nu^2}$, the bound with its bracket.

    $B = \frac12[k\sum_it_i+\sum_i(1-\rho_i)^2b_i]$, and $B - U = \frac k2\sum_i\log(1+t_i)$.
    """
    terms = direction_terms(spectrum)
    noise = jnp.sum(terms.label_excess)
    return 0.5 * (spectrum.num_outputs * noise + jnp.sum(terms.squared_bias))


@jax.jit
def dataset_shift_slack(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $B-U=\frac k2\sum_i\log(1+t_i)=I(\hat Y;W_T\,|\,X)$, without cancellation."""
    terms = direction_terms(spectrum)
    return 0.5 * spectrum.num_outputs * jnp.sum(jnp.log1p(terms.label_excess))


@jax.jit
def dataset_shift_literal(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns $E_Y\frac{\mathrm{Bias}}{2\nu^2} + k\mathrm{Var}$, the line as it is printed.

    It changes with the unit of the labels and is not a bound: small where $\nu^2$ is small.
    """
    terms = direction_terms(spectrum)
    outputs = spectrum.num_outputs
    bias = 0.5 * jnp.sum(terms.squared_bias + outputs * terms.fit**2)
    return bias + outputs * posterior_label_variance(spectrum)
