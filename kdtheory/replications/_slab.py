r"""The slab problem, and exactly what trees make of it.

Inputs are standard normal in the plane, $P(y=1\,|\,x)=\eta(x)=\varsigma(2(\|x\|_\infty-\frac12))$.
A tree is constant on boxes, so that its mean squared error and its AUC are sums over boxes of
$P(\text{box})$ and $E[\eta\,;\text{box}]$. The latter is a signed sum over the corners of

$$G(a,b)=\int_0^a\!\!\int_0^b\eta\,\varphi\varphi=A(a)+\Phi_0(a)\,(B(b)-B(a)),\quad0\le a\le b,$$

in which $\Phi_0=\Phi-\frac12$, $A(t)=\int_0^t2\eta\varphi\Phi_0$ is over the square of side $t$ and
$B(t)=\int_0^t\eta\varphi$ over the strip beside it; $G$ is symmetric, and odd in both arguments.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special
from scipy.interpolate import CubicHermiteSpline

_REACH = 9.0  # a normal variable is beyond it with a chance of 2e-19
_STEPS = 2304  # cubic pieces of length h are off by h**4/384 times a derivative: below 1e-11


class Leaves(NamedTuple):
    """A function that is constant on boxes which fill the plane.

    Attributes:
        low: lower ends of the boxes, some of them infinite, shape ``(leaves, 2)``.
        high: upper ends.
        values: what the function is there, shape ``(leaves,)``.
    """

    low: Any
    high: Any
    values: Any


def class_probability(inputs: Any) -> Any:
    r"""Returns $\eta$ of every row."""
    return _at_distance(np.abs(inputs).max(axis=1))


def draw(rng: np.random.Generator, num_samples: int) -> tuple[Any, Any]:
    """Returns inputs and their labels, 0 or 1."""
    inputs = rng.standard_normal((num_samples, 2))
    return inputs, (rng.random(num_samples) < class_probability(inputs)).astype(int)


def leaves(tree: Any, classes: Any = None) -> Leaves:
    """Returns the boxes of a fitted tree of scikit-learn, with its predictions.

    Args:
        tree: the estimator's ``tree_``.
        classes: of a classifier, its labels as numbers; their means are the predictions.
    """
    left, right = tree.children_left, tree.children_right
    low = np.full((tree.node_count, 2), -np.inf)
    high = np.full((tree.node_count, 2), np.inf)
    level = np.zeros(1, int)
    while level.size:
        inner = level[left[level] >= 0]
        for child in (left[inner], right[inner]):
            low[child], high[child] = low[inner], high[inner]
        high[left[inner], tree.feature[inner]] = tree.threshold[inner]
        low[right[inner], tree.feature[inner]] = tree.threshold[inner]
        level = np.concatenate([left[inner], right[inner]])
    means = tree.value[:, 0, 0] if classes is None else tree.value[:, 0, :] @ classes
    end = left < 0
    return Leaves(low[end], high[end], means[end])


def masses(boxes: Leaves) -> tuple[Any, Any]:
    r"""Returns $P$ of every box, and $E[\eta\,;\text{box}]$."""
    share = np.prod(special.ndtr(boxes.high) - special.ndtr(boxes.low), axis=1)
    ends = [_End.at(boxes.low), _End.at(boxes.high)]
    positive = sum(
        (1 if i == j else -1) * _corner(one.along(0), other.along(1))
        for i, one in enumerate(ends)
        for j, other in enumerate(ends)
    )
    return share, positive


def mean_product(first: Sequence[Leaves], second: Sequence[Leaves]) -> float:
    """Returns the mean of the product of two forests, each of them the mean of its trees."""
    total = 0.0
    for one in first:
        for other in second:
            shared = _overlap(one, other, 0) * _overlap(one, other, 1)
            total += float(one.values @ shared @ other.values)
    return total / (len(first) * len(second))


def mean_truth(forest: Sequence[Leaves]) -> float:
    r"""Returns $E\,\eta\,p$ of a forest."""
    return float(np.mean([masses(tree)[1] @ tree.values for tree in forest]))


def error_product(first: Sequence[Leaves], second: Sequence[Leaves]) -> float:
    r"""Returns $E\langle p-p^*,p'-p^*\rangle$ of two forests, over both classes.

    It is the mean squared error where both are one forest. Where they are independent and alike
    its mean is the square of their bias.
    """
    with_truth = mean_truth(first) + mean_truth(second)
    return 2.0 * (mean_product(first, second) - with_truth + truth_moment(2))


def auc(boxes: Leaves) -> float:
    """Returns the chance that a positive example has the higher score, ties counting one half."""
    share, positive = masses(boxes)
    # Means of the same numbers in two leaves may differ by rounding; they are ties.
    _, place = np.unique(boxes.values.round(12), return_inverse=True)
    above, below = (np.bincount(place, mass) for mass in (positive, share - positive))
    won = above @ (np.cumsum(below) - 0.5 * below)
    return float(won / (above.sum() * below.sum()))


@functools.cache
def truth_moment(power: int) -> float:
    r"""Returns $E\,\eta^k$."""
    nodes, weights = _rule()
    return float(np.sum(weights * _distance_density(nodes) * _at_distance(nodes) ** power))


@functools.cache
def bayes_auc() -> float:
    r"""Returns the AUC of $\eta$ itself, which no score exceeds."""
    nodes, weights = _rule()
    square, _ = _integrals()
    positive = _distance_density(nodes) * _at_distance(nodes)
    negatives_below = (2.0 * _centred(nodes)) ** 2 - 4.0 * square(nodes)
    share = truth_moment(1)
    return float(np.sum(weights * positive * negatives_below) / (share * (1.0 - share)))


# --- integrals ------------------------------------------------------------------------------------


def _at_distance(distance: Any) -> Any:
    return special.expit(2.0 * (distance - 0.5))


def _density(x: Any) -> Any:
    return np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _centred(x: Any) -> Any:
    return special.ndtr(x) - 0.5


def _distance_density(distance: Any) -> Any:
    r"""Returns the density of $\|x\|_\infty$, the derivative of $(2\Phi_0)^2$."""
    return 8.0 * _density(distance) * _centred(distance)


@functools.cache
def _rule() -> tuple[Any, Any]:
    """Returns nodes and weights for integrals over the half line, a row for every step."""
    nodes, weights = np.polynomial.legendre.leggauss(6)
    width = _REACH / _STEPS
    starts = width * np.arange(_STEPS)[:, None]
    return starts + 0.5 * width * (nodes + 1.0), 0.5 * width * np.tile(weights, (_STEPS, 1))


@functools.cache
def _integrals() -> tuple[Any, Any]:
    """Returns A and B on the half line."""
    nodes, weights = _rule()
    knots = np.linspace(0.0, _REACH, _STEPS + 1)

    def square(x: Any) -> Any:
        return 2.0 * _at_distance(x) * _density(x) * _centred(x)

    def strip(x: Any) -> Any:
        return _at_distance(x) * _density(x)

    def integral(density: Any) -> Any:
        pieces = np.sum(weights * density(nodes), axis=1)
        return CubicHermiteSpline(knots, np.append(0.0, np.cumsum(pieces)), density(knots))

    return integral(square), integral(strip)


class _End(NamedTuple):
    """Ends of boxes, and what corners need of them."""

    point: Any  # cut off where the normal law ends
    centred: Any
    square: Any
    strip: Any

    @classmethod
    def at(cls, ends: Any) -> _End:
        point = np.clip(ends, -_REACH, _REACH)
        size = np.abs(point)
        square, strip = _integrals()
        return cls(point, _centred(size), square(size), strip(size))

    def along(self, axis: int) -> _End:
        return _End(*(part[:, axis] for part in self))


def _corner(one: _End, other: _End) -> Any:
    """Returns G."""
    nearer = np.abs(one.point) < np.abs(other.point)
    near, far = (
        _End(*(np.where(nearer, a, b) for a, b in zip(*pair, strict=True)))
        for pair in ((one, other), (other, one))
    )
    inside = near.square + near.centred * (far.strip - near.strip)
    return np.sign(one.point) * np.sign(other.point) * inside


def _overlap(one: Leaves, other: Leaves, axis: int) -> Any:
    """Returns how much of the normal law every box shares with every other along an axis."""
    lows, highs = ([special.ndtr(tree[side][:, axis]) for tree in (one, other)] for side in (0, 1))
    return np.maximum(np.minimum.outer(*highs) - np.maximum.outer(*lows), 0.0)
