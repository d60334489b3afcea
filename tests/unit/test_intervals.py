"""Intervals for means: their coverage, counted and summed, and the jackknife by leaving one out."""

import numpy as np
import pytest
from scipy import stats

from kdtheory import intervals


def test_both_intervals_cover_as_often_as_they_say():
    level, draws, groups = 0.9, 30, 200
    # A quadratic form in a uniform point of the ball: skewed, in known ends, of mean tr A/(p + 2).
    rng = np.random.default_rng(1)
    bends = np.array([3.0, 1.0, -0.5, 2.0, 0.1])
    points = rng.normal(size=(groups, draws, 5))
    radii = rng.random((groups, draws)) ** 0.2
    points *= (radii / np.linalg.norm(points, axis=-1))[..., None]
    truth, ends = bends.sum() / 7, (-3.0, 3.0)
    covered = {"student": 0, "sound": 0}
    widths = {"student": 0.0, "sound": 0.0}
    for sample in points**2 @ bends:
        found = intervals.student_interval(sample, level)
        sound = intervals.sound_interval(found.value, found.spread, draws, ends, level)
        for name, (low, high) in {"student": (found.low, found.high), "sound": sound}.items():
            covered[name] += low <= truth <= high
            widths[name] += (high - low) / groups
    # Student's is asymptotic and neither too short nor too long; the other one errs to one side.
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], groups, level)
    assert low <= covered["student"] <= high
    assert covered["sound"] >= low
    assert widths["student"] < widths["sound"] < 0.7 * (ends[1] - ends[0])


def test_students_interval_is_that_of_scipy():
    sample = np.random.default_rng(4).normal(size=12)
    found = intervals.student_interval(sample, 0.8, rounding=0.25)
    low, high = stats.t.interval(0.8, 11, sample.mean(), stats.sem(sample))
    assert (found.low, found.high) == pytest.approx((low - 0.25, high + 0.25), rel=1e-12)
    assert np.isnan(intervals.student_interval([1.0, np.inf], 0.9).value)


def test_the_sound_interval_shrinks_as_one_over_the_draws_where_nothing_varies():
    widths = [
        np.ptp(intervals.sound_interval(0.25, 0.0, draws, (-1.0, 1.0), 0.95))
        for draws in (1_000, 10_000)
    ]
    assert 0.0 < widths[1] < 0.35 * widths[0]
    assert intervals.sound_interval(0.0, 0.0, 5, (0.0, 0.0), 0.95) == (0.0, 0.0)
    # One draw says nothing: the ends that are known are all there is.
    assert intervals.sound_interval(0.5, 0.0, 1, (-1.0, 1.0), 0.95) == (-1.0, 1.0)


@pytest.mark.parametrize("size", [5, 40])
def test_the_confidence_bound_of_a_mean_covers_exactly(size):
    """For coins of every bias, by summing the binomial law: no simulation."""
    ups = np.array([intervals.mean_upper(k / size, size, 0.9) for k in range(size + 1)])
    for bias in np.linspace(0.01, 0.99, 99):
        missed = stats.binom.pmf(np.arange(size + 1), size, bias)[ups < bias].sum()
        assert missed <= 0.1
    # All zeros: kl(0 || q) = -log(1 - q), so that q = 1 - 0.1^(1/n).
    assert ups[0] == pytest.approx(1 - 0.1 ** (1 / size), rel=1e-12)


def test_pseudo_values_are_those_of_leaving_one_out():
    features = np.random.default_rng(1).normal(size=(7, 2))

    def function(means):
        return means[..., 0] - means[..., 1] ** 2

    whole = function(features.mean(axis=0))
    left = [function(np.delete(features, i, axis=0).mean(axis=0)) for i in range(7)]
    found = intervals.pseudo_values(features, function)
    assert found == pytest.approx([7 * whole - 6 * one for one in left], rel=1e-12)
