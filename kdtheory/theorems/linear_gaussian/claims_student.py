"""Claims on the student covariance of least divergence, and on when it is zero."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation
from kdtheory.objects.designs import DesignSpectrum, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    axes,
    optima,
    student_covariance,
    worlds,
)
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention
from kdtheory.theorems.linear_gaussian.terms import direction_terms
from kdtheory.theorems.linear_gaussian.worlds import (
    design_case,
    scaled,
    spectrum_case,
    student_case,
)

_CONVENTION = {"minnorm": "M=XX^+", "identity": "M=I"}
_SUFFIX = {"minnorm": "", "identity": "_identity"}


def _shift_at_optimum(summary: DesignSpectrum, null: NullConvention = "minnorm") -> Scalar:
    student_scale, null_scale = optima.optimal_student_scale(summary, null=null)
    return algorithm_shift.algorithm_shift_exact(
        summary, null=null, student_scale=student_scale, null_scale=null_scale
    )


def _optimal_student_covariance(null: NullConvention) -> Claim:
    return Claim(
        slug=f"linear_gaussian/optimal_student_covariance{_SUFFIX[null]}",
        title="No covariance that commutes with the design beats (1 - c) Sigma_T"
        + ("" if null == "minnorm" else ", copying the null space"),
        statement=r"\mathrm{KL_{alg}}\text{ at }e_i=(1-c_i)_+ \le"
        r" \mathrm{KL_{alg}}\text{ at any }e_i,"
        rf"\quad\Sigma_S=\sum_ie_i\tau_iu_iu_i^\top,\ {_CONVENTION[null]}",
        lhs=lambda summary, *_: _shift_at_optimum(summary, null),
        rhs=scaled(algorithm_shift.algorithm_shift_exact, null=null),
        domain=worlds.students,
        sizes=worlds.SPECTRUM_SIZES,
        scale=worlds.student_unit,
        tight=(
            Case(
                "the prior as teacher",
                lambda: student_case(
                    spectrum_case([1.0], [0.0], inverse_temperature=0.0), [0.5], 1.0
                ),
                "beta = 0, r = 1: e = 1/2 leaves 1/4",
            ),
        ),
        corners=(
            Case(
                "beyond the golden ratio",
                lambda: student_case(
                    spectrum_case([1.0], [0.0], inverse_temperature=4.0), [0.0625]
                ),
                "the best student would be deterministic given the teacher",
            ),
            Case(
                "null directions",
                lambda: student_case(spectrum_case([1.0], [1.0], num_null=2.0), [1.0], 0.5),
                "the best null scale is 1, or 0 where the null space is copied",
            ),
        ),
        axes=(axes.STUDENT_SCALE if null == "minnorm" else axes.NULL_SCALE,),
        uses=("linear_gaussian/divergence_exact" + _SUFFIX[null],),
    )


OPTIMAL_STUDENT_COVARIANCE = _optimal_student_covariance("minnorm")
OPTIMAL_STUDENT_COVARIANCE_IDENTITY = _optimal_student_covariance("identity")


OPTIMAL_STUDENT_COVARIANCE_GENERAL = Claim(
    slug="linear_gaussian/optimal_student_covariance_general",
    title="No covariance at all beats (1 - c) Sigma_T",
    statement=r"\mathrm{KL_{alg}}\bigl(\Sigma_T^{1/2}(I-C)_+\Sigma_T^{1/2}\bigr)"
    r" \le \mathrm{KL_{alg}}(\Sigma_S)\text{ for every }\Sigma_S\succeq0",
    lhs=lambda design, _: _shift_at_optimum(spectrum(design)),
    rhs=lambda design, factor: student_covariance.general_algorithm_shift_exact(
        worlds.with_student(design, factor)
    ),
    domain=lambda size: worlds.designs_and(size, "student_factor", size[1], size[1]),
    sizes=worlds.DESIGN_SIZES,
    scale=lambda design, _: 1.0 + algorithm_shift.divergence_bound(spectrum(design)),
    tight=(
        Case(
            "the prior as teacher",
            lambda: (
                design_case([[1.0]], [[0.0]], inverse_temperature=0.0),
                jnp.asarray([[jnp.sqrt(0.5)]]),
            ),
            "beta = 0, r = 1: Sigma_S = 1/2 leaves 1/4",
        ),
    ),
    corners=(
        Case(
            "eigenvectors of its own",
            lambda: (
                design_case([[1.0, 0.0], [0.0, 0.5]], [[1.0, -1.0]]),
                jnp.asarray([[0.5, 0.0], [0.5, 0.25]]),
            ),
            "a student covariance that does not commute with the design",
        ),
    ),
    axes=(axes.FACTOR,),
    uses=(OPTIMAL_STUDENT_COVARIANCE.slug,),
)


def _given_up(summary: DesignSpectrum) -> Scalar:
    """Returns what the teacher's covariance costs above the best, from the c_i alone."""
    terms = direction_terms(summary)
    c = terms.residual_variance
    cost = jnp.where(c < 1.0, c - jnp.log1p(c), 1.0 - jnp.log1p(1.0 / c))
    return 0.5 * summary.num_outputs * jnp.sum(jnp.where(terms.active, cost, 0.0))


COV_OPTIMUM_DIFFERS = Claim(
    slug="linear_gaussian/cov_optimum_differs",
    title="Where Cov is least and zero, the divergence is not least",
    statement=r"K_n(\Sigma_T) - \min_{\Sigma_S}K_n(\Sigma_S) = \tfrac k2\sum_{s_i>0}g(c_i),\quad"
    r" g(c) = c-\log(1+c) > 0\text{ for }c\le1,\ 1-\log(1+1/c) > 0\text{ for }c\ge1",
    relation=Relation.EQ,
    lhs=lambda summary: algorithm_shift.algorithm_shift_exact(summary) - _shift_at_optimum(summary),
    rhs=_given_up,
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    # A difference of two divergences: their size is the unit.
    scale=lambda summary: worlds.at_least_tiny(algorithm_shift.divergence_bound(summary)),
    tight=(
        Case(
            "one by one",
            lambda: spectrum_case([1.0], [0.25]),
            "c = 6/7: (6/7 - log(13/7))/2 = 0.119",
        ),
        Case(
            "cold teacher",
            lambda: spectrum_case([1.0], [0.25], inverse_temperature=4.0),
            "c = 105/46: the best student is deterministic given the teacher",
        ),
    ),
    corners=(
        Case("no inputs", lambda: spectrum_case([0.0], [1.0], num_null=1.0), "nothing to gain"),
    ),
    axes=(axes.temperature(0.25),),
    uses=(OPTIMAL_STUDENT_COVARIANCE.slug, "linear_gaussian/cov_minimum"),
)


def _conditional_variance(summary: DesignSpectrum) -> Any:
    """Returns Var(W_T u | pseudo labels)/tau by Gaussian conditioning, per direction."""
    squared, noise = summary.squared_singular_values, summary.noise_std**2
    tau = noise / (summary.prior_precision * noise + summary.inverse_temperature * squared)
    mean_variance = (summary.inverse_temperature * tau) ** 2 * squared / noise
    prior = mean_variance + tau
    return prior * noise / (squared * prior + noise) / tau


def _room(summary: DesignSpectrum) -> Scalar:
    """Returns the least of (1 - c)(threshold - beta) over the directions."""
    thresholds = optima.student_determinism_temperature(direction_terms(summary).fit)
    gap = thresholds - summary.inverse_temperature
    return jnp.min((1.0 - _conditional_variance(summary)) * gap)


STUDENT_DETERMINISM = Claim(
    slug="linear_gaussian/student_determinism",
    title="The student's own noise pays if and only if the teacher is warm enough",
    statement=r"(1-c_i)\bigl(\tfrac{\rho_i+\sqrt{\rho_i^2+4}}2-\beta\bigr) \ge 0"
    r"\text{ in every direction}",
    relation=Relation.GE,
    lhs=_room,
    rhs=lambda summary: jnp.zeros_like(summary.noise_std),
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    # 1 - c is a difference from 1, and c < 1 + beta.
    scale=lambda summary: (1.0 + summary.inverse_temperature) ** 2,
    tight=(
        Case("no inputs", lambda: spectrum_case([0.0], [1.0]), "nothing is fitted: c = 1"),
        Case(
            "at the threshold",
            lambda: spectrum_case([1.0], [0.0], prior_precision=20 / 21, inverse_temperature=4 / 3),
            "fit 7/12, whose threshold is 4/3",
        ),
    ),
    corners=(
        Case(
            "the prior as teacher",
            lambda: spectrum_case([1.0], [0.0], inverse_temperature=0.0),
            "beta = 0: c = 1/2, and the threshold is 1",
        ),
        Case(
            "cold teacher",
            lambda: spectrum_case([1.0], [0.0], inverse_temperature=4.0),
            "both factors are negative",
        ),
    ),
    axes=(axes.temperature(0.0),),
)


def _factored_scales(summary: DesignSpectrum) -> Scalar:
    r"""Returns $\sum_ir_i(\beta_i^+-\beta)_+(\beta+\beta_i^+-\rho_i)/(1+r_i+\rho_i^2)$."""
    terms = direction_terms(summary)
    beta, threshold = (
        summary.inverse_temperature,
        optima.student_determinism_temperature(terms.fit),
    )
    room = jnp.maximum(threshold - beta, 0.0) * (beta + threshold - terms.fit)
    share = terms.predictive_variance / (1.0 + terms.predictive_variance + terms.fit**2)
    return jnp.sum(share * room)


STUDENT_DETERMINISM_SCALE = Claim(
    slug="linear_gaussian/student_determinism_scale",
    title="The best student covariance, in terms of the threshold temperature",
    statement=r"\max(0,1-c_i) = \frac{r_i(\beta_i^+-\beta)_+(\beta+\beta_i^+-\rho_i)}"
    r"{1+r_i+\rho_i^2},\quad\beta_i^+=\tfrac{\rho_i+\sqrt{\rho_i^2+4}}2\text{ (summed over }i)",
    relation=Relation.EQ,
    lhs=lambda summary: jnp.sum(jnp.maximum(1.0 - _conditional_variance(summary), 0.0)),
    rhs=_factored_scales,
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    tight=STUDENT_DETERMINISM.tight[:1] + STUDENT_DETERMINISM.corners[:1],
    corners=STUDENT_DETERMINISM.corners[1:],
    axes=(axes.temperature(0.0),),
    uses=(STUDENT_DETERMINISM.slug,),
)
