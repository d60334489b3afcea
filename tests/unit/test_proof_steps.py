"""The core of the proofs: what a check must show, what a proof must look like, what is reported."""

from __future__ import annotations

import dataclasses
import json
import sys
from fractions import Fraction

import pytest
import sympy

from proofs_check import __main__ as command
from proofs_check import rendering
from proofs_check.algebra import (
    Induction,
    Inequality,
    Minimum,
    Undecided,
    at_most,
    equal,
    expectation,
    finite_mean,
    holds_by_induction,
    is_zero,
    manifestly_nonnegative,
    manifestly_positive,
    nonnegative_by_induction,
    nonnegative_from_minimum,
    samples_of,
)
from proofs_check.records import Kind, Proof, assumed, checked, cited, left_open, refuted
from proofs_check.running import ProofResult, Status, circles, run

x, y = sympy.symbols("x y", real=True)
p = sympy.Symbol("p", positive=True)
w = sympy.Symbol("w", nonnegative=True)


def step(name="claim", stated=(x + x, 2 * x), wrong=None, uses=(), sizes=""):
    return checked(
        name,
        "$x+x=2x$.",
        method="expanding",
        check=equal,
        stated=stated,
        wrong={"three": (x + x, 3 * x)} if wrong is None else wrong,
        uses=uses,
        sizes=sizes,
    )


def proof(*steps, slug="room/claim", unneeded=None):
    return Proof(slug=slug, idea="It is so.", steps=steps, unneeded=unneeded or {})


def result(*steps, assumptions=(), others=(), **options) -> ProofResult:
    one = proof(*steps, **options)
    known = {other.slug: other for other in (*others, one)}
    (found,) = run(known, {one.slug: assumptions}, [one.slug])
    return found


def problems(found: ProofResult) -> str:
    return "; ".join([*found.problems, *(text for s in found.steps for text in s.problems)])


# --- the algebra ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ((x + y) ** 2 - x**2 - 2 * x * y - y**2, True),
        (x * y, False),
        (sympy.log(p**2) - 2 * sympy.log(p), True),
        (sympy.sin(x) ** 2 + sympy.cos(x) ** 2 - 1, True),
        (1 / (1 + p) + p / (1 + p) - 1, True),
        (sympy.Matrix([[x - x, 0]]), True),
        (sympy.Matrix([[0, x]]), False),
        # Zero at x = 0 and 1, and at no other point.
        (x * (x - 1), False),
    ],
)
def test_is_zero(expression, answer):
    assert is_zero(expression) is answer


def test_what_is_neither_shown_nor_refuted_is_undecided():
    with pytest.raises(Undecided, match="not shown to be zero"):
        is_zero(sympy.Function("g")(x))


def test_an_inequality_needs_the_right_slack_and_a_manifest_sign():
    assert at_most(Inequality(2 * x * y, x**2 + y**2, (x - y) ** 2))
    assert not at_most(Inequality(3 * x * y, x**2 + y**2, (x - y) ** 2))
    assert not at_most(Inequality(0, w * x, w * x))
    with pytest.raises(Undecided, match="the slack .* is another"):
        at_most(Inequality(2 * x * y, x**2 + y**2, (x + y) ** 2))
    with pytest.raises(Undecided, match="not manifest"):
        at_most(Inequality(2 * x * y, x**2 + y**2, x**2 - 2 * x * y + y**2))


@pytest.mark.parametrize(
    ("expression", "answer"), [(w * x**2, True), (w - 1, False), (-w, False), (p + w, True)]
)
def test_signs(expression, answer):
    assert manifestly_nonnegative(expression) is answer


def test_positive_is_more_than_nonnegative():
    assert manifestly_positive(p * (1 + w))
    assert not manifestly_positive(p * w)
    with pytest.raises(Undecided):
        manifestly_positive(p + x)


def test_induction_needs_start_and_step():
    n, s = sympy.symbols("n s")
    step = {n: n + 1, s: s + (n + 1) ** 2}
    # 1 + 4 + ... + n^2 = n (n + 1) (2 n + 1) / 6
    squares = s - n * (n + 1) * (2 * n + 1) / 6
    assert holds_by_induction(Induction(squares, {n: 0, s: 0}, step))
    assert not holds_by_induction(Induction(squares, {n: 0, s: 1}, step))
    assert not holds_by_induction(Induction(squares, {n: 0, s: 0}, {n: n + 1, s: s + n**2}))


def test_induction_for_inequalities():
    total, squares = sympy.symbols("T S")
    step = {total: total + w, squares: squares + w**2}
    # (sum w)^2 >= sum w^2: one more term adds 2 w T, with T a sum of nonnegative terms.
    grown = sympy.Symbol("T", nonnegative=True)
    claim = Induction(grown**2 - squares, {grown: 0, squares: 0}, {**step, grown: grown + w})
    assert nonnegative_by_induction(claim._replace(slack=2 * w * grown))
    with pytest.raises(Undecided, match="is another"):
        nonnegative_by_induction(claim._replace(slack=w * grown))
    shrinking = {**step, grown: grown + w, squares: squares + 2 * w**2 + 2 * w * grown}
    assert not nonnegative_by_induction(claim._replace(step=shrinking, slack=-(w**2)))
    assert not nonnegative_by_induction(
        claim._replace(start={grown: 0, squares: 1}, slack=2 * w * grown)
    )


def test_a_minimum_touches_zero_and_has_the_slope_said():
    assert nonnegative_from_minimum(Minimum(p - 1 - sympy.log(p), p, 1, 1 / p))
    with pytest.raises(Undecided, match="does not touch zero there"):
        nonnegative_from_minimum(Minimum(p - 1 - sympy.log(p), p, 2, 1 / p))
    assert not nonnegative_from_minimum(Minimum(p - 2 - sympy.log(p), p, 1, 1 / p))
    assert not nonnegative_from_minimum(Minimum(1 - p + sympy.log(p), p, 1, -1 / p))


def test_expectations_assume_nothing_that_is_not_given():
    m, v = sympy.symbols("m v")
    moments = {x: m, x**2: v + m**2}
    assert expectation((x - m) ** 2, moments, [x]) == v
    with pytest.raises(KeyError):
        expectation(x * y, moments, [x, y])


def test_finite_laws_are_enumerated_exactly():
    coin = [(Fraction(1, 3), 0), (Fraction(2, 3), 3)]
    assert finite_mean(coin, lambda value: value) == 2
    samples = samples_of(coin, 2)
    assert sum(weight for weight, _ in samples) == 1
    # P(two threes) = 4/9.
    assert dict((drawn, weight) for weight, drawn in samples)[(3, 3)] == Fraction(4, 9)


# --- steps ----------------------------------------------------------------------------------------


def test_a_proof_is_complete():
    found = result(assumed("start", "Let $x$ be real."), step(uses=("start",)))
    assert found.status is Status.COMPLETE
    assert found.as_expected
    assert found.counts == {Kind.ASSUMED: 1, Kind.CHECKED: 1}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (step(stated=(x, 2 * x)), "what is stated: rejected"),
        (step(wrong={"also right": (x + x, x * 2)}), "the wrong variant 'also right': accepted"),
        (step(wrong={"no pair": (x,)}), "the wrong variant 'no pair': ValueError"),
        (
            dataclasses.replace(step(), check=lambda pair: sympy.true),
            "what is stated: answered True, not True or False",
        ),
        (step(wrong={"unknown": (sympy.Function("g")(x), 0)}), "Undecided"),
    ],
)
def test_a_bad_step_breaks_its_proof(bad, said):
    found = result(bad)
    assert found.status is Status.BROKEN
    assert not found.as_expected
    assert said in problems(found)


def printed(stated=(x, 2 * x), mended=(x + x, 2 * x)):
    return refuted(
        "claim", "$x=2x$.", method="x = 1", check=equal, stated=stated, mended={"twice": mended}
    )


def test_a_printed_step_must_fail_and_its_mended_form_pass():
    assert result(printed()).status is Status.REFUTED
    assert "what is stated: accepted" in problems(result(printed(stated=(x, x))))
    assert "the mended 'twice': rejected" in problems(result(printed(mended=(x, 3 * x))))


def test_every_step_needs_something_that_it_is_told_apart_from():
    with pytest.raises(ValueError, match="needs a wrong variant"):
        step(wrong={})
    with pytest.raises(ValueError, match="needs a mended variant"):
        refuted("claim", "", method="", check=equal, stated=(x, y), mended={})


def test_an_open_step_is_counted_and_said():
    found = result(left_open("gap", "A lemma.", "nobody has tried"), step(uses=("gap",)))
    assert found.status is Status.OPEN
    assert found.as_expected
    assert "Not complete: something is open." in rendering.proof_page(found)[-1]


def test_sizes_are_said():
    assert result(step(sizes="L = 2, 3")).status is Status.SIZES
    assert rendering.rows([result(step(sizes="L = 2, 3"))])[0][1] == "complete for L = 2, 3"


# --- the shape of a proof -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), "it has no steps"),
        ((step(uses=("nothing",)),), "claim uses nothing, which is no earlier step"),
        ((step("a", uses=("claim",)), step(uses=("a",))), "a uses claim, which is no earlier"),
        ((step(), step(uses=("claim",))), "two steps are called claim"),
        ((step("a"), step()), "no later step uses a"),
        ((step("a"), cited("claim", "", "a book", ["a"])), "it ends with a step that is cited"),
        ((assumed("a", ""),), "it ends with a step that is assumed"),
        ((step(uses=("room/other",)),), "claim uses room/other, of which there is no proof"),
    ],
)
def test_a_proof_hangs_together(steps, said):
    found = result(*steps)
    assert said in problems(found)
    assert found.status is Status.BROKEN


def test_assumptions_of_the_claim_are_used_or_said_not_to_be_needed():
    uses = (assumed("bounded", ""), step(uses=("bounded",)))
    assert result(*uses, assumptions=("bounded",)).as_expected
    assert "the claim assumes 'bounded'" in problems(result(step(), assumptions=("bounded",)))
    unneeded = {"bounded": "never used"}
    assert result(step(), assumptions=("bounded",), unneeded=unneeded).as_expected
    both = result(*uses, assumptions=("bounded",), unneeded=unneeded)
    assert "the claim assumes 'bounded'" in problems(both)


def test_lemmas_pass_on_what_they_are():
    def using(lemma):
        return result(step(uses=("room/lemma",)), others=[dataclasses.replace(lemma)])

    lemma = proof(step(), slug="room/lemma")
    assert using(lemma).status is Status.COMPLETE
    assert using(proof(step(sizes="n = 2"), slug="room/lemma")).sizes == ("n = 2",)
    gap = left_open("gap", "", "nobody has tried")
    assert using(proof(gap, slug="room/lemma")).status is Status.OPEN
    assert "which is broken" in problems(using(proof(step(stated=(x, y)), slug="room/lemma")))
    assert "a printed step of which fails" in problems(using(proof(printed(), slug="room/lemma")))


def test_proofs_do_not_rest_on_themselves():
    first = proof(step(uses=("room/b",)), slug="room/a")
    second = proof(step(uses=("room/a",)), slug="room/b")
    third = proof(step(uses=("room/b",)), slug="room/c")
    known = {one.slug: one for one in (third, first, second)}
    assert circles(known) == ["room/b -> room/a -> room/b"]
    found = {one.slug: one for one in run(known, {})}
    assert all(one.status is Status.BROKEN for one in found.values())
    assert "it rests on itself" in found["room/a"].problems


# --- the command ----------------------------------------------------------------------------------


def test_the_command_writes_a_table_proofs_and_json(capsys):
    assert command.main(["variance_reduction/lemma1"]) == 0
    assert "1 proofs: 1 complete. 1 steps checked" in capsys.readouterr().out
    assert command.main(["variance_reduction/lemma1", "--full"]) == 0
    assert "Proof of variance_reduction/lemma1." in capsys.readouterr().out
    assert command.main(["*lemma1", "--markdown"]) == 0
    assert "| variance_reduction/lemma1 | complete | 1 | 0 | 0 | 2 |" in capsys.readouterr().out
    assert command.main(["variance_reduction/lemma1", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["status"] == "complete"
    assert told["lemmas"] == ["variance_reduction/gap_identity"]


def test_a_broken_proof_is_an_error_and_is_shown(capsys, monkeypatch):
    broken = proof(step(stated=(x, y)))
    monkeypatch.setattr(command.catalogue, "all_proofs", lambda: {broken.slug: broken})
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert command.main([]) == 1
    assert "PROBLEM: what is stated: rejected" in capsys.readouterr().out


def test_an_unknown_room_is_bad_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["nothing"])
    assert ended.value.code == 2
    assert "got 'nothing'; expected a slug, a glob, or a room" in capsys.readouterr().err
