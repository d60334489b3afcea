"""Makes a counterexample small enough to read, proving every step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import numpy as np

from kdtheory._exact import bits
from kdtheory.claim import Claim
from kdtheory.domains import Domain
from kdtheory.tools._moves import Parts, moves, smaller
from kdtheory.tools._referee import Refereed, Ruling, exact_parts, is_reachable, referee_parts
from kdtheory.tools._traced import domain_of

BUDGET = 600
"""How many candidates are refereed before the smallest one so far is kept."""

SHARE = 4
"""No single move takes more than this part of the budget: the others get their turn."""

Size = tuple[int, ...]
Result = TypeVar("Result")
Judge = Callable[[Size, Parts], Result | None]
"""(size, exact parts) -> a result if they keep what matters, else None."""


def simplify(
    claim: Claim, size: Size, found: Refereed, *, budget: int = BUDGET
) -> tuple[Size, Refereed]:
    """Returns a simpler violating instance, by the moves that a person would make.

    Inputs, labels and samples are dropped or merged, which may lead to a size that the claim does
    not list; and numbers become simple. A move is kept when its instance is simpler and is proven
    to violate the claim too, as a member of the domain in exact arithmetic.

    Args:
        claim: the claim.
        size: the static size.
        found: a ruling of VIOLATED.
        budget: how many candidates may be refereed.

    Returns:
        The size, and a ruling of VIOLATED there, at least as simple as ``found``.
    """

    def judge(at: Size, parts: Parts) -> Refereed | None:
        try:
            ruling = referee_parts(claim, at, parts)
        except Exception:
            # The sides of a claim need not make sense at a size that it does not list.
            if at in claim.sizes:
                raise
            return None
        return ruling if ruling.ruling is Ruling.VIOLATED else None

    def domain_at(at: Size) -> Domain | None:
        if not is_reachable(claim, at):
            return None
        try:
            return domain_of(claim, at)
        except Exception:
            # Nor need its domain be built there, and how it refuses is up to its author.
            if at in claim.sizes:
                raise
            return None

    parts = exact_parts(found.parts)
    if parts is None:
        return size, found
    smallest = reduce_instance(domain_at, size, parts, judge, budget=budget)
    return (size, found) if smallest is None else smallest


def reduce_instance(
    domain_at: Callable[[Size], Domain | None],
    size: Size,
    parts: Parts,
    judge: Judge[Result],
    *,
    budget: int = BUDGET,
) -> tuple[Size, Result] | None:
    """Makes exact parts simpler for as long as they pass a judge.

    Greedy, in rounds: first each entry of the size is lowered while that works, then every move
    within the size is tried; until a round changes nothing.

    Args:
        domain_at: size -> the domain there, or None if there is none.
        size: the static size.
        parts: a member of the domain at that size.
        judge: says what may be kept.
        budget: how many candidates may be judged.

    Returns:
        The size and the judge's result of the simplest parts that passed; None if no move did.
    """
    domain = domain_at(size)
    if domain is None:
        return None
    state = _Reduction(domain, size, parts, judge, budget)
    improved = True
    while improved:
        improved = False
        for index in range(len(size)):
            while state.lower(index, domain_at):
                improved = True
        for move in moves(state.domain):
            improved |= state.take(state.size, state.domain, move(state.parts))
    return None if state.result is None else (state.size, state.result)


class _Reduction(Generic[Result]):
    """The simplest instance so far, and what has been tried."""

    def __init__(
        self, domain: Domain, size: Size, parts: Parts, judge: Judge[Result], budget: int
    ) -> None:
        self.domain, self.size, self.parts = domain, size, parts
        self.judge, self.budget, self.share = judge, budget, -(-budget // SHARE)
        self.result: Result | None = None
        self.cost = complexity(size, parts)
        self.tried: set[Any] = set()

    def take(self, size: Size, domain: Domain, candidates: Iterable[Parts]) -> bool:
        """Goes to the first candidate that is simpler and passes; says whether there was one."""
        stop = max(0, self.budget - self.share)
        for parts in candidates:
            cost = complexity(size, parts)
            key = size, tuple(tuple(part.reshape(-1)) for part in parts)
            if cost >= self.cost or key in self.tried:
                continue
            if self.budget <= stop:
                return False
            self.budget -= 1
            self.tried.add(key)
            result = self.judge(size, parts)
            if result is not None:
                self.domain, self.size, self.parts = domain, size, parts
                self.result, self.cost = result, cost
                return True
        return False

    def lower(self, index: int, domain_at: Callable[[Size], Domain | None]) -> bool:
        """Goes to a member of the domain with one entry of the size lowered, if one passes."""
        size = (*self.size[:index], self.size[index] - 1, *self.size[index + 1 :])
        below = domain_at(size)
        return below is not None and self.take(size, below, smaller(self.domain, below, self.parts))


def complexity(size: Size, parts: Parts) -> tuple[float, ...]:
    """Returns how much there is to write down: the size first, then the digits.

    Between equals, the one whose numbers other than zero come early, so that the same instance is
    found wherever a search started.
    """
    late = sum(int(np.flatnonzero(part).sum()) for part in parts)
    return sum(size), round(sum(map(bits, parts)), 9), late
