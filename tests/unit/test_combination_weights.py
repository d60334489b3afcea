"""Weights for correlated estimates, against optimisation, integrals and exact fractions."""

import itertools
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


def test_units_and_degeneracies_that_strangers_have():
    # Standard deviations that differ by 1e10 take no digits: 0.8 : 0.2 and next to nothing.
    wide = combine(np.diag([1e-20, 4e-20, 1.0]))
    np.testing.assert_allclose(wide.weights, [0.8, 0.2, 0.0], rtol=1e-13, atol=1e-14)
    # One estimate three times: nothing to gain, and no weights that rounding has chosen.
    same = combine(np.ones((3, 3)))
    np.testing.assert_allclose(same.weights, np.full(3, 1 / 3), rtol=1e-14)
    assert same.variance == pytest.approx(1.0, rel=1e-14)
    # s errs twice as much as t, in the same way: 2 t - s is exact.
    exact = combine([[1.0, 2.0], [2.0, 4.0]])
    np.testing.assert_allclose(exact.weights, [2.0, -1.0], rtol=1e-14)
    assert exact.variance == 0.0
    # Exact ones share the weight, whatever else there is.
    assert combine(np.diag([0.0, 1.0, 0.0])).weights == pytest.approx((0.5, 0.0, 0.5), abs=1e-15)
    assert combine(np.zeros((2, 2))).weights == (0.5, 0.5)
    assert combine([3.0]).weights == (1.0,)


@pytest.mark.parametrize("size", [5, 6, 7])
def test_weights_from_zero_on_against_every_support(size):
    """On some support the weights are the unconstrained ones of it: try them all."""
    rng = np.random.default_rng(size)
    units = 10.0 ** rng.uniform(-4.0, -3.6, size=size)
    factor = rng.normal(size=(size, 2 * size)) + 0.8 * rng.normal(size=2 * size)
    covariance = factor @ factor.T * np.outer(units, units)
    best = np.inf
    for chosen in itertools.product([False, True], repeat=size):
        part = covariance[np.ix_(chosen, chosen)]
        solved = np.linalg.solve(part, np.ones(len(part))) if len(part) else np.array([-1.0])
        if solved.min() >= 0:
            best = min(best, 1 / solved.sum())
    free, result = combine(covariance), combine(covariance, nonnegative=True)
    assert min(free.weights) < 0 <= min(result.weights)
    assert np.count_nonzero(result.weights) >= 2
    assert sum(result.weights) == pytest.approx(1, rel=1e-14)
    assert result.variance == pytest.approx(best, rel=1e-10)
    assert free.variance < result.variance
    assert "nonnegative=True" in free.text()
    assert "from 0 on" in result.text()
    assert "nonnegative=True" not in result.text()


def test_estimates_of_one_sign_are_not_changed_by_excluding_the_other():
    covariance = [[1.0, 0.25], [0.25, 2.0]]
    assert combine(covariance, nonnegative=True).weights == combine(covariance).weights


def test_estimated_variances_cost_what_meier_says():
    """Averaged over w = s_s/(s_t + s_s) ~ Beta(nu/2, nu/2), with s_t + s_s = 2 v apart from it."""
    degrees, v = 40, 3.0
    law = stats.beta(degrees / 2, degrees / 2)
    nodes, gauss = np.polynomial.legendre.leggauss(40)
    shares, density = 0.5 + 0.5 * nodes, 0.5 * gauss * law.pdf(0.5 + 0.5 * nodes)
    estimated = [combine([2 * v * (1 - w), 2 * v * w], degrees_of_freedom=degrees) for w in shares]
    found = density @ [result.variance for result in estimated]
    claimed = density @ [result.naive_claim for result in estimated]
    true = float(weights.estimated_weights_variance(jnp.asarray(v), jnp.asarray(float(degrees))))
    # To first order in 1/nu: the error is a few nu^-2, where the claim's is 2/nu.
    assert abs(found / true - 1) < 4 / degrees**2
    assert 1 - claimed / true > 1.8 / degrees
    result = combine([1.0, 1.0, 2.0], degrees_of_freedom=[4.0, 8.0, 10.0])
    # Weights 2/5, 2/5, 1/5 and 2/5 (1 + 4 (6/25/4 + 6/25/8 + 4/25/10)).
    assert result.variance == pytest.approx(0.4 * (1 + 4 * (0.06 + 0.03 + 0.016)), rel=1e-13)
    assert result.naive_claim == pytest.approx(0.4, rel=1e-13)
    assert "The variances are estimates" in result.text()
    assert Combination.from_dict(json.loads(json.dumps(result.to_dict()))) == result


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


def test_vectors_against_generalised_least_squares_in_any_units():
    rng = np.random.default_rng(6)
    factor = rng.normal(size=(6, 6))
    units = np.tile([1e5, 1e-5], 3)
    joint = factor @ factor.T * np.outer(units, units)
    blocks = joint.reshape(3, 2, 3, 2).transpose(0, 2, 1, 3)
    found = np.asarray(weights.vector_weights(jnp.asarray(blocks)))
    # In unit units, design (I, I, I): (D' J^-1 D)^-1 D' J^-1; a weight carries its row's unit over
    # its column's.
    design = np.tile(np.eye(2), (3, 1))
    solved = np.linalg.solve(factor @ factor.T, design).T
    plain = np.linalg.solve(solved @ design, solved).reshape(2, 3, 2).transpose(1, 0, 2)
    expected = plain * (units[:2, None] / units[None, :2])
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_vectors_of_which_one_feature_is_shared():
    """The same first feature twice, where matrix_weight has nothing to divide by."""
    teacher, student = jnp.diag(jnp.array([1.0, 4.0])), jnp.diag(jnp.array([1.0, 1.0]))
    cross = jnp.diag(jnp.array([1.0, 0.0]))
    found = weights.vector_weights(jnp.array([[teacher, cross], [cross, student]]))
    np.testing.assert_allclose(found[0], np.diag([0.5, 0.2]), atol=1e-15)
    np.testing.assert_allclose(found[0] + found[1], np.eye(2), atol=1e-15)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"covariance": np.zeros((2, 2, 2, 2))}, "there is vector_weights"),
        ({"covariance": np.eye(2), "degrees_of_freedom": 4}, "variances alone"),
        ({"covariance": [1.0, 2.0], "degrees_of_freedom": 0}, "a number >= 1"),
        ({"covariance": [1.0, 2.0], "degrees_of_freedom": [4, 0]}, "a mean of r answers has r - 1"),
        ({"covariance": [1.0, 2.0], "degrees_of_freedom": [4]}, "for each of 2 variances"),
    ],
)
def test_requests_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InputError, match=f"(?i){message}"):
        combine(**arguments)
