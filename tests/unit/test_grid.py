"""Many settings at once: against one at a time, at chunk boundaries, through gradients."""

import importlib
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.decomposition import TERMS, decompose, decompose_grid
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.objects.spectra import accurate_spectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift
from kdtheory.theorems.linear_gaussian.sums import setting_terms

RNG = np.random.default_rng(5)
# Six directions: a whole block of four and two more.
X, WEIGHTS = RNG.normal(size=(6, 9)), RNG.normal(size=(3, 6))
WIDE = RNG.normal(size=(5, 3))
WIDE_WEIGHTS = RNG.normal(size=(2, 5))
PRECISIONS = np.array([0.01, 0.7, 30.0])[:, None]
TEMPERATURES = np.array([0.0, 0.4, 1.0, 6.0])


def rows(grid):
    return [*(grid.terms[name] for name in TERMS), grid.bound, grid.mutual_information] + [
        grid.divergence
    ]


@pytest.mark.parametrize("design", [(X, WEIGHTS), (WIDE, WIDE_WEIGHTS)])
@pytest.mark.parametrize(("rank", "null"), [(None, "minnorm"), (None, "identity"), (0, "minnorm")])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_a_grid_is_many_decompositions(design, rank, null, scale):
    options = {"rank": rank, "null": null}
    grid = decompose_grid(
        *design,
        prior_precision=PRECISIONS,
        inverse_temperature=TEMPERATURES,
        noise_std=0.6,
        student_scale=scale,
        **options,
    )
    assert grid.shape == (3, 4)
    for i, precision in enumerate(PRECISIONS[:, 0]):
        for j, beta in enumerate(TEMPERATURES):
            # The same student as a matrix, through the general formulas.
            snr = beta / 0.6**2
            posterior = np.linalg.inv(
                precision * np.eye(len(design[0])) + snr * design[0] @ design[0].T
            )
            one = decompose(
                *design,
                prior_precision=precision,
                inverse_temperature=beta,
                noise_std=0.6,
                student_covariance=scale * posterior,
                **options,
            )
            expected = [t.value for t in one.terms]
            expected += [one.bound, one.mutual_information, one.divergence]
            got = [row[i, j] for row in rows(grid)]
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def test_settings_broadcast_and_are_echoed():
    noise = np.array([0.5, 2.0])[:, None, None]
    grid = decompose_grid(
        X,
        WEIGHTS,
        noise_std=noise,
        prior_precision=PRECISIONS,
        inverse_temperature=TEMPERATURES,
    )
    assert grid.shape == (2, 3, 4)
    assert grid.settings["noise_std"][1, 2, 3] == 2.0
    assert grid.settings["prior_precision"][1, 2, 3] == 30.0
    alone = decompose_grid(X, WEIGHTS, noise_std=2.0, prior_precision=30.0, inverse_temperature=6.0)
    assert alone.shape == ()
    np.testing.assert_allclose(grid.divergence[1, 2, 3], alone.divergence, rtol=1e-14)
    assert TERMS[grid.dominant[1, 2, 3]] == max(TERMS, key=lambda name: alone.terms[name])
    data = json.loads(json.dumps(alone.to_dict(), allow_nan=False))
    assert data["divergence"] == float(alone.divergence)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_chunks_do_not_show(monkeypatch, scale):
    module = importlib.import_module("kdtheory.decomposition.grid")
    betas = np.linspace(0.1, 3.0, 41)
    options = {"noise_std": 1.0, "inverse_temperature": betas, "student_scale": scale}
    whole = decompose_grid(X, WEIGHTS, **options)
    monkeypatch.setattr(module, "_IN_CACHE", 4)
    monkeypatch.setattr(module, "_CHUNK", 16)
    seen = []
    parts = decompose_grid(X, WEIGHTS, **options, progress=lambda *at: seen.append(at))
    assert seen == [(16, 41), (32, 41), (41, 41)]
    for one, two in zip(rows(whole), rows(parts), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-14)


def test_nothing_in_the_inputs():
    grid = decompose_grid(np.zeros((2, 3)), np.ones((1, 2)), noise_std=1.0)
    assert grid.bound == grid.divergence == 0.0


def test_float32_is_asked_for_by_name():
    assert decompose_grid(X, WEIGHTS, noise_std=1.0, dtype="float32").divergence.dtype == "float32"


def test_a_deterministic_student_has_an_infinite_bound():
    grid = decompose_grid(X, WEIGHTS, noise_std=1.0, student_scale=[0.0, 1.0])
    assert grid.bound[0] == np.inf
    assert np.isfinite(grid.divergence[0])
    assert "inf" in json.dumps(grid.to_dict(), allow_nan=False)


def fast_divergence(settings, spectrum):
    """K_n through the sums, as a function of (lambda, beta, nu)."""
    active = np.flatnonzero(np.asarray(spectrum.squared_singular_values) > 0)
    found = setting_terms(
        spectrum.squared_singular_values[active],
        spectrum.signal[active],
        spectrum.num_outputs,
        spectrum.num_null,
        settings[0],
        settings[1],
        settings[2] ** 2,
    )
    terms = found.teacher_bias + found.teacher_estimation_noise + found.teacher_posterior_variance
    return terms + found.spread - found.mutual_information


def test_gradients_go_through_the_directions():
    """Against central differences of the room's own functions; ties do no harm."""
    for inputs in (X, np.eye(6)):
        design = LinearGaussianDesign.create(inputs, WEIGHTS)
        spectrum = accurate_spectrum(design)
        point = jnp.array([0.7, 1.3, 0.9])
        gradient = jax.grad(fast_divergence)(point, spectrum)

        def room(settings, spectrum=spectrum):
            import dataclasses

            names = ("prior_precision", "inverse_temperature", "noise_std")
            moved = dataclasses.replace(spectrum, **dict(zip(names, settings, strict=True)))
            return float(algorithm_shift.divergence_exact(moved))

        for axis in range(3):
            step = 1e-5 * jnp.eye(3)[axis]
            slope = (room(point + step) - room(point - step)) / 2e-5
            np.testing.assert_allclose(gradient[axis], slope, rtol=1e-7)


def test_what_the_bound_gives_away_stays_below_three_quarters():
    """So that K = J - I keeps its digits: one direction without signal, the worst case."""
    rng = np.random.default_rng(0)
    precision, beta = 10.0 ** rng.uniform(-8, 8, (2, 20_000))
    grid = decompose_grid(
        [[1.0]], [[0.0]], noise_std=1.0, prior_precision=precision, inverse_temperature=beta
    )
    share = grid.mutual_information / grid.bound
    assert 0.7 < share.max() < 0.77


BAD = {
    "shapes": ({"prior_precision": [1.0, 2.0], "inverse_temperature": np.ones(3)}, "broadcast"),
    "negative": ({"prior_precision": [[1.0, -2.0]]}, "prior_precision: got -2 at index (0, 1)"),
    "zero noise": ({"noise_std": [0.0]}, "positive numbers"),
    "nan": ({"inverse_temperature": [1.0, np.nan]}, "inverse_temperature: got nan at index (1,)"),
    "negative scale": ({"student_scale": -1.0}, "student_scale: got -1"),
    "rank between": ({"rank": 1}, "dominance_map"),
    "dtype": ({"dtype": "float16"}, "'float64' or 'float32'"),
    "text": ({"prior_precision": "small"}, "got text"),
    "empty": ({"prior_precision": []}, "empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name):
    settings, part = BAD[name]
    with pytest.raises(InputError) as error:
        decompose_grid(X, WEIGHTS, **{"noise_std": 1.0, **settings})
    assert part in str(error.value)
