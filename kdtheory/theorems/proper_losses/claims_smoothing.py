"""Label smoothing: two notions of the best amount, and what the first does to the second."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Axis, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.objects.problems import FiniteProblem
from kdtheory.soft_labels import (
    optimal_risk_smoothing,
    optimal_smoothing,
    risk_smoothing_terms,
    smoothed_risk_error,
    smoothing_error,
)
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.proper_losses import draws, formulas
from kdtheory.theorems.proper_losses.worlds import smoothed, smoothed_worlds
from kdtheory.theorems.variance_reduction.axes import SAMPLE_SIZES, UNIT_STEPS
from kdtheory.theorems.variance_reduction.worlds import variance_of_onehot

SIZES = ((2, 3), (1, 2))


def _world(problem: FiniteProblem) -> tuple[Any, ...]:
    return problem.input_weights, problem.label_probs, problem.losses


def _loss_scale(problem: FiniteProblem, _amount: Any) -> Scalar:
    # Smoothing charges for labels without mass too.
    squares = problem.losses**2
    return jnp.maximum(jnp.max(squares), jnp.finfo(squares.dtype).tiny)


def _onehot_error(problem: FiniteProblem, _amount: Any) -> Scalar:
    return variance_of_onehot(problem)


def _best_target(problem: FiniteProblem) -> Scalar:
    return optimal_smoothing(problem.input_weights, problem.label_probs)


def _target_error_around_best(problem: FiniteProblem, amount: Any) -> Scalar:
    best = _best_target(problem)
    least = jnp.sum(problem.input_weights * smoothing_error(problem.label_probs, best).mse)
    return least + (1 - 1 / problem.label_probs.shape[1]) * (amount - best) ** 2


def _amount_of_smoothing(num_samples: int, suffix: str = "") -> Axis:
    world = functools.partial(smoothed, [1], [[0.75, 0.25]], [[0, 1]], num_samples)
    return Axis(
        "amount of smoothing, for labels of probability 3/4 and 1/4" + suffix, UNIT_STEPS, world
    )


SMOOTHING_MSE = Claim(
    slug="proper_losses/smoothing_mse",
    title="The smoothed label closest to the Bayes probabilities, whatever the sample",
    statement=r"\mathbb E\|(1-\alpha)e_y+\tfrac\alpha L-p^*\|_2^2"
    r" = \mathrm{MSE}(\alpha^*)+(1-\tfrac1L)(\alpha-\alpha^*)^2,"
    r"\ \alpha^*=\frac{1-\mathbb E\|p^*\|_2^2}{1-1/L}",
    relation=Relation.EQ,
    lhs=lambda problem, amount: formulas.smoothed_target_error(
        problem.input_weights, problem.label_probs, amount
    ),
    rhs=_target_error_around_best,
    domain=smoothed_worlds,
    sizes=SIZES,
    draws={"lhs": draws.TARGET_ERROR},
    tight=(
        Case(
            "at the optimum",
            lambda: smoothed([1], [[0.75, 0.25]], [[0, 1]], 2, 0.75),
            "1/8 (the uniform part) times 9/16, and 3/8 (the label) times 1/16: 3/32",
        ),
        Case(
            "one-hot",
            lambda: smoothed([1], [[0.75, 0.25]], [[0, 1]], 2, 0),
            "3/8, the variance of a label",
        ),
    ),
    corners=(
        Case(
            "deterministic labels",
            lambda: smoothed([1], [[1, 0]], [[0, 1]], 2, 0.5),
            "the best amount is 0",
        ),
        Case(
            "uniform labels",
            lambda: smoothed([1], [[0.5, 0.5]], [[0, 1]], 2, 0.5),
            "the best amount is 1: no bias",
        ),
    ),
    axes=(_amount_of_smoothing(1),),
)


def _risk_error_around_best(problem: FiniteProblem, amount: Any) -> Scalar:
    covariance, curvature = risk_smoothing_terms(*_world(problem), problem.num_samples)
    best = optimal_risk_smoothing(*_world(problem), problem.num_samples)
    # At its minimum the parabola is lower than at zero by covariance times best.
    least = variance_of_onehot(problem) - covariance * best
    return least + curvature * (amount - best) ** 2


SMOOTHING_RISK = Claim(
    slug="proper_losses/smoothing_risk",
    title="The smoothing that makes a sample's risk most accurate is of order 1/N",
    statement=r"\mathbb E(\tilde R-R)^2 = \mathrm{MSE}(\alpha_N)+\kappa_N(\alpha-\alpha_N)^2,"
    r"\ \alpha_N=\frac{\mathrm{Cov}(\ell_y,c)}{\mathbb V[c]+N(\mathbb E c)^2},"
    r"\ \kappa_N=\tfrac1N\mathbb V[c]+(\mathbb E c)^2,\ c=\ell_y-\bar\ell",
    relation=Relation.EQ,
    lhs=formulas.smoothed_onehot_error,
    rhs=_risk_error_around_best,
    domain=smoothed_worlds,
    sizes=SIZES,
    scale=_loss_scale,
    draws={"lhs": draws.SMOOTHED_ERROR},
    tight=(
        Case(
            "a biased coin",
            lambda: smoothed([1], [[0.75, 0.25]], [[0, 1]], 3, 0.5),
            "labels vary by 3/16, halved; the bias is 1/8: 3/192 + 1/64 = 1/32",
        ),
    ),
    corners=(
        Case(
            "constant losses",
            lambda: smoothed([1], [[0.75, 0.25]], [[1, 1]], 3, 0.5),
            "smoothing changes nothing",
        ),
    ),
    axes=(_amount_of_smoothing(3, ", N = 3"),),
    uses=("bias_variance/mse_fresh", "proper_losses/smoothing_mse"),
)


def _error_at_best_target(problem: FiniteProblem, _amount: Any) -> Scalar:
    return smoothed_risk_error(*_world(problem), _best_target(problem), problem.num_samples)


SMOOTHING_BY_MSE = Claim(
    slug="proper_losses/smoothing_by_mse",
    title="The smoothing that Proposition 3's penalty asks for makes the risk more accurate",
    statement=r"\mathbb E(\tilde R_{\alpha^*}-R)^2 \le \mathbb V[\hat R],"
    r"\ \alpha^*\text{ the minimiser of }\mathbb E\|(1-\alpha)e_y+\tfrac\alpha L-p^*\|_2^2",
    source=Source(MENON, "remark on label smoothing", "Section 3.3"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.DOES_NOT_FOLLOW,
    what_survives="smoothing does help, as the text says it can, with an amount of order 1/N:"
    " proper_losses/smoothing_helps. Label noise is drawn afresh at every example, so that it"
    " averages out, and the trade-off of Proposition 3 is not the one that decides",
    lhs=_error_at_best_target,
    rhs=_onehot_error,
    domain=smoothed_worlds,
    sizes=SIZES,
    scale=_loss_scale,
    counterexample=Case(
        "eight tosses of a biased coin",
        lambda: smoothed([1], [[0.75, 0.25]], [[0, 1]], 8, 0),
        "smoothing by 3/4 has the bias 3/16: 9/256 + 3/2048 against 3/128",
    ),
    axes=(
        Axis(
            "N, tosses of a coin of 3/4",
            SAMPLE_SIZES,
            lambda num_samples: smoothed([1], [[0.75, 0.25]], [[0, 1]], num_samples, 0),
        ),
    ),
    uses=("proper_losses/smoothing_mse", "proper_losses/smoothing_risk"),
)


def _error_at_best_amount(problem: FiniteProblem, _amount: Any) -> Scalar:
    amount = optimal_risk_smoothing(*_world(problem), problem.num_samples)
    clipped = jnp.clip(amount, 0.0, 1.0)
    return smoothed_risk_error(*_world(problem), clipped, problem.num_samples)


SMOOTHING_HELPS = dataclasses.replace(
    SMOOTHING_BY_MSE,
    slug="proper_losses/smoothing_helps",
    title="Smoothing by the right amount never makes the risk less accurate",
    statement=r"\mathbb E(\tilde R_{\alpha}-R)^2 \le \mathbb V[\hat R],"
    r"\ \alpha=\min(\max(\alpha_N,0),1)",
    source=Source(MENON, "remark on label smoothing: it can aid generalisation", "Section 3.3"),
    finding=Finding.STANDS,
    what_survives="",
    corrects="proper_losses/smoothing_by_mse",
    lhs=_error_at_best_amount,
    counterexample=None,
    tight=(
        Case(
            "nothing to gain",
            lambda: smoothed([0.5, 0.5], [[1, 0], [1, 0]], [[0, 0.5], [0.5, 1]], 1, 0),
            "labels are certain: smoothing adds 1/4 to every loss, and the best amount is 0",
        ),
    ),
    uses=("proper_losses/smoothing_risk",),
)
