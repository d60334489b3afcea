"""The fixed-budget interval: it covers where the normal approximation does not."""

import numpy as np
import pytest
from scipy import stats

from kdtheory.tools._intervals import mean_interval

STREAMS = 2000
LEVEL = 0.05


def rare(rng, size):
    return (rng.random(size) < 0.01).astype(float)


def uniform(rng, size):
    return rng.random(size)


def student(rng, size):
    # Three degrees of freedom: variance 3, no third moment.
    return rng.standard_t(3, size)


def lopsided(rng, size):
    # A centred Pareto law with index 5/2: mean 5/3, variance (5/2) / ((3/2)^2 (1/2)) = 20/9.
    return 1 + rng.pareto(2.5, size) - 5 / 3


LAWS = {
    # Law, mean, length of a stream, what is known.
    "rare events": (rare, 0.01, 200, {"bounds": (0.0, 1.0)}),
    "uniform": (uniform, 0.5, 12, {"bounds": (0.0, 1.0)}),
    "student": (student, 0.0, 12, {"variance_bound": 3.0}),
    "lopsided": (lopsided, 0.0, 200, {"variance_bound": 20 / 9}),
    "rare events, by variance": (rare, 0.01, 50, {"variance_bound": 0.01 * 0.99}),
}


def lowest_miss_rate(intervals, mean):
    """The Clopper-Pearson lower end, at confidence 1 - 1e-6, of the chance to miss the mean."""
    misses = sum(not low <= mean <= high for low, high in intervals)
    return stats.binomtest(misses, len(intervals)).proportion_ci(1 - 1e-6, "exact").low


def streams(law, length):
    return law(np.random.default_rng(2024), (STREAMS, length))


@pytest.mark.parametrize("name", LAWS)
def test_the_interval_covers(name):
    law, mean, length, known = LAWS[name]
    intervals = [mean_interval(draws, LEVEL, **known) for draws in streams(law, length)]
    assert lowest_miss_rate(intervals, mean) <= LEVEL


def test_the_normal_interval_does_not_cover_rare_events():
    def normal(draws):
        radius = 1.96 * draws.std(ddof=1) / np.sqrt(len(draws))
        return draws.mean() - radius, draws.mean() + radius

    # Of 200 draws none is an event with probability 0.99^200 = 13 per cent: the interval is {0}.
    assert lowest_miss_rate([normal(draws) for draws in streams(rare, 200)], 0.01) > LEVEL


@pytest.mark.parametrize("name", ["uniform", "student"])
def test_the_width_goes_down_like_the_root(name):
    law, _, _, known = LAWS[name]
    draws = law(np.random.default_rng(5), 160_000)
    widths = [
        high - low
        for low, high in (mean_interval(draws[:n], LEVEL, **known) for n in (10_000, 160_000))
    ]
    # Sixteen times the draws: a quarter of the width, and a little less where 1/n terms count.
    assert 3.9 < widths[0] / widths[1] < 4.4


def test_a_smaller_level_gives_a_wider_interval_around_it():
    draws = uniform(np.random.default_rng(0), 500)
    for known in ({"bounds": (0.0, 1.0)}, {"variance_bound": 1 / 12}):
        wide, narrow = (mean_interval(draws, level, **known) for level in (1e-6, 0.1))
        assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_an_interval_stays_within_the_bounds():
    assert mean_interval(np.zeros(10), LEVEL, bounds=(0.0, 1.0))[0] == 0.0
    assert mean_interval(np.ones(10), LEVEL, bounds=(0.0, 1.0))[1] == 1.0


def test_a_constant_is_its_own_mean():
    assert mean_interval(np.full(20, 0.25), LEVEL, variance_bound=0.0) == (0.25, 0.25)
    low, high = mean_interval(np.full(100, 7.0), LEVEL, bounds=(7.0, 7.0))
    assert (low, high) == (7.0, 7.0)


def test_bounds_may_be_missed_by_rounding_only():
    mean_interval(np.array([0.0, 1.0 + 1e-12]), LEVEL, bounds=(0.0, 1.0))
    for wrong in (-1e-6, 1 + 1e-6):
        with pytest.raises(ValueError, match="expected .0.0, 1.0.. The bounds of this draw are"):
            mean_interval(np.array([0.5, wrong]), LEVEL, bounds=(0.0, 1.0))


def test_something_must_be_known():
    with pytest.raises(ValueError, match="got no bounds and no variance bound"):
        mean_interval(np.zeros(10), LEVEL)


def test_too_few_draws_are_refused():
    # 2 log(2 / 0.05) + 1 = 8.38
    mean_interval(np.arange(9.0), LEVEL, variance_bound=10.0)
    with pytest.raises(ValueError, match="got 8; expected more than 8.37776. Draw more"):
        mean_interval(np.arange(8.0), LEVEL, variance_bound=10.0)
