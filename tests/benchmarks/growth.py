"""How time and memory grow with a size: measured, and fitted as a power of it."""

from __future__ import annotations

import math
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import jax

Run = Callable[[], Any]


def fitted(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Returns the exponent of a power law through positive values, and its standard error.

    Least squares on logarithms; the error is that of the residuals, so that a curve that bends
    says so by its size.

    Args:
        sizes: at least three, not all equal.
        values: one per size.

    Raises:
        ValueError: for fewer than three sizes.
    """
    if len(sizes) < 3:
        raise ValueError(f"sizes: got {len(sizes)}; expected three or more. Measure more of them.")
    x, y = list(map(math.log, sizes)), list(map(math.log, values))
    fit = statistics.linear_regression(x, y)
    left = sum((b - fit.intercept - fit.slope * a) ** 2 for a, b in zip(x, y, strict=True))
    spread = statistics.variance(x) * (len(x) - 1)
    return fit.slope, math.sqrt(left / (len(x) - 2) / spread)


def seconds(run: Run, *, least: float = 0.05, rounds: int = 2) -> float:
    """Returns the processor time of a run: of the fastest round, repeated to be well above a tick.

    The fastest, because what disturbs a run only ever adds to it.
    """
    run()
    times = []
    for _ in range(rounds):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < least:
            run()
            count += 1
        times.append(spent / count)
    return min(times)


def host_peak(run: Run) -> int:
    """Returns the most bytes that Python and NumPy hold at once during a run that is warm."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        kept = run()
        del kept
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def program_bytes(program: jax.stages.Compiled) -> int:
    """Returns the bytes that a compiled program works with: temporary ones, and its results."""
    found = program.memory_analysis()
    return int(found.temp_size_in_bytes + found.output_size_in_bytes)
