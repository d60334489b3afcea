r"""Small worlds that come with the toolkit, as processes of any sample size."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory import _check
from kdtheory.objects import datasets
from kdtheory.objects.constructions import algorithm_kernel, process_from_pseudo_labels
from kdtheory.objects.processes import DistillationProcess, dataset_weights, tilted

EXAMPLES = {
    "pseudo-labels": "noisy labels at two inputs; a Gibbs teacher, and a student trained the same "
    "way on labels drawn from the teacher's predictions",
    "deterministic": "noisy labels; the teacher takes their majority, the student the first one: "
    "the divergence is infinite, and single samples still give a bound",
    "tilt": "the teacher of pseudo-labels, and the student that attains the Cramer-Chernoff bound",
}
"""Name -> what it shows."""

LARGEST = {"pseudo-labels": 50, "deterministic": 14, "tilt": 50}
"""The largest sample size of each."""


def example_process(name: str, num_samples: Any = None) -> DistillationProcess:
    """Returns one of the worlds that come with the toolkit.

    Args:
        name: one of `EXAMPLES`.
        num_samples: the sample size; 5 (3 for "deterministic") if left out.

    Returns:
        The process, in float64.

    Raises:
        InputError: for a name or a size that there is none of.

    Example:
        >>> example_process("tilt", 2).teacher_kernel.shape
        (10, 4)
    """
    if name not in EXAMPLES:
        _check.refuse("example", repr(name), f"one of {', '.join(EXAMPLES)}", "Choose one of them.")
    if num_samples is None:
        num_samples = 3 if name == "deterministic" else 5
    size = _check.integer("num_samples", num_samples, low=1, high=LARGEST[name])
    with jax.enable_x64(True):
        if name == "deterministic":
            return _deterministic(size)
        process = _pseudo_labels(size)
        # Far enough to be seen: at n examples gaps are of the order of 1/sqrt(n).
        return process if name == "pseudo-labels" else tilted(process, float(np.sqrt(size)))


def _pseudo_labels(size: int) -> DistillationProcess:
    """Returns two inputs whose labels are right three times in four, and all four labellings.

    The Gibbs teacher weighs a labelling by e to the minus its number of errors; it predicts its
    labels with probability 3/4.
    """
    labellings = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    errors = (labellings[:, :, None] != np.arange(2)).astype(float)
    table = datasets.types(4, size)
    logits = -(table @ errors.reshape(4, -1).T)
    kernel = np.exp(logits - logits.max(axis=1, keepdims=True))
    kernel /= kernel.sum(axis=1, keepdims=True)
    return process_from_pseudo_labels(
        input_weights=[0.5, 0.5],
        label_probs=[[0.75, 0.25], [0.25, 0.75]],
        losses=errors,
        teacher_kernel=kernel,
        predictions=0.75 - 0.5 * errors,
        student_kernel=kernel,
        num_samples=size,
    )


def _deterministic(size: int) -> DistillationProcess:
    """Returns labels that are one twice in three, a majority (ties: zero) and a first label."""
    options: dict[str, Any] = {"num_examples": 2, "num_hypotheses": 2, "num_samples": size}
    majority = algorithm_kernel(lambda data: int(2 * sum(data) > size), **options)
    first = algorithm_kernel(lambda data: data[0], **options)
    weights, losses = [1 / 3, 2 / 3], [[0.0, 1.0], [1.0, 0.0]]
    teacher = DistillationProcess.create(
        weights, losses, majority, majority / len(majority), num_samples=size
    )
    law = dataset_weights(teacher)[:, None] * jnp.asarray(first)
    return DistillationProcess.create(weights, losses, majority, law, num_samples=size)
