r"""What a perturbation does to a process and to a teacher, exactly.

With $U$ uniform in the ball of radius $\rho$ and independent of everything else,

$$S_D(f)=E_UL_D(f+U)-L_D(f),\qquad S_P(f)=E_UL_P(f+U)-L_P(f),\qquad h_U(D,f)=E_Uh(D,f+U),$$

empirical and population sharpness and the perturbed gap; $h_U+S_D=h+S_P$. All of them are linear
in the losses and their rises. The rise of a cosine loss is $\frac12(1-J_p(\rho|a_z|))\cos\theta$,
$\theta=a_z\cdot f-b_z$; that of a loss given at whole numbers, at one of them with the values
$v_-,v,v_+$ around it and for $\rho\le1/2$, is
$\frac{\rho^3}2(\rho^2-3\rho+\frac52)(v_++v_--2v)$, since
$\int_0^\rho(6x^5-15x^4+10x^3)\,dx=\rho^6-3\rho^5+\frac52\rho^4$.

Source: Li and He, arXiv:2605.13143, eqs. (40) and (41); the worlds are ours.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import square_root
from kdtheory._types import Scalar
from kdtheory.objects import datasets
from kdtheory.objects.algorithms import StableAlgorithm, by_position
from kdtheory.objects.cosines import CosineProcess, CosineTeacher
from kdtheory.objects.processes import DistillationProcess, gaps, teacher_law
from kdtheory.objects.smoothness import (
    NodeTeacher,
    PerturbedProcess,
    PerturbedTeacher,
    SmoothnessConstants,
)
from kdtheory.theorems.distillation_divergence import stability
from kdtheory.theorems.sharpness_aware import ball

Law = Float[Array, "datasets hypotheses"]


# --- processes ----------------------------------------------------------------------------------


@jax.jit
def perturbed_process(world: CosineProcess) -> PerturbedProcess:
    r"""Returns the process of a world of cosine losses, with the rises of its losses.

    Args:
        world: the world.
    """
    angles, norms = _angles(world.hypotheses, world)
    process = DistillationProcess(
        world.example_weights,
        jnp.sin(0.5 * angles) ** 2,
        world.teacher_kernel,
        world.student_law,
        world.num_samples,
    )
    return PerturbedProcess(process, _cosine_rises(angles, norms, world))


def _angles(
    points: Float[Array, "points dimensions"], world: CosineProcess | CosineTeacher
) -> tuple[Float[Array, "points examples"], Float[Array, "examples"]]:
    r"""Returns $a_z\cdot f-b_z$ for every point, and $|a_z|$."""
    return points @ world.directions.T - world.phases[None, :], _norm(world.directions)


def _cosine_rises(
    angles: Float[Array, "points examples"],
    norms: Float[Array, "examples"],
    world: CosineProcess | CosineTeacher,
) -> Float[Array, "points examples"]:
    lost = ball.cosine_loss(world.radius * norms, world.directions.shape[1])
    return 0.5 * lost[None, :] * jnp.cos(angles)


def _norm(vectors: Float[Array, "*batch dimensions"]) -> Float[Array, "*batch"]:
    """Returns Euclidean norms, with gradient zero at zero."""
    return square_root(jnp.sum(vectors * vectors, axis=-1))


@jax.jit
def population_sharpness(world: PerturbedProcess) -> Float[Array, "hypotheses"]:
    r"""Returns $S_P(f)$ of every hypothesis.

    Args:
        world: the process and its rises.
    """
    return world.rises @ world.process.example_weights


@jax.jit
def empirical_sharpness(world: PerturbedProcess) -> Law:
    r"""Returns $S_D(f)$ of every data set and hypothesis.

    Args:
        world: the process and its rises.
    """
    process = world.process
    return _shares(world.rises, process.num_samples, process.grouped) @ world.rises.T


def _shares(
    like: Float[Array, "rows examples"], num_samples: int, grouped: bool
) -> Float[Array, "datasets examples"]:
    """Returns which share of every data set each example makes up."""
    table = datasets.counts(like.shape[1], num_samples, grouped)
    return jnp.asarray(table / num_samples, like.dtype)


@jax.jit
def perturbed_gaps(world: PerturbedProcess) -> Law:
    r"""Returns $h_U(D,f)=h+S_P-S_D$ of every data set and hypothesis.

    Args:
        world: the process and its rises.
    """
    return gaps(world.process) + gaps(dataclasses.replace(world.process, losses=world.rises))


@jax.jit
def shifted_gaps(world: PerturbedProcess, weight: Scalar | float = 1.0) -> Law:
    r"""Returns $h(D,f)+tS_P(f)$, for $t=1$ the same as $h_U+S_D$.

    Args:
        world: the process and its rises.
        weight: $t$.
    """
    return gaps(world.process) + weight * population_sharpness(world)[None, :]


@jax.jit
def teacher_sharpness(world: PerturbedProcess) -> Scalar:
    r"""Returns $E_PS_P(f_T)$.

    Args:
        world: the process and its rises.
    """
    return jnp.sum(teacher_law(world.process) @ population_sharpness(world))


@jax.jit
def student_sharpness(world: PerturbedProcess) -> Scalar:
    r"""Returns $E_QS_P(f_S)$, which condition (i) of Theorem 12 wants to be at least zero.

    Args:
        world: the process and its rises.
    """
    return jnp.sum(world.process.student_law @ population_sharpness(world))


def tilted(world: PerturbedProcess, argument: Any, weight: Any) -> PerturbedProcess:
    r"""Returns the process with the student $dQ\propto e^{\ell(h+tS_P)}\,dP$ (traceable).

    These students attain the bounds of the $t$-family.

    Args:
        world: the teacher and the rises; the student is replaced.
        argument: $\ell$, finite.
        weight: $t$.
    """
    law = teacher_law(world.process)
    exponent = jnp.where(law > 0, argument * shifted_gaps(world, weight), -jnp.inf)
    raised = law * jnp.exp(exponent - jnp.max(exponent))
    process = dataclasses.replace(world.process, student_law=raised / jnp.sum(raised))
    return dataclasses.replace(world, process=process)


# --- deterministic teachers ---------------------------------------------------------------------


@jax.jit
def perturbed_teacher(world: CosineTeacher) -> PerturbedTeacher:
    r"""Returns the losses, rises and constants of a teacher in a world of cosine losses.

    Everywhere $|\nabla\ell|\le|a_z|/2$ and $|\nabla^2\ell|\le|a_z|^2/2$; the Hessian of the
    population risk is $\sum_zp_z\frac12a_za_z^\top\cos\theta_z$, of which the cosine is replaced
    by the largest one within $\rho$ of the teacher.

    Args:
        world: the world.
    """
    angles, norms = _angles(world.learned, world)
    squares = 0.5 * norms * norms
    bend = squares[None, :] * _largest_cosine(angles, math.pi, world.radius * norms)
    dtype = angles.dtype
    constants = SmoothnessConstants(
        movement=movement(world.learned, norms.shape[0], world.num_samples),
        lipschitz=0.5 * jnp.max(norms),
        gradient=0.5 * jnp.max(norms[None, :] * jnp.abs(jnp.sin(angles))),
        smoothness=jnp.max(squares),
        curvature=jnp.max(bend @ world.example_weights),
        loss_width=jnp.ones((), dtype),
        radius=world.radius,
        num_samples=jnp.asarray(float(world.num_samples), dtype),
        dimension=jnp.asarray(float(world.learned.shape[1]), dtype),
    )
    return PerturbedTeacher(
        world.example_weights,
        jnp.sin(0.5 * angles) ** 2,
        _cosine_rises(angles, norms, world),
        constants,
        world.num_samples,
    )


@jax.jit
def largest_trace(world: CosineTeacher) -> Scalar:
    r"""Returns a bound on $\mathrm{tr}\,\nabla^2L_P$ within $\rho$ of all that the teacher returns.

    It is $\sum_zp_z\frac12|a_z|^2\cos\theta_z$ with every cosine the largest one there.

    Args:
        world: the world.
    """
    angles, norms = _angles(world.learned, world)
    largest = _largest_cosine(angles, 2.0 * math.pi, world.radius * norms)
    return jnp.max(largest @ (0.5 * norms * norms * world.example_weights))


def _largest_cosine(
    angles: Float[Array, "points examples"], period: float, turned: Float[Array, "examples"]
) -> Float[Array, "points examples"]:
    """Returns the largest cosine within a distance of an angle, or the largest absolute one.

    Args:
        angles: the angles.
        period: the distance between maxima: a whole turn, or half of one for absolute values.
        turned: how far from the angle.
    """
    away = jnp.abs(angles - period * jnp.round(angles / period))
    return jnp.cos(jnp.maximum(away - turned[None, :], 0.0))


def movement(
    learned: Float[Array, "datasets dimensions"], num_examples: int, num_samples: int
) -> Scalar:
    r"""Returns $\kappa$, $n$ times how far replacing one example moves a hypothesis at most.

    Args:
        learned: $A(D)$ of every sequence of examples.
        num_examples: $m$.
        num_samples: $n$.
    """
    table = by_position(learned[None], num_examples, num_samples)[0]
    furthest = []
    for axis in range(num_samples):
        rows = jnp.moveaxis(table, axis, 0)
        furthest.append(jnp.max(_norm(rows[:, None] - rows[None, :])))
    return num_samples * jnp.max(jnp.stack(furthest))


STEEPEST = 15 / 8
"""The largest derivative of 6x^5 - 15x^4 + 10x^3 on [0, 1], at 1/2."""
SHARPEST = 10 / math.sqrt(3)
"""Its largest second derivative, at (3 - sqrt 3)/6."""


@jax.jit
def perturbed_node_teacher(world: NodeTeacher) -> PerturbedTeacher:
    r"""Returns the losses, rises and constants of a teacher among losses given at whole numbers.

    Args:
        world: the world.
    """
    values, dtype = world.values, world.values.dtype
    places = jnp.arange(-1, values.shape[1] - 1).astype(dtype)
    at = (world.choices[:, None] == places[None, :]).astype(dtype)
    second = values[:, 2:] + values[:, :-2] - 2.0 * values[:, 1:-1]
    radius = world.radius
    bent = 0.5 * radius**3 * (radius * radius - 3.0 * radius + 2.5)
    steps = jnp.max(jnp.abs(values[:, 1:] - values[:, :-1]), axis=1)
    constants = SmoothnessConstants(
        movement=movement(world.choices[:, None], len(values), 1),
        lipschitz=STEEPEST * jnp.max(steps),
        gradient=jnp.zeros((), dtype),
        smoothness=SHARPEST * jnp.max(steps),
        curvature=SHARPEST * jnp.dot(world.example_weights, steps),
        loss_width=jnp.ones((), dtype),
        radius=radius,
        num_samples=jnp.ones((), dtype),
        dimension=jnp.ones((), dtype),
    )
    return PerturbedTeacher(
        world.example_weights, at @ values.T, bent * (at[:, 1:-1] @ second.T), constants, 1
    )


def data_weights(world: PerturbedTeacher) -> Float[Array, "datasets"]:
    """Returns the probability of every sequence of examples.

    Args:
        world: the teacher.
    """
    return stability.gap_law(_algorithm(world, world.losses))[1]


def _algorithm(
    world: PerturbedTeacher, table: Float[Array, "datasets examples"]
) -> StableAlgorithm:
    """Returns the teacher as an algorithm without a seed, judged by a table."""
    one = jnp.ones(1, table.dtype)
    return StableAlgorithm(world.example_weights, one, table[None], one[0], world.num_samples)


def empirical_means(
    world: PerturbedTeacher, table: Float[Array, "datasets examples"]
) -> Float[Array, "datasets"]:
    """Returns the mean of a table's row over the examples of its data set.

    Args:
        world: the teacher.
        table: losses or rises of what it returns.
    """
    return jnp.sum(_shares(table, world.num_samples, False) * table, axis=1)


def gap_of(
    world: PerturbedTeacher, table: Float[Array, "datasets examples"]
) -> Float[Array, "datasets"]:
    """Returns population minus empirical mean of a table, for every data set.

    Args:
        world: the teacher.
        table: losses or rises of what it returns.
    """
    return stability.gaps(_algorithm(world, table))[0]
