r"""What one instance of a claim demands of a constant in it, in floating point and exactly.

The gap between the sides (``rhs - lhs`` for "<=", with the evaluation error granted) must be affine
in the constant, $a + bC$. An instance with $b > 0$ then demands $C \ge -a/b$, one with $b < 0$
demands $C \le a/|b|$; with $b = 0$ it demands nothing, or, if $a < 0$, no constant satisfies it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flint import ctx

from kdtheory._check import refuse
from kdtheory._numerics import NEAR_EQUALITY, rounding_tolerance
from kdtheory.claim import Assumption, Claim, Relation, call
from kdtheory.domains import Domain, Part
from kdtheory.tools._ball_numbers import ZERO, Number, divide, exact, multiply, subtract
from kdtheory.tools._balls import lower, upper
from kdtheory.tools._compile import compiled
from kdtheory.tools._referee import Refereed, Ruling, exact_parts, referee_parts, referee_point
from kdtheory.tools._search import random_points
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import signed_slack

BITS = 256
"""Precision of the balls in which a demand is computed from enclosed sides."""


class ExactDemand(NamedTuple):
    """A demand proven in exact or ball arithmetic.

    Attributes:
        constant: enclosure of the constant demanded; infinite if no constant satisfies the
            instance.
        parts: the exact parts of the instance, without the constant.
    """

    constant: Number
    parts: tuple[Any, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Probes:
    """A claim at one size, with the constant set to three values in turn.

    Attributes:
        claim: the claim.
        size: the static size.
        domain: the domain of the instances, without the constant.
        values: the three values.
        fixed: the claim at each of them, as a claim about the other parts; the evaluation error
            is added to the side that it favours.
        slope: the same with the derivatives of the sides by the constant: where a side does not
            depend on it, its derivative is an exact zero, which a difference of balls is not.
        left_out: assumptions that depend on the constant.
    """

    claim: Claim
    size: tuple[int, ...]
    domain: Domain
    values: tuple[float, float, float]
    fixed: tuple[Claim, Claim, Claim]
    slope: Claim
    left_out: tuple[str, ...]


def probe(claim: Claim, constant: str, size: tuple[int, ...], rng: Any) -> Probes:
    """Returns a claim of one size at three values of the constant.

    Args:
        claim: the claim.
        constant: the name of the constant, a scalar part of the domain.
        size: the static size.
        rng: source of the points at which assumptions are compared.

    Returns:
        The probes.

    Raises:
        InputError: if there is no such part, it is not a scalar, or the relation is "=".
    """
    if claim.relation is Relation.EQ:
        mend = "Ask for an inequality."
        refuse("best_constant", "an equation", "a claim with relation '<=' or '>='", mend)
    domain = domain_of(claim, size)
    names = [part.name for part in domain.parts]
    if constant not in names:
        known = ", ".join(name or "(unnamed)" for name in names)
        mend = "Name the parts with domain.named(...)."
        refuse("constant", repr(constant), f"the name of a part of the domain: {known}", mend)
    index = names.index(constant)
    if domain.parts[index].shape != ():
        got = f"{constant!r}, an array of shape {domain.parts[index].shape}"
        refuse("constant", got, "a scalar part", "Fix all but one of its entries.")
    rest = Domain(parts=(*domain.parts[:index], *domain.parts[index + 1 :]))

    def make(parts: tuple[Any, ...], value: Any) -> Any:
        return domain.instance((*parts[:index], jnp.asarray(value, float), *parts[index:]))

    values = _values(domain.parts[index])
    kept = _independent(claim, size, rest, make, values, rng)
    lhs, rhs = _sides(claim, make)
    whole = Claim(
        lhs=lhs,
        rhs=rhs,
        domain=lambda _: rest,
        relation=claim.relation,
        scale=lambda *parts: call(claim.scale, make(parts, values[0])),
        assumptions=tuple(
            dataclasses.replace(
                item, margin=lambda *parts, of=item.margin: call(of, make(parts, values[0]))
            )
            for item in kept
        ),
    )

    def at(value: float) -> Claim:
        return dataclasses.replace(
            whole, lhs=lambda *parts: lhs(value, *parts), rhs=lambda *parts: rhs(value, *parts)
        )

    slope = dataclasses.replace(
        whole, lhs=_derivative(lhs, values[0]), rhs=_derivative(rhs, values[0])
    )
    left_out = tuple(item.name for item in claim.assumptions if item not in kept)
    fixed = at(values[0]), at(values[1]), at(values[2])
    return Probes(claim, size, rest, values, fixed, slope, left_out)


def _sides(claim: Claim, make: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
    """Returns the sides as functions of the constant and the other parts."""
    grant = -1.0 if claim.relation is Relation.GE else 1.0

    def lhs(value: Any, *parts: Any) -> Any:
        return jnp.asarray(call(claim.lhs, make(parts, value)), float)

    def rhs(value: Any, *parts: Any) -> Any:
        instance = make(parts, value)
        return jnp.asarray(call(claim.rhs, instance) + grant * call(claim.error, instance), float)

    return lhs, rhs


def _derivative(side: Callable[..., Any], value: float) -> Callable[..., Any]:
    def derivative(*parts: Any) -> Any:
        at = jnp.asarray(value, float)
        return jax.jvp(lambda c: side(c, *parts), (at,), (jnp.ones_like(at),))[1]

    return derivative


def _values(part: Part) -> tuple[float, float, float]:
    """Returns three values of a scalar part, all of them legal."""
    if math.isfinite(part.low) and math.isfinite(part.high):
        first, second, third = (part.low + (part.high - part.low) * k / 4 for k in (1, 2, 3))
        return first, second, third
    start = part.low if math.isfinite(part.low) else 0.0
    return start + 1.0, start + 2.0, start + 4.0


def _independent(
    claim: Claim,
    size: tuple[int, ...],
    rest: Domain,
    make: Callable[..., Any],
    values: tuple[float, ...],
    rng: Any,
) -> tuple[Assumption, ...]:
    """Returns the assumptions whose margins at random instances ignore the constant."""
    if not claim.assumptions:
        return ()
    points = random_points(rng, 64, rest.dimension)

    def margins(point: Any) -> Any:
        parts = rest.parametrize(point)
        instances = [make(parts, value) for value in values]
        return [
            jnp.stack([jnp.asarray(call(item.margin, one), float) for one in instances])
            for item in claim.assumptions
        ]

    found = jax.device_get(compiled(claim, "margins", (size,), lambda: jax.vmap(margins))(points))
    tolerance = rounding_tolerance("float64")
    return tuple(
        item
        for item, values in zip(claim.assumptions, found, strict=True)
        if not (abs(values - values[:, :1]) > tolerance * (1 + abs(values))).any()
    )


def demanded(probes: Probes, parts: tuple[Any, ...], sign: Any, handicap: Any) -> dict[str, Any]:
    """Returns what an instance demands, in floating point (traceable).

    Args:
        probes: the claim.
        parts: the instance, without the constant.
        sign: 1 for the smallest constant (instances with b > 0), -1 for the largest.
        handicap: how much of the claim's scale is granted to the claim before it demands: with it,
            rounding noise over a tiny b is no demand, and of two instances with the same ratio the
            one with the larger b wins.

    Returns:
        "score", sign times the constant demanded: inf if no constant will do, -inf if nothing is
        demanded; "climb", what leads to a higher score; "margin" of the assumptions; "crooked",
        whether the sides are not affine there; "undefined", whether a side is NaN.
    """
    sides = [(call(one.lhs, parts), call(one.rhs, parts)) for one in probes.fixed]
    relation = probes.claim.relation
    first, second, third = (signed_slack(*pair, relation) for pair in sides)
    scale = jnp.asarray(call(probes.fixed[0].scale, parts), first.dtype)
    size_of_sides = sum(jnp.where(jnp.isfinite(side), jnp.abs(side), 0.0) for side in sides[0])
    unit = jax.lax.stop_gradient(scale + size_of_sides)
    one, two, three = probes.values
    # Side by side: a side without the constant then contributes no rounding, and zero is zero.
    rises = [jnp.where(y == x, 0.0, y - x) for x, y in zip(*sides[:2], strict=True)]
    slope = signed_slack(rises[0], rises[1], relation) / (two - one)
    misfit = jnp.abs(third - first - slope * (three - one))
    rising = sign * slope > 0
    ratio = sign * one - (first + handicap * unit) / jnp.where(rising, sign * slope, 1.0)
    hopeless = (slope == 0) & (first < -NEAR_EQUALITY * unit)
    margins = [call(item.margin, parts) / scale for item in probes.fixed[0].assumptions]
    return {
        "score": jnp.where(rising, ratio, jnp.where(hopeless, jnp.inf, -jnp.inf)),
        "climb": jnp.where(rising, ratio, sign * slope),
        "margin": jnp.min(jnp.stack(margins)) if margins else jnp.asarray(jnp.inf),
        "crooked": misfit > NEAR_EQUALITY * (unit + jnp.abs(first) + jnp.abs(third)),
        "undefined": jnp.isnan(first) | jnp.isnan(second) | jnp.isnan(third),
    }


def demanded_at_point(probes: Probes, sign: int, point: Any) -> ExactDemand | str:
    """Returns what the exact instance at a point demands, proven.

    Args:
        probes: the claim.
        sign: 1 for the smallest constant, -1 for the largest.
        point: float coordinates, read as the rationals that they are.

    Returns:
        The demand; or in words why it cannot be judged, empty if nothing is demanded.
    """
    return _exact_demand(probes, sign, lambda claim: referee_point(claim, probes.size, point))


def demanded_by_parts(probes: Probes, sign: int, parts: tuple[Any, ...]) -> ExactDemand | str:
    """Returns what an instance of exact parts demands, as `demanded_at_point` does."""
    return _exact_demand(probes, sign, lambda claim: referee_parts(claim, probes.size, parts))


def _exact_demand(
    probes: Probes, sign: int, read: Callable[[Claim], Refereed]
) -> ExactDemand | str:
    value, derivative = read(probes.fixed[0]), read(probes.slope)
    for one in (value, derivative):
        if one.ruling is Ruling.OUTSIDE:
            return ""
        if one.lhs is None:
            return one.reason
    with ctx.workprec(BITS):
        gap, slope = (_gap(one, probes.claim.relation) for one in (value, derivative))
        level = lower(slope) == upper(slope) == 0
        if gap == -math.inf or (level and upper(gap) < 0):
            return ExactDemand(sign * math.inf, value.parts)
        if gap == math.inf or level:
            return ""
        rise = multiply(exact(sign), slope)
        if not lower(rise) > 0:
            undecided = upper(rise) > 0
            return "balls do not decide the sign of what multiplies the constant" * undecided
        constant = subtract(exact(probes.values[0]), divide(gap, slope))
        if isinstance(proven(constant, sign), float):
            return "the enclosures are too wide"
    return ExactDemand(constant, value.parts)


def _gap(refereed: Refereed, relation: Relation) -> Number:
    left, right = refereed.lhs, refereed.rhs
    return _minus(right, left) if relation is Relation.LE else _minus(left, right)


def _minus(x: Number, y: Number) -> Number:
    """Returns x - y, where equal infinities differ by nothing."""
    return ZERO if isinstance(x, float) and x == y else subtract(x, y)


def is_affine(probes: Probes, demand: ExactDemand) -> bool:
    """Whether the sides at an instance are affine in the constant, at the three values."""
    parts = exact_parts(demand.parts)
    read = [referee_parts(claim, probes.size, parts) for claim in probes.fixed] if parts else []
    if not read or any(one.lhs is None for one in read):
        return True  # not judged at every value; floating point saw nothing crooked
    with ctx.workprec(BITS):
        first, second, third = (_gap(one, probes.claim.relation) for one in read)
        one, two, three = map(exact, probes.values)
        share = divide(subtract(three, one), subtract(two, one))
        misfit = _minus(_minus(third, first), multiply(share, _minus(second, first)))
    return bool(lower(misfit) <= 0 <= upper(misfit))


def proven(constant: Number, sign: int) -> Fraction | float:
    """Returns the end of an enclosed demand that is proven: no constant beyond it works."""
    return lower(constant) if sign > 0 else upper(constant)
