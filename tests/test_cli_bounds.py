"""The command ``bounds``: a process, a family, samples of the gap; and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

from kdtheory import gap_bounds
from kdtheory.cli import app
from kdtheory.gap_bounds import samples

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("gap_bounds")


def run(*arguments: object):
    return CliRunner().invoke(app, ["--no-cache", "bounds", *map(str, arguments)])


def words(result) -> str:
    """What was written, its lines unwrapped."""
    return " ".join(result.stdout.split())


TILT = ("--example", "tilt", "--num-samples", "2")


def test_an_example_a_template_and_a_figure(tmp_path: Path) -> None:
    template, figure = tmp_path / "process.npz", tmp_path / "bounds.png"
    result = run(*TILT, "--save", template, "-o", figure)
    assert result.exit_code == 0
    said = words(result)
    assert "Tightest from above: Cramer-Chernoff, laws of the gap" in said
    assert "is the divergence of the data sets" in said
    assert "Not applicable: Theorem 8 with Proposition 9: the teacher is random." in said
    assert "yes: K_h =" in said
    assert figure.read_bytes().startswith(b"\x89PNG")
    read = run(template, "--json")
    again = json.loads(run(*TILT, "--json").stdout)
    data = json.loads(read.stdout)
    assert data["input"] == str(template)
    assert {**data, "input": ""} == {**again, "input": ""}
    assert data["student_gap"] == pytest.approx(data["above"][0]["value"], rel=1e-12)
    assert all(bound["checked"] for bound in data["above"])


def test_an_infinite_divergence_is_explained() -> None:
    said = words(run("--example", "deterministic"))
    assert "K_n is infinite, on the part of the algorithms." in said
    assert "K_n is infinite: with probability 0.2222 the teacher is deterministic" in said
    assert "Tightest from above: Single samples" in said
    assert said.count("vacuous") == 20  # all but single samples: 9 above, and 11 below
    data = json.loads(run("--example", "deterministic", "--json").stdout)
    assert data["divergence"] == "inf"
    assert data["infinite"]
    assert data["stability"] == 1.0


def test_a_student_in_two_parts(tmp_path: Path) -> None:
    path = tmp_path / "parts.npz"
    arrays = {
        "example_weights": [0.5, 0.5],
        "losses": [[0.0, 1.0], [1.0, 0.0]],
        "teacher_kernel": [[0.75, 0.25], [0.25, 0.75]],
        "num_samples": 1,
    }
    np.savez(path, **arrays, pseudo_data_law=[0.25, 0.75], student_kernel=[[1, 0], [0.5, 0.5]])
    data = json.loads(run(path, "--json").stdout)
    # h = 1/2 where the hypothesis fits its example: 1/4 + 3/8 of the time; else -1/2.
    assert data["student_gap"] == pytest.approx(0.625 - 0.5)
    # KL((1/4, 3/4) || fair), and 1/4 KL((1, 0) || (3/4, 1/4)) + 3/4 KL(fair || (1/4, 3/4)).
    dataset = 0.25 * np.log(0.5) + 0.75 * np.log(1.5)
    algorithm = 0.25 * np.log(4 / 3) + 0.375 * (np.log(2) + np.log(2 / 3))
    assert data["dataset_divergence"] == pytest.approx(dataset)
    assert data["algorithm_divergence"] == pytest.approx(algorithm)


def test_along_the_divergence(tmp_path: Path) -> None:
    figure = tmp_path / "curve.svg"
    result = run("--example", "deterministic", "--against", "divergence", "-o", figure)
    assert result.exit_code == 0
    assert "tilts of the teacher" in result.stdout
    assert "One in 3 of 41 values is shown" in result.stdout
    assert "svg" in figure.read_text(encoding="utf-8")


def test_along_the_samples() -> None:
    arguments = ("--example", "deterministic", "--num-samples", "3", "--against", "samples")
    data = json.loads(run(*arguments, "--json").stdout)
    assert data["x"] == [1.0, 2.0, 3.0]
    assert data["above"]["theorem8"][1:] == ["inf", "inf"]
    assert float(data["above"]["individual_sample"][2]) > data["student_gap"][2]
    assert "majority" in run(*arguments).stdout


SAMPLE = np.linspace(-0.2, 0.6, 20)


def test_samples_of_the_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "RESAMPLES", 100)
    path, figure = tmp_path / "gaps.npz", tmp_path / "gaps.pdf"
    np.savez(path, gaps=SAMPLE)
    arguments = (path, "--divergence", 0.1, "--range", -1, 1, "--seed", 5)
    result = run(*arguments, "-o", figure)
    assert result.exit_code == 0
    said = words(result)
    assert "not guarantees" in said
    assert "not checked" in said
    assert "seed 5" in said
    assert "With 95% confidence (either side by itself)" in said
    assert figure.read_bytes().startswith(b"%PDF")
    data = json.loads(run(*arguments, "--json").stdout)
    found = gap_bounds.bounds_from_samples(SAMPLE, 0.1, gap_range=(-1, 1), seed=5)
    assert gap_bounds.SampleBounds.from_dict(data) == found
    assert "Warning: Only 20 samples" in said
    # The divergence of the file, which the option overrules.
    np.savez(path, gaps=SAMPLE, divergence=0.1)
    other = words(run(path))
    assert "K_n = 0.1 nats, as stated" in other
    assert "With --range A B" in other
    assert "K_n = inf" in run(path, "--divergence", "inf").stdout


def saved(tmp_path: Path, drop: str = "", **changes: object) -> Path:
    path = tmp_path / "process.npz"
    arrays: dict[str, object] = {
        "example_weights": [0.5, 0.5],
        "losses": [[0.0, 1.0]],
        "teacher_kernel": [[1.0], [1.0]],
        "student_law": [[0.5], [0.5]],
        "num_samples": 1,
        **changes,
    }
    arrays.pop(drop, None)
    np.savez(path, allow_pickle=True, **{k: np.asarray(v) for k, v in arrays.items()})
    return path


@pytest.mark.parametrize(
    ("drop", "changes", "message"),
    [
        ("", {"teacher_kernel": [[0.9], [1.0]]}, "teacher_kernel: got row (0,) summing to 0.9"),
        ("", {"student_law": [[0.5], [0.6]]}, "student_law: got a sum of 1.1"),
        ("", {"student_law": [[-0.5], [1.5]]}, "student_law: got -0.5"),
        ("", {"losses": [[0.0, np.nan]]}, "losses: got nan"),
        ("", {"losses": [[0.0]]}, "losses: got 1 columns"),
        ("", {"teacher_kernel": [[1.0]] * 3}, "teacher_kernel: got 3 rows"),
        ("", {"num_samples": 0}, "num_samples: got 0"),
        ("", {"inputs": [0]}, "inputs: got 1 entries"),
        ("losses", {}, "without losses"),
        ("student_law", {}, "without student_law"),
        ("student_law", {"pseudo_data_law": [0.5, 0.5]}, "without student_kernel"),
        ("", {"student_kernel": [[1.0], [1.0]]}, "student_law together with student_kernel"),
        ("", {"loses": [[0.0]]}, "Did you mean 'losses'?"),
        ("", {"gaps": [0.1, 0.2]}, "gaps together with"),
        ("", {"divergence": 0.1}, "a divergence without gaps"),
        ("", {"losses": np.array([["a", {}]], dtype=object)}, "Python objects"),
    ],
)
def test_files_refused(tmp_path: Path, drop: str, changes: dict, message: str) -> None:
    result = run(saved(tmp_path, drop, **changes))
    assert result.exit_code == 2
    assert message in result.stderr
    assert "expected" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "got neither a file nor --example"),
        (["x.npz", "--example", "tilt"], "got a file and --example"),
        (["missing.npz"], "got no such file"),
        (["."], "got a folder"),
        (["--example", "tlit"], "example: got 'tlit'"),
        (["--example", "tilt", "--num-samples", "99"], "at most 50"),
        (["x.npz", "--num-samples", "2"], "--num-samples: got it with a file"),
        (["x.npz", "--save", "y.npz"], "--save: got it with a file"),
        (["x.npz", "--against", "samples"], "samples with a file"),
        (["--example", "tilt", "--against", "time"], "--against: got 'time'"),
        (["--example", "tilt", "--against", "samples", "--num-samples", "1"], "at least 2"),
        (["--example", "tilt", "--divergence", "1"], "--divergence: got it with a process"),
        (["--example", "tilt", "--range", "0", "1"], "--range: got it with a process"),
        (["--example", "tilt", "-o", "figure.gif"], "--output: got '.gif'"),
        (["--example", "tilt", "-o", "nowhere/figure.png"], "folder does not exist"),
        (["--example", "tilt", "--save", "process.csv"], "--save: got '.csv'"),
    ],
)
def test_requests_refused(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "expected" in result.stderr


def test_samples_and_archives_refused(tmp_path: Path) -> None:
    path = tmp_path / "gaps.npz"
    np.savez(path, gaps=SAMPLE)
    for arguments, message in (
        ((), "samples of the gap without a divergence"),
        (("--divergence", "nan"), "divergence: got nan"),
        (("--divergence", "0.1", "--range", "0", "1"), "with a sample of -0.2"),
        (("--divergence", "0.1", "--against", "divergence"), "--against: got it with samples"),
    ):
        result = run(path, *arguments)
        assert result.exit_code == 2
        assert message in result.stderr
    text = tmp_path / "text.npz"
    text.write_text("not an archive")
    assert "not a zip archive" in run(text).stderr
    whole = saved(tmp_path).read_bytes()
    text.write_bytes(whole[:100] + b"\0" * 60 + whole[160:])
    broken = run(text)
    assert broken.exit_code == 2
    assert "cannot be read" in broken.stderr


def test_a_file_keeps_its_precision(tmp_path: Path) -> None:
    with jax.enable_x64(False):
        read = gap_bounds.read_process(saved(tmp_path))
    assert read.losses.dtype == np.float64
    single = gap_bounds.read_process(saved(tmp_path, losses=np.float32([[0.0, 1.0]])))
    assert single.losses.dtype == np.float32
