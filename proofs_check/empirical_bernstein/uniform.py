r"""Theorem 6 re-derived: a ghost sample, a random swap, a cover, and three events.

Given the two samples together, which value went where is $n$ independent swaps. Under these the
mean of one half mirrors that of the other, so that three inequalities for independent values,
Bernstein's and both for standard deviations, bound what one half allows by the other half.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Inequality,
    all_equal,
    at_most,
    equal,
    expectation,
)
from proofs_check.algebra_order import ordered
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.common_tails import UNION_BOUND
from proofs_check.empirical_bernstein.setting import (
    BOUNDED,
    LIPSCHITZ,
    MEAN_OF_VARIANCE,
    NORMS_DIFFER,
    SAMPLE,
    SQUARED_SUM,
)
from proofs_check.records import Proof, Step, assumed, checked

CLASS = assumed(
    "class",
    r"$\mathcal H$ is a class of functions with values in $[0,1]$, $\mathcal N=\mathcal"
    r" N_\infty(\frac1n,\mathcal H,2n)$: on any $2n$ inputs, $\mathcal N$ of its functions come"
    r" within $\frac1n$ of every one. For values $z$ let"
    r" $\Phi(z)=P_n(z)+\sqrt{2V_n(z)t/n}+\frac{7t}{3(n-1)}$ and"
    r" $\Psi(z)=P_n(z)+\sqrt{18V_n(z)t/n}+\frac{11t}{n-1}$, with $t>\log2$.",
)

# --- the ghost sample -----------------------------------------------------------------------------

_fails, _e, _spare = sympy.symbols("F e r", nonnegative=True)


def _symmetrised(share: Any) -> Inequality:
    """The chance of the first event, times the share of ghosts that show it, below that of both."""
    both = _fails * (1 - 2 * _e) + _spare
    return Inequality(_fails * share, both, sympy.expand(both - _fails * share))


GHOST = checked(
    "ghost_sample",
    r"Let $X'$ be an independent copy of the sample $X$. $\mathbb P(\exists h: Ph>\Psi(h(X))+c)\le"
    r"\frac1{1-2e^{-t}}\mathbb P(\exists h:\Phi(h(X'))>\Psi(h(X))+c)$: where the first event occurs"
    r" fix such an $h$; by Theorem 4 at the level $2e^{-t}$, $\Phi(h(X'))\ge Ph$ for at least"
    r" $1-2e^{-t}$ of all $X'$, whatever $X$ is.",
    method="the sign of the difference is manifest",
    check=at_most,
    stated=_symmetrised(1 - 2 * _e),
    wrong={"every ghost shows it": _symmetrised(1)},
    uses=("sample", "class", "empirical_bernstein/single"),
)

# --- swapping -------------------------------------------------------------------------------------

_x, _y, _sign = sympy.symbols("x y sigma", real=True)


class _Halves(NamedTuple):
    """The values that a swap sigma = +-1 puts into either half."""

    first: Any
    second: Any


def _mirrored(halves: _Halves) -> bool:
    """Whether both have mean (x + y) / 2, and their sum does not depend on the swap."""
    moments = {_sign: 0}
    means = [expectation(half, moments, [_sign]) for half in halves]
    middle = (_x + _y) / 2
    fixed = equal((halves.first + halves.second, _x + _y))
    swaps = {halves.first.subs(_sign, sign) for sign in (1, -1)} == {_x, _y}
    return fixed and swaps and all(equal((mean, middle)) for mean in means)


SWAP = checked(
    "random_swap",
    r"Exchanging $x_i$ and $x'_i$ by $n$ independent fair coins does not change the law of"
    r" $(X,X')$. Given $x,x'$ and a function $h$, let $Z'$ and $Z$ be its values on the two halves"
    r" after the swap: either half consists of independent values with the means"
    r" $\frac12(h(x_i)+h(x'_i))$, of mean $\bar P$, and $P_n(Z)+P_n(Z')=2\bar P$ whatever the"
    r" coins say.",
    method="expectation over the coin, term by term",
    check=_mirrored,
    stated=_Halves(
        (_x + _y + _sign * (_x - _y)) / 2,
        (_x + _y - _sign * (_x - _y)) / 2,
    ),
    wrong={
        "the same swap in both halves": _Halves(
            (_x + _y + _sign * (_x - _y)) / 2,
            (_x + _y + _sign * (_x - _y)) / 2,
        ),
        "the values added": _Halves(
            (_x + _y + _sign * (_x + _y)) / 2,
            (_x + _y - _sign * (_x + _y)) / 2,
        ),
    },
    uses=("ghost_sample",),
)


_t = sympy.Symbol("t", positive=True)


def _three(level: Any) -> list[tuple[Any, Any]]:
    """What t is for this level of each event, and what the three levels add up to."""
    return [(sympy.log(1 / level), _t), (level + level + level, 3 * sympy.exp(-_t))]


THREE_EVENTS = checked(
    "three_events",
    r"Given $x,x'$, with $w^2=\mathbb EV_n(Z)=\mathbb EV_n(Z')\ge W$ and $v^2=V_n(Z')$:"
    r" (A) $\bar P-P_n(Z')\le w\sqrt{2t/n}+\frac t{3n}$, (B) $w\le v+\sqrt{2t/(n-1)}$ and"
    r" (C) $\sqrt{V_n(Z)}\le w+\sqrt{2t/(n-1)}$ fail with probability at most $e^{-t}$ each,"
    r" together $3e^{-t}$. (The published lemma has $5e^{-t}$.)",
    method="the level of each event at t, and the sum of the levels",
    check=all_equal,
    stated=_three(sympy.exp(-_t)),
    wrong={
        "at the level 2 e^(-t)": _three(2 * sympy.exp(-_t)),
        "at the level e^(-2t)": _three(sympy.exp(-2 * _t)),
    },
    uses=(
        "random_swap",
        "union_bound",
        "mean_of_sample_variance",
        "bounded losses",
        "empirical_bernstein/known_variance",
        "empirical_bernstein/deviation_too_small",
        "empirical_bernstein/deviation_too_large",
    ),
)

_s, _q = sympy.symbols("s q", positive=True)
_u, _v = sympy.symbols("u v", nonnegative=True)
_root_n = _s + _u


def _chain(constant: Any, mirrored: Any) -> tuple[Any, Any]:
    """What Phi(Z) exceeds P_n(Z') by at most, and what Psi(Z') does.

    s is the root of n - 1, s + u that of n, q that of 2t.
    """
    spread = _v + _q / _s
    first = mirrored * (_q / _root_n * spread + _q**2 / (6 * _root_n**2))
    second = _q / _root_n * (spread + _q / _s) + 7 * _q**2 / (6 * _s**2)
    return first + second, 3 * _q * _v / _root_n + constant * _q**2 / (2 * _s**2)


CHAIN = checked(
    "chain_of_bounds",
    r"Where (A), (B) and (C) hold, $\Phi(Z)\le\Psi(Z')$: $P_n(Z)=P_n(Z')+2(\bar P-P_n(Z'))$, so"
    r" that $\Phi(Z)-P_n(Z')\le3w\sqrt{2t/n}+(\frac23+2+\frac73)\frac t{n-1}$ and, with (B),"
    r" $\le3v\sqrt{2t/n}+(6+5)\frac t{n-1}$.",
    method="expanding over a common denominator, with sqrt n = s + u, s = sqrt(n - 1)",
    check=ordered,
    stated=_chain(sympy.Integer(11), 2),
    wrong={
        "10 t / (n - 1)": _chain(sympy.Integer(10), 2),
        "three times the mean's gap": _chain(sympy.Integer(11), 3),
    },
    uses=("three_events",),
)

# --- the cover ------------------------------------------------------------------------------------

_n = sympy.Symbol("n", positive=True)
_gap = sympy.Symbol("r", nonnegative=True)
_tau = sympy.Symbol("tau", positive=True)


def _moved(deviation: Any) -> tuple[Any, Any]:
    """How far Phi and Psi together move for epsilon = 1/n, and the term that pays for it."""
    phi = 1 + sympy.sqrt(2) * _tau * deviation
    psi = 1 + sympy.sqrt(18) * _tau * deviation
    return (phi + psi) / _n, (2 + 8 * _tau) / _n


COVER_COSTS = checked(
    "cost_of_the_cover",
    r"Within $\varepsilon=\frac1n$ of $h$ on all $2n$ inputs there is an $f$ in the cover:"
    r" $\Phi$ moves by at most $\varepsilon(1+2\sqrt{t/n})$ and $\Psi$ by"
    r" $\varepsilon(1+6\sqrt{t/n})$. So $\Phi(h(X'))>\Psi(h(X))+c$ with $c=\frac{2+8\sqrt{t/n}}n$"
    r" implies $\Phi(f(X'))>\Psi(f(X))$.",
    method="expanding, with tau for sqrt(t/n)",
    check=equal,
    stated=_moved(sympy.sqrt(2)),
    wrong={"the deviation moves by epsilon": _moved(1), "by 2 epsilon": _moved(2)},
    uses=("class", "deviation_is_lipschitz"),
)

_N, _delta, _tail = sympy.symbols("N delta e", positive=True)


def failing(number: Any, tail: Any) -> Any:
    """Returns N times three tails, over the share of ghosts that show it."""
    return number * 3 * tail / (1 - 2 * tail)


_g = sympy.Symbol("g", positive=True)


def _covered(bound: Any) -> Inequality:
    """The failure probability below a bound, for e^(-t) = 1 / (2 + g).

    Times 1 - 2 e^(-t) it falls short by r of what the swaps have, three tails per function.
    """
    tail = 1 / (2 + _g)
    probability = (3 * _N * tail - _gap) / (1 - 2 * tail)
    return Inequality(probability, bound.subs(_tail, tail), _gap * (2 + _g) / _g)


COVERED = checked(
    "covered",
    r"$\mathbb P(\exists h:Ph>\Psi(h(X))+c)\le\frac{3\mathcal Ne^{-t}}{1-2e^{-t}}$: given $x,x'$"
    r" the cover does not depend on the swap, and each of its $\mathcal N$ functions fails with"
    r" probability at most $3e^{-t}$; then average over $x,x'$ and divide by the ghost's share.",
    method="the sign of the difference is manifest, for e^(-t) = 1 / (2 + g)",
    check=at_most,
    stated=_covered(failing(_N, _tail)),
    wrong={
        "without the ghost's share": _covered(3 * _N * _tail),
        "one function": _covered(failing(1, _tail)),
    },
    uses=("ghost_sample", "random_swap", "union_bound", "chain_of_bounds", "cost_of_the_cover"),
)

_STEPS: tuple[Step, ...] = (
    BOUNDED,
    SAMPLE,
    CLASS,
    CAUCHY_SCHWARZ,
    SQUARED_SUM,
    MEAN_OF_VARIANCE,
    UNION_BOUND,
    GHOST,
    SWAP,
    THREE_EVENTS,
    CHAIN,
    NORMS_DIFFER,
    LIPSCHITZ,
    COVER_COSTS,
    COVERED,
)

_IDEA = (
    "Against an independent second sample, swapped at random with the first, each function of a"
    " cover fails only if one of three inequalities for independent values does."
)

# --- the two forms --------------------------------------------------------------------------------

_more_n, _less_delta = sympy.symbols("k d", nonnegative=True)
_odds = sympy.Symbol("d", positive=True)


def _published(factor: Any) -> Inequality:
    """The failure probability at e^(-t) = delta / (factor N), for N = 1 + k and 0 < delta < 1."""
    number, delta = 1 + _more_n, _odds / (1 + _odds)
    left = failing(number, delta / (factor * number))
    return Inequality(left, delta, sympy.factor(delta - left))


LEVEL = checked(
    "level_of_the_published_form",
    r"$t=\log\frac{10\mathcal N}\delta$ makes it $\frac{3\delta/10}{1-\delta/(5\mathcal N)}\le"
    r"\frac38\delta\le\delta$, for $\mathcal N\ge1$ and $\delta<1$.",
    method="the sign of the difference is manifest, for N = 1 + k and delta = d / (1 + d)",
    check=at_most,
    stated=_published(10),
    wrong={"2.5 N in place of 10 N": _published(sympy.Rational(5, 2))},
    uses=("covered",),
)

_beyond, _over_four = sympy.symbols("b m", nonnegative=True)


class _Cost(NamedTuple):
    """The cost of the cover, and what is to absorb it.

    Attributes:
        constant: how many t / (n - 1).
        root: the root of t.
        base: of N / delta >= 1 in the logarithm t.
    """

    constant: Any
    root: Any
    base: int


def _absorbed(claim: _Cost) -> bool:
    """Whether the cost is absorbed for n = (4 + m)^2, and t is above 1."""
    root_n = 4 + _over_four
    cost = (2 + 8 * claim.root / root_n) / root_n**2
    bound = claim.constant * claim.root**2 / (root_n**2 - 1)
    return bool(sympy.log(claim.base) > 1) and ordered((cost, bound))


UNIFORM = Proof(
    slug="empirical_bernstein/uniform",
    idea=_IDEA,
    steps=(
        *_STEPS,
        LEVEL,
        checked(
            "uniform",
            r"For $n\ge16$ and $t=\log\frac{10\mathcal N}\delta\ge\log10>1$,"
            r" $\frac{2+8\sqrt{t/n}}n\le\frac{2+2\sqrt t}n\le\frac{4t}{n-1}$, and $11+4=15$: the"
            r" bound that is stated is at least $\Psi(h(X))+c$.",
            method="the sign of the difference is manifest, for sqrt t = 1 + b, sqrt n = 4 + m",
            check=_absorbed,
            stated=_Cost(4, 1 + _beyond, 10),
            wrong={
                "2 t": _Cost(2, 1 + _beyond, 10),
                "t of any size": _Cost(4, _beyond, 10),
                "log(2 N / delta)": _Cost(4, 1 + _beyond, 2),
            },
            uses=("level_of_the_published_form", "cost_of_the_cover", "covered"),
        ),
    ),
)


def _exact(numerator: Any) -> tuple[Any, Any]:
    """The failure probability at e^(-t) = delta / numerator, and delta."""
    return failing(_N, _delta / numerator), _delta


UNIFORM_SHARPENED = Proof(
    slug="empirical_bernstein/uniform_sharpened",
    idea=_IDEA + " The constants are those of the argument, without rounding.",
    steps=(
        *_STEPS,
        checked(
            "uniform_sharpened",
            r"With $t=\log\frac{3\mathcal N+2\delta}\delta$ the failure probability"
            r" $\frac{3\mathcal Ne^{-t}}{1-2e^{-t}}$ is exactly $\delta$; here $1-2e^{-t}=\frac{3"
            r"\mathcal N}{3\mathcal N+2\delta}>0$. This asks for $n\ge2$ only.",
            method="substituting",
            check=equal,
            stated=_exact(3 * _N + 2 * _delta),
            wrong={
                "3 N alone": _exact(3 * _N),
                "the constant 5 of the published lemma": _exact(5 * _N + 2 * _delta),
                "delta once": _exact(3 * _N + _delta),
            },
            uses=("covered",),
        ),
    ),
)
