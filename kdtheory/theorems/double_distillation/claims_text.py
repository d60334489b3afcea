"""Claims on what Section 4 says around its losses, and on a teacher trained on the same sample."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Axis, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.retrieval import margin_loss
from kdtheory.theorems.double_distillation import formulas, worlds
from kdtheory.theorems.double_distillation.worlds import size_of_scores
from kdtheory.theorems.papers import MENON

SIZES = ((3,), (2,))

# --- the limit of the cross-entropy ---------------------------------------------------------------


def _distance_from(limit: Any, scores: Any, inverse_temperature: Any) -> Scalar:
    return jnp.abs(margin_loss(scores, inverse_temperature)[0] - limit)


GAMMA_ZERO_PRINTED = Claim(
    slug="double_distillation/gamma_zero_printed",
    title="The cross-entropy at temperature 1/gamma tends to the margin as gamma tends to 0",
    statement=r"\bigl|\tfrac1\gamma\log\sum_{y'}e^{\gamma(f_{y'}-f_y)}"
    r" - \max_{y'\ne y}(f_{y'}-f_y)\bigr| \le \gamma\log L",
    source=Source(MENON, "limit before Eq. 12", "Section 4.1"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.SLIP,
    what_survives="the limit gamma to infinity, with the label itself among the rivals, so that it"
    " is max(0, max over y' != y): double_distillation/gamma_infinity. For gamma to 0 the left side"
    " grows like log(L)/gamma: no rate in place of gamma log L would do",
    lhs=lambda scores, gamma: _distance_from(formulas.lead_of_rivals(scores), scores, gamma),
    rhs=lambda scores, gamma: gamma * math.log(scores.shape[0]),
    domain=worlds.tempered_scores,
    sizes=SIZES,
    scale=lambda scores, gamma: size_of_scores(scores) + gamma + 1 / gamma,
    counterexample=Case(
        "equal scores",
        lambda: arrays([0, 0], 0.5),
        "gamma = 1/2: the left side is 2 log 2, the margin 0",
    ),
    axes=(
        Axis(
            "gamma, for a tie of two labels and a third that is 1 behind",
            tuple(10 ** (k / 32 - 1) for k in range(65)),
            lambda gamma: arrays([0, 0, -1], gamma),
        ),
    ),
)


GAMMA_INFINITY = dataclasses.replace(
    GAMMA_ZERO_PRINTED,
    slug="double_distillation/gamma_infinity",
    title="The cross-entropy at temperature 1/gamma tends to the clipped margin, with a rate",
    statement=r"\bigl|\tfrac1\gamma\log\sum_{y'}e^{\gamma(f_{y'}-f_y)}"
    r" - \max(0,\max_{y'\ne y}f_{y'}-f_y)\bigr| \le \tfrac1\gamma\log L",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="double_distillation/gamma_zero_printed",
    lhs=lambda scores, gamma: _distance_from(
        jnp.maximum(formulas.lead_of_rivals(scores), 0.0), scores, gamma
    ),
    rhs=lambda scores, gamma: math.log(scores.shape[0]) / gamma,
    counterexample=None,
    tight=(
        Case("equal scores", lambda: arrays([0, 0], 0.5), "both sides are 2 log 2"),
        Case("three equal scores", lambda: arrays([1, 1, 1], 2), "both sides are (log 3)/2"),
    ),
    corners=(
        Case(
            "far ahead",
            lambda: arrays([50, 0], 1),
            "the left side is about e^-50: the limit is 0, not the margin -50",
        ),
    ),
)

# --- the push loss --------------------------------------------------------------------------------


def _mixed(first: Any, second: Any, share: Any) -> Scalar:
    return jnp.sum(share * jnp.log1p(first) + (1 - share) * jnp.log1p(second))


PUSH_LOSS_PRINTED = Claim(
    slug="double_distillation/push_loss_printed",
    title="g(z) = log(1 + z) of the push loss is convex",
    statement=r"g(tz+(1-t)z') \le t\,g(z)+(1-t)\,g(z'),\ g(z)=\log(1+z)",
    source=Source(MENON, "push loss", "Section 4.2"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.SLIP,
    what_survives="log(1 + z) is concave; as a function of log z it is convex, which is what makes"
    " Eq. 12 convex in the scores: double_distillation/push_loss. The other function has to be"
    " phi(z) = e^z for the order of the arguments in the text: e^-z decreases",
    lhs=lambda first, second, share: jnp.sum(jnp.log1p(share * first + (1 - share) * second)),
    rhs=_mixed,
    domain=worlds.mixtures,
    sizes=((2,), (1,)),
    scale=lambda first, second, _: 1.0 + jnp.sum(jnp.log1p(first) + jnp.log1p(second)),
    counterexample=Case(
        "halfway",
        lambda: arrays([3], [1], 0.5),
        "log 3 on the left, log(8)/2 on the right",
    ),
    axes=(
        Axis(
            "t, the share of z = 16 in a mixture with z' = 1/16",
            tuple(k / 64 for k in range(65)),
            lambda share: arrays([16], [1 / 16], share),
        ),
    ),
)


def _geometric(first: Any, second: Any, share: Any) -> Scalar:
    exponent = share * jnp.log(first) + (1 - share) * jnp.log(second)
    return jnp.sum(jnp.logaddexp(0.0, exponent))


PUSH_LOSS = dataclasses.replace(
    PUSH_LOSS_PRINTED,
    slug="double_distillation/push_loss",
    title="log(1 + e^u) is convex: the push loss is, in the scores",
    statement=r"g(z^tz'^{1-t}) \le t\,g(z)+(1-t)\,g(z'),\ g(z)=\log(1+z)",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="double_distillation/push_loss_printed",
    lhs=_geometric,
    counterexample=None,
    tight=(
        Case("one number", lambda: arrays([1], [1], 0.25), "nothing to mix: both sides are log 2"),
        Case("an end", lambda: arrays([3], [1], 1), "t = 1: both sides are log 4"),
    ),
)

# --- the weight of the positives ------------------------------------------------------------------

POSITIVE_WEIGHT_MASS = Claim(
    slug="double_distillation/positive_weight_mass",
    title="Weights 1 - p cannot ignore the positives: together they keep L+ - 1",
    statement=r"L_+-1 \le \sum_{y\in+}(1-p_y)",
    source=Source(MENON, "total weight of the positives", "Section 4.1"),
    text_examined=TextExamined.FULL_TEXT,
    lhs=lambda _, positive: jnp.sum(positive) - 1.0,
    rhs=lambda probs, positive: jnp.sum(positive * (1.0 - probs)),
    domain=worlds.positives,
    sizes=((4,), (2,)),
    scale=lambda _, positive: 1.0 + jnp.sum(positive),
    tight=(
        Case(
            "all mass on the positives",
            lambda: arrays([0.5, 0.25, 0.25, 0], [1, 1, 1, 0]),
            "both sides are 2",
        ),
    ),
    corners=(
        Case("no positive", lambda: arrays([0.5, 0.5], [0, 0]), "-1 on the left, 0 on the right"),
    ),
    axes=(
        Axis(
            "the teacher's probability of the three positives among four labels",
            tuple(k / 64 for k in range(65)),
            lambda mass: arrays([mass / 3, mass / 3, mass / 3, 1 - mass], [1, 1, 1, 0]),
        ),
    ),
)

# --- a teacher trained on the student's sample ----------------------------------------------------


def _distilled(*world: Any) -> Scalar:
    *fit, student_weights = world
    features, probs, _ = formulas.fitted_law(*fit)
    return jnp.sum(fit[0][:, None] * probs * formulas.student_losses(features, student_weights))


def _one_hot(*world: Any) -> Scalar:
    *fit, student_weights = world
    features, _, counts = formulas.fitted_law(*fit)
    return jnp.sum(counts * formulas.student_losses(features, student_weights))


def _largest_loss(*world: Any) -> Scalar:
    *fit, student_weights = world
    features, _, _ = formulas.fitted_law(*fit)
    losses = formulas.student_losses(features, student_weights)
    return jnp.sum(fit[0]) * (1.0 + jnp.max(losses))


SELF_DISTILLATION_NO_OP = Claim(
    slug="double_distillation/self_distillation_no_op",
    title="A linear softmax teacher changes nothing for a linear student on its own sample",
    statement=r"\sum_np^{\mathrm t}(x_n)\cdot\ell(W\phi_n) = \sum_n\ell(y_n,W\phi_n)"
    r"\text{ for every }W,\text{ if }\sum_np^{\mathrm t}(x_n)\phi_n^\top=\sum_ne_{y_n}\phi_n^\top",
    relation=Relation.EQ,
    lhs=_distilled,
    rhs=_one_hot,
    domain=worlds.fitted_samples,
    sizes=SIZES,
    scale=_largest_loss,
    tight=(
        Case(
            "fair coins",
            lambda: arrays([1, 2, 1], [-1, 0, 1], [[0, 0]] * 2, [1, -1], 1, [[0, 1], [0, 0]]),
            "once the first label at -1, twice the second at 0, once the first at 1: the fit is 1/2"
            " everywhere",
        ),
    ),
    corners=(
        Case(
            "two inputs are one",
            lambda: arrays([1, 1, 2], [1, 1, 0], [[0, 0]] * 2, [1, -1], 1, [[0, 3], [1, 0]]),
            "the labels of one input differ: once the first, once the second",
        ),
    ),
    axes=(
        Axis(
            "slope of the student's score, for a sample that a flat teacher fits",
            tuple(k / 16 - 2 for k in range(65)),
            lambda slope: arrays(
                [1, 2, 1], [-1, 0, 1], [[0, 0]] * 2, [1, -1], 1, [[0, slope], [0, 0]]
            ),
        ),
    ),
)
