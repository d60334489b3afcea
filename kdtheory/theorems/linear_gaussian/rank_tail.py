r"""What a student of rank kappa cannot follow: $T_\kappa=E\sum_{j>\kappa}\sigma_j^2(W_TX)$.

The convexity bound on the algorithm shift needs this tail and
$E\|(I-\Pi)W_TP_X\|^2$ only. Closed forms exist at $\kappa=0$ (`total_energy`), for
$\kappa\ge\min(k,r)$ (zero), and for two outputs with an isotropic covariance: with two directions
and any mean (`expected_tail_two_by_two`), or centred with any number of them
(`expected_tail_two_outputs`). In general there are an upper bound (`tail_upper_bound`), a lower
one (`tail_lower_bound`) and Monte Carlo with control variates (`tail_draws`).

Source: ours; the pieces are textbook (Rice means, Wishart eigenvalues, Chevet's inequality).
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from kdtheory._numerics import square_root
from kdtheory._types import Key, Scalar
from kdtheory.theorems.linear_gaussian.teacher_range import TeacherRange, lost

_STATIC_RANK = functools.partial(jax.jit, static_argnames="rank")


@jax.jit
def total_energy(
    mean: Float[Array, "outputs directions"], variances: Float[Array, "directions"]
) -> Float[Array, ""]:
    r"""Returns $E\|A\|^2=\|EA\|^2+k\sum_iV_i$: the tail at rank zero.

    Args:
        mean: $EA$, shape ``(k, r)``; $A$ stands for $W_TX$ in the directions of $X$.
        variances: $V_i$, of every entry of column $i$.
    """
    return jnp.sum(mean**2) + mean.shape[0] * jnp.sum(variances)


@jax.jit
def rice_excess(distance: Float[Array, ""], variance: Float[Array, ""]) -> Float[Array, ""]:
    r"""Returns $E|m+z|-|m|\ge0$ for a complex Gaussian $z$ with $E|z|^2=$ ``variance``.

    $E|m+z|=\frac{\sqrt{\pi v}}2[(1+x)I_0(\tfrac x2)+xI_1(\tfrac x2)]e^{-x/2}$ with $x=m^2/v$; far
    from zero its asymptotic series, in which nothing cancels.

    Args:
        distance: $|m|\ge0$.
        variance: $v\ge0$, the sum of the variances of real and imaginary part.

    Example:
        >>> print(f"{rice_excess(jnp.asarray(0.0), jnp.asarray(1.0)):.5f}")
        0.88623
    """
    far = distance**2 >= 100.0 * variance
    near_variance = jnp.where(far, 1.0, variance)
    x = jnp.where(far, 0.0, distance**2 / near_variance)
    half = 0.5 * x
    bessel = (1.0 + x) * jax.scipy.special.i0e(half) + x * jax.scipy.special.i1e(half)
    near = 0.5 * jnp.sqrt(math.pi * near_variance) * bessel - distance
    # E|m+z| = m (1 + sum_n a_n x^-n) with a_n = (-1/2)_n^2 / n!; twelve terms leave 1e-15 of it.
    inverse = jnp.where(far, variance / jnp.where(far & (distance > 0), distance, 1.0) ** 2, 0.0)
    series, factor = jnp.zeros_like(inverse), 1.0
    coefficients = []
    for n in range(1, 13):
        factor *= (n - 1.5) ** 2 / n
        coefficients.append(factor)
    for coefficient in reversed(coefficients):
        series = (series + coefficient) * inverse
    return jnp.where(far, distance * series, near)


@jax.jit
def expected_tail_two_by_two(
    mean: Float[Array, "2 2"], variance: Float[Array, ""]
) -> Float[Array, ""]:
    r"""Returns $E\sigma_2^2(A)$ for a $2\times2$ matrix of independent $N(\cdot,t)$ entries.

    $\sigma_{1,2}=|z_1|\pm|z_2|$ with independent complex Gaussians of variance $t$ each and means
    of size $m_1=\frac12|(a+d)+i(c-b)|$, $m_2=\frac12|(a-d)+i(c+b)|$. With $E|z_j|=m_j+\epsilon_j$
    and $m_1-m_2=\det/(m_1+m_2)$,

    $$E\sigma_2^2=(m_1-m_2)^2+2[t-m_1\epsilon_2-m_2\epsilon_1-\epsilon_1\epsilon_2].$$

    Args:
        mean: $EA=\begin{pmatrix}a&b\\c&d\end{pmatrix}$.
        variance: $t\ge0$, of every entry.

    Example:
        >>> import numpy as np
        >>> print(f"{expected_tail_two_by_two(np.zeros((2, 2)), 1.0):.6f} = 2 - pi/2")
        0.429204 = 2 - pi/2
    """
    (a, b), (c, d) = mean
    first, second = 0.5 * _length(a + d, c - b), 0.5 * _length(a - d, c + b)
    total = first + second
    gap = (a * d - b * c) / jnp.where(total > 0, total, 1.0)
    excess_1, excess_2 = rice_excess(first, variance), rice_excess(second, variance)
    explained = first * excess_2 + second * excess_1 + excess_1 * excess_2
    return gap**2 + 2.0 * (variance - explained)


def _length(x: Scalar, y: Scalar) -> Scalar:
    """Returns the length of a plane vector, with the gradient zero at zero."""
    return square_root(x**2 + y**2)


@jax.jit
def expected_tail_two_outputs(num_directions: Num[Array, ""] | int) -> Float[Array, ""]:
    r"""Returns $E\lambda_{\min}(GG^\top)$ for a standard normal $2\times r$ matrix, $r\ge2$.

    $r-2^{r-2}\,\Gamma(\frac{r-1}2)\Gamma(\frac{r+1}2)/\Gamma(r-1)$; the fraction is
    $\sqrt\pi\,\Gamma(\frac{r+1}2)/\Gamma(\frac r2)$ by the duplication formula.

    Example:
        >>> print(f"{expected_tail_two_outputs(3):.6f}")
        1.000000
    """
    r = jnp.asarray(num_directions, float)
    ratio = jax.scipy.special.gammaln(0.5 * (r + 1.0)) - jax.scipy.special.gammaln(0.5 * r)
    return r - math.sqrt(math.pi) * jnp.exp(ratio)


@_STATIC_RANK
def tail_upper_bound(
    mean: Float[Array, "outputs directions"], variances: Float[Array, "directions"], *, rank: int
) -> Float[Array, ""]:
    r"""Returns an upper bound on $T_\kappa$: a sum of smallest eigenvalues is concave.

    $\min\{\sum_{j>\kappa}\lambda_j(MM^\top+\operatorname{tr}(V)I_k),
    \sum_{j>\kappa}\lambda_j(M^\top M+kV)\}$, with $M=EA$.

    Args:
        mean: $M$, shape ``(k, r)``.
        variances: the diagonal of $V$, shape ``(r,)``.
        rank: $\kappa\ge0$.
    """
    num_outputs, num_directions = mean.shape
    identity = jnp.eye(num_outputs, dtype=mean.dtype)
    outputs = mean @ mean.T + jnp.sum(variances) * identity
    directions = mean.T @ mean + num_outputs * jnp.diag(variances)
    tails = (
        jnp.sum(jnp.linalg.eigvalsh(gram)[: max(0, size - rank)])
        for gram, size in ((outputs, num_outputs), (directions, num_directions))
    )
    return jnp.maximum(jnp.minimum(*tails), 0.0)


@_STATIC_RANK
def tail_lower_bound(
    mean: Float[Array, "outputs directions"], variances: Float[Array, "directions"], *, rank: int
) -> Float[Array, ""]:
    r"""Returns a lower bound on $T_\kappa$, often zero.

    $\|M\|^2+k\operatorname{tr}V-\kappa[(\|M\|_2+\sqrt{k\|V\|}+\sqrt{\operatorname{tr}V})^2+\|V\|]$:
    Chevet's bound on $E\sigma_1$ and the Gaussian Poincare inequality. Arguments as in
    `tail_upper_bound`.
    """
    largest = jnp.max(variances)
    chevet = jnp.sqrt(mean.shape[0] * largest) + jnp.sqrt(jnp.sum(variances))
    leading = (jnp.linalg.norm(mean, 2) + chevet) ** 2 + largest
    return jnp.maximum(total_energy(mean, variances) - rank * leading, 0.0)


@functools.partial(jax.jit, static_argnames=("rank", "count", "batch"))
def tail_draws(
    key: Key, start: Array, teacher: TeacherRange, *, rank: int, count: int, batch: int
) -> tuple[Float[Array, "count 4"], Float[Array, "count 3"]]:
    r"""Returns replicates, each the mean of an antithetic pair, and centred controls.

    With $L_i=|(I-\Pi)a_i|^2$ in units of the teacher's posterior (see `teacher_range`) the four
    quantities are $\sum_ir_iL_i=\frac1{\nu^2}\sum_{j>\kappa}\sigma_j^2(W_TX)$;
    $\sum_i(1-\rho_i)L_i=\lambda\|(I-\Pi)W_TP_X\|^2$; $\sum_i(\rho_i-\frac12)L_i$, which is apx +
    cross; and $\sum_ir_i(L_i-\langle a^*_i,(I-\Pi)a_i\rangle)$, for the generalisation gap.

    The controls are two total energies and $\|P_\perp A Q_\perp\|^2$, with the projectors of the
    mean of $A=W_TX/\nu$.

    Args:
        key: of the whole stream: replicate $j$ depends on the key and on $j$ alone.
        start: number of the first replicate.
        teacher: the teacher's weights on the range of the design.
        rank: $\kappa\ge0$.
        count: how many replicates.
        batch: how many of them are made at a time.
    """
    terms, mean = teacher.terms, teacher.mean
    strength, variance = terms.predictive_variance, terms.teacher_variance
    root = jnp.sqrt(strength)[None, :]
    left, _, right = jnp.linalg.svd(mean * root, full_matrices=True)
    left, right = left[:, rank:], right[rank:]
    spread = jnp.sum((right**2) * (strength * variance)[None, :])
    expected = (
        total_energy(mean * root, strength * variance),
        total_energy(mean, variance),
        jnp.sum((left.T @ (mean * root) @ right.T) ** 2) + left.shape[1] * spread,
    )

    def one(weights: Array) -> tuple[Array, Array]:
        gone = lost(weights, strength, rank)
        energy = jnp.sum(gone**2, axis=0)
        signal = jnp.sum(teacher.truth * gone, axis=0)
        values = jnp.stack(
            [
                jnp.sum(strength * energy),
                jnp.sum(terms.shrinkage * energy),
                jnp.sum((terms.fit - 0.5) * energy),
                jnp.sum(strength * (energy - signal)),
            ]
        )
        scaled = weights * root
        found = (scaled, weights, left.T @ scaled @ right.T)
        controls = [jnp.sum(f**2) - e for f, e in zip(found, expected, strict=True)]
        return values, jnp.stack(controls)

    def replicate(number: Array) -> tuple[Array, Array]:
        noise = jax.random.normal(jax.random.fold_in(key, number), mean.shape, mean.dtype)
        move = jnp.sqrt(variance)[None, :] * noise
        pair = jax.vmap(one)(jnp.stack([mean + move, mean - move]))
        return jax.tree.map(lambda both: jnp.mean(both, axis=0), pair)

    return jax.lax.map(replicate, start + jnp.arange(count), batch_size=batch)
