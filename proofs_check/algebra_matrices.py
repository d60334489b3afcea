r"""Identities between matrices of any size, as polynomials in noncommutative symbols.

A product of matrices is a word; a relation such as $\Sigma P=I$ rewrites a piece of a word. What
expands and rewrites to zero holds for every size, and what does not vanish in an instance, small
matrices with rational entries that satisfy the relations, is refuted by it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import Undecided, is_zero

_Polynomial = dict[tuple[Any, ...], Any]

_LIMIT = 2000


class MatrixIdentity(NamedTuple):
    r"""$\text{left}=\text{right}$ between matrices, or between their traces.

    Attributes:
        left: a polynomial in noncommutative symbols, with commutative coefficients.
        right: another; a matrix and its transpose are two symbols.
        rules: a product of symbols -> what it equals; tried in order at every place of a word.
        instance: returns symbol -> matrix (or number) of an instance that satisfies the rules.
        traced: whether only the traces agree, so that words may be rotated.
    """

    left: Any
    right: Any
    rules: Mapping[Any, Any]
    instance: Callable[[], Mapping[Any, Any]]
    traced: bool = False


def matrices(names: str) -> Any:
    """Returns noncommutative symbols of these names."""
    return sympy.symbols(names, commutative=False)


def holds_for_matrices(identity: MatrixIdentity) -> bool:
    r"""Returns whether an identity holds, by rewriting, or fails, in its instance.

    Raises:
        Undecided: if it does not rewrite to zero, but holds in the instance.
        ValueError: if the instance does not satisfy the rules.

    Example:
        >>> P, S = matrices("P S")
        >>> two = sympy.Matrix([[2]])
        >>> def instance(): return {P: two, S: two.inv()}
        >>> holds_for_matrices(MatrixIdentity(P * S * P, P, {S * P: 1}, instance))
        True
        >>> holds_for_matrices(MatrixIdentity(P * S * P, S, {S * P: 1}, instance))
        False
    """
    difference = _words(sympy.sympify(identity.left) - sympy.sympify(identity.right))
    rules = {word: _words(right) for left, right in identity.rules.items() for word in _words(left)}
    if all(is_zero(value) for value in _reduced(difference, rules, identity.traced).values()):
        return True
    point = identity.instance()
    for word, right in rules.items():
        broken = _value({word: sympy.Integer(1), **_negative(right, word)}, point)
        if not _vanishes(broken):
            raise ValueError(f"the instance does not satisfy the rule for {word}")
    found = _value(difference, point)
    if identity.traced:
        found = found.trace()
    if not _vanishes(found):
        return False
    raise Undecided(f"not shown, but true in the instance: {identity.left} = {identity.right}")


def _words(expression: Any) -> _Polynomial:
    """The words of an expression, with their coefficients."""
    found: _Polynomial = {}
    for term in sympy.Add.make_args(sympy.expand(expression)):
        coefficients, factors = term.args_cnc()
        word: tuple[Any, ...] = ()
        for factor in factors:
            base, power = factor.as_base_exp()
            word += (base,) * int(power)
        found[word] = found.get(word, 0) + sympy.Mul(*coefficients)
    return found


def _negative(polynomial: _Polynomial, other_than: tuple[Any, ...]) -> _Polynomial:
    if other_than in polynomial:
        raise ValueError(f"the rule for {other_than} does not end")
    return {word: -value for word, value in polynomial.items()}


def _reduced(
    polynomial: _Polynomial, rules: Mapping[tuple[Any, ...], _Polynomial], traced: bool
) -> _Polynomial:
    """The polynomial with every rule applied as often as it can be."""
    waiting = list(polynomial.items())
    done: _Polynomial = {}
    for _ in range(_LIMIT):
        if not waiting:
            return done
        word, coefficient = waiting.pop()
        found = _rewritten(word, rules, traced)
        if found is None:
            if traced:
                word = min(_rotations(word), key=lambda turned: [str(one) for one in turned])
            done[word] = sympy.expand(done.get(word, 0) + coefficient)
        else:
            waiting += [(new, coefficient * factor) for new, factor in found.items()]
    raise Undecided("the rules do not end")


def _rotations(word: tuple[Any, ...]) -> Iterable[tuple[Any, ...]]:
    return [word[at:] + word[:at] for at in range(max(1, len(word)))]


def _rewritten(
    word: tuple[Any, ...], rules: Mapping[tuple[Any, ...], _Polynomial], traced: bool
) -> _Polynomial | None:
    """The word after the first rule that applies, at the first place; None if none does."""
    for turned in _rotations(word) if traced else [word]:
        for at, (piece, right) in itertools.product(range(len(turned)), rules.items()):
            if turned[at : at + len(piece)] == piece:
                head, tail = turned[:at], turned[at + len(piece) :]
                return {head + middle + tail: value for middle, value in right.items()}
    return None


def _value(polynomial: _Polynomial, point: Mapping[Any, Any]) -> Any:
    """The polynomial at the matrices of an instance; the empty word is the identity."""
    numbers = {symbol: value for symbol, value in point.items() if symbol.is_commutative}
    total: Any = 0
    constant: Any = 0
    for word, coefficient in polynomial.items():
        factor = sympy.sympify(coefficient).subs(numbers)
        if not word:
            constant += factor
            continue
        product = point[word[0]]
        for symbol in word[1:]:
            product = product * point[symbol]
        total = factor * product if total == 0 else total + factor * product
    if total == 0:
        return sympy.Matrix([[constant]])
    return total + constant * sympy.eye(total.rows) if constant != 0 else total


def _vanishes(value: Any) -> bool:
    return all(entry == 0 for entry in (value if isinstance(value, sympy.MatrixBase) else [value]))
