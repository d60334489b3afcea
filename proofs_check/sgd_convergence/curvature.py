r"""The cross-entropy of a linear softmax student: convex, and as curved as a variance.

In a direction that moves the logits by $v$ its second derivative is the variance of $v$ under the
student's own answer, at most half of $\|v\|^2$; and no less than the smallest probability times
$\|v\|^2$, if the entries of $v$ have sum zero.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    nonnegative_by_induction,
)
from proofs_check.algebra_order import ordered
from proofs_check.algebra_several import all_at_most
from proofs_check.records import assumed, checked
from proofs_check.sgd_convergence.descent import L, spare, spare2

# --- curvature of the cross-entropy ---------------------------------------------------------------

RUN = assumed(
    "sgd",
    r"$\theta_{t+1}=\theta_t-\gamma g_x(\theta_t)$ with $\gamma>0$ (a step of zero moves nothing);"
    r" $x\sim\pi$ is drawn afresh, and $g_x$ is the gradient of its cross-entropy"
    r" $f_x(\theta)=\Lambda-P\cdot z$ with $q=P(x)$; $f=\mathbb E_xf_x$, so that"
    r" $\mathbb E\,g_x=\nabla f$; $e=\theta-\theta^*$, and $L=\frac12\max_x\|\varphi(x)\|^2$ over"
    r" inputs with mass. In general inequalities $i$ is $x$ and $w$ is $\pi$.",
)

_t, _z, _v = sympy.symbols("t z_k v_k", real=True)
_S = sympy.Function("S")(_t)
_s0, _s1, _s2 = sympy.symbols("S S' S''", positive=True)


def _second_derivative(said: Any) -> bool:
    """Whether log S has this second derivative, and the terms of S these first two."""
    term = sympy.exp(_z + _t * _v)
    found = sympy.diff(sympy.log(_S), _t, 2)
    for order, symbol in ((2, _s2), (1, _s1), (0, _s0)):
        found = found.subs(sympy.diff(_S, _t, order) if order else _S, symbol)
    return all_equal(
        [(sympy.diff(term, _t), _v * term), (sympy.diff(term, _t, 2), _v**2 * term), (found, said)]
    )


CURVATURE = checked(
    "curvature",
    r"In the direction $d$ of the parameters, $v=d^\top\varphi$ of the logits, the second"
    r" derivative of $f_x$ is $\sum_kp_kv_k^2-(\sum_kp_kv_k)^2$, the variance of $v$ under $p$:"
    r" the mean logit $P\cdot z$ is linear, and with $S(t)=\sum_ke^{z_k+tv_k}$ the rest is"
    r" $(\log S)''=S''/S-(S'/S)^2$.",
    method="differentiating, the terms of S one by one",
    check=_second_derivative,
    stated=_s2 / _s0 - (_s1 / _s0) ** 2,
    wrong={
        "the second moment": _s2 / _s0,
        "without the square": _s2 / _s0 - _s1 / _s0,
    },
    uses=("softmax", "sgd"),
)

_high, _low = sympy.symbols("a b", real=True)
_up, _down, _others = sympy.symbols("u w r", nonnegative=True)
_middle = (_high + _low) / 2


def _popoviciu(factor: Any) -> Inequality:
    """The square of half the range below a multiple of |v|^2."""
    length = _high**2 + _low**2 + _others
    return Inequality(
        (_high - _low) ** 2 / 4, factor * length, (_high + _low) ** 2 / 4 + _others / 2
    )


def _from_middle(radius: Any) -> Inequality:
    """The squared distance of an entry b + w = a - u from the midrange, below this."""
    between = Inequality((_low + _down - _middle) ** 2, radius, _down * (_high - _low - _down))
    return Inequality(*(side.subs(_high, _low + _down + _up) for side in between))


_range_square = (_high - _low) ** 2 / 4

VARIANCE_AT_MOST_HALF = checked(
    "variance_at_most_half",
    r"The variance of $v$ is at most $\mathbb E(v-\frac{a+b}2)^2\le\frac{(a-b)^2}4\le\frac12\|v\|"
    r"^2$, with $a$ the largest entry of $v$ and $b$ the smallest: $(a-v_k)(v_k-b)\ge0$, and"
    r" $\frac12(a^2+b^2)-\frac14(a-b)^2=\frac14(a+b)^2$.",
    method="two inequalities by their certificates, for any number of labels",
    check=all_at_most,
    stated=(_from_middle(_range_square), _popoviciu(sympy.Rational(1, 2))),
    wrong={
        "a quarter of the square": (_from_middle(_range_square), _popoviciu(sympy.Rational(1, 4))),
        "an eighth of the squared range": (
            _from_middle(_range_square / 2),
            _popoviciu(sympy.Rational(1, 2)),
        ),
    },
)

_e2, _spare_length = sympy.symbols("D s", nonnegative=True)


def _smooth(share: Any) -> tuple[Any, Any]:
    """A curvature against a multiple of L |d|^2.

    It is |v|^2 / 2 - s_2, where |v|^2 = |phi|^2 |d|^2 - s and |phi|^2 = 2 L - s_1.
    """
    square = (2 * L - spare) * _e2 - _spare_length
    return square / 2 - spare2, share * L * _e2


COMPONENTS = checked(
    "components",
    r"Every $f_x$ is convex, and $L$-smooth on every segment: its second derivative in the"
    r" direction $d$ lies between 0 (the pairwise form of a variance) and"
    r" $\frac12\|d^\top\varphi\|^2\le\frac12\|\varphi\|^2\|d\|^2\le L\|d\|^2$ (Cauchy-Schwarz for"
    r" every label).",
    method="expanding, with a nonnegative symbol for what each inequality leaves over",
    check=ordered,
    stated=_smooth(1),
    wrong={"half of L": _smooth(sympy.Rational(1, 2))},
    uses=("sgd", "curvature", "pairwise_form", "cauchy_schwarz", "variance_at_most_half"),
)

# --- and from below -------------------------------------------------------------------------------

_V, _L2, _sum, _n = sympy.symbols("V Q S n", real=True)
_m, _more, _count = sympy.symbols("m w K", nonnegative=True)
_entry, _mean = sympy.symbols("v_k a", real=True)


def _floor(prob: Any) -> Induction:
    """A variance less m times the sum of squares about its mean, when a label has this p."""
    squares = _L2 - 2 * _mean * _sum + _n * _mean**2
    return Induction(
        _V - _m * squares,
        dict.fromkeys((_V, _L2, _sum, _n), 0),
        {
            _V: _V + prob * (_entry - _mean) ** 2,
            _L2: _L2 + _entry**2,
            _sum: _sum + _entry,
            _n: _n + 1,
        },
        _more * (_entry - _mean) ** 2,
    )


_length = sympy.Symbol("Q", nonnegative=True)


def _about_any(total: Any) -> Inequality:
    """|v|^2 below the sum of squares about a, when the entries of v have this sum."""
    about = _length - 2 * _mean * total + _count * _mean**2
    return Inequality(_length, about, _count * _mean**2)


def _variance_floor(claim: tuple[Induction, Inequality]) -> bool:
    """Whether both bounds hold."""
    return nonnegative_by_induction(claim[0]) and at_most(claim[1])


VARIANCE_FLOOR = checked(
    "variance_floor",
    r"If $p_k\ge m$ for all $k$ and $\sum_kv_k=0$, the variance of $v$ under $p$ is"
    r" $\sum_kp_k(v_k-a)^2\ge m\sum_k(v_k-a)^2=m(\|v\|^2+Ka^2)\ge m\|v\|^2$, with $a=p\cdot v$.",
    method="induction over the labels, then the certificate K a^2",
    check=_variance_floor,
    stated=(_floor(_m + _more), _about_any(0)),
    wrong={
        "labels of smaller probability": (_floor(_m / (1 + _more)), _about_any(0)),
        "entries of another sum": (_floor(_m + _more), _about_any(_sum)),
    },
)
