r"""Proposition 5: a bound for the student of any teacher, and what it pays for the teacher.

Given the teacher nothing is random but the sample, and the risk moves by no more than the
teacher's own distance to the Bayes class probabilities. An average over teachers is another thing:
a teacher that is rarely wrong is close on average, and fails as often as it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    nonnegative_by_induction,
)
from proofs_check.algebra_several import all_nonnegative_by_induction
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.common_tails import MARKOV, UNION_BOUND
from proofs_check.empirical_bernstein.setting import BOUNDED, VALUES
from proofs_check.records import Proof, Step, assumed, checked, refuted

TEACHER = assumed(
    "teacher",
    r"The teacher's table $p_\tau$ is drawn independently of the sample;"
    r" $R_\tau(f)=\mathbb E_x\,p_\tau(x)\cdot\ell(f(x))$, $\tilde R_\tau$ is its mean over the"
    r" sample, and $\mathcal C$ is the penalty of Proposition 2 for the class of the"
    r" $p_\tau\cdot\ell(f)$, which depends on $\tau$. Losses are divided by $B$, so that $B=1$,"
    r" and $N\ge16$.",
)

# --- the distance of a teacher --------------------------------------------------------------------

_L, _squares = sympy.symbols("L S", real=True)
_odds = sympy.Symbol("x", nonnegative=True)


def _squared_losses(largest: int) -> Induction:
    """The number of labels less the sum of squared losses, which run up to the largest."""
    loss = largest * _odds / (1 + _odds)
    step = {_L: _L + 1, _squares: _squares + loss**2}
    return Induction(_L - _squares, {_L: 0, _squares: 0}, step, sympy.factor(1 - loss**2))


NORM_OF_LOSSES = checked(
    "norm_of_the_losses",
    r"$\|\ell\|_2^2\le L$: each of the $L$ labels adds $\ell_k^2\le1$.",
    method="induction over the labels, with l = x / (1 + x)",
    check=nonnegative_by_induction,
    stated=_squared_losses(1),
    wrong={"losses up to 3": _squared_losses(3)},
    uses=("bounded losses",),
)

_bias, _distance = sympy.symbols("A D", real=True)
_weight, _far, _short, _constant = sympy.symbols("pi delta r c", nonnegative=True)
_signed = sympy.Symbol("s", real=True)


def _over_inputs(weight: Any, short: Any) -> Induction:
    """C times the mean distance less the bias, when an input's bias falls short of it by r."""
    step = {
        _bias: _bias + weight * (_constant * _far - short),
        _distance: _distance + weight * _far,
    }
    invariant = _constant * _distance - _bias
    return Induction(invariant, {_bias: 0, _distance: 0}, step, weight * short)


BIAS_BY_NORM = checked(
    "bias_by_norm",
    r"$R(f)-R_\tau(f)=\mathbb E_x(p^*-p_\tau)\cdot\ell\le\sqrt L\,\mathbb E_x\|p_\tau-p^*\|_2$, by"
    r" Cauchy-Schwarz at every input.",
    method="induction over the inputs, r being the slack of Cauchy-Schwarz",
    check=nonnegative_by_induction,
    stated=_over_inputs(_weight, _short),
    wrong={
        "an input weight of either sign": _over_inputs(_signed, _short),
        "a bias above the bound": _over_inputs(_weight, -_short),
    },
    uses=("teacher", "cauchy_schwarz", "norm_of_the_losses"),
)

_gain, _loss, _room, _lost = sympy.symbols("g l u s", nonnegative=True)
_gains = sympy.Symbol("G", real=True)


def _by_variation(losing: Any, room: Any) -> list[Induction]:
    """The sum of gains less (p* - p_tau) . l, for one more label that gains, or loses."""
    start = {_bias: 0, _gains: 0}
    invariant = _gains - _bias
    return [
        Induction(
            invariant,
            start,
            {_bias: _bias + _gain * (1 - room), _gains: _gains + _gain},
            _gain * room,
        ),
        Induction(
            invariant, start, {_bias: _bias - losing * _loss, _gains: _gains}, losing * _loss
        ),
    ]


BIAS_BY_VARIATION = checked(
    "bias_by_total_variation",
    r"$(p^*-p_\tau)\cdot\ell\le\sum_k(p^*_k-p_{\tau,k})_+=\mathrm{TV}(p_\tau,p^*)$: a label that"
    r" gains $g$ adds $g\ell_k\le g$, one that loses $s$ adds $-s\ell_k\le0$. Gains and losses"
    r" have the same sum, half of $\|p_\tau-p^*\|_1$.",
    method="induction over the labels of either kind",
    check=all_nonnegative_by_induction,
    stated=_by_variation(_lost, _room),
    wrong={
        "losses above 1": _by_variation(_lost, -_room),
        "labels that lose counted as gaining": _by_variation(-_lost, _room),
    },
    uses=("bounded losses", "teacher"),
)

MEAN_BIAS = checked(
    "mean_bias",
    r"$R(f)-R_\tau(f)\le\mathbb E_x\mathrm{TV}(p_\tau(x),p^*(x))$.",
    method="induction over the inputs, r being the slack at an input",
    check=nonnegative_by_induction,
    stated=_over_inputs(_weight, _short),
    wrong={"an input weight of either sign": _over_inputs(_signed, _short)},
    uses=("bias_by_total_variation",),
)

# --- given the teacher ----------------------------------------------------------------------------

_student, _penalty = sympy.symbols("R_s C", real=True)
_allowed, _excess = sympy.symbols("A e", nonnegative=True)


def _transferred(paid: Any) -> Inequality:
    """By how much R_tau exceeds its own bound, where R exceeds its by e.

    R - R_tau falls short of the allowance by r.
    """
    risk = _student + _penalty + paid + _excess
    taught = risk - (_allowed - _short)
    found = taught - (_student + _penalty)
    return Inequality(_excess, found, sympy.expand(found - _excess))


def _given_teacher(name: str, statement: str, uses: tuple[str, ...]) -> Step:
    """The bound given the teacher, from that for the class which it makes."""
    return checked(
        name,
        statement,
        method="the sign of the difference is manifest",
        check=at_most,
        stated=_transferred(_allowed),
        wrong={
            "nothing paid for the teacher": _transferred(0),
            "half of the distance": _transferred(_allowed / 2),
        },
        uses=uses,
    )


PROP5_CONDITIONAL = Proof(
    slug="empirical_bernstein/prop5_conditional",
    idea="Given the teacher, Proposition 2 holds for the teacher's table, and the risk differs from"
    " the teacher's by at most the distance of the two tables.",
    steps=(
        BOUNDED,
        TEACHER,
        CAUCHY_SCHWARZ,
        NORM_OF_LOSSES,
        BIAS_BY_NORM,
        _given_teacher(
            "prop5_conditional",
            r"If $R>\tilde R_\tau+\mathcal C+\sqrt L\,\mathbb E_x\|p_\tau-p^*\|_2$, then"
            r" $R_\tau>\tilde R_\tau+\mathcal C$. Given $\tau$ the sample has the same law as"
            r" before, and the latter, which is Proposition 2 for the table $p_\tau$, has"
            r" probability at most $\delta$, for every $\tau$.",
            ("teacher", "bias_by_norm", "empirical_bernstein/prop2"),
        ),
    ),
)

PROP5_TV = Proof(
    slug="empirical_bernstein/prop5_tv",
    idea="Given the teacher, the bound for a finite class holds for the teacher's table, and the"
    " risk differs from the teacher's by at most the total variation.",
    steps=(
        BOUNDED,
        TEACHER,
        VALUES,
        BIAS_BY_VARIATION,
        MEAN_BIAS,
        _given_teacher(
            "prop5_tv",
            r"If $R$ exceeds $\tilde R_\tau$ by more than Theorem 4's penalty for $K$ functions and"
            r" $\mathbb E_x\mathrm{TV}(p_\tau,p^*)$, then $R_\tau$ exceeds it by more than the"
            r" penalty, which given $\tau$ has probability at most $\delta$: the"
            r" $p_\tau\cdot\ell(f)$ are $K$ functions with values in $[0,1]$.",
            (
                "teacher",
                "values_in_unit_interval",
                "mean_bias",
                "empirical_bernstein/finite_class",
            ),
        ),
    ),
)

# --- averages over the teacher --------------------------------------------------------------------

_delta, _mean = sympy.symbols("delta d", positive=True)


def _levels(factor: Any) -> list[tuple[Any, Any]]:
    """Markov's bound for a distance above so many means, and the sum of both levels."""
    markov = _mean / (factor * _mean)
    return [(markov, _delta), (markov + _delta, 2 * _delta)]


PROP5_MARKOV = Proof(
    slug="empirical_bernstein/prop5_markov",
    idea="Except with probability delta the teacher is no farther off than its mean distance"
    " divided by delta.",
    steps=(
        BOUNDED,
        TEACHER,
        UNION_BOUND,
        MARKOV,
        checked(
            "prop5_markov",
            r"$d_\tau=\sqrt L\,\mathbb E_x\|p_\tau-p^*\|_2$ exceeds $\frac1\delta\mathbb E_\tau"
            r" d_\tau$ with probability at most $\delta$ (never, if the mean is zero). Elsewhere"
            r" the bound is at least that of Proposition 5 given $\tau$, which fails with"
            r" probability at most $\delta$ for every $\tau$. Together $2\delta$.",
            method="the levels of both events",
            check=all_equal,
            stated=_levels(1 / _delta),
            wrong={
                "the mean distance itself": _levels(sympy.Integer(1)),
                "divided by 2 delta": _levels(1 / (2 * _delta)),
            },
            uses=(
                "bounded losses",
                "teacher",
                "union_bound",
                "markov",
                "empirical_bernstein/prop5_conditional",
            ),
        ),
    ),
)

_EIGHTH, _LEVEL, _SAMPLES = Fraction(1, 8), Fraction(1, 16), 8192
# One input with the loss (0, 1) and p* = (0, 1): pairs of a weight and the distilled risk. The
# distance times the root of L is 2 for the wrong table, and 0 for the right one.
_TEACHERS = ((1 - _EIGHTH, 1, 0), (_EIGHTH, 0, 2))


class _Allowance(NamedTuple):
    """What a bound allows for the teacher, and how often it may fail.

    Attributes:
        of: own distance, mean distance -> allowance.
        level: how often the bound may fail.
    """

    of: Callable[[Any, Any], Any]
    level: Fraction


def _fails_rarely(claim: _Allowance) -> bool:
    """Whether the bound fails with no more than its level, in this world: V = 0, one function."""
    mean = sum(weight * distance for weight, _, distance in _TEACHERS)
    penalty = 15 * sympy.log(10 / sympy.Rational(_LEVEL)) / (_SAMPLES - 1)
    failing: Sequence[Fraction] = [
        weight
        for weight, distilled, distance in _TEACHERS
        if bool(distilled + penalty + sympy.Rational(claim.of(distance, mean)) < 1)
    ]
    return sum(failing, Fraction(0)) <= claim.level


PROP5_AVERAGED = Proof(
    slug="empirical_bernstein/prop5_averaged",
    idea="The argument gives, for every teacher, a bound that pays for that teacher's distance; a"
    " mean over teachers cannot replace it, as the teachers that are far off pay too little.",
    steps=(
        BOUNDED,
        TEACHER,
        refuted(
            "mean_in_place_of_own_distance",
            r"If the distance of the teacher is read as a mean over teachers too, the bound fails"
            r" with probability at most $\delta$. One input, $\ell=(0,1)$, $p^*=(0,1)$, so that"
            r" $R=1$; with probability $\frac18$ the teacher says $(1,0)$, and else it is right."
            r" Then $\tilde R_\tau=0$ without variance, and the bound is"
            r" $\frac{15\log160}{8191}+\frac28<1$: it fails with probability"
            r" $\frac18>\delta=\frac1{16}$.",
            method="all draws of the teacher, exactly",
            check=_fails_rarely,
            stated=_Allowance(lambda own, mean: mean, _LEVEL),
            mended={
                "the distance of this very teacher": _Allowance(lambda own, mean: own, _LEVEL),
                "the mean divided by delta, failing with 2 delta": _Allowance(
                    lambda own, mean: mean / _LEVEL, 2 * _LEVEL
                ),
            },
            uses=("bounded losses", "teacher", "empirical_bernstein/prop5_conditional"),
        ),
    ),
)
