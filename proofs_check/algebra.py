r"""Checks that steps are made of: three-valued equality, certificates, induction, expectations.

A check answers True only for what computer algebra has shown, and False only for what it has
refuted, by a point at which it fails. What is neither raises `Undecided`, which fails the step: a
wrong variant does not count as rejected because the machine was too weak to judge it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import sympy

DIGITS = 60
"""Digits with which an expression is evaluated to refute that it is zero."""

_TRIES = 8

_SIGN_TRIES = 400


class Undecided(ArithmeticError):
    """Computer algebra has neither shown nor refuted it."""


def is_zero(expression: Any) -> bool:
    r"""Returns whether an expression vanishes identically in its symbols.

    Symbols range over what their assumptions say: positive, nonnegative, integer, real.

    Args:
        expression: a SymPy expression, a number, or a matrix of them.

    Returns:
        True if it was simplified to zero, False if it is not zero at some point.

    Raises:
        Undecided: if neither was found.

    Example:
        >>> x = sympy.Symbol("x", real=True)
        >>> is_zero((x + 1) ** 2 - x**2 - 2 * x - 1), is_zero(x**2 - x)
        (True, False)
    """
    value = sympy.sympify(expression)
    if isinstance(value, sympy.MatrixBase):
        return all(is_zero(entry) for entry in value)
    if sympy.expand(value) == 0:
        return True
    if _nonzero_somewhere(value):
        return False
    for simplify in (lambda e: sympy.cancel(sympy.together(e)), sympy.expand_log, sympy.simplify):
        if simplify(value) == 0:
            return True
    raise Undecided(f"not shown to be zero, nor to be anything else: {value}")


def equal(pair: tuple[Any, Any]) -> bool:
    """Returns whether two expressions agree identically; see `is_zero`."""
    left, right = pair
    return is_zero(sympy.sympify(left) - sympy.sympify(right))


def all_equal(pairs: Iterable[tuple[Any, Any]]) -> bool:
    """Returns whether every pair of expressions agrees identically."""
    return all(equal(pair) for pair in pairs)


def _nonzero_somewhere(value: Any) -> bool:
    """Whether the expression is certainly not zero at one of a few fixed points."""
    draws = random.Random(0)
    symbols = sorted(value.free_symbols, key=lambda symbol: symbol.name)
    for _ in range(_TRIES):
        point = {symbol: _rational(symbol, draws) for symbol in symbols}
        at = value.subs(point)
        if at.has(sympy.nan, sympy.zoo, sympy.oo):
            continue
        if at.is_Rational:
            if at != 0:
                return True
            continue
        number = sympy.N(at, DIGITS)
        # Rounding is far below this at so many digits, unless nearly all of them cancel.
        if number.is_number and abs(number) > sympy.Float(10) ** (-DIGITS // 2):
            return True
    return False


def _rational(symbol: Any, draws: random.Random) -> Any:
    """A rational number that the symbol's assumptions allow; zero now and then, if they do."""
    if symbol.is_integer:
        number = sympy.Integer(draws.randint(1, 9))
    else:
        number = sympy.Rational(draws.randint(1, 40), draws.randint(3, 23))
        number *= sympy.Integer(10) ** draws.choice((-2, -1, 0, 0, 0, 1, 2))
    if symbol.is_zero is None and draws.random() < 0.1:
        return sympy.Integer(0)
    return number if symbol.is_nonnegative else draws.choice((-1, 1)) * number


def negative_somewhere(expression: Any) -> bool:
    """Returns whether the expression is certainly negative at one of a few fixed points."""
    value = sympy.sympify(expression)
    draws = random.Random(1)
    symbols = sorted(value.free_symbols, key=lambda symbol: symbol.name)
    for _ in range(_SIGN_TRIES):
        at = value.subs({symbol: _rational(symbol, draws) for symbol in symbols})
        number = at if at.is_Rational else sympy.N(at, DIGITS)
        # Rounding is far below this, as in the search for a value that is not zero.
        if number.is_number and number.is_real and number < -(sympy.Float(10) ** (-DIGITS // 2)):
            return True
    return False


class Inequality(NamedTuple):
    r"""$\text{left}\le\text{right}$, with the reason.

    Attributes:
        left: the smaller side.
        right: the larger side.
        slack: an expression for their difference whose sign is manifest: a sum of products of
            squares and of symbols that are declared nonnegative.
    """

    left: Any
    right: Any
    slack: Any


def at_most(inequality: Inequality) -> bool:
    r"""Returns whether $\text{left}\le\text{right}$, by its certificate.

    The slack must equal the difference of the sides identically, and its sign must be manifest.
    The inequality is rejected if it fails at some point.

    Raises:
        Undecided: if it does not fail where it was tried, but the slack does not show it.

    Example:
        >>> x, y = sympy.symbols("x y", real=True)
        >>> at_most(Inequality(2 * x * y, x**2 + y**2, (x - y) ** 2))
        True
        >>> at_most(Inequality(3 * x * y, x**2 + y**2, (x - y) ** 2))
        False
    """
    difference = sympy.sympify(inequality.right) - sympy.sympify(inequality.left)
    if is_zero(difference - inequality.slack):
        return manifestly_nonnegative(inequality.slack)
    return _rejected(difference, f"the slack {inequality.slack} is another")


def _rejected(expression: Any, otherwise: str) -> bool:
    """Returns False for an expression that is negative somewhere.

    Raises:
        Undecided: if it is negative nowhere that was tried.
    """
    if negative_somewhere(expression):
        return False
    raise Undecided(
        f"not negative where it was tried, but not shown to be nonnegative: {otherwise}"
    )


def manifestly_nonnegative(expression: Any) -> bool:
    """Returns True for an expression that is nonnegative by the assumptions on its symbols.

    Raises:
        Undecided: if it takes a negative value nowhere that was tried, without being manifest.
    """
    value = sympy.sympify(expression)
    terms = sympy.Add.make_args(value)
    if all(term.is_nonnegative for term in terms) or value.is_nonnegative:
        return True
    return _rejected(value, f"the sign is not manifest: {value}")


class Induction(NamedTuple):
    r"""A statement about running sums, proved by adding one more term.

    Attributes:
        invariant: an expression in the state that is claimed to be zero (for `holds_by_induction`)
            or nonnegative (for `nonnegative_by_induction`) after any number of terms.
        start: symbol of the state -> its value before the first term (or at the first size).
        step: symbol of the state -> its value after one more term, in terms of the state before
            and of the new term's own symbols.
        slack: for an inequality, what one more term adds to the invariant, its sign manifest.
    """

    invariant: Any
    start: Mapping[Any, Any]
    step: Mapping[Any, Any]
    slack: Any = 0


def holds_by_induction(claim: Induction) -> bool:
    r"""Returns whether the invariant is zero at the start and does not change with one more term.

    Example:
        $1+2+\dots+n=n(n+1)/2$: the state is $n$ and the sum $s$.

        >>> n, s = sympy.symbols("n s")
        >>> step = {n: n + 1, s: s + n + 1}
        >>> holds_by_induction(Induction(s - n * (n + 1) / 2, {n: 0, s: 0}, step))
        True
        >>> holds_by_induction(Induction(s - n**2, {n: 0, s: 0}, step))
        False
    """
    invariant = sympy.sympify(claim.invariant)
    grown = invariant.subs(claim.step, simultaneous=True)
    return is_zero(invariant.subs(claim.start, simultaneous=True)) and is_zero(grown - invariant)


def nonnegative_by_induction(claim: Induction) -> bool:
    """Returns whether the invariant starts nonnegative and grows by a slack whose sign is manifest.

    It is rejected if it starts negative, or if one more term can make it smaller.

    Raises:
        Undecided: if it does not shrink where it was tried, but the slack does not show it.
    """
    invariant = sympy.sympify(claim.invariant)
    added = invariant.subs(claim.step, simultaneous=True) - invariant
    if not manifestly_nonnegative(invariant.subs(claim.start, simultaneous=True)):
        return False
    if is_zero(added - claim.slack):
        return manifestly_nonnegative(claim.slack)
    return _rejected(added, f"the slack {claim.slack} is another")


class Minimum(NamedTuple):
    r"""A function of one variable that is nonnegative because it falls to zero and rises again.

    Attributes:
        function: $f$, of the variable.
        variable: a symbol; its assumptions are the interval.
        at: where $f$ vanishes.
        slope: $h\ge0$, of manifest sign, with $f'(x)=(x-\text{at})\,h(x)$.
    """

    function: Any
    variable: Any
    at: Any
    slope: Any


def nonnegative_from_minimum(claim: Minimum) -> bool:
    r"""Returns whether $f(\text{at})=0$ and $f'(x)=(x-\text{at})h(x)$ with $h\ge0$.

    A function that is negative somewhere is rejected.

    Raises:
        Undecided: if it is negative nowhere that was tried, but not of this shape.

    Example:
        $\log t\le t-1$:

        >>> t = sympy.Symbol("t", positive=True)
        >>> nonnegative_from_minimum(Minimum(t - 1 - sympy.log(t), t, 1, 1 / t))
        True
        >>> nonnegative_from_minimum(Minimum(t - 1 - 2 * sympy.log(t), t, 1, 1 / t))
        False
    """
    function = sympy.sympify(claim.function)
    derivative = sympy.diff(function, claim.variable)
    touches = is_zero(function.subs(claim.variable, claim.at))
    shape = is_zero(derivative - (claim.variable - claim.at) * claim.slope)
    if touches and shape:
        return manifestly_nonnegative(claim.slope)
    return _rejected(function, "it does not touch zero there, or the slope is another")


def expectation(expression: Any, moments: Mapping[Any, Any], variables: Sequence[Any]) -> Any:
    r"""Returns the expectation of a polynomial in random variables, from their moments.

    Args:
        expression: a polynomial in the variables, with any other symbols as coefficients.
        moments: monomial -> its expectation, for every monomial that occurs but 1.
        variables: the random variables.

    Raises:
        KeyError: for a monomial whose expectation is not given: nothing is assumed silently.

    Example:
        >>> x, m, v = sympy.symbols("x m v")
        >>> expectation((x - m) ** 2, {x: m, x**2: v + m**2}, [x])
        v
    """
    terms = sympy.Poly(sympy.expand(expression), *variables).terms()
    total: Any = sympy.Integer(0)
    for exponents, coefficient in terms:
        powers = zip(variables, exponents, strict=True)
        monomial = sympy.Mul(*(variable**exponent for variable, exponent in powers))
        total += coefficient * (1 if monomial == 1 else moments[monomial])
    return sympy.expand(total)


def finite_mean(law: Iterable[tuple[Any, Any]], of: Callable[[Any], Any]) -> Any:
    """Returns the mean of a function over a finite law, exactly.

    Args:
        law: pairs of a probability (Fraction or SymPy) and an outcome.
        of: outcome -> number.
    """
    return sum((weight * of(outcome) for weight, outcome in law), Fraction(0))


def samples_of(law: Sequence[tuple[Any, Any]], size: int) -> list[tuple[Any, tuple[Any, ...]]]:
    """Returns the law of an i.i.d. sample: pairs of a probability and a tuple of outcomes.

    Args:
        law: pairs of a probability and an outcome.
        size: of the sample; there are ``len(law) ** size`` of them.
    """
    found = []
    for drawn in itertools.product(law, repeat=size):
        weight: Any = Fraction(1)
        for probability, _ in drawn:
            weight = weight * probability
        found.append((weight, tuple(outcome for _, outcome in drawn)))
    return found


def manifestly_positive(expression: Any) -> bool:
    """Returns True for an expression that is positive by the assumptions on its symbols.

    False if it is not positive where all its nonnegative symbols are zero.

    Raises:
        Undecided: if it is positive there, without being manifestly so everywhere.
    """
    value = sympy.sympify(expression)
    if value.is_positive:
        return True
    may_vanish = [s for s in value.free_symbols if s.is_nonnegative and not s.is_positive]
    at = value.subs(dict.fromkeys(may_vanish, 0))
    if at.is_nonpositive:
        return False
    raise Undecided(f"not manifestly positive: {value}")
