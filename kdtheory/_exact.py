"""Exact arrays: membership in simple sets, rounding to small denominators, and how they read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from kdtheory._semidefinite import is_semidefinite as is_semidefinite_rows

Exact = npt.NDArray[np.object_]
"""An array of `fractions.Fraction`."""


def exact(value: Any) -> Exact:
    """Returns an array of fractions that equals the given floats or fractions exactly."""
    array = np.asarray(value)
    result = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        entry = array[index]
        result[index] = entry if isinstance(entry, Fraction) else Fraction(float(entry))
    return result


def constant(entry: Fraction, *shape: int) -> Exact:
    """Returns an array with one value everywhere."""
    result = np.empty(shape, dtype=object)
    result.fill(entry)
    return result


def map_exact(function: Callable[[Any], Fraction], value: Exact) -> Exact:
    """Returns the array of a function's values, entry by entry."""
    result = np.empty(value.shape, dtype=object)
    for index in np.ndindex(value.shape):
        result[index] = function(value[index])
    return result


# --- membership -------------------------------------------------------------------------------


def is_between(value: Exact, low: float, high: float) -> bool:
    """Whether every entry lies in ``[low, high]``, the ends read as the rationals they are."""
    return all(low <= entry <= high for entry in value.reshape(-1))


def is_whole(value: Exact) -> bool:
    """Whether every entry is an integer."""
    return all(entry.denominator == 1 for entry in value.reshape(-1))


def has_distributions(value: Exact) -> bool:
    """Whether the last axis holds probability vectors: none negative, sums of exactly one."""
    rows = value.reshape(-1, value.shape[-1])
    return min(value.reshape(-1)) >= 0 and all(sum(row) == 1 for row in rows)


def is_semidefinite(value: Exact) -> bool:
    """Whether a matrix is symmetric and positive semidefinite, by elimination."""
    return is_semidefinite_rows(value.tolist())


# --- rounding ---------------------------------------------------------------------------------


def round_all(value: Exact, denominator: int) -> Exact:
    """Rounds every entry to a multiple of 1/denominator."""
    return map_exact(lambda entry: Fraction(round(entry * denominator), denominator), value)


def clip(value: Exact, low: float, high: float) -> Exact:
    """Moves every entry into ``[low, high]``."""
    ends = Fraction(low), Fraction(high)
    return map_exact(lambda entry: min(max(entry, ends[0]), ends[1]), value)


def largest_remainder(row: Exact, denominator: int) -> Exact:
    """Rounds a distribution to multiples of 1/denominator that still sum to one."""
    scaled = [entry * denominator for entry in row]
    counts = [math.floor(entry) for entry in scaled]
    missing = denominator - sum(counts)
    order = sorted(range(len(row)), key=lambda index: (counts[index] - scaled[index], index))
    for index in order[:missing]:
        counts[index] += 1
    result = np.empty(len(row), dtype=object)
    result[:] = [Fraction(count, denominator) for count in counts]
    return result


# --- fewer entries ----------------------------------------------------------------------------


def without(value: Exact, axes: tuple[int, ...], index: int) -> Exact:
    """Deletes the slice of an index along each of the axes."""
    for axis in axes:
        value = np.delete(value, index, axis=axis)
    return value


def moved_mass(value: Exact, index: int, into: int) -> Exact:
    """Adds an entry of the last axis to another one, and leaves zero."""
    result = value.copy()
    result[..., into] += result[..., index]
    result[..., index] = Fraction(0)
    return result


def conditioned(value: Exact, index: int) -> Exact | None:
    """Sets an entry of the last axis to zero and rescales the rest; None if nothing is left."""
    result = value.copy()
    result[..., index] = Fraction(0)
    left = result.sum(axis=-1, keepdims=True)
    return result / left if left.all() else None


# --- simple values ----------------------------------------------------------------------------


def bits(value: Any) -> float:
    """Returns how much there is to write down of a fraction or an array, in bits; 0 for zeros."""
    entries = value.reshape(-1) if isinstance(value, np.ndarray) else [value]
    return sum(math.log2(e.denominator) + math.log2(1 + abs(e.numerator)) for e in entries)


def vertices(size: int) -> list[Exact]:
    """Returns the distributions that are certain of one atom."""
    return [exact(unit) for unit in np.eye(size)]


def simple_rows(row: Exact, denominators: tuple[int, ...]) -> list[Exact]:
    """Returns simpler distributions near a given one, the simplest first.

    The vertices of its support and the first one, the uniform distribution, splits between two of
    its heaviest atoms, and the distribution itself at small denominators, also with one step more
    for the heaviest atom or for the second.
    """
    atoms = vertices(len(row))
    support = np.flatnonzero(row)
    heaviest = sorted(support, key=lambda atom: -row[atom])[:4]
    choices = [atoms[atom] for atom in {0, *support}]
    choices.append(constant(Fraction(1, len(row)), len(row)))
    for first, second in itertools.permutations(heaviest, 2):
        splits = map(Fraction, (1, 2, 3, 4, 1.5))
        choices += [(share * atoms[first] + atoms[second]) / (share + 1) for share in splits]
    for denominator in denominators:
        rounded = largest_remainder(row, denominator)
        step = sum(atoms[atom] * sign for atom, sign in zip(heaviest, (1, -1), strict=False))
        choices += [rounded + step * sign / denominator for sign in (0, 1, -1)]
    unique = {tuple(choice): choice for choice in choices if has_distributions(choice)}
    return sorted(unique.values(), key=bits)


def simple_values(
    entry: Fraction, denominators: tuple[int, ...], others: Iterable[Fraction]
) -> list[Fraction]:
    """Returns simple numbers, the simplest first: 0, 1, -1, some near the entry, and others."""
    nearer = int(entry / 2), int(entry) - (entry > 0) + (entry < 0)
    choices = {*map(Fraction, (0, 1, -1, *nearer)), *others}
    for denominator in denominators:
        below = math.floor(entry * denominator)
        choices |= {Fraction(below, denominator), Fraction(below + 1, denominator)}
    return sorted(choices, key=lambda choice: (bits(choice), choice < 0, choice))


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """Returns the fraction with the smallest denominator in ``[low, high]``."""
    if low > 0:
        whole = math.ceil(low)
        if whole <= high:
            return Fraction(whole)
        return whole - 1 + 1 / simplest_between(1 / (high - whole + 1), 1 / (low - whole + 1))
    return Fraction(0) if high >= 0 else -simplest_between(-high, -low)


# --- how numbers read -------------------------------------------------------------------------


def truncated(value: Fraction, count: int) -> tuple[int, int]:
    """Returns (n, e): a number other than zero, cut after ``count`` digits, is n * 10^e."""
    # The exponent of the leading digit, from logarithms that may be off by rounding.
    exponent = math.floor(math.log10(abs(value.numerator)) - math.log10(value.denominator)) + 1
    while abs(value) < Fraction(10) ** exponent:
        exponent -= 1
    last = exponent - count + 1
    return int(value / Fraction(10) ** last), last


def decimal(leading: int, last: int) -> str:
    """Returns n * 10^e as a decimal, from `truncated`."""
    sign, text = "-" if leading < 0 else "", str(abs(leading))
    point = len(text) + last
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    if 0 < point < len(text):
        return f"{sign}{text[:point]}.{text[point:]}"
    return f"{sign}{text[0]}.{text[1:]}e{point - 1}"
