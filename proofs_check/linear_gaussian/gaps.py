r"""The generalisation gaps of teacher and student at the columns of the inputs, in expectation.

In a direction the test loss is the squared error plus a fresh label's noise, and the training loss
is the square of the label's noise minus the error: their difference is twice the mean of noise
times error, which is the part $\rho$ of the label noise that the teacher has fitted.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, equal, expectation, holds_by_induction
from proofs_check.linear_gaussian.gap_model import (
    ERROR,
    GAP,
    GAP_SHARE,
    MODEL,
    NORM_IN_DIRECTIONS,
    PREDICTION_ERROR,
    SHARE,
    SINGULAR_VALUES,
    TERMS,
    a,
    e,
    g,
    k,
    mean,
    n,
    nu,
    rho,
    root_r,
)
from proofs_check.records import Proof, assumed, checked

# --- the teacher ----------------------------------------------------------------------------------

_gap, _fit = sympy.symbols("H F", real=True)


def _teacher_sum(per_direction: Any) -> Induction:
    """The teacher's gap, when a direction adds so much of nu^2 / n for every output."""
    return Induction(
        _gap - 2 * k * nu**2 / n * _fit,
        {_gap: 0, _fit: 0},
        {_gap: _gap + k * nu**2 / n * per_direction, _fit: _fit + rho},
    )


MEAN_SHARE = checked(
    "mean_share",
    r"A direction and output has the mean share $E[1-(1-2\rho)e^2-2(1-\rho)ae+2\sqrt r\,eg]"
    r"=1-(1-2\rho)=2\rho$, which is $0$ where $s=0$.",
    method="moments of independent standard normal noises",
    check=lambda share: equal((mean(share), 2 * rho)),
    stated=SHARE,
    wrong={
        "half of the covariance of label and prediction": SHARE - rho * e**2,
        "posterior noise that is the label's noise": SHARE.subs(g, e),
    },
    uses=("gap_share",),
)

GEN_GAPS_TEACHER = Proof(
    slug="linear_gaussian/gen_gaps_teacher",
    idea="The gap is twice the covariance of labels and predictions, of which a direction has"
    r" $\rho_i$: the part of the label noise that the teacher fits.",
    steps=(
        MODEL,
        TERMS,
        GAP,
        SINGULAR_VALUES,
        NORM_IN_DIRECTIONS,
        PREDICTION_ERROR,
        GAP_SHARE,
        MEAN_SHARE,
        checked(
            "gen_gaps_teacher",
            r"$\mathrm{gen}_T=\frac{2k\nu^2}n\sum_i\rho_i$: every direction adds $\frac{\nu^2}n"
            r"\cdot2\rho_i$ for each of $k$ outputs.",
            method="induction over the directions",
            check=holds_by_induction,
            stated=_teacher_sum(mean(SHARE)),
            wrong={
                "the noise of the posterior in place of the fit": _teacher_sum(2 * root_r**2),
                "a square": _teacher_sum(2 * rho**2),
            },
            uses=("linear_gaussian/gibbs_posterior", "mean_share"),
        ),
    ),
)

# --- the student ----------------------------------------------------------------------------------

x, fresh = sympy.symbols("x e_hat", real=True)
_own = sympy.Symbol("v", nonnegative=True)
_STUDENT_MOMENTS = {
    e**2: 1,
    g**2: 1,
    x**2: _own,
    fresh**2: 1,
    **{
        monomial: 0
        for monomial in (e, g, x, fresh, e * g, e * x, g * x, e * fresh, g * fresh, x * fresh)
    },
}

STUDENT = assumed(
    "student",
    r"$\Theta=W_TXX^++N$, the rows of $N$ independent of all else with mean zero and covariance"
    r" $\Sigma_S$; pseudo labels $\hat Y=W_TX+\nu\hat E$, $\hat E$ standard normal;"
    r" $\mathrm{gen}_S=E\,h(\hat Y,\Theta)$.",
)

_W = sympy.Symbol("W", commutative=False)


def _fitted(pseudoinverse: Any) -> tuple[Any, Any]:
    """The student's mean prediction and the teacher's, with X = U S V^T in compact form."""
    left, singular, right = sympy.symbols("U S V^T", commutative=False)
    inputs = left * singular * right
    return _W * inputs * pseudoinverse(left, singular, right) * inputs, _W * inputs


STUDENT_PREDICTS = checked(
    "student_predicts",
    r"$\Theta X=W_TXX^+X+NX=W_TX+NX$: the min-norm map changes no prediction at the columns.",
    method="noncommuting symbols, with the compact singular value decomposition X = U S V^T and"
    " X^+ = V S^-1 U^T",
    check=equal,
    stated=_fitted(lambda left, singular, right: right**-1 * singular**-1 * left**-1),
    wrong={
        "a transpose in place of the pseudoinverse": _fitted(
            lambda left, singular, right: right**-1 * singular * left**-1
        )
    },
    uses=("student", "singular values"),
)


def student_share(residual: Any) -> Any:
    """The mean share of a direction and output in n gen_S / nu^2, from its training residual."""
    return expectation((ERROR + x) ** 2 + 1 - residual**2, _STUDENT_MOMENTS, [e, g, x, fresh])


EXCESS = (1 - rho) ** 2 * a**2 + rho**2 + root_r**2

STUDENT_SHARE = checked(
    "student_share",
    r"A direction and output has the mean share $E[(\text{error}+x)^2+1-(\hat e-x)^2]"
    r"=(1-\rho)^2a^2+r+\rho^2$, where $x$ is the student's own noise in units of $\nu$: it adds as"
    r" much to the test loss as to the training loss, which the teacher's error does not enter.",
    method="moments of independent noises",
    check=lambda residual: equal((student_share(residual), EXCESS)),
    stated=fresh - x,
    wrong={
        "a student that has fitted its labels' noise": sympy.Integer(0),
        "true labels in place of pseudo labels": fresh - x - ERROR,
    },
    uses=("gap", "norm_in_directions", "prediction_error", "student_predicts"),
)

_outputs, _signals, _excess = sympy.symbols("j B S", real=True)


def _over_outputs(per_output: Any) -> Induction:
    """A direction's share over outputs, when one more adds so much."""
    said = (1 - rho) ** 2 * _signals + _outputs * (root_r**2 + rho**2)
    return Induction(
        _excess - said,
        dict.fromkeys((_excess, _signals, _outputs), 0),
        {_excess: _excess + per_output, _signals: _signals + a**2, _outputs: _outputs + 1},
    )


GEN_GAPS_STUDENT = Proof(
    slug="linear_gaussian/gen_gaps_student",
    idea="A student that has seen only fresh noise around the teacher's predictions has fitted none"
    " of it: its gap is the teacher's excess risk.",
    steps=(
        MODEL,
        TERMS,
        GAP,
        STUDENT,
        SINGULAR_VALUES,
        NORM_IN_DIRECTIONS,
        PREDICTION_ERROR,
        STUDENT_PREDICTS,
        STUDENT_SHARE,
        checked(
            "gen_gaps_student",
            r"$\mathrm{gen}_S=\frac{\nu^2}n\sum_i[(1-\rho_i)^2b_i+k(r_i+\rho_i^2)]$: over the $k$"
            r" outputs of a direction $\sum a^2=b_i$, and directions with $s_i=0$ add nothing.",
            method="induction over the outputs of a direction, for any number of them",
            check=holds_by_induction,
            stated=_over_outputs(student_share(fresh - x)),
            wrong={
                "noise counted once for all outputs": _over_outputs((1 - rho) ** 2 * a**2),
                "the posterior's noise left out": _over_outputs((1 - rho) ** 2 * a**2 + rho**2),
            },
            uses=("linear_gaussian/gibbs_posterior", "student_share"),
        ),
    ),
)
