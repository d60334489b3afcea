r"""Proposition 3 as printed: where Eqs. 9 and 10 stand, and which step fails where they do not.

The printed proof divides the variance of the distilled risk by N. That is right for terms that are
independent, and a teacher that is shared over the sample makes them dependent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import (
    Inequality,
    at_most,
    equal,
    expectation,
)
from proofs_check.algebra_several import positive_when_cancelled
from proofs_check.bias_variance import worlds
from proofs_check.bias_variance.bias import distance, factor, gap, squared_bound
from proofs_check.bias_variance.setting import (
    CENTRED_SQUARES,
    FIXED,
    FRESH,
    JOINT_SECOND_MOMENT,
    MEAN_BETWEEN,
    SHARED,
    SQUARE_BETWEEN,
    TOTAL_VARIANCE,
    WORLD,
    N,
    mean_bias,
    noise,
    spread,
)
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.records import Proof, assumed, checked, refuted

CONSTANT = assumed(
    "constant", r"$C\ge LB^2$ with $B=\max|\ell|$ over inputs and labels: the printed constant."
)

# --- the bias, as in the text ---------------------------------------------------------------------

_over, _under = sympy.symbols("alpha beta", nonnegative=True)
_signed = sympy.Symbol("t", real=True)


def _squared_loss(under: Any) -> Inequality:
    """A squared loss below B^2, with B - loss and B + loss as given."""
    largest, loss = (_over + under) / 2, (under - _over) / 2
    return Inequality(loss**2, largest**2, _over * under)


NORM_OF_LOSSES = checked(
    "norm_of_losses",
    r"$\|\ell\|_2^2=\sum_k\ell_k^2\le LB^2$: for each of the $L$ labels $B^2-\ell_k^2=(B-\ell_k)"
    r"(B+\ell_k)\ge0$.",
    method="expanding, term by term",
    check=at_most,
    stated=_squared_loss(_under),
    wrong={"losses bounded from above only": _squared_loss(_signed)},
    uses=("world",),
)

extra = sympy.Symbol("c", nonnegative=True)

PRINTED_BIAS = checked(
    "printed_bias",
    r"$\bigl(\mathbb E(p_\tau(x)-p^*(x))\cdot\ell(x)\bigr)^2\le LB^2\bigl(\mathbb E\|p_\tau(x)-p^*"
    r"(x)\|_2\bigr)^2$, means over $x$ and $\tau$: at each pair $|(p_\tau-p^*)\cdot\ell|\le"
    r"\|p_\tau-p^*\|_2\|\ell\|_2\le\sqrt L\,B\,\|p_\tau-p^*\|_2$.",
    method="squaring the mean of the bounds, with K = L B^2",
    check=at_most,
    stated=squared_bound(sympy.sqrt(factor)),
    wrong={"K in place of its root": squared_bound(factor)},
    uses=("world", "cauchy_schwarz", "norm_of_losses", "square_between"),
)

BIAS_STEPS = (CAUCHY_SCHWARZ, NORM_OF_LOSSES, MEAN_BETWEEN, SQUARE_BETWEEN, PRINTED_BIAS)


def _eq9(constant: Any, own_noise: Any, variance: Any) -> Inequality:
    """An error with this noise, below Eq. 9 with this constant and this variance."""
    error = own_noise / N + factor * distance**2 - gap
    slack = (constant - factor) * distance**2 + gap
    return Inequality(error, variance / N + constant * distance**2, slack)


EQ9_FIXED = Proof(
    slug="bias_variance/eq9_fixed",
    idea="As in the text: the error is a variance and a squared bias, and the inequality of Cauchy"
    " and Schwarz bounds the bias.",
    steps=(
        WORLD,
        FIXED,
        CONSTANT,
        *BIAS_STEPS,
        checked(
            "eq9_fixed",
            r"$\mathbb E(\tilde R-R)^2=\frac1N\mathbb V_x[p^{\mathrm t}\cdot\ell]+b^2\le\frac1N"
            r"\mathbb V_x[p^{\mathrm t}\cdot\ell]+C(\mathbb E_x\|p^{\mathrm t}-p^*\|_2)^2$.",
            method="adding up the slacks, with C = K + c",
            check=at_most,
            stated=_eq9(factor + extra, noise, noise),
            wrong={
                "a constant that is too small": _eq9(factor - extra, noise, noise),
                "half of the constant": _eq9(factor / 2, noise, noise),
            },
            uses=("fixed", "constant", "printed_bias", "bias_variance/mse_fixed"),
        ),
    ),
)

EQ9_FRESH = Proof(
    slug="bias_variance/eq9_fresh",
    idea="With draws that are independent, the argument of the text applies to pairs of an input"
    " and a draw.",
    steps=(
        WORLD,
        FRESH,
        CONSTANT,
        CENTRED_SQUARES,
        JOINT_SECOND_MOMENT,
        TOTAL_VARIANCE,
        *BIAS_STEPS,
        checked(
            "eq9_fresh",
            r"$\mathbb E(\tilde R-R)^2=\frac1N(\mathbb E_\tau v_\tau+\mathbb V_\tau[b_\tau])+\bar"
            r" b^2\le\frac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell]+C(\mathbb"
            r" E_{x,\tau}\|p_\tau-p^*\|_2)^2$, since $\bar b=\mathbb"
            r" E_{x,\tau}(p_\tau-p^*)\cdot\ell$.",
            method="substituting the joint variance; C = K + c",
            check=at_most,
            stated=_eq9(factor + extra, noise + spread, noise + spread),
            wrong={
                "the variance over inputs only": _eq9(factor + extra, noise + spread, noise),
                "a constant that is too small": _eq9(
                    factor - extra, noise + spread, noise + spread
                ),
            },
            uses=(
                "fresh",
                "constant",
                "total_variance",
                "printed_bias",
                "bias_variance/mse_fresh",
            ),
        ),
    ),
)

# --- a shared teacher -----------------------------------------------------------------------------

_delta, _mean, _second_moment = sympy.symbols("Delta mu q", real=True)


def _split(rest: Any) -> tuple[Any, Any]:
    """The variance of Delta and this rest, and the mean of its square."""
    moments = {_delta: _mean, _delta**2: _second_moment}
    return expectation((_delta - _mean) ** 2, moments, [_delta]) + rest, _second_moment


def _variances(of_risk: Any, num_samples: Any = N, between: Any = spread) -> tuple[Any, Any]:
    """The variance of the distilled risk, and the variance of one term divided by N."""
    return of_risk, (noise + between) / num_samples


def _shared_variance(num_samples: Any = N, between: Any = spread) -> Any:
    """The error of a shared teacher less its squared mean bias."""
    return noise / num_samples + mean_bias**2 + between - mean_bias**2


_wrong_chance, _constant = sympy.symbols("epsilon C", positive=True)


def _sometimes_wrong(squared_bias: Any, constant: Any) -> tuple[Any, Any]:
    """The error less Eq. 9 where one teacher in 1/epsilon is wrong, and its value.

    A wrong teacher has the bias 1 and the distance sqrt 2, any other one has neither.
    """
    error = squared_bias
    variance = _wrong_chance - _wrong_chance**2
    bound = variance / N + constant * (_wrong_chance * sympy.sqrt(2)) ** 2
    return error - bound, _wrong_chance * (1 - 1 / N - _wrong_chance * (2 * _constant - 1 / N))


_more, _excess, _share = sympy.symbols("m c r", positive=True)


def _margins(chance: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The bracket by which Eq. 9 fails, with N = 1 + m and this chance for a given threshold.

    For a large constant, 2 C = 1/N + c, there is a threshold; for a small one, 2 C = 1/N - c, the
    chance is whatever it is for a threshold of one.
    """
    room = _more / (1 + _more)  # 1 - 1/N
    threshold = room / _excess
    return room - chance(threshold) * _excess, room + chance(sympy.Integer(1)) * _excess


def _all_positive(margins: Sequence[Any]) -> bool:
    return all(positive_when_cancelled(margin) for margin in margins)


_ONE_IN_EIGHT = worlds.World(
    inputs=(Fraction(1),),
    truth=((1, 0),),
    losses=((0, 1),),
    draws=(Fraction(7, 8), Fraction(1, 8)),
    teachers=(((1, 0),), ((0, 1),)),
)


def _printed_bound(world: worlds.World, num_samples: int) -> Any:
    """The right side of Eq. 9 with C = L B^2 = 2."""
    return worlds.joint_variance(world) / num_samples + 2 * worlds.mean_distance(world) ** 2


def _mended_bound(world: worlds.World, num_samples: int) -> Any:
    """The square inside the mean over teachers, with C* = 1/2; there is one input, so no noise."""
    return worlds.mean_squared_distance(world) / 2


def _bounded(claim: tuple[Callable[[worlds.World, int], Any], int]) -> bool:
    """Whether the error of the shared teacher is at most a bound, for so many samples."""
    bound, num_samples = claim
    error = worlds.shared_error(_ONE_IN_EIGHT, num_samples)
    return bool(sympy.Rational(error) <= sympy.sympify(bound(_ONE_IN_EIGHT, num_samples)))


EQ9_SHARED = Proof(
    slug="bias_variance/eq9_shared",
    idea="A teacher that is shared over the sample varies as a whole; that part of the variance of"
    " the distilled risk is not divided by N.",
    steps=(
        WORLD,
        SHARED,
        CONSTANT,
        CENTRED_SQUARES,
        JOINT_SECOND_MOMENT,
        TOTAL_VARIANCE,
        checked(
            "split",
            r"$\mathbb E\Delta^2=\mathbb V[\Delta]+(\mathbb E\Delta)^2$ for $\Delta=\tilde R-R$,"
            r" as in the text; $\mathbb E\Delta=\bar b$ and $\mathbb V[\Delta]=\mathbb V[\tilde"
            r" R]$.",
            method="expanding",
            check=equal,
            stated=_split(_mean**2),
            wrong={
                "no squared mean": _split(sympy.Integer(0)),
                "the mean not squared": _split(_mean),
            },
            uses=("shared",),
        ),
        *BIAS_STEPS,
        refuted(
            "variance_over_n",
            r"$\mathbb V[\tilde R]=\frac1N\mathbb V[p_\tau\cdot\ell]$. But $\mathbb V[\tilde"
            r" R]=\frac1N\mathbb E_\tau v_\tau+\mathbb V_\tau[b_\tau]$, whereas $\frac1N\mathbb"
            r" V_{x,\tau}[p_\tau\cdot\ell]=\frac1N(\mathbb E_\tau v_\tau+\mathbb V_\tau[b_\tau])$.",
            method="comparing both for any variances and any N",
            check=equal,
            stated=_variances(_shared_variance()),
            mended={
                "one sample": _variances(_shared_variance(1), 1),
                "a teacher that does not vary": _variances(_shared_variance(N, 0), N, 0),
                "a teacher drawn afresh": _variances((noise + spread) / N),
            },
            uses=("split", "total_variance", "bias_variance/mse_shared"),
        ),
        checked(
            "error_less_bound",
            r"One input, $p^*=(1,0)$, $\ell=(0,1)$, and a teacher that is $p^*$ but with chance"
            r" $\epsilon$ says $(0,1)$: the error is $\epsilon$, and exceeds the right side of Eq."
            r" 9 by $\epsilon\bigl(1-\frac1N-\epsilon(2C-\frac1N)\bigr)$.",
            method="substituting bias 1 and distance sqrt 2 with chance epsilon, else 0",
            check=equal,
            stated=_sometimes_wrong(_wrong_chance, _constant),
            wrong={
                "the mean bias squared as the error": _sometimes_wrong(_wrong_chance**2, _constant),
                "half of the penalty": _sometimes_wrong(_wrong_chance, _constant / 2),
            },
            uses=("bias_variance/mse_shared",),
        ),
        checked(
            "no_constant",
            r"For every $N\ge2$ and every $C$ this is positive if $\epsilon$ is below"
            r" $\frac{1-1/N}{2C-1/N}$ (any $\epsilon$, if $2C\le\frac1N$): no constant will do.",
            method="the sign is manifest, for N = 1 + m and a chance 1/(1+r) of the threshold",
            check=_all_positive,
            stated=_margins(lambda threshold: threshold / (1 + _share)),
            wrong={
                "at the threshold": _margins(lambda threshold: threshold),
                "above the threshold": _margins(lambda threshold: threshold * (1 + _share)),
            },
            uses=("error_less_bound",),
        ),
        refuted(
            "eq9_shared",
            r"$\mathbb E(\tilde R-R)^2\le\frac1N\mathbb V_{x,\tau}[p_\tau\cdot\ell]+C(\mathbb E_{x,"
            r"\tau}\|p_\tau-p^*\|_2)^2$: for $\epsilon=\frac18$, $N=2$ and $C=LB^2=2$ it would be"
            r" $\frac18\le\frac12\cdot\frac7{64}+2\bigl(\frac{\sqrt2}8\bigr)^2=\frac{15}{128}$.",
            method="enumerating the world of the last steps, exactly",
            check=_bounded,
            stated=(_printed_bound, 2),
            mended={
                "one sample": (_printed_bound, 1),
                "the square inside the mean over teachers": (_mended_bound, 2),
            },
            uses=("constant", "printed_bias", "variance_over_n", "no_constant"),
        ),
    ),
)
