"""Exact members of simple sets: rounding to small denominators, one entry or row at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

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


def map_exact(function: Callable[[Any], Fraction], value: Exact) -> Exact:
    """Returns the array of a function's values, entry by entry."""
    result = np.empty(value.shape, dtype=object)
    for index in np.ndindex(value.shape):
        result[index] = function(value[index])
    return result


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


def round_all(value: Exact, denominator: int) -> Exact:
    """Rounds every entry to a multiple of 1/denominator."""
    return map_exact(lambda entry: Fraction(round(entry * denominator), denominator), value)


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """Returns the fraction with the smallest denominator in ``[low, high]``."""
    if low > 0:
        whole = math.ceil(low)
        if whole <= high:
            return Fraction(whole)
        return whole - 1 + 1 / simplest_between(1 / (high - whole + 1), 1 / (low - whole + 1))
    return Fraction(0) if high >= 0 else -simplest_between(-high, -low)


def simple_rows(value: Exact) -> Iterator[Exact]:
    """Yields arrays that differ in one row: a vertex, uniform, or split between two atoms."""
    size = value.shape[-1]
    rows = value.reshape(-1, size)
    vertices = [_unit(size, atom) for atom in range(size)]
    choices = [*vertices, sum(vertices) / Fraction(size)]
    for first, second in itertools.permutations(vertices, 2):
        choices += [(share * first + second) / (share + 1) for share in map(Fraction, (1, 3))]
    for index in range(len(rows)):
        for choice in choices:
            moved = rows.copy()
            moved[index] = choice
            yield moved.reshape(value.shape)


def simple_entries(value: Exact, choices: Iterable[Fraction]) -> Iterator[Exact]:
    """Yields arrays that differ in one entry, which becomes one of the choices."""
    simple = list(choices)
    for index in np.ndindex(value.shape):
        for choice in simple:
            moved = value.copy()
            moved[index] = choice
            yield moved


def _unit(size: int, atom: int) -> Exact:
    result = np.empty(size, dtype=object)
    result[:] = [Fraction(int(index == atom)) for index in range(size)]
    return result
