"""Linear students of many teachers, fitted together, and the areas under their curves."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import stats

TOLERANCE = 1e-6
"""What no coordinate of a gradient exceeds at the end."""

_MOST_STEPS = 20_000


@jax.jit
def fit(
    inputs: Float[Array, "trials samples features"],
    targets: Float[Array, "trials samples teachers labels"],
    penalty: Float[Array, ""] | float,
) -> Float[Array, "trials features+1 teachers labels"]:
    r"""Returns linear students: the weights, and the offsets as their last row.

    They minimise $\sum_n\mathrm{CE}(t_n, W^\top\tilde x_n) + \frac\lambda2\|W\|^2$,
    $\tilde x=(x,1)$: offsets are penalised too, since a label that no target has would drive its
    offset to minus infinity. The Hessian lies below $\frac12\tilde X^\top\tilde X + \lambda I$
    (Böhning, 1992): in coordinates in which this is the identity, gradient descent has step size
    one. Accelerated, with restarts, until no coordinate of the gradient exceeds `TOLERANCE`.

    Args:
        inputs: $x$.
        targets: $t$, distributions over labels, of every teacher.
        penalty: $\lambda > 0$.
    """
    trials, _, features = inputs.shape
    teachers, labels = targets.shape[2:]
    design = jnp.concatenate([inputs, jnp.ones_like(inputs[..., :1])], axis=-1)
    above = 0.5 * jnp.swapaxes(design, 1, 2) @ design + penalty * jnp.eye(features + 1)
    inverse = jax.vmap(
        lambda matrix: jax.scipy.linalg.solve_triangular(
            jnp.linalg.cholesky(matrix), jnp.eye(features + 1), lower=True
        )
    )(above)
    new_design = design @ jnp.swapaxes(inverse, 1, 2)
    new_ridge = penalty * inverse @ jnp.swapaxes(inverse, 1, 2)
    shape = (trials, features + 1, teachers, labels)

    def product(matrices: Any, weights: Any) -> Any:
        return (matrices @ weights.reshape(trials, matrices.shape[2], -1)).reshape(
            trials, matrices.shape[1], teachers, labels
        )

    def slope(weights: Any) -> Any:
        excess = jax.nn.softmax(product(new_design, weights)) - targets
        return product(jnp.swapaxes(new_design, 1, 2), excess) + product(new_ridge, weights)

    def step(state: Any) -> Any:
        weights, ahead, momentum, _, count = state
        change = slope(ahead)
        new = ahead - change
        moved = new - weights
        # Where the gradient points against the movement, momentum starts anew.
        uphill = jnp.sum(change * moved, axis=(1, 3), keepdims=True) > 0
        grown = jnp.where(uphill, 1.0, 0.5 * (1 + jnp.sqrt(1 + 4 * momentum**2)))
        ahead = new + jnp.where(uphill, 0.0, (momentum - 1) / grown) * moved
        return new, ahead, grown, jnp.max(jnp.abs(change)), count + 1

    def unfinished(state: Any) -> Any:
        return (state[3] > TOLERANCE) & (state[4] < _MOST_STEPS)

    zeros = jnp.zeros(shape)
    state = (zeros, zeros, jnp.ones((trials, 1, teachers, 1)), jnp.inf, 0)
    weights = jax.lax.while_loop(unfinished, step, state)[0]
    return product(jnp.swapaxes(inverse, 1, 2), weights)


def areas(scores: Any, labels: Any) -> Any:
    """Returns the area under the curve of every label against the rest, and of all in one.

    Args:
        scores: shape ``(trials, inputs, teachers, labels)``.
        labels: indicators, shape ``(trials, inputs, labels)``.

    Returns:
        Shape ``(2, trials, teachers)``: the mean over labels, and the area of all pairs of inputs
        and labels, right or wrong, together.
    """
    right = np.moveaxis(np.broadcast_to(labels[:, :, None], scores.shape), 1, -1)
    values = np.moveaxis(scores, 1, -1)
    shape = (*values.shape[:2], -1)
    pooled = _area(values.reshape(shape), right.reshape(shape))
    return np.stack([_area(values, right).mean(axis=-1), pooled])


def _area(values: Any, right: Any) -> Any:
    # Mann and Whitney's statistic; equal scores share their ranks.
    ranks = stats.rankdata(values, axis=-1)
    hits = right.sum(axis=-1)
    excess = (ranks * right).sum(axis=-1) - hits * (hits + 1) / 2
    return excess / (hits * (right.shape[-1] - hits))
