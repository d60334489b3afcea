"""What teachers will do for a student, from their predictions, labels and the student's losses."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np

from kdtheory import _check
from kdtheory._check import FloatArray
from kdtheory.assessment import calibration, identified, inputs, intervals, tuning
from kdtheory.assessment.inputs import Labels, Teacher
from kdtheory.assessment.records import (
    JACKKNIFE,
    Assessment,
    Comparison,
    Estimate,
    TeacherReport,
)

FEW = 200
"""With fewer examples the asymptotic intervals are warned of."""

BRIER_RANGE = 2.0


def assess(
    teachers: Any,
    labels: Any,
    *,
    logits: bool = False,
    losses: Any = None,
    level: Any = 0.95,
    seed: Any = 0,
) -> Assessment:
    r"""Says what teachers will do for a student, and nothing that the data do not identify.

    The examples must be independent draws that no teacher, and not the student, was trained on.
    One label per example identifies the teachers' Brier and log losses, hence differences of their
    excess risks, how well they are calibrated, and, with the student's losses $\ell$, the bias
    $\mathbb E[(p-p^*)\cdot\ell]$ and the break-even sample size. The excess risk itself lies
    between what calibration, tuning and other teachers show of it and the whole of the Brier risk.
    Several labels of an example (drawn independently of each other, such as those of annotators)
    identify it, and how much variance exact labels would remove; without them, that is said only
    for the case that the teacher is Bayes.

    Args:
        teachers: predicted probabilities, shape ``(examples, labels)``; or several such tables by
            name.
        labels: integers from 0, shape ``(examples,)``; or ``(examples, annotators)``, -1 where an
            annotator gave none. Which ones are missing must not depend on what they would be.
        logits: whether the tables are logits.
        losses: the student's loss for every possible label, shape ``(examples, labels)``.
        level: of every interval by itself; of the comparisons of all pairs together.
        seed: of the halves on which temperature and smoothing are fitted and judged.

    Returns:
        The reports, the smallest Brier loss first.

    Raises:
        InputError: for anything that cannot be used as such; the message says how to mend it.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> truth = rng.dirichlet([1.0, 1.0, 1.0], size=500)
        >>> drawn = np.array([rng.choice(3, size=2, p=p) for p in truth])
        >>> found = assess({"exact": truth, "flat": np.full((500, 3), 1 / 3)}, drawn)
        >>> [teacher.name for teacher in found.teachers], found.comparisons[0].told_apart
        (['exact', 'flat'], True)
        >>> excess = found["flat"].identified.excess  # E|p* - 1/3|^2 = 1/2 - 1/3
        >>> excess.low < 1 / 6 < excess.high
        True
    """
    found, warnings = inputs.teachers_of(teachers, logits)
    shape = found[0].probs.shape
    counted = inputs.labels_of(labels, *shape)
    given = None if losses is None else inputs.losses_of(losses, shape)
    share = _check.level(level)
    number = _check.integer("seed", seed, low=0)
    briers = {one.name: tuning.brier_losses(one.probs, counted) for one in found}
    reports = [_report(one, counted, given, briers, share, number) for one in found]
    ranked = sorted(
        zip(reports, found, strict=True), key=lambda pair: (pair[0].brier.value, pair[0].name)
    )
    return Assessment(
        num_examples=shape[0],
        num_labels=shape[1],
        num_repeated=int(counted.repeated.sum()),
        fewest_annotations=int(counted.counts.min()),
        most_annotations=int(counted.counts.max()),
        loss_range=_range(given),
        with_losses=given is not None,
        level=share,
        seed=number,
        teachers=tuple(report for report, _ in ranked),
        comparisons=_comparisons([teacher for _, teacher in ranked], counted, briers, share),
        warnings=(*warnings, *_warnings(reports, counted, given)),
    )


def _range(losses: FloatArray | None) -> float:
    return 1.0 if losses is None else float(np.ptp(losses))


def _report(
    teacher: Teacher,
    labels: Labels,
    losses: FloatArray | None,
    briers: dict[str, FloatArray],
    level: float,
    seed: int,
) -> TeacherReport:
    probs = teacher.probs
    brier = intervals.of_risk(briers[teacher.name], BRIER_RANGE, level)
    log_losses = -labels.mean_of(teacher.log_probs)
    part = calibration.calibration_part(probs, labels)
    temperature = tuning.best_temperature(teacher, labels, seed, level)
    smoothing = tuning.best_smoothing(teacher, labels, seed, level)
    shown = {"its calibration": part, "a better smoothing": smoothing.brier_gains}
    if temperature is not None:
        shown["a better temperature"] = temperature.brier_gains
    for name, others in briers.items():
        if name != teacher.name:
            shown[f"comparison with {name}"] = briers[teacher.name] - others
    by, known_excess = largest_part(shown, level)
    repeated = labels.repeated
    known = None
    if repeated.sum() >= inputs.FEWEST:
        chosen = None if losses is None else losses[repeated]
        several = identified.only(labels, repeated)
        known = identified.disagreement(probs[repeated], several, chosen, level)
    excess = None if known is None else known.excess
    ends = (known_excess.low, brier.high) if excess is None else (excess.low, excess.high)
    bayes = None
    if known is None:
        bayes = identified.if_bayes(probs, teacher.log_probs, labels, losses, level)
    student = tempered = None
    if losses is not None:
        student = identified.student_terms(probs, labels, losses, level)
        if temperature is not None:
            tempered = identified.student_terms(temperature.probs, labels, losses, level)
    return TeacherReport(
        name=teacher.name,
        brier=brier,
        log_loss=intervals.asymptotic(log_losses, level),
        accuracy=intervals.of_share(_right(probs, labels), level),
        excluded=int(np.isinf(log_losses).sum()),
        top_label_error=calibration.top_label_error(probs, labels, level),
        class_wise_error=calibration.root(intervals.asymptotic(part, level, JACKKNIFE)),
        calibration_part=intervals.asymptotic(part, level, JACKKNIFE),
        excess_shown=known_excess.value,
        excess_shown_by=by,
        excess_at_least=known_excess.low,
        excess_at_most=brier.high,
        reliability=calibration.reliability(probs, labels, level),
        temperature=None if temperature is None else temperature.tuned,
        smoothing=smoothing.tuned,
        penalties=identified.penalties(
            *ends, None if excess is None else excess.value, probs.shape[1], _range(losses)
        ),
        student=student,
        student_tempered=tempered,
        identified=known,
        if_bayes=bayes,
    )


def largest_part(shown: dict[str, FloatArray], level: float) -> tuple[str, Estimate]:
    r"""Returns which part of the excess risk has the highest lower end, and that part.

    No predictions have a smaller Brier risk than $p^*$, so that whatever is better than a teacher
    shows an excess of at least the difference; its calibration part is below it as well.

    Args:
        shown: what has a mean of at most the excess, one number for every example, by its name.
        level: at which the lower end of the largest holds together with another end.
    """
    # Each end may miss with half of what the level leaves; the lower one is the highest of many.
    each = 1.0 - (1.0 - level) / len(shown)
    found = {name: intervals.asymptotic(values, each) for name, values in shown.items()}
    by, best = max(found.items(), key=lambda item: item[1].low)
    if best.low <= 0:
        return "", dataclasses.replace(best, value=0.0, low=0.0)
    return by, best


def _right(probs: FloatArray, labels: Labels) -> FloatArray:
    """Returns how often the preferred label is the label; a tie is an error."""
    confidence, right = calibration.top_label(probs, labels)
    return np.where((probs == confidence[:, None]).sum(axis=1) == 1, right, 0.0)


def _comparisons(
    ranked: list[Teacher], labels: Labels, briers: dict[str, FloatArray], level: float
) -> tuple[Comparison, ...]:
    """Returns all pairs, their intervals widened so that they hold at once (Bonferroni)."""
    losses = [briers[teacher.name] for teacher in ranked]
    logs = [-labels.mean_of(teacher.log_probs) for teacher in ranked]
    pairs = list(itertools.combinations(range(len(ranked)), 2))
    found = []
    for better, worse in pairs:
        each = 1.0 - (1.0 - level) / len(pairs)
        log_loss = None
        if not (np.isinf(logs[worse]).any() and np.isinf(logs[better]).any()):
            log_loss = intervals.asymptotic(logs[worse] - logs[better], each)
        found.append(
            Comparison(
                better=ranked[better].name,
                worse=ranked[worse].name,
                brier=intervals.of_difference(losses[worse] - losses[better], BRIER_RANGE, each),
                log_loss=log_loss,
            )
        )
    return tuple(found)


def _warnings(reports: list[TeacherReport], labels: Labels, losses: FloatArray | None) -> list[str]:
    said = []
    count, repeated = len(labels.counts), int(labels.repeated.sum())
    if count < FEW:
        said.append(f"Only {count} examples: asymptotic intervals are rough, and likely too short.")
    if 0 < repeated < count:
        if repeated >= inputs.FEWEST:
            said.append(
                f"{repeated} of {count} examples have several labels: what rests on disagreement "
                "is about these, and about all only if they were chosen at random."
            )
        else:
            said.append(
                f"Only {repeated} examples have several labels: from {inputs.FEWEST} on their "
                "disagreement is used."
            )
    for report in reports:
        if report.identified is not None and report.identified.excess.high < 0:
            said.append(
                f"{report.name}: labels of one example disagree more often than independent draws "
                "from any law would, so that nothing that rests on disagreement can be trusted."
            )
        if report.excluded:
            said.append(
                f"{report.name}: {report.excluded} examples have a label to which it gives "
                "probability zero; its log loss is infinite at every temperature."
            )
    if losses is not None and np.ptp(losses) == 0:
        said.append("All of the student's losses are equal: there is no noise to be removed.")
    return said
