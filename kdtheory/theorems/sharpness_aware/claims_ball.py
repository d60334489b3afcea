"""The claim on perturbations: moments of a point that is uniform in a ball."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._numerics import square_root
from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import Domain, box
from kdtheory.theorems.sharpness_aware import axes, ball, draws

_TERMS = 24
"""For an argument of at most 4 the next term of the series is below 1e-30 of the first."""


def _vectors(size: tuple[int, ...]) -> Domain:
    r"""Returns the domain of ($a\in\mathbb R^p$, $\rho$)."""
    return (box(-2, 2, *size) * box(0, 1)).named("vector", "radius")


def _square(vector: Any, radius: Any) -> Scalar:
    return radius * radius * jnp.sum(vector * vector)


@jax.jit
def _by_quadrature(vector: Any, radius: Any) -> Scalar:
    return ball.cosine_loss(square_root(_square(vector, radius)), vector.shape[0])


@jax.jit
def _by_series(vector: Any, radius: Any) -> Scalar:
    r"""Returns $-\sum_{k\ge1}(-\rho^2|a|^2/4)^k/(k!\,(p/2+1)_k)$."""
    quarter = 0.25 * _square(vector, radius)
    total = jnp.zeros_like(quarter)
    for k in range(_TERMS, 0, -1):
        # 1 / (k (p/2 + k)) is the ratio of two terms.
        total = quarter / (k * (0.5 * vector.shape[0] + k)) * (1.0 - total)
    return total


def _unit(vector: Any, radius: Any) -> Scalar:
    """Returns half the mean square, which the series begins with."""
    first = 0.5 * _square(vector, radius) / (vector.shape[0] + 2.0)
    return jnp.maximum(first, jnp.finfo(radius.dtype).tiny)


def _quadrature_error(vector: Any, radius: Any) -> Scalar:
    """Returns what nodes and weights that are rounded to float64 may change."""
    return 2.0**-44 * _unit(vector, radius)


def _case(vector: list[float], radius: float) -> tuple[Any, ...]:
    return jnp.asarray(vector), jnp.asarray(radius)


BALL_MOMENTS = Claim(
    slug="sharpness_aware/ball_moments",
    title="The mean of a cosine over a ball, and its first moments",
    statement=r"E(1-\cos(a\cdot U))=1-{}_0F_1(;\tfrac p2+1;-\tfrac{\rho^2|a|^2}4),\quad "
    r"E|U|=\tfrac{\rho p}{p+1},\ E|U|^2=\tfrac{\rho^2p}{p+2},\ EU_1^2=\tfrac{\rho^2}{p+2}",
    relation=Relation.EQ,
    lhs=_by_quadrature,
    rhs=_by_series,
    domain=_vectors,
    sizes=((3,), (1,)),
    scale=_unit,
    error=_quadrature_error,
    draws={"lhs": draws.COSINE, **draws.MOMENTS},
    terms={
        "norm": lambda vector, radius: ball.mean_norm(radius, float(vector.shape[0])),
        "squared norm": lambda vector, radius: ball.mean_squared_norm(
            radius, float(vector.shape[0])
        ),
        "squared coordinate": lambda vector, radius: ball.mean_squared_coordinate(
            radius, float(vector.shape[0])
        ),
        "absolute coordinate": lambda vector, radius: ball.mean_absolute_coordinate(
            radius, vector.shape[0]
        ),
    },
    corners=(
        Case("an interval", lambda: _case([math.pi / 2], 1.0), "p = 1: 1 - 2/pi"),
        Case("no radius", lambda: _case([1.0, 1.0, 0.0], 0.0), "both sides are 0"),
        Case("no direction", lambda: _case([0.0, 0.0, 0.0], 1.0), "both sides are 0"),
    ),
    axes=(axes.FREQUENCY,),
)
