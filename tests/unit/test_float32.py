"""What a verdict in float32 says: the referee judges what rounding hides, or nobody does."""

import contextlib
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._numerics import DOUBTFUL, near_equality, resolution, rounding_tolerance
from kdtheory.claim import Case, Claim, Draw
from kdtheory.domains import box, reals
from kdtheory.results import Verdict
from kdtheory.tools import falsify, verify
from kdtheory.tools._compile import precision, release
from kdtheory.tools._cross_check import cross_check
from kdtheory.tools._referee import Ruling, referee_case, referee_point
from kdtheory.tools._traced import domain_of

FEW = {"instances": 64, "rounds": 0}
CANNOT = "float32 cannot tell"


def whole(x):
    """The number itself, through an operation that the referee does not know, and with rounding."""
    return 3 * jnp.linalg.svd((x / 3).reshape(1, 1), compute_uv=False)[0]


def claim(lhs, rhs, **record):
    return Claim(lhs=lhs, rhs=rhs, domain=lambda _: box(1, 2), **record)


def test_what_each_precision_tells():
    # 512 units of 2^-52 and of 2^-23.
    assert rounding_tolerance("float64") == -DOUBTFUL == 2.0**-43
    assert (near_equality("float64"), near_equality("float32")) == (1e-9, 2.0**-14)
    assert resolution("float64") == ""
    assert resolution("float32") == f"{CANNOT} less than 6.1e-05 of a claim's scale from zero"


@pytest.mark.parametrize("relation", ["<=", "="])
def test_a_violation_that_rounding_hides_is_proven_all_the_same(relation):
    # x <= x (1 - 2^-20) fails by 2^-20 x: a hundred times float32's epsilon, a sixtieth of what
    # counts as rounding there.
    smaller = lambda x: x * (1 - 2.0**-20)  # noqa: E731
    given = {"over": box(1, 2), "relation": relation, "dtype": "float32"}
    for check in (
        verify(lambda x: x, smaller, **given, **FEW),
        falsify(lambda x: x, smaller, **given, rounds=1),
    ):
        assert check.verdict is Verdict.VIOLATED
        assert check.counterexample.violation >= 2.0**-20


def test_what_neither_float32_nor_the_referee_tells_is_undecided():
    # True, and false by a millionth: in float32 nothing tells one from the other.
    for factor in (1.0, 1 - 2.0**-20):
        hidden = claim(whole, lambda x, factor=factor: factor * x)
        sampled = verify(hidden, dtype="float32", **FEW)
        searched = falsify(hidden, dtype="float32", rounds=1)
        for check in (sampled, searched):
            assert check.verdict is Verdict.UNDECIDED
            assert check.reason.startswith(f"{CANNOT} a violation of ")
            assert "from rounding, and the referee does not judge it: no enclosure of svd" in (
                check.reason
            )
    assert verify(claim(whole, lambda x: x), **FEW).verdict is Verdict.HOLDS


def test_a_violation_that_float32_shows_is_not_called_rounding():
    check = verify(claim(whole, lambda x: 0.99 * x), dtype="float32", **FEW)
    assert check.verdict is Verdict.UNDECIDED
    assert "e-02 in float32 was not judged: no enclosure of svd" in check.reason


def test_what_holds_says_what_was_not_seen():
    true = claim(lambda x: x, lambda x: 1.5 * x)
    check = verify(true, dtype="float32", **FEW)
    assert check.verdict is Verdict.HOLDS
    assert check.reason == f"no search was made; {resolution('float32')}"
    assert verify(true, **FEW).reason == "no search was made"
    found = falsify(true, dtype="float32", rounds=1)
    assert found.reason.endswith(f"would have been caught; {resolution('float32')}")


def test_a_case_that_is_none_in_float32_is_told():
    # The sides are equal; float32 knows 10^8 + 1 only to the next multiple of 8. (The maximum keeps
    # the compiler from seeing that the large number cancels.)
    same = lambda x: jnp.maximum(x + 1e8, 0.0) - 1e8  # noqa: E731
    case = Case("one", lambda: jnp.asarray(1.0), "both sides are one")
    told = claim(same, lambda x: x, tight=(case,))
    assert verify(told, **FEW).cases[0].as_expected
    check = verify(told, dtype="float32", **FEW)
    assert check.verdict is Verdict.UNDECIDED
    assert "the tight case 'one' is not one in float32" in check.reason


def test_the_referee_reads_a_claim_in_float64_whatever_is_examined():
    """The constants of formulas and of domains, and the numbers of a case."""

    def domain(size):
        shift = jnp.asarray(0.1)
        return reals().map(lambda x: x + shift, lambda y: (y - shift,))

    record = Claim(
        lhs=lambda y: y + jnp.asarray(0.3),
        rhs=lambda y: y + 1.0,
        domain=domain,
        counterexample=Case("a tenth", lambda: jnp.asarray(0.1), "no float32"),
    )
    tenth, three = Fraction(0.1), Fraction(0.3)
    with jax.enable_x64(False):
        assert domain_of(record, ()).instance((jnp.zeros(()),)) == np.float32(0.1)
        at_point = referee_point(record, (), np.array([2.0], np.float32))
        of_case = referee_case(record, record.counterexample)
    assert at_point.ruling is of_case.ruling is Ruling.HOLDS
    assert str(at_point.lhs) == str(2 + tenth + three)
    assert str(of_case.lhs) == str(tenth + three)


def test_draws_leave_their_bounds_by_rounding_only():
    """A draw is a little more than its bound: in float32 a millionth is rounding."""
    for excess, refused in ((1e-6, ["float64"]), (1e-3, ["float64", "float32"])):
        draw = Draw(lambda _, x, e=excess: x * (1 + e), bounds=lambda x: (0.0 * x, x))
        drawn = claim(lambda x: x, lambda x: 2 * x, draws={"lhs": draw})
        for dtype in ("float64", "float32"):
            wrong = pytest.raises(ValueError, match="The bounds of this draw are wrong")
            with precision(dtype), wrong if dtype in refused else contextlib.nullcontext():
                cross_check(drawn, seed=0, draws=2**14, level=1e-6)
        release(drawn)
