r"""What a student's own variance is fitted to: residuals, of averages or of all responses.

The hat matrix $H=XG^{-1}X^\top$ is a symmetric projection. What it takes from the residuals it
gives to the predictions, response by response: variances are conserved.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal, expectation
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices
from proofs_check.common import VARIANCE_OF_MEAN
from proofs_check.records import Proof, assumed, checked
from proofs_check.uncertainty_propagation.students import (
    AVERAGES,
    CORRELATED_MEAN,
    EQUAL_VARIANCES,
    INDEPENDENT_RESPONSES,
    PROJECTION_RULES,
    RESPONSES,
    SCALED_VARIANCES,
    VARIANCE_OF_SUM,
    Gi,
    X,
    Xt,
    design,
)

HEAD = assumed(
    "head",
    r"The head's variance is the mean of squared residuals, the means of the responses being linear"
    r" in the inputs (otherwise a squared bias is added to it).",
)

_hat = X * Gi * Xt


def _projection(right: Any) -> MatrixIdentity:
    """What the square of the hat matrix is said to be."""
    return MatrixIdentity(_hat * _hat, right, PROJECTION_RULES, design)


PROJECTION = checked(
    "projection",
    r"$H=XG^{-1}X^\top$ is symmetric and $H^2=H$, hence also $(I-H)^2=I-H$: columns of $H$ have the"
    r" squared lengths $\sum_iH_{ij}^2=H_{jj}=h_j$, those of $I-H$ have $1-h_j$.",
    method="rewriting products of matrices of any size",
    check=holds_for_matrices,
    stated=_projection(_hat),
    wrong={"the identity": _projection(1), "twice the hat matrix": _projection(2 * _hat)},
    uses=("responses",),
)

_v, _h, _k, _n, _p = sympy.symbols("v h k n p", positive=True)
_rho = sympy.Symbol("rho", nonnegative=True)
_left_over = sympy.Symbol("g", nonnegative=True)


def _shares(across: Any, within: Any, total: Any) -> tuple[Any, Any]:
    """A response's shares in the variance across students and within one, and their sum."""
    return across + within, total


SHARES = checked(
    "shares_of_a_response",
    r"$\sum_i\mathbb V[\hat y_i]=\sum_{ij}H_{ij}^2v_j=\sum_jh_jv_j$ and"
    r" $\mathbb E\,\mathrm{RSS}=\sum_{ij}(I-H)_{ij}^2v_j=\sum_j(1-h_j)v_j$: of each response's"
    r" variance, $h_j$ goes to the predictions and the rest to the residuals.",
    method="adding the shares of one response",
    check=equal,
    stated=_shares(_h * _v, (1 - _h) * _v, _v),
    wrong={
        "shares that are not squared lengths": _shares(_h**2 * _v, (1 - _h) ** 2 * _v, _v),
        "residuals that keep everything": _shares(_h * _v, _v, _v),
    },
    uses=("variance_of_sum", "projection", "head"),
)

CONSERVATION = Proof(
    slug="uncertainty_propagation/conservation",
    idea="Predictions and residuals are complementary projections of the responses.",
    steps=(
        RESPONSES,
        HEAD,
        VARIANCE_OF_SUM,
        PROJECTION,
        SHARES,
        checked(
            "conservation",
            r"$\frac1n\sum_i\mathbb V[x_i^\top\hat\beta]+\mathbb"
            r" E\frac{\mathrm{RSS}}n=\frac1n\sum_jv_j$: the mean over responses of both shares."
            r" For equal variances they are $\sigma^2\frac pn$ and $\sigma^2(1-\frac pn)$, since"
            r" $\mathrm{tr}\,H=p$.",
            method="adding the mean shares for equal variances, with leverages of sum p",
            check=equal,
            stated=_shares(_v * _p / _n, _v * (1 - _p / _n), _v),
            wrong={
                "the unbiased estimate of the variance": _shares(_v * _p / _n, _v, _v),
                "p counted twice": _shares(_v * 2 * _p / _n, _v * (1 - _p / _n), _v),
            },
            uses=("shares_of_a_response",),
        ),
    ),
)

_share = _rho + (1 - _rho) / _k
_up_to_one, _beyond_one = sympy.symbols("u m", nonnegative=True)


def _deepening(share: Any) -> Inequality:
    """A share of a residual sum g, with k = 1 + m and 1 - rho = u, against the whole of it."""
    known = {_k: 1 + _beyond_one, _rho: 1 - _up_to_one}
    slack = _left_over * _up_to_one * _beyond_one / (1 + _beyond_one)
    return Inequality(share.subs(known) * _left_over, _left_over, slack)


AVERAGING_DEEPENS = Proof(
    slug="uncertainty_propagation/averaging_deepens",
    idea="The head sees the averages, whose variance is a share of a single response's.",
    steps=(
        RESPONSES,
        AVERAGES,
        HEAD,
        VARIANCE_OF_SUM,
        PROJECTION,
        SHARES,
        CORRELATED_MEAN,
        SCALED_VARIANCES,
        checked(
            "averaging_deepens",
            r"$\mathbb E\,\mathrm{RSS}_k=(\rho+\frac{1-\rho}k)\,\mathbb E\,\mathrm{RSS}_1$, and"
            r" $1-\rho-\frac{1-\rho}k=(1-\rho)\frac{k-1}k\ge0$ for $k\ge1$, $\rho\le1$;"
            r" $\mathrm{RSS}_1$ is a sum of squares.",
            method="the sign of the difference is manifest, for every k and rho",
            check=at_most,
            stated=_deepening(_share),
            wrong={
                "a share that grows with k": _deepening(_rho + (1 - _rho) * _k),
                "no common part": _deepening((1 - _rho) / _k - _rho),
            },
            uses=("averages", "shares_of_a_response", "correlated_mean", "scaled_variances"),
        ),
    ),
)

_answer, _mean = sympy.symbols("y b", real=True)


def _within(variance_of_mean: Any, said: Any) -> tuple[Any, Any]:
    """The expected sum of squares of k centred answers around their mean, and what it is said."""
    around = expectation(
        _k * (_answer - _mean) ** 2,
        # A single answer's covariance with the mean of all is the mean's variance.
        {_answer**2: _v, _answer * _mean: variance_of_mean, _mean**2: variance_of_mean},
        [_answer, _mean],
    )
    return around, said


WITHIN = checked(
    "within_an_input",
    r"$\mathbb E\sum_j(y_{ij}-\bar y_i)^2=k(v_i-\mathbb V[\bar y_i])=(k-1)(1-\rho)v_i$: an answer's"
    r" covariance with the mean of all is the mean's variance.",
    method="expanding, for every k and rho",
    check=equal,
    stated=_within(_share * _v, (_k - 1) * (1 - _rho) * _v),
    wrong={
        "k in place of k - 1": _within(_share * _v, _k * (1 - _rho) * _v),
        "uncorrelated answers": _within(_v / _k, (_k - 1) * (1 - _rho) * _v),
    },
    uses=("averages", "correlated_mean"),
)

_deviation_sum = sympy.Symbol("D", real=True)
_residual, _squares = sympy.symbols("r S", real=True)


def _split(cross: Any) -> tuple[Any, Any]:
    """Sum of (d_j + r)^2 over k answers whose deviations d_j add up to so much."""
    return _squares + 2 * _residual * cross + _k * _residual**2, _squares + _k * _residual**2


POOLED = checked(
    "pooled_sum",
    r"$\sum_j(y_{ij}-\hat y_i)^2=\sum_j(y_{ij}-\bar y_i)^2+k(\bar y_i-\hat y_i)^2$: deviations from"
    r" the mean add up to zero.",
    method="expanding, for every k",
    check=equal,
    stated=_split(sympy.Integer(0)),
    wrong={"deviations that do not add up to zero": _split(_deviation_sum)},
    uses=("averages",),
)


def _pooled(within: Any) -> tuple[Any, Any]:
    """The mean of all squared residuals for equal variances without correlation."""
    return (_n * within + _k * (_v / _k) * (_n - _p)) / (_n * _k), _v * (1 - _p / (_n * _k))


POOLED_RESIDUALS = Proof(
    slug="uncertainty_propagation/pooled_residuals",
    idea="Residuals of all responses see the spread of answers to one input, which averages hide.",
    steps=(
        RESPONSES,
        EQUAL_VARIANCES,
        AVERAGES,
        INDEPENDENT_RESPONSES,
        HEAD,
        VARIANCE_OF_SUM,
        PROJECTION,
        SHARES,
        CORRELATED_MEAN,
        WITHIN,
        POOLED,
        checked(
            "pooled_residuals",
            r"$\frac1{nk}\bigl(n(k-1)\sigma^2+k\cdot\frac{\sigma^2}k(n-p)\bigr)"
            r"=\sigma^2(1-\frac p{nk})$, where $\mathrm{tr}(I-H)=n-p$.",
            method="expanding, for every n, p and k",
            check=equal,
            stated=_pooled((_k - 1) * _v),
            wrong={
                "k degrees of freedom within": _pooled(_k * _v),
                "no spread within": _pooled(sympy.Integer(0)),
            },
            uses=(
                "equal variances",
                "independent responses",
                "shares_of_a_response",
                "within_an_input",
                "pooled_sum",
            ),
        ),
    ),
)

POOLED_CONSERVATION = Proof(
    slug="uncertainty_propagation/pooled_conservation",
    idea="What averaging takes from predictions and residuals is the spread of answers to one"
    " input, which pooled residuals count.",
    steps=(
        RESPONSES,
        AVERAGES,
        HEAD,
        VARIANCE_OF_SUM,
        PROJECTION,
        SHARES,
        CORRELATED_MEAN,
        WITHIN,
        POOLED,
        checked(
            "pooled_conservation",
            r"Of the variance $v_j$ at an input, $\bar v_jh_j$ is across students, $\bar"
            r" v_j(1-h_j)$ in the residuals of the mean, and $\frac1k(k-1)(1-\rho)v_j$ in the"
            r" spread around it, with $\bar v_j=(\rho+\frac{1-\rho}k)v_j$: together $v_j$.",
            method="expanding, for every k, rho and leverage",
            check=equal,
            stated=_shares(
                _share * _v * _h, _share * _v * (1 - _h) + (_k - 1) * (1 - _rho) * _v / _k, _v
            ),
            wrong={
                "residuals of averages only": _shares(_share * _v * _h, _share * _v * (1 - _h), _v),
                "a spread without correlation": _shares(
                    _share * _v * _h, _share * _v * (1 - _h) + (_k - 1) * _v / _k, _v
                ),
            },
            uses=("shares_of_a_response", "within_an_input", "pooled_sum"),
        ),
    ),
)

# --- sampled labels -------------------------------------------------------------------------------

LABELS = assumed(
    "sampled labels",
    r"$\hat q=\frac1k\sum_je_{y_j}$ with $y_j$ i.i.d. with law $P$; $d$ is any direction.",
)
_P, _d, _mean_square, _mean_d = sympy.symbols("P d Q m", real=True)
_C = sympy.Symbol("C", real=True)


def _one_label(centre: Any) -> tuple[Any, Any]:
    """A label's share of the variance of d.e_y, the sum of P being one, and the quadratic form."""
    spread = sympy.expand(_P * (_d - centre) ** 2)
    # Summed over labels: sum P = 1, sum P d = m, sum P d^2 = Q.
    summed = spread.coeff(_d, 2) / _P * _mean_square
    summed += spread.coeff(_d, 1) / _P * _mean_d + spread.coeff(_d, 0) / _P
    return summed, _mean_square - _mean_d**2


CATEGORICAL_AVERAGING = Proof(
    slug="uncertainty_propagation/categorical_averaging",
    idea="The mean of k one-hot labels is a mean of k i.i.d. vectors.",
    steps=(
        LABELS,
        VARIANCE_OF_MEAN,
        checked(
            "one_label",
            r"$\mathbb V[d\cdot e_y]=\sum_kP_k(d_k-P\cdot d)^2=\sum_kP_kd_k^2-(P\cdot d)^2"
            r"=d^\top(\mathrm{diag}P-PP^\top)d$.",
            method="expanding, term by term, with sums over any number of labels as symbols",
            check=equal,
            stated=_one_label(_mean_d),
            wrong={"not centred": _one_label(sympy.Integer(0))},
            uses=("sampled labels",),
        ),
        checked(
            "categorical_averaging",
            r"$d^\top\mathrm{Cov}(\hat q)d=\mathbb V[\frac1k\sum_jd\cdot e_{y_j}]"
            r"=\frac1kd^\top(\mathrm{diag}P-PP^\top)d$.",
            method="the variance of a mean, with mean squares Q and means m",
            check=equal,
            stated=(
                (_k * _mean_square + _k * (_k - 1) * _mean_d**2) / _k**2 - _mean_d**2,
                (_mean_square - _mean_d**2) / _k,
            ),
            wrong={
                "labels that are all the same": (
                    (_k * _mean_square + _k * (_k - 1) * _mean_square) / _k**2 - _mean_d**2,
                    (_mean_square - _mean_d**2) / _k,
                )
            },
            uses=("one_label", "variance_of_mean"),
        ),
    ),
)


def _entry(second_moment: Any) -> tuple[Any, Any]:
    """Entry (j, l) of the sum of both covariances; D is that of diag P, and E q = P."""
    diagonal, product = sympy.symbols("D pp", real=True)
    across = _C
    within = diagonal - second_moment(_C, product)
    return across + within, diagonal - product


CATEGORICAL_CONSERVATION = Proof(
    slug="uncertainty_propagation/categorical_conservation",
    idea="The law of total covariance, entry by entry.",
    steps=(
        LABELS,
        checked(
            "categorical_conservation",
            r"$\mathbb E\hat q=P$ and $\mathbb E\hat q\hat q^\top=\mathrm{Cov}(\hat q)+PP^\top$,"
            r" so that $\mathrm{Cov}(\hat q)+\mathbb E[\mathrm{diag}\hat q-\hat q\hat"
            r" q^\top]=\mathrm{diag}P-PP^\top$, for every $k$.",
            method="substituting the second moment, entry by entry",
            check=equal,
            stated=_entry(lambda covariance, product: covariance + product),
            wrong={
                "the second moment without the mean": _entry(
                    lambda covariance, product: covariance
                ),
                "a second moment without the covariance": _entry(
                    lambda covariance, product: product
                ),
            },
            uses=("sampled labels",),
        ),
    ),
)
