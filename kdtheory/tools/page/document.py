"""The page: what was run, the findings, the catalogue, and how to read them."""

from __future__ import annotations

import collections
import dataclasses
import importlib.resources
import re
from collections.abc import Mapping, Sequence

from kdtheory._numerics import resolution
from kdtheory.claim import Paper
from kdtheory.results import Verdict
from kdtheory.tools.page.entries import (
    Entry,
    Related,
    catalogue_entry,
    finding_article,
    finding_name,
)
from kdtheory.tools.page.markup import Content, Element, described, node, table, text_of
from kdtheory.tools.page.mathml import prose
from kdtheory.tools.report import summary

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Nothing is loaded from anywhere: a browser that reads this refuses to."""


@dataclasses.dataclass(frozen=True)
class Ran:
    """What was run, as the page states it.

    Attributes:
        version: of the package.
        command: what to type to run it again.
        date: when, in any form.
        seeds: of everything random.
        dtypes: the precisions of the evaluation.
        searched: for how many of the claims a violation was searched.
    """

    version: str
    command: str
    date: str
    seeds: tuple[int, ...]
    dtypes: tuple[str, ...]
    searched: int


def page(
    entries: Sequence[Entry],
    ran: Ran,
    *,
    title: str = "kdtheory report",
    rooms: Mapping[str, str] | None = None,
) -> str:
    """Returns the page as HTML, whole: nothing else is needed to read it.

    Args:
        entries: the claims, in order, with what tools made of them.
        ran: what was run.
        title: of the page.
        rooms: room -> its name, a colon, and what its claims are about.
    """
    claims = [entry.claim for entry in entries]
    related = Related.between(claims)
    found = [entry for entry in entries if entry.is_finding]
    told = rooms or {}
    sections = {
        "ran": ("What was run", _what_was_run(entries, ran, told)),
        "findings": ("Findings", _findings(found, related)),
        "catalogue": ("Catalogue", _catalogue(entries, related, told)),
        "reading": ("How to read this", _reading()),
        "editions": ("Editions and limits", _editions(entries)),
    }
    links = [node("li", node("a", name, href=f"#{key}")) for key, (name, _) in sections.items()]
    body = node(
        "body",
        node("a", "Skip to the content", href="#content", class_="skip"),
        node(
            "header",
            node("h1", title),
            node("p", _counted(entries)),
            node("nav", node("ul", links), aria_label="Sections"),
        ),
        node(
            "main",
            [
                node("section", node("h2", name), content, id=key)
                for key, (name, content) in sections.items()
            ],
            id="content",
        ),
        node("footer", node("p", f"kdtheory {ran.version}, {ran.date}.")),
        node("script", _resource("script.js")),
    )
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("meta", name="color-scheme", content="light dark"),
        node("meta", name="description", content=_counted(entries)),
        node("title", title),
        node("link", rel="icon", href="data:,"),
        node("style", _resource("style.css")),
    )
    return "<!DOCTYPE html>\n" + text_of(node("html", head, body, lang="en")) + "\n"


def _resource(name: str) -> str:
    return (importlib.resources.files(__package__) / name).read_text(encoding="utf-8")


def _counted(entries: Sequence[Entry]) -> str:
    return summary([entry.check for entry in entries])


def _what_was_run(entries: Sequence[Entry], ran: Ran, rooms: Mapping[str, str]) -> list[Content]:
    searched = f"{ran.searched} of {len(entries)} claims, for a violation"
    proofs = [entry.proof for entry in entries if entry.proof is not None]
    statuses = collections.Counter(proof["status"] for proof in proofs)
    certified = sum(bool(entry.certified) for entry in entries)
    told = ", ".join(f"{count} {status}" for status, count in statuses.items())
    return [
        described(
            [
                ("Version", ran.version),
                ("Command", node("code", ran.command)),
                ("Date", ran.date),
                ("Seed", ", ".join(map(str, ran.seeds))),
                ("Precision", "; ".join(resolution(dtype) or dtype for dtype in ran.dtypes)),
                ("Searched", searched),
                ("Certificates", f"checked for {certified} claims" if certified else None),
                ("Proofs checked", f"{len(proofs)}: {told}" if proofs else None),
            ]
        ),
        _tally(entries, rooms),
    ]


def _tally(entries: Sequence[Entry], rooms: Mapping[str, str]) -> Element:
    """Returns how many claims of every room have which verdict, are findings, and have a proof."""
    kinds = [kind for kind in Verdict if any(e.check.verdict is kind for e in entries)]
    rows: list[list[Content]] = []
    for room, inside in _by_room(entries).items():
        counts = [sum(entry.check.verdict is kind for entry in inside) for kind in kinds]
        proofs = sum(entry.proof is not None for entry in inside)
        numbers = [len(inside), *counts, sum(e.is_finding for e in inside), proofs]
        rows.append(
            [node("a", _described_room(room, rooms)[0], href=f"#room-{room}"), *map(str, numbers)]
        )
    headings = ["room", "claims", *(kind.value for kind in kinds), "findings", "proofs"]
    return table("Claims by room", headings, rows, class_="numbers")


def _by_room(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    rooms: dict[str, list[Entry]] = {}
    for entry in entries:
        rooms.setdefault(entry.claim.slug.split("/")[0], []).append(entry)
    return rooms


def _described_room(room: str, rooms: Mapping[str, str]) -> tuple[str, str]:
    """Returns a room's name, and what its claims are about."""
    name, _, about = rooms.get(room, room.replace("_", " ").capitalize()).partition(": ")
    return name, about[:1].upper() + about[1:]


def _findings(found: Sequence[Entry], related: Related) -> list[Content]:
    if not found:
        return [node("p", "None: every statement of this page stands as it is written here.")]
    listed = [
        node(
            "li",
            node("a", prose(entry.claim.title), href=f"#{finding_name(entry.claim.slug)}"),
            f" ({entry.claim.finding.value})",
        )
        for entry in found
    ]
    return [
        node(
            "p",
            f"{len(found)} statements that do not hold as printed in the text examined, each with"
            " the smallest instance that shows it, in exact or ball arithmetic, and with what"
            " survives. A finding is about the text examined, not about other versions of a paper.",
        ),
        node("ol", listed, class_="contents"),
        [finding_article(entry, related) for entry in found],
    ]


def _catalogue(
    entries: Sequence[Entry], related: Related, rooms: Mapping[str, str]
) -> list[Content]:
    sections = []
    for room, inside in _by_room(entries).items():
        name, about = _described_room(room, rooms)
        listed = [catalogue_entry(entry, related) for entry in inside]
        told = node("p", prose(about)) if about else None
        sections.append(
            node("section", node("h3", name), told, listed, id=f"room-{room}", class_="room")
        )
    # The script fills it: without one there is nothing to filter with.
    return [node("div", id="filter", hidden="hidden"), *sections]


_VERDICTS = (
    ("holds", "on the instances counted here; it is not a proof"),
    ("violated", "an instance is shown, judged in exact rationals or ball arithmetic"),
    ("undecided", "something could not be judged; the reason is given"),
    ("no instance", "the assumptions were never met"),
)

_NUMBERS = (
    ("worst slack", "by how much the claim held, or failed, at worst, in its own unit"),
    ("refereed", "of the instances too close to equality for floating point, how many were judged"),
    ("vacuous", "on this share of the instances the bound is no better than the trivial one"),
    ("draws", "exact evaluators that agree within 1 % with Monte Carlo from the definition"),
    ("would be caught", "a bound smaller by this share would have been refuted"),
)

_FINDINGS = (
    ("stands", "as printed, under the hypotheses printed"),
    ("slip", "a misprint or convention whose intended form is evident"),
    ("needs a condition", "stands under a condition not visible in the text examined"),
    ("depends on the reading", "of two readings one stands and one does not"),
    ("does not follow", "a consequence that the text draws, which its theorem does not give"),
    ("fails", "with every printed hypothesis met"),
)

_PROOFS = (
    ("checked", "by computer algebra or exact rationals; wrong variants of the step are rejected"),
    ("cited", "a theorem of the literature, which is not checked here"),
    ("fails", "a step of the text that does not hold, shown failing"),
    ("certified", "for every instance of the sizes named, by data that an exact checker has read"),
)


def _reading() -> list[Content]:
    return [
        node("h3", "Verdicts"),
        described(_VERDICTS),
        node("p", "Violated is what is expected of a finding."),
        node("h3", "Numbers"),
        described(_NUMBERS),
        node("h3", "Findings"),
        described(_FINDINGS),
        node("h3", "Proofs"),
        described(_PROOFS),
        node("h3", "Figures"),
        node(
            "p",
            "The left side is the truth, drawn black; the right side is dashed blue. A correction"
            " is green, a sharpened bound orange, the trivial bound dotted. Dots are means of"
            " draws. Grey shade: the bound is no better than the trivial one; orange shade: the"
            " statement fails.",
        ),
    ]


def _editions(entries: Sequence[Entry]) -> list[Content]:
    papers = dict.fromkeys(
        entry.claim.source.paper for entry in entries if entry.claim.source.paper is not None
    )
    listed = [node("li", _paper(paper)) for paper in papers]
    return [
        node("p", "Statements were examined in these texts, and in no others:") if papers else None,
        node("ul", listed) if papers else None,
        node(
            "ul",
            [
                node("li", text)
                for text in (
                    "A finding is about the text examined. The authors were not contacted.",
                    "Ours, or sharpened, means: not in the texts examined. No search was made for"
                    " novelty.",
                    "Verdicts speak of the instances and sizes counted beside them. Only a proof"
                    " whose steps are checked says more.",
                    "Both sides are evaluated in floating point; what is close to equality, and"
                    " every violation, is judged again in exact or ball arithmetic.",
                )
            ],
        ),
    ]


def _paper(paper: Paper) -> list[Content]:
    """Returns a paper as cited, with a link where it names an identifier of arXiv."""
    number = re.search(r"arXiv:(\d{4}\.\d{4,5})", paper.edition)
    edition: list[Content] = [paper.edition]
    if number:
        before, after = paper.edition.split(number[0], 1)
        edition = [
            before,
            node("a", number[0], href=f"https://arxiv.org/abs/{number[1]}"),
            after,
        ]
    return [f"{paper.authors}: ", node("cite", paper.title), ", ", *edition]
