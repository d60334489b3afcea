"""The claims on bare laws, by routes of their own: grids of laws, NumPy, fractions and mpmath."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory import concentration
from kdtheory.theorems.distillation_divergence import claims_central, claims_laws, law_worlds

LAWS = 10_000
ATOMS = 3


@pytest.fixture(scope="module")
def laws():
    """Random laws: half of the probabilities spread out, half with rare atoms; some ties."""
    rng = np.random.default_rng(11)
    values = rng.uniform(-1, 1, (LAWS, ATOMS))
    values[::5] = np.round(values[::5] * 4) / 4
    probs = rng.dirichlet(np.ones(ATOMS), LAWS)
    rare = 10.0 ** rng.uniform(-12, 0, (LAWS // 2, ATOMS))
    probs[::2] = rare / rare.sum(axis=1, keepdims=True)
    arguments = 10.0 ** rng.uniform(-2, 1.5, LAWS) * rng.choice([-1, 1], LAWS)
    return values, probs, arguments


def tilted(values, probs, arguments):
    """Tilts, their means and divergences by plain log-sum-exp."""
    exponents = np.log(probs) + arguments[:, None] * values
    exponents -= exponents.max(axis=1, keepdims=True)
    tilt = np.exp(exponents)
    tilt /= tilt.sum(axis=1, keepdims=True)
    return tilt, (tilt * values).sum(axis=1)


def side(claim, name):
    return jax.jit(jax.vmap(getattr(claim, name)))


@pytest.mark.thorough
def test_tilts_attain_the_bounds_of_ten_thousand_laws(laws):
    values, probs, arguments = laws
    _, means = tilted(values, probs, arguments)
    given = tuple(map(jnp.asarray, laws))
    got = np.asarray(side(claims_laws.CRAMER_CHERNOFF_ATTAINED, "rhs")(*given))
    assert np.abs(got - np.sign(arguments) * means).max() < 1e-12


@pytest.mark.thorough
def test_chernoff_is_never_wider_than_theorem8_on_ten_thousand_laws(laws):
    values, probs, arguments = laws
    rng = np.random.default_rng(12)
    divergence = 10.0 ** rng.uniform(-9, 1, LAWS)
    above = rng.integers(0, 2, LAWS).astype(float)
    given = tuple(map(jnp.asarray, (values, probs, divergence, above)))
    chernoff, theorem8 = (
        np.asarray(side(claims_laws.CHERNOFF_BELOW_THEOREM8, name)(*given))
        for name in ("lhs", "rhs")
    )
    assert (chernoff <= theorem8 + 1e-14).all()
    # Theorem 8 by its own route: the proxy is at least what 100 arguments show, and is attained.
    signed = (2 * above - 1)[:, None] * values
    deviations = signed - (probs * signed).sum(axis=1, keepdims=True)
    seen = (probs * deviations**2).sum(axis=1)
    unit = np.maximum(np.ptp(values, axis=1), 1e-3)
    for size in np.geomspace(0.05, 1e4, 100):
        argument = size / unit
        exponents = argument[:, None] * deviations
        top = exponents.max(axis=1)
        log_mgf = top + np.log((probs * np.exp(exponents - top[:, None])).sum(axis=1))
        # Less what rounding makes of a log-mgf of zero, 2e-16 * 2 (2/0.05)^2.
        seen = np.maximum(seen, 2 * log_mgf / argument**2 - 2e-12)
    least = (probs * signed).sum(axis=1) + np.sqrt(2 * seen * divergence)
    assert (theorem8 >= least - 1e-12).all()
    # Neighbouring arguments differ by 13 per cent: the grid misses little of the supremum.
    assert (theorem8 <= least + 0.01 * np.sqrt(2 * seen * divergence) + 1e-5).all()


def grid_of_laws(steps):
    """All laws on three atoms whose probabilities are multiples of 1/steps."""
    first, second = np.meshgrid(np.arange(steps + 1), np.arange(steps + 1), indexing="ij")
    inside = first + second <= steps
    first, second = first[inside], second[inside]
    return np.stack([first, second, steps - first - second], axis=1) / steps


def divergences(laws, probs):
    ratio = np.where(laws > 0, laws / probs, 1.0)
    return (laws * np.log(ratio)).sum(axis=1)


@pytest.mark.parametrize("budget", [0.01, 0.3, 1.5])
def test_no_law_within_the_divergence_beats_the_chernoff_bounds(budget):
    values, probs = np.array([1.0, -0.5, 0.25]), np.array([0.2, 0.3, 0.5])
    candidates = grid_of_laws(1500)
    means = (candidates * values).sum(axis=1)[divergences(candidates, probs) <= budget]
    law = jnp.asarray(values), jnp.asarray(probs)
    highest = float(concentration.chernoff_upper(*law, budget)[0])
    lowest = float(concentration.chernoff_lower(*law, budget)[0])
    # A law of the grid lies within 1/1500 of every law, and the mean changes by 1.5 at most.
    assert highest - 3e-3 < means.max() <= highest + 1e-15
    assert lowest - 1e-15 <= means.min() < lowest + 3e-3
    assert float(claims_laws.LARGE_DIVERGENCE_REVIEW.lhs(*law, 0.0, budget)) == lowest


def test_the_log_mgf_is_the_largest_of_what_change_of_measure_allows():
    # sup_Q E_Q g - KL(Q||P) = log E_P e^g, at the tilt; second order in the step of the grid.
    teacher, function = np.array([0.2, 0.3, 0.5]), np.array([1.0, -1.0, 2.0])
    candidates = grid_of_laws(1500)
    allowed = (candidates * function).sum(axis=1) - divergences(candidates, teacher)
    log_mgf = math.log((teacher * np.exp(function)).sum())
    assert log_mgf - 1e-5 < allowed.max() <= log_mgf + 1e-15
    for student in candidates[:: len(candidates) // 7]:
        given = tuple(map(jnp.asarray, (teacher, student, function)))
        slack = float(claims_laws.DV_TILT.lhs(*given))
        direct = divergences(student[None], teacher)[0] + log_mgf - (student * function).sum()
        assert slack == pytest.approx(direct, abs=1e-14)
        assert float(claims_laws.DV_TILT.rhs(*given)) == pytest.approx(direct, abs=1e-13)


def test_remark2_over_a_grid_of_its_range_is_the_two_sided_form():
    instances = [
        ([1.0, 0.0], [0.5, 0.5], 0.5),
        ([1.0, -0.5], [0.6, 0.4], 0.02),
        ([0.1, 0.9], [0.2, 0.8], 3.0),
    ]
    for values, probs, divergence in instances:
        law = jnp.asarray(values), jnp.asarray(probs)
        mean = float(np.dot(values, probs))
        proxy = float(concentration.variance_proxies(*law).attained)
        assert divergence < 2 * mean**2 / proxy
        eta = np.linspace(0, 2 * mean / proxy, 200_001)[1:]
        best = ((1 - eta * proxy / (2 * mean)) * mean - divergence / eta).max()
        given = (*law, *map(jnp.asarray, (proxy, divergence, 1.0)))
        for name in ("lhs", "rhs"):
            got = float(getattr(claims_central.THM10_EQUALS_TWO_SIDED, name)(*given))
            assert got == pytest.approx(best, abs=1e-8)
            assert got >= best - 1e-15
        # The best pair of the law itself is no worse, and no pair beats the Chernoff bound.
        pair = float(claims_central.SHARPER_DEPENDENCE_CENTRAL.rhs(*given))
        lowest = float(concentration.chernoff_lower(*law, divergence)[0])
        assert best - 1e-12 <= pair <= lowest + 1e-15


def test_a_positive_mean_is_what_the_central_condition_asks_for(laws):
    values, probs, _ = laws
    means = (probs * values).sum(axis=1)
    feasible = np.zeros(LAWS, dtype=bool)
    for eta in np.geomspace(1e-3, 50, 40):
        # Some 0 < c <= 1 will do iff the log-mgf is below zero if the mean is positive, and below
        # -eta mean (c = 1) if it is not.
        log_mgf = np.log((probs * np.exp(-eta * values)).sum(axis=1))
        feasible |= log_mgf < np.where(means > 0, 0.0, -eta * means) - 1e-12
    assert not feasible[means <= 0].any()
    assert feasible[means > 0.01].all()


def test_the_largest_eta_of_random_laws_is_where_the_condition_ends(laws):
    values, probs, _ = (array[:500] for array in laws)
    given = jnp.asarray(values), jnp.asarray(probs)
    most = np.asarray(jax.jit(jax.vmap(concentration.largest_central_eta))(*given))
    means, lowest = (probs * values).sum(axis=1), values.min(axis=1)
    varies = np.ptp(values, axis=1) > 0
    assert ((most == 0) == (varies & (means <= 0))).all()
    assert (np.isinf(most) == (~varies | ((lowest >= 0) & (means > 0)))).all()
    ends = (most > 0.01) & (most < 1e3)
    assert ends.sum() > 100
    for factor, sign in ((1 - 1e-6, -1), (1 + 1e-6, 1)):
        exponents = -(factor * most[ends])[:, None] * values[ends]
        assert (sign * np.log((probs[ends] * np.exp(exponents)).sum(axis=1)) > 0).all()


def test_the_counterexamples_in_exact_numbers():
    # X = 0 or 1: mean 1/2, s^2 = 1/4 (a fair coin's variance), K = 1/2, eta = 1.
    mean, proxy, divergence, eta = Fraction(1, 2), Fraction(1, 4), Fraction(1, 2), Fraction(1)
    pair = (1 - eta * proxy / (2 * mean)) * mean - divergence / eta
    claim = claims_central.SHARPER_DEPENDENCE_REMARK2
    given = claim.counterexample.make()
    assert float(claim.lhs(*given)) == pytest.approx(float(pair)) == -0.125
    # sqrt(2 K s^2) = sqrt(1/4): the two-sided form is 0.
    assert float(claim.rhs(*given)) == pytest.approx(0.0, abs=1e-15)
    # A fair coin at K = 0 and at K = 1 > log 2.
    review = claims_laws.LARGE_DIVERGENCE_REVIEW
    given = review.counterexample.make()
    assert (float(review.lhs(*given)), float(review.rhs(*given))) == (-1.0, 0.0)


TIGHT = {
    # claim -> the value of both sides at its first case of equality, derived beside the case
    claims_laws.SUBGAUSSIAN_MGF: math.log(3),
    claims_laws.CHERNOFF_BELOW_THEOREM8: 3 / 4,
    claims_laws.DONSKER_VARADHAN: 3 / 4 * math.log(3),
    claims_laws.CRAMER_CHERNOFF_ATTAINED: math.tanh(1),
    claims_central.REMARK2: -math.log(3),
    claims_central.SHARPER_DEPENDENCE_CENTRAL: 1 / 4,
    claims_central.CENTRAL_CONDITION: 1.0,
}


@pytest.mark.parametrize("claim", TIGHT, ids=lambda claim: claim.slug)
def test_both_sides_at_cases_of_equality(claim):
    instance = claim.tight[0].make()
    for name in ("lhs", "rhs"):
        assert float(getattr(claim, name)(*instance)) == pytest.approx(TIGHT[claim], rel=1e-14)


def test_instances_of_priced_laws_lie_in_the_range_of_remark2():
    domain = law_worlds.priced_laws((3,))
    points = np.random.default_rng(3).normal(size=(64, domain.dimension))

    def build(point):
        return domain.instance(domain.parametrize(point))

    built = jax.jit(jax.vmap(build))(jnp.asarray(points))
    values, probs, proxy, divergence, eta = built
    means = jnp.sum(values * probs, axis=1)
    assert float(means.min()) > 0.1
    assert bool((divergence * proxy <= 2 * means**2 * (1 + 1e-12)).all())
    assert bool((eta * proxy <= 2 * means * (1 + 1e-12)).all())
    first = tuple(leaf[0] for leaf in built)
    for got, expected in zip(domain.build(*domain.split(first)), first, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
