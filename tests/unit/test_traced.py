"""Formulas are traced once, and the traces compute what the formulas do."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory.claim import Assumption, Claim
from kdtheory.domains import box, simplex
from kdtheory.tools import _traced, verify
from kdtheory.tools._compile import release


@jax.custom_jvp
def _absolute(x):
    return jnp.abs(x)


@_absolute.defjvp
def _slope_of_seven(primals, tangents):
    """No derivative of anything: only who keeps the rule gets a slope of seven."""
    return _absolute(*primals), 7.0 * tangents[0]


@jax.jit
def _inner(x):
    return jnp.where(x > 0.5, jnp.sin(x), x**2)


def _formula(x):
    looped = jax.lax.fori_loop(0, 3, lambda _, total: total * 1.5 + x[0], 0.0)
    chosen = jax.lax.cond(x[0] > x[1], lambda: x[0], lambda: 2 * x[1])
    return {"sum": jnp.sum(_inner(x)), "rest": [looped, chosen + _absolute(x[1]), 4.0]}


def _replayed(x):
    return _traced._once((_formula, "formula"), _formula, x)


POINTS = np.array([[0.3, 0.9], [0.9, 0.3], [-0.2, 0.6], [0.7, -0.1]])


@pytest.fixture(autouse=True)
def _no_traces():
    _traced._traces.clear()
    yield
    _traced._traces.clear()


def _close(one, other):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-15), one, other)


def test_a_trace_computes_what_the_formula_does():
    for point in POINTS:
        _close(_replayed(point), _formula(jnp.asarray(point)))
        _close(jax.jit(_replayed)(point), _formula(jnp.asarray(point)))


def test_a_trace_is_batched_and_differentiated_as_the_formula_is():
    _close(jax.vmap(_replayed)(POINTS), jax.vmap(_formula)(jnp.asarray(POINTS)))

    def slope_through(function):
        gradient = jax.grad(lambda x: function(x)["sum"] + function(x)["rest"][1])
        return jax.vmap(gradient)(jnp.asarray(POINTS))

    _close(slope_through(_replayed), slope_through(_formula))
    # At (0.7, -0.1) the sum is sin 0.7 + 0.01 and the first coordinate is chosen; 7 is the rule's.
    np.testing.assert_allclose(slope_through(_replayed)[3], [np.cos(0.7) + 1, -0.2 + 7], rtol=1e-14)


def test_one_trace_per_shape_and_precision():
    seen = []

    def formula(x):
        seen.append((x.shape, str(x.dtype), x.weak_type))
        return 2 * x

    def replayed(x):
        return _traced._once((formula, "formula"), formula, x)

    for _ in range(2):
        assert replayed(jnp.ones(3)).tolist() == [2, 2, 2]
        assert jax.jit(replayed)(np.ones(3)).tolist() == [2, 2, 2]
        assert jax.vmap(replayed)(jnp.ones((5, 3))).shape == (5, 3)
        assert replayed(jnp.ones(2)).shape == (2,)
        assert replayed(1.0) == 2
        with jax.enable_x64(False):
            assert replayed(jnp.ones(3)).dtype == "float32"
    assert seen == [
        ((3,), "float64", False),
        ((2,), "float64", False),
        ((), "float64", True),
        ((3,), "float32", False),
    ]


def _counting():
    """A claim that notes at which shapes each of its functions is entered."""
    entered = {"lhs": [], "rhs": [], "margin": [], "domain": []}

    def noting(name, function):
        def noted(x):
            entered[name].append(x if name == "domain" else x.shape)
            return function(x)

        return noted

    claim = Claim(
        lhs=noting("lhs", lambda x: jnp.max(x)),
        rhs=noting("rhs", lambda x: jnp.sum(x)),
        domain=noting("domain", lambda size: simplex(size[0])),
        sizes=((3,), (2,)),
        assumptions=(Assumption("large", "x_1 >= -1", noting("margin", lambda x: x[0] + 1)),),
    )
    return claim, entered


def test_to_verify_a_claim_traces_each_formula_once_a_size():
    """Sampling, the search and the referee of near-equalities (vertices, here) share it."""
    claim, entered = _counting()
    check = verify(claim)
    assert sum(part.refereed for part in check.examined) > 0
    for name in ("lhs", "rhs", "margin"):
        assert sorted(entered[name]) == [(2,), (3,)], name
    assert sorted(entered["domain"]) == [(2,), (3,)]


def test_a_wrong_copy_of_a_claim_shares_no_trace():
    claim = Claim(lhs=lambda x: x, rhs=lambda x: x + 1.0, domain=lambda _: box(0, 1))
    wrong = dataclasses.replace(claim, rhs=lambda x: x - 1.0)
    assert _traced.quantities(claim, jnp.array(0.5))["rhs"] == 1.5
    assert _traced.quantities(wrong, jnp.array(0.5))["rhs"] == -0.5
    assert _traced.quantities(claim, jnp.array(0.5))["rhs"] == 1.5


def test_traces_are_bounded_and_dropped_with_their_claim(monkeypatch):
    monkeypatch.setattr(_traced, "MAX_TRACES", 20)
    claim, _ = _counting()
    other = dataclasses.replace(claim, rhs=claim.lhs)
    for length in range(1, 6):
        _traced.quantities(claim, jnp.ones(length))
        _traced.quantities(other, jnp.ones(length))
    assert len(_traced._traces) == 10
    release(claim)
    assert {key[0] for key in _traced._traces} == {_traced.formulas_of(other)}
    for length in range(_traced.MAX_TRACES + 5):
        _traced.quantities(claim, jnp.ones(length + 1))
    assert len(_traced._traces) == _traced.MAX_TRACES
    assert {key[0] for key in _traced._traces} == {_traced.formulas_of(claim)}


def test_operations_are_counted_with_their_repetitions():
    def repeated(x):
        def added(total, _):
            return total + jnp.sum(jnp.sin(x)), None

        return jax.lax.scan(added, jnp.zeros(()), length=5)[0]

    def sought(x):
        return jax.lax.while_loop(lambda y: y < 1.0, lambda y: y * y, jnp.sum(x))

    def counted(side):
        claim = Claim(lhs=side, rhs=lambda x: jnp.max(x), domain=lambda _: box(0, 1))
        return _traced.operations(claim, jax.ShapeDtypeStruct((3,), float))

    # The largest of three on the right; three sines and their sum on the left.
    assert counted(lambda x: jnp.sum(jnp.sin(x))) == 1 + (3 + 1)
    # Five times three sines, their sum, and an addition.
    assert counted(repeated) == 1 + 5 * (3 + 1 + 1)
    # The sum, and a comparison and a product as often as is assumed.
    assert counted(sought) == 1 + 1 + 2 * _traced.ASSUMED_TRIPS
