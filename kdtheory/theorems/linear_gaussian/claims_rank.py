"""Claims on students of a limited rank: the best map, its tail, and the shift it leads to."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.domains import Domain, box, integers
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    axes,
    draws_rank,
    given_data,
    rank_map,
    rank_tail,
    two_teachers,
    worlds,
)
from kdtheory.theorems.linear_gaussian.worlds import design_case, spectrum_case
from kdtheory.theorems.papers import LI_HE

APPENDIX = "appendix E"
_RANK_MAP = Source(LI_HE, "best map of rank kappa in prediction space", APPENDIX)


def _maps(size: tuple[int, ...]) -> Domain:
    outputs, features, samples = size
    parts = box(-2, 2, outputs, features) * box(-2, 2, features, samples)
    parts = parts * box(-2, 2, features, 1) * box(-2, 2, 1, features)
    return parts.named("teacher_weights", "inputs", "left_factor", "right_factor")


def _factored_error(weights: Any, inputs: Any, left: Any, right: Any) -> Scalar:
    return jnp.sum((weights @ inputs - weights @ (left @ (right @ inputs))) ** 2)


RANK_MAP = Claim(
    slug="linear_gaussian/rank_map",
    title="No map of rank one has a smaller error than the tail of singular values",
    statement=r"\sum_{j>\kappa}\sigma_j^2(W_TX) \le \|W_TX-W_TABX\|_F^2,"
    r"\quad A\in\mathbb R^{d\times\kappa},\ B\in\mathbb R^{\kappa\times d},\ \kappa=1",
    source=_RANK_MAP,
    text_examined=TextExamined.EXCERPT,
    lhs=lambda weights, inputs, *_: rank_map.tail_energy(weights @ inputs, rank=1),
    rhs=_factored_error,
    domain=_maps,
    sizes=((2, 2, 2), (2, 1, 2), (3, 2, 3)),
    # An optimal map leaves the tail of a much larger energy: the error is a difference of such.
    scale=lambda weights, inputs, *_: worlds.at_least_tiny(jnp.sum((weights @ inputs) ** 2)),
    tight=(
        Case(
            "the best map",
            lambda: arrays([[1, 0], [0, 2]], [[1, 0], [0, 1]], [[0], [1]], [[0, 1]]),
            "W_T X = diag(1, 2): its second direction is kept, and 1 is left",
        ),
    ),
    corners=(
        Case(
            "no map at all",
            lambda: arrays([[1, 0], [0, 2]], [[1, 0], [0, 1]], [[0], [0]], [[0, 0]]),
            "rank zero is within the budget",
        ),
        Case(
            "a null direction",
            lambda: arrays([[1, 2], [0, 0]], [[1, 0], [0, 0]], [[1], [0]], [[1, 2]]),
            "two maps without error, W_T M = (1, 2) here and (1, 0) for diag(1, 0)",
        ),
    ),
    axes=(axes.KEPT_DIRECTION,),
)


def _teachers(size: tuple[int, ...]) -> Domain:
    return worlds.designs_and(size, "teacher_weights", size[0], size[1])


def _attained(design: LinearGaussianDesign, weights: Any) -> Scalar:
    best = given_data.truncated_student_mean(design, weights, rank=1)
    return rank_map.map_error(design, weights, best)


_ONE_BY_ONE = Case(
    "one by one",
    lambda: (design_case([[1.0]], [[0.5]]), jnp.asarray([[2.0]])),
    "one output, one feature, one sample",
)
_NO_TEACHER = Case(
    "no teacher",
    lambda: (design_case([[1.0]], [[0.5]]), jnp.asarray([[0.0]])),
    "W_T = 0",
)


RANK_MAP_ATTAINED = Claim(
    slug="linear_gaussian/rank_map_attained",
    title="Projecting the outputs and the inputs attains the tail of singular values",
    statement=r"\|W_TX-\Pi W_TP_XX\|_F^2 = \sum_{j>\kappa}\sigma_j^2(W_TX),\quad\kappa=1",
    source=_RANK_MAP,
    text_examined=TextExamined.EXCERPT,
    relation=Relation.EQ,
    lhs=_attained,
    rhs=lambda design, weights: rank_map.tail_energy(weights @ design.inputs, rank=1),
    domain=_teachers,
    sizes=((2, 2, 3), (1, 1, 1), (3, 3, 2)),
    scale=lambda design, weights: worlds.at_least_tiny(
        jnp.sum(weights**2) * jnp.sum(design.inputs**2)
    ),
    tight=(_ONE_BY_ONE,),
    corners=(_NO_TEACHER,),
    axes=(axes.SECOND_VALUE,),
    uses=(RANK_MAP.slug,),
)


def _apx(rank: int, design: LinearGaussianDesign, weights: Any) -> Scalar:
    return given_data.apx_cross_spread_given_teacher(design, weights, rank=rank)[0]


APX_MONOTONE_IN_RANK = Claim(
    slug="linear_gaussian/apx_monotone_in_rank",
    title="The price of capacity does not grow with the rank",
    statement=r"\mathrm{apx}_{1} \le \mathrm{apx}_{0},\quad \mathrm{apx}_\kappa=\tfrac12["
    r"\lambda\|(I-\Pi_\kappa)W_TP_X\|^2+\tfrac{\beta}{\nu^2}\sum_{j>\kappa}\sigma_j^2(W_TX)]",
    lhs=functools.partial(_apx, 1),
    rhs=functools.partial(_apx, 0),
    domain=_teachers,
    sizes=worlds.DESIGN_SIZES,
    scale=lambda *instance: worlds.at_least_tiny(_apx(0, *instance)),
    tight=(_NO_TEACHER,),
    corners=(_ONE_BY_ONE,),
    axes=(axes.SECOND_VALUE,),
)


def _shift(rank: algorithm_shift.Rank, spectrum: DesignSpectrum) -> Scalar:
    return algorithm_shift.algorithm_shift_exact(spectrum, rank=rank)


SHIFT_NOT_MONOTONE = Claim(
    slug="linear_gaussian/shift_not_monotone",
    title="A student of full rank has no larger algorithm shift than one of rank zero",
    statement=r"E\,\mathrm{KL}(q_S^{\kappa=\mathrm{full}}(\cdot|\hat D)\,\|\,q_T(\cdot|\hat D))"
    r" \le E\,\mathrm{KL}(q_S^{\kappa=0}(\cdot|\hat D)\,\|\,q_T(\cdot|\hat D)),"
    r"\quad\Sigma_S=\Sigma_T",
    source=OURS,
    finding=Finding.DOES_NOT_FOLLOW,
    what_survives="The term that the text calls the price of capacity does not grow with the rank"
    " (apx_monotone_in_rank). The shift can: the cross term, which the text bounds away, is"
    " negative and vanishes with rising rank as well. The student of higher rank has the larger"
    " algorithm shift where the prior dominates the data (per direction, at beta = 1 and W* = 0,"
    " for rho below 0.22). The statement is ours, to say against what a higher rank is cheaper:"
    " the text examined breaks off in its checklist where it would speak of the rank.",
    lhs=functools.partial(_shift, "full"),
    rhs=functools.partial(_shift, "zero"),
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    scale=lambda spectrum: worlds.at_least_tiny(
        algorithm_shift.algorithm_shift_bound(spectrum)
        + algorithm_shift.algorithm_shift_bound(spectrum, rank="zero")
    ),
    counterexample=Case(
        "a strong prior",
        lambda: spectrum_case([1.0], [0.0], prior_precision=4.0),
        "k = d = n = 1, X = 1, W* = 0, beta = nu = 1: 0.146 at full rank, 0.124 at rank zero",
    ),
    corners=(
        Case(
            "a strong signal",
            lambda: spectrum_case([4.0], [4.0], prior_precision=0.25),
            "where the data speak, the higher rank is the better one",
        ),
    ),
    axes=(axes.precision(0.0),),
)


def _means_and_variances(size: tuple[int, ...]) -> Domain:
    return (box(-2, 2, 2, size[0]) * box(1 / 16, 4)).named("mean_columns", "variance")


def _any_variance(size: tuple[int, ...]) -> Domain:
    return (box(-2, 2, 2, size[0]) * box(0, 4)).named("mean_columns", "variance")


def _square(columns: Any) -> Any:
    return jnp.pad(columns, ((0, 0), (0, 2 - columns.shape[1])))


def _energy(columns: Any, variance: Any) -> Scalar:
    return worlds.at_least_tiny(jnp.sum(columns**2) + 4.0 * variance)


def _tail_by_bessel(columns: Any, variance: Any) -> Scalar:
    return rank_tail.expected_tail_two_by_two(_square(columns), variance)


# |z| is a quarter of the integral of |Re(z e^{-i theta})| over the circle. The trapezoid rule with
# N nodes on half of it leaves exp(-N^2 t/|m|^2) of the integral: nothing, down to t = 1/16.
_ANGLES = (np.arange(96) + 0.5) * math.pi / 96


def _mean_length(distance: Scalar, variance: Scalar) -> Scalar:
    """Returns E|m + z| from means of |N(m cos theta, v/2)|."""
    means = distance * jnp.asarray(np.cos(_ANGLES), distance.dtype)
    folded = jnp.sqrt(variance / math.pi) * jnp.exp(-(means**2) / variance)
    folded += means * erf(means / jnp.sqrt(variance))
    return 0.5 * math.pi * jnp.mean(folded)


def _tail_by_angles(columns: Any, variance: Any) -> Scalar:
    (a, b), (c, d) = _square(columns)
    squares = ((a + d) ** 2 + (c - b) ** 2) / 4, ((a - d) ** 2 + (c + b) ** 2) / 4
    first, second = (_mean_length(jnp.sqrt(square), variance) for square in squares)
    return squares[0] + squares[1] + 2.0 * variance - 2.0 * first * second


EXPECTED_TAIL = Claim(
    slug="linear_gaussian/expected_tail",
    title="The expected tail of a two-by-two matrix in closed form",
    statement=r"E\sigma_2^2(A) = |m_1|^2+|m_2|^2+2t-2E|m_1+z_1|\,E|m_2+z_2|,"
    r"\quad A_{ij}\sim N(\cdot,t)\text{, by Bessel functions and by angles}",
    relation=Relation.EQ,
    lhs=_tail_by_bessel,
    rhs=_tail_by_angles,
    domain=_means_and_variances,
    sizes=((2,), (1,)),
    scale=_energy,
    draws={"lhs": draws_rank.EXPECTED_TAIL},
    tight=(
        Case("centred", lambda: arrays([[0], [0]], 1), "2 - pi/2"),
        Case("far", lambda: arrays([[2, 0], [0, 1]], 0.0625), "close to the tail of the mean"),
    ),
    axes=(axes.VARIANCE,),
)


EXPECTED_TAIL_BOUND = Claim(
    slug="linear_gaussian/expected_tail_bound",
    title="The expected tail is at most the tail of the expected Gram matrix",
    statement=r"E\sum_{j>\kappa}\sigma_j^2(A) \le \min\{\sum_{j>\kappa}\lambda_j(EA\,EA^\top"
    r"+\operatorname{tr}(V)I),\ \sum_{j>\kappa}\lambda_j(EA^\top EA+kV)\},\quad\kappa=1",
    lhs=_tail_by_bessel,
    rhs=lambda columns, variance: rank_tail.tail_upper_bound(
        _square(columns), variance * jnp.ones(2, columns.dtype), rank=1
    ),
    domain=_any_variance,
    sizes=((2,), (1,)),
    scale=_energy,
    tight=(
        Case("no noise", lambda: arrays([[2, 0], [0, 1]], 0), "both are the tail of the mean, 1"),
    ),
    corners=(Case("centred", lambda: arrays([[0], [0]], 1), "2 - pi/2 against 2"),),
    axes=(axes.ANY_VARIANCE,),
    uses=(EXPECTED_TAIL.slug,),
)


def _two_teachers(size: tuple[int, ...]) -> Domain:
    (directions,) = size
    parts = box(-1, 1, 2, directions) * box(-1, 1, 2, directions) * box(1 / 16, 4, directions)
    parts = parts * box(-1, 1, 2, directions) * box(1 / 2, 2)
    parts = parts * integers(1, two_teachers.MAX_INNER)
    return parts.named(
        "weights_0", "weights_1", "strength", "refitted", "student_scale", "num_inner"
    )


_SAME = Case(
    "one teacher",
    lambda: arrays([[1], [0]], [[1], [0]], [1], [[0], [0]], 0.5, 1),
    "W^0 = W^1: the student's law is one Gaussian, and every bound is exact",
)
_SANDWICH: dict[str, Any] = {
    "domain": _two_teachers,
    "sizes": ((2,), (1,)),
    "scale": lambda *instance: 1.0 + two_teachers.two_teacher_shift(*instance),
    "error": two_teachers.quadrature_error,
    "tight": (_SAME,),
    "corners": (
        Case(
            "two teachers",
            lambda: arrays([[1], [0]], [[0], [1]], [1], [[0], [0]], 0.5, 3),
            "orthogonal outputs, three inner draws",
        ),
    ),
    "axes": (axes.TEACHERS_APART,),
}


TRUNCATED_SANDWICH_LOWER = Claim(
    slug="linear_gaussian/truncated_sandwich_lower",
    title="Further draws of the teacher alone bound the shift of a rank-one student from below",
    statement=r"E\log\frac{\frac1M\sum_{m\ge1}\varphi(\Theta;W^m)}{q_T(\Theta)}"
    r" \le \mathrm{KL}(q_S\,\|\,q_T)\text{ given the pseudo labels, two possible teachers}",
    lhs=two_teachers.expected_lower,
    rhs=two_teachers.two_teacher_shift,
    draws={"lhs": draws_rank.TWO_TEACHER_LOWER, "rhs": draws_rank.TWO_TEACHER_SHIFT},
    **_SANDWICH,
)


TRUNCATED_SANDWICH_UPPER = Claim(
    slug="linear_gaussian/truncated_sandwich_upper",
    title="With the generator among the draws they bound it from above",
    statement=r"\mathrm{KL}(q_S\,\|\,q_T) \le"
    r" E\log\frac{\frac1{M+1}\sum_{m\ge0}\varphi(\Theta;W^m)}{q_T(\Theta)}"
    r"\text{ given the pseudo labels, two possible teachers}",
    lhs=two_teachers.two_teacher_shift,
    rhs=two_teachers.expected_upper,
    draws={"lhs": draws_rank.TWO_TEACHER_SHIFT, "rhs": draws_rank.TWO_TEACHER_UPPER},
    **_SANDWICH,
)
