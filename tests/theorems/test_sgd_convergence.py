"""Gradient noise and bounds of SGD: against enumerated targets, scipy, rationals and all paths."""

import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats

from kdtheory import _check
from kdtheory.objects.descent import enumerated_distances, quadratic_moments
from kdtheory.objects.objectives import (
    QuadraticObjective,
    SoftmaxObjective,
    second_moment,
    strong_convexity_on_ball,
)
from kdtheory.theorems.sgd_convergence import CLAIMS, bounds, descent_curves, noise, plot_descent

pytestmark = pytest.mark.usefixtures("strict")

WEIGHTS = np.array([0.5, 0.3, 0.2])
FEATURES = np.array([[1.0, 0.5], [1.0, -1.0], [-0.5, 2.0]])
TRUTH = np.array([[0.3, -0.2, 0.1], [0.7, 0.1, -0.6]])
POINT = np.array([[1.1, 0.4, -0.9], [-0.3, 0.8, 0.2]])


@pytest.fixture(scope="module", params=[False, True], ids=["softmax", "pinned"])
def world(request):
    with jax.enable_x64(True):
        kept = 2 if request.param else 3
        truth = TRUTH[:, :kept]
        made = SoftmaxObjective.create(WEIGHTS, FEATURES, truth, pinned=request.param)
        return made, jnp.asarray(POINT[:, :kept]), scores(POINT[:, :kept], request.param)


def scores(point, pinned):
    """The gradients of log p_k at every input, by automatic differentiation of the definition."""

    def log_prob(parameters, x, k):
        logits = x @ parameters
        logits = jnp.append(logits, 0.0) if pinned else logits
        return logits[k] - jnp.log(jnp.sum(jnp.exp(logits)))

    slope = jax.jit(jax.grad(log_prob), static_argnums=2)
    table = [[slope(jnp.asarray(point), x, k) for k in range(3)] for x in jnp.asarray(FEATURES)]
    return np.array(table).reshape(3, 3, -1)


def spread(world, jacobian, law):
    """E_x E||J (q - P)||^2 over an enumerated law: P(x) -> (chance, target) pairs."""
    total = 0.0
    for share, probs, rows in zip(WEIGHTS, np.asarray(world.label_probs), jacobian, strict=True):
        for chance, target in law(probs):
            total += share * chance * ((target - probs) @ rows @ ((target - probs) @ rows))
    return total


def signs():
    return (np.array(s) for s in itertools.product((-1.0, 1.0), repeat=3))


LAWS = {
    "onehot": (
        lambda probs: [(probs[k], np.eye(3)[k]) for k in range(3)],
        lambda world, point: noise.noise_onehot(world),
    ),
    "additive": (
        lambda probs: [(1 / 8, probs + 0.2 * s) for s in signs()],
        lambda world, point: noise.noise_additive(world, point, 0.04),
    ),
    "centred": (
        lambda probs: [(1 / 8, probs + 0.2 * (s - s.mean())) for s in signs()],
        lambda world, point: noise.noise_centred(world, 0.04),
    ),
    "mean of three": (
        lambda probs: [
            (np.prod(probs[list(d)]), np.eye(3)[list(d)].mean(axis=0))
            for d in itertools.product(range(3), repeat=3)
        ],
        lambda world, point: noise.noise_k_averaged(world, 3.0),
    ),
    # Half a label, half an independent pair of labels: (1/4) V + (1/4) V/2 in the noise V of one.
    "mixture": (
        lambda probs: [
            (np.prod(probs[list(d)]), mixed(d)) for d in itertools.product(range(3), repeat=3)
        ],
        lambda world, point: noise.noise_mixed(
            noise.noise_onehot(world), noise.noise_k_averaged(world, 2.0), 0.5
        ),
    ),
}


def mixed(drawn):
    one = np.eye(3)
    return 0.5 * one[drawn[0]] + 0.25 * (one[drawn[1]] + one[drawn[2]])


@pytest.mark.parametrize("kind", LAWS)
def test_the_noise_of_enumerated_targets(kind, world):
    own, point, jacobian = world
    law, found = LAWS[kind]
    np.testing.assert_allclose(found(own, point), spread(own, jacobian, law), rtol=1e-13)


def test_the_noise_of_a_dirichlet_teacher(world):
    own, point, jacobian = world
    alphas = 7.5 * np.asarray(own.label_probs)
    covariances = np.array([scipy.stats.dirichlet(alpha).cov() for alpha in alphas])
    expected = np.einsum("i,ikp,ikl,ilp->", WEIGHTS, jacobian, covariances, jacobian)
    np.testing.assert_allclose(noise.noise_dirichlet(own, 7.5), expected, rtol=1e-12)
    general = noise.target_noise(own, point, jnp.asarray(covariances))
    np.testing.assert_allclose(general, expected, rtol=1e-12)
    # With a_0 = k - 1 it is that of the mean of k labels.
    same = noise.noise_k_averaged(own, 4.0)
    np.testing.assert_allclose(noise.noise_dirichlet(own, 3.0), same, rtol=1e-14)


def test_the_two_parts_of_the_second_moment(world):
    own, point, _ = world
    parts = noise.bayes_second_moment(own, point) + noise.noise_onehot(own)
    np.testing.assert_allclose(second_moment(own.onehot_gradients(point)), parts, rtol=1e-13)


def test_rare_classes_in_single_precision():
    """P_2 = e^-50: one over its square is beyond single precision."""
    logits = jnp.array([[0.0, -50.0, -1.0]], jnp.float32)
    one = jnp.ones((1, 1), jnp.float32)
    rare = SoftmaxObjective(one[0], one, jax.nn.softmax(logits), logits, pinned=False)
    # 2 (p - p^2) with p = 1/(1 + e): the third label against the first.
    p = 1 / (1 + np.e)
    np.testing.assert_allclose(noise.noise_onehot(rare), 2 * p * (1 - p), rtol=1e-6)
    assert np.isfinite(noise.noise_additive(rare, logits, jnp.float32(0.01)))


def test_a_critical_variance_is_one_at_which_the_two_are_equal(world):
    own, _, _ = world
    critical = noise.critical_variance(own)
    same = noise.noise_additive(own, own.optimum, critical)
    np.testing.assert_allclose(same, noise.noise_onehot(own), rtol=1e-14)


def test_the_best_mixture_by_a_grid():
    amounts = jnp.linspace(0, 1, 100_001)
    for first, second in [(1.0, 3.0), (2.0, 0.1), (0.0, 1.0)]:
        values = noise.noise_mixed(first, second, amounts)
        amount, least = noise.best_mixture(jnp.asarray(first), jnp.asarray(second))
        np.testing.assert_allclose(amounts[jnp.argmin(values)], amount, atol=1e-5)
        np.testing.assert_allclose(jnp.min(values), least, atol=1e-9)
    assert [float(value) for value in noise.best_mixture(jnp.zeros(()), jnp.zeros(()))] == [0, 0]


# --- bounds ---------------------------------------------------------------------------------------


def test_the_bounds_in_rationals():
    """Step size 1/8, smoothness 2 (of the mean 3/2, expected 7/4), mu = 1/2, noise 3."""
    step, top, own, expected, mu, sigma = (
        Fraction(*pair) for pair in [(1, 8), (2, 1), (3, 2), (7, 4), (1, 2), (3, 1)]
    )
    numbers = [float(value) for value in (step, top, own, expected, mu, sigma)]
    f_step, f_top, f_own, f_expected, f_mu, f_sigma = numbers
    common = f_step, f_top, f_mu
    pl = f_step, f_own, f_expected, f_mu
    rows = [
        # (1 - 1/16, 2 * 3/8 * 2 = 3/2)
        (bounds.strongly_convex_onehot(*common, f_sigma), Fraction(15, 16), Fraction(3, 2)),
        (bounds.strongly_convex_bayes(*common), Fraction(15, 16), Fraction(0)),
        # 1 - gamma L = 3/4: 1 - 2/16 * 3/4 = 29/32; (3/8) / (1/2 * 3/4) = 1
        (bounds.needell_ward_srebro(*common, f_sigma), Fraction(29, 32), Fraction(1)),
        # 2 - gamma L = 7/4: 1 - 1/16 * 7/4 = 57/64; (3/8) / (1/2 * 7/4) = 3/7
        (bounds.sharpened_target_noise(*common, f_sigma), Fraction(57, 64), Fraction(3, 7)),
        (bounds.sharpened_bayes(*common), Fraction(57, 64), Fraction(0)),
        # gamma L calL = 21/64, so that 2 gamma calL L = 42/64 > 1/2: out of range for one-hot,
        # and in range for Bayes labels.
        (bounds.pl_onehot(*pl, f_sigma), Fraction(15, 16), np.inf),
        (bounds.pl_bayes(*pl), Fraction(15, 16), Fraction(0)),
        # 2 mu - gamma L calL = 43/64: 1 - 43/512; (1/8 * 3/2 * 3) / (43/32) = 9/16 * 32/43
        (bounds.sharpened_pl(*pl, f_sigma), Fraction(469, 512), Fraction(18, 43)),
        # 1 - gamma calL = 25/32: (3/8) / (1/2 * 25/32) = 24/25
        (
            bounds.quasi_convex_any_noise(f_step, f_expected, f_mu, f_sigma),
            Fraction(15, 16),
            Fraction(24, 25),
        ),
    ]
    for bound, rate, neighbourhood in rows:
        np.testing.assert_allclose(bound.rate, float(rate), rtol=1e-15)
        np.testing.assert_allclose(bound.neighbourhood, float(neighbourhood), rtol=1e-14)
    # At gamma = 1/(2 L) the bound for any noise is the printed one.
    at_half = bounds.sharpened_any_noise(0.25, 2.0, 0.5, 3.0)
    printed = bounds.strongly_convex_onehot(0.25, 2.0, 0.5, 3.0)
    np.testing.assert_allclose(at_half, printed, rtol=1e-15)
    # s = 2/3 at gamma = 1/9: 1 - 1/18 * 4/3 = 25/27; (2/3) / (1/2 * 16/9) = 3/4.
    other = bounds.sharpened_any_noise(1 / 9, 2.0, 0.5, 3.0)
    np.testing.assert_allclose(other, [25 / 27, 3 / 4], rtol=1e-14)
    # 5 / (2/8 * (1 - 1/2) * 4) + (3/8) / (1/2) and 5 / (2/8 * 3/4 * 4).
    np.testing.assert_allclose(bounds.convex_onehot(0.125, 2.0, 3.0, 4.0, 5.0), 10.75, rtol=1e-15)
    np.testing.assert_allclose(bounds.convex_bayes(0.125, 2.0, 4.0, 5.0), 20 / 3, rtol=1e-15)
    # (5/4 + 3/64) / (2/8) = 83/16; beyond 1/L, at 3/4: (5/4 + 27/16) / (3/2 * 1/2) = 47/12.
    np.testing.assert_allclose(bounds.sharpened_convex(0.125, 2.0, 3.0, 4.0, 5.0), 83 / 16)
    np.testing.assert_allclose(bounds.sharpened_convex(0.75, 2.0, 3.0, 4.0, 5.0), 47 / 12)


def test_where_nothing_is_promised():
    beyond = [
        bounds.strongly_convex_onehot(0.51, 1.0, 1.0, 1.0),
        bounds.strongly_convex_bayes(1.01, 1.0, 1.0),
        bounds.needell_ward_srebro(1.0, 1.0, 1.0, 1.0),
        bounds.sharpened_any_noise(2.0, 1.0, 1.0, 0.0),
        bounds.sharpened_target_noise(2.0, 1.0, 1.0, 0.0),
        bounds.pl_bayes(1.01, 1.0, 1.0, 1.0),
        bounds.sharpened_pl(2.0, 1.0, 1.0, 1.0, 0.0),
    ]
    assert all(bound.neighbourhood == jnp.inf for bound in beyond)
    assert bounds.convex_onehot(0.5, 1.0, 1.0, 1.0, 1.0) == jnp.inf
    assert bounds.convex_bayes(1.0, 1.0, 1.0, 1.0) == jnp.inf
    assert bounds.sharpened_convex(2.0, 1.0, 1.0, 1.0, 1.0) == jnp.inf


def stationary(weights, curvatures, slopes, step_size):
    """Where E(theta_t - theta*)^2 ends: gamma^2 E v^2 / (1 - E(1 - gamma c)^2), as E e -> 0."""
    objective = QuadraticObjective(
        *(jnp.asarray(part, float) for part in (weights, curvatures, slopes)), jnp.zeros(1)
    )
    moments = quadratic_moments(objective, jnp.ones(1), step_size, num_steps=4000)
    return objective, float(moments.distances[-1])


def test_the_sharpened_neighbourhood_is_attained_by_two_parabolas():
    for step_size in (0.25, 1.0, 1.75):
        objective, left = stationary([0.5, 0.5], [[1], [1]], [[1], [-1]], step_size)
        known = objective.component_smoothness, objective.strong_convexity, objective.noise
        promised = bounds.sharpened_target_noise(step_size, *known).neighbourhood
        np.testing.assert_allclose(left, promised, rtol=1e-12)
    # At 1/4 it is 1/7, where 1/2 is printed.
    _, left = stationary([0.5, 0.5], [[1], [1]], [[1], [-1]], 0.25)
    np.testing.assert_allclose(left, 1 / 7, rtol=1e-12)


def test_noise_that_goes_with_the_curvature_leaves_the_sharpened_bound():
    """Orthogonality is needed: curvatures .011 and 1, minimisers +-1."""
    objective = QuadraticObjective.create([0.5, 0.5], [[0.011], [1.0]], [[1.0], [-1.0]])
    known = objective.component_smoothness, objective.strong_convexity, objective.noise
    # All 16 paths of four steps, from 1/10 above the optimum.
    start, optimum = objective.optimum + 0.1, objective.optimum
    walked = enumerated_distances(objective.gradients, start, optimum, 0.85, num_steps=4)
    times = jnp.arange(5.0)
    orthogonal = bounds.sharpened_target_noise(0.85, *known).after(times, 0.01)
    np.testing.assert_allclose(walked[4] / orthogonal[4], 1.66, atol=0.005)
    # 0.85 is beyond the printed range of 1/2, and within that of the bound for any noise.
    assert (walked <= bounds.sharpened_any_noise(0.85, *known).after(times, 0.01)).all()


def test_softmax_descent_against_the_bounds():
    """All paths of three steps; the ball on which mu is taken holds every one of them."""
    own = SoftmaxObjective.create([0.5, 0.5], [[1.0, 0.0], [0.5, 1.0]], [[0.3, -0.3], [-0.2, 0.2]])
    start, top = jnp.zeros((2, 2)), float(own.component_smoothness)
    distance = float(jnp.sum(own.optimum**2))
    for step_size in (0.5 / top, 1.0 / top, 1.9 / top):
        for oracle, sigma in ((own.bayes_gradients, 0.0), (own.onehot_gradients, None)):
            walked = enumerated_distances(oracle, start, own.optimum, step_size, num_steps=3)
            # No gradient is longer than sqrt(2) ||phi||: three steps reach no further than this.
            reach = distance**0.5
            if sigma is None:
                reach += 3 * step_size * (2 * float(jnp.max(own.squared_norms))) ** 0.5
                sigma = float(noise.noise_onehot(own))
            mu = strong_convexity_on_ball(own, reach)
            bound = bounds.sharpened_target_noise(step_size, top, mu, sigma)
            assert mu > 0
            assert (walked <= bound.after(jnp.arange(4.0), distance)).all()


def test_the_figure_of_teachers():
    shares = {"one-hot": 1.0, "noisy": 0.25, "exact": 0.0}
    curvatures, noises = jnp.array([[0.5], [1.0]]), jnp.array([[1.0], [0.5]])
    curves = descent_curves(curvatures, noises, jnp.array([2.0]), 0.75, num_steps=2, shares=shares)
    # All 16 paths of two steps, drawn by hand: a component, and the sign of its noise.
    for name, share in shares.items():
        ends = []
        for path in itertools.product([(0.5, 1.0), (1.0, 0.5)], (-1, 1), repeat=2):
            (first, sign), (second, other) = path[:2], path[2:]
            point = 2 - 0.75 * (first[0] * 2 + sign * share**0.5 * first[1])
            point -= 0.75 * (second[0] * point + other * share**0.5 * second[1])
            ends.append(point**2)
        np.testing.assert_allclose(curves[name].distances[2], np.mean(ends), rtol=1e-14)
        assert (curves[name].distances <= curves[name].sharpened).all()
    # A step of 3/4 is beyond the printed range for labels with noise, and not for exact ones.
    finite = {name: np.isfinite(curve.printed).all() for name, curve in curves.items()}
    assert finite == {"one-hot": False, "noisy": False, "exact": True}
    ax = plot_descent(curves)
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert len(drawn) == 7
    assert (drawn["noisy"] == curves["noisy"].distances).all()
    assert (drawn["exact, printed bound"] == curves["exact"].printed).all()
    plt.close(ax.figure)
    with pytest.raises(_check.InputError, match="shares"):
        descent_curves(curvatures, noises, jnp.ones(1), 0.5, num_steps=1, shares={"worse": -1.0})


def test_every_row_of_the_room_is_there():
    assert len({claim.slug for claim in CLAIMS}) == 25
