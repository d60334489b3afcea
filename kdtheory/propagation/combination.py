"""The best combination of correlated estimates, and what naive weights would do."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory import _check
from kdtheory._check import FloatArray
from kdtheory._json import from_dict, to_dict
from kdtheory.propagation import weights


@dataclasses.dataclass(frozen=True)
class Combination:
    r"""How to combine unbiased estimates of one quantity.

    Attributes:
        weights: those of smallest variance; they sum to one. Some may be negative, unless that was
            excluded.
        variance: what they give; for estimated variances, to first order in $1/\nu$.
        naive_weights: inverse-variance weights, which ignore the covariances.
        naive_claim: the variance that the naive weights would have without covariances, and if the
            variances were known.
        naive_variance: the variance that they do have.
        best_single: the smallest variance of a single estimate.
        nonnegative: whether negative weights were excluded.
        degrees_of_freedom: $\nu$ of every variance that is itself an estimate; None if they are
            known.
    """

    weights: tuple[float, ...]
    variance: float
    naive_weights: tuple[float, ...]
    naive_claim: float
    naive_variance: float
    best_single: float
    nonnegative: bool = False
    degrees_of_freedom: tuple[float, ...] | None = None

    def text(self) -> str:
        """Returns the result in words, a few lines."""
        chosen, naive = (
            ", ".join(f"{weight:.4g}" for weight in row)
            for row in (self.weights, self.naive_weights)
        )
        kind = "best weights from 0 on" if self.nonnegative else "best weights"
        lines = [
            f"{kind} {chosen}: variance {self.variance:.6g}",
            f"inverse-variance weights {naive}: variance {self.naive_variance:.6g}"
            f" (they claim {self.naive_claim:.6g})",
            f"best single estimate: variance {self.best_single:.6g}",
        ]
        if min(self.weights) < 0:
            lines.append(
                "A negative weight takes out an error that the estimates share, and relies on the"
                " covariances; nonnegative=True does without."
            )
        if self.naive_variance > self.best_single * (1 + 1e-9):
            lines.append("Inverse-variance weighting is worse here than the best single estimate.")
        if self.degrees_of_freedom is not None:
            lines.append(
                "The variances are estimates: the weights are noisy, which costs variance and which"
                " the claim does not know."
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps``."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Combination:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


def combine(
    covariance: Any, *, nonnegative: bool = False, degrees_of_freedom: Any = None
) -> Combination:
    r"""Finds the weights of smallest variance for unbiased estimates of one quantity.

    Args:
        covariance: $C$ of the estimates, such as a teacher's answer and a student's prediction,
            shape ``(estimates, estimates)``, singular or not; for uncorrelated estimates, their
            variances alone, shape ``(estimates,)``. Estimates of vectors: `vector_weights`.
        nonnegative: whether to exclude negative weights. Where estimates share errors, the best
            weights may be negative, and the more they are the more they rely on $C$.
        degrees_of_freedom: $\nu$, of all variances or of each, if they were estimated from Gaussian
            samples of which the estimates are the means; only without covariances. The variances
            returned are then Meier's (1953), to first order in $1/\nu$; for two equal ones
            `estimated_weights_variance` is exact.

    Returns:
        The weights, their variance, and what inverse-variance weights would have claimed and had.

    Raises:
        InputError: if it is not a covariance.

    Example:
        A teacher answers a question twice, each time with variance 1. A student is trained on both
        answers and predicts their mean. Is its prediction better with another look at the first
        answer? It looks so, as long as one forgets that the student has seen it: the covariance of
        the first answer with the mean is 1/2, as much as the mean varies.

        >>> print(combine([[1.0, 0.5], [0.5, 0.5]]).text())
        best weights 0, 1: variance 0.5
        inverse-variance weights 0.3333, 0.6667: variance 0.555556 (they claim 0.333333)
        best single estimate: variance 0.5
        Inverse-variance weighting is worse here than the best single estimate.

        A third answer, which the student has not seen, is worth its weight: three answers count
        alike.

        >>> print(combine([1.0, 0.5]).text())
        best weights 0.3333, 0.6667: variance 0.333333
        inverse-variance weights 0.3333, 0.6667: variance 0.333333 (they claim 0.333333)
        best single estimate: variance 0.5
    """
    if np.ndim(covariance) == 1:
        variances = _check.real_array("covariance", covariance, "estimates")
        if variances.min() < 0:
            _check.refuse("covariance", f"{variances.min():g}", "variances >= 0", "Check signs.")
        matrix = np.diag(variances)
    else:
        if np.ndim(covariance) > 2:
            _check.refuse(
                "covariance",
                f"an array of shape {np.shape(covariance)}",
                "(estimates, estimates), or variances (estimates,)",
                "For estimates of vectors there is vector_weights.",
            )
        array = _check.real_array("covariance", covariance, "estimates", "estimates")
        matrix = _check.covariance("covariance", array, len(array))
    freedom = _freedom(degrees_of_freedom, np.ndim(covariance), len(matrix))
    with jax.enable_x64(True):
        known = jnp.asarray(matrix)
        best = np.asarray(weights.minimum_variance_weights(known))
        naive = np.asarray(weights.inverse_variance_weights(jnp.diagonal(known)))
    # Rounding is not worth a digit in the weights.
    best = np.where(np.abs(best) < 1e-14 * np.abs(best).max(), 0.0, best)
    if nonnegative and best.min() < 0:
        best = _nonnegative(matrix)
    return Combination(
        weights=tuple(best.tolist()),
        variance=_variance(matrix, best, freedom),
        naive_weights=tuple(naive.tolist()),
        naive_claim=float(naive**2 @ np.diagonal(matrix)),
        naive_variance=_variance(matrix, naive, freedom),
        best_single=float(np.diagonal(matrix).min()),
        nonnegative=nonnegative,
        degrees_of_freedom=None if freedom is None else tuple(freedom.tolist()),
    )


def _freedom(value: Any, num_axes: int, num_estimates: int) -> FloatArray | None:
    if value is None:
        return None
    if num_axes != 1:
        _check.refuse(
            "degrees_of_freedom",
            "them with a covariance matrix",
            "them with variances alone",
            "What estimated covariances cost is not known here.",
        )
    if np.ndim(value) == 0:
        return np.full(num_estimates, _check.number("degrees_of_freedom", value, low=1.0))
    freedom = _check.real_array("degrees_of_freedom", value, "estimates")
    if len(freedom) != num_estimates or freedom.min() < 1:
        got = f"{freedom.tolist()}"
        expected = f"one number >= 1 for each of {num_estimates} variances"
        _check.refuse("degrees_of_freedom", got, expected, "A mean of r answers has r - 1.")
    return freedom


def _variance(matrix: FloatArray, chosen: FloatArray, freedom: FloatArray | None) -> float:
    """Returns the variance of a weighted sum, and what estimating the variances adds to it."""
    value = float(chosen @ matrix @ chosen)
    # What is left of terms that cancel is rounding.
    scale = float(np.abs(chosen) @ np.abs(matrix) @ np.abs(chosen))
    if value < 4 * len(chosen) * np.finfo(float).eps * scale:
        return 0.0
    if freedom is None:
        return value
    return value * (1.0 + 4.0 * float(np.sum(chosen * (1.0 - chosen) / freedom)))


def _nonnegative(matrix: FloatArray) -> FloatArray:
    r"""Returns the best weights without negative ones.

    In units of the standard deviations weights $u\ge0$ with $a^\top u=1$ have the variance $q$. For
    their multiples $\min_tt^2q+(t-1)^2=q/(1+q)$ increases with $q$, so that least squares of
    $u^\top Ru+(a^\top u-1)^2$ over all $u\ge0$ leads to the same direction. No estimate is exact
    here: it would have all of the weight already.
    """
    from scipy import optimize

    spread = np.sqrt(np.diagonal(matrix))
    relative = spread.min() / spread
    values, axes = np.linalg.eigh(matrix / np.outer(spread, spread))
    half = np.sqrt(np.maximum(values, 0.0))[:, None] * axes.T
    goal = np.append(np.zeros(len(spread)), 1.0)
    chosen = optimize.nnls(np.vstack([half, relative]), goal)[0] * relative
    return np.asarray(chosen / chosen.sum())
