"""Exact failure probabilities: against every sequence, binomial sums, and drawn samples."""

import dataclasses
import functools
import itertools
from fractions import Fraction as F

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from kdtheory import _check
from kdtheory.concentration import (
    empirical_bernstein_penalty,
    sharpened_bernstein_penalty,
    uniform_bernstein_penalty,
)
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.results import Check, Examined, Verdict
from kdtheory.theorems import empirical_bernstein as room
from kdtheory.theorems.empirical_bernstein import bounds, coverage, formulas
from kdtheory.tools import report

WEIGHTS = [F(1, 2), F(3, 8), F(1, 8)]
VALUES = [[F(0), F(1, 4), F(1)], [F(1), F(1), F(0)], [F(0), F(0), F(3, 4)]]


def floats(value):
    return jnp.asarray(np.array(value, dtype=object).astype(float))


def scaled(share, penalty, variance, num_samples, level, class_size):
    return share * penalty(variance, num_samples, level, class_size)


# Scaled down, so that each fails with some probability on a few samples.
SCALED = [
    functools.partial(scaled, 0.3, empirical_bernstein_penalty),
    functools.partial(scaled, 0.02, uniform_bernstein_penalty),
    functools.partial(scaled, 0.02, sharpened_bernstein_penalty),
]


@pytest.mark.parametrize("penalty", SCALED)
def test_failures_over_every_sequence(penalty):
    size = 6
    total = np.zeros(3)
    some = 0.0
    for sample in itertools.product(range(3), repeat=size):
        probability = float(np.prod([WEIGHTS[i] for i in sample]))
        failed = []
        for row in VALUES:
            seen = [row[i] for i in sample]
            mean = sum(seen) / size
            # Unbiased, in fractions.
            variance = sum((value - mean) ** 2 for value in seen) / (size - 1)
            truth = sum(w * value for w, value in zip(WEIGHTS, row, strict=True))
            failed.append(float(truth - mean) > penalty(float(variance), size, 0.9, 2.0))
        total += probability * np.array(failed)
        some += probability * any(failed)
    assert 1e-3 < some < 0.999
    arguments = {"num_samples": size, "penalty": penalty}
    for row, expected in zip(VALUES, total, strict=True):
        got = room.failure_probability(floats(WEIGHTS), floats([row]), 0.9, 2.0, **arguments)
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    got = room.failure_probability(floats(WEIGHTS), floats(VALUES), 0.9, 2.0, **arguments)
    np.testing.assert_allclose(got, some, rtol=1e-12)


def coin(share, low, high, size):
    """Every sample of two values: its probability, its mean and its standard deviation."""
    heads = np.arange(size + 1)
    samples = [np.repeat([high, low], [h, size - h]) for h in heads]
    probs = scipy.stats.binom.pmf(heads, size, share)
    means = np.array([s.mean() for s in samples])
    return probs, means, np.array([s.std(ddof=1) for s in samples])


@pytest.mark.parametrize("size", [5, 60])
def test_the_three_events_of_the_proofs(size):
    share, low, high, level = 0.3, 0.2, 0.9, 0.7
    probs, means, deviations = coin(share, low, high, size)
    truth, spread = low + share * (high - low), (high - low) * np.sqrt(share * (1 - share))
    log = np.log(1 / level)
    given = jnp.array([share, 1 - share]), jnp.array([[high, low]]), level
    allowed = spread * np.sqrt(2 * log / size) + log / (3 * size)
    expected = probs[truth - means > allowed].sum()
    assert expected > 1e-3
    got = formulas.bernstein_failure(*given, num_samples=size)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    # Deviations fail less: surely so next to delta = 1.
    for near in (level, 0.999):
        wide = np.sqrt(2 * np.log(1 / near) / (size - 1))
        for sign in (1.0, -1.0):
            expected = probs[sign * (spread - deviations) > wide].sum()
            got = formulas.deviation_failure(*given[:2], near, num_samples=size, sign=sign)
            np.testing.assert_allclose(got, expected, rtol=1e-12)
            assert expected > 1e-3 or near == level


def test_the_second_term_of_theorem_4_is_needed():
    """A loss of 1 in one of ten inputs: 0.9^24 = 0.08 of the samples have not met it."""
    world = jnp.array([0.9, 0.1]), jnp.array([[0.0, 1.0]]), 0.02

    def first_term(variance, num_samples, level, class_size):
        return jnp.sqrt(2 * variance * jnp.log(2 * class_size / level) / num_samples)

    without = room.failure_probability(*world, num_samples=24, penalty=first_term)
    np.testing.assert_allclose(without, 0.9**24, rtol=1e-12)
    assert without > 0.02
    penalty = empirical_bernstein_penalty
    assert room.failure_probability(*world, num_samples=24, penalty=penalty) == 0.0


# --- sample variances -----------------------------------------------------------------------------


def test_sample_variances_over_every_sample():
    probs = [[F(1, 4), F(3, 4)], [F(2, 3), F(1, 3)]]
    losses, weights = [[F(0), F(1)], [F(1, 2), F(1, 5)]], [F(1, 3), F(2, 3)]
    pairs = list(itertools.product(range(2), range(2)))
    sums = [F(0)] * 3
    for sample in itertools.product(pairs, repeat=3):
        chance = F(1)
        for i, k in sample:
            chance *= weights[i] * probs[i][k]
        rows = (
            [sum(p * v for p, v in zip(probs[i], losses[i], strict=True)) for i, _ in sample],
            [losses[i][k] for i, k in sample],
        )
        # The unbiased variance of three is the sum of squared differences over 6.
        bayes, drawn = (
            sum((a - b) ** 2 for a, b in itertools.combinations(row, 2)) / 6 for row in rows
        )
        for place, value in enumerate((bayes, drawn, max(bayes - drawn, 0))):
            sums[place] += chance * value
    problem = HypothesisProblem(floats(weights), floats(probs), floats([losses]), num_samples=3)
    got = (*room.expected_variances(problem), room.expected_excess_of_bayes(problem))
    np.testing.assert_allclose(got, [float(value) for value in sums], rtol=1e-13)
    assert sums[2] > 0


def test_the_sample_where_bayes_labels_have_the_larger_variance():
    # (a, y = 1) and b, in either order: V = 0 and V* = (1/2)(1/2)^2 = 1/8, with probability 1/4.
    problem = HypothesisProblem(
        jnp.array([0.5, 0.5]), floats([[F(1, 2)] * 2, [1, 0]]), jnp.array([[[0.0, 1], [0, 0]]]), 2
    )
    probs, bayes, drawn = (np.asarray(column) for column in room.sample_variances(problem))
    larger = bayes > drawn
    assert set(bayes[larger & (probs > 0)]) == {0.125}
    assert set(drawn[larger & (probs > 0)]) == {0.0}
    assert probs[larger].sum() == 0.25
    assert room.expected_excess_of_bayes(problem) == 1 / 32
    assert [float(v) for v in room.expected_variances(problem)] == [1 / 16, 3 / 16]


# --- covering numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0.0, 0.2, 0.4, 1.0])
def test_covering_numbers_by_trying_centres(radius):
    for seed in range(3):
        values = np.random.default_rng(seed).integers(0, 6, (5, 2)) / 5
        expected = next(
            count
            for count in range(1, 6)
            for centres in itertools.combinations(values, count)
            if all(min(abs(row - c).max() for c in centres) <= radius for row in values)
        )
        assert room.covering_number(jnp.array(values), radius) == expected


def test_bayes_labels_may_have_the_larger_covering_number():
    # Losses in {0, 1}^3 at one input, p* = (1, 2, 4)/7: eight values of p*.l, two of l.
    losses = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    bayes = losses @ np.array([1, 2, 4]) / 7
    onehot = [room.covering_number(jnp.array(losses[:, [k]]), 1 / 16) for k in range(3)]
    assert [float(number) for number in onehot] == [2, 2, 2]
    # 8 = 2^3: the logarithms are as L to 1.
    assert room.covering_number(jnp.array(bayes[:, None]), 1 / 16) == 8
    # Once the sample can hold every pair of input and label, a cover of those is a cover of these.
    rng = np.random.default_rng(0)
    for radius in (0.1, 0.3, 0.5):
        tables, probs = rng.random((6, 2, 3)), rng.dirichlet(np.ones(3), 2)
        pairs = room.covering_number(jnp.array(tables.reshape(6, 6)), radius)
        means = room.covering_number(jnp.array((tables * probs).sum(2)), radius)
        assert means <= pairs


def test_too_many_functions_to_cover():
    with pytest.raises(ValueError, match="got 13 functions; expected at most 12"):
        room.covering_number(jnp.zeros((13, 1)), 0.1)


# --- Proposition 5 --------------------------------------------------------------------------------


def penalty6(variance, size, level, number):
    log = np.log(10 * number / level)
    return np.sqrt(18 * variance * log / size) + 15 * log / (size - 1)


def penalty4(variance, size, level, number):
    log = np.log(2 * number / level)
    return np.sqrt(2 * variance * log / size) + 7 * log / (3 * (size - 1))


@pytest.mark.parametrize("size", [24, 128])
def test_proposition_5_from_binomial_sums(size):
    level = 0.1
    truth = np.array([[0.0, 1.0], [0.125, 0.875]])
    losses = np.array([[0.0, 1.0], [0.25, 1.0]])
    # The second teacher excludes the label with the loss, the third does so at the rare input.
    others = np.array([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.875, 0.125]]])
    tables = np.concatenate([truth[None], others])
    law, share = np.array([0.75, 0.125, 0.125]), 0.03125
    weights = np.array([1 - share, share])
    risk = weights @ (truth * losses).sum(1)
    norms = np.sqrt(2) * np.array([weights @ np.sqrt(((t - truth) ** 2).sum(1)) for t in tables])
    halves = np.array([weights @ abs(t - truth).sum(1) / 2 for t in tables])

    def failures(penalty, allowances):
        found = []
        for table, allowance in zip(tables, allowances, strict=True):
            low, high = (table * losses).sum(1)
            probs, means, deviations = coin(share, low, high, size)
            bound = means + penalty(deviations**2, size, level, 1) + allowance
            found.append(probs[risk > bound].sum())
        return np.array(found)

    problem = HypothesisProblem(
        jnp.array(weights), jnp.array(truth), jnp.array(losses)[None], num_samples=size
    )
    given = problem, jnp.array(law), jnp.array(others), level
    expected = law @ failures(penalty6, np.full(3, law @ norms))
    np.testing.assert_allclose(bounds.prop5_averaged_failure(*given), expected, rtol=1e-11)
    assert (expected > level) == (size == 128)
    expected = law @ failures(penalty6, np.full(3, 0.25 * (law @ norms)))
    got = bounds.prop5_averaged_failure(*given, 0.25)
    np.testing.assert_allclose(got, expected, rtol=1e-11)
    expected = failures(penalty6, norms).max()
    np.testing.assert_allclose(bounds.prop5_conditional_failure(*given), expected, atol=1e-15)
    expected = failures(penalty4, halves).max()
    np.testing.assert_allclose(bounds.prop5_tv_failure(*given), expected, atol=1e-15)


def test_proposition_5_where_the_sample_is_to_blame():
    """A loss of 1 at the second input only, and a teacher that is right: what is missed is rare."""
    labels, losses = floats([[1, 0], [0, 1]]), floats([[[0, 1], [0, 1]]])
    others = floats([[[1, 0], [0, 1]]])
    for size, share, found in (
        # 7 log(2/0.1)/69 = 0.304 and 0.66^24; 15 log(10/0.1)/127 = 0.544 and 0.4^128.
        (24, 0.34, bounds.prop5_tv_failure),
        (128, 0.6, bounds.prop5_conditional_failure),
        (128, 0.6, bounds.prop5_averaged_failure),
    ):
        weights = jnp.array([1 - share, share])
        problem = HypothesisProblem(weights, labels, losses, num_samples=size)
        got = found(problem, jnp.array([0.5, 0.5]), others, jnp.asarray(0.1))
        np.testing.assert_allclose(got, (1 - share) ** size, rtol=1e-11)


def test_the_penalties_of_a_teacher():
    # TV 1 and norm sqrt 2 where a certain teacher is certain of the other label; L = 2, B = 1.
    problem = HypothesisProblem(
        jnp.array([0.25, 0.75]), floats([[1, 0], [0, 1]]), jnp.zeros((1, 2, 2)), num_samples=4
    )
    wrong_at_the_first = floats([[[0, 1], [0, 1]]])
    assert bounds.tv_penalties(problem, wrong_at_the_first)[0] == 0.25
    np.testing.assert_allclose(bounds.norm_penalties(problem, wrong_at_the_first), 0.5, rtol=1e-15)


# --- bounds that say nothing ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size", "level", "expected"),
    [
        # 15 log(10/0.05)/15 = 5.3 > 1; 15 log(200)/255 = 0.31.
        ("uniform", (2, 2, 1, 16), 0.05, 0.0),
        ("uniform", (2, 2, 1, 256), 0.05, 1.0),
        # 7 log(2/0.05)/27 = 0.96 and 7 log(6/0.05)/27 = 1.24: one function, or three.
        ("single", (2, 2, 3, 10), 0.05, 1.0),
        ("finite_class", (2, 2, 3, 10), 0.05, 0.0),
    ],
)
def test_a_bound_above_the_range_is_vacuous(name, size, level, expected):
    claim = next(c for c in room.CLAIMS if c.slug == f"empirical_bernstein/{name}")
    m, labels, hypotheses, num_samples = size
    world = HypothesisProblem(
        jnp.full(m, 1 / m),
        jnp.full((m, labels), 1 / labels),
        jnp.zeros((hypotheses, m, labels)),
        num_samples,
    )
    # What everyone knows of the failure probability: 0 where the bound cannot fail, else at most 1.
    assert claim.trivial(world, jnp.asarray(level)) == expected


def test_the_summary_names_the_sizes_where_a_bound_is_vacuous():
    parts = [
        Examined((2, 2, 1, n), 9, 9, 0.1, 0, 0, 0, share) for n, share in ((16, 1.0), (256, 0))
    ]
    check = Check(
        slug="empirical_bernstein/uniform",
        verdict=Verdict.HOLDS,
        expected=Verdict.HOLDS,
        reason="",
        seed=0,
        dtype="float64",
        examined=tuple(parts),
    )
    text = "Vacuous on every instance: empirical_bernstein/uniform at (2, 2, 1, 16)."
    assert report.summary([check]).endswith(text)
    other = dataclasses.replace(check, examined=(parts[1],))
    assert report.summary([other]) == "1 claims: 1 holds; all as expected."


# --- coverage by sampling -------------------------------------------------------------------------

RARE = {"input_weights": [0.875, 0.125], "values": [[0.0, 1.0]], "level": 0.9}
OPTIONS = {"num_samples": 12, "penalty": empirical_bernstein_penalty}


def test_coverage_is_exact_or_an_interval_around_it(monkeypatch):
    key = jax.random.key(2)
    exact = coverage.failure_interval(key, **RARE, **OPTIONS)
    # No head among twelve: the variance is 0, and 7 log(2/0.9)/33 = 0.17 > 1/8: it does not fail.
    assert exact == (0.0, 0.0, None, 0)
    wider = {**RARE, "input_weights": [0.75, 0.25]}
    exact = coverage.failure_interval(key, **wider, **OPTIONS)
    np.testing.assert_allclose(exact.low, 0.75**12, rtol=1e-12)
    monkeypatch.setattr(coverage, "MAX_TYPES", 1)
    found = coverage.failure_interval(key, **wider, **OPTIONS, draws=10_000, confidence=0.9999)
    assert found.low < exact.low < found.high
    assert found.draws == 10_000
    # Clopper and Pearson's interval by quantiles of the beta distribution.
    failures = found.failures
    assert 200 < failures < 450
    tail = 0.00005
    low = scipy.stats.beta.ppf(tail, failures, 10_000 - failures + 1)
    high = scipy.stats.beta.ppf(1 - tail, failures + 1, 10_000 - failures)
    np.testing.assert_allclose((found.low, found.high), (low, high), rtol=1e-9)


def test_coverage_refuses():
    key = jax.random.key(0)
    for changed, message in (
        ({"values": [[0.0], [1.0]]}, "values: got 1 columns; expected 2"),
        ({"input_weights": [0.5, 0.6]}, "input_weights: got a sum of 1.1"),
        ({"level": 0.0}, "level: got 0; expected a number > 0"),
    ):
        with pytest.raises(_check.InputError, match=message):
            coverage.failure_interval(key, **{**RARE, **changed}, **OPTIONS)
    with pytest.raises(_check.InputError, match="num_samples: got 1; expected an integer"):
        coverage.failure_interval(key, **RARE, **{**OPTIONS, "num_samples": 1})
