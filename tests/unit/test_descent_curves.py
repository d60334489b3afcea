"""Curves of SGD by teacher: simulated runs, paths and bounds against each other; their figure."""

import itertools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory._random import random_key
from kdtheory.descent import descent_curves, plot_descent, softmax_curves
from kdtheory.descent.softmax import averaged_gradients, ball_bound
from kdtheory.intervals import student_margin
from kdtheory.objects.objectives import SoftmaxObjective, second_moment, strong_convexity_on_ball
from kdtheory.theorems.sgd_convergence import noise

pytestmark = pytest.mark.usefixtures("strict")

QUADRATIC = (np.array([[1.0, 0.3], [0.6, 0.1]]), np.array([[1.0, 0.5], [0.5, 1.0]]))
SHARES = {"one-hot": 1.0, "noisy": 0.1, "exact": 0.0}
FEATURES = [[1.0, 0.0], [0.6, 0.8]]
TRUTH = np.array([[0.5, -0.2, -0.3], [-0.4, 0.5, -0.1]])
START = TRUTH + 0.5 * np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
TEACHERS = {"one-hot": 1, "mean of 3": 3, "exact": None}


@pytest.fixture(scope="module")
def quadratic():
    with jax.enable_x64(True):
        start = jnp.array([3.0, 3.0])
        arrays = map(jnp.asarray, QUADRATIC)
        return descent_curves(
            *arrays, start, 0.5, num_steps=12, shares=SHARES, key=random_key(1), num_runs=2000
        )


@pytest.fixture(scope="module")
def world():
    with jax.enable_x64(True):
        return SoftmaxObjective.create([0.7, 0.3], FEATURES, TRUTH)


@pytest.fixture(scope="module")
def softmax(world):
    with jax.enable_x64(True):
        start = jnp.asarray(START) + 7.0  # in another gauge
        return softmax_curves(
            world, start, 1.5, num_steps=6, teachers=TEACHERS, key=random_key(2), num_runs=2000
        )


def agree(exact, simulated, num_errors):
    """Within so many standard errors at every step: the level is 99 %, or 2.58 of them."""
    error = (simulated.high - simulated.low) / (2 * 2.58)
    np.testing.assert_allclose(simulated.mean, (simulated.low + simulated.high) / 2, rtol=1e-12)
    assert (np.abs(exact - simulated.mean) <= num_errors * error + 1e-12).all()
    # An interval of nothing would prove nothing.
    assert (error[1:] > 1e-3 * simulated.mean[1:]).all()
    assert error[0] < 1e-12


def test_simulated_runs_agree_with_the_recursion(quadratic):
    # 36 comparisons at 5 standard errors: 2e-5 by chance; a noise off by 10 % is seen.
    for name, curve in quadratic.items():
        agree(curve.distances, curve.simulated, 5)
        assert curve.simulated.num_runs == 2000
        # The mean of 1 + 1/4 and of 1/4 + 1, by the share.
        np.testing.assert_allclose(curve.noise, 1.25 * SHARES[name], rtol=1e-15)
    off = quadratic["one-hot"].simulated
    late = quadratic["one-hot"].distances[-1]
    assert abs(1.1 * late - off.mean[-1]) > (off.high - off.low)[-1] / 2
    assert quadratic["one-hot"].rates == pytest.approx((0.9, 0.85), rel=1e-14)
    # 2 * .5 * 1.25/.2 and .5 * 1.25/(.2 * 1.5)
    assert quadratic["one-hot"].neighbourhoods == pytest.approx((6.25, 25 / 12), rel=1e-14)


def test_the_margin_by_scipy():
    from scipy import stats

    values = np.random.default_rng(3).exponential(size=(20, 2))
    mean, spread, half = student_margin(values, 0.9)
    low, high = stats.t.interval(0.9, 19, values.mean(axis=0), stats.sem(values))
    np.testing.assert_allclose([mean - half, mean + half], [low, high], rtol=1e-12)
    np.testing.assert_allclose(spread, stats.tstd(values), rtol=1e-12)


def test_softmax_runs_agree_with_all_paths_and_stay_below_the_bound(softmax):
    walked = {"one-hot": 5, "mean of 3": 3, "exact": 6}  # 6^5, 20^3 and 2^6 are below 10,000
    for name, curve in softmax.items():
        exact = np.isfinite(curve.distances)
        assert exact.sum() == walked[name] + 1
        some = curve.simulated
        error = (some.high - some.low) / (2 * 2.58)
        assert (np.abs(curve.distances - some.mean) <= 5 * error + 1e-12)[exact].all()
        assert (some.low <= curve.sharpened).all()
        assert (curve.distances <= curve.sharpened)[exact].all()
    assert (softmax["exact"].sharpened < softmax["exact"].printed)[1:].all()
    assert np.isinf(softmax["one-hot"].printed).all()
    assert np.isinf(softmax["one-hot"].neighbourhoods).all()
    # Drawn labels leave the ball, exact ones come closer.
    assert softmax["one-hot"].distances[3] > softmax["one-hot"].distances[0]
    assert (np.diff(softmax["exact"].distances) < 0).all()


def test_the_gradients_of_averaged_labels_by_sequences(world):
    point = jnp.asarray(START)
    for drawn in (1, 2, 3):
        law = averaged_gradients(world, point, drawn)
        np.testing.assert_allclose(law.weights.sum(), 1, rtol=1e-14)
        # Every sequence of labels by itself.
        total = 0.0
        for x, weight in enumerate((0.7, 0.3)):
            odds = np.exp(np.array(FEATURES[x]) @ START)
            answers = odds / odds.sum()
            probs = np.exp(np.array(FEATURES[x]) @ TRUTH)
            probs = probs / probs.sum()
            for labels in itertools.product(range(3), repeat=drawn):
                target = np.eye(3)[list(labels)].mean(axis=0)
                gradient = np.outer(FEATURES[x], answers - target)
                total += weight * np.prod(probs[list(labels)]) * (gradient**2).sum()
        np.testing.assert_allclose(second_moment(law), total, rtol=1e-13)
        parts = noise.bayes_second_moment(world, point) + noise.noise_k_averaged(
            world, float(drawn)
        )
        np.testing.assert_allclose(second_moment(law), parts, rtol=1e-13)


def test_the_bound_on_balls_step_by_step(world):
    start, longest = jnp.asarray(START), 0.7
    found = ball_bound(world, start, 1.5, 0.4, longest, num_steps=3)
    value = float(jnp.sum((start - world.optimum) ** 2))
    radius = value**0.5
    for time in range(3):
        np.testing.assert_allclose(found[time], value, rtol=1e-13)
        mu = float(strong_convexity_on_ball(world, radius + time * 1.5 * longest))
        value = (1 - 1.5 * mu * (2 - 1.5 / 2)) * value + 1.5**2 * 0.4
    # The largest smoothness is 1/2: from a step of 4 on nothing is promised.
    assert np.isinf(ball_bound(world, start, 4.0, 0.4, longest, num_steps=3)).all()


def test_the_figure(quadratic, softmax):
    axes = plt.subplots(1, 2)[1]
    for ax, curves, lines in zip(axes, (quadratic, softmax), (9, 7), strict=True):
        plot_descent(curves, ax)
        named = {line.get_label() for line in ax.lines if line.get_label()[0] != "_"}
        assert len(named) == lines
        words = [text.get_text() for text in ax.get_legend().get_texts()]
        assert words == [
            *curves,
            "exact value",
            "sharpened bound",
            "printed bound",
            "simulated, 99% interval",
        ]
        for name, bars, colour in zip(curves, ax.containers, range(3), strict=True):
            times, means = bars.lines[0].get_data()
            np.testing.assert_array_equal(means, curves[name].simulated.mean[times])
            assert bars.lines[0].get_color() == ax.get_legend().legend_handles[colour].get_color()
    plt.close("all")


def test_what_cannot_be_drawn(world):
    arrays, start = tuple(map(jnp.asarray, QUADRATIC)), jnp.ones(2)
    with pytest.raises(InputError, match="num_runs: got 1"):
        descent_curves(
            *arrays, start, 0.5, num_steps=1, shares=SHARES, key=random_key(0), num_runs=1
        )
    with pytest.raises(InputError, match="teachers"):
        softmax_curves(world, jnp.asarray(START), 1.0, num_steps=1, teachers={"none": 0})
    pinned = SoftmaxObjective.create([0.7, 0.3], FEATURES, TRUTH[:, :2], pinned=True)
    with pytest.raises(InputError, match="a pinned logit"):
        softmax_curves(pinned, jnp.asarray(START[:, :2]), 1.0, num_steps=1, teachers=TEACHERS)
