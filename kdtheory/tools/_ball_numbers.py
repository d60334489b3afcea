r"""Numbers that are exact while they can be, and proven enclosures afterwards.

A `Number` is one of
- a `flint.fmpq`: a rational, exact;
- a `flint.arb`: a ball that contains a real number (every non-finite ball says the same: nothing is
  known, the value may be any real number, an infinity or NaN);
- the Python float inf, -inf or NaN: exact special values, with the arithmetic of IEEE 754 except
  that zero has no sign ($x/0 = \infty\cdot\mathrm{sign}(x)$).

Arithmetic is that of the reals: nothing overflows, underflows or is rounded to a floating format.
The precision of balls is `flint.ctx.prec`, which is one per process, not per thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq
from flint.utils.flint_exceptions import DomainError

# flint's scalars mix freely in arithmetic, in ways that its annotations do not express.
Number: TypeAlias = Any

RATIONAL_BITS = 8192
"""A rational with a longer numerator or denominator becomes a ball: exactness costs too much."""

ZERO, ONE, TWO, HALF = fmpq(0), fmpq(1), fmpq(2), fmpq(1, 2)
UNKNOWN = arb.nan()


class Undecided(Exception):
    """A comparison that the balls do not decide, at the highest precision tried."""


def exact(value: Any) -> Number:
    """Reads an integer, a fraction or a float (as the dyadic rational it is) without rounding."""
    if isinstance(value, (fmpq, arb)):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return value
    return fmpq(*value.as_integer_ratio())


def is_nan(x: Number) -> bool:
    """Whether the number is the exact special value NaN."""
    return isinstance(x, float) and x != x


def is_unknown(x: Number) -> bool:
    """Whether nothing is known about the number."""
    return isinstance(x, arb) and not x.is_finite()


def _short(rational: fmpq) -> Number:
    return rational if rational.height_bits() <= RATIONAL_BITS else arb(rational)


def _settle(value: Number) -> Number:
    """Gives every result of ball arithmetic its canonical form."""
    if isinstance(value, fmpq):
        return _short(value)
    if not value.is_finite():
        return UNKNOWN
    # A ball of radius zero is a dyadic rational: log 1, exp 0 and 0 * ball become exact again.
    if value.is_exact():
        mantissa, exponent = value.man_exp()
        if abs(int(exponent)) + int(mantissa).bit_length() <= RATIONAL_BITS:
            return value.fmpq()
    return value


def _exceptional(*numbers: Number) -> Number | None:
    """Returns what NaN or an unknown operand makes of an operation; None if there is neither."""
    for x in numbers:
        if is_nan(x):
            return math.nan
    for x in numbers:
        if is_unknown(x):
            return UNKNOWN
    return None


def _compare(x: Number, y: Number) -> int | None:
    """Returns the sign of x - y for known numbers other than NaN; None if the balls overlap."""
    if isinstance(x, float) or isinstance(y, float):
        left, right = (z if isinstance(z, float) else 0.0 for z in (x, y))
        return (left > right) - (left < right)
    # One ball object stands for one real number, so it equals itself: this decides x != x, the
    # usual test for NaN, however wide the ball.
    if x is y:
        return 0
    if x < y:
        return -1
    if x > y:
        return 1
    return None if isinstance(x, arb) or isinstance(y, arb) else 0


def order(x: Number, y: Number) -> int | None:
    """Returns the sign of x - y, or None when one of them is NaN.

    Raises:
        Undecided: if the enclosures overlap.
    """
    if is_nan(x) or is_nan(y):
        return None
    result = None if is_unknown(x) or is_unknown(y) else _compare(x, y)
    if result is None:
        raise Undecided(f"the enclosures {_told(x)} and {_told(y)} overlap")
    return result


def _told(x: Number) -> str:
    """Returns a number as text, a ball's digits cut: there may be six hundred of them."""
    return x.str(25) if isinstance(x, arb) else str(x)


def _sign_if_decided(x: Number) -> int | None:
    return None if is_unknown(x) else _compare(x, ZERO)


def _signed_infinity(sign: int | None) -> Number:
    """Returns infinity times a sign: NaN for zero, unknown for an undecided sign."""
    return UNKNOWN if sign is None else sign * math.inf


def add(x: Number, y: Number) -> Number:
    """Returns x + y."""
    if isinstance(x, float) or isinstance(y, float):
        left, right = (z if isinstance(z, float) else 0.0 for z in (x, y))
        exceptional = _exceptional(x, y)
        return left + right if exceptional is None else exceptional
    return _settle(x + y)


def subtract(x: Number, y: Number) -> Number:
    """Returns x - y."""
    return add(x, -y)


def multiply(x: Number, y: Number) -> Number:
    """Returns x * y; an infinity times an exact zero is NaN."""
    if isinstance(x, float) or isinstance(y, float):
        exceptional = _exceptional(x, y)
        if exceptional is not None:
            return exceptional
        left, right = _sign_if_decided(x), _sign_if_decided(y)
        return _signed_infinity(None if left is None or right is None else left * right)
    return _settle(x * y)


def divide(x: Number, y: Number) -> Number:
    """Returns x / y; zero has no sign, so x / 0 is infinity times the sign of x."""
    exceptional = _exceptional(x, y)
    if exceptional is not None:
        return exceptional
    if isinstance(y, float):
        return math.nan if isinstance(x, float) else ZERO
    if isinstance(x, float):
        return x if y == 0 else multiply(x, _signed_infinity(_sign_if_decided(y)))
    if isinstance(y, fmpq) and y == 0:
        return _signed_infinity(_sign_if_decided(x))
    return _settle(x / y)


def sign(x: Number) -> Number:
    """Returns -1, 0 or 1 (NaN for NaN)."""
    result = order(x, ZERO)
    return math.nan if result is None else fmpq(result)


def maximum(x: Number, y: Number) -> Number:
    """Returns the larger number, or a ball around both candidates if that is undecided."""
    exceptional = _exceptional(x, y)
    if exceptional is not None:
        return exceptional
    comparison = _compare(x, y)
    if comparison is None:
        return _settle(arb(x).max(arb(y)))
    return x if comparison >= 0 else y


def minimum(x: Number, y: Number) -> Number:
    """Returns the smaller number, or a ball around both candidates if that is undecided."""
    return -maximum(-x, -y)


def clamp(low: Number, x: Number, high: Number) -> Number:
    """Returns x moved into [low, high]."""
    return minimum(maximum(x, low), high)


def analytic(method: str, at_minus_infinity: float, at_infinity: float) -> Callable:
    """Returns the function that an arb method computes, with its limits at the infinities."""

    def evaluate(x: Number) -> Number:
        if isinstance(x, float):
            return x if x != x else exact(at_infinity if x > 0 else at_minus_infinity)
        return _settle(getattr(arb(x), method)())

    return evaluate


def from_endpoint(function: Callable, start: int, at_start: float) -> Callable:
    """Restricts a function to [start, inf]: NaN before, and the given value at the start."""

    def evaluate(x: Number) -> Number:
        if x < start:
            return math.nan
        return exact(at_start) if x == start else function(x)

    return evaluate


def _root(x: Number) -> Number:
    if isinstance(x, fmpq):
        try:
            return x.sqrt()
        except DomainError:  # not the square of a rational
            return _settle(arb(x).sqrt())
    return analytic("sqrt", math.nan, math.inf)(x)


exponential = analytic("exp", 0, math.inf)
square_root = from_endpoint(_root, 0, 0)


def reciprocal_square_root(x: Number) -> Number:
    r"""Returns $x^{-1/2}$, infinity at zero."""
    return divide(ONE, square_root(x))


def cube_root(x: Number) -> Number:
    """Returns the real cube root."""
    if isinstance(x, float) or x == 0:
        return x
    return -cube_root(-x) if x < 0 else _settle(arb(x).root(3))


def logistic(x: Number) -> Number:
    """Returns 1 / (1 + exp(-x))."""
    return divide(ONE, add(ONE, exponential(-x)))


def integer_power(x: Number, exponent: int) -> Number:
    """Returns x to an integer power."""
    if exponent < 0:
        return divide(ONE, integer_power(x, -exponent))
    if exponent == 0:
        return ONE
    if isinstance(x, float):
        return x**exponent
    if isinstance(x, fmpq) and x.height_bits() * exponent > RATIONAL_BITS:
        return _settle(arb(x) ** exponent)
    return _settle(x**exponent)


def power(x: Number, y: Number) -> Number:
    """Returns x to the power y, with the conventions of IEEE 754 at the special values."""
    if isinstance(y, fmpq) and y.q == 1 and y.height_bits() <= 31:
        return integer_power(x, int(y.p))
    if isinstance(x, fmpq) and x == 1:
        return ONE
    exceptional = _exceptional(x, y)
    if exceptional is not None:
        return exceptional
    if isinstance(y, float):
        comparison = _compare(abs(x), ONE)
        if comparison == 0:
            return ONE
        growth = _signed_infinity(comparison if y > 0 or comparison is None else -comparison)
        return ZERO if growth == -math.inf else growth
    base, exponent = _sign_if_decided(x), _sign_if_decided(y)
    if base == 1 and not isinstance(x, float):
        return square_root(x) if isinstance(y, fmpq) and y == HALF else _settle(arb(x) ** arb(y))
    # A ball around a negative base's exponent does not say whether the exponent is an integer.
    if base is None or exponent is None or (base < 0 and isinstance(y, arb)):
        return UNKNOWN
    if isinstance(x, float) or base == 0:
        return math.inf if isinstance(x, float) == (exponent > 0) else ZERO
    # Integers were answered above, except those too long to be exponents.
    return UNKNOWN if y.q == 1 else math.nan


def floor(x: Number) -> Number:
    """Returns the largest integer that is not above x.

    Raises:
        Undecided: if the enclosure contains an integer in its interior.
    """
    if isinstance(x, float):
        return x
    if isinstance(x, fmpq):
        return fmpq(x.floor())
    integer = x.floor().unique_fmpz() if x.is_finite() else None
    if integer is None:
        raise Undecided(f"the integer part of {_told(x)}")
    return fmpq(integer)


def ceiling(x: Number) -> Number:
    """Returns the smallest integer that is not below x."""
    return -floor(-x)


def truncate(x: Number) -> Number:
    """Returns x rounded to an integer towards zero."""
    if abs(x) < 1:
        return ZERO
    return ceiling(x) if x < 0 else floor(x)


def nearest(x: Number, to_even: bool) -> Number:
    """Returns the nearest integer; halves go to the even neighbour, or else away from zero."""
    below, above = ceiling(subtract(x, HALF)), floor(add(x, HALF))
    if below == above or is_nan(x):
        return above
    if to_even:
        return below if below.p % 2 == 0 else above
    return above if x > 0 else below


def remainder(x: Number, y: Number) -> Number:
    """Returns x - y trunc(x / y), which has the sign of x."""
    exceptional = _exceptional(x, y)
    if exceptional is not None:
        return exceptional
    if isinstance(x, float) or (isinstance(y, fmpq) and y == 0):
        return math.nan
    return x if isinstance(y, float) else subtract(x, multiply(y, truncate(divide(x, y))))


def is_finite(x: Number) -> bool:
    """Whether x is a real number.

    Raises:
        Undecided: if nothing is known about x.
    """
    if is_unknown(x):
        raise Undecided("whether an unknown number is finite")
    return not isinstance(x, float)


def lift(function: Callable, *operands: np.ndarray) -> np.ndarray:
    """Applies a scalar function elementwise, with broadcasting."""
    # Python's inf - inf sets the processor's flags, which numpy would report as its own.
    with np.errstate(all="ignore"):
        result = np.frompyfunc(function, len(operands), 1)(*operands)
    return np.asarray(result, dtype=object)


def to_numbers(array: Any) -> np.ndarray:
    """Returns an array's elements, read exactly, as an object array of `Number`."""
    array = np.asarray(array)
    if array.dtype != object and array.dtype.kind not in "biu":
        # Half precisions have no exact ratio of their own; every such number is a float64.
        array = array.astype(np.float64)
    return lift(exact, array.astype(object))
