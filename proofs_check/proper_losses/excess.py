r"""What a random teacher risks beyond the Bayes probabilities, in the Brier and the log loss."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, equal, expectation, holds_by_induction
from proofs_check.proper_losses.risks import BRIER_FORM, LOG_EDGE, LOG_FORM, LOSS
from proofs_check.records import Proof, assumed, checked

_p, _q = sympy.symbols("p_k q_k", positive=True)

RANDOM_TEACHER = assumed(
    "random teacher",
    r"A teacher $p_\tau$ is drawn with probabilities $w_t$, of sum one, independently of $(x,y)$;"
    r" draws without mass are left out.",
)

_W, _R, _D = sympy.symbols("W R D", real=True)
_weight, _bayes_risk, _divergence = sympy.symbols("w_t H d_t", real=True)


def _over_draws(risk: Any) -> Induction:
    """The excess risk over teachers, if one more has this risk; W becomes 1."""
    step = {
        _W: _W + _weight,
        _R: _R + _weight * risk,
        _D: _D + _weight * _divergence,
    }
    return Induction(_R - _W * _bayes_risk - _D, dict.fromkeys(step, 0), step)


MEAN_EXCESS = checked(
    "mean_excess",
    r"$\mathbb E_\tau R(p_\tau)-R(p^*)=\mathbb E_\tau\mathbb E_xD(p^*(x)\|p_\tau(x))$: every"
    r" teacher's risk has the same second part $\mathbb E_xG(p^*)=R(p^*)$, since $D(p,p)=0$.",
    method="induction over the teachers, with Eq. 8 for each",
    check=holds_by_induction,
    stated=_over_draws(_divergence + _bayes_risk),
    wrong={
        "a teacher's risk without the constant": _over_draws(_divergence),
        "the constant subtracted": _over_draws(_divergence - _bayes_risk),
    },
    uses=("random teacher", "proper_losses/eq8"),
)

_value, _mean, _second = sympy.symbols("q m s", real=True)


def _bracket(centre: Any) -> tuple[Any, Any]:
    """A label's mean squared distance, and the bracket with the spread around a centre."""
    moments = {_value: _mean, _value**2: _second}
    distance = expectation((_value - _p) ** 2, moments, [_value])
    spread = expectation((_value - centre) ** 2, moments, [_value])
    return distance, (_mean - _p) ** 2 + spread


BRIER_EXCESS = Proof(
    slug="proper_losses/brier_excess",
    idea="The Brier loss' divergence is the squared distance, and its mean over teachers is a"
    " squared bias plus a variance.",
    steps=(
        RANDOM_TEACHER,
        MEAN_EXCESS,
        LOSS,
        BRIER_FORM,
        checked(
            "brier_excess",
            r"$\mathbb E\|e_y-p_\tau(x)\|_2^2-\mathbb E\|e_y-p^*(x)\|_2^2=\mathbb E_x\mathbb"
            r" E_\tau\|p_\tau-p^*\|_2^2=\mathbb E_x\bigl[\|\mathbb E_\tau p_\tau-p^*\|_2^2+\mathbb"
            r" V_\tau[p_\tau]\bigr]$, at every input and label.",
            method="expanding in the first two moments of the teacher's probability of a label",
            check=equal,
            stated=_bracket(_mean),
            wrong={"the spread around the Bayes probability": _bracket(_p)},
            uses=("mean_excess", "brier_form"),
        ),
    ),
)


def _log_excess(sign: int) -> tuple[Any, Any]:
    """A label's excess log loss, with the Bayes risk added or subtracted, and its divergence."""
    return -_p * sympy.log(_q) + sign * (-_p * sympy.log(_p)), _p * sympy.log(_p / _q)


LOG_EXCESS = Proof(
    slug="proper_losses/log_excess",
    idea="The log loss' divergence is the relative entropy, and the risk of the Bayes"
    " probabilities is the conditional entropy.",
    steps=(
        RANDOM_TEACHER,
        MEAN_EXCESS,
        LOSS,
        LOG_FORM,
        LOG_EDGE,
        checked(
            "log_excess",
            r"$\mathbb E[-\log p_\tau(y|x)]-H(Y|X)=\mathbb E_{x,\tau}\mathrm{KL}(p^*(x)\|"
            r"p_\tau(x))$: label by label $-p_k\log q_k-(-p_k\log p_k)=p_k\log\frac{p_k}{q_k}$,"
            r" where $R(p^*)=H(Y|X)$; both sides are infinite together.",
            method="expanding logarithms, term by term",
            check=equal,
            stated=_log_excess(-1),
            wrong={"the entropy added": _log_excess(1)},
            uses=("mean_excess", "log_edge"),
        ),
    ),
)
