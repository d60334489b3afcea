"""Simplification: how small counterexamples become, and that nothing unproven is believed."""

import dataclasses
import importlib
from fractions import Fraction as F

import numpy as np
import pytest

from kdtheory.claim import Claim, Relation
from kdtheory.divergences import kl_divergence, total_variation
from kdtheory.domains import box, integers, psd, simplex, stochastic
from kdtheory.theorems import find
from kdtheory.tools._referee import Ruling, exact_parts, referee_parts
from kdtheory.tools.simplify import complexity, simplify

HALF = F(1, 2)

# The package exports the function under the module's name.
MODULE = importlib.import_module("kdtheory.tools.simplify")


def fractions(value):
    return np.vectorize(F, otypes=[object])(np.array(value, dtype=object))


def simplified(claim, size, *parts, **options):
    """The size and the parts at which the simplification of a violation ends."""
    start = referee_parts(claim, size, tuple(map(fractions, parts)))
    assert start.ruling is Ruling.VIOLATED
    end, ruling = simplify(claim, size, start, **options)
    found = exact_parts(ruling.parts)
    assert referee_parts(claim, end, found).ruling is Ruling.VIOLATED
    assert complexity(end, found) <= complexity(size, exact_parts(start.parts))
    return end, [part.tolist() for part in found]


def pinsker(domain, *sizes):
    return Claim(
        lhs=kl_divergence,
        rhs=lambda p, q: 2.02 * total_variation(p, q) ** 2,
        relation=Relation.GE,
        domain=domain,
        sizes=sizes,
    )


# Two classes of four atoms each, p/q constant on them but for a little noise: KL is close to that
# of (2/5, 3/5) against (1/2, 1/2), which is 0.0201 < 2.02 / 100.
NOISE = fractions([3, -1, -2, 0, 1, -3, 0, 2]) / 10**4
P = fractions([F(1, 10)] * 4 + [F(3, 20)] * 4) + NOISE
Q = fractions([F(1, 8)] * 8)


def test_pinsker_on_eight_atoms_needs_two():
    claim = pinsker(lambda size: simplex(size[0]) * simplex(size[0]), (8,))
    size, (p, q) = simplified(claim, (8,), P, Q)
    assert size == (2,)
    assert sorted(p) == [F(2, 5), F(3, 5)]
    assert q == [HALF, HALF]


def test_pinsker_on_a_domain_of_one_shape_leaves_two_atoms_in_front():
    fixed = simplex(8) * simplex(8)
    _, (p, q) = simplified(pinsker(lambda _: fixed, ()), (), P, Q)
    assert sorted(p[:2]) == [F(2, 5), F(3, 5)]
    assert q[:2] == [HALF, HALF]
    assert p[2:] == q[2:] == [0] * 6


def test_the_constant_of_cauchy_schwarz_needs_one_input_and_three_labels():
    # ((p-q).l)^2 <= 0.6 |p-q|^2 |l|^2. On two labels |p-q|^2 |l|^2 >= 2 ((p-q).l)^2 for l >= 0, so
    # that 1.2 is enough; on three, p - q = (1, -1/2, -1/2) and l = (1, 0, 0) give 1 > 0.6 * 3/2.
    def domain(size):
        rows = stochastic(*size)
        return simplex(size[0]) * rows * rows * box(0, 1, *size)

    claim = Claim(
        lhs=lambda w, p, q, loss: w @ ((p - q) * loss).sum(-1) ** 2,
        rhs=lambda w, p, q, loss: 0.6 * w @ (((p - q) ** 2).sum(-1) * (loss**2).sum(-1)),
        domain=domain,
        sizes=((2, 4),),
    )
    row, other, loss = [1, 0, 0, 0], [0, F(1, 3), F(1, 3), F(1, 3)], [1, F(1, 9), 0, F(1, 17)]
    size, (w, p, q, _) = simplified(
        claim, (2, 4), [F(7, 9), F(2, 9)], [row, row], [other, row], [loss, loss]
    )
    assert size == (1, 3)
    assert w == [1]
    assert sorted(abs(p[0][i] - q[0][i]) for i in range(3)) == [HALF, HALF, 1]


def test_a_share_of_a_thousandth_is_not_kept():
    """Where zero is no violation and each part alone cannot move: several moves later it can."""
    size, parts = simplified(
        find("variance_reduction/erm_excess_risk"),
        (2, 2, 3, 2),
        [HALF, HALF],
        [[1, 0], [F(1, 1000), F(999, 1000)]],
        [[[0, 1], [1, 0]], [[1, 0], [0, 0]], [[1, 0], [1, 1]]],
    )
    # Two inputs, two labels, two hypotheses, one sample: with fewer of any, except samples, both
    # minimisers are the same.
    assert size == (2, 2, 2, 1)
    assert {entry for part in parts for entry in np.ravel(part)} == {0, HALF, 1}


def test_a_null_input_is_all_that_equality_in_lemma_1_needs():
    size, parts = simplified(
        find("variance_reduction/equality_printed"),
        (3, 3),
        [1, 0, 0],
        [[0, 0, 1], [F(1, 7), F(3, 7), F(3, 7)], [0, HALF, HALF]],
        [[F(1, 9), F(2, 9), F(4, 9)], [F(3, 4), F(1, 5), F(1, 3)], [F(1, 2), F(1, 6), 1]],
        7,
    )
    # An input without mass beside one with it, and two labels, as the loss must vary on a support.
    assert size == (2, 2)
    weights, probs, losses, count = parts
    assert (sorted(weights), count) == ([0, 1], 1)
    null = weights.index(0)
    assert (probs[null], sorted(losses[null])) == ([HALF, HALF], [0, 1])


def test_integers_become_as_small_as_they_can():
    claim = Claim(
        lhs=lambda n: n, rhs=lambda n: 6.5, domain=lambda _: integers(1, 100), sizes=((),)
    )
    assert simplified(claim, (), 93) == ((), [7])


def test_a_matrix_becomes_simple_within_the_cone():
    # (tr A)^2 <= 2.5 tr A^2 fails from rank 3 on: of the identity, 9 > 7.5, and 4 < 5 at size 2.
    claim = Claim(
        lhs=lambda a: a.trace() ** 2,
        rhs=lambda a: 2.5 * (a @ a).trace(),
        domain=lambda size: psd(size[0]),
        sizes=((4,),),
    )
    start = fractions(np.diag([5, 7, 6, 1])) / 7 + fractions(np.full((4, 4), F(1, 13)))
    assert simplified(claim, (4,), start) == ((3,), [np.eye(3).tolist()])


# --- sizes that there are not ---------------------------------------------------------------------


HEAVY = [F(27, 35), *[F(2, 35)] * 4]


def too_large(domain, *sizes):
    """max p <= 1/5, whatever the number of atoms."""
    return Claim(lhs=lambda p: p.max(), rhs=lambda p: 0.2, domain=domain, sizes=sizes)


def test_a_domain_that_refuses_a_size_ends_there():
    def domain(size):
        if size[0] < 3:
            raise ValueError("at least three atoms")
        return simplex(size[0])

    assert simplified(too_large(domain, (5,)), (5,), [F(1, 5) + F(4, 7), *[F(2, 35)] * 4])[0] == (
        3,
    )


def test_sides_that_fail_at_a_size_end_there():
    claim = too_large(lambda size: simplex(size[0]), (5,))
    needs_two = dataclasses.replace(claim, lhs=lambda p: p[:2].reshape(2).max())
    assert simplified(needs_two, (5,), [HALF, 0, HALF, 0, 0])[0] == (2,)
    assert simplified(claim, (5,), [HALF, 0, HALF, 0, 0]) == ((1,), [[1]])


def test_an_entry_of_the_size_ends_at_one_or_at_what_is_listed():
    def domain(size):
        return integers(1, 3).map(lambda n: (n + size[0],), lambda pair: (pair[0] - size[0],))

    claim = Claim(lhs=lambda n: n, rhs=lambda n: -1.0, domain=domain, sizes=((4,),))
    assert simplified(claim, (4,), 3) == ((1,), [1])
    listed = dataclasses.replace(claim, sizes=((4,), (0,)))
    assert simplified(listed, (4,), 3) == ((0,), [1])


# --- nothing unproven -----------------------------------------------------------------------------


def test_a_move_out_of_the_domain_is_refused(monkeypatch):
    """Each of the planted candidates is simpler than the start, and 2 p_1 exceeds 3/2 there."""
    claim = Claim(
        lhs=lambda p: 2 * p[0], rhs=lambda p: 1.5, domain=lambda _: simplex(2), sizes=((),)
    )
    outside = (fractions([1, 1]),), (fractions([2, -1]),), (fractions([1]),)
    for parts in outside:
        assert referee_parts(claim, (), parts).ruling is Ruling.OUTSIDE
    monkeypatch.setattr(MODULE, "moves", lambda domain: [lambda parts: iter(outside)])
    start = [F(9, 10), F(1, 10)]
    assert simplified(claim, (), start) == ((), [start])


def test_the_budget_is_kept_and_shared(monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return referee_parts(*arguments)

    monkeypatch.setattr(MODULE, "referee_parts", counted)
    claim = too_large(lambda size: simplex(size[0]), (5,))
    assert simplified(claim, (5,), HEAVY, budget=0) == ((5,), [HEAVY])
    assert not calls
    simplified(claim, (5,), HEAVY, budget=3)
    assert len(calls) == 3


def test_a_domain_that_breaks_at_its_own_size_is_not_hidden():
    claim = too_large(lambda size: simplex(size[0]), (3,))
    start = referee_parts(claim, (3,), (fractions([1, 0, 0]),))

    def broken(size):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        simplify(dataclasses.replace(claim, domain=broken), (3,), start)
