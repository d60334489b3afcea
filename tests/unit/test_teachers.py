"""Teachers of a finite world."""

import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.objects.teachers import (
    bayes_teacher,
    onehot_teacher,
    smoothed_teacher,
    tempered_teacher,
)
from kdtheory.risks import bayes_variance, distilled_mse_fresh, onehot_variance

WEIGHTS = np.array([0.25, 0.75])
PROBS = np.array([[0.5, 0.25, 0.25], [0.0, 0.125, 0.875]])
LOSSES = np.array([[0.0, 1.0, 0.5], [1.0, 0.25, 0.0]])


@pytest.fixture
def world():
    """The arrays in the precision of the test: at import, JAX would make them float32."""
    return jnp.asarray(WEIGHTS), jnp.asarray(PROBS), jnp.asarray(LOSSES)


def test_the_bayes_teacher_errs_by_the_variance_of_its_risk(world):
    error = distilled_mse_fresh(*world, *bayes_teacher(world[1]), 3.0)
    np.testing.assert_allclose(error, bayes_variance(*world, 3.0), rtol=1e-14)


def test_the_onehot_teacher_is_a_sample_of_labels(world):
    weights, tables = onehot_teacher(world[1])
    assert weights.shape == (9,)
    # E over the draws is p*, table by table.
    np.testing.assert_allclose(np.einsum("t,til->il", weights, tables), PROBS, atol=1e-16)
    error = distilled_mse_fresh(*world, weights, tables, 3.0)
    np.testing.assert_allclose(error, onehot_variance(*world, 3.0), rtol=1e-14)


def test_too_many_assignments_are_refused():
    with pytest.raises(InputError, match="4 labels for 7 inputs, 16384 assignments; expected at"):
        onehot_teacher(jnp.full((7, 4), 0.25))


def test_smoothing_mixes_with_uniform(world):
    weights, tables = smoothed_teacher(*bayes_teacher(world[1]), 0.4)
    # 0.6 * 1/2 + 0.4 / 3 = 13/30, and 0.6 * 0 + 0.4 / 3 = 4/30.
    np.testing.assert_allclose(tables[0, :, 0], [13 / 30, 4 / 30], rtol=1e-14)
    assert weights.tolist() == [1.0]


def test_temperature_two_takes_square_roots():
    # (9/10, 1/10) at T = 2: 3 : 1, so 3/4 and 1/4.
    _, tables = tempered_teacher(jnp.ones(1), jnp.array([[[0.9, 0.1], [1.0, 0.0]]]), 2.0)
    np.testing.assert_allclose(tables[0], [[0.75, 0.25], [1.0, 0.0]], rtol=1e-14)
    _, cold = tempered_teacher(jnp.ones(1), jnp.array([[[0.6, 0.4]]]), 1e-3)
    np.testing.assert_allclose(cold[0], [[1.0, 0.0]], atol=1e-15)
