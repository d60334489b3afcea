"""A page of claims from records alone: what is missing is computed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from kdtheory._check import refuse
from kdtheory.claim import Claim, Finding
from kdtheory.results import Check
from kdtheory.tools.page import Entry, Ran, page
from kdtheory.tools.page.mathml import need_converter
from kdtheory.tools.sweep import Curve, axes_of, sweep
from kdtheory.tools.verify import verify


def report_page(
    claims: Sequence[Claim],
    checks: Sequence[Check] = (),
    *,
    figures: bool = True,
    seed: int = 0,
    title: str = "kdtheory report",
) -> str:
    """Returns one self-contained HTML page about claims: verdicts, instances and figures.

    It is what ``kdtheory report`` writes about the catalogue, for claims of your own. It needs the
    extra ``report``.

    Args:
        claims: the claims, in order; slugs of the form ``room/name`` are grouped by room.
        checks: what `verify` returned for some of them; the others are verified now.
        figures: whether to draw each claim along its first axis, or, if it does not hold, the
            first on which it fails.
        seed: seed of everything random in what is computed now.
        title: of the page.

    Returns:
        The page, to be written to a file.

    Raises:
        ValueError: without claims, for two claims of one slug, a check of another claim, or
            without the extra.
    """
    from kdtheory import __version__

    need_converter()
    slugs = [claim.slug for claim in claims]
    if not slugs:
        refuse("claims", "none", "at least one claim", "Give those the page is to be about.")
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if twice:
        refuse("claims", f"{twice[0]!r} twice", "one claim for every slug", "Name each its own.")
    foreign = [check.slug for check in checks if check.slug not in slugs]
    if foreign:
        refuse("checks", repr(foreign[0]), f"checks of {', '.join(slugs)}", "Leave it out.")
    known = {check.slug: check for check in checks}
    entries = [
        Entry(
            claim,
            known.get(claim.slug) or verify(claim, seed=seed),
            telling_curve(claim, claims, seed=seed) if figures else None,
        )
        for claim in claims
    ]
    judged = [entry.check for entry in entries]
    ran = Ran(
        version=__version__,
        command="kdtheory.report_page(...)",
        date=datetime.date.today().isoformat(),
        seeds=tuple(dict.fromkeys(check.seed for check in judged)),
        dtypes=tuple(dict.fromkeys(check.dtype for check in judged)),
        searched=sum(bool(check.searches) for check in judged),
    )
    return page(entries, ran, title=title)


def telling_curve(claim: Claim, others: Sequence[Claim], **options: Any) -> Curve | None:
    """Returns a claim along the first axis that shows what there is to see; None without an axis.

    Args:
        claim: the claim; if it does not hold, the axis is the first on which it fails.
        others: claims among which those that correct or sharpen it are sought.
        options: other keyword arguments of `sweep`.
    """
    companions = [one for one in others if claim.slug in (one.corrects, one.sharpens)]
    curves = (
        sweep(claim, axis, companions=companions, **options)
        for axis in axes_of(claim, options.get("seed", 0))
    )
    first = next(curves, None)
    if first is None or claim.finding is Finding.STANDS or any(first.violated):
        return first
    return next((curve for curve in curves if any(curve.violated)), first)
