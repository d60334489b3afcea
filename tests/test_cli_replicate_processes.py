"""The command ``replicate`` in several processes: the same numbers, and what an end before the end
leaves behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.thorough
PAIR = ("cui_pei_linear", "menon_figure_7")


@pytest.fixture
def start():
    """Starts the command; what a failing test leaves running is ended."""
    started = []

    def run(folder, *arguments):
        command = [sys.executable, "-m", "kdtheory", "--no-cache", "replicate", *arguments]
        process = subprocess.Popen(
            [*command, "-o", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def children(pid):
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    return [int(number) for number, words in lines if "spawn_main" in words]


def test_two_processes_write_what_one_writes(tmp_path, start):
    folders = {jobs: tmp_path / jobs for jobs in ("1", "2")}
    for jobs, folder in folders.items():
        _, errors = (process := start(folder, *PAIR, "--jobs", jobs)).communicate(timeout=300)
        assert process.returncode == 0, errors
    tables = sorted(path.name for path in folders["1"].glob("*.csv"))
    assert len(tables) > 3
    for name in tables:
        assert (folders["1"] / name).read_bytes() == (folders["2"] / name).read_bytes(), name


def test_an_interruption_ends_the_processes_and_says_how_to_go_on(tmp_path, start):
    process = start(tmp_path, *PAIR, "morad_figure_1", "--jobs", "2")
    time.sleep(5)
    working = children(process.pid)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "of 3 studies" in errors
    assert "the rest: kdtheory replicate" in errors
    assert working
    assert [one for one in working if os.path.exists(f"/proc/{one}")] == []


def test_a_process_that_dies_is_told(tmp_path, start):
    process = start(tmp_path, "menon_figure_1", "morad_figure_1", "--jobs", "2")
    deadline = time.time() + 60
    while not (working := children(process.pid)) and time.time() < deadline:
        time.sleep(0.5)
    os.kill(working[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    said = " ".join(errors.split())
    assert "the studies menon_figure_1, morad_figure_1: got a process that ended" in said
    assert "Run the others with --jobs 1." in said
