"""How soon the search finds a planted error: the right side of a claim a thousandth too strong.

    python tests/benchmarks/falsification.py [GLOB...] [-o FILE]

Every claim of the catalogue that stands, is an inequality and has a case of equality with a right
side other than zero gets the error; what is then measured is told under `measured`. All of them
take some minutes, nearly all of it compilation.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import machine
import numpy as np

from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Claim, Finding, Relation
from kdtheory.theorems import CLAIMS
from kdtheory.tools import _search
from kdtheory.tools._compile import precision, release
from kdtheory.tools._referee import Ruling, referee_point
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import assess_points
from kdtheory.tools.falsify import CANDIDATES, generator
from kdtheory.tools.mutate import mutants


def planted(claim: Claim) -> Claim | None:
    """Returns the claim with the error, or None where the error makes no sense."""
    if claim.finding is not Finding.STANDS or claim.relation is Relation.EQ:
        return None
    return next((m.claim for m in mutants(claim) if m.name == "rhs 0.1 % too strong"), None)


@dataclasses.dataclass(frozen=True)
class Found:
    """What a search took, in seconds from its start, all its programs compiled.

    Attributes:
        slug: the claim.
        steps: of the 256 starts until one of them violated the claim beyond tolerance.
        seen: until then; None if none did.
        proven: until a violation was proven in exact or ball arithmetic; None if none was.
        prepared: what both took the first time, with tracing and compiling.
    """

    slug: str
    steps: int
    seen: float | None
    proven: float | None
    prepared: float


def first_violation(claim: Claim, seed: int) -> tuple[int, float | None]:
    """Returns after how many steps a search of the home size first sees a violation, and when."""
    with precision("float64"), mock.patch.object(_search, "FURTHER", 0):
        start = time.perf_counter()
        ascent = _search.ascend(
            claim, claim.sizes[0], generator(claim, seed), enough=lambda point: True
        )
        spent = time.perf_counter() - start
    seen = ascent.record.worst_slack < -rounding_tolerance("float64")
    return ascent.record.evaluations // _search.STARTS, spent if seen else None


def first_proof(claim: Claim, seed: int) -> float | None:
    """Returns when a search of the home size has its first proven violation."""
    size, times = claim.sizes[0], []

    def proven(point: Any) -> bool:
        if referee_point(claim, size, point).ruling is not Ruling.VIOLATED:
            return False
        times.append(time.perf_counter() - start)
        return True

    with precision("float64"):
        start = time.perf_counter()
        ascent = _search.ascend(claim, size, generator(claim, seed), enough=proven)
        # As `falsify` does, where the best point at that time was not it.
        for point, slack in zip(ascent.points[:CANDIDATES], ascent.slacks, strict=False):
            if times or not slack < -rounding_tolerance("float64") or proven(point):
                break
    return times[0] if times else None


def first_at_random(claim: Claim, seed: int, budget: float) -> tuple[int, float | None]:
    """Returns how many random instances were tried, and when one of them violated the claim."""
    size = claim.sizes[0]
    rng, dimension = generator(claim, seed), domain_of(claim, size).dimension
    tried, start = 0, time.perf_counter()
    with precision("float64"):
        while (spent := time.perf_counter() - start) < budget:
            values = assess_points(claim, size, _search.random_points(rng, 256, dimension))
            tried += 256
            tolerance = rounding_tolerance("float64")
            inside = values["margin"] >= -tolerance
            if np.any(inside & (values["slack"] < -tolerance)):
                return tried, spent
    return tried, None


def measured(claim: Claim, wrong: Claim, *, seed: int = 0) -> Found:
    """Returns what the search for a planted error takes.

    Args:
        claim: the claim.
        wrong: the claim with the error.
        seed: of the starting points.
    """
    start = time.perf_counter()
    first_violation(wrong, seed)
    first_proof(wrong, seed)
    prepared = time.perf_counter() - start
    return Found(claim.slug, *first_violation(wrong, seed), first_proof(wrong, seed), prepared)


def every(globs: list[str]) -> Iterator[tuple[Claim, Claim]]:
    """Yields the claims that match, each with its planted error, and drops their programs after."""
    for claim in CLAIMS:
        if any(fnmatch.fnmatch(claim.slug, glob) for glob in globs):
            with precision("float64"):
                wrong = planted(claim)
            if wrong is not None:
                yield claim, wrong
                release(wrong)
                release(claim)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Measures the search for planted errors.")
    parser.add_argument("globs", nargs="*", default=["*"], help="slugs or globs")
    parser.add_argument("-o", "--output", type=Path, help="where to write what was found, as JSON")
    options = parser.parse_args()
    found = []
    for claim, wrong in every(options.globs):
        found.append(measured(claim, wrong))
        print(found[-1], flush=True)  # noqa: T201
    if options.output:
        rows = ",\n".join(json.dumps(dataclasses.asdict(one)) for one in found)
        where = json.dumps(machine.described())
        text = f'{{"machine": {where}, "claims": [\n{rows}\n]}}\n'
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
