"""Both sides of a claim at an instance, and everything judged from them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._check import refuse
from kdtheory._devices import by_units
from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Claim, Relation, call
from kdtheory.domains import Domain
from kdtheory.tools._compile import compiled, precision
from kdtheory.tools._traced import (
    building_operations,
    domain_of,
    float_width,
    instance_at,
    quantities,
)

Assessment = dict[str, Any]
"""Arrays "lhs", "rhs", "slack", "weakening", "margin", "margins", "vacuous", one entry each."""

STACK = 32
"""Instances of one shape are stacked up to a multiple of this, so that they share a program."""

BUILT = 256
"""Instances that a device builds at a time."""

MANY = 1_500
"""Operations per instance from which on it pays to optimise a program that a search runs."""

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


def instances_at(domain: Domain, points: Any) -> Any:
    """Builds the instances at many points of a domain, with one program for all claims over it.

    Args:
        domain: the domain.
        points: coordinates, shape (points, dimension).

    Returns:
        The instances, stacked, as NumPy arrays.
    """
    return by_units(building(domain), BUILT, np.asarray(points, float_width()))


def building(domain: Domain) -> Callable[[Any], Any]:
    """Returns the program that builds `BUILT` instances on every device."""

    def build() -> Callable[[Any], Any]:
        return jax.vmap(lambda point: instance_at(domain, point)[1])

    long = lambda: building_operations(domain) > MANY  # noqa: E731
    return compiled(domain, "build", (float_width(),), build, long=long)


def assess_points(claim: Claim, size: tuple[int, ...], points: Any) -> Assessment:
    """Evaluates a claim at many points of its domain's parametrization.

    Args:
        claim: the claim.
        size: the static size.
        points: coordinates, shape (points, dimension).

    Returns:
        The assessment as NumPy arrays with one entry per point.
    """
    return _assess_stacks(claim, instances_at(domain_of(claim, size), points))


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
        groups.setdefault(form_of(instance), []).append(index)
    results: list[Assessment] = [{}] * len(arrays)
    for (_, forms), members in groups.items():
        small = sum(math.prod(shape) for shape, _ in forms) <= LARGE
        assessed = _assess_stacks if small else _assess_together
        values = assessed(claim, stack([arrays[i] for i in members]))
        for position, index in enumerate(members):
            results[index] = entry(values, position)
    return results


def form_of(instance: Any) -> Hashable:
    """Returns the structure of an instance, and the shapes and dtypes of its leaves."""
    leaves, structure = jax.tree.flatten(instance)
    return structure, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)


def stack(instances: list[Any]) -> Any:
    """Returns instances of one form stacked."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *instances)


def entry(values: Assessment, position: int) -> Assessment:
    """Returns one entry of an assessment, as Python numbers."""
    return jax.tree.map(lambda column: column[position].item(), values)


def _assess_stacks(claim: Claim, stacked: Any) -> Assessment:
    """Evaluates a claim at instances of one form, a stack on every device at a time."""
    form = form_of(jax.tree.map(lambda leaf: leaf[0], stacked))
    build = lambda: jax.vmap(lambda instance: assess(claim, instance))  # noqa: E731
    program = compiled(claim, "instances", (form, float_width()), build)
    return by_units(program, STACK, stacked)


def _assess_together(claim: Claim, stacked: Any) -> Assessment:
    """Evaluates a claim at a few large instances."""
    build = lambda: jax.vmap(lambda instance: assess(claim, instance))  # noqa: E731
    program = compiled(claim, "large instances", (form_of(stacked), float_width()), build)
    return jax.device_get(program(stacked))


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
        instance: what its domain builds (a record, or a tuple of arrays); or, for a record, a tuple
            of the arrays that it is built from.
        dtype: "float64" or "float32".

    Returns:
        The evaluation.

    Raises:
        ValueError: for an unknown dtype, or a tuple that is neither.
    """
    with precision(dtype):
        values = assess_instances(claim, [_from_parts(claim, instance)])[0]
    return Evaluation(
        lhs=values["lhs"], rhs=values["rhs"], slack=values["slack"], margin=values["margin"]
    )


def _from_parts(claim: Claim, instance: Any) -> Any:
    """Returns the record that a tuple of parts makes, where the claim speaks of records."""
    domains = [domain_of(claim, size) for size in claim.sizes]
    if type(instance) is not tuple or not all(map(_builds_record, domains)):
        return instance
    parts = tuple(jnp.asarray(part, dtype=float) for part in instance)
    shapes = [part.shape for part in parts]
    fitting = [one for one in domains if shapes == [part.shape for part in one.parts]]
    if not fitting:
        refuse(
            "instance",
            f"a tuple of arrays of shapes {', '.join(map(str, shapes))}",
            "a record as the domain builds it, or its parts",
            f"For instance {', '.join(f'{one.name} {one.shape}' for one in domains[0].parts)}.",
        )
    return fitting[0].instance(parts)


def _builds_record(domain: Domain) -> bool:
    """Whether the domain's instances are something else than tuples."""
    if domain.build is None:
        return False
    parts = [jax.ShapeDtypeStruct(part.shape, float) for part in domain.parts]
    return type(jax.eval_shape(domain.build, *parts)) is not tuple
