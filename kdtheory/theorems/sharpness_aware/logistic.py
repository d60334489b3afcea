r"""The regime in a world where every constant is known: ridge-regularised logistic regression.

All data sets are enumerated, what is learned from each is found by Newton's method, and the rise
of a loss is a mean over one coordinate of the perturbation: with $m=yf\cdot x$ and $d=|x|u$,

$$\tfrac12\bigl[\log(1+e^{-m+d})+\log(1+e^{-m-d})\bigr]-\log(1+e^{-m})
  =\tfrac12\log\bigl(1+4\varsigma(m)\varsigma(-m)\sinh^2\tfrac d2\bigr),
  \qquad\varsigma(m)=\frac1{1+e^{-m}},$$

in which nothing cancels. With $R=\max|x|$ and $W=\max_D|A(D)|$: $L=R$, $\alpha=R^2/4$,
$\tau=\frac14\lambda_{\max}(E\,xx^\top)$, $b-a=R(W+\rho)$, and $\kappa$ and $g_0$ are the largest
that occur.

The loss is convex, so that no sharpness-aware bound is below the Cramer-Chernoff one.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.objects import datasets
from kdtheory.objects.logistic import RidgeLogisticWorld
from kdtheory.objects.processes import DistillationProcess
from kdtheory.objects.smoothness import PerturbedProcess, SmoothnessConstants
from kdtheory.theorems.sharpness_aware import ball
from kdtheory.theorems.sharpness_aware.perturbed import movement

_STEPS = 64

LARGEST_REACH = 12.0
r"""The largest $\rho|x|$ at which a rise is accurate to rounding.

As a function of $u\in[-1,1]$ it has its nearest singularity at the height $\pi/(\rho|x|)$ above the
interval, where what 128 degrees miss is of the order of $1.29^{-128}<10^{-14}$.
"""


@jax.jit
def learned(world: RidgeLogisticWorld) -> Float[Array, "datasets features"]:
    r"""Returns $A(D)$ of every sequence of examples.

    Newton's method with steps $\log(1+d)/d$, $d=R$ times the length of the full step: with these
    it descends from anywhere, since $|\ell'''|\le R\,\ell''$ along unit vectors.

    Args:
        world: the world.

    Example:
        >>> world = RidgeLogisticWorld.create(
        ...     [0.5, 0.5], [[1.0, 0.0], [0.6, 0.8]], [1.0, -0.5], num_samples=3, ridge=0.5)
        >>> print(learned(world)[0].round(4))  # only the first input, with the label +1
        [0.6748 0.    ]
    """
    signed = _signed_inputs(world)
    table = datasets.counts(len(signed), world.num_samples, grouped=False)
    shares = jnp.asarray(table / world.num_samples, signed.dtype)
    largest = jnp.max(jnp.linalg.norm(world.inputs, axis=1))
    unit = jnp.eye(signed.shape[1], dtype=signed.dtype)

    def descend(share: Float[Array, "examples"]) -> Float[Array, "features"]:
        def step(_: Any, point: Float[Array, "features"]) -> Float[Array, "features"]:
            margins = signed @ point
            slopes = share * jax.nn.sigmoid(-margins)
            bends = slopes * jax.nn.sigmoid(margins)
            hessian = world.ridge * unit + signed.T @ (bends[:, None] * signed)
            move = jnp.linalg.solve(hessian, signed.T @ slopes - world.ridge * point)
            length = largest * jnp.sqrt(jnp.sum(move * move))
            moves = length > 0
            damped = jnp.log1p(length) / jnp.where(moves, length, 1.0)
            return point + jnp.where(moves, damped, 1.0) * move

        return jax.lax.fori_loop(0, _STEPS, step, jnp.zeros_like(signed[0]))

    return jax.vmap(descend)(shares)


def _signed_inputs(world: RidgeLogisticWorld) -> Float[Array, "examples features"]:
    """Returns y x of every example."""
    both = jnp.stack([world.inputs, -world.inputs], axis=1)
    return both.reshape(-1, world.inputs.shape[1])


@functools.lru_cache(maxsize=4)
def _same_inputs(num_examples: int, num_samples: int) -> Any:
    """Returns for every pair of data sets whether their inputs agree."""
    seen = datasets.sequences(num_examples, num_samples) // 2
    return (seen[:, None, :] == seen[None, :, :]).all(axis=-1)


@jax.jit
def logistic_process(world: RidgeLogisticWorld) -> PerturbedProcess:
    r"""Returns the process of teacher and student, one hypothesis per data set, with its rises.

    Args:
        world: the world.
    """
    points, signed = learned(world), _signed_inputs(world)
    rows = jnp.asarray(datasets.sequences(len(signed), world.num_samples))
    margins = points @ signed.T
    truth = jax.nn.sigmoid(signed @ world.true_weights)
    weights = jnp.repeat(world.input_weights, 2) * truth
    relabelled = jax.nn.sigmoid(margins / world.temperature)
    likelihoods = jnp.prod(relabelled[:, rows], axis=-1)
    same = jnp.asarray(_same_inputs(len(signed), world.num_samples), signed.dtype)
    student = jnp.prod(weights[rows], axis=1) @ (likelihoods * same)
    kernel = jnp.eye(len(points), dtype=points.dtype)
    process = DistillationProcess(
        weights, jax.nn.softplus(-margins), kernel, student[:, None] * kernel, world.num_samples
    )
    return PerturbedProcess(process, _rises(margins, signed, world.radius))


def _rises(
    margins: Float[Array, "datasets examples"],
    signed: Float[Array, "examples features"],
    radius: Float[Array, ""],
) -> Float[Array, "datasets examples"]:
    nodes, weights = ball.rule(signed.shape[1], signed.dtype)
    turned = radius * jnp.linalg.norm(signed, axis=1)
    bends = 4.0 * jax.nn.sigmoid(margins) * jax.nn.sigmoid(-margins)
    squares = jnp.sinh(0.5 * jnp.tensordot(turned, nodes, axes=0)) ** 2
    return 0.5 * jnp.log1p(bends[:, :, None] * squares[None, :, :]) @ weights


@jax.jit
def logistic_constants(world: RidgeLogisticWorld) -> SmoothnessConstants:
    r"""Returns the constants of the world.

    Args:
        world: the world.
    """
    points, signed = learned(world), _signed_inputs(world)
    norms = jnp.linalg.norm(signed, axis=1)
    largest = jnp.max(norms)
    slopes = jax.nn.sigmoid(-(points @ signed.T)) * norms[None, :]
    moment = world.inputs.T @ (world.input_weights[:, None] * world.inputs)
    furthest = jnp.max(jnp.linalg.norm(points, axis=1))
    dtype = points.dtype
    return SmoothnessConstants(
        movement=movement(points, len(signed), world.num_samples),
        lipschitz=largest,
        gradient=jnp.max(slopes),
        smoothness=0.25 * largest * largest,
        curvature=0.25 * jnp.linalg.eigvalsh(moment)[-1],
        loss_width=largest * (furthest + world.radius),
        radius=world.radius,
        num_samples=jnp.asarray(float(world.num_samples), dtype),
        dimension=jnp.asarray(float(points.shape[1]), dtype),
    )
