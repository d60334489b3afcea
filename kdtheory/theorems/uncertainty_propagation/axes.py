"""Axes of figures: worlds chosen for the room's claims, and what is varied in them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory.claim import Axis
from kdtheory.objects.students import RandomDesign, SampledLabels, Student
from kdtheory.theorems.uncertainty_propagation import draws
from kdtheory.theorems.uncertainty_propagation.worlds import student

_UNIT = tuple(np.linspace(0, 1, 65).tolist())
_WIDE = tuple(np.linspace(-2, 2, 65).tolist())
_DECADES = tuple(np.geomspace(1 / 16, 16, 65).tolist())

# --- students -----------------------------------------------------------------------------------

_INPUTS = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 2.0]]
_EQUAL = [1.0] * 4


def _at(place: Any, variances: Any, num_responses: int, correlation: Any = 0.0) -> Student:
    direction = jnp.stack([jnp.ones_like(place), place])
    return student(_INPUTS, variances, direction, num_responses, correlation)


def _one_noisy(variance: Any, num_responses: int, correlation: float = 0.0) -> Student:
    others = jnp.ones(3, variance.dtype)
    variances = jnp.concatenate([others, variance[None]])
    return _at(jnp.ones_like(variance), variances, num_responses, correlation)


PLACE = Axis(
    "x, where the student (1, x) is asked (single responses)",
    _WIDE,
    lambda place: _at(place, _EQUAL, 1),
)
PLACE_AVERAGED = Axis(
    "x, where the student (1, x) is asked (k = 3 responses to every input)",
    _WIDE,
    lambda place: _at(place, [1.0, 0.5, 2.0, 1.0], 3),
)
CORRELATION = Axis(
    "rho, the correlation of responses to one input (k = 3)",
    _UNIT,
    lambda correlation: _at(jnp.ones_like(correlation), _EQUAL, 3, correlation),
)
ONE_NOISY = Axis(
    "variance of the response to the last of four inputs (others: 1; k = 3, rho = 1/4)",
    _DECADES,
    lambda variance: _one_noisy(variance, 3, 0.25),
)
ONE_NOISY_SINGLE = Axis(
    "variance of the response to the last of four inputs (others: 1; single responses)",
    _DECADES,
    lambda variance: _one_noisy(variance, 1),
)
COMMON = Axis(
    "sigma^2, the variance of a response (k = 3)",
    _DECADES,
    lambda variance: _at(jnp.ones_like(variance), variance * jnp.ones(4), 3),
)


def _mean_of_two(move: Any) -> tuple[Any, ...]:
    return student([[1], [1]], [1, 3], [1], 1), jnp.stack([move, -move])


MOVE = Axis(
    "weight of the exacter of two responses, less 1/2 (variances 1 and 3)",
    tuple(np.linspace(-0.5, 0.75, 61).tolist()),
    _mean_of_two,
)


def _two_features(correlation: Any) -> RandomDesign:
    rows = [[1.0, correlation], [correlation, 1.0]]
    covariance = jnp.stack([jnp.stack([jnp.asarray(entry) for entry in row]) for row in rows])
    return RandomDesign(covariance, jnp.ones(()), jnp.asarray([1.0, -1.0]), 7)


FEATURES = Axis(
    "correlation of two features (n = 7, asked at x = (1, -1))",
    tuple(np.linspace(-0.9, 0.9, 61).tolist()),
    _two_features,
)
LABEL = Axis(
    "probability of the first of three labels (k = 3 drawn; the others alike)",
    _UNIT,
    lambda chance: SampledLabels(
        jnp.stack([chance, (1 - chance) / 2, (1 - chance) / 2]), jnp.asarray([1.0, 0.0, 0.0]), 3
    ),
)

# --- weights ------------------------------------------------------------------------------------


def _covarying(covariance: Any) -> tuple[Any, ...]:
    rows = [jnp.stack([jnp.ones_like(covariance), covariance])]
    rows.append(jnp.stack([covariance, jnp.full_like(covariance, 0.5)]))
    return jnp.stack(rows), jnp.asarray([0.0, 1.0])


COVARIANCE = Axis(
    "covariance of a response (variance 1) and a mean (variance 1/2, taken alone: right side)",
    tuple(np.linspace(-0.5, 0.7, 61).tolist()),
    _covarying,
)
WEIGHT = Axis(
    "weight of the first of two estimates (variances 1 and 1/2)",
    tuple(np.linspace(-0.5, 1.5, 65).tolist()),
    lambda weight: (
        jnp.diag(jnp.asarray([1.0, 0.5])),
        jnp.asarray([1.0, 0.5]),
        jnp.stack([weight, 1.0 - weight]),
    ),
)
MATRIX_WEIGHT = Axis(
    "W, the weight of the teacher (variances 1 and 1/2, one dimension)",
    tuple(np.linspace(-0.5, 1.5, 65).tolist()),
    lambda weight: (
        *(jnp.full((1, 1), value) for value in (1.0, 0.5, 0.0)),
        weight[None, None],
        jnp.ones(1),
    ),
)
DEGREES = Axis(
    "nu, the degrees of freedom of each estimated variance (variance 1)",
    tuple(float(degrees) for degrees in range(1, draws.MAX_DEGREES + 1)),
    lambda degrees: (jnp.ones(1), degrees),
)


def _leverage(leverage: Any) -> Student:
    # h = a^2/(a^2 + 1) for the inputs a and 1.
    length = jnp.sqrt(leverage / (1.0 - leverage))
    inputs = jnp.stack([length, jnp.ones_like(length)])[:, None]
    return student(inputs, [1, 1], [1], 1)


LEVERAGE = Axis(
    "h, the leverage of the input whose response is used twice (two inputs)",
    tuple(np.linspace(0.2, 0.8, 61).tolist()),
    _leverage,
)
