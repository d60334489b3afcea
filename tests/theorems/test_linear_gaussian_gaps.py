"""Generalisation gaps against 60-digit arithmetic done from the definitions.

The twin takes a dense design, writes the gap L_P(W) - L_D(W) as a quadratic function of the label
noise and of the posterior noise, and takes moments, determinants and eigenvalues of its matrix:
no singular value decomposition of the design, and none of the per-direction formulas.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import gap_bounds, gaps, gaps_random, quadratic_forms

pytestmark = pytest.mark.usefixtures("strict")

DIGITS = 60


# --- the twin -----------------------------------------------------------------------------------


def dense_world(case, second_moment=None):
    """Returns per-output matrix Q, linear terms L (one row per output) and constant of h.

    Variables of one output: z = (label noise of n samples in units of nu, posterior noise of d
    weights in units of a root of Sigma_T). W_T - W* = -lambda W* Sigma_T + nu z_1 G + z_2 R^T with
    G = (beta/nu^2) X^T Sigma_T, and Y - W_T X = nu z_1 - (W_T - W*) X.
    """
    mp = mpmath.mp
    x, truth = mp.matrix(case["inputs"]), mp.matrix(case["weights"])
    lam, beta, nu = (mp.mpf(case[name]) for name in ("lam", "beta", "nu"))
    d, n, k = x.rows, x.cols, truth.rows
    sample = x * x.T / n
    moment = sample if second_moment is None else mp.matrix(second_moment)
    covariance = (lam * mp.eye(d) + beta / nu**2 * x * x.T) ** -1
    root = mp.cholesky(covariance)
    error = mp.zeros(n + d, d)
    error[:n, :] = nu * beta / nu**2 * x.T * covariance
    error[n:, :] = root.T
    residual = -error * x
    for i in range(n):
        residual[i, i] += nu
    offset = -lam * truth * covariance
    matrix = error * moment * error.T - residual * residual.T / n
    linear = 2 * (offset * moment * error.T + offset * x * residual.T / n)
    missed = -offset * x
    constant = mp.fsum(
        (offset[j, :] * moment * offset[j, :].T)[0] - (missed[j, :] * missed[j, :].T)[0] / n
        for j in range(k)
    )
    return matrix, linear, constant + k * nu**2, covariance, root


def trace(matrix):
    return mpmath.fsum(matrix[i, i] for i in range(matrix.rows))


def squares(matrix):
    return mpmath.fsum(entry**2 for entry in matrix)


def log_mgf_reference(world, argument):
    """k (-1/2 log det(I - 2 l Q)) + l^2/2 sum_j L_j (I - 2 l Q)^-1 L_j^T + l c."""
    matrix, linear, constant, *_ = world
    system = mpmath.eye(matrix.rows) - 2 * argument * matrix
    tail = trace(linear * system**-1 * linear.T)
    half = linear.rows * mpmath.log(mpmath.det(system)) / 2
    return argument * constant - half + argument**2 * tail / 2


def moments_reference(world):
    matrix, linear, constant, *_ = world
    mean = constant + linear.rows * trace(matrix)
    return mean, 2 * linear.rows * squares(matrix) + squares(linear)


def ends_reference(world, visible):
    """Reciprocals of twice the extreme eigenvalues; one without weight (visible) is no end."""
    matrix = world[0]
    values = list(mpmath.eigsy(matrix, eigvals_only=True))
    size = max(abs(value) for value in values)
    values = [value for value in values if abs(value) > visible * size]
    low, high = min(values), max(values)
    return (1 / (2 * low) if low < 0 else -mpmath.inf), (1 / (2 * high) if high > 0 else mpmath.inf)


def student_reference(case, null, own=None, second_moment=None, rank="full"):
    """L_P(Theta) - L_D-hat(Theta) with Theta = W_T M + noise, in expectations of dense matrices."""
    mp = mpmath.mp
    x, truth = mp.matrix(case["inputs"]), mp.matrix(case["weights"])
    lam, beta, nu = (mp.mpf(case[name]) for name in ("lam", "beta", "nu"))
    d, n, k = x.rows, x.cols, truth.rows
    covariance = dense_world(case)[3]
    moment = x * x.T / n if second_moment is None else mp.matrix(second_moment)
    own = covariance if own is None else mp.matrix(own)
    smoother = beta / nu**2 * x * x.T * covariance
    mean = truth * smoother
    spread = covariance + smoother.T * (nu**2 * beta / nu**2 * covariance)
    send = mp.zeros(d) if rank == "zero" else mp.eye(d)
    if rank == "full" and null == "minnorm":
        # X (X^T X)^-1 X^T for the columns that span the range (case["basis"]).
        basis = mp.matrix([[row[j] for j in case["basis"]] for row in case["inputs"]])
        send = basis * (basis.T * basis) ** -1 * basis.T
    gap = mean * send - truth
    risk = trace(gap * moment * gap.T) + k * trace(send.T * spread * send * moment)
    risk += k * trace(own * moment)
    lost = mean * (send - mp.eye(d)) * x
    rest = (send - mp.eye(d)).T * spread * (send - mp.eye(d))
    empirical = trace(lost * lost.T) / n + k * trace(rest * x * x.T) / n
    return risk - empirical - k * trace(own * x * x.T) / n


# --- cases --------------------------------------------------------------------------------------


def case(inputs, weights, lam=0.7, beta=1.3, nu=0.6, basis=None):
    columns = range(len(inputs[0])) if basis is None else basis
    return {
        "inputs": inputs,
        "weights": weights,
        "lam": lam,
        "beta": beta,
        "nu": nu,
        "basis": list(columns),
    }


WIDE = [[1.0, 0.5, -0.25, 2.0], [0.5, -1.0, 0.75, 0.125]]
TALL = [[1.0, 0.5], [0.0, -1.0], [2.0, 0.25]]
STEEP = [[1.0, 0.0, 0.0], [0.0, 1e-3, 0.0], [0.0, 0.0, 1e-7]]
TWO = [[1.0, -0.5], [0.25, 2.0]]
THREE = [[1.0, 0.0, -0.5], [0.25, 0.75, 0.125]]
CASES = {
    "one by one": case([[1.0]], [[0.5]], 1, 1, 1),
    "more samples": case(WIDE, TWO, basis=[0, 1]),
    "fewer samples": case(TALL, THREE),
    "as many": case([[1.0, 0.5], [-0.5, 2.0]], TWO),
    "rank-deficient": case([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0]], TWO, basis=[0]),
    "the prior as teacher": case(WIDE, TWO, beta=0.0, basis=[0, 1]),
    "nearly the prior": case(WIDE, TWO, beta=1e-9, basis=[0, 1]),
    "cold": case(TALL, THREE, beta=50.0),
    "no signal": case(TALL, [[0.0] * 3] * 2),
    "weak prior": case(TALL, THREE, lam=1e-9),
    "strong prior": case(TALL, THREE, lam=1e9),
    "little noise": case(WIDE, TWO, nu=1e-5, basis=[0, 1]),
    "much noise": case(WIDE, TWO, nu=1e4, basis=[0, 1]),
    "condition 1e7": case(STEEP, THREE),
    "condition 1e7, weak prior": case(STEEP, THREE, lam=1e-10, beta=0.8),
    "condition 1e7, little noise": case(STEEP, THREE, nu=1e-4, beta=2.0),
}
MODERATE = [
    "one by one",
    "more samples",
    "fewer samples",
    "as many",
    "rank-deficient",
    "the prior as teacher",
    "cold",
    "no signal",
    "weak prior",
    "much noise",
]
FRACTIONS = (-1 + 1e-3, -0.5, -1e-3, -1e-9, 1e-9, 1e-3, 0.5, 1 - 1e-3)


def design_of(named, own=None):
    return LinearGaussianDesign.create(
        named["inputs"],
        named["weights"],
        prior_precision=named["lam"],
        inverse_temperature=named["beta"],
        noise_std=named["nu"],
        student_covariance=own,
    )


def sampled(named):
    design = design_of(named)
    return spectrum(design), float(design.inputs.shape[1])


def close(got, expected, tolerance=1e-13, scale=None):
    size = abs(expected) if scale is None else scale
    return abs(mpmath.mpf(float(got)) - expected) <= tolerance * size + mpmath.mpf(10) ** -60


def second_moment_of(named):
    """A second moment that does not commute with X X^T and is not of full rank."""
    size = len(named["inputs"])
    factor = np.tril(np.ones((size, size)))[:, : max(1, size - 1)]
    return (factor @ factor.T).tolist()


# --- fixed design -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_gaps_of_a_fixed_design(name):
    with mpmath.workdps(DIGITS):
        mean, spread = moments_reference(dense_world(CASES[name]))
        summary, number = sampled(CASES[name])
        assert close(gaps.teacher_gap(summary, number), mean)
        assert close(gaps.gap_variance(summary, number), spread)
        assert close(gaps.student_gap(summary, number), student_reference(CASES[name], "identity"))


@pytest.mark.parametrize("name", CASES)
def test_the_student_of_rank_zero(name):
    with mpmath.workdps(DIGITS):
        expected = student_reference(CASES[name], "identity", rank="zero")
        truth, x = mpmath.matrix(CASES[name]["weights"]), mpmath.matrix(CASES[name]["inputs"])
        summary, number = sampled(CASES[name])
        # A difference of two energies: it is as accurate as they are large.
        scale = 2 * squares(truth * x) / x.cols + abs(expected)
        got = gaps.student_gap(summary, number, rank="zero")
        assert close(got, expected, scale=scale)


@pytest.mark.parametrize("name", CASES)
def test_the_ends_of_the_domain(name):
    with mpmath.workdps(DIGITS):
        expected = ends_reference(dense_world(CASES[name]), mpmath.mpf(10) ** -40)
        summary, number = sampled(CASES[name])
        got = gaps.gap_log_mgf_domain(summary, number)
        assert all(close(*pair) for pair in zip(got, expected, strict=True))
        for end in got:
            assert gaps.gap_log_mgf(summary, number, end) == np.inf
            assert gaps.gap_log_mgf(summary, number, 1.5 * end) == np.inf
            assert gaps.gap_centred_log_mgf(summary, number, (1 - 1e-9) * end) < np.inf


@pytest.mark.parametrize("name", CASES)
def test_the_log_mgf_is_accurate_relatively_even_where_it_is_tiny(name):
    with mpmath.workdps(DIGITS):
        world = dense_world(CASES[name])
        mean, _ = moments_reference(world)
        summary, number = sampled(CASES[name])
        ends = [float(end) for end in gaps.gap_log_mgf_domain(summary, number)]
        for fraction in FRACTIONS:
            argument = abs(fraction) * ends[int(fraction > 0)]
            exact = mpmath.mpf(argument)
            whole = log_mgf_reference(world, exact)
            centred = whole - exact * mean
            got = gaps.gap_centred_log_mgf(summary, number, argument)
            # Within a thousandth of the end 1 - 2 l m is known to a thousandth less.
            assert close(got, centred, 1e-13 if abs(fraction) < 0.9 else 1e-11), fraction
            got = gaps.gap_log_mgf(summary, number, argument)
            assert close(got, whole, 1e-11, scale=abs(exact * mean) + centred), fraction


def test_the_log_mgf_without_a_design():
    # X = 0: h = (nu^2/n) sum over k n squares of (1 - e^2), nu = 0.5, k = 2, n = 3.
    summary, number = sampled(case([[0.0, 0.0, 0.0]], [[1.0], [2.0]], nu=0.5))
    low, high = gaps.gap_log_mgf_domain(summary, number)
    assert (low, high) == (-6.0, np.inf)  # -n / (2 nu^2)
    assert gaps.teacher_gap(summary, number) == 0
    for argument in (1e-8, 3.0, 1e8):
        theta = argument * 0.25 / 3
        with mpmath.workdps(DIGITS):
            exact = mpmath.mpf(argument) / 12
            expected = 6 * (exact - mpmath.log(1 + 2 * exact) / 2)
            assert theta == pytest.approx(float(exact))
            assert close(gaps.gap_log_mgf(summary, number, argument), expected)
    assert gaps.gap_log_mgf(summary, number, np.inf) == np.inf
    assert np.isnan(gaps.gap_log_mgf(summary, number, np.nan))


def test_a_null_direction_is_a_sample_that_nothing_fits():
    explicit = sampled(case([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [[1.0, 5.0]]))
    counted = sampled(case([[2.0, 0.0, 0.0]], [[1.0]]))
    for function in (gaps.teacher_gap, gaps.gap_variance, gaps.student_gap):
        assert function(*explicit) == function(*counted)
    for argument in (-0.5, 0.25):
        assert gaps.gap_log_mgf(*explicit, argument) == gaps.gap_log_mgf(*counted, argument)


# --- any second moment --------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_gaps_for_any_second_moment(name):
    moment = second_moment_of(CASES[name])
    size = len(moment)
    own = (np.eye(size) + 0.5).tolist()
    with mpmath.workdps(DIGITS):
        world = dense_world(CASES[name], moment)
        mean, spread = moments_reference(world)
        sample = mpmath.matrix(CASES[name]["inputs"])
        sample = sample * sample.T / sample.cols
        # The difference of two losses: test loss and training loss are as large as this.
        loss = abs(mean) + 2 * moments_reference(dense_world(CASES[name]))[0]
        loss += 2 * student_reference(CASES[name], "identity")
        array = jnp.asarray(moment)
        assert close(
            gaps_random.teacher_gap_random(design_of(CASES[name]), array), mean, scale=loss
        )
        form = gaps_random.gap_form_random(design_of(CASES[name]), array)
        assert close(quadratic_forms.variance(form), spread, 1e-12)
        for null in ("identity", "minnorm"):
            for covariance in (None, own):
                expected = student_reference(CASES[name], null, covariance, moment)
                design = design_of(CASES[name], covariance)
                got = gaps_random.student_gap_random(design, array, null=null)
                width = world[3] if covariance is None else mpmath.matrix(own)
                scale = abs(expected) + 2 * mpmath.mnorm(width) * (
                    mpmath.mnorm(sample) + mpmath.mnorm(mpmath.matrix(moment))
                )
                assert close(got, expected, scale=scale), (null, covariance)


@pytest.mark.parametrize("name", MODERATE)
def test_the_log_mgf_for_any_second_moment(name):
    moment = second_moment_of(CASES[name])
    form = gaps_random.gap_form_random(design_of(CASES[name]), jnp.asarray(moment))
    with mpmath.workdps(DIGITS):
        world = dense_world(CASES[name], moment)
        mean, _ = moments_reference(world)
        got = quadratic_forms.domain(form)
        expected = ends_reference(world, mpmath.mpf(10) ** -12)
        # The smaller end is an eigenvalue known to rounding of the largest.
        pairs = zip(got, expected, strict=True)
        least = min(abs(end) for end in expected)
        assert all(close(1 / a, 1 / b, 1e-13, scale=1 / least) for a, b in pairs)
        for fraction in (-0.9, -0.5, -1e-3, 1e-6, 1e-3, 0.5, 0.9):
            argument = abs(fraction) * float(expected[int(fraction > 0)])
            exact = mpmath.mpf(argument)
            whole = log_mgf_reference(world, exact)
            centred = whole - exact * mean
            got = quadratic_forms.centred_log_mgf(form, argument)
            assert close(got, centred, 1e-10), fraction
            got = gaps_random.gap_log_mgf_random(
                design_of(CASES[name]), jnp.asarray(moment), argument
            )
            assert close(got, whole, 1e-10, scale=abs(exact * mean) + centred), fraction


@pytest.mark.parametrize("name", CASES)
def test_columns_of_the_design_as_test_inputs(name):
    design = design_of(CASES[name])
    moment = design.inputs @ design.inputs.T / design.inputs.shape[1]
    summary, number = sampled(CASES[name])
    random = gaps_random.gap_form_random(design, moment)
    fixed = gaps.teacher_gap(summary, number)
    # The moment is rounded, and on the null space the prior's variance multiplies that.
    rounding = design.true_weights.shape[0] / design.prior_precision * jnp.trace(moment)
    scale = float(fixed + gaps.student_gap(summary, number) + rounding)
    np.testing.assert_allclose(random.mean, fixed, rtol=1e-13, atol=1e-14 * scale)
    np.testing.assert_allclose(
        quadratic_forms.variance(random), gaps.gap_variance(summary, number), rtol=1e-12
    )


# --- bounds -------------------------------------------------------------------------------------


def chernoff_reference(world, divergence, sign):
    """Mean of h, argument and gen_T at the tilt of divergence K, by bisection in the twin."""
    matrix, linear, constant, *_ = world
    mean, spread = moments_reference(world)
    identity, outputs = mpmath.eye(matrix.rows), linear.rows

    def tilted(argument):
        """Mean of h and divergence of the tilt, from the tilted Gaussian law."""
        inverse = (identity - 2 * argument * matrix) ** -1
        centre = argument * linear * inverse
        shift = trace(centre * matrix * centre.T) + trace(linear * centre.T)
        value = constant + outputs * trace(matrix * inverse) + shift
        log_det = mpmath.log(mpmath.det(inverse))
        kl = (outputs * (trace(inverse) - matrix.rows - log_det) + squares(centre)) / 2
        return value, kl

    values = list(mpmath.eigsy(matrix, eigvals_only=True))
    most = max(max(sign * value for value in values), mpmath.mpf(0))
    low, high = mpmath.mpf(0), mpmath.sqrt(2 * divergence / spread)

    def argument_at(tilt):
        return sign * tilt / (1 + 2 * most * tilt)

    while tilted(argument_at(high))[1] < divergence:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        below = tilted(argument_at(middle))[1] < divergence
        low, high = (middle, high) if below else (low, middle)
    argument = argument_at(high)
    value, _ = tilted(argument)
    return value, argument, mean


DIVERGENCES = (1e-12, 1e-3, 0.7, 20.0, 3000.0)


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize("name", ["one by one", "more samples", "cold", "nearly the prior"])
def test_the_chernoff_bound_is_the_mean_under_the_tilt(name, divergence):
    bounds = gap_bounds.gap_bounds(*sampled(CASES[name]), divergence)
    with mpmath.workdps(DIGITS):
        world = dense_world(CASES[name])
        for side, sign in (("upper", 1), ("lower", -1)):
            value, argument, mean = chernoff_reference(world, mpmath.mpf(divergence), sign)
            got = getattr(bounds, f"chernoff_{side}")
            # What the bound adds to the mean is accurate, as far as the sum can show it.
            assert close(got, value, 1e-14, scale=abs(mean) + 10 * abs(value - mean))
            assert close(getattr(bounds, f"chernoff_{side}_argument"), argument, 1e-13)


@pytest.mark.parametrize("isotropic", [False, True])
@pytest.mark.parametrize("name", ["fewer samples", "rank-deficient", "more samples", "cold"])
def test_the_chernoff_bound_for_any_second_moment(name, isotropic):
    named = CASES[name]
    moment = np.eye(len(named["inputs"])).tolist() if isotropic else second_moment_of(named)
    bounds = gap_bounds.gap_bounds_random(design_of(named), jnp.asarray(moment), 0.9)
    with mpmath.workdps(DIGITS):
        world = dense_world(named, moment)
        mean, spread = moments_reference(world)
        ends = ends_reference(world, mpmath.mpf(10) ** -12)
        assert close(bounds.teacher_gap, mean)
        assert close(bounds.variance, spread)
        divergence = mpmath.mpf(0.9)
        for side, sign, end in (("upper", 1, ends[1]), ("lower", -1, -ends[0])):
            value, argument, _ = chernoff_reference(world, divergence, sign)
            scale = abs(mean) + abs(value - mean)
            assert close(getattr(bounds, f"chernoff_{side}"), value, 1e-13, scale=scale)
            assert close(getattr(bounds, f"chernoff_{side}_argument"), argument, 1e-12)
            loose = mean + sign * (mpmath.sqrt(2 * spread * divergence) + divergence / end)
            scale = abs(mean) + abs(loose - mean)
            assert close(getattr(bounds, f"sub_gamma_{side}"), loose, 1e-13, scale=scale)


@pytest.mark.parametrize("name", CASES)
def test_the_sub_gamma_bound_uses_the_ends_of_the_domain(name):
    # c_+- = 2 max +- m_j = 1 over the distance of the end of the domain.
    with mpmath.workdps(DIGITS):
        world = dense_world(CASES[name])
        mean, spread = moments_reference(world)
        low, high = ends_reference(world, mpmath.mpf(10) ** -40)
        bounds = gap_bounds.gap_bounds(*sampled(CASES[name]), 2.5)
        root = mpmath.sqrt(5 * spread)
        assert close(bounds.sub_gamma_upper, mean + root + 2.5 / high)
        lower = mean - root + 2.5 / low
        assert close(bounds.sub_gamma_lower, lower, scale=mean + root - 2.5 / low)


@functools.cache
def random_spectra(count):
    rng = np.random.default_rng(11)
    worlds = []
    for _ in range(count):
        rows, columns = rng.integers(1, 5, 2)
        inputs = rng.standard_normal((rows, columns)) * 10 ** rng.uniform(-4, 2)
        if rng.random() < 0.3:
            inputs[0] = 0.0
        weights = rng.standard_normal((rng.integers(1, 4), rows)) * 10 ** rng.uniform(-2, 2)
        settings = (10 ** rng.uniform(-4, 4, 3)) * (1, rng.random() < 0.9, 1)
        worlds.append(sampled(case(inputs, weights, *settings)))
    return worlds


def test_the_chernoff_bound_is_never_worse_than_the_sub_gamma_one():
    for summary, number in random_spectra(60):
        for divergence in 10 ** np.linspace(-14, 9, 12):
            bounds = gap_bounds.gap_bounds(summary, number, divergence)
            slack = 1e-14 * (bounds.sub_gamma_upper - bounds.sub_gamma_lower + bounds.teacher_gap)
            assert bounds.sub_gamma_lower <= bounds.chernoff_lower + slack
            assert bounds.chernoff_lower <= bounds.teacher_gap + slack
            assert bounds.teacher_gap <= bounds.chernoff_upper + slack
            assert bounds.chernoff_upper <= bounds.sub_gamma_upper + slack


def test_the_log_mgf_is_below_the_sub_gamma_one_on_the_whole_domain():
    fractions = 1 - 10 ** np.linspace(0, -12, 30)[1:]
    for summary, number in random_spectra(60):
        form = gaps.gap_form(summary, number)
        for end in quadratic_forms.domain(form):
            end = float(np.clip(end, -1e9, 1e9))
            for fraction in fractions:
                centred = quadratic_forms.centred_log_mgf(form, fraction * end)
                limit = quadratic_forms.variance(form) * (fraction * end) ** 2 / 2 / (1 - fraction)
                assert centred <= limit * (1 + 1e-12)


def test_the_optimal_argument_is_not_improved_by_its_neighbours():
    for summary, number in random_spectra(30):
        for divergence in (1e-9, 0.3, 50.0):
            bounds = gap_bounds.gap_bounds(summary, number, divergence)
            for side, sign in (("upper", 1), ("lower", -1)):
                argument = getattr(bounds, f"chernoff_{side}_argument")
                value = sign * getattr(bounds, f"chernoff_{side}")
                for factor in (0.5, 0.99, 1.0, 1.0001, 1.01):
                    near = factor * argument
                    log_mgf = gaps.gap_centred_log_mgf(summary, number, near)
                    other = sign * (bounds.teacher_gap + (divergence + log_mgf) / near)
                    assert value <= other + 1e-12 * (abs(value) + bounds.teacher_gap)


@pytest.mark.parametrize("name", CASES)
def test_no_divergence_and_infinite_divergence(name):
    world = sampled(CASES[name])
    gap = gaps.teacher_gap(*world)
    nothing = gap_bounds.gap_bounds(*world, 0.0)
    for field in ("chernoff_lower", "chernoff_upper", "sub_gamma_lower", "sub_gamma_upper"):
        assert getattr(nothing, field) == gap
    assert nothing.chernoff_lower_argument == nothing.chernoff_upper_argument == 0
    everything = gap_bounds.gap_bounds(*world, np.inf)
    assert everything.chernoff_lower == everything.sub_gamma_lower == -np.inf
    assert everything.chernoff_upper == everything.sub_gamma_upper == np.inf
    low, high = gaps.gap_log_mgf_domain(*world)
    assert everything.chernoff_lower_argument == low
    assert everything.chernoff_upper_argument == high
    for divergence in (5e-324, 1e-300, 1e-30, 1e30, 1e300):
        bounds = gap_bounds.gap_bounds(*world, divergence)
        assert not any(np.isnan(leaf) for leaf in jax.tree.leaves(bounds)), divergence
        assert bounds.chernoff_lower <= gap <= bounds.chernoff_upper
    assert np.isnan(gap_bounds.gap_bounds(*world, np.nan).chernoff_upper)


def test_a_gap_that_is_bounded_above():
    # X = 0, k = n = 1, nu = 1: h = 1 - e^2 <= 1, and the upper bound tends to 1 with K.
    world = sampled(case([[0.0]], [[1.0]], 1, 1, 1))
    values = [float(gap_bounds.gap_bounds(*world, k).chernoff_upper) for k in (0.1, 1.0, 10.0, 1e4)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1.0, abs=1e-9)
    # psi = (2l - log(1 + 2l))/2: at l = 1 the tilt has K = (log 3 - 2/3)/2 and mean 1 - 1/3.
    bounds = gap_bounds.gap_bounds(*world, (np.log(3) - 2 / 3) / 2)
    np.testing.assert_allclose(bounds.chernoff_upper, 2 / 3, rtol=1e-14)
    np.testing.assert_allclose(bounds.chernoff_upper_argument, 1.0, rtol=1e-14)


def test_single_precision():
    for name in MODERATE:
        world = sampled(CASES[name])
        wide = gap_bounds.gap_bounds(*world, 0.8)
        with jax.enable_x64(False):
            narrow = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf, np.float32)), world[0])
            single = gap_bounds.gap_bounds(narrow, world[1], 0.8)
            leaves = [np.asarray(leaf, float) for leaf in jax.tree.leaves(single)]
        width = float(wide.sub_gamma_upper - wide.sub_gamma_lower)
        expected = [float(leaf) for leaf in jax.tree.leaves(wide)]
        np.testing.assert_allclose(leaves, expected, rtol=2e-5, atol=2e-6 * width)


# --- transformations ----------------------------------------------------------------------------

FIELDS = ("prior_precision", "inverse_temperature", "noise_std")


@pytest.mark.parametrize("side", ["chernoff_upper", "chernoff_lower", "sub_gamma_upper"])
def test_gradients_follow_the_envelope_theorem(side):
    for name in ("one by one", "more samples", "rank-deficient"):
        summary, number = sampled(CASES[name])

        def bound(summary, divergence, number=number):
            return getattr(gap_bounds.gap_bounds(summary, number, divergence), side)

        slope = jax.grad(bound, argnums=(0, 1))(summary, jnp.asarray(0.7))
        step = 1e-6
        difference = (bound(summary, 0.7 + step) - bound(summary, 0.7 - step)) / (2 * step)
        np.testing.assert_allclose(slope[1], difference, rtol=1e-7)
        if side.startswith("chernoff"):
            argument = getattr(gap_bounds.gap_bounds(summary, number, 0.7), f"{side}_argument")
            np.testing.assert_allclose(slope[1], 1 / argument, rtol=1e-13)
        for field in FIELDS:
            low, high = (
                bound(
                    dataclasses.replace(summary, **{field: getattr(summary, field) + change}), 0.7
                )
                for change in (-step, step)
            )
            difference = (high - low) / (2 * step)
            np.testing.assert_allclose(getattr(slope[0], field), difference, rtol=1e-6)


@pytest.mark.parametrize("divergence", [0.0, 0.7, np.inf])
def test_gradients_are_finite_at_the_corners(divergence):
    for name in ("the prior as teacher", "no signal", "rank-deficient", "cold"):
        summary, number = sampled(CASES[name])
        for side in ("chernoff_upper", "chernoff_lower", "sub_gamma_upper", "sub_gamma_lower"):
            slope = jax.grad(
                lambda world, side=side, number=number: getattr(
                    gap_bounds.gap_bounds(world, number, divergence), side
                )
            )(summary)
            assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slope)), (name, side)


def test_bounds_of_many_divergences_at_once():
    summary, number = sampled(CASES["more samples"])
    divergences = jnp.asarray([0.0, 1e-3, 2.0, np.inf])

    def leaves(divergence):
        return jax.tree.leaves(gap_bounds.gap_bounds(summary, number, divergence))

    many = jax.vmap(leaves)(divergences)
    for index, divergence in enumerate(divergences):
        for got, expected in zip(many, leaves(divergence), strict=True):
            np.testing.assert_allclose(got[index], expected, rtol=1e-13)
