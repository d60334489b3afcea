r"""Where the divergence and its bounds are least: student covariance, temperature, prior.

*Student covariance.* The exact algorithm shift depends on
$A=\Sigma_T^{-1/2}\Sigma_S\Sigma_T^{-1/2}\succeq0$ through
$\frac k2[\operatorname{tr}(A+C)-d-\log\det(A+C)]$, where $C$ has the eigenvalues $c_i$ in the
directions $u_i$, and on the null space 0 (min-norm) or 1 (identity). That is convex in $A$. At
$A^*=(I-C)_+$ the gradient $\frac k2[I-(A^*+C)^{-1}]$ has the eigenvalues
$\frac k2(1-1/\max(1,c_i))$: it is positive semidefinite, and zero wherever $A^*$ is not. These are
the conditions for a minimum over the cone, so that $\Sigma_S^*$, which commutes with $XX^\top$, is
optimal among *all* covariances, and by strict convexity it is the only one. The covariance term of
the bound is least at $\Sigma_S=\Sigma_T$ instead.

*Temperature.* With the ridge ratio $\lambda/\beta$ held, the $\rho_i$ and the teacher's mean stay
as they are and $\beta$ sets the width of the posterior alone. Then
$J=\frac1\beta\cdot\frac k2\sum_i\rho_i+\beta\cdot\frac k2\sum_i\rho_i[1+(1-\rho_i)^2(1+b_i/k)]$
plus a constant.

*Prior.* At a given $\beta$ and in one direction, $\lambda=\beta\frac{s^2}{\nu^2}\cdot
\frac{1-\rho}{\rho}$ runs through all $\rho\in(0,1]$; the bounds are polynomials of degree two and
three in $\rho$.

Source: ours.
"""

from __future__ import annotations

import functools
from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention, Rank
from kdtheory.theorems.linear_gaussian.terms import direction_terms

Bound: TypeAlias = Literal["dataset_shift", "divergence"]
PriorOptimum: TypeAlias = tuple[
    Float[Array, "*shape"], Float[Array, "*shape"], Float[Array, "*shape"]
]


@functools.partial(jax.jit, static_argnames=("rank", "null"))
def optimal_student_scale(
    spectrum: DesignSpectrum, *, rank: Rank = "full", null: NullConvention = "minnorm"
) -> tuple[Float[Array, "directions"], Float[Array, ""]]:
    r"""Returns the student covariance of least divergence, in units of $\Sigma_T$.

    At full rank $e_i=\max(0,1-c_i)=\max\bigl(0,\,r_i\frac{1+\beta\rho_i-\beta^2}{1+t_i}\bigr)$: the
    student adds what the teacher's randomness given the pseudo labels leaves room for. On the null
    space 1 (min-norm), or 0 where the student copies the teacher there. At rank zero all are 1.

    Args:
        spectrum: of the design.
        rank: "full" or "zero".
        null: the student's map on the null space of $X^\top$; no effect at rank zero.

    Returns:
        The eigenvalues $e_i$, one per direction, and $e$ on the null space, as ``student_scale``
        and ``null_scale`` of `algorithm_shift.divergence_exact`.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> scale, _ = optimal_student_scale(spectrum(one))  # 1/7: far below the teacher's
        >>> print(f"{scale[0]:.4f}")
        0.1429
    """
    terms = direction_terms(spectrum)
    copied = rank == "full" and null == "identity"
    null_scale = (jnp.zeros_like if copied else jnp.ones_like)(spectrum.num_null)
    if rank == "zero":
        return jnp.ones_like(terms.fit), null_scale
    scale = jnp.maximum(-terms.residual_excess, 0.0)
    # A direction beyond the rank belongs to the null space.
    return jnp.where(terms.active, scale, null_scale), null_scale


@jax.jit
def student_determinism_temperature(fit: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Returns the $\beta$ from which on the best student adds no noise.

    $1-c$ has the sign of $1+\beta\rho-\beta^2$, whose positive root is
    $\frac12(\rho+\sqrt{\rho^2+4})$: 1 where nothing is fitted, the golden ratio at $\rho=1$.

    Args:
        fit: $\rho\in[0,1]$.

    Example:
        >>> print(f"{student_determinism_temperature(jnp.asarray(1.0)):.4f}")
        1.6180
    """
    return 0.5 * (fit + jnp.sqrt(fit**2 + 4.0))


@jax.jit
def optimal_temperature(spectrum: DesignSpectrum) -> Float[Array, ""]:
    r"""Returns the $\beta$ at which $J$ is least with $\lambda/\beta$ held and $\Sigma_S=\Sigma_T$.

    $$\beta^*=\Bigl(\frac{\sum_i\rho_i[1+(1-\rho_i)^2(1+b_i/k)]}{\sum_i\rho_i}\Bigr)^{-1/2}\le1,$$

    in one direction $[1+(1-\rho)^2(1+b/k)]^{-1/2}$: by this bound it never pays to sample from a
    teacher colder than its own posterior. The value is the same for both conventions on the null
    space; where nothing at all is fitted $J$ does not depend on $\beta$ and 1 is returned.

    Args:
        spectrum: of the design, whose $\lambda/\beta$ is the one that is held.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.0]])  # fit 1/2
        >>> print(f"{optimal_temperature(spectrum(one)):.4f}")
        0.8944
    """
    terms = direction_terms(spectrum)
    # The r_i in place of the rho_i: proportional to them, and not zero at beta = 0.
    weights = terms.predictive_variance
    pull = terms.shrinkage**2 + terms.squared_bias / spectrum.num_outputs
    total = jnp.sum(weights)
    mean_pull = jnp.sum(weights * pull) / jnp.where(total > 0, total, 1.0)
    return 1.0 / jnp.sqrt(1.0 + mean_pull)


@jax.jit
def optimal_prior_dataset_shift(
    inverse_temperature: Float[Array, "*shape"], bias_ratio: Float[Array, "*shape"]
) -> PriorOptimum:
    r"""Returns fit, shrinkage and value of least dataset-shift bound $B$ over the prior precision.

    $B=\frac12[k(\rho/\beta+\rho^2)+(1-\rho)^2b]$ is least at $\rho=\frac{2\beta b-k}{2\beta(k+b)}$,
    with the value $k\,\frac{4\beta(1+\beta)b-k}{8\beta^2(k+b)}$, if $2\beta b>k$. Otherwise the
    best prior is a point mass at 0: $\rho=0$, and $B$ falls to $b/2$ as $\lambda\to\infty$.

    Args:
        inverse_temperature: $\beta\ge0$.
        bias_ratio: $b/k$, the signal of the direction per output, in units of the noise.

    Returns:
        $\rho$, $1-\rho$, and $B/k$.
    """
    beta, ratio = inverse_temperature, bias_ratio
    pays = 2.0 * beta * ratio > 1.0
    safe = jnp.where(pays, beta, 1.0)
    unit = 2.0 * safe * (1.0 + ratio)
    value = (4.0 * safe * (1.0 + safe) * ratio - 1.0) / (4.0 * safe * unit)
    return (
        jnp.where(pays, (2.0 * safe * ratio - 1.0) / unit, 0.0),
        jnp.where(pays, (1.0 + 2.0 * safe) / unit, 1.0),
        jnp.where(pays, value, 0.5 * ratio),
    )


@jax.jit
def optimal_prior_divergence(
    inverse_temperature: Float[Array, "*shape"], bias_ratio: Float[Array, "*shape"]
) -> PriorOptimum:
    r"""Returns fit, shrinkage and value of least bound $J$ over the prior precision.

    With $\Sigma_S=\Sigma_T$,
    $2J=k(\rho/\beta+\rho^2+\beta\rho)+(k+b)(1-\rho)^2(1+\beta\rho)$ is a cubic in $\rho$. With
    $\kappa=k/(k+b)$ and $h=1+\beta+\kappa$ its local minimum is at

    $$1-\rho=\frac{\kappa(1+\beta)^2}{\beta\,[h+\sqrt{h^2-3\kappa(1+\beta)^2}]},$$

    and it lies below the end $\rho=0$, where $2J=k+b$, iff it is real, $\rho>0$ and
    $2\beta(1-\rho)<1+\kappa$. The end $\rho=1$ is never the best: $J$ increases there.

    Args:
        inverse_temperature: $\beta\ge0$.
        bias_ratio: $b/k$, the signal of the direction per output, in units of the noise.

    Returns:
        $\rho$, $1-\rho$, and $J/k$; $\rho=0$ stands for $\lambda\to\infty$.
    """
    beta, ratio = jnp.where(inverse_temperature > 0, inverse_temperature, 1.0), bias_ratio
    noise_share = 1.0 / (1.0 + ratio)
    half = 1.0 + beta + noise_share
    discriminant = half**2 - 3.0 * noise_share * (1.0 + beta) ** 2
    real = (inverse_temperature > 0) & (discriminant > 0)
    root = jnp.sqrt(jnp.where(real, discriminant, 1.0))
    shrinkage = noise_share * (1.0 + beta) ** 2 / (beta * (half + root))
    # The same root of the quadratic in rho, in the form that does not cancel.
    vertex = 2.0 * beta - 1.0 - noise_share
    slope = noise_share * (1.0 + beta**2) + beta * (beta - 2.0)
    fit = jnp.where(
        vertex > 0,
        (vertex + root) / (3.0 * beta),
        slope / (beta * jnp.where(vertex > 0, -1.0, vertex - root)),
    )
    pays = real & (fit > 0) & (2.0 * beta * shrinkage < 1.0 + noise_share)
    kept = (1.0 + ratio) * shrinkage**2 * (1.0 + beta * fit)
    value = 0.5 * (fit * (1.0 / beta + fit + beta) + kept)
    return (
        jnp.where(pays, fit, 0.0),
        jnp.where(pays, shrinkage, 1.0),
        jnp.where(pays, value, 0.5 * (1.0 + ratio)),
    )


@functools.partial(jax.jit, static_argnames="bound")
def optimal_prior_precision(
    spectrum: DesignSpectrum, *, bound: Bound = "divergence"
) -> Float[Array, "directions"]:
    r"""Returns, for every direction alone, the $\lambda$ at which a bound is least.

    $\lambda=\beta\frac{s^2}{\nu^2}\cdot\frac{1-\rho}{\rho}$ at the optimal $\rho$ for the given
    $\beta$. For the dataset shift and a cold teacher $\lambda/\beta$ tends to $k/|W^*u|^2$: the
    ridge estimate of least risk.

    Args:
        spectrum: of the design; its own prior precision plays no part.
        bound: "dataset_shift" ($B$) or "divergence" ($J$ with $\Sigma_S=\Sigma_T$).

    Returns:
        One precision per direction; infinite where the best prior is a point mass at 0.
    """
    beta = spectrum.inverse_temperature
    signal_to_noise = spectrum.squared_singular_values / spectrum.noise_std**2
    ratio = signal_to_noise * spectrum.signal / spectrum.num_outputs
    optimum = {
        "dataset_shift": optimal_prior_dataset_shift,
        "divergence": optimal_prior_divergence,
    }[bound]
    fit, shrinkage, _ = optimum(jnp.broadcast_to(beta, ratio.shape), ratio)
    finite = (fit > 0) & (signal_to_noise > 0)
    precision = beta * signal_to_noise * shrinkage / jnp.where(finite, fit, 1.0)
    return jnp.where(finite, precision, jnp.inf)
