"""Domains: membership, what a parametrization reaches, and exact members."""

import functools
import itertools
from fractions import Fraction as F

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from members import is_member

from kdtheory import domains
from kdtheory._exact import exact
from kdtheory.domains import box, integers, positive, psd, reals, simplex, stochastic

DOMAINS = {
    "simplex": simplex(3),
    "point": simplex(1),
    "stochastic": stochastic(2, 2, 3),
    "box": box(-0.5, 2, 2, 2),
    "number": box(0, 1e-3),
    "integers": integers(-2, 5, 3),
    "one integer": integers(4, 4),
    "reals": reals(2, 3),
    "positive": positive(4),
    "psd": psd(3),
    "product": simplex(3) * box(0, 1, 3) * integers(1, 4) * psd(2),
}


def points(domain, spread, count=2000, seed=0):
    return spread * np.random.default_rng(seed).normal(size=(count, domain.dimension))


def parametrized(domain, coordinates):
    return jax.jit(jax.vmap(domain.parametrize))(coordinates)


# --- membership -------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [1e-3, 0.5, 1.0, 1e3])
@pytest.mark.parametrize("name", DOMAINS)
def test_every_point_lands_inside(name, spread):
    domain = DOMAINS[name]
    values = parametrized(domain, points(domain, spread))
    margins = jax.jit(jax.vmap(lambda *parts: domain.margin(parts)))(*values)
    # Eigenvalues of a semidefinite matrix are as accurate as its largest entry.
    unit = max(1.0, spread**2) if "psd" in name or name == "product" else 1.0
    assert margins.min() >= -1e-12 * unit
    assert [value.shape[1:] for value in values] == [part.shape for part in domain.parts]


OUTSIDE = {
    "negative mass": (simplex(2), [1.5, -0.5], -0.5),
    "sum": (simplex(2), [0.5, 0.75], -0.25),
    "one bad row": (stochastic(2, 2), [[0.5, 0.5], [0.5, 0.25]], -0.25),
    "below": (box(0, 1, 2), [-0.125, 0.5], -0.125),
    "above": (box(0, 1, 2), [0.5, 1.25], -0.25),
    "no integer": (integers(0, 3), 1.25, -0.25),
    "not in range": (integers(0, 3), 5.0, -2.0),
    "nan": (reals(1), [np.nan], -np.inf),
    "not positive": (positive(2), [1.0, -3.0], -3.0),
    "asymmetric": (psd(2), [[1.0, 0.5], [0.25, 1.0]], -0.25),
    # Eigenvalues 1 + 2 and 1 - 2.
    "indefinite": (psd(2), [[1.0, 2.0], [2.0, 1.0]], -1.0),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_the_margin_says_how_far_outside(case):
    domain, value, margin = OUTSIDE[case]
    assert float(domain.margin((jnp.asarray(value),))) == pytest.approx(margin, rel=1e-14)


def test_the_margin_of_a_product_is_the_smallest():
    domain = simplex(2) * box(0, 1)
    assert float(domain.margin((jnp.array([0.5, 0.5]), jnp.array(1.5)))) == -0.5
    # 1/4 inside the box, but on the simplex, where the sum leaves no room.
    assert float(domain.margin((jnp.array([0.5, 0.5]), jnp.array(0.25)))) == 0.0


# --- what is reached --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 3])
def test_the_parametrization_reaches_every_face_of_a_simplex(size):
    (rows,) = parametrized(simplex(size), points(simplex(size), 1.0))
    supports = (np.asarray(rows) > 0).tolist()
    for face in itertools.product([False, True], repeat=size):
        if any(face):
            # A hundredth of the points at least, on every vertex, every edge and in the interior.
            assert sum(support == list(face) for support in supports) >= len(supports) / 100


def test_the_parametrization_is_onto():
    # A member is its own projection: coordinates 2p give back p.
    p = jnp.array([0.5, 0.25, 0.25])
    assert simplex(3).parametrize(2 * p)[0].tolist() == p.tolist()
    # centre + radius z, with centre 1/2 and radius 3/2 on [-1, 2]
    assert box(-1, 2).parametrize(jnp.array([1.0]))[0] == 2.0
    assert box(-1, 2).parametrize(jnp.array([-1.0]))[0] == -1.0
    assert box(-1, 2).parametrize(jnp.array([0.5]))[0] == 1.25
    # 1 + z above zero, 1/(1 - z) below.
    values = positive(3).parametrize(jnp.array([3.0, 0.0, -3.0]))[0]
    assert values.tolist() == [4.0, 1.0, 0.25]


def test_both_ends_of_a_box_and_every_integer_are_reached():
    (values,) = parametrized(box(0, 1), points(box(0, 1), 1.0))
    # |z| > 1 is clipped: 16 per cent of a normal law at either end.
    for end in (0.0, 1.0):
        assert 0.1 < np.mean(np.asarray(values) == end) < 0.22
    (counts,) = parametrized(integers(1, 8), points(integers(1, 8), 1.0))
    shares = [np.mean(np.asarray(counts) == value) for value in range(1, 9)]
    assert min(shares) > 0.05
    assert sum(shares) == pytest.approx(1)


def test_integers_have_no_gradient_and_the_others_do():
    total = lambda domain: jax.grad(lambda z: jnp.sum(domain.parametrize(z)[0]))  # noqa: E731
    assert total(integers(0, 3))(jnp.array([0.3])).tolist() == [0.0]
    assert total(box(0, 1))(jnp.array([0.3])).tolist() == [0.5]
    assert total(reals(2))(jnp.array([0.3, 0.1])).tolist() == [1.0, 1.0]


# --- the projection ---------------------------------------------------------------------------


def projection_by_faces(z):
    """The projection in fractions, by brute force over faces (its optimality conditions)."""
    z = [F(float(value)) for value in z]
    for size in range(1, len(z) + 1):
        for support in itertools.combinations(range(len(z)), size):
            level = (sum(z[i] for i in support) - 1) / size
            inside = all(z[i] > level for i in support)
            outside = all(z[i] <= level for i in range(len(z)) if i not in support)
            if inside and outside:
                return [z[i] - level if i in support else F(0) for i in range(len(z))]
    raise AssertionError("every point has a projection")


COORDINATES = st.one_of(
    st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), st.floats(-3, 3), st.sampled_from([-1e6, 1e6])
)


@pytest.mark.parametrize("size", [1, 2, 4])
@given(data=st.data())
def test_the_projection_against_brute_force(size, data):
    z = data.draw(st.lists(COORDINATES, min_size=size, max_size=size))
    got = np.asarray(jax.jit(domains.project_to_simplex)(jnp.array(z)))
    expected = projection_by_faces(z)
    # 1e6 - 3 leaves ten digits behind the point.
    np.testing.assert_allclose(got, np.array(expected, float), rtol=0, atol=1e-9)
    if max(abs(value) for value in z) <= 3:
        np.testing.assert_allclose(got, np.array(expected, float), rtol=0, atol=4e-15)


def test_the_projection_of_a_batch():
    z = jnp.array([[[0.0, 0.0], [5.0, 0.0]], [[0.25, 0.75], [-1.0, -1.5]]])
    # (0,0) -> centre; (5,0) -> vertex; a member stays; (-1,-3/2): level -7/4.
    expected = [[[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [0.75, 0.25]]]
    assert domains.project_to_simplex(z).tolist() == expected


# --- exact members ----------------------------------------------------------------------------


EXACT = simplex(3) * stochastic(2, 2) * box(-0.5, 2.5, 2) * integers(1, 8, 2)
EXACT = EXACT * reals(2) * positive(2)


@functools.cache
def exact_point(seed):
    """Exact members: the sums of projected floats differ from one by rounding."""
    coordinates = np.random.default_rng(seed).normal(size=EXACT.dimension)
    parts = jax.jit(EXACT.parametrize)(coordinates)
    values = [exact(np.asarray(part)) for part in parts]
    return tuple(
        value / value.sum(axis=-1, keepdims=True) if part.kind == "simplex" else value
        for part, value in zip(EXACT.parts, values, strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("denominator", [1, 2, 3, 7, 1000])
def test_coarsen_gives_members_with_that_denominator(denominator, seed):
    for part, value in zip(EXACT.parts, exact_point(seed), strict=True):
        coarse = part.coarsen(value, denominator)
        assert is_member(part, coarse)
        # A box keeps its own ends, here halves; integers stay integers.
        allowed = 2 * denominator if part.kind == "box" else denominator
        assert all((entry * allowed).denominator == 1 for entry in coarse.reshape(-1))
        if part.kind not in ("integers", "positive") and denominator > 1:
            # No entry moves by a whole step.
            steps = np.abs((coarse - value) * denominator).reshape(-1)
            assert max(steps) < 1 or part.kind == "box"


@pytest.mark.parametrize("denominator", [1, 2, 3, 7, 1000])
def test_coarsen_keeps_a_matrix_semidefinite(denominator):
    # Of rank one, on the boundary of the cone: plain rounding leaves it.
    vector = exact([0.3, -0.7, 0.2])
    matrix = np.outer(vector, vector)
    coarse = psd(3).parts[0].coarsen(matrix, denominator)
    assert is_member(psd(3).parts[0], coarse)
    assert all((entry * denominator).denominator == 1 for entry in coarse.reshape(-1))
    # Rounding moves an entry by half a step at most, the diagonal repairs at most 3/2 of one more.
    assert max(abs(coarse - matrix).reshape(-1)) * denominator <= 3


def fractions(value):
    return np.vectorize(F, otypes=[object])(np.array(value, dtype=object))


# (domain, value, is it a member): the boundary, and what is next to it.
NEXT_TO = F(1, 10**40)
EXACTLY = {
    "simplex": (simplex(2), [F(1, 3), F(2, 3)], True),
    "a sum off by a hair": (simplex(2), [F(1, 3), F(2, 3) + NEXT_TO], False),
    "a mass below zero": (simplex(2), [1 + NEXT_TO, -NEXT_TO], False),
    "one bad row": (stochastic(2, 2), [[1, 0], [F(1, 2), F(1, 3)]], False),
    "box end": (box(0, 1, 2), [0, 1], True),
    "beyond the end": (box(0, 1, 2), [0, 1 + NEXT_TO], False),
    # 0.1 is a little more than 1/10, and the end is the number that stands there.
    "the end as written": (box(0.1, 1), F(0.1), True),
    "the end on paper": (box(0.1, 1), F(1, 10), False),
    "whole": (integers(1, 3), 2, True),
    "half": (integers(1, 3), F(3, 2), False),
    "too large": (integers(1, 3), 4, False),
    "real": (reals(1), [10**30], True),
    "tiny": (positive(1), [NEXT_TO], True),
    "zero": (positive(1), [0], False),
    "rank one": (psd(2), [[1, 2], [2, 4]], True),
    "indefinite by a hair": (psd(2), [[1, 2], [2, 4 - NEXT_TO]], False),
    "zero beside something": (psd(2), [[0, 1], [1, 5]], False),
    # Leading minors 0, 0, 0, and yet the last entry is negative.
    "negative at the end": (psd(3), [[0, 0, 0], [0, 0, 0], [0, 0, -1]], False),
    "asymmetric": (psd(2), [[1, F(1, 2)], [F(1, 3), 1]], False),
}


@pytest.mark.parametrize("case", EXACTLY)
def test_membership_is_decided_exactly(case):
    domain, value, expected = EXACTLY[case]
    array = fractions(value)
    assert domain.contains((array,)) is expected
    assert is_member(domain.parts[0], array) is expected


def test_another_shape_is_no_member():
    assert not simplex(3).contains((fractions([1, 0]),))
    assert not (simplex(2) * box(0, 1)).contains((fractions([1, 0]), fractions([0])))


@given(st.lists(st.integers(-3, 3), min_size=9, max_size=9))
def test_semidefinite_matrices_are_told_from_others(entries):
    # Of all symmetric integer matrices, and of sums of squares, which are semidefinite.
    matrix = fractions(np.array(entries).reshape(3, 3))
    gram = matrix @ matrix.T
    for candidate in (matrix + matrix.T, gram, gram - fractions(np.eye(3))):
        assert psd(3).contains((candidate,)) == is_member(psd(3).parts[0], candidate)
    assert psd(3).contains((gram,))


def test_exact_reads_floats_as_the_rationals_they_are():
    value = exact([0.1, F(1, 3), 2])
    # 0.1 is 3602879701896397 / 2^55
    assert value.tolist() == [F(3602879701896397, 2**55), F(1, 3), F(2)]


# --- composition ------------------------------------------------------------------------------


def test_a_product_lists_its_parts_in_order():
    domain = simplex(3) * box(0, 1, 2) * integers(1, 2)
    assert [part.kind for part in domain.parts] == ["simplex", "box", "integers"]
    assert domain.dimension == 3 + 2 + 1
    z = jnp.arange(6.0)
    alone = [simplex(3).parametrize(z[:3])[0], box(0, 1, 2).parametrize(z[3:5])[0]]
    for together, expected in zip(domain.parametrize(z)[:2], alone, strict=True):
        assert together.tolist() == expected.tolist()
    parts = domain.parametrize(z)
    assert domain.instance(parts) is parts
    assert domain.parts_of(parts) is parts


def test_map_and_split_are_inverse():
    domain = (simplex(2) * box(0, 1)).map(
        lambda p, x: {"p": p, "x": x}, lambda value: (value["p"], value["x"])
    )
    parts = domain.parametrize(jnp.array([0.2, 0.4, 0.1]))
    instance = domain.instance(parts)
    assert set(instance) == {"p", "x"}
    assert [a.tolist() for a in domain.parts_of(instance)] == [a.tolist() for a in parts]
    assert domain.margin(instance) >= -1e-15
    assert domain.margin({"p": jnp.array([1.0, 1.0]), "x": jnp.array(0.0)}) == -1.0


def test_a_single_part_may_be_given_bare():
    assert simplex(2).margin(jnp.array([0.5, 0.5])) == 0


MAPPED = simplex(2).map(lambda p: p, lambda p: (p,))
MISUSE = {
    "product of mapped": (lambda: MAPPED * simplex(2), "Multiply first, then map the product once"),
    "mapped twice": (lambda: MAPPED.map(len, len), "Compose the functions, and map once"),
    "empty box": (lambda: box(1, 1), "got .1, 1.; expected finite ends with low < high"),
    "infinite box": (lambda: box(0, np.inf), "Use reals.. or positive.. for unbounded entries"),
    "no integers": (lambda: integers(3, 2), "got 3..2; expected low <= high"),
    "no atoms": (lambda: simplex(0), "got .0,.; expected positive sizes"),
    "negative size": (lambda: reals(2, -1), "got .2, -1.; expected positive sizes"),
    "no rows": (lambda: stochastic(0, 2), "got .0, 2.; expected positive sizes"),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused(case):
    call, message = MISUSE[case]
    with pytest.raises(ValueError, match=message):
        call()
