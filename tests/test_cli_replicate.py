"""The command ``replicate``: files, findings, a folder of one's own, and what it refuses."""

import csv
import dataclasses
import json
import sys
import types

import pytest
import toy_study
from typer.testing import CliRunner

from kdtheory import _studies, replications
from kdtheory.cli import app


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    """The toy study, and the same by another name, are the whole collection."""
    monkeypatch.setattr(replications, "NAMES", ("toy", "toy_two"))
    monkeypatch.setitem(sys.modules, "kdtheory.replications.toy", toy_study)
    other = types.SimpleNamespace(STUDY=dataclasses.replace(toy_study.STUDY, name="toy_two"))
    monkeypatch.setitem(sys.modules, "kdtheory.replications.toy_two", other)


def run(*arguments: object):
    return CliRunner().invoke(app, ["--no-cache", "replicate", *map(str, arguments)])


def test_one_study(tmp_path):
    folder = tmp_path / "new" / "folder"
    result = run("toy", "-o", folder, "--seed", 1, "--readings")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in folder.iterdir()) == [
        "toy.json",
        "toy.png",
        "toy_tosses.csv",
    ]
    with (folder / "toy_tosses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    # Two readings, two coins, fifty tosses.
    assert len(rows) == 200
    said = " ".join(result.stdout.split())
    for words in (
        "depends on what the text leaves open: b shows more heads than a",
        "not replicated from the description: fair b against a: ",
        "replicated: loaded b against a: ",
        "Left open: load. Tried: none; 3 for b.",
        "both are small (ours)",
        "Coins have no memory.",
        "Size small, seed 1.",
    ):
        assert words in said
    kept = json.loads((folder / "toy.json").read_text())
    assert kept["seed"] == 1
    assert kept["settings"] == {"trials": 50}
    better = kept["statements"][0]
    assert better["verdict"] == "depends on what the text leaves open"
    [fair] = [one for one in better["readings"] if one["reading"] == "fair"]
    heads = {coin: [float(r["heads"]) for r in rows if r["coin"] == coin] for coin in "ab"}
    difference = (sum(heads["b"][:50]) - sum(heads["a"][:50])) / 50
    assert fair["measured"][0]["value"] == pytest.approx(difference)
    assert json.loads(run("toy", "-o", folder, "--seed", 1, "--json").stdout) == [kept]


def test_the_first_reading_and_the_count_of_all(tmp_path):
    said = " ".join(run("toy", "-o", tmp_path, "--seed", 1).stdout.split())
    assert "not replicated from the description: fair b against a: " in said
    assert "loaded b against a" not in said
    assert "over 2 readings: 1 replicated, 1 not;" in said


def test_seeds_and_sizes(tmp_path):
    def tosses(*options):
        assert run("toy", "-o", tmp_path, *options).exit_code == 0
        return (tmp_path / "toy_tosses.csv").read_text()

    assert tosses("--seed", 1) == tosses("--seed", 1)
    assert tosses("--seed", 1) != tosses("--seed", 2)
    assert len(tosses("--size", "paper").splitlines()) == 801


def test_all_of_them_are_a_table(tmp_path):
    result = run("all", "-o", tmp_path, "--jobs", 1)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert said.count("b shows more heads than a") == 2
    assert "1 replicated, 1 not" in said


def test_a_glob_and_the_list(tmp_path):
    listed = run()
    assert listed.exit_code == 0
    assert "toy_two" in listed.stdout
    assert "Menon et al. 2020, Figure 1" in listed.stdout
    assert [one["study"] for one in json.loads(run("--json").stdout)] == ["toy", "toy_two"]
    assert run("to?", "-o", tmp_path).exit_code == 0
    assert len(list(tmp_path.glob("toy_two*"))) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tuy"], "study: got 'tuy'; expected one of toy, toy_two. Did you mean toy"),
        (["toy", "--train", "a.txt"], "got no --test; expected both files"),
        (
            ["toy", "--train", "a", "--test", "b"],
            "got them for toy; expected them for menon_table_1",
        ),
    ],
)
def test_bad_input(arguments, words, tmp_path):
    result = run(*arguments, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("toy", "-o", tmp_path / "file")
    assert result.exit_code == 2
    assert "cannot be written" in result.output


def test_what_is_finished_stays(tmp_path, monkeypatch):
    def interrupted(names, settings, moved):
        yield names[0], toy_study.simulate(toy_study.Config(9), 0, lambda done, total: None)
        raise KeyboardInterrupt

    monkeypatch.setattr(_studies, "_here", interrupted)
    result = run("all", "-o", tmp_path, "--jobs", 1, "--seed", 5)
    assert result.exit_code == 130
    said = " ".join(result.output.split())
    assert "interrupted after 1 of 2 studies" in said
    assert f"the rest: kdtheory replicate toy_two --size small --seed 5 -o {tmp_path}" in said
    assert (tmp_path / "toy.json").exists()


def test_the_bar_adds_up_the_shares():
    seen = []
    moved = _studies._bar(lambda name, done: seen.append((name, done)))
    moved("a", 0, 1)
    moved("b", 1, 4)
    moved("a", 1, 1)
    assert seen == [("a", 0), ("a, b", 250), ("b", 1250)]
