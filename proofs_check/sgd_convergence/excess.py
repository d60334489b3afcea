r"""The Polyak-Lojasiewicz condition: excess risks, printed bounds and the sharpened one.

No convexity is used. $\mathcal L$ is written $M$ where it is computed with.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal, expectation
from proofs_check.algebra_order import all_ordered, ordered
from proofs_check.common import JENSEN_FOR_SQUARES, PAIRWISE_FORM
from proofs_check.records import Proof, assumed, checked
from proofs_check.sgd_convergence.descent import (
    ANY_NOISE,
    GEOMETRIC,
    INTERPOLATED,
    LABEL_NOISE,
    NOISY_SQUARE,
    SGD,
    L,
    Promise,
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
from proofs_check.sgd_convergence.distances import half

SMOOTH_MEAN = assumed(
    "smooth",
    r"$f$ is $L$-smooth: $f(v)\le f(u)+\langle\nabla f(u),v-u\rangle+\frac L2\|v-u\|^2$.",
)
PL = assumed(
    "polyak-lojasiewicz",
    r"$\|\nabla f(\theta)\|^2\ge2\mu(f(\theta)-f^*)$ for every $\theta$, with $\mu>0$.",
)
EXPECTED_SMOOTHNESS = assumed(
    "expected smoothness",
    r"$\mathbb E\|g_i(\theta)-g_i(\theta^*)\|^2\le2\mathcal L(f(\theta)-f^*)$ for every $\theta$,"
    r" where $f=\sum_iw_if_i$ and $g_i=\nabla f_i$.",
)

M = sympy.Symbol("M", positive=True)

# --- one step -------------------------------------------------------------------------------------

_gradient, _mean, _square = sympy.symbols("g_j m_j q_j", real=True)


def _risk_after_step(said: Any) -> tuple[Any, Any]:
    """A coordinate of the parabola after a step, and what it is said to be."""
    change = -gamma * _mean * _gradient + L * gamma**2 * _gradient**2 / 2
    return expectation(change, {_gradient: _mean, _gradient**2: _square}, [_gradient]), said


EXCESS_AFTER_STEP = checked(
    "excess_after_step",
    r"$\mathbb Ef(\theta-\gamma g)\le f(\theta)-\gamma\|\nabla f(\theta)\|^2+\frac{L\gamma^2}2"
    r"\mathbb E\|g\|^2$ given $\theta$: the parabola at $\theta$, in which $\mathbb Eg=\nabla f$.",
    method="expanding in one coordinate, for any dimension",
    check=equal,
    stated=_risk_after_step(-gamma * _mean**2 + L * gamma**2 * _square / 2),
    wrong={
        "without the half": _risk_after_step(-gamma * _mean**2 + L * gamma**2 * _square),
        "the step size not squared": _risk_after_step(-gamma * _mean**2 + L * gamma * _square / 2),
        "E g^2 for the square of the mean": _risk_after_step(
            -gamma * _square + L * gamma**2 * _square / 2
        ),
    },
    uses=("sgd", "smooth"),
)

_norm = sympy.Symbol("G", nonnegative=True)
_positive_excess = sympy.Symbol("h", positive=True)


def _orders(step: Any, factor: Any) -> list[tuple[Any, Any]]:
    """Both orders of constants, times h, with G = |grad f|^2 between 2 mu h and both."""
    descent = step * _norm - L * step**2 * _norm / 2
    mu_excess = (_norm - spare) / factor
    smooth = L * (descent + spare2)
    expected = (_norm + spare3) / 2
    return [(mu_excess, smooth), (mu_excess, expected)]


CONSTANTS_IN_ORDER = checked(
    "constants_in_order",
    r"$\mu\le L$ and $\mu\le\mathcal L$: $2\mu h\le\|\nabla f\|^2$, the step $\frac1L\nabla f$"
    r" shows $\|\nabla f\|^2\le2Lh$ since $f\ge f^*$, and $\|\nabla f\|^2=\|\mathbb E[g_i-g_i^*]"
    r"\|^2\le\mathbb E\|g_i-g_i^*\|^2\le2\mathcal Lh$ by Jensen's inequality in every coordinate"
    r" ($g_i^*=g_i(\theta^*)$, of mean zero).",
    method="comparing mu h with L h and M h at any point where h > 0",
    check=all_ordered,
    stated=_orders(1 / L, 2),
    wrong={
        "a step of 2/L": _orders(2 / L, 2),
        "mu h below the squared gradient, not its half": _orders(1 / L, 1),
    },
    uses=("sgd", "smooth", "polyak-lojasiewicz", "expected smoothness", "jensen_for_squares"),
)

_SETTING = (SGD, SMOOTH_MEAN, PL, EXPECTED_SMOOTHNESS)
_ORDER = (PAIRWISE_FORM, JENSEN_FOR_SQUARES, CONSTANTS_IN_ORDER)
_l, _m = sympy.symbols("l m", nonnegative=True)


def _in_order(expression: Any) -> Any:
    """With L = mu + l and M = mu + m."""
    return sympy.sympify(expression).subs({L: mu + _l, M: mu + _m})


def _below(multiple: Any) -> Any:
    """A step size of at most a multiple of mu / (L M)."""
    return multiple * mu / (L * M * (1 + short))


def _risk(step: Any, second_moment: Any) -> Any:
    """The excess after a step, with |grad f|^2 = 2 mu h + s_3."""
    return excess - step * (2 * mu * excess + spare3) + L * step**2 / 2 * second_moment


def _printed_rate(step: Any, share: Any) -> tuple[Any, Any]:
    return sympy.Integer(0), _in_order(1 - share * step * mu)


RATE_IS_NONNEGATIVE = checked(
    "rate_is_nonnegative",
    r"$1-\gamma\mu\ge0$ for $\gamma\le\frac\mu{\mathcal LL}$, since $\mu^2\le\mathcal LL$.",
    method="the sign is manifest with L = mu + l, M = mu + m, gamma = mu/(L M (1 + kappa))",
    check=ordered,
    stated=_printed_rate(_below(1), 1),
    wrong={
        "twice the rate": _printed_rate(_below(1), 2),
        "steps up to 2 mu/(L M)": _printed_rate(_below(2), 1),
    },
    uses=("constants_in_order",),
)


def _bound(step: Any, left: Any, noise: Any) -> Any:
    """The bound on the excess after a step."""
    return (1 - step * left) * excess + noise * L * step**2 * variance


def _onehot_step(step: Any, rate: Any, noise: Any) -> tuple[Any, Any]:
    """The excess after a step with G <= 4 M h + 2 sigma^2, and its bound."""
    moved = _risk(step, 2 * (2 * M * excess - spare) + 2 * variance - spare2)
    return moved, _bound(step, rate * mu, noise)


def _printed_promise(noise: Any, rate: Any, neighbourhood: Any) -> Promise:
    """The recursion by that bound, with this rate and neighbourhood."""
    return Promise(_bound(gamma, mu, noise), excess, 1 - rate * gamma * mu, neighbourhood)


PL_ONEHOT = Proof(
    slug="sgd_convergence/pl_onehot",
    idea="The squared gradient is at least 2 mu h, and its noisy version at most 4 M h + 2"
    " sigma^2.",
    steps=(
        *_SETTING,
        ANY_NOISE,
        EXCESS_AFTER_STEP,
        NOISY_SQUARE,
        checked(
            "one_step",
            r"$\mathbb Ef(\theta_{t+1})-f^*\le(1-\gamma\mu)h+L\gamma^2\sigma^2$ for"
            r" $\gamma\le\frac\mu{2\mathcal LL}$: $\mathbb E\|g\|^2\le4\mathcal Lh+2\sigma^2$ (with"
            r" $c=1$), and $2\gamma^2L\mathcal L\le\gamma\mu$.",
            method="expanding with gamma = mu/(2 L M (1 + kappa)), M for the calligraphic L",
            check=ordered,
            stated=_onehot_step(_below(half), 1, 1),
            wrong={
                "steps up to mu/(L M)": _onehot_step(_below(1), 1, 1),
                "twice the rate": _onehot_step(_below(half), 2, 1),
                "half of the noise": _onehot_step(_below(half), 1, half),
            },
            uses=(
                "polyak-lojasiewicz",
                "expected smoothness",
                "excess_after_step",
                "noisy_square",
            ),
        ),
        *_ORDER,
        RATE_IS_NONNEGATIVE,
        GEOMETRIC,
        checked(
            "pl_onehot",
            r"$\mathbb Ef(\theta_T)-f^*\le(1-\gamma\mu)^T(f(\theta_0)-f^*)+\frac{L\gamma\sigma^2}"
            r"\mu$ for $\gamma\le\frac\mu{2\mathcal LL}$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=_printed_promise(1, 1, L * gamma * variance / mu),
            wrong={
                "without L": _printed_promise(1, 1, gamma * variance / mu),
                "half of it": _printed_promise(1, 1, L * gamma * variance / (2 * mu)),
                "twice the rate": _printed_promise(1, 2, L * gamma * variance / mu),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)


def _bayes_step(step: Any, rate: Any) -> tuple[Any, Any]:
    """The excess after a step with G <= 2 M h, and its bound."""
    return _risk(step, 2 * M * excess - spare), _bound(step, rate * mu, 0)


PL_BCP = Proof(
    slug="sgd_convergence/pl_bcp",
    idea="If every gradient is zero at the optimum, the second moment is at most 2 M h.",
    steps=(
        *_SETTING,
        INTERPOLATED,
        EXCESS_AFTER_STEP,
        checked(
            "one_step",
            r"$\mathbb Ef(\theta_{t+1})-f^*\le(1-\gamma\mu)h$ for"
            r" $\gamma\le\frac\mu{\mathcal LL}$: with $g_i(\theta^*)=0$ expected smoothness says"
            r" $\mathbb E\|g\|^2\le2\mathcal Lh$, and $\gamma^2L\mathcal L\le\gamma\mu$.",
            method="expanding with gamma = mu/(L M (1 + kappa)), M for the calligraphic L",
            check=ordered,
            stated=_bayes_step(_below(1), 1),
            wrong={
                "steps up to 2 mu/(L M)": _bayes_step(_below(2), 1),
                "twice the rate": _bayes_step(_below(1), 2),
            },
            uses=(
                "interpolated",
                "polyak-lojasiewicz",
                "expected smoothness",
                "excess_after_step",
            ),
        ),
        *_ORDER,
        RATE_IS_NONNEGATIVE,
        GEOMETRIC,
        checked(
            "pl_bcp",
            r"$\mathbb Ef(\theta_T)-f^*\le(1-\gamma\mu)^T(f(\theta_0)-f^*)$ for"
            r" $\gamma\le\frac\mu{\mathcal LL}$, if every gradient is zero at $\theta^*$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=_printed_promise(0, 1, sympy.Integer(0)),
            wrong={
                "noise at the optimum": _printed_promise(1, 1, sympy.Integer(0)),
                "twice the rate": _printed_promise(0, 2, sympy.Integer(0)),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)

# --- label noise ----------------------------------------------------------------------------------


def _sharpened_step(noise: Any, left: Any) -> tuple[Any, Any]:
    """The excess after a step with G <= 2 M h + sigma^2, and its bound."""
    moved = _risk(gamma, (2 * M * excess - spare) + (variance - spare2))
    return moved, _bound(gamma, left, noise)


def _sharpened_rate(left: Any) -> Inequality:
    """Zero at most the rate, by (1 - kappa)^2 and the order of the constants."""
    rate = _in_order((1 - gamma * left).subs(gamma, _below(2)))
    product = (mu + _l) * (mu + _m)
    beyond = mu * _l + mu * _m + _l * _m
    parts = mu**2 * (1 - short) ** 2 + beyond * (1 + short) ** 2
    return Inequality(0, rate, parts / (product * (1 + short) ** 2))


_left = 2 * mu - gamma * L * M


def _sharpened_promise(left: Any, neighbourhood: Any) -> Promise:
    """The recursion by that bound, with this rate and neighbourhood."""
    return Promise(_bound(gamma, _left, half), excess, 1 - gamma * left, neighbourhood)


SHARPENED_PL = Proof(
    slug="sgd_convergence/sharpened_pl",
    idea="Label noise adds its variance to the second moment, whatever the step size.",
    steps=(
        *_SETTING,
        LABEL_NOISE,
        EXCESS_AFTER_STEP,
        checked(
            "one_step",
            r"$\mathbb Ef(\theta_{t+1})-f^*\le(1-\gamma(2\mu-\gamma L\mathcal L))h"
            r"+\frac12L\gamma^2\sigma^2$: $\mathbb E\|g\|^2=\mathbb E\|g_i(\theta)\|^2"
            r"+\mathbb E\|\xi\|^2\le2\mathcal Lh+\sigma^2$, with $g_i(\theta^*)=0$.",
            method="expanding, with a nonnegative symbol for what each inequality leaves over",
            check=ordered,
            stated=_sharpened_step(half, _left),
            wrong={
                "a quarter of the noise": _sharpened_step(half / 2, _left),
                "the rate of small steps": _sharpened_step(half, 2 * mu),
            },
            uses=(
                "label noise",
                "polyak-lojasiewicz",
                "expected smoothness",
                "excess_after_step",
                "sgd_convergence/target_noise_orthogonal",
            ),
        ),
        *_ORDER,
        checked(
            "rate_is_nonnegative",
            r"$1-\gamma(2\mu-\gamma L\mathcal L)\ge0$, since $\mu^2\le L\mathcal L$; it is below"
            r" one for $0<\gamma<\frac{2\mu}{L\mathcal L}$.",
            method="the sign is manifest with L = mu + l, M = mu + m, gamma = 2 mu/(L M (1+kappa))",
            check=at_most,
            stated=_sharpened_rate(_left),
            wrong={
                "2 mu in place of 2 mu - gamma L M": _sharpened_rate(2 * mu),
                "twice as fast": _sharpened_rate(2 * _left),
            },
            uses=("constants_in_order",),
        ),
        GEOMETRIC,
        checked(
            "sharpened_pl",
            r"$\mathbb Ef(\theta_T)-f^*\le(1-\gamma(2\mu-\gamma L\mathcal L))^T(f(\theta_0)-f^*)"
            r"+\frac{\gamma L\sigma^2}{2(2\mu-\gamma L\mathcal L)}$ for"
            r" $\gamma<\frac{2\mu}{L\mathcal L}$, if $\mathbb E[\xi|x]=0$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=_sharpened_promise(_left, gamma * L * variance / (2 * _left)),
            wrong={
                "without the half": _sharpened_promise(_left, gamma * L * variance / _left),
                "mu - gamma L M": _sharpened_promise(
                    _left, gamma * L * variance / (2 * (mu - gamma * L * M))
                ),
                "the rate of small steps": _sharpened_promise(
                    2 * mu, gamma * L * variance / (2 * _left)
                ),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)
