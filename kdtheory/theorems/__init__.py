"""The catalogue: every claim, in reading order; a room loads when one of its claims is needed."""

from __future__ import annotations

import difflib
import importlib
import sys
from typing import TYPE_CHECKING, Any

from kdtheory._places import learn
from kdtheory.claim import Claim

ROOMS = (
    "variance_reduction",
    "bias_variance",
    "proper_losses",
    "empirical_bernstein",
    "double_distillation",
    "distillation_divergence",
    "sharpness_aware",
    "linear_gaussian",
    "sgd_convergence",
    "uncertainty_propagation",
)
"""The rooms, in reading order."""

if TYPE_CHECKING:
    CLAIMS: tuple[Claim, ...]


def claims_in(room: str) -> tuple[Claim, ...]:
    """Returns the claims of a room, in reading order, and loads no other room.

    Args:
        room: one of `ROOMS`.

    Example:
        >>> len(claims_in("double_distillation")) > 1
        True
    """
    claims = tuple(importlib.import_module(f"kdtheory.theorems.{room}").CLAIMS)
    learn(room, claims)
    return claims


def __getattr__(name: str) -> Any:
    """Loads the whole catalogue, or a room, on first use (PEP 562)."""
    if name == "CLAIMS":
        found = tuple(claim for room in ROOMS for claim in claims_in(room))
        return globals().setdefault(name, found)
    if name in ROOMS:
        return importlib.import_module(f"kdtheory.theorems.{name}")
    raise AttributeError(f"module 'kdtheory.theorems' has no attribute {name!r}")


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
    room = slug.partition("/")[0]
    whole = sys.modules[__name__]
    for claim in claims_in(room) if room in ROOMS else whole.CLAIMS:
        if claim.slug == slug:
            return claim
    near = difflib.get_close_matches(slug, [c.slug for c in whole.CLAIMS], n=3, cutoff=0.3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise KeyError(f"slug: got {slug!r}; expected the slug of a claim in the catalogue.{hint}")
