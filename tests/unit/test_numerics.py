"""The stable building blocks, against mpmath with 60 correct digits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory._numerics import (
    NEAR_EQUALITY,
    ROUNDING_UNITS,
    rounding_tolerance,
    square_root,
    x_minus_log1p,
)

pytestmark = pytest.mark.usefixtures("strict")


def relative_error(got, x):
    # For |x| = 1e-150 the difference cancels the first 150 digits; 60 are left.
    with mpmath.workdps(210):
        exact = mpmath.mpf(float(x)) - mpmath.log1p(mpmath.mpf(float(x)))
        return float(abs(mpmath.mpf(float(got)) / exact - 1))


def arguments(dtype):
    """Both signs of many magnitudes, both sides of the switch at 0.3, and next to -1."""
    # x^2/2 must not underflow: 1e-150 squared is 1e-300, and 1e-18 squared is 1e-36 in float32.
    smallest = -150 if dtype == np.float64 else -18
    sizes = np.concatenate([10.0 ** np.arange(smallest, 0), np.linspace(0.01, 0.99, 197)])
    near_one = 1 - 10.0 ** -np.arange(1, 16 if dtype == np.float64 else 7)
    edges = [0.3, np.nextafter(0.3, 0), np.nextafter(0.3, 1)]
    below = -np.concatenate([sizes, near_one, edges])
    above = np.concatenate([sizes, edges, 10.0 ** np.arange(0, 30)])
    return np.concatenate([below, above]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_x_minus_log1p_is_accurate_to_a_few_roundings(dtype):
    x = arguments(dtype)
    x = x[x > -1]
    got = np.asarray(x_minus_log1p(jnp.asarray(x)))
    assert got.dtype == dtype
    # "The plain form loses at most five bits": 32 roundings of 2^-53 (or 2^-24) each.
    worst = max(relative_error(value, point) for value, point in zip(got, x, strict=True))
    assert worst <= 16 * np.finfo(dtype).eps


def test_x_minus_log1p_at_the_ends():
    got = np.asarray(x_minus_log1p(jnp.asarray([0.0, -0.0, -1.0, np.inf])))
    assert got.tolist() == [0.0, 0.0, np.inf, np.inf]


def test_x_minus_log1p_outside_its_domain_is_not_a_number():
    assert np.isnan(np.asarray(x_minus_log1p(jnp.asarray([-1.5, np.nan])))).all()


@pytest.mark.parametrize(
    ("dtype", "expected"),
    # 512 * 2^-52 = 2^-43 and 512 * 2^-23 = 2^-14.
    [(np.float64, 2.0**-43), (np.float32, 2.0**-14)],
)
def test_the_rounding_tolerance_is_512_units(dtype, expected):
    assert ROUNDING_UNITS == 512
    assert rounding_tolerance(dtype) == expected
    assert rounding_tolerance(np.float64) < NEAR_EQUALITY


def test_the_square_root_has_no_infinite_slope():
    squares = jnp.asarray([-1.0, 0.0, 4.0, 1e-300])
    assert square_root(squares).tolist() == [0.0, 0.0, 2.0, 1e-150]
    # d sqrt(x)/dx = 1/(2 sqrt(x)).
    slopes = jax.grad(lambda x: square_root(x).sum())(squares)
    assert slopes[:3].tolist() == [0.0, 0.0, 0.25]
