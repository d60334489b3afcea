"""Searches for an argument: run in floating point, without a gradient, and then a number."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp

from kdtheory._numerics import chosen
from kdtheory.tools._balls import enclose, lower, upper


@chosen
def _square_root(value):
    return jnp.sqrt(value)


def test_a_search_is_run_in_floating_point_and_what_follows_is_enclosed():
    # (x + 2/x) / 2 at the float64 next to the square root of 2: above it by 1e-33, proven.
    found = enclose(lambda two: 0.5 * (_square_root(two) + two / _square_root(two)), 2.0).item()
    nearest = Fraction(math.sqrt(2.0))
    exactly = (nearest + 2 / nearest) / 2
    assert lower(found) == upper(found) == exactly
    assert 0 < exactly**2 - 2 < Fraction(1, 10**31)


def test_a_search_has_no_gradient():
    # At a fixed argument a the slope of a x is a.
    assert jax.grad(lambda x: _square_root(x) * x)(4.0) == 2.0
    assert jax.jvp(jax.vmap(_square_root), (jnp.ones(2),), (jnp.ones(2),))[1].tolist() == [0, 0]
