r"""The sampled bounds on the algorithm shift, where they can be computed exactly.

Given the pseudo labels let the teacher have one of two weight matrices $W^0$, $W^1$ ($k=2$
outputs, $r$ directions, in units of the teacher's posterior deviation), each with probability
$\frac12$. A student of rank one keeps $f_j=\Pi(W^j)W^j$ and adds noise of variance $e$ per entry:
its law is a mixture of two Gaussians at the distance $\delta=\|f_0-f_1\|/\sqrt e$. With the
teacher's kernel $N(\bar w,I)$ and $E\log$ over one coordinate,

$$\mathrm{KL}=\mathrm{Cov}+\tfrac14\sum_j\|f_j-\bar w\|^2+g(\tfrac12,\delta),\qquad
  g(a,\delta)=E\log\left(a+(1-a)e^{\delta x-\delta^2/2}\right),\ x\sim N(0,1).$$

Of $M$ inner draws, each $W^0$ or $W^1$, a binomial number $j$ equals the generator: the expected
bounds are the same with $E\,g(\frac jM,\delta)$ below and $E\,g(\frac{j+1}{M+1},\delta)$ above.

$g$ is summed by the trapezoid rule. The integrand is analytic for $|\mathrm{Im}\,x|<\pi/\delta$; on
$|\mathrm{Im}\,x|\le d=\min(3\pi/(4\delta),2)$ its logarithm is at most
$|\delta x-\frac{\delta^2}2|+\log\frac{\sqrt2}a+\pi$ in modulus, hence with step $h$ the error is at
most $2e^{d^2/2}(\delta+\frac{\delta^2}2+\log\frac{\sqrt2}a+\pi)/(e^{2\pi d/h}-1)$ plus what lies
beyond the last node (`quadrature_error`).

Source: ours; the rule's error is Theorem 5.1 of Trefethen and Weideman (2014).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory._numerics import square_root
from kdtheory._types import Scalar

MAX_INNER = 3
"""The largest number of inner draws of an instance."""

STEP, REACH = 1 / 24, 9.0
_NODES = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
_WEIGHTS = STEP * np.exp(-(_NODES**2) / 2) / math.sqrt(2 * math.pi)


@jax.jit
def kept_by_rank_one(
    weights: Float[Array, "2 directions"], strength: Float[Array, "directions"]
) -> Float[Array, "2 directions"]:
    r"""Returns $\Pi W$, with $\Pi$ onto the leading eigenvector of $\sum_ir_iw_iw_i^\top$.

    A square root is enough: $\Pi=\frac12(I+S/D)$ with the traceless half $S$ of the matrix and its
    eigenvalue $D$. At a tie the first output is kept.
    """
    first, second = weights
    half = 0.5 * jnp.sum(strength * (first**2 - second**2))
    mixed = jnp.sum(strength * first * second)
    square = half**2 + mixed**2
    tie = square == 0
    size = jnp.sqrt(jnp.where(tie, 1.0, square))
    cosine = jnp.where(tie, 1.0, half / size)
    sine = jnp.where(tie, 0.0, mixed / size)
    return 0.5 * jnp.stack(
        [(1.0 + cosine) * first + sine * second, sine * first + (1.0 - cosine) * second]
    )


def _distance(one: Array, other: Array, student_scale: Array) -> Scalar:
    return square_root(jnp.sum((one - other) ** 2) / student_scale)


def _mixture_log(share: Array, distance: Scalar) -> Array:
    r"""Returns $g(a,\delta)$ for shares $a>0$, by the trapezoid rule."""
    nodes = jnp.asarray(_NODES, distance.dtype)
    exponent = (distance * nodes - 0.5 * distance**2)[None, :]
    largest = jnp.maximum(exponent, 0.0)
    share = share[:, None]
    inside = share * jnp.exp(-largest) + (1.0 - share) * jnp.exp(exponent - largest)
    return (largest + jnp.log(inside)) @ jnp.asarray(_WEIGHTS, distance.dtype)


def _teacher_part(kept: tuple[Array, Array], refitted: Array, student_scale: Array) -> Scalar:
    """Returns Cov and the mean term: the convexity bound."""
    mismatch = student_scale - 1.0 - jnp.log(student_scale)
    means = sum(jnp.sum((one - refitted) ** 2) for one in kept)
    return 0.5 * refitted.size * mismatch + 0.25 * means


def _binomial(num_inner: Scalar) -> Array:
    """Returns the probabilities of j = 0..MAX_INNER successes in M fair trials."""
    rows = np.zeros((MAX_INNER, MAX_INNER + 1))
    for trials in range(1, MAX_INNER + 1):
        rows[trials - 1, : trials + 1] = [
            math.comb(trials, j) / 2**trials for j in range(trials + 1)
        ]
    chosen = jnp.arange(1, MAX_INNER + 1) == num_inner
    return jnp.where(chosen, 1.0, 0.0) @ jnp.asarray(rows, num_inner.dtype)


def _both(
    weights_0: Array, weights_1: Array, strength: Array, refitted: Array, student_scale: Array
) -> tuple[Scalar, Scalar]:
    kept = kept_by_rank_one(weights_0, strength), kept_by_rank_one(weights_1, strength)
    return _teacher_part(kept, refitted, student_scale), _distance(*kept, student_scale)


@jax.jit
def two_teacher_shift(
    weights_0: Float[Array, "2 directions"],
    weights_1: Float[Array, "2 directions"],
    strength: Float[Array, "directions"],
    refitted: Float[Array, "2 directions"],
    student_scale: Float[Array, ""],
    num_inner: Float[Array, ""],
) -> Float[Array, ""]:
    r"""Returns $\mathrm{KL}(q_S\|q_T)$ of the two-teacher student given the pseudo labels.

    Args:
        weights_0: $W^0$, shape ``(2, r)``.
        weights_1: $W^1$.
        strength: $r_i$, which order the outputs' directions.
        refitted: $\bar w$, the mean of the refitted teacher.
        student_scale: $e>0$.
        num_inner: $M$, from 1 to `MAX_INNER`; no effect here.
    """
    base, distance = _both(weights_0, weights_1, strength, refitted, student_scale)
    half = jnp.full((1,), 0.5, distance.dtype)
    return base + _mixture_log(half, distance)[0]


@jax.jit
def expected_lower(
    weights_0: Float[Array, "2 directions"],
    weights_1: Float[Array, "2 directions"],
    strength: Float[Array, "directions"],
    refitted: Float[Array, "2 directions"],
    student_scale: Float[Array, ""],
    num_inner: Float[Array, ""],
) -> Float[Array, ""]:
    r"""Returns the mean of the lower bound with $M$ inner draws; arguments as above.

    With no inner draw equal to the generator $\log$ is linear, and $g(0,\delta)=-\delta^2/2$.
    """
    base, distance = _both(weights_0, weights_1, strength, refitted, student_scale)
    chances = _binomial(num_inner)
    equal = jnp.arange(1, MAX_INNER + 1, dtype=distance.dtype)
    logs = _mixture_log(jnp.minimum(equal / num_inner, 1.0), distance)
    return base - 0.5 * chances[0] * distance**2 + chances[1:] @ logs


@jax.jit
def expected_upper(
    weights_0: Float[Array, "2 directions"],
    weights_1: Float[Array, "2 directions"],
    strength: Float[Array, "directions"],
    refitted: Float[Array, "2 directions"],
    student_scale: Float[Array, ""],
    num_inner: Float[Array, ""],
) -> Float[Array, ""]:
    """Returns the mean of the upper bound with M inner draws and the generator."""
    base, distance = _both(weights_0, weights_1, strength, refitted, student_scale)
    equal = jnp.arange(MAX_INNER + 1, dtype=distance.dtype)
    share = jnp.minimum((equal + 1.0) / (num_inner + 1.0), 1.0)
    return base + _binomial(num_inner) @ _mixture_log(share, distance)


@jax.jit
def quadrature_error(
    weights_0: Float[Array, "2 directions"],
    weights_1: Float[Array, "2 directions"],
    strength: Float[Array, "directions"],
    refitted: Float[Array, "2 directions"],
    student_scale: Float[Array, ""],
    num_inner: Float[Array, ""],
) -> Float[Array, ""]:
    r"""Returns a bound on the quadrature error of the difference of two of these quantities.

    Every share is at least $\frac1{M+1}$. Beyond the last node $R$ the modulus of the logarithm is
    at most $\delta|x|+\frac{\delta^2}2+\log(M+1)$, and the sum over the nodes that were left out is
    at most the integral from $R$ on, $\int_R^\infty\varphi\le e^{-R^2/2}/2$ and
    $\int_R^\infty x\varphi=\varphi(R)$, on either side. The binomial probabilities sum to one, and
    the two sides each have such an error.
    """
    _, distance = _both(weights_0, weights_1, strength, refitted, student_scale)
    strip = jnp.minimum(0.75 * math.pi / jnp.maximum(distance, 1.0), 2.0)
    logs = jnp.log(num_inner + 1.0)
    size = distance + 0.5 * distance**2 + logs + 0.5 * math.log(2.0) + math.pi
    aliasing = 2.0 * jnp.exp(0.5 * strip**2) * size / jnp.expm1(2.0 * math.pi * strip / STEP)
    beyond = (distance + distance**2 + 2.0 * logs) * math.exp(-(REACH**2) / 2)
    return 2.0 * (aliasing + beyond)
