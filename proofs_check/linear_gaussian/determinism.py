r"""What the teacher's covariance costs, and when the best student needs no noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Inequality,
    Minimum,
    all_equal,
    at_most,
    equal,
    manifestly_nonnegative,
    manifestly_positive,
    nonnegative_from_minimum,
)
from proofs_check.linear_gaussian.algorithm_shift import regression
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    STUDENT,
    TERMS,
    beta,
    c,
    covariance,
    pseudo_label,
    r,
    rho,
    t,
    teacher,
)
from proofs_check.linear_gaussian.student import DEPENDENCE
from proofs_check.records import Proof, checked

# --- the cost of the teacher's covariance ---------------------------------------------------------

left_over = sympy.Symbol("c", positive=True)
_x = sympy.Symbol("x", positive=True)


def _cost(best: Any, printed: Any) -> tuple[Any, Any]:
    """The exponentials of minus the cost of e = 1 over this e, and of minus what is printed."""

    def value(scale: Any) -> Any:
        return sympy.exp(-scale) * (left_over + scale)

    return value(1) / value(best), printed


class _Costs(NamedTuple):
    """The cost for c <= 1 and for c >= 1, as exponentials of their negatives."""

    warm: Any
    cold: Any


def _costs_hold(claim: _Costs) -> bool:
    return all_equal([_cost(1 - left_over, claim.warm), _cost(sympy.Integer(0), claim.cold)])


def _positive(multiple: Any) -> Minimum:
    """X less a multiple of log(1 + x), which vanishes at zero."""
    return Minimum(_x - multiple * sympy.log(1 + _x), _x, 0, 1 / (1 + _x))


COV_OPTIMUM_DIFFERS = Proof(
    slug="linear_gaussian/cov_optimum_differs",
    idea="The geometry term asks for e = 1; the divergence asks for less, since what the pseudo"
    " labels leave open about the teacher is there already.",
    steps=(
        TERMS,
        STUDENT,
        DEPENDENCE,
        checked(
            "costs",
            r"$[1-\log(c+1)]-[e-\log(c+e)]$ at the best $e$ is $g(c)=c-\log(1+c)$ for $c\le1$,"
            r" where $e=1-c$, and $1-\log(1+\frac1c)$ for $c\ge1$, where $e=0$; it is zero on the"
            r" null space, where $e=1$ is best.",
            method="exponentials of the negatives: both sides are rational up to a power of e",
            check=_costs_hold,
            stated=_Costs(
                sympy.exp(-left_over) * (1 + left_over), sympy.exp(-1) * (1 + 1 / left_over)
            ),
            wrong={
                "no student at all for c <= 1": _Costs(
                    sympy.exp(-1) * (1 + 1 / left_over), sympy.exp(-1) * (1 + 1 / left_over)
                ),
                "a student of variance 1 - c for c >= 1": _Costs(
                    sympy.exp(-left_over) * (1 + left_over),
                    sympy.exp(-left_over) * (1 + left_over),
                ),
            },
            uses=("dependence", "linear_gaussian/optimal_student_covariance_general"),
        ),
        checked(
            "positive_costs",
            r"$x-\log(1+x)>0$ for $x>0$, since it is zero at zero and its slope $\frac x{1+x}$ is"
            r" positive. With $x=c$, and with $x=\frac1c\le1$, so that"
            r" $1-\log(1+x)\ge x-\log(1+x)$: $g(c)>0$.",
            method="derivative",
            check=nonnegative_from_minimum,
            stated=_positive(1),
            wrong={"twice the logarithm": _positive(2)},
        ),
        checked(
            "cov_optimum_differs",
            r"$K_n(\Sigma_T)-\min_{\Sigma_S}K_n(\Sigma_S)=\frac k2\sum_{s_i>0}g(c_i)$, and every"
            r" $c_i=\frac{1+\beta\rho_i}{1+t_i}$ is positive: where $\mathrm{Cov}$ is least, and"
            r" zero, the divergence is not.",
            method="the sign of c is manifest",
            check=manifestly_positive,
            stated=c,
            wrong={
                "without the posterior variance": beta * rho / (1 + t),
                "c less the teacher's variance": c - 1 - beta * rho,
            },
            uses=("terms", "costs", "positive_costs", "linear_gaussian/cov_minimum"),
        ),
    ),
)

# --- the threshold temperature --------------------------------------------------------------------


def _given_labels(variance: Any) -> list[tuple[Any, Any]]:
    """The teacher less its regression on the pseudo label."""
    residual = teacher - regression * pseudo_label
    return [(covariance(residual, pseudo_label), 0), (covariance(residual, residual), variance)]


LEFT_OVER = checked(
    "left_over",
    r"$c=\mathrm{Var}(w_T|\hat y)$ in the units of the direction: $w_T-g\hat y$ with"
    r" $g=\frac{\sigma(1+\beta\rho)}{1+t}$ is uncorrelated with $\hat y$ and has the variance $c$.",
    method="moments of the noises",
    check=all_equal,
    stated=_given_labels(c),
    wrong={
        "the posterior variance": _given_labels(1),
        "the variance without labels": _given_labels(1 + beta * rho),
    },
    uses=("terms", "one_direction"),
)


def _factored(quadratic: Any) -> tuple[Any, Any]:
    """1 - c, and a quadratic in beta over what the labels' variance is."""
    return 1 - c, r * quadratic / (1 + t)


FACTORED = checked(
    "factored",
    r"$1-c=\frac{r(1+\beta\rho-\beta^2)}{1+t}$, using $\rho=\beta r$.",
    method="expanding",
    check=equal,
    stated=_factored(1 + beta * rho - beta**2),
    wrong={
        "beta not squared": _factored(1 + beta * rho - beta),
        "the other sign of rho": _factored(1 - beta * rho - beta**2),
    },
    uses=("left_over",),
)

fit = sympy.Symbol("rho", nonnegative=True)
_root = sympy.sqrt(fit**2 + 4)
_PLUS = (fit + _root) / 2


class _Threshold(NamedTuple):
    """A root of the quadratic, and minus the other in a form of manifest sign."""

    root: Any
    other: Any


def _is_threshold(claim: _Threshold) -> bool:
    """Whether the quadratic has these roots, of which the second is negative."""
    product = (claim.root - beta) * (beta + claim.root - fit)
    quadratic = equal((1 + beta * fit - beta**2, product))
    return quadratic and equal((claim.root - fit, claim.other)) and manifestly_positive(claim.other)


THRESHOLD = checked(
    "threshold",
    r"With $\beta^+=\frac12(\rho+\sqrt{\rho^2+4})$,"
    r" $1+\beta\rho-\beta^2=(\beta^+-\beta)(\beta+\beta^+-\rho)$, and"
    r" $\beta^+-\rho=\frac2{\rho+\sqrt{\rho^2+4}}>0$.",
    method="expanding; the sign is manifest",
    check=_is_threshold,
    stated=_Threshold(_PLUS, 2 / (fit + _root)),
    wrong={
        "the other root": _Threshold((fit - _root) / 2, 2 / (fit + _root)),
        "without the half": _Threshold(fit + _root, 2 / (fit + _root)),
        "the golden ratio for every fit": _Threshold((1 + sympy.sqrt(5)) / 2, 2 / (fit + _root)),
    },
)

_share, _factor, _size = sympy.symbols("r y t", positive=True)


def _signs(quadratic: Any, threshold: Any) -> Inequality:
    """Zero, and (1 - c)(threshold - beta) with 1 - c in terms of this quadratic."""
    scale = _share / (1 + _size)
    slack = scale * (_PLUS - beta) ** 2 * (beta + 2 / (fit + _root))
    return Inequality(0, scale * quadratic * (threshold - beta), slack)


STUDENT_DETERMINISM = Proof(
    slug="linear_gaussian/student_determinism",
    idea="Whether the student should add noise is decided by a quadratic in the temperature.",
    steps=(
        *DIRECTIONS,
        TERMS,
        LEFT_OVER,
        FACTORED,
        THRESHOLD,
        checked(
            "student_determinism",
            r"$(1-c)(\beta^+-\beta)=\frac{r(\beta^+-\beta)^2(\beta+\beta^+-\rho)}{1+t}\ge0$ in"
            r" every direction: where $r>0$, the best student adds noise, $c<1$, iff"
            r" $\beta<\beta^+$.",
            method="the sign is manifest",
            check=at_most,
            stated=_signs(1 + beta * fit - beta**2, _PLUS),
            wrong={
                "the golden ratio for every fit": _signs(
                    1 + beta * fit - beta**2, (1 + sympy.sqrt(5)) / 2
                ),
                "a threshold of one": _signs(1 + beta * fit - beta**2, 1),
                "c - 1 in place of 1 - c": _signs(beta**2 - 1 - beta * fit, _PLUS),
            },
            uses=("factored", "threshold"),
        ),
    ),
)

_distance = sympy.Symbol("x", nonnegative=True)


class _Scale(NamedTuple):
    """1 - c and what its positive part is said to be, as functions of the distance."""

    value: Callable[[Any], Any]
    positive_part: Callable[[Any], Any]


def _is_positive_part(claim: _Scale) -> bool:
    """Whether one function is the other's positive part, on both sides of zero."""
    above, below = claim.value(_distance), claim.value(-_distance)
    sides = manifestly_nonnegative(above) and manifestly_nonnegative(-below)
    values = [(claim.positive_part(_distance), above), (claim.positive_part(-_distance), 0)]
    return sides and all_equal(values)


def _excess(distance: Any) -> Any:
    return _share * distance * _factor / (1 + _size)


STUDENT_DETERMINISM_SCALE = Proof(
    slug="linear_gaussian/student_determinism_scale",
    idea="The best student variance is the positive part of 1 - c, which has the sign of the"
    " distance to the threshold.",
    steps=(
        *DIRECTIONS,
        TERMS,
        LEFT_OVER,
        FACTORED,
        THRESHOLD,
        checked(
            "student_determinism_scale",
            r"$\max(0,1-c)=\frac{r(\beta^+-\beta)_+(\beta+\beta^+-\rho)}{1+r+\rho^2}$ in every"
            r" direction, hence for the sum: the other factors are not negative.",
            method="both signs of the distance to the threshold",
            check=_is_positive_part,
            stated=_Scale(_excess, lambda distance: _excess(sympy.Max(distance, 0))),
            wrong={
                "without the positive part": _Scale(_excess, _excess),
                "the absolute value": _Scale(_excess, lambda distance: _excess(abs(distance))),
            },
            uses=("factored", "threshold", "linear_gaussian/student_determinism"),
        ),
    ),
)
