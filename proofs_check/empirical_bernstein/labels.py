r"""Proposition 2, and its penalty compared with that of one-hot labels."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    finite_mean,
    holds_by_induction,
    samples_of,
)
from proofs_check.algebra_several import all_at_most
from proofs_check.common import CAUCHY_SCHWARZ, VARIANCE_OF_MEAN
from proofs_check.empirical_bernstein.setting import (
    BOUNDED,
    MEAN_OF_VARIANCE,
    SAMPLE,
    SQUARED_SUM,
    VALUES,
)
from proofs_check.records import Proof, assumed, checked, refuted

DISTILLED = assumed(
    "distilled_risk",
    r"$h_f(x)=p(x)\cdot\ell(f(x))$ for a table $p$ of class probabilities, $\mathcal H=\{h_f\}$;"
    r" $R_p(f)=\mathbb E_xh_f(x)$, $\hat R_p(f)=\frac1N\sum_nh_f(x_n)$, $V_N(f)$ is the sample"
    r" variance of the $h_f(x_n)$, and $M_N=\mathcal N_\infty(\frac1N,\mathcal H,2N)$. For"
    r" $p=p^*$ these are $R$, $\hat R^*$, $V^*_N$ and $M^*_N$.",
)

# --- Proposition 2 --------------------------------------------------------------------------------

_excess, _value = sympy.symbols("E H", real=True)
_pi, _freq, _prob, _loss = sympy.symbols("pi s p l", real=True)


def _deviation(weight: Any) -> Induction:
    """An input's excess risk less its deviation, when a label has so much weight in the risk."""
    step = {
        _excess: _excess + _pi * weight * _loss - _freq * _prob * _loss,
        _value: _value + _prob * _loss,
    }
    return Induction(_excess - (_pi - _freq) * _value, {_excess: 0, _value: 0}, step)


PROP2 = Proof(
    slug="empirical_bernstein/prop2",
    idea="The Bayes-distilled losses are a class of functions of the input with values in [0, 1];"
    " Theorem 6 is about such a class.",
    steps=(
        BOUNDED,
        DISTILLED,
        VALUES,
        checked(
            "prop2",
            r"$R_p(f)-\hat R_p(f)=\sum_i(\pi_i-s_i)\,h_f(x_i)$ with the share $s_i$ of the sample"
            r" at $x_i$: this is $Ph-P_nh$ for $h=h_f$, which has values in $[0,1]$. So Theorem 6"
            r" for $\mathcal H$ and $n=N\ge16$ is the claim, for any table $p$; Proposition 2 is"
            r" the case $p=p^*$.",
            method="induction over the labels of an input, term by term over the inputs",
            check=holds_by_induction,
            stated=_deviation(_prob),
            wrong={
                "labels in the risk that are not weighted": _deviation(sympy.Integer(1)),
                "the risk of another table": _deviation(sympy.Symbol("q", real=True)),
            },
            uses=(
                "bounded losses",
                "distilled_risk",
                "values_in_unit_interval",
                "empirical_bernstein/uniform",
            ),
        ),
    ),
)

_u, _k = sympy.symbols("u k", nonnegative=True)
_KAPPA = 1 + sympy.log(10) / sympy.log(2)


def _tenfold(least: Any, kappa: Any) -> Inequality:
    """log(10 M / delta) and kappa log(M / delta), where the latter logarithm is this or more."""
    logarithm = least + _u
    slack = sympy.expand(kappa * logarithm - sympy.log(10) - logarithm)
    return Inequality(sympy.log(10) + logarithm, kappa * logarithm, slack)


def _certain(most: int) -> bool:
    """Whether the second term exceeds a loss of 1 for up to so many samples, M / delta >= 2."""
    return bool(16 * _KAPPA * sympy.log(2) / most > 1)


def _literal(first: Any, smallest: int) -> list[Inequality]:
    """18 V_N / N below its multiple of V / N, and 15 / (N - 1) below 16 / N; V = 1."""
    n = smallest + _k
    unbiased = n / (n - 1)
    pairs = [(18 * unbiased, first), (15 / (n - 1), 16 / n)]
    return [Inequality(left, right, sympy.factor(right - left)) for left, right in pairs]


PROP2_LITERAL = Proof(
    slug="empirical_bernstein/prop2_literal",
    idea="A covering number that is at least twice delta absorbs the factor 10 under the"
    " logarithm, and sixteen samples the difference of N and N - 1.",
    steps=(
        BOUNDED,
        DISTILLED,
        VALUES,
        checked(
            "factor_ten_absorbed",
            r"$\log\frac{10M}\delta\le\kappa\log\frac M\delta$ with"
            r" $\kappa=1+\frac{\log10}{\log2}$, for $\frac M\delta\ge2$: the difference is"
            r" $\frac{\log10}{\log2}(\log\frac M\delta-\log2)$.",
            method="the sign of the difference is manifest, for log(M / delta) = log 2 + u",
            check=at_most,
            stated=_tenfold(sympy.log(2), _KAPPA),
            wrong={
                "M / delta of 1 or more": _tenfold(sympy.Integer(0), _KAPPA),
                "kappa = 2": _tenfold(sympy.log(2), sympy.Integer(2)),
            },
        ),
        checked(
            "few_samples",
            r"For $N<16$ nothing can fail: the second term is at least $\frac{16\kappa\log2}{15}="
            r"\frac{16\log20}{15}>1$, while $R-\hat R^*\le1$.",
            method="evaluating",
            check=_certain,
            stated=15,
            wrong={"up to 63 samples": 63, "up to 255 samples": 255},
            uses=("bounded losses", "values_in_unit_interval"),
        ),
        checked(
            "prop2_literal",
            r"For $N\ge16$: $V_N=\frac N{N-1}V$ with $\frac N{N-1}\le\frac{16}{15}$, so that"
            r" $18V_N\log\frac{10M}\delta\le\frac{96}5\kappa V\log\frac M\delta$, and"
            r" $\frac{15}{N-1}\le\frac{16}N$: the bound is at least that of Proposition 2 with the"
            r" constants of Theorem 6.",
            method="the signs of the differences are manifest, for N = 16 + k",
            check=all_at_most,
            stated=_literal(sympy.Rational(96, 5), 16),
            wrong={
                "18 for 96/5": _literal(sympy.Integer(18), 16),
                "from N = 2 on": _literal(sympy.Rational(96, 5), 2),
            },
            uses=(
                "distilled_risk",
                "factor_ten_absorbed",
                "few_samples",
                "empirical_bernstein/prop2",
            ),
        ),
    ),
)

# --- the penalty, against that of one-hot labels --------------------------------------------------

LABELLED = assumed(
    "labelled_sample",
    r"$y_n$ given $x_n$ has the law $p^*(x_n)$; $V_N$ is the sample variance of the drawn losses"
    r" $\ell_{y_n}(x_n)$, and $V^*_N$ that of $h(x_n)=p^*(x_n)\cdot\ell(x_n)$, each divided by"
    r" $N-1$.",
)

_HALF, _QUARTER = Fraction(1, 2), Fraction(1, 4)
_Law = Sequence[tuple[Fraction, tuple[Fraction, Fraction]]]
# Pairs of the Bayes-distilled loss and the drawn one.
_HIDDEN: _Law = (
    (_QUARTER, (_HALF, Fraction(0))),
    (_QUARTER, (_HALF, Fraction(1))),
    (_HALF, (Fraction(0), Fraction(0))),
)
_DETERMINISTIC: _Law = (
    (_HALF, (Fraction(1), Fraction(1))),
    (_HALF, (Fraction(0), Fraction(0))),
)


class _Comparison(NamedTuple):
    """A statement on the variances of two samples.

    Attributes:
        law: of an example.
        holds: the laws of (V*, V) over all samples -> whether it holds.
    """

    law: _Law
    holds: Callable[[list[tuple[Fraction, tuple[Fraction, Fraction]]]], bool]


def _compared(claim: _Comparison) -> bool:
    """Whether the statement holds for all samples of two, exactly."""
    found = []
    for weight, (first, second) in samples_of(claim.law, 2):
        bayes, drawn = ((a - b) ** 2 / 2 for a, b in zip(first, second, strict=True))
        found.append((weight, (bayes, drawn)))
    return claim.holds(found)


def _on_every_sample(law: list[tuple[Fraction, tuple[Fraction, Fraction]]]) -> bool:
    return all(bayes <= drawn for weight, (bayes, drawn) in law if weight > 0)


def _on_average(law: list[tuple[Fraction, tuple[Fraction, Fraction]]]) -> bool:
    bayes = finite_mean(law, lambda pair: pair[0])
    return bool(bayes <= finite_mean(law, lambda pair: pair[1]))


_SEVENTHS = (Fraction(1, 7), Fraction(2, 7), Fraction(4, 7))


def _cover_is_larger(probs: Sequence[Fraction]) -> bool:
    """Whether one input takes more Bayes-distilled values, 1/16 apart, than drawn ones."""
    tables = list(itertools.product((Fraction(0), Fraction(1)), repeat=len(probs)))
    values = sorted({sum(p * loss for p, loss in zip(probs, row, strict=True)) for row in tables})
    apart = all(after - before > Fraction(1, 16) for before, after in itertools.pairwise(values))
    drawn = len({loss for row in tables for loss in row})
    return apart and len(values) > drawn


PENALTY_NOT_LOWER = Proof(
    slug="empirical_bernstein/penalty_not_lower",
    idea="Lemma 1 orders variances over fresh samples. On one and the same sample the drawn labels"
    " may hide a difference that the Bayes-distilled losses show.",
    steps=(
        LABELLED,
        checked(
            "larger_covering_number",
            r"$M^*_N$ may exceed $M_N$: losses in $\{0,1\}^3$, arbitrary at every input, have"
            r" $8^{2N}$ Bayes-distilled value vectors on $2N$ inputs for"
            r" $p^*=(\frac17,\frac27,\frac47)$, any two of them $\frac17>\frac1{16}\ge\frac1N$"
            r" apart ($N\ge16$), and at most $2^{2N}$ drawn ones on $2N$ examples.",
            method="all loss vectors at one input, exactly",
            check=_cover_is_larger,
            stated=_SEVENTHS,
            wrong={"deterministic labels": (Fraction(0), Fraction(0), Fraction(1))},
            uses=("labelled_sample",),
        ),
        refuted(
            "smaller_on_every_sample",
            r"The penalty is the lower one with Bayes labels, on every sample: besides the covering"
            r" numbers, this asks for $V^*_N\le V_N$. For $\ell=(0,1)$, $p^*=(\frac12,\frac12)$ at"
            r" one input, a loss of $0$ at the other, and the sample that has one of each and"
            r" $y_1=0$, it would be $\frac18\le0$; such samples have probability $\frac14$.",
            method="all samples of two, exactly",
            check=_compared,
            stated=_Comparison(_HIDDEN, _on_every_sample),
            mended={
                "on average": _Comparison(_HIDDEN, _on_average),
                "deterministic labels": _Comparison(_DETERMINISTIC, _on_every_sample),
            },
            uses=("labelled_sample", "larger_covering_number", "variance_reduction/lemma1"),
        ),
    ),
)

_N = sympy.Symbol("N", positive=True)
_bayes = sympy.Symbol("b", real=True)
_gap = sympy.Symbol("g", nonnegative=True)


def _expected(gap: Any, factor: Any) -> Inequality:
    """E V* and E V, from the variance b of the Bayes-distilled risk and that of the other."""
    bayes, drawn = _N * _bayes, factor * (_bayes + gap)
    return Inequality(bayes, drawn, sympy.expand(drawn - bayes))


EXPECTED_PENALTY = Proof(
    slug="empirical_bernstein/expected_penalty",
    idea="The sample variance is unbiased, and Lemma 1 orders the variances of one loss as it does"
    " those of means of N.",
    steps=(
        SAMPLE,
        LABELLED,
        CAUCHY_SCHWARZ,
        SQUARED_SUM,
        MEAN_OF_VARIANCE,
        VARIANCE_OF_MEAN,
        checked(
            "expected_penalty",
            r"$\mathbb EV_N=\mathbb V[\ell_y(x)]=N\,\mathbb V[\hat R]$ and $\mathbb EV^*_N="
            r"\mathbb V[h(x)]=N\,\mathbb V[\hat R^*]$, so that Lemma 1 orders them.",
            method="multiplying the gap g of Lemma 1 by N, for every N",
            check=at_most,
            stated=_expected(_gap, _N),
            wrong={
                "the gap of the other sign": _expected(-_gap, _N),
                "a variance over N": _expected(_gap, _N / 2),
            },
            uses=(
                "labelled_sample",
                "mean_of_sample_variance",
                "variance_of_mean",
                "variance_reduction/lemma1",
            ),
        ),
    ),
)
