r"""Numerically stable building blocks, and the one rounding constant of the project."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

ROUNDING_UNITS = 512
r"""The constant $c$: two exact evaluations that differ by at most
$c\,\varepsilon\cdot\mathrm{scale}$ are equal as far as rounding can tell
($\varepsilon$ is the machine epsilon of the dtype, scale the claim's natural unit).
512 units are $1.1\cdot10^{-13}$ in float64, 64 times the error of a backward-stable sum of eight
terms, and $6\cdot10^{-5}$ in float32."""

NEAR_EQUALITY = 1e-9
"""A slack below this (in the claim's scale) is too small for floating point to be the judge."""


CHOSEN = "chosen_in_floating_point"
"""The name by which tools know a search for an argument; see `chosen`."""


def chosen(search: Callable[..., Any]) -> Callable[..., Any]:
    r"""Marks a search for the argument at which a formula is then evaluated.

    A bound such as $\inf_\ell(K+\psi(\ell))/\ell$ is computed in two steps: a search for a good
    $\ell$, and the formula at it. Only the second is the bound, valid at any $\ell$. So the search
    has no gradient (the envelope theorem: none is needed at the optimum), and the referee, which
    encloses formulas, takes the argument that floating point finds as the number that it is: the
    enclosure is that of the formula at this argument. What the search misses is second order in
    its error, and for a claim that a bound is *best possible* it belongs into ``Claim.error``
    unless it is below rounding.

    Args:
        search: arrays -> array, traceable.

    Returns:
        The same function, without a gradient.
    """

    def named(*arguments: Any) -> Any:
        return search(*arguments)

    named.__name__ = CHOSEN
    compiled = jax.jit(named)

    @functools.wraps(search)
    def without_gradient(*arguments: Any) -> Any:
        return jax.lax.stop_gradient(compiled(*jax.lax.stop_gradient(arguments)))

    return without_gradient


def rounding_tolerance(dtype: object) -> float:
    r"""Returns the tolerance $c\varepsilon$ of a floating dtype, to be multiplied by a scale."""
    return ROUNDING_UNITS * float(jnp.finfo(dtype).eps)


DOUBTFUL = -ROUNDING_UNITS * 2.0**-52
"""An instance with a slack below this (in the claim's scale) may be a violation, whatever the
precision: a tenth of a trillionth is rounding in float64, and no violation that matters hides in
it. Behind the rounding of float32 there is room for one, so that the referee decides there too."""


def near_equality(dtype: object) -> float:
    """Returns the slack, in a claim's scale, below which a dtype is not the judge."""
    return max(NEAR_EQUALITY, rounding_tolerance(dtype))


def resolution(dtype: str) -> str:
    """Returns in words what a dtype cannot tell; nothing for float64, which tells what matters."""
    if rounding_tolerance(dtype) < NEAR_EQUALITY:
        return ""
    return f"{dtype} cannot tell less than {near_equality(dtype):.1e} of a claim's scale from zero"


@functools.partial(jax.jit, inline=True)
def x_minus_log1p(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Returns $x - \log(1+x) \ge 0$ for $x \ge -1$, without cancellation near zero.

    With $u = x/(2+x)$ one has $\log(1+x) = 2\,\mathrm{artanh}(u)$, hence
    $x - \log(1+x) = u\,\bigl(x - 2u^2(\tfrac13 + \tfrac{u^2}5 + \dots)\bigr)$, in which nothing
    cancels. It is used for $|x| \le 0.3$, where $u^2 \le 0.032$ and twelve terms leave a relative
    remainder below $10^{-17}$; outside that interval the plain form loses at most five bits.

    Args:
        x: values in $[-1, \infty]$; at $-1$ and at $\infty$ the result is $\infty$.

    Returns:
        The value, with the shape and dtype of ``x``.
    """
    near = jnp.abs(x) <= 0.3
    small = jnp.where(near, x, 0.0)
    u = small / (2.0 + small)
    square = u * u
    tail = jnp.zeros_like(square)
    for denominator in range(25, 1, -2):
        tail = tail * square + 1.0 / denominator
    series = u * (small - 2.0 * square * tail)
    # 1 + x is rounded once, and log is accurate to an ulp: away from zero that is all one needs.
    far = jnp.where(near, 1.0, x)
    plain = jnp.where(far == math.inf, math.inf, far - jnp.log(1.0 + far))
    return jnp.where(near, series, plain)


@functools.partial(jax.jit, inline=True)
def excess_minus_log(
    value: Float[Array, "*shape"], excess: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    r"""Returns $y - 1 - \log y \ge 0$ where both $y$ and $y - 1$ are known accurately.

    Near one the information is in ``excess``, near zero it is in ``value``: a caller that knows
    closed forms of both loses nothing in either place.

    Args:
        value: $y \ge 0$.
        excess: $y - 1$, accurate also where it is tiny.

    Returns:
        The value; $\infty$ at $y = 0$.
    """
    near = jnp.abs(excess) <= 0.3
    series = x_minus_log1p(jnp.where(near, excess, 0.0))
    return jnp.where(near, series, excess - jnp.log(jnp.where(near, 1.0, value)))


def square_root(square: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Returns $\sqrt x$, zero for what is not positive, with the gradient zero there.

    Args:
        square: $x$.
    """
    positive = square > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)


def sum_excess_minus_log(
    excess: Float[Array, "*shape"], log_determinant: Float[Array, ""]
) -> Float[Array, ""]:
    r"""Returns $\sum_i (x_i - \log(1+x_i))$ given the $x_i > -1$ and $\sum_i \log(1+x_i)$.

    Eigenvalues come with an absolute error, so that $\log(1+x)$ is worthless close to $-1$, while
    a log determinant (of a Cholesky factor) is worthless close to zero: each where it is good.

    Args:
        excess: $x_i$, eigenvalues of a relative covariance minus one.
        log_determinant: $\sum_i\log(1+x_i)$ computed without the $x_i$; NaN (the factorisation of
            a singular matrix) counts as $-\infty$.
    """
    near = jnp.min(excess) > -0.5
    series = jnp.sum(x_minus_log1p(jnp.where(near, excess, 0.0)))
    singular = jnp.isnan(log_determinant) & ~jnp.any(jnp.isnan(excess))
    plain = jnp.where(singular, math.inf, jnp.sum(excess) - log_determinant)
    return jnp.where(near, series, plain)


def cholesky_log_determinant(factor: Float[Array, "size size"]) -> Float[Array, ""]:
    """Returns the log determinant of a matrix from its Cholesky factor."""
    return 2.0 * jnp.sum(jnp.log(jnp.diagonal(factor)))


def cut_singular_values(
    singular_values: Float[Array | np.ndarray, "directions"], num_rows: int, num_columns: int
) -> Any:
    r"""Returns the singular values with those that rounding cannot tell from zero set to zero.

    The cut is relative, $\max(d, n)\,\varepsilon\,s_1$, as in ``numpy.linalg.matrix_rank``: an
    absolute cut would change the rank of $X$ with its unit.
    """
    unit = max(num_rows, num_columns) * float(jnp.finfo(singular_values.dtype).eps)
    # On the host no program is worth making.
    where = np.where if isinstance(singular_values, np.ndarray) else jnp.where
    return where(singular_values > unit * singular_values.max(), singular_values, 0.0)


def arrays(*values: Any) -> tuple[Any, ...]:
    """Returns numbers and nested lists as arrays of JAX's default floating dtype.

    NumPy converts them: JAX makes a program for every shape to do so.
    """
    dtype = jax.dtypes.canonicalize_dtype(float)

    def array(value: Any) -> Any:
        given = any(isinstance(leaf, Array) for leaf in jax.tree.leaves(value))
        return jnp.asarray(value if given else np.asarray(value, dtype), dtype)

    return tuple(map(array, values))
