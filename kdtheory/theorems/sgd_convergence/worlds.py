"""Domains, instances and units that the claims of the room share."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import Scalar
from kdtheory.claim import Source
from kdtheory.domains import Domain, box, reals, simplex
from kdtheory.objects.descent import quadratic_moments
from kdtheory.objects.objectives import QuadraticObjective, SoftmaxObjective, realisable
from kdtheory.theorems.papers import MORAD


def source(label: str) -> Source:
    """Returns where a statement stands, with a word on what kind of statement it is."""
    return Source(MORAD, f"{label}, reconstructed from the abstract and reviews")


# --- descent on a quadratic ----------------------------------------------------------------------


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["objective", "start", "fraction"],
    meta_fields=["num_steps"],
)
@dataclasses.dataclass(frozen=True)
class Run:
    r"""SGD on a quadratic whose optimum is zero.

    Attributes:
        objective: the quadratic.
        start: $\theta_0$, shape ``(features,)``.
        fraction: the step size, in units of the largest that a claim speaks of.
        num_steps: $T$, an int.
    """

    objective: QuadraticObjective
    start: Float[Array, "features"]
    fraction: Scalar
    num_steps: int


Limit = Callable[[QuadraticObjective], Scalar]


def _positive(value: Scalar) -> Scalar:
    """Returns the value, and one where it is zero and any step size will do."""
    return jnp.where(value > 0, value, 1.0)


def by_smoothness(multiple: float) -> Limit:
    r"""Returns objective -> a multiple of $1/L_{\max}$."""
    return lambda objective: multiple / _positive(objective.component_smoothness)


def by_pl(multiple: float) -> Limit:
    r"""Returns objective -> a multiple of $\mu/(L\mathcal L)$."""

    def limit(objective: QuadraticObjective) -> Scalar:
        product = objective.smoothness * objective.expected_smoothness
        return multiple * objective.strong_convexity / _positive(product)

    return limit


def distance(run: Run, limit: Limit) -> Scalar:
    r"""Returns $\mathbb E\|\theta_T-\theta^*\|^2$, exactly."""
    return _moments(run, limit).distances[-1]


def excess(run: Run, limit: Limit) -> Scalar:
    r"""Returns $\mathbb Ef(\theta_T)-f^*$, exactly."""
    return jnp.dot(run.objective.mean_curvatures, _moments(run, limit).square[-1]) / 2


def mean_excess(run: Run, limit: Limit) -> Scalar:
    r"""Returns the mean of $\mathbb Ef(\theta_t)-f^*$ over $t<T$, exactly."""
    squares = jnp.mean(_moments(run, limit).square[:-1], axis=0)
    return jnp.dot(run.objective.mean_curvatures, squares) / 2


def _moments(run: Run, limit: Limit) -> Any:
    step_size = run.fraction * limit(run.objective)
    return quadratic_moments(run.objective, run.start, step_size, num_steps=run.num_steps)


def start_distance(run: Run) -> Scalar:
    r"""Returns $\|\theta_0-\theta^*\|^2$."""
    return jnp.sum((run.start - run.objective.optimum) ** 2)


def distance_scale(limit: Limit) -> Callable[[Run], Scalar]:
    r"""Returns run -> $\|\theta_0\|^2+T\gamma^2\sigma^2$, the unit of a squared distance."""

    def scale(run: Run) -> Scalar:
        step_size = run.fraction * limit(run.objective)
        noise = run.num_steps * step_size**2 * run.objective.noise
        return start_distance(run) + noise + jnp.finfo(run.start.dtype).tiny

    return scale


def excess_scale(limit: Limit) -> Callable[[Run], Scalar]:
    r"""Returns run -> $L$ times the unit of a squared distance, the unit of an excess risk."""
    of_distance = distance_scale(limit)

    def scale(run: Run) -> Scalar:
        return run.objective.smoothness * of_distance(run) + jnp.finfo(run.start.dtype).tiny

    return scale


def _centred(weights: Any, values: Any) -> Any:
    return values - jnp.tensordot(weights, values, 1)[None]


def noisy_runs(size: tuple[int, ...]) -> Domain:
    """Returns runs on quadratics with any noise: (components, features, steps)."""
    components, features, num_steps = size
    parts = simplex(components) * box(0, 1, components, features) * reals(components, features)
    parts = parts * reals(features) * box(0, 1)

    def build(weights: Any, curvatures: Any, slopes: Any, start: Any, fraction: Any) -> Run:
        optimum = jnp.zeros_like(start)
        objective = QuadraticObjective(weights, curvatures, _centred(weights, slopes), optimum)
        return Run(objective, start, fraction, num_steps)

    def split(run: Run) -> tuple[Any, ...]:
        own = run.objective
        return own.weights, own.curvatures, own.gradients_at_optimum, run.start, run.fraction

    names = "weights", "curvatures", "gradients_at_optimum", "start", "fraction"
    return parts.named(*names).map(build, split)


def interpolated_runs(size: tuple[int, ...]) -> Domain:
    """Returns runs on quadratics whose components have a common optimum."""
    components, features, num_steps = size
    parts = simplex(components) * box(0, 1, components, features) * reals(features) * box(0, 1)

    def build(weights: Any, curvatures: Any, start: Any, fraction: Any) -> Run:
        still = jnp.zeros_like(curvatures)
        objective = QuadraticObjective(weights, curvatures, still, jnp.zeros_like(start))
        return Run(objective, start, fraction, num_steps)

    def split(run: Run) -> tuple[Any, ...]:
        return run.objective.weights, run.objective.curvatures, run.start, run.fraction

    return parts.named("weights", "curvatures", "start", "fraction").map(build, split)


def two_labels(weights: Any, curvatures: Any, slopes: Any) -> QuadraticObjective:
    r"""Returns the quadratic in which every component has two labels, equally likely.

    They add $+\xi_i$ and $-\xi_i$ to its gradient: noise of mean zero given the component.
    """
    return QuadraticObjective(
        jnp.concatenate([weights, weights]) / 2,
        jnp.concatenate([curvatures, curvatures]),
        jnp.concatenate([slopes, -slopes]),
        jnp.zeros_like(curvatures[0]),
    )


def labelled_runs(size: tuple[int, ...]) -> Domain:
    """Returns runs on quadratics whose noise is that of labels, two to every component."""
    components, features, num_steps = size
    parts = simplex(components) * box(0, 1, components, features) * reals(components, features)
    parts = parts * reals(features) * box(0, 1)

    def build(weights: Any, curvatures: Any, slopes: Any, start: Any, fraction: Any) -> Run:
        return Run(two_labels(weights, curvatures, slopes), start, fraction, num_steps)

    def split(run: Run) -> tuple[Any, ...]:
        own, half = run.objective, run.objective.weights.shape[0] // 2
        slopes = own.gradients_at_optimum[:half]
        return 2 * own.weights[:half], own.curvatures[:half], slopes, run.start, run.fraction

    names = "weights", "curvatures", "label_noise", "start", "fraction"
    return parts.named(*names).map(build, split)


def run_case(
    weights: Any, curvatures: Any, slopes: Any, start: Any, fraction: float, num_steps: int
) -> Run:
    """Returns a run from nested lists."""
    arrays = [jnp.asarray(part, dtype=float) for part in (weights, curvatures, slopes, start)]
    law, curved, slope, first = arrays
    objective = QuadraticObjective(law, curved, slope, jnp.zeros_like(first))
    return Run(objective, first, jnp.asarray(fraction, dtype=float), num_steps)


# --- softmax worlds -------------------------------------------------------------------------------


def softmax_worlds(size: tuple[int, ...]) -> Domain:
    """Returns linear softmax worlds with a parameter and a number: (inputs, features, labels)."""
    inputs, features, labels = size
    parts = simplex(inputs) * box(-1, 1, inputs, features) * box(-2, 2, features, labels)
    parts = parts * box(-2, 2, features, labels) * box(0.125, 4)

    def build(weights: Any, table: Any, optimum: Any, point: Any, number: Any) -> Any:
        return realisable(weights, table, optimum), point, number

    def split(instance: Any) -> tuple[Any, ...]:
        world, point, number = instance
        return world.input_weights, world.features, world.optimum, point, number

    names = "input_weights", "features", "optimum", "parameters", "number"
    return parts.named(*names).map(build, split)


def softmax_case(
    weights: Any, features: Any, optimum: Any, parameters: Any = None, number: float = 1.0
) -> tuple[SoftmaxObjective, Any, Any]:
    """Returns a softmax world with a parameter and a number from nested lists."""
    arrays = [jnp.asarray(part, dtype=float) for part in (weights, features, optimum)]
    point = arrays[2] if parameters is None else jnp.asarray(parameters, dtype=float)
    return realisable(*arrays), point, jnp.asarray(number, dtype=float)


def largest_squared_norm(world: SoftmaxObjective, *_: Any) -> Scalar:
    r"""Returns $\max\|\varphi\|^2$, the unit of gradient noise."""
    return jnp.max(world.squared_norms) + jnp.finfo(world.features.dtype).tiny
