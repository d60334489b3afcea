"""Search: gradients through domains, and instances judged by the search's own program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory.claim import Assumption, Claim
from kdtheory.domains import box, simplex
from kdtheory.results import Verdict
from kdtheory.tools import _search, falsify, verify
from kdtheory.tools._search import STARTS, assess_members, assess_searched, slopes
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import assess_instances, assess_points, instances_at


def _record(weights, count, losses):
    """An instance with a whole number between its floats, as a user's own record may have one."""
    return {"a": weights, "b": jnp.round(4 * count).astype(int), "c": losses}


def _domain(size):
    parts = simplex(size[0]) * box(0, 1) * box(-1, 1, size[0])
    return parts.map(_record, lambda record: (record["a"], record["b"] / 4, record["c"]))


CLAIM = Claim(
    lhs=lambda record: record["a"] @ record["c"] ** 2,
    rhs=lambda record: 0.3 + record["b"] / 8 + 0.0 * record["c"][0],
    domain=_domain,
    sizes=((3,), (2,)),
    scale=lambda record: 1.0 + jnp.max(record["c"]) ** 2,
    assumptions=(Assumption("any", "c_0 <= 1/2", lambda record: 0.5 - record["c"][0]),),
)


def _points(size, count=STARTS):
    dimension = domain_of(CLAIM, size).dimension
    return np.random.default_rng(2).normal(size=(count, dimension)) * 0.7


def test_gradients_are_those_of_the_violation_as_a_function_of_the_point():
    size, points = (3,), _points((3,))

    def climbed(point):
        """Written out anew: the violation in the claim's scale, which is held fixed."""
        weights, count, losses = _domain(size).parametrize(point)
        scale = jax.lax.stop_gradient(1 + jnp.max(losses) ** 2)
        violation = weights @ losses**2 - 0.3 - jax.lax.stop_gradient(jnp.round(4 * count)) / 8
        outside = (0.5 - losses[0]) / scale
        return jnp.where(outside < 0, 10 * outside, violation / scale)

    domain = domain_of(CLAIM, size)
    (values, _), slope = slopes(CLAIM, size, instances_at(domain, points))
    expected = jax.jit(jax.vmap(jax.value_and_grad(climbed)))(points)
    np.testing.assert_allclose(values, expected[0], rtol=1e-13, atol=1e-15)
    found = _search._pulled_back(domain, points, slope)
    np.testing.assert_allclose(found, expected[1], rtol=1e-12, atol=1e-14)
    assert np.abs(expected[1]).max() > 0.1


@pytest.mark.parametrize("count", [1, 40, STARTS + 3])
def test_programs_of_points_and_of_instances_agree(count):
    points = _points((3,), count)
    searched, plain = (run(CLAIM, (3,), points) for run in (assess_searched, assess_points))
    assert searched["lhs"].shape == (count,)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-14), searched, plain)


def test_instances_of_all_sizes_keep_their_order():
    made = {size: instances_at(domain_of(CLAIM, size), _points(size, 3)) for size in ((3,), (2,))}
    mixed = [
        jax.tree.map(lambda leaf, at=at: leaf[at], made[size])
        for at in range(3)
        for size in ((2,), (3,))
    ]
    for mine, other, instance in zip(
        assess_members(CLAIM, mixed), assess_instances(CLAIM, mixed), mixed, strict=True
    ):
        assert mine.keys() == other.keys()
        assert mine["rhs"] == pytest.approx(0.3 + float(instance["b"]) / 8, rel=1e-15)
        for name, value in mine.items():
            assert value == pytest.approx(other[name], rel=1e-14), name


def test_a_peak_that_only_its_slope_leads_to_is_found():
    # The ball has a volume of pi^6 / 720 / 4^12 < 1e-7, and a start is there with probability less
    # than 1e-12: the density of normal coordinates at |x|^2 = 3.8 is below 1e-5 for every spread.
    peak = np.linspace(-0.9, 0.9, 12)
    check = falsify(
        lambda x: -jnp.sum((x - peak) ** 2), lambda x: -(0.25**2), over=box(-1, 1, 12), rounds=1
    )
    assert check.counterexample is not None


def test_without_rounds_nothing_is_searched():
    # Sampling alone misses the same peak.
    peak = np.linspace(-0.9, 0.9, 12)
    sides = (lambda x: -jnp.sum((x - peak) ** 2), lambda x: -(0.25**2))
    sampled, found = (verify(*sides, over=box(-1, 1, 12), rounds=rounds) for rounds in (0, 1))
    assert (sampled.verdict, sampled.searches) == (Verdict.HOLDS, ())
    assert sampled.reason == "no search was made"
    assert found.verdict is Verdict.VIOLATED
    # The same points are sampled either way.
    assert sampled.examined[0].worst_slack == pytest.approx(found.examined[0].worst_slack)


def test_a_negative_number_of_rounds_is_refused():
    with pytest.raises(ValueError, match="rounds: got -1; expected 0 or more"):
        verify(CLAIM, rounds=-1)


def test_a_search_ends_with_a_violation_that_is_enough():
    """Asked once, worst first, of those that violate: of four starts three, until one will do."""
    slack = np.array([-2.0, 1.0, -3.0, -1.0])
    starts = np.arange(4.0)[:, None]
    asked = []

    def visit(points):
        none = np.zeros(4, bool)
        return _search.Visit(slack, {}, {}, none), np.zeros_like(points)

    def climbed(sufficient):
        def enough(point):
            asked.append(int(point[0]))
            return asked[-1] in sufficient

        asked.clear()
        return _search.climb(visit, starts, pull=0.0, enough=enough)["visits"]

    # Start 2 violates most, then start 0; start 3 is not asked any more.
    assert set(climbed({0, 3})) == {_search.FURTHER + 1}
    assert asked == [2, 0]
    assert set(climbed(set())) == {_search.STEPS}
    assert asked == [2, 0, 3]
