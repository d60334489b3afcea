"""The battery: every contract, on every claim of the catalogue.

The search of every claim, its evaluation in both precisions, and its verdict in float32 but for one
claim of each room, are marked ``thorough``: they take as long as all the rest. `make test` leaves
them to `make test-thorough`.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re

import numpy as np
import pytest
from verdicts import assert_honest, compare_precisions, each, one_of_each_room

from kdtheory._numerics import rounding_tolerance
from kdtheory.claim import Claim, Finding, Relation, TextExamined
from kdtheory.results import Check, Outcome, Verdict
from kdtheory.theorems import CLAIMS, find
from kdtheory.tools import ablate, falsify, verify
from kdtheory.tools._referee import Ruling, exact_parts, referee_case, size_of
from kdtheory.tools._search import random_points
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import assess_instances, domain_margin

TOLERANCE = rounding_tolerance("float64")
SLUGS = [claim.slug for claim in CLAIMS]
EVERY = each(list(CLAIMS))
STANDING = each([claim for claim in CLAIMS if claim.finding is Finding.STANDS])
FALLEN = each([claim for claim in CLAIMS if claim.finding is not Finding.STANDS])
# What float32 once got wrong: places of data sets in integers of the wrong width, draws outside of
# bounds that were rounded, an equality of transcendental sides that the referee does not decide.
TROUBLED = (
    "distillation_divergence/disintegrated",
    "uncertainty_propagation/covariance",
    "bias_variance/softmax_logit_spread",
)
# With one of each room; `make test-thorough` sees the others.
NARROW = one_of_each_room() + [find(slug) for slug in TROUBLED]


def test_slugs_are_unique_and_found() -> None:
    assert len(set(SLUGS)) == len(SLUGS)
    assert all(find(slug).slug == slug for slug in SLUGS)
    with pytest.raises(KeyError, match="Did you mean variance_reduction/lemma1"):
        find("variance_reduction/lema1")


@EVERY
def test_the_record_is_complete(claim: Claim) -> None:
    assert re.fullmatch(r"[a-z0-9_]+/[a-z0-9_]+", claim.slug)
    assert claim.title
    assert claim.statement
    assert 2 <= len(claim.sizes) <= 3
    assert len(set(claim.sizes)) == len(claim.sizes)
    dimensions = [domain_of(claim, size).dimension for size in claim.sizes]
    assert dimensions[0] > min(dimensions), "the home size must not be the smallest"
    assert all(part.name for part in domain_of(claim, claim.sizes[0]).parts)
    assert (claim.text_examined is TextExamined.OURS) == (claim.source.paper is None)
    stands = claim.finding is Finding.STANDS
    assert stands == (not claim.what_survives)
    assert stands == (claim.counterexample is None)
    if claim.finding in (Finding.FAILS, Finding.DOES_NOT_FOLLOW):
        assert claim.text_examined is not TextExamined.ABSTRACT
    assert claim.tight or not stands or claim.relation is Relation.EQ
    for slug in filter(None, (claim.corrects, claim.sharpens, *claim.uses)):
        assert slug in SLUGS


@EVERY
def test_draws_and_cases_refer_to_what_exists(claim: Claim) -> None:
    assert set(claim.draws) <= {"lhs", "rhs", *claim.terms}
    for draw in claim.draws.values():
        assert (draw.bounds is None) != (draw.variance_bound is None)
    names = {assumption.name for assumption in claim.assumptions}
    assert {case.assumption for case in claim.broken} == names, "one broken case per assumption"
    every = (*claim.tight, *claim.corners, *claim.broken)
    assert len({case.name for case in every}) == len(every)
    assert all(case.note for case in every)


@EVERY
def test_cases_of_equality_are_members_or_limits(claim: Claim) -> None:
    for case in claim.tight:
        instance = case.make()
        if case.limit is None and size_of(claim, instance) is not None:
            assert domain_margin(claim, [instance])[0] >= -TOLERANCE, case.name
        if case.limit is not None:
            closer = [case.limit(t) for t in (1e-2, 1e-4, 1e-6)]
            slacks = [values["slack"] for values in assess_instances(claim, closer)]
            assert slacks[0] > slacks[1] > slacks[2] >= 0
            assert slacks[2] < 1e-3


@EVERY
def test_the_verdict_is_the_expected_one(claim: Claim) -> None:
    """On samples of the home size, cases of any, and draws; a finding at all of its sizes.

    `make test-thorough` samples all sizes of every claim, and searches.
    """
    stands = claim.finding is Finding.STANDS
    claim = dataclasses.replace(claim, sizes=claim.sizes[: 1 if stands else None])
    check = verify(claim, instances=512, draws=2**14, level=1e-6, rounds=0)
    assert check.as_expected, check.reason
    assert all(case.as_expected for case in check.cases), check.cases
    assert all(part.admissible for part in check.examined)
    assert [record.quantity for record in check.monte_carlo] == list(claim.draws)
    assert all(record.outcome is not Outcome.DISPUTED for record in check.monte_carlo)
    assert Check.from_dict(json.loads(json.dumps(check.to_dict()))) == check


@pytest.mark.thorough
@STANDING
def test_the_search_finds_nothing_and_would_catch_a_thousandth(claim: Claim) -> None:
    """A bound wrong by 1e-3 is refuted, unless its equality cases have a right side of 0."""
    check = verify(dataclasses.replace(claim, draws={}), instances=512)
    assert check.as_expected, check.reason
    met = {case.name for case in claim.tight if case.limit is None}
    sides = [case.rhs for case in check.cases if case.name in met]
    assert len(sides) == len(met)
    biting = any(1e-6 < abs(rhs) < np.inf for rhs in sides)
    caught = check.searches[0].detectable_weakening
    assert not biting or (caught is not None and caught <= 1e-3), caught


@each(list(CLAIMS), quick=NARROW)
def test_the_verdict_in_float32(claim: Claim) -> None:
    claim = dataclasses.replace(claim, sizes=claim.sizes[:1])
    assert_honest(verify(claim, instances=128, draws=2**14, level=1e-6, rounds=0, dtype="float32"))


@FALLEN
def test_the_counterexample_meets_every_printed_hypothesis(claim: Claim) -> None:
    case = claim.counterexample
    assert case is not None
    values = assess_instances(claim, [case.make()])[0]
    assert values["margin"] >= 0
    assert domain_margin(claim, [case.make()])[0] >= -TOLERANCE
    assert size_of(claim, case.make()) in claim.sizes
    assert referee_case(claim, case).ruling is Ruling.VIOLATED


@FALLEN
@pytest.mark.parametrize(
    "seeds", [[1], pytest.param([2, 3, 4, 5], marks=pytest.mark.thorough)], ids=["first", "others"]
)
def test_the_search_finds_it_from_the_claim_alone(
    claim: Claim, seeds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if seeds != [1]:
        # One seed is enough to see what is made of a witness.
        module = importlib.import_module("kdtheory.tools.falsify")
        monkeypatch.setattr(module, "simplify", lambda _, size, found: (size, found))
    bare = dataclasses.replace(
        claim, tight=(), corners=(), broken=(), counterexample=None, draws={}, terms={}, axes=()
    )
    for seed in seeds:
        check = falsify(bare, seed=seed, rounds=1)
        assert check.verdict is Verdict.VIOLATED, (seed, check.reason)
        assert check.counterexample is not None
        assert check.counterexample.violation > 0


@FALLEN
def test_the_repaired_claim_has_the_same_domain(claim: Claim) -> None:
    for repaired in (c for c in CLAIMS if c.corrects == claim.slug):
        assert repaired.domain is claim.domain
        assert repaired.sizes == claim.sizes
        assert repaired.finding is Finding.STANDS


@EVERY
def test_every_assumption_is_needed(claim: Claim) -> None:
    dropped = ablate(claim)
    assert len(dropped) == len(claim.broken)
    assert all(record.as_expected for record in dropped), dropped


@pytest.mark.thorough
@EVERY
def test_instances_built_directly_in_both_precisions(claim: Claim) -> None:
    compare_precisions(claim, "float32")


@EVERY
def test_points_are_exact_members(claim: Claim) -> None:
    """What the referee judges is in the domain exactly, not up to rounding."""
    from kdtheory.tools._referee import referee_point

    size = claim.sizes[-1]
    point = random_points(np.random.default_rng(5), 3, domain_of(claim, size).dimension)[2]
    ruling = referee_point(claim, size, point)
    parts = exact_parts(ruling.parts) if ruling.parts else None
    if parts is None:
        assert ruling.ruling is Ruling.UNDECIDED
        return
    for part, value in zip(domain_of(claim, size).parts, parts, strict=True):
        if part.kind == "simplex":
            assert all(sum(row) == 1 for row in value.reshape(-1, part.shape[-1]))
            assert min(value.reshape(-1)) >= 0
        if part.kind in ("box", "integers"):
            assert part.low <= min(value.reshape(-1)) <= max(value.reshape(-1)) <= part.high
