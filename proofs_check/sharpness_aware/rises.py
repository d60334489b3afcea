r"""Lemmas 15 and 16, and what the one-step bound looks at: how far sharpness moves, and how large.

The perturbation has mean zero, so that only second-order terms of Taylor's formula are left: in the
dimension $p$ their mean is that of $|U|^2$.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal, expectation
from proofs_check.algebra_order import ordered
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.records import Proof, assumed, checked, cited
from proofs_check.sharpness_aware.ball import CENTRED, UNIFORM, length, norm_moment, p, radius
from proofs_check.sharpness_aware.gaps import SLOPE_SYMBOL, SLOPE_U
from proofs_check.sharpness_aware.moves import (
    ALONG,
    CHANGE_OF_GAP,
    LIPSCHITZ,
    MCDIARMID,
    MEAN_BELOW_BOUND,
    NEARER_END,
    PERTURBED_SLOPE,
    PROXY_OF_CHANGE,
    RANGE,
    SLOPE,
    SMOOTH,
    TEACHER,
    at_least_one,
    change,
    count,
    gradient,
    mean_over_ball,
    movement,
    proxy_step,
    smoothness,
    width,
)

BALL = "sharpness_aware/ball_moments"

# --- the rise of a loss ---------------------------------------------------------------------------

_time, _norm = sympy.symbols("t v", nonnegative=True)
_along = sympy.Symbol("g.U", real=True)


def _remainder(growth: Any) -> tuple[Any, Any]:
    """The integral of how much the gradient has grown along u, and its bound."""
    return sympy.integrate(growth, (_time, 0, 1)), smoothness * _norm**2 / 2


REMAINDER = checked(
    "remainder",
    r"$|\ell(f+u)-\ell(f)-\nabla\ell(f)\cdot u|\le\int_0^1\alpha|tu||u|\,dt=\frac\alpha2|u|^2$:"
    r" the gradient at $f+tu$ differs from that at $f$ by at most $\alpha t|u|$.",
    method="integrating",
    check=equal,
    stated=_remainder(smoothness * _time * _norm**2),
    wrong={
        "the gradient at the far end throughout": _remainder(smoothness * _norm**2),
        "a gradient that grows with the square of the way": _remainder(
            smoothness * _time**2 * _norm**2
        ),
    },
    uses=("smooth loss", "along_the_segment"),
)


def _rise(mean_along: Any) -> tuple[Any, Any]:
    """The mean of Taylor's bound, with this mean of the linear term."""
    moments = {_along: mean_along, _norm**2: norm_moment(2)}
    mean = expectation(_along + smoothness * _norm**2 / 2, moments, [_along, _norm])
    return mean, smoothness * radius**2 * p / (2 * (p + 2))


RISE = checked(
    "rise_of_a_loss",
    r"$r(f,z)=E_U\ell(f+U,z)-\ell(f,z)$ is at most"
    r" $\frac\alpha2E|U|^2=\frac{\alpha\rho^2p}{2(p+2)}$ in absolute value: the linear term has the mean $\nabla\ell(f)\cdot EU=0$.",
    method="expectation of a polynomial, from its moments",
    check=equal,
    stated=_rise(sympy.Integer(0)),
    wrong={"a gradient that counts": _rise(gradient * radius)},
    uses=("reflections", "remainder", "mean_below_bound", BALL),
)


def _rise_moved(growth: Any) -> tuple[Any, Any]:
    """How far a rise moves over the longest way, when gradients grow by this much."""
    moved = mean_over_ball(movement / count * growth, _norm)
    return moved, movement / count * smoothness * radius * p / (p + 1)


RISE_MOVED = checked(
    "move_of_a_rise",
    r"$|r(A(D),z)-r(A(D'),z)|\le\frac\kappa n\alpha E|U|=\frac\kappa n\alpha\rho\frac p{p+1}$: the"
    r" difference is $E_U\int_0^1(\nabla\ell(w_s+U)-\nabla\ell(w_s))\cdot(f'-f)\,ds$, and the"
    r" gradients differ by at most $\alpha|U|$.",
    method="expectation of a polynomial, from its moments",
    check=equal,
    stated=_rise_moved(smoothness * _norm),
    wrong={
        "the square of the perturbation": _rise_moved(smoothness * _norm**2),
        "the perturbation at both ends": _rise_moved(2 * smoothness * _norm),
    },
    uses=("stable teacher", "smooth loss", "along_the_segment", "mean_below_bound", BALL),
)

# --- Lemma 15 -------------------------------------------------------------------------------------

_RISES = (
    TEACHER,
    SMOOTH,
    UNIFORM,
    CENTRED,
    MEAN_BELOW_BOUND,
    ALONG,
    REMAINDER,
    RISE,
    RISE_MOVED,
)


def _sharpness_change(moved: Any, apart: Any) -> tuple[Any, Any]:
    """The change of the empirical sharpness, and a bound: what n rises move, and two are apart."""
    slope = smoothness * radius * p / (p + 1)
    whole = change(0, slope, 2 * smoothness * norm_moment(2) / 2)
    return at_least_one(whole), at_least_one((movement * moved + apart) / count)


_SLOPE_OF_RISE = smoothness * radius * p / (p + 1)
_RISES_APART = smoothness * radius**2 * p / (p + 2)

LEMMA15_SHARPENED = Proof(
    slug="sharpness_aware/lemma15_sharpened",
    idea="The rise of a loss has neither a term of first order in the perturbation nor, as the"
    " teacher moves, one in the gradient.",
    steps=(
        *_RISES,
        checked(
            "lemma15_sharpened",
            r"$|S_D-S_{D'}|\le\frac1n\bigl(\alpha\kappa\rho\frac p{p+1}+\alpha\rho^2\frac p{p+2}"
            r"\bigr)$ for $D\simeq D'$: $n-1$ rises move by at most $\frac\kappa n\alpha\rho"
            r"\frac p{p+1}$, and the two of the replaced example are $2\cdot\frac{\alpha\rho^2p}"
            r"{2(p+2)}$ apart at most; $n-1\le n$.",
            method="expanding; what is left over is manifestly nonnegative",
            check=ordered,
            stated=_sharpness_change(_SLOPE_OF_RISE, _RISES_APART),
            wrong={
                "rises of one sign, as for convex losses": _sharpness_change(
                    _SLOPE_OF_RISE, _RISES_APART / 2
                ),
                "a teacher that does not move": _sharpness_change(0, _RISES_APART),
                "half of the move": _sharpness_change(_SLOPE_OF_RISE / 2, _RISES_APART),
            },
            uses=("rise_of_a_loss", "move_of_a_rise", "mean_below_bound"),
        ),
    ),
)


def printed_sharpness_proxy(slope: Any, bend: Any) -> Any:
    r"""Returns $\frac1{\sqrt n}(\frac{\alpha\kappa\rho}2+\text{slope}+\text{bend})$.

    Args:
        slope: printed as $g_0\rho$.
        bend: printed as $\frac{\alpha\rho^2}2$.
    """
    return (smoothness * movement * radius / 2 + slope + bend) / sympy.sqrt(count)


_CHANGE_OF_SHARPNESS = (movement * _SLOPE_OF_RISE + _RISES_APART) / count
_BEND = smoothness * radius**2 / 2

LEMMA15 = Proof(
    slug="sharpness_aware/lemma15",
    idea="The sharpened bound on the change is below what the printed proxy allows, even without"
    " the gradient.",
    steps=(
        TEACHER,
        MCDIARMID,
        PROXY_OF_CHANGE,
        proxy_step(
            "lemma15",
            r"$\log Ee^{\ell(S_D-ES_D)}\le\frac{\ell^2}{2n}\bigl(\frac{\alpha\kappa\rho}2+g_0\rho"
            r"+\frac{\alpha\rho^2}2\bigr)^2$: the change is at most $\frac1n(\alpha\kappa\rho"
            r"\frac p{p+1}+\alpha\rho^2\frac p{p+2})\le\frac2n(\frac{\alpha\kappa\rho}2+g_0\rho"
            r"+\frac{\alpha\rho^2}2)$.",
            (_CHANGE_OF_SHARPNESS, printed_sharpness_proxy(gradient * radius, _BEND)),
            {
                "half of the first term": (
                    _CHANGE_OF_SHARPNESS,
                    printed_sharpness_proxy(
                        gradient * radius - smoothness * movement * radius / 4, _BEND
                    ),
                ),
                "the square of the radius forgotten": (
                    _CHANGE_OF_SHARPNESS,
                    printed_sharpness_proxy(gradient * radius, smoothness * radius / 2),
                ),
                "only the gradient": (
                    _CHANGE_OF_SHARPNESS,
                    gradient * radius / sympy.sqrt(count),
                ),
            },
            ("sharpness_aware/lemma15_sharpened",),
        ),
    ),
)

# --- what the one-step bound looks at -------------------------------------------------------------


def _one_step(population: Any, empirical: Any) -> tuple[Any, Any]:
    """The change of X for two slopes, and the bound."""
    bound = movement * SLOPE_U + (1 - 1 / count) * movement * SLOPE_SYMBOL + width
    return change(population, empirical, width), bound / count


ONE_STEP_DIFFERENCES = Proof(
    slug="sharpness_aware/one_step_differences",
    idea="The population risk is perturbed, the empirical one is not: each has its own slope.",
    steps=(
        TEACHER,
        RANGE,
        LIPSCHITZ,
        SMOOTH,
        UNIFORM,
        MEAN_BELOW_BOUND,
        ALONG,
        NEARER_END,
        SLOPE,
        PERTURBED_SLOPE,
        CHANGE_OF_GAP,
        checked(
            "one_step_differences",
            r"$X(D)=E_UL_P(A(D)+U)-L_D(A(D))$ has $|X(D)-X(D')|\le\frac1n\bigl(\kappa\,"
            r"\mathrm{slope}_U+(1-\frac1n)\kappa\,\mathrm{slope}+b-a\bigr)$ for $D\simeq D'$:"
            r" $v=E_U\ell(\cdot+U,z)$, $w=\ell$, $s_v=\mathrm{slope}_U$, $s_w=\mathrm{slope}$.",
            method="substituting, and expanding",
            check=equal,
            stated=_one_step(SLOPE_U, SLOPE_SYMBOL),
            wrong={
                "the empirical risk perturbed in place of the population's": _one_step(
                    SLOPE_SYMBOL, SLOPE_U
                ),
                "both perturbed": _one_step(SLOPE_U, SLOPE_U),
            },
            uses=("slope", "perturbed_slope", "change_of_gap"),
        ),
    ),
)

# --- Lemma 16 -------------------------------------------------------------------------------------

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
            check=equal,
            stated=_mean_rise(1 - _time),
            wrong={"no weight": _mean_rise(sympy.Integer(1))},
            uses=("reflections", "mean_below_bound", "taylor", "quadratic_form", BALL),
        ),
    ),
)


def _without_dimension(bound: Any) -> tuple[Any, Any]:
    """The bound that knows the dimension, with the slack that its fraction leaves, and another."""
    return curvature * radius**2 / 2 - curvature * radius**2 / (p + 2), bound


LEMMA16 = Proof(
    slug="sharpness_aware/lemma16",
    idea="The mean square of the perturbation is below the square of the radius.",
    steps=(
        CURVED,
        checked(
            "lemma16",
            r"$E_PS_P(f_T)\le\frac{\tau\rho^2}2\cdot\frac p{p+2}=\frac{\tau\rho^2}2"
            r"-\frac{\tau\rho^2}{p+2}\le\frac{\tau\rho^2}2$.",
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
            check=equal,
            stated=_spherical(length / p),
            wrong={
                "the trace in place of its mean over directions": _spherical(length),
                "a rate that does not grow": _spherical(1 / p),
            },
            uses=("uniform perturbation", "rate_of_growth", "mean_below_bound", BALL),
        ),
    ),
)
