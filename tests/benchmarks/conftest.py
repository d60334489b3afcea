"""What the benchmarks share: how a route is measured, and what is written down of the machine.

A benchmark says what it measures in `group`, and by which route in ``extra_info["route"]``;
docs/benchmarked.py tells the rest, and makes the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import machine
import pytest


@pytest.fixture
def measured(benchmark: Any) -> Callable[..., Any]:
    """A function that measures one route: (what, route, function, ...) -> what it returned."""

    def measure(
        what: str,
        route: str,
        function: Callable[[], Any],
        *,
        rounds: int = 5,
        work: float | None = None,
        unit: str = "",
        **extra: Any,
    ) -> Any:
        benchmark.group = what
        run = lambda: jax.block_until_ready(function())  # noqa: E731
        found = benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)
        benchmark.extra_info.update(route=route, **extra)
        if work is not None:
            benchmark.extra_info.update(rate=work / benchmark.stats.stats.median, unit=unit)
        return found

    return measure


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict) -> None:
    machine_info["described"] = machine.described()
