r"""Eq. 8 for any loss of probabilities, with the closed forms of four proper ones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import Induction, Inequality, equal, holds_by_induction
from proofs_check.algebra_bounds import Limit
from proofs_check.algebra_several import all_at_most, all_have_limits
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.records import Proof, assumed, checked, refuted

PREDICTIONS = assumed(
    "predictions",
    r"$x$ has finitely many values, of probabilities $\pi_i$; $y$ given $x$ has the law $p^*(x)$;"
    r" $R(q)=\mathbb E\,\ell_y(q(x))=\sum_i\pi_i\,p^*(x_i)\cdot\ell(q(x_i))$ is the risk of"
    r" predicted probabilities $q$.",
)
LOSS = assumed(
    "loss",
    r"$\ell_k(q)$ is the loss of the prediction $q$ where the label is $k$; $G(p)=p\cdot\ell(p)$,"
    r" $D(p,q)=p\cdot\ell(q)-p\cdot\ell(p)$, labels without mass left out. The loss is proper if"
    r" $D\ge0$.",
)

# Running sums over labels: of p, of the risk, of the divergence, and of what both consist of.
_P, _R, _D = sympy.symbols("P R D", real=True)
_squares_p, _squares_q, _spread = sympy.symbols("S Q B", real=True)
_p, _q = sympy.symbols("p_k q_k", positive=True)


def _sums(invariant: Any, step: dict[Any, Any]) -> Induction:
    """An identity between sums over labels, each of which starts at zero."""
    return Induction(invariant, dict.fromkeys(step, 0), step)


def _brier(loss: Any) -> Induction:
    """The Brier risk at an input, if this is the loss at a label; B is the sum of all q_j^2."""
    step = {
        _P: _P + _p,
        _R: _R + _p * loss,
        _D: _D + (_p - _q) ** 2,
        _squares_p: _squares_p + _p**2,
        _squares_q: _squares_q + _q**2,
    }
    return _sums(_R - _D - (_P - _squares_p) - (_P * _spread - _squares_q), step)


BRIER_FORM = checked(
    "brier_form",
    r"Brier loss: $\sum_kp_k\|e_k-q\|_2^2=\|p-q\|_2^2+(1-\|p\|_2^2)$, so that"
    r" $D(p,q)=\|p-q\|_2^2\ge0$ and $G(p)=1-\|p\|_2^2$.",
    method="induction over the labels, with (1 - q_k)^2 + sum_j q_j^2 - q_k^2 for the loss",
    check=holds_by_induction,
    stated=_brier((1 - _q) ** 2 + _spread - _q**2),
    wrong={
        "the drawn label's square only": _brier((1 - _q) ** 2),
        "all squares, the drawn label's once more": _brier((1 - _q) ** 2 + _spread),
    },
    uses=("loss",),
)

_ONE, _HALF, _ZERO = Fraction(1), Fraction(1, 2), Fraction(0)
_TRUTH, _TEACHER, _STUDENT = (_ONE, _ZERO), (_HALF, _HALF), (_ONE, _ZERO)


def _brier_risk(predicted: tuple[Fraction, ...]) -> Fraction:
    """The Brier risk at one input, from the definition of the loss."""
    total = Fraction(0)
    for label, weight in enumerate(_TRUTH):
        outcome = [Fraction(int(k == label)) for k in range(len(predicted))]
        total += weight * sum((e - q) ** 2 for e, q in zip(outcome, predicted, strict=True))
    return total


def _is_divergence_of_teacher(predicted: tuple[Fraction, ...]) -> bool:
    """Whether the Brier risk of a prediction is the teacher's divergence plus the constant."""
    divergence = sum((p - q) ** 2 for p, q in zip(_TRUTH, _TEACHER, strict=True))
    return bool(_brier_risk(predicted) == divergence + 1 - sum(p**2 for p in _TRUTH))


EQ8_PRINTED = Proof(
    slug="proper_losses/eq8_printed",
    idea="The right side is about the teacher's probabilities; a student's risk on the left does"
    " not depend on them.",
    steps=(
        PREDICTIONS,
        LOSS,
        BRIER_FORM,
        refuted(
            "eq8_printed",
            r"$R(f)=\mathbb E_xD(p^*(x)\|p^{\mathrm t}(x))+\mathbb E_xG(p^*(x))$ with a student $f$"
            r" on the left: for the Brier loss at one input with $p^*=(1,0)$, a teacher"
            r" $(\frac12,\frac12)$ and a student $(1,0)$, it would be $0=\frac12+0$.",
            method="computing both sides exactly",
            check=_is_divergence_of_teacher,
            stated=_STUDENT,
            mended={"the teacher on both sides": _TEACHER},
            uses=("predictions", "brier_form"),
        ),
    ),
)

# --- the four losses ------------------------------------------------------------------------------


def _log_term(divergence: Any) -> tuple[Any, Any]:
    """A label's share of the log loss' risk, and of a divergence plus the entropy."""
    return -_p * sympy.log(_q), divergence - _p * sympy.log(_p)


LOG_FORM = checked(
    "log_form",
    r"Log loss: $-p_k\log q_k=p_k\log\frac{p_k}{q_k}-p_k\log p_k$ at every label, so that"
    r" $D=\mathrm{KL}(p\,\|\,q)$ and $G$ is the entropy.",
    method="expanding logarithms, term by term",
    check=equal,
    stated=_log_term(_p * sympy.log(_p / _q)),
    wrong={
        "the divergence the other way round": _log_term(_q * sympy.log(_q / _p)),
        "without the weight": _log_term(sympy.log(_p / _q)),
    },
    uses=("loss",),
)


def _at_the_edge(at_p: Any, risk_at_q: Any, divergence_at_q: Any) -> tuple[Limit, ...]:
    """The limits of the terms of the log loss as a probability vanishes."""
    return (
        Limit(_p * sympy.log(_p), _p, 0, at_p),
        Limit(-_p * sympy.log(_q), _q, 0, risk_at_q),
        Limit(_p * sympy.log(_p / _q), _q, 0, divergence_at_q),
    )


LOG_EDGE = checked(
    "log_edge",
    r"As $p_k\to0$, $p_k\log p_k\to0$: a label without mass drops out. As $q_k\to0<p_k$, both"
    r" $-p_k\log q_k$ and $p_k\log\frac{p_k}{q_k}$ tend to $\infty$: risk and divergence are"
    r" infinite together.",
    method="limits",
    check=all_have_limits,
    stated=_at_the_edge(0, sympy.oo, sympy.oo),
    wrong={
        "a finite divergence": _at_the_edge(0, sympy.oo, 0),
        "entropy left over where p vanishes": _at_the_edge(1, sympy.oo, sympy.oo),
    },
    uses=("log_form",),
)

_length_p, _length_q = sympy.symbols("m n", positive=True)


def _spherical(share: Any) -> Induction:
    """The spherical risk at an input, if its divergence is so much times the squared distance.

    m and n are the lengths of p and q: the last two terms vanish as S = m^2 and Q = n^2.
    """
    step = {
        _P: _P + _p,
        _R: _R + _p * (1 - _q / _length_q),
        _D: _D + (_p / _length_p - _q / _length_q) ** 2,
        _squares_p: _squares_p + _p**2,
        _squares_q: _squares_q + _q**2,
    }
    leftover = (_length_p**2 - _squares_p) / (2 * _length_p) - _length_p / 2 * (
        _squares_q / _length_q**2 - 1
    )
    return _sums(_R - share * _D - (_P - _length_p) - leftover, step)


SPHERICAL_FORM = checked(
    "spherical_form",
    r"Spherical loss $1-q_k/\|q\|_2$: $D=\frac12\|p\|_2\,\bigl\|\frac p{\|p\|_2}-\frac"
    r" q{\|q\|_2}\bigr\|_2^2\ge0$ and $G=1-\|p\|_2$.",
    method="induction over the labels; m and n stand for the lengths of p and q",
    check=holds_by_induction,
    stated=_spherical(_length_p / 2),
    wrong={
        "the length of q": _spherical(_length_q / 2),
        "without the factor 1/2": _spherical(_length_p),
    },
    uses=("loss",),
)

_G, _slope, _slopes, _other_way = sympy.symbols("G g_k E F", real=True)


def _of_entropy(shift: Any) -> Induction:
    """The risk of a loss G + g_k - shift, less the tangent of G at q; E is the sum of q_j g_j."""
    step = {
        _P: _P + _p,
        _R: _R + _p * (_G + _slope - shift),
        _D: _D + (_p - _q) * _slope,
        _other_way: _other_way + _q * _slope,
    }
    return _sums(_R - _D - _P * _G - (_other_way - _P * _slopes), step)


LOSS_OF_ENTROPY = checked(
    "loss_of_entropy",
    r"A loss $\ell_k(q)=G(q)+\partial_kG(q)-\sum_jq_j\partial_jG(q)$ made from a concave $G$:"
    r" $p\cdot\ell(q)=G(q)+(p-q)\cdot\nabla G(q)$, the tangent of $G$ at $q$; so"
    r" $p\cdot\ell(p)=G(p)$, and $D(p,q)$ is how far the tangent lies above $G$, at least 0.",
    method="induction over the labels, for any gradient",
    check=holds_by_induction,
    stated=_of_entropy(_slopes),
    wrong={
        "the sum of q_j dG/dq_j added": _of_entropy(-_slopes),
        "that sum left out": _of_entropy(sympy.Integer(0)),
    },
    uses=("loss",),
)


def _cubic(square: Any) -> tuple[Any, Any]:
    """A label's share of the divergence that G = 1 - sum q^3 has, and what it is said to be."""
    entropy = -(_q**3)
    tangent = entropy + (_p - _q) * sympy.diff(entropy, _q)
    return tangent + _p**3, square


CUBIC_FORM = checked(
    "cubic_form",
    r"For $G(q)=1-\sum_kq_k^3$ it is $D(p,q)=\sum_k(p_k-q_k)^2(p_k+2q_k)\ge0$.",
    method="expanding, term by term",
    check=equal,
    stated=_cubic((_p - _q) ** 2 * (_p + 2 * _q)),
    wrong={"p and q exchanged": _cubic((_p - _q) ** 2 * (_q + 2 * _p))},
    uses=("loss_of_entropy",),
)


def _proper(cubic: Any) -> tuple[Inequality, ...]:
    """A label's share of the divergences but that of the log loss, with the cubic one given."""
    brier = (_p - _q) ** 2
    spherical = _length_p / 2 * (_p / _length_p - _q / _length_q) ** 2
    return tuple(Inequality(0, share, share) for share in (brier, spherical, brier * cubic))


PROPER = checked(
    "proper",
    r"All four are proper: $D(p,q)\ge0=D(p,p)$, for the log loss by Gibbs' inequality, for the"
    r" others as no label has a negative share.",
    method="the sign of every share is manifest",
    check=all_at_most,
    stated=_proper(_p + 2 * _q),
    wrong={"p - 2q in place of p + 2q": _proper(_p - 2 * _q)},
    uses=("gibbs_inequality", "log_edge", "brier_form", "spherical_form", "cubic_form"),
)

_weight, _divergence_at, _student_at, _entropy_at = sympy.symbols("pi_i d_i s_i g_i", real=True)
_entropies = sympy.Symbol("H", real=True)


def _over_inputs(weight: Any, risk: Any) -> Induction:
    """The risk over inputs, if one more input has this weight and this risk."""
    step = {
        _R: _R + weight * risk,
        _D: _D + _weight * _divergence_at,
        _entropies: _entropies + _weight * _entropy_at,
    }
    return _sums(_R - _D - _entropies, step)


EQ8 = Proof(
    slug="proper_losses/eq8",
    idea="At every input the expected loss is the divergence plus the entropy, by their definition;"
    " for the losses in use both have closed forms.",
    steps=(
        PREDICTIONS,
        LOSS,
        LOG_FORM,
        LOG_EDGE,
        BRIER_FORM,
        SPHERICAL_FORM,
        LOSS_OF_ENTROPY,
        CUBIC_FORM,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        PROPER,
        checked(
            "eq8",
            r"$R(p^{\mathrm t})=\mathbb E_xD(p^*(x)\|p^{\mathrm t}(x))+\mathbb E_xG(p^*(x))$: at"
            r" every input $p\cdot\ell(q)=D(p,q)+G(p)$ with the same $q=p^{\mathrm t}(x)$ on both"
            r" sides, and all three are averaged with the same weights.",
            method="induction over the inputs",
            check=holds_by_induction,
            stated=_over_inputs(_weight, _divergence_at + _entropy_at),
            wrong={
                "another prediction on the left": _over_inputs(_weight, _student_at + _entropy_at),
                "inputs of equal weight on the left": _over_inputs(1, _divergence_at + _entropy_at),
            },
            uses=("predictions", "loss", "proper"),
        ),
    ),
)
