"""Searches for the best constant of a claim: the most that any instance demands of it."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import math
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from kdtheory._check import refuse
from kdtheory._exact import simplest_between
from kdtheory.claim import Claim, Relation
from kdtheory.domains import Domain, reals
from kdtheory.results import Attainment, BestConstant, Extreme, ExtremeConstant
from kdtheory.tools._ball_numbers import exact
from kdtheory.tools._balls import describe, midpoint
from kdtheory.tools._compile import precision, release
from kdtheory.tools._demand import (
    ExactDemand,
    Probes,
    demanded_at_point,
    demanded_by_parts,
    is_affine,
    probe,
    proven,
)
from kdtheory.tools._demand_search import climb_demands, growing, tolerance
from kdtheory.tools._referee import exact_parts, written
from kdtheory.tools._search import STARTS, STEPS
from kdtheory.tools.falsify import as_claim, generator
from kdtheory.tools.simplify import reduce_instance

BUDGET = 200
"""How many candidates for a simpler instance are judged, at each of up to three attempts."""

SIMPLE = 4096
CHANCE = 1e-3
"""A fraction is a guess if its numerator times its denominator is at most `SIMPLE`, and times the
relative doubt at most `CHANCE`: a smaller share than that of random numbers is so close to one."""


def best_constant(
    claim: Claim | Any,
    constant: str,
    rhs: Any = None,
    *,
    over: Domain | Callable[..., Domain] | None = None,
    relation: str | Relation = "<=",
    sizes: Iterable[Any] | None = None,
    seed: int = 0,
    rounds: int = 2,
) -> BestConstant:
    r"""Returns the best constant of a claim: the most that any instance demands of it.

    ``rhs - lhs`` (for ">=", ``lhs - rhs``) must be affine in the constant, $a + bC$. Where $b > 0$
    an instance demands $C\ge -a/b$, and the supremum of these is the smallest admissible constant;
    where $b < 0$ it demands $C\le a/|b|$, and their infimum is the largest one. If there are
    instances of both kinds, both ends are reported. An instance with $b = 0$ demands nothing,
    unless $a < 0$: then no constant works.

    The ratio is climbed from many starts, polished, and its best instance rounded to simple
    fractions and evaluated in exact or ball arithmetic. So one direction is proven: no constant
    beyond ``bound`` works. That the constant itself works is what the search found.

    Args:
        claim: a claim whose domain has the constant as a part; or the left side as a function.
        constant: the name of the constant. With two functions it is the name of an argument of
            either, and ``over`` is the domain of the other arguments.
        rhs: the right side, when ``claim`` is a function.
        over: the domain, when ``claim`` is a function; or, for a table over sizes, a function of
            the size that returns it.
        relation: "<=" or ">=", when ``claim`` is a function.
        sizes: the sizes, tuples or whole numbers; those of the claim if left out.
        seed: seed of the starting points.
        rounds: how many times 256 starts are made afresh at every size.

    Returns:
        A row per size. Assumptions that depend on the constant say which constants are allowed;
        they are left out, as is the range of the constant itself.

    Raises:
        TypeError: if the arguments are neither a claim nor two functions and a domain.
        ValueError: if there is no such constant, it is not a scalar, the sides are not affine in
            it, or the relation is "=" or unknown.

    Example:
        >>> from kdtheory.domains import box
        >>> square = lambda x, C: C * x**2
        >>> print(best_constant(lambda x: x, "C", square, over=box(1, 4)).rows[0].guess)
        1
    """
    given = (
        None
        if sizes is None
        else tuple(size if isinstance(size, tuple) else (int(size),) for size in sizes)
    )
    record = _as_family(claim, constant, rhs, over, relation, given)
    start = time.perf_counter()
    rows: list[ExtremeConstant] = []
    left_out: dict[str, None] = {}
    with precision("float64"):
        rng = generator(record, seed)
        for size in given or record.sizes:
            probes = probe(record, constant, size, rng)
            rows += _rows(probes, rng, rounds)
            left_out |= dict.fromkeys(probes.left_out)
        release(record)
    seconds = time.perf_counter() - start
    return BestConstant(record.slug, constant, tuple(rows), tuple(left_out), seed, seconds)


def _as_family(
    claim: Any,
    constant: str,
    rhs: Any,
    over: Any,
    relation: Any,
    sizes: tuple[tuple[int, ...], ...] | None,
) -> Claim:
    """Returns a claim with the constant as a part of its domain."""
    if isinstance(claim, Claim):
        return claim
    if isinstance(over, Domain) or not callable(over):
        sizes, make = ((),), lambda: over
    else:
        make = over
        if not sizes:
            mend = "Say for instance sizes=(2, 3, 4)."
            refuse("sizes", "none, with a domain for each size", "the sizes", mend)
    record = as_claim(claim, rhs, make(*sizes[0]), relation, tried=False)
    if any(part.name == constant for part in record.domain(sizes[0]).parts):
        family = lambda size: as_claim(claim, rhs, make(*size), relation, tried=False).domain(size)  # noqa: E731
        return dataclasses.replace(record, domain=family, sizes=sizes)
    arguments = [_arguments(side) for side in (claim, rhs)]
    if not any(constant in names for names in arguments):
        expected = "the name of an argument of one of the sides"
        refuse("constant", repr(constant), expected, "Write it as lambda p, q, C: C * ...")
    given = [tuple(name for name in names if name != constant) for names in arguments]
    return dataclasses.replace(
        record,
        lhs=_of_parts(claim, constant, arguments[0]),
        rhs=_of_parts(rhs, constant, arguments[1]),
        domain=lambda size: _with_constant(make(*size), constant, given),
        sizes=sizes,
    )


def _arguments(side: Callable[..., Any]) -> tuple[str, ...]:
    with contextlib.suppress(ValueError, TypeError):
        return tuple(inspect.signature(side).parameters)
    return ()


def _of_parts(side: Callable[..., Any], constant: str, arguments: tuple[str, ...]) -> Any:
    """Returns a side as a function of the parts, the constant last."""
    if constant in arguments:
        return lambda *parts: side(*parts[:-1], **{constant: parts[-1]})
    return lambda *parts: side(*parts[:-1])


def _with_constant(over: Domain, constant: str, given: list[tuple[str, ...]]) -> Domain:
    """Returns a domain with the constant as a further part and a further argument of the sides."""
    if not any(part.name for part in over.parts):
        names = next((one for one in given if len(one) == len(over.parts)), None)
        over = over.named(*names) if names else over

    def build(*parts: Any) -> tuple[Any, ...]:
        instance = over.instance(parts[:-1])
        return (*(instance if type(instance) is tuple else (instance,)), parts[-1])

    return Domain(parts=(*over.parts, *reals().named(constant).parts), build=build)


def _rows(probes: Probes, rng: np.random.Generator, rounds: int) -> list[ExtremeConstant]:
    """Returns both ends of the admissible constants at one size, as far as there are demands."""
    found = [_end(probes, sign, rng, rounds) for sign in (1, -1)]
    rows = [row for row in found if row is not None]
    hopeless = [row for row in rows if row.attainment is Attainment.IMPOSSIBLE]
    if hopeless:
        return hopeless[:1]
    if not rows:
        spent = 2 * rounds * STARTS * STEPS
        anything = Attainment.UNCONSTRAINED, -math.inf
        return [ExtremeConstant(probes.size, Extreme.SMALLEST, *anything, evaluations=spent)]
    if len(rows) == 2 and rows[0].value > rows[1].value:
        note = "the smallest exceeds the largest: no constant works"
        rows[1] = dataclasses.replace(rows[1], note=f"{rows[1].note} {note}".strip())
    return rows


def _end(
    probes: Probes, sign: int, rng: np.random.Generator, rounds: int
) -> ExtremeConstant | None:
    """Returns one end of the admissible constants; None if no instance demands it."""
    climbed, counted = climb_demands(probes, sign, rng, rounds)
    extreme = Extreme.SMALLEST if sign > 0 else Extreme.LARGEST
    undefined = counted["undefined"]
    note = f"a side was NaN on {undefined} admissible instances" if undefined else ""
    row = ExtremeConstant(
        size=probes.size,
        extreme=extreme,
        attainment=Attainment.UNDECIDED,
        value=sign * climbed.scores[-1],
        names=tuple(part.name for part in probes.domain.parts),
        evaluations=counted["visits"],
        note=note,
    )
    if not counted["admissible"]:
        return dataclasses.replace(row, note="the assumptions were never met")
    if counted["crooked"] > 0.01 * counted["admissible"]:
        _refuse_crooked()
    if climbed.scores[-1] == -math.inf:
        return None
    points = [*climbed.best[:4], climbed.roomy[0]]
    judged = [demanded_at_point(probes, sign, point) for point in points]
    demands = [one for one in judged if isinstance(one, ExactDemand)]
    if not demands:
        doubts = [one for one in judged if one]
        doubt = f"seen in floating point, not proven: {doubts[0]}" if doubts else ""
        return dataclasses.replace(row, note=f"{note} {doubt}".strip()) if doubt else None
    return _concluded(probes, sign, row, climbed.scores, demands)


def _refuse_crooked() -> None:
    refuse(
        "constant",
        "sides that are not affine in it",
        "rhs - lhs of the form a + b C",
        "Name the whole factor, such as C for C**2, or fix the other places where it stands.",
    )


def _concluded(
    probes: Probes,
    sign: int,
    row: ExtremeConstant,
    scores: list[float],
    demands: list[ExactDemand],
) -> ExtremeConstant:
    """Returns the row with the simplest instance that demands as much, and what it shows."""

    def rank(demand: ExactDemand) -> Any:
        return sign * proven(demand.constant, sign)

    def simpler(start: ExactDemand, least: Any) -> ExactDemand | None:
        def judge(_: tuple[int, ...], parts: tuple[Any, ...]) -> ExactDemand | None:
            demand = demanded_by_parts(probes, sign, parts)
            return demand if isinstance(demand, ExactDemand) and rank(demand) >= least else None

        parts = exact_parts(start.parts)
        if parts is None:
            return None
        smallest = reduce_instance(lambda _: probes.domain, (), parts, judge, budget=BUDGET)
        return None if smallest is None else smallest[1]

    best = max(demands, key=rank)
    unbounded = growing(scores)
    reached = sign * midpoint(best.constant)
    doubt = tolerance(scores, reached)
    # An instance with room first: it is the one that rounds to an instance just as extreme.
    best = simpler(demands[-1], rank(best)) or simpler(best, rank(best)) or best
    if isinstance(best.constant, float):
        impossible = dataclasses.replace(row, attainment=Attainment.IMPOSSIBLE, value=best.constant)
        return _shown(probes, impossible, best)
    found = row if unbounded else _guessed(row, sign, best, doubt)
    if found.attainment is not Attainment.ATTAINED:
        # Only approached: digits that the search cannot tell from others are not worth reading.
        loss = abs(reached) / 10 if unbounded else doubt / 10
        best = simpler(best, rank(best) - Fraction(loss)) or best
    reach = proven(best.constant, sign)
    assert isinstance(reach, Fraction)
    found = dataclasses.replace(found, bound=describe(exact(reach)), value=midpoint(best.constant))
    if unbounded:
        value = sign * math.inf
        found = dataclasses.replace(found, attainment=Attainment.UNBOUNDED, value=value)
    if found.guess is not None:
        found = dataclasses.replace(found, distance=float(abs(Fraction(found.guess) - reach)))
    return _shown(probes, found, best)


def _shown(probes: Probes, row: ExtremeConstant, demand: ExactDemand) -> ExtremeConstant:
    """Returns the row with its instance, as fractions where it is rational."""
    if not is_affine(probes, demand):
        _refuse_crooked()
    parts = exact_parts(demand.parts)
    texts = map(written, demand.parts) if parts is None else map(_fractions, parts)
    return dataclasses.replace(row, parts=tuple(texts))


def _fractions(array: Any) -> Any:
    return tuple(map(_fractions, array)) if np.ndim(array) else str(np.asarray(array).item())


def _guessed(row: ExtremeConstant, sign: int, best: ExactDemand, doubt: float) -> ExtremeConstant:
    """Returns the row with the simplest fraction that the search cannot tell from the constant."""
    reached = proven(best.constant, sign)
    assert isinstance(reached, Fraction)
    # Numbers in a formula are rounded to float64: by so much the guess may seem to be excluded.
    rounding = Fraction(1, 2**49) * max(Fraction(1), abs(reached))
    beyond, short = reached + sign * Fraction(doubt), reached - sign * rounding
    guess = simplest_between(min(beyond, short), max(beyond, short))
    if doubt > CHANCE * max(float(abs(reached)), CHANCE):
        return dataclasses.replace(row, note=f"{row.note} known to {doubt:.1e} only".strip())
    length = abs(guess.numerator) * guess.denominator
    if length > SIMPLE or length * doubt > CHANCE * abs(reached):
        return row
    attainment = Attainment.UNDECIDED
    other = proven(best.constant, -sign)
    if (
        abs(guess - reached)
        <= abs(Fraction(other) - reached)
        <= Fraction(1, 10**30) * max(Fraction(1), abs(guess))
    ):
        attainment = Attainment.ATTAINED
    elif sign * (guess - reached) > rounding:
        attainment = Attainment.APPROACHED
    return dataclasses.replace(row, guess=str(guess), attainment=attainment)
