"""Sampling and ascent: how instances are found, knowing nothing of a claim but its record."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Claim
from kdtheory.results import Search
from kdtheory.tools._compile import compiled
from kdtheory.tools._traced import domain_of, float_width, instance_at
from kdtheory.tools.evaluate import assess

SPREADS = (0.1, 0.3, 1.0, 3.0)
"""Standard deviations of the coordinates: from deep inside the domain to mostly on its faces."""

STARTS = 256
STEPS = 100


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
    claim: Claim, size: tuple[int, ...], rng: np.random.Generator, *, rounds: int = 1
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

    Returns:
        What was found, over all rounds.
    """
    domain = domain_of(claim, size)
    run = compiled(claim, "search", (size, float_width()), lambda: _program(claim, domain))
    batches = [
        jax.device_get(run(random_points(rng, STARTS, domain.dimension))) for _ in range(rounds)
    ]
    merged = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    order = np.argsort(merged["slack"], kind="stable")
    weakening = float(merged["weakening"].min())
    record = Search(
        size=size,
        evaluations=rounds * STARTS * STEPS,
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


def _program(claim: Claim, domain: Any) -> Callable[[Any], dict[str, Any]]:
    def objective(point: Any) -> tuple[Any, Visit]:
        values = assess(claim, instance_at(domain, point)[1])
        violation = -values["slack"]
        outside = jnp.minimum(values["margin"], 0.0)
        admissible = values["margin"] >= -rounding_tolerance(violation.dtype)
        undefined = jnp.isnan(values["slack"])
        return jnp.where(outside < 0, 10.0 * outside, violation), Visit(
            slack=jnp.where(admissible & ~undefined, values["slack"], jnp.inf),
            lowest={"weakening": jnp.where(admissible, values["weakening"], jnp.inf)},
            counted={"admissible": admissible, "undefined": admissible & undefined},
            odd=admissible & undefined,
        )

    return lambda starts: climb(objective, starts)


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
    objective: Callable[..., tuple[Any, Visit]],
    starts: Any,
    *context: Any,
    rate: Any = 0.3,
    pull: Any = 0.02,
) -> dict[str, Any]:
    """Climbs an objective from many starts at once (traceable).

    Args:
        objective: (point, *context of its start) -> the value to climb and the `Visit`.
        starts: shape (starts, dimension).
        context: arrays with one entry per start.
        rate: the length of the first step; the last is a hundredth of it.
        pull: how strongly, relative to the rate, coordinates are drawn to the origin.

    Returns:
        Per start: "point" and "slack" of its best visit, "odd point", and the named numbers of
        all its visits.
    """
    gradient = jax.vmap(jax.value_and_grad(objective, has_aux=True))

    def step(state: dict[str, Any], index: Any) -> tuple[dict[str, Any], None]:
        (_, visit), slope = gradient(state["current"], *context)
        better = visit.slack < state["slack"]
        slope = jnp.where(jnp.isfinite(slope), slope, 0.0)
        # Normalised, so that the step length does not depend on the claim's unit.
        norm = jnp.linalg.norm(slope, axis=-1, keepdims=True)
        slope = slope / jnp.where(norm > 0, norm, 1.0)
        first = 0.9 * state["first"] + 0.1 * slope
        second = 0.99 * state["second"] + 0.01 * slope**2
        age = index + 1.0
        corrected = (first / (1 - 0.9**age)) / (jnp.sqrt(second / (1 - 0.99**age)) + 1e-8)
        now = rate * 0.01 ** (index / STEPS)
        return {
            "current": state["current"] * (1 - pull * now) + now * corrected,
            "first": first,
            "second": second,
            "point": jnp.where(better[:, None], state["current"], state["point"]),
            "slack": jnp.where(better, visit.slack, state["slack"]),
            "odd point": jnp.where(visit.odd[:, None], state["current"], state["odd point"]),
            **{name: jnp.minimum(value, state[name]) for name, value in visit.lowest.items()},
            **{name: state[name] + value for name, value in visit.counted.items()},
        }, None

    zeros, worst = jnp.zeros_like(starts), jnp.full(len(starts), jnp.inf, starts.dtype)
    names = jax.eval_shape(objective, starts[0], *(values[0] for values in context))[1]
    state = {
        "current": starts,
        "first": zeros,
        "second": zeros,
        "point": starts,
        "slack": worst,
        "odd point": starts,
        **dict.fromkeys(names.lowest, worst),
        **{name: jnp.zeros(len(starts), dtype=int) for name in names.counted},
    }
    final, _ = jax.lax.scan(step, state, jnp.arange(STEPS, dtype=starts.dtype))
    return {name: final[name] for name in final if name not in ("current", "first", "second")}
