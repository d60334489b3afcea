"""Axes of figures: worlds chosen for the room's claims, and what is varied in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory.claim import Axis
from kdtheory.objects.cosines import CosineTeacher
from kdtheory.objects.smoothness import PerturbedProcess
from kdtheory.theorems.sharpness_aware import perturbed, worlds

_UNIT = tuple(np.linspace(0, 1, 65).tolist())
_RADII = tuple(np.linspace(0, 2, 65).tolist())
_NODE_RADII = tuple(np.geomspace(2.0**-8, 0.5, 57).tolist())
_MOVES = tuple(np.linspace(0, math.pi, 65).tolist())


def as_is(*instance: Any) -> Any:
    """Returns the instance of a claim on a world alone."""
    return instance[0] if len(instance) == 1 else instance


# --- processes ----------------------------------------------------------------------------------


def _raised(rise: Any) -> PerturbedProcess:
    """Returns the teacher that mostly fits its example; a perturbation lifts one of its losses."""
    return PerturbedProcess(worlds.unperturbed().process, rise * jnp.diag(jnp.asarray([1.0, 0.0])))


def tilted_student(wrap: Callable[..., Any] = as_is) -> Axis:
    """Returns the axis from the teacher itself to students that prefer what overfits."""

    def make(argument: Any) -> Any:
        return wrap(perturbed.tilted(_raised(0.25), argument, jnp.asarray(0.0)))

    return Axis(
        "l, by which the student's law is tilted towards large gaps (0: its teacher)",
        tuple(np.linspace(0, 6, 49).tolist()),
        make,
    )


RAISED = Axis(
    "by how much a perturbation lifts one of the losses (student: teacher tilted, l = 1)",
    _UNIT,
    lambda rise: perturbed.tilted(_raised(rise), jnp.asarray(1.0), jnp.asarray(0.0)),
)


def _weighed(weight: Any) -> tuple[Any, ...]:
    # The perturbation lowers one of the losses of the first hypothesis and lifts one of the second.
    losses, moved = [[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.5], [1.0, 0.25]]
    kernel, law = [[0.75, 0.25], [0.25, 0.75]], [[0.25, 0.25], [0.25, 0.25]]
    world = worlds.process_case([0.5, 0.5], losses, moved, kernel, law)
    return perturbed.tilted(world, jnp.asarray(2.0), jnp.asarray(1.0)), weight


WEIGHT = Axis(
    "t, the weight of the sharpness (student: teacher tilted by 2 (gap + sharpness))",
    tuple(np.linspace(0, 4, 65).tolist()),
    _weighed,
)

# --- teachers -----------------------------------------------------------------------------------


def _parted(distance: Any, radius: float) -> CosineTeacher:
    """Returns a teacher of one example; with the second one it goes a distance from the first.

    At no distance it learns nothing, at pi it goes to the minimum of its example's loss.
    """
    learned = jnp.stack([jnp.zeros_like(distance), distance])[:, None]
    return worlds.teacher_case([0.5, 0.5], [[1], [1]], [0, math.pi], learned, radius, 1)


def moves(wrap: Callable[..., Any] = as_is, radius: float = 0.0) -> Axis:
    """Returns the axis of how far an example moves its teacher."""
    words = f", radius {radius:g}" if radius else ""
    return Axis(
        f"kappa, how far one example moves the teacher (n = 1{words})",
        _MOVES,
        lambda distance: wrap(_parted(jnp.asarray(distance, float), radius)),
    )


def bent(wrap: Callable[..., Any] = as_is) -> Axis:
    """Returns the axis of the radius where one loss has a minimum and the other its maximum."""
    learned = [[0.0], [0.0]]
    phases = [0.0, math.pi]
    return Axis(
        "rho, the radius (n = 1; one loss is at its minimum, one at its maximum)",
        _RADII,
        lambda radius: wrap(
            worlds.teacher_case([0.5, 0.5], [[1], [1]], phases, learned, radius, 1)
        ),
    )


PLANE = Axis(
    "rho, the radius (minimum of a loss in the plane, curved in one direction)",
    _RADII,
    lambda radius: worlds.teacher_case(
        [0.5, 0.5], [[1, 0], [1, 0]], [0, 0], [[0, 0]] * 4, radius, 2
    ),
)


def _forgetful(radius: Any) -> tuple[Any, ...]:
    world = worlds.remembers_or_forgets([0.5, 0.25, 0.25], 1)
    case = worlds.node_case(world.example_weights, world.values, world.choices, radius)
    return case, jnp.zeros_like(radius)


FORGETFUL = Axis(
    "rho, the radius (teacher: remembers one example of three, forgets the others)",
    _NODE_RADII,
    _forgetful,
)


def _leaning(share: Any) -> tuple[Any, ...]:
    coin, other = worlds.node_coin(), worlds.remembers_or_forgets([0.5, 0.5, 0.0], 1)
    values = (1.0 - share) * coin.values + share * other.values
    world = worlds.node_case(other.example_weights, values, other.choices, 0.25)
    return world, jnp.zeros_like(share)


LEANING = Axis(
    "share of a loss that depends on what is learned (the rest is a fair coin's)",
    _UNIT,
    _leaning,
)


def _favouring(share: Any) -> tuple[Any, ...]:
    signs = jnp.asarray([1.0, 1.0, -1.0, -1.0])
    return worlds.remembers_or_forgets([0.25] * 4, 2), (1.0 + share * signs) / 4.0


FAVOURING = Axis(
    "share of the student's data that its teacher remembers, less what it forgets",
    tuple(np.linspace(-0.25, 0.75, 65).tolist()),
    _favouring,
)


def _favouring_at(radius: Any) -> tuple[Any, ...]:
    world, data = _favouring(0.5)
    return worlds.node_case(world.example_weights, world.values, world.choices, radius), data


FAVOURING_RADIUS = Axis(
    "rho, the radius (its teacher remembers three quarters of the student's data)",
    _NODE_RADII,
    _favouring_at,
)

# --- constants ----------------------------------------------------------------------------------


def _smooth(**given: Any) -> tuple[Any, ...]:
    return worlds.constants_case(smoothness=0.25, curvature=0.25, gradient=0.25, **given)


RADIUS = Axis("rho, the radius", _RADII, lambda radius: _smooth(radius=radius))
DIVERGENCE = Axis(
    "K, the divergence",
    tuple(np.linspace(0, 2, 65).tolist()),
    lambda divergence: _smooth(divergence=divergence),
)
SHARE = Axis("rho' as a share of rho = 1", _UNIT, lambda share: _smooth(share=share))

# --- the ball -----------------------------------------------------------------------------------

FREQUENCY = Axis(
    "rho |a|, the radius times the length of a vector in three dimensions",
    tuple(np.linspace(0, 3, 49).tolist()),
    lambda reach: (jnp.stack([reach, reach, 0 * reach]) / math.sqrt(2.0), jnp.ones_like(reach)),
)
