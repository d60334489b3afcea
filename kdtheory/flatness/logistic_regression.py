r"""Every bound in a world of logistic regression that is enumerated, at some radii."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from kdtheory.flatness.radii import RadiusCurve, curves_along_radius, largest_radius
from kdtheory.flatness.worlds import logistic_world
from kdtheory.objects.logistic import RidgeLogisticWorld
from kdtheory.results import to_dict
from kdtheory.theorems.sharpness_aware import logistic, regime

COLUMNS = (
    "lemma13",
    "printed",
    "corrected",
    "sharpened",
    "one_step_constants",
    "theorem12",
    "one_step",
    "chernoff_one_step",
)
"""The bounds of the table in its order; three more do not depend on the radius."""

FIXED = ("local", "theorem8", "chernoff")


@dataclasses.dataclass(frozen=True, eq=False)
class LogisticTable:
    r"""Every bound at some radii, with the constants it is made of.

    Attributes:
        curve: the gaps and the bounds, one entry for every radius.
        constants: $\kappa$ "kappa", $L$, $g_0$ "g0", $\alpha$ "alpha", $\tau$ "tau", the largest
            norm $W$ of what is learned, and "A0", "A1", "A2" of the regime.
        num_samples: $n$.
        num_datasets: how many data sets are enumerated.
    """

    curve: RadiusCurve
    constants: dict[str, float]
    num_samples: int
    num_datasets: int

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps``."""
        return {**to_dict(self), "curve": self.curve.to_dict()}


def logistic_table(
    radii: Sequence[float] | None = None, world: RidgeLogisticWorld | None = None
) -> LogisticTable:
    r"""Returns every bound in an enumerated world of logistic regression, at some radii.

    Args:
        radii: 0, 0.1, $\rho_0$ and 1 if left out.
        world: the one with two inputs and 64 data sets if left out.

    Returns:
        The table.

    Raises:
        InputError: for radii that are negative.
    """
    world = logistic_world() if world is None else world
    rho = (0.0, 0.1, largest_radius(world), 1.0) if radii is None else radii
    curve = curves_along_radius(world, rho)
    with jax.enable_x64(True):
        known = logistic.logistic_constants(world)
        points = np.asarray(logistic.learned(world))
        numbers = {
            "kappa": known.movement,
            "L": known.lipschitz,
            "g0": known.gradient,
            "alpha": known.smoothness,
            "tau": known.curvature,
            "W": np.linalg.norm(points, axis=1).max(),
            **dict(zip(("A0", "A1", "A2"), regime.coefficients(known), strict=True)),
        }
    constants = {name: float(value) for name, value in numbers.items()}
    return LogisticTable(curve, constants, world.num_samples, len(points))
