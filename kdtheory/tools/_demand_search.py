"""Climbs what instances demand of a constant, ever closer to the supremum."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._numerics import rounding_tolerance
from kdtheory.tools._compile import compiled
from kdtheory.tools._demand import Probes, demanded
from kdtheory.tools._search import STARTS, STEPS, Visit, climb, gradient_of, random_points

ROOMY = 1e-3
"""The handicap under which, of equally extreme instances, one with room is found: large numbers,
vertices and ends of intervals, which round to simple fractions."""

STAGES = 6
"""Polishing stages. Each has steps down to a tenth of those before (and up to ten times as long,
towards a supremum at infinity), and a hundredth of the handicap."""

REFINED = 4
"""How many of the best points end with a quasi-Newton ascent each."""

WALL = 1e30
"""What a quasi-Newton ascent sees where an instance demands nothing."""

KEPT = 16
"""How many points go from one stage to the next."""


@dataclasses.dataclass
class Climbed:
    """Where a search has got to.

    Attributes:
        best: its best points, best first.
        roomy: those found under the handicap `ROOMY`.
        scores: the best score after the search, after every stage, and in the end, twice.
    """

    best: Any
    roomy: Any
    scores: list[float]


def climb_demands(
    probes: Probes, sign: int, rng: np.random.Generator, rounds: int
) -> tuple[Climbed, dict[str, int]]:
    """Climbs what instances demand, then polishes the best of them."""
    build = lambda: gradient_of(_objective(probes))  # noqa: E731
    run = compiled(probes.claim, "constant", (probes.size,), build)
    dimension, least = probes.domain.dimension, rounding_tolerance("float64")
    counted = {"admissible": 0, "undefined": 0, "crooked": 0, "visits": 0}
    signs = np.full(STARTS, float(sign))

    def visit(*where: Any) -> tuple[Visit, Any]:
        (_, met), slope = run(*where)
        return met, slope

    def climbs(starts: Any, handicaps: Any, rates: Any, pull: float) -> tuple[Any, Any]:
        visited = climb(visit, starts, handicaps, signs, rate=rates[:, None], pull=pull)
        for name in ("admissible", "undefined", "crooked"):
            counted[name] += int(visited[name].sum())
        counted["visits"] += STARTS * STEPS
        return visited["point"], -visited["slack"]

    handicaps = np.resize([10 * ROOMY, ROOMY, 1e-6, least], STARTS)
    rates = np.full(STARTS, 0.3)
    batches = [
        climbs(random_points(rng, STARTS, dimension), handicaps, rates, 0.02) for _ in range(rounds)
    ]
    points, scores = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    large = np.tile(handicaps >= ROOMY, rounds)
    best, history = _top(points, scores), [float(scores.max())]
    roomy = _top(points[large], scores[large])
    # Every point is copied in turn; a quarter of the copies of the best take longer steps instead
    # of shorter ones, because a supremum may lie at infinity.
    turn, is_best = np.divmod(np.arange(STARTS), 2 * KEPT)[0], np.arange(STARTS) % (2 * KEPT) < KEPT
    far = is_best & (turn % 4 == 3)
    for stage in range(1, STAGES + 1):
        if abs(history[-1]) == math.inf:
            break
        # Half of the steps are of the finest decade, the others of any length down to it.
        share = rng.uniform(size=STARTS)
        short = np.where(turn % 2 == 0, share - stage, -stage * share)
        rates = 0.3 * 10.0 ** np.where(far, stage * share, short)
        starts = np.tile(np.concatenate([best, roomy]), (STARTS // (2 * KEPT), 1))
        moved = np.where((turn == 0) | far, 0.0, rates)[:, None]
        starts = starts + moved * rng.normal(size=starts.shape)
        handicap = max(least, ROOMY * 100.0 ** (1 - stage))
        points, scores = climbs(starts, np.where(is_best, handicap, ROOMY), rates, 0.0)
        best, roomy = (_top(points[half], scores[half]) for half in (is_best, ~is_best))
        history.append(float(scores[is_best].max()))
    if abs(history[-1]) < math.inf:
        best, last = _refined(probes, sign, best)
        history += last
    return Climbed(best, roomy, history), counted


def _top(points: Any, scores: Any) -> Any:
    return points[np.argsort(-scores, kind="stable")[:KEPT]]


def _refined(probes: Probes, sign: int, points: Any) -> tuple[Any, list[float]]:
    """Ends the search with quasi-Newton ascents, which follow valleys however narrow.

    Towards a limit 0/0 they are: a common shift of p and q changes next to nothing, a change of
    their difference everything.
    """
    import scipy.optimize

    def build() -> Any:
        def descend(*where: Any) -> tuple[Any, Any]:
            climb, visit = _objective(probes)(*where)
            return -climb, visit.slack

        return jax.value_and_grad(descend, has_aux=True)

    run = compiled(probes.claim, "constant at a point", (probes.size,), build)

    def descent(point: Any, handicap: float) -> tuple[float, Any]:
        (_, slack), slope = run(point, handicap, float(sign))
        # Where nothing is demanded there is a wall, which a line search turns back from.
        return min(float(slack), WALL), np.nan_to_num(np.asarray(slope))

    least = rounding_tolerance("float64")
    scores: list[float] = []
    ends = list(points[:REFINED])
    for handicap in (1e-9, 1e-11, least, least):
        with np.errstate(all="ignore"):
            ends = [
                scipy.optimize.minimize(descent, end, (handicap,), jac=True, method="BFGS").x
                for end in ends
            ]
        points = [*points, *ends]
        scores.append(max(-descent(point, least)[0] for point in points))
    order = np.argsort([descent(point, least)[0] for point in points], kind="stable")
    return np.stack(points)[order], scores[-2:]


def _objective(probes: Probes) -> Callable[..., tuple[Any, Visit]]:
    def objective(point: Any, handicap: Any, sign: Any) -> tuple[Any, Visit]:
        values = demanded(probes, probes.domain.parametrize(point), sign, handicap)
        outside = jnp.minimum(values["margin"], 0.0)
        admissible = values["margin"] >= -rounding_tolerance(point.dtype)
        usable = admissible & ~values["undefined"]
        return jnp.where(outside < 0, 10.0 * outside, values["climb"]), Visit(
            slack=jnp.where(usable, -values["score"], jnp.inf),
            lowest={},
            counted={
                "admissible": admissible,
                "undefined": admissible & values["undefined"],
                "crooked": usable & values["crooked"],
            },
            odd=False,
        )

    return objective


def growing(scores: list[float]) -> bool:
    """Whether what is demanded was still growing, by steps that hardly get smaller.

    Two stages are held against the two that came three stages before them: a logarithm gains as
    much again, and what converges as slowly as the fourth root of the distance a fifth of it.
    """
    if scores[-1] == math.inf:
        return True
    earlier, later = scores[3] - scores[1], scores[STAGES] - scores[STAGES - 2]
    return later > 1e-3 * max(1.0, abs(scores[STAGES])) and later > 0.6 * earlier


def tolerance(scores: list[float], reached: float) -> float:
    """Returns how far the supremum may lie beyond the most extreme demand.

    Where it is approached as b goes to 0, the last handicap and the distance to the supremum
    balance each other up to a small factor; what the last stage gained, or the second of the
    quasi-Newton ascents that follow it, says the rest.
    """
    if abs(scores[-1]) == math.inf:
        return math.inf
    handicap = max(reached - scores[-1], 0.0)
    gained = max(scores[STAGES] - scores[STAGES - 1], scores[-1] - scores[-2])
    return 4 * (handicap + gained) + 1e-10 * (1 + abs(reached))
