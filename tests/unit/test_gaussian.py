"""Divergences of Gaussian laws against 50-digit and dense Kronecker arithmetic."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory.gaussian import gaussian_kl, matrix_normal_kl

pytestmark = pytest.mark.usefixtures("strict")


def covariance(rng, size, spread=1.0):
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    matrix = (basis * np.exp(spread * rng.normal(size=size))) @ basis.T
    return (matrix + matrix.T) / 2


def exact_kl(mean_1, cov_1, mean_2, cov_2):
    """The textbook formula, in 50 digits."""
    with mpmath.workdps(50):
        cov_1, cov_2 = mpmath.matrix(cov_1.tolist()), mpmath.matrix(cov_2.tolist())
        gap = mpmath.matrix(mean_1.tolist()) - mpmath.matrix(mean_2.tolist())
        inverse = cov_2**-1
        ratio = inverse * cov_1
        trace = mpmath.fsum(ratio[i, i] for i in range(ratio.rows))
        log_determinant = mpmath.log(mpmath.det(cov_1)) - mpmath.log(mpmath.det(cov_2))
        return float((trace - ratio.rows - log_determinant + (gap.T * inverse * gap)[0]) / 2)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_gaussian_kl_agrees_with_fifty_digits(size):
    rng = np.random.default_rng(size)
    for _ in range(5):
        arguments = (
            rng.normal(size=size),
            covariance(rng, size),
            rng.normal(size=size),
            covariance(rng, size),
        )
        np.testing.assert_allclose(
            gaussian_kl(*map(jnp.asarray, arguments)), exact_kl(*arguments), rtol=1e-12
        )


@pytest.mark.parametrize("factor", [1.001, 0.9999, 1 + 2.0**-20])
def test_nothing_is_lost_when_the_covariances_nearly_agree(factor):
    rng = np.random.default_rng(0)
    cov = covariance(rng, 4)
    zero = np.zeros(4)
    np.testing.assert_allclose(
        gaussian_kl(*map(jnp.asarray, (zero, factor * cov, zero, cov))),
        exact_kl(zero, factor * cov, zero, cov),
        rtol=1e-12,
    )


@pytest.mark.parametrize("ratio", [1e-12, 1e-3, 1e6])
def test_very_different_covariances(ratio):
    zero = np.zeros(2)
    cov_1, cov_2 = np.diag([ratio, 1.0]), np.array([[1.0, 0.2], [0.2, 2.0]])
    np.testing.assert_allclose(
        gaussian_kl(*map(jnp.asarray, (zero, cov_1, zero, cov_2))),
        exact_kl(zero, cov_1, zero, cov_2),
        rtol=1e-13,
    )


def test_a_singular_law_is_infinitely_far_from_a_regular_one():
    zero, singular = jnp.zeros(2), jnp.diag(jnp.array([1.0, 0.0]))
    assert gaussian_kl(zero, singular, zero, jnp.eye(2)) == np.inf
    assert gaussian_kl(zero, jnp.eye(2), zero, jnp.eye(2)) == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (2, 3), (4, 2)])
def test_matrix_normal_kl_agrees_with_the_kronecker_form(shape):
    rng = np.random.default_rng(sum(shape))
    rows, columns = shape
    mean_1, mean_2 = rng.normal(size=(2, *shape))
    row_1, row_2 = covariance(rng, rows), covariance(rng, rows)
    col_1, col_2 = covariance(rng, columns), covariance(rng, columns)
    expected = exact_kl(
        mean_1.T.ravel(), np.kron(col_1, row_1), mean_2.T.ravel(), np.kron(col_2, row_2)
    )
    arguments = (mean_1, row_1, col_1, mean_2, row_2, col_2)
    np.testing.assert_allclose(matrix_normal_kl(*map(jnp.asarray, arguments)), expected, rtol=1e-12)


def test_only_the_product_of_rows_and_columns_matters():
    # (U, V) and (cU, V/c) are one law: the divergence must see that they agree, not 0 = 1 - 1.
    rng = np.random.default_rng(5)
    mean, row, col = jnp.zeros((2, 3)), covariance(rng, 2), covariance(rng, 3)
    value = matrix_normal_kl(
        mean,
        jnp.asarray(4 * row),
        jnp.asarray(1.001 * col / 4),
        mean,
        jnp.asarray(row),
        jnp.asarray(col),
    )
    with mpmath.workdps(50):
        excess = mpmath.mpf("1.001") - 1
        expected = float(3 * (excess - mpmath.log(1 + excess)))
    np.testing.assert_allclose(value, expected, rtol=1e-10)


def test_equal_covariances_leave_the_mean_term():
    rng = np.random.default_rng(6)
    row, col = covariance(rng, 2), covariance(rng, 3)
    gap = rng.normal(size=(2, 3))
    zero = jnp.zeros((2, 3))
    value = matrix_normal_kl(
        zero, *map(jnp.asarray, (row, col)), *map(jnp.asarray, (gap, row, col))
    )
    expected = np.trace(np.linalg.inv(row) @ gap @ np.linalg.inv(col) @ gap.T) / 2
    np.testing.assert_allclose(value, expected, rtol=1e-13)


def test_gradient_at_equal_laws_is_zero():
    rng = np.random.default_rng(7)
    cov = jnp.asarray(covariance(rng, 3))
    zero = jnp.zeros(3)
    for gradient in jax.grad(gaussian_kl, argnums=(0, 1, 2, 3))(zero, cov, zero, cov):
        np.testing.assert_allclose(gradient, np.zeros_like(gradient), atol=1e-15)
