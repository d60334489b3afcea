"""Label smoothing over whole samples in fractions; temperature to forty digits."""

from fractions import Fraction as F

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from enumeration import dot, floats, moment_of_mean, risk

from kdtheory.soft_labels import (
    optimal_risk_smoothing,
    optimal_smoothing,
    risk_smoothing_terms,
    smoothed_risk_error,
    smoothing_error,
    tempered_entropy,
    tempered_entropy_slope,
    tempered_probs,
)

pytestmark = pytest.mark.usefixtures("strict")

WEIGHTS = [F(2, 3), F(1, 3)]
PROBS = [[F(1, 2), F(1, 3), F(1, 6)], [F(0), F(3, 4), F(1, 4)]]
LOSSES = [[F(0), F(1), F(1, 2)], [F(2), F(-1), F(1, 3)]]


def arrays():
    return tuple(map(floats, (WEIGHTS, PROBS, LOSSES)))


def target(label, amount, labels=3):
    return [(1 - amount) * (k == label) + amount / labels for k in range(labels)]


def distance(p, q):
    return sum((a - b) ** 2 for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize("amount", [F(0), F(1, 4), F(1)])
def test_bias_and_variance_of_a_target(amount):
    expected = []
    for p in PROBS:
        targets = [target(label, amount) for label in range(3)]
        mean = [dot(p, column) for column in zip(*targets, strict=True)]
        expected.append((distance(mean, p), dot(p, [distance(t, mean) for t in targets])))
    got = smoothing_error(floats(PROBS), jnp.asarray(float(amount)))
    np.testing.assert_allclose(np.stack(got, axis=1), np.array(expected, float), atol=1e-16)
    np.testing.assert_allclose(got.mse, np.array(expected, float).sum(axis=1), rtol=1e-14)


def test_the_best_target():
    best = float(optimal_smoothing(*arrays()[:2]))
    # E|p*|^2 = 2/3 * 14/36 + 1/3 * 10/16 = 101/216: (115/216) / (2/3) = 115/144.
    assert best == pytest.approx(115 / 144, rel=1e-14)

    def mse(amount):
        return sum(
            w * dot(p, [distance(target(k, amount), p) for k in range(3)])
            for w, p in zip(WEIGHTS, PROBS, strict=True)
        )

    exact = F(115, 144)
    assert mse(exact) < min(mse(exact + step) for step in (F(1, 1000), F(-1, 1000)))
    # The ends: nothing to smooth, and nothing but smoothing; with one label all is the same.
    assert float(optimal_smoothing(jnp.ones(1), jnp.asarray([[1.0, 0.0]]))) == 0.0
    assert float(optimal_smoothing(jnp.ones(1), jnp.full((1, 4), 0.25))) == 1.0
    assert float(optimal_smoothing(jnp.ones(1), jnp.ones((1, 1)))) == 0.0


def error_over_samples(amount, num_samples):
    outcomes = []
    for weight, p, loss in zip(WEIGHTS, PROBS, LOSSES, strict=True):
        outcomes += [(weight * p[k], dot(target(k, amount), loss)) for k in range(3)]
    return moment_of_mean(outcomes, num_samples, risk(WEIGHTS, PROBS, LOSSES))


@pytest.mark.parametrize("num_samples", [1, 2, 3])
def test_the_error_of_a_smoothed_risk_over_whole_samples(num_samples):
    size = jnp.asarray(float(num_samples))
    for amount in (F(0), F(1, 3), F(1)):
        got = smoothed_risk_error(*arrays(), jnp.asarray(float(amount)), size)
        assert float(got) == pytest.approx(
            float(error_over_samples(amount, num_samples)), rel=1e-13
        )
    # A parabola through three exact values has its minimum where it should be.
    low, middle, high = (error_over_samples(F(k, 2), num_samples) for k in range(3))
    curvature = 2 * (high - 2 * middle + low)
    slope = 4 * middle - 3 * low - high
    best = -slope / (2 * curvature)
    got = optimal_risk_smoothing(*arrays(), size)
    assert float(got) == pytest.approx(float(best), rel=1e-13)
    terms = risk_smoothing_terms(*arrays(), size)
    np.testing.assert_allclose(terms, [float(-slope / 2), float(curvature)], rtol=1e-13)


def test_the_best_amount_for_a_risk_is_of_order_one_over_n():
    amounts = [
        float(optimal_risk_smoothing(*arrays(), jnp.asarray(n))) * n for n in (1e3, 1e4, 1e5)
    ]
    assert amounts[0] == pytest.approx(amounts[2], rel=0.05)
    assert amounts[1] == pytest.approx(amounts[2], rel=0.005)
    # Losses that are all alike at an input: every amount is as good.
    same = jnp.ones((2, 3))
    assert float(optimal_risk_smoothing(*arrays()[:2], same, jnp.asarray(2.0))) == 0.0


LOGITS = {
    "plain": (["7/5", "-3/10", "1/2"], "3/4"),
    "certain": (["40", "0", "-40"], "2"),
    "hot": (["5", "-1", "2"], "1000"),
    "tied": (["3", "3", "-800"], "1"),
    "frozen": (["1", "0", "0"], "1/1000"),
}


@pytest.mark.parametrize("name", LOGITS)
def test_temperature_to_fifty_digits(name):
    given, at = LOGITS[name]
    with mpmath.workdps(800):
        z = [mpmath.mpf(F(x).numerator) / F(x).denominator for x in given]

        def law(t):
            weights = [mpmath.exp(x / t) for x in z]
            return [w / sum(weights) for w in weights]

        def uncertainty(t):
            return -sum(p * mpmath.log(p) for p in law(t))

        t = mpmath.mpf(F(at).numerator) / F(at).denominator
        expected = law(t)
        value = uncertainty(t)
        # The slope as a difference quotient, whose error is of the order of the step squared.
        step = t * mpmath.mpf(10) ** -200
        slope = (uncertainty(t + step) - uncertainty(t - step)) / (2 * step)
    logits, temperature = floats([F(x) for x in given]), jnp.asarray(float(F(at)))
    np.testing.assert_allclose(
        tempered_probs(logits, temperature), [float(p) for p in expected], rtol=2e-13
    )
    got = tempered_entropy(logits, temperature), tempered_entropy_slope(logits, temperature)
    np.testing.assert_allclose(got, [float(value), float(slope)], rtol=1e-12)


def test_batches_and_gradients():
    logits = jnp.asarray([[[1.0, 0.0], [0.5, 0.5]], [[-1.0, 2.0], [300.0, 0.0]]])
    temperature = jnp.asarray(1.5)
    alone = [[tempered_entropy_slope(row, temperature) for row in rows] for rows in logits]
    np.testing.assert_allclose(tempered_entropy_slope(logits, temperature), alone, rtol=1e-14)
    slopes = jax.vmap(jax.vmap(jax.grad(tempered_entropy, 1), (0, None)), (0, None))
    np.testing.assert_allclose(slopes(logits, temperature), alone, rtol=1e-12, atol=1e-80)
