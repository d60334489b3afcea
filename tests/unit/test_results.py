"""Results: to JSON and back, whatever they hold."""

import dataclasses
import json
import math

import pytest

from kdtheory import results

INF, NAN = math.inf, math.nan

EXAMINED = results.Examined((3, 2), 10, 9, -1e-17, 1, 2, 3, None)
RECORDS = {
    "counterexample": results.Counterexample(
        size=(2,),
        names=("p", ""),
        parts=((("1/3", "2/3"),), "0"),
        lhs="1/7",
        rhs="0",
        violation=1 / 7,
        note="x",
    ),
    "examined": EXAMINED,
    "vacuous": dataclasses.replace(EXAMINED, vacuous=0.25, worst_slack=INF),
    "case": results.CaseResult("corner", "null", -INF, INF, 0.0, True),
    "draws": results.MonteCarlo(
        "lhs", (2, 2), "betting", 16, 4096, -INF, 0.01, 1e-3, results.Outcome.DISPUTED
    ),
    "mutation": results.Mutation("a/b", "sides swapped", ("search", "draws"), 1.5, ""),
    "search": results.Search((1,), 256, -INF, None, 255),
    "ablation": results.Ablation("a/b", "law", "case", -1.0, INF, None, True),
}
CHECK = results.Check(
    slug="room/name",
    verdict=results.Verdict.VIOLATED,
    expected=results.Verdict.HOLDS,
    reason="because",
    seed=7,
    dtype="float64",
    examined=(EXAMINED, RECORDS["vacuous"]),
    cases=(RECORDS["case"],),
    monte_carlo=(RECORDS["draws"],),
    searches=(RECORDS["search"],),
    counterexample=RECORDS["counterexample"],
    seconds=1.5,
)
RECORDS["check"] = CHECK
RECORDS["empty check"] = dataclasses.replace(
    CHECK, examined=(), cases=(), monte_carlo=(), searches=(), counterexample=None
)
RECORDS["ablation with counterexample"] = dataclasses.replace(
    RECORDS["ablation"], counterexample=RECORDS["counterexample"]
)


def there_and_back(record):
    text = json.dumps(results.to_dict(record), allow_nan=False)
    return results.from_dict(type(record), json.loads(text))


@pytest.mark.parametrize("name", RECORDS)
def test_json_round_trip(name):
    assert there_and_back(RECORDS[name]) == RECORDS[name]


def test_nan_survives_although_it_equals_nothing():
    again = there_and_back(dataclasses.replace(RECORDS["case"], lhs=NAN, slack=NAN))
    assert math.isnan(again.lhs)
    assert math.isnan(again.slack)
    assert again.rhs == INF


def test_what_is_written():
    data = CHECK.to_dict()
    assert data["verdict"] == "violated"
    assert data["examined"][0]["size"] == [3, 2]
    assert data["examined"][1]["worst_slack"] == "inf"
    assert data["searches"][0]["detectable_weakening"] is None
    assert data["counterexample"]["parts"] == [[["1/3", "2/3"]], "0"]


def test_a_counterexample_reads_like_one():
    assert str(RECORDS["counterexample"]).splitlines() == [
        "size (2,)",
        "  p          = ((1/3, 2/3))",
        "  part 2     = 0",
        "  left side  = 1/7",
        "  right side = 0",
        "  fails by   = 0.142857",
    ]


def test_long_arrays_are_written_row_by_row_and_long_numbers_cut():
    third = "33333333333333333333333333333/100000000000000000000000000000"
    long = dataclasses.replace(
        RECORDS["counterexample"],
        names=("number", "matrix"),
        parts=(third, (("1/1000000",) * 6,) * 2 + (("0",) * 6,)),
    )
    assert long.instance.splitlines() == [
        "size (2,)",
        # 0.33333333333333333333333333333, of which 25 digits
        "  number     = 0.3333333333333333333333333...",
        "  matrix     = ((1/1000000, 1/1000000, 1/1000000, 1/1000000, 1/1000000, 1/1000000),",
        "                (1/1000000, 1/1000000, 1/1000000, 1/1000000, 1/1000000, 1/1000000),",
        "                (0, 0, 0, 0, 0, 0))",
    ]
    assert str(long).startswith(long.instance)
    cut = dataclasses.replace(long, parts=("0.12345678901234567890123456...", "inf"))
    assert "= 0.12345678901234567890123456..." in cut.instance


def test_the_methods_of_a_check_are_the_functions():
    assert results.Check.from_dict(CHECK.to_dict()) == CHECK
    assert not CHECK.as_expected
    assert dataclasses.replace(CHECK, expected=results.Verdict.VIOLATED).as_expected


def test_fields_that_a_later_version_added_may_be_missing():
    data = CHECK.to_dict()
    del data["seconds"], data["searches"]
    assert results.Check.from_dict(data) == dataclasses.replace(CHECK, seconds=0.0, searches=())
