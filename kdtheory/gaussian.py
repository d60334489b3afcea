r"""Relative entropies of Gaussian laws, stable when the two laws nearly agree.

$$\mathrm{KL}\bigl(N(\mu_1,\Sigma_1)\,\|\,N(\mu_2,\Sigma_2)\bigr)
  = \tfrac12\Bigl[\sum_i (x_i - \log(1+x_i)) + |\mu_1-\mu_2|^2_{\Sigma_2^{-1}}\Bigr],$$

where $x_i$ are the eigenvalues of $L_2^{-1}(\Sigma_1-\Sigma_2)L_2^{-\top}$ and
$\Sigma_2 = L_2L_2^\top$. The textbook form $\operatorname{tr} - d - \log\det$ loses every digit
as $\Sigma_1\to\Sigma_2$; here the difference is taken first and the rest is a sum of nonnegative
terms.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from kdtheory._numerics import cholesky_log_determinant, sum_excess_minus_log


@jax.jit
def gaussian_kl(
    mean_1: Float[Array, "size"],
    cov_1: Float[Array, "size size"],
    mean_2: Float[Array, "size"],
    cov_2: Float[Array, "size size"],
) -> Float[Array, ""]:
    r"""Returns $\mathrm{KL}(N(\mu_1,\Sigma_1)\,\|\,N(\mu_2,\Sigma_2))$ in nats.

    Args:
        mean_1: $\mu_1$, shape ``(size,)``.
        cov_1: $\Sigma_1$, symmetric positive semidefinite; a singular one gives $\infty$ as far as
            rounding can tell that it is singular.
        mean_2: $\mu_2$.
        cov_2: $\Sigma_2$, symmetric positive definite (otherwise the result is NaN).

    Returns:
        The divergence, a scalar.

    Example:
        >>> import jax.numpy as jnp
        >>> zero, one = jnp.zeros(1), jnp.eye(1)
        >>> print(f"{gaussian_kl(zero + 2, one, zero, one):.1f}")
        2.0
    """
    factor = jnp.linalg.cholesky(cov_2)
    excess, log_determinant = _relative_spectrum(cov_1, cov_2, factor)
    whitened = solve_triangular(factor, mean_1 - mean_2, lower=True)
    return 0.5 * (sum_excess_minus_log(excess, log_determinant) + jnp.sum(whitened**2))


@jax.jit
def matrix_normal_kl(
    mean_1: Float[Array, "outputs features"],
    row_cov_1: Float[Array, "outputs outputs"],
    col_cov_1: Float[Array, "features features"],
    mean_2: Float[Array, "outputs features"],
    row_cov_2: Float[Array, "outputs outputs"],
    col_cov_2: Float[Array, "features features"],
) -> Float[Array, ""]:
    r"""Returns the divergence of two matrix normal laws without forming a Kronecker product.

    $\mathrm{MN}(M, U, V)$ is the law of a $k\times m$ matrix $A$ with
    $\operatorname{vec}A\sim N(\operatorname{vec}M, V\otimes U)$, and

    $$\mathrm{KL} = \tfrac12\bigl[\operatorname{tr}(U_2^{-1}U_1)\operatorname{tr}(V_2^{-1}V_1) - km
      + \operatorname{tr}(U_2^{-1}\Delta V_2^{-1}\Delta^\top)
      + m\log\tfrac{|U_2|}{|U_1|} + k\log\tfrac{|V_2|}{|V_1|}\bigr],\quad \Delta = M_2 - M_1.$$

    It is evaluated as $\frac12\sum_{ij}(z_{ij}-\log(1+z_{ij}))$ plus the mean term, with
    $1+z_{ij} = (1+x_i)(1+y_j)$ over the relative eigenvalues of the rows and of the columns. With
    equal covariances only the mean term is left.

    Args:
        mean_1: $M_1$, shape ``(k, m)``.
        row_cov_1: $U_1$, symmetric positive semidefinite, ``(k, k)``.
        col_cov_1: $V_1$, symmetric positive semidefinite, ``(m, m)``.
        mean_2: $M_2$.
        row_cov_2: $U_2$, symmetric positive definite (otherwise NaN).
        col_cov_2: $V_2$, symmetric positive definite (otherwise NaN).

    Returns:
        $\mathrm{KL}(\mathrm{MN}_1\,\|\,\mathrm{MN}_2)$, a scalar.

    Source: Li & He, arXiv:2605.13143, appendix E; the cancellation-free form is ours.
    """
    row_factor = jnp.linalg.cholesky(row_cov_2)
    col_factor = jnp.linalg.cholesky(col_cov_2)
    row_excess, row_log_determinant = _relative_spectrum(row_cov_1, row_cov_2, row_factor)
    col_excess, col_log_determinant = _relative_spectrum(col_cov_1, col_cov_2, col_factor)
    row_excess, col_excess = row_excess[:, None], col_excess[None, :]
    excess = row_excess + col_excess + row_excess * col_excess
    num_rows, num_columns = mean_1.shape
    log_determinant = num_columns * row_log_determinant + num_rows * col_log_determinant
    whitened = solve_triangular(row_factor, mean_1 - mean_2, lower=True)
    whitened = solve_triangular(col_factor, whitened.T, lower=True)
    return 0.5 * (sum_excess_minus_log(excess, log_determinant) + jnp.sum(whitened**2))


def _relative_spectrum(
    cov_1: Float[Array, "size size"],
    cov_2: Float[Array, "size size"],
    factor_2: Float[Array, "size size"],
) -> tuple[Float[Array, "size"], Float[Array, ""]]:
    r"""Returns the eigenvalues of $\Sigma_2^{-1}\Sigma_1$ minus one, and their log product."""
    half = solve_triangular(factor_2, cov_1 - cov_2, lower=True)
    excess = jnp.linalg.eigvalsh(solve_triangular(factor_2, half.T, lower=True))
    log_determinant = cholesky_log_determinant(jnp.linalg.cholesky(cov_1))
    return excess, log_determinant - cholesky_log_determinant(factor_2)
