"""Whole samples, one by one: what exact evaluators sum over when there is no closed form."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import numpy.typing as npt

MAX_SAMPLES_ENUMERATED = 100_000


def enumerated(atoms: int, length: int) -> npt.NDArray[np.int32]:
    """Returns all sequences of the given length, the last entry varying fastest.

    Args:
        atoms: how many values an entry has.
        length: the length of a sequence.

    Returns:
        The sequences, shape ``(atoms**length, length)``.

    Raises:
        ValueError: if there are more than `MAX_SAMPLES_ENUMERATED`.
    """
    if atoms**length > MAX_SAMPLES_ENUMERATED:
        raise ValueError(
            f"num_samples: got {atoms}**{length} samples to enumerate; expected at most "
            f"{MAX_SAMPLES_ENUMERATED}. Use fewer samples, inputs or labels."
        )
    return _sequences(atoms, length)


@functools.lru_cache
def _sequences(atoms: int, length: int) -> npt.NDArray[np.int32]:
    return np.array(list(itertools.product(range(atoms), repeat=length)), dtype=np.int32)
