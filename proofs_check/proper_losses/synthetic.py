r"""Appendix B of Menon et al.: the distortion of B.2, the teacher of Eq. 16, and what it changes.

A monotone distortion keeps the halves of the unit interval, and the direction of the best student.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    equal,
    expectation,
    holds_by_induction,
    manifestly_positive,
)
from proofs_check.common_calculus import MEAN_VALUE
from proofs_check.proper_losses.gaussian import CLASSES
from proofs_check.records import Proof, assumed, checked, cited, refuted

# --- the distortion of B.2 ------------------------------------------------------------------------

_exponent, _u = sympy.symbols("alpha u", positive=True)
_HALF = sympy.Rational(1, 2)

_Branch = Callable[[Any], Any]

EXPONENT = assumed("exponent", r"$\alpha\ge1$, $u\in[0,1]$.")
LOWER = assumed("lower branch", r"$\Psi_\alpha(u)=\frac12(2u)^\alpha$ for $u\le\frac12$.")


def _lower(outer: Any) -> _Branch:
    """The lower branch, over v = 2u."""
    return lambda v: outer * v**_exponent


def _upper(outer: Any) -> _Branch:
    """The upper branch, over v = 2u - 1."""
    return lambda v: _HALF + outer * v ** (1 / _exponent)


def _maps_onto(claim: tuple[_Branch, Any, Any]) -> bool:
    """Whether a branch rises from the first value at v = 0 to the second at v = 1."""
    branch, start, end = claim
    ends = (branch(sympy.Integer(0)), start), (branch(sympy.Integer(1)), end)
    return all_equal(ends) and manifestly_positive(sympy.diff(branch(_u), _u))


LOWER_HALF = checked(
    "lower_half",
    r"The lower branch rises from 0 at $u=0$ to $\frac12$ at $u=\frac12$, with the slope"
    r" $\alpha(2u)^{\alpha-1}>0$ in between.",
    method="substituting the ends and differentiating, over v = 2u",
    check=_maps_onto,
    stated=(_lower(_HALF), 0, _HALF),
    wrong={"without the factor 1/2": (_lower(sympy.Integer(1)), 0, _HALF)},
    uses=("exponent", "lower branch"),
)

PSI_PRINTED = Proof(
    slug="proper_losses/psi_printed",
    idea="Without a factor 1/2 the upper branch rises by 1 above the middle.",
    steps=(
        EXPONENT,
        LOWER,
        LOWER_HALF,
        refuted(
            "upper_half",
            r"$\Psi_\alpha(u)=\frac12+(2u-1)^{1/\alpha}$ maps $[\frac12,1]$ into itself: the"
            r" probability 1 becomes $\frac32$ for every $\alpha$, although the decision is kept.",
            method="substituting the ends",
            check=_maps_onto,
            stated=(_upper(sympy.Integer(1)), _HALF, 1),
            mended={"with a factor 1/2": (_upper(_HALF), _HALF, 1)},
            uses=("lower_half",),
        ),
    ),
)

_first, _second = sympy.symbols("a b", positive=True)


def _around(middle: Any) -> Inequality:
    """The squared distance from a value, of a number between 0 and 1/2, a over 2(a + b)."""
    value = _first / (2 * (_first + _second))
    slack = _first * _second / (4 * (_first + _second) ** 2)
    slack += (2 * value - middle - _HALF / 2) * (middle - _HALF / 2)
    return Inequality((value - middle) ** 2, sympy.Rational(1, 16), slack)


PSI = Proof(
    slug="proper_losses/psi",
    idea="Either branch rises from one end of its half to the other.",
    steps=(
        EXPONENT,
        LOWER,
        LOWER_HALF,
        assumed(
            "upper branch",
            r"$\Psi_\alpha(u)=\frac12+\frac12(2u-1)^{1/\alpha}$ for $u\ge\frac12$.",
        ),
        checked(
            "upper_half",
            r"The upper branch rises from $\frac12$ at $u=\frac12$ to 1 at $u=1$, where"
            r" $\frac d{dv}\frac12v^{1/\alpha}>0$ for $v=2u-1\in(0,1)$: $\Psi_\alpha$ is continuous"
            r" and strictly increasing on all of $[0,1]$.",
            method="substituting the ends and differentiating, over v = 2u - 1",
            check=_maps_onto,
            stated=(_upper(_HALF), _HALF, 1),
            wrong={
                "without the factor 1/2": (_upper(sympy.Integer(1)), _HALF, 1),
                "the root subtracted": (_upper(-_HALF), _HALF, 1),
            },
            uses=("exponent", "lower_half", "upper branch"),
        ),
        MEAN_VALUE,
        checked(
            "psi",
            r"A function of positive slope keeps between its values at the ends, and $0\le"
            r" v\le\frac12$ is $|v-\frac14|\le\frac14$:"
            r" $\frac1{16}-(v-\frac14)^2=v(\frac12-v)\ge0$; in the upper half with"
            r" $v=\Psi_\alpha(u)-\frac12$.",
            method="manifest sign, with v = a / (2 (a + b))",
            check=at_most,
            stated=_around(_HALF / 2),
            wrong={"around 1/2": _around(_HALF), "around 0": _around(0)},
            uses=("upper_half", "mean_value"),
        ),
    ),
)

# --- Eq. 16 ---------------------------------------------------------------------------------------

_keep_less, _mean, _second_moment, _bayes = sympy.symbols("alpha m q p", real=True)
_answer, _noise, _sigma = sympy.symbols("P e sigma", real=True)

NOISY_TEACHER = assumed(
    "noisy teacher",
    r"$p^{\mathrm t}(x)=(1-\alpha)\Psi(\theta^*\cdot x+\tau\varepsilon)+\frac\alpha2$ for the"
    r" first label and $1-p^{\mathrm t}(x)$ for the other, $\Psi(v)=1/(1+e^{-v})$,"
    r" $\varepsilon\sim N(0,1)$ independent of $x$, $\alpha\in[0,1]$, $\tau=\sigma^2$;"
    r" $p^*(x)=\Psi(\theta^*\cdot x)$.",
)


def _logit_noise(power: int) -> tuple[Any, Any]:
    """The variance of sigma^2 e, and a power of sigma."""
    return expectation((_sigma**2 * _noise) ** 2, {_noise**2: 1}, [_noise]), _sigma**power


LOGIT_NOISE = checked(
    "logit_noise",
    r"As printed, the noise $\sigma^2\varepsilon$ of the logit has the variance $\sigma^4$: its"
    r" standard deviation is $\tau=\sigma^2$.",
    method="expanding with E e^2 = 1",
    check=equal,
    stated=_logit_noise(4),
    wrong={"the variance sigma^2": _logit_noise(2)},
    uses=("noisy teacher",),
)


def _other_label(share: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """One less the teacher's answer, and the squared distance of both labels' answers."""
    logit = sympy.Symbol("v", real=True)
    first = (1 - _keep_less) / (1 + sympy.exp(-logit)) + _keep_less / 2
    second = (1 - _keep_less) / (1 + sympy.exp(logit)) + _keep_less / 2
    squares = (_answer - _bayes) ** 2 + ((1 - _answer) - (1 - _bayes)) ** 2
    return (1 - first, second), (squares, share * (_answer - _bayes) ** 2)


TWO_LABELS = checked(
    "two_labels",
    r"The other label's answer is the same with the other sign of the logit, as $1-\Psi(v)="
    r"\Psi(-v)$; both labels err by as much, so that $\|p^{\mathrm t}-p^*\|_2^2=2(p^{\mathrm t}-"
    r"p^*)^2$ in the first label's probabilities.",
    method="expanding",
    check=all_equal,
    stated=_other_label(2),
    wrong={"one label only": _other_label(1), "the root of 2": _other_label(sympy.sqrt(2))},
    uses=("noisy teacher",),
)

_length_sum, _score_mean, _score_variance = sympy.symbols("M s V", real=True)
_m = sympy.Symbol("mu_i", real=True)


def _score_law(mean: Any, variance: Any) -> Induction:
    """Mean and variance of theta* . x in the first class, over features; M is the sum of mu^2."""
    moments = {_noise: 0, _noise**2: 1}
    term = 2 * _m * (_m + _noise)
    first = expectation(term, moments, [_noise])
    spread = expectation((term - first) ** 2, moments, [_noise])
    step = {
        _length_sum: _length_sum + _m**2,
        _score_mean: _score_mean + first,
        _score_variance: _score_variance + spread,
    }
    # A weight of its own keeps the two identities apart.
    weight = sympy.Symbol("k", real=True)
    invariant = (_score_mean - mean * _length_sum) + weight * (
        _score_variance - variance * _length_sum
    )
    return Induction(invariant, dict.fromkeys(step, 0), step)


SCORE_LAW = checked(
    "score_law",
    r"Given $y=\pm1$, the score $\theta^*\cdot x=2\mu\cdot x$ has the mean $\pm2\|\mu\|_2^2$ and"
    r" the variance $4\|\mu\|_2^2$; it is Gaussian, so that mean, bias and variance are integrals"
    r" over one or two variables that depend on $\|\mu\|_2$, $\alpha$ and $\tau$ only.",
    method="induction over the features",
    check=holds_by_induction,
    stated=_score_law(2, 4),
    wrong={"the variance 2 |mu|^2": _score_law(2, 2), "the mean |mu|^2": _score_law(1, 4)},
    uses=("gaussian classes",),
)

BOUNDED = cited(
    "conditioning",
    r"$0\le p^{\mathrm t}\le1$, so that all moments exist, and the mean over $(x,\varepsilon)$ is"
    r" the mean over $x$ of that over $\varepsilon$.",
    "Fubini's theorem: Folland, Real Analysis, Theorem 2.37",
    uses=("noisy teacher", "gaussian classes"),
)


def _bias_and_variance(centre: Any, share: Any = 2) -> tuple[Any, Any]:
    """The mean square at an input, and squared bias plus spread around a centre."""
    moments = {_answer: _mean, _answer**2: _second_moment}
    error = 2 * expectation((_answer - _bayes) ** 2, moments, [_answer])
    spread = expectation((_answer - centre) ** 2, moments, [_answer])
    return error, 2 * (_mean - _bayes) ** 2 + share * spread


EQ16_BIAS_VARIANCE = Proof(
    slug="proper_losses/eq16_bias_variance",
    idea="Given the input only the noise varies; the mean answer need not be the Bayes"
    " probability.",
    steps=(
        CLASSES,
        NOISY_TEACHER,
        LOGIT_NOISE,
        TWO_LABELS,
        SCORE_LAW,
        BOUNDED,
        checked(
            "eq16_bias_variance",
            r"$\mathbb E\|p^{\mathrm t}(x)-p^*(x)\|_2^2=\mathbb E_x\|\mathbb E_\varepsilon"
            r" p^{\mathrm t}(x)-p^*(x)\|_2^2+\mathbb E_x\mathbb V_\varepsilon[p^{\mathrm t}(x)]$:"
            r" at every input twice $\mathbb E_\varepsilon(p^{\mathrm t}-p^*)^2=(\mathbb"
            r" E_\varepsilon p^{\mathrm t}-p^*)^2+\mathbb V_\varepsilon[p^{\mathrm t}]$. (The"
            r" three integrals have no closed form; how they are computed, and how accurately, is"
            r" not part of the proof.)",
            method="expanding in the first two moments of the answer",
            check=equal,
            stated=_bias_and_variance(_mean),
            wrong={
                "the spread around p*": _bias_and_variance(_bayes),
                "the variance of one label": _bias_and_variance(_mean, 1),
            },
            uses=("logit_noise", "two_labels", "score_law", "conditioning"),
        ),
    ),
)
