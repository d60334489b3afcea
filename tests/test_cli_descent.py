"""The command ``descent``: what it says, draws and refuses."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from kdtheory.cli import app

FEW = ("--steps", "6", "--runs", "300")


def run(*arguments: object):
    return CliRunner().invoke(app, ["--no-cache", "descent", *map(str, arguments)])


def test_the_quadratic(tmp_path):
    figure = tmp_path / "descent.svg"
    result = run("--example", "quadratic", *FEW, "-o", figure)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    for words in (
        "step size 0.5, largest smoothness of a component 1, strong convexity 0.2",
        "99% interval",
        "Noise of labels decides where SGD ends",
        "300 runs",
        "Seed 0",
    ):
        assert words in said
    # Noise, both rates, both ends: 2 * .5 * 1.25/.2 and .5 * 1.25/(.2 * 1.5).
    assert "one-hot labels 1.25 0.9 0.85 6.25 2.0833" in said
    assert "exact teacher 0 0.9 0.85 0 0" in said
    assert "simulated, 99% interval" in figure.read_text()
    data = json.loads(run("--example", "quadratic", *FEW, "--json").stdout)
    assert data["input"] == "example quadratic"
    curve = data["curves"]["one-hot labels"]
    # One coordinate: E e^2 -> (mean of (1 - c/2)^2) e^2 + 1/4 of the mean of v^2.
    square = 9.0 * np.ones(2)
    curvatures, noises = np.array([[1.0, 0.3], [0.6, 0.1]]), np.array([[1.0, 0.5], [0.5, 1.0]])
    for _ in range(6):
        square = ((1 - curvatures / 2) ** 2).mean(axis=0) * square + (noises**2).mean(axis=0) / 4
    np.testing.assert_allclose(curve["distances"][6], square.sum(), rtol=1e-13)
    assert curve["simulated"]["low"][6] < square.sum() < curve["simulated"]["high"][6]
    assert f"{square.sum():.6g}" in said


def test_the_softmax():
    result = run("--example", "softmax", "--step-size", "3", *FEW, "--seed", "4")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "on the ball where runs start, and nowhere else" in said
    assert "not computed" in said
    # Labels that are drawn have no rate, and no neighbourhood: four dashes and a bound.
    assert "- - - - -" in said
    assert "Seed 4" in said


def test_a_step_size_that_nothing_bears(tmp_path):
    """Distances beyond all numbers, and no bound: hardly anything to draw, and no error."""
    figure = tmp_path / "far.png"
    result = run("--example", "quadratic", "--step-size", "1e30", *FEW, "-o", figure)
    assert result.exit_code == 0, result.output
    assert "one-hot labels 1.25 - - - - - - inf" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--example", "cubic"], "--example: got 'cubic'; expected quadratic, softmax"),
        (["--example", "softmax", "--step-size", "0"], "--step-size: got 0"),
        (["--example", "softmax", "--steps", "0"], "--steps: got 0"),
        (["--example", "softmax", "--runs", "1"], "--runs: got 1"),
        (["--example", "softmax", "-o", "figure.gif"], "--output: got '.gif'"),
    ],
)
def test_requests_refused(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
