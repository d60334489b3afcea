"""Losses: from their definitions, in mpmath, fractions and plain loops."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdtheory import strategies
from kdtheory.domains import reals, simplex
from kdtheory.losses import brier, loss_range, softmax_cross_entropy, top_k_error

pytestmark = pytest.mark.usefixtures("strict")

SCORES = st.one_of(*(strategies.instances(reals(n)) for n in (1, 2, 4)))


@given(SCORES)
def test_softmax_cross_entropy(parts):
    scores = [float(score) for score in parts[0]]
    # Scores up to 1e9: the exponentials are beyond floats, not beyond mpmath.
    with mpmath.workdps(40):
        total = mpmath.fsum(mpmath.exp(mpmath.mpf(score) - max(scores)) for score in scores)
        expected = [float(max(scores) - mpmath.mpf(s) + mpmath.log(total)) for s in scores]
    np.testing.assert_allclose(softmax_cross_entropy(parts[0]), expected, rtol=1e-14, atol=1e-15)


def test_softmax_cross_entropy_of_huge_scores():
    # The largest score takes all the mass: its loss is 0, and the others' the distance to it.
    assert softmax_cross_entropy(jnp.array([1e300, 0.0, -1e300])).tolist() == [0.0, 1e300, 2e300]
    assert softmax_cross_entropy(jnp.array([-1e300, -1e300]))[0] == pytest.approx(np.log(2))


@pytest.mark.float32
def test_softmax_cross_entropy_of_huge_scores_in_float32():
    got = softmax_cross_entropy(jnp.array([1e30, 0.0], dtype=jnp.float32))
    assert got.dtype == np.float32
    assert got.tolist() == [0.0, float(np.float32(1e30))]


@given(st.one_of(*(strategies.instances(simplex(n)) for n in (1, 2, 4))))
def test_brier(parts):
    q = [Fraction(float(value)) for value in parts[0]]
    # ||e_y - q||^2 = (1 - q_y)^2 + sum of the other squares
    expected = [
        (1 - q[y]) ** 2 + sum(x * x for k, x in enumerate(q) if k != y) for y in range(len(q))
    ]
    np.testing.assert_allclose(brier(parts[0]), np.array(expected, float), rtol=1e-14, atol=1e-300)


def top_k_by_sorting(scores, k):
    """The worst rank that an order of the labels can give y: all tied labels come before it."""
    return [float(sorted(scores, reverse=True).index(s) + scores.count(s) > k) for s in scores]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@given(parts=SCORES)
def test_top_k_error(k, parts):
    scores = parts[0].tolist()
    assert top_k_error(parts[0], k=k).tolist() == top_k_by_sorting(scores, k)


@pytest.mark.parametrize(
    ("scores", "k", "expected"),
    [
        ([3.0, 1.0, 2.0], 1, [0, 1, 1]),
        ([3.0, 3.0, 2.0], 1, [1, 1, 1]),  # a tie at the cut: neither is retrieved for sure
        ([3.0, 3.0, 2.0], 2, [0, 0, 1]),  # the same tie above the cut
        ([1.0, 1.0, 1.0], 2, [1, 1, 1]),
        ([1.0, 1.0, 1.0], 3, [0, 0, 0]),
        ([-1e300, 1e300], 1, [1, 0]),
    ],
)
def test_top_k_error_with_ties(scores, k, expected):
    assert top_k_error(jnp.array(scores), k=k).tolist() == expected


def test_losses_of_batches_and_their_range():
    scores = jnp.array([[[3.0, 1.0], [0.0, 0.0]], [[1.0, 2.0], [5.0, 4.0]]])
    assert top_k_error(scores).tolist() == [[[0, 1], [1, 1]], [[1, 0], [0, 1]]]
    assert loss_range(scores).tolist() == [3.0, 4.0]  # 3 - 0 and 5 - 1
    assert softmax_cross_entropy(scores).shape == brier(scores).shape == (2, 2, 2)


def test_a_score_is_not_compared_with_a_second_rounding_of_itself():
    # Products with one summand are cheap: compiled into one program with what compares them, they
    # may be computed wherever they are needed, with and without a fused multiply-add.
    rng = np.random.default_rng(0)
    shapes = ((1, 8, 1), (1, 1, 30), (1, 30))
    model = [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in shapes]
    inputs = jnp.asarray(rng.normal(size=(500, 8)), jnp.float32)

    def scores(layers):
        return inputs @ layers[0] @ layers[1] + layers[2][None, :]

    together = jax.jit(lambda m: jax.lax.map(lambda one: top_k_error(scores(one), k=1), m))(model)
    apart = top_k_error(jax.jit(lambda m: jax.lax.map(scores, m))(model), k=1)
    assert together.tolist() == apart.tolist()
    assert float(together.sum()) == 500 * 29  # without ties, each row has one best label
