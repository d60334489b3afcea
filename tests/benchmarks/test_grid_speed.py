"""Many settings of one design, side by side: run with ``make bench`` and read the ratios.

The same numbers three ways: `decompose_grid`, the per-direction formulas in vectorised NumPy (in
chunks that fit a cache; on whole arrays it is ten times slower), and matrix algebra with a Cholesky
factorisation per setting.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.linalg import cho_factor, cho_solve

from kdtheory.decomposition import decompose_grid

D, N, K = 128, 256, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(D, N)) * np.logspace(0, -2, D)[:, None]
WEIGHTS = RNG.normal(size=(K, D))
CHUNK = 1024


def settings(count: int) -> tuple[np.ndarray, ...]:
    """lambda, beta and nu, spread over decades."""
    rng = np.random.default_rng(1)
    return (
        10 ** rng.uniform(-3, 3, count),
        10 ** rng.uniform(-2, 1, count),
        10 ** rng.uniform(-1, 1, count),
    )


def ours(values: tuple[np.ndarray, ...], dtype: str = "float64") -> np.ndarray:
    precision, beta, noise = values
    return decompose_grid(
        X,
        WEIGHTS,
        prior_precision=precision,
        inverse_temperature=beta,
        noise_std=noise,
        dtype=dtype,
    ).divergence


def in_numpy(values: tuple[np.ndarray, ...]) -> np.ndarray:
    """Every term, the bound and the divergence, per direction."""
    left, s, _ = np.linalg.svd(X, full_matrices=False)
    squared, signal = s**2, np.sum((WEIGHTS @ left) ** 2, axis=0)
    count = len(values[0])
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
        noise, posterior = 0.5 * K * np.sum(fit**2, axis=1), 0.5 * K * np.sum(r, axis=1)
        spread = 0.5 * np.sum(pull + K * q, axis=1)
        shift = 0.5 * K * np.sum(t - np.log1p(t), axis=1) + bias
        divergence = shift + 0.5 * np.sum(pull + K * (q - np.log1p(c)), axis=1)
        bound = bias + noise + posterior + spread
        found[:, at] = bias, noise, posterior, spread, bound, bound - divergence, divergence
    return found[-1]


def by_cholesky(values: tuple[np.ndarray, ...]) -> np.ndarray:
    """The divergence by matrix algebra, setting by setting, the Gram matrix given."""
    gram, identity = X @ X.T, np.eye(D)
    found = np.empty(len(values[0]))
    for index, (lam, beta, nu) in enumerate(zip(*values, strict=True)):
        snr = beta / nu**2
        posterior = cho_solve(cho_factor(lam * identity + snr * gram), identity)
        fitted = identity - lam * posterior
        teacher = posterior + beta * posterior @ fitted
        mean = WEIGHTS @ fitted
        seen = posterior @ gram
        bias = lam**2 * np.sum((WEIGHTS @ posterior @ gram) * (WEIGHTS @ posterior)) / nu**2
        noise = K * snr**2 * np.sum(seen * seen.T) + K * np.trace(seen) / nu**2
        spread = lam**2 * (np.sum((mean @ posterior) * mean) + K * np.sum(posterior * teacher))
        spread += K * beta * snr * np.trace(seen)
        labels = np.linalg.slogdet(identity + teacher @ gram / nu**2)[1]
        left = np.linalg.inv(np.linalg.inv(teacher) + gram / nu**2)
        student = np.linalg.slogdet(left + posterior)[1] - np.linalg.slogdet(posterior)[1]
        found[index] = 0.5 * (bias + noise + spread - K * (labels + student))
    return found


MILLION = settings(10**6)
HUNDRED = tuple(value[:100] for value in MILLION)


@pytest.mark.parametrize("way", ["ours", "ours, float32", "NumPy"])
def test_a_million_settings(benchmark, way: str) -> None:
    run = {
        "ours": lambda: ours(MILLION),
        "ours, float32": lambda: ours(MILLION, "float32"),
        "NumPy": lambda: in_numpy(MILLION),
    }[way]
    found = benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    tolerance = 1e-5 if way == "ours, float32" else 1e-9
    np.testing.assert_allclose(found[:100], by_cholesky(HUNDRED), rtol=tolerance)
    benchmark.group = "a million settings, 128 features"
    benchmark.extra_info["device"] = jax.devices()[0].device_kind


@pytest.mark.parametrize("way", ["ours", "NumPy", "Cholesky per setting"])
def test_a_hundred_settings(benchmark, way: str) -> None:
    """The spectrum, which every call computes once, weighs more here."""
    run = {
        "ours": lambda: ours(HUNDRED),
        "NumPy": lambda: in_numpy(HUNDRED),
        "Cholesky per setting": lambda: by_cholesky(HUNDRED),
    }[way]
    benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    benchmark.group = "a hundred settings, 128 features"
