r"""A teacher and a student as laws over (data set, hypothesis) pairs, in a finite world.

The teacher process $P$ draws $D_n\sim p_Z^n$ and $f_T\sim q_T(\cdot\,|\,D_n)$; the student process
$Q$ is any joint law of the data set $\hat D_n$ that the student sees and its hypothesis $f_S$.
Nothing else matters for the generalisation gaps and the divergence: whether teacher and student
are coupled, one trained after the other or both together, never enters.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory.objects import _tables, datasets

Law = Float[Array, "datasets hypotheses"]


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["example_weights", "losses", "teacher_kernel", "student_law"],
    meta_fields=["num_samples", "grouped", "inputs"],
)
@dataclasses.dataclass(frozen=True, eq=False)
class DistillationProcess:
    r"""A teacher process and a student process. Build it with `create`, which validates.

    Attributes:
        example_weights: $p_Z$, shape ``(examples,)``.
        losses: $\ell(f, z)$, shape ``(hypotheses, examples)``.
        teacher_kernel: $q_T(f\,|\,D)$, shape ``(datasets, hypotheses)``.
        student_law: $Q(D, f)$, the joint law, shape ``(datasets, hypotheses)``.
        num_samples: $n$, an int.
        grouped: whether data sets are types (see `kdtheory.objects.datasets`) and not sequences.
        inputs: the input of every example, if examples are pairs of an input and a label.
    """

    example_weights: Float[Array, "examples"]
    losses: Float[Array, "hypotheses examples"]
    teacher_kernel: Law
    student_law: Law
    num_samples: int
    grouped: bool = False
    inputs: tuple[int, ...] | None = None

    @classmethod
    def create(
        cls,
        example_weights: Any,
        losses: Any,
        teacher_kernel: Any,
        student_law: Any,
        *,
        num_samples: int,
        inputs: Sequence[int] | None = None,
    ) -> DistillationProcess:
        r"""Validates arrays and builds the process.

        Args:
            example_weights: a distribution over the $m$ examples.
            losses: a finite loss for every hypothesis and example.
            teacher_kernel: a distribution over hypotheses for every data set: $m^n$ rows, or one
                for each of the $\binom{n+m-1}{m-1}$ types.
            student_law: the joint law of the student's data set and hypothesis, summing to one in
                all. For a law of data sets and a kernel multiply: ``law[:, None] * kernel``.
            num_samples: $n\ge1$.
            inputs: the input of every example, whole numbers from 0, if bounds that hold the
                inputs fixed are wanted.

        Returns:
            The process, its arrays in JAX's default float dtype.

        Raises:
            InputError: for arrays that are no distributions, shapes that do not fit, or losses
                that are not finite.

        Example:
            >>> process = DistillationProcess.create(
            ...     [0.4, 0.6], [[0.0, 1.0], [0.8, 0.1]], [[0.9, 0.1], [0.3, 0.7]],
            ...     [[0.3, 0.15], [0.15, 0.4]], num_samples=1)
            >>> process.grouped, process.student_law.shape
            (False, (2, 2))
        """
        weights = _check.probability_rows("example_weights", example_weights, "examples")
        table = _check.real_array("losses", losses, "hypotheses", "examples")
        if table.shape[1] != len(weights):
            _check.refuse(
                "losses",
                f"{table.shape[1]} columns",
                f"{len(weights)}, one for every entry of example_weights",
                "Check that it is not transposed: hypotheses in rows, examples in columns.",
            )
        size = _check.integer("num_samples", num_samples, low=1)
        kernel = _check.probability_rows("teacher_kernel", teacher_kernel, *_tables.KERNEL)
        grouped = _tables.is_grouped("teacher_kernel", kernel.shape[0], len(weights), size)
        _tables.check_columns("teacher_kernel", kernel, len(table))
        joint = _check.real_array("student_law", student_law, *_tables.KERNEL)
        _check.same_shape("student_law", joint, "teacher_kernel", kernel)
        law = _check.probability_rows("student_law", joint.reshape(-1), "pairs")
        return cls(
            example_weights=jnp.asarray(weights),
            losses=jnp.asarray(table),
            teacher_kernel=jnp.asarray(kernel),
            student_law=jnp.asarray(law.reshape(joint.shape)),
            num_samples=size,
            grouped=grouped,
            inputs=_tables.checked_inputs(inputs, len(weights)),
        )


@functools.partial(jax.jit, static_argnames=("num_samples", "grouped"))
def sample_log_weights(
    example_weights: Float[Array, "examples"], *, num_samples: int, grouped: bool = True
) -> Float[Array, "datasets"]:
    r"""Returns $\log p_Z^n(D)$ of every data set of $n$ examples, $-\infty$ where it cannot occur.

    Args:
        example_weights: $p_Z$, shape ``(examples,)``.
        num_samples: $n$.
        grouped: whether data sets are types (see `kdtheory.objects.datasets`) and not sequences.

    Returns:
        One entry per row of ``datasets.counts``.
    """
    table = datasets.counts(len(example_weights), num_samples, grouped)
    possible = example_weights > 0
    logs = jnp.log(jnp.where(possible, example_weights, 1.0))
    present = jnp.asarray(table, example_weights.dtype)
    summed = present @ logs
    if grouped:
        summed = summed + jnp.asarray(datasets.log_multiplicities(table), example_weights.dtype)
    impossible = present @ jnp.where(possible, 0.0, 1.0)
    return jnp.where(impossible > 0, -jnp.inf, summed)


@jax.jit
def dataset_log_weights(process: DistillationProcess) -> Float[Array, "datasets"]:
    r"""Returns $\log p_Z^n(D)$ of every data set, $-\infty$ where it cannot occur."""
    return sample_log_weights(
        process.example_weights, num_samples=process.num_samples, grouped=process.grouped
    )


@jax.jit
def dataset_weights(process: DistillationProcess) -> Float[Array, "datasets"]:
    """Returns $p_Z^n(D)$ of every data set."""
    if process.grouped:
        return jnp.exp(dataset_log_weights(process))
    rows = datasets.sequences(len(process.example_weights), process.num_samples)
    return jnp.prod(process.example_weights[jnp.asarray(rows)], axis=1)


@jax.jit
def teacher_law(process: DistillationProcess) -> Law:
    """Returns $P(D, f)$, the joint law of the teacher's data set and hypothesis."""
    return dataset_weights(process)[:, None] * process.teacher_kernel


@jax.jit
def gaps(process: DistillationProcess) -> Law:
    r"""Returns $h(D, f) = L_P(f) - L_D(f)$ of every data set and hypothesis.

    Evaluated as $\sum_z(p_z - c_z(D)/n)\,\ell(f, z)$, in which a constant added to all losses of a
    hypothesis is taken out beforehand.
    """
    table = datasets.counts(len(process.example_weights), process.num_samples, process.grouped)
    shares = jnp.asarray(table / process.num_samples, process.losses.dtype)
    centred = process.losses - jnp.min(process.losses, axis=1, keepdims=True)
    return (process.example_weights - shares) @ centred.T


def tilted(process: DistillationProcess, argument: Any) -> DistillationProcess:
    r"""Returns the process with the student $dQ\propto e^{\ell h}\,dP$ (traceable).

    These students attain the Cramer-Chernoff bounds: at their divergence none has a larger gap
    (for $\ell>0$) or a smaller one (for $\ell<0$).

    Args:
        process: the teacher; its student is replaced.
        argument: $\ell$, finite.
    """
    law = teacher_law(process)
    exponent = jnp.where(law > 0, argument * gaps(process), -jnp.inf)
    raised = law * jnp.exp(exponent - jnp.max(exponent))
    return dataclasses.replace(process, student_law=raised / jnp.sum(raised))


def mirrored(process: DistillationProcess) -> DistillationProcess:
    """Returns the process with every loss negated: gaps change their sign, and nothing else."""
    return dataclasses.replace(process, losses=-process.losses)
