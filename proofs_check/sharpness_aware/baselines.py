r"""Whether looking at sharpness tightens the bound: against which baseline.

Against a bound with a global Lipschitz constant it does, within the regime; what is gained there is
owed to the gradient at the teacher, which a bound without a perturbation can use as well.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra_order import all_ordered, ordered
from proofs_check.records import Proof, assumed, checked, refuted
from proofs_check.sharpness_aware.curvature import curvature
from proofs_check.sharpness_aware.gaps import SLOPE_SYMBOL
from proofs_check.sharpness_aware.moves import gradient, lipschitz, movement, smoothness, width
from proofs_check.sharpness_aware.regime import (
    BOUNDS_DIFFER,
    CONSTANTS,
    GLOBAL_PROXY,
    PRINTED,
    constant_term,
    excess,
    further,
    linear_term,
    printed_perturbed,
    reach,
    square_term,
    unit,
)

INSIDE = assumed(
    "inside the regime", r"$\rho\le\rho_0$, the radius at which the printed bounds agree."
)


def _within(end: Any) -> tuple[Any, Any]:
    """Both bounds at the radius rho, without their common part, if they agree at the other one."""
    bend = square_term + curvature / (2 * unit)
    constant = linear_term * end + bend * end**2
    standard = unit * (GLOBAL_PROXY - movement * lipschitz + movement * gradient + constant)
    return excess(reach, printed_perturbed(reach)), standard


FLATNESS_TIGHTENS_GLOBAL = Proof(
    slug="sharpness_aware/flatness_tightens_global",
    idea="The difference of the bounds falls as the radius grows, and vanishes at rho_0.",
    steps=(
        CONSTANTS,
        PRINTED,
        INSIDE,
        BOUNDS_DIFFER,
        checked(
            "flatness_tightens_global",
            r"$\sigma_0\sqrt{2K}-\frac{\tau\rho^2}2-(\sigma_u+\nu)\sqrt{2K}=s(A_0-A_1\rho-B\rho^2)"
            r"=s\bigl(A_1(\rho_0-\rho)+B(\rho_0^2-\rho^2)\bigr)\ge0$; if $s=0$, $\rho\le\rho_0=0$,"
            r" and if $A_1=B=0$ the difference is $sA_0\ge0$ at every radius.",
            method="substituting A_0 = A_1 rho_0 + B rho_0^2 and rho_0 = rho + d",
            check=ordered,
            stated=_within(reach + further),
            wrong={"beyond the regime": _within(sympy.Integer(0))},
            uses=("inside the regime", "bounds_differ", "sharpness_aware/rho0"),
        ),
    ),
)

_ONE, _HALF = sympy.Integer(1), sympy.Rational(1, 2)
# Nothing is curved, so that the corrected and the printed proxies agree.
_FLAT = {
    movement: _ONE,
    lipschitz: _ONE,
    gradient: _HALF,
    smoothness: 0,
    curvature: 0,
    width: _ONE,
    unit: _ONE,
}


def _below_baseline(baseline: Any) -> bool:
    """Whether, inside the regime of an instance, the bound is at most one with this slope."""
    radius = _HALF
    constant, linear, _ = (value.subs(_FLAT) for value in (constant_term, linear_term, square_term))
    if radius > constant / linear:
        raise ValueError("the radius is outside the regime")
    left = excess(radius, printed_perturbed(radius)).subs(_FLAT)
    return bool(left <= (movement * baseline + width / 2).subs(_FLAT))


FLATNESS_TIGHTENS_LOCAL = Proof(
    slug="sharpness_aware/flatness_tightens_local",
    idea="What the sharpness-aware bound gains it owes to the gradient at the teacher, which a"
    " bound without a perturbation can use as well.",
    steps=(
        CONSTANTS,
        PRINTED,
        INSIDE,
        refuted(
            "flatness_tightens_local",
            r"Read as a comparison with a bound that knows the gradient at the teacher as well:"
            r" within the regime the sharpness-aware bound is at most"
            r" $s\bigl(\kappa\min(L,g_0+\frac{\alpha\kappa}{4n})+\frac{b-a}2\bigr)$. For"
            r" $\kappa=L=1$, $g_0=\frac12$, $\alpha=\tau=0$, $b-a=n=1$ and $K=\frac12$, where"
            r" $\rho_0=1$, at $\rho=\frac12$ this would be $\frac54\le1$.",
            method="the instance, exactly; it is inside the regime",
            check=_below_baseline,
            stated=gradient,
            mended={"a baseline with the global Lipschitz constant": lipschitz},
            uses=("constants", "printed proxies", "inside the regime"),
        ),
    ),
)

_added, _between = sympy.symbols("r e", nonnegative=True)
_local_slope = sympy.Symbol("g", nonnegative=True)


def _slopes(sign: int) -> tuple[tuple[Any, Any], ...]:
    """The slopes without and with what a perturbation adds, for L at most, between, and above."""
    cases = (
        (lipschitz + further, lipschitz, _added),
        (_local_slope, _local_slope + further, further + _between),
        (_local_slope, _local_slope + _added + further, _added),
    )
    return tuple(
        (sympy.Min(whole, local), sympy.Min(whole, local + sign * added))
        for local, whole, added in cases
    )


def _local(perturbed: Any) -> tuple[Any, Any]:
    """The bound that knows the gradient, and the sharpness-aware one with this slope."""
    baseline = unit * (movement * SLOPE_SYMBOL + width / 2)
    return baseline, excess(reach, movement * perturbed + width / 2)


LOCAL_BASELINE = Proof(
    slug="sharpness_aware/local_baseline",
    idea="The perturbation adds to the slope, and the sharpness adds two terms more.",
    steps=(
        CONSTANTS,
        checked(
            "slopes_ordered",
            r"$\mathrm{slope}=\min(L,g_0+\frac{\alpha\kappa}{4n})\le\min(L,g_0"
            r"+\alpha\rho\frac p{p+1}+\frac{\alpha\kappa}{4n})=\mathrm{slope}_U$.",
            method="L below the smaller sum, between the two, and above the larger one",
            check=all_ordered,
            stated=_slopes(1),
            wrong={"a perturbation that lowers gradients": _slopes(-1)},
            uses=("constants",),
        ),
        checked(
            "local_baseline",
            r"$s\bigl(\kappa\,\mathrm{slope}+\frac{b-a}2\bigr)\le\frac{\tau\rho^2}2+s\bigl(\kappa\,"
            r"\mathrm{slope}_U+\frac{b-a}2+\frac{\alpha\kappa\rho}2+g_0\rho+\frac{\alpha\rho^2}2"
            r"\bigr)$ at every radius: besides the slopes only nonnegative terms differ.",
            method="expanding, with slope_U - slope a slack",
            check=ordered,
            stated=_local(SLOPE_SYMBOL + _added),
            wrong={"a slope that the perturbation lowers": _local(SLOPE_SYMBOL - _added)},
            uses=("constants", "slopes_ordered"),
        ),
    ),
)
