"""The intervals by which replications judge, against other routes to them."""

import numpy as np
import pytest
from scipy import stats

from kdtheory._check import InputError
from kdtheory.replications.statistics import (
    exactly,
    lead,
    means,
    rank_correlation,
    resampled,
    shared_level,
)

TRIALS = np.random.default_rng(3).normal([0.0, 1.0, 3.0], [1.0, 2.0, 0.5], size=(40, 3))


def test_means_share_the_chance_of_error():
    found = means("abc", TRIALS)
    assert [one.what for one in found] == ["a", "b", "c"]
    for one, column in zip(found, TRIALS.T, strict=True):
        # scipy's own interval, at 1 - 0.05/3 each.
        expected = stats.ttest_1samp(column, 0.0).confidence_interval(1 - 0.05 / 3)
        assert one.estimate.value == pytest.approx(column.mean(), rel=1e-12)
        assert (one.estimate.low, one.estimate.high) == pytest.approx(expected, rel=1e-9)
    assert shared_level(1) == pytest.approx(0.95)


def test_the_chance_that_any_of_five_intervals_misses():
    rng = np.random.default_rng(11)
    missed = 0
    for _ in range(2000):
        found = means(range(5), rng.normal(size=(12, 5)))
        missed += any(not one.estimate.low <= 0 <= one.estimate.high for one in found)
    # 1 - 0.99**5 = 0.049; four standard deviations of 2000 trials are 0.019.
    assert abs(missed / 2000 - 0.049) < 0.019


def test_the_lead_is_paired():
    shared = 100 * np.random.default_rng(0).normal(size=(40, 1))
    found = lead("abc", TRIALS + shared, "c")
    assert [one.what for one in found] == ["c against a", "c against b"]
    for one, column in zip(found, (0, 1), strict=True):
        expected = stats.ttest_rel(TRIALS[:, 2], TRIALS[:, column]).confidence_interval(
            1 - 0.05 / 2
        )
        assert (one.estimate.low, one.estimate.high) == pytest.approx(expected, rel=1e-6)


def test_means_refuse():
    with pytest.raises(InputError, match=r"got shape \(1, 2\); expected \(at least 2, 2\)"):
        means("ab", np.ones((1, 2)))
    with pytest.raises(InputError, match=r"got shape \(4, 3\)"):
        means("ab", np.ones((4, 3)))


def test_the_bootstrap_of_a_mean():
    found = resampled("mean", lambda values: values[:, 0].mean(), TRIALS).estimate
    # For a mean it is the normal interval, but for the factor (1 - 1/n) of the variance.
    half = stats.norm.ppf(0.975) * TRIALS[:, 0].std() / np.sqrt(40)
    assert found.value == pytest.approx(TRIALS[:, 0].mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.08)
    again = resampled("mean", lambda values: values[:, 0].mean(), TRIALS, seed=0).estimate
    assert found == again


def test_rank_correlation():
    conditions = np.arange(6.0)
    noise = np.random.default_rng(5).normal(size=(2, 30, 6))
    first, second = conditions + noise[0], -(conditions**3) + noise[1]
    found = rank_correlation("r", first, second).estimate
    assert found.value == pytest.approx(
        stats.spearmanr(first.mean(axis=0), second.mean(axis=0)).statistic
    )
    assert found.value == pytest.approx(-1.0)
    unrelated = rank_correlation("r", noise[0], noise[1]).estimate
    assert unrelated.low < 0 < unrelated.high
    # Nothing rises where nothing changes.
    assert rank_correlation("r", first, np.ones_like(first)).estimate.value == 0.0


def test_an_exact_number_is_an_interval_of_no_width():
    one = exactly("pi", 3.25)
    assert (one.estimate.low, one.estimate.value, one.estimate.high) == (3.25, 3.25, 3.25)
