r"""Distillation processes in the terms people think in: who labels the data, who trains on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from kdtheory import _check
from kdtheory.objects import datasets
from kdtheory.objects._tables import KERNEL, check_columns, check_shape, is_grouped
from kdtheory.objects.processes import DistillationProcess


def process_from_kernels(
    example_weights: Any,
    losses: Any,
    teacher_kernel: Any,
    pseudo_data_kernel: Any,
    student_kernel: Any,
    *,
    num_samples: int,
    inputs: Sequence[int] | None = None,
) -> DistillationProcess:
    r"""Builds the process of a student that is trained on data made by the teacher.

    Args:
        example_weights: a distribution over the examples.
        losses: shape ``(hypotheses, examples)``.
        teacher_kernel: $q_T(f\,|\,D)$, shape ``(datasets, hypotheses)``.
        pseudo_data_kernel: $r(\hat D\,|\,D, f_T)$, shape ``(datasets, hypotheses, datasets)``.
        student_kernel: $q_S(f_S\,|\,\hat D)$, shape ``(datasets, hypotheses)``; or, for a
            student that also sees the teacher, $q_S(f_S\,|\,\hat D, f_T)$, shape ``(datasets,
            hypotheses, hypotheses)`` with the teacher's hypothesis in the middle; or, coupled
            in every way, $q_S(f_S\,|\,D, f_T, \hat D)$, shape ``(datasets, hypotheses,
            datasets, hypotheses)``.
        num_samples: $n$.
        inputs: as in `DistillationProcess.create`.

    Raises:
        InputError: as `DistillationProcess.create`, and for kernels that are none.
    """
    size = _check.integer("num_samples", num_samples, low=1)
    kernel = _check.probability_rows("teacher_kernel", teacher_kernel, *KERNEL)
    weights = _check.probability_rows("example_weights", example_weights, "examples")
    grouped = is_grouped("teacher_kernel", kernel.shape[0], len(weights), size)
    taught = np.exp(_log_weights(weights, size, grouped))[:, None] * kernel
    made = _check.probability_rows("pseudo_data_kernel", pseudo_data_kernel, *KERNEL, "pseudo")
    check_shape("pseudo_data_kernel", made, (*kernel.shape, len(kernel)))
    if _num_axes(student_kernel) == 4:
        axes = (*KERNEL, "pseudo", "hypotheses")
        student = _check.probability_rows("student_kernel", student_kernel, *axes)
        check_shape("student_kernel", student, (*made.shape, kernel.shape[1]))
        law = np.einsum("df,dfe,dfeg->eg", taught, made, student, optimize=True)
    else:
        law = _through_teacher(np.einsum("df,dfe->ef", taught, made), student_kernel)
    return DistillationProcess.create(weights, losses, kernel, law, num_samples=size, inputs=inputs)


def process_from_pseudo_labels(
    input_weights: Any,
    label_probs: Any,
    losses: Any,
    teacher_kernel: Any,
    predictions: Any,
    student_kernel: Any,
    *,
    num_samples: int,
) -> DistillationProcess:
    r"""Builds the process of a student that sees the same inputs with the teacher's labels.

    Every label is drawn anew, independently, from what the teacher predicts at its input. The
    example $(x, y)$ has the index $xL + y$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*(y\,|\,x)$, shape ``(inputs, labels)``.
        losses: $\ell(f, (x, y))$, shape ``(hypotheses, inputs, labels)``.
        teacher_kernel: $q_T(f\,|\,D)$, shape ``(datasets, hypotheses)``; with one row for
            every type the whole process is grouped by type.
        predictions: the label distribution that hypothesis $f$ predicts at $x$, shape
            ``(hypotheses, inputs, labels)``.
        student_kernel: $q_S(f_S\,|\,\hat D)$ or $q_S(f_S\,|\,\hat D, f_T)$, as in
        `process_from_kernels`.
        num_samples: $n$.

    Raises:
        InputError: as `DistillationProcess.create`, and for predictions that are no distributions.
    """
    size = _check.integer("num_samples", num_samples, low=1)
    weights = _check.probability_rows("input_weights", input_weights, "inputs")
    probs = _check.probability_rows("label_probs", label_probs, "inputs", "labels")
    if len(probs) != len(weights):
        _check.refuse(
            "label_probs",
            f"{len(probs)} rows",
            f"{len(weights)}, one for every entry of input_weights",
            "Check that it is not transposed.",
        )
    axes = ("hypotheses", "inputs", "labels")
    predicted = _check.probability_rows("predictions", predictions, *axes)
    table = _check.real_array("losses", losses, *axes)
    check_shape("predictions", predicted, (len(predicted), *probs.shape))
    check_shape("losses", table, predicted.shape)
    kernel = _check.probability_rows("teacher_kernel", teacher_kernel, *KERNEL)
    check_columns("teacher_kernel", kernel, len(table))
    examples = (weights[:, None] * probs).reshape(-1)
    grouped = is_grouped("teacher_kernel", len(kernel), len(examples), size)
    of_example = tuple(np.repeat(np.arange(len(weights)), probs.shape[1]).tolist())
    rows, index = datasets.input_groups(of_example, size, grouped)
    taught = np.exp(_log_weights(examples, size, grouped))[:, None] * kernel
    shared = np.zeros((len(rows), kernel.shape[1]))
    np.add.at(shared, index, taught)
    relabelled = shared[index] * _relabelling(predicted, size, grouped)
    law = _through_teacher(relabelled, np.asarray(student_kernel))
    flat = table.reshape(len(table), -1)
    return DistillationProcess.create(
        examples, flat, kernel, law, num_samples=size, inputs=of_example
    )


def algorithm_kernel(
    algorithm: Callable[..., int],
    *,
    num_examples: int,
    num_hypotheses: int,
    num_samples: int,
    seed_weights: Any = None,
    grouped: bool = False,
) -> Float[np.ndarray, "datasets hypotheses"]:
    r"""Returns the kernel $q(f\,|\,D)$ of an algorithm given as a Python function.

    Args:
        algorithm: takes a data set, a tuple of example indices, and returns the index of a
            hypothesis; with ``seed_weights`` it takes the index of a seed as well.
        num_examples: $m$.
        num_hypotheses: how many hypotheses there are.
        num_samples: $n$.
        seed_weights: the law of the seed of a randomised algorithm; None if there is none.
        grouped: whether to return one row for every type; the data set handed over is then sorted.

    Returns:
        The kernel; rows of zeros and ones for a deterministic algorithm.

    Raises:
        InputError: if the algorithm returns anything but the index of a hypothesis.

    Example:
        >>> majority = lambda data: int(sum(data) > 1)
        >>> kernel = algorithm_kernel(majority, num_examples=2, num_hypotheses=2, num_samples=2)
        >>> kernel.tolist()
        [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    seeded = seed_weights is not None
    law = _check.probability_rows("seed_weights", seed_weights if seeded else [1.0], "seeds")
    if grouped:
        table = datasets.types(num_examples, num_samples)
        rows = [np.repeat(np.arange(num_examples), row) for row in table]
    else:
        rows = list(datasets.sequences(num_examples, num_samples))
    kernel = np.zeros((len(rows), num_hypotheses))
    for index, row in enumerate(rows):
        data = tuple(row.tolist())
        for seed, weight in enumerate(law):
            found = algorithm(data, seed) if seeded else algorithm(data)
            name = f"algorithm({data}{f', {seed}' if seeded else ''})"
            kernel[index, _check.integer(name, found, low=0, high=num_hypotheses - 1)] += weight
    return kernel


def _log_weights(weights: Any, num_samples: int, grouped: bool) -> Any:
    """Returns the log weights of all data sets, in NumPy."""
    table = datasets.counts(len(weights), num_samples, grouped)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(weights), 0.0)
    many = datasets.log_multiplicities(table) if grouped else 0.0
    return terms.sum(axis=1) + many


def _relabelling(predicted: Any, num_samples: int, grouped: bool) -> Any:
    """Returns the chance of each data set's labels given its inputs, for every hypothesis."""
    num_hypotheses, num_inputs, num_labels = predicted.shape
    table = datasets.counts(num_inputs * num_labels, num_samples, grouped)
    chances = np.stack(
        [
            np.prod(np.power(row, table), axis=1)
            for row in predicted.reshape(num_hypotheses, num_inputs * num_labels)
        ],
        axis=1,
    )
    if not grouped:
        return chances
    # The labels at one input are multinomial.
    by_input = table.reshape(len(table), num_inputs, num_labels)
    many = np.exp(datasets.log_multiplicities(by_input).sum(axis=1))
    return chances * many[:, None]


def _num_axes(array: Any) -> int:
    """Returns the number of axes of what may be an array; 2 for lists of different lengths."""
    try:
        return np.ndim(array)
    except ValueError:
        return 2


def _through_teacher(joint: Any, student_kernel: Any) -> Any:
    """Returns the law of (pseudo data, student) from that of (pseudo data, teacher)."""
    sees_teacher = _num_axes(student_kernel) == 3
    axes = ("datasets", "teachers", "hypotheses") if sees_teacher else KERNEL
    kernel = _check.probability_rows("student_kernel", student_kernel, *axes)
    if sees_teacher:
        check_shape("student_kernel", kernel, (*joint.shape, joint.shape[1]))
        return np.einsum("ef,efg->eg", joint, kernel)
    check_shape("student_kernel", kernel, joint.shape)
    return joint.sum(axis=1, keepdims=True) * kernel
