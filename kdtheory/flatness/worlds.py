"""Small worlds in which every bound that looks at sharpness can be computed exactly."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from kdtheory.objects import datasets
from kdtheory.objects.cosines import CosineProcess, CosineTeacher
from kdtheory.objects.logistic import RidgeLogisticWorld
from kdtheory.objects.smoothness import NodeTeacher
from kdtheory.theorems.sharpness_aware import perturbed
from kdtheory.theorems.sharpness_aware.worlds import remembers_or_forgets, teacher_case


def sharpness_helps() -> CosineProcess:
    r"""Returns a world in which looking at sharpness makes a bound smaller.

    The teacher returns one of two hypotheses by chance. One of them is sharp on the population and
    the other sits at a maximum, $S_P<0$: the student that the plain bound has to allow for prefers
    the latter, and condition (i) forbids it. The student is the tilt of its teacher by
    $e^{3(h+3S_P)}$ at the radius 1.
    """
    half = [[0.5, 0.5]] * 2
    with jax.enable_x64(True):
        world = CosineProcess.create(
            [0.5, 0.5],
            [[0.5], [2.0]],
            [0.0, 5.5],
            [[1.0], [0.2]],
            1.0,
            half,
            [[0.25, 0.25]] * 2,
            num_samples=1,
        )
        student = perturbed.tilted(perturbed.perturbed_process(world), 3.0, 3.0)
        return dataclasses.replace(world, student_law=student.process.student_law)


def sharpness_cannot_help() -> tuple[CosineTeacher, Any]:
    r"""Returns a world in which no perturbation lowers a risk, and the data of its student.

    A teacher of three examples goes to the mean of what fits each of them. All that it returns is
    so close to minima that every loss is convex there, and no radius makes a rise negative:
    $S_P\ge0$. Its student runs the same algorithm where the first example is more frequent.
    """
    targets = np.array([[0.6, 0.0], [0.0, 0.6]])
    table = datasets.sequences(2, 3)
    directions = np.array([[1.0, 0.25], [0.25, 1.0]])
    phases = np.einsum("zp,zp->z", directions, targets)
    learned = targets[table].mean(axis=1)
    seen = np.array([0.6, 0.4])
    with jax.enable_x64(True):
        world = teacher_case([0.5, 0.5], directions, phases, learned, 1.0, 3)
    return world, np.prod(seen[table], axis=1)


def printed_bound_fails() -> tuple[NodeTeacher, Any]:
    r"""Returns a world in which the printed bound is below the gap, and the data of its student.

    The teacher $A(z)=z$ remembers two of four examples, with the loss 0 there and 1 on the others,
    and forgets the other two, with 1 on the example itself and 0 elsewhere: the gap is 3/4 or -3/4.
    No loss has a slope at what it returns, so that $g_0=0$, but it goes far. The student sees what
    its teacher remembers three times as often as the rest.
    """
    with jax.enable_x64(True):
        return remembers_or_forgets([0.25] * 4, 2), np.array([3.0, 3.0, 1.0, 1.0]) / 8.0


def logistic_world() -> RidgeLogisticWorld:
    """Returns an enumerated world of ridge-regularised logistic regression: 64 data sets."""
    with jax.enable_x64(True):
        return RidgeLogisticWorld.create(
            [0.5, 0.5], [[1.0, 0.0], [0.6, 0.8]], [1.0, -0.5], num_samples=3, ridge=0.5
        )
