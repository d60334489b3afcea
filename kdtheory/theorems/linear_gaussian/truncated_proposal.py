r"""A Gaussian proposal for the teacher's weights, given pseudo labels and a student of rank kappa.

In coordinates $a=m+\sqrt cz$ the weights are standard normal given the pseudo labels, and the
student observes $f(a)=\Pi(a)a$ with noise of variance $e_i$. Gauss-Newton steps lead towards the
mode; the proposal is $N(z^*, H^{-1})$, $H=I+J^\top J$, with $J$ the derivative of
$f(m+\sqrt cz)/\sqrt e$ at $z^*$.

In the eigenbasis of $\sum_ir_ia_ia_i^\top$, top rows $A$ (eigenvalues $\mu_p$) and rest $B$
(eigenvalues $\mu_q$), the derivative of $f$ is a diagonal plus a matrix of rank
$N=\kappa(k-\kappa)$:

$$(\dot A,\dot B)\mapsto(\dot A+TB,\ T^\top A),\qquad
  T_{pq}=\frac{\sum_ir_i(\dot A_{pi}B_{qi}+A_{pi}\dot B_{qi})}{\mu_p-\mu_q}.$$

So $J=E+UV^\top$, and $H=D+[EU,V]\begin{pmatrix}0&I\\I&U^\top U\end{pmatrix}[EU,V]^\top$ with the
diagonal $D=I+E^2$ is solved through a matrix of $2N$ rows.

Close eigenvalues are kept apart, see `BLUNTING`: what is proposed need not be exact.

Source: ours; the derivative is first-order perturbation of an invariant subspace.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.theorems.linear_gaussian.teacher_range import output_basis, projected

STEPS = 6
"""Gauss-Newton steps."""

BLUNTING = 2.0
r"""Share of the variance of $\mu_p-\mu_q$ that is added to its square in the derivative.

Where eigenvalues nearly meet, the derivative holds only in a neighbourhood much smaller than the
posterior, and a proposal made of it would be far too narrow."""

STEP_SHARES = (1.0, 0.5, 0.2, 0.05, 0.0)
"""Shares of a step that are tried; the best of them is taken."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class Posterior:
    r"""What is known of the weights: $z\sim N(0,I)$, and the student at $f(m+\sqrt cz)$.

    Attributes:
        centre: $m=E[a\,|\,\hat Y]$, shape ``(k, r)``.
        deviation: $\sqrt{c_i}$.
        strength: $r_i$.
        student_deviation: $\sqrt{e_i}$.
        student: $\Theta$ in the same units, shape ``(k, r)``.
    """

    centre: Float[Array, "outputs directions"]
    deviation: Float[Array, "directions"]
    strength: Float[Array, "directions"]
    student_deviation: Float[Array, "directions"]
    student: Float[Array, "outputs directions"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class Linearisation:
    r"""$J=E+UV^\top$ at a point, in the output basis of that point; or a batch of them.

    Attributes:
        basis: eigenvectors, shape ``(k, k)``, the largest eigenvalue first.
        gain: the diagonal $E$, shape ``(k, r)``, zero in the rows below the top ones.
        columns: $U$, shape ``(N, k, r)``.
        rows: $V$, same shape.
        factor: the factorisation of the matrix of $2N$ rows, with its pivots.
        log_determinant: $\log\det H$.
    """

    basis: Float[Array, "*batch outputs outputs"]
    gain: Float[Array, "*batch outputs directions"]
    columns: Float[Array, "*batch pairs outputs directions"]
    rows: Float[Array, "*batch pairs outputs directions"]
    factor: tuple[Array, Array]
    log_determinant: Float[Array, "*batch"]


def misfit(
    known: Posterior, point: Float[Array, "outputs directions"], rank: int
) -> Float[Array, "outputs directions"]:
    r"""Returns $(\Theta-f(m+\sqrt cz))/\sqrt e$."""
    weights = known.centre + known.deviation[None, :] * point
    kept = projected(weights, known.strength, rank)
    return (known.student - kept) / known.student_deviation[None, :]


def linearise(
    known: Posterior, point: Float[Array, "outputs directions"], rank: int
) -> Linearisation:
    r"""Returns the (blunted) derivative of $f(m+\sqrt cz)/\sqrt e$ at a point, $H$ factorised."""
    weights = known.centre + known.deviation[None, :] * point
    values, basis = output_basis(weights, known.strength)
    turned = basis.T @ weights
    top, rest = turned[:rank], turned[rank:]
    slope = jnp.sum((turned * (known.strength * known.deviation)[None, :]) ** 2, axis=1)
    uncertain = 4.0 * (slope[:rank, None] + slope[None, rank:])
    gaps = values[:rank, None] - values[None, rank:]
    tiny = jnp.finfo(values.dtype).tiny
    gaps = jnp.sqrt(gaps**2 + BLUNTING * uncertain + tiny)
    num_pairs = gaps.size
    units = jnp.eye(num_pairs, dtype=gaps.dtype).reshape(num_pairs, *gaps.shape)
    moves = jax.vmap(lambda unit: jnp.concatenate([unit @ rest, unit.T @ top]))(units)
    columns = moves / known.student_deviation[None, None, :]
    rows = moves * (known.strength * known.deviation)[None, None, :] / gaps.reshape(-1, 1, 1)
    is_top = (jnp.arange(len(turned)) < rank)[:, None]
    gain = jnp.where(is_top, (known.deviation / known.student_deviation)[None, :], 0.0)
    own = 1.0 + gain**2

    def product(left: Array, right: Array) -> Array:
        return jnp.einsum("pki,qki->pq", left, right / own[None])

    mixed = jnp.eye(num_pairs, dtype=gaps.dtype) + product(columns * gain[None], rows)
    core = jnp.block([[-product(columns, columns), mixed], [mixed.T, product(rows, rows)]])
    factor = jax.scipy.linalg.lu_factor(core)
    log_determinant = jnp.sum(jnp.log(own)) + jnp.sum(jnp.log(jnp.abs(jnp.diagonal(factor[0]))))
    return Linearisation(basis, gain, columns, rows, factor, log_determinant)


def forward(
    linear: Linearisation, move: Float[Array, "outputs directions"]
) -> Float[Array, "outputs directions"]:
    r"""Returns $J$ times a move; both in the output basis of the linearisation."""
    shares = jnp.einsum("pki,ki->p", linear.rows, move)
    return linear.gain * move + jnp.einsum("p,pki->ki", shares, linear.columns)


def backward(
    linear: Linearisation, residual: Float[Array, "outputs directions"]
) -> Float[Array, "outputs directions"]:
    r"""Returns $J^\top$ times a residual."""
    shares = jnp.einsum("pki,ki->p", linear.columns, residual)
    return linear.gain * residual + jnp.einsum("p,pki->ki", shares, linear.rows)


def solve(
    linear: Linearisation, right: Float[Array, "outputs directions"]
) -> Float[Array, "outputs directions"]:
    r"""Returns $H^{-1}$ times an array, by the Woodbury identity."""
    scaled = right / (1.0 + linear.gain**2)
    border = jnp.concatenate([linear.columns * linear.gain[None], linear.rows])
    shares = jax.scipy.linalg.lu_solve(linear.factor, jnp.einsum("pki,ki->p", border, scaled))
    return scaled - jnp.einsum("p,pki->ki", shares, border) / (1.0 + linear.gain**2)


def towards_a_mode(
    known: Posterior, start: Float[Array, "outputs directions"], rank: int
) -> Float[Array, "outputs directions"]:
    """Returns a point at or near a mode of the weights given the student, by Gauss-Newton steps."""

    def energy(point: Array) -> Array:
        return jnp.sum(point**2) + jnp.sum(misfit(known, point, rank) ** 2)

    def step(_: Any, point: Array) -> Array:
        linear = linearise(known, point, rank)
        turned = linear.basis.T @ point
        residual = linear.basis.T @ misfit(known, point, rank)
        goal = solve(linear, backward(linear, residual + forward(linear, turned)))
        move = linear.basis @ goal - point
        tried = point[None] + jnp.asarray(STEP_SHARES, point.dtype)[:, None, None] * move[None]
        return tried[jnp.argmin(jax.vmap(energy)(tried))]

    return jax.lax.fori_loop(0, STEPS, step, start)


def starts(known: Posterior, rank: int) -> Float[Array, "starts outputs directions"]:
    r"""Returns points from which different modes may be reached.

    Where two eigenvalues are close, the student may have kept either direction: besides the
    teacher's mean given the pseudo labels there is its mean given the student as well, had the
    student kept its own leading directions.
    """
    share = known.deviation / (known.deviation**2 + known.student_deviation**2)
    news = known.student - known.centre
    kept = output_basis(known.student, known.strength)[1][:, :rank]
    return jnp.stack([jnp.zeros_like(news), share[None, :] * (kept @ (kept.T @ news))])
