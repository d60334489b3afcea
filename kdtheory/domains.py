r"""Domains: what the instances of a claim are, in four answers.

A domain is a product of parts (arrays of one kind: a simplex, a box, ...) and a function that
builds an instance from them. It knows its dimension; a *parametrization* of all of $\mathbb R^d$
onto its instances, by Euclidean projection and clipping so that faces are really reached; its
*margins*, what membership means in floating point; and in exact arithmetic what is *contained*,
and how a member is *coarsened* to one with a small denominator. All parametrizations are rational
functions, so that a point with floating-point coordinates has an exact instance.

    >>> domain = simplex(3) * box(0, 1, 3)
    >>> domain.dimension
    6
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory._exact import (
    Exact,
    clip,
    constant,
    exact,
    has_distributions,
    is_between,
    is_semidefinite,
    is_whole,
    largest_remainder,
    map_exact,
    round_all,
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """Arrays of one shape under one kind of constraint.

    Attributes:
        kind: "simplex", "box", "integers", "reals", "positive" or "psd".
        shape: the shape of the array.
        dimension: how many real coordinates parametrize it.
        parametrize: flat coordinates -> array, onto, defined everywhere.
        margin: array -> scalar, non-negative (up to rounding) iff the array is a member.
        contains: exact array of this shape -> whether it is a member, without rounding.
        coarsen: (exact array, denominator) -> a member whose entries have that denominator.
        low: lower end of a box or of a range of integers.
        high: upper end.
        name: what the array is called in a counterexample.
    """

    kind: str
    shape: tuple[int, ...]
    dimension: int
    parametrize: Callable[[Float[Array, "..."]], Float[Array, "..."]]
    margin: Callable[[Float[Array, "..."]], Float[Array, ""]]
    contains: Callable[[Exact], bool]
    coarsen: Callable[[Exact, int], Exact]
    low: float = -math.inf
    high: float = math.inf
    name: str = ""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Domain:
    """A product of parts, and the function that builds an instance from them.

    Attributes:
        parts: the factors, in order.
        build: parts -> instance; None when the instance is the parts themselves.
        split: instance -> parts, the inverse of ``build``.
    """

    parts: tuple[Part, ...]
    build: Callable[..., Any] | None = None
    split: Callable[[Any], tuple[Any, ...]] | None = None

    @property
    def dimension(self) -> int:
        """The number of real coordinates."""
        return sum(part.dimension for part in self.parts)

    def __mul__(self, other: Domain) -> Domain:
        """Returns the product; its instances are the parts of both, in order."""
        if self.build is not None or other.build is not None:
            raise ValueError(
                "product of domains: got a mapped domain; expected plain products. "
                "Multiply first, then map the product once."
            )
        return Domain(parts=self.parts + other.parts)

    def map(self, build: Callable[..., Any], split: Callable[[Any], tuple[Any, ...]]) -> Domain:
        """Returns the domain of the objects built from these parts.

        Args:
            build: parts -> instance, traceable.
            split: instance -> parts, so that membership of a given object can be decided.

        Returns:
            The mapped domain.

        Raises:
            ValueError: if this domain is mapped already.
        """
        if self.build is not None:
            raise ValueError(
                "Domain.map: got a mapped domain; expected a plain product. "
                "Compose the functions, and map once."
            )
        return dataclasses.replace(self, build=build, split=split)

    def named(self, *names: str) -> Domain:
        """Returns the domain with its parts named, as a counterexample will call them."""
        pairs = zip(self.parts, names, strict=True)
        parts = tuple(dataclasses.replace(part, name=name) for part, name in pairs)
        return dataclasses.replace(self, parts=parts)

    def parametrize(self, point: Float[Array, "dimension"]) -> tuple[Array, ...]:
        r"""Returns the parts at a point of $\mathbb R^d$ (traceable)."""
        values, start = [], 0
        for part in self.parts:
            values.append(part.parametrize(point[start : start + part.dimension]))
            start += part.dimension
        return tuple(values)

    def instance(self, parts: tuple[Any, ...]) -> Any:
        """Returns the instance that these parts make: an object, or the tuple itself."""
        return parts if self.build is None else self.build(*parts)

    def parts_of(self, instance: Any) -> tuple[Any, ...]:
        """Returns the parts that make this instance."""
        if self.split is not None:
            return self.split(instance)
        return instance if type(instance) is tuple else (instance,)

    def margin(self, instance: Any) -> Float[Array, ""]:
        """Returns the smallest membership margin of an instance, negative outside the domain."""
        pairs = zip(self.parts, self.parts_of(instance), strict=True)
        return jnp.min(jnp.stack([part.margin(jnp.asarray(value)) for part, value in pairs]))

    def contains(self, parts: tuple[Exact, ...]) -> bool:
        """Returns whether exact parts make a member, in rational arithmetic."""
        pairs = zip(self.parts, parts, strict=True)
        return all(part.shape == value.shape and part.contains(value) for part, value in pairs)


# Kinds of parts are asked for again and again: the same one is the same object.
_same = functools.lru_cache(maxsize=256, typed=True)


def _size(shape: tuple[int, ...]) -> int:
    if any(side < 1 for side in shape):
        raise ValueError(f"domain shape: got {shape}; expected positive sizes. Leave out axes.")
    return math.prod(shape)


def project_to_simplex(point: Float[Array, "*batch atoms"]) -> Float[Array, "*batch atoms"]:
    r"""Returns the Euclidean projection onto the probability simplex, along the last axis.

    The projection is $\max(z - \theta, 0)$ with the threshold $\theta$ at which the entries sum to
    one. For every entry $z_i$ take the entries at least as large, $j$ of them with sum $s$: the
    threshold is the largest of the candidates $(s - 1)/j$, which increase as smaller entries join
    for as long as these exceed the candidate, and decrease from then on.

    Args:
        point: any real vectors.

    Returns:
        Probability vectors; zeros are exact.
    """
    # The projection is invariant under shifts; centring keeps rounding small for large entries.
    point = point - jnp.max(point, axis=-1, keepdims=True)
    at_least = point[..., None, :] >= point[..., :, None]
    sums = jnp.sum(jnp.where(at_least, point[..., None, :], 0.0), axis=-1)
    candidates = (sums - 1) / jnp.sum(at_least, axis=-1)
    return jnp.maximum(point - jnp.max(candidates, axis=-1, keepdims=True), 0)


@_same
def stochastic(*shape: int) -> Domain:
    """Returns the domain of arrays whose last axis holds probability vectors.

    Args:
        shape: the shape; ``stochastic(m, L)`` is an m x L matrix with distributions as rows.

    Returns:
        The domain; standard normal coordinates land in the interior and on every kind of face.
    """
    _size(shape)

    def parametrize(point: Float[Array, "..."]) -> Float[Array, "..."]:
        return project_to_simplex(0.5 * point.reshape(shape))

    def margin(value: Float[Array, "..."]) -> Float[Array, ""]:
        return jnp.minimum(jnp.min(value), -jnp.max(jnp.abs(jnp.sum(value, axis=-1) - 1)))

    def coarsen(value: Exact, denominator: int) -> Exact:
        rows = value.reshape(-1, shape[-1])
        return np.stack([largest_remainder(row, denominator) for row in rows]).reshape(shape)

    part = Part(
        kind="simplex",
        shape=shape,
        dimension=math.prod(shape),
        parametrize=parametrize,
        margin=margin,
        contains=has_distributions,
        coarsen=coarsen,
    )
    return Domain(parts=(part,))


def simplex(size: int) -> Domain:
    """Returns the domain of probability vectors of a given length."""
    return stochastic(size)


@_same
def box(low: float, high: float, *shape: int) -> Domain:
    """Returns the domain of arrays with entries in ``[low, high]``.

    Args:
        low: lower end, finite.
        high: upper end, finite and larger.
        shape: the shape; none for a single number.

    Returns:
        The domain; coordinates are clipped, so that both ends are reached.

    Raises:
        ValueError: if the ends are not finite and in order.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"box: got [{low}, {high}]; expected finite ends with low < high. "
            "Use reals() or positive() for unbounded entries."
        )
    centre, radius = (low + high) / 2, (high - low) / 2

    def parametrize(point: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.clip(centre + radius * point.reshape(shape), low, high)

    def margin(value: Float[Array, "..."]) -> Float[Array, ""]:
        return jnp.min(jnp.minimum(value - low, high - value))

    def coarsen(value: Exact, denominator: int) -> Exact:
        return clip(round_all(value, denominator), low, high)

    part = Part(
        kind="box",
        shape=shape,
        dimension=_size(shape),
        parametrize=parametrize,
        margin=margin,
        contains=lambda value: is_between(value, low, high),
        coarsen=coarsen,
        low=low,
        high=high,
    )
    return Domain(parts=(part,))


@_same
def integers(low: int, high: int, *shape: int) -> Domain:
    """Returns the domain of whole numbers ``low..high``, held as floats so that formulas trace.

    Args:
        low: smallest value.
        high: largest value.
        shape: the shape; none for a single number.

    Returns:
        The domain; coordinates are clipped and rounded, so the gradient through it is zero.

    Raises:
        ValueError: if ``low > high``.
    """
    if low > high:
        raise ValueError(f"integers: got {low}..{high}; expected low <= high. Swap the ends.")

    def parametrize(point: Float[Array, "..."]) -> Float[Array, "..."]:
        spread = (high - low + 1) / 2
        value = jnp.floor((low + high + 1) / 2 + 0.6 * spread * point.reshape(shape))
        return jax.lax.stop_gradient(jnp.clip(value, low, high))

    def margin(value: Float[Array, "..."]) -> Float[Array, ""]:
        inside = jnp.min(jnp.minimum(value - low, high - value))
        return jnp.minimum(inside, -jnp.max(jnp.abs(value - jnp.round(value))))

    def coarsen(value: Exact, denominator: int) -> Exact:
        return value if denominator > 1 else constant(Fraction(low), *shape)

    part = Part(
        kind="integers",
        shape=shape,
        dimension=_size(shape),
        parametrize=parametrize,
        margin=margin,
        contains=lambda value: is_between(value, low, high) and is_whole(value),
        coarsen=coarsen,
        low=low,
        high=high,
    )
    return Domain(parts=(part,))


@_same
def reals(*shape: int) -> Domain:
    """Returns the domain of real arrays of a given shape."""
    part = Part(
        kind="reals",
        shape=shape,
        dimension=_size(shape),
        parametrize=lambda point: point.reshape(shape),
        margin=lambda value: jnp.where(jnp.all(jnp.isfinite(value)), 0.0, -jnp.inf),
        contains=lambda value: True,
        coarsen=round_all,
    )
    return Domain(parts=(part,))


@_same
def positive(*shape: int) -> Domain:
    r"""Returns the domain of arrays with entries in $(0, \infty)$.

    The parametrization is $1+z$ for $z\ge0$ and $1/(1-z)$ for $z<0$: rational, increasing, onto.
    """

    def parametrize(point: Float[Array, "..."]) -> Float[Array, "..."]:
        point = point.reshape(shape)
        above = jnp.maximum(point, 0)
        below = jnp.maximum(-point, 0)
        return (1 + above) / (1 + below)

    def coarsen(value: Exact, denominator: int) -> Exact:
        smallest = Fraction(1, denominator)
        return map_exact(lambda entry: max(entry, smallest), round_all(value, denominator))

    part = Part(
        kind="positive",
        shape=shape,
        dimension=_size(shape),
        parametrize=parametrize,
        margin=jnp.min,
        contains=lambda value: min(value.reshape(-1)) > 0,
        coarsen=coarsen,
        low=0.0,
    )
    return Domain(parts=(part,))


@_same
def psd(size: int) -> Domain:
    """Returns the domain of symmetric positive semidefinite matrices of a given size."""

    def parametrize(point: Float[Array, "..."]) -> Float[Array, "..."]:
        factor = point.reshape(size, size)
        return factor @ factor.T / size

    def margin(value: Float[Array, "..."]) -> Float[Array, ""]:
        symmetric = 0.5 * (value + value.T)
        return jnp.minimum(
            jnp.min(jnp.linalg.eigvalsh(symmetric)), -jnp.max(jnp.abs(value - value.T))
        )

    def coarsen(value: Exact, denominator: int) -> Exact:
        # Rounding n x n entries lowers an eigenvalue by n/2 steps at most; the diagonal makes up.
        rounded = round_all(value, denominator)
        while not is_semidefinite(rounded):
            rounded = rounded + exact(np.eye(size)) / denominator
        return rounded

    part = Part(
        kind="psd",
        shape=(size, size),
        dimension=_size((size, size)),
        parametrize=parametrize,
        margin=margin,
        contains=is_semidefinite,
        coarsen=coarsen,
    )
    return Domain(parts=(part,))
