"""The checks of `proofs_check.algebra` for several statements at once, and after cancelling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    holds_by_induction,
    manifestly_positive,
    nonnegative_by_induction,
)
from proofs_check.algebra_bounds import Limit, has_limit


def all_at_most(claims: Iterable[Inequality]) -> bool:
    """Returns whether every inequality holds by its certificate."""
    return all(at_most(claim) for claim in claims)


def all_hold_by_induction(claims: Iterable[Induction]) -> bool:
    """Returns whether every invariant is zero after any number of terms."""
    return all(holds_by_induction(claim) for claim in claims)


def all_nonnegative_by_induction(claims: Iterable[Induction]) -> bool:
    """Returns whether every invariant is nonnegative after any number of terms."""
    return all(nonnegative_by_induction(claim) for claim in claims)


def positive_when_cancelled(expression: Any) -> bool:
    """Returns whether a rational function is manifestly positive in lowest terms.

    Args:
        expression: a SymPy expression.

    Raises:
        Undecided: as `manifestly_positive` does.
    """
    return manifestly_positive(sympy.cancel(expression))


def all_have_limits(limits: Iterable[Limit]) -> bool:
    """Returns whether every function has the limit that it is said to have."""
    return all(has_limit(limit) for limit in limits)


def identity_and_bound(claim: tuple[tuple[Any, Any], Inequality]) -> bool:
    """Returns whether an identity holds, and an inequality with it.

    Args:
        claim: two expressions that agree, and the inequality.
    """
    identity, bound = claim
    return equal(identity) and at_most(bound)
