"""Work divided over devices and processes: the same numbers in every layout."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

from kdtheory import _device_options, _devices
from kdtheory.cli import app
from kdtheory.theorems import find
from kdtheory.tools import verify

HERE = Path(__file__).parent
SLUGS = ("variance_reduction/equality", "variance_reduction/kl_form")


# One entry in all, a unit that is not full, full units alone, and a unit and a part of one.
@pytest.mark.parametrize("total", [1, 3, 8, 9])
def test_entries_come_back_in_their_order(total):
    given = np.arange(total, dtype=float), {"rows": np.arange(2 * total).reshape(total, 2)}
    seen = []

    def run(numbers, others):
        seen.append(len(numbers))
        return {"sum": numbers + others["rows"].sum(axis=1), "rows": others["rows"]}

    found = _devices.by_units(run, 4, *given)
    # i + (2i + 2i + 1)
    np.testing.assert_array_equal(found["sum"], 5 * np.arange(total) + 1)
    np.testing.assert_array_equal(found["rows"], given[1]["rows"])
    assert seen == [4] * -(-total // 4)


def test_pieces_are_made_one_ahead_of_their_turn_and_no_more():
    made = []

    def pieces():
        for number in range(5):
            made.append(number)
            yield np.asarray(number)

    results = _devices.in_turn(lambda piece: piece * 10, pieces())
    assert next(results) == 0
    # The second one is at work while the first one is taken in.
    assert made == [0, 1]
    assert [int(one) for one in results] == [10, 20, 30, 40]


def test_one_process_exchanges_with_itself():
    assert _devices.exchanged("what I have") == ["what I have"]
    assert _devices.is_first()


@pytest.fixture(scope="module")
def layouts():
    """What 1, 2, 4 and 8 devices of one process find."""
    done = subprocess.run(
        [sys.executable, str(HERE / "layouts.py"), "1", "2", "4", "8"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("count", [2, 4, 8])
def test_numbers_are_those_of_one_device(layouts, count):
    assert layouts[str(count)]["check"] == layouts["1"]["check"]
    assert layouts[str(count)]["grid"] == layouts["1"]["grid"]
    assert layouts[str(count)]["risks"] == layouts["1"]["risks"]


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_every_device_works(layouts, count):
    assert layouts[str(count)]["places"] == list(range(count))


@pytest.fixture
def start(tmp_path):
    """Starts one of two processes; what a failing test leaves running is ended."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = []

    def run(number, *arguments, dying=False):
        script = ["-c", DYING] if dying else ["-m", "kdtheory"]
        among = ["--coordinator", f"127.0.0.1:{port}", "--num-processes", "2"]
        process = subprocess.Popen(
            [sys.executable, *script, *arguments, *among, "--process-id", str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KDTHEORY_CACHE_DIR": str(tmp_path / str(number))},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


# Kills itself when it is to verify a claim.
DYING = """
import os, signal
from kdtheory import tools
from kdtheory.cli import app

tools.verify = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
app()
"""


def test_two_processes_find_what_one_finds_and_keep_it_when_one_dies(start, tmp_path):
    options = ("--rounds", "0", "--json", "--results", str(tmp_path / "results"))
    processes = [start(number, "verify", SLUGS[0], *options) for number in (0, 1)]
    (first, said), (second, _) = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert "process 0 of 2" in said
    assert second == "", "the first process alone writes"
    (found,) = json.loads(first)
    alone = json.loads(json.dumps(verify(find(SLUGS[0]), rounds=0, level=1e-3).to_dict()))
    assert {**found, "seconds": 0} == {**alone, "seconds": 0}

    # What is finished is known to both, though the first one alone can read it.
    # Twice the level for twice the claims, as much for each.
    both = ("verify", *SLUGS, "--rounds", "0", "--level", "0.002", "--resume")
    survivor = start(0, *both, "--results", str(tmp_path / "results"))
    dying = start(1, *both, dying=True)
    dying.communicate(timeout=200)
    _, said = survivor.communicate(timeout=200)
    assert dying.returncode == -signal.SIGKILL
    assert survivor.returncode == _device_options.LOST, said
    assert "kdtheory: another process ended, or cannot be reached" in said
    assert "start all processes again, with --resume" in said
    kept = [path.name for path in (tmp_path / "results").glob("*--*.json")]
    assert kept == [SLUGS[0].replace("/", "--") + ".json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "abacus"], "--device: got 'abacus'; expected cpu, gpu or tpu."),
        (["--device", "gpu"], "--device: got 'gpu'; expected what JAX finds here: cpu."),
        (["--process-id", "1"], "got them without --coordinator; expected all three"),
        (["--coordinator", "here:1"], "got it without --num-processes or --process-id"),
        (
            ["--coordinator", "here", "--num-processes", "2", "--process-id", "0"],
            "got 'here'; expected HOST:PORT",
        ),
        (
            ["--coordinator", "here:1", "--num-processes", "2", "--process-id", "2"],
            "--process-id: got 2; expected one of 0 to 1",
        ),
        (["--distributed"], "Expected a cluster that JAX detects"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    result = CliRunner().invoke(app, ["verify", SLUGS[0], *arguments])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_gpu_is_what_jax_calls_so(monkeypatch):
    """Neither cuda nor rocm is asked for: what is not installed would fail."""
    monkeypatch.setattr(jax, "devices", lambda platform="gpu": [f"a {platform}"])
    monkeypatch.setenv("JAX_PLATFORMS", "")
    before = jax.config.values["jax_platforms"]
    _device_options.choose("gpu")
    assert jax.config.values["jax_platforms"] == before
    assert os.environ["JAX_PLATFORMS"] == ""


def test_a_device_is_chosen_before_processes_are_joined(monkeypatch):
    """Joined first, JAX starts all devices that it finds, and divides work over those."""
    met = []

    def initialize(*_, **__):
        met.append(jax.config.values["jax_platforms"])
        raise RuntimeError("nobody there")

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    before = jax.config.values["jax_platforms"]
    jax.config.update("jax_platforms", None)
    try:
        among = ["--coordinator", "here:1", "--num-processes", "2", "--process-id", "0"]
        result = CliRunner().invoke(app, ["verify", SLUGS[0], "--device", "cpu", *among])
    finally:
        jax.config.update("jax_platforms", before)
    assert result.exit_code == 2
    assert met == ["cpu"]


def test_the_device_is_chosen_for_this_process_and_those_it_starts(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "")
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "true")
    before = jax.config.values["jax_platforms"]
    try:
        _device_options.choose("cpu")
        assert os.environ["JAX_PLATFORMS"] == "cpu"
        assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "true", "the user's own choice"
        assert jax.config.values["jax_platforms"] == "cpu"
        assert _device_options.in_words() == ""
    finally:
        jax.config.update("jax_platforms", before)
