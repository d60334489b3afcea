"""The spectral closed forms against 50-digit arithmetic done from the definitions.

The twin knows one direction of the design as a scalar model (y, w), writes down the joint Gaussian
laws of the two processes and takes determinants and inverses of 2 x 2 matrices: none of the
per-direction formulas of the package appears in it.
"""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, dataset_shift
from kdtheory.theorems.linear_gaussian.terms import direction_terms

DATASET_SHIFTS = (
    "expected_bias",
    "posterior_label_variance",
    "dataset_shift_exact",
    "dataset_shift_expected_exact",
    "dataset_shift_printed",
    "dataset_shift_literal",
)
TOTALS = (
    "algorithm_shift_exact",
    "algorithm_shift_bound",
    "divergence_exact",
    "divergence_bound",
    "mutual_information",
)


pytestmark = pytest.mark.usefixtures("strict")


def gaussian_kl(mean, cov_1, cov_2, outputs, signal):
    """k outputs whose mean differences are `mean` times vectors of total squared norm `signal`."""
    inverse = cov_2**-1
    ratio = inverse * cov_1
    trace = sum(ratio[i, i] for i in range(ratio.rows))
    spread = trace - ratio.rows - mpmath.log(mpmath.det(ratio))
    return (outputs * spread + signal * (mean.T * inverse * mean)[0]) / 2


def direction_reference(s, signal, k, lam, beta, nu, rank, null, scale):
    """All quantities of one direction; s = 0 is a null direction."""
    tau = 1 / (lam + beta * s**2 / nu**2)
    fit = beta / nu**2 * s * tau
    copy = int(rank == "full" and (s != 0 or null == "identity"))
    weight_mean, weight_var = fit * s, fit**2 * nu**2 + tau
    matrix = mpmath.matrix
    teacher_cov = matrix([[nu**2, fit * nu**2], [fit * nu**2, weight_var]])
    label_var = s**2 * weight_var + nu**2
    theta_var = copy * weight_var + scale * tau
    shared = s * copy * weight_var
    student_cov = matrix([[label_var, shared], [shared, theta_var]])
    mean_gap = matrix([s * weight_mean - s, copy * weight_mean - weight_mean])
    u = gaussian_kl(matrix([mean_gap[0]]), matrix([[label_var]]), matrix([[nu**2]]), k, signal)
    total = gaussian_kl(mean_gap, student_cov, teacher_cov, k, signal)
    # Bias and variance of the fitted labels, from Wbar = fit * y.
    bias = s**2 * ((weight_mean - 1) ** 2 * signal + k * fit**2 * nu**2)
    var = s**2 * tau
    given = (k * (var / nu**2 - mpmath.log(1 + var / nu**2)) + bias / nu**2) / 2
    # Split of |copy W_T - Wbar(W_T s + nu e)|^2 / tau, in expectation.
    energy = (weight_mean**2 * signal + k * weight_var) if s != 0 else mpmath.mpf(0)
    lost = energy if rank == "zero" else 0
    copied_null = k * weight_var / tau if (s == 0 and copy) else 0
    spread = (lam**2 * energy * tau + k * fit**2 * nu**2 / tau + copied_null) / 2
    joint = matrix(
        [
            [weight_var, s * weight_var, copy * weight_var],
            [s * weight_var, label_var, shared],
            [copy * weight_var, shared, theta_var],
        ]
    )
    information = mpmath.log(weight_var * mpmath.det(student_cov) / mpmath.det(joint))
    return {
        "expected_bias": bias,
        "posterior_label_variance": var,
        "dataset_shift_exact": u,
        "dataset_shift_expected_exact": given,
        "dataset_shift_printed": (bias + k * var) / (2 * nu**2),
        "dataset_shift_literal": bias / (2 * nu**2) + k * var,
        "covariance_mismatch": k * (scale - 1 - mpmath.log(scale)) / 2,
        "approximation": (lam + beta * s**2 / nu**2) * lost / 2,
        "cross": -lam * lost,
        "spread": spread,
        "algorithm_shift_exact": total - u,
        "divergence_exact": total,
        "mutual_information": k * information / 2,
    }


def reference(case, rank, null):
    mpf = mpmath.mpf
    k, lam, beta, nu = (mpf(case[name]) for name in ("k", "lam", "beta", "nu"))
    zeros = int(sum(x == 0 for x in case["squared"]))
    directions = [
        (mpmath.sqrt(mpf(x)), mpf(w), mpf(e))
        for x, w, e in zip(case["squared"], case["signal"], case["scale"], strict=True)
        if x != 0
    ]
    directions += [(mpf(0), mpf(0), mpf(case["null_scale"]))] * (zeros + case["extra_null"])
    rows = [direction_reference(s, w, k, lam, beta, nu, rank, null, e) for s, w, e in directions]
    sums = {name: mpmath.fsum(row[name] for row in rows) for name in rows[0]}
    mean_term = sums["approximation"] + sums["cross"] + sums["spread"]
    sums["algorithm_mean_term"] = mean_term
    sums["algorithm_shift_bound"] = mean_term + sums["covariance_mismatch"]
    sums["divergence_bound"] = sums["dataset_shift_printed"] + sums["algorithm_shift_bound"]
    return sums


def spectrum_of(case, dtype=np.float64):
    array = lambda x: jnp.asarray(np.asarray(x, dtype))  # noqa: E731
    zeros = sum(x == 0 for x in case["squared"])
    return DesignSpectrum(
        squared_singular_values=array(case["squared"]),
        signal=array(case["signal"]),
        num_outputs=array(case["k"]),
        num_null=array(zeros + case["extra_null"]),
        prior_precision=array(case["lam"]),
        inverse_temperature=array(case["beta"]),
        noise_std=array(case["nu"]),
    )


@functools.partial(jax.jit, static_argnames=("rank", "null"))
def evaluate(spectrum, student_scale, null_scale, rank, null):
    """Every public function, in one program per shape."""
    scales = {"student_scale": student_scale, "null_scale": null_scale}
    values = {name: getattr(dataset_shift, name)(spectrum) for name in DATASET_SHIFTS}
    values["covariance_mismatch"] = algorithm_shift.covariance_mismatch(spectrum, **scales)
    for name in ("approximation", "cross"):
        values[name] = getattr(algorithm_shift, name)(spectrum, rank=rank)
    for name in ("spread", "algorithm_mean_term"):
        values[name] = getattr(algorithm_shift, name)(spectrum, rank=rank, null=null)
    for name in TOTALS:
        function = getattr(algorithm_shift, name)
        values[name] = function(spectrum, rank=rank, null=null, **scales)
    return values


def values_of(case, rank, null, dtype=np.float64):
    scales = (jnp.asarray(np.asarray(case[name], dtype)) for name in ("scale", "null_scale"))
    return evaluate(spectrum_of(case, dtype), *scales, rank=rank, null=null)


def case(squared=(4.0, 1.0, 0.25), signal=(1.0, 0.3, 2.0), **changes):
    fields = {
        "squared": squared,
        "signal": signal,
        "scale": [1.0] * len(squared),
        "null_scale": 1.0,
        "extra_null": 0,
        "k": 2,
        "lam": 0.7,
        "beta": 1.3,
        "nu": 0.6,
    }
    return {**fields, **changes}


SPREAD = tuple(float(x) for x in np.logspace(-14, 0, 8))
CASES = {
    "plain": case(),
    "one by one": case((1.0,), (0.25,), k=1, lam=1, beta=1, nu=1),
    "fewer samples than features": case(extra_null=3),
    "rank-deficient": case((4.0, 1.0, 0.0), (1.0, 0.3, 2.0), extra_null=1),
    "no signal": case(signal=(0.0, 0.0, 0.0)),
    "the prior as teacher": case(beta=0.0, extra_null=1),
    "nearly the prior": case(beta=1e-9),
    "cold": case(beta=50.0),
    "strong prior": case(lam=1e9),
    "weak prior": case(lam=1e-9),
    "little noise": case(nu=1e-5),
    "much noise": case(nu=1e4),
    "condition 1e7": case(SPREAD, (1.0,) * 8, extra_null=1),
    "condition 1e7, weak prior": case(SPREAD, (0.3,) * 8, lam=1e-10, beta=0.8),
    "condition 1e7, little noise": case(SPREAD, (0.3,) * 8, nu=1e-4, beta=2.0),
    "another student": case(scale=[0.2, 0.5, 3.0], null_scale=0.1, extra_null=2),
    "nearly the teacher's covariance": case(scale=[1.001, 0.9995, 1.0], null_scale=1.001),
    "narrow student": case(scale=[1e-6, 1e-3, 1e-9], null_scale=1e-7, extra_null=1),
}
PAIRS = [("full", "minnorm"), ("full", "identity"), ("zero", "minnorm")]


def relative_errors(values, expected):
    """Yields name, absolute error and expected size of every value."""
    for name, value in values.items():
        scale = abs(expected[name])
        yield name, float(abs(mpmath.mpf(float(value)) - expected[name])), float(scale)


@pytest.mark.parametrize(("rank", "null"), PAIRS)
@pytest.mark.parametrize("name", CASES)
def test_closed_forms_agree_with_fifty_digits(name, rank, null):
    with mpmath.workdps(50):
        expected = reference(CASES[name], rank, null)
        values = values_of(CASES[name], rank, null)
        for quantity, error, scale in relative_errors(values, expected):
            assert error <= 1e-13 * scale + 1e-40, (quantity, error, scale)


@pytest.mark.parametrize(("rank", "null"), PAIRS)
@pytest.mark.parametrize("name", CASES)
def test_closed_forms_in_single_precision(name, rank, null):
    rounded = {
        key: np.float32(value).tolist() if key not in ("k", "extra_null") else value
        for key, value in CASES[name].items()
    }
    with mpmath.workdps(50):
        expected = reference(rounded, rank, null)
        with jax.enable_x64(False):
            values = values_of(rounded, rank, null, np.float32)
            values = {key: float(value) for key, value in values.items()}
        for quantity, error, scale in relative_errors(values, expected):
            assert error <= 1e-5 * scale + 1e-30, (quantity, error, scale)


def test_random_spectra_agree_with_fifty_digits():
    rng = np.random.default_rng(3)
    for _ in range(20):
        random = case(
            tuple(10 ** rng.uniform(-6, 4, 3)),
            tuple(rng.exponential(size=3)),
            scale=list(10 ** rng.uniform(-2, 1, 3)),
            null_scale=10 ** rng.uniform(-2, 1),
            extra_null=2,
            k=3,
            lam=10 ** rng.uniform(-4, 4),
            beta=10 ** rng.uniform(-2, 2),
            nu=10 ** rng.uniform(-3, 2),
        )
        with mpmath.workdps(50):
            for rank, null in PAIRS:
                expected = reference(random, rank, null)
                values = values_of(random, rank, null)
                for quantity, error, scale in relative_errors(values, expected):
                    assert error <= 1e-13 * scale, (quantity, error, scale, random)


@pytest.mark.parametrize(
    "quantity", ["dataset_shift_exact", "divergence_exact", "divergence_bound"]
)
@pytest.mark.parametrize("name", ["plain", "rank-deficient", "condition 1e7", "nearly the prior"])
def test_gradients_agree_with_differences_at_fifty_digits(name, quantity):
    fields = {"lam": "prior_precision", "beta": "inverse_temperature", "nu": "noise_std"}
    module = dataset_shift if quantity.startswith("dataset") else algorithm_shift
    gradient = jax.grad(getattr(module, quantity))(spectrum_of(CASES[name]))
    for key, field in fields.items():
        with mpmath.workdps(50):
            step = mpmath.mpf(10) ** -15 * CASES[name][key]
            point = mpmath.mpf(CASES[name][key])
            low, high = (
                reference({**CASES[name], key: point + sign * step}, "full", "minnorm")[quantity]
                for sign in (-1, 1)
            )
            expected = (high - low) / (2 * step)
            assert abs(float(getattr(gradient, field)) / float(expected) - 1) <= 1e-10


@pytest.mark.parametrize("rank", ["full", "zero"])
def test_gradients_are_finite_at_the_corners(rank):
    for name in ("the prior as teacher", "no signal", "rank-deficient", "cold", "weak prior"):
        for function in (algorithm_shift.divergence_exact, algorithm_shift.mutual_information):
            gradient = jax.grad(function)(spectrum_of(CASES[name]), rank=rank)
            for leaf in jax.tree.leaves(gradient):
                assert np.all(np.isfinite(leaf)), name


def test_a_null_direction_counts_once():
    explicit = case((4.0, 1.0, 0.0, 0.0), (1.0, 0.3, 9.0, 9.0), null_scale=0.4)
    explicit["scale"] = [0.5, 2.0, 7.0, 7.0]
    counted = case((4.0, 1.0), (1.0, 0.3), null_scale=0.4, extra_null=2, scale=[0.5, 2.0])
    for rank, null in PAIRS:
        first = values_of(explicit, rank, null)
        second = values_of(counted, rank, null)
        for name, value in first.items():
            np.testing.assert_allclose(value, second[name], rtol=1e-15)


def test_a_deterministic_student_is_finite_where_the_teacher_is_random():
    spectrum = spectrum_of(case())
    assert np.isfinite(algorithm_shift.divergence_exact(spectrum, student_scale=0.0))
    for function in (algorithm_shift.divergence_bound, algorithm_shift.mutual_information):
        assert function(spectrum, student_scale=0.0) == np.inf
    assert algorithm_shift.divergence_exact(spectrum, rank="zero", student_scale=0.0) == np.inf


def test_the_best_student_covariance_per_direction():
    # vs = 1 - c at rho = 1, beta = 1: c = 2/3, and 1/6 is left of the algorithm shift.
    spectrum = spectrum_of(case((1.0,), (0.0,), k=1, lam=0.0, beta=1.0, nu=1.0))
    terms = direction_terms(spectrum)
    best = jnp.maximum(0.0, -terms.residual_excess)
    np.testing.assert_allclose(best, [1 / 3], rtol=1e-15)
    value = algorithm_shift.algorithm_shift_exact(spectrum, student_scale=best)
    np.testing.assert_allclose(value, 1 / 6, rtol=1e-15)
