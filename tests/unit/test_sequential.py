"""Sequential evidence: the level is kept whenever one stops, and the power is near the best."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory import _sequential
from kdtheory._sequential import Process, betting, empirical_bernstein, known_variance
from kdtheory.tools._compile import precision

LEVEL = 0.05
STREAMS, LOOKS, EVERY = 10_000, 100, 40

# Laws on two or three values, of mean zero: a stream is then how often it met each value.
IN_AN_INTERVAL = {
    "fair signs": ((0.5, -0.5), (0.5, 0.5)),
    "rare losses": ((0.01, -0.99), (0.99, 0.01)),
    "rare gains": ((0.99, -0.01), (0.01, 0.99)),
    "sparse": ((0.5, 0.0, -0.5), (0.02, 0.96, 0.02)),
}
OF_UNIT_VARIANCE = {
    # 0.99 * (1/99) + 0.01 * 99 = 1
    "rare losses": ((99**-0.5, -(99**0.5)), (0.99, 0.01)),
    # p k^2 = 1 with k = 30, half on either side
    "heavy tails": ((30.0, 0.0, -30.0), (1 / 1800, 1 - 1 / 900, 1 / 1800)),
    "fair signs": ((1.0, -1.0), (0.5, 0.5)),
}
CASES = [
    pytest.param(make, law, id=f"{make.__name__}-{name}")
    for make, laws in (
        (empirical_bernstein, IN_AN_INTERVAL),
        (betting, IN_AN_INTERVAL),
        (known_variance, OF_UNIT_VARIANCE),
    )
    for name, law in laws.items()
]


def counts_at_looks(law, streams=STREAMS, looks=LOOKS, every=EVERY, seed=0):
    """How often each value was met, by stream and look: shape (streams, looks, values)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(every, law[1], size=(streams, looks)).cumsum(axis=1)


def evidence_at_looks(process: Process, law, met):
    """Log e-values, shape (streams, looks, 2)."""
    features = np.asarray(process.features(jnp.array(law[0])))
    # A few streams at a time stay in the processor's cache.
    parts = np.array_split(met, max(1, len(met) // 100))
    return np.concatenate([process.evidence(p.sum(axis=-1), p @ features) for p in parts])


def ever(evidence, threshold):
    """The share of streams whose evidence ever reaches the threshold."""
    return float((evidence >= threshold).any(axis=1).mean())


@pytest.mark.thorough
@pytest.mark.parametrize(("make", "law"), CASES)
def test_the_level_is_kept_by_whoever_stops_at_will(make, law):
    """Ten thousand null streams, a hundred looks each, stopped at the first rejection."""
    evidence = evidence_at_looks(make(), law, counts_at_looks(law))
    for side in range(2):
        assert ever(evidence[:, :, side], math.log(1 / LEVEL)) <= LEVEL
    either = evidence.max(axis=-1)
    assert ever(either, math.log(2 / LEVEL)) <= LEVEL


@pytest.mark.parametrize("name", ["fair signs", "rare losses"])
def test_the_naive_rule_fails_on_the_same_streams(name):
    """Three standard errors, nominal level 0.0027, looked at a hundred times."""
    law = IN_AN_INTERVAL[name]
    met = counts_at_looks(law)
    numbers, values = met.sum(axis=-1), np.array(law[0])
    means = met @ values / numbers
    deviations = np.sqrt(np.maximum(met @ values**2 / numbers - means**2, 0))
    rejected = np.abs(means) * np.sqrt(numbers) > 3 * deviations
    assert rejected.any(axis=1).mean() > 10 * 0.0027


def test_a_penalty_that_is_too_small_is_caught():
    """Forgotten squares are seen in the level; a slip of a factor of two in the expectation."""
    law, honest = IN_AN_INTERVAL["fair signs"], empirical_bernstein()

    def with_squares(factor):
        return lambda count, sums: honest.evidence(count, sums * [1.0, factor])

    forgotten = honest._replace(evidence=with_squares(0.0))
    evidence = evidence_at_looks(forgotten, law, counts_at_looks(law, streams=1000))
    assert ever(evidence[:, :, 0], math.log(1 / LEVEL)) > LEVEL
    # Where the inequality is nearly an equality: losses of almost one.
    values, probs = IN_AN_INTERVAL["rare losses"]
    features = np.asarray(honest.features(jnp.array(values)))
    assert (np.array(probs) @ np.exp(with_squares(0.5)(1, features)))[0] > 1 + 1e-6


@pytest.mark.parametrize("make", [empirical_bernstein, betting, known_variance])
def test_one_sided_hypotheses_are_composite(make):
    """A mean below the hypothetical one is no evidence for a mean above it."""
    law = ((0.5, -0.5), (0.4, 0.6))
    evidence = evidence_at_looks(make(0.05), law, counts_at_looks(law, streams=1000))
    assert ever(evidence[:, :, 0], math.log(1 / LEVEL)) <= 0.001
    assert ever(evidence[:, :, 1], math.log(1 / LEVEL)) == 1.0


@pytest.mark.parametrize("make", [empirical_bernstein, betting, known_variance])
def test_the_expectation_of_the_evidence_is_at_most_one(make):
    """After one draw, exactly: every law above, every side, summed over its values."""
    laws = OF_UNIT_VARIANCE if make is known_variance else IN_AN_INTERVAL
    for values, probs in laws.values():
        features = np.asarray(make().features(jnp.array(values)))
        mean = np.array(probs) @ np.exp(make().evidence(1, features))
        assert (mean <= 1 + 1e-12).all()
        # and not far below it: it bets
        assert (mean > 0.5).all()


@pytest.mark.parametrize(
    ("make", "factor"), [(empirical_bernstein, 3.0), (betting, 3.0), (known_variance, 3.0)]
)
def test_the_power_is_near_the_best(make, factor):
    """A mean that is off by d decides within a few times 2 log(1/level) variance / d^2 draws."""
    shift, every = 0.02, 200
    law = ((0.5, -0.5), (0.5 + shift, 0.5 - shift))
    oracle = 2 * math.log(1 / LEVEL) * 0.25 / shift**2
    if make is known_variance:
        law, oracle = ((1.0, -1.0), law[1]), 2 * math.log(1 / LEVEL) / (2 * shift) ** 2
    looks = int(10 * oracle / every)
    met = counts_at_looks(law, streams=500, looks=looks, every=every)
    reached = evidence_at_looks(make(), law, met)[:, :, 0] >= math.log(1 / LEVEL)
    assert reached.any(axis=1).mean() > 0.99
    assert every * (1 + np.median(reached.argmax(axis=1))) < factor * oracle


def test_betting_decides_rare_events_sooner():
    """z is 0 or 1, P(z = 1) = 0.05, against a mean of at most 0.03."""
    law = ((0.0, 1.0), (0.95, 0.05))
    met = counts_at_looks(law, streams=300, looks=200, every=25)
    needed = {}
    for make in (betting, empirical_bernstein):
        reached = evidence_at_looks(make(0.03), law, met)[:, :, 0] >= math.log(1 / LEVEL)
        needed[make] = np.median(reached.argmax(axis=1))
    assert needed[betting] < 0.6 * needed[empirical_bernstein]


def test_sums_do_not_depend_on_blocks():
    values = np.random.default_rng(3).uniform(-0.5, 0.5, 64)
    for make in (empirical_bernstein, betting, known_variance):
        features = np.asarray(make().features(jnp.asarray(values)))
        whole = make().evidence(64, features.sum(axis=0))
        halves = make().evidence(64, features[:32].sum(axis=0) + features[32:].sum(axis=0))
        np.testing.assert_allclose(whole, halves, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("make", [empirical_bernstein, betting, known_variance])
@pytest.mark.parametrize("draws", [1, 3, 32, 37])
def test_totals_are_sums_of_features(make, draws, dtype):
    rng = np.random.default_rng(draws)
    values = rng.uniform(-0.5, 0.5, (draws, 2)) if make is not known_variance else None
    if values is None:
        # Heavy tails: some of the values are hundreds of standard deviations away.
        values = rng.standard_t(1.1, (draws, 2))
    with precision(dtype):
        process = make(0.03)
        plain = np.asarray(process.features(jnp.asarray(values, dtype)), np.float64).sum(axis=0)
        quick = np.asarray(process.totals(jnp.asarray(values, dtype)))
    assert quick.shape == plain.shape == (2, plain.shape[-1])
    room = 100 * draws * np.finfo(dtype).eps
    np.testing.assert_allclose(quick, plain, rtol=room, atol=room)


def test_products_of_factors_stay_finite_in_float32():
    """Four values of 9,000 standard deviations: (1 + 9000 + 9000^2 / 2)^4 = 2.7e30 < 3.4e38."""
    with precision("float32"):
        totals = np.asarray(known_variance().totals(jnp.full(16, 9000.0)))
    # The largest bet is one: 16 (log(40509001) - 1/2) = 16 (17.51702 - 0.5) = 272.2726
    assert totals.max() == pytest.approx(272.2726, abs=1e-2)
    assert np.isfinite(totals).all()


def test_bets_stay_solvent():
    """The worst draw leaves wealth: 1 - 0.9 (1 + 1/20) > 0, with room for a shifted mean."""
    assert _sequential.BETTING_BETS.max() * 1.05 < 1
    assert np.isfinite(np.asarray(betting(0.05).features(jnp.array([-1.0, 1.0])))).all()
