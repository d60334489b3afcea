"""Moves: to which members of which domain they lead, by hand and by the meaning of membership."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from members import are_members

from kdtheory._exact import clip, exact, round_all
from kdtheory.domains import box, integers, positive, psd, reals, simplex, stochastic
from kdtheory.tools._moves import controlled_axes, moves, smaller

HALF = F(1, 2)


def fractions(value):
    return np.vectorize(F, otypes=[object])(np.array(value, dtype=object))


def lists(parts):
    return [part.tolist() for part in parts]


def worlds(size):
    """Inputs x labels: weights, rows of probabilities, losses, a count."""
    m, labels = size
    return simplex(m) * stochastic(m, labels) * box(0, 1, m, labels) * integers(1, 8)


def everything(size):
    """Every kind of part, at a size (a, b) of which b also bounds the integers."""
    a, b = size
    plain = simplex(a) * stochastic(b, a) * box(-0.5, 2.5, a, b) * integers(0, b - 1, a)
    return plain * reals(2, b) * positive(b) * psd(b)


WORLD = tuple(
    fractions(part)
    for part in (
        [HALF, F(1, 3), F(1, 6)],
        [[1, 0], [F(1, 4), F(3, 4)], [0, 1]],
        [[0, 1], [HALF, 1], [1, 0]],
        5,
    )
)


# --- which axes a size controls -----------------------------------------------------------------


def test_a_size_controls_the_axes_that_it_shortens():
    assert controlled_axes(worlds((3, 2)), worlds((2, 2))) == [(0,), (0,), (0,), ()]
    assert controlled_axes(worlds((3, 2)), worlds((3, 1))) == [(), (1,), (1,), ()]
    # A square matrix loses a row and a column.
    assert controlled_axes(psd(3), psd(2)) == [(0, 1)]


@pytest.mark.parametrize(
    ("domain", "below"),
    [
        (simplex(4), simplex(2)),  # two at once
        (simplex(2), simplex(3)),  # longer
        (simplex(2), box(0, 1, 2)),  # another kind
        (simplex(2), simplex(2) * simplex(2)),  # another part
        (stochastic(2, 2), simplex(2)),  # another number of axes
        (simplex(3) * simplex(2), simplex(2) * simplex(1)),  # which index is the same?
    ],
)
def test_other_differences_are_no_move(domain, below):
    assert controlled_axes(domain, below) is None
    start = tuple(fractions(np.full(p.shape, F(1, p.shape[-1]))) for p in domain.parts)
    assert list(smaller(domain, below, start)) == []


# --- dropping and merging -----------------------------------------------------------------------


def test_dropping_an_input_renormalises_or_merges():
    dropped = [lists(move) for move in smaller(worlds((3, 2)), worlds((2, 2)), WORLD)]
    # Without the lightest input (1/6): 1/2 and 1/3 become 3/5 and 2/5; the other rows stay.
    rows, losses = [[1, 0], [F(1, 4), F(3, 4)]], [[0, 1], [HALF, 1]]
    assert dropped[0] == [[F(3, 5), F(2, 5)], rows, losses, 5]
    # Merged into the first or the second input instead.
    assert [[F(2, 3), F(1, 3)], rows, losses, 5] in dropped
    assert [[HALF, HALF], rows, losses, 5] in dropped
    # Three to drop, and three times two to merge.
    assert len(dropped) == 3 + 6


def test_dropping_a_label_where_a_row_has_nothing_else_is_left_to_merging():
    dropped = [lists(move) for move in smaller(worlds((3, 2)), worlds((3, 1)), WORLD)]
    # The first row is certain of label 1 and the last of label 2: neither can be conditioned away.
    # Merging adds up to one in every row, and the losses keep the other label's column.
    kept = [[[1], [HALF], [0]], [[0], [HALF], [1]]]
    assert len(dropped) == 2
    for weights, probs, losses, count in dropped:
        assert (weights, probs, count) == ([HALF, F(1, 3), F(1, 6)], [[1], [1], [1]], 5)
        assert losses in ([[1], [1], [0]], [[0], [HALF], [1]])
    assert kept[1] in [losses for _, _, losses, _ in dropped]


def test_fewer_samples_leaves_the_parts_alone():
    domain = simplex(2) * box(0, 1, 2)
    start = fractions([HALF, HALF]), fractions([0, 1])
    assert [lists(move) for move in smaller(domain, domain, start)] == [lists(start)]


def test_a_range_that_shrinks_takes_its_integers_along():
    def designs(inputs):
        return simplex(inputs) * integers(0, inputs - 1, 2)

    start = fractions([HALF, HALF]), fractions([1, 0])
    for move in smaller(designs(2), designs(1), start):
        assert lists(move) == [[1], [0, 0]]


def test_a_submatrix_is_cut_out():
    matrix = fractions([[2, 1, 0], [1, 3, 1], [0, 1, 4]])
    cut = [move[0].tolist() for move in smaller(psd(3), psd(2), (matrix,))]
    # The lightest row and column go first: what is left weighs 9, 7 and 6.
    assert cut == [[[3, 1], [1, 4]], [[2, 1], [1, 3]], [[2, 0], [0, 4]]]


# --- within a size ------------------------------------------------------------------------------


def reached(domain, start):
    return [lists(move) for step in moves(domain) for move in step(start)]


def test_moves_of_a_row():
    start = (fractions([[F(1, 4), F(3, 4)], [HALF, HALF]]),)
    found = [value for (value,) in reached(stochastic(2, 2), start)]
    assert [[1, 0], [HALF, HALF]] in found
    assert [[F(1, 3), F(2, 3)], [HALF, HALF]] in found
    assert [[F(1, 4), F(3, 4)], [0, 1]] in found
    # Everything at denominator one, and all mass on one atom in both rows.
    assert found[0] == [[0, 1], [1, 0]]
    assert [[1, 0], [1, 0]] in found


def test_mass_moves_in_every_distribution_of_one_length_at_once():
    domain = simplex(3) * stochastic(2, 3) * simplex(2)
    start = (
        fractions([HALF, HALF, 0]),
        fractions([[F(1, 3), F(1, 3), F(1, 3)], [0, 1, 0]]),
        fractions([HALF, HALF]),
    )
    merged = [[1, 0, 0], [[F(2, 3), 0, F(1, 3)], [1, 0, 0]], [HALF, HALF]]
    assert merged in reached(domain, start)


def test_integers_go_to_the_end_to_half_and_down_by_one():
    found = [value for (value,) in reached(integers(1, 100), (fractions(36),))]
    assert {1, 18, 35} <= set(found)


def test_two_entries_move_together():
    # Only together: the sum of two numbers that differ keeps neither alone.
    found = [value for (value,) in reached(box(0, 1, 3), (fractions([F(5, 7), F(3, 7), 1]),))]
    assert [1, 0, 1] in found
    assert [0, 0, 1] in found
    # Two ones vanish together.
    found = [value for (value,) in reached(box(0, 1, 3), (fractions([1, 1, HALF]),))]
    assert [0, 0, HALF] in found


# --- nothing but members ------------------------------------------------------------------------


def exact_member(domain, seed):
    """A random member with ragged numbers, from the meaning of each kind; some entries zero."""
    rng = np.random.default_rng(seed)
    parts = []
    for part in domain.parts:
        raw = fractions(rng.integers(-20, 21, part.shape)) / int(rng.integers(1, 40))
        raw = np.asarray(raw, dtype=object)
        if part.kind == "simplex":
            mass = abs(raw) * fractions(rng.integers(0, 2, part.shape))
            mass[..., 0] += F(1, 7)
            raw = mass / mass.sum(axis=-1, keepdims=True)
        elif part.kind == "psd":
            raw = raw @ raw.T
        elif part.kind == "positive":
            raw = abs(raw) + F(1, 9)
        elif part.kind == "integers":
            raw = clip(round_all(raw, 1), part.low, part.high)
        elif part.kind == "box":
            raw = clip(raw, part.low, part.high)
        parts.append(raw)
    assert are_members(domain, parts)
    return tuple(parts)


@settings(max_examples=12)
@given(st.integers(0, 10**6))
def test_every_move_leads_to_a_member(seed):
    size = [(2, 2), (2, 3), (3, 2)][seed % 3]
    domain = everything(size)
    start = exact_member(domain, seed)
    for below in ((size[0] - 1, size[1]), (size[0], size[1] - 1)):
        shorter = everything(below)
        found = list(smaller(domain, shorter, start))
        assert found
        assert all(are_members(shorter, move) for move in found)
    kinds = 0
    for step in moves(domain):
        for count, move in enumerate(step(start)):
            assert are_members(domain, move)
            kinds += count == 0
            if count == 40:  # alternatives of one kind: enough seen
                break
    assert kinds > 20


def test_a_number_alone_is_a_part():
    assert reached(box(0, 1), (exact(0.375),))[0] == [0]
