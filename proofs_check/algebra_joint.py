r"""Checks of several things that one step states: bounds, limits, an identity and a bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from proofs_check.algebra import Inequality, equal
from proofs_check.algebra_bounds import Limit, has_limit, is_bound


def all_bounds(claims: Iterable[Inequality]) -> bool:
    r"""Returns whether every inequality holds, by its certificate.

    Args:
        claims: the inequalities; see `proofs_check.algebra_bounds.is_bound`.
    """
    return all(is_bound(claim) for claim in claims)


def all_have_limits(limits: Iterable[Limit]) -> bool:
    r"""Returns whether every function has the limit that it is said to have.

    Args:
        limits: the functions and their limits; see `proofs_check.algebra_bounds.has_limit`.
    """
    return all(has_limit(limit) for limit in limits)


def identity_and_bound(claim: tuple[tuple[Any, Any], Inequality]) -> bool:
    r"""Returns whether an identity holds, and an inequality with it.

    Args:
        claim: two expressions that agree, and the inequality.
    """
    identity, bound = claim
    return equal(identity) and is_bound(bound)
