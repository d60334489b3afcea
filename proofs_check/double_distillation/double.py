r"""Equation 13: what it is, its minimum and minimiser, and how the minimiser ranks labels.

With $\log w$ added to the scores, the weighted sum is a partition function, and Eq. 13 is plain
distillation.
"""

from __future__ import annotations

from typing import Any

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
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.common_tails import LOGARITHM_INCREASES
from proofs_check.double_distillation.losses import OWN_SCORE, SCORES
from proofs_check.records import Proof, assumed, checked

TAUGHT = assumed(
    "taught",
    r"$p$ are the teacher's probabilities of the labels, $w>0$; Eq. 13 is"
    r" $\sum_yp_y\,\ell_w(y,f)$, $\Lambda=\log\sum_{y'}w_{y'}e^{f_{y'}}$, $H(p)=-\sum_yp_y\log p_y$"
    r" and $0\log0=0$.",
)

_p, _w, _j = sympy.symbols("p w c", positive=True)
_f, _lse = sympy.symbols("f Lambda", real=True)
_share = sympy.exp(_f + sympy.log(_w) - _lse)

NO_MASS = checked(
    "labels_without_mass",
    r"$p\log p\to0$ as $p\to0$, so that labels without mass drop out of every sum.",
    method="limit",
    check=has_limit,
    stated=Limit(_p * sympy.log(_p), _p, 0, 0),
    wrong={
        "without the factor p": Limit(sympy.log(_p), _p, 0, 0),
        "divided by p": Limit(sympy.log(_p) / _p, _p, 0, 0),
    },
    uses=("taught",),
)


def _offset(weights: Any, entropy: Any) -> tuple[Any, Any]:
    """A label's term of Eq. 13, and of the divergence, the entropy and the weights' logarithms."""
    divergence = _p * sympy.log(_p / _share)
    return _p * (_lse - _f), divergence + entropy * _p * sympy.log(_p) + weights


EQ13_OFFSET = Proof(
    slug="double_distillation/eq13_offset",
    idea="The weights are offsets log w of the logits; then add and subtract log p, label by"
    " label, as in plain distillation.",
    steps=(
        SCORES,
        TAUGHT,
        NO_MASS,
        OWN_SCORE,
        checked(
            "eq13_offset",
            r"$\ell_w(y,f)=\Lambda-f_y$ and $\mathrm{softmax}_y(f+\log w)=e^{f_y+\log"
            r" w_y-\Lambda}$. For every label, $p_y(\Lambda-f_y)=p_y\log\frac{p_y}{e^{f_y+\log"
            r" w_y-\Lambda}}-p_y\log p_y+p_y\log w_y$; the sum is the claim.",
            method="expanding logarithms, term by term",
            check=equal,
            stated=_offset(_p * sympy.log(_w), -1),
            wrong={
                "log w subtracted": _offset(-_p * sympy.log(_w), -1),
                "without log w": _offset(sympy.Integer(0), -1),
                "the entropy subtracted": _offset(_p * sympy.log(_w), 1),
            },
            uses=("scores", "taught", "labels_without_mass", "own_score_taken_out"),
        ),
    ),
)

# --- the minimiser --------------------------------------------------------------------------------

_partition, _mass = sympy.symbols("Z P", real=True)
_shift = sympy.Symbol("c", real=True)


def _at_minimiser(score: Any) -> Induction:
    """The weighted sum of e^f less e^c times the mass, with so much for a label's score."""
    step = {_partition: _partition + _w * sympy.exp(score), _mass: _mass + _p}
    return Induction(_partition - sympy.exp(_shift) * _mass, {_partition: 0, _mass: 0}, step)


_LOG_ODDS = sympy.log(_p / _w) + _shift


def _value(score: Any) -> tuple[Any, Any]:
    """A label's term of Eq. 13 where Lambda = c, and its term of the infimum."""
    return _p * (_shift - score), -_p * sympy.log(_p) + _p * sympy.log(_w)


MINIMISER = Proof(
    slug="double_distillation/minimiser",
    idea="At log(p/w) + c the weighted sum of exponentials is a sum of probabilities times e^c.",
    steps=(
        SCORES,
        TAUGHT,
        NO_MASS,
        OWN_SCORE,
        checked(
            "partition_function",
            r"At $f=\log\frac pw+c$, $\sum_yw_ye^{f_y}=e^c\sum_yp_y=e^c$: hence $\Lambda=c$. A"
            r" label without mass adds nothing to either sum.",
            method="induction over the labels",
            check=holds_by_induction,
            stated=_at_minimiser(_LOG_ODDS),
            wrong={
                "f = log p + c": _at_minimiser(sympy.log(_p) + _shift),
                "f = log(p w) + c": _at_minimiser(sympy.log(_p * _w) + _shift),
            },
            uses=("taught",),
        ),
        checked(
            "minimiser",
            r"$p_y(\Lambda-f_y)=p_y(c-\log\frac{p_y}{w_y}-c)=-p_y\log p_y+p_y\log w_y$ for every"
            r" label, whatever $c$ is; labels without mass have $f_y=-\infty$ and drop out.",
            method="expanding logarithms, term by term",
            check=equal,
            stated=_value(_LOG_ODDS),
            wrong={
                "f = log p + c": _value(sympy.log(_p) + _shift),
                "f = log(w/p) + c": _value(sympy.log(_w / _p) + _shift),
            },
            uses=("scores", "labels_without_mass", "own_score_taken_out", "partition_function"),
        ),
    ),
)

_q = sympy.Symbol("q", positive=True)
_room = sympy.Symbol("r", nonnegative=True)
_divergence, _other = sympy.symbols("K Q", real=True)


def _divergences(sign: int) -> Induction:
    """The divergence less P - Q, a label's term exceeding the tangent's bound by r."""
    step = {
        _divergence: _divergence + sign * (_p - _q) + _room,
        _mass: _mass + _p,
        _other: _other + _q,
    }
    start = dict.fromkeys((_divergence, _mass, _other), 0)
    return Induction(_divergence - _mass + _other, start, step, _room)


MINIMUM = Proof(
    slug="double_distillation/minimum",
    idea="Eq. 13 exceeds the stated value by a Kullback-Leibler divergence.",
    steps=(
        TAUGHT,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        checked(
            "minimum",
            r"By the offset form the difference is $\mathrm{KL}(p\,\|\,q)$ with"
            r" $q=\mathrm{softmax}(f+\log w)$, at least $\sum_yp_y-\sum_yq_y=1-1=0$ by Gibbs'"
            r" inequality. The value is attained at $\log\frac pw+c$.",
            method="induction over the labels, r being a label's slack in Gibbs' inequality",
            check=nonnegative_by_induction,
            stated=_divergences(1),
            wrong={"the divergence of the other sign": _divergences(-1)},
            uses=(
                "taught",
                "gibbs_inequality",
                "double_distillation/eq13_offset",
                "double_distillation/minimiser",
            ),
        ),
    ),
)

# --- the ranking ----------------------------------------------------------------------------------

DECREASING = assumed(
    "decreasing",
    r"$w=\Psi(p)$ with $\Psi>0$ decreasing: $p_j\ge p_k$ implies $w_j\le w_k$.",
)

_pj, _pk, _wj, _wk = sympy.symbols("p_j p_k w_j w_k", positive=True)
_more_p, _more_w = sympy.symbols("a b", nonnegative=True)


def _lead(scores: Any) -> tuple[Any, Any]:
    """The lead of label j under these scores of p and w, and the logarithms that it consists of."""
    lead = scores(_pj, _wj) - scores(_pk, _wk)
    return lead, sympy.log(_pj) - sympy.log(_pk) + sympy.log(_wk) - sympy.log(_wj)


def _both_positive(changes: tuple[Any, Any]) -> bool:
    """Whether log(p_j/p_k) and log(w_k/w_j) are at least 0, when these are the excesses.

    By the tangent, log(y/x) >= 1 - x/y.
    """
    larger_p, larger_w = _pk + changes[0], _wj + changes[1]
    bounds = (1 - _pk / larger_p, 1 - _wj / larger_w)
    return all(at_most(Inequality(0, bound, sympy.cancel(bound))) for bound in bounds)


RANKING = Proof(
    slug="double_distillation/ranking",
    idea="The minimiser adds to log p the logarithm of 1/w, which has the same order.",
    steps=(
        TAUGHT,
        DECREASING,
        LOGARITHM_BELOW_TANGENT,
        LOGARITHM_INCREASES,
        checked(
            "lead_of_the_minimiser",
            r"For $f=\log\frac pw+c$, $f_j-f_k=(\log p_j-\log p_k)+(\log w_k-\log w_j)$.",
            method="expanding logarithms",
            check=equal,
            stated=_lead(lambda p, w: sympy.log(p / w)),
            wrong={
                "f = log(p w)": _lead(lambda p, w: sympy.log(p * w)),
                "f = log p": _lead(lambda p, w: sympy.log(p)),
            },
            uses=("taught", "double_distillation/minimiser"),
        ),
        checked(
            "ranking",
            r"If $p_j\ge p_k$, then $w_k\ge w_j$, and both brackets are at least $0$: so"
            r" $0\le\log p_j-\log p_k\le f_j-f_k$. For $p_k=0<p_j$ both leads are infinite.",
            method="the tangent's bound on either logarithm, with p_j = p_k + a, w_k = w_j + b",
            check=_both_positive,
            stated=(_more_p, _more_w),
            wrong={
                "increasing weights": (_more_p, -_wj * _more_w / (1 + _more_w)),
                "the less probable label first": (-_pk * _more_p / (1 + _more_p), _more_w),
            },
            uses=("decreasing", "logarithm_increases", "lead_of_the_minimiser"),
        ),
    ),
)
