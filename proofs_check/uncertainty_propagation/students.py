r"""Least-squares students: how their predictions vary from one set of responses to the next.

A prediction is a fixed combination of responses, $x^\top\hat\beta=a^\top\bar y$ with
$a=XG^{-1}x$ and $G=X^\top X$: its variance is that of a sum of uncorrelated terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from proofs_check.algebra import Induction, equal, expectation, holds_by_induction
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.common import VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked

RESPONSES = assumed(
    "responses",
    r"The teacher answers at the rows $x_i$ of a fixed $X$ of full column rank; answers at"
    r" different inputs are uncorrelated, $\mathbb V[y_i]=v_i$. The student answers"
    r" $x^\top\hat\beta=a^\top y$ with $a=XG^{-1}x$ and $G=X^\top X$.",
)
EQUAL_VARIANCES = assumed("equal variances", r"$v_i=\sigma^2$ for all $i$.")
AVERAGES = assumed(
    "averages",
    r"Every input is answered $k$ times, each answer with variance $v_i$, any two of them with the"
    r" correlation $\rho\in[0,1]$; the student is fitted to the means $\bar y_i$.",
)
INDEPENDENT_RESPONSES = assumed("independent responses", r"$\rho=0$.")

# --- a sum of uncorrelated terms ------------------------------------------------------------------

_term, _sum, _cross = sympy.symbols("t s c", real=True)
_square, _total, _a, _v = sympy.symbols("Q T a v", real=True)


def _uncorrelated(cross: Any) -> Induction:
    """The mean square of a sum of centred terms, when a new one has this mean with the others."""
    added = expectation(
        (_sum + _a * _term) ** 2,
        {_sum**2: _square, _sum * _term: cross, _term**2: _v},
        [_sum, _term],
    )
    step = {_square: added, _total: _total + _a**2 * _v}
    return Induction(_square - _total, {_square: 0, _total: 0}, step)


VARIANCE_OF_SUM = checked(
    "variance_of_sum",
    r"$\mathbb V[a^\top y]=\sum_ia_i^2v_i$ for any coefficients: uncorrelated terms have no cross"
    r" terms.",
    method="induction over the inputs",
    check=holds_by_induction,
    stated=_uncorrelated(sympy.Integer(0)),
    wrong={"answers that are correlated between inputs": _uncorrelated(_cross)},
    uses=("responses",),
)

# --- the design -----------------------------------------------------------------------------------

X, Xt, G, Gi, V, x, xt = matrices("X X' G G^-1 V x x'")

PROJECTION_RULES = {Xt * X: G, Gi * G: 1, G * Gi: 1}
"""What full column rank gives: G is invertible."""


def design() -> Mapping[Any, Any]:
    """Returns a design of three inputs and two features, a direction, and variances."""
    inputs = sympy.Matrix([[1, 0], [1, 2], [2, -1]])
    gram = inputs.T * inputs
    direction = sympy.Matrix([3, 1])
    return {
        X: inputs,
        Xt: inputs.T,
        G: gram,
        Gi: gram.inv(),
        V: sympy.diag(1, 2, 5),
        x: direction,
        xt: direction.T,
    }


def _squared_length(right: Any) -> MatrixIdentity:
    """What the squared length of the coefficients a = X G^-1 x is said to be."""
    return MatrixIdentity(xt * Gi * Xt * X * Gi * x, right, PROJECTION_RULES, design)


COVARIANCE = Proof(
    slug="uncertainty_propagation/covariance",
    idea="A prediction is a linear combination of the responses, whose coefficients have the"
    " squared length x' G^-1 x.",
    steps=(
        RESPONSES,
        EQUAL_VARIANCES,
        VARIANCE_OF_SUM,
        checked(
            "covariance",
            r"$\mathbb V[x^\top\hat\beta]=\sigma^2a^\top a$ and"
            r" $a^\top a=x^\top G^{-1}X^\top XG^{-1}x=x^\top(X^\top X)^{-1}x$.",
            method="rewriting products of matrices of any size",
            check=holds_for_matrices,
            stated=_squared_length(xt * Gi * x),
            wrong={
                "the inverse squared": _squared_length(xt * Gi * Gi * x),
                "without the inverse": _squared_length(xt * x),
            },
            uses=("responses", "equal variances", "variance_of_sum"),
        ),
    ),
)

_k, _rho = sympy.symbols("k rho", positive=True)


def _mean_of_responses(pairs: Any, factor: Any) -> tuple[Any, Any]:
    """The variance of a mean of k answers with so many correlated pairs, and what it is said."""
    return (_k * _v + pairs * _rho * _v) / _k**2, factor * _v


CORRELATED_MEAN = checked(
    "correlated_mean",
    r"$\mathbb V[\bar y_i]=\bigl(\rho+\frac{1-\rho}k\bigr)v_i$: of the $k^2$ ordered pairs of"
    r" answers $k$ have the covariance $v_i$, the others $\rho v_i$.",
    method="expanding, for every k",
    check=equal,
    stated=_mean_of_responses(_k * (_k - 1), _rho + (1 - _rho) / _k),
    wrong={
        "k^2 correlated pairs": _mean_of_responses(_k**2, _rho + (1 - _rho) / _k),
        "every pair once": _mean_of_responses(_k * (_k - 1) / 2, _rho + (1 - _rho) / _k),
    },
    uses=("averages",),
)

_share = sympy.Symbol("f", real=True)


def _scaled(single: Any) -> Induction:
    """The variance of a prediction from averages, against a share of that from single answers."""
    step = {_total: _total + _a**2 * _share * _v, _square: _square + single}
    return Induction(_total - _share * _square, {_total: 0, _square: 0}, step)


SCALED_VARIANCES = checked(
    "scaled_variances",
    r"If every variance is multiplied by $f$, so is $\sum_ia_i^2v_i$: the coefficients depend on"
    r" $X$ alone.",
    method="induction over the inputs",
    check=holds_by_induction,
    stated=_scaled(_a**2 * _v),
    wrong={"coefficients that are not squared": _scaled(_a * _v)},
    uses=("variance_of_sum",),
)

K_AVERAGED = Proof(
    slug="uncertainty_propagation/k_averaged",
    idea="Averaging divides every variance by k, and the prediction's with it.",
    steps=(
        RESPONSES,
        AVERAGES,
        INDEPENDENT_RESPONSES,
        VARIANCE_OF_MEAN,
        VARIANCE_OF_SUM,
        SCALED_VARIANCES,
        checked(
            "k_averaged",
            r"$\mathbb V[\bar y_i]=v_i/k$, so that $\mathbb V[x^\top\hat\beta_k]=\frac1k\mathbb"
            r" V[x^\top\hat\beta_1]$: uncorrelated answers are the case $\rho=0$.",
            method="the share at correlation zero",
            check=equal,
            stated=((_rho + (1 - _rho) / _k).subs(_rho, 0), 1 / _k),
            wrong={"answers that agree": ((_rho + (1 - _rho) / _k).subs(_rho, 1), 1 / _k)},
            uses=("averages", "independent responses", "variance_of_mean", "scaled_variances"),
        ),
    ),
)

CORRELATED_FLOOR = Proof(
    slug="uncertainty_propagation/correlated_floor",
    idea="Averages of correlated answers keep the share of the variance that all answers have in"
    " common.",
    steps=(
        RESPONSES,
        AVERAGES,
        VARIANCE_OF_SUM,
        SCALED_VARIANCES,
        CORRELATED_MEAN,
        checked(
            "correlated_floor",
            r"$\mathbb V[x^\top\hat\beta_k]=(\rho+\frac{1-\rho}k)\mathbb V[x^\top\hat\beta_1]$,"
            r" which falls to $\rho\,\mathbb V[x^\top\hat\beta_1]$ as $k\to\infty$, and no"
            r" further.",
            method="limit of the share",
            check=lambda pair: equal((sympy.limit(pair[0], _k, sympy.oo), pair[1])),
            stated=(_rho + (1 - _rho) / _k, _rho),
            wrong={
                "no floor": (_rho + (1 - _rho) / _k, sympy.Integer(0)),
                "answers without a common part": ((1 - _rho) / _k, _rho),
            },
            uses=("scaled_variances", "correlated_mean"),
        ),
    ),
)


def _sandwich(right: Any) -> MatrixIdentity:
    """What a' V a is said to be, with the coefficients a = X G^-1 x."""
    return MatrixIdentity((xt * Gi * Xt) * V * (X * Gi * x), right, PROJECTION_RULES, design)


HETEROSCEDASTIC = Proof(
    slug="uncertainty_propagation/heteroscedastic",
    idea="With unequal variances the middle of a' V a no longer cancels.",
    steps=(
        RESPONSES,
        VARIANCE_OF_SUM,
        checked(
            "heteroscedastic",
            r"$\mathbb V[x^\top\hat\beta]=a^\top Va=x^\top G^{-1}(X^\top VX)G^{-1}x$ with"
            r" $V=\mathrm{diag}(v)$.",
            method="rewriting products of matrices of any size",
            check=holds_for_matrices,
            stated=_sandwich(xt * Gi * (Xt * V * X) * Gi * x),
            wrong={
                "the middle left out": _sandwich(xt * Gi * x),
                "one inverse only": _sandwich(xt * Gi * (Xt * V * X) * x),
            },
            uses=("responses", "variance_of_sum"),
        ),
    ),
)

# --- weighting by precision -----------------------------------------------------------------------

Vi, W, Wi, b, bt = matrices("V^-1 W W^-1 b b'")
_WEIGHTED_RULES = {
    Vi * V: 1,
    V * Vi: 1,
    Xt * Vi * X: W,
    Wi * W: 1,
    W * Wi: 1,
    bt * X: xt,
    Xt * b: x,
}


def _weighted_design() -> Mapping[Any, Any]:
    """The design above, its weighted Gram matrix, and coefficients with b' X = x'."""
    known = dict(design())
    inputs, inverse = known[X], known[V].inv()
    weighted = inputs.T * inverse * inputs
    # Least squares reach x; (4, -5, -2) + ... is orthogonal to both columns and changes nothing.
    orthogonal = sympy.Matrix(inputs.T.nullspace()[0])
    coefficients = inputs * known[Gi] * known[x] + orthogonal
    return {
        **known,
        Vi: inverse,
        W: weighted,
        Wi: weighted.inv(),
        b: coefficients,
        bt: coefficients.T,
    }


def _excess(best: Any, best_transposed: Any) -> MatrixIdentity:
    """The variance of b'y beyond x' W^-1 x, against the square of what b differs by."""
    return MatrixIdentity(
        bt * V * b - xt * Wi * x,
        (bt - best_transposed) * V * (b - best),
        _WEIGHTED_RULES,
        _weighted_design,
    )


WEIGHTED_IS_BEST = Proof(
    slug="uncertainty_propagation/weighted_is_best",
    idea="The coefficients of any other unbiased student differ from those of the weighted fit by a"
    " vector that is orthogonal to them, in the metric of the variances (Aitken).",
    steps=(
        RESPONSES,
        VARIANCE_OF_SUM,
        checked(
            "weighted_is_best",
            r"With $W=X^\top V^{-1}X$ and $b^\top X=x^\top$:"
            r" $b^\top Vb-x^\top W^{-1}x=(b-a)^\top V(b-a)\ge0$ for $a=V^{-1}XW^{-1}x$, a sum of"
            r" squares with the weights $v_i\ge0$.",
            method="rewriting products of matrices of any size",
            check=holds_for_matrices,
            stated=_excess(Vi * X * Wi * x, xt * Wi * Xt * Vi),
            wrong={
                "the unweighted fit": _excess(X * Gi * x, xt * Gi * Xt),
                "weights by variance": _excess(V * X * Wi * x, xt * Wi * Xt * V),
            },
            uses=("responses", "variance_of_sum"),
        ),
    ),
)
