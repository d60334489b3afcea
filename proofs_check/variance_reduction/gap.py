r"""Lemma 1: both risks are unbiased, the gap of their variances, and when it vanishes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    finite_mean,
    holds_by_induction,
    manifestly_positive,
)
from proofs_check.common import PAIRWISE_FORM, VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked, refuted

N = sympy.Symbol("N", positive=True)
risk, square, bayes_square, pair_sum = sympy.symbols("R q h2 G", real=True)

SAMPLE = assumed(
    "sample",
    r"$(x_n,y_n)$, $n\le N$, are i.i.d.; $x\sim\pi$ has finitely many values, $y$ given $x$ has the"
    r" law $p^*(x)$; $\hat R=\frac1N\sum_n\ell_{y_n}(x_n)$, $\hat R^*=\frac1N\sum_nh(x_n)$ with"
    r" $h=p^*\cdot\ell$, and losses are finite where they have mass.",
)
INPUT_LAW = assumed("input law", r"$\pi\ge0$, with sum one.")
LABEL_LAW = assumed("label law", r"$p^*(x)\ge0$, with sum one for every $x$.")

# --- both risks are unbiased ----------------------------------------------------------------------

_total, _weighted = sympy.symbols("S T", real=True)
_weight, _value = sympy.symbols("pi_i h_i", real=True)


def _tower(added: Any) -> Induction:
    """The risk over inputs, when one more input adds so much to the mean over pairs (x, y)."""
    step = {_total: _total + added, _weighted: _weighted + _weight * _value}
    return Induction(_total - _weighted, {_total: 0, _weighted: 0}, step)


MEAN_OF_ONE = checked(
    "mean_of_one_loss",
    r"$\mathbb E\,\ell_y(x)=\sum_i\pi_i\sum_kp^*_{ik}\ell_{ik}=\sum_i\pi_ih_i=\mathbb E\,h(x)=R$,"
    r" for any number of inputs and labels.",
    method="induction over the inputs; the inner sum is h by definition",
    check=holds_by_induction,
    stated=_tower(_weight * _value),
    wrong={"weights left out": _tower(_value), "a square": _tower(_weight**2 * _value)},
    uses=("sample",),
)

_count, _mean = sympy.symbols("n m", real=True)


def _mean_of_sum(added: Any) -> Induction:
    """The mean of a sum of n terms, when one more adds so much to it."""
    return Induction(
        _total - _count * _mean,
        {_total: 0, _count: 0},
        {_total: _total + added, _count: _count + 1},
    )


def _unbiased(name: str, which: str) -> Proof:
    """The proof that an empirical risk is unbiased."""
    return Proof(
        slug=f"variance_reduction/{name}",
        idea="Expectation is linear, and the mean over labels is what the Bayes-distilled loss is.",
        steps=(
            SAMPLE,
            MEAN_OF_ONE,
            checked(
                "unbiased",
                rf"$\mathbb E\,{which}=\frac1N\sum_n\mathbb E z_n=R$ for any number of samples: a"
                r" sum of $n$ terms of mean $m$ has mean $nm$.",
                method="induction over the sample",
                check=holds_by_induction,
                stated=_mean_of_sum(_mean),
                wrong={"terms of another mean": _mean_of_sum(_mean + 1)},
                uses=("sample", "mean_of_one_loss"),
            ),
        ),
    )


UNBIASED_ONEHOT = _unbiased("unbiased_onehot", r"\hat R")
UNBIASED_BAYES = _unbiased("unbiased_bayes", r"\hat R^*")

# --- the gap --------------------------------------------------------------------------------------


def _difference(means: tuple[Any, Any]) -> tuple[Any, Any]:
    """The difference of the variances, with the means of the two risks."""
    onehot = (square - means[0] ** 2) / N
    bayes = (bayes_square - means[1] ** 2) / N
    return onehot - bayes, (square - bayes_square) / N


def _gap(second_moment: Any) -> tuple[Any, Any]:
    """The difference of the variances with this mean square of a drawn loss, and the gap."""
    return _difference((risk, risk))[0].subs(square, second_moment), pair_sum / N


_A, _H, _E = sympy.symbols("A H E", real=True)
_second_moment = sympy.Symbol("q_i", real=True)


def _over_inputs(per_input: Any) -> Induction:
    """Second moments over inputs, when an input of weight pi adds so much to the gap."""
    step = {
        _A: _A + _weight * _second_moment,
        _H: _H + _weight * _value**2,
        _E: _E + per_input,
    }
    return Induction(_A - _H - _E, dict.fromkeys((_A, _H, _E), 0), step)


GAP_IDENTITY = Proof(
    slug="variance_reduction/gap_identity",
    idea="The two risks have the same mean, so that their variances differ by the mean over inputs"
    " of the variance of the loss given the input.",
    steps=(
        SAMPLE,
        MEAN_OF_ONE,
        VARIANCE_OF_MEAN,
        checked(
            "squared_means_cancel",
            r"$\mathbb V[\hat R]-\mathbb V[\hat R^*]=\frac1N(\mathbb E\,\ell_y(x)^2"
            r"-\mathbb E\,h(x)^2)$: both variances subtract $R^2$.",
            method="expanding",
            check=equal,
            stated=_difference((risk, risk)),
            wrong={"a Bayes-distilled risk of mean zero": _difference((risk, sympy.Integer(0)))},
            uses=("mean_of_one_loss", "variance_of_mean"),
        ),
        checked(
            "one_input_suffices",
            r"$\mathbb E\,\ell_y(x)^2-\mathbb E\,h(x)^2=\sum_i\pi_i(\sum_kp^*_{ik}\ell_{ik}^2"
            r"-h_i^2)$ is linear in $\pi$: what holds for one input holds for their mean.",
            method="induction over the inputs",
            check=holds_by_induction,
            stated=_over_inputs(_weight * (_second_moment - _value**2)),
            wrong={
                "the square of the mean over inputs": _over_inputs(
                    _weight * _second_moment - (_weight * _value) ** 2
                )
            },
            uses=("squared_means_cancel",),
        ),
        PAIRWISE_FORM,
        checked(
            "gap_identity",
            r"$\mathbb V[\hat R]-\mathbb V[\hat R^*]=\frac1N\mathbb E_x\sum_{j<k}p^*_jp^*_k"
            r"(\ell_j-\ell_k)^2$: the bracket is the pairwise form with weights of sum one.",
            method="substituting",
            check=equal,
            stated=(
                (square - bayes_square) / N,
                pair_sum.subs(pair_sum, square - bayes_square) / N,
            ),
            wrong={"1/N^2": ((square - bayes_square) / N, (square - bayes_square) / N**2)},
            uses=("one_input_suffices", "pairwise_form"),
        ),
    ),
)

pi_i, p_j, p_k = sympy.symbols("pi_i p_j p_k", nonnegative=True)
signed = sympy.Symbol("s", real=True)
l_j, l_k = sympy.symbols("l_j l_k", real=True)


def _gap_term(*weights: Any) -> Inequality:
    """The share of an input and a pair of labels in the gap."""
    slack = sympy.Mul(*weights) * (l_j - l_k) ** 2 / N
    return Inequality(0, slack, slack)


LEMMA1 = Proof(
    slug="variance_reduction/lemma1",
    idea="The gap is a sum of products of probabilities and squares.",
    steps=(
        INPUT_LAW,
        LABEL_LAW,
        checked(
            "lemma1",
            r"$\mathbb V[\hat R]-\mathbb V[\hat R^*]\ge0$: every term"
            r" $\frac1N\pi_ip^*_{ij}p^*_{ik}(\ell_{ij}-\ell_{ik})^2$ of the gap is.",
            method="the sign of every term is manifest, for any numbers of inputs and labels",
            check=at_most,
            stated=_gap_term(pi_i, p_j, p_k),
            wrong={
                "an input weight of either sign": _gap_term(signed, p_j, p_k),
                "a label weight of either sign": _gap_term(pi_i, signed, p_k),
            },
            uses=("input law", "label law", "variance_reduction/gap_identity"),
        ),
    ),
)

# --- equality -------------------------------------------------------------------------------------

_World = tuple[tuple[Fraction, tuple[Fraction, ...], tuple[int, ...]], ...]
HALF = Fraction(1, 2)
NULL_INPUT: _World = (
    (Fraction(1), (Fraction(1), Fraction(0)), (0, 0)),
    (Fraction(0), (HALF, HALF), (0, 1)),
)


def _equality_iff_constant(claim: tuple[_World, Callable[[Fraction], bool]]) -> bool:
    """Whether, in a world, the variances agree iff losses are constant for the inputs meant."""
    world, meant = claim
    gap = finite_mean(
        ((weight, (probs, losses)) for weight, probs, losses in world),
        lambda row: (
            sum(p * loss**2 for p, loss in zip(*row, strict=True))
            - sum(p * loss for p, loss in zip(*row, strict=True)) ** 2
        ),
    )
    constant = all(
        len({loss for p, loss in zip(probs, losses, strict=True) if p > 0}) == 1
        for weight, probs, losses in world
        if meant(weight)
    )
    return (gap == 0) == constant


EQUALITY_PRINTED = Proof(
    slug="variance_reduction/equality_printed",
    idea="An input of probability zero takes part in no variance.",
    steps=(
        SAMPLE,
        refuted(
            "for_all_x",
            r"$\mathbb V[\hat R^*]=\mathbb V[\hat R]$ iff for all $x$ the loss is constant on the"
            r" support of $p^*(x)$.",
            method="two inputs of probabilities 1 and 0, the loss varying at the second",
            check=_equality_iff_constant,
            stated=(NULL_INPUT, lambda weight: True),
            mended={"for almost every x": (NULL_INPUT, lambda weight: weight > 0)},
            uses=("sample",),
        ),
    ),
)

positive_weight, positive_p, positive_q = sympy.symbols("pi p_j p_k", positive=True)

EQUALITY = Proof(
    slug="variance_reduction/equality",
    idea="A sum of terms that are not negative vanishes iff each of them does.",
    steps=(
        INPUT_LAW,
        LABEL_LAW,
        checked(
            "equality",
            r"$\pi_ip^*_{ij}p^*_{ik}(\ell_{ij}-\ell_{ik})^2$ is a positive multiple of the squared"
            r" difference where $x_i$ has mass and both labels are in the support, and zero"
            r" elsewhere; all vanish iff losses agree on the support for almost every $x$.",
            method="the sign of the factor is manifest",
            check=manifestly_positive,
            stated=positive_weight * positive_p * positive_q,
            wrong={
                "an input without mass": pi_i * positive_p * positive_q,
                "a label outside the support": positive_weight * p_j * positive_q,
            },
            uses=(
                "input law",
                "label law",
                "variance_reduction/gap_identity",
                "variance_reduction/lemma1",
            ),
        ),
    ),
)
