r"""Small worlds, exactly: the error of a shared teacher by enumeration, and the parts of bounds."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import finite_mean, samples_of

_Row = tuple[Any, ...]


class World(NamedTuple):
    r"""A finite world, in rational numbers.

    Attributes:
        inputs: $\pi$.
        truth: $p^*$, a row for every input.
        losses: $\ell$, a row for every input.
        draws: $w$, the law of the teacher.
        teachers: $p_\tau$, a table like the truth for every draw.
    """

    inputs: _Row
    truth: tuple[_Row, ...]
    losses: tuple[_Row, ...]
    draws: _Row
    teachers: tuple[tuple[_Row, ...], ...]


def dot(probs: _Row, losses: _Row) -> Any:
    r"""Returns $p\cdot\ell$."""
    return sum(p * loss for p, loss in zip(probs, losses, strict=True))


def squared_distance(first: _Row, second: _Row) -> Any:
    r"""Returns $\|p-q\|_2^2$."""
    return sum((p - q) ** 2 for p, q in zip(first, second, strict=True))


def mean_row(weights: _Row, rows: tuple[_Row, ...]) -> _Row:
    """Returns the weighted mean of rows."""
    columns = zip(*rows, strict=True)
    return tuple(dot(weights, column) for column in columns)


def risk(world: World) -> Any:
    """Returns the population risk R."""
    pairs = zip(world.truth, world.losses, strict=True)
    return dot(world.inputs, tuple(dot(probs, losses) for probs, losses in pairs))


def _distilled(world: World, teacher: tuple[_Row, ...]) -> _Row:
    return tuple(dot(probs, losses) for probs, losses in zip(teacher, world.losses, strict=True))


def shared_error(world: World, num_samples: int) -> Any:
    r"""Returns $\mathbb E(\tilde R-R)^2$ by enumerating teachers and samples."""
    target = risk(world)
    total: Any = Fraction(0)
    for weight, teacher in zip(world.draws, world.teachers, strict=True):
        law = list(zip(world.inputs, _distilled(world, teacher), strict=True))
        total += weight * finite_mean(
            samples_of(law, num_samples),
            lambda drawn: (sum(drawn) / Fraction(len(drawn)) - target) ** 2,
        )
    return total


def _pairs(world: World) -> Iterator[tuple[Any, Any, _Row, _Row]]:
    """The weight of an input and a draw, the distilled loss, the teacher's row and the true one."""
    for weight, teacher in zip(world.draws, world.teachers, strict=True):
        rows = zip(world.inputs, _distilled(world, teacher), teacher, world.truth, strict=True)
        for probability, loss, row, truth in rows:
            yield weight * probability, loss, row, truth


def joint_variance(world: World) -> Any:
    r"""Returns $\mathbb V_{x,\tau}[p_\tau\cdot\ell]$."""
    mean = sum(weight * loss for weight, loss, _, _ in _pairs(world))
    return sum(weight * (loss - mean) ** 2 for weight, loss, _, _ in _pairs(world))


def mean_distance(world: World) -> Any:
    r"""Returns $\mathbb E_{x,\tau}\|p_\tau(x)-p^*(x)\|_2$, an algebraic number."""
    distances = ((w, squared_distance(row, truth)) for w, _, row, truth in _pairs(world))
    return sum(_exact(weight) * sympy.sqrt(_exact(square)) for weight, square in distances)


def mean_squared_distance(world: World) -> Any:
    r"""Returns $\mathbb E_{x,\tau}\|p_\tau(x)-p^*(x)\|_2^2$."""
    return sum(w * squared_distance(row, truth) for w, _, row, truth in _pairs(world))


def _exact(number: Any) -> Any:
    return sympy.Rational(Fraction(number))
