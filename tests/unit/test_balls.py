"""The referee: enclosures against fractions (exact) and mpmath (60 digits and more)."""

import math
import operator
from fractions import Fraction
from itertools import accumulate

import jax
import jax.numpy as jnp
import jax.scipy.special as special
import mpmath
import numpy as np
import pytest

from kdtheory.tools import _ball_primitives as primitives
from kdtheory.tools._ball_numbers import exact
from kdtheory.tools._balls import Uncovered, describe, enclose, lower, midpoint, upper


def fractions(*values):
    return np.array([Fraction(value) for value in values], dtype=object)


def random_fractions(seed, *shape):
    generator = np.random.default_rng(seed)
    numerators, denominators = generator.integers(-9, 10, shape), generator.integers(1, 10, shape)
    return np.vectorize(lambda p, q: Fraction(int(p), int(q)), otypes=[object])(
        numerators, denominators
    )


def values(enclosed):
    """The exact values, as fractions; fails where a number is not exact."""

    def value(number):
        assert lower(number) == upper(number), number
        return lower(number)

    return np.vectorize(value, otypes=[object])(enclosed)


def assert_encloses(number, expected, relative=1e-60):
    """Asserts that a ball holds an mpf of 100 digits and is narrow."""
    low, high = (mpmath.mpf(b.numerator) / b.denominator for b in (lower(number), upper(number)))
    rounding = abs(expected) * mpmath.mpf(10) ** -95
    assert low - rounding <= expected <= high + rounding
    assert high - low <= relative * abs(expected)


@pytest.fixture(autouse=True)
def _hundred_digits():
    with mpmath.workdps(100):
        yield


# --- exact arithmetic -------------------------------------------------------------------------


X = random_fractions(0, 5)
Y = random_fractions(1, 5)
A = random_fractions(2, 3, 4)
B = random_fractions(3, 4, 2)


def exact_sort(x):
    return np.array(sorted(x), dtype=object)


EXACT = {
    "sum": (lambda x, y: x + y * x - y, lambda x, y: x + y * x - y),
    "quotient": (lambda x, y: x / (1 + y * y), lambda x, y: x / (1 + y * y)),
    "max": (jnp.maximum, np.maximum),
    "min": (jnp.minimum, np.minimum),
    "abs": (lambda x, y: jnp.abs(x - y), lambda x, y: abs(x - y)),
    "power": (lambda x, y: x**3 + (1 + y**2) ** -2, lambda x, y: x**3 + (1 + y**2) ** -2),
    "total": (lambda x, y: jnp.sum(x) - jnp.prod(y), lambda x, y: sum(x) - math.prod(y)),
    "dot": (jnp.dot, lambda x, y: sum(map(operator.mul, x, y))),
    "sort": (lambda x, y: jnp.sort(x - y), lambda x, y: exact_sort(x - y)),
    "cumsum": (
        lambda x, y: jnp.cumsum(x),
        lambda x, y: np.array(list(accumulate(x)), dtype=object),
    ),
    "reversed cumprod": (
        lambda x, y: jax.lax.cumprod(x, reverse=True),
        lambda x, y: np.array(list(accumulate(x[::-1], operator.mul)), dtype=object)[::-1],
    ),
    "gather": (
        lambda x, y: x[jnp.argsort(y)],
        lambda x, y: x[sorted(range(5), key=y.__getitem__)],
    ),
    "argmax": (lambda x, y: jnp.argmax(x), lambda x, y: list(x).index(max(x))),
    "top_k": (lambda x, y: jax.lax.top_k(x, 2)[0], lambda x, y: exact_sort(x)[:2:-1]),
    "median": (lambda x, y: jnp.median(x), lambda x, y: sorted(x)[2]),
    "scatter": (
        lambda x, y: x.at[jnp.array([1, 1])].add(y[:2]).at[-1].set(0).at[9].set(7),
        lambda x, y: np.array([x[0], x[1] + y[0] + y[1], x[2], x[3], 0], dtype=object),
    ),
    "pad": (
        lambda x, y: jnp.concatenate([jnp.pad(x, 1)[::3], y[2:][::-1]]),
        lambda x, y: np.array([0, x[2], 0, *y[:1:-1]], dtype=object),
    ),
    "where": (
        lambda x, y: jnp.where(x > y, x, 2 * y),
        lambda x, y: np.array([a if a > b else 2 * b for a, b in zip(x, y, strict=True)]),
    ),
    "floor": (
        lambda x, y: jnp.floor(x) + jnp.ceil(y) + jnp.round(x / 2),
        lambda x, y: np.array(
            [math.floor(a) + math.ceil(b) + round(a / 2) for a, b in zip(x, y, strict=True)]
        ),
    ),
    "integers": (
        lambda x, y: x[(jnp.arange(5) * 3) % 5].astype(int) + jnp.sum(y > 0),
        lambda x, y: np.array([int(x[3 * i % 5]) for i in range(5)]) + sum(y > 0),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_rational_formulas_are_evaluated_exactly(name):
    traced, exact = EXACT[name]
    assert np.all(values(enclose(traced, X, Y)) == exact(X, Y))


def test_products_of_arrays():
    expected = A.dot(B)
    assert np.all(values(enclose(jnp.matmul, A, B)) == expected)
    assert np.all(values(enclose(lambda a, b: jnp.einsum("ij,jk->ki", a, b), A, B)) == expected.T)
    batched = enclose(jax.vmap(jnp.dot, in_axes=(1, 0)), A, B.T.reshape(2, 4)[:1].T + A.T)
    assert np.all(values(batched) == [A[:, i].dot(B[i, 0] + A[:, i]) for i in range(4)])


def project_to_simplex(x):
    """Held, Wolfe and Crowder's formula, by sorting."""
    ordered = jnp.sort(x)[::-1]
    thresholds = (jnp.cumsum(ordered) - 1) / jnp.arange(1, len(x) + 1)
    support = jnp.sum(ordered > thresholds)
    return jnp.maximum(x - thresholds[support - 1], 0)


@pytest.mark.parametrize("seed", range(4))
def test_the_projection_of_floats_onto_the_simplex_sums_to_exactly_one(seed):
    projected = values(enclose(project_to_simplex, np.random.default_rng(seed).normal(size=6)))
    assert sum(projected) == 1
    assert min(projected) == 0 < max(projected)


def test_floats_are_the_dyadics_that_they_are():
    # 0.1 + 0.2 rounds to the neighbour of 0.3; the exact sum lies strictly between the two.
    assert enclose(lambda x, y, z: x + y > z, 0.1, 0.2, 0.3)
    assert enclose(lambda x, y, z: x + y < z, 0.1, 0.2, 0.1 + 0.2)
    # Absorbed in float64: 2^53 + 1 - 2^53 is 0 there.
    assert values(enclose(lambda x: (x + 1) - x, 2.0**53)) == 1
    assert not np.float64(2.0**53) + 1 - 2.0**53


def test_long_rationals_become_balls_around_the_value():
    number = enclose(lambda x: x**9000 / x**8999, Fraction(1, 3))[()]
    assert lower(number) < Fraction(1, 3) < upper(number)
    assert upper(number) - lower(number) < Fraction(1, 2**230)


# --- balls ------------------------------------------------------------------------------------


TRANSCENDENTAL = {
    "exp": (jnp.exp, mpmath.exp),
    "exp2": (jnp.exp2, lambda x: mpmath.mpf(2) ** x),
    "expm1": (jnp.expm1, mpmath.expm1),
    "log": (jnp.log, mpmath.log),
    "log1p": (jnp.log1p, mpmath.log1p),
    "sqrt": (jnp.sqrt, mpmath.sqrt),
    "rsqrt": (jax.lax.rsqrt, lambda x: 1 / mpmath.sqrt(x)),
    "cbrt": (jnp.cbrt, mpmath.cbrt),
    "power": (lambda x: x**0.3, lambda x: x ** mpmath.mpf(0.3)),
    "logistic": (jax.nn.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))),
    "tanh": (jnp.tanh, mpmath.tanh),
    "sinh": (jnp.sinh, mpmath.sinh),
    "cosh": (jnp.cosh, mpmath.cosh),
    "sin": (jnp.sin, mpmath.sin),
    "cos": (jnp.cos, mpmath.cos),
    "tan": (jnp.tan, mpmath.tan),
    "erf": (jax.lax.erf, mpmath.erf),
    "erfc": (jax.lax.erfc, mpmath.erfc),
    "lgamma": (jax.lax.lgamma, mpmath.loggamma),
    "digamma": (jax.lax.digamma, mpmath.digamma),
    "softplus": (jax.nn.softplus, lambda x: mpmath.log1p(mpmath.exp(x))),
    "logsumexp": (
        lambda x: special.logsumexp(jnp.stack([x, -x, 2 * x])),
        lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(-x) + mpmath.exp(2 * x)),
    ),
}


@pytest.mark.parametrize("name", TRANSCENDENTAL)
@pytest.mark.parametrize("x", [Fraction(3, 7), Fraction(41, 9)])
def test_transcendental_functions_enclose_mpmath(name, x):
    traced, reference = TRANSCENDENTAL[name]
    expected = reference(mpmath.mpf(x.numerator) / x.denominator)
    assert_encloses(enclose(traced, x)[()], expected)


def test_the_comparison_with_mpmath_catches_a_planted_error(monkeypatch):
    truth = primitives.SCALAR_RULES["log"]
    shift = exact(Fraction(1, 10**30))
    monkeypatch.setitem(primitives.SCALAR_RULES, "log", lambda x: truth(x) + shift)
    with pytest.raises(AssertionError):
        test_transcendental_functions_enclose_mpmath("log", Fraction(3, 7))


def test_results_that_are_rational_become_exact_again():
    assert enclose(lambda x: jnp.log(x) + jnp.exp(x - 1) == 1, 1.0)
    assert values(enclose(jnp.sqrt, Fraction(4, 9))) == Fraction(2, 3)
    assert values(enclose(lambda x: x**0.5 * 4.0**x, Fraction(9, 4) * 4)) == 3 * 4**9


KL = Fraction(2, 5), Fraction(3, 5)


def kl_divergence(p, q):
    return jnp.sum(special.rel_entr(p, q))


def test_kl_divergence_and_the_refutation_of_a_larger_pinsker_constant():
    p, q = fractions(*KL), fractions(Fraction(1, 2), Fraction(1, 2))
    expected = sum(
        mpmath.mpf(a.numerator)
        / a.denominator
        * mpmath.log(2 * a.numerator / mpmath.mpf(a.denominator))
        for a in KL
    )
    assert_encloses(enclose(kl_divergence, p, q)[()], expected)

    def excess(p, q, constant):
        return constant * (jnp.sum(jnp.abs(p - q)) / 2) ** 2 - kl_divergence(p, q)

    refuted = enclose(excess, p, q, Fraction(202, 100))[()]
    assert lower(refuted) > 0
    # 2.02 / 100 - KL, from the definition.
    assert_encloses(refuted, mpmath.mpf(202) / 10000 - expected, relative=1e-55)
    assert describe(refuted).startswith("0.000064486")
    assert upper(enclose(excess, p, q, 2)[()]) < 0


def test_undecided_maxima_enclose_both_candidates():
    two = enclose(lambda x: jnp.maximum(jnp.sqrt(x) ** 2, jnp.cbrt(x) ** 3), 2)[()]
    assert lower(two) <= 2 <= upper(two)
    assert upper(two) - lower(two) < Fraction(1, 2**240)
    small = enclose(lambda x: jnp.abs(jnp.sqrt(x) ** 2 - 2), 2)[()]
    assert lower(small) <= 0 <= upper(small)


def test_division_by_a_ball_around_zero_says_nothing():
    for function in (
        lambda x: 1 / (jnp.sqrt(x) ** 2 - 2),
        lambda x: jnp.log(jnp.sqrt(x) ** 2 - 2),
        lambda x: math.inf * (jnp.sqrt(x) ** 2 - 2),
        lambda x: jnp.tanh(1 / (jnp.sqrt(x) ** 2 - 2)),
        lambda x: 0 * jnp.maximum(1, 1 / (jnp.sqrt(x) ** 2 - 2)),
    ):
        number = enclose(function, 2)[()]
        assert (lower(number), upper(number)) == (-math.inf, math.inf)
        assert describe(number) == "unknown"
        assert math.isnan(midpoint(number))


def test_xlogy_and_guards_use_the_selected_branch_only():
    assert list(values(enclose(special.xlogy, fractions(0, 0, 2), fractions(0, 3, 1)))) == [0] * 3
    guarded = enclose(lambda x: jnp.where(x > 0, jnp.log(x) / x, -7.0), fractions(0, -1, 1))
    assert list(values(guarded)) == [-7, -7, 0]
    infinite = enclose(kl_divergence, fractions(1, 0), fractions(0, 1))
    assert infinite[()] == math.inf


# --- what is seen through, and what is not ----------------------------------------------------


@jax.custom_vjp
def halved(x):
    return x / 2


halved.defvjp(lambda x: (x / 2, None), lambda _, cotangent: (cotangent / 2,))

SEEN_THROUGH = {
    "jit": (jax.jit(lambda x: x / 3), lambda x: x / 3),
    "custom_jvp": (jax.nn.relu, lambda x: np.maximum(x, 0)),
    "custom_vjp": (halved, lambda x: x / 2),
    "checkpoint": (jax.checkpoint(lambda x: x * x), lambda x: x * x),
    "cond": (
        lambda x: jax.lax.cond(jnp.sum(x) > 0, lambda x: x, lambda x: -x, x),
        lambda x: x if sum(x) > 0 else -x,
    ),
    "switch": (lambda x: jax.lax.switch(1, [jnp.sin, lambda x: x, jnp.cos], x), lambda x: x),
    "while": (
        lambda x: jax.lax.while_loop(lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] / 3), (0, x))[1],
        lambda x: x / 81,
    ),
    "fori": (lambda x: jax.lax.fori_loop(0, 4, lambda i, y: y + i * x, x), lambda x: 7 * x),
    "scan": (
        lambda x: jax.lax.scan(lambda c, y: (c + y, c * y), x[0], x, reverse=True)[1],
        lambda x: np.array([(x[0] + sum(x[i + 1 :])) * x[i] for i in range(len(x))], dtype=object),
    ),
    "gradient": (jax.grad(lambda x: jnp.sum(x**3 / 3)), lambda x: x**2),
    "vmap": (jax.vmap(lambda y: y * jnp.arange(3).sum()), lambda x: 3 * x),
}


@pytest.mark.parametrize("name", SEEN_THROUGH)
def test_control_flow_and_transformations_are_seen_through(name):
    traced, exact = SEEN_THROUGH[name]
    assert np.all(values(enclose(traced, X)) == exact(X))


def test_pytrees_go_in_and_come_out():
    result = enclose(
        lambda d: {"sum": d["x"] + d["y"][0], "less": d["x"] < 1}, {"x": Fraction(1, 3), "y": [2]}
    )
    assert values(result["sum"]) == Fraction(7, 3)
    assert result["sum"].shape == ()
    assert result["less"].dtype == bool


@pytest.mark.parametrize("name", ["svd", "eigh"])
def test_unknown_primitives_are_named(name):
    with pytest.raises(Uncovered, match=name) as caught:
        enclose(getattr(jnp.linalg, name), np.eye(3))
    assert caught.value.primitive == name


# --- linear algebra ---------------------------------------------------------------------------

SQUARE = random_fractions(5, 3, 3) + 4 * np.diag(fractions(1, 1, 1))


def determinant(matrix):
    a, b, c = matrix
    return sum(
        a[i] * (b[(i + 1) % 3] * c[(i + 2) % 3] - b[(i + 2) % 3] * c[(i + 1) % 3]) for i in range(3)
    )


def test_solve_inverse_and_determinant_are_exact_on_rationals():
    right = random_fractions(6, 3)
    assert np.all(SQUARE.dot(values(enclose(jnp.linalg.solve, SQUARE, right))) == right)
    assert np.all(SQUARE.dot(values(enclose(jnp.linalg.inv, SQUARE))) == np.eye(3))
    assert values(enclose(jnp.linalg.det, SQUARE)) == determinant(SQUARE)
    singular = np.stack([SQUARE[0], SQUARE[1], SQUARE[0] - SQUARE[1]])
    assert values(enclose(jnp.linalg.det, singular)) == 0


def test_batched_solve():
    batch = np.stack([SQUARE, SQUARE.T])
    right = random_fractions(7, 2, 3, 2)
    solution = values(enclose(jnp.linalg.solve, batch, right))
    for matrix, b, x in zip(batch, right, solution, strict=True):
        assert np.all(matrix.dot(x) == b)


@pytest.mark.parametrize("lower_triangle", [False, True])
@pytest.mark.parametrize("trans", [0, 1])
def test_triangular_solve(lower_triangle, trans):
    right = random_fractions(8, 3, 2)
    solution = values(
        enclose(
            lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=lower_triangle, trans=trans),
            SQUARE,
            right,
        )
    )
    triangle = np.tril(SQUARE) if lower_triangle else np.triu(SQUARE)
    assert np.all((triangle.T if trans else triangle).dot(solution) == right)


def test_triangular_solve_on_the_right():
    right = random_fractions(8, 2, 3)
    solution = enclose(
        lambda a, b: jax.lax.linalg.triangular_solve(a, b, left_side=False, lower=True),
        SQUARE,
        right,
    )
    assert np.all(values(solution).dot(np.tril(SQUARE)) == right)


def test_cholesky_against_mpmath():
    gram = SQUARE.dot(SQUARE.T)
    factor = enclose(jnp.linalg.cholesky, gram)
    expected = mpmath.cholesky(
        mpmath.matrix([[mpmath.mpf(x.numerator) / x.denominator for x in row] for row in gram])
    )
    for i, j in np.ndindex(3, 3):
        if i >= j:
            assert_encloses(factor[i, j], expected[i, j])
        else:
            assert factor[i, j] == 0
    assert math.isnan(enclose(jnp.linalg.cholesky, np.ones((2, 2)))[0, 0])
