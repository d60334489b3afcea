r"""Matched logits: how far the gradient of distillation at temperature T is from centred logits.

Along t = 1/T a softmax of centred logits starts at the uniform distribution with the logits for its
slope; the rest is Taylor's remainder, for which the second derivative is bounded.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    equal,
    expectation,
    nonnegative_by_induction,
)
from proofs_check.algebra_several import all_at_most, identity_and_bound
from proofs_check.common_calculus import TAYLOR
from proofs_check.records import Proof, assumed, checked

labels, temperature = sympy.symbols("L T", positive=True)
_inverse = sympy.Symbol("t", positive=True)
_student, _teacher, _student_mean, _teacher_mean = sympy.symbols("s_k z_k sbar zbar", real=True)
_rest, _student_prob, _teacher_prob = sympy.symbols("W p_k w_k", positive=True)


LOGITS = assumed(
    "logits",
    r"$z$ and $s$ are the logits of teacher and student for $L$ labels, $p_T(a)_k=e^{a_k/T}/\sum_j"
    r"e^{a_j/T}$, $\mathrm{CE}(p,p')=-\sum_jp_j\log p'_j$, $T>0$; $\Delta=\max-\min$ of logits.",
)
RATE = assumed(
    "rate",
    r"$r(x)=\frac{L\max\{1/4,\,(1-q)(1-2q)\}}{1+(L-1)e^{-x}}$ with $q=\frac1{1+(L-1)e^x}$.",
)


def _gradient(factor: Any) -> tuple[Any, Any]:
    """The slope in s_k of what depends on it: W is the sum of the other exponentials."""
    power = sympy.exp(_student / temperature)
    cross_entropy = sympy.log(_rest + power) - _teacher_prob * _student / temperature
    stated = factor * (power / (_rest + power) - _teacher_prob)
    return sympy.diff(cross_entropy, _student), stated


GRADIENT = checked(
    "gradient",
    r"$\partial_{s_k}\mathrm{CE}(p_T(z),p_T(s))=\frac1T(p_T(s)_k-p_T(z)_k)$.",
    method="differentiating log(W + e^{s_k/T}) - p_T(z)_k s_k / T",
    check=equal,
    stated=_gradient(1 / temperature),
    wrong={
        "1/T^2": _gradient(1 / temperature**2),
        "teacher less student": _gradient(-1 / temperature),
    },
    uses=("logits",),
)


def _residual(centred_student: Any) -> tuple[Any, Any]:
    """The scaled gradient less the centred logits, and T times two remainders."""
    centred_teacher = _teacher - _teacher_mean
    scaled = labels * temperature**2 * (_student_prob - _teacher_prob) / temperature
    left = scaled - ((_student - _student_mean) - centred_teacher)
    remainders = (
        labels * _student_prob - 1 - centred_student / temperature,
        labels * _teacher_prob - 1 - centred_teacher / temperature,
    )
    return left, temperature * (remainders[0] - remainders[1])


RESIDUAL = checked(
    "residual",
    r"With $t=\frac1T$, $a=s-\bar s$ and $b=z-\bar z$ the residual is $LT^2\,\partial_{s_k}"
    r"\mathrm{CE}-(a_k-b_k)=T(\rho_s-\rho_z)$, $\rho_s=L\,p_T(s)_k-1-ta_k$ and $\rho_z=L\,p_T(z)_k"
    r"-1-tb_k$.",
    method="expanding",
    check=equal,
    stated=_residual(_student - _student_mean),
    wrong={"logits that are not centred": _residual(_student)},
    uses=("gradient",),
)

# --- the softmax along t = 1/T --------------------------------------------------------------------

_logit, _mean, _shift, _Z_1, _Z_2 = sympy.symbols("a_k mu c Z_1 Z_2", real=True)
_Z_0 = sympy.Symbol("Z_0", positive=True)
_power = sympy.Symbol("j", integer=True, nonnegative=True)


def _centring(scale: Any) -> tuple[Any, Any]:
    """A softmax with a constant taken off its logits; the partition function has this factor."""
    partition = _rest * scale
    return sympy.exp(_inverse * (_logit - _shift)) / partition, sympy.exp(_inverse * _logit) / _rest


CENTRING = checked(
    "centring",
    r"A constant taken off the logits cancels: $p_T(s)=p_T(a)$ and $p_T(z)=p_T(b)$.",
    method="simplifying",
    check=equal,
    stated=_centring(sympy.exp(-_inverse * _shift)),
    wrong={"the factor in the numerator only": _centring(sympy.Integer(1))},
    uses=("logits",),
)


def _derivatives(claim: tuple[Any, Any]) -> bool:
    """Whether p = e^{ta} / Z has these derivatives over p, in the mean m and variance v of a."""
    term = _logit**_power * sympy.exp(_inverse * _logit)
    if not equal((sympy.diff(term, _inverse), term * _logit)):
        return False
    partition = sympy.Function("Z")(_inverse)
    prob = sympy.exp(_inverse * _logit) / partition
    sums = {sympy.diff(partition, _inverse, n): value for n, value in ((2, _Z_2), (1, _Z_1))}
    found = (sympy.diff(prob, _inverse, n) / prob for n in (1, 2))
    moments = {_mean: _Z_1 / _Z_0, _variance: _Z_2 / _Z_0 - (_Z_1 / _Z_0) ** 2}
    return all_equal(
        (sympy.expand(one.subs(sums).subs(partition, _Z_0)), form.subs(moments))
        for one, form in zip(found, claim, strict=True)
    )


_variance = sympy.Symbol("v", real=True)

DERIVATIVES = checked(
    "derivatives",
    r"Along $t$, for $p=p_T(a)$: $p_k'=p_k(a_k-\mu)$ and $p_k''=p_k[(a_k-\mu)^2-\mathbb V]$ with"
    r" mean $\mu$ and variance $\mathbb V$ of the logits under $p$, since $\frac d{dt}\sum_ja_j^n"
    r"e^{ta_j}=\sum_ja_j^{n+1}e^{ta_j}$.",
    method="differentiating e^{ta} / Z(t) twice",
    check=_derivatives,
    stated=(_logit - _mean, (_logit - _mean) ** 2 - _variance),
    wrong={
        "without the variance": (_logit - _mean, (_logit - _mean) ** 2),
        "the variance added": (_logit - _mean, (_logit - _mean) ** 2 + _variance),
    },
    uses=("logits",),
)


def _at_zero(mean: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """L p and L p' at t = 0, where every exponential is 1, for logits of this mean."""
    uniform = 1 / labels
    return (labels * uniform, 1), (labels * uniform * (_logit - mean), _logit)


AT_ZERO = checked(
    "at_zero",
    r"At $t=0$ the softmax is uniform: $L\,p_k=1$ and, as centred logits have the mean 0,"
    r" $L\,p_k'=a_k$.",
    method="substituting",
    check=all_equal,
    stated=_at_zero(0),
    wrong={"logits that are not centred": _at_zero(_mean)},
    uses=("centring", "derivatives"),
)

# --- the second derivative ------------------------------------------------------------------------

_prob, _distance, _variance_others = sympy.symbols("p d v_o", real=True)
_spread, _e, _v = sympy.symbols("D e v", nonnegative=True)
_x = sympy.Symbol("x", positive=True)
_y, _u, _w = sympy.symbols("y u w", nonnegative=True)


def _split(bracket: Any) -> tuple[Any, Any]:
    """The bracket, from mean and variance of two groups: label k, and the others."""
    others = _logit - _distance
    mean = _prob * _logit + (1 - _prob) * others
    variance = _prob * (_logit - mean) ** 2
    variance += (1 - _prob) * ((others - mean) ** 2 + _variance_others)
    return (_logit - mean) ** 2 - variance, bracket


SPLIT = checked(
    "split",
    r"$(a_k-\mu)^2-\mathbb V=(1-p_k)(1-2p_k)d^2-(1-p_k)\mathbb V_o$, where the other labels have"
    r" the mean $a_k-d$ and the variance $\mathbb V_o$ under their share of $p$.",
    method="expanding the law of total variance over two groups",
    check=equal,
    stated=_split((1 - _prob) * (1 - 2 * _prob) * _distance**2 - (1 - _prob) * _variance_others),
    wrong={
        "a square (1 - p)^2": _split(
            (1 - _prob) ** 2 * _distance**2 - (1 - _prob) * _variance_others
        ),
        "without the weight of the others": _split(
            (1 - _prob) * (1 - 2 * _prob) * _distance**2 - _variance_others
        ),
    },
    uses=("derivatives",),
)


def _above(distance_squared: Any) -> tuple[Inequality, Inequality]:
    """The bracket from above, for p at most 1/2 and for p at least 1/2."""
    found = []
    larger, smaller = (_x + 2 * _y) / (2 * (_x + _y)), _x / (2 * (_x + _y))
    for other, sign in ((larger, 1), (smaller, -1)):
        balance = sign * _y / (_x + _y)  # 1 - 2 p, where other is 1 - p
        bracket = other * balance * distance_squared - other * _v
        bound = other * balance * _spread**2 if sign == 1 else 0
        rest = _e if sign == 1 else distance_squared
        slack = other * _y / (_x + _y) * rest + other * _v
        found.append(Inequality(bracket, bound, slack))
    return found[0], found[1]


ABOVE = checked(
    "bracket_from_above",
    r"As $|d|\le\Delta$, the bracket is at most $(1-p_k)(1-2p_k)\Delta^2$ if $p_k\le\frac12$, and"
    r" at most 0 if $p_k\ge\frac12$.",
    method="manifest sign: d^2 = D^2 - e in the first case, p = x/(2(x+y)) or 1 less that",
    check=all_at_most,
    stated=(_above(_spread**2 - _e)[0], _above(_e)[1]),
    wrong={"others further away than the range": (_above(_spread**2 + _e)[0], _above(_e)[1])},
    uses=("split",),
)

_high, _low, _value = sympy.symbols("h l a", real=True)
_products = sympy.Symbol("g", nonnegative=True)


def _below(share: Any) -> tuple[tuple[Any, Any], Inequality]:
    """The mean of (h - a)(a - l), and the bracket above minus this share of (h - l)^2."""
    moments = {_value: _mean, _value**2: _variance + _mean**2}
    products = expectation((_high - _value) * (_value - _low), moments, [_value])
    variance = (_high - _mean) * (_mean - _low) - _products
    square = (_mean - (_high + _low) / 2) ** 2
    inequality = Inequality(
        -share * (_high - _low) ** 2,
        (_logit - _mean) ** 2 - variance,
        (_logit - _mean) ** 2
        + _products
        + square
        + (share - sympy.Rational(1, 4)) * (_high - _low) ** 2,
    )
    return (products, (_high - _mean) * (_mean - _low) - _variance), inequality


BELOW = checked(
    "bracket_from_below",
    r"The bracket is at least $-\mathbb V\ge-\frac14\Delta^2$: with $h=\max$ and $l=\min$ of the"
    r" logits $0\le\mathbb E(h-a)(a-l)=(h-\mu)(\mu-l)-\mathbb V$, and the product is at most"
    r" $\frac14(h-l)^2$.",
    method="expanding in the moments; then the slacks",
    check=identity_and_bound,
    stated=_below(sympy.Rational(1, 4)),
    wrong={"an eighth": _below(sympy.Rational(1, 8))},
    uses=("derivatives",),
)

_others = sympy.Symbol("n", nonnegative=True)
_sum, _bound = sympy.symbols("S E", positive=True)


def _sum_of_powers(power: Any, sign: int) -> Induction:
    """N times a bound, less a sum of n exponentials, each of them so large; or minus that."""
    step = {_others: _others + 1, _sum: _sum + power}
    return Induction(sign * (_others * _bound - _sum), {_others: 0, _sum: 0}, step, _u)


def _probabilities(excess: Any) -> tuple[tuple[Induction, Induction], tuple[Inequality, ...]]:
    """Sums of exponentials below E and above E, less or more this, and the reciprocals' order."""
    inductions = _sum_of_powers(_bound - excess, 1), _sum_of_powers(_bound + excess, -1)
    larger = _sum + _w
    order = Inequality(1 / (1 + larger), 1 / (1 + _sum), _w / ((1 + _sum) * (1 + larger)))
    return inductions, (order,)


def _probabilities_hold(
    claim: tuple[tuple[Induction, Induction], tuple[Inequality, ...]],
) -> bool:
    """Whether the sums and their reciprocals are in order."""
    return all(nonnegative_by_induction(one) for one in claim[0]) and all_at_most(claim[1])


PROBABILITIES = checked(
    "probabilities",
    r"$p_k=1/(1+\sum_{j\ne k}e^{\tau(a_j-a_k)})$; for $0\le\tau\le t$ each of the $L-1$ exponents"
    r" lies between $-x$ and $x$ with $x=t\Delta$. Hence $q\le p_k\le1/(1+(L-1)e^{-x})$.",
    method="induction over the other labels; order of reciprocals",
    check=_probabilities_hold,
    stated=_probabilities(_u),
    wrong={"exponents outside of the range": _probabilities(-_u)},
    uses=("logits", "rate"),
)


def _falling(p_above_q: Any) -> Inequality:
    """(1 - p)(1 - 2p) at p = 1/2 - w, at most that at q, which is so much smaller."""
    half = sympy.Rational(1, 2)
    p = half - _w
    q = p - p_above_q
    slack = p_above_q * (1 + 4 * _w + 2 * p_above_q)
    return Inequality((1 - p) * (1 - 2 * p), (1 - q) * (1 - 2 * q), slack)


FALLING = checked(
    "falling",
    r"$(1-p)(1-2p)\le(1-q)(1-2q)$ for $q\le p\le\frac12$.",
    method="manifest sign, with p = 1/2 - w and q = p - u",
    check=at_most,
    stated=_falling(_u),
    wrong={"q above p": _falling(-_u)},
    uses=("probabilities",),
)

_magnitude, _rate_student, _rate_teacher = sympy.symbols("b_1 r_s r_z", nonnegative=True)
_largest = sympy.Symbol("P", positive=True)


def _curvature(prob: Any) -> Inequality:
    """L p times the bracket's size b, below L P times D^2 max; that D^2 max is b + e."""
    slack = labels * (_largest * _e + _u * _magnitude)
    return Inequality(labels * prob * _magnitude, labels * _largest * (_magnitude + _e), slack)


CURVATURE = checked(
    "second_derivative",
    r"So $|(a_k-\mu)^2-\mathbb V|\le\Delta^2\max\{\frac14,(1-q)(1-2q)\}$ and"
    r" $|L\,p_k''|\le\Delta^2r(x)$ on all of $[0,t]$.",
    method="the product of both bounds, with p = P - u",
    check=at_most,
    stated=_curvature(_largest - _u),
    wrong={"p above its bound": _curvature(_largest + _u)},
    uses=("rate", "bracket_from_above", "bracket_from_below", "probabilities", "falling"),
)

_slack_student, _slack_teacher = sympy.symbols("u_s u_z", nonnegative=True)
_spread_student, _spread_teacher = sympy.symbols("D_s D_z", nonnegative=True)


def _matching(factor: Any) -> tuple[Inequality, Inequality]:
    """The residual T (rho_s - rho_z) below this factor of the bracket, and minus it too."""
    sizes = _spread_student**2 * _rate_student, _spread_teacher**2 * _rate_teacher
    remainders = [size / (2 * temperature**2) for size in sizes]
    bound = factor * (sizes[0] + sizes[1])
    slack = temperature * (_slack_student + _slack_teacher)
    slack += (factor - 1 / (2 * temperature)) * (sizes[0] + sizes[1])
    found = []
    for sign in (1, -1):
        student = sign * (remainders[0] - _slack_student)
        teacher = -sign * (remainders[1] - _slack_teacher)
        found.append(Inequality(sign * temperature * (student - teacher), bound, slack))
    return found[0], found[1]


LOGIT_MATCHING = Proof(
    slug="proper_losses/logit_matching",
    idea="Along 1/T a softmax of centred logits leaves the uniform distribution in the direction of"
    " the logits; the remainder is of second order, with a constant that can be given.",
    steps=(
        LOGITS,
        RATE,
        GRADIENT,
        RESIDUAL,
        CENTRING,
        DERIVATIVES,
        AT_ZERO,
        TAYLOR,
        SPLIT,
        ABOVE,
        BELOW,
        PROBABILITIES,
        FALLING,
        CURVATURE,
        checked(
            "logit_matching",
            r"$|\rho_s|\le\frac{t^2}2\Delta_s^2r(\Delta_s/T)$ and the same for $z$, so that"
            r" $|LT^2\,\partial_{s_k}\mathrm{CE}-[(s-\bar s)-(z-\bar z)]_k|\le"
            r" T(|\rho_s|+|\rho_z|)\le\frac1{2T}\bigl[\Delta_z^2r(\frac{\Delta_z}T)"
            r"+\Delta_s^2r(\frac{\Delta_s}T)\bigr]$, for every label.",
            method="adding up both remainders, with either sign",
            check=all_at_most,
            stated=_matching(1 / (2 * temperature)),
            wrong={
                "half of it": _matching(1 / (4 * temperature)),
                "1/(2T^2)": _matching(1 / (2 * temperature**2)),
            },
            uses=("residual", "at_zero", "taylor", "second_derivative"),
        ),
    ),
)
