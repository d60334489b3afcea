"""The student's gap as a Monte Carlo replicate: draw data and hypothesis, compare the two risks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.processes import DistillationProcess
from kdtheory.theorems._sampling import categorical


def _gap(process: DistillationProcess, hypothesis: Any, data: list[Any]) -> Scalar:
    """Returns population minus empirical risk of a hypothesis on a data set."""
    losses = process.losses[hypothesis]
    population = jnp.dot(process.example_weights, losses)
    return population - sum(losses[example] for example in data) / len(data)


def _student(key: Key, process: DistillationProcess, *_: Any) -> Scalar:
    """Draws a data set and the student's hypothesis from their joint law."""
    law = process.student_law
    pair = categorical(jax.random.uniform(key, ()), law.reshape(-1))
    index, hypothesis = pair // law.shape[1], pair % law.shape[1]
    num_examples = len(process.example_weights)
    data = [index // num_examples**place % num_examples for place in range(process.num_samples)]
    return _gap(process, hypothesis, data)


def _bounds(process: DistillationProcess, *_: Any) -> tuple[Scalar, Scalar]:
    """Returns minus and plus the range of the losses, which holds every gap."""
    spread = jnp.max(process.losses) - jnp.min(process.losses)
    return -spread, spread


STUDENT_GAP = Draw(_student, bounds=_bounds)
