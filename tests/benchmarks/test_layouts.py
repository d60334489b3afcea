"""The same draws by one process, by two, and over eight devices of one.

Rates are of the second of two runs: without the start of processes, and without compiling. One
device has one thread; two processes have a core each, and eight devices share all cores.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import layout_process
import pytest

LAYOUTS = {"ours": (1, 1), "ours, two processes": (1, 2), "ours, eight devices": (8, 1)}
GROUP = "Lemma 1 in one process and several, 256 worlds x 20,000 samples of 100 draws"
ROOT = Path(__file__).parents[2]
DRAWS = layout_process.WORLDS * layout_process.SAMPLES * layout_process.SIZE


def seconds(devices: int, processes: int) -> float:
    """Returns what the slowest of the processes takes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    script = str(Path(__file__).with_name("layout_process.py"))
    started = [
        subprocess.Popen(
            [sys.executable, script, str(devices), str(processes), str(number), port],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for number in range(processes)
    ]
    said = [process.communicate()[1] for process in started]
    assert all(process.returncode == 0 for process in started), said
    return max(float(lines.rsplit("seconds", 1)[1]) for lines in said)


@pytest.mark.parametrize("route", LAYOUTS)
def test_layouts(benchmark, route: str) -> None:
    benchmark.group = GROUP
    found = benchmark.pedantic(seconds, LAYOUTS[route], rounds=1)
    benchmark.extra_info.update(
        route=route,
        rate=DRAWS / found,
        unit="draws/s",
        note="time with the start of processes; rate without",
    )
