r"""The smallest variance proxy: the supremum of $G(\ell)=2\psi(\ell)/\ell^2$, and its search.

The search covers all arguments by cells, with an upper bound on $G$ in each; that the bounds are
valid rests on the cumulants of a tilt, a law on an interval of length one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from proofs_check.algebra import Inequality, all_equal, at_most, equal
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.algebra_several import all_at_most
from proofs_check.distillation_divergence.cumulants import (
    CUBES,
    CUMULANTS,
    LAW,
    TILTED_VARIANCE,
    VARIANCES_GROW,
)
from proofs_check.records import Proof, assumed, checked

_ell, _range, _variance, _excess = sympy.symbols("l R V t", positive=True)

SEARCH = assumed(
    "search",
    r"Cells $[a,b]$ with midpoint $m$ and half width $h$ cover"
    r" $0<\ell\le\min(2y/V,\,4\log(1/p)/y)$, $p=P(z=y)$, and likewise for $-X$. Each has the"
    r" smallest of the bounds on $G$ below. The certified proxy is $R^2$ times the largest of them"
    r" and of the heights seen; $\ell^*$ is where the largest height seen is, $V$ standing for"
    r" $G(0)$; the width is the difference. Numbers are exact.",
)

_psi = sympy.Symbol("psi", real=True)


def _in_units(factor: Any) -> tuple[Any, Any]:
    """The height of X at l, and a multiple of that of z at R l, psi being the log-mgf of both."""
    return 2 * _psi / _ell**2, factor * 2 * _psi / (_range * _ell) ** 2


IN_UNITS = checked(
    "in_units_of_the_range",
    r"The log-mgf of $X-EX$ at $\ell$ is $\psi(R\ell)$, so that its height is $R^2G(R\ell)$: what"
    r" is shown for $z$ holds for $X$, times $R^2$.",
    method="substituting",
    check=equal,
    stated=_in_units(_range**2),
    wrong={"R in place of its square": _in_units(_range)},
    uses=("law",),
)

_proxy, _height = sympy.symbols("s G", real=True)


def _room(height: Any) -> tuple[Any, Any]:
    """What a parabola leaves, and a positive multiple of what a proxy leaves."""
    psi = _height * _ell**2 / 2
    return _ell**2 * _proxy / 2 - psi, _ell**2 / 2 * (_proxy - height)


PROXIES = checked(
    "proxies_are_what_no_height_exceeds",
    r"$\frac12\ell^2s^2-\psi(\ell)=\frac12\ell^2\bigl(s^2-G(\ell)\bigr)$: $s^2$ is a variance proxy"
    r" iff no height exceeds it, and the smallest one is $\sup_\ell G(\ell)$.",
    method="expanding",
    check=equal,
    stated=_room(_height),
    wrong={"heights without the factor 2": _room(_height / 2)},
    uses=("law",),
)

# --- near zero ------------------------------------------------------------------------------------

_at = sympy.Symbol("u", positive=True)
_values = sympy.symbols("f_0:5", real=True)


def _second_derivative(weight: Any) -> list[tuple[Any, Any]]:
    """An antiderivative of weight(u) psi''''(l u) in u, its values at the ends, and G'' / 2."""
    alternating = (
        (-1) ** k * sympy.diff(weight, _at, k) * _values[3 - k] / _ell ** (k + 1) for k in range(4)
    )
    anti = sum(alternating, sympy.Integer(0))

    def along(expression: Any, variable: Any, inner: Any) -> Any:
        chain = (sympy.diff(expression, _values[k]) * inner * _values[k + 1] for k in range(4))
        return sympy.diff(expression, variable) + sum(chain, sympy.Integer(0))

    height = along(along(_values[0] / _ell**2, _ell, 1), _ell, 1)
    return [
        (along(anti, _at, _ell), weight * _values[4]),
        (anti.subs(_at, 1), height),
        (anti.subs(_at, 0).subs({_values[0]: 0, _values[1]: 0}), 0),
    ]


_weight = (1 - _at) * _at**2


def _mass(weight: Any) -> tuple[Any, Any]:
    return 2 * sympy.Integral(weight, (_at, 0, 1)).doit(), sympy.Rational(1, 6)


CURVATURE = checked(
    "curvature_of_the_height",
    r"$G''(\ell)=2\int_0^1(1-u)u^2\,\psi''''(\ell u)\,du$, by parts, since $\psi(0)=\psi'(0)=0$;"
    r" with $\psi''''\le\psi''\le Ve^{by}$ on a cell and $2\int_0^1(1-u)u^2\,du=\frac16$,"
    r" $G''\le\frac16Ve^{by}$.",
    method="the antiderivative and its ends, for any function; the integral of the weight",
    check=lambda weight: all_equal([*_second_derivative(weight), _mass(weight)]),
    stated=_weight,
    wrong={"(1 - u) u": (1 - _at) * _at, "without the factor 1 - u": _at**2},
    uses=("cubes_below_squares", "variance_of_a_tilt"),
)

_slope, _away = sympy.symbols("g d", real=True)
_curvature = sympy.Symbol("c", nonnegative=True)


def _bends(share: Any) -> Inequality:
    """The bound on the second derivative, and that of a parabola with so much of it."""
    parabola = _height + _slope * _away + share * _curvature * _away**2
    second = sympy.diff(parabola, _away, 2)
    return Inequality(_curvature, second, second - _curvature)


NEAR_ZERO = checked(
    "bound_near_zero",
    r"$G(\ell)\le G(m)+G'(m)d+\frac1{12}Ve^{by}d^2\le G(m)+|G'(m)|h+\frac1{12}Ve^{by}h^2$,"
    r" $d=\ell-m$: the right side less the left has value and slope zero at $d=0$ and is convex.",
    method="the second derivative of the parabola",
    check=at_most,
    stated=_bends(sympy.Rational(1, 2)),
    wrong={"a quarter of the curvature": _bends(sympy.Rational(1, 4))},
    uses=("search", "curvature_of_the_height"),
)

# --- in the middle, and far out -------------------------------------------------------------------

_d = sympy.Symbol("d", positive=True)


def _exponential_parabola(power: int) -> list[tuple[Any, Any]]:
    """That (e^d - 1 - d) / d^power has slope n / d^(power + 1), and how n grows from zero."""
    excess = sympy.exp(_d) - 1 - _d
    numerator = _d * sympy.exp(_d) - 2 * sympy.exp(_d) + _d + 2
    return [
        (sympy.diff(excess, _d, 2), sympy.exp(_d)),
        (sympy.diff(excess / _d**power, _d), numerator / _d ** (power + 1)),
        (numerator.subs(_d, 0), 0),
        (sympy.diff(numerator, _d).subs(_d, 0), 0),
        (sympy.diff(numerator, _d, 2), _d * sympy.exp(_d)),
    ]


IN_THE_MIDDLE = checked(
    "parabola_above_psi",
    r"$\psi(\ell)\le\psi(m)+\psi'(m)d+Cd^2$ on a cell, $C=\psi''(m)\frac{e^h-1-h}{h^2}$: two"
    r" integrations give $\psi''(m)(e^{|d|}-1-|d|)$, and $\frac{e^d-1-d}{d^2}$ grows with $d$, its"
    r" slope being $n/d^3$ with $n(0)=n'(0)=0$ and $n''=de^d\ge0$.",
    method="derivatives",
    check=lambda power: all_equal(_exponential_parabola(power)),
    stated=2,
    wrong={"divided by d": 1, "by d^3": 3},
    uses=("search", "variances_grow_slowly"),
)

_a, _b, _c = sympy.symbols("A B C", real=True)


def _vertex(at: Any) -> tuple[Any, Any]:
    """The slope of (A + B l + C l^2) / l^2, and one that is zero at one argument only."""
    slope = sympy.diff((_a + _b * _ell + _c * _ell**2) / _ell**2, _ell)
    return slope, -_b * (_ell - at) / _ell**3


LARGEST_IN_A_CELL = checked(
    "largest_value_in_a_cell",
    r"With $\psi\le A+B\ell+C\ell^2$ on a cell, the parabola above, or with $C=0$ the chord of the"
    r" convex function $\psi$, $G\le2(A+B\ell+C\ell^2)/\ell^2$, whose slope is zero only at"
    r" $\ell=-2A/B$: it is largest there, or at an end of the cell.",
    method="derivative",
    check=equal,
    stated=_vertex(-2 * _a / _b),
    wrong={"half of that argument": _vertex(-_a / _b), "the other sign": _vertex(2 * _a / _b)},
    uses=("derivatives_are_cumulants", "parabola_above_psi"),
)

# --- the ends of the arguments --------------------------------------------------------------------


def _near_variance(factor: int) -> list[Limit]:
    """What two integrations of psi'' between V e^(-l) and V e^l give for G, as l goes to zero."""
    return [
        Limit(factor * _variance * integral / _ell**2, _ell, 0, _variance)
        for integral in (sympy.exp(_ell) - 1 - _ell, sympy.exp(-_ell) - 1 + _ell)
    ]


AT_ZERO = checked(
    "variance_at_zero",
    r"$\frac{2V}{\ell^2}(e^{-\ell}-1+\ell)\le G(\ell)\le\frac{2V}{\ell^2}(e^\ell-1-\ell)$, and both"
    r" go to $V$ as $\ell\to0$: $G(0)=V$ is a limit of heights, and no proxy is smaller.",
    method="limits",
    check=lambda limits: all(map(has_limit, limits)),
    stated=_near_variance(2),
    wrong={"without the factor 2": _near_variance(1)},
    uses=("variances_grow_slowly",),
)

_top, _surprise = sympy.symbols("y lambda", positive=True)


def _beyond(by_variance: Any, by_mass: Any) -> Sequence[Inequality]:
    """2 y / l at 1 + t times either argument, the variance, and a height that is attained."""
    at = 2 * _surprise / _top
    attained = sympy.factor(2 * (at * _top - _surprise) / at**2)
    return [
        Inequality(low, high, sympy.factor(high - low))
        for low, high in (
            (2 * _top / (by_variance * (1 + _excess)), _variance),
            (2 * _top / (by_mass * (1 + _excess)), attained),
        )
    ]


BEYOND_REACH = checked(
    "nothing_is_missed_far_out",
    r"$\ell y-\log\frac1p\le\psi(\ell)\le\ell y$, by the term of the largest value and by $z\le y$:"
    r" $G(\ell)\le\frac{2y}\ell$, which is below $V=G(0)$ beyond $2y/V$, and beyond"
    r" $4\log\frac1p/y$ below $\frac{y^2}{2\log(1/p)}\le G\bigl(2\log\frac1p/y\bigr)$.",
    method="1 + t times either argument, t > 0; the slack is manifest",
    check=lambda ends: all_at_most(_beyond(*ends)),
    stated=(2 * _top / _variance, 4 * _surprise / _top),
    wrong={
        "half of the first argument": (_top / _variance, 4 * _surprise / _top),
        "half of the second": (2 * _top / _variance, 2 * _surprise / _top),
    },
    uses=("law", "variance_at_zero"),
)

_supremum, _seen_below, _certified_above = sympy.symbols("S a b", nonnegative=True)


def _distance(certified: Any) -> Inequality:
    """How far the height is from the supremum, and the width, with a certificate so far above."""
    attained = _supremum - _seen_below
    return Inequality(_supremum - attained, _supremum + certified - attained, certified)


SMALLEST_PROXY = Proof(
    slug="distillation_divergence/smallest_proxy",
    idea="Every height is below every proxy; the search bounds all heights and attains one of"
    " them.",
    steps=(
        LAW,
        SEARCH,
        IN_UNITS,
        PROXIES,
        CUMULANTS,
        CUBES,
        TILTED_VARIANCE,
        CURVATURE,
        NEAR_ZERO,
        VARIANCES_GROW,
        IN_THE_MIDDLE,
        LARGEST_IN_A_CELL,
        AT_ZERO,
        BEYOND_REACH,
        checked(
            "smallest_proxy",
            r"No height exceeds the certified proxy, so that it is one; the height at $\ell^*$ is"
            r" at most the smallest proxy $\sup_\ell G$, and this at most the certified one: all"
            r" three agree up to the width.",
            method="the slack is that of the certificate",
            check=at_most,
            stated=_distance(_certified_above),
            wrong={"a cell that the bounds do not cover": _distance(-_certified_above)},
            uses=(
                "search",
                "in_units_of_the_range",
                "proxies_are_what_no_height_exceeds",
                "bound_near_zero",
                "largest_value_in_a_cell",
                "nothing_is_missed_far_out",
            ),
        ),
    ),
)
