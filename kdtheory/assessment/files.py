"""Teachers, labels and losses in ``.npy``, ``.npz`` and ``.csv`` files."""

from __future__ import annotations

import csv
import dataclasses
import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdtheory import _check
from kdtheory.gap_bounds.files import archive_arrays

LABELS, LOSSES = "labels", "losses"
"""The arrays of an ``.npz`` that are no teachers."""

SUFFIXES = (".npy", ".npz", ".csv")

MEND = "Write it with numpy.savez(path, teacher=probabilities, labels=labels)."


@dataclasses.dataclass(frozen=True, eq=False)
class TeacherInputs:
    """What `assess` takes.

    Attributes:
        teachers: tables of predictions by name.
        labels: of the examples.
        losses: the student's, or None.
    """

    teachers: dict[str, Any]
    labels: Any
    losses: Any = None


def read_inputs(
    paths: Sequence[str | Path],
    labels: str | Path | None = None,
    losses: str | Path | None = None,
) -> TeacherInputs:
    """Reads teachers, labels and losses.

    An ``.npz`` may hold several teachers, by the names of their arrays, and ``labels`` and
    ``losses``; an ``.npy`` or ``.csv`` (with or without a header, one row per example) holds one
    table, and is named after the file.

    Args:
        paths: files with teachers.
        labels: a file with the labels, if they are in none of those.
        losses: a file with the losses of the student, if there are any.

    Returns:
        The arrays, not checked yet.

    Raises:
        InputError: if a file cannot be read, there are no labels or two arrays of them, or two
            teachers of one name.
    """
    teachers: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for path in map(Path, paths):
        for name, array in _tables(path).items():
            if name in (LABELS, LOSSES):
                if name in others and not np.array_equal(array, others[name]):
                    mend = "All teachers are assessed on the same examples, in the same order."
                    got = f"{name} other than those of another file"
                    _check.refuse(str(path), got, f"the same {name}", mend)
                others[name] = array
            else:
                if name in teachers:
                    _check.refuse(
                        str(path),
                        f"a second teacher named {name!r}",
                        "teachers of different names",
                        "Rename the file, or the array.",
                    )
                teachers[name] = array
    for name, given in ((LABELS, labels), (LOSSES, losses)):
        if given is None:
            continue
        if name in others:
            got = f"{given} besides the {name} of an .npz"
            _check.refuse(f"--{name}", got, f"{name} once", "Leave one of them out.")
        others[name] = _one_array(Path(given), name)
    listed = ", ".join(map(str, paths)) or "TEACHER"
    if not teachers:
        _check.refuse(listed, "no table of a teacher", "at least one", MEND)
    if LABELS not in others:
        _check.refuse(
            listed, "no labels", "labels", "Name their file with --labels, or put them in the .npz."
        )
    return TeacherInputs(teachers, others[LABELS], others.get(LOSSES))


def _tables(path: Path) -> dict[str, Any]:
    """Returns the arrays of a file by name."""
    if path.suffix.lower() == ".npz":
        found = archive_arrays(path, MEND)
        tables = [name for name in found if name not in (LABELS, LOSSES)]
        if len(tables) == 1 and tables[0] in ("teacher", "probs", "probabilities", "logits"):
            # A name that says what it is does not say whose it is: the file does.
            found = {path.stem if name == tables[0] else name: one for name, one in found.items()}
        return found
    return {path.stem: _one_array(path, path.stem)}


def _one_array(path: Path, name: str) -> Any:
    """Returns the one array of a file, or of an archive the one of that name."""
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no such file"
        _check.refuse(str(path), got, f"a {', '.join(SUFFIXES)} file", "Check the name.")
    suffix = path.suffix.lower()
    if suffix == ".npz":
        found = archive_arrays(path, MEND)
        if len(found) == 1:
            return next(iter(found.values()))
        if name not in found:
            got = f"the arrays {', '.join(found) or 'none'}"
            _check.refuse(str(path), got, f"one named {name}", "Rename it.")
        return found[name]
    if suffix == ".npy":
        return _read_npy(path)
    if suffix == ".csv":
        return _read_csv(path)
    got = f"the extension {suffix!r}" if suffix else "no extension"
    return _check.refuse(str(path), got, ", ".join(SUFFIXES), "Save it with numpy.save.")


def _read_npy(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, tokenize.TokenError) as problem:
        got = "a file that cannot be read"
        if "allow_pickle" in str(problem):
            got = "an array of Python objects, or no .npy file"
        mend = "Write it with numpy.save(path, array.astype(float)); nothing is unpickled."
        _check.refuse(str(path), got, "an array of numbers", mend)


def _read_csv(path: Path) -> Any:
    """Returns a table of numbers; a first line that is none is its header."""
    rows, header = [], False
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for row in reader:
                if not row:
                    continue
                try:
                    rows.append([float(cell) for cell in row])
                except ValueError:
                    if rows or header:
                        _refuse_cell(path, row, reader.line_num)
                    header = True
                    continue
                if len(rows[-1]) != len(rows[0]):
                    _check.refuse(
                        str(path),
                        f"{len(row)} cells in line {reader.line_num}",
                        f"{len(rows[0])}, as in the lines above",
                        "Decimals are written with a point, and cells separated by commas.",
                    )
    except (UnicodeDecodeError, csv.Error) as problem:
        got = f"text that cannot be read ({problem})"
        _check.refuse(str(path), got, "UTF-8 text", "Save it as UTF-8.")
    if not rows:
        _check.refuse(str(path), "no numbers", "one row per example", "Write it again.")
    table = np.array(rows)
    return table[:, 0] if table.shape[1] == 1 else table


def _refuse_cell(path: Path, row: list[str], line: int) -> None:
    """Refuses the first cell of a row that is not a number."""
    for place, cell in enumerate(row):
        try:
            float(cell)
        except ValueError:
            got = f"{cell!r}" if cell.strip() else "an empty cell"
            _check.refuse(
                str(path),
                f"{got} in line {line}, cell {place + 1}",
                "a number",
                "Number the labels, and leave out columns that name examples.",
            )
