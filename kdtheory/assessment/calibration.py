r"""Calibration errors in bins of equal mass, without the bias of noise, and with intervals.

In a bin of $n_b$ examples the squared mean of $d = p - [\![y]\!]$ exceeds the square of its
expectation by the variance of the mean; the mean of the products of pairs does not,
$T_b/n_b$ with $T_b = ((\sum d)^2 - \sum d^2)/(n_b-1)$ (Brocker, 2012; Kumar, Liang and Ma, 2019).
The sum over bins is $n$ times the estimate, and its jackknife pseudo-values are
$T_b - T_b^{-i}$. Where the teacher is calibrated the jackknife doubles the variance: the interval
is then wider than it need be.

Means over a bin of any kind are closer to zero than what they are means of: for every label
$\mathbb E(\mathbb E[p^*_k-p_k|\text{bin}])^2\le\mathbb E(p^*_k-p_k)^2$, so that the sum over labels
is a lower bound of the excess Brier risk, whatever the bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory._check import FloatArray
from kdtheory.assessment.inputs import Labels
from kdtheory.assessment.intervals import asymptotic, of_share
from kdtheory.assessment.records import JACKKNIFE, Bin, Estimate

BINS = 15
"""The most bins of a calibration error."""

SMALLEST_BIN = 10
"""The least examples of a bin."""


def bin_starts(ordered: FloatArray) -> Any:
    """Returns where bins of about equal mass start; equal scores are never separated.

    Args:
        ordered: scores, increasing.

    Returns:
        Positions, the first of them 0.

    Example:
        >>> bin_starts(np.repeat([0.1, 0.2, 0.9], [30, 5, 25])).tolist()
        [0, 35]
    """
    count = len(ordered)
    num_bins = max(1, min(BINS, count // (2 * SMALLEST_BIN)))
    wanted = ordered[np.arange(1, num_bins) * count // num_bins]
    starts = [0]
    for place in np.searchsorted(ordered, wanted, side="left"):
        if place - starts[-1] >= SMALLEST_BIN and count - place >= SMALLEST_BIN:
            starts.append(int(place))
    return np.array(starts)


def binned_squares(scores: FloatArray, differences: FloatArray) -> FloatArray:
    r"""Returns the pseudo-values of $\mathbb E(\mathbb E[d|\text{bin}])^2$, bins being of scores.

    Args:
        scores: what examples are binned by.
        differences: $d$.

    Returns:
        One for every example; their mean is the estimate.
    """
    order = np.argsort(scores, kind="stable")
    starts = bin_starts(scores[order])
    sizes = np.diff(np.append(starts, len(scores)))
    sorted_differences = differences[order]
    sums = np.add.reduceat(sorted_differences, starts)
    pairs = sums**2 - np.add.reduceat(sorted_differences**2, starts)
    size, total, pair = (np.repeat(values, sizes) for values in (sizes, sums, pairs))
    without = pair - 2 * sorted_differences * (total - sorted_differences)
    found = np.empty_like(differences)
    found[order] = pair / (size - 1) - without / (size - 2)
    return found


def top_label(probs: FloatArray, labels: Labels) -> tuple[FloatArray, FloatArray]:
    """Returns the probability of the preferred label, and how often it is the label.

    Args:
        probs: the teacher's.
        labels: counted.
    """
    preferred = probs.argmax(axis=1)[:, None]
    confidence = np.take_along_axis(probs, preferred, axis=1)[:, 0]
    return confidence, np.take_along_axis(labels.frequencies, preferred, axis=1)[:, 0]


def top_label_error(probs: FloatArray, labels: Labels, level: float) -> Estimate:
    """Returns the root mean square of confidence minus accuracy over bins of the confidence.

    Args:
        probs: the teacher's.
        labels: counted.
        level: of the interval.
    """
    confidence, right = top_label(probs, labels)
    values = binned_squares(confidence, confidence - right)
    return root(asymptotic(values, level, JACKKNIFE))


def calibration_part(probs: FloatArray, labels: Labels) -> FloatArray:
    """Returns pseudo-values of the squared calibration error summed over labels.

    Args:
        probs: the teacher's.
        labels: counted.

    Returns:
        One for every example, each label in bins of its own. Their mean, which may be negative if
        the truth is near zero, estimates a part of the excess Brier risk.
    """
    values = np.zeros(len(probs))
    for column, seen in zip(probs.T, labels.frequencies.T, strict=True):
        column = np.ascontiguousarray(column)
        values += binned_squares(column, column - seen)
    return values


def root(square: Estimate) -> Estimate:
    """Returns the square root of a mean square, zero where noise made it negative.

    Args:
        square: the mean square and its interval.
    """
    value, low, high = (
        float(np.sqrt(max(end, 0.0))) for end in (square.value, square.low, square.high)
    )
    return Estimate(value, low, high, square.method)


def reliability(probs: FloatArray, labels: Labels, level: float) -> tuple[Bin, ...]:
    r"""Returns the bins of the preferred label, the least confident first.

    Args:
        probs: the teacher's.
        labels: counted.
        level: of the intervals, each by itself (Hoeffding's, with the relative entropy).
    """
    confidence, right = top_label(probs, labels)
    order = np.argsort(confidence, kind="stable")
    starts = bin_starts(confidence[order])
    found = []
    for members in np.split(order, starts[1:]):
        accuracy = of_share(right[members], level)
        found.append(
            Bin(
                confidence=float(confidence[members].mean()),
                accuracy=accuracy.value,
                low=accuracy.low,
                high=accuracy.high,
                share=len(members) / len(order),
            )
        )
    return tuple(found)
