"""Small languages: runs are repeatable, and planted tables get the verdict they should."""

import dataclasses
import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from kdtheory.replications import _language_runs as runs
from kdtheory.replications.cui_pei_language import STUDY
from kdtheory.replications.records import Table, Verdict, verdict_of

TINY = runs.Config(trials=3, students=3, prompts=2, tokens=2, length=3, responses=(1, 5, 9))


def silent(done, total):
    pass


@pytest.fixture(scope="module")
def tables():
    return STUDY.simulate(TINY, 0, silent)


def test_the_same_seed_gives_the_same_tables_and_another_one_others(tables):
    again, other = (STUDY.simulate(TINY, seed, silent) for seed in (0, 1))
    for name, table in tables.items():
        for column in table.columns:
            np.testing.assert_array_equal(table[column], again[name][column])
    students = tables["students"].where(student="softmax")
    assert (students["within"] != other["students"].where(student="softmax")["within"]).all()
    # One answer to each prompt: dividing the decay by one changes nothing.
    divided = tables["students"].where(student="softmax, decay / k", k=1)
    assert (divided["within"] == students.where(k=1)["within"]).all()


def test_progress_reaches_its_end():
    seen = []
    STUDY.simulate(dataclasses.replace(TINY, trials=2), 0, lambda *state: seen.append(state))
    assert seen == [(done, 16) for done in range(1, 17)]


def planted(change, scatter=0.01):
    """Tables in which everything is as the text says, but for what is changed."""
    rng = np.random.default_rng(0)
    students, weighting = [], []
    kinds = (*runs.SOFTMAX, *runs.SMOOTHING, runs.MOST_FREQUENT, runs.SHARES)
    for trial, kind, k in itertools.product(range(8), kinds, (1, 5, 9)):
        row = {"teacher": 1.0, "within": 1 - 1 / k, "across": 1 / k, "squared_bias": 0.2 / k}
        row |= {"number_teacher": 4.0, "number_within": 4 * (1 - 1 / k), "number_across": 4 / k}
        row |= {"hallucination": 0.3 / k, "next_token_hallucination": 0.3 / k}
        row |= {"answers": "sampled", "trial": trial, "student": kind, "k": k}
        students.append(row)
        if k == 1:
            students.append(row | {"answers": "likeliest", "squared_bias": 0.7})
    names = ("variances", "variances, fresh responses", "squared errors, fresh responses")
    for trial, weights, k in itertools.product(range(8), names, (1, 5, 9)):
        row = {"variance": 0.4, "variance_teacher": 0.5, "variance_student": 0.6}
        row |= {"error": 0.4, "error_teacher": 0.6, "error_student": 0.5}
        row |= {"squared_bias": 0.1, "squared_bias_student": 0.2, "teacher": 1.0}
        row |= {"hallucination": 0.1, "hallucination_student": 0.2}
        weighting.append({**row, "trial": trial, "student": "softmax", "weights": weights, "k": k})
    for row in (*students, *weighting):
        change(row)
        for name, value in row.items():
            if isinstance(value, float) and not name.endswith("teacher"):
                row[name] = value * (1 + scatter * rng.normal())
    return {
        name: Table({column: [row[column] for row in rows] for column in rows[0]})
        for name, rows in (("students", students), ("weighting", weighting))
    }


def verdicts(change, **options):
    found = STUDY.judge(planted(change, **options))
    return {
        one.key: verdict_of(f.verdict for f in found if f.statement == one.key)
        for one in STUDY.statements
    }


def test_planted_tables_that_are_as_the_text_says_replicate_it():
    assert set(verdicts(lambda row: None).values()) == {Verdict.REPLICATED}


def in_turn(**values):
    """Changes the columns named, each to a function of the row."""

    def change(row):
        new = {name: value(row) for name, value in values.items() if name in row}
        row |= new

    return change


def of_weighting(name, value):
    return lambda row: value if "weights" in row else row[name]


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("suppressed", in_turn(within=lambda r: 0.95, number_within=lambda r: 3.8)),
        ("differ", in_turn(across=lambda r: 0.09 / r["k"], number_across=lambda r: 0.3 / r["k"])),
        (
            "rate",
            in_turn(across=lambda r: r["k"] ** -0.8, number_across=lambda r: r["k"] ** -0.8),
        ),
        (
            "systematic noise",
            in_turn(squared_bias=lambda r: 0.2, squared_bias_student=lambda r: 0.19),
        ),
        (
            "hallucination",
            in_turn(
                hallucination=lambda r: 0.2,
                hallucination_student=lambda r: 0.2,
                next_token_hallucination=lambda r: 0.3,
            ),
        ),
        ("reflects", in_turn(within=lambda r: 0.5 + 1.02 * (r["k"] > 1))),
        (
            "collapse",
            in_turn(squared_bias=lambda r: 0.22 if r.get("answers") == "likeliest" else 0.2),
        ),
        ("weighting", in_turn(variance=lambda r: 0.55, error=lambda r: 0.55)),
    ],
)
def test_planted_tables_that_are_otherwise_do_not_replicate_it(key, change):
    assert verdicts(change)[key] == Verdict.NOT_REPLICATED


def test_where_trials_scatter_widely_nothing_is_decided():
    found = STUDY.judge(planted(in_turn(squared_bias=lambda r: 0.2), scatter=0.4))
    noise = [one for one in found if one.statement == "systematic noise"]
    assert Verdict.UNDECIDED in {one.verdict for one in noise}
    assert Verdict.REPLICATED not in {one.verdict for one in noise if "weights" not in one.reading}


def test_there_is_nothing_to_fall_from_zero():
    found = STUDY.judge(planted(in_turn(hallucination=lambda r: 0.0)))
    answers = [one for one in found if one.reading == "table; in whole answers; more responses"]
    assert [m.estimate.value for m in answers[0].measurements] == [0.0, 0.0]
    assert answers[0].verdict == Verdict.NOT_REPLICATED


def test_judging_and_drawing_the_tables_of_a_run(tables):
    found = STUDY.judge(tables)
    assert {one.statement for one in found} == {one.key for one in STUDY.statements}
    assert found[0].reading == "softmax"
    figure = Figure(figsize=STUDY.figure_size, layout="constrained")
    STUDY.draw(tables, figure)
    figure.draw_without_rendering()
    labels = [text.get_text() for text in figure.axes[-1].get_legend().get_texts()]
    assert "1/k" in labels
    assert "softmax" in labels
