r"""The prior precision of a direction at which the bounds are least.

At a given temperature the bounds are polynomials in the fit $\rho$, of degree two and three, and a
choice of the prior precision is one of the fit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Inequality,
    all_equal,
    at_most,
    equal,
    is_zero,
    manifestly_nonnegative,
    manifestly_positive,
)
from proofs_check.linear_gaussian.dataset_shift import DATASET_BOUND
from proofs_check.linear_gaussian.optima import (
    DIVERGENCE_IN_FIT,
    TEACHER_COVARIANCE,
    beta,
    dataset_bound,
    divergence_bound,
    fit,
    in_fit,
    lam,
    nu,
    outputs,
    s,
    signal,
)
from proofs_check.records import Proof, assumed, checked

ALONE = assumed(
    "alone",
    r"One direction with $s>0$, whose prior precision $\lambda>0$ may be chosen; $\beta>0$. For"
    r" $\beta=0$ nothing is fitted, $\rho=0$, and only $r=\frac{s^2}{\lambda\nu^2}$ depends on"
    r" $\lambda$.",
)


def _precision(value: Any) -> tuple[Any, Any]:
    """The fit at this precision, and the fit it is made for."""
    return beta * s**2 / (lam * nu**2 + beta * s**2).subs(lam, value), fit


DATASET_IN_FIT = checked(
    "dataset_in_fit",
    r"As $r=\rho/\beta$, the bound of a direction is"
    r" $2B=k(\frac\rho\beta+\rho^2)+(1-\rho)^2b$.",
    method="substituting in the bound of one output",
    check=equal,
    stated=in_fit(DATASET_BOUND, dataset_bound(fit)),
    wrong={
        "without the teacher's variance": in_fit(
            DATASET_BOUND, dataset_bound(fit) - outputs * fit / beta
        )
    },
    uses=("alone", "linear_gaussian/dataset_shift"),
)
THROUGH_FIT = checked(
    "through_fit",
    r"$\lambda=\beta\frac{s^2}{\nu^2}\cdot\frac{1-\rho}\rho$ has the fit $\rho$: as $\lambda$ falls"
    r" from $\infty$ to $0$, $\rho$ runs through $(0,1)$, and $\lambda\to\infty$ is $\rho\to0$.",
    method="substituting",
    check=equal,
    stated=_precision(beta * s**2 / nu**2 * (1 - fit) / fit),
    wrong={
        "its inverse": _precision(beta * s**2 / nu**2 * fit / (1 - fit)),
        "without the temperature": _precision(s**2 / nu**2 * (1 - fit) / fit),
    },
    uses=("alone",),
)

_at = (2 * beta * signal - outputs) / (2 * beta * (outputs + signal))


class _Vertex(NamedTuple):
    """Where a parabola is least, what it is there, and how far that is from one."""

    at: Any
    value: Any
    to_one: Any


def _is_vertex(claim: _Vertex) -> bool:
    """Whether the bound is its value at the vertex and a multiple of a square, below one."""
    rise = dataset_bound(fit) - 2 * claim.value
    square = equal((rise, (outputs + signal) * (fit - claim.at) ** 2))
    return square and equal((1 - claim.at, claim.to_one)) and manifestly_positive(claim.to_one)


_GAIN = 4 * beta * (1 + beta) * signal - outputs
_VALUE = outputs * _GAIN / (8 * beta**2 * (outputs + signal))
_TO_ONE = outputs * (1 + 2 * beta) / (2 * beta * (outputs + signal))
_deficit = sympy.Symbol("g", nonnegative=True)


def _end(value: Any) -> Inequality:
    """The end of the interval below the rest of it, for k = 2 beta b + g."""
    at_weak = {outputs: 2 * beta * signal + _deficit}
    slack = fit * _deficit / beta + fit**2 * (outputs + signal)
    return Inequality(value, dataset_bound(fit).subs(at_weak), slack.subs(at_weak))


OPTIMAL_PRIOR_DATASET_SHIFT = Proof(
    slug="linear_gaussian/optimal_prior_dataset_shift",
    idea="In the fit the bound is a parabola, whose vertex is below one, and above zero iff the"
    " signal is strong enough.",
    steps=(
        ALONE,
        THROUGH_FIT,
        DATASET_IN_FIT,
        checked(
            "parabola",
            r"$2B=2B_*+(k+b)(\rho-\rho_*)^2$ with"
            r" $\rho_*=\frac{2\beta b-k}{2\beta(k+b)}<1$ and"
            r" $B_*=\frac{k[4\beta(1+\beta)b-k]}{8\beta^2(k+b)}$.",
            method="expanding; 1 - rho_* is manifestly positive",
            check=_is_vertex,
            stated=_Vertex(_at, _VALUE, _TO_ONE),
            wrong={
                "the fit of least risk": _Vertex(
                    signal / (outputs + signal), _VALUE, outputs / (outputs + signal)
                ),
                "a value without its half": _Vertex(_at, 2 * _VALUE, _TO_ONE),
            },
            uses=("dataset_in_fit",),
        ),
        checked(
            "weak_signal",
            r"If $k=2\beta b+g$ with $g\ge0$, then $2B-b=\frac g\beta\rho+(k+b)\rho^2\ge0$, and"
            r" $B\to\frac b2$ as $\rho\to0$.",
            method="the sign of every term is manifest",
            check=at_most,
            stated=_end(signal),
            wrong={"twice the end": _end(2 * signal)},
            uses=("dataset_in_fit",),
        ),
        checked(
            "optimal_prior_dataset_shift",
            r"If $2\beta b>k$ then $\rho_*\in(0,1)$ belongs to a $\lambda$, where $B=B_*$ is least;"
            r" otherwise $\inf_\lambda B=\frac b2$, for $\lambda\to\infty$. For $\beta=0$,"
            r" $2B=kr+b$ falls to $b$.",
            method="rho_* is positive for 2 beta b = k + g with g > 0",
            check=lambda strength: manifestly_positive(sympy.factor(_at.subs(signal, strength))),
            stated=(outputs + sympy.Symbol("g", positive=True)) / (2 * beta),
            wrong={"a signal at the threshold": outputs / (2 * beta), "no signal": 0},
            uses=("through_fit", "parabola", "weak_signal"),
        ),
    ),
)

# --- the prior precision of least divergence bound ------------------------------------------------

share, root = sympy.symbols("kappa R", positive=True)
left = sympy.Symbol("x", real=True)
half = 1 + beta + share
_CUBIC = divergence_bound(1 - left).subs(signal, outputs / share - outputs) * share / outputs


def _shape(slope: Any) -> tuple[Any, Any]:
    """The slope of the cubic in 1 - rho, and what it is said to be."""
    return sympy.diff(_CUBIC, left), slope


def _quadratic(linear: Any) -> Any:
    """The slope with this half of its linear coefficient."""
    return -3 * beta * left**2 + 2 * linear * left - share * (1 + beta) ** 2 / beta


def _falls(square: Any) -> Any:
    """Minus the slope where the discriminant is -g, by completing this square."""
    return 3 * beta * square**2 + _deficit / (3 * beta)


def _always_falls(square: Any) -> bool:
    """Whether minus the slope is this square and a term of manifest sign."""
    # The constant term 3 kappa (1 + beta)^2 of the slope is h^2 + g, where the discriminant is -g.
    constant = (half**2 + _deficit) / (3 * beta)
    minus = 3 * beta * left**2 - 2 * half * left + constant
    return equal((minus, _falls(square))) and manifestly_nonnegative(_falls(square))


class _Roots(NamedTuple):
    """The places of least and largest value, and where the cubic takes its least value again."""

    least: Any
    largest: Any
    again: Any


_ROOTS = _Roots(
    (half - root) / (3 * beta),
    (half + root) / (3 * beta),
    half / beta - 2 * (half - root) / (3 * beta),
)


def _roots_hold(claim: _Roots) -> bool:
    """Whether slope and cubic factor at these places, and they are in order."""
    # The constant term 3 kappa (1 + beta)^2 of the slope is h^2 - R^2.
    constant = (half**2 - root**2) / (3 * beta)
    slope = -3 * beta * left**2 + 2 * half * left - constant
    cubic = -beta * left**3 + half * left**2 - constant * left
    rise = beta * (left - claim.least) ** 2 * (claim.again - left)
    pairs = [
        (slope, -3 * beta * (left - claim.least) * (left - claim.largest)),
        (cubic - cubic.subs(left, claim.least), rise),
    ]
    steps = (sympy.factor(claim.largest - claim.least), sympy.factor(claim.again - claim.largest))
    return all_equal(pairs) and all(manifestly_positive(step) for step in steps)


def _closed(value: Any) -> bool:
    """Whether a form of the root without cancellation is the root, given the discriminant."""
    discriminant = half**2 - 3 * share * (1 + beta) ** 2
    difference = sympy.together(value - (half - root) / (3 * beta))
    numerator = sympy.expand(sympy.numer(difference))
    return is_zero(sympy.rem(numerator, root**2 - discriminant, root))


OPTIMAL_PRIOR_DIVERGENCE = Proof(
    slug="linear_gaussian/optimal_prior_divergence",
    idea="In the shrinkage x = 1 - rho the bound is a cubic that falls, rises and falls again: on"
    " an interval from zero its least value is at the first turn or at the far end.",
    steps=(
        TEACHER_COVARIANCE,
        ALONE,
        THROUGH_FIT,
        DIVERGENCE_IN_FIT,
        checked(
            "cubic",
            r"With $\kappa=\frac k{k+b}$, $h=1+\beta+\kappa$ and $x=1-\rho$, $f=\frac{2J}{k+b}"
            r"=\kappa[\frac\rho\beta+\rho^2+\beta\rho]+x^2(1+\beta\rho)$ has the slope"
            r" $f'(x)=-3\beta x^2+2hx-\frac{\kappa(1+\beta)^2}\beta$.",
            method="differentiating",
            check=equal,
            stated=_shape(_quadratic(half)),
            wrong={
                "h without kappa": _shape(_quadratic(1 + beta)),
                "h with the noise in full": _shape(_quadratic(2 + beta)),
            },
            uses=("divergence_in_fit",),
        ),
        checked(
            "no_turn",
            r"If $h^2-3\kappa(1+\beta)^2=-g\le0$, then"
            r" $-f'(x)=3\beta(x-\frac h{3\beta})^2+\frac g{3\beta}\ge0$: $f$ falls up to $x=1$.",
            method="completing the square; the sign is manifest",
            check=_always_falls,
            stated=left - half / (3 * beta),
            wrong={"the vertex without its third": left - half / beta},
            uses=("cubic",),
        ),
        checked(
            "turns",
            r"If $h^2-3\kappa(1+\beta)^2=R^2>0$, then $f'(x)=-3\beta(x-x_*)(x-x_+)$ with"
            r" $x_*=\frac{h-R}{3\beta}<x_+=\frac{h+R}{3\beta}$, and"
            r" $f(x)-f(x_*)=\beta(x-x_*)^2(z-x)$ with $z=\frac h\beta-2x_*>x_+$. So $f\ge f(x_*)$"
            r" up to $z$, and from $z$ on $f$ falls.",
            method="expanding; the differences of the three places are manifestly positive",
            check=_roots_hold,
            stated=_ROOTS,
            wrong={
                "the two turns exchanged": _Roots(_ROOTS.largest, _ROOTS.least, _ROOTS.again),
                "the second turn as the end": _Roots(_ROOTS.least, _ROOTS.largest, _ROOTS.largest),
            },
            uses=("cubic",),
        ),
        checked(
            "without_cancellation",
            r"$x_*=\frac{\kappa(1+\beta)^2}{\beta[h+R]}$ with $R=\sqrt{h^2-3\kappa(1+\beta)^2}$.",
            method="the difference is divisible by R^2 - h^2 + 3 kappa (1 + beta)^2",
            check=_closed,
            stated=share * (1 + beta) ** 2 / (beta * (half + root)),
            wrong={
                "the other turn": share * (1 + beta) ** 2 / (beta * (half - root)),
                "three times as far": 3 * share * (1 + beta) ** 2 / (beta * (half + root)),
            },
            uses=("turns",),
        ),
        checked(
            "optimal_prior_divergence",
            r"On $0<x<1$ the infimum of $f$ is $f(x_*)$ or the limit at $x=1$, that is"
            r" $\lambda\to\infty$: with $x_*>0$ as $f'(0)<0$, for $x\le z$ by the factored form,"
            r" and for $x\ge z$ since $f$ falls there. It is $f(x_*)$ iff $x_*$ is real,"
            r" $x_*\le1\le z$, and $1\le z$ iff $2\beta x_*\le1+\kappa$. For $\beta=0$, $2J=kr+b+k$"
            r" falls to $k+b$ as $\lambda\to\infty$.",
            method="beta (z - 1) is 1 + kappa - 2 beta x_*, and -f'(0) is manifestly positive",
            check=lambda threshold: (
                equal((beta * (_ROOTS.again - 1), threshold - 2 * beta * _ROOTS.least))
                and manifestly_positive(-_quadratic(half).subs(left, 0))
            ),
            stated=1 + share,
            wrong={"the turn at one": 2 * beta, "without the noise": sympy.Integer(1)},
            uses=("through_fit", "no_turn", "turns", "without_cancellation"),
        ),
    ),
)
