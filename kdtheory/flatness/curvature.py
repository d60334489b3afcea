r"""The Hessian of the mean loss by its products with vectors, and what single examples do.

$\nabla^2L_D(f)\,v$ is the derivative of $\nabla L_D$ along $v$ (forward over reverse): it costs a
few gradients, and the matrix, $p\times p$, is never formed unless $p$ is small.

* The trace is the mean of $z\cdot\nabla^2L_D\,z$ over random signs $z$ (Hutchinson).
* For a unit vector $v$ there is an eigenvalue within $|Hv-\lambda v|$ of $\lambda=v\cdot Hv$, and
  $\lambda\le\lambda_{\max}$, whatever $v$ is; an iteration that has not converged errs low.
* $|Hv|\le\|H\|$ for a unit vector $v$. What is found in a ball by looking at some of its points is
  a *lower estimate* of the supremum over the ball: the truth may be larger, never smaller.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from kdtheory._types import Key, Scalar
from kdtheory.flatness.batches import Loss, derivative_batch, each, mean_of_batches
from kdtheory.flatness.records import Eigenvalue
from kdtheory.theorems.sharpness_aware.draws import uniform_in_ball

Vector = Float[Array, "parameters"]

EXACT = 1024
"""Up to so many parameters the Hessian may be formed: 8 MiB."""

POWER_STEPS = 12
"""Steps of the power iterations; each starts near what is known, and fewer would err lower."""

RANDOM_POINTS = 4
"""At how many random points of a ball the Hessian is looked at, besides two chosen ones."""

_TOLERANCE = 1e-6
"""To which an eigenvalue is sought, relative to the largest."""


def _gradient(loss: Loss, unravel: Any, point: Vector, examples: Any, weights: Any) -> Vector:
    def mean(at: Vector) -> Scalar:
        return weights @ jax.vmap(loss, (None, 0))(unravel(at), examples)

    return jax.grad(mean)(point)


def _product(
    loss: Loss, unravel: Any, point: Vector, data: Any, vector: Vector, batch_size: int
) -> Vector:
    def of_batch(examples: Any, weights: Any) -> Vector:
        # Batch by batch: the derivative of a scan would keep what every batch computed.
        gradient = functools.partial(
            _gradient, loss, unravel, examples=examples, weights=weights.astype(point.dtype)
        )
        return jax.jvp(gradient, (point,), (vector,))[1]

    return mean_of_batches(of_batch, data, batch_size, jnp.zeros_like(point))


@functools.partial(jax.jit, static_argnames=("loss", "batch_size"))
def mean_gradient(loss: Loss, parameters: Any, data: Any, *, batch_size: int) -> Vector:
    r"""Returns $\nabla L_D(f)$, flattened.

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        batch_size: the most examples that are handled at a time.
    """
    flat, unravel = ravel_pytree(parameters)

    def of_batch(examples: Any, weights: Any) -> Vector:
        return _gradient(loss, unravel, flat, examples, weights)

    return mean_of_batches(of_batch, data, batch_size, jnp.zeros_like(flat))


@functools.partial(jax.jit, static_argnames=("loss", "batch_size"))
def hessian_product(
    loss: Loss, parameters: Any, data: Any, vector: Vector, *, batch_size: int
) -> Vector:
    r"""Returns $\nabla^2L_D(f)\,v$.

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        vector: $v$, in the order in which the parameters are flattened.
        batch_size: the most examples that are handled at a time.
    """
    flat, unravel = ravel_pytree(parameters)
    return _product(loss, unravel, flat, data, vector, batch_size)


@functools.partial(jax.jit, static_argnames=("loss", "batch_size"))
def hessian(loss: Loss, parameters: Any, data: Any, *, batch_size: int) -> Float[Array, "p p"]:
    r"""Returns $\nabla^2L_D(f)$, symmetric, by its products with all unit vectors.

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        batch_size: the most examples that are handled at a time.
    """
    flat, unravel = ravel_pytree(parameters)
    columns = jax.lax.map(
        lambda vector: _product(loss, unravel, flat, data, vector, batch_size),
        jnp.eye(flat.size, dtype=flat.dtype),
    )
    return 0.5 * (columns + columns.T)


@functools.partial(jax.jit, static_argnames=("loss", "num_probes", "batch_size"))
def trace_probes(
    loss: Loss, parameters: Any, data: Any, key: Key, *, num_probes: int, batch_size: int
) -> Float[Array, "probes"]:
    r"""Returns $z\cdot\nabla^2L_D(f)\,z$ for independent vectors of random signs.

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        key: of the signs.
        num_probes: how many.
        batch_size: the most examples that are handled at a time.
    """
    flat, unravel = ravel_pytree(parameters)

    def probe(key: Key) -> Scalar:
        signs = jax.random.rademacher(key, flat.shape, flat.dtype)
        return signs @ _product(loss, unravel, flat, data, signs, batch_size)

    return jax.lax.map(probe, jax.random.split(key, num_probes))


class Examples(NamedTuple):
    """The largest derivatives of the loss of a single example.

    Attributes:
        gradient: the largest gradient at the parameters, exact.
        curvature: the largest Hessian norm there; a power iteration errs low.
    """

    gradient: Scalar
    curvature: Scalar


@functools.partial(jax.jit, static_argnames=("loss", "batch_size"))
def largest_of_examples(
    loss: Loss, parameters: Any, data: Any, key: Key, *, batch_size: int
) -> Examples:
    r"""Returns $\max_i|\nabla\ell(f,z_i)|$ and $\max_i\|\nabla^2\ell(f,z_i)\|$ (from below).

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        key: of where the iterations start.
        batch_size: the most examples that are handled at a time.
    """
    flat, unravel = ravel_pytree(parameters)
    start = jax.random.normal(key, flat.shape, flat.dtype)
    some = derivative_batch(batch_size, flat.size)

    def of_example(example: Any) -> tuple[Scalar, Scalar]:
        gradient = jax.grad(lambda at: loss(unravel(at), example))
        value = gradient(flat)

        def times(vector: Vector) -> Vector:
            return jax.jvp(gradient, (flat,), (vector,))[1]

        # The gradient is in the range of the Hessian for losses of a few outputs; for others the
        # random part is what finds the way.
        return _norm(value), _power(times, start / _norm(start) + _unit(value))

    found = each(of_example, data, some)
    return Examples(jnp.max(found[0]), jnp.max(found[1]))


def _norm(vector: Any) -> Scalar:
    return jnp.sqrt(jnp.sum(vector * vector))


def _unit(vector: Vector) -> Vector:
    length = _norm(vector)
    return vector / jnp.where(length > 0, length, 1.0)


def _power(times: Any, start: Vector) -> Scalar:
    """Returns |Hv| for the unit vector that a power iteration ends at."""

    def step(_: Any, vector: Vector) -> Vector:
        return times(_unit(vector))

    return _norm(jax.lax.fori_loop(0, POWER_STEPS, step, start))


class Found(NamedTuple):
    """What was found at points of balls.

    Attributes:
        curvature: the largest Hessian norm of the mean loss among the points, per radius.
        gradient: the largest gradient of a single example there.
        secant: by how much the gradient of a single example differs there from the one at the
            parameters, at most, over the distance: no smoothness constant is smaller.
    """

    curvature: Float[Array, "radii"]
    gradient: Float[Array, "radii"]
    secant: Float[Array, "radii"]


@functools.partial(jax.jit, static_argnames=("loss", "batch_size"))
def largest_in_balls(
    loss: Loss,
    parameters: Any,
    data: Any,
    radii: Float[Array, "radii"],
    direction: Vector,
    key: Key,
    *,
    batch_size: int,
) -> Found:
    r"""Returns lower estimates of suprema over balls, from a few points of each.

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        radii: $\rho$.
        direction: a unit vector; the points $f\pm\rho v$ are among those that are looked at.
        key: of the other points.
        batch_size: the most examples that are handled at a time.
    """
    flat, unravel = ravel_pytree(parameters)
    keys = jax.random.split(key, RANDOM_POINTS + 1)
    drawn = jax.vmap(lambda key: uniform_in_ball(key, flat.size))(keys[1:]).astype(flat.dtype)
    steps = jnp.concatenate([jnp.stack([direction, -direction]), drawn])
    start = direction + _unit(jax.random.normal(keys[0], flat.shape, flat.dtype))
    some = derivative_batch(batch_size, flat.size)

    def of_point(point: Vector) -> tuple[Scalar, Scalar, Scalar]:
        def slopes(example: Any) -> tuple[Scalar, Scalar]:
            gradient = jax.grad(lambda at: loss(unravel(at), example))
            there = gradient(point)
            return _norm(there), _norm(there - gradient(flat))

        def times(vector: Vector) -> Vector:
            return _product(loss, unravel, point, data, vector, batch_size)

        slope, change = each(slopes, data, some)
        return _power(times, start), jnp.max(slope), jnp.max(change) / _norm(point - flat)

    def of_radius(radius: Any) -> tuple[Scalar, Scalar, Scalar]:
        found = jax.lax.map(of_point, flat[None, :] + radius * steps)
        return jnp.max(found[0]), jnp.max(found[1]), jnp.max(found[2])

    return Found(*jax.lax.map(of_radius, radii))


def extreme_eigenvalues(
    times: Any, num_parameters: int, seed: int
) -> tuple[Eigenvalue, Eigenvalue, Any]:
    """Returns the largest and the smallest eigenvalue by Lanczos iterations.

    Args:
        times: a vector -> the product of a symmetric matrix with it.
        num_parameters: its number of rows, more than two.
        seed: of the vector that the iterations start from.

    Returns:
        Both eigenvalues, and the unit eigenvector of the one that is larger in size.
    """
    start = np.random.default_rng(seed).standard_normal(num_parameters)
    start /= np.linalg.norm(start)
    vector = _lanczos(times, start)
    first = rayleigh(times, vector)
    # The other end is the largest eigenvalue of this, none of which is negative: near zero, where
    # those of networks crowd, a tolerance relative to an eigenvalue would be never or wrongly met.
    shift, side = abs(first.value), 1.0 if first.value >= 0 else -1.0
    other = rayleigh(times, _lanczos(lambda at: shift * at - side * times(at), start))
    return (first, other, vector) if side > 0 else (other, first, vector)


def _lanczos(times: Any, start: Any) -> Any:
    """Returns the eigenvector of the eigenvalue that is largest in size, as far as it is found."""
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    size = len(start)
    operator = LinearOperator((size, size), matvec=times, dtype=np.float64)
    try:
        return eigsh(operator, k=1, which="LM", v0=start, tol=_TOLERANCE)[1][:, 0]
    except ArpackError:
        # Not converged, or the product with the start is zero: the residual will tell.
        return start


def rayleigh(times: Any, vector: Any) -> Eigenvalue:
    """Returns the Rayleigh quotient of a unit vector, and its residual.

    Args:
        times: a vector -> the product of a symmetric matrix with it.
        vector: the unit vector.
    """
    image = times(vector)
    value = float(vector @ image)
    return Eigenvalue(value, float(np.linalg.norm(image - value * vector)))
