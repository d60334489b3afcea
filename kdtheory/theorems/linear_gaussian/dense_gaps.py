r"""The generalisation gap from the generative model, by plain matrix algebra.

$L_P(W)-L_D(W)$ is a quadratic function $x^\top Ax+b^\top x+c$ of $x=(\operatorname{vec}Y,
\operatorname{vec}W)$, written down from the losses with Kronecker products; for a Gaussian $x$ its
moments and $\log Ee^{\ell h}=\ell h(m)-\frac12\log\det(I-2\ell A\Sigma)
+\frac{\ell^2}2g^\top\Sigma(I-2\ell A\Sigma)^{-1}g$, $g=2Am+b$, need no spectral formula. A fixed
design is the second moment $S_x=\frac1nXX^\top$.

Source: ours.
"""

from __future__ import annotations

from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian.dense import Moments

Quadratic: TypeAlias = tuple[Float[Array, "size size"], Float[Array, "size"], Float[Array, ""]]


@jax.jit
def sample_second_moment(design: LinearGaussianDesign) -> Float[Array, "features features"]:
    r"""Returns $\frac1nXX^\top$, with which the test inputs are the columns of $X$."""
    return design.inputs @ design.inputs.T / design.inputs.shape[1]


@jax.jit
def gap_quadratic(
    design: LinearGaussianDesign, second_moment: Float[Array, "features features"]
) -> Quadratic:
    r"""Returns $A$, $b$ and $c$ of $h = L_P(W)-L_D(W)$ as a function of (vec $Y$, vec $W$)."""
    identity = jnp.eye(design.true_weights.shape[0], dtype=design.inputs.dtype)
    num_samples = design.inputs.shape[1]
    predict = jnp.kron(design.inputs.T, identity)
    test = jnp.kron(second_moment, identity)
    labels = jnp.eye(predict.shape[0], dtype=predict.dtype)
    residual = jnp.concatenate([labels, -predict], axis=1)
    square = jax.scipy.linalg.block_diag(0 * labels, test) - residual.T @ residual / num_samples
    truth = design.true_weights.T.ravel()
    slope = jnp.concatenate([jnp.zeros_like(labels[0]), -2.0 * test @ truth])
    return square, slope, truth @ test @ truth + len(identity) * design.noise_std**2


@jax.jit
def gap_mean(quadratic: Quadratic, law: Moments) -> Float[Array, ""]:
    """Returns the mean of a quadratic function under a Gaussian law (mean, covariance)."""
    (square, slope, constant), (mean, covariance) = quadratic, law
    return jnp.sum(square * covariance) + mean @ square @ mean + slope @ mean + constant


@jax.jit
def gap_spread(quadratic: Quadratic, law: Moments) -> Float[Array, ""]:
    """Returns its variance."""
    (square, slope, _), (mean, covariance) = quadratic, law
    moved, gradient = square @ covariance, 2.0 * square @ mean + slope
    return 2.0 * jnp.sum(moved * moved.T) + gradient @ covariance @ gradient


@jax.jit
def gap_log_mgf(
    quadratic: Quadratic, law: Moments, argument: Float[Array, ""] | float
) -> Float[Array, ""]:
    r"""Returns $\log Ee^{\ell h}$; meaningless outside the domain, which it does not check."""
    (square, slope, constant), (mean, covariance) = quadratic, law
    identity = jnp.eye(mean.size, dtype=mean.dtype)
    system = identity - 2.0 * argument * square @ covariance
    gradient = 2.0 * square @ mean + slope
    centre = mean @ square @ mean + slope @ mean + constant
    tail = gradient @ covariance @ jnp.linalg.solve(system, gradient)
    log_determinant = jnp.linalg.slogdet(system)[1]
    return argument * centre - 0.5 * log_determinant + 0.5 * argument**2 * tail


@jax.jit
def tilted_law(quadratic: Quadratic, law: Moments, argument: Float[Array, ""] | float) -> Moments:
    r"""Returns mean and covariance of the law with density proportional to $e^{\ell h}$.

    The covariance is $\Sigma_\ell=\Sigma(I-2\ell A\Sigma)^{-1}$, the mean $m+\ell\Sigma_\ell g$.
    """
    (square, slope, _), (mean, covariance) = quadratic, law
    identity = jnp.eye(mean.size, dtype=mean.dtype)
    tilted = jnp.linalg.solve(identity - 2.0 * argument * covariance @ square, covariance)
    tilted = 0.5 * (tilted + tilted.T)
    return mean + argument * tilted @ (2.0 * square @ mean + slope), tilted
