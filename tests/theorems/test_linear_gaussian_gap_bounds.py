"""Bounds on the student's gap: against tilts in 60 digits, and what must hold of them."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from gaps_reference import (
    CASES,
    DIGITS,
    MODERATE,
    case,
    chernoff_reference,
    close,
    dense_world,
    design_of,
    ends_reference,
    moments_reference,
    sampled,
    second_moment_of,
)

from kdtheory.theorems.linear_gaussian import gap_bounds, gaps, quadratic_forms

pytestmark = pytest.mark.usefixtures("strict")


# --- bounds -------------------------------------------------------------------------------------


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
