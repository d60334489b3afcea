r"""Section 3.3 made exact: when a teacher is worth having, and why its accuracy does not tell."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    equal,
    holds_by_induction,
)
from proofs_check.algebra_several import all_at_most, positive_when_cancelled
from proofs_check.bias_variance.setting import SHARED, WORLD, N, noise
from proofs_check.common import VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked

# --- break-even -----------------------------------------------------------------------------------

_onehot = sympy.Symbol("V", nonnegative=True)
_lost = sympy.Symbol("B", nonnegative=True)
_break_even = sympy.Symbol("N_0", real=True)
_signed = sympy.Symbol("d", real=True)
_gap = sympy.Symbol("u", nonnegative=True)

BREAK_EVEN = assumed(
    "break_even",
    r"$\hat R=\frac1N\sum_n\ell_{y_n}(x_n)$ with i.i.d. pairs, $y$ given $x$ of the law $p^*(x)$,"
    r" and $N^*=\frac{\mathbb V_{x,y}[\ell]-\mathbb E_\tau v_\tau}{\bar b^2+\mathbb"
    r" V_\tau[b_\tau]}$; where the denominator is zero, $N^*$ is $\infty$ for a numerator that is"
    r" not negative, else $-\infty$.",
)


def _difference(error: Any) -> tuple[Any, Any]:
    """The variance of the one-hot risk less this error, with the break-even size put in."""
    onehot = noise + _break_even * _lost
    return onehot / N - error, (_break_even - N) * _lost / N


DIFFERENCE = checked(
    "difference",
    r"$\mathbb V[\hat R]=\frac1N\mathbb V_{x,y}[\ell]$, so that $\mathbb V[\hat R]-\mathbb E(\tilde"
    r" R-R)^2=\frac1N(N^*-N)(\bar b^2+\mathbb V_\tau[b_\tau])$ where the denominator is positive.",
    method="substituting the numerator of N*",
    check=equal,
    stated=_difference(noise / N + _lost),
    wrong={
        "squared biases divided by N": _difference((noise + _lost) / N),
        "no squared bias": _difference(noise / N),
    },
    uses=("world", "shared", "break_even", "variance_of_mean", "bias_variance/mse_shared"),
)


def _smaller(sign: int, excess: Any) -> tuple[Inequality, Inequality]:
    """The smaller of both errors below the other one, for N* = N + sign excess, and for B = 0.

    Args:
        sign: 1 if the teacher's error is meant to be the smaller one, -1 for the one-hot risk's.
        excess: by how much N* is on that side of N; if B = 0, what the numerator is in size.
    """

    def ordered(onehot: Any, error: Any, slack: Any) -> Inequality:
        both = (error, onehot) if sign == 1 else (onehot, error)
        return Inequality(*both, slack)

    return (
        ordered((noise + (N + sign * excess) * _lost) / N, noise / N + _lost, excess * _lost / N),
        ordered((noise + sign * excess) / N, noise / N, excess / N),
    )


def _break_even_proof(
    side: str, assumption: str, relation: str, conclusion: str, idea: str, sign: int
) -> Proof:
    """The proof on one side of the break-even size."""
    return Proof(
        slug=f"bias_variance/break_even_{side}",
        idea=idea,
        steps=(
            WORLD,
            SHARED,
            assumed(assumption, rf"$N{relation}N^*$."),
            BREAK_EVEN,
            VARIANCE_OF_MEAN,
            DIFFERENCE,
            checked(
                f"break_even_{side}",
                rf"${conclusion}$, as the difference has the sign of $N^*-N$; where the denominator"
                r" is zero it is $\frac1N$ of the numerator.",
                method="the sign is manifest, for N* = N + u or N - u and for a zero denominator",
                check=all_at_most,
                stated=_smaller(sign, _gap),
                wrong={
                    "any number of samples": _smaller(sign, _signed),
                    "the other side of break-even": _smaller(sign, -_gap),
                },
                uses=(assumption, "break_even", "difference"),
            ),
        ),
    )


BREAK_EVEN_BELOW = _break_even_proof(
    "below",
    "few samples",
    r"\le ",
    r"\mathbb E(\tilde R-R)^2\le\mathbb V[\hat R]",
    "What the teacher saves in variance is divided by N, what it loses in bias is not.",
    1,
)
BREAK_EVEN_ABOVE = _break_even_proof(
    "above",
    "many samples",
    r"\ge ",
    r"\mathbb V[\hat R]\le\mathbb E(\tilde R-R)^2",
    "The same difference, on the other side.",
    -1,
)

# --- accuracy -------------------------------------------------------------------------------------

_W, _X, _T = sympy.symbols("W X T", real=True)
_truth, _p, _squares = sympy.symbols("p_k^* p_k Q", real=True)
_sure, _step = sympy.symbols("s a_k", real=True)

TABLES = assumed(
    "tables",
    r"$p^*(x)$ and $p(x)$ are in the simplex, $\hat y(x)$ is the first label with the largest"
    r" $p_k(x)$, $0\le s\le1$ and $p_s=(1-s)p+s\,e_{\hat y}$; $\mathrm{Brier}(p)=\mathbb"
    r" E\|e_y-p(x)\|_2^2$, and $\mathrm{err}(p)$ is the probability that $y\ne\hat y(x)$.",
)


def _brier(own: Any) -> Induction:
    """The Brier risk at an input, when a label's own coordinate adds this to a distance."""
    distance = own + _squares - _p**2
    step = {_W: _W + _truth, _X: _X + _truth * _p, _T: _T + _truth * distance}
    start = dict.fromkeys((_W, _X, _T), 0)
    return Induction(_T - (1 + _squares) * _W + 2 * _X, start, step)


BRIER_RISK = checked(
    "brier_risk",
    r"$\mathbb E\bigl[\|e_y-p\|_2^2\,|\,x\bigr]=\sum_kp^*_k\bigl((1-p_k)^2+\|p\|_2^2-p_k^2"
    r"\bigr)=1-2p^*\cdot p+\|p\|_2^2$.",
    method="induction over the labels, whose probabilities have the sum W = 1",
    check=holds_by_induction,
    stated=_brier((1 - _p) ** 2),
    wrong={
        "a distance from zero": _brier(_p**2),
        "the distance not squared": _brier(1 - _p),
    },
    uses=("tables",),
)

_toward, _kept = sympy.symbols("a b", positive=True)
_lead = sympy.Symbol("delta", nonnegative=True)
_low = sympy.Symbol("p_k", nonnegative=True)


def _lead_of_label(share: Any, gains: int, others_gain: int) -> Any:
    """By how much the chosen label leads, when it and another one gain multiples of a share."""
    chosen = (1 - share) * (_low + _lead) + share * gains
    other = (1 - share) * _low + share * others_gain
    return chosen - other


_SHARE = _toward / (_toward + _kept)

SAME_LABEL = checked(
    "same_label",
    r"$\mathrm{err}(p_s)=\mathrm{err}(p)$: for $s>0$ and $k\ne\hat y$, $p_{s,\hat y}-p_{s,k}=(1-s)"
    r"(p_{\hat y}-p_k)+s>0$, so that the same label is chosen, also where $p$ has ties.",
    method="the sign is manifest, for s = a / (a + b)",
    check=positive_when_cancelled,
    stated=_lead_of_label(_SHARE, 1, 0),
    wrong={
        "mixing with another label": _lead_of_label(_SHARE, 0, 1),
        "mixing with both alike, where there are ties": _lead_of_label(_SHARE, 1, 1),
    },
    uses=("tables",),
)

_QUARTERS = sympy.Matrix([sympy.Rational(3, 4), sympy.Rational(1, 4)])


def _definition(table: Any) -> Any:
    """The Brier risk of a table under (3/4, 1/4), label by label from its definition."""
    labels = (sympy.Matrix([1, 0]), sympy.Matrix([0, 1]))
    return sum(
        chance * (label - table).dot(label - table)
        for chance, label in zip(_QUARTERS, labels, strict=True)
    )


def _pair(calibrated: Any, certain: Any) -> tuple[tuple[Any, Any], ...]:
    """The Brier risks of two tables, and what they are said to be."""
    return (
        (_definition(calibrated), sympy.Rational(3, 8)),
        (_definition(certain), sympy.Rational(1, 2)),
    )


EXACT_PAIR = checked(
    "exact_pair",
    r"For $p^*=p=(\frac34,\frac14)$ and $s=1$ both teachers are right with probability $\frac34$;"
    r" their Brier risks, and those of students that copy them, are $\frac38$ and $\frac12$.",
    method="both labels, exactly",
    check=all_equal,
    stated=_pair(_QUARTERS, sympy.Matrix([1, 0])),
    wrong={
        "certain of the other label": _pair(_QUARTERS, sympy.Matrix([0, 1])),
        "the same teacher twice": _pair(_QUARTERS, _QUARTERS),
    },
    uses=("same_label",),
)


def _cost(right: Any) -> tuple[Any, Any]:
    """A label's change of the Brier risk as p_k moves by s a_k, and what it is said to be."""

    def share(prob: Any) -> Any:
        return -2 * _truth * prob + prob**2

    return share(_p + _sure * _step) - share(_p), right


ACCURACY_NOT_ENOUGH = Proof(
    slug="bias_variance/accuracy_not_enough",
    idea="Making a teacher surer of the label it chooses changes its class probabilities, not its"
    " accuracy.",
    steps=(
        TABLES,
        BRIER_RISK,
        SAME_LABEL,
        EXACT_PAIR,
        checked(
            "accuracy_not_enough",
            r"$\mathrm{Brier}(p_s)+\mathrm{err}(p_s)-\mathrm{Brier}(p)-\mathrm{err}(p)=2s\,\mathbb"
            r" E_x(p-p^*)\cdot(e_{\hat y}-p)+s^2\,\mathbb E_x\|e_{\hat y}-p\|_2^2$: the errors"
            r" cancel, and with $a=e_{\hat y}-p$ each label contributes"
            r" $2s(p_k-p^*_k)a_k+s^2a_k^2$.",
            method="expanding, label by label",
            check=equal,
            stated=_cost(2 * _sure * (_p - _truth) * _step + _sure**2 * _step**2),
            wrong={
                "half of the slope": _cost(_sure * (_p - _truth) * _step + _sure**2 * _step**2),
                "a calibrated teacher in the slope": _cost(_sure**2 * _step**2),
                "s not squared": _cost(2 * _sure * (_p - _truth) * _step + _sure * _step**2),
            },
            uses=("brier_risk", "same_label", "exact_pair"),
        ),
    ),
)
