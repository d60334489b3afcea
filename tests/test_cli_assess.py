"""The command ``assess``: files, the example with digits, a figure; and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kdtheory import assessment
from kdtheory.assessment import assess, example_inputs, examples
from kdtheory.cli import app

pytestmark = pytest.mark.xdist_group("assessment")

GENERATOR = np.random.default_rng(20260601)
TRUTH = GENERATOR.dirichlet([1.0, 1.0, 1.0], size=240)
DRAWN = (GENERATOR.random((240, 2, 1)) > TRUTH.cumsum(axis=1)[:, None]).sum(axis=2)
FLAT = np.full((240, 3), 1 / 3)
LOSSES = 1 - TRUTH


def run(*arguments: object):
    return CliRunner().invoke(app, ["--no-cache", "assess", *map(str, arguments)])


def words(result) -> str:
    return " ".join(result.stdout.split())


def refused(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 2, result.stdout
    assert result.stderr.startswith("kdtheory: ")
    return " ".join(result.stderr.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.savez(tmp_path / "all.npz", exact=TRUTH, flat=FLAT, labels=DRAWN, losses=LOSSES)
    np.save(tmp_path / "exact.npy", TRUTH)
    np.save(tmp_path / "labels.npy", DRAWN)
    np.savetxt(tmp_path / "flat.csv", FLAT, delimiter=",", header="a,b,c", comments="")
    np.savetxt(tmp_path / "losses.csv", LOSSES, delimiter=",", fmt="%.17g")
    return tmp_path


def test_one_archive_or_many_files(folder: Path) -> None:
    figure = folder / "figure.svg"
    result = run(folder / "all.npz", "-o", figure)
    assert result.exit_code == 0, result.stderr
    said = words(result)
    assert "240 examples, 3 possible labels; 2 labels per example" in said
    assert "flat minus exact: Brier +" in said
    assert "told apart, by the Brier loss" in said
    assert "gradient-noise ratio" in said
    assert "Break-even at N* =" in said  # the teacher without an opinion
    assert "No upper end: the bias may be zero." in said  # the exact one
    assert "If this teacher were Bayes" not in said
    assert figure.read_text().startswith("<?xml")
    one = json.loads(run(folder / "all.npz", "--json").stdout)
    files = [folder / "exact.npy", folder / "flat.csv", "--labels", folder / "labels.npy"]
    other = json.loads(run(*files, "--losses", folder / "losses.csv", "--json").stdout)
    assert one.pop("input") == str(folder / "all.npz")
    assert other.pop("input") == f"{folder / 'exact.npy'}, {folder / 'flat.csv'}"
    found = assess({"exact": TRUTH, "flat": FLAT}, DRAWN, losses=LOSSES)
    assert assessment.Assessment.from_dict(one) == found
    assert one["teachers"][0] == other["teachers"][0]


def test_what_is_always_better_and_what_never(tmp_path: Path) -> None:
    """Balanced labels and a flat teacher: no bias. Sure labels and a teacher who guesses: noise."""
    np.savez(
        tmp_path / "unbiased.npz",
        flat=FLAT,
        labels=np.arange(240) % 3,
        losses=np.tile([0.0, 1.0, 2.0], (240, 1)),
    )
    said = words(run(tmp_path / "unbiased.npz"))
    assert "inf (" in said
    assert "Up to N =" in said
    assert "Best temperature: as it is. Best smoothing: none." in said
    np.savez(
        tmp_path / "guessing.npz",
        guess=np.eye(2)[np.arange(240) % 2],
        labels=np.zeros(240, int),
        losses=np.tile([0.0, 1.0], (240, 1)),
    )
    said = words(run(tmp_path / "guessing.npz"))
    assert "0 (0 to 0)" in said
    assert "One-hot labels give the more accurate risk of this student at every sample size" in said
    assert "120 examples have a label to which it gives probability zero" in said


def test_one_label_per_example_says_what_is_missing(folder: Path) -> None:
    np.savetxt(folder / "single.csv", DRAWN[:, 0], fmt="%d")
    result = run(folder / "exact.npy", "--labels", folder / "single.csv", "--level", "0.9")
    said = words(result)
    assert "One label per example does not tell the excess risk" in said
    assert "With --losses" in said
    assert "If this teacher were Bayes" in said
    assert "as it may be" in said
    assert "Intervals: 90%" in said
    assert "excess is between" in said


def test_logits_and_what_looks_like_the_other(folder: Path) -> None:
    np.save(folder / "logits.npy", 2 * np.log(TRUTH) + 1)
    labels = ("--labels", folder / "labels.npy")
    result = run(folder / "logits.npy", *labels, "--logits", "--losses", folder / "losses.csv")
    assert "Best temperature" in words(result)
    assert "At its best temperature N" in words(result).replace("no bias is seen: N", "N")
    assert "too sure" in words(result)
    assert "Warning" not in words(result)
    assert "say so: logits=True, or --logits" in refused(folder / "logits.npy", *labels)
    said = words(run(folder / "exact.npy", *labels, "--logits"))
    assert "Warning: exact: rows sum to one and none is negative" in said


def test_digits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = examples.shipped_dataset

    def few(name: str):
        bunch = whole(name)
        bunch.data, bunch.target = bunch.data[:250], bunch.target[:250]
        return bunch

    monkeypatch.setattr(examples, "shipped_dataset", few)
    monkeypatch.setattr(examples, "TREES", 5)
    figure = tmp_path / "digits.png"
    result = run("--example", "digits", "-o", figure)
    assert result.exit_code == 0, result.stderr
    said = words(result)
    assert "250 examples, 10 possible labels; 1 label per example; the student's losses" in said
    assert "random forest minus logistic regression" in said
    assert figure.read_bytes().startswith(b"\x89PNG")
    given = example_inputs("digits")
    for table in given.teachers.values():
        assert table.sum(axis=1) == pytest.approx(np.ones(250))
        assert (table.argmax(axis=1) == given.labels).mean() > 0.6
    # Brier losses: the mean over labels of |e_y - q|^2 is |q|^2 + 1 - 2/10.
    assert 0 <= given.losses.min() <= given.losses.max() <= 2


@pytest.mark.parametrize("model", ["logistic regression", "random forest", "student"])
def test_predictions_are_of_examples_not_trained_on(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Labels that are coins: on its own examples a model does better than 0.6, on others it cannot.

    300 coins: 0.6 is 3.5 standard deviations above one half.
    """
    monkeypatch.setattr(examples, "TREES", 5)
    rng = np.random.default_rng(1)
    pixels, coins = rng.normal(size=(300, 40)), rng.integers(0, 2, 300)
    found = examples.predictions(model, pixels, coins, 0)
    assert (found.argmax(axis=1) == coins).mean() < 0.6


def test_digits_need_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert "pip install 'kdtheory[replications]'" in refused("--example", "digits")


def changed(table, place, value):
    other = np.array(table, float)
    other[place] = value
    return other


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"t": changed(TRUTH, (7, 1), np.nan)}, "t: got nan at index (7, 1)"),
        ({"t": changed(TRUTH, (7, 1), 5.0)}, "t: got row (7,) summing to 5."),
        ({"t": 100 * TRUTH}, "Divide each row by its sum; if these are logits, say so"),
        ({"t": np.log(TRUTH)}, "expected probabilities, none negative"),
        ({"t": TRUTH[:, :1] * 0 + 1}, "one column; expected one column for every label"),
        ({"t": TRUTH[:, 0]}, "Of two labels give both columns"),
        ({"t": TRUTH, "u": FLAT[:100]}, "u: got shape (100, 3)"),
        ({"t": TRUTH[:20], "labels": DRAWN[:20]}, "20 examples; expected at least 30"),
        ({"t": TRUTH, "labels": DRAWN[:100]}, "labels of 100 examples; expected 240"),
        ({"t": TRUTH, "labels": DRAWN.T}, "They may be transposed"),
        ({"t": TRUTH, "labels": DRAWN + 1}, "They seem to count from 1: subtract 1."),
        ({"t": TRUTH, "labels": DRAWN + 2}, "Number the labels 0 to 2"),
        ({"t": TRUTH, "labels": changed(DRAWN, (5, 1), 0.5)}, "0.5 of example 5, annotator 1"),
        ({"t": TRUTH, "labels": changed(DRAWN[:, 0], 5, -2)}, "-2 of example 5; expected"),
        ({"t": TRUTH, "labels": changed(DRAWN, 3, np.nan)}, "nan of example 3"),
        ({"t": TRUTH, "labels": changed(DRAWN, 3, -1)}, "no label of example 3"),
        ({"t": TRUTH, "labels": np.eye(3)[DRAWN[:, 0]]}, "one-hot rows"),
        ({"t": TRUTH, "labels": np.array(["a"] * 240)}, "labels: got text"),
        ({"t": TRUTH, "losses": LOSSES[:, 0]}, "losses: got an array of shape (240,)"),
        ({"t": TRUTH, "losses": LOSSES[:, :2]}, "what each possible label would cost"),
        ({"t": TRUTH, "losses": changed(LOSSES, 0, np.inf)}, "losses: got inf at index (0, 0)"),
        ({}, "no table of a teacher"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path: Path, arrays, expected: str) -> None:
    np.savez(tmp_path / "it.npz", **{"labels": DRAWN[: len(TRUTH)], **arrays})
    assert expected in refused(tmp_path / "it.npz")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("none.npy", None, "no such file"),
        ("text.npy", "hello", "an array of Python objects, or no .npy file"),
        ("empty.npy", "", "a file that cannot be read"),
        ("table.txt", "1,2", "the extension '.txt'; expected .npy, .npz, .csv"),
        ("no.npz", "hello", "a file that is not a zip archive"),
        ("cell.csv", "a,b\n0.5,0.5\n0.5,x\n", "'x' in line 3, cell 2"),
        ("gap.csv", "0.5,0.5\n0.5,\n", "an empty cell in line 2, cell 2"),
        ("short.csv", "0.5,0.5\n1\n", "1 cells in line 2; expected 2"),
        ("blank.csv", "a,b\n", "no numbers; expected one row per example"),
        ("latin.csv", b"a,\xe9\n1,2\n", "text that cannot be read"),
    ],
)
def test_files_that_cannot_be_read(folder: Path, name: str, content, expected: str) -> None:
    if content is not None:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    assert expected in refused(folder / name, "--labels", folder / "labels.npy")


def test_objects_and_folders(folder: Path) -> None:
    np.save(folder / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    labels = ("--labels", folder / "labels.npy")
    assert "nothing is unpickled" in refused(folder / "objects.npy", *labels)
    assert "got a folder" in refused(folder, *labels)


def test_requests_that_contradict_themselves(folder: Path) -> None:
    exact, labels = folder / "exact.npy", folder / "labels.npy"
    assert "neither a file nor --example" in refused()
    assert "files and --example" in refused(exact, "--example", "digits")
    assert "--labels: got it with --example" in refused("--example", "digits", "--labels", labels)
    assert "--logits: got it with --example" in refused("--example", "digits", "--logits")
    assert "expected one of digits" in refused("--example", "cats")
    assert "no labels" in refused(exact)
    assert "Leave one of them out" in refused(folder / "all.npz", "--labels", labels)
    np.savez(folder / "more.npz", more=TRUTH, labels=DRAWN[:, 0])
    said = refused(folder / "all.npz", folder / "more.npz")
    assert "labels other than those of another file" in said
    np.savez(folder / "more.npz", more=TRUTH, labels=DRAWN)
    given = assessment.read_inputs([folder / "all.npz", folder / "more.npz"])
    assert list(given.teachers) == ["exact", "flat", "more"]
    twice = refused(exact, exact, "--labels", labels)
    assert "a second teacher named 'exact'" in twice
    assert "--output: got '.gif'" in refused(exact, "--labels", labels, "-o", "x.gif")
    assert "level: got 1;" in refused(exact, "--labels", labels, "--level", "1")


def test_an_archive_of_labels_alone_and_a_teacher_named_by_its_file(folder: Path) -> None:
    np.savez(folder / "mine.npz", probs=TRUTH)
    np.savez(folder / "annotations.npz", labels=DRAWN, other=DRAWN)
    given = assessment.read_inputs([folder / "mine.npz"], folder / "annotations.npz")
    assert list(given.teachers) == ["mine"]
    assert (given.labels == DRAWN).all()
    np.savez(folder / "nameless.npz", a=DRAWN, b=DRAWN)
    said = refused(folder / "mine.npz", "--labels", folder / "nameless.npz")
    assert "the arrays a, b; expected one named labels" in said


# --- figures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("annotators", [1, 2])
def test_the_figure_shows_what_the_risk_is_made_of(annotators: int) -> None:
    found = assess({"exact": TRUTH, "flat": FLAT}, DRAWN[:, :annotators])
    ax = assessment.plot_risks(found)
    for place, teacher in enumerate(found.teachers):
        bars = [p for p in ax.patches if abs(p.get_y() + p.get_height() / 2 - place) < 0.1]
        widths = sum(bar.get_width() for bar in bars)
        known = teacher.identified
        if known is None:
            assert widths == pytest.approx(teacher.brier.value)
        else:
            whole = max(known.excess.value, 0) + known.irreducible.value
            assert widths == pytest.approx(whole)
    # What is named stands below the label of the axis, however low the axes are.
    ax.figure.canvas.draw()
    named, label = (one.get_window_extent() for one in (ax.get_legend(), ax.xaxis.label))
    assert named.y1 < label.y0
    names = {text.get_text() for text in ax.get_legend().get_texts()}
    assert ("irreducible" in names) == (annotators == 2)
    assert ("excess or irreducible: not identified" in names) == (annotators == 1)


def test_reliability_lies_where_the_bins_are() -> None:
    found = assess({"exact": TRUTH, "flat": FLAT}, DRAWN)
    ax = assessment.plot_reliability(found)
    bins = found["exact"].reliability
    drawn = ax.containers[[t.name for t in found.teachers].index("exact")].lines[0]
    assert drawn.get_xdata() == pytest.approx([one.confidence for one in bins])
    assert drawn.get_ydata() == pytest.approx([one.accuracy for one in bins])
    top = TRUTH.argmax(axis=1)
    right = (top[:, None] == DRAWN).mean(axis=1)
    share = np.average([one.accuracy for one in bins], weights=[one.share for one in bins])
    assert share == pytest.approx(right.mean())
    # Three equal labels are one bin: preferred is the first.
    (flat,) = found["flat"].reliability
    assert flat.confidence == pytest.approx(1 / 3)
    assert flat.accuracy == pytest.approx((DRAWN == 0).mean())
