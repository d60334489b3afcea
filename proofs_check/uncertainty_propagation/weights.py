r"""Combining estimates: which weights are best, and what they cost when variances are estimated.

The variance of a combination exceeds the smallest one by a square of what its weights differ by.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import equal
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.records import Proof, assumed, checked, refuted

ESTIMATES = assumed(
    "estimates",
    r"$t_1,\dots,t_m$ are unbiased estimates of the same number, with the covariance matrix $C$,"
    r" positive definite; they are combined with weights of sum one.",
)
UNCORRELATED = assumed("uncorrelated", r"The estimates are uncorrelated: $C=\mathrm{diag}(v)$.")
KNOWN = assumed("known variances", r"The weights are computed from the true variances $v_i>0$.")

# --- uncorrelated estimates -----------------------------------------------------------------------

_w, _v, _sum = sympy.symbols("w v S", positive=True)


def _factors(first: Any, second: Any) -> tuple[Any, Any]:
    """The product of both sequences that Cauchy and Schwarz are given, and a weight."""
    return first * second, _w


BELOW = checked(
    "smallest_variance",
    r"$1=(\sum_iw_i)^2\le\sum_iw_i^2v_i\sum_i\frac1{v_i}$: Cauchy-Schwarz for $w_i\sqrt{v_i}$ and"
    r" $1/\sqrt{v_i}$, whose products are the weights.",
    method="multiplying, term by term; any number of estimates",
    check=equal,
    stated=_factors(_w * sympy.sqrt(_v), 1 / sympy.sqrt(_v)),
    wrong={
        "variances for standard deviations": _factors(_w * _v, 1 / sympy.sqrt(_v)),
        "no weights": _factors(sympy.sqrt(_v), 1 / sympy.sqrt(_v)),
    },
    uses=("estimates", "uncorrelated", "cauchy_schwarz"),
)


def _attained(weight: Any) -> tuple[Any, Any]:
    """An estimate's share of the variance with this weight, and the share of 1 / S it should be."""
    return weight**2 * _v, (1 / _v) / _sum**2


INVERSE_VARIANCE = Proof(
    slug="uncertainty_propagation/inverse_variance",
    idea="Cauchy and Schwarz bound every variance from below, and inverse variances attain it.",
    steps=(
        ESTIMATES,
        UNCORRELATED,
        KNOWN,
        CAUCHY_SCHWARZ,
        BELOW,
        checked(
            "inverse_variance",
            r"With $w_i=\frac{1/v_i}S$, $S=\sum_j1/v_j$, the variance is $\sum_iw_i^2v_i"
            r"=\sum_i\frac{1/v_i}{S^2}=\frac1S$, the lower bound for all weights.",
            method="expanding, term by term",
            check=equal,
            stated=_attained((1 / _v) / _sum),
            wrong={
                "inverse standard deviations": _attained((1 / sympy.sqrt(_v)) / _sum),
                "equal weights": _attained(1 / _sum),
            },
            uses=("known variances", "smallest_variance"),
        ),
    ),
)

_HALF = Fraction(1, 2)


def _naive_is_best(covariance: Fraction) -> bool:
    """Whether, for variances 1 and 1/2 and this covariance, inverse variances beat (0, 1)."""
    first, second = Fraction(1), _HALF
    weight = (1 / first) / (1 / first + 1 / second)
    rest = 1 - weight
    naive = weight**2 * first + rest**2 * second + 2 * weight * rest * covariance
    return naive <= second


INVERSE_VARIANCE_PRINTED = Proof(
    slug="uncertainty_propagation/inverse_variance_printed",
    idea="The bound is for uncorrelated estimates; a student's prediction is correlated with the"
    " responses that it was trained on.",
    steps=(
        ESTIMATES,
        refuted(
            "any_estimates",
            r"Weights in proportion to $1/v_i$ are the best whatever the correlation: for a"
            r" response of variance $1$ and the mean of two such responses, of which it is one, it"
            r" would be $\frac59\le\frac12$.",
            method="variances 1 and 1/2 with the covariance 1/2, in exact rationals",
            check=_naive_is_best,
            stated=_HALF,
            mended={"uncorrelated estimates": Fraction(0)},
            uses=("estimates",),
        ),
    ),
)

# --- correlated estimates -------------------------------------------------------------------------

C, Ci, w, wt, o, ot = matrices("C C^-1 w w' 1 1'")
_precision = sympy.Symbol("s", positive=True)
_RULES = {C * Ci: 1, Ci * C: 1, ot * w: 1, wt * o: 1, ot * Ci * o: _precision}


def _three_estimates() -> Mapping[Any, Any]:
    covariance = sympy.Matrix([[2, 1, 0], [1, 3, 1], [0, 1, 4]])
    ones, weights = sympy.ones(3, 1), sympy.Matrix([2, -3, 2])
    inverse = covariance.inv()
    return {
        C: covariance,
        Ci: inverse,
        o: ones,
        ot: ones.T,
        w: weights,
        wt: weights.T,
        _precision: (ones.T * inverse * ones)[0],
    }


def _excess(best: Any, transposed: Any) -> MatrixIdentity:
    """The variance beyond 1 / s, against the square of what the weights differ by."""
    excess = wt * C * w - 1 / _precision
    return MatrixIdentity(excess, (wt - transposed) * C * (w - best), _RULES, _three_estimates)


CORRELATED_WEIGHTS = Proof(
    slug="uncertainty_propagation/correlated_weights",
    idea="Weights of sum one differ from the best ones by a vector that is orthogonal to them in"
    " the metric of the covariance.",
    steps=(
        ESTIMATES,
        checked(
            "correlated_weights",
            r"With $s=1^\top C^{-1}1$ and $w^*=C^{-1}1/s$: $w^\top Cw-\frac1s=(w-w^*)^\top"
            r" C(w-w^*)\ge0$ for all $w$ with $1^\top w=1$, and zero for $w=w^*$, whose sum is"
            r" one.",
            method="rewriting products of matrices of any size",
            check=holds_for_matrices,
            stated=_excess(Ci * o / _precision, ot * Ci / _precision),
            wrong={
                "not divided by their sum": _excess(Ci * o, ot * Ci),
                "weights in proportion to covariances": _excess(
                    C * o / _precision, ot * C / _precision
                ),
            },
            uses=("estimates",),
        ),
    ),
)

# --- vectors --------------------------------------------------------------------------------------

Vs, D, Di, Vti, Vsi, W, Wt = matrices("V_s D D^-1 V_t^-1 V_s^-1 W W'")
_Vt = D - Vs
_VECTOR_RULES = {
    D * Di: 1,
    Di * D: 1,
    Vs * Vsi: 1,
    Vsi * Vs: 1,
    Di * Vs * Vti: Vti - Di,  # D = V_t + V_s, times the inverse of V_t
}


def _two_vectors() -> Mapping[Any, Any]:
    teacher = sympy.Matrix([[2, 1], [1, 3]])
    student = sympy.Matrix([[1, -1], [-1, 4]])
    weight = sympy.Matrix([[1, 2], [0, -1]])
    both = teacher + student
    return {
        Vs: student,
        Vsi: student.inv(),
        Vti: teacher.inv(),
        D: both,
        Di: both.inv(),
        W: weight,
        Wt: weight.T,
    }


def _parallel(harmonic: Any) -> MatrixIdentity:
    """The harmonic sum times the sum of the inverses."""
    return MatrixIdentity(harmonic * (Vti + Vsi), 1, _VECTOR_RULES, _two_vectors)


def _vector_excess(best: Any, transposed: Any) -> MatrixIdentity:
    """The covariance with weights W beyond the harmonic sum, against a square."""
    combined = W * _Vt * Wt + (1 - W) * Vs * (1 - Wt)
    square = (W - best) * D * (Wt - transposed)
    return MatrixIdentity(combined - Vs * Di * _Vt, square, _VECTOR_RULES, _two_vectors)


INVERSE_VARIANCE_MATRIX = Proof(
    slug="uncertainty_propagation/inverse_variance_matrix",
    idea="The excess over the harmonic sum of covariances is a congruence of V_t + V_s.",
    steps=(
        assumed(
            "vector estimates",
            r"$t$ and $s$ are unbiased estimates of the same vector with positive definite"
            r" covariances $V_t$ and $V_s$; $D=V_t+V_s$; they are combined as $Wt+(I-W)s$.",
        ),
        assumed("uncorrelated", r"$\mathrm{Cov}(t,s)=0$."),
        checked(
            "harmonic_sum",
            r"$(V_t^{-1}+V_s^{-1})^{-1}=V_sD^{-1}V_t$.",
            method="multiplying the matrix by its inverse, for any size",
            check=holds_for_matrices,
            stated=_parallel(Vs * Di * _Vt),
            wrong={
                "without the inverse": _parallel(Vs * _Vt),
                "half of the sum": _parallel(D / 2),
            },
            uses=("vector estimates",),
        ),
        checked(
            "inverse_variance_matrix",
            r"$WV_tW^\top+(I-W)V_s(I-W)^\top-V_sD^{-1}V_t=(W-W^*)D(W-W^*)^\top\succeq0$ with"
            r" $W^*=V_sD^{-1}$: a congruence of a positive definite matrix.",
            method="rewriting products of matrices of any size",
            check=holds_for_matrices,
            stated=_vector_excess(Vs * Di, Di * Vs),
            wrong={
                "the weight of the other estimate": _vector_excess(1 - Vs * Di, 1 - Di * Vs),
                "factors exchanged": _vector_excess(Di * Vs, Vs * Di),
            },
            uses=("uncorrelated", "harmonic_sum"),
        ),
    ),
)
