"""The ledger: every numbered item and asserting sentence of the texts, and what became of it.

The entries stand in ``ledger.toml``, beside this file: what a text asserts, in our words, and the
claims that examine it, or the reason why nothing does.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from kdtheory.claim import Paper
from kdtheory.theorems import papers


class Reason(enum.Enum):
    """Why no claim examines an item."""

    DEFINITION = "definition"
    STUDY = "empirical study"
    MOTIVATION = "motivation"
    INFORMAL = "no definite statement"
    LITERATURE = "about other papers"
    ASYMPTOTIC = "a limit without a rate"
    CUT = "text cut there"


@dataclasses.dataclass(frozen=True)
class Entry:
    """An item of a text.

    Attributes:
        paper: the paper, in the edition examined.
        items: labels of the numbered items, or a name for the sentence.
        section: where it stands.
        says: what is asserted, in our words.
        claims: slugs of the claims that examine it.
        studies: names of the replications that repeat it.
        reason: why no claim examines it; None where claims do.
        note: more about either, or nothing.
    """

    paper: Paper
    items: tuple[str, ...]
    section: str
    says: str
    claims: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    reason: Reason | None = None
    note: str = ""


PAPERS: Mapping[str, Paper] = {
    "menon": papers.MENON,
    "maurer_pontil": papers.MAURER_PONTIL,
    "li_he": papers.LI_HE,
    "morad": papers.MORAD,
    "cui_pei": papers.CUI_PEI,
}
"""Section of the file -> the paper, in reading order."""


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Returns the entries of every paper, in reading order.

    Example:
        >>> next(one.claims for one in entries() if "Lemma 1" in one.items)
        ('variance_reduction/lemma1',)
    """
    text = resources.files("kdtheory.theorems").joinpath("ledger.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return tuple(_entry(PAPERS[key], table) for key in PAPERS for table in tables[key])


def _entry(paper: Paper, table: Mapping[str, Any]) -> Entry:
    reason = table.get("reason")
    return Entry(
        paper=paper,
        items=tuple(table["items"]),
        section=table["section"],
        says=table["says"],
        claims=tuple(table.get("claims", ())),
        studies=tuple(table.get("studies", ())),
        reason=None if reason is None else Reason[reason.upper()],
        note=table.get("note", ""),
    )


def examined_in(slugs: Iterable[str]) -> tuple[Entry, ...]:
    """Returns the entries that any of some claims examines.

    Args:
        slugs: the claims.

    Example:
        >>> [one.items for one in examined_in(["sharpness_aware/thm12"])]
        [('Theorem 12', 'Eq. 42', 'Eq. 43')]
    """
    wanted = set(slugs)
    return tuple(one for one in entries() if wanted.intersection(one.claims))


def labelled(words: str) -> tuple[Entry, ...]:
    """Returns the entries of which a label contains some words as a whole.

    Args:
        words: such as "Eq. 10" (which "Eq. 1" does not find), in any case.

    Example:
        >>> [(one.paper.key, one.section) for one in labelled("proposition 4")]
        [('Menon et al. 2020', 'Appendix A')]
    """
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)
    return tuple(one for one in entries() if any(map(pattern.search, one.items)))
