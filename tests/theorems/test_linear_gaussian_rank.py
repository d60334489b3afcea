"""The best map of a given rank and its expected tail, by routes that share no formula.

Maps are compared with alternating least squares over both factors, expected tails with the joint
density of eigenvalues, fifty-digit Laguerre functions and plain sampling from the model.
"""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import integrate

from kdtheory._random import random_key
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import rank_tail
from kdtheory.theorems.linear_gaussian.control_variates import controlled_means
from kdtheory.theorems.linear_gaussian.rank_map import rank_map, rank_map_uniqueness
from kdtheory.theorems.linear_gaussian.teacher_range import teacher_range


def design_of(inputs, outputs=2, seed=1, **settings):
    inputs = np.asarray(inputs, float)
    truth = np.random.default_rng(seed).normal(size=(outputs, len(inputs)))
    return LinearGaussianDesign.create(inputs, truth, **settings)


def error_of(weights, inputs, mapping):
    return np.sum((weights @ inputs - weights @ mapping @ inputs) ** 2)


# --- the map -----------------------------------------------------------------------------------

SHAPES = {"n > d": (3, 4, 7), "n < d": (3, 5, 3), "d = 2": (4, 2, 6), "one output": (1, 3, 3)}


def random_map_problem(name):
    outputs, features, samples = SHAPES[name]
    rng = np.random.default_rng(len(name))
    return rng.normal(size=(outputs, features)), rng.normal(size=(features, samples))


@pytest.mark.parametrize("name", SHAPES)
def test_no_pair_of_factors_does_better_and_alternating_ones_get_there(name):
    weights, inputs = random_map_problem(name)
    for rank in range(1, min(weights.shape) + 1):
        best = rank_map(design_of(inputs, len(weights)), weights, rank)
        rng = np.random.default_rng(0)
        left = rng.normal(size=(inputs.shape[0], rank))
        for _ in range(300):
            # W X ~ (W A)(B X): least squares in B for given A, then in A for given B.
            right = np.linalg.pinv(weights @ left) @ weights @ inputs @ np.linalg.pinv(inputs)
            left = np.linalg.pinv(weights) @ weights @ inputs @ np.linalg.pinv(right @ inputs)
        found = error_of(weights, inputs, left @ right)
        np.testing.assert_allclose(best.error, found, rtol=1e-8, atol=1e-20)
        np.testing.assert_allclose(best.tail, best.error, rtol=1e-12, atol=1e-25)


@pytest.mark.parametrize("name", SHAPES)
def test_it_is_the_map_by_pseudoinverses(name):
    weights, inputs = random_map_problem(name)
    for rank in range(min(weights.shape) + 1):
        best = rank_map(design_of(inputs, len(weights)), weights, rank)
        left, values, right = np.linalg.svd(weights @ inputs)
        cut = (left[:, :rank] * values[:rank]) @ right[:rank]
        mapping = np.linalg.pinv(weights) @ cut @ np.linalg.pinv(inputs)
        np.testing.assert_allclose(best.student_mean, weights @ mapping, atol=1e-12)
        assert np.linalg.matrix_rank(mapping) <= rank
        np.testing.assert_allclose(best.error, error_of(weights, inputs, mapping), atol=1e-12)


@pytest.mark.float32
def test_single_precision_survives_a_condition_of_1e5():
    rng = np.random.default_rng(3)
    basis, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    inputs = (basis * [1.0, 1e-2, 1e-4, 1e-5]).astype(np.float32)
    weights = rng.normal(size=(3, 4)).astype(np.float32)
    found = np.asarray(rank_map(design_of(inputs, 3), weights, 2).student_mean, float)
    wide, teacher = inputs.astype(float), weights.astype(float)
    left = np.linalg.svd(teacher @ wide)[0][:, :2]
    # Full row rank: the projection of the inputs is the identity.
    np.testing.assert_allclose(found, left @ left.T @ teacher, atol=3e-6)


def test_the_identity_has_full_rank_only():
    design = design_of([[1.0], [0.5]])
    weights = np.array([[1.0, 2.0], [0.0, -1.0]])
    copied = rank_map(design, weights, 2, "identity")
    np.testing.assert_array_equal(copied.student_mean, weights)
    assert copied.error == 0
    projected = rank_map(design, weights, 2)
    # The null space of X^T is (-1, 2)/sqrt 5: there the min-norm student knows nothing.
    np.testing.assert_allclose(projected.student_mean @ np.array([-1.0, 2.0]), 0, atol=1e-15)
    with pytest.raises(ValueError, match="rank of the identity"):
        rank_map(design, weights, 1, "identity")
    with pytest.raises(ValueError, match="at least 0"):
        rank_map(design, weights, -1)


def test_a_null_direction_leaves_the_student_open():
    weights, inputs = np.array([[1.0, 2.0]]), np.array([[1.0], [0.0]])
    first, second = np.diag([1.0, 0.0]), np.array([[1.0, 5.0], [0.0, 0.0]])
    assert error_of(weights, inputs, first) == error_of(weights, inputs, second) == 0
    assert (weights @ first != weights @ second).any()
    report = rank_map_uniqueness(design_of(inputs, 1), weights, 1)
    assert not report.unique
    assert "null space" in report.reasons[0]
    # Nothing can be added to a student of rank zero, or by a teacher of zero weights.
    assert rank_map_uniqueness(design_of(inputs, 1), weights, 0).unique
    assert rank_map_uniqueness(design_of(inputs, 1), 0 * weights, 1).unique


def test_a_tie_leaves_the_student_open():
    weights = inputs = np.eye(2)
    first, second = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
    assert error_of(weights, inputs, first) == error_of(weights, inputs, second) == 1
    report = rank_map_uniqueness(design_of(inputs), weights, 1)
    assert not report.unique
    assert "singular values 1 and 2" in report.reasons[0]
    assert rank_map_uniqueness(design_of(inputs), weights, 2).unique
    assert rank_map_uniqueness(design_of(inputs), np.diag([1.0, 0.99]), 1).unique


def test_beyond_the_rank_of_the_predictions_the_student_is_unique_and_the_map_is_not():
    weights, inputs = np.array([[1.0, 0.0], [2.0, 0.0]]), np.eye(2)
    report = rank_map_uniqueness(design_of(inputs), weights, 2)
    assert report.unique
    assert report.predictions_rank == 1
    assert "map itself" in report.reasons[0]
    for mapping in (np.eye(2), np.array([[1.0, 0.0], [3.0, 4.0]])):
        assert error_of(weights, inputs, mapping) == 0
        np.testing.assert_array_equal(weights @ mapping, weights)
    with pytest.raises(ValueError, match="rank"):
        rank_map_uniqueness(design_of(inputs), weights, 3)


# --- closed forms of the tail ------------------------------------------------------------------


@pytest.mark.parametrize("distance", [0.0, 1e-9, 0.3, 2.0, 9.99, 10.01, 300.0, 1e8])
@pytest.mark.parametrize("variance", [1.0, 1e-6, 37.0])
def test_rice_excess_agrees_with_fifty_digits(distance, variance):
    with mpmath.workdps(50):
        m, v = mpmath.mpf(distance), mpmath.mpf(variance)
        mean = mpmath.sqrt(mpmath.pi * v) / 2 * mpmath.hyp1f1(-0.5, 1, -(m**2) / v)
        expected = float(mean - m)
    found = rank_tail.rice_excess(jnp.asarray(distance), jnp.asarray(variance))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_rice_excess_without_noise_is_nothing():
    assert rank_tail.rice_excess(jnp.asarray(0.0), jnp.asarray(0.0)) == 0
    assert rank_tail.rice_excess(jnp.asarray(3.0), jnp.asarray(0.0)) == 0


@pytest.mark.parametrize("num_directions", [2, 3, 5, 10])
def test_two_outputs_agree_with_the_density_of_the_eigenvalues(num_directions):
    # Joint density proportional to (a b)^((r - 3) / 2) exp(-(a + b) / 2) (a - b) on a > b; with
    # b = y^2 the singularity at zero for r = 2 is gone.
    power = (num_directions - 3) / 2

    def weight(a, y):
        b = y * y
        return (a * b) ** power * np.exp(-(a + b) / 2) * (a - b) * 2 * y

    def integral(value):
        lower = lambda y: y * y  # noqa: E731
        upper = lambda y: y * y + 90  # noqa: E731
        function = lambda a, y: value(y) * weight(a, y)  # noqa: E731
        return integrate.dblquad(function, 1e-12, 9, lower, upper, epsabs=1e-11)[0]

    expected = integral(lambda y: y * y) / integral(lambda y: 1.0)
    found = rank_tail.expected_tail_two_outputs(num_directions)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


MEANS = {"centred": [[0, 0], [0, 0]], "generic": [[1, 0.3], [-0.2, 0.5]], "tie": [[1, 0], [0, 1]]}


@pytest.mark.parametrize("name", MEANS)
def test_two_by_two_agrees_with_singular_values(name):
    mean, variance, rng = np.array(MEANS[name], float), 0.6, np.random.default_rng(8)
    drawn = mean + np.sqrt(variance) * rng.normal(size=(400_000, 2, 2))
    tails = np.linalg.svd(drawn, compute_uv=False)[:, 1] ** 2
    found = float(rank_tail.expected_tail_two_by_two(mean, variance))
    assert abs(found - tails.mean()) < 4 * tails.std() / np.sqrt(len(tails))


def test_two_by_two_with_little_noise_is_the_tail_of_the_mean():
    # Rank one: det = 0 and m_1 = m_2, so that sigma_2^2 is t times that of a unit normal: t.
    rank_one = np.array([[1.0, 2.0], [2.0, 4.0]])
    for variance in (1e-6, 1e-12, 1e-20):
        found = float(rank_tail.expected_tail_two_by_two(rank_one, variance))
        assert abs(found / variance - 1) < 1e-6 + 1e-1 * variance
    gradient = jax.grad(rank_tail.expected_tail_two_by_two)(jnp.zeros((2, 2)), jnp.asarray(1.0))
    np.testing.assert_array_equal(gradient, 0)


def test_bounds_enclose_the_tail_and_are_attained():
    rng = np.random.default_rng(4)
    for outputs, directions in ((3, 2), (3, 5), (4, 4)):
        mean, variances = rng.normal(size=(outputs, directions)), rng.uniform(0, 2, directions)
        noise = rng.normal(size=(20_000, outputs, directions)) * np.sqrt(variances)
        squares = np.linalg.svd(mean + noise, compute_uv=False) ** 2
        for rank in range(min(outputs, directions)):
            tails = squares[:, rank:].sum(axis=1)
            room = 4 * tails.std() / np.sqrt(len(tails))
            upper = float(rank_tail.tail_upper_bound(mean, variances, rank=rank))
            assert upper >= tails.mean() - room
            assert rank_tail.tail_lower_bound(mean, variances, rank=rank) <= tails.mean() + room
            at_zero = rank_tail.tail_upper_bound(mean, 0 * variances, rank=rank)
            expected = np.sum(np.linalg.svd(mean, compute_uv=False)[rank:] ** 2)
            np.testing.assert_allclose(at_zero, expected, rtol=1e-12)
        total = float(rank_tail.total_energy(mean, variances))
        np.testing.assert_allclose(
            total, rank_tail.tail_upper_bound(mean, variances, rank=0), rtol=1e-12
        )


def test_the_lower_bound_says_something_for_many_outputs():
    # 200 x 200 standard normal: 40000 less (2 sqrt 200)^2 + 1 = 801.
    found = rank_tail.tail_lower_bound(jnp.zeros((200, 200)), jnp.ones(200), rank=1)
    np.testing.assert_allclose(found, 40_000 - 801, rtol=1e-12)


# --- Monte Carlo of the tail -------------------------------------------------------------------

SETTINGS = {"prior_precision": 0.7, "inverse_temperature": 1.3, "noise_std": 0.8}


def sampled_teachers(design, count, seed):
    """Draws labels and Gibbs teachers by dense matrices."""
    rng = np.random.default_rng(seed)
    inputs, truth = np.asarray(design.inputs), np.asarray(design.true_weights)
    lam, beta, nu = SETTINGS.values()
    covariance = np.linalg.inv(lam * np.eye(len(inputs)) + beta / nu**2 * inputs @ inputs.T)
    shape = (count, len(truth), inputs.shape[1])
    labels = truth @ inputs + nu * rng.normal(size=shape)
    mean = beta / nu**2 * labels @ inputs.T @ covariance
    return mean + rng.normal(size=mean.shape) @ np.linalg.cholesky(covariance).T


def test_tail_draws_agree_with_plain_sampling_and_vary_much_less():
    design = design_of(np.random.default_rng(6).normal(size=(4, 6)), 3, **SETTINGS)
    lam, beta, nu = SETTINGS.values()
    inputs, truth = np.asarray(design.inputs), np.asarray(design.true_weights)
    rank, count = 1, 4096
    values, controls = rank_tail.tail_draws(
        random_key(2), jnp.asarray(0), teacher_range(design), rank=rank, count=count, batch=64
    )
    values, controls = np.asarray(values), np.asarray(controls)
    estimates = controlled_means(values, controls)
    for centred in controls.T:
        assert abs(centred.mean()) < 4 * centred.std() / np.sqrt(count)

    weights = sampled_teachers(design, 20_000, 5)
    predicted = weights @ inputs
    left = np.linalg.svd(predicted)[0][:, :, rank:]
    gone = left @ (left.transpose(0, 2, 1) @ weights)
    tail = np.sum((gone @ inputs) ** 2, axis=(1, 2))
    energy = np.sum(gone**2, axis=(1, 2))
    signal = np.sum((truth @ inputs) * (gone @ inputs), axis=(1, 2))
    # apx + cross from their definitions, with X of full row rank.
    apx = (lam * energy + beta / nu**2 * tail) / 2
    direct = np.stack(
        [tail / nu**2, lam * energy, apx - lam * energy, (tail - signal) / nu**2], axis=1
    )
    for estimate, plain in zip(estimates, direct.T, strict=True):
        error = np.hypot(estimate.standard_error, plain.std() / np.sqrt(len(plain)))
        assert abs(estimate.mean - plain.mean()) < 4 * error
        # A replicate is a pair: per teacher drawn, at most half the variance.
        assert 2 * estimate.standard_error**2 * count < plain.var() / 2
    assert 2 * estimates[0].standard_error ** 2 * count < tail.var() / nu**4 / 5


def test_replicates_depend_on_their_number_alone():
    teacher = teacher_range(design_of(np.eye(2), **SETTINGS))
    options = {"rank": 1, "batch": 2}
    whole, _ = rank_tail.tail_draws(random_key(1), jnp.asarray(0), teacher, count=8, **options)
    later, _ = rank_tail.tail_draws(random_key(1), jnp.asarray(4), teacher, count=4, **options)
    np.testing.assert_allclose(whole[4:], later, rtol=1e-13)


def test_control_variates_remove_what_they_explain():
    rng = np.random.default_rng(0)
    control, rest = rng.normal(size=(2, 500))
    values = np.stack([3 + 2 * control, 1 + control + rest], axis=1)
    exact, partial = controlled_means(values, control[:, None])
    np.testing.assert_allclose(exact.mean, 3, rtol=1e-14)
    assert exact.standard_error < 1e-14
    np.testing.assert_allclose(partial.standard_error, rest.std() / np.sqrt(500), rtol=0.01)
    alone = controlled_means(values, np.zeros((500, 0)))[0]
    np.testing.assert_allclose(alone.standard_error, 2 * control.std() / np.sqrt(499), rtol=1e-12)
