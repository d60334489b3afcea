r"""Teachers made from a sample: a trained network, and averages over what the sample leaves open.

All return logarithms of probabilities, in double precision: none underflows. Trials are along the
first axis where there are several.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, special

from kdtheory._check import FloatArray
from kdtheory.replications._class_worlds import SPREAD

_TEMPERATURES = (0.05, 50.0)
_PRECISIONS = (1e-4, 1e4)


def averaged(log_probs: FloatArray, axis: int) -> FloatArray:
    """Returns the logarithm of the mean of probabilities along an axis, not the last one."""
    return special.logsumexp(log_probs, axis=axis) - np.log(log_probs.shape[axis])


def fitted_temperature(logits: FloatArray, labels: Any) -> float:
    """Returns the temperature with the smallest log-loss on labelled examples.

    Args:
        logits: a row for every example.
        labels: theirs.
    """

    def loss(log_temperature: float) -> float:
        tempered = special.log_softmax(logits / np.exp(log_temperature), axis=-1)
        return -float(np.mean(np.take_along_axis(tempered, labels[:, None], axis=-1)))

    ends = np.log(_TEMPERATURES)
    found = optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


class LastLayer(NamedTuple):
    r"""A Gaussian approximation of the posterior of a last layer, for any prior precision.

    Attributes:
        weights: of the layer, shape ``(units, labels)``; a unit that is always one for the bias.
        eigenvalues: of the curvature of the summed log-loss in them.
        eigenvectors: in columns, for weights that are laid out row by row.
        log_likelihood: of the sample at the weights.
    """

    weights: FloatArray
    eigenvalues: FloatArray
    eigenvectors: FloatArray
    log_likelihood: float

    def log_evidence(self, precision: float) -> float:
        r"""Returns Laplace's approximation of the logarithm of the sample's marginal likelihood.

        $\log p(D|w)-\frac\lambda2\|w\|^2+\frac12\sum_i\log\frac\lambda{e_i+\lambda}$.

        Args:
            precision: $\lambda$ of the prior $N(0,I/\lambda)$.
        """
        occam = 0.5 * float(np.sum(np.log(precision / (self.eigenvalues + precision))))
        return self.log_likelihood - 0.5 * precision * float(np.sum(self.weights**2)) + occam

    def best_precision(self) -> float:
        """Returns the prior precision with the largest evidence."""
        ends = np.log(_PRECISIONS)
        found = optimize.minimize_scalar(
            lambda log_precision: -self.log_evidence(np.exp(log_precision)),
            bounds=ends,
            method="bounded",
        )
        return float(np.exp(found.x))

    def predicted(self, normal: FloatArray, precision: float, units: FloatArray) -> FloatArray:
        """Returns the logarithms of the probabilities averaged over the posterior.

        Args:
            normal: standard normal numbers, a row for every draw and a column for every weight.
            precision: of the prior.
            units: where to predict, a row for every input.
        """
        scaled = normal / np.sqrt(self.eigenvalues + precision)
        drawn = self.weights + (scaled @ self.eigenvectors.T).reshape(-1, *self.weights.shape)
        return averaged(special.log_softmax(units @ drawn, axis=-1), axis=0)


def last_layer(weights: FloatArray, units: FloatArray, labels: Any) -> LastLayer:
    r"""Returns the curvature of the log-loss around trained weights.

    $\sum_i\varphi_i\varphi_i^\top\otimes(\mathrm{diag}\,p_i-p_ip_i^\top)$: for a last layer that is
    the whole second derivative.

    Args:
        weights: shape ``(units, labels)``.
        units: what the layer sees of the sample, a row for every example.
        labels: theirs.
    """
    log_probs = special.log_softmax(units @ weights, axis=-1)
    probs = np.exp(log_probs)
    spread = probs[:, :, None] * (np.eye(weights.shape[1]) - probs[:, None, :])
    curvature = np.einsum("ia,ib,ikl->akbl", units, units, spread, optimize=True)
    values, vectors = np.linalg.eigh(curvature.reshape(weights.size, weights.size))
    likelihood = float(np.sum(np.take_along_axis(log_probs, labels[:, None], axis=-1)))
    # What is zero may come out slightly below.
    return LastLayer(weights, np.maximum(values, 0.0), vectors, likelihood)


class GaussianClasses(NamedTuple):
    r"""The exact posterior of the means of classes $N(m_y,I)$ under their prior $N(0,s^2I)$.

    Attributes:
        means: $E[m_y|D]$, a row for every label.
        variances: of every coordinate of $m_y$, given the sample.
    """

    means: FloatArray
    variances: FloatArray

    def plugged_in(self, inputs: FloatArray) -> FloatArray:
        """Returns the logarithms of the probabilities if the posterior means were the means."""
        return special.log_softmax(-0.5 * self._squares(inputs), axis=-1)

    def predicted(self, inputs: FloatArray) -> FloatArray:
        r"""Returns the logarithms of $P(y|x,D)$: classes are $N(E[m_y|D],(1+v_y)I)$ there."""
        total = 1 + self.variances
        constant = 0.5 * inputs.shape[-1] * np.log(total)
        return special.log_softmax(-0.5 * self._squares(inputs) / total - constant, axis=-1)

    def _squares(self, inputs: FloatArray) -> FloatArray:
        return np.sum((inputs[:, None, :] - self.means) ** 2, axis=-1)


def gaussian_classes(inputs: FloatArray, labels: Any, num_labels: int) -> GaussianClasses:
    """Returns the posterior of the class means, for the prior that worlds are drawn from.

    Args:
        inputs: a row for every example.
        labels: theirs.
        num_labels: how many classes there are.
    """
    members = np.eye(num_labels)[labels]
    variances = 1 / (members.sum(axis=0) + 1 / SPREAD**2)
    return GaussianClasses(variances[:, None] * (members.T @ inputs), variances)
