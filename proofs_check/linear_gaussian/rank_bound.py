r"""The expected tail of singular values is at most the tail of the expected Gram matrix.

A sum of smallest eigenvalues is the least trace over projections: a minimum of linear functions of
the matrix, whose mean is at most the minimum of the means.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    expectation,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.records import Proof, assumed, checked, cited

GAUSSIAN_MATRIX = assumed(
    "random matrix",
    r"$A=M+Z$ ($k\times r$), the entries of $Z$ independent of mean zero, with variance $V_i\ge0$"
    r" in column $i$; $V=\operatorname{diag}(V_i)$.",
)

_gram, _means, _noise = sympy.symbols("G B T", real=True)
_ma, _mb, _za, _zb = sympy.symbols("m_a m_b z_a z_b", real=True)
_variance = sympy.Symbol("V_i", nonnegative=True)


def _entry(same: int, added: Any) -> Induction:
    """An entry of E A A^T over directions (or of E A^T A over outputs), on the diagonal or not."""
    moments = {_za: 0, _zb: 0, _za * _zb: same * _variance}
    product = expectation((_ma + _za) * (_mb + _zb), moments, [_za, _zb])
    return Induction(
        _gram - _means - _noise,
        dict.fromkeys((_gram, _means, _noise), 0),
        {_gram: _gram + product, _means: _means + _ma * _mb, _noise: _noise + added},
    )


GRAM_MEANS = checked(
    "gram_means",
    r"$E\,AA^\top=MM^\top+\operatorname{tr}(V)I$ and $E\,A^\top A=M^\top M+kV$: a sum of products"
    " of entries gains their variances on the diagonal, and nothing beside it.",
    method="induction over the terms of an entry, on the diagonal and beside it",
    check=lambda claims: all(holds_by_induction(_entry(*claim)) for claim in claims),
    stated=((1, _variance), (0, 0)),
    wrong={
        "variances beside the diagonal": ((1, _variance), (0, _variance)),
        "a standard deviation": ((1, sympy.sqrt(_variance)), (0, 0)),
    },
    uses=("random matrix",),
)

EIGENVECTORS = cited(
    "eigenvectors",
    "A symmetric $G$ of order $K$ has an orthonormal basis $q_j$ of eigenvectors,"
    r" $\lambda_1\ge\lambda_2\ge\dots$; for an orthogonal projection $P$ of rank $K-\kappa$ the"
    r" numbers $p_j=|Pq_j|^2\in[0,1]$ have the sum $K-\kappa$. The Gram matrices $AA^\top$ and"
    r" $A^\top A$ have the eigenvalues $\sigma_j^2(A)$, and zeros.",
    "spectral theorem and singular value decomposition: Golub and Van Loan, Matrix Computations,"
    " 4th ed., Theorems 8.1.1 and 2.4.1",
)

_excess, _count = sympy.symbols("X N", real=True)
_level = sympy.Symbol("lambda", real=True)
_distance, _weight, _rest = sympy.symbols("delta p u", nonnegative=True)


def _kept(eigenvalue: Any) -> Induction:
    """Tr P G less a level times p, when a large eigenvalue enters with the weight p."""
    return Induction(
        _excess - _level * _count,
        {_excess: 0, _count: 0},
        {_excess: _excess + eigenvalue * _weight, _count: _count + _weight},
        _distance * _weight,
    )


def _lost(eigenvalue: Any) -> Induction:
    """The same minus the eigenvalue and the level, when a small one enters with 1 - u."""
    return Induction(
        _excess - _level * _count,
        {_excess: 0, _count: 0},
        {_excess: _excess + eigenvalue * (1 - _rest) - eigenvalue, _count: _count - _rest},
        _distance * _rest,
    )


LEAST_TRACE = checked(
    "least_trace",
    r"$\operatorname{tr}PG=\sum_j\lambda_jp_j\ge\sum_{j>\kappa}\lambda_j(G)$ for every $P$ of rank"
    r" $K-\kappa$, with equality for the projection onto the last eigenvectors: with a level"
    r" $\lambda$ between $\lambda_\kappa$ and $\lambda_{\kappa+1}$ the difference is"
    r" $\sum_{j\le\kappa}(\lambda_j-\lambda)p_j+\sum_{j>\kappa}(\lambda-\lambda_j)(1-p_j)$, as the"
    r" weights of $\lambda$ cancel.",
    method="induction over the eigenvalues, above the level and below it",
    check=lambda signs: (
        nonnegative_by_induction(_kept(_level + signs[0] * _distance))
        and nonnegative_by_induction(_lost(_level - signs[1] * _distance))
    ),
    stated=(1, 1),
    wrong={
        "the largest eigenvalues as the tail": (-1, -1),
        "eigenvalues that are not ordered": (1, -1),
    },
    uses=("eigenvectors",),
)

_trace, _pij, _gij, _gmean, _entries = sympy.symbols("tr p_ij G_ij g_ij t", real=True)


def _mean_trace(mean: Any) -> Induction:
    """The mean of tr P G over pairs of indices, when an entry has this mean."""
    added = expectation(_pij * _gij, {_gij: mean}, [_gij])
    return Induction(
        _trace - _entries,
        {_trace: 0, _entries: 0},
        {_trace: _trace + added, _entries: _entries + _pij * _gmean},
    )


LINEAR = checked(
    "linear",
    r"$E\operatorname{tr}PG=\operatorname{tr}P\,EG$ for a fixed $P$: a trace is linear in the"
    " entries.",
    method="induction over the entries",
    check=lambda mean: holds_by_induction(_mean_trace(mean)),
    stated=_gmean,
    wrong={"the mean of a square": _gmean**2},
    uses=("random matrix",),
)

_tail_of_mean = sympy.Symbol("T", real=True)
_slack, _other = sympy.symbols("s u", nonnegative=True)


def _mean_tail(trace: Any) -> Inequality:
    """The mean tail, a mean trace less a mean slack, against the tail of the mean."""
    return Inequality(trace - _slack, _tail_of_mean, _slack)


EXPECTED_TAIL_BOUND = Proof(
    slug="linear_gaussian/expected_tail_bound",
    idea="A sum of smallest eigenvalues is a minimum of linear functions, hence concave.",
    steps=(
        GAUSSIAN_MATRIX,
        GRAM_MEANS,
        EIGENVECTORS,
        LEAST_TRACE,
        LINEAR,
        checked(
            "expected_tail_bound",
            r"$E\sum_{j>\kappa}\sigma_j^2(A)\le\min\{\sum_{j>\kappa}\lambda_j(MM^\top+"
            r"\operatorname{tr}(V)I),\sum_{j>\kappa}\lambda_j(M^\top M+kV)\}$: for either Gram"
            r" matrix $G$ take the $P$ that is best for $EG$; then $\operatorname{tr}PG$ exceeds"
            r" the tail of $G$ by $s\ge0$, and its mean is the tail of $EG$.",
            method="the slack is the mean of nonnegative ones",
            check=at_most,
            stated=_mean_tail(_tail_of_mean),
            wrong={
                "a projection that is not best for the mean": _mean_tail(_tail_of_mean + _other)
            },
            uses=("gram_means", "least_trace", "linear"),
        ),
    ),
)
