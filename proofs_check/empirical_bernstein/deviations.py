r"""The standard deviation of a sample: neither much too small nor much too large.

$Z=nV_n$ bounds its own fluctuations with $a=\frac n{n-1}$: replacing a value by the mean of the
others, the best choice, lowers $Z$ by the squared distance to that mean.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, Inequality, at_most, equal, holds_by_induction
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.empirical_bernstein.self_bounding import LOWER_STEPS, UPPER_STEPS
from proofs_check.empirical_bernstein.setting import (
    BOUNDED,
    MEAN_OF_VARIANCE,
    SAMPLE,
    SQUARED_SUM,
    VALUES,
)
from proofs_check.records import Proof, Step, checked

_n = sympy.Symbol("n", positive=True)
_x, _s1, _s2 = sympy.symbols("x S_1 S_2", real=True)


def _drop(factor: Any) -> tuple[Any, Any]:
    """Z less its value with x replaced by the mean of the others, with sums of the others."""
    mean = _s1 / (_n - 1)

    def function(value: Any) -> Any:
        """The function Z = n V_n for a value in the place of x."""
        return _n / (_n - 1) * (_s2 + value**2 - (_s1 + value) ** 2 / _n)

    return function(_x) - function(mean), factor * (_x - mean) ** 2


LOWEST = checked(
    "drop_of_one_value",
    r"For $Z=nV_n$ let $Z_k$ be its value with $h_k$ replaced by the mean $m_k$ of the others, on"
    r" which alone it depends: $D_k=Z-Z_k=(h_k-m_k)^2$, which is in $[0,1]$ as $h_k$ and $m_k$"
    r" are.",
    method="expanding, with the sums and the sums of squares of the others",
    check=equal,
    stated=_drop(sympy.Integer(1)),
    wrong={"for Z = (n - 1) V_n": _drop((_n - 1) / _n), "for Z = V_n": _drop(1 / _n)},
    uses=("sample", "values_in_unit_interval", "self_bounding"),
)

_D, _Q, _T = sympy.symbols("D Q T", real=True)
_h, _mean = sympy.symbols("h m", real=True)


def _sum_of_drops(power: int) -> Induction:
    """The sum of the drops, and n / (n - 1) times Z, when one more value joins either sum.

    Q is the sum of (h - m)^2 with the mean m of the whole sample.
    """
    others = (_n * _mean - _h) / (_n - 1)
    step = {_D: _D + (_h - others) ** 2, _Q: _Q + (_h - _mean) ** 2}
    return Induction(_D - (_n / (_n - 1)) ** power * _Q, {_D: 0, _Q: 0}, step)


SUM_OF_DROPS = checked(
    "sum_of_drops",
    r"$\sum_kD_k=(\frac n{n-1})^2\sum_k(h_k-P_nh)^2=\frac n{n-1}Z$, since $h_k-m_k=\frac n{n-1}"
    r"(h_k-P_nh)$.",
    method="induction over the terms of both sums",
    check=holds_by_induction,
    stated=_sum_of_drops(2),
    wrong={"n / (n - 1) once": _sum_of_drops(1), "not at all": _sum_of_drops(0)},
    uses=("drop_of_one_value",),
)

_odds = sympy.Symbol("d", nonnegative=True)


def _square_below(largest: int) -> Inequality:
    """The square of a drop below the drop; the drop runs from 0 to the largest as d does to oo."""
    drop = largest * _odds / (1 + _odds)
    return Inequality(drop**2, drop, sympy.factor(drop - drop**2))


SELF_BOUNDED = checked(
    "variance_is_self_bounding",
    r"$\sum_kD_k^2\le\sum_kD_k=\frac n{n-1}Z$, because $D_k^2\le D_k$ for $0\le D_k\le1$. So"
    r" $a=\frac n{n-1}\ge1$.",
    method="the sign of D - D^2 is manifest for D = d / (1 + d)",
    check=at_most,
    stated=_square_below(1),
    wrong={"values in [-1, 1], drops up to 4": _square_below(4), "drops up to 2": _square_below(2)},
    uses=("drop_of_one_value", "sum_of_drops"),
)

_COMMON: tuple[Step, ...] = (
    BOUNDED,
    SAMPLE,
    VALUES,
    CAUCHY_SCHWARZ,
    SQUARED_SUM,
    MEAN_OF_VARIANCE,
)
_VARIANCE: tuple[Step, ...] = (LOWEST, SUM_OF_DROPS, SELF_BOUNDED)

_s, _EV = sympy.symbols("s E", positive=True)


def _rescaled(claim: tuple[Any, Any, Any]) -> bool:
    """Whether the lemma's exponent at ns, with E Z = n E V_n, is the one stated."""
    a, tail, stated = claim
    return equal((-((_n * _s) ** 2) / (2 * a * _n * _EV + tail * a * _n * _s), stated))


def _tail(sign: str, tail: int, lemma: str) -> Step:
    """The tail of the sample variance, from that of Z."""
    extra = "" if tail == 0 else "+s"
    formula = -(_n - 1) * _s**2 / (2 * _EV + tail * _s)
    return checked(
        "tail_of_the_variance",
        rf"$\mathbb P({sign}>s)\le\exp(-\frac{{(n-1)s^2}}{{2\mathbb EV_n{extra}}})$: the lemma for"
        r" $Z=nV_n$, $a=\frac n{n-1}$ and a deviation $ns$.",
        method="substituting, for every n",
        check=_rescaled,
        stated=(_n / (_n - 1), tail, formula),
        wrong={"a = 1": (1, tail, formula), "a = n": (_n, tail, formula)},
        uses=("variance_is_self_bounding", lemma),
    )


_r = sympy.Symbol("r", positive=True)
_v, _more = sympy.symbols("v u", nonnegative=True)
_w = sympy.Symbol("w", positive=True)


def _too_small(factor: Any) -> Inequality:
    """What the exponent has to reach, and what it does, both times 2 w^2 / (n - 1).

    The event is w > v + factor r, by u; then E V_n - V_n = w^2 - v^2.
    """
    deviation = _v + factor * _r + _more
    gap = sympy.expand(deviation**2 - _v**2)
    return Inequality(_r * deviation, gap, sympy.expand(gap - _r * deviation))


TOO_SMALL = Proof(
    slug="empirical_bernstein/deviation_too_small",
    idea="n times the sample variance bounds its own fluctuations, so that its lower tail is that"
    " of a normal variable with a variance proportional to its mean. The root does the rest.",
    steps=(
        *_COMMON,
        *LOWER_STEPS,
        *_VARIANCE,
        _tail(r"\mathbb EV_n-V_n", 0, "lower_tail"),
        checked(
            "deviation_too_small",
            r"Let $w=\sqrt{\mathbb EV_n}$, $v=\sqrt{V_n}$ and $r=\sqrt{2t/(n-1)}$,"
            r" $t=\log\frac1\delta$. If $w>v+r$, then $w^2-v^2>wr$: the difference is at least"
            r" $wr$ by $(w-v)(w+v)\ge wr$. That has probability at most"
            r" $e^{-(n-1)r^2/2}=e^{-t}=\delta$. For independent values $w^2=\mathbb EV_n$, which"
            r" is $\mathbb V[h]$ if they are i.i.d. If it is zero, nothing fails.",
            method="expanding, with w = v + r + u",
            check=at_most,
            stated=_too_small(1),
            wrong={
                "half of the deviation": _too_small(sympy.Rational(1, 2)),
                "a deviation of 0": _too_small(0),
            },
            uses=("tail_of_the_variance", "mean_of_sample_variance"),
        ),
    ),
)


def _too_large(factor: Any) -> Inequality:
    """What the exponent has to reach, and what it does, both times (2 w^2 + s) / (n - 1).

    The event is v > w + factor r, by u; then s = v^2 - w^2.
    """
    deviation = _w + factor * _r + _more
    gap = sympy.expand(deviation**2 - _w**2)
    reached = _r**2 / 2 * (2 * _w**2 + gap)
    return Inequality(reached, gap**2, sympy.expand(gap**2 - reached))


TOO_LARGE = Proof(
    slug="empirical_bernstein/deviation_too_large",
    idea="n times the sample variance bounds its own fluctuations; the additional term of its"
    " upper tail does no harm.",
    steps=(
        *_COMMON,
        *UPPER_STEPS,
        *_VARIANCE,
        _tail(r"V_n-\mathbb EV_n", 1, "upper_tail"),
        checked(
            "deviation_too_large",
            r"Let $w=\sqrt{\mathbb EV_n}$, $v=\sqrt{V_n}$ and $r=\sqrt{2t/(n-1)}$, $t=\log\frac1"
            r"\delta$. If $v>w+r$, then $s=v^2-w^2$ satisfies $s^2\ge\frac{r^2}2(2w^2+s)$, which"
            r" has probability at most $e^{-(n-1)r^2/2}=e^{-t}=\delta$. For independent values"
            r" $w^2=\mathbb EV_n$, which is $\mathbb V[h]$ if they are i.i.d. If it is zero, so is"
            r" every $V_n$.",
            method="expanding, with v = w + r + u",
            check=at_most,
            stated=_too_large(1),
            wrong={
                "a third of the deviation": _too_large(sympy.Rational(1, 3)),
                "a deviation of 0": _too_large(0),
            },
            uses=("tail_of_the_variance", "mean_of_sample_variance"),
        ),
    ),
)
