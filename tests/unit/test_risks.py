"""Risks and their variances, against the enumeration of whole samples in fractions."""

import itertools
from fractions import Fraction as F

import jax.numpy as jnp
import numpy as np
import pytest
from enumeration import (
    WORLDS,
    bayes_outcomes,
    dot,
    floats,
    fresh_outcomes,
    moment_of_mean,
    onehot_outcomes,
    risk,
)
from hypothesis import given
from hypothesis import strategies as st

from kdtheory import strategies
from kdtheory.risks import (
    bayes_variance,
    distilled_mse_fixed,
    distilled_mse_fresh,
    distilled_mse_shared,
    joint_variance,
    label_variance,
    onehot_variance,
    population_risk,
    sharp_constant,
    sharp_constant_vertex,
    teacher_bias,
    teacher_variances,
)

pytestmark = pytest.mark.usefixtures("strict")


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
        # A shared teacher is drawn first, then the whole sample; a fixed one is the first table.
        sum(
            weight * moment_of_mean(bayes_outcomes(pi, table, loss), num_samples, centre)
            for weight, table in zip(law, tables, strict=True)
        ),
        moment_of_mean(bayes_outcomes(pi, tables[0], loss), num_samples, centre),
    ]
    got = [
        onehot_variance(*arrays, n),
        bayes_variance(*arrays, n),
        distilled_mse_fresh(*arrays, *teacher, n),
        distilled_mse_shared(*arrays, *teacher, n),
        distilled_mse_fixed(*arrays, teacher[1][0], n),
    ]
    assert float(population_risk(*arrays)) == pytest.approx(float(centre), rel=1e-14)
    np.testing.assert_allclose(got, [float(value) for value in expected], rtol=1e-13)


@pytest.mark.parametrize("world", WORLDS)
def test_moments_of_a_teacher(world):
    pi, p, loss, law, tables = WORLDS[world]
    centre = risk(pi, p, loss)
    risks = [risk(pi, table, loss) for table in tables]
    variances = [
        moment_of_mean(bayes_outcomes(pi, table, loss), 1, mean)
        for table, mean in zip(tables, risks, strict=True)
    ]
    joint = moment_of_mean(fresh_outcomes(pi, loss, law, tables), 1, dot(law, risks))
    pi, p, loss, law, tables = map(floats, (pi, p, loss, law, tables))
    got = [*teacher_bias(pi, p, loss, tables), *teacher_variances(pi, loss, tables)]
    expected = [float(value) for value in [*(r - centre for r in risks), *variances, joint]]
    got.append(joint_variance(pi, loss, law, tables))
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-16)


@pytest.mark.float32
def test_a_large_common_loss_is_not_rounded_into_the_bias():
    one, certain, coin = jnp.ones(1), jnp.array([[1.0, 0.0]]), jnp.array([[[0.7, 0.3]]])
    # 0.7 (10^6 - 10^6) + 0.3 (10^6 + 1 - 10^6) = 0.3; p.l itself is rounded to 1/16 in float32.
    bias = teacher_bias(one, certain, jnp.array([[1e6, 1e6 + 1]]), coin)
    assert float(bias[0]) == pytest.approx(0.3, rel=1e-6)


def test_the_loss_of_an_impossible_label_is_not_rounded_into_the_bias():
    # The first label never occurs and no teacher gives it: its loss 1/2 must not meet the
    # sum of the differences, which rounding does not leave at 0.
    truth, table = jnp.array([[0.0, 0.3, 0.7]]), jnp.array([[[0.0, 0.1 + 0.2, 0.6 + 0.1]]])
    bias = teacher_bias(jnp.ones(1), truth, jnp.array([[0.5, 0.0, 0.0]]), table)
    assert float(jnp.sum(table[0] - truth)) != 0
    assert bias.tolist() == [0.0]


@pytest.mark.parametrize("labels", range(1, 7))
def test_the_sharp_constant_is_the_largest_squared_norm_of_centred_losses(labels):
    # sup ((p-q).l)^2 / |p-q|^2 = |l - mean|^2: p - q may point along l - mean, which sums to zero.
    # It is convex in l, so that its maximum over the cube is at a vertex.
    norms = []
    for losses in itertools.product([F(0), F(1)], repeat=labels):
        mean = sum(losses) / labels
        norms.append(sum((x - mean) ** 2 for x in losses))
    assert F(sharp_constant(labels)).limit_denominator(100) == max(norms)


@pytest.mark.parametrize("labels", [2, 3, 4])
def test_the_constant_at_a_vertex_over_a_grid(labels):
    # Rows q with denominator 6 (and 3, 2, 1), p the first vertex, losses 0 or 1.
    ratios = []
    for counts in itertools.product(range(7), repeat=labels):
        if sum(counts) == 6 and counts[0] < 6:
            difference = [F(int(k == 0)) - F(n, 6) for k, n in enumerate(counts)]
            square = sum(x * x for x in difference)
            for losses in itertools.product([0, 1], repeat=labels):
                ratios.append(dot(difference, losses) ** 2 / square)
    assert F(sharp_constant_vertex(labels)).limit_denominator(100) == max(ratios)


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
