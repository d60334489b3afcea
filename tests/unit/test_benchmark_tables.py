"""The tables of `make bench`, from planted reports: the ratios, and what is missing."""

import json
import math
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINE = {"processor": "P", "device": "cpu", "versions": "jax 1", "date": "2020-01-02"}


@pytest.fixture(scope="module")
def tables():
    sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests" / "benchmarks")]
    import benchmarked

    yield benchmarked
    del sys.path[:2]


def planted(*entries):
    """A run with entries (what, route, median, more), whose spread is ten per cent either way."""
    made = [
        {"what": what, "route": route, "median": m, "min": 0.9 * m, "max": 1.1 * m, **more}
        for what, route, m, more in entries
    ]
    return {"machine": MACHINE, "entries": made}


def test_a_report_of_pytest_benchmark_is_taken_over(tables):
    stats = {"median": 2.0, "min": 1.0, "max": 3.0, "mean": 99.0}
    report = {
        "machine_info": {"described": MACHINE},
        "benchmarks": [
            {"group": "g", "name": "t", "stats": stats, "extra_info": {"route": "ours", "x": 1}},
            {"group": None, "name": "t", "stats": stats, "extra_info": {}},
        ],
    }
    run = tables.taken(report)
    numbers = {"median": 2.0, "min": 1.0, "max": 3.0}
    assert run["entries"] == [
        {"what": "g", "route": "ours", **numbers},
        {"what": "t", "route": "t", **numbers},
    ]
    assert all(word in tables.machine_line(run) for word in MACHINE.values())


def test_ratios_are_those_of_medians(tables):
    run = planted(("sum", "ours", 0.2, {}), ("sum", "numpy", 0.8, {}), ("sum", "limit", 0.05, {}))
    (heading, row), others = tables.comparison_rows(run), tables.other_rows(run)
    assert len(others) == 1
    cells = dict(zip(heading, row, strict=True))
    assert cells["what"] == "sum"
    assert cells["ours"] == "200 ms (180 ms to 220 ms)"
    assert cells["NumPy, SciPy"].endswith("ours is 4 times faster")
    assert cells["obvious JAX"] == "-"
    # 0.2 s against 0.05 s.
    assert cells["limit"].endswith("ours takes 4 times as long, 25 % of it")


def test_a_route_on_less_is_compared_by_its_rate(tables):
    """A million in 2 s are 5e5 a second; ten in 1 ms are 1e4: fifty times, not a two-thousandth."""
    run = planted(
        ("grid", "ours", 2.0, {"rate": 5e5, "unit": "settings/s"}),
        ("grid", "plain", 1e-3, {"rate": 1e4, "unit": "settings/s", "size": "ten"}),
        ("grid", "smaller", 1e-3, {"size": "ten"}),
        ("grid", "other unit", 1.0, {"rate": 1.0, "unit": "bytes/s"}),
        ("grid", "the same", 1.96, {}),
    )
    _, plain, smaller, other, same = tables.other_rows(run)
    assert same[-1] == "as fast as ours"
    assert plain[-1] == "ours is 50 times faster"
    assert "10 k settings/s; ten" in plain[2]
    assert smaller[-1] == "not comparable"
    # Run on the same, so medians tell; the units of the rates differ.
    assert other[-1] == "ours is 2 times slower"


def test_a_route_that_was_stopped_bounds_the_ratio(tables):
    run = planted(("find", "ours", 0.01, {}), ("find", "numpy", 5.0, {"at_least": True}))
    assert tables.comparison_rows(run)[1][2].endswith("ours is more than 500 times faster")


def test_a_group_without_ours_has_no_ratios(tables):
    run = planted(("a", "numpy", 1.0, {}), ("a", "jax", 2.0, {}), ("a", "third", 2.0, {}))
    row = tables.comparison_rows(run)[1]
    assert row[1] == "-"
    assert not any("ours" in cell for cell in row)
    assert tables.other_rows(run)[1][-1] == "-"


def test_what_was_not_run_has_no_time(tables):
    note = {"note": "not run: 78 GiB", "size": "none"}
    run = planted(("big", "ours", 1.0, {}), ("big", "dense", 1e-7, note))
    assert tables.other_rows(run)[1] == ("big", "dense", "not run: 78 GiB", "-")


def test_limits_and_growths_have_tables_of_their_own(tables):
    grown = {
        "axis": "d",
        "sizes": [10, 20, 40],
        "seconds": [1e-3, 4e-3, 0.016],
        "bytes": [2**20, 2**21, 2**22],
        "time": [2.0, 0.01, "2 (d²)"],
        "memory": [1.0, 0.0, "1"],
    }
    run = planted(
        ("copy", "limit", 1.0, {"rate": 2e9, "unit": "bytes/s", "memory": 2**21}),
        ("svd", "svd", 1.0, {"growth": grown}),
    )
    assert len(tables.comparison_rows(run)) == len(tables.other_rows(run)) == 1
    (cell,) = [row[1] for row in tables.limit_rows(run)[1:]]
    assert "2 G bytes/s" in cell
    assert "peak 2 MiB" in cell
    told = tables.growth_rows(run)[1]
    assert told[:3] == ("svd", "d", "10 to 40")
    assert told[3:] == (
        *("1 ms to 16 ms", "2.00 ± 0.01", "2 (d²)"),
        *("1 MiB to 4 MiB", "1.00 ± 0.00", "1"),
    )
    assert tables.markdown(tables.growth_rows(run)).count("\n") == 2


def test_an_exponent_is_fitted_with_its_error(tables):
    import growth

    sizes = [8, 16, 32, 64]
    slope, error = growth.fitted(sizes, [3e-6 * size**2.5 for size in sizes])
    assert math.isclose(slope, 2.5)
    assert error < 1e-12
    # One of four points off by a factor e: with x in steps of log 2 the slope moves by
    # 1.5 / (5 log 2), and the residuals leave sum r^2 = 1 - 1/4 - 1.5^2 / 5 = 0.3 over two degrees.
    values = [1.0, 1.0, 1.0, math.e]
    slope, error = growth.fitted(sizes, values)
    assert math.isclose(slope, 1.5 / (5 * math.log(2)))
    assert math.isclose(error, math.sqrt(0.3 / 2 / (5 * math.log(2) ** 2)))
    with pytest.raises(ValueError, match="three or more"):
        growth.fitted([1, 2], [1.0, 2.0])


def test_what_the_page_keeps_has_every_kind_of_row(tables):
    """Its structure, not its numbers: each section of the last run says something."""
    run = json.loads(tables.KEPT.read_text(encoding="utf-8"))
    assert all(len(make(run)) > 1 for make in tables.SECTIONS.values())
    headings, *rows = tables.comparison_rows(run)
    assert all(len(row) == len(headings) for row in rows)
    compared = [row for row in rows if "ours is" in row[2] + row[3]]
    assert len(compared) >= 8
    found = json.loads(tables.FALSIFIED.read_text(encoding="utf-8"))
    assert set(found) == {"machine", "claims"}
    assert all(row["seen"] is None or row["seen"] > 0 for row in found["claims"])
