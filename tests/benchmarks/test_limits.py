"""What this machine can do at best, on one thread: memory and matrix products."""

from __future__ import annotations

import numpy as np
import pytest

BYTES = 2**28
SIDE = 1024


@pytest.mark.parametrize("what", ["fill", "copy", "read and sum"])
def test_memory(measured, what: str) -> None:
    """256 MiB, several times what the caches hold."""
    source, target = np.ones(BYTES // 8), np.empty(BYTES // 8)
    run, moved = {
        "fill": (lambda: target.fill(1.0), BYTES),
        "copy": (lambda: np.copyto(target, source), 2 * BYTES),
        "read and sum": (lambda: source.sum(), BYTES),
    }[what]
    measured(f"memory: {what}", "limit", run, work=moved, unit="bytes/s")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_matrix_product(measured, dtype: str) -> None:
    left, right = np.random.default_rng(0).normal(size=(2, SIDE, SIDE)).astype(dtype)
    what = f"matrix product, {dtype}, {SIDE} x {SIDE}"
    measured(what, "limit", lambda: left @ right, work=2 * SIDE**3, unit="flop/s")
