"""Claims on the variance across students: designs of every kind, k responses."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation, TextExamined
from kdtheory.domains import Domain, reals
from kdtheory.objects.students import RandomDesign, Student
from kdtheory.theorems._domains import extended
from kdtheory.theorems.uncertainty_propagation import axes, draws, formulas
from kdtheory.theorems.uncertainty_propagation.worlds import (
    EQUAL_VARIANCES,
    INDEPENDENT_RESPONSES,
    alike,
    correlated,
    prediction_scale,
    random_designs,
    reconstructed,
    student,
    uncorrelated,
)

SINGLE = ((4, 2, 1), (2, 1, 1))
AVERAGED = ((4, 2, 3), (2, 1, 2))

COVARIANCE = Claim(
    slug="uncertainty_propagation/covariance",
    title="Students of single responses differ by the least-squares covariance",
    statement=r"\mathbb V[x^\top\hat\beta] = \sigma^2\,x^\top(X^\top X)^{-1}x"
    r"\text{ for every }x\text{, each student with responses of its own}",
    source=reconstructed("guarantee in linear regression"),
    text_examined=TextExamined.ABSTRACT,
    relation=Relation.EQ,
    lhs=formulas.prediction_variance,
    rhs=formulas.gram_variance,
    domain=alike,
    sizes=SINGLE,
    scale=prediction_scale,
    assumptions=(EQUAL_VARIANCES,),
    draws={"lhs": draws.PREDICTION_VARIANCE},
    tight=(
        Case(
            "mean of two responses",
            lambda: student([[1], [1]], [1, 1], [1], 1),
            "both sides are 1/2",
        ),
    ),
    broken=(
        Case(
            "one response is exact",
            lambda: student([[1], [1]], [1, 0], [1], 1),
            "the mean of a noisy and an exact response has variance 1/4, not 1/2",
            "equal variances",
        ),
    ),
    axes=(axes.PLACE,),
)

K_AVERAGED = Claim(
    slug="uncertainty_propagation/k_averaged",
    title="Averaging k independent responses divides the variance across students by k",
    statement=r"\mathbb V[x^\top\hat\beta_k] = \tfrac1k\,\mathbb V[x^\top\hat\beta_1]",
    source=reconstructed("averaging reduces noise at rate O(1/k)"),
    text_examined=TextExamined.ABSTRACT,
    relation=Relation.EQ,
    lhs=formulas.laid_out_variance,
    rhs=lambda student: formulas.single_response_variance(student) / student.num_responses,
    domain=uncorrelated,
    sizes=AVERAGED,
    scale=prediction_scale,
    assumptions=(INDEPENDENT_RESPONSES,),
    draws={"lhs": draws.PREDICTION_VARIANCE},
    broken=(
        Case(
            "correlated responses",
            lambda: student([[1], [1]], [1, 1], [1], 2, correlation=0.2),
            "the variance falls to (1 + 0.2)/2 of a single response's, not to 1/2",
            "independent responses",
        ),
    ),
    axes=(axes.PLACE_AVERAGED,),
    uses=("uncertainty_propagation/covariance",),
)

CORRELATED_FLOOR = Claim(
    slug="uncertainty_propagation/correlated_floor",
    title="Correlated responses leave a floor that no averaging removes",
    statement=r"\mathbb V[x^\top\hat\beta_k]"
    r" = \bigl(\rho + \tfrac{1-\rho}k\bigr)\,\mathbb V[x^\top\hat\beta_1]",
    relation=Relation.EQ,
    lhs=formulas.laid_out_variance,
    rhs=formulas.prediction_variance,
    domain=correlated,
    sizes=AVERAGED,
    scale=prediction_scale,
    draws={"lhs": draws.PREDICTION_VARIANCE},
    tight=(
        Case(
            "the same response twice",
            lambda: student([[1], [1]], [1, 1], [1], 2, correlation=1.0),
            "nothing is gained: 1/2 on both sides",
        ),
    ),
    axes=(axes.CORRELATION,),
    uses=("uncertainty_propagation/k_averaged",),
)

HETEROSCEDASTIC = Claim(
    slug="uncertainty_propagation/heteroscedastic",
    title="With unequal variances the covariance is a sandwich",
    statement=r"\mathbb V[x^\top\hat\beta] = x^\top G^{-1}(X^\top VX)G^{-1}x,\ G = X^\top X",
    source=reconstructed("guarantee in linear regression, unequal variances"),
    text_examined=TextExamined.ABSTRACT,
    relation=Relation.EQ,
    lhs=formulas.laid_out_variance,
    rhs=formulas.sandwich_variance,
    domain=correlated,
    sizes=AVERAGED,
    scale=prediction_scale,
    draws={"lhs": draws.PREDICTION_VARIANCE},
    axes=(axes.ONE_NOISY,),
)


def _with_moves(size: tuple[int, ...]) -> Domain:
    return extended(
        uncorrelated(size),
        reals(size[0]).named("move"),
        lambda student, move: (student, move),
        lambda student, move: (student, move),
    )


def _unit(student: Student, move: Any) -> Scalar:
    return prediction_scale(student) + jnp.max(student.variances) * jnp.sum(move**2)


WEIGHTED_IS_BEST = Claim(
    slug="uncertainty_propagation/weighted_is_best",
    title="No linear unbiased student varies less than the one that weights by precision",
    statement=r"x^\top(X^\top V^{-1}X)^{-1}x \le \mathbb V[a^\top y]"
    r"\text{ for every }a\text{ with }a^\top X = x^\top",
    lhs=lambda student, move: formulas.weighted_variance(student),
    rhs=formulas.other_unbiased_variance,
    domain=_with_moves,
    sizes=SINGLE,
    scale=_unit,
    tight=(
        Case(
            "equal variances",
            lambda: (student([[1], [1]], [1, 1], [1], 1), jnp.zeros(2)),
            "least squares itself: both sides are 1/2",
        ),
    ),
    axes=(axes.MOVE,),
    uses=("uncertainty_propagation/heteroscedastic",),
)


def _random_scale(design: RandomDesign) -> Scalar:
    value = formulas.random_design_limit(design)
    return jnp.maximum(value, jnp.finfo(value.dtype).tiny)


RANDOM_DESIGN = Claim(
    slug="uncertainty_propagation/random_design",
    title="Students with Gaussian inputs of their own",
    statement=r"\mathbb E_X\mathbb V[x^\top\hat\beta\,|\,X]"
    r" = \sigma^2\,\frac{x^\top\Sigma^{-1}x}{n-p-1},\quad X\text{ Gaussian},\ n > p+1",
    source=reconstructed("guarantee in linear regression, random inputs"),
    text_examined=TextExamined.ABSTRACT,
    relation=Relation.EQ,
    lhs=formulas.random_design_variance,
    rhs=formulas.random_design_limit,
    domain=random_designs,
    sizes=((7, 2), (6, 1)),
    scale=_random_scale,
    draws={"lhs": draws.RANDOM_DESIGN},
    tight=(
        Case(
            "unit inputs",
            lambda: RandomDesign(jnp.eye(1), jnp.ones(()), jnp.ones(1), 6),
            "both sides are 1/4",
        ),
    ),
    axes=(axes.FEATURES,),
    uses=("uncertainty_propagation/covariance",),
)

CLAIMS = (
    COVARIANCE,
    K_AVERAGED,
    CORRELATED_FLOOR,
    HETEROSCEDASTIC,
    WEIGHTED_IS_BEST,
    RANDOM_DESIGN,
)
