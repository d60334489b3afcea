"""Single numbers of the referee: what is decided, special values, and how results are read."""

import math
import operator
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory.tools._balls import Undecided, describe, enclose, lower, midpoint, upper


def exact_list(enclosed):
    """The values of exact numbers."""
    assert all(lower(number) == upper(number) for number in enclosed)
    return [lower(number) for number in enclosed]


# --- decisions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.sqrt(x) * jnp.sqrt(x) < 2,
        lambda x: jnp.sign(jnp.sqrt(x) ** 2 - 2),
        lambda x: jnp.where(jnp.sqrt(x) ** 2 >= 2, 0.0, 1.0),
        lambda x: jnp.argmax(jnp.stack([jnp.sqrt(x) ** 2, x])),
        lambda x: jnp.argsort(jnp.stack([jnp.sqrt(x) ** 2, x])),
        lambda x: jnp.floor(jnp.sqrt(x) ** 2),
        lambda x: jnp.isfinite(1 / (jnp.sqrt(x) ** 2 - 2)),
    ],
)
def test_what_balls_cannot_decide_is_undecided(function):
    with pytest.raises(Undecided):
        enclose(function, 2)


def test_ties_of_rationals_are_decided():
    third = Fraction(1, 3)
    assert enclose(lambda x: x + x + x == 1, third)
    assert enclose(jnp.argmax, np.array([third, 2 * third / 2, 0])) == 0
    assert exact_list(enclose(jnp.argsort, np.array([1, third, third, 0]))) == [3, 1, 2, 0]


def test_searchsorted_decides_ties_like_numpy():
    grid, x = np.array([-1.0, 0.5, 0.5, 2.0]), np.array([0.5, -3.0, 0.7, 2.0, 9.0])
    for side in ("left", "right"):
        found = enclose(lambda a, v, side=side: jnp.searchsorted(a, v, side=side), grid, x)
        assert exact_list(found) == list(np.searchsorted(grid, x, side=side))


def test_rounding_to_integers_like_numpy():
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.7, -3.7, 2.0])
    for name in ("round", "trunc", "floor", "ceil"):
        assert exact_list(enclose(getattr(jnp, name), x)) == list(getattr(np, name)(x))
    away = enclose(lambda x: jax.lax.round(x, jax.lax.RoundingMethod.AWAY_FROM_ZERO), x)
    assert exact_list(away) == [-3, -2, -1, 1, 2, 3, 4, -4, 2]
    assert exact_list(enclose(lambda x: x % -2, x)) == list(x % -2)
    assert exact_list(enclose(lambda x: x.astype(int), x)) == list(x.astype(int))
    assert midpoint(enclose(lambda x: jnp.round(jnp.exp(x)), 1.0)[()]) == 3


def test_precision_is_doubled_until_a_comparison_is_decided():
    # exp(2^-900) - 1 > 2^-900 needs some 1800 bits: the difference is 2^-1801.
    tiny = Fraction(1, 2**900)
    assert enclose(lambda x: jnp.exp(x) - 1 > x, tiny)
    with pytest.raises(Undecided):
        enclose(lambda x: jnp.exp(x) - 1 > x, tiny**3)


def test_a_ball_is_equal_to_itself():
    assert not enclose(lambda x: jnp.isnan(jnp.exp(x)), 1)


# --- infinities and NaN -----------------------------------------------------------------------

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (operator.add, (INF, 1), INF),
        (operator.sub, (INF, INF), NAN),
        (operator.mul, (INF, -2), -INF),
        (operator.mul, (0, INF), NAN),
        (operator.truediv, (3, INF), 0),
        (operator.truediv, (-3, 0.0), -INF),
        (operator.truediv, (0.0, 0), NAN),
        (operator.truediv, (-INF, 0.0), -INF),
        (operator.truediv, (INF, INF), NAN),
        (jnp.maximum, (NAN, 1.0), NAN),
        (jnp.minimum, (-INF, 1), -INF),
        (jnp.exp, (-INF,), 0),
        (jnp.exp, (INF,), INF),
        (jnp.log, (0.0,), -INF),
        (jnp.log, (-1.0,), NAN),
        (jnp.log1p, (-1.0,), -INF),
        (jnp.sqrt, (-1.0,), NAN),
        (jnp.sqrt, (INF,), INF),
        (jax.lax.rsqrt, (0.0,), INF),
        (jnp.tanh, (-INF,), -1),
        (jax.nn.sigmoid, (-INF,), 0),
        (jnp.power, (0.0, -0.5), INF),
        (jnp.power, (INF, 0.5), INF),
        (jnp.power, (INF, -0.5), 0),
        (jnp.power, (0.5, INF), 0),
        (jnp.power, (0.5, -INF), INF),
        (jnp.power, (-2.0, 0.5), NAN),
        (jnp.power, (-2.0, 3.0), -8),
        (jnp.power, (NAN, 0.0), 1),
        (jnp.floor, (-INF,), -INF),
        (jnp.sign, (-INF,), -1),
        (jax.lax.rem, (-7.0, 4.0), -3),
        (lambda x: jnp.max(x[:0], initial=x[0]), (np.array([4.0, 5.0]),), 4),
        (lambda x: jnp.sum(x[:0]), (np.array([4.0, 5.0]),), 0),
    ],
)
def test_special_values(function, arguments, expected):
    number = enclose(function, *(x if isinstance(x, np.ndarray) else float(x) for x in arguments))
    if math.isnan(expected):
        assert isinstance(number[()], float)
        assert math.isnan(number[()])
    else:
        assert lower(number[()]) == upper(number[()]) == expected


def test_comparisons_with_infinities_and_nan():
    def compare(x, y):
        return x < y, x <= y, x == y, x != y, x > y, x >= y

    def outcome(x, y):
        return [bool(b) for b in enclose(compare, x, y)]

    for x, y in ((INF, 1.0), (-INF, INF), (INF, INF), (NAN, 1.0), (NAN, NAN)):
        assert outcome(x, y) == list(compare(x, y))
    assert enclose(lambda x: jnp.exp(x) < math.inf, 1)
    sorted_last = enclose(jnp.sort, np.array([NAN, INF, 1, -INF]))
    assert [midpoint(x) for x in sorted_last[:3]] == [-INF, 1, INF]
    assert math.isnan(sorted_last[3])


# --- reading the result -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        (lambda x: x / 3, 1, "1/3"),
        (lambda x: -x, 12, "-12"),
        (lambda x: x, Fraction(1, 3**30), "4.856935749618861137906242e-15..."),
        (jnp.sqrt, 2, "1.414213562373095048801688..."),
        (lambda x: -jnp.exp(x), -1, "-0.3678794411714423215955237..."),
        (lambda x: jnp.exp(x), 100, "2.688117141816135448412625e43..."),
        (lambda x: x / 0, 1.0, "inf"),
        (lambda x: 0 / x, 0.0, "nan"),
        (lambda x: jnp.log(x) + jnp.log(1 / x), 3, "[0 +/- "),
        # sqrt(2)^2 lies on either side of 2, and of fewer digits than it is known to.
        (lambda x: jnp.sqrt(x) * jnp.sqrt(x), 2, "2 (to 25 digits)"),
        (lambda x: -jnp.sqrt(x) * jnp.sqrt(x) / 16, 2, "-0.125 (to 25 digits)"),
        (lambda x: jnp.exp(2 * jnp.log(x)), 30, "900 (to 25 digits)"),
    ],
)
def test_describe(function, argument, expected):
    # The decimals are mpmath's, cut after 25 digits: nstr(sqrt(2), 30) and so on.
    written = describe(enclose(function, argument)[()])
    assert written == expected or (expected.endswith(" ") and written.startswith(expected))


def test_bounds_of_astronomical_numbers_stay_small():
    large, small = enclose(lambda x: (jnp.exp(x), -jnp.exp(-x)), 1e6)
    assert lower(large[()]) == Fraction(2) ** 65536
    assert upper(large[()]) == math.inf
    assert -Fraction(1, 2**65536) <= lower(small[()]) < upper(small[()]) <= 0
    assert midpoint(enclose(jnp.sqrt, 2)[()]) == pytest.approx(math.sqrt(2), rel=1e-15)
