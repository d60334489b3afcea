"""The intervals by which replications judge: over trials, which are independent.

Trials are rows. All numbers of one finding hold together at `LEVEL`: a finding of several numbers
shares the chance of error among them (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import stats

from kdtheory import _check
from kdtheory.intervals import Estimate, student_interval
from kdtheory.replications.records import Measurement

LEVEL = 0.95
"""Nominal coverage of the numbers of a finding, all together."""

_RESAMPLES = 2000


def shared_level(count: int, level: float = LEVEL) -> float:
    """Returns the level of each of several intervals that are to hold together.

    Example:
        >>> round(shared_level(5), 4)
        0.99
    """
    return 1.0 - (1.0 - level) / max(count, 1)


def means(labels: Sequence[Any], trials: Any, level: float = LEVEL) -> tuple[Measurement, ...]:
    """Returns the mean of every column with Student's interval, all of them together.

    Args:
        labels: what the columns are.
        trials: shape ``(trials, columns)``, at least two trials; differences between two methods
            on the same trial, for a paired comparison.
        level: their coverage together.

    Raises:
        InputError: if the shape is another one, or there is only one trial.

    Example:
        >>> [one] = means(["N = 10"], [[1.0], [2.0], [3.0]])
        >>> one.what, one.estimate.value
        ('N = 10', 2.0)
    """
    values = np.asarray(trials, float)
    if values.ndim != 2 or values.shape[1] != len(labels) or len(values) < 2:
        _check.refuse(
            "trials",
            f"shape {values.shape}",
            f"(at least 2, {len(labels)})",
            "Run more trials, one row each, with one column for every label.",
        )
    each = shared_level(len(labels), level)
    return tuple(
        Measurement(str(label), student_interval(column, each))
        for label, column in zip(labels, values.T, strict=True)
    )


def exactly(what: str, value: float) -> Measurement:
    """Returns a number that was computed, not sampled: an interval of no width."""
    return Measurement(what, Estimate(float(value), float(value), float(value), 0.0))


def resampled(
    what: str,
    statistic: Callable[..., Any],
    *trials: Any,
    level: float = LEVEL,
    seed: int = 0,
) -> Measurement:
    """Returns a number computed from all trials, with the percentile bootstrap over them.

    Args:
        what: what it is.
        statistic: of the arrays given, trials along the first axis.
        trials: arrays, all with one row for every trial; a trial is drawn with all of its rows.
        level: nominal coverage.
        seed: of the resampling.
    """
    arrays = [np.asarray(values) for values in trials]
    value = float(statistic(*arrays))

    def of(chosen: Any) -> float:
        rows = np.asarray(chosen, int)
        return float(statistic(*(array[rows] for array in arrays)))

    found = stats.bootstrap(
        (np.arange(len(arrays[0])),),
        of,
        n_resamples=_RESAMPLES,
        vectorized=False,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    interval = found.confidence_interval
    spread = float(found.standard_error)
    return Measurement(what, Estimate(value, float(interval.low), float(interval.high), spread))


def rank_correlation(
    what: str, first: Any, second: Any, level: float = LEVEL, seed: int = 0
) -> Measurement:
    """Returns Spearman's correlation between the means of two quantities over conditions.

    Args:
        what: what is correlated.
        first: shape ``(trials, conditions)``.
        second: same shape; one row of both is one trial.
        level: nominal coverage of the bootstrap over trials.
        seed: of the resampling.

    Example:
        >>> ranks = np.tile(np.arange(4.0), (5, 1))
        >>> rank_correlation("MSE and AUC", ranks, -ranks).estimate.high
        -1.0
    """

    def correlation(one: Any, other: Any) -> float:
        ranks = [stats.rankdata(values.mean(axis=0)) for values in (one, other)]
        # Constant ranks have no correlation; nothing is increasing then.
        if min(np.ptp(rank) for rank in ranks) == 0:
            return 0.0
        return float(np.clip(np.corrcoef(*ranks)[0, 1], -1.0, 1.0))

    return resampled(what, correlation, first, second, level=level, seed=seed)


def lead(
    labels: Sequence[Any], trials: Any, winner: Any, level: float = LEVEL
) -> tuple[Measurement, ...]:
    """Returns by how much the mean of one column exceeds that of every other, paired by trial.

    Args:
        labels: what the columns are.
        trials: shape ``(trials, columns)``.
        winner: the label that is said to be best. It is, if every number is above zero.
        level: coverage of all intervals together.
    """
    values, place = np.asarray(trials, float), list(labels).index(winner)
    others = [column for column in range(len(labels)) if column != place]
    named = [f"{winner} against {labels[column]}" for column in others]
    return means(named, values[:, [place]] - values[:, others], level)
