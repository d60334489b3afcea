r"""The algorithm shift for a student covariance that need not commute with $XX^\top$.

Everything is measured in units of the teacher's covariance. With

$$\Sigma_T^{-1/2}=\sqrt\lambda\,I+U\operatorname{diag}(\tau_i^{-1/2}-\sqrt\lambda)U^\top,\qquad
  A=\Sigma_T^{-1/2}\Sigma_S\Sigma_T^{-1/2},\qquad
  C=U\operatorname{diag}(c_i)U^\top\ (+\,I-UU^\top\text{ if the null space is copied}),$$

the mixture's covariance is $A+C$ and the teacher's is $I$: one $d\times d$ eigendecomposition.

Source: ours.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kdtheory._numerics import cholesky_log_determinant, sum_excess_minus_log
from kdtheory.objects.designs import LinearGaussianDesign, left_singular_system, spectrum
from kdtheory.theorems.linear_gaussian.algorithm_shift import (
    NullConvention,
    Rank,
    algorithm_mean_term,
    student_mean_mismatch,
)
from kdtheory.theorems.linear_gaussian.terms import direction_terms

_static = functools.partial(jax.jit, static_argnames=("rank", "null"))


@jax.jit
def general_covariance_mismatch(design: LinearGaussianDesign) -> Float[Array, ""]:
    r"""Returns $\mathrm{Cov}=\frac k2[\operatorname{tr}A-d-\log\det A]$.

    Infinite if $\Sigma_S$ is singular.

    Args:
        design: with a student covariance.
    """
    relative, _ = _relative_covariances(design, "zero", "minnorm")
    return 0.5 * design.true_weights.shape[0] * _excess(relative)


@_static
def general_algorithm_shift_exact(
    design: LinearGaussianDesign, *, rank: Rank = "full", null: NullConvention = "minnorm"
) -> Float[Array, ""]:
    r"""Returns the exact algorithm shift for the design's own student covariance.

    At full rank it is finite even for a singular $\Sigma_S$ as long as $A+C$ is regular: the
    teacher's randomness given the pseudo labels fills the directions that the student leaves out.

    Args:
        design: with a student covariance.
        rank: "full" or "zero".
        null: the student's map on the null space of $X^\top$; no effect at rank zero.
    """
    relative, mixing = _relative_covariances(design, rank, null)
    covariance_part = 0.5 * design.true_weights.shape[0] * _excess(relative + mixing)
    summary = spectrum(design)
    if rank == "zero":
        return covariance_part + algorithm_mean_term(summary, rank=rank)
    mean_part = student_mean_mismatch(summary, direction_terms(summary))
    return covariance_part + 0.5 * jnp.sum(mean_part)


@_static
def general_mutual_information(
    design: LinearGaussianDesign, *, rank: Rank = "full", null: NullConvention = "minnorm"
) -> Float[Array, ""]:
    r"""Returns $I(W_T;(\hat Y,\Theta)\,|\,X)=\frac k2[\sum\log(1+t_i)+\log\det(I+A^{-1}C)]$.

    Infinite at full rank if $\Sigma_S$ is singular: the student then reveals a part of $W_T$
    without noise.
    """
    relative, mixing = _relative_covariances(design, rank, null)
    terms = direction_terms(spectrum(design))
    total = jnp.sum(jnp.log1p(terms.label_excess))
    if rank == "full":
        factor = jnp.linalg.cholesky(relative)
        half = jax.scipy.linalg.solve_triangular(factor, mixing, lower=True)
        ratio = jax.scipy.linalg.solve_triangular(factor, half.T, lower=True)
        revealed = jnp.sum(jnp.log1p(jnp.maximum(jnp.linalg.eigvalsh(ratio), 0.0)))
        total += jnp.where(_is_singular(jnp.linalg.eigvalsh(relative)), jnp.inf, revealed)
    return 0.5 * design.true_weights.shape[0] * total


def _relative_covariances(
    design: LinearGaussianDesign, rank: Rank, null: NullConvention
) -> tuple[Float[Array, "features features"], Float[Array, "features features"]]:
    """Returns $A$ and $C$ of the module docstring ($C = 0$ at rank zero)."""
    if design.student_covariance is None:
        raise ValueError(
            "student_covariance: got None, expected a matrix; for the teacher's own covariance "
            "use the functions of algorithm_shift, which need no d x d matrix"
        )
    summary = spectrum(design)
    terms = direction_terms(summary)
    left_vectors, _ = left_singular_system(design.inputs)
    root = jnp.sqrt(design.prior_precision)
    # tau^(-1/2) - sqrt(lambda), rationalised.
    rise = summary.inverse_temperature * summary.squared_singular_values / summary.noise_std**2
    rise = rise / (jnp.sqrt(1.0 / terms.posterior_variance) + root)

    def whiten(matrix: Array) -> Array:
        return root * matrix + (left_vectors * rise[None, :]) @ (left_vectors.T @ matrix)

    relative = whiten(whiten(design.student_covariance).T)
    if rank == "zero":
        return relative, jnp.zeros_like(relative)
    # A direction beyond the rank has c = 1 exactly, so that removing it from the identity and
    # adding it back agrees with the null space it belongs to.
    active = jnp.where(terms.active[None, :], left_vectors, 0.0)
    if null == "identity":
        identity = jnp.eye(relative.shape[0], dtype=relative.dtype)
        return relative, identity + (active * terms.residual_excess[None, :]) @ active.T
    return relative, (active * terms.residual_variance[None, :]) @ active.T


def _excess(covariance: Float[Array, "features features"]) -> Float[Array, ""]:
    r"""Returns $\operatorname{tr}E-d-\log\det E$, infinite if $E$ is singular up to rounding."""
    identity = jnp.eye(covariance.shape[0], dtype=covariance.dtype)
    excess = jnp.linalg.eigvalsh(covariance - identity)
    log_determinant = cholesky_log_determinant(jnp.linalg.cholesky(covariance))
    value = sum_excess_minus_log(excess, log_determinant)
    return jnp.where(_is_singular(1.0 + excess), jnp.inf, value)


def _is_singular(eigenvalues: Float[Array, "features"]) -> Bool[Array, ""]:
    """Returns whether the smallest eigenvalue is zero as far as rounding can tell."""
    unit = 8 * eigenvalues.size * float(jnp.finfo(eigenvalues.dtype).eps)
    return jnp.min(eigenvalues) <= unit * jnp.max(eigenvalues)
