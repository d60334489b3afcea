r"""Targets that are drawn: Dirichlet answers, and means of several labels."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, all_equal, holds_by_induction
from proofs_check.common import VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked, cited
from proofs_check.sgd_convergence.noise import LABEL_VARIANCE
from proofs_check.sgd_convergence.risk import GRADIENT, SCORES, SOFTMAX, WORLD

# --- Dirichlet answers ----------------------------------------------------------------------------

_a0, _Pk, _Pl = sympy.symbols("a_0 P_k P_l", positive=True)


def _integral_ratio(*exponents: tuple[Any, int]) -> Any:
    """A moment of a Dirichlet law: Dirichlet's integral with raised exponents, over itself."""
    ratio = sympy.gamma(_a0) / sympy.gamma(_a0 + sum(raised for _, raised in exponents))
    for parameter, raised in exponents:
        ratio *= sympy.gamma(parameter + raised) / sympy.gamma(parameter)
    return sympy.gammasimp(ratio)


def _has_covariances(pair: tuple[Any, Any]) -> bool:
    """Whether means are P, and variances and covariances of different entries are these."""
    k, other = _a0 * _Pk, _a0 * _Pl
    mean = _integral_ratio((k, 1))
    variance = _integral_ratio((k, 2)) - mean**2
    covariance = _integral_ratio((k, 1), (other, 1)) - mean * _integral_ratio((other, 1))
    return all_equal([(mean, _Pk), (variance, pair[0]), (covariance, pair[1])])


_V, _M, _S, _P, _j = sympy.symbols("V M S P_k j_k", real=True)


def _dirichlet_share(variance: Any, covariance: Any) -> Induction:
    """(a_0 + 1) times the variance of a coordinate, when a label adds these times squares.

    Args:
        variance: of the new entry of the target.
        covariance: its covariance with an earlier entry, over the probability of that one.
    """
    return Induction(
        (_a0 + 1) * _V - (_S - _M**2),
        dict.fromkeys((_V, _M, _S), 0),
        {
            _V: _V + variance * _j**2 + 2 * covariance * _M * _j,
            _M: _M + _P * _j,
            _S: _S + _P * _j**2,
        },
    )


NOISE_DIRICHLET = Proof(
    slug="sgd_convergence/noise_dirichlet",
    idea="A Dirichlet answer has the covariance of a drawn label, divided by a_0 + 1.",
    steps=(
        WORLD,
        SOFTMAX,
        assumed(
            "dirichlet teacher",
            r"Given $x$, the target $q$ has the Dirichlet law with the parameters $a_0P_k(x)$,"
            r" $a_0>0$.",
        ),
        cited(
            "dirichlet_integral",
            r"$\int_\Delta\prod_kq_k^{a_k-1}\,dq=\prod_k\Gamma(a_k)/\Gamma(\sum_ka_k)$ for positive"
            r" $a$: a moment of a Dirichlet law is this ratio with raised exponents, over itself.",
            "S. Kotz, N. Balakrishnan, N. L. Johnson, Continuous Multivariate Distributions,"
            " volume 1 (2nd edition, 2000), Chapter 49",
        ),
        SCORES,
        GRADIENT,
        LABEL_VARIANCE,
        checked(
            "dirichlet_covariance",
            r"$\mathbb Eq=P$ and $\mathrm{Cov}(q|x)=\frac1{a_0+1}(\mathrm{diag}\,P-PP^\top)$.",
            method="ratios of gamma functions",
            check=_has_covariances,
            stated=(_Pk * (1 - _Pk) / (_a0 + 1), -_Pk * _Pl / (_a0 + 1)),
            wrong={
                "divided by a_0": (_Pk * (1 - _Pk) / _a0, -_Pk * _Pl / _a0),
                "uncorrelated entries": (_Pk * (1 - _Pk) / (_a0 + 1), sympy.Integer(0)),
            },
            uses=("dirichlet teacher", "dirichlet_integral"),
        ),
        checked(
            "noise_dirichlet",
            r"$V_{\mathrm{Dirichlet}(a_0P)}(\theta)=\frac1{a_0+1}V_{\mathrm{one-hot}}$ at every"
            r" $\theta$: in every coordinate"
            r" $\sum_{kl}\mathrm{Cov}(q)_{kl}j_kj_l=\frac1{a_0+1}\bigl(\sum_kP_kj_k^2"
            r"-(\sum_kP_kj_k)^2\bigr)$, since the gradient is linear in $q$.",
            method="induction over the labels, in every coordinate",
            check=holds_by_induction,
            stated=_dirichlet_share(_P * (1 - _P) / (_a0 + 1), -_P / (_a0 + 1)),
            wrong={
                "a_0 in place of a_0 + 1": _dirichlet_share(_P * (1 - _P) / _a0, -_P / _a0),
                "uncorrelated entries": _dirichlet_share(_P * (1 - _P) / (_a0 + 1), 0),
                "every pair once": _dirichlet_share(
                    _P * (1 - _P) / (_a0 + 1), -_P / (2 * (_a0 + 1))
                ),
            },
            uses=(
                "gradient_of_a_target",
                "label_variance",
                "dirichlet_covariance",
                "sgd_convergence/noise_onehot",
            ),
        ),
    ),
)

# --- means of labels ------------------------------------------------------------------------------

_target, _gradient, _drawn, _total, _count = sympy.symbols("q_k g q V k", real=True)


def _linear(share: Any) -> Induction:
    """A label's part of the gradient of a sum of targets, when one more target adds this."""
    return Induction(
        _gradient - _target * _j,
        {_gradient: 0, _target: 0},
        {_gradient: _gradient + share, _target: _target + _drawn},
    )


_k = sympy.Symbol("k", positive=True)
_first, _second, _one = sympy.symbols("m_1 m_2 V_1", real=True)


def _averaged(pairs: Any, factor: Any) -> Induction:
    """The noise over coordinates, when k labels have so many pairs of different ones."""
    mean_square = (_k * _second + pairs * _first**2) / _k**2
    return Induction(
        _total - factor * _one,
        {_total: 0, _one: 0},
        {_total: _total + mean_square - _first**2, _one: _one + _second - _first**2},
    )


NOISE_K_AVERAGED = Proof(
    slug="sgd_convergence/noise_k_averaged",
    idea="The gradient is linear in the target, so that averaging labels averages gradients.",
    steps=(
        WORLD,
        SOFTMAX,
        assumed(
            "averaged labels",
            r"$q=\frac1k\sum_{j\le k}e_{y_j}$ with $y_1,\dots,y_k$ drawn independently from"
            r" $P(x)$.",
        ),
        SCORES,
        GRADIENT,
        VARIANCE_OF_MEAN,
        checked(
            "gradients_average",
            r"The gradient with the target $\frac1k\sum_je_{y_j}$ is the mean of the gradients with"
            r" the targets $e_{y_j}$: a label's part $q_k\nabla\log p_k$ is linear in $q_k$.",
            method="induction over the drawn labels, label by label",
            check=holds_by_induction,
            stated=_linear(_drawn * _j),
            wrong={"squares of targets": _linear(_drawn**2 * _j)},
            uses=("averaged labels", "gradient_of_a_target"),
        ),
        checked(
            "noise_k_averaged",
            r"$V_{\frac1k\sum_je_{y_j}}(\theta)=\frac1kV_{\mathrm{one-hot}}$ at every $\theta$, for"
            r" every $k$: given $x$ every coordinate is a mean of $k$ i.i.d. terms.",
            method="induction over the coordinates, for every k",
            check=holds_by_induction,
            stated=_averaged(_k * (_k - 1), 1 / _k),
            wrong={
                "the same label k times": _averaged(_k * (_k - 1), 1),
                "a share of 1/k^2": _averaged(_k * (_k - 1), 1 / _k**2),
                "k^2 pairs of different labels": _averaged(_k**2, 1 / _k),
            },
            uses=(
                "world",
                "variance_of_mean",
                "gradients_average",
                "sgd_convergence/noise_onehot",
            ),
        ),
    ),
)
