r"""Proxies of the gap of a distillation loss: for any teacher, and for a student that is fixed.

A gap is a mean of bounded losses under the difference of two laws, the one that examples have and
the one of the sample.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.common_hoeffding import HOEFFDING_STEPS, MIXTURE
from proofs_check.distillation_divergence.two_laws import TWO_LAWS_STEPS
from proofs_check.records import Proof, assumed, checked

TEACHER = assumed(
    "teacher",
    r"$D=(z_1,\dots,z_n)$ is i.i.d. with masses $p_z$ on finitely many examples; the teacher has"
    r" logits $f(z)\in[-B,B]^L$ at every $z$, which depend on $D$ and on a seed, of finitely many,"
    r" in any way, and $\ell(f,z)$ is the distillation loss of $f(z)$ for the target of $z$, any"
    r" law on the labels; $h=L_P(f)-L_D(f)$, $x=2B/T$.",
)

_room, _other_room = sympy.symbols("e f", nonnegative=True)
_log_top, _log_bottom = sympy.symbols("a b", real=True)


def _apart(width: Any) -> Inequality:
    """The difference of two losses between the ends b and a, and a width."""
    first, second = _log_top - _room, _log_bottom + _other_room
    return Inequality(first - second, width, _room + _other_room)


WIDTH = checked(
    "width_of_the_losses",
    r"All losses lie in an interval of length $R=\log\bigl(1+(L-1)e^x\bigr)"
    r"-\log\bigl(1+(L-1)e^{-x}\bigr)$.",
    method="the slack is what both ends leave",
    check=at_most,
    stated=_apart(_log_top - _log_bottom),
    wrong={"half of the length": _apart((_log_top - _log_bottom) / 2)},
    uses=(
        "teacher",
        "distillation_divergence/distillation_loss_range",
        "distillation_divergence/distillation_loss_floor",
    ),
)

# --- any teacher ----------------------------------------------------------------------------------

_mass, _size = sympy.symbols("p n", positive=True)
_times = sympy.Symbol("c", nonnegative=True)
_loss, _risk, _empirical, _gap = sympy.symbols("x L S H", real=True)


def _over_examples(share: Any) -> Induction:
    """L_P less a sum of c losses over n, less that of (p - share) times the loss, so far."""
    step = {
        _risk: _risk + _mass * _loss,
        _empirical: _empirical + _times * _loss,
        _gap: _gap + (_mass - share) * _loss,
    }
    invariant = _risk - _empirical / _size - _gap
    return Induction(invariant, dict.fromkeys((_risk, _empirical, _gap), 0), step)


GAP_OF_TWO_LAWS = checked(
    "gap_as_a_difference_of_laws",
    r"$h=\sum_z(p_z-\hat p_z)\,\ell(f,z)$, where $\hat p_z$ is the share of $z$ in the sample, a"
    r" law.",
    method="induction over the examples: z comes c times in n",
    check=holds_by_induction,
    stated=_over_examples(_times / _size),
    wrong={
        "how often it comes, not divided": _over_examples(_times),
        "the share of the rest": _over_examples(1 - _times / _size),
    },
    uses=("teacher",),
)

_range, _least = sympy.symbols("R m", nonnegative=True)
_ell = sympy.Symbol("l", real=True)


def _exponent(length: Any) -> tuple[Any, Any]:
    """The exponent of Hoeffding's lemma for this length, and that of the proxy."""
    return _ell**2 * length**2 / 8, _ell**2 / 2 * _range**2 * (1 - _least) ** 2


GAP_PROXY = Proof(
    slug="distillation_divergence/distillation_gap_proxy",
    idea="The gap lies between plus and minus the range times one less the smallest mass.",
    steps=(
        TEACHER,
        WIDTH,
        GAP_OF_TWO_LAWS,
        *TWO_LAWS_STEPS,
        *HOEFFDING_STEPS,
        checked(
            "distillation_gap_proxy",
            r"$|h|\le R(1-\min_zp_z)$, whatever the data, the teacher and the seed: $h$ lies in an"
            r" interval of length $2R(1-\min_zp_z)$, so that $\log Ee^{\lambda(h-Eh)}"
            r"\le\frac{\lambda^2}8\bigl(2R(1-\min_zp_z)\bigr)^2=\frac12\lambda^2R^2"
            r"(1-\min_zp_z)^2$ for all $\lambda$.",
            method="expanding",
            check=equal,
            stated=_exponent(2 * _range * (1 - _least)),
            wrong={
                "the half length": _exponent(_range * (1 - _least)),
                "without the smallest mass": _exponent(2 * _range),
            },
            uses=("width_of_the_losses", "gap_as_a_difference_of_laws", "two_laws", "hoeffding"),
        ),
    ),
)

# --- a student that does not depend on the data ---------------------------------------------------

FIXED = assumed("fixed", r"$f$ is independent of $D$.")

_count, _log_mgf, _sum = sympy.symbols("j Lambda M", real=True)
_weight, _other_mass = sympy.symbols("w q", nonnegative=True)


def _centred_loss(weight: Any) -> Induction:
    """The sum of p (L - x) over examples, L times the mass that is missing put back."""
    step = {
        _count: _count + _mass,
        _risk: _risk + _mass * _loss,
        _gap: _gap + weight * (_sum - _loss),
    }
    invariant = _gap - _sum * _count + _risk
    return Induction(invariant, dict.fromkeys((_count, _risk, _gap), 0), step)


MEAN_ZERO = checked(
    "mean_zero",
    r"Given $f$, $E\bigl[L_P(f)-\ell(f,z_i)\bigr]=L_P(f)\sum_zp_z-\sum_zp_z\ell(f,z)=0$.",
    method="induction over the examples",
    check=holds_by_induction,
    stated=_centred_loss(_mass),
    wrong={"examples of another law": _centred_loss(_other_mass)},
    uses=("teacher", "fixed"),
)

_joint, _others_mgf = sympy.symbols("J G", real=True)


def _independent(weight: Any) -> Induction:
    """The mgf of a sum of two terms, less the product, over the values of the first so far."""
    term = sympy.exp(_ell * _loss)
    step = {
        _joint: _joint + weight * term * _sum,
        _others_mgf: _others_mgf + _mass * term,
    }
    return Induction(_joint - _others_mgf * _sum, {_joint: 0, _others_mgf: 0}, step)


INDEPENDENT = checked(
    "mgf_of_a_sum",
    r"Given $f$, the terms of $h=\frac1n\sum_i\bigl(L_P(f)-\ell(f,z_i)\bigr)$ are independent, and"
    r" the mgf of a sum of independent terms is the product of theirs.",
    method="induction over the values of one more term, with the mgf of the others as a factor",
    check=holds_by_induction,
    stated=_independent(_mass),
    wrong={"an example whose law depends on the others": _independent(_other_mass)},
    uses=("teacher", "fixed"),
)

_one = _ell**2 * (_range / _size) ** 2 / 8


def _adding_up(stated: Any) -> Induction:
    """An exponent times j, less the log-mgf of j terms, each of which leaves a room e."""
    step = {_count: _count + 1, _log_mgf: _log_mgf + _one - _room}
    return Induction(_count * stated - _log_mgf, {_count: 0, _log_mgf: 0}, step, _room)


ADDING_UP = checked(
    "adding_up",
    r"Given $f$, $\log E[e^{\lambda h}|f]\le n\cdot\frac{\lambda^2}8\bigl(\frac Rn\bigr)^2$:"
    r" Hoeffding's lemma for every term $\frac1n\bigl(L_P(f)-\ell(f,z_i)\bigr)$, which has mean"
    r" zero and lies in an interval of length $\frac Rn$.",
    method="induction over the terms, for every n",
    check=nonnegative_by_induction,
    stated=_adding_up(_one),
    wrong={"half of every exponent": _adding_up(_one / 2)},
    uses=("width_of_the_losses", "mean_zero", "mgf_of_a_sum", "hoeffding"),
)


def _whole(proxy: Any) -> tuple[Any, Any]:
    """The sum of n exponents, and the exponent of a proxy."""
    return _size * _one, _ell**2 / 2 * proxy


GAP_PROXY_FIXED = Proof(
    slug="distillation_divergence/distillation_gap_proxy_fixed",
    idea="For a fixed student the gap is a mean of independent terms, each in an interval.",
    steps=(
        TEACHER,
        FIXED,
        WIDTH,
        MEAN_ZERO,
        INDEPENDENT,
        *HOEFFDING_STEPS,
        ADDING_UP,
        MIXTURE,
        checked(
            "distillation_gap_proxy_fixed",
            r"$n\cdot\frac{\lambda^2}8\bigl(\frac Rn\bigr)^2=\frac{\lambda^2}2\cdot\frac{R^2}{4n}$,"
            r" and as $E[h|f]=0$ for every $f$, $\log Ee^{\lambda h}$ has the same bound if $f$ is"
            r" random.",
            method="expanding, for every n",
            check=equal,
            stated=_whole(_range**2 / (4 * _size)),
            wrong={
                "R^2/n: the whole length squared": _whole(_range**2 / _size),
                "R^2/4: one term alone": _whole(_range**2 / 4),
                "R^2/(4 n^2)": _whole(_range**2 / (4 * _size**2)),
            },
            uses=("fixed", "mean_zero", "adding_up", "one_more_factor"),
        ),
    ),
)
