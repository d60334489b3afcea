r"""The moment generating function of the teacher's gap, and why it has no variance proxy.

The gap is a quadratic form in standard normal noises. One rule integrates out a noise after the
other, by completing the square; the result ends at a finite argument, where it grows without bound.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    all_equal,
    equal,
    holds_by_induction,
)
from proofs_check.linear_gaussian.gap_model import (
    GAP,
    GAP_SHARE,
    MODEL,
    NORM_IN_DIRECTIONS,
    PREDICTION_ERROR,
    RHO,
    SHARE,
    SINGULAR_VALUES,
    TAU,
    TERMS,
    UNFITTED,
    a,
    beta,
    e,
    g,
    n,
    nu,
    rho,
    root_r,
    s,
    w,
)
from proofs_check.linear_gaussian.gaps_random import TEST_INPUT, TEST_LOSS
from proofs_check.records import Proof, checked, cited

# --- one rule -------------------------------------------------------------------------------------

_p, _q, _z = sympy.symbols("p q z", real=True)
_c = sympy.Symbol("c", positive=True)
theta, ell = sympy.symbols("theta ell", real=True)


def _square(remainder: Any) -> tuple[Any, Any]:
    """The exponent before and after completing the square."""
    width = 1 + _p
    return -width * _z**2 / 2 + _q * _z, -width / 2 * (_z - _q / width) ** 2 + remainder


COMPLETED_SQUARE = checked(
    "completed_square",
    r"$-\frac{z^2}2-\frac{p z^2}2+qz=-\frac{1+p}2\bigl(z-\frac q{1+p}\bigr)^2+\frac{q^2}{2(1+p)}$.",
    method="expanding",
    check=equal,
    stated=_square(_q**2 / (2 * (1 + _p))),
    wrong={
        "without the half": _square(_q**2 / (1 + _p)),
        "the width of the density alone": _square(_q**2 / 2),
    },
)

NORMAL_INTEGRAL = checked(
    "normal_integral",
    r"For standard normal $z$ and $1+p>0$: $\log E\,e^{-pz^2/2+qz}=\frac{q^2}{2(1+p)}-\frac12\log"
    r"(1+p)$, since $\int e^{-cy^2/2}\,\frac{dy}{\sqrt{2\pi}}=c^{-1/2}$ for $c=1+p$.",
    method="integrating",
    check=lambda value: equal(
        (
            sympy.integrate(
                sympy.exp(-_c * _z**2 / 2) / sympy.sqrt(2 * sympy.pi), (_z, -sympy.oo, sympy.oo)
            ),
            value,
        )
    ),
    stated=_c ** sympy.Rational(-1, 2),
    wrong={"the variance for the deviation": 1 / _c, "a width that grows with c": sympy.sqrt(_c)},
    uses=("completed_square",),
)


def integrated(exponent: Any, noises: Any) -> Any:
    """The log of the mean of e^exponent, quadratic in independent normals: one after the other."""
    for noise in noises:
        square, linear, rest = (
            sympy.Poly(exponent, noise).coeff_monomial(noise**j) for j in (2, 1, 0)
        )
        width = 1 - 2 * square
        exponent = sympy.expand(rest) + linear**2 / (2 * width) - sympy.log(width) / 2
    return exponent


# --- the gap at the columns -----------------------------------------------------------------------

D = 1 + 2 * theta * (1 - 2 * rho) - 4 * theta**2 * root_r**2
_LINEAR = 2 * theta**2 * (1 - rho) ** 2 * a**2 / D
LOG_MGF_SHARE = theta - sympy.log(D) / 2 + _LINEAR
UNFITTED_SHARE = theta - sympy.log(1 + 2 * theta) / 2


def _log_mgf_shares(share: Any) -> list[tuple[Any, Any]]:
    """Both sides in a direction and output, and where no weight can fit."""
    found = integrated(theta * share, (g, e))
    return [
        (found, LOG_MGF_SHARE),
        (found.subs(UNFITTED), UNFITTED_SHARE),
    ]


SHARE_INTEGRATED = checked(
    "share_integrated",
    r"With $\theta=\frac{\ell\nu^2}n$ and $D=1+2\theta(1-2\rho)-4\theta^2r>0$ a direction and"
    r" output contributes $\log E\,e^{\theta[1-(1-2\rho)e^2-2(1-\rho)ae+2\sqrt"
    r" r\,eg]}=\theta-\frac12\log D+\frac{2\theta^2(1-\rho)^2a^2}D$: first over $g$, then over"
    r" $e$; $\theta-\frac12\log(1+2\theta)$ where $s=0$.",
    method="integrating out one noise after the other",
    check=lambda share: all_equal(_log_mgf_shares(share)),
    stated=SHARE,
    wrong={
        "label and posterior noise without their product": SHARE.subs(g, 0),
        "a prior that pulls where nothing is fitted": SHARE - 2 * rho * a * e,
    },
    uses=("gap_share", "normal_integral"),
)

_outputs, _signals, _logs = sympy.symbols("j B L", real=True)


def _over_outputs(share: Any) -> Induction:
    """A direction's log-mgf over outputs, of which every one has this share."""
    per_output = integrated(theta * share, (g, e))
    said = _outputs * (theta - sympy.log(D) / 2) + 2 * theta**2 * (1 - rho) ** 2 * _signals / D
    return Induction(
        _logs - said,
        dict.fromkeys((_logs, _signals, _outputs), 0),
        {_logs: _logs + per_output, _signals: _signals + a**2, _outputs: _outputs + 1},
    )


LOG_MGF = Proof(
    slug="linear_gaussian/log_mgf",
    idea="Directions and outputs are independent, and in each of them a quadratic form in two"
    " standard normal variables is integrated by completing the square twice.",
    steps=(
        MODEL,
        TERMS,
        GAP,
        SINGULAR_VALUES,
        NORM_IN_DIRECTIONS,
        PREDICTION_ERROR,
        GAP_SHARE,
        COMPLETED_SQUARE,
        NORMAL_INTEGRAL,
        SHARE_INTEGRATED,
        checked(
            "log_mgf",
            r"$\log E\,e^{\ell h}=\sum_i\bigl[k\theta-\frac k2\log D_i+\frac{2\theta^2(1-\rho_i)^2"
            r"b_i}{D_i}\bigr]+k(n-\operatorname{rank}X)[\theta-\frac12\log(1+2\theta)]$: means of"
            r" products of independent factors multiply, and $\sum a^2=b_i$ over outputs.",
            method="induction over the outputs of a direction, for any number of them",
            check=lambda share: holds_by_induction(_over_outputs(share)),
            stated=SHARE,
            wrong={
                "the posterior's noise left out": SHARE.subs(g, 0),
                "without the signal": SHARE.subs(a, 0),
            },
            uses=("linear_gaussian/gibbs_posterior", "share_integrated"),
        ),
    ),
)

# --- the gap for any second moment ----------------------------------------------------------------


def _coordinates(label: Any) -> list[tuple[Any, Any]]:
    """Error of a weight and training residual in a direction, from this label."""
    drawn = beta * s / nu**2 * TAU * label + sympy.sqrt(TAU) * g
    return [
        (drawn - w, -(1 - RHO) * w + beta * s * TAU / nu * e + sympy.sqrt(TAU) * g),
        (
            s * w + nu * e - s * drawn,
            (1 - RHO) * s * w + nu * (1 - RHO) * e - s * sympy.sqrt(TAU) * g,
        ),
    ]


COORDINATES = checked(
    "coordinates",
    r"In the bases $u_i$, $v_i$ the rows of $(W_T-W^*)U$ and $(Y-W_TX)V$ are affine in the standard"
    r" normal $z=(e,g)\in\mathbb R^{n+d}$ of an output, $c+zB^\top$ and $-cS+zR^\top$: with"
    r" $c=-(1-\rho)w$, $B=(\frac{\beta s\tau}\nu,\sqrt\tau)$ and $R=(\nu(1-\rho),-s\sqrt\tau)$ in"
    r" every direction.",
    method="substituting the direction's terms",
    check=all_equal,
    stated=_coordinates(s * w + nu * e),
    wrong={"a label without noise": _coordinates(s * w)},
    uses=("model", "direction terms", "singular values"),
)

_row, _rowt, _center, _centert, _missed, _missedt = sympy.symbols(
    "z z^T c c^T m m^T", commutative=False
)
_B, _Bt, _R, _Rt, _S = sympy.symbols("B B^T R R^T S_x", commutative=False)


def _quadratic(matrix: Any) -> tuple[Any, Any]:
    """The gap of an output as a quadratic function of its noises, and with this matrix."""
    tested = (_center + _row * _Bt) * _S * (_centert + _B * _rowt)
    trained = (_missed + _row * _Rt) * (_missedt + _R * _rowt)
    linear = (_center * _S * _B - _missed * _R / n) * _rowt
    linear += _row * (_Bt * _S * _centert - _Rt * _missedt / n)
    constant = _center * _S * _centert - _missed * _missedt / n
    said = _row * matrix * _rowt + linear + constant
    return sympy.expand(tested - trained / n), sympy.expand(said)


QUADRATIC_FORM = checked(
    "quadratic_form",
    r"An output's share of $h$ is $z(B^\top S_xB-\frac1nR^\top R)z^\top+{}$a linear function of $z$"
    r"${}+{}$a constant, with $S_x$ in the basis $u_i$.",
    method="noncommuting symbols, for every size",
    check=equal,
    stated=_quadratic(_Bt * _S * _B - _Rt * _R / n),
    wrong={
        "the training loss added": _quadratic(_Bt * _S * _B + _Rt * _R / n),
        "a sum in place of a mean over the sample": _quadratic(_Bt * _S * _B - _Rt * _R),
    },
    uses=("coordinates", "test_loss"),
)

EIGENVECTORS = cited(
    "eigenvectors",
    r"In an orthonormal basis of eigenvectors of $B^\top S_xB-\frac1nR^\top R$, with eigenvalues"
    r" $m_j$, an output's share of $h$ is a constant plus $\sum_j(m_jz_j^2+l_jz_j)$, and the $z_j$"
    r" are again independent and standard normal.",
    "spectral theorem: Golub and Van Loan, Matrix Computations, 4th ed., Theorem 8.1.1; rotation"
    " invariance of the standard normal law: Muirhead, Aspects of Multivariate Statistical Theory,"
    " section 1.2",
    uses=("quadratic_form",),
)

m, slope = sympy.symbols("m l", real=True)


def _centred_term(center: Any) -> tuple[Any, Any]:
    """Both sides for a coordinate, whose mean is taken to be this."""
    found = integrated(ell * (m * _z**2 + slope * _z - center), (_z,))
    width = 1 - 2 * ell * m
    return found, (-2 * ell * m - sympy.log(width) + ell**2 * slope**2 / width) / 2


COORDINATE_TERM = checked(
    "coordinate_term",
    r"For $2\ell m<1$: $\log E\,e^{\ell(m(z^2-1)+lz)}=\frac12\bigl[-2\ell m-\log(1-2\ell m)"
    r"+\frac{\ell^2l^2}{1-2\ell m}\bigr]$, where $m$ is the mean of $mz^2+lz$.",
    method="integrating out the noise",
    check=lambda center: equal(_centred_term(center)),
    stated=m,
    wrong={"not centred": 0, "twice the mean": 2 * m},
    uses=("normal_integral", "eigenvectors"),
)

_squares = sympy.Symbol("q", real=True)


def _diagonal(term: Any) -> Induction:
    """An eigenvalue's log-mgf over outputs, of which every one has this term of the gap."""
    per_output = integrated(ell * term, (_z,))
    width = 1 - 2 * ell * m
    said = (_outputs * (-2 * ell * m - sympy.log(width)) + ell**2 * _squares / width) / 2
    return Induction(
        _logs - said,
        dict.fromkeys((_logs, _squares, _outputs), 0),
        {_logs: _logs + per_output, _squares: _squares + slope**2, _outputs: _outputs + 1},
    )


LOG_MGF_RANDOM = Proof(
    slug="linear_gaussian/log_mgf_random",
    idea="In the eigenvectors of its matrix the gap is a sum of independent terms, each of which is"
    " integrated by completing the square.",
    steps=(
        MODEL,
        TERMS,
        TEST_INPUT,
        SINGULAR_VALUES,
        TEST_LOSS,
        COORDINATES,
        QUADRATIC_FORM,
        EIGENVECTORS,
        COMPLETED_SQUARE,
        NORMAL_INTEGRAL,
        COORDINATE_TERM,
        checked(
            "log_mgf_random",
            r"$\log E\,e^{\ell h}=\ell\,\mathrm{gen}_T+\frac12\sum_j\bigl[k(-2\ell m_j-\log"
            r"(1-2\ell m_j))+\frac{\ell^2q_j}{1-2\ell m_j}\bigr]$, $q_j=\sum l_j^2$ over outputs:"
            r" $h-\mathrm{gen}_T$ is the sum of the centred terms.",
            method="induction over the outputs of an eigenvalue, for any number of them",
            check=lambda term: holds_by_induction(_diagonal(term)),
            stated=m * (_z**2 - 1) + slope * _z,
            wrong={
                "half of the linear term": m * (_z**2 - 1) + slope * _z / 2,
                "the mean left in": m * _z**2 + slope * _z,
            },
            uses=("linear_gaussian/gen_gaps_teacher_random", "coordinate_term"),
        ),
    ),
)
