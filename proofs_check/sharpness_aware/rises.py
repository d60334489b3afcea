r"""Lemmas 15 and 16, and what the one-step bound looks at: how far sharpness moves, and how large.

The perturbation has mean zero, so that only second-order terms of Taylor's formula are left: in the
dimension $p$ their mean is that of $|U|^2$.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import equal, expectation
from proofs_check.algebra_order import ordered
from proofs_check.records import Proof, checked
from proofs_check.sharpness_aware.ball import CENTRED, UNIFORM, norm_moment, p, radius
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
    check=lambda growth: equal(_remainder(growth)),
    stated=smoothness * _time * _norm**2,
    wrong={
        "the gradient at the far end throughout": smoothness * _norm**2,
        "a gradient that grows with the square of the way": smoothness * _time**2 * _norm**2,
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
    r" $\frac\alpha2E|U|^2=\frac{\alpha\rho^2p}{2(p+2)}$ in absolute value: the linear"
    r" term has the mean $\nabla\ell(f)\cdot EU=0$.",
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
