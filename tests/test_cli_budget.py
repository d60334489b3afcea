"""The command ``budget``: the diabetes data, a simulation of the whole pipeline, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from kdtheory.cli import app
from kdtheory.propagation import UncertaintyBudget, budget_from_samples
from kdtheory.propagation.records import PARTS
from kdtheory.readers import shipped_dataset


def run(*arguments: object):
    return CliRunner().invoke(app, ["--no-cache", "budget", *map(str, arguments)])


def plain(*arguments: object):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


RNG = np.random.default_rng(5)
TABLE = RNG.normal(size=(7, 2)) * [1.0, 3.0] + [2.0, -1.0]
TARGETS = TABLE @ [1.0, -2.0] + 4.0 + RNG.normal(size=7)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    rows = np.column_stack([TABLE, TARGETS])
    np.savetxt(path, rows, delimiter=",", header="a,b,y", comments="", fmt="%.17g")
    return path


def test_the_diabetes_data(tmp_path: Path) -> None:
    figure = tmp_path / "budget.png"
    result = run("--dataset", "diabetes", "--responses", "20,5,2,1", "-o", figure)
    assert result.exit_code == 0, result.stderr
    assert figure.read_bytes().startswith(b"\x89PNG")
    said = " ".join(result.stdout.split())
    for words in ("54.1542 (estimated: ", "an intercept", "k = 2, 5, 20", "50%, 20%, 5%"):
        assert words in said
    assert said.count("surer") == 1
    data = plain("--dataset", "diabetes")
    bunch = shipped_dataset("diabetes")
    full = np.column_stack([np.ones(442), bunch.data])
    residual = np.linalg.lstsq(full, bunch.target)[1][0]
    assert data["noise_std"] == pytest.approx(np.sqrt(residual / (442 - 11)), rel=1e-10)
    assert data["noise_estimated"]
    for k, one in zip((1, 2, 5, 20), data["budgets"], strict=True):
        assert one["num_responses"] == k
        assert sum(one[part] for part in PARTS) == pytest.approx(one["total"], rel=1e-15)
        # sigma^2 (p/n + 1 - p/n)/k, with p = 11 coefficients, the intercept among them.
        assert one["teacher_response"] == pytest.approx(data["noise_std"] ** 2 * 11 / 442 / k)
        assert one["total"] == pytest.approx(data["noise_std"] ** 2 / k)
    assert data["input"]["centred"]
    assert len(data["warnings"]) == 1


SETTING = {"correlation": 0.3, "noise": 1.5, "initial-std": 0.5, "steps": 4, "step-size": 0.1}


@pytest.mark.parametrize(("head", "k"), [("averages", 1), ("averages", 3), ("pooled", 3)])
def test_the_parts_are_those_of_a_simulated_pipeline(table: Path, head: str, k: int) -> None:
    """Responses, students, their heads and their answers are drawn; nothing is taken over."""
    arguments = [text for name, value in SETTING.items() for text in (f"--{name}", value)]
    data = plain(table, "--target", "y", "--head", head, "--responses", k, *arguments)
    budget = UncertaintyBudget.from_dict(data["budgets"][0])

    sets, trainings, answers, n = 3000, 2, 2, len(TABLE)
    rng = np.random.default_rng(8)
    inputs = np.column_stack([np.ones(n), TABLE - TABLE.mean(axis=0)])
    mean = inputs @ np.linalg.lstsq(inputs, TARGETS - TARGETS.mean())[0]
    shared = np.sqrt(0.3) * rng.normal(size=(sets, 1, n))
    responses = mean + 1.5 * (shared + np.sqrt(0.7) * rng.normal(size=(sets, k, n)))
    averages = responses.mean(axis=1)[:, None]
    theta = 0.5 * rng.normal(size=(sets, trainings, 3))
    for _ in range(4):
        theta = theta - 0.1 / n * (theta @ inputs.T - averages) @ inputs
    fitted = theta @ inputs.T
    seen = averages[:, :, None] if head == "averages" else responses[:, None]
    learned = np.mean((seen - fitted[:, :, None]) ** 2, axis=(2, 3))
    noise = rng.normal(size=(sets, trainings, n, answers))
    drawn = fitted[..., None] + np.sqrt(learned)[..., None, None] * noise

    found = budget_from_samples(drawn, level=0.9999)
    for name in (*PARTS, "total"):
        part = getattr(found, name)
        assert part.low <= getattr(budget, name) <= part.high, name
    # The total once more, as the variance of all answers at a point, in tenths of the sets.
    tenths = [np.mean(np.var(part, axis=(0, 1, 3))) for part in np.split(drawn, 10)]
    low, high = stats.t.interval(0.9999, 9, np.mean(tenths), stats.sem(tenths))
    assert low <= budget.total <= high
    assert found.total.high - found.total.low < 0.2 * budget.total


def test_held_out_points_are_not_trained_on(table: Path) -> None:
    options = ("--target", "y", "--noise", 1, "--responses", 1, "--head", "point")
    found = {
        round(plain(table, *options, "--held-out", 0.1, "--seed", seed)["budgets"][0]["total"], 9)
        for seed in range(4)
    }
    # Each is x'(X'X)^-1 x for one of the rows and X without it.
    inputs = np.column_stack([np.ones(7), TABLE])
    rest = [np.delete(inputs, i, axis=0) for i in range(7)]
    possible = [x @ np.linalg.inv(X.T @ X) @ x for x, X in zip(inputs, rest, strict=True)]
    assert len(found) > 1
    assert all(np.isclose(value, possible, rtol=1e-7).any() for value in found)
    data = plain(table, "--target", "y", "--held-out", 0.4)
    assert data["held_out"]
    assert (data["num_points"], data["budgets"][0]["num_samples"]) == (3, 4)
    assert "held-out inputs (seed 0)" in run(table, "--target", "y", "--held-out", 0.4).stdout


def test_arrays_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "design.npz"
    np.savez(path, X=TABLE.T, Y=np.stack([TARGETS, 2.0 * TARGETS]))
    data = plain(path, "--responses", 2)
    residual = np.linalg.lstsq(TABLE, TARGETS)[1][0]
    # Two outputs, the second with four times the variance; two coefficients and no intercept.
    assert not data["intercept"]
    assert data["noise_std"] ** 2 == pytest.approx(2.5 * residual / 5, rel=1e-10)
    assert data["budgets"][0]["rank"] == 2
    # The path of the file decides where lines are broken.
    said = " ".join(run(path, "--responses", 2, "--correlation", 0.5).stdout.split())
    assert "root mean square of 2 outputs" in said
    assert "no intercept" in said
    assert "No averaging brings teacher response below" in said
    np.savez(path, X=TABLE.T, W_star=np.array([[1.0, -2.0]]))
    unfinished = run(path, "--noise", 2, "--steps", 1)
    assert "includes a misfit" in unfinished.stdout
    assert "student: descent, 1 step on 7 averages of k responses; its" in unfinished.stdout
    refused = run(path)
    assert refused.exit_code == 2
    assert "--noise-std: got none, and no targets to estimate it from" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "diabetes", "--responses", "1,two"], "--responses: got '1,two'"),
        (["--dataset", "diabetes", "--responses", "0,1"], "whole numbers from 1"),
        ([], "DESIGN: got neither a file nor --dataset"),
        (["x.npz", "--dataset", "diabetes"], "DESIGN: got a file and --dataset"),
        (["--dataset", "diabetes", "--head", "mean"], "one of averages, pooled, point"),
        (["--dataset", "diabetes", "--correlation", "-0.5"], "correlation: got -0.5"),
        (["--dataset", "diabetes", "--step-size", "0.1"], "step_size: got 0.1 without num_steps"),
        (["--dataset", "diabetes", "--noise", "-1"], "--noise-std: got -1"),
        (["--dataset", "diabetes", "--held-out", "1"], "442 of 442 samples"),
        (["--dataset", "diabetes", "--held-out", "0.001"], "0 of 442 samples"),
        (["--dataset", "linnerud", "--steps", "3"], "--steps: got it with 3 outputs"),
        (["--dataset", "diabetes", "-o", "figure.gif"], "--output: got '.gif'"),
    ],
)
def test_requests_refused(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_what_the_text_says_of_the_student(table: Path) -> None:
    result = run(table, "--target", "y", "--steps", 9, "--initial-std", 2, "--head", "point")
    assert (
        "student: descent from the mean of the targets, 9 steps on 7 averages of k responses, "
        "coefficients start with deviation 2; its own variance: none"
    ) in " ".join(result.stdout.split())
