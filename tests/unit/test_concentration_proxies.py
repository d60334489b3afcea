"""Smallest variance proxies: certificates against dense grids, closed forms, several maxima."""

import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory import concentration

ATOMS = 4
COUNT = 1024
KINDS = ("plain", "rare", "ties", "symmetric", "null", "two maxima", "many scales", "concentrated")


def random_laws(rng):
    """Returns laws of every kind, in turn."""
    values = rng.uniform(-1, 1, (COUNT, ATOMS))
    probs = rng.dirichlet(np.full(ATOMS, 0.5), COUNT)
    kind = np.arange(COUNT) % len(KINDS)
    probs[kind == 1] = 10.0 ** rng.uniform(-14, -1, probs[kind == 1].shape)
    values[kind == 2] = np.round(2 * values[kind == 2]) / 2
    values[kind == 3, 2:], probs[kind == 3, 2:] = -values[kind == 3, :2], probs[kind == 3, :2]
    probs[kind == 4, 0] = 0
    two = kind == 5
    rare = 10.0 ** rng.uniform(-9, -2, two.sum())
    zero, one = np.zeros_like(rare), np.ones_like(rare)
    values[two] = np.stack([-one, one, rng.uniform(2, 20, two.sum()), zero], axis=1)
    probs[two] = np.stack([(1 - rare) / 2, (1 - rare) / 2, rare, zero], axis=1)
    values[kind == 6] *= 10.0 ** rng.uniform(-8, 0, values[kind == 6].shape)
    probs[kind == 7] = rng.dirichlet(np.full(ATOMS, 0.05), (kind == 7).sum()) + 1e-9
    return values, probs / probs.sum(axis=1, keepdims=True)


def grid_maximum(values, probs, sign):
    """The largest 2 psi(l)/l^2 on a grid, by log-sum-exp: below the supremum."""
    inside = probs > 0
    low = np.where(inside, values, np.inf).min(axis=1)
    spread = np.where(inside, values, -np.inf).max(axis=1) - low
    deviations = np.where(inside, values - (probs * values).sum(axis=1, keepdims=True), 0.0)
    best = np.zeros(len(values))
    unit = np.where(spread > 0, spread, 1.0)
    for size in np.geomspace(0.1, 200, 500):
        argument = sign * size / unit
        exponents = argument[:, None] * deviations
        top = exponents.max(axis=1)
        log_mgf = top + np.log((probs * np.exp(exponents - top[:, None])).sum(axis=1))
        best = np.maximum(best, 2 * log_mgf / argument**2)
    return best


@pytest.fixture(scope="module")
def found():
    values, probs = random_laws(np.random.default_rng(7))
    with jax.enable_x64(True):
        law = jnp.asarray(values), jnp.asarray(probs)
        certified = jax.jit(jax.vmap(concentration.variance_proxies))(*law)
        quick = jax.jit(jax.vmap(concentration.variance_proxy))(*law)
    return values, probs, jax.tree.map(np.asarray, certified), np.asarray(quick)


def test_the_certificate_is_above_a_dense_grid_and_attained(found):
    values, probs, certified, _ = found
    variances = (probs * values**2).sum(axis=1) - (probs * values).sum(axis=1) ** 2
    np.testing.assert_allclose(certified.variance, variances, rtol=1e-9, atol=1e-15)
    for side, sign in (("above", 1), ("below", -1)):
        bound, attained = getattr(certified, side), getattr(certified, f"attained_{side}")
        grid = grid_maximum(values, probs, sign)
        # The grid's own log-sum-exp is off by rounding of one in psi: at 0.1, 1e-13 of l^2.
        rounding = 1e-12 * np.ptp(values, axis=1) ** 2
        assert (bound >= grid - rounding).all()
        assert (attained >= grid * (1 - 1e-9) - rounding).all()
        assert (attained <= bound).all()
        assert (bound <= attained * (1 + 1.001e-9)).all()
        assert (attained >= certified.variance * (1 - 1e-15)).all()
    np.testing.assert_array_equal(certified.two_sided, np.maximum(certified.above, certified.below))


def test_what_is_attained_is_attained_where_it_is_said_to_be(found):
    values, probs, certified, _ = found
    for row in range(0, COUNT, 37):
        argument = float(certified.argument[row])
        attained = float(certified.attained[row])
        if argument == 0:
            assert attained == certified.variance[row]
            continue
        with mpmath.workdps(50):
            pairs = [
                (mpmath.mpf(float(x)), mpmath.mpf(float(p)))
                for x, p in zip(values[row], probs[row], strict=True)
            ]
            total = mpmath.fsum(p for _, p in pairs)
            mean = mpmath.fsum(p * x for x, p in pairs) / total
            log_mgf = mpmath.log(
                mpmath.fsum(p / total * mpmath.exp(argument * (x - mean)) for x, p in pairs)
            )
            assert abs(attained / (2 * log_mgf / mpmath.mpf(argument) ** 2) - 1) < 1e-12


def test_the_quick_search_is_never_above_and_hardly_below(found):
    _, _, certified, quick = found
    assert (quick <= certified.two_sided).all()
    # The grid of 48 arguments finds the right maximum in all of these.
    assert (quick >= certified.attained * (1 - 1e-9)).all()


@pytest.fixture(scope="module")
def proxies():
    with jax.enable_x64(True):
        yield jax.jit(concentration.variance_proxies)


def law_of(*pairs):
    values, probs = zip(*(*pairs, *[(0.0, 0.0)] * (ATOMS - len(pairs))), strict=True)
    return jnp.array(values), jnp.array(probs)


@pytest.mark.parametrize("p", [1e-12, 1e-9, 1e-3, 0.1, 0.45])
def test_bernoulli_has_the_proxy_of_kearns_and_saul(p, proxies):
    # s_+^2 = (1-2p)/(2 log((1-p)/p)) at l = 2 log((1-p)/p) for p < 1/2; s_-^2 = p(1-p) at 0.
    odds = math.log1p(-p) - math.log(p)
    for success in (1.0, -1.0):
        found = proxies(*law_of((success, p), (0.0, 1 - p)))
        rising, falling = ("above", "below") if success > 0 else ("below", "above")
        attained = float(getattr(found, f"attained_{rising}"))
        assert attained == pytest.approx((1 - 2 * p) / (2 * odds), rel=1e-13)
        argument = float(getattr(found, f"argument_{rising}"))
        assert argument == pytest.approx(success * 2 * odds, rel=1e-12)
        assert float(getattr(found, falling)) == pytest.approx(p * (1 - p), rel=1.1e-9)
        assert getattr(found, f"argument_{falling}") == 0


def test_a_second_maximum_far_from_zero_is_not_missed(proxies):
    found = proxies(*law_of((-1.0, 0.499995), (1.0, 0.499995), (5.0, 1e-5)))
    # From zero a local search climbs to a maximum close to the variance, 1.00024. The far one by
    # Newton's method on the derivative of 2 psi(l)/l^2, in mpmath: 1.08576184093 at 4.60316.
    with mpmath.workdps(40):
        pairs = [(-1, "0.499995"), (1, "0.499995"), (5, "1e-5")]
        pairs = [(x, mpmath.mpf(p)) for x, p in pairs]
        mean = mpmath.fsum(p * x for x, p in pairs)

        def curve(argument):
            return (
                2
                * mpmath.log(mpmath.fsum(p * mpmath.exp(argument * (x - mean)) for x, p in pairs))
                / argument**2
            )

        at = mpmath.findroot(lambda argument: mpmath.diff(curve, argument), 4.6)
        assert float(found.argument) == pytest.approx(float(at), rel=1e-12)
        assert float(found.attained) == pytest.approx(float(curve(at)), rel=1e-14)


def test_two_maxima_of_nearly_the_same_height(proxies):
    def heights(p):
        found = proxies(*law_of((-1.0, (1 - p) / 2), (1.0, (1 - p) / 2), (5.0, p)))
        return float(found.attained), float(found.argument)

    # As p grows, the maximum far from zero overtakes the one next to it: bisect to the tie, where
    # the search has to tell values apart that agree to 1e-8.
    low, high = 1e-9, 1e-5
    for _ in range(40):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if heights(middle)[1] > 2 else (middle, high)
    (below, near), (above, far) = heights(low), heights(high)
    assert near < 1 < 4 < far
    assert above == pytest.approx(below, rel=1e-8)


@pytest.mark.parametrize(
    "pairs", [((-1.0, 0.5), (1.0, 0.5)), ((-2.0, 0.2), (0.0, 0.6), (2.0, 0.2))]
)
def test_flat_symmetric_laws_have_their_variance(pairs, proxies):
    # The kurtosis is at most that of the normal law: log E e^{lX} <= l^2 Var/2.
    found = proxies(*law_of(*pairs))
    assert found.argument == 0
    assert found.attained == found.variance
    assert float(found.two_sided) == pytest.approx(float(found.variance), rel=1e-9)


def test_a_constant_has_none(proxies):
    found = proxies(*law_of((0.3, 0.25), (0.3, 0.75)))
    assert [float(x) for x in jax.tree.leaves(found)] == [0.0] * 10


def test_units_do_not_matter(proxies):
    pairs = ((-1.0, 0.2), (0.5, 0.7), (2.0, 0.1))
    plain = proxies(*law_of(*pairs))
    for unit in (1e-100, 1e100):
        scaled = proxies(*law_of(*((unit * x, p) for x, p in pairs)))
        assert float(scaled.two_sided) == pytest.approx(unit**2 * float(plain.two_sided), rel=1e-9)
        assert float(scaled.argument * unit) == pytest.approx(float(plain.argument), rel=1e-9)


def test_the_gradient_is_that_of_the_curve_at_its_maximum():
    # d/dp of the Kearns-Saul constant, by finite differences in mpmath.
    def proxy(p):
        return concentration.variance_proxy_above(jnp.array([1.0, 0.0]), jnp.stack([p, 1 - p]))

    def kearns_saul(p):
        return (1 - 2 * p) / (2 * mpmath.log((1 - p) / p))

    slope = jax.grad(proxy)(jnp.asarray(0.1))
    assert float(slope) == pytest.approx(float(mpmath.diff(kearns_saul, 0.1)), rel=1e-9)


@pytest.mark.parametrize(
    ("values", "probs"),
    [
        # Laws of a gap that a search found against a quick search which refined one grid point.
        (
            [-0.1037085, -0.0144585, 0.01377, 0.0747915, -0.07123],
            [0.175561, 0.45888251, 0.02799548, 0.00459083, 0.33297018],
        ),
        (
            [-0.005625, -0.014625, 0.017875, 0.019375, 0.050375],
            [0.360375, 0.24025, 0.34875, 0.04809375, 0.00253125],
        ),
    ],
)
def test_the_quick_search_does_not_stay_at_the_first_of_two_maxima(values, probs):
    law = jnp.array(values), jnp.array(probs) / sum(probs)
    found = concentration.variance_proxies(*law)
    assert found.argument_above > 50
    assert found.attained_above > 1.001 * found.variance
    quick = float(concentration.variance_proxy_above(*law))
    assert quick == pytest.approx(float(found.attained_above), rel=1e-12)
