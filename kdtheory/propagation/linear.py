r"""A linear student trained on a stochastic teacher's responses: how it varies, and what it knows.

At training input $i$ the teacher answers $y_{ij} = m_i + \epsilon_{ij}$, $j\le k$, with variance
$\sigma_i^2$ and correlation $\rho$ between answers to one input; answers to different inputs are
uncorrelated. The student is the least-squares fit to the averages $\bar y_i$. Only second moments
matter: nothing here is Gaussian, and $m$ need not be linear.

The formulas go through the Gram matrix $X^\top X$ with two steps of refinement, which is as good as
a QR decomposition as long as $\kappa(X)^2\varepsilon$ is small; `uncertainty_budget` is the
function for any other design.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Float

from kdtheory._types import Scalar


@jax.jit
def averaged_variance(
    variances: Float[Array, "*shape"],
    correlation: Float[Array, ""],
    num_responses: Float[Array, ""],
) -> Float[Array, "*shape"]:
    r"""Returns the variance $\sigma^2\,(1+(k-1)\rho)/k$ of the mean of $k$ responses.

    It falls like $1/k$ for uncorrelated responses only: its limit is $\rho\,\sigma^2$.

    Args:
        variances: $\sigma^2$ of single responses.
        correlation: $\rho$ between any two responses to one input, at least $-1/(k-1)$.
        num_responses: $k \ge 1$.

    Example:
        >>> print(averaged_variance(jnp.ones(1), jnp.array(0.25), jnp.array(4.0)))
        [0.4375]
    """
    return variances * (correlation + (1.0 - correlation) / num_responses)


@jax.jit
def response_weights(
    inputs: Float[Array, "samples features"], points: Float[Array, "points features"]
) -> Float[Array, "points samples"]:
    r"""Returns $x^\top(X^\top X)^{-1}X^\top$: what each response contributes to a prediction.

    Args:
        inputs: $X$, one training input per row, of full column rank.
        points: where the student predicts, one input $x$ per row.

    Returns:
        A row for every point; at the training inputs themselves, the hat matrix.
    """
    factor = jnp.linalg.cholesky(inputs.T @ inputs), True
    weights = cho_solve(factor, points.T).T @ inputs.T
    # Unbiasedness, weights @ X = points, is what rounding of the Gram matrix spoils first.
    for _ in range(2):
        missing = points - weights @ inputs
        weights = weights + cho_solve(factor, missing.T).T @ inputs.T
    return weights


@jax.jit
def inter_student_variance(
    inputs: Float[Array, "samples features"],
    variances: Float[Array, "samples"],
    points: Float[Array, "points features"],
) -> Float[Array, "points"]:
    r"""Returns the variance of predictions across students, each with responses of its own.

    For equal variances it is $\sigma^2\,x^\top(X^\top X)^{-1}x$. Students that share their
    responses do not differ at all.

    Args:
        inputs: $X$, of full column rank.
        variances: of the averaged response at every training input.
        points: where the students predict.
    """
    return response_weights(inputs, points) ** 2 @ variances


@jax.jit
def student_covariance(
    inputs: Float[Array, "samples features"], variances: Float[Array, "samples"]
) -> Float[Array, "features features"]:
    r"""Returns the covariance of the coefficients, $\sigma^2(X^\top X)^{-1}$ for one $\sigma$.

    Args:
        inputs: $X$, of full column rank.
        variances: of the averaged response at every training input.

    Example:
        Two responses of variance one to one input: their mean has variance one half.

        >>> print(student_covariance(jnp.ones((2, 1)), jnp.ones(2)))
        [[0.5]]
    """
    weights = response_weights(inputs, jnp.eye(inputs.shape[1], dtype=inputs.dtype))
    return (weights * variances[None, :]) @ weights.T


@jax.jit
def weighted_student_covariance(
    inputs: Float[Array, "samples features"], variances: Float[Array, "samples"]
) -> Float[Array, "features features"]:
    r"""Returns $(X^\top V^{-1}X)^{-1}$: the fit that weights every response by its precision.

    No other linear unbiased student varies less in any direction (Aitken).

    Args:
        inputs: $X$, of full column rank.
        variances: of the averaged responses, the diagonal of $V$, all positive.
    """
    whitened = inputs / jnp.sqrt(variances)[:, None]
    return student_covariance(whitened, jnp.ones_like(variances))


@jax.jit
def intra_student_variance(
    inputs: Float[Array, "samples features"], variances: Float[Array, "samples"]
) -> Scalar:
    r"""Returns $\mathbb E\,\mathrm{RSS}/n$, the expected variance that a Gaussian head learns.

    By maximum likelihood on the averages, for a teacher whose means are linear. It is
    $\sigma^2(1-p/n)$ for equal variances: less than the averages vary by, and far less than a
    single response does.

    Args:
        inputs: $X$, of full column rank.
        variances: of the averaged response at every training input.

    Example:
        One coefficient for two responses leaves half of their variance.

        >>> print(intra_student_variance(jnp.ones((2, 1)), jnp.ones(2)))
        0.5
    """
    residual = jnp.eye(inputs.shape[0], dtype=inputs.dtype) - response_weights(inputs, inputs)
    return jnp.mean(residual**2 @ variances)


@jax.jit
def pooled_intra_student_variance(
    inputs: Float[Array, "samples features"],
    variances: Float[Array, "samples"],
    correlation: Float[Array, ""],
    num_responses: Float[Array, ""],
) -> Scalar:
    r"""Returns the expected variance of a head fitted to the residuals of all $nk$ responses.

    The coefficients are those of the fit to the averages. For equal variances and uncorrelated
    responses it is $\sigma^2(1-p/(nk))$: averaging then makes the student steadier and its head
    truer at once.

    Args:
        inputs: $X$, of full column rank.
        variances: $\sigma_i^2$ of single responses.
        correlation: $\rho$ between responses to one input.
        num_responses: $k \ge 1$.
    """
    averaged = averaged_variance(variances, correlation, num_responses)
    within = jnp.mean(variances) * (1.0 - correlation) * (1.0 - 1.0 / num_responses)
    return intra_student_variance(inputs, averaged) + within


@jax.jit
def random_design_variance(
    covariance: Float[Array, "features features"],
    variance: Float[Array, ""],
    points: Float[Array, "points features"],
    num_samples: Float[Array, ""],
) -> Float[Array, "points"]:
    r"""Returns $\sigma^2\,x^\top\Sigma^{-1}x/(n-p-1)$: each student has Gaussian inputs of its own.

    The rows of $X$ are independent with the law $\mathcal N(0, \Sigma)$, so that
    $\mathbb E(X^\top X)^{-1} = \Sigma^{-1}/(n-p-1)$ (the mean of an inverse Wishart matrix).

    Args:
        covariance: $\Sigma$ of the inputs, positive definite.
        variance: $\sigma^2$ of the averaged responses.
        points: where the students predict.
        num_samples: $n > p + 1$; below, the variance is infinite.

    Example:
        >>> one = jnp.ones(())
        >>> print(random_design_variance(jnp.eye(1), one, jnp.ones((1, 1)), 6 * one))
        [0.25]
    """
    factor = jnp.linalg.cholesky(covariance), True
    scaled = jnp.sum(points * cho_solve(factor, points.T).T, axis=1)
    freedom = num_samples - covariance.shape[0] - 1.0
    finite = freedom > 0
    return jnp.where(finite, variance * scaled / jnp.where(finite, freedom, 1.0), jnp.inf)
