"""Sharpness of a user's loss: ball averages, Hessians and intervals, against other routes."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from kdtheory import flatness
from kdtheory._random import random_key
from kdtheory.flatness import averages, curvature

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("flatness")

RADII = np.array([0.2, 0.5, 1.0])


def squares(parameters, example):
    """A quadratic function of five parameters in two arrays."""
    matrix, vector = example
    point = jnp.concatenate([parameters["first"], parameters["rest"].reshape(-1)])
    return 0.5 * point @ matrix @ point + vector @ point + 3.0


@functools.lru_cache
def quadratic():
    rng = np.random.default_rng(1)
    half = rng.normal(size=(7, 5, 5))
    matrices = half + half.swapaxes(1, 2) + 2.0 * np.eye(5)
    data = matrices, rng.normal(size=(7, 5))
    return {"first": rng.normal(size=2), "rest": rng.normal(size=(3, 1))}, data


def pairs_of(loss, parameters, data, radii, num_draws, seed=0):
    parameters, data = (jax.tree.map(jnp.asarray, one) for one in (parameters, data))
    losses = averages.losses_of(loss, parameters, data, batch_size=3)
    key, radii = random_key(seed), jnp.asarray(radii)
    return averages.rises(
        loss, parameters, data, losses, radii, key, num_draws=num_draws, batch_size=3
    )


# --- ball averages ------------------------------------------------------------------------------


DRAWS = 6000


@functools.lru_cache
def quadratic_pairs():
    parameters, data = quadratic()
    return np.asarray(pairs_of(squares, parameters, data, RADII, DRAWS).pairs)


def exact_quadratic(radius):
    """E U U^T = rho^2/(p + 2) I, so that E U^T H U/2 = rho^2 tr H/(2 (p + 2)), p = 5."""
    return radius**2 * np.trace(quadratic()[1][0].mean(axis=0)) / 14.0


def test_quadratic_losses_rise_by_the_trace_of_their_hessian():
    pairs = quadratic_pairs()
    error = pairs.mean(axis=0) - [exact_quadratic(radius) for radius in RADII]
    assert (np.abs(error) < 4.0 * pairs.std(axis=0) / np.sqrt(len(pairs))).all()


def test_all_radii_share_their_directions_and_no_gradient_is_left():
    # The same direction and no odd term: a pair of a quadratic function is its square alone.
    scaled = quadratic_pairs() / RADII**2
    np.testing.assert_allclose(scaled[:, 1:], scaled[:, :1] * np.ones((1, 2)), rtol=1e-9, atol=1e-9)
    # Not even if the gradient is a million times the curvature.
    parameters, (matrices, vectors) = quadratic()
    steep = pairs_of(squares, parameters, (matrices, 1e6 * vectors), RADII, DRAWS).pairs
    flat = pairs_of(squares, parameters, (matrices, vectors), RADII, DRAWS).pairs
    np.testing.assert_allclose(steep, flat, rtol=1e-6, atol=1e-7)


def test_cosine_losses_rise_as_the_bessel_form_says():
    rng = np.random.default_rng(2)
    directions, phases = 2.0 * rng.normal(size=(5, 3)), rng.uniform(0, 6, 5)
    point = rng.normal(size=3)

    def loss(parameters, example):
        return 0.5 * (1.0 - jnp.cos(example[0] @ parameters - example[1]))

    found = pairs_of(loss, point, (directions, phases), RADII, 20_000)
    pairs = np.asarray(found.pairs)
    # E cos(a U + c) = 0F1(; p/2 + 1; -(rho |a|)^2/4) cos c with p = 3.
    argument = -((RADII[:, None] * np.linalg.norm(directions, axis=1)) ** 2) / 4.0
    kept = special.hyp0f1(2.5, argument)
    expected = 0.5 * (1.0 - kept) @ np.cos(directions @ point - phases) / 5.0
    error = pairs.mean(axis=0) - expected
    assert (np.abs(error) < 4.0 * pairs.std(axis=0) / np.sqrt(len(pairs))).all()
    assert (np.abs(expected) > 20.0 * pairs.std(axis=0) / np.sqrt(len(pairs))).all()
    here = 0.5 * (1.0 - np.cos(directions @ point - phases))
    assert (found.lowest < here.min()).all()
    assert (found.highest > here.max()).all()
    assert (found.highest <= 1.0).all()


# --- the Hessian --------------------------------------------------------------------------------


def network(parameters, example):
    inputs, label = example
    hidden = jnp.tanh(inputs @ parameters["weights"] + parameters["shift"])
    return jax.nn.softplus(-label * (hidden @ parameters["top"]))


@functools.lru_cache
def small_network():
    rng = np.random.default_rng(3)
    parameters = {
        "weights": rng.normal(size=(3, 4)),
        "shift": rng.normal(size=4),
        "top": 2.0 * rng.normal(size=4),
    }
    return parameters, (rng.normal(size=(10, 3)), np.sign(rng.normal(size=10)))


@functools.lru_cache
def dense():
    """Gradients and Hessians of all examples in one piece, at any point."""
    parameters, data = small_network()
    flat, unravel = jax.flatten_util.ravel_pytree(jax.tree.map(jnp.asarray, parameters))
    data = jax.tree.map(jnp.asarray, data)

    def at(point):
        each = jax.vmap(lambda p, e: network(unravel(p), e), (None, 0))
        return jax.jacrev(each)(point, data), jax.hessian(each)(point, data)

    return np.asarray(flat), jax.jit(at)


CONSTANTS = {
    "loss_range": (0.0, 20.0),
    "divergence": 0.1,
    "stability": 0.5,
    "lipschitz": 30.0,
    "gradient_bound": 8.0,
    "smoothness": 60.0,
    "hessian_bound": 15.0,
}


@functools.lru_cache
def report(num_draws):
    parameters, data = small_network()
    heldout = data[0] + 0.1, data[1]
    return flatness.sharpness(
        network,
        parameters,
        data,
        radius=[0.5, 0.1],
        heldout=heldout,
        num_draws=num_draws,
        batch_size=4,
        **CONSTANTS,
    )


@pytest.mark.parametrize("num_draws", [24, 8])
def test_the_hessian_is_that_of_dense_algebra(num_draws):
    # 20 parameters: formed with 24 draws; Hutchinson's and Lanczos's with 8.
    found = report(num_draws)
    flat, at = dense()
    gradients, hessians = (np.asarray(part) for part in at(flat))
    values = np.linalg.eigvalsh(hessians.mean(axis=0))
    assert found.exact_hessian == (num_draws == 24)
    assert found.largest_eigenvalue.value == pytest.approx(values[-1], rel=1e-9)
    assert found.smallest_eigenvalue.value == pytest.approx(values[0], rel=1e-7)
    assert found.largest_eigenvalue.residual < 1e-6 * values[-1]
    if found.exact_hessian:
        assert found.trace.value == pytest.approx(values.sum(), rel=1e-12)
        assert found.trace.low == found.trace.high == found.trace.value
    else:
        # Seven degrees of freedom: outside of this with a chance of 1e-4.
        width = found.trace.spread / np.sqrt(8) * stats.t.ppf(1 - 5e-5, 7)
        assert abs(found.trace.value - values.sum()) < width
    assert found.gradient == pytest.approx(np.linalg.norm(gradients.mean(axis=0)), rel=1e-12)
    longest = np.linalg.norm(gradients, axis=1).max()
    assert found.largest_gradient == pytest.approx(longest, rel=1e-12)
    bend = np.abs(np.linalg.eigvalsh(hessians)).max()
    assert 0.99 * bend < found.smoothness_at_least <= bend * (1 + 1e-12)
    for row in found.radii:
        expected = row.radius**2 * found.trace.value / (2 * 22)
        assert row.quadratic.value == pytest.approx(expected, rel=1e-12)


def test_probes_have_the_mean_and_the_variance_of_the_hessian():
    parameters, data = (jax.tree.map(jnp.asarray, one) for one in small_network())
    probes = np.asarray(
        curvature.trace_probes(
            network, parameters, data, random_key(5), num_probes=4000, batch_size=4
        )
    )
    flat, at = dense()
    hessian = np.asarray(at(flat)[1]).mean(axis=0)
    # z H z - tr H = sum over pairs i != j: its variance is 2 sum_{i != j} H_ij^2.
    variance = 2.0 * ((hessian**2).sum() - (np.diag(hessian) ** 2).sum())
    assert abs(probes.mean() - np.trace(hessian)) < 4.0 * np.sqrt(variance / len(probes))
    assert probes.var() == pytest.approx(variance, rel=0.15)


def test_what_is_found_in_a_ball_is_there():
    found = report(24)
    flat, at = dense()
    small, large = found.radii
    assert (small.radius, large.radius) == (0.1, 0.5)
    for name in ("hessian_at_least", "gradient_at_least", "smoothness_at_least"):
        assert getattr(small, name) <= getattr(large, name)
    # The two points that are always looked at, by dense algebra.
    values, vectors = np.linalg.eigh(np.asarray(at(flat)[1]).mean(axis=0))
    vector = vectors[:, np.abs(values).argmax()]
    around = np.abs(values).max()
    steepest = changed = 0.0
    for row in found.radii:
        for side in (row.radius, -row.radius):
            gradients, hessians = (np.asarray(part) for part in at(flat + side * vector))
            bend = np.abs(np.linalg.eigvalsh(hessians.mean(axis=0))).max()
            around = max(around, bend)
            steepest = max(steepest, np.linalg.norm(gradients, axis=1).max())
            secants = np.linalg.norm(gradients - np.asarray(at(flat)[0]), axis=1) / row.radius
            changed = max(changed, secants.max())
        assert row.hessian_at_least > 0.98 * around
        assert row.gradient_at_least >= steepest * (1 - 1e-12)
        assert row.smoothness_at_least >= changed * (1 - 1e-12)
    # A lower estimate of a supremum: of a quadratic function it is the same everywhere.
    parameters, data = (jax.tree.map(jnp.asarray, one) for one in quadratic())
    values, vectors = np.linalg.eigh(data[0].mean(axis=0))
    start = jnp.asarray(vectors[:, np.abs(values).argmax()])
    found = curvature.largest_in_balls(
        squares, parameters, data, jnp.asarray(RADII), start, random_key(0), batch_size=3
    )
    norm, norms = np.abs(values).max(), np.abs(np.linalg.eigvalsh(data[0])).max()
    assert (found.curvature <= norm * (1 + 1e-12)).all()
    assert (found.curvature > 0.95 * norm).all()
    assert (found.secant <= norms * (1 + 1e-12)).all()
    # The secant along the top eigenvector of the mean is one of those that are looked at.
    assert (found.secant >= np.linalg.norm(data[0] @ start, axis=1).max() * (1 - 1e-9)).all()


def test_lanczos_meets_matrices_of_all_kinds():
    size = 40
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
    for values in (
        np.zeros(size),
        np.ones(size),
        np.r_[5.0, np.zeros(size - 1)],
        -np.arange(size) / size,
        np.r_[3.0, np.full(size - 2, 1e-9), -1e-3],
    ):
        matrix = (turn * values) @ turn.T
        top, bottom, vector = curvature.extreme_eigenvalues(matrix.__matmul__, size, 0)
        scale = np.abs(values).max()
        assert top.value == pytest.approx(values.max(), abs=1e-6 * scale)
        assert bottom.value == pytest.approx(values.min(), abs=1e-6 * scale)
        # Whatever was found, an eigenvalue is within the residual of it.
        for end in (top, bottom):
            assert np.abs(values - end.value).min() <= end.residual + 1e-12 * scale
        assert abs(vector @ matrix @ vector) == pytest.approx(scale, abs=1e-6 * scale)
