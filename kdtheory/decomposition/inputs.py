"""What a user hands over, checked, and completed by estimates where something is left out."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory import _check
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign, check_design_arrays
from kdtheory.theorems.linear_gaussian.algorithm_shift import Rank
from kdtheory.theorems.linear_gaussian.given_data import least_squares

SETTINGS = {
    "prior_precision": False,
    "inverse_temperature": True,
    "noise_std": False,
    "student_scale": True,
}
"""The settings of a design that may vary -> whether zero is in their range."""


@dataclasses.dataclass(frozen=True, eq=False)
class PreparedDesign:
    r"""A validated design, and what of it was estimated.

    Attributes:
        design: the design.
        fitted: whether $W^*$ is the least-squares estimate.
        fitted_noise: whether the noise is the residual standard deviation.
    """

    design: LinearGaussianDesign
    fitted: bool
    fitted_noise: bool


def prepared_design(
    inputs: Any,
    true_weights: Any,
    labels: Any,
    *,
    noise_std: Any,
    null: Any = "minnorm",
    prior_precision: Any = 1.0,
    inverse_temperature: Any = 1.0,
    student_covariance: Any = None,
) -> PreparedDesign:
    r"""Checks a design and estimates what is missing; call it with float64 enabled.

    Args:
        inputs: $X$, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``, or None.
        labels: $Y$, shape ``(k, n)``, or None.
        noise_std: $\nu$; None if it is to be estimated.
        null: "minnorm" or "identity".
        prior_precision: $\lambda$.
        inverse_temperature: $\beta_T$.
        student_covariance: $\Sigma_S$, or None.

    Raises:
        InputError: if anything is missing, out of range or of the wrong shape.
    """
    names = ("inputs", "true_weights", "labels")
    arrays = list(check_design_arrays(inputs, true_weights, labels, names=names))
    if len(arrays) == 1:
        _check.refuse(
            "true_weights", "neither true_weights nor labels", "one of them", "Give W* or Y."
        )
    if null not in ("minnorm", "identity"):
        _check.refuse("null", repr(null), "'minnorm' or 'identity'", "Choose one of them.")
    observed = None if labels is None else arrays[-1]
    weights = None if true_weights is None else arrays[1]
    noise = noise_std
    if weights is None or noise is None:
        fitted_weights, residual_std = estimated(arrays[0], observed, needs_noise=noise is None)
        weights = fitted_weights if weights is None else weights
        noise = residual_std if noise is None else noise
    design = LinearGaussianDesign.create(
        arrays[0],
        weights,
        prior_precision=prior_precision,
        inverse_temperature=inverse_temperature,
        noise_std=noise,
        student_covariance=student_covariance,
    )
    return PreparedDesign(design, fitted=true_weights is None, fitted_noise=noise_std is None)


def student_rank(rank: Any, spectrum: DesignSpectrum, null: str) -> tuple[int, int]:
    r"""Returns the student's rank, and the smallest rank at which nothing is lost.

    Args:
        rank: $\kappa$, or None for $d$.
        spectrum: of the design.
        null: "minnorm" or "identity".

    Returns:
        $\kappa$ and $\min(k,\operatorname{rank}X)$.

    Raises:
        InputError: if the rank is out of range, or does not fit the convention.
    """
    design_rank = int(np.count_nonzero(np.asarray(spectrum.squared_singular_values)))
    num_features = design_rank + int(spectrum.num_null)
    found = num_features if rank is None else _check.integer("rank", rank, low=0, high=num_features)
    if null == "identity" and found < num_features:
        _check.refuse(
            "null",
            f"'identity' with rank {found}",
            f"rank {num_features}: copying the teacher everywhere takes full rank",
            "Leave the rank out, or use null='minnorm'.",
        )
    return found, min(int(spectrum.num_outputs), design_rank)


def closed_form(rank: Any, spectrum: DesignSpectrum, null: str) -> tuple[int, Rank]:
    """Returns the student's rank and the name of its closed form; arguments as `student_rank`.

    Raises:
        InputError: also for a rank between 0 and full, which has none.
    """
    found, full = student_rank(rank, spectrum, null)
    if 0 < found < full:
        _check.refuse(
            "rank",
            f"{found}",
            f"0, or at least {full} = min(outputs, rank of the inputs)",
            "Between them there is no closed form: decompose one design, or use dominance_map.",
        )
    return found, "full" if found >= full else "zero"


def estimated(
    inputs: _check.FloatArray, labels: _check.FloatArray | None, *, needs_noise: bool
) -> tuple[np.ndarray, float]:
    r"""Returns the least-squares weights and, if needed, the residual standard deviation.

    Args:
        inputs: $X$, shape ``(d, n)``.
        labels: $Y$, shape ``(k, n)``.
        needs_noise: whether to estimate the noise, with $k(n-\operatorname{rank}X)$ degrees of
            freedom.

    Returns:
        The weights, shape ``(k, d)``, and the standard deviation; zero if it was not asked for.

    Raises:
        InputError: if there are no labels, or no residuals.
    """
    if labels is None:
        _check.refuse(
            "noise_std",
            "neither noise_std nor labels to estimate it from",
            "one of them",
            "Give the standard deviation of the label noise.",
        )
    weights, residual, found = least_squares(jnp.asarray(inputs), jnp.asarray(labels))
    if not needs_noise:
        return np.asarray(weights), 0.0
    num_outputs, num_samples = labels.shape
    freedom = num_samples - int(found)
    if freedom == 0:
        _check.refuse(
            "noise_std",
            f"{num_samples} samples for a design of rank {int(found)}, which fit exactly",
            "more samples than the rank, to estimate the noise from the residuals",
            "Give noise_std, or more samples.",
        )
    variance = float(residual) / (num_outputs * freedom)
    rounding = (num_samples * np.finfo(np.float64).eps) ** 2 * float(np.mean(labels**2))
    if variance <= rounding:
        _check.refuse(
            "noise_std",
            "labels that a linear map fits exactly, so that the residuals are zero",
            "a positive noise level",
            "Give noise_std.",
        )
    return np.asarray(weights), variance**0.5
