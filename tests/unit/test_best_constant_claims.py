"""Best constants of claims: what is read, refused and recorded."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb

from kdtheory._exact import simplest_between
from kdtheory.claim import Assumption, Claim, Relation
from kdtheory.domains import box, positive
from kdtheory.results import Attainment, BestConstant, Extreme, ExtremeConstant
from kdtheory.tools import best_constant
from kdtheory.tools._demand import proven


def only(best: BestConstant) -> ExtremeConstant:
    (row,) = best.rows
    return row


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


def test_a_simpler_instance_outside_an_assumption_does_not_count() -> None:
    # x >= 3/10 leaves 1 - 3/10; 1/4 is simpler and demands 3/4, but is not admissible.
    low = Assumption("low", "x >= 3/10", lambda x, C: x - 0.3)
    row = only(best_constant(chord(assumptions=(low,)), "C", sizes=[2]))
    assert row.guess == "7/10"
    assert Fraction(row.parts[0]) >= Fraction(0.3)


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


def test_a_bend_below_rounding_is_refused_by_the_exact_instance() -> None:
    # Floating point does not tell 1e-12 C^2 from rounding; the exact sides at three values do.
    with pytest.raises(ValueError, match="not affine"):
        best_constant(lambda x: x, "C", lambda x, C: C * x + 1e-12 * C**2, over=box(1, 2), rounds=1)


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


def test_the_proven_end_of_an_enclosure() -> None:
    # A ball around 1 of radius 1/4: no constant below 3/4 works, or none above 5/4.
    assert proven(arb(1, 0.25), 1) <= Fraction(3, 4)
    assert proven(arb(1, 0.25), 1) == pytest.approx(0.75)
    assert proven(arb(1, 0.25), -1) >= Fraction(5, 4)
    assert proven(arb(1, 0.25), -1) == pytest.approx(1.25)


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
