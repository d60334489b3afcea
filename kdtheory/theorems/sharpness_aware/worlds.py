"""Domains, instances and units of the claims on worlds with perturbed losses."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Case
from kdtheory.domains import Domain, box, integers, simplex, stochastic
from kdtheory.objects.cosines import CosineTeacher
from kdtheory.objects.processes import DistillationProcess
from kdtheory.objects.smoothness import NodeTeacher, PerturbedProcess, SmoothnessConstants
from kdtheory.theorems._domains import extended
from kdtheory.theorems.sharpness_aware import perturbed

PROCESS_SIZES = (2, 2, 2), (2, 1, 2)
"""Examples, samples, hypotheses."""

SMALL_PROCESS_SIZES = (2, 1, 2), (2, 1, 1)
"""For bounds whose proxies are sought at every instance."""

TEACHER_SIZES = (2, 2, 2), (2, 1, 1)
"""Examples, samples, dimensions."""

NODE_SIZES = (3,), (2,)
"""Examples, of which a sample is one; there are two nodes more."""

RERUN_SIZES = (4,), (3,)
"""The same, where a student's law of the data must be found with the teacher."""

CONSTANTS_SIZES = (3,), (1,)
"""Dimensions."""


# --- processes ----------------------------------------------------------------------------------


def perturbed_processes(size: tuple[int, ...]) -> Domain:
    r"""Returns the processes whose losses lie in [0, 1], perturbed or not.

    For hypotheses further than $2\rho$ apart there is a loss with any values at them and any means
    between 0 and 1 over the balls around them.
    """
    examples, samples, hypotheses = size
    rows = examples**samples
    tables = box(0, 1, hypotheses, examples) * box(0, 1, hypotheses, examples)
    parts = simplex(examples) * tables * stochastic(rows, hypotheses)

    def build(weights: Any, losses: Any, moved: Any, kernel: Any, law: Any) -> PerturbedProcess:
        joint = law.reshape(rows, hypotheses)
        process = DistillationProcess(weights, losses, kernel, joint, samples)
        return PerturbedProcess(process, moved - losses)

    def split(world: PerturbedProcess) -> tuple[Any, ...]:
        process = world.process
        moved = process.losses + world.rises
        law = process.student_law.reshape(-1)
        return process.example_weights, process.losses, moved, process.teacher_kernel, law

    names = "example_weights", "losses", "perturbed_losses", "teacher_kernel", "student_law"
    return (parts * simplex(rows * hypotheses)).named(*names).map(build, split)


def _instance(*instance: Any) -> tuple[Any, ...]:
    return instance


def weighted_processes(size: tuple[int, ...]) -> Domain:
    r"""Returns the domain of (process, weight $t$ of the sharpness)."""
    extra = box(0, 4).named("weight")
    return extended(perturbed_processes(size), extra, _instance, _instance)


def processes_with_excess(size: tuple[int, ...]) -> Domain:
    r"""Returns the domain of (process, two excesses): what a proxy has above the smallest one."""
    extra = (box(0, 1) * box(0, 1)).named("perturbed_excess", "sharpness_excess")
    return extended(perturbed_processes(size), extra, _instance, _instance)


def _sharpness_margin(world: PerturbedProcess, *_: Any) -> Scalar:
    return perturbed.student_sharpness(world)


LOCALLY_OPTIMAL = Assumption(
    "local optimality",
    r"(i) $E_QL_P(f_S)\le E_QE_UL_P(f_S+U)$: perturbing the student does not lower its risk",
    _sharpness_margin,
)


def process_case(
    weights: Any, losses: Any, moved: Any, kernel: Any, law: Any, samples: int = 1
) -> PerturbedProcess:
    """Returns a process from nested lists; losses before and after the perturbation."""
    given = weights, losses, moved, kernel, law
    made = arrays(*given)
    process = DistillationProcess(made[0], made[1], made[3], made[4], samples)
    return PerturbedProcess(process, made[2] - made[1])


def at_the_top() -> PerturbedProcess:
    r"""Returns one hypothesis at a maximum of the only loss: $S_P=-1/2$, and no gap."""
    return _only(1.0)


def at_the_bottom() -> PerturbedProcess:
    r"""Returns one hypothesis at a minimum of the only loss: $S_P=1/2$, and no gap."""
    return _only(0.0)


def _only(loss: float) -> PerturbedProcess:
    """Returns a world with one certain example, and one hypothesis that is ever returned.

    Others are there and do not occur, so that it has the size of the other cases.
    """
    once = [[1.0, 0.0]] * 2
    losses, moved = [[loss, 0.0], [0.0, 0.0]], [[0.5, 0.0], [0.0, 0.0]]
    return process_case([1.0, 0.0], losses, moved, once, [[1.0, 0.0], [0.0, 0.0]])


_SAME = [[0.375, 0.125], [0.125, 0.375]]


def unperturbed(law: Any = _SAME) -> PerturbedProcess:
    """Returns a teacher that mostly fits its one example, gen_T = 1/4, and no perturbation.

    Args:
        law: the student's law; by default that of the teacher.
    """
    losses = [[0.0, 1.0], [1.0, 0.0]]
    return process_case([0.5, 0.5], losses, losses, [[0.75, 0.25], [0.25, 0.75]], law)


def only_sharpness() -> PerturbedProcess:
    r"""Returns losses 0 and 1 that the perturbation makes 1/2: $h_U=0$ and $S_D=h=\pm1/2$."""
    law = [[0.75], [0.25]]
    return process_case([0.5, 0.5], [[0.0, 1.0]], [[0.5, 0.5]], [[1.0], [1.0]], law)


def infinite() -> PerturbedProcess:
    """Returns a deterministic teacher at minima, and a student that does not follow it."""
    losses, moved = [[0.0, 1.0], [1.0, 0.0]], [[0.25, 0.75], [0.75, 0.25]]
    return process_case([0.5, 0.5], losses, moved, [[1, 0], [0, 1]], [[0.25] * 2] * 2)


def certain() -> PerturbedProcess:
    """Returns a world of one certain example: nothing varies."""
    losses, moved = [[0.0, 1.0], [0.25, 0.0]], [[0.25, 0.75], [0.5, 0.25]]
    law = [[0.5, 0.5], [0.0, 0.0]]
    return process_case([1.0, 0.0], losses, moved, [[0.5, 0.5]] * 2, law)


# --- deterministic teachers ---------------------------------------------------------------------


def cosine_teachers(size: tuple[int, ...]) -> Domain:
    """Returns the deterministic teachers in worlds of cosine losses."""
    examples, samples, dimensions = size
    losses = box(-4, 4, examples, dimensions) * box(-4, 4, examples)
    parts = simplex(examples) * losses * box(-2, 2, examples**samples, dimensions) * box(0, 2)

    def split(world: CosineTeacher) -> tuple[Any, ...]:
        return (
            world.example_weights,
            world.directions,
            world.phases,
            world.learned,
            world.radius,
        )

    names = "example_weights", "directions", "phases", "learned", "radius"
    return parts.named(*names).map(functools.partial(_cosine_teacher, samples), split)


def _cosine_teacher(samples: int, *arrays: Any) -> CosineTeacher:
    weights, directions, phases, learned, radius = arrays
    return CosineTeacher(weights, directions, phases, learned, radius, samples)


# Gaps lie in an interval of width two at most: beyond, log-mgfs are all but linear.
_ARGUMENT = box(-16, 16).named("argument")


def cosine_teachers_and_arguments(size: tuple[int, ...]) -> Domain:
    r"""Returns the domain of (teacher, $\ell$), the argument of a log-mgf."""
    return extended(cosine_teachers(size), _ARGUMENT, _instance, _instance)


def teacher_case(
    weights: Any, directions: Any, phases: Any, learned: Any, radius: Any, samples: int
) -> CosineTeacher:
    """Returns a deterministic teacher from nested lists."""
    given = weights, directions, phases, learned, radius
    return _cosine_teacher(samples, *arrays(*given))


def fair_coin(samples: int, radius: float = 0.0) -> CosineTeacher:
    """Returns the teacher that learns nothing, with losses 0 and 1 that no perturbation moves."""
    learned = [[0.0]] * 2**samples
    return teacher_case([0.5, 0.5], [[0.0], [0.0]], [0.0, math.pi], learned, radius, samples)


def moved(radius: float = 0.5) -> CosineTeacher:
    """Returns a teacher of one example that goes to the minimum of its loss."""
    return teacher_case([0.5, 0.5], [[1.0], [1.0]], [0.0, 2.0], [[0.0], [2.0]], radius, 1)


def one_loss(radius: float) -> CosineTeacher:
    r"""Returns a teacher at the minimum of the only loss there is, $(1-\cos f)/2$."""
    return teacher_case([1.0, 0.0], [[1.0], [1.0]], [0.0, 0.0], [[0.0]] * 2, radius, 1)


def teacher_corners() -> tuple[Case, ...]:
    """Returns degenerate teachers."""
    return (
        Case("to the minimum", moved, "the gradient at what is learned is that of the other loss"),
        Case("unmoved", lambda: fair_coin(2, 1.0), "nothing is learned, and no loss has a slope"),
    )


def node_teachers(size: tuple[int, ...]) -> Domain:
    """Returns the teachers of one example among losses given at whole numbers."""
    (examples,) = size
    tables = box(0, 1, examples, examples + 2) * integers(0, examples - 1, examples)
    parts = simplex(examples) * tables * box(2.0**-8, 0.5)

    def split(world: NodeTeacher) -> tuple[Any, ...]:
        return world.example_weights, world.values, world.choices, world.radius

    names = "example_weights", "values", "choices", "radius"
    return parts.named(*names).map(NodeTeacher, split)


def node_teachers_and_arguments(size: tuple[int, ...]) -> Domain:
    r"""Returns the domain of (teacher, $\ell$), the argument of a log-mgf."""
    return extended(node_teachers(size), _ARGUMENT, _instance, _instance)


def node_students(size: tuple[int, ...]) -> Domain:
    """Returns the domain of (teacher, law of the data on which the student runs its algorithm)."""
    extra = simplex(size[0]).named("student_data")
    return extended(node_teachers(size), extra, _instance, _instance)


def node_case(weights: Any, values: Any, choices: Any, radius: Any) -> NodeTeacher:
    """Returns a teacher of one example from nested lists."""
    given = weights, values, choices, radius
    return NodeTeacher(*arrays(*given))


def remembers_or_forgets(weights: list[float], remembered: int) -> NodeTeacher:
    r"""Returns the teacher $A(z)=z$ that remembers its first examples and forgets the others.

    At what it returns for an example that it remembers, the loss is 0 on the example itself and 1
    on the others, for one that it forgets the other way round: the gap is $1-p_z$ or minus that,
    and gradients are zero wherever the teacher goes.

    Args:
        weights: $p_z$ of every example.
        remembered: how many it remembers.
    """
    own = jnp.eye(len(weights))
    values = jnp.where(jnp.arange(len(weights)) < remembered, 1.0 - own, own)
    ends = jnp.ones((len(weights), 1))
    values = jnp.concatenate([ends, values, ends], axis=1)
    return node_case(weights, values, list(range(len(weights))), 2.0**-8)


def node_coin(radius: float = 0.25) -> NodeTeacher:
    """Returns the teacher that learns nothing, with losses 0 and 1 at every node."""
    values = [[0.0] * 5, [1.0] * 5, [0.0] * 5]
    return node_case([0.5, 0.5, 0.0], values, [1, 1, 1], radius)


# --- constants ----------------------------------------------------------------------------------


def local_constants(size: tuple[int, ...]) -> Domain:
    r"""Returns the domain of (constants, divergence, share, eigenvalues).

    The constants fit each other: $g_0\le L$, $\tau\le\alpha$, and $\tau$ is the largest of the
    sizes of the eigenvalues of a Hessian, $p$ in number. The share is one of the radius.
    """
    (dimension,) = size
    parts = box(0, 2) * box(0, 2) * box(1 / 16, 1) * box(0, 1) * box(0, 1) * box(0, 2)
    parts = parts * integers(1, 8) * box(0, 2) * box(0, 1) * box(-1, 1, dimension)

    def build(
        movement: Any,
        lipschitz_excess: Any,
        gradient: Any,
        smoothness_excess: Any,
        loss_width: Any,
        radius: Any,
        num_samples: Any,
        divergence: Any,
        share: Any,
        eigenvalues: Any,
    ) -> tuple[Any, ...]:
        curvature = jnp.max(jnp.abs(eigenvalues))
        constants = SmoothnessConstants(
            movement=movement,
            lipschitz=gradient + lipschitz_excess,
            gradient=gradient,
            smoothness=curvature + smoothness_excess,
            curvature=curvature,
            loss_width=loss_width,
            radius=radius,
            num_samples=num_samples,
            dimension=jnp.full_like(radius, float(dimension)),
        )
        return constants, divergence, share, eigenvalues

    def split(instance: tuple[Any, ...]) -> tuple[Any, ...]:
        constants, divergence, share, eigenvalues = instance
        return (
            constants.movement,
            constants.lipschitz - constants.gradient,
            constants.gradient,
            constants.smoothness - constants.curvature,
            constants.loss_width,
            constants.radius,
            constants.num_samples,
            divergence,
            share,
            eigenvalues,
        )

    names = "movement", "lipschitz_excess", "gradient", "smoothness_excess", "loss_width", "radius"
    more = "num_samples", "divergence", "share", "eigenvalues"
    return parts.named(*names, *more).map(build, split)


def constants_case(
    *,
    movement: Any = 1.0,
    lipschitz: Any = 1.0,
    gradient: Any = 0.5,
    smoothness: Any = 0.0,
    curvature: Any = 0.0,
    radius: Any = 1.0,
    divergence: Any = 0.5,
    share: Any = 1.0,
) -> tuple[Any, ...]:
    r"""Returns constants in one dimension with $n=1$ and $b-a=1$; at $K=1/2$ proxies are bounds.

    By default nothing is curved, and $\rho_0=\kappa(L-g_0)/g_0=1$ is the radius.
    """
    numbers = movement, lipschitz, gradient, smoothness, curvature, 1.0, radius, 1.0, 1.0
    constants = SmoothnessConstants(*arrays(*numbers))
    rest = arrays(divergence, share, [curvature])
    return constants, *rest
