"""Finite sums with known constants: against loops, exact rationals and automatic derivatives."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory import _check
from kdtheory.objects.descent import (
    enumerated_distances,
    quadratic_moments,
    simulated_distances,
)
from kdtheory.objects.objectives import (
    QuadraticObjective,
    SoftmaxObjective,
    distance_after_step,
    fix_gauge,
    mean_gradient,
    second_moment,
    strong_convexity_on_ball,
)

pytestmark = pytest.mark.usefixtures("strict")

WEIGHTS = ["1/2", "1/3", "1/6"]
CURVATURES = [["1/4", "2"], ["3/2", "0"], ["1", "5/4"]]
SHIFTS = [["1", "-2"], ["-1/2", "7"], ["3", "1/2"]]


def fractions(rows):
    return [[Fraction(entry) for entry in row] for row in rows]


def floats(rows):
    return [[float(Fraction(entry)) for entry in row] for row in rows]


@pytest.fixture(scope="module")
def quadratic():
    with jax.enable_x64(True):
        weights = [float(Fraction(w)) for w in WEIGHTS]
        return QuadraticObjective.create(weights, floats(CURVATURES), floats(SHIFTS))


def test_the_constants_of_a_quadratic_in_rationals(quadratic):
    weights, curved = [Fraction(w) for w in WEIGHTS], fractions(CURVATURES)
    centres = fractions(SHIFTS)

    def mean(values):
        return sum(w * v for w, v in zip(weights, values, strict=True))

    # Column 0: 1/8 + 1/2 + 1/6 = 19/24; column 1: 1 + 5/24 = 29/24.
    assert [mean(column) for column in zip(*curved, strict=True)] == [
        Fraction(19, 24),
        Fraction(29, 24),
    ]
    optimum = [mean([c[j] * b[j] for c, b in zip(curved, centres, strict=True)]) for j in (0, 1)]
    optimum = [optimum[0] / Fraction(19, 24), optimum[1] / Fraction(29, 24)]
    noise = mean(
        [
            sum((c[j] * (optimum[j] - b[j])) ** 2 for j in (0, 1))
            for c, b in zip(curved, centres, strict=True)
        ]
    )
    expected = max(mean([c[j] ** 2 for c in curved]) / mean([c[j] for c in curved]) for j in (0, 1))
    np.testing.assert_allclose(quadratic.optimum, [float(x) for x in optimum], rtol=1e-14)
    np.testing.assert_allclose(quadratic.noise, float(noise), rtol=1e-14)
    np.testing.assert_allclose(quadratic.strong_convexity, 19 / 24, rtol=1e-15)
    np.testing.assert_allclose(quadratic.smoothness, 29 / 24, rtol=1e-15)
    np.testing.assert_allclose(quadratic.expected_smoothness, float(expected), rtol=1e-14)
    assert quadratic.component_smoothness == 2.0
    np.testing.assert_allclose(mean_gradient(quadratic.gradients(quadratic.optimum)), 0, atol=1e-15)


def test_a_component_that_is_never_drawn_has_no_smoothness():
    unseen = QuadraticObjective.create([1.0, 0.0], [[1.0], [9.0]], [[0.0], [0.0]])
    assert unseen.component_smoothness == 1.0


def test_moments_of_a_quadratic_over_all_paths_in_rationals(quadratic):
    """27 paths of three steps, each walked with the gradients of the definition."""
    weights, curved, centres = [Fraction(w) for w in WEIGHTS], *map(fractions, (CURVATURES, SHIFTS))
    optimum = [
        sum(w * c[j] * b[j] for w, c, b in zip(weights, curved, centres, strict=True))
        / sum(w * c[j] for w, c in zip(weights, curved, strict=True))
        for j in (0, 1)
    ]
    step_size, paths = Fraction(3, 4), [(Fraction(1), [Fraction(2), Fraction(-1)])]
    expected, means = [], []
    for _ in range(4):
        squares = [sum((x - o) ** 2 for x, o in zip(p, optimum, strict=True)) for _, p in paths]
        expected.append(sum(w * s for (w, _), s in zip(paths, squares, strict=True)))
        means.append([sum(w * (p[j] - optimum[j]) for w, p in paths) for j in (0, 1)])
        paths = [
            (w * v, [x - step_size * c[j] * (x - b[j]) for j, x in enumerate(p)])
            for w, p in paths
            for v, c, b in zip(weights, curved, centres, strict=True)
        ]
    start = jnp.array([2.0, -1.0])
    moments = quadratic_moments(quadratic, start, 0.75, num_steps=3)
    np.testing.assert_allclose(moments.distances, [float(x) for x in expected], rtol=1e-13)
    np.testing.assert_allclose(moments.mean, np.array(means, dtype=float), rtol=1e-13)
    walked = enumerated_distances(quadratic.gradients, start, quadratic.optimum, 0.75, num_steps=3)
    np.testing.assert_allclose(walked, [float(x) for x in expected], rtol=1e-13)


# --- linear softmax ------------------------------------------------------------------------------

FEATURES = np.array([[1.0, 0.5], [1.0, -1.0], [0.0, 3.0]])
TRUTH = np.array([[0.3, -0.2, 0.1], [0.7, 0.1, -0.6]])


def softmax_world(pinned):
    truth = TRUTH[:, :2] if pinned else TRUTH
    return SoftmaxObjective.create([0.5, 0.25, 0.25], FEATURES, truth, pinned=pinned)


def loss(parameters, x, label, pinned):
    """The cross-entropy of one example, from the definition."""
    logits = jnp.asarray(FEATURES[x]) @ parameters
    if pinned:
        logits = jnp.append(logits, 0.0)
    return jnp.log(jnp.sum(jnp.exp(logits))) - logits[label]


@pytest.mark.parametrize("pinned", [False, True])
def test_softmax_gradients_by_automatic_differentiation(pinned):
    world = softmax_world(pinned)
    point = world.optimum + jnp.array([[0.4], [-0.9]]) * jnp.arange(1.0, 4.0)[
        : world.optimum.shape[1]
    ].reshape(1, -1)
    slope = jax.jit(jax.grad(loss), static_argnums=(1, 2, 3))
    by_hand = np.array([[slope(point, x, k, pinned) for k in range(3)] for x in range(3)])
    weights = np.array([0.5, 0.25, 0.25])[:, None] * np.asarray(world.label_probs)
    mean = np.tensordot(weights, by_hand, 2)
    squares = (by_hand**2).sum(axis=(2, 3))
    onehot, bayes = world.onehot_gradients(point), world.bayes_gradients(point)
    np.testing.assert_allclose(onehot.weights.sum(), 1, rtol=1e-14)
    np.testing.assert_allclose(second_moment(onehot), (weights * squares).sum(), rtol=1e-13)
    np.testing.assert_allclose(mean_gradient(onehot), mean, atol=1e-14)
    np.testing.assert_allclose(mean_gradient(bayes), mean, atol=1e-14)
    np.testing.assert_allclose(mean, jax.grad(world.risk)(point), atol=1e-14)
    given_input = (np.asarray(world.label_probs)[:, :, None, None] * by_hand).sum(axis=1)
    np.testing.assert_allclose(bayes.gradients, given_input, atol=1e-14)
    after = [
        ((np.asarray(point - world.optimum) - 0.3 * by_hand[x, k]) ** 2).sum() * weights[x, k]
        for x in range(3)
        for k in range(3)
    ]
    np.testing.assert_allclose(
        distance_after_step(onehot, point - world.optimum, 0.3), sum(after), rtol=1e-13
    )
    # Every Bayes gradient is zero at the optimum: the world is interpolated.
    assert abs(world.bayes_gradients(world.optimum).gradients).max() < 1e-15


@pytest.mark.parametrize("pinned", [False, True])
def test_no_hessian_exceeds_the_smoothness(pinned):
    world = softmax_world(pinned)
    hessian = jax.jit(jax.hessian(loss), static_argnums=(1, 2, 3))
    points = np.random.default_rng(0).normal(size=(40, *world.optimum.shape)) * 2
    largest = 0.0
    for point in points:
        for x in range(3):
            matrix = np.asarray(hessian(jnp.asarray(point), x, 0, pinned))
            flat = matrix.reshape(world.optimum.size, -1)
            largest = max(largest, np.linalg.eigvalsh(flat)[-1])
    assert 0.85 * world.component_smoothness < largest <= world.component_smoothness


def test_smoothness_is_attained_and_logistic_regression_has_half_of_it():
    # Hessian of the logits at p = (1/2, 1/2): eigenvalue 1/2; of a single logit 1/4.
    both = SoftmaxObjective.create([1.0], [[2.0]], [[0.0, 0.0]])
    single = SoftmaxObjective.create([1.0], [[2.0]], [[0.0]], pinned=True)
    assert (both.component_smoothness, single.component_smoothness) == (2.0, 1.0)
    certain = SoftmaxObjective.create([1.0], [[2.0]], [[0.7]])
    assert certain.component_smoothness == 0.0
    assert certain.label_probs.tolist() == [[1.0]]


@pytest.mark.parametrize("radius", [0.0, 0.5, 2.0])
def test_the_strong_convexity_near_the_optimum(radius):
    world = softmax_world(False)
    floor = float(strong_convexity_on_ball(world, radius))
    rng = np.random.default_rng(1)
    hessian = jax.jit(jax.hessian(world.risk))
    # Directions whose rows sum to zero: an orthonormal basis of them.
    basis = np.linalg.qr(np.eye(3) - 1 / 3)[0][:, :2]
    least = np.inf
    for _ in range(60):
        offset = rng.normal(size=(2, 2)) @ basis.T
        offset *= radius / np.linalg.norm(offset)
        matrix = np.asarray(hessian(world.optimum + jnp.asarray(offset)))
        kept = np.einsum("akbl,ki,lj->aibj", matrix, basis, basis).reshape(4, 4)
        least = min(least, np.linalg.eigvalsh(kept)[0])
    assert 0 < floor <= least
    if radius == 0:
        assert floor > 0.5 * least


def test_gauge():
    world = softmax_world(False)
    shifted = TRUTH + np.array([[5.0], [-3.0]])
    np.testing.assert_allclose(world.probs(jnp.asarray(shifted)), world.label_probs, rtol=1e-13)
    np.testing.assert_allclose(fix_gauge(jnp.asarray(shifted)).sum(axis=1), 0, atol=1e-14)
    # SGD never moves along the gauge: from (0, 0) towards (0.8, -0.4), whose gauge is 0.2, the
    # limit is (0.6, -0.6), at a squared distance of 2 * 0.2^2 = 0.08.
    off = SoftmaxObjective.create([1.0], [[1.0]], [[0.8, -0.4]])
    distances = enumerated_distances(
        off.bayes_gradients, jnp.zeros((1, 2)), off.optimum, 2.0, num_steps=60
    )
    np.testing.assert_allclose(distances[-1], 0.08, rtol=1e-12)
    fixed = fix_gauge(off.optimum)
    walked = enumerated_distances(off.bayes_gradients, jnp.zeros((1, 2)), fixed, 2.0, num_steps=60)
    assert walked[-1] < 1e-20


def test_simulated_runs_agree_with_all_paths():
    world = SoftmaxObjective.create([1.0], [[1.0]], [[0.6, -0.6]])
    start, runs = jnp.zeros((1, 2)), 20_000
    exact = enumerated_distances(world.onehot_gradients, start, world.optimum, 1.0, num_steps=5)
    drawn = simulated_distances(
        jax.random.key(0),
        world.onehot_gradients,
        start,
        world.optimum,
        1.0,
        num_steps=5,
        num_runs=runs,
    )
    errors = np.asarray(drawn).std(axis=0) / np.sqrt(runs)
    # Five standard errors: a right walk is refused once in a million.
    assert (abs(np.asarray(drawn).mean(axis=0) - np.asarray(exact)) <= 5 * errors + 1e-12).all()
    # A step size that is wrong by a fifth is seen.
    wrong = enumerated_distances(world.onehot_gradients, start, world.optimum, 1.2, num_steps=5)
    assert (abs(np.asarray(drawn).mean(axis=0) - np.asarray(wrong)) > 5 * errors)[1:].any()


def test_what_cannot_be_used_is_refused():
    with pytest.raises(_check.InputError, match="none negative, and a positive mean"):
        QuadraticObjective.create([1.0, 0.0], [[0.0], [1.0]], [[1.0], [1.0]])
    with pytest.raises(_check.InputError, match="one for every row of curvatures"):
        QuadraticObjective.create([1.0], [[1.0], [1.0]], [[1.0], [1.0]])
    with pytest.raises(_check.InputError, match="a column per row of optimum"):
        SoftmaxObjective.create([1.0], [[1.0, 2.0]], [[1.0, 2.0]])
    coin = SoftmaxObjective.create([1.0], [[1.0]], [[0.0, 0.0]])
    with pytest.raises(_check.InputError, match="at most 1000000"):
        enumerated_distances(coin.onehot_gradients, coin.optimum, coin.optimum, 1.0, num_steps=20)
