"""What `uncertainty_budget` returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from kdtheory._json import from_dict, to_dict

PARTS = ("teacher_response", "student_training", "student_inference")
"""The three sources, in the order in which randomness enters."""

HEADS = ("averages", "pooled", "point")
"""What a student's predictive variance can be fitted to."""


@dataclasses.dataclass(frozen=True)
class UncertaintyBudget:
    r"""The variance of a distilled student's answers, by source, averaged over the points.

    Attributes:
        num_samples: $n$, training inputs.
        num_features: $p$.
        rank: of the inputs.
        num_responses: $k$, averaged at every input.
        correlation: $\rho$ between responses to one input.
        head: what the student's own variance was fitted to.
        num_steps: of gradient descent; None for the limit.
        initial_std: of the coefficients at the start.
        teacher_variance: mean variance of a single response at the training inputs: what a student
            that answers like its teacher would have in total.
        teacher_response: variance of the student's mean across responses.
        shared_response: the share of it that no averaging removes, $\rho$ times that at $k=1$.
        student_training: variance of the student's mean across starts, given the responses.
        student_inference: expected variance of the student's own predictive distribution.
        misfit: mean squared bias of the student at the training inputs; a fitted head takes it for
            noise, and so it is a part of ``student_inference``. Zero unless means were given.
        spanned: whether every point is in the span of the training inputs; elsewhere the student's
            mean is arbitrary.
    """

    num_samples: int
    num_features: int
    rank: int
    num_responses: int
    correlation: float
    head: str
    num_steps: int | None
    initial_std: float
    teacher_variance: float
    teacher_response: float
    shared_response: float
    student_training: float
    student_inference: float
    misfit: float
    spanned: bool

    @property
    def inter_student(self) -> float:
        """The variance across independently distilled students: responses and training."""
        return self.teacher_response + self.student_training

    @property
    def total(self) -> float:
        """The variance of an answer of a random student: the sum of the three parts."""
        return self.inter_student + self.student_inference

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to be wary of, in words."""
        return warnings_of([self])

    def text(self) -> str:
        """Returns the budget as lines for people to read."""
        averaged = "one response" if self.num_responses == 1 else f"{self.num_responses} responses"
        lines = [
            f"{self.num_samples} inputs, {self.num_features} features (rank {self.rank}),"
            f" {averaged} per input, correlation {self.correlation:g}, head: {self.head}"
        ]
        whole = self.total or 1.0
        for name in PARTS:
            value = getattr(self, name)
            lines.append(f"{name.replace('_', ' '):<20}{value:>14.6g}{value / whole:>8.1%}")
        lines.append(f"{'total':<20}{self.total:>14.6g}")
        lines.append(f"{'teacher':<20}{self.teacher_variance:>14.6g}")
        if self.shared_response:
            lines.append(f"No averaging brings teacher response below {self.shared_response:.6g}.")
        if self.misfit and self.head != "point":
            lines.append(f"Student inference includes a misfit of {self.misfit:.6g}, a bias.")
        return "\n".join([*lines, *self.warnings])

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps``, the sums included."""
        sums = {"inter_student": self.inter_student, "total": self.total}
        return {**to_dict(self), **sums, "warnings": list(self.warnings)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> UncertaintyBudget:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


def warnings_of(budgets: Sequence[UncertaintyBudget]) -> tuple[str, ...]:
    """Returns what to be wary of in several budgets, each thing once.

    Args:
        budgets: of one student, for several numbers of responses.
    """
    found = []
    surer = [one for one in budgets if one.total < 0.9 * one.teacher_variance]
    if surer:
        numbers = ", ".join(str(one.num_responses) for one in surer)
        shares = ", ".join(f"{one.total / one.teacher_variance:.0%}" for one in surer)
        averaged = any(one.head == "averages" and one.num_responses > 1 for one in surer)
        found.append(
            (f"With k = {numbers} the" if len(budgets) > 1 else "The")
            + f" student's answers have {shares} of the teacher's variance: it is surer than its"
            " teacher."
            + (' Fit its variance to all responses (head="pooled").' if averaged else "")
        )
    if any(one.rank == one.num_samples and one.head != "point" for one in budgets):
        found.append("The student can fit every response exactly: no residual is left.")
    if not all(one.spanned for one in budgets):
        found.append(
            "Some points are outside the span of the training inputs, where the student's mean is"
            " arbitrary; that bias is no variance, and is not in the budget."
        )
    return tuple(found)
