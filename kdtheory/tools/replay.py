"""Judges a recorded counterexample again: its exact parts are rebuilt and refereed afresh."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Container, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from kdtheory._check import refuse
from kdtheory._exact import Exact
from kdtheory.claim import Claim, Relation
from kdtheory.domains import Domain
from kdtheory.results import Check, Counterexample, Verdict, from_dict
from kdtheory.tools._balls import describe
from kdtheory.tools._referee import Refereed, Ruling, counterexample, is_reachable, referee_parts
from kdtheory.tools._traced import domain_of
from kdtheory.tools.falsify import as_claim

MAX_BYTES = 1 << 24
"""The largest file that is read: far more than a check of the whole catalogue takes."""

_FRACTION = re.compile(r"[+-]?[0-9]{1,4000}(/[0-9]{1,4000})?")

_VERDICTS = {
    Ruling.VIOLATED: Verdict.VIOLATED,
    Ruling.HOLDS: Verdict.HOLDS,
    Ruling.OUTSIDE: Verdict.NO_INSTANCE,
    Ruling.UNDECIDED: Verdict.UNDECIDED,
}

_MEMBERS = {
    "simplex": "numbers that are not negative, each row with a sum of exactly 1",
    "box": "numbers in [{low:g}, {high:g}]",
    "integers": "whole numbers in {low:g}..{high:g}",
    "positive": "numbers above 0",
    "psd": "a symmetric positive semidefinite matrix",
}


def replay(
    given: Counterexample,
    claim: Claim | Any,
    rhs: Any = None,
    *,
    over: Domain | None = None,
    relation: str | Relation = "<=",
) -> Check:
    """Judges a recorded counterexample again, in exact or ball arithmetic.

    Nothing that the record says about the sides is believed: the parts are read as the fractions
    that they are, held against the domain, and both sides are enclosed afresh.

    Args:
        given: the counterexample, from `falsify`, `verify` or a file.
        claim: the claim, or the left side as a function of the domain's parts.
        rhs: the right side, when ``claim`` is a function.
        over: the domain, when ``claim`` is a function.
        relation: how the sides relate, when ``claim`` is a function.

    Returns:
        VIOLATED, with both sides, if it is proven again; HOLDS or UNDECIDED; NO_INSTANCE if an
        assumption fails there. VIOLATED is what is expected.

    Raises:
        TypeError: if the arguments are neither a claim nor two functions and a domain.
        InputError: if the parts do not fit the claim's domain at that size, are no fractions, or
            make no member of the domain.
        ValueError: for an unknown relation.

    Example:
        >>> from kdtheory.domains import simplex
        >>> from kdtheory.tools.falsify import falsify
        >>> sides = (lambda p: p[0], lambda p: 0.9)
        >>> found = falsify(*sides, over=simplex(2)).counterexample
        >>> replay(found, *sides, over=simplex(2)).verdict.value
        'violated'
    """
    record = as_claim(claim, rhs, over, relation)
    start = time.perf_counter()
    domain = _domain_at(record, given.size)
    ruling = _judged(record, given.size, _members(domain, given))
    found = None
    if ruling.ruling is Ruling.VIOLATED:
        found = counterexample(record, given.size, ruling, given.note)
    return Check(
        slug=record.slug,
        verdict=_VERDICTS[ruling.ruling],
        expected=Verdict.VIOLATED,
        reason=_reason(given, ruling),
        seed=0,
        dtype="exact",
        counterexample=found,
        seconds=time.perf_counter() - start,
    )


def replay_file(
    path: Path, find: Callable[[str], Claim], only: Container[str] | None = None
) -> Iterator[tuple[Check, Counterexample]]:
    """Replays every counterexample that a file of ``falsify`` or ``verify`` holds.

    Args:
        path: JSON: a check, or a list of checks (or findings).
        find: slug -> the claim; KeyError if there is none.
        only: the slugs to replay; all if left out.

    Yields:
        The check, and the counterexample as it was recorded.

    Raises:
        InputError: if the file cannot be read or holds no such counterexample, for a slug that is
            unknown, and as `replay`.
    """
    recorded = [pair for pair in _recorded(path) if only is None or pair[0] in only]
    if not recorded:
        refuse(
            "replay",
            f"{path}, without a counterexample" + ("" if only is None else " to that claim"),
            "a check that found one",
            "Write one with `kdtheory falsify SLUG --json`.",
        )
    for slug, data in recorded:
        given = _read(data)
        try:
            claim = find(slug)
        except KeyError as problem:
            refuse("replay", f"{path}", "claims that are known", str(problem.args[0]))
        yield replay(given, claim), given


_AGAIN = "Write the file again with --json."


def _recorded(path: Path) -> list[tuple[str, Any]]:
    """Returns the slugs and the counterexamples, not yet read, of a file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as problem:
        refuse("replay", f"{path} ({problem.strerror})", "a file of checks", "Name another file.")
    if len(raw) > MAX_BYTES:
        refuse("replay", f"{path}, a huge file", f"at most {MAX_BYTES} bytes", "Cut it down.")
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        refuse("replay", f"{path}, which is not JSON", "JSON text", _AGAIN)
    data = [data] if isinstance(data, dict) else data
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        refuse("replay", f"{path}, JSON of another kind", "a check, or a list of them", _AGAIN)
    found = [item for item in data if item.get("counterexample") is not None]
    for item in found:
        if not isinstance(item.get("slug"), str):
            refuse("replay", f"{path}, with a check that names no claim", "a slug", _AGAIN)
    return [(item["slug"], item["counterexample"]) for item in found]


def _read(data: Any) -> Counterexample:
    """Returns the record that JSON data holds; its parts are judged later."""
    lists = {"size": int, "names": str, "parts": object}
    fits = isinstance(data, dict) and all(
        isinstance(data.get(name), list) and all(_is_a(entry, kind) for entry in data[name])
        for name, kind in lists.items()
    )
    fits = fits and all(isinstance(data.get(name, ""), str) for name in ("lhs", "rhs", "note"))
    found = None
    # What may still be wrong: a field is missing, the violation is no number, parts never end.
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        found = from_dict(Counterexample, data) if fits else None
    if found is None:
        expected = "size, names, parts, lhs, rhs and violation"
        refuse("counterexample", f"{data!r:.60}, no record of one", expected, _AGAIN)
    return found


def _is_a(entry: Any, kind: type) -> bool:
    return isinstance(entry, kind) and not isinstance(entry, bool)


def _domain_at(claim: Claim, size: tuple[int, ...]) -> Domain:
    """Returns the domain at a size that is one of the claim's, or smaller."""
    if not is_reachable(claim, size):
        listed = ", ".join(map(str, claim.sizes))
        refuse("size", f"{size}"[:80], f"one of {listed}, or a smaller one", _AGAIN)
    try:
        return domain_of(claim, size)
    except Exception as problem:
        refuse("size", f"{size}", f"a size that the claim has ({problem})", _AGAIN)


def _judged(claim: Claim, size: tuple[int, ...], parts: tuple[Exact, ...]) -> Refereed:
    try:
        return referee_parts(claim, size, parts)
    except Exception as problem:
        if size in claim.sizes:
            raise
        refuse("size", f"{size}", f"a size at which the sides have a meaning ({problem})", _AGAIN)


def _members(domain: Domain, given: Counterexample) -> tuple[Exact, ...]:
    """Returns the exact parts of a counterexample, each a member of the domain's."""
    names = tuple(part.name for part in domain.parts)
    if len(given.parts) != len(domain.parts):
        refuse("parts", f"{len(given.parts)} parts", f"{len(names)}: {', '.join(names)}", _AGAIN)
    if given.names != names:
        refuse("names", f"{given.names}", f"{names}, as the claim's domain has them", _AGAIN)
    values = []
    for index, (part, value) in enumerate(zip(domain.parts, given.parts, strict=True)):
        name = part.name or f"part {index + 1}"
        array = _array(name, value, part.shape)
        if not part.contains(array):
            expected = _MEMBERS[part.kind].format(low=part.low, high=part.high)
            refuse(name, "a point outside the domain", expected, "Correct the entries, exactly.")
        values.append(array)
    return tuple(values)


def _array(name: str, value: Any, shape: tuple[int, ...]) -> Exact:
    result = np.empty(shape, dtype=object)

    def fill(item: Any, index: tuple[int, ...]) -> None:
        if len(index) == len(shape):
            result[index] = _fraction(name, item)
            return
        length = len(item) if isinstance(item, (list, tuple)) else None
        if length != shape[len(index)]:
            got = "a number" if length is None else f"{length} entries"
            where = f" at index {index}" if index else ""
            refuse(name, got + where, f"rows within rows of shape {shape}", _AGAIN)
        for place, entry in enumerate(item):
            fill(entry, (*index, place))

    fill(value, ())
    return result


def _fraction(name: str, text: Any) -> Fraction:
    if type(text) is int:
        return Fraction(text)
    if not isinstance(text, str) or not _FRACTION.fullmatch(text):
        refuse(name, f"{text!r:.60}", "a fraction as text, such as '1/3'", "Write it exactly.")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        refuse(name, f"{text!r:.60}", "a denominator other than 0", "Write it exactly.")


def _reason(given: Counterexample, ruling: Refereed) -> str:
    """Returns what was found in words, and what the record said where it said something else."""
    if ruling.lhs is None or ruling.rhs is None:
        return ruling.reason
    sides = describe(ruling.lhs), describe(ruling.rhs)
    words = {
        Ruling.VIOLATED: f"proven again: violated by {ruling.violation:.3g} of its scale",
        Ruling.HOLDS: f"the claim holds there: left side {sides[0]}, right side {sides[1]}",
        Ruling.OUTSIDE: "an assumption of the claim fails there",
        Ruling.UNDECIDED: f"{ruling.reason}: left side {sides[0]}, right side {sides[1]}",
    }[ruling.ruling]
    if sides == (given.lhs, given.rhs):
        return words
    return f"{words}; the record said left side {given.lhs}, right side {given.rhs}"
