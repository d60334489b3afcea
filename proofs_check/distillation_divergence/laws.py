r"""Change of measure: what it loses, and the log-mgf that it is used with.

The mean of $g$ under $Q$ is below $\mathrm{KL}(Q\|P)+\log E_Pe^g$ by the divergence of $Q$ from the
tilt of $P$ by $g$, point by point.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, Inequality, at_most, holds_by_induction
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.records import Proof, assumed, checked

# --- change of measure ----------------------------------------------------------------------------

_p, _q, _normaliser = sympy.symbols("p q Z", positive=True)
_g = sympy.Symbol("g", real=True)

LAWS = assumed(
    "laws",
    r"$P$ and $Q$ are laws on a finite set, with masses $p_i$ and $q_i$, and $g$ is a real function"
    r" there; $\mathrm{KL}(Q\|P)=\sum_iq_i\log\frac{q_i}{p_i}$, in which a point with $q_i=0$"
    r" counts zero, and which is infinite if $q_i>0=p_i$ anywhere; $Z=E_Pe^g=\sum_ip_ie^{g_i}$, and"
    r" the tilt $P_g$ has the masses $p_ie^{g_i}/Z$.",
)
NO_STUDENT_MASS = checked(
    "points_without_mass_under_q",
    r"$q\log\frac qp\to0$ as $q\to0$, so that a point with $q_i=0$ counts zero, in the divergence"
    r" from $P$ as in that from any other law with mass there.",
    method="limit",
    check=has_limit,
    stated=Limit(_q * sympy.log(_q / _p), _q, 0, 0),
    wrong={"without the factor q": Limit(sympy.log(_q / _p), _q, 0, 0)},
    uses=("laws",),
)


def _as_p_vanishes(weight: Any) -> Limit:
    """What a point with weight under Q adds to the divergence from the tilt, as p goes to zero."""
    return Limit(weight * sympy.log(weight * _normaliser / (_p * sympy.exp(_g))), _p, 0, sympy.oo)


NO_TEACHER_MASS = checked(
    "points_without_mass_under_p",
    r"$q\log\frac{qZ}{pe^g}\to\infty$ as $p\to0$ with $q>0$: $\mathrm{KL}(Q\|P_g)$ is infinite"
    r" where $\mathrm{KL}(Q\|P)$ is, the case $g=0$, $Z=1$.",
    method="limit",
    check=has_limit,
    stated=_as_p_vanishes(_q),
    wrong={"weights that vanish with those of P": _as_p_vanishes(_p**2)},
    uses=("laws",),
)

_tilt = _p * sympy.exp(_g) / _normaliser
_mass, _divergence, _mean, _rest, _total = sympy.symbols("A K M D S", real=True)


def _mass_of(tilt: Any) -> Induction:
    """Z times the mass of the tilt, less the sum of p e^g, over the points so far."""
    step = {_mass: _mass + tilt, _total: _total + _p * sympy.exp(_g)}
    return Induction(_normaliser * _mass - _total, dict.fromkeys((_mass, _total), 0), step)


TILT_IS_A_LAW = checked(
    "tilt_is_a_law",
    r"$\sum_ip_ie^{g_i}/Z=1$, and no mass is negative.",
    method="induction over the points: Z times the sum is the sum that defines Z",
    check=holds_by_induction,
    stated=_mass_of(_tilt),
    wrong={
        "not divided by Z": _mass_of(_p * sympy.exp(_g)),
        "tilted the other way": _mass_of(_p * sympy.exp(-_g) / _normaliser),
    },
    uses=("laws",),
)


def _change_of_measure(tilt: Any) -> Induction:
    """KL(Q||P) + log Z - E_Q g - KL(Q||tilt) over the points so far, A their mass under Q."""
    step = {
        _mass: _mass + _q,
        _divergence: _divergence + _q * sympy.log(_q / _p),
        _mean: _mean + _q * _g,
        _rest: _rest + _q * sympy.log(_q / tilt),
    }
    invariant = _divergence + _mass * sympy.log(_normaliser) - _mean - _rest
    return Induction(invariant, dict.fromkeys((_mass, _divergence, _mean, _rest), 0), step)


DV_TILT = Proof(
    slug="distillation_divergence/dv_tilt",
    idea="Write out the logarithm of the ratio of Q to the tilt, point by point.",
    steps=(
        LAWS,
        NO_STUDENT_MASS,
        NO_TEACHER_MASS,
        TILT_IS_A_LAW,
        checked(
            "dv_tilt",
            r"$q_i\log\frac{q_i}{p_i}+q_i\log Z-q_ig_i=q_i\log\frac{q_i}{p_ie^{g_i}/Z}$ at every"
            r" point; since $\sum_iq_i=1$, $\mathrm{KL}(Q\|P)+\log E_Pe^g-E_Qg"
            r"=\mathrm{KL}(Q\|P_g)$, with both sides infinite where $\mathrm{KL}(Q\|P)$ is.",
            method="induction over the points, for any number of them",
            check=holds_by_induction,
            stated=_change_of_measure(_tilt),
            wrong={
                "tilted the other way": _change_of_measure(_p * sympy.exp(-_g) / _normaliser),
                "a tilt that is not divided by Z": _change_of_measure(_p * sympy.exp(_g)),
                "the divergence from P": _change_of_measure(_p),
            },
            uses=(
                "laws",
                "points_without_mass_under_q",
                "points_without_mass_under_p",
                "tilt_is_a_law",
            ),
        ),
    ),
)

_log_mgf = sympy.Symbol("Lambda", real=True)
_lost = sympy.Symbol("D", nonnegative=True)


def _mean_is_below(right: Any) -> Inequality:
    """The mean under Q, which is K + log Z less the divergence from the tilt, and a bound."""
    return Inequality(_divergence + _log_mgf - _lost, right, _lost)


DONSKER_VARADHAN = Proof(
    slug="distillation_divergence/donsker_varadhan",
    idea="What the change of measure loses is a divergence, and no divergence is negative.",
    steps=(
        LAWS,
        TILT_IS_A_LAW,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        checked(
            "donsker_varadhan",
            r"$E_Qg=\mathrm{KL}(Q\|P)+\log E_Pe^g-\mathrm{KL}(Q\|P_g)\le\mathrm{KL}(Q\|P)"
            r"+\log E_Pe^g$, by Gibbs' inequality for $Q$ and the tilt, two laws; where"
            r" $\mathrm{KL}(Q\|P)$ is infinite so is the right side, and nothing is to be shown.",
            method="the slack is the divergence from the tilt",
            check=at_most,
            stated=_mean_is_below(_divergence + _log_mgf),
            wrong={
                "without the divergence": _mean_is_below(_log_mgf),
                "without the log-mgf": _mean_is_below(_divergence),
                "half of the divergence": _mean_is_below(_divergence / 2 + _log_mgf),
            },
            uses=(
                "laws",
                "tilt_is_a_law",
                "gibbs_inequality",
                "distillation_divergence/dv_tilt",
            ),
        ),
    ),
)

# --- sub-Gaussian variables -----------------------------------------------------------------------

ell, mu, _x = sympy.symbols("l mu x", real=True)
variance_proxy = sympy.Symbol("s", nonnegative=True)
below_parabola = sympy.Symbol("b", nonnegative=True)
"""By how much a centred log-mgf lies below its parabola."""

SUB_GAUSSIAN = assumed(
    "sub-Gaussian",
    r"$\mu=EX$, $\psi(\ell)=\log Ee^{\ell(X-\mu)}\le\frac12\ell^2\sigma^2$ for all $\ell$.",
)

_plain, _centred = sympy.symbols("B C", real=True)


def _uncentred(factor: Any) -> Induction:
    """The mgf of X less a multiple of that of X - mu, over the atoms so far."""
    step = {
        _plain: _plain + _p * sympy.exp(ell * _x),
        _centred: _centred + _p * sympy.exp(ell * (_x - mu)),
    }
    return Induction(_plain - factor * _centred, dict.fromkeys((_plain, _centred), 0), step)


CENTRING = checked(
    "centring",
    r"$Ee^{\ell X}=e^{\ell\mu}Ee^{\ell(X-\mu)}$, so that $\log Ee^{\ell X}=\ell\mu+\psi(\ell)$.",
    method="induction over the atoms: the factor comes out of every term",
    check=holds_by_induction,
    stated=_uncentred(sympy.exp(ell * mu)),
    wrong={
        "the factor of the other sign": _uncentred(sympy.exp(-ell * mu)),
        "without the argument": _uncentred(sympy.exp(mu)),
    },
)


def _parabola(right: Any) -> Inequality:
    """The log-mgf of a sub-Gaussian variable, and a bound."""
    psi = ell**2 * variance_proxy / 2 - below_parabola
    return Inequality(ell * mu + psi, right, below_parabola)


SUBGAUSSIAN_MGF = Proof(
    slug="distillation_divergence/subgaussian_mgf",
    idea="Centring takes a factor out of the mgf, and an amount out of its logarithm.",
    steps=(
        SUB_GAUSSIAN,
        CENTRING,
        checked(
            "subgaussian_mgf",
            r"$\log Ee^{\ell X}=\ell\mu+\psi(\ell)\le\ell\mu+\frac12\ell^2\sigma^2$.",
            method="the slack is that of the assumption",
            check=at_most,
            stated=_parabola(ell * mu + ell**2 * variance_proxy / 2),
            wrong={
                "without the mean": _parabola(ell**2 * variance_proxy / 2),
                "linear in the argument": _parabola(ell * mu + ell * variance_proxy / 2),
                "a quarter in place of a half": _parabola(ell * mu + ell**2 * variance_proxy / 4),
            },
            uses=("sub-Gaussian", "centring"),
        ),
    ),
)
