"""Examines a claim from every side: samples, cases, Monte Carlo, search, and the referee."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kdtheory._check import refuse
from kdtheory._numerics import DOUBTFUL, near_equality, rounding_tolerance
from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import Domain
from kdtheory.results import CaseResult, Check, Counterexample, Examined, Outcome, Verdict
from kdtheory.tools._compile import precision
from kdtheory.tools._cross_check import cross_check
from kdtheory.tools._referee import Ruling, counterexample, referee_case, referee_point, size_of
from kdtheory.tools._search import ascend, assess_members, assess_searched, random_points
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import Assessment, assess_instances, assess_points
from kdtheory.tools.falsify import (
    REFEREED,
    as_claim,
    expected_verdict,
    generator,
    judge_undefined,
    proven_violation,
    searched,
    unjudged,
    unsearched,
)
from kdtheory.tools.simplify import simplify


def verify(
    claim: Claim | Any,
    rhs: Any = None,
    *,
    over: Domain | None = None,
    relation: str | Relation = "<=",
    seed: int = 0,
    instances: int = 2048,
    draws: int = 2**21,
    level: float = 1e-3,
    rounds: int = 1,
    dtype: str = "float64",
) -> Check:
    """Examines whether a claim holds, and says exactly what was examined.

    Samples every size of its domain, evaluates its tight, degenerate and counterexample cases,
    holds the exact evaluators against Monte Carlo draws from the definition, and searches the home
    size for a violation. Near-equalities and violations are re-evaluated in exact or ball
    arithmetic before they count.

    Args:
        claim: a claim, or the left side as a function of the domain's parts.
        rhs: the right side, when ``claim`` is a function.
        over: the domain, when ``claim`` is a function; it reads ``lhs <= rhs``.
        relation: "<=", ">=" or "=", when ``claim`` is a function.
        seed: seed of everything random.
        instances: how many random instances per size.
        draws: the most Monte Carlo replicates per quantity; sampling stops when it has decided.
        level: the chance that a right evaluator is disputed, whatever the number of looks.
        rounds: how many times the search starts afresh from 256 points; 0 leaves it out, which
            halves what there is to compile.
        dtype: "float64", or "float32": what rounding hides there is for the referee to decide, and
            is undecided where it does not.

    Returns:
        The check: HOLDS (on what it lists), VIOLATED (with the instance), UNDECIDED (with the
        reason) or NO_INSTANCE.

    Raises:
        TypeError: if the arguments are neither a claim nor two functions and a domain.
        ValueError: for an unknown relation or dtype, or a negative number of rounds.

    Example:
        >>> from kdtheory.domains import simplex
        >>> verify(lambda p: p[0], lambda p: 1.0, over=simplex(3)).verdict.value
        'holds'
    """
    record = as_claim(claim, rhs, over, relation)
    if rounds < 0:
        refuse("rounds", str(rounds), "0 or more", "Use 0 to leave the search out.")
    start = time.perf_counter()
    # The home size is searched, and what is evaluated there shares that program.
    at_home, members = (
        (assess_searched, assess_members) if rounds else (assess_points, assess_instances)
    )
    with precision(dtype):
        rng = generator(record, seed)
        found: list[Counterexample] = []
        doubts: list[str] = []
        replayed, replay = _replay(record, members)
        found += replayed
        examined = tuple(
            _sample(
                record,
                size,
                at_home if size == record.sizes[0] else assess_points,
                # As they are in this precision: the referee judges the same instances.
                random_points(rng, instances, domain_of(record, size).dimension).astype(dtype),
                dtype,
                found,
                doubts,
            )
            for size in record.sizes
        )
        cases = (*replay, *_cases(record, members, dtype, found))
        monte_carlo = cross_check(record, seed=seed, draws=draws, level=level, evaluate=at_home)
        ascent = ascend(record, record.sizes[0], rng, rounds=rounds) if rounds else None
        if ascent is not None and not found:
            violation, unresolved = proven_violation(record, record.sizes[0], ascent, dtype)
            found += [violation] if violation else []
            doubts += [unresolved] if unresolved else []
    no_cases = [
        f"the {case.kind} case {case.name!r} is not one in {dtype}"
        for case in cases
        if not case.as_expected
    ]
    disputes = [
        f"{part.quantity} is disputed by {part.draws} draws from its definition, which put its "
        f"relative error at {part.error:+.2%}"
        for part in monte_carlo
        if part.outcome is Outcome.DISPUTED
    ]
    admissible = sum(part.admissible for part in examined)
    # A proven violation settles a claim, unless our own evaluators or records are in doubt.
    doubts = no_cases + disputes + ([] if found else doubts)
    seen = searched(ascent.record, dtype) if ascent is not None else unsearched(dtype)
    verdict, reason = _judge(found, doubts, admissible, seen)
    return Check(
        slug=record.slug,
        verdict=verdict,
        expected=expected_verdict(record),
        reason=reason,
        seed=seed,
        dtype=dtype,
        examined=examined,
        cases=cases,
        monte_carlo=monte_carlo,
        searches=(ascent.record,) if ascent is not None else (),
        counterexample=found[0] if found else None,
        seconds=time.perf_counter() - start,
    )


def _judge(
    found: list[Counterexample], doubts: list[str], admissible: int, seen: str
) -> tuple[Verdict, str]:
    if doubts:
        return Verdict.UNDECIDED, "; ".join(doubts)
    if found:
        return Verdict.VIOLATED, f"violated by {found[0].violation:.3g} of its scale"
    if admissible == 0:
        return Verdict.NO_INSTANCE, "the assumptions were never met"
    return Verdict.HOLDS, seen


_Members = Callable[[Claim, Sequence[Any]], list[Assessment]]


def _replay(claim: Claim, members: _Members) -> tuple[list[Counterexample], list[CaseResult]]:
    """Referees the recorded counterexample."""
    case = claim.counterexample
    if case is None:
        return [], []
    ruling = referee_case(claim, case)
    evaluation = members(claim, [case.make()])[0]
    proven = ruling.ruling is Ruling.VIOLATED
    result = _case_result("counterexample", case, evaluation, proven)
    if not proven:
        return [], [result]
    size = size_of(claim, case.make()) or claim.sizes[0]
    return [counterexample(claim, size, ruling, f"recorded: {case.note}")], [result]


def _case_result(kind: str, case: Case, values: dict[str, Any], as_expected: bool) -> CaseResult:
    return CaseResult(kind, case.name, values["lhs"], values["rhs"], values["slack"], as_expected)


def _cases(
    claim: Claim, members: _Members, dtype: str, found: list[Counterexample]
) -> Iterable[CaseResult]:
    """Evaluates tight cases, which must be equalities, and corners, where the claim must hold.

    A case that violates the claim, proven by the referee, is appended to ``found``: then it is the
    claim that is at fault, not the case.
    """
    tolerance = rounding_tolerance(dtype)
    kinds = [("tight", case) for case in claim.tight] + [("corner", case) for case in claim.corners]
    values = members(claim, [case.make() for _, case in kinds])
    for (kind, case), result in zip(kinds, values, strict=True):
        # A limit is approached: its made member is close to equality, not at it.
        allowed = 1e-3 if case.limit is not None else tolerance
        holds = result["slack"] >= -tolerance and result["margin"] >= -tolerance
        fine = holds and (kind == "corner" or abs(result["slack"]) <= allowed)
        if result["slack"] < DOUBTFUL:
            ruling = referee_case(claim, case)
            if ruling.ruling is Ruling.VIOLATED:
                size = size_of(claim, case.make()) or claim.sizes[0]
                note = f"the {kind} case {case.name!r}"
                found.append(counterexample(claim, size, ruling, note))
                fine = True
        yield _case_result(kind, case, result, bool(fine))


def _sample(
    claim: Claim,
    size: tuple[int, ...],
    evaluate: Callable[..., Assessment],
    points: Any,
    dtype: str,
    found: list[Counterexample],
    doubts: list[str],
) -> Examined:
    """Evaluates random instances of one size; appends proven violations and what stays in doubt."""
    tolerance = rounding_tolerance(dtype)
    values = evaluate(claim, size, points)
    admissible = values["margin"] >= -tolerance
    slack = np.where(admissible, values["slack"], np.inf)
    nowhere = np.flatnonzero(np.isnan(slack))
    violation, refereed = judge_undefined(claim, size, points[nowhere]) if not found else (None, 0)
    found += [violation] if violation else []
    undefined = len(nowhere) - refereed
    slack = np.where(np.isnan(slack), np.inf, slack)
    if undefined:
        place = f"{undefined} admissible instances of size {size}"
        doubts.append(f"a side was NaN in {dtype} on {place}")
    order = np.argsort(slack, kind="stable")
    violations = [index for index in order if slack[index] < -tolerance][:REFEREED]
    near = [index for index in order if abs(slack[index]) < near_equality(dtype)]
    # An equation is an equality everywhere: only what may be a violation is refereed then.
    least = DOUBTFUL if claim.relation is Relation.EQ else np.inf
    close = [index for index in near if -tolerance <= slack[index] < least][:REFEREED]
    for index in [*violations, *close] if not found else []:
        ruling = referee_point(claim, size, points[index])
        refereed += ruling.ruling is not Ruling.UNDECIDED
        if ruling.ruling is Ruling.VIOLATED:
            smallest = simplify(claim, size, ruling)
            found.append(counterexample(claim, *smallest, "met by sampling, then simplified"))
            break
        if ruling.ruling is Ruling.UNDECIDED and slack[index] < DOUBTFUL:
            doubts.append(unjudged(-slack[index], dtype, ruling))
            break
    vacuous = None
    if claim.trivial is not None and admissible.any():
        vacuous = float(values["vacuous"][admissible].mean())
    return Examined(
        size=size,
        instances=len(points),
        admissible=int(admissible.sum()),
        worst_slack=float(slack.min()),
        undefined=undefined,
        near_equalities=len(near),
        refereed=refereed,
        vacuous=vacuous,
    )
