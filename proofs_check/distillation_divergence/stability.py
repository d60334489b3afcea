r"""Stable teachers: how far one example moves the gap, and the variance proxy that follows.

Replacing one example moves the risk, the losses of the other examples, and the loss of its own;
bounded differences make a variance proxy of that, and a seed adds the square of the stability.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    nonnegative_by_induction,
)
from proofs_check.common_hoeffding import (
    BOUNDED_DIFFERENCES_STEPS,
    HOEFFDING_STEPS,
    MEANS_STAY_CLOSE,
    MIXTURE,
)
from proofs_check.records import Proof, assumed, checked

_more = sympy.Symbol("N", nonnegative=True)
size = 1 + _more
"""The number of examples, at least one."""
beta, width = sympy.symbols("beta B", nonnegative=True)
_ell = sympy.Symbol("l", real=True)
_room, _first_room, _second_room, _third_room = sympy.symbols("e e_1 e_2 e_3", nonnegative=True)

STABLE = assumed(
    "uniform stability",
    r"$|\ell(A(D,r),z)-\ell(A(D',r),z)|\le\beta$ for all seeds $r$, all $z$ and all $D\simeq D'$,"
    r" data sets of $n$ examples that differ in one of them.",
)
TEACHER = assumed(
    "teacher",
    r"$f=A(D,r)$, $D=(z_1,\dots,z_n)$ i.i.d. from finitely many examples, the seed $r$, of"
    r" finitely many, independent of $D$; losses lie in $[a,b]$, $B=b-a$;"
    r" $H_r(D)=L_P(f)-L_D(f)$, $L_P(f)=E_z\ell(f,z)$, $L_D(f)=\frac1n\sum_i\ell(f,z_i)$.",
)

# --- one example replaced -------------------------------------------------------------------------

_count, _sum = sympy.symbols("j S", real=True)


def _others(change: Any) -> Induction:
    """The product of j and beta, less the sum of j changes of losses."""
    step = {_count: _count + 1, _sum: _sum + change}
    return Induction(_count * beta - _sum, {_count: 0, _sum: 0}, step, beta - change)


OTHERS = checked(
    "examples_that_stay",
    r"$\sum_{j\ne i}\bigl(\ell(A(D',r),z_j)-\ell(A(D,r),z_j)\bigr)\le(n-1)\beta$.",
    method="induction over the examples that stay",
    check=nonnegative_by_induction,
    stated=_others(beta - _room),
    wrong={"losses that move by more": _others(beta + _room)},
    uses=("uniform stability",),
)


def _difference(own: Any, bound: Any) -> Inequality:
    """The difference of the gaps of D and D', and a bound, the rooms being what is left."""
    risk = beta - _first_room
    others = (size - 1) * beta - _second_room
    slack = _first_room + (_second_room + _third_room) / size
    return Inequality(risk + (others + own) / size, bound, slack)


_own = width - _third_room
_sharp_change = (2 - 1 / size) * beta + width / size
_printed_change = 2 * beta + width / size


_Losses = tuple[Any, Any]


def _attained(stays: _Losses, new: _Losses) -> tuple[Any, Any]:
    """The difference of the gaps of a pair of hypotheses, and the bound.

    Examples have a loss under the first and one under the second; those that occur beta and 0, the
    replaced one 0 and 0.
    """
    first = beta - ((size - 1) * stays[0] + 0) / size
    second = 0 - ((size - 1) * stays[1] + new[1]) / size
    moved = {stays[1] - stays[0], new[1] - new[0]}
    if moved != {beta}:
        raise ValueError(f"losses move by {moved}, not by beta")
    return first - second, _sharp_change


STABILITY_DIFFERENCES_SHARPENED = Proof(
    slug="distillation_divergence/stability_differences_sharpened",
    idea="The risk moves by beta, n - 1 of n losses by beta, and one by the whole range.",
    steps=(
        TEACHER,
        STABLE,
        MEANS_STAY_CLOSE,
        OTHERS,
        checked(
            "change_of_the_gap",
            r"For $D\simeq D'$ with the same seed, $H(D)-H(D')=(L_P-L_P')+\frac1n\sum_{j\ne i}"
            r"(\ell'_j-\ell_j)+\frac1n(\ell'_i-\ell_i)\le\beta+\frac{(n-1)\beta}n+\frac Bn"
            r"=(2-\frac1n)\beta+\frac Bn$, where the first difference is one of means, and the last"
            r" one is between losses of two examples; with $D$ and $D'$ exchanged, the same"
            r" bounds $H(D')-H(D)$.",
            method="adding up what the three inequalities leave",
            check=at_most,
            stated=_difference(_own, _sharp_change),
            wrong={
                "(1 - 1/n) beta: the risk left out": _difference(_own, _sharp_change - beta),
                "the example's own loss left out": _difference(_own, (2 - 1 / size) * beta),
                "(b - a)/n^2": _difference(_own, _sharp_change - width / size + width / size**2),
                "(2 - 2/n) beta": _difference(_own, _sharp_change - beta / size),
            },
            uses=("teacher", "uniform stability", "means_stay_close", "examples_that_stay"),
        ),
        checked(
            "stability_differences_sharpened",
            r"$|H(D)-H(D')|\le(2-\frac1n)\beta+\frac Bn$, and it can be that much, for every $n$"
            r" and $\beta\le B$ (a larger $\beta$ says no more than $B$). Let $A$ choose $f$ for"
            r" $D$ and $f'$ elsewhere, two hypotheses no loss of which differs by more than"
            r" $\beta$: the examples that occur have losses $\beta$ and $0$, those that stay $0$"
            r" and $\beta$, the replaced one $0$ and $0$, and the new one $B-\beta$ and $B$.",
            method="the gaps of both, for every n",
            check=equal,
            stated=_attained((0, beta), (width - beta, width)),
            wrong={
                "a new example of the smallest loss": _attained((0, beta), (0, beta)),
                "a new example with half of the range": _attained(
                    (0, beta), (width / 2 - beta, width / 2)
                ),
            },
            uses=("change_of_the_gap",),
        ),
    ),
)

STABILITY_DIFFERENCES = Proof(
    slug="distillation_divergence/stability_differences",
    idea="The sharper bound, with its 2 - 1/n rounded up to 2.",
    steps=(
        TEACHER,
        STABLE,
        checked(
            "stability_differences",
            r"$|H(D)-H(D')|\le(2-\frac1n)\beta+\frac Bn\le2\beta+\frac Bn$.",
            method="the slack is what the sharper bound leaves, and beta / n",
            check=at_most,
            stated=Inequality(_sharp_change - _room, _printed_change, _room + beta / size),
            wrong={
                "beta in place of 2 beta": Inequality(
                    _sharp_change - _room, _printed_change - beta, _room
                ),
            },
            uses=(
                "teacher",
                "uniform stability",
                "distillation_divergence/stability_differences_sharpened",
            ),
        ),
    ),
)

# --- variance proxies -----------------------------------------------------------------------------


def _exponent(change: Any, proxy: Any) -> tuple[Any, Any]:
    """The exponent that bounded differences give for a change, and that of a proxy."""
    return size * _ell**2 * change**2 / 8, _ell**2 * proxy / 2


_sharp_proxy = size / 4 * _sharp_change**2
_printed_proxy = size * (beta + width / (2 * size)) ** 2

STABILITY_SHARPENED = Proof(
    slug="distillation_divergence/stability_sharpened",
    idea="Bounded differences, with the sharper bound on what one example moves.",
    steps=(
        TEACHER,
        STABLE,
        *BOUNDED_DIFFERENCES_STEPS,
        checked(
            "stability_sharpened",
            r"For one seed, $H$ is a function of independent examples with differences of at most"
            r" $c=(2-\frac1n)\beta+\frac Bn$, so that $\log Ee^{\lambda(H-EH)}\le"
            r" n\frac{\lambda^2c^2}8=\frac{\lambda^2}2\cdot\frac n4c^2$.",
            method="expanding, for every n",
            check=equal,
            stated=_exponent(_sharp_change, _sharp_proxy),
            wrong={
                "n/2 in place of n/4": _exponent(_sharp_change, 2 * _sharp_proxy),
                "without the factor n": _exponent(_sharp_change, _sharp_proxy / size),
                "the change not squared": _exponent(_sharp_change, size / 4 * _sharp_change),
            },
            uses=(
                "teacher",
                "uniform stability",
                "bounded_differences",
                "distillation_divergence/stability_differences_sharpened",
            ),
        ),
    ),
)

STABILITY = Proof(
    slug="distillation_divergence/stability",
    idea="Bounded differences, with the bound of the text on what one example moves.",
    steps=(
        TEACHER,
        STABLE,
        *BOUNDED_DIFFERENCES_STEPS,
        checked(
            "stability",
            r"For one seed, $H$ has differences of at most $c=2\beta+\frac Bn$, so that"
            r" $\log Ee^{\lambda(H-EH)}\le n\frac{\lambda^2c^2}8"
            r"=\frac{\lambda^2}2\,n\bigl(\beta+\frac B{2n}\bigr)^2$.",
            method="expanding, for every n",
            check=equal,
            stated=_exponent(_printed_change, _printed_proxy),
            wrong={
                "B/n in place of B/(2n)": _exponent(
                    _printed_change, size * (beta + width / size) ** 2
                ),
                "without the factor n": _exponent(_printed_change, _printed_proxy / size),
                "the square left out": _exponent(
                    _printed_change, size * (beta + width / (2 * size))
                ),
            },
            uses=(
                "teacher",
                "uniform stability",
                "bounded_differences",
                "distillation_divergence/stability_differences",
            ),
        ),
    ),
)

# --- seeds ----------------------------------------------------------------------------------------

_first_weight, _second_weight, _other_first, _other_second = sympy.symbols(
    "w w_2 v v_2", nonnegative=True
)
_first_value, _second_value = sympy.symbols("x x_2", real=True)


def _exchanged(fresh_first: Any, fresh_second: Any) -> tuple[Any, Any]:
    """What a pair and its reverse add to E[x(z) - x(z')], with these weights of the fresh z'."""
    there = _first_weight * fresh_second * (_first_value - _second_value)
    back = _second_weight * fresh_first * (_second_value - _first_value)
    return there + back, sympy.Integer(0)


EXCHANGE = checked(
    "exchange",
    r"$E\,x(z_i)=E\,x(z_i')$, where $z_i'$ is a fresh example, independent of the others, and"
    r" $x(z)=\ell(A(D^{(i)},r),z)$ with $z$ in place $i$ of $D^{(i)}$: in $E[x(z_i)-x(z_i')]$ the"
    r" pairs $(z,z')$ and $(z',z)$ cancel, for any other examples. Hence"
    r" $m_r:=E_DH_r=\frac1n\sum_iE\bigl[\ell(A(D,r),z_i')-\ell(A(D^{(i)},r),z_i')\bigr]$.",
    method="adding up a pair and its reverse",
    check=equal,
    stated=_exchanged(_first_weight, _second_weight),
    wrong={"a fresh example of another law": _exchanged(_other_first, _other_second)},
    uses=("teacher",),
)


MEAN_GAP = checked(
    "mean_gap_given_the_seed",
    r"$|m_r|\le\beta$: $D$ and $D^{(i)}$ differ in place $i$ only, so that every difference of"
    r" losses is at most $\beta$ either way, and so is the mean over the places.",
    method="induction over the places",
    check=nonnegative_by_induction,
    stated=_others(beta - _room),
    wrong={"twice as much at a place": _others(2 * beta - _room)},
    uses=("uniform stability", "means_stay_close", "exchange"),
)


def _seeded(half_width: Any, proxy: Any) -> tuple[Any, Any]:
    """The exponents given the seed and of the seed, by Hoeffding's lemma, and that of a proxy."""
    given_seed = size * _ell**2 * _sharp_change**2 / 8
    return given_seed + _ell**2 * (2 * half_width) ** 2 / 8, _ell**2 * proxy / 2


_seeded_proxy = _sharp_proxy + beta**2

STABILITY_SEEDED_SHARPENED = Proof(
    slug="distillation_divergence/stability_seeded_sharpened",
    idea="Given the seed the sharper proxy holds around a mean that lies between -beta and beta.",
    steps=(
        TEACHER,
        STABLE,
        *HOEFFDING_STEPS,
        MEANS_STAY_CLOSE,
        MIXTURE,
        EXCHANGE,
        MEAN_GAP,
        checked(
            "stability_seeded_sharpened",
            r"$Ee^{\lambda(H-EH)}\le e^{\lambda^2s/2}\,E_re^{\lambda(m_r-EH)}\le"
            r" e^{\lambda^2s/2}e^{\lambda^2(2\beta)^2/8}$ with $s=\frac n4\bigl((2-\frac1n)\beta"
            r"+\frac Bn\bigr)^2$, the proxy given the seed: $s+\beta^2$ is a proxy.",
            method="adding up the exponents, for every n",
            check=equal,
            stated=_seeded(beta, _seeded_proxy),
            wrong={
                "without what the seed adds": _seeded(beta, _sharp_proxy),
                "four times as much": _seeded(beta, _sharp_proxy + 4 * beta**2),
                "beta not squared": _seeded(beta, _sharp_proxy + beta),
            },
            uses=(
                "teacher",
                "hoeffding",
                "one_more_factor",
                "mean_gap_given_the_seed",
                "distillation_divergence/stability_sharpened",
            ),
        ),
    ),
)


def _printed_below(larger: Any) -> Inequality:
    """The printed proxy for a stability, and for a larger one."""
    above = _printed_proxy.subs(beta, larger)
    return Inequality(_printed_proxy, above, sympy.expand(above - _printed_proxy))


def _absorbed(range_of_losses: Any, proxy: Any) -> Inequality:
    """The exponent of the seeded proxy and of another, for losses in an interval of this width."""
    slack = _ell**2 / 2 * beta * (beta + 2 * _room) / (4 * size)
    left, right = (one.subs(width, range_of_losses) for one in (_seeded_proxy, proxy))
    return Inequality(_ell**2 / 2 * left, _ell**2 / 2 * right, slack)


STABILITY_SEEDED = Proof(
    slug="distillation_divergence/stability_seeded",
    idea="What rounding 2 - 1/n up to 2 gives away pays for the seed.",
    steps=(
        TEACHER,
        STABLE,
        checked(
            "stability_within_the_range",
            r"$\beta\le B$ may be assumed: if $\beta>B$, the teacher is also $B$-stable, since no"
            r" two losses are farther apart, and $n\bigl(\beta+\frac B{2n}\bigr)^2$ grows with"
            r" $\beta$.",
            method="the difference, expanded, is manifestly nonnegative",
            check=at_most,
            stated=_printed_below(beta + _room),
            wrong={"a smaller stability": _printed_below(beta / (2 + _room))},
            uses=("teacher", "uniform stability"),
        ),
        checked(
            "stability_seeded",
            r"$n\bigl(\beta+\frac B{2n}\bigr)^2-\frac n4\bigl((2-\frac1n)\beta+\frac Bn\bigr)^2"
            r"-\beta^2=\frac{\beta(2B-\beta)}{4n}\ge0$ for $\beta\le B$: the printed proxy is no"
            r" smaller than the one that holds for seeded teachers.",
            method="with B = beta + e, e >= 0, the slack is manifest",
            check=at_most,
            stated=_absorbed(beta + _room, _printed_proxy),
            wrong={
                "a stability above twice the range": _absorbed(beta / (3 + _room), _printed_proxy),
                "the sharper proxy": _absorbed(beta + _room, _sharp_proxy),
            },
            uses=(
                "stability_within_the_range",
                "distillation_divergence/stability_seeded_sharpened",
            ),
        ),
    ),
)
