"""Gaps and their log-mgf against 60-digit arithmetic done from the definitions."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from gaps_reference import (
    CASES,
    DIGITS,
    MODERATE,
    case,
    close,
    dense_world,
    design_of,
    ends_reference,
    log_mgf_reference,
    moments_reference,
    sampled,
    second_moment_of,
    squares,
    student_reference,
)

from kdtheory.theorems.linear_gaussian import gaps, gaps_random, quadratic_forms

pytestmark = pytest.mark.usefixtures("strict")

FRACTIONS = (-1 + 1e-3, -0.5, -1e-3, -1e-9, 1e-9, 1e-3, 0.5, 1 - 1e-3)


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
