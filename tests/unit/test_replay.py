"""Replay: a recorded counterexample is rebuilt exactly, judged afresh, or refused with a reason."""

import dataclasses
import json
from fractions import Fraction as F

import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.claim import Assumption, Claim
from kdtheory.domains import box, integers, positive, psd, simplex, stochastic
from kdtheory.results import Check, Counterexample, Verdict, from_dict, to_dict
from kdtheory.tools import falsify, replay, replay_file
from kdtheory.tools._referee import counterexample, referee_parts

# The mean of l under p is at most 1/2: false, and both sides are rational.
CLAIM = Claim(
    slug="user/mean",
    lhs=lambda p, loss: p @ loss,
    rhs=lambda p, loss: 0.5,
    domain=lambda size: (simplex(size[0]) * box(0, 1, size[0])).named("p", "loss"),
    sizes=((3,), (2,)),
)
FOUND = Counterexample(
    size=(2,),
    names=("p", "loss"),
    parts=(("1/3", "2/3"), ("0", "1")),
    lhs="2/3",
    rhs="1/2",
    violation=1 / 6,
    note="by hand",
)


def changed(**fields):
    return dataclasses.replace(FOUND, **fields)


def there_and_back(record):
    return from_dict(type(record), json.loads(json.dumps(to_dict(record))))


def test_a_violation_is_proven_again():
    check = replay(there_and_back(FOUND), CLAIM)
    assert check.counterexample == FOUND
    assert check.as_expected
    assert check.verdict is Verdict.VIOLATED
    assert check.reason == "proven again: violated by 0.167 of its scale"
    assert Check.from_dict(json.loads(json.dumps(check.to_dict()))) == check


def test_nothing_that_the_record_says_of_the_sides_is_believed():
    check = replay(changed(lhs="9", rhs="0", violation=9.0), CLAIM)
    assert check.counterexample == FOUND
    assert check.reason.endswith("the record said left side 9, right side 0")
    # 1/3 * 1 <= 1/2, whatever the record says.
    wrong = replay(changed(parts=(("1/3", "2/3"), ("1", "0"))), CLAIM)
    assert (wrong.verdict, wrong.counterexample) == (Verdict.HOLDS, None)
    assert "left side 1/3, right side 1/2" in wrong.reason
    assert not wrong.as_expected


def test_a_size_below_those_listed_is_replayed():
    assert replay(changed(size=(1,), parts=(("1",), ("1",)), lhs="1"), CLAIM).as_expected


def test_what_is_found_is_replayed_exactly():
    sides = (lambda p, q: jnp.sum((p - q) ** 2), lambda p, q: 0.7)
    over = simplex(3) * simplex(3)
    found = falsify(*sides, over=over, rounds=1).counterexample
    assert found is not None
    assert there_and_back(found) == found
    assert replay(there_and_back(found), *sides, over=over).counterexample == found


def test_long_fractions_survive():
    # Products of large primes: nothing of this is a float, and every digit counts.
    share = F(10**40 + 7, 3 * 10**40 + 1)
    parts = np.array([share, 1 - share], dtype=object), np.array([F(1), F(0, 1)], dtype=object)
    claim = dataclasses.replace(CLAIM, rhs=lambda p, loss: 0.25)
    record = counterexample(claim, (2,), referee_parts(claim, (2,), parts), "")
    assert record.parts[0] == (str(share), str(1 - share))
    assert replay(there_and_back(record), claim).counterexample == record
    # 0.3333... with 25 digits on paper.
    assert f"= ({'0.' + '3' * 25}..., {'0.' + '6' * 25}...)" in record.instance


def test_an_assumption_that_fails_there_is_no_counterexample():
    claim = dataclasses.replace(
        CLAIM, assumptions=(Assumption("heavy", "p1 >= 1/2", lambda p, loss: p[0] - 0.5),)
    )
    check = replay(FOUND, claim)
    assert (check.verdict, check.counterexample) == (Verdict.NO_INSTANCE, None)
    assert "an assumption of the claim fails there" in check.reason


def test_what_cannot_be_judged_is_undecided():
    # A singular value has no enclosure.
    norm = dataclasses.replace(
        CLAIM, lhs=lambda p, loss: jnp.linalg.svd(jnp.outer(p, loss), compute_uv=False)[0]
    )
    check = replay(FOUND, norm)
    assert (check.verdict, check.counterexample) == (Verdict.UNDECIDED, None)
    assert check.reason == "no enclosure of svd"


KINDS = (integers(1, 3) * positive(1) * psd(2) * stochastic(1, 2)).named("n", "x", "a", "w")
OTHER = Claim(lhs=lambda n, x, a, w: 1.0, rhs=lambda n, x, a, w: 0.0, domain=lambda _: KINDS)
MEMBER = ("2", ("1/2",), (("1", "0"), ("0", "1")), (("1/2", "1/2"),))


def of_kinds(*parts):
    return Counterexample((), ("n", "x", "a", "w"), parts, "1", "0", 1.0)


WRONG = {
    "size of another length": (
        changed(size=(2, 2)),
        "expected one of (3,), (2,), or a smaller",
    ),
    "size beyond": (changed(size=(10**9,)), "or a smaller one"),
    "size zero": (changed(size=(0,)), "size: got (0,)"),
    "one part": (changed(parts=(("1/3", "2/3"),)), "parts: got 1 parts; expected 2: p, loss"),
    "names": (changed(names=("loss", "p")), "expected ('p', 'loss'), as the claim's domain"),
    "short": (changed(parts=(("1",), ("0", "1"))), "p: got 1 entries; expected rows"),
    "a number": (changed(parts=("1", ("0", "1"))), "p: got a number; expected rows within rows"),
    "deep": (changed(parts=((("1",), "0"), ("0", "1"))), "p: got ('1',); expected a fraction"),
    "decimal": (changed(parts=(("0.5", "0.5"), ("0", "1"))), "expected a fraction as text"),
    "float": (changed(parts=((0.5, 0.5), ("0", "1"))), "p: got 0.5; expected a fraction as text"),
    "exponent": (changed(parts=(("1e999999999", "0"), ("0", "1"))), "expected a fraction as text"),
    "cut": (changed(parts=(("0.333...", "0"), ("0", "1"))), "expected a fraction as text"),
    "infinite": (changed(parts=(("1", "0"), ("0", "inf"))), "loss: got 'inf'; expected a fraction"),
    "zero below": (
        changed(parts=(("1/0", "0"), ("0", "1"))),
        "a denominator other than 0",
    ),
    "too long": (changed(parts=(("9" * 5000, "0"), ("0", "1"))), "expected a fraction as text"),
    "sum": (changed(parts=(("1/3", "1/3"), ("0", "1"))), "p: got a point outside the domain"),
    "beyond the box": (changed(parts=(("0", "1"), ("0", "2"))), "expected numbers in [0, 1]"),
}
OF_KINDS = {
    "half a sample": (of_kinds("3/2", *MEMBER[1:]), "n: got a point outside the domain"),
    "four samples": (of_kinds("4", *MEMBER[1:]), "expected whole numbers in 1..3"),
    "zero": (of_kinds("2", ("0",), *MEMBER[2:]), "x: got a point outside the domain; expected num"),
    "indefinite": (of_kinds(*MEMBER[:2], (("1", "2"), ("2", "1")), MEMBER[3]), "semidefinite"),
    "row": (of_kinds(*MEMBER[:3], (("1/2", "1/3"),)), "each row with a sum of exactly 1"),
}


@pytest.mark.parametrize("case", [*WRONG, *OF_KINDS])
def test_what_is_no_member_is_refused(case):
    given, message = WRONG.get(case) or OF_KINDS[case]
    with pytest.raises(InputError) as refusal:
        replay(given, CLAIM if case in WRONG else OTHER)
    assert message in str(refusal.value)


def test_members_of_every_kind_are_read():
    assert replay(of_kinds(*MEMBER), OTHER).verdict is Verdict.VIOLATED
    assert replay(of_kinds(2, *MEMBER[1:]), OTHER).verdict is Verdict.VIOLATED


def test_a_size_at_which_the_claim_fails_is_refused():
    def two_or_more(size):
        if size[0] < 2:
            raise ValueError("at least two atoms")
        return CLAIM.domain(size)

    one = changed(size=(1,), parts=(("1",), ("1",)))
    with pytest.raises(InputError, match=r"a size that the claim has \(at least two atoms\)"):
        replay(one, dataclasses.replace(CLAIM, domain=two_or_more))
    second = dataclasses.replace(CLAIM, lhs=lambda p, loss: p[:2].reshape(2) @ loss[:2])
    with pytest.raises(InputError, match="a size at which the sides have a meaning"):
        replay(one, second)


# --- files --------------------------------------------------------------------------------------


def find(slug):
    if slug == CLAIM.slug:
        return CLAIM
    raise KeyError(f"slug: got {slug!r}; expected a claim")


CHECK = replay(FOUND, CLAIM).to_dict()
EMPTY = {**CHECK, "counterexample": None, "slug": "user/other"}
FILES = {
    "a check": CHECK,
    "a list": [EMPTY, CHECK],
    "a finding": [{"slug": CLAIM.slug, "finding": "slip", "counterexample": to_dict(FOUND)}],
}


@pytest.mark.parametrize("kind", FILES)
def test_files_of_every_kind_are_read(kind, tmp_path):
    path = tmp_path / "found.json"
    path.write_text(json.dumps(FILES[kind]))
    ((check, given),) = replay_file(path, find)
    assert (check.verdict, check.slug, given) == (Verdict.VIOLATED, CLAIM.slug, FOUND)
    assert len(list(replay_file(path, find, {CLAIM.slug}))) == 1
    with pytest.raises(InputError, match="without a counterexample to that claim"):
        list(replay_file(path, find, {"user/other"}))


def record(**fields):
    return json.dumps({**CHECK, "counterexample": {**to_dict(FOUND), **fields}})


BROKEN = {
    "nothing": ("", "which is not JSON"),
    "no JSON": ("{'slug': 1}", "which is not JSON"),
    "no text": (b"\xff\xfe\x00", "which is not JSON"),
    "deep": ("[" * 10**5, "which is not JSON"),
    "a number": ("3", "JSON of another kind"),
    "numbers": ("[1, 2]", "JSON of another kind"),
    "no check": ("[]", "without a counterexample; expected a check that found one"),
    "none found": (json.dumps(EMPTY), "without a counterexample"),
    "no slug": (json.dumps({"counterexample": to_dict(FOUND)}), "a check that names no claim"),
    "unknown slug": (json.dumps({**CHECK, "slug": "user/none"}), "slug: got 'user/none'"),
    "text": (json.dumps({**CHECK, "counterexample": "p = 1"}), "no record of one"),
    "no parts": (json.dumps({**CHECK, "counterexample": {"size": [2]}}), "no record of one"),
    "size": (record(size=2), "no record of one"),
    "size of text": (record(size=["2"]), "no record of one"),
    "size that is true": (record(size=[True]), "no record of one"),
    "names": (record(names=[1, 2]), "no record of one"),
    "sides": (record(lhs=1), "no record of one"),
    "parts": (record(parts=None), "no record of one"),
    "violation": (record(violation="much"), "no record of one"),
    "no fraction": (record(parts=[["a", "b"], ["0", "1"]]), "expected a fraction as text"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_files_that_cannot_be_used_are_refused(case, tmp_path):
    content, message = BROKEN[case]
    path = tmp_path / "found.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as refusal:
        list(replay_file(path, find))
    assert message in str(refusal.value)
    assert "expected" in str(refusal.value)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        list(replay_file(tmp_path / "missing.json", find))
    with pytest.raises(InputError, match="Is a directory"):
        list(replay_file(tmp_path, find))
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(1 << 40)  # a hole of a terabyte: reading all of it would never end
    with pytest.raises(InputError, match=r"a huge file; expected at most 16777216 bytes"):
        list(replay_file(huge, find))
