"""Plants errors in a claim and sees which check catches them: how much a verdict is worth."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory._check import refuse
from kdtheory.claim import Claim, Draw, Finding, Relation, Side
from kdtheory.results import Check, Mutation, Outcome, Verdict
from kdtheory.tools._compile import precision, release
from kdtheory.tools._referee import Ruling, referee_case
from kdtheory.tools._search import random_points
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import assess_instances, assess_points
from kdtheory.tools.verify import verify

STATEMENT_ERROR = 1e-3
"""By which share of itself the right side of a claim is made too strong."""

EVALUATOR_ERROR = 1e-2
"""By which share of itself an evaluator, or a draw, is made wrong."""


_STILL_HOLDS = "so changed it holds wherever the search went"


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A claim with one planted error.

    Attributes:
        name: what was changed, in words.
        claim: the claim that is wrong.
        needs_draws: whether the error may leave the statement true, so that only draws see it.
        if_missed: why the tools may miss it, where the record tells.
    """

    name: str
    claim: Claim
    needs_draws: bool = False
    if_missed: str = ""


def mutants(claim: Claim) -> Iterator[Mutant]:
    """Yields the planted errors that make sense for a claim.

    Statement: the right side wrong by a thousandth against the claim (where a case of equality has
    a right side other than zero), its square in the claim's scale, the sides swapped, a term
    dropped, an assumption dropped. Evaluators: each side one per cent too large and too small.
    Draws: each one per cent too large and too small. A claim that does not hold as printed has its
    evaluators and its draws mutated only.

    Args:
        claim: the claim.

    Yields:
        The mutants.
    """
    stands = claim.finding is Finding.STANDS
    if stands:
        yield from _wrong_statements(claim)
    same = _STILL_HOLDS if stands else "it fails all the same"
    for quantity in ("lhs", "rhs"):
        for sign, word in ((1, "large"), (-1, "small")):
            name = f"{quantity} 1 % too {word}"
            factor = 1 + sign * EVALUATOR_ERROR
            changed = _with_side(claim, quantity, functools.partial(_scaled, factor=factor))
            unseen = "" if quantity in claim.draws else f"{same}, and no draw sees it"
            yield Mutant(name, changed, True, unseen)
    for quantity, draw in claim.draws.items():
        for sign, word in ((1, "large"), (-1, "small")):
            draws = {**claim.draws, quantity: _scaled_draw(draw, 1 + sign * EVALUATOR_ERROR)}
            planted = dataclasses.replace(claim, draws=draws)
            yield Mutant(f"draw of {quantity} 1 % too {word}", planted, True)


def _wrong_statements(claim: Claim) -> Iterator[Mutant]:
    towards = {Relation.LE: -1.0, Relation.GE: 1.0, Relation.EQ: 1.0}[claim.relation]

    def stronger(*parts: Any) -> Any:
        side = claim.rhs(*parts)
        return side + towards * STATEMENT_ERROR * jnp.abs(side)

    def squared(*parts: Any) -> Any:
        side, unit = claim.rhs(*parts), claim.scale(*parts)
        return side * jnp.abs(side) / unit

    bare = dataclasses.replace(claim, draws={})
    if _is_tight(claim):
        yield Mutant("rhs 0.1 % too strong", dataclasses.replace(bare, rhs=stronger))
    power = dataclasses.replace(bare, rhs=squared)
    yield Mutant("rhs squared, in scale", power, if_missed=_STILL_HOLDS)
    if claim.relation is not Relation.EQ:
        swapped = dataclasses.replace(bare, lhs=claim.rhs, rhs=claim.lhs)
        yield Mutant("sides swapped", swapped, if_missed=_STILL_HOLDS)
    for term, summand in claim.terms.items():
        without = functools.partial(_without, summand=summand)
        dropped = _with_side(bare, _side_of_terms(claim), without)
        yield Mutant(f"{term!r} dropped", dropped, if_missed=_STILL_HOLDS)
    for assumption in claim.assumptions:
        others = tuple(a for a in claim.assumptions if a is not assumption)
        freed = dataclasses.replace(bare, assumptions=others)
        yield Mutant(f"assumption {assumption.name!r} dropped", freed)


def _is_tight(claim: Claim) -> bool:
    """Whether a case of equality has a right side other than zero: there a thousandth is seen."""
    cases = [case for case in claim.tight if case.limit is None]
    values = assess_instances(claim, [case.make() for case in cases])
    release(claim)
    return any(value["weakening"] < STATEMENT_ERROR for value in values)


def _with_side(claim: Claim, name: str, change: Callable[[Side], Side]) -> Claim:
    if name == "lhs":
        return dataclasses.replace(claim, lhs=change(claim.lhs))
    return dataclasses.replace(claim, rhs=change(claim.rhs))


def _scaled(side: Side, factor: float) -> Side:
    return lambda *parts: factor * side(*parts)


def _without(side: Side, summand: Side) -> Side:
    return lambda *parts: side(*parts) - summand(*parts)


def _scaled_draw(draw: Draw, factor: float) -> Draw:
    def bounds(*parts: Any) -> tuple[Any, Any]:
        assert draw.bounds is not None
        low, high = draw.bounds(*parts)
        return factor * low, factor * high

    return dataclasses.replace(
        draw,
        sample=lambda key, *parts: factor * draw.sample(key, *parts),
        bounds=None if draw.bounds is None else bounds,
    )


def _side_of_terms(claim: Claim) -> str:
    """Returns the side that the terms add up to; the right one if neither."""
    total = dataclasses.replace(
        claim,
        rhs=lambda *parts: sum(term(*parts) for term in claim.terms.values()),
        relation=Relation.EQ,
        draws={},
    )
    size = claim.sizes[0]
    points = random_points(np.random.default_rng(0), 8, domain_of(claim, size).dimension)
    values = assess_points(total, size, points)
    release(total)
    return "lhs" if np.allclose(values["lhs"], values["rhs"], rtol=1e-6) else "rhs"


def mutation_score(
    claim: Claim,
    *,
    only: Collection[str] | None = None,
    seed: int = 0,
    dtype: str = "float64",
    progress: Callable[[str], None] | None = None,
) -> tuple[Mutation, ...]:
    """Plants every error of `mutants` in a claim, and says which check caught it, in what time.

    Args:
        claim: the claim.
        only: names of mutants, if not all of them are to be planted.
        seed: seed of everything random.
        dtype: "float64" or "float32", the precision of the checks.
        progress: is told the name of each mutant before it is examined.

    Returns:
        One record per mutant, and first one for the claim itself, which must not be "caught".

    Raises:
        ValueError: for a name of ``only`` that no mutant of the claim has, or an unknown dtype.
    """
    records = []
    for mutant in (Mutant("none", claim, True), *_chosen(_collected(claim), only)):
        if progress is not None:
            progress(f"{claim.slug}: {mutant.name}")
        start = time.perf_counter()
        caught = caught_by(mutant, claim, seed=seed, dtype=dtype)
        records.append(
            Mutation(
                slug=claim.slug,
                mutant=mutant.name,
                caught_by=caught,
                seconds=time.perf_counter() - start,
                why_missed="" if caught or mutant.name == "none" else mutant.if_missed,
            )
        )
    return tuple(records)


def _collected(claim: Claim) -> list[Mutant]:
    with precision("float64"):
        return list(mutants(claim))


def _chosen(found: list[Mutant], only: Collection[str] | None) -> list[Mutant]:
    """Returns the mutants that are asked for, in the order in which they are made."""
    if only is None:
        return found
    names = [mutant.name for mutant in found]
    for name in only:
        if name not in names:
            refuse("only", repr(name), f"any of {', '.join(map(repr, names))}", "Name mutants.")
    return [mutant for mutant in found if mutant.name in only]


def caught_by(
    mutant: Mutant, original: Claim, *, seed: int = 0, dtype: str = "float64"
) -> tuple[str, ...]:
    """Returns the checks whose outcome on a mutant is not what the catalogue expects.

    Args:
        mutant: the planted error.
        original: the claim without it.
        seed: seed of everything random.
        dtype: "float64" or "float32".

    Returns:
        Any of "sampling", "search", "cases", "draws", "broken cases"; none for a survivor.
    """
    planted = dataclasses.replace(mutant.claim, sizes=original.sizes[:1])
    try:
        check = verify(planted, seed=seed, instances=512, level=1e-5, dtype=dtype)
    except ValueError as refusal:
        # A draw that leaves its own bounds is refused, whatever its values.
        if "draw of" not in str(refusal):
            raise
        return ("draws",)
    found = list(_dissenting(check))
    if not found and "assumption" in mutant.name:
        found += _broken_cases(mutant.claim, original)
    return tuple(found)


def _dissenting(check: Check) -> Iterator[str]:
    if check.counterexample is not None and check.expected is Verdict.HOLDS:
        note = check.counterexample.note
        yield "search" if "search" in note else "sampling" if "sampling" in note else "cases"
    if any(not case.as_expected for case in check.cases):
        yield "cases"
    if any(part.outcome is Outcome.DISPUTED for part in check.monte_carlo):
        yield "draws"


def _broken_cases(mutant: Claim, original: Claim) -> list[str]:
    """The broken case of a dropped assumption now meets every assumption: it must violate."""
    kept = {assumption.name for assumption in mutant.assumptions}
    with precision("float64"):
        for case in original.broken:
            freed = case.assumption not in kept
            if freed and referee_case(mutant, case).ruling is Ruling.VIOLATED:
                return ["broken cases"]
    return []
