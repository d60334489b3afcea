"""Tables, findings, and verdicts over readings."""

import csv
import math

import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.intervals import Estimate
from kdtheory.replications.records import Finding, Measurement, Table, Verdict, stack, verdict_of

YES, NO, OPEN = Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED


def finding(*intervals, above=-math.inf, below=math.inf):
    measured = [Measurement("m", Estimate((a + b) / 2, a, b, 1.0)) for a, b in intervals]
    return Finding("s", "r", tuple(measured), above=above, below=below)


@pytest.mark.parametrize(
    ("intervals", "above", "below", "expected"),
    [
        ([(0.1, 0.3)], 0.0, math.inf, YES),
        ([(-0.1, 0.3)], 0.0, math.inf, OPEN),
        ([(-0.3, -0.1)], 0.0, math.inf, NO),
        # An interval that ends where the assertion begins says the opposite, to its last point.
        ([(-0.3, 0.0)], 0.0, math.inf, NO),
        ([(0.0, 0.0)], 0.0, math.inf, NO),
        ([(-0.5, -0.4)], -math.inf, 0.0, YES),
        ([(0.1, 0.3), (0.2, 0.5)], 0.0, math.inf, YES),
        ([(0.1, 0.3), (-0.2, 0.5)], 0.0, math.inf, OPEN),
        # One that contradicts is enough, whatever the others leave open.
        ([(0.1, 0.3), (-0.2, 0.5), (-3.0, -1.0)], 0.0, math.inf, NO),
        ([(-1.2, -0.8)], -1.3, -0.7, YES),
        ([(-1.4, -0.8)], -1.3, -0.7, OPEN),
        ([(-0.6, -0.5)], -1.3, -0.7, NO),
        ([(math.nan, math.nan)], 0.0, math.inf, OPEN),
        ([], 0.0, math.inf, OPEN),
    ],
)
def test_a_verdict_is_where_the_intervals_lie(intervals, above, below, expected):
    assert finding(*intervals, above=above, below=below).verdict is expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([YES, YES], YES),
        ([NO, NO], NO),
        ([OPEN], OPEN),
        ([YES, NO], Verdict.DEPENDS),
        ([YES, OPEN], Verdict.IN_SOME),
        ([NO, OPEN, NO], Verdict.IN_NONE),
        ([YES, NO, OPEN], Verdict.DEPENDS),
        ([], OPEN),
    ],
)
def test_the_verdict_over_readings(verdicts, expected):
    assert verdict_of(verdicts) is expected


def test_a_table(tmp_path):
    rows = [
        {"trial": trial, "labels": labels, "auc": 0.1 * trial + place}
        for trial in range(3)
        for place, labels in enumerate(("one-hot", "Bayes"))
    ]
    table = stack(rows)
    assert len(table) == 6
    assert table.distinct("labels") == ("one-hot", "Bayes")
    assert table.where(labels="Bayes", trial=2)["auc"].tolist() == [1.2]
    expected = [[0.0, 1.0], [0.1, 1.1], [0.2, 1.2]]
    np.testing.assert_array_equal(table.pivot("trial", "labels", "auc"), expected)
    path = tmp_path / "table.csv"
    table.write_csv(path)
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["labels"] for row in read] == [row["labels"] for row in rows]
    # All digits: what is read again is what was written, 0.1 * 3 is not 0.3.
    assert [float(row["auc"]) for row in read] == [row["auc"] for row in rows]


def test_a_table_refuses():
    table = Table({"a": [1, 2, 2], "b": [1, 1, 1], "c": [0.0, 1.0, 2.0]})
    with pytest.raises(InputError, match=r"got 'd'; expected one of a, b, c"):
        table["d"]
    # The pair (2, 1) occurs twice.
    with pytest.raises(InputError, match=r"3 rows, 2 different pairs"):
        table.pivot("a", "b", "c")
    with pytest.raises(InputError, match=r"one dimension, of one length"):
        Table({"a": [1, 2], "b": [1]})
    with pytest.raises(InputError, match=r"one dimension, of one length"):
        Table({"a": [[1, 2]]})
    assert len(Table({})) == 0
