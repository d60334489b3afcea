"""What a claim must do in every precision, and which claims stand for a room."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kdtheory import strategies
from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Claim, Finding
from kdtheory.results import Check, Outcome, Verdict
from kdtheory.theorems import CLAIMS
from kdtheory.tools._compile import precision
from kdtheory.tools._search import assess_members
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import assess_instances


def each(claims: list[Claim], quick: list[Claim] | None = None) -> pytest.MarkDecorator:
    """One test per claim; a claim's tests share a worker, and so its compiled programs.

    Those that are not among the ``quick`` ones are left to `make test-thorough`.
    """
    marked = []
    for claim in claims:
        marks = [pytest.mark.xdist_group(claim.slug)]
        marks += [pytest.mark.thorough] if quick is not None and claim not in quick else []
        marked.append(pytest.param(claim, id=claim.slug, marks=marks))
    return pytest.mark.parametrize("claim", marked)


def one_of_each_room() -> list[Claim]:
    """Returns the first claim of every room with one draw; with none, or more, if there is none."""
    backwards = sorted(reversed(CLAIMS), key=lambda claim: -abs(len(claim.draws) - 1))
    first = {claim.slug.split("/")[0]: claim for claim in backwards}
    return list(first.values())


def assert_honest(check: Check) -> None:
    """What is expected is found, or float32 cannot tell; no draw is disputed.

    Undecided is only what rounding in float32 hides: not what is NaN there, no case that is none
    there, and no violation that it shows. Float64 has no excuse.
    """
    if not check.as_expected:
        assert (check.verdict, check.dtype) == (Verdict.UNDECIDED, "float32"), check.reason
        doubts = check.reason.split("; ")
        assert all(doubt.startswith("float32 cannot tell") for doubt in doubts), check.reason
    assert all(record.outcome is not Outcome.DISPUTED for record in check.monte_carlo)


def compare_precisions(claim: Claim, dtype: str) -> None:
    """Both sides on instances built directly, in one precision, and in float64 on the host."""
    domain = domain_of(claim, claim.sizes[0])
    allowed = rounding_tolerance(dtype)

    @settings(max_examples=1, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(st.lists(strategies.instances(domain), min_size=24, max_size=24))
    def judge(instances: list[Any]) -> None:
        # Numbers that float32 represents, so that both precisions see the same instance.
        narrow = [jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), i) for i in instances]
        wide = [jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), i) for i in narrow]
        with jax.default_device(jax.devices("cpu")[0]):
            expected = assess_members(claim, wide)
        with precision(dtype):
            found = assess_instances(claim, wide if dtype == "float64" else narrow)
        # Rounding to float32 leaves a simplex by float32's epsilon: so far the claim may fail.
        rounded = rounding_tolerance("float32")
        for values in expected:
            if claim.finding is Finding.STANDS and values["margin"] >= -rounded:
                assert values["slack"] >= -rounded
        close = [
            abs(one[side] - two[side]) <= allowed * max(1.0, abs(two[side]))
            or one[side] == two[side]
            for one, two in zip(found, expected, strict=True)
            for side in ("lhs", "rhs")
        ]
        assert all(close)

    judge()
