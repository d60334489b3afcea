"""Claims on one function and on finite classes, and the three events that their proofs use."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, Quantifier, Source, TextExamined
from kdtheory.concentration import empirical_bernstein_penalty
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.theorems.empirical_bernstein import bounds, draws, formulas
from kdtheory.theorems.empirical_bernstein.worlds import (
    BOUNDED,
    along_levels,
    case,
    levelled_classes,
    rare_loss,
)
from kdtheory.theorems.papers import MAURER_PONTIL

ONE = ((3, 2, 1, 24), (2, 2, 1, 10))
CLASS = ((3, 2, 3, 24), (2, 2, 2, 10))
# Fewer samples, as they are drawn too.
DRAWN = ((3, 2, 1, 12), (2, 2, 1, 10))


def unless_certain(penalty: Any, size_of_class: Any) -> Any:
    """Returns the failure probability that everyone can state, without knowing the bound.

    Zero where the penalty is at least the range of the losses for every sample: there the bound
    says nothing, and cannot fail.
    """

    def trivial(problem: HypothesisProblem, *others: Any) -> Scalar:
        least = penalty(0.0, problem.num_samples, others[-1], size_of_class(problem))
        return jnp.where(least >= 1.0, 0.0, 1.0)

    return trivial


def one_function(*_: Any) -> float:
    """Returns the size of a class of one."""
    return 1.0


def _class_size(problem: HypothesisProblem) -> float:
    return float(len(problem.losses))


def level_of(_: HypothesisProblem, *others: Any) -> Scalar:
    r"""Returns $\delta$, the last part of an instance.

    Without a gradient: a search is to raise the failure probability at the $\delta$ it has, not to
    lower $\delta$, the easiest way to a small difference.
    """
    return jax.lax.stop_gradient(others[-1])


def vanishing(make: Any) -> Case:
    """Returns the case of equality that every such bound has: what hardly ever may fail."""
    return Case(
        "delta to 0",
        lambda: make(1e-6),
        "a constant loss: the bound never fails, which is what delta = 0 asks for",
        limit=make,
    )


def _constant_loss(level: float) -> Any:
    return case([0.5, 0.5], [[0.5, 0.5], [1, 0]], [[[1, 1], [1, 1]]], 10, level)


_RARE = Case(
    "rare loss",
    lambda: case([0.875, 0.125], [[1, 0], [0, 1]], [[[0, 1], [0, 1]]], 10, 0.5),
    "a loss of 1 on one input in eight: a quarter of the samples show neither it nor a variance",
)

_DETERMINISTIC = Case(
    "one input",
    lambda: case([1, 0], [[0.5, 0.5], [1, 0]], [[[0, 1], [1, 1]]], 10, 0.25),
    "the Bayes-distilled risk is exact on every sample, and nothing can fail",
)

# (15/16)^10 = 0.52 > 1/2 have not seen the loss, whose mean is 8/16 > 7 log(4)/27 = 0.36.
_UNSEEN = rare_loss(8, 0.0625, 10, 0.5)
# 1 - 0.988^10 = 0.114 > 1/10 have met the loss: their mean is -10 or less, and the risk is -1.2.
_SEEN = rare_loss(-100, 0.012, 10, 0.1)

SINGLE = Claim(
    slug="empirical_bernstein/single",
    title="The empirical Bernstein bound for one function",
    statement=r"\mathbb P_S\Bigl(Ph > P_nh+\sqrt{2V_n\log(2/\delta)/n}"
    r"+\tfrac{7\log(2/\delta)}{3(n-1)}\Bigr) \le \delta",
    source=Source(MAURER_PONTIL, "Theorem 4"),
    text_examined=TextExamined.ABSTRACT,
    quantifier=Quantifier.WITH_PROBABILITY,
    lhs=bounds.failure_of_single,
    rhs=level_of,
    domain=levelled_classes,
    sizes=ONE,
    assumptions=(BOUNDED,),
    tight=(vanishing(_constant_loss),),
    corners=(_RARE, _DETERMINISTIC),
    broken=(_UNSEEN,),
    axes=(along_levels(256),),
    trivial=unless_certain(empirical_bernstein_penalty, one_function),
    uses=(
        "empirical_bernstein/known_variance",
        "empirical_bernstein/deviation_too_small",
    ),
)


FINITE_CLASS = dataclasses.replace(
    SINGLE,
    slug="empirical_bernstein/finite_class",
    title="The empirical Bernstein bound for all functions of a finite class",
    statement=r"\mathbb P_S\Bigl(\exists h:\ Ph > P_nh+\sqrt{2V_n\log(2K/\delta)/n}"
    r"+\tfrac{7\log(2K/\delta)}{3(n-1)}\Bigr) \le \delta",
    source=Source(MAURER_PONTIL, "Theorem 4, with a union bound"),
    lhs=bounds.failure_of_class,
    sizes=CLASS,
    corners=(
        Case(
            "rare losses",
            lambda: case(
                [0.875, 0.125],
                [[1, 0], [0, 1]],
                [[[0, 1], [0, 1]], [[0.25, 1], [0, 0.75]]],
                10,
                0.5,
            ),
            "two functions that are underestimated by the same samples",
        ),
    ),
    axes=(along_levels(256, hypotheses=2),),
    trivial=unless_certain(empirical_bernstein_penalty, _class_size),
    uses=("empirical_bernstein/single",),
)


def _rare(rate: float) -> Case:
    """Returns the case of equality of what fails where a rare loss has not been seen.

    With a loss of 1 in a share t of the inputs, a sample without it, of probability (1 - t)^n, has
    a mean and a variance of 0: too small at delta = e^(-rate t), while both tend to 1.
    """

    def make(share: float) -> Any:
        weights = [1 - share, share]
        return case(weights, [[1, 0], [0, 1]], [[[0, 1], [0, 1]]], 10, math.exp(-rate * share))

    note = "a loss that is hardly ever met, and a delta next to 1: so is the failure probability"
    return Case("ever rarer loss", lambda: make(1e-6), note, limit=make)


KNOWN_VARIANCE = dataclasses.replace(
    SINGLE,
    slug="empirical_bernstein/known_variance",
    title="Bernstein's inequality, with the variance of the function itself",
    statement=r"\mathbb P_S\Bigl(Ph > P_nh+\sqrt{2\mathbb V[h]\log(1/\delta)/n}"
    r"+\tfrac{\log(1/\delta)}{3n}\Bigr) \le \delta",
    source=OURS,
    text_examined=TextExamined.OURS,
    lhs=lambda problem, level: formulas.bernstein_failure(
        problem.input_weights,
        formulas.bayes_values(problem),
        level,
        num_samples=problem.num_samples,
    ),
    sizes=DRAWN,
    scale=level_of,
    draws={"lhs": draws.KNOWN_VARIANCE_FAILURE},
    tight=(_rare(3.0),),
    broken=(_SEEN,),
    axes=(along_levels(12),),
    trivial=None,
    uses=(),
)


def _deviation(sign: float, name: str, title: str, inequality: str, **rest: Any) -> Claim:
    return dataclasses.replace(
        KNOWN_VARIANCE,
        slug=f"empirical_bernstein/deviation_{name}",
        title=title,
        statement=rf"\mathbb P_S\bigl({inequality}+\sqrt{{2\log(1/\delta)/(n-1)}}\bigr)"
        r" \le \delta",
        source=Source(MAURER_PONTIL, "Theorem 10"),
        text_examined=TextExamined.ABSTRACT,
        lhs=lambda problem, level: formulas.deviation_failure(
            problem.input_weights,
            formulas.bayes_values(problem),
            level,
            num_samples=problem.num_samples,
            sign=sign,
        ),
        draws={},
        **rest,
    )


DEVIATION_TOO_SMALL = _deviation(
    1.0,
    "too_small",
    "The sample's standard deviation is not much too small",
    r"\sqrt{\mathbb V[h]} > \sqrt{V_n}",
    tight=(_rare(3.6),),
    axes=(along_levels(48, share=0.0625),),
    broken=(_UNSEEN,),
)

DEVIATION_TOO_LARGE = _deviation(
    -1.0,
    "too_large",
    "The sample's standard deviation is not much too large",
    r"\sqrt{V_n} > \sqrt{\mathbb V[h]}",
    tight=SINGLE.tight,
    scale=SINGLE.scale,
    axes=(along_levels(48, share=0.0625),),
)
