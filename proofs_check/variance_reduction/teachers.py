r"""Unbiased teachers that are drawn afresh, and inputs of any law."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    equal,
    expectation,
    holds_by_induction,
)
from proofs_check.common import JENSEN_FOR_SQUARES, PAIRWISE_FORM, VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked
from proofs_check.variance_reduction.gap import LABEL_LAW, N, bayes_square, pair_sum, risk, square

# --- unbiased teachers ----------------------------------------------------------------------------

mean, noise, noise_sum = sympy.symbols("z e s", real=True)
cross, conditional = sympy.symbols("c g", real=True)

UNBIASED_TEACHER = assumed(
    "unbiased teacher",
    r"$\tilde R=\frac1N\sum_nq_n\cdot\ell(x_n)$ with $q_n=p_{\tau_n}(x_n)$ in the simplex, $\tau_n$"
    r" drawn afresh for every $n$, and $\mathbb E_\tau p_\tau(x)=p^*(x)$ for every $x$.",
)

weight_t = sympy.Symbol("w_t", nonnegative=True)
_mean_prob, _mean_square = sympy.symbols("p_k Q", real=True)
_q_tk, _loss = sympy.symbols("q_tk l_k", real=True)

ERROR_OF_TEACHER = checked(
    "error_is_variance",
    r"$\mathbb E(\tilde R-R)^2=\frac1N(\mathbb E(q\cdot\ell)^2-R^2)$: the terms are i.i.d. with"
    r" $\mathbb E\,q\cdot\ell=\mathbb E_x\,p^*\cdot\ell=R$, so that the error is the variance of a"
    r" mean.",
    method="expanding (z - R)^2 with E z = R",
    check=equal,
    stated=(
        expectation((mean - risk) ** 2, {mean: risk, mean**2: square}, [mean]),
        square - risk**2,
    ),
    wrong={
        "a teacher with a bias": (
            expectation((mean - risk) ** 2, {mean: risk + 1, mean**2: square}, [mean]),
            square - risk**2,
        )
    },
    uses=("unbiased teacher", "variance_of_mean"),
)


def _error_minus(variance: Any, mean_square: Any) -> Any:
    """N times the teacher's error less a variance, with the mean square of q.l."""
    return (square - risk**2).subs(square, mean_square) - variance


WORST_TEACHER_LOWER = Proof(
    slug="variance_reduction/worst_teacher_lower",
    idea="An unbiased teacher adds its own variance to that of the Bayes-distilled loss.",
    steps=(
        UNBIASED_TEACHER,
        VARIANCE_OF_MEAN,
        ERROR_OF_TEACHER,
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        checked(
            "worst_teacher_lower",
            r"$N(\mathbb E(\tilde R-R)^2-\mathbb V[\hat R^*])"
            r"=\mathbb E_x\bigl(\sum_tw_t(p_t\cdot\ell)^2"
            r"-(\sum_tw_tp_t\cdot\ell)^2\bigr)\ge0$, since $\sum_tw_tp_t\cdot\ell=h$.",
            method="substituting E(q.l)^2 = h^2 + G, where G >= 0 is Jensen's gap over teachers",
            check=equal,
            stated=(_error_minus(bayes_square - risk**2, bayes_square + pair_sum), pair_sum),
            wrong={
                "a gap over inputs too": (
                    _error_minus(bayes_square - risk**2, risk**2 + pair_sum),
                    pair_sum,
                )
            },
            uses=("error_is_variance", "jensen_for_squares"),
        ),
    ),
)


def _mean_of_squares(added: Any) -> Induction:
    """A label's share of the mean square, when a teacher adds so much to its mean probability."""
    step = {
        _mean_prob: _mean_prob + added,
        _mean_square: _mean_square + weight_t * _q_tk * _loss**2,
    }
    start = {_mean_prob: 0, _mean_square: 0}
    return Induction(_mean_square - _mean_prob * _loss**2, start, step)


WORST_TEACHER_UPPER = Proof(
    slug="variance_reduction/worst_teacher_upper",
    idea="A label drawn from the teacher's answer is a one-hot teacher, and varies more.",
    steps=(
        UNBIASED_TEACHER,
        VARIANCE_OF_MEAN,
        ERROR_OF_TEACHER,
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        checked(
            "onehot_second_moment",
            r"$\sum_tw_t\sum_kq_{tk}\ell_k^2=\sum_kp^*_k\ell_k^2$, since $\sum_tw_tq_{tk}=p^*_k$.",
            method="induction over the teachers, label by label",
            check=holds_by_induction,
            stated=_mean_of_squares(weight_t * _q_tk),
            wrong={"teachers of equal weight": _mean_of_squares(_q_tk)},
            uses=("unbiased teacher",),
        ),
        checked(
            "worst_teacher_upper",
            r"$N(\mathbb V[\hat R]-\mathbb E(\tilde R-R)^2)"
            r"=\mathbb E_{x,t}\bigl(\sum_kq_{tk}\ell_k^2-(q_t\cdot\ell)^2\bigr)\ge0$: Jensen's"
            r" inequality over labels, for every teacher.",
            method="substituting q.l^2 = (q.l)^2 + G, where G >= 0 is Jensen's gap over labels",
            check=equal,
            stated=(_error_minus(square + pair_sum - risk**2, square), -pair_sum),
            wrong={"the other sign": (_error_minus(square + pair_sum - risk**2, square), pair_sum)},
            uses=("error_is_variance", "jensen_for_squares", "onehot_second_moment"),
        ),
    ),
)

# --- inputs of any law ----------------------------------------------------------------------------

_variance_n, _square_sum = sympy.symbols("g_n E", real=True)


def _residuals(with_others: Any) -> Induction:
    """The mean square of a sum of residuals, when a new one has this mean with the others."""
    return Induction(
        _square_sum - conditional,
        {_square_sum: 0, conditional: 0},
        {
            _square_sum: expectation(
                (noise_sum + noise) ** 2,
                {noise_sum**2: _square_sum, noise_sum * noise: with_others, noise**2: _variance_n},
                [noise_sum, noise],
            ),
            conditional: conditional + _variance_n,
        },
    )


DESIGN_CONDITIONAL = Proof(
    slug="variance_reduction/design_conditional",
    idea="Given the inputs, only the labels vary, independently of each other.",
    steps=(
        LABEL_LAW,
        assumed(
            "design",
            r"$x_1,\dots,x_N$ have any law; given them $y_1,\dots,y_N$ are independent,"
            r" $y_n\sim p^*(x_n)$; $e_n=\ell_{y_n}(x_n)-h(x_n)$.",
        ),
        checked(
            "residuals_are_orthogonal",
            r"$\mathbb E[(\sum_ne_n)^2\,|\,x]=\sum_n\mathbb E[e_n^2\,|\,x]$: independent residuals"
            r" of mean zero have no cross terms.",
            method="induction over the sample",
            check=holds_by_induction,
            stated=_residuals(sympy.Integer(0)),
            wrong={"labels that depend on each other": _residuals(cross)},
            uses=("design",),
        ),
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        checked(
            "design_conditional",
            r"$\hat R-R=(\hat R^*-R)+\frac1N\sum_ne_n$, whose second term has mean zero given the"
            r" inputs, so that $\mathbb V[\hat R]=\mathbb V[\hat R^*]+\frac1{N^2}\mathbb E\sum_n"
            r"\mathbb V[\ell_{y_n}|x_n]$: a variance is added for every $n$.",
            method="expanding (d + s / N)^2 with E[s | x] = 0",
            check=equal,
            stated=(
                expectation(
                    (mean + noise_sum / N) ** 2,
                    {mean**2: bayes_square, mean * noise_sum: 0, noise_sum**2: conditional},
                    [mean, noise_sum],
                ),
                bayes_square + conditional / N**2,
            ),
            wrong={
                "residuals that depend on the inputs in the mean": (
                    expectation(
                        (mean + noise_sum / N) ** 2,
                        {mean**2: bayes_square, mean * noise_sum: 1, noise_sum**2: conditional},
                        [mean, noise_sum],
                    ),
                    bayes_square + conditional / N**2,
                )
            },
            uses=("label law", "residuals_are_orthogonal", "jensen_for_squares"),
        ),
    ),
)
