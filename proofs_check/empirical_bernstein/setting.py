r"""What the bounds are about: samples of values in [0, 1], their means and variances."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    expectation,
    holds_by_induction,
)
from proofs_check.algebra_several import all_nonnegative_by_induction
from proofs_check.records import assumed, checked

BOUNDED = assumed(
    "bounded losses",
    r"$0\le\ell_k\le1$ for every label $k$ and every input: the loss is measured in units of its"
    r" bound $B$.",
)
SAMPLE = assumed(
    "sample",
    r"$h_i=h(x_i)$, $i\le n$, are independent, with means $\mu_i$ and variances $w_i$;"
    r" $P_nh=\frac1n\sum_ih_i$, $Ph=\frac1n\sum_i\mu_i$, $W=\frac1n\sum_iw_i$ and"
    r" $V_n=\frac1{n-1}\sum_i(h_i-P_nh)^2$. For an i.i.d. sample $\mu_i=Ph$ and"
    r" $w_i=\mathbb V[h]=W$. Inputs have finitely many values, $n\ge2$ where $V_n$ occurs, and"
    r" $0<\delta<1$.",
)

# --- values in [0, 1] -----------------------------------------------------------------------------

_prob, _loss, _room = sympy.symbols("p l u", nonnegative=True)
_mass, _value = sympy.symbols("P H", real=True)
_signed = sympy.Symbol("s", real=True)


def _convex(weight: Any, loss: Any, room: Any) -> list[Induction]:
    """Mean losses and what they fall short of 1, when a label's loss is 1 less this room."""
    start = {_mass: 0, _value: 0}
    below = Induction(_value, start, {_mass: _mass + weight, _value: _value + weight * loss})
    above = Induction(
        _mass - _value, start, {_mass: _mass + weight, _value: _value + weight * (1 - room)}
    )
    return [below._replace(slack=weight * loss), above._replace(slack=weight * room)]


VALUES = checked(
    "values_in_unit_interval",
    r"$h(x)=\sum_kp_k\ell_k(x)$ is in $[0,1]$ for any class probabilities $p$: a label adds"
    r" $p_k\ell_k\ge0$ to $h$, and $p_k(1-\ell_k)\ge0$ to $\sum_kp_k-h=1-h$.",
    method="induction over the labels, for any number of them",
    check=all_nonnegative_by_induction,
    stated=_convex(_prob, _loss, _room),
    wrong={
        "weights of either sign": _convex(_signed, _loss, _room),
        "losses above 1": _convex(_prob, _loss, -_room),
        "negative losses": _convex(_prob, -_loss, _room),
    },
    uses=("bounded losses",),
)

# --- the sample variance --------------------------------------------------------------------------

_n = sympy.Symbol("n", positive=True)
_A, _Q = sympy.symbols("A Q", real=True)
_h = sympy.Symbol("h", real=True)
_count, _S, _T = sympy.symbols("n S T", real=True)
_mu, _w = sympy.symbols("mu w", real=True)


def _mean_square(covariances: Any) -> Induction:
    """The mean of the squared sum, when one more value has this cross term with those before.

    S is the sum of the means, T that of the variances, Q the mean of the square of the sum.
    """
    step = {_S: _S + _mu, _T: _T + _w, _Q: _Q + 2 * covariances + _w + _mu**2}
    return Induction(_Q - _T - _S**2, dict.fromkeys((_S, _T, _Q), 0), step)


SQUARED_SUM = checked(
    "mean_of_squared_sum",
    r"$\mathbb E(\sum_ih_i)^2=\sum_iw_i+(\sum_i\mu_i)^2$: one more value adds $2\mu\sum_i\mu_i$,"
    r" by independence, and $\mathbb Eh^2=w+\mu^2$.",
    method="induction over the sample",
    check=holds_by_induction,
    stated=_mean_square(_mu * _S),
    wrong={"one cross term": _mean_square(_mu * _S / 2), "none": _mean_square(sympy.Integer(0))},
    uses=("sample",),
)


def _mean_of_variance(divisor: Any) -> tuple[Any, Any]:
    """E V_n from E sum h^2 and E (sum h)^2, and W plus the variance of the means."""
    total, square = sympy.symbols("M2 M1sq", real=True)
    spread = total - square / _n
    moments = {total: _T + _A, square: _T + _S**2}
    found = expectation(spread, moments, [total, square]) / divisor
    return found, _T / _n + (_A - _S**2 / _n) / (_n - 1)


MEAN_OF_VARIANCE = checked(
    "mean_of_sample_variance",
    r"$\mathbb E V_n=W+\frac1{n-1}(\sum_i\mu_i^2-\frac1n(\sum_i\mu_i)^2)$, since"
    r" $(n-1)V_n=\sum_ih_i^2-\frac1n(\sum_ih_i)^2$ and $\mathbb E\sum_ih_i^2=\sum_i(w_i+\mu_i^2)$."
    r" It is $\mathbb V[h]$ for an i.i.d. sample, and never less than $W$ (Cauchy-Schwarz).",
    method="linearity of the expectation, for every n",
    check=equal,
    stated=_mean_of_variance(_n - 1),
    wrong={"divided by n": _mean_of_variance(_n), "divided by n + 1": _mean_of_variance(_n + 1)},
    uses=("sample", "mean_of_squared_sum", "cauchy_schwarz"),
)

_ratio, _alpha, _zeta, _gap = sympy.symbols("k alpha beta r", nonnegative=True)


def _norms(sign: int) -> Inequality:
    """The squared difference of two norms, below the squared norm of a difference.

    The inner product falls short of the product of the norms by r, or exceeds it if sign is -1.
    """
    inner = _alpha * _zeta - sign * _gap
    squared = _alpha**2 + _zeta**2 - 2 * inner
    return Inequality((_alpha - _zeta) ** 2, squared, 2 * sign * _gap)


NORMS_DIFFER = checked(
    "norms_differ",
    r"$(\|a\|-\|b\|)^2\le\|a-b\|^2$: the difference is $2(\|a\|\|b\|-a\cdot b)\ge0$.",
    method="the sign of the difference is manifest, by Cauchy-Schwarz",
    check=at_most,
    stated=_norms(1),
    wrong={"an inner product above the product of the norms": _norms(-1)},
    uses=("cauchy_schwarz",),
)

_epsilon = sympy.Symbol("epsilon", positive=True)
_sum = sympy.Symbol("S", real=True)


def _lipschitz(factor: Any) -> Inequality:
    """V_n of differences with the sum S, and squares that add up to n epsilon^2 - r, n = 2 + k."""
    n = 2 + _ratio
    variance = (n * _epsilon**2 - _gap - _sum**2 / n) / (n - 1)
    slack = _epsilon**2 * _ratio / (n - 1) + _gap / (n - 1) + _sum**2 / (n * (n - 1))
    return Inequality(variance, factor * _epsilon**2, slack)


LIPSCHITZ = checked(
    "deviation_is_lipschitz",
    r"If two functions differ by at most $\varepsilon$ on the sample, $\sqrt{V_n}$ differs by at"
    r" most $\varepsilon\sqrt{n/(n-1)}\le\varepsilon\sqrt2$: $\sqrt{(n-1)V_n}$ is the norm of the"
    r" centred values, and $(n-1)V_n$ of the differences $d_i$ is $\sum_id_i^2-\frac1n(\sum_id_i)^2"
    r"\le n\varepsilon^2$.",
    method="the sign of the difference is manifest, for n = 2 + k",
    check=at_most,
    stated=_lipschitz(2),
    wrong={"epsilon itself": _lipschitz(1), "no factor n": _lipschitz(1 / (2 + _ratio))},
    uses=("sample", "norms_differ"),
)
