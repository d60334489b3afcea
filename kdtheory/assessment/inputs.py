"""Teachers, labels and losses as users have them, made ready or refused with a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from scipy import special

from kdtheory import _check
from kdtheory._check import FloatArray

FEWEST = 30
"""With fewer examples nothing is said: no interval below is worth its name."""

MISSING = -1
"""The label of an annotator who did not label the example."""

IF_LOGITS = "say so: logits=True, or --logits"


@dataclasses.dataclass(frozen=True, eq=False)
class Labels:
    """The labels of every example, counted.

    Attributes:
        frequencies: the share of each label among those of the example, ``(examples, labels)``.
        counts: how many labels the example has.
        rows: the example of every non-zero frequency.
        columns: its label.
        weights: the frequency.
    """

    frequencies: FloatArray
    counts: FloatArray
    rows: Any
    columns: Any
    weights: FloatArray

    @property
    def repeated(self) -> Any:
        """Which examples have several labels."""
        return self.counts >= 2

    def mean_of(self, values: FloatArray) -> FloatArray:
        """Returns the mean over the labels of every example; labels that did not occur count 0."""
        seen = self.weights * values[self.rows, self.columns]
        return np.asarray(np.bincount(self.rows, weights=seen, minlength=len(self.counts)), float)


@dataclasses.dataclass(frozen=True, eq=False)
class Teacher:
    """The predictions of a teacher.

    Attributes:
        name: what it is called.
        probs: ``(examples, labels)``.
        log_probs: their logarithms, accurate also where a probability underflows.
    """

    name: str
    probs: FloatArray
    log_probs: FloatArray


def teachers_of(value: Any, logits: bool) -> tuple[list[Teacher], list[str]]:
    """Returns the teachers, and what to be wary of.

    Args:
        value: a table of predictions, or several by name.
        logits: whether they are logits.

    Raises:
        InputError: if there are none, one is no table of probabilities (or logits) of at least two
            labels for at least `FEWEST` examples, or their shapes differ.
    """
    tables = dict(value) if isinstance(value, Mapping) else {"teacher": value}
    if not tables:
        _check.refuse("teachers", "none", "at least one", "Give a table of its probabilities.")
    found, warnings = [], []
    for name, table in tables.items():
        name = str(name)
        if np.ndim(table) == 1:
            _refuse_one_column(name)
        if logits:
            scores = _check.real_array(name, table, "examples", "labels")
            if np.all(scores >= 0) and np.all(
                np.abs(scores.sum(axis=1) - 1) <= _check.SUM_TOLERANCE
            ):
                warnings.append(
                    f"{name}: rows sum to one and none is negative, as probabilities do, but they "
                    "are read as logits. If they are probabilities, leave --logits out."
                )
            logs = np.asarray(special.log_softmax(scores, axis=1))
            found.append(Teacher(name, np.exp(logs), logs))
            continue
        probs = _check.probability_rows(name, table, "examples", "labels", if_logits=IF_LOGITS)
        with np.errstate(divide="ignore"):
            found.append(Teacher(name, probs, np.log(probs)))
    first = found[0].probs
    for teacher in found[1:]:
        _check.same_shape(teacher.name, teacher.probs, found[0].name, first)
    count, num_labels = first.shape
    if num_labels < 2:
        _refuse_one_column(found[0].name)
    if count < FEWEST:
        _check.refuse(
            found[0].name, f"{count} examples", f"at least {FEWEST}", "Fewer tell next to nothing."
        )
    return found, warnings


def _refuse_one_column(name: str) -> NoReturn:
    mend = "Of two labels give both columns: 1 - p and p."
    _check.refuse(name, "one column", "one column for every label, one row per example", mend)


def labels_of(value: Any, count: int, num_labels: int) -> Labels:
    """Returns the labels, counted.

    Args:
        value: one integer per example, or one row of them; `MISSING` where an annotator has none.
        count: how many examples there are.
        num_labels: how many labels.

    Raises:
        InputError: if the number of examples differs, a label is not an integer in range, an
            example has none, or the labels are one-hot.
    """
    array = np.asarray(value)
    if array.dtype.kind == "f" and np.isnan(array).any():
        row = int(np.argwhere(np.isnan(array))[0][0])
        _check.refuse(
            "labels",
            f"nan of example {row}",
            f"integers from 0 to {num_labels - 1} ({MISSING}: missing)",
            f"Write {MISSING} where an annotator gave no label.",
        )
    table = _check.real_array("labels", array, *("examples", "annotators")[: max(array.ndim, 1)])
    table = table.reshape(len(table), -1)
    if len(table) != count:
        turned = " They may be transposed: one row per example." if table.shape[1] == count else ""
        _check.refuse(
            "labels",
            f"labels of {len(table)} examples",
            f"{count}, as many as the teachers have",
            f"Give the labels of the same examples in the same order.{turned}",
        )
    _refuse_labels(table, num_labels)
    present = table != MISSING
    counts = present.sum(axis=1)
    if counts.min() == 0:
        _check.refuse(
            "labels",
            f"no label of example {int(counts.argmin())}",
            "at least one label of every example",
            "Leave examples without labels out.",
        )
    places = np.arange(count)[:, None] * num_labels + table.astype(int)
    tally = np.bincount(places[present], minlength=count * num_labels).reshape(count, num_labels)
    frequencies = tally / counts[:, None]
    rows, columns = np.nonzero(tally)
    return Labels(frequencies, counts.astype(float), rows, columns, frequencies[rows, columns])


def _refuse_labels(table: FloatArray, num_labels: int) -> None:
    bad = (table != np.round(table)) | (table < MISSING) | (table >= num_labels)
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        place = f"{row}" if table.shape[1] == 1 else f"{row}, annotator {column}"
        mend = f"Number the labels 0 to {num_labels - 1} in the order of the teacher's columns."
        if table.min() >= 1 and table.max() == num_labels:
            mend = "They seem to count from 1: subtract 1."
        _check.refuse(
            "labels",
            f"{table[row, column]:g} of example {place}",
            f"integers from 0 to {num_labels - 1} ({MISSING}: missing)",
            mend,
        )
    onehot = table.shape[1] == num_labels and np.isin(table, (0, 1)).all()
    if onehot and np.all(table.sum(axis=1) == 1):
        _check.refuse(
            "labels",
            "one-hot rows",
            "one number per example, or one per annotator",
            "Take the index of the one: labels.argmax(axis=1).",
        )


def losses_of(value: Any, shape: tuple[int, ...]) -> FloatArray:
    """Returns the student's losses.

    Args:
        value: one loss for every example and possible label.
        shape: of the teachers' tables.

    Raises:
        InputError: if there are not so many, or some are not finite.
    """
    losses = _check.real_array("losses", value, "examples", "labels")
    if losses.shape != shape:
        _check.refuse(
            "losses",
            f"shape {losses.shape}",
            f"shape {shape}: what each possible label would cost on each example",
            "Evaluate the student's loss for every label, not for the observed one alone.",
        )
    return losses
