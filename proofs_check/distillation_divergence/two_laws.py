r"""A mean under the difference of two laws, in terms of the range and of the smallest mass."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.records import checked

_p, _q = sympy.symbols("p q", nonnegative=True)
_difference, _shifted, _excess = sympy.symbols("D H A", real=True)
_constant, _value = sympy.symbols("c x", real=True)


def _centred(shift: Any) -> Induction:
    """The sum of (p - q) x less that of (p - q)(x - c), over the points so far."""
    change = _p - _q
    step = {
        _difference: _difference + change * _value,
        _shifted: _shifted + change * (_value - shift),
        _excess: _excess + change,
    }
    invariant = _difference - _shifted - _constant * _excess
    return Induction(invariant, dict.fromkeys((_difference, _shifted, _excess), 0), step)


CONSTANTS_DROP_OUT = checked(
    "constants_drop_out",
    r"For two laws $p$ and $q$ on the same points, $\sum_k(p_k-q_k)x_k=\sum_k(p_k-q_k)(x_k-c)$"
    r" for every $c$, as $\sum_k(p_k-q_k)=0$.",
    method="induction over the points, for any number of them",
    check=holds_by_induction,
    stated=_centred(_constant),
    wrong={"a constant that varies with the point": _centred(_constant * _value)},
)

_odds_p, _odds_q, _above, _below = sympy.symbols("pi kappa a b", nonnegative=True)


def _one_point(power: int) -> Inequality:
    """A term of the mean, and its bound, at a above the lowest value and b below the highest."""
    p, q, not_p, not_q = (
        _odds_p / (1 + _odds_p),
        _odds_q / (1 + _odds_q),
        1 / (1 + _odds_p),
        1 / (1 + _odds_q),
    )
    slack = p * not_q * _below + q * not_p * _above
    return Inequality((p - q) * _above, p * (1 - q) ** power * (_above + _below), slack)


ONE_POINT = checked(
    "one_point",
    r"$(p-q)a\le p(1-q)(a+b)$ for probabilities $p$, $q$ and $a,b\ge0$: the difference is"
    r" $p(1-q)b+q(1-p)a$.",
    method="in the odds of p and q (where one of them is 1, by continuity)",
    check=at_most,
    stated=_one_point(1),
    wrong={"1 - q squared": _one_point(2)},
)

_range, _room, _least = sympy.symbols("R e m", nonnegative=True)
_mass, _agreement = sympy.symbols("W S", real=True)


def _sum_of_points(agreement: Any) -> Induction:
    """R times (mass of p less the agreement) less the mean, each point e below its bound."""
    step = {
        _mass: _mass + _p,
        _agreement: _agreement + agreement,
        _difference: _difference + _range * _p * (1 - _q) - _room,
    }
    invariant = _range * (_mass - _agreement) - _difference
    start = dict.fromkeys((_mass, _agreement, _difference), 0)
    return Induction(invariant, start, step, _room)


SUM_OF_POINTS = checked(
    "sum_of_points",
    r"If $x_k\in[c,c+R]$ at every point, $\sum_k(p_k-q_k)x_k\le R\sum_kp_k(1-q_k)"
    r"=R\bigl(1-\sum_kp_kq_k\bigr)$; and so is $\sum_k(q_k-p_k)x_k$, as $p$ and $q$ may be"
    r" exchanged.",
    method="induction over the points, for any number of them",
    check=nonnegative_by_induction,
    stated=_sum_of_points(_p * _q),
    wrong={
        "the agreement twice": _sum_of_points(2 * _p * _q),
        "the whole mass of q as agreement": _sum_of_points(_q),
    },
    uses=("constants_drop_out", "one_point"),
)


def _least_mass(agreement: Any) -> Induction:
    """The agreement less m times the mass of q, over the points so far."""
    step = {_mass: _mass + _q, _agreement: _agreement + agreement}
    return Induction(_agreement - _least * _mass, {_mass: 0, _agreement: 0}, step, _q * _room)


TWO_LAWS = checked(
    "two_laws",
    r"$\sum_kp_kq_k\ge\min_kp_k$, so that $\bigl|\sum_k(p_k-q_k)x_k\bigr|\le R(1-\min_kp_k)$.",
    method="induction over the points, the mass of each e above the smallest",
    check=nonnegative_by_induction,
    stated=_least_mass(_q * (_least + _room)),
    wrong={
        "the largest mass in place of the smallest": _least_mass(_q * (_least - _room)),
        "products of three": _least_mass(_q * (_least + _room) ** 2),
    },
    uses=("sum_of_points",),
)

TWO_LAWS_STEPS = (CONSTANTS_DROP_OUT, ONE_POINT, SUM_OF_POINTS, TWO_LAWS)
"""All of them, in order."""
