"""The divergence and its bound over two settings, for a picture of where they are least."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory import _check
from kdtheory.decomposition.inputs import closed_form, prepared_design
from kdtheory.decomposition.optimum import OBJECTIVES, SETTINGS, objective_values
from kdtheory.objects.spectra import accurate_spectrum


@dataclasses.dataclass(frozen=True, eq=False)
class Landscape:
    r"""The divergence and its bound over prior precision and inverse temperature.

    Attributes:
        prior_precisions: $\lambda$, shape ``(rows,)``.
        inverse_temperatures: $\beta_T$, shape ``(columns,)``.
        divergence: $K_n$, shape ``(rows, columns)``.
        bound: $J$ for a student with the teacher's covariance, where it is least.
    """

    prior_precisions: np.ndarray
    inverse_temperatures: np.ndarray
    divergence: np.ndarray
    bound: np.ndarray


def landscape(
    inputs: Any,
    true_weights: Any = None,
    labels: Any = None,
    *,
    prior_precision: Any,
    inverse_temperature: Any,
    noise_std: Any = None,
    best_student: bool = False,
    rank: Any = None,
    null: Any = "minnorm",
) -> Landscape:
    r"""Returns the divergence and its bound over a grid, for a picture of where they are least.

    Args:
        inputs: $X$, features in rows and samples in columns, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``; estimated from ``labels`` when left out.
        labels: $Y$, shape ``(k, n)``; only used for what is estimated.
        prior_precision: $\lambda>0$, one axis of the grid.
        inverse_temperature: $\beta_T>0$, the other.
        noise_std: $\nu>0$; estimated from ``labels`` when left out.
        best_student: whether the student has at every point the covariance of least divergence,
            instead of the teacher's.
        rank: full when left out or at least $\min(k,\operatorname{rank}X)$, or 0.
        null: the student's map on the null space of $X^\top$, "minnorm" or "identity".

    Raises:
        InputError: if anything is missing, out of range or of the wrong shape.
    """
    axes = [
        _check.real_array(name, value, "points")
        for name, value in zip(SETTINGS, (prior_precision, inverse_temperature), strict=False)
    ]
    for name, axis in zip(SETTINGS, axes, strict=False):
        if axis.min() <= 0:
            _check.refuse(name, f"{axis.min():g}", "positive numbers", "Leave out the others.")
    with jax.enable_x64(True):
        prepared = prepared_design(inputs, true_weights, labels, noise_std=noise_std, null=null)
        spectrum = accurate_spectrum(prepared.design)
        _, regime = closed_form(rank, spectrum, null)
        points = jnp.asarray(list(itertools.product(*map(np.log, axes))))
        divergence, bound = (
            np.asarray(
                objective_values(
                    points,
                    spectrum,
                    objective=objective,
                    free=SETTINGS[:2],
                    regime=regime,
                    null=null,
                    tuned=best_student and objective == "divergence",
                )
            ).reshape(len(axes[0]), len(axes[1]))
            for objective in OBJECTIVES
        )
    return Landscape(axes[0], axes[1], divergence, bound)
