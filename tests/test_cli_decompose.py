"""The command ``decompose``: one design, a sweep, a map, the optimum; and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kdtheory.cli import app


def run(*arguments: str):
    return CliRunner().invoke(app, ["--no-cache", *arguments])


DIABETES = ("decompose", "--dataset", "diabetes")
LINNERUD = ("decompose", "--dataset", "linnerud")


def test_decompose_adds_up(tmp_path: Path) -> None:
    arguments = ["decompose", "--dataset", "diabetes", "--inverse-temperature", "1"]
    result = run(*arguments)
    assert result.exit_code == 0
    assert "under the fitted model" in result.stdout
    assert "exact" not in result.stdout
    figure = tmp_path / "terms.png"
    data = json.loads(run(*arguments, "--json", "-o", str(figure)).stdout)
    total = sum(term["value"] for term in data["terms"])
    assert total == pytest.approx(data["bound"], rel=1e-12)
    gap = data["bound"] - data["divergence"]
    assert gap == pytest.approx(data["mutual_information"], rel=1e-12)
    assert gap > 0
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_decompose_reads_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "design.npz"
    np.savez(path, X=rng.normal(size=(3, 8)), W_star=rng.normal(size=(2, 3)))
    data = json.loads(run("decompose", str(path), "--noise-std", "0.5", "--json").stdout)
    assert data["num_outputs"] == 2
    assert not data["fitted"]
    zero = json.loads(
        run("decompose", str(path), "--noise-std", "0.5", "--rank", "0", "--json").stdout
    )
    assert zero["rank"] == 0


def test_a_sweep(tmp_path: Path) -> None:
    figure = tmp_path / "sweep.svg"
    arguments = (*DIABETES, "--sweep", "prior-precision=1e-6:1:30:log")
    result = run(*arguments, "-o", str(figure))
    assert result.exit_code == 0
    assert "One in 2 of 30 values is shown" in result.stdout
    assert "least at prior precision" in result.stdout
    assert "svg" in figure.read_text(encoding="utf-8")
    data = json.loads(run(*arguments, "--json").stdout)
    np.testing.assert_allclose(data["values"], 10.0 ** np.linspace(-6, 0, 30), rtol=1e-12)
    total = np.sum([data["terms"][name] for name in data["terms"]], axis=0)
    np.testing.assert_allclose(total, data["bound"], rtol=1e-12)
    assert data["divergence_low"] == data["divergence_high"]


def test_a_sweep_in_float32_is_that_in_float64_to_five_digits() -> None:
    arguments = (*DIABETES, "--sweep", "inverse-temperature=1e-3:1e3:7:log")
    assert "relative errors below 1e-5" in run(*arguments, "--dtype", "float32").stdout
    wide, narrow = (
        json.loads(run(*arguments, "--dtype", dtype, "--json").stdout)
        for dtype in ("float64", "float32")
    )
    assert narrow["dtype"] == "float32"
    for name in ("bound", "divergence_low", "divergence_high"):
        np.testing.assert_allclose(narrow[name], wide[name], rtol=1e-5)
        assert narrow[name] != wide[name]


def test_a_sweep_over_ranks_shows_intervals() -> None:
    result = run(*LINNERUD, "--sweep", "rank=0:3:4")
    assert result.exit_code == 0
    assert result.stdout.count(" to ") >= 2
    assert "Upper bound on the divergence least at rank" in result.stdout


def test_a_map(tmp_path: Path) -> None:
    figure = tmp_path / "map.png"
    result = run(*LINNERUD, "--map", "-o", str(figure))
    assert result.exit_code == 0
    assert "as the inverse temperature rises" in result.stdout
    assert "Share of the map:" in result.stdout
    assert figure.stat().st_size > 10_000
    data = json.loads(run(*LINNERUD, "--map", "--json").stdout)
    assert data["ranks"] == [0, 1, 2, 3]
    assert len(data["dominant"]) == 4


@pytest.mark.thorough
def test_the_optimum(tmp_path: Path) -> None:
    figure = tmp_path / "optimum.pdf"
    result = run(*LINNERUD, "--optimize", "-o", str(figure))
    assert result.exit_code == 0
    assert "The bound asks for" in result.stdout
    assert figure.read_bytes().startswith(b"%PDF")
    arguments = ("--optimize", "--hold", "noise-std,student-covariance", "--json")
    data = json.loads(run(*LINNERUD, *arguments).stdout)
    assert data["divergence"]["divergence"] < data["bound"]["divergence"]
    assert data["bound"]["bound"] < data["divergence"]["bound"]
    assert data["given"]["prior_precision"] == 1.0
    assert data["divergence"]["held"] == ["noise_std", "student_covariance"]


def test_holding_everything_changes_nothing() -> None:
    hold = "prior-precision,inverse-temperature,noise-std,student-covariance"
    result = run(*LINNERUD, "--optimize", "--hold", hold)
    assert "save 0 nats" in result.stdout
    assert "The bound is least at the same settings" in result.stdout


def test_a_null_space_is_spoken_of(tmp_path: Path) -> None:
    path = tmp_path / "wide.npz"
    np.savez(path, X=[[1.0], [2.0]], W_star=[[1.0, -1.0]])

    def said(*options: str) -> str:
        found = run("decompose", str(path), "--noise-std", "1", *options)
        return " ".join(found.stdout.split())  # lines are wrapped

    assert "is not the only one: on the 1 directions" in said()
    assert "copies the teacher there" in said("--null", "identity")
    assert "not the only one" not in said("--rank", "0")


def test_a_file_with_matrices_of_its_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "design.npz"
    arrays = {"X": rng.normal(size=(3, 8)), "W_star": rng.normal(size=(2, 3))}
    np.savez(path, **arrays, Sigma_S=np.eye(3), S_x=2 * np.eye(3))
    result = run("decompose", str(path), "--noise-std", "0.5")
    assert result.exit_code == 0
    assert "test inputs with the second moment given" in result.stdout
    assert "student covariance: given" in result.stdout
    for option in ("--map", "--optimize", "--sweep=noise-std=1:2:3"):
        refused = run("decompose", str(path), "--noise-std", "0.5", option)
        assert refused.exit_code == 2
        assert "a file with Sigma_S" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "got neither a file nor --dataset"),
        (["missing.npz"], "missing.npz"),
        (["--dataset", "mnist"], "one of diabetes"),
        (["--dataset", "diabetes", "--noise-std", "0"], "noise_std: got 0"),
        (["--dataset", "diabetes", "--noise-std", "nan"], "noise_std: got nan"),
        (["--dataset", "diabetes", "--prior-precision", "-1"], "prior_precision: got -1"),
        (["--dataset", "diabetes", "--rank", "99"], "rank: got 99"),
        (["--dataset", "diabetes", "--rank", "many"], "--rank: got 'many'"),
        (["--dataset", "diabetes", "-o", "figure.gif"], "--output: got '.gif'"),
        (["--dataset", "diabetes", "-o", "nowhere/figure.png"], "folder does not exist"),
        (["--dataset", "diabetes", "--null", "none"], "null: got 'none'"),
        (["--dataset", "diabetes", "--map", "--optimize"], "--map: got it with --optimize"),
        (["--dataset", "diabetes", "--map", "--rank", "1"], "The map shows every rank"),
        (["--dataset", "diabetes", "--map", "--null", "identity"], "minnorm"),
        (["--dataset", "diabetes", "--optimize", "--hold", "width"], "--hold: got 'width'"),
        (["--dataset", "diabetes", "--sweep", "width=0:1:3"], "--sweep: got 'width'"),
        (["--dataset", "diabetes", "--sweep", "noise-std"], "NUM[:log] with numbers"),
        (["--dataset", "diabetes", "--sweep", "noise-std=1:2"], "NUM[:log] with numbers"),
        (["--dataset", "diabetes", "--sweep", "noise-std=1:2:9:lin"], "--sweep: got"),
        (["--dataset", "diabetes", "--sweep", "noise-std=1:2:1"], "--sweep: got 1 points"),
        (["--dataset", "diabetes", "--sweep", "noise-std=1:1:5"], "two different finite ends"),
        (["--dataset", "diabetes", "--sweep", "noise-std=0:1:5:log"], "positive ends"),
        (["--dataset", "diabetes", "--sweep", "noise-std=-1:1:5"], "noise_std: got -1"),
        (["--dataset", "diabetes", "--sweep", "rank=0:1:4"], "whole numbers"),
        (["--dataset", "diabetes", "--dtype", "float32"], "--dtype: got float32 without --sweep"),
    ],
)
def test_decompose_refuses_what_it_cannot_use(arguments: list[str], message: str) -> None:
    result = run("decompose", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "expected" in result.stderr
