"""Planted errors: a tool that has never caught anything is not yet a tool."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory.claim import Assumption, Case, Claim, Draw, Relation, call
from kdtheory.divergences import kl_divergence, total_variation
from kdtheory.domains import box, simplex
from kdtheory.results import Outcome, Verdict
from kdtheory.theorems import find
from kdtheory.tools import _cross_check, falsify, report, verify
from kdtheory.tools._compile import release
from kdtheory.tools.mutate import Mutant, caught_by, mutants, mutation_score


def _weakened(claim: Claim, share: float) -> Claim:
    """Returns the claim with its right side wrong by a share, against the claim."""
    sign = {Relation.LE: -1.0, Relation.GE: 1.0, Relation.EQ: 1.0}[claim.relation]

    def rhs(*parts: object) -> object:
        side = claim.rhs(*parts)
        return side + sign * share * jnp.abs(side)

    return dataclasses.replace(claim, rhs=rhs, draws={}, tight=(), corners=())


@pytest.mark.parametrize(
    "slug",
    [
        "variance_reduction/lemma1",
        "variance_reduction/kl_form",
        "linear_gaussian/dataset_shift",
        "linear_gaussian/divergence_bound",
    ],
)
def test_a_bound_wrong_by_a_thousandth_is_refuted(slug: str) -> None:
    assert falsify(_weakened(find(slug), 1e-3), seed=1, rounds=1).verdict is Verdict.VIOLATED


@pytest.mark.thorough
def test_one_per_cent_is_told_from_none_by_the_whole_pipeline() -> None:
    """Errors in evaluators and in draws, some of which leave the statement true."""
    claim = find("variance_reduction/kl_form")
    planted = [m for m in mutants(claim) if m.needs_draws and not m.if_missed]
    names = ["lhs 1 % too", "draw of lhs 1 % too"]
    assert [m.name for m in planted] == [f"{n} {w}" for n in names for w in ("large", "small")]
    assert not caught_by(Mutant("none", claim, True), claim)
    for mutant in planted:
        assert "draws" in caught_by(mutant, claim), mutant.name


MATRIX = (
    "variance_reduction/unbiased_onehot",
    "variance_reduction/unbiased_bayes",
    "variance_reduction/erm_excess_risk",
    "bias_variance/mse_fixed",
    "linear_gaussian/matrix_normal_kl",
    "linear_gaussian/apx_cross_spread_1",
    "linear_gaussian/cross_nonpositive",
)


@pytest.mark.thorough
@pytest.mark.parametrize("slug", MATRIX)
def test_the_confusion_matrix_of_draws(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right evaluators agree; one per cent too large or too small is disputed, at the default.

    A draw that is one per cent off is an evaluator that is one per cent off the other way.
    """
    claim = find(slug)
    budget = inspect.signature(verify).parameters["draws"].default
    right = _cross_check._target
    outcomes = {}
    for factor in (1.0, 1.01, 1 / 1.01):

        def wrong(values: tuple[Any, ...], factor: float = factor) -> Any:
            return right((factor * values[0], *values[1:]))

        monkeypatch.setattr(_cross_check, "_target", wrong)
        records = _cross_check.cross_check(claim, seed=3, draws=budget, level=1e-3)
        outcomes[factor] = {record.outcome for record in records}
    release(claim)
    assert outcomes == {
        1.0: {Outcome.AGREES},
        1.01: {Outcome.DISPUTED},
        1 / 1.01: {Outcome.DISPUTED},
    }


def test_the_score_counts_what_is_caught() -> None:
    share = Draw(
        lambda key, p: jnp.mean(jax.random.uniform(key, (64,)) < p[0]), bounds=lambda p: (0.0, 1.0)
    )
    claim = Claim(
        slug="user/mean",
        lhs=lambda p: p[0],
        rhs=lambda p: 1 - p[1] - p[2],
        domain=lambda _: simplex(3),
        relation=Relation.EQ,
        draws={"lhs": share},
        tight=(Case("uniform", lambda: np.full(3, 1 / 3), "an equation"),),
    )
    records = mutation_score(claim)
    assert records[0].mutant == "none"
    assert records[0].caught_by == ()
    assert {record.mutant for record in records} >= {"rhs 0.1 % too strong", "lhs 1 % too small"}
    assert all(record.caught_by for record in records[1:]), records
    number = len(records) - 1
    score = report.mutants_summary(records)
    assert score.startswith(f"{number} of {number} planted errors caught; mutation score 100.0%")


def test_an_error_that_leaves_the_claim_true_survives_and_says_why() -> None:
    # x <= 2 on [0, 1]: nothing draws either side, and 2 may be one per cent off.
    loose = Claim(lhs=lambda x: x, rhs=lambda x: 2.0 + 0 * x, domain=lambda _: box(0, 1))
    records = {record.mutant: record for record in mutation_score(loose)}
    assert records["rhs 1 % too large"].caught_by == ()
    assert "no draw" in records["rhs 1 % too large"].why_missed
    assert records["sides swapped"].caught_by == ("sampling",)
    # Without a case of equality, a bound may be a thousandth too strong and true.
    assert "rhs 0.1 % too strong" not in records


def test_only_the_errors_asked_for_are_planted() -> None:
    loose = Claim(lhs=lambda x: x, rhs=lambda x: 2.0 + 0 * x, domain=lambda _: box(0, 1))
    records = mutation_score(loose, only=("sides swapped",))
    assert [record.mutant for record in records] == ["none", "sides swapped"]
    assert records[1].caught_by == ("sampling",)
    with pytest.raises(ValueError, match="'rhs squared, in scale'"):
        mutation_score(loose, only=("sides swopped",))


def test_sides_swapped_are_refuted() -> None:
    lemma = find("variance_reduction/lemma1")
    swapped = dataclasses.replace(
        lemma, lhs=lemma.rhs, rhs=lemma.lhs, draws={}, tight=(), broken=()
    )
    assert verify(swapped, instances=64).verdict is Verdict.VIOLATED


def test_a_dropped_term_is_refuted() -> None:
    identity = find("variance_reduction/kl_form")
    without = dataclasses.replace(
        identity, rhs=identity.terms["divergence"], tight=(), corners=(), draws={}
    )
    assert verify(without, instances=64).verdict is Verdict.VIOLATED


def test_a_wrong_power_is_refuted() -> None:
    identity = find("variance_reduction/gap_identity")
    power = dataclasses.replace(
        identity, rhs=lambda p: identity.rhs(p) / p.num_samples, tight=(), corners=(), draws={}
    )
    assert verify(power, instances=64).verdict is Verdict.VIOLATED


def test_a_missing_condition_is_refuted() -> None:
    # Without "unbiased teacher" in the domain: Bayes probabilities drawn on their own.
    claim = find("variance_reduction/worst_teacher_upper")
    size = claim.sizes[1]
    domain = claim.domain(size)

    def biased(*parts: object) -> object:
        problem = domain.instance(parts)
        return dataclasses.replace(problem, label_probs=problem.label_probs[:, ::-1])

    assert domain.build is not None
    wrong = dataclasses.replace(
        claim,
        domain=lambda _: dataclasses.replace(domain, build=biased),
        sizes=(size,),
        assumptions=(),
    )
    assert falsify(wrong, rounds=1).verdict is Verdict.VIOLATED


def test_a_case_that_is_not_tight_is_reported() -> None:
    claim = find("variance_reduction/lemma1")
    slack = next(case for case in claim.corners if case.name == "one input")
    check = verify(dataclasses.replace(claim, tight=(slack,), draws={}), instances=64)
    assert check.verdict is Verdict.UNDECIDED
    assert "tight case 'one input'" in check.reason


def test_a_counterexample_that_is_none_is_reported() -> None:
    claim = find("variance_reduction/equality_printed")
    wrong = dataclasses.replace(
        find("variance_reduction/equality"), counterexample=claim.counterexample
    )
    check = verify(wrong, instances=64)
    assert check.verdict is Verdict.UNDECIDED
    assert "counterexample case 'null input'" in check.reason


def test_nan_is_undecided() -> None:
    check = verify(lambda p: jnp.log(p[0] - 0.5), lambda p: 0.0, over=simplex(2))
    assert check.verdict is Verdict.UNDECIDED
    assert "NaN" in check.reason


def test_nan_by_rounding_is_refereed() -> None:
    # 1 - p_0 - p_1 - p_2 is the last probability; in floating point it may be below zero, where the
    # root is NaN. The exact instance has no such problem, and log of a negative number remains one.
    def last(p: object) -> object:
        return 1 - p[0] - p[1] - p[2]

    for relation, verdict in (("<=", Verdict.HOLDS), (">=", Verdict.VIOLATED)):
        for examine in (verify, falsify):
            check = examine(
                lambda p: jnp.sqrt(last(p)), lambda p: 1.0, over=simplex(4), relation=relation
            )
            assert check.verdict is verdict
            assert verdict is Verdict.VIOLATED or "were NaN by rounding" in check.reason
    undefined = falsify(lambda p: jnp.log(p[0] - 0.5), lambda p: 0.0, over=simplex(2), rounds=1)
    assert undefined.verdict is Verdict.UNDECIDED
    assert "NaN" in undefined.reason


def test_assumptions_never_met_is_no_instance() -> None:
    claim = Claim(
        lhs=lambda p: p[0],
        rhs=lambda p: 2.0,
        domain=lambda _: simplex(2),
        assumptions=(Assumption("never", "p1 > 1", lambda p: p[0] - 2.0),),
    )
    assert verify(claim).verdict is Verdict.NO_INSTANCE
    assert falsify(claim, rounds=1).verdict is Verdict.NO_INSTANCE


def test_infinities_follow_the_rules() -> None:
    def infinite(p: object) -> object:
        return jnp.inf

    assert verify(infinite, infinite, over=simplex(2)).verdict is Verdict.HOLDS
    assert verify(infinite, infinite, over=simplex(2), relation="=").verdict is Verdict.HOLDS
    refuted = verify(infinite, lambda p: p[0], over=simplex(2))
    assert refuted.verdict is Verdict.VIOLATED
    assert refuted.counterexample is not None
    assert refuted.counterexample.lhs == "inf"


def test_a_readers_own_wrong_inequality_is_refuted_with_a_small_witness() -> None:
    check = verify(
        kl_divergence,
        lambda p, q: 2.02 * total_variation(p, q) ** 2,
        over=simplex(3) * simplex(3),
        relation=">=",
    )
    assert check.verdict is Verdict.VIOLATED
    found = check.counterexample
    assert found is not None
    # Small: every number is a fraction of at most two digits over two digits.
    numbers = [entry for part in found.parts for entry in part]
    assert all(len(number) <= 5 for number in numbers), numbers
    right = verify(
        kl_divergence,
        lambda p, q: 2.0 * total_variation(p, q) ** 2,
        over=simplex(3) * simplex(3),
        relation=">=",
    )
    assert right.verdict is Verdict.HOLDS


def test_a_violation_on_a_thin_set_is_found() -> None:
    # p.l <= max(l) - 0.001 fails only near a vertex of p (random interior points never see it).
    check = falsify(
        lambda p, loss: p @ loss,
        lambda p, loss: jnp.max(loss) - 1e-3,
        over=simplex(6) * box(0, 1, 6),
        rounds=1,
    )
    assert check.verdict is Verdict.VIOLATED


def test_wrong_bounds_of_a_draw_are_refused() -> None:
    claim = find("variance_reduction/lemma1")
    sample = claim.draws["lhs"].sample
    lying = dataclasses.replace(claim, draws={"lhs": Draw(sample, bounds=lambda p: (0.0, 1e-9))})
    with pytest.raises(ValueError, match="bounds of this draw are wrong"):
        verify(lying, instances=64)


@pytest.mark.parametrize("relation", ["<", "==", "le"])
def test_an_unknown_relation_is_refused(relation: str) -> None:
    with pytest.raises(ValueError, match=r"relation: got .* expected '<=', '>=' or '='"):
        verify(lambda p: p[0], lambda p: 1.0, over=simplex(2), relation=relation)


def test_what_is_not_a_claim_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a Claim, or two functions and over=DOMAIN"):
        verify(lambda p: p[0], lambda p: 1.0)


def test_a_case_receives_its_parts_as_the_sides_do() -> None:
    pair = (jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]))
    assert float(call(total_variation, pair)) == 1.0
    claim = Claim(
        lhs=total_variation,
        rhs=lambda p, q: 1.0,
        domain=lambda _: simplex(2) * simplex(2),
        tight=(Case("disjoint", lambda: pair, "disjoint supports"),),
    )
    assert verify(claim, instances=64).verdict is Verdict.HOLDS
