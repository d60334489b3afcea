"""Makes a counterexample small enough to read, proving every step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory.claim import Claim
from kdtheory.tools._referee import Refereed, Ruling, exact_parts, referee_parts

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
    domain = claim.domain(size)
    parts = exact_parts(found.parts)
    if parts is None:
        return found
    best, cost = found, complexity(parts)
    improved = True
    while improved and budget > 0:
        improved = False
        for candidate in domain.simplifications(parts):
            if complexity(candidate) >= cost:
                continue
            budget -= 1
            ruling = referee_parts(claim, size, candidate)
            if ruling.ruling is Ruling.VIOLATED:
                best, parts, cost = ruling, candidate, complexity(candidate)
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
