r"""How much the mean loss rises when the parameters are moved within a ball, by Monte Carlo.

$S_D(f)=E_UL_D(f+U)-L_D(f)$ with $U$ uniform in the ball of radius $\rho$ of $\mathbb R^p$. What is
averaged is the rise of a *pair*,

$$x=\tfrac12\bigl(L_D(f+U)+L_D(f-U)\bigr)-L_D(f).$$

$f+U$ and $f-U$ have the same law, so that $E\,x=S_D(f)$, and the term $\nabla L_D(f)\cdot U$, whose
standard deviation is $\rho|\nabla L_D|/\sqrt{p+2}$ while its mean is zero, drops out of the pair,
as all odd terms do: what is left varies with the curvature alone. If $\alpha$ bounds the curvature
of the loss on the ball, $|x|\le\frac12\alpha\rho^2$.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from kdtheory._types import Key
from kdtheory.flatness.batches import Loss, batches, each, num_examples
from kdtheory.theorems.sharpness_aware.draws import uniform_in_ball


class Rises(NamedTuple):
    """What random moves did to the loss.

    Attributes:
        pairs: the mean rise of every pair of opposite moves, at every radius.
        lowest: the lowest loss of a single example that was met, at every radius.
        highest: the highest.
    """

    pairs: Float[Array, "draws radii"]
    lowest: Float[Array, "radii"]
    highest: Float[Array, "radii"]


@functools.partial(jax.jit, static_argnames=("loss", "batch_size"))
def losses_of(
    loss: Loss, parameters: Any, data: Any, *, batch_size: int
) -> Float[Array, "examples"]:
    """Returns the loss of every example.

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        batch_size: the most examples that are handled at a time.
    """
    return each(lambda example: loss(parameters, example), data, batch_size)


@functools.partial(jax.jit, static_argnames=("loss", "num_draws", "batch_size"))
def rises(
    loss: Loss,
    parameters: Any,
    data: Any,
    losses: Float[Array, "examples"],
    radii: Float[Array, "radii"],
    key: Key,
    *,
    num_draws: int,
    batch_size: int,
) -> Rises:
    r"""Returns the rises of the loss under random moves, the same directions at every radius.

    Args:
        loss: (parameters, example) -> a number.
        parameters: a pytree of floating-point arrays.
        data: a pytree of arrays with a common leading axis.
        losses: of every example at the parameters.
        radii: $\rho$.
        key: of the moves.
        num_draws: how many pairs $f\pm U$.
        batch_size: the most examples that are handled at a time.
    """
    flat, unravel = ravel_pytree(parameters)
    everything = data, losses

    def of_pair(key: Key) -> Any:
        step = uniform_in_ball(key, flat.size).astype(flat.dtype)

        def of_radius(radius: Any) -> Any:
            def of_batch(batch: Any) -> Any:
                places, weights = batch
                examples, here = jax.tree.map(lambda leaf: leaf[places], everything)

                def beyond(side: Any) -> Any:
                    moved = unravel(flat + side * radius * step)
                    return jax.vmap(loss, (None, 0))(moved, examples) - here

                # Example by example: the difference of two means would lose more to rounding.
                both = jax.lax.map(beyond, jnp.asarray([1.0, -1.0], flat.dtype))
                there = both + here
                return weights @ (0.5 * (both[0] + both[1])), jnp.min(there), jnp.max(there)

            found = jax.lax.map(of_batch, batches(num_examples(data), batch_size))
            return jnp.sum(found[0]), jnp.min(found[1]), jnp.max(found[2])

        return jax.lax.map(of_radius, radii)

    pairs, lowest, highest = jax.lax.map(of_pair, jax.random.split(key, num_draws))
    return Rises(pairs, jnp.min(lowest, axis=0), jnp.max(highest, axis=0))
