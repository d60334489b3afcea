"""What a replication is made of: a study, the tables of its runs, and what they say of the text.

A study is run in three steps that know nothing of each other: `simulate` makes tables, one row per
trial, from a configuration and a seed; `judge` reads statements off the tables; `draw` draws them.
So a judgement can be tried on tables of one's own, and a figure drawn again from what was kept.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import enum
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kdtheory import _check
from kdtheory.claim import Paper
from kdtheory.intervals import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Progress = Callable[[int, int], None]
"""Called with how many of how many pieces of work are done."""


def silent(done: int, total: int) -> None:
    """Shows no progress."""


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length.

    Attributes:
        columns: name -> values, one for every row: numbers, or words.

    Raises:
        InputError: if the columns are not of one length.

    Example:
        >>> table = Table({"labels": ["one-hot", "Bayes"], "auc": [0.8, 0.9]})
        >>> table.where(labels="Bayes")["auc"].tolist()
        [0.9]
    """

    columns: Mapping[str, Any]

    def __post_init__(self) -> None:
        arrays = {name: np.asarray(values) for name, values in self.columns.items()}
        lengths = {name: array.shape for name, array in arrays.items()}
        if len(set(lengths.values())) > 1 or any(array.ndim != 1 for array in arrays.values()):
            _check.refuse(
                "columns", f"shapes {lengths}", "one dimension, of one length", "Repeat or cut."
            )
        object.__setattr__(self, "columns", arrays)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Returns a column."""
        if name not in self.columns:
            _check.refuse("column", repr(name), f"one of {', '.join(self.columns)}", "Choose one.")
        return np.asarray(self.columns[name])

    def __len__(self) -> int:
        """Returns how many rows there are."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def where(self, **values: Any) -> Table:
        """Returns the rows in which every column named has the value given."""
        kept = np.ones(len(self), bool)
        for name, value in values.items():
            kept &= self[name] == value
        return Table({name: column[kept] for name, column in self.columns.items()})

    def distinct(self, name: str) -> tuple[Any, ...]:
        """Returns the values of a column, each once, in order of appearance."""
        return tuple(dict.fromkeys(self[name].tolist()))

    def pivot(self, rows: str, columns: str, values: str) -> npt.NDArray[Any]:
        """Returns the values as a matrix, both indices in order of appearance.

        Args:
            rows: the column that names the row, the trial for example.
            columns: the column that names the column.
            values: the column of numbers.

        Raises:
            InputError: unless every pair occurs exactly once.
        """
        down, across = self.distinct(rows), self.distinct(columns)
        pairs = list(zip(self[rows].tolist(), self[columns].tolist(), strict=True))
        if len(pairs) != len(down) * len(across) or len(set(pairs)) != len(pairs):
            _check.refuse(
                f"the pairs of {rows} and {columns}",
                f"{len(pairs)} rows, {len(set(pairs))} different pairs",
                f"each of {len(down)} x {len(across)} pairs once",
                "Select with where() first.",
            )
        found = np.empty((len(down), len(across)))
        at_row = {value: place for place, value in enumerate(down)}
        at_column = {value: place for place, value in enumerate(across)}
        places = [(at_row[row], at_column[column]) for row, column in pairs]
        found[tuple(np.transpose(places))] = self[values]
        return found

    def write_csv(self, path: Path) -> None:
        """Writes a header and the rows; numbers with all their digits."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(
                zip(*(column.tolist() for column in self.columns.values()), strict=True)
            )


def stack(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Returns the table of rows that have the same names."""
    listed = list(rows)
    names = list(listed[0]) if listed else []
    return Table({name: [row[name] for row in listed] for name in names})


class Verdict(enum.Enum):
    """What a run says of a statement: in one reading the first three, over several any of them."""

    REPLICATED = "replicated"
    NOT_REPLICATED = "not replicated from the description"
    UNDECIDED = "undecided"
    DEPENDS = "depends on what the text leaves open"
    IN_SOME = "replicated in some readings, undecided in the others"
    IN_NONE = "replicated in no reading, undecided in some"


@dataclasses.dataclass(frozen=True)
class Statement:
    """Something that a text says was observed.

    Attributes:
        key: its short name, within the study.
        says: what is said, in our words.
        test: which number stands for it, what it must exceed or stay below, and its interval.
        ours: whether it is not in the text, but completes or sharpens what is.
    """

    key: str
    says: str
    test: str
    ours: bool = False

    @property
    def told(self) -> str:
        """What is said, and whether the text says it."""
        return f"{self.says} (ours)" if self.ours else self.says


@dataclasses.dataclass(frozen=True)
class Choice:
    """Something that a text leaves open.

    Attributes:
        name: what it is.
        tried: the values that were tried, in words.
    """

    name: str
    tried: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A number with its interval.

    Attributes:
        what: where it was measured: ``"N = 50"``.
        estimate: the number; an interval of no width is an exact value.
    """

    what: str
    estimate: Estimate


@dataclasses.dataclass(frozen=True)
class Finding:
    """What the runs say of a statement in one reading of the text.

    Attributes:
        statement: key of the statement.
        reading: the choices made, in words; empty where the text leaves none.
        measurements: the statement asserts of each of them that it lies between the ends.
        above: lower end of what is asserted.
        below: upper end.
    """

    statement: str
    reading: str
    measurements: tuple[Measurement, ...]
    above: float = -math.inf
    below: float = math.inf

    @property
    def verdict(self) -> Verdict:
        """Replicated if every interval lies inside; not replicated if one lies outside."""
        estimates = [one.estimate for one in self.measurements]
        if any(one.high <= self.above or one.low >= self.below for one in estimates):
            return Verdict.NOT_REPLICATED
        if estimates and all(self.above < one.low and one.high < self.below for one in estimates):
            return Verdict.REPLICATED
        return Verdict.UNDECIDED


def verdict_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Returns the verdict over several readings.

    Args:
        verdicts: of every reading; undecided if there is none.

    Example:
        >>> verdict_of([Verdict.REPLICATED, Verdict.NOT_REPLICATED])
        <Verdict.DEPENDS: 'depends on what the text leaves open'>
    """
    kinds = set(verdicts)
    if len(kinds) == 1:
        return next(iter(kinds))
    if {Verdict.REPLICATED, Verdict.NOT_REPLICATED} <= kinds:
        return Verdict.DEPENDS
    if Verdict.REPLICATED in kinds:
        return Verdict.IN_SOME
    return Verdict.IN_NONE if Verdict.NOT_REPLICATED in kinds else Verdict.UNDECIDED


Tables = Mapping[str, Table]
"""Name -> table, one file each."""


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """An experiment of a paper, or what can be made of its description.

    Attributes:
        name: on the command line.
        title: what is examined.
        paper: the text.
        items: labels of its items in the ledger.
        statements: what the text says was observed.
        done: what is done here, and what differs from the text (data, sizes, models).
        choices: what the text leaves open.
        sizes: ``"small"`` and ``"paper"`` -> configuration, a frozen dataclass.
        simulate: (configuration, seed, progress) -> tables; they depend on the first two only.
        judge: tables -> a finding for every statement and reading.
        draw: (tables, empty figure) -> None.
        figure_size: width and height in inches.
        notes: what else there is to say about the result, in sentences.
        on_files: (training file, test file, configuration, seed, progress) -> tables, for a study
            that can be run on a user's own data.
    """

    name: str
    title: str
    paper: Paper
    items: tuple[str, ...]
    statements: tuple[Statement, ...]
    done: str
    choices: tuple[Choice, ...]
    sizes: Mapping[str, Any]
    simulate: Callable[[Any, int, Progress], Tables]
    judge: Callable[[Tables], tuple[Finding, ...]]
    draw: Callable[[Tables, Figure], None]
    figure_size: tuple[float, float] = (8.2, 4.8)
    notes: tuple[str, ...] = ()
    on_files: Callable[[Path, Path, Any, int, Progress], Tables] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """A study that was run.

    Attributes:
        study: which.
        size: name of the configuration.
        config: the configuration.
        seed: seed of everything random.
        tables: what came out.
    """

    study: Study
    size: str
    config: Any
    seed: int
    tables: Tables

    @functools.cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the tables say of every statement, in every reading.

        Raises:
            InputError: if a statement is not judged, or something else is.
        """
        found = self.study.judge(self.tables)
        known = {statement.key for statement in self.study.statements}
        if {one.statement for one in found} != known:
            _check.refuse(
                f"judge of {self.study.name}",
                f"findings on {', '.join(sorted({one.statement for one in found})) or 'nothing'}",
                f"some on every statement, by its key: {', '.join(sorted(known))}",
                "Name the statement's key in every Finding, and judge each statement.",
            )
        return found

    def of(self, statement: str) -> Sequence[Finding]:
        """Returns the findings on a statement, one for every reading."""
        return [one for one in self.findings if one.statement == statement]

    def verdict(self, statement: str) -> Verdict:
        """Returns the verdict on a statement, over all readings."""
        return verdict_of(one.verdict for one in self.of(statement))

    def counts(self, statement: str) -> Mapping[Verdict, int]:
        """Returns in how many readings a statement has which verdict."""
        return collections.Counter(one.verdict for one in self.of(statement))

    def span(self, statement: str) -> tuple[float, float]:
        """Returns the smallest and the largest number measured for a statement; NaN for none."""
        values = [m.estimate.value for one in self.of(statement) for m in one.measurements]
        return min(values, default=math.nan), max(values, default=math.nan)
