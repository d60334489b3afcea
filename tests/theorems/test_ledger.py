"""The ledger: nothing of the texts is missing, nothing is invented, every claim is reached."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from importlib import resources

import pytest

from kdtheory.claim import Finding
from kdtheory.theorems import CLAIMS
from kdtheory.theorems.ledger import PAPERS, Reason, entries, examined_in, labelled

ENTRIES = entries()
SLUGS = {claim.slug for claim in CLAIMS}


def numbers(kind, *items):
    return [f"{kind} {item}" for item in items]


# Every numbered item of the texts, as they print them. Menon et al.: the whole text. Li & He: what
# the rendering shows, of (26) to (39) three equations, of (44) to (48) the last; Theorem 1 is named
# in a heading, and (14) to (21) and the main text are cut. Morad et al.: what the reviews name.
NUMBERED = {
    "menon": [
        "Lemma 1",
        *numbers("Proposition", 2, 3, 4, 5),
        *numbers("Eq.", *range(1, 17)),
        *numbers("Figure", *range(1, 8)),
        "Table 1",
        "Footnote 1",
    ],
    "maurer_pontil": numbers("Theorem", 4, 6, 10),
    "li_he": [
        *numbers("Lemma", 6, 7, 11, 13, 14, 15, 16),
        *numbers("Theorem", 1, 8, 10, 12),
        "Proposition 9",
        *numbers("Definition", 2, 3),
        "Remark 2",
        *numbers("Eq.", 10, 11, 12, 13, 22, 23, 24, 25, 27, 33, 39, 40, 41, 42, 43, 48),
    ],
    "morad": [
        *numbers("Proposition", 1, 2, 3),
        *numbers("Theorem", 1, 2),
        *numbers("Eq.", 13, 14),
        "Appendix D",
        "Figure 1",
    ],
    "cui_pei": [],
}
LABEL = re.compile(
    r"(Lemma|Theorem|Proposition|Definition|Remark|Eq\.|Figure|Table|Footnote|Appendix) [A-Z0-9]+"
)


def items_of(key):
    return [item for one in ENTRIES if one.paper == PAPERS[key] for item in one.items]


@pytest.mark.parametrize("key", PAPERS)
def test_every_numbered_item_is_there_and_no_other(key):
    assert {item for item in items_of(key) if LABEL.fullmatch(item)} == set(NUMBERED[key])


@pytest.mark.parametrize("key", PAPERS)
def test_a_label_that_stands_twice_names_both_halves(key):
    # Proposition 3 has an entry for each of its two displays.
    items = items_of(key)
    twice = {item for item in items if items.count(item) > 1}
    assert twice <= {"Proposition 3"}


def test_entries_have_claims_or_a_reason_and_not_both():
    assert [one.items for one in ENTRIES if bool(one.claims) == (one.reason is not None)] == []


def test_every_slug_is_in_the_catalogue():
    assert {slug for one in ENTRIES for slug in one.claims} <= SLUGS
    # Notes name claims too, the first in full and others of its room by name.
    noted = re.findall(r"\b[a-z_]+/[a-z0-9_]+\b", " ".join(one.note for one in ENTRIES))
    assert noted
    assert set(noted) <= SLUGS


def test_every_printed_claim_is_reached_from_its_own_paper():
    for claim in CLAIMS:
        if claim.source.paper is not None:
            assert claim.source.paper in {one.paper for one in examined_in([claim.slug])}


def test_every_finding_stands_beside_what_mends_it():
    """An entry that a claim corrects names the correction, so that a reader is not left with it."""
    for claim in CLAIMS:
        for one in examined_in([claim.corrects] if claim.corrects else []):
            printed = next(other for other in CLAIMS if other.slug == claim.corrects)
            stands = [
                other.slug
                for other in CLAIMS
                if other.slug in one.claims and other.finding is Finding.STANDS
            ]
            assert printed.finding is not Finding.STANDS
            assert stands, one.items


def test_labels_of_claims_are_those_of_their_entries():
    """A claim whose source is a numbered item is examined under that number."""
    for claim in CLAIMS:
        if claim.source.paper is None:
            continue
        own = {
            item
            for one in examined_in([claim.slug])
            if one.paper == claim.source.paper
            for item in one.items
        }
        numbered = {found[0] for found in LABEL.finditer(claim.source.label)}
        if numbered:
            shared = {item for item in own if any(label in item for label in numbered)}
            assert shared, (claim.slug, claim.source.label, own)


def test_the_file_holds_nothing_that_is_not_read():
    text = resources.files("kdtheory.theorems").joinpath("ledger.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    assert set(tables) == set(PAPERS)
    known = {field.name for field in dataclasses.fields(type(ENTRIES[0]))} - {"paper"}
    for found in tables.values():
        for table in found:
            assert set(table) <= known, table
    used = {one.reason for one in ENTRIES if one.reason}
    assert used == set(Reason)


def test_words_are_short_and_complete():
    for one in ENTRIES:
        assert one.items, one
        assert all(one.items), one
        assert one.section, one.items
        assert 20 <= len(one.says) <= 260, one.items
        assert one.says[-1] in ".?", one.items
        assert "\n" not in one.says + one.note


def test_a_label_is_found_as_a_whole():
    # Eq. 1 of Menon et al. alone: not Eqs. 10 to 16. Three texts have an Eq. 13.
    assert [one.items for one in labelled("eq. 1")] == [("Eq. 1",)]
    assert [one.paper.key for one in labelled("Eq. 13")] == [
        "Menon et al. 2020",
        "Li & He 2026",
        "Morad et al. 2026",
    ]
    assert labelled("Eq. 99") == ()
