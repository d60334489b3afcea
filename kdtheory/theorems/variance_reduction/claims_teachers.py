"""Claims on unbiased teachers that are drawn afresh at every sample point."""

from __future__ import annotations

import dataclasses

from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim
from kdtheory.objects.problems import FiniteProblem
from kdtheory.risks import distilled_mse_fresh
from kdtheory.theorems.variance_reduction import axes, draws
from kdtheory.theorems.variance_reduction.worlds import (
    UNBIASED_TEACHER,
    squared_loss_scale,
    taught_worlds,
    teacher_case,
    variance_of_bayes,
    variance_of_onehot,
)


def error_of_fresh_teacher(problem: FiniteProblem) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ for a teacher drawn afresh at every sample point."""
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
    domain=taught_worlds,
    sizes=((3, 3, 3), (2, 2, 2), (2, 3, 4)),
    scale=squared_loss_scale,
    assumptions=(UNBIASED_TEACHER,),
    draws={"lhs": draws.VARIANCE_BAYES, "rhs": draws.FRESH_ERROR},
    tight=(
        Case(
            "Bayes teacher",
            lambda: teacher_case(
                [0.5, 0.5], [[0.5, 0.5], [0, 1]], [[0, 1], [0, 1]], [1], [[[0.5, 0.5], [0, 1]]]
            ),
            "the teacher does not vary",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: teacher_case(
                [0.5, 0.5], [[1, 0], [0, 1]], [[0, 1], [0, 1]], [1], [[[0.5, 0.5], [0.5, 0.5]]]
            ),
            "a teacher that says 1/2 everywhere hits the risk 1/2 on every sample",
            "unbiased teacher",
        ),
    ),
    axes=(axes.TEACHER_NOISE,),
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
            lambda: teacher_case([1], [[0.25, 0.75]], [[0, 1]], [0.25, 0.75], [[[1, 0]], [[0, 1]]]),
            "the teacher is a label drawn from p*",
        ),
    ),
    broken=(
        Case(
            "biased teacher",
            lambda: teacher_case([1], [[1, 0]], [[0, 1]], [1], [[[0, 1]]]),
            "labels are deterministic, and the teacher is always wrong",
            "unbiased teacher",
        ),
    ),
)
