r"""The best temperature and the best smoothing of a teacher, judged on examples not fitted to.

Both are fitted by the log loss, which is convex in the inverse temperature and in the amount
$\alpha$ of $(1-\alpha)p+\alpha/L$: the minimum is where the slope changes sign. Examples are split
at random into halves; what was fitted on one half is judged on the other, both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, special

from kdtheory._check import FloatArray
from kdtheory.assessment.inputs import Labels, Teacher
from kdtheory.assessment.intervals import asymptotic
from kdtheory.assessment.records import Tuned

TEMPERATURES = (0.02, 50.0)
"""Between which temperatures the best one is sought."""

_FLAT = 1e-12
"""The slope in nats below which the teacher is left as it is: all its labels may be alike."""

_EXCLUDED = -1e300
"""The logit of a label without mass: at any temperature it has none, and zero times it is zero."""


class Judged(NamedTuple):
    """A setting, and what it gained on every example when it was fitted on others.

    Attributes:
        tuned: the setting and its mean gains.
        brier_gains: by how much the Brier loss of every example falls.
        probs: the teacher's probabilities with the setting.
    """

    tuned: Tuned
    brier_gains: FloatArray
    probs: FloatArray


def brier_losses(probs: FloatArray, labels: Labels) -> FloatArray:
    r"""Returns the mean Brier loss over the labels of every example.

    $\|\bar e-p\|_2^2 + 1-\|\bar e\|_2^2$ with the frequencies $\bar e$: both terms are at least
    zero, and the loss of labels that did not occur is never computed.

    Args:
        probs: predictions.
        labels: counted.
    """
    spread = np.sum(labels.frequencies * (1.0 - labels.frequencies), axis=1)
    return np.sum((labels.frequencies - probs) ** 2, axis=1) + spread


def best_temperature(teacher: Teacher, labels: Labels, seed: int, level: float) -> Judged | None:
    r"""Returns the temperature $T$ of $p_T\propto p^{1/T}$ with the smallest log loss.

    Args:
        teacher: its predictions.
        labels: counted.
        seed: of the halves.
        level: of the intervals.

    Returns:
        The temperature, in `TEMPERATURES`; None if the log loss is infinite at every one.
    """
    scores = np.where(np.isneginf(teacher.log_probs), _EXCLUDED, teacher.log_probs)
    target = labels.mean_of(scores)
    if target.min() <= _EXCLUDED * 1e-12:
        return None

    def fit(members: Any) -> float:
        known, wanted = scores[members], target[members]

        def slope(inverse: float) -> float:
            tempered = special.softmax(inverse * known, axis=1)
            return float(np.mean(np.sum(tempered * known, axis=1) - wanted))

        if abs(slope(1.0)) <= _FLAT:
            return 1.0
        coldest, hottest = (1.0 / end for end in TEMPERATURES)
        return 1.0 / _sign_change(slope, hottest, coldest)

    def apply(temperature: float, members: Any) -> tuple[FloatArray, FloatArray]:
        logs = special.log_softmax(scores[members] / temperature, axis=1)
        return np.exp(logs), logs

    return _cross_fitted("temperature", teacher, labels, fit, apply, seed, level)


def best_smoothing(teacher: Teacher, labels: Labels, seed: int, level: float) -> Judged:
    r"""Returns the amount $\alpha\in[0,1]$ of $(1-\alpha)p+\alpha/L$ with the smallest log loss.

    Args:
        teacher: its predictions.
        labels: counted.
        seed: of the halves.
        level: of the intervals.

    Returns:
        The amount; where a label occurred that the teacher excludes, the gain is infinite.
    """
    uniform = 1.0 / teacher.probs.shape[1]
    seen = teacher.probs[labels.rows, labels.columns]

    def fit(members: Any) -> float:
        chosen = np.zeros(len(teacher.probs), dtype=bool)
        chosen[members] = True
        kept = chosen[labels.rows]
        probs, weights = seen[kept], labels.weights[kept]

        def slope(amount: float) -> float:
            mixed = (1.0 - amount) * probs + amount * uniform
            with np.errstate(divide="ignore", over="ignore"):
                return float(np.sum(weights * (probs - uniform) / mixed))

        return _sign_change(slope, 0.0, 1.0)

    def apply(amount: float, members: Any) -> tuple[FloatArray, FloatArray]:
        mixed = (1.0 - amount) * teacher.probs[members] + amount * uniform
        with np.errstate(divide="ignore"):
            return mixed, np.log(mixed)

    return _cross_fitted("smoothing", teacher, labels, fit, apply, seed, level)


def _sign_change(slope: Callable[[float], float], low: float, high: float) -> float:
    """Returns where an increasing function changes its sign, or the end that it points to."""
    if slope(low) >= 0:
        return low
    if slope(high) <= 0:
        return high
    if np.isneginf(slope(low)):
        # Just inside: an excluded label makes the slope infinite at the end alone.
        low = 1e-15
    return float(optimize.brentq(slope, low, high, xtol=1e-12, rtol=1e-10))


def _cross_fitted(
    name: str,
    teacher: Teacher,
    labels: Labels,
    fit: Callable[[Any], float],
    apply: Callable[[float, Any], tuple[FloatArray, FloatArray]],
    seed: int,
    level: float,
) -> Judged:
    count = len(teacher.probs)
    order = np.random.default_rng(seed).permutation(count)
    halves = order[: count // 2], order[count // 2 :]
    fitted = [fit(half) for half in halves]
    probs, logs = np.empty_like(teacher.probs), np.empty_like(teacher.probs)
    for half, value in zip(reversed(halves), fitted, strict=True):
        probs[half], logs[half] = apply(value, half)
    before = -labels.mean_of(teacher.log_probs), brier_losses(teacher.probs, labels)
    after = -labels.mean_of(logs), brier_losses(probs, labels)
    # Both infinite: nothing gained where no smoothing was best, whatever the teacher excludes.
    unchanged = np.isinf(before[0]) & np.isinf(after[0])
    gain = np.where(unchanged, 0.0, before[0]) - np.where(unchanged, 0.0, after[0])
    brier_gains = before[1] - after[1]
    tuned = Tuned(
        name=name,
        value=fit(order),
        halves=tuple(fitted),
        log_loss_gain=asymptotic(gain, level),
        brier_gain=asymptotic(brier_gains, level),
    )
    return Judged(tuned, brier_gains, probs)
