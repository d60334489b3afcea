r"""Linear algebra on object arrays of `Number`, by the textbook algorithms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory.tools import _ball_numbers as numbers
from kdtheory.tools._ball_numbers import ZERO, Number


def _eliminate(start: Number, left: Any, right: Any) -> Number:
    """Returns start - sum of left * right."""
    for x, y in zip(left, right, strict=True):
        start = numbers.subtract(start, numbers.multiply(x, y))
    return start


def _each_matrix(function: Callable[[np.ndarray], Any], matrices: np.ndarray) -> list[Any]:
    batch = matrices.shape[:-2]
    return [function(matrices[index]) for index in np.ndindex(batch)]


def _stack(results: list[Any], batch: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    stacked = np.empty((len(results), *shape), dtype=object)
    for index, result in enumerate(results):
        stacked[index] = result
    return stacked.reshape((*batch, *shape))


def _cholesky(matrix: np.ndarray) -> np.ndarray:
    size = len(matrix)
    factor = np.full((size, size), ZERO, dtype=object)
    for j in range(size):
        pivot = _eliminate(matrix[j, j], factor[j, :j], factor[j, :j])
        if pivot <= 0:
            # Like LAPACK and XLA: a matrix that is not positive definite has no factor.
            return np.full((size, size), math.nan, dtype=object)
        factor[j, j] = numbers.square_root(pivot)
        for i in range(j + 1, size):
            entry = _eliminate(matrix[i, j], factor[i, :j], factor[j, :j])
            factor[i, j] = numbers.divide(entry, factor[j, j])
    return factor


def cholesky(matrices: np.ndarray, **_: Any) -> np.ndarray:
    """Returns the lower Cholesky factors, from the lower triangles; NaN where there is none."""
    return _stack(_each_matrix(_cholesky, matrices), matrices.shape[:-2], matrices.shape[-2:])


def _solve_lower(matrix: np.ndarray, right: np.ndarray, unit_diagonal: bool) -> np.ndarray:
    solution = np.empty(right.shape, dtype=object)
    for i, column in np.ndindex(right.shape):
        entry = _eliminate(right[i, column], matrix[i, :i], solution[:i, column])
        solution[i, column] = entry if unit_diagonal else numbers.divide(entry, matrix[i, i])
    return solution


def triangular_solve(
    matrices: np.ndarray,
    rights: np.ndarray,
    *,
    left_side: bool,
    lower: bool,
    transpose_a: bool,
    unit_diagonal: bool,
    **_: Any,
) -> np.ndarray:
    """Returns the solutions of a x = b (or x a = b), of which only one triangle of a is read."""
    # x a = b is a^T x^T = b^T, and reversing both axes of an upper triangle makes it a lower one.
    transposed = transpose_a != (not left_side)
    is_lower = lower != transposed
    results = []
    for index in np.ndindex(matrices.shape[:-2]):
        matrix = matrices[index].T if transposed else matrices[index]
        right = rights[index] if left_side else rights[index].T
        if is_lower:
            solution = _solve_lower(matrix, right, unit_diagonal)
        else:
            solution = _solve_lower(matrix[::-1, ::-1], right[::-1], unit_diagonal)[::-1]
        results.append(solution if left_side else solution.T)
    return _stack(results, rights.shape[:-2], rights.shape[-2:])


def _lu(matrix: np.ndarray) -> tuple[np.ndarray, list[int], list[int]]:
    factors, num_rows = matrix.copy(), len(matrix)
    permutation, pivots = list(range(num_rows)), []
    for k in range(min(factors.shape)):
        row = k
        for candidate in range(k + 1, num_rows):
            if numbers.order(abs(factors[candidate, k]), abs(factors[row, k])) == 1:
                row = candidate
        pivots.append(row)
        factors[[k, row]] = factors[[row, k]]
        permutation[k], permutation[row] = permutation[row], permutation[k]
        if factors[k, k] == 0:
            # The rest of the column is zero as well: nothing to eliminate.
            continue
        for i in range(k + 1, num_rows):
            factors[i, k] = numbers.divide(factors[i, k], factors[k, k])
            for j in range(k + 1, factors.shape[1]):
                factors[i, j] = _eliminate(
                    factors[i, j], factors[i, k : k + 1], factors[k, j : j + 1]
                )
    return factors, pivots, permutation


def lu(matrices: np.ndarray, **_: Any) -> list[np.ndarray]:
    """Returns both triangular factors in one matrix, the row exchanges and the permutation.

    Raises:
        Undecided: if the balls do not say which entry of a column is the largest.
    """
    batch, (rows, columns) = matrices.shape[:-2], matrices.shape[-2:]
    results = _each_matrix(_lu, matrices)
    return [
        _stack([factors for factors, _, _ in results], batch, (rows, columns)),
        _stack([p for _, p, _ in results], batch, (min(rows, columns),)).astype(np.int32),
        _stack([p for _, _, p in results], batch, (rows,)).astype(np.int32),
    ]
