"""Domains, instances and units that the claims on processes share."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory import concentration
from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Case
from kdtheory.domains import Domain, box, simplex, stochastic
from kdtheory.objects import datasets
from kdtheory.objects.processes import DistillationProcess, tilted
from kdtheory.theorems._domains import extended
from kdtheory.theorems.distillation_divergence import bounds, law_worlds, process_terms

SIZES = (2, 2, 2), (2, 1, 2)
"""Examples, samples, hypotheses."""

SMALL_SIZES = (2, 1, 2), (2, 1, 1)
"""For bounds that equal the gap at no divergence only: a search comes close to it if few
coordinates must agree."""

INPUT_SIZES = (2, 2, 1, 2), (1, 2, 1, 2)
"""Inputs, labels, samples, hypotheses."""


def processes(size: tuple[int, ...]) -> Domain:
    """Returns the processes with losses in [0, 1]; 1 - loss mirrors the gaps within the domain."""
    examples, samples, hypotheses = size
    rows = examples**samples
    parts = simplex(examples) * box(0, 1, hypotheses, examples) * stochastic(rows, hypotheses)

    def build(weights: Any, losses: Any, kernel: Any, law: Any) -> DistillationProcess:
        joint = law.reshape(rows, hypotheses)
        return DistillationProcess(weights, losses, kernel, joint, samples)

    def split(process: DistillationProcess) -> tuple[Any, ...]:
        law = process.student_law.reshape(-1)
        return process.example_weights, process.losses, process.teacher_kernel, law

    names = "example_weights", "losses", "teacher_kernel", "student_law"
    return (parts * simplex(rows * hypotheses)).named(*names).map(build, split)


@functools.lru_cache(maxsize=8)
def _places(num_inputs: int, labels: int, samples: int) -> tuple[Any, Any]:
    """Returns the places of every data set's inputs, and of its labels, among all sequences.

    In the integers of either precision: JAX mixes up wider ones where both are used in turn.
    """
    sequences = datasets.sequences(num_inputs * labels, samples)
    powers = np.arange(samples, dtype=np.int32)[::-1]
    seen = (sequences // labels) @ (num_inputs**powers)
    return seen, (sequences % labels) @ (labels**powers)


def _law_of_inputs(weights: Any, samples: int) -> Any:
    """Returns the weight of every sequence of inputs."""
    rows = jnp.asarray(datasets.sequences(len(weights), samples))
    return jnp.prod(weights[rows], axis=1)


def input_processes(size: tuple[int, ...]) -> Domain:
    """Returns the processes of students that see inputs of the teacher's law."""
    num_inputs, labels, samples, hypotheses = size
    examples = num_inputs * labels
    parts = simplex(num_inputs) * stochastic(num_inputs, labels)
    parts = parts * box(0, 1, hypotheses, examples) * stochastic(examples**samples, hypotheses)
    parts = parts * stochastic(num_inputs**samples, labels**samples * hypotheses)

    def build(weights: Any, probs: Any, losses: Any, kernel: Any, given: Any) -> Any:
        seen, labelled = _places(num_inputs, labels, samples)
        conditional = given.reshape(-1, labels**samples, hypotheses)[seen, labelled]
        return DistillationProcess(
            (weights[:, None] * probs).reshape(-1),
            losses,
            kernel,
            _law_of_inputs(weights, samples)[seen][:, None] * conditional,
            samples,
            inputs=tuple(np.repeat(np.arange(num_inputs), labels).tolist()),
        )

    names = "input_weights", "label_probs", "losses", "teacher_kernel", "student_given_inputs"
    return parts.named(*names).map(build, _input_parts)


def _input_parts(process: DistillationProcess) -> tuple[Any, ...]:
    """Returns the parts of a process of any size; what never occurs is uniform."""
    assert process.inputs is not None
    num_inputs, samples = max(process.inputs) + 1, process.num_samples
    labels = len(process.inputs) // num_inputs
    seen, labelled = _places(num_inputs, labels, samples)
    joint = process.example_weights.reshape(num_inputs, labels)
    weights = jnp.sum(joint, axis=1)
    law = process.student_law
    shape = num_inputs**samples, labels**samples, law.shape[1]
    table = jnp.zeros(shape, law.dtype).at[seen, labelled].set(law).reshape(shape[0], -1)
    given = _divided(table, _law_of_inputs(weights, samples))
    return weights, _divided(joint, weights), process.losses, process.teacher_kernel, given


def _divided(rows: Any, masses: Any) -> Any:
    """Returns rows divided by their masses, uniform where there is none."""
    possible = (masses > 0)[:, None]
    return jnp.where(
        possible, rows / jnp.where(possible, masses[:, None], 1.0), 1.0 / rows.shape[1]
    )


def smallest_proxy(process: DistillationProcess) -> Scalar:
    r"""Returns the smallest two-sided variance proxy of the teacher's gap."""
    return concentration.variance_proxy(*bounds.flat_law(process))


def processes_with_excess(size: tuple[int, ...]) -> Domain:
    r"""Returns (process, excess): a variance proxy, as what it has above the smallest one.

    In units of the smallest one, so that zero is the smallest proxy and one twice that.
    """
    extra = box(0, 1).named("excess")
    return extended(processes(size), extra, lambda *parts: parts, lambda *instance: instance)


def largest_c(process: DistillationProcess, eta: Any) -> Scalar:
    r"""Returns the largest $c\le1$ of the central condition at $\eta$, zero if there is none."""
    return law_worlds.largest_c(*bounds.flat_law(process), eta)


def central_processes(size: tuple[int, ...]) -> Domain:
    r"""Returns the domain of (process, $\eta$, $c$), $c$ a share of the largest."""

    def build(process: DistillationProcess, eta: Any, share: Any) -> tuple[Any, ...]:
        return process, eta, share * largest_c(process, eta)

    def split(process: DistillationProcess, eta: Any, c: Any) -> tuple[Any, ...]:
        largest = largest_c(process, eta)
        possible = largest > 0
        share = jnp.where(possible, c / jnp.where(possible, largest, 1.0), 1.0)
        return process, eta, share

    extra = (box(1 / 16, 8) * box(1 / 16, 1)).named("eta", "share")
    return extended(processes(size), extra, build, split)


def unit(process: DistillationProcess, *_: Any) -> Scalar:
    """Returns the range of the losses, which no gap exceeds; at least the smallest number."""
    spread = jnp.max(process.losses) - jnp.min(process.losses)
    return jnp.maximum(spread, jnp.finfo(process.losses.dtype).tiny)


def divergence_unit(process: DistillationProcess, *_: Any) -> Scalar:
    """Returns one plus the divergence where it is finite."""
    divergence = process_terms.divergence(process)
    return 1.0 + jnp.where(divergence < math.inf, divergence, 0.0)


def process_case(
    weights: Any,
    losses: Any,
    kernel: Any,
    law: Any,
    *,
    samples: int = 1,
    inputs: tuple[int, ...] | None = None,
) -> DistillationProcess:
    """Returns a process from nested lists."""
    made = arrays(weights, losses, kernel, law)
    example_weights, table, teacher_kernel, student_law = made
    return DistillationProcess(
        example_weights, table, teacher_kernel, student_law, samples, inputs=inputs
    )


def coin(*students: float) -> DistillationProcess:
    """Returns one fair example of two, whose loss is its index, and the law of the student's.

    The gap is 1/2 where the example is 0 and -1/2 where it is 1; hypotheses do not differ.
    """
    half = [[0.5, 0.5]] * 2
    law = [[student / 2, student / 2] for student in students]
    return process_case([0.5, 0.5], [[0.0, 1.0]] * 2, half, law)


def same() -> DistillationProcess:
    """Returns a student that is the teacher, with a gap of 1/32."""
    law = [[0.25, 0.25], [0.125, 0.375]]
    kernel = [[0.5, 0.5], [0.25, 0.75]]
    return process_case([0.5, 0.5], [[0.5, 0.5], [1.0, 0.5]], kernel, law)


def input_coin(*students: float) -> DistillationProcess:
    """Returns two inputs with a fair label each, whose loss it is, and the student's labels."""
    kernel = [[0.5, 0.5]] * 4
    law = [[student / 4, student / 4] for student in students] * 2
    losses = [[0.0, 1.0, 0.0, 1.0]] * 2
    return process_case([0.25] * 4, losses, kernel, law, inputs=(0, 0, 1, 1))


def constant_gap() -> DistillationProcess:
    """Returns a process whose losses are all the same: no gap, whatever anyone does."""
    return process_case([0.5, 0.5], [[0.5, 0.5]] * 2, [[0.5, 0.5]] * 2, [[0.5, 0.25], [0.25, 0.0]])


def _mirrored_same() -> DistillationProcess:
    process = same()
    return dataclasses.replace(process, losses=1.0 - process.losses)


def infinite() -> DistillationProcess:
    """Returns a deterministic teacher and a student that does not follow it."""
    return process_case([0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], [[1, 0], [0, 1]], [[0.25] * 2] * 2)


def with_tilt(process: DistillationProcess, argument: Any) -> DistillationProcess:
    """Returns the process whose student is the tilt of its teacher."""
    return tilted(process, jnp.asarray(argument))


def corners(
    wrap: Callable[[DistillationProcess], Any] = lambda process: process,
) -> tuple[Case, ...]:
    """Returns the degenerate processes, each made into an instance of a claim.

    Args:
        wrap: process -> instance.
    """

    def case(name: str, make: Callable[[], DistillationProcess], note: str) -> Case:
        return Case(name, functools.partial(lambda made: wrap(made()), make), note)

    return (
        case("infinite divergence", infinite, "a deterministic teacher, another student"),
        case("no gap", constant_gap, "all losses agree: gen_S = gen_T = 0"),
        case("one data set only", lambda: coin(1.0, 0.0), "the student sees one of two data sets"),
        case("mirrored", _mirrored_same, "1 - loss for loss: the gaps change their sign"),
    )
