r"""What the divergence allows the student's gap to be, from the law of the teacher's gap.

One inequality, of Donsker and Varadhan, at every argument of the log-mgf; optimised over arguments
it is attained by tilts of the teacher.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.records import Proof, assumed, checked

# --- at every argument ----------------------------------------------------------------------------

_p, _q = sympy.symbols("p q", positive=True)
ell, _h, _log_mgf = sympy.symbols("ell h Lambda", real=True)
_gap_s, _divergence_from_tilt = sympy.symbols("gen_S K_ell", real=True)
_excess = sympy.Symbol("K_ell", nonnegative=True)
_argument = sympy.Symbol("ell", positive=True)

LAWS = assumed(
    "laws",
    r"$P$ is the law of $(Y,W_T)$ and $Q$ that of $(\hat Y,\Theta)$ given $X$, with densities $p$,"
    r" $q$; $K_n=\mathrm{KL}(Q\,\|\,P)<\infty$ (else there is nothing to show);"
    r" $\mathrm{gen}_T=E_Ph$, $\mathrm{gen}_S=E_Qh$ and $\Lambda(\ell)=\log E_Pe^{\ell h}<\infty$:"
    r" one function $h$ of labels and weights, two laws.",
)


def _tilted(normaliser: Any) -> tuple[Any, Any]:
    """The integrand of the divergence, by that from the tilt with this normaliser."""
    tilt = _p * sympy.exp(ell * _h - normaliser)
    return (
        sympy.expand_log(sympy.log(_q / _p), force=True),
        sympy.expand_log(sympy.log(_q) - sympy.log(tilt), force=True) + ell * _h - _log_mgf,
    )


TILT_IDENTITY = checked(
    "tilt_identity",
    r"With the density $p_\ell=p\,e^{\ell h-\Lambda(\ell)}$, whose integral is one,"
    r" $\log\frac qp=\log\frac q{p_\ell}+\ell h-\Lambda(\ell)$ at every point, so that"
    r" $\mathrm{KL}(Q\,\|\,P)=\mathrm{KL}(Q\,\|\,P_\ell)+\ell E_Qh-\Lambda(\ell)$.",
    method="expanding the logarithms, point by point",
    check=equal,
    stated=_tilted(_log_mgf),
    wrong={
        "a tilt that is not normalised": _tilted(sympy.Integer(0)),
        "a tilt with the inverse normaliser": _tilted(-_log_mgf),
    },
    uses=("laws",),
)


def _divergence(from_tilt: Any, mean: Any) -> Any:
    """The divergence, from that from the tilt and the mean of h under Q."""
    return from_tilt + ell * mean - _log_mgf


def _at_argument(log_mgf: Any) -> Inequality:
    """The bound, with this in place of the log-mgf."""
    return Inequality(ell * _gap_s, _divergence(_excess, _gap_s) + log_mgf, _excess)


AT_EVERY_ARGUMENT = checked(
    "at_every_argument",
    r"$\ell\,\mathrm{gen}_S\le K_n+\Lambda(\ell)$ for every $\ell$ of either sign: the difference"
    r" is $\mathrm{KL}(Q\,\|\,P_\ell)\ge0$.",
    method="substituting the tilt identity; the slack is a divergence",
    check=at_most,
    stated=_at_argument(_log_mgf),
    wrong={
        "the log-mgf subtracted": _at_argument(-_log_mgf),
        "twice the log-mgf": _at_argument(2 * _log_mgf),
    },
    uses=("tilt_identity", "gibbs_inequality"),
)

CRAMER_CHERNOFF = Proof(
    slug="linear_gaussian/cramer_chernoff",
    idea="The divergence from the teacher exceeds the divergence from any tilt of the teacher by a"
    " number that is linear in the gap.",
    steps=(
        LAWS,
        TILT_IDENTITY,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        AT_EVERY_ARGUMENT,
        checked(
            "cramer_chernoff",
            r"$\ell\,\mathrm{gen}_S\le K_n+\log E\,e^{\ell h}$ with $\mathrm{gen}_S$, $K_n$ and the"
            r" log-mgf in closed form: divided by $\ell>0$ an upper bound, by $\ell<0$ a lower one,"
            r" $\frac{K_n+\Lambda(-t)}{-t}\le\mathrm{gen}_S$ for $t>0$.",
            method="the slack of the mirrored bound is the divergence from the tilt over t",
            check=at_most,
            stated=Inequality(
                (_divergence(_excess, _gap_s) + _log_mgf).subs(ell, -_argument) / -_argument,
                _gap_s,
                _excess / _argument,
            ),
            wrong={
                "an upper bound again": Inequality(
                    _gap_s,
                    (_divergence(_excess, _gap_s) + _log_mgf).subs(ell, -_argument) / -_argument,
                    _excess / _argument,
                )
            },
            uses=(
                "at_every_argument",
                "linear_gaussian/gen_gaps_student",
                "linear_gaussian/divergence_exact",
                "linear_gaussian/log_mgf",
            ),
        ),
    ),
)

# --- optimised ------------------------------------------------------------------------------------


def _one_side(sign: int, divisor: Any) -> Inequality:
    """The bound on sign * gen_S at the argument sign * ell, over this divisor."""
    bound = (_divergence(_excess, _gap_s) + _log_mgf).subs(ell, sign * _argument) / divisor
    return Inequality(sign * _gap_s, bound, _excess / _argument)


CRAMER_CHERNOFF_OPTIMAL = Proof(
    slug="linear_gaussian/cramer_chernoff_optimal",
    idea="What holds at every argument holds at the best one.",
    steps=(
        LAWS,
        TILT_IDENTITY,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        AT_EVERY_ARGUMENT,
        checked(
            "from_above",
            r"$\mathrm{gen}_S\le\frac{K_n+\Lambda(\ell)}\ell$ for every $\ell>0$ of the domain: a"
            r" lower bound of these numbers is at most their infimum.",
            method="the slack is the divergence from the tilt over ell",
            check=at_most,
            stated=_one_side(1, _argument),
            wrong={"times the argument": _one_side(1, 1 / _argument)},
            uses=("at_every_argument",),
        ),
        checked(
            "cramer_chernoff_optimal",
            r"$\sup_{\ell<0}\frac{K_n+\Lambda(\ell)}\ell\le\mathrm{gen}_S\le\inf_{\ell>0}"
            r"\frac{K_n+\Lambda(\ell)}\ell$: the same for $-h$, whose log-mgf at $t>0$ is"
            r" $\Lambda(-t)$, bounds $-\mathrm{gen}_S$.",
            method="the slack of the mirrored bound is the divergence from the tilt over t",
            check=at_most,
            stated=_one_side(-1, _argument),
            wrong={"a divisor of the other sign": _one_side(-1, -_argument)},
            uses=("from_above", "linear_gaussian/cramer_chernoff"),
        ),
    ),
)

_mean, _other, _other_log_mgf = sympy.symbols("m t Lambda_t", real=True)
_positive_other = sympy.Symbol("t", positive=True)


def _own_argument(divergence: Any) -> tuple[Any, Any]:
    """The bound of a law with this divergence at its own argument, and its mean of h."""
    return (divergence + _log_mgf) / ell, _mean


OWN_TILT = checked(
    "own_tilt",
    r"For $Q=P_\ell$ the tilt identity reads $K=\ell E_Qh-\Lambda(\ell)$, so that"
    r" $\frac{K+\Lambda(\ell)}\ell=E_Qh$: at its own argument the bound is the mean itself.",
    method="substituting a divergence from the tilt of zero",
    check=equal,
    stated=_own_argument(_divergence(0, _mean)),
    wrong={
        "a law that is not the tilt": _own_argument(_divergence(1, _mean)),
        "the divergence of the teacher from the tilt": _own_argument(_log_mgf - ell * _mean),
    },
    uses=("tilt_identity",),
)


def _elsewhere(sign: int, argument: Any) -> Inequality:
    """What the bound at another argument of this sign gives away for the tilt."""
    kl = _excess + argument * _mean - _other_log_mgf
    bound = (kl + _other_log_mgf) / argument
    return Inequality(sign * _mean, sign * bound, _excess / _positive_other)


CRAMER_CHERNOFF_ATTAINED = Proof(
    slug="linear_gaussian/cramer_chernoff_attained",
    idea="For a tilt of the teacher the inequality is an equation at its own argument, and still an"
    " inequality at all others.",
    steps=(
        LAWS,
        TILT_IDENTITY,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        OWN_TILT,
        checked(
            "other_arguments",
            r"At every other argument $t$ of the sign of $\ell$ the bound is no better: with $t>0$,"
            r" $\frac{K+\Lambda(t)}t-E_Qh=\frac1t\mathrm{KL}(Q\,\|\,P_t)\ge0$.",
            method="the slack is the divergence of one tilt from the other, over t",
            check=at_most,
            stated=_elsewhere(1, _positive_other),
            wrong={"an argument of the other sign": _elsewhere(1, -_positive_other)},
            uses=("tilt_identity", "gibbs_inequality"),
        ),
        checked(
            "cramer_chernoff_attained",
            r"$dQ\propto e^{\ell h}dP$ has $E_Qh=\inf_{t>0}\frac{K+\Lambda(t)}t$ for $\ell>0$, and"
            r" the supremum over $t<0$ for $\ell<0$: no better bound depends on $K$ and the law of"
            r" $h$ under $P$ alone.",
            method="the mirrored slack",
            check=at_most,
            stated=_elsewhere(-1, -_positive_other),
            wrong={"an argument of the other sign": _elsewhere(-1, _positive_other)},
            uses=("own_tilt", "other_arguments", "linear_gaussian/log_mgf"),
        ),
    ),
)
