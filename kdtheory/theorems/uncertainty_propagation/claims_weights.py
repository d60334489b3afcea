"""Claims on combinations of estimates: inverse variances, covariances, estimated variances."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Case, Claim, Finding, Relation, TextExamined
from kdtheory.domains import Domain, integers, positive
from kdtheory.propagation import weights
from kdtheory.theorems.uncertainty_propagation import axes, draws, formulas
from kdtheory.theorems.uncertainty_propagation.claims_students import SINGLE
from kdtheory.theorems.uncertainty_propagation.worlds import (
    EQUAL_VARIANCES,
    alike,
    dependent_estimates,
    known_variances,
    reconstructed,
    response_scale,
    student,
    vector_estimates,
)

REUSED = [[1.0, 0.5], [0.5, 0.5]]
"""A response of variance one, and the mean of two responses of which it is one."""


def _arrays(*values: Any) -> tuple[Any, ...]:
    return arrays(*values)


def _size(covariance: Any, *others: Any) -> Scalar:
    """Returns the unit of a variance of weighted estimates; the weights come last."""
    return jnp.max(jnp.diagonal(covariance)) * (1.0 + jnp.sum(others[-1] ** 2))


UNCORRELATED = Assumption(
    "uncorrelated",
    "the estimates are uncorrelated",
    lambda covariance, *_: -jnp.max(jnp.abs(covariance - jnp.diag(jnp.diagonal(covariance)))),
)
KNOWN_VARIANCES = Assumption(
    "known variances",
    "the weights are computed from the true variances",
    lambda covariance, assumed, _: -jnp.max(jnp.abs(jnp.diagonal(covariance) - assumed)),
)

INVERSE_VARIANCE = Claim(
    slug="uncertainty_propagation/inverse_variance",
    title="Inverse-variance weights are the best for uncorrelated estimates of known variance",
    statement=r"\mathbb V\Bigl[\sum_i\frac{v_i^{-1}}{\sum_jv_j^{-1}}t_i\Bigr]"
    r" \le \mathbb V\Bigl[\sum_iw_it_i\Bigr]\text{ for all }w\text{ with }\sum_iw_i = 1",
    source=reconstructed("inverse-variance weighting yields a minimum-variance estimator"),
    text_examined=TextExamined.ABSTRACT,
    lhs=lambda covariance, assumed, _: formulas.naive_variance(covariance, assumed),
    rhs=lambda covariance, _, chosen: weights.combined_variance(covariance, chosen),
    domain=known_variances,
    sizes=((3,), (2,)),
    scale=_size,
    assumptions=(UNCORRELATED, KNOWN_VARIANCES),
    tight=(
        Case(
            "one and one half",
            lambda: _arrays([[1, 0], [0, 1]], [1, 1], [0.5, 0.5]),
            "equal variances, equal weights: both sides are 1/2",
        ),
    ),
    broken=(
        Case(
            "reused response",
            lambda: _arrays(REUSED, [1, 0.5], [0, 1]),
            "a student alone has 1/2; weighted with a response that it was trained on, 5/9",
            "uncorrelated",
        ),
        Case(
            "estimated variances",
            lambda: _arrays([[1, 0], [0, 1]], [1, 3], [0.5, 0.5]),
            "variances estimated as 1 and 3 where both are 1 give 5/8, equal weights 1/2",
            "known variances",
        ),
    ),
    axes=(axes.WEIGHT,),
)

INVERSE_VARIANCE_PRINTED = Claim(
    slug="uncertainty_propagation/inverse_variance_printed",
    title="Inverse-variance weights are the best, without a word on correlation",
    statement=INVERSE_VARIANCE.statement,
    source=INVERSE_VARIANCE.source,
    text_examined=TextExamined.ABSTRACT,
    finding=Finding.NEEDS_CONDITION,
    what_survives="uncorrelated estimates: uncertainty_propagation/inverse_variance; otherwise"
    " weights that know the covariance: uncertainty_propagation/correlated_weights",
    lhs=lambda covariance, _: formulas.naive_variance(covariance, jnp.diagonal(covariance)),
    rhs=weights.combined_variance,
    domain=dependent_estimates,
    sizes=((3,), (2,)),
    scale=_size,
    counterexample=Case(
        "reused response",
        lambda: _arrays(REUSED, [0, 1]),
        "a student alone has 1/2; weighted with a response that it was trained on, 5/9",
    ),
    axes=(axes.COVARIANCE,),
)

CORRELATED_WEIGHTS = dataclasses.replace(
    INVERSE_VARIANCE_PRINTED,
    slug="uncertainty_propagation/correlated_weights",
    title="The best weights for correlated estimates",
    statement=r"\frac1{1^\top C^{-1}1} \le w^\top C\,w\text{ for all }w\text{ with }1^\top w = 1"
    r"\text{, attained}",
    finding=Finding.STANDS,
    what_survives="",
    counterexample=None,
    corrects="uncertainty_propagation/inverse_variance_printed",
    lhs=lambda covariance, _: weights.minimum_variance(covariance),
    tight=(
        Case(
            "reused response",
            lambda: _arrays(REUSED, [0, 1]),
            "a response that the student was trained on gets no weight: both sides are 1/2",
        ),
    ),
    uses=("uncertainty_propagation/inverse_variance",),
)


def _matrix_size(teacher: Any, pupil: Any, cross: Any, weight: Any, direction: Any) -> Scalar:
    largest = jnp.trace(teacher) + jnp.trace(pupil)
    unit = largest * (1.0 + jnp.sum(weight**2)) * jnp.sum(direction**2)
    return jnp.maximum(unit, jnp.finfo(unit.dtype).tiny)


INVERSE_VARIANCE_MATRIX = Claim(
    slug="uncertainty_propagation/inverse_variance_matrix",
    title="Inverse-covariance weights are the best in every direction",
    statement=r"(V_t^{-1}+V_s^{-1})^{-1} \preceq W V_tW^\top + (I-W)V_s(I-W)^\top"
    r"\text{ for every matrix }W",
    source=INVERSE_VARIANCE.source,
    text_examined=TextExamined.ABSTRACT,
    lhs=formulas.naive_matrix_variance,
    rhs=formulas.matrix_variance,
    domain=vector_estimates,
    sizes=((2,), (1,)),
    scale=_matrix_size,
    assumptions=(
        Assumption(
            "uncorrelated",
            "the two estimates are uncorrelated",
            lambda teacher, pupil, cross, weight, direction: (
                -jnp.max(jnp.abs(cross)) * jnp.sum(direction**2)
            ),
        ),
    ),
    tight=(
        Case(
            "equal variances",
            lambda: _arrays([[1]], [[1]], [[0]], [[0.5]], [1]),
            "equal weights: both sides are 1/2",
        ),
    ),
    broken=(
        Case(
            "reused response",
            lambda: _arrays([[1]], [[0.5]], [[0.5]], [[0]], [1]),
            "a student alone has 1/2; weighted with a response that it was trained on, 5/9",
            "uncorrelated",
        ),
    ),
    axes=(axes.MATRIX_WEIGHT,),
    uses=("uncertainty_propagation/inverse_variance",),
)


def _estimated(size: tuple[int, ...]) -> Domain:
    parts = positive(size[0]) * integers(1, draws.MAX_DEGREES)
    return parts.named("variances", "degrees_of_freedom")


def _after_weighting(variances: Any, degrees: Any) -> Scalar:
    return jnp.mean(2.0 * variances * formulas.beta_second_moment(degrees / 2))


def _after_weighting_claimed(variances: Any, degrees: Any) -> Scalar:
    # w (1 - w) has the mean 1/2 - E w^2, and the sum of the estimates, 2 v, is independent of it.
    return jnp.mean(2.0 * variances * (0.5 - formulas.beta_second_moment(degrees / 2)))


ESTIMATED_VARIANCE_COST = Claim(
    slug="uncertainty_propagation/estimated_variance_cost",
    title="What weights from estimated variances cost",
    statement=r"\mathbb V[\hat w\,t+(1-\hat w)\,s] = \frac v2\Bigl(1+\frac1{\nu+1}\Bigr)"
    r"\text{ for two means of variance }v\text{, each estimated with }\nu"
    r"\text{ degrees of freedom; averaged over inputs}",
    relation=Relation.EQ,
    lhs=_after_weighting,
    rhs=lambda variances, degrees: jnp.mean(weights.estimated_weights_variance(variances, degrees)),
    domain=_estimated,
    sizes=((2,), (1,)),
    scale=lambda variances, _: jnp.max(variances),
    draws={"lhs": draws.SQUARED_ERROR},
    tight=(
        Case(
            "four responses each",
            lambda: _arrays([1], 3),
            "both sides are 5/8, where known variances give 1/2",
        ),
    ),
    axes=(axes.DEGREES,),
    uses=("uncertainty_propagation/inverse_variance",),
)

ESTIMATED_VARIANCE_CLAIM = dataclasses.replace(
    ESTIMATED_VARIANCE_COST,
    slug="uncertainty_propagation/estimated_variance_claim",
    title="What weights from estimated variances claim to have",
    statement=r"\mathbb E\,\frac1{1/\hat v_t+1/\hat v_s} = \frac v2\,\frac\nu{\nu+1}"
    r"\text{ where both variances are }v\text{; averaged over inputs}",
    lhs=_after_weighting_claimed,
    rhs=lambda variances, degrees: jnp.mean(weights.claimed_weights_variance(variances, degrees)),
    draws={"lhs": draws.CLAIMED_VARIANCE},
    tight=(
        Case(
            "four responses each",
            lambda: _arrays([1], 3),
            "both sides are 3/8, where known variances give 1/2",
        ),
    ),
    uses=("uncertainty_propagation/estimated_variance_cost",),
)

REUSED_RESPONSE = Claim(
    slug="uncertainty_propagation/reused_response",
    title="A response that the student was trained on deserves no weight",
    statement=r"\min_w\mathbb V[w\,y_i+(1-w)\,\hat y_i] = \mathbb V[\hat y_i]"
    r"\text{ for the least-squares student's }\hat y_i",
    relation=Relation.EQ,
    lhs=formulas.best_with_own_response,
    rhs=formulas.first_prediction_variance,
    domain=alike,
    sizes=SINGLE,
    scale=response_scale,
    assumptions=(EQUAL_VARIANCES,),
    tight=(
        Case(
            "mean of two responses",
            lambda: student([[1], [1]], [1, 1], [1], 1),
            "both sides are 1/2, the student's variance alone",
        ),
    ),
    broken=(
        Case(
            "the other response is exact",
            lambda: student([[1], [1]], [1, 0], [1], 1),
            "twice the mean less the response is the exact one: variance 0, not 1/2",
            "equal variances",
        ),
    ),
    axes=(axes.LEVERAGE,),
    uses=("uncertainty_propagation/correlated_weights",),
)

REUSED_RESPONSE_COST = dataclasses.replace(
    REUSED_RESPONSE,
    slug="uncertainty_propagation/reused_response_cost",
    title="What inverse-variance weights have when the response is reused",
    statement=r"\mathbb V[w\,y_i+(1-w)\,\hat y_i] = \sigma^2\bigl(h+w^2(1-h)\bigr) \ge \sigma^2h"
    r"\text{ for }w = \tfrac h{1+h},\ h = x_i^\top(X^\top X)^{-1}x_i",
    lhs=formulas.naive_with_own_response,
    rhs=formulas.naive_with_own_response_limit,
    draws={"lhs": draws.NAIVE_WITH_OWN_RESPONSE},
    tight=(
        Case(
            "mean of two responses",
            lambda: student([[1], [1]], [1, 1], [1], 1),
            "both sides are 5/9, where the student alone has 1/2 and the weights claim 1/3",
        ),
    ),
    broken=(
        Case(
            "the other response is exact",
            lambda: student([[1], [1]], [1, 0], [1], 1),
            "the weights are 1/5 and 4/5, and give 9/25, not 5/9",
            "equal variances",
        ),
    ),
    uses=("uncertainty_propagation/reused_response",),
)

CLAIMS = (
    INVERSE_VARIANCE_PRINTED,
    INVERSE_VARIANCE,
    INVERSE_VARIANCE_MATRIX,
    CORRELATED_WEIGHTS,
    ESTIMATED_VARIANCE_COST,
    ESTIMATED_VARIANCE_CLAIM,
    REUSED_RESPONSE,
    REUSED_RESPONSE_COST,
)
