"""Claims on the student's objective: unbiasedness, the cross-entropy, empirical minimisers."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Axis, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.domains import Domain, box, reals, simplex, stochastic
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.variance_reduction import axes, draws, formulas

SIZES = ((3, 3), (2, 2), (2, 5))


def _classes(num_samples: int, *shape: int) -> Domain:
    hypotheses, m, labels = shape
    parts = simplex(m) * stochastic(m, labels) * box(0, 1, hypotheses, m, labels)
    return parts.named("input_weights", "label_probs", "losses").map(
        lambda weights, probs, losses: HypothesisProblem(weights, probs, losses, num_samples),
        lambda problem: (problem.input_weights, problem.label_probs, problem.losses),
    )


def _largest_loss(problem: HypothesisProblem) -> Scalar:
    return jnp.maximum(jnp.max(jnp.abs(problem.losses)), jnp.finfo(problem.losses.dtype).tiny)


def _class(weights: Any, probs: Any, losses: Any, num_samples: int) -> HypothesisProblem:
    return HypothesisProblem(
        jnp.asarray(weights, dtype=float),
        jnp.asarray(probs, dtype=float),
        jnp.asarray(losses, dtype=float),
        num_samples,
    )


def _unbiased(distilled: bool) -> Claim:
    name, symbol = ("bayes", r"\hat R^*") if distilled else ("onehot", r"\hat R")
    return Claim(
        slug=f"variance_reduction/unbiased_{name}",
        title=f"The {'Bayes-distilled' if distilled else 'one-hot'} risk is unbiased",
        statement=rf"\mathbb E_S[{symbol}(f;S)] = R(f)",
        source=Source(MENON, "Eqs. 3 and 6" if not distilled else "Eqs. 6 and 7", "Section 3.1"),
        text_examined=TextExamined.FULL_TEXT,
        relation=Relation.EQ,
        lhs=lambda problem: formulas.expected_empirical_risk(problem, distilled=distilled),
        rhs=formulas.first_population_risk,
        domain=lambda size: _classes(size[2], 1, size[0], size[1]),
        sizes=((2, 3, 3), (2, 2, 2)),
        scale=_largest_loss,
        draws={"lhs": draws.empirical_risk_draw(distilled)},
        tight=(
            Case(
                "fair coin",
                lambda: _class([1], [[0.5, 0.5]], [[[0, 1]]], 2),
                "both sides are 1/2",
            ),
        ),
        corners=(
            Case(
                "null input",
                lambda: _class([1, 0], [[1, 0], [0.5, 0.5]], [[[0.25, 1], [0, 1]]], 2),
                "an input that never occurs",
            ),
        ),
        axes=(
            Axis(
                "label noise: how often the label of either input is flipped, N = 2",
                axes.HALF_STEPS,
                lambda noise: _class([0.75, 0.25], axes.flipped(noise), [[[0, 1], [0, 1]]], 2),
            ),
        ),
    )


UNBIASED_ONEHOT = _unbiased(distilled=False)
UNBIASED_BAYES = _unbiased(distilled=True)


def _score_worlds(size: tuple[int, ...]) -> Domain:
    m, labels = size
    parts = simplex(m) * stochastic(m, labels) * reals(m, labels)
    return parts.named("input_weights", "label_probs", "scores")


def _score_scale(weights: Any, probs: Any, scores: Any) -> Scalar:
    return 1.0 + jnp.max(jnp.abs(scores))


def _scores(weights: Any, probs: Any, scores: Any) -> tuple[Any, ...]:
    return arrays(weights, probs, scores)


KL_FORM_PRINTED = Claim(
    slug="variance_reduction/kl_form_printed",
    title="The cross-entropy risk of Bayes labels is the KL divergence, as printed",
    statement=r"\mathbb E_x[p^*(x)\cdot\ell(f(x))]"
    r" = \mathbb E_x\,\mathrm{KL}(p^*(x)\,\|\,\mathrm{softmax}f(x))",
    source=Source(MENON, "remark after Eq. 7", "Section 3.1"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.SLIP,
    what_survives="the same up to the entropy of p*, which does not depend on the student:"
    " variance_reduction/kl_form",
    relation=Relation.EQ,
    lhs=formulas.cross_entropy_risk,
    rhs=formulas.expected_kl,
    domain=_score_worlds,
    sizes=SIZES,
    scale=_score_scale,
    draws={"lhs": draws.CROSS_ENTROPY},
    counterexample=Case(
        "fair coin",
        lambda: _scores([0, 1], [[1, 0], [0.5, 0.5]], [[0, 0], [0, 0]]),
        "a student that knows p* has cross-entropy log 2 and divergence 0",
    ),
    axes=(
        Axis(
            "logit of the student for the more probable of two labels, whose probability is 3/4",
            tuple(k / 16 - 1 for k in range(65)),
            lambda logit: _scores([0.5, 0.5], axes.flipped(0.25), [[logit, 0], [0, logit]]),
        ),
    ),
)


KL_FORM = dataclasses.replace(
    KL_FORM_PRINTED,
    slug="variance_reduction/kl_form",
    title="The cross-entropy risk is the KL divergence plus the entropy of the labels",
    statement=r"\mathbb E_x[p^*(x)\cdot\ell(f(x))]"
    r" = \mathbb E_x\,\mathrm{KL}(p^*(x)\,\|\,\mathrm{softmax}f(x)) + \mathbb E_x H(p^*(x))",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="variance_reduction/kl_form_printed",
    rhs=lambda weights, probs, scores: (
        formulas.expected_kl(weights, probs, scores) + formulas.expected_entropy(weights, probs)
    ),
    counterexample=None,
    tight=(
        Case(
            "Bayes student",
            lambda: _scores([1], [[0.5, 0.5]], [[0, 0]]),
            "the divergence is 0 and both sides are log 2",
        ),
    ),
    corners=(
        Case(
            "deterministic labels",
            lambda: _scores([0.5, 0.5], [[1, 0], [0, 1]], [[3, 0], [0, 30]]),
            "the entropy is 0",
        ),
    ),
    terms={
        "divergence": formulas.expected_kl,
        "entropy": lambda weights, probs, _: formulas.expected_entropy(weights, probs),
    },
)


ERM_EXCESS_RISK = Claim(
    slug="variance_reduction/erm_excess_risk",
    title="A student minimising the Bayes-distilled risk has the smaller excess risk",
    statement=r"\mathbb E_S[R(\hat f^*_S)] - \min_f R(f)"
    r" \le \mathbb E_S[R(\hat f_S)] - \min_f R(f)",
    source=Source(MENON, "sentence after Lemma 1", "Section 3.1"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.DOES_NOT_FOLLOW,
    what_survives="the variance of the objective is smaller (variance_reduction/lemma1); on the"
    " instance shown the excess risk is smaller too from N = 6, ties going to the first hypothesis",
    lhs=lambda problem: formulas.erm_excess_risk(problem, distilled=True),
    rhs=lambda problem: formulas.erm_excess_risk(problem, distilled=False),
    domain=lambda size: _classes(size[3], size[2], size[0], size[1]),
    sizes=((2, 2, 3, 2), (2, 2, 2, 1), (3, 2, 2, 2)),
    scale=_largest_loss,
    draws={"lhs": draws.excess_risk_draw(True), "rhs": draws.excess_risk_draw(False)},
    tight=(
        Case(
            "deterministic labels",
            lambda: _class(
                [0.5, 0.5], [[1, 0], [0, 1]], [[[0, 1], [1, 0.5]], [[0.5, 1], [1, 0]]], 2
            ),
            "both students see the same objective",
        ),
    ),
    corners=(
        Case(
            "one hypothesis",
            lambda: _class([0.5, 0.5], [[0.5, 0.5], [1, 0]], [[[0, 1], [0.25, 1]]], 2),
            "nothing to choose: both sides are 0",
        ),
    ),
    counterexample=Case(
        "two hypotheses",
        lambda: _class(
            [0.75, 0.25], [[0.75, 0.25], [1, 0]], [[[0, 1], [0, 0]], [[0.25, 0], [1, 0]]], 1
        ),
        "one sample: Bayes labels prefer the second hypothesis whenever they see the first input",
    ),
    axes=(
        Axis(
            "probability of the other label at the noisy input, one sample",
            axes.HALF_STEPS,
            lambda noise: _class(
                [0.75, 0.25],
                [[1 - noise, noise], [1, 0]],
                [[[0, 1], [0, 0]], [[0.25, 0], [1, 0]]],
                1,
            ),
        ),
    ),
    uses=("variance_reduction/lemma1",),
)
