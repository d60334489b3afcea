"""Eq. 8: the risk of a teacher in a proper loss, and the excess that a student inherits."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Axis, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.divergences import kl_divergence
from kdtheory.losses import brier, log_loss
from kdtheory.objects.problems import FiniteProblem
from kdtheory.theorems.bias_variance.bounds import (
    expected_distance,
    mean_teacher_distance,
    squared_distance,
    teacher_spread,
)
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.proper_losses import draws, formulas
from kdtheory.theorems.proper_losses.worlds import combined, predictions, teachers
from kdtheory.theorems.variance_reduction.axes import UNIT_STEPS


def _teacher_risk(
    weights: Any, probs: Any, teacher: Any, _student: Any, loss_weights: Any
) -> Scalar:
    return combined(loss_weights, formulas.risks_of(weights, probs, teacher))


def _student_risk(
    weights: Any, probs: Any, _teacher: Any, student: Any, loss_weights: Any
) -> Scalar:
    return combined(loss_weights, formulas.risks_of(weights, probs, student))


def _divergence(weights: Any, probs: Any, teacher: Any, _student: Any, loss_weights: Any) -> Scalar:
    return combined(loss_weights, formulas.divergences_of(weights, probs, teacher))


def _entropy(weights: Any, probs: Any, _teacher: Any, _student: Any, loss_weights: Any) -> Scalar:
    return combined(loss_weights, formulas.entropies_of(weights, probs))


def _in_one_loss(which: int, probs: Any, teacher: Any, student: Any) -> tuple[Any, ...]:
    return arrays([1], [probs], [teacher], [student], [float(k == which) for k in range(4)])


EQ8_PRINTED = Claim(
    slug="proper_losses/eq8_printed",
    title="The student's risk is the teacher's divergence plus a constant, as printed",
    statement=r"R(f) = \mathbb E_x[D(p^*(x)\|p^{\mathrm t}(x))] + \mathbb E_x[G(p^*(x))]",
    source=Source(MENON, "Eq. 8", "Section 3.2"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.SLIP,
    what_survives="the same with the teacher on both sides: proper_losses/eq8",
    relation=Relation.EQ,
    lhs=_student_risk,
    rhs=lambda *parts: _divergence(*parts) + _entropy(*parts),
    domain=predictions,
    sizes=((2, 3), (1, 2)),
    draws={"lhs": draws.STUDENT_RISK},
    counterexample=Case(
        "a student that is better than its teacher",
        lambda: _in_one_loss(1, [1, 0], [0.5, 0.5], [1, 0]),
        "Brier loss: the student's risk is 0, the teacher's divergence 1/2",
    ),
    axes=(
        Axis(
            "student's probability of a label, truly 3/4 and 1/2 to the teacher; Brier loss",
            UNIT_STEPS,
            lambda first: _in_one_loss(1, [0.75, 0.25], [0.5, 0.5], [first, 1 - first]),
        ),
    ),
)


EQ8 = dataclasses.replace(
    EQ8_PRINTED,
    slug="proper_losses/eq8",
    title="A teacher's risk in a proper loss is its divergence from Bayes plus an entropy",
    statement=r"R(p^{\mathrm t}) = \mathbb E_x[D(p^*(x)\|p^{\mathrm t}(x))]"
    r" + \mathbb E_x[G(p^*(x))],\ D(p,q)=p\cdot\ell(q)-p\cdot\ell(p),\ G(p)=p\cdot\ell(p)",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="proper_losses/eq8_printed",
    lhs=_teacher_risk,
    draws={"lhs": draws.TEACHER_RISK},
    counterexample=None,
    tight=(
        Case(
            "Brier loss",
            lambda: _in_one_loss(1, [0.5, 0.5], [0.75, 0.25], [0.5, 0.5]),
            "1/8 + 1/2: the divergence is the squared distance",
        ),
        Case(
            "log loss",
            lambda: _in_one_loss(0, [0.5, 0.5], [0.75, 0.25], [0.5, 0.5]),
            "the divergence is the relative entropy, the constant log 2",
        ),
        Case(
            "spherical loss",
            lambda: _in_one_loss(2, [0.6, 0.4], [0.4, 0.6], [0.5, 0.5]),
            "the divergence is the length of p* times one minus a cosine",
        ),
        Case(
            "a loss made from a concave function",
            lambda: _in_one_loss(3, [0.5, 0.5], [0.75, 0.25], [0.5, 0.5]),
            "G(p) = 1 minus a sum of cubes: its Bregman divergence is 3/16 here",
        ),
    ),
    corners=(
        Case(
            "certain and wrong",
            lambda: _in_one_loss(0, [0.5, 0.5], [1, 0], [0.5, 0.5]),
            "log loss: both sides are infinite",
        ),
        Case(
            "a label that never occurs",
            lambda: _in_one_loss(0, [1, 0], [1, 0], [0.5, 0.5]),
            "log loss: 0 times infinity counts as 0",
        ),
    ),
    terms={"divergence": _divergence, "entropy": _entropy},
    axes=(
        Axis(
            "teacher's probability of a label, truly 3/4; Brier loss",
            UNIT_STEPS,
            lambda first: _in_one_loss(1, [0.75, 0.25], [first, 1 - first], [0.5, 0.5]),
        ),
    ),
)


# --- the excess of a random teacher ---------------------------------------------------------------


def _bracket(weights: Any, probs: Any, law: Any, tables: Any) -> Scalar:
    problem = FiniteProblem(weights, probs, jnp.zeros_like(probs), law, tables, jnp.ones(()))
    return mean_teacher_distance(problem, squared_distance) + teacher_spread(problem)


def _expected_divergence(weights: Any, probs: Any, law: Any, tables: Any) -> Scalar:
    each = expected_distance(weights, probs, tables, distance=kl_divergence)
    used = law > 0
    return jnp.sum(jnp.where(used, law * jnp.where(used, each, 0.0), 0.0))


def _from_bayes_to_labels(share: Any) -> tuple[Any, ...]:
    first = [[0.75 + 0.25 * share, 0.25 - 0.25 * share]]
    second = [[0.75 - 0.75 * share, 0.25 + 0.75 * share]]
    return arrays([1], [[0.75, 0.25]], [0.75, 0.25], [first, second])


BRIER_EXCESS = Claim(
    slug="proper_losses/brier_excess",
    title="The bracket of Proposition 3 is the excess Brier risk of the teacher",
    statement=r"\mathbb E_x\bigl[\|\mathbb E_\tau p_\tau-p^*\|_2^2+\mathbb V_\tau[p_\tau]\bigr]"
    r" = \mathbb E\|e_y-p_\tau(x)\|_2^2 - \mathbb E\|e_y-p^*(x)\|_2^2",
    relation=Relation.EQ,
    lhs=_bracket,
    rhs=lambda *parts: formulas.excess_over_bayes(brier, *parts),
    domain=teachers,
    sizes=((2, 3, 2), (1, 2, 2)),
    draws={"rhs": draws.BRIER_EXCESS},
    tight=(
        Case(
            "one-hot labels",
            lambda: arrays([1], [[0.75, 0.25]], [0.75, 0.25], [[[1, 0]], [[0, 1]]]),
            "no bias, variance 3/8: the Brier risk 3/4 less 3/8",
        ),
    ),
    axes=(
        Axis(
            "teacher's noise, from the Bayes probabilities (0) to drawn labels (1)",
            UNIT_STEPS,
            _from_bayes_to_labels,
        ),
    ),
    uses=("proper_losses/eq8", "bias_variance/eq10"),
)


LOG_EXCESS = dataclasses.replace(
    BRIER_EXCESS,
    slug="proper_losses/log_excess",
    title="The expected relative entropy is the excess log loss of the teacher",
    statement=r"\mathbb E_{x,\tau}\,\mathrm{KL}(p^*(x)\|p_\tau(x))"
    r" = \mathbb E[-\log p_\tau(y|x)] - H(Y|X)",
    lhs=_expected_divergence,
    rhs=lambda *parts: formulas.excess_over_bayes(log_loss, *parts),
    draws={"rhs": draws.LOG_EXCESS},
    tight=(
        Case(
            "two opinions",
            lambda: arrays([1], [[0.5, 0.5]], [0.5, 0.5], [[[0.25, 0.75]], [[0.75, 0.25]]]),
            "log 2 - (log 3)/2 either way",
        ),
    ),
    axes=(
        Axis(
            "teacher's noise, from the Bayes probabilities (0) to drawn labels (1, infinite)",
            UNIT_STEPS[:-1],
            _from_bayes_to_labels,
        ),
    ),
    corners=(
        Case(
            "one-hot labels",
            lambda: arrays([1], [[0.75, 0.25]], [0.75, 0.25], [[[1, 0]], [[0, 1]]]),
            "a label that was not drawn has no mass: both sides are infinite",
        ),
    ),
    uses=("proper_losses/eq8",),
)
