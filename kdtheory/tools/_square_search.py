r"""Searches for sum-of-squares certificates. Nothing here is trusted: the checker decides.

The Gram matrices that make the identity true are an affine space, which exact elimination finds. A
barrier method maximizes the smallest eigenvalue over it. If that is positive, the middle is rounded
to rational numbers. If it is zero, there is equality somewhere, and all solutions have a common
kernel: the basis is reduced to its complement, and the search starts again.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from kdtheory._semidefinite import is_semidefinite
from kdtheory.certificates.sums_of_squares import EQUAL, FORMAT, KIND, Polynomial
from kdtheory.tools._barrier import centre
from kdtheory.tools._polynomials import Statement

MAX_COLUMNS = 1500
"""Above so many unknowns a search is not started."""

_DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 2**8, 2**12, 2**16, 2**20)
_EPSILON = 1e-6


@dataclasses.dataclass
class _Block:
    """A multiplier, and the basis of its Gram matrix."""

    names: tuple[str, ...]
    multiplier: Polynomial
    basis: list[Polynomial]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(itertools.combinations_with_replacement(range(len(self.basis)), 2))


def products(statement: Statement, factors: int) -> list[tuple[str, ...]]:
    """Returns the products of up to so many of the non-negative polynomials, the empty one first.

    Args:
        statement: what is to be certified.
        factors: the largest number of factors.
    """
    names = [name for name, value in statement.nonnegative.items() if not value.is_constant()]
    counts = range(factors + 1)
    return [one for count in counts for one in itertools.combinations(names, count)]


class TooLarge(Exception):
    """A search with more than `MAX_COLUMNS` unknowns, which is not started."""


def find(statement: Statement, multipliers: Sequence[tuple[str, ...]]) -> dict[str, Any] | None:
    """Searches for a certificate with given multipliers.

    Args:
        statement: what is to be certified.
        multipliers: products of the non-negative polynomials, as tuples of their names.

    Returns:
        The data of a certificate that the checker has yet to see; None if none was found.

    Raises:
        TooLarge: if there would be too many unknowns.
    """
    limits = _Limits(statement)
    blocks = []
    for names in multipliers:
        multiplier = math.prod(
            (statement.nonnegative[name] for name in names), start=limits.ring.constant(1)
        )
        block = _Block(names, multiplier, limits.monomials(multiplier, 2))
        if block.basis and statement.relation != EQUAL:
            blocks.append(block)
    if sum(len(block.pairs) for block in blocks) > MAX_COLUMNS:
        raise TooLarge
    while True:
        space = _affine_space(statement, blocks, limits)
        if space is None:
            return None
        level, free = _centre(space, blocks)
        found = _rounded(statement, blocks, space, free)
        if found is not None or level < -_EPSILON or not blocks:
            return found
        reduced = [_reduced(block, space.grams(blocks, free)[k]) for k, block in enumerate(blocks)]
        smaller = [block for block in reduced if block.basis]
        if sum(len(block.basis) for block in smaller) == sum(len(b.basis) for b in blocks):
            return None
        blocks = smaller


class _Limits:
    """Which degrees a summand may have: no more, and no less, than the target.

    Degrees are counted in all variables, in those of each part of the domain, and in each alone.
    """

    def __init__(self, statement: Statement) -> None:
        self.ring = statement.target.context()
        parts: dict[str, list[int]] = {}
        for place, name in enumerate(statement.variables):
            parts.setdefault(name.partition("[")[0], []).append(place)
        self.parts = list(parts.values())
        self.variables = list(range(len(statement.variables)))
        self.groups = [self.variables, *self.parts, *([place] for place in self.variables)]
        limiting = [statement.target, *statement.zero.values()]
        degrees = [_extremes(value, self.groups, max) for value in limiting]
        self.largest = [max(column) for column in zip(*degrees, strict=True)]
        least = _extremes(statement.target, self.parts, min)
        self.smallest = [0] * len(least) if statement.zero else least

    def room(self, multiplier: Polynomial, power: int) -> Iterator[tuple[int, ...]]:
        """Yields the exponents of the monomials a power of which may stand beside a multiplier."""
        used = _extremes(multiplier, self.groups, max)
        left = [bound - degree for bound, degree in zip(self.largest, used, strict=True)]
        at_least = _extremes(multiplier, self.parts, min)
        needed = [bound - degree for bound, degree in zip(self.smallest, at_least, strict=True)]
        for count in range(left[0] // power + 1 if min(left) >= 0 else 0):
            for chosen in itertools.combinations_with_replacement(self.variables, count):
                key = tuple(chosen.count(place) for place in self.variables)
                if all(
                    power * sum(key[place] for place in group) <= bound
                    for group, bound in zip(self.groups, left, strict=True)
                ) and all(
                    power * sum(key[place] for place in group) >= bound
                    for group, bound in zip(self.parts, needed, strict=True)
                ):
                    yield key

    def monomials(self, multiplier: Polynomial, power: int) -> list[Polynomial]:
        """Returns the monomials a power of which may stand beside a multiplier."""
        return [self.ring.from_dict({key: fmpq(1)}) for key in self.room(multiplier, power)]


def _extremes(value: Polynomial, groups: list[list[int]], choose: Any) -> list[int]:
    """Returns the largest or smallest degree of the terms in each group of variables."""
    keys = list(value.to_dict()) or [(0,) * len(value.context().names())]
    return [choose(sum(key[place] for place in group) for key in keys) for group in groups]


@dataclasses.dataclass(frozen=True)
class _Space:
    """All solutions of the identity: a particular one, and directions, in columns."""

    cofactors: list[tuple[str, Polynomial]]
    start: list[fmpq]
    directions: list[list[fmpq]]

    def exact(self, free: Sequence[fmpq]) -> list[fmpq]:
        """Returns a solution."""
        result = list(self.start)
        for number, direction in zip(free, self.directions, strict=True):
            for place, entry in enumerate(direction):
                if entry and number:
                    result[place] += number * entry
        return result

    def grams(self, blocks: list[_Block], free: Any) -> list[np.ndarray]:
        """Returns the Gram matrices of a solution in floating point."""
        columns = _floats(self.start)
        for number, direction in zip(free, self.directions, strict=True):
            columns += number * _floats(direction)
        return _matrices(blocks, columns[len(self.cofactors) :])


def _matrices(blocks: list[_Block], entries: Any) -> list[Any]:
    """Returns symmetric matrices from their upper triangles, one after the other."""
    result, start = [], 0
    for block in blocks:
        matrix = np.zeros((len(block.basis),) * 2, dtype=np.asarray(entries).dtype)
        for (i, j), entry in zip(block.pairs, entries[start:], strict=False):
            matrix[i, j] = matrix[j, i] = entry
        start += len(block.pairs)
        result.append(matrix)
    return result


def _affine_space(statement: Statement, blocks: list[_Block], limits: _Limits) -> _Space | None:
    """Solves the identity for all coefficients; None if there is no solution."""
    cofactors = [
        (name, monomial)
        for name, value in statement.zero.items()
        for monomial in limits.monomials(value, 1)
    ]
    columns = [statement.zero[name] * value for name, value in cofactors]
    for block in blocks:
        for i, j in block.pairs:
            columns.append(block.multiplier * block.basis[i] * block.basis[j] * (1 + (i < j)))
    columns.append(statement.target)
    terms = [column.to_dict() for column in columns]
    rows = {key: place for place, key in enumerate(dict.fromkeys(itertools.chain(*terms)))}
    table = [[fmpq(0)] * len(columns) for _ in rows]
    for place, column in enumerate(terms):
        for key, number in column.items():
            table[rows[key]][place] = number
    if not rows:
        return _Space(cofactors, [fmpq(0)] * (len(columns) - 1), [])
    matrix, rank = fmpq_mat(len(rows), len(columns), [x for row in table for x in row]).rref()
    last = len(columns) - 1
    pivots = []
    for row in range(rank):
        pivots.append(next(place for place in range(last + 1) if matrix[row, place] != 0))
    if pivots and pivots[-1] == last:
        return None
    start = [fmpq(0)] * last
    for row, pivot in enumerate(pivots):
        start[pivot] = matrix[row, last]
    directions = []
    # A free column among the cofactors changes cofactors only: it is left at zero.
    for place in sorted(set(range(len(cofactors), last)) - set(pivots)):
        direction = [fmpq(0)] * last
        direction[place] = fmpq(1)
        for row, pivot in enumerate(pivots):
            direction[pivot] = -matrix[row, place]
        directions.append(direction)
    return _Space(cofactors, start, directions)


def _centre(space: _Space, blocks: list[_Block]) -> tuple[float, np.ndarray]:
    """Returns the largest smallest eigenvalue, and the free coefficients where it is reached."""
    skip = len(space.cofactors)
    moves = [_matrices(blocks, _floats(direction)[skip:]) for direction in space.directions]
    shapes = [(len(moves), len(block.basis), len(block.basis)) for block in blocks]
    directions = [
        np.array([move[k] for move in moves], dtype=float).reshape(shape)
        for k, shape in enumerate(shapes)
    ]
    level, free = centre(_matrices(blocks, _floats(space.start)[skip:]), directions)
    return level, free if blocks else np.zeros(len(space.directions))


def _floats(numbers: Sequence[fmpq]) -> np.ndarray:
    return np.array([float(Fraction(int(x.p), int(x.q))) for x in numbers])


def _rounded(
    statement: Statement, blocks: list[_Block], space: _Space, free: np.ndarray
) -> dict[str, Any] | None:
    """Returns the certificate at the simplest rational coefficients nearby that make one."""
    for denominator in _DENOMINATORS:
        exact = space.exact([fmpq(round(x * denominator), denominator) for x in free.tolist()])
        grams = _matrices(blocks, np.array(exact[len(space.cofactors) :], dtype=object))
        rows = [
            [[entry if isinstance(entry, fmpq) else fmpq(entry) for entry in row] for row in matrix]
            for matrix in grams
        ]
        if all(map(is_semidefinite, rows)):
            return _data(statement, blocks, rows, space, exact)
        if not space.directions:
            break
    return None


def _data(
    statement: Statement, blocks: list[_Block], grams: Any, space: _Space, exact: list[fmpq]
) -> dict[str, Any]:
    squares: list[dict[str, Any]] = []
    for block, gram in zip(blocks, grams, strict=True):
        used = [k for k, row in enumerate(gram) if any(entry != 0 for entry in row)]
        if used:
            squares.append(
                {
                    "multipliers": list(block.names),
                    "basis": [str(block.basis[k]) for k in used],
                    "gram": [[str(gram[i][j]) for j in used] for i in used],
                }
            )
    cofactors: dict[str, Polynomial] = {}
    for (name, monomial), number in zip(space.cofactors, exact, strict=False):
        if number:
            cofactors[name] = cofactors.get(name, 0 * monomial) + number * monomial
    names = {name for square in squares for name in square["multipliers"]}
    known = {k: v for k, v in statement.nonnegative.items() if k in names}
    zero = {k: v for k, v in statement.zero.items() if k in cofactors}
    return {
        "format": FORMAT,
        "kind": KIND,
        "relation": statement.relation,
        "variables": list(statement.variables),
        "target": str(statement.target),
        "nonnegative": {name: str(value) for name, value in known.items()},
        "zero": {name: str(value) for name, value in zero.items()},
        "squares": squares,
        "cofactors": {name: str(value) for name, value in cofactors.items()},
    }


def _reduced(block: _Block, gram: np.ndarray) -> _Block:
    """Returns the block on the complement of its kernel, with a basis of simple fractions."""
    values, vectors = np.linalg.eigh(gram)
    kept = vectors[:, values > 1e-4 * max(1.0, values[-1])].T
    rows = _echelon(kept)
    basis = []
    for row in rows:
        numbers = [Fraction(float(x)).limit_denominator(24) for x in row]
        pairs = zip(numbers, block.basis, strict=True)
        terms = (fmpq(number.numerator, number.denominator) * one for number, one in pairs)
        basis.append(sum(terms, 0 * block.basis[0]))
    return _Block(block.names, block.multiplier, basis)


def _echelon(matrix: np.ndarray) -> np.ndarray:
    """Returns the reduced row echelon form of a matrix of full row rank."""
    matrix, row = matrix.copy(), 0
    for column in range(matrix.shape[1]):
        if row == len(matrix):
            break
        pivot = row + int(np.argmax(np.abs(matrix[row:, column])))
        if abs(matrix[pivot, column]) < 1e-3:
            continue
        matrix[[row, pivot]] = matrix[[pivot, row]]
        matrix[row] /= matrix[row, column]
        others = np.arange(len(matrix)) != row
        matrix[others] -= np.outer(matrix[others, column], matrix[row])
        row += 1
    return matrix
