"""Drops each assumption of a claim alone, to see that it is needed."""

from __future__ import annotations

import dataclasses

import numpy as np

from kdtheory.claim import Case, Claim, call
from kdtheory.results import Ablation
from kdtheory.tools._compile import precision, release
from kdtheory.tools._referee import Ruling, counterexample, referee_case, size_of


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
    margins = {item.name: float(call(item.margin, instance)) for item in claim.assumptions}
    dropped = margins.pop(case.assumption or "", np.nan)
    others = min(margins.values(), default=np.inf)
    kept = tuple(item for item in claim.assumptions if item.name != case.assumption)
    ruling = referee_case(dataclasses.replace(claim, assumptions=kept), case)
    violated = ruling.ruling is Ruling.VIOLATED
    found = None
    if violated:
        found = counterexample(size_of(claim, instance) or (), ruling, f"without {case.assumption}")
    tolerance = 1e-12
    return Ablation(
        slug=claim.slug,
        assumption=case.assumption or "",
        case=case.name,
        dropped_margin=dropped,
        other_margins=others,
        counterexample=found,
        as_expected=bool(violated and dropped < -tolerance and others >= -tolerance),
    )
