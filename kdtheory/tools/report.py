"""Tables and pages for people. Besides the command line, the only place that writes text."""

from __future__ import annotations

import collections
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kdtheory.claim import Claim, Finding, TextExamined
from kdtheory.results import Check, Counterexample, Mutation, Outcome, Verdict, to_dict

if TYPE_CHECKING:
    from kdtheory.tools.sweep import Curve

_COLOURS = {
    Verdict.HOLDS: "green",
    Verdict.VIOLATED: "magenta",
    Verdict.UNDECIDED: "yellow",
    Verdict.NO_INSTANCE: "yellow",
}


def mutants_table(records: Sequence[Mutation]) -> Table:
    """Returns one line per claim: planted errors, how many were caught, by which check, how fast.

    Args:
        records: results of ``mutation_score``, any number of claims.

    Returns:
        The table; an error that several checks caught counts for each of them.
    """
    checks = ("sampling", "search", "cases", "draws", "broken cases")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("claim", no_wrap=True)
    for column in ("planted", "caught", *checks, "s each"):
        table.add_column(column, justify="right", no_wrap=True)
    for slug in dict.fromkeys(record.slug for record in records):
        planted = [r for r in records if r.slug == slug and r.mutant != "none"]
        by = collections.Counter(check for record in planted for check in record.caught_by)
        table.add_row(
            slug,
            str(len(planted)),
            str(sum(bool(record.caught_by) for record in planted)),
            *(str(by[check] or "") for check in checks),
            f"{sum(record.seconds for record in planted) / max(1, len(planted)):.1f}",
        )
    return table


def mutants_summary(records: Sequence[Mutation]) -> str:
    """Returns the mutation score in words: its share, false alarms, and every survivor."""
    planted = [record for record in records if record.mutant != "none"]
    alarms = [record for record in records if record.mutant == "none" and record.caught_by]
    survivors = [record for record in planted if not record.caught_by]
    explained = [record for record in survivors if record.why_missed]
    caught, counted = len(planted) - len(survivors), len(planted) - len(explained)
    share = f"{caught / counted:.1%}" if counted else "nothing to catch"
    lines = [
        f"{caught} of {len(planted)} planted errors caught; mutation score {share}, "
        f"leaving out the {len(explained)} that need not show. "
        f"False alarms: {len(alarms)} of {len(records) - len(planted)} claims as they are."
    ]
    lines += [f"survivor: {r.slug}: {r.mutant} ({r.why_missed or 'not seen'})" for r in survivors]
    lines += [f"false alarm: {r.slug} ({', '.join(r.caught_by)})" for r in alarms]
    return "\n".join(lines)


def console(width: int = 130) -> Console:
    """Returns a console for standard output.

    Args:
        width: columns to write when it is no terminal.
    """
    plain = Console()
    return plain if plain.is_terminal else Console(width=width)


def write_json(data: Any) -> None:
    """Writes records as JSON to standard output."""
    print(json.dumps(to_dict(data), indent=2))  # noqa: T201


def claims_table(claims: Sequence[Claim], rungs: Sequence[str] = ()) -> Table:
    """Returns one line per claim: slug, relation, text, finding, certificate or rung, title.

    Args:
        claims: the claims.
        rungs: the highest rung of each, in words; left out, at which sizes there are certificates.
    """
    from kdtheory.certificates import shipped

    table = Table(box=None, pad_edge=False, header_style="bold")
    fourth = "rung" if rungs else "certified at"
    for column in ("claim", "rel.", "text examined", "finding", fourth, "title"):
        table.add_column(column, no_wrap=column == "claim")
    for index, claim in enumerate(claims):
        ours = claim.text_examined is TextExamined.OURS
        finding = "" if ours and claim.finding is Finding.STANDS else claim.finding.value
        table.add_row(
            claim.slug,
            claim.relation.value,
            "ours" if ours else claim.text_examined.value,
            finding,
            rungs[index] if rungs else shipped.sizes_in_words(claim.slug),
            Text(claim.title),
        )
    return table


def certificates_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Returns one line per certificate: what it is about, and what checking it took."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("claim", "size", "up to", "outcome", "checked"):
        table.add_column(column, no_wrap=column == "claim")
    table.add_column("s", justify="right")
    for row in rows:
        table.add_row(
            row["slug"],
            " x ".join(map(str, row.get("size", ()))),
            row.get("epsilon", ""),
            row["outcome"],
            Text(row.get("checked", "")),
            f"{row['seconds']:.2f}",
        )
    return table


def certificates_summary(rows: Sequence[dict[str, Any]]) -> str:
    """Returns a sentence that counts certificates, and what they are about."""
    counts = collections.Counter(row["outcome"] for row in rows)
    counted = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return (
        f"{len(rows)} certificates: {counted}. Each proves its inequality for every instance of "
        "the size shown, up to the number shown, and nothing more; --json says for which family. "
        "Refuted: it fails on the whole of a box."
    )


def checks_table(checks: Sequence[Check], claims: Sequence[Claim]) -> Table:
    """Returns one line per check, with what the verdict rests on.

    Args:
        checks: results of verify or falsify.
        claims: the claim of each.

    Returns:
        The table; a verdict that the catalogue does not expect is marked.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (
        "claim",
        "verdict",
        "finding",
        "instances",
        "worst slack",
        "draws",
        "caught",
        "s",
    ):
        right = column in ("instances", "worst slack", "caught", "s")
        table.add_column(column, no_wrap=True, justify="right" if right else "left")
    for check, claim in zip(checks, claims, strict=True):
        mark = "" if check.as_expected else "  (!)"
        table.add_row(
            check.slug,
            Text(check.verdict.value + mark, style=_COLOURS[check.verdict]),
            "" if claim.finding is Finding.STANDS else claim.finding.value,
            *check_cells(check),
            f"{check.seconds:.1f}",
        )
    return table


def check_cells(check: Check) -> tuple[str, str, str, str]:
    """Returns what a verdict rests on: instances, worst slack, draws, the weakening it catches.

    Args:
        check: a result of verify or falsify.
    """
    slacks = [part.worst_slack for part in check.examined]
    slacks += [part.worst_slack for part in check.searches]
    seen = sum(part.instances for part in check.examined)
    seen += sum(part.evaluations for part in check.searches)
    caught = [part.detectable_weakening for part in check.searches]
    known = [share for share in caught if share is not None]
    return (
        f"{seen:,}",
        f"{min(slacks):.1e}" if slacks else "",
        _drawn(check),
        f"{min(known):.0e}" if known and check.verdict is Verdict.HOLDS else "",
    )


def _drawn(check: Check) -> str:
    """Returns how many evaluators agree with their draws, and how many were left open."""
    counts = collections.Counter(part.outcome for part in check.monte_carlo)
    if not counts:
        return ""
    agreeing = f"{counts[Outcome.AGREES]}/{len(check.monte_carlo)}"
    for outcome in (Outcome.DISPUTED, Outcome.OPEN):
        if counts[outcome]:
            return f"{agreeing}, {counts[outcome]} {outcome.value}"
    return f"{agreeing} agree"


LEGEND = (
    "holds: on the instances counted here, at the sizes shown by --json; it is not a proof. "
    "worst slack: by how much the claim held, or failed, at worst, in its own unit. "
    "draws: exact evaluators that agree within 1 % with Monte Carlo from the definition; "
    "open: the budget of draws ended before. "
    "caught: a bound smaller by this share would have been refuted."
)


def summary(checks: Sequence[Check]) -> str:
    """Returns a sentence that counts verdicts, and one on the bounds that say nothing somewhere."""
    counts = {verdict: sum(c.verdict is verdict for c in checks) for verdict in Verdict}
    parts = [f"{count} {verdict.value}" for verdict, count in counts.items() if count]
    surprises = sum(not check.as_expected for check in checks)
    end = "all as expected" if not surprises else f"{surprises} NOT as expected"
    empty = [
        f"{check.slug} at {part.size}"
        for check in checks
        for part in check.examined
        if part.vacuous == 1.0
    ]
    vacuous = f" Vacuous on every instance: {', '.join(empty)}." if empty else ""
    return f"{len(checks)} claims: {', '.join(parts)}; {end}.{vacuous}"


def curve_table(curve: Curve, rows: int = 9) -> Table:
    """Returns the table of a claim along an axis, at a few of its values.

    Args:
        curve: what `sweep` returned.
        rows: at how many values, at most.
    """
    table = Table(box=None, title=curve.title, title_justify="left", padding=(0, 2, 0, 0))
    table.add_column(curve.axis, justify="right")
    for series in curve.series:
        table.add_column(series.name, justify="right")
    count = len(curve.values)
    chosen = sorted({round(row * (count - 1) / max(1, rows - 1)) for row in range(rows)})
    for index in chosen:
        cells = (series.values[index] for series in curve.series)
        table.add_row(f"{curve.values[index]:.4g}", *(f"{cell:.6g}" for cell in cells))
    return table


def recorded_counterexample(claim: Claim) -> Counterexample | None:
    """Returns the claim's recorded counterexample with both sides in exact or ball arithmetic."""
    case = claim.counterexample
    if case is None:
        return None
    from kdtheory.tools._referee import counterexample, referee_case, size_of

    refereed = referee_case(claim, case)
    return counterexample(claim, size_of(claim, case.make()) or (), refereed, case.note)


def claim_page(claim: Claim) -> list[str]:
    """Returns everything that a claim's record says, as lines of text."""
    from kdtheory.certificates import shipped

    lines = [claim.slug, claim.title, "", f"  {claim.statement}", "", f"source: {claim.source}"]
    lines.append(f"text examined: {claim.text_examined.value}; finding: {claim.finding.value}")
    if claim.what_survives:
        lines.append(f"what survives: {claim.what_survives}")
    for label, slug in (("corrects", claim.corrects), ("sharpens", claim.sharpens)):
        if slug:
            lines.append(f"{label}: {slug}")
    if claim.uses:
        lines.append(f"uses: {', '.join(claim.uses)}")
    lines.append(f"sizes: {', '.join(map(str, claim.sizes))}")
    for assumption in claim.assumptions:
        lines.append(f"assumes ({assumption.name}): {assumption.statement}")
    for kind, cases in (
        ("tight", claim.tight),
        ("corner", claim.corners),
        ("broken", claim.broken),
    ):
        lines += [f"{kind} case: {case.name}: {case.note}" for case in cases]
    if sizes := shipped.sizes_in_words(claim.slug):
        lines.append(f"certified for every instance of these sizes: {sizes}")
    if claim.draws:
        lines.append(f"checked by Monte Carlo: {', '.join(claim.draws)}")
    found = recorded_counterexample(claim)
    if found is not None:
        lines += ["", f"counterexample: {found.note}", str(found)]
    return lines
