r"""Soft labels made from hard ones or from a teacher: label smoothing and temperature.

Smoothing replaces the label $y$ by $(1-\alpha)e_y + \alpha/L$. Two questions have two answers:
which $\alpha$ brings the target closest to $p^*$ (`optimal_smoothing`, whatever the sample), and
which one makes the risk on a sample most accurate (`optimal_risk_smoothing`, of order $1/N$: the
noise of labels averages out, the bias does not). Temperature divides a teacher's logits $z$ by
$T$: $p_T = \mathrm{softmax}(z/T)$.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import InputWeights, LabelProbs, Losses, Scalar
from kdtheory.divergences import squared_distance
from kdtheory.risks import label_variance, onehot_variance


class TargetError(NamedTuple):
    """How far a random target is from the Bayes probabilities, in squared Euclidean distance.

    Attributes:
        bias_sq: squared distance of the mean target.
        variance: mean squared distance of the target from its mean.
    """

    bias_sq: Float[Array, "*batch"]
    variance: Float[Array, "*batch"]

    @property
    def mse(self) -> Float[Array, "*batch"]:
        """The mean squared distance."""
        return self.bias_sq + self.variance


def _label_spread(probs: Float[Array, "*batch labels"]) -> Float[Array, "*batch"]:
    r"""Returns $1 - \|p\|_2^2$ as a sum of non-negative terms."""
    return jnp.sum(probs * (1 - probs), axis=-1)


@jax.jit
def smoothing_error(
    label_probs: Float[Array, "*batch labels"], amount: Scalar | float
) -> TargetError:
    r"""Returns bias and variance of the target $(1-\alpha)e_y + \alpha/L$, $y \sim p^*$.

    $\alpha^2(\|p^*\|^2 - 1/L)$ and $(1-\alpha)^2(1-\|p^*\|^2)$.

    Args:
        label_probs: $p^*$ along the last axis.
        amount: $\alpha$.

    Returns:
        Both parts for every distribution; average them over inputs.

    Example:
        >>> error = smoothing_error(jnp.array([0.75, 0.25]), 0.5)
        >>> float(error.bias_sq), float(error.variance)
        (0.03125, 0.09375)
    """
    uniform = jnp.full_like(label_probs, 1 / label_probs.shape[-1])
    bias_sq = amount**2 * squared_distance(label_probs, uniform)
    return TargetError(bias_sq, (1 - amount) ** 2 * _label_spread(label_probs))


@jax.jit
def optimal_smoothing(input_weights: InputWeights, label_probs: LabelProbs) -> Scalar:
    r"""Returns $\alpha^* = (1 - \mathbb E\|p^*\|^2)/(1 - 1/L)$: the target closest to $p^*$.

    It minimises the mean squared distance of `smoothing_error`, averaged over inputs, and lies in
    $[0, 1]$: 0 for deterministic labels, 1 for uniform ones. It does not depend on a sample size,
    and is not what makes a sample's risk most accurate: see `optimal_risk_smoothing`.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.

    Returns:
        The amount; 0 if there is one label only, where all amounts are the same.

    Example:
        >>> float(optimal_smoothing(jnp.ones(1), jnp.array([[0.75, 0.25]])))
        0.75
    """
    largest = max(1 - 1 / label_probs.shape[-1], 0.5)  # with one label the numerator is zero
    return jnp.sum(input_weights * _label_spread(label_probs)) / largest


@jax.jit
def smoothed_risk_error(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    amount: Scalar | float,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ for smoothed one-hot labels.

    $\tfrac1N\mathbb V[\ell_y - \alpha(\ell_y-\bar\ell)] + \alpha^2(\mathbb E_x[\bar\ell] - R)^2$,
    $\bar\ell$ the mean over labels: labels are drawn afresh at every sample point, so that their
    noise averages out while the bias of smoothing stays.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        amount: $\alpha$.
        num_samples: $N \ge 1$.

    Returns:
        The mean squared error of the empirical risk.

    Example:
        >>> one, probs, losses = jnp.ones(1), jnp.array([[0.75, 0.25]]), jnp.array([[0.0, 1.0]])
        >>> float(smoothed_risk_error(one, probs, losses, 0.0, 3.0))  # one-hot: 3/16 over 3
        0.0625
    """
    spread = _relative_to_mean(losses)
    smoothed = losses - amount * spread
    noise = onehot_variance(input_weights, label_probs, smoothed, num_samples)
    return noise + amount**2 * _mean(input_weights, label_probs, spread) ** 2


@jax.jit
def optimal_risk_smoothing(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns the amount of smoothing that makes a sample's risk most accurate.

    `smoothed_risk_error` is a convex parabola in $\alpha$ with its minimum at
    $\mathrm{Cov}(\ell_y, c)/(\mathbb V[c] + N(\mathbb E c)^2)$, $c = \ell_y - \bar\ell$: of order
    $1/N$ unless smoothing is unbiased.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        num_samples: $N \ge 1$.

    Returns:
        The minimiser over all real $\alpha$ (where it lies outside $[0, 1]$ the nearer end is the
        best admissible amount); 0 where every amount is as good.
    """
    covariance, curvature = risk_smoothing_terms(input_weights, label_probs, losses, num_samples)
    matters = curvature > 0
    return jnp.where(matters, covariance / jnp.where(matters, curvature, 1.0), 0.0)


@jax.jit
def risk_smoothing_terms(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    num_samples: Scalar | float = 1.0,
) -> tuple[Scalar, Scalar]:
    r"""Returns $\mathrm{Cov}(\ell_y, c)/N$ and $\mathbb V[c]/N + (\mathbb E c)^2$.

    With these, `smoothed_risk_error` is $\mathbb V[\ell_y]/N$ minus $2\alpha$ times the first plus
    $\alpha^2$ times the second.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        num_samples: $N \ge 1$.
    """
    spread = _relative_to_mean(losses)
    bias = _mean(input_weights, label_probs, spread)
    risk = _mean(input_weights, label_probs, losses)
    covariance = _mean(input_weights, label_probs, (losses - risk) * (spread - bias))
    variance = onehot_variance(input_weights, label_probs, spread, num_samples)
    return covariance / num_samples, variance + bias**2


def _relative_to_mean(losses: Losses) -> Losses:
    return losses - jnp.mean(losses, axis=-1, keepdims=True)


def _mean(input_weights: InputWeights, label_probs: LabelProbs, values: Losses) -> Scalar:
    return jnp.sum(input_weights[:, None] * label_probs * values)


@jax.jit
def tempered_probs(
    logits: Float[Array, "*batch labels"], temperature: Scalar | float
) -> Float[Array, "*batch labels"]:
    r"""Returns $p_T = \mathrm{softmax}(z/T)$.

    Args:
        logits: $z$ along the last axis.
        temperature: $T > 0$.

    Returns:
        The distributions; from probabilities instead of logits, use
        `kdtheory.objects.teachers.tempered_teacher`.
    """
    return jax.nn.softmax(logits / temperature, axis=-1)


@jax.jit
def tempered_entropy(
    logits: Float[Array, "*batch labels"], temperature: Scalar | float
) -> Float[Array, "*batch"]:
    r"""Returns $H(p_T)$ in nats, accurate also where it is tiny.

    With $d_k = (\max z - z_k)/T$ and $s = \sum_{k\ne\mathrm{top}} e^{-d_k}$ it is
    $\log(1+s) + \sum_k p_k d_k$, a sum of non-negative terms.

    Args:
        logits: $z$ along the last axis.
        temperature: $T > 0$.

    Returns:
        The entropy, increasing in $T$.

    Example:
        >>> print(f"{tempered_entropy(jnp.array([40.0, 0.0, -40.0]), 2.0):.4e}")
        4.3284e-08
    """
    below = (jnp.max(logits, axis=-1, keepdims=True) - logits) / temperature
    top = jnp.arange(logits.shape[-1]) == jnp.argmax(logits, axis=-1)[..., None]
    others = jnp.sum(jnp.where(top, 0.0, jnp.exp(-below)), axis=-1)
    return jnp.log1p(others) + jnp.sum(tempered_probs(logits, temperature) * below, axis=-1)


@jax.jit
def tempered_entropy_slope(
    logits: Float[Array, "*batch labels"], temperature: Scalar | float
) -> Float[Array, "*batch"]:
    r"""Returns $\frac{d}{dT}H(p_T) = \mathbb V_{p_T}[z]/T^3 \ge 0$.

    Args:
        logits: $z$ along the last axis.
        temperature: $T > 0$.

    Returns:
        The slope, from pairwise differences of logits: zero iff all are equal.
    """
    rows = logits.reshape(-1, logits.shape[-1])
    # In the unit of the temperature, so that neither factor overflows before the other.
    variance = label_variance(tempered_probs(rows, temperature), rows / temperature)
    return variance.reshape(logits.shape[:-1]) / temperature
