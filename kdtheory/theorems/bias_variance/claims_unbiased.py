"""Unbiased teachers, when a teacher is worth having, and why accuracy does not tell."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Axis, Case, Claim, Relation, Source, TextExamined
from kdtheory.domains import Domain, box, simplex, stochastic
from kdtheory.objects.problems import FiniteProblem, SampledProblem
from kdtheory.theorems._enumeration import enumerated
from kdtheory.theorems.bias_variance import axes, draws, formulas
from kdtheory.theorems.bias_variance.worlds import (
    dependent_worlds,
    sampled,
    squared_loss_scale,
    world,
    worlds,
)
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.variance_reduction.axes import SAMPLE_SIZES, TEACHER_NOISE, UNIT_STEPS
from kdtheory.theorems.variance_reduction.draws import FRESH_ERROR, VARIANCE_BAYES, VARIANCE_ONEHOT
from kdtheory.theorems.variance_reduction.worlds import (
    UNBIASED_TEACHER,
    taught_worlds,
    variance_of_onehot,
)
from kdtheory.theorems.variance_reduction.worlds import (
    squared_loss_scale as supported_loss_scale,
)

# --- Proposition 4 --------------------------------------------------------------------------------


def _conditional_bias(problem: SampledProblem) -> Scalar:
    designs = enumerated(len(problem.input_weights), problem.num_samples)
    possible = jnp.prod(problem.input_weights[designs], axis=1) > 0
    mean = jnp.einsum("dt,tik->dik", problem.teacher_weights, problem.teacher_probs)
    distance = jnp.max(jnp.abs(mean - problem.label_probs[None]), axis=2)
    sampled_distance = jnp.max(jnp.take_along_axis(distance, jnp.asarray(designs), axis=1), axis=1)
    largest = jnp.max(jnp.where(possible, sampled_distance, 0.0))
    return -largest * squared_loss_scale(problem)


CONDITIONALLY_UNBIASED = Assumption(
    "conditionally unbiased",
    r"E[p^t(x_n) | x_1, ..., x_N] = p^*(x_n): as for a teacher independent of S with mean p^*",
    _conditional_bias,
)

_SEEN_SAMPLE = Case(
    "teacher that corrects the sample",
    lambda: sampled(
        [0.5, 0.5],
        [[0.75, 0.25], [0.25, 0.75]],
        [[0, 1], [0, 1]],
        [[1, 0], [0, 1]],
        [[[0.5, 0.5], [0, 1]], [[1, 0], [0.5, 0.5]]],
        1,
    ),
    "N = 1, one table for each sampled input; their mean over S is p*, yet the distilled risk is"
    " 1/2 = R on every sample",
    "conditionally unbiased",
)

PROP4 = Claim(
    slug="bias_variance/prop4",
    title="No unbiased teacher beats the Bayes teacher",
    statement=r"\mathbb E(\hat R^*-R)^2 \le \mathbb E(\tilde R-R)^2"
    r"\text{ if }\mathbb E[p^{\mathrm t}(x_n)\,|\,x_1,\dots,x_N]=p^*(x_n)",
    source=Source(MENON, "Proposition 4", "Appendix A"),
    text_examined=TextExamined.FULL_TEXT,
    lhs=formulas.sampled_bayes_variance,
    rhs=formulas.sampled_error,
    domain=dependent_worlds,
    sizes=((2, 3, 2, 2), (2, 2, 1, 2)),
    scale=squared_loss_scale,
    assumptions=(CONDITIONALLY_UNBIASED,),
    draws={"lhs": draws.of_sampled(VARIANCE_BAYES), "rhs": draws.DEPENDENT_ERROR},
    tight=(
        Case(
            "Bayes teacher",
            lambda: sampled(
                [0.5, 0.5],
                [[0.75, 0.25], [0.25, 0.75]],
                [[0, 1], [0, 1]],
                [[1, 0]] * 4,
                [[[0.75, 0.25], [0.25, 0.75]]] * 2,
                2,
            ),
            "both risks are the same random variable",
        ),
    ),
    broken=(_SEEN_SAMPLE,),
    axes=(axes.UNBIASED_AND_NOISY,),
)


PROP4_IDENTITY = dataclasses.replace(
    PROP4,
    slug="bias_variance/prop4_identity",
    title="The error of an unbiased teacher, by Pythagoras",
    statement=r"\mathbb E(\tilde R-R)^2 = \mathbb E(\tilde R-\hat R^*)^2 + \mathbb E(\hat R^*-R)^2",
    relation=Relation.EQ,
    lhs=formulas.sampled_error,
    rhs=lambda problem: (
        formulas.sampled_error(problem, around_bayes=True)
        + formulas.sampled_bayes_variance(problem)
    ),
    draws={"lhs": draws.DEPENDENT_ERROR},
    uses=("bias_variance/prop4",),
)


PROP4_GAP_FRESH = Claim(
    slug="bias_variance/prop4_gap_fresh",
    title="What an unbiased teacher drawn afresh loses to the Bayes teacher",
    statement=r"\mathbb E(\tilde R-R)^2 - \mathbb E(\hat R^*-R)^2"
    r" = \tfrac1N\,\mathbb E_x\mathbb V_\tau[p_\tau(x)\cdot\ell],\ \tau\text{ fresh}",
    sharpens="bias_variance/prop4",
    relation=Relation.EQ,
    lhs=lambda problem: formulas.fresh_error(problem) - formulas.bayes_error(problem),
    rhs=formulas.noise_of_teacher,
    domain=taught_worlds,
    sizes=((3, 3, 2), (1, 2, 2)),
    scale=supported_loss_scale,
    assumptions=(UNBIASED_TEACHER,),
    draws={"lhs": draws.difference(FRESH_ERROR, VARIANCE_BAYES)},
    tight=(
        Case(
            "one-hot labels",
            lambda: world([1], [[0.5, 0.5]], [[0, 1]], [0.5, 0.5], [[[1, 0]], [[0, 1]]], 4),
            "both sides are 1/16",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: world([1], [[0.5, 0.5]], [[0, 1]], [0.5, 0.5], [[[0, 1]], [[0, 1]]], 4),
            "always the same second label: an error of 1/4 without any noise",
            "unbiased teacher",
        ),
    ),
    axes=(TEACHER_NOISE,),
)


PROP4_GAP_SHARED = dataclasses.replace(
    PROP4_GAP_FRESH,
    slug="bias_variance/prop4_gap_shared",
    title="What an unbiased teacher shared over the sample loses to the Bayes teacher",
    statement=r"\mathbb E(\tilde R-R)^2 - \mathbb E(\hat R^*-R)^2"
    r" = \tfrac1N\,\mathbb E_\tau\mathbb V_x[d_\tau] + \mathbb E_\tau(\mathbb E_x d_\tau)^2,"
    r"\ d_\tau=(p_\tau-p^*)\cdot\ell,\ \tau\text{ shared}",
    lhs=lambda problem: formulas.shared_error(problem) - formulas.bayes_error(problem),
    rhs=formulas.distance_to_bayes_shared,
    draws={"lhs": draws.difference(draws.SHARED_ERROR, VARIANCE_BAYES)},
    tight=(
        Case(
            "one-hot labels drawn once",
            lambda: world([1], [[0.5, 0.5]], [[0, 1]], [0.5, 0.5], [[[1, 0]], [[0, 1]]], 4),
            "both sides are 1/4, four times the loss of fresh labels",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: world(
                [0.5, 0.5],
                [[1, 0], [0, 1]],
                [[0, 1], [0, 1]],
                [0.5, 0.5],
                [[[0.5, 0.5], [0.5, 0.5]]] * 2,
                4,
            ),
            "a teacher that says 1/2 everywhere has no error, and is not the Bayes teacher",
            "unbiased teacher",
        ),
    ),
)


SHARED_UNBIASED_WORST = Claim(
    slug="bias_variance/shared_unbiased_worst",
    title="An unbiased shared teacher errs at most N times as much as one-hot labels",
    statement=r"\mathbb E(\tilde R-R)^2 \le N\,\mathbb V[\hat R]"
    r"\text{ if }\mathbb E_\tau p_\tau = p^*,\ \tau\text{ shared}",
    lhs=formulas.shared_error,
    rhs=lambda problem: problem.num_samples * variance_of_onehot(problem),
    domain=taught_worlds,
    sizes=((3, 3, 2), (1, 2, 2)),
    scale=supported_loss_scale,
    assumptions=(UNBIASED_TEACHER,),
    draws={"lhs": draws.CONDITIONED_ERROR},
    tight=(
        Case(
            "one-hot labels drawn once",
            lambda: world([1], [[0.6, 0.4]], [[0, 1]], [0.6, 0.4], [[[1, 0]], [[0, 1]]], 8),
            "one label for the whole sample: .24 at every N, while one-hot labels err by .24/N",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: world([1], [[0.75, 0.25]], [[0, 1]], [0.5, 0.5], [[[0, 1]], [[0, 1]]], 4),
            "always the rarer label: an error of 9/16 against 3/16",
            "unbiased teacher",
        ),
    ),
    axes=(
        Axis(
            "teacher's noise, from the Bayes probabilities (0) to one drawn label (1), N = 8",
            UNIT_STEPS,
            lambda share: world(
                [1],
                [[0.6, 0.4]],
                [[0, 1]],
                [0.6, 0.4],
                [
                    [[0.6 + 0.4 * share, 0.4 - 0.4 * share]],
                    [[0.6 - 0.6 * share, 0.4 + 0.6 * share]],
                ],
                8,
            ),
        ),
    ),
    uses=("bias_variance/mse_shared", "variance_reduction/worst_teacher_upper"),
)


# --- when a teacher is worth having ---------------------------------------------------------------


def _below(problem: FiniteProblem) -> Scalar:
    return (formulas.break_even(problem) - problem.num_samples) * squared_loss_scale(problem)


def _coin(num_samples: Any) -> FiniteProblem:
    """A fair coin, and a teacher who is sure that it is not: break-even at N = 4."""
    return world([1], [[0.5, 0.5]], [[0, 1]], [1], [[[0.25, 0.75]]], num_samples)


_AT_BREAK_EVEN = Case(
    "at break-even",
    lambda: _coin(4),
    "variance 1/4 against a squared bias of 1/16: equal at N = 4",
)

_NUM_SAMPLES = Axis(
    "N, the number of samples: a biased teacher of a fair coin breaks even at N* = 16",
    SAMPLE_SIZES,
    lambda num_samples: world([1], [[0.5, 0.5]], [[0, 1]], [1], [[[0.375, 0.625]]], num_samples),
)

BREAK_EVEN_BELOW = Claim(
    slug="bias_variance/break_even_below",
    title="Up to N* samples the teacher's risk has the smaller error",
    statement=r"N \le N^* = \frac{\mathbb V_{x,y}[\ell]-\mathbb E_\tau v_\tau}"
    r"{\bar b^2+\mathbb V_\tau[b_\tau]} \implies \mathbb E(\tilde R-R)^2 \le \mathbb V[\hat R]",
    lhs=formulas.shared_error,
    rhs=variance_of_onehot,
    domain=worlds,
    sizes=((3, 3, 2), (1, 2, 1)),
    scale=squared_loss_scale,
    assumptions=(Assumption("few samples", "N <= N*", _below),),
    draws={"lhs": draws.CONDITIONED_ERROR, "rhs": VARIANCE_ONEHOT},
    tight=(_AT_BREAK_EVEN,),
    broken=(Case("too many", lambda: _coin(8), "1/16 against 1/32", "few samples"),),
    axes=(_NUM_SAMPLES,),
    uses=("bias_variance/mse_shared",),
)


BREAK_EVEN_ABOVE = dataclasses.replace(
    BREAK_EVEN_BELOW,
    slug="bias_variance/break_even_above",
    title="From N* samples on the one-hot risk has the smaller error",
    statement=r"N \ge N^* = \frac{\mathbb V_{x,y}[\ell]-\mathbb E_\tau v_\tau}"
    r"{\bar b^2+\mathbb V_\tau[b_\tau]} \implies \mathbb V[\hat R] \le \mathbb E(\tilde R-R)^2",
    lhs=variance_of_onehot,
    rhs=formulas.shared_error,
    assumptions=(Assumption("many samples", "N >= N*", lambda problem: -_below(problem)),),
    draws={"lhs": VARIANCE_ONEHOT, "rhs": draws.CONDITIONED_ERROR},
    broken=(Case("too few", lambda: _coin(2), "1/8 against 1/16", "many samples"),),
    axes=(
        Axis(
            "N, the number of samples: a more biased teacher breaks even at N* = 4",
            SAMPLE_SIZES,
            _coin,
        ),
    ),
)


# --- accuracy -------------------------------------------------------------------------------------


def _tables(size: tuple[int, ...]) -> Domain:
    m, labels = size
    parts = simplex(m) * stochastic(m, labels) * stochastic(m, labels) * box(0, 1)
    return parts.named("input_weights", "label_probs", "teacher_probs", "confidence")


def _change(weights: Any, probs: Any, table: Any, confidence: Any) -> Scalar:
    after = formulas.brier_and_error(weights, probs, formulas.overconfident(table, confidence))
    return after - formulas.brier_and_error(weights, probs, table)


ACCURACY_NOT_ENOUGH = Claim(
    slug="bias_variance/accuracy_not_enough",
    title="Teachers of the same accuracy whose students have different risks",
    statement=r"p_s=(1-s)\,p+s\,e_{\hat y}:\quad \mathrm{Brier}(p_s)+\mathrm{err}(p_s)"
    r" -\mathrm{Brier}(p)-\mathrm{err}(p)"
    r" = 2s\,\mathbb E_x(p-p^*)\cdot(e_{\hat y}-p)+s^2\,\mathbb E_x\|e_{\hat y}-p\|_2^2",
    source=Source(MENON, "'Why accuracy is not enough'", "Section 3.3"),
    text_examined=TextExamined.FULL_TEXT,
    relation=Relation.EQ,
    lhs=_change,
    rhs=formulas.cost_of_confidence,
    domain=_tables,
    sizes=((3, 3), (1, 2)),
    draws={"lhs": draws.CONFIDENCE},
    tight=(
        Case(
            "calibrated and certain",
            lambda: arrays([1], [[0.75, 0.25]], [[0.75, 0.25]], 1),
            "both teachers are right with probability 3/4; their students' Brier risks are 3/8"
            " and 1/2",
        ),
    ),
    corners=(
        Case(
            "tie",
            lambda: arrays([1], [[0.75, 0.25]], [[0.5, 0.5]], 0.5),
            "of equal probabilities the first label is chosen, before and after",
        ),
    ),
    axes=(
        Axis(
            "confidence, from a calibrated teacher (0) to a certain one (1)",
            tuple(k / 32 for k in range(33)),
            lambda confidence: arrays([1], [[0.75, 0.25]], [[0.75, 0.25]], confidence),
        ),
    ),
)
