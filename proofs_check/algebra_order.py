r"""Inequalities whose difference has a manifest sign once it is expanded, over one denominator.

Slacks enter as nonnegative symbols, one for each inequality that is used: what is left over of the
difference of the two sides must be a sum of nonnegative terms. A variant is rejected by a point at
which the difference is negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from proofs_check.algebra import manifestly_nonnegative


def ordered(pair: tuple[Any, Any]) -> bool:
    r"""Returns whether the first expression is at most the second one.

    Args:
        pair: the two sides.

    Raises:
        Undecided: if the sign of the expanded difference is not manifest, and negative nowhere that
            was tried.

    Example:
        >>> x, y = sympy.symbols("x y", nonnegative=True)
        >>> ordered((x**2, (x + y) ** 2)), ordered((x, x * y))
        (True, False)
    """
    left, right = pair
    difference = sympy.sympify(right) - left
    if difference.is_rational_function():
        above, below = sympy.fraction(sympy.cancel(sympy.together(difference)))
        if below.is_positive:
            return manifestly_nonnegative(sympy.expand(above))
    return manifestly_nonnegative(sympy.expand(difference))


def all_ordered(pairs: Iterable[tuple[Any, Any]]) -> bool:
    """Returns whether in every pair the first expression is at most the second one."""
    return all(ordered(pair) for pair in pairs)
