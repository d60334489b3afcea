"""The checks of `proofs_check.algebra` for several statements at once, and after cancelling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    holds_by_induction,
    manifestly_positive,
    nonnegative_by_induction,
)


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
