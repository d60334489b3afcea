"""The referee: sides of a claim in exact or ball arithmetic, and what they prove.

Floating point finds candidates; nothing that it says about a violation, or about a slack too small
for it to judge, counts before the same instance has been enclosed here. What is enclosed does not
depend on the precision in which a candidate was found: domains, cases and the constants in formulas
are those of float64.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import numpy as np

from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import Domain
from kdtheory.results import Counterexample
from kdtheory.tools._balls import Number, Uncovered, Undecided, describe, enclose, lower, upper
from kdtheory.tools._compile import precision
from kdtheory.tools._traced import domain_of, instance_at, quantities

# Python constants in a formula are rounded to float64 once; a proven difference below this share of
# the scale may come from them alone.
_CONSTANT_ROUNDING = Fraction(1, 2**49)


class Ruling(enum.Enum):
    """What the enclosure of an instance shows."""

    VIOLATED = "violated"
    HOLDS = "holds"
    OUTSIDE = "outside the domain or an assumption"
    UNDECIDED = "undecided"


@dataclasses.dataclass(frozen=True)
class Refereed:
    """An instance in exact or ball arithmetic.

    Attributes:
        ruling: what it shows.
        lhs: enclosure of the left side.
        rhs: enclosure of the right side.
        violation: a proven lower bound on the violation, in the claim's scale (VIOLATED only).
        parts: the exact parts, object arrays of fractions.
        reason: why it is undecided, in words.
    """

    ruling: Ruling
    lhs: Number | None = None
    rhs: Number | None = None
    violation: float = 0.0
    parts: tuple[Any, ...] = ()
    reason: str = ""


def referee_point(claim: Claim, size: tuple[int, ...], point: Any) -> Refereed:
    """Referees the exact instance at a point of the domain's parametrization.

    Args:
        claim: the claim.
        size: the static size.
        point: float coordinates, read as the rationals that they are.

    Returns:
        The ruling.
    """
    with precision("float64"):
        return _referee(claim, _sides_at_point(claim, size), (np.asarray(point, np.float64),))


def referee_parts(claim: Claim, size: tuple[int, ...], parts: tuple[Any, ...]) -> Refereed:
    """Referees the instance that exact parts make.

    Args:
        claim: the claim.
        size: the static size.
        parts: object arrays of fractions, one per part of the domain.

    Returns:
        The ruling; OUTSIDE, without evaluating anything, where the parts are no member of the
        domain in exact arithmetic.
    """
    with precision("float64"):
        domain, sides = _sides_of_parts(claim, size)
        if not domain.contains(parts):
            return Refereed(Ruling.OUTSIDE, parts=parts, reason="not a member of the domain")
        return _referee(claim, sides, parts)


def referee_case(claim: Claim, case: Case) -> Refereed:
    """Referees the instance of a named case, its floats read as the rationals that they are.

    Args:
        claim: the claim.
        case: the case, made in float64.

    Returns:
        The ruling.
    """
    with precision("float64"):
        instance = case.make()
        domain = domain_of(claim, size_of(claim, instance) or claim.sizes[0])
        leaves, structure = jax.tree.flatten(instance)

        def sides(*given: Any) -> dict[str, Any]:
            rebuilt = jax.tree.unflatten(structure, given)
            return _sides(claim, domain.parts_of(rebuilt), rebuilt)

        return _referee(claim, sides, tuple(map(np.asarray, leaves)))


def size_of(claim: Claim, instance: Any) -> tuple[int, ...] | None:
    """Returns the claim's size whose domain fits the shapes of an instance, if there is one."""
    return next((size for size in claim.sizes if _fits(claim, size, instance)), None)


def size_between(claim: Claim, instance: Any) -> tuple[int, ...] | None:
    """Returns a size that fits an instance: the claim's, or made of entries between those of them.

    Args:
        claim: the claim.
        instance: an instance, or its shapes.
    """
    ends = [(min(entries), max(entries)) for entries in zip(*claim.sizes, strict=True)]
    # All that lie between, unless there are many: sample sizes may be far apart.
    entries = [range(low, high + 1) if high - low < 4 else (low, high) for low, high in ends]
    for size in (*claim.sizes, *itertools.product(*entries)):
        with contextlib.suppress(ValueError):  # a size that the claim does not speak of
            if _fits(claim, size, instance):
                return size
    return None


def _fits(claim: Claim, size: tuple[int, ...], instance: Any) -> bool:
    given = jax.tree.structure(instance), [np.shape(leaf) for leaf in jax.tree.leaves(instance)]
    return given == _form(domain_of(claim, size))


@functools.lru_cache(maxsize=64)
def _form(domain: Domain) -> tuple[Any, list[tuple[int, ...]]]:
    """Returns the structure of a domain's instances, and the shapes of their leaves."""
    parts = [jax.ShapeDtypeStruct(part.shape, float) for part in domain.parts]
    fitting = jax.eval_shape(lambda *given: domain.instance(given), *parts)
    return jax.tree.structure(fitting), [leaf.shape for leaf in jax.tree.leaves(fitting)]


def is_reachable(claim: Claim, size: tuple[int, ...]) -> bool:
    """Whether a size is one of the claim's, or has smaller entries (of at least one)."""
    listed = list(zip(*(own for own in claim.sizes if len(own) == len(size)), strict=True))
    return len(listed) == len(size) and all(
        min(1, *entries) <= entry <= max(entries)
        for entry, entries in zip(size, listed, strict=True)
    )


def _sides(claim: Claim, parts: Any, instance: Any) -> dict[str, Any]:
    return {"parts": parts, **quantities(claim, instance)}


# The interpreter keeps the trace of a function that it has seen: these return the same object for
# the same claim and size.
@functools.lru_cache(maxsize=8)
def _sides_at_point(claim: Claim, size: tuple[int, ...]) -> Callable[..., Any]:
    domain = domain_of(claim, size)

    def sides(point: Any) -> dict[str, Any]:
        parts, instance = instance_at(domain, point)
        return _sides(claim, parts, instance)

    return sides


@functools.lru_cache(maxsize=8)
def _sides_of_parts(
    claim: Claim, size: tuple[int, ...]
) -> tuple[Domain, Callable[..., dict[str, Any]]]:
    domain = domain_of(claim, size)
    return domain, lambda *parts: _sides(claim, parts, domain.instance(parts))


def _referee(
    claim: Claim, sides: Callable[..., dict[str, Any]], arguments: tuple[Any, ...]
) -> Refereed:
    try:
        values = enclose(sides, *arguments)
    except Uncovered as problem:
        return Refereed(Ruling.UNDECIDED, reason=f"no enclosure of {problem.primitive}")
    except Undecided as problem:
        return Refereed(Ruling.UNDECIDED, reason=f"balls do not decide: {problem}")
    parts = tuple(values["parts"])
    lhs, rhs = values["lhs"].item(), values["rhs"].item()
    scale = _fraction(upper(values["scale"].item()))
    allowance = _CONSTANT_ROUNDING * scale + _fraction(upper(values["error"].item()))
    if any(upper(margin.item()) < -_CONSTANT_ROUNDING * scale for margin in values["margins"]):
        return Refereed(Ruling.OUTSIDE, lhs, rhs, parts=parts)
    at_least, at_most = _violation(lhs, rhs, claim.relation)
    if at_least > allowance:
        return Refereed(Ruling.VIOLATED, lhs, rhs, float(at_least / scale), parts)
    if at_most <= allowance:
        return Refereed(Ruling.HOLDS, lhs, rhs, parts=parts)
    return Refereed(Ruling.UNDECIDED, lhs, rhs, parts=parts, reason="the enclosures overlap")


def _fraction(value: Fraction | float) -> Fraction:
    """Returns the bound as a fraction; a scale or an error that is not finite is a mistake."""
    return Fraction(value)


def _violation(lhs: Number, rhs: Number, relation: Relation) -> tuple[Any, Any]:
    """Returns proven lower and upper bounds on the violation, following the rules for infinity."""
    bounds = lower(lhs), upper(lhs), lower(rhs), upper(rhs)
    if any(math.isnan(bound) for bound in bounds if isinstance(bound, float)):
        return -math.inf, math.inf
    forward = _difference(bounds[0], bounds[3]), _difference(bounds[1], bounds[2])
    backward = _difference(bounds[2], bounds[1]), _difference(bounds[3], bounds[0])
    if relation is Relation.LE:
        return forward
    if relation is Relation.GE:
        return backward
    return max(forward[0], backward[0]), max(forward[1], backward[1])


def _difference(a: Any, b: Any) -> Any:
    """Returns a - b, where equal infinities differ by nothing."""
    return Fraction(0) if a == b else a - b


def exact_parts(parts: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Returns enclosed parts as arrays of fractions, or None if one of them is not exact."""
    result = []
    for part in parts:
        array = np.empty(part.shape, dtype=object)
        for index in np.ndindex(part.shape):
            low, high = lower(part[index]), upper(part[index])
            if low != high or isinstance(low, float):
                return None
            array[index] = low
        result.append(array)
    return tuple(result)


def counterexample(
    claim: Claim, size: tuple[int, ...], refereed: Refereed, note: str
) -> Counterexample:
    """Returns the record of a refereed violation.

    Args:
        claim: the claim.
        size: the static size.
        refereed: a ruling of VIOLATED.
        note: where it comes from.

    Returns:
        The record: parts as fractions, from which `replay` rebuilds the instance exactly; sides
        as fractions or with 25 digits.
    """
    parts = tuple(written(part) for part in refereed.parts)
    lhs, rhs = describe(refereed.lhs), describe(refereed.rhs)
    names = tuple(part.name for part in domain_of(claim, size or claim.sizes[0]).parts)
    return Counterexample(size, names, parts, lhs, rhs, refereed.violation, note)


def written(array: Any) -> Any:
    """Returns an array of numbers as nested tuples of fractions, however long, or of decimals."""
    array = np.asarray(array)
    if array.ndim == 0:
        number = array.item()
        low, high = lower(number), upper(number)
        return str(low) if low == high else describe(number)
    return tuple(written(row) for row in array)
