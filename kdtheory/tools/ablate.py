"""Drops each assumption of a claim alone, to see that it is needed."""

from __future__ import annotations

import dataclasses

from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Case, Claim
from kdtheory.results import Ablation
from kdtheory.tools._compile import precision, release
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
        results = tuple(_drop(claim, case) for case in claim.broken)
        release(claim)
    return results


def _drop(claim: Claim, case: Case) -> Ablation:
    instance = case.make()
    dropped = tuple(item for item in claim.assumptions if item.name == case.assumption)
    others = tuple(item for item in claim.assumptions if item.name != case.assumption)
    without = dataclasses.replace(claim, assumptions=others)
    margins = [
        assess_instances(variant, [instance])[0]["margin"]
        for variant in (dataclasses.replace(claim, assumptions=dropped), without)
    ]
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
        dropped_margin=margins[0],
        other_margins=margins[1],
        counterexample=found,
        as_expected=found is not None and margins[0] < -tolerance and margins[1] >= -tolerance,
    )
