r"""Exact quantities of a distillation process: the two gaps, the divergence and its parts.

$$\mathrm{gen}_T = E_Ph,\qquad \mathrm{gen}_S = E_Qh,\qquad K_n = \mathrm{KL}(Q\|P)
  = \mathrm{KL}(Q_D\|P_D) + \sum_D Q_D(D)\,\mathrm{KL}\bigl(Q(\cdot|D)\,\|\,q_T(\cdot|D)\bigr),$$

with $h(D, f) = L_P(f) - L_D(f)$ and the teacher's kernel taken at the student's data set. The gap
of the student is measured on its own (pseudo) data. Batches by ``jax.vmap``.

Source: Li and He, arXiv:2605.13143, appendix B (the text examined is an excerpt).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory._types import Scalar
from kdtheory.divergences import kl_divergence, kl_to_log_probs
from kdtheory.objects import datasets
from kdtheory.objects.processes import (
    DistillationProcess,
    dataset_log_weights,
    gaps,
    teacher_law,
)

LogLaw = Float[Array, "datasets hypotheses"]


@jax.jit
def teacher_gap(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T = E_P[L_P(f_T) - L_{D}(f_T)]$.

    Args:
        process: the process.
    """
    return jnp.sum(teacher_law(process) * gaps(process))


@jax.jit
def student_gap(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_S = E_Q[L_P(f_S) - L_{\hat D}(f_S)]$.

    Args:
        process: the process.

    Example:
        >>> process = DistillationProcess.create(
        ...     [0.5, 0.5], [[0.0, 1.0]], [[1.0], [1.0]], [[0.75], [0.25]], num_samples=1)
        >>> float(student_gap(process))
        0.25
    """
    return jnp.sum(process.student_law * gaps(process))


def teacher_log_law(process: DistillationProcess) -> LogLaw:
    r"""Returns $\log P(D, f)$, finite wherever a product of many small weights underflows."""
    possible = process.teacher_kernel > 0
    logs = jnp.log(jnp.where(possible, process.teacher_kernel, 1.0))
    return dataset_log_weights(process)[:, None] + jnp.where(possible, logs, -jnp.inf)


@jax.jit
def divergence(process: DistillationProcess) -> Scalar:
    r"""Returns the distillation divergence $K_n = \mathrm{KL}(Q\|P)\in[0,\infty]$.

    Args:
        process: the process.

    Returns:
        The divergence; infinite as soon as the student does, with any probability, what the
        teacher never does.
    """
    return kl_to_log_probs(process.student_law.reshape(-1), teacher_log_law(process).reshape(-1))


@jax.jit
def dataset_divergence(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{KL}(Q_D\|P_D)$, the divergence of the data sets alone.

    Args:
        process: the process.
    """
    return kl_to_log_probs(jnp.sum(process.student_law, axis=1), dataset_log_weights(process))


@jax.jit
def algorithm_divergence(process: DistillationProcess) -> Scalar:
    r"""Returns $\sum_DQ_D(D)\,\mathrm{KL}(Q(\cdot|D)\,\|\,q_T(\cdot|D))$, at the pseudo data.

    Args:
        process: the process.

    Returns:
        The divergence of the algorithms, data sets that the student never sees left out.
    """
    seen = jnp.sum(process.student_law, axis=1)
    present = seen > 0
    safe = jnp.where(present, seen, 1.0)[:, None]
    kernel = jnp.where(present[:, None], process.student_law / safe, process.teacher_kernel)
    each = kl_divergence(kernel, process.teacher_kernel)
    return jnp.sum(jnp.where(present, seen * jnp.where(present, each, 0.0), 0.0))


@jax.jit
def gap_divergence(process: DistillationProcess) -> Scalar:
    r"""Returns $K_h = \mathrm{KL}(\mathrm{law}_Q(h)\,\|\,\mathrm{law}_P(h)) \le K_n$.

    Pairs whose gaps agree up to rounding are taken together, all of them with each: memory grows
    with the square of the number of pairs (`law_of_gap` merges by sorting).

    Args:
        process: the process.
    """
    values = gaps(process).reshape(-1)
    unit = jnp.max(jnp.abs(values)) * 64.0 * float(jnp.finfo(values.dtype).eps)
    same = jnp.abs(values[:, None] - values[None, :]) <= unit
    together = same.astype(values.dtype)
    teacher = teacher_law(process).reshape(-1)
    student = process.student_law.reshape(-1)
    # Every group once, at its first member.
    first = jnp.sum(jnp.tril(together, -1), axis=1) == 0
    masses = (jnp.where(first, together @ law, 0.0) for law in (student, teacher))
    return kl_divergence(*masses)


def law_of_gap(
    process: DistillationProcess,
) -> tuple[Float[np.ndarray, "atoms"], Float[np.ndarray, "atoms"], Float[np.ndarray, "atoms"]]:
    r"""Returns the values of $h$, increasing, with their masses under $P$ and under $Q$.

    Args:
        process: the process; not traceable, since the number of values depends on it.

    Returns:
        Distinct values (those that agree up to rounding are one) that have mass under either law,
        and the two laws.

    Example:
        >>> process = DistillationProcess.create(
        ...     [0.5, 0.5], [[0.0, 1.0]], [[1.0]] * 4, [[0.25]] * 4, num_samples=2)
        >>> [column.tolist() for column in law_of_gap(process)]
        [[-0.5, 0.0, 0.5], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25]]
    """
    values = np.asarray(gaps(process), np.float64).reshape(-1)
    laws = [
        np.asarray(law, np.float64).reshape(-1)
        for law in (teacher_law(process), process.student_law)
    ]
    kept = np.flatnonzero((laws[0] > 0) | (laws[1] > 0))
    order = kept[np.argsort(values[kept], kind="stable")]
    unit = np.abs(values).max() * 64.0 * np.finfo(np.asarray(process.losses).dtype).eps
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values[order]) > unit]))
    teacher, student = (np.add.reduceat(law[order], starts) for law in laws)
    return values[order][starts], teacher, student


@jax.jit
def individual_laws(
    process: DistillationProcess,
) -> tuple[
    Float[Array, "examples hypotheses"],
    Float[Array, "places examples hypotheses"],
    Float[Array, "places examples hypotheses"],
]:
    r"""Returns the gaps of single examples and the laws of (example, hypothesis) at every place.

    Args:
        process: the process.

    Returns:
        $h_1(z, f) = L_P(f) - \ell(f, z)$, whose mean over the places is $h$; and the laws of
        $(z_i, f)$ under $P$ and under $Q$, for all $n$ places, or for the one place that stands
        for all where data sets are types.
    """
    num_examples = len(process.example_weights)
    if process.grouped:
        table = datasets.types(num_examples, process.num_samples)
        shares = (table / process.num_samples)[None]
    else:
        rows = datasets.sequences(num_examples, process.num_samples)
        shares = (rows.T[:, :, None] == np.arange(num_examples)).astype(np.float64)
    present = jnp.asarray(shares, process.losses.dtype)
    teacher, student = (jnp.einsum("pdz,df->pzf", present, law) for law in _laws(process))
    # As in `gaps`: of losses that agree nothing is left.
    centred = process.losses - jnp.min(process.losses, axis=1, keepdims=True)
    return (centred @ process.example_weights)[None, :] - centred.T, teacher, student


@jax.jit
def laws_given_inputs(
    process: DistillationProcess,
) -> tuple[
    Float[Array, "configurations"],
    Float[Array, "configurations datasets hypotheses"],
    Float[Array, "configurations"],
    Float[Array, "configurations datasets hypotheses"],
]:
    r"""Returns the law of the inputs and the laws given the inputs, under $P$ and under $Q$.

    Args:
        process: a process whose ``inputs`` are named.

    Returns:
        For $P$ and then for $Q$: the weight of every configuration of inputs, and the law of (data
        set, hypothesis) given it; where the weight is zero, the law given it under $P$ is uniform
        and that under $Q$ the one under $P$.
    """
    assert process.inputs is not None, "inputs are not named"
    _, index = datasets.input_groups(process.inputs, process.num_samples, process.grouped)
    member = index[None, :] == np.arange(index.max() + 1)[:, None]
    present = jnp.asarray(member, process.losses.dtype)
    teacher, student = _laws(process)
    uniform = jnp.broadcast_to(present[:, :, None], (*present.shape, teacher.shape[1]))
    uniform = uniform / jnp.sum(uniform, axis=(1, 2), keepdims=True)
    given = []
    otherwise = uniform
    for law in (teacher, student):
        part = present[:, :, None] * law[None]
        weight = jnp.sum(part, axis=(1, 2))
        seen = (weight > 0)[:, None, None]
        otherwise = jnp.where(seen, part / jnp.where(seen, weight[:, None, None], 1.0), otherwise)
        given += [weight, otherwise]
    return given[0], given[1], given[2], given[3]


def _laws(process: DistillationProcess) -> tuple[LogLaw, LogLaw]:
    return teacher_law(process), process.student_law


@jax.jit
def input_divergence(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{KL}(Q_X\|P_X)$, zero iff the student sees inputs as the teacher does.

    Args:
        process: a process whose ``inputs`` are named.
    """
    teacher, _, student, _ = laws_given_inputs(process)
    return kl_divergence(student, teacher)
