"""A claim along an axis: the truth, the bounds, and draws from the definition, in one batch."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._json import from_dict, to_dict
from kdtheory._numerics import near_equality
from kdtheory._random import random_key
from kdtheory.claim import Axis, Claim, Quantifier, Relation, call, prepared
from kdtheory.tools._compile import compiled, precision
from kdtheory.tools._derived_axes import derived_axes
from kdtheory.tools._referee import size_between
from kdtheory.tools._traced import domain_of, float_width, quantities
from kdtheory.tools.evaluate import assess

LEVEL = 0.95
"""Of the intervals around means of draws, one at a time."""

MARKS = 13
"""At how many values of the axis there are draws, at most."""

# Roles of a series, in the order in which they are drawn.
TRUTH, BOUND, CORRECTED, SHARPENED, TRIVIAL = "truth", "bound", "corrected", "sharpened", "trivial"


@dataclasses.dataclass(frozen=True)
class Series:
    """One quantity along an axis.

    Attributes:
        name: what it is called in a figure.
        role: "truth", "bound", "corrected", "sharpened" or "trivial".
        values: one for every value of the axis; NaN where assumptions are not met.
    """

    name: str
    role: str
    values: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Draws:
    """Means of draws from the definition of one side, at some values of the axis.

    Attributes:
        name: what is drawn.
        at: values of the axis.
        means: the means.
        low: lower ends of the intervals, Student's, one at a time.
        high: upper ends.
        count: replicates for every mean.
        level: of an interval.
    """

    name: str
    at: tuple[float, ...]
    means: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    count: int
    level: float


@dataclasses.dataclass(frozen=True)
class Curve:
    """A claim along an axis.

    Attributes:
        slug: the claim.
        title: of the claim.
        source: where it stands.
        relation: how the sides relate.
        axis: what is varied.
        values: its values.
        series: the quantities.
        draws: means of draws, for the sides that have a definition to draw from.
        admissible: for every value, whether all assumptions are met.
        violated: for every value, whether the claim fails there, by more than the error of its
            evaluation and what the precision can tell, at least a billionth of its scale.
        seed: of everything random.
        dtype: precision of the evaluation, and of the draws.
    """

    slug: str
    title: str
    source: str
    relation: str
    axis: str
    values: tuple[float, ...]
    series: tuple[Series, ...]
    draws: tuple[Draws, ...]
    admissible: tuple[bool, ...]
    violated: tuple[bool, ...]
    seed: int
    dtype: str = "float64"

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities and NaN as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Curve:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


def axes_of(claim: Claim, seed: int = 0) -> tuple[Axis, ...]:
    """Returns the axes along which a claim can be drawn: its own, then those of its domain."""
    with precision("float64"):
        return (*claim.axes, *derived_axes(claim, seed))


def sweep(
    claim: Claim,
    axis: Axis | None = None,
    *,
    companions: Sequence[Claim] = (),
    draws: int = 4096,
    seed: int = 0,
    dtype: str = "float64",
) -> Curve:
    """Evaluates a claim along an axis.

    Args:
        claim: the claim.
        axis: what is varied; the first of `axes_of` if left out.
        companions: claims that correct or sharpen it; added are those over the same domain that
            bound the same quantity the same way.
        draws: replicates for every mean of draws; 0 for none.
        seed: of everything random.
        dtype: "float64" or "float32".

    Returns:
        The curve.

    Raises:
        ValueError: if there is no axis to go along, or for an unknown dtype.
    """
    if axis is None:
        with precision("float64"):
            known = claim.axes or derived_axes(claim, seed)
        if not known:
            raise ValueError(
                f"sweep: got {claim.slug}, which has no axis, and no admissible instance was"
                " met to make one from; expected an axis. Give one: Axis(label, values, make)."
            )
        axis = known[0]
    with precision(dtype):
        others = [
            other
            for other in companions
            if other.domain is claim.domain and other.relation is claim.relation
        ]
        values = np.asarray(axis.values, dtype=np.float64)
        found = _evaluated(claim, axis, others, values)
        met = found["margin"] >= 0
        series = _series(claim, others, found, met, near_equality(dtype))
        members = values[met & _inside(claim, axis, values)] if draws else values[:0]
        drawn = _draws(claim, axis, members, draws, seed)
    return Curve(
        slug=claim.slug,
        title=claim.title,
        source=str(claim.source),
        relation=claim.relation.value,
        axis=axis.label,
        values=tuple(values.tolist()),
        series=series,
        draws=drawn,
        admissible=tuple(met.tolist()),
        violated=tuple((met & (found["slack"] < -near_equality(dtype))).tolist()),
        seed=seed,
        dtype=dtype,
    )


def _evaluated(claim: Claim, axis: Axis, others: Sequence[Claim], values: Any) -> dict[str, Any]:
    """Returns every quantity at every value, from one program."""

    def one(value: Any) -> dict[str, Any]:
        instance = axis.make(value)
        own = assess(claim, instance)
        found = {"lhs": own["lhs"], "rhs": own["rhs"], "slack": own["slack"]}
        if claim.trivial is not None:
            found[TRIVIAL] = call(claim.trivial, instance)
        for index, other in enumerate(others):
            theirs = quantities(other, instance)
            for side in ("lhs", "rhs"):
                found[f"{side} of {index}"] = theirs[side]
        found["margin"] = own["margin"] + 64 * jnp.finfo(own["lhs"].dtype).eps
        return {name: jax.tree.map(jnp.asarray, value) for name, value in found.items()}

    program = compiled((claim, axis, *others), "sweep", (float_width(),), lambda: jax.vmap(one))
    return {
        name: np.asarray(column, dtype=np.float64)
        for name, column in jax.device_get(program(values)).items()
    }


def _inside(claim: Claim, axis: Axis, values: Any) -> Any:
    """Returns where the axis is inside the domain: draws are made for its members alone."""
    size = size_between(claim, jax.eval_shape(axis.make, jax.ShapeDtypeStruct((), float)))
    if size is None:
        return np.zeros(len(values), bool)
    domain = domain_of(claim, size)
    program = compiled(
        (claim.domain, axis),
        "margins along",
        (size, float_width()),
        lambda: jax.vmap(lambda value: domain.margin(axis.make(value))),
    )
    margins = np.asarray(jax.device_get(program(values)))
    return margins >= -64 * np.finfo(margins.dtype).eps


def _series(
    claim: Claim, others: Sequence[Claim], found: dict[str, Any], met: Any, equal: float
) -> tuple[Series, ...]:
    """Returns the quantities by role. The left side is the truth, the right side what bounds it.

    A companion is shown if its left side is the same, up to a share ``equal``.
    """

    def series(name: str, role: str, column: str) -> Series:
        return Series(name, role, tuple(np.where(met, found[column], np.nan).tolist()))

    names = "truth", "bound"
    if claim.relation is Relation.EQ:
        names = "left side", "right side"
    elif claim.quantifier is Quantifier.WITH_PROBABILITY:
        names = "probability of failure", "allowed"
    listed = [series(names[0], TRUTH, "lhs"), series(names[1], BOUND, "rhs")]
    for index, other in enumerate(others):
        if not np.allclose(found[f"lhs of {index}"], found["lhs"], rtol=equal, equal_nan=True):
            continue
        role = CORRECTED if other.corrects == claim.slug else SHARPENED
        listed.append(series(f"{role}: {other.slug.split('/')[1]}", role, f"rhs of {index}"))
    if claim.trivial is not None:
        listed.append(series("trivial bound", TRIVIAL, TRIVIAL))
    return tuple(listed)


def _draws(claim: Claim, axis: Axis, values: Any, count: int, seed: int) -> tuple[Draws, ...]:
    """Returns the means of draws of both sides, where they can be drawn, at a few values."""
    from scipy import special

    sides = [side for side in ("lhs", "rhs") if side in claim.draws]
    if not sides or not len(values):
        return ()
    chosen = values[np.unique(np.linspace(0, len(values) - 1, MARKS).round().astype(int))]
    key = jax.random.fold_in(random_key(seed), zlib.crc32(claim.slug.encode()))

    def build() -> Callable[..., Any]:
        def one(value: Any, key: Any) -> Any:
            instance = axis.make(value)
            moments: list[tuple[Any, Any]] = []
            for side in sides:
                draw = claim.draws[side]
                ready = prepared(draw, instance)
                sample = jax.vmap(lambda k, d=draw, r=ready: call(d.sample, r, k))  # noqa: B023
                drawn = sample(jax.random.split(jax.random.fold_in(key, len(moments)), count))
                moments.append((drawn.mean(), drawn.std(ddof=1)))
            return moments

        return lambda values, keys: jax.lax.map(lambda pair: one(*pair), (values, keys))

    program = compiled((claim, axis), "sweep draws", (count, float_width()), build, loop=True)
    found = jax.device_get(program(chosen, jax.random.split(key, len(chosen))))
    quantile = float(special.stdtrit(count - 1, (1 + LEVEL) / 2)) / math.sqrt(count)
    return tuple(
        Draws(
            name="left side" if side == "lhs" else "right side",
            at=tuple(chosen.tolist()),
            means=tuple(np.asarray(mean).tolist()),
            low=tuple((mean - quantile * deviation).tolist()),
            high=tuple((mean + quantile * deviation).tolist()),
            count=count,
            level=LEVEL,
        )
        for side, (mean, deviation) in zip(sides, found, strict=True)
    )
