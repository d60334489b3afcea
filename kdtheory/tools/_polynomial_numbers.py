"""Polynomials that the interpreter calculates with, and what primitives do to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from kdtheory.certificates.sums_of_squares import Polynomial, ring
from kdtheory.tools import _ball_numbers as numbers
from kdtheory.tools import _ball_reductions as reductions
from kdtheory.tools._ball_numbers import is_nan, lift

SPARE = 64
"""How many masks, inverses and maxima a formula may have."""


class NotPolynomial(Exception):
    """A formula that is no polynomial on its domain; the message says where."""


class Variables:
    """The variables of a domain, and those that its formulas add."""

    def __init__(self, names: Sequence[str], bounds: Sequence[tuple[float, float]]) -> None:
        self.names = [*names, *(f"spare.{k}" for k in range(SPARE))]
        self.bounds = [*bounds]
        self.ring = ring(self.names)
        self.gens = self.ring.gens()
        self.masks: dict[int, int] = {}
        self.inverses: dict[int, int] = {}
        self.maxima: dict[frozenset[str], int] = {}
        self.nonnegative: dict[str, Polynomial] = {}
        self.zero: dict[str, Polynomial] = {}

    def add(self, name: str, low: float = -math.inf, high: float = math.inf) -> int:
        """Returns the place of a new variable."""
        place = len(self.bounds)
        if place == len(self.names):
            raise NotPolynomial(f"more than {SPARE} masks, inverses and maxima")
        self.names[place] = name
        self.bounds.append((low, high))
        return place

    def of(self, value: Polynomial) -> tuple[list[int], fmpq] | None:
        """Returns (places, c) if the polynomial is c times a product of powers of variables."""
        terms = list(value.to_dict().items())
        if len(terms) != 1:
            return None
        return [place for place, power in enumerate(terms[0][0]) if power], terms[0][1]

    def mask(self, places: Sequence[int]) -> Polynomial:
        """Returns [v != 0] for a product of variables."""
        return math.prod(map(self._mask, places), start=self.ring.constant(1))

    def _mask(self, place: int) -> Polynomial:
        low, high = self.bounds[place]
        if low > 0 or high < 0:
            return self.ring.constant(1)
        if place in self.masks.values():
            return self.gens[place]
        if place not in self.masks:
            self.masks[place] = self.add(f"mask.{self.names[place]}", 0.0, 1.0)
        return self.gens[self.masks[place]]

    def is_positive(self, value: Polynomial) -> bool:
        """Whether all terms are non-negative, and one of them is positive."""
        return self.is_nonnegative(value) and any(
            all(self.bounds[place][0] > 0 for place, power in enumerate(exponents) if power)
            for exponents in value.to_dict()
        )

    def is_nonnegative(self, value: Polynomial) -> bool:
        """Whether all terms are: a positive number times powers of variables of known sign."""
        return all(
            coefficient > 0
            and all(
                self.bounds[place][0] >= 0 or power % 2 == 0
                for place, power in enumerate(exponents)
                if power
            )
            for exponents, coefficient in value.to_dict().items()
        )

    def inverse(self, place: int) -> Polynomial:
        """Returns 1/v."""
        low, high = self.bounds[place]
        if not low > 0:
            raise NotPolynomial(f"a division by {self.names[place]}, which may be zero")
        if place not in self.inverses:
            name = f"inverse.{self.names[place]}"
            self.inverses[place] = self.add(name, 0.0, 1.0 / low)
            variable = self.gens[self.inverses[place]]
            self.nonnegative[f"{name} >= 0"] = variable
            if math.isfinite(1.0 / low):
                self.nonnegative[f"{name} <= its largest"] = 1 - rational_of(low) * variable
            if math.isfinite(high):
                self.nonnegative[f"{name} >= its smallest"] = rational_of(high) * variable - 1
        return self.gens[self.inverses[place]]

    def maximum(self, values: Sequence[Polynomial]) -> Polynomial:
        """Returns the maximum of some polynomials."""
        if all((value - values[0]).is_constant() for value in values):
            return max(values, key=lambda value: _constant(value - values[0]))
        for value in values:
            if all(self.is_nonnegative(value - other) for other in values):
                return value
        different = {str(value): value for value in values}
        key = frozenset(different)
        if key not in self.maxima:
            name = f"maximum.{len(self.maxima)}"
            self.maxima[key] = self.add(name)
            variable = self.gens[self.maxima[key]]
            for place, value in enumerate(different.values()):
                self.nonnegative[f"{name} >= number {place}"] = variable - value
            self.zero[f"{name} is attained"] = math.prod(
                variable - value for value in different.values()
            )
        return self.gens[self.maxima[key]]

    def settle(self, value: Polynomial) -> Polynomial:
        """Applies what is known of masks and inverses, monomial by monomial."""
        pairs = [*self.masks.items(), *self.inverses.items()]
        degrees = value.degrees() if pairs else ()
        if not any(degrees[other] > 0 for _, other in pairs):
            return value
        terms: dict[tuple[int, ...], fmpq] = {}
        for exponents, coefficient in value.to_dict().items():
            powers = list(exponents)
            for place, mask in self.masks.items():
                powers[mask] = int(bool(powers[mask]) and not powers[place])
            for place, other in self.inverses.items():
                common = min(powers[place], powers[other])
                powers[place] -= common
                powers[other] -= common
            terms[tuple(powers)] = terms.get(tuple(powers), fmpq(0)) + coefficient
        return self.ring.from_dict({key: number for key, number in terms.items() if number})


def rational_of(value: Any) -> fmpq:
    """Returns a float or fraction as the rational that it is."""
    return fmpq(*Fraction(value).as_integer_ratio())


def _constant(value: Polynomial) -> fmpq:
    """Returns the value of a constant polynomial."""
    return next(iter(value.to_dict().values()), fmpq(0))


class Expression:
    """A polynomial that the interpreter calculates with.

    To the arithmetic of `_ball_numbers` it is a finite ball that is not exact.
    """

    def __init__(self, variables: Variables, value: Polynomial) -> None:
        self.variables = variables
        self.value = variables.settle(value)

    def is_finite(self) -> bool:
        return True

    def is_exact(self) -> bool:
        return False

    def _with(self, value: Polynomial) -> Expression:
        return Expression(self.variables, value)

    def __add__(self, other: Any) -> Expression:
        return self._with(self.value + polynomial_of(other))

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return self._with(-self.value)

    def __mul__(self, other: Any) -> Expression:
        return self._with(self.value * polynomial_of(other))

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Expression:
        return self._with(self.value**exponent)

    def __truediv__(self, other: Any) -> Expression:
        if isinstance(other, Expression):
            return self * other.inverse()
        return self._with(self.value / other)

    def __rtruediv__(self, other: Any) -> Expression:
        return self.inverse() * other

    def inverse(self) -> Expression:
        if self.value.is_constant() and self.value != 0:
            return self._with(self.variables.ring.constant(1 / _constant(self.value)))
        found = self.variables.of(self.value)
        terms = self.value.to_dict()
        if found is None:
            raise NotPolynomial(f"a division by {self.value}")
        powers = next(iter(terms))
        inverse = self.variables.ring.constant(1 / found[1])
        for place in found[0]:
            inverse *= self.variables.inverse(place) ** powers[place]
        return self._with(inverse)

    def __abs__(self) -> Expression:
        if self.variables.is_nonnegative(self.value):
            return self
        if self.variables.is_nonnegative(-self.value):
            return -self
        return self._with(self.variables.maximum([self.value, -self.value]))

    def __lt__(self, other: Any) -> bool:
        raise NotPolynomial(f"a comparison with {self.value}")

    __gt__ = __le__ = __ge__ = __lt__

    def __bool__(self) -> bool:
        raise NotPolynomial("a branch that depends on the instance")


def polynomial_of(number: Any) -> Any:
    """Returns the polynomial of an expression, or the rational number itself."""
    if isinstance(number, Expression):
        return number.value
    if isinstance(number, fmpq):
        return number
    raise NotPolynomial(f"arithmetic with {number}, which is infinite or no rational number")


def _unequal(x: Any, y: Any) -> Any:
    """Returns whether two numbers differ: a boolean, or the polynomial that says so."""
    if x is y:
        return is_nan(x)
    if isinstance(x, float) or isinstance(y, float):
        # A polynomial is finite; booleans never reach this.
        return not (isinstance(x, float) and isinstance(y, float) and x == y)
    difference = x + -y
    if not isinstance(difference, Expression):
        return difference != 0
    if difference.value.is_constant():
        return difference.value != 0
    variables = difference.variables
    if variables.is_positive(difference.value) or variables.is_positive(-difference.value):
        return True
    found = difference.variables.of(difference.value)
    if found is None:
        raise NotPolynomial(f"a comparison of {difference.value} with zero")
    return Expression(difference.variables, difference.variables.mask(found[0]))


def _above(x: Any, y: Any) -> Any:
    """Returns whether x > y."""
    if not isinstance(x, Expression) and not isinstance(y, Expression):
        return bool(x > y)
    if isinstance(x, float) or isinstance(y, float):
        infinite = x if isinstance(x, float) else -y
        if is_nan(infinite):
            raise NotPolynomial("a comparison with NaN")
        return infinite > 0
    difference = x + -y
    if difference.value.is_constant():
        return _constant(difference.value) > 0
    if difference.variables.is_nonnegative(difference.value):
        return _unequal(difference, fmpq(0))
    if difference.variables.is_nonnegative(-difference.value):
        return False
    raise NotPolynomial(f"a comparison of {difference.value} with zero")


def _not(x: Any) -> Any:
    return -x + fmpq(1) if isinstance(x, Expression) else not x


def _number(x: Any) -> Any:
    """Returns a truth value as a number."""
    return x if isinstance(x, Expression) else fmpq(int(x))


def _and(x: Any, y: Any) -> Any:
    if not isinstance(x, Expression):
        return y if x else False
    if not isinstance(y, Expression):
        return x if y else False
    return x * y


def _or(x: Any, y: Any) -> Any:
    return _not(_and(_not(x), _not(y)))


def _maximum(*values: Any) -> Any:
    finite = [value for value in values if value != -math.inf]
    if any(isinstance(value, float) for value in finite):
        raise NotPolynomial(f"the maximum of {' and '.join(map(str, finite))}")
    expressions = [value for value in finite if isinstance(value, Expression)]
    if not expressions:
        return max(finite, default=-math.inf)
    variables = expressions[0].variables
    polynomials = [value + 0 * variables.gens[0] for value in map(polynomial_of, finite)]
    return Expression(variables, variables.maximum(polynomials))


def _minimum(*values: Any) -> Any:
    return -_maximum(*(-value for value in values))


def _predicate(function: Callable) -> Callable:
    """Returns the rule of a truth value: an array of booleans where all are known."""

    def rule(*operands: np.ndarray, **_: Any) -> np.ndarray:
        result = lift(function, *operands)
        known = not any(isinstance(entry, Expression) for entry in result.reshape(-1))
        return result.astype(bool) if known else result

    return rule


def _select(which: np.ndarray, *cases: np.ndarray, **_: Any) -> np.ndarray:
    if which.dtype != object:
        return np.asarray(lift(lambda k, *values: values[int(k)], which, *cases))

    if any(case.dtype != object for case in cases):
        raise NotPolynomial("a choice between integers or between truth values")

    def choose(mask: Any, otherwise: Any, chosen: Any) -> Any:
        if not isinstance(mask, Expression):
            return chosen if mask else otherwise
        if chosen is otherwise:
            return chosen
        if isinstance(chosen, float) or isinstance(otherwise, float):
            raise NotPolynomial("an infinite value where a probability or a weight is zero")
        return otherwise + mask * (chosen + -otherwise)

    return lift(choose, which, *cases)


def _convert(x: np.ndarray, *, new_dtype: Any, **_: Any) -> np.ndarray:
    if new_dtype == np.bool_:
        return _predicate(lambda value: _unequal(value, fmpq(0)))(x)
    if not np.issubdtype(new_dtype, np.floating):
        raise NotPolynomial("an integer that depends on the instance")
    return lift(_number, x) if any(isinstance(e, bool) for e in x.reshape(-1)) else x


def _extreme(function: Callable) -> Callable:
    """Returns the rule of a reduction by a function of all entries."""

    def rule(x: np.ndarray, *, axes: Sequence[int], **_: Any) -> np.ndarray:
        return reductions.each_row(lambda row: function(*row), reductions.merged_rows(x, axes))

    return rule


def _no_polynomial(name: str) -> Callable:
    def rule(*_: Any, **__: Any) -> Any:
        raise NotPolynomial(f"the operation {name!r}")

    return rule


_TRANSCENDENTAL = (
    *("exp", "exp2", "expm1", "log", "log1p", "logistic", "tanh", "sinh", "cosh", "sin", "cos"),
    *("tan", "erf", "erfc", "lgamma", "digamma", "sqrt", "rsqrt", "cbrt", "rem", "floor"),
    *("ceil", "round", "sign", "cholesky", "triangular_solve", "lu"),
)


def _power(x: Any, y: Any) -> Any:
    if isinstance(y, fmpq) and y.q == 1:
        return numbers.integer_power(x, int(y.p))
    raise NotPolynomial("a power that is no whole number")


RULES: dict[str, Callable] = {
    "pow": lambda x, y, **_: lift(_power, x, y),
    **{name: _no_polynomial(name) for name in _TRANSCENDENTAL},
    "ne": _predicate(_unequal),
    "eq": _predicate(lambda x, y: _not(_unequal(x, y))),
    "gt": _predicate(_above),
    "lt": _predicate(lambda x, y: _above(y, x)),
    "le": _predicate(lambda x, y: _not(_above(x, y))),
    "ge": _predicate(lambda x, y: _not(_above(y, x))),
    "and": _predicate(_and),
    "or": _predicate(_or),
    "not": _predicate(_not),
    "max": lambda x, y, **_: lift(_maximum, x, y),
    "min": lambda x, y, **_: lift(_minimum, x, y),
    "reduce_max": _extreme(_maximum),
    "reduce_min": _extreme(_minimum),
    "select_n": _select,
    "convert_element_type": _convert,
}
