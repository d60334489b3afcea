"""The catalogue: every claim, in reading order."""

from __future__ import annotations

import difflib

from kdtheory.claim import Claim
from kdtheory.theorems import (
    bias_variance,
    distillation_divergence,
    double_distillation,
    empirical_bernstein,
    linear_gaussian,
    proper_losses,
    sgd_convergence,
    sharpness_aware,
    uncertainty_propagation,
    variance_reduction,
)

CLAIMS: tuple[Claim, ...] = (
    *variance_reduction.CLAIMS,
    *bias_variance.CLAIMS,
    *proper_losses.CLAIMS,
    *empirical_bernstein.CLAIMS,
    *double_distillation.CLAIMS,
    *distillation_divergence.CLAIMS,
    *sharpness_aware.CLAIMS,
    *linear_gaussian.CLAIMS,
    *sgd_convergence.CLAIMS,
    *uncertainty_propagation.CLAIMS,
)


def find(slug: str) -> Claim:
    """Returns the claim with a full slug.

    Args:
        slug: ``room/name``.

    Returns:
        The claim.

    Raises:
        KeyError: if there is none; the message names the nearest.

    Example:
        >>> find("variance_reduction/lemma1").title
        'The Bayes-distilled risk has the smaller variance'
    """
    for claim in CLAIMS:
        if claim.slug == slug:
            return claim
    near = difflib.get_close_matches(slug, [claim.slug for claim in CLAIMS], n=3, cutoff=0.3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise KeyError(f"slug: got {slug!r}; expected the slug of a claim in the catalogue.{hint}")
