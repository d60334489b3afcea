"""Both sides of a claim at an instance of one's own, given as a record or as its parts."""

import jax
import pytest

from kdtheory import Claim, FiniteProblem, evaluate, find
from kdtheory.domains import box, simplex

# Inputs equally likely; given the first one the loss is 0 or 1 with chance 1/2, given the second 1.
PARTS = ([0.5, 0.5], [[0.5, 0.5], [0.0, 1.0]], [[0.0, 1.0], [1.0, 1.0]], 2.0)


def test_a_record_and_its_parts_are_one_instance():
    lemma = find("variance_reduction/lemma1")
    with jax.enable_x64(True):
        world = FiniteProblem.create(*PARTS[:3], num_samples=PARTS[3])
    for instance in (world, PARTS):
        found = evaluate(lemma, instance)
        # The mean loss given the input is 1/2 or 1: its variance is 1/16. The drawn loss is one
        # with chance 3/4: its variance is 3/16. Both are divided by two samples.
        assert (found.lhs, found.rhs) == (1 / 32, 3 / 32)
        assert found.margin == 0


def test_parts_that_fit_no_size_are_refused():
    lemma = find("variance_reduction/lemma1")
    with pytest.raises(ValueError, match=r"got a tuple .* \(2,\), \(2,\).*input_weights \("):
        evaluate(lemma, ([0.5, 0.5], [0.5, 0.5]))


def test_a_tuple_stays_what_it_is_where_instances_are_tuples():
    def swapped(p, x):
        return x, p

    plain = simplex(2) * box(0, 1)
    claim = Claim(
        lhs=lambda x, p: x * p[0],
        rhs=lambda x, p: x,
        domain=lambda _: plain.map(swapped, lambda one: (one[1], one[0])),
    )
    found = evaluate(claim, (0.5, [0.25, 0.75]))
    assert (found.lhs, found.rhs) == (0.125, 0.5)
