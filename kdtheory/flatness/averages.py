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
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from kdtheory._student import student_margin
from kdtheory._types import Key
from kdtheory.flatness.batches import Loss, batches, each, num_examples
from kdtheory.flatness.records import Estimate
from kdtheory.theorems.sharpness_aware.draws import uniform_in_ball
from kdtheory.tools._sequential import empirical_bernstein


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


def student_interval(values: Any, level: float, rounding: float = 0.0) -> Estimate:
    """Returns the mean of a sample with Student's interval, which is asymptotic.

    Args:
        values: at least two numbers; if one is not finite, neither is anything of the result.
        level: its nominal coverage.
        rounding: by how much a value may be off, all of them to the same side; added to both ends.

    Example:
        >>> found = student_interval([1.0, 2.0, 3.0], 0.95)  # 2 +- 4.3027/sqrt(3)
        >>> print(f"{found.value:g}: {found.low:.4f} to {found.high:.4f}")
        2: -0.4841 to 4.4841
    """
    sample = np.asarray(values, float)
    if not np.isfinite(sample).all():
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    mean, spread, half = map(float, student_margin(sample, level))
    margin = half + rounding
    return Estimate(mean, mean - margin, mean + margin, spread)


_HALVINGS = 40


def sound_interval(
    mean: float, spread: float, num_draws: int, ends: tuple[float, float], level: float
) -> tuple[float, float]:
    """Returns an interval for a mean that holds at its level, however few draws there are.

    It is where the evidence of the empirical Bernstein mixture against a mean stays below twice
    the inverse of the chance of error, with squares centred at zero.

    Args:
        mean: of the draws.
        spread: their standard deviation (with the number of draws minus one).
        num_draws: how many independent draws.
        ends: numbers, the first not above zero and the second not below, between which every draw
            lies; known beforehand.
        level: its coverage.
    """
    low, high = ends
    width = high - low
    if width == 0:
        return low, high
    share = mean / width
    square = ((num_draws - 1) * (spread / width) ** 2) + num_draws * share**2
    sums = np.array([num_draws * share, square])
    needed = math.log(2.0 / (1.0 - level))

    def disputed(candidate: float, side: int) -> bool:
        # Side 0 disputes means that are too small, side 1 those that are too large.
        process = empirical_bernstein(candidate / width)
        return bool(process.evidence(num_draws, sums)[side] >= needed)

    found = []
    for side, outer in ((0, low), (1, high)):
        inner, end = mean, outer
        if disputed(end, side):
            for _ in range(_HALVINGS):
                middle = 0.5 * (inner + end)
                inner, end = (inner, middle) if disputed(middle, side) else (middle, end)
        found.append(end)
    return found[0], found[1]
