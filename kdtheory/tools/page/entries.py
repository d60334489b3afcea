"""What the page says of one claim: a finding with its instance, and an entry of the catalogue."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from kdtheory.claim import Case, Claim, Finding
from kdtheory.results import Check, Counterexample
from kdtheory.tools.page.figure import figure
from kdtheory.tools.page.markup import Content, Element, described, node, table
from kdtheory.tools.page.mathml import formula, prose
from kdtheory.tools.plot import caption
from kdtheory.tools.report import check_cells
from kdtheory.tools.sweep import Curve


@dataclasses.dataclass(frozen=True)
class Entry:
    """A claim with what tools made of it.

    Attributes:
        claim: the claim.
        check: what `verify` showed.
        curve: what its figure shows, if it is to have one.
        proof: the idea, the steps and the status of its proof, as plain data, if there is one.
        certified: at which sizes certificates were checked, in words; empty if there are none.
    """

    claim: Claim
    check: Check
    curve: Curve | None = None
    proof: Mapping[str, Any] | None = None
    certified: str = ""

    @property
    def is_finding(self) -> bool:
        """Whether the statement does not hold as printed."""
        return self.claim.finding is not Finding.STANDS


@dataclasses.dataclass(frozen=True)
class Related:
    """How the claims of a page refer to each other.

    Attributes:
        titles: slug -> title, of the claims that the page has.
        corrected_by: slug -> the slugs of the claims that correct it.
        sharpened_by: slug -> the slugs of the claims that sharpen it.
    """

    titles: Mapping[str, str]
    corrected_by: Mapping[str, Sequence[str]]
    sharpened_by: Mapping[str, Sequence[str]]

    @classmethod
    def between(cls, claims: Sequence[Claim]) -> Related:
        """Returns how claims refer to each other."""
        corrected: dict[str, list[str]] = {}
        sharpened: dict[str, list[str]] = {}
        for claim in claims:
            if claim.corrects:
                corrected.setdefault(claim.corrects, []).append(claim.slug)
            if claim.sharpens:
                sharpened.setdefault(claim.sharpens, []).append(claim.slug)
        return cls({claim.slug: claim.title for claim in claims}, corrected, sharpened)

    def linked(self, text: str) -> Content:
        """Returns a sentence whose slugs are links, if the page has their claims."""
        parts = re.split(r"(\b\w+/\w+\b)", text)
        return [self.links([part]) if part in self.titles else prose(part) for part in parts]

    def links(self, slugs: Sequence[str]) -> Content:
        """Returns slugs, each a link if the page has the claim; None if there are none."""
        if not slugs:
            return None
        parts: list[Content] = []
        for index, slug in enumerate(slugs):
            known = slug in self.titles
            name = node("code", slug)
            title = self.titles.get(slug)
            linked = node("a", name, href=f"#{slug}", title=title) if known else name
            parts += [", " if index else None, linked]
        return parts


def finding_name(slug: str) -> str:
    """Returns the name of the place where a finding stands."""
    return f"finding/{slug}"


def finding_article(entry: Entry, related: Related) -> Element:
    """Returns a finding: the statement, the instance, what survives, and the figure.

    Args:
        entry: a claim whose statement does not hold as printed.
        related: the claims of the page.
    """
    claim = entry.claim
    return node(
        "article",
        node("h3", _title(claim)),
        node(
            "p",
            _badge(claim.finding.value, "finding"),
            " ",
            _badge(_judged(entry.check), entry.check.verdict.name.lower()),
            " ",
            node("a", node("code", claim.slug), href=f"#{claim.slug}"),
        ),
        _statement(claim),
        described(
            [
                ("Source", str(claim.source)),
                ("Text examined", claim.text_examined.value),
                ("What survives", related.linked(claim.what_survives)),
                ("Corrected by", related.links(related.corrected_by.get(claim.slug, ()))),
            ]
        ),
        _instance(entry.check.counterexample, "Smallest instance"),
        _figure(entry),
        id=finding_name(claim.slug),
        class_="article",
    )


def catalogue_entry(entry: Entry, related: Related) -> Element:
    """Returns an entry of the catalogue, which opens on demand.

    Args:
        entry: the claim, and what tools made of it.
        related: the claims of the page.
    """
    claim, check = entry.claim, entry.check
    marks: list[Content] = [" ", _badge(_judged(check), check.verdict.name.lower())]
    if entry.is_finding:
        marks += [" ", _badge(claim.finding.value, "finding")]
    if entry.proof is not None:
        marks += [" ", _badge(f"proof: {entry.proof['status']}", "proof")]
    if entry.certified:
        marks += [" ", _badge("certified", "proof")]
    summary = node("summary", node("span", _title(claim), class_="title"), marks)
    there = f"#{finding_name(claim.slug)}"
    instance: Content = _instance(check.counterexample, "Counterexample")
    if entry.is_finding:
        instance = node("p", "Instance and figure: ", node("a", "the finding", href=there), ".")
    return node(
        "details",
        summary,
        node("p", node("code", claim.slug), class_="slug"),
        _statement(claim),
        described(
            [
                ("Source", str(claim.source)),
                ("Text examined", claim.text_examined.value),
                ("Corrects", related.links([claim.corrects] if claim.corrects else [])),
                ("Sharpens", related.links([claim.sharpens] if claim.sharpens else [])),
                ("Corrected by", related.links(related.corrected_by.get(claim.slug, ()))),
                ("Sharpened by", related.links(related.sharpened_by.get(claim.slug, ()))),
                ("Uses", related.links(claim.uses)),
                ("Assumes", _assumptions(claim)),
                ("Certified at", entry.certified),
            ]
        ),
        instance,
        _verdict(check),
        _cases("Cases of equality", claim.tight),
        _cases("Degenerate cases", claim.corners),
        _cases("Where one assumption is dropped, and it fails", claim.broken),
        None if entry.is_finding else _figure(entry),
        _proof(entry, related),
        id=claim.slug,
        data_verdict=check.verdict.value,
        data_finding=claim.finding.value,
        data_expected="yes" if check.as_expected else "no",
    )


def _title(claim: Claim) -> Content:
    return prose(claim.title) if claim.title else claim.slug


def _badge(text: str, kind: str) -> Element:
    return node("span", text, class_=f"badge {kind}")


def _judged(check: Check) -> str:
    return check.verdict.value + ("" if check.as_expected else " (not as expected)")


def _statement(claim: Claim) -> Element | None:
    if not claim.statement:
        return None
    return node("div", formula(claim.statement), class_="statement")


def _assumptions(claim: Claim) -> Content:
    if not claim.assumptions:
        return None
    listed = [
        node("li", node("b", one.name), ": ", prose(one.statement)) for one in claim.assumptions
    ]
    return node("ul", listed)


def _instance(found: Counterexample | None, heading: str) -> Element | None:
    if found is None:
        return None
    note = found.note.removeprefix("recorded: ")
    sides: list[tuple[str, Content]] = [
        ("Left side", node("code", found.lhs)),
        ("Right side", node("code", found.rhs)),
        ("Fails by", f"{found.violation:.6g} in the claim's unit"),
    ]
    return node(
        "section",
        node("h4", heading),
        node("p", prose(note)) if note else None,
        node("pre", found.instance, tabindex="0"),
        described(sides),
        class_="instance",
    )


def _verdict(check: Check) -> list[Content]:
    instances, slack, drawn, caught = check_cells(check)
    said = node("p", node("b", "Verdict: "), f"{_judged(check)}; {check.reason}.")
    numbers = described(
        [
            ("Instances", instances),
            ("Worst slack", slack),
            ("Draws", drawn),
            ("Would be caught", f"a bound smaller by {caught}" if caught else None),
        ]
    )
    sizes = [
        (
            _size(part.size),
            f"{part.instances:,}",
            f"{part.admissible:,}",
            f"{part.worst_slack:.1e}",
            f"{part.refereed} of {part.near_equalities}",
            "" if part.vacuous is None else f"{part.vacuous:.0%}",
        )
        for part in check.examined
    ]
    headings = ("size", "instances", "admissible", "worst slack", "refereed", "vacuous")
    draws = [
        (
            part.quantity,
            _size(part.size),
            f"{part.draws:,}",
            f"{part.error:+.2%}",
            part.outcome.value,
        )
        for part in check.monte_carlo
    ]
    return [
        said,
        numbers,
        table("Sampled instances", headings, sizes) if sizes else None,
        table(
            "Monte Carlo from the definition",
            ("quantity", "size", "draws", "error", "outcome"),
            draws,
        )
        if draws
        else None,
    ]


def _size(size: tuple[int, ...]) -> str:
    return " x ".join(map(str, size)) or "-"


def _cases(heading: str, cases: Sequence[Case]) -> list[Content] | None:
    if not cases:
        return None
    listed = [
        node(
            "li",
            node("b", case.name),
            f" (without: {case.assumption})" if case.assumption else None,
            ": ",
            prose(case.note),
        )
        for case in cases
    ]
    return [node("h4", heading), node("ul", listed)]


def _figure(entry: Entry) -> Element | None:
    if entry.curve is None:
        return None
    name = f"figure/{entry.claim.slug}".replace("/", "-")
    drawn = node("div", figure(entry.curve, name), class_="scroll", tabindex="0")
    drawn.set("role", "region")
    drawn.set("aria-label", f"Figure: {entry.curve.title}")
    return node("figure", drawn, node("figcaption", caption(entry.curve)))


def _proof(entry: Entry, related: Related) -> Element | None:
    proof = entry.proof
    if proof is None:
        return None
    steps = [node("li", _step(step, related)) for step in proof["steps"]]
    rests = related.links(proof["lemmas"])
    return node(
        "details",
        node("summary", f"Proof, {len(steps)} steps: {proof['status']}"),
        node("p", prose(proof["idea"])),
        node("ol", steps),
        node("p", "It rests on ", rests, ".") if rests else None,
        class_="steps",
    )


def _step(step: Mapping[str, Any], related: Related) -> list[Content]:
    """Returns a step, and why it holds."""
    kind = {"refuted": "fails"}.get(step["kind"], step["kind"])
    where = f" for {step['sizes']}" if step["sizes"] else ""
    variants = {"checked": ("rejects", step["rejected"]), "refuted": ("accepts", step["accepted"])}
    verb, names = variants.get(step["kind"], ("", ()))
    slugs = [name for name in step["uses"] if "/" in name]
    return [
        node("div", prose(step["statement"]), class_="wide"),
        node(
            "div",
            _badge(kind + where, f"step-{step['kind']}"),
            " ",
            prose(step["reference"] or step["method"]),
            f"; {verb}: {', '.join(names)}" if names else None,
            ["; from ", related.links(slugs)] if slugs else None,
            class_="wide reason",
        ),
    ]
