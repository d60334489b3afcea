r"""The terms of many settings at once: six sums and one logarithm over the directions.

For a student of full rank with the teacher's covariance every term of the bound is a combination
of $\sum r$, $\sum r^2$, $\sum wr(1-\rho)$, $\sum wr^2(1-\rho)$, $\sum(1-\rho)^2$,
$\sum(1-\rho)^2r$ (notation of `terms`, $\rho=\beta r$), and what the bound gives away is

$$I=\tfrac k2\sum_i\log\bigl[(1+t_i)(1+c_i)\bigr]
   =\tfrac k2\sum_i\log\bigl(2+r_i(1+\beta^2+\beta^2r_i)\bigr),$$

one logarithm for two, which may be taken of products. $K_n=J-I$ loses nothing here: $I$ stays below
$0.77J$. For other students this difference can cancel; use `algorithm_shift.divergence_exact`.

Source: ours.
"""

from __future__ import annotations

import dataclasses
import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_LONGEST_PRODUCT = 4
"""Factors of one logarithm in float64: each may be as large as 1e77. One in float32."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class SettingTerms:
    r"""The terms of the bound for an array of settings, all of its shape.

    Attributes:
        teacher_bias: $\frac12\sum(1-\rho)^2b$.
        teacher_estimation_noise: $\frac k2\sum\rho^2$.
        teacher_posterior_variance: $\frac k2\sum r$.
        spread: $\frac12\sum[(1-\rho)^2\beta\rho b+kq]$ and what a copied null space adds.
        mutual_information: $I=J-K_n$.
    """

    teacher_bias: Float[Array, "*settings"]
    teacher_estimation_noise: Float[Array, "*settings"]
    teacher_posterior_variance: Float[Array, "*settings"]
    spread: Float[Array, "*settings"]
    mutual_information: Float[Array, "*settings"]


@functools.partial(jax.jit, static_argnames="copied")
def setting_terms(
    squared_singular_values: Float[Array, "directions"],
    signal: Float[Array, "directions"],
    num_outputs: Float[Array, ""] | float,
    num_null: Float[Array, ""] | float,
    prior_precision: Float[Array, "*settings"],
    inverse_temperature: Float[Array, "*settings"],
    noise_variance: Float[Array, "*settings"],
    *,
    copied: bool = False,
) -> SettingTerms:
    r"""Returns the terms of a full-rank student with the teacher's covariance, setting by setting.

    O(directions) per setting and O(settings) memory; differentiable in everything but the shapes.

    Args:
        squared_singular_values: $s_i^2>0$ of the directions within the rank, shape ``(r,)``.
        signal: $w_i=|W^*u_i|^2$, shape ``(r,)``.
        num_outputs: $k$.
        num_null: $d-r$.
        prior_precision: $\lambda>0$, any shape.
        inverse_temperature: $\beta\ge0$, the same shape.
        noise_variance: $\nu^2>0$ in the unit of $s_i^2$, the same shape.
        copied: whether the student copies the teacher on the null space of $X^\top$.

    Returns:
        The terms.
    """
    beta = inverse_temperature
    ridge = prior_precision * noise_variance
    squared_beta = beta * beta

    def add(
        sums: tuple[Array, ...], block: tuple[Float[Array, "some"], ...]
    ) -> tuple[tuple[Array, ...], None]:
        totals, product = list(sums[:-1]), 1.0
        for s2, w in zip(*block, strict=True):
            inverse = 1.0 / (ridge + beta * s2)
            r = s2 * inverse
            # At beta = 0 nothing is fitted, even where the ridge is too small for the dtype.
            shrinkage = jnp.where(beta > 0, ridge * inverse, 1.0)
            pulled = w * (r * shrinkage)
            squared = shrinkage * shrinkage
            product = product * (2.0 + r * (1.0 + squared_beta + squared_beta * r))
            for index, value in enumerate((r, r * r, pulled, pulled * r, squared, squared * r)):
                totals[index] = totals[index] + value
        return (*totals, sums[-1] + jnp.log(product)), None

    zero = jnp.zeros_like(ridge)
    length = 1 if ridge.dtype == jnp.float32 else _LONGEST_PRODUCT
    whole = squared_singular_values.size // length * length
    sums: tuple[Array, ...] = (zero,) * 7
    arrays = squared_singular_values, signal
    if whole:
        blocks = tuple(array[:whole].reshape(-1, length) for array in arrays)
        sums, _ = jax.lax.scan(add, sums, blocks)
    if whole < squared_singular_values.size:
        sums, _ = add(sums, (squared_singular_values[whole:], signal[whole:]))
    r, r_squared, pulled, pulled_r, squared, squared_r, logs = sums
    null = num_null if copied else 0.0
    mismatch = squared + squared_beta * (squared_r + r) + null
    half = 0.5 * num_outputs
    return SettingTerms(
        teacher_bias=0.5 * prior_precision * pulled,
        teacher_estimation_noise=half * squared_beta * r_squared,
        teacher_posterior_variance=half * r,
        spread=0.5 * prior_precision * squared_beta * pulled_r + half * mismatch,
        mutual_information=half * (logs + null * jnp.log(2.0)),
    )
