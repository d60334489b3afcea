r"""The central condition of a bare law: what it asks for, where it ends, and what it can give.

$X$ satisfies the $(\eta,c)$-central condition if $\log Ee^{-\eta X}\le-c\,\eta\,EX$, $\eta>0$,
$0<c\le1$. By Jensen's inequality the left side is at least $-\eta EX$, by a divergence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    Minimum,
    at_most,
    equal,
    holds_by_induction,
    manifestly_positive,
)
from proofs_check.algebra_bounds import is_strict_minimum
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.distillation_divergence.laws import SUB_GAUSSIAN
from proofs_check.records import Proof, assumed, checked

eta = sympy.Symbol("eta", positive=True)
_mean, _log_mgf = sympy.symbols("mu L", real=True)
_jensen = sympy.Symbol("D", nonnegative=True)
_below = sympy.Symbol("b", nonnegative=True)


def _all_positive(expressions: Iterable[Any]) -> bool:
    """Whether every expression is positive, once it is brought to one fraction."""
    return all(manifestly_positive(sympy.factor(expression)) for expression in expressions)


# --- the condition asks for a positive mean -------------------------------------------------------

_t, _p = sympy.symbols("t p", positive=True)
_weight = sympy.Symbol("w", nonnegative=True)

STRICT_TANGENT = checked(
    "equality_in_the_tangent",
    r"$t-1-\log t>0$ for every $t>0$ but $1$: times a positive mass it is positive too.",
    method="derivative, whose only zero is at 1",
    check=is_strict_minimum,
    stated=Minimum(_p * (_t - 1 - sympy.log(_t)), _t, 1, _p / _t),
    wrong={
        "a point without mass": Minimum(_weight * (_t - 1 - sympy.log(_t)), _t, 1, _weight / _t)
    },
    uses=("logarithm_below_tangent",),
)

_mass, _tilted, _divergence, _sum = sympy.symbols("A T K S", real=True)


def _as_excesses(term: Any) -> Induction:
    """The divergence from a law with ratios t, less a sum of terms, over the points so far."""
    step = {
        _mass: _mass + _p,
        _tilted: _tilted + _p * _t,
        _divergence: _divergence - _p * sympy.log(_t),
        _sum: _sum + term,
    }
    start = dict.fromkeys((_mass, _tilted, _divergence, _sum), 0)
    return Induction(_divergence + _tilted - _mass - _sum, start, step)


_no_mean = sympy.Symbol("m", nonnegative=True)
_some_mean, _some_jensen, _some_rest = sympy.symbols("m D r", positive=True)
_rest = sympy.Symbol("r", nonnegative=True)


def _without_pair(minus_mean: Any, rest: Any) -> Inequality:
    """The right side of the condition at c = 1 - r, and the log-mgf, for the mean -m."""
    bound = (1 - rest) * eta * minus_mean
    return Inequality(bound, eta * minus_mean + _jensen, _jensen + rest * eta * minus_mean)


CENTRAL_CONDITION = Proof(
    slug="distillation_divergence/central_condition",
    idea="By Jensen's inequality the log-mgf is at least minus eta times the mean, and if the mean"
    " is not positive a part of that is less.",
    steps=(
        assumed("no gap", r"$X$ has finitely many values and $EX\le0$; $\eta>0$, $0<c\le1$."),
        LOGARITHM_BELOW_TANGENT,
        STRICT_TANGENT,
        checked(
            "jensen_with_equality",
            r"$D:=\log Ee^{-\eta X}+\eta EX\ge0$ is the divergence of $P$ from its tilt by"
            r" $g=-\eta X$ (the change of measure with $Q=P$), hence $\sum_ip_i(t_i-1-\log t_i)$"
            r" with the ratios $t_i=e^{g_i}/Ee^g$ of mean one: it is zero only if all $t_i$ with"
            r" $p_i>0$ are one, that is, if $X$ is constant.",
            method="induction over the points; both sums of masses are one",
            check=holds_by_induction,
            stated=_as_excesses(_p * (_t - 1 - sympy.log(_t))),
            wrong={
                "the logarithm of the other sign": _as_excesses(_p * (_t - 1 + sympy.log(_t))),
                "without the mean of the ratios": _as_excesses(-_p * sympy.log(_t)),
            },
            uses=("equality_in_the_tangent", "distillation_divergence/dv_tilt"),
        ),
        checked(
            "below_the_log_mgf",
            r"With $EX=-m\le0$ and $c=1-r\le1$,"
            r" $\log Ee^{-\eta X}-(-c\,\eta\,EX)=D+r\,\eta\,m\ge0$.",
            method="the slack is the divergence and a product of numbers that are not negative",
            check=at_most,
            stated=_without_pair(_no_mean, _rest),
            wrong={
                "a positive mean": _without_pair(-_no_mean, _rest),
                "c above one": _without_pair(_no_mean, -_rest),
            },
            uses=("no gap", "jensen_with_equality"),
        ),
        checked(
            "central_condition",
            r"$\log Ee^{-\eta X}\ge-c\,\eta\,EX$ if $EX\le0$, and strictly if $X$ is not constant"
            r" ($D>0$), or if $c<1$ and $EX<0$ ($r\,\eta\,m>0$): with equality only for a constant"
            r" and $c=1$, or for $X=0$.",
            method="in either case a term of the slack is positive",
            check=_all_positive,
            stated=(
                _some_jensen + _rest * eta * _no_mean,
                _jensen + _some_rest * eta * _some_mean,
            ),
            wrong={
                "a constant and c = 1": (_jensen + 0 * eta * _some_mean,),
                "the constant zero": (_jensen + _some_rest * eta * _no_mean,),
            },
            uses=("jensen_with_equality", "below_the_log_mgf"),
        ),
    ),
)

# --- sub-Gaussian variables -----------------------------------------------------------------------

_proxy, _positive_mean = sympy.symbols("s mu", positive=True)
_excess = sympy.Symbol("t", nonnegative=True)


def _as_pair(share: Any) -> tuple[Any, Any]:
    """The parabola at -eta, and -c eta mu."""
    parabola = -eta * _positive_mean + eta**2 * _proxy / 2
    return parabola, -share * eta * _positive_mean


def share_of(at: Any) -> Any:
    """The c of Remark 2."""
    return 1 - at * _proxy / (2 * _positive_mean)


def _share_in_range(excess: Any) -> tuple[Any, Any]:
    """C and 1 - c at eta = 2 mu / (s (1 + t)), for which t is positive inside the range."""
    share = share_of(2 * _positive_mean / (_proxy * (1 + excess)))
    return share, 1 - share


_ell, _s = sympy.Symbol("l", real=True), sympy.Symbol("s", nonnegative=True)


def _at_minus_eta(bound: Any) -> Inequality:
    """The log-mgf at -eta, b below its parabola, and a bound."""
    parabola = (_ell * _mean + _ell**2 * _s / 2).subs(_ell, -eta)
    return Inequality(parabola - _below, bound, _below)


REMARK2 = Proof(
    slug="distillation_divergence/remark2",
    idea="The parabola at a negative argument is a multiple of the mean.",
    steps=(
        SUB_GAUSSIAN,
        checked(
            "parabola_at_minus_eta",
            r"$\log Ee^{-\eta X}\le-\eta\mu+\frac12\eta^2\sigma^2$ for every $\eta>0$, whatever"
            r" the mean.",
            method="substituting l = -eta; the slack is that of the assumption",
            check=at_most,
            stated=_at_minus_eta(-eta * _mean + eta**2 * _s / 2),
            wrong={
                "the variance subtracted": _at_minus_eta(-eta * _mean - eta**2 * _s / 2),
                "the mean of the other sign": _at_minus_eta(eta * _mean + eta**2 * _s / 2),
            },
            uses=("sub-Gaussian", "distillation_divergence/subgaussian_mgf"),
        ),
        checked(
            "range",
            r"For $\mu>0$ and $0<\eta<2\mu/\sigma^2$, $0<c=1-\frac{\eta\sigma^2}{2\mu}<1$: with"
            r" $\eta=\frac{2\mu}{\sigma^2(1+t)}$, $t>0$, it is $\frac t{1+t}$. For $\sigma=0$,"
            r" $c=1$.",
            method="both c and 1 - c are manifestly positive",
            check=_all_positive,
            stated=_share_in_range(_t),
            wrong={"with the end of the range": _share_in_range(_excess)},
            uses=("sub-Gaussian",),
        ),
        checked(
            "remark2",
            r"$-\eta\mu+\frac12\eta^2\sigma^2=-c\,\eta\,\mu$ with $c=1-\frac{\eta\sigma^2}{2\mu}$,"
            r" so that $\log Ee^{-\eta X}\le-c\,\eta\,\mu$: a pair of the central condition where"
            r" $\mu>0$ and $\eta<2\mu/\sigma^2$.",
            method="expanding",
            check=equal,
            stated=_as_pair(share_of(eta)),
            wrong={
                "without the half": _as_pair(1 - eta * _proxy / _positive_mean),
                "eta squared": _as_pair(1 - eta**2 * _proxy / (2 * _positive_mean)),
                "c above one": _as_pair(1 + eta * _proxy / (2 * _positive_mean)),
            },
            uses=("parabola_at_minus_eta", "range"),
        ),
    ),
)

# --- the end of the range -------------------------------------------------------------------------

_x = sympy.Symbol("x", real=True)
_depth = sympy.Symbol("a", positive=True)


def _share_from(share: Any) -> tuple[Any, Any, Any]:
    """c, 1 - c, and what the condition at c leaves, at L = -a and the mean (a + D) / eta."""
    mean = (_depth + _some_jensen) / eta
    return share, 1 - share, -share * eta * mean + _depth


def _is_pair_of_equality(parts: tuple[Any, Any, Any]) -> bool:
    """Whether c and 1 - c are positive and the condition holds with equality."""
    return _all_positive(parts[:2]) and equal((parts[2], 0))


_bound, _shift = sympy.Symbol("R", positive=True), sympy.Symbol("delta", nonnegative=True)
_above_least = sympy.Symbol("y", nonnegative=True)


def _exponents(least: Any) -> Inequality:
    """The exponent of a term's factor, x = y + least, and that of the bound."""
    exponent = -_shift * (_above_least + least)
    return Inequality(exponent, _shift * _bound, _shift * _above_least)


def _stays_on_its_side(factor: Any) -> tuple[Any, Any, Any]:
    """That the factor is above one, and where it leaves the mgf that was 1 / (1 + t), or 1 + t."""
    return factor - 1, 1 - factor / (1 + _t), (1 + _t) / factor - 1


CENTRAL_RANGE = Proof(
    slug="distillation_divergence/central_range",
    idea="For a positive mean the condition at eta, with some c, says that the mgf is below one; an"
    " mgf cannot jump.",
    steps=(
        assumed(
            "end_of_the_range",
            r"$X$ has finitely many values, $\mu=EX$, $M(\eta)=Ee^{-\eta X}$ and $L=\log M$;"
            r" $\eta_{\max}$ is the supremum of the $\eta>0$ with $L(\eta)\le-c\,\eta\,\mu$ for"
            r" some $c\in(0,1]$, zero if there is none; $0<\eta_{\max}<\infty$.",
        ),
        checked(
            "not_a_constant",
            r"For $X=x$, $L(\eta)=-\eta x=-1\cdot\eta\,\mu$: every $\eta$ has $c=1$, and"
            r" $\eta_{\max}=\infty$.",
            method="expanding the logarithm",
            check=equal,
            stated=(sympy.log(sympy.exp(-eta * _x)), -1 * eta * _x),
            wrong={"c = 1/2": (sympy.log(sympy.exp(-eta * _x)), -eta * _x / 2)},
            uses=("end_of_the_range",),
        ),
        checked(
            "pairs_are_where_the_mgf_is_below_one",
            r"Hence $X$ is not constant, and $\mu>0$, since otherwise there is no pair. Then"
            r" $L(\eta)\le-c\,\eta\,\mu$ gives $L(\eta)<0$; conversely $L(\eta)=-a<0$ gives the"
            r" pair $c=\frac a{\eta\mu}$, positive, and at most one by Jensen's inequality"
            r" $\eta\mu=a+D$: $\eta_{\max}=\sup\{\eta:M(\eta)<1\}$.",
            method="c and 1 - c are manifestly positive; substituting",
            check=_is_pair_of_equality,
            stated=_share_from(_depth / (_depth + _some_jensen)),
            wrong={
                "c of one": _share_from(sympy.Integer(1)),
                "the inverse": _share_from((_depth + _some_jensen) / _depth),
            },
            uses=(
                "end_of_the_range",
                "not_a_constant",
                "distillation_divergence/central_condition",
            ),
        ),
        checked(
            "mgf_does_not_jump",
            r"With $X\ge-R$, $R>0$, $M(\eta+\delta)\le e^{\delta R}M(\eta)$ for $\delta\ge0$:"
            r" $e^{-\delta x}\le e^{\delta R}$ in every term.",
            method="the exponents, with x = y - R and y >= 0",
            check=at_most,
            stated=_exponents(-_bound),
            wrong={"without the bound on X": _exponents(-2 * _bound)},
            uses=("end_of_the_range",),
        ),
        checked(
            "central_range",
            r"$M(\eta_{\max})=1$. If it were $\frac1{1+t}<1$, $\delta$ with $e^{\delta R}=1+\frac"
            r" t2$ would have $M(\eta_{\max}+\delta)\le\frac{1+t/2}{1+t}<1$, a pair beyond"
            r" $\eta_{\max}$. If it were $1+t>1$, $M\ge\frac{1+t}{1+t/2}>1$ on"
            r" $[\eta_{\max}-\delta,\eta_{\max}]$, and no pair would come near $\eta_{\max}$.",
            method="the three quantities are manifestly positive",
            check=_all_positive,
            stated=_stays_on_its_side(1 + _t / 2),
            wrong={
                "a factor that reaches one": _stays_on_its_side(1 + _t),
                "a factor that falls": _stays_on_its_side(1 / (1 + _t)),
            },
            uses=("pairs_are_where_the_mgf_is_below_one", "mgf_does_not_jump"),
        ),
    ),
)

# --- never better than Cramer-Chernoff ------------------------------------------------------------

_price = sympy.Symbol("K", nonnegative=True)
_share = sympy.Symbol("c", positive=True)


def _below_quotient(share: Any, argument: Any) -> Inequality:
    """The bound of Theorem 10 at (eta, share), and a quotient; b is the condition's room."""
    log_mgf = -_share * eta * _mean - _below
    bound = share * _mean - _price / eta
    return Inequality(bound, (_price + log_mgf) / argument, _below / eta)


LOWER_BELOW_CHERNOFF = Proof(
    slug="distillation_divergence/lower_below_chernoff",
    idea="Theorem 10 bounds one of the quotients whose supremum the Cramer-Chernoff bound is.",
    steps=(
        assumed(
            "central condition",
            r"$\Lambda(-\eta)=\log Ee^{-\eta X}\le-c\,\eta\,\mu$, $\mu=EX$, $\eta>0$; $K\ge0$ is"
            r" finite.",
        ),
        checked(
            "lower_below_chernoff",
            r"$c\,\mu-\frac K\eta\le-\frac{K+\Lambda(-\eta)}\eta$, the quotient"
            r" $\frac{K+\Lambda(\ell)}\ell$ at $\ell=-\eta<0$, and so at most the supremum of all.",
            method="the slack is what the condition leaves, over eta",
            check=at_most,
            stated=_below_quotient(_share, -eta),
            wrong={
                "a positive argument": _below_quotient(_share, eta),
                "c of one": _below_quotient(sympy.Integer(1), -eta),
            },
            uses=("central condition",),
        ),
    ),
)
