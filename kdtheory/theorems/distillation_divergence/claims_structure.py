"""Structural claims: when the divergence is infinite, whatever the size of what differs."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Axis, Case, Claim, Relation
from kdtheory.divergences import kl_divergence
from kdtheory.objects.processes import DistillationProcess, dataset_weights
from kdtheory.theorems.distillation_divergence import process_terms, structure_worlds
from kdtheory.theorems.distillation_divergence.axes import UNIT_STEPS


def _divergence(process: DistillationProcess, *_: Any) -> Scalar:
    return process_terms.divergence(process)


def _dataset_part(process: DistillationProcess, data: Any) -> Scalar:
    return kl_divergence(data, dataset_weights(process))


def _dataset_part_or_infinite(
    process: DistillationProcess, _: Any, data: Any, leaves: Any, share: Any, elsewhere: Any
) -> Scalar:
    lost = data * (leaves * share) * jnp.sum(elsewhere * (1.0 - process.teacher_kernel), axis=1)
    return jnp.where(jnp.any(lost > 0), jnp.inf, _dataset_part(process, data))


def _mapped(*parts: Any) -> tuple[Any, ...]:
    """Returns an instance with one example per data set and no share of the teacher's."""
    return structure_worlds.mapped(*arrays(*parts), num_samples=1)[:-1]


def _exploring(*parts: Any) -> tuple[Any, ...]:
    return structure_worlds.mapped(*arrays(*parts), num_samples=1)


_NEVER = [[0.5, 0.5], [0.5, 0.5]]
"""Where to go off the map, for a student that does not leave it."""

DETERMINISTIC_TEACHER = Claim(
    slug="distillation_divergence/deterministic_teacher",
    title="With a deterministic teacher the student is the same map, or infinitely far",
    statement=r"f_T=A(D)\ \Rightarrow\ K_n=\mathrm{KL}(\hat D\,\|\,D)\text{ if }f_S=A(\hat D)"
    r"\text{ almost surely, else }K_n=\infty",
    relation=Relation.EQ,
    lhs=_divergence,
    rhs=_dataset_part_or_infinite,
    domain=structure_worlds.deterministic_teachers,
    sizes=structure_worlds.MAPPED_SIZES,
    tight=(
        Case(
            "the same algorithm on other data",
            lambda: _mapped([0.5, 0.5], [0, 1], [0.75, 0.25], 0, 1, _NEVER),
            "both sides are log 2 - H(1/4)",
        ),
    ),
    corners=(
        Case(
            "another student, now and then",
            lambda: _mapped([0.5, 0.5], [0, 1], [0.5, 0.5], 1, 2.0**-20, _NEVER),
            "the same data, and one hypothesis in two million is another: infinite",
        ),
        Case(
            "off the map, back to it",
            lambda: _mapped([0.5, 0.5], [0, 1], [0.5, 0.5], 1, 1, [[1, 0], [0, 1]]),
            "what is chosen off the map is what the map says: 0",
        ),
        Case(
            "another student where there are no data",
            lambda: _mapped([0.5, 0.5], [0, 1], [1, 0], 1, 1, [[1, 0], [1, 0]]),
            "the second data set never comes to the student: log 2",
        ),
    ),
    axes=(
        Axis(
            "how often the student that follows the map sees the first of two fair examples",
            UNIT_STEPS,
            lambda first: _mapped([0.5, 0.5], [0, 1], [first, 1 - first], 0, 1, _NEVER),
        ),
    ),
)


def _dataset_part_and_exploration(
    process: DistillationProcess,
    _: Any,
    data: Any,
    leaves: Any,
    share: Any,
    __: Any,
    teacher_share: Any,
) -> Scalar:
    student, teacher = (jnp.stack([1.0 - part, part]) for part in (leaves * share, teacher_share))
    return _dataset_part(process, data) + kl_divergence(student, teacher)


EXPLORING_TEACHER = Claim(
    slug="distillation_divergence/exploring_teacher",
    title="What it costs to leave a map that the teacher leaves as well",
    statement=r"q_T=(1-\varepsilon)\delta_{A(D)}+\varepsilon r_D,\ q_S=(1-t)\delta_{A(D)}+tr_D"
    r"\ \Rightarrow\ K_n\le\mathrm{KL}(\hat D\,\|\,D)+t\log\tfrac t\varepsilon"
    r"+(1-t)\log\tfrac{1-t}{1-\varepsilon}",
    lhs=_divergence,
    rhs=_dataset_part_and_exploration,
    domain=structure_worlds.exploring_teachers,
    sizes=structure_worlds.MAPPED_SIZES,
    tight=(
        Case(
            "away from the map",
            lambda: _exploring([0.5, 0.5], [0, 1], [0.5, 0.5], 1, 0.5, [[0, 1], [1, 0]], 0.25),
            "whoever leaves the map ends elsewhere: both sides are log(4/3)/2",
        ),
    ),
    corners=(
        Case(
            "back to the map",
            lambda: _exploring([0.5, 0.5], [0, 1], [0.5, 0.5], 1, 0.5, [[1, 0], [0, 1]], 0.25),
            "whoever leaves the map comes back to it: the divergence is 0",
        ),
        Case(
            "a deterministic teacher",
            lambda: _exploring([0.5, 0.5], [0, 1], [0.5, 0.5], 1, 0.5, [[0, 1], [1, 0]], 0),
            "no exploration: both sides are infinite",
        ),
    ),
    axes=(
        Axis(
            "how often the student leaves the map, the teacher 1/4 of the time; half come back",
            UNIT_STEPS,
            lambda share: _exploring([0.5, 0.5], [0, 1], [0.5, 0.5], 1, share, _NEVER, 0.25),
        ),
    ),
    uses=(DETERMINISTIC_TEACHER.slug,),
)


def _hard_part_or_infinite(
    process: DistillationProcess,
    hard_data: Any,
    any_data: Any,
    mixed: Any,
    share: Any,
    student: Any,
) -> Scalar:
    """Returns the chain rule over hard data sets, or infinity if there are others."""
    num_hard = round(hard_data.shape[0] ** (1 / process.num_samples))
    hard = structure_worlds.is_hard(num_hard, process.example_weights.shape[0], process.num_samples)
    data = (1.0 - mixed * share) * hard_data + mixed * share * any_data[hard]
    shifts = kl_divergence(student[hard], process.teacher_kernel[hard])
    shift = jnp.sum(jnp.where(data > 0, data * jnp.where(data > 0, shifts, 0.0), 0.0))
    finite = kl_divergence(data, dataset_weights(process)[hard]) + shift
    return jnp.where(jnp.any(mixed * share * any_data[~hard] > 0), jnp.inf, finite)


def _softened(*parts: Any) -> tuple[Any, ...]:
    """Returns an instance with a hard and a soft example, one of them in every data set."""
    return structure_worlds.softened(*arrays(*parts), num_soft=1, num_samples=1)


_KERNELS = [[0.5, 0.5], [0.5, 0.5]], [[0.75, 0.25], [0.5, 0.5]]

SOFT_LABELS_INFINITE = Claim(
    slug="distillation_divergence/soft_labels_infinite",
    title="A student that is shown labels of another kind is infinitely far",
    statement=r"\hat Q(\exists i: p_Z(\hat z_i)=0)>0\ \Rightarrow\ K_n=\infty;\text{ else }"
    r"K_n\text{ is that of the examples that occur}",
    relation=Relation.EQ,
    lhs=_divergence,
    rhs=_hard_part_or_infinite,
    domain=structure_worlds.soft_labels,
    sizes=structure_worlds.SOFT_SIZES,
    tight=(
        Case(
            "hard labels only",
            lambda: _softened([1], [1], [0, 1], 0, 1, *_KERNELS),
            "the same data, other kernels: both sides are log(4/3)/2",
        ),
    ),
    corners=(
        Case(
            "a soft label, now and then",
            lambda: _softened([1], [1], [0, 1], 1, 2.0**-20, *_KERNELS),
            "one data set in a million: infinite",
        ),
        Case(
            "any data, by chance hard",
            lambda: _softened([1], [1], [1, 0], 1, 1, *_KERNELS),
            "soft labels could come, and have probability zero",
        ),
    ),
    axes=(
        Axis(
            "probability of the student's first hypothesis, 3/4 to the teacher; hard labels only",
            UNIT_STEPS,
            lambda first: _softened(
                [1], [1], [0, 1], 0, 1, [[first, 1 - first], [0.5, 0.5]], _KERNELS[1]
            ),
        ),
    ),
)
