r"""Steps about exponentials and probabilities: tangents, logarithms, union bounds, Markov.

What holds of an indicator, one event or one outcome at a time, holds of probabilities, because
expectation is linear and monotone.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    Minimum,
    at_most,
    nonnegative_by_induction,
    nonnegative_from_minimum,
)
from proofs_check.algebra_several import all_nonnegative_by_induction
from proofs_check.records import checked

_v = sympy.Symbol("v", real=True)
_t = sympy.Symbol("t", positive=True)


def _tangent(line: Any) -> Minimum:
    """An exponential e^v = t less a line in v = log t."""
    return Minimum(_t - line, _t, 1, 1 / _t)


EXPONENTIAL_ABOVE_TANGENT = checked(
    "exponential_above_tangent",
    r"$1+v\le e^v$ for every $v$: with $t=e^v$ the difference is $t-1-\log t$, which vanishes at"
    r" $t=1$ and has the slope $(t-1)/t$.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=_tangent(1 + sympy.log(_t)),
    wrong={"slope 2": _tangent(1 + 2 * sympy.log(_t)), "value 2 at 0": _tangent(2 + sympy.log(_t))},
)

_a = sympy.Symbol("a", positive=True)
_more = sympy.Symbol("u", nonnegative=True)


def _logarithm_of_ratio(smaller: Any, larger: Any) -> Inequality:
    """The tangent's bound on log(smaller / larger), which has to be at most zero."""
    bound = smaller / larger - 1
    return Inequality(bound, 0, -sympy.cancel(bound))


LOGARITHM_INCREASES = checked(
    "logarithm_increases",
    r"$\log a\le\log(a+u)$ for $a>0$, $u\ge0$: $\log\frac a{a+u}\le\frac a{a+u}-1=-\frac u{a+u}"
    r"\le0$.",
    method="the tangent's bound, whose sign is manifest",
    check=at_most,
    stated=_logarithm_of_ratio(_a, _a + _more),
    wrong={"the larger number first": _logarithm_of_ratio(_a + _more, _a)},
    uses=("logarithm_below_tangent",),
)

_union, _sum = sympy.symbols("U S", nonnegative=True)
_event = sympy.Symbol("e", nonnegative=True)


def _one_more_event(union: Any) -> Induction:
    """The sum of indicators less that of the union, when one more event turns it into this."""
    step = {_union: union, _sum: _sum + _event}
    return Induction(_sum - _union, {_union: 0, _sum: 0}, step, _event - union + _union)


UNION_BOUND = checked(
    "union_bound",
    r"$\mathbb P(\bigcup_jA_j)\le\sum_j\mathbb P(A_j)$: for indicators, one more event adds $e$ to"
    r" the sum and $e-Ue$ to the indicator $U$ of the union.",
    method="induction over the events, for any number of them",
    check=nonnegative_by_induction,
    stated=_one_more_event(_union + _event - _union * _event),
    wrong={"the overlap added": _one_more_event(_union + _event + _union * _event)},
)

_mass, _mean = sympy.symbols("m D", real=True)
_level = sympy.Symbol("c", positive=True)
_weight, _above, _below = sympy.symbols("w u d", nonnegative=True)


def _markov(values: tuple[Any, Any]) -> list[Induction]:
    """The mean less c times the mass above c, for one more value that is above it, or is not."""
    above, below = values
    start = {_mass: 0, _mean: 0}
    invariant = _mean - _level * _mass
    return [
        Induction(
            invariant,
            start,
            {_mass: _mass + _weight, _mean: _mean + _weight * above},
            sympy.expand(_weight * (above - _level)),
        ),
        Induction(
            invariant, start, {_mass: _mass, _mean: _mean + _weight * below}, _weight * below
        ),
    ]


MARKOV = checked(
    "markov",
    r"$c\,\mathbb P(d>c)\le\mathbb E\,d$ for a nonnegative $d$ and $c>0$: a value of weight $w$"
    r" adds $w(d-c)\ge0$ to the difference if it is above $c$, and $wd\ge0$ if it is not.",
    method="induction over the values, of either kind",
    check=all_nonnegative_by_induction,
    stated=_markov((_level + _above, _below)),
    wrong={
        "values of either sign": _markov((_level + _above, _v)),
        "values above c / 2": _markov((_level / 2 + _above, _below)),
    },
)
