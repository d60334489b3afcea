"""The best combination of correlated estimates, and what naive weights would do."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory import _check
from kdtheory._json import from_dict, to_dict
from kdtheory.propagation import weights


@dataclasses.dataclass(frozen=True)
class Combination:
    r"""How to combine unbiased estimates of one quantity.

    Attributes:
        weights: those of smallest variance; they sum to one, and may be negative.
        variance: what they give.
        naive_weights: inverse-variance weights, which ignore the covariances.
        naive_claim: the variance that the naive weights would have without covariances.
        naive_variance: the variance that they do have.
        best_single: the smallest variance of a single estimate.
    """

    weights: tuple[float, ...]
    variance: float
    naive_weights: tuple[float, ...]
    naive_claim: float
    naive_variance: float
    best_single: float

    def text(self) -> str:
        """Returns the result in words, a few lines."""
        chosen = ", ".join(f"{weight:.4g}" for weight in self.weights)
        naive = ", ".join(f"{weight:.4g}" for weight in self.naive_weights)
        lines = [
            f"best weights {chosen}: variance {self.variance:.6g}",
            f"inverse-variance weights {naive}: variance {self.naive_variance:.6g}"
            f" (they claim {self.naive_claim:.6g})",
            f"best single estimate: variance {self.best_single:.6g}",
        ]
        if self.naive_variance > self.best_single * (1 + 1e-9):
            lines.append("Inverse-variance weighting is worse here than the best single estimate.")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps``."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Combination:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


def combine(covariance: Any) -> Combination:
    r"""Finds the weights of smallest variance for unbiased estimates of one quantity.

    Args:
        covariance: $C$ of the estimates, such as a teacher's answer and a student's prediction,
            shape ``(estimates, estimates)``; for uncorrelated estimates, their variances alone,
            shape ``(estimates,)``. It must be *known*: weights from estimated variances do worse,
            and claim less than they have (`estimated_weights_variance`).

    Returns:
        The weights, their variance, and what inverse-variance weights would have claimed and had.

    Raises:
        InputError: if it is not a covariance.

    Example:
        A student is the mean of two answers of variance one, and is combined with one of the two:

        >>> print(combine([[1.0, 0.5], [0.5, 0.5]]).text())
        best weights 0, 1: variance 0.5
        inverse-variance weights 0.3333, 0.6667: variance 0.555556 (they claim 0.333333)
        best single estimate: variance 0.5
        Inverse-variance weighting is worse here than the best single estimate.
    """
    if np.ndim(covariance) == 1:
        variances = _check.real_array("covariance", covariance, "estimates")
        if variances.min() < 0:
            _check.refuse("covariance", f"{variances.min():g}", "variances >= 0", "Check signs.")
        matrix = np.diag(variances)
    else:
        array = _check.real_array("covariance", covariance, "estimates", "estimates")
        matrix = _check.covariance("covariance", array, len(array))
    with jax.enable_x64(True):
        known = jnp.asarray(matrix)
        best = np.asarray(weights.minimum_variance_weights(known))
        naive = np.asarray(weights.inverse_variance_weights(jnp.diagonal(known)))
        # Rounding is not worth a digit in the weights.
        best = np.where(np.abs(best) < 1e-14 * np.abs(best).max(), 0.0, best)
    return Combination(
        weights=tuple(best.tolist()),
        variance=max(float(best @ matrix @ best), 0.0),
        naive_weights=tuple(naive.tolist()),
        naive_claim=float(naive**2 @ np.diagonal(matrix)),
        naive_variance=max(float(naive @ matrix @ naive), 0.0),
        best_single=float(np.diagonal(matrix).min()),
    )
