"""The battery on the device that JAX offers, in every precision that it has: `make test-device`.

What does not depend on a device (records, cases, the referee, the command line) is left to the
other tests. CLAIMS: slugs, rooms or globs; the whole catalogue if it is empty.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import jax
import numpy as np
import pytest
from device import precisions
from verdicts import assert_honest, compare_precisions, each, one_of_each_room

from kdtheory import cli
from kdtheory.claim import Claim, Finding
from kdtheory.decomposition import decompose_grid
from kdtheory.results import Verdict
from kdtheory.tools import falsify, verify
from kdtheory.tools.sweep import axes_of, sweep

CHOSEN = cli.select(os.environ.get("CLAIMS", "").split())
EVERY = each(CHOSEN)
# Where only some claims are asked for, all of them are searched and drawn.
SOME = each([c for c in CHOSEN if c in one_of_each_room()] or CHOSEN)
FALLEN = each([claim for claim in CHOSEN if claim.finding is not Finding.STANDS])
PRECISIONS = pytest.mark.parametrize("dtype", precisions())


@EVERY
@PRECISIONS
def test_the_verdict(claim: Claim, dtype: str) -> None:
    check = verify(claim, instances=512, draws=2**14, level=1e-6, rounds=0, dtype=dtype)
    assert_honest(check)
    assert all(part.admissible for part in check.examined)


@SOME
@PRECISIONS
def test_the_verdict_of_a_search(claim: Claim, dtype: str) -> None:
    check = verify(dataclasses.replace(claim, draws={}), instances=512, dtype=dtype)
    assert_honest(check)
    assert check.searches[0].admissible


@FALLEN
@PRECISIONS
def test_a_search_finds_what_does_not_hold(claim: Claim, dtype: str) -> None:
    bare = dataclasses.replace(
        claim, tight=(), corners=(), broken=(), counterexample=None, draws={}, terms={}, axes=()
    )
    check = falsify(bare, seed=1, rounds=1, dtype=dtype)
    assert_honest(check)
    assert (check.counterexample is not None) == (check.verdict is Verdict.VIOLATED)


@EVERY
@PRECISIONS
def test_both_sides_are_those_of_float64_on_the_host(claim: Claim, dtype: str) -> None:
    compare_precisions(claim, dtype)


@SOME
@PRECISIONS
def test_a_sweep(claim: Claim, dtype: str) -> None:
    curve = sweep(claim, axes_of(claim)[0], draws=256, dtype=dtype)
    assert any(curve.admissible)
    if claim.finding is Finding.STANDS:
        assert not any(curve.violated)
    values = [value for series in curve.series for value in series.values]
    assert not np.isnan(values)[np.tile(curve.admissible, len(curve.series))].any()
    assert all(
        low <= mean <= high
        for drawn in curve.draws
        for low, mean, high in zip(drawn.low, drawn.means, drawn.high, strict=True)
    )


@PRECISIONS
def test_a_grid_of_settings_is_that_of_the_host(dtype: str) -> None:
    inputs = np.geomspace(1.0, 1e-3, 5)[:, None] * np.random.default_rng(0).normal(size=(5, 9))
    settings: dict[str, Any] = {
        "prior_precision": np.geomspace(1e-4, 1e4, 41)[:, None],
        "inverse_temperature": np.geomspace(1e-4, 1e4, 41),
        "noise_std": 0.5,
    }
    weights = np.eye(2, 5)
    found = decompose_grid(inputs, weights, dtype=dtype, **settings)
    with jax.default_device(jax.devices("cpu")[0]):
        expected = decompose_grid(inputs, weights, **settings)
    tolerance = {"float64": 1e-9, "float32": 1e-5}[dtype]
    for name in ("bound", "mutual_information", "divergence"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=tolerance)
