"""The room's evaluators and the public formulas, against enumeration, fractions and scipy."""

import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from kdtheory.objects.students import RandomDesign, SampledLabels
from kdtheory.propagation import linear, uncertainty_budget
from kdtheory.theorems.uncertainty_propagation import CLAIMS, formulas
from kdtheory.theorems.uncertainty_propagation.worlds import student

pytestmark = pytest.mark.usefixtures("strict")

# One column, three inputs: everything is a fraction, and 3 * 2 signs are enumerated.
COLUMN, STD, K = (1, 2, -1), (1, Fraction(1, 2), 3), 2


def fits():
    """Every way in which two-valued noise can fall: responses, averages, and the fit to them."""
    squares = sum(x * x for x in COLUMN)
    for signs in itertools.product((-1, 1), repeat=len(COLUMN) * K):
        y = [[s * signs[i * K + j] for j in range(K)] for i, s in enumerate(STD)]
        averages = [Fraction(sum(row)) / K for row in y]
        slope = sum(x * mean for x, mean in zip(COLUMN, averages, strict=True)) / squares
        yield y, averages, slope


def mean(values):
    values = list(values)
    return sum(values, Fraction(0)) / len(values)


def world(k=K, correlation=0.0):
    variances = [float(s * s) for s in STD]
    return student([[float(x)] for x in COLUMN], variances, [1.0], k, correlation)


def test_everything_within_and_across_students_by_enumeration():
    across = mean(slope**2 for _, _, slope in fits())  # of the slope, whose mean is 0
    inter = across * mean(Fraction(x * x) for x in COLUMN)
    intra = mean(
        mean((m - x * slope) ** 2 for x, m in zip(COLUMN, averages, strict=True))
        for _, averages, slope in fits()
    )
    pooled = mean(
        mean((r - x * slope) ** 2 for x, row in zip(COLUMN, y, strict=True) for r in row)
        for y, _, slope in fits()
    )
    of = world()
    expected = {
        formulas.prediction_variance: across,
        formulas.laid_out_variance: across,
        formulas.sandwich_variance: across,
        formulas.inter_on_average: inter,
        formulas.intra: intra,
        formulas.intra_pooled: pooled,
        formulas.laid_out_intra_pooled: pooled,
    }
    for function, value in expected.items():
        assert float(function(of)) == pytest.approx(float(value), rel=1e-14), function
    # Averages halve the variance of what is conserved; pooled residuals do not.
    assert inter + intra == mean(Fraction(s * s) for s in STD) / 2
    assert inter + pooled == mean(Fraction(s * s) for s in STD)


def test_correlated_responses_by_mixing():
    """With rho = 1/4, a response is half a shared sign and sqrt(3/4) one of its own."""
    # The variance of an average is v (1/4 + 3/8) = 5/8 v, against 1/2 v for independent ones.
    independent = formulas.prediction_variance(world())
    mixed = formulas.laid_out_variance(world(correlation=0.25))
    assert float(mixed) == pytest.approx(1.25 * float(independent), rel=1e-14)
    # A head on all responses still sees everything that the students do not differ by.
    total = formulas.conserved_by_pooling(world(k=3, correlation=0.25))
    assert float(total) == pytest.approx(float(mean(s * s for s in STD)), rel=1e-14)


def test_weighting_by_precision_in_fractions():
    # One over the sum of x^2/v: 1 + 16 + 1/9.
    expected = 1 / (1 + 16 + Fraction(1, 9))
    assert float(formulas.weighted_variance(world(1))) == pytest.approx(float(expected), rel=1e-14)
    # Every unbiased student is the fit plus a move orthogonal to the inputs; this one is that of
    # the first response alone, 1 * y_1: weights (1, 0, 0) = (1, 2, -1)/6 + (5, -2, 1)/6.
    move = jnp.array([5.0, -2.0, 1.0]) / 6
    assert float(formulas.other_unbiased_variance(world(1), move)) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("shape", [(6, 1), (7, 2), (9, 3)])
def test_random_designs_against_the_inverse_wishart_law(shape):
    samples, features = shape
    factor = np.random.default_rng(features).normal(size=(features, features))
    covariance = factor @ factor.T + np.eye(features)
    inverse = stats.invwishart.mean(df=samples, scale=np.linalg.inv(covariance))
    direction = np.arange(1.0, features + 1)
    expected = 2.5 * direction @ np.atleast_2d(inverse) @ direction
    arrays = [jnp.asarray(value) for value in (covariance, 2.5, direction)]
    design = RandomDesign(*arrays, samples)
    assert float(formulas.random_design_variance(design)) == pytest.approx(expected, rel=1e-12)
    assert float(formulas.random_design_limit(design)) == pytest.approx(expected, rel=1e-12)


def test_too_few_random_inputs_have_no_finite_variance():
    one = jnp.ones(())
    found = linear.random_design_variance(jnp.eye(2), one, jnp.ones((1, 2)), 3 * one)
    assert np.isinf(found[0])


@pytest.mark.parametrize("k", [1, 2, 4])
def test_sampled_labels_against_the_multinomial_law(k):
    probs, direction = np.array([0.5, 0.3, 0.2]), np.array([1.0, -2.0, 0.5])
    labels = SampledLabels(jnp.asarray(probs), jnp.asarray(direction), k)
    one = direction @ stats.multinomial(1, probs).cov() @ direction
    shares = direction @ stats.multinomial(k, probs).cov() @ direction / k**2
    assert float(formulas.label_inter(labels)) == pytest.approx(shares, rel=1e-13)
    assert float(formulas.label_averaged(labels)) == pytest.approx(shares, rel=1e-13)
    assert float(formulas.label_conserved(labels)) == pytest.approx(one, rel=1e-13)
    assert float(formulas.label_variance(labels)) == pytest.approx(one, rel=1e-13)


def test_the_reused_response_in_fractions():
    """X = (1, 2, -1)^T: the leverage of the first input is 1/6; w = h/(1 + h) = 1/7."""
    alike = student([[1.0], [2.0], [-1.0]], [3.0, 3.0, 3.0], [1.0], 1)
    assert float(formulas.best_with_own_response(alike)) == pytest.approx(3 / 6, rel=1e-14)
    # (1/7)^2 + 2 (1/7)(6/7)(1/6) + (6/7)^2 (1/6) = 1/49 + 2/49 + 6/49 = 9/49, times 3.
    for function in (formulas.naive_with_own_response, formulas.naive_with_own_response_limit):
        assert float(function(alike)) == pytest.approx(27 / 49, rel=1e-14)


def test_public_formulas_agree_with_the_budget_and_compose():
    rng = np.random.default_rng(11)
    inputs, points = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    sigma = rng.uniform(0.5, 2.0, size=6)
    variances, rho, k = jnp.asarray(sigma**2), jnp.asarray(0.3), jnp.asarray(4.0)
    averaged = linear.averaged_variance(variances, rho, k)
    options = {"correlation": 0.3, "at": points}
    heads = {name: uncertainty_budget(inputs, sigma, 4, head=name, **options) for name in HEADS}
    design = jnp.asarray(inputs)
    across = linear.inter_student_variance(design, averaged, jnp.asarray(points))
    assert heads["averages"].teacher_response == pytest.approx(float(across.mean()), rel=1e-12)
    within = linear.intra_student_variance(design, averaged)
    assert heads["averages"].student_inference == pytest.approx(float(within), rel=1e-12)
    pooled = linear.pooled_intra_student_variance(design, variances, rho, k)
    assert heads["pooled"].student_inference == pytest.approx(float(pooled), rel=1e-12)
    # The covariance of the coefficients says the same, batched, and its gradient in the variances
    # is the square of every response's weight.
    covariance = jax.vmap(linear.student_covariance, (None, 0))(design, averaged[None])[0]
    np.testing.assert_allclose(np.einsum("ip,pq,iq->i", points, covariance, points), across, 1e-12)
    slopes = jax.grad(lambda v: linear.inter_student_variance(design, v, points[:1])[0])(averaged)
    np.testing.assert_allclose(slopes, (points[:1] @ np.linalg.pinv(inputs))[0] ** 2, rtol=1e-10)


HEADS = ("averages", "pooled")


def test_single_precision_keeps_half_of_its_digits_on_a_hard_design():
    """Columns that differ by one part in 300: the Gram matrix has condition 3e5."""
    rng = np.random.default_rng(2)
    first = rng.normal(size=8)
    inputs = np.column_stack([first, first + rng.normal(size=8) / 300])
    exact = np.linalg.pinv(inputs).T @ inputs.T
    single = linear.response_weights(jnp.asarray(inputs, jnp.float32), jnp.asarray(inputs, "f4"))
    np.testing.assert_allclose(single, exact, atol=1e-4)


def test_the_room_is_complete():
    """The rows of the catalogue."""
    rows = "covariance k_averaged correlated_floor random_design heteroscedastic inverse_variance"
    rows += " inverse_variance_matrix correlated_weights estimated_variance_cost conservation"
    rows += " averaging_deepens pooled_residuals categorical_conservation"
    slugs = {claim.slug.split("/")[1] for claim in CLAIMS}
    assert set(rows.split()) <= slugs
