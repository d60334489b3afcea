r"""Independent draws from finite laws, summed: one table look-up of 16 random bits per draw.

A law on cells $k$ with probabilities $P_k$ is written as
$P_k = 2^{-16}(c_k + \rho\,e_k)$ with whole numbers $c_k=\lfloor 2^{16}P_k\rfloor$, what is left,
$\rho=2^{16}-\sum_k c_k$, and a law $e$ on the cells. Sixteen random bits are a slot of a table that
holds cell $k$ in $c_k$ of its slots; the last $\rho$ slots say "draw from $e$", by 63 more bits. So
the law is the one that was given, up to the rounding of double precision numbers, whatever the
probabilities are; where all are multiples of $2^{-16}$, the table is all there is.

What is summed are two whole numbers of at most 21 bits for each cell. They lie in one 64-bit word
with a count of the draws that fell into the last slots, so that one addition does all three;
`SEGMENT` draws are the most that fit.

Random bits are a function of the key, the number of the replicate and the number of the draw alone.
Sums are of whole numbers. So no result depends on how the work is divided.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Int, Int64, UInt, UInt32, UInt64

from kdtheory._random import random_key, threefry

SLOTS = 1 << 16
VALUE_BITS = 21
SEGMENT = 128
SPAN = 1 << 16
"""How many replicates of a law a device takes at a time."""
GROUPS = 64
"""Into how many groups replicates are divided; replicate r is in group r mod 64."""

_FIELD = VALUE_BITS + 7  # the sum of SEGMENT values
_MASK = (1 << _FIELD) - 1
_LEFT_OVER = 1 << (2 * _FIELD)
_LIMB = 21
# Draws of a replicate that fell into the last slots have counters of their own.
_SECOND = 1 << 31

FloatArray = npt.NDArray[np.float64]
WholeArray = npt.NDArray[np.int64]


class Laws(NamedTuple):
    """Finite laws with two whole numbers per cell, and what drawing from them needs.

    Attributes:
        counts: slots of every cell, and those left over, shape ``(laws, cells + 1)``.
        thresholds: where the cells of the law of what is left over end, in units of 2^-63, shape
            ``(laws, cells)``.
        packed: the two numbers of every cell in one word, and the mark of what is left over, shape
            ``(laws, cells + 1)``.
        centres: whole numbers near the means of the two sums, shape ``(laws, 2)``.
        keys: the words of every law's key, shape ``(laws, 2)``.
    """

    counts: Any
    thresholds: Any
    packed: Any
    centres: Any
    keys: Any


def keys_of(seed: int, first: int, count: int) -> npt.NDArray[np.uint32]:
    """Returns the words of the keys of laws ``first``, ``first + 1`` and so on."""
    numbers = jnp.arange(first, first + count, dtype=jnp.uint32)
    keys = jax.vmap(functools.partial(jax.random.fold_in, random_key(seed)))(numbers)
    return np.asarray(jax.random.key_data(keys))


def laws(
    probs: FloatArray, values: WholeArray, centres: WholeArray, keys: npt.NDArray[np.uint32]
) -> Laws:
    """Divides the slots of the table, and packs the numbers.

    Args:
        probs: rows that sum to one up to rounding, shape ``(laws, cells)``.
        values: whole numbers of at most `VALUE_BITS` bits, shape ``(laws, 2, cells)``.
        centres: as in `Laws`.
        keys: as in `Laws`.
    """
    scaled = probs * SLOTS
    # A product of two probabilities may miss a multiple of 2^-16 by its rounding.
    nearest = np.rint(scaled)
    rounded = np.abs(scaled - nearest) <= 4 * np.finfo(float).eps * scaled
    scaled = np.where(rounded, nearest, scaled)
    whole = np.floor(scaled)
    rest = np.cumsum(scaled - whole, axis=1)
    total = np.where(rest[:, -1:] > 0, rest[:, -1:], 1.0)
    slots = whole.astype(np.int64)
    packed = values[:, 0] | (values[:, 1] << _FIELD)
    return Laws(
        np.append(slots, SLOTS - slots.sum(axis=1, keepdims=True), axis=1),
        np.ldexp(rest / total, 63).astype(np.uint64),
        np.append(packed, np.full((len(packed), 1), _LEFT_OVER), axis=1).astype(np.uint64),
        centres,
        keys,
    )


def tables(counts: WholeArray) -> npt.NDArray[Any]:
    """Writes every cell's number into its slots, shape ``(laws, SLOTS)``."""
    count = counts.shape[1]
    cells = np.arange(count, dtype=np.uint16 if count <= SLOTS else np.uint32)
    return np.repeat(np.tile(cells, len(counts)), counts.reshape(-1)).reshape(-1, SLOTS)


Words = tuple[UInt32[Array, "replicates pairs"], UInt32[Array, "replicates pairs"]]


def _bits(
    key: UInt32[Array, "2"], replicates: UInt32[Array, "replicates"], first: Array, pairs: int
) -> Words:
    """Returns pairs of random words, from the pair with number ``first`` on."""
    shape = (len(replicates), pairs)
    number = first.astype(jnp.uint32) + jax.lax.iota(jnp.uint32, pairs)
    replicate = jnp.broadcast_to(replicates[:, None], shape)
    return threefry(key[0], key[1], replicate, jnp.broadcast_to(number[None, :], shape))


def _slots(words: Words) -> list[UInt32[Array, "replicates pairs"]]:
    """Cuts pairs of words into four slots each."""
    return [half for word in words for half in (word & (SLOTS - 1), word >> 16)]


def _left_over_words(
    key: UInt32[Array, "2"], replicates: UInt32[Array, "replicates"], number: Array
) -> UInt64[Array, "replicates"]:
    """Returns 63 bits for the left-over draw with a number, for every replicate."""
    high, low = _bits(key, replicates, jnp.uint32(_SECOND) + number.astype(jnp.uint32), 1)
    word = (high.astype(jnp.uint64) << 32) | low.astype(jnp.uint64)
    return word[:, 0] >> 1


# --- the plain form -------------------------------------------------------------------------------


def drawn_cells(law: Laws, replicates: int, num_samples: int) -> Int[Array, "replicates samples"]:
    """Returns the cell of every single draw from one law, by inverting distribution functions.

    A slot is looked up among the ends of the cells; a slot beyond them all takes the next 63 bits,
    which are looked up among the ends of the cells of what is left over. The fast form does not
    know which draw these replace, only how many there are, which is all that a sum depends on.

    Args:
        law: laws of which the first is taken.
        replicates: how many samples to draw.
        num_samples: how many draws in each.
    """
    key = jnp.asarray(law.keys[0])
    number = jnp.arange(replicates, dtype=jnp.uint32)
    words = _bits(key, number, jnp.uint32(0), -(-num_samples // 4))
    slots = jnp.stack(_slots(words), axis=-1).reshape(replicates, -1)[:, :num_samples]
    cells = jnp.searchsorted(
        jnp.cumsum(jnp.asarray(law.counts[0, :-1])), slots.astype(jnp.int64), side="right"
    )
    left_over = cells == law.thresholds.shape[1]
    order = jnp.cumsum(left_over, axis=1) - 1
    for turn in range(int(jnp.sum(left_over, axis=1).max())):
        word = _left_over_words(key, number, jnp.asarray(turn))
        cell = jnp.searchsorted(jnp.asarray(law.thresholds[0]), word, side="right")
        cells = jnp.where(left_over & (order == turn), cell[:, None], cells)
    return cells


# --- the fast form --------------------------------------------------------------------------------


def _unpacked(total: UInt64[Array, "replicates"]) -> UInt64[Array, "3 replicates"]:
    """Returns the two sums and the count of the draws that are left over."""
    return jnp.stack([total & _MASK, (total >> _FIELD) & _MASK, total >> (2 * _FIELD)])


def _segment(
    table: UInt[Array, "slots"],
    packed: UInt64[Array, "cells"],
    key: UInt32[Array, "2"],
    replicates: UInt32[Array, "replicates"],
    first: Array,
    size: int,
) -> UInt64[Array, "3 replicates"]:
    """Sums ``size`` draws of every replicate, from the pair of words ``first`` on."""
    pairs = -(-size // 4)
    found = []
    for part, slot in enumerate(_slots(_bits(key, replicates, first, pairs))):
        # A slot is in the table whatever the bits are: nothing need be clamped.
        cell = table.at[slot.astype(jnp.int32)].get(mode="promise_in_bounds")
        words = packed.at[cell.astype(jnp.int32)].get(mode="promise_in_bounds")
        if 4 * (pairs - 1) + part >= size:
            words = jnp.where(jnp.arange(pairs)[None, :] < pairs - 1, words, jnp.uint64(0))
        found.append(words)
    return _unpacked(jnp.sum(found[0] + found[1] + found[2] + found[3], axis=1))


def _sums_of_replicates(
    table: UInt[Array, "slots"],
    law: Laws,
    replicates: UInt32[Array, "replicates"],
    num_samples: int,
) -> Int64[Array, "2 replicates"]:
    """Returns the two sums over the draws of every replicate, minus their centres."""
    key = law.keys
    sums = jnp.zeros((3, len(replicates)), jnp.uint64)
    segments, rest = divmod(num_samples, SEGMENT)
    if segments:

        def add(number: Array, before: Array) -> Array:
            first = number * (SEGMENT // 4)
            return before + _segment(table, law.packed, key, replicates, first, SEGMENT)

        sums = jax.lax.fori_loop(0, segments, add, sums)
    if rest:
        first = jnp.asarray(segments * (SEGMENT // 4))
        sums = sums + _segment(table, law.packed, key, replicates, first, rest)
    left_over = sums[2]

    def redraw(state: tuple[Array, Array]) -> tuple[Array, Array]:
        number, before = state
        word = _left_over_words(key, replicates, number)
        cell = jnp.searchsorted(law.thresholds, word, side="right")
        found = _unpacked(law.packed[cell])[:2]
        return number + 1, before + jnp.where(number < left_over, found, jnp.uint64(0))

    start = jnp.zeros((), jnp.uint64), sums[:2]
    _, both = jax.lax.while_loop(lambda state: jnp.any(state[0] < left_over), redraw, start)
    return both.astype(jnp.int64) - law.centres[:, None]


def _moments(
    first: Int64[Array, "replicates"], second: Int64[Array, "replicates"]
) -> list[Int64[Array, "replicates"]]:
    r"""Returns three whole numbers for which the product is $2^{42}a+2^{21}b+c$."""
    # Rounded to nearest: products of small numbers are not differences of large ones.
    half = 1 << (_LIMB - 1)
    high, other = (first + half) >> _LIMB, (second + half) >> _LIMB
    low, rest = first - (high << _LIMB), second - (other << _LIMB)
    return [high * other, high * rest + low * other, low * rest]


@functools.partial(jax.jit, static_argnames=("num_samples", "chunk"))
def group_sums(
    slots: UInt[Array, "laws slots"],
    unit: Laws,
    starts: Int64[Array, "laws"],
    ends: Int64[Array, "laws"],
    *,
    num_samples: int,
    chunk: int,
) -> Int64[Array, "laws 11 groups"]:
    """Returns, for every law and group of replicates, what `moments` makes of.

    Args:
        slots: the laws' `tables`.
        unit: the laws.
        starts: the first replicate for every law, a multiple of `GROUPS`.
        ends: the one after the last.
        num_samples: how many draws make a replicate.
        chunk: how many replicates are held at a time, a multiple of `GROUPS`.
    """

    def one(arguments: tuple[Array, Laws, Array, Array]) -> Array:
        table, law, start, end = arguments

        def add(number: Array, before: Array) -> Array:
            replicate = start + number * chunk + jnp.arange(chunk)
            sums = _sums_of_replicates(table, law, replicate.astype(jnp.uint32), num_samples)
            first, second = jnp.where(replicate < end, sums, 0)
            products = [_moments(first, first), _moments(second, second), _moments(first, second)]
            terms = jnp.stack([first, second, *(term for three in products for term in three)])
            return before + jnp.sum(terms.reshape(len(terms), -1, GROUPS), axis=1)

        chunks = (end - start + chunk - 1) // chunk
        return jax.lax.fori_loop(0, chunks, add, jnp.zeros((11, GROUPS), jnp.int64))

    return jax.lax.map(one, (slots, unit, starts, ends))


def moments(sums: FloatArray, counts: FloatArray, shifts: FloatArray) -> FloatArray:
    r"""Returns, for every group, means of deviations $a$, $b$, $a^2$, $b^2$ and $ab$.

    Args:
        sums: of `group_sums`, shape ``(laws, 11, groups)``.
        counts: replicates in every group, shape ``(groups,)``.
        shifts: the means minus their centres, shape ``(laws, 2)``.

    Returns:
        An array of shape ``(5, laws, groups)``; squares have no cancellation in them, as long as
        the shifts are below one.
    """
    means = np.moveaxis(sums, 1, 0) / counts
    first, second = means[0], means[1]
    high, middle, low = means[2::3], means[3::3], means[4::3]
    squares = (high * 2.0 ** (2 * _LIMB) + middle * 2.0**_LIMB) + low
    a, b = shifts[:, :1], shifts[:, 1:]
    return np.stack(
        [
            first - a,
            second - b,
            squares[0] - 2 * a * first + a * a,
            squares[1] - 2 * b * second + b * b,
            squares[2] - a * second - b * first + a * b,
        ]
    )
