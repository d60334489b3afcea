"""Claims on Lemma 1: the inequality, its gap, its equality case, and inputs of any law."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Axis, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.domains import Domain, box, integers, simplex, stochastic
from kdtheory.objects.problems import FiniteProblem
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.variance_reduction import axes, draws, formulas
from kdtheory.theorems.variance_reduction.worlds import (
    INPUT_LAW,
    LABEL_LAW,
    gap_of,
    largest_possible_variance,
    squared_loss_scale,
    variance_of_bayes,
    variance_of_onehot,
    world,
    world_parts,
    worlds,
)

LEMMA_1 = Source(MENON, "Lemma 1", "Section 3.1")
SIZES = ((3, 3), (2, 2), (2, 5))

_CORNERS = (
    Case("one label", lambda: world([0.5, 0.5], [[1], [1]], [[0.2], [0.7]]), "L = 1: the gap is 0"),
    Case(
        "one input",
        lambda: world([1], [[0.25, 0.75]], [[0, 1]], 2),
        "m = 1: the Bayes-distilled risk is constant",
    ),
    Case(
        "null input",
        lambda: world([1, 0], [[1, 0], [0.5, 0.5]], [[0.3, 0.9], [0, 1]], 4),
        "an input that never occurs contributes nothing",
    ),
    Case(
        "infinite loss without mass",
        lambda: world([0.5, 0.5], [[1, 0], [0.5, 0.5]], [[0.3, jnp.inf], [0, 1]]),
        "0 times infinity counts as 0",
    ),
    Case(
        "large losses, small spread",
        lambda: world([1], [[0.5, 0.5]], [[1e4, 1e4 + 1]]),
        "the variance is 1/4; E l^2 - (E l)^2 would lose it in float32",
    ),
)


LEMMA1 = Claim(
    slug="variance_reduction/lemma1",
    title="The Bayes-distilled risk has the smaller variance",
    statement=r"\mathbb V_S[\hat R^*(f;S)] \le \mathbb V_S[\hat R(f;S)]",
    source=LEMMA_1,
    text_examined=TextExamined.FULL_TEXT,
    lhs=variance_of_bayes,
    rhs=variance_of_onehot,
    domain=worlds,
    sizes=SIZES,
    scale=squared_loss_scale,
    assumptions=(INPUT_LAW, LABEL_LAW),
    draws={"lhs": draws.VARIANCE_BAYES, "rhs": draws.VARIANCE_ONEHOT, "gap": draws.VARIANCE_GAP},
    tight=(
        Case(
            "deterministic labels",
            lambda: world(
                [0.5, 0.25, 0.25],
                [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
                [[0, 1, 1], [1, 0.5, 1], [1, 1, 1]],
                2,
            ),
            "p*(x) is a point mass: both risks are the same random variable",
        ),
        Case(
            "loss constant on supports",
            lambda: world(
                [0.5, 0.5], [[0.5, 0.5, 0], [0, 0.25, 0.75]], [[0.25, 0.25, 1], [0, 0.75, 0.75]], 3
            ),
            "equality case of Jensen's inequality",
        ),
    ),
    corners=_CORNERS,
    broken=(
        Case(
            "signed label weights",
            lambda: world([1], [[2, -1]], [[0, 1]]),
            "the gap becomes p1 p2 (l1 - l2)^2 = -2",
            "label law",
        ),
        Case(
            "signed input weights",
            lambda: world([2, -1], [[1, 0], [0.5, 0.5]], [[0, 0], [0, 1]]),
            "a negative weight on the only input with label noise",
            "input law",
        ),
    ),
    terms={"variance over inputs": variance_of_bayes, "gap": gap_of},
    axes=(
        axes.LABEL_NOISE,
        Axis(
            "N, the number of samples",
            axes.SAMPLE_SIZES,
            lambda n: world(
                [0.5, 0.3, 0.2],
                [[0.5, 0.3, 0.2], [0, 0.75, 0.25], [1, 0, 0]],
                [[0.2, 1, 0.6], [0.9, 0.1, 0.5], [0, 1, 1]],
                n,
            ),
        ),
    ),
    trivial=largest_possible_variance,
)


GAP_IDENTITY = dataclasses.replace(
    LEMMA1,
    slug="variance_reduction/gap_identity",
    title="How much variance Bayes labels remove, exactly",
    statement=r"\mathbb V[\hat R] - \mathbb V[\hat R^*]"
    r" = \tfrac1N\,\mathbb E_x\sum_{j<k}p^*_jp^*_k(\ell_j-\ell_k)^2",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens="variance_reduction/lemma1",
    relation=Relation.EQ,
    lhs=lambda problem: formulas.onehot_minus_bayes(*world_parts(problem)),
    rhs=gap_of,
    # A law of total variance: it holds for signed weights too, so nothing can be dropped.
    assumptions=(),
    broken=(),
    draws={"lhs": draws.VARIANCE_GAP},
    tight=(Case("fair coin", lambda: world([1], [[0.5, 0.5]], [[0, 1]]), "both sides are 1/4"),),
    terms={},
    axes=(axes.LABEL_NOISE,),
    trivial=None,
    uses=("variance_reduction/lemma1",),
)


def _infinite_unless_equal(problem: FiniteProblem) -> Scalar:
    return jnp.where(gap_of(problem) > 0, jnp.inf, 0.0)


def _spread(problem: FiniteProblem, weights: Any) -> Scalar:
    spread = formulas.support_spread(problem.label_probs, problem.losses)
    return jnp.max(jnp.where(weights > 0, spread, 0.0))


def _loss_scale(problem: FiniteProblem) -> Scalar:
    return jnp.sqrt(squared_loss_scale(problem))


EQUALITY_PRINTED = Claim(
    slug="variance_reduction/equality_printed",
    title="Equality in Lemma 1 iff the loss is constant on every support, as printed",
    statement=r"\mathbb V[\hat R^*]=\mathbb V[\hat R] \iff \forall x:\ \ell(f(x))"
    r"\text{ is constant on }\mathrm{supp}\,p^*(x)",
    source=LEMMA_1,
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.SLIP,
    what_survives="the same with 'for almost every x' and a finite second moment:"
    " variance_reduction/equality",
    lhs=lambda problem: _spread(problem, jnp.ones_like(problem.input_weights)),
    rhs=_infinite_unless_equal,
    domain=worlds,
    sizes=SIZES,
    scale=_loss_scale,
    corners=_CORNERS[:2],
    counterexample=Case(
        "null input",
        lambda: world([1, 0], [[1, 0], [0.5, 0.5]], [[0, 0], [0, 1]]),
        "the second input has probability 0: the variances agree although the loss varies there",
    ),
    axes=(axes.NULL_INPUT,),
)


EQUALITY = dataclasses.replace(
    EQUALITY_PRINTED,
    slug="variance_reduction/equality",
    title="Equality in Lemma 1 iff the loss is constant on almost every support",
    statement=r"\mathbb V[\hat R^*]=\mathbb V[\hat R] \iff \ell(f(x))"
    r"\text{ is constant on }\mathrm{supp}\,p^*(x)\text{ for almost every }x",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="variance_reduction/equality_printed",
    lhs=lambda problem: _spread(problem, problem.input_weights),
    counterexample=None,
    tight=(LEMMA1.tight[1],),
    corners=(_CORNERS[0], _CORNERS[2]),
    axes=(axes.WEIGHT_OF_INPUT,),
)


def _design_worlds(size: tuple[int, ...]) -> Domain:
    m, labels, designs, samples = size
    parts = simplex(designs) * integers(0, m - 1, designs, samples)
    parts = parts * stochastic(m, labels) * box(0, 1, m, labels)
    return parts.named("design_weights", "designs", "label_probs", "losses")


def _design_case(*parts: Any) -> tuple[Any, ...]:
    return arrays(*parts)


DESIGN_CONDITIONAL = Claim(
    slug="variance_reduction/design_conditional",
    title="Lemma 1 for inputs with any joint law",
    statement=r"\mathbb V[\hat R^*] \le \mathbb V[\hat R]\text{ for any law of }x_1,\dots,x_N"
    r"\text{, labels independent given the inputs}",
    sharpens="variance_reduction/lemma1",
    lhs=lambda *parts: formulas.design_variances(*parts)[0],
    rhs=lambda *parts: formulas.design_variances(*parts)[1],
    domain=_design_worlds,
    sizes=((3, 3, 3, 4), (2, 2, 1, 2)),
    scale=lambda _w, _d, _p, losses: jnp.maximum(jnp.max(losses**2), jnp.finfo(losses.dtype).tiny),
    draws={"lhs": draws.design_variance_draw(True), "rhs": draws.design_variance_draw(False)},
    tight=(
        Case(
            "deterministic labels",
            lambda: _design_case([0.5, 0.5], [[0, 0], [0, 1]], [[1, 0], [0, 1]], [[0, 1], [1, 1]]),
            "both risks are functions of the inputs alone",
        ),
    ),
    corners=(
        Case(
            "one design",
            lambda: _design_case([1], [[0, 1]], [[0.5, 0.5], [1, 0]], [[0, 1], [0, 1]]),
            "a fixed design: the Bayes-distilled risk does not vary at all",
        ),
    ),
    axes=(
        Axis(
            "correlation of the two inputs of a sample",
            tuple(k / 32 - 1 for k in range(65)),
            axes.correlated_pair,
        ),
    ),
    uses=("variance_reduction/gap_identity",),
)
