"""Designs: the spectrum, many settings at once, and one design as large as they come."""

from __future__ import annotations

from typing import Any

import design_routes as routes
import fresh_process
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory.decomposition import decompose_grid
from kdtheory.objects.designs import left_singular_system
from kdtheory.objects.spectra import accurate_left_singular_system

OUTPUTS = 4


def floor_of_the_spectrum(inputs: np.ndarray) -> Any:
    """The Gram matrix and its eigenvectors: half of the digits, and less work than any other."""
    return np.linalg.eigh(inputs @ inputs.T)


def qr_then_svd(inputs: np.ndarray) -> Any:
    return np.linalg.svd(np.linalg.qr(inputs.T, mode="r").T, full_matrices=False)


SPECTRA = {
    "ours": accurate_left_singular_system,
    "numpy": lambda inputs: np.linalg.svd(inputs, full_matrices=False),
    "jax": lambda inputs: jnp.linalg.svd(inputs, full_matrices=False),
    "limit": floor_of_the_spectrum,
    "NumPy, QR and then SVD": qr_then_svd,
    "ours, the plain one": jax.jit(left_singular_system),
}


@pytest.mark.parametrize("shape", [(128, 1024), (1024, 8192)])
@pytest.mark.parametrize("route", SPECTRA)
def test_the_spectrum(measured, route: str, shape: tuple[int, int]) -> None:
    """Only the first keeps the digits of small singular values."""
    inputs, _ = fresh_process.design(*shape, 1)
    large = shape[0] > 500
    what = f"spectrum of a design, {shape[0]} features, {shape[1]} samples"
    note = {"note": "Gram matrix and its eigenvectors"} if route == "limit" else {}
    function = SPECTRA[route]
    measured(what, route, lambda: function(inputs), rounds=2 if large else 10, **note)


GRIDS = {"a million settings": (128, 256, 10**6), "a hundred settings": (128, 256, 100)}
GRIDS |= {"a hundred thousand settings": (1024, 1024, 10**5)}


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("route", ["ours", "ours, float32", "numpy", "jax", "limit", "Cholesky"])
def test_many_settings(measured, route: str, name: str) -> None:
    """The spectrum is part of it, and weighs most where settings are few."""
    features, samples, count = GRIDS[name]
    inputs, weights = fresh_process.design(features, samples, OUTPUTS)
    every = count if route != "Cholesky" else min(count, 10**5 // features // features + 5)
    values = routes.settings(count)
    some = tuple(value[:every] for value in values)
    named = dict(zip(("prior_precision", "inverse_temperature", "noise_std"), values, strict=True))

    def ours(dtype: str) -> np.ndarray:
        return decompose_grid(inputs, weights, **named, dtype=dtype).divergence

    squared = jnp.asarray(np.linalg.svd(inputs, compute_uv=False) ** 2)
    ratios = jnp.asarray(values[1] / values[0] / values[2] ** 2)
    run, said = {
        "ours": (lambda: ours("float64"), ""),
        "ours, float32": (lambda: ours("float32"), ""),
        "numpy": (lambda: routes.in_numpy(inputs, weights, values), ""),
        "jax": (lambda: routes.in_plain_jax(inputs, weights, values), ""),
        "limit": (
            lambda: routes.divisions(squared, ratios),
            "one division per setting and direction",
        ),
        "Cholesky": (lambda: routes.by_cholesky(inputs, weights, some), "one factorisation each"),
    }[route]
    found = measured(
        f"{name}, {features} features",
        {"Cholesky": "SciPy, Cholesky per setting"}.get(route, route),
        run,
        rounds=2 if count > 100 else 5,
        work=every,
        unit="settings/s",
        **({"note": said} if said else {}),
        **({"size": f"{every} settings"} if every < count else {}),
    )
    if route != "limit":
        expected = routes.by_cholesky(inputs, weights, tuple(value[:3] for value in values))
        tolerance = 1e-5 if route == "ours, float32" else 1e-8
        np.testing.assert_allclose(found[:3], expected, rtol=tolerance)


LARGE = (1024, 8192, 100)
JOBS = {
    "ours": ("decompose", *LARGE),
    "ours, a hundred thousand settings": ("grid", *LARGE, 10**5),
    "numpy": ("singular_values", *LARGE),
}


@pytest.mark.parametrize("route", JOBS)
def test_a_large_design(benchmark, route: str) -> None:
    """Peak memory beside that of the inputs, 64 MiB; compared is the second time in a process."""
    benchmark.group = "a design of 1024 features, 8192 samples and 100 outputs, in a new process"
    first, warm, size = benchmark.pedantic(lambda: fresh_process.run(*JOBS[route]), rounds=1)
    benchmark.extra_info.update(route=route, memory=size, rate=1 / warm, unit="designs/s")
    what = "the singular value decomposition alone" if route == "numpy" else "with compilation"
    benchmark.extra_info["note"] = f"{first:.3g} s ({what}), and {warm:.3g} s the second time"


def test_a_large_design_by_dense_algebra(benchmark) -> None:
    """Nothing to run: the joint law of labels and weights has d k = 102 400 coordinates."""
    features, _, outputs = LARGE
    size = 8 * (features * outputs) ** 2
    benchmark.group = "a design of 1024 features, 8192 samples and 100 outputs, in a new process"
    benchmark.pedantic(lambda: None, rounds=1)
    note = f"not run: {size / 2**30:.0f} GiB for one covariance matrix of the weights"
    benchmark.extra_info.update(route="dense joint Gaussians", note=note, size="none")
