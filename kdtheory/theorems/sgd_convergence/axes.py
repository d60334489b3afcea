"""Axes of figures: worlds chosen for the room's claims, and what is varied in them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory.claim import Axis
from kdtheory.objects.descent import QuadraticRun
from kdtheory.theorems.sgd_convergence import worlds
from kdtheory.theorems.sgd_convergence.worlds import run_case, softmax_case

_UNIT = tuple(np.linspace(0, 1, 65).tolist())
_WIDE = tuple(np.linspace(-2, 2, 65).tolist())
_POSITIVE = tuple(np.geomspace(0.125, 4, 49).tolist())

# --- descent on a quadratic -----------------------------------------------------------------------

_CURVATURES = [[1.0, 0.5], [0.5, 0.25]]
_START = [2.0, 1.0]
_STEPS = 3


def _parabolas(step_size: Any, *, noise: float) -> QuadraticRun:
    """Returns steps on two functions whose gradients at the optimum are noise with both signs."""
    slopes = [[noise, 0.0], [-noise, 0.0]]
    return run_case([0.5, 0.5], _CURVATURES, slopes, _START, step_size, _STEPS)


def _labelled(step_size: Any) -> QuadraticRun:
    """Returns steps on the same with two labels to each, which move the gradient by 1."""
    given = [0.5, 0.5], _CURVATURES, [[1.0, 0.0]] * 2
    objective = worlds.two_labels(*map(jnp.asarray, given))
    return QuadraticRun(objective, jnp.asarray(_START), step_size, _STEPS)


def _steps(low: float, high: float) -> tuple[float, ...]:
    return tuple(np.linspace(low, high, 65).tolist())


_WORDS = "gamma, the step size (T = 3 steps in the plane, L_max = 1"


def noisy_steps(low: float, high: float) -> Axis:
    """Returns the axis of the step size on functions with different minima."""
    return Axis(f"{_WORDS}, noise)", _steps(low, high), lambda step: _parabolas(step, noise=1.0))


def steps(low: float, high: float) -> Axis:
    """Returns the axis of the step size on functions with one minimum."""
    words = f"{_WORDS}, no noise)"
    return Axis(words, _steps(low, high), lambda step: _parabolas(step, noise=0.0))


def labelled_steps(low: float, high: float) -> Axis:
    """Returns the axis of the step size on functions whose noise is that of labels."""
    return Axis(f"{_WORDS}, noise of labels)", _steps(low, high), _labelled)


# --- softmax worlds -------------------------------------------------------------------------------


def _one_input(optimum: Any, point: Any, number: Any) -> tuple[Any, ...]:
    """Returns a world of the home size in which one input and one feature count."""
    rows = [jnp.stack([logit, jnp.zeros_like(logit), -logit]) for logit in (optimum, point)]
    first, second = (jnp.stack([row, jnp.zeros_like(row)]) for row in rows)
    return *softmax_case([1, 0], [[1, 0], [0, 0]], first, second)[:2], number


_ONE = jnp.ones_like

CONFIDENCE = Axis(
    "z: logits z, 0 and -z of three labels at the optimum",
    _WIDE,
    lambda logit: _one_input(logit, 0.5 * _ONE(logit), _ONE(logit)),
)
POINT = Axis(
    "z: logits z, 0 and -z of three labels at the parameters (at the optimum z = 1)",
    _WIDE,
    lambda logit: _one_input(_ONE(logit), logit, _ONE(logit)),
)
VARIANCE = Axis(
    "nu, the variance of an answer's error (three labels)",
    _POSITIVE,
    lambda variance: _one_input(_ONE(variance), 0.5 * _ONE(variance), variance),
)
CONCENTRATION = Axis(
    "a_0, the concentration of the Dirichlet teacher (three labels)",
    _POSITIVE,
    lambda concentration: _one_input(_ONE(concentration), 0.5 * _ONE(concentration), concentration),
)

# --- target noise ---------------------------------------------------------------------------------


def _at_offset(offset: Any) -> tuple[Any, ...]:
    half, one = jnp.full(2, 0.5), jnp.ones(2)
    labels = jnp.asarray([[[1.0], [-1.0]], [[0.5], [-0.5]]])
    return half, jnp.stack([one[:1], half[:1]]), half, labels, offset[None]


OFFSET = Axis(
    "theta - theta*, the offset from the optimum (curvatures 1 and 1/2)", _WIDE, _at_offset
)


def _decided(share: Any) -> tuple[Any, Any]:
    """Returns a teacher between the probabilities 1/2 and 1/2 (0) and a drawn label (1)."""
    half = 0.5 * share
    rows = jnp.stack([jnp.stack([0.5 + half, 0.5 - half]), jnp.stack([0.5 - half, 0.5 + half])])
    return jnp.full(2, 0.5), rows


DECIDED = Axis(
    "how decided the teacher's answers are (0: 1/2 and 1/2, 1: a label)", _UNIT, _decided
)
DECIDED_ALONG = Axis(
    DECIDED.label, _UNIT, lambda share: (*_decided(share), jnp.asarray([1.0, -1.0]))
)
RARE = Axis(
    "z: logits z, 0 and 0 of three labels",
    tuple(np.linspace(-8, 3, 56).tolist()),
    lambda logit: jnp.stack([logit, jnp.zeros_like(logit), jnp.zeros_like(logit)]),
)
INTERPOLATED = Axis(
    "z: logits z, 0 and -z of three labels at the parameters (at the optimum z = 0)",
    _WIDE,
    lambda logit: _one_input(jnp.zeros_like(logit), logit, jnp.zeros_like(logit)),
)
