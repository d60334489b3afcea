r"""What labels identify beyond the losses: a student's risk, and what annotators disagree on.

With frequencies $\bar e$ of $r\ge2$ labels of an example, $(1-\|\bar e\|^2)\,r/(r-1)$ is the share
of pairs of labels that differ, with the mean $1-\|p^*\|_2^2$, and
$\|\bar e-p\|_2^2 - (1-\|\bar e\|^2)/(r-1)$ has the mean $\|p^*-p\|_2^2$: the squared distance of
the frequencies less what is owed to the noise of $r$ labels. For two labels it is
$(e_{y}-p)\cdot(e_{y'}-p)$.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory._check import FloatArray
from kdtheory.assessment.inputs import Labels
from kdtheory.assessment.intervals import asymptotic, break_even, ratio
from kdtheory.assessment.records import (
    JACKKNIFE,
    Identified,
    IfBayes,
    Penalty,
    StudentTerms,
)
from kdtheory.assessment.tuning import brier_losses
from kdtheory.intervals import pseudo_values
from kdtheory.risks import sharp_constant


def _onehot_noise(labels: Labels, losses: FloatArray) -> FloatArray:
    r"""Returns pseudo-values of $\mathbb V_{x,y}[\ell]$."""
    centred = losses - np.mean(losses)
    features = np.stack([labels.mean_of(centred**2), labels.mean_of(centred)], axis=1)
    return pseudo_values(features, _variance)


def _teacher_noise(probs: FloatArray, losses: FloatArray) -> FloatArray:
    r"""Returns pseudo-values of $\mathbb V_x[p\cdot\ell]$."""
    distilled = np.sum(probs * (losses - np.mean(losses)), axis=1)
    return pseudo_values(np.stack([distilled**2, distilled], axis=1), _variance)


def _variance(moments: Any) -> Any:
    return moments[..., 0] - moments[..., 1] ** 2


def student_terms(
    probs: FloatArray, labels: Labels, losses: FloatArray, level: float
) -> StudentTerms:
    r"""Returns the noise and the bias of the distilled risk, and where it breaks even.

    One label per example is enough: $\mathbb V_{x,y}[\ell]$ and $\mathbb E[\ell_y]$ are moments of
    what is observed, and the teacher's own risk takes no labels at all.

    Args:
        probs: the teacher's, independent of these labels.
        labels: counted.
        losses: the student's, for every possible label.
        level: of the intervals.
    """
    noise = _onehot_noise(labels, losses)
    own = _teacher_noise(probs, losses)
    # Relative to the mean over labels: a loss that all labels share is no bias.
    relative = losses - losses.mean(axis=1, keepdims=True)
    bias = np.sum(probs * relative, axis=1) - labels.mean_of(relative)
    return StudentTerms(
        onehot_noise=asymptotic(noise, level, JACKKNIFE),
        teacher_noise=asymptotic(own, level, JACKKNIFE),
        bias=asymptotic(bias, level),
        break_even=break_even(noise - own, bias, level),
    )


def disagreement(
    probs: FloatArray, labels: Labels, losses: FloatArray | None, level: float
) -> Identified:
    """Returns what several labels per example identify.

    Args:
        probs: the teacher's, of these examples.
        labels: two or more of every example.
        losses: the student's, if they are known.
        level: of the intervals.
    """
    spread = np.sum(labels.frequencies * (1.0 - labels.frequencies), axis=1)
    owed = spread / (labels.counts - 1.0)
    excess = np.sum((labels.frequencies - probs) ** 2, axis=1) - owed
    irreducible = spread + owed
    reduction = share = None
    if losses is not None:
        centred = losses - labels.mean_of(losses)[:, None]
        removed = labels.mean_of(centred**2) * labels.counts / (labels.counts - 1.0)
        reduction = asymptotic(removed, level)
        share = ratio(removed, _onehot_noise(labels, losses), level)
    return Identified(
        num_examples=len(probs),
        excess=asymptotic(excess, level),
        irreducible=asymptotic(irreducible, level),
        noise_ratio=ratio(excess, irreducible, level),
        reduction=reduction,
        reduction_share=share,
    )


def if_bayes(
    probs: FloatArray,
    log_probs: FloatArray,
    labels: Labels,
    losses: FloatArray | None,
    level: float,
) -> IfBayes:
    """Returns what would be true of a teacher that is Bayes, and whether it can be.

    Args:
        probs: the teacher's.
        log_probs: their logarithms.
        labels: counted.
        losses: the student's, if they are known.
        level: of the intervals.
    """
    least = np.sum(probs * (1.0 - probs), axis=1)
    entropy = -np.sum(probs * np.where(probs > 0, log_probs, 0.0), axis=1)
    reduction = share = None
    if losses is not None:
        relative = losses - np.sum(probs * losses, axis=1, keepdims=True)
        removed = np.sum(probs * relative**2, axis=1)
        reduction = asymptotic(removed, level)
        share = ratio(removed, removed + _teacher_noise(probs, losses), level)
    return IfBayes(
        irreducible=asymptotic(least, level),
        entropy=asymptotic(entropy, level),
        surplus=asymptotic(brier_losses(probs, labels) - least, level),
        reduction=reduction,
        reduction_share=share,
    )


def penalties(
    lowest: float, highest: float, estimate: float | None, num_labels: int, loss_range: float
) -> tuple[Penalty, ...]:
    r"""Returns the sharp penalties of Propositions 3 and 5, between bounds.

    With $\epsilon=\mathbb E\|p^*-p\|_2^2$, $C^*=\lfloor L/2\rfloor\lceil L/2\rceil/L$ and a teacher
    that does not vary: $\epsilon/\sqrt2\le\mathbb E\|p^*-p\|_2\le\sqrt\epsilon$, since the norm is
    at most $\sqrt2$; and $\epsilon/2\le\mathbb E\,\mathrm{TV}\le\sqrt{C^*\epsilon}$, since
    $\|d\|_2^2\le\|d\|_1\|d\|_\infty\le2\,\mathrm{TV}^2\le2\,\mathrm{TV}$.

    Args:
        lowest: lower end of an interval for the excess Brier risk.
        highest: its upper end.
        estimate: the excess, if it is identified.
        num_labels: $L$.
        loss_range: $B$.
    """
    constant, square = sharp_constant(num_labels), loss_range**2
    forms = (
        (
            "proposition3_norm",
            "Proposition 3, norm: B^2 C* (E|p - p*|)^2",
            square,
            lambda e: square * constant * e**2 / 2.0,
            lambda e: square * constant * e,
        ),
        (
            "proposition3_tv",
            "Proposition 3, total variation: B^2 (E TV)^2",
            square,
            lambda e: square * e**2 / 4.0,
            lambda e: square * min(constant * e, 1.0),
        ),
        (
            "proposition5",
            "Proposition 5: B E TV",
            loss_range,
            lambda e: loss_range * e / 2.0,
            lambda e: loss_range * min(np.sqrt(constant * e), 1.0),
        ),
    )
    low, high = max(lowest, 0.0), max(highest, 0.0)
    return tuple(
        Penalty(
            name=name,
            title=title,
            at_least=float(below(low)),
            at_most=float(above(high)),
            estimate=None if estimate is None else float(above(max(estimate, 0.0))),
            vacuous=bool(above(high) >= trivial),
        )
        for name, title, trivial, below, above in forms
    )


def only(labels: Labels, members: Any) -> Labels:
    """Returns the labels of some of the examples.

    Args:
        labels: counted.
        members: a mask of examples.
    """
    frequencies = labels.frequencies[members]
    rows, columns = np.nonzero(frequencies)
    return Labels(frequencies, labels.counts[members], rows, columns, frequencies[rows, columns])
