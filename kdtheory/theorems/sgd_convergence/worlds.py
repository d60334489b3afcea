"""Domains, instances and units that the claims of the room share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Source
from kdtheory.domains import Domain, box, reals, simplex
from kdtheory.objects.descent import Moments, QuadraticRun, quadratic_moments
from kdtheory.objects.objectives import QuadraticObjective, SoftmaxObjective, realisable
from kdtheory.theorems.papers import MORAD


def source(label: str) -> Source:
    """Returns where a statement stands, with a word on what kind of statement it is."""
    return Source(MORAD, f"{label}, reconstructed from the abstract and reviews")


# --- descent on a quadratic ----------------------------------------------------------------------


Limit = Callable[[QuadraticObjective], Scalar]
Runs = Callable[[tuple[int, ...]], Domain]


def _positive(value: Scalar) -> Scalar:
    """Returns the value, and one where it is zero and any step size will do."""
    return jnp.where(value > 0, value, 1.0)


def by_smoothness(
    multiple: float,
) -> Callable[[QuadraticObjective | SoftmaxObjective], Scalar]:
    r"""Returns objective -> a multiple of $1/L_{\max}$."""
    return lambda objective: multiple / _positive(objective.component_smoothness)


def by_pl(multiple: float) -> Limit:
    r"""Returns objective -> a multiple of $\mu/(L\mathcal L)$; one where $\mu=0$ allows nothing."""

    def limit(objective: QuadraticObjective) -> Scalar:
        product = objective.smoothness * objective.expected_smoothness
        return multiple * _positive(objective.strong_convexity / _positive(product))

    return limit


def distance(run: QuadraticRun) -> Scalar:
    r"""Returns $\mathbb E\|\theta_T-\theta^*\|^2$, exactly."""
    return _moments(run).distances[-1]


def excess(run: QuadraticRun) -> Scalar:
    r"""Returns $\mathbb Ef(\theta_T)-f^*$, exactly."""
    return jnp.dot(run.objective.mean_curvatures, _moments(run).square[-1]) / 2


def mean_excess(run: QuadraticRun) -> Scalar:
    r"""Returns the mean of $\mathbb Ef(\theta_t)-f^*$ over $t<T$, exactly."""
    squares = jnp.mean(_moments(run).square[:-1], axis=0)
    return jnp.dot(run.objective.mean_curvatures, squares) / 2


def _moments(run: QuadraticRun) -> Moments:
    return quadratic_moments(run.objective, run.start, run.step_size, num_steps=run.num_steps)


def start_distance(run: QuadraticRun) -> Scalar:
    r"""Returns $\|\theta_0-\theta^*\|^2$."""
    return jnp.sum((run.start - run.objective.optimum) ** 2)


def distance_scale(run: QuadraticRun) -> Scalar:
    r"""Returns $\|\theta_0\|^2+T\gamma^2\sigma^2$, the unit of a squared distance."""
    noise = run.num_steps * run.step_size**2 * run.objective.noise
    return start_distance(run) + noise + jnp.finfo(run.start.dtype).tiny


def excess_scale(run: QuadraticRun) -> Scalar:
    r"""Returns $L$ times the unit of a squared distance, the unit of an excess risk."""
    return run.objective.smoothness * distance_scale(run) + jnp.finfo(run.start.dtype).tiny


def _centred(weights: Any, values: Any) -> Any:
    return values - jnp.tensordot(weights, values, 1)[None]


def noisy_runs(limit: Limit) -> Runs:
    """Returns size -> runs on quadratics with any noise: (components, features, steps).

    Args:
        limit: objective -> the largest step size; a fraction of it is a coordinate.
    """

    def objective(weights: Any, curvatures: Any, slopes: Any) -> QuadraticObjective:
        optimum = jnp.zeros_like(curvatures[0])
        return QuadraticObjective(weights, curvatures, _centred(weights, slopes), optimum)

    def parts_of(own: QuadraticObjective) -> tuple[Any, ...]:
        return own.weights, own.curvatures, own.gradients_at_optimum

    return _runs(limit, objective, parts_of)


def labelled_runs(limit: Limit) -> Runs:
    """Returns size -> runs on quadratics whose noise is that of labels, two to every component.

    Args:
        limit: as of `noisy_runs`.
    """

    def parts_of(own: QuadraticObjective) -> tuple[Any, ...]:
        half = own.weights.shape[0] // 2
        return 2 * own.weights[:half], own.curvatures[:half], own.gradients_at_optimum[:half]

    return _runs(limit, two_labels, parts_of)


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


def interpolated_runs(limit: Limit) -> Runs:
    """Returns size -> runs on quadratics whose components have a common optimum.

    Args:
        limit: as of `noisy_runs`.
    """

    def objective(weights: Any, curvatures: Any) -> QuadraticObjective:
        still, optimum = jnp.zeros_like(curvatures), jnp.zeros_like(curvatures[0])
        return QuadraticObjective(weights, curvatures, still, optimum)

    return _runs(limit, objective, lambda own: (own.weights, own.curvatures), noisy=False)


def _runs(limit: Limit, objective_of: Callable, parts_of: Callable, *, noisy: bool = True) -> Runs:
    def domain(size: tuple[int, ...]) -> Domain:
        components, features, num_steps = size
        parts = simplex(components) * box(0, 1, components, features)
        parts = parts * reals(components, features) if noisy else parts
        parts = parts * reals(features) * box(0, 1)

        def build(*given: Any) -> QuadraticRun:
            *own, start, fraction = given
            objective = objective_of(*own)
            return QuadraticRun(objective, start, fraction * limit(objective), num_steps)

        def split(run: QuadraticRun) -> tuple[Any, ...]:
            return *parts_of(run.objective), run.start, run.step_size / limit(run.objective)

        names = "weights", "curvatures", *(("noise",) if noisy else ()), "start"
        return parts.named(*names, "fraction_of_largest_step").map(build, split)

    return domain


def run_case(
    weights: Any, curvatures: Any, slopes: Any, start: Any, step_size: Any, num_steps: int
) -> QuadraticRun:
    """Returns a run from nested lists."""
    made = arrays(weights, curvatures, slopes, start)
    law, curved, slope, first = made
    objective = QuadraticObjective(law, curved, slope, jnp.zeros_like(first))
    return QuadraticRun(objective, first, jnp.asarray(step_size, dtype=float), num_steps)


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
    made = arrays(weights, features, optimum)
    point = made[2] if parameters is None else jnp.asarray(parameters, dtype=float)
    return realisable(*made), point, jnp.asarray(number, dtype=float)


def largest_squared_norm(world: SoftmaxObjective, *_: Any) -> Scalar:
    r"""Returns $\max\|\varphi\|^2$, the unit of gradient noise."""
    return jnp.max(world.squared_norms) + jnp.finfo(world.features.dtype).tiny
