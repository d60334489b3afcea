"""The tables of `make bench`: what was measured side by side, in one run, on one machine.

    python docs/benchmarked.py FILE            prints what "pytest --benchmark-json FILE" measured
    python docs/benchmarked.py FILE --write    keeps it, and writes docs/benchmarks.md afresh

Of a benchmark this reads its ``group``, what is measured in words, and of its ``extra_info``:

    route     "ours", "numpy", "jax", "limit", or another name
    rate      work per second, with its "unit" in words, as in "settings/s"
    size      what this route was run on, where not on what the others were
    memory    the peak in bytes
    note      anything to be said beside the time; "not run: ..." where there is no time
    at_least  whether the route was stopped before it was done
    growth    a cost growth instead of a comparison; see `growth_rows`
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

DOCS = Path(__file__).parent
KEPT = DOCS / "benchmarks.json"
FALSIFIED = DOCS / "falsification.json"

Entry = dict[str, Any]
Rows = list[tuple[str, ...]]

ROUTES = {"ours": "ours", "numpy": "NumPy, SciPy", "jax": "obvious JAX", "limit": "limit"}
"""The routes that have a column -> its heading."""

NOT_RUN = "not run"

EXTRA = ("route", "rate", "unit", "size", "memory", "note", "at_least", "growth")


def taken(report: dict[str, Any]) -> dict[str, Any]:
    """Returns what is kept of a report of pytest-benchmark.

    Args:
        report: the JSON that ``--benchmark-json`` wrote.

    Returns:
        "machine", in words; "entries", in the order in which they ran.
    """
    entries = []
    for one in report["benchmarks"]:
        stats, extra = one["stats"], one["extra_info"]
        entry = {"what": one["group"] or one["name"], "route": extra.get("route", one["name"])}
        entry |= {name: stats[name] for name in ("median", "min", "max")}
        entries.append(entry | {name: extra[name] for name in EXTRA if name in extra})
    return {"machine": report["machine_info"]["described"], "entries": entries}


# --- numbers in words ---------------------------------------------------------------------------


def seconds(value: float) -> str:
    """Returns a time with its unit, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def rate(value: float, unit: str) -> str:
    """Returns a rate in thousands, millions or thousand millions of its unit."""
    for prefix, size in ((" G", 1e9), (" M", 1e6), (" k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{prefix} {unit}"
    return f"{value:.3g} {unit}"


def memory(value: float) -> str:
    """Returns a number of bytes in MiB."""
    return f"{value / 2**20:.3g} MiB"


def ratio(ours: Entry, other: Entry) -> float | None:
    """Returns how many times longer the other route takes for the same work.

    From the rates where both have one of the same unit, else from the medians; None where the
    routes were run on different sizes and have no rates.
    """
    if "rate" in ours and "rate" in other and ours.get("unit") == other.get("unit"):
        return float(ours["rate"] / other["rate"])
    if ours.get("size") != other.get("size"):
        return None
    return float(other["median"] / ours["median"])


def _against(ours: Entry | None, other: Entry) -> str:
    """Returns how ours compares with another route, in words."""
    if ours is None or str(other.get("note", "")).startswith(NOT_RUN):
        return ""
    times = ratio(ours, other)
    if times is None:
        return "not comparable"
    if other["route"] == "limit":
        return f"ours takes {_digits(1 / times)} times as long, {100 * min(times, 1):.2g} % of it"
    more = "more than " if other.get("at_least") else ""
    if not more and 0.95 < times < 1.05:
        return "as fast as ours"
    if times >= 1:
        return f"ours is {more}{_digits(times)} times faster"
    return f"ours is {_digits(1 / times)} times slower"


def _digits(value: float) -> str:
    """Returns a ratio with two digits, or all before the point."""
    return f"{value:.2g}" if value < 99.5 else f"{value:,.0f}"


def _timed(entry: Entry) -> str:
    """Returns the time of an entry with its spread, its rate, its memory and what else is said."""
    if str(entry.get("note", "")).startswith(NOT_RUN):
        return str(entry["note"])
    told = [seconds(entry["median"])]
    if entry["min"] < entry["max"]:
        told[0] += f" ({seconds(entry['min'])} to {seconds(entry['max'])})"
    if "rate" in entry:
        told.append(rate(entry["rate"], entry.get("unit", "/s")))
    if "memory" in entry:
        told.append(f"peak {memory(entry['memory'])}")
    told += [str(entry[name]) for name in ("size", "note") if name in entry]
    return "; ".join(told)


# --- tables -------------------------------------------------------------------------------------


def _groups(run: dict[str, Any]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in run["entries"]:
        if "growth" not in entry:
            groups.setdefault(entry["what"], []).append(entry)
    return groups


def _first(entries: list[Entry], route: str) -> Entry | None:
    return next((entry for entry in entries if entry["route"] == route), None)


def comparison_rows(run: dict[str, Any]) -> Rows:
    """Returns a row per group that compares something, a column per route of `ROUTES`."""
    rows: Rows = [("what", *ROUTES.values())]
    for what, entries in _groups(run).items():
        if all(entry["route"] == "limit" for entry in entries):
            continue
        ours = _first(entries, "ours")
        cells = []
        for route in ROUTES:
            told = []
            for entry in entries:
                if entry["route"] == route:
                    beside = "" if entry is ours or route == "ours" else _against(ours, entry)
                    told.append("; ".join(filter(None, (_timed(entry), beside))))
            cells.append(" / ".join(told) or "-")
        rows.append((what, *cells))
    return rows


def other_rows(run: dict[str, Any]) -> Rows:
    """Returns a row per route that has no column of its own."""
    rows: Rows = [("what", "route", "time", "against ours")]
    for what, entries in _groups(run).items():
        ours = _first(entries, "ours")
        for entry in entries:
            if entry["route"] not in ROUTES:
                rows.append((what, entry["route"], _timed(entry), _against(ours, entry) or "-"))
    return rows


def limit_rows(run: dict[str, Any]) -> Rows:
    """Returns a row per limit of the machine that was measured by itself."""
    rows: Rows = [("limit of the machine, one thread", "measured")]
    for what, entries in _groups(run).items():
        if all(entry["route"] == "limit" for entry in entries):
            rows += [(what, _timed(entry)) for entry in entries]
    return rows


def growth_rows(run: dict[str, Any]) -> Rows:
    """Returns a row per cost growth.

    An entry's "growth" has "axis" and "sizes"; "seconds" and "bytes", one number per size; and for
    either "time" and "memory": (fitted exponent, its standard error, the expected exponent in
    words).
    """
    rows: Rows = [
        ("what", "against", "sizes", "time", "exponent", "expected", "memory", "exponent"),
    ]
    rows[0] += ("expected",)
    for entry in run["entries"]:
        if "growth" in entry:
            grown = entry["growth"]
            ends = [f"{size:g}" for size in (grown["sizes"][0], grown["sizes"][-1])]
            cells = [entry["what"], grown["axis"], f"{ends[0]} to {ends[1]}"]
            for values, fit, told in (("seconds", "time", seconds), ("bytes", "memory", memory)):
                slope, error, expected = grown[fit]
                cells.append(f"{told(grown[values][0])} to {told(grown[values][-1])}")
                cells += [f"{slope:.2f} ± {error:.2f}", expected]
            rows.append(tuple(cells))
    return rows


SECTIONS = {
    "comparisons": comparison_rows,
    "other-routes": other_rows,
    "limits": limit_rows,
    "growth": growth_rows,
}


def markdown(rows: Rows) -> str:
    """Returns rows, the first of which is a heading, as a table of Markdown."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "| --- " * len(rows[0]) + "|", *lines[1:]])


def machine_line(run: dict[str, Any]) -> str:
    """Returns where and when a run was made."""
    machine = run["machine"]
    return f"{machine['processor']}; device {machine['device']}; {machine['versions']}; " + (
        f"{machine['date']}."
    )


def _kept() -> dict[str, Any]:
    run: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return run


def parts() -> dict[str, Any]:
    """Returns the generated parts of docs/benchmarks.md: name -> () -> text."""
    tables = {
        f"bench-{name}": lambda rows=rows: markdown(rows(_kept()))
        for name, rows in SECTIONS.items()
    }
    machine = lambda: f"Last run: {machine_line(_kept())}"  # noqa: E731
    return {"bench-machine": machine, **tables, "bench-falsification": falsification}


# --- the planted errors of the whole catalogue --------------------------------------------------


def falsification() -> str:
    """Returns what tests/benchmarks/falsification.py found, as the last run of it says."""
    run = json.loads(FALSIFIED.read_text(encoding="utf-8"))
    rows, never = run["claims"], [row for row in run["claims"] if row["seen"] is None]
    seen = [row for row in rows if row["seen"] is not None]
    proven = [row for row in seen if row["proven"] is not None]
    lines = [
        f"{len(rows)} claims; {machine_line(run)} The error was seen in {len(seen)} of them, and "
        f"proven in {len(proven)}.",
        "",
        "| from the start of the search | median | 90 % | worst |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, told, found in (("seen", "first violation", seen), ("proven", "proven", proven)):
        times = sorted(row[name] for row in found)
        cells = (statistics.median(times), times[int(0.9 * (len(times) - 1))], times[-1])
        lines.append(f"| {told} | " + " | ".join(map(seconds, cells)) + " |")
    lines += [
        "",
        "| the slowest | steps | first violation | proven |",
        "| --- | ---: | ---: | --- |",
    ]
    for row in sorted(seen, key=lambda row: -(row["proven"] or row["seen"]))[:10]:
        proof = "undecided" if row["proven"] is None else seconds(row["proven"])
        cells = (f"`{row['slug']}`", row["steps"], seconds(row["seen"]), proof)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    unproven = [row for row in seen if row["proven"] is None]
    why = "Seen, but not proven (a primitive or a tie that the referee does not decide)"
    for told, those in ((why, unproven), ("Not seen", never)):
        if those:
            lines += ["", f"{told}: " + ", ".join(f"`{row['slug']}`" for row in those) + "."]
    return "\n".join(lines)


# --- the command line ---------------------------------------------------------------------------


def printed(run: dict[str, Any]) -> None:
    """Prints the tables of a run."""
    console = Console()
    console.print(machine_line(run))
    for rows in (make(run) for make in SECTIONS.values()):
        if len(rows) > 1:
            table = Table(*rows[0], show_lines=True)
            for row in rows[1:]:
                table.add_row(*row)
            console.print(table)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Prints what the benchmarks measured.")
    parser.add_argument("file", type=Path, help="what pytest --benchmark-json wrote")
    parser.add_argument("--write", action="store_true", help="keep it, and write the page afresh")
    options = parser.parse_args()
    run = taken(json.loads(options.file.read_text(encoding="utf-8")))
    printed(run)
    if options.write:
        entries = ",\n".join(json.dumps(entry) for entry in run["entries"])
        machine = json.dumps(run["machine"])
        KEPT.write_text(f'{{"machine": {machine}, "entries": [\n{entries}\n]}}\n', encoding="utf-8")
        subprocess.run([sys.executable, str(DOCS / "generate.py")], check=True)


if __name__ == "__main__":
    main()
