"""What jax primitives do to `Intervals`, and which of them are differentiable."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from kdtheory.tools import _ball_numbers as numbers
from kdtheory.tools import _ball_reductions as reductions
from kdtheory.tools._ball_numbers import lift
from kdtheory.tools._ball_primitives import Uncovered
from kdtheory.tools._intervals import Ends, Intervals, Truth, float_beyond

_BITS = 64


def _monotone(method: str, start: float = -math.inf, at_start: float = -math.inf) -> Callable:
    """Returns the rule of an increasing function on [start, inf), from balls at both ends."""

    def at(ends: Ends, up: bool) -> Ends:
        result = np.full_like(ends, np.nan)
        for place, end in enumerate(ends.tolist()):
            if end == start > -math.inf:
                result[place] = at_start
            elif start < end < math.inf:
                ball = getattr(arb(end), method)()
                result[place] = float_beyond(ball.upper() if up else ball.lower(), up)
        return result

    def evaluate(x: Any) -> Any:
        if not isinstance(x, Intervals):
            return getattr(arb(x), method)()
        with ctx.workprec(_BITS):
            return Intervals(at(x.low, False), at(x.high, True))

    return lambda x, **_: lift(evaluate, x)


def _positive_power(x: Any, y: Any) -> Any:
    if isinstance(y, fmpq) and y.q == 1:
        return numbers.integer_power(x, int(y.p))
    if isinstance(y, fmpq) and y == numbers.HALF:
        return RULES["sqrt"](np.array(x, dtype=object)).item()
    raise Uncovered(f"pow with the exponent {y if isinstance(y, fmpq) else 'that varies'}")


def _above(strict: bool) -> Callable:
    """Returns x > y, or x >= y."""

    def compare(x: Any, y: Any) -> Any:
        if isinstance(x, Intervals):
            a, b = x, x.like(y)
        elif isinstance(y, Intervals):
            a, b = y.like(x), y
        else:
            return x > y if strict else x >= y
        if x is y:
            return not strict
        # Negated, so that what is unknown may be either.
        if strict:
            return Truth(~(a.high <= b.low), ~(a.low > b.high))
        return Truth(~(a.high < b.low), ~(a.low >= b.high))

    return compare


def _unequal(x: Any, y: Any) -> Any:
    if x is y and isinstance(x, Intervals):
        # The test for NaN; an interval stands for a number, or else for nothing at all.
        return False
    if not isinstance(x, Intervals) and not isinstance(y, Intervals):
        return x != y
    above, below = _above(True)(x, y), _above(True)(y, x)
    return _or(above, below)


def _truth(x: Any, like: Truth) -> Truth:
    if isinstance(x, Truth):
        return x
    return Truth(np.full_like(like.possible, bool(x)), np.full_like(like.possible, not x))


def _not(x: Any) -> Any:
    return Truth(x.avoidable, x.possible) if isinstance(x, Truth) else not x


def _or(x: Any, y: Any) -> Any:
    known = x if isinstance(x, Truth) else y
    if not isinstance(known, Truth):
        return bool(x or y)
    x, y = _truth(x, known), _truth(y, known)
    return Truth(x.possible | y.possible, x.avoidable & y.avoidable)


def _and(x: Any, y: Any) -> Any:
    return _not(_or(_not(x), _not(y)))


def _predicate(function: Callable) -> Callable:
    def rule(*operands: np.ndarray, **_: Any) -> np.ndarray:
        result = lift(function, *operands)
        known = not any(isinstance(entry, Truth) for entry in result.reshape(-1))
        return result.astype(bool) if known else result

    return rule


def _choose(which: Any, otherwise: Any, chosen: Any) -> Any:
    if not isinstance(which, Truth):
        return chosen if which else otherwise
    if any(isinstance(case, (bool, Truth)) for case in (otherwise, chosen)):
        raise Uncovered("a choice between comparisons")
    form = Intervals(which.possible * 0.0, which.possible * 0.0)
    a, b = form.like(otherwise), form.like(chosen)
    hull = np.minimum(a.low, b.low), np.maximum(a.high, b.high)
    low = np.where(which.possible, np.where(which.avoidable, hull[0], b.low), a.low)
    high = np.where(which.possible, np.where(which.avoidable, hull[1], b.high), a.high)
    return Intervals(low, high)


def _select(which: np.ndarray, *cases: np.ndarray, **_: Any) -> np.ndarray:
    if which.dtype != object:
        return np.asarray(lift(lambda k, *values: values[int(k)], which, *cases))
    if any(case.dtype != object for case in cases):
        raise Uncovered("a choice between integers or between truth values")
    return lift(_choose, which, *cases)


def _convert(x: np.ndarray, *, new_dtype: Any, **_: Any) -> np.ndarray:
    if new_dtype == np.bool_:
        return _predicate(lambda v: v if isinstance(v, Truth) else _unequal(v, numbers.ZERO))(x)
    if not np.issubdtype(new_dtype, np.floating):
        raise Uncovered("an integer that depends on the instance")
    return lift(lambda v: _choose(v, numbers.ZERO, numbers.ONE) if _is_truth(v) else v, x)


def _is_truth(value: Any) -> bool:
    return isinstance(value, (Truth, bool))


def _combined(operate: Callable, exact: Callable) -> Callable:
    """Returns arithmetic that is the intervals' own where there is one, with infinite numbers."""

    def combine(x: Any, y: Any) -> Any:
        known = isinstance(x, Intervals) or isinstance(y, Intervals)
        return operate(x, y) if known else exact(x, y)

    return combine


_add = _combined(operator.add, numbers.add)


def _maximum(x: Any, y: Any) -> Any:
    if not isinstance(x, Intervals):
        if not isinstance(y, Intervals):
            return numbers.maximum(x, y)
        x, y = y, x
    y = x.like(y)
    return Intervals(np.maximum(x.low, y.low), np.maximum(x.high, y.high))


def _minimum(x: Any, y: Any) -> Any:
    return -_maximum(-x, -y)


def _no_rule(name: str) -> Callable:
    def rule(*_: Any, **__: Any) -> Any:
        raise Uncovered(name)

    return rule


_LEFT_OUT = (
    *("exp2", "cosh", "sin", "cos", "tan", "lgamma", "digamma", "floor", "ceil", "round", "sign"),
    *("rem", "cbrt", "erfc", "is_finite", "sort", "top_k", "argmax", "argmin", "clamp"),
    *("cholesky", "triangular_solve", "lu", "cummax", "cummin"),
)

RULES: dict[str, Callable] = {
    **{name: _no_rule(name) for name in _LEFT_OUT},
    "add": lambda x, y, **_: lift(_add, x, y),
    "sub": lambda x, y, **_: lift(lambda a, b: _add(a, -b), x, y),
    "mul": lambda x, y, **_: lift(_combined(operator.mul, numbers.multiply), x, y),
    "div": lambda x, y, **_: lift(_combined(operator.truediv, numbers.divide), x, y),
    "reduce_sum": reductions.reduction(_add, 0),
    "exp": _monotone("exp"),
    "expm1": _monotone("expm1"),
    "log": _monotone("log", 0.0),
    "log1p": _monotone("log1p", -1.0),
    "sqrt": _monotone("sqrt", 0.0, 0.0),
    "tanh": _monotone("tanh"),
    "sinh": _monotone("sinh"),
    "erf": _monotone("erf"),
    "rsqrt": lambda x, **_: lift(lambda v: numbers.divide(numbers.ONE, v), RULES["sqrt"](x)),
    "logistic": lambda x, **_: lift(
        lambda v: numbers.divide(numbers.ONE, numbers.add(numbers.ONE, v)),
        RULES["exp"](lift(lambda v: -v, x)),
    ),
    "pow": lambda x, y, **_: lift(_positive_power, x, y),
    "gt": _predicate(_above(True)),
    "ge": _predicate(_above(False)),
    "lt": _predicate(lambda x, y: _above(True)(y, x)),
    "le": _predicate(lambda x, y: _above(False)(y, x)),
    "ne": _predicate(_unequal),
    "eq": _predicate(lambda x, y: _not(_unequal(x, y))),
    "and": _predicate(_and),
    "or": _predicate(_or),
    "not": _predicate(_not),
    "select_n": _select,
    "convert_element_type": _convert,
    "max": lambda x, y, **_: lift(_maximum, x, y),
    "min": lambda x, y, **_: lift(_minimum, x, y),
    "reduce_max": reductions.reduction(_maximum, -math.inf),
    "reduce_min": reductions.reduction(_minimum, math.inf),
}


def boxes(low: Ends, high: Ends) -> np.ndarray:
    """Returns the coordinates of boxes as an object array of `Intervals`.

    Args:
        low: lower corners, shape ``(boxes, dimension)``.
        high: upper corners.
    """
    result = np.empty(low.shape[1], dtype=object)
    result[:] = [Intervals(low[:, axis], high[:, axis]) for axis in range(low.shape[1])]
    return result


def ends_of(result: Any, count: int) -> Intervals:
    """Returns what a formula takes on boxes, also where it does not depend on them."""
    return Intervals(np.zeros(count), np.zeros(count)).like(np.asarray(result).item())


SMOOTH: Sequence[str] = (
    *("add", "add_any", "sub", "mul", "div", "neg", "square", "integer_pow", "exp", "expm1", "log"),
    *("log1p", "sqrt", "rsqrt", "tanh", "logistic", "reduce_sum", "cumsum"),
    *("dot_general", "copy", "reshape", "transpose", "squeeze", "rev", "stack", "concatenate"),
    *("split", "slice", "broadcast_in_dim", "pad", "tile", "jit", "convert_element_type"),
)
"""Operations that are differentiable wherever they and their derivatives are finite.

Jax writes their derivatives with exact constants; that of erf, say, has a rounded one.
"""
