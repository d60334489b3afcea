r"""Two Gaussian classes $N(\pm\mu, I)$: everything about a linear score is known there.

The Bayes probability is $\mathbb P(y{=}1|x) = \sigma(2\mu\cdot x + \log\tfrac{\pi}{1-\pi})$ with
$\pi = \mathbb P(y{=}1)$. Ranking and accuracy of a linear score $w\cdot x$ depend on its
separation $\delta = w\cdot\mu/\|w\|$ alone: so a student's population AUC needs no test set.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from kdtheory._numerics import square_root
from kdtheory._types import Scalar

Vector = Float[Array, "features"]


@jax.jit
def posterior(
    mean: Vector, inputs: Float[Array, "*batch features"], prior: Scalar | float = 0.5
) -> Float[Array, "*batch"]:
    r"""Returns $\mathbb P(y{=}1|x) = \sigma(\theta^*\cdot x + \log\tfrac\pi{1-\pi})$.

    The weights are $\theta^* = 2\mu$ (Menon et al., Section 5.1).

    Args:
        mean: $\mu$, shape ``(features,)``; the other class has mean $-\mu$.
        inputs: $x$ along the last axis.
        prior: $\pi$, the share of the first class; without a bias if 1/2.

    Returns:
        The probability of the first class.

    Example:
        >>> float(posterior(jnp.ones(2), jnp.array([0.5, -0.5])))
        0.5
    """
    return jax.nn.sigmoid(2 * (inputs @ mean) + jax.scipy.special.logit(prior))


@jax.jit
def separation(mean: Vector, weights: Vector) -> Scalar:
    r"""Returns $\delta = w\cdot\mu/\|w\|$, by how much a linear score separates the classes.

    Args:
        mean: $\mu$, shape ``(features,)``.
        weights: $w$, shape ``(features,)``.

    Returns:
        The separation, at most $\|\mu\|$; 0 for $w = 0$, a score that says nothing.
    """
    # Relative to the largest entry: the square of a small weight may underflow.
    largest = jnp.max(jnp.abs(weights))
    relative = weights / jnp.where(largest > 0, largest, 1.0)
    norm = square_root(jnp.sum(relative**2))
    return jnp.sum(relative * mean) / jnp.where(norm > 0, norm, 1.0)


@jax.jit
def score_auc(mean: Vector, weights: Vector) -> Scalar:
    r"""Returns $\Phi(\sqrt2\,\delta)$, the population AUC of a linear score.

    Args:
        mean: $\mu$, shape ``(features,)``.
        weights: $w$, shape ``(features,)``.

    Returns:
        The chance that the score ranks a member of the first class above one of the other, ties
        counted by half.

    Example:
        >>> print(f"{score_auc(jnp.ones(2), jnp.array([1.0, 0.0])):.6f}")
        0.921350
    """
    return ndtr(math.sqrt(2) * separation(mean, weights))


@jax.jit
def score_accuracy(mean: Vector, weights: Vector) -> Scalar:
    r"""Returns $\Phi(\delta)$, the accuracy of deciding by the sign of a linear score.

    Args:
        mean: $\mu$, shape ``(features,)``.
        weights: $w$, shape ``(features,)``.

    Returns:
        The accuracy for balanced classes, ties counted by half.
    """
    return ndtr(separation(mean, weights))


@jax.jit
def bayes_auc(mean: Vector) -> Scalar:
    r"""Returns $\Phi(\sqrt2\,\|\mu\|)$, the largest AUC of any score.

    Args:
        mean: $\mu$, shape ``(features,)``.

    Example:
        >>> print(f"{bayes_auc(0.5 * jnp.ones(10)):.6f}")
        0.987326
    """
    return ndtr(math.sqrt(2) * square_root(jnp.sum(mean**2)))


@jax.jit
def bayes_accuracy(mean: Vector) -> Scalar:
    r"""Returns $\Phi(\|\mu\|)$, the largest accuracy of any decision between balanced classes.

    Args:
        mean: $\mu$, shape ``(features,)``.
    """
    return ndtr(square_root(jnp.sum(mean**2)))
