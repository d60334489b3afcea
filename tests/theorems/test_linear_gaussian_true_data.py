"""The spread given the data and the reading at the true data, by independent routes."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import sympy
from gaussian_twins import array, naive_bounds, random_design, single

from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems import find
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    dataset_shift,
    dense,
    given_data,
    true_data,
    worlds,
)

pytestmark = pytest.mark.usefixtures("strict")

NULLS = ("minnorm", "identity")


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 2), (3, 2, 5), "rank-deficient"])
def test_the_spread_given_the_data_averages_to_the_spread(shape, null):
    """A mean over many labels, and the difference of J and B by dense algebra."""
    rng = np.random.default_rng(2)
    if shape == "rank-deficient":
        inputs = [[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]]
        design = LinearGaussianDesign.create(inputs, rng.normal(size=(2, 3)))
    else:
        design = random_design(rng, *shape)
    signal = np.asarray(design.true_weights @ design.inputs)
    labels = signal + float(design.noise_std) * rng.normal(size=(4000, *signal.shape))
    each = jax.jit(jax.vmap(lambda one: given_data.spread_given_data(design, one, null=null)))(
        array(np.concatenate([labels, 2 * signal - labels]))
    )
    settings = (design.prior_precision, design.inverse_temperature, design.noise_std)
    dataset, total = naive_bounds(
        np.asarray(design.inputs), np.asarray(design.true_weights), *map(float, settings), null
    )
    expected = algorithm_shift.spread(spectrum(design), null=null)
    assert expected == pytest.approx(total - dataset, rel=1e-10)
    error = float(jnp.std(each)) / 4000**0.5
    assert abs(float(jnp.mean(each)) - float(expected)) <= 5 * error


def test_the_posterior_spread_is_the_mean_over_the_posterior():
    """1/2 E|(W_T - Wbar) M|^2 in the metric of Sigma_T is k tr(M^T Sigma_T M Sigma_T^-1)/2."""
    rng = np.random.default_rng(4)
    for shape in ((2, 3, 2), (1, 2, 4), (3, 4, 1)):
        design = random_design(rng, *shape)
        covariance = dense.teacher_covariance(design)
        inputs = np.asarray(design.inputs)
        for null, chosen in (
            ("identity", np.eye(shape[1])),
            ("minnorm", inputs @ np.linalg.pinv(inputs)),
        ):
            metric = np.linalg.inv(covariance)
            expected = shape[0] * np.trace(chosen.T @ covariance @ chosen @ metric) / 2
            got = true_data.posterior_spread(spectrum(design), null=null)
            assert got == pytest.approx(expected, rel=1e-10)


def one_by_one(precision, weight, beta):
    """K_n in 40 digits, B + k d and J as fractions, for k = d = n = X = nu = 1.

    K_n is the divergence of two bivariate normal laws of (label, weight).
    """
    precision, weight, beta = (Fraction(x) for x in (precision, weight, beta))
    tau = 1 / (precision + beta)
    fit = beta * tau
    variance = fit**2 + tau  # of W_T, given W*
    teacher = sympy.Matrix([[1, fit], [fit, variance]])
    student = sympy.Matrix([[variance + 1, variance], [variance, variance + tau]])
    gap = sympy.Matrix([fit * weight - weight, 0])
    inverse = teacher.inv()
    excess = sympy.Rational((inverse * student).trace()) - 2
    quadratic = (gap.T * inverse * gap)[0]
    log_ratio = sympy.log(teacher.det() / student.det())
    divergence = sympy.N((excess + quadratic + log_ratio) / 2, 40)
    dataset = (tau + (fit - 1) ** 2 * weight**2 + fit**2) / 2
    refitted = ((1 - fit) ** 2 * (fit**2 * weight**2 + variance) + fit**2) / tau / 2
    return float(divergence), dataset + 1, dataset + refitted


# (lambda, W*, beta) -> K_n, the reading at the true data with the factor 2 (B + k d = B + 1), J.
COUNTEREXAMPLES = {
    "a cold teacher (C4)": (("1/100", 0, 5), 2.041638040034769, 1.597806, 3.092828),
    "colder": (("1/100", 0, 10), 4.258117, 1.548952, None),
    "barely": (("1/100", 0, 4), 1.62780, 1.62220, None),
    "a biased Bayes teacher (C4b)": ((2, 6, 1), 10.841026228085862, 83 / 9, 613 / 54),
}


@pytest.mark.parametrize("name", COUNTEREXAMPLES)
def test_the_instances_in_exact_arithmetic(name):
    (precision, weight, beta), divergence, at_true, at_pseudo = COUNTEREXAMPLES[name]
    exact = one_by_one(precision, weight, beta)
    assert exact[0] == pytest.approx(divergence, rel=1e-5 if at_pseudo is None else 1e-15)
    assert float(exact[1]) == pytest.approx(at_true, rel=1e-5 if beta != 1 else 1e-15)
    if at_pseudo is not None:
        assert float(exact[2]) == pytest.approx(at_pseudo, rel=1e-6 if beta != 1 else 1e-15)
    assert exact[0] > exact[1]
    assert exact[0] <= exact[2]
    case = worlds.spectrum_case(
        [1.0],
        [float(weight) ** 2],
        prior_precision=float(Fraction(precision)),
        inverse_temperature=float(beta),
    )
    for null in NULLS:
        assert algorithm_shift.divergence_exact(case, null=null) == pytest.approx(
            exact[0], rel=1e-13
        )
        assert true_data.divergence_true_data(case, null=null) == pytest.approx(
            float(exact[1]), rel=1e-14
        )
        assert algorithm_shift.divergence_bound(case, null=null) == pytest.approx(
            float(exact[2]), rel=1e-13
        )


def test_a_bayes_teacher_violates_the_reading_inside_the_domain():
    # X = sqrt 2, nu = 1/2, lambda = 4: s^2/nu^2 = 8, fit 2/3, b = 32 for |W* u| = 2.
    case = worlds.spectrum_case([2.0], [4.0], prior_precision=4.0, noise_std=0.5)
    student = worlds.student_case(case, [1.0])
    claim = find("linear_gaussian/algorithm_shift_true_data")
    assert claim.lhs(*student) > claim.rhs(*student) == 1.0
    repaired = find("linear_gaussian/algorithm_shift_pseudo")
    assert repaired.corrects == claim.slug
    assert claim.lhs(*student) <= repaired.rhs(*student)


def test_without_the_factor_the_reading_fails_earlier():
    """At rho -> 1 and W* = 0, K_n = B + spread + Cov from beta = 2.821 on, 3.978 with factor 2."""
    for factor, crossing in ((1.0, 2.821), (2.0, 3.978)):

        def gap(beta, factor=factor):
            case = single(1.0, 0.0, beta)
            bound = dataset_shift.dataset_shift_printed(case)
            bound += factor * true_data.posterior_spread(case)
            return float(algorithm_shift.divergence_exact(case) - bound)

        assert scipy.optimize.brentq(gap, 1.0, 6.0) == pytest.approx(crossing, abs=5e-4)


def test_what_the_ghost_bound_gives_away_is_information():
    """The slack is I(W_T; (pseudo labels, student) | D_n), from determinants in numpy."""
    claim = find("linear_gaussian/ghost_labels")
    rng = np.random.default_rng(7)
    for shape in ((1, 1, 1), (2, 2, 3), (1, 3, 2)):
        design = random_design(rng, *shape)
        labels = rng.normal(size=(shape[0], shape[2]))
        inputs, noise = np.asarray(design.inputs), float(design.noise_std)
        covariance = np.asarray(dense.teacher_covariance(design))
        send = np.concatenate([inputs, inputs @ np.linalg.pinv(inputs)], axis=1)
        own = np.zeros((send.shape[1],) * 2)
        own[: shape[2], : shape[2]] = noise**2 * np.eye(shape[2])
        own[shape[2] :, shape[2] :] = covariance
        signs = [np.linalg.slogdet(m)[1] for m in (send.T @ covariance @ send + own, own)]
        information = shape[0] * (signs[0] - signs[1]) / 2
        slack = float(claim.rhs(design, array(labels)) - claim.lhs(design, array(labels)))
        assert slack == pytest.approx(information, rel=1e-9)
