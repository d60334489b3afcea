"""The teachers of Appendix B: Eq. 16 by mpmath's quadrature, and the distortion."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.special import roots_legendre

from kdtheory._check import InputError
from kdtheory._quadrature import normal_density, normal_tail, normal_tail_moment, step_error
from kdtheory.objects.synthetic_teachers import (
    _noise_rule,
    _symmetric_parts,
    distorted,
    distorted_as_printed,
    noisy_teacher_error,
)

pytestmark = pytest.mark.usefixtures("strict")


def by_panels(amount, noise_std, mean_norm_sq):
    """Squared bias and variance from the definition, in 64-bit mantissas on Gauss panels."""
    nodes, weights = (np.longdouble(x) for x in roots_legendre(20))
    line = (np.arange(-12, 12)[:, None] + (nodes + 1) / 2).ravel()
    law = np.tile(weights / 2, 24) * np.exp(-(line**2) / 2) / np.sqrt(2 * np.longdouble(np.pi))
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    # One class is enough: the other one mirrors it.
    logits = 2 * np.longdouble(mean_norm_sq) + 2 * np.sqrt(np.longdouble(mean_norm_sq)) * line
    teacher = (1 - amount) * sigmoid(logits[:, None] + noise_std * line) + amount / 2
    mean = teacher @ law
    bias_sq = (mean - sigmoid(logits)) ** 2 @ law
    variance = ((teacher - mean[:, None]) ** 2 @ law) @ law
    return [float(2 * bias_sq), float(2 * variance)]


@pytest.mark.parametrize(
    "given", [(0.25, 1.5, 0.5), (0.0, 0.125, 2.0), (0.0, 4.0, 0.625), (1.0, 1.0, 10.0)]
)
def test_eq16_from_the_definition(given):
    expected = by_panels(*given)
    numbers = [jnp.asarray(x) for x in given]
    got = noisy_teacher_error(*numbers)
    np.testing.assert_allclose(got[:2], expected, rtol=1e-12, atol=1e-18)
    assert float(got.mse) == pytest.approx(sum(expected), rel=1e-12)
    assert float(got.error) < 1e-13
    # Fewer nodes: what has changed is within the bound, which is not idle either.
    coarse = noisy_teacher_error(*numbers, num_logits=12, num_noise=6, reach=6.0)
    for part, value in zip((*coarse[:2], coarse.mse), (*expected, sum(expected)), strict=True):
        assert abs(float(part) - value) <= float(coarse.error) + 1e-15


def random_teachers():
    """Amounts, standard deviations up to 3, and norms of the mean up to 2."""
    rng = np.random.default_rng(2)
    return jnp.asarray(rng.uniform(size=(3, 64)) * np.array([[1.0], [3.0], [4.0]]))


# Too few nodes, and then a rule that ends too early.
RULES = [(8, 4, 5.0), (16, 8, 6.0), (32, 16, 7.0), (64, 32, 8.0), (64, 32, 2.0)]


def test_the_error_bound_covers_and_shrinks():
    given = random_teachers()
    fine = jax.vmap(noisy_teacher_error)(*given)
    assert float(fine.error.max()) < 1e-14
    largest = []
    for logits, noise, reach in RULES:
        rule = functools.partial(
            noisy_teacher_error, num_logits=logits, num_noise=noise, reach=reach
        )
        coarse = jax.jit(jax.vmap(rule))(*given)
        for got, true in zip((*coarse[:2], coarse.mse), (*fine[:2], fine.mse), strict=True):
            assert (abs(got - true) <= coarse.error + fine.error + 1e-15).all()
        largest.append(float(coarse.error.max()))
    assert largest[0] > largest[1] > largest[2] > largest[3]
    # At worst exp(-2 pi (pi/6)/(1/4)) = 2e-6 from the noise, times bounds of a few units.
    assert largest[3] < 1e-4 < 1e-2 < largest[4]


def test_rules_that_have_no_bound_are_refused():
    with pytest.raises(InputError, match="reach: got 1; expected a number >= 2"):
        noisy_teacher_error(0.5, 0.5, 0.5, reach=1.0)
    with pytest.raises(InputError, match="num_noise: got 0; expected an integer of at least 1"):
        noisy_teacher_error(0.5, 0.5, 0.5, num_noise=0)


@pytest.mark.parametrize(
    ("std", "count", "reach"), [(0.01, 64, 2.0), (0.01, 2, 6.0), (4.0, 5, 7.0)]
)
def test_the_rule_for_the_noise_is_within_its_own_bounds(std, count, reach):
    """At single logits: nothing else has an error that could hide one of these."""
    nodes, mass = roots_legendre(20)
    line = (np.arange(-12, 12)[:, None] + (nodes + 1) / 2).ravel()
    law = np.tile(mass / 2, 24) * np.exp(-(line**2) / 2) / np.sqrt(2 * np.pi)
    rule = jax.jit(lambda value: _noise_rule(value, count, reach))(jnp.asarray(std))
    logits = jnp.asarray([0.0, 1.0, 3.0])

    @jax.jit
    def moments(values, weights):
        even, odd = _symmetric_parts(0.5 * logits[:, None], 0.5 * values[None])
        mean = even @ weights
        return mean, (odd**2 + (even - mean[:, None]) ** 2) @ weights

    exact = moments(jnp.asarray(std * line), jnp.asarray(law))
    got = moments(rule.values, rule.weights)
    for one, true, bound in zip(got, exact, (rule.mean_error, rule.spread_error), strict=True):
        assert (abs(one - true) <= bound + 1e-16).all()
        assert float(abs(one - true).max()) > 1e-12


def test_teachers_without_noise_or_classes():
    zero, half = jnp.zeros(()), jnp.asarray(0.5)
    bayes = noisy_teacher_error(zero, zero, half)
    assert [float(x) for x in bayes[:2]] == [0.0, 0.0]
    # One class: p* is 1/2, the noise has no bias, and its variance is that of a sigmoid of noise.
    alone = noisy_teacher_error(zero, jnp.asarray(2.0), zero)
    with mpmath.workdps(20):
        spread = mpmath.quad(
            lambda e: (1 / (1 + mpmath.exp(-2 * e)) - 0.5) ** 2 * mpmath.npdf(e), [-12, 0, 12]
        )
    assert float(alone.bias_sq) == 0.0
    assert float(alone.variance) == pytest.approx(2 * float(spread), rel=1e-13)
    # Classes far apart: p* and the noisy teacher are 0 or 1, only smoothing is seen: 2 (alpha/2)^2.
    far = noisy_teacher_error(half, half, jnp.asarray(100.0))
    assert float(far.mse) == pytest.approx(0.125, rel=1e-12)


def test_extreme_noise_keeps_its_digits_and_gradients():
    slope = jax.grad(lambda std: noisy_teacher_error(0.1, std, 25.0).mse)
    for std in (1e-3, 10.0, 300.0):
        assert np.isfinite(slope(jnp.asarray(std)))
    # Variance is std^2 E[p(1-p)]^2 * 2 for small noise.
    small = [float(noisy_teacher_error(0.0, std, 0.5).variance) / std**2 for std in (1e-6, 1e-8)]
    assert small[0] == pytest.approx(small[1], rel=1e-11)


@pytest.mark.float32
def test_single_precision_keeps_its_digits():
    got = noisy_teacher_error(0.0, 0.25, 10.0)
    assert got.mse.dtype == jnp.float32
    # The reference value of this teacher, small parts of a large world.
    np.testing.assert_allclose(got[:2], [3.793592237e-8, 1.018844279e-5], rtol=2e-6)
    far = noisy_teacher_error(0.5, 0.5, 100.0)
    assert float(far.mse) == pytest.approx(0.125, rel=1e-6)


def test_the_building_blocks_of_the_bounds():
    with mpmath.workdps(20):
        for reach in (2.0, 6.0):
            tails = [
                2
                * mpmath.quad(lambda x, k=k: x**k * mpmath.npdf(x), [reach, reach + 4, mpmath.inf])
                for k in (0, 2, 4)
            ]
            got = [normal_tail(reach), normal_tail_moment(reach, 1), normal_tail_moment(reach, 2)]
            np.testing.assert_allclose(got, [float(t) for t in tails], rtol=1e-12)
    # cos x is at most cosh a in the strip; its mean is exp(-1/2). The bound holds, within 20 times.
    for step, width in ((1.5, 3.0), (1.0, 5.0)):
        nodes = step * jnp.arange(-20.0, 21.0)
        off = float(jnp.sum(step * normal_density(nodes) * jnp.cos(nodes))) - np.exp(-0.5)
        bound = float(step_error(jnp.cosh(width), jnp.asarray(width), step))
        assert abs(off) <= bound <= 20 * abs(off)


@pytest.mark.parametrize("exponent", [1.0, 2.0, 8.0])
def test_the_distortion(exponent):
    probs = np.linspace(0, 1, 9)
    with mpmath.workdps(30):
        expected = [
            mpmath.mpf(2 * u) ** exponent / 2
            if u <= 0.5
            else (1 + mpmath.mpf(2 * u - 1) ** (1 / mpmath.mpf(exponent))) / 2
            for u in probs
        ]
    got = distorted(jnp.asarray(probs), jnp.asarray(exponent))
    np.testing.assert_allclose(got, [float(x) for x in expected], rtol=1e-14)
    assert (np.diff(got) > 0).all()
    if exponent == 1.0:
        np.testing.assert_array_equal(got, probs)
    printed = distorted_as_printed(jnp.asarray(probs), jnp.asarray(exponent))
    # Above 1/2 the excess over 1/2 is twice as large.
    above = probs > 0.5
    np.testing.assert_allclose(printed[above] - 0.5, 2 * (got[above] - 0.5), rtol=1e-14)
    np.testing.assert_array_equal(printed[~above], got[~above])
    slopes = jax.vmap(jax.grad(distorted), (0, None))(jnp.asarray(probs), jnp.asarray(exponent))
    assert np.isfinite(slopes).all()
