r"""Label smoothing: the amount that is best for the target, and the one that is best for the risk.

Both errors are parabolas in the amount. That of the target does not know the sample size; in that
of the risk the noise of the labels is divided by it.
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
    expectation,
    holds_by_induction,
)
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.common import CAUCHY_SCHWARZ, VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked

# --- the target -----------------------------------------------------------------------------------

amount = sympy.Symbol("alpha", real=True)
labels = sympy.Symbol("L", positive=True)
square = sympy.Symbol("s", real=True)
_p, _e, _u = sympy.symbols("p_k e_k u", real=True)

SMOOTHED_LABEL = assumed(
    "smoothed label",
    r"Given $x$, the target is $t=(1-\alpha)e_y+\frac\alpha L\mathbf 1$ with $y\sim p^*(x)$ among"
    r" $L$ labels; $s=\mathbb E\|p^*(x)\|_2^2$.",
)


def _target_at_label(second: Any) -> tuple[Any, Any]:
    """A label's mean squared distance, where e_k has this second moment; u is 1/L."""
    distance = expectation(
        ((1 - amount) * _e + amount * _u - _p) ** 2, {_e: _p, _e**2: second}, [_e]
    )
    return distance, (1 - amount) ** 2 * (_p - _p**2) + amount**2 * (_u - _p) ** 2


TARGET_AT_LABEL = checked(
    "target_at_label",
    r"$\mathbb E(t_k-p^*_k)^2=(1-\alpha)^2p^*_k(1-p^*_k)+\alpha^2(\frac1L-p^*_k)^2$: $e_{y,k}$ is 0"
    r" or 1, so that its square has the mean $p^*_k$ too.",
    method="expanding in the moments of an indicator",
    check=equal,
    stated=_target_at_label(_p),
    wrong={"an indicator without variance": _target_at_label(_p**2)},
    uses=("smoothed label",),
)

_P, _S, _E, _count = sympy.symbols("P S E n", real=True)


def _over_labels(cross: Any) -> Induction:
    """Sums over labels, where the squared distance from 1/L has this cross term."""
    variance, distance = _p - _p**2, _u**2 + cross + _p**2
    total = (1 - amount) ** 2 * (_P - _S) + amount**2 * (_count * _u**2 - 2 * _u * _P + _S)
    step = {
        _P: _P + _p,
        _S: _S + _p**2,
        _count: _count + 1,
        _E: _E + (1 - amount) ** 2 * variance + amount**2 * distance,
    }
    return Induction(_E - total, dict.fromkeys(step, 0), step)


OVER_LABELS = checked(
    "over_labels",
    r"Summed over labels the error is $(1-\alpha)^2(1-\|p^*\|_2^2)+\alpha^2(\|p^*\|_2^2-\frac1L)$,"
    r" the last bracket from $\sum_k(\frac1L-p_k)^2=L\cdot\frac1{L^2}-\frac2L+\|p\|_2^2$. It is"
    r" linear in $\|p^*\|_2^2$: over inputs, $\mathrm{MSE}(\alpha)=(1-\alpha)^2(1-s)+\alpha^2"
    r"(s-\frac1L)$.",
    method="induction over the labels, with u for 1/L; then P = 1 and n = L",
    check=holds_by_induction,
    stated=_over_labels(-2 * _u * _p),
    wrong={
        "no cross term": _over_labels(0),
        "half of the cross term": _over_labels(-_u * _p),
    },
    uses=("target_at_label",),
)


def _target_error(at: Any) -> Any:
    return (1 - at) ** 2 * (1 - square) + at**2 * (square - 1 / labels)


def _around_best(best: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The parabola around this amount, and for one label, where there is no error."""
    curvature = 1 - 1 / labels
    around = _target_error(best) + curvature * (amount - best) ** 2
    return (_target_error(amount), around), (_target_error(amount).subs({square: 1, labels: 1}), 0)


SMOOTHING_MSE = Proof(
    slug="proper_losses/smoothing_mse",
    idea="At every label, an indicator's variance is scaled down and a bias is added: a parabola in"
    " the amount of smoothing.",
    steps=(
        SMOOTHED_LABEL,
        TARGET_AT_LABEL,
        OVER_LABELS,
        checked(
            "smoothing_mse",
            r"$\mathrm{MSE}(\alpha)=\mathrm{MSE}(\alpha^*)+(1-\frac1L)(\alpha-\alpha^*)^2$ with"
            r" $\alpha^*=\frac{1-s}{1-1/L}$, for $L\ge2$ labels. (For one label $s=1$: there is no"
            r" error, whatever the amount.)",
            method="completing the square",
            check=all_equal,
            stated=_around_best((1 - square) / (1 - 1 / labels)),
            wrong={
                "without the division by 1 - 1/L": _around_best(1 - square),
                "the share of bias": _around_best((square - 1 / labels) / (1 - 1 / labels)),
            },
            uses=("over_labels",),
        ),
    ),
)

# --- the risk -------------------------------------------------------------------------------------

N = sympy.Symbol("N", positive=True)
_loss, _change = sympy.symbols("l c", real=True)
_risk, mean_change, _loss_square, _cross, _change_square = sympy.symbols(
    "R m_c q x_lc q_c", real=True
)
_MOMENTS = {
    _loss: _risk,
    _change: mean_change,
    _loss**2: _loss_square,
    _loss * _change: _cross,
    _change**2: _change_square,
}
onehot_variance, covariance = sympy.symbols("V C", real=True)
change_variance = sympy.Symbol("v", nonnegative=True)

SMOOTHED_RISK = assumed(
    "smoothed risk",
    r"$(x_n,y_n)$, $n\le N$, are i.i.d. with finite losses; $\bar\ell(x)$ is the mean of"
    r" $\ell_k(x)$ over labels, $c=\ell_y(x)-\bar\ell(x)$, and $\tilde R=\frac1N\sum_nz_n$ with"
    r" $z=(1-\alpha)\ell_y+\alpha\bar\ell=\ell_y-\alpha c$; $R=\mathbb E\,\ell_y(x)$.",
)


def _moments_of_smoothed(cross: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Bias and variance of a smoothed loss, where the covariance enters with this factor."""
    smoothed = _loss - amount * _change
    mean = expectation(smoothed, _MOMENTS, [_loss, _change])
    variance = expectation(smoothed**2, _MOMENTS, [_loss, _change]) - mean**2
    parts = (
        _loss_square - _risk**2,
        _cross - _risk * mean_change,
        _change_square - mean_change**2,
    )
    stated = parts[0] + cross * parts[1] + amount**2 * parts[2]
    return (mean - _risk, -amount * mean_change), (variance, stated)


SMOOTHED_MOMENTS = checked(
    "smoothed_moments",
    r"$\mathbb E z-R=-\alpha\,\mathbb E c$ and $\mathbb V[z]=\mathbb V[\ell_y]-2\alpha\,"
    r"\mathrm{Cov}(\ell_y,c)+\alpha^2\mathbb V[c]$.",
    method="expanding in the moments of (l_y, c)",
    check=all_equal,
    stated=_moments_of_smoothed(-2 * amount),
    wrong={
        "the covariance once": _moments_of_smoothed(-amount),
        "the covariance added": _moments_of_smoothed(2 * amount),
    },
    uses=("smoothed risk",),
)


def risk_error(at: Any) -> Any:
    """Returns the mean squared error of the risk, from the moments of a smoothed loss."""
    variance = onehot_variance - 2 * at * covariance + at**2 * change_variance
    return variance / N + (at * mean_change) ** 2


def _error_from(variance_share: Any, bias: Any) -> tuple[Any, Any]:
    """The mean squared error of a mean of N terms, split, and the parabola."""
    mean = sympy.Symbol("zbar", real=True)
    variance = onehot_variance - 2 * amount * covariance + amount**2 * change_variance
    centre = _risk + bias
    moments = {mean: centre, mean**2: variance * variance_share + centre**2}
    return expectation((mean - _risk) ** 2, moments, [mean]), risk_error(amount)


RISK_ERROR = checked(
    "risk_error",
    r"$\mathbb E(\tilde R-R)^2=\frac1N\mathbb V[z]+(\mathbb E z-R)^2=\frac1N\bigl(\mathbb V[\ell_y]"
    r"-2\alpha\,\mathrm{Cov}(\ell_y,c)+\alpha^2\mathbb V[c]\bigr)+\alpha^2(\mathbb E c)^2$: the"
    r" variance of a mean is divided by $N$, its bias is not.",
    method="expanding in the first two moments of a mean of N terms",
    check=equal,
    stated=_error_from(1 / N, -amount * mean_change),
    wrong={
        "variance not divided by N": _error_from(1, -amount * mean_change),
        "bias divided by N": _error_from(1 / N, -amount * mean_change / N),
    },
    uses=("variance_of_mean", "smoothed_moments"),
)


_positive_variance, _lagrange = sympy.symbols("V_l g", nonnegative=True)


def _no_change(curvature: Any) -> Inequality:
    """The squared covariance, below a multiple of the curvature; g is Lagrange's sum of squares."""
    bound = _positive_variance * curvature
    square_of_covariance = _positive_variance * change_variance - _lagrange
    slack = _lagrange + _positive_variance * N * mean_change**2
    return Inequality(square_of_covariance, bound, slack)


_curvature = change_variance / N + mean_change**2

NO_CHANGE = checked(
    "no_change",
    r"$\mathrm{Cov}(\ell_y,c)^2\le\mathbb V[\ell_y]\,\mathbb V[c]\le\mathbb V[\ell_y]\,N\kappa_N$"
    r" with $\kappa_N=\frac1N\mathbb V[c]+(\mathbb E c)^2$: where $\kappa_N=0$ the covariance is 0"
    r" too, and no amount changes the error.",
    method="adding up the slacks, with Cov^2 = V[l_y] V[c] - g for g >= 0",
    check=at_most,
    stated=_no_change(N * _curvature),
    wrong={"without N": _no_change(_curvature)},
    uses=("cauchy_schwarz", "smoothed risk"),
)

_best = covariance / (change_variance + N * mean_change**2)
_bias = sympy.Symbol("m", positive=True)


def _parabola(best: Any) -> tuple[tuple[Any, Any], Limit]:
    """The error around this amount, and what N times the amount tends to if there is a bias."""
    around = risk_error(best) + _curvature * (amount - best) ** 2
    times_size = N * best.subs(mean_change, _bias)
    return (risk_error(amount), around), Limit(times_size, N, sympy.oo, covariance / _bias**2)


def _is_minimum_of_order(claim: tuple[tuple[Any, Any], Limit]) -> bool:
    """Whether the error is the parabola, and N times the best amount has the limit."""
    identity, order = claim
    return equal(identity) and has_limit(order)


SMOOTHING_RISK = Proof(
    slug="proper_losses/smoothing_risk",
    idea="A smoothed loss is the loss less a multiple of its distance from the mean over labels;"
    " only its variance is divided by N.",
    steps=(
        SMOOTHED_RISK,
        VARIANCE_OF_MEAN,
        SMOOTHED_MOMENTS,
        RISK_ERROR,
        CAUCHY_SCHWARZ,
        NO_CHANGE,
        checked(
            "smoothing_risk",
            r"$\mathbb E(\tilde R-R)^2=\mathrm{MSE}(\alpha_N)+\kappa_N(\alpha-\alpha_N)^2$ with"
            r" $\alpha_N=\frac{\mathrm{Cov}(\ell_y,c)}{\mathbb V[c]+N(\mathbb E c)^2}$, and any"
            r" $\alpha_N$ where $\kappa_N=0$. As $N\to\infty$, $N\alpha_N\to\mathrm{Cov}(\ell_y,c)/"
            r"(\mathbb E c)^2$ unless $\mathbb E c=0$: the best amount is of order $\frac1N$.",
            method="completing the square; limit",
            check=_is_minimum_of_order,
            stated=_parabola(_best),
            wrong={
                "the bias without N": _parabola(covariance / (change_variance + mean_change**2)),
                "the other sign": _parabola(-_best),
            },
            uses=("risk_error", "no_change"),
        ),
    ),
)
