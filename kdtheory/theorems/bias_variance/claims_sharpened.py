"""Proposition 3 corrected and sharpened: what the error is bounded by, with the best constants."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Axis, Case, Claim
from kdtheory.objects.problems import FiniteProblem
from kdtheory.risks import sharp_constant
from kdtheory.theorems.bias_variance import axes, bounds, draws, formulas
from kdtheory.theorems.bias_variance.claims_printed import SIZES
from kdtheory.theorems.bias_variance.worlds import (
    logit_problem,
    logit_worlds,
    sharp,
    squared_loss_scale,
    squared_range,
    with_constant,
    world,
    worlds,
    worlds_with_constant,
)
from kdtheory.theorems.variance_reduction.draws import FRESH_ERROR

# One teacher in eight is wrong: with one input and two labels a bias is a distance.
_RARE = [1], [[1, 0]], [[0, 1]], [0.875, 0.125], [[[1, 0]], [[0, 1]]], 2

_RARE_TEACHER = Case(
    "one teacher in eight is wrong",
    lambda: world(*_RARE),
    "the instance on which Eq. 9 fails: both sides are 1/8",
)

_CONSTANT_LOSS = Case(
    "constant loss",
    lambda: world([1], [[0.5, 0.5]], [[0.75, 0.75]], [0.5, 0.5], [[[1, 0]], [[0, 1]]], 2),
    "no range, no penalty: both sides are 0",
)

SHARED_NORM = Claim(
    slug="bias_variance/shared_norm",
    title="Eq. 9 corrected for a shared teacher: the square goes inside the mean over teachers",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb E_\tau v_\tau"
    r" + B^2C^*(L)\,\mathbb E_\tau(\mathbb E_x\|p_\tau(x)-p^*(x)\|_2)^2",
    corrects="bias_variance/eq9_shared",
    lhs=lambda problem, _: formulas.shared_error(problem),
    rhs=lambda problem, _: bounds.shared_norm_bound(problem, sharp(problem)),
    domain=worlds_with_constant,
    sizes=SIZES,
    scale=squared_loss_scale,
    draws={"lhs": draws.with_constant(draws.CONDITIONED_ERROR)},
    tight=(
        Case(
            "one teacher in eight is wrong",
            lambda: with_constant(2, *_RARE),
            "the instance on which Eq. 9 fails: both sides are 1/8",
        ),
    ),
    axes=(axes.CHANCE_WITH_CONSTANT,),
    uses=("bias_variance/mse_shared", "bias_variance/sharp_constant"),
)


SHARED_MOMENT = Claim(
    slug="bias_variance/shared_moment",
    title="Eq. 10 for a shared teacher with the sharp constant",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb E_\tau v_\tau"
    r" + B^2C^*(L)\,\mathbb E_x(\|\bar p(x)-p^*(x)\|_2^2 + \mathbb V_\tau[p_\tau(x)])",
    sharpens="bias_variance/eq10",
    lhs=formulas.shared_error,
    rhs=lambda problem: bounds.shared_moment_bound(problem, sharp(problem)),
    domain=worlds,
    sizes=((3, 3, 2), (1, 2, 2)),
    scale=squared_loss_scale,
    draws={"lhs": draws.CONDITIONED_ERROR},
    tight=(_RARE_TEACHER,),
    corners=(_CONSTANT_LOSS,),
    axes=(axes.CHANCE,),
    uses=("bias_variance/shared_norm",),
)


SHARED_MIXED = dataclasses.replace(
    SHARED_MOMENT,
    slug="bias_variance/shared_mixed",
    title="Sharper: the square of the mean distance for the bias, the variance for the rest",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb E_\tau v_\tau"
    r" + B^2C^*(L)\bigl((\mathbb E_x\|\bar p(x)-p^*(x)\|_2)^2"
    r" + \mathbb E_x\mathbb V_\tau[p_\tau(x)]\bigr)",
    sharpens="bias_variance/shared_moment",
    rhs=lambda problem: bounds.shared_mixed_bound(problem, sharp(problem)),
)


SHARED_TV = dataclasses.replace(
    SHARED_MOMENT,
    slug="bias_variance/shared_tv",
    title="The same in total variation: no dimension",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb E_\tau v_\tau"
    r" + B^2\,\mathbb E_\tau(\mathbb E_x\mathrm{TV}(p_\tau(x),p^*(x)))^2",
    sharpens="bias_variance/shared_norm",
    rhs=lambda problem: bounds.shared_tv_bound(problem, squared_range(problem)),
    uses=("bias_variance/shared_norm", "bias_variance/tv_below_norm"),
)


SHARED_KL = dataclasses.replace(
    SHARED_MOMENT,
    slug="bias_variance/shared_kl",
    title="The same in Kullback-Leibler divergence: the teacher's excess log-loss",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb E_\tau v_\tau"
    r" + \tfrac12B^2\,\mathbb E_{x,\tau}\,\mathrm{KL}(p^*(x)\,\|\,p_\tau(x))",
    sharpens=None,
    rhs=lambda problem: bounds.shared_kl_bound(problem, squared_range(problem)),
    tight=(
        Case(
            "Bayes teacher",
            lambda: world(
                [0.5, 0.5],
                [[0.75, 0.25], [0.25, 0.75]],
                [[0, 1], [0, 1]],
                [0.5, 0.5],
                [[[0.75, 0.25], [0.25, 0.75]]] * 2,
                2,
            ),
            "no divergence: the variance over the inputs remains",
        ),
    ),
    corners=(
        Case(
            "label excluded",
            lambda: world(*_RARE),
            "a teacher that excludes a possible label: the bound is infinite",
        ),
        _CONSTANT_LOSS,
    ),
    axes=(
        Axis(
            "teacher's probability of either side of a fair coin",
            tuple(k / 64 for k in range(1, 64)),
            lambda first: world(
                [1], [[0.5, 0.5]], [[0, 1]], [0.5, 0.5], [[[first, 1 - first]]] * 2, 2
            ),
        ),
    ),
    uses=("bias_variance/shared_tv",),
)


FRESH_NORM = dataclasses.replace(
    SHARED_MOMENT,
    slug="bias_variance/fresh_norm",
    title="A teacher drawn afresh: only the bias of its mean stays as N grows",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb V_{x,\tau}[p_\tau\cdot\ell]"
    r" + B^2C^*(L)(\mathbb E_x\|\bar p(x)-p^*(x)\|_2)^2,\ \tau\text{ fresh}",
    sharpens="bias_variance/eq9_fresh",
    lhs=formulas.fresh_error,
    rhs=lambda problem: bounds.fresh_norm_bound(problem, sharp(problem)),
    draws={"lhs": FRESH_ERROR},
    tight=(
        Case(
            "one-hot labels",
            lambda: world([1], [[0.6, 0.4]], [[0, 1]], [0.6, 0.4], [[[1, 0]], [[0, 1]]], 8),
            "both sides are the variance .24 of a label, divided by N = 8",
        ),
        Case(
            "one teacher in eight is wrong",
            lambda: world(*_RARE),
            "both sides are 7/128 + 1/64",
        ),
    ),
    axes=(
        Axis("N, one teacher in eight being bad", axes.DOUBLINGS, axes.often_drawn),
        axes.CHANCE,
    ),
    uses=("bias_variance/mse_fresh", "bias_variance/sharp_constant"),
)


FRESH_TV = dataclasses.replace(
    FRESH_NORM,
    slug="bias_variance/fresh_tv",
    title="The same in total variation: no dimension",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb V_{x,\tau}[p_\tau\cdot\ell]"
    r" + B^2(\mathbb E_x\mathrm{TV}(\bar p(x),p^*(x)))^2,\ \tau\text{ fresh}",
    sharpens="bias_variance/fresh_norm",
    rhs=lambda problem: bounds.fresh_tv_bound(problem, squared_range(problem)),
    uses=("bias_variance/fresh_norm", "bias_variance/tv_below_norm"),
)


def _logit_bound(problem: FiniteProblem, scores: Any) -> Scalar:
    spread = jnp.max(jnp.max(scores, axis=1) - jnp.min(scores, axis=1))
    return bounds.shared_norm_bound(problem, sharp_constant(scores.shape[1]) * spread**2)


SOFTMAX_LOGIT_SPREAD = Claim(
    slug="bias_variance/softmax_logit_spread",
    title="For the cross-entropy, only the spread of the logits at an input matters",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb E_\tau v_\tau"
    r" + C^*(L)\max_x(\max_k f_k(x)-\min_k f_k(x))^2"
    r"\,\mathbb E_\tau(\mathbb E_x\|p_\tau(x)-p^*(x)\|_2)^2",
    sharpens="bias_variance/shared_norm",
    lhs=lambda problem, _: formulas.shared_error(problem),
    rhs=_logit_bound,
    domain=logit_worlds,
    sizes=((3, 3, 2), (1, 2, 2)),
    scale=lambda _, scores: (1 + jnp.max(jnp.abs(scores))) ** 2,
    tight=(
        Case(
            "one teacher in eight is wrong",
            lambda: logit_problem(
                *arrays([1], [[1, 0]], [[1, 0]], [0.875, 0.125], [[[1, 0]], [[0, 1]]], 2)
            ),
            "the losses differ by the difference 1 of the logits: both sides are 1/8",
        ),
    ),
    corners=(
        Case(
            "equal logits",
            lambda: logit_problem(
                *arrays([1], [[1, 0]], [[5, 5]], [0.5, 0.5], [[[1, 0]], [[0, 1]]], 2)
            ),
            "every label has loss log 2: no teacher errs",
        ),
    ),
    axes=(
        Axis(
            "spread of the logits at one of two inputs, N = 2",
            tuple(k / 8 for k in range(49)),
            lambda spread: logit_problem(
                *arrays(
                    [0.75, 0.25],
                    [[1, 0]] * 2,
                    [[spread, 0], [0, 0]],
                    [0.875, 0.125],
                    [[[1, 0]] * 2, [[0, 1]] * 2],
                    2,
                )
            ),
        ),
    ),
    uses=("bias_variance/shared_norm",),
)
