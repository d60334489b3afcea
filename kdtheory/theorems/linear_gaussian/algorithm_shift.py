r"""Algorithm shift and total divergence where the student's kernel has a closed form.

Given the pseudo data $\hat D$ the student's kernel is the mixture of $\mathrm{MN}(W_TM^*, I,
\Sigma_S)$ over $W_T\,|\,\hat Y$, and the teacher's is $\mathrm{MN}(\bar W(\hat D),I,\Sigma_T)$.
Two ranks leave the mixture Gaussian: ``rank="full"`` ($\kappa\ge\min(k,\operatorname{rank}X)$, so
that $M^*$ changes nothing on the range of $X$) and ``rank="zero"`` ($M^* = 0$).

The best map is not unique on the null space of $X^\top$. ``null="minnorm"`` takes $M^*=XX^+$ and
``null="identity"`` takes $M^*=I$ at full rank $\kappa=d$; at rank zero there is no choice and the
argument has no effect.

The student's covariance enters by its eigenvalues relative to $\Sigma_T$: ``student_scale`` in the
directions $u_i$ and ``null_scale`` on the null space (both 1 for $\Sigma_S=\Sigma_T$). A
covariance with other eigenvectors is treated in `student_covariance`.

Source: Li & He, arXiv:2605.13143, appendix E, for the decomposition; the exact values, and that
the cross term is never positive, are ours.
"""

from __future__ import annotations

import functools
from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import excess_minus_log
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian.dataset_shift import (
    dataset_shift_exact,
    dataset_shift_printed,
)
from kdtheory.theorems.linear_gaussian.terms import DirectionTerms, direction_terms

Rank: TypeAlias = Literal["full", "zero"]
NullConvention: TypeAlias = Literal["minnorm", "identity"]
Scale: TypeAlias = Float[Array, "directions"] | Float[Array, ""] | float
NullScale: TypeAlias = Float[Array, ""] | float

_static_rank = functools.partial(jax.jit, static_argnames="rank")
_static = functools.partial(jax.jit, static_argnames=("rank", "null"))


@jax.jit
def covariance_mismatch(
    spectrum: DesignSpectrum, *, student_scale: Scale = 1.0, null_scale: NullScale = 1.0
) -> Float[Array, ""]:
    r"""Returns $\mathrm{Cov}(\Sigma_S,\Sigma_T) = \frac k2\sum_j(e_j-1-\log e_j)\ge0$.

    $e_j$ are the eigenvalues of $\Sigma_T^{-1}\Sigma_S$: zero iff $\Sigma_S=\Sigma_T$.

    Args:
        spectrum: of the design.
        student_scale: $e_i$ in the directions of the design, scalar or one per direction.
        null_scale: $e$ on the null space of $X^\top$.

    Returns:
        A nonnegative scalar, infinite where the student is deterministic in some direction.
    """
    student_scale = jnp.asarray(student_scale, spectrum.signal.dtype)
    null_scale = jnp.asarray(null_scale, spectrum.signal.dtype)
    active = spectrum.squared_singular_values > 0
    per_direction = excess_minus_log(student_scale, student_scale - 1.0)
    total = _sum_active(active, per_direction)
    null = excess_minus_log(null_scale, null_scale - 1.0)
    return 0.5 * spectrum.num_outputs * (total + _times_count(spectrum.num_null, null))


@_static_rank
def approximation(spectrum: DesignSpectrum, *, rank: Rank = "full") -> Float[Array, ""]:
    r"""Returns $E\,\mathrm{apx}$, the price of what a rank-constrained student cannot follow.

    Zero at full rank; at rank zero $\frac12\sum_i[\beta\rho_ib_i+k(1+\beta\rho_i)]$ over the range
    of $X$, which is half the teacher's energy in units of its posterior covariance.
    """
    if rank == "full":
        return jnp.zeros_like(spectrum.num_outputs)
    terms = direction_terms(spectrum)
    energy = terms.mean_energy + spectrum.num_outputs * terms.teacher_variance
    return 0.5 * _sum_active(terms.active, energy)


@_static_rank
def cross(spectrum: DesignSpectrum, *, rank: Rank = "full") -> Float[Array, ""]:
    r"""Returns $E\,\mathrm{cross}\le0$, the mixed term that the factor 2 was meant to absorb.

    Zero at full rank; at rank zero $-\sum_i(1-\rho_i)[\beta\rho_ib_i+k(1+\beta\rho_i)]$.
    """
    if rank == "full":
        return jnp.zeros_like(spectrum.num_outputs)
    terms = direction_terms(spectrum)
    noise = spectrum.num_outputs * terms.shrinkage * terms.teacher_variance
    # (1 - rho) beta rho b by (1 - rho) b, which stays finite as the noise vanishes.
    signal = spectrum.inverse_temperature * terms.fit * terms.pull
    return -_sum_active(terms.active, signal + noise)


@_static_rank
def bottleneck(spectrum: DesignSpectrum, *, rank: Rank = "full") -> Float[Array, ""]:
    r"""Returns $E[\mathrm{apx}+\mathrm{cross}]$, what a constrained rank costs or saves.

    Zero at full rank; at rank zero $\frac12\sum_i(2\rho_i-1)[\beta\rho_ib_i+k(1+\beta\rho_i)]$,
    negative where the prior outweighs the data.
    """
    if rank == "full":
        return jnp.zeros_like(spectrum.num_outputs)
    terms = direction_terms(spectrum)
    energy = terms.mean_energy + spectrum.num_outputs * terms.teacher_variance
    return 0.5 * _sum_active(terms.active, (terms.fit - terms.shrinkage) * energy)


@_static
def spread(
    spectrum: DesignSpectrum, *, rank: Rank = "full", null: NullConvention = "minnorm"
) -> Float[Array, ""]:
    r"""Returns $E\,\mathrm{spread}=\frac12E\|W_TM-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}$, $M$ full.

    $\frac12\sum_i[(1-\rho_i)^2\beta\rho_ib_i+kq_i]$ at every rank, plus $\frac k2$ per null
    direction if the student copies the teacher there (full rank with ``null="identity"``).
    """
    terms = direction_terms(spectrum)
    outputs = spectrum.num_outputs
    signal = spectrum.inverse_temperature * terms.fit * terms.squared_bias
    total = _sum_active(terms.active, signal + outputs * terms.mismatch)
    copied = outputs * spectrum.num_null if rank == "full" and null == "identity" else 0.0
    return 0.5 * (total + copied)


@_static
def algorithm_shift_exact(
    spectrum: DesignSpectrum,
    *,
    rank: Rank = "full",
    null: NullConvention = "minnorm",
    student_scale: Scale = 1.0,
    null_scale: NullScale = 1.0,
) -> Float[Array, ""]:
    r"""Returns $E_{\hat D}\mathrm{KL}(q_S(\cdot|\hat D)\,\|\,q_T(\cdot|\hat D))$, exactly.

    At full rank $\frac12\sum_i[\beta\rho_i(1-\rho_i)^2b_i+k(q_i+e_i-1-\log(c_i+e_i))]$ plus, per
    null direction, $\frac k2(e-1-\log e)$ (min-norm) or $\frac k2(e-\log(1+e))$ (identity). At
    rank zero $\mathrm{Cov}+\frac12\sum_i[\beta\rho_i^3b_i+k\rho_i(\beta+\rho_i+\beta\rho_i^2)]$.

    Args:
        spectrum: of the design.
        rank: "full" or "zero".
        null: the student's map on the null space of $X^\top$, "minnorm" or "identity".
        student_scale: $e_i\ge0$, scalar or one per direction.
        null_scale: $e\ge0$ on the null space.

    Returns:
        A nonnegative scalar.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> print(f"{algorithm_shift_exact(spectrum(one)):.5f}")
        0.14361
    """
    if rank == "zero":
        mismatch = covariance_mismatch(spectrum, student_scale=student_scale, null_scale=null_scale)
        return mismatch + algorithm_mean_term(spectrum, rank=rank)
    terms = direction_terms(spectrum)
    outputs = spectrum.num_outputs
    student_scale = jnp.asarray(student_scale, spectrum.signal.dtype)
    null_scale = jnp.asarray(null_scale, spectrum.signal.dtype)
    # c + e - 1 from c - 1 or from e - 1, whichever of the two is closer to zero.
    excess = jnp.where(
        student_scale < 0.5,
        terms.residual_excess + student_scale,
        terms.residual_variance + (student_scale - 1.0),
    )
    mixture = excess_minus_log(terms.residual_variance + student_scale, excess)
    total = _sum_active(terms.active, student_mean_mismatch(spectrum, terms) + outputs * mixture)
    copied = 1.0 if null == "identity" else 0.0
    null_part = excess_minus_log(copied + null_scale, (copied - 1.0) + null_scale)
    return 0.5 * (total + outputs * _times_count(spectrum.num_null, null_part))


@_static
def algorithm_mean_term(
    spectrum: DesignSpectrum, *, rank: Rank = "full", null: NullConvention = "minnorm"
) -> Float[Array, ""]:
    r"""Returns $\frac12E\|W_TM^*-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}$ = apx + cross + spread.

    At rank zero the sum cancels and is evaluated as
    $\frac12\sum_i\rho_i[\rho_i\cdot\beta\rho_ib_i+k\beta(1+t_i)]$.
    """
    if rank == "full":
        return spread(spectrum, rank=rank, null=null)
    terms = direction_terms(spectrum)
    noise = spectrum.num_outputs * spectrum.inverse_temperature * (1.0 + terms.label_excess)
    return 0.5 * jnp.sum(terms.fit * (terms.fit * terms.mean_energy + noise))


@_static
def algorithm_shift_bound(
    spectrum: DesignSpectrum,
    *,
    rank: Rank = "full",
    null: NullConvention = "minnorm",
    student_scale: Scale = 1.0,
    null_scale: NullScale = 1.0,
) -> Float[Array, ""]:
    r"""Returns apx + cross + spread + Cov, which bounds the algorithm shift by convexity.

    Without the factor 2 of the paper, which the sign of the cross term makes unnecessary. Equal to
    the exact value at rank zero. Arguments as in `algorithm_shift_exact`.
    """
    mismatch = covariance_mismatch(spectrum, student_scale=student_scale, null_scale=null_scale)
    return mismatch + algorithm_mean_term(spectrum, rank=rank, null=null)


@_static
def divergence_exact(
    spectrum: DesignSpectrum,
    *,
    rank: Rank = "full",
    null: NullConvention = "minnorm",
    student_scale: Scale = 1.0,
    null_scale: NullScale = 1.0,
) -> Float[Array, ""]:
    r"""Returns $K_n=\mathrm{KL}(\text{law}(\hat Y,\Theta)\,\|\,\text{law}(Y,W_T))$ given $X$.

    The sum of `dataset_shift_exact` and `algorithm_shift_exact`; arguments as in the latter.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> print(f"{divergence_exact(spectrum(one)):.5f}")
        0.27005
    """
    return dataset_shift_exact(spectrum) + algorithm_shift_exact(
        spectrum, rank=rank, null=null, student_scale=student_scale, null_scale=null_scale
    )


@_static
def divergence_bound(
    spectrum: DesignSpectrum,
    *,
    rank: Rank = "full",
    null: NullConvention = "minnorm",
    student_scale: Scale = 1.0,
    null_scale: NullScale = 1.0,
) -> Float[Array, ""]:
    r"""Returns $J = B + \mathrm{apx} + \mathrm{cross} + \mathrm{spread} + \mathrm{Cov}\ge K_n$.

    The compact decomposition, corrected; arguments as in `algorithm_shift_exact`.
    """
    return dataset_shift_printed(spectrum) + algorithm_shift_bound(
        spectrum, rank=rank, null=null, student_scale=student_scale, null_scale=null_scale
    )


@_static
def mutual_information(
    spectrum: DesignSpectrum,
    *,
    rank: Rank = "full",
    null: NullConvention = "minnorm",
    student_scale: Scale = 1.0,
    null_scale: NullScale = 1.0,
) -> Float[Array, ""]:
    r"""Returns $I(W_T;(\hat Y,\Theta)\,|\,X) = J - K_n$, what the bound gives away.

    $\frac k2\sum_i[\log(1+t_i)+\log(1+c_i/e_i)]$, the second term only at full rank, plus
    $\frac k2\log(1+1/e)$ per null direction if the student copies the teacher there.
    """
    terms = direction_terms(spectrum)
    total = jnp.sum(jnp.log1p(terms.label_excess))
    if rank == "full":
        total += _sum_active(
            terms.active, jnp.log1p(terms.residual_variance / jnp.asarray(student_scale))
        )
        if null == "identity":
            null_part = jnp.log1p(1.0 / jnp.asarray(null_scale, spectrum.signal.dtype))
            total += _times_count(spectrum.num_null, null_part)
    return 0.5 * spectrum.num_outputs * total


def student_mean_mismatch(
    spectrum: DesignSpectrum, terms: DirectionTerms
) -> Float[Array, "directions"]:
    r"""Returns $E\|(E[W_T|\hat Y]-\bar W)u_i\|^2/\tau_i=(1-\rho_i)^2\beta\rho_ib_i+k(q_i-c_i)$.

    Here $\bar W=\bar W(\hat D)$, the teacher's mean had it seen the pseudo data.
    """
    signal = spectrum.inverse_temperature * terms.fit * terms.squared_bias
    return signal + spectrum.num_outputs * terms.mean_mismatch


def _sum_active(active: Array, values: Array) -> Float[Array, ""]:
    return jnp.sum(jnp.where(active, values, 0.0))


def _times_count(count: Array, value: Array) -> Float[Array, ""]:
    # No null direction, no contribution, even where the value is infinite.
    return jnp.where(count > 0, count * jnp.where(count > 0, value, 0.0), 0.0)
