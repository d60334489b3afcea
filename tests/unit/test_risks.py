"""Risks and their variances, against the enumeration of whole samples in fractions."""

import itertools
from fractions import Fraction as F

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdtheory import strategies
from kdtheory.risks import (
    bayes_variance,
    distilled_mse_fresh,
    label_variance,
    onehot_variance,
    population_risk,
)

pytestmark = pytest.mark.usefixtures("strict")

# Two worlds, in fractions: a generic one, and one with a null input, a point mass and equal losses.
WORLDS = {
    "generic": (
        [F(1, 2), F(1, 3), F(1, 6)],
        [[F(1, 4), F(3, 4)], [F(2, 3), F(1, 3)], [F(1, 5), F(4, 5)]],
        [[F(0), F(1)], [F(1, 2), F(-2)], [F(3), F(1, 7)]],
        [F(1, 3), F(2, 3)],
        [
            [[F(1, 2), F(1, 2)], [F(1), F(0)], [F(1, 3), F(2, 3)]],
            [[F(1, 8), F(7, 8)], [F(1, 2), F(1, 2)], [F(0), F(1)]],
        ],
    ),
    "degenerate": (
        [F(1, 4), F(3, 4), F(0)],
        [[F(1), F(0)], [F(1, 2), F(1, 2)], [F(1, 2), F(1, 2)]],
        [[F(2), F(5)], [F(3), F(3)], [F(0), F(9)]],
        [F(1)],
        [[[F(0), F(1)], [F(1, 2), F(1, 2)], [F(1), F(0)]]],
    ),
}


def floats(value):
    return jnp.asarray(np.array(value, dtype=object).astype(float))


def dot(weights, values):
    return sum(w * v for w, v in zip(weights, values, strict=True))


def risk(pi, p, loss):
    return sum(pi[i] * dot(p[i], loss[i]) for i in range(len(pi)))


def moment_of_mean(outcomes, num_samples, centre):
    """E (mean of N independent outcomes - centre)^2, over every sample; outcomes: (prob, value)."""
    total = F(0)
    for sample in itertools.product(outcomes, repeat=num_samples):
        probability = F(1)
        for weight, _ in sample:
            probability *= weight
        total += probability * (sum(value for _, value in sample) / num_samples - centre) ** 2
    return total


def onehot_outcomes(pi, p, loss):
    indices = itertools.product(range(len(pi)), range(len(p[0])))
    return [(pi[i] * p[i][k], loss[i][k]) for i, k in indices]


def bayes_outcomes(pi, p, loss):
    return [(pi[i], dot(p[i], loss[i])) for i in range(len(pi))]


def fresh_outcomes(pi, loss, law, tables):
    pairs = itertools.product(range(len(pi)), range(len(law)))
    return [(pi[i] * law[t], dot(tables[t][i], loss[i])) for i, t in pairs]


@pytest.mark.parametrize("num_samples", [1, 2, 3])
@pytest.mark.parametrize("world", WORLDS)
def test_variances_and_errors_over_whole_samples(world, num_samples):
    pi, p, loss, law, tables = WORLDS[world]
    arrays = [floats(value) for value in (pi, p, loss)]
    teacher = [floats(value) for value in (law, tables)]
    n, centre = jnp.asarray(float(num_samples)), risk(pi, p, loss)
    expected = [
        moment_of_mean(onehot_outcomes(pi, p, loss), num_samples, centre),
        moment_of_mean(bayes_outcomes(pi, p, loss), num_samples, centre),
        moment_of_mean(fresh_outcomes(pi, loss, law, tables), num_samples, centre),
    ]
    got = [
        onehot_variance(*arrays, n),
        bayes_variance(*arrays, n),
        distilled_mse_fresh(*arrays, *teacher, n),
    ]
    assert float(population_risk(*arrays)) == pytest.approx(float(centre), rel=1e-14)
    np.testing.assert_allclose(got, [float(value) for value in expected], rtol=1e-13)


@pytest.mark.parametrize("world", WORLDS)
def test_label_variance(world):
    _, p, loss, _, _ = WORLDS[world]
    # E l^2 - (E l)^2, exact in fractions
    expected = [dot(q, [x * x for x in r]) - dot(q, r) ** 2 for q, r in zip(p, loss, strict=True)]
    got = label_variance(floats(p), floats(loss))
    np.testing.assert_allclose(got, np.array(expected, float), rtol=1e-14, atol=0)


@pytest.mark.float32
def test_large_losses_with_a_small_spread_in_float32():
    one, half = jnp.ones(1), jnp.full((1, 2), 0.5)
    losses = jnp.array([[1e4, 1e4 + 1]])
    assert losses.dtype == np.float32
    # A fair coin between two values one apart: 1/4. E l^2 - (E l)^2 is 0 in float32.
    assert float(onehot_variance(one, half, losses)) == 0.25
    assert label_variance(half, losses).tolist() == [0.25]
    second, mean = jnp.sum(half * losses**2), jnp.sum(half * losses)
    assert float(second - mean**2) != 0.25


def test_an_infinite_loss_without_mass_counts_for_nothing():
    pi, p = jnp.array([0.5, 0.5]), jnp.array([[1.0, 0.0], [0.5, 0.5]])
    losses = jnp.array([[0.25, np.inf], [0.0, 1.0]])
    # Losses 1/4 (mass 1/2), 0 and 1 (1/4 each): mean 3/8, E l^2 = 1/32 + 1/4, variance 9/64;
    # conditional risks 1/4 and 1/2: variance (1/8)^2.
    assert float(population_risk(pi, p, losses)) == 0.375
    assert float(onehot_variance(pi, p, losses)) == 9 / 64
    assert float(bayes_variance(pi, p, losses)) == 1 / 64
    assert label_variance(p, losses).tolist() == [0.0, 0.25]


@given(strategies.problems(max_inputs=3, max_labels=3, max_teachers=1))
def test_the_plain_formulas_on_any_world(problem):
    """E l^2 - (E l)^2 in fractions of the very floats, with the weights as they are rounded."""
    pi, p, loss = (
        np.vectorize(lambda x: F(float(x)), otypes=[object])(np.asarray(array))
        for array in (problem.input_weights, problem.label_probs, problem.losses)
    )
    joint = pi[:, None] * p / (pi[:, None] * p).sum()
    conditional = (joint * loss).sum(axis=1)
    weights = joint.sum(axis=1)
    mean = conditional.sum()
    onehot = (joint * loss**2).sum() - mean**2
    bayes = sum(c * c / w for c, w in zip(conditional, weights, strict=True) if w) - mean**2
    arrays = problem.input_weights, problem.label_probs, problem.losses
    assert float(onehot_variance(*arrays)) == pytest.approx(float(onehot), rel=1e-12, abs=1e-15)
    assert float(bayes_variance(*arrays)) == pytest.approx(float(bayes), rel=1e-12, abs=1e-15)


@given(strategies.problems(max_inputs=2, max_labels=2, max_teachers=2), st.integers(1, 6))
def test_the_error_of_a_fresh_teacher_goes_down_to_its_squared_bias(problem, log_samples):
    arrays = (
        problem.input_weights,
        problem.label_probs,
        problem.losses,
        problem.teacher_weights,
        problem.teacher_probs,
    )
    # variance/N + bias^2 at N and 3N: 3 error(3N) - error(N) = 2 bias^2, by elimination.
    n = 10.0**log_samples
    small, large = (distilled_mse_fresh(*arrays, jnp.asarray(size)) for size in (n, 3 * n))
    mean = np.tensordot(problem.teacher_weights, problem.teacher_probs, 1)
    bias = np.asarray(problem.input_weights) @ np.einsum(
        "ik,ik->i", mean - np.asarray(problem.label_probs), problem.losses
    )
    assert float(3 * large - small) == pytest.approx(2 * bias**2, rel=1e-12, abs=1e-15)
