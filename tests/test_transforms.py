"""Public functions and sides compose under jit, vmap and grad."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from kdtheory import strategies
from kdtheory.divergences import kl_divergence
from kdtheory.objects.designs import spectrum
from kdtheory.risks import (
    bayes_variance,
    distilled_mse_fresh,
    distilled_mse_shared,
    onehot_variance,
)
from kdtheory.theorems import find
from kdtheory.theorems.linear_gaussian import algorithm_shift
from kdtheory.tools._search import random_points
from kdtheory.tools.evaluate import assess, assess_points


@pytest.fixture
def world():
    """Weights, probabilities and losses in the precision of the test."""
    weights, probs = jnp.array([0.25, 0.75]), jnp.array([[0.4, 0.6], [0.25, 0.75]])
    return weights, probs, jnp.array([[0.1, 1.0], [0.5, 2.0]])


@pytest.mark.parametrize(
    "slug",
    ["variance_reduction/lemma1", "bias_variance/eq9_shared", "linear_gaussian/dataset_shift"],
)
def test_one_instance_alone_is_the_same_as_in_a_batch(slug):
    claim = find(slug)
    size = claim.sizes[0]
    domain = claim.domain(size)
    points = random_points(np.random.default_rng(3), 8, domain.dimension)
    together = assess_points(claim, size, points)
    alone = jax.jit(lambda point: assess(claim, domain.instance(domain.parametrize(point))))
    for index in (0, 5):
        one = alone(points[index])
        for side in ("lhs", "rhs", "slack"):
            np.testing.assert_allclose(one[side], together[side][index], rtol=1e-12, atol=1e-14)


def of_a_teacher(error):
    """The error of one random teacher, as a function of the other arguments."""

    def function(weights, probs, losses, num_samples):
        law = jnp.array([0.25, 0.75])
        tables = jnp.array([[[0.5, 0.5], [0.0, 1.0]], [[0.1, 0.9], [1.0, 0.0]]])
        return error(weights, probs, losses, law, tables, num_samples)

    return function


SQUARES = {
    "onehot_variance": onehot_variance,
    "bayes_variance": bayes_variance,
    "shared": of_a_teacher(distilled_mse_shared),
    "fresh": of_a_teacher(distilled_mse_fresh),
}


@pytest.mark.parametrize("function", SQUARES.values(), ids=SQUARES)
def test_squared_errors_under_jit_vmap_and_grad(function, world):
    weights, probs, losses = world
    plain = function(weights, probs, losses, 2.0)
    np.testing.assert_allclose(jax.jit(function)(weights, probs, losses, 2.0), plain, rtol=1e-14)
    scaled = jax.vmap(lambda c: function(weights, probs, c * losses, 2.0))(jnp.array([1.0, 3.0]))
    # It is homogeneous of degree two in the losses.
    np.testing.assert_allclose(scaled, [plain, 9 * plain], rtol=1e-13)
    # Euler: the gradient along the losses themselves is twice the value.
    slope = jax.grad(lambda given: function(weights, probs, given, 2.0))(losses)
    np.testing.assert_allclose(jnp.sum(slope * losses), 2 * plain, rtol=1e-13)


def test_the_gradient_of_a_divergence_is_the_log_ratio():
    p, q = jnp.array([0.2, 0.3, 0.5]), jnp.array([0.25, 0.25, 0.5])
    # d/dp_k [p_k log(p_k/q_k) - p_k + q_k] = log(p_k/q_k).
    slope = jax.grad(kl_divergence)(p, q)
    np.testing.assert_allclose(slope, np.log([0.8, 1.2, 1.0]), rtol=1e-12, atol=1e-15)


@settings(max_examples=20)
@given(strategies.designs(2, 2, 3))
def test_the_divergence_of_any_design_is_below_its_bound(design):
    summary = spectrum(design)
    exact = algorithm_shift.divergence_exact(summary)
    bound = algorithm_shift.divergence_bound(summary)
    assert 0 <= exact <= bound * (1 + 1e-12)
