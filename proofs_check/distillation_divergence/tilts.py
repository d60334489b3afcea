r"""What a divergence allows a mean to be: tilts attain the Cramer-Chernoff bounds.

The change of measure with $g=\lambda X$ bounds a mean by $(K+\log E_Pe^{\lambda X})/\lambda$ for
every $\lambda$, and for a tilt by $\ell$ the quotient at $\lambda=\ell$ is its mean.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import sympy

from proofs_check.algebra import Induction, Inequality, at_most, equal, holds_by_induction
from proofs_check.distillation_divergence import parabola
from proofs_check.records import Proof, assumed, checked, refuted

# --- tilts attain the bounds ----------------------------------------------------------------------

_p, _normaliser = sympy.symbols("p Z", positive=True)
_ell, _x = sympy.symbols("l x", real=True)
_mass, _mean, _divergence, _log_mgf = sympy.symbols("A m K Lambda", real=True)
_argument = sympy.Symbol("lambda", positive=True)
_lost, _below = sympy.symbols("a b", nonnegative=True)

TILT = assumed(
    "tilt",
    r"$P$ is a law on finitely many values of $X$, $Q$ its tilt by $\ell$, with masses"
    r" $p_ie^{\ell x_i}/Z$; $K=\mathrm{KL}(Q\|P)$ and"
    r" $\Lambda(\lambda)=\log E_Pe^{\lambda X}$, so that $\Lambda(\ell)=\log Z$.",
)


def _divergence_of_tilt(log_mgf_share: int) -> Induction:
    """KL(Q||P) less l E_Q X and a multiple of log Z, over the atoms so far."""
    tilt = _p * sympy.exp(_ell * _x) / _normaliser
    step = {
        _mass: _mass + tilt,
        _mean: _mean + tilt * _x,
        _divergence: _divergence + tilt * sympy.log(tilt / _p),
    }
    claimed = _ell * _mean + log_mgf_share * _mass * sympy.log(_normaliser)
    return Induction(_divergence - claimed, dict.fromkeys((_mass, _mean, _divergence), 0), step)


DIVERGENCE_OF_TILT = checked(
    "divergence_of_tilt",
    r"$K=\ell E_QX-\Lambda(\ell)$, the mean under $Q$ of $\log\frac{dQ}{dP}=\ell X-\log Z$.",
    method="induction over the atoms, whose masses under Q add up to one",
    check=holds_by_induction,
    stated=_divergence_of_tilt(-1),
    wrong={
        "the log-mgf added": _divergence_of_tilt(1),
        "without the log-mgf": _divergence_of_tilt(0),
    },
    uses=("tilt",),
)


def _below_quotient(quotient: Any) -> Inequality:
    """The mean of a law at divergence K, which is below (K + Lambda) / lambda, and a bound."""
    mean = (_divergence + _log_mgf - _lost) / _argument
    return Inequality(mean, quotient, _lost / _argument)


EVERY_ARGUMENT = checked(
    "every_argument",
    r"$E_QX\le\frac{K+\Lambda(\lambda)}\lambda$ for every $\lambda>0$ and every law $Q$: change of"
    r" measure with $g=\lambda X$, divided by $\lambda$.",
    method="the slack is that of the change of measure, over lambda",
    check=at_most,
    stated=_below_quotient((_divergence + _log_mgf) / _argument),
    wrong={
        "not divided by lambda": _below_quotient(_divergence + _log_mgf),
        "only the log-mgf divided": _below_quotient(_divergence + _log_mgf / _argument),
    },
    uses=("distillation_divergence/donsker_varadhan",),
)


def _quotient_of_tilt(sign: int, divergence: Any) -> tuple[Any, Any]:
    """The quotient of sign X at the argument sign l, and the mean of sign X under the tilt."""
    return (divergence + _log_mgf) / (sign * _ell), sign * _mean


CRAMER_CHERNOFF_ATTAINED = Proof(
    slug="distillation_divergence/cramer_chernoff_attained",
    idea="Every quotient is at least the mean, and that at the tilt's own argument is the mean.",
    steps=(
        TILT,
        DIVERGENCE_OF_TILT,
        EVERY_ARGUMENT,
        checked(
            "mirrored",
            r"For $\ell<0$, $Q$ is also the tilt of $P$ by $-\ell>0$ for the variable $-X$; its"
            r" quotient at $-\ell$ is $\frac{K+\Lambda(\ell)}{-\ell}=E_Q(-X)$.",
            method="substituting K = l m - Lambda(l)",
            check=equal,
            stated=_quotient_of_tilt(-1, _ell * _mean - _log_mgf),
            wrong={
                "the divergence of the other sign": _quotient_of_tilt(-1, _log_mgf - _ell * _mean),
            },
            uses=("divergence_of_tilt",),
        ),
        checked(
            "cramer_chernoff_attained",
            r"For $\ell>0$ the quotient at $\lambda=\ell$ is $\frac{K+\Lambda(\ell)}\ell=E_QX$, and"
            r" none is smaller: $E_QX=\inf_{\lambda>0}\frac{K+\Lambda(\lambda)}\lambda$, and for"
            r" $\ell<0$ the same holds of $-X$. A bound on $E_QX$ by $P$ and $K$ alone must respect"
            r" this $Q$, so that none is better.",
            method="substituting K = l m - Lambda(l)",
            check=equal,
            stated=_quotient_of_tilt(1, _ell * _mean - _log_mgf),
            wrong={
                "the divergence without the log-mgf": _quotient_of_tilt(1, _ell * _mean),
                "the divergence with its sign changed": _quotient_of_tilt(
                    1, _log_mgf - _ell * _mean
                ),
            },
            uses=("divergence_of_tilt", "every_argument", "mirrored"),
        ),
    ),
)

# --- never wider than Theorem 8 -------------------------------------------------------------------

_mu = sympy.Symbol("mu", real=True)


def _quotient_below(bound: Callable[[Any], Any]) -> Inequality:
    """A quotient of the Cramer-Chernoff bound, when the log-mgf is below its parabola."""
    at, proxy = parabola.argument, parabola.proxy
    log_mgf = at * _mu + at**2 * proxy / 2 - _below
    return Inequality((parabola.divergence + log_mgf) / at, bound(at), _below / at)


def _least_below(root: Any) -> Inequality:
    """The quotient at the best argument, and mu plus a root."""
    at = parabola.best_argument
    quotient = _mu + parabola.price(at) - _below / at
    return Inequality(quotient, _mu + root, _below / at)


CHERNOFF_BELOW_THEOREM8 = Proof(
    slug="distillation_divergence/chernoff_below_theorem8",
    idea="A log-mgf lies below its parabola, and Theorem 8 is the infimum for the parabola.",
    steps=(
        assumed(
            "one_sided_proxy",
            r"$\mu=EX$ and $\log Ee^{\ell X}\le\ell\mu+\frac12\ell^2\sigma_+^2$ for all $\ell>0$;"
            r" $K\ge0$ is finite. With $-X$ for $X$, $\sigma_-$ takes the place of $\sigma_+$.",
        ),
        checked(
            "quotient_below_price",
            r"$\frac{K+\log Ee^{\ell X}}\ell\le\mu+\frac K\ell+\frac{\ell\sigma_+^2}2$ for every"
            r" $\ell>0$.",
            method="the slack is that of the assumption, over l",
            check=at_most,
            stated=_quotient_below(lambda at: _mu + parabola.price(at)),
            wrong={
                "without the divergence": _quotient_below(lambda at: _mu + at * parabola.proxy / 2),
                "the mean times the argument": _quotient_below(
                    lambda at: at * _mu + parabola.price(at)
                ),
            },
            uses=("one_sided_proxy",),
        ),
        *parabola.LEAST_PRICE,
        checked(
            "chernoff_below_theorem8",
            r"$\inf_{\ell>0}\frac{K+\log Ee^{\ell X}}\ell\le\mu+\sigma_+\sqrt{2K}$: the quotient at"
            r" $\ell=\sqrt{2K}/\sigma_+$ is, and where $K=0$ or $\sigma_+=0$ a limit of quotients;"
            r" for $-X$ the same with $\sigma_-$.",
            method="substituting; the slack is that of the assumption, over l",
            check=at_most,
            stated=_least_below(parabola.root_form),
            wrong={
                "K in place of 2 K": _least_below(sympy.sqrt(parabola.divergence * parabola.proxy)),
            },
            uses=("quotient_below_price", *parabola.LEAST_PRICE_NAMES),
        ),
    ),
)

# --- a large divergence ---------------------------------------------------------------------------

_more = sympy.Symbol("delta", nonnegative=True)
_q = sympy.Symbol("q", positive=True)


def _quotient_at_more(sign: int) -> Inequality:
    """A quotient at l = sign lambda with divergence K + delta, and with K."""

    def quotient(divergence: Any) -> Any:
        return (divergence + _log_mgf) / (sign * _argument)

    return Inequality(quotient(_divergence + _more), quotient(_divergence), _more / _argument)


def _coin_of_tilt(argument: Any) -> tuple[Any, Any]:
    """The probability of 1 under the tilt of a fair coin with values 1 and -1, and q."""
    return 1 / (1 + sympy.exp(-2 * argument)), _q


def _coin_divergence(q: sympy.Rational) -> Any:
    """The divergence of a coin with probability q of 1 from a fair one."""
    return sum(weight * sympy.log(2 * weight) for weight in (q, 1 - q))


def _compare(relation: Callable[[Any, Any], Any]) -> bool:
    """Whether the least means of the fair coin at two divergences, the larger first, compare so."""
    larger, smaller = sympy.Rational(1, 4), sympy.Rational(3, 8)
    if not _coin_divergence(larger) > _coin_divergence(smaller):
        raise ValueError("the first divergence is not the larger one")
    return bool(relation(2 * larger - 1, 2 * smaller - 1))


LARGE_DIVERGENCE_REVIEW = Proof(
    slug="distillation_divergence/large_divergence_review",
    idea="The least mean that a divergence allows falls as the divergence grows.",
    steps=(
        assumed(
            "least_mean",
            r"$m(K)=\sup_{\ell<0}\frac{K+\log E_Pe^{\ell X}}\ell$, the best lower bound on the gap"
            r" $E_QX$ of a student with $\mathrm{KL}(Q\|P)\le K$, and the gap of a tilt.",
        ),
        checked(
            "least_mean_falls",
            r"$m(K+\delta)\le m(K)$ for every law and $\delta\ge0$: with $\ell=-\lambda<0$,"
            r" $\frac{K+\delta+\Lambda(\ell)}\ell=\frac{K+\Lambda(\ell)}\ell-\frac\delta\lambda$.",
            method="the slack is delta / lambda",
            check=at_most,
            stated=_quotient_at_more(-1),
            wrong={"positive arguments, as in the upper bound": _quotient_at_more(1)},
            uses=("least_mean",),
        ),
        checked(
            "tilts_of_a_coin",
            r"A fair coin with values $1$ and $-1$, tilted by $\ell=\frac12\log\frac q{1-q}$, has"
            r" the value $1$ with probability $q$ and the mean $2q-1$; for $q<\frac12$ this is the"
            r" least mean at its divergence $\log2+q\log q+(1-q)\log(1-q)$.",
            method="substituting the argument in the tilted mass",
            check=equal,
            stated=_coin_of_tilt(sympy.log(_q / (1 - _q)) / 2),
            wrong={
                "the log odds, not halved": _coin_of_tilt(sympy.log(_q / (1 - _q))),
                "the other sign": _coin_of_tilt(sympy.log((1 - _q) / _q) / 2),
            },
            uses=("least_mean", "distillation_divergence/cramer_chernoff_attained"),
        ),
        refuted(
            "large_divergence_keeps_the_gap_up",
            r"A large divergence prevents the student from generalising much better than the"
            r" teacher: $m(K+\delta)\ge m(K)$. For the divergences of the coins $q=\frac14$ and"
            r" $q=\frac38$ from a fair one it would be $-\frac12\ge-\frac14$. A large divergence"
            r" allows a smaller gap, and obliges to nothing: $q=\frac34$ is as far as $\frac14$.",
            method="the coins of 1/4 and 3/8, exactly",
            check=_compare,
            stated=operator.ge,
            mended={"a larger divergence allows a smaller gap": operator.le},
            uses=("least_mean_falls", "tilts_of_a_coin"),
        ),
    ),
)
