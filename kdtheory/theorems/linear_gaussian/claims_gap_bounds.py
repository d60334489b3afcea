"""Claims on what the divergence allows the student's gap to be, without a variance proxy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import box
from kdtheory.gaussian import gaussian_kl
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    axes,
    dense,
    dense_gaps,
    gap_bounds,
    gap_worlds,
    gaps,
    quadratic_forms,
    worlds,
)
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


def _with(case: Case, value: float) -> Case:
    """Returns the case with one more number in its instance: an argument, or a side."""
    return dataclasses.replace(case, make=lambda: (*case.make(), jnp.asarray(value, dtype=float)))


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


CRAMER_CHERNOFF = Claim(
    slug="linear_gaussian/cramer_chernoff",
    title="The divergence and the exact log-mgf bound the student's gap, from either side",
    statement=r"\ell\,\mathrm{gen}_S \le K_n+\log Ee^{\ell h}\text{ for all }\ell"
    r"\text{ in the domain: divided by }\ell\text{, an upper bound for }\ell>0"
    r"\text{ and a lower one for }\ell<0",
    lhs=_gap_times_argument,
    rhs=lambda *instance: sum(_donsker_varadhan(*instance)),
    domain=gap_worlds.at_arguments(gap_worlds.sampled_students, -15 / 16, 15 / 16),
    sizes=worlds.SPECTRUM_SIZES,
    scale=_donsker_varadhan_unit,
    tight=(_with(_NO_DIRECTION, 0.0),),
    corners=(
        *(_with(case, 0.25) for case in _CORNERS),
        dataclasses.replace(_with(_CORNERS[0], -0.25), name="one by one, from below"),
    ),
    axes=(axes.EITHER_SIDE,),
    uses=(
        "linear_gaussian/log_mgf",
        "linear_gaussian/gen_gaps_student",
        "linear_gaussian/divergence_exact",
    ),
)


def _chernoff(form: QuadraticForm, divergence: Any) -> Scalar:
    return gap_bounds.chernoff_upper(form, divergence)[0]


def _sign(above: Any) -> Any:
    return 2.0 * above - 1.0


def _seen_from(form: QuadraticForm, above: Any) -> QuadraticForm:
    """Returns h, or -h, whose upper bounds are the lower bounds on h with the sign changed."""
    return jax.tree.map(
        lambda one, other: jnp.where(above > 0.5, one, other), form, quadratic_forms.negated(form)
    )


def _bound_on(
    bound: Callable[..., Scalar],
    summary: DesignSpectrum,
    num_samples: Any,
    divergence: Any,
    above: Any,
) -> Scalar:
    """Returns an upper bound on the gap, or on minus the gap."""
    return bound(_seen_from(gaps.gap_form(summary, num_samples), above), divergence)


def _unit(*world: Any) -> Scalar:
    """Returns how far the sub-gamma bound lies from the teacher's gap, and that gap."""
    summary, num_samples, _, above = world
    mean = gaps.teacher_gap(summary, num_samples)
    away = _bound_on(gap_bounds.sub_gamma_upper, *world) - _sign(above) * mean
    return worlds.at_least_tiny(away + mean)


def _at_student(function: Callable[..., Scalar], *bound: Any) -> Callable[..., Scalar]:
    """Returns a function of (spectrum, samples, scales, side) from (..., divergence, side)."""

    def side(summary: DesignSpectrum, num_samples: Any, *rest: Any) -> Scalar:
        *scales, above = rest
        return function(*bound, summary, num_samples, _divergence(summary, *scales), above)

    return side


def _on_student(name: str, bound: Callable[..., Scalar], words: str, statement: str) -> Claim:
    """Returns the claim that a bound holds for the student's gap, from above and mirrored."""
    return Claim(
        slug=f"linear_gaussian/{name}",
        title=words,
        statement=statement,
        lhs=lambda summary, num_samples, *rest: (
            _sign(rest[-1]) * gaps.student_gap(summary, num_samples)
        ),
        rhs=_at_student(_bound_on, bound),
        domain=gap_worlds.from_either_side(gap_worlds.sampled_students),
        sizes=worlds.SPECTRUM_SIZES,
        scale=_at_student(_unit),
        tight=(_with(_NO_DIRECTION, 1.0),),
        corners=(
            *(_with(case, 1.0) for case in _CORNERS),
            dataclasses.replace(_with(_CORNERS[0], 0.0), name="one by one, from below"),
        ),
        axes=(axes.FROM_ABOVE,),
        uses=(CRAMER_CHERNOFF.slug,),
    )


CRAMER_CHERNOFF_OPTIMAL = _on_student(
    "cramer_chernoff_optimal",
    _chernoff,
    "The best bounds by the divergence and the law of the teacher's gap",
    r"\sup_{\ell<0}\frac{K_n+\log Ee^{\ell h}}\ell \le \mathrm{gen}_S"
    r" \le \inf_{\ell>0}\frac{K_n+\log Ee^{\ell h}}\ell",
)
SUB_GAMMA = _on_student(
    "sub_gamma",
    gap_bounds.sub_gamma_upper,
    "The student's gap stays within a root and a multiple of the divergence of the teacher's",
    r"-\sqrt{2K_n\mathrm{Var}\,h}-c_-K_n \le \mathrm{gen}_S-\mathrm{gen}_T"
    r" \le \sqrt{2K_n\mathrm{Var}\,h}+c_+K_n,"
    r"\quad c_+=\tfrac{2\nu^2}n\max(0,\max_i\mu_i^+),"
    r"\ c_-=\tfrac{2\nu^2}n\max(\max_i-\mu_i^-,[n>\operatorname{rank}X])",
)


def _world(squared: float, divergence: float, above: float) -> tuple[Any, ...]:
    numbers = (1.0, divergence, above)
    return spectrum_case([squared], [0.25]), *(jnp.asarray(number) for number in numbers)


CHERNOFF_BELOW_SUB_GAMMA = Claim(
    slug="linear_gaussian/chernoff_below_sub_gamma",
    title="The Cramer-Chernoff bounds are never wider than the sub-gamma ones",
    statement=r"\inf_{\ell>0}\frac{K+\log Ee^{\ell h}}\ell"
    r" \le \mathrm{gen}_T+\sqrt{2K\mathrm{Var}\,h}+c_+K\text{, and mirrored}",
    lhs=functools.partial(_bound_on, _chernoff),
    rhs=functools.partial(_bound_on, gap_bounds.sub_gamma_upper),
    domain=gap_worlds.from_either_side(gap_worlds.sampled_spectra(box(0, 64).named("divergence"))),
    sizes=worlds.SPECTRUM_SIZES,
    scale=_unit,
    tight=(
        Case("no divergence", lambda: _world(1.0, 0.0, 1.0), "both are gen_T = 1"),
        Case("no divergence, from below", lambda: _world(1.0, 0.0, 0.0), "both are gen_T = 1"),
    ),
    corners=(
        Case(
            "no inputs",
            lambda: _world(0.0, 2.0, 1.0),
            "h = 1 - e^2 is bounded above: c_+ = 0",
        ),
        Case(
            "much divergence",
            lambda: _world(1.0, 1e6, 1.0),
            "the optimal argument is close to the end of the domain",
        ),
    ),
    axes=(axes.DIVERGENCE,),
    uses=(SUB_GAMMA.slug, CRAMER_CHERNOFF_OPTIMAL.slug),
)


def _tilted(design: LinearGaussianDesign, argument: Any) -> tuple[Scalar, Scalar]:
    """Returns mean of h and divergence of the law tilted by e^(l h), by plain matrix algebra."""
    quadratic = dense_gaps.gap_quadratic(design, dense_gaps.sample_second_moment(design))
    teacher = dense.teacher_moments(design)
    law = dense_gaps.tilted_law(quadratic, teacher, argument)
    return dense_gaps.gap_mean(quadratic, law), gaussian_kl(*law, *teacher)


def _at_tilt(function: Callable[..., Scalar], design: LinearGaussianDesign, argument: Any) -> Any:
    above = jnp.where(argument > 0, 1.0, 0.0)
    num_samples = float(design.inputs.shape[1])
    return function(spectrum(design), num_samples, _tilted(design, argument)[1], above)


def _tilted_design(inputs: Any, weights: Any, argument: float) -> tuple[Any, ...]:
    return design_case(inputs, weights), jnp.asarray(argument)


CRAMER_CHERNOFF_ATTAINED = Claim(
    slug="linear_gaussian/cramer_chernoff_attained",
    title="A tilt of the teacher attains the Cramer-Chernoff bounds: none is better",
    statement=r"dQ\propto e^{\ell h}dP\ \Rightarrow\ E_Qh ="
    r" \frac{K+\log Ee^{\ell h}}{\ell}\text{ optimised, at }K=\mathrm{KL}(Q\|P)",
    relation=Relation.EQ,
    lhs=lambda design, argument: jnp.sign(argument) * _tilted(design, argument)[0],
    rhs=functools.partial(_at_tilt, functools.partial(_bound_on, _chernoff)),
    domain=gap_worlds.designs_at_either_side(1 / 8, 7 / 8),
    sizes=worlds.DESIGN_SIZES,
    # A relative error of K, which dense matrices know to rounding of 1 only, is as large here.
    scale=lambda *instance: 1.0 + _at_tilt(_unit, *instance),
    tight=(
        Case(
            "one by one",
            lambda: _tilted_design([[1.0]], [[0.5]], 0.5),
            "the domain ends at 0.707",
        ),
        Case("from below", lambda: _tilted_design([[1.0]], [[0.5]], -0.5), "and at -0.707"),
    ),
    corners=(Case("no inputs", lambda: _tilted_design([[0.0]], [[0.5]], 0.25), "h = 1 - e^2"),),
    axes=(axes.TILT,),
    uses=("linear_gaussian/log_mgf",),
)
