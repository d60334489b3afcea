r"""What the proofs of the room share: the setting, laws of total variance, means of bounded terms.

Everything is linear in the weights of inputs and of teacher draws, so that each statement is shown
for one more input or draw, and holds for any number of them by induction.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    holds_by_induction,
)
from proofs_check.algebra_several import all_nonnegative_by_induction
from proofs_check.records import assumed, checked

N = sympy.Symbol("N", positive=True)
more = sympy.Symbol("m", nonnegative=True)
"""N - 1, where it matters that there is a sample."""

risk, mean_bias = sympy.symbols("R b", real=True)
noise = sympy.Symbol("v", nonnegative=True)
mean_square_bias, spread = sympy.symbols("Q s", nonnegative=True)

WORLD = assumed(
    "world",
    r"Inputs $x$ have the law $\pi$, labels given $x$ the law $p^*(x)$, teacher draws $\tau$ the"
    r" law $w$, each with finitely many values; $p_\tau(x)$ is in the simplex; $\ell(x)$ are the"
    r" finite losses of one predictor. Write $g_\tau=p_\tau\cdot\ell$, $h=p^*\cdot\ell$,"
    r" $R=\mathbb E_xh$, $b_\tau=\mathbb E_xg_\tau-R$ with mean $\bar b$ over $\tau$,"
    r" $v_\tau=\mathbb V_x[g_\tau]$.",
)
SHARED = assumed(
    "shared",
    r"$\tilde R=\frac1N\sum_ng_\tau(x_n)$ with i.i.d. $x_1,\dots,x_N$, $N\ge1$, and one $\tau$ for"
    r" all of them, drawn independently of the $x_n$.",
)
FRESH = assumed(
    "fresh",
    r"$\tilde R=\frac1N\sum_ng_{\tau_n}(x_n)$ with i.i.d. pairs $(x_n,\tau_n)$, $N\ge1$, and"
    r" $\tau_n$ independent of $x_n$.",
)
FIXED = assumed(
    "fixed",
    r"$\tilde R=\frac1N\sum_ng(x_n)$ with i.i.d. $x_1,\dots,x_N$, $N\ge1$, and $g=p^{\mathrm"
    r" t}\cdot\ell$ for one teacher $p^{\mathrm t}$; $b=\mathbb E_xg-R$.",
)
RANGE = assumed(
    "range",
    r"$\max_k\ell_k(x)-\min_k\ell_k(x)\le B$ at every $x$; the range of all losses is such a $B$.",
)

# --- means and variances --------------------------------------------------------------------------

_W, _M, _Q, _S, _T, _B, _V = sympy.symbols("W M Q S T B V", real=True)
_w, _v, _c = sympy.symbols("w v c", real=True)
_count, _mean = sympy.symbols("n m", real=True)


def _sum_of_terms(added: Any) -> Induction:
    """The mean of a sum of n terms of mean m, when one more adds so much to it."""
    return Induction(_S - _count * _mean, {_S: 0, _count: 0}, {_S: _S + added, _count: _count + 1})


MEAN_OF_SAMPLE = checked(
    "mean_of_sample",
    r"If every $z_n$ has the mean $m$, then $\mathbb E\frac1N\sum_nz_n=m$: a sum of $n$ of them has"
    r" the mean $nm$.",
    method="induction over the sample",
    check=holds_by_induction,
    stated=_sum_of_terms(_mean),
    wrong={"terms of another mean": _sum_of_terms(_mean + 1)},
)


def _centred(square: Any) -> Induction:
    """Centred squares, when one more value contributes its weight times this square."""
    return Induction(
        _S - (_Q - 2 * _c * _M + _c**2 * _W),
        dict.fromkeys((_S, _Q, _M, _W), 0),
        {_S: _S + _w * square, _Q: _Q + _w * _v**2, _M: _M + _w * _v, _W: _W + _w},
    )


CENTRED_SQUARES = checked(
    "centred_squares",
    r"$\sum_iw_i(v_i-c)^2=\sum_iw_iv_i^2-2c\sum_iw_iv_i+c^2\sum_iw_i$ for any weights, values and"
    r" $c$. If the weights have the sum one and $c$ is the mean $\bar v$, both sides are the"
    r" variance $\sum_iw_iv_i^2-\bar v^2$.",
    method="induction over the values",
    check=holds_by_induction,
    stated=_centred((_v - _c) ** 2),
    wrong={
        "the square of a sum": _centred((_v + _c) ** 2),
        "a difference of squares": _centred(_v**2 - _c**2),
    },
)


def centred(centre: Any) -> Any:
    """Returns the sum of squares of biases about a centre, as `CENTRED_SQUARES` gives it."""
    return mean_square_bias - 2 * centre * mean_bias + centre**2


_v_t, _b_t = sympy.symbols("v_t b_t", real=True)


def _second_moment(of_draw: Any) -> Induction:
    """The second moment over inputs and draws, when a draw has this one over inputs."""
    return Induction(
        _S - (_V + _Q + 2 * risk * _B + risk**2 * _W),
        dict.fromkeys((_S, _V, _Q, _B, _W), 0),
        {
            _S: _S + _w * of_draw,
            _V: _V + _w * _v_t,
            _Q: _Q + _w * _b_t**2,
            _B: _B + _w * _b_t,
            _W: _W + _w,
        },
    )


JOINT_SECOND_MOMENT = checked(
    "joint_second_moment",
    r"$\mathbb E_{x,\tau}g_\tau^2=\mathbb E_\tau v_\tau+\mathbb E_\tau b_\tau^2+2R\bar b+R^2$:"
    r" given the draw, $g_\tau$ has the variance $v_\tau$ and the mean $R+b_\tau$.",
    method="induction over the draws of the teacher",
    check=holds_by_induction,
    stated=_second_moment(_v_t + (risk + _b_t) ** 2),
    wrong={
        "the variance alone": _second_moment(_v_t),
        "the mean R for every draw": _second_moment(_v_t + risk**2),
    },
    uses=("world",),
)


def _joint_variance(mean: Any) -> tuple[Any, Any]:
    """The variance over inputs and draws, when their joint mean is this one."""
    second_moment = noise + mean_square_bias + 2 * risk * mean_bias + risk**2
    return second_moment - mean**2, noise + centred(mean_bias)


TOTAL_VARIANCE = checked(
    "total_variance",
    r"$\mathbb V_{x,\tau}[g_\tau]=\mathbb E_\tau v_\tau+\mathbb V_\tau[b_\tau]$, since $g_\tau$ has"
    r" the mean $R+\bar b$ over inputs and draws.",
    method="expanding",
    check=equal,
    stated=_joint_variance(risk + mean_bias),
    wrong={
        "the joint mean R": _joint_variance(risk),
        "a second moment in place of the variance": _joint_variance(sympy.Integer(0)),
    },
    uses=("joint_second_moment", "centred_squares"),
)

_p_tk, _l_k = sympy.symbols("p_tk l_k", real=True)


def _mean_teacher(added: Any) -> Induction:
    """A label's share of the mean distilled loss, when a draw adds so much to it."""
    return Induction(_S - _M * _l_k, {_S: 0, _M: 0}, {_S: _S + added * _l_k, _M: _M + _w * _p_tk})


MEAN_TEACHER = checked(
    "mean_teacher",
    r"$\mathbb E_\tau[p_\tau\cdot\ell]=\bar p\cdot\ell$ with $\bar p=\mathbb E_\tau p_\tau$, so"
    r" that $\bar b=\mathbb E_x(\bar p-p^*)\cdot\ell$ is the bias of the fixed teacher $\bar p$,"
    r" and $b_\tau-\bar b=\mathbb E_x(p_\tau-\bar p)\cdot\ell$.",
    method="induction over the draws, label by label",
    check=holds_by_induction,
    stated=_mean_teacher(_w * _p_tk),
    wrong={"draws of equal weight": _mean_teacher(_p_tk)},
    uses=("world",),
)

# --- means of bounded terms -----------------------------------------------------------------------

_weight, _above, _below = sympy.symbols("w alpha beta", nonnegative=True)
_signed = sympy.Symbol("t", real=True)
_bound = sympy.Symbol("r", nonnegative=True)


def _between(weight: Any, below: Any) -> tuple[Induction, Induction]:
    """What the bounds leave above and below a mean, when a term is so far from them."""
    start = {_T: 0, _S: 0}
    upper = {_T: _T + weight * _bound, _S: _S + weight * (_bound - _above)}
    lower = {_T: _T + weight * _bound, _S: _S + weight * (below - _bound)}
    return (
        Induction(_T - _S, start, upper, weight * _above),
        Induction(_T + _S, start, lower, weight * below),
    )


MEAN_BETWEEN = checked(
    "mean_between",
    r"If $|t_i|\le r_i$ for every $i$ and $w\ge0$, then $-\sum_iw_ir_i\le\sum_iw_it_i\le"
    r"\sum_iw_ir_i$.",
    method="induction: one more term adds w (r - t) >= 0 and w (r + t) >= 0",
    check=all_nonnegative_by_induction,
    stated=_between(_weight, _below),
    wrong={
        "weights of either sign": _between(_signed, _below),
        "terms bounded from above only": _between(_weight, _signed),
    },
)


def _squared(above: Any, below: Any) -> Inequality:
    """The squares of X and T, with T - X above and T + X below."""
    return Inequality(((below - above) / 2) ** 2, ((below + above) / 2) ** 2, above * below)


SQUARE_BETWEEN = checked(
    "square_between",
    r"Hence $X^2\le T^2$ for $X=\sum_iw_it_i$ and $T=\sum_iw_ir_i$: $T^2-X^2=(T-X)(T+X)$.",
    method="expanding; both factors are nonnegative",
    check=at_most,
    stated=_squared(_above, _below),
    wrong={"bounded from above only": _squared(_above, _signed)},
    uses=("mean_between",),
)
