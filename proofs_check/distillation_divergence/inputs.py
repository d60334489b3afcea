r"""Students that see inputs of the teacher's law: the change of measure given the inputs.

The divergence is the mean of the divergences given the inputs, so that one may bound given every
input, with an argument for each or one for all, and take the mean.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.distillation_divergence.comparison import (
    WORLD,
    chernoff_quotient,
    lost,
    student_gap,
)
from proofs_check.records import Proof, assumed, checked

INPUTS = assumed(
    "inputs",
    r"$X$ is the part of the data that is the inputs, and $Q_X=P_X$, with masses $w_x$. Given"
    r" $X=x$, $K(x)=\mathrm{KL}(Q(\cdot|x)\,\|\,P(\cdot|x))$, $\Lambda_x(\ell)"
    r"=\log E_P[e^{\ell h}|x]$ and $\psi_x(\ell)=\Lambda_x(\ell)-\ell E_P[h|x]$; inputs without"
    r" mass count zero.",
)

_w, _other_w = sympy.symbols("w v", positive=True)
_p, _q = sympy.symbols("p q", positive=True)
_joint, _given = sympy.symbols("J G", real=True)


def _given_input(student_weight: Any) -> Induction:
    """An input's part of the divergence, less its weight times the divergence given it."""
    student = student_weight * _q
    step = {
        _joint: _joint + student * sympy.log(student / (_w * _p)),
        _given: _given + _q * sympy.log(_q / _p),
    }
    return Induction(_joint - student_weight * _given, {_joint: 0, _given: 0}, step)


DIVERGENCE_GIVEN_INPUTS = checked(
    "divergence_given_the_inputs",
    r"$K_n=\sum_xw_xK(x)$: the weight of an input, the same for both, leaves the ratio of the laws,"
    r" and comes out of the sum over the pairs with that input.",
    method="induction over the pairs with one input; the sum over the inputs is linear",
    check=holds_by_induction,
    stated=_given_input(_w),
    wrong={"inputs of another law": _given_input(_other_w)},
    uses=("world", "inputs"),
)

# --- one argument for all inputs ------------------------------------------------------------------

_divergence, _log_mgf, _gap, _bound = sympy.symbols("K Lambda G B", real=True)
_k, _log, _mean, _psi = sympy.symbols("k lambda m psi", real=True)
_ell = sympy.Symbol("l", positive=True)
_lost, _room = sympy.symbols("a e", nonnegative=True)


_given_gap = (_k + _log - _lost) / _ell


def _given_below(bound: Any) -> Inequality:
    """The student's gap given an input, a being what the change of measure loses, and a bound."""
    return Inequality(_given_gap, bound, _lost / _ell)


GIVEN_ONE_INPUT = checked(
    "given_one_input",
    r"$E_Q[h|x]\le\frac{K(x)+\Lambda_x(\ell)}\ell$ for every $\ell>0$: the change of measure"
    r" between the laws given $x$, with $g=\ell h$, divided by $\ell$.",
    method="the slack is the divergence from the tilt, over l",
    check=at_most,
    stated=_given_below((_k + _log) / _ell),
    wrong={
        "without the divergence": _given_below(_log / _ell),
        "the log-mgf not divided": _given_below(_k / _ell + _log),
    },
    uses=("inputs", "distillation_divergence/donsker_varadhan"),
)


def _over_inputs(student_weight: Any) -> Induction:
    """K + E Lambda - l gen_S over the inputs so far, with the student's weights of them."""
    step = {
        _divergence: _divergence + _w * _k,
        _log_mgf: _log_mgf + _w * _log,
        _gap: _gap + student_weight * _given_gap,
    }
    invariant = _divergence + _log_mgf - _ell * _gap
    start = dict.fromkeys((_divergence, _log_mgf, _gap), 0)
    return Induction(invariant, start, step, _w * _lost)


SHARED_INPUTS = Proof(
    slug="distillation_divergence/shared_inputs",
    idea="Change the measure given the inputs, and take the mean over them.",
    steps=(
        WORLD,
        INPUTS,
        DIVERGENCE_GIVEN_INPUTS,
        GIVEN_ONE_INPUT,
        checked(
            "shared_inputs",
            r"$\ell\,\mathrm{gen}_S=\ell\sum_xw_xE_Q[h|x]\le\sum_xw_x\bigl(K(x)+\Lambda_x(\ell)"
            r"\bigr)=K_n+E_X\Lambda_X(\ell)$ for every $\ell>0$, hence for the infimum of the"
            r" quotients.",
            method="induction over the inputs, for any number of them",
            check=nonnegative_by_induction,
            stated=_over_inputs(_w),
            wrong={"a student that sees inputs of another law": _over_inputs(_other_w)},
            uses=("world", "inputs", "divergence_given_the_inputs", "given_one_input"),
        ),
    ),
)

# --- an argument for every input ------------------------------------------------------------------


def _quotients_over_inputs(quotient: Any) -> Induction:
    """The mean of the bounds given the inputs, less the student's gap, over the inputs so far."""
    step = {_bound: _bound + _w * quotient, _gap: _gap + _w * student_gap}
    return Induction(_bound - _gap, {_bound: 0, _gap: 0}, step, _w * lost)


DISINTEGRATED = Proof(
    slug="distillation_divergence/disintegrated",
    idea="Take the Cramer-Chernoff bound given every input, and the mean over them.",
    steps=(
        WORLD,
        INPUTS,
        checked(
            "disintegrated",
            r"$\mathrm{gen}_S=\sum_xw_xE_Q[h|x]\le\sum_xw_x\bigl(E_P[h|x]"
            r"+\frac{K(x)+\psi_x(\ell_x)}{\ell_x}\bigr)$ for any $\ell_x>0$: change of measure"
            r" between the laws given $x$. Hence $\mathrm{gen}_S\le E_X\bigl[E_P[h|X]"
            r"+\inf_\ell\frac{K(X)+\psi_X(\ell)}\ell\bigr]$; where some $K(x)$ is infinite, so is"
            r" the bound.",
            method="induction over the inputs; each adds its divergence from the tilt, over l",
            check=nonnegative_by_induction,
            stated=_quotients_over_inputs(chernoff_quotient()),
            wrong={
                "without the mean given the input": _quotients_over_inputs(
                    chernoff_quotient(mean=0)
                ),
                "without the divergence": _quotients_over_inputs(chernoff_quotient(0)),
            },
            uses=("world", "inputs", "distillation_divergence/donsker_varadhan"),
        ),
    ),
)


def _infima_below(log_mgf: Any) -> Induction:
    """The bound with one argument, less the mean of bounds that are e below those at it."""
    at_argument = _mean + (_k + _psi) / _ell
    step = {
        _divergence: _divergence + _w * _k,
        _log_mgf: _log_mgf + _w * log_mgf,
        _bound: _bound + _w * (at_argument - _room),
    }
    invariant = (_divergence + _log_mgf) / _ell - _bound
    start = dict.fromkeys((_divergence, _log_mgf, _bound), 0)
    return Induction(invariant, start, step, _w * _room)


DISINTEGRATED_BELOW_SHARED = Proof(
    slug="distillation_divergence/disintegrated_below_shared",
    idea="A mean of infima is at most the infimum of the means.",
    steps=(
        WORLD,
        INPUTS,
        DIVERGENCE_GIVEN_INPUTS,
        checked(
            "disintegrated_below_shared",
            r"For every $\ell>0$, $\sum_xw_x\bigl(E_P[h|x]+\inf_\lambda\frac{K(x)+\psi_x(\lambda)}"
            r"\lambda\bigr)\le\sum_xw_x\bigl(E_P[h|x]+\frac{K(x)+\psi_x(\ell)}\ell\bigr)"
            r"=\frac{K_n+E_X\Lambda_X(\ell)}\ell$, since $\Lambda_x(\ell)=\ell E_P[h|x]"
            r"+\psi_x(\ell)$; hence for the infimum on the right, and if some $K(x)$ is infinite,"
            r" both are.",
            method="induction over the inputs; each adds what its infimum gains",
            check=nonnegative_by_induction,
            stated=_infima_below(_ell * _mean + _psi),
            wrong={
                "the centred log-mgf on the right": _infima_below(_psi),
                "the mean not times the argument": _infima_below(_mean + _psi),
            },
            uses=("world", "inputs", "divergence_given_the_inputs"),
        ),
    ),
)

# --- and neither ----------------------------------------------------------------------------------

_mgf, _total = sympy.symbols("z Z", positive=True)
_signed = sympy.Symbol("s", real=True)
_sum, _mass, _logs = sympy.symbols("S W L", real=True)


def _jensen(weight: Any, tangent: Any) -> Induction:
    """The sum of w z over Z, less that of w, less that of w log(z / Z), e below the tangent."""
    step = {
        _sum: _sum + weight * _mgf,
        _mass: _mass + weight,
        _logs: _logs + weight * (tangent - _room),
    }
    invariant = _sum / _total - _mass - _logs
    return Induction(invariant, dict.fromkeys((_sum, _mass, _logs), 0), step, weight * _room)


_tangent = _mgf / _total - 1

JENSEN_FOR_LOGARITHMS = checked(
    "jensen_for_logarithms",
    r"$\sum_xw_x\log z_x\le\log Z$ with $Z=\sum_xw_xz_x$, for $z>0$ and weights $w\ge0$ of sum one:"
    r" $\sum_xw_x\log\frac{z_x}Z\le\sum_xw_x\bigl(\frac{z_x}Z-1\bigr)=0$.",
    method="induction over the values; each adds what the tangent leaves",
    check=nonnegative_by_induction,
    stated=_jensen(_w, _tangent),
    wrong={
        "weights of either sign": _jensen(_signed, _tangent),
        "the tangent without its constant": _jensen(_w, _mgf / _total),
    },
    uses=("logarithm_below_tangent",),
)


def _tower(weight: Any) -> Induction:
    """An input's part of E e^(l h), less its weight times the mean given it."""
    term = sympy.exp(_ell * _mean)
    step = {_joint: _joint + weight * _p * term, _given: _given + _p * term}
    return Induction(_joint - _w * _given, {_joint: 0, _given: 0}, step)


def _jensen_in_bound(chernoff: Any) -> Inequality:
    """The bound with one argument for all inputs, and the one without, Jensen's gap being e."""
    shared = (_k + (_ell * _mean + _psi) - _room) / _ell
    return Inequality(shared, chernoff, _room / _ell)


SHARED_BELOW_CHERNOFF = Proof(
    slug="distillation_divergence/shared_below_chernoff",
    idea="The mean of logarithms is at most the logarithm of the mean.",
    steps=(
        WORLD,
        INPUTS,
        LOGARITHM_BELOW_TANGENT,
        JENSEN_FOR_LOGARITHMS,
        checked(
            "mean_over_inputs",
            r"$E_Pe^{\ell h}=\sum_xw_xE_P[e^{\ell h}|x]$.",
            method="induction over the pairs with one input; the sum over the inputs is linear",
            check=holds_by_induction,
            stated=_tower(_w),
            wrong={"inputs of another law": _tower(_other_w)},
            uses=("world", "inputs"),
        ),
        checked(
            "shared_below_chernoff",
            r"$\frac{K_n+E_X\Lambda_X(\ell)}\ell\le\frac{K_n+\log E_Pe^{\ell h}}\ell"
            r"=\mathrm{gen}_T+\frac{K_n+\psi(\ell)}\ell$ for every $\ell>0$, hence for the infima;"
            r" where $K_n=\infty$ both are infinite.",
            method="the slack is Jensen's, over l",
            check=at_most,
            stated=_jensen_in_bound(_mean + (_k + _psi) / _ell),
            wrong={
                "without the teacher's gap": _jensen_in_bound((_k + _psi) / _ell),
                "not divided by l": _jensen_in_bound(_mean + _k + _psi),
            },
            uses=("world", "jensen_for_logarithms", "mean_over_inputs"),
        ),
    ),
)
