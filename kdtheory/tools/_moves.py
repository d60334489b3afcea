"""The moves by which a person would make an instance smaller, on exact parts of a domain.

Every move yields members only: of the same domain (`moves`), or of the domain of a smaller size
(`smaller`). Whether a move keeps what matters is for the referee to say.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from kdtheory._exact import (
    Exact,
    bits,
    clip,
    conditioned,
    constant,
    exact,
    moved_mass,
    simple_rows,
    simple_values,
    vertices,
    without,
)
from kdtheory.domains import Domain, Part

Parts = tuple[Exact, ...]

Cell = tuple[int, tuple[int, ...]]
"""Where to change something: the index of a part, and an index into it."""

Move = Callable[[Parts], Iterator[Parts]]
"""Exact parts -> simpler members, the preferred one first; all are alternatives."""

DENOMINATORS = (*range(1, 7), 8, 10, 12, 16, 20, 24, 32, 50, 64, 100, 200, 500, 1000, 10**4, 10**6)
"""From coarse to fine; few enough to try them all."""

PAIRED = 3
"""How many of its simplest values a cell takes when another moves too, if one is simple already."""


# --- to a smaller size ------------------------------------------------------------------------


def controlled_axes(domain: Domain, below: Domain) -> list[tuple[int, ...]] | None:
    """Returns, for every part, the axes that are shorter by one in the domain of a smaller size.

    Args:
        domain: the domain at a size.
        below: the domain at that size with one entry lowered by one.

    Returns:
        The axes along which dropping one index, everywhere the same, leads from one domain to the
        other; None if the shapes or kinds differ in anything else.
    """
    if [part.kind for part in domain.parts] != [part.kind for part in below.parts]:
        return None
    result = []
    for part, shorter in zip(domain.parts, below.parts, strict=True):
        if len(part.shape) != len(shorter.shape):
            return None
        lost = [a - b for a, b in zip(part.shape, shorter.shape, strict=True)]
        if not set(lost) <= {0, 1}:
            return None
        result.append(tuple(axis for axis, steps in enumerate(lost) if steps))
    pairs = zip(domain.parts, result, strict=True)
    return result if len({part.shape[axis] for part, own in pairs for axis in own}) <= 1 else None


def smaller(domain: Domain, below: Domain, parts: Parts) -> Iterator[Parts]:
    """Yields members of the domain of a smaller size: with an index dropped, or merged.

    Where the size shortens axes, one index is dropped along all of them. A distribution over that
    axis is conditioned on the rest, or the dropped entry's mass goes to another one. Where it
    shortens none (a static sample size), the parts stay as they are.

    Args:
        domain: the domain at a size.
        below: the domain at that size with one entry lowered by one.
        parts: exact parts, a member of ``domain``.

    Yields:
        Members of ``below``; none where there is no such move.
    """
    axes = controlled_axes(domain, below)
    if axes is None:
        return
    for candidate in _dropped(domain, axes, parts) if any(axes) else (parts,):
        yield tuple(map(_fitted, below.parts, candidate))


def _fitted(part: Part, value: Exact) -> Exact:
    """Moves entries into the range of the smaller domain: an index may be gone."""
    return clip(value, part.low, part.high) if part.kind in ("box", "integers") else value


def _dropped(domain: Domain, axes: list[tuple[int, ...]], parts: Parts) -> Iterator[Parts]:
    # Which parts are distributions over the axis that loses an entry?
    spread = [
        part.kind == "simplex" and len(part.shape) - 1 in own
        for part, own in zip(domain.parts, axes, strict=True)
    ]
    length = next(part.shape[own[0]] for part, own in zip(domain.parts, axes, strict=True) if own)

    def left(index: int) -> Fraction:
        pairs = zip(parts, axes, strict=True)
        return sum((_weight(without(value, own, index)) for value, own in pairs), Fraction(0))

    def drop(index: int, change: Callable[[Exact], Exact | None]) -> Iterator[Parts]:
        changed = []
        for value, own, over in zip(parts, axes, spread, strict=True):
            new = change(value) if over else value
            if new is None:
                return
            changed.append(without(new, own, index))
        yield tuple(changed)

    # What weighs least is most likely not to matter.
    order = sorted(range(length), key=lambda index: -left(index))
    for index in order:
        yield from drop(index, partial(conditioned, index=index))
    if any(spread):
        for index, into in itertools.permutations(order, 2):
            yield from drop(index, partial(moved_mass, index=index, into=into))


def _weight(value: Exact) -> Fraction:
    return sum(map(abs, value.reshape(-1)), Fraction(0))


# --- within a size ----------------------------------------------------------------------------


def moves(domain: Domain) -> Iterator[Move]:
    """Yields the moves within a domain, the most drastic first.

    One denominator for everything; then for one part; one value for a whole part; all the mass of
    an atom to another atom, in every distribution of that length at once; then a cell at a time
    (an entry, or a distribution), and two cells at a time.

    Args:
        domain: the domain.

    Yields:
        Functions of exact parts, each of which yields members that are alternatives.
    """
    everything = range(len(domain.parts))
    yield partial(_coarsened, domain, everything)
    for index in everything:
        yield partial(_coarsened, domain, (index,))
        yield partial(_levelled, domain, index)
    for length in sorted({part.shape[-1] for part in domain.parts if part.kind == "simplex"}):
        yield from (partial(_emptied, domain, length, atom) for atom in range(length))
    cells = [(index, cell) for index in everything for cell in _cells(domain.parts[index])]
    for cell in cells:
        yield partial(_one_changed, domain, cell)
    yield partial(_two_changed, domain, cells)


def _coarsened(domain: Domain, chosen: Container[int], parts: Parts) -> Iterator[Parts]:
    for denominator in DENOMINATORS:
        yield tuple(
            part.coarsen(value, denominator) if index in chosen else value
            for index, (part, value) in enumerate(zip(domain.parts, parts, strict=True))
        )


def _levelled(domain: Domain, index: int, parts: Parts) -> Iterator[Parts]:
    part = domain.parts[index]
    if part.kind == "simplex":
        size = part.shape[-1]
        rows = [*vertices(size), constant(Fraction(1, size), size)]
        values = [np.broadcast_to(row, part.shape) for row in rows]
    elif part.kind == "psd":
        values = [constant(Fraction(0), *part.shape), exact(np.eye(part.shape[0]))]
    else:
        values = [constant(x, *part.shape) for x in (Fraction(0), Fraction(1), *_ends(part))]
    for value in values:
        if part.contains(value):
            yield (*parts[:index], value, *parts[index + 1 :])


def _emptied(domain: Domain, length: int, atom: int, parts: Parts) -> Iterator[Parts]:
    chosen = [part.kind == "simplex" and part.shape[-1] == length for part in domain.parts]
    for into in range(length):
        if into != atom:
            yield tuple(
                moved_mass(value, atom, into) if own else value
                for value, own in zip(parts, chosen, strict=True)
            )


def _cells(part: Part) -> Iterator[tuple[int, ...]]:
    """Yields where a part can change alone: at a distribution, or an entry (of one triangle)."""
    for cell in np.ndindex(part.shape[:-1] if part.kind == "simplex" else part.shape):
        if part.kind != "psd" or cell[0] <= cell[1]:
            yield cell


def _with(domain: Domain, parts: Parts, changes: dict[Cell, Any]) -> Iterator[Parts]:
    """Yields the parts with some cells changed, if they are a member."""
    changed = list(parts)
    for (index, cell), value in changes.items():
        changed[index] = changed[index].copy()
        changed[index][cell] = value
        if domain.parts[index].kind == "psd":
            changed[index][cell[::-1]] = value
    if all(domain.parts[index].contains(changed[index]) for index, _ in changes):
        yield tuple(changed)


def _one_changed(domain: Domain, cell: Cell, parts: Parts) -> Iterator[Parts]:
    index, place = cell
    for choice in _choices(domain.parts[index], parts[index][place]):
        yield from _with(domain, parts, {cell: choice})


def _two_changed(domain: Domain, cells: list[Cell], parts: Parts) -> Iterator[Parts]:
    """Yields members in which two cells change and have fewer digits together, the fewest first."""
    choices, now = {}, {}
    for index, place in cells:
        value = parts[index][place]
        simple = _choices(domain.parts[index], value)
        choices[index, place] = [(bits(choice), choice) for choice in simple]
        now[index, place] = bits(value)
    options = []
    for pair in itertools.combinations(cells, 2):
        # Simple already (a vertex, 0 or 1)? Two such cells can only vanish together.
        most = (1, PAIRED, None)[sum(now[cell] > 1 for cell in pair)]
        for values in itertools.product(*(choices[cell][:most] for cell in pair)):
            gain = sum(much for much, _ in values) - sum(now[cell] for cell in pair)
            if gain < 0:
                changes = {cell: value for cell, (_, value) in zip(pair, values, strict=True)}
                options.append((gain, changes))
    for _, changes in sorted(options, key=lambda option: option[0]):
        yield from _with(domain, parts, changes)


def _choices(part: Part, value: Any) -> list[Any]:
    """Returns simple values of one cell, the simplest first."""
    if part.kind == "simplex":
        return simple_rows(value, DENOMINATORS)
    choices = simple_values(value, DENOMINATORS, _ends(part))
    if part.kind == "psd":
        return choices
    return [choice for choice in choices if part.contains(constant(choice, *part.shape))]


def _ends(part: Part) -> list[Fraction]:
    return [Fraction(end) for end in (part.low, part.high) if abs(end) < np.inf]
