r"""Why a divergence is infinite: where the student puts mass and the teacher none.

$K_n=\mathrm{KL}(Q\,\|\,P)$ is infinite exactly when $Q(D,f)>0$ for some pair with
$P(D,f)=p_Z^n(D)\,q_T(f\,|\,D)=0$. Such pairs are of three sorts: the data set contains an example
that the teacher's data never contain (labels that are soft, or of another kind; inputs from
elsewhere); or the teacher is deterministic at $D$ and the student's hypothesis is another one; or
the teacher's kernel, though random, never chooses it there.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

import numpy as np

from kdtheory.objects import datasets
from kdtheory.objects.processes import DistillationProcess

SHOWN = 4
"""How many indices a sentence names."""


class Cause(enum.Enum):
    """What makes a divergence infinite."""

    UNSEEN_INPUTS = "inputs that the teacher's data never contain"
    UNSEEN_LABELS = "labels that the teacher's data never have at their input"
    UNSEEN_EXAMPLES = "examples that the teacher's data never contain"
    DETERMINISTIC_TEACHER = "a deterministic teacher whose map the student leaves"
    OUTSIDE_KERNEL = "hypotheses that the teacher never chooses there"


@dataclasses.dataclass(frozen=True)
class Reason:
    """One reason why a divergence is infinite.

    Attributes:
        cause: its kind.
        student_mass: the student's probability of the pairs concerned; those of several reasons
            are disjoint.
        examples: indices of the examples concerned, for data sets outside the support.
        datasets: indices of the data sets concerned, in the order of the process.
        hypotheses: indices of the hypotheses concerned, for data sets inside the support.
        text: the reason in words, and what would mend it.
    """

    cause: Cause
    student_mass: float
    examples: tuple[int, ...]
    datasets: tuple[int, ...]
    hypotheses: tuple[int, ...]
    text: str


def why_infinite(process: DistillationProcess) -> tuple[Reason, ...]:
    r"""Says why the divergence $K_n$ of a process is infinite.

    Args:
        process: any process. If it names the inputs of its examples, labels that never occur at
            their input are told from inputs that never occur.

    Returns:
        The reasons, none if the divergence is finite. Their masses sum to the student's mass where
        the teacher has none.

    Example:
        >>> process = DistillationProcess.create(
        ...     [1.0, 0.0], [[0.0, 1.0]], [[1.0], [1.0]], [[0.75], [0.25]], num_samples=1)
        >>> [(reason.cause.name, reason.student_mass) for reason in why_infinite(process)]
        [('UNSEEN_EXAMPLES', 0.25)]
    """
    weights, kernel = np.asarray(process.example_weights), np.asarray(process.teacher_kernel)
    law = np.asarray(process.student_law)
    contains = datasets.counts(len(weights), process.num_samples, process.grouped) > 0
    reasons = []
    remaining = law > 0
    for cause, examples in _unseen(weights, process.inputs):
        touched = (contains & examples).any(axis=1)[:, None]
        reasons.append(_unseen_reason(cause, law, remaining & touched, contains, examples))
        remaining = remaining & ~touched
    deterministic = ((kernel > 0).sum(axis=1) == 1)[:, None]
    outside = remaining & (kernel == 0)
    reasons += [
        _kernel_reason(Cause.DETERMINISTIC_TEACHER, law, outside & deterministic),
        _kernel_reason(Cause.OUTSIDE_KERNEL, law, outside & ~deterministic),
    ]
    return tuple(reason for reason in reasons if reason is not None)


def _unseen(weights: Any, inputs: tuple[int, ...] | None) -> list[tuple[Cause, Any]]:
    """Returns the examples of probability zero, by what is wrong with them."""
    null = weights == 0
    if inputs is None:
        return [(Cause.UNSEEN_EXAMPLES, null)]
    of_example = np.asarray(inputs)
    occurs = np.isin(of_example, of_example[~null])
    return [(Cause.UNSEEN_INPUTS, ~occurs), (Cause.UNSEEN_LABELS, null & occurs)]


_MENDS = {
    Cause.UNSEEN_INPUTS: "Use inputs of the same law.",
    Cause.UNSEEN_LABELS: "Draw hard labels from the teacher's predictions.",
    Cause.UNSEEN_EXAMPLES: "If these are soft labels, draw hard ones from the teacher's "
    "predictions.",
    Cause.DETERMINISTIC_TEACHER: "Add the same noise to the hypotheses of both, or use a bound "
    "on single samples, which can be finite.",
    Cause.OUTSIDE_KERNEL: "Let the teacher choose every hypothesis with some probability.",
}


def _unseen_reason(
    cause: Cause, law: Any, pairs: Any, contains: Any, examples: Any
) -> Reason | None:
    if not pairs.any():
        return None
    rows = pairs.any(axis=1)
    mass = float(law[pairs].sum())
    found = _indices(contains[rows].any(axis=0) & examples)
    text = (
        f"with probability {mass:.4g} the student's data contain {cause.value}: "
        f"{_named('example', found)}. {_MENDS[cause]}"
    )
    return Reason(cause, mass, found, _indices(rows), (), text)


def _kernel_reason(cause: Cause, law: Any, pairs: Any) -> Reason | None:
    if not pairs.any():
        return None
    mass = float(law[pairs].sum())
    rows, columns = _indices(pairs.any(axis=1)), _indices(pairs.any(axis=0))
    where = f"{_named('hypothesis', columns)} at {_named('data set', rows)}"
    if cause is Cause.DETERMINISTIC_TEACHER:
        told = "the teacher is deterministic and the student leaves its map: it has"
    else:
        told = "the student has hypotheses that the teacher never chooses there:"
    text = f"with probability {mass:.4g} {told} {where}. {_MENDS[cause]}"
    return Reason(cause, mass, (), rows, columns, text)


def _indices(mask: Any) -> tuple[int, ...]:
    return tuple(np.flatnonzero(mask).tolist())


def _named(noun: str, indices: tuple[int, ...]) -> str:
    plural = {"hypothesis": "hypotheses"}.get(noun, f"{noun}s")
    more = f" and {len(indices) - SHOWN} more" if len(indices) > SHOWN else ""
    listed = ", ".join(map(str, indices[:SHOWN]))
    return f"{noun if len(indices) == 1 else plural} {listed}{more}"
