"""The pages' tables of what was replicated, from the last run of all studies."""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image  # matplotlib brings it

from kdtheory import _ledger_table as ledger_table
from kdtheory._replicate_output import in_words
from kdtheory.replications import NAMES
from kdtheory.replications.records import Verdict

DOCS = Path(__file__).parent
KEPT = DOCS / "replications.json"
FIGURES = DOCS / "figures" / "replications"

escaped = ledger_table.escaped


def take_over(folder: Path) -> None:
    """Takes over the findings and figures of a run of all studies.

    Args:
        folder: where ``kdtheory replicate all -o FOLDER`` wrote.
    """
    missing = [name for name in NAMES if not (folder / f"{name}.json").exists()]
    if missing:
        sys.exit(f"--replicated: no findings of {', '.join(missing)} in {folder}. Replicate all.")
    found = [json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES]
    if len({(one["size"], one["seed"]) for one in found}) > 1:
        sys.exit("--replicated: studies of several sizes or seeds. Replicate all with one.")
    lines = ",\n".join(json.dumps(one) for one in found)
    KEPT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        # In 128 colours a figure takes a third of the space, and loses nothing to the eye.
        picture = Image.open(folder / f"{name}.png").convert("RGB")
        picture = picture.quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        picture.save(FIGURES / f"{name}.png", optimize=True)


def kept() -> list[dict[str, Any]]:
    """Returns what the last run says, study by study."""
    found: list[dict[str, Any]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


SHORT = {
    Verdict.REPLICATED: "replicated",
    Verdict.NOT_REPLICATED: "not replicated",
    Verdict.UNDECIDED: "undecided",
    Verdict.DEPENDS: "depends",
    Verdict.IN_SOME: "in some",
    Verdict.IN_NONE: "in none",
}
LEGEND = (
    "Of every statement: in how many readings of the description it was replicated / was not / is "
    "undecided, and the range of what was measured. **in some**: contradicted in no reading, "
    "undecided in others; **in none**: replicated in no reading, undecided in some; **depends**: "
    "readings disagree."
)


def summary() -> str:
    """Returns a table, a row for every study: its statements, the verdicts and the ranges."""
    lines = ["| study | what the text says was observed, and what came out |", "| --- | --- |"]
    for one in kept():
        named = f"`{one['study']}`<br>{escaped(_where(one))}"
        told = "<br>".join(
            f"**{SHORT[Verdict(statement['verdict'])]}** {_short(statement)}: {_told(statement)}"
            for statement in one["statements"]
        )
        lines.append(f"| {named} | {told} |")
    return "\n".join([LEGEND, "", *lines, "", f"{_ran()} [All of it](docs/replications.md)."])


def _short(statement: dict[str, Any]) -> str:
    counts = _counts(statement)
    kinds = (Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED)
    return f"{'/'.join(str(counts[kind]) for kind in kinds)} ({_ends(statement)})"


def _counts(statement: dict[str, Any]) -> collections.Counter[Verdict]:
    return collections.Counter(Verdict(each["verdict"]) for each in statement["readings"])


def _ends(statement: dict[str, Any]) -> str:
    low, high = (float(end) for end in statement["range"])
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def page() -> str:
    """Returns a section for every study: what was done, tests, readings, the figure."""
    return "\n\n".join([_ran(), *map(_section, kept())])


def _ran() -> str:
    size, seed = kept()[0]["size"], kept()[0]["seed"]
    return f"The run shown: `kdtheory replicate all --size {size} --seed {seed}`."


def _told(statement: dict[str, Any]) -> str:
    return escaped(statement["says"]) + (" *(ours)*" if statement["ours"] else "")


def _where(one: dict[str, Any]) -> str:
    return f"{one['paper']}, {', '.join(one['items'])}"


def _range(statement: dict[str, Any]) -> str:
    return f"{_ends(statement)}; readings: {in_words(_counts(statement))}"


def _section(one: dict[str, Any]) -> str:
    name = one["study"]
    parts = [
        f"### {name}",
        f"**{escaped(one['title'])}** ({escaped(_where(one))}).",
        escaped(one["done"]),
    ]
    if one["left_open"]:
        left = [f"* Left open: {name}. Tried: {'; '.join(tried)}." for name, tried in _open(one)]
        parts.append("\n".join(left))
    parts.append(f"![{one['title']}](figures/replications/{name}.png)")
    for statement in one["statements"]:
        lines = [f"{_told(statement)}: **{statement['verdict']}**", ""]
        lines += [f"*Test*: {escaped(statement['test'])}.", ""]
        lines += [f"<details><summary>{_range(statement)}</summary>", ""]
        lines += ["| reading | verdict | measured |", "| --- | --- | --- |"]
        lines += [_reading(each) for each in statement["readings"]]
        parts.append("\n".join([*lines, "", "</details>"]))
    return "\n\n".join([*parts, *map(escaped, one["notes"])])


def _open(one: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (escaped(name), [escaped(words) for words in tried])
        for name, tried in one["left_open"].items()
    ]


def _reading(each: dict[str, Any]) -> str:
    measured = "<br>".join(
        f"{escaped(one['what'])}: {_interval(*(float(one[key]) for key in KEYS))}"
        for one in each["measured"]
    )
    return f"| {escaped(each['reading'] or 'as printed')} | {each['verdict']} | {measured} |"


KEYS = ("value", "low", "high")


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.4g}" if low == high else f"{value:.4g} ({low:.4g} to {high:.4g})"
