r"""Every step size below 2/L: sharpened bounds on squared distances.

Co-coercivity compares the gradient's second moment with the slope
$\langle\nabla f(\theta),e\rangle$ itself, of which the factor $2-\gamma L$ is left.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most
from proofs_check.algebra_order import ordered
from proofs_check.records import Proof, checked
from proofs_check.sgd_convergence.descent import (
    ANY_NOISE,
    CO_COERCIVITY,
    DISTANCE_AFTER_STEP,
    GEOMETRIC,
    GRADIENTS_APART,
    INTERPOLATED,
    LABEL_NOISE,
    NOISY_SQUARE,
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
from proofs_check.sgd_convergence.distances import (
    SETTING,
    TO_ORDER,
    after_step,
    below,
    extra,
    half,
)

# --- exact labels, and label noise ----------------------------------------------------------------


def _rate_to_two(left: Any, smoothness: Any) -> Inequality:
    """Zero at most 1 - gamma mu (2 - gamma L), for this L."""
    rate = (1 - below(2) * mu * left).subs(L, smoothness)
    return Inequality(0, rate, _parts)


_parts = (mu * (1 - short) ** 2 + extra * (1 + short) ** 2) / ((mu + extra) * (1 + short) ** 2)

RATE_TO_TWO = checked(
    "rate_is_nonnegative",
    r"$1-\gamma\mu(2-\gamma L)\ge0$: it is $(1-\gamma L)^2+\gamma(L-\mu)(2-\gamma L)$, and"
    r" $\mu\le L$.",
    method="the sign is manifest with L = mu + l and gamma = 2/(L (1 + kappa))",
    check=at_most,
    stated=_rate_to_two(2 - below(2) * L, mu + extra),
    wrong={
        "L below mu": _rate_to_two(2 - below(2) * L, mu / (1 + extra)),
        "2 in place of 2 - gamma L": _rate_to_two(2, mu + extra),
    },
    uses=("curvatures_in_order",),
)


def _bound(step: Any, left: Any, noise: Any) -> Any:
    """The bound on the distance after a step."""
    return (1 - step * mu * left) * distance + noise * step**2 * variance


def sharpened_promise(noise: Any, left: Any, neighbourhood: Any) -> Promise:
    r"""Returns the recursion by that bound, with a rate and a neighbourhood.

    Args:
        noise: the factor of $\gamma^2\sigma^2$ in the bound.
        left: what stands for $2-\gamma L$ in the rate.
        neighbourhood: $N$.
    """
    bound = _bound(gamma, 2 - gamma * L, noise)
    return Promise(bound, distance, 1 - gamma * mu * left, neighbourhood)


def sharpened_step(step: Any, left: Any, noise: Any) -> tuple[Any, Any]:
    r"""Returns the distance after a step with $G\le LA+\sigma^2$ and $A\ge\mu d$, and its bound.

    Args:
        step: $\gamma$.
        left: what stands for $2-\gamma L$.
        noise: the factor of $\gamma^2\sigma^2$ in the bound.
    """
    slope = mu * distance + spare
    moved = after_step(step, slope, (L * slope - spare2) + (variance - spare3))
    return moved, _bound(step, left, noise)


def bayes_sharpened(step: Any, left: Any) -> tuple[Any, Any]:
    r"""Returns `sharpened_step` without noise.

    Args:
        step: $\gamma$.
        left: what stands for $2-\gamma L$.
    """
    moved, bound = sharpened_step(step, left, 0)
    return moved.subs({variance: 0, spare3: 0}), bound


SHARPENED_ONE_STEP = checked(
    "one_step",
    r"$\mathbb E\|\theta_{t+1}-\theta^*\|^2\le(1-\gamma\mu(2-\gamma L))\|e\|^2$ for"
    r" $\gamma\le\frac2L$: with $g_i(\theta^*)=0$ co-coercivity says $\mathbb E\|g\|^2\le"
    r" L\langle\nabla f,e\rangle$, which leaves $-\gamma(2-\gamma L)\langle\nabla f,e\rangle$.",
    method="expanding, with a nonnegative symbol for what each inequality leaves over",
    check=ordered,
    stated=bayes_sharpened(below(2), 2 - below(2) * L),
    wrong={
        "the rate of small steps": bayes_sharpened(below(2), 2),
        "steps up to 3/L": bayes_sharpened(below(3), 2 - below(3) * L),
    },
    uses=("interpolated", "distance_after_step", "strong_slope", "co_coercivity"),
)

SHARPENED_BCP = Proof(
    slug="sgd_convergence/sharpened_bcp",
    idea="Co-coercivity compares the second moment with the slope itself, not with the excess.",
    steps=(
        *SETTING,
        INTERPOLATED,
        DISTANCE_AFTER_STEP,
        *TO_ORDER,
        GRADIENTS_APART,
        CO_COERCIVITY,
        SHARPENED_ONE_STEP,
        RATE_TO_TWO,
        GEOMETRIC,
        checked(
            "sharpened_bcp",
            r"$\mathbb E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu(2-\gamma L_{\max}))^T"
            r"\|\theta_0-\theta^*\|^2$ for $\gamma<\frac2{L_{\max}}$, if every gradient is zero at"
            r" $\theta^*$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=sharpened_promise(0, 2 - gamma * L, sympy.Integer(0)),
            wrong={
                "noise at the optimum": sharpened_promise(1, 2 - gamma * L, sympy.Integer(0)),
                "the rate of small steps": sharpened_promise(0, 2, sympy.Integer(0)),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)

_left = 2 - gamma * L

LABEL_NOISE_ADDS = checked(
    "label_noise_adds",
    r"$\mathbb E\|g\|^2=\mathbb E\|g_i(\theta)\|^2+\mathbb E\|\xi\|^2"
    r"\le L\langle\nabla f(\theta),e\rangle+\sigma^2$: the noise is orthogonal to $g_i$, and"
    r" $g_i(\theta^*)=0$.",
    method="adding, with a nonnegative symbol for what each inequality leaves over",
    check=ordered,
    stated=((L * excess - spare) + (variance - spare2), L * excess + variance),
    wrong={
        "noise that goes with the gradient": (
            (L * excess - spare) + (variance - spare2) + 2 * spare3,
            L * excess + variance,
        )
    },
    uses=("label noise", "sgd_convergence/target_noise_orthogonal", "co_coercivity"),
)

SHARPENED_TARGET_NOISE = Proof(
    slug="sgd_convergence/sharpened_target_noise",
    idea="Label noise adds its variance to a step with exact labels, and changes nothing else.",
    steps=(
        *SETTING,
        LABEL_NOISE,
        DISTANCE_AFTER_STEP,
        *TO_ORDER,
        GRADIENTS_APART,
        CO_COERCIVITY,
        LABEL_NOISE_ADDS,
        checked(
            "one_step",
            r"$\mathbb E\|\theta_{t+1}-\theta^*\|^2\le(1-\gamma\mu(2-\gamma L))\|e\|^2"
            r"+\gamma^2\sigma^2$ for $\gamma\le\frac2L$.",
            method="expanding, with a nonnegative symbol for what each inequality leaves over",
            check=ordered,
            stated=sharpened_step(below(2), 2 - below(2) * L, 1),
            wrong={
                "half of the noise": sharpened_step(below(2), 2 - below(2) * L, half),
                "steps up to 3/L": sharpened_step(below(3), 2 - below(3) * L, 1),
            },
            uses=("distance_after_step", "strong_slope", "label_noise_adds"),
        ),
        RATE_TO_TWO,
        GEOMETRIC,
        checked(
            "sharpened_target_noise",
            r"$\mathbb E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu(2-\gamma L_{\max}))^T"
            r"\|\theta_0-\theta^*\|^2+\frac{\gamma\sigma^2}{\mu(2-\gamma L_{\max})}$ for"
            r" $\gamma<\frac2{L_{\max}}$, if $\mathbb E[\xi|x]=0$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=sharpened_promise(1, _left, gamma * variance / (mu * _left)),
            wrong={
                "half of the neighbourhood": sharpened_promise(
                    1, _left, gamma * variance / (2 * mu * _left)
                ),
                "1 - gamma L": sharpened_promise(
                    1, _left, gamma * variance / (mu * (1 - gamma * L))
                ),
                "the rate of small steps": sharpened_promise(1, 2, gamma * variance / (mu * _left)),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)

# --- any noise, every step size below 2/L ---------------------------------------------------------

_s = 2 / (1 + short)
_young_weight = sympy.Symbol("kappa", positive=True)


def _any_noise_bound(step: Any, left: Any) -> Any:
    """The bound on the distance after a step."""
    return (1 - step * mu * left) * distance + 2 * step**2 * variance / left


def _any_noise_step(weight: Any, left: Any) -> tuple[Any, Any]:
    """A step of gamma = s^2 / (2 L), s = 2 / (1 + kappa), with this weight c; and its bound."""
    step = _s**2 / (2 * L)
    slope = mu * distance + spare
    noise = (1 + 1 / weight) * variance - spare3
    moved = after_step(step, slope, (1 + weight) * (L * slope - spare2) + noise)
    bound = _any_noise_bound(step, left)
    return moved.subs(short, _young_weight), bound.subs(short, _young_weight)


def _any_noise_rate(left: Any, smoothness: Any) -> Inequality:
    """Zero at most the rate, for this L; (1 + kappa)^3 - 4 kappa is a sum of nonnegative terms."""
    rate = (1 - _s**2 / (2 * L) * mu * left).subs(L, smoothness)
    cubic = (1 - short / 2) ** 2 + sympy.Rational(11, 4) * short**2 + short**3
    slack = (mu * cubic + extra * (1 + short) ** 3) / ((mu + extra) * (1 + short) ** 3)
    return Inequality(0, rate, slack)


_root = sympy.Symbol("s", positive=True)


def _any_noise_promise(left: Any, neighbourhood: Any) -> Promise:
    """The recursion by that bound, with this rate and neighbourhood."""
    bound = _any_noise_bound(gamma, 2 - _root)
    return Promise(bound, distance, 1 - gamma * mu * left, neighbourhood)


SHARPENED_ANY_NOISE = Proof(
    slug="sgd_convergence/sharpened_any_noise",
    idea="Splitting the second moment with the best weight, not with c = 1, leaves room for every"
    " step size below 2/L.",
    steps=(
        *SETTING,
        ANY_NOISE,
        DISTANCE_AFTER_STEP,
        *TO_ORDER,
        GRADIENTS_APART,
        CO_COERCIVITY,
        NOISY_SQUARE,
        checked(
            "one_step",
            r"$\mathbb E\|\theta_{t+1}-\theta^*\|^2\le(1-\gamma\mu(2-s))\|e\|^2"
            r"+\frac{2\gamma^2\sigma^2}{2-s}$ with $s=\sqrt{2\gamma L}<2$: for $c=\frac{2-s}s$"
            r" $\mathbb E\|g\|^2\le\frac2sL\langle\nabla f,e\rangle+\frac2{2-s}\sigma^2$, and"
            r" $2\gamma-\frac2s\gamma^2L=\gamma(2-s)$.",
            method="expanding with s = 2/(1 + kappa), c = kappa, kappa > 0",
            check=ordered,
            stated=_any_noise_step(_young_weight, 2 - _s),
            wrong={
                "c = s / (2 - s)": _any_noise_step(1 / _young_weight, 2 - _s),
                "c = 1": _any_noise_step(sympy.Integer(1), 2 - _s),
                "the rate of exact labels": _any_noise_step(_young_weight, 2 - _s**2 / 2),
            },
            uses=("distance_after_step", "strong_slope", "co_coercivity", "noisy_square"),
        ),
        checked(
            "rate_is_nonnegative",
            r"$1-\gamma\mu(2-s)\ge0$: $\gamma\mu(2-s)\le\frac12s^2(2-s)<1$ for $0<s<2$, since"
            r" $\mu\le L$.",
            method="the sign is manifest with L = mu + l and s = 2/(1 + kappa)",
            check=at_most,
            stated=_any_noise_rate(2 - _s, mu + extra),
            wrong={
                "L below mu": _any_noise_rate(2 - _s, mu / (1 + extra)),
                "2 in place of 2 - s": _any_noise_rate(2, mu + extra),
            },
            uses=("curvatures_in_order",),
        ),
        GEOMETRIC,
        checked(
            "sharpened_any_noise",
            r"$\mathbb E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu(2-s))^T\|\theta_0-\theta^*\|^2"
            r"+\frac{2\gamma\sigma^2}{\mu(2-s)^2}$ with $s=\sqrt{2\gamma L_{\max}}$, for"
            r" $\gamma<\frac2{L_{\max}}$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=_any_noise_promise(2 - _root, 2 * gamma * variance / (mu * (2 - _root) ** 2)),
            wrong={
                "2 - s not squared": _any_noise_promise(
                    2 - _root, 2 * gamma * variance / (mu * (2 - _root))
                ),
                "without the factor 2": _any_noise_promise(
                    2 - _root, gamma * variance / (mu * (2 - _root) ** 2)
                ),
                "the rate of small steps": _any_noise_promise(
                    2, 2 * gamma * variance / (mu * (2 - _root) ** 2)
                ),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)
