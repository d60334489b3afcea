"""The command ``sharpness`` on its example with digits; and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

from kdtheory.cli import app
from kdtheory.flatness import SharpnessReport, digits

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("flatness")


def run(*arguments: object):
    return CliRunner().invoke(app, ["--no-cache", "sharpness", *map(str, arguments)])


DIGITS = ("--example", "digits", "--radius", "1.0", "--radius", "0.5")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the digits and less of everything, once: seconds are enough."""
    whole = digits.digits_data

    def some(seed: int):
        return jax.tree.map(lambda leaf: leaf[:80], whole(seed))

    trained, found = digits.digits_example, {}

    def once(radii, seed):
        if tuple(radii) not in found:
            found[tuple(radii)] = trained(radii, seed)
        return found[tuple(radii)]

    monkeypatch.setattr(digits, "digits_data", some)
    monkeypatch.setattr(digits, "digits_example", once)
    monkeypatch.setattr(digits, "STEPS", 150)
    monkeypatch.setattr(digits, "DRAWS", 8)


@pytest.mark.usefixtures("few")
def test_the_digits(tmp_path: Path) -> None:
    figure = tmp_path / "digits.png"
    result = run(*DIGITS, "-o", figure)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    for words in (
        "plain training:",
        "trained for flatness:",
        "80 examples, 80 held out; 1210 parameters",
        "lower estimates of suprema over the ball",
        "The printed sharpness-aware bound increases with the radius",
        "a flat minimum does not make this bound smaller",
        "one draw of the student",
        "Only the range of the loss is known here.",
        "seed 0",
    ):
        assert words.lower() in said.lower()
    assert figure.read_bytes().startswith(b"\x89PNG")
    data = json.loads(run(*DIGITS, "--json").stdout)
    assert data["input"] == "example digits"
    plain, flat = (SharpnessReport.from_dict(one["report"]) for one in data["networks"])
    assert [at.radius for at in plain.radii] == [0.5, 1.0]
    # What it was trained for.
    assert flat.trace.high < plain.trace.low
    for ours, theirs in zip(flat.radii, plain.radii, strict=True):
        assert ours.sharpness.high < theirs.sharpness.low
    assert {p.status.value for p in plain.premises} == {"assumed", "checked"}
    assert all(penalty.values for penalty in plain.penalties)


def test_training_descends_and_the_loss_is_in_its_range() -> None:
    data = jax.tree.map(lambda leaf: leaf[:40], digits.digits_data(1)[0])
    start = digits.initial(jax.random.key(0), 64, 10)
    losses = jax.vmap(digits.brier, (None, 0))
    before = losses(start, data)
    after = losses(digits.trained(start, data, 0.0, 30), data)
    assert after.mean() < 0.8 * before.mean()
    assert 0.0 <= before.min() <= before.max() <= 2.0
    # By hand: the squared distance of the softmax from the indicator of the label.
    pixels, label = np.asarray(data[0][3]), int(data[1][3])
    logits = np.tanh(pixels @ np.asarray(start["first"])) @ np.asarray(start["second"])
    probs = np.exp(logits) / np.exp(logits).sum()
    expected = ((probs - np.eye(10)[label]) ** 2).sum()
    assert before[3] == pytest.approx(expected, rel=1e-12)


def test_the_halves_are_apart() -> None:
    (pixels, labels), (held, _) = digits.digits_data(3)
    assert len(pixels) == len(held) == 898
    assert len(np.unique(np.concatenate([pixels, held]), axis=0)) == 2 * 898
    assert set(np.asarray(labels)) == set(range(10))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--example", "digit"], "--example: got 'digit'; expected digits, cosines, logistic"),
        (["--example", "digits", "--radius", "0"], "radius: got 0"),
        (["--example", "digits", "-o", "figure.gif"], "--output: got '.gif'"),
        (["--example", "digits", "-o", "nowhere/figure.png"], "folder does not exist"),
    ],
)
@pytest.mark.usefixtures("few")
def test_requests_refused(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    result = run("--example", "digits")
    assert result.exit_code == 2
    assert "pip install 'kdtheory[replications]'" in result.stderr
