"""Empirical Bernstein penalties: in mpmath, under scaling, and where they say anything."""

import itertools

import mpmath
import numpy as np
import pytest

from kdtheory import _check
from kdtheory.concentration import (
    empirical_bernstein_penalty,
    first_informative_size,
    risk_bounds,
    sharpened_bernstein_penalty,
    uniform_bernstein_penalty,
)
from kdtheory.theorems.empirical_bernstein import literal_penalty

GRID = list(
    itertools.product([0.0, 0.05, 0.25], [2, 5, 15, 16, 40, 1000], [0.01, 0.5], [1, 3, 1e6])
)
COLUMNS = [np.array(column, dtype=float) for column in zip(*GRID, strict=True)]


def theorem4(v, n, delta, k):
    t = mpmath.log(2 * k / delta)
    return mpmath.sqrt(2 * v * t / n) + 7 * t / (3 * (n - 1))


def theorem6(v, n, delta, k):
    t = mpmath.log(10 * k / delta)
    return mpmath.sqrt(18 * v * t / n) + 15 * t / (n - 1)


def sharpened(v, n, delta, k):
    t = mpmath.log((3 * k + 2 * delta) / delta)
    return (
        mpmath.sqrt(18 * v * t / n)
        + 11 * t / (n - 1)
        + (2 + 8 * mpmath.sqrt(t / n)) / mpmath.mpf(n)
    )


def literal(v, n, delta, k):
    kappa = 1 + mpmath.log(10, 2)
    t = mpmath.log(k / delta)
    biased = v * (n - 1) / mpmath.mpf(n)
    first = mpmath.sqrt(18 * mpmath.mpf(16) / 15 * kappa * biased * t / n)
    return first + 16 * kappa * t / n


PAIRS = [
    (empirical_bernstein_penalty, theorem4),
    (uniform_bernstein_penalty, theorem6),
    (sharpened_bernstein_penalty, sharpened),
    (literal_penalty, literal),
]


@pytest.mark.parametrize(("penalty", "formula"), PAIRS)
def test_penalties_in_mpmath(penalty, formula):
    with mpmath.workdps(30):
        expected = [float(formula(*map(mpmath.mpf, row))) for row in GRID]
    np.testing.assert_allclose(penalty(*COLUMNS), expected, rtol=1e-13)


@pytest.mark.parametrize("penalty", [pair[0] for pair in PAIRS[:3]])
def test_penalties_have_the_unit_of_the_losses(penalty):
    variance, *others = COLUMNS
    scaled = penalty(9.0 * variance, *others, 3.0)
    np.testing.assert_allclose(scaled, 3.0 * penalty(*COLUMNS), rtol=1e-14)


def test_the_penalties_in_their_order():
    plain, uniform, sharp, printed = (pair[0](*COLUMNS) for pair in PAIRS)
    assert (plain < sharp).all()
    assert (sharp < uniform).all()
    # The printed form is implied by Theorem 6 from n = 16 on; below, it exceeds 1 by itself.
    many = COLUMNS[1] >= 16
    # (They are equal at n = 16, no variance, and a covering number over delta of 2.)
    assert (printed > uniform * (1 - 1e-14))[many].all()
    assert (printed > 1)[~many].all()
    assert (uniform > 1)[~many].all()


# The four rows of a table worked out elsewhere, in the order Theorem 6, sharpened, Theorem 4.
@pytest.mark.parametrize(
    ("variance", "size", "expected"),
    [
        (0.0, 1, (81, 51, 10)),
        (0.25, 1, (138, 91, 15)),
        (0.05, 100, (191, 133, 25)),
        (0.25, 100, (256, 186, 32)),
    ],
)
def test_from_which_size_on_a_bound_says_something(variance, size, expected):
    order = [PAIRS[1], PAIRS[2], PAIRS[0]]
    found = [first_informative_size(pair[0], variance, 0.05, size) for pair in order]
    assert tuple(found) == expected
    for (_, formula), n in zip(order, found, strict=True):
        assert formula(variance, n, mpmath.mpf(0.05), size) < 1
        assert formula(variance, n - 1, mpmath.mpf(0.05), size) >= 1


def test_what_is_refused():
    for changed, message in (
        ({"failure_probability": 1.0}, "failure_probability: got 1; expected a number below 1"),
        ({"failure_probability": 0.0}, "failure_probability: got 0; expected a number > 0"),
        ({"sample_variance": -1.0}, "sample_variance: got -1; expected a number >= 0"),
        ({"class_size": 0.5}, "class_size: got 0.5; expected a number >= 1"),
        ({"penalty": lambda *_: 2.0}, "penalty: got one of 1 or more at every size"),
    ):
        given = {
            "penalty": uniform_bernstein_penalty,
            "sample_variance": 0.1,
            "failure_probability": 0.05,
            **changed,
        }
        with pytest.raises(_check.InputError, match=message):
            first_informative_size(**given)


# --- bounds from a user's losses ------------------------------------------------------------------


def test_risk_bounds_from_a_sample_of_losses():
    losses = 2.0 * np.random.default_rng(0).beta(1, 6, size=400) - 1
    found = risk_bounds(losses, 0.05, class_size=10, covering_number=50.0, low=-1.0, high=1.0)
    assert [one.name for one in found] == ["finite class", "uniform, sharpened", "uniform"]
    mean, variance = losses.mean(), ((losses - losses.mean()) ** 2).sum() / 399
    for one, (formula, size) in zip(
        found, [(theorem4, 10), (sharpened, 50), (theorem6, 50)], strict=True
    ):
        # In units of the range, which is 2.
        expected = 2 * float(formula(variance / 4, 400, mpmath.mpf(0.05), size))
        np.testing.assert_allclose(one.penalty, expected, rtol=1e-12)
        np.testing.assert_allclose(one.bound, mean + expected, rtol=1e-12)
        assert one.empirical_risk == pytest.approx(mean)
        assert not one.vacuous
        first = one.informative_from
        assert formula(variance / 4, first, mpmath.mpf(0.05), size) < 1
        assert formula(variance / 4, first - 1, mpmath.mpf(0.05), size) >= 1


def test_risk_bounds_that_say_nothing():
    # No loss at all in 100 examples: 15 log(200)/99 = 0.80; after ten, 8.8.
    (one,) = risk_bounds(np.zeros(100), 0.05, class_size=None, covering_number=1.0)[1:]
    assert (one.name, one.vacuous, one.informative_from) == ("uniform", False, 81)
    few = risk_bounds(np.zeros(10), 0.05, class_size=None, covering_number=1.0)
    assert [bound.vacuous for bound in few] == [True, True]


def test_risk_bounds_refuse():
    for losses, options, message in (
        ([0.5, 1.5], {}, r"losses: got 1.5 at index 1; expected losses in \[0, 1\]"),
        ([0.5], {}, "losses: got one loss; expected two or more"),
        ([0.5, 0.5], {"class_size": None}, "class_size: got None, and no covering_number"),
        ([0.5, 0.5], {"covering_number": 0.5}, "covering_number: got 0.5; expected a number >= 1"),
        ([0.5, float("nan")], {}, r"losses: got nan at index \(1,\)"),
        ([0.5, 0.5], {"low": 2.0}, "low: got 2; expected a number >= -inf and <= 1"),
    ):
        with pytest.raises(_check.InputError, match=message):
            risk_bounds(losses, 0.05, **options)
