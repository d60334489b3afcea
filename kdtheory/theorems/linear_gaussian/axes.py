"""Axes of figures: worlds chosen for the room's claims, and what is varied in them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory._numerics import arrays
from kdtheory.claim import Axis
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import dense_gaps, gap_worlds
from kdtheory.theorems.linear_gaussian.gaps import gap_form
from kdtheory.theorems.linear_gaussian.worlds import (
    design_case,
    spectrum_case,
    student_case,
)

_UNIT = tuple(np.linspace(0, 1, 65).tolist())
_UP_TO_TWO = tuple(np.linspace(0, 2, 65).tolist())
_UP_TO_FOUR = tuple(np.linspace(0, 4, 65).tolist())
_WIDE = tuple(np.linspace(-2, 2, 65).tolist())
_DECADES = tuple(np.geomspace(1 / 16, 64, 61).tolist())

_BETA = "beta, the inverse temperature"
_LAMBDA = "lambda, the prior precision"
_ONE = "one direction, s = 1"

# --- spectra ------------------------------------------------------------------------------------


def precision(signal: float, values: tuple[float, ...] = _DECADES) -> Axis:
    """Returns the axis of the prior precision of a spectrum."""
    return Axis(
        f"{_LAMBDA} ({_ONE}, |W* u|^2 = {signal:g}, beta = nu = 1)",
        values,
        lambda precision: spectrum_case([1.0], [signal], prior_precision=precision),
    )


def temperature(signal: float) -> Axis:
    """Returns the axis of the inverse temperature of a spectrum."""
    return Axis(
        f"{_BETA} ({_ONE}, |W* u|^2 = {signal:g}, lambda = nu = 1)",
        _UP_TO_FOUR,
        lambda beta: spectrum_case([1.0], [signal], inverse_temperature=beta),
    )


WEAK_PRIOR = precision(1.0, tuple(np.geomspace(1e-3, 4, 65).tolist()))
NOISE = Axis(
    f"nu, the deviation of the labels' noise ({_ONE}, W* = 0, lambda = beta = 1/8)",
    tuple(np.geomspace(1 / 32, 4, 57).tolist()),
    lambda noise_std: spectrum_case(
        [1.0], [0.0], prior_precision=0.125, inverse_temperature=0.125, noise_std=noise_std
    ),
)
INPUTS = Axis(
    "s^2, the squared singular value: more samples (W* = 0, lambda = beta = nu = 1)",
    tuple(np.geomspace(1 / 4, 1024, 49).tolist()),
    lambda squared: spectrum_case([squared], [0.0]),
)


def student_temperature(signal: float) -> Axis:
    """Returns the axis of the inverse temperature, the student's covariance its teacher's."""
    base = temperature(signal)
    return dataclasses.replace(
        base,
        values=tuple(np.linspace(0, 6, 61).tolist()),
        make=lambda beta: student_case(base.make(beta), [1.0]),
    )


_SCALES = tuple(np.linspace(1 / 16, 2, 63).tolist())
STUDENT_SCALE = Axis(
    "e, the student's variance in units of its teacher's (one direction, beta = 1/4)",
    _SCALES,
    lambda scale: student_case(spectrum_case([1.0], [0.25], inverse_temperature=0.25), [scale]),
)
NULL_SCALE = Axis(
    "e, the student's variance in units of its teacher's (none in the null direction)",
    _SCALES,
    lambda scale: student_case(
        spectrum_case([1.0], [0.25], inverse_temperature=0.25, num_null=1.0), [scale], 0.0
    ),
)
FLAT_PRIOR = Axis(
    f"{_BETA} (one direction, lambda = 0)",
    tuple(np.geomspace(1 / 16, 16, 65).tolist()),
    lambda beta: arrays([1.0], [1.0], [1.0], 1.0, beta, 1.0),
)
RIDGE_TEMPERATURE = Axis(
    f"{_BETA} ({_ONE}, W* = 0, lambda/beta = 3)",
    tuple(np.linspace(1 / 4, 2, 57).tolist()),
    lambda beta: arrays([1.0], [0.0], 1.0, 3.0, beta, 1.0),
)
RIDGE = Axis(
    f"lambda/beta, the ridge ({_ONE}, W* = 0)",
    tuple(np.geomspace(1e-3, 4, 65).tolist()),
    lambda ratio: arrays([1.0], [0.0], 1.0, ratio, 1.0, 1.0),
)
PRIOR = Axis(
    f"{_LAMBDA} ({_ONE}, |W* u|^2 = beta = nu = 1)",
    _DECADES,
    lambda precision: arrays([1.0], [1.0], [precision], 1.0, 1.0, 1.0),
)

# --- designs ------------------------------------------------------------------------------------

_INPUTS = [[1.0, 0.5, 0.0], [0.0, 0.5, -1.0]]
_WEIGHTS = [[0.5, -0.5], [0.25, 1.0]]
_THREE = "three samples of two features"


def _design(**settings: Any) -> LinearGaussianDesign:
    return design_case(_INPUTS, _WEIGHTS, **settings)


DESIGN_TEMPERATURE = Axis(
    f"{_BETA} ({_THREE}, lambda = nu = 1)",
    _UP_TO_TWO,
    lambda beta: _design(inverse_temperature=beta),
)
DESIGN_PRECISION = Axis(
    f"{_LAMBDA} ({_THREE}, beta = nu = 1)",
    tuple(np.linspace(1 / 4, 4, 61).tolist()),
    lambda precision: _design(prior_precision=precision),
)


def _single(**settings: Any) -> LinearGaussianDesign:
    """Returns one sample of two features, the second of which it does not have."""
    return design_case([[1.0], [0.0]], [[0.5, 0.0]], **settings)


SINGLE_TEMPERATURE = Axis(
    f"{_BETA} (one sample of two features, lambda = nu = 1)",
    _UP_TO_TWO,
    lambda beta: _single(inverse_temperature=beta),
)
LABEL = Axis(
    "y, the label of the one sample (expected: 1/2; lambda = beta = nu = 1)",
    _WIDE,
    lambda label: (_single(), label[None, None]),
)
POSTERIOR = Axis(
    "w, the weight of the one feature (its label is 0.8; lambda = beta = nu = 1)",
    _WIDE,
    lambda weight: (
        *arrays([[1.0], [0.0]], [[0.8]]),
        jnp.stack([weight, jnp.zeros_like(weight)])[None],
        *arrays(1.0, 1.0, 1.0),
    ),
)
MEAN = Axis(
    "mean of the first law (one by one; variances 9/16, the other mean is 0)",
    _WIDE,
    lambda mean: (mean[None, None], *arrays([[0.5]], [[0.5]], [[0.0]], [[0.5]], [[0.5]])),
)


def _second_value(value: Any) -> tuple[Any, ...]:
    return _design(), jnp.diag(jnp.stack([jnp.ones_like(value), value]))


SECOND_VALUE = Axis(
    f"v, where W_T = diag(1, v) ({_THREE})",
    _UP_TO_TWO,
    _second_value,
)
FACTOR = Axis(
    "Sigma_S, the student's variance (one by one, beta = 1/4; its teacher's is 0.8)",
    tuple(np.linspace(1 / 32, 2, 64).tolist()),
    lambda variance: (
        design_case([[1.0]], [[0.5]], inverse_temperature=0.25),
        jnp.sqrt(variance)[None, None],
    ),
)


def _test_inputs(scale: Any) -> tuple[Any, ...]:
    design = _design()
    return design, scale * dense_gaps.sample_second_moment(design)


TEST_INPUTS = Axis(
    "second moment of the test input, in units of the samples'", _UP_TO_TWO, _test_inputs
)


def _noisy_student(variance: Any) -> tuple[Any, ...]:
    design, moment = _test_inputs(2.0)
    covariance = variance * jnp.eye(2, dtype=moment.dtype)
    return dataclasses.replace(design, student_covariance=covariance), moment


STUDENT_NOISE = Axis(
    "the student's variance (test inputs of twice the samples' second moment)",
    _UP_TO_TWO,
    _noisy_student,
)

# --- the moment generating function of the gap --------------------------------------------------

_FRACTION = "l, as a share of the largest for which E exp(l h) is finite"
_FINITE = "l, the argument; E exp(l h) is finite from -1.50 to"


ARGUMENT = Axis(
    f"{_FINITE} 1.70 ({_THREE})",
    tuple(np.linspace(-1.3, 1.45, 56).tolist()),
    lambda argument: (_design(), argument),
)
ARGUMENT_RANDOM = Axis(
    f"{_FINITE} 0.82 (test inputs twice as large)",
    tuple(np.linspace(-1.3, 0.7, 61).tolist()),
    lambda argument: (*_test_inputs(jnp.full_like(argument, 2.0)), argument),
)
TILT = Axis(
    f"l, by which the teacher's law is tilted towards large gaps ({_THREE})",
    tuple(np.linspace(0.25, 1.45, 49).tolist()),
    ARGUMENT.make,
)


def _sampled() -> tuple[Any, ...]:
    """Returns a spectrum with its number of samples."""
    return spectrum_case([1.0], [0.25]), jnp.ones(())


def _at_spectrum(fraction: Any) -> Any:
    return gap_worlds.argument_at(gap_form(*_sampled()), fraction)


TOWARDS_THE_END = Axis(
    "l, as a share of the lower end of the domain of E exp(l h)",
    tuple((-np.linspace(0, 15 / 16, 61)[::-1]).tolist()),
    lambda fraction: (*_sampled(), _at_spectrum(fraction)),
)
BEYOND_THE_END = Axis(
    f"{_FRACTION} (proxy: four times the variance)",
    tuple(np.linspace(-1.25, 1.25, 61).tolist()),
    lambda fraction: (*_sampled(), jnp.full_like(fraction, 4.0), fraction),
)
EITHER_SIDE = Axis(
    f"{_FRACTION} ({_ONE})",
    tuple(np.linspace(-15 / 16, 15 / 16, 61).tolist()),
    lambda fraction: (*_sampled(), *arrays([1.0], 1.0), _at_spectrum(fraction)),
)
FROM_ABOVE = Axis(
    f"{_BETA} ({_ONE}, |W* u|^2 = 1/4, lambda = nu = 1)",
    _UP_TO_FOUR,
    lambda beta: (
        spectrum_case([1.0], [0.25], inverse_temperature=beta),
        *arrays(1.0, [1.0], 1.0, 1.0),
    ),
)
DIVERGENCE = Axis(
    f"K, the divergence ({_ONE}, |W* u|^2 = 1/4, lambda = beta = nu = 1)",
    _UP_TO_FOUR,
    lambda divergence: (*_sampled(), divergence, jnp.ones_like(divergence)),
)

# --- students of limited rank -------------------------------------------------------------------


def _turned(angle: Any) -> tuple[Any, ...]:
    direction = jnp.stack([jnp.cos(angle), jnp.sin(angle)])
    weights, inputs = arrays([[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]])
    return weights, inputs, direction[:, None], direction[None]


KEPT_DIRECTION = Axis(
    "angle of the direction that is kept (W_T X = diag(1, 2))",
    tuple(np.linspace(0, np.pi, 65).tolist()),
    _turned,
)
VARIANCE = Axis(
    "t, the variance of an entry (mean: diag(2, 1))",
    tuple(np.linspace(1 / 16, 4, 64).tolist()),
    lambda variance: (*arrays([[2.0, 0.0], [0.0, 1.0]]), variance),
)
ANY_VARIANCE = dataclasses.replace(VARIANCE, values=_UP_TO_FOUR)


def _two_teachers(angle: Any) -> tuple[Any, ...]:
    other = jnp.stack([jnp.cos(angle), jnp.sin(angle)])[:, None]
    first, strength, refitted = arrays([[1.0], [0.0]], [1.0], [[0.0], [0.0]])
    return first, other, strength, refitted, *arrays(0.5, 3.0)


TEACHERS_APART = Axis(
    "angle between the outputs of the two teachers (three inner draws)",
    tuple(np.linspace(0, np.pi, 65).tolist()),
    _two_teachers,
)
