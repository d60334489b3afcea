"""What the tables of a process are checked for."""

from __future__ import annotations

from typing import Any

from kdtheory import _check
from kdtheory.objects import datasets

KERNEL = ("datasets", "hypotheses")


def check_shape(name: str, array: Any, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        _check.refuse(
            name,
            f"shape {array.shape}",
            f"shape {expected}, as the other arrays have it",
            "Check the order of the axes, and that nothing is cut.",
        )


def check_columns(name: str, array: Any, num_hypotheses: int) -> None:
    if array.shape[1] != num_hypotheses:
        _check.refuse(
            name,
            f"{array.shape[1]} columns",
            f"{num_hypotheses}, one for every row of losses",
            "Check that it is not transposed: data sets in rows, hypotheses in columns.",
        )


def is_grouped(name: str, rows: int, num_examples: int, num_samples: int) -> bool:
    """Returns whether a table has one row per type; refuses it if it has neither number."""
    # Python's integers do not overflow, however absurd the sizes.
    every = datasets.num_sequences(num_examples, num_samples)
    by_type = datasets.num_types(num_examples, num_samples)
    if rows not in (every, by_type):
        _check.refuse(
            name,
            f"{rows} rows",
            f"{every} (every sequence of {num_samples} out of {num_examples} examples) or "
            f"{by_type} (every type)",
            "Sequences are in lexicographic order, the last example varying fastest.",
        )
    return rows != every


def checked_inputs(inputs: Any, num_examples: int) -> tuple[int, ...] | None:
    if inputs is None:
        return None
    array = _check.real_array("inputs", inputs, "examples")
    if len(array) != num_examples:
        _check.refuse(
            "inputs",
            f"{len(array)} entries",
            f"{num_examples}, one for every example",
            "Name the input of each example.",
        )
    return tuple(_check.integer(f"inputs[{i}]", value, low=0) for i, value in enumerate(array))
