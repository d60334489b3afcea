"""Claims on what the divergence allows the student's gap to be, without a variance proxy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import box
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, gap_bounds, gap_worlds, gaps, worlds
from kdtheory.theorems.linear_gaussian.claims_divergence import SPECTRUM_SIZES
from kdtheory.theorems.linear_gaussian.worlds import spectrum_case


def _divergence(summary: DesignSpectrum, student_scale: Any, null_scale: Any) -> Scalar:
    return algorithm_shift.divergence_exact(
        summary, student_scale=student_scale, null_scale=null_scale
    )


def _student(squared: Any, signal: Any, *numbers: float, **settings: float) -> Any:
    """Returns (spectrum, number of samples, student scale, ...), scales one per direction."""
    num_samples, student_scale, *rest = numbers
    scales = jnp.full(len(squared), student_scale)
    arrays = map(jnp.asarray, rest)
    return spectrum_case(squared, signal, **settings), jnp.asarray(num_samples), scales, *arrays


_NO_DIRECTION = Case(
    "no inputs",
    lambda: _student([0.0], [1.0], 1.0, 0.5, 1.0, num_null=1.0),
    "K = 0 and no gap: every bound is 0",
)
_CORNERS = (
    Case(
        "one by one",
        lambda: _student([1.0], [0.25], 1.0, 1.0, 1.0),
        "gen_S = 13/16, gen_T = 1",
    ),
    Case(
        "the prior as teacher",
        lambda: _student([1.0], [1.0], 2.0, 1.0, 1.0, inverse_temperature=0.0),
        "beta = 0: gen_T = 0",
    ),
    Case(
        "no signal",
        lambda: _student([4.0, 1.0], [0.0, 0.0], 3.0, 1.0, 1.0, num_null=1.0),
        "W* = 0, with a sample direction that no weight can fit",
    ),
)


def _at_zero(case: Case, argument: float = 0.0) -> Case:
    return dataclasses.replace(
        case, make=lambda: (*case.make(), jnp.asarray(argument, dtype=float))
    )


def _donsker_varadhan(
    summary: DesignSpectrum, num_samples: Any, *rest: Any
) -> tuple[Scalar, Scalar, Scalar]:
    """Returns K, l gen_T and psi(l), whose sum bounds l gen_S."""
    *scales, argument = rest
    mean = argument * gaps.teacher_gap(summary, num_samples)
    return (
        _divergence(summary, *scales),
        mean,
        gaps.gap_centred_log_mgf(summary, num_samples, argument),
    )


def _gap_times_argument(summary: DesignSpectrum, num_samples: Any, *rest: Any) -> Scalar:
    return rest[-1] * gaps.student_gap(summary, num_samples)


def _donsker_varadhan_unit(*instance: Any) -> Scalar:
    divergence, mean, centred = _donsker_varadhan(*instance)
    return worlds.at_least_tiny(divergence + jnp.abs(mean) + centred)


CRAMER_CHERNOFF_UPPER = Claim(
    slug="linear_gaussian/cramer_chernoff_upper",
    title="The divergence and the exact log-mgf bound the student's gap from above",
    statement=r"\mathrm{gen}_S \le \frac{K_n+\log Ee^{\ell h}}\ell,\quad"
    r" 0<\ell\text{ in the domain (compared after multiplication by }\ell)",
    lhs=_gap_times_argument,
    rhs=lambda *instance: sum(_donsker_varadhan(*instance)),
    domain=gap_worlds.at_arguments(gap_worlds.sampled_students, 0, 15 / 16),
    sizes=SPECTRUM_SIZES,
    scale=_donsker_varadhan_unit,
    tight=(_at_zero(_NO_DIRECTION),),
    corners=tuple(_at_zero(case, 0.25) for case in _CORNERS),
    uses=(
        "linear_gaussian/log_mgf",
        "linear_gaussian/gen_gaps_student",
        "linear_gaussian/divergence_exact",
    ),
)


CRAMER_CHERNOFF_LOWER = dataclasses.replace(
    CRAMER_CHERNOFF_UPPER,
    slug="linear_gaussian/cramer_chernoff_lower",
    title="The divergence and the exact log-mgf bound the student's gap from below",
    statement=r"\mathrm{gen}_S \ge \frac{K_n+\log Ee^{\ell h}}\ell,\quad"
    r" 0>\ell\text{ in the domain (compared after multiplication by }\ell)",
    domain=gap_worlds.at_arguments(gap_worlds.sampled_students, -15 / 16, 0),
    corners=tuple(_at_zero(case, -0.25) for case in _CORNERS),
)


def _bound(name: str) -> Callable[..., Scalar]:
    """Returns a field of the bounds at the student's divergence."""

    def side(summary: DesignSpectrum, num_samples: Any, *scales: Any) -> Scalar:
        bounds = gap_bounds.gap_bounds(summary, num_samples, _divergence(summary, *scales))
        return getattr(bounds, name)

    return side


def _bound_unit(*instance: Any) -> Scalar:
    upper, lower = (_bound(f"sub_gamma_{side}")(*instance) for side in ("upper", "lower"))
    return worlds.at_least_tiny(upper - lower + gaps.teacher_gap(*instance[:2]))


def _on_student(name: str, relation: Relation, field: str, words: str, right: str) -> Claim:
    """Returns the claim that a field of the bounds bounds the student's gap."""
    sign = {Relation.LE: r"\le", Relation.GE: r"\ge"}[relation]
    return Claim(
        slug=f"linear_gaussian/{name}",
        title=words,
        statement=rf"\mathrm{{gen}}_S {sign} {right}",
        relation=relation,
        lhs=lambda summary, num_samples, *_: gaps.student_gap(summary, num_samples),
        rhs=_bound(field),
        domain=gap_worlds.sampled_students,
        sizes=SPECTRUM_SIZES,
        scale=_bound_unit,
        tight=(_NO_DIRECTION,),
        corners=_CORNERS,
        uses=(CRAMER_CHERNOFF_UPPER.slug, CRAMER_CHERNOFF_LOWER.slug),
    )


CRAMER_CHERNOFF_OPTIMAL_UPPER = _on_student(
    "cramer_chernoff_optimal_upper",
    Relation.LE,
    "chernoff_upper",
    "The best upper bound by the divergence and the law of the teacher's gap",
    r"\inf_{\ell>0}\frac{K_n+\log Ee^{\ell h}}\ell",
)
CRAMER_CHERNOFF_OPTIMAL_LOWER = _on_student(
    "cramer_chernoff_optimal_lower",
    Relation.GE,
    "chernoff_lower",
    "The best lower bound by the divergence and the law of the teacher's gap",
    r"\sup_{\ell<0}\frac{K_n+\log Ee^{\ell h}}\ell",
)
SUB_GAMMA_UPPER = _on_student(
    "sub_gamma_upper",
    Relation.LE,
    "sub_gamma_upper",
    "The student's gap is bounded above by a root and a multiple of the divergence",
    r"\mathrm{gen}_T+\sqrt{2K_n\mathrm{Var}\,h}+c_+K_n,"
    r"\quad c_+=\tfrac{2\nu^2}n\max(0,\max_i\mu_i^+)",
)
SUB_GAMMA_LOWER = _on_student(
    "sub_gamma_lower",
    Relation.GE,
    "sub_gamma_lower",
    "The student's gap is bounded below by a root and a multiple of the divergence",
    r"\mathrm{gen}_T-\sqrt{2K_n\mathrm{Var}\,h}-c_-K_n,"
    r"\quad c_-=\tfrac{2\nu^2}n\max(\max_i-\mu_i^-,[n>\operatorname{rank}X])",
)


def _compared(name: str) -> Callable[..., Scalar]:
    return lambda *instance: getattr(gap_bounds.gap_bounds(*instance), name)


def _compared_unit(*instance: Any) -> Scalar:
    bounds = gap_bounds.gap_bounds(*instance)
    return worlds.at_least_tiny(
        bounds.sub_gamma_upper - bounds.sub_gamma_lower + bounds.teacher_gap
    )


CHERNOFF_BELOW_SUB_GAMMA = Claim(
    slug="linear_gaussian/chernoff_below_sub_gamma",
    title="The Cramer-Chernoff upper bound is never above the sub-gamma one",
    statement=r"\inf_{\ell>0}\frac{K+\log Ee^{\ell h}}\ell"
    r" \le \mathrm{gen}_T+\sqrt{2K\mathrm{Var}\,h}+c_+K",
    lhs=_compared("chernoff_upper"),
    rhs=_compared("sub_gamma_upper"),
    domain=gap_worlds.sampled_spectra(box(0, 64).named("divergence")),
    sizes=SPECTRUM_SIZES,
    scale=_compared_unit,
    tight=(
        Case(
            "no divergence",
            lambda: (spectrum_case([1.0], [0.25]), jnp.asarray(1.0), jnp.asarray(0.0)),
            "both are gen_T = 1",
        ),
    ),
    corners=(
        Case(
            "no inputs",
            lambda: (spectrum_case([0.0], [0.25]), jnp.asarray(1.0), jnp.asarray(2.0)),
            "h = 1 - e^2 is bounded above: c_+ = 0",
        ),
        Case(
            "much divergence",
            lambda: (spectrum_case([1.0], [0.25]), jnp.asarray(1.0), jnp.asarray(1e6)),
            "the optimal argument is close to the end of the domain",
        ),
    ),
    uses=(SUB_GAMMA_UPPER.slug, CRAMER_CHERNOFF_OPTIMAL_UPPER.slug),
)


CHERNOFF_ABOVE_SUB_GAMMA = dataclasses.replace(
    CHERNOFF_BELOW_SUB_GAMMA,
    slug="linear_gaussian/chernoff_above_sub_gamma",
    title="The Cramer-Chernoff lower bound is never below the sub-gamma one",
    statement=r"\sup_{\ell<0}\frac{K+\log Ee^{\ell h}}\ell"
    r" \ge \mathrm{gen}_T-\sqrt{2K\mathrm{Var}\,h}-c_-K",
    relation=Relation.GE,
    lhs=_compared("chernoff_lower"),
    rhs=_compared("sub_gamma_lower"),
    uses=(SUB_GAMMA_LOWER.slug, CRAMER_CHERNOFF_OPTIMAL_LOWER.slug),
)
