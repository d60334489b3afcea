r"""Theorem 4, for one function, and for the functions of a finite class by a union bound."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, equal, holds_by_induction
from proofs_check.algebra_order import ordered
from proofs_check.common_tails import UNION_BOUND
from proofs_check.empirical_bernstein.setting import BOUNDED, SAMPLE
from proofs_check.records import Proof, Step, checked

_s, _q = sympy.symbols("s q", positive=True)
_u, _v = sympy.symbols("u v", nonnegative=True)
_root_n = _s + _u


def _penalty(deviation: Any, constant: Any) -> tuple[Any, Any]:
    """Bernstein's penalty with a bound on the deviation, and that of Theorem 4.

    s is the root of n - 1, s + u that of n, and q that of 2t, v the sample's deviation.
    """
    known = _q / _root_n * deviation + _q**2 / (6 * _root_n**2)
    return known, _q * _v / _root_n + constant * _q**2 / (2 * _s**2)


_SEVEN_THIRDS = sympy.Rational(7, 3)

_delta = sympy.Symbol("delta", positive=True)
_K = sympy.Symbol("K", positive=True)
_j, _total = sympy.symbols("j T", real=True)


def _levels(each: Any, number: Any) -> tuple[Any, Any]:
    """The failure probability of so many events of level each, and delta."""
    return number * each, _delta


TWO_EVENTS = checked(
    "two_events",
    r"Let $t=\log\frac2\delta$. $Ph\le P_nh+\sqrt{2\mathbb V[h]t/n}+\frac t{3n}$ and"
    r" $\sqrt{\mathbb V[h]}\le\sqrt{V_n}+\sqrt{2t/(n-1)}$ each fail with probability at most"
    r" $e^{-t}=\frac\delta2$, so that both hold except with probability $\delta$.",
    method="2 e^(-t) = delta",
    check=equal,
    stated=_levels(sympy.exp(-sympy.log(2 / _delta)), 2),
    wrong={"t = log(1/delta)": _levels(sympy.exp(-sympy.log(1 / _delta)), 2)},
    uses=(
        "bounded losses",
        "sample",
        "union_bound",
        "empirical_bernstein/known_variance",
        "empirical_bernstein/deviation_too_small",
    ),
)

SINGLE = Proof(
    slug="empirical_bernstein/single",
    idea="Bernstein's inequality, with the variance replaced by that of the sample, which is not"
    " much too small.",
    steps=(
        BOUNDED,
        SAMPLE,
        UNION_BOUND,
        TWO_EVENTS,
        checked(
            "single",
            r"Where both hold, $Ph-P_nh\le\sqrt{2t/n}\,(\sqrt{V_n}+\sqrt{2t/(n-1)})+\frac t{3n}\le"
            r"\sqrt{2V_nt/n}+(2+\frac13)\frac t{n-1}$, because $n\ge n-1$.",
            method="expanding over a common denominator, with sqrt n = s + u, s = sqrt(n - 1)",
            check=ordered,
            stated=_penalty(_v + _q / _s, _SEVEN_THIRDS),
            wrong={
                "2t/(n-1) left out": _penalty(_v + _q / _s, sympy.Rational(1, 3)),
                "twice the sample's deviation": _penalty(2 * _v + _q / _s, _SEVEN_THIRDS),
            },
            uses=("two_events",),
        ),
    ),
)


def _levels_add_up(each: Any) -> Induction:
    """K times the sum of the levels of j functions less j delta."""
    return Induction(
        _K * _total - _j * _delta, {_total: 0, _j: 0}, {_total: _total + each, _j: _j + 1}
    )


CLASS_UNION: Step = checked(
    "levels_of_a_class",
    r"For $K$ functions, each at the level $\frac\delta K$, the levels add up to $\delta$.",
    method="induction over the functions",
    check=holds_by_induction,
    stated=_levels_add_up(_delta / _K),
    wrong={"each at the level delta": _levels_add_up(_delta)},
    uses=("union_bound",),
)


def _logarithms(each: Any) -> tuple[Any, Any]:
    """The logarithm of Theorem 4 at the level of one function, and that of the claim."""
    return sympy.log(2 / each), sympy.log(2 * _K / _delta)


FINITE_CLASS = Proof(
    slug="empirical_bernstein/finite_class",
    idea="A union bound over the functions, each with its share of the failure probability.",
    steps=(
        BOUNDED,
        SAMPLE,
        UNION_BOUND,
        CLASS_UNION,
        checked(
            "finite_class",
            r"Theorem 4 at the level $\frac\delta K$ has $\log\frac{2K}\delta$ in place of"
            r" $\log\frac2\delta$. Some function fails with probability at most $\delta$.",
            method="substituting the level",
            check=equal,
            stated=_logarithms(_delta / _K),
            wrong={
                "the level delta": _logarithms(_delta),
                "the level delta / K^2": _logarithms(_delta / _K**2),
            },
            uses=(
                "bounded losses",
                "sample",
                "levels_of_a_class",
                "empirical_bernstein/single",
            ),
        ),
    ),
)
