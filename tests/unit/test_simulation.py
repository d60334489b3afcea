"""Lemma 1 by draws: the law, exact sums, exact values by enumeration, and sound intervals."""

import itertools
import math
from fractions import Fraction

import jax
import numpy as np
import pytest
from simulated_worlds import one, worlds

from kdtheory import risks
from kdtheory._devices import restricted
from kdtheory.intervals import sound_interval
from kdtheory.objects.problems import FiniteProblem
from kdtheory.simulation import draw_risks, draws, estimates, simulate_risks
from kdtheory.simulation.records import QUANTITIES
from kdtheory.simulation.worlds import MOST_SAMPLES, Grid, Worlds

RNG = np.random.default_rng(0)


def grid_of(problems, seed=0):
    checked = Worlds.of(problems)
    return Grid.of(checked, draws.keys_of(seed, 0, len(checked.sizes)))


def assert_equal(found, other):
    for name in QUANTITIES:
        for field in ("value", "standard_error", "exact", "exact_error", "rounding"):
            both = (getattr(getattr(each, name), field) for each in (found, other))
            np.testing.assert_array_equal(*both, err_msg=f"{name} {field}")


# --- the law --------------------------------------------------------------------------------------

ROWS = {
    "no structure": RNG.dirichlet(np.ones(12)),
    "multiples of 2^-16": RNG.multinomial(1 << 16, np.full(12, 1 / 12)) / (1 << 16),
    "one cell": np.eye(12)[4],
    "many without mass": np.array([0, 0, 1 / 3, 0, 0, 2 / 3, 0, 0, 0, 0, 0, 0.0]),
    "rare": np.array([1e-30, 1 - 3e-9, 0, 1e-9, 0, 0, 2e-9, 0, 0, 0, 0, 0]),
    "all below one slot": np.array([2.0**-17] * 2 + [0.0] * 9 + [1 - 2.0**-16]),
}


@pytest.mark.parametrize("name", ROWS)
def test_slots_and_what_is_left_over_give_the_declared_law(name):
    """In exact arithmetic: slots / 2^16, plus the share left over times its law's steps."""
    row = ROWS[name]
    values = np.zeros((1, 2, 12), np.int64)
    law = draws.laws(row[None], values, np.zeros((1, 2), np.int64), np.zeros((1, 2), np.uint32))
    slots, ends = law.counts[0].tolist(), [0, *law.thresholds[0].tolist()]
    assert sum(slots) == 1 << 16
    assert all(0 <= before <= after <= 1 << 63 for before, after in itertools.pairwise(ends))
    for cell, probability in enumerate(row):
        step = Fraction(ends[cell + 1] - ends[cell], 1 << 63)
        drawn = Fraction(slots[cell], 1 << 16) + Fraction(slots[-1], 1 << 16) * step
        assert abs(drawn - Fraction(probability)) < Fraction(1, 1 << 51)
        assert (drawn == 0) == (probability == 0) or probability < 2.0**-60
    if name in ("multiples of 2^-16", "one cell"):
        assert slots[-1] == 0


def test_a_table_holds_every_cell_as_often_as_it_has_slots():
    probs = np.stack([ROWS["no structure"], ROWS["many without mass"]])
    values = RNG.integers(0, 1 << draws.VALUE_BITS, (2, 2, 12))
    zeros = np.zeros((2, 2), np.int64)
    law = draws.laws(probs, values, zeros, zeros.astype(np.uint32))
    for index, table in enumerate(draws.tables(law.counts)):
        times = np.bincount(table, minlength=13)
        np.testing.assert_array_equal(times, law.counts[index])
        words = [int(word) for word in law.packed[index]]
        first, second = values[index].tolist()
        assert words == [a + (b << 28) for a, b in zip(first, second, strict=True)] + [1 << 56]


def test_drawn_cells_come_as_often_as_they_should():
    """Hoeffding at a chance of error of 1e-9 per cell: half of them are mostly left over."""
    cells, size = 1024, 64
    probs = RNG.dirichlet(np.ones(cells))
    problem = FiniteProblem.create([1.0], probs[None], np.zeros((1, cells)), num_samples=size)
    grid = grid_of(problem)
    assert grid.laws.counts[0, -1] > 300
    drawn = np.asarray(draws.drawn_cells(grid.laws, 2000, size))
    shares = np.bincount(drawn.ravel(), minlength=cells) / drawn.size
    margin = math.sqrt(math.log(2 / 1e-9) / (2 * drawn.size))
    assert np.abs(shares - grid.probs[0]).max() < margin
    # Cells that have no slot of their own at all: seven parts in a hundred thousand in the law.
    rare = grid.laws.counts[0, :-1] == 0
    assert abs(shares[rare].sum() - grid.probs[0, rare].sum()) < margin


# --- fast and plain -------------------------------------------------------------------------------


@pytest.mark.parametrize("num_samples", [1, 7, 259])
def test_sums_are_those_of_the_cells_drawn_one_by_one(num_samples):
    """To the last bit: whole numbers on both sides, added up in Python here.

    Four hundred cells, so that most samples of 259 have draws that are left over; 259 is two
    full segments of 128 and three more, 7 leaves a word's last quarter unused.
    """
    problems, replicates = worlds(2, num_samples, inputs=20, labels=20), 200
    grid = grid_of(problems, seed=3)
    found = estimates.sums_of(grid, replicates, 64)
    for index in range(2):
        law = draws.Laws(*(leaf[index : index + 1] for leaf in grid.laws))
        cells = np.asarray(draws.drawn_cells(law, replicates, num_samples))
        sums = grid.values[index].T[cells].sum(axis=1) - law.centres[0]
        for group in range(draws.GROUPS):
            members = [tuple(map(int, row)) for row in sums[group :: draws.GROUPS]]
            first, second, *parts = map(int, found[index, :, group])
            assert first == sum(a for a, _ in members)
            assert second == sum(b for _, b in members)
            for at, product in enumerate(
                (
                    sum(a * a for a, _ in members),
                    sum(b * b for _, b in members),
                    sum(a * b for a, b in members),
                )
            ):
                high, middle, low = parts[3 * at :][:3]
                assert (high << 42) + (middle << 21) + low == product


def test_moments_are_those_of_the_risks_of_single_samples():
    problems = worlds(2, 7)
    found = simulate_risks(problems, replicates=200, seed=5)
    for index in range(2):
        problem = one(problems, index)
        onehot, bayes = draw_risks(problem, replicates=200, seed=5, first_problem=index)
        exact = found.onehot_mean.exact[index]
        world = problem.input_weights, problem.label_probs, problem.losses
        np.testing.assert_allclose(exact, risks.population_risk(*world), rtol=1e-14)
        for name in ("onehot_variance", "bayes_variance"):
            closed = getattr(risks, name)(*world, 7.0)
            np.testing.assert_allclose(getattr(found, name).exact[index], closed, rtol=1e-13)
        a, b = onehot - exact, bayes - exact
        expected = {
            "onehot_mean": onehot.mean(),
            "bayes_mean": bayes.mean(),
            "difference_mean": (a - b).mean(),
            "onehot_variance": (a * a).mean(),
            "bayes_variance": (b * b).mean(),
            "difference_variance": ((a - b) ** 2).mean(),
            "covariance": (a * b).mean(),
        }
        for name, value in expected.items():
            # Deviations above are from the exact means, not from those of the rounded values.
            np.testing.assert_allclose(getattr(found, name).value[index], value, atol=3e-6)
        # Errors by groups: replicate r is in group r mod 64; 8 groups have 4, 56 have 3.
        squares = [(a * a)[group::64] for group in range(64)]
        of_groups = np.array([group.mean() for group in squares])
        weights = np.array([len(group) for group in squares]) / 200
        spread = weights @ (of_groups - (a * a).mean()) ** 2
        np.testing.assert_allclose(
            found.onehot_variance.standard_error[index], math.sqrt(spread / 63), rtol=1e-5
        )


def test_whole_numbers_of_any_size_are_multiplied_exactly():
    """Deviations are below 2^41: 2^20 draws of 2^21."""
    pairs = [(2**41, 2**41), (-(2**41), 2**41), (-1, 2**20), (2**20, -(2**20) - 1), (-5, -7)]
    pairs += [(int(a), int(b)) for a, b in RNG.integers(-(2**41), 2**41, (20, 2))]
    first, second = jax.numpy.asarray(pairs).T
    high, middle, low = map(np.asarray, draws._moments(first, second))
    for index, (a, b) in enumerate(pairs):
        total = (int(high[index]) << 42) + (int(middle[index]) << 21) + int(low[index])
        assert total == a * b
    small = np.abs(np.array(pairs)).max(axis=1) < 2**20
    assert small.any()
    assert not high[small].any()  # no cancellation between large terms
    # A group of one span adds up at most 2^10 of each.
    assert max(int(np.abs(part).max()) for part in (high, middle, low)) << 10 < 2**63


def test_moments_of_whole_numbers_are_taken_about_the_exact_means():
    deviations = RNG.integers(-3, 4, (2, 8))
    first, second = deviations
    squares = first @ first, second @ second, first @ second
    sums = [first.sum(), second.sum(), *(part for total in squares for part in (0, 0, total))]
    shifts = np.array([[0.3, -0.45]])
    found = draws.moments(np.array(sums, float)[None, :, None], np.array([8.0]), shifts)
    a, b = first - 0.3, second + 0.45
    expected = [each.mean() for each in (a, b, a * a, b * b, a * b)]
    np.testing.assert_allclose(found[:, 0, 0], expected, rtol=1e-13)


def test_draws_that_are_left_over_have_words_of_their_own():
    """Four draws of a sample take one counter; the second half is for those left over."""
    assert MOST_SAMPLES // 4 <= draws._SECOND < 2**32 - MOST_SAMPLES


# --- exact values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("num_samples", [1, 2, 4])
def test_expectations_and_errors_are_those_of_all_samples(num_samples):
    """Every sample, with its probability and both risks in rational numbers: 3 of 4 cells."""
    weights = [Fraction(1, 4), Fraction(3, 4)]
    probs = [[Fraction(1), Fraction(0)], [Fraction(5, 8), Fraction(3, 8)]]
    losses = [[Fraction(-1), Fraction(9)], [Fraction(1, 2), Fraction(3)]]
    law = []
    for x, y in itertools.product(range(2), range(2)):
        conditional = sum(p * v for p, v in zip(probs[x], losses[x], strict=True))
        law.append((weights[x] * probs[x][y], losses[x][y], conditional))
    mean = sum(p * loss for p, loss, _ in law)
    expected = dict.fromkeys(QUANTITIES, Fraction(0))
    squares = dict.fromkeys(QUANTITIES, Fraction(0))
    for sample in itertools.product(law, repeat=num_samples):
        chance = math.prod(p for p, _, _ in sample)
        a = sum(loss for _, loss, _ in sample) / num_samples - mean
        b = sum(conditional for _, _, conditional in sample) / num_samples - mean
        values = (a, b, a - b, a * a, b * b, (a - b) ** 2, a * b)
        for name, value in zip(QUANTITIES, values, strict=True):
            expected[name] += chance * value
            squares[name] += chance * value**2
    problem = FiniteProblem.create(
        *(np.array(part, float) for part in (weights, probs, losses)), num_samples=num_samples
    )
    found = simulate_risks(problem, replicates=50)
    for name in QUANTITIES:
        result = getattr(found, name)
        exact = expected[name] + (mean if name in ("onehot_mean", "bayes_mean") else 0)
        np.testing.assert_allclose(result.exact[0], float(exact), rtol=1e-14, atol=1e-15)
        error = math.sqrt((squares[name] - expected[name] ** 2) / 50)
        np.testing.assert_allclose(result.exact_error[0], error, rtol=1e-13)
        # Values are multiples of 1/16 in ranges below 2^10: nothing is rounded but doubles.
        assert result.rounding[0] < 1e-12


def test_sound_intervals_hold_the_exact_variances():
    """Squared deviations lie between 0 and the squared range; at a chance of error of 1e-9."""
    problem = one(worlds(1, 3), 0)
    replicates, level = 20_000, 1 - 1e-9
    risks_of_samples = draw_risks(problem, replicates=replicates, seed=11)
    found = simulate_risks(problem, replicates=64, seed=11)
    width = float(np.ptp(problem.losses))
    onehot, bayes = (values - found.onehot_mean.exact[0] for values in risks_of_samples)
    for name, squares in {
        "onehot_variance": onehot**2,
        "bayes_variance": bayes**2,
        "difference_variance": (onehot - bayes) ** 2,
    }.items():
        spread = float(squares.std(ddof=1))
        ends = (0.0, width**2)
        low, high = sound_interval(float(squares.mean()), spread, replicates, ends, level)
        exact = getattr(found, name).exact[0]
        assert low < exact < high
        assert not low < 0.5 * exact < high  # it can tell


def test_scores_have_mean_zero_and_variance_one():
    """Over 300 problems: means within 5/sqrt(300) and mean squares within 1 +- 5 sqrt(2/300)."""
    found = simulate_risks(worlds(300, 7), replicates=1000)
    for name in QUANTITIES:
        score = getattr(found, name).score
        assert abs(score.mean()) < 0.29
        assert 0.6 < (score**2).mean() < 1.41
        assert np.abs(score).max() < 6
        low, high = getattr(found, name).interval(0.95)
        inside = (low <= getattr(found, name).exact) & (getattr(found, name).exact <= high)
        assert 0.88 < inside.mean() < 0.99


def test_what_rounding_does_is_within_what_it_says():
    """The rounded law's exact moments, from its values, against those of the declared losses."""
    grid = grid_of(worlds(3, 7))
    found = simulate_risks(worlds(3, 7), replicates=64)
    rounded = grid.offsets[:, :, None] + grid.steps[:, :, None] * grid.values
    for index in range(3):
        probs = grid.probs[index]
        bayes, noise = rounded[index]
        mean = probs @ (bayes + noise)
        off = abs(mean - found.onehot_mean.exact[index])
        assert 0 < off <= found.onehot_mean.rounding[index] < 1e-5
        variance = probs @ (bayes + noise - mean) ** 2 / 7
        off = abs(variance - found.onehot_variance.exact[index])
        assert 0 < off <= found.onehot_variance.rounding[index] < 1e-5


# --- the layout does not matter -------------------------------------------------------------------


def test_numbers_do_not_depend_on_how_the_work_is_divided(monkeypatch):
    problems = worlds(9, 7)
    found = simulate_risks(problems, replicates=1000, seed=2)
    for chunk in (1, 64, 300, 5000):
        assert_equal(found, simulate_risks(problems, replicates=1000, seed=2, chunk_size=chunk))
    some = simulate_risks(jax.tree.map(lambda leaf: leaf[4:], problems), replicates=1000, seed=2)
    assert some.onehot_mean.value[0] != found.onehot_mean.value[4]
    listed = [one(problems, index) for index in range(4, 9)]
    rest = simulate_risks(listed, replicates=1000, seed=2, first_problem=4)
    np.testing.assert_array_equal(rest.onehot_variance.value, found.onehot_variance.value[4:])
    np.testing.assert_array_equal(rest.covariance.score, found.covariance.score[4:])
    with restricted((jax.devices()[0],) * 3):  # which take turns
        assert_equal(found, simulate_risks(problems, replicates=1000, seed=2))
    # Spans of 128 replicates; four problems at a time, then all with two spans of each.
    monkeypatch.setattr(draws, "SPAN", 128)
    monkeypatch.setattr("kdtheory.simulation.worlds._MOST_HELD", 4)
    assert_equal(found, simulate_risks(problems, replicates=1000, seed=2, chunk_size=100))
    monkeypatch.setattr("kdtheory.simulation.worlds._MOST_HELD", 18)
    assert_equal(found, simulate_risks(problems, replicates=1000, seed=2, chunk_size=100))


def test_sizes_may_differ(monkeypatch):
    monkeypatch.setattr("kdtheory.simulation._MOST_PROGRAMS", 2)
    found = simulate_risks(worlds(4, [7, 1, 7, 7]), replicates=100)
    np.testing.assert_array_equal(found.num_samples, [7, 1, 7, 7])
    for size in (7, 1):
        alone = simulate_risks(worlds(4, size), replicates=100)
        at = found.num_samples == size
        for field in ("value", "exact", "exact_error"):
            np.testing.assert_array_equal(
                getattr(found.onehot_variance, field)[at], getattr(alone.onehot_variance, field)[at]
            )


def test_another_seed_is_another_sample():
    problems = worlds(1, 7)
    first, second = (simulate_risks(problems, replicates=100, seed=seed) for seed in (0, 1))
    assert first.onehot_mean.value[0] != second.onehot_mean.value[0]
    assert first.onehot_mean.exact[0] == second.onehot_mean.exact[0]
