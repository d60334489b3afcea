"""Claims on when sharpness tightens the bound: against which baseline, and at which radius."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import (
    OURS,
    Assumption,
    Case,
    Claim,
    Finding,
    Relation,
    Source,
    TextExamined,
)
from kdtheory.objects.smoothness import SmoothnessConstants
from kdtheory.theorems.papers import LI_HE
from kdtheory.theorems.sharpness_aware import axes, proxies, regime, worlds
from kdtheory.theorems.sharpness_aware.claims_bounds import APPENDIX
from kdtheory.theorems.sharpness_aware.worlds import constants_case

Excess = Callable[[SmoothnessConstants, Any], Scalar]


def _at(bound: Excess) -> Callable[..., Scalar]:
    """Returns instance -> a bound less gen_T, at the constants and the divergence."""

    def side(constants: SmoothnessConstants, divergence: Any, *_: Any) -> Scalar:
        return bound(constants, divergence)

    return side


def _with_radius(constants: SmoothnessConstants, radius: Any) -> SmoothnessConstants:
    return dataclasses.replace(constants, radius=radius)


def _unit(constants: SmoothnessConstants, divergence: Any, *_: Any) -> Scalar:
    """Returns one plus what the bound with a global Lipschitz constant adds to gen_T."""
    return 1.0 + regime.standard_excess(constants, divergence)


def _at_least_tiny(unit: Scalar) -> Scalar:
    return jnp.maximum(unit, jnp.finfo(unit.dtype).tiny)


@jax.jit
def _difference(constants: SmoothnessConstants, *_: Any) -> Scalar:
    less = proxies.lemma14_printed(constants) + proxies.lemma15(constants)
    return jnp.sqrt(constants.num_samples) * (proxies.lemma13(constants) - less)


@jax.jit
def _polynomial(constants: SmoothnessConstants, *_: Any) -> Scalar:
    constant, linear, square = regime.coefficients(constants)
    return constant - constants.radius * (linear + square * constants.radius)


def _proxies_unit(constants: SmoothnessConstants, *_: Any) -> Scalar:
    every = proxies.lemma13, proxies.lemma14_printed, proxies.lemma15
    unit = jnp.sqrt(constants.num_samples) * sum(proxy(constants) for proxy in every)
    return _at_least_tiny(unit)


_AT_THE_END = Case("at rho_0", constants_case, "kappa = 1, L = 1, g0 = 1/2: rho_0 = 1")
_CURVED = Case(
    "curved",
    lambda: constants_case(smoothness=2.0, curvature=1.0, radius=0.125),
    "alpha = 2, tau = 1",
)
_CORNERS = (
    _CURVED,
    Case("no divergence", lambda: constants_case(divergence=0.0, radius=0.0), "all bounds agree"),
)

REGIME_IDENTITY = Claim(
    slug="sharpness_aware/regime_identity",
    title="The printed proxies differ by a quadratic polynomial of the radius",
    statement=r"\sqrt n(\sigma_0-\sigma_u-\nu)=A_0-A_1\rho-A_2\rho^2,\quad A_0=\kappa(L-g_0),"
    r"\ A_1=\tfrac32\alpha\kappa+g_0,\ A_2=\tfrac\alpha2",
    source=Source(LI_HE, "tightness regime", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    relation=Relation.EQ,
    lhs=_difference,
    rhs=_polynomial,
    domain=worlds.local_constants,
    sizes=worlds.CONSTANTS_SIZES,
    scale=_proxies_unit,
    corners=(_AT_THE_END, *_CORNERS),
    axes=(axes.RADIUS,),
    uses=("sharpness_aware/lemma13", "sharpness_aware/lemma14_printed", "sharpness_aware/lemma15"),
)


def _at_root(constants: SmoothnessConstants, divergence: Any, *_: Any) -> Scalar:
    root = regime.largest_radius(constants, divergence)
    return regime.sharpness_excess(_with_radius(constants, root), divergence)


def _tiny_unit(constants: SmoothnessConstants, divergence: Any, *_: Any) -> Scalar:
    return _at_least_tiny(regime.standard_excess(constants, divergence))


RHO0 = Claim(
    slug="sharpness_aware/rho0",
    title="Where the regime ends the two printed bounds agree, sharpness bounded by Lemma 16",
    statement=r"\frac{\tau\rho_0^2}2+(\sigma_u(\rho_0)+\nu(\rho_0))\sqrt{2K}=\sigma_0\sqrt{2K},"
    r"\quad\rho_0=\frac{2A_0}{A_1+\sqrt{A_1^2+4A_0(A_2"
    r"+\tau/(2s))}},\ s=\sqrt{2K/n}",
    relation=Relation.EQ,
    lhs=_at_root,
    rhs=_at(regime.standard_excess),
    domain=worlds.local_constants,
    sizes=worlds.CONSTANTS_SIZES,
    scale=_tiny_unit,
    tight=(_AT_THE_END,),
    corners=_CORNERS,
    axes=(axes.DIVERGENCE,),
    uses=(REGIME_IDENTITY.slug,),
)


def _at_share(constants: SmoothnessConstants, divergence: Any, share: Any, *_: Any) -> Scalar:
    smaller = _with_radius(constants, share * constants.radius)
    return regime.sharpness_excess(smaller, divergence)


BOUND_INCREASING_IN_RHO = Claim(
    slug="sharpness_aware/bound_increasing_in_rho",
    title="With sharpness bounded by Lemma 16 the printed bound is best without a perturbation",
    statement=r"\frac{\tau\rho'^2}2+(\sigma_u(\rho')+\nu(\rho'))\sqrt{2K}\le\frac{\tau\rho^2}2"
    r"+(\sigma_u(\rho)+\nu(\rho))\sqrt{2K}\text{ for }0\le\rho'\le\rho",
    lhs=_at_share,
    rhs=_at(regime.sharpness_excess),
    domain=worlds.local_constants,
    sizes=worlds.CONSTANTS_SIZES,
    scale=_unit,
    tight=(Case("the same radius", constants_case, "share 1: both are the bound"),),
    corners=(
        *_CORNERS,
        Case("no radius", lambda: constants_case(share=0.0), "the bound with g0 for L, and no tau"),
    ),
    axes=(axes.SHARE,),
    uses=(REGIME_IDENTITY.slug,),
)


def _inside(constants: SmoothnessConstants, divergence: Any, *_: Any) -> Scalar:
    return regime.largest_radius(constants, divergence) - constants.radius


_IN_REGIME = Assumption(
    "inside the regime", r"$\rho\le\rho_0$, the radius at which the bounds agree", _inside
)


FLATNESS_TIGHTENS_GLOBAL = Claim(
    slug="sharpness_aware/flatness_tightens_global",
    title="Within the regime the sharpness-aware bound is below the one with a global constant",
    statement=r"\rho\le\rho_0\ \Rightarrow\ \frac{\tau\rho^2}2+(\sigma_u(\rho)+\nu(\rho))\sqrt{2K}"
    r"\le\sigma_0\sqrt{2K}",
    source=Source(LI_HE, "tightness regime, against the global Lipschitz constant", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_at(regime.sharpness_excess),
    rhs=_at(regime.standard_excess),
    domain=worlds.local_constants,
    sizes=worlds.CONSTANTS_SIZES,
    scale=_unit,
    assumptions=(_IN_REGIME,),
    corrects="sharpness_aware/flatness_tightens_local",
    tight=(_AT_THE_END,),
    corners=_CORNERS,
    broken=(
        Case(
            "beyond the regime",
            lambda: constants_case(radius=2.0),
            "rho = 2 rho_0: 2 > 3/2",
            assumption="inside the regime",
        ),
    ),
    axes=(axes.RADIUS,),
    uses=(REGIME_IDENTITY.slug, RHO0.slug),
)

FLATNESS_TIGHTENS_LOCAL = dataclasses.replace(
    FLATNESS_TIGHTENS_GLOBAL,
    slug="sharpness_aware/flatness_tightens_local",
    title="Within the regime flatness tightens the bound, from one that knows the same gradients",
    statement=r"\rho\le\rho_0\ \Rightarrow\ \frac{\tau\rho^2}2+(\sigma_u(\rho)+\nu(\rho))\sqrt{2K}"
    r"\le\frac1{\sqrt n}\Bigl(\kappa\min(L,g_0+\tfrac{\alpha\kappa}{4n})+\frac{b-a}2\Bigr)\sqrt{2K}"
    r",\quad\sigma_u\text{ corrected}",
    source=Source(LI_HE, "tightness regime, against a bound that uses (A4) as well", APPENDIX),
    finding=Finding.READING_DEPENDENT,
    what_survives="against the bound with a global Lipschitz constant it does so within the regime"
    " (sharpness_aware/flatness_tightens_global); against one that uses the gradient at the teacher"
    " it never does (sharpness_aware/local_baseline), nor, if perturbations only raise the risk,"
    " against the plain Cramer-Chernoff bound (sharpness_aware/never_beats_chernoff_if_convex)",
    lhs=_at(regime.corrected_excess),
    rhs=_at(regime.local_excess),
    corrects=None,
    tight=(),
    corners=(),
    counterexample=Case(
        "half the regime",
        lambda: constants_case(radius=0.5),
        "nothing is curved: 5/4 against 1, since the sharpness costs g0 rho",
    ),
    axes=(axes.RADIUS,),
    uses=("sharpness_aware/lemma14",),
)

LOCAL_BASELINE = dataclasses.replace(
    FLATNESS_TIGHTENS_LOCAL,
    slug="sharpness_aware/local_baseline",
    title="The bound that knows the gradient at the teacher is below every sharpness-aware one",
    statement=r"\frac1{\sqrt n}\Bigl(\kappa\min(L,g_0+\tfrac{\alpha\kappa}{4n})+\frac{b-a}2\Bigr)"
    r"\sqrt{2K}\le\frac{\tau\rho^2}2+(\sigma_u(\rho)+\nu(\rho))\sqrt{2K},"
    r"\quad\sigma_u\text{ corrected}",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    lhs=_at(regime.local_excess),
    rhs=_at(regime.corrected_excess),
    corrects=FLATNESS_TIGHTENS_LOCAL.slug,
    assumptions=(),
    tight=(Case("no radius", lambda: constants_case(radius=0.0), "the same bound: both are 1"),),
    corners=_CORNERS,
    broken=(),
    counterexample=None,
)
