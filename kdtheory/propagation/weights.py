r"""Combining unbiased estimates of one quantity: weights that sum to one, and what they give.

Inverse-variance weights are the best ones for *uncorrelated* estimates with *known* variances.
A student that was trained on the very response it is combined with is correlated with it, and then
the best weight of the response is zero: `combine` knows, inverse-variance weighting does not.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from kdtheory._types import Scalar


def _ratio(numerator: Scalar, denominator: Scalar, otherwise: float) -> Scalar:
    positive = denominator > 0
    return jnp.where(positive, numerator / jnp.where(positive, denominator, 1.0), otherwise)


@jax.jit
def combined_variance(
    covariance: Float[Array, "estimates estimates"], weights: Float[Array, "estimates"]
) -> Scalar:
    r"""Returns $w^\top C w$, the variance of a weighted sum of estimates.

    Args:
        covariance: $C$ of the estimates.
        weights: $w$.
    """
    return weights @ covariance @ weights


@jax.jit
def inverse_variance_weights(variances: Float[Array, "estimates"]) -> Float[Array, "estimates"]:
    r"""Returns weights proportional to $1/v_i$, which sum to one.

    Estimates of variance zero share all of the weight.

    Args:
        variances: $v_i \ge 0$ of the estimates.

    Example:
        >>> print(inverse_variance_weights(jnp.array([1.0, 4.0])))
        [0.8 0.2]
    """
    # Relative to the smallest nothing overflows, however small the variances are.
    noisy = variances > 0
    relative = jnp.where(noisy, jnp.min(variances) / jnp.where(noisy, variances, 1.0), 1.0)
    return relative / jnp.sum(relative)


@jax.jit
def pair_weight(
    variance: Float[Array, ""], other_variance: Float[Array, ""], covariance: Float[Array, ""]
) -> Scalar:
    r"""Returns the weight $w$ that minimises the variance of $w\,t + (1-w)\,s$.

    It is $(v_s - c)/(v_t + v_s - 2c)$, outside $[0, 1]$ when $c$ exceeds the smaller variance; one
    half where $t - s$ does not vary, and all weights give the same.

    Args:
        variance: $v_t$.
        other_variance: $v_s$.
        covariance: $c$ of the two estimates.

    Example:
        A teacher's answer, variance 1, and the mean of two answers of which it is one:

        >>> print(pair_weight(jnp.array(1.0), jnp.array(0.5), jnp.array(0.5)))
        0.0
    """
    # Each difference is formed once: where both are small, their sum is as accurate as they are.
    own, other = variance - covariance, other_variance - covariance
    return _ratio(other, own + other, 0.5)


@jax.jit
def pair_variance(
    variance: Float[Array, ""], other_variance: Float[Array, ""], covariance: Float[Array, ""]
) -> Scalar:
    r"""Returns the smallest variance, $(v_tv_s - c^2)/(v_t+v_s-2c)$, of $w\,t + (1-w)\,s$.

    Args:
        variance: $v_t$.
        other_variance: $v_s$.
        covariance: $c$ of the two estimates.
    """
    own, other = variance - covariance, other_variance - covariance
    # v_t v_s - c^2 = (v_t - c)(v_s - c) + c (v_t - c + v_s - c).
    return covariance + _ratio(own * other, own + other, 0.0)


@jax.jit
def best_convex_variance(
    variance: Float[Array, ""], other_variance: Float[Array, ""], covariance: Float[Array, ""]
) -> Scalar:
    r"""Returns the smallest variance of $w\,t + (1-w)\,s$ with $0\le w\le1$.

    Where `pair_weight` is outside, the better one of the two estimates alone is best.

    Args:
        variance: $v_t$.
        other_variance: $v_s$.
        covariance: $c$ of the two estimates.
    """
    weight = jnp.clip(pair_weight(variance, other_variance, covariance), 0.0, 1.0)
    rest = 1.0 - weight
    return weight**2 * variance + 2 * weight * rest * covariance + rest**2 * other_variance


@jax.jit
def matrix_weight(
    covariance: Float[Array, "features features"],
    other_covariance: Float[Array, "features features"],
    cross_covariance: Float[Array, "features features"],
) -> Float[Array, "features features"]:
    r"""Returns the matrix $W$ for which $W t + (I-W) s$ has the smallest covariance of all.

    $W = (V_s - C^\top)(V_t + V_s - C - C^\top)^{-1}$, the smallest in the Loewner order: no linear
    functional of $t$ and $s$ that is unbiased varies less. The difference $t-s$ must vary in every
    direction; `vector_weights` does without that.

    Args:
        covariance: $V_t$.
        other_covariance: $V_s$.
        cross_covariance: $C = \mathrm{Cov}(t, s)$.
    """
    difference = covariance + other_covariance - cross_covariance - cross_covariance.T
    # W D = V_s - C^T, and D is symmetric.
    return jnp.linalg.solve(difference, other_covariance - cross_covariance).T


@jax.jit
def matrix_combined_covariance(
    covariance: Float[Array, "features features"],
    other_covariance: Float[Array, "features features"],
    cross_covariance: Float[Array, "features features"],
    weight: Float[Array, "features features"],
) -> Float[Array, "features features"]:
    r"""Returns the covariance of $W t + (I-W) s$.

    Args:
        covariance: $V_t$.
        other_covariance: $V_s$.
        cross_covariance: $C = \mathrm{Cov}(t, s)$.
        weight: $W$.
    """
    rest = jnp.eye(weight.shape[0], dtype=weight.dtype) - weight
    mixed = weight @ cross_covariance @ rest.T
    own = weight @ covariance @ weight.T
    return own + mixed + mixed.T + rest @ other_covariance @ rest.T


@jax.jit
def minimum_variance(covariance: Float[Array, "estimates estimates"]) -> Scalar:
    r"""Returns $1/(1^\top C^{-1}1)$, the smallest variance of weights that sum to one.

    Args:
        covariance: $C$, positive definite; for a singular one see `minimum_variance_weights`.

    Example:
        >>> print(minimum_variance(jnp.array([[1.0, 0.5], [0.5, 0.5]])))
        0.5
    """
    factor = jnp.linalg.cholesky(covariance)
    ones = jnp.ones(covariance.shape[0], covariance.dtype)
    return 1.0 / jnp.sum(solve_triangular(factor, ones, lower=True) ** 2)


@jax.jit
def minimum_variance_weights(
    covariance: Float[Array, "estimates estimates"],
) -> Float[Array, "estimates"]:
    r"""Returns the weights, summing to one, that minimise $w^\top C w$.

    $C$ may be singular: estimates of variance zero share all of the weight, and among several
    minimisers the one nearest to the inverse-variance weights is returned.

    Args:
        covariance: $C$, positive semidefinite.

    Example:
        Two copies of one estimate share the weight of one:

        >>> copies = jnp.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        >>> print(minimum_variance_weights(copies).round(4))
        [0.25 0.25 0.5 ]
    """
    return vector_weights(covariance[:, :, None, None])[:, 0, 0]


@jax.jit
def vector_weights(
    covariance: Float[Array, "estimates estimates features features"],
) -> Float[Array, "estimates features features"]:
    r"""Returns the matrices $W_i$, summing to $I$, that minimise the covariance of $\sum_iW_it_i$.

    It is the smallest in the Loewner order. The joint covariance may be singular; among several
    minimisers the one nearest to inverse-variance weights is returned, feature by feature, with
    distances in units of the standard deviations.

    Args:
        covariance: $\mathrm{Cov}(t_i, t_j)$ for any two of the estimates of one vector.

    Example:
        A teacher that knows the first feature better, a student that knows the second better:

        >>> teacher, student = jnp.diag(jnp.array([1.0, 4.0])), jnp.diag(jnp.array([4.0, 1.0]))
        >>> none = jnp.zeros((2, 2))
        >>> of_teacher, of_student = vector_weights(
        ...     jnp.array([[teacher, none], [none, student]])
        ... )
        >>> print(jnp.diagonal(of_teacher).round(4))
        [0.8 0.2]
    """
    num_estimates, _, num_features, _ = covariance.shape
    size, dtype = num_estimates * num_features, covariance.dtype
    joint = covariance.transpose(0, 2, 1, 3).reshape(size, size)
    spread = jnp.sqrt(jnp.maximum(jnp.diagonal(joint), 0.0))
    # Of an exact estimate: so small that it takes all of the weight, and the square is a number.
    positive = spread > 0
    least = jnp.min(jnp.where(positive, spread, jnp.inf))
    tiny = jnp.where(jnp.isfinite(least), least, 1.0) * jnp.finfo(dtype).eps ** 0.75
    spread = jnp.where(positive, spread, tiny)
    # In units of the standard deviations it does not matter how different they are: u = w spread.
    correlation = joint / spread[:, None] / spread[None, :]
    smallest = jnp.min(spread.reshape(num_estimates, num_features), axis=0)
    identity = jnp.eye(num_features, dtype=dtype)
    relative = jnp.tile(smallest, num_estimates) / spread
    sums = relative[:, None] * jnp.tile(identity, (num_estimates, 1))
    start = sums * (smallest / jnp.sum(sums**2, axis=0))[None, :]
    # Moves that keep the sums, and what is gained by them beyond rounding.
    moves = jnp.linalg.qr(sums, mode="complete")[0][:, num_features:]
    curvature, axes = jnp.linalg.eigh(moves.T @ correlation @ moves)
    curved = curvature > 8 * size * jnp.finfo(dtype).eps
    inverse = jnp.where(curved, 1.0 / jnp.where(curved, curvature, 1.0), 0.0)
    moves = moves @ axes
    best = start - moves @ (inverse[:, None] * (moves.T @ (correlation @ start)))
    weights = (best / spread[:, None]).reshape(num_estimates, num_features, num_features)
    return weights.transpose(0, 2, 1)


@jax.jit
def estimated_weights_variance(
    variance: Float[Array, "*shape"], degrees_of_freedom: Float[Array, ""]
) -> Float[Array, "*shape"]:
    r"""Returns the variance of two estimates combined with weights from *estimated* variances.

    Both have the variance $v$, estimated with $\nu$ degrees of freedom each from Gaussian samples
    of which the estimates are the means (Graybill and Deal): the weight of either has the law
    $\mathrm{Beta}(\nu/2, \nu/2)$, and the variance is $\frac v2\bigl(1+\frac1{\nu+1}\bigr)$.

    Args:
        variance: $v$.
        degrees_of_freedom: $\nu \ge 1$; with one response there is no estimate.
    """
    return 0.5 * variance * (1.0 + 1.0 / (degrees_of_freedom + 1.0))


@jax.jit
def claimed_weights_variance(
    variance: Float[Array, "*shape"], degrees_of_freedom: Float[Array, ""]
) -> Float[Array, "*shape"]:
    r"""Returns what $1/(1/\hat v_t + 1/\hat v_s)$ is on average, $\frac v2\frac\nu{\nu+1}$.

    This is the variance that plugging the estimates in claims: too little, where
    `estimated_weights_variance` is the true one.

    Args:
        variance: $v$, that of both estimates.
        degrees_of_freedom: $\nu \ge 1$ of either estimated variance.
    """
    return 0.5 * variance * degrees_of_freedom / (degrees_of_freedom + 1.0)
