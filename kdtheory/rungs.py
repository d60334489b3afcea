"""How far a claim has been taken: from samples, over exact instances, to a proof."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence

from kdtheory.certificates import Certificate, shipped
from kdtheory.claim import Claim, Finding
from kdtheory.tools._referee import Ruling, referee_case, referee_point
from kdtheory.tools._search import random_points
from kdtheory.tools._traced import domain_of
from kdtheory.tools.certify import recheck
from kdtheory.tools.falsify import generator


class Rung(enum.Enum):
    """The highest of four rungs that a claim has reached.

    PROOF: every step is checked or cited, for all sizes. CERTIFICATE: proved for all instances of
    some sizes, by data that an exact checker reads. EXACT: both sides are judged in exact or ball
    arithmetic, instance by instance. SAMPLED: floating point only.
    """

    PROOF = "proof steps"
    CERTIFICATE = "certificate"
    EXACT = "exact on instances"
    SAMPLED = "sampled"


TRIED = 4
"""How many random instances are refereed before a claim counts as sampled only."""


def _proved(slugs: Sequence[str], watch: Callable[[str], None]) -> set[str]:
    """Runs the proofs of claims; returns the slugs of those that are complete for all sizes."""
    from proofs_check import catalogue, running

    proofs = catalogue.all_proofs()
    wanted = [slug for slug in slugs if slug in proofs]
    results = running.run(proofs, catalogue.assumptions(), wanted, watch)
    return {result.slug for result in results if result.status is running.Status.COMPLETE}


def claim_of(slug: str) -> Claim:
    """Returns the claim of the catalogue, or the lemma, with a slug.

    Args:
        slug: the full slug.

    Returns:
        The claim.

    Raises:
        KeyError: if there is none of its slug.
    """
    from kdtheory.theorems import find
    from kdtheory.theorems.lemmas import LEMMAS

    lemmas = {lemma.slug: lemma for lemma in LEMMAS}
    return lemmas[slug] if slug in lemmas else find(slug)


def check_shipped(name: str) -> tuple[Certificate, str]:
    """Checks a certificate that comes with the package.

    Args:
        name: its file's name.

    Returns:
        The certificate, and what the check took, in words.

    Raises:
        CertificateError: if it proves nothing about its claim.
    """
    certificate = shipped.load(name)
    return certificate, recheck(certificate, claim_of(certificate.slug))


def rungs(
    claims: Sequence[Claim], watch: Callable[[str], None] = lambda slug: None
) -> list[tuple[Rung, str]]:
    """Returns the highest rung that each claim has reached.

    Proofs are run, certificates checked, and instances refereed: nothing is taken on trust.

    Args:
        claims: claims of the catalogue.
        watch: called with every slug as its turn comes, of proofs first.

    Returns:
        The rung of each claim; and for a certificate its sizes, in words.
    """
    standing = [claim.slug for claim in claims if claim.finding is Finding.STANDS]
    proved = _proved(standing, watch)
    result = []
    for claim in claims:
        watch(claim.slug)
        if claim.slug in proved:
            result.append((Rung.PROOF, ""))
        elif claim.slug in shipped.names():
            for name in shipped.names()[claim.slug]:
                check_shipped(name)
            result.append((Rung.CERTIFICATE, shipped.sizes_in_words(claim.slug)))
        else:
            result.append((Rung.EXACT if _is_refereed(claim) else Rung.SAMPLED, ""))
    return result


def rung(claim: Claim) -> tuple[Rung, str]:
    """Returns the highest rung that a claim has reached, as `rungs` does.

    Args:
        claim: a claim of the catalogue.

    Returns:
        The rung; and for a certificate its sizes, in words.

    Example:
        >>> from kdtheory.theorems import find
        >>> rung(find("variance_reduction/gap_identity"))[0].value
        'proof steps'
    """
    return rungs([claim])[0]


def _is_refereed(claim: Claim) -> bool:
    """Whether some instance of the home size, or a named case, is judged without rounding."""
    judged = (Ruling.HOLDS, Ruling.VIOLATED)
    size = claim.sizes[0]
    points = random_points(generator(claim, 0), TRIED, domain_of(claim, size).dimension)
    if any(referee_point(claim, size, point).ruling in judged for point in points):
        return True
    cases = [*claim.tight, *claim.corners]
    cases += [claim.counterexample] if claim.counterexample else []
    return any(referee_case(claim, case).ruling in judged for case in cases)
