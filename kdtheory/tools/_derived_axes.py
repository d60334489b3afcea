"""Axes for figures of claims that name none: along a number of the domain, or along a path.

A claim's own axes are better: somebody has chosen a world for them. These follow from the domain
alone, so that every claim, a user's too, has something to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.claim import Axis, Claim
from kdtheory.domains import Domain, Part
from kdtheory.tools._referee import size_of
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import assess_points

POINTS = 65
"""Points on a derived axis."""

CANDIDATES = 64
"""Random instances, of which one is chosen to go with."""

_DECADES = (-2.0, 2.0)
_REACH = 3.0


def derived_axes(claim: Claim, seed: int = 0) -> tuple[Axis, ...]:
    """Returns axes that follow from a claim's domain.

    Args:
        claim: the claim.
        seed: of the instance in which one number is varied, and to which paths lead.

    Returns:
        One axis for every part of the domain that is a single number, the other parts being those
        of a typical instance; then paths from the case where the claim fails, or from cases of
        equality, to a typical instance; if there are none of these, a path between two typical
        instances. Empty if no admissible instance was met.
    """
    size = claim.sizes[0]
    typical = _typical(claim, size, seed)
    if typical is None:
        return ()
    domain = domain_of(claim, size)
    numbers = [
        _along_number(domain, index, typical)
        for index, part in enumerate(domain.parts)
        if part.shape == ()
    ]
    found = (*numbers, *_paths(claim, seed))
    if found:
        return found
    other = _typical(claim, size, seed + 1) or typical
    return (_path(domain, "a typical instance", other, typical),)


def _typical(claim: Claim, size: tuple[int, ...], seed: int) -> tuple[Any, ...] | None:
    """Returns the parts of an instance that meets all assumptions, neither tight nor extreme.

    Of the admissible ones it is the one whose sides are the median of the pack: what is drawn
    should look like most of them.
    """
    domain = domain_of(claim, size)
    points = 0.6 * np.random.default_rng(seed).normal(size=(CANDIDATES, domain.dimension))
    values = assess_points(claim, size, points)
    # An infinite side is admissible: some statements say "finite, or equal to zero" with it.
    usable = (values["margin"] >= 0) & ~np.isnan(values["lhs"]) & ~np.isnan(values["rhs"])
    (places,) = np.nonzero(usable)
    if not places.size:
        return None
    order = places[np.argsort(np.abs(values["slack"][places]), kind="stable")]
    chosen = jnp.asarray(points[order[len(order) // 2]])
    return tuple(np.asarray(part) for part in jax.device_get(domain.parametrize(chosen)))


def _along_number(domain: Domain, index: int, typical: tuple[Any, ...]) -> Axis:
    """Returns the axis that varies one number of an instance."""
    part = domain.parts[index]

    def make(value: Any) -> Any:
        parts = list(map(jnp.asarray, typical))
        parts[index] = value
        return domain.instance(tuple(parts))

    return Axis(part.name or f"part {index + 1}", _values(part), make)


def _values(part: Part) -> tuple[float, ...]:
    """Returns values over the range of a number: all of it, or what is usual of an infinite one."""
    if part.kind == "integers":
        count = int(part.high - part.low) + 1
        whole = np.round(np.linspace(part.low, part.high, min(count, POINTS)))
        return tuple(np.unique(whole).tolist())
    if part.kind == "positive":
        return tuple(np.logspace(*_DECADES, POINTS).tolist())
    low, high = (part.low, part.high) if np.isfinite(part.low) else (-_REACH, _REACH)
    return tuple(np.linspace(low, high, POINTS).tolist())


def _paths(claim: Claim, seed: int) -> Iterator[Axis]:
    """Yields straight lines from named cases to a typical instance of the same size."""
    failing = [claim.counterexample] if claim.counterexample is not None else []
    for case in (*failing, *claim.tight):
        start = case.make()
        size = size_of(claim, start)
        end = None if size is None else _typical(claim, size, seed)
        if size is not None and end is not None:
            domain = domain_of(claim, size)
            first = tuple(np.asarray(part) for part in domain.parts_of(start))
            yield _path(domain, f"'{case.name}'", first, end)


def _path(domain: Domain, name: str, first: tuple[Any, ...], end: tuple[Any, ...]) -> Axis:
    # All kinds of parts are convex but whole numbers, which stay what they are at the start.
    kinds = [part.kind for part in domain.parts]

    def make(share: Any) -> Any:
        parts = (
            jnp.asarray(at) if kind == "integers" else (1 - share) * at + share * to
            for kind, at, to in zip(kinds, first, end, strict=True)
        )
        return domain.instance(tuple(parts))

    shares = tuple(np.linspace(0, 1, POINTS).tolist())
    return Axis(f"from {name} (0) to a typical instance (1)", shares, make)
