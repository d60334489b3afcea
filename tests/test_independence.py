"""A draw shares no code with the sides that it checks."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import jax
import pytest

import kdtheory
from kdtheory.claim import Claim, Draw, Side, call, prepared
from kdtheory.domains import Domain
from kdtheory.theorems import CLAIMS

PACKAGE = str(Path(kdtheory.__file__).parent)
# Records hold data and domains build instances: both routes start from the same instance.
SHARED = ("claim.py", "domains.py", "problems.py", "designs.py", "_types.py")


def functions_reached(function: Callable[..., Any], *arguments: Any) -> set[CodeType]:
    """Returns every function of the package that tracing a function calls."""
    reached: set[CodeType] = set()
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or code in seen:
            return
        seen.add(code)
        if code.co_filename.startswith(PACKAGE) and not code.co_filename.endswith(SHARED):
            reached.add(code)

    sys.setprofile(note)
    try:
        # Without jit: a function traced before would not be entered again.
        with jax.disable_jit():
            jax.make_jaxpr(lambda *given: function(*given))(*arguments)
    finally:
        sys.setprofile(None)
    return reached


def instance_of(domain: Domain) -> Any:
    """The shapes of an instance: nothing is computed here."""
    point = jax.ShapeDtypeStruct((domain.dimension,), float)
    return jax.eval_shape(lambda point: domain.instance(domain.parametrize(point)), point)


@functools.cache
def reached_by_side(side: Side, domain: Callable[..., Domain], size: Any) -> set[CodeType]:
    return functions_reached(lambda given: call(side, given), instance_of(domain(size)))


@functools.cache
def reached_by_draw(draw: Draw, domain: Callable[..., Domain], size: Any) -> set[CodeType]:
    def sampled(given: Any, key: Any) -> Any:
        return call(draw.sample, prepared(draw, given), key)

    return functions_reached(sampled, instance_of(domain(size)), jax.random.key(0))


@pytest.mark.parametrize(
    "claim",
    [pytest.param(c, id=c.slug, marks=pytest.mark.xdist_group(c.slug)) for c in CLAIMS if c.draws],
)
def test_draws_do_not_reach_what_the_exact_sides_reach(claim: Claim) -> None:
    home = claim.domain, claim.sizes[0]
    exact = {"lhs": claim.lhs, "rhs": claim.rhs, **claim.terms}
    for quantity, draw in claim.draws.items():
        drawn = reached_by_draw(draw, *home)
        assert drawn, "tracing a draw must be seen"
        assert not reached_by_side(exact[quantity], *home) & drawn


def test_the_guard_sees_a_draw_that_uses_the_evaluator() -> None:
    claim = next(c for c in CLAIMS if c.slug == "variance_reduction/lemma1")
    instance = instance_of(claim.domain(claim.sizes[0]))
    evaluated = functions_reached(claim.lhs, instance)
    cheating = functions_reached(lambda problem: claim.lhs(problem) + 0.0, instance)
    assert evaluated & cheating
