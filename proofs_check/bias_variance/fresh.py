r"""Proposition 3 sharpened for a teacher that is drawn afresh, and for the cross-entropy."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most
from proofs_check.bias_variance.bias import NORM_STEPS, TV_STEPS, distance, factor, gap
from proofs_check.bias_variance.setting import (
    CENTRED_SQUARES,
    FRESH,
    JOINT_SECOND_MOMENT,
    MEAN_TEACHER,
    RANGE,
    SHARED,
    TOTAL_VARIANCE,
    WORLD,
    N,
    noise,
    spread,
)
from proofs_check.records import Proof, Step, assumed, checked

# --- a teacher drawn afresh -----------------------------------------------------------------------


def _fresh_bound(joint_variance: Any, root: Any) -> Inequality:
    """The error with fresh draws, below its bound with this variance over inputs and draws."""
    error = (noise + spread) / N + (root * distance) ** 2 - gap
    bound = joint_variance / N + factor * distance**2
    return Inequality(error, bound, gap)


def _fresh_step(name: str, statement: str, uses: tuple[str, ...]) -> Step:
    """The last step of a bound for fresh draws: the bias of the mean teacher is bounded."""
    return checked(
        name,
        statement,
        method="substituting the joint variance and the bound on the squared bias",
        check=at_most,
        stated=_fresh_bound(noise + spread, sympy.sqrt(factor)),
        wrong={
            "the variance over inputs only": _fresh_bound(noise, sympy.sqrt(factor)),
            "K in place of its root": _fresh_bound(noise + spread, factor),
        },
        uses=("fresh", "mean_teacher", "total_variance", "bias_variance/mse_fresh", *uses),
    )


FRESH_NORM = Proof(
    slug="bias_variance/fresh_norm",
    idea="The mean teacher has the mean bias, and what draws differ from it is divided by N.",
    steps=(
        WORLD,
        FRESH,
        RANGE,
        MEAN_TEACHER,
        CENTRED_SQUARES,
        JOINT_SECOND_MOMENT,
        TOTAL_VARIANCE,
        *NORM_STEPS,
        _fresh_step(
            "fresh_norm",
            r"$\mathbb E(\tilde R-R)^2=\frac1N(\mathbb E_\tau v_\tau+\mathbb V_\tau[b_\tau])+\bar"
            r" b^2\le\frac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell]+B^2C^*(L)(\mathbb E_x\|\bar"
            r" p(x)-p^*(x)\|_2)^2$, by the bound for $p=\bar p$, $q=p^*$.",
            ("bias_below_norm",),
        ),
    ),
)

FRESH_TV = Proof(
    slug="bias_variance/fresh_tv",
    idea="The same with the total variation of the mean teacher.",
    steps=(
        WORLD,
        FRESH,
        RANGE,
        MEAN_TEACHER,
        CENTRED_SQUARES,
        JOINT_SECOND_MOMENT,
        TOTAL_VARIANCE,
        *TV_STEPS,
        _fresh_step(
            "fresh_tv",
            r"$\mathbb E(\tilde R-R)^2\le\frac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell]+B^2(\mathbb E_x"
            r"\mathrm{TV}(\bar p(x),p^*(x)))^2$.",
            ("bias_below_total_variation",),
        ),
    ),
)

# --- the cross-entropy ----------------------------------------------------------------------------

_logit, _partition, _other = sympy.symbols("f_j Lambda Lambda_x", real=True)
_largest, _under = sympy.symbols("s u", nonnegative=True)


def _difference_of_losses(partition: Any, scale: int = 1) -> Inequality:
    """Two losses at an input, if their logits differ by at most s; the second has this constant."""
    higher = _logit + _largest - _under
    losses = _partition - scale * _logit, partition - scale * higher
    return Inequality(losses[0] - losses[1], _largest, _under)


SOFTMAX_LOGIT_SPREAD = Proof(
    slug="bias_variance/softmax_logit_spread",
    idea="The partition function is the same for all labels at an input, and cancels from every"
    " difference of losses there.",
    steps=(
        WORLD,
        SHARED,
        assumed(
            "softmax",
            r"$\ell_k(x)=-\log\mathrm{softmax}_k(f(x))=\Lambda(x)-f_k(x)$ with $\Lambda=\log\sum_j"
            r"e^{f_j}$; $s=\max_x(\max_kf_k(x)-\min_kf_k(x))$.",
        ),
        checked(
            "softmax_logit_spread",
            r"$\ell_j(x)-\ell_k(x)=f_k(x)-f_j(x)\le s$ for all labels $j$, $k$ at an input $x$."
            r" Hence $s$ is a range $B$ as bias_variance/shared_norm asks for, and $\mathbb"
            r" E(\tilde R-R)^2\le\frac1N\mathbb E_\tau v_\tau+C^*(L)\,s^2\,\mathbb E_\tau(\mathbb"
            r" E_x\|p_\tau(x)-p^*(x)\|_2)^2$.",
            method="expanding, with f_k = f_j + s - u, u >= 0",
            check=at_most,
            stated=_difference_of_losses(_partition),
            wrong={
                "losses at two different inputs": _difference_of_losses(_other),
                "logits at half the temperature": _difference_of_losses(_partition, 2),
            },
            uses=("world", "shared", "softmax", "bias_variance/shared_norm"),
        ),
    ),
)
