"""Softmax descent within a ball, and how loose the bounds on mean excess risks are."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

from kdtheory.objects.descent import enumerated_paths, squared_distances
from kdtheory.objects.objectives import (
    SoftmaxObjective,
    curvature_on_ball,
    strong_convexity_on_ball,
)
from kdtheory.theorems import find
from kdtheory.theorems.sgd_convergence import bounds, worlds

pytestmark = pytest.mark.usefixtures("strict")

FEATURES = np.array([[1.0, 0.0], [0.0, 0.5], [-0.7, 0.0]])
TRUTH = np.array([[0.6, -0.6], [-0.4, 0.4]])
START = np.array([[-0.3, 0.3], [0.5, -0.5]])


def walk(step_size, num_steps, onehot):
    """All paths in NumPy: (chance, squared distance) at the end; with labels drawn, or without."""

    def probs(x, point):
        odds = np.exp(x @ point)
        return odds / odds.sum()

    branches = [(x, label) for x in FEATURES for label in ((0, 1) if onehot else (None,))]
    for path in itertools.product(branches, repeat=num_steps):
        chance, point = 1.0, START.copy()
        for x, label in path:
            bayes = probs(x, TRUTH)
            target = bayes if label is None else np.eye(2)[label]
            chance *= (1.0 if label is None else bayes[label]) / len(FEATURES)
            point = point - step_size * np.outer(x, probs(x, point) - target)
        yield chance, ((point - TRUTH) ** 2).sum()


@pytest.mark.parametrize("step_size", [1.0, 3.9])
def test_the_claims_on_softmax_by_all_paths(step_size):
    """L is 1/2, the largest step 4."""
    claim, stays = (find(f"sgd_convergence/softmax_{name}") for name in ("bcp", "stays"))
    domain = claim.domain((3, 2, 2, 2))
    parts = np.ones(3) / 3, FEATURES.sum(axis=1), TRUTH, START - TRUTH, np.asarray(step_size / 4)
    run = domain.build(*map(jnp.asarray, parts))
    np.testing.assert_allclose(run.objective.features, FEATURES)
    np.testing.assert_allclose(run.step_size, step_size, rtol=1e-15)
    walked = list(walk(step_size, 2, onehot=False))
    np.testing.assert_allclose(claim.lhs(run), sum(c * d for c, d in walked), rtol=1e-13)
    np.testing.assert_allclose(stays.lhs(run), max(d for _, d in walked), rtol=1e-13)
    start = ((START - TRUTH) ** 2).sum()
    assert start == pytest.approx(float(stays.rhs(run)), rel=1e-15)
    assert max(d for _, d in walked) <= start
    # The bound by hand: the least probability of every input, less what the ball allows.
    odds = np.exp(FEATURES @ TRUTH)
    least = (odds / odds.sum(axis=1, keepdims=True)).min(axis=1)
    norms = np.abs(FEATURES).sum(axis=1)
    least = least * np.exp(-np.sqrt(2 * start) * norms) * norms**2 / 3
    mu = min(least[0] + least[2], least[1])
    rate = 1 - step_size * mu * (2 - step_size / 2)
    np.testing.assert_allclose(claim.rhs(run), rate**2 * start, rtol=1e-13)
    np.testing.assert_allclose(strong_convexity_on_ball(run.objective, start**0.5), mu, rtol=1e-13)


def test_drawn_labels_leave_the_ball():
    """At the optimum Bayes labels keep still, and the first drawn label moves every student."""
    world = SoftmaxObjective.create(np.ones(3) / 3, FEATURES, TRUTH)
    for oracle, moved in ((world.bayes_gradients, False), (world.onehot_gradients, True)):
        *_, (_, points) = enumerated_paths(oracle, world.optimum, 1.0, num_steps=1)
        distances = squared_distances(points, world.optimum)
        assert (distances > 0.01).all() if moved else (distances < 1e-30).all()
    # From elsewhere, most paths end further away than they started at a step below 2/L.
    start = ((START - TRUTH) ** 2).sum()
    assert sum(c for c, d in walk(3.9, 2, onehot=True) if d > start) > 0.5


def test_no_hessian_on_the_ball_is_below_the_curvature():
    """Hessians by automatic differentiation, along directions that keep the gauge."""
    world = SoftmaxObjective.create(
        [0.5, 0.3, 0.2],
        [[1.0, 0.5], [1.0, -1.0], [-0.5, 2.0]],
        [[0.3, -0.2, 0.1], [0.7, 0.1, -0.6]],
    )
    hessian = jax.jit(jax.hessian(world.risk))
    below = np.asarray(curvature_on_ball(world, 0.4))
    draws = np.random.default_rng(0).normal(size=(40, 2, 3))
    for move, direction in itertools.pairwise(draws - draws.mean(axis=2, keepdims=True)):
        point = world.optimum + 0.4 * move / np.linalg.norm(move)
        curved = np.einsum("ik,ikjl,jl->", direction, hessian(point), direction)
        assert curved >= np.einsum("ik,ij,jk->", direction, below, direction)


def ratio(bound, step_size, num_steps):
    """Of a bound to the truth: one parabola of curvature one, without noise, from one."""
    run = worlds.run_case([1.0], [[1.0]], [[0.0]], [1.0], step_size, num_steps)
    return float(bound(run) / worlds.mean_excess(run))


def test_how_loose_the_bounds_on_mean_excess_risks_are():
    def onehot(run):
        return bounds.convex_onehot(run.step_size, 1.0, 0.0, float(run.num_steps), 1.0)

    def bayes(run):
        return bounds.convex_bayes(run.step_size, 1.0, float(run.num_steps), 1.0)

    for bound, most, least, where in ((onehot, 0.49, 4.07, 0.20), (bayes, 0.99, 2.74, 0.33)):
        found = optimize.minimize_scalar(
            lambda step, bound=bound: ratio(bound, step, 3), bounds=(0.01, most), method="bounded"
        )
        np.testing.assert_allclose(found.fun, least, atol=0.005)
        np.testing.assert_allclose(found.x, where, atol=0.01)
        # Towards 2 with many small steps: 1/(1 - .01) or so off.
        assert 2.0 < ratio(bound, 0.002, 4000) < 2.02

    def sharpened(run):
        return bounds.sharpened_convex(run.step_size, 1.0, 0.0, float(run.num_steps), 1.0)

    # The sharpened one is met at 1/L, and in the limit of many steps beyond.
    assert ratio(sharpened, 1.0, 3) == pytest.approx(1.0, rel=1e-14)
    assert ratio(sharpened, 1.5, 40) == pytest.approx(1.0, rel=1e-14)
