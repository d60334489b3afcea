r"""A claim's formulas as polynomials: the traced program, evaluated on variables.

The program that jax runs is interpreted over polynomials with rational coefficients, as `_balls`
interprets it over numbers: what comes out is what users evaluate, in exact arithmetic, at every
instance at once. Three things that are no polynomials are taken along as further variables, with
what is known of them:

* $[v\ne0]$ for a variable $v$ (a mask), with $[v\ne0]^2=[v\ne0]$ and $v\,[v\ne0]=v$;
* $1/v$ for a variable $v$ that is positive on the domain, with $v\cdot v^{-1}=1$ and its range;
* a maximum $M$ of polynomials $a_i$ (and with it minima and absolute values), with $M\ge a_i$ and
  $\prod_i(M-a_i)=0$.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kdtheory.certificates.sums_of_squares import EQUAL, NON_NEGATIVE, Polynomial, ring
from kdtheory.claim import Claim, Relation, call
from kdtheory.domains import Domain, Part
from kdtheory.tools._ball_primitives import Uncovered
from kdtheory.tools._balls import interpret
from kdtheory.tools._polynomial_numbers import (
    RULES,
    Expression,
    NotPolynomial,
    Variables,
    polynomial_of,
    rational_of,
)
from kdtheory.tools._traced import domain_of


@dataclasses.dataclass(frozen=True)
class Statement:
    """A polynomial statement: the target is >= 0, or = 0, on a family.

    Attributes:
        relation: ">=" or "=", as in `kdtheory.certificates.sums_of_squares`.
        variables: their names.
        target: the polynomial.
        nonnegative: name -> polynomial that is non-negative on the family.
        zero: name -> polynomial that is zero on the family.
    """

    relation: str
    variables: tuple[str, ...]
    target: Polynomial
    nonnegative: dict[str, Polynomial]
    zero: dict[str, Polynomial]


def _names(part: Part, place: int) -> list[str]:
    name = part.name.replace("-", "_").replace(" ", "_") or f"x{place}"
    indices = np.ndindex(part.shape)
    return [f"{name}[{','.join(map(str, index))}]" if index else name for index in indices]


def _known(part: Part, names: list[str], gens: Sequence[Polynomial]) -> dict[str, Polynomial]:
    """Returns what is non-negative on a part of a domain."""
    if part.kind == "psd":
        raise NotPolynomial("a positive semidefinite matrix as a part of the domain")
    result = {}
    for name, variable in zip(names, gens, strict=True):
        if part.kind == "simplex":
            result[f"{name} >= 0"] = variable
        if math.isfinite(part.low):
            result[f"{name} >= its smallest"] = variable - rational_of(part.low)
        if math.isfinite(part.high):
            result[f"{name} <= its largest"] = rational_of(part.high) - variable
    return result


def _bounds(part: Part) -> tuple[float, float]:
    if part.kind == "simplex":
        return 0.0, 1.0
    # The parametrization of "positive" leaves zero out.
    return (math.ulp(0.0), math.inf) if part.kind == "positive" else (part.low, part.high)


@functools.lru_cache(maxsize=8)
def _difference(claim: Claim, size: tuple[int, ...]) -> tuple[Domain, Callable[..., Any]]:
    """Returns the domain, and larger minus smaller side as a function of its parts."""
    domain = domain_of(claim, size)
    sign = -1 if claim.relation is Relation.GE else 1

    def difference(*parts: Any) -> Any:
        instance = domain.instance(parts)
        return sign * (call(claim.rhs, instance) - call(claim.lhs, instance))

    return domain, difference


def statement(claim: Claim, size: tuple[int, ...]) -> Statement:
    r"""Returns what a claim says at a size, as a statement on polynomials.

    The last probability of every distribution is one minus the others; masks must have cancelled.

    Args:
        claim: the claim; its assumptions are not used, so that the statement is at least as strong.
        size: a static size.

    Returns:
        The statement.

    Raises:
        NotPolynomial: if the sides are no polynomials on the domain; the message says why.
    """
    domain, difference = _difference(claim, size)
    names = [_names(part, place) for place, part in enumerate(domain.parts)]
    flat = [name for own in names for name in own]
    if len(set(flat)) != len(flat):
        raise NotPolynomial("parts of one name")
    bounds = [_bounds(part) for part in domain.parts for _ in range(math.prod(part.shape))]
    variables = Variables(flat, bounds)
    arrays, start = [], 0
    known: dict[str, Polynomial] = {}
    last: dict[int, Polynomial] = {}
    for part, own in zip(domain.parts, names, strict=True):
        gens = variables.gens[start : start + len(own)]
        known |= _known(part, own, gens)
        array = np.empty(part.shape, dtype=object)
        array.reshape(-1)[:] = [Expression(variables, gen) for gen in gens]
        arrays.append(array)
        if part.kind == "simplex":
            for row in range(0, len(own), part.shape[-1]):
                end = row + part.shape[-1] - 1
                last[start + end] = 1 - sum(gens[row:end], 0 * variables.gens[0])
        start += len(own)
    try:
        result = np.asarray(interpret(difference, *arrays, rules=RULES)).item()
    except Uncovered as problem:
        raise NotPolynomial(f"the operation {problem.primitive!r}") from None
    target = polynomial_of(result) + 0 * variables.gens[0]
    if any(target.degrees()[mask] > 0 for mask in variables.masks.values()):
        raise NotPolynomial("a formula that changes where a probability or a weight is zero")
    relation = EQUAL if claim.relation is Relation.EQ else NON_NEGATIVE
    return _compact(variables, relation, target, {**known, **variables.nonnegative}, last)


def _compact(
    variables: Variables,
    relation: str,
    target: Polynomial,
    known: dict[str, Polynomial],
    last: dict[int, Polynomial],
) -> Statement:
    """Returns the statement in the variables that it has, without the last probabilities."""
    images = [last.get(place, gen) for place, gen in enumerate(variables.gens)]

    def without_last(value: Polynomial) -> Polynomial:
        return value.compose(*images, ctx=variables.ring)

    target = without_last(target)
    known = {name: without_last(value) for name, value in known.items()}
    zero = {name: without_last(value) for name, value in variables.zero.items()}
    everything = [target, *known.values(), *zero.values()]
    places = [
        place
        for place in range(len(variables.bounds))
        if any(value.degrees()[place] > 0 for value in everything)
    ]
    names = tuple(variables.names[place] for place in places)
    smaller = ring(names)

    def moved(value: Polynomial) -> Polynomial:
        terms = value.to_dict().items()
        return smaller.from_dict({tuple(k[place] for place in places): c for k, c in terms})

    return Statement(
        relation=relation,
        variables=names,
        target=moved(target),
        nonnegative={name: moved(value) for name, value in known.items()},
        zero={name: moved(value) for name, value in zero.items()},
    )
