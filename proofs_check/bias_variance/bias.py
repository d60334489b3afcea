"""The bias of one teacher, below a constant times its mean distance from the truth."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, Inequality, at_most
from proofs_check.algebra_several import all_nonnegative_by_induction
from proofs_check.bias_variance.constant import CENTRING, DISTRIBUTIONS
from proofs_check.bias_variance.distances import GAINS
from proofs_check.bias_variance.setting import MEAN_BETWEEN, SQUARE_BETWEEN
from proofs_check.records import checked

factor = sympy.Symbol("K", nonnegative=True)
"""The constant before a squared distance."""

distance, gap, second_gap, third_gap = sympy.symbols("D e f g", nonnegative=True)


def squared_bound(root: Any) -> Inequality:
    """A squared bias, where the bias is at most this multiple of the mean distance."""
    return Inequality((root * distance) ** 2 - gap, factor * distance**2, gap)


BIAS_BELOW_NORM = checked(
    "bias_below_norm",
    r"$\bigl(\mathbb E_x(p-q)\cdot\ell\bigr)^2\le B^2C^*(L)\bigl(\mathbb"
    r" E_x\|p(x)-q(x)\|_2\bigr)^2$ for any $p(x)$, $q(x)$ in the simplex: at each $x$,"
    r" $|(p-q)\cdot\ell|\le\sqrt{B^2C^*(L)}\,\|p-q\|_2$.",
    method="squaring the mean of the bounds, with K = B^2 C*(L)",
    check=at_most,
    stated=squared_bound(sympy.sqrt(factor)),
    wrong={"K in place of its root": squared_bound(factor)},
    uses=("world", "range", "square_between", "bias_variance/sharp_constant"),
)

_X, _P, _H = sympy.symbols("X P H", real=True)
_size, _over, _under = sympy.symbols("u alpha beta", nonnegative=True)
_range = sympy.Symbol("B", nonnegative=True)
_signed = sympy.Symbol("s", real=True)


def _weighted_losses(over: Any, under: Any) -> tuple[Induction, ...]:
    """What B times the gains or losses leaves of d.l, label by label.

    Args:
        over: by how much a loss less the least one exceeds zero.
        under: by how much it falls short of B.
    """
    start = dict.fromkeys((_X, _P, _H), 0)

    def rises(loss: Any) -> dict[Any, Any]:
        return {_X: _X + _size * loss, _P: _P + _size}

    def falls(loss: Any) -> dict[Any, Any]:
        return {_X: _X - _size * loss, _H: _H + _size}

    upper, lower = _range * _P - _X, _range * _H + _X
    return (
        Induction(upper, start, rises(_range - under), _size * under),
        Induction(upper, start, falls(over), _size * over),
        Induction(lower, start, rises(over), _size * over),
        Induction(lower, start, falls(_range - under), _size * under),
    )


RANGE_TIMES_TV = checked(
    "range_times_total_variation",
    r"$|d\cdot\ell|\le B\,\mathrm{TV}(p,q)$: relative to the least loss, $d\cdot\ell$ is at most"
    r" $B$ times the sum of the positive $d_k$ and at least $-B$ times that of the negative ones,"
    r" and both sums are $\frac12\sum_k|d_k|$ in size.",
    method="induction: one more label with d = u or d = -u, u >= 0, and a loss in [a, a + B]",
    check=all_nonnegative_by_induction,
    stated=_weighted_losses(_over, _under),
    wrong={
        "losses above the range": _weighted_losses(_over, _signed),
        "losses below the least one": _weighted_losses(_signed, _under),
    },
    uses=("centring", "total_variation_as_a_risk"),
)

BIAS_BELOW_TV = checked(
    "bias_below_total_variation",
    r"$\bigl(\mathbb E_x(p-q)\cdot\ell\bigr)^2\le B^2\bigl(\mathbb E_x\mathrm{TV}(p(x),q(x))\bigr)"
    r"^2$ for any $p(x)$, $q(x)$ in the simplex.",
    method="squaring the mean of the bounds, with K = B^2",
    check=at_most,
    stated=squared_bound(sympy.sqrt(factor)),
    wrong={"K in place of its root": squared_bound(factor)},
    uses=("world", "range", "square_between", "range_times_total_variation"),
)

NORM_STEPS = (MEAN_BETWEEN, SQUARE_BETWEEN, BIAS_BELOW_NORM)
TV_STEPS = (
    DISTRIBUTIONS,
    CENTRING,
    GAINS,
    RANGE_TIMES_TV,
    MEAN_BETWEEN,
    SQUARE_BETWEEN,
    BIAS_BELOW_TV,
)
