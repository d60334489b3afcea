"""Domains of the structural claims: teachers with a map, and labels of another kind.

An instance is a process together with the parts that it was made of. Losses do not matter for a
divergence, and are zero.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from kdtheory.domains import Domain, box, integers, simplex, stochastic
from kdtheory.objects import datasets
from kdtheory.objects.processes import DistillationProcess

MAPPED_SIZES = ((2, 2, 3), (2, 1, 2))
"""(examples, samples, hypotheses)"""

SOFT_SIZES = ((2, 1, 2, 2), (1, 1, 1, 2))
"""(hard examples, soft examples, samples, hypotheses)"""


def deterministic_teachers(size: tuple[int, ...]) -> Domain:
    """Returns teachers with a map, and students that leave it with some probability, often 0.

    Instances are (process, choices, student's data, whether it leaves the map, with what
    probability, where it goes then).
    """
    examples, num_samples, hypotheses = size
    rows = examples**num_samples
    parts = simplex(examples) * integers(0, hypotheses - 1, rows) * simplex(rows)
    parts = parts * integers(0, 1) * box(0, 1)
    names = ("example_weights", "choices", "student_data", "leaves", "off_map_share", "elsewhere")
    return (
        (parts * stochastic(rows, hypotheses))
        .named(*names)
        .map(
            lambda *given: mapped(*given, num_samples=num_samples)[:-1],
            lambda instance: (instance[0].example_weights, *instance[1:]),
        )
    )


def exploring_teachers(size: tuple[int, ...]) -> Domain:
    """Returns teachers and students that leave the same map in the same way.

    Instances are those of `deterministic_teachers`, and the probability with which the teacher
    leaves the map.
    """
    examples, num_samples, hypotheses = size
    rows = examples**num_samples
    parts = simplex(examples) * integers(0, hypotheses - 1, rows) * simplex(rows)
    parts = parts * integers(0, 1) * box(0, 1)
    names = ("example_weights", "choices", "student_data", "leaves", "off_map_share", "elsewhere")
    return (
        (parts * stochastic(rows, hypotheses) * box(0, 1))
        .named(*names, "teacher_share")
        .map(
            lambda *given: mapped(*given, num_samples=num_samples),
            lambda instance: (instance[0].example_weights, *instance[1:]),
        )
    )


def mapped(
    weights: Any,
    choices: Any,
    data: Any,
    leaves: Any,
    share: Any,
    elsewhere: Any,
    teacher_share: Any = 0.0,
    *,
    num_samples: int,
) -> tuple[Any, ...]:
    """Returns the instance of a teacher and a student that mostly follow the same map."""
    columns = jnp.arange(elsewhere.shape[-1], dtype=elsewhere.dtype)
    chosen = (choices[:, None] == columns[None, :]).astype(elsewhere.dtype)
    kernel = (1.0 - teacher_share) * chosen + teacher_share * elsewhere
    left = leaves * share
    law = data[:, None] * ((1.0 - left) * chosen + left * elsewhere)
    process = _process(weights, kernel, law, num_samples)
    return process, choices, data, leaves, share, elsewhere, teacher_share


def soft_labels(size: tuple[int, ...]) -> Domain:
    """Returns worlds some examples of which never occur, and with luck not in the student's data.

    Instances are (process, law of hard data, law of any data, whether there are any of the latter,
    their share, the student's kernel).
    """
    hard, soft, num_samples, hypotheses = size
    rows = (hard + soft) ** num_samples
    parts = simplex(hard) * simplex(hard**num_samples) * simplex(rows) * integers(0, 1) * box(0, 1)
    kernels = stochastic(rows, hypotheses) * stochastic(rows, hypotheses)
    names = ("hard_weights", "hard_data", "any_data", "mixed", "any_share")
    return (
        (parts * kernels)
        .named(*names, "student_kernel", "teacher_kernel")
        .map(
            lambda *given: softened(*given, num_soft=soft, num_samples=num_samples),
            lambda instance: (
                instance[0].example_weights[..., :hard],
                *instance[1:],
                instance[0].teacher_kernel,
            ),
        )
    )


def softened(
    weights: Any,
    hard_data: Any,
    any_data: Any,
    mixed: Any,
    share: Any,
    student: Any,
    kernel: Any,
    *,
    num_soft: int,
    num_samples: int,
) -> tuple[Any, ...]:
    """Returns the instance whose soft examples come after the hard ones."""
    probs = jnp.concatenate([weights, jnp.zeros(num_soft, weights.dtype)])
    # Hard data sets are in lexicographic order among all data sets as well.
    where = np.flatnonzero(is_hard(len(weights), len(probs), num_samples))
    spread = jnp.zeros_like(any_data).at[where].set(hard_data)
    data = (1.0 - mixed * share) * spread + mixed * share * any_data
    process = _process(probs, kernel, data[:, None] * student, num_samples)
    return process, hard_data, any_data, mixed, share, student


def is_hard(num_hard: int, num_examples: int, num_samples: int) -> npt.NDArray[np.bool_]:
    """Returns which data sets consist of the first examples, the hard ones, only."""
    return np.asarray((datasets.sequences(num_examples, num_samples) < num_hard).all(axis=1))


def _process(
    weights: Any, kernel: Any, law: Float[Array, "datasets hypotheses"], num_samples: int
) -> DistillationProcess:
    losses = jnp.zeros((kernel.shape[1], weights.shape[0]), kernel.dtype)
    return DistillationProcess(weights, losses, kernel, law, num_samples)
