r"""Lemmas 13 and 14: the gap and the perturbed gap of a teacher that moves little.

Both are sums of moves of losses. In the printed Lemma 14 the way from $f$ to $f'$ is left out; it
is counted in the corrected one, and harmless if it is short against the perturbation.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import equal
from proofs_check.algebra_order import ordered
from proofs_check.records import Proof, assumed, checked
from proofs_check.sharpness_aware.ball import UNIFORM, p, radius
from proofs_check.sharpness_aware.moves import (
    ALONG,
    CHANGE_OF_GAP,
    LIPSCHITZ,
    MCDIARMID,
    MEAN_BELOW_BOUND,
    NEARER_END,
    PERTURBED_SLOPE,
    PROXY_OF_CHANGE,
    RANGE,
    SLOPE,
    SMOOTH,
    TEACHER,
    at_least_one,
    change,
    count,
    gradient,
    lipschitz,
    movement,
    proxy_step,
    smoothness,
    width,
)

SLOPE_SYMBOL, SLOPE_U = sympy.symbols("slope slope_U", nonnegative=True)


def proxy_of_gap(slope: Any) -> Any:
    r"""Returns $\frac1{\sqrt n}(\kappa s+\frac{b-a}2)$ for losses of slope $s$."""
    return (movement * slope + width / 2) / sympy.sqrt(count)


def _sharpened(slope: Any, twice: Any) -> tuple[Any, Any]:
    """The change of a gap of losses of a slope, and the bound with so many slopes."""
    return change(slope, slope, width), (twice * movement * slope + width) / count


BOTH = 2 - 1 / count

# --- Lemma 13 -------------------------------------------------------------------------------------

_GLOBAL = (TEACHER, RANGE, LIPSCHITZ, MEAN_BELOW_BOUND, CHANGE_OF_GAP)

LEMMA13 = Proof(
    slug="sharpness_aware/lemma13",
    idea="Replacing an example moves the teacher by kappa/n, so that both risks move by L kappa/n;"
    " a function of independent examples that changes so little is sub-Gaussian.",
    steps=(
        *_GLOBAL,
        MCDIARMID,
        PROXY_OF_CHANGE,
        proxy_step(
            "lemma13",
            r"$\log Ee^{\ell(h-Eh)}\le\frac{\ell^2}{2n}\bigl(\kappa L+\frac{b-a}2\bigr)^2$: with"
            r" $v=w=\ell$ and $s_v=s_w=L$ the change is $c=\frac1n((2-\frac1n)\kappa L+b-a)"
            r"\le\frac2n(\kappa L+\frac{b-a}2)$, so that"
            r" $\frac{\sqrt n}2c\le\frac1{\sqrt n}(\kappa L+\frac{b-a}2)$.",
            (change(lipschitz, lipschitz, width), proxy_of_gap(lipschitz)),
            {
                "the move of one of the two risks": (
                    change(lipschitz, lipschitz, width),
                    proxy_of_gap(lipschitz / 2),
                ),
                "half of the range": (
                    change(lipschitz, lipschitz, width),
                    (movement * lipschitz + width / 4) / sympy.sqrt(count),
                ),
                "1/n in place of its square root": (
                    change(lipschitz, lipschitz, width),
                    (movement * lipschitz + width / 2) / count,
                ),
            },
            ("Lipschitz loss", "change_of_gap"),
        ),
    ),
)

LEMMA13_SHARPENED = Proof(
    slug="sharpness_aware/lemma13_sharpened",
    idea="The losses of the example that is replaced differ by b - a at most, whatever is learned.",
    steps=(
        *_GLOBAL,
        checked(
            "lemma13_sharpened",
            r"$|h(D)-h(D')|\le\frac1n\bigl((2-\frac1n)\kappa L+b-a\bigr)$ for $D\simeq D'$:"
            r" $v=w=\ell$ and $s_v=s_w=L$.",
            method="substituting, and expanding",
            check=equal,
            stated=_sharpened(lipschitz, BOTH),
            wrong={
                "n - 1 examples in the population as well": _sharpened(lipschitz, 2 - 2 / count),
                "the population forgotten": _sharpened(lipschitz, 1 - 1 / count),
            },
            uses=("Lipschitz loss", "change_of_gap"),
        ),
    ),
)

_SLOPES = (TEACHER, RANGE, LIPSCHITZ, SMOOTH, MEAN_BELOW_BOUND, ALONG, NEARER_END, SLOPE)

LEMMA13_LOCAL = Proof(
    slug="sharpness_aware/lemma13_local",
    idea="Between two hypotheses that the teacher returns, a loss has small gradients if it has at"
    " both ends, and the way is short.",
    steps=(
        *_SLOPES,
        CHANGE_OF_GAP,
        checked(
            "lemma13_local",
            r"$|h(D)-h(D')|\le\frac1n\bigl((2-\frac1n)\kappa\,\mathrm{slope}+b-a\bigr)$ for"
            r" $D\simeq D'$: $v=w=\ell$ and $s_v=s_w=\mathrm{slope}$.",
            method="substituting, and expanding",
            check=equal,
            stated=_sharpened(SLOPE_SYMBOL, BOTH),
            wrong={"the replaced example counted twice": _sharpened(SLOPE_SYMBOL, 2)},
            uses=("slope", "change_of_gap"),
        ),
    ),
)

# --- Lemma 14 -------------------------------------------------------------------------------------

_PERTURBED = (*_SLOPES, UNIFORM, PERTURBED_SLOPE, CHANGE_OF_GAP)

LEMMA14 = Proof(
    slug="sharpness_aware/lemma14",
    idea="A perturbed loss moves by what the gradient is on the way and what the perturbation adds"
    " to it; both count.",
    steps=(
        *_PERTURBED,
        MCDIARMID,
        PROXY_OF_CHANGE,
        proxy_step(
            "lemma14",
            r"$\log Ee^{\ell(h_U-Eh_U)}\le\frac{\ell^2}{2n}\bigl(\kappa\,\mathrm{slope}_U"
            r"+\frac{b-a}2\bigr)^2$: $v=w=E_U\ell(\cdot+U,z)$ and $s_v=s_w=\mathrm{slope}_U$, so"
            r" that the change is at most $\frac2n(\kappa\,\mathrm{slope}_U+\frac{b-a}2)$.",
            (change(SLOPE_U, SLOPE_U, width), proxy_of_gap(SLOPE_U)),
            {
                "the move of one of the two risks": (
                    change(SLOPE_U, SLOPE_U, width),
                    proxy_of_gap(SLOPE_U / 2),
                ),
                "without the range": (
                    change(SLOPE_U, SLOPE_U, width),
                    movement * SLOPE_U / sympy.sqrt(count),
                ),
            },
            ("perturbed_slope", "change_of_gap"),
        ),
    ),
)

LEMMA14_SHARPENED = Proof(
    slug="sharpness_aware/lemma14_sharpened",
    idea="As for the gap: the example that is replaced does not count twice.",
    steps=(
        *_PERTURBED,
        checked(
            "lemma14_sharpened",
            r"$|h_U(D)-h_U(D')|\le\frac1n\bigl((2-\frac1n)\kappa\,\mathrm{slope}_U+b-a\bigr)$ for"
            r" $D\simeq D'$: $v=w=E_U\ell(\cdot+U,z)$ and $s_v=s_w=\mathrm{slope}_U$.",
            method="substituting, and expanding",
            check=equal,
            stated=_sharpened(SLOPE_U, BOTH),
            wrong={"the replaced example counted twice": _sharpened(SLOPE_U, 2)},
            uses=("perturbed_slope", "change_of_gap"),
        ),
    ),
)

_margin = sympy.Symbol("m", nonnegative=True)


def _short_way(way: Any) -> tuple[Any, Any]:
    """The slope with a mean way of this length, where moves are small, and the printed slope."""
    local = gradient + smoothness * radius * p / (p + 1) + smoothness * way
    return local, gradient + smoothness * radius


def _printed_change(slopes: Any) -> tuple[Any, Any]:
    """The change with the printed slope, and the bound with so many slopes."""
    printed = gradient + smoothness * radius
    bound = (slopes * movement * printed + width) / count
    return at_least_one(change(printed, printed, width)), at_least_one(bound)


LEMMA14_SMALL_MOVES = Proof(
    slug="sharpness_aware/lemma14_small_moves",
    idea="The mean of |U| is below rho by rho/(p + 1), which makes room for a way of kappa/(4n).",
    steps=(
        *_PERTURBED,
        assumed("small moves", r"$\frac\kappa n\le\frac{4\rho}{p+1}$."),
        checked(
            "printed_slope_suffices",
            r"$\mathrm{slope}_U\le g_0+\alpha\rho\frac p{p+1}+\frac{\alpha\kappa}{4n}"
            r"\le g_0+\alpha\rho$, since"
            r" $\alpha\rho-\alpha\rho\frac p{p+1}=\frac{\alpha\rho}{p+1}$.",
            method="expanding, with 4 rho / (p + 1) - kappa / n a slack",
            check=ordered,
            stated=_short_way((4 * radius / (p + 1) - _margin) / 4),
            wrong={
                "moves of any size": _short_way(_margin / 4),
                "half of the way in place of a quarter": _short_way(2 * radius / (p + 1)),
            },
            uses=("perturbed_slope", "small moves"),
        ),
        checked(
            "lemma14_small_moves",
            r"$|h_U(D)-h_U(D')|\le\frac1n\bigl(2\kappa(g_0+\alpha\rho)+b-a\bigr)$ for $D\simeq D'$:"
            r" $s_v=s_w=g_0+\alpha\rho$, and $1-\frac1n\le1$.",
            method="substituting, and expanding",
            check=ordered,
            stated=_printed_change(2),
            wrong={"the move of one of the two risks": _printed_change(1)},
            uses=("printed_slope_suffices", "change_of_gap"),
        ),
    ),
)
