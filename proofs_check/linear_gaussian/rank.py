r"""Students of a limited rank: the best map, its price, and the shift, which the price is not.

In the singular directions of the predictions $W_TX$ a map of rank $\kappa$ gains at most the first
$\kappa$ energies; projecting the outputs gains exactly those.
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
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.linear_gaussian.gap_model import beta, lam, nu
from proofs_check.records import Proof, assumed, checked, cited

# --- no map is better -----------------------------------------------------------------------------

PREDICTIONS = assumed(
    "predictions",
    r"$C=W_TX$ ($k\times n$), with singular values $\sigma_1\ge\sigma_2\ge\dots\ge0$.",
)
RANK_ONE = assumed(
    "rank one",
    r"The map is $AB$ with $A\in\mathbb R^{d\times1}$, $B\in\mathbb R^{1\times d}$, so that $W_TABX"
    r"=ab^\top$ with $a=W_TA\in\mathbb R^k$ and $b=(BX)^\top\in\mathbb R^n$.",
)
SINGULAR_SYSTEM = cited(
    "singular system",
    r"$C=\sum_j\sigma_jq_jz_j^\top$ with orthonormal $q_j$, completed to a basis of $\mathbb R^k$"
    r" with $\sigma_j=0$, and orthonormal $z_j$; hence $C^\top q_j=\sigma_jz_j$ (zero where"
    r" $\sigma_j=0$).",
    "singular value decomposition: Golub and Van Loan, Matrix Computations, 4th ed., Theorem 2.4.1",
    uses=("predictions",),
)

_error, _energy, _inner, _length = sympy.symbols("E S T A", real=True)
_c, _a_i, _b_j = sympy.symbols("c_ij a_i b_j", real=True)
_positive = sympy.Symbol("A", positive=True)


def _column(cross: Any) -> Induction:
    """A column's error over outputs against its expansion, with this coefficient of b T."""
    return Induction(
        _error - (_energy + cross * _b_j * _inner + _b_j**2 * _length),
        dict.fromkeys((_error, _energy, _inner, _length), 0),
        {
            _error: _error + (_c - _a_i * _b_j) ** 2,
            _energy: _energy + _c**2,
            _inner: _inner + _c * _a_i,
            _length: _length + _a_i**2,
        },
    )


COLUMN_ERROR = checked(
    "column_error",
    r"The error of column $j$ is $\sum_i(c_{ij}-a_ib_j)^2=\sum_ic_{ij}^2-2b_j(C^\top"
    " a)_j+b_j^2|a|^2$.",
    method="induction over the outputs",
    check=holds_by_induction,
    stated=_column(-2),
    wrong={"the mixed term once": _column(-1), "added": _column(2)},
    uses=("rank one",),
)


def _best_column(gained: Any) -> Inequality:
    """What is left of a column's energy, if so much is gained, against its error."""
    square = _positive * (_b_j - _inner / _positive) ** 2
    error = _energy - 2 * _b_j * _inner + _b_j**2 * _positive
    return Inequality(_energy - gained, error, square)


LEAST_ERROR = checked(
    "least_error",
    r"For $a\ne0$ and every $b$ it is at least $\sum_ic_{ij}^2-\frac{(C^\top a)_j^2}{|a|^2}$, by"
    r" the square $|a|^2\bigl(b_j-\frac{(C^\top a)_j}{|a|^2}\bigr)^2$; hence"
    r" $\|C-ab^\top\|_F^2\ge\|C\|_F^2-\frac{|C^\top a|^2}{|a|^2}$, and $=\|C\|_F^2$ for $a=0$.",
    method="completing the square",
    check=at_most,
    stated=_best_column(_inner**2 / _positive),
    wrong={
        "half of the gain": _best_column(_inner**2 / _positive / 2),
        "a gain that is not divided": _best_column(_inner**2),
    },
    uses=("column_error",),
)

_gain, _squares = sympy.symbols("G Q", real=True)
_top, _gap = sympy.symbols("sigma_1 delta", nonnegative=True)
_x = sympy.Symbol("x", real=True)


def _gains(coefficient: Any) -> Induction:
    """sigma_1^2 |a|^2 minus |C^T a|^2, when a direction is gained with this coefficient."""
    singular = _top**2 - _gap  # sigma_j^2, at most sigma_1^2
    return Induction(
        _top**2 * _squares - _gain,
        {_gain: 0, _squares: 0},
        {_gain: _gain + coefficient * singular * _x**2, _squares: _squares + _x**2},
        _gap * _x**2,
    )


LARGEST_GAIN = checked(
    "largest_gain",
    r"$|C^\top a|^2=\sum_j\sigma_j^2(q_j\cdot a)^2\le\sigma_1^2|a|^2$: no direction gains more"
    " than the first one.",
    method="induction over the directions: one more adds (sigma_1^2 - sigma_j^2) x^2",
    check=nonnegative_by_induction,
    stated=_gains(1),
    wrong={"directions counted twice": _gains(2)},
    uses=("predictions", "singular system"),
)

_tail = sympy.Symbol("tail", real=True)
_slack_1, _slack_2 = sympy.symbols("s_1 s_2", nonnegative=True)


def _least(kept: Any) -> Inequality:
    """The tail against the error, if the largest gain is this."""
    total = _top**2 + _tail
    error = total - (kept - _slack_2) + _slack_1
    return Inequality(_tail, error, _slack_1 + _slack_2)


RANK_MAP = Proof(
    slug="linear_gaussian/rank_map",
    idea="For a given direction of the outputs the best rank-one map completes a square; no"
    " direction gains more than the largest squared singular value.",
    steps=(
        PREDICTIONS,
        RANK_ONE,
        SINGULAR_SYSTEM,
        COLUMN_ERROR,
        LEAST_ERROR,
        LARGEST_GAIN,
        checked(
            "rank_map",
            r"$\|W_TX-W_TABX\|_F^2\ge\|C\|_F^2-\sigma_1^2=\sum_{j>1}\sigma_j^2(W_TX)$.",
            method="adding the slacks",
            check=at_most,
            stated=_least(_top**2),
            wrong={
                "the singular value for its square": _least(_top),
                "twice the gain": _least(2 * _top**2),
            },
            uses=("singular system", "least_error", "largest_gain"),
        ),
    ),
)

# --- one map attains it ---------------------------------------------------------------------------

PROJECTED = assumed(
    "projections",
    r"$\Pi=\sum_{j\le\kappa}q_jq_j^\top$ is the projection of the outputs onto the first $\kappa$"
    " left singular vectors of $C=W_TX$, and $P_X=XX^+$.",
)

_W = sympy.Symbol("W", commutative=False)


def _kept_inputs(middle: Any) -> tuple[Any, Any]:
    """W P_X X and W X, with X = U S V^T in compact form, and P_X with this middle."""
    left, singular, right = sympy.symbols("U S V^T", commutative=False)
    projection = left * middle(singular) * left**-1
    return _W * projection * left * singular * right, _W * left * singular * right


INPUTS_KEPT = checked(
    "inputs_kept",
    r"$P_XX=XX^+X=X$, so that $W_TX-\Pi W_TP_XX=(I-\Pi)C$.",
    method="noncommuting symbols: X = U S V^T in compact form, X^+ = V S^-1 U^T, P_X = U U^T",
    check=equal,
    stated=_kept_inputs(lambda singular: singular * singular**-1),
    wrong={"a transpose in place of the pseudoinverse": _kept_inputs(lambda singular: singular**2)},
    uses=("projections",),
)

_norm = sympy.Symbol("F", real=True)
_factor, _sigma = sympy.symbols("alpha sigma", real=True)


def _sum_of_squares(cross: Any) -> Induction:
    """The squared norm of sum_j alpha_j sigma_j q_j z_j^T, a new term having this product."""
    added = 2 * cross + (_factor * _sigma) ** 2
    return Induction(
        _norm - _squares,
        {_norm: 0, _squares: 0},
        {_norm: _norm + added, _squares: _squares + _factor**2 * _sigma**2},
    )


ORTHOGONAL_SUM = checked(
    "orthogonal_sum",
    r"$\|\sum_j\alpha_j\sigma_jq_jz_j^\top\|_F^2=\sum_j\alpha_j^2\sigma_j^2$: different terms are"
    r" orthogonal, and each has the norm of its coefficient.",
    method="induction over the terms",
    check=holds_by_induction,
    stated=_sum_of_squares(0),
    wrong={"terms that overlap": _sum_of_squares(_factor * _sigma)},
    uses=("singular system",),
)


def _lost(eigenvalue: Any) -> list[tuple[Any, Any]]:
    """What I - Pi leaves of a direction's energy, kept or not, from its eigenvalue on it."""
    return [(eigenvalue(kept) ** 2 * _sigma**2, 0 if kept else _sigma**2) for kept in (True, False)]


RANK_MAP_ATTAINED = Proof(
    slug="linear_gaussian/rank_map_attained",
    idea="Projecting the outputs onto the first singular directions leaves the others, and nothing"
    " else; the claim's $\\kappa=1$ is a case.",
    steps=(
        PREDICTIONS,
        SINGULAR_SYSTEM,
        PROJECTED,
        INPUTS_KEPT,
        ORTHOGONAL_SUM,
        checked(
            "rank_map_attained",
            r"$\|(I-\Pi)C\|_F^2=\sum_{j>\kappa}\sigma_j^2$, for every $\kappa$: $I-\Pi$ has the"
            r" eigenvalue $0$ on the $q_j$ that are kept and $1$ on the others.",
            method="a direction that is kept, and one that is not",
            check=all_equal,
            stated=_lost(lambda kept: 0 if kept else 1),
            wrong={
                "the directions that are kept": _lost(lambda kept: 1 if kept else 0),
                "the first directions subtracted twice": _lost(lambda kept: -1 if kept else 1),
            },
            uses=("projections", "inputs_kept", "orthogonal_sum"),
        ),
    ),
)

# --- the price does not grow with the rank --------------------------------------------------------

_u = sympy.Symbol("u", real=True)


def _projected_norm(kept: Any) -> Induction:
    """Norms of Pi A and A over a basis of the outputs, the new direction being kept or not."""
    lost, total, part = sympy.symbols("L N P", real=True)
    return Induction(
        lost - (total - part),
        dict.fromkeys((lost, total, part), 0),
        {lost: lost + (1 - kept) ** 2 * _u**2, total: total + _u**2, part: part + kept * _u**2},
    )


LOST_ENERGY = checked(
    "lost_energy",
    r"$\|(I-\Pi_\kappa)A\|_F^2=\sum_{j>\kappa}|q_j^\top A|^2$ for every $A$, here $A=W_TP_X$: the"
    r" $q_j$ are a basis, and those that are kept do not count.",
    method="induction over the basis, for a direction that is kept and one that is not",
    check=lambda claims: all(holds_by_induction(claim) for claim in claims),
    stated=(_projected_norm(0), _projected_norm(1)),
    wrong={"a direction that is half kept": (_projected_norm(sympy.Rational(1, 2)),)},
    uses=("singular system", "projections"),
)


def _one_more(tail_sign: int) -> Inequality:
    """Apx with one direction more against apx without, when its energies have these signs."""
    lost, tail = sympy.symbols("L T", nonnegative=True)
    price = (lam * (lost + _u**2) + beta / nu**2 * (tail + tail_sign * _sigma**2)) / 2
    kept = (lam * lost + beta / nu**2 * tail) / 2
    return Inequality(kept, price, (lam * _u**2 + beta / nu**2 * _sigma**2) / 2)


APX_MONOTONE_IN_RANK = Proof(
    slug="linear_gaussian/apx_monotone_in_rank",
    idea="A direction that is kept takes two nonnegative energies out of the price.",
    steps=(
        PREDICTIONS,
        SINGULAR_SYSTEM,
        PROJECTED,
        LOST_ENERGY,
        checked(
            "apx_monotone_in_rank",
            r"$\mathrm{apx}_\kappa-\mathrm{apx}_{\kappa+1}=\frac12[\lambda|q^\top"
            r" W_TP_X|^2+\frac\beta{\nu^2}\sigma^2]\ge0$ with $q=q_{\kappa+1}$,"
            r" $\sigma=\sigma_{\kappa+1}$, for"
            r" $\mathrm{apx}_\kappa=\frac12[\lambda\|(I-\Pi_\kappa)W_TP_X\|^2+\frac\beta{\nu^2}"
            r"\sum_{j>\kappa}\sigma_j^2]$; in particular $\mathrm{apx}_1\le\mathrm{apx}_0$.",
            method="the sign of the difference is manifest",
            check=at_most,
            stated=_one_more(1),
            wrong={"a tail that grows with the rank": _one_more(-1)},
            uses=("lost_energy",),
        ),
    ),
)
