r"""Generalisation gaps of the case study with squared loss, for any law of the test input.

Given $X$, a test input with second moment $S_x=E\,xx^\top$ and a fresh label:
$L_P(W)=\operatorname{tr}(W-W^*)S_x(W-W^*)^\top+k\nu^2$. With $S_x=XX^\top/n$ everything is as in
`gaps`; in general $S_x$ does not commute with $XX^\top$. In the coordinates of the left singular
vectors (all $d$ of them) $(W_T-W^*)U=c+(e,g)B^\top$ and the residuals are
$(Y-W_TX)V=-c\,s+(e,g)R^\top$, $c=-(1-\rho)W^*U$, so that $h$ is a quadratic form in the label noise
$e$ and the posterior noise $g$ with the matrix $B^\top S_xB-\frac1nR^\top R$: one symmetric
eigendecomposition of order $\min(d,n)+d$, then a sum over its eigenvalues per argument.

Differentiate with respect to a divergence or an argument, not through the decompositions, whose
derivatives do not exist at ties.

Source: ours.
"""

from __future__ import annotations

import dataclasses
import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.objects.designs import LinearGaussianDesign, left_singular_system, spectrum
from kdtheory.theorems.linear_gaussian import gaps, quadratic_forms
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention
from kdtheory.theorems.linear_gaussian.quadratic_forms import QuadraticForm
from kdtheory.theorems.linear_gaussian.terms import DirectionTerms, direction_terms


@jax.jit
def teacher_gap_random(
    design: LinearGaussianDesign, second_moment: Float[Array, "features features"]
) -> Float[Array, ""]:
    r"""Returns $\mathrm{gen}_T=E[L_P(W_T)-L_{D_n}(W_T)]$ given $X$.

    The gap of the fixed design plus $\operatorname{tr}M(S_x-\frac1nXX^\top)$ with
    $M=E(W_T-W^*)^\top(W_T-W^*)=\lambda^2\Sigma_TW^{*\top}W^*\Sigma_T+kC_0$.

    Args:
        design: its student covariance plays no part.
        second_moment: $S_x$, symmetric positive semidefinite, shape ``(d, d)``.

    Returns:
        A scalar; negative where the test inputs are easier than the columns of $X$.

    Example:
        >>> import jax.numpy as jnp
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> print(f"{teacher_gap_random(one, jnp.array([[2.0]])):.4f}")
        1.8125
    """
    world = _coordinates(design, second_moment)
    fixed = gaps.teacher_gap(spectrum(design), float(design.inputs.shape[1]))
    return fixed + _error_trace(world, world.moment - world.sample_moment, "identity")


@functools.partial(jax.jit, static_argnames="null")
def student_gap_random(
    design: LinearGaussianDesign,
    second_moment: Float[Array, "features features"],
    *,
    null: NullConvention = "minnorm",
) -> Float[Array, ""]:
    r"""Returns $\mathrm{gen}_S=E[L_P(\Theta)-L_{\hat D}(\Theta)]$ given $X$, at full rank.

    $\operatorname{tr}M_SS_x+k\operatorname{tr}\Sigma_S(S_x-\frac1nXX^\top)$, where $M_S$ is $M$ of
    `teacher_gap_random` for a student that copies the null space (``null="identity"``), and $M$
    without its $k/\lambda$ there for the min-norm map.

    Args:
        design: with its student covariance (None: the teacher's).
        second_moment: $S_x$, shape ``(d, d)``.
        null: the student's map on the null space of $X^\top$.

    Returns:
        A scalar.
    """
    world = _coordinates(design, second_moment)
    excess = world.moment - world.sample_moment
    if design.student_covariance is None:
        own = jnp.sum(world.posterior_variance * jnp.diagonal(excess))
    else:
        own = jnp.sum(_rotated(world.basis, design.student_covariance) * excess)
    return _error_trace(world, world.moment, null) + design.true_weights.shape[0] * own


@jax.jit
def gap_form_random(
    design: LinearGaussianDesign, second_moment: Float[Array, "features features"]
) -> QuadraticForm:
    r"""Returns the teacher's gap $h=L_P(W_T)-L_{D_n}(W_T)$ as a diagonalised quadratic form.

    Variance, domain and log-mgf are those of `quadratic_forms`. Arguments as in
    `teacher_gap_random`.

    Returns:
        The form, with $\min(d,n)+d$ terms and one for the sample directions that no weight fits.
    """
    world = _coordinates(design, second_moment)
    terms, num_samples = world.terms, design.inputs.shape[1]
    outputs, directions = design.true_weights.shape[0], terms.fit.size
    noise_std = design.noise_std
    root = jnp.sqrt(world.posterior_variance)
    stretch = jnp.sqrt(world.squared_singular_values)
    # Label noise moves the weights by beta s tau / nu, in which nothing divides by s.
    fitted = design.inverse_temperature * stretch * terms.posterior_variance / noise_std
    identity = jnp.eye(root.size, directions, dtype=root.dtype)
    moved = jnp.concatenate([identity * fitted[None, :], jnp.diag(root)], axis=1)
    residual = jnp.concatenate(
        [
            jnp.diag(noise_std * terms.shrinkage),
            -identity.T * (stretch * root[:directions])[:, None],
        ],
        axis=1,
    )
    missed = -world.mean_error[:, :directions] * stretch[None, :]
    matrix = moved.T @ world.moment @ moved - residual.T @ residual / num_samples
    slope = 2.0 * (world.mean_error @ world.moment @ moved - missed @ residual / num_samples)
    eigenvalues, vectors = jnp.linalg.eigh(matrix)
    rounding = eigenvalues.size * jnp.finfo(root.dtype).eps * jnp.max(jnp.abs(eigenvalues))
    eigenvalues = jnp.where(jnp.abs(eigenvalues) > rounding, eigenvalues, 0.0)
    unfitted = num_samples - directions
    last = -(noise_std**2) / num_samples if unfitted else jnp.zeros_like(noise_std)
    return QuadraticForm(
        mean=teacher_gap_random(design, second_moment),
        eigenvalues=jnp.concatenate([eigenvalues, last[None]]),
        counts=jnp.asarray([outputs] * eigenvalues.size + [outputs * unfitted], root.dtype),
        linear=jnp.concatenate(
            [jnp.sum((slope @ vectors) ** 2, axis=0), jnp.zeros_like(last)[None]]
        ),
    )


@jax.jit
def gap_log_mgf_random(
    design: LinearGaussianDesign,
    second_moment: Float[Array, "features features"],
    argument: Float[Array, ""] | float,
) -> Float[Array, ""]:
    r"""Returns $\Lambda(\ell)=\log Ee^{\ell h}$, $\infty$ at the ends of its domain and beyond.

    For many arguments diagonalise once: `gap_form_random`, then `quadratic_forms.log_mgf`.

    Args:
        design: the design.
        second_moment: $S_x$, shape ``(d, d)``.
        argument: $\ell$.
    """
    return quadratic_forms.log_mgf(gap_form_random(design, second_moment), argument)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class _Coordinates:
    """The design in all d left singular vectors; what is per feature is padded to d entries."""

    basis: Float[Array, "features features"]
    terms: DirectionTerms
    squared_singular_values: Float[Array, "directions"]
    mean_error: Float[Array, "outputs features"]
    posterior_variance: Float[Array, "features"]
    weight_variance: Float[Array, "features"]
    is_fitted: Float[Array, "features"]
    moment: Float[Array, "features features"]
    sample_moment: Float[Array, "features features"]


def _coordinates(design: LinearGaussianDesign, second_moment: Array) -> _Coordinates:
    summary = spectrum(design)
    terms = direction_terms(summary)
    basis, _ = left_singular_system(design.inputs)
    num_features, directions = basis.shape
    if directions < num_features:
        rest = jnp.linalg.qr(basis, mode="complete")[0][:, directions:]
        basis = jnp.concatenate([basis, rest], axis=1)

    def padded(values: Array, beyond: Array | float) -> Array:
        rest = jnp.full(num_features - directions, beyond, values.dtype)
        return jnp.concatenate([values, rest])

    prior_variance = 1.0 / design.prior_precision
    squared = summary.squared_singular_values
    sample = padded(squared / design.inputs.shape[1], 0.0)
    return _Coordinates(
        basis=basis,
        terms=terms,
        squared_singular_values=squared,
        mean_error=-padded(terms.shrinkage, 1.0)[None, :] * (design.true_weights @ basis),
        posterior_variance=padded(terms.posterior_variance, prior_variance),
        weight_variance=padded(terms.posterior_variance * terms.teacher_variance, prior_variance),
        is_fitted=padded(terms.active.astype(basis.dtype), 0.0),
        moment=_rotated(basis, second_moment),
        sample_moment=jnp.diag(sample),
    )


def _rotated(basis: Array, matrix: Array) -> Float[Array, "features features"]:
    rotated = basis.T @ matrix @ basis
    return 0.5 * (rotated + rotated.T)


def _error_trace(world: _Coordinates, moment: Array, null: NullConvention) -> Float[Array, ""]:
    r"""Returns $\operatorname{tr}M\,S$ for the mean squared error $M$ of the mean of a student."""
    variance = world.weight_variance
    if null == "minnorm":
        variance = variance * world.is_fitted
    bias = jnp.sum((world.mean_error @ moment) * world.mean_error)
    return bias + world.mean_error.shape[0] * jnp.sum(variance * jnp.diagonal(moment))
