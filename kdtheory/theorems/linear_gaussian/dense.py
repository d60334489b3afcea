r"""The same divergence from the generative model, by plain matrix algebra.

Nothing of the spectral formulas is used: the joint Gaussian laws of (vec $\hat Y$, vec $\Theta$)
and of (vec $Y$, vec $W_T$) are assembled from Kronecker products and handed to
`kdtheory.gaussian.gaussian_kl`. The matrices have $k(n+d)$ rows, so this is for small designs.

Source: ours; $\operatorname{vec}(AWB) = (B^\top\otimes A)\operatorname{vec}W$.
"""

from __future__ import annotations

from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.gaussian import gaussian_kl
from kdtheory.objects.designs import LinearGaussianDesign

Moments: TypeAlias = tuple[Float[Array, "size"], Float[Array, "size size"]]


@jax.jit
def teacher_covariance(design: LinearGaussianDesign) -> Float[Array, "features features"]:
    r"""Returns $\Sigma_T$ as the inverse of $\lambda I+\frac{\beta}{\nu^2}XX^\top$."""
    snr = design.inverse_temperature / design.noise_std**2
    identity = jnp.eye(design.inputs.shape[0], dtype=design.inputs.dtype)
    return jnp.linalg.inv(design.prior_precision * identity + snr * design.inputs @ design.inputs.T)


@jax.jit
def teacher_moments(design: LinearGaussianDesign) -> Moments:
    r"""Returns mean and covariance of (vec $Y$, vec $W_T$): true labels, then the Gibbs teacher."""
    predict, fit, posterior = _operators(design)
    noise = design.noise_std**2 * jnp.eye(predict.shape[0], dtype=predict.dtype)
    label_mean = predict @ design.true_weights.T.ravel()
    mean = jnp.concatenate([label_mean, fit @ label_mean])
    label_fit = noise @ fit.T
    return mean, jnp.block([[noise, label_fit], [label_fit.T, fit @ label_fit + posterior]])


@jax.jit
def student_moments(
    design: LinearGaussianDesign, student_map: Float[Array, "features features"]
) -> Moments:
    r"""Returns mean and covariance of (vec $\hat Y$, vec $\Theta$), $\Theta=W_TM+$ noise.

    Args:
        design: with its student covariance (None: the teacher's).
        student_map: $M$, fixed: $I$, $XX^+$ or $0$, shape ``(d, d)``.
    """
    predict, fit, _ = _operators(design)
    num_outputs = design.true_weights.shape[0]
    covariance = design.student_covariance
    if covariance is None:
        covariance = teacher_covariance(design)
    identity = jnp.eye(num_outputs, dtype=predict.dtype)
    mean, joint = teacher_moments(design)
    num_labels = predict.shape[0]
    weight_mean, weight_covariance = mean[num_labels:], joint[num_labels:, num_labels:]
    send = jnp.concatenate([predict, jnp.kron(student_map.T, identity)])
    noise = design.noise_std**2 * jnp.eye(num_labels, dtype=predict.dtype)
    own = jax.scipy.linalg.block_diag(noise, jnp.kron(covariance, identity))
    return send @ weight_mean, send @ weight_covariance @ send.T + own


@jax.jit
def divergence_dense(
    design: LinearGaussianDesign, student_map: Float[Array, "features features"]
) -> Float[Array, ""]:
    r"""Returns $K_n$ of the two joint laws; arguments as in `student_moments`."""
    return gaussian_kl(*student_moments(design, student_map), *teacher_moments(design))


@jax.jit
def dataset_shift_dense(design: LinearGaussianDesign) -> Float[Array, ""]:
    r"""Returns the divergence of the laws of the labels alone."""
    num_labels = design.true_weights.shape[0] * design.inputs.shape[1]
    unused = jnp.zeros((design.inputs.shape[0],) * 2, design.inputs.dtype)
    student_mean, student_covariance = student_moments(design, unused)
    mean, covariance = teacher_moments(design)
    labels = slice(num_labels)
    return gaussian_kl(
        student_mean[labels],
        student_covariance[labels, labels],
        mean[labels],
        covariance[labels, labels],
    )


@jax.jit
def algorithm_shift_dense(
    design: LinearGaussianDesign, student_map: Float[Array, "features features"]
) -> Float[Array, ""]:
    r"""Returns what the chain rule leaves for the weights given the pseudo data."""
    return divergence_dense(design, student_map) - dataset_shift_dense(design)


@jax.jit
def mean_term_dense(
    design: LinearGaussianDesign,
    teacher_weights: Float[Array, "outputs features"],
    student_mean: Float[Array, "outputs features"],
) -> Float[Array, ""]:
    r"""Returns $\frac12E\|W_TM-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}$ over the pseudo labels' noise.

    Args:
        design: the design.
        teacher_weights: $W_T$, given.
        student_mean: $W_TM$, shape ``(k, d)``.
    """
    covariance = teacher_covariance(design)
    precision = jnp.linalg.inv(covariance)
    snr = design.inverse_temperature / design.noise_std**2
    fit = snr * design.inputs.T @ covariance
    gap = student_mean - teacher_weights @ design.inputs @ fit
    noise = design.noise_std**2 * teacher_weights.shape[0] * jnp.trace(fit @ precision @ fit.T)
    return 0.5 * (jnp.trace(gap @ precision @ gap.T) + noise)


@jax.jit
def spread_given_data_dense(
    design: LinearGaussianDesign,
    labels: Float[Array, "outputs samples"],
    student_map: Float[Array, "features features"],
) -> Float[Array, ""]:
    r"""Returns `mean_term_dense` averaged over $W_T\,|\,D_n$, for a fixed map.

    Args:
        design: the design.
        labels: $Y$, given.
        student_map: $M$, shape ``(d, d)``.
    """
    covariance = teacher_covariance(design)
    fit = design.inverse_temperature / design.noise_std**2 * design.inputs.T @ covariance
    mean = labels @ fit
    gap = student_map - design.inputs @ fit
    own = jnp.trace(gap.T @ covariance @ gap @ jnp.linalg.inv(covariance))
    return mean_term_dense(design, mean, mean @ student_map) + 0.5 * len(labels) * own


@jax.jit
def teacher_energy_dense(
    design: LinearGaussianDesign, metric: Float[Array, "features features"]
) -> Float[Array, ""]:
    r"""Returns $\frac12E\operatorname{tr}(W_TQW_T^\top)$ over labels and teacher.

    Args:
        design: the design.
        metric: $Q$, symmetric, shape ``(d, d)``.
    """
    num_labels = design.true_weights.shape[0] * design.inputs.shape[1]
    mean, joint = teacher_moments(design)
    mean, covariance = mean[num_labels:], joint[num_labels:, num_labels:]
    both = jnp.kron(metric, jnp.eye(design.true_weights.shape[0], dtype=metric.dtype))
    return 0.5 * (mean @ both @ mean + jnp.trace(both @ covariance))


@jax.jit
def ghost_divergence_dense(
    design: LinearGaussianDesign,
    labels: Float[Array, "outputs samples"],
    student_map: Float[Array, "features features"],
) -> Float[Array, ""]:
    r"""Returns $\mathrm{KL}(\hat Y,\Theta\,\|\,Y',W_T)$ given the data, with ghost labels $Y'$.

    $Y'$ is drawn from the true labels' law and independent of $W_T$; $\Sigma_S=\Sigma_T$.

    Args:
        design: the design.
        labels: $Y$, given.
        student_map: $M$, shape ``(d, d)``.
    """
    predict, fit, posterior = _operators(design)
    num_outputs = design.true_weights.shape[0]
    mean = fit @ labels.T.ravel()
    send = jnp.concatenate(
        [predict, jnp.kron(student_map.T, jnp.eye(num_outputs, dtype=predict.dtype))]
    )
    noise = design.noise_std**2 * jnp.eye(predict.shape[0], dtype=predict.dtype)
    own = jax.scipy.linalg.block_diag(noise, posterior)
    ghost_mean = jnp.concatenate([predict @ design.true_weights.T.ravel(), mean])
    return gaussian_kl(send @ mean, send @ posterior @ send.T + own, ghost_mean, own)


def _operators(design: LinearGaussianDesign) -> tuple[Array, Array, Array]:
    r"""Returns vec $W\mapsto$ vec $WX$, vec $Y\mapsto$ vec $\bar W$, and $\Sigma_T\otimes I_k$."""
    identity = jnp.eye(design.true_weights.shape[0], dtype=design.inputs.dtype)
    covariance = teacher_covariance(design)
    snr = design.inverse_temperature / design.noise_std**2
    return (
        jnp.kron(design.inputs.T, identity),
        jnp.kron(snr * covariance @ design.inputs, identity),
        jnp.kron(covariance, identity),
    )
