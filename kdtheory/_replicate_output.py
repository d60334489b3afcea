"""What ``kdtheory replicate`` answers: files, plain data, and a text for people."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdtheory import replications
from kdtheory._json import to_dict
from kdtheory.replications.records import Outcome, Verdict
from kdtheory.tools import report

if TYPE_CHECKING:
    from rich.table import Table

    from kdtheory.replications.records import Finding


@dataclasses.dataclass(frozen=True)
class Written:
    """A study whose files are written.

    Attributes:
        outcome: what came out.
        files: the files.
        plain: plain data, for JSON.
    """

    outcome: Outcome
    files: tuple[Path, ...]
    plain: dict[str, Any]


def write_files(outcome: Outcome, folder: Path) -> Written:
    """Writes a study's tables, its figure, and what it says.

    Args:
        outcome: what came out.
        folder: where; files of the same names are written over.

    Returns:
        What was written: ``NAME_TABLE.csv`` for every table, ``NAME.png`` and ``NAME.json``.
    """
    from matplotlib.figure import Figure

    study = outcome.study
    files = []
    for name, table in outcome.tables.items():
        files.append(folder / f"{study.name}_{name}.csv")
        table.write_csv(files[-1])
    figure = Figure(figsize=study.figure_size, layout="constrained")
    study.draw(outcome.tables, figure)
    files.append(folder / f"{study.name}.png")
    figure.savefig(files[-1], dpi=150)
    files.append(folder / f"{study.name}.json")
    plain = {**plain_data(outcome), "files": [file.name for file in files]}
    files[-1].write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    return Written(outcome, tuple(files), plain)


def plain_data(outcome: Outcome) -> dict[str, Any]:
    """Returns what a study says, as data for JSON.

    Args:
        outcome: what came out.
    """
    study = outcome.study
    return {
        "study": study.name,
        "title": study.title,
        "paper": study.paper.key,
        "edition": study.paper.edition,
        "items": list(study.items),
        "done": study.done,
        "left_open": {choice.name: list(choice.tried) for choice in study.choices},
        "size": outcome.size,
        "settings": to_dict(outcome.config),
        "seed": outcome.seed,
        "statements": [
            {
                "key": statement.key,
                "says": statement.says,
                "ours": statement.ours,
                "test": statement.test,
                "verdict": outcome.verdict(statement.key).value,
                "range": to_dict(outcome.span(statement.key)),
                "readings": [_reading(finding) for finding in outcome.of(statement.key)],
            }
            for statement in study.statements
        ],
        "notes": list(study.notes),
    }


def _reading(finding: Finding) -> dict[str, Any]:
    return {
        "reading": finding.reading,
        "verdict": finding.verdict.value,
        "asserted": to_dict((finding.above, finding.below)),
        "measured": [
            {
                "what": one.what,
                "value": to_dict(one.estimate.value),
                "low": to_dict(one.estimate.low),
                "high": to_dict(one.estimate.high),
            }
            for one in finding.measurements
        ],
    }


def write_list(*, as_json: bool) -> None:
    """Writes which studies there are to standard output.

    Args:
        as_json: whether as data for machines.
    """
    from rich.table import Table

    studies = [replications.find(name) for name in replications.NAMES]
    if as_json:
        report.write_json(
            [
                {"study": study.name, "title": study.title, "paper": study.paper.key}
                | {"items": list(study.items)}
                for study in studies
            ]
        )
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("study", "text", "what is examined"):
        table.add_column(column, no_wrap=column == "study")
    for study in studies:
        table.add_row(study.name, f"{study.paper.key}, {', '.join(study.items)}", study.title)
    out = report.console(140)
    out.print(table)
    out.print("\nRun one by its name, or all of them: kdtheory replicate all", markup=False)


def write(written: Sequence[Written], *, readings: bool) -> None:
    """Writes what studies say to standard output: one in full, several as a table.

    Args:
        written: studies whose files are written.
        readings: whether every reading of a single study is listed, or the first one only.
    """
    out = report.console(140)
    if len(written) == 1:
        _write_one(out, written[0].outcome, readings)
    else:
        out.print(_summary([one.outcome for one in written]))
    out.print()
    for one in written:
        names = ", ".join(file.name for file in one.files)
        out.print(f"{one.files[0].parent}: {names}", markup=False, style="dim")


def _write_one(out: Any, outcome: Outcome, readings: bool) -> None:
    study = outcome.study
    title = f"{study.title} ({study.paper.key}, {', '.join(study.items)})"
    out.print(title, style="bold", markup=False)
    out.print(f"{study.done}\n", markup=False)
    for choice in study.choices:
        out.print(f"Left open: {choice.name}. Tried: {'; '.join(choice.tried)}.", markup=False)
    for statement in study.statements:
        said = f"\n{outcome.verdict(statement.key).value}: {statement.told}"
        out.print(said, style="bold", markup=False)
        out.print(textwrap.indent(statement.test, "  "), markup=False, style="dim")
        findings = outcome.of(statement.key)
        for finding in findings if readings else findings[:1]:
            out.print(f"  {finding.verdict.value}: {finding.reading}".rstrip(": "), markup=False)
            for one in finding.measurements:
                out.print(f"    {one.what}: {_with_interval(one.estimate)}", markup=False)
        if len(findings) > 1:
            low, high = outcome.span(statement.key)
            counted = in_words(outcome.counts(statement.key))
            out.print(
                f"  over {len(findings)} readings: {counted}; {low:.4g} to {high:.4g}", markup=False
            )
    out.print()
    for note in study.notes:
        out.print(note, markup=False)
    out.print(f"Size {outcome.size}, seed {outcome.seed}.", style="dim", markup=False)


def _with_interval(estimate: Any) -> str:
    if estimate.low == estimate.high:
        return f"{estimate.value:.4g} (exact, or alike in all trials)"
    return f"{estimate.value:.4g} ({estimate.low:.4g} to {estimate.high:.4g})"


def _summary(outcomes: Sequence[Outcome]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("study", "what is said to be observed", "verdict", "readings", "range"):
        table.add_column(column, no_wrap=column in ("study", "range"))
    for outcome in outcomes:
        for index, statement in enumerate(outcome.study.statements):
            low, high = outcome.span(statement.key)
            table.add_row(
                "" if index else outcome.study.name,
                Text(statement.told),
                outcome.verdict(statement.key).value,
                in_words(outcome.counts(statement.key)),
                f"{low:.3g} to {high:.3g}",
            )
    return table


_SHORT = {
    Verdict.REPLICATED: "replicated",
    Verdict.NOT_REPLICATED: "not",
    Verdict.UNDECIDED: "undecided",
}


def in_words(counts: Any) -> str:
    """Returns in how many readings a statement was replicated, was not, or is undecided.

    Args:
        counts: verdict -> number of readings.
    """
    return ", ".join(f"{counts[kind]} {word}" for kind, word in _SHORT.items() if counts[kind])
