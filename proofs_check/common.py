r"""Steps that proofs of several rooms share: means of samples, Jensen, Cauchy-Schwarz, logarithms.

They hold for any number of samples, labels or atoms, by induction over them.
"""

from __future__ import annotations

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    Minimum,
    at_most,
    equal,
    holds_by_induction,
    nonnegative_from_minimum,
)
from proofs_check.records import checked

_N, _first, _second = sympy.symbols("N m_1 m_2", real=True)


def _variance_of_mean(pairs: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Both sides, when a sum of N terms has so many ordered pairs of different terms."""
    mean_square = (_N * _second + pairs * _first**2) / _N**2
    return mean_square - _first**2, (_second - _first**2) / _N


VARIANCE_OF_MEAN = checked(
    "variance_of_mean",
    r"For i.i.d. $z_1,\dots,z_N$ with a finite second moment,"
    r" $\mathbb V[\frac1N\sum_nz_n]=\frac1N\mathbb V[z]$: the square of the sum has $N$ terms with"
    r" mean $\mathbb E z^2$ and $N(N-1)$ with mean $(\mathbb Ez)^2$.",
    method="expanding, for every N",
    check=equal,
    stated=_variance_of_mean(_N * (_N - 1)),
    wrong={
        "N^2 cross terms": _variance_of_mean(_N**2),
        "no cross terms": _variance_of_mean(sympy.Integer(0)),
        "one value shared by all n": (_second - _first**2, (_second - _first**2) / _N),
    },
)

# Running sums over labels: of weights, weighted values, weighted squares, and over pairs.
_W, _M, _Q, _G = sympy.symbols("W M Q G", real=True)
_w, _v = sympy.symbols("w v", real=True)


def _pairs(added: sympy.Expr) -> Induction:
    """The pairwise form, when one more label adds so much to the sum over pairs."""
    return Induction(
        _W * _Q - _M**2 - _G,
        dict.fromkeys((_W, _M, _Q, _G), 0),
        {_W: _W + _w, _M: _M + _w * _v, _Q: _Q + _w * _v**2, _G: _G + added},
    )


PAIRWISE_FORM = checked(
    "pairwise_form",
    r"$\sum_kw_k\sum_kw_kv_k^2-(\sum_kw_kv_k)^2=\sum_{j<k}w_jw_k(v_j-v_k)^2$ for any weights and"
    r" values; for weights of sum one the left side is the variance of the values.",
    method="induction: one more label adds w sum_j w_j (v_j - v)^2, for every number of labels",
    check=holds_by_induction,
    stated=_pairs(_w * (_Q - 2 * _v * _M + _v**2 * _W)),
    wrong={
        "every pair twice": _pairs(2 * _w * (_Q - 2 * _v * _M + _v**2 * _W)),
        "a sum of values in place of a difference": _pairs(_w * (_Q + 2 * _v * _M + _v**2 * _W)),
    },
)

_wj, _wk = sympy.symbols("w_j w_k", nonnegative=True)
_sj, _sk = sympy.symbols("s_j s_k", real=True)
_vj, _vk = sympy.symbols("v_j v_k", real=True)


def _jensen(weights: tuple[sympy.Expr, sympy.Expr]) -> Inequality:
    """A pair's share of the variance, of which the sum over pairs consists."""
    slack = weights[0] * weights[1] * (_vj - _vk) ** 2
    return Inequality(0, slack, slack)


JENSEN_FOR_SQUARES = checked(
    "jensen_for_squares",
    r"$(\sum_kw_kv_k)^2\le\sum_kw_kv_k^2$ for weights $w\ge0$ of sum one, for every number of"
    r" values: no pair contributes a negative amount to the difference.",
    method="the sign of every pair's term is manifest",
    check=at_most,
    stated=_jensen((_wj, _wk)),
    wrong={"weights of either sign": _jensen((_sj, _sk))},
    uses=("pairwise_form",),
)

_A, _B, _C, _D = sympy.symbols("A B C D", real=True)
_a, _b = sympy.symbols("a b", real=True)


def _lagrange(sign: int) -> Induction:
    """Lagrange's identity, when a pair adds (a_j b - sign a b_j)^2."""
    added = _A * _b**2 - 2 * sign * _a * _b * _C + _a**2 * _B
    step = {_A: _A + _a**2, _B: _B + _b**2, _C: _C + _a * _b, _D: _D + added}
    return Induction(_A * _B - _C**2 - _D, dict.fromkeys((_A, _B, _C, _D), 0), step)


CAUCHY_SCHWARZ = checked(
    "cauchy_schwarz",
    r"$\sum_ka_k^2\sum_kb_k^2-(\sum_ka_kb_k)^2=\sum_{j<k}(a_jb_k-a_kb_j)^2\ge0$ (Lagrange's"
    r" identity), so that $(\sum_ka_kb_k)^2\le\sum_ka_k^2\sum_kb_k^2$.",
    method="induction: one more entry adds sum_j (a_j b - a b_j)^2, for every dimension",
    check=holds_by_induction,
    stated=_lagrange(1),
    wrong={"sums in place of differences": _lagrange(-1)},
)

_t = sympy.Symbol("t", positive=True)

LOGARITHM_BELOW_TANGENT = checked(
    "logarithm_below_tangent",
    r"$\log t\le t-1$ for $t>0$: $t-1-\log t$ vanishes at $1$ and its slope is $(t-1)/t$.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=Minimum(_t - 1 - sympy.log(_t), _t, 1, 1 / _t),
    wrong={
        "half of t - 1": Minimum((_t - 1) / 2 - sympy.log(_t), _t, 1, 1 / _t),
        "the tangent at 2": Minimum(_t / 2 - 1 - sympy.log(_t), _t, 2, 1 / (2 * _t)),
    },
)

_p, _q = sympy.symbols("p q", positive=True)


def _gibbs(linear: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """A term of the relative entropy's lower bound, after the tangent at t = q / p."""
    return -_p * (_q / _p - 1), linear


GIBBS_INEQUALITY = checked(
    "gibbs_inequality",
    r"$\mathrm{KL}(p\,\|\,q)=-\sum_kp_k\log\frac{q_k}{p_k}\ge-\sum_k(q_k-p_k)\ge0$, the sum over"
    r" the support of $p$, where $q$ has at most mass one.",
    method="the tangent at t = q/p, term by term",
    check=equal,
    stated=_gibbs(_p - _q),
    wrong={"the other sign": _gibbs(_q - _p)},
    uses=("logarithm_below_tangent",),
)
