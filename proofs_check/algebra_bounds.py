r"""Bounds that are certified or refuted by a point, and limits at the ends of their range.

`proofs_check.algebra.at_most` rejects an inequality whose certificate is wrong, be the inequality
true or not. Here a rejection means that the inequality fails at a point.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Inequality,
    Minimum,
    Undecided,
    at_most,
    is_zero,
    manifestly_nonnegative,
    manifestly_positive,
    nonnegative_from_minimum,
)


def is_bound(inequality: Inequality) -> bool:
    r"""Returns whether $\text{left}\le\text{right}$: by the certificate, or not at some point.

    Raises:
        Undecided: if neither was found, or if the inequality holds but not by this certificate.

    Example:
        >>> x, y = sympy.symbols("x y", real=True)
        >>> is_bound(Inequality(2 * x * y, x**2 + y**2, (x - y) ** 2))
        True
        >>> is_bound(Inequality(3 * x * y, x**2 + y**2, (x - y) ** 2))
        False
    """
    if at_most(inequality):
        return True
    difference = sympy.sympify(inequality.right) - sympy.sympify(inequality.left)
    if manifestly_nonnegative(sympy.expand(difference)):
        raise Undecided(f"it holds, but not by the slack {inequality.slack}")
    return False


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
