"""Sampling and ascent: how instances are found, knowing nothing of a claim but its record."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from kdtheory._devices import by_units
from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Claim
from kdtheory.domains import Domain
from kdtheory.results import Search
from kdtheory.tools._compile import compiled
from kdtheory.tools._traced import (
    building_operations,
    domain_of,
    float_width,
    instance_at,
    operations,
)
from kdtheory.tools.evaluate import (
    BUILT,
    MANY,
    Assessment,
    assess,
    assess_instances,
    building,
    entry,
    form_of,
    instances_at,
    stack,
)

SPREADS = (0.1, 0.3, 1.0, 3.0)
"""Standard deviations of the coordinates: from deep inside the domain to mostly on its faces."""

STARTS = BUILT
STEPS = 100

FURTHER = 10
"""Steps between the first violation and the question whether it is enough."""

ASKED = 8
"""How many starts the question is asked of: the worst point may be one that nobody can judge."""


@dataclasses.dataclass(frozen=True)
class Ascent:
    """The outcome of one search.

    Attributes:
        record: what it spent and found.
        points: the best point of every start, best first.
        slacks: their slacks.
        undefined: the last admissible point where a side was NaN, of every start that met one.
    """

    record: Search
    points: npt.NDArray[np.float64]
    slacks: npt.NDArray[np.float64]
    undefined: npt.NDArray[np.float64]


def random_points(rng: np.random.Generator, count: int, dimension: int) -> npt.NDArray[np.float64]:
    """Returns points of all spreads in turn, shape (count, dimension)."""
    spreads = np.resize(SPREADS, count)[:, None]
    return rng.normal(size=(count, dimension)) * spreads


def ascend(
    claim: Claim,
    size: tuple[int, ...],
    rng: np.random.Generator,
    *,
    rounds: int = 1,
    enough: Callable[[Any], bool] | None = None,
) -> Ascent:
    """Climbs the violation of a claim, in its scale, from many starts at once.

    Adam with a decaying step; a non-finite gradient counts as zero, and coordinates are pulled
    weakly towards the origin so that one pushed beyond a clipped face finds its way back. Where
    an assumption fails, the objective is the amount by which it fails.

    Args:
        claim: the claim.
        size: the static size.
        rng: source of the starting points.
        rounds: how many times to start afresh.
        enough: tells of a point that violates the claim whether the search may end with it.

    Returns:
        What was found, over all rounds.
    """
    domain = domain_of(claim, size)

    def visit(points: Any) -> tuple[Visit, Any]:
        instances = building(domain)(points)
        (_, (met, _)), slope = slopes(claim, size, instances)
        return met, _pulled_back(domain, points, slope)

    climbs: list[dict[str, Any]] = []
    # Devices share the rounds; but the first one alone may be enough.
    for together in (
        [rounds] if enough is None else [1] * (rounds > 0) + [rounds - 1] * (rounds > 1)
    ):
        starts = [random_points(rng, STARTS, domain.dimension) for _ in range(together)]
        everywhere = functools.partial(by_units, visit, STARTS)
        climbs.append(climb(everywhere, np.concatenate(starts), enough=enough))
        if climbs[-1]["visits"].min() < STEPS:
            break
    merged = {name: np.concatenate([one[name] for one in climbs]) for name in climbs[0]}
    order = np.argsort(merged["slack"], kind="stable")
    weakening = float(merged["weakening"].min())
    record = Search(
        size=size,
        evaluations=int(merged["visits"].sum()),
        worst_slack=float(merged["slack"].min()),
        detectable_weakening=weakening if np.isfinite(weakening) else None,
        admissible=int(merged["admissible"].sum()),
        undefined=int(merged["undefined"].sum()),
    )
    return Ascent(
        record,
        merged["point"][order].astype(np.float64),
        merged["slack"][order],
        merged["odd point"][merged["undefined"] > 0].astype(np.float64),
    )


def slopes(claim: Claim, size: tuple[int, ...], instances: Any) -> Any:
    """Evaluates a claim at instances, and what leads to a violation from each.

    Args:
        claim: the claim.
        size: the static size.
        instances: instances of that size, stacked, `STARTS` for every device.

    Returns:
        ((what is climbed, (the visit, the assessment)), its gradient in the floating-point leaves
        of the instances), with one entry per instance.
    """

    def objective(floats: list[Any], instance: Any) -> tuple[Any, tuple[Visit, Assessment]]:
        leaves, structure = jax.tree.flatten(instance)
        given = iter(floats)
        leaves = [next(given) if _is_float(leaf) else leaf for leaf in leaves]
        values = assess(claim, jax.tree.unflatten(structure, leaves))
        violation = -values["slack"]
        outside = jnp.minimum(values["margin"], 0.0)
        admissible = values["margin"] >= -rounding_tolerance(violation.dtype)
        undefined = jnp.isnan(values["slack"])
        visit = Visit(
            slack=jnp.where(admissible & ~undefined, values["slack"], jnp.inf),
            lowest={"weakening": jnp.where(admissible, values["weakening"], jnp.inf)},
            counted={"admissible": admissible, "undefined": admissible & undefined},
            odd=admissible & undefined,
        )
        return jnp.where(outside < 0, 10.0 * outside, violation), (visit, values)

    def long() -> bool:
        form = lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype)  # noqa: E731
        return operations(claim, jax.tree.map(form, instances)) > MANY

    build = lambda: gradient_of(objective)  # noqa: E731
    run = compiled(claim, "search", (size, float_width()), build, long=long)
    return run(_floats(instances), instances)


def _is_float(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jnp.floating)


def _floats(instance: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(instance) if _is_float(leaf)]


def _pulled_back(domain: Domain, points: Any, slopes: list[Any]) -> Any:
    """Returns gradients in the points from those in the instances there (in `_floats` of them)."""

    def one(point: Any, slope: list[Any]) -> Any:
        return jax.vjp(lambda at: _floats(instance_at(domain, at)[1]), point)[1](slope)[0]

    long = lambda: building_operations(domain) > MANY  # noqa: E731
    run = compiled(domain, "pull back", (float_width(),), lambda: jax.vmap(one), long=long)
    return run(points, slopes)


def assess_searched(claim: Claim, size: tuple[int, ...], points: Any) -> Assessment:
    """Evaluates a claim at many points as `assess_points` does, with the program of the search."""
    return _values(claim, size, instances_at(domain_of(claim, size), points))


def assess_members(claim: Claim, instances: Sequence[Any]) -> list[Assessment]:
    """Evaluates a claim as `assess_instances` does, of the home size with the search's program."""
    size = claim.sizes[0]
    form = _form(domain_of(claim, size), float_width())
    arrays = [jax.tree.map(np.asarray, instance) for instance in instances]
    at_home = [form_of(instance) == form for instance in arrays]
    members = [instance for instance, fits in zip(arrays, at_home, strict=True) if fits]
    others = [instance for instance, fits in zip(arrays, at_home, strict=True) if not fits]
    values = _values(claim, size, stack(members)) if members else {}
    searched = (entry(values, position) for position in range(len(members)))
    remaining = iter(assess_instances(claim, others))
    return [next(searched if fits else remaining) for fits in at_home]


def _values(claim: Claim, size: tuple[int, ...], instances: Any) -> Assessment:
    def assessed(batch: Any) -> Assessment:
        (_, (_, values)), _ = slopes(claim, size, batch)
        return values

    return by_units(assessed, STARTS, instances)


@functools.lru_cache(maxsize=64)
def _form(domain: Domain, _: str) -> Hashable:
    """Returns the form of the instances that a domain builds in the current precision."""
    built = instances_at(domain, np.zeros((1, domain.dimension)))
    return form_of(jax.tree.map(lambda leaf: leaf[0], built))


def gradient_of(objective: Callable[..., Any]) -> Callable[..., Any]:
    """Returns (points, ...) -> ((values, what comes with them), gradients), for many at once."""
    return jax.vmap(jax.value_and_grad(objective, has_aux=True))


class Visit(NamedTuple):
    """What an objective says of a point besides its value.

    Attributes:
        slack: the smallest one makes the best point of a start; inf for a point that is none.
        lowest: numbers of which the smallest is kept, per start.
        counted: booleans that are counted, per start.
        odd: whether to keep the point besides the best one; the last such point stays.
    """

    slack: Any
    lowest: dict[str, Any]
    counted: dict[str, Any]
    odd: Any


def climb(
    visit: Callable[..., tuple[Visit, Any]],
    starts: Any,
    *context: Any,
    rate: Any = 0.3,
    pull: float = 0.02,
    enough: Callable[[Any], bool] | None = None,
) -> dict[str, Any]:
    """Climbs an objective from many starts at once.

    Args:
        visit: (points, *context) -> the `Visit` of each point, and the gradients there.
        starts: shape (starts, dimension).
        context: arrays with one entry per start.
        rate: the length of the first step; the last is a hundredth of it.
        pull: how strongly, relative to the rate, coordinates are drawn to the origin.
        enough: tells of a point whether to stop there; it is asked once, `FURTHER` steps after the
            first violation, of the points that violate most.

    Returns:
        Per start: "point" and "slack" of its best visit, "odd point", the named numbers of all its
        visits, and how many "visits" there were.
    """
    current = np.asarray(starts, dtype=float_width())
    first, second = np.zeros_like(current), np.zeros_like(current)
    best, odd, slack = current, current, np.full(len(current), np.inf)
    numbers: dict[str, Any] = {}
    asked = STEPS
    for step in range(STEPS):
        met, slope = jax.device_get(visit(current, *context))
        better = met.slack < slack
        slack = np.where(better, met.slack, slack)
        best = np.where(better[:, None], current, best)
        odd = np.where(np.asarray(met.odd)[..., None], current, odd)
        for name, value in met.lowest.items():
            numbers[name] = np.minimum(value, numbers.get(name, np.inf))
        for name, value in met.counted.items():
            numbers[name] = value + numbers.get(name, 0)
        if enough is not None:
            violated = slack < -rounding_tolerance(current.dtype)
            if violated.any():
                asked = min(asked, step + FURTHER)
            worst = np.argsort(slack, kind="stable")[: min(ASKED, violated.sum())]
            if step == asked and any(map(enough, best[worst])):
                break
        with np.errstate(all="ignore"):
            current, first, second = _moved(current, slope, first, second, step, rate, pull)
    visits = np.full(len(best), step + 1)
    return {"point": best, "slack": slack, "odd point": odd, "visits": visits, **numbers}


def _moved(
    current: Any, slope: Any, first: Any, second: Any, step: int, rate: Any, pull: float
) -> tuple[Any, Any, Any]:
    """Returns the points after one step of Adam, and its averages."""
    slope = np.where(np.isfinite(slope), slope, 0.0)
    # Normalised, so that the step length does not depend on the claim's unit.
    norm = np.linalg.norm(slope, axis=-1, keepdims=True)
    slope = slope / np.where(norm > 0, norm, 1.0)
    first = 0.9 * first + 0.1 * slope
    second = 0.99 * second + 0.01 * slope**2
    age = step + 1
    corrected = (first / (1 - 0.9**age)) / (np.sqrt(second / (1 - 0.99**age)) + 1e-8)
    now = rate * 0.01 ** (step / STEPS)
    return (current * (1 - pull * now) + now * corrected).astype(current.dtype), first, second
