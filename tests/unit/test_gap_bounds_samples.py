"""Estimates from samples of the teacher's gap: point values, intervals, coverage, confidence."""

import json
import math

import jax
import numpy as np
import pytest
from scipy import optimize, special, stats

from kdtheory import concentration, gap_bounds
from kdtheory._check import InputError
from kdtheory.gap_bounds import samples

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("gap_bounds")

GENERATOR = np.random.default_rng(20260522)

ARGUMENTS = np.geomspace(1e-4, 1e4, 100_001)

SAMPLE = np.round(GENERATOR.normal(0.1, 0.2, size=60).clip(-1, 1), 1)
DIVERGENCE = 0.08


def chernoff(sample, divergence, probs=None):
    """min over a grid of (K + log of the mean of e^(l h)) / l."""
    weights = np.full(len(sample), 1 / len(sample)) if probs is None else probs
    logs = special.logsumexp(np.outer(ARGUMENTS, sample), b=weights, axis=1)
    return ((divergence + logs) / ARGUMENTS).min()


@pytest.fixture(scope="module")
def found():
    return gap_bounds.bounds_from_samples(SAMPLE, DIVERGENCE, gap_range=(-1, 1), seed=3)


def estimates(found, side):
    return {bound.name: bound.estimate for bound in getattr(found, side)}


def proxy(sample):
    """The one-sided plug-in proxy, on a grid."""
    arguments = np.geomspace(1e-2, 1e3, 20_001)
    deviations = sample - sample.mean()
    logs = special.logsumexp(np.outer(arguments, deviations), axis=1) - math.log(len(sample))
    return max((2 * logs / arguments**2).max(), sample.var())


@pytest.mark.parametrize("side", ["above", "below"])
def test_estimates_are_those_of_the_sample(found, side):
    sign = 1.0 if side == "above" else -1.0
    sample = sign * SAMPLE
    mean = sample.mean()
    share = (mean + 1) / 2

    def excess(q):
        return stats.entropy([q, 1 - q], [share, 1 - share]) - DIVERGENCE

    expected = {
        "cramer_chernoff": chernoff(sample, DIVERGENCE),
        "theorem8_one_sided": mean + math.sqrt(2 * proxy(sample) * DIVERGENCE),
        "theorem8": mean + math.sqrt(2 * max(proxy(sample), proxy(-sample)) * DIVERGENCE),
        "binary_kl": -1 + 2 * optimize.brentq(excess, share, 1 - 1e-12),
        "pinsker": mean + 2 * math.sqrt(DIVERGENCE / 2),
        "bretagnolle_huber": mean + 2 * math.sqrt(1 - math.exp(-DIVERGENCE)),
    }
    computed = {name: sign * value for name, value in estimates(found, side).items()}
    assert computed == pytest.approx(expected, rel=1e-6)
    for bound in getattr(found, side):
        assert bound.low <= bound.estimate <= bound.high
        assert bound.low < bound.high
        assert bound.excess == pytest.approx(bound.estimate - SAMPLE.mean())


def test_the_record_says_what_it_is(found):
    assert "not guarantees" in found.meaning
    assert (found.seed, found.level, found.num_gaps) == (3, 0.95, 60)
    plain = json.loads(json.dumps(found.to_dict()))
    assert "not guarantees" in plain["meaning"]
    assert gap_bounds.SampleBounds.from_dict(plain) == found
    values = [bound.estimate for bound in found.above]
    assert values == sorted(values)


def test_the_interval_of_the_mean_is_scipys(found):
    """The same method in another implementation, with other resamples."""
    other = stats.bootstrap(
        (SAMPLE,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    # An end has a Monte Carlo error of about 0.06 standard errors with a thousand resamples.
    error = SAMPLE.std() / math.sqrt(len(SAMPLE))
    assert found.mean_low == pytest.approx(other.low, abs=0.3 * error)
    assert found.mean_high == pytest.approx(other.high, abs=0.3 * error)


def test_acceleration_and_bias_move_the_ends():
    """The formula of the method with its ingredients in sight."""
    resampled = np.arange(1000.0)
    # 700 of 1000 lie below 700, which itself counts half: z0 = ndtri(0.7005).
    left_out, counts = np.array([0.0, 3.0]), np.array([3, 1])
    # The mean is 0.75: pulls 0.75 three times and -2.25 once.
    cubes, squares = 3 * 0.75**3 - 2.25**3, 3 * 0.75**2 + 2.25**2
    acceleration = cubes / (6 * squares**1.5)
    bias = stats.norm.ppf(0.7005)
    expected = []
    for share in (0.05, 0.95):
        normal = bias + stats.norm.ppf(share)
        place = stats.norm.cdf(bias + normal / (1 - acceleration * normal))
        expected.append(math.ceil(1000 * place) - 1)
    found = samples.interval(700.0, resampled, left_out, counts, 0.9)
    assert found == tuple(map(float, expected))
    assert found != (50.0, 949.0)


def test_intervals_cover():
    """Coverage of the Cramer-Chernoff bound of a law of four atoms, over 200 samples of 80.

    The nominal level is 0.9; its standard error over 200 samples is 0.021. The method is exact
    only for large samples: 0.03 is allowed for that.
    """
    values, probs = np.array([-0.5, 0.0, 0.25, 1.0]), np.array([0.2, 0.4, 0.3, 0.1])
    repeats, size, resamples = 200, 80, 300
    truth = chernoff(values, 0.05, probs)
    rng = np.random.default_rng(11)
    counts = rng.multinomial(size, probs, size=repeats)
    resampled = rng.multinomial(size, (counts / size)[:, None].repeat(resamples, 1)) / size
    left_out = (counts[:, None] - np.eye(4)).clip(0) / (size - 1)
    rows = np.concatenate([counts[:, None] / size, resampled, left_out], axis=1)
    rows = rows / rows.sum(axis=-1, keepdims=True)
    bounds = jax.jit(jax.vmap(concentration.chernoff_upper, in_axes=(None, 0, None)))
    table = np.asarray(bounds(values, rows.reshape(-1, 4), 0.05)[0]).reshape(repeats, -1)
    covered = 0
    for row, times in zip(table, counts, strict=True):
        low, high = samples.interval(
            row[0], row[1 : 1 + resamples], row[1 + resamples :], times, 0.9
        )
        covered += low <= truth <= high
    assert 0.9 - 3 * 0.021 - 0.03 <= covered / repeats <= 0.9 + 3 * 0.021 + 0.03


def test_confident_bounds(found):
    sides = {bound.side: bound for bound in found.confident}
    for sign, side in ((1.0, "above"), (-1.0, "below")):
        share = (sign * SAMPLE.mean() + 1) / 2

        def wide(q, share=share):
            return 60 * stats.entropy([share, 1 - share], [q, 1 - q]) - math.log(20)

        up = optimize.brentq(wide, share, 1 - 1e-12)

        def far(q, up=up):
            return stats.entropy([q, 1 - q], [up, 1 - up]) - DIVERGENCE

        expected = -1 + 2 * optimize.brentq(far, up, 1 - 1e-12)
        assert sign * sides[side].mean_bound == pytest.approx(2 * up - 1, rel=1e-9)
        assert sign * sides[side].value == pytest.approx(expected, rel=1e-7)
        assert "independent" in sides[side].assumption
    # They hold with confidence, so they are wider than the estimates.
    assert sides["above"].value > max(
        bound.estimate for bound in found.above if bound.name == "binary_kl"
    )


def test_equal_samples_and_no_divergence():
    flat = gap_bounds.bounds_from_samples([0.25] * 40, 0.3)
    assert {bound.estimate for bound in (*flat.above, *flat.below)} == {0.25}
    assert (flat.mean_low, flat.mean_high) == (0.25, 0.25)
    assert any("equal" in warning for warning in flat.warnings)
    zero = gap_bounds.bounds_from_samples(SAMPLE, 0.0)
    values = [bound.estimate for bound in (*zero.above, *zero.below)]
    assert values == pytest.approx([SAMPLE.mean()] * len(values))
    assert zero.confident == ()


def test_infinite_and_large_divergences_are_warned_of():
    endless = gap_bounds.bounds_from_samples(SAMPLE, math.inf, gap_range=(-1, 1))
    values = [bound.estimate for bound in (*endless.above, *endless.below)]
    assert np.isinf(values).all()
    assert all(math.isinf(bound.value) for bound in endless.confident)
    assert "infinite" in endless.warnings[0]
    far = gap_bounds.bounds_from_samples(SAMPLE[:20], 5.0)
    assert estimates(far, "above")["cramer_chernoff"] == SAMPLE[:20].max()
    assert "Only 20 samples" in far.warnings[0]
    assert "most extreme of 20" in far.warnings[1]


def test_many_samples_are_left_out_in_groups():
    counts = np.array([300, 150, 50])
    laws, times = samples._left_out(counts, np.random.default_rng(0))
    assert laws.shape == (samples.GROUPS, 3)
    assert times.sum() == samples.GROUPS
    np.testing.assert_allclose(laws.sum(axis=1), 1.0)
    # Groups of 2 or 3 out of 500: each group's weight is what it left.
    sizes = np.bincount(np.arange(500) % samples.GROUPS)
    whole = (laws * (500 - sizes)[:, None]).sum(axis=0)
    np.testing.assert_allclose(np.sort(whole), np.sort(199 * counts))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0.1], 0.1), {}, "got 1 sample"),
        (([], 0.1), {}, "empty"),
        (([0.1, math.nan], 0.1), {}, "nan at index"),
        (([0.1, 0.2], math.nan), {}, "divergence: got nan"),
        (([0.1, 0.2], -1.0), {}, "divergence: got -1"),
        (([0.1, 0.2], "far"), {}, "divergence: got text"),
        (([0.1, 0.2], [0.1, 0.2]), {}, "divergence: got an array"),
        (([0.1, 0.2], 0.1), {"level": 1.0}, "level: got 1"),
        (([0.1, 0.2], 0.1), {"level": 0.4}, "level: got 0.4"),
        (([0.1, 0.2], 0.1), {"gap_range": (0.15, 1.0)}, "with a sample of 0.1"),
        (([0.1, 0.2], 0.1), {"gap_range": (1.0, 0.0)}, "the lower one first"),
        (([0.1, 0.2], 0.1), {"seed": -1}, "seed: got -1"),
        (([0.1] * 5001, 0.1), {}, "at most 5,000"),
    ],
)
def test_samples_refused(arguments, options, message):
    with pytest.raises(InputError, match=message):
        gap_bounds.bounds_from_samples(*arguments, **options)
