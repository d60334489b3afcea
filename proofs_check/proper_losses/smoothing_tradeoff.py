r"""Label smoothing by the target's trade-off, which can hurt, and by the risk's, which cannot."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, finite_mean, samples_of
from proofs_check.algebra_several import all_at_most
from proofs_check.common import JENSEN_FOR_SQUARES, PAIRWISE_FORM
from proofs_check.proper_losses.smoothing import (
    SMOOTHED_LABEL,
    SMOOTHED_RISK,
    N,
    amount,
    change_variance,
    mean_change,
    risk_error,
)
from proofs_check.records import Proof, checked, refuted

_COIN = ((Fraction(3, 4), Fraction(0)), (Fraction(1, 4), Fraction(1)))
_TOSSES = 8


def _coin_error(at: Fraction) -> Any:
    """The mean squared error of the smoothed risk for a biased coin, over all samples."""
    middle = Fraction(1, 2)
    law = [(weight, (1 - at) * loss + at * middle) for weight, loss in _COIN]
    truth = finite_mean(_COIN, lambda loss: loss)
    return finite_mean(
        samples_of(law, _TOSSES), lambda drawn: (sum(drawn) / Fraction(_TOSSES) - truth) ** 2
    )


def _coin_target(at: Fraction) -> Any:
    """The mean squared distance of the coin's smoothed label from its probabilities."""
    probs = tuple(weight for weight, _ in _COIN)

    def distance(label: int) -> Fraction:
        target = [(1 - at) * int(k == label) + at / 2 for k in range(2)]
        return sum(((t - p) ** 2 for t, p in zip(target, probs, strict=True)), Fraction(0))

    return finite_mean(zip(probs, range(2), strict=True), distance)


SMOOTHING_BY_MSE = Proof(
    slug="proper_losses/smoothing_by_mse",
    idea="The trade-off of bias and variance in the target is not that of the risk, where labels"
    " are drawn afresh at every example.",
    steps=(
        SMOOTHED_LABEL,
        SMOOTHED_RISK,
        checked(
            "target_improves",
            r"For labels with $p^*=(\frac34,\frac14)$ the target is closest at $\alpha^*=\frac34$:"
            r" $\mathrm{MSE}(\frac34)=\frac3{32}$, a quarter of $\mathrm{MSE}(0)=\frac38$.",
            method="enumerating the labels, exactly",
            check=lambda at: bool(_coin_target(at) == Fraction(3, 32) == _coin_target(0) / 4),  # type: ignore[arg-type]
            stated=Fraction(3, 4),
            wrong={"half of it": Fraction(3, 8), "uniform labels": Fraction(1)},
            uses=("smoothed label", "proper_losses/smoothing_mse"),
        ),
        refuted(
            "smoothing_by_mse",
            r"A target with a smaller sum of squared bias and variance makes a more accurate risk,"
            r" $\mathbb E(\tilde R_{\alpha^*}-R)^2\le\mathbb V[\hat R]$: for $\ell=(0,1)$ and $N=8$"
            r" it would be $\frac{75}{2048}\le\frac{48}{2048}$.",
            method="all samples of eight tosses, exactly",
            check=lambda at: bool(_coin_error(at) <= _coin_error(Fraction(0))),
            stated=Fraction(3, 4),
            mended={"the amount alpha_N = 3/11, the best for N = 8": Fraction(3, 11)},
            uses=("smoothed risk", "target_improves", "proper_losses/smoothing_risk"),
        ),
    ),
)

_below, _beyond, _curvature = sympy.symbols("a b kappa", nonnegative=True)
_inside, _outside = sympy.symbols("a_in a_out", positive=True)
_least = sympy.Symbol("e", real=True)


def _clipped(best: Any, at: Any, slack: Any) -> Inequality:
    """The error at an amount, below that of one-hot labels, with the best amount given."""
    return Inequality(_least + _curvature * (at - best) ** 2, _least + _curvature * best**2, slack)


def _cases(negative: Any, large: Any) -> tuple[Inequality, ...]:
    """The three cases, with the amounts used where the best one is below 0 or above 1."""
    best_inside = _inside / (_inside + _outside)
    return (
        _clipped(-_below, negative, _curvature * negative * (-2 * _below - negative)),
        _clipped(best_inside, best_inside, _curvature * best_inside**2),
        _clipped(1 + _beyond, large, _curvature * large * (2 + 2 * _beyond - large)),
    )


def _convex(sign: int) -> Inequality:
    """Half of the second derivative of the error, if the squared bias enters with this sign."""
    error = risk_error(amount) + (sign - 1) * (amount * mean_change) ** 2
    slack = change_variance / N + sign * mean_change**2
    return Inequality(0, sympy.diff(error, amount, 2) / 2, slack)


SMOOTHING_HELPS = Proof(
    slug="proper_losses/smoothing_helps",
    idea="On the way from 0 to its minimum a convex parabola only falls.",
    steps=(
        SMOOTHED_RISK,
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        checked(
            "curvature",
            r"$\kappa_N=\frac12\frac{d^2}{d\alpha^2}\mathbb E(\tilde R-R)^2=\frac1N\mathbb V[c]"
            r"+(\mathbb E c)^2\ge0$, as a variance is not negative.",
            method="differentiating twice; manifest sign, with v >= 0 for the variance of c",
            check=at_most,
            stated=_convex(1),
            wrong={"the squared bias subtracted": _convex(-1)},
            uses=("smoothed risk", "jensen_for_squares", "proper_losses/smoothing_risk"),
        ),
        checked(
            "smoothing_helps",
            r"$\mathbb E(\tilde R_\alpha-R)^2\le\mathbb E(\tilde R_0-R)^2=\mathbb V[\hat R]$ for"
            r" $\alpha=\min(\max(\alpha_N,0),1)$: the difference is"
            r" $\kappa_N\alpha(2\alpha_N-\alpha)$, which is 0 if $\alpha_N\le0$,"
            r" $\kappa_N\alpha_N^2$ if $0\le\alpha_N\le1$, and $\kappa_N(2\alpha_N-1)$ beyond.",
            method="case by case, with manifest sign",
            check=all_at_most,
            stated=_cases(sympy.Integer(0), sympy.Integer(1)),
            wrong={
                "a negative best amount taken by its absolute value": _cases(
                    _below, sympy.Integer(1)
                ),
                "three where the best amount is above 1": _cases(
                    sympy.Integer(0), sympy.Integer(3)
                ),
            },
            uses=("curvature", "proper_losses/smoothing_risk"),
        ),
    ),
)
