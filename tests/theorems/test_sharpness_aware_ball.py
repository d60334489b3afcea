"""Points that are uniform in a ball: against mpmath."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory.objects.cosines import LARGEST_TURN
from kdtheory.theorems.sharpness_aware import ball

pytestmark = pytest.mark.usefixtures("strict")

DIMENSIONS = (1, 2, 3, 10, 100, 1000)
ARGUMENTS = (0.0, 1e-8, 1e-3, 0.5, 1.0, 3.0, 10.0, 30.0, LARGEST_TURN)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_mean_cosine_against_the_hypergeometric_series(dimension):
    with mpmath.workdps(60):
        expected = [
            1 - mpmath.hyp0f1(mpmath.mpf(dimension) / 2 + 1, -(mpmath.mpf(t) ** 2) / 4)
            for t in ARGUMENTS
        ]
    found = ball.cosine_loss(jnp.asarray(ARGUMENTS), dimension)
    np.testing.assert_allclose(found, [float(value) for value in expected], rtol=2e-14)
    # In single precision small values keep their digits, as 1 - cos would not.
    single = ball.cosine_loss(jnp.asarray(ARGUMENTS[:7], jnp.float32), dimension)
    np.testing.assert_allclose(single, found[:7], rtol=4e-6)


def test_beyond_the_largest_turn_nothing_is_claimed():
    found = ball.cosine_loss(jnp.asarray([-1.0, 1.0, 1.001 * LARGEST_TURN]), 2)
    assert found[0] == found[1]
    assert np.isnan(found[2])


@pytest.mark.parametrize("dimension", [1, 2, 7, 100])
def test_moments_against_integrals_of_the_densities(dimension):
    radius = 1.5
    with mpmath.workdps(30):
        p = mpmath.mpf(dimension)

        def of_norm(power):
            return mpmath.quad(lambda r: p * r ** (p - 1 + power), [0, 1]) * radius**power

        def of_coordinate(power):
            def density(u):
                return (1 - u * u) ** ((p - 1) / 2)

            whole = mpmath.quad(density, [0, 0.5, 1])
            part = mpmath.quad(lambda u: u**power * density(u), [0, 0.5, 1])
            return part / whole * radius**power

        expected = [of_norm(1), of_norm(2), of_coordinate(2), of_coordinate(1)]
    found = [
        ball.mean_norm(radius, float(dimension)),
        ball.mean_squared_norm(radius, float(dimension)),
        ball.mean_squared_coordinate(radius, float(dimension)),
        ball.mean_absolute_coordinate(radius, dimension),
    ]
    np.testing.assert_allclose(found, [float(value) for value in expected], rtol=1e-13)
