"""What `bounds` and `bounds_from_samples` return."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from kdtheory.results import from_dict, to_dict

ROOM = "distillation_divergence"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A sort of bound, whatever the numbers.

    Attributes:
        title: what it is called.
        above: the catalogue's slug of the upper bound; empty if there is none.
        below: that of the lower bound, or of the upper bound whose mirror image it is.
        assumption: what it assumes of teacher and student, besides a finite divergence.
    """

    title: str
    above: str
    below: str
    assumption: str


def _kind(title: str, above: str, assumption: str, below: str | None = None) -> Kind:
    upper = f"{ROOM}/{above}" if above else ""
    return Kind(title, upper, upper if below is None else f"{ROOM}/{below}", assumption)


KINDS = {
    "disintegrated": _kind(
        "Cramer-Chernoff given the inputs", "disintegrated", "inputs shared with the teacher"
    ),
    "shared_inputs": _kind(
        "Cramer-Chernoff, shared inputs", "shared_inputs", "inputs shared with the teacher"
    ),
    "pushforward": _kind(
        "Cramer-Chernoff, laws of the gap", "pushforward", "the gap's law under both"
    ),
    "cramer_chernoff": _kind(
        "Cramer-Chernoff",
        "cramer_chernoff_upper",
        "the gap's law under the teacher",
        "cramer_chernoff_lower",
    ),
    "individual_sample": _kind(
        "Single samples", "individual_sample", "laws of (example, hypothesis)"
    ),
    "theorem10": _kind("Theorem 10, best (eta, c)", "", "a central condition", "lower"),
    "remark2": _kind("Theorem 10, (eta, c) of Remark 2", "", "a proxy, and gen_T > 0", "lower"),
    "theorem8_one_sided": _kind(
        "Theorem 8, one-sided proxy", "upper_one_sided", "sub-Gaussian on one side"
    ),
    "theorem8": _kind("Theorem 8", "upper", "sub-Gaussian"),
    "chi_square": _kind("Chi-square", "chi_square", "the gap's variance"),
    "binary_kl": _kind("Binary KL", "binary_kl", "the gap's range"),
    "pinsker": _kind("Pinsker", "pinsker", "the gap's range"),
    "bretagnolle_huber": _kind("Bretagnolle-Huber", "bretagnolle_huber", "the gap's range"),
    "stability": _kind(
        "Theorem 8 with Proposition 9", "stability", "a stable, deterministic teacher"
    ),
}
"""Every bound by its name; where two agree, the earlier one is ranked first."""


@dataclasses.dataclass(frozen=True)
class Bound:
    r"""One bound on the student's gap.

    Attributes:
        name: a key of `KINDS`.
        title: what it is called.
        side: "above" for an upper bound, "below" for a lower one.
        value: the bound; infinite where it says nothing.
        excess: the bound minus the teacher's gap.
        assumption: what it assumes.
        checked: whether that was checked on the arrays.
        evidence: what was found in checking, in words.
        vacuous: whether it is no better than what holds of every student, see
            `GapBounds.trivial`.
        slug: the claim of the catalogue; a lower bound may be the mirror image of it.
    """

    name: str
    title: str
    side: str
    value: float
    excess: float
    assumption: str
    checked: bool
    evidence: str
    vacuous: bool
    slug: str


@dataclasses.dataclass(frozen=True)
class Excluded:
    """A bound that does not apply.

    Attributes:
        name: a key of `KINDS`.
        title: what it is called.
        side: "above", "below" or "both".
        reason: why not, in words.
    """

    name: str
    title: str
    side: str
    reason: str


@dataclasses.dataclass(frozen=True)
class GapBounds:
    r"""Everything that is known of a student's generalisation gap from its process.

    Attributes:
        num_samples: $n$.
        num_examples: $m$.
        num_hypotheses: how many hypotheses there are.
        num_datasets: how many data sets, or types of them, were enumerated.
        grouped: whether they are types.
        teacher_gap: $\mathrm{gen}_T$.
        student_gap: $\mathrm{gen}_S$, exact.
        divergence: $K_n$.
        dataset_divergence: the part of the data sets.
        algorithm_divergence: the part of the algorithms, at the student's data.
        gap_divergence: $K_h\le K_n$, of the laws of the gap alone.
        chi_square: $\chi^2(Q\|P)$.
        gap_low: the smallest gap that the teacher can have.
        gap_high: the largest.
        variance: of the teacher's gap.
        proxy: the smallest two-sided variance proxy, certified from above.
        proxy_above: that of positive arguments.
        proxy_below: that of negative arguments.
        central_eta: of the best pair of Theorem 10; zero if there is none.
        central_c: of the same.
        stability: $\beta$ of a deterministic teacher, else None.
        trivial: what holds of every student: the range of the teacher's gap where the divergence
            is finite, else that of all data sets and hypotheses.
        above: the upper bounds, the tightest first.
        below: the lower bounds, the tightest first.
        excluded: the bounds that do not apply, and why.
        infinite: why the divergence is infinite, in words; empty if it is finite.
    """

    num_samples: int
    num_examples: int
    num_hypotheses: int
    num_datasets: int
    grouped: bool
    teacher_gap: float
    student_gap: float
    divergence: float
    dataset_divergence: float
    algorithm_divergence: float
    gap_divergence: float
    chi_square: float
    gap_low: float
    gap_high: float
    variance: float
    proxy: float
    proxy_above: float
    proxy_below: float
    central_eta: float
    central_c: float
    stability: float | None
    trivial: tuple[float, ...]
    above: tuple[Bound, ...]
    below: tuple[Bound, ...]
    excluded: tuple[Excluded, ...]
    infinite: tuple[str, ...]

    def __getitem__(self, name: str) -> tuple[float, float]:
        """Returns the lower and the upper bound of a name, infinite where there is none."""
        low = next((bound.value for bound in self.below if bound.name == name), -math.inf)
        return low, next((bound.value for bound in self.above if bound.name == name), math.inf)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GapBounds:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


@dataclasses.dataclass(frozen=True)
class EstimatedBound:
    """A bound with the sample in the place of the law: an estimate, not a guarantee.

    Attributes:
        name: a key of `KINDS`.
        title: what it is called.
        side: "above" or "below".
        estimate: the plug-in estimate.
        low: lower end of the interval.
        high: upper end.
        excess: the estimate minus the mean of the sample.
        assumption: what the bound assumes; not checked, a sample cannot.
        slug: the claim of the catalogue.
    """

    name: str
    title: str
    side: str
    estimate: float
    low: float
    high: float
    excess: float
    assumption: str
    slug: str


@dataclasses.dataclass(frozen=True)
class ConfidentBound:
    """A bound that holds with a stated confidence, if its assumptions do.

    Attributes:
        side: "above" or "below".
        value: the bound on the student's gap.
        mean_bound: the bound on the teacher's mean gap that it rests on.
        level: its confidence, of this side alone.
        assumption: what it assumes, in words.
    """

    side: str
    value: float
    mean_bound: float
    level: float
    assumption: str


@dataclasses.dataclass(frozen=True)
class SampleBounds:
    r"""Bounds on a student's gap from a sample of the teacher's and a stated divergence.

    Attributes:
        meaning: what these numbers are, and what they are not.
        num_gaps: how many gaps were sampled.
        mean: of the sample.
        mean_low: lower end of its interval.
        mean_high: upper end.
        smallest: the smallest sampled gap.
        largest: the largest.
        divergence: $K_n$, as stated; nothing here checks it.
        level: of the intervals.
        gap_range: stated bounds on the gap, or None.
        resamples: how many times the sample was resampled.
        seed: of the resampling.
        above: estimated upper bounds, the smallest first.
        below: estimated lower bounds, the largest first.
        confident: bounds that hold with the stated confidence; none without a stated range.
        warnings: what to be wary of, in words.
    """

    meaning: str
    num_gaps: int
    mean: float
    mean_low: float
    mean_high: float
    smallest: float
    largest: float
    divergence: float
    level: float
    gap_range: tuple[float, ...] | None
    resamples: int
    seed: int
    above: tuple[EstimatedBound, ...]
    below: tuple[EstimatedBound, ...]
    confident: tuple[ConfidentBound, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SampleBounds:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)
