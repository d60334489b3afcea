"""Commands from nothing, as whole processes, with programs kept by an earlier run.

Each stands beside what no command that computes can go below: Python, and JAX with one program.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FLOORS = {
    "Python": ["-c", "pass"],
    "Python, import jax": ["-c", "import jax"],
    "Python, import jax, one program": ["-c", "import jax; jax.jit(lambda x: x + 1)(1.0)"],
}
COMMANDS = {
    "kdtheory --help": (["--help"], "Python"),
    "kdtheory show variance_reduction/lemma1": (
        ["show", "variance_reduction/lemma1"],
        "Python, import jax",
    ),
    "kdtheory decompose FILE.npz, d = 16, n = 64": (
        ["decompose", "design.npz", "--noise-std", "1"],
        "Python, import jax, one program",
    ),
    "kdtheory verify variance_reduction/lemma1": (
        ["verify", "variance_reduction/lemma1"],
        "Python, import jax, one program",
    ),
    "kdtheory verify bias_variance/eq9_shared": (
        ["verify", "bias_variance/eq9_shared"],
        "Python, import jax, one program",
    ),
    "kdtheory verify double_distillation/minimum": (
        ["verify", "double_distillation/minimum"],
        "Python, import jax, one program",
    ),
}
ROUNDS = 5


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with a design, and an environment whose cache holds what the commands compile."""
    folder = tmp_path_factory.mktemp("cold start")
    random = np.random.default_rng(0)
    np.savez(
        folder / "design.npz", X=random.normal(size=(16, 64)), W_star=random.normal(size=(4, 16))
    )
    environment = {**os.environ, "KDTHEORY_CACHE_DIR": str(folder / "cache")}
    for arguments, _ in COMMANDS.values():
        run(["-m", "kdtheory", *arguments], folder, environment)
    return folder, environment


def run(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)


@pytest.mark.parametrize("route", ["ours", "limit"])
@pytest.mark.parametrize("name", COMMANDS)
def test_cold_start(benchmark, warm: tuple[Path, dict[str, str]], name: str, route: str) -> None:
    arguments, floor = COMMANDS[name]
    process = ["-m", "kdtheory", *arguments] if route == "ours" else FLOORS[floor]
    benchmark.group = f"Cold start: {name}"
    benchmark.extra_info.update(route=route, **({"note": floor} if route == "limit" else {}))
    benchmark.pedantic(run, args=(process, *warm), rounds=ROUNDS)
