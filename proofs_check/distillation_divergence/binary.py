r"""What the mean and the range of the teacher's gap give: the binary divergence, inverted.

A variable between 0 and 1 has the log-mgf of a coin of its mean at most, and the tilts of a coin
are all the other coins; the inverse is compared with Pinsker and with Bretagnolle and Huber.
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
from proofs_check.common_pinsker import BINARY_PINSKER
from proofs_check.distillation_divergence.comparison import WORLD
from proofs_check.distillation_divergence.inputs import JENSEN_FOR_LOGARITHMS
from proofs_check.records import Proof, assumed, checked

RANGE = assumed(
    "range",
    r"$h\in[a',a'+R]$ where $P$ has mass, $y=(h-a')/R$, $p=E_Py=(\mathrm{gen}_T-a')/R$,"
    r" $\mathrm{kl}(q\|p)=q\log\frac qp+(1-q)\log\frac{1-q}{1-p}$ and"
    r" $\mathrm{kl}^{-1}(p,K)=\max\{q:\mathrm{kl}(q\|p)\le K\}$. Let $K_n<\infty$, $R>0$ and"
    r" $0<p<1$: otherwise the bounds are infinite, or $h$ is constant under $P$ and hence under"
    r" $Q$, and nothing is to be shown.",
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
    """lambda q less the log-mgf of the coin, and the divergence of the coins."""
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
    """lambda less a multiple of the log-mgf of the coin, as lambda grows."""
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
            r"a'+R\,\mathrm{kl}^{-1}(p,K_n)$.",
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

# --- Pinsker, Bretagnolle and Huber ---------------------------------------------------------------

_root_p, _root_q = sympy.symbols("alpha sigma", positive=True)
_p_of, _q_of = (root**2 / (1 + root**2) for root in (_root_p, _root_q))
_affinity = (_root_p * _root_q + 1) / sympy.sqrt((1 + _root_p**2) * (1 + _root_q**2))


def _affinity_below(power: int) -> Inequality:
    """A power of the affinity, and one less the square of the difference."""
    difference = _root_p / (1 + _root_p**2) - _root_q / (1 + _root_q**2)
    return Inequality(_affinity**power, 1 - (_q_of - _p_of) ** 2, difference**2)


AFFINITY = checked(
    "affinity",
    r"$b^2\le1-(q-p)^2$ with $b=\sqrt{pq}+\sqrt{(1-p)(1-q)}$: the difference is"
    r" $\bigl(\sqrt{p(1-p)}-\sqrt{q(1-q)}\bigr)^2$.",
    method="expanding, in the roots of the odds",
    check=at_most,
    stated=_affinity_below(2),
    wrong={"the affinity not squared": _affinity_below(1)},
    uses=("range",),
)


def _as_jensen(weights: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """Means of roots of p/q and (1-p)/(1-q), and of their logarithms; b, and -kl(q||p) / 2."""
    ratio = sympy.sqrt((1 + _root_q**2) / (1 + _root_p**2))
    roots = (_root_p / _root_q * ratio, ratio)
    divergence = -_q_of * sympy.log(roots[0] ** 2) - (1 - _q_of) * sympy.log(ratio**2)
    first, second = weights
    return [
        (first * roots[0] + second * roots[1], _affinity),
        (first * sympy.log(roots[0]) + second * sympy.log(roots[1]), -divergence / 2),
    ]


AFFINITY_AND_DIVERGENCE = checked(
    "affinity_and_divergence",
    r"$-\frac12\mathrm{kl}(q\|p)=q\log\sqrt{\frac pq}+(1-q)\log\sqrt{\frac{1-p}{1-q}}\le\log b$,"
    r" the mean of these roots under $(q,1-q)$; hence $e^{-\mathrm{kl}(q\|p)}\le b^2$.",
    method="expanding the means of the roots and of their logarithms",
    check=all_equal,
    stated=_as_jensen((_q_of, 1 - _q_of)),
    wrong={
        "the mean under (p, 1 - p)": _as_jensen((_p_of, 1 - _p_of)),
        "weights exchanged": _as_jensen((1 - _q_of, _q_of)),
    },
    uses=("range", "jensen_for_logarithms"),
)

_far, _above, _tail = sympy.symbols("d f t", nonnegative=True)


def _pinsker_side(bound: Any) -> Inequality:
    """The square of R (q - p), where K = 2 (q - p)^2 + e + f, and a bound in terms of K."""
    divergence = 2 * _far**2 + _room + _above
    return Inequality((_width * _far) ** 2, bound(divergence), _width**2 * (_room + _above) / 2)


PINSKER_SIDE = checked(
    "inverse_below_pinsker",
    r"For $q=\mathrm{kl}^{-1}(p,K)\ge p$, $2(q-p)^2\le\mathrm{kl}(q\|p)\le K$, so that"
    r" $\bigl(R(q-p)\bigr)^2\le R^2\frac K2$.",
    method="the slack is what both inequalities leave",
    check=at_most,
    stated=_pinsker_side(lambda divergence: _width**2 * divergence / 2),
    wrong={
        "K/4": _pinsker_side(lambda divergence: _width**2 * divergence / 4),
        "without the range": _pinsker_side(lambda divergence: divergence / 2),
    },
    uses=("range", "binary_pinsker"),
)


def _huber_side(bound: Any) -> Inequality:
    """The square of R (q - p), where t = e^(-K), b^2 = t + e and (q - p)^2 = 1 - b^2 - f."""
    return Inequality(
        _width**2 * (1 - (_tail + _room) - _above), bound, _width**2 * (_room + _above)
    )


HUBER_SIDE = checked(
    "inverse_below_bretagnolle_huber",
    r"For $q=\mathrm{kl}^{-1}(p,K)$, $(q-p)^2\le1-b^2\le1-e^{-\mathrm{kl}(q\|p)}\le1-e^{-K}$; for"
    r" $q=1$ by continuity.",
    method="the slack is what the inequalities leave",
    check=at_most,
    stated=_huber_side(_width**2 * (1 - _tail)),
    wrong={
        "e^(-K/2)": _huber_side(_width**2 * (1 - sympy.sqrt(_tail))),
        "without the range": _huber_side(1 - _tail),
    },
    uses=("range", "affinity", "affinity_and_divergence"),
)

_teacher, _root, _other_root = sympy.symbols("T r_1 r_2", nonnegative=True)


def _chained(bound: Any) -> Inequality:
    """The gap, g below the inverse, which is e below the mean plus R times a root; a bound."""
    inverse = _teacher + _width * (_root - _room)
    return Inequality(inverse - _further, bound, _width * _room + _further)


def _chain_check(name: str, root: str, side: str) -> Any:
    """The last step: from the inverse to a root."""
    return checked(
        name,
        r"$\mathrm{gen}_S\le a'+R\,\mathrm{kl}^{-1}(p,K_n)=\mathrm{gen}_T"
        rf"+R\bigl(\mathrm{{kl}}^{{-1}}(p,K_n)-p\bigr)\le\mathrm{{gen}}_T+R{root}$.",
        method="adding up what both inequalities leave",
        check=at_most,
        stated=_chained(_teacher + _width * _root),
        wrong={
            "without the teacher's gap": _chained(_width * _root),
            "without the range": _chained(_teacher + _root),
        },
        uses=("world", "range", side, "distillation_divergence/binary_kl"),
    )


PINSKER = Proof(
    slug="distillation_divergence/pinsker",
    idea="The inverse of the binary divergence is below Pinsker's root.",
    steps=(
        WORLD,
        RANGE,
        BINARY_PINSKER,
        PINSKER_SIDE,
        _chain_check("pinsker", r"\sqrt{K_n/2}", "inverse_below_pinsker"),
    ),
)

_HUBER_STEPS = (
    LOGARITHM_BELOW_TANGENT,
    JENSEN_FOR_LOGARITHMS,
    AFFINITY,
    AFFINITY_AND_DIVERGENCE,
    HUBER_SIDE,
)

BRETAGNOLLE_HUBER = Proof(
    slug="distillation_divergence/bretagnolle_huber",
    idea="The inverse of the binary divergence is below the root of Bretagnolle and Huber.",
    steps=(
        WORLD,
        RANGE,
        *_HUBER_STEPS,
        _chain_check("bretagnolle_huber", r"\sqrt{1-e^{-K_n}}", "inverse_below_bretagnolle_huber"),
    ),
)


def _both(first: Any, second: Any) -> Sequence[Inequality]:
    """The inverse, e below one root and f below the other, and either bound."""
    return [
        Inequality(_teacher + _width * (root - room), bound, _width * room)
        for root, room, bound in ((_root, _room, first), (_other_root, _above, second))
    ]


BINARY_KL_DOMINATES = Proof(
    slug="distillation_divergence/binary_kl_dominates",
    idea="Neither root is below the inverse, and the smaller one is not.",
    steps=(
        WORLD,
        RANGE,
        BINARY_PINSKER,
        PINSKER_SIDE,
        *_HUBER_STEPS,
        checked(
            "binary_kl_dominates",
            r"$a'+R\,\mathrm{kl}^{-1}(p,K)=\mathrm{gen}_T+R(q-p)$ with $q=\mathrm{kl}^{-1}(p,K)$ is"
            r" at most $\mathrm{gen}_T+R\sqrt{K/2}$ and at most $\mathrm{gen}_T+R\sqrt{1-e^{-K}}$,"
            r" hence at most the smaller one.",
            method="the slacks are those of the two roots, times the range",
            check=all_at_most,
            stated=_both(_teacher + _width * _root, _teacher + _width * _other_root),
            wrong={
                "without the range": _both(_teacher + _root, _teacher + _other_root),
                "a root exchanged for the other": _both(
                    _teacher + _width * _root, _teacher + _width * _root
                ),
            },
            uses=(
                "world",
                "range",
                "inverse_below_pinsker",
                "inverse_below_bretagnolle_huber",
            ),
        ),
    ),
)
