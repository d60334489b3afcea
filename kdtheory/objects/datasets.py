r"""All data sets of $n$ examples from a finite example space, one by one or grouped by type.

A data set is a *sequence* of example indices; sequences are in lexicographic order, the last
example varying fastest. What does not depend on the order of the examples needs only the *type*,
how often each example occurs: $\binom{n+m-1}{m-1}$ types instead of $m^n$ sequences, in the order
of their sorted sequences (so that for $n=1$ types and sequences are the same).
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import numpy.typing as npt

from kdtheory import _check

MAX_DATASETS = 1_000_000
"""Beyond this many data sets tables are refused."""

Counts = npt.NDArray[np.int32]


def num_sequences(num_examples: int, num_samples: int) -> int:
    """Returns $m^n$."""
    return num_examples**num_samples


def num_types(num_examples: int, num_samples: int) -> int:
    r"""Returns $\binom{n+m-1}{m-1}$."""
    return math.comb(num_samples + num_examples - 1, num_examples - 1)


@functools.lru_cache(maxsize=16)
def sequences(num_examples: int, num_samples: int) -> Counts:
    """Returns every sequence of example indices.

    Args:
        num_examples: $m$.
        num_samples: $n$.

    Returns:
        Indices, shape ``(m**n, n)``.

    Raises:
        InputError: if there are more than `MAX_DATASETS`.

    Example:
        >>> sequences(2, 2).tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    count = num_sequences(num_examples, num_samples)
    _refuse_many(f"{num_examples}**{num_samples} = {count} data sets", count)
    rows = itertools.product(range(num_examples), repeat=num_samples)
    return np.array(list(rows), dtype=np.int32).reshape(count, num_samples)


@functools.lru_cache(maxsize=16)
def types(num_examples: int, num_samples: int) -> Counts:
    """Returns every type: how often each example occurs.

    Args:
        num_examples: $m$.
        num_samples: $n$.

    Returns:
        Counts, shape ``(types, m)``, rows summing to $n$.

    Raises:
        InputError: if there are more than `MAX_DATASETS`.

    Example:
        >>> types(2, 2).tolist()
        [[2, 0], [1, 1], [0, 2]]
    """
    count = num_types(num_examples, num_samples)
    _refuse_many(f"{count} types of {num_samples} examples out of {num_examples}", count)
    # Stars and bars: m - 1 bars among n + m - 1 places leave the counts between them.
    places = num_samples + num_examples - 1
    rows = itertools.combinations(range(places), num_examples - 1)
    bars = np.array(list(rows), dtype=np.int32).reshape(count, num_examples - 1)
    ends = np.full((count, 1), -1), bars, np.full((count, 1), places)
    return (np.diff(np.concatenate(ends, axis=1), axis=1) - 1)[::-1].astype(np.int32)


@functools.lru_cache(maxsize=16)
def counts(num_examples: int, num_samples: int, grouped: bool) -> Counts:
    """Returns how often each example occurs in every data set.

    Args:
        num_examples: $m$.
        num_samples: $n$.
        grouped: whether data sets are types.

    Returns:
        Counts, shape ``(datasets, m)``.
    """
    if grouped:
        return types(num_examples, num_samples)
    rows = sequences(num_examples, num_samples)
    table = [(rows == example).sum(axis=1) for example in range(num_examples)]
    return np.stack(table, axis=1).astype(np.int32)


def log_multiplicities(table: Counts) -> npt.NDArray[np.float64]:
    """Returns the logarithm of the number of sequences that have each row's counts."""
    from scipy.special import gammaln

    whole = np.asarray(gammaln(table.sum(axis=-1) + 1.0))
    return whole - np.asarray(gammaln(table + 1.0)).sum(axis=-1)


@functools.lru_cache(maxsize=16)
def input_groups(
    inputs: tuple[int, ...], num_samples: int, grouped: bool
) -> tuple[Counts, npt.NDArray[np.int32]]:
    """Returns the data sets' inputs, and which data sets share them.

    Args:
        inputs: the input of every example.
        num_samples: $n$.
        grouped: whether data sets are types.

    Returns:
        One row per configuration of inputs (a sequence of inputs, or how often each occurs), and
        the row of every data set, shape ``(datasets,)``.
    """
    of_example = np.asarray(inputs, dtype=np.int32)
    if grouped:
        membership = of_example[:, None] == np.arange(of_example.max() + 1)
        seen = types(len(inputs), num_samples) @ membership.astype(np.int32)
    else:
        seen = of_example[sequences(len(inputs), num_samples)]
    rows, index = np.unique(seen, axis=0, return_inverse=True)
    return rows.astype(np.int32), index.reshape(-1).astype(np.int32)


def _refuse_many(got: str, count: int) -> None:
    if count > MAX_DATASETS:
        _check.refuse(
            "num_samples",
            got,
            f"at most {MAX_DATASETS:,}",
            "Use fewer samples or examples, or group exchangeable data sets by type.",
        )
