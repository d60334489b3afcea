r"""Lemma 16: the curvature of the population risk bounds its sharpness, by operator norm or trace.

The perturbation has mean zero, so that Taylor's formula begins with the quadratic term, whose mean
is that of $|U|^2$; over spheres only the trace of the Hessian counts.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal
from proofs_check.algebra_order import ordered
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.records import Proof, assumed, checked, cited
from proofs_check.sharpness_aware.ball import CENTRED, UNIFORM, length, norm_moment, p, radius
from proofs_check.sharpness_aware.moves import MEAN_BELOW_BOUND, mean_over_ball

BALL = "sharpness_aware/ball_moments"

_time, _norm = sympy.symbols("t v", nonnegative=True)
curvature = sympy.Symbol("tau", nonnegative=True)
_trace = sympy.Symbol("T", real=True)

CURVED = assumed(
    "bounded curvature",
    r"$L_P$ is twice continuously differentiable within $\rho$ of all that the teacher returns,"
    r" with $|\nabla^2L_P\,u|\le\tau|u|$ there.",
)

_first, _second = sympy.symbols("phi' phi''", real=True)


def _taylor(weight: Any) -> tuple[tuple[Any, Any], ...]:
    """The derivative of weight * phi' + phi, and the weight at both ends."""
    derivative = sympy.diff(weight, _time) * _first + weight * _second + _first
    ends = (weight.subs(_time, 0), 1), (weight.subs(_time, 1), 0)
    return (derivative, weight * _second), *ends


TAYLOR = checked(
    "taylor",
    r"$L_P(f+u)-L_P(f)-\nabla L_P(f)\cdot u=\int_0^1(1-t)\,u\cdot\nabla^2L_P(f+tu)u\,dt$: with"
    r" $\phi(t)=L_P(f+tu)$ the function $(1-t)\phi'+\phi$ has the derivative $(1-t)\phi''$, and"
    r" the values $\phi'(0)+\phi(0)$ and $\phi(1)$ at the ends.",
    method="differentiating",
    check=all_equal,
    stated=_taylor(1 - _time),
    wrong={"the weight t": _taylor(_time), "no weight": _taylor(sympy.Integer(1))},
    uses=("bounded curvature",),
)

_slack, _shorter = sympy.symbols("e_1 e_2", nonnegative=True)


def _quadratic_form(power: int) -> tuple[Any, Any]:
    """A quadratic form, with slacks for Cauchy-Schwarz and for the norm of H u, and a bound."""
    image = curvature * _norm - _shorter
    return _norm * image - _slack, curvature * _norm**power


QUADRATIC_FORM = checked(
    "quadratic_form",
    r"$u\cdot\nabla^2L_P\,u\le|u||\nabla^2L_P\,u|\le\tau|u|^2$, for $L_P$ at every $f_T+v$ with"
    r" $|v|\le\rho$.",
    method="expanding, with slacks for both inequalities",
    check=ordered,
    stated=_quadratic_form(2),
    wrong={"the norm in place of its square": _quadratic_form(1)},
    uses=("bounded curvature", "cauchy_schwarz"),
)


def _mean_rise(weight: Any) -> tuple[Any, Any]:
    """The mean of Taylor's bound with this weight, and what it is said to be."""
    bound = sympy.integrate(weight, (_time, 0, 1)) * curvature * _norm**2
    return mean_over_ball(bound, _norm), curvature * radius**2 / 2 * p / (p + 2)


_CURVATURE = (UNIFORM, CURVED, CENTRED, MEAN_BELOW_BOUND, TAYLOR, CAUCHY_SCHWARZ, QUADRATIC_FORM)

LEMMA16_DIMENSION = Proof(
    slug="sharpness_aware/lemma16_dimension",
    idea="The linear term of Taylor's formula has mean zero, and the quadratic one is bounded by"
    " the mean square of the perturbation.",
    steps=(
        *_CURVATURE,
        checked(
            "lemma16_dimension",
            r"$S_P(f_T)\le E_U\int_0^1(1-t)\,\tau|U|^2dt=\frac\tau2E|U|^2"
            r"=\frac{\tau\rho^2}2\cdot\frac p{p+2}$ for every $f_T$, hence on average over $P$:"
            r" $\nabla L_P(f_T)\cdot EU=0$.",
            method="integrating, and the expectation of a polynomial from its moments",
            check=lambda weight: equal(_mean_rise(weight)),
            stated=1 - _time,
            wrong={"no weight": sympy.Integer(1)},
            uses=("reflections", "mean_below_bound", "taylor", "quadratic_form", BALL),
        ),
    ),
)


def _without_dimension(bound: Any) -> tuple[Any, Any]:
    """The bound that knows the dimension, and another."""
    return curvature * norm_moment(2) / 2, bound


LEMMA16 = Proof(
    slug="sharpness_aware/lemma16",
    idea="The mean square of the perturbation is below the square of the radius.",
    steps=(
        CURVED,
        checked(
            "lemma16",
            r"$E_PS_P(f_T)\le\frac{\tau\rho^2}2\cdot\frac p{p+2}\le\frac{\tau\rho^2}2$.",
            method="the difference is manifestly nonnegative",
            check=ordered,
            stated=_without_dimension(curvature * radius**2 / 2),
            wrong={
                "a quarter": _without_dimension(curvature * radius**2 / 4),
                "the radius in place of its square": _without_dimension(curvature * radius / 2),
            },
            uses=("bounded curvature", "sharpness_aware/lemma16_dimension"),
        ),
    ),
)


def _volume_per_surface(volume: Any) -> tuple[tuple[Any, Any], ...]:
    """The ratio of a volume and its derivative, and the rate at which spherical means grow."""
    return ((volume / sympy.diff(volume, length), length / p),)


def _spherical(rate: Any) -> tuple[Any, Any]:
    """The mean over U of what the spherical mean at |U| has grown by, at this rate, and the bound.

    Args:
        rate: of growth with the radius r, per unit of the largest trace.
    """
    grown = _trace * sympy.integrate(rate, (length, 0, _norm))
    return mean_over_ball(grown, _norm), _trace * radius**2 / (2 * (p + 2))


LEMMA16_TRACE = Proof(
    slug="sharpness_aware/lemma16_trace",
    idea="The mean over a sphere grows with its radius as the mean Laplacian over the ball within.",
    steps=(
        UNIFORM,
        CURVED,
        MEAN_BELOW_BOUND,
        cited(
            "spherical_means",
            r"The mean $M(r)$ of $L_P$ over $\{|u|=r\}$ around $f$ has $M(0)=L_P(f)$ and"
            r" $M'(r)=\frac{V(r)}{V'(r)}\times$ the mean of $\mathrm{tr}\,\nabla^2L_P$ over"
            r" $\{|u|\le r\}$, with $V(r)$ the volume of the ball: the divergence theorem.",
            "Evans, Partial Differential Equations, 2nd ed., section 2.2.2, proof of Theorem 2",
            uses=("bounded curvature",),
        ),
        checked(
            "rate_of_growth",
            r"$\frac{V(r)}{V'(r)}=\frac rp$, so that $M'(r)\le\frac rpT$ with"
            r" $T=\sup\mathrm{tr}\,\nabla^2L_P$, of either sign.",
            method="V(r) is a multiple of the p-th power of r",
            check=lambda volume: all_equal(_volume_per_surface(volume)),
            stated=radius * length**p,
            wrong={"the power of the surface": radius * length ** (p - 1)},
            uses=("spherical_means", "mean_below_bound"),
        ),
        checked(
            "lemma16_trace",
            r"$S_P(f)=E\,M(|U|)-M(0)\le E\int_0^{|U|}\frac rpT\,dr=\frac T{2p}E|U|^2"
            r"=\frac{\rho^2}{2(p+2)}T$ for every $f$, since given $|U|$ the direction of $U$ is"
            r" uniform; hence on average over $P$.",
            method="integrating, and the expectation of a polynomial from its moments",
            check=lambda rate: equal(_spherical(rate)),
            stated=length / p,
            wrong={
                "the trace in place of its mean over directions": length,
                "a rate that does not grow": 1 / p,
            },
            uses=("uniform perturbation", "rate_of_growth", "mean_below_bound", BALL),
        ),
    ),
)
