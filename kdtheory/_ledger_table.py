"""The ledger as a table for the terminal, as Markdown, and as plain data."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from kdtheory.claim import Claim
    from kdtheory.theorems.ledger import Entry

NO_PROOF = "sampled and searched"
"""What a claim without proof steps rests on."""


@dataclasses.dataclass(frozen=True)
class Examined:
    """What became of an item in the hands of one claim.

    Attributes:
        slug: the claim.
        title: what it says, in a line.
        finding: what was found in the text.
        text_examined: which text was read, or "ours".
        expected: the verdict that the catalogue expects.
        proof: how far its proof steps reach.
    """

    slug: str
    title: str
    finding: str
    text_examined: str
    expected: str
    proof: str

    @property
    def whose(self) -> str:
        """The finding in the text, or that the statement is ours."""
        ours = self.text_examined.startswith("ours") and self.finding == "stands"
        return "ours" if ours else self.finding

    @property
    def short(self) -> str:
        """What stands beside the slug in a table."""
        return f"{self.whose}: {self.expected}; {self.proof}"


@functools.cache
def _known() -> dict[str, Claim]:
    from kdtheory.theorems import CLAIMS

    return {claim.slug: claim for claim in CLAIMS}


@functools.cache
def proof_status(slug: str) -> str:
    """Returns how far the proof steps of a claim reach, without running them.

    Args:
        slug: the claim.
    """
    from proofs_check import catalogue, rendering, running

    proofs = catalogue.all_proofs()
    if slug not in proofs:
        return NO_PROOF
    status, sizes = running.promised(slug, proofs)
    return "proof " + rendering.short_status(status, sizes, proofs[slug].steps)


def examined(slug: str) -> Examined:
    """Returns what the catalogue and the proofs say of a claim.

    Args:
        slug: the claim.
    """
    from kdtheory.claim import Finding

    claim = _known()[slug]
    return Examined(
        slug=slug,
        title=claim.title,
        finding=claim.finding.value,
        text_examined=claim.text_examined.value,
        expected="holds" if claim.finding is Finding.STANDS else "violated",
        proof=proof_status(slug),
    )


def plain(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Returns entries as data for JSON.

    Args:
        entries: of the ledger.
    """
    return [
        {
            "paper": entry.paper.key,
            "edition": entry.paper.edition,
            "items": list(entry.items),
            "section": entry.section,
            "says": entry.says,
            "claims": [dataclasses.asdict(examined(slug)) for slug in entry.claims],
            "studies": list(entry.studies),
            "reason": entry.reason.value if entry.reason else None,
            "note": entry.note,
        }
        for entry in entries
    ]


def summary(entries: Sequence[Entry]) -> str:
    """Returns the sentence below the table: how many items, examined, repeated, or why neither.

    Args:
        entries: of the ledger.
    """
    left = [entry for entry in entries if not entry.claims and not entry.studies]
    reasons = Counter(entry.reason.value for entry in left if entry.reason)
    looked_at = sum(bool(entry.claims) for entry in entries)
    claims = {slug for entry in entries for slug in entry.claims}
    studies = {name for entry in entries for name in entry.studies}
    repeated = sum(bool(entry.studies) for entry in entries)
    again = f", {repeated} repeated by {_counted(len(studies), 'study')}" if studies else ""
    why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    rest = f" Neither: {why}." if why else ""
    items, by = _counted(len(entries), "item"), _counted(len(claims), "claim")
    return f"{items}: {looked_at} examined by {by}{again}.{rest}"


def _counted(number: int, noun: str) -> str:
    """Returns a number and its noun."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def table(entries: Sequence[Entry]) -> Table:
    """Returns the table for the terminal, a line for every claim.

    Args:
        entries: of the ledger.
    """
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    built = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, ratio in (("item", 3), ("what is asserted, in our words", 5), ("examined by", 6)):
        built.add_column(column, ratio=ratio)
    paper = None
    for entry in entries:
        if entry.paper != paper:
            paper = entry.paper
            built.add_row(Text(paper.key, style="bold"), Text(paper.edition, style="dim"), "")
        told: list[RenderableType] = []
        for one in map(examined, entry.claims):
            more = Text(f"{one.title}\n{one.short}")
            told += [Text(one.slug, style="bold"), Padding(more, (0, 0, 0, 2))]
        if entry.reason:
            told.append(Text(_reason(entry)))
        told += [Text(f"kdtheory replicate {name}", style="bold") for name in entry.studies]
        told += [Text(entry.note, style="italic")] if entry.note else []
        where = f"{', '.join(entry.items)}\n{entry.section}"
        built.add_row(Text(where), Text(entry.says), Group(*told))
        built.add_row("", "", "")
    return built


def _reason(entry: Entry) -> str:
    """Returns why no claim examines an item; what a study repeats is not left out."""
    assert entry.reason is not None
    return f"{'' if entry.studies else 'not examined: '}{entry.reason.value}"


def escaped(text: str) -> str:
    """Returns text that Markdown shows as it is, within a table too; slugs as code.

    Args:
        text: of one line.
    """
    pieces = re.split(r"\b([a-z_]+/[a-z0-9_]+)\b", text)
    return "".join(
        f"`{piece}`" if piece in _known() else re.sub(r"([\\`*_\[\]<>|~$])", r"\\\1", piece)
        for piece in pieces
    )


def markdown(entries: Sequence[Entry]) -> str:
    """Returns a table of Markdown for every paper.

    Args:
        entries: of the ledger.
    """
    blocks = []
    for paper in dict.fromkeys(entry.paper for entry in entries):
        own = [entry for entry in entries if entry.paper == paper]
        heading = f"### {escaped(paper.key)}\n\n{escaped(paper.title)}. {escaped(paper.edition)}."
        lines = ["| item | what is asserted | examined by | finding: verdict | proof |"]
        lines += ["| --- | --- | --- | --- | --- |", *map(_row, own)]
        blocks.append("\n".join([heading, "", summary(own), "", *lines]))
    return "\n\n".join(blocks)


def _row(entry: Entry) -> str:
    """Returns an entry's rows of Markdown: one for every claim, the item beside the first."""
    place = f"**{escaped(', '.join(entry.items))}**<br>{escaped(entry.section)}"
    says = escaped(entry.says) + (f"<br>*{escaped(entry.note)}*" if entry.note else "")
    studies = "<br>".join(f"`kdtheory replicate {name}`" for name in entry.studies)
    if entry.reason:
        told = "<br>".join(filter(None, (_reason(entry), studies)))
        return f"| {place} | {says} | {told} | | |"
    rows = []
    for slug in entry.claims:
        one = examined(slug)
        named = f"`{slug}`<br>{escaped(one.title)}"
        verdict, proof = f"{one.whose}: {one.expected}", one.proof.removeprefix("proof ")
        cells = (named, verdict, escaped(proof))
        rows.append(f"| {place} | {says} | {' | '.join(cells)} |")
        place = says = ""
    if studies:
        rows.append(f"| | | {studies} | | |")
    return "\n".join(rows)
