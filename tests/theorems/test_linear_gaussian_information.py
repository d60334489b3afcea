"""What the sampled bounds at intermediate rank are made of: the proposal and the replicates.

The proposal is held against automatic differentiation and dense linear algebra, the bounds on the
information against its closed form where the rank is full after all.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._random import random_key
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import truncated_draws, truncated_proposal
from kdtheory.theorems.linear_gaussian.control_variates import controlled_means
from kdtheory.theorems.linear_gaussian.teacher_range import teacher_range

# --- the proposal ------------------------------------------------------------------------------


def posterior(outputs, directions, seed=0):
    rng = np.random.default_rng(seed)
    shape = (outputs, directions)
    centre, noise = 2 * rng.normal(size=shape), rng.normal(size=shape)
    deviation, strength, student = rng.uniform(0.3, 1.5, size=(3, directions))
    return truncated_proposal.Posterior(
        *map(jnp.asarray, (centre, deviation, strength, student, centre + noise))
    )


@pytest.mark.parametrize(("outputs", "directions", "rank"), [(2, 3, 1), (4, 3, 2)])
def test_the_derivative_and_the_solver(outputs, directions, rank, monkeypatch):
    monkeypatch.setattr(truncated_proposal, "BLUNTING", 0.0)
    known = posterior(outputs, directions)
    rng = np.random.default_rng(1)
    point, move = (jnp.asarray(0.3 * rng.normal(size=(outputs, directions))) for _ in range(2))
    linear = truncated_proposal.linearise(known, point, rank)
    flat = lambda array: linear.basis.T @ array  # noqa: E731
    _, change = jax.jvp(lambda z: truncated_proposal.misfit(known, z, rank), (point,), (move,))
    found = linear.basis @ truncated_proposal.forward(linear, flat(move))
    np.testing.assert_allclose(found, -change, rtol=1e-9, atol=1e-11)
    # Dense J, column by column, in the output basis.
    size = outputs * directions
    units = jnp.eye(size).reshape(size, outputs, directions)
    columns = jax.vmap(lambda unit: truncated_proposal.forward(linear, unit).ravel())(units)
    dense = np.eye(size) + np.asarray(columns @ columns.T)
    right = rng.normal(size=(outputs, directions))
    solved = truncated_proposal.solve(linear, jnp.asarray(right))
    np.testing.assert_allclose(np.ravel(solved), np.linalg.solve(dense, right.ravel()), rtol=1e-9)
    np.testing.assert_allclose(linear.log_determinant, np.linalg.slogdet(dense)[1], rtol=1e-11)
    pulled = truncated_proposal.backward(linear, jnp.asarray(right))
    np.testing.assert_allclose(np.ravel(pulled), columns @ right.ravel(), rtol=1e-9, atol=1e-12)


def test_the_mode_is_one():
    known = posterior(3, 4, seed=5)

    def energy(point):
        return jnp.sum(point**2) + jnp.sum(truncated_proposal.misfit(known, point, 1) ** 2)

    start = truncated_proposal.starts(known, 1)[0]
    mode = truncated_proposal.towards_a_mode(known, start, 1)
    assert energy(mode) < energy(start)
    # The steps are of Gauss-Newton with a blunted derivative: near, not at, a stationary point.
    assert jnp.linalg.norm(jax.grad(energy)(mode)) < 0.3 * jnp.linalg.norm(
        jax.grad(energy)(jnp.zeros_like(mode))
    )


# --- the bounds on the information -------------------------------------------------------------


def information(design, rank, scale=1.0, *, num_inner=32, count=512, seed=0):
    teacher = teacher_range(design)
    scales = jnp.full(teacher.truth.shape[1], scale)
    values, controls = truncated_draws.information_draws(
        random_key(seed),
        jnp.asarray(0),
        teacher,
        scales,
        rank=rank,
        num_inner=num_inner,
        count=count,
        batch=32,
    )
    return np.asarray(values), np.asarray(controls)


SETTINGS = {"prior_precision": 0.7, "inverse_temperature": 1.3, "noise_std": 0.8}


@pytest.mark.thorough
def test_at_full_rank_the_bounds_close_on_the_closed_form():
    outputs, directions = 3, 2
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(directions, 4))
    design = LinearGaussianDesign.create(inputs, rng.normal(size=(outputs, directions)), **SETTINGS)
    c = teacher_range(design).terms.residual_variance
    # The student then sees all of W_T on the range of X: k/2 sum log(1 + c/e).
    expected = 0.5 * outputs * float(jnp.sum(jnp.log1p(c / 0.5)))
    gaps = []
    for num_inner in (2, 8, 64):
        values, controls = information(design, directions, 0.5, num_inner=num_inner)
        below, above = controlled_means(values, controls)
        assert below.mean <= expected + 4 * below.standard_error
        assert above.mean >= expected - 4 * above.standard_error
        gaps.append(above.mean - below.mean)
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.02


def test_a_student_drowned_in_noise_knows_nothing():
    # Its density is the same whatever the teacher: every weight is one, and so are their means.
    rng = np.random.default_rng(2)
    design = LinearGaussianDesign.create(
        rng.normal(size=(3, 4)), rng.normal(size=(3, 3)), **SETTINGS
    )
    values, _ = information(design, 2, 1e8, num_inner=3, count=32)
    np.testing.assert_allclose(values, 0, atol=5e-3)


@pytest.mark.thorough
def test_controls_have_mean_zero_and_help():
    rng = np.random.default_rng(7)
    design = LinearGaussianDesign.create(
        rng.normal(size=(3, 8)), 3 * rng.normal(size=(2, 3)), **SETTINGS
    )
    values, controls = information(design, 1, num_inner=16, count=2048)
    for centred in controls.T:
        assert abs(centred.mean()) < 4 * centred.std() / math.sqrt(len(centred))
    for estimate, plain in zip(controlled_means(values, controls), values.T, strict=True):
        assert estimate.standard_error**2 * len(plain) < plain.var() / 4
