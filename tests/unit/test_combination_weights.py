"""Weights for correlated estimates, against optimisation, integrals and exact fractions."""

import json
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize, stats

from kdtheory._check import InputError
from kdtheory.propagation import Combination, combine, weights

pytestmark = pytest.mark.usefixtures("strict")

PAIRS = [("1", "1/2", "0"), ("1", "1/2", "1/2"), ("1", "4", "-1"), ("1", "4", "3/2")]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_in_exact_fractions(pair):
    """Var(w) = a w^2 - 2 b w + v_s is least at b/a; on [0, 1], there or at the nearer end."""
    teacher, student, c = map(Fraction, pair)
    a, b = teacher + student - 2 * c, student - c

    def at(w):
        return w * w * teacher + 2 * w * (1 - w) * c + (1 - w) ** 2 * student

    args = [jnp.asarray(float(Fraction(value))) for value in pair]
    assert float(weights.pair_weight(*args)) == pytest.approx(float(b / a), abs=1e-15)
    assert float(weights.pair_variance(*args)) == pytest.approx(float(at(b / a)), rel=1e-14)
    inside = at(min(max(b / a, Fraction(0)), Fraction(1)))
    assert float(weights.best_convex_variance(*args)) == pytest.approx(float(inside), rel=1e-14)


def test_estimates_that_move_together_leave_nothing_to_choose():
    args = [jnp.asarray(value) for value in (2.0, 2.0, 2.0)]
    assert float(weights.pair_variance(*args)) == 2.0
    assert float(weights.pair_weight(*args)) == 0.5


@pytest.mark.parametrize("size", [2, 3, 5])
def test_many_estimates_against_a_constrained_minimiser(size):
    rng = np.random.default_rng(size)
    factor = rng.normal(size=(size, size))
    covariance = factor @ factor.T
    found = optimize.minimize(
        lambda w: w @ covariance @ w,
        np.full(size, 1 / size),
        jac=lambda w: 2 * covariance @ w,
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(size)}],
        options={"ftol": 1e-15, "maxiter": 500},
    )
    result = combine(covariance)
    assert sum(result.weights) == pytest.approx(1, abs=1e-13)
    assert result.variance == pytest.approx(found.fun, rel=1e-6)
    assert result.variance <= found.fun * (1 + 1e-9)
    assert result.variance <= min(result.naive_variance, result.best_single)
    assert result.best_single == covariance.diagonal().min()


def test_singular_covariances():
    # Two copies of one estimate and an independent one: the copies share their weight.
    result = combine([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(result.weights, [0.25, 0.25, 0.5], atol=1e-14)
    assert result.variance == pytest.approx(0.5)
    # Opposite errors cancel: (t + s)/2 is exact.
    assert combine([[1.0, -1.0], [-1.0, 1.0]]).variance == pytest.approx(0, abs=1e-15)


def test_uncorrelated_estimates_and_exact_ones():
    result = combine([1.0, 2.0, 4.0])
    # 1 : 1/2 : 1/4, and 1/(1 + 1/2 + 1/4).
    np.testing.assert_allclose(result.weights, [4 / 7, 2 / 7, 1 / 7], rtol=1e-13)
    np.testing.assert_allclose(result.naive_weights, result.weights, rtol=1e-13)
    assert result.variance == pytest.approx(4 / 7, rel=1e-13)
    assert combine([0.0, 2.0, 0.0]).naive_weights == (0.5, 0.0, 0.5)
    small = weights.inverse_variance_weights(jnp.array([1e-300, 4e-300]))
    np.testing.assert_allclose(small, [0.8, 0.2], rtol=1e-14)


@pytest.mark.parametrize("degrees", [1, 2, 9])
def test_estimated_variances_against_integrals(degrees):
    """w = s_s/(s_t + s_s) has the law Beta(nu/2, nu/2), and s_t + s_s is independent of it."""
    law = stats.beta(degrees / 2, degrees / 2)

    def mean(function):
        # Substituting w = sin(angle)^2 takes the poles of the density at nu = 1 away.
        def integrand(angle):
            w = np.sin(angle) ** 2
            return function(w) * law.pdf(w) * np.sin(2 * angle)

        return integrate.quad(integrand, 0, np.pi / 2, epsabs=1e-13)[0]

    v, nu = jnp.asarray(3.0), jnp.asarray(float(degrees))
    true = 3 * mean(lambda w: w**2 + (1 - w) ** 2)
    claimed = 2 * 3 * mean(lambda w: w * (1 - w))  # E (s_t + s_s) = 2 v
    assert float(weights.estimated_weights_variance(v, nu)) == pytest.approx(true, rel=1e-9)
    assert float(weights.claimed_weights_variance(v, nu)) == pytest.approx(claimed, rel=1e-9)


def test_matrix_weights_against_the_pair_and_a_joint_generalised_least_squares():
    rng = np.random.default_rng(5)
    factor = rng.normal(size=(4, 4))
    joint = factor @ factor.T
    blocks = [jnp.asarray(b) for b in (joint[:2, :2], joint[2:, 2:], joint[:2, 2:])]
    weight = weights.matrix_weight(*blocks)
    found = weights.matrix_combined_covariance(*blocks, weight)
    # Both observe the same vector: generalised least squares with design (I, I).
    design = np.vstack([np.eye(2), np.eye(2)])
    precision = design.T @ np.linalg.inv(joint) @ design
    np.testing.assert_allclose(found, np.linalg.inv(precision), rtol=1e-9)
    np.testing.assert_allclose(
        weight, (np.linalg.inv(precision) @ design.T @ np.linalg.inv(joint))[:, :2], rtol=1e-9
    )


def test_the_record():
    result = combine([[1.0, 0.5], [0.5, 0.5]])
    assert Combination.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    # 1/9 + 2 * 2/9 * 1/2 + 4/9 * 1/2 = 5/9, against a claim of 1/3.
    assert result.naive_variance == pytest.approx(5 / 9)
    assert result.naive_claim == pytest.approx(1 / 3)
    assert "worse here" in result.text()
    assert "worse here" not in combine([1.0, 2.0]).text()


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        ([1.0, -1.0], "variances >= 0"),
        ([[1.0, 0.0], [0.5, 1.0]], "a symmetric matrix"),
        ([[1.0, 2.0], [2.0, 1.0]], "positive semidefinite"),
        ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], "(2, 2)"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, message):
    with pytest.raises(InputError) as caught:
        combine(covariance)
    assert message in str(caught.value)
