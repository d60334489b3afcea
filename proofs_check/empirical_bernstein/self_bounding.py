r"""Functions that bound their own fluctuations concentrate (Maurer 2006), by the entropy method.

For a function $Z\ge0$ of independent variables, let $D_k=Z-Z_k$, where $Z_k\le Z$ does not depend
on the $k$-th variable: the infimum over it, say. If $D_k\le1$ and $\sum_kD_k^2\le aZ$, both tails
of $Z$ are light, with a variance proxy $a\,\mathbb EZ$. Nothing is cited: the entropy is
subadditive by Gibbs' inequality, and what it says of the moment generating function is a
differential inequality that can be integrated.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    Minimum,
    at_most,
    equal,
    manifestly_nonnegative,
    nonnegative_from_minimum,
)
from proofs_check.algebra_several import all_at_most, all_hold_by_induction
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.common_tails import EXPONENTIAL_ABOVE_TANGENT
from proofs_check.empirical_bernstein.bernstein import (
    INDICATOR_BELOW_EXPONENTIAL,
    PSI_INCREASES,
    PSI_INTEGRAL,
    exponent_at,
)
from proofs_check.records import assumed, checked

SELF_BOUNDING = assumed(
    "self_bounding",
    r"$Z\ge0$ is a function of independent variables with finitely many values; $Z_k\le Z$ does not"
    r" depend on the $k$-th one, and $D_k=Z-Z_k$. The lemma is for $\sum_kD_k^2\le aZ$ with"
    r" $a\ge1$, $\mathbb EZ>0$ and, for the lower tail, $D_k\le1$. $\mathrm{Ent}(Y)=\mathbb E[Y\log"
    r" Y]-\mathbb EY\log\mathbb EY$ for $Y>0$; $\mathbb E_k$ and $\mathrm{Ent}_k$ average over the"
    r" $k$-th variable only, given the others.",
)

# --- entropy --------------------------------------------------------------------------------------

_p, _y, _m, _c, _e = sympy.symbols("p y m c e", positive=True)


def _dual(tilted: Any) -> tuple[Any, Any]:
    """An outcome's entropy less p y T, and m times its term of the divergence from p e^T."""
    entropy = _p * _y * sympy.log(_y) - _p * _y * sympy.log(_m)
    divergence = (_p * _y / _m) * sympy.log((_p * _y / _m) / (_p * tilted))
    return entropy - _p * _y * sympy.log(_e), _m * divergence


DUALITY = checked(
    "entropy_duality",
    r"$\mathbb E[YT]\le\mathrm{Ent}(Y)$ whenever $\mathbb Ee^T\le1$: $\mathrm{Ent}(Y)-\mathbb E[YT]"
    r"=\mathbb EY\cdot\mathrm{KL}(q\,\|\,pe^T)$ with $q=pY/\mathbb EY$, and Gibbs' inequality.",
    method="expanding logarithms, outcome by outcome, with e for e^T and m for the mean of Y",
    check=equal,
    stated=_dual(_e),
    wrong={"the reciprocal tilt": _dual(1 / _e), "no tilt": _dual(sympy.Integer(1))},
    uses=("self_bounding", "gibbs_inequality"),
)

_sum, _last, _new = sympy.symbols("s g h", real=True)
_tilted, _total = sympy.symbols("E S", real=True)
_before = sympy.Symbol("Y", positive=True)


def _chained(increment: Any, tilt: Any) -> list[Induction]:
    """Sums of increments less the last logarithm; the mean of a tilt less that of Y_k / Y_(k-1)."""
    telescoping = Induction(
        _sum - _last, {_sum: 0, _last: 0}, {_sum: _sum + increment, _last: _new}
    )
    step = {_tilted: _tilted + _p * tilt, _total: _total + _p * _y}
    mean = Induction(_tilted - _total / _before, {_tilted: 0, _total: 0}, step)
    return [telescoping, mean]


TENSORISATION = checked(
    "entropy_is_subadditive",
    r"$\mathrm{Ent}(Y)\le\mathbb E\sum_k\mathrm{Ent}_k(Y)$: let $Y_k$ be the mean of $Y$ over all"
    r" variables after the $k$-th, and $T_k=\log\frac{Y_k}{Y_{k-1}}$. By independence $\mathbb E_k"
    r" Y_k=Y_{k-1}$, hence $\mathbb E_ke^{T_k}=\mathbb E_kY_k/Y_{k-1}=1$ and $\mathbb E_k[YT_k]\le"
    r"\mathrm{Ent}_k(Y)$. The $T_k$ add up to $\log\frac Y{\mathbb EY}$, and $\mathbb E[Y\log\frac"
    r" Y{\mathbb EY}]=\mathrm{Ent}(Y)$.",
    method="inductions over the variables, where the sum telescopes, and over values of the k-th",
    check=all_hold_by_induction,
    stated=_chained(_new - _last, _y / _before),
    wrong={
        "log Y_k without what came before": _chained(_new, _y / _before),
        "increments of the other sign": _chained(_last - _new, _y / _before),
        "a tilt of Y_k itself": _chained(_new - _last, _y),
    },
    uses=("entropy_duality",),
)

_r = sympy.Symbol("r", positive=True)

R_LOG_R = checked(
    "r_log_r",
    r"$r\log r-r+1\ge0$ for $r>0$: $-r\log r=r\log\frac1r\le r(\frac1r-1)=1-r$.",
    method="the tangent of the logarithm at 1/r",
    check=equal,
    stated=(_r * (1 / _r - 1), 1 - _r),
    wrong={"the tangent at r": (_r * (_r - 1), 1 - _r)},
    uses=("logarithm_below_tangent",),
)

_y_log_y = sympy.Symbol("q", real=True)


def _constant(last: Any) -> tuple[Any, Any]:
    """The mean of Y log(Y/c) - Y + last less the entropy, and c (r log r - r + 1) at r = m/c."""
    bound = _y_log_y - _m * sympy.log(_c) - _m + last
    entropy = _y_log_y - _m * sympy.log(_m)
    return bound - entropy, (_c * (_r * sympy.log(_r) - _r + 1)).subs(_r, _m / _c)


VARIATIONAL = checked(
    "entropy_below_any_constant",
    r"$\mathrm{Ent}_k(Y)\le\mathbb E_k[Y\log\frac Yc-Y+c]$ for every $c>0$ that does not depend on"
    r" the $k$-th variable: with $m=\mathbb E_kY$ and $r=m/c$ the difference is"
    r" $c\,(r\log r-r+1)\ge0$.",
    method="expanding logarithms",
    check=equal,
    stated=_constant(_c),
    wrong={"without + c": _constant(sympy.Integer(0)), "+ 1 for + c": _constant(sympy.Integer(1))},
    uses=("self_bounding", "r_log_r"),
)

_z, _lam, _drop = sympy.symbols("z lambda D", real=True)


def _phi_at(argument: Any) -> tuple[Any, Any]:
    """Y log(Y/c) - Y + c for Y = e^(lambda z) and c = e^(lambda (z - D)), and Y phi(argument)."""
    tilt = sympy.exp(_lam * _z)
    constant = sympy.exp(_lam * (_z - _drop))
    phi = sympy.exp(argument) - 1 - argument
    return tilt * _lam * _drop - tilt + constant, tilt * phi


ENTROPY_BOUND = checked(
    "entropy_of_the_exponential",
    r"For $Y=e^{\lambda Z}$ and $c=e^{\lambda Z_k}$ the bound is $Y\varphi(-\lambda D_k)$, with"
    r" $\varphi(u)=e^u-1-u$: $\mathrm{Ent}(e^{\lambda Z})\le\sum_k\mathbb E[e^{\lambda Z}"
    r"\varphi(-\lambda D_k)]$.",
    method="expanding",
    check=equal,
    stated=_phi_at(-_lam * _drop),
    wrong={"phi at + lambda D": _phi_at(_lam * _drop)},
    uses=("entropy_is_subadditive", "entropy_below_any_constant"),
)

_S, _spare, _below, _phi = sympy.symbols("S r q phi", nonnegative=True)


def _squares(upper: Any, lower: Any) -> list[Inequality]:
    """Both bounds on sums of phi over k, where a Z = S + r exceeds the sum S of squares by r.

    Below 1/2 and below phi(beta), the values of psi differ by q.
    """
    bound = _S + _spare
    return [
        Inequality(_lam**2 * _S * (upper - _below), _lam**2 * bound / 2, _lam**2 * _gap(upper)),
        Inequality(_S * (lower - _below), bound * _phi, _S * _below + _spare * _phi),
    ]


def _gap(upper: Any) -> Any:
    return sympy.expand((_S + _spare) / 2 - _S * (upper - _below))


SELF_BOUNDED_ENTROPY = checked(
    "self_bounded_entropy",
    r"For $\lambda\ge0$: $\mathrm{Ent}(e^{\lambda Z})\le\frac{a\lambda^2}2\mathbb E[Ze^{\lambda"
    r" Z}]$, by $\varphi(-\lambda D)\le\frac{\lambda^2D^2}2$. For $\beta\ge0$ and $D_k\le1$:"
    r" $\mathrm{Ent}(e^{-\beta Z})\le a\varphi(\beta)\,\mathbb E[Ze^{-\beta Z}]$, by"
    r" $\varphi(\beta D)\le D^2\varphi(\beta)$. Both sums are at most $\sum_kD_k^2\le aZ$ times a"
    r" factor.",
    method="adding up the slacks",
    check=all_at_most,
    stated=_squares(sympy.Rational(1, 2), _phi),
    wrong={
        "psi(0) = 1": _squares(sympy.Integer(1), _phi),
        "2 phi(beta)": _squares(sympy.Rational(1, 2), 2 * _phi),
    },
    uses=("self_bounding", "entropy_of_the_exponential", "psi_increases"),
)

# --- from the entropy to the moment generating function -------------------------------------------

_M, _a, _lambda, _beta = sympy.symbols("M a lambda beta", positive=True)
_M1, _L1 = sympy.symbols("M_1 L_1", nonnegative=True)


def _as_derivative(product: Any) -> tuple[Any, Any]:
    """The entropy over the mean, and lambda L' - L for L = log M, with M_1 for M'."""
    entropy = product - _M * sympy.log(_M)
    logarithm = sympy.log(_M)
    return entropy / _M, _lambda * sympy.diff(logarithm, _M) * _M1 - logarithm


ENTROPY_IS_DERIVATIVE = checked(
    "entropy_is_a_derivative",
    r"With $L(\lambda)=\log\mathbb Ee^{\lambda Z}$: $\mathrm{Ent}(e^{\lambda Z})/\mathbb E"
    r"e^{\lambda Z}=\lambda L'-L$ and $\mathbb E[Ze^{\lambda Z}]/\mathbb Ee^{\lambda Z}=L'$. There"
    r" are finitely many outcomes, so that sums are differentiated term by term.",
    method="chain rule",
    check=equal,
    stated=_as_derivative(_lambda * _M1),
    wrong={"without the factor lambda": _as_derivative(_M1)},
    uses=("self_bounding",),
)


def _falling(share: Any) -> Inequality:
    """The slope of L / lambda - share a L where lambda L' - L = a lambda^2 L' / 2 - q."""
    logarithm = _lambda * _L1 - _a * _lambda**2 * _L1 / 2 + _below
    slope = (_lambda * _L1 - logarithm) / _lambda**2 - share * _a * _L1
    return Inequality(slope, 0, -sympy.expand(slope))


UPPER_MGF = checked(
    "upper_mgf",
    r"$\frac L\lambda-\frac a2L$ does not increase, and tends to $\mathbb EZ$ as $\lambda\to0$:"
    r" hence $L\le\lambda\mathbb EZ/(1-\frac{a\lambda}2)$ for $0<\lambda<\frac2a$.",
    method="the sign of the slope, q being the slack of the entropy's bound",
    check=at_most,
    stated=_falling(sympy.Rational(1, 2)),
    wrong={"a quarter of a L": _falling(sympy.Rational(1, 4)), "no L": _falling(sympy.Integer(0))},
    uses=("entropy_is_a_derivative", "self_bounded_entropy"),
)

_v, _t = sympy.symbols("v s", positive=True)


def _upper_exponent(scale: Any) -> tuple[Any, Any]:
    """Chernoff's exponent at s / (v + a s / 2), v = a E Z, and the tail's, for this scale."""
    slope = _t / (_v + _a * _t / 2)
    mean = _v / _a
    centred = slope * mean / (1 - scale * slope) - slope * mean
    return centred - slope * _t, -(_t**2) / (2 * _v + _a * _t)


UPPER_TAIL = checked(
    "upper_tail",
    r"$\mathbb P(Z-\mathbb EZ>s)\le\exp(-s^2/(2a\mathbb EZ+as))$: Chernoff's bound with"
    r" $\lambda=s/(a\mathbb EZ+\frac{as}2)<\frac2a$.",
    method="substituting the slope",
    check=equal,
    stated=_upper_exponent(_a / 2),
    wrong={"1 - a lambda below": _upper_exponent(_a), "no denominator": _upper_exponent(0)},
    uses=("upper_mgf", "indicator_below_exponential"),
)

_grown = sympy.Symbol("u", nonnegative=True)
_log = sympy.log(1 + _grown)


def _phi_times(factor: Any, slope: Any) -> Minimum:
    """beta^2 - 2 factor phi(beta) as a function of u = e^beta - 1."""
    return Minimum(_log**2 - 2 * factor * (_grown - _log), _grown, 0, slope)


PHI_TIMES = checked(
    "phi_times_one_less_beta",
    r"$\beta^2-2(1-\beta)\varphi(\beta)\ge0$ for $\beta\ge0$: it vanishes at $0$ and has the slope"
    r" $2\beta(e^\beta-1)$.",
    method="derivative in u = e^beta - 1",
    check=nonnegative_from_minimum,
    stated=_phi_times(1 - _log, 2 * _log / (1 + _grown)),
    wrong={
        "without the factor": _phi_times(sympy.Integer(1), 2 * _log / (1 + _grown)),
        "1 + beta": _phi_times(1 + _log, 2 * _log / (1 + _grown)),
    },
)

_g, _over_one, _k, _rho = sympy.symbols("g b k rho", nonnegative=True)


_g1 = sympy.Symbol("g_1", real=True)


class _Rise(NamedTuple):
    """The slope of g / (1 - a beta / 2), up to a positive factor.

    Attributes:
        share: times a g, what differentiating 1 - a beta / 2 adds.
        a: of the self-bounding condition.
        excess: by how much a exceeds 1.
    """

    share: Any
    a: Any
    excess: Any


def _rises(claim: _Rise) -> bool:
    """Whether the slope is a sum of nonnegative terms, given the bound on the entropy."""
    share, a, excess = claim
    slope = _g1 * (1 - a * _beta / 2) + share * a * _g
    logarithm, derivative = -_beta * _g, -(_g + _beta * _g1)
    form = _rho * _below + a * _g / 2 * (_k + 2 * _phi * _beta * excess)
    given = {
        _below: -a * _phi * derivative - (_beta * derivative - logarithm),
        _k: _beta**2 - 2 * (1 - _beta) * _phi,
        _rho: 1 - a * _beta / 2,
    }
    factor = _beta**2 + a * _beta * _phi
    same = equal((slope * factor, form.subs(given, simultaneous=True)))
    return same and manifestly_nonnegative(form)


LOWER_MGF = checked(
    "lower_mgf",
    r"Let $L(\beta)=\log\mathbb Ee^{-\beta Z}=-\beta g(\beta)$; $g\ge0$ as $Z\ge0$, and"
    r" $\beta L'-L\le-a\varphi L'$ reads $g'(\beta^2+a\beta\varphi)\ge-a\varphi g$. Hence"
    r" $g/(1-\frac{a\beta}2)$ does not decrease for $0<\beta<\frac2a$, and tends to $\mathbb EZ$ as"
    r" $\beta\to0$: $L\le-\beta\mathbb EZ+\frac{a\beta^2}2\mathbb EZ$.",
    method="the numerator of the slope is a sum of nonnegative terms, for a >= 1",
    check=_rises,
    stated=_Rise(sympy.Rational(1, 2), 1 + _over_one, _over_one),
    wrong={
        "the sign of the denominator's slope": _Rise(
            -sympy.Rational(1, 2), 1 + _over_one, _over_one
        ),
        "a below 1": _Rise(sympy.Rational(1, 2), 1 - _over_one, -_over_one),
    },
    uses=("entropy_is_a_derivative", "self_bounded_entropy", "phi_times_one_less_beta"),
)


def _lower_exponent(slope: Any) -> tuple[Any, Any]:
    """Chernoff's exponent for the lower tail with v = a E Z, and the tail's."""
    return exponent_at(slope, _t, _v, sympy.Integer(0)), -(_t**2) / (2 * _v)


LOWER_TAIL = checked(
    "lower_tail",
    r"$\mathbb P(\mathbb EZ-Z>s)\le\exp(-s^2/(2a\mathbb EZ))$: Chernoff's bound with"
    r" $\beta=s/(a\mathbb EZ)$, which is below $\frac2a$ as $s<\mathbb EZ$ or nothing is asked:"
    r" $Z\ge0$.",
    method="substituting the slope",
    check=equal,
    stated=_lower_exponent(_t / _v),
    wrong={
        "half of the slope": _lower_exponent(_t / (2 * _v)),
        "twice": _lower_exponent(2 * _t / _v),
    },
    uses=("lower_mgf", "indicator_below_exponential"),
)

_ENTROPY_STEPS = (
    SELF_BOUNDING,
    LOGARITHM_BELOW_TANGENT,
    GIBBS_INEQUALITY,
    EXPONENTIAL_ABOVE_TANGENT,
    INDICATOR_BELOW_EXPONENTIAL,
    PSI_INTEGRAL,
    PSI_INCREASES,
    DUALITY,
    TENSORISATION,
    R_LOG_R,
    VARIATIONAL,
    ENTROPY_BOUND,
    SELF_BOUNDED_ENTROPY,
    ENTROPY_IS_DERIVATIVE,
)
UPPER_STEPS = (*_ENTROPY_STEPS, UPPER_MGF, UPPER_TAIL)
LOWER_STEPS = (*_ENTROPY_STEPS, PHI_TIMES, LOWER_MGF, LOWER_TAIL)
