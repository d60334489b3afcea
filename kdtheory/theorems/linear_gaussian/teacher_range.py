r"""The teacher's weights on the range of the design, in units of their posterior deviation.

With $X=\sum_is_iu_iv_i^\top$ and $a_i=W_Tu_i/\sqrt{\tau_i}$ everything that a student of
intermediate rank depends on is a $k\times r$ array with independent entries:

* $a_i\sim N(\rho_ia^*_i, (1+\beta\rho_i)I)$ with $a^*_i=W^*u_i/\sqrt{\tau_i}$;
* the pseudo labels say $\sqrt{r_i}a_i+e_i$, $e_i\sim N(0,I)$, so that $a_i\,|\,\hat Y\sim
  N(c_i[\frac{\rho_i}{1+\beta\rho_i}a^*_i+r_ia_i+\sqrt{r_i}e_i], c_iI)$;
* $W_TX$ has the Gram matrix $\nu^2\sum_ir_ia_ia_i^\top$, whose top $\kappa$ eigenvectors span the
  range of $\Pi$;
* the teacher refitted to the pseudo labels has mean $\rho_ia_i+\beta\sqrt{r_i}e_i$ and covariance
  $I$.

Source: ours.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory.objects.designs import (
    DesignSpectrum,
    LinearGaussianDesign,
    left_singular_system,
    spectrum,
)
from kdtheory.theorems.linear_gaussian.terms import DirectionTerms, direction_terms


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class TeacherRange:
    r"""The law of the teacher's weights on the range of $X$; `teacher_range` builds it.

    Attributes:
        truth: $a^*$, shape ``(k, r)``.
        summary: spectrum of the $r$ directions in which $X$ is not zero.
        num_samples: $n$, a floating leaf.
    """

    truth: Float[Array, "outputs directions"]
    summary: DesignSpectrum
    num_samples: Float[Array, ""]

    @property
    def terms(self) -> DirectionTerms:
        """The quantities of every direction."""
        return direction_terms(self.summary)

    @property
    def mean(self) -> Float[Array, "outputs directions"]:
        r"""The mean of the teacher's weights, $\rho_ia^*_i$."""
        return self.terms.fit[None, :] * self.truth


def teacher_range(design: LinearGaussianDesign) -> TeacherRange:
    r"""Returns the teacher's law on the range of $X$: one singular value decomposition.

    Not to be called under ``jit``: the number of directions, the rank of $X$, is a shape.

    Args:
        design: the design; its student covariance plays no part.

    Example:
        >>> design = LinearGaussianDesign.create([[1.0], [0.0]], [[0.5, 2.0]])
        >>> teacher_range(design).mean.shape
        (1, 1)
    """
    summary = spectrum(design)
    squares = np.asarray(summary.squared_singular_values)
    active = squares > 0
    summary = dataclasses.replace(
        summary,
        squared_singular_values=jax.device_put(squares[active]),
        signal=jax.device_put(np.asarray(summary.signal)[active]),
    )
    left_vectors = np.asarray(left_singular_system(design.inputs)[0])[:, active]
    num_samples = np.asarray(design.inputs.shape[1], squares.dtype)
    return TeacherRange(
        truth=_in_deviations(design.true_weights, left_vectors, summary),
        summary=summary,
        num_samples=jax.device_put(num_samples),
    )


@jax.jit
def _in_deviations(
    weights: Float[Array, "outputs features"],
    left_vectors: Float[Array, "features directions"],
    summary: DesignSpectrum,
) -> Float[Array, "outputs directions"]:
    """Returns weights along the directions, in units of the posterior deviation there."""
    deviation = jnp.sqrt(direction_terms(summary).posterior_variance)[None, :]
    return weights @ left_vectors / deviation


def output_basis(
    weights: Float[Array, "outputs directions"], strength: Float[Array, "directions"]
) -> tuple[Float[Array, "outputs"], Float[Array, "outputs outputs"]]:
    r"""Returns eigenvalues, largest first, and eigenvectors of $\sum_ir_ia_ia_i^\top$.

    Args:
        weights: $a$, in units of the posterior deviation.
        strength: $r_i$.
    """
    gram = (weights * strength[None, :]) @ weights.T
    values, vectors = jnp.linalg.eigh(gram)
    return values[::-1], vectors[:, ::-1]


def projected(
    weights: Float[Array, "outputs directions"], strength: Float[Array, "directions"], rank: int
) -> Float[Array, "outputs directions"]:
    r"""Returns $\Pi a$: what a student of rank $\kappa$ keeps of the teacher's weights."""
    kept = output_basis(weights, strength)[1][:, :rank]
    return kept @ (kept.T @ weights)


def lost(
    weights: Float[Array, "outputs directions"], strength: Float[Array, "directions"], rank: int
) -> Float[Array, "outputs directions"]:
    r"""Returns $(I-\Pi)a$, not as a difference."""
    dropped = output_basis(weights, strength)[1][:, rank:]
    return dropped @ (dropped.T @ weights)
