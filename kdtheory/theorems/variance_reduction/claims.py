"""The claims of the room, in reading order."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import (
    OURS,
    Assumption,
    Axis,
    Case,
    Claim,
    Finding,
    Relation,
    Source,
    TextExamined,
)
from kdtheory.domains import Domain, box, integers, reals, simplex, stochastic
from kdtheory.objects.problems import FiniteProblem, HypothesisProblem, bayes_problem
from kdtheory.risks import bayes_variance, distilled_mse_fresh, onehot_variance
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.variance_reduction import draws, formulas

LEMMA_1 = Source(MENON, "Lemma 1", "Section 3.1")
SIZES = ((3, 3), (2, 2), (2, 5))


def _world_parts(problem: FiniteProblem) -> tuple[Any, ...]:
    return problem.input_weights, problem.label_probs, problem.losses, problem.num_samples


def worlds(size: tuple[int, ...]) -> Domain:
    """Returns the finite worlds with m inputs and L labels, losses in [0, 1] and N in 1..8."""
    m, labels = size
    parts = simplex(m) * stochastic(m, labels) * box(0, 1, m, labels) * integers(1, draws.MAX_DRAWN)
    return parts.map(bayes_problem, _world_parts)


def _world(weights: Any, probs: Any, losses: Any, num_samples: float = 1.0) -> FiniteProblem:
    arrays = [jnp.asarray(value, dtype=float) for value in (weights, probs, losses, num_samples)]
    return bayes_problem(*arrays)


def squared_loss_scale(problem: FiniteProblem) -> Scalar:
    """Returns the largest squared loss on a support, the unit of every variance of a risk."""
    present = jnp.where(problem.label_probs > 0, problem.losses, 0.0)
    return jnp.maximum(jnp.max(present**2), jnp.finfo(present.dtype).tiny)


def variance_of_onehot(problem: FiniteProblem) -> Scalar:
    """Returns $\\mathbb V[\\hat R]$ of a problem."""
    return onehot_variance(*_world_parts(problem))


def variance_of_bayes(problem: FiniteProblem) -> Scalar:
    """Returns $\\mathbb V[\\hat R^*]$ of a problem."""
    return bayes_variance(*_world_parts(problem))


def _gap(problem: FiniteProblem) -> Scalar:
    return formulas.variance_gap(*_world_parts(problem))


def _largest_possible_variance(problem: FiniteProblem) -> Scalar:
    # Popoviciu: a variable with range B has variance at most B^2 / 4.
    return (jnp.max(problem.losses) - jnp.min(problem.losses)) ** 2 / (4 * problem.num_samples)


def _non_negative(name: str, what: str, field: str) -> Assumption:
    def margin(problem: FiniteProblem) -> Scalar:
        return jnp.min(getattr(problem, field)) * squared_loss_scale(problem)

    return Assumption(name, what, margin)


INPUT_LAW = _non_negative("input law", "inputs are drawn from a law: weights >= 0", "input_weights")
LABEL_LAW = _non_negative("label law", "labels are drawn from p*(x): p* >= 0", "label_probs")

_CORNERS = (
    Case("one label", lambda: _world([0.5, 0.5], [[1], [1]], [[0.2], [0.7]]), "L = 1: the gap is 0"),
    Case(
        "one input",
        lambda: _world([1], [[0.25, 0.75]], [[0, 1]], 2),
        "m = 1: the Bayes-distilled risk is constant",
    ),
    Case(
        "null input",
        lambda: _world([1, 0], [[1, 0], [0.5, 0.5]], [[0.3, 0.9], [0, 1]], 4),
        "an input that never occurs contributes nothing",
    ),
    Case(
        "infinite loss without mass",
        lambda: _world([0.5, 0.5], [[1, 0], [0.5, 0.5]], [[0.3, jnp.inf], [0, 1]]),
        "0 times infinity counts as 0",
    ),
    Case(
        "large losses, small spread",
        lambda: _world([1], [[0.5, 0.5]], [[1e4, 1e4 + 1]]),
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
            lambda: _world([0.5, 0.25, 0.25], [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
                           [[0, 1, 1], [1, 0.5, 1], [1, 1, 1]], 2),
            "p*(x) is a point mass: both risks are the same random variable",
        ),
        Case(
            "loss constant on supports",
            lambda: _world([0.5, 0.5], [[0.5, 0.5, 0], [0, 0.25, 0.75]],
                           [[0.25, 0.25, 1], [0, 0.75, 0.75]], 3),
            "equality case of Jensen's inequality",
        ),
    ),
    corners=_CORNERS,
    broken=(
        Case("signed label weights", lambda: _world([1], [[2, -1]], [[0, 1]]),
             "the gap becomes p1 p2 (l1 - l2)^2 = -2", "label law"),
        Case("signed input weights",
             lambda: _world([2, -1], [[1, 0], [0.5, 0.5]], [[0, 0], [0, 1]]),
             "a negative weight on the only input with label noise", "input law"),
    ),
    terms={"variance over inputs": variance_of_bayes, "gap": _gap},
    axes=(
        Axis("N", tuple(float(n) for n in range(1, 65)),
             lambda n: _world([0.5, 0.3, 0.2], [[0.5, 0.3, 0.2], [0, 0.75, 0.25], [1, 0, 0]],
                              [[0.2, 1, 0.6], [0.9, 0.1, 0.5], [0, 1, 1]], n)),
        Axis("probability of the first of two labels", tuple(i / 64 for i in range(65)),
             lambda p: _world([1.0], jnp.stack([jnp.stack([p, 1 - p])]), [[0, 1]])),
    ),
    trivial=_largest_possible_variance,
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
    lhs=lambda problem: formulas.onehot_minus_bayes(*_world_parts(problem)),
    rhs=_gap,
    # A law of total variance: it holds for signed weights too, so nothing can be dropped.
    assumptions=(),
    broken=(),
    draws={"lhs": draws.VARIANCE_GAP},
    tight=(Case("fair coin", lambda: _world([1], [[0.5, 0.5]], [[0, 1]]), "both sides are 1/4"),),
    terms={},
    axes=(),
    trivial=None,
    uses=("variance_reduction/lemma1",),
)


def _infinite_unless_equal(problem: FiniteProblem) -> Scalar:
    return jnp.where(_gap(problem) > 0, jnp.inf, 0.0)


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
        lambda: _world([1, 0], [[1, 0], [0.5, 0.5]], [[0, 0], [0, 1]]),
        "the second input has probability 0: the variances agree although the loss varies there",
    ),
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
)


def _classes(num_samples: int, *shape: int) -> Domain:
    hypotheses, m, labels = shape
    parts = simplex(m) * stochastic(m, labels) * box(0, 1, hypotheses, m, labels)
    return parts.map(
        lambda weights, probs, losses: HypothesisProblem(weights, probs, losses, num_samples),
        lambda problem: (problem.input_weights, problem.label_probs, problem.losses),
    )


def _largest_loss(problem: HypothesisProblem) -> Scalar:
    return jnp.maximum(jnp.max(jnp.abs(problem.losses)), jnp.finfo(problem.losses.dtype).tiny)


def _class(weights: Any, probs: Any, losses: Any, num_samples: int) -> HypothesisProblem:
    arrays = [jnp.asarray(value, dtype=float) for value in (weights, probs, losses)]
    return HypothesisProblem(*arrays, num_samples=num_samples)


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
        sizes=((2, 3, 3), (3, 2, 2)),
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
    )


UNBIASED_ONEHOT = _unbiased(distilled=False)
UNBIASED_BAYES = _unbiased(distilled=True)


def _score_worlds(size: tuple[int, ...]) -> Domain:
    m, labels = size
    return simplex(m) * stochastic(m, labels) * reals(m, labels)


def _score_scale(weights: Any, probs: Any, scores: Any) -> Scalar:
    return 1.0 + jnp.max(jnp.abs(scores))


def _scores(weights: Any, probs: Any, scores: Any) -> tuple[Any, ...]:
    return tuple(jnp.asarray(value, dtype=float) for value in (weights, probs, scores))


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
    rhs=lambda weights, probs, scores: formulas.expected_kl(weights, probs, scores)
    + formulas.expected_entropy(weights, probs),
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


def _taught(
    weights: Any, losses: Any, teacher_weights: Any, teacher_probs: Any, num_samples: Any
) -> FiniteProblem:
    """Returns the problem whose Bayes probabilities are the mean of the teacher: no bias."""
    mean = jnp.tensordot(teacher_weights, teacher_probs, 1)
    return FiniteProblem(weights, mean, losses, teacher_weights, teacher_probs, num_samples)


def _taught_parts(problem: FiniteProblem) -> tuple[Any, ...]:
    return (
        problem.input_weights,
        problem.losses,
        problem.teacher_weights,
        problem.teacher_probs,
        problem.num_samples,
    )


def _taught_worlds(size: tuple[int, ...]) -> Domain:
    m, labels, teachers = size
    parts = simplex(m) * box(0, 1, m, labels) * simplex(teachers)
    parts = parts * stochastic(teachers, m, labels) * integers(1, draws.MAX_DRAWN)
    return parts.map(_taught, _taught_parts)


def _bias_margin(problem: FiniteProblem) -> Scalar:
    mean = jnp.tensordot(problem.teacher_weights, problem.teacher_probs, 1)
    return -jnp.max(jnp.abs(mean - problem.label_probs)) * squared_loss_scale(problem)


UNBIASED_TEACHER = Assumption(
    "unbiased teacher", r"E_\tau p_\tau(x) = p^*(x) for every x", _bias_margin
)


def _teacher_case(weights: Any, probs: Any, losses: Any, law: Any, tables: Any) -> FiniteProblem:
    arrays = [jnp.asarray(v, dtype=float) for v in (weights, probs, losses, law, tables)]
    return FiniteProblem(*arrays, jnp.asarray(2.0))


def error_of_fresh_teacher(problem: FiniteProblem) -> Scalar:
    """Returns $\\mathbb E(\\tilde R - R)^2$ for a teacher drawn afresh at every sample point."""
    return distilled_mse_fresh(
        problem.input_weights,
        problem.label_probs,
        problem.losses,
        problem.teacher_weights,
        problem.teacher_probs,
        problem.num_samples,
    )


WORST_TEACHER_LOWER = Claim(
    slug="variance_reduction/worst_teacher_lower",
    title="No unbiased fresh teacher beats the Bayes teacher",
    statement=r"\mathbb V[\hat R^*] \le \mathbb E(\tilde R - R)^2"
    r"\text{ if }\mathbb E_\tau p_\tau = p^*,\ \tau\text{ fresh}",
    lhs=variance_of_bayes,
    rhs=error_of_fresh_teacher,
    domain=_taught_worlds,
    sizes=((3, 3, 3), (2, 2, 2), (2, 3, 4)),
    scale=squared_loss_scale,
    assumptions=(UNBIASED_TEACHER,),
    draws={"lhs": draws.VARIANCE_BAYES, "rhs": draws.FRESH_ERROR},
    tight=(
        Case(
            "Bayes teacher",
            lambda: _teacher_case([0.5, 0.5], [[0.5, 0.5], [0, 1]], [[0, 1], [0, 1]],
                                  [1], [[[0.5, 0.5], [0, 1]]]),
            "the teacher does not vary",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: _teacher_case([0.5, 0.5], [[1, 0], [0, 1]], [[0, 1], [0, 1]],
                                  [1], [[[0.5, 0.5], [0.5, 0.5]]]),
            "a teacher that says 1/2 everywhere hits the risk 1/2 on every sample",
            "unbiased teacher",
        ),
    ),
    uses=("variance_reduction/lemma1",),
)

WORST_TEACHER_UPPER = dataclasses.replace(
    WORST_TEACHER_LOWER,
    slug="variance_reduction/worst_teacher_upper",
    title="The one-hot label is the worst unbiased fresh teacher",
    statement=r"\mathbb E(\tilde R - R)^2 \le \mathbb V[\hat R]"
    r"\text{ if }\mathbb E_\tau p_\tau = p^*,\ \tau\text{ fresh}",
    lhs=error_of_fresh_teacher,
    rhs=variance_of_onehot,
    draws={"lhs": draws.FRESH_ERROR, "rhs": draws.VARIANCE_ONEHOT},
    tight=(
        Case(
            "one-hot teacher",
            lambda: _teacher_case([1], [[0.25, 0.75]], [[0, 1]], [0.25, 0.75],
                                  [[[1, 0]], [[0, 1]]]),
            "the teacher is a label drawn from p*",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: _teacher_case([1], [[1, 0]], [[0, 1]], [1], [[[0, 1]]]),
            "labels are deterministic, and the teacher is always wrong",
            "unbiased teacher",
        ),
    ),
)

ERM_EXCESS_RISK = Claim(
    slug="variance_reduction/erm_excess_risk",
    title="A student minimising the Bayes-distilled risk has the smaller excess risk",
    statement=r"\mathbb E_S[R(\hat f^*_S)] - \min_f R(f) \le \mathbb E_S[R(\hat f_S)] - \min_f R(f)",
    source=Source(MENON, "sentence after Lemma 1", "Section 3.1"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.DOES_NOT_FOLLOW,
    what_survives="the variance of the objective is smaller (variance_reduction/lemma1); on the"
    " instance shown the excess risk is smaller too from N = 5",
    lhs=lambda problem: formulas.erm_excess_risk(problem, distilled=True),
    rhs=lambda problem: formulas.erm_excess_risk(problem, distilled=False),
    domain=lambda size: _classes(size[3], size[2], size[0], size[1]),
    sizes=((2, 2, 2, 2), (2, 2, 2, 1), (3, 2, 3, 2)),
    scale=_largest_loss,
    draws={"lhs": draws.excess_risk_draw(True), "rhs": draws.excess_risk_draw(False)},
    tight=(
        Case(
            "deterministic labels",
            lambda: _class([0.5, 0.5], [[1, 0], [0, 1]], [[[0, 1], [1, 0.5]], [[0.5, 1], [1, 0]]], 2),
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
        lambda: _class([0.75, 0.25], [[0.75, 0.25], [1, 0]],
                       [[[0, 1], [0, 0]], [[0.25, 0], [1, 0]]], 1),
        "one sample: Bayes labels prefer the second hypothesis whenever they see the first input",
    ),
    uses=("variance_reduction/lemma1",),
)


def _design_worlds(size: tuple[int, ...]) -> Domain:
    m, labels, designs, samples = size
    parts = simplex(designs) * integers(0, m - 1, designs, samples)
    return parts * stochastic(m, labels) * box(0, 1, m, labels)


def _design_case(*parts: Any) -> tuple[Any, ...]:
    return tuple(jnp.asarray(part, dtype=float) for part in parts)


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
    uses=("variance_reduction/gap_identity",),
)

CLAIMS = (
    LEMMA1,
    GAP_IDENTITY,
    EQUALITY_PRINTED,
    EQUALITY,
    UNBIASED_ONEHOT,
    UNBIASED_BAYES,
    KL_FORM_PRINTED,
    KL_FORM,
    WORST_TEACHER_LOWER,
    WORST_TEACHER_UPPER,
    ERM_EXCESS_RISK,
    DESIGN_CONDITIONAL,
)
