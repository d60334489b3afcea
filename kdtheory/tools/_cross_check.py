"""Monte Carlo against exact: is our evaluator right?

Every exact quantity with a draw is held against replicates straight from its definition, on many
instances of the home size at once and in fixed memory. After each round of draws the evidence is
looked at (see `kdtheory._sequential`), and sampling stops as soon as it decides.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._devices import by_units, is_accelerated
from kdtheory._numerics import near_equality, rounding_tolerance
from kdtheory._random import key_of_words, key_words
from kdtheory._sequential import Numbers, Process, betting, empirical_bernstein
from kdtheory._sequential import known_variance as catoni
from kdtheory.claim import Claim, Draw, Side, call, prepared
from kdtheory.results import MonteCarlo, Outcome
from kdtheory.tools._compile import compiled
from kdtheory.tools._traced import comparable, domain_of, float_width
from kdtheory.tools.evaluate import Assessment, assess_points, instances_at

INSTANCES = 256
"""On how many instances of the home size each quantity is held against its draws."""

RESOLUTION = 0.01
"""The relative error of an evaluator that is told from none."""

SMALL = 2**15
"""With at most so many draws the betting mixture is used, which decides sooner on few of them."""

LONG = 2**17
"""With more draws than this, the program that makes them is worth optimising."""

UNIT = 32
"""Instances whose draws a device makes at a time."""

BLOCK = 32
"""Replicates per instance that are drawn and summed at a time."""


@dataclasses.dataclass(frozen=True)
class _Target:
    """An exact quantity on every instance, and how its draws are compared with it.

    A draw enters as ``weight * (draw - exact) / unit``. The unit is the width of an interval that
    holds the draw, and weights are at most one; or it is a bound on its standard deviation, and
    the mean square of the weights is one. ``share`` is the exact value in that unit, and ``shift``
    the mean of what enters when the evaluator is too small by RESOLUTION on every instance.
    """

    exact: Numbers
    low: Numbers
    high: Numbers
    unit: Numbers
    share: Numbers
    weight: Numbers

    @property
    def shift(self) -> float:
        mean = float((self.weight * self.share).mean())
        # A quantity that is zero everywhere has no relative error: then in the unit of its draws.
        return RESOLUTION * (mean if mean > 0 else 1.0)


def cross_check(
    claim: Claim,
    *,
    seed: int,
    draws: int,
    level: float,
    evaluate: Callable[..., Assessment] = assess_points,
) -> tuple[MonteCarlo, ...]:
    """Holds every exact quantity that has a draw against its definition.

    With probability at least ``1 - level``, whatever the number of looks, no evaluator that is
    right is disputed; and with the same probability none that is off by more than RESOLUTION (in
    the weighted mean over the instances) is said to agree. One that is off by less may go
    either way.

    Args:
        claim: the claim.
        seed: seed of the instances and of the draws.
        draws: the most replicates per quantity, over all instances.
        level: the chance of a wrong outcome of either kind, for this claim.
        evaluate: (claim, size, points) -> the assessment with both sides; one whose program is
            there already saves another.

    Returns:
        One record per quantity.

    Raises:
        ValueError: if a draw is NaN, or outside the bounds that the claim states for it.
    """
    if not claim.draws:
        return ()
    code = zlib.crc32(claim.slug.encode())
    dimension = domain_of(claim, claim.sizes[0]).dimension
    spreads = np.resize([0.4, 1.0], INSTANCES)[:, None]
    points = np.random.default_rng([seed, code, 1]).normal(size=(INSTANCES, dimension)) * spreads
    sides = evaluate(claim, claim.sizes[0], points)
    terms = {name: term for name, term in claim.terms.items() if name in claim.draws}
    drawn = (claim.domain, claim.sizes[0], tuple(claim.draws.items()), tuple(terms.items()))
    program = compiled(
        comparable(drawn, claim),
        "bounds",
        (float_width(),),
        lambda: _bounds_program(claim, terms),
    )
    instances = instances_at(domain_of(claim, claim.sizes[0]), points)
    found = jax.device_get(program(instances))
    values = {
        name: (sides[name] if exact is None else exact, *bounds)
        for name, (exact, *bounds) in found.items()
    }
    return tuple(
        _settle(
            claim,
            quantity,
            instances,
            key_words(seed, code, position),
            _target(values[quantity]),
            draws,
            level,
        )
        for position, quantity in enumerate(claim.draws)
    )


def _bounds_program(claim: Claim, terms: Mapping[str, Side]) -> Callable[[Any], Any]:
    """Returns instances -> per quantity: the exact term, if it is one; interval or deviation."""

    def one(instance: Any) -> dict[str, Any]:
        values = {}
        for quantity, draw in claim.draws.items():
            low: Any = -jnp.inf
            high: Any = jnp.inf
            deviation: Any = jnp.nan
            if draw.bounds is not None:
                low, high = call(draw.bounds, instance)
            elif draw.variance_bound is not None:
                deviation = jnp.sqrt(call(draw.variance_bound, instance))
            exact = call(terms[quantity], instance) if quantity in terms else None
            values[quantity] = (exact, low, high, deviation)
        return values

    return lambda instances: jax.lax.map(one, instances)


def _target(values: Any) -> _Target:
    exact, low, high, deviation = (np.asarray(column, dtype=np.float64) for column in values)
    unit = np.where(np.isnan(deviation), high - low, deviation)
    # Where the quantity is not finite there is nothing to compare: nothing enters.
    unit = np.where(np.isfinite(exact) & np.isfinite(unit), unit, np.inf)
    share = np.where(unit > 0, np.where(np.isfinite(exact), exact, 0.0), 0.0)
    share = share / np.where(unit > 0, unit, 1.0)
    return _Target(exact, low, high, unit, share, np.where(share < 0, -1.0, 1.0))


def _reweighted(target: _Target, variance: Numbers, bounded: bool) -> _Target:
    """Returns the weights that tell a relative error soonest, given the variance on each instance.

    In large samples they are proportional to share / variance (and a draw that is not bounded has
    its variance for a unit). For bounded draws the largest weight counts as well, through the width
    of what enters: they are capped where Bernstein's inequality asks for the fewest draws.
    """
    size = np.abs(target.share)
    best = size / np.maximum(variance, 1e-12)
    caps = np.unique(best[best > 0])
    if not caps.size:
        return target
    if not bounded:
        return dataclasses.replace(target, weight=target.share / np.sqrt(np.mean(size**2)))
    weights = np.minimum(best, caps[:, None]) / caps[:, None]
    shifts = RESOLUTION * (weights * size).mean(axis=1)
    needed = (weights**2 * variance).mean(axis=1) / shifts**2 + 1 / (3 * shifts)
    chosen = weights[np.argmin(needed)] * np.where(target.share < 0, -1.0, 1.0)
    return dataclasses.replace(target, weight=chosen)


def _processes(draw: Draw, draws: int) -> Callable[[float], Process]:
    if draw.bounds is None:
        return catoni
    return betting if draws <= SMALL else empirical_bernstein


def _settle(
    claim: Claim,
    quantity: str,
    instances: Any,
    words: Numbers,
    target: _Target,
    draws: int,
    level: float,
) -> MonteCarlo:
    """Draws until the evidence decides or the budget ends."""
    draw = claim.draws[quantity]
    make = _processes(draw, draws)
    long = draws > LONG
    # Claims with the same draws over the same domain share the program.
    run = compiled(
        comparable((claim.domain, claim.sizes[0], draw), (claim, quantity)),
        "draws",
        (float_width(), make, long),
        lambda: _draws_program(draw, make),
        loop=long,
    )
    level = level / len(claim.draws)
    budget = max(2, draws // (INSTANCES * BLOCK))

    def round_of(start: int, end: int) -> dict[str, Numbers]:
        numbers = np.arange(INSTANCES)
        part = by_units(
            lambda *entries: run(words, target.shift, start, end, *entries),
            UNIT,
            *(numbers, instances, target.exact, target.unit, target.weight),
        )
        _refuse_wrong_bounds(quantity, part, target)
        return {name: value.astype(np.float64) for name, value in part.items()}

    # The first block shows how draws vary, and so which instances tell most. From then on the
    # weights stay as they are, and what follows counts for all instances together.
    pilot = round_of(0, 1)
    variance = pilot["square"] / BLOCK - (pilot["sum"] / BLOCK) ** 2
    target = _reweighted(target, variance, draw.bounds is not None)
    done, outcome, share = 1, Outcome.OPEN, 0.0
    guard, pooled, total = pilot["guard"], np.zeros(()), np.zeros(())
    while done < budget and outcome is Outcome.OPEN:
        blocks = min(_next_blocks(done, share), budget - done)
        part = round_of(done, done + blocks)
        done += blocks
        guard = guard + part["guard"]
        pooled = pooled + part["pooled"].sum(axis=0)
        total = total + target.weight @ part["sum"]
        count = (done - 1) * BLOCK * INSTANCES
        alone = make(0.0).evidence(done * BLOCK, guard)
        outcome, share = _outcome(alone, pooled, count, make, target, level)
    return MonteCarlo(
        quantity=quantity,
        size=claim.sizes[0],
        process=make.__name__.replace("_", " "),
        instances=INSTANCES,
        draws=done * BLOCK * INSTANCES,
        error=-RESOLUTION * float(total) / count / target.shift,
        resolution=RESOLUTION,
        level=level,
        outcome=outcome,
    )


def _next_blocks(done: int, share: float) -> int:
    """Returns after how many more blocks to look again: evidence grows as their number does.

    Args:
        done: how many there were.
        share: how much of the evidence that decides there is.
    """
    # Half as many again at most: so evidence is looked at rarely, and little is drawn in vain.
    most = max(1, done // 2)
    return most if share <= 0 else min(most, max(1, math.ceil(done * (1 / share - 1))))


def _outcome(
    alone: Numbers,
    pooled: Numbers,
    count: int,
    make: Callable[[float], Process],
    target: _Target,
    level: float,
) -> tuple[Outcome, float]:
    """Weighs the evidence: half the level for all instances together, half for each alone.

    Returns:
        The outcome, and the share that there is of the evidence for agreement.
    """
    finite = np.isfinite(target.exact)
    exact = np.where(finite, target.exact, 0.0)
    outside = np.where(finite, np.maximum(target.low - exact, exact - target.high), 0.0)
    none, above, below = (
        make(mean).evidence(count, pooled[position])
        for position, mean in enumerate((0.0, target.shift, -target.shift))
    )
    # Two sides, two halves of the level.
    one = math.log(4 / level)
    if not np.isfinite(target.unit).any():
        return Outcome.OPEN, 0.0
    if none.max() >= one or alone.max() >= one + math.log(INSTANCES):
        return Outcome.DISPUTED, 0.0
    rounding = near_equality(float_width())
    if (outside > rounding * np.maximum(target.unit, np.abs(exact))).any():
        return Outcome.DISPUTED, 0.0
    # Against "the shift is at least this", and against "at most minus this": both must fall.
    share = float(min(above[1], below[0])) / math.log(1 / level)
    return (Outcome.AGREES if share >= 1 else Outcome.OPEN), share


def _draws_program(draw: Draw, make: Callable[[Any], Process]) -> Callable[..., Any]:
    """Returns (words of a key, shift, first block, end, entries) -> sums per instance, extremes."""

    def run(words: Any, shift: Any, start: Any, end: Any, *entries: Any) -> Any:
        key = key_of_words(words)
        nulls = [make(mean) for mean in (0.0, shift, -shift)]

        def one(given: Any) -> dict[str, Any]:
            number, own, value, width, own_weight = given
            instance = prepared(draw, own)
            own_key = jax.random.fold_in(key, number)

            # Blocks are keyed, so that numbers depend neither on the rounds nor on the device.
            def block(position: Any) -> dict[str, Any]:
                keys = jax.random.split(jax.random.fold_in(own_key, position), BLOCK)
                drawn = jax.vmap(lambda single: call(draw.sample, instance, single))(keys)
                deviation = _deviation(drawn, value, width)
                entering = own_weight * deviation
                return {
                    "guard": make(0.0).totals(deviation),
                    "pooled": jnp.stack([null.totals(entering) for null in nulls]),
                    "sum": deviation.sum(),
                    "square": (deviation**2).sum(),
                    "lowest": drawn.min(),
                    "highest": drawn.max(),
                }

            def join(position: Any, so_far: dict[str, Any]) -> dict[str, Any]:
                return {
                    name: _JOIN.get(name, jnp.add)(so_far[name], value)
                    for name, value in block(position).items()
                }

            nothing = {
                name: jnp.full(form.shape, _NEUTRAL.get(name, 0.0), form.dtype)
                for name, form in jax.eval_shape(block, start).items()
            }
            return jax.lax.fori_loop(start, end, join, nothing)

        # One instance after another is quickest on a CPU; elsewhere steps are what costs.
        return jax.vmap(one)(entries) if is_accelerated() else jax.lax.map(one, entries)

    return run


_JOIN: dict[str, Callable[..., Any]] = {"lowest": jnp.minimum, "highest": jnp.maximum}
_NEUTRAL = {"lowest": math.inf, "highest": -math.inf}


def _deviation(drawn: Any, value: Any, width: Any) -> Any:
    """Returns draws less the exact value in their unit; a draw that cannot vary must be equal."""
    varies = (width > 0) & jnp.isfinite(width)
    value = jnp.where(jnp.isfinite(width), value, drawn)
    difference = drawn - value
    room = rounding_tolerance(drawn.dtype) * jnp.maximum(jnp.abs(drawn), jnp.abs(value))
    unequal = jnp.where(jnp.abs(difference) > room, jnp.sign(difference), 0.0)
    return jnp.where(varies, difference / jnp.where(varies, width, 1.0), unequal)


def _refuse_wrong_bounds(quantity: str, part: dict[str, Any], target: _Target) -> None:
    lowest, highest = part["lowest"], part["highest"]
    if np.isnan(lowest).any():
        raise ValueError(
            f"draw of {quantity}: got NaN; expected numbers. This draw is not defined everywhere."
        )
    width = np.where(np.isfinite(target.high - target.low), target.high - target.low, 0.0)
    rounding = near_equality(lowest.dtype)
    room = rounding * np.maximum(width, np.maximum(abs(lowest), abs(highest)))
    wrong = np.flatnonzero((lowest < target.low - room) | (highest > target.high + room))
    if wrong.size:
        first = wrong[0]
        raise ValueError(
            f"draw of {quantity}: got values in [{lowest[first]}, {highest[first]}]; expected "
            f"[{target.low[first]}, {target.high[first]}]. The bounds of this draw are wrong."
        )
