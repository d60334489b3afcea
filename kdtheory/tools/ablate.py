"""Drops each assumption of a claim alone, to see that it is needed."""

from __future__ import annotations

import dataclasses
import math

from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Case, Claim
from kdtheory.results import Ablation
from kdtheory.tools._compile import precision
from kdtheory.tools._referee import Ruling, counterexample, referee_case, size_of
from kdtheory.tools.evaluate import assess_instances


def ablate(claim: Claim) -> tuple[Ablation, ...]:
    """Evaluates every broken case: one assumption fails, the others hold, and the claim fails.

    Args:
        claim: the claim.

    Returns:
        One record per broken case. What fails without a printed hypothesis is no finding about the
        paper; it shows that the hypothesis is needed.
    """
    with precision("float64"):
        return tuple(_drop(claim, case) for case in claim.broken)


def _drop(claim: Claim, case: Case) -> Ablation:
    instance = case.make()
    others = tuple(item for item in claim.assumptions if item.name != case.assumption)
    margins = {True: math.inf, False: math.inf}
    found_margins = assess_instances(claim, [instance])[0]["margins"]
    for item, margin in zip(claim.assumptions, found_margins, strict=True):
        dropped = item.name == case.assumption
        margins[dropped] = min(margins[dropped], margin)
    without = dataclasses.replace(claim, assumptions=others)
    ruling = referee_case(without, case)
    found = None
    if ruling.ruling is Ruling.VIOLATED:
        size = size_of(claim, instance) or ()
        found = counterexample(claim, size, ruling, f"without: {case.assumption}")
    tolerance = rounding_tolerance("float64")
    return Ablation(
        slug=claim.slug,
        assumption=case.assumption or "",
        case=case.name,
        dropped_margin=margins[True],
        other_margins=margins[False],
        counterexample=found,
        as_expected=found is not None and margins[True] < -tolerance <= margins[False],
    )
