"""The door: certificates found and checked, false inequalities refuted, honest indecision."""

import dataclasses
import json
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.certificates import Certificate, CertificateError, Outcome
from kdtheory.domains import box, reals, simplex
from kdtheory.theorems import find
from kdtheory.theorems.lemmas import BHATIA_DAVIS, CAUCHY_SCHWARZ
from kdtheory.tools import certify, recheck
from kdtheory.tools.falsify import as_claim

SQUARES = "sum of squares"


def kl(p, q):
    return p * jnp.log(p / q) + (1 - p) * jnp.log((1 - p) / (1 - q))


COINS = (box(0.01, 0.99) * box(0.01, 0.99)).named("p", "q")


def through_json(certificate):
    return Certificate.from_dict(json.loads(json.dumps(certificate.to_dict())))


@pytest.mark.parametrize(
    ("claim", "size"),
    [
        (CAUCHY_SCHWARZ, (2,)),
        (CAUCHY_SCHWARZ, (3,)),
        (BHATIA_DAVIS, (2,)),
        (find("variance_reduction/lemma1"), (1, 3)),
        (find("bias_variance/tv_below_norm"), (2,)),
    ],
    ids=lambda value: getattr(value, "slug", str(value)),
)
def test_squares_are_found(claim, size):
    found = certify(claim, size=size)
    assert found.outcome is Outcome.CERTIFIED
    assert (found.kind, found.epsilon) == (SQUARES, "0")
    assert through_json(found) == through_json(through_json(found))
    assert "Gram" in recheck(through_json(found), claim)


def test_lemma_1_is_the_sum_over_pairs_of_labels():
    found = certify(find("variance_reduction/lemma1"), size=(1, 3))
    # p_j p_k (l_j - l_k)^2/N for the three pairs j < k.
    assert [square["gram"] for square in found.data["squares"]] == [[["1", "-1"], ["-1", "1"]]] * 3


@pytest.mark.parametrize("share", [1.0, 0.9])
def test_a_weaker_bound_is_certified_and_a_stronger_one_is_not(share):
    # Var X <= share mu (1 - mu) on [0, 1] is attained by coins at share 1.
    claim = dataclasses.replace(
        BHATIA_DAVIS, rhs=lambda p, x: share * BHATIA_DAVIS.rhs(p, x), slug="user/claim"
    )
    found = certify(claim, size=(2,))
    assert (found.outcome is Outcome.CERTIFIED) == (share == 1.0)
    if share < 1:
        assert "no certificate was found" in found.reason
        assert found.data is None
        with pytest.raises(CertificateError, match="nothing to check"):
            recheck(found, claim)


def test_a_strict_inequality_needs_no_equality_case():
    # x^4 - x^2 + 1/2 = (x^2 - 1/2)^2 + 1/4.
    found = certify(lambda x: x**2, lambda x: x**4 + 0.5, over=reals())
    assert found.outcome is Outcome.CERTIFIED


def test_motzkin_is_no_sum_of_squares():
    def motzkin(x, y):
        return x**4 * y**2 + x**2 * y**4 + 1

    found = certify(lambda x, y: 3 * x**2 * y**2, motzkin, over=reals() * reals())
    assert found.outcome is Outcome.UNDECIDED


def test_identities_and_what_is_none():
    def left(x):
        return (x[0] + x[1]) ** 2

    def right(x):
        return x[0] ** 2 + 2 * x[0] * x[1] + x[1] ** 2

    assert certify(left, right, over=reals(2), relation="=").outcome is Outcome.CERTIFIED
    wrong = certify(left, lambda x: right(x) + x[0] ** 3, over=reals(2), relation="=")
    assert wrong.outcome is Outcome.UNDECIDED


def test_epsilon_loosens_a_polynomial_inequality():
    over = box(0, 1)
    assert certify(lambda x: x, lambda x: x**2, over=over).outcome is Outcome.UNDECIDED
    # x - x^2 <= 1/4.
    found = certify(lambda x: x, lambda x: x**2, over=over, epsilon="1/4")
    assert (found.outcome, found.epsilon) == (Outcome.CERTIFIED, "1/4")
    smaller = dataclasses.replace(found, epsilon="1/5")
    with pytest.raises(CertificateError, match="target is not the difference"):
        recheck(smaller, as_claim(lambda x: x, lambda x: x**2, over))


@pytest.mark.parametrize(
    ("function", "smallest"),
    [
        (lambda x: x * jnp.log(x), -np.exp(-1)),
        (lambda x: jnp.exp(x) - 2 * x, 2 - 2 * np.log(2)),
        (lambda x: jnp.tanh(x) - x, np.tanh(1.5) - 1.5),
    ],
)
def test_known_minima_are_bracketed(function, smallest):
    over = box(0.125, 1.5)
    bound = Fraction(float(smallest))
    below, above = (float(bound + Fraction(sign, 1000)) for sign in (-1, 1))
    certified = certify(lambda x: below, function, over=over)
    refuted = certify(lambda x: above, function, over=over)
    assert (certified.outcome, refuted.outcome) == (Outcome.CERTIFIED, Outcome.REFUTED)
    for record, level in ((certified, below), (refuted, above)):
        recheck(through_json(record), as_claim(lambda x, c=level: c, function, over))


def test_three_dimensions_and_equalities_up_to_epsilon():
    def left(x):
        return jnp.log(x[0] * x[1] * x[2])

    def right(x):
        return jnp.sum(jnp.log(x))

    over = box(1, 1.25, 3)
    found = certify(left, right, over=over, relation="=", epsilon=0.05)
    assert (found.outcome, found.kind) == (Outcome.CERTIFIED, "boxes")
    assert "boxes" in recheck(found, as_claim(left, right, over, "="))
    off = certify(left, lambda x: right(x) + 0.125, over=over, relation="=", epsilon=0.05)
    assert off.outcome is Outcome.REFUTED


def test_pinsker_with_too_large_a_constant_is_refuted_on_a_box():
    def left(p, q):
        return 2.05 * (p - q) ** 2

    found = certify(left, kl, over=COINS)
    assert found.outcome is Outcome.REFUTED
    low, high = np.array([[float(Fraction(x)) for x in end] for end in found.box])
    assert (low < high).all()
    # At any point of the box, by a margin that is no more than the true one.
    for point in np.random.default_rng(0).uniform(low, high, (20, 2)):
        assert left(*point) - float(kl(*point)) >= float(found.margin) - 1e-9 > 0
    assert "fails on the box" in str(found)
    claim = as_claim(left, kl, COINS)
    assert recheck(found, claim) == "one box, on which it fails"
    moved = dataclasses.replace(found, box=(("1/4", "1/4"), ("1/2", "1/2")))
    with pytest.raises(CertificateError, match="refutes nothing"):
        recheck(moved, claim)
    for wrong in ((), (("2", "2"), ("3", "3")), (("1/2", "1/2"), ("1/4", "1/4"))):
        with pytest.raises(CertificateError, match="expected"):
            recheck(dataclasses.replace(found, box=wrong), claim)


def test_the_budget_ends_in_an_honest_undecided():
    # Equality on the diagonal: no partition shows it exactly.
    found = certify(lambda p, q: 2 * (p - q) ** 2, kl, over=COINS, max_boxes=1000)
    assert found.outcome is Outcome.UNDECIDED
    assert "boxes were left when the budget of 1,000 ended" in found.reason
    assert "undecided" in str(found)


PARABOLA = as_claim(
    lambda x: jnp.exp(-x), lambda x: 1 - x + x**2 / 2 + x**3 / 100, box(0.25, 1).named("x")
)


@pytest.fixture(scope="module")
def by_boxes():
    found = certify(PARABOLA)
    assert found.outcome is Outcome.CERTIFIED
    assert len(found.data["tree"]) > 2
    return found


def test_tampered_trees_are_rejected(by_boxes):
    tree = by_boxes.data["tree"]
    wrong = [
        # A leaf too early, a level missing, an axis that is none, a text too short, no texts.
        ["."],
        tree[:-1],
        [tree[0].replace("0", "1"), *tree[1:]],
        [*tree[:-1], tree[-1][:-1]],
        [*tree, "."],
        [],
        "0..",
        [0],
    ]
    for levels in wrong:
        changed = by_boxes.with_data({**by_boxes.data, "tree": levels})
        with pytest.raises(CertificateError, match="tree"):
            recheck(changed, PARABOLA)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slug": "other/claim"}, "slug"),
        ({"relation": ">="}, "relation"),
        ({"family": ("x: a number in [0, 1]",)}, "family"),
        ({"epsilon": "-1"}, "epsilon"),
        ({"epsilon": "x"}, "epsilon"),
        ({"outcome": Outcome.UNDECIDED}, "nothing to check"),
        ({"kind": "a proof"}, "nothing to check"),
        ({"data": None}, "format 1"),
        ({"data": {"format": 1, "form": "other"}}, "form"),
    ],
)
def test_tampered_records_are_rejected(by_boxes, changes, message):
    with pytest.raises(CertificateError, match=message):
        recheck(dataclasses.replace(by_boxes, **changes), PARABOLA)


def test_a_certificate_is_about_its_own_claim():
    found = certify(CAUCHY_SCHWARZ, size=(2,))
    stronger = dataclasses.replace(
        CAUCHY_SCHWARZ, rhs=lambda *parts: 0.999 * CAUCHY_SCHWARZ.rhs(*parts)
    )
    with pytest.raises(CertificateError, match="target is not the difference"):
        recheck(found, stronger)
    smaller = dataclasses.replace(found.with_data({**found.data, "relation": "="}))
    with pytest.raises(CertificateError, match="relation"):
        recheck(smaller, CAUCHY_SCHWARZ)
    # A multiplier that is not known to be non-negative on the domain.
    data = {**found.data, "nonnegative": {"p[0] >= 0": "p[0] - 1"}}
    with pytest.raises(CertificateError, match="not so on the claim's domain"):
        recheck(found.with_data(data), CAUCHY_SCHWARZ)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"over": simplex(2)}, "no sums of squares for the operation 'log'"),
        ({"over": box(1, 2, 4)}, "4 numbers, and no sums of squares for the operation"),
        ({"over": reals(2), "relation": "=", "epsilon": 1}, "any, and no sums of squares for"),
        ({"over": box(1, 2, 2), "epsilon": -1}, "epsilon: got -1; expected at least 0"),
        ({"over": box(1, 2, 2), "epsilon": "small"}, "epsilon: got 'small'"),
        ({"over": box(1, 2, 2), "epsilon": float("inf")}, "epsilon: got inf"),
        ({"over": box(1, 2, 2), "method": "magic"}, "method: got 'magic'"),
        ({"over": box(1, 2, 2), "method": SQUARES}, "sides: got the operation 'log'"),
    ],
)
def test_refusals_in_words(arguments, message):
    with pytest.raises(InputError, match=message):
        certify(lambda x: jnp.log(x[0]), lambda x: x[1], **arguments)


def test_unknown_multipliers_and_operations():
    with pytest.raises(InputError, match="multipliers: got 'y'; expected names among 'x >= its"):
        certify(lambda x: x, lambda x: 1.0, over=box(0, 1), multipliers=[("y",)])
    found = certify(lambda x: jnp.sin(x), lambda x: 1.0, over=box(0, 1))
    assert found.reason == "no interval is known of the operation 'sin'"
    with pytest.raises(TypeError, match="expected a Claim, or two functions"):
        certify(lambda x: x)
