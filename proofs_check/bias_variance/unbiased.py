r"""Proposition 4: no unbiased teacher beats the Bayes teacher, by Pythagoras; and by how much.

What an unbiased teacher adds to the Bayes-distilled risk has mean zero given the inputs, and is
therefore orthogonal to every function of them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    expectation,
    holds_by_induction,
)
from proofs_check.bias_variance.setting import (
    CENTRED_SQUARES,
    FRESH,
    MEAN_TEACHER,
    SHARED,
    WORLD,
    N,
    mean_bias,
    more,
    noise,
    spread,
)
from proofs_check.common import VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked

DISTILLED = assumed(
    "distilled",
    r"$x_1,\dots,x_N$ are inputs and $q_n=p^{\mathrm t}(x_n)$ the answers of a teacher that may"
    r" depend on all of them and be random besides, with finitely many values; $\tilde R=\frac1N"
    r"\sum_nq_n\cdot\ell(x_n)$, $\hat R^*=\frac1N\sum_nh(x_n)$ with $h=p^*\cdot\ell$.",
)
CONDITIONALLY_UNBIASED = assumed(
    "conditionally unbiased",
    r"$\mathbb E[p^{\mathrm t}(x_n)\,|\,x_1,\dots,x_N]=p^*(x_n)$ for every $n$, as for a teacher"
    r" that is independent of the sample and has the mean $p^*(x)$ at every $x$.",
)

# --- Pythagoras -----------------------------------------------------------------------------------

_S, _H, _M, _W, _X = sympy.symbols("S H M W X", real=True)
_w, _q, _loss, _other_loss = sympy.symbols("w q_k l_k l_t", real=True)
_truth = sympy.Symbol("p_k", real=True)


def _given_inputs(weight: Any, loss: Any) -> Induction:
    """A label's share of the mean of both risks, given the inputs, when a draw adds so much.

    S and H are the shares of the distilled and of the Bayes-distilled risk, M the label's mean
    probability.
    """
    step = {
        _S: _S + weight * _q * loss,
        _H: _H + _w * _truth * _loss,
        _M: _M + _w * _q,
        _W: _W + _w,
    }
    invariant = _S - _H - (_M - _truth * _W) * _loss
    return Induction(invariant, dict.fromkeys((_S, _H, _M, _W), 0), step)


NO_BIAS_GIVEN_INPUTS = checked(
    "no_bias_given_the_inputs",
    r"$\mathbb E[\tilde R-\hat R^*\,|\,x_1,\dots,x_N]=\frac1N\sum_n\sum_k\bigl(\mathbb"
    r" E[q_{nk}\,|\,x_1,\dots,x_N]-p^*_k(x_n)\bigr)\ell_k(x_n)=0$.",
    method="induction over the draws given the inputs, label by label; their weights sum to one",
    check=holds_by_induction,
    stated=_given_inputs(_w, _loss),
    wrong={
        "draws of equal weight": _given_inputs(sympy.Integer(1), _loss),
        "a predictor that depends on the teacher": _given_inputs(_w, _other_loss),
    },
    uses=("distilled", "conditionally unbiased"),
)

_of_inputs, _of_draw, _added = sympy.symbols("delta delta_t Delta_t", real=True)


def _given_a_sample(error: Any) -> Induction:
    """The mean product given the inputs, when a draw of the teacher meets this Bayes error."""
    step = {_X: _X + _w * _added * error, _M: _M + _w * _added}
    return Induction(_X - _of_inputs * _M, {_X: 0, _M: 0}, step)


ORTHOGONAL = checked(
    "orthogonal",
    r"$\mathbb E[(\tilde R-\hat R^*)(\hat R^*-R)]=\mathbb E\bigl[(\hat R^*-R)\,\mathbb E[\tilde R-"
    r"\hat R^*\,|\,x_1,\dots,x_N]\bigr]=0$: the Bayes-distilled risk is a function of the inputs"
    r" alone, the same for every draw of the teacher.",
    method="induction over the draws of the teacher, given the inputs",
    check=holds_by_induction,
    stated=_given_a_sample(_of_inputs),
    wrong={"an error that varies with the teacher": _given_a_sample(_of_draw)},
    uses=("no_bias_given_the_inputs",),
)

_added_square, _bayes_square = sympy.symbols("A B", nonnegative=True)
_cross = sympy.Symbol("c", real=True)


def _total(cross: Any) -> Any:
    """The mean square of a sum, when its two terms have this mean product."""
    moments = {_X**2: _added_square, _X * _S: cross, _S**2: _bayes_square}
    return expectation((_X + _S) ** 2, moments, [_X, _S])


PROP4_IDENTITY = Proof(
    slug="bias_variance/prop4_identity",
    idea="Given the inputs, what the teacher adds to the Bayes-distilled risk has mean zero, so"
    " that the two parts of the error are orthogonal.",
    steps=(
        DISTILLED,
        CONDITIONALLY_UNBIASED,
        NO_BIAS_GIVEN_INPUTS,
        ORTHOGONAL,
        checked(
            "prop4_identity",
            r"$\mathbb E(\tilde R-R)^2=\mathbb E(\tilde R-\hat R^*)^2+\mathbb E(\hat R^*-R)^2$.",
            method="expanding the square of the sum; the mean product is zero",
            check=equal,
            stated=(_total(sympy.Integer(0)), _added_square + _bayes_square),
            wrong={"parts that are correlated": (_total(_cross), _added_square + _bayes_square)},
            uses=("orthogonal",),
        ),
    ),
)


def _dominated(cross: Any) -> Inequality:
    """The Bayes error below the whole, when the two parts have this mean product."""
    return Inequality(_bayes_square, _total(cross), _added_square + 2 * cross)


_HALF, _QUARTER = Fraction(1, 2), Fraction(1, 4)
_TRUTH = ((1 - _QUARTER, _QUARTER), (_QUARTER, 1 - _QUARTER))
_SURE_ELSEWHERE = (((_HALF, _HALF), (0, 1)), ((1, 0), (_HALF, _HALF)))
_Tables = tuple[tuple[tuple[Any, ...], ...], ...]


def _wins_unbiased_on_average(tables: _Tables) -> bool:
    """Whether a teacher that depends on one sampled input is unbiased over it, and beats Bayes.

    Both inputs are equally likely; losses are 0 and 1, so that a risk is a second probability.

    Args:
        tables: for each input that may have been sampled, the teacher's table.
    """
    mean = [
        tuple(sum(column) / Fraction(2) for column in zip(*rows, strict=True))
        for rows in zip(*tables, strict=True)
    ]
    errors = [tables[i][i][1] - _HALF for i in range(2)]
    bayes = [_TRUTH[i][1] - _HALF for i in range(2)]
    return tuple(mean) == _TRUTH and sum(e**2 for e in errors) < sum(e**2 for e in bayes)


PROP4 = Proof(
    slug="bias_variance/prop4",
    idea="The error of an unbiased teacher is that of the Bayes teacher and a square. (The"
    " constant of the printed statement does not occur in it.)",
    steps=(
        DISTILLED,
        CONDITIONALLY_UNBIASED,
        checked(
            "not_on_average",
            r"That a teacher is unbiased on average over samples is not enough. Two equally likely"
            r" inputs with $p^*=(\frac34,\frac14)$ and $(\frac14,\frac34)$, $\ell=(0,1)$, $N=1$: a"
            r" teacher that says $(\frac12,\frac12)$ at the sampled input and $(1,0)$ or $(0,1)$ at"
            r" the other one has the mean $p^*$ at both, and no error, whereas $\mathbb E(\hat R^*-"
            r"R)^2=\frac1{16}$.",
            method="both samples, exactly",
            check=_wins_unbiased_on_average,
            stated=_SURE_ELSEWHERE,
            wrong={
                "the Bayes teacher": (_TRUTH, _TRUTH),
                "(1/2, 1/2) at both inputs": (((_HALF, _HALF),) * 2,) * 2,
            },
            uses=("distilled",),
        ),
        checked(
            "prop4",
            r"$\mathbb E(\tilde R-R)^2-\mathbb E(\hat R^*-R)^2=\mathbb E(\tilde R-\hat R^*)^2\ge0$"
            r" for a teacher that is unbiased given the inputs.",
            method="the difference is a mean of squares",
            check=at_most,
            stated=_dominated(sympy.Integer(0)),
            wrong={"parts that are correlated": _dominated(_cross)},
            uses=(
                "distilled",
                "conditionally unbiased",
                "not_on_average",
                "bias_variance/prop4_identity",
            ),
        ),
    ),
)

# --- by how much ----------------------------------------------------------------------------------

UNBIASED = assumed("unbiased teacher", r"$\mathbb E_\tau p_\tau(x)=p^*(x)$ for every $x$.")


def _square_of_mean(second_moment: Any, mean: Any) -> Any:
    """The mean square of a mean of N independent terms, by its variance."""
    return (second_moment - mean**2) / N + mean**2


_second, _g_mean, _h = sympy.symbols("Q g h", real=True)


def _about(centre: Any) -> tuple[Any, Any]:
    """The mean square of g about a centre, as the centred squares give it, and its variance."""
    return _second - 2 * centre * _g_mean + centre**2, _second - _g_mean**2


PROP4_GAP_FRESH = Proof(
    slug="bias_variance/prop4_gap_fresh",
    idea="The terms of the difference of the two risks are independent, and have mean zero at every"
    " input.",
    steps=(
        WORLD,
        FRESH,
        UNBIASED,
        MEAN_TEACHER,
        CENTRED_SQUARES,
        checked(
            "variance_at_an_input",
            r"With $d_\tau=(p_\tau-p^*)\cdot\ell=g_\tau-h$, $\mathbb E_\tau d_\tau=0$ and $\mathbb"
            r" E_\tau d_\tau^2=\mathbb V_\tau[g_\tau]$ at every $x$, since $\mathbb E_\tau"
            r" g_\tau=h$.",
            method="centred squares about the mean g = h",
            check=equal,
            stated=_about(_g_mean),
            wrong={
                "a teacher with a bias": _about(_h),
                "about zero": _about(sympy.Integer(0)),
            },
            uses=("unbiased teacher", "mean_teacher", "centred_squares"),
        ),
        VARIANCE_OF_MEAN,
        checked(
            "prop4_gap_fresh",
            r"Given the inputs, $\tau_n$ has the law $w$, so that the teacher is conditionally"
            r" unbiased, and $\mathbb E(\tilde R-R)^2-\mathbb E(\hat R^*-R)^2=\mathbb"
            r" E\bigl(\frac1N\sum_nd_{\tau_n}(x_n)\bigr)^2=\frac1N\mathbb E_x\mathbb"
            r" V_\tau[p_\tau\cdot\ell]$: the terms are i.i.d. with mean zero.",
            method="the mean square of a mean, with the mean zero of one term",
            check=equal,
            stated=(_square_of_mean(noise, sympy.Integer(0)), noise / N),
            wrong={
                "terms with a mean": (_square_of_mean(noise, mean_bias), noise / N),
                "divided by the square of N": (
                    _square_of_mean(noise, sympy.Integer(0)),
                    noise / N**2,
                ),
            },
            uses=(
                "fresh",
                "variance_at_an_input",
                "variance_of_mean",
                "bias_variance/prop4_identity",
            ),
        ),
    ),
)

_E, _V, _Q = sympy.symbols("E V Q", real=True)
_v_t, _b_t = sympy.symbols("v_t b_t", real=True)


def _over_draws(of_draw: Any) -> Induction:
    """The mean square distance, when a draw contributes its weight times this."""
    step = {_E: _E + _w * of_draw, _V: _V + _w * _v_t, _Q: _Q + _w * _b_t**2}
    return Induction(_E - _V / N - _Q, dict.fromkeys((_E, _V, _Q), 0), step)


PROP4_GAP_SHARED = Proof(
    slug="bias_variance/prop4_gap_shared",
    idea="Given the draw of the teacher, the difference of the two risks is a mean of independent"
    " terms whose mean need not be zero.",
    steps=(
        WORLD,
        SHARED,
        UNBIASED,
        VARIANCE_OF_MEAN,
        checked(
            "prop4_gap_shared",
            r"$\tau$ is independent of the inputs, so that the teacher is conditionally unbiased,"
            r" and $\mathbb E(\tilde R-R)^2-\mathbb E(\hat R^*-R)^2=\mathbb"
            r" E\bigl(\frac1N\sum_nd_\tau(x_n)\bigr)^2=\mathbb E_\tau\bigl[\frac1N\mathbb"
            r" V_x[d_\tau]+(\mathbb E_xd_\tau)^2\bigr]$ with $d_\tau=(p_\tau-p^*)\cdot\ell$: given"
            r" $\tau$ the terms are i.i.d.",
            method="induction over the draws, with the mean square of a mean given the draw",
            check=holds_by_induction,
            stated=_over_draws(_square_of_mean(_v_t + _b_t**2, _b_t)),
            wrong={
                "terms of mean zero for every draw": _over_draws(
                    _square_of_mean(_v_t + _b_t**2, sympy.Integer(0))
                ),
                "a variance not divided by N": _over_draws(_v_t + _b_t**2),
            },
            uses=(
                "world",
                "shared",
                "unbiased teacher",
                "variance_of_mean",
                "bias_variance/prop4_identity",
            ),
        ),
    ),
)

_gap = sympy.Symbol("e", nonnegative=True)


def _worst(bias: Any, times: Any) -> Inequality:
    """A shared teacher's error with this mean bias, below so many times a label's variance.

    The variance of one drawn label exceeds that of one fresh term, v + s, by the gap.
    """
    size = 1 + more
    error = noise / size + bias**2 + spread
    onehot = times * (noise + spread + _gap) / size
    # 1 - 1/N is m / (1 + m).
    slack = noise * more / size + _gap - bias**2 + (times / size - 1) * (noise + spread + _gap)
    return Inequality(error, onehot, slack)


SHARED_UNBIASED_WORST = Proof(
    slug="bias_variance/shared_unbiased_worst",
    idea="A shared teacher errs at most N times as much as the same teacher drawn afresh, and that"
    " one at most as much as one-hot labels.",
    steps=(
        WORLD,
        SHARED,
        UNBIASED,
        MEAN_TEACHER,
        checked(
            "shared_unbiased_worst",
            r"$\bar b=\mathbb E_x(\bar p-p^*)\cdot\ell=0$, so that $\mathbb E(\tilde R-R)^2=\frac1N"
            r"\mathbb E_\tau v_\tau+\mathbb V_\tau[b_\tau]\le\mathbb E_\tau v_\tau+\mathbb V_\tau"
            r"[b_\tau]$. This is $N$ times the error with fresh draws, hence at most $N\,\mathbb"
            r" V[\hat R]$ for one-hot labels.",
            method="adding up the slacks, for N = 1 + m",
            check=at_most,
            stated=_worst(sympy.Integer(0), 1 + more),
            wrong={
                "a teacher with a bias": _worst(mean_bias, 1 + more),
                "without the factor N": _worst(sympy.Integer(0), sympy.Integer(1)),
            },
            uses=(
                "shared",
                "unbiased teacher",
                "mean_teacher",
                "bias_variance/mse_shared",
                "bias_variance/mse_fresh",
                "variance_reduction/worst_teacher_upper",
            ),
        ),
    ),
)
