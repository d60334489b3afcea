"""Runs a job in a process of its own: what it takes in time, and at its peak in memory.

python fresh_process.py JOB NUMBER...: prints seconds for the first time, with compilation, and for
the second; and the bytes at the peak of the first beyond what the process had when it started on
the job: JAX imported and started, the inputs made.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Job = Callable[[], Any]


def design(features: int, samples: int, outputs: int) -> tuple[Any, Any]:
    """Inputs with a condition number of some hundreds, and weights; nothing besides is made."""
    import numpy as np

    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((features, samples))
    inputs *= np.logspace(0, -2, features)[:, None]
    return inputs, rng.standard_normal((outputs, features))


def decompose(features: int, samples: int, outputs: int) -> Job:
    from kdtheory.decomposition import decompose

    given = design(features, samples, outputs)
    return lambda: decompose(*given, noise_std=0.5)


def grid(features: int, samples: int, outputs: int, settings: int) -> Job:
    import numpy as np

    from kdtheory.decomposition import decompose_grid

    given = design(features, samples, outputs)
    precision = np.logspace(-3, 3, settings)
    return lambda: decompose_grid(*given, prior_precision=precision, noise_std=0.5)


def singular_values(features: int, samples: int, outputs: int) -> Job:
    """All that NumPy is asked for is the decomposition itself."""
    import numpy as np

    inputs, _ = design(features, samples, outputs)
    return lambda: np.linalg.svd(inputs, full_matrices=False)


JOBS = {job.__name__: job for job in (decompose, grid, singular_values)}


STATUS = Path("/proc/self/status")


def peak() -> int:
    """Returns the most bytes that this process has held.

    From Linux itself where there is one: what a program is told of its own use begins with that of
    the process that started it.
    """
    if STATUS.exists():
        lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


def run(job: str, *numbers: int) -> tuple[float, float, int]:
    """Returns what a job takes in a fresh process: seconds twice, and bytes."""
    command = [sys.executable, __file__, job, *map(str, numbers)]
    root = str(Path(__file__).parents[2])
    found = subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": root}
    )
    first, second, size = json.loads(found.stdout.splitlines()[-1])
    return first, second, size


def main() -> None:
    import jax

    job = JOBS[sys.argv[1]](*map(int, sys.argv[2:]))
    jax.block_until_ready(jax.jit(lambda x: x + 1)(1.0))
    before, most, times = peak(), 0, []
    for _ in range(2):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
        most = most or peak()
    print(json.dumps([*times, most - before]))  # noqa: T201


if __name__ == "__main__":
    main()
