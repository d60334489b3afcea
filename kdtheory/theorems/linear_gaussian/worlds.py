"""Domains, instances and units that the claims of the room share."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.domains import Domain, box, integers
from kdtheory.objects.designs import (
    DesignSpectrum,
    LinearGaussianDesign,
    left_singular_system,
)
from kdtheory.theorems.linear_gaussian import algorithm_shift, dataset_shift
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention, Rank

SPECTRUM_SIZES = ((3,), (1,))
"""Numbers of directions. Every spectral quantity is a sum over them: one, and several."""

DESIGN_SIZES = ((2, 2, 3), (1, 2, 1))
"""Outputs, features and samples: more samples than features, and fewer."""

MAX_OUTPUTS = 4
"""The largest number of outputs of a spectrum; draws hold this many and mask the rest."""

_SPECTRUM_FIELDS = (
    "squared_singular_values",
    "signal",
    "num_outputs",
    "num_null",
    "prior_precision",
    "inverse_temperature",
    "noise_std",
)
_DESIGN_FIELDS = (
    "inputs",
    "true_weights",
    "prior_precision",
    "inverse_temperature",
    "noise_std",
)


def _settings() -> Domain:
    return box(1 / 16, 4) * box(0, 4) * box(1 / 16, 4)


def _spectrum_parts(directions: int) -> Domain:
    sides = box(0, 4, directions) * box(0, 4, directions)
    return sides * integers(1, MAX_OUTPUTS) * integers(0, 3) * _settings()


def spectra(size: tuple[int, ...]) -> Domain:
    """Returns the spectra with the given number of directions.

    Both sides of a spectral claim depend on a design through these numbers alone, and a search
    over them never differentiates a singular value decomposition. A direction with a singular
    value of zero contributes nothing.
    """
    return _spectrum_parts(size[0]).named(*_SPECTRUM_FIELDS).map(DesignSpectrum, _spectrum_fields)


def students(size: tuple[int, ...]) -> Domain:
    """Returns spectra with a student covariance: (spectrum, student scale, null scale)."""
    parts = _spectrum_parts(size[0]) * box(1 / 16, 4, size[0]) * box(1 / 16, 4)
    return parts.named(*_SPECTRUM_FIELDS, "student_scale", "null_scale").map(
        lambda *values: (DesignSpectrum(*values[:7]), *values[7:]),
        lambda instance: (*_spectrum_fields(instance[0]), *instance[1:]),
    )


def _design_parts(size: tuple[int, ...]) -> Domain:
    outputs, features, samples = size[:3]
    arrays = box(-1, 1, features, samples) * box(-1, 1, outputs, features)
    return arrays * box(1 / 4, 4) * box(0, 2) * box(1 / 2, 2)


def designs(size: tuple[int, ...]) -> Domain:
    """Returns the designs with k outputs, d features and n samples."""
    return _design_parts(size).named(*_DESIGN_FIELDS).map(LinearGaussianDesign, _design_fields)


def designs_and(size: tuple[int, ...], name: str, *shape: int) -> Domain:
    """Returns designs with one more matrix: (design, matrix with entries in [-2, 2])."""
    parts = _design_parts(size) * box(-2, 2, *shape)
    return parts.named(*_DESIGN_FIELDS, name).map(
        lambda *values: (LinearGaussianDesign(*values[:5]), values[5]),
        lambda instance: (*_design_fields(instance[0]), instance[1]),
    )


def spectrum_case(
    squared: Any,
    signal: Any,
    *,
    num_outputs: float = 1.0,
    num_null: float = 0.0,
    prior_precision: Any = 1.0,
    inverse_temperature: Any = 1.0,
    noise_std: Any = 1.0,
) -> DesignSpectrum:
    """Returns a spectrum from lists and numbers."""
    values = (
        squared,
        signal,
        num_outputs,
        num_null,
        prior_precision,
        inverse_temperature,
        noise_std,
    )
    return DesignSpectrum(*arrays(*values))


def design_case(
    inputs: Any,
    true_weights: Any,
    *,
    prior_precision: Any = 1.0,
    inverse_temperature: Any = 1.0,
    noise_std: Any = 1.0,
) -> LinearGaussianDesign:
    """Returns a design from lists and numbers."""
    values = (inputs, true_weights, prior_precision, inverse_temperature, noise_std)
    return LinearGaussianDesign(*arrays(*values))


def scaled(function: Any, **options: Any) -> Any:
    """Returns a spectral function of (spectrum, student scale, null scale)."""

    def side(summary: DesignSpectrum, student_scale: Any, null_scale: Any) -> Scalar:
        return function(summary, student_scale=student_scale, null_scale=null_scale, **options)

    return side


def student_case(summary: DesignSpectrum, student_scale: Any, null_scale: Any = 1.0) -> Any:
    """Returns an instance of `students` from numbers."""
    return summary, *arrays(student_scale, null_scale)


def student_map(rank: Rank, null: NullConvention, design: LinearGaussianDesign) -> Any:
    """Returns the map that the student applies to the teacher's weights, as a matrix."""
    identity = jnp.eye(design.inputs.shape[0], dtype=design.inputs.dtype)
    if rank == "zero":
        return 0 * identity
    if null == "identity":
        return identity
    # The projection onto the range of X; for X of full row rank it is the identity to rounding
    # whatever the condition of X, which X X^+ is not.
    left_vectors, singular_values = left_singular_system(design.inputs)
    basis = jnp.where(singular_values[None, :] > 0, left_vectors, 0.0)
    return basis @ basis.T


def with_student(design: LinearGaussianDesign, factor: Any) -> LinearGaussianDesign:
    """Returns the design with the student covariance F F^T."""
    return dataclasses.replace(design, student_covariance=factor @ factor.T)


def dataset_unit(spectrum: DesignSpectrum) -> Scalar:
    """Returns the printed bound B, the unit of every dataset shift of a spectrum."""
    return at_least_tiny(dataset_shift.dataset_shift_printed(spectrum))


def student_unit(spectrum: DesignSpectrum, student_scale: Any, null_scale: Any) -> Scalar:
    """Returns the bound J, the unit of the total divergence, of a spectrum with a student."""
    return at_least_tiny(
        algorithm_shift.divergence_bound(
            spectrum, student_scale=student_scale, null_scale=null_scale
        )
    )


def at_least_tiny(value: Scalar) -> Scalar:
    """Returns a unit that is positive even where the quantity vanishes."""
    return jnp.maximum(value, jnp.finfo(value.dtype).tiny)


def _spectrum_fields(spectrum: DesignSpectrum) -> tuple[Any, ...]:
    return tuple(getattr(spectrum, name) for name in _SPECTRUM_FIELDS)


def _design_fields(design: LinearGaussianDesign) -> tuple[Any, ...]:
    return tuple(getattr(design, name) for name in _DESIGN_FIELDS)
