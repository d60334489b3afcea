"""Side-by-side timings; read the ratios. Run with ``make bench``."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from kdtheory._random import random_key
from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, dense

RNG = np.random.default_rng(0)
DESIGN = {
    "inputs": RNG.normal(size=(8, 16)),
    "true_weights": RNG.normal(size=(4, 8)),
}


@pytest.mark.parametrize("route", ["singular directions", "dense joint Gaussians"])
def test_the_divergence_of_a_design(benchmark, route: str) -> None:
    with jax.enable_x64(True):
        design = LinearGaussianDesign.create(
            **DESIGN, prior_precision=1.0, inverse_temperature=1.0, noise_std=0.5
        )
        identity = np.eye(8)

        def spectral() -> object:
            return algorithm_shift.divergence_exact(spectrum(design))

        def joint() -> object:
            return dense.divergence_dense(design, identity)

        function = spectral if route == "singular directions" else joint
        function()
        benchmark(lambda: jax.block_until_ready(function()))


@pytest.mark.parametrize("kind", ["uniform", "normal"])
@pytest.mark.parametrize("key", ["default", "written out"])
def test_random_numbers(benchmark, key: str, kind: str) -> None:
    """Four million numbers in single precision: the same ones either way."""
    draw = jax.jit(lambda k: getattr(jax.random, kind)(k, (1 << 22,), "float32"))
    made = (jax.random.key if key == "default" else random_key)(0)
    draw(made)
    benchmark.group = kind
    benchmark(lambda: jax.block_until_ready(draw(made)))
