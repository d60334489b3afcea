r"""The student's objective: the cross-entropy, and the hypothesis that minimises a risk."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import (
    equal,
    finite_mean,
    samples_of,
)
from proofs_check.records import Proof, assumed, checked, refuted
from proofs_check.variance_reduction.gap import SAMPLE

# --- the cross-entropy ----------------------------------------------------------------------------

p, f, lse = sympy.symbols("p f Lambda", positive=True)
_cross_entropy_term = p * (lse - f)
_divergence_term = p * (sympy.log(p) - f + lse)
_entropy_term = -p * sympy.log(p)

SOFTMAX = assumed(
    "softmax",
    r"$\ell_k=-\log\mathrm{softmax}_k(f)=\Lambda-f_k$ with $\Lambda=\log\sum_je^{f_j}$, and"
    r" $0\log0=0$, which is the limit.",
)


def _kl_form(right: Any) -> tuple[Any, Any]:
    """A label's term of the cross-entropy, and what it is said to be."""
    return _cross_entropy_term, right


KL_FORM = Proof(
    slug="variance_reduction/kl_form",
    idea="Add and subtract the logarithm of the Bayes class probability, label by label.",
    steps=(
        SOFTMAX,
        checked(
            "zero_times_logarithm",
            r"$p\log p\to0$ as $p\to0$, so that labels without mass drop out of every sum.",
            method="limit",
            check=lambda function: bool(sympy.limit(function, p, 0, "+") == 0),
            stated=p * sympy.log(p),
            wrong={"without the factor p": sympy.log(p) + 1 / p},
            uses=("softmax",),
        ),
        checked(
            "kl_form",
            r"$p_k(\Lambda-f_k)=p_k\log\frac{p_k}{e^{f_k-\Lambda}}-p_k\log p_k$ for every label,"
            r" hence for the sum over labels and the mean over inputs.",
            method="expanding, term by term",
            check=equal,
            stated=_kl_form(_divergence_term + _entropy_term),
            wrong={
                "without the entropy": _kl_form(_divergence_term),
                "entropy subtracted": _kl_form(_divergence_term - _entropy_term),
            },
            uses=("softmax", "zero_times_logarithm"),
        ),
    ),
)

_FAIR_COIN = {p: sympy.Rational(1, 2), f: 0, lse: sympy.log(2)}


def _for_a_fair_coin(right: Any) -> tuple[Any, Any]:
    """Both sides of the form for two equally likely labels and a student that knows it."""
    left, right = _kl_form(right)
    return 2 * left.subs(_FAIR_COIN), 2 * right.subs(_FAIR_COIN)


KL_FORM_PRINTED = Proof(
    slug="variance_reduction/kl_form_printed",
    idea="The entropy of the Bayes class probabilities, which no student changes, is missing.",
    steps=(
        SOFTMAX,
        refuted(
            "simply_the_kl",
            r"The cross-entropy is the divergence: for a fair coin and $f=0$, $\log2=0$.",
            method="the instance p = (1/2, 1/2), f = (0, 0)",
            check=equal,
            stated=_for_a_fair_coin(_divergence_term),
            mended={"with the entropy": _for_a_fair_coin(_divergence_term + _entropy_term)},
            uses=("softmax",),
        ),
    ),
)

# --- the student that minimises -------------------------------------------------------------------

_INPUTS: tuple[tuple[Fraction, tuple[Any, Any]], ...] = (
    (Fraction(3, 4), (Fraction(3, 4), Fraction(1, 4))),
    (Fraction(1, 4), (1, 0)),
)
_LOSSES: tuple[Any, ...] = (((0, 1), (0, 0)), ((Fraction(1, 4), 0), (1, 0)))


def _excess_risk(distilled: bool, num_samples: int) -> Fraction:
    """The expected excess risk of the minimiser, by enumeration; ties go to the first."""
    bayes = [
        [sum(p * loss for p, loss in zip(probs, row, strict=True)) for (_, probs), row in pairs]
        for pairs in (list(zip(_INPUTS, table, strict=True)) for table in _LOSSES)
    ]
    risks = [
        finite_mean(zip((w for w, _ in _INPUTS), row, strict=True), lambda h: h) for row in bayes
    ]
    law: list[tuple[Any, tuple[Any, ...]]] = []
    for i, (weight, probs) in enumerate(_INPUTS):
        if distilled:
            law.append((weight, tuple(row[i] for row in bayes)))
        else:
            law += [(weight * p, tuple(t[i][k] for t in _LOSSES)) for k, p in enumerate(probs)]

    def excess(sample: tuple[tuple[Any, ...], ...]) -> Any:
        totals = [sum(drawn[f] for drawn in sample) for f in range(len(_LOSSES))]
        return risks[totals.index(min(totals))] - min(risks)

    return finite_mean(samples_of(law, num_samples), excess)


ERM_EXCESS_RISK = Proof(
    slug="variance_reduction/erm_excess_risk",
    idea="A smaller variance of the objective is not a smaller risk of its minimiser.",
    steps=(
        SAMPLE,
        refuted(
            "better_minimiser",
            r"The minimiser of $\hat R^*$ has the smaller expected excess risk: for $N=1$ it would"
            r" be $\frac{39}{256}\le\frac{39}{1024}$.",
            method="all samples of a world with two inputs, labels and hypotheses, exactly",
            check=lambda n: bool(_excess_risk(True, n) <= _excess_risk(False, n)),
            stated=1,
            mended={"six samples": 6},
            uses=("sample", "variance_reduction/lemma1"),
        ),
    ),
)
