r"""What is known with the data set or the teacher's weights in hand: arrays in, arrays out.

Lemma 11, the dataset shift and the spread given $D_n$, and the split of the algorithm shift's mean
term given $W_T$ into apx, cross and spread, for a student of any rank.

Source: Li & He, arXiv:2605.13143, appendix E, Lemma 11 and the lines after it; the exact values
and the exact split are ours.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import cut_singular_values, x_minus_log1p
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign, left_singular_system
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention
from kdtheory.theorems.linear_gaussian.terms import DirectionTerms, direction_terms


@jax.jit
def gibbs_posterior(
    inputs: Float[Array, "features samples"],
    labels: Float[Array, "outputs samples"],
    prior_precision: Float[Array, ""] | float,
    inverse_temperature: Float[Array, ""] | float,
    noise_std: Float[Array, ""] | float,
) -> tuple[Float[Array, "outputs features"], Float[Array, "features features"]]:
    r"""Returns the Gibbs teacher's posterior $\mathrm{MN}(\bar W, I_k, \Sigma_T)$ (Lemma 11).

    The law proportional to $\exp(-\frac\lambda2\|W\|_F^2-\frac{\beta}{2\nu^2}\|Y-WX\|_F^2)$ has
    $\Sigma_T=(\lambda I+\frac{\beta}{\nu^2}XX^\top)^{-1}$ and
    $\bar W=\frac{\beta}{\nu^2}YX^\top\Sigma_T$.

    Args:
        inputs: $X$, shape ``(d, n)``.
        labels: $Y$, shape ``(k, n)``.
        prior_precision: $\lambda>0$.
        inverse_temperature: $\beta\ge0$.
        noise_std: $\nu>0$.

    Returns:
        $\bar W$, shape ``(k, d)``, and $\Sigma_T$, shape ``(d, d)``.

    Source: Li & He, arXiv:2605.13143, appendix E, Lemma 11.

    Example:
        >>> import jax.numpy as jnp
        >>> one, label = jnp.array([[1.0]]), jnp.array([[0.8]])
        >>> mean, covariance = gibbs_posterior(one, label, 1.0, 1.0, 1.0)
        >>> print(f"{mean[0, 0]:.1f} {covariance[0, 0]:.1f}")
        0.4 0.5
    """
    left_vectors, singular_values, right_vectors = _singular_system(inputs)
    noise_variance = noise_std**2
    denominator = prior_precision * noise_variance + inverse_temperature * singular_values**2
    coefficients = (inverse_temperature * singular_values / denominator)[None, :]
    mean = (labels @ right_vectors * coefficients) @ left_vectors.T
    num_features, num_directions = left_vectors.shape
    if num_directions == num_features:
        covariance = (left_vectors * (noise_variance / denominator)[None, :]) @ left_vectors.T
    else:
        # The null space has the largest eigenvalue, 1/lambda, so that nothing is lost against it.
        fit = coefficients * singular_values[None, :]
        identity = jnp.eye(num_features, dtype=inputs.dtype)
        covariance = (identity - (left_vectors * fit) @ left_vectors.T) / prior_precision
    return mean, covariance


@jax.jit
def bias_given_data(
    design: LinearGaussianDesign, labels: Float[Array, "outputs samples"]
) -> Float[Array, ""]:
    r"""Returns $\mathrm{Bias}(D_n)=\|(\bar W-W^*)X\|_F^2$.

    In direction $i$ the residual is $\rho_i(Yv_i-s_iW^*u_i)-(1-\rho_i)s_iW^*u_i$: the label noise
    that was fitted and the signal that was not.
    """
    left_vectors, singular_values, right_vectors = _singular_system(design.inputs)
    terms = _terms(design, singular_values)
    signal = design.true_weights @ left_vectors * singular_values[None, :]
    noise = labels @ right_vectors - signal
    return jnp.sum((terms.fit[None, :] * noise - terms.shrinkage[None, :] * signal) ** 2)


@jax.jit
def dataset_shift_given_data_printed(
    design: LinearGaussianDesign, labels: Float[Array, "outputs samples"]
) -> Float[Array, ""]:
    r"""Returns $(\mathrm{Bias}(D_n)+k\mathrm{Var})/(2\nu^2)$, the paper's bound given the data."""
    singular_values = left_singular_system(design.inputs)[1]
    predictive_variance = _terms(design, singular_values).predictive_variance
    bias = bias_given_data(design, labels) / design.noise_std**2
    return 0.5 * (bias + labels.shape[0] * jnp.sum(predictive_variance))


@jax.jit
def dataset_shift_given_data_exact(
    design: LinearGaussianDesign, labels: Float[Array, "outputs samples"]
) -> Float[Array, ""]:
    r"""Returns $\mathrm{KL}(\hat Y\,|\,D_n\,\|\,Y)$, the dataset shift given the data.

    $\frac12[k\sum_i(r_i-\log(1+r_i))+\mathrm{Bias}(D_n)/\nu^2]$.

    Args:
        design: the design; its student covariance plays no part.
        labels: $Y$, shape ``(k, n)``.

    Returns:
        A nonnegative scalar.
    """
    singular_values = left_singular_system(design.inputs)[1]
    predictive_variance = _terms(design, singular_values).predictive_variance
    bias = bias_given_data(design, labels) / design.noise_std**2
    return 0.5 * (bias + labels.shape[0] * jnp.sum(x_minus_log1p(predictive_variance)))


@functools.partial(jax.jit, static_argnames="null")
def spread_given_data(
    design: LinearGaussianDesign,
    labels: Float[Array, "outputs samples"],
    *,
    null: NullConvention = "minnorm",
) -> Float[Array, ""]:
    r"""Returns $E[\mathrm{spread}\,|\,D_n]$, the mean over $W_T$ and its pseudo labels.

    $\frac12\sum_i[\lambda(1-\rho_i)|\bar Wu_i|^2+k(1-\rho_i)^2+k\beta\rho_i]$ over the range of
    $X$, plus $\frac k2$ per null direction if the student copies the teacher there.

    Args:
        design: the design.
        labels: $Y$, shape ``(k, n)``.
        null: the student's map on the null space of $X^\top$, "minnorm" or "identity".

    Example:
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> print(f"{spread_given_data(one, jnp.array([[0.8]])):.3f}")
        0.415
    """
    _, singular_values, right_vectors = _singular_system(design.inputs)
    terms = _terms(design, singular_values)
    snr = design.inverse_temperature / design.noise_std**2
    mean = labels @ right_vectors * (snr * singular_values * terms.posterior_variance)[None, :]
    energy = design.prior_precision * jnp.sum(mean**2, axis=0) * terms.shrinkage
    noise = terms.shrinkage**2 + design.inverse_temperature * terms.fit
    num_outputs, num_features = design.true_weights.shape
    total = jnp.sum(energy) + num_outputs * jnp.sum(jnp.where(terms.active, noise, 0.0))
    if null == "identity":
        total += num_outputs * (num_features - jnp.sum(terms.active, dtype=labels.dtype))
    return 0.5 * total


@functools.partial(jax.jit, static_argnames="rank")
def truncated_student_mean(
    design: LinearGaussianDesign, teacher_weights: Float[Array, "outputs features"], *, rank: int
) -> Float[Array, "outputs features"]:
    r"""Returns $W_TM^*=\Pi W_TP_X=(W_TX)_\kappa X^+$, the mean of a student of rank $\kappa$.

    Of all minimisers of $\|W_TX-W_TMX\|_F$ over maps of rank $\kappa$, the one of smallest norm. It
    is a projection of the outputs followed by one of the inputs, and $X^+$ is never formed.

    Args:
        design: the design.
        teacher_weights: $W_T$, shape ``(k, d)``.
        rank: $\kappa\ge0$.

    Source: ours, from Eckart-Young and Friedland-Torokhti.
    """
    coordinates, _, rotation, left_vectors = _output_rotation(design, teacher_weights)
    kept = rotation[:, :rank]
    return kept @ (kept.T @ coordinates) @ left_vectors.T


@functools.partial(jax.jit, static_argnames="rank")
def apx_cross_spread_given_teacher(
    design: LinearGaussianDesign, teacher_weights: Float[Array, "outputs features"], *, rank: int
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    r"""Returns apx, cross and spread given $W_T$, for the min-norm map of rank $\kappa$.

    With $W_TM^*=\Pi W_TP_X$, $\Pi$ the projection onto the top $\kappa$ left singular vectors of
    $W_TX$ and $P_X=XX^+$,

    $$\tfrac12E\|W_TM^*-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}
      =\mathrm{apx}+\mathrm{cross}+\mathrm{spread},$$

    apx $=\frac12[\lambda\|(I-\Pi)W_TP_X\|^2+\frac{\beta}{\nu^2}\sum_{j>\kappa}\sigma_j^2(W_TX)]$,
    cross $=-\lambda\|(I-\Pi)W_TP_X\|^2$ and
    spread $=\frac12[\lambda^2\|W_TP_X\Sigma_T^{1/2}\|^2+k\beta\sum\rho_i]$; the expectation is over
    the pseudo labels' noise.

    Args:
        design: the design.
        teacher_weights: $W_T$, shape ``(k, d)``.
        rank: $\kappa\ge0$; from $\min(k,\operatorname{rank}X)$ on, apx and cross vanish.

    Returns:
        The three terms, scalars.
    """
    coordinates, singular_values, rotation, _ = _output_rotation(design, teacher_weights)
    terms = _terms(design, singular_values)
    stretch = singular_values[None, :]
    lost = rotation[:, rank:].T @ coordinates
    lost_energy = design.prior_precision * jnp.sum(lost**2)
    snr = design.inverse_temperature / design.noise_std**2
    approximation = 0.5 * (lost_energy + snr * jnp.sum((lost * stretch) ** 2))
    pull = design.prior_precision**2 * jnp.sum(coordinates**2 * terms.posterior_variance[None, :])
    noise = teacher_weights.shape[0] * design.inverse_temperature * jnp.sum(terms.fit)
    return approximation, -lost_energy, 0.5 * (pull + noise)


def _output_rotation(
    design: LinearGaussianDesign, teacher_weights: Array
) -> tuple[Array, Array, Array, Array]:
    """Returns W_T on the range of X, the s_i, the left singular vectors of W_T X, and the u_i."""
    left_vectors, singular_values = left_singular_system(design.inputs)
    coordinates = jnp.where(singular_values[None, :] > 0, teacher_weights @ left_vectors, 0.0)
    rotation = jnp.linalg.svd(coordinates * singular_values[None, :], full_matrices=True)[0]
    return coordinates, singular_values, rotation, left_vectors


def _singular_system(inputs: Array) -> tuple[Array, Array, Array]:
    left_vectors, singular_values, right_vectors = jnp.linalg.svd(inputs, full_matrices=False)
    return left_vectors, cut_singular_values(singular_values, *inputs.shape), right_vectors.T


def _terms(design: LinearGaussianDesign, singular_values: Array) -> DirectionTerms:
    unused = jnp.zeros_like(design.prior_precision)
    return direction_terms(
        DesignSpectrum(
            squared_singular_values=singular_values**2,
            signal=jnp.zeros_like(singular_values),
            num_outputs=unused,
            num_null=unused,
            prior_precision=design.prior_precision,
            inverse_temperature=design.inverse_temperature,
            noise_std=design.noise_std,
        )
    )


@jax.jit
def least_squares(
    inputs: Float[Array, "features samples"], labels: Float[Array, "outputs samples"]
) -> tuple[Float[Array, "outputs features"], Float[Array, ""], Float[Array, ""]]:
    r"""Returns the least-squares weights $YX^+$, $\|Y-YX^+X\|_F^2$ and $\operatorname{rank}X$.

    Args:
        inputs: $X$, shape ``(d, n)``.
        labels: $Y$, shape ``(k, n)``.

    Returns:
        The weights of smallest norm ``(k, d)``, the residual sum of squares and the rank.
    """
    left_vectors, singular_values, right_vectors = _singular_system(inputs)
    active = singular_values > 0
    coordinates = jnp.where(active[None, :], labels @ right_vectors, 0.0)
    weights = (coordinates / jnp.where(active, singular_values, 1.0)[None, :]) @ left_vectors.T
    residual = jnp.sum((labels - coordinates @ right_vectors.T) ** 2)
    return weights, residual, jnp.sum(active, dtype=inputs.dtype)
