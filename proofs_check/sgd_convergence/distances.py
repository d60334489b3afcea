r"""Strongly convex objectives: squared distances, and the printed bounds on them.

A step size below $a/L$ is written $\gamma=\frac a{L(1+\kappa)}$ with $\kappa\ge0$, so that what is
left of the range has a manifest sign. Every proof bounds $\mathbb E\|g\|^2$, and what one step
does; the rest is the recursion.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra_order import ordered
from proofs_check.records import Proof, checked
from proofs_check.sgd_convergence.descent import (
    ANY_NOISE,
    COMPONENTS,
    CURVATURES_IN_ORDER,
    DISTANCE_AFTER_STEP,
    GEOMETRIC,
    GRADIENTS_APART,
    INTERPOLATED,
    NOISY_SQUARE,
    PARABOLA,
    SGD,
    STRONG_SLOPE,
    STRONGLY_CONVEX,
    VARIANCE_TRANSFER,
    L,
    Promise,
    distance,
    excess,
    gamma,
    keeps_promise,
    mu,
    short,
    spare,
    spare2,
    spare3,
    variance,
)

SETTING = (SGD, COMPONENTS, STRONGLY_CONVEX)
TO_ORDER = (STRONG_SLOPE, PARABOLA, CURVATURES_IN_ORDER)
extra = sympy.Symbol("l", nonnegative=True)
half = sympy.Rational(1, 2)


def below(multiple: Any) -> Any:
    r"""Returns a step size of at most a multiple of $1/L$.

    Args:
        multiple: $a$ in $\gamma=\frac a{L(1+\kappa)}$.
    """
    return multiple / (L * (1 + short))


def after_step(step: Any, slope: Any, second_moment: Any) -> Any:
    r"""Returns $d-2\gamma A+\gamma^2G$, the expected squared distance after a step.

    Args:
        step: $\gamma$.
        slope: $A=\langle\nabla f(\theta),e\rangle$.
        second_moment: $G=\mathbb E\|g\|^2$.
    """
    return distance - 2 * step * slope + step**2 * second_moment


# --- printed bounds -------------------------------------------------------------------------------


def _printed_rate(step: Any, share: Any) -> tuple[Any, Any]:
    """Zero, and a rate, where L = mu + l."""
    return sympy.Integer(0), (1 - share * step * mu).subs(L, mu + extra)


RATE_IS_NONNEGATIVE = checked(
    "rate_is_nonnegative",
    r"$1-\gamma\mu\ge0$ for $\gamma\le\frac1L$, since $\mu\le L$.",
    method="the sign is manifest with L = mu + l and gamma = 1/(L (1 + kappa))",
    check=ordered,
    stated=_printed_rate(below(1), 1),
    wrong={
        "twice the rate": _printed_rate(below(1), 2),
        "steps up to 2/L": _printed_rate(below(2), 1),
    },
    uses=("curvatures_in_order",),
)


def _bound(step: Any, rate: Any, noise: Any) -> Any:
    """The bound on the distance after a step."""
    return (1 - rate * step * mu) * distance + noise * step**2 * variance


def _onehot_step(step: Any, rate: Any, noise: Any) -> tuple[Any, Any]:
    """The distance after a step with G <= 4 L h + 2 sigma^2, and its bound."""
    second_moment = 2 * (2 * L * excess - spare) + 2 * variance - spare2
    slope = excess + mu * distance / 2 + spare3
    return after_step(step, slope, second_moment), _bound(step, rate, noise)


def _promise(noise: Any, rate: Any, neighbourhood: Any) -> Promise:
    """The recursion by that bound, with this rate and neighbourhood."""
    return Promise(_bound(gamma, 1, noise), distance, 1 - rate * gamma * mu, neighbourhood)


STRONGLY_CONVEX_ONEHOT = Proof(
    slug="sgd_convergence/strongly_convex_onehot",
    idea="The gradient's second moment is at most 4Lh + 2 sigma^2; up to 1/(2L) a step gains as"
    " much from the slope as it loses to the part with h.",
    steps=(
        *SETTING,
        ANY_NOISE,
        DISTANCE_AFTER_STEP,
        *TO_ORDER,
        GRADIENTS_APART,
        VARIANCE_TRANSFER,
        NOISY_SQUARE,
        checked(
            "one_step",
            r"$\mathbb E\|\theta_{t+1}-\theta^*\|^2\le(1-\gamma\mu)\|e\|^2+2\gamma^2\sigma^2$ for"
            r" $\gamma\le\frac1{2L}$: $\mathbb E\|g\|^2\le4Lh+2\sigma^2$ (with $c=1$) and"
            r" $\langle\nabla f,e\rangle\ge h+\frac\mu2\|e\|^2$ leave $-2\gamma(1-2\gamma"
            r" L)h\le0$.",
            method="expanding, with a nonnegative symbol for what each inequality leaves over",
            check=ordered,
            stated=_onehot_step(below(half), 1, 2),
            wrong={
                "steps up to 1/L": _onehot_step(below(1), 1, 2),
                "twice the rate": _onehot_step(below(half), 2, 2),
                "the noise once": _onehot_step(below(half), 1, 1),
            },
            uses=("distance_after_step", "strong_slope", "variance_transfer", "noisy_square"),
        ),
        RATE_IS_NONNEGATIVE,
        GEOMETRIC,
        checked(
            "strongly_convex_onehot",
            r"$\mathbb E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu)^T\|\theta_0-\theta^*\|^2"
            r"+\frac{2\gamma\sigma^2}\mu$ for $\gamma\le\frac1{2L_{\max}}$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=_promise(2, 1, 2 * gamma * variance / mu),
            wrong={
                "half of the neighbourhood": _promise(2, 1, gamma * variance / mu),
                "without the step size": _promise(2, 1, 2 * variance / mu),
                "twice the rate": _promise(2, 2, 2 * gamma * variance / mu),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)


def _bayes_step(step: Any, rate: Any) -> tuple[Any, Any]:
    """The distance after a step with G <= 2 L h, and its bound."""
    slope = excess + mu * distance / 2 + spare3
    moved = after_step(step, slope, 2 * L * excess - spare)
    return moved, _bound(step, rate, 0)


STRONGLY_CONVEX_BCP = Proof(
    slug="sgd_convergence/strongly_convex_bcp",
    idea="If every gradient is zero at the optimum, the second moment is at most 2Lh, and nothing"
    " is added to a step.",
    steps=(
        *SETTING,
        INTERPOLATED,
        DISTANCE_AFTER_STEP,
        *TO_ORDER,
        GRADIENTS_APART,
        VARIANCE_TRANSFER,
        checked(
            "one_step",
            r"$\mathbb E\|\theta_{t+1}-\theta^*\|^2\le(1-\gamma\mu)\|e\|^2$ for"
            r" $\gamma\le\frac1L$: with $g_i(\theta^*)=0$ the variance transfer says $\mathbb"
            r" E\|g\|^2\le2Lh$, which leaves $-2\gamma(1-\gamma L)h\le0$.",
            method="expanding, with a nonnegative symbol for what each inequality leaves over",
            check=ordered,
            stated=_bayes_step(below(1), 1),
            wrong={
                "steps up to 2/L": _bayes_step(below(2), 1),
                "twice the rate": _bayes_step(below(1), 2),
            },
            uses=("interpolated", "distance_after_step", "strong_slope", "variance_transfer"),
        ),
        RATE_IS_NONNEGATIVE,
        GEOMETRIC,
        checked(
            "strongly_convex_bcp",
            r"$\mathbb E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu)^T\|\theta_0-\theta^*\|^2$ for"
            r" $\gamma\le\frac1{L_{\max}}$, if every gradient is zero at $\theta^*$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=_promise(0, 1, sympy.Integer(0)),
            wrong={
                "noise at the optimum": _promise(2, 1, sympy.Integer(0)),
                "twice the rate": _promise(0, 2, sympy.Integer(0)),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)
