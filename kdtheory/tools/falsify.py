"""Searches for a counterexample, knowing a claim's sides, domain and assumptions only."""

from __future__ import annotations

import contextlib
import functools
import inspect
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory._numerics import DOUBTFUL, resolution, rounding_tolerance
from kdtheory.claim import Claim, Finding, Relation
from kdtheory.domains import Domain
from kdtheory.results import Check, Counterexample, Search, Verdict
from kdtheory.tools._compile import precision
from kdtheory.tools._referee import Refereed, Ruling, counterexample, referee_point
from kdtheory.tools._search import Ascent, ascend
from kdtheory.tools._sides import refuse_unusable
from kdtheory.tools.simplify import simplify

CANDIDATES = 24
"""How many of a search's worst points are refereed before its violations count as unproven."""

REFEREED = 8
"""How many near-equalities are refereed, smallest slack first."""

UNDEFINED = 256
"""How many points where a side was NaN are refereed before the rest count as undecided."""


def as_claim(
    claim: Claim | Any,
    rhs: Any = None,
    over: Domain | None = None,
    relation: str | Relation = "<=",
    *,
    tried: bool = True,
) -> Claim:
    """Returns a claim from a record, or from the three arguments of a user's own inequality.

    Args:
        claim: a claim, or the left side as a function of the domain's parts.
        rhs: the right side, when ``claim`` is a function.
        over: the domain, when ``claim`` is a function.
        relation: "<=", ">=" or "=".
        tried: whether the functions are tried on the domain; not where it is only a part of theirs.

    Returns:
        The claim.

    Raises:
        TypeError: if the arguments are neither a claim nor two functions and a domain, or if a
            function cannot be traced on it.
        ValueError: for an unknown relation.
    """
    if isinstance(claim, Claim):
        return claim
    if not callable(claim) or not callable(rhs) or not isinstance(over, Domain):
        raise TypeError(
            f"claim: got {type(claim).__name__}, {type(rhs).__name__} and {type(over).__name__}; "
            "expected a Claim, or two functions and over=DOMAIN. For instance "
            "verify(lambda p: p[0], lambda p: 1.0, over=kdtheory.domains.simplex(3))."
        )
    try:
        chosen = Relation(relation)
    except ValueError:
        raise ValueError(
            f"relation: got {relation!r}; expected '<=', '>=' or '='. Choose one of them."
        ) from None
    for name, side in (("left side", claim), ("right side", rhs)) if tried else ():
        refuse_unusable(name, side, over)
    named = _named_after_arguments(over, claim, rhs)
    return Claim(lhs=claim, rhs=rhs, domain=lambda _: named, relation=chosen)


def _named_after_arguments(over: Domain, *sides: Callable[..., Any]) -> Domain:
    """Names the parts of a domain after the arguments of a side that spells them out."""
    if any(part.name for part in over.parts):
        return over
    for side in sides:
        with contextlib.suppress(ValueError, TypeError):
            names = tuple(inspect.signature(side).parameters)
            if len(names) == len(over.parts):
                return over.named(*names)
    return over


def expected_verdict(claim: Claim) -> Verdict:
    """Returns what the catalogue expects: HOLDS iff the finding is STANDS."""
    return Verdict.HOLDS if claim.finding is Finding.STANDS else Verdict.VIOLATED


def generator(claim: Claim, seed: int) -> np.random.Generator:
    """Returns the claim's own stream of the seed."""
    return np.random.default_rng([seed, zlib.crc32(claim.slug.encode())])


def proven_violation(
    claim: Claim, size: tuple[int, ...], ascent: Ascent, dtype: str
) -> tuple[Counterexample | None, str]:
    """Referees the worst points of a search, and simplifies the first proven violation.

    Args:
        claim: the claim.
        size: the static size.
        ascent: what the search found.
        dtype: the precision it ran in.

    Returns:
        The counterexample, or None and the reason why a violation seen in floating point, or a
        NaN, could not be judged (empty if there was none, or if all were refuted).
    """
    unresolved = ""
    seen = int(np.sum(ascent.slacks < -rounding_tolerance(dtype)))
    hidden = int(np.sum(ascent.slacks < DOUBTFUL)) - seen
    count = min(seen, CANDIDATES) + min(hidden, REFEREED)
    for point, slack in zip(ascent.points[:count], ascent.slacks, strict=False):
        ruling = referee_point(claim, size, point)
        if ruling.ruling is Ruling.VIOLATED:
            smallest = simplify(claim, size, ruling)
            return counterexample(claim, *smallest, "found by search, then simplified"), ""
        if ruling.ruling is Ruling.UNDECIDED:
            unresolved = unresolved or unjudged(-slack, dtype, ruling)
    violation, judged = judge_undefined(claim, size, ascent.undefined)
    if violation is not None:
        return violation, ""
    if judged < len(ascent.undefined):
        number = ascent.record.undefined
        unresolved = f"a side was NaN in {dtype} on {number} instances of the search"
    return None, unresolved


def unjudged(violation: float, dtype: str, ruling: Refereed) -> str:
    """Returns in words that neither floating point nor the referee judges a violation.

    Args:
        violation: by how much the claim seems to fail, in its scale.
        dtype: the precision in which it does.
        ruling: the undecided ruling.
    """
    if violation > rounding_tolerance(dtype):
        return f"a violation of {violation:.2e} in {dtype} was not judged: {ruling.reason}"
    return (
        f"{dtype} cannot tell a violation of {violation:.2e} from rounding, and the referee does "
        f"not judge it: {ruling.reason}"
    )


def judge_undefined(
    claim: Claim, size: tuple[int, ...], points: Any
) -> tuple[Counterexample | None, int]:
    """Referees points where a side was NaN in floating point.

    Rounding may leave the domain: 1 - p[0] - p[1] below zero has no logarithm. The exact instance
    is in the domain; if a side is undefined there too, the referee does not decide.

    Args:
        claim: the claim.
        size: the static size.
        points: the points.

    Returns:
        A counterexample if one of them is one, and how many were decided: at most `UNDEFINED`,
        and none after the first one that is not.
    """
    judged = 0
    for point in points[:UNDEFINED]:
        ruling = referee_point(claim, size, point)
        if ruling.ruling is Ruling.UNDECIDED:
            break
        judged += 1
        if ruling.ruling is Ruling.VIOLATED:
            smallest = simplify(claim, size, ruling)
            note = "undefined in floating point, then simplified"
            return counterexample(claim, *smallest, note), judged
    return None, judged


def _is_proven(claim: Claim, size: tuple[int, ...], point: Any) -> bool:
    return referee_point(claim, size, point).ruling is Ruling.VIOLATED


def unsearched(dtype: str) -> str:
    """Returns in words what was seen where no search was made."""
    return "; ".join(filter(None, ("no search was made", resolution(dtype))))


def searched(search: Search, dtype: str) -> str:
    """Returns in words what a search was able to see."""
    spent = f"{search.evaluations} evaluations reached a slack of {search.worst_slack:.2e}"
    if search.undefined:
        spent += f" ({search.undefined} were NaN by rounding: of each start the last was refereed)"
    caught = "the right side was zero or infinite throughout"
    if search.detectable_weakening is not None:
        caught = f"a bound smaller by {search.detectable_weakening:.2e} would have been caught"
    return "; ".join(filter(None, (spent, caught, resolution(dtype))))


def falsify(
    claim: Claim | Any,
    rhs: Any = None,
    *,
    over: Domain | None = None,
    relation: str | Relation = "<=",
    seed: int = 0,
    rounds: int = 4,
    dtype: str = "float64",
) -> Check:
    """Searches every size of a claim for a counterexample, the home size first.

    Named cases of the claim (tight, broken, counterexample) are never read. A violation counts
    only once exact or ball arithmetic has proven it; it is then simplified, proving each step, and
    may end at a size smaller than those that the claim lists.

    Args:
        claim: a claim, or the left side as a function of the domain's parts.
        rhs: the right side, when ``claim`` is a function.
        over: the domain, when ``claim`` is a function.
        relation: how the sides relate, when ``claim`` is a function.
        seed: seed of the starting points.
        rounds: how many times 256 starts are made afresh at every size; a proven violation ends
            the search.
        dtype: "float64", or "float32": what rounding hides there is for the referee to decide, and
            is undecided where it does not.

    Returns:
        VIOLATED with its ``counterexample``; HOLDS with the weakest error that the search would
        have caught; UNDECIDED with the reason.

    Raises:
        TypeError: if the arguments are neither a claim nor two functions and a domain.
        ValueError: for an unknown relation or dtype.

    Example:
        >>> from kdtheory.domains import simplex
        >>> falsify(lambda p: p[0], lambda p: 0.9, over=simplex(2)).counterexample.lhs
        '1'
    """
    record = as_claim(claim, rhs, over, relation)
    start = time.perf_counter()
    searches: list[Search] = []
    reason, found = "", None
    with precision(dtype):
        rng = generator(record, seed)
        for size in record.sizes:
            enough = functools.partial(_is_proven, record, size)
            ascent = ascend(record, size, rng, rounds=rounds, enough=enough)
            searches.append(ascent.record)
            found, unresolved = proven_violation(record, size, ascent, dtype)
            reason = reason or unresolved
            if found is not None:
                break
    if found is not None:
        verdict, reason = Verdict.VIOLATED, f"violated by {found.violation:.3g} of its scale"
    elif reason:
        verdict = Verdict.UNDECIDED
    elif not any(search.admissible for search in searches):
        verdict, reason = Verdict.NO_INSTANCE, "the assumptions were never met"
    else:
        verdict, reason = Verdict.HOLDS, searched(searches[0], dtype)
    return Check(
        slug=record.slug,
        verdict=verdict,
        expected=expected_verdict(record),
        reason=reason,
        seed=seed,
        dtype=dtype,
        searches=tuple(searches),
        counterexample=found,
        seconds=time.perf_counter() - start,
    )
