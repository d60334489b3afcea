r"""What the mean and the range of the teacher's gap give: the binary divergence, inverted.

A variable between 0 and 1 has the log-mgf of a coin of its mean at most, and the tilts of a coin
are all the other coins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    equal,
    nonnegative_by_induction,
)
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.algebra_several import all_at_most
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.distillation_divergence.comparison import WORLD
from proofs_check.records import Proof, assumed, checked

RANGE = assumed(
    "range",
    r"$h\in[a',a'+R]$ where $P$ has mass, $y=(h-a')/R$, $p=E_Py=(\mathrm{gen}_T-a')/R$,"
    r" $\mathrm{kl}(q\|p)=q\log\frac qp+(1-q)\log\frac{1-q}{1-p}$ and"
    r" $\mathrm{kl}^{-1}(p,K)=\max\{q:\mathrm{kl}(q\|p)\le K\}$. Let $K_n<\infty$, $R>0$ and"
    r" $0<p<1$: if $K_n=\infty$ all bounds count as infinite, and otherwise $h$ is constant under"
    r" $P$, hence under $Q$, and no bound is below that constant.",
)

_odds_p, _odds, _odds_y = sympy.symbols("alpha sigma b", positive=True)
_base = sympy.Symbol("E", positive=True)
_p, _q, _y = (odds / (1 + odds) for odds in (_odds_p, _odds, _odds_y))

# --- the log-mgf of a coin ------------------------------------------------------------------------


def _chord(weights: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """The sums of w log t and of w (t - 1) at t = 1/Z and t = e^lambda / Z, and what they are."""
    at_zero, at_one = weights
    chord = 1 - _y + _y * _base
    return [
        (
            at_zero * sympy.log(1 / chord) + at_one * sympy.log(_base / chord),
            _y * sympy.log(_base) - sympy.log(chord),
        ),
        (at_zero * (1 / chord - 1) + at_one * (_base / chord - 1), sympy.Integer(0)),
    ]


CHORD = checked(
    "chord",
    r"$e^{\lambda y}\le Z:=1-y+ye^\lambda$ for $0\le y\le1$: $\lambda y-\log Z"
    r"=(1-y)\log\frac1Z+y\log\frac{e^\lambda}Z\le(1-y)\bigl(\frac1Z-1\bigr)"
    r"+y\bigl(\frac{e^\lambda}Z-1\bigr)=0$, and at the ends both sides agree.",
    method="expanding both sums, in the odds y/(1-y)",
    check=all_equal,
    stated=_chord((1 - _y, _y)),
    wrong={
        "weights exchanged": _chord((_y, 1 - _y)),
        "weights that do not add up to one": _chord((sympy.Integer(1), _y)),
    },
    uses=("logarithm_below_tangent",),
)

_weight, _room = sympy.symbols("w e", nonnegative=True)
_value, _mass, _mean, _mgf = sympy.symbols("y W m M", real=True)


def _mgf_below(slope: Any) -> Induction:
    """A line in the mean less the mgf, over the points so far, e being the room under the chord."""
    term = 1 - _value + _value * _base - _room
    step = {
        _mass: _mass + _weight,
        _mean: _mean + _weight * _value,
        _mgf: _mgf + _weight * term,
    }
    invariant = _mass + slope * _mean - _mgf
    start = dict.fromkeys((_mass, _mean, _mgf), 0)
    return Induction(invariant, start, step, _weight * _room)


COIN = checked(
    "mgf_below_that_of_a_coin",
    r"$E_Pe^{\lambda y}\le1-p+pe^\lambda$ for every $\lambda$, the mgf of a coin with probability"
    r" $p$ of 1.",
    method="induction over the points; each adds what the chord leaves",
    check=nonnegative_by_induction,
    stated=_mgf_below(_base - 1),
    wrong={
        "half of the mean": _mgf_below((_base - 1) / 2),
        "1 - p + p lambda: the exponential left out": _mgf_below(sympy.log(_base) - 1),
    },
    uses=("range", "chord"),
)


def _coin_mgf(base: Any) -> Any:
    """1 - p + p base over one denominator."""
    return (1 + _odds_p * base) / (1 + _odds_p)


def _divergence_of_coins() -> Any:
    other = (1 + _odds_p) / (1 + _odds)
    return _q * sympy.log(_odds * other / _odds_p) + (1 - _q) * sympy.log(other)


def _at_tilt(base: Any) -> tuple[Any, Any]:
    """The log-mgf of the coin taken from lambda q, and the divergence of the coins."""
    return _q * sympy.log(base) - sympy.log(_coin_mgf(base)), _divergence_of_coins()


TILT_TO_Q = checked(
    "tilts_are_coins",
    r"$\lambda q-\log(1-p+pe^\lambda)=\mathrm{kl}(q\|p)$ at $e^\lambda=\frac{q(1-p)}{p(1-q)}$, for"
    r" $0<q<1$.",
    method="expanding logarithms, in the odds of p and q",
    check=equal,
    stated=_at_tilt(_odds / _odds_p),
    wrong={
        "the odds of q": _at_tilt(_odds),
        "p and q exchanged": _at_tilt(_odds_p / _odds),
        "q/p in place of the ratio of the odds": _at_tilt(_q / _p),
    },
    uses=("range",),
)

_divergence, _log_mgf, _low = sympy.symbols("K Lambda a", real=True)
_width = sympy.Symbol("R", positive=True)
_lost, _further = sympy.symbols("u g", nonnegative=True)


def _reached(divergence: Any) -> Sequence[Inequality]:
    """The binary divergence of the student's mean and a bound; its mean, and one g further."""
    lambda_q = _divergence + (_log_mgf - _room) - _lost
    mean = sympy.Symbol("q", real=True)
    return [
        Inequality(lambda_q - _log_mgf, divergence, _room + _lost),
        Inequality(_low + _width * mean, _low + _width * (mean + _further), _width * _further),
    ]


def _far_out(share: Any) -> Limit:
    """A multiple of the log-mgf of the coin taken from lambda, as lambda grows."""
    function = (1 - share) * sympy.log(_base) - share * sympy.log(_coin_mgf(_base) / _base)
    return Limit(function, _base, sympy.oo, -sympy.log(_p))


CERTAIN = checked(
    "student_at_the_end",
    r"$\lambda-\log(1-p+pe^\lambda)\to-\log p=\mathrm{kl}(1\|p)$ as $\lambda\to\infty$.",
    method="limit",
    check=has_limit,
    stated=_far_out(1),
    wrong={"half of the log-mgf": _far_out(sympy.Rational(1, 2))},
    uses=("range",),
)

BINARY_KL = Proof(
    slug="distillation_divergence/binary_kl",
    idea="Change the measure with the multiple of the gap that tilts a coin from p to q.",
    steps=(
        WORLD,
        RANGE,
        LOGARITHM_BELOW_TANGENT,
        CHORD,
        COIN,
        TILT_TO_Q,
        CERTAIN,
        checked(
            "binary_kl",
            r"Let $q=E_Qy=(\mathrm{gen}_S-a')/R$; $Q$ has no mass where $P$ has none. Change of"
            r" measure with $g=\lambda y$ gives $\lambda q\le K_n+\log E_Pe^{\lambda y}\le K_n"
            r"+\log(1-p+pe^\lambda)$, with the $\lambda$ of $q$ (or, if $q=1$, in the limit)"
            r" $\mathrm{kl}(q\|p)\le K_n$; if $q=0$, $q\le p$. Hence"
            r" $q\le\mathrm{kl}^{-1}(p,K_n)$ and $\mathrm{gen}_S=a'+Rq\le"
            r" a'+R\,\mathrm{kl}^{-1}(p,K_n)$.",
            method="the slack is what the change of measure and the chord leave",
            check=all_at_most,
            stated=_reached(_divergence),
            wrong={
                "half of the divergence": _reached(_divergence / 2),
                "the log-mgf in place of the divergence": _reached(_log_mgf),
            },
            uses=(
                "world",
                "range",
                "mgf_below_that_of_a_coin",
                "tilts_are_coins",
                "student_at_the_end",
                "distillation_divergence/donsker_varadhan",
            ),
        ),
    ),
)

# --- Cramer-Chernoff is never worse ---------------------------------------------------------------

_lambda = sympy.Symbol("lambda", positive=True)
_mean_q = sympy.Symbol("q", positive=True)


def _in_units(argument: Any) -> tuple[Any, Any]:
    """The bound for h at l, and that for y at lambda; here Lambda is the log-mgf of y."""
    of_gap = argument * _low + _log_mgf
    return (_divergence + of_gap) / argument, _low + _width * (_divergence + _log_mgf) / _lambda


def _coin_quotient(divergence: Any) -> Any:
    """The Cramer-Chernoff bound of the coin."""
    return (divergence + sympy.log(_coin_mgf(sympy.exp(_lambda)))) / _lambda


def _quotient_below(bound: Any) -> Inequality:
    """The bound for h at the tilt's argument, where K is lambda q - Lambda, and another."""
    divergence = _lambda * _mean_q - _log_mgf
    quotient = _low + _width * (divergence + _log_mgf - _room) / _lambda
    return Inequality(quotient, bound, _width * _room / _lambda)


_some = sympy.Symbol("K", positive=True)

CHERNOFF_BELOW_BINARY_KL = Proof(
    slug="distillation_divergence/chernoff_below_binary_kl",
    idea="The log-mgf is at most that of a coin, whose Cramer-Chernoff bound is the inverse.",
    steps=(
        WORLD,
        RANGE,
        LOGARITHM_BELOW_TANGENT,
        CHORD,
        COIN,
        checked(
            "in_units_of_the_range",
            r"$\mathrm{gen}_T+\frac{K+\psi(\ell)}\ell=\frac{K+\log E_Pe^{\ell h}}\ell"
            r"=a'+R\,\frac{K+\log E_Pe^{\lambda y}}\lambda$ with $\ell=\lambda/R$.",
            method="substituting",
            check=equal,
            stated=_in_units(_lambda / _width),
            wrong={"l = lambda R": _in_units(_lambda * _width), "l = lambda": _in_units(_lambda)},
            uses=("world", "range"),
        ),
        TILT_TO_Q,
        checked(
            "no_divergence",
            r"For $K=0$, $\frac{\log(1-p+pe^\lambda)}\lambda\to p=\mathrm{kl}^{-1}(p,0)$ as"
            r" $\lambda\to0$.",
            method="limit",
            check=has_limit,
            stated=Limit(_coin_quotient(0), _lambda, 0, _p),
            wrong={"some divergence": Limit(_coin_quotient(_some), _lambda, 0, _p)},
            uses=("range",),
        ),
        checked(
            "large_divergence",
            r"For $-\log p\le K<\infty$, $\frac{K+\log(1-p+pe^\lambda)}\lambda\to1"
            r"=\mathrm{kl}^{-1}(p,K)$ as $\lambda\to\infty$, since $\mathrm{kl}(1\|p)=-\log p$.",
            method="limit",
            check=has_limit,
            stated=Limit(_coin_quotient(_some), _lambda, sympy.oo, 1),
            wrong={"as lambda goes to zero": Limit(_coin_quotient(_some), _lambda, 0, 1)},
            uses=("range",),
        ),
        checked(
            "chernoff_below_binary_kl",
            r"For $0<K<-\log p$, let $q=\mathrm{kl}^{-1}(p,K)$: $p<q<1$ and $\mathrm{kl}(q\|p)=K$,"
            r" since $\mathrm{kl}$ is continuous in $q$, from $0$ at $p$ to $-\log p$ at $1$. At"
            r" the $\lambda>0$ of $q$ the coin's quotient is $\frac{K+\log(1-p+pe^\lambda)}\lambda"
            r"=q$, and that of $y$ at most $q$; with the limits, $\inf_\ell$ of the quotients is at"
            r" most $a'+R\,\mathrm{kl}^{-1}(p,K)$.",
            method="substituting K = lambda q - Lambda; the slack is what the coin leaves",
            check=at_most,
            stated=_quotient_below(_low + _width * _mean_q),
            wrong={
                "without the range": _quotient_below(_low + _mean_q),
                "half of the inverse": _quotient_below(_low + _width * _mean_q / 2),
                "without the lower end": _quotient_below(_width * _mean_q),
            },
            uses=(
                "mgf_below_that_of_a_coin",
                "in_units_of_the_range",
                "tilts_are_coins",
                "no_divergence",
                "large_divergence",
            ),
        ),
    ),
)
