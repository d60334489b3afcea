"""Where the divergence and its bounds are least, by independent routes.

Twins are matrix algebra in numpy from the generative model, scipy's minimisers over it, fractions
and 50-digit arithmetic; the per-direction formulas of the package appear in none of them.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.optimize
import sympy
from gaussian_twins import array, naive_bounds, random_design, single

from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems import find
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    dense,
    optima,
    student_covariance,
    true_data,
    worlds,
)

pytestmark = pytest.mark.usefixtures("strict")

NULLS = ("minnorm", "identity")


# --- the student covariance of least divergence -------------------------------------------------


def dense_minimum(design, student_map, start):
    """scipy's minimum of the dense algorithm shift over the factors of the student covariance."""

    def divergence(flat):
        student = worlds.with_student(design, flat.reshape(start.shape))
        return dense.algorithm_shift_dense(student, student_map)

    both = jax.jit(jax.value_and_grad(divergence))
    return scipy.optimize.minimize(
        lambda flat: tuple(np.asarray(part) for part in both(array(flat))),
        start.ravel(),
        jac=True,
        options={"gtol": 1e-8},
    )


@pytest.mark.thorough
@pytest.mark.parametrize("null", NULLS)
def test_no_covariance_at_all_does_better(null):
    """Against random covariances, and against scipy's minimum of the dense divergence."""
    rng = np.random.default_rng(1)
    for beta in (0.0, 0.6, 1.0, 3.0):
        design = random_design(rng, inverse_temperature=beta)
        scale, null_scale = optima.optimal_student_scale(spectrum(design), null=null)
        best = algorithm_shift.algorithm_shift_exact(
            spectrum(design), null=null, student_scale=scale, null_scale=null_scale
        )
        general = jax.jit(student_covariance.general_algorithm_shift_exact, static_argnames="null")
        for _ in range(50):
            factor = rng.normal(size=(3, 3)) * 10 ** rng.uniform(-2, 0.5, 3)
            value = general(worlds.with_student(design, array(factor)), null=null)
            assert best <= value * (1 + 1e-12)
        chosen = worlds.student_map("full", null, design)

        found = dense_minimum(design, chosen, rng.normal(size=(3, 3)))
        assert found.fun == pytest.approx(float(best), abs=1e-7)


def test_the_minimiser_itself_and_the_optimality_conditions():
    """scipy's minimiser commutes with X X^T and has the eigenvalues tau (1 - c)_+."""
    design = LinearGaussianDesign.create(
        [[2.0, 0.5], [0.0, 1.0]], [[1.0, -1.0]], inverse_temperature=0.8
    )
    summary = spectrum(design)
    teacher = dense.teacher_covariance(design)

    found = dense_minimum(design, jnp.eye(2), np.array([[0.5, 0.1], [-0.2, 0.4]]))
    covariance = found.x.reshape(2, 2) @ found.x.reshape(2, 2).T
    gram = design.inputs @ design.inputs.T
    np.testing.assert_allclose(covariance @ gram, gram @ covariance, atol=1e-5)
    relative = np.sort(np.linalg.eigvals(np.linalg.solve(teacher, covariance)).real)
    scale, _ = optima.optimal_student_scale(summary, null="identity")
    np.testing.assert_allclose(relative, np.sort(scale), atol=1e-5)


@pytest.mark.parametrize("beta", [0.0, 1e-9, 0.5, 1.0, 1.6, 1.6180339887, 1.619, 4.0, 50.0])
@pytest.mark.parametrize("precision", [0.0, 1e-12, 1e-3, 1.0, 1e6])
def test_the_best_scale_by_conditioning_in_fifty_digits(beta, precision):
    if beta == 0.0 and precision == 0.0:
        return  # no prior and no data: the teacher does not exist
    case = worlds.spectrum_case([2.0], [1.0], noise_std=0.5, inverse_temperature=beta)
    case = dataclasses.replace(case, prior_precision=array(precision))
    with mpmath.workdps(50):
        squared, noise = mpmath.mpf(2), mpmath.mpf(1) / 4
        tau = 1 / (mpmath.mpf(precision) + mpmath.mpf(beta) * squared / noise)
        weight = (mpmath.mpf(beta) / noise * tau) ** 2 * squared * noise + tau
        given = weight - weight**2 * squared / (weight * squared + noise)
        expected = max(mpmath.mpf(0), 1 - given / tau)
        got = optima.optimal_student_scale(case)[0][0]
        # Relative, but for the difference 1 + beta rho - beta^2 of numbers of the size of beta^2.
        fit = mpmath.mpf(beta) * squared / noise * tau
        unit = expected + 2 * mpmath.mpf(beta) * fit * (1 + mpmath.mpf(beta) ** 2)
        assert abs(mpmath.mpf(float(got)) - expected) <= 4e-16 * unit + 1e-40


def test_the_best_null_scale_and_rank_zero():
    case = worlds.spectrum_case([1.0, 0.0], [1.0, 1.0], num_null=2.0)
    for null, expected in (("minnorm", 1.0), ("identity", 0.0)):
        scale, null_scale = optima.optimal_student_scale(case, null=null)
        assert null_scale == expected
        np.testing.assert_allclose(scale, [1 / 7, expected], rtol=1e-15)  # c = (3/2)/(7/4)
        values = [
            algorithm_shift.algorithm_shift_exact(
                case, null=null, student_scale=scale, null_scale=array(null_scale + step)
            )
            for step in (0.0, 0.05, 0.3)
        ]
        assert values[0] < values[1] < values[2]
    for null in NULLS:
        scale, null_scale = optima.optimal_student_scale(case, rank="zero", null=null)
        assert np.all(scale == 1.0)
        assert null_scale == 1.0


def test_the_threshold_is_the_root():
    beta, rho = sympy.symbols("beta rho", positive=True)
    r = rho / beta
    c = (1 + beta * rho) / (1 + r + rho**2)
    root = (rho + sympy.sqrt(rho**2 + 4)) / 2
    assert sympy.simplify((1 - c).subs(beta, root)) == 0
    # 1 - c = rho (1 + beta rho - beta^2) / (beta + rho + beta rho^2), and so its sign.
    printed = rho * (1 + beta * rho - beta**2) / (beta + rho + beta * rho**2)
    assert sympy.simplify(1 - c - printed) == 0
    for fit in (1e-12, 0.25, 0.5, 1.0):
        threshold = float(optima.student_determinism_temperature(array(fit)))
        assert threshold == pytest.approx(float(root.subs(rho, fit)), rel=1e-15)
        below, above = (single(fit, 1.0, threshold * factor) for factor in (1 - 1e-9, 1 + 1e-9))
        assert optima.optimal_student_scale(below)[0][0] > 0
        assert optima.optimal_student_scale(above)[0][0] == 0


def test_what_the_teachers_covariance_costs():
    """At rho = 1, where c = beta (1 + beta)/(1 + 2 beta): below, at and above the golden ratio."""
    golden = (1 + 5**0.5) / 2
    claim = find("linear_gaussian/cov_optimum_differs")
    costs = {
        1.0: (2 / 3 - np.log(5 / 3)) / 2,  # c = 2/3
        golden * (1 - 1e-12): (1 - np.log(2)) / 2,  # c = 1, from both sides
        golden * (1 + 1e-12): (1 - np.log(2)) / 2,
        2.0: (1 - np.log(11 / 6)) / 2,  # c = 6/5
    }
    for beta, expected in costs.items():
        case = single(1.0, 0.0, beta)
        assert claim.lhs(case) == pytest.approx(expected, rel=1e-10)
        assert claim.rhs(case) == pytest.approx(expected, rel=1e-10)


# --- temperature and prior ----------------------------------------------------------------------


def least(function, low=-14.0, high=14.0):
    """The minimum of a function of exp(x): the best cell of a grid, then Brent's method."""
    grid = np.linspace(low, high, 281)
    values = [function(np.exp(x)) for x in grid]
    best = int(np.argmin(values))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = scipy.optimize.minimize_scalar(
        lambda x: function(np.exp(x)), bounds=ends, method="bounded", options={"xatol": 1e-11}
    )
    return np.exp(found.x), found.fun


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 2), (3, 2, 5)])
def test_the_best_temperature_is_the_dense_minimiser(shape, null):
    rng = np.random.default_rng(5)
    design = random_design(rng, *shape)
    ratio = float(design.prior_precision / design.inverse_temperature)
    inputs, weights = np.asarray(design.inputs), np.asarray(design.true_weights)

    def bound(beta):
        return naive_bounds(inputs, weights, ratio * beta, beta, float(design.noise_std), null)[1]

    beta, value = least(bound, -3.0, 3.0)
    best = optima.optimal_temperature(spectrum(design))
    assert best == pytest.approx(beta, rel=1e-6)
    at_best = dataclasses.replace(
        design, prior_precision=ratio * best, inverse_temperature=array(best)
    )
    assert algorithm_shift.divergence_bound(spectrum(at_best), null=null) == pytest.approx(
        value, rel=1e-12
    )


def test_the_best_temperature_of_one_direction():
    for fit, bias, outputs in ((0.2, 0.0, 1.0), (0.5, 3.0, 2.0), (1.0, 7.0, 1.0), (1e-9, 2.0, 4.0)):
        expected = (1 + (1 - fit) ** 2 * (1 + bias / outputs)) ** -0.5
        for beta in (0.1, 1.0, 5.0):  # lambda/beta alone matters
            best = optima.optimal_temperature(single(fit, bias, beta, outputs))
            assert best == pytest.approx(expected, rel=1e-14)


def test_the_best_temperature_at_the_corners():
    rng = np.random.default_rng(0)
    random = spectrum(random_design(rng))
    # Nothing is fitted at beta = 0: the limit of small fits, in which rho_i is as s_i^2.
    prior = dataclasses.replace(random, inverse_temperature=array(0.0))
    squared, signal = np.asarray(random.squared_singular_values), np.asarray(random.signal)
    ratios = squared * signal / float(random.noise_std) ** 2 / 2  # k = 2
    expected = (2 + np.average(ratios, weights=squared)) ** -0.5
    assert optima.optimal_temperature(prior) == pytest.approx(expected, rel=1e-14)
    nothing = dataclasses.replace(random, squared_singular_values=jnp.zeros(2))
    assert optima.optimal_temperature(nothing) == 1.0
    weak = dataclasses.replace(random, prior_precision=array(0.0))
    assert optima.optimal_temperature(weak) == 1.0
    more_null = dataclasses.replace(random, num_null=array(7.0))
    assert optima.optimal_temperature(more_null) == optima.optimal_temperature(random)


PRIORS = [
    (bias, beta, outputs)
    for bias in (0.0, 0.2, 1.0, 1.5, 5.0, 40.0, 1e4)
    for beta in (0.05, 0.4, 1.0, 2.0, 3.5, 20.0)
    for outputs in (1, 3)
]


@pytest.mark.parametrize(("bias", "beta", "outputs"), PRIORS)
def test_the_best_prior_is_the_dense_minimiser(bias, beta, outputs):
    """Over all prior precisions, the ends included, by a grid and Brent's method."""
    noise_std, squared = 0.7, 1.3
    inputs = np.array([[squared**0.5]])
    weights = np.zeros((outputs, 1))
    weights[0, 0] = (bias * noise_std**2 / squared) ** 0.5
    case = worlds.spectrum_case(
        [squared],
        [weights[0, 0] ** 2],
        num_outputs=float(outputs),
        inverse_temperature=beta,
        noise_std=noise_std,
    )
    # Both bounds at once, and the grid is that of both.
    both = functools.cache(lambda at: naive_bounds(inputs, weights, at, beta, noise_std))
    for index, bound in enumerate(("dataset_shift", "divergence")):

        def value(precision, index=index):
            return both(precision)[index]

        where, lowest = least(value, -16.0, 16.0)
        at_infinity = bias / 2 + index * outputs / 2
        optimum = getattr(optima, f"optimal_prior_{bound}")
        fit, shrinkage, got = optimum(array(beta), array(bias / outputs))
        assert outputs * got == pytest.approx(min(lowest, at_infinity), rel=1e-7)
        assert outputs * got <= min(lowest, at_infinity) * (1 + 1e-12)
        assert fit + shrinkage == pytest.approx(1.0, rel=1e-14)
        precision = optima.optimal_prior_precision(case, bound=bound)[0]
        assert np.isinf(precision) == (fit == 0)
        if fit > 0:
            assert value(float(precision)) == pytest.approx(outputs * float(got), rel=1e-11)
            if lowest < at_infinity * (1 - 1e-6):
                assert precision == pytest.approx(where, rel=1e-4)
        else:
            assert lowest >= at_infinity * (1 - 1e-7)


def test_both_kinds_of_minimum_occur():
    """The grid above has directions with an interior minimum that the end at infinity beats."""
    seen = set()
    for bias, beta, outputs in PRIORS:
        kappa = 1 / (1 + bias / outputs)
        # The derivative of 2J/(k+b) in rho, from sympy's expansion below.
        roots = np.roots(
            [3 * beta, 2 * (kappa + 1 - 2 * beta), kappa * (1 / beta + beta) + beta - 2]
        )
        inside = [x.real for x in roots if abs(x.imag) < 1e-12 and 0 < x.real < 1]
        fit = optima.optimal_prior_divergence(array(beta), array(bias / outputs))[0]
        seen.add((len(inside), bool(fit > 0)))
    assert {(0, False), (1, True), (2, True), (2, False)} <= seen


def test_stationarity_of_the_prior_in_symbols():
    rho, beta, kappa, b, k, sigma = sympy.symbols("rho beta kappa b k sigma", positive=True)
    dataset = (k * (rho / beta + rho**2) + (1 - rho) ** 2 * b) / 2
    best = (2 * beta * b - k) / (2 * beta * (k + b))
    assert sympy.simplify(sympy.diff(dataset, rho).subs(rho, best)) == 0
    value = k * (4 * beta * (1 + beta) * b - k) / (8 * beta**2 * (k + b))
    assert sympy.simplify(dataset.subs(rho, best) - value) == 0
    # 2J/(k + b), and its derivative as a quadratic in 1 - rho.
    bound = kappa * (rho / beta + rho**2 + beta * rho) + (1 - rho) ** 2 * (1 + beta * rho)
    slope = sympy.diff(bound, rho).subs(rho, 1 - sigma)
    quadratic = (
        3 * beta * sigma**2 - 2 * (1 + beta + kappa) * sigma + kappa * (1 + beta) ** 2 / beta
    )
    assert sympy.expand(slope - quadratic) == 0
    # At a stationary point J - J(rho = 0) is -(k + b)/2 rho^2 (1 + kappa - 2 beta sigma).
    gain = bound - 1 - rho * sympy.diff(bound, rho)
    claimed = -(rho**2) * (1 + kappa - 2 * beta * (1 - rho))
    assert sympy.expand(gain - claimed) == 0


def test_the_best_prior_at_the_corners():
    for bound in (optima.optimal_prior_dataset_shift, optima.optimal_prior_divergence):
        extra = 0.5 * (bound is optima.optimal_prior_divergence)
        fit, shrinkage, value = bound(array(0.0), array(3.0))  # beta = 0
        assert (fit, shrinkage, value) == (0.0, 1.0, 1.5 + extra)
        fit, shrinkage, value = bound(array(2.0), array(0.0))  # no signal
        assert (fit, shrinkage, value) == (0.0, 1.0, extra)
    # A cold teacher is a ridge estimate, at its least risk for lambda/beta = k/|W* u|^2.
    case = worlds.spectrum_case([2.0], [0.5], num_outputs=3.0, inverse_temperature=1e9)
    precision = optima.optimal_prior_precision(case, bound="dataset_shift")[0]
    assert precision / 1e9 == pytest.approx(6.0, rel=1e-7)
    nothing = worlds.spectrum_case([0.0], [1.0])
    assert optima.optimal_prior_precision(nothing)[0] == np.inf


@pytest.mark.parametrize("ratio", [12.0, 1e3, 1e8, 1e15])
@pytest.mark.parametrize("beta", [0.3, 1.0, 2.0, 7.0])
def test_the_best_prior_keeps_its_digits(ratio, beta):
    """Fit, shrinkage and value against 50 digits, from the textbook root of the quadratic."""
    fit, shrinkage, value = optima.optimal_prior_divergence(array(beta), array(ratio))
    with mpmath.workdps(50):
        beta, b = mpmath.mpf(beta), mpmath.mpf(ratio)
        a, h, c = 3 * beta * (1 + b), 2 + (2 - 4 * beta) * (1 + b), 1 / beta + beta
        c += (1 + b) * (beta - 2)
        rho = (-h + mpmath.sqrt(h**2 - 4 * a * c)) / (2 * a)
        pull = (1 + b) * (1 - rho) ** 2 * (1 + beta * rho)
        expected = (rho / beta + rho**2 + beta * rho + pull) / 2
        assert 0 < rho < 1
        assert expected < (1 + b) / 2
        for got, exact in ((fit, rho), (shrinkage, 1 - rho), (value, expected)):
            assert abs(mpmath.mpf(float(got)) / exact - 1) <= 2e-14


def test_single_precision_keeps_its_digits():
    case = {"fit": 0.75, "bias": 2.0, "beta": 1.25}
    wide = single(**case)
    with jax.enable_x64(False):
        narrow = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf, np.float32)), wide)
        scale = float(optima.optimal_student_scale(narrow)[0][0])
        temperature = float(optima.optimal_temperature(narrow))
        precision = float(optima.optimal_prior_precision(narrow)[0])
        spread = float(true_data.posterior_spread(narrow))
    assert scale == pytest.approx(float(optima.optimal_student_scale(wide)[0][0]), rel=1e-5)
    assert temperature == pytest.approx(float(optima.optimal_temperature(wide)), rel=1e-5)
    assert precision == pytest.approx(float(optima.optimal_prior_precision(wide)[0]), rel=1e-5)
    assert spread == 0.5
