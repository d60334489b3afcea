r"""Equation 12, the margin that it tends to, and the errors that it bounds.

Taking the label's own score out of the sum turns every statement into one about a sum of
nonnegative terms, one of which is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.algebra_several import all_nonnegative_by_induction
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.common_tails import EXPONENTIAL_ABOVE_TANGENT, LOGARITHM_INCREASES
from proofs_check.records import Proof, assumed, checked, refuted

SCORES = assumed(
    "scores",
    r"$f\in\mathbb R^L$ are scores and $w\ge0$ weights of the labels; Eq. 12 is"
    r" $\ell_w(y,f)=\log\sum_{y'}w_{y'}e^{f_{y'}-f_y}$, and $-\log\mathrm{softmax}_y(f)="
    r"\log\sum_{y'}e^{f_{y'}}-f_y$.",
)

# --- Eq. 12 with a uniform law --------------------------------------------------------------------

_shifted, _sum = sympy.symbols("D S", positive=True)
_f, _g = sympy.symbols("f g", real=True)
_w = sympy.Symbol("w", nonnegative=True)


def _own_score(factor: Any) -> Induction:
    """The sum of shifted exponentials less a factor times that of exponentials."""
    step = {_shifted: _shifted + _w * sympy.exp(_g - _f), _sum: _sum + _w * sympy.exp(_g)}
    return Induction(_shifted - factor * _sum, {_shifted: 0, _sum: 0}, step)


OWN_SCORE = checked(
    "own_score_taken_out",
    r"$\sum_{y'}w_{y'}e^{f_{y'}-f_y}=e^{-f_y}\sum_{y'}w_{y'}e^{f_{y'}}$, for any number of labels.",
    method="induction over the labels",
    check=holds_by_induction,
    stated=_own_score(sympy.exp(-_f)),
    wrong={"e^f": _own_score(sympy.exp(_f)), "no factor": _own_score(sympy.Integer(1))},
    uses=("scores",),
)

_labels = sympy.Symbol("L", positive=True)


def _uniform(constant: Any) -> tuple[Any, Any]:
    """Eq. 12 with weights 1/L, from the sum S of the exponentials, and the cross-entropy."""
    return sympy.log(sympy.exp(-_f) * _sum / _labels), sympy.log(_sum) - _f + constant


EQ12_UNIFORM = Proof(
    slug="double_distillation/eq12_uniform",
    idea="The label's own score and the weight 1/L are factors of the sum.",
    steps=(
        SCORES,
        OWN_SCORE,
        checked(
            "eq12_uniform",
            r"$\log\frac1L\sum_{y'}e^{f_{y'}-f_y}=\log\sum_{y'}e^{f_{y'}}-f_y-\log L="
            r"-\log\mathrm{softmax}_y(f)-\log L$.",
            method="expanding the logarithm of a product",
            check=equal,
            stated=_uniform(-sympy.log(_labels)),
            wrong={
                "+ log L": _uniform(sympy.log(_labels)),
                "no constant": _uniform(sympy.Integer(0)),
            },
            uses=("scores", "own_score_taken_out"),
        ),
    ),
)

# --- how small Eq. 12 can be ----------------------------------------------------------------------

_lead = sympy.Symbol("t", positive=True)
_NONE, _SOME = sympy.Integer(0), sympy.Rational(1, 4)


class _Two(NamedTuple):
    """Two labels, and what Eq. 12 is said to be at least for the first one.

    Attributes:
        weight: of the first label; the other has the rest of 1.
        bound: that weight -> the lower bound.
    """

    weight: Any
    bound: Callable[[Any], Any]


def _two_labels(weight: Any) -> Any:
    """Eq. 12 for two labels, the first of which leads by t and has this weight."""
    return sympy.log(weight + (1 - weight) * sympy.exp(-_lead))


def _at_least(claim: _Two) -> bool:
    """Whether the bound holds for a lead of 1, 2, 5 and 10."""
    loss = _two_labels(claim.weight)
    return all(bool(loss.subs(_lead, t) >= claim.bound(claim.weight)) for t in (1, 2, 5, 10))


UNBOUNDED_BELOW = Proof(
    slug="double_distillation/unbounded_below",
    idea="Unlike in the softmax, the label's own term may be missing in the sum, or have a small"
    " weight.",
    steps=(
        SCORES,
        checked(
            "no_bound_at_all",
            r"For $P=(0,1)$, $f=(t,0)$ and the first label, $\log(0+1\cdot e^{0-t})=-t\to-\infty$"
            r" as $t\to\infty$.",
            method="limit",
            check=lambda weight: has_limit(Limit(_two_labels(weight), _lead, sympy.oo, -sympy.oo)),
            stated=_NONE,
            wrong={"a weight of 1/4 on the label": _SOME},
            uses=("scores",),
        ),
        refuted(
            "nonnegative",
            r"$\log\mathbb E_{y'\sim P}[e^{f_{y'}-f_y}]\ge0$, as the signature of a loss with"
            r" values in $\mathbb R_+$ says: for $P=(0,1)$, $f=(1,0)$ and the first label,"
            r" $-1\ge0$.",
            method="the instance with leads t = 1, 2, 5, 10",
            check=_at_least,
            stated=_Two(_NONE, lambda weight: 0),
            mended={
                "at least log P_y": _Two(_SOME, sympy.log),
                "all weight on the label": _Two(sympy.Integer(1), lambda weight: 0),
            },
            uses=("scores", "no_bound_at_all"),
        ),
    ),
)

_own = sympy.Symbol("w_y", positive=True)
_apart = sympy.Symbol("d", real=True)
_terms = sympy.Symbol("S", real=True)


def _own_term(weight: Any) -> Induction:
    """The sum less the label's own term, when another label joins it."""
    added = weight * sympy.exp(_apart)
    return Induction(_terms - _own, {_terms: _own}, {_terms: _terms + added}, added)


LOWER_BOUND = Proof(
    slug="double_distillation/lower_bound",
    idea="The label's own term of the sum is its weight, and no other term is negative.",
    steps=(
        SCORES,
        LOGARITHM_BELOW_TANGENT,
        LOGARITHM_INCREASES,
        checked(
            "lower_bound",
            r"$\sum_{y'}w_{y'}e^{f_{y'}-f_y}\ge w_ye^0=w_y$, and the logarithm increases; for"
            r" $w_y=0$ the bound is $-\infty$.",
            method="induction over the other labels",
            check=nonnegative_by_induction,
            stated=_own_term(_w),
            wrong={"weights of either sign": _own_term(sympy.Symbol("v", real=True))},
            uses=("scores", "logarithm_increases"),
        ),
    ),
)

# --- the limit ------------------------------------------------------------------------------------

_gamma = sympy.Symbol("gamma", positive=True)
_HALF = sympy.Rational(1, 2)


class _Rate(NamedTuple):
    """A limit of (1/gamma) log(1 + e^(gamma d)), and how fast it is approached.

    Attributes:
        limit: lead d of the only rival -> the limit.
        rate: gamma -> the bound on the distance from the limit, for two labels.
    """

    limit: Callable[[Any], Any]
    rate: Callable[[Any], Any]


def _tempered(apart: Any) -> Any:
    """The cross-entropy at temperature 1/gamma, for one rival that is so far ahead."""
    return sympy.log(1 + sympy.exp(_gamma * apart)) / _gamma


def _approached(claim: _Rate) -> bool:
    """Whether the rate holds at gamma = 1/2 for leads of -1, 0 and 1."""
    distances = [
        sympy.Abs(_tempered(apart).subs(_gamma, _HALF) - claim.limit(apart))
        for apart in (sympy.Integer(0), sympy.Integer(1), sympy.Integer(-1))
    ]
    return all(bool(distance <= claim.rate(_HALF)) for distance in distances)


GAMMA_ZERO_PRINTED = Proof(
    slug="double_distillation/gamma_zero_printed",
    idea="As gamma vanishes all terms of the sum tend to 1, and their logarithm is divided by"
    " gamma; the margin is the limit at the other end, where the label itself takes part.",
    steps=(
        SCORES,
        checked(
            "no_limit_at_zero",
            r"For two labels, $\frac1\gamma\log(1+e^{\gamma d})\to\infty$ as $\gamma\to0$ for every"
            r" lead $d$: no rate in place of $\gamma\log L$ would do.",
            method="limit",
            check=has_limit,
            stated=Limit(_tempered(_apart), _gamma, 0, sympy.oo),
            wrong={"the lead as the limit": Limit(_tempered(_apart), _gamma, 0, _apart)},
            uses=("scores",),
        ),
        refuted(
            "margin_as_gamma_vanishes",
            r"$|\frac1\gamma\log\sum_{y'}e^{\gamma(f_{y'}-f_y)}-\max_{y'\ne y}(f_{y'}-f_y)|\le"
            r"\gamma\log L$: for two equal scores and $\gamma=\frac12$,"
            r" $2\log2\le\frac12\log2$.",
            method="the instances d = 0, 1, -1 at gamma = 1/2",
            check=_approached,
            stated=_Rate(lambda apart: apart, lambda gamma: gamma * sympy.log(2)),
            mended={
                "the clipped margin, with log(L)/gamma": _Rate(
                    lambda apart: max(sympy.Integer(0), apart),
                    lambda gamma: sympy.log(2) / gamma,
                )
            },
            uses=("scores", "no_limit_at_zero"),
        ),
    ),
)

_q, _rest = sympy.symbols("q r", nonnegative=True)
_count = sympy.Symbol("n", real=True)


def _between(least: Any) -> list[Induction]:
    """The sum of e^(-gamma u) less 1, and the number of labels less the sum; e^(-gamma u) = 1 - r.

    Its start is the label that attains the maximum, whose term is this.
    """
    start = {_terms: least, _count: 1}
    step = {_terms: _terms + _q, _count: _count + 1}
    reversed_step = {_terms: _terms + 1 - _rest, _count: _count + 1}
    return [
        Induction(_terms - 1, start, step, _q),
        Induction(_count - _terms, start, reversed_step, _rest),
    ]


_u, _margin = sympy.symbols("u m", nonnegative=True)
_sum_of = sympy.Symbol("S", positive=True)


def _over_gamma(limit: Any) -> tuple[Any, Any]:
    """The distance from the limit, and the logarithm of the remaining sum over gamma."""
    value = sympy.log(sympy.exp(_gamma * _margin) * _sum_of) / _gamma
    return value - limit, sympy.log(_sum_of) / _gamma


GAMMA_INFINITY = Proof(
    slug="double_distillation/gamma_infinity",
    idea="The largest term is in the sum, and the sum is at most L times the largest term.",
    steps=(
        SCORES,
        LOGARITHM_BELOW_TANGENT,
        LOGARITHM_INCREASES,
        EXPONENTIAL_ABOVE_TANGENT,
        checked(
            "terms_at_most_one",
            r"$0<e^{-v}\le1$ for $v\ge0$, as $e^v\ge1+v\ge1$.",
            method="the tangent's bound 1/(1 + v) on e^(-v)",
            check=at_most,
            stated=Inequality(1 / (1 + _u), 1, _u / (1 + _u)),
            wrong={"e^v in place of e^(-v)": Inequality(1 + _u, 1, -_u)},
            uses=("exponential_above_tangent",),
        ),
        checked(
            "sum_between_one_and_labels",
            r"Let $m=\max_{y'}(f_{y'}-f_y)=\max(0,\max_{y'\ne y}f_{y'}-f_y)$ and $u_{y'}=m-(f_{y'}"
            r"-f_y)\ge0$, zero for one label. Then $1\le S=\sum_{y'}e^{-\gamma u_{y'}}\le L$.",
            method="induction over the other labels, with 1 - r for a term",
            check=all_nonnegative_by_induction,
            stated=_between(sympy.Integer(1)),
            wrong={
                "a maximum that no label attains": _between(sympy.Rational(1, 2)),
                "a label above the maximum": _between(sympy.Integer(2)),
            },
            uses=("scores", "terms_at_most_one"),
        ),
        checked(
            "gamma_infinity",
            r"$\frac1\gamma\log\sum_{y'}e^{\gamma(f_{y'}-f_y)}-m=\frac1\gamma\log S$, which is"
            r" between $0$ and $\frac1\gamma\log L$ because the logarithm increases.",
            method="expanding the logarithm of a product",
            check=equal,
            stated=_over_gamma(_margin),
            wrong={
                "gamma m": _over_gamma(_gamma * _margin),
                "m / gamma": _over_gamma(_margin / _gamma),
            },
            uses=("sum_between_one_and_labels", "logarithm_increases"),
        ),
    ),
)

# --- the zero-one error ---------------------------------------------------------------------------

_ahead, _beyond, _others = sympy.symbols("d r o", nonnegative=True)


def _with_rival(own: Any, ahead: Any) -> Inequality:
    """2, and the sum with a rival so far ahead, r above its tangent, and other labels."""
    total = own + (1 + ahead + _beyond) + _others
    return Inequality(2, total, sympy.expand(total - 2))


ZERO_ONE_BOUND = Proof(
    slug="double_distillation/zero_one_bound",
    idea="Where some rival is not behind, the sum has two terms of at least 1.",
    steps=(
        SCORES,
        LOGARITHM_BELOW_TANGENT,
        LOGARITHM_INCREASES,
        EXPONENTIAL_ABOVE_TANGENT,
        OWN_SCORE,
        checked(
            "two_terms",
            r"If a rival is ahead by $d\ge0$, $\sum_{y'}e^{f_{y'}-f_y}\ge1+e^d\ge2$: the label's"
            r" own term is $1$, $e^d\ge1+d$, and no other term is negative.",
            method="adding the slacks",
            check=at_most,
            stated=_with_rival(1, _ahead),
            wrong={
                "a rival that is behind": _with_rival(1, -_ahead),
                "the label's own term subtracted": _with_rival(-1, _ahead),
            },
            uses=("scores", "exponential_above_tangent"),
        ),
        checked(
            "zero_one_bound",
            r"$-\log_2\mathrm{softmax}_y(f)=\log_2\sum_{y'}e^{f_{y'}-f_y}\ge\log_22=1$, which is"
            r" the error; ties are errors, with $d=0$.",
            method="evaluating: the logarithm increases, so that 2 is the worst sum",
            check=lambda base: bool(sympy.log(2) / sympy.log(base) >= 1),
            stated=2,
            wrong={"natural logarithms": sympy.E, "base 4": 4},
            uses=("two_terms", "own_score_taken_out", "logarithm_increases"),
        ),
    ),
)
