r"""Distillation losses with bounded logits: their range, and their slope in the logits.

The loss of one label is the logarithm of a sum of exponentials of differences of logits; a slope is
a mean of a bounded function under the difference of two laws.
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
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.algebra_several import all_at_most
from proofs_check.distillation_divergence.two_laws import TWO_LAWS, TWO_LAWS_STEPS
from proofs_check.records import Proof, assumed, checked

STUDENT = assumed(
    "student",
    r"$f\in[-B,B]^L$, $T>0$, $x=2B/T$, $\sigma_k(f/T)=e^{f_k/T}/\sum_je^{f_j/T}$, and"
    r" $q\ge0$ is a target with $\sum_kq_k=1$; the loss is"
    r" $\ell(f,q)=-\sum_kq_k\log\sigma_k(f/T)$.",
)

_bound, _temperature = sympy.symbols("B T", positive=True)
_to_top, _to_bottom, _room, _weight = sympy.symbols("u v e q", nonnegative=True)
_signed_weight = sympy.Symbol("s", real=True)
_logit, _label_logit = sympy.symbols("f_j f_k", real=True)
_sum, _count, _total, _mass = sympy.symbols("S j Z W", real=True)

# --- the range ------------------------------------------------------------------------------------


def _shifted(term: Any) -> Induction:
    """The sum of e^(f_j / T) times e^(-f_k / T), less a sum over the labels so far."""
    step = {_total: _total + sympy.exp(_logit / _temperature), _sum: _sum + term}
    invariant = _total * sympy.exp(-_label_logit / _temperature) - _sum
    return Induction(invariant, {_total: 0, _sum: 0}, step)


ONE_LABEL = checked(
    "loss_of_one_label",
    r"$-\log\sigma_k(f/T)=\log\frac{\sum_je^{f_j/T}}{e^{f_k/T}}"
    r"=\log\bigl(1+\sum_{j\ne k}e^{(f_j-f_k)/T}\bigr)$.",
    method="induction over the labels: the label's own term is one",
    check=holds_by_induction,
    stated=_shifted(sympy.exp((_logit - _label_logit) / _temperature)),
    wrong={
        "the other sign": _shifted(sympy.exp((_label_logit - _logit) / _temperature)),
        "without the temperature": _shifted(sympy.exp(_logit - _label_logit)),
    },
    uses=("student",),
)


def _differences(sign: int, spread: Any) -> Inequality:
    """A difference of logits over T, u and v from the ends where it is extreme, and a bound."""
    largest = ((_bound - _to_top) - (-_bound + _to_bottom)) / _temperature
    slack = (_to_top + _to_bottom) / _temperature
    if sign > 0:
        return Inequality(largest, spread, slack)
    return Inequality(-spread, -largest, slack)


def _exponentials(sign: int, count: Any) -> Induction:
    """A count of bounds of exponentials less their sum, or the reverse, each e from its bound."""
    exponential = sympy.Symbol("E", positive=True)
    step = {_count: _count + 1, _sum: _sum + exponential - sign * _room}
    return Induction(sign * (count * exponential - _sum), {_count: 0, _sum: 0}, step, _room)


def _targets(sign: int, weight: Any = _weight, share: Any = 1) -> Induction:
    """A share of a bound times the mass of labels less their loss so far, or the reverse."""
    bound = sympy.Symbol("R", positive=True)
    step = {_mass: _mass + weight, _sum: _sum + weight * (bound - sign * _room)}
    invariant = sign * (share * bound * _mass - _sum)
    return Induction(invariant, {_mass: 0, _sum: 0}, step, weight * _room)


def _range(name: str, idea: str, sign: int) -> Proof:
    """The proof of one end of the range: the upper one if the sign is 1, the lower one if -1."""
    relation, exponent, spread = (r"\le", "x", "2B") if sign > 0 else (r"\ge", "-x", "-2B")
    miscounted = "L - 2 of them" if sign > 0 else "L of them"
    missed, share = ("half of it", sympy.Rational(1, 2)) if sign > 0 else ("twice as much", 2)
    return Proof(
        slug=f"distillation_divergence/{name}",
        idea=idea,
        steps=(
            STUDENT,
            ONE_LABEL,
            checked(
                "differences_of_logits",
                rf"$\frac{{f_j-f_k}}T{relation}\frac{{{spread}}}T={exponent}$, and exponentials"
                r" increase.",
                method="with the logits u and v from the ends, the slack is (u + v) / T",
                check=at_most,
                stated=_differences(sign, 2 * _bound / _temperature),
                wrong={
                    "B in place of 2 B": _differences(sign, _bound / _temperature),
                    "without the temperature": _differences(sign, 2 * _bound),
                },
                uses=("student",),
            ),
            checked(
                "sum_of_exponentials",
                rf"$\sum_{{j\ne k}}e^{{(f_j-f_k)/T}}{relation}(L-1)e^{{{exponent}}}$.",
                method="induction over the other labels, for any number of them",
                check=nonnegative_by_induction,
                stated=_exponentials(sign, _count),
                wrong={miscounted: _exponentials(sign, _count - sign)},
                uses=("differences_of_logits",),
            ),
            checked(
                name,
                rf"$\ell(f,q)=\sum_kq_k(-\log\sigma_k(f/T)){relation}"
                rf"\log\bigl(1+(L-1)e^{{{exponent}}}\bigr)$, a mean of losses of one label, each"
                r" the logarithm, which increases, of one plus the sum.",
                method="induction over the labels, for any number of them",
                check=nonnegative_by_induction,
                stated=_targets(sign),
                wrong={
                    "weights of either sign": _targets(sign, _signed_weight),
                    missed: _targets(sign, share=share),
                },
                uses=("student", "loss_of_one_label", "sum_of_exponentials"),
            ),
        ),
    )


LOSS_RANGE = _range(
    "distillation_loss_range",
    "The loss is largest where the label has the smallest logit and the others the largest.",
    1,
)
LOSS_FLOOR = _range(
    "distillation_loss_floor",
    "The loss is smallest where the label has the largest logit and the others the smallest.",
    -1,
)

# --- the slope ------------------------------------------------------------------------------------

PAIR = assumed(
    "pair",
    r"$f,f'\in[-B,B]^L$, $\delta=f-f'$, $g_s=f'+s\delta$ for $0\le s\le1$, and $p=\sigma(g_s/T)$.",
)

_above, _below = sympy.symbols("a b", nonnegative=True)


def _along(of_first: Any, of_second: Any) -> Sequence[Inequality]:
    """A logit on the way, where first and second are u, v below B and a, b above -B, and B, -B."""
    ups = of_first * (_bound - _to_top) + of_second * (_bound - _to_bottom)
    downs = of_first * (-_bound + _above) + of_second * (-_bound + _below)
    return [
        Inequality(ups, _bound, of_first * _to_top + of_second * _to_bottom),
        Inequality(-_bound, downs, of_first * _above + of_second * _below),
    ]


_odds = sympy.Symbol("c", nonnegative=True)

IN_THE_BOX = checked(
    "logits_on_the_way",
    r"$g_s=(1-s)f'+sf\in[-B,B]^L$.",
    method="the slacks are means of the distances from the ends, in the odds s/(1-s)",
    check=all_at_most,
    stated=_along(_odds / (1 + _odds), 1 / (1 + _odds)),
    wrong={
        "the sum of both": _along(sympy.Integer(1), sympy.Integer(1)),
        "beyond the ends": _along(1 + _odds, -_odds),
    },
    uses=("student", "pair"),
)

_rest = sympy.Symbol("N", positive=True)
_target = sympy.Symbol("q", real=True)
_own = sympy.exp(_logit / _temperature)


def _gradient(loss: Any) -> list[tuple[Any, Any]]:
    """The derivative of the loss in one logit, and (p - q) / T."""
    return [(sympy.diff(loss, _logit), (_own / (_rest + _own) - _target) / _temperature)]


_loss = sympy.log(_rest + _own) - _target * _logit / _temperature

GRADIENT = checked(
    "gradient",
    r"$\frac{\partial\ell}{\partial f_j}=\frac{p_j-q_j}T$, since $\ell(f,q)"
    r"=\log\sum_ke^{f_k/T}-\sum_kq_k\frac{f_k}T$; hence $\frac d{ds}\ell(g_s,q)"
    r"=\frac1T\sum_k(p_k-q_k)\delta_k$.",
    method="differentiating in one logit, the exponentials of the others adding up to N",
    check=all_equal,
    stated=_gradient(_loss),
    wrong={
        "without the temperature": _gradient(_loss.subs(_temperature, 1)),
        "the target of the other sign": _gradient(_loss + 2 * _target * _logit / _temperature),
    },
    uses=("student", "pair"),
)

_others = sympy.Symbol("M", nonnegative=True)
_large = sympy.Symbol("E", positive=True)


def _largest_share(smallest: Any) -> tuple[Any, Any]:
    """One less the smallest class probability, and the slope; M other labels, E = e^x."""
    return 1 - smallest, _others / (_others + 1 / _large)


SMALLEST_PROBABILITY = checked(
    "smallest_probability",
    r"$p_k=e^{-(-\log p_k)}\ge\frac1{1+(L-1)e^x}$, by the range of the loss for the target $e_k$,"
    r" and $1-\frac1{1+(L-1)e^x}=\frac{L-1}{L-1+e^{-x}}$.",
    method="cancelling",
    check=equal,
    stated=_largest_share(1 / (1 + _others * _large)),
    wrong={
        "the largest probability": _largest_share(1 / (1 + _others / _large)),
        "L in place of L - 1": _largest_share(1 / (1 + (_others + 1) * _large)),
    },
    uses=("logits_on_the_way", "distillation_divergence/distillation_loss_range"),
)

_slope, _spread = sympy.symbols("Gamma D", nonnegative=True)


def _change(bound: Any) -> Inequality:
    """The change of the loss, a value of its slope on the way, and a bound.

    The sum under both laws is e below (1 - min p) times the spread, and this u below its bound.
    """
    sum_of_both = _slope * _spread - _room - _to_top
    return Inequality(sum_of_both / _temperature, bound, (_room + _to_top) / _temperature)


LOSS_SLOPE = Proof(
    slug="distillation_divergence/distillation_loss_slope",
    idea="The gradient is a difference of two laws over T, and the student's has no small mass.",
    steps=(
        STUDENT,
        PAIR,
        IN_THE_BOX,
        GRADIENT,
        *TWO_LAWS_STEPS,
        SMALLEST_PROBABILITY,
        checked(
            "distillation_loss_slope",
            r"With $a_k=\delta_k-\min_j\delta_j\in[0,\Delta]$, $\Delta=\max_k\delta_k"
            r"-\min_k\delta_k$, $\frac d{ds}\ell(g_s,q)=\frac1T\sum_k(p_k-q_k)a_k\le\frac1T"
            r"(1-\min_kp_k)\Delta\le\frac1T\,\frac{L-1}{L-1+e^{-x}}\Delta$, and so is"
            r" $\ell(f,q)-\ell(f',q)$, a mean of it over $s$; with $f$ and $f'$ exchanged,"
            r" $\Delta$ is the same.",
            method="adding up what both inequalities leave",
            check=at_most,
            stated=_change(_slope * _spread / _temperature),
            wrong={
                "without the temperature": _change(_slope * _spread),
                "half of the spread": _change(_slope * _spread / (2 * _temperature)),
                "the slope squared": _change(_slope**2 * _spread / _temperature),
            },
            uses=(
                "student",
                "pair",
                "gradient",
                TWO_LAWS.name,
                "smallest_probability",
            ),
        ),
    ),
)
