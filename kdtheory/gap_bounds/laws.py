r"""The laws from which bounds are computed, taken out of a process on the host.

A process of thousands of data sets has few distinct gaps, and given its inputs few data sets: laws
are merged and cut to what matters before anything is optimised over them. Their sizes are rounded
up with atoms of probability zero, so that processes of many sizes share compiled programs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from kdtheory import divergences
from kdtheory.objects import datasets
from kdtheory.objects.algorithms import largest_change
from kdtheory.objects.processes import DistillationProcess, gaps, teacher_law
from kdtheory.theorems.distillation_divergence import process_terms

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Laws:
    r"""Several laws on the same values, one in every row.

    Attributes:
        values: $x_i$, shape ``(atoms,)``.
        probs: $p_{ji}$ under the teacher, shape ``(laws, atoms)``, rows summing to one.
        student: the same under the student.
        divergences: $K_j$ of the student's law from the teacher's, shape ``(laws,)``.
        weights: $w_j$, summing to one.
    """

    values: Floats
    probs: Floats
    student: Floats
    divergences: Floats
    weights: Floats


def overall(process: DistillationProcess) -> tuple[Floats, Floats, float]:
    r"""Returns the values of the gap, their masses under the teacher, and $K_h$.

    Args:
        process: the process.

    Returns:
        Distinct values that the teacher can have, padded; their masses; the divergence of the
        student's law of the gap from the teacher's.
    """
    values, teacher, student = process_terms.law_of_gap(process)
    padded = _padded(np.stack([values, teacher, student]))
    divergence = float(divergences.kl_divergence(padded[2], padded[1]))
    possible = teacher > 0
    values, probs = _padded(np.stack([values[possible], teacher[possible]]))
    return values, probs, divergence


def places(process: DistillationProcess) -> Laws:
    """Returns the laws of single examples with the hypothesis, one for every place of a data set.

    Args:
        process: the process.
    """
    values, teacher, student = map(np.asarray, process_terms.individual_laws(process))
    count = len(teacher)
    teacher, student = (law.reshape(count, -1) for law in (teacher, student))
    weights = np.full(count, 1.0 / count)
    return _laws(values.reshape(-1), teacher, student, weights, _divergences(student, teacher))


def given_inputs(process: DistillationProcess) -> tuple[Laws, float]:
    r"""Returns the laws given the inputs, and how far the student's inputs are from the teacher's.

    Args:
        process: a process whose inputs are named.

    Returns:
        One law for every configuration of inputs; and the total variation between the two laws of
        the inputs.
    """
    assert process.inputs is not None, "inputs are not named"
    _, index = datasets.input_groups(process.inputs, process.num_samples, process.grouped)
    count = index.max() + 1
    order = np.argsort(index, kind="stable")
    sizes = np.bincount(index)
    slots = np.arange(len(index)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    values = process_terms.law_of_gap(process)[0]
    # The distinct gap of a pair is the last one that is not larger.
    merged = np.searchsorted(values, np.asarray(gaps(process)), side="right") - 1
    rows = np.broadcast_to(index[:, None], merged.shape)

    def of_pairs(law: Floats) -> Floats:
        table = np.zeros((count, sizes.max(), law.shape[1]))
        table[index[order], slots] = law[order]
        return table.reshape(count, -1)

    def of_gaps(law: Floats) -> Floats:
        table = np.zeros((count, len(values)))
        np.add.at(table, (rows, np.maximum(merged, 0)), law)
        return table

    both = np.asarray(teacher_law(process)), np.asarray(process.student_law)
    weights, seen = (of_pairs(law).sum(axis=1) for law in both)
    distance = 0.5 * float(np.abs(weights - seen).sum())
    kept = weights > 0
    scales = weights[kept, None], np.where(seen[kept] > 0, seen[kept], 1.0)[:, None]

    def given(table: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
        teacher, student = (
            table(law)[kept] / scale for law, scale in zip(both, scales, strict=True)
        )
        return teacher, student

    # The divergence is that of the pairs: the laws of the gap alone diverge less.
    teacher, student = given(of_pairs)
    distances = _divergences(student, teacher)
    return _laws(values, *given(of_gaps), weights[kept], distances), distance


def stability(process: DistillationProcess) -> tuple[float, float] | None:
    r"""Returns $\beta$ and $b-a$ of a deterministic teacher, None if the teacher is random.

    Replacing one example of a data set changes no loss of the teacher's hypothesis by more than
    $\beta$, and its losses lie in an interval of length $b-a$; examples that cannot occur are left
    out of both.

    Args:
        process: the process.
    """
    possible = np.asarray(process.example_weights) > 0
    table = datasets.counts(len(possible), process.num_samples, process.grouped)
    occurs = ~(table[:, ~possible] > 0).any(axis=1)
    kernel = np.asarray(process.teacher_kernel)[occurs]
    if not ((kernel > 0).sum(axis=1) == 1).all():
        return None
    losses = np.asarray(process.losses)[kernel.argmax(axis=1)][:, possible]
    width = float(np.ptp(losses))
    if not process.grouped:
        change = largest_change(jnp.asarray(losses)[None], int(possible.sum()), process.num_samples)
        return float(change), width
    table = table[occurs][:, possible].astype(np.int64)
    codes = table @ (process.num_samples + 1) ** np.arange(table.shape[1])
    order = np.argsort(codes)
    steps = (process.num_samples + 1) ** np.arange(table.shape[1])
    largest = 0.0
    for out in range(table.shape[1]):
        rows = np.flatnonzero(table[:, out] > 0)
        for into in range(table.shape[1]):
            moved = codes[rows] - steps[out] + steps[into]
            there = order[np.searchsorted(codes, moved, sorter=order)]
            largest = max(largest, float(np.abs(losses[rows] - losses[there]).max()))
    return largest, width


def _laws(
    values: Floats, teacher: Floats, student: Floats, weights: Floats, distances: Floats
) -> Laws:
    """Returns padded laws; a row of nothing has no weight, but is a law."""
    values = _padded(values[None])[0]
    teacher, student = (_padded(table, rows=True) for table in (teacher, student))
    count = len(weights)
    teacher[count:, 0] = student[count:, 0] = 1.0
    padded = np.zeros((2, len(teacher)))
    padded[:, :count] = weights, distances
    return Laws(values, teacher, student, padded[1], padded[0])


def _divergences(student: Floats, teacher: Floats) -> Floats:
    """Returns the divergence of every row."""
    padded = (_padded(table, rows=True) for table in (student, teacher))
    return np.asarray(_row_divergences(*padded))[: len(student)]


_row_divergences = jax.jit(divergences.kl_divergence)


def _padded(table: Floats, *, rows: bool = False) -> Floats:
    """Returns a table with columns of zeros added, and rows if asked for."""
    height = _rounded(len(table), 4) if rows else len(table)
    padded = np.zeros((height, _rounded(table.shape[1], 64)))
    padded[: len(table), : table.shape[1]] = table
    return padded


def _rounded(size: int, least: int) -> int:
    """Returns the next of ``least`` times a power of four: few sizes are compiled."""
    while least < size:
        least *= 4
    return least
