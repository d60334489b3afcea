"""What `decompose` returns."""

from __future__ import annotations

import dataclasses
from typing import Any

from kdtheory.results import from_dict, to_dict

MEANINGS = {
    "teacher bias": "the prior pulls the teacher's mean away from the true weights",
    "teacher estimation noise": "the teacher's mean has fitted part of the label noise",
    "teacher posterior variance": "the Gibbs teacher is itself a random draw",
    "rank bottleneck": "a student of too small a rank cannot follow the teacher's weights",
    "posterior spread": "the teacher moves when it is refitted to the labels it has produced",
    "geometry mismatch": "the student's noise has another shape than the teacher's posterior",
}

TERMS = tuple(MEANINGS)
"""The summands of the bound, in the order in which figures stack them."""


@dataclasses.dataclass(frozen=True)
class Term:
    """One summand of the bound.

    Attributes:
        name: short name.
        value: its value in nats; only the rank bottleneck can be negative.
        meaning: what it measures, one line.
        remedy: what would lower it, one line.
        standard_error: of the value, where it is sampled; zero where it is a closed form.
    """

    name: str
    value: float
    meaning: str
    remedy: str
    standard_error: float = 0.0


@dataclasses.dataclass(frozen=True)
class Gaps:
    r"""Generalisation gaps with squared loss, and what the divergence says of the student's.

    A gap is the loss on fresh labels less the loss on the labels trained on, in the squared unit of
    the labels; the student's are the pseudo labels. Squared loss has no variance proxy here: the
    bounds use the exact moment generating function of the teacher's gap.

    Attributes:
        test_inputs: "fixed" (the columns of $X$) or "second moment" (any input with $S_x$).
        teacher: $\mathrm{gen}_T$.
        student: $\mathrm{gen}_S$, or None where it has no closed form.
        student_error: standard error of the student's gap, where it is sampled.
        chernoff: lower and upper bound on the student's gap, the best that $K_n$ allows.
        sub_gamma: lower and upper bound of sub-gamma form, with the variance and one scale alone.
    """

    test_inputs: str
    teacher: float
    student: float | None
    student_error: float
    chernoff: tuple[float, ...]
    sub_gamma: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Decomposition:
    r"""The divergence of a design, taken apart.

    Attributes:
        heading: what the numbers are about; "under the fitted model" if $W^*$ was estimated.
        fitted: whether $W^*$ is the least-squares estimate.
        fitted_noise: whether the noise is the residual standard deviation.
        terms: the summands of the bound.
        dominant: the name of the largest of them.
        bound: $J$, their sum.
        mutual_information: $I = J - K_n$.
        divergence: $K_n$ under the model, exact at rank zero and at full rank; between them the
            middle of the interval.
        interval: where $K_n$ lies; both ends are $K_n$ where it is exact.
        level: of the interval, under the normal approximation; None where it is exact.
        gaps: generalisation gaps, and bounds on the student's.
        num_features: $d$.
        num_samples: $n$.
        num_outputs: $k$.
        design_rank: $\operatorname{rank}X$.
        prior_precision: $\lambda$.
        inverse_temperature: $\beta_T$.
        noise_std: $\nu$.
        rank: $\kappa$, the student's rank.
        null: the student's map on the null space of $X^\top$.
        student_covariance: "teacher's" or "given".
    """

    heading: str
    fitted: bool
    fitted_noise: bool
    terms: tuple[Term, ...]
    dominant: str
    bound: float
    mutual_information: float
    divergence: float
    interval: tuple[float, ...]
    level: float | None
    gaps: Gaps
    num_features: int
    num_samples: int
    num_outputs: int
    design_rank: int
    prior_precision: float
    inverse_temperature: float
    noise_std: float
    rank: int
    null: str
    student_covariance: str

    def __getitem__(self, name: str) -> Term:
        """Returns a term by its name, such as that of ``dominant``."""
        found = [term for term in self.terms if term.name == name]
        if not found:
            raise KeyError(name)
        return found[0]

    @property
    def exact(self) -> bool:
        """Whether the divergence is a closed form, and nothing was sampled."""
        return self.level is None

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Decomposition:
        """Rebuilds a decomposition from `to_dict`."""
        return from_dict(cls, data)
