r"""Minima that are strict, and limits at the ends of their range."""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Minimum,
    Undecided,
    is_zero,
    manifestly_positive,
    nonnegative_from_minimum,
)


def is_strict_minimum(claim: Minimum) -> bool:
    r"""Returns whether $f(\text{at})=0$ and $f'(x)=(x-\text{at})h(x)$ with $h>0$.

    Then $f$ is positive everywhere else.

    Example:
        >>> t = sympy.Symbol("t", positive=True)
        >>> is_strict_minimum(Minimum(t - 1 - sympy.log(t), t, 1, 1 / t))
        True
    """
    return nonnegative_from_minimum(claim) and manifestly_positive(claim.slope)


class Limit(NamedTuple):
    """A function of one variable, and the limit that it is said to have.

    Attributes:
        function: an expression.
        variable: a symbol.
        at: where; it is approached from above, or from below if it is infinite.
        value: the limit, a number, an expression in the other symbols, or an infinity.
    """

    function: Any
    variable: Any
    at: Any
    value: Any


def has_limit(claim: Limit) -> bool:
    r"""Returns whether the function has this limit.

    Raises:
        Undecided: if computer algebra finds no limit.

    Example:
        >>> q = sympy.Symbol("q", positive=True)
        >>> has_limit(Limit(q * sympy.log(q), q, 0, 0)), has_limit(Limit(sympy.log(q), q, 0, 0))
        (True, False)
    """
    found = sympy.limit(claim.function, claim.variable, claim.at, "+")
    value = sympy.sympify(claim.value)
    if found.has(sympy.Limit, sympy.nan, sympy.AccumBounds):
        raise Undecided(f"no limit found: {found}")
    if found.is_infinite or value.is_infinite:
        return bool(found == value)
    return is_zero(found - value)
