r"""SGD for a linear softmax student: exact first steps, simulated runs, and a bound on balls.

The cross-entropy is strongly convex on balls around $\theta^*$ alone. With Bayes class
probabilities a run stays in the ball where it starts. Other labels push it out of there, in $t$
steps by no more than $t\gamma\max\|\xi\|$ with $\xi$ what they add to the gradient; with the strong
convexity $\mu_t$ on the ball of that radius

$$\delta_{t+1}\le(1-\gamma\mu_t(2-\gamma L_{\max}))\,\delta_t+\gamma^2\sigma^2.$$

As $\mu_t\to0$ there is no neighbourhood.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import Key, Scalar
from kdtheory.objects.descent import Oracle, enumerated_distances, num_branches
from kdtheory.objects.objectives import (
    GradientLaw,
    SoftmaxObjective,
    fix_gauge,
    strong_convexity_on_ball,
)
from kdtheory.theorems.sgd_convergence import bounds, noise
from kdtheory.theorems.sgd_convergence.bounds import Geometric
from kdtheory.theorems.sgd_convergence.figures import DescentCurve, curve_of, simulated_curve

MOST_PATHS = 10_000
"""So many paths are walked exactly."""


def averaged_gradients(
    objective: SoftmaxObjective, parameters: Float[Array, "features logits"], num_labels_drawn: int
) -> GradientLaw:
    r"""Returns the law of the gradients with the mean of $k$ drawn labels for a target.

    Args:
        objective: the world.
        parameters: $\theta$.
        num_labels_drawn: $k$; one for one-hot labels.

    Example:
        >>> world = SoftmaxObjective.create([1.0], [[1.0]], [[0.0, 0.0]])
        >>> law = averaged_gradients(world, world.optimum, 2)
        >>> law.weights.tolist(), law.gradients[:, 0, 0].tolist()
        ([0.25, 0.5, 0.25], [-0.5, 0.0, 0.5])
    """
    num_labels = objective.label_probs.shape[1]
    drawn = itertools.combinations_with_replacement(range(num_labels), num_labels_drawn)
    counts = np.array([np.bincount(labels, minlength=num_labels) for labels in drawn])
    orders = [math.factorial(num_labels_drawn) / math.prod(map(math.factorial, c)) for c in counts]
    dtype = objective.label_probs.dtype
    powers = objective.label_probs[:, None, :] ** jnp.asarray(counts, dtype)[None]
    chances = jnp.asarray(orders, dtype)[None] * jnp.prod(powers, axis=2)

    def of_target(target: Any) -> Any:
        every = jnp.broadcast_to(target, objective.label_probs.shape)
        return objective.of_targets(every, parameters)

    gradients = jax.vmap(of_target, out_axes=1)(jnp.asarray(counts / num_labels_drawn, dtype))
    weights = objective.input_weights[:, None] * chances
    return GradientLaw(weights.reshape(-1), gradients.reshape(-1, *parameters.shape))


@functools.partial(jax.jit, static_argnames="num_steps")
def ball_bound(
    objective: SoftmaxObjective,
    start: Float[Array, "features labels"],
    step_size: Scalar | float,
    target_noise: Scalar | float,
    longest: Scalar | float,
    *,
    num_steps: int,
) -> Float[Array, "times"]:
    r"""Returns the bound on $\mathbb E\|\theta_t-\theta^*\|^2$ for $t=0,\dots,T$.

    Args:
        objective: the world, without a pinned logit.
        start: $\theta_0$, in the gauge of $\theta^*$.
        step_size: $\gamma$; from $2/L_{\max}$ on nothing is promised.
        target_noise: $\sigma^2$, what labels add to $\mathbb E\|g\|^2$.
        longest: the largest $\|\xi\|$.
        num_steps: $T$.
    """
    first = jnp.sum((start - objective.optimum) ** 2)
    smoothness = objective.component_smoothness

    def step(state: Any, time: Any) -> Any:
        radius = jnp.sqrt(first) + time * step_size * longest
        mu = strong_convexity_on_ball(objective, radius)
        rate = bounds.sharpened_bayes(step_size, smoothness, mu).rate
        moved = rate * state + step_size**2 * target_noise
        return moved, moved

    _, later = jax.lax.scan(step, first, jnp.arange(num_steps, dtype=first.dtype))
    promised = jnp.concatenate([first[None], later])
    return jnp.where(step_size * smoothness < 2, promised, jnp.inf)


def softmax_curves(
    objective: SoftmaxObjective,
    start: Float[Array, "features labels"],
    step_size: float,
    *,
    num_steps: int,
    teachers: Mapping[str, int | None],
    key: Key | None = None,
    num_runs: int = 4000,
) -> dict[str, DescentCurve]:
    r"""Returns curves of SGD for a linear softmax student.

    Distances are exact for the first steps, over all paths, and NaN after them; simulated runs
    cover all. The printed bound is that for exact labels, with the strong convexity on the first
    ball; of other labels nothing is printed that applies.

    Args:
        objective: the world, without a pinned logit.
        start: $\theta_0$; the gauge of $\theta^*$ is given to it.
        step_size: $\gamma$.
        num_steps: $T$.
        teachers: a name -> how many drawn labels its targets are the mean of; None for Bayes class
            probabilities.
        key: of simulated runs; none are drawn without.
        num_runs: how many runs.

    Raises:
        InputError: for a pinned world, a number of labels below one, or fewer than two runs.
    """
    if objective.pinned:
        _check.refuse(
            "objective", "a pinned logit", "a logit per label", "Create it with pinned=False."
        )
    first = fix_gauge(start) + objective.optimum - fix_gauge(objective.optimum)
    distance = jnp.sum((first - objective.optimum) ** 2)
    mu = strong_convexity_on_ball(objective, jnp.sqrt(distance))
    known = step_size, objective.component_smoothness, mu
    times = jnp.arange(num_steps + 1.0)
    curves = {}
    for index, (name, given) in enumerate(teachers.items()):
        drawn, oracle, printed = None, _bayes(objective), bounds.strongly_convex_bayes(*known)
        if given is not None:
            drawn = _check.integer(f"teachers[{name!r}]", given, low=1)
            oracle = functools.partial(_averaged, objective, drawn)
            # Not strongly convex on the whole space, which runs with such labels may see.
            printed = Geometric(jnp.asarray(1.0), jnp.asarray(jnp.inf))
        added = 0.0 if drawn is None else noise.noise_k_averaged(objective, float(drawn))
        longest = 0.0 if drawn is None else _longest(objective)
        promised = ball_bound(objective, first, step_size, added, longest, num_steps=num_steps)
        sharpened = bounds.sharpened_bayes(*known)
        if drawn is not None:
            # The rate is that of the ball where a run may be by then: no two steps have the same.
            sharpened = Geometric(jnp.asarray(jnp.nan), jnp.asarray(jnp.inf))
        simulated = None
        if key is not None:
            simulated = simulated_curve(
                jax.random.fold_in(key, index),
                oracle,
                first,
                objective.optimum,
                step_size,
                num_steps=num_steps,
                num_runs=num_runs,
            )
        curves[name] = curve_of(
            added,
            _first_steps(oracle, first, objective, step_size, num_steps),
            (printed.after(times, distance), promised),
            (printed, sharpened),
            simulated,
        )
    return curves


def _bayes(objective: SoftmaxObjective) -> Oracle:
    return objective.bayes_gradients


def _averaged(objective: SoftmaxObjective, num_labels_drawn: int, parameters: Any) -> GradientLaw:
    return averaged_gradients(objective, parameters, num_labels_drawn)


def _longest(objective: SoftmaxObjective) -> Scalar:
    r"""Returns the largest $\|\varphi\|\|e_y-P\|$ that has a chance; a mean is no longer."""
    probs = objective.label_probs
    squares = 1 - 2 * probs + jnp.sum(probs**2, axis=1, keepdims=True)
    possible = (objective.input_weights[:, None] * probs) > 0
    lengths = objective.squared_norms[:, None] * squares
    return jnp.sqrt(jnp.max(jnp.where(possible, lengths, 0.0)))


def _first_steps(
    oracle: Oracle, start: Any, objective: SoftmaxObjective, step_size: float, num_steps: int
) -> Any:
    branches = num_branches(oracle, start)
    walked = num_steps
    if branches > 1:
        walked = min(num_steps, int(math.log(MOST_PATHS) / math.log(branches)))
    exact = enumerated_distances(oracle, start, objective.optimum, step_size, num_steps=walked)
    return np.concatenate([exact, np.full(num_steps - walked, np.nan)])
