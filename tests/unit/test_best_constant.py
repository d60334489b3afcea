"""Best constants: known ones, from both sides, attained, approached, or none at all."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax.scipy.special import xlogy

from kdtheory._exact import simplest_between
from kdtheory.claim import Assumption, Claim, Relation
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
SHARP = {2: "1/2", 3: "2/3", 4: "1", 5: "6/5", 6: "3/2"}


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


@pytest.mark.parametrize("seed", [1, 2])
def test_seeds_agree_on_the_bias(seed: int) -> None:
    row = only(biased_loss(seed, 3))
    assert (row.guess, row.attainment) == ("2/3", Attainment.ATTAINED)


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


@pytest.mark.parametrize(("seed", "atoms"), [(0, 3), (1, 2), (2, 2)])
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


@pytest.mark.parametrize("seed", [0, 1, 2])
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


def test_both_ends_are_reported() -> None:
    # C x <= exp(x) - 1 for all real x: x < 0 demands C >= 1, x > 0 demands C <= 1.
    best = best_constant(lambda x, C: C * x, "C", jnp.expm1, over=reals())
    assert [row.extreme for row in best.rows] == [Extreme.SMALLEST, Extreme.LARGEST]
    assert [row.guess for row in best.rows] == ["1", "1"]
    assert best.rows[0].value < 1 < best.rows[1].value


# --- no constant --------------------------------------------------------------------------------


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


# --- claims -------------------------------------------------------------------------------------


def chord(**changes: Any) -> Claim:
    """x - x^2 <= C x on [0, 2], where x >= 1/4 and C >= 3 are assumed: 3/4."""
    settings: dict[str, Any] = {
        "slug": "user/chord",
        "lhs": lambda x, C: x - x**2,
        "rhs": lambda x, C: C * x,
        "domain": lambda _: (box(0, 2) * box(0, 10)).named("x", "C"),
        "sizes": ((2,), (3,)),
        "assumptions": (
            Assumption("away from zero", "x >= 1/4", lambda x, C: x - 0.25),
            Assumption("large constant", "C >= 3", lambda x, C: C - 3),
        ),
    }
    return Claim(**(settings | changes))


def test_assumptions_on_the_constant_are_left_out_and_others_kept() -> None:
    best = best_constant(chord(), "C", sizes=(3,))
    row = only(best)
    assert (row.size, row.guess, row.attainment) == ((3,), "3/4", Attainment.ATTAINED)
    assert row.parts == ("1/4",)
    assert best.left_out == ("large constant",)
    assert len(best_constant(chord(), "C").rows) == 2


def test_an_evaluation_error_is_granted() -> None:
    # The right side is only known to be within 1/8 of C x: as if it were C x + 1/8. The largest of
    # (x - x^2 - 1/8) / x is 1 - sqrt(1/2), at sqrt(1/8) = 0.35: above 1/4, so inside.
    row = only(best_constant(chord(error=lambda x, C: 0.125), "C", sizes=[2]))
    assert row.value == pytest.approx(1 - math.sqrt(0.5), abs=1e-9)
    lower = chord(
        lhs=lambda x, C: x**2 - x,
        rhs=lambda x, C: -C * x,
        relation=Relation.GE,
        error=lambda x, C: 0.125,
    )
    assert only(best_constant(lower, "C", sizes=[2])).value == pytest.approx(row.value, abs=1e-9)


def test_assumptions_that_are_never_met() -> None:
    never = Assumption("never", "x >= 3", lambda x, C: x - 3)
    rows = best_constant(chord(assumptions=(never,)), "C", sizes=[2]).rows
    assert {row.note for row in rows} == {"the assumptions were never met"}
    assert {row.attainment for row in rows} == {Attainment.UNDECIDED}


def test_a_part_of_the_domain_may_be_the_constant() -> None:
    row = only(
        best_constant(lambda x, C: x, "C", lambda x, C: C * x**2, over=box(1, 4) * positive())
    )
    assert (row.guess, row.parts) == ("1", ("1",))


def test_an_undefined_side_is_counted() -> None:
    row = only(best_constant(lambda x: jnp.sqrt(x - 0.5), "C", lambda x, C: C, over=box(0, 1.5)))
    assert row.guess == "1"
    assert "a side was NaN on" in row.note


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rhs", "constant", "message"),
    [
        (lambda x, C: C**2 * x, "C", "sides that are not affine in it; expected rhs - lhs of"),
        (lambda x, C: jnp.maximum(C, x), "C", "sides that are not affine in it"),
        (lambda x, C: C * x, "D", "got 'D'; expected the name of an argument of one of the sides"),
    ],
)
def test_sides_that_will_not_do_are_refused(rhs: Any, constant: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        best_constant(lambda x: x, constant, rhs, over=box(0, 4))


def test_a_kink_that_only_the_instance_shows_is_refused() -> None:
    # Affine wherever floating point looks, but not at the one point that demands the most.
    def rhs(x: Any, C: Any) -> Any:
        return jnp.where(x == 1.0, C**2, C * (1 + 1e-3))

    with pytest.raises(ValueError, match="not affine"):
        best_constant(lambda x: x, "C", rhs, over=box(0, 1))


@pytest.mark.parametrize(
    ("claim", "constant", "message"),
    [
        (chord(), "D", "got 'D'; expected the name of a part of the domain: x, C"),
        (
            chord(domain=lambda _: (box(0, 2) * box(0, 1, 2)).named("x", "C")),
            "C",
            r"an array of shape \(2,\); expected a scalar part",
        ),
        (chord(relation=Relation.EQ), "C", "an equation; expected a claim with relation '<='"),
    ],
)
def test_claims_that_will_not_do_are_refused(claim: Claim, constant: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        best_constant(claim, constant)


def test_a_domain_for_every_size_needs_sizes() -> None:
    with pytest.raises(ValueError, match="sizes: got none, with a domain for each size"):
        best_constant(jnp.sum, "C", lambda x, C: C * jnp.sum(x), over=lambda n: positive(n))


def test_what_is_neither_a_claim_nor_an_inequality_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a Claim, or two functions and over=DOMAIN"):
        best_constant(lambda x: x, "C")


# --- records ------------------------------------------------------------------------------------

ROW = ExtremeConstant(
    size=(3, 2),
    extreme=Extreme.LARGEST,
    attainment=Attainment.APPROACHED,
    value=2.5,
    bound="2.5000...",
    guess="5/2",
    distance=0.0,
    names=("p", ""),
    parts=(("1/3", "2/3"), "0"),
    evaluations=7,
    note="x",
)
NONE = ExtremeConstant((), Extreme.SMALLEST, Attainment.UNBOUNDED, math.inf)
BEST = BestConstant("a/b", "C", (ROW, NONE), ("law",), 7, 1.5)


def test_json_round_trip() -> None:
    text = json.dumps(BEST.to_dict(), allow_nan=False)
    assert BestConstant.from_dict(json.loads(text)) == BEST


def test_the_table() -> None:
    assert str(BEST).splitlines() == [
        "size   constant    value  guess  at the instance      proven",
        "3 x 2  largest C   2.5    5/2    approached           C <= 2.5000...",
        "-      smallest C  inf           grows without bound",
        "size 3 x 2: p = (1/3, 2/3), part 2 = 0; x",
    ]


def test_the_simplest_fraction_between() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        low = Fraction(int(rng.integers(-99, 99)), int(rng.integers(1, 99)))
        high = low + Fraction(1, int(rng.integers(1, 500)))
        found = simplest_between(low, high)
        first = next(
            d for d in range(1, 600) if math.ceil(low * d) <= high * d
        )  # the smallest denominator, by trying
        assert low <= found <= high
        assert found.denominator == first
    assert simplest_between(Fraction(1, 3), Fraction(1, 3)) == Fraction(1, 3)


def test_the_default_precision_is_left_alone() -> None:
    with jax.enable_x64(False):
        best_constant(lambda x: x, "C", lambda x, C: C, over=box(0, 1))
        assert jnp.zeros(()).dtype == jnp.float32
