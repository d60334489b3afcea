r"""The budget of a student of any kind, estimated from its answers: a nested analysis of variance.

$R$ sets of teacher responses are drawn, $S$ students trained on each of them, and each answers $A$
times at every point. With $V_A$, $V_S$, $V_R$ the sample variances of answers, of a student's mean
answer and of the mean of a set, averaged over everything outside them and over the points,

$$\hat{\text{inference}} = V_A,\qquad \hat{\text{training}} = V_S - V_A/A,\qquad
\hat{\text{response}} = V_R - V_S/S$$

have the three parts of `uncertainty_budget` as their expectations, whatever the laws are. A
difference of variances may come out negative.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from kdtheory import _check
from kdtheory._check import FloatArray
from kdtheory._json import from_dict, to_dict
from kdtheory.intervals import Estimate, pseudo_values, student_interval
from kdtheory.propagation.records import PARTS

FEW = 20
"""Fewer response sets than this are warned about."""

AXES = ("response sets", "trainings", "points", "answers")


@dataclasses.dataclass(frozen=True)
class SampledBudget:
    """Estimates of the parts of a budget, averaged over the points, with their intervals.

    Attributes:
        num_sets: response sets, independent of each other.
        num_trainings: students trained on each.
        num_points: where they answer.
        num_answers: of each student at each point; None if its variance was given instead.
        level: of each interval, nominally; they are Student's, and asymptotic in the number of
            response sets.
        teacher_response: variance of the student's mean across responses.
        student_training: variance of the student's mean across trainings, given the responses.
        student_inference: expected variance of the student's own predictive distribution.
        total: the sum of the three parts.
        teacher_variance: of a single response, if it was given.
    """

    num_sets: int
    num_trainings: int
    num_points: int
    num_answers: int | None
    level: float
    teacher_response: Estimate
    student_training: Estimate
    student_inference: Estimate
    total: Estimate
    teacher_variance: float | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to be wary of, in words."""
        found = []
        negative = [part.replace("_", " ") for part in PARTS if getattr(self, part).value < 0]
        if negative:
            found.append(
                f"The estimate of {' and of '.join(negative)} is negative: no variance is, but the"
                " unbiased estimate of a small one may be. More response sets settle it."
            )
        if self.num_sets < FEW:
            found.append(
                f"{self.num_sets} response sets are few: variances are skewed, and the intervals"
                f" cover less often than {self.level:.0%}."
            )
        if self.teacher_variance is not None and self.total.high < self.teacher_variance:
            found.append(
                "The student's answers vary less than its teacher's, the whole interval: it is"
                " surer than its teacher."
            )
        return tuple(found)

    def text(self) -> str:
        """Returns the estimates as lines for people to read."""
        answers = "" if self.num_answers is None else f", {self.num_answers} answers each"
        lines = [
            f"{self.num_sets} response sets, {self.num_trainings} trainings on each,"
            f" {self.num_points} points{answers}; intervals at {self.level:.0%}"
        ]
        for name in (*PARTS, "total"):
            found = getattr(self, name)
            lines.append(
                f"{name.replace('_', ' '):<20}{found.value:>12.5g}"
                f"   {found.low:.4g} to {found.high:.4g}"
            )
        if self.teacher_variance is not None:
            lines.append(f"{'teacher':<20}{self.teacher_variance:>12.5g}")
        return "\n".join([*lines, *self.warnings])

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps``, the warnings included."""
        return {**to_dict(self), "warnings": list(self.warnings)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SampledBudget:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


def budget_from_samples(
    answers: Any,
    variances: Any = None,
    *,
    teacher_variance: float | None = None,
    level: float = 0.95,
) -> SampledBudget:
    r"""Estimates the budget of students of any kind, such as neural networks, from their answers.

    Draw a set of teacher responses to all training inputs, train several students on it that differ
    in nothing but their seeds, and let each answer at the same points; then start again with a new
    set. The seeds must be fresh for every set: with the same few seeds for all sets, what they have
    in common drops out of the variance between sets, and teacher response comes out too small.

    Args:
        answers: drawn answers, shape ``(response sets, trainings, points, answers)``; or with
            ``variances`` the students' mean answers, shape ``(response sets, trainings, points)``.
            At least three response sets, two trainings and two answers.
        variances: of the students' predictive distributions, one for every mean; 0 for students
            that answer with their mean.
        teacher_variance: of a single response, averaged over the points, to compare with.
        level: nominal coverage of each interval.

    Returns:
        Unbiased estimates of the three parts and of their sum; one of a difference may be
        negative. The intervals are Student's, of the jackknife over response sets.

    Raises:
        InputError: if the shapes do not fit together, or there is too little of anything.

    Example:
        Students that repeat the mean of two responses of variance one, start where they like (0.3)
        and know how much their teacher varies: 0.5, 0.09 and 1.

        >>> rng = np.random.default_rng(0)
        >>> averages = rng.normal(size=(50, 1, 40, 2)).mean(axis=-1)  # of every set and point
        >>> means = averages + 0.3 * rng.normal(size=(50, 4, 40))
        >>> print(budget_from_samples(means, np.ones(means.shape)).text())
        50 response sets, 4 trainings on each, 40 points; intervals at 95%
        teacher response         0.47258   0.4423 to 0.5028
        student training        0.089656   0.08675 to 0.09256
        student inference              1   1 to 1
        total                     1.5622   1.532 to 1.592
    """
    variance = None
    share = _check.level(level)
    if teacher_variance is not None:
        variance = _check.number("teacher_variance", teacher_variance, low=0.0)
    if variances is None:
        values = _answers(answers)
        means, within = values.mean(axis=-1), values.var(axis=-1, ddof=1)
        from_answers = within / values.shape[-1]
    else:
        means = _check.real_array("answers", answers, *AXES[:3])
        within = _within(variances, means)
        from_answers = np.zeros_like(means)
    num_sets, num_trainings, num_points = means.shape
    _refuse_few(num_sets, 3, "response sets", "Draw more sets of teacher responses.")
    _refuse_few(
        num_trainings,
        2,
        "trainings on each",
        "Train another on every set, with a new seed.",
    )

    of_sets = means.mean(axis=1)
    of_trainings = means.var(axis=1, ddof=1)
    # About their centre: squares of large means would cancel.
    centred = of_sets - of_sets.mean(axis=0)
    features = np.column_stack([centred, (centred**2).mean(axis=1)])

    def across(moments: FloatArray) -> FloatArray:
        return np.asarray(moments[..., -1] - (moments[..., :-1] ** 2).mean(axis=-1))

    parts = {
        # A variance is quadratic in moments, and its pseudo-values average to the unbiased one.
        "teacher_response": pseudo_values(features, across)
        - of_trainings.mean(axis=1) / num_trainings,
        "student_training": (of_trainings - from_answers.mean(axis=1)).mean(axis=1),
        "student_inference": within.mean(axis=(1, 2)),
    }
    parts["total"] = sum(parts.values(), np.zeros(num_sets))
    return SampledBudget(
        num_sets=num_sets,
        num_trainings=num_trainings,
        num_points=num_points,
        num_answers=values.shape[-1] if variances is None else None,
        level=share,
        **{name: student_interval(pseudo, share) for name, pseudo in parts.items()},
        teacher_variance=variance,
    )


def _answers(answers: Any) -> FloatArray:
    if np.ndim(answers) == len(AXES) - 1:
        _check.refuse(
            "answers",
            f"an array of shape {np.shape(answers)}, without variances",
            f"drawn answers, shape ({', '.join(AXES)}), or mean answers with their variances",
            "Give variances as well; 0 if the students answer with their mean.",
        )
    values = _check.real_array("answers", answers, *AXES)
    _refuse_few(values.shape[-1], 2, "answers of each student", "Draw more answers.")
    return values


def _within(variances: Any, means: FloatArray) -> FloatArray:
    if np.ndim(variances) == 0:
        return np.full(means.shape, _check.number("variances", variances, low=0.0))
    within = _check.real_array("variances", variances, *AXES[:3])
    _check.same_shape("variances", within, "answers", means)
    if within.min() < 0:
        _check.refuse("variances", f"{within.min():g}", "variances >= 0", "Check signs.")
    return within


def _refuse_few(number: int, least: int, what: str, mend: str) -> None:
    if number < least:
        _check.refuse("answers", f"{number} {what}", f"at least {least}", mend)
