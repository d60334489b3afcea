"""Claims on the algorithm shift, and on the total divergence and its bound."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, Relation, Source, TextExamined
from kdtheory.domains import Domain
from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    axes,
    dense,
    draws,
    given_data,
    student_covariance,
    worlds,
)
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention, Rank
from kdtheory.theorems.linear_gaussian.worlds import design_case, spectrum_case
from kdtheory.theorems.linear_gaussian.worlds import scaled as _scaled
from kdtheory.theorems.linear_gaussian.worlds import student_case as _student
from kdtheory.theorems.papers import LI_HE

APPENDIX = "appendix E"

_ALGORITHM_SHIFT = Source(
    LI_HE, "bound on the algorithm shift, kernel at the pseudo data", APPENDIX
)
_COMPACT = Source(LI_HE, "compact decomposition, kernel at the pseudo data", APPENDIX)


_NO_DIRECTION = Case(
    "no inputs",
    lambda: _student(spectrum_case([0.0], [1.0], num_null=1.0), [1.0], 0.5),
    "only the student's covariance on the null space is left",
)
_CORNERS = (
    Case(
        "one by one",
        lambda: _student(spectrum_case([1.0], [0.25]), [1.0]),
        "K = 0.270048, J = 0.859375",
    ),
    Case(
        "cold teacher",
        lambda: _student(spectrum_case([1.0], [0.0], inverse_temperature=4.0), [0.0625]),
        "the posterior spread grows with the inverse temperature",
    ),
    Case(
        "the prior as teacher",
        lambda: _student(spectrum_case([1.0], [1.0], inverse_temperature=0.0), [1.0]),
        "beta = 0: labels carry no signal",
    ),
)


ALGORITHM_SHIFT_PSEUDO = Claim(
    slug="linear_gaussian/algorithm_shift_pseudo",
    title="The algorithm shift is at most spread + Cov, with the kernel at the pseudo data",
    statement=r"E\,\mathrm{KL}(q_S(\cdot|\hat D)\,\|\,q_T(\cdot|\hat D))"
    r" \le E\,\mathrm{spread} + \mathrm{Cov}(\Sigma_S,\Sigma_T)",
    source=_ALGORITHM_SHIFT,
    corrects="linear_gaussian/algorithm_shift_true_data",
    text_examined=TextExamined.EXCERPT,
    lhs=_scaled(algorithm_shift.algorithm_shift_exact),
    rhs=_scaled(algorithm_shift.algorithm_shift_bound),
    domain=worlds.students,
    sizes=worlds.SPECTRUM_SIZES,
    scale=worlds.student_unit,
    terms={
        "spread": lambda summary, *_: algorithm_shift.spread(summary),
        "Cov": _scaled(algorithm_shift.covariance_mismatch),
    },
    tight=(_NO_DIRECTION,),
    corners=_CORNERS,
    axes=(axes.student_temperature(0.0),),
)


ALGORITHM_SHIFT_RANK_ZERO = Claim(
    slug="linear_gaussian/algorithm_shift_rank_zero",
    title="At rank zero apx + cross + spread + Cov is the algorithm shift",
    statement=r"\mathrm{Cov}+\tfrac12\sum_i[\beta\rho_i^3b_i+k\rho_i(\beta+\rho_i+\beta\rho_i^2)]"
    r" = E[\mathrm{apx}+\mathrm{cross}+\mathrm{spread}]+\mathrm{Cov}",
    relation=Relation.EQ,
    lhs=_scaled(algorithm_shift.algorithm_shift_exact, rank="zero"),
    rhs=lambda summary, *scales: (
        algorithm_shift.approximation(summary, rank="zero")
        + algorithm_shift.cross(summary, rank="zero")
        + algorithm_shift.spread(summary, rank="zero")
        + _scaled(algorithm_shift.covariance_mismatch)(summary, *scales)
    ),
    domain=worlds.students,
    sizes=worlds.SPECTRUM_SIZES,
    # The three terms cancel where the prior dominates: their own size is the unit.
    scale=lambda summary, *scales: worlds.at_least_tiny(
        algorithm_shift.approximation(summary, rank="zero")
        + algorithm_shift.spread(summary, rank="zero")
        + _scaled(algorithm_shift.covariance_mismatch)(summary, *scales)
    ),
    tight=(_NO_DIRECTION, _CORNERS[0]),
    corners=_CORNERS[1:],
    axes=(axes.student_temperature(1.0),),
    uses=("linear_gaussian/algorithm_shift_pseudo",),
)


def _split_domain(size: tuple[int, ...]) -> Domain:
    return worlds.designs_and(size, "teacher_weights", size[0], size[1])


def _mean_term(rank: int, design: LinearGaussianDesign, teacher_weights: Any) -> Scalar:
    student = given_data.truncated_student_mean(design, teacher_weights, rank=rank)
    return dense.mean_term_dense(design, teacher_weights, student)


def _parts(rank: int, design: LinearGaussianDesign, teacher_weights: Any) -> tuple[Scalar, ...]:
    return given_data.apx_cross_spread_given_teacher(design, teacher_weights, rank=rank)


def _apx_plus_spread(rank: int, design: LinearGaussianDesign, teacher_weights: Any) -> Scalar:
    approximation, _, spread = _parts(rank, design, teacher_weights)
    return approximation + spread


def _apx_cross_spread(rank: int) -> Claim:
    return Claim(
        slug=f"linear_gaussian/apx_cross_spread_{rank}",
        title=f"The mean term splits exactly into apx + cross + spread (rank {rank})",
        statement=r"\tfrac12E\|W_TM^*-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}"
        rf" = \mathrm{{apx}}+\mathrm{{cross}}+\mathrm{{spread}},\quad\kappa={rank}",
        relation=Relation.EQ,
        lhs=functools.partial(_mean_term, rank),
        rhs=lambda *instance: sum(_parts(rank, *instance)),
        domain=_split_domain,
        sizes=((2, 2, 3), (2, 3, 2), (1, 1, 1)),
        scale=lambda *instance: 1.0 + _apx_plus_spread(rank, *instance),
        draws={"lhs": draws.mean_term_draw(rank)},
        tight=(
            Case(
                "one by one",
                lambda: (design_case([[1.0]], [[0.5]]), jnp.asarray([[2.0]])),
                "one output, one feature, one sample",
            ),
        ),
        corners=(
            Case(
                "the prior as teacher",
                lambda: (
                    design_case([[1.0]], [[0.5]], inverse_temperature=0.0),
                    jnp.asarray([[2.0]]),
                ),
                "beta = 0: the refitted mean is zero",
            ),
        ),
        text_examined=TextExamined.OURS,
        source=OURS,
        axes=(axes.SECOND_VALUE,),
    )


APX_CROSS_SPREAD = _apx_cross_spread(1)
APX_CROSS_SPREAD_ZERO = _apx_cross_spread(0)


CROSS_NONPOSITIVE = dataclasses.replace(
    APX_CROSS_SPREAD,
    slug="linear_gaussian/cross_nonpositive",
    title="The cross term is never positive: apx + spread needs no factor 2",
    statement=r"\tfrac12E\|W_TM^*-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}"
    r" \le \mathrm{apx}+\mathrm{spread},\quad\kappa=1",
    relation=Relation.LE,
    rhs=functools.partial(_apx_plus_spread, 1),
    corners=(),
    uses=(APX_CROSS_SPREAD.slug,),
)


COV_MINIMUM = Claim(
    slug="linear_gaussian/cov_minimum",
    title="The geometry term is least, and zero, where the student has the teacher's covariance",
    statement=r"\mathrm{Cov}(\Sigma_S,\Sigma_T) ="
    r" \tfrac k2[\operatorname{tr}\Sigma_T^{-1}\Sigma_S-d-\log\det\Sigma_T^{-1}\Sigma_S] \ge 0",
    source=Source(LI_HE, "geometry term", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    relation=Relation.GE,
    lhs=lambda design, factor: student_covariance.general_covariance_mismatch(
        worlds.with_student(design, factor)
    ),
    rhs=lambda design, _: jnp.zeros_like(design.noise_std),
    domain=lambda size: worlds.designs_and(size, "student_factor", size[1], size[1]),
    sizes=worlds.DESIGN_SIZES,
    scale=lambda design, _: jnp.asarray(float(design.true_weights.size), design.true_weights.dtype),
    tight=(
        Case(
            "the teacher's covariance",
            lambda: (design_case([[1.0]], [[0.5]]), jnp.asarray([[jnp.sqrt(0.5)]])),
            "Sigma_T = 1/2",
        ),
    ),
    corners=(
        Case(
            "a student without noise",
            lambda: (design_case([[1.0]], [[0.5]]), jnp.asarray([[0.0]])),
            "infinite",
        ),
    ),
    axes=(axes.FACTOR,),
)


def _divergence_exact(name: str, rank: Rank, null: NullConvention, words: str) -> Claim:
    choose = functools.partial(worlds.student_map, rank, null)
    return Claim(
        slug=f"linear_gaussian/divergence_exact{name}",
        title=f"The total divergence in closed form, {words}",
        statement=r"K_n = \mathrm{KL}(\mathrm{law}(\hat Y,\Theta)\,\|\,\mathrm{law}(Y,W_T))"
        rf"\text{{ as a sum over singular directions, {words}}}",
        relation=Relation.EQ,
        lhs=lambda design: algorithm_shift.divergence_exact(spectrum(design), rank=rank, null=null),
        rhs=lambda design: dense.divergence_dense(design, choose(design)),
        domain=worlds.designs,
        sizes=worlds.DESIGN_SIZES,
        scale=lambda design: (
            1.0 + algorithm_shift.divergence_bound(spectrum(design), rank=rank, null=null)
        ),
        draws={"lhs": draws.divergence_draw(rank, null)},
        tight=(
            Case(
                "one by one",
                lambda: design_case([[1.0]], [[0.5]]),
                "k = d = n = 1 with unit hyperparameters",
            ),
        ),
        corners=(
            Case(
                "no signal",
                lambda: design_case([[1.0, 0.5]], [[0.0]]),
                "W* = 0",
            ),
            Case(
                "the prior as teacher",
                lambda: design_case([[1.0, 0.5]], [[1.0]], inverse_temperature=0.0),
                "beta = 0",
            ),
            Case(
                "rank-deficient inputs",
                lambda: design_case([[1.0, 2.0], [0.5, 1.0]], [[1.0, -1.0]]),
                "a null direction inside the features",
            ),
        ),
        axes=(axes.SINGLE_TEMPERATURE if null == "identity" else axes.DESIGN_TEMPERATURE,),
    )


DIVERGENCE_EXACT = _divergence_exact("", "full", "minnorm", "full rank")
DIVERGENCE_EXACT_IDENTITY = _divergence_exact(
    "_identity", "full", "identity", "copying the null space"
)
DIVERGENCE_EXACT_RANK_ZERO = _divergence_exact("_rank_zero", "zero", "minnorm", "rank zero")


DIVERGENCE_BOUND = Claim(
    slug="linear_gaussian/divergence_bound",
    title="The compact decomposition bounds the total divergence",
    statement=r"K_n \le E\tfrac{1}{2\nu^2}(\mathrm{Bias}+k\mathrm{Var})"
    r" + E\,\mathrm{spread} + \mathrm{Cov}(\Sigma_S,\Sigma_T)",
    source=_COMPACT,
    corrects="linear_gaussian/compact_true_data",
    text_examined=TextExamined.EXCERPT,
    lhs=_scaled(algorithm_shift.divergence_exact),
    rhs=_scaled(algorithm_shift.divergence_bound),
    domain=worlds.students,
    sizes=worlds.SPECTRUM_SIZES,
    scale=worlds.student_unit,
    terms=ALGORITHM_SHIFT_PSEUDO.terms,
    tight=(_NO_DIRECTION,),
    corners=_CORNERS,
    axes=(axes.student_temperature(4.0),),
    uses=(
        "linear_gaussian/dataset_shift",
        "linear_gaussian/algorithm_shift_pseudo",
        DIVERGENCE_EXACT.slug,
    ),
)


SLACK_IS_MUTUAL_INFORMATION = Claim(
    slug="linear_gaussian/slack_is_mutual_information",
    title="The bound gives away exactly the information about the teacher",
    statement=r"J - K_n = I(W_T; (\hat Y, \Theta)\,|\,X)",
    relation=Relation.EQ,
    lhs=lambda *instance: (
        _scaled(algorithm_shift.divergence_bound)(*instance)
        - _scaled(algorithm_shift.divergence_exact)(*instance)
    ),
    rhs=_scaled(algorithm_shift.mutual_information),
    domain=worlds.students,
    sizes=worlds.SPECTRUM_SIZES,
    # A difference of two divergences: their size is the unit.
    scale=worlds.student_unit,
    tight=(_NO_DIRECTION, _CORNERS[0]),
    corners=_CORNERS[1:],
    axes=(axes.student_temperature(1.0),),
    uses=(DIVERGENCE_BOUND.slug,),
)
