r"""The error of a distilled risk, exactly, by how the teacher is drawn.

Given the teacher the terms of the risk are independent; what varies with the teacher alone is
divided by N only if a teacher is drawn for every term.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, equal, expectation, holds_by_induction
from proofs_check.bias_variance.setting import (
    CENTRED_SQUARES,
    FIXED,
    FRESH,
    JOINT_SECOND_MOMENT,
    MEAN_OF_SAMPLE,
    SHARED,
    TOTAL_VARIANCE,
    WORLD,
    N,
    centred,
    mean_bias,
    mean_square_bias,
    noise,
    risk,
    spread,
)
from proofs_check.common import VARIANCE_OF_MEAN
from proofs_check.records import Proof, checked

_distilled = sympy.Symbol("z", real=True)


def _error(mean: Any, variance: Any) -> tuple[Any, Any]:
    """The mean squared error of a risk with this mean and variance, and what it is said to be."""
    moments = {_distilled: mean, _distilled**2: variance + mean**2}
    error = expectation((_distilled - risk) ** 2, moments, [_distilled])
    return error, noise / N + mean_bias**2


MSE_FIXED = Proof(
    slug="bias_variance/mse_fixed",
    idea="A mean of independent terms has the variance of one divided by N, and the mean of one;"
    " the error is the variance plus the square of what the mean is off.",
    steps=(
        WORLD,
        FIXED,
        VARIANCE_OF_MEAN,
        MEAN_OF_SAMPLE,
        checked(
            "mse_fixed",
            r"$\mathbb E(\tilde R-R)^2=\mathbb V[\tilde R]+(\mathbb E\tilde R-R)^2=\frac1N\mathbb"
            r" V_x[p^{\mathrm t}\cdot\ell]+b^2$, since $\mathbb E\tilde R=\mathbb E_xg=R+b$.",
            method="expanding the square of z - R, with the mean and the variance of z",
            check=equal,
            stated=_error(risk + mean_bias, noise / N),
            wrong={
                "the variance of one term": _error(risk + mean_bias, noise),
                "a teacher without bias": _error(risk, noise / N),
            },
            uses=("world", "fixed", "variance_of_mean", "mean_of_sample"),
        ),
    ),
)

_E, _V, _Q = sympy.symbols("E V Q", real=True)
_w, _v_t, _b_t = sympy.symbols("w_t v_t b_t", real=True)


def _over_draws(of_draw: Any) -> Induction:
    """The error of a shared teacher, when a draw contributes so much."""
    step = {_E: _E + of_draw, _V: _V + _w * _v_t, _Q: _Q + _w * _b_t**2}
    return Induction(_E - _V / N - _Q, dict.fromkeys((_E, _V, _Q), 0), step)


GIVEN_THE_TEACHER = checked(
    "given_the_teacher",
    r"$\mathbb E(\tilde R-R)^2=\mathbb E_\tau[\frac1Nv_\tau+b_\tau^2]=\frac1N\mathbb E_\tau v_\tau"
    r"+\mathbb E_\tau b_\tau^2$: given $\tau$, the teacher is fixed and the sample i.i.d.",
    method="induction over the draws of the teacher",
    check=holds_by_induction,
    stated=_over_draws(_w * (_v_t / N + _b_t**2)),
    wrong={
        "draws of equal weight": _over_draws(_v_t / N + _b_t**2),
        "the squared bias divided by N": _over_draws(_w * (_v_t + _b_t**2) / N),
    },
    uses=("world", "shared", "bias_variance/mse_fixed"),
)


def _split(centre: Any) -> tuple[Any, Any]:
    """The error of a shared teacher, and its parts with squares of biases about a centre."""
    return noise / N + mean_square_bias, noise / N + mean_bias**2 + centred(centre)


MSE_SHARED = Proof(
    slug="bias_variance/mse_shared",
    idea="Given the draw of the teacher it is fixed; the mean of its squared biases is the square"
    " of their mean plus their variance.",
    steps=(
        WORLD,
        SHARED,
        GIVEN_THE_TEACHER,
        CENTRED_SQUARES,
        checked(
            "mse_shared",
            r"$\mathbb E(\tilde R-R)^2=\frac1N\mathbb E_\tau v_\tau+\bar b^2+\mathbb V_\tau"
            r"[b_\tau]$.",
            method="expanding, with the squares of biases about their mean",
            check=equal,
            stated=_split(mean_bias),
            wrong={
                "biases about zero": _split(sympy.Integer(0)),
                "biases about the population risk": _split(risk),
            },
            uses=("given_the_teacher", "centred_squares"),
        ),
    ),
)

_W, _T = sympy.symbols("W T", real=True)


def _pairs(added: Any) -> Induction:
    """The population risk over pairs, when a draw adds so much to it."""
    return Induction(_T - risk * _W, {_T: 0, _W: 0}, {_T: _T + added, _W: _W + _w})


def _fresh(mean: Any, between: Any) -> tuple[Any, Any]:
    """The error over pairs with this mean and this variance between draws, and what it is."""
    return (noise + between) / N + (mean - risk) ** 2, (noise + spread) / N + mean_bias**2


MSE_FRESH = Proof(
    slug="bias_variance/mse_fresh",
    idea="A pair of an input and a draw of the teacher is itself an input, of a teacher that does"
    " not vary.",
    steps=(
        WORLD,
        FRESH,
        checked(
            "pairs_are_inputs",
            r"$\tilde R$ is the distilled risk of a fixed teacher $(x,\tau)\mapsto p_\tau(x)$ over"
            r" inputs $(x,\tau)$ of weight $\pi(x)w_\tau$, and the population risk over them is"
            r" $\sum_\tau w_\tau\mathbb E_xh(x)=R$.",
            method="induction over the draws, whose weights have the sum W = 1",
            check=holds_by_induction,
            stated=_pairs(_w * risk),
            wrong={"draws of equal weight": _pairs(risk)},
            uses=("world", "fresh"),
        ),
        CENTRED_SQUARES,
        JOINT_SECOND_MOMENT,
        TOTAL_VARIANCE,
        checked(
            "mse_fresh",
            r"$\mathbb E(\tilde R-R)^2=\frac1N\mathbb V_{x,\tau}[g_\tau]+(\mathbb E_{x,\tau}g_\tau"
            r"-R)^2=\frac1N(\mathbb E_\tau v_\tau+\mathbb V_\tau[b_\tau])+\bar b^2$.",
            method="substituting the joint mean R + b and the joint variance",
            check=equal,
            stated=_fresh(risk + mean_bias, spread),
            wrong={
                "a joint mean without bias": _fresh(risk, spread),
                "no variance between draws": _fresh(risk + mean_bias, sympy.Integer(0)),
            },
            uses=("pairs_are_inputs", "total_variance", "bias_variance/mse_fixed"),
        ),
    ),
)


def _cost(fresh: Any) -> tuple[Any, Any]:
    """What sharing costs, against this error with fresh draws, and what it is said to be."""
    return noise / N + mean_bias**2 + spread - fresh, (1 - 1 / N) * spread


SHARED_MINUS_FRESH = Proof(
    slug="bias_variance/shared_minus_fresh",
    idea="The two errors differ in whether the variance of the bias is divided by N.",
    steps=(
        WORLD,
        SHARED,
        FRESH,
        checked(
            "shared_minus_fresh",
            r"$\frac1N\mathbb E_\tau v_\tau+\bar b^2+\mathbb V_\tau[b_\tau]-\frac1N(\mathbb E_\tau"
            r" v_\tau+\mathbb V_\tau[b_\tau])-\bar b^2=(1-\frac1N)\mathbb V_\tau[b_\tau]$.",
            method="expanding",
            check=equal,
            stated=_cost((noise + spread) / N + mean_bias**2),
            wrong={
                "fresh draws without variance of their own": _cost(noise / N + mean_bias**2),
                "a squared bias divided by N": _cost((noise + spread + mean_bias**2) / N),
            },
            uses=(
                "world",
                "shared",
                "fresh",
                "bias_variance/mse_shared",
                "bias_variance/mse_fresh",
            ),
        ),
    ),
)
