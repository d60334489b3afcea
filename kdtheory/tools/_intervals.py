r"""Intervals for many boxes at once, rounded outwards: what a formula takes on each of the boxes.

An `Intervals` is one number of a formula on every box of a batch. Its ends are float64: NumPy's
$+$, $-$, $\times$ and $/$ are correctly rounded (IEEE 754), and one step outwards makes an
enclosure of them; results that may have been flushed to zero are widened to the smallest normal
number. NumPy's logarithms and exponentials come without a guarantee: these are python-flint's balls
at the ends. A product of non-negative numbers keeps zero as its lower end, and a square too. Where
nothing is known, for instance of the logarithm of what may be negative, both ends are NaN.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from kdtheory.tools._ball_primitives import Uncovered

Ends = np.ndarray

_TINY = float(np.finfo(np.float64).tiny)
_LARGEST = float(np.finfo(np.float64).max)


def down(value: Ends) -> Ends:
    """Returns floats below what rounding to nearest made of exact results."""
    return np.where(np.abs(value) < _TINY, -_TINY, np.nextafter(value, -np.inf))


def _up(value: Ends) -> Ends:
    return -down(-value)


def _sum(x: Ends, y: Ends) -> Ends:
    """Returns a lower bound of x + y: exact if one is zero, and at least zero if both are."""
    total = down(x + y)
    total = np.where((x >= 0) & (y >= 0), np.maximum(total, 0), total)
    return np.where(x == 0, y, np.where(y == 0, x, total))


def rounded(value: Any, up: bool) -> float:
    """Returns the float64 next to a fraction, on the side that is asked for."""
    exact = Fraction(value)
    if abs(exact) > _LARGEST:
        end = math.inf if (exact > 0) == up else _LARGEST
        return end if exact > 0 else -end
    nearest = float(exact)
    if Fraction(nearest) == exact or (Fraction(nearest) > exact) == up:
        return nearest
    return math.nextafter(nearest, math.inf if up else -math.inf)


class Intervals:
    """One number of a formula on every box, between two ends.

    To the arithmetic of `_ball_numbers` it is a finite ball that is not exact.
    """

    def __init__(self, low: Ends, high: Ends) -> None:
        unknown = np.isnan(low) | np.isnan(high)
        self.low = np.where(unknown, np.nan, low)
        self.high = np.where(unknown, np.nan, high)

    def is_finite(self) -> bool:
        return True

    def is_exact(self) -> bool:
        return False

    @property
    def is_known(self) -> Ends:
        return np.isfinite(self.low) & np.isfinite(self.high)

    def like(self, number: Any) -> Intervals:
        """Returns a number as intervals of the same length."""
        if isinstance(number, Intervals):
            return number
        if isinstance(number, fmpq):
            number = Fraction(int(number.p), int(number.q))
        if isinstance(number, arb):
            low, high = (
                float_beyond(number.lower(), up=False),
                float_beyond(number.upper(), up=True),
            )
        elif isinstance(number, float) and not math.isfinite(number):
            low = high = number
        else:
            low, high = rounded(number, up=False), rounded(number, up=True)
        return Intervals(np.full_like(self.low, low), np.full_like(self.low, high))

    def __neg__(self) -> Intervals:
        return Intervals(-self.high, -self.low)

    def __add__(self, other: Any) -> Intervals:
        other = self.like(other)
        return Intervals(_sum(self.low, other.low), -_sum(-self.high, -other.high))

    __radd__ = __add__

    def __mul__(self, other: Any) -> Intervals:
        if other is self:
            return self**2
        other = self.like(other)
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        low, high = down(np.minimum.reduce(ends)), _up(np.maximum.reduce(ends))
        # One sign each: the product keeps its sign, whatever rounding outwards does.
        kept = (self.low >= 0) & (other.low >= 0) | (self.high <= 0) & (other.high <= 0)
        lost = (self.low >= 0) & (other.high <= 0) | (self.high <= 0) & (other.low >= 0)
        return Intervals(
            np.where(kept, np.maximum(low, 0), low), np.where(lost, np.minimum(high, 0), high)
        )

    __rmul__ = __mul__

    def reciprocal(self) -> Intervals:
        apart = (self.low > 0) | (self.high < 0)
        low, high = np.where(apart, self.low, np.nan), np.where(apart, self.high, np.nan)
        below, above = down(1 / high), _up(1 / low)
        below = np.where(self.low > 0, np.maximum(below, 0), below)
        return Intervals(below, np.where(self.high < 0, np.minimum(above, 0), above))

    def __truediv__(self, other: Any) -> Intervals:
        return self * self.like(other).reciprocal()

    def __rtruediv__(self, other: Any) -> Intervals:
        return self.like(other) * self.reciprocal()

    def __abs__(self) -> Intervals:
        crossing = (self.low < 0) & (self.high > 0)
        ends = np.abs(self.low), np.abs(self.high)
        return Intervals(np.where(crossing, 0.0, np.minimum(*ends)), np.maximum(*ends))

    def __pow__(self, exponent: int) -> Intervals:
        base = abs(self) if exponent % 2 == 0 else self
        return Intervals(_power(base.low, exponent, up=False), _power(base.high, exponent, up=True))

    def __bool__(self) -> bool:
        raise Uncovered("a branch that depends on the instance")

    def __lt__(self, other: Any) -> bool:
        raise Uncovered("a comparison in an operation without a rule for intervals")

    __gt__ = __le__ = __ge__ = __lt__


def _power(base: Ends, exponent: int, up: bool) -> Ends:
    """Returns bounds of powers; that of a negative number is rounded as its magnitude is not."""
    magnitude = np.abs(base)
    outwards = (base >= 0) == up
    result = magnitude
    for _ in range(exponent - 1):
        product = result * magnitude
        result = np.where(outwards, _up(product), np.maximum(down(product), 0))
    return np.where(base >= 0, result, -result) + 0 * base


def float_beyond(number: arb, up: bool) -> float:
    """Returns a float64 beyond an exact ball: converting it is off by less than one step."""
    return math.nextafter(float(number), math.inf if up else -math.inf)


class Truth:
    """A comparison on every box: whether it may be true, and whether it may be false."""

    def __init__(self, possible: np.ndarray, avoidable: np.ndarray) -> None:
        self.possible = possible
        self.avoidable = avoidable

    def __bool__(self) -> bool:
        raise Uncovered("a branch that depends on the instance")
