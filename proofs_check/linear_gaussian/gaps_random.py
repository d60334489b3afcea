r"""The generalisation gaps for a test input of any second moment.

A loss with another second moment $S_x$ differs from the one at the columns by a quadratic form in
the error of the weights. Its mean needs their second moments only, which are matrices of any size:
noncommuting symbols.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    all_equal,
    equal,
    expectation,
    holds_by_induction,
)
from proofs_check.linear_gaussian.gap_model import (
    MODEL,
    RHO,
    SINGULAR_VALUES,
    TAU,
    TERMS,
    beta,
    k,
    lam,
    nu,
    s,
)
from proofs_check.linear_gaussian.gaps import STUDENT, STUDENT_PREDICTS
from proofs_check.records import Proof, assumed, checked

TEST_INPUT = assumed(
    "test input",
    r"A test input $x$ has second moment $S_x=E\,xx^\top$ and the fresh label $y=W^*x+\nu\epsilon$,"
    r" $\epsilon$ of mean zero and covariance $I$, independent of all else; $L_P(W)=E|y-Wx|^2$,"
    r" $L_D(W)=\frac1n\|Y-WX\|_F^2$, $h=L_P-L_D$.",
)

_di, _dj, _xi, _xj, _sij, _eps = sympy.symbols("Delta_i Delta_j x_i x_j S_ij epsilon", real=True)


def _test_loss(noise_with_input: Any) -> tuple[Any, Any]:
    """An output's loss for two features of the error, given E epsilon x."""
    found = expectation(
        (nu * _eps - _di * _xi - _dj * _xj) ** 2,
        {
            _eps**2: 1,
            _eps * _xi: noise_with_input,
            _eps * _xj: noise_with_input,
            _xi * _xj: _sij,
            _xi**2: _xi**2,
            _xj**2: _xj**2,
        },
        [_eps, _xi, _xj],
    )
    return found, nu**2 + _di**2 * _xi**2 + _dj**2 * _xj**2 + 2 * _di * _dj * _sij


TEST_LOSS = checked(
    "test_loss",
    r"$L_P(W)=\operatorname{tr}\Delta S_x\Delta^\top+k\nu^2$ with $\Delta=W-W^*$: every pair of"
    r" features $i,j$ of an output enters with $\Delta_i\Delta_jE\,x_ix_j$, and the label's noise"
    r" with $\nu^2$.",
    method="moments, for any two of the features",
    check=equal,
    stated=_test_loss(0),
    wrong={"a label's noise that the input tells": _test_loss(1)},
    uses=("test input",),
)

# --- the second moments of the teacher's error ----------------------------------------------------

_S, _W, _X, _Xt = sympy.symbols("Sigma W^* X X^T", commutative=False)
_ONE = sympy.Integer(1)
# By the definition of Sigma_T, its inverse is lambda I + (beta / nu^2) X X^T.
_GRAM = nu**2 * (_S**-1 - lam)
"""beta X X^T."""


def _smoother(gram: Any) -> tuple[Any, Any]:
    """The matrix by which the teacher multiplies the truth, from beta X X^T."""
    return sympy.expand(gram * _S / nu**2), _ONE - lam * _S


SMOOTHER = checked(
    "smoother",
    r"$\frac\beta{\nu^2}XX^\top\Sigma_T=(\Sigma_T^{-1}-\lambda I)\Sigma_T=I-\lambda\Sigma_T$.",
    method="noncommuting symbols, for every size",
    check=equal,
    stated=_smoother(_GRAM),
    wrong={"the prior left out": _smoother(nu**2 * _S**-1)},
    uses=("model",),
)


def _teacher_covariance(label_noise: Any) -> tuple[Any, Any]:
    """A row's covariance of W_T, from that of its label noise, and C_0."""
    fitted = sympy.expand(_S * (label_noise / nu**2 * beta / nu**2 * _GRAM) * _S)
    return sympy.expand(_S + fitted), sympy.expand(_S + beta * _S * (_ONE - lam * _S))


TEACHER_COVARIANCE = checked(
    "teacher_covariance",
    r"Every row of $W_T$ has the covariance $C_0=\Sigma_T+(\frac\beta{\nu^2})^2\nu^2\Sigma_TXX^\top"
    r"\Sigma_T=\Sigma_T+\beta\Sigma_T(I-\lambda\Sigma_T)$, and rows are independent.",
    method="noncommuting symbols, for every size",
    check=equal,
    stated=_teacher_covariance(nu**2),
    wrong={
        "labels without noise": _teacher_covariance(0),
        "a standard deviation for a variance": _teacher_covariance(nu),
    },
    uses=("model", "smoother"),
)


def _mean_error(smoother: Any) -> tuple[Any, Any]:
    """The mean of W_T - W*."""
    return sympy.expand(_W * smoother - _W), -lam * _W * _S


MEAN_ERROR = checked(
    "mean_error",
    r"$E\Delta=W^*\cdot\frac\beta{\nu^2}XX^\top\Sigma_T-W^*=-\lambda W^*\Sigma_T$.",
    method="noncommuting symbols, for every size",
    check=equal,
    stated=_mean_error(_smoother(_GRAM)[0]),
    wrong={"a teacher that interpolates": _mean_error(_ONE)},
    uses=("model", "smoother"),
)

_mi, _mj, _zi, _zj, _cij = sympy.symbols("m_i m_j z_i z_j C_ij", real=True)
_outputs, _both, _means = sympy.symbols("j M_ij B_ij", real=True)


def _second_moments(per_output: Any) -> Induction:
    """The (i, j) entry of E Delta^T Delta over outputs, when one more adds so much."""
    return Induction(
        _both - _means - _outputs * _cij,
        dict.fromkeys((_both, _means, _outputs), 0),
        {_both: _both + per_output, _means: _means + _mi * _mj, _outputs: _outputs + 1},
    )


def _product(left: Any, right: Any) -> Any:
    """The mean of a product of two entries of a row, whose noises have covariance C_ij."""
    return expectation(left * right, {_zi: 0, _zj: 0, _zi * _zj: _cij}, [_zi, _zj])


SECOND_MOMENT = checked(
    "second_moment",
    r"$M=E\Delta^\top\Delta=(E\Delta)^\top"
    r" E\Delta+kC_0=\lambda^2\Sigma_TW^{*\top}W^*\Sigma_T+kC_0$: every output adds the product of"
    " its means and a covariance.",
    method="induction over the outputs, for any two of the features",
    check=holds_by_induction,
    stated=_second_moments(_product(_mi + _zi, _mj + _zj)),
    wrong={
        "covariance alone": _second_moments(_product(_zi, _zj)),
        "means alone": _second_moments(_product(_mi, _mj)),
    },
    uses=("teacher_covariance", "mean_error"),
)

_test, _columns, _quad, _train = sympy.symbols("Q_x Q_n gap L", real=True)
_m, _sx, _sn = sympy.symbols("M_ij Sx_ij Sn_ij", real=True)


def _teacher_random(reference: Any) -> Induction:
    """Gap minus the gap at the columns, over pairs of features, against tr M (S_x - XX^T / n)."""
    gap = (_test + k * nu**2 - _train) - (reference + k * nu**2 - _train)
    return Induction(
        gap - _quad,
        dict.fromkeys((_test, _columns, _quad), 0),
        {
            _test: _test + _m * _sx,
            _columns: _columns + _m * _sn,
            _quad: _quad + _m * (_sx - _sn),
        },
    )


GEN_GAPS_TEACHER_RANDOM = Proof(
    slug="linear_gaussian/gen_gaps_teacher_random",
    idea="Test inputs of another second moment change the test loss alone, by a linear functional"
    " of the second moments of the error of the weights.",
    steps=(
        MODEL,
        TEST_INPUT,
        TEST_LOSS,
        SMOOTHER,
        TEACHER_COVARIANCE,
        MEAN_ERROR,
        SECOND_MOMENT,
        checked(
            "gen_gaps_teacher_random",
            r"$\mathrm{gen}_T=\frac{2k\nu^2}n\sum_i\rho_i+\operatorname{tr}M(S_x-\frac1nXX^\top)$:"
            r" $E\operatorname{tr}\Delta S\Delta^\top=\operatorname{tr}MS$ for every $S$, the gap"
            r" at the columns has $S=\frac1nXX^\top$, and the training loss is the same.",
            method="induction over pairs of features",
            check=holds_by_induction,
            stated=_teacher_random(_columns),
            wrong={"the gap at the columns left out": _teacher_random(sympy.Integer(0))},
            uses=("linear_gaussian/gen_gaps_teacher", "test_loss", "second_moment"),
        ),
    ),
)

# --- the student ----------------------------------------------------------------------------------

_p = sympy.Symbol("p", real=True)


def _min_norm(null_variance: Any) -> list[tuple[Any, Any]]:
    """Mean factor and variance of W_T X X^+ in a direction with and without input."""
    variance = TAU * (1 + beta * RHO)
    pairs = []
    for projected, direction in ((1, {}), (0, {s: 0})):
        fitted = (1 - lam * TAU).subs(direction)
        pairs.append((fitted * projected, fitted))
        removed = null_variance * (1 - projected)
        pairs.append((variance.subs(direction) * projected, variance.subs(direction) - removed))
    return pairs


MIN_NORM_MOMENTS = checked(
    "min_norm_moments",
    r"$M_S=E(W_TXX^+-W^*)^\top(W_TXX^+-W^*)$ is $M$ without its $\frac k\lambda$ in null"
    r" directions: where $s=0$, $I-\lambda\Sigma_T$ vanishes, so that the mean stays as it is, and"
    r" $C_0$ is $\frac1\lambda$, which the projection removes.",
    method="the eigenvalues 1 - lambda tau and tau (1 + beta rho), with s > 0 and s = 0",
    check=all_equal,
    stated=_min_norm(1 / lam),
    wrong={"the prior's precision for its variance": _min_norm(lam)},
    uses=("direction terms", "singular values", "second_moment"),
)

_own = sympy.Symbol("Sigma_ij", real=True)
_fresh, _ni, _nj, _vi, _vj = sympy.symbols("e N_i N_j Sigma_ii Sigma_jj", real=True)


def _training_loss(noise_with_own: Any) -> tuple[Any, Any]:
    """An output's training loss at an input, for two features, given E e N."""
    moments = {_fresh**2: 1, _ni**2: _vi, _nj**2: _vj, _ni * _nj: _own}
    moments |= {_fresh * _ni: noise_with_own, _fresh * _nj: noise_with_own}
    found = expectation((nu * _fresh - _ni * _xi - _nj * _xj) ** 2, moments, [_fresh, _ni, _nj])
    return found, nu**2 + _vi * _xi**2 + _vj * _xj**2 + 2 * _own * _xi * _xj


TRAINING_LOSS = checked(
    "training_loss",
    r"$E\,L_{\hat D}(\Theta)=\frac1nE\|\nu\hat E-NX\|_F^2=k\nu^2+k\operatorname{tr}\Sigma_S\frac1n"
    r"XX^\top$, since $\hat Y-\Theta X=\nu\hat E-NX$.",
    method="moments, for any two of the features",
    check=equal,
    stated=_training_loss(0),
    wrong={"a student that has seen the noise of its labels": _training_loss(1)},
    uses=("student", "student_predicts"),
)

_sums = sympy.symbols("T_S V_x V_n", real=True)


def _student_random(training_noise: Any) -> Induction:
    """The student's gap over pairs of features, with this coefficient of its noise in training."""
    error, tested, trained = _sums
    said = sympy.Symbol("said", real=True)
    return Induction(
        (error + k * tested + k * nu**2) - (k * nu**2 + training_noise * trained) - said,
        dict.fromkeys((*_sums, said), 0),
        {
            error: error + _m * _sx,
            tested: tested + _own * _sx,
            trained: trained + _own * _sn,
            said: said + _m * _sx + k * _own * (_sx - _sn),
        },
    )


GEN_GAPS_STUDENT_RANDOM = Proof(
    slug="linear_gaussian/gen_gaps_student_random",
    idea="The student's own noise is tested with one second moment and trained with the other; the"
    " teacher's error is only tested.",
    steps=(
        MODEL,
        TERMS,
        TEST_INPUT,
        STUDENT,
        SINGULAR_VALUES,
        STUDENT_PREDICTS,
        TEST_LOSS,
        SMOOTHER,
        TEACHER_COVARIANCE,
        MEAN_ERROR,
        SECOND_MOMENT,
        MIN_NORM_MOMENTS,
        TRAINING_LOSS,
        checked(
            "gen_gaps_student_random",
            r"$\mathrm{gen}_S=\operatorname{tr}M_SS_x+k\operatorname{tr}\Sigma_S(S_x-\frac1n"
            r"XX^\top)$: tested is $W_TXX^+-W^*+N$, whose two parts are uncorrelated, and $k\nu^2$"
            r" cancels.",
            method="induction over pairs of features",
            check=holds_by_induction,
            stated=_student_random(k),
            wrong={
                "one output's noise in training": _student_random(_ONE),
                "a student that has not seen its labels": _student_random(sympy.Integer(0)),
            },
            uses=(
                "linear_gaussian/gibbs_posterior",
                "test_loss",
                "min_norm_moments",
                "training_loss",
            ),
        ),
    ),
)
