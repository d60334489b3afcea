r"""Reductions, sorts and products along axes of object arrays of `Number`."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kdtheory.tools import _ball_numbers as numbers
from kdtheory.tools._ball_numbers import Number, lift


def merged_rows(x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Moves the axes to the end and merges them."""
    moved = np.moveaxis(x, axes, range(-len(axes), 0)) if axes else x
    kept = moved.shape[: x.ndim - len(axes)]
    return moved.reshape((*kept, math.prod(moved.shape[len(kept) :])))


def each_row(function: Callable[[list], Any], rows: np.ndarray) -> np.ndarray:
    """Applies a function of a list to the rows along the last axis; returns objects."""
    result = np.empty(rows.shape[:-1], dtype=object)
    for index in np.ndindex(result.shape):
        result[index] = function(list(rows[index]))
    return result


def reduction(combine: Callable, identity: Any) -> Callable:
    def rule(x: np.ndarray, *, axes: Sequence[int], **_: Any) -> np.ndarray:
        start = numbers.exact(identity)
        return each_row(lambda row: functools.reduce(combine, row or [start]), merged_rows(x, axes))

    return rule


def cumulation(combine: Callable) -> Callable:
    def rule(x: np.ndarray, *, axis: int, reverse: bool, **_: Any) -> np.ndarray:
        oriented = np.flip(x, axis) if reverse else x
        rows = np.moveaxis(oriented, axis, -1)
        result = np.empty_like(rows)
        for index in np.ndindex(rows.shape[:-1]):
            result[index] = list(itertools.accumulate(rows[index], combine))
        result = np.moveaxis(result, -1, axis)
        return np.flip(result, axis) if reverse else result

    return rule


def total_order(x: Number, y: Number) -> int:
    """The sorting order of jax: NaN after everything else."""
    if numbers.is_nan(x) or numbers.is_nan(y):
        return int(numbers.is_nan(x)) - int(numbers.is_nan(y))
    result = numbers.order(x, y)
    assert result is not None
    return result


def extreme_index(sign: int) -> Callable:
    """Returns argmax (sign 1) or argmin (-1): the first NaN if any, else the first extreme."""

    def first(row: list) -> int:
        best = 0
        for index, x in enumerate(row):
            if numbers.is_nan(x):
                return index
            if sign * total_order(x, row[best]) > 0:
                best = index
        return best

    def rule(x: np.ndarray, *, axes: Sequence[int], index_dtype: Any, **_: Any) -> np.ndarray:
        return each_row(first, merged_rows(x, axes)).astype(index_dtype)

    return rule


def sort(*operands: np.ndarray, dimension: int, num_keys: int, **_: Any) -> list[np.ndarray]:
    moved = [np.moveaxis(operand, dimension, -1) for operand in operands]
    results = [np.empty_like(rows) for rows in moved]
    for index in np.ndindex(moved[0].shape[:-1]):
        keys = list(zip(*(rows[index] for rows in moved[:num_keys]), strict=True))

        def compare(i: int, j: int, keys: list = keys) -> int:
            differences = itertools.starmap(total_order, zip(keys[i], keys[j], strict=True))
            return next(filter(None, differences), 0)

        permutation = sorted(range(len(keys)), key=functools.cmp_to_key(compare))
        for rows, result in zip(moved, results, strict=True):
            result[index] = rows[index][permutation]
    return [np.moveaxis(result, -1, dimension) for result in results]


def top_k(x: np.ndarray, *, k: int, axis: int, **_: Any) -> list[np.ndarray]:
    rows = np.moveaxis(x, axis, -1)

    def largest(row: list) -> list[int]:
        def descending(i: int, j: int) -> int:
            return total_order(row[j], row[i])

        return sorted(range(len(row)), key=functools.cmp_to_key(descending))[:k]

    indices = np.empty(rows.shape[:-1] + (k,), dtype=np.int32)
    for index in np.ndindex(rows.shape[:-1]):
        indices[index] = largest(list(rows[index]))
    values = np.take_along_axis(rows, indices, -1)
    return [np.moveaxis(values, -1, axis), np.moveaxis(indices, -1, axis)]


def dot_general(x: np.ndarray, y: np.ndarray, *, dimension_numbers: Any, **_: Any) -> np.ndarray:
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    arranged = []
    for operand, contract, batch in ((x, x_contract, x_batch), (y, y_contract, y_batch)):
        free = [axis for axis in range(operand.ndim) if axis not in (*contract, *batch)]
        ordered = operand.transpose((*batch, *free, *contract))
        arranged.append(merged_rows(ordered, range(operand.ndim - len(contract), operand.ndim)))
    left, right = arranged
    num_batch = len(x_batch)
    x_free, y_free = left.ndim - num_batch - 1, right.ndim - num_batch - 1
    left = left.reshape(left.shape[:-1] + (1,) * y_free + left.shape[-1:])
    right = right.reshape(right.shape[:num_batch] + (1,) * x_free + right.shape[num_batch:])
    return reduction(numbers.add, 0)(lift(numbers.multiply, left, right), axes=(-1,))
