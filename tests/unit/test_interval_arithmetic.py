"""Outward-rounded intervals: they hold every value, and keep signs."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory._numerics import chosen
from kdtheory.tools._ball_primitives import Uncovered
from kdtheory.tools._balls import interpret
from kdtheory.tools._branch_and_bound import MEAN_VALUE, PLAIN, Formula
from kdtheory.tools._interval_rules import RULES, boxes, ends_of
from kdtheory.tools._intervals import Intervals, down, rounded


def enclose(function, low, high):
    low, high = np.array(low, float), np.array(high, float)
    with np.errstate(all="ignore"):
        return ends_of(interpret(function, boxes(low, high), rules=RULES), len(low))


# x, y > 0 on the boxes below, whose corners are neither equal nor dyadic.
FUNCTIONS = {
    "sum": (lambda z: z[0] + z[1] - 0.3, lambda x, y: x + y - mpmath.mpf(0.3)),
    "product": (lambda z: (z[0] - 1) * (z[1] - 2), lambda x, y: (x - 1) * (y - 2)),
    "quotient": (lambda z: (z[0] - z[1]) / z[1], lambda x, y: (x - y) / y),
    "cube": (lambda z: (z[0] - z[1]) ** 3, lambda x, y: (x - y) ** 3),
    "fourth": (lambda z: (z[0] - z[1]) ** 4, lambda x, y: (x - y) ** 4),
    "inverse": (lambda z: z[0] ** -2, lambda x, y: x**-2),
    "log": (lambda z: z[0] * jnp.log(z[0] / z[1]), lambda x, y: x * mpmath.log(x / y)),
    "log1p": (lambda z: jnp.log1p(z[0] - z[1] / 4), lambda x, y: mpmath.log1p(x - y / 4)),
    "exp": (lambda z: jnp.exp(z[0] - 2 * z[1]), lambda x, y: mpmath.exp(x - 2 * y)),
    "expm1": (lambda z: jnp.expm1(z[0] - z[1]), lambda x, y: mpmath.expm1(x - y)),
    "tanh": (lambda z: jnp.tanh(z[0] - z[1]), lambda x, y: mpmath.tanh(x - y)),
    "sqrt": (lambda z: jnp.sqrt(z[0] * z[1]), lambda x, y: mpmath.sqrt(x * y)),
    "rsqrt": (lambda z: jax.lax.rsqrt(z[0] + z[1]), lambda x, y: 1 / mpmath.sqrt(x + y)),
    "logistic": (lambda z: jax.nn.sigmoid(z[0] - z[1]), lambda x, y: 1 / (1 + mpmath.exp(y - x))),
    "erf": (lambda z: jax.lax.erf(z[0] - z[1]), lambda x, y: mpmath.erf(x - y)),
    "power": (lambda z: z[0] ** 0.5 + z[1] ** 3.0, lambda x, y: mpmath.sqrt(x) + y**3),
    "maximum": (lambda z: jnp.maximum(z[0], z[1] - 0.5), lambda x, y: max(x, y - 0.5)),
    "smallest": (lambda z: jnp.min(z), lambda x, y: min(x, y)),
    "absolute": (lambda z: jnp.abs(z[0] - z[1]), lambda x, y: abs(x - y)),
    "branches": (
        lambda z: jnp.where((z[0] > z[1]) & ~(z[0] < 0.4), z[0] - z[1], z[1] * z[0]),
        lambda x, y: x - y if x > y and x >= 0.4 else y * x,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_value_is_enclosed(name):
    function, exact = FUNCTIONS[name]
    rng = np.random.default_rng(1)
    corners = np.sort(rng.uniform(0.1, 3.0, (2, 8, 2)), axis=0)
    corners[1, 4:] = corners[0, 4:] + 1e-9
    low, high = corners
    found = enclose(function, low, high)
    assert found.is_known.all()
    with mpmath.workdps(40):
        for share in rng.uniform(0, 1, (12, 1, 2)):
            for place, point in enumerate(low + share * (high - low)):
                point = np.clip(point, low[place], high[place])
                value = exact(*map(mpmath.mpf, point.tolist()))
                assert found.low[place] <= value <= found.high[place]
    # And no wider than the function varies, plus rounding, on the tiny boxes.
    assert (found.high - found.low)[4:].max() < 1e-6


def test_every_operation_is_rounded_outwards():
    """On single points, against exact rationals: a result that is off by a bit is noticed."""
    rng = np.random.default_rng(2)
    points = rng.uniform(-2, 2, (400, 2))
    operations = [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: x**3,
        lambda x, y: x**4,
        lambda x, y: x**5,
        lambda x, y: y**-3,
        lambda x, y: abs(x) * y,
    ]
    for operation in operations:
        found = enclose(lambda z, f=operation: f(z[0], z[1]), points, points)
        for place, (x, y) in enumerate(points.tolist()):
            exact = operation(Fraction(x), Fraction(y))
            low, high = found.low[place], found.high[place]
            assert Fraction(low) <= exact <= Fraction(high)
            assert high - low < 1e-14 * (1 + abs(high))


def test_signs_are_kept():
    tiny = [[0.0, 0.0]], [[1.0, 1e-300]]
    assert enclose(lambda z: z[0] * z[1], *tiny).low == 0
    assert enclose(lambda z: (z[0] - 0.5) ** 2, *tiny).low == 0
    assert enclose(lambda z: (z[0] - 0.5) * (z[0] - 0.5), *tiny).low <= 0
    assert enclose(lambda z: z[0] ** 2 / (1 + z[1]) + z[1], *tiny).low == 0
    assert enclose(lambda z: -z[0] * z[1], *tiny).high == 0


def test_what_is_unknown_stays_unknown():
    for function in (jnp.log, jnp.sqrt, lambda x: 1 / x, lambda x: jnp.maximum(5.0, jnp.log(x))):
        assert not enclose(lambda z, f=function: f(z[0]), [[-1.0]], [[1.0]]).is_known[0]
    # The branch that is not taken on the box does not matter.
    found = enclose(lambda z: jnp.where(z[0] > 0, z[0], jnp.log(z[0])), [[0.5]], [[1.0]])
    assert (found.low, found.high) == (0.5, 1.0)


@pytest.mark.parametrize("name", ["sin", "floor", "sign"])
def test_operations_without_a_rule_are_refused(name):
    with pytest.raises(Uncovered, match=name):
        enclose(lambda z: getattr(jnp, name)(z[0]), [[0.0]], [[1.0]])


@pytest.mark.parametrize(
    "function",
    [
        lambda z: jnp.arange(3.0)[jnp.where(z[0] > 0.5, 0, 1)],
        lambda z: jnp.where(jnp.where(z[0] > 0.5, z[0] > 0.25, z[0] > 0.75), 1.0, 0.0),
        lambda z: jax.lax.cond(z[0] > 0.5, lambda: 1.0, lambda: 0.0),
        lambda z: jax.lax.while_loop(lambda x: x < 0.75, lambda x: x + 1, z[0]),
        lambda z: jax.lax.cummax(z)[-1],
        lambda z: jnp.sort(z)[0],
        chosen(lambda z: z[0]),
    ],
)
def test_what_intervals_do_not_decide_is_refused(function):
    with pytest.raises(Uncovered):
        enclose(function, [[0.0, 0.0]], [[1.0, 1.0]])


def test_where_a_comparison_is_undecided_both_branches_count():
    low, high = [[0.0], [0.0], [0.75]], [[1.0], [0.25], [1.0]]
    found = enclose(lambda z: jnp.where(z[0] > 0.5, 1.0, -1.0), low, high)
    assert (found.low.tolist(), found.high.tolist()) == ([-1, -1, 1], [1, -1, 1])
    found = enclose(lambda z: jnp.where(z[0] <= 0.5, 2 * z[0], 3.0), low, high)
    assert found.low[0] == 0
    assert found.high[0] == 3
    found = enclose(lambda z: jnp.where((z[0] > 0.5) | (z[0] < 0.5), 1.0, 0.0), low, high)
    assert (found.low.tolist(), found.high.tolist()) == ([0, 1, 1], [1, 1, 1])


def test_infinite_numbers():
    assert enclose(lambda z: z[0] + jnp.inf, [[0.0]], [[1.0]]).low == np.inf
    # NaN for negative numbers, whatever is added.
    assert np.isnan(enclose(lambda z: jnp.log(z[0]) + jnp.inf, [[-1.0]], [[1.0]]).low)
    assert np.isnan(enclose(lambda z: jnp.exp(jnp.log(z[0])), [[0.0]], [[0.0]]).low)


def test_small_numbers_that_processors_flush_to_zero():
    # 1e-315 and 0 are what flushing may make of each other: both are widened to 2.2e-308.
    for result in (0.0, 1e-315, -1e-315):
        assert down(np.array([result]))[0] == -np.finfo(float).tiny
    found = enclose(lambda z: (z[0] * z[1]) * 1e300, [[1e-200, 1e-115]], [[1e-200, 1e-115]])
    # The product is positive, so that it keeps zero as its lower end.
    assert found.low[0] == 0
    assert found.high[0] >= 2e-8


def test_rounding_of_fractions():
    third = Fraction(1, 3)
    assert Fraction(rounded(third, up=False)) < third < Fraction(rounded(third, up=True))
    assert rounded(Fraction(1, 4), up=True) == rounded(Fraction(1, 4), up=False) == 0.25
    huge = Fraction(10) ** 400
    assert (rounded(huge, up=True), rounded(-huge, up=False)) == (math.inf, -math.inf)
    assert rounded(huge, up=False) == -rounded(-huge, up=True) == np.finfo(float).max
    assert math.nextafter(rounded(third, up=False), 1) == rounded(third, up=True)


def test_the_mean_value_form_is_the_tighter_one_on_small_boxes():
    def gap(z):
        return z[0] * jnp.log(z[0] / z[1]) - z[0] + z[1]

    low, high = np.array([[0.5, 0.5]]), np.array([[0.501, 0.501]])
    plain, centred = (Formula(gap, 2, form).on(low, high) for form in (PLAIN, MEAN_VALUE))
    # Half a width of 1e-3, times slopes of which a few parts in a thousand are known.
    assert plain.high[0] - plain.low[0] > 1e-3
    assert 0 < centred.high[0] - centred.low[0] < 2e-5
    assert centred.low[0] <= 0 <= centred.high[0]


def test_kinks_and_hidden_gradients_leave_the_plain_form():
    hidden = [
        lambda z: jnp.abs(z[0]),
        lambda z: jnp.maximum(z[0], 0.5),
        lambda z: jnp.where(z[0] > 0.5, 1.0, 0.0) * z[0],
        lambda z: jax.lax.stop_gradient(z[0]) * 1.0,
        lambda z: jax.nn.softplus(z[0]),
        lambda z: z[0] * z[0].astype(int),
        lambda z: jax.lax.erf(z[0]),
    ]
    assert {Formula(function, 1, None).form for function in hidden} == {PLAIN}


def test_intervals_are_unknown_where_an_end_is():
    value = Intervals(np.array([np.nan, 0.0]), np.array([1.0, 2.0]))
    assert value.is_known.tolist() == [False, True]
    assert np.isnan(value.high[0])
