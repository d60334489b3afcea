r"""Pinsker's inequality on finite alphabets, in steps: two labels first, then any number of them.

Merging labels into those where $p$ exceeds $q$ and the others keeps the total variation and does
not increase the divergence.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, Minimum, at_most, equal, nonnegative_from_minimum
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.records import checked

_odds_p, _odds = sympy.symbols("a t", positive=True)


def _binary(factor: int) -> Minimum:
    """The divergence of two labels less a multiple of the square of p - q, over the odds of q."""
    p, q = _odds_p / (1 + _odds_p), _odds / (1 + _odds)
    divergence = p * sympy.log(p / q) + (1 - p) * sympy.log((1 - p) / (1 - q))
    # d/dq is (q - p) (1 / (q (1 - q)) - 2 factor); for factor 2 the bracket is a square over q.
    bracket = ((1 - _odds) ** 2 + 2 * (2 - factor) * _odds) / _odds
    slope = bracket / ((1 + _odds) ** 3 * (1 + _odds_p))
    return Minimum(divergence - factor * (p - q) ** 2, _odds, _odds_p, slope)


BINARY_PINSKER = checked(
    "binary_pinsker",
    r"$p\log\frac pq+(1-p)\log\frac{1-p}{1-q}\ge2(p-q)^2$: the difference vanishes at $q=p$ and has"
    r" the derivative $(q-p)\frac{(1-2q)^2}{q(1-q)}$ in $q$. (At $p\in\{0,1\}$ by continuity; for"
    r" $q\in\{0,1\}$ other than $p$ the left side is infinite.)",
    method="derivative in the odds q/(1-q), for p and q inside (0, 1)",
    check=nonnegative_from_minimum,
    stated=_binary(2),
    wrong={"four times the square": _binary(4), "three times the square": _binary(3)},
)

_p, _q, _P, _Q = sympy.symbols("p q P Q", positive=True)


def _grouped(within: Any) -> tuple[Any, Any]:
    """A label's divergence less its share of the group's, and its divergence within the group."""
    return _p * sympy.log(_p / _q) - _p * sympy.log(_P / _Q), within


MERGING = checked(
    "merging_labels",
    r"For a group of labels of masses $P$ and $Q$, $\sum_kp_k\log\frac{p_k}{q_k}-P\log\frac PQ="
    r"P\,\sum_k\frac{p_k}P\log\frac{p_k/P}{q_k/Q}\ge0$, a divergence within the group: merging"
    r" labels does not increase the divergence.",
    method="expanding logarithms, term by term",
    check=equal,
    stated=_grouped(_P * (_p / _P) * sympy.log((_p / _P) / (_q / _Q))),
    wrong={
        "masses of the groups exchanged": _grouped(_p * sympy.log((_p / _Q) / (_q / _P))),
        "without the masses": _grouped(_p * sympy.log(_p / _q)),
    },
    uses=("gibbs_inequality",),
)

_gain, _above_binary, _above_merged = sympy.symbols("G e f", nonnegative=True)


def _merged(half: Any) -> Inequality:
    """The square of this share of the sum of |p - q|, below half of the divergence.

    The first group gains as much as the second loses.
    """
    total_variation = half * (_gain + _gain)
    divergence = 2 * _gain**2 + _above_binary + _above_merged
    slack = (_above_binary + _above_merged) / 2 + _gain**2 - total_variation**2
    return Inequality(total_variation**2, divergence / 2, slack)


PINSKER = checked(
    "pinsker",
    r"$\mathrm{TV}(p,q)^2\le\frac12\mathrm{KL}(p\,\|\,q)$: merge the labels with $p_k\ge q_k$ into"
    r" one, and the others into another. As much is lost on these as is gained on those, so that"
    r" $\mathrm{TV}=\frac12\sum_k|p_k-q_k|$ is the gain $P-Q$ of the first group, and the two"
    r" merged labels have a divergence of at least $2(P-Q)^2$.",
    method="adding up the slacks of both inequalities, with the gain G of the first group",
    check=at_most,
    stated=_merged(sympy.Rational(1, 2)),
    wrong={"without the factor 1/2": _merged(sympy.Integer(1))},
    uses=("binary_pinsker", "merging_labels"),
)

PINSKER_STEPS = (
    LOGARITHM_BELOW_TANGENT,
    GIBBS_INEQUALITY,
    BINARY_PINSKER,
    MERGING,
    PINSKER,
)
"""All of them, in order."""
