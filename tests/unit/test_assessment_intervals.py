"""The intervals and calibration errors of `assess` from their definitions."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from kdtheory.assessment import calibration, intervals

pytestmark = pytest.mark.xdist_group("assessment")


def test_break_even_combines_two_intervals():
    rng = np.random.default_rng(5)
    gained, biases = rng.normal(2.0, 1.0, 50), rng.normal(0.5, 0.2, 50)
    found = intervals.break_even(gained, biases, 0.9)
    # Each at 95 per cent, by scipy's own interval.
    g = stats.t.interval(0.95, 49, gained.mean(), stats.sem(gained))
    b = stats.t.interval(0.95, 49, biases.mean(), stats.sem(biases))
    assert (found.low, found.high) == pytest.approx((g[0] / b[1] ** 2, g[1] / b[0] ** 2))
    square = biases.mean() ** 2 - stats.sem(biases) ** 2
    assert found.value == pytest.approx(gained.mean() / square)
    centred = biases - biases.mean()
    unbounded = intervals.break_even(gained, centred, 0.9)
    assert (unbounded.value, unbounded.high) == (math.inf, math.inf)
    never = intervals.break_even(-gained, biases, 0.9)
    assert (never.value, never.low, never.high) == (0.0, 0.0, 0.0)


def test_the_interval_of_a_ratio_is_where_the_test_does_not_reject():
    rng = np.random.default_rng(2)
    below = rng.gamma(4.0, 1.0, 60)
    above = 0.5 * below + rng.normal(1.0, 1.0, 60)
    found = intervals.ratio(above, below, 0.9)
    for end in (found.low, found.high):
        rest = stats.ttest_1samp(above - end * below, 0.0)
        assert rest.pvalue == pytest.approx(0.1, rel=1e-6)
    noisy = rng.normal(0.01, 1.0, 60)
    noisy += 0.01 - noisy.mean()
    assert intervals.ratio(above, noisy, 0.9).high == math.inf
    assert intervals.ratio(above, np.zeros(60), 0.9) is None


def test_calibration_errors_are_products_of_pairs_in_bins():
    rng = np.random.default_rng(3)
    scores = np.round(rng.random(95), 1)
    differences = rng.normal(0.1, 0.3, 95)

    def statistic(members):
        """n times the estimate, bins kept, from the definition."""
        total = 0.0
        for start, end in itertools.pairwise([*edges, math.inf]):
            inside = [differences[i] for i in members if start <= scores[i] < end]
            pairs = [a * b for a, b in itertools.combinations(inside, 2)]
            total += len(inside) * np.mean(pairs)
        return total

    ordered = np.sort(scores)
    edges = ordered[calibration.bin_starts(ordered)]
    assert len(edges) == 4
    whole = statistic(range(95))
    found = calibration.binned_squares(scores, differences)
    assert found.mean() == pytest.approx(whole / 95, rel=1e-10)
    for i in (0, 40, 94):
        left = statistic([j for j in range(95) if j != i])
        assert found[i] == pytest.approx(whole - left, rel=1e-9)


def test_bins_have_equal_mass_and_never_part_equal_scores():
    ordered = np.sort(np.random.default_rng(4).random(3000))
    assert np.diff(np.append(calibration.bin_starts(ordered), 3000)).tolist() == [200] * 15
    tied = np.repeat([0.0, 0.3, 1.0], [150, 3, 147])
    assert calibration.bin_starts(tied).tolist() == [0, 153]


def test_intervals_at_any_number_of_examples():
    """Maurer and Pontil's Theorem 4 written out, and the binomial relative entropy."""
    rng = np.random.default_rng(8)
    values = rng.beta(1.0, 5.0, 400)
    found = intervals.of_risk(values, 2.0, 0.9)
    t = math.log(2 / 0.05)
    added = math.sqrt(2 * values.var(ddof=1) * t / 400) + 7 * 2 * t / (3 * 399)
    assert (found.low, found.high) == pytest.approx(
        (max(values.mean() - added, 0), values.mean() + added), rel=1e-12
    )
    share = intervals.of_share(np.repeat([0.0, 1.0], [10, 90]), 0.9)
    for end in (share.low, share.high):
        entropy = stats.entropy([0.9, 0.1], [end, 1 - end])
        assert 100 * entropy == pytest.approx(math.log(20), rel=1e-9)
