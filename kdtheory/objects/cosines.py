r"""Worlds in which a loss is a cosine of a linear form, so that perturbations have closed forms.

Hypotheses are vectors $f\in\mathbb R^p$ and $\ell(f,z)=\frac12(1-\cos(a_z\cdot f-b_z))\in[0,1]$.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import Scalar
from kdtheory.objects.processes import DistillationProcess

LARGEST_TURN = 64.0
r"""The largest $\rho|a_z|$, by how much a perturbation turns the angle, that is computed."""


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "example_weights",
        "directions",
        "phases",
        "hypotheses",
        "radius",
        "teacher_kernel",
        "student_law",
    ],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True, eq=False)
class CosineProcess:
    r"""A teacher and a student over finitely many hypotheses, with cosine losses.

    Attributes:
        example_weights: $p_Z$, shape ``(examples,)``.
        directions: $a_z$, shape ``(examples, dimensions)``.
        phases: $b_z$, shape ``(examples,)``.
        hypotheses: $f$, shape ``(hypotheses, dimensions)``.
        radius: $\rho\ge0$, of the ball of perturbations.
        teacher_kernel: as in `DistillationProcess`.
        student_law: as in `DistillationProcess`.
        num_samples: $n$, an int.
    """

    example_weights: Float[Array, "examples"]
    directions: Float[Array, "examples dimensions"]
    phases: Float[Array, "examples"]
    hypotheses: Float[Array, "hypotheses dimensions"]
    radius: Scalar
    teacher_kernel: Float[Array, "datasets hypotheses"]
    student_law: Float[Array, "datasets hypotheses"]
    num_samples: int

    @classmethod
    def create(
        cls,
        example_weights: Any,
        directions: Any,
        phases: Any,
        hypotheses: Any,
        radius: Any,
        teacher_kernel: Any,
        student_law: Any,
        *,
        num_samples: int,
    ) -> CosineProcess:
        r"""Validates arrays and builds the process.

        Args:
            example_weights: a distribution over the $m$ examples.
            directions: $a_z$, a row for every example.
            phases: $b_z$, a number for every example.
            hypotheses: one per row.
            radius: $\rho\ge0$, with $\rho|a_z|$ at most `LARGEST_TURN`.
            teacher_kernel: as in `DistillationProcess.create`, data sets being sequences.
            student_law: as in `DistillationProcess.create`.
            num_samples: $n\ge1$.

        Returns:
            The process, its arrays in JAX's default float dtype.

        Raises:
            InputError: for shapes that do not fit, a perturbation that is too large, and as
                `DistillationProcess.create`.

        Example:
            >>> world = CosineProcess.create([1.0], [[1.0]], [0.0], [[0.0]], 1.0, [[1.0]], [[1.0]],
            ...                              num_samples=1)
            >>> world.hypotheses.shape
            (1, 1)
        """
        slopes = _check.real_array("directions", directions, "examples", "dimensions")
        offsets = _check.real_array("phases", phases, "examples")
        points = _check.real_array("hypotheses", hypotheses, "hypotheses", "dimensions")
        ball = _check.number("radius", radius, low=0.0)
        if points.shape[1] != slopes.shape[1] or len(offsets) != len(slopes):
            _check.refuse(
                "directions",
                f"shape {slopes.shape}",
                f"({len(offsets)}, {points.shape[1]}), a row for every phase and a column for every"
                " coordinate of a hypothesis",
                "Check that neither is transposed.",
            )
        turn = ball * float(np.linalg.norm(slopes, axis=1).max())
        if turn > LARGEST_TURN:
            _check.refuse(
                "radius",
                f"{ball:g}, which turns a loss by {turn:g}",
                f"a radius times the norm of a direction of at most {LARGEST_TURN:g}",
                "Take a smaller radius.",
            )
        process = DistillationProcess.create(
            example_weights,
            0.5 * (1.0 - np.cos(points @ slopes.T - offsets)),
            teacher_kernel,
            student_law,
            num_samples=num_samples,
        )
        if process.grouped:
            _check.refuse(
                "teacher_kernel",
                f"{len(process.teacher_kernel)} rows, one per type of data set",
                f"{len(slopes)}**{num_samples}, one for every sequence of examples",
                "Repeat the row of a type for each of its orders.",
            )
        return cls(
            example_weights=process.example_weights,
            directions=jnp.asarray(slopes),
            phases=jnp.asarray(offsets),
            hypotheses=jnp.asarray(points),
            radius=jnp.asarray(ball),
            teacher_kernel=process.teacher_kernel,
            student_law=process.student_law,
            num_samples=process.num_samples,
        )


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["example_weights", "directions", "phases", "learned", "radius"],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True, eq=False)
class CosineTeacher:
    r"""A deterministic teacher in a world of cosine losses.

    Attributes:
        example_weights: $p_Z$, shape ``(examples,)``.
        directions: $a_z$, shape ``(examples, dimensions)``.
        phases: $b_z$, shape ``(examples,)``.
        learned: $A(D)$, shape ``(datasets, dimensions)``, data sets being sequences.
        radius: $\rho\ge0$.
        num_samples: $n$, an int.
    """

    example_weights: Float[Array, "examples"]
    directions: Float[Array, "examples dimensions"]
    phases: Float[Array, "examples"]
    learned: Float[Array, "datasets dimensions"]
    radius: Scalar
    num_samples: int
