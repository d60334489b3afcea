"""What every study has: a paper, statements that can be told apart, choices, both sizes."""

import dataclasses
import math
import sys
from pathlib import Path

import pytest
import toy_study

from kdtheory import replications
from kdtheory.replications import NAMES, find, replicate
from kdtheory.replications.records import Finding, Study, Verdict


@pytest.fixture(params=NAMES)
def study(request) -> Study:
    return find(request.param)


def test_a_study_is_complete(study):
    assert find(study.name) is study
    keys = [statement.key for statement in study.statements]
    assert len(set(keys)) == len(keys)
    assert any(not statement.ours for statement in study.statements)
    assert set(study.sizes) == {"small", "paper"}
    assert all(dataclasses.is_dataclass(size) for size in study.sizes.values())
    assert study.sizes["small"] != study.sizes["paper"]
    assert study.choices
    # A choice that is left open is varied.
    assert [choice.name for choice in study.choices if len(choice.tried) < 2] == []


def test_sentences_end_where_a_page_expects_it(study):
    phrases = [study.title]
    for statement in study.statements:
        phrases += [statement.says, statement.test]
    assert [phrase for phrase in phrases if phrase[0].islower()] == []
    for choice in study.choices:
        phrases += [choice.name, *choice.tried]
    assert [phrase for phrase in phrases if phrase.endswith((".", " ")) or "  " in phrase] == []
    sentences = [study.done, *study.notes]
    assert [one for one in sentences if not one.endswith(".") or "  " in one] == []


def test_an_unknown_size_is_refused():
    with pytest.raises(ValueError, match="size: got 'large'; expected one of small, paper"):
        replicate("li_he_tightness", "large")


def test_files_are_for_the_study_that_reads_them(tmp_path):
    with pytest.raises(ValueError, match="got them for li_he_tightness; expected them for menon"):
        replicate("li_he_tightness", files=(tmp_path, tmp_path))
    assert [name for name in NAMES if find(name).on_files] == ["menon_table_1"]


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "kdtheory.replications._forests", raising=False)
    monkeypatch.delitem(sys.modules, "kdtheory.replications.menon_figure_3", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ValueError, match=r"no installed sklearn; .* pip install 'kdtheory\[repl"):
        find("menon_figure_3")


def test_a_mistake_of_our_own_is_not_taken_for_a_missing_library(monkeypatch):
    monkeypatch.setattr(replications, "NAMES", ("no_such_module",))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        find("no_such_module")


def test_a_study_of_ones_own_that_is_not_judged_whole_is_refused():
    kept = dataclasses.replace(toy_study.STUDY, judge=lambda tables: toy_study.judge(tables)[:1])
    with pytest.raises(ValueError, match="judge of toy: got findings on better; .* better, small"):
        _ = replicate(kept).findings


def test_a_statement_without_numbers_has_no_range():
    empty = (Finding("better", "", ()), Finding("small", "", ()))
    outcome = replicate(dataclasses.replace(toy_study.STUDY, judge=lambda tables: empty))
    assert outcome.verdict("better") is Verdict.UNDECIDED
    assert all(map(math.isnan, outcome.span("better")))


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed: got -1"):
        replicate(toy_study.STUDY, seed=-1)


def test_files_may_be_named_by_text():
    seen = []
    reading = dataclasses.replace(
        toy_study.STUDY, on_files=lambda *given: seen.append(given[:2]) or {}
    )
    replicate(reading, files=("train.txt", "test.txt"))
    assert seen == [(Path("train.txt"), Path("test.txt"))]
