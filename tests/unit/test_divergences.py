"""Divergences, against fractions and mpmath at 50 digits of the same floating-point inputs."""

from fractions import Fraction

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given

from kdtheory import strategies
from kdtheory.divergences import (
    chi_square,
    entropy,
    euclidean_distance,
    kl_divergence,
    kl_to_scores,
    squared_distance,
    total_variation,
)
from kdtheory.domains import reals, simplex

pytestmark = pytest.mark.usefixtures("strict")

PAIRS = st.one_of(*(strategies.instances(simplex(n) * simplex(n)) for n in (1, 2, 3, 5)))


def rational(values):
    return [Fraction(float(value)) for value in values]


def real(fraction):
    return mpmath.mpf(fraction.numerator) / fraction.denominator


def kl_reference(p, q):
    """The sum of p log(p/q) as printed, with the same rounded p and q made to sum to one."""
    p, q = rational(p), rational(q)
    p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
    with mpmath.workdps(350):  # masses of 1e-300 must not be lost beside one
        terms = [
            mpmath.inf if b == 0 else real(a) * mpmath.log(real(a) / real(b))
            for a, b in zip(p, q, strict=True)
            if a > 0
        ]
        return float(mpmath.fsum(terms))


@given(PAIRS)
def test_kl_divergence(pair):
    p, q = pair
    got, expected = float(kl_divergence(p, q)), kl_reference(p, q)
    # Rows that sum to 1 + eps shift the value by eps at most.
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)
    assert got >= 0


@pytest.mark.parametrize("step", [2.0**-10, 2.0**-20, 2.0**-26, 2.0**-40])
def test_kl_divergence_of_neighbours_keeps_its_digits(step):
    # p, q and their sums are exact in floats; the plain sum of p log(p/q) has an error of 1e-17,
    # more than the value 4 step^2 itself for the last step.
    p, q = np.array([0.5 + step, 0.5 - step]), np.array([0.5, 0.5])
    got = float(kl_divergence(jnp.asarray(p), jnp.asarray(q)))
    assert got == pytest.approx(kl_reference(p, q), rel=1e-13)


@pytest.mark.float32
def test_kl_divergence_in_float32():
    p, q = np.array([0.5078125, 0.4921875], np.float32), np.array([0.5, 0.5], np.float32)
    got = kl_divergence(jnp.asarray(p), jnp.asarray(q))
    assert got.dtype == np.float32
    assert float(got) == pytest.approx(kl_reference(p, q), rel=1e-6)


def test_kl_divergence_at_the_ends():
    vertex, half = jnp.array([1.0, 0.0]), jnp.array([0.5, 0.5])
    assert float(kl_divergence(half, vertex)) == np.inf
    assert float(kl_divergence(vertex, jnp.array([0.0, 1.0]))) == np.inf
    assert float(kl_divergence(vertex, vertex)) == 0
    # log 2 to 17 digits
    assert float(kl_divergence(vertex, half)) == pytest.approx(0.69314718055994531, rel=1e-15)


@given(st.one_of(*(strategies.instances(simplex(n) * reals(n)) for n in (1, 2, 4))))
def test_kl_to_scores(pair):
    p, scores = rational(pair[0]), [float(score) for score in pair[1]]
    # Scores up to 1e9: their exponentials are beyond floats, not beyond mpmath.
    with mpmath.workdps(350):
        total = mpmath.fsum(mpmath.exp(mpmath.mpf(s) - max(scores)) for s in scores)
        terms = [
            real(a / sum(p))
            * (mpmath.log(real(a / sum(p))) + max(scores) - mpmath.mpf(s) + mpmath.log(total))
            for a, s in zip(p, scores, strict=True)
            if a > 0
        ]
        expected = float(mpmath.fsum(terms))
    got = float(kl_to_scores(*pair))
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)
    assert got >= 0


def test_kl_to_scores_where_a_probability_underflows():
    # All mass on a label whose softmax is e^-1000 = 0 in floats: 1000 + log(1 + e^-1000).
    assert float(kl_to_scores(jnp.array([1.0, 0.0]), jnp.array([0.0, 1000.0]))) == 1000.0


@given(PAIRS)
def test_rational_divergences(pair):
    p, q = (rational(values) for values in pair)
    differences = [a - b for a, b in zip(p, q, strict=True)]
    variation = sum(abs(d) for d in differences) / 2
    squares = sum(d * d for d in differences)
    infinite = any(a > 0 and b == 0 for a, b in zip(p, q, strict=True))
    assert float(total_variation(*pair)) == pytest.approx(float(variation), rel=1e-14, abs=1e-300)
    assert float(squared_distance(*pair)) == pytest.approx(float(squares), rel=1e-14, abs=1e-300)
    with mpmath.workdps(50):
        length = mpmath.sqrt(real(squares))
    # A square below 1e-300 counts as zero.
    assert float(euclidean_distance(*pair)) == pytest.approx(float(length), rel=1e-14, abs=1e-150)
    if infinite:
        assert float(chi_square(*pair)) == np.inf
        return
    chi = sum(d * d / b for d, b in zip(differences, q, strict=True) if b > 0)
    # A mass of 1e-300 may carry a term that overflows.
    expected = np.inf if chi > 10**308 else float(chi)
    assert float(chi_square(*pair)) == pytest.approx(expected, rel=1e-14, abs=1e-300)


@given(PAIRS)
def test_entropy(pair):
    p = pair[0]
    with mpmath.workdps(50):
        expected = -mpmath.fsum(real(a) * mpmath.log(real(a)) for a in rational(p) if a > 0)
    assert float(entropy(p)) == pytest.approx(float(expected), rel=1e-14, abs=1e-15)


def test_batches_are_rows():
    p = jnp.array([[1.0, 0.0], [0.25, 0.75]])
    q = jnp.array([[0.5, 0.5], [0.5, 0.5]])
    # Row 1: |1/2| + |1/2| = 1, halved; squares 1/4 + 1/4; chi (1/4)/(1/2) twice. Row 2: quarters.
    assert total_variation(p, q).tolist() == [0.5, 0.25]
    assert squared_distance(p, q).tolist() == [0.5, 0.125]
    assert chi_square(p, q).tolist() == [1.0, 0.25]
    assert kl_divergence(p, q).shape == entropy(p).shape == (2,)


def test_the_distance_has_a_gradient_where_it_is_zero():
    p, q = jnp.array([0.5, 0.5]), jnp.array([0.8, 0.2])
    # (p - q)/|p - q| = (-0.3, 0.3)/(0.3 sqrt 2).
    slope = jax.grad(euclidean_distance)(p, q)
    np.testing.assert_allclose(slope, [-np.sqrt(0.5), np.sqrt(0.5)], rtol=1e-14)
    assert jax.grad(euclidean_distance)(p, p).tolist() == [0.0, 0.0]


@given(PAIRS)
def test_pinsker_and_its_neighbours(pair):
    """Textbook order of the divergences: 2 TV^2 <= KL <= log(1 + chi^2)."""
    kl, chi, tv = (float(f(*pair)) for f in (kl_divergence, chi_square, total_variation))
    assert 2 * tv**2 <= kl * (1 + 1e-13) + 1e-15
    assert kl <= np.log1p(chi) * (1 + 1e-13) + 1e-15
