"""Whether a matrix of exact numbers is positive semidefinite, in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def is_semidefinite(matrix: Sequence[Sequence[Any]]) -> bool:
    """Whether a square matrix is symmetric and positive semidefinite, by elimination.

    Args:
        matrix: rows of rational numbers of any exact type.
    """
    size = len(matrix)
    if any(matrix[i][j] != matrix[j][i] for i in range(size) for j in range(i)):
        return False
    rest = [list(row) for row in matrix]
    while rest:
        pivot, row = rest[0][0], rest[0][1:]
        # A zero on the diagonal of a semidefinite matrix has nothing but zeros beside it.
        if pivot < 0 or (pivot == 0 and any(entry != 0 for entry in row)):
            return False
        below = [line[1:] for line in rest[1:]]
        if pivot != 0:
            for line, left in zip(below, row, strict=True):
                for column, above in enumerate(row):
                    line[column] -= left * above / pivot
        rest = below
    return True
