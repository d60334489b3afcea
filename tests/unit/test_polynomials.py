"""Traced formulas as polynomials: they take the values of the formulas, and refuse the rest."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq

from kdtheory._numerics import chosen
from kdtheory.claim import call
from kdtheory.domains import box, integers, positive, psd, reals, simplex, stochastic
from kdtheory.theorems import find
from kdtheory.theorems.lemmas import BHATIA_DAVIS
from kdtheory.tools._polynomials import NotPolynomial, statement
from kdtheory.tools._traced import domain_of
from kdtheory.tools.falsify import as_claim


def of(lhs, rhs, over, relation="<="):
    return statement(as_claim(lhs, rhs, over, relation), ())


def values_at(said, parts, names):
    """The target and what is known, at a point, where variables that were added are looked up."""
    flat = {}
    for array, own in zip(parts, names, strict=True):
        flat |= dict(zip(own, np.ravel(array).tolist(), strict=True))
    point = [flat[name] for name in said.variables]
    exact = [fmpq(*float(x).as_integer_ratio()) for x in point]

    def at(value):
        total = fmpq(0)
        for exponents, coefficient in value.to_dict().items():
            total += coefficient * math.prod(
                (x**k for x, k in zip(exact, exponents, strict=True)), start=fmpq(1)
            )
        return float(int(total.p) / int(total.q))

    return at(said.target), {name: at(value) for name, value in said.nonnegative.items()}


@pytest.mark.parametrize(
    ("slug", "size"),
    [
        ("variance_reduction/lemma1", (2, 3)),
        ("variance_reduction/unbiased_bayes", (2, 2, 2)),
        ("double_distillation/positive_weight_mass", (3,)),
        ("sgd_convergence/simplex_teacher_no_noisier", (2, 2)),
        ("bias_variance/tv_below_norm", (3,)),
        ("lemmas/bhatia_davis", (3,)),
    ],
)
def test_the_target_is_what_xla_computes(slug, size):
    claim = BHATIA_DAVIS if slug == BHATIA_DAVIS.slug else find(slug)
    said = statement(claim, size)
    domain = domain_of(claim, size)

    @jax.jit
    @jax.vmap
    def gaps(point):
        parts = domain.parametrize(point)
        instance = domain.instance(parts)
        return parts, call(claim.rhs, instance) - call(claim.lhs, instance)

    points = np.random.default_rng(0).normal(size=(12, domain.dimension))
    parts, expected = gaps(points)
    names = [
        [f"{p.name}[{','.join(map(str, i))}]" if i else p.name for i in np.ndindex(p.shape)]
        for p in domain.parts
    ]
    for place in range(len(points)):
        own = [np.asarray(part[place]) for part in parts]
        more = {}
        if "inverse.num_samples" in said.variables:
            more["inverse.num_samples"] = 1 / own[-1]
        for k, name in enumerate(n for n in said.variables if n.startswith("maximum")):
            more[name] = np.abs(own[0][k] - own[1][k])
        given = [*own, *more.values()], [*names, *([name] for name in more)]
        target, known = values_at(said, *given)
        assert target == pytest.approx(float(expected[place]), abs=1e-12)
        assert min(known.values()) > -1e-12


def test_masks_cancel_and_the_last_probability_goes():
    # p log-free: where(p != 0, l, 0) p = p l, and p0 + p1 = 1.
    said = of(
        lambda p, v: jnp.sum(p * jnp.where(p != 0, v, 0.0)),
        lambda p, v: jnp.sum(p * jnp.where(p > 0, v, 7.0) ** 2),
        simplex(2) * reals(2),
    )
    assert said.variables == ("p[0]", "v[0]", "v[1]")
    p, a, b = said.target.context().gens()
    assert said.target == p * a**2 + (1 - p) * b**2 - p * a - (1 - p) * b
    assert said.nonnegative == {"p[0] >= 0": p, "p[1] >= 0": 1 - p}


def test_a_mask_that_matters_is_refused():
    with pytest.raises(NotPolynomial, match="changes where a probability"):
        of(lambda p: jnp.sum(jnp.where(p != 0, 1.0, 0.0)), lambda p: 2.0, simplex(2))


def test_whole_numbers_inverses_and_ranges():
    said = of(lambda n, x: x * n / n**2, lambda n, x: x, integers(2, 5) * box(0.5, 3))
    assert said.variables == ("n", "x", "inverse.n")
    n, x, inverse = said.target.context().gens()
    assert said.target == x - x * inverse
    known = said.nonnegative
    # 1/5 <= 1/n <= 1/2.
    assert known["inverse.n <= its largest"] == 1 - 2 * inverse
    assert known["inverse.n >= its smallest"] == 5 * inverse - 1
    assert (known["n <= its largest"], known["x >= its smallest"]) == (5 - n, x - fmpq(1, 2))


def test_maxima_become_variables():
    said = of(lambda x: jnp.max(x) - jnp.min(x), lambda x: 1.0, box(0, 1, 2))
    a, b, top, bottom = said.target.context().gens()
    # The minimum is minus the maximum of -a and -b.
    assert said.target == 1 - top - bottom
    assert said.zero["maximum.0 is attained"] == (top - a) * (top - b)
    assert said.zero["maximum.1 is attained"] == (bottom + a) * (bottom + b)
    assert said.nonnegative["maximum.1 >= number 0"] == bottom + a


def test_known_signs_decide_maxima_and_comparisons():
    said = of(
        lambda p, x: jnp.where(p[0] * x >= 0, jnp.abs(x), -1.0),
        lambda p, x: jnp.maximum(x * p[1], 0.0) + jnp.where(x > -1, x, 5.0),
        simplex(2) * positive(),
    )
    p, x = said.target.context().gens()
    assert said.target == (1 - p) * x


def test_powers_products_and_loops():
    said = of(
        lambda x: jax.lax.fori_loop(0, 3, lambda _, y: y * x[0], x[1]),
        lambda x: jnp.cumsum(x)[-1] ** 2.0 + jnp.dot(x, x) + jnp.prod(x),
        reals(2),
    )
    a, b = said.target.context().gens()
    assert said.target == (a + b) ** 2 + a**2 + b**2 + a * b - a**3 * b


@pytest.mark.parametrize(
    ("function", "over", "message"),
    [
        (lambda x: jnp.exp(x), box(0, 1), "'exp'"),
        (lambda x: jnp.sqrt(x), box(0, 1), "'sqrt'"),
        (lambda x: x**0.5, box(0, 1), "'sqrt'|whole number"),
        (lambda x: 1 / x, box(0, 1), "a division by x, which may be zero"),
        (lambda x: 1 / (1 + x), box(0, 1), "a division by x"),
        (lambda x: jnp.where(x > 0.5, x, 0.0), box(0, 1), "a comparison"),
        (lambda x: jnp.where(x > 0, x, jnp.inf), box(0, 1), "an infinite value"),
        (lambda x: jnp.arange(3.0)[x.astype(int)], box(0, 1), "integer that depends"),
        (lambda x: jnp.linalg.eigvalsh(x)[0], psd(2), "semidefinite matrix"),
        (lambda x: jnp.linalg.eigh(x @ x.T)[0][0], reals(2, 2), "operation|comparison"),
        (lambda x: x + jnp.inf, box(0, 1), "infinite"),
        (lambda p: jnp.arange(2.0)[jnp.where(p[0] > 0, 0, 1)], simplex(2), "choice between int"),
        (lambda p: jax.lax.cond(p[0] > 0, lambda: 1.0, lambda: 0.0), simplex(2), "integer|branch"),
        (lambda x: jax.lax.while_loop(lambda y: y < 1, lambda y: y + 1, x), reals(), "comparison"),
        (lambda p: jnp.sort(p)[0], simplex(2), "comparison"),
        (chosen(lambda x: x), box(0, 1), "a search in floating point"),
    ],
)
def test_what_is_no_polynomial_is_refused_in_words(function, over, message):
    with pytest.raises(NotPolynomial, match=message):
        of(function, lambda x: 0.0, over)


def test_the_relation_says_the_direction():
    x = [of(lambda x: x, lambda x: 0.0, box(0, 1), relation) for relation in ("<=", ">=", "=")]
    (gen,) = x[0].target.context().gens()
    assert [said.target for said in x] == [-gen, gen, -gen]
    assert [said.relation for said in x] == [">=", ">=", "="]


def test_rows_of_distributions():
    said = of(lambda t: jnp.sum(t), lambda t: 2.0, stochastic(2, 3), "=")
    assert said.target == 0
