"""What `sharpness` returns."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

from kdtheory.intervals import Estimate
from kdtheory.results import from_dict, to_dict


class Status(enum.Enum):
    """What is known of an assumption.

    CHECKED: verified exactly, on the data and at the parameters given. ASSUMED: stated, and not
    contradicted by anything that was measured. UNKNOWN: nothing was stated, and what rests on it is
    not computed. VIOLATED: contradicted by what was measured, and what rests on it is not computed.
    """

    CHECKED = "checked"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"
    VIOLATED = "violated"


@dataclasses.dataclass(frozen=True)
class Eigenvalue:
    """An eigenvalue, as far as an iteration found it.

    Attributes:
        value: a Rayleigh quotient, between the smallest and the largest eigenvalue.
        residual: there is an eigenvalue at most so far away.
    """

    value: float
    residual: float


@dataclasses.dataclass(frozen=True)
class Premise:
    """An assumption of the bounds.

    Attributes:
        name: the argument of `sharpness` that states it.
        statement: what it says.
        status: what is known of it.
        given: what was stated, in words; empty if nothing was.
        evidence: what was found, or what would have to be given.
    """

    name: str
    statement: str
    status: Status
    given: str
    evidence: str


@dataclasses.dataclass(frozen=True)
class Penalty:
    """A bound on the student's gap, less the teacher's gap.

    Attributes:
        name: a key of `kdtheory.flatness.penalties.KINDS`.
        title: what it is called.
        values: one for every radius; empty if it is not computed.
        vacuous: at which radii it is no less than the width of the range of the loss, which no
            gap exceeds.
        missing: the premises that it needs and that are unknown or violated.
        note: what else it needs, and whether that holds.
        slug: the claim of the catalogue.
    """

    name: str
    title: str
    values: tuple[float, ...]
    vacuous: tuple[bool, ...]
    missing: tuple[str, ...]
    note: str
    slug: str


@dataclasses.dataclass(frozen=True)
class AtRadius:
    r"""What was found at one radius.

    Attributes:
        radius: $\rho$.
        sharpness: $S_D(f)$ on the data, with Student's interval (asymptotic).
        sound_low: lower end of an interval that holds at its level however few draws there are;
            None unless the range of the loss or its smoothness is known.
        sound_high: upper end of it.
        heldout: the same on held-out data; None without them.
        quadratic: $\frac{\rho^2}{2(p+2)}\mathrm{tr}\,\nabla^2L_D(f)$, the sharpness of the
            quadratic approximation.
        hessian_at_least: a lower estimate of the supremum of $\|\nabla^2L_D\|$ over the ball: the
            largest of a few points of it.
        gradient_at_least: a lower estimate of the largest gradient of a single example's loss over
            the ball.
        smoothness_at_least: a lower estimate of how fast the gradient of a single example changes
            over the ball.
        lowest_loss: the lowest loss of a single example that was met.
        highest_loss: the highest.
    """

    radius: float
    sharpness: Estimate
    sound_low: float | None
    sound_high: float | None
    heldout: Estimate | None
    quadratic: Estimate
    hessian_at_least: float
    gradient_at_least: float
    smoothness_at_least: float
    lowest_loss: float
    highest_loss: float


@dataclasses.dataclass(frozen=True)
class SharpnessReport:
    r"""How sharp a loss is around given parameters, and what the bounds make of it.

    Attributes:
        num_examples: $n$.
        num_heldout: how many examples were held out; zero if none.
        num_parameters: $p$.
        loss: $L_D(f)$.
        heldout_loss: the mean loss on the held-out data, or None.
        lowest_loss: the lowest loss of a single example at the parameters.
        highest_loss: the highest.
        gradient: $|\nabla L_D(f)|$.
        largest_gradient: $\max_i|\nabla\ell(f,z_i)|$, exact.
        smoothness_at_least: $\max_i\|\nabla^2\ell(f,z_i)\|$, from below.
        trace: $\mathrm{tr}\,\nabla^2L_D(f)$.
        largest_eigenvalue: of $\nabla^2L_D(f)$.
        smallest_eigenvalue: of the same; where it is not negative the loss is convex to second
            order.
        exact_hessian: whether the trace and the eigenvalues are those of the matrix itself.
        radii: what was found at every radius.
        premises: the assumptions of the bounds, and what is known of them.
        penalties: the bounds less the teacher's gap, or what they lack.
        largest_radius: $\rho_0$, below which the printed sharpness-aware bound is the smaller one;
            None where its constants are not known.
        meaning: what all this says, in sentences.
        warnings: what to be wary of, in words.
        level: of the intervals.
        num_draws: how many pairs $f\pm U$ were drawn.
        seed: of everything random.
    """

    num_examples: int
    num_heldout: int
    num_parameters: int
    loss: float
    heldout_loss: float | None
    lowest_loss: float
    highest_loss: float
    gradient: float
    largest_gradient: float
    smoothness_at_least: float
    trace: Estimate
    largest_eigenvalue: Eigenvalue
    smallest_eigenvalue: Eigenvalue
    exact_hessian: bool
    radii: tuple[AtRadius, ...]
    premises: tuple[Premise, ...]
    penalties: tuple[Penalty, ...]
    largest_radius: float | None
    meaning: tuple[str, ...]
    warnings: tuple[str, ...]
    level: float
    num_draws: int
    seed: int

    def __getitem__(self, name: str) -> tuple[float, ...]:
        """Returns the values of a penalty by its name, one for every radius."""
        return next(penalty.values for penalty in self.penalties if penalty.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SharpnessReport:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)
