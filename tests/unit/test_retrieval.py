"""Losses for retrieval: from their definitions in mpmath, gradients, and every order of ties."""

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory import retrieval

pytestmark = pytest.mark.usefixtures("strict")

# Scores and weights: ordinary, large, with zeros, and weights at the end of the range of floats.
CASES = [
    ([1.5, -0.25, 0.75, 0.0], [0.6, 0.7, 0.8, 0.9]),
    ([1e6, 0.0, -1e6, 3.0], [1e-300, 0.5, 1.0, 0.0]),
    ([650.0, 0.0, 0.0, -5.0], [1e-300, 1.0, 0.0, 2.0]),
    ([-800.0, -801.0, -802.0, 900.0], [1.0, 1e-8, 0.0, 0.0]),
    ([2.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 1.0]),
]


def tables():
    """All scores, and all weights, one case in a row."""
    return [jnp.array(rows) for rows in zip(*CASES, strict=True)]


def exact_loss(scores, weights, label):
    """log sum of w e^(f' - f), term by term, with 60 digits."""
    with mpmath.workdps(60):
        terms = [mpmath.mpf(w) * mpmath.exp(mpmath.mpf(f)) for f, w in zip(scores, weights)]  # noqa: B905
        return mpmath.log(mpmath.fsum(terms)) - mpmath.mpf(scores[label])


def test_eq12_from_its_definition():
    expected = [[float(exact_loss(f, w, y)) for y in range(4)] for f, w in CASES]
    got = retrieval.generalised_softmax_cross_entropy(*tables())
    np.testing.assert_allclose(got, expected, rtol=1e-14, atol=1e-13)


def test_eq13_from_its_definition():
    # A label without mass may have any loss: teachers with zeros, and one that is certain.
    scores, weights = tables()
    teachers = [[0.4, 0.3, 0.2, 0.1], [0.0, 0.5, 0.5, 0.0], [0.0, 1.0, 0.0, 0.0]]
    for probs in teachers:
        expected = [
            float(mpmath.fsum(p * exact_loss(f, w, y) for y, p in enumerate(probs)))
            for f, w in CASES
        ]
        given = jnp.broadcast_to(jnp.array(probs), scores.shape)
        got = retrieval.double_distillation_loss(scores, given, weights)
        np.testing.assert_allclose(got, expected, rtol=1e-14, atol=1e-13)
    # Batches of any shape: what a row gives does not depend on the others.
    stacked = jnp.stack([scores, scores + 1.0]), jnp.stack([given] * 2), jnp.stack([weights] * 2)
    both = retrieval.double_distillation_loss(*stacked)
    assert both.shape == (2, 5)
    np.testing.assert_allclose(both, jnp.stack([got, got]), rtol=1e-14, atol=1e-9)


def test_gradients_are_finite_and_right_at_zero_weights():
    # d/df_k = w_k e^f_k / sum - [k = y],  d/dw_k = e^f_k / sum, also where w_k = 0.
    for f, w in CASES:
        with mpmath.workdps(60):
            powers = [mpmath.exp(mpmath.mpf(score)) for score in f]
            total = mpmath.fsum(mpmath.mpf(x) * power for x, power in zip(w, powers, strict=True))
            by_score = [float(x * p / total) for x, p in zip(w, powers, strict=True)]
            by_weight = [float(min(p / total, mpmath.mpf(10) ** 308)) for p in powers]
        got = jax.grad(retrieval.weighted_log_sum_exp, argnums=(0, 1))(jnp.array(f), jnp.array(w))
        np.testing.assert_allclose(got[0], by_score, rtol=1e-13, atol=1e-300)
        # A derivative beyond the range of floats is cut there.
        huge = np.array(by_weight) >= 1e307
        np.testing.assert_allclose(got[1][~huge], np.array(by_weight)[~huge], rtol=1e-13)
        assert (np.asarray(got[1])[huge] > 1e300).all()
        assert np.isfinite(got[1]).all()


def test_the_curvature_is_a_covariance():
    # The Hessian in the scores is diag(s) - s s^T with s = w e^f / sum, whatever the label.
    scores, weights = jnp.array([1.0, -2.0, 0.5]), jnp.array([0.3, 2.0, 0.0])
    share = np.asarray(weights * np.exp(scores))
    share = share / share.sum()
    for label in range(3):
        curvature = jax.hessian(
            lambda f, y=label: retrieval.generalised_softmax_cross_entropy(f, weights)[y]
        )(scores)
        np.testing.assert_allclose(curvature, np.diag(share) - np.outer(share, share), atol=1e-15)


def test_no_weight_at_all():
    assert retrieval.weighted_log_sum_exp(jnp.array([3.0, 4.0]), jnp.zeros(2)) == -jnp.inf


@pytest.mark.float32
def test_in_float32():
    # 2e-38 e^88 + 1 = 2e-38 * 1.65e38 + 1: neither term may be lost.
    scores, weights = jnp.array([88.0, 0.0]), jnp.array([2e-38, 1.0])
    assert scores.dtype == np.float32
    got = retrieval.weighted_log_sum_exp(scores, weights)
    np.testing.assert_allclose(got, np.log(2e-38 * np.exp(88.0) + 1), rtol=1e-6)
    slope = jax.grad(retrieval.weighted_log_sum_exp, argnums=1)(
        jnp.array([300.0, 0.0]), jnp.array([0.0, 1.0])
    )
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("inverse_temperature", [0.01, 1.0, 10.0, 1000.0])
def test_the_margin_loss_is_accurate_where_it_is_tiny(inverse_temperature):
    scores = [1.5, -0.25, 0.75, 0.0]
    with mpmath.workdps(700):
        gamma = mpmath.mpf(inverse_temperature)
        sums = [mpmath.fsum(mpmath.exp(gamma * (f - g)) for f in scores) for g in scores]
        expected = [float(mpmath.log(total) / gamma) for total in sums]
    got = retrieval.margin_loss(jnp.array(scores), inverse_temperature)
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-307)


def test_negative_weights():
    scores = jnp.array([-3.0, 0.0, 2.0, 400.0])
    with mpmath.workdps(400):
        # 1 - sigma(a s) = 1/(1 + e^(a s))
        expected = [float(1 / (1 + mpmath.exp(mpmath.mpf(1.5) * float(s)))) for s in scores]
    np.testing.assert_allclose(retrieval.negative_weights(scores, 1.5), expected, rtol=1e-13)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_precision_over_every_order_of_the_ties(k):
    """A label is retrieved iff it is among the first k in every order that the scores allow."""
    table = np.array([[0, 0, 0, 0], [3, 2, 2, 1], [2, 2, 1, 1], [4, 3, 2, 1], [1, 1, 1, 2]])
    subsets = np.array(list(itertools.product([False, True], repeat=4)))
    for scores in table:
        orders = [
            order
            for order in itertools.permutations(range(4))
            if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order))
        ]
        always = set.intersection(*(set(order[:k]) for order in orders))
        expected = [sum(subset[y] for y in always) / k for subset in subsets]
        rows = jnp.broadcast_to(jnp.asarray(scores, dtype=float), subsets.shape)
        got = retrieval.precision_at_k(rows, jnp.asarray(subsets), k=k)
        np.testing.assert_allclose(got, expected, rtol=1e-15)
