"""Writes the generated parts of the README and of the pages beside this file.

    python docs/generate.py                    writes them
    python docs/generate.py --check            exits with 1 if one of them is out of date
    python docs/generate.py --verified FILE    takes over what "kdtheory verify --json > FILE" wrote
    python docs/generate.py --replicated DIR   takes over what "kdtheory replicate all -o DIR" wrote

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. Nothing is
verified, replicated or measured here: the numbers of the last full runs are kept in verify.json,
replications.json, benchmarks.json and falsification.json (by ``make bench WRITE=1`` and
``make bench-falsify WRITE=1``), the figures in figures/replications.
"""

from __future__ import annotations

import argparse
import collections
import functools
import json
import re
import sys
from pathlib import Path

import benchmarked
import replicated

from kdtheory import _ledger_table as ledger_table
from kdtheory.claim import Finding, TextExamined
from kdtheory.results import Check
from kdtheory.theorems import CLAIMS
from kdtheory.theorems.ledger import PAPERS, entries
from kdtheory.tools.report import check_cells

DOCS = Path(__file__).parent
VERIFIED = DOCS / "verify.json"
PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
CELLS = ("instances", "worst_slack", "draws", "caught")

escaped = ledger_table.escaped


def kept(checks: list[Check]) -> str:
    """Returns what verify.json keeps of a run: a line per claim."""
    seeds, dtypes = {check.seed for check in checks}, {check.dtype for check in checks}
    if [check.slug for check in checks] != [claim.slug for claim in CLAIMS]:
        sys.exit("--verified: the claims are not those of the catalogue. Verify all of it.")
    (seed,), (dtype,) = seeds, dtypes
    rows = [
        {"slug": check.slug, "verdict": check.verdict.value}
        | dict(zip(CELLS, check_cells(check), strict=True))
        for check in checks
    ]
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"seed": {seed}, "dtype": "{dtype}", "checks": [\n{lines}\n]}}\n'


@functools.cache
def verified() -> dict:
    """Returns the last full run."""
    return json.loads(VERIFIED.read_text(encoding="utf-8"))


def verify_summary() -> str:
    """Returns a sentence on the last full run, and one on the proofs."""
    run = verified()
    counts = collections.Counter(row["verdict"] for row in run["checks"])
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    surprises = sum(
        row["verdict"] != ledger_table.examined(row["slug"]).expected for row in run["checks"]
    )
    ending = f"{surprises} NOT as expected" if surprises else "all as expected"
    proofs = collections.Counter(_rung(claim.slug) for claim in CLAIMS)
    reach = ", ".join(f"{proofs[rung]} {rung}" for rung in RUNGS if proofs[rung])
    return (
        f"Last full run: {len(run['checks'])} claims, {verdicts}; {ending} (seed {run['seed']}, "
        f"{run['dtype']}). Proof steps: {reach}."
    )


RUNGS = ("complete", "complete for some sizes", "fail at a printed step", "open", "not written")


def _rung(slug: str) -> str:
    status = ledger_table.proof_status(slug)
    if status == ledger_table.NO_PROOF:
        return "not written"
    if status.startswith("proof fails"):
        return "fail at a printed step"
    return {"proof complete": "complete", "proof open": "open"}.get(status, RUNGS[1])


def verify_table() -> str:
    """Returns the catalogue as a table per room, with what its verdicts rest on."""
    blocks = []
    runs = {row["slug"]: row for row in verified()["checks"]}
    for room in dict.fromkeys(claim.slug.split("/")[0] for claim in CLAIMS):
        lines = [f"### {room}\n"]
        lines += ["| claim | what it says | verdict | instances | worst slack | draws | caught |"]
        lines[-1] += " proof |"
        lines += ["| --- | --- | --- | ---: | ---: | --- | ---: | --- |"]
        for claim in CLAIMS:
            if claim.slug.startswith(f"{room}/"):
                row = runs[claim.slug]
                found = ledger_table.examined(claim.slug)
                noted = "" if claim.finding is Finding.STANDS else f" ({found.finding})"
                cells = (
                    f"`{claim.slug.split('/')[1]}`",
                    escaped(claim.title),
                    f"{row['verdict']}{noted}",
                    *(row[name] for name in CELLS),
                    escaped(found.proof.removeprefix("proof ")),
                )
                lines.append("| " + " | ".join(cells) + " |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def findings_table() -> str:
    """Returns the statements that do not hold as printed, with an instance and what survives."""
    lines = ["| what does not hold | an instance | what survives |", "| --- | --- | --- |"]
    for claim in CLAIMS:
        if claim.finding is Finding.STANDS:
            continue
        assert claim.counterexample is not None
        source = claim.source
        where = f"{source.paper.key}, {source.label}" if source.paper else "a statement of ours"
        cells = (
            f"{escaped(claim.title)}<br>**{claim.finding.value}**, {escaped(where)}"
            f"<br>`{claim.slug}`",
            escaped(claim.counterexample.note),
            escaped(claim.what_survives),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ledger_summary() -> str:
    """Returns a table: paper by paper, how many items of the ledger came to what."""
    columns = ("text", "items", "examined", "repeated", "neither", "claims", "findings")
    lines = ["| " + " | ".join(columns) + " |", "| --- |" + " ---: |" * (len(columns) - 1)]
    for paper in PAPERS.values():
        own = [entry for entry in entries() if entry.paper == paper]
        neither = sum(not entry.claims and not entry.studies for entry in own)
        printed = [claim for claim in CLAIMS if claim.source.paper == paper]
        found = sum(claim.finding is not Finding.STANDS for claim in printed)
        examined = sum(bool(entry.claims) for entry in own)
        repeated = sum(bool(entry.studies) for entry in own)
        cells = (len(own), examined, repeated, neither, len(printed), found)
        lines.append(f"| {escaped(paper.key)} | " + " | ".join(map(str, cells)) + " |")
    ours = sum(claim.text_examined is TextExamined.OURS for claim in CLAIMS)
    return "\n".join([*lines, f"| ours | | | | | {ours} | |"])


PARTS = {
    "replications-summary": replicated.summary,
    "replications": replicated.page,
    "verified": verify_summary,
    "verify-table": verify_table,
    "findings": findings_table,
    "ledger-summary": ledger_summary,
    "ledger": lambda: ledger_table.markdown(entries()),
    **benchmarked.parts(),
}


def renewed(text: str) -> str:
    """Returns a page with its generated parts written afresh."""
    return PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[4]}", text)


def pages() -> list[Path]:
    """Returns the README and the pages beside this file."""
    return [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]


def stale() -> dict[Path, str]:
    """Returns page -> what should stand there, of every page that is out of date."""
    texts = {page: page.read_text(encoding="utf-8") for page in pages()}
    wanted = {page: renewed(text) for page, text in texts.items()}
    return {page: text for page, text in wanted.items() if text != texts[page]}


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Writes the generated parts of the pages.")
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    parser.add_argument("--verified", type=Path, help="what kdtheory verify --json wrote")
    parser.add_argument("--replicated", type=Path, help="where kdtheory replicate all wrote")
    options = parser.parse_args()
    if options.replicated:
        replicated.take_over(options.replicated)
    if options.verified:
        run = json.loads(options.verified.read_text(encoding="utf-8"))
        VERIFIED.write_text(kept([Check.from_dict(check) for check in run]), encoding="utf-8")
    for page, text in stale().items():
        if options.check:
            sys.exit(f"{page.name} is out of date. Write it afresh: make docs")
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
