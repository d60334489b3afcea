r"""Other bounds by change of measure: for the laws of the gap, for single examples, by variances.

The mean of the gap under a law depends on the law of the gap only, and what is merged loses a
divergence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.algebra_several import all_at_most
from proofs_check.common import CAUCHY_SCHWARZ, GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.common_pinsker import MERGING
from proofs_check.records import Proof, assumed, checked

WORLD = assumed(
    "world",
    r"$P$ and $Q$ are the laws of the teacher's $(D,f_T)$ and of the student's $(\hat D,f_S)$ on a"
    r" finite set; $h(D,f)=L_P(f)-L_D(f)$, $\mathrm{gen}_T=E_Ph$, $\mathrm{gen}_S=E_Qh$,"
    r" $K_n=\mathrm{KL}(Q\|P)$, infinite if $Q$ has mass where $P$ has none;"
    r" $\psi(\ell)=\log E_Pe^{\ell(h-\mathrm{gen}_T)}$.",
)

# --- the law of the gap ---------------------------------------------------------------------------

_of_student, _of_teacher = sympy.symbols("Q P", positive=True)
_within = sympy.Symbol("d", nonnegative=True)
_all, _merged = sympy.symbols("K K_h", real=True)


def _over_values(merged: Any, sign: int = 1) -> Induction:
    """K less K_h over the values so far, a value of masses Q and P adding this much to K_h."""
    whole = _of_student * sympy.log(_of_student / _of_teacher) + _of_student * _within
    step = {_all: _all + whole, _merged: _merged + merged}
    slack = _of_student * _within
    return Induction(sign * (_all - _merged), {_all: 0, _merged: 0}, step, slack)


_kept = _of_student * sympy.log(_of_student / _of_teacher)

DATA_PROCESSING = Proof(
    slug="distillation_divergence/data_processing",
    idea="Taking together the pairs of one gap loses the divergences within each group.",
    steps=(
        WORLD,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        MERGING,
        checked(
            "data_processing",
            r"$K_n-K_h=\sum_vQ(h=v)\,\mathrm{KL}\bigl(Q(\cdot|h=v)\,\|\,P(\cdot|h=v)\bigr)\ge0$,"
            r" the sum over the values of $h$ that occur under $Q$; if some of them have no mass"
            r" under $P$, or pairs within them have none, $K_n=\infty$ and nothing is to be shown.",
            method="induction over the values; the slack is the divergence within a group",
            check=nonnegative_by_induction,
            stated=_over_values(_kept),
            wrong={
                "the laws farther apart than the processes": _over_values(_kept, -1),
                "the teacher's laws from the student's": _over_values(
                    _of_teacher * sympy.log(_of_teacher / _of_student)
                ),
                "twice the divergence of the laws": _over_values(2 * _kept),
            },
            uses=("world", "merging_labels"),
        ),
    ),
)

_mass, _weight = sympy.symbols("M w", nonnegative=True)
_value, _sum = sympy.symbols("x S", real=True)


def _of_one_value(added: Any) -> Induction:
    """A value times the mass of its group, less a sum over the pairs in it so far."""
    step = {_mass: _mass + _weight, _sum: _sum + added}
    return Induction(_value * _mass - _sum, {_mass: 0, _sum: 0}, step)


IMAGE_LAW = checked(
    "means_by_the_law",
    r"$E\,\varphi(h)=\sum_v\varphi(v)\,\mathbb P(h=v)$ for every function $\varphi$ and every"
    r" variable $h$: the sum over the pairs with $h=v$, value by value.",
    method="induction over the pairs of one value, for any number of them",
    check=holds_by_induction,
    stated=_of_one_value(_weight * _value),
    wrong={
        "pairs not weighted": _of_one_value(_value),
        "the masses squared": _of_one_value(_weight**2 * _value),
    },
    uses=("world",),
)

_teacher, _psi, _divergence = sympy.symbols("T psi K", real=True)
_ell = sympy.Symbol("l", positive=True)
_lost, _less = sympy.symbols("a d", nonnegative=True)


student_gap = (_divergence + _ell * _teacher + _psi - _lost) / _ell
"""A gap under Q by the change of measure with $g = l h$, $a$ being what this loses."""
lost = _lost / _ell
"""The divergence from the tilt, over the argument."""


def chernoff_quotient(divergence: Any = _divergence, mean: Any = _teacher) -> Any:
    """Returns the Cramer-Chernoff bound at one argument."""
    return mean + (divergence + _psi) / _ell


def _pushed(bound: Any, of_processes: Any) -> Sequence[Inequality]:
    """The gap and its bound by K_h, and this bound and the one by a K that is larger by d."""
    wider = chernoff_quotient(of_processes)
    return [
        Inequality(student_gap, bound, lost),
        Inequality(chernoff_quotient(), wider, _less / _ell),
    ]


PUSHFORWARD = Proof(
    slug="distillation_divergence/pushforward",
    idea="Change the measure between the laws of the gap: the means are the same.",
    steps=(
        WORLD,
        IMAGE_LAW,
        checked(
            "pushforward",
            r"The mean of $h$ under its law $Q_h$ is $\mathrm{gen}_S$, and $E_{P_h}e^{\ell h}"
            r"=E_Pe^{\ell h}$, so that the change of measure from $P_h$ to $Q_h$ gives"
            r" $\mathrm{gen}_S\le\mathrm{gen}_T+\frac{K_h+\psi(\ell)}\ell$ for every $\ell>0$;"
            r" this is at most $\mathrm{gen}_T+\frac{K_n+\psi(\ell)}\ell$, as $K_h\le K_n$.",
            method="the slacks are the divergence from the tilt and K - K_h, over l",
            check=all_at_most,
            stated=_pushed(chernoff_quotient(), _divergence + _less),
            wrong={
                "without the divergence": _pushed(_teacher + _psi / _ell, _divergence + _less),
                "not divided by l": _pushed(_teacher + _divergence + _psi, _divergence + _less),
                "a gap whose law diverges more": _pushed(chernoff_quotient(), _divergence - _less),
            },
            uses=(
                "world",
                "means_by_the_law",
                "distillation_divergence/donsker_varadhan",
                "distillation_divergence/data_processing",
            ),
        ),
    ),
)

# --- single examples ------------------------------------------------------------------------------

PLACES = assumed(
    "places",
    r"$h_i=L_P(f)-\ell(f,z_i)$, $K_i$ is the divergence of the laws of $(z_i,f)$ under $Q$ and"
    r" $P$, $\mathrm{gen}_T^{(i)}=E_Ph_i$ and"
    r" $\psi_i(\ell)=\log E_Pe^{\ell(h_i-\mathrm{gen}_T^{(i)})}$.",
)

_count, _risk, _loss, _losses, _gaps, _bounds = sympy.symbols("n L x S H B", real=True)


def _mean_of_places(gap: Any) -> Induction:
    """The sum of the gaps of n places, and n times the risk less the sum of their losses."""
    step = {_count: _count + 1, _losses: _losses + _loss, _gaps: _gaps + gap}
    invariant = _gaps - (_count * _risk - _losses)
    return Induction(invariant, dict.fromkeys((_count, _losses, _gaps), 0), step)


def _over_places(bound: Any) -> Induction:
    """The sum of the bounds less that of the student's gaps, over the places so far."""
    step = {_bounds: _bounds + bound, _gaps: _gaps + student_gap}
    return Induction(_bounds - _gaps, {_bounds: 0, _gaps: 0}, step, lost)


_Rule = Callable[[int, int], int]


def _single_examples_finite(claim: tuple[_Rule, _Rule, set[Any]]) -> bool:
    """Whether these, and some, are the student's pairs that the teacher never has.

    And whether it has every pair of one example and a hypothesis. The data are two fair bits, of
    which teacher and student make a hypothesis by a rule each.
    """
    teacher_rule, student_rule, lost = claim
    data = [(first, second) for first in (0, 1) for second in (0, 1)]
    teacher = {(one, teacher_rule(*one)) for one in data}
    student = {(one, student_rule(*one)) for one in data}
    single = all(
        {(one[place], made) for one, made in student}
        <= {(one[place], made) for one, made in teacher}
        for place in (0, 1)
    )
    return bool(lost) and student - teacher == lost and single


def _first(first: int, second: int) -> int:
    return first


def _second(first: int, second: int) -> int:
    return second


def _parity(first: int, second: int) -> int:
    return first ^ second


INDIVIDUAL_SAMPLE = Proof(
    slug="distillation_divergence/individual_sample",
    idea="The gap is a mean over places, and each of them depends on one example and f only.",
    steps=(
        WORLD,
        PLACES,
        checked(
            "mean_over_places",
            r"$h=L_P(f)-\frac1n\sum_i\ell(f,z_i)=\frac1n\sum_ih_i$.",
            method="induction over the places",
            check=holds_by_induction,
            stated=_mean_of_places(_risk - _loss),
            wrong={
                "losses alone": _mean_of_places(_loss),
                "the other sign": _mean_of_places(_loss - _risk),
            },
            uses=("world", "places"),
        ),
        IMAGE_LAW,
        checked(
            "can_be_finite",
            r"$K_i$ can be finite where $K_n$ is not: of two fair bits let the teacher take the"
            r" parity and the student the first. Student's pairs $((0,1),0)$ and $((1,1),1)$ never"
            r" come from the teacher, but every pair of one bit and a hypothesis does.",
            method="the supports of the laws",
            check=_single_examples_finite,
            stated=(_parity, _first, {((0, 1), 0), ((1, 1), 1)}),
            wrong={
                "the same map": (_parity, _parity, set()),
                "a teacher that takes the second": (_second, _first, {((0, 1), 0), ((1, 0), 1)}),
                "a pair that the teacher has": (_parity, _first, {((0, 1), 0), ((1, 0), 1)}),
            },
            uses=("places",),
        ),
        checked(
            "individual_sample",
            r"For every place and every $\ell_i>0$, the change of measure between the laws of"
            r" $(z_i,f)$, of which $h_i$ is a function, gives $E_Qh_i\le\mathrm{gen}_T^{(i)}"
            r"+\frac{K_i+\psi_i(\ell_i)}{\ell_i}$, and the mean over places is $\mathrm{gen}_S\le"
            r"\frac1n\sum_i\bigl[\mathrm{gen}_T^{(i)}+\inf_\ell\frac{K_i+\psi_i(\ell)}\ell\bigr]$,"
            r" finite if every $K_i$ is.",
            method="induction over the places; each adds its divergence from the tilt, over l",
            check=nonnegative_by_induction,
            stated=_over_places(chernoff_quotient()),
            wrong={
                "without the divergence": _over_places(_teacher + _psi / _ell),
                "without the teacher's gap": _over_places((_divergence + _psi) / _ell),
                "not divided by l": _over_places(_teacher + _divergence + _psi),
            },
            uses=(
                "mean_over_places",
                "means_by_the_law",
                "can_be_finite",
                "distillation_divergence/donsker_varadhan",
            ),
        ),
    ),
)

# --- by variances ---------------------------------------------------------------------------------

_p = sympy.Symbol("p", positive=True)
_q = sympy.Symbol("q", nonnegative=True)
_h, _excess, _change, _covariance = sympy.symbols("h A G C", real=True)


def _over_pairs(added: Any) -> Induction:
    """The sum of (q - p)(h - m), less that of (q - p) h, m times that of q - p put back."""
    step = {
        _excess: _excess + _q - _p,
        _change: _change + (_q - _p) * _h,
        _covariance: _covariance + added,
    }
    invariant = _covariance - _change + _teacher * _excess
    return Induction(invariant, dict.fromkeys((_excess, _change, _covariance), 0), step)


def _factors(first: Any, second: Any) -> list[tuple[Any, Any]]:
    """Squares and product of two factors, and the terms of chi^2, the variance and the gaps."""
    return [
        (first**2, (_q - _p) ** 2 / _p),
        (second**2, _p * (_h - _teacher) ** 2),
        (first * second, (_q - _p) * (_h - _teacher)),
    ]


_chi, _variance, _pairs = sympy.symbols("X V D", nonnegative=True)


def _squared_below(bound: Any) -> Inequality:
    """The square of the change of the gap, by Lagrange's identity, and a bound."""
    return Inequality(_variance * _chi - _pairs, bound, _pairs)


CHI_SQUARE = Proof(
    slug="distillation_divergence/chi_square",
    idea="The two gaps differ by a covariance with the ratio of the laws.",
    steps=(
        WORLD,
        checked(
            "difference_is_a_covariance",
            r"$\sum_i(q_i-p_i)(h_i-\mathrm{gen}_T)=\mathrm{gen}_S-\mathrm{gen}_T$, since"
            r" $\sum_iq_i=\sum_ip_i=1$.",
            method="induction over the pairs, for any number of them",
            check=holds_by_induction,
            stated=_over_pairs((_q - _p) * (_h - _teacher)),
            wrong={
                "weights of the student alone": _over_pairs(_q * (_h - _teacher)),
                "the other sign": _over_pairs((_p - _q) * (_h - _teacher)),
            },
            uses=("world",),
        ),
        checked(
            "two_factors",
            r"With $a_i=\frac{q_i-p_i}{\sqrt{p_i}}$ and $b_i=\sqrt{p_i}(h_i-\mathrm{gen}_T)$,"
            r" $\sum_ia_i^2=\chi^2(Q\|P)$, $\sum_ib_i^2=\mathrm{Var}_P(h)$ and $a_ib_i$ are the"
            r" terms of the covariance; pairs without mass under both laws count zero.",
            method="expanding, term by term",
            check=all_equal,
            stated=_factors((_q - _p) / sympy.sqrt(_p), sympy.sqrt(_p) * (_h - _teacher)),
            wrong={
                "weights without roots": _factors((_q - _p) / _p, _p * (_h - _teacher)),
                "divided by the student's mass": _factors(
                    (_q - _p) / sympy.sqrt(_q), sympy.sqrt(_q) * (_h - _teacher)
                ),
            },
            uses=("world",),
        ),
        CAUCHY_SCHWARZ,
        checked(
            "chi_square",
            r"$(\mathrm{gen}_S-\mathrm{gen}_T)^2\le\mathrm{Var}_P(h)\,\chi^2(Q\|P)$, so that"
            r" $\mathrm{gen}_S\le\mathrm{gen}_T+\sqrt{\mathrm{Var}_P(h)\,\chi^2(Q\|P)}$; if $Q$ has"
            r" mass where $P$ has none, $\chi^2=\infty$, and the bound counts as infinite.",
            method="the slack is that of Lagrange's identity",
            check=at_most,
            stated=_squared_below(_variance * _chi),
            wrong={
                "without the variance": _squared_below(_chi),
                "half of chi-square": _squared_below(_variance * _chi / 2),
                "the standard deviation in place of the variance": _squared_below(
                    sympy.sqrt(_variance) * _chi
                ),
            },
            uses=("difference_is_a_covariance", "two_factors", "cauchy_schwarz"),
        ),
    ),
)
