"""Both sides of a claim at an instance, and everything judged from them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Claim, Relation, call
from kdtheory.tools._compile import compiled, precision
from kdtheory.tools._traced import domain_of, float_width, instance_at, quantities

Assessment = dict[str, Any]
"""Arrays "lhs", "rhs", "slack", "weakening", "margin", "margins", "vacuous", one entry each."""

STACK = 32
"""Instances of one shape are stacked up to a multiple of this, so that they share a program."""

LARGE = 2**12
"""An instance of more numbers than this is not stacked with copies."""


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A claim at one instance.

    Attributes:
        lhs: left side.
        rhs: right side.
        slack: by how much the claim holds, in its scale; negative is a violation, and for an
            equation it is minus the distance of the sides.
        margin: the smallest margin of the assumptions and of membership in the domain, in the
            claim's scale; negative if one of them fails.
    """

    lhs: float
    rhs: float
    slack: float
    margin: float


def signed_slack(lhs: Any, rhs: Any, relation: Relation) -> Any:
    """Returns how far a relation is from failing; equal infinities count as equal (traceable).

    Args:
        lhs: left side.
        rhs: right side.
        relation: how they are said to relate.

    Returns:
        rhs - lhs, lhs - rhs or -|lhs - rhs|; zero where the sides are equal.
    """
    same = lhs == rhs
    difference = jnp.where(same, 0.0, jnp.where(same, 0.0, rhs) - jnp.where(same, 0.0, lhs))
    if relation is Relation.EQ:
        return -jnp.abs(difference)
    return difference if relation is Relation.LE else -difference


def assess(claim: Claim, instance: Any) -> Assessment:
    """Evaluates a claim at one instance (traceable; compile it, do not call it eagerly).

    Args:
        claim: the claim.
        instance: what its domain builds.

    Returns:
        "lhs", "rhs"; "slack" in the claim's scale, with the evaluation error granted to the claim;
        "weakening", the share of |rhs| by which the right side could be weakened before this
        instance fails (inf where it is zero or infinite); "margins" of the assumptions in scale,
        and "margin", the smallest of them; "vacuous", whether the bound exceeds the trivial one.
    """
    values = quantities(claim, instance)
    lhs, rhs = jnp.asarray(values["lhs"]), jnp.asarray(values["rhs"])
    scale = jax.lax.stop_gradient(jnp.asarray(values["scale"], dtype=lhs.dtype))
    raw = signed_slack(lhs, rhs, claim.relation)
    slack = (raw + values["error"]) / scale
    if claim.relation is Relation.EQ:
        slack = jnp.minimum(slack, 0.0)
    tolerance = rounding_tolerance(lhs.dtype)
    usable = (jnp.abs(rhs) > 1e-6 * scale) & jnp.isfinite(rhs) & jnp.isfinite(slack)
    distance = jnp.abs(raw) if claim.relation is Relation.EQ else jnp.maximum(raw, 0.0)
    share = (distance + tolerance * scale) / jnp.where(usable, jnp.abs(rhs), 1.0)
    margins = [jnp.asarray(margin / scale, lhs.dtype) for margin in values["margins"]]
    margin = jnp.min(jnp.stack(margins)) if margins else jnp.inf
    vacuous = jnp.asarray(False)
    if claim.trivial is not None:
        gap = signed_slack(rhs, call(claim.trivial, instance), claim.relation)
        vacuous = gap < -tolerance * scale
    return {
        "lhs": lhs,
        "rhs": rhs,
        "slack": slack,
        "weakening": jax.lax.stop_gradient(jnp.where(usable, share, jnp.inf)),
        "margin": margin,
        "margins": margins,
        "vacuous": vacuous,
    }


def assess_points(claim: Claim, size: tuple[int, ...], points: Any) -> Assessment:
    """Evaluates a claim at many points of its domain's parametrization, in one program.

    Args:
        claim: the claim.
        size: the static size.
        points: coordinates, shape (points, dimension).

    Returns:
        The assessment as NumPy arrays with one entry per point.
    """
    domain = domain_of(claim, size)

    def build() -> Callable[[Any], Assessment]:
        return jax.vmap(lambda point: assess(claim, instance_at(domain, point)[1]))

    key = (size, np.shape(points), float_width())
    return jax.device_get(compiled(claim, "points", key, build)(points))


def assess_instances(claim: Claim, instances: Sequence[Any]) -> list[Assessment]:
    """Evaluates a claim at given instances; those of one shape are stacked into one program.

    Args:
        claim: the claim.
        instances: instances, of whatever shapes.

    Returns:
        One assessment per instance, with Python numbers.
    """
    groups: dict[Any, list[int]] = {}
    # NumPy stacks without compiling; the program narrows to the precision of its context.
    arrays = [jax.tree.map(np.asarray, instance) for instance in instances]
    for index, instance in enumerate(arrays):
        leaves, structure = jax.tree.flatten(instance)
        key = (structure, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves))
        groups.setdefault(key, []).append(index)
    results: list[Assessment] = [{}] * len(arrays)
    for key, members in groups.items():
        small = sum(math.prod(shape) for shape, _ in key[1]) <= LARGE
        count = -(-len(members) // STACK) * STACK if small else len(members)
        filled = [*members, *members[:1] * (count - len(members))]
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *(arrays[i] for i in filled))
        build = lambda: jax.vmap(lambda instance: assess(claim, instance))  # noqa: E731
        full_key = (*key, count, float_width())
        values = jax.device_get(compiled(claim, "instances", full_key, build)(stacked))
        for position, index in enumerate(members):
            results[index] = jax.tree.map(lambda column, at=position: column[at].item(), values)
    return results


def domain_margin(claim: Claim, instances: Iterable[Any]) -> list[float]:
    """Returns how far each instance is inside the claim's domain at the instance's own size.

    Args:
        claim: the claim.
        instances: instances of one of the claim's sizes.

    Returns:
        The membership margin, -inf where no size of the claim fits the shapes.
    """
    results = []
    for instance in (jax.tree.map(np.asarray, given) for given in instances):
        best = -np.inf
        for size in claim.sizes:
            domain = domain_of(claim, size)
            parts = domain.parts_of(instance)
            if [np.shape(part) for part in parts] == [part.shape for part in domain.parts]:
                leaves, structure = jax.tree.flatten(instance)
                key = (structure, tuple(str(leaf.dtype) for leaf in leaves), float_width())
                run = compiled(domain, "margin", key, lambda: domain.margin)  # noqa: B023
                best = max(best, float(run(instance)))
        results.append(best)
    return results


def evaluate(claim: Claim, instance: Any, *, dtype: str = "float64") -> Evaluation:
    """Returns both sides of a claim at an instance of your own.

    Args:
        claim: the claim.
        instance: what its domain builds (a record, or a tuple of arrays).
        dtype: "float64" or "float32".

    Returns:
        The evaluation.

    Raises:
        ValueError: for an unknown dtype.
    """
    with precision(dtype):
        values = assess_instances(claim, [instance])[0]
    return Evaluation(
        lhs=values["lhs"], rhs=values["rhs"], slack=values["slack"], margin=values["margin"]
    )
