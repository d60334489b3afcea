r"""Steps of SGD: what one step does to a squared distance, and what convexity and smoothness give.

Everything is linear in inner products, so that an identity in one coordinate, and an inequality for
one component, are those for any dimension and any number of components.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    equal,
    expectation,
    nonnegative_by_induction,
)
from proofs_check.algebra_order import all_ordered, ordered
from proofs_check.records import assumed, checked

# --- what is assumed ------------------------------------------------------------------------------

SGD = assumed(
    "sgd",
    r"$\theta_{t+1}=\theta_t-\gamma g_t$ with $\gamma>0$ (a step of zero moves nothing), and"
    r" $\mathbb E\,g_t=\nabla f(\theta_t)$ given the past. $\theta^*$ minimises $f$, so that"
    r" $\nabla f(\theta^*)=0$. At $\theta=\theta_t$ we write $e=\theta-\theta^*$ and"
    r" $h=f(\theta)-f(\theta^*)$.",
)
COMPONENTS = assumed(
    "components",
    r"$f=\sum_iw_if_i$ with $w\ge0$ of sum one and $g_i=\nabla f_i$; every $f_i$ is convex and"
    r" $L$-smooth with $L=L_{\max}$: $f_i(v)\ge f_i(u)+\langle g_i(u),v-u\rangle$ and"
    r" $\langle g_i(v)-g_i(u),v-u\rangle\le L\|v-u\|^2$ (as it is for gradients with the Lipschitz"
    r" constant $L$).",
)
STRONGLY_CONVEX = assumed(
    "strongly convex",
    r"$f(v)\ge f(u)+\langle\nabla f(u),v-u\rangle+\frac\mu2\|v-u\|^2$ for all $u$ and $v$, with"
    r" $\mu>0$.",
)
ANY_NOISE = assumed(
    "noise",
    r"$g=g_i(\theta)$ with probability $w_i$, and $\sigma^2=\mathbb E\|g(\theta^*)\|^2$.",
)
INTERPOLATED = assumed(
    "interpolated",
    r"$g=g_i(\theta)$ with probability $w_i$, and $g_i(\theta^*)=0$ for every $i$ that is drawn.",
)
LABEL_NOISE = assumed(
    "label noise",
    r"$g=g_i(\theta)+\xi$: $i$ is drawn with probability $w_i$, $g_i(\theta^*)=0$ for every $i$"
    r" that is drawn, $\mathbb E[\xi|i]=0$ and $\mathbb E\|\xi\|^2\le\sigma^2$ at every $\theta$.",
)

# --- symbols: nonnegative ones are what is left over in an inequality -----------------------------

L, mu, gamma = sympy.symbols("L mu gamma", positive=True)
distance, excess, variance = sympy.symbols("d h sigma2", nonnegative=True)
spare, spare2, spare3 = sympy.symbols("s_1 s_2 s_3", nonnegative=True)
short = sympy.Symbol("kappa", nonnegative=True)

# --- one step -------------------------------------------------------------------------------------

_offset, _gradient, _mean, _square = sympy.symbols("e_j g_j m_j q_j", real=True)


def _after_step(said: Any) -> tuple[Any, Any]:
    """A coordinate of the squared distance after a step, and what it is said to be."""
    moved = (_offset - gamma * _gradient) ** 2
    return expectation(moved, {_gradient: _mean, _gradient**2: _square}, [_gradient]), said


DISTANCE_AFTER_STEP = checked(
    "distance_after_step",
    r"$\mathbb E\|\theta-\gamma g-\theta^*\|^2=\|e\|^2-2\gamma\langle\nabla f(\theta),e\rangle"
    r"+\gamma^2\mathbb E\|g\|^2$ given $\theta$: a sum over coordinates, in each of which the"
    r" square is linear in $g_j$ and $g_j^2$.",
    method="expanding in one coordinate, for any dimension",
    check=equal,
    stated=_after_step(_offset**2 - 2 * gamma * _offset * _mean + gamma**2 * _square),
    wrong={
        "an ascent": _after_step(_offset**2 + 2 * gamma * _offset * _mean + gamma**2 * _square),
        "the step size not squared": _after_step(
            _offset**2 - 2 * gamma * _offset * _mean + gamma * _square
        ),
        "the cross term once": _after_step(
            _offset**2 - gamma * _offset * _mean + gamma**2 * _square
        ),
    },
    uses=("sgd",),
)

# --- what smoothness gives ------------------------------------------------------------------------

_t, _length = sympy.symbols("t D", positive=True)


def _integral_at_most(pair: tuple[Any, Any]) -> bool:
    """Whether the integral over a segment is at most a bound."""
    return ordered((sympy.integrate(pair[0], (_t, 0, 1)), pair[1]))


PARABOLA = checked(
    "parabola",
    r"$f_i(v)\le f_i(u)+\langle g_i(u),v-u\rangle+\frac L2\|v-u\|^2$: along the segment the slope"
    r" exceeds that at $u$ by at most $Lt\|v-u\|^2$ after a share $t$ of it, and"
    r" $\int_0^1Lt\,dt=\frac L2$.",
    method="integration",
    check=_integral_at_most,
    stated=(L * _t * _length, L * _length / 2),
    wrong={
        "a quarter": (L * _t * _length, L * _length / 4),
        "the largest slope all along": (L * _length, L * _length / 2),
    },
    uses=("components",),
)

_apart = sympy.Symbol("Delta_j", real=True)


def _descended(step: Any, share: Any) -> tuple[Any, Any]:
    """A coordinate's share of |Delta|^2, and of the descent by so long a step along Delta."""
    move = -step * _apart
    return share * _apart**2, -(_apart * move + L * move**2 / 2)


GRADIENTS_APART = checked(
    "gradients_apart",
    r"$f_i(v)\ge f_i(u)+\langle g_i(u),v-u\rangle+\frac1{2L}\|g_i(v)-g_i(u)\|^2$: the excess of"
    r" $f_i$ over its tangent at $u$ is nowhere negative, and by the parabola at $v$ it is less by"
    r" $\frac1{2L}\|\Delta\|^2$ at $v-\frac1L\Delta$, where $\Delta=g_i(v)-g_i(u)$ is its gradient"
    r" at $v$.",
    method="expanding in one coordinate, for any dimension",
    check=ordered,
    stated=_descended(1 / L, 1 / (2 * L)),
    wrong={
        "a step twice as long": _descended(2 / L, 1 / (2 * L)),
        "half a step": _descended(1 / (2 * L), 1 / (2 * L)),
        "1/L in place of 1/(2L)": _descended(1 / L, 1 / L),
    },
    uses=("components", "parabola"),
)

_A, _H, _C, _D = sympy.symbols("A H C D", real=True)
_w = sympy.Symbol("w_i", nonnegative=True)
_n = sympy.Symbol("n_i", nonnegative=True)
_a, _h, _c = sympy.symbols("a_i h_i c_i", real=True)


def _transferred(factor: Any, at_optimum: Any) -> Induction:
    """D <= factor L (H - C), from h_i >= c_i + n_i / (2 L) for every component."""
    own = _c + _n / (2 * L) + spare
    return Induction(
        factor * L * (_H - at_optimum) - _D,
        dict.fromkeys((_H, _C, _D), 0),
        {_H: _H + _w * own, _C: _C + _w * _c, _D: _D + _w * _n},
        factor * L * _w * spare,
    )


VARIANCE_TRANSFER = checked(
    "variance_transfer",
    r"$\mathbb E\|g_i(\theta)-g_i(\theta^*)\|^2\le2Lh$: the mean over $i$ of the last inequality at"
    r" $u=\theta^*$ and $v=\theta$, in which $\sum_iw_i\langle g_i(\theta^*),e\rangle=0$.",
    method="induction over the components",
    check=nonnegative_by_induction,
    stated=_transferred(2, _C),
    wrong={
        "half of it": _transferred(1, _C),
        "gradients at the optimum that do not balance": _transferred(2, 0),
    },
    uses=("sgd", "gradients_apart"),
)


def _co_coercive(factor: Any, at_optimum: Any) -> Induction:
    """D <= factor L (A - C), from both inequalities for every component."""
    forth = _c + _n / (2 * L) + spare
    back = forth + _n / (2 * L) + spare2
    return Induction(
        factor * L * (_A - at_optimum) - _D,
        dict.fromkeys((_A, _C, _D), 0),
        {_A: _A + _w * back, _C: _C + _w * _c, _D: _D + _w * _n},
        factor * L * _w * (spare + spare2),
    )


CO_COERCIVITY = checked(
    "co_coercivity",
    r"$\mathbb E\|g_i(\theta)-g_i(\theta^*)\|^2\le L\langle\nabla f(\theta),e\rangle$: the last"
    r" inequality at $(u,v)=(\theta^*,\theta)$ and at $(\theta,\theta^*)$ adds up to"
    r" $\langle g_i(\theta)-g_i(\theta^*),e\rangle\ge\frac1L\|g_i(\theta)-g_i(\theta^*)\|^2$ for"
    r" every $i$, and $\sum_iw_ig_i(\theta^*)=0$.",
    method="induction over the components",
    check=nonnegative_by_induction,
    stated=_co_coercive(1, _C),
    wrong={
        "half of it": _co_coercive(sympy.Rational(1, 2), _C),
        "gradients at the optimum that do not balance": _co_coercive(1, 0),
    },
    uses=("sgd", "gradients_apart"),
)

_b = sympy.Symbol("b", real=True)
_weight = sympy.Symbol("c", positive=True)


def _young(first: Any, second: Any, slack: Any) -> Inequality:
    """(a + b)^2 below a combination of a^2 and b^2."""
    return Inequality((_a + _b) ** 2, first * _a**2 + second * _b**2, slack)


_square_left = (_weight * _a - _b) ** 2 / _weight

NOISY_SQUARE = checked(
    "noisy_square",
    r"$\mathbb E\|g\|^2\le(1+c)\,\mathbb E\|g_i(\theta)-g_i(\theta^*)\|^2"
    r"+(1+\frac1c)\,\mathbb E\|g_i(\theta^*)\|^2$ for every $c>0$:"
    r" $(a+b)^2\le(1+c)a^2+(1+\frac1c)b^2$ in every coordinate.",
    method="the difference is (c a - b)^2 / c",
    check=at_most,
    stated=_young(1 + _weight, 1 + 1 / _weight, _square_left),
    wrong={
        "without the mixed terms": _young(1, 1, _square_left),
        "c on both": _young(1 + _weight, 1 + _weight, _square_left),
        "1/c without the one": _young(1 + _weight, 1 / _weight, _square_left),
    },
    uses=("noise",),
)

# --- what convexity gives -------------------------------------------------------------------------


def _tangents(given: Any) -> Induction:
    """H <= A, from h_i <= a_i for every component."""
    step = {_A: _A + _w * (_h + given), _H: _H + _w * _h}
    return Induction(_A - _H, {_A: 0, _H: 0}, step, _w * spare)


CONVEX_SLOPE = checked(
    "convex_slope",
    r"$\langle\nabla f(\theta),e\rangle\ge h$: the mean over $i$ of the tangents at $\theta$, at"
    r" the point $\theta^*$.",
    method="induction over the components",
    check=nonnegative_by_induction,
    stated=_tangents(spare),
    wrong={"components above their tangents": _tangents(-spare)},
    uses=("sgd", "components"),
)


def _strong(target: Any, growth: Any) -> tuple[Any, Any]:
    """The slope against its bound, when the excess is at least so large."""
    return target * distance, (mu * distance / 2 + spare) + (growth * distance + spare2)


STRONG_SLOPE = checked(
    "strong_slope",
    r"$\langle\nabla f(\theta),e\rangle\ge h+\frac\mu2\|e\|^2$ and $h\ge\frac\mu2\|e\|^2$, so that"
    r" $\langle\nabla f(\theta),e\rangle\ge\mu\|e\|^2$: strong convexity at"
    r" $(u,v)=(\theta,\theta^*)$ and $(\theta^*,\theta)$, where $\nabla f(\theta^*)=0$.",
    method="adding both",
    check=ordered,
    stated=_strong(mu, mu / 2),
    wrong={
        "a convex f alone at the optimum": _strong(mu, 0),
        "twice as steep": _strong(2 * mu, mu / 2),
    },
    uses=("sgd", "strongly convex"),
)

_positive_distance = sympy.Symbol("d", positive=True)


def curvatures(below: Any, above: Any) -> tuple[Any, Any]:
    r"""Returns $\mu$ and $L$, from an $h$ between multiples of $\mu d$ and $Ld$.

    Args:
        below: $b$ in $h\ge b\mu d$.
        above: $a$ in $h\le aLd$.
    """
    known = below * mu * _positive_distance + spare
    return mu, (known + spare2) / (above * _positive_distance)


_HALF = sympy.Rational(1, 2)

CURVATURES_IN_ORDER = checked(
    "curvatures_in_order",
    r"$\mu\le L$: the mean of the parabolas at $\theta^*$ gives $h\le\frac L2\|e\|^2$, and"
    r" $h\ge\frac\mu2\|e\|^2$.",
    method="solving for L at any point other than the optimum",
    check=ordered,
    stated=curvatures(_HALF, _HALF),
    wrong={
        "a parabola without the half": curvatures(_HALF, 1),
        "a quarter in the strong convexity": curvatures(_HALF / 2, _HALF),
    },
    uses=("sgd", "parabola", "strong_slope"),
)

# --- many steps -----------------------------------------------------------------------------------

_rate, _power, _start, _level = sympy.symbols("rho r delta N", nonnegative=True)
_any_rate = sympy.Symbol("rho", real=True)


def _recursion(rate: Any, added: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The start, and one more step for a gap that is short of its bound by s_1."""
    gap = _power * _start + _level - spare
    return (
        (_start, _start + _level),
        (rate * gap + added - spare2, rate * _power * _start + _level),
    )


GEOMETRIC = checked(
    "geometric_recursion",
    r"If $\delta_{t+1}\le\rho\,\delta_t+(1-\rho)N$ with $\rho,N\ge0$, then"
    r" $\delta_t\le\rho^t\delta_0+N$ for every $t$: it is so at $t=0$, and what is short of the"
    r" bound at $t$ is short by $\rho$ times as much at $t+1$. Here $\delta_t$ are expectations, of"
    r" which what holds given $\theta_t$ holds by the tower rule.",
    method="induction over the steps",
    check=all_ordered,
    stated=_recursion(_rate, (1 - _rate) * _level),
    wrong={
        "N added at every step": _recursion(_rate, _level),
        "a negative rate": _recursion(_any_rate, (1 - _any_rate) * _level),
    },
)


class Promise(NamedTuple):
    r"""What a recursion amounts to: a rate and a neighbourhood.

    Attributes:
        bound: what one step makes of a gap, at most; linear in the gap.
        gap: a symbol, $\delta$.
        rate: $\rho$.
        neighbourhood: $N$.
    """

    bound: Any
    gap: Any
    rate: Any
    neighbourhood: Any


def keeps_promise(promise: Promise) -> bool:
    r"""Returns whether a bound is $\rho\,\delta+(1-\rho)N$: of this slope, and $N$ at $N$."""
    bound = sympy.sympify(promise.bound)
    slope = sympy.diff(bound, promise.gap)
    level = bound.subs(promise.gap, promise.neighbourhood)
    return all_equal([(slope, promise.rate), (level, promise.neighbourhood)])
