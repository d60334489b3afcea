"""Draws in one of several processes, or over several devices of one; prints seconds.

python layout_process.py DEVICES PROCESSES NUMBER PORT
"""

from __future__ import annotations

import os
import sys
import time

import jax
import numpy as np

WORLDS, SAMPLES, SIZE = 256, 20_000, 100


def main() -> None:
    devices, processes, number, port = map(int, sys.argv[1:])
    jax.config.update("jax_num_cpu_devices", devices)
    if processes > 1:
        # A core each.
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
        jax.distributed.initialize(f"127.0.0.1:{port}", processes, number)
    from kdtheory.objects.problems import FiniteProblem
    from kdtheory.simulation import simulate_risks

    rng = np.random.default_rng(0)
    weights, probs = rng.dirichlet(np.ones(16), WORLDS), rng.dirichlet(np.ones(8), (WORLDS, 16))
    losses, ones = rng.uniform(size=probs.shape), np.ones((WORLDS, 1))
    problems = FiniteProblem(
        weights, probs, losses, ones, probs[:, None], np.full(WORLDS, float(SIZE))
    )
    for _ in range(2):
        start = time.perf_counter()
        simulate_risks(problems, replicates=SAMPLES)
        passed = time.perf_counter() - start
    sys.stderr.write(f"seconds {passed}\n")


if __name__ == "__main__":
    main()
