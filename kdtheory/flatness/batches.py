"""Sums over examples in fixed memory: a few examples at a time, one program for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

Loss = Callable[[Any, Any], Any]
"""(parameters, one example) -> a number."""

MOST_NUMBERS = 2**22
"""How many numbers a batch of per-example derivatives may have: 32 MiB in float64."""


def num_examples(data: Any) -> int:
    """Returns the length of the leading axis that all arrays of a pytree share."""
    return int(jax.tree.leaves(data)[0].shape[0])


def batches(
    count: int, batch_size: int
) -> tuple[Int[Array, "batches size"], Float[Array, "batches size"]]:
    r"""Returns which examples make up every batch, and their weights in the mean.

    The batches have one size, so that one program serves all: the last ones are filled up with
    examples that have a weight of zero. The others have $1/n$.

    Args:
        count: $n$.
        batch_size: the most examples in a batch.
    """
    number = -(-count // batch_size)
    size = -(-count // number)
    places = jnp.arange(number * size).reshape(number, size)
    weights = jnp.where(places < count, 1.0 / count, 0.0)
    return places % count, weights


def mean_of_batches(
    of_batch: Callable[[Any, Any], Any], data: Any, batch_size: int, like: Any
) -> Any:
    """Returns the sum over batches of a function of (examples, weights).

    Args:
        of_batch: traceable; it returns an array of the shape of ``like``.
        data: a pytree of arrays with a common leading axis.
        batch_size: the most examples in a batch.
        like: zeros.
    """

    def add(total: Any, batch: Any) -> tuple[Any, None]:
        places, weights = batch
        return total + of_batch(jax.tree.map(lambda leaf: leaf[places], data), weights), None

    return jax.lax.scan(add, like, batches(num_examples(data), batch_size))[0]


def each(of_example: Callable[[Any], Any], data: Any, batch_size: int) -> Any:
    """Returns a function of every example, computed a batch at a time.

    Args:
        of_example: traceable; it returns numbers, in a pytree.
        data: a pytree of arrays with a common leading axis.
        batch_size: the most examples in a batch.
    """

    def of_batch(places: Any) -> Any:
        return jax.vmap(of_example)(jax.tree.map(lambda leaf: leaf[places], data))

    count = num_examples(data)
    found = jax.lax.map(of_batch, batches(count, batch_size)[0])
    return jax.tree.map(lambda leaf: leaf.reshape(-1)[:count], found)


def derivative_batch(batch_size: int, num_parameters: int) -> int:
    """Returns how many derivatives of single examples fit into memory at a time."""
    return max(1, min(batch_size, MOST_NUMBERS // num_parameters))
