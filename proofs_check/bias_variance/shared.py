r"""Proposition 3 corrected and sharpened for a teacher that is shared over the sample.

The square of a mean distance is taken for every draw of the teacher, inside the mean over draws.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    nonnegative_by_induction,
)
from proofs_check.algebra_several import all_at_most
from proofs_check.bias_variance.bias import (
    NORM_STEPS,
    TV_STEPS,
    distance,
    factor,
    gap,
    second_gap,
    third_gap,
)
from proofs_check.bias_variance.exact import GIVEN_THE_TEACHER
from proofs_check.bias_variance.setting import (
    CENTRED_SQUARES,
    MEAN_TEACHER,
    RANGE,
    SHARED,
    WORLD,
    N,
    noise,
    spread,
)
from proofs_check.common import JENSEN_FOR_SQUARES, PAIRWISE_FORM
from proofs_check.common_pinsker import PINSKER_STEPS
from proofs_check.records import Proof, Step, checked

_E, _V, _P, _mean = sympy.symbols("E V P M", real=True)
_w = sympy.Symbol("w_t", nonnegative=True)
_v_t = sympy.Symbol("v_t", real=True)


def _over_draws(weight: Any) -> Induction:
    """A bound less the error, when a draw enters the penalty with this weight."""
    of_draw = _w * (_v_t / N + factor * distance**2 - gap)
    step = {
        _E: _E + of_draw,
        _V: _V + _w * _v_t,
        _P: _P + weight * distance**2,
    }
    slack = factor * (weight - _w) * distance**2 + _w * gap
    return Induction(_V / N + factor * _P - _E, dict.fromkeys((_E, _V, _P), 0), step, slack)


def _square_outside() -> Induction:
    """A bound with the square of the mean distance, less the error."""
    of_draw = _w * (_v_t / N + factor * distance**2 - gap)
    step = {_E: _E + of_draw, _V: _V + _w * _v_t, _mean: _mean + _w * distance}
    slack = factor * ((_mean + _w * distance) ** 2 - _mean**2 - _w * distance**2) + _w * gap
    start = dict.fromkeys((_E, _V, _mean), 0)
    return Induction(_V / N + factor * _mean**2 - _E, start, step, slack)


def _mean_over_draws(name: str, statement: str, uses: tuple[str, ...]) -> Step:
    """The last step of a bound for a shared teacher: each draw's own, averaged."""
    return checked(
        name,
        statement,
        method="induction over the draws: one more adds w (K D^2 - b^2) >= 0 to the difference",
        check=nonnegative_by_induction,
        stated=_over_draws(_w),
        wrong={
            "squared weights": _over_draws(_w**2),
            "the square outside the mean over draws": _square_outside(),
        },
        uses=("shared", "given_the_teacher", *uses),
    )


SHARED_NORM = Proof(
    slug="bias_variance/shared_norm",
    idea="Each draw of the teacher has its own bias, bounded by its own distance; only then is the"
    " mean over draws taken.",
    steps=(
        WORLD,
        SHARED,
        RANGE,
        *NORM_STEPS,
        GIVEN_THE_TEACHER,
        _mean_over_draws(
            "shared_norm",
            r"$\mathbb E(\tilde R-R)^2=\mathbb E_\tau[\frac1Nv_\tau+b_\tau^2]\le\frac1N\mathbb"
            r" E_\tau v_\tau+B^2C^*(L)\,\mathbb E_\tau(\mathbb E_x\|p_\tau(x)-p^*(x)\|_2)^2$.",
            ("bias_below_norm",),
        ),
    ),
)

_teacher, _truth, _centre = sympy.symbols("p_tk p_k m_k", real=True)
_second = sympy.Symbol("Q", real=True)


def _about(centre: Any) -> Any:
    """The mean square of a label's probability about a centre, as the centred squares give it."""
    return _second - 2 * centre * _centre + centre**2


def _decomposed(middle: Any) -> tuple[Any, Any]:
    """The mean square about the truth, and its parts on both sides of a middle value."""
    return _about(_truth), (middle - _truth) ** 2 + _about(middle)


TEACHER_MOMENTS = checked(
    "moments_of_the_teacher",
    r"At every $x$, $\mathbb E_\tau\|p_\tau-p^*\|_2^2=\|\bar p-p^*\|_2^2+\mathbb V_\tau[p_\tau]$,"
    r" variances summed over the labels.",
    method="expanding, label by label, with the mean probability m_k",
    check=equal,
    stated=_decomposed(_centre),
    wrong={
        "about zero": _decomposed(sympy.Integer(0)),
        "about the uniform distribution": _decomposed(sympy.Rational(1, 2)),
    },
    uses=("world", "centred_squares"),
)

bias_square = sympy.Symbol("b2", nonnegative=True)


def _moment_bound(jensen_gap: Any) -> Inequality:
    """The error below the bound with moments; the mean of squares exceeds a square by the gap."""
    penalty = bias_square + spread - jensen_gap
    error = noise / N + factor * penalty - gap
    bound = noise / N + factor * (bias_square + spread)
    return Inequality(error, bound, gap + factor * jensen_gap)


SHARED_MOMENT = Proof(
    slug="bias_variance/shared_moment",
    idea="The square of a mean distance over inputs is at most the mean of its square, which is a"
    " squared bias and a variance.",
    steps=(
        WORLD,
        SHARED,
        RANGE,
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        CENTRED_SQUARES,
        TEACHER_MOMENTS,
        checked(
            "shared_moment",
            r"$\mathbb E(\tilde R-R)^2\le\frac1N\mathbb E_\tau v_\tau+B^2C^*(L)\,\mathbb"
            r" E_x(\|\bar p-p^*\|_2^2+\mathbb V_\tau[p_\tau])$: for every draw $(\mathbb"
            r" E_x\|p_\tau-p^*\|_2)^2\le\mathbb E_x\|p_\tau-p^*\|_2^2$, and the means over $x$ and"
            r" $\tau$ commute.",
            method="adding up the slacks, with K = B^2 C*(L)",
            check=at_most,
            stated=_moment_bound(second_gap),
            wrong={"Jensen's inequality the other way round": _moment_bound(-second_gap)},
            uses=(
                "shared",
                "range",
                "bias_variance/shared_norm",
                "jensen_for_squares",
                "moments_of_the_teacher",
            ),
        ),
    ),
)


def _mixed(squared_bias: Any) -> tuple[Inequality, Inequality]:
    """The error below the mixed bound for this squared bias, and that below the bound of moments.

    D is the mean distance of the mean teacher, s the spread of the teacher.
    """
    error = noise / N + squared_bias + (factor * spread - second_gap)
    bound = noise / N + factor * (distance**2 + spread)
    moments = noise / N + factor * (distance**2 + third_gap + spread)
    slack = factor * distance**2 - squared_bias + second_gap
    return Inequality(error, bound, slack), Inequality(bound, moments, factor * third_gap)


def _spread_over_draws(weight: Any) -> Induction:
    """A spread times K less the variance of the bias, when a draw enters with this weight."""
    mean_of_squares = distance**2 + second_gap
    of_draw = factor * distance**2 - gap
    slack = factor * (weight - _w) * mean_of_squares + _w * (factor * second_gap + gap)
    step = {_V: _V + _w * of_draw, _P: _P + weight * mean_of_squares}
    return Induction(factor * _P - _V, {_V: 0, _P: 0}, step, slack)


SHARED_MIXED = Proof(
    slug="bias_variance/shared_mixed",
    idea="The mean teacher has the mean bias; what a draw differs from it is bounded apart.",
    steps=(
        WORLD,
        SHARED,
        RANGE,
        MEAN_TEACHER,
        *NORM_STEPS,
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        checked(
            "variance_of_the_bias",
            r"$\mathbb V_\tau[b_\tau]=\mathbb E_\tau(\mathbb E_x(p_\tau-\bar p)\cdot\ell)^2\le B^2"
            r"C^*(L)\,\mathbb E_\tau\mathbb E_x\|p_\tau-\bar p\|_2^2=B^2C^*(L)\,\mathbb E_x\mathbb"
            r" V_\tau[p_\tau]$, by the bound for $p=p_\tau$, $q=\bar p$ and Jensen's inequality.",
            method="induction over the draws",
            check=nonnegative_by_induction,
            stated=_spread_over_draws(_w),
            wrong={"squared weights": _spread_over_draws(_w**2)},
            uses=("mean_teacher", "bias_below_norm", "jensen_for_squares"),
        ),
        checked(
            "shared_mixed",
            r"$\mathbb E(\tilde R-R)^2=\frac1N\mathbb E_\tau v_\tau+\bar b^2+\mathbb"
            r" V_\tau[b_\tau]\le\frac1N\mathbb E_\tau v_\tau+B^2C^*(L)\bigl((\mathbb E_x\|\bar"
            r" p-p^*\|_2)^2+\mathbb E_x\mathbb V_\tau[p_\tau]\bigr)$, by the bound for $p=\bar p$,"
            r" $q=p^*$; by Jensen's inequality this is at most the bound of"
            r" bias_variance/shared_moment.",
            method="adding up the slacks, with K = B^2 C*(L)",
            check=all_at_most,
            stated=_mixed(factor * distance**2 - gap),
            wrong={
                "K in place of its root": _mixed(factor**2 * distance**2 - gap),
                "a distance without the constant": _mixed(distance**2 - gap),
            },
            uses=(
                "shared",
                "mean_teacher",
                "bias_below_norm",
                "variance_of_the_bias",
                "bias_variance/mse_shared",
                "bias_variance/shared_moment",
            ),
        ),
    ),
)

SHARED_TV = Proof(
    slug="bias_variance/shared_tv",
    idea="As with the norm; the total variation needs no constant that depends on the number of"
    " labels.",
    steps=(
        WORLD,
        SHARED,
        RANGE,
        *TV_STEPS,
        GIVEN_THE_TEACHER,
        _mean_over_draws(
            "shared_tv",
            r"$\mathbb E(\tilde R-R)^2\le\frac1N\mathbb E_\tau v_\tau+B^2\,\mathbb E_\tau(\mathbb"
            r" E_x\mathrm{TV}(p_\tau(x),p^*(x)))^2$.",
            ("bias_below_total_variation",),
        ),
    ),
)

_divergence = sympy.Symbol("kl", nonnegative=True)


def _divergence_bound(share: Any) -> Inequality:
    """The error below the bound with the divergence, if a squared variation is at most a share."""
    penalty = share * _divergence - second_gap - third_gap
    error = noise / N + factor * penalty - gap
    slack = gap + factor * (second_gap + third_gap + (sympy.Rational(1, 2) - share) * _divergence)
    return Inequality(error, noise / N + factor * _divergence / 2, slack)


SHARED_KL = Proof(
    slug="bias_variance/shared_kl",
    idea="Pinsker's inequality, at every input and for every draw.",
    steps=(
        WORLD,
        SHARED,
        RANGE,
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        *PINSKER_STEPS,
        checked(
            "shared_kl",
            r"$\mathbb E(\tilde R-R)^2\le\frac1N\mathbb E_\tau v_\tau+\frac12B^2\,\mathbb"
            r" E_{x,\tau}\mathrm{KL}(p^*(x)\,\|\,p_\tau(x))$: $(\mathbb"
            r" E_x\mathrm{TV})^2\le\mathbb E_x\mathrm{TV}^2\le\frac12\mathbb E_x\mathrm{KL}$ for"
            r" every draw. (Where a divergence is infinite there is nothing to show.)",
            method="adding up the slacks, with K = B^2",
            check=at_most,
            stated=_divergence_bound(sympy.Rational(1, 2)),
            wrong={
                "Pinsker's inequality without its half": _divergence_bound(sympy.Integer(1)),
                "twice the divergence": _divergence_bound(sympy.Integer(2)),
            },
            uses=(
                "world",
                "shared",
                "range",
                "bias_variance/shared_tv",
                "jensen_for_squares",
                "pinsker",
            ),
        ),
    ),
)
