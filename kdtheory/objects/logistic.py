"""Worlds of ridge-regularised logistic regression that are small enough to be enumerated."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import Scalar
from kdtheory.objects import datasets


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["input_weights", "inputs", "true_weights", "ridge", "temperature", "radius"],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True, eq=False)
class RidgeLogisticWorld:
    r"""Inputs $x$ with labels $y=\pm1$, of which $P(y\,|\,x)=1/(1+e^{-y\,w^*\cdot x})$.

    An example is an input with a label: $z=2i$ is $(x_i,+1)$ and $z=2i+1$ is $(x_i,-1)$. Teacher
    and student run the same algorithm, the minimiser of the mean of $\log(1+e^{-yf\cdot x})$ plus
    $\frac\mu2|f|^2$; the student does so on the same inputs with labels drawn from the teacher,
    $P(\hat y\,|\,x)=1/(1+e^{-\hat y\,f_T\cdot x/T})$.

    Attributes:
        input_weights: shape ``(inputs,)``.
        inputs: shape ``(inputs, features)``.
        true_weights: $w^*$, shape ``(features,)``.
        ridge: $\mu>0$.
        temperature: $T>0$.
        radius: $\rho\ge0$, of the ball of perturbations.
        num_samples: $n$, an int.
    """

    input_weights: Float[Array, "inputs"]
    inputs: Float[Array, "inputs features"]
    true_weights: Float[Array, "features"]
    ridge: Scalar
    temperature: Scalar
    radius: Scalar
    num_samples: int

    @classmethod
    def create(
        cls,
        input_weights: Any,
        inputs: Any,
        true_weights: Any,
        *,
        num_samples: int,
        ridge: Any,
        temperature: Any = 1.0,
        radius: Any = 0.0,
    ) -> RidgeLogisticWorld:
        r"""Validates arrays and builds the world.

        Args:
            input_weights: a distribution over the inputs.
            inputs: $x$, one per row.
            true_weights: $w^*$, one number per column of the inputs.
            num_samples: $n\ge1$; all $(2m)^n$ data sets are enumerated.
            ridge: $\mu>0$.
            temperature: $T>0$.
            radius: $\rho\ge0$.

        Raises:
            InputError: for shapes that do not fit, numbers out of range, or too many data sets.

        Example:
            >>> world = RidgeLogisticWorld.create(
            ...     [0.5, 0.5], [[1.0, 0.0], [0.6, 0.8]], [1.0, -0.5], num_samples=3, ridge=0.5)
            >>> world.inputs.shape
            (2, 2)
        """
        weights = _check.probability_rows("input_weights", input_weights, "inputs")
        rows = _check.real_array("inputs", inputs, "inputs", "features")
        truth = _check.real_array("true_weights", true_weights, "features")
        if rows.shape != (len(weights), len(truth)):
            _check.refuse(
                "inputs",
                f"shape {rows.shape}",
                f"({len(weights)}, {len(truth)}), a row per weight and a column per true weight",
                "Check that it is not transposed.",
            )
        size = _check.integer("num_samples", num_samples, low=1)
        datasets.sequences(2 * len(rows), size)
        numbers = (
            _check.number("ridge", ridge, low=0.0, open_low=True),
            _check.number("temperature", temperature, low=0.0, open_low=True),
            _check.number("radius", radius, low=0.0),
        )
        arrays = (jnp.asarray(part) for part in (weights, rows, truth, *numbers))
        shares, table, teacher, mu, heat, ball = arrays
        return cls(shares, table, teacher, mu, heat, ball, size)
