"""Proposition 3 as printed: Eqs. 9 and 10, by how the teacher is drawn and by their readings."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory.claim import Axis, Case, Claim, Finding, Source, TextExamined
from kdtheory.theorems.bias_variance import axes, bounds, draws, formulas
from kdtheory.theorems.bias_variance.worlds import (
    CONSTANT,
    squared_loss_scale,
    with_constant,
    worlds_with_constant,
)
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.variance_reduction.draws import FRESH_ERROR

SIZES = ((3, 3, 2), (2, 2, 1), (1, 2, 2))

# Labels differ between the inputs, so that the risk varies with the sample; C is L B^2 = 2.
_BAYES_TEACHER = Case(
    "Bayes teacher",
    lambda: with_constant(
        2,
        [0.5, 0.5],
        [[0.75, 0.25], [0.25, 0.75]],
        [[0, 1], [0, 1]],
        [1],
        [[[0.75, 0.25], [0.25, 0.75]]],
        2,
    ),
    "no bias: the error is the variance over the inputs",
)

_CORNERS = (
    Case(
        "constant loss",
        lambda: with_constant(
            2,
            [0.5, 0.5],
            [[0.5, 0.5], [0.25, 0.75]],
            [[0.75, 0.75], [0.75, 0.75]],
            [1],
            [[[1, 0], [0, 1]]],
            2,
        ),
        "every teacher is right; the bound does not see it",
    ),
)

_SMALL_CONSTANT = Case(
    "constant too small",
    lambda: with_constant(
        0.25, [1, 0], [[0.5, 0.5]] * 2, [[0, 1]] * 2, [1], [[[0, 1], [0.5, 0.5]]], 1
    ),
    "a teacher that is off by (1/2, -1/2) errs by 1/4; C = 1/4 < 2 allows 1/8",
    "constant",
)

EQ9_FIXED = Claim(
    slug="bias_variance/eq9_fixed",
    title="Eq. 9 for a teacher that does not vary",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb V_x[p^{\mathrm t}\cdot\ell]"
    r" + C\,(\mathbb E_x\|p^{\mathrm t}(x)-p^*(x)\|_2)^2,\ C = LB^2",
    source=Source(MENON, "Proposition 3, Eq. 9 (fixed teacher)", "Section 3.2"),
    text_examined=TextExamined.FULL_TEXT,
    lhs=lambda problem, _: formulas.fixed_error(problem),
    rhs=bounds.eq9_bound,
    domain=worlds_with_constant,
    sizes=((3, 3, 1), (2, 2, 1)),
    scale=squared_loss_scale,
    assumptions=(CONSTANT,),
    draws={"lhs": draws.with_constant(draws.CONDITIONED_ERROR)},
    tight=(_BAYES_TEACHER,),
    corners=_CORNERS,
    broken=(_SMALL_CONSTANT,),
    axes=(axes.BIAS,),
    uses=("bias_variance/mse_fixed",),
)


EQ9_FRESH = dataclasses.replace(
    EQ9_FIXED,
    slug="bias_variance/eq9_fresh",
    title="Eq. 9 for a teacher drawn afresh at every sample point",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb V_{x,\tau}[p_\tau\cdot\ell]"
    r" + C\,(\mathbb E_{x,\tau}\|p_\tau(x)-p^*(x)\|_2)^2,\ C = LB^2,\ \tau\text{ fresh}",
    source=Source(MENON, "Proposition 3, Eq. 9 (fresh noise)", "Section 3.2"),
    lhs=lambda problem, _: formulas.fresh_error(problem),
    sizes=((3, 3, 2), (2, 2, 1)),
    draws={"lhs": draws.with_constant(FRESH_ERROR)},
    axes=(axes.CHANCE_WITH_CONSTANT,),
    uses=("bias_variance/mse_fresh",),
)


def _sometimes_wrong(chance: Any, num_samples: Any) -> Any:
    """Labels are deterministic; one teacher in so many has them all wrong."""
    law = jnp.stack([1 - jnp.asarray(chance), jnp.asarray(chance)])
    tables = [[[1, 0]], [[0, 1]]]
    return with_constant(2, [1], [[1, 0]], [[0, 1]], law, tables, num_samples)


EQ9_SHARED = dataclasses.replace(
    EQ9_FIXED,
    slug="bias_variance/eq9_shared",
    title="Eq. 9 for a random teacher shared over the sample, as printed",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb V_{x,\tau}[p_\tau\cdot\ell]"
    r" + C\,(\mathbb E_{x,\tau}\|p_\tau(x)-p^*(x)\|_2)^2,\ C = LB^2,\ \tau\text{ shared}",
    source=Source(MENON, "Proposition 3, Eq. 9 (random teacher)", "Sections 3.2 and 3.3"),
    finding=Finding.FAILS,
    what_survives="Eq. 9 for a fixed teacher, for a teacher drawn afresh at every sample point, and"
    " at N = 1; with the square inside the mean over the teacher for every random teacher"
    " (bias_variance/shared_norm, shared_tv, shared_kl). No constant C repairs it for N >= 2: the"
    " risk of a shared teacher varies as a whole, and that variance is not divided by N",
    lhs=lambda problem, _: formulas.shared_error(problem),
    sizes=SIZES,
    tight=(),
    corners=(
        *_CORNERS,
        Case(
            "one sample",
            lambda: _sometimes_wrong(0.125, 1),
            "N = 1: shared and fresh are the same, and Eq. 9 holds",
        ),
        Case(
            "at the threshold",
            lambda: _sometimes_wrong(1 / 7, 2),
            "a chance of (1-1/N)/(2C-1/N) = 1/7: both sides are 1/7",
        ),
    ),
    broken=(_SMALL_CONSTANT,),
    counterexample=Case(
        "one teacher in eight is wrong",
        lambda: _sometimes_wrong(0.125, 2),
        "the error is 1/8 at every N; the bound is (7/64)/N + 1/16, at N = 2 it is 15/128",
    ),
    axes=(
        Axis(
            "chance of a wrong teacher, N = 2, C = 2",
            tuple(k / 256 for k in range(65)),
            lambda chance: _sometimes_wrong(chance, 2.0),
        ),
        Axis(
            "N, one teacher in eight wrong",
            tuple(float(n) for n in range(1, 65)),
            lambda num_samples: _sometimes_wrong(0.125, num_samples),
        ),
    ),
    uses=("bias_variance/mse_shared",),
)


EQ10_X_AVERAGE = dataclasses.replace(
    EQ9_SHARED,
    slug="bias_variance/eq10_x_average",
    title="Eq. 10 with its mean and variance taken over the input",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb V[p_\tau\cdot\ell]"
    r" + C\,(\|\mathbb E\,p_\tau(x)-\mathbb E\,p^*(x)\|_2^2 + \mathbb V[p_\tau(x)]),"
    r"\ \mathbb E, \mathbb V\text{ over }x\text{ and }\tau",
    source=Source(MENON, "Proposition 3, Eq. 10 (mean over x)", "Section 3.2"),
    finding=Finding.READING_DEPENDENT,
    what_survives="Eq. 10 with mean and variance over the teacher at each x, and an outer mean over"
    " x: bias_variance/eq10. Errors that cancel between inputs are not small",
    rhs=bounds.eq10_x_average_bound,
    corners=_CORNERS,
    counterexample=Case(
        "always one half",
        lambda: with_constant(
            2,
            [0.5, 0.5],
            [[1, 0], [0, 1]],
            [[1, 0], [0, 1]],
            [1],
            [[[0.5, 0.5], [0.5, 0.5]]],
            1,
        ),
        "right on average over the inputs, so that the right side is 0; its risk is 1/2, not 1",
    ),
    axes=(
        Axis(
            "how far a teacher is from certain labels (0) to 1/2 everywhere (1), N = 1, C = 2",
            axes.UNIT_STEPS,
            lambda share: with_constant(
                2,
                [0.5, 0.5],
                [[1, 0], [0, 1]],
                [[1, 0], [0, 1]],
                [1],
                [[[1 - share / 2, share / 2], [share / 2, 1 - share / 2]]],
                1,
            ),
        ),
    ),
)


EQ10 = dataclasses.replace(
    EQ10_X_AVERAGE,
    slug="bias_variance/eq10",
    title="Eq. 10 for any random teacher, moments of the teacher at each input",
    statement=r"\mathbb E(\tilde R - R)^2 \le \tfrac1N\,\mathbb V_{x,\tau}[p_\tau\cdot\ell]"
    r" + C\,\mathbb E_x(\|\mathbb E_\tau p_\tau(x)-p^*(x)\|_2^2 + \mathbb V_\tau[p_\tau(x)]),"
    r"\ C = LB^2",
    source=Source(MENON, "Proposition 3, Eq. 10 (mean over the teacher)", "Section 3.2"),
    finding=Finding.STANDS,
    what_survives="",
    corrects="bias_variance/eq10_x_average",
    rhs=bounds.eq10_bound,
    tight=(_BAYES_TEACHER,),
    counterexample=None,
    axes=(axes.CHANCE_WITH_CONSTANT,),
    uses=("bias_variance/shared_moment",),
)
