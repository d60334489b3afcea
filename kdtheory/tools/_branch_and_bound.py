r"""Certificates by boxes: a partition on each part of which an enclosure shows the inequality.

A certificate is a tree of bisections: for every level, the axis along which a box is cut, or a dot
where it is not. Boxes are cut in the middle, so that they cover the root box whatever the tree
says. `recheck` walks the tree and encloses the formula on the leaves, in one of two forms: the
*plain* one, the formula on intervals; and the *mean-value* form
$f(m)+\nabla f(X)\cdot(X-m)$ around the middle $m$, for formulas of smooth operations.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.certificates.sums_of_squares import CertificateError
from kdtheory.tools._balls import interpret
from kdtheory.tools._interval_rules import RULES, SMOOTH, boxes, ends_of
from kdtheory.tools._intervals import Intervals, rounded

FORMAT = 1
KIND = "boxes"
PLAIN, MEAN_VALUE = "plain", "mean value"
MAX_DIMENSION = 3
_BATCH = 4096


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Where a formula must lie on every box.

    Attributes:
        low: its smallest value, a float that is not below what is to be certified.
        high: its largest value, infinite for an inequality.
    """

    low: float
    high: float

    def hold(self, values: Intervals) -> np.ndarray:
        """Whether they hold on all of each box."""
        return (values.low >= self.low) & (values.high <= self.high)

    def fail(self, values: Intervals, exact: Fraction) -> np.ndarray:
        """Whether they fail everywhere on each box, beyond what is to be certified."""
        beyond = values.high < rounded(-exact, up=False)
        return beyond | (values.low > rounded(exact, up=True)) & (self.high < math.inf)


def bounds_of(epsilon: Fraction, equality: bool) -> Bounds:
    """Returns the bounds that "up to epsilon" means."""
    return Bounds(rounded(-epsilon, up=True), rounded(epsilon, up=False) if equality else math.inf)


@dataclasses.dataclass
class Search:
    """What a search for a partition came to.

    Attributes:
        tree: the levels of the tree, if everything was certified.
        box: the corners of a box where the bounds fail, if one was found.
        margin: the enclosure of the formula on that box.
        count: how many boxes were enclosed.
        left: how many were left undecided.
        worst: the smallest lower end on those.
    """

    tree: list[str] | None = None
    box: tuple[np.ndarray, np.ndarray] | None = None
    margin: tuple[float, float] = (math.nan, math.nan)
    count: int = 0
    left: int = 0
    worst: float = math.inf


class Formula:
    """A formula of a few coordinates, to be enclosed on boxes.

    Attributes:
        form: the form that is used.
    """

    def __init__(self, function: Callable[[Any], Any], dimension: int, form: str | None) -> None:
        self._function = function
        self._dimension = dimension
        smooth = _is_smooth(function, dimension)
        if form == MEAN_VALUE and not smooth:
            raise CertificateError(
                "form: the mean-value form needs a formula of smooth operations only."
            )
        self.form = form or (MEAN_VALUE if smooth else PLAIN)
        self._gradient = jax.grad(function)

    def _enclose(self, low: np.ndarray, high: np.ndarray) -> Intervals:
        result = interpret(self._function, boxes(low, high), rules=RULES)
        return ends_of(result, len(low))

    def on(self, low: np.ndarray, high: np.ndarray) -> Intervals:
        """Returns enclosures on boxes with these corners, shape ``(boxes, dimension)``."""
        with np.errstate(all="ignore"):
            plain = self._enclose(low, high)
            if self.form == PLAIN:
                return plain
            middle = 0.5 * (low + high)
            slopes = interpret(self._gradient, boxes(low, high), rules=RULES)
            steps = zip(boxes(low, high), boxes(middle, middle), slopes, strict=True)
            centred: Any = self._enclose(middle, middle)
            for coordinate, centre, slope in steps:
                centred = centred + (coordinate + -centre) * slope
            # What the plain form does not enclose may have no derivative.
            better = plain.is_known & centred.is_known
            return Intervals(
                np.where(better, np.fmax(plain.low, centred.low), plain.low),
                np.where(better, np.fmin(plain.high, centred.high), plain.high),
            )


def _is_smooth(function: Callable[[Any], Any], dimension: int) -> bool:
    """Whether a formula consists of operations that are known to be differentiable."""

    def smooth(jaxpr: Any) -> bool:
        return all(
            equation.primitive.name in SMOOTH
            and all(jnp.issubdtype(v.aval.dtype, jnp.floating) for v in equation.outvars)
            and ("jaxpr" not in equation.params or smooth(equation.params["jaxpr"].jaxpr))
            for equation in jaxpr.eqns
        )

    with jax.enable_x64(True):
        return smooth(jax.make_jaxpr(function)(jnp.zeros(dimension)).jaxpr)


def _children(low: np.ndarray, high: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the halves of boxes, cut in the middle along an axis each."""
    rows = np.arange(len(low))
    middle = 0.5 * (low[rows, axes] + high[rows, axes])
    lows, highs = np.repeat(low, 2, axis=0), np.repeat(high, 2, axis=0)
    highs[2 * rows, axes] = middle
    lows[2 * rows + 1, axes] = middle
    return lows, highs


def _in_batches(formula: Formula, low: np.ndarray, high: np.ndarray) -> Intervals:
    parts = [
        formula.on(low[start : start + _BATCH], high[start : start + _BATCH])
        for start in range(0, len(low), _BATCH)
    ]
    return Intervals(
        np.concatenate([part.low for part in parts]), np.concatenate([part.high for part in parts])
    )


def search(
    formula: Formula,
    root: Sequence[tuple[float, float]],
    epsilon: Fraction,
    equality: bool,
    max_boxes: int,
) -> Search:
    """Searches for a partition, level by level, or for a box where the bounds fail.

    Args:
        formula: larger side minus smaller side.
        root: the ends of each coordinate.
        epsilon: how far below zero the formula may lie.
        equality: whether it may not lie further above zero either.
        max_boxes: when to give up.

    Returns:
        What was found.
    """
    bounds = bounds_of(epsilon, equality)
    low = np.array([[a for a, _ in root]], dtype=np.float64)
    high = np.array([[b for _, b in root]], dtype=np.float64)
    widths = high[0] - low[0]
    tree: list[str] = []
    count = 0
    while True:
        values = _in_batches(formula, low, high)
        count += len(low)
        failing = np.flatnonzero(bounds.fail(values, epsilon))
        if len(failing):
            first = failing[0]
            margin = float(values.low[first]), float(values.high[first])
            return Search(box=(low[first], high[first]), margin=margin, count=count)
        is_open = ~bounds.hold(values)
        axes = np.argmax((high - low) / widths, axis=1)
        tree.append("".join(str(a) if o else "." for a, o in zip(axes, is_open, strict=True)))
        low, high, axes = low[is_open], high[is_open], axes[is_open]
        if not len(low):
            return Search(tree=tree, count=count)
        middle = 0.5 * (low + high)
        doubtful = bounds.fail(_in_batches(formula, middle, middle), epsilon)
        if doubtful.any():
            return _around(formula, bounds, epsilon, low[doubtful][0], high[doubtful][0], count)
        if count + 2 * len(low) > max_boxes:
            worst = float(np.nanmin(np.append(values.low[is_open], math.inf)))
            return Search(count=count, left=len(low), worst=worst)
        low, high = _children(low, high, axes)


def _around(
    formula: Formula,
    bounds: Bounds,
    epsilon: Fraction,
    low: np.ndarray,
    high: np.ndarray,
    count: int,
) -> Search:
    """Shrinks a box around its middle, where the bounds fail, until they fail on all of it."""
    middle = 0.5 * (low + high)
    for halvings in itertools.count(1):
        radius = 0.5 * (high - low) * 2.0**-halvings
        ends = middle - radius, middle + radius
        value = formula.on(ends[0][None], ends[1][None])
        if bounds.fail(value, epsilon)[0] or not radius.any():
            margin = float(value.low[0]), float(value.high[0])
            return Search(box=ends, margin=margin, count=count + halvings)
    raise AssertionError("unreachable: a radius of zero fails")


def recheck(
    formula: Formula,
    root: Sequence[tuple[float, float]],
    epsilon: Fraction,
    equality: bool,
    tree: Any,
) -> int:
    """Checks that a tree proves the bounds on a box.

    Args:
        formula: larger side minus smaller side.
        root: the ends of each coordinate.
        epsilon: how far below zero the formula may lie.
        equality: whether it may not lie further above zero either.
        tree: the levels.

    Returns:
        How many leaves there are.

    Raises:
        CertificateError: if it proves nothing.
    """
    bounds = bounds_of(epsilon, equality)
    low = np.array([[a for a, _ in root]], dtype=np.float64)
    high = np.array([[b for _, b in root]], dtype=np.float64)
    allowed = {".", *map(str, range(len(root)))}
    leaves = 0
    if not isinstance(tree, list) or not all(isinstance(level, str) for level in tree):
        raise CertificateError("tree: expected a list of texts, one per level.")
    for depth, level in enumerate(tree):
        if len(level) != len(low) or set(level) - allowed:
            raise CertificateError(
                f"tree: level {depth} has {len(level)} entries; expected {len(low)}, each a dot or "
                f"an axis below {len(root)}."
            )
        is_leaf = np.array([entry == "." for entry in level], dtype=bool)
        if is_leaf.any():
            values = _in_batches(formula, low[is_leaf], high[is_leaf])
            held = bounds.hold(values)
            if not held.all():
                place = int(np.flatnonzero(~held)[0])
                corners = low[is_leaf][place].tolist(), high[is_leaf][place].tolist()
                raise CertificateError(
                    f"tree: on the box {corners} only [{values.low[place]}, {values.high[place]}] "
                    "is known of the difference of the sides."
                )
            leaves += int(is_leaf.sum())
        axes = np.array([int(entry) for entry in level if entry != "."], dtype=int)
        low, high = low[~is_leaf], high[~is_leaf]
        if len(low):
            low, high = _children(low, high, axes)
    if len(low):
        raise CertificateError(f"tree: {len(low)} boxes are left at the end; expected leaves.")
    return leaves
