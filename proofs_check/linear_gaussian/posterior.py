r"""The Gibbs posterior and the divergence of matrix normals.

The posterior is found by completing a square, an identity between $k\times k$ matrices that needs
no coordinates: it is checked on noncommutative symbols, for matrices of any size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    all_equal,
    equal,
    holds_by_induction,
    manifestly_positive,
)
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.linear_gaussian.directions import GAUSSIAN_DIVERGENCE, QUADRATIC_FORM
from proofs_check.records import Proof, assumed, checked, cited

lam, nu, norm = sympy.symbols("lambda nu N", positive=True)
beta, image = sympy.symbols("beta Q", nonnegative=True)
pull = beta / nu**2

W, Wt, X, Xt, Y, Yt, M, Mt, P, S = matrices("W W^T X X^T Y Y^T M M^T P Sigma")

# --- matrices and their vectors -------------------------------------------------------------------


def _entry(name: str, row: str, column: str) -> Any:
    return sympy.Symbol(f"{name}_{row}{column}", real=True)


def _transposed(name: str, row: str, column: str) -> Any:
    return _entry(name, column, row)


def _form(last: Any) -> list[tuple[Any, Any]]:
    """A term of vec(A)'(V x U)vec(B), and of tr(A'UBV') with this entry of its last factor."""
    kronecker = _entry("V", "j", "l") * _entry("U", "i", "k")
    form = _entry("A", "i", "j") * kronecker * _entry("B", "k", "l")
    chain = _transposed("A", "j", "i") * _entry("U", "i", "k") * _entry("B", "k", "l")
    return [(form, chain * last("V", "l", "j"))]


VECTORISED_FORM = checked(
    "vectorised_form",
    r"$\operatorname{vec}(A)^\top(V\otimes U)\operatorname{vec}(B)"
    r"=\sum_{ijkl}A_{ij}V_{jl}U_{ik}B_{kl}=\operatorname{tr}(A^\top UBV^\top)$, where"
    r" $\mathrm{vec}$ stacks columns.",
    method="term by term, the indices being symbols, for matrices of any size",
    check=all_equal,
    stated=_form(_transposed),
    wrong={"V in place of its transpose": _form(_entry)},
)


def _product(inner: tuple[str, str]) -> list[tuple[Any, Any]]:
    """A term of (V x U)(V' x U') and of VV' x UU', summed over these two indices."""
    left = _entry("V", "j", "p") * _entry("U", "i", "o")
    left = left * _entry("V'", "p", "l") * _entry("U'", "o", "k")
    columns = _entry("V", "j", inner[0]) * _entry("V'", inner[0], "l")
    rows = _entry("U", "i", inner[1]) * _entry("U'", inner[1], "k")
    return [(left, columns * rows)]


KRONECKER_PRODUCT = checked(
    "kronecker_product",
    r"$(V\otimes U)(V'\otimes U')=VV'\otimes UU'$, hence $(V\otimes U)^{-1}=V^{-1}\otimes U^{-1}$;"
    r" $\operatorname{tr}(V\otimes U)=\sum_{ij}V_{jj}U_{ii}"
    r"=\operatorname{tr}V\operatorname{tr}U$.",
    method="term by term, the indices being symbols, for matrices of any size",
    check=all_equal,
    stated=_product(("p", "o")),
    wrong={"rows and columns exchanged": _product(("o", "p"))},
)

# --- the Gibbs posterior --------------------------------------------------------------------------

GIBBS = assumed(
    "gibbs",
    r"$X$ is $d\times n$, $Y$ is $k\times n$, $\lambda>0$, $\nu>0$, $\beta\ge0$; the Gibbs teacher"
    r" has a density in $W$ proportional to $\exp(-\frac\lambda2\|W\|^2"
    r"-\frac\beta{2\nu^2}\|Y-WX\|^2)$, with $\|A\|^2=\operatorname{tr}AA^\top$.",
)
MATRIX_NORMAL = assumed(
    "matrix_normal",
    r"$A\sim\mathrm{MN}(M,U,V)$ means $\operatorname{vec}A\sim N(\operatorname{vec}M,V\otimes U)$,"
    r" for positive definite $U$ and $V$.",
)


def _instance() -> Mapping[Any, Any]:
    """Two outputs, two features, three samples."""
    inputs = sympy.Matrix([[1, 2, 0], [-1, 1, 3]])
    labels = sympy.Matrix([[1, 0, 2], [3, -1, 1]])
    weights = sympy.Matrix([[2, 1], [-1, 4]])
    numbers = {lam: sympy.Integer(3), beta: sympy.Integer(2), nu: sympy.Integer(2)}
    precision = 3 * sympy.eye(2) + inputs * inputs.T / 2
    covariance = precision.inv()
    average = labels * inputs.T * covariance / 2
    return {
        W: weights,
        Wt: weights.T,
        X: inputs,
        Xt: inputs.T,
        Y: labels,
        Yt: labels.T,
        M: average,
        Mt: average.T,
        P: precision,
        S: covariance,
        **numbers,
    }


def _normal_equation(average: Any) -> MatrixIdentity:
    """Whether a mean solves the normal equation."""
    return MatrixIdentity(average * P, pull * Y * Xt, {S * P: 1, P * S: 1}, _instance)


# Of the posterior mean only the normal equation and its transpose are used.
_NORMAL = {M * P: pull * Y * Xt, P * Mt: pull * X * Yt, P: lam + pull * X * Xt}


def _exponent(prior: Any, likelihood: Any) -> Any:
    """Minus twice the exponent of the Gibbs teacher, before its trace."""
    return prior * W * Wt + likelihood * (Y - W * X) * (Yt - Xt * Wt)


def _square(left: Any, right: Any) -> Any:
    return (W - left) * P * (Wt - right)


_REST = pull * Y * Yt - M * P * Mt


def _completed(square: Any, rest: Any) -> MatrixIdentity:
    return MatrixIdentity(_exponent(lam, pull), square + rest, _NORMAL, _instance)


def _without_weights(exponent: Any, square: Any) -> MatrixIdentity:
    """Whether the difference of two exponents is the same at W and at zero."""
    difference = square - exponent
    return MatrixIdentity(difference, difference.subs({W: 0, Wt: 0}), _NORMAL, _instance)


_HALF = sympy.Rational(1, 2)

GIBBS_POSTERIOR = Proof(
    slug="linear_gaussian/gibbs_posterior",
    idea="The exponent is quadratic in W: complete the square, and read off covariance and mean.",
    steps=(
        GIBBS,
        MATRIX_NORMAL,
        checked(
            "precision",
            r"$P=\lambda I+\frac\beta{\nu^2}XX^\top$ is positive definite:"
            r" $x^\top Px=\lambda|x|^2+\frac\beta{\nu^2}|X^\top x|^2>0$ for $x\ne0$. So"
            r" $\Sigma_T=P^{-1}$ exists, whatever the rank of $X$.",
            method="the sign is manifest, for |x|^2 > 0 and |X^T x|^2 >= 0",
            check=manifestly_positive,
            stated=lam * norm + pull * image,
            wrong={
                "without the prior": pull * image,
                "a likelihood of the wrong sign": -lam * norm + pull * image,
            },
            uses=("gibbs",),
        ),
        checked(
            "normal_equation",
            r"$\bar W=\frac\beta{\nu^2}YX^\top\Sigma_T$ solves $\bar WP=\frac\beta{\nu^2}YX^\top$.",
            method="rewriting noncommutative symbols with Sigma P = I, for matrices of any size",
            check=holds_for_matrices,
            stated=_normal_equation(pull * Y * Xt * S),
            wrong={
                "the covariance squared": _normal_equation(pull * Y * Xt * S * S),
                "without the temperature": _normal_equation(Y * Xt * S / nu**2),
                "without the covariance": _normal_equation(pull * Y * Xt),
            },
            uses=("precision",),
        ),
        checked(
            "completed_square",
            r"$\lambda WW^\top+\frac\beta{\nu^2}(Y-WX)(Y-WX)^\top"
            r"=(W-\bar W)P(W-\bar W)^\top+\frac\beta{\nu^2}YY^\top-\bar WP\bar W^\top$.",
            method="expanding noncommutative symbols, with the normal equation and its transpose",
            check=holds_for_matrices,
            stated=_completed(_square(M, Mt), _REST),
            wrong={
                "the mean's sign": _completed(_square(-M, -Mt), _REST),
                "the rest added": _completed(_square(M, Mt), pull * Y * Yt + M * P * Mt),
                "half of the mean": _completed(_square(M / 2, Mt / 2), _REST),
            },
            uses=("gibbs", "normal_equation"),
        ),
        VECTORISED_FORM,
        KRONECKER_PRODUCT,
        checked(
            "gibbs_posterior",
            r"The density of $\mathrm{MN}(\bar W,I,\Sigma_T)$ has the exponent"
            r" $-\frac12\operatorname{vec}(W-\bar W)^\top(\Sigma_T\otimes I)^{-1}"
            r"\operatorname{vec}(W-\bar W)=-\frac12\operatorname{tr}(W-\bar W)P(W-\bar W)^\top$. By"
            r" the completed square, under the trace, it differs from the teacher's by a term"
            r" without $W$: the densities are proportional, and as both integrate to one the"
            r" teacher is $\mathrm{MN}(\bar W,I,\Sigma_T)$.",
            method="the difference of the exponents is the same at W and at zero, before the trace",
            check=holds_for_matrices,
            stated=_without_weights(_HALF * _exponent(lam, pull), _HALF * _square(M, Mt)),
            wrong={
                "an exponent without its half": _without_weights(
                    _HALF * _exponent(lam, pull), _square(M, Mt)
                ),
                "a prior of twice the precision": _without_weights(
                    _HALF * _exponent(2 * lam, pull), _HALF * _square(M, Mt)
                ),
                "a mean of zero": _without_weights(
                    _HALF * _exponent(lam, pull), _HALF * W * P * Wt
                ),
            },
            uses=(
                "gibbs",
                "matrix_normal",
                "completed_square",
                "vectorised_form",
                "kronecker_product",
            ),
        ),
    ),
)

# --- the divergence of matrix normals -------------------------------------------------------------

_columns, _rows, _log_v, _log_u, _log_all = sympy.symbols("m k l_V l_U l", real=True)
_new_log = sympy.Symbol("l_j", real=True)


def _log_determinant(added: Any) -> Induction:
    """The sum of log(v_j u_i) over i and j, when one more column adds so much."""
    step = {_columns: _columns + 1, _log_v: _log_v + _new_log, _log_all: _log_all + added}
    return Induction(
        _log_all - _rows * _log_v - _columns * _log_u,
        dict.fromkeys((_columns, _log_v, _log_all), 0),
        step,
    )


_size, _trace, _shift, _logs = sympy.symbols("N T D L", real=True)
_trace_u, _trace_v, _mean_term, _log_ratio_u, _log_ratio_v = sympy.symbols(
    "tr_U tr_V D R_U R_V", real=True
)
_VECTOR = (_trace - _size + _shift + _logs) / 2


def _matrix_form(log_term: Any) -> tuple[Any, Any]:
    """The divergence of the vectors, in terms of rows and columns, and the formula."""
    vectors = _VECTOR.subs(
        {
            _size: _rows * _columns,
            _trace: _trace_v * _trace_u,
            _shift: _mean_term,
            _logs: _rows * _log_ratio_v + _columns * _log_ratio_u,
        }
    )
    return vectors, (_trace_u * _trace_v - _rows * _columns + _mean_term + log_term) / 2


MATRIX_NORMAL_KL = Proof(
    slug="linear_gaussian/matrix_normal_kl",
    idea="Trace, inverse and determinant of a Kronecker product split into those of its factors.",
    steps=(
        MATRIX_NORMAL,
        VECTORISED_FORM,
        KRONECKER_PRODUCT,
        cited(
            "kronecker_eigenvalues",
            r"$V\otimes U$ has the eigenvalues $v_ju_i$, for those $v_j$ of $V$ and $u_i$ of $U$.",
            "Horn and Johnson, Topics in Matrix Analysis, Theorem 4.2.12",
        ),
        checked(
            "log_determinant",
            r"$\log\det(V\otimes U)=\sum_{ij}\log v_ju_i=k\log\det V+m\log\det U$ for $k$ rows and"
            r" $m$ columns.",
            method="induction: one more column adds k log v_j + log det U, for any numbers",
            check=holds_by_induction,
            stated=_log_determinant(_rows * _new_log + _log_u),
            wrong={
                "rows not counted": _log_determinant(_new_log + _log_u),
                "determinants of the other size": _log_determinant(_rows * (_new_log + _log_u)),
            },
            uses=("kronecker_eigenvalues",),
        ),
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        checked(
            "matrix_normal_kl",
            r"With $N=km$, $\Sigma_j=V_j\otimes U_j$ and $\Delta=M_1-M_2$:"
            r" $\operatorname{tr}\Sigma_2^{-1}\Sigma_1"
            r"=\operatorname{tr}V_2^{-1}V_1\operatorname{tr}U_2^{-1}U_1$ and"
            r" $\delta^\top\Sigma_2^{-1}\delta=\operatorname{tr}\Delta^\top U_2^{-1}\Delta\,"
            r"V_2^{-1}$, so that $\mathrm{KL}=\frac12[\operatorname{tr}U_2^{-1}U_1"
            r"\operatorname{tr}V_2^{-1}V_1-km+\operatorname{tr}U_2^{-1}\Delta V_2^{-1}\Delta^\top"
            r"+m\log\frac{|U_2|}{|U_1|}+k\log\frac{|V_2|}{|V_1|}]$.",
            method="substituting",
            check=equal,
            stated=_matrix_form(_columns * _log_ratio_u + _rows * _log_ratio_v),
            wrong={
                "k and m exchanged": _matrix_form(_rows * _log_ratio_u + _columns * _log_ratio_v),
                "determinants without their powers": _matrix_form(_log_ratio_u + _log_ratio_v),
            },
            uses=(
                "matrix_normal",
                "vectorised_form",
                "kronecker_product",
                "log_determinant",
                "gaussian_divergence",
            ),
        ),
    ),
)
