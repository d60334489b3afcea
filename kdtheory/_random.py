r"""Keys whose numbers are those of JAX's default keys, several times faster on a CPU.

JAX's default generator is Threefry-2x32 (Salmon et al. 2011): twenty rounds of additions, rotations
and exclusive ors. JAX 0.10 compiles them for CPUs as a loop over whole arrays, which go through
memory five times; written out, they are one pass. The numbers are the same bit for bit, on every
device, so that this module can be replaced by `jax.random.key` when JAX writes the rounds out
itself, and no stored number changes.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import define_prng_impl
from jaxtyping import Array, UInt32

from kdtheory._types import Key

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA

Word = UInt32[Array, "*shape"]


@jax.jit
def threefry(
    key_high: UInt32[Array, ""], key_low: UInt32[Array, ""], high: Word, low: Word
) -> tuple[Word, Word]:
    """Returns the random words at pairs of counters, by the twenty rounds."""
    return _rounds(key_high, key_low, high, low)


def _rounds(key_high: Any, key_low: Any, high: Any, low: Any) -> tuple[Any, Any]:
    """Returns the same for arrays of JAX or of NumPy."""
    schedule = (key_high, key_low, key_high ^ key_low ^ np.uint32(_PARITY))
    high, low = high + key_high, low + key_low
    for group in range(5):
        for rotation in _ROTATIONS[4 * (group % 2) :][:4]:
            high = high + low
            low = high ^ ((low << np.uint32(rotation)) | (low >> np.uint32(32 - rotation)))
        high = high + schedule[(group + 1) % 3]
        low = low + schedule[(group + 2) % 3] + np.uint32(group + 1)
    return high, low


def _counters(shape: tuple[int, ...]) -> tuple[Word, Word]:
    """Returns the position of every entry as a 64-bit number in two words."""
    size = math.prod(shape)
    if size >= 2**32:
        raise ValueError(f"shape: got {shape}; expected fewer than 2^32 entries. Draw in blocks.")
    low = jax.lax.iota(jnp.uint32, size).reshape(shape)
    return jnp.zeros_like(low), low


def _seed(seed: Array) -> UInt32[Array, "2"]:
    # A 32-bit seed has no upper half; shifting by its whole width would not give zero.
    wide = jnp.iinfo(seed.dtype).bits == 64
    high = seed >> 32 if wide else jnp.zeros_like(seed)
    low = seed & 0xFFFFFFFF if wide else seed
    return jnp.stack([high.astype(jnp.uint32), low.astype(jnp.uint32)])


def _split(key: UInt32[Array, "2"], shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    return jnp.stack(threefry(key[0], key[1], *_counters(shape)), axis=-1)


def _fold_in(key: UInt32[Array, "2"], data: Any) -> UInt32[Array, "2"]:
    high, low = _seed(jnp.asarray(data, jnp.uint32))
    return jnp.stack(threefry(key[0], key[1], high, low))


def _random_bits(key: UInt32[Array, "2"], bit_width: int, shape: tuple[int, ...]) -> Array:
    high, low = threefry(key[0], key[1], *_counters(shape))
    dtype = jnp.dtype(f"uint{bit_width}")
    if bit_width == 64:
        return (high.astype(dtype) << jnp.asarray(32, dtype)) | low.astype(dtype)
    return (high ^ low).astype(dtype)


_UNROLLED: Hashable = define_prng_impl(
    key_shape=(2,),
    seed=_seed,
    split=_split,
    random_bits=_random_bits,
    fold_in=_fold_in,
    name="threefry2x32_unrolled",
    tag="kdt",
)


def random_key(seed: int) -> Key:
    """Returns a key that draws what ``jax.random.key(seed)`` draws.

    Args:
        seed: the seed.

    Returns:
        A typed key, for every function of `jax.random`.

    Example:
        >>> fast = jax.random.uniform(random_key(3), (2,))
        >>> bool((fast == jax.random.uniform(jax.random.key(3), (2,))).all())
        True
    """
    return jax.random.key(seed, impl=_UNROLLED)


def key_words(seed: int, *data: int) -> np.ndarray:
    """Returns the words of a key into which numbers were folded one after another.

    NumPy makes them, in less time than JAX takes to look for a program; and a program that takes
    words is called five times as fast as one that takes a key.

    Args:
        seed: as for `random_key`, from 0 to 2^64.
        data: the numbers, below 2^32.

    Returns:
        The words, shape ``(2,)``, for `key_of_words`.

    Example:
        >>> key = jax.random.fold_in(jax.random.fold_in(random_key(3), 7), 8)
        >>> bool((key_words(3, 7, 8) == jax.random.key_data(key)).all())
        True
    """
    high, low = np.array([seed >> 32], np.uint32), np.array([seed % 2**32], np.uint32)
    for number in data:
        high, low = _rounds(high, low, np.zeros(1, np.uint32), np.array([number], np.uint32))
    return np.concatenate([high, low])


def key_of_words(words: UInt32[Array, "2"]) -> Key:
    """Returns the key with the given words (traceable)."""
    return jax.random.wrap_key_data(words, impl=_UNROLLED)
