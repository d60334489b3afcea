r"""Temperature for a teacher whose logits are a multiple of the right ones.

Its answer is a power of the Bayes probabilities. The divergence is convex in the power, with its
minimum at 1.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, all_equal, at_most, equal
from proofs_check.common import PAIRWISE_FORM
from proofs_check.common_calculus import MEAN_VALUE
from proofs_check.proper_losses.temperature import spread, temperature, variance_of
from proofs_check.records import Proof, assumed, checked

confidence = sympy.Symbol("k", positive=True)
beta = sympy.Symbol("beta", positive=True)
_p = sympy.Symbol("p", positive=True)
_A = sympy.Symbol("A", positive=True)
_log_sum, _square_sum, _constant, _entropy = sympy.symbols("B C c h", real=True)

MULTIPLE = assumed(
    "multiple of the right logits",
    r"$p^*(x)$ has no zeros, the teacher's logits are $k\log p^*_j(x)$ plus any constant, $k>0$,"
    r" and $p_T=\mathrm{softmax}(k\log p^*/T)$ with $T>0$; $\beta=\frac kT$.",
)


def _power_of_bayes(exponent: Any) -> tuple[Any, Any]:
    """A label's share of the softmax; A is the sum of the powers."""
    score = (confidence * sympy.log(_p) + _constant) / temperature
    numerator = sympy.exp(sympy.expand(score))
    partition = sympy.exp(_constant / temperature) * _A
    return sympy.powsimp(numerator / partition), _p**exponent / _A


TEMPERED_POWER = checked(
    "tempered_power",
    r"$p_{T,j}=(p^*_j)^\beta/A$ with $A=\sum_j(p^*_j)^\beta$; a constant in the logits cancels.",
    method="simplifying powers",
    check=equal,
    stated=_power_of_bayes(confidence / temperature),
    wrong={
        "the power kT": _power_of_bayes(confidence * temperature),
        "the power T/k": _power_of_bayes(temperature / confidence),
    },
    uses=("multiple of the right logits",),
)


def _divergence_term(coefficient: Any) -> tuple[Any, Any]:
    """A label's share of the divergence, and of a multiple of the entropy plus log A."""
    divergence = _p * sympy.log(_p / (_p**beta / _A))
    return divergence, coefficient * (-_p * sympy.log(_p)) + _p * sympy.log(_A)


DIVERGENCE_OF_POWER = checked(
    "divergence_of_power",
    r"$\mathrm{KL}(p^*\,\|\,p_T)=\sum_jp^*_j\bigl(\log p^*_j-\beta\log p^*_j+\log A\bigr)=(\beta-1)"
    r"H(p^*)+\log\sum_j(p^*_j)^\beta$.",
    method="expanding logarithms, term by term; the weights of log A add up to 1",
    check=equal,
    stated=_divergence_term(beta - 1),
    wrong={
        "1 - beta": _divergence_term(1 - beta),
        "beta": _divergence_term(beta),
    },
    uses=("tempered_power",),
)


def _at(right: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The factor of the entropy, and a label's share of A, at this temperature."""
    exponent = confidence / right
    return (exponent - 1, 0), (_p**exponent, _p)


TEMPERATURE_EXACT = Proof(
    slug="proper_losses/temperature_exact",
    idea="Such a teacher's answer is a power of the right one, normalised; at T = k it is the"
    " first.",
    steps=(
        MULTIPLE,
        TEMPERED_POWER,
        DIVERGENCE_OF_POWER,
        checked(
            "temperature_exact",
            r"$\mathbb E_x\mathrm{KL}(p^*\,\|\,p_T)=\mathbb E_x\bigl[(\beta-1)H(p^*)+\log\sum_j"
            r"(p^*_j)^\beta\bigr]$, input by input. At $T=k$ it is $\beta=1$ and $A=\sum_j"
            r"p^*_j=1$, so that $0\cdot H+\log1=0$ is left.",
            method="substituting T = k into both terms",
            check=all_equal,
            stated=_at(confidence),
            wrong={"T = 1": _at(sympy.Integer(1)), "T = 1/k": _at(1 / confidence)},
            uses=("divergence_of_power",),
        ),
    ),
)


def _first_and_second(claim: tuple[Any, Any]) -> bool:
    """Whether the divergence has these first two derivatives in beta.

    A, B, C are the sums of p^beta times powers 0, 1, 2 of log p; B is the derivative of A.
    """
    terms = [_p**beta * sympy.log(_p) ** power for power in range(3)]
    if not all_equal((sympy.diff(terms[j], beta), terms[j + 1]) for j in range(2)):
        return False
    partition, logs = (sympy.Function(name)(beta) for name in ("A", "B"))
    divergence = (beta - 1) * _entropy + sympy.log(partition)
    first = sympy.diff(divergence, beta).subs(sympy.diff(partition, beta), logs)
    slopes = {sympy.diff(partition, beta): logs, sympy.diff(logs, beta): _square_sum}
    second = sympy.diff(first, beta).subs(slopes)
    values = {partition: _A, logs: _log_sum}
    return all_equal(zip((first.subs(values), second.subs(values)), claim, strict=True))


CURVATURE = checked(
    "curvature",
    r"$F(\beta)=(\beta-1)H(p^*)+\log A$ has $F'=H(p^*)+\frac BA$ and $F''=\frac CA-\frac{B^2}{A^2}$"
    r" with $B=\sum_j(p^*_j)^\beta\log p^*_j$, $C=\sum_j(p^*_j)^\beta\log^2p^*_j$: $F''$ is the"
    r" variance of $\log p^*$ under $p_T$.",
    method="differentiating term by term, and the chain rule",
    check=_first_and_second,
    stated=(_entropy + _log_sum / _A, _square_sum / _A - (_log_sum / _A) ** 2),
    wrong={
        "the mean square": (_entropy + _log_sum / _A, _square_sum / _A),
        "the entropy subtracted": (
            -_entropy + _log_sum / _A,
            _square_sum / _A - (_log_sum / _A) ** 2,
        ),
    },
    uses=("proper_losses/temperature_exact",),
)


def _slope_at(exponent: Any) -> tuple[Any, Any]:
    """A label's share of F', A times, at this exponent, where the entropy is - sum p log p."""
    return -_p * sympy.log(_p) + _p**exponent * sympy.log(_p), 0


STATIONARY = checked(
    "stationary",
    r"$F'(1)=H(p^*)+\sum_jp^*_j\log p^*_j=0$, with $A=1$ at $\beta=1$.",
    method="term by term",
    check=equal,
    stated=_slope_at(1),
    wrong={"at beta = 2": _slope_at(2)},
    uses=("curvature",),
)

_first, _later, _share = sympy.symbols("a b s", nonnegative=True)


def _gained(near: Any, far: Any, right: Any, sign: int) -> Inequality:
    """F at T' = far less F at T = near is not negative, or not positive for the sign -1.

    It is (b' - b) F'(zeta) with zeta, of weights s and 1 over 1 + s, between the exponents, and
    F'(zeta) = F'(1) + (zeta - 1) F''(xi).
    """
    weights = _share / (1 + _share), 1 / (1 + _share)
    exponents = right / near, right / far
    zeta = weights[0] * exponents[0] + weights[1] * exponents[1]
    difference = sign * (exponents[1] - exponents[0]) * (zeta - 1) * spread
    apart = weights[0] * (near - right) / near + weights[1] * (far - right) / far
    slack = sign * right * (far - near) / (near * far) * apart * spread
    return Inequality(0, difference, sympy.expand(slack))


_NOT_NEGATIVE = variance_of(r"For $z=\log p^*$, $F''=\mathbb V_{p_T}[z]", ("curvature",))
_lower = confidence + _first

TEMPERATURE_HURTS_CALIBRATED = Proof(
    slug="proper_losses/temperature_hurts_calibrated",
    idea="The divergence is convex in the exponent 1/T, with its minimum where T = k.",
    steps=(
        assumed("order", r"$T\le T'$."),
        assumed("not overconfident", r"$k\le T$."),
        MULTIPLE,
        CURVATURE,
        STATIONARY,
        PAIRWISE_FORM,
        _NOT_NEGATIVE,
        MEAN_VALUE,
        checked(
            "temperature_hurts_calibrated",
            r"With $\beta=\frac kT$ and $\beta'=\frac k{T'}$, $\beta'\le\beta\le1$:"
            r" $F(\beta')-F(\beta)=(\beta'-\beta)F'(\zeta)=(\beta'-\beta)(\zeta-1)F''(\xi)\ge0$ for"
            r" a $\zeta$ between $\beta'$ and $\beta$; so at every input, and in the mean.",
            method="the mean value theorem twice, the second time from 1; manifest sign with"
            " T = k + a, T' = T + b",
            check=at_most,
            stated=_gained(_lower, _lower + _later, confidence, 1),
            wrong={
                "cooled": _gained(_lower + _later, _lower, confidence, 1),
                "overconfident, from k/2 to k": _gained(confidence / 2, confidence, confidence, 1),
            },
            uses=(
                "order",
                "not overconfident",
                "multiple of the right logits",
                "stationary",
                "variance_not_negative",
                "mean_value",
            ),
        ),
    ),
)

TEMPERATURE_HELPS_OVERCONFIDENT = Proof(
    slug="proper_losses/temperature_helps_overconfident",
    idea="On the other side of its minimum the same convex function falls.",
    steps=(
        assumed("order", r"$T\le T'$."),
        assumed("overconfident", r"$T'\le k$."),
        MULTIPLE,
        CURVATURE,
        STATIONARY,
        PAIRWISE_FORM,
        _NOT_NEGATIVE,
        MEAN_VALUE,
        checked(
            "temperature_helps_overconfident",
            r"Now $1\le\beta'\le\beta$: $F(\beta)-F(\beta')=(\beta-\beta')(\zeta-1)F''(\xi)\ge0$"
            r" for a $\zeta$ between $\beta'$ and $\beta$; so at every input, and in the mean.",
            method="the mean value theorem twice, the second time from 1; manifest sign with"
            " T' = T + b, k = T' + a",
            check=at_most,
            stated=_gained(
                temperature,
                temperature + _later,
                temperature + _later + _first,
                -1,
            ),
            wrong={
                "cooled": _gained(
                    temperature + _later, temperature, temperature + _later + _first, -1
                ),
                "calibrated, heated to 1 + b": _gained(
                    sympy.Integer(1), 1 + _later, sympy.Integer(1), -1
                ),
            },
            uses=(
                "order",
                "overconfident",
                "multiple of the right logits",
                "stationary",
                "variance_not_negative",
                "mean_value",
            ),
        ),
    ),
)
