"""Best constants: known ones, from both sides, attained, approached, or none at all."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax.scipy.special import xlogy

from kdtheory.divergences import kl_divergence, total_variation
from kdtheory.domains import box, positive, reals, simplex, stochastic
from kdtheory.results import Attainment, BestConstant, Extreme, ExtremeConstant
from kdtheory.tools import best_constant
from kdtheory.tools._demand_search import growing


def only(best: BestConstant) -> ExtremeConstant:
    (row,) = best.rows
    return row


def fractions(row: ExtremeConstant) -> list[Any]:
    """The extremal instance as exact NumPy arrays."""
    return [np.vectorize(Fraction, otypes=[object])(np.asarray(part)) for part in row.parts]


# --- how far a wrong teacher moves the expected loss --------------------------------------------


def biased_loss(seed: int, *sizes: int) -> BestConstant:
    return best_constant(
        lambda p, q, loss: ((p - q) @ loss) ** 2,
        "C",
        lambda p, q, loss, C: C * jnp.ptp(loss) ** 2 * jnp.sum((p - q) ** 2),
        over=lambda labels: simplex(labels) * simplex(labels) * box(0, 1, labels),
        sizes=sizes,
        seed=seed,
    )


# p - q sums to zero, so only the part of the losses orthogonal to the constants counts: C is the
# largest |l - mean l|^2 over losses of range 1. It is convex in l, so that a vertex of the cube is
# the worst: k ones among L give k (1 - k/L)^2 + (L - k) (k/L)^2, which is largest for k = L // 2.
SHARP = {2: "1/2", 3: "2/3", 5: "6/5"}


@pytest.mark.thorough
def test_the_sharp_constant_of_the_bias_over_sizes() -> None:
    best = biased_loss(0, *SHARP)
    assert [row.size for row in best.rows] == [(labels,) for labels in SHARP]
    for row, (labels, sharp) in zip(best.rows, SHARP.items(), strict=True):
        worst = max(
            k * (1 - Fraction(k, labels)) ** 2 + (labels - k) * Fraction(k, labels) ** 2
            for k in range(labels + 1)
        )
        assert (row.extreme, row.guess, row.bound) == (Extreme.SMALLEST, sharp, sharp)
        assert Fraction(sharp) == worst == Fraction(row.value).limit_denominator(100)
        assert row.attainment is Attainment.ATTAINED
        assert row.distance == 0
        # The instance, by hand.
        assert row.names == ("p", "q", "loss")
        p, q, loss = fractions(row)
        assert sum(p) == sum(q) == 1
        assert min(*p, *q, *loss) >= 0
        assert ((p - q) @ loss) ** 2 == worst * (max(loss) - min(loss)) ** 2 * sum((p - q) ** 2)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2])
def test_seeds_agree_on_the_bias(seed: int) -> None:
    row = only(biased_loss(seed, 3))
    assert (row.guess, row.attainment) == ("2/3", Attainment.ATTAINED)


@pytest.mark.thorough
def test_the_factor_between_the_printed_and_the_sharp_constant() -> None:
    # A fixed teacher q against Bayes p, three samples, losses in [0, 1]: the mean squared error of
    # the distilled risk is v / 3 + b^2. As printed, C = L in v / 3 + C E|p - q|^2; with Jensen's
    # (E|p - q|)^2 below it the sharp constant is that of the bias, 1/2 and 2/3: 1/4 and 2/9 of L.
    def moments(weights: Any, p: Any, q: Any, loss: Any) -> tuple[Any, Any, Any]:
        values = jnp.sum(q * loss, axis=-1)
        bias = weights @ jnp.sum((q - p) * loss, axis=-1)
        variance = weights @ values**2 - (weights @ values) ** 2
        return variance, bias, weights @ jnp.sqrt(jnp.sum((p - q) ** 2, axis=-1))

    def mean_squared_error(weights: Any, p: Any, q: Any, loss: Any) -> Any:
        variance, bias, _ = moments(weights, p, q, loss)
        return variance / 3 + bias**2

    def printed(weights: Any, p: Any, q: Any, loss: Any, factor: Any) -> Any:
        variance, _, distance = moments(weights, p, q, loss)
        return variance / 3 + factor * loss.shape[-1] * distance**2

    best = best_constant(
        mean_squared_error,
        "factor",
        printed,
        over=lambda n: simplex(2) * stochastic(2, n) * stochastic(2, n) * box(0, 1, 2, n),
        sizes=(2, 3),
    )
    assert [row.guess for row in best.rows] == ["1/4", "2/9"]
    assert all(row.distance < 1e-15 for row in best.rows if row.distance is not None)
    assert best.rows[0].names == ("weights", "p", "q", "loss")


# --- approached, from above ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "atoms"), [(0, 3), pytest.param(1, 2, marks=pytest.mark.thorough)]
)
def test_pinskers_constant(seed: int, atoms: int) -> None:
    row = only(
        best_constant(
            kl_divergence,
            "C",
            lambda p, q, C: C * total_variation(p, q) ** 2,
            over=simplex(atoms) * simplex(atoms),
            relation=">=",
            seed=seed,
        )
    )
    assert (row.extreme, row.guess) == (Extreme.LARGEST, "2")
    assert row.attainment is Attainment.APPROACHED
    # What is proven lies above 2, the truth, and is the ratio at the instance to the digits of the
    # series that kl_divergence uses near p = q (relative remainder below 2e-19).
    p, q = fractions(row)
    with mpmath.workdps(60):
        divergence = mpmath.fsum(
            mpmath.mpf(int(a.numerator))
            / a.denominator
            * mpmath.log(mpmath.mpf(a.numerator * b.denominator) / (a.denominator * b.numerator))
            for a, b in zip(p, q, strict=True)
            if a
        )
        distance = sum(abs(p - q)) / 2
        ratio = divergence * distance.denominator**2 / distance.numerator**2
        assert 2 < ratio < 2 + 1e-5
        assert row.bound[:18] == mpmath.nstr(ratio, 40)[:18]
    assert row.distance == pytest.approx(row.value - 2, rel=1e-6)


def test_a_supremum_at_zero_and_one_at_infinity() -> None:
    # sin x <= C x on [0, 3]: 1, as x -> 0. x <= C (1 + x): 1, as x -> inf.
    for row in (
        only(best_constant(jnp.sin, "C", lambda x, C: C * x, over=box(0, 3))),
        only(best_constant(lambda x: x, "C", lambda x, C: C * (1 + x), over=positive())),
    ):
        assert (row.extreme, row.guess) == (Extreme.SMALLEST, "1")
        assert row.attainment is Attainment.APPROACHED
        assert 0.999 < row.value < 1
        assert Fraction(row.bound.removesuffix("...")) < 1


@pytest.mark.thorough
def test_a_narrow_valley_is_followed_to_its_end() -> None:
    # TV^2 <= 2 H^2: approached as q - p goes to zero in proportion to p, up to signs with half of
    # the mass each. Halfway there, where p + q matters little and p - q much, a gradient stalls.
    row = only(
        best_constant(
            lambda p, q: total_variation(p, q) ** 2,
            "C",
            lambda p, q, C: C * 0.5 * jnp.sum((jnp.sqrt(p) - jnp.sqrt(q)) ** 2),
            over=simplex(3) * simplex(3),
        )
    )
    assert (row.guess, row.attainment) == ("2", Attainment.APPROACHED)
    # An approached value keeps only the digits that the search can vouch for: its instance is
    # the simplest within a tenth of the doubt.
    assert 2 - 1e-4 < row.value < 2


# --- attained -----------------------------------------------------------------------------------


def test_cauchy_schwarz() -> None:
    # (sum x)^2 <= n sum x^2, with equality for constant vectors.
    best = best_constant(
        lambda x: jnp.sum(x) ** 2,
        "C",
        lambda x, C: C * jnp.sum(x**2),
        over=lambda n: reals(n),
        sizes=[2, (3,)],
    )
    assert [(row.size, row.guess) for row in best.rows] == [((2,), "2"), ((3,), "3")]
    for row in best.rows:
        assert row.attainment is Attainment.ATTAINED
        (x,) = fractions(row)
        assert len(set(x)) == 1


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(s, marks=pytest.mark.thorough) for s in (1, 2))]
)
def test_the_largest_constant_of_a_lower_bound(seed: int) -> None:
    # x^2 + y^2 >= C x y for positive x, y: 2, attained where x = y.
    row = only(
        best_constant(
            lambda x, y: x**2 + y**2,
            "C",
            lambda x, y, C: C * x * y,
            over=positive() * positive(),
            relation=">=",
            seed=seed,
        )
    )
    assert (row.extreme, row.guess, row.bound) == (Extreme.LARGEST, "2", "2")
    assert row.attainment is Attainment.ATTAINED
    assert row.parts[0] == row.parts[1]


def test_the_constant_may_stand_on_the_left() -> None:
    # C x y <= x^2 + y^2 is the same inequality.
    row = only(
        best_constant(
            lambda x, y, C: C * x * y,
            "C",
            lambda x, y: x**2 + y**2,
            over=positive() * positive(),
        )
    )
    assert (row.extreme, row.guess, row.names) == (Extreme.LARGEST, "2", ("x", "y"))


def test_an_irrational_constant_is_not_guessed() -> None:
    # x exp(-x) <= C: 1/e, attained at 1, which is found and rounded to; no fraction is near.
    row = only(best_constant(lambda x: x * jnp.exp(-x), "C", lambda x, C: C, over=positive()))
    assert row.guess is None
    assert row.attainment is Attainment.UNDECIDED
    assert row.parts == ("1",)
    with mpmath.workdps(40):
        assert str(mpmath.exp(-1)).startswith(row.bound.removesuffix("..."))


def test_a_rounded_number_in_a_formula_neither_excludes_nor_attains_the_guess() -> None:
    # The float64 0.1 exceeds 1/10 by 5.6e-18: so does what the formula, read exactly, demands.
    row = only(best_constant(lambda x: 0.1 * x, "C", lambda x, C: C * x, over=box(1, 2)))
    assert (row.guess, row.attainment) == ("1/10", Attainment.UNDECIDED)
    assert row.bound.startswith("0.10000000000000000555")


def test_both_ends_are_reported() -> None:
    # C x <= exp(x) - 1 for all real x: x < 0 demands C >= 1, x > 0 demands C <= 1.
    best = best_constant(lambda x, C: C * x, "C", jnp.expm1, over=reals())
    assert [row.extreme for row in best.rows] == [Extreme.SMALLEST, Extreme.LARGEST]
    assert [row.guess for row in best.rows] == ["1", "1"]
    assert best.rows[0].value < 1 < best.rows[1].value


# --- no constant --------------------------------------------------------------------------------


@pytest.mark.thorough
def test_growth_without_bound_is_reported() -> None:
    # p (1 - p) / p^2 = 1/p - 1; x^2 / |x|; -log x: a pole, infinity, and a logarithm.
    for row in (
        only(
            best_constant(
                lambda p: p[0] * (1 - p[0]), "C", lambda p, C: C * p[0] ** 2, over=simplex(2)
            )
        ),
        only(best_constant(lambda x: x**2, "C", lambda x, C: C * jnp.abs(x), over=reals())),
        only(best_constant(lambda x: -jnp.log(x), "C", lambda x, C: C, over=positive())),
    ):
        assert row.attainment is Attainment.UNBOUNDED
        assert row.value == math.inf
        assert row.guess is None
        assert float(Fraction(row.bound.removesuffix("..."))) > 10


@pytest.mark.thorough
def test_slow_convergence_is_not_called_growth() -> None:
    # log(1 + x) / (1 + log(1 + x)) -> 1, so slowly that no guess is made either.
    row = only(
        best_constant(
            lambda x: jnp.log1p(x), "C", lambda x, C: C * (1 + jnp.log1p(x)), over=positive()
        )
    )
    assert row.attainment is Attainment.UNDECIDED
    assert 0.9 < row.value < 1
    assert row.guess is None
    assert "known to" in row.note


def test_what_growing_means() -> None:
    assert growing([1, 2, 3, 4, 5, 6, 7])  # a logarithm of the resolution
    assert growing([1.0, 10, 100, 1e3, 1e4, 1e5, 1e6])
    assert not growing([1 - 10 ** (-k / 4) for k in range(7)])
    assert not growing([2.0] * 7)
    assert growing([math.inf])


def test_one_instance_may_exclude_every_constant() -> None:
    # KL <= C TV^2: infinite at disjoint supports. H(p) <= C p_0: p_0 = 0 with positive entropy.
    infinite = only(
        best_constant(
            kl_divergence,
            "C",
            lambda p, q, C: C * total_variation(p, q) ** 2,
            over=simplex(2) * simplex(2),
        )
    )
    finite = only(
        best_constant(lambda p: -jnp.sum(xlogy(p, p)), "C", lambda p, C: C * p[0], over=simplex(3))
    )
    for row in (infinite, finite):
        assert row.attainment is Attainment.IMPOSSIBLE
        assert row.value == math.inf
    p, q = fractions(infinite)
    assert any(a > 0 and b == 0 for a, b in zip(p, q, strict=True))
    assert fractions(finite)[0][0] == 0
    assert max(fractions(finite)[0]) < 1


def test_two_ends_that_cross_leave_no_constant() -> None:
    # x <= C x^3: x > 0 demands C >= 1/x^2, x < 0 demands C <= 1/x^2.
    smallest, largest = best_constant(lambda x: x, "C", lambda x, C: C * x**3, over=reals()).rows
    assert smallest.attainment is Attainment.UNBOUNDED
    assert largest.guess == "0"
    assert largest.note == "the smallest exceeds the largest: no constant works"


def test_where_nothing_is_demanded_any_constant_works() -> None:
    row = only(best_constant(lambda x: x - 2, "C", lambda x, C: 0 * C, over=box(0, 1)))
    assert row.attainment is Attainment.UNCONSTRAINED
    assert (row.value, row.parts, row.bound) == (-math.inf, (), "")
