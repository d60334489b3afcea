r"""Monte Carlo replicates straight from the generative model.

A divergence is the mean of a log density ratio under the first law, and its variance is known for
Gaussian laws: with $e_i$ the relative eigenvalues and $\delta$ the whitened gap of the means,
$\tfrac12\sum_i(e_i-1)^2+\sum_ie_i\delta_i^2$. Nothing is shared with the spectral formulas.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import dense
from kdtheory.theorems.linear_gaussian.worlds import MAX_OUTPUTS


def log_ratio_variance(mean_1: Array, cov_1: Array, mean_2: Array, cov_2: Array) -> Scalar:
    """Returns the variance of log p1/p2 under p1, for two Gaussian laws."""
    ratio = jnp.linalg.solve(cov_2, cov_1)
    excess = ratio - jnp.eye(len(ratio), dtype=ratio.dtype)
    gap = jnp.linalg.solve(cov_2, mean_1 - mean_2)
    return 0.5 * jnp.trace(excess @ excess) + gap @ cov_1 @ gap


def _whitened(mean: Array, cov: Array) -> tuple[Array, Array, Array, Array]:
    """Returns mean, factor L, its inverse and the log of its determinant of a Gaussian law."""
    factor = jnp.linalg.cholesky(cov)
    identity = jnp.eye(len(cov), dtype=cov.dtype)
    inverse = jax.scipy.linalg.solve_triangular(factor, identity, lower=True)
    return mean, factor, inverse, jnp.sum(jnp.log(jnp.diagonal(factor)))


def _log_ratio(sample: Array, first: tuple[Array, ...], second: tuple[Array, ...]) -> Scalar:
    """Returns log p1/p2 at a sample, for two laws that `_whitened` has prepared."""
    above, below = (
        -0.5 * jnp.sum((inverse @ (sample - mean)) ** 2) - log_determinant
        for mean, _, inverse, log_determinant in (first, second)
    )
    return above - below


def _matrix_normal_sample(key: Key, mean: Array, factor: Array) -> Array:
    """Draws rows that are independent, each with the covariance F F^T."""
    return mean + jax.random.normal(key, mean.shape, mean.dtype) @ factor.T


def _vectorised(mean: Array, row_cov: Array, col_cov: Array) -> tuple[Array, Array]:
    return mean.T.ravel(), jnp.kron(col_cov, row_cov)


def _vectorised_laws(factors: tuple[Array, ...]) -> list[tuple[Array, Array]]:
    """Returns mean and covariance of vec A for both laws, covariances written I/2 + F F^T."""
    laws = []
    for mean, *halves in (factors[:3], factors[3:]):
        rows, columns = (
            0.5 * jnp.eye(len(half), dtype=half.dtype) + half @ half.T for half in halves
        )
        laws.append(_vectorised(mean, rows, columns))
    return laws


def _matrix_normal_pair(*factors: Array) -> tuple[tuple[Array, ...], ...]:
    first, second = _vectorised_laws(factors)
    return _whitened(*first), _whitened(*second)


def _matrix_normal_log_ratio(
    key: Key, first: tuple[Array, ...], second: tuple[Array, ...]
) -> Scalar:
    mean, factor, *_ = first
    sample = mean + factor @ jax.random.normal(key, mean.shape, mean.dtype)
    return _log_ratio(sample, first, second)


def _matrix_normal_variance(*factors: Array) -> Scalar:
    first, second = _vectorised_laws(factors)
    return log_ratio_variance(*first, *second)


MATRIX_NORMAL_KL = Draw(
    _matrix_normal_log_ratio, variance_bound=_matrix_normal_variance, prepare=_matrix_normal_pair
)


def _student_run(
    key: Key, design: LinearGaussianDesign, to_teacher: Array, factor: Array, student_map: Array
) -> Array:
    """Draws labels, a teacher, pseudo labels and a student; returns (vec Y-hat, vec Theta)."""
    keys = jax.random.split(key, 4)
    signal = design.true_weights @ design.inputs
    labels = signal + design.noise_std * jax.random.normal(keys[0], signal.shape, signal.dtype)
    teacher = _matrix_normal_sample(keys[1], labels @ to_teacher, factor)
    noise = jax.random.normal(keys[2], signal.shape, signal.dtype)
    pseudo = teacher @ design.inputs + design.noise_std * noise
    student = _matrix_normal_sample(keys[3], teacher @ student_map, factor)
    return jnp.concatenate([pseudo.T.ravel(), student.T.ravel()])


def student_map(rank: str, null: str, design: LinearGaussianDesign) -> Array:
    """Returns M of a student's mean W_T M, by a pseudo-inverse."""
    identity = jnp.eye(design.inputs.shape[0], dtype=design.inputs.dtype)
    if rank == "zero":
        return 0 * identity
    return identity if null == "identity" else design.inputs @ jnp.linalg.pinv(design.inputs)


def divergence_draw(rank: str, null: str) -> Draw:
    """Returns the draw whose mean is the divergence for one way of choosing the student's map."""

    def prepare(design: LinearGaussianDesign) -> tuple[Any, ...]:
        chosen = student_map(rank, null, design)
        covariance = dense.teacher_covariance(design)
        snr = design.inverse_temperature / design.noise_std**2
        laws = dense.student_moments(design, chosen), dense.teacher_moments(design)
        return (
            design,
            snr * design.inputs.T @ covariance,
            jnp.linalg.cholesky(covariance),
            chosen,
            *(_whitened(*law) for law in laws),
        )

    def sample(
        key: Key,
        design: LinearGaussianDesign,
        to_teacher: Array,
        factor: Array,
        student_map: Array,
        *laws: tuple[Array, ...],
    ) -> Scalar:
        return _log_ratio(_student_run(key, design, to_teacher, factor, student_map), *laws)

    def variance_bound(design: LinearGaussianDesign) -> Scalar:
        student = dense.student_moments(design, student_map(rank, null, design))
        return log_ratio_variance(*student, *dense.teacher_moments(design))

    return Draw(sample, variance_bound=variance_bound, prepare=prepare)


def _mean_term_sample(
    key: Key, noise_std: Scalar, fit: Array, gap: Array, precision: Array
) -> Scalar:
    noise = noise_std * jax.random.normal(key, (len(gap), len(fit)), fit.dtype)
    moved = gap - noise @ fit
    return 0.5 * jnp.sum((moved @ precision) * moved)


def _mean_term_variance(design: LinearGaussianDesign, teacher_weights: Array, rank: int) -> Scalar:
    fit, gap, precision = _refit(design, teacher_weights, rank)
    half = design.noise_std * fit @ precision
    quadratic = design.noise_std * half @ fit.T
    linear = jnp.sum((gap @ half.T) ** 2)
    return linear + 0.5 * teacher_weights.shape[0] * jnp.sum(quadratic**2)


def _refit(
    design: LinearGaussianDesign, teacher_weights: Array, rank: int
) -> tuple[Array, Array, Array]:
    """Returns Y -> Wbar(Y), the student's mean less the refitted teacher's, and 1/Sigma_T."""
    fit, precision = _posterior(design)
    predicted = teacher_weights @ design.inputs
    left, _, _ = jnp.linalg.svd(predicted)
    kept = left[:, :rank] @ left[:, :rank].T
    student = kept @ predicted @ jnp.linalg.pinv(design.inputs)
    return fit, student - predicted @ fit, precision


def _posterior(design: LinearGaussianDesign) -> tuple[Array, Array]:
    """Returns Y -> Wbar(Y) and 1/Sigma_T."""
    snr = design.inverse_temperature / design.noise_std**2
    identity = jnp.eye(design.inputs.shape[0], dtype=design.inputs.dtype)
    precision = design.prior_precision * identity + snr * design.inputs @ design.inputs.T
    return snr * jnp.linalg.solve(precision, design.inputs).T, precision


def mean_term_draw(rank: int) -> Draw:
    """Returns the draw of the mean term given the teacher, for a student of a given rank."""
    return Draw(
        _mean_term_sample,
        variance_bound=functools.partial(_mean_term_variance, rank=rank),
        prepare=lambda design, weights: (design.noise_std, *_refit(design, weights, rank)),
    )


def spread_draw(null: str, *, given_labels: bool) -> Draw:
    """Returns the draw of the mean term of a student of full rank, in mean over its teacher.

    Args:
        null: "minnorm" or "identity".
        given_labels: whether the instance comes with labels; they are drawn otherwise.
    """

    def prepare(design: LinearGaussianDesign, *labels: Array) -> tuple[Any, ...]:
        fit, precision = _posterior(design)
        mean = labels[0] if given_labels else design.true_weights @ design.inputs
        noise_std = 0.0 * design.noise_std if given_labels else design.noise_std
        send = jnp.concatenate([design.inputs, student_map("full", null, design)], axis=1)
        factor = jnp.linalg.cholesky(jnp.linalg.inv(precision))
        return mean, noise_std, fit, factor, send, design, precision

    def sample(
        key: Key,
        mean: Array,
        label_noise: Array,
        fit: Array,
        factor: Array,
        send: Array,
        design: LinearGaussianDesign,
        precision: Array,
    ) -> Scalar:
        keys = jax.random.split(key, 3)
        labels = mean + label_noise * jax.random.normal(keys[0], mean.shape, mean.dtype)
        teacher = _matrix_normal_sample(keys[1], labels @ fit, factor)
        predicted, student = jnp.split(teacher @ send, [mean.shape[1]], axis=1)
        noise = jax.random.normal(keys[2], mean.shape, mean.dtype)
        gap = student - (predicted + design.noise_std * noise) @ fit
        return 0.5 * jnp.sum((gap @ precision) * gap)

    def variance_bound(*instance: Any) -> Scalar:
        mean, label_noise, fit, factor, send, design, precision = prepare(*instance)
        move = send[:, mean.shape[1] :] - send[:, : mean.shape[1]] @ fit
        spread = factor @ factor.T + label_noise**2 * fit.T @ fit
        spread = move.T @ spread @ move + design.noise_std**2 * fit.T @ fit
        weighted = precision @ spread
        away = mean @ fit @ move
        return 0.5 * len(mean) * jnp.trace(weighted @ weighted) + jnp.sum(
            (away @ weighted) * (away @ precision)
        )

    return Draw(sample, variance_bound=variance_bound, prepare=prepare)


def lost_energy_draw(term: str) -> Draw:
    """Returns the draw of apx or cross at rank zero, where all of the teacher's weights is lost."""

    def prepare(design: LinearGaussianDesign) -> tuple[Array, ...]:
        fit, precision = _posterior(design)
        kept = design.inputs @ jnp.linalg.pinv(design.inputs)
        metric = kept @ precision @ kept if term == "apx" else -2 * design.prior_precision * kept
        factor = jnp.linalg.cholesky(jnp.linalg.inv(precision))
        return design.true_weights @ design.inputs, design.noise_std, fit, factor, metric

    def sample(
        key: Key, signal: Array, noise_std: Array, fit: Array, factor: Array, metric: Array
    ) -> Scalar:
        keys = jax.random.split(key)
        labels = signal + noise_std * jax.random.normal(keys[0], signal.shape, signal.dtype)
        teacher = _matrix_normal_sample(keys[1], labels @ fit, factor)
        return 0.5 * jnp.sum((teacher @ metric) * teacher)

    def variance_bound(design: LinearGaussianDesign) -> Scalar:
        signal, noise_std, fit, factor, metric = prepare(design)
        spread = metric @ (factor @ factor.T + noise_std**2 * fit.T @ fit)
        mean = signal @ fit
        noise = 0.5 * len(signal) * jnp.trace(spread @ spread)
        return noise + jnp.sum((mean @ spread) * (mean @ metric))

    return Draw(sample, variance_bound=variance_bound, prepare=prepare)


def _label_model(spectrum: DesignSpectrum) -> tuple[Array, Array, Array, Array, Array]:
    """Returns a diagonal design in the spectrum's own directions, outputs in rows.

    All signal sits in the first output: only its total per direction matters.
    """
    s = jnp.sqrt(spectrum.squared_singular_values)[None, :]
    exists = (jnp.arange(MAX_OUTPUTS) < spectrum.num_outputs)[:, None]
    first = (jnp.arange(MAX_OUTPUTS) == 0)[:, None]
    truth = jnp.where(first, jnp.sqrt(spectrum.signal)[None, :], 0.0)
    snr = spectrum.inverse_temperature / spectrum.noise_std**2
    posterior = 1 / (spectrum.prior_precision + snr * s**2)
    return s, exists, truth, posterior, snr * s * posterior


def _label_ratio(key: Key, spectrum: DesignSpectrum) -> Scalar:
    s, exists, truth, posterior, fit = _label_model(spectrum)
    noise = jax.random.normal(key, (3, *truth.shape), truth.dtype)
    labels = truth * s + spectrum.noise_std * noise[0]
    teacher = fit * labels + jnp.sqrt(posterior) * noise[1]
    pseudo = teacher * s + spectrum.noise_std * noise[2]
    spread = jnp.sqrt(spectrum.noise_std**2 * (1 + (s * fit) ** 2) + s**2 * posterior)
    ratio = jax.scipy.stats.norm.logpdf(pseudo, fit * truth * s**2, spread)
    ratio -= jax.scipy.stats.norm.logpdf(pseudo, truth * s, spectrum.noise_std)
    return jnp.sum(jnp.where(exists, ratio, 0.0))


def _label_ratio_variance(spectrum: DesignSpectrum) -> Scalar:
    s, exists, truth, posterior, fit = _label_model(spectrum)
    excess = (s * fit) ** 2 + s**2 * posterior / spectrum.noise_std**2
    gap = truth * s * (1 - fit * s) / spectrum.noise_std
    return jnp.sum(jnp.where(exists, 0.5 * excess**2 + (1 + excess) * gap**2, 0.0))


DATASET_SHIFT = Draw(_label_ratio, variance_bound=_label_ratio_variance)


def _bias(key: Key, spectrum: DesignSpectrum) -> Scalar:
    s, exists, truth, _, fit = _label_model(spectrum)
    labels = truth * s + spectrum.noise_std * jax.random.normal(key, truth.shape, truth.dtype)
    return jnp.sum(jnp.where(exists, ((fit * labels - truth) * s) ** 2, 0.0))


def _bias_variance(spectrum: DesignSpectrum) -> Scalar:
    s, exists, truth, _, fit = _label_model(spectrum)
    noise, offset = s * fit * spectrum.noise_std, (fit * s - 1) * truth * s
    return jnp.sum(jnp.where(exists, 2 * noise**4 + 4 * (noise * offset) ** 2, 0.0))


EXPECTED_BIAS = Draw(_bias, variance_bound=_bias_variance)
