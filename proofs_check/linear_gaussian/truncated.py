r"""Students of intermediate rank: sampled bounds on their shift, which may grow with the rank.

Given the pseudo labels such a student is a mixture over possible teachers. An average over further
draws of the teacher alone is an unbiased density of the mixture, and concavity makes its logarithm
too small; with the generator among the draws it is the density that the student really has given
the draws, and its logarithm is too large by a divergence.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    holds_by_induction,
)
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.records import Proof, assumed, checked, refuted

# --- a mixture of two teachers --------------------------------------------------------------------

_w0, _w1, _p0, _p1 = sympy.symbols("w_0 w_1 phi_0 phi_1", positive=True)
_draws, _sum = sympy.symbols("M S", real=True)
MIXTURE = _w0 * _p0 + _w1 * _p1
"""The student's density at a point."""

STUDENT = assumed(
    "two teachers",
    r"Given the pseudo labels the teacher is one of two, with weights $w_0+w_1=1$ (here $\frac12$"
    r" each); $W^0,\dots,W^M$ are independent draws of it, and $\Theta$ has the density"
    r" $\varphi(\cdot;W^0)$ given the draws: $q_S=w_0\varphi_0+w_1\varphi_1$. All densities are"
    r" positive, as those of regular normal laws are.",
)


def _average(added: Any) -> Induction:
    """The mean of a sum of densities over draws, when one more adds so much to it."""
    return Induction(
        _sum - _draws * MIXTURE, {_sum: 0, _draws: 0}, {_sum: _sum + added, _draws: _draws + 1}
    )


UNBIASED = checked(
    "unbiased",
    r"$E\,\frac1M\sum_{m\ge1}\varphi(\theta;W^m)=q_S(\theta)$ at every $\theta$: each draw has the"
    r" mean $w_0\varphi_0+w_1\varphi_1$, and $\Theta$ is independent of the draws with $m\ge1$.",
    method="induction over the draws",
    check=holds_by_induction,
    stated=_average(_w0 * _p0 + _w1 * _p1),
    wrong={"teachers of equal weight": _average((_p0 + _p1) / 2), "the generator": _average(_p0)},
    uses=("two teachers",),
)

_ratio = sympy.Symbol("avg/q_S", positive=True)


def _mean_of_tangent(mean: Any) -> tuple[Any, Any]:
    """The mean of the tangent at one, when the average has this mean; and zero."""
    return mean / MIXTURE - 1, 0


TOO_SMALL = checked(
    "too_small",
    r"$E\log\frac{\mathrm{avg}}{q_S(\Theta)}\le E\bigl[\frac{\mathrm{avg}}{q_S(\Theta)}-1\bigr]=0$"
    r" for $\mathrm{avg}=\frac1M\sum_{m\ge1}\varphi(\Theta;W^m)$: the tangent of the logarithm.",
    method="the mean of the tangent, given Theta",
    check=equal,
    stated=_mean_of_tangent(MIXTURE),
    wrong={"the generator's density": _mean_of_tangent(_p0)},
    uses=("logarithm_below_tangent", "unbiased"),
)

_avg, _mix, _teacher = sympy.symbols("avg q_S q_T", positive=True)


def _split(ratio: Any) -> tuple[Any, Any]:
    """The log of an average over the teacher's density, and the student's with this ratio."""
    logs = sympy.log(_mix / _teacher) + sympy.log(ratio)
    return tuple(sympy.expand_log(one, force=True) for one in (sympy.log(_avg / _teacher), logs))


SPLIT = checked(
    "split",
    r"$\log\frac{\mathrm{avg}}{q_T}=\log\frac{q_S}{q_T}+\log\frac{\mathrm{avg}}{q_S}$, and the"
    r" mean of the first term is $\mathrm{KL}(q_S\,\|\,q_T)$, as $\Theta$ has the density $q_S$.",
    method="expanding the logarithms",
    check=equal,
    stated=_split(_avg / _mix),
    wrong={
        "the ratio turned over": _split(_mix / _avg),
        "the teacher's ratio": _split(_avg / _teacher),
    },
    uses=("two teachers",),
)

_divergence = sympy.Symbol("KL", real=True)
_slack = sympy.Symbol("s", nonnegative=True)


def _lower(mean: Any) -> Inequality:
    """The lower bound, by the mean of the tangent for an average of this mean, and the shift."""
    tangent, _ = _mean_of_tangent(mean)
    return Inequality(_divergence + tangent - _slack, _divergence, _slack)


TRUNCATED_SANDWICH_LOWER = Proof(
    slug="linear_gaussian/truncated_sandwich_lower",
    idea="The average over fresh draws is an unbiased density, and the logarithm is concave.",
    steps=(
        STUDENT,
        LOGARITHM_BELOW_TANGENT,
        UNBIASED,
        TOO_SMALL,
        SPLIT,
        checked(
            "truncated_sandwich_lower",
            r"$E\log\frac{\frac1M\sum_{m\ge1}\varphi(\Theta;W^m)}{q_T(\Theta)}\le\mathrm{KL}(q_S"
            r"\,\|\,q_T)$, for every $M\ge1$.",
            method="the slack is what the tangent exceeds the logarithm by, in the mean",
            check=at_most,
            stated=_lower(MIXTURE),
            wrong={"the generator among the draws": _lower(_p0)},
            uses=("too_small", "split"),
        ),
    ),
)

# --- with the generator ---------------------------------------------------------------------------

_ones, _more = sympy.symbols("j M", integer=True, positive=True)


def _generator(share: Any) -> tuple[Any, Any]:
    """The joint weight of j draws of teacher 1 among M + 1 and of Theta, over the binomial weight.

    The generator is teacher 1, with j - 1 more among M draws, or teacher 0, with j among M.
    """
    total = sympy.binomial(_more + 1, _ones)
    one = sympy.binomial(_more, _ones - 1) / total
    other = sympy.binomial(_more, _ones) / total
    found = sympy.gammasimp(one.rewrite(sympy.gamma)) * _p1
    found += sympy.gammasimp(other.rewrite(sympy.gamma)) * _p0
    return sympy.simplify(found), share * _p1 + (1 - share) * _p0


GIVEN_THE_DRAWS = checked(
    "given_the_draws",
    r"Given how many of $W^0,\dots,W^M$ are teacher $1$, say $j$, $\Theta$ has the density"
    r" $\mathrm{avg}=\frac1{M+1}\sum_{m\ge0}\varphi(\theta;W^m)=\frac j{M+1}\varphi_1+(1-\frac"
    r" j{M+1})\varphi_0$: the generator is any of the draws alike, $\binom M{j-1}=\frac"
    r" j{M+1}\binom{M+1}j$ for $1\le j\le M$; else all are the same teacher.",
    method="binomial coefficients, for every M and j; the weights w_1^j w_0^(M+1-j) are common",
    check=lambda share: equal(_generator(share)),
    stated=_ones / (_more + 1),
    wrong={
        "the share among further draws": _ones / _more,
        "the generator left out": (_ones - 1) / (_more + 1),
    },
    uses=("two teachers",),
)


def _tangent_to_average(density: Any) -> tuple[Any, Any]:
    """The integrand of the tangent to -log(q_S / avg) under this density, and q_S less avg."""
    return density * (_mix / _avg - 1), _mix - _avg


TOO_LARGE = checked(
    "too_large",
    r"$E\log\frac{\mathrm{avg}}{q_S(\Theta)}=E\,\mathrm{KL}(\mathrm{avg}\,\|\,q_S)\ge0$: given the"
    r" draws the mean is over the density $\mathrm{avg}$, and $-\mathrm{avg}\log\frac{q_S}"
    r"{\mathrm{avg}}\ge-(q_S-\mathrm{avg})$, whose integral is $0$.",
    method="the tangent under the density that Theta has given the draws",
    check=equal,
    stated=_tangent_to_average(_avg),
    wrong={"the mixture as the density": _tangent_to_average(_mix)},
    uses=("gibbs_inequality", "given_the_draws"),
)


def _upper(mass: Any) -> Inequality:
    """The shift, and the upper bound with an average of this mass."""
    return Inequality(_divergence, _divergence + (mass - 1) + _slack, _slack)


TRUNCATED_SANDWICH_UPPER = Proof(
    slug="linear_gaussian/truncated_sandwich_upper",
    idea="Given the draws and not which of them is the generator, the average is the student's"
    " density.",
    steps=(
        STUDENT,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        GIVEN_THE_DRAWS,
        TOO_LARGE,
        SPLIT,
        checked(
            "truncated_sandwich_upper",
            r"$\mathrm{KL}(q_S\,\|\,q_T)\le E\log\frac{\frac1{M+1}\sum_{m\ge0}\varphi(\Theta;W^m)}"
            r"{q_T(\Theta)}$, for every $M\ge0$.",
            method="the slack is what the logarithm exceeds the tangent by, whose integral is zero",
            check=at_most,
            stated=_upper(1),
            wrong={"one density too few in the average": _upper((_more + 1) / (_more + 2))},
            uses=("too_large", "split"),
        ),
    ),
)

# --- the shift may grow with the rank -------------------------------------------------------------

ONE_BY_ONE = assumed(
    "one by one",
    r"$k=d=n=1$, $\beta=\nu=1$, $W^*=w$, $\Sigma_S=\Sigma_T$, and $r=\rho=\frac{s^2}{\lambda+s^2}$,"
    r" $b=s^2w^2$, $t=\rho+\rho^2$, $c=\frac{1+\rho}{1+t}$, $q=(1-\rho)^2(1+\rho)+\rho$.",
)


def _no_larger_at_full_rank(design: tuple[Any, Any, Any]) -> bool:
    """Whether the shift at full rank is at most that at rank zero, for (s^2, w^2, lambda)."""
    squared, signal, prior = map(sympy.sympify, design)
    fit = squared / (prior + squared)
    energy = squared * signal
    residual = (1 + fit) / (1 + fit + fit**2)
    mismatch = (1 - fit) ** 2 * (1 + fit) + fit
    full = fit * (1 - fit) ** 2 * energy + mismatch - sympy.log(1 + residual)
    zero = fit**3 * energy + fit * (1 + fit + fit**2)
    # Rational numbers and one logarithm: compared to as many digits as it takes.
    return bool(full <= zero)


SHIFT_NOT_MONOTONE = Proof(
    slug="linear_gaussian/shift_not_monotone",
    idea="The statement is ours, to say against what a higher rank is cheaper. A student that"
    " ignores the teacher sits at the prior's mean; where the prior dominates, that is closer to"
    " the refitted teacher than a noisy copy is.",
    steps=(
        ONE_BY_ONE,
        refuted(
            "shift_not_monotone",
            r"The shift at full rank, $\frac12[\rho(1-\rho)^2b+q-\log(1+c)]$, is at most that at"
            r" rank zero, $\frac12[\rho^3b+\rho(1+\rho+\rho^2)]$: for $s=1$, $w=0$, $\lambda=4$"
            " that would be"
            r" $\frac12(\frac{121}{125}-\log\frac{61}{31})\le\frac12\cdot\frac{31}{125}$, or"
            r" $0.146\le0.124$.",
            method="the instance with rho = 1/5, exactly",
            check=_no_larger_at_full_rank,
            stated=(1, 0, 4),
            mended={
                "a weaker prior, rho = 1/4": (1, 0, 3),
                "data that outweigh the prior": (4, 4, sympy.Rational(1, 4)),
            },
            uses=(
                "one by one",
                "linear_gaussian/divergence_exact",
                "linear_gaussian/algorithm_shift_rank_zero",
                "linear_gaussian/apx_monotone_in_rank",
            ),
        ),
    ),
)
