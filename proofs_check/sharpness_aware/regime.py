r"""The bound in terms of constants, and when it is below bounds that do not look at sharpness.

With $s=\sqrt{2K_n/n}$ every bound is $\mathrm{gen}_T$ plus a polynomial of the radius with
coefficients of known sign, and differences of bounds are too: what grows and what shrinks is seen.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal
from proofs_check.algebra_order import ordered
from proofs_check.records import Proof, assumed, checked
from proofs_check.sharpness_aware.bounds import (
    LOCALLY_OPTIMAL,
    PROCESSES,
    first_slack,
    second_slack,
)
from proofs_check.sharpness_aware.curvature import curvature
from proofs_check.sharpness_aware.gaps import SLOPE_U, proxy_of_gap
from proofs_check.sharpness_aware.moves import (
    LIPSCHITZ,
    RANGE,
    SMOOTH,
    TEACHER,
    count,
    gradient,
    lipschitz,
    movement,
    smoothness,
    width,
)

_signed = sympy.Symbol("tau_s", real=True)
# Zero is a radius here.
reach, further = sympy.symbols("rho d", nonnegative=True)
unit = sympy.Symbol("s", nonnegative=True)
divergence = sympy.Symbol("K", nonnegative=True)

CONSTANTS = assumed(
    "constants",
    r"$\kappa,g_0,\alpha,\tau,b-a,\rho\ge0$, $g_0\le L$, $n\ge1$, $K=K_n<\infty$ and"
    r" $s=\sqrt{2K/n}$.",
)
PRINTED = assumed(
    "printed proxies",
    r"$\sigma_0=\frac1{\sqrt n}\bigl(\kappa L+\frac{b-a}2\bigr)$, $\sigma_u(\rho)=\frac1{\sqrt n}"
    r"\bigl(\kappa(g_0+\alpha\rho)+\frac{b-a}2\bigr)$ and $\nu(\rho)=\frac1{\sqrt n}"
    r"\bigl(\frac{\alpha\kappa\rho}2+g_0\rho+\frac{\alpha\rho^2}2\bigr)$, of lemmas 13 to 15.",
)


def printed_sharpness(radius: Any = reach) -> Any:
    r"""Returns $\sqrt n\,\nu(\rho)$."""
    moved = smoothness * movement * radius / 2
    return moved + gradient * radius + smoothness * radius**2 / 2


def printed_perturbed(radius: Any = reach) -> Any:
    r"""Returns $\sqrt n\,\sigma_u(\rho)$, as printed."""
    return movement * (gradient + smoothness * radius) + width / 2


GLOBAL_PROXY = movement * lipschitz + width / 2
r"""$\sqrt n\,\sigma_0$."""

# --- the whole bound ------------------------------------------------------------------------------


def _whole_bound(perturbed: Any, sharpness: Any) -> tuple[Any, Any]:
    """What two changes of measure cost, the smallest proxies being below those of the lemmas.

    Args:
        perturbed: sqrt(n) times the proxy of the perturbed gap in the bound.
        sharpness: the same of the sharpness.
    """
    proxies = proxy_of_gap(SLOPE_U) - first_slack
    proxies += printed_sharpness() / sympy.sqrt(count) - second_slack
    bound = (perturbed + sharpness) * sympy.sqrt(2 * divergence / count)
    return proxies * sympy.sqrt(2 * divergence), bound


_corrected = movement * SLOPE_U + width / 2


BOUND = Proof(
    slug="sharpness_aware/bound",
    idea="Theorem 12, with a proxy of the perturbed gap that counts the way from f to f'.",
    steps=(
        PROCESSES,
        LOCALLY_OPTIMAL,
        TEACHER,
        RANGE,
        LIPSCHITZ,
        SMOOTH,
        checked(
            "bound",
            r"$\mathrm{gen}_S\le\mathrm{gen}_T+E_PS_P(f_T)+(\sigma_u+\nu)\sqrt{2K_n}$ with"
            r" $\sigma_u=\frac1{\sqrt n}(\kappa\,\mathrm{slope}_U+\frac{b-a}2)$ and the printed"
            r" $\nu$, which are proxies of $h_U$ and $S_D$ by the corrected Lemma 14 and Lemma 15:"
            r" the last term is $\sqrt{2K_n/n}\,\bigl(\kappa\,\mathrm{slope}_U+\frac{b-a}2"
            r"+\frac{\alpha\kappa\rho}2+g_0\rho+\frac{\alpha\rho^2}2\bigr)$.",
            method="substituting the two proxies in Theorem 12, the smallest ones being below them",
            check=ordered,
            stated=_whole_bound(_corrected, printed_sharpness()),
            wrong={
                "the printed slope": _whole_bound(printed_perturbed(), printed_sharpness()),
                "half of the slope": _whole_bound(
                    movement * SLOPE_U / 2 + width / 2, printed_sharpness()
                ),
                "no proxy of the sharpness": _whole_bound(_corrected, 0),
            },
            uses=(
                "processes",
                "local optimality",
                "stable teacher",
                "bounded loss",
                "Lipschitz loss",
                "smooth loss",
                "sharpness_aware/thm12",
                "sharpness_aware/lemma14",
                "sharpness_aware/lemma15",
            ),
        ),
    ),
)

# --- the difference of the proxies ----------------------------------------------------------------

constant_term = movement * (lipschitz - gradient)
linear_term = 3 * smoothness * movement / 2 + gradient
square_term = smoothness / 2
r"""$A_0$, $A_1$ and $A_2$."""


def _difference(constant: Any, slope: Any, bend: Any) -> tuple[Any, Any]:
    """The difference of the proxies, and a polynomial of the radius."""
    proxies = GLOBAL_PROXY - printed_perturbed() - printed_sharpness()
    return proxies, constant - slope * reach - bend * reach**2


REGIME_IDENTITY = Proof(
    slug="sharpness_aware/regime_identity",
    idea="The halves of the range cancel, and the rest is collected by powers of the radius.",
    steps=(
        PRINTED,
        checked(
            "regime_identity",
            r"$\sqrt n(\sigma_0-\sigma_u-\nu)=A_0-A_1\rho-A_2\rho^2$ with $A_0=\kappa(L-g_0)$,"
            r" $A_1=\frac32\alpha\kappa+g_0$, $A_2=\frac\alpha2$.",
            method="expanding",
            check=equal,
            stated=_difference(constant_term, linear_term, square_term),
            wrong={
                "Lemma 15's share of A_1 left out": _difference(
                    constant_term, smoothness * movement + gradient, square_term
                ),
                "the gradient left out of A_0": _difference(
                    movement * lipschitz, linear_term, square_term
                ),
                "alpha in place of alpha / 2": _difference(constant_term, linear_term, smoothness),
            },
            uses=("printed proxies",),
        ),
    ),
)

# --- where they agree -----------------------------------------------------------------------------


def excess(radius: Any, perturbed: Any) -> Any:
    """What the sharpness-aware bound adds to gen_T at a radius."""
    return curvature * radius**2 / 2 + unit * (perturbed + printed_sharpness(radius))


def _bounds_differ(curved: Any) -> tuple[Any, Any]:
    """The difference of the bounds, and s times the quadratic, with this share of the curvature."""
    quadratic = constant_term - linear_term * reach - (square_term + curved) * reach**2
    return unit * GLOBAL_PROXY - excess(reach, printed_perturbed(reach)), unit * quadratic


BOUNDS_DIFFER = checked(
    "bounds_differ",
    r"$\sigma_0\sqrt{2K}-\frac{\tau\rho^2}2-(\sigma_u+\nu)\sqrt{2K}=s\bigl(A_0-A_1\rho"
    r"-B\rho^2\bigr)$ with $B=A_2+\frac\tau{2s}$, for $s>0$.",
    method="expanding",
    check=equal,
    stated=_bounds_differ(curvature / (2 * unit)),
    wrong={
        "a factor 2 in the curvature": _bounds_differ(curvature / unit),
        "s not divided": _bounds_differ(curvature / 2),
    },
    uses=("constants", "printed proxies", "sharpness_aware/regime_identity"),
)

_a0, _a1, _b = sympy.symbols("A_0 A_1 B", nonnegative=True)
_discriminant = sympy.Symbol("Delta", positive=True)


def _root(constant: Any, slope: Any, share: Any) -> Any:
    """A radius of the form of rho_0.

    Args:
        constant: A_0.
        slope: A_1.
        share: of the constant in the numerator.
    """
    return share * constant / (slope + _discriminant)


def _at_root(share: Any) -> tuple[tuple[Any, Any], ...]:
    """The quadratic at such a radius, with curvature and without, and zero."""
    # Delta is the square root, so that A_0 is given by it.
    constant = (_discriminant**2 - _a1**2) / (4 * _b)
    radius = _root(constant, _a1, share)
    straight = _root(_a0, _a1, share).subs(_discriminant, _a1)
    return (constant - _a1 * radius - _b * radius**2, 0), (_a0 - _a1 * straight, 0)


def _falls(lower: Any, upper: Any) -> tuple[Any, Any]:
    """The quadratic at two radii, the larger one first."""
    values = [_a0 - _a1 * radius - _b * radius**2 for radius in (lower, upper)]
    return values[1], values[0]


def _agree(share: Any) -> tuple[tuple[Any, Any], ...]:
    """The difference of the bounds at such a radius, and zero; at the radius zero, and s A_0."""
    bend = square_term + curvature / (2 * unit)
    constant = (_discriminant**2 - linear_term**2) / (4 * bend)
    given = {lipschitz: gradient + constant / movement, reach: _root(constant, linear_term, share)}
    difference = _bounds_differ(0)[0]
    at_zero = difference.subs(reach, 0)
    return (difference.subs(given, simultaneous=True), 0), (at_zero, unit * constant_term)


RHO0 = Proof(
    slug="sharpness_aware/rho0",
    idea="The difference of the bounds is a quadratic polynomial of the radius, and rho_0 its"
    " positive root in the form in which nothing cancels.",
    steps=(
        CONSTANTS,
        PRINTED,
        BOUNDS_DIFFER,
        checked(
            "root",
            r"$\rho_0=\frac{2A_0}{A_1+\Delta}$ with $\Delta=\sqrt{A_1^2+4A_0B}$ is a root of"
            r" $A_0-A_1\rho-B\rho^2$ whenever $A_1+\Delta>0$: if $B>0$ it is"
            r" $\frac{\Delta-A_1}{2B}$, and if $B=0$, $\frac{A_0}{A_1}$.",
            method="substituting A_0 = (Delta^2 - A_1^2) / (4 B), or Delta = A_1",
            check=lambda share: all_equal(_at_root(share)),
            stated=2,
            wrong={"a missing factor 2": 1},
            uses=("constants",),
        ),
        checked(
            "only_root",
            r"It is the only one with $\rho\ge0$ if $A_1+B>0$, since the polynomial falls: neither"
            r" $A_1$ nor $B$ is negative.",
            method="the sign of the difference of two values is manifest",
            check=ordered,
            stated=_falls(reach, reach + further),
            wrong={"exchanged radii": _falls(reach + further, reach)},
            uses=("root",),
        ),
        checked(
            "rho0",
            r"$\frac{\tau\rho_0^2}2+(\sigma_u(\rho_0)+\nu(\rho_0))\sqrt{2K}=\sigma_0\sqrt{2K}$: the"
            r" difference is $s$ times the polynomial, which vanishes. If $s=0$ or $A_0=0$, that is"
            r" $\kappa=0$ or $L=g_0$, $\rho_0=0$, where the difference is $sA_0=0$.",
            method="substituting the root in the two bounds, and rho = 0",
            check=lambda share: all_equal(_agree(share)),
            stated=2,
            wrong={"twice the radius": 4, "the root without its factor 2": 1},
            uses=("bounds_differ", "root", "only_root"),
        ),
    ),
)

# --- which radius is best -------------------------------------------------------------------------


def _two_radii(smaller: Any, larger: Any) -> tuple[Any, Any]:
    """The printed bound at two radii."""
    left, right = (excess(radius, printed_perturbed(radius)) for radius in (smaller, larger))
    return left, right


BOUND_INCREASING_IN_RHO = Proof(
    slug="sharpness_aware/bound_increasing_in_rho",
    idea="Every coefficient of the radius in the bound is nonnegative.",
    steps=(
        CONSTANTS,
        PRINTED,
        checked(
            "bound_increasing_in_rho",
            r"$\frac{\tau\rho^2}2+s\bigl(\kappa(g_0+\alpha\rho)+\frac{b-a}2"
            r"+\frac{\alpha\kappa\rho}2+g_0\rho+\frac{\alpha\rho^2}2\bigr)$ does not decrease: from"
            r" $\rho'$ to $\rho=\rho'+d$, $d\ge0$, no term falls. It is least at $\rho=0$.",
            method="the sign of the difference of two values is manifest",
            check=ordered,
            stated=_two_radii(reach, reach + further),
            wrong={
                "a larger radius is better": _two_radii(reach + further, reach),
                "curvature of either sign": tuple(
                    bound.subs(curvature, _signed) for bound in _two_radii(reach, reach + further)
                ),
            },
            uses=("constants", "printed proxies"),
        ),
    ),
)
