"""Long tables from arrays, and paired comparisons of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kdtheory._check import FloatArray
from kdtheory.replications import statistics
from kdtheory.replications.records import Measurement, Table


def long_table(
    fixed: Mapping[str, Any],
    axes: Sequence[Mapping[str, Sequence[Any]]],
    values: Mapping[str, Any],
) -> Table:
    """Returns a row for every entry of arrays of one shape.

    Args:
        fixed: columns that have one value.
        axes: for every axis the columns that say where along it a row is.
        values: the columns of entries.

    Example:
        >>> table = long_table({"seed": 3}, [{"trial": [0, 1]}, {"d": [4, 8]}], {"auc": np.eye(2)})
        >>> table["d"].tolist(), table["auc"].tolist()
        ([4, 8, 4, 8], [1.0, 0.0, 0.0, 1.0])
    """
    shape = tuple(len(next(iter(axis.values()))) for axis in axes)
    columns = {name: np.full(int(np.prod(shape)), value) for name, value in fixed.items()}
    for place, axis in enumerate(axes):
        rest = [1] * len(shape)
        rest[place] = shape[place]
        for name, along in axis.items():
            columns[name] = np.broadcast_to(np.reshape(np.asarray(along), rest), shape).ravel()
    for name, array in values.items():
        columns[name] = np.broadcast_to(np.asarray(array), shape).ravel()
    return Table(columns)


def crossed(axes: Mapping[str, Sequence[Any]], **values: Any) -> Table:
    """Returns a row for every combination of values, one column for every axis.

    Args:
        axes: column -> its values; the last one varies fastest.
        values: column -> numbers, one for every combination, in as many dimensions.
    """
    return long_table({}, [{name: along} for name, along in axes.items()], values)


def joined(tables: Iterable[Table]) -> Table:
    """Returns the rows of tables with the same columns, one after the other."""
    parts = [table.columns for table in tables]
    return Table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def difference(table: Table, column: str, first: str, second: str) -> FloatArray:
    """Returns what a column has more for one kind of label than for another, trial by trial."""
    one, other = table.where(labels=first), table.where(labels=second)
    if one["trial"].tolist() != other["trial"].tolist():
        raise AssertionError(f"{first} and {second} have other trials")
    return np.asarray(one[column] - other[column], float)


def compared(
    table: Table, first: str, second: str, columns: Mapping[str, str]
) -> tuple[Measurement, ...]:
    """Returns the mean differences of several columns, all intervals together.

    Args:
        table: rows of one setting.
        first: a kind of label.
        second: the kind that is subtracted.
        columns: what is measured -> its column.
    """
    found = [difference(table, column, first, second) for column in columns.values()]
    return statistics.means(list(columns), np.column_stack(found))


def share_left(table: Table, first: str, second: str, column: str, what: str) -> Measurement:
    """Returns the ratio of the means of a column for two kinds of labels, resampled by trials."""
    return statistics.resampled(
        what,
        lambda one, other: np.mean(one) / np.mean(other),
        table.where(labels=first)[column],
        table.where(labels=second)[column],
    )
