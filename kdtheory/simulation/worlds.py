"""Finite problems as laws over cells, with values on grids of whole numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kdtheory import _check
from kdtheory.objects.problems import FiniteProblem
from kdtheory.simulation import draws

FloatArray = npt.NDArray[np.float64]

MOST_SAMPLES = 1 << 20
LARGEST_LOSS = 1e75
"""Its fourth power is finite."""

_MOST_HELD, _MOST_CELLS = 1024, 1 << 20


def held(cells: int) -> int:
    """Returns how many laws on so many cells are held at a time."""
    return max(1, min(_MOST_HELD, _MOST_CELLS // cells))


@dataclasses.dataclass(frozen=True)
class Worlds:
    """Checked problems; losses without mass are zero."""

    weights: FloatArray  # (problems, inputs)
    probs: FloatArray  # (problems, inputs, labels)
    losses: FloatArray  # (problems, inputs, labels)
    sizes: npt.NDArray[np.int64]  # (problems,)

    @classmethod
    def of(cls, problems: FiniteProblem | Sequence[FiniteProblem]) -> Worlds:
        """Checks what a user gives."""
        if isinstance(problems, FiniteProblem):
            stacked = np.ndim(problems.input_weights) > 1
            leaves = [
                np.asarray(leaf) if stacked else np.asarray(leaf)[None] for leaf in _parts(problems)
            ]
        else:
            if len(problems) == 0:
                _check.refuse("problems", "none", "at least one", "Give a FiniteProblem.")
            shapes = {tuple(map(np.shape, _parts(problem))) for problem in problems}
            if len(shapes) > 1:
                got = "arrays of the shapes " + " and ".join(map(str, sorted(shapes)))
                _check.refuse("problems", got, "one shape", "Call it once for each shape.")
            leaves = [np.stack(leaf) for leaf in zip(*map(_parts, problems), strict=True)]
        weights, probs, losses, sizes = leaves
        weights = _check.probability_rows("input_weights", weights, "problems", "inputs")
        axes = ("problems", "inputs", "labels")
        probs = _check.probability_rows("label_probs", probs, *axes)
        if probs.shape[:2] != weights.shape:
            got = f"{probs.shape[:2]} rows"
            _check.refuse("label_probs", got, f"{weights.shape}", "Give one for every input.")
        mass = weights[:, :, None] * probs > 0
        if losses.shape == mass.shape:
            losses = np.where(mass, losses, 0.0)
        losses = _check.real_array("losses", losses, *axes)
        _check.same_shape("losses", losses, "label_probs", probs)
        if np.abs(losses).max() > LARGEST_LOSS:
            got = f"{np.abs(losses).max():g}"
            mend = "Divide all losses by a constant; a variance is divided by its square."
            _check.refuse("losses", got, f"at most {LARGEST_LOSS:g} in size", mend)
        if sizes.shape not in ((), (1,), (len(weights),)):
            got, wanted = f"shape {sizes.shape}", f"one number, or {len(weights)}"
            _check.refuse("num_samples", got, wanted, "Give one for every problem.")
        numbers = np.broadcast_to(sizes, (len(weights),)).astype(np.float64)
        for number in np.unique(numbers):
            _check.integer("num_samples", number, low=1, high=MOST_SAMPLES)
        return cls(weights, probs, losses, numbers.astype(np.int64))

    def take(self, at: npt.NDArray[np.int64]) -> Worlds:
        """Returns some of the problems."""
        return Worlds(self.weights[at], self.probs[at], self.losses[at], self.sizes[at])


def _parts(problem: FiniteProblem) -> tuple[Any, ...]:
    return problem.input_weights, problem.label_probs, problem.losses, problem.num_samples


@dataclasses.dataclass(frozen=True)
class Grid:
    """Problems of one sample size, their values on grids, and the laws to draw from.

    A value is ``offsets + steps * values``; the first of the two is the conditional risk of a
    cell's input, the second is the cell's loss minus that.
    """

    worlds: Worlds
    probs: FloatArray  # (problems, cells)
    pairs: FloatArray  # (problems, 2, cells), not rounded
    values: npt.NDArray[np.int64]  # (problems, 2, cells)
    offsets: FloatArray  # (problems, 2)
    steps: FloatArray  # (problems, 2)
    shifts: FloatArray  # (problems, 2): the exact means of the two sums, minus the centres
    laws: draws.Laws

    @classmethod
    def of(cls, worlds: Worlds, keys: npt.NDArray[np.uint32]) -> Grid:
        """Puts problems of one sample size on their grids."""
        count, size = len(worlds.sizes), int(worlds.sizes[0])
        probs = (worlds.weights[:, :, None] * worlds.probs).reshape(count, -1)
        conditional = np.sum(worlds.probs * worlds.losses, axis=2, keepdims=True)
        both = np.broadcast_arrays(conditional, worlds.losses - conditional)
        pairs = np.stack(both, axis=1).reshape(count, 2, -1)
        inside = probs[:, None] > 0
        low = np.min(pairs, axis=2, where=inside, initial=np.inf)
        width = np.max(pairs, axis=2, where=inside, initial=-np.inf) - low
        # The power of two that is at least the width over the largest whole number.
        fraction, exponent = np.frexp(width / ((1 << draws.VALUE_BITS) - 1))
        steps = np.where(width > 0, np.ldexp(1.0, exponent - (fraction == 0.5)), 1.0)
        relative = np.where(inside, pairs - low[:, :, None], 0.0) / steps[:, :, None]
        values = np.rint(relative).astype(np.int64)
        means = size * expectation(probs[:, None], values)
        centres = np.rint(means).astype(np.int64)
        laws = draws.laws(probs, values, centres, keys)
        return cls(worlds, probs, pairs, values, low, steps, means - centres, laws)


def expectation(probs: FloatArray, values: npt.NDArray[Any]) -> FloatArray:
    """Returns means over cells, the last axis.

    Rows in memory are added up one by one, so that the numbers of a problem do not depend on how
    many there are; those of matrix products do.
    """
    return np.sum(np.ascontiguousarray(probs * values), axis=-1)
