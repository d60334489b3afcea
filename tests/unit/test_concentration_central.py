"""The central condition: pairs, their range and their best bound, against mpmath and by cases."""

import math

import finite_laws as twins
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory import concentration

pytestmark = pytest.mark.usefixtures("strict")

ETAS = np.array([1e-6, 0.3, 2.0, 50.0])
DIVERGENCES = np.array([1e-6, 0.02, 1.0, 40.0])


@pytest.fixture(scope="module")
def computed():
    def everything(values, probs):
        c = jax.vmap(lambda eta: concentration.largest_central_c(values, probs, eta))
        pair = jax.vmap(lambda k: concentration.best_central_pair(values, probs, k))
        most = concentration.largest_central_eta(values, probs)
        informative = concentration.informative_divergence(values, probs)
        return c(jnp.asarray(ETAS)), pair(jnp.asarray(DIVERGENCES)), most, informative

    with jax.enable_x64(True):
        tables = jax.jit(jax.vmap(everything))(*map(jnp.asarray, twins.stacked()))
        return jax.tree.map(np.asarray, tables)


def best_by_search(law, budget, most):
    """The largest c mu - K/eta = -(K + log E e^{-eta X})/eta over eta < eta_max: one maximum."""
    top = 60 if most == math.inf else mpmath.log(mpmath.mpf(most))

    def bound(logarithm):
        eta = mpmath.exp(logarithm)
        return -(budget + twins.log_mgf(law, -eta)) / eta

    low, high, ratio = mpmath.mpf(-40), mpmath.mpf(top), (mpmath.sqrt(5) - 1) / 2
    for _ in range(130):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if bound(left) > bound(right) else (left, high)
    return float(bound((low + high) / 2))


@pytest.mark.parametrize("name", twins.LAWS)
def test_against_mpmath(name, computed):
    row = list(twins.LAWS).index(name)
    shares, (bounds, etas, cs), most, informative = jax.tree.map(lambda x: x[row], computed)
    with mpmath.workdps(50):
        law = twins.exact(name)
        mean = twins.mean(law)
        if float(mean) <= 0:
            assert (most, informative) == (0, 0)
            assert (bounds == -math.inf).all()
            assert not etas.any()
            assert not cs.any()
            return
        for eta, got in zip(map(float, ETAS), shares, strict=True):
            expected = -twins.log_mgf(law, -eta) / (eta * mean)
            assert abs(got - expected) < 1e-12 * max(1, abs(expected))
        lowest = min(x for x, _ in law)
        if lowest >= 0:
            assert most == math.inf
            mass = mpmath.fsum(p for x, p in law if x == 0)
            assert informative == (math.inf if lowest else pytest.approx(-float(mpmath.log(mass))))
        else:
            # A root: positive beyond it, negative before; and the smallest value of log E e^{-l X}.
            assert twins.log_mgf(law, -float(most) * (1 - 1e-12)) < 0
            assert twins.log_mgf(law, -float(most) * (1 + 1e-12)) > 0
            unbounded = best_by_search(law, mpmath.mpf(float(informative)), math.inf)
            assert abs(unbounded) < 1e-12
        for k, budget in enumerate(map(float, DIVERGENCES)):
            expected = best_by_search(law, mpmath.mpf(budget), float(most))
            assert bounds[k] == pytest.approx(expected, rel=1e-11, abs=1e-13)
            if 0 < cs[k] < 1 and math.isfinite(etas[k]):
                assert float(cs[k] * mean - budget / etas[k]) == pytest.approx(expected, rel=1e-9)


ENDS = {
    # (values, probs, K) -> bound, eta, c
    "no divergence": ([-1, 3], [0.5, 0.5], 0.0, (1, 0, 1)),
    "infinite": ([0, 3], [0.5, 0.5], math.inf, (-math.inf, math.inf, 0)),
    # X >= 1 and K > log 2: c -> min X/mean = 1/2 as eta -> infinity.
    "beyond the last tilt": ([1, 3], [0.5, 0.5], 1.0, (1, math.inf, 0.5)),
    "with an atom at zero": ([0, 3], [0.5, 0.5], 1.0, (0, math.inf, 0)),
    "constant": ([2, 2], [0.5, 0.5], 1.0, (2, math.inf, 1)),
    "negative constant": ([-2, -2], [0.5, 0.5], 1.0, (-2, math.inf, 1)),
    "zero": ([0, 0], [0.5, 0.5], 1.0, (0, math.inf, 1)),
    "negative mean": ([-1, 0.9], [0.5, 0.5], 0.1, (-math.inf, 0, 0)),
    "mean zero": ([-1, 1], [0.5, 0.5], 0.0, (-math.inf, 0, 0)),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_ends(case):
    values, probs, budget, expected = ENDS[case]
    law = jnp.asarray(values, float), jnp.asarray(probs, float)
    np.testing.assert_array_equal(concentration.best_central_pair(*law, budget), expected)


def test_without_a_positive_mean_no_c_is_feasible():
    half = jnp.array([0.5, 0.5])
    assert concentration.largest_central_c(jnp.array([-1.0, 0.9]), half, 0.5) > 1
    assert concentration.largest_central_c(jnp.array([-1.0, 1.0]), half, 0.5) == -math.inf
    assert concentration.largest_central_c(jnp.array([-2.0, -2.0]), half, 0.5) == 1


def test_beyond_the_largest_eta_the_bound_is_its_limit():
    # X = 1 or -1/2: E e^{-eta X} = 1 at eta_max, and K = 5 lies beyond every tilt.
    law = jnp.array([1.0, -0.5]), jnp.array([0.6, 0.4])
    most = concentration.largest_central_eta(*law)
    bound, eta, c = concentration.best_central_pair(*law, 5.0)
    assert (float(eta), float(c)) == (float(most), 0.0)
    assert float(bound) == pytest.approx(-5.0 / float(most), rel=1e-15)


def test_the_gradient_of_the_largest_eta():
    # X = 1 with probability p, else -1: the root of p e^{-eta} + (1-p) e^{eta} = 1 is
    # log(p/(1-p)), with derivative 1/(p(1-p)).
    def root(p):
        return concentration.largest_central_eta(jnp.array([1.0, -1.0]), jnp.stack([p, 1 - p]))

    value, slope = jax.value_and_grad(root)(jnp.asarray(0.75))
    assert float(value) == pytest.approx(math.log(3), rel=1e-14)
    assert float(slope) == pytest.approx(16 / 3, rel=1e-12)
