r"""Convex objectives without strong convexity: the mean excess risk of the iterates.

What every step takes off the squared distance adds up, and the distance is never negative.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, nonnegative_by_induction
from proofs_check.algebra_order import all_ordered, ordered
from proofs_check.records import Proof, checked
from proofs_check.sgd_convergence.descent import (
    ANY_NOISE,
    COMPONENTS,
    CONVEX_SLOPE,
    DISTANCE_AFTER_STEP,
    GRADIENTS_APART,
    INTERPOLATED,
    LABEL_NOISE,
    NOISY_SQUARE,
    PARABOLA,
    SGD,
    VARIANCE_TRANSFER,
    L,
    distance,
    excess,
    gamma,
    short,
    spare,
    spare2,
    spare3,
    variance,
)
from proofs_check.sgd_convergence.distances import after_step, below, half

_first, _steps, _sum = sympy.symbols("d_0 T H", nonnegative=True)


def _telescoped(second_moment: Any, counted: Any, noise: Any, slack: Any) -> Induction:
    """How much the steps have taken off the distance, against the sum of excess risks.

    Args:
        second_moment: of the gradient.
        counted: the factor of an excess risk.
        noise: what a step may add.
        slack: by how much one more step falls below its bound.
    """
    moved = after_step(gamma, excess + spare3, second_moment)
    return Induction(
        _first + noise * _steps - distance - counted * _sum,
        {_steps: 0, _sum: 0, distance: _first},
        {_steps: _steps + 1, _sum: _sum + excess, distance: moved},
        slack,
    )


_T = sympy.Symbol("T", positive=True)
_short = sympy.Symbol("kappa", positive=True)


def _mean(step: Any, counted: Any, noise: Any, bound: Any) -> tuple[Any, Any]:
    """The mean excess risk when the invariant is s_1, and its bound."""
    total = (_first + noise * _T - distance - spare) / counted
    return tuple((side.subs(gamma, step).subs(short, _short)) for side in (total / _T, bound))


def _onehot_sum(transfer: int, counted: Any) -> Induction:
    second_moment = 2 * (transfer * L * excess - spare) + 2 * variance - spare2
    slack = 2 * gamma * spare3 + gamma**2 * (2 * spare + spare2)
    return _telescoped(second_moment, counted, 2 * gamma**2 * variance, slack)


_onehot_counted = 2 * gamma * (1 - 2 * gamma * L)


def _onehot_mean(start: Any, noise: Any) -> tuple[Any, Any]:
    left = 1 - 2 * gamma * L
    bound = start / (2 * gamma * left) + noise * gamma * variance / left
    return _mean(below(half), _onehot_counted, 2 * gamma**2 * variance, bound)


CONVEX_ONEHOT = Proof(
    slug="sgd_convergence/convex_onehot",
    idea="Every step takes a multiple of the excess risk off the squared distance, up to noise.",
    steps=(
        SGD,
        COMPONENTS,
        ANY_NOISE,
        DISTANCE_AFTER_STEP,
        PARABOLA,
        GRADIENTS_APART,
        VARIANCE_TRANSFER,
        NOISY_SQUARE,
        CONVEX_SLOPE,
        checked(
            "telescoped",
            r"$2\gamma(1-2\gamma L)\sum_{t<T}\mathbb E[f(\theta_t)-f^*]\le\|\theta_0-\theta^*\|^2"
            r"-\mathbb E\|\theta_T-\theta^*\|^2+2\gamma^2\sigma^2T$, since $\mathbb E\|g\|^2\le"
            r"4Lh+2\sigma^2$ (with $c=1$) and $\langle\nabla f,e\rangle\ge h$.",
            method="induction over the steps",
            check=nonnegative_by_induction,
            stated=_onehot_sum(2, _onehot_counted),
            wrong={
                "a smoothness of 2L": _onehot_sum(4, _onehot_counted),
                "as for exact labels": _onehot_sum(2, 2 * gamma * (1 - gamma * L)),
            },
            uses=("distance_after_step", "variance_transfer", "noisy_square", "convex_slope"),
        ),
        checked(
            "convex_onehot",
            r"$\frac1T\sum_{t<T}\mathbb Ef(\theta_t)-f^*\le\frac{\|\theta_0-\theta^*\|^2}"
            r"{2\gamma(1-2\gamma L_{\max})T}+\frac{\gamma\sigma^2}{1-2\gamma L_{\max}}$ for"
            r" $\gamma<\frac1{2L_{\max}}$: divide by $2\gamma(1-2\gamma L)T>0$.",
            method="the sign is manifest with gamma = 1/(2 L (1 + kappa)), kappa > 0",
            check=ordered,
            stated=_onehot_mean(_first / _T, 1),
            wrong={
                "half of the noise": _onehot_mean(_first / _T, half),
                "half of the start": _onehot_mean(_first / (2 * _T), 1),
                "divided by T squared": _onehot_mean(_first / _T**2, 1),
            },
            uses=("telescoped",),
        ),
    ),
)


def _bayes_sum(transfer: int) -> Induction:
    second_moment = transfer * L * excess - spare
    slack = 2 * gamma * spare3 + gamma**2 * spare
    return _telescoped(second_moment, 2 * gamma * (1 - gamma * L), sympy.Integer(0), slack)


def _bayes_mean(share: Any) -> tuple[Any, Any]:
    left = 1 - gamma * L
    return _mean(below(1), 2 * gamma * left, sympy.Integer(0), share / (2 * gamma * left))


CONVEX_BCP = Proof(
    slug="sgd_convergence/convex_bcp",
    idea="Without noise at the optimum nothing is added to a step.",
    steps=(
        SGD,
        COMPONENTS,
        INTERPOLATED,
        DISTANCE_AFTER_STEP,
        PARABOLA,
        GRADIENTS_APART,
        VARIANCE_TRANSFER,
        CONVEX_SLOPE,
        checked(
            "telescoped",
            r"$2\gamma(1-\gamma L)\sum_{t<T}\mathbb E[f(\theta_t)-f^*]\le\|\theta_0-\theta^*\|^2"
            r"-\mathbb E\|\theta_T-\theta^*\|^2$, since with $g_i(\theta^*)=0$ the variance"
            r" transfer says $\mathbb E\|g\|^2\le2Lh$, and $\langle\nabla f,e\rangle\ge h$.",
            method="induction over the steps",
            check=nonnegative_by_induction,
            stated=_bayes_sum(2),
            wrong={"twice the second moment": _bayes_sum(4)},
            uses=("interpolated", "distance_after_step", "variance_transfer", "convex_slope"),
        ),
        checked(
            "convex_bcp",
            r"$\frac1T\sum_{t<T}\mathbb Ef(\theta_t)-f^*\le\frac{\|\theta_0-\theta^*\|^2}"
            r"{2\gamma(1-\gamma L_{\max})T}$ for $\gamma<\frac1{L_{\max}}$, if every gradient is"
            r" zero at $\theta^*$.",
            method="the sign is manifest with gamma = 1/(L (1 + kappa)), kappa > 0",
            check=ordered,
            stated=_bayes_mean(_first / _T),
            wrong={
                "half of it": _bayes_mean(_first / (2 * _T)),
                "divided by T squared": _bayes_mean(_first / _T**2),
            },
            uses=("telescoped",),
        ),
    ),
)

# --- every step size below 2/L --------------------------------------------------------------------

_square = sympy.Symbol("n", nonnegative=True)
_short_step = 1 / (L * (1 + short))
_long_step = (1 + 2 * short) / (L * (1 + short))


def _gains(small: Any, large: Any) -> list[tuple[Any, Any]]:
    """What a component's step takes off, for steps below and above 1/L."""
    lower = (2 * gamma * small * excess).subs(gamma, _short_step)
    slope = excess + _square / (2 * L) + spare
    upper = (2 * gamma * slope - gamma**2 * _square).subs(gamma, _short_step)
    lower2 = (2 * gamma * large * excess).subs(gamma, _long_step)
    above = 2 * L * excess - spare2
    slope2 = excess + above / (2 * L) + spare
    upper2 = (2 * gamma * slope2 - gamma**2 * above).subs(gamma, _long_step)
    return [(lower, upper), (lower2, upper2)]


_share = sympy.Symbol("m", positive=True)


def _sharpened_sum(noise: Any) -> Induction:
    """As before, with 2 gamma A - gamma^2 E|g_i|^2 at least 2 gamma m h."""
    gain = 2 * gamma * _share * excess + spare
    moved = distance - gain + gamma**2 * (variance - spare2)
    return Induction(
        _first + noise * gamma**2 * variance * _steps - distance - 2 * gamma * _share * _sum,
        {_steps: 0, _sum: 0, distance: _first},
        {_steps: _steps + 1, _sum: _sum + excess, distance: moved},
        spare + gamma**2 * spare2,
    )


def _sharpened_mean(start: Any, noise: Any) -> tuple[Any, Any]:
    bound = (start / _T + noise * gamma**2 * variance) / (2 * gamma * _share)
    return _mean(gamma, 2 * gamma * _share, gamma**2 * variance, bound)


SHARPENED_CONVEX = Proof(
    slug="sgd_convergence/sharpened_convex",
    idea="Between a component's slope and its excess there is room for its squared gradient; what"
    " label noise adds is orthogonal to it.",
    steps=(
        SGD,
        COMPONENTS,
        LABEL_NOISE,
        DISTANCE_AFTER_STEP,
        PARABOLA,
        GRADIENTS_APART,
        checked(
            "gain",
            r"$2\gamma\langle g_i(\theta),e\rangle-\gamma^2\|g_i(\theta)\|^2\ge2\gamma m\,h_i$ with"
            r" $m=\min(1,2-\gamma L)$, $h_i=f_i(\theta)-f_i(\theta^*)$, for $\gamma\le\frac2L$:"
            r" $\langle g_i,e\rangle\ge h_i+\frac1{2L}\|g_i\|^2$ and $\|g_i\|^2\le2Lh_i$, both with"
            r" $g_i(\theta^*)=0$; the second one is needed for $\gamma>\frac1L$ only.",
            method="expanding, with gamma = 1/(L (1 + kappa)) and (1 + 2 kappa)/(L (1 + kappa))",
            check=all_ordered,
            stated=_gains(1, 2 - gamma * L),
            wrong={
                "1 for long steps too": _gains(1, 1),
                "2 - gamma L for short steps too": _gains(2 - gamma * L, 2 - gamma * L),
            },
            uses=("label noise", "gradients_apart"),
        ),
        checked(
            "telescoped",
            r"$2\gamma m\sum_{t<T}\mathbb E[f(\theta_t)-f^*]\le\|\theta_0-\theta^*\|^2"
            r"-\mathbb E\|\theta_T-\theta^*\|^2+\gamma^2\sigma^2T$: in the mean over $i$ a step"
            r" takes off at least $2\gamma mh$, and label noise, orthogonal to $g_i$, adds at most"
            r" $\gamma^2\sigma^2$.",
            method="induction over the steps",
            check=nonnegative_by_induction,
            stated=_sharpened_sum(1),
            wrong={"half of the noise": _sharpened_sum(half)},
            uses=(
                "label noise",
                "distance_after_step",
                "gain",
                "sgd_convergence/target_noise_orthogonal",
            ),
        ),
        checked(
            "sharpened_convex",
            r"$\frac1T\sum_{t<T}\mathbb Ef(\theta_t)-f^*\le\frac{\|\theta_0-\theta^*\|^2/T"
            r"+\gamma^2\sigma^2}{2\gamma\min(1,2-\gamma L_{\max})}$ for"
            r" $\gamma<\frac2{L_{\max}}$, where $m>0$.",
            method="dividing by 2 gamma m T",
            check=ordered,
            stated=_sharpened_mean(_first, 1),
            wrong={
                "half of the noise": _sharpened_mean(_first, half),
                "half of the start": _sharpened_mean(_first / 2, 1),
            },
            uses=("telescoped",),
        ),
    ),
)
