"""Chernoff bounds against the largest mean that a divergence allows, in mpmath, and their ends."""

import math

import finite_laws as twins
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory import concentration

pytestmark = pytest.mark.usefixtures("strict")

DIVERGENCES = np.array([1e-12, 1e-3, 0.1, 0.6, 2.0, 30.0])


def at_all(function):
    over = jax.vmap(function, (None, None, 0))
    return jax.jit(jax.vmap(over, (0, 0, None)))


@pytest.fixture(scope="module")
def computed():
    with jax.enable_x64(True):
        arrays = *map(jnp.asarray, twins.stacked()), jnp.asarray(DIVERGENCES)
        both = (concentration.chernoff_upper, concentration.chernoff_lower)
        return [tuple(map(np.asarray, at_all(function)(*arrays))) for function in both]


@pytest.mark.parametrize("name", twins.LAWS)
def test_against_mpmath(name, computed):
    row = list(twins.LAWS).index(name)
    (above, above_at), (below, below_at) = ([array[row] for array in pair] for pair in computed)
    with mpmath.workdps(50):
        law = twins.exact(name)
        opposite = [(-x, p) for x, p in law]
        unit = float(max(abs(x) for x, _ in law))
        for k, budget in enumerate(map(float, DIVERGENCES)):
            most = float(twins.largest_mean(law, budget))
            least = -float(twins.largest_mean(opposite, budget))
            assert abs(above[k] - most) < 1e-14 * unit
            assert abs(below[k] - least) < 1e-14 * unit
            # The tilt at the argument has the divergence and attains the bound.
            for argument, bound in ((above_at[k], above[k]), (below_at[k], below[k])):
                if math.isfinite(argument):
                    tilt = twins.tilted(law, float(argument))
                    assert abs(twins.divergence(law, tilt) / budget - 1) < 1e-9
                    assert abs(twins.mean(tilt) - bound) < 1e-12 * unit


ENDS = {
    # (values, probs, K) -> upper bound and argument, lower bound and argument
    "no divergence": ([0, 1], [0.5, 0.5], 0.0, (0.5, 0.0), (0.5, 0.0)),
    "log 2 is a coin's most": ([0, 1], [0.5, 0.5], 0.7, (1, math.inf), (0, -math.inf)),
    "infinite": ([0, 1], [0.5, 0.5], math.inf, (math.inf,) * 2, (-math.inf,) * 2),
    "constant": ([2, 2], [0.5, 0.5], 1.0, (2, math.inf), (2, -math.inf)),
    "constant, none": ([2, 2], [0.5, 0.5], 0.0, (2, 0), (2, 0)),
    "constant, infinite": ([2, 2], [1.0, 0.0], math.inf, (math.inf,) * 2, (-math.inf,) * 2),
    # The largest value has probability 1/2 in two atoms.
    "a tie": ([1, 1], [0.25, 0.75], 0.1, (1, math.inf), (1, -math.inf)),
    "null atom above": ([0, 9], [1.0, 0.0], 5.0, (0, math.inf), (0, -math.inf)),
    "not a number": ([0, 1], [0.5, 0.5], math.nan, (math.nan,) * 2, (math.nan,) * 2),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_ends(case):
    values, probs, budget, above, below = ENDS[case]
    law = jnp.asarray(values, float), jnp.asarray(probs, float)
    np.testing.assert_array_equal(concentration.chernoff_upper(*law, budget), above)
    np.testing.assert_array_equal(concentration.chernoff_lower(*law, budget), below)


@pytest.mark.parametrize("budget", [5e-324, 1e-310, 2e-308, 1e-300])
def test_hardly_any_divergence_leaves_the_mean(budget):
    # sqrt(2 K Var) is 1e-150 or less; a processor may take subnormal numbers for zero.
    law = jnp.array([0.0, 1.0]), jnp.array([0.5, 0.5])
    bound, argument = concentration.chernoff_upper(*law, budget)
    assert bound == 0.5
    assert (budget < 3e-308 and argument == 0) or 0 < argument < 1e-149


def test_small_divergences_have_their_expansion():
    # CC(K) = mu + sqrt(2 Var K) + kappa_3 K/(3 Var) + O(K^1.5): Bernoulli(1/4) has Var 3/16 and
    # kappa_3 = p(1-p)(1-2p) = 3/32, so that the second coefficient is 1/6.
    law, budget = (jnp.array([0.0, 1.0]), jnp.array([0.75, 0.25])), 1e-10
    bound, _ = concentration.chernoff_upper(*law, budget)
    assert float(bound) == pytest.approx(0.25 + math.sqrt(0.375 * budget) + budget / 6, abs=1e-14)


def test_the_gradient_is_that_of_the_envelope():
    # d/dK = 1/l and d/dx_i = q_i, the tilt.
    values, probs = map(jnp.asarray, twins.padded("skewed"))
    budget = jnp.asarray(0.1)
    _, argument = concentration.chernoff_upper(values, probs, budget)

    def bound(values, budget):
        return concentration.chernoff_upper(values, probs, budget)[0]

    by_value, by_budget = jax.grad(bound, (0, 1))(values, budget)
    tilt = concentration.tilted_probs(values, probs, argument)
    np.testing.assert_allclose(by_value, tilt, rtol=1e-12)
    assert float(by_budget) == pytest.approx(1 / float(argument), rel=1e-12)


def test_binary_inversion_solves_its_equation():
    kl = np.vectorize(lambda q, p: float(_binary(q, p)))
    for p, budget in ((0.5, 0.1), (0.01, 0.3), (0.99, 1e-3), (1e-12, 2.0), (0.3, 1e-9)):
        q = float(concentration.binary_kl_upper(p, budget))
        assert p < q < 1
        assert kl(q, p) == pytest.approx(budget, rel=1e-6)
    assert concentration.binary_kl_upper(0.25, 1.5) == 1  # -log(1/4) = 1.386
    assert concentration.binary_kl_upper(0.25, 0.0) == 0.25
    assert concentration.binary_kl_upper(0.25, math.inf) == 1
    assert concentration.binary_kl_upper(0.0, 3.0) == 0
    assert concentration.binary_kl_upper(1.0, 3.0) == 1


def _binary(q, p):
    with mpmath.workdps(40):
        q, p = mpmath.mpf(q), mpmath.mpf(p)
        return q * mpmath.log(q / p) + (1 - q) * mpmath.log((1 - q) / (1 - p))
