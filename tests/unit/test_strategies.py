"""The strategies: members only, and every kind of corner is reached."""

import dataclasses
import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdtheory import strategies
from kdtheory.domains import box, integers, positive, psd, reals, simplex, stochastic
from kdtheory.objects.problems import FiniteProblem

KINDS = {
    "simplex": simplex(3),
    "stochastic": stochastic(2, 2, 3),
    "box": box(-1, 2, 2),
    "number": box(0, 1),
    "integers": integers(2, 5, 2),
    "reals": reals(2, 2),
    "positive": positive(3),
    "psd": psd(2),
}


def found(strategy, condition):
    """Whether an example that meets the condition turns up among a few hundred."""
    # Nothing is made smaller: that one is found is all that is asked.
    phases = [hypothesis.Phase.generate]
    settings = hypothesis.settings(max_examples=500, derandomize=True, phases=phases)
    try:
        hypothesis.find(strategy, condition, settings=settings)
    except hypothesis.errors.NoSuchExample:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_only_members_are_drawn(kind, data):
    domain = KINDS[kind]
    instance = data.draw(strategies.instances(domain))
    # Rounding of the extreme values (1e9) is granted in their own unit.
    unit = max(1.0, float(np.abs(instance[0]).max()))
    assert instance[0].shape == domain.parts[0].shape
    assert instance[0].dtype == np.float64
    assert domain.margin(instance) >= -1e-14 * unit


@given(strategies.instances(simplex(2) * box(0, 1, 2) * integers(1, 8)))
def test_a_product_is_a_tuple_of_its_parts(instance):
    weights, losses, count = instance
    assert weights.shape == losses.shape == (2,)
    assert count.shape == ()


def test_a_mapped_domain_gives_its_objects():
    domain = (simplex(2) * box(0, 1)).map(
        lambda p, x: {"p": p, "x": x}, lambda value: (value["p"], value["x"])
    )
    example = hypothesis.find(strategies.instances(domain), lambda value: value["x"] == 1)
    assert set(example) == {"p", "x"}


@pytest.mark.parametrize(
    "condition",
    [
        lambda p: (p == np.eye(3)[1]).all(),  # a vertex
        lambda p: (p == 1 / 3).all(),  # the centre
        lambda p: sorted(p)[0] == 0 and sorted(p)[1] == 0.5,  # the middle of an edge
        lambda p: 0 < min(p) < 1e-8,  # next to a face
        lambda p: len(set(p.tolist())) == 3 and min(p) > 0.01,  # ordinary
    ],
)
def test_simplexes_reach_every_kind_of_point(condition):
    strategy = strategies.instances(simplex(3)).map(lambda parts: np.asarray(parts[0]))
    assert found(strategy, condition)


def test_rows_repeat_without_being_vertices():
    strategy = strategies.instances(stochastic(2, 3)).map(lambda parts: np.asarray(parts[0]))
    assert found(strategy, lambda rows: (rows[0] == rows[1]).all() and 0.02 < rows.min() < 0.3)


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("box", lambda x: x.tolist() == [-1, 2]),
        ("box", lambda x: x[0] == 0),
        ("box", lambda x: x[0] == x[1] and x[0] not in (-1, 0, 1, 2)),
        ("integers", lambda x: x.tolist() == [2, 5]),
        ("reals", lambda x: abs(x).max() == 1e9),
        ("positive", lambda x: x.min() == 1e-9),
        ("psd", lambda x: (x == 0).all()),
        ("psd", lambda x: (x == np.eye(2)).all()),
        ("psd", lambda x: np.linalg.matrix_rank(x) == 1 and x[0, 1] < 0),
    ],
)
def test_the_corners_of_every_kind_are_reached(kind, condition):
    strategy = strategies.instances(KINDS[kind]).map(lambda parts: np.asarray(parts[0]))
    assert found(strategy, condition)


@given(strategies.problems(max_inputs=3, max_labels=2, max_teachers=2))
def test_problems_are_worlds_that_create_accepts(problem):
    fields = {
        field.name: np.asarray(getattr(problem, field.name))
        for field in dataclasses.fields(problem)
    }
    again = FiniteProblem.create(**fields)
    for name, value in fields.items():
        np.testing.assert_allclose(getattr(again, name), value, rtol=1e-14, atol=0)


def test_problems_of_all_shapes_are_drawn():
    few = strategies.problems(max_inputs=2, max_labels=2, max_teachers=2)
    for shape in itertools.product((1, 2), repeat=3):
        assert found(few, lambda p, shape=shape: p.teacher_probs.shape == shape)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="got sizes .0, 4, 3.; expected positive sizes"):
        strategies.problems(max_inputs=0)
    part = dataclasses.replace(simplex(2).parts[0], kind="sphere")
    with pytest.raises(ValueError, match="got kind 'sphere'; expected one of simplex, box"):
        strategies.instances(dataclasses.replace(simplex(2), parts=(part,)))
