"""The limits of many samples, little noise and a weak prior, by dense algebra and 50 digits."""

import dataclasses

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.optimize

from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    dataset_shift,
    dense,
    limits,
    optima,
    worlds,
)

pytestmark = pytest.mark.usefixtures("strict")


def array(value):
    return jnp.asarray(np.asarray(value, np.float64))


def test_the_flat_prior_in_dense_algebra():
    """K_n of the joint laws at lambda = 1e-9, for a design of full row rank."""
    rng = np.random.default_rng(3)
    for beta in (0.3, 1.0, 2.5):
        design = LinearGaussianDesign.create(
            rng.normal(size=(2, 4)) + 2 * np.eye(2, 4),
            rng.normal(size=(3, 2)),
            prior_precision=1e-9,
            inverse_temperature=beta,
            noise_std=0.8,
        )
        # Sigma_S = Sigma_T in all directions, e = 1.
        expected = dense.divergence_dense(design, jnp.eye(2))
        got = limits.divergence_flat_prior(array(beta), array(3.0), jnp.ones(2))
        assert got == pytest.approx(float(expected), rel=1e-7)


def test_the_least_divergence_under_a_flat_prior():
    """0.69528 at beta = 1, where it is stationary; 0.6077 at 1.191 with the best student."""

    def value(beta, best):
        case = worlds.spectrum_case([1.0], [0.0], inverse_temperature=beta)
        case = dataclasses.replace(case, prior_precision=array(0.0))
        scale = optima.optimal_student_scale(case)[0] if best else jnp.ones(1)
        return float(limits.divergence_flat_prior(array(beta), array(1.0), scale))

    assert value(1.0, False) == pytest.approx(0.69528104, abs=5e-9)
    assert value(1.0, True) == pytest.approx(0.6174, abs=5e-5)
    for best, where, least in ((False, 1.0, 0.69528104), (True, 1.191, 0.6077)):
        found = scipy.optimize.minimize_scalar(
            lambda beta, best=best: value(beta, best), bounds=(0.3, 3.0), method="bounded"
        )
        assert found.x == pytest.approx(where, abs=1e-3)
        assert found.fun == pytest.approx(least, abs=5e-5)


@pytest.mark.parametrize("beta", [1e-6, 0.2, 1.0, 1.6180339887498949, 30.0])
@pytest.mark.parametrize("scale", [0.0, 1e-9, 1.0, 3.0])
def test_the_flat_prior_in_fifty_digits(beta, scale):
    got = limits.divergence_flat_prior(array(beta), array(2.0), array([scale]))
    with mpmath.workdps(50):
        b, e = mpmath.mpf(beta), mpmath.mpf(scale)
        c = b * (1 + b) / (1 + 2 * b)
        expected = 1 / b + b + e - mpmath.log(2 + 1 / b) - mpmath.log(c + e)
        assert abs(mpmath.mpf(float(got)) / expected - 1) <= 1e-15


def test_floor_and_ceiling_close_in_on_the_shift():
    """As X grows the floor closes in at the square of the rate, and the ceiling at the rate."""
    gaps = []
    for squared in (1e2, 1e4):
        case = worlds.spectrum_case([squared], [0.0], num_outputs=2.0, inverse_temperature=0.7)
        shift = dataset_shift.dataset_shift_exact(case)
        gaps.append(
            [
                float(limits.dataset_shift_ceiling(case) - shift),
                float(shift - limits.dataset_shift_floor(case)),
            ]
        )
    # 1 - rho is 100 times smaller.
    np.testing.assert_allclose(np.divide(*gaps), [100, 100**2], rtol=0.05)


def test_the_bias_part_of_the_ceiling_is_reached():
    """max over s of (1 - rho)^2 b / 2 by scipy, for w = 3, lambda = 2, beta = 1/2, nu = 0.3."""

    def bias(log_squared):
        squared = np.exp(log_squared)
        shrinkage = 2 * 0.09 / (2 * 0.09 + 0.5 * squared)
        return -(shrinkage**2) * squared * 3 / 0.09 / 2

    found = scipy.optimize.minimize_scalar(bias, bounds=(-10, 10), method="bounded")
    settings = {"prior_precision": 2.0, "inverse_temperature": 0.5, "noise_std": 0.3}
    with_signal, without = (
        limits.dataset_shift_ceiling(worlds.spectrum_case([1.0], [w], **settings))
        for w in (3.0, 0.0)
    )
    assert with_signal - without == pytest.approx(-found.fun, rel=1e-8)


def test_corners():
    case = worlds.spectrum_case([1.0, 0.0], [0.0, 5.0], inverse_temperature=0.0)
    assert limits.dataset_shift_ceiling(case) == np.inf
    assert limits.dataset_shift_floor(case) == -np.inf
    nothing = dataclasses.replace(case, squared_singular_values=jnp.zeros(2))
    assert limits.dataset_shift_ceiling(nothing) == 0.0
    assert limits.dataset_shift_floor(nothing) == 0.0
    # Null directions have no part in either.
    one = worlds.spectrum_case([1.0], [2.0])
    two = worlds.spectrum_case([1.0, 0.0], [2.0, 9.0], num_null=4.0)
    for function in (limits.dataset_shift_ceiling, limits.dataset_shift_floor):
        assert function(one) == pytest.approx(float(function(two)), rel=1e-15)
    gradient = jax.grad(limits.dataset_shift_ceiling)(case)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_many_samples_of_one_feature():
    """n copies of a sample: K_n rises to its limit (information is not the number of samples)."""
    values = []
    for samples in (1, 100, 10_000):
        design = LinearGaussianDesign.create(np.ones((1, samples)), [[0.5]])
        values.append(float(algorithm_shift.divergence_exact(spectrum(design))))
    limit = float(limits.divergence_flat_prior(array(1.0), array(1.0), jnp.ones(1)))
    assert values[0] < values[1] < values[2] < limit
    assert limit - values[2] < 2e-4
