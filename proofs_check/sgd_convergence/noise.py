r"""Gradient noise of drawn, averaged, perturbed and Dirichlet labels, for a linear softmax student.

A target $q$ of mean $P$ adds $-J(q-P)$ to the gradient, where the columns of $J$ are the scores
$\varphi\,(e_k-p)^\top$: its mean square is a sum over coordinates of what a covariance does to
numbers, and running sums over labels give it for every $K$.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, equal, expectation, holds_by_induction
from proofs_check.algebra_several import all_hold_by_induction
from proofs_check.records import Proof, assumed, checked
from proofs_check.sgd_convergence.risk import SCORES, SOFTMAX, WORLD

# --- lengths --------------------------------------------------------------------------------------

_T, _F, _u, _v, _phi = sympy.symbols("T F u_k v_k phi_i", real=True)


def _outer(added: Any) -> Induction:
    """The product of the columns k of two outer products, over the features."""
    return Induction(_T - _F * _u * _v, {_T: 0, _F: 0}, {_T: _T + added, _F: _F + _phi**2})


OUTER_PRODUCT = checked(
    "outer_product",
    r"$\langle\varphi u^\top,\varphi v^\top\rangle=\|\varphi\|^2\langle u,v\rangle$, entry by"
    r" entry: the features enter all noise by $\|\varphi\|^2$ alone.",
    method="induction over the features, for every label",
    check=holds_by_induction,
    stated=_outer(_phi * _u * _phi * _v),
    wrong={
        "features that are not squared": _outer(_phi * _u * _v),
        "the first vector twice": _outer(_phi * _u * _phi * _u),
    },
    uses=("scores",),
)

_S, _W, _Q, _n = sympy.symbols("S W Q n", real=True)
_B, _K = sympy.symbols("B K", positive=True)
_p, _own = sympy.symbols("p_l p_k", real=True)


def _vertex(said: Any) -> Induction:
    """The squared distance of p from e_k, over the other labels; the label k comes first."""
    return Induction(
        _S - said,
        {_S: (1 - _own) ** 2, _Q: _own**2},
        {_S: _S + _p**2, _Q: _Q + _p**2},
    )


DISTANCE_TO_VERTEX = checked(
    "distance_to_vertex",
    r"$\|e_k-p\|^2=1-2p_k+\|p\|^2$.",
    method="induction over the other labels",
    check=holds_by_induction,
    stated=_vertex(1 - 2 * _own + _Q),
    wrong={
        "1 + |p|^2": _vertex(1 + _Q),
        "p_k once": _vertex(1 - _own + _Q),
    },
)
_to_vertex = 1 - 2 * _p + _B

# --- drawn labels ---------------------------------------------------------------------------------


def _spread(weight: Any, mass: Any) -> tuple[Induction, tuple[Any, Any]]:
    """The sum of weighted distances, and its value when the weights have this sum."""
    total = _W - 2 * _Q + _B * _W
    induction = Induction(
        _S - total,
        dict.fromkeys((_S, _W, _Q), 0),
        {_S: _S + weight * _to_vertex, _W: _W + _p, _Q: _Q + _p**2},
    )
    return induction, (total.subs({_W: mass, _Q: _B}), 1 - _B)


def _sum_and_value(claim: tuple[Induction, tuple[Any, Any]]) -> bool:
    """Whether a running sum has this form, and this value after the last label."""
    return holds_by_induction(claim[0]) and equal(claim[1])


SPREAD_OF_SCORES = checked(
    "spread_of_scores",
    r"$\sum_kp_k\|e_k-p\|^2=1-\|p\|^2$: running sums over labels are"
    r" $\sum p_k-2\sum p_k^2+\|p\|^2\sum p_k$, and at the end $\sum p_k=1$.",
    method="induction over the labels, then substituting",
    check=_sum_and_value,
    stated=_spread(_p, sympy.Integer(1)),
    wrong={
        "squared weights": _spread(_p**2, sympy.Integer(1)),
        "weights of sum two": _spread(_p, sympy.Integer(2)),
    },
    uses=("distance_to_vertex",),
)

_M, _score, _weight, _mean = sympy.symbols("M j P_k m", real=True)


def _about_mean(subtracted: Any) -> tuple[Any, Any]:
    """The mean square of a score less this, and its second moment less the squared mean."""
    square = sympy.Symbol("q", real=True)
    moments = {_score: _mean, _score**2: square}
    return expectation((_score - subtracted) ** 2, moments, [_score]), square - _mean**2


LABEL_VARIANCE = checked(
    "label_variance",
    r"Given $x$, the gradient of a drawn label is $-\nabla\log p_y$, of mean $-\sum_kP_k\nabla\log"
    r" p_k$; in every coordinate its variance is $\sum_kP_kj_k^2-(\sum_kP_kj_k)^2$, $j_k$ the entry"
    r" of the score $\nabla\log p_k$.",
    method="expanding",
    check=equal,
    stated=_about_mean(_mean),
    wrong={"about zero": _about_mean(0), "about twice the mean": _about_mean(2 * _mean)},
    uses=("world", "softmax"),
)

_m, _bayes, _answer, _vertex_entry = sympy.symbols("m P_l p_l d_kl", real=True)


def _centred_score(own: Any, mass: Any) -> tuple[Induction, tuple[Any, Any]]:
    """The mean over labels of entry l of e_k - p, and entry l of a score less its mean."""
    mean = own - _W * _answer
    induction = Induction(
        _m - mean,
        {_m: _bayes * (1 - _answer), _W: _bayes},
        {_m: _m + _weight * (-_answer), _W: _W + _weight},
    )
    centred = (_vertex_entry - _answer) - mean.subs(_W, mass)
    return induction, (centred, _vertex_entry - _bayes)


def _over_inputs(spread: Any) -> Induction:
    """The noise over inputs, when the spread of an input is this; B is |P|^2 there."""
    return Induction(
        _T - (_F - _M),
        dict.fromkeys((_T, _F, _M), 0),
        {
            _T: _T + _weight * _phi**2 * spread,
            _F: _F + _weight * _phi**2,
            _M: _M + _weight * _phi**2 * _B,
        },
    )


NOISE_ONEHOT = Proof(
    slug="sgd_convergence/noise_onehot",
    idea="Scores differ from their mean by the features times e_k - P, in which the student's own"
    " probabilities have cancelled.",
    steps=(
        WORLD,
        SOFTMAX,
        SCORES,
        OUTER_PRODUCT,
        DISTANCE_TO_VERTEX,
        SPREAD_OF_SCORES,
        checked(
            "centred_scores",
            r"$\nabla\log p_k-\mathbb E_P\nabla\log p=\varphi\,(e_k-P)^\top$ at every $\theta$:"
            r" in $e_k-p$ less its mean $P-p$ the student's $p$ cancels.",
            method="induction over the labels other than l, in the column of l",
            check=_sum_and_value,
            stated=_centred_score(_bayes, 1),
            wrong={
                "the mean under the student": _centred_score(_answer, 1),
                "probabilities of sum two": _centred_score(_bayes, 2),
            },
            uses=("world", "scores"),
        ),
        checked(
            "noise_onehot",
            r"$\mathbb E_x\sum_kP_k\|\nabla\log p_k-\mathbb E_P\nabla\log p\|^2=\mathbb E\|\varphi"
            r"\|^2\sum_kP_k\|e_k-P\|^2=\mathbb E\|\varphi\|^2(1-\|P\|^2)$ at every $\theta$.",
            method="induction over the inputs",
            check=holds_by_induction,
            stated=_over_inputs(1 - _B),
            wrong={
                "the norm, not its square": _over_inputs(1 - sympy.sqrt(_B)),
                "the second moment of a label": _over_inputs(1),
            },
            uses=("outer_product", "spread_of_scores", "centred_scores"),
        ),
    ),
)

# --- perturbed probabilities ----------------------------------------------------------------------

NU = assumed(
    "errors",
    r"$q=P(x)+\varepsilon$ with independent errors $\varepsilon_k$ of mean zero and variance"
    r" $\nu$: the covariance of $q$ given $x$ is $\nu I$.",
)
_nu = sympy.Symbol("nu", positive=True)
_error, _sum, _cross, _total = sympy.symbols("e_k s c V", real=True)


def _uncorrelated(cross: Any) -> Induction:
    """The mean square of a sum of errors times scores, when a new one has this mean with it."""
    added = expectation(
        (_sum + _error * _score) ** 2,
        {_sum**2: _total, _sum * _error: cross, _error**2: _nu},
        [_sum, _error],
    )
    return Induction(_total - _nu * _Q, {_total: 0, _Q: 0}, {_total: added, _Q: _Q + _score**2})


ERRORS_ADD = checked(
    "errors_add",
    r"$\mathbb E\|\sum_k\varepsilon_k\nabla\log p_k\|^2=\mathrm{tr}(J\,\nu I\,J^\top)"
    r"=\nu\sum_k\|\nabla\log p_k\|^2$: independent errors have no cross terms.",
    method="induction over the labels, in every coordinate",
    check=holds_by_induction,
    stated=_uncorrelated(sympy.Integer(0)),
    wrong={"errors that are correlated": _uncorrelated(_cross)},
    uses=("errors",),
)


def _all_scores(distance: Any) -> tuple[Induction, tuple[Any, Any]]:
    """The sum of squared distances over labels, and its value for K of them, of sum one."""
    total = _n - 2 * _W + _n * _B
    induction = Induction(
        _S - total,
        dict.fromkeys((_S, _W, _n), 0),
        {_S: _S + distance, _W: _W + _p, _n: _n + 1},
    )
    return induction, (total.subs({_n: _K, _W: 1}), _K - 2 + _K * _B)


NOISE_ADDITIVE = Proof(
    slug="sgd_convergence/noise_additive",
    idea="Independent errors add up the squared lengths of all scores.",
    steps=(
        WORLD,
        SOFTMAX,
        NU,
        SCORES,
        OUTER_PRODUCT,
        DISTANCE_TO_VERTEX,
        ERRORS_ADD,
        checked(
            "noise_additive",
            r"$\mathbb E_x\mathrm{tr}(J\,\nu I\,J^\top)=\nu\,\mathbb E\|\varphi\|^2\sum_k\|e_k-p"
            r"\|^2=\nu\,\mathbb E\|\varphi\|^2(K-2+K\|p(\theta)\|^2)$.",
            method="induction over the labels, then substituting",
            check=_sum_and_value,
            stated=_all_scores(_to_vertex),
            wrong={
                "K - 1 + K |p|^2": _all_scores(_to_vertex + _p),
                "weighted by the probabilities": _all_scores(_p * _to_vertex),
            },
            uses=("world", "outer_product", "distance_to_vertex", "errors_add"),
        ),
    ),
)

_k_score, _column, _C = sympy.symbols("j_k c C", real=True)


def _centred_trace(factor: Any) -> tuple[Any, Any]:
    """A coordinate's sum of squares about the mean over K labels, and its expanded form."""
    about = expectation(
        (_k_score - _column / _K) ** 2,
        {_k_score: _column / _K, _k_score**2: _Q / _K},
        [_k_score],
    )
    return _K * about, _Q - factor * _column**2 / _K


def _columns(entry: Any, square: Any) -> list[Induction]:
    """The sum of a column of e_k - p over k, and the sum of the squares of these over columns."""
    total = _n - 2 * _K * _W + _K**2 * _Q
    return [
        Induction(
            _column - entry.subs(_K, _n),
            {_column: 1 - _p, _n: 1},
            {_column: _column - _p, _n: _n + 1},
        ),
        Induction(
            _C - total,
            dict.fromkeys((_C, _W, _Q, _n), 0),
            {_C: _C + square, _W: _W + _p, _Q: _Q + _p**2, _n: _n + 1},
        ),
    ]


def _centred_value(removed: Any) -> tuple[Any, Any]:
    """The additive noise less what centring removes, and K - 1."""
    all_squares = _n - 2 * _K * _W + _K**2 * _Q
    left = _K - 2 + _K * _B - removed * all_squares.subs({_n: _K, _W: 1, _Q: _B})
    return left, _K - 1


NOISE_CENTRED = Proof(
    slug="sgd_convergence/noise_centred",
    idea="Centring removes the mean over labels of the scores, and with it all dependence on p.",
    steps=(
        WORLD,
        SOFTMAX,
        assumed(
            "centred errors",
            r"$q=P(x)+\varepsilon-\bar\varepsilon$ with errors as before: the covariance of $q$"
            r" given $x$ is $\nu(I-\frac1K11^\top)$.",
        ),
        SCORES,
        OUTER_PRODUCT,
        checked(
            "centred_trace",
            r"$\mathrm{tr}(J(I-\frac1K11^\top)J^\top)=\sum_k\|\nabla\log p_k\|^2-\frac1K"
            r"\|\sum_k\nabla\log p_k\|^2$: in every coordinate a sum of squares about the mean.",
            method="expanding about the mean over K labels",
            check=equal,
            stated=_centred_trace(1),
            wrong={
                "the mean squared, not K times it": _centred_trace(1 / _K),
                "twice the mean": _centred_trace(2),
            },
            uses=("centred errors",),
        ),
        checked(
            "sum_of_scores",
            r"$\sum_k(e_k-p)$ has the entries $1-Kp_l$, whose squares have the sum"
            r" $K-2K\sum_lp_l+K^2\|p\|^2$.",
            method="two inductions over the labels",
            check=all_hold_by_induction,
            stated=_columns(1 - _K * _p, (1 - _K * _p) ** 2),
            wrong={
                "entries 1 - p_l": _columns(1 - _p, (1 - _p) ** 2),
                "K not squared": _columns(1 - _K * _p, 1 - 2 * _K * _p + _K * _p**2),
            },
            uses=("scores",),
        ),
        checked(
            "noise_centred",
            r"$\mathbb E_x\mathrm{tr}(J\,\nu(I-\frac1K11^\top)J^\top)=\nu\,\mathbb E\|\varphi\|^2"
            r"\bigl(K-2+K\|p\|^2-\frac1K(K^2\|p\|^2-K)\bigr)=\nu(K-1)\,\mathbb E\|\varphi\|^2$ at"
            r" every $\theta$.",
            method="substituting the sums for K labels with probabilities of sum one",
            check=equal,
            stated=_centred_value(1 / _K),
            wrong={
                "the square of the sum, not divided by K": _centred_value(1),
                "divided by K squared": _centred_value(1 / _K**2),
            },
            uses=(
                "world",
                "outer_product",
                "centred_trace",
                "sum_of_scores",
                "sgd_convergence/noise_additive",
            ),
        ),
    ),
)
