"""What `assess` returns."""

from __future__ import annotations

import dataclasses
from typing import Any

from kdtheory.results import from_dict, to_dict

BERNSTEIN = "empirical Bernstein"
HOEFFDING = "Hoeffding"
STUDENT = "Student"
JACKKNIFE = "jackknife"
FIELLER = "Fieller"
COMBINED = "combined"

METHODS = {
    BERNSTEIN: "holds at its level for any number of examples",
    HOEFFDING: "holds at its level for any number of examples (with the relative entropy)",
    STUDENT: "asymptotic",
    JACKKNIFE: "asymptotic",
    FIELLER: "asymptotic, of a ratio",
    COMBINED: "asymptotic, both of its parts at half the chance of error",
}
"""Where an interval comes from, and how far it is to be trusted."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """An estimate and its interval.

    Attributes:
        value: the estimate; infinite if the data show that the truth is.
        low: lower end.
        high: upper end.
        method: a key of `METHODS`.
    """

    value: float
    low: float
    high: float
    method: str


@dataclasses.dataclass(frozen=True)
class Bin:
    """Examples on which the teacher is about equally sure.

    Attributes:
        confidence: mean probability of the label that it prefers.
        accuracy: how often that is the label.
        low: lower end of an interval for the accuracy, at any number of examples.
        high: upper end.
        share: of all examples.
    """

    confidence: float
    accuracy: float
    low: float
    high: float
    share: float


@dataclasses.dataclass(frozen=True)
class Tuned:
    r"""A setting that was fitted on one half of the examples and judged on the other, both ways.

    Attributes:
        name: "temperature" or "smoothing".
        value: fitted on all examples.
        halves: fitted on either half.
        log_loss_gain: by how much the log loss falls on examples that it was not fitted on.
        brier_gain: the same of the Brier loss.
    """

    name: str
    value: float
    halves: tuple[float, ...]
    log_loss_gain: Estimate
    brier_gain: Estimate


@dataclasses.dataclass(frozen=True)
class Penalty:
    r"""A penalty of Menon et al. for a teacher that is not Bayes, between two bounds.

    What labels identify is at most $\mathbb E\|p^*-p\|_2^2$, not $\mathbb E\|p^*-p\|_2$ nor the
    total variation; these lie between functions of it.

    Attributes:
        name: "proposition3_norm", "proposition3_tv" or "proposition5".
        title: what it is, in words.
        at_least: lower bound, from the lower end of the excess Brier risk.
        at_most: upper bound, from its upper end.
        estimate: the upper bound at the estimated excess; None where only its ends are known.
        vacuous: whether the upper bound is no less than what no bias exceeds.
    """

    name: str
    title: str
    at_least: float
    at_most: float
    estimate: float | None
    vacuous: bool


@dataclasses.dataclass(frozen=True)
class StudentTerms:
    r"""What one label per example identifies with the student's losses.

    Attributes:
        onehot_noise: $\mathbb V_{x,y}[\ell]$, $N$ times the variance of the one-hot risk.
        teacher_noise: $\mathbb V_x[p\cdot\ell]$, $N$ times the variance of the distilled risk.
        bias: $\mathbb E[(p-p^*)\cdot\ell]$, by which the distilled risk is off at every $N$.
        break_even: the sample size $N^*$ below which the distilled risk is the more accurate one;
            0 if it never is, infinite if always.
    """

    onehot_noise: Estimate
    teacher_noise: Estimate
    bias: Estimate
    break_even: Estimate


@dataclasses.dataclass(frozen=True)
class Identified:
    r"""What the disagreement of several labels of one example identifies.

    Attributes:
        num_examples: how many examples have several labels; all of this is about them.
        excess: $\mathbb E\|p^*-p\|_2^2$, the teacher's excess Brier risk.
        irreducible: $\mathbb E[1-\|p^*\|_2^2]$, which no teacher can avoid.
        noise_ratio: their ratio: the mean squared error of the gradient (in the student's logits)
            with the teacher's probabilities, relative to the variance of that with one-hot labels.
            The mean of $r$ labels has the ratio $1/r$; but the noise of fresh labels averages out,
            which the error of a teacher does not. None if no labels disagree.
        reduction: $\mathbb E_x\mathbb V_{y|x}[\ell]$, $N$ times what exact labels take off the
            variance of the one-hot risk; None without the student's losses.
        reduction_share: the same relative to that variance; None without losses or variance.
    """

    num_examples: int
    excess: Estimate
    irreducible: Estimate
    noise_ratio: Estimate | None
    reduction: Estimate | None
    reduction_share: Estimate | None


@dataclasses.dataclass(frozen=True)
class IfBayes:
    r"""What would be true if the teacher's probabilities were those of the labels.

    Attributes:
        irreducible: $\mathbb E[1-\|p\|_2^2]$, its Brier risk then.
        entropy: its log loss then.
        surplus: observed Brier risk minus that; a teacher for whom zero is outside of the interval
            is not Bayes.
        reduction: as for `Identified`, with the teacher's probabilities for $p^*$.
        reduction_share: the same relative to the variance that the one-hot risk would have.
    """

    irreducible: Estimate
    entropy: Estimate
    surplus: Estimate
    reduction: Estimate | None
    reduction_share: Estimate | None


@dataclasses.dataclass(frozen=True)
class TeacherReport:
    r"""Everything that is said of one teacher.

    Attributes:
        name: of the teacher.
        brier: mean Brier loss: the excess risk plus what is irreducible.
        log_loss: mean log loss; infinite if a label occurred that it excludes.
        accuracy: how often its preferred label is the label; ties count as errors.
        excluded: the number of examples with a label that it gives probability zero.
        top_label_error: root mean square of confidence minus accuracy, in bins of equal mass.
        class_wise_error: root of the same summed over the labels, each in bins of its own.
        calibration_part: the square of that, part of the excess risk.
        excess_shown: an estimate of a part of the excess Brier risk that one label per example
            identifies: its calibration part, or by how much a better temperature, smoothing or
            another teacher is better, whichever has the highest lower end.
        excess_shown_by: which one, in words; empty if no part of the excess is sure.
        excess_at_least: that lower end, at a chance of error that is divided among all of them.
        excess_at_most: the upper end of the whole Brier risk; both ends together hold at the level.
        reliability: the bins of the preferred label.
        temperature: the best temperature; None if a label occurred that the teacher excludes.
        smoothing: the best mixture with the uniform distribution.
        penalties: of Propositions 3 and 5.
        student: with the student's losses only.
        student_tempered: the same at the best temperature, fitted on other examples.
        identified: with several labels of some examples only.
        if_bayes: without them only.
    """

    name: str
    brier: Estimate
    log_loss: Estimate
    accuracy: Estimate
    excluded: int
    top_label_error: Estimate
    class_wise_error: Estimate
    calibration_part: Estimate
    excess_shown: float
    excess_shown_by: str
    excess_at_least: float
    excess_at_most: float
    reliability: tuple[Bin, ...]
    temperature: Tuned | None
    smoothing: Tuned
    penalties: tuple[Penalty, ...]
    student: StudentTerms | None
    student_tempered: StudentTerms | None
    identified: Identified | None
    if_bayes: IfBayes | None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two teachers on the same examples.

    Attributes:
        better: the one with the smaller Brier loss on these examples.
        worse: the other one.
        brier: the Brier loss of the worse minus that of the better; intervals of all pairs hold at
            once.
        log_loss: the same of the log loss; None if both are infinite.
    """

    better: str
    worse: str
    brier: Estimate
    log_loss: Estimate | None

    @property
    def told_apart(self) -> bool:
        """Whether the interval of the Brier loss excludes zero."""
        return self.brier.low > 0


@dataclasses.dataclass(frozen=True)
class Assessment:
    """What teachers will do for a student, as far as data tell.

    Attributes:
        num_examples: how many.
        num_labels: how many labels there are to predict.
        num_repeated: how many examples have two or more labels.
        fewest_annotations: the smallest number of labels of an example.
        most_annotations: the largest.
        loss_range: $B$, between the smallest and the largest of the student's losses; 1 if there
            are none: penalties are in its unit.
        with_losses: whether the student's losses were given.
        level: of every interval by itself; of those of a comparison together.
        seed: of the halves.
        teachers: the smallest Brier loss first.
        comparisons: of all pairs.
        warnings: what to be wary of.
    """

    num_examples: int
    num_labels: int
    num_repeated: int
    fewest_annotations: int
    most_annotations: int
    loss_range: float
    with_losses: bool
    level: float
    seed: int
    teachers: tuple[TeacherReport, ...]
    comparisons: tuple[Comparison, ...]
    warnings: tuple[str, ...]

    def __getitem__(self, name: str) -> TeacherReport:
        """Returns the report of a teacher by its name."""
        found = [teacher for teacher in self.teachers if teacher.name == name]
        if not found:
            raise KeyError(name)
        return found[0]

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Assessment:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)
