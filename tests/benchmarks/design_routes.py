"""The terms of a design by other routes than ours: vectorised NumPy, plain JAX, matrix algebra."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import cho_factor, cho_solve

from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, dataset_shift

CHUNK = 1024
"""Settings whose sums are formed at once: in NumPy, whole arrays are ten times slower."""

Settings = tuple[np.ndarray, ...]


def settings(count: int) -> Settings:
    """lambda, beta and nu, spread over decades."""
    rng = np.random.default_rng(1)
    return (
        10 ** rng.uniform(-3, 3, count),
        10 ** rng.uniform(-2, 1, count),
        10 ** rng.uniform(-1, 1, count),
    )


def in_numpy(inputs: np.ndarray, weights: np.ndarray, values: Settings) -> np.ndarray:
    """Every term, the bound and the divergence, per direction; returns the divergence."""
    left, s, _ = np.linalg.svd(inputs, full_matrices=False)
    squared, signal = s**2, np.sum((weights @ left) ** 2, axis=0)
    outputs, count = len(weights), len(values[0])
    found = np.empty((7, count))
    for start in range(0, count, CHUNK):
        at = slice(start, start + CHUNK)
        lam, beta, nu = (value[at, None] for value in values)
        denominator = lam * nu**2 + beta * squared
        r, shrinkage = squared / denominator, lam * nu**2 / denominator
        fit, b = beta * r, squared * signal / nu**2
        t = r + fit**2
        c = (1 + beta * fit) / (1 + t)
        q = shrinkage**2 * (1 + beta * fit) + beta * fit
        bias = 0.5 * np.sum(shrinkage**2 * b, axis=1)
        pull = shrinkage**2 * beta * fit * b
        noise = 0.5 * outputs * np.sum(fit**2, axis=1)
        posterior = 0.5 * outputs * np.sum(r, axis=1)
        spread = 0.5 * np.sum(pull + outputs * q, axis=1)
        shift = 0.5 * outputs * np.sum(t - np.log1p(t), axis=1) + bias
        divergence = shift + 0.5 * np.sum(pull + outputs * (q - np.log1p(c)), axis=1)
        bound = bias + noise + posterior + spread
        found[:, at] = bias, noise, posterior, spread, bound, bound - divergence, divergence
    return found[-1]


@functools.partial(jax.jit, static_argnames="batch")
def _mapped(
    squared: jax.Array, signal: jax.Array, outputs: jax.Array, values: jax.Array, batch: int
) -> jax.Array:
    def terms(setting: jax.Array) -> jax.Array:
        summary = DesignSpectrum(squared, signal, outputs, jnp.zeros(()), *setting)
        teacher = (
            dataset_shift.teacher_bias(summary),
            dataset_shift.teacher_estimation_noise(summary),
            dataset_shift.teacher_posterior_variance(summary),
            algorithm_shift.spread(summary),
        )
        divergence = algorithm_shift.divergence_exact(summary)
        return jnp.stack([*teacher, sum(teacher), sum(teacher) - divergence, divergence])

    return jax.lax.map(terms, values, batch_size=batch)


def in_plain_jax(inputs: np.ndarray, weights: np.ndarray, values: Settings) -> np.ndarray:
    """The formulas as they are written, mapped over the settings, a thousand at a time."""
    left, s, _ = jnp.linalg.svd(inputs, full_matrices=False)
    signal = jnp.sum((weights @ left) ** 2, axis=0)
    outputs = jnp.asarray(float(len(weights)))
    return np.asarray(_mapped(s**2, signal, outputs, jnp.stack(values, axis=1), CHUNK))[:, -1]


@jax.jit
def divisions(squared: jax.Array, ratios: jax.Array) -> jax.Array:
    """One division per setting and direction, and nothing else: what no route can do without."""
    return jax.lax.map(lambda at: jnp.sum(1 / (1 + at * squared)), ratios, batch_size=CHUNK)


def by_cholesky(inputs: np.ndarray, weights: np.ndarray, values: Settings) -> np.ndarray:
    """The divergence by matrix algebra, setting by setting, the Gram matrix given."""
    outputs = len(weights)
    gram, identity = inputs @ inputs.T, np.eye(len(inputs))
    found = np.empty(len(values[0]))
    for index, (lam, beta, nu) in enumerate(zip(*values, strict=True)):
        snr = beta / nu**2
        posterior = cho_solve(cho_factor(lam * identity + snr * gram), identity)
        fitted = identity - lam * posterior
        teacher = posterior + beta * posterior @ fitted
        mean = weights @ fitted
        seen = posterior @ gram
        bias = lam**2 * np.sum((weights @ posterior @ gram) * (weights @ posterior)) / nu**2
        noise = outputs * (snr**2 * np.sum(seen * seen.T) + np.trace(seen) / nu**2)
        spread = lam**2 * np.sum((mean @ posterior) * mean)
        spread += outputs * lam**2 * np.sum(posterior * teacher)
        spread += outputs * beta * snr * np.trace(seen)
        labels = np.linalg.slogdet(identity + teacher @ gram / nu**2)[1]
        left = np.linalg.inv(np.linalg.inv(teacher) + gram / nu**2)
        student = np.linalg.slogdet(left + posterior)[1] - np.linalg.slogdet(posterior)[1]
        found[index] = 0.5 * (bias + noise + spread - outputs * (labels + student))
    return found
