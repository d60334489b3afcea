"""Monte Carlo replicates straight from the definitions: labels are drawn, gradients taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.descent import QuadraticRun, simulated_distances
from kdtheory.objects.objectives import SoftmaxObjective
from kdtheory.theorems._sampling import categorical


def _walk(key: Key, run: QuadraticRun) -> Scalar:
    walked = simulated_distances(
        key,
        run.objective.gradients,
        run.start,
        run.objective.optimum,
        run.step_size,
        num_steps=run.num_steps,
        num_runs=1,
    )
    return walked[0, -1]


def _walk_bounds(run: QuadraticRun) -> tuple[Scalar, Scalar]:
    # No step size of a claim exceeds 2/L, so that |1 - gamma c| <= 1 and distances add up.
    norms = jnp.sqrt(jnp.sum(run.objective.gradients_at_optimum**2, axis=1))
    drawn = jnp.max(jnp.where(run.objective.weights > 0, norms, 0.0))
    reach = jnp.sqrt(jnp.sum(run.start**2)) + run.num_steps * run.step_size * drawn
    return jnp.zeros_like(reach), reach**2


DISTANCE = Draw(_walk, bounds=_walk_bounds)
r"""Draws $\|\theta_T-\theta^*\|^2$: SGD is run."""


Target = Callable[[Key, Any, Any], Any]


def noise_draw(target: Target, largest: Callable[[int, Any], Any]) -> Draw:
    r"""Returns the draw of $\|g(q)-g(P)\|^2$: an input and a target are drawn.

    Args:
        target: (key, $P(x)$, the instance's number) -> a target $q$.
        largest: (labels, the number) -> a bound on $\|(\sum_kq_k-1)p-(q-P)\|^2$.
    """

    def sample(key: Key, world: SoftmaxObjective, point: Any, number: Any) -> Scalar:
        first, second = jax.random.split(key)
        x = categorical(jax.random.uniform(first), world.input_weights)
        probs = world.label_probs[x]

        def loss(parameters: Any, weights: Any) -> Any:
            return -jnp.dot(weights, jax.nn.log_softmax(world.features[x] @ parameters))

        change = target(second, probs, number) - probs
        # The loss is linear in the target: the difference of gradients is that of the change.
        return jnp.sum(jax.grad(loss)(point, change) ** 2)

    def bounds(world: SoftmaxObjective, _: Any, number: Any) -> tuple[Scalar, Scalar]:
        norm = jnp.max(jnp.sum(world.features**2, axis=1))
        bound = norm * largest(world.label_probs.shape[1], number)
        return jnp.zeros_like(bound), bound

    return Draw(sample, bounds=bounds)


def drawn_label(key: Key, probs: Any, _: Any = None) -> Any:
    """Returns a one-hot label."""
    chosen = categorical(jax.random.uniform(key), probs)
    return (jnp.arange(probs.shape[0]) == chosen).astype(probs.dtype)


def additive_target(key: Key, probs: Any, variance: Any) -> Any:
    """Returns the probabilities with an independent sign of that variance on each."""
    signs = jax.random.rademacher(key, probs.shape).astype(probs.dtype)
    return probs + jnp.sqrt(variance) * signs


def centred_target(key: Key, probs: Any, variance: Any) -> Any:
    """Returns the same with the mean of the errors taken off."""
    moved = additive_target(key, probs, variance) - probs
    return probs + moved - jnp.mean(moved)


def dirichlet_target(key: Key, probs: Any, concentration: Any) -> Any:
    r"""Returns a draw of $\mathrm{Dirichlet}(a_0P)$."""
    return jax.random.dirichlet(key, concentration * probs).astype(probs.dtype)


def averaged_target(num_labels_drawn: int) -> Target:
    """Returns the draw of the mean of so many labels."""

    def target(key: Key, probs: Any, _: Any) -> Any:
        keys = jax.random.split(key, num_labels_drawn)
        return jnp.mean(jax.vmap(drawn_label, in_axes=(0, None))(keys, probs), axis=0)

    return target
