"""Makes a counterexample small enough to read, proving every step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from kdtheory.claim import Claim
from kdtheory.domains import Domain
from kdtheory.tools._referee import Refereed, Ruling, exact_parts, referee_parts

Result = TypeVar("Result")

BUDGET = 100
"""How many candidates are refereed before the smallest one so far is kept."""


def simplify(
    claim: Claim, size: tuple[int, ...], found: Refereed, *, budget: int = BUDGET
) -> Refereed:
    """Returns a simpler violating instance, by the domain's own moves.

    A move is kept when its instance is simpler (fewer digits, more zeros) and is proven to violate
    the claim too.

    Args:
        claim: the claim.
        size: the static size.
        found: a ruling of VIOLATED.
        budget: how many candidates may be refereed.

    Returns:
        A ruling of VIOLATED, at least as simple as ``found``.
    """
    parts = exact_parts(found.parts)
    if parts is None:
        return found

    def judge(candidate: tuple[Any, ...]) -> Refereed | None:
        ruling = referee_parts(claim, size, candidate)
        return ruling if ruling.ruling is Ruling.VIOLATED else None

    return reduce_parts(claim.domain(size), parts, judge, budget) or found


def reduce_parts(
    domain: Domain,
    parts: tuple[Any, ...],
    judge: Callable[[tuple[Any, ...]], Result | None],
    budget: int = BUDGET,
) -> Result | None:
    """Makes exact parts simpler by the domain's own moves, for as long as they pass a judge.

    Args:
        domain: the domain.
        parts: exact parts.
        judge: exact parts -> a result if they pass, else None.
        budget: how many candidates may be judged.

    Returns:
        The result of the simplest parts that passed; None if no move did.
    """
    best, cost = None, complexity(parts)
    improved = True
    while improved and budget > 0:
        improved = False
        for candidate in domain.simplifications(parts):
            if complexity(candidate) >= cost:
                continue
            budget -= 1
            result = judge(candidate)
            if result is not None:
                best, parts, cost = result, candidate, complexity(candidate)
                improved = True
                break
            if budget <= 0:
                break
    return best


def complexity(parts: tuple[Any, ...]) -> float:
    """Returns how much there is to write down: digits of all fractions, zeros for free."""
    total = 0.0
    for part in parts:
        for entry in np.asarray(part, dtype=object).reshape(-1):
            total += math.log2(entry.denominator) + math.log2(1 + abs(entry.numerator))
    return total
