r"""Replicates of the information that a student of rank kappa carries about its teacher.

With $\Theta=\Pi W_T P_X+{}$noise the algorithm shift is the convexity bound less
$I(\Theta;W_T\,|\,\hat Y)=E\log\frac{\varphi(\Theta;W_T)}{q_S(\Theta|\hat Y)}$, and the density
$q_S$ is an integral without a closed form. Draw the generator $W^0$, the pseudo labels, the
student, and $M$ further $W^m$ from a proposal $r(W\,|\,\Theta,\hat Y)$; with the weights
$w_m=p(W^m|\hat Y)\varphi(\Theta;W^m)/r(W^m)$

$$E\log\tfrac1M\sum_{m=1}^Mw_m\ \le\ E\log q_S(\Theta|\hat Y)\ \le\
  E\log\tfrac1{M+1}\sum_{m=0}^Mw_m,$$

the first by Jensen, the second because $W^0$ is an exact draw of the posterior: the difference is
a divergence between the true law of $(W^0,\dots,W^M)$ and its mixture over which of them is the
generator. Both close as $M$ grows.

Source: ours, from the bounds of semi-implicit and importance-weighted variational inference.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import Key, Scalar
from kdtheory.theorems.linear_gaussian.teacher_range import TeacherRange, projected
from kdtheory.theorems.linear_gaussian.truncated_proposal import (
    Linearisation,
    Posterior,
    backward,
    forward,
    linearise,
    misfit,
    solve,
    starts,
    towards_a_mode,
)

PRIOR_SHARE = 0.1
r"""The share of the proposal drawn from $p(W|\hat Y)$, which bounds the weights."""

BLOCK = 16
"""Inner draws that are made at a time."""


@functools.partial(jax.jit, static_argnames=("rank", "count", "batch"))
def information_draws(
    key: Key,
    start: Array,
    teacher: TeacherRange,
    student_scale: Float[Array, "directions"],
    *,
    rank: int,
    num_inner: Array | int,
    count: int,
    batch: int,
) -> tuple[Float[Array, "count 2"], Float[Array, "count controls"]]:
    r"""Returns replicates of a lower and an upper bound on the information, and their controls.

    Args:
        key: of the whole stream: replicate $j$ depends on the key and on $j$ alone.
        start: number of the first replicate.
        teacher: the teacher's weights on the range of the design.
        student_scale: $e_i>0$, the student's variances in units of the teacher's.
        rank: $1\le\kappa<\min(k,r)$.
        num_inner: $M\ge1$, traced: more inner draws are no new program.
        count: how many replicates.
        batch: how many of them are made at a time.

    Returns:
        Replicates whose means are at most and at least the information, shape ``(count, 2)``, and
        controls of mean zero, shape ``(count, 4)``.
    """

    def replicate(number: Array) -> tuple[Array, Array]:
        return _replicate(jax.random.fold_in(key, number), teacher, student_scale, rank, num_inner)

    return jax.lax.map(replicate, start + jnp.arange(count), batch_size=batch)


def _replicate(
    key: Key, teacher: TeacherRange, student_scale: Array, rank: int, num_inner: Array | int
) -> tuple[Array, Array]:
    terms, mean = teacher.terms, teacher.mean
    own, label, student, inner = jax.random.split(key, 4)
    normal = functools.partial(jax.random.normal, shape=mean.shape, dtype=mean.dtype)
    weights = mean + jnp.sqrt(terms.teacher_variance)[None, :] * normal(own)
    strength = terms.predictive_variance
    heard = strength[None, :] * weights + jnp.sqrt(strength)[None, :] * normal(label)
    centre = terms.residual_variance[None, :] * (mean / terms.teacher_variance[None, :] + heard)
    deviation = jnp.sqrt(terms.residual_variance)
    noise = normal(student)
    seen = projected(weights, strength, rank) + jnp.sqrt(student_scale)[None, :] * noise
    known = Posterior(centre, deviation, strength, jnp.sqrt(student_scale), seen)
    generator = (weights - centre) / deviation[None, :]
    mode = jax.vmap(lambda start: towards_a_mode(known, start, rank))(starts(known, rank))
    linear = jax.vmap(lambda point: linearise(known, point, rank))(mode)
    others = _log_weights_sum(inner, known, mode, linear, rank, num_inner)
    with_generator = jnp.logaddexp(others, _log_weight(known, generator, mode, linear, rank))
    density = -0.5 * jnp.sum(noise**2)
    below = density - (with_generator - jnp.log(jnp.asarray(num_inner + 1, density.dtype)))
    above = density - (others - jnp.log(jnp.asarray(num_inner, density.dtype)))
    return jnp.stack([below, above]), _controls(known, generator, noise, rank)


def _log_weight(
    known: Posterior, point: Array, modes: Array, linear: Linearisation, rank: int
) -> Scalar:
    r"""Returns $\log w$ up to the constant of the student's density."""

    def near(mode: Array, single: Linearisation) -> Scalar:
        away = single.basis.T @ (point - mode)
        quadratic = jnp.sum(away**2) + jnp.sum(forward(single, away) ** 2)
        return 0.5 * (single.log_determinant - quadratic)

    prior = -0.5 * jnp.sum(point**2)
    fit = -0.5 * jnp.sum(misfit(known, point, rank) ** 2)
    share = jnp.asarray(PRIOR_SHARE, prior.dtype)
    each = jnp.log1p(-share) - jnp.log(jnp.asarray(float(len(modes)), prior.dtype))
    around = each + jax.nn.logsumexp(jax.vmap(near)(modes, linear))
    return prior + fit - jnp.logaddexp(around, jnp.log(share) + prior)


def _log_weights_sum(
    key: Key,
    known: Posterior,
    modes: Array,
    linear: Linearisation,
    rank: int,
    num_inner: Array | int,
) -> Scalar:
    """Returns the log of the sum of the weights of draws from the proposal, in fixed memory."""

    def one(number: Array) -> Scalar:
        which, first, second, third = jax.random.split(jax.random.fold_in(key, number), 4)
        plain, tilt = (
            jax.random.normal(k, known.centre.shape, modes.dtype) for k in (first, second)
        )
        chosen = jax.random.randint(third, (), 0, len(modes))
        mode, single = jax.tree.map(lambda leaf: leaf[chosen], (modes, linear))
        # plain + J^T tilt has covariance H, so that H^-1 of it has covariance H^-1.
        move = single.basis @ solve(single, single.basis.T @ plain + backward(single, tilt))
        from_prior = jax.random.uniform(which, dtype=mode.dtype) < PRIOR_SHARE
        point = jnp.where(from_prior, plain, mode + move)
        log_weight = _log_weight(known, point, modes, linear, rank)
        return jnp.where(number < num_inner, log_weight, -jnp.inf)

    def add(block: Any, total: Scalar) -> Scalar:
        weights = jax.vmap(one)(block * BLOCK + jnp.arange(BLOCK))
        return jnp.logaddexp(total, jax.nn.logsumexp(weights))

    num_blocks = (num_inner + BLOCK - 1) // BLOCK
    return jax.lax.fori_loop(0, num_blocks, add, jnp.asarray(-jnp.inf, modes.dtype))


def _controls(known: Posterior, generator: Array, noise: Array, rank: int) -> Array:
    r"""Returns functions of the replicate whose means are zero given the pseudo labels.

    The first is the log density ratio, less its mean, of the student linearised at
    $E[W_T\,|\,\hat Y]$: $y=Jz+g\sim N(0,I+JJ^\top)$ exactly, whatever $J$.
    """
    linear = linearise(known, jnp.zeros_like(generator), rank)
    turned, turned_noise = linear.basis.T @ generator, linear.basis.T @ noise
    seen = forward(linear, turned) + turned_noise
    pulled = backward(linear, seen)
    explained = jnp.sum(seen**2) - jnp.sum(pulled * solve(linear, pulled))
    dropped = turned[rank:]
    return jnp.stack(
        [
            explained - jnp.sum(noise**2),
            jnp.sum(noise**2) - noise.size,
            jnp.sum(generator**2) - generator.size,
            jnp.sum(dropped**2) - dropped.size,
        ]
    )
