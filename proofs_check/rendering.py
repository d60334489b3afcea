"""Proofs as text for people, as a table, and as plain data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from proofs_check.records import Kind, Step
from proofs_check.running import ProofResult, Status, StepResult

WIDTH = 100


def counted(result: ProofResult) -> str:
    """Returns how many steps there are of every kind, in words."""
    counts = result.counts
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind])


def proof_page(result: ProofResult) -> list[str]:
    """Returns a proof as lines to be read: its idea, its numbered steps, and what it amounts to."""
    lines = textwrap.wrap(f"Proof of {result.slug}. {result.idea}", WIDTH)
    numbers = {step.name: str(index) for index, step in enumerate(result.steps, start=1)}
    for index, step in enumerate(result.steps, start=1):
        head = f"{index}."
        lead = {Kind.ASSUMED: "Assume: ", Kind.REFUTED: "Claimed: "}.get(step.kind, "")
        lines.append("")
        lines += textwrap.wrap(
            lead + step.statement,
            WIDTH,
            initial_indent=f"{head:<4}",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        reason = _reason(step, numbers)
        if reason:
            lines += textwrap.wrap(reason, WIDTH, initial_indent="    [", subsequent_indent="     ")
            lines[-1] += "]"
        lines += [f"    PROBLEM: {problem}" for problem in step.problems]
    return [*lines, "", *textwrap.wrap(_verdict(result), WIDTH)]


def _reason(step: StepResult, numbers: dict[str, str]) -> str:
    """Returns why a step holds, in words."""
    parts = []
    if step.uses:
        parts.append("from " + ", ".join(numbers.get(name, name) for name in step.uses))
    if step.kind is Kind.CITED:
        parts.append(f"cited: {step.reference}")
    elif step.kind is Kind.OPEN:
        parts.append(f"open: {step.reference}")
    elif step.kind is Kind.CHECKED:
        where = f" for {step.sizes}" if step.sizes else ""
        parts.append(f"checked{where}: {step.method}")
        parts.append(f"rejects: {'; '.join(step.rejected)}")
    elif step.kind is Kind.REFUTED:
        parts.append(f"fails: {step.method}")
        parts.append(f"accepts instead: {'; '.join(step.accepted)}")
    return " | ".join(parts)


def _verdict(result: ProofResult) -> str:
    """Returns what a proof amounts to, in a sentence."""
    words = {
        Status.COMPLETE: "Nothing is open.",
        Status.SIZES: f"Nothing is open for {'; '.join(result.sizes)}.",
        Status.OPEN: "Not complete: something is open.",
        Status.REFUTED: "A step of the text fails, as shown.",
        Status.BROKEN: "BROKEN: " + "; ".join(result.problems or ("a step has a problem",)),
    }
    rests = f" It rests on {', '.join(result.lemmas)}." if result.lemmas else ""
    return f"Steps: {counted(result)}. {words[result.status]}{rests}"


def short_status(status: Status, sizes: Sequence[str], steps: Sequence[Step | StepResult]) -> str:
    """Returns the entry of a table: complete, for which sizes, where it fails, or open.

    Args:
        status: what the proof amounts to.
        sizes: for which sizes, if not in general.
        steps: its steps, or what came of them.
    """
    if status is Status.REFUTED:
        failing = next(step.name for step in steps if step.kind is Kind.REFUTED)
        return f"fails at {failing}"
    if status is Status.SIZES:
        return f"complete for {'; '.join(sizes)}"
    return status.value


def rows(results: Iterable[ProofResult]) -> list[tuple[str, ...]]:
    """Returns a table's rows: slug, status, and the numbers of steps that are checked, cited, open.

    Wrong variants rejected are counted too.
    """
    return [
        (
            result.slug,
            short_status(result.status, result.sizes, result.steps),
            str(result.counts[Kind.CHECKED] + result.counts[Kind.REFUTED]),
            str(result.counts[Kind.CITED]),
            str(result.counts[Kind.OPEN]),
            str(sum(len(step.rejected) for step in result.steps)),
        )
        for result in results
    ]


HEADINGS = ("claim", "proof", "checked", "cited", "open", "wrong variants rejected")


def markdown(results: Sequence[ProofResult]) -> str:
    """Returns the table of proofs in Markdown."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *rows(results)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plain(result: ProofResult) -> dict[str, Any]:
    """Returns a result as data for JSON."""
    return {
        "slug": result.slug,
        "idea": result.idea,
        "status": result.status.value,
        "sizes": list(result.sizes),
        "lemmas": list(result.lemmas),
        "problems": list(result.problems),
        "seconds": result.seconds,
        "steps": [
            {
                "name": step.name,
                "kind": step.kind.value,
                "statement": step.statement,
                "uses": list(step.uses),
                "method": step.method,
                "sizes": step.sizes,
                "reference": step.reference,
                "rejected": list(step.rejected),
                "accepted": list(step.accepted),
                "problems": list(step.problems),
            }
            for step in result.steps
        ],
    }


def summary(results: Sequence[ProofResult]) -> str:
    """Returns the line below the table."""
    kinds = {kind: sum(result.counts[kind] for result in results) for kind in Kind}
    by_status = ", ".join(
        f"{sum(result.status is status for result in results)} {status.value}"
        for status in Status
        if any(result.status is status for result in results)
    )
    rejected = sum(len(step.rejected) for result in results for step in result.steps)
    steps = kinds[Kind.CHECKED] + kinds[Kind.REFUTED]
    return (
        f"{len(results)} proofs: {by_status}. {steps} steps checked, {kinds[Kind.CITED]} cited,"
        f" {kinds[Kind.OPEN]} open; {rejected} wrong variants rejected."
    )


def table(results: Sequence[ProofResult]) -> list[str]:
    """Returns the table of proofs in columns."""
    lines = [HEADINGS, *rows(results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return [
        "  ".join(
            entry.ljust(width) if column < 2 else entry.rjust(width)
            for column, (entry, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
