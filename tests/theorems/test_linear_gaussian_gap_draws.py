"""The draws of generalisation gaps: teachers and students have the covariances that they should."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._random import random_key
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import draws_gaps
from kdtheory.tools._compile import precision

DRAWS = 20_000
OWN = np.array([[2.0, 0.9], [0.9, 0.5]])


def design(inputs, own=None):
    return LinearGaussianDesign(
        inputs=jnp.asarray(inputs),
        true_weights=jnp.asarray([[1.0, -0.5]]),
        prior_precision=jnp.asarray(0.5),
        inverse_temperature=jnp.asarray(1.5),
        noise_std=jnp.asarray(0.8),
        student_covariance=own if own is None else jnp.asarray(own),
    )


def within(rows, covariance):
    """Second moments of Gaussian rows of mean zero: within five standard errors, entry by entry."""
    found = rows.T @ rows / len(rows)
    variances = np.diagonal(covariance)
    errors = np.sqrt((np.outer(variances, variances) + covariance**2) / len(rows))
    assert (np.abs(found - covariance) < 5 * errors).all()


def test_the_teacher_has_the_posterior_covariance():
    inputs = np.array([[1.0, 0.2, 0.0], [0.5, 0.7, 0.1]])
    # (lambda I + beta X X^T / nu^2)^-1, from the definition
    covariance = np.linalg.inv(0.5 * np.eye(2) + 1.5 / 0.8**2 * inputs @ inputs.T)
    with precision("float64"):
        given, _, own, factor = draws_gaps._prepared(design(inputs))
        keys = jax.random.split(random_key(0), DRAWS)
        draw = jax.jit(jax.vmap(lambda key: draws_gaps._teacher(key, given, own, factor)))
        labels, weights = map(np.asarray, draw(keys))
    np.testing.assert_allclose(own, covariance, rtol=1e-12)
    means = 1.5 / 0.8**2 * labels @ inputs.T @ covariance
    within((weights - means)[:, 0], covariance)


@pytest.mark.parametrize("own", [None, OWN])
@pytest.mark.parametrize(("i", "j"), [(0, 0), (0, 1), (1, 1)])
def test_the_student_has_its_own_covariance_or_the_teachers(monkeypatch, own, i, j):
    """Without inputs the teacher is the prior, 1 / lambda, and hands nothing on."""
    product = lambda given, moment, labels, weights: weights[0, i] * weights[0, j]  # noqa: E731
    monkeypatch.setattr(draws_gaps, "_gap", product)
    draw = draws_gaps.student_gap_draw("full", "minnorm")
    with precision("float64"):
        prepared = draw.prepare(design(np.zeros((2, 3)), own))
        keys = jax.random.split(random_key(1), DRAWS)
        found = np.asarray(jax.jit(jax.vmap(lambda key: draw.sample(key, *prepared)))(keys))
    expected = (np.eye(2) / 0.5 if own is None else OWN)[i, j]
    assert abs(found.mean() - expected) < 5 * found.std() / np.sqrt(DRAWS)


def test_the_mgf_is_drawn_at_half_the_argument():
    with precision("float64"):
        given = design([[1.0, 0.2, 0.0], [0.5, 0.7, 0.1]])
        key = random_key(2)
        gap = draws_gaps.TEACHER_GAP.sample(key, *draws_gaps.TEACHER_GAP.prepare(given))
        prepared = draws_gaps.MGF_AT_HALF.prepare(given, jnp.asarray(0.3))
        value = draws_gaps.MGF_AT_HALF.sample(key, *prepared)
    assert float(value) == pytest.approx(np.exp(0.15 * float(gap)), rel=1e-13)
