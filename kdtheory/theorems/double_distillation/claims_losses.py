"""Claims on Eqs. 12 and 13: what they are, how low they get, and what minimises them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
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
from kdtheory.losses import softmax_cross_entropy, top_k_error
from kdtheory.retrieval import (
    double_distillation_loss,
    double_distillation_minimiser,
    generalised_softmax_cross_entropy,
)
from kdtheory.theorems.double_distillation import formulas, worlds
from kdtheory.theorems.double_distillation.worlds import size_of_logs, size_of_scores
from kdtheory.theorems.papers import MENON

SIZES = ((3,), (2,))
_SECTION = "Section 4.1"
_LEADS = tuple(k / 8 - 4 for k in range(65))

# --- Equation 12 ----------------------------------------------------------------------------------


def _uniform_loss(label_probs: Any, scores: Any) -> Scalar:
    uniform = jnp.full_like(scores, 1.0 / scores.shape[-1])
    return jnp.dot(label_probs, generalised_softmax_cross_entropy(scores, uniform))


EQ12_UNIFORM = Claim(
    slug="double_distillation/eq12_uniform",
    title="Eq. 12 with a uniform law is the softmax cross-entropy up to a constant",
    statement=r"\log\tfrac1L\sum_{y'}e^{f_{y'}-f_y}"
    r" = -\log\mathrm{softmax}_y(f) - \log L\text{ for every }y",
    source=Source(MENON, "Eq. 12, uniform P", _SECTION),
    text_examined=TextExamined.FULL_TEXT,
    relation=Relation.EQ,
    lhs=_uniform_loss,
    rhs=lambda label_probs, scores: (
        jnp.dot(label_probs, softmax_cross_entropy(scores)) - math.log(scores.shape[-1])
    ),
    domain=worlds.labelled_scores,
    sizes=SIZES,
    scale=lambda _, scores: size_of_scores(scores),
    tight=(
        Case("equal scores", lambda: arrays([1, 0], [7, 7]), "both sides are log(2) - log(2) = 0"),
    ),
    corners=(
        Case("one label", lambda: arrays([1], [3]), "L = 1: both sides are 0"),
        Case(
            "large scores",
            lambda: arrays([0, 0.5, 0.5], [1e6, 0, -1e6]),
            "both sides are 1.5e6 - log(3)",
        ),
    ),
    axes=(
        Axis(
            "lead of the label's score over two rivals",
            _LEADS,
            lambda lead: arrays([1, 0, 0], [lead, 0, 0]),
        ),
    ),
)


def _expected_loss(label_probs: Any, weights: Any, scores: Any) -> Scalar:
    loss = generalised_softmax_cross_entropy(scores, weights)
    return jnp.sum(jnp.where(label_probs != 0, label_probs * loss, 0.0))


UNBOUNDED_BELOW = Claim(
    slug="double_distillation/unbounded_below",
    title="Eq. 12 is a non-negative loss, as its signature says",
    statement=r"\log\mathbb E_{y'\sim P}[e^{f_{y'}-f_y}] \ge 0\text{ for every }y",
    source=Source(MENON, "Eq. 12, with the signature of Eq. 3", "Sections 2.1 and 4.1"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.SLIP,
    what_survives="at least log P_y, so that with a uniform law it is the cross-entropy minus"
    " log L and at least -log L: double_distillation/lower_bound. Where P_y = 0, as for"
    " Psi(z) = 1 - z and a teacher that is certain of y, it is not bounded below",
    relation=Relation.GE,
    lhs=_expected_loss,
    rhs=lambda label_probs, weights, scores: 0.0 * scores[0],
    domain=worlds.scores_and_law,
    sizes=SIZES,
    scale=lambda _, weights, scores: size_of_scores(scores),
    counterexample=Case(
        "no weight on the label",
        lambda: arrays([1, 0], [0, 1], [1, 0]),
        "P = (0, 1), f = (t, 0) and the first label: the loss is -t, here -1",
    ),
    axes=(
        Axis(
            "lead of the label's score, where P gives 1/4 to the label and 3/4 to its rival",
            _LEADS,
            lambda lead: arrays([1, 0], [0.25, 0.75], [lead, 0]),
        ),
    ),
)


LOWER_BOUND = dataclasses.replace(
    UNBOUNDED_BELOW,
    slug="double_distillation/lower_bound",
    title="Eq. 12 is at least the logarithm of the label's own weight",
    statement=r"\log\mathbb E_{y'\sim P}[e^{f_{y'}-f_y}] \ge \log P_y\text{ for every }y",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="double_distillation/unbounded_below",
    rhs=lambda label_probs, weights, _: formulas.expected_log_weight(label_probs, weights),
    counterexample=None,
    tight=(
        Case(
            "certain label",
            lambda: arrays([1, 0], [1, 0], [-2, 3]),
            "P is on the label itself: both sides are 0",
        ),
        Case(
            "far ahead",
            lambda: arrays([1, 0], [0.5, 0.5], [40, 0]),
            "the label's score leads by log(1/t): the loss is log((1 + t)/2)",
            limit=lambda t: arrays([1, 0], [0.5, 0.5], [math.log(1 / t), 0]),
        ),
    ),
    corners=(
        Case(
            "no weight on the label",
            lambda: arrays([1, 0], [0, 1], [1, 0]),
            "the bound is minus infinity",
        ),
    ),
)


def _all_scores(rivals: Any, lead: Any) -> Any:
    """Returns all scores: first that of the true label, behind the best of its rivals."""
    return jnp.concatenate([jnp.max(rivals)[None] - lead, rivals])


ZERO_ONE_BOUND = Claim(
    slug="double_distillation/zero_one_bound",
    title="The cross-entropy in bits bounds the zero-one error, ties counted as errors",
    statement=r"[\![\,f_y\le\max_{y'\ne y}f_{y'}\,]\!]"
    r" \le -\log_2\mathrm{softmax}_y(f)\text{ where there is an error}",
    lhs=lambda rivals, lead: top_k_error(_all_scores(rivals, lead))[0],
    rhs=lambda rivals, lead: softmax_cross_entropy(_all_scores(rivals, lead))[0] / math.log(2),
    domain=worlds.errors,
    sizes=SIZES,
    scale=lambda rivals, lead: size_of_scores(rivals) + lead,
    tight=(
        Case("tie of two", lambda: arrays([2], 0), "both sides are 1: log 2 in bits"),
        Case(
            "tie of two, a third far behind",
            lambda: arrays([2, -38], 0),
            "the third label adds e^-t to 2",
            limit=lambda t: arrays([0, math.log(t)], 0),
        ),
    ),
    corners=(Case("tie of three", lambda: arrays([0, 0], 0), "an error, and log 3 in bits"),),
    axes=(
        Axis(
            "how far the only rival is ahead of the label",
            tuple(k / 16 for k in range(65)),
            lambda lead: arrays([0], lead),
        ),
    ),
)

# --- Equation 13 ----------------------------------------------------------------------------------


def _loss(teacher_probs: Any, weights: Any, scores: Any) -> Scalar:
    return double_distillation_loss(scores, teacher_probs, weights)


_STUDENT_LEAD = Axis(
    "lead of the first label's score; p = (3/4, 1/4), w = 1 - p",
    _LEADS,
    lambda lead: arrays([0.75, 0.25], [0.25, 0.75], [lead, 0]),
)


def _teacher_probability(values: tuple[float, ...]) -> Axis:
    return Axis(
        "p, the teacher's probability of one of two labels; weights 1 - p",
        values,
        lambda first: arrays([first, 1 - first], [1 - first, first], 0),
    )


def _weighted_scale(_: Any, weights: Any, scores: Any) -> Scalar:
    return size_of_scores(scores) + size_of_logs(weights)


EQ13_OFFSET = Claim(
    slug="double_distillation/eq13_offset",
    title="Double-distillation is plain distillation of a student with offset logits",
    statement=r"\sum_yp_y\log\sum_{y'}w_{y'}e^{f_{y'}-f_y}"
    r" = \mathrm{KL}(p\,\|\,\mathrm{softmax}(f+\log w)) + H(p) + \sum_yp_y\log w_y",
    relation=Relation.EQ,
    lhs=_loss,
    rhs=formulas.offset_form,
    domain=worlds.weighted_scores,
    sizes=SIZES,
    scale=_weighted_scale,
    tight=(
        Case(
            "weights of one",
            lambda: arrays([0.5, 0.5], [1, 1], [0, 0]),
            "plain distillation: both sides are log 2",
        ),
    ),
    axes=(_STUDENT_LEAD,),
    corners=(
        Case("one label", lambda: arrays([1], [0.25], [5]), "both sides are log(1/4)"),
        Case(
            "certain teacher",
            lambda: arrays([1, 0], [1e-12, 1], [50, 0]),
            "the label itself has next to no weight: the loss is close to log(1e-12)",
        ),
    ),
    terms={
        "divergence": lambda probs, weights, scores: (
            formulas.offset_form(probs, weights, scores)
            - formulas.least_double_distillation_loss(probs, weights)
        ),
        "infimum": lambda probs, weights, _: formulas.least_double_distillation_loss(
            probs, weights
        ),
    },
)


def _at_the_minimiser(teacher_probs: Any, weights: Any, shift: Any) -> Scalar:
    scores = double_distillation_minimiser(teacher_probs, weights) + shift
    return double_distillation_loss(scores, teacher_probs, weights)


MINIMISER = Claim(
    slug="double_distillation/minimiser",
    title="The loss at log(p/w), whatever constant is added",
    statement=r"f_y=\log(p_y/w_y)+c\ \Rightarrow\ \sum_yp_y\log\sum_{y'}w_{y'}e^{f_{y'}-f_y}"
    r" = H(p)+\sum_yp_y\log w_y",
    relation=Relation.EQ,
    lhs=_at_the_minimiser,
    rhs=lambda probs, weights, _: formulas.least_double_distillation_loss(probs, weights),
    domain=worlds.shifted_minimisers,
    sizes=SIZES,
    scale=lambda _, weights, shift: 1.0 + jnp.abs(shift) + size_of_logs(weights),
    tight=(
        Case(
            "fair coin",
            lambda: arrays([0.5, 0.5], [2, 2], 0),
            "both sides are log 2 + log 2",
        ),
    ),
    corners=(
        Case("one label", lambda: arrays([1], [3], 1), "both sides are log 3"),
        Case(
            "no mass",
            lambda: arrays([1, 0], [0.5, 4], 0),
            "the second score is minus infinity: both sides are log(1/2)",
        ),
    ),
    axes=(_teacher_probability(tuple(k / 64 for k in range(1, 64))),),
)


MINIMUM = Claim(
    slug="double_distillation/minimum",
    title="No scores have a smaller double-distillation loss than log(p/w)",
    statement=r"H(p)+\sum_yp_y\log w_y \le \sum_yp_y\log\sum_{y'}w_{y'}e^{f_{y'}-f_y}"
    r"\text{ for every }f",
    lhs=lambda probs, weights, _: formulas.least_double_distillation_loss(probs, weights),
    rhs=_loss,
    domain=worlds.weighted_scores,
    sizes=SIZES,
    scale=_weighted_scale,
    tight=(
        Case(
            "log odds",
            lambda: arrays([0.75, 0.25], [0.25, 0.75], [math.log(9), 0]),
            "w = 1 - p and f = log(p/w) + log 3: both sides are -(log 3)/2",
        ),
        Case(
            "weights p",
            lambda: arrays([0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [1, 1, 1]),
            "w = p asks for equal scores, whatever p: both sides are 0",
        ),
    ),
    axes=(_STUDENT_LEAD,),
    uses=("double_distillation/minimiser",),
)


def _more_probable(teacher_probs: Any) -> Scalar:
    """Returns 1 if the first label is the more probable of two, -1 if the second is, else 0."""
    return jnp.sign(teacher_probs[0] - teacher_probs[1])


def _lead(scores: Any, teacher_probs: Any) -> Scalar:
    """Returns the lead of the more probable one of the first two labels; 0 if there is none."""
    first, second = scores[0], scores[1]
    apart = teacher_probs[0] != teacher_probs[1]
    difference = jnp.where(apart, first, 0.0) - jnp.where(apart, second, 0.0)
    return _more_probable(teacher_probs) * difference


def _decreasing_margin(teacher_probs: Any, weights: Any, _: Any) -> Scalar:
    order = _more_probable(teacher_probs)
    rise = weights[1] - weights[0]
    return jnp.where(order == 0, -jnp.abs(rise), order * rise)


RANKING = Claim(
    slug="double_distillation/ranking",
    title="The minimiser ranks labels as the teacher does, and parts them further",
    statement=r"p_j\ge p_k\ \Rightarrow\ 0\le\log p_j-\log p_k \le f_j-f_k"
    r"\text{ for }f=\log(p/\Psi(p)),\ \Psi>0\text{ decreasing}",
    lhs=lambda probs, *_: _lead(jnp.log(probs), probs),
    rhs=lambda probs, weights, _: _lead(double_distillation_minimiser(probs, weights), probs),
    domain=worlds.shifted_minimisers,
    sizes=SIZES,
    scale=lambda _, weights, __: 1.0 + size_of_logs(weights),
    assumptions=(
        Assumption(
            "decreasing",
            r"w = Psi(p) with Psi decreasing: a more probable label has no larger weight",
            _decreasing_margin,
        ),
    ),
    tight=(
        Case(
            "constant weights",
            lambda: arrays([0.75, 0.25], [1, 1], 0),
            "plain distillation: both sides are log 3",
        ),
    ),
    corners=(
        Case(
            "tie",
            lambda: arrays([0.5, 0.5], [0.25, 0.25], 0),
            "equal probabilities have equal weights, and equal scores",
        ),
        Case(
            "no mass",
            lambda: arrays([1, 0], [0.5, 1], 0),
            "a label that the teacher excludes comes infinitely far behind, on both sides",
        ),
    ),
    broken=(
        Case(
            "increasing weights",
            lambda: arrays([0.75, 0.25], [1, 0.25], 0),
            "the weights overturn the order: p/w is 3/4 and 1",
            "decreasing",
        ),
    ),
    axes=(_teacher_probability(tuple(0.5 + k / 128 for k in range(63))),),
    uses=("double_distillation/minimiser",),
)
