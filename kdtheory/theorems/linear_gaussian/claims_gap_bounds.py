"""Claims on what the divergence allows the student's gap to be, without a variance proxy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import box
from kdtheory.gaussian import gaussian_kl
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    dense,
    dense_gaps,
    gap_bounds,
    gap_worlds,
    gaps,
    quadratic_forms,
    worlds,
)
from kdtheory.theorems.linear_gaussian.claims_divergence import DESIGN_SIZES, SPECTRUM_SIZES
from kdtheory.theorems.linear_gaussian.quadratic_forms import QuadraticForm
from kdtheory.theorems.linear_gaussian.worlds import design_case, spectrum_case


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


def _chernoff(form: QuadraticForm, divergence: Any) -> Scalar:
    return gap_bounds.chernoff_upper(form, divergence)[0]


def _above(bound: Callable[..., Scalar], *world: Any) -> Scalar:
    """Returns an upper bound at (spectrum, number of samples, divergence)."""
    *design, divergence = world
    return bound(gaps.gap_form(*design), divergence)


def _below(bound: Callable[..., Scalar], *world: Any) -> Scalar:
    """Returns the lower bound that mirrors an upper one."""
    *design, divergence = world
    return -bound(quadratic_forms.negated(gaps.gap_form(*design)), divergence)


def _unit(*world: Any) -> Scalar:
    """Returns the width of the sub-gamma interval and the gap inside it."""
    width = _above(gap_bounds.sub_gamma_upper, *world) - _below(gap_bounds.sub_gamma_upper, *world)
    return worlds.at_least_tiny(width + gaps.teacher_gap(*world[:2]))


def _at_student(function: Callable[..., Scalar], *bound: Any) -> Callable[..., Scalar]:
    """Returns a function of (spectrum, samples, scales) from one of (..., divergence)."""

    def side(summary: DesignSpectrum, num_samples: Any, *scales: Any) -> Scalar:
        return function(*bound, summary, num_samples, _divergence(summary, *scales))

    return side


def _on_student(
    name: str, relation: Relation, bound: Callable[..., Scalar], words: str, right: str
) -> Claim:
    """Returns the claim that a bound, from above or mirrored, holds for the student's gap."""
    sign, function = {Relation.LE: (r"\le", _above), Relation.GE: (r"\ge", _below)}[relation]
    return Claim(
        slug=f"linear_gaussian/{name}",
        title=words,
        statement=rf"\mathrm{{gen}}_S {sign} {right}",
        relation=relation,
        lhs=lambda summary, num_samples, *_: gaps.student_gap(summary, num_samples),
        rhs=_at_student(function, bound),
        domain=gap_worlds.sampled_students,
        sizes=SPECTRUM_SIZES,
        scale=_at_student(_unit),
        tight=(_NO_DIRECTION,),
        corners=_CORNERS,
        uses=(CRAMER_CHERNOFF_UPPER.slug, CRAMER_CHERNOFF_LOWER.slug),
    )


CRAMER_CHERNOFF_OPTIMAL_UPPER = _on_student(
    "cramer_chernoff_optimal_upper",
    Relation.LE,
    _chernoff,
    "The best upper bound by the divergence and the law of the teacher's gap",
    r"\inf_{\ell>0}\frac{K_n+\log Ee^{\ell h}}\ell",
)
CRAMER_CHERNOFF_OPTIMAL_LOWER = _on_student(
    "cramer_chernoff_optimal_lower",
    Relation.GE,
    _chernoff,
    "The best lower bound by the divergence and the law of the teacher's gap",
    r"\sup_{\ell<0}\frac{K_n+\log Ee^{\ell h}}\ell",
)
SUB_GAMMA_UPPER = _on_student(
    "sub_gamma_upper",
    Relation.LE,
    gap_bounds.sub_gamma_upper,
    "The student's gap is bounded above by a root and a multiple of the divergence",
    r"\mathrm{gen}_T+\sqrt{2K_n\mathrm{Var}\,h}+c_+K_n,"
    r"\quad c_+=\tfrac{2\nu^2}n\max(0,\max_i\mu_i^+)",
)
SUB_GAMMA_LOWER = _on_student(
    "sub_gamma_lower",
    Relation.GE,
    gap_bounds.sub_gamma_upper,
    "The student's gap is bounded below by a root and a multiple of the divergence",
    r"\mathrm{gen}_T-\sqrt{2K_n\mathrm{Var}\,h}-c_-K_n,"
    r"\quad c_-=\tfrac{2\nu^2}n\max(\max_i-\mu_i^-,[n>\operatorname{rank}X])",
)


CHERNOFF_BELOW_SUB_GAMMA = Claim(
    slug="linear_gaussian/chernoff_below_sub_gamma",
    title="The Cramer-Chernoff upper bound is never above the sub-gamma one",
    statement=r"\inf_{\ell>0}\frac{K+\log Ee^{\ell h}}\ell"
    r" \le \mathrm{gen}_T+\sqrt{2K\mathrm{Var}\,h}+c_+K",
    lhs=functools.partial(_above, _chernoff),
    rhs=functools.partial(_above, gap_bounds.sub_gamma_upper),
    domain=gap_worlds.sampled_spectra(box(0, 64).named("divergence")),
    sizes=SPECTRUM_SIZES,
    scale=_unit,
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
    lhs=functools.partial(_below, _chernoff),
    rhs=functools.partial(_below, gap_bounds.sub_gamma_upper),
    uses=(SUB_GAMMA_LOWER.slug, CRAMER_CHERNOFF_OPTIMAL_LOWER.slug),
)


def _tilted(design: LinearGaussianDesign, argument: Any) -> tuple[Scalar, Scalar]:
    """Returns mean of h and divergence of the law tilted by e^(l h), by plain matrix algebra."""
    quadratic = dense_gaps.gap_quadratic(design, dense_gaps.sample_second_moment(design))
    teacher = dense.teacher_moments(design)
    law = dense_gaps.tilted_law(quadratic, teacher, argument)
    return dense_gaps.gap_mean(quadratic, law), gaussian_kl(*law, *teacher)


def _bound_at_tilt(function: Callable[..., Scalar], *instance: Any) -> Scalar:
    design, _ = instance
    num_samples = float(design.inputs.shape[1])
    return function(_chernoff, spectrum(design), num_samples, _tilted(*instance)[1])


def _unit_at_tilt(*instance: Any) -> Scalar:
    design, _ = instance
    return _unit(spectrum(design), float(design.inputs.shape[1]), _tilted(*instance)[1])


def _attained(name: str, function: Callable[..., Scalar], sign: float, words: str) -> Claim:
    def case(inputs: Any, weights: Any, argument: float) -> Callable[[], Any]:
        return lambda: (design_case(inputs, weights), jnp.asarray(sign * argument))

    return Claim(
        slug=f"linear_gaussian/cramer_chernoff_{name}_attained",
        title=f"A tilt of the teacher attains the Cramer-Chernoff {name} bound: none is better",
        statement=rf"dQ\propto e^{{\ell h}}dP,\ {words}\ \Rightarrow\ E_Qh ="
        r" \frac{K+\log Ee^{\ell h}}{\ell}\text{ optimised, at }K=\mathrm{KL}(Q\|P)",
        relation=Relation.EQ,
        lhs=lambda *instance: _tilted(*instance)[0],
        rhs=functools.partial(_bound_at_tilt, function),
        domain=gap_worlds.designs_at(*sorted((sign / 8, sign * 7 / 8))),
        sizes=DESIGN_SIZES,
        # A relative error of K, which dense matrices know to rounding of 1 only, is as large here.
        scale=lambda *instance: 1.0 + _unit_at_tilt(*instance),
        tight=(Case("one by one", case([[1.0]], [[0.5]], 0.5), "the domain ends at 0.707"),),
        corners=(Case("no inputs", case([[0.0]], [[0.5]], 0.25), "h = 1 - e^2"),),
        uses=("linear_gaussian/log_mgf",),
    )


CRAMER_CHERNOFF_UPPER_ATTAINED = _attained("upper", _above, 1.0, r"\ell>0")
CRAMER_CHERNOFF_LOWER_ATTAINED = _attained("lower", _below, -1.0, r"\ell<0")
