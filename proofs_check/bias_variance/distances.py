r"""Two more constants: for a point mass, and between the total variation and a Euclidean norm."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, Inequality, at_most, equal, holds_by_induction
from proofs_check.algebra_several import all_hold_by_induction
from proofs_check.bias_variance.constant import DISTRIBUTIONS, scale
from proofs_check.bias_variance.setting import MEAN_BETWEEN, SQUARE_BETWEEN
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.records import Proof, assumed, checked

_X, _Z = sympy.symbols("X Z", real=True)
_e, _f, _extra = sympy.symbols("e f c", nonnegative=True)
_group, _rest = sympy.symbols("h g", integer=True, positive=True)

# --- a deterministic label ------------------------------------------------------------------------

_moved, _loss_y, _mean = sympy.symbols("delta l_y M", real=True)
_q_k, _l_k = sympy.symbols("q_k l_k", real=True)


def _taken(relative: Any) -> Induction:
    """A difference of risks over the other labels, when one contributes q_k times this."""
    return Induction(
        _X - (_moved * _loss_y - _mean),
        dict.fromkeys((_X, _moved, _mean), 0),
        {_X: _X + _q_k * relative, _moved: _moved + _q_k, _mean: _mean + _q_k * _l_k},
    )


_mass = sympy.Symbol("delta", nonnegative=True)
_others = sympy.Symbol("m", positive=True)


def _vertex_chain(constant: Any) -> Inequality:
    """The chain for a point mass, with L = m + 1 labels."""
    others_squared = _mass**2 / _others + _e
    norm = _mass**2 + others_squared
    smallest = _others / (_others + 1)
    slack = _f + scale**2 * (smallest * _e + (constant - smallest) * norm)
    return Inequality(scale**2 * _mass**2 - _f, scale**2 * constant * norm, slack)


def _ratio_attained(constant: Any) -> tuple[Any, Any]:
    """Both sides when all mass goes evenly to m other labels, whose loss is 1."""
    return sympy.Integer(1), constant * (1 + _others * (1 / _others) ** 2)


def _compared(split: Any) -> tuple[Any, Any]:
    """How far L times C* exceeds L - 1, for a middle split into h and g labels."""
    return _group * _rest - (_group + _rest - 1), split


SHARP_CONSTANT_VERTEX = Proof(
    slug="bias_variance/sharp_constant_vertex",
    idea="Mass can only be taken from one label; for the length of the difference it matters most"
    " when it is given to all others alike.",
    steps=(
        assumed(
            "point_mass",
            r"$p=e_y$ and $q$ are distributions on $L\ge2$ labels, $\delta=1-q_y=\sum_{k\ne y}q_k$,"
            r" and losses have the range $B$. (For $L=1$ both sides are zero.)",
        ),
        assumed("constant", r"$C\ge\frac{L-1}L$."),
        checked(
            "taken_from_one_label",
            r"$(e_y-q)\cdot\ell=\delta\ell_y-\sum_{k\ne y}q_k\ell_k=\sum_{k\ne y}q_k"
            r"(\ell_y-\ell_k)$, with nonnegative weights and $|\ell_y-\ell_k|\le B$.",
            method="induction over the other labels",
            check=holds_by_induction,
            stated=_taken(_loss_y - _l_k),
            wrong={
                "the other sign": _taken(_l_k - _loss_y),
                "the losses themselves": _taken(_l_k),
            },
            uses=("point_mass",),
        ),
        MEAN_BETWEEN,
        SQUARE_BETWEEN,
        CAUCHY_SCHWARZ,
        checked(
            "attained",
            r"If $q$ gives $\frac1{L-1}$ to each other label, all of loss 1, while $\ell_y=0$, then"
            r" $((e_y-q)\cdot\ell)^2=1=\frac{L-1}L\|e_y-q\|_2^2$.",
            method="expanding, for L = m + 1",
            check=equal,
            stated=_ratio_attained(_others / (_others + 1)),
            wrong={
                "L in place of L - 1": _ratio_attained(sympy.Integer(1)),
                "(L-1)/(L+1)": _ratio_attained(_others / (_others + 2)),
            },
            uses=("point_mass",),
        ),
        checked(
            "smaller_from_four_labels",
            r"$L\,C^*(L)-(L-1)=(h-1)(L-h-1)$ with $h=\lfloor L/2\rfloor$: zero for two and three"
            r" labels, positive from four on.",
            method="expanding, with g = L - h",
            check=equal,
            stated=_compared((_group - 1) * (_rest - 1)),
            wrong={"one label left out of one group only": _compared(_group * (_rest - 1))},
            uses=("bias_variance/sharp_constant",),
        ),
        checked(
            "sharp_constant_vertex",
            r"$((e_y-q)\cdot\ell)^2\le B^2\delta^2$ and $\|e_y-q\|_2^2=\delta^2+\sum_{k\ne"
            r" y}q_k^2\ge\delta^2(1+\frac1{L-1})$ by Cauchy and Schwarz, so that"
            r" $((e_y-q)\cdot\ell)^2\le B^2\frac{L-1}L\|e_y-q\|_2^2\le B^2C\|e_y-q\|_2^2$; the"
            r" constant is attained, and below $C^*(L)$ from four labels on.",
            method="adding up the slacks of the chain",
            check=at_most,
            stated=_vertex_chain(_others / (_others + 1) + _extra),
            wrong={
                "a smaller constant": _vertex_chain(_others / (_others + 2)),
                "the constant for two labels": _vertex_chain(sympy.Rational(1, 2)),
            },
            uses=(
                "constant",
                "taken_from_one_label",
                "square_between",
                "cauchy_schwarz",
                "attained",
                "smaller_from_four_labels",
            ),
        ),
    ),
)

# --- total variation ------------------------------------------------------------------------------

_absolute = sympy.Symbol("A", real=True)
_size = sympy.Symbol("u", nonnegative=True)


def _gains(of_gain: Any, of_loss: Any) -> tuple[Induction, Induction]:
    """A difference of risks, when a label where p exceeds q has one loss and any other another."""
    start = dict.fromkeys((_X, _absolute, _Z), 0)
    invariant = _X - (_absolute + _Z) / 2
    return (
        Induction(
            invariant,
            start,
            {_X: _X + _size * of_gain, _absolute: _absolute + _size, _Z: _Z + _size},
        ),
        Induction(
            invariant,
            start,
            {_X: _X - _size * of_loss, _absolute: _absolute + _size, _Z: _Z - _size},
        ),
    )


GAINS = checked(
    "total_variation_as_a_risk",
    r"With $\ell_k=1$ where $d_k\ge0$ and $0$ elsewhere, $d\cdot\ell=\frac12(\sum_k|d_k|+\sum_kd_k)"
    r"=\frac12\sum_k|d_k|=\mathrm{TV}(p,q)$.",
    method="induction: one more label with d = u or d = -u, u >= 0",
    check=all_hold_by_induction,
    stated=_gains(1, 0),
    wrong={
        "losses 1 and -1": _gains(1, -1),
        "the indicator of the labels that lose": _gains(0, 1),
    },
    uses=("distributions",),
)

total_variation = sympy.Symbol("T", nonnegative=True)


def _below_norm(difference: Any) -> Inequality:
    """The total variation's square, when losses of range 1 have this difference of risks."""
    bound = difference**2 + _e
    return Inequality(total_variation**2, bound, _e + difference**2 - total_variation**2)


TV_BELOW_NORM = Proof(
    slug="bias_variance/tv_below_norm",
    idea="The total variation is the difference of risks for the losses 0 and 1 that tell p and q"
    " apart best.",
    steps=(
        DISTRIBUTIONS,
        GAINS,
        checked(
            "tv_below_norm",
            r"$\mathrm{TV}(p,q)^2=(d\cdot\ell)^2\le C^*(L)\|p-q\|_2^2$, as the range of these"
            r" losses is at most one.",
            method="substituting d.l = TV in the bound with the sharp constant, whose slack is e",
            check=at_most,
            stated=_below_norm(total_variation),
            wrong={"losses whose risks differ by half of it": _below_norm(total_variation / 2)},
            uses=("total_variation_as_a_risk", "bias_variance/sharp_constant"),
        ),
    ),
)
