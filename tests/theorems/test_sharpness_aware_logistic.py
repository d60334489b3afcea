"""The enumerated world of logistic regression: against scipy, mpmath and plain loops."""

import itertools

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.optimize

from kdtheory import _check
from kdtheory.objects.logistic import RidgeLogisticWorld
from kdtheory.theorems.sharpness_aware import logistic, perturbed, proxies

INPUTS = np.array([[1.0, 0.0], [0.6, 0.8]])
TRUTH = np.array([1.0, -0.5])


def concrete(radius, ridge=0.5, samples=3, temperature=1.0):
    return RidgeLogisticWorld.create(
        [0.5, 0.5],
        INPUTS,
        TRUTH,
        num_samples=samples,
        ridge=ridge,
        temperature=temperature,
        radius=radius,
    )


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("ridge", [0.5, 1e-3])
def test_what_is_learned_minimises_the_objective(ridge):
    points = np.asarray(logistic.learned(concrete(0.0, ridge, samples=2)))
    signed = np.array([sign * x for x in INPUTS for sign in (1, -1)])
    for point, data in zip(points, itertools.product(range(4), repeat=2), strict=True):

        def objective(f, own=signed[list(data)]):
            return np.logaddexp(0, -own @ f).mean() + ridge / 2 * f @ f

        found = scipy.optimize.minimize(objective, np.zeros(2), options={"gtol": 1e-9})
        assert objective(point) <= found.fun + 1e-15
        np.testing.assert_allclose(point, found.x, atol=1e-5)


def test_the_process_against_loops():
    world = concrete(0.3, samples=2, temperature=2.0)
    found = logistic.logistic_process(world)
    points = np.asarray(logistic.learned(world))
    examples = [(x, y) for x in range(2) for y in (1, -1)]
    data = list(itertools.product(range(4), repeat=2))
    weights = [0.5 * sigmoid(y * TRUTH @ INPUTS[x]) for x, y in examples]
    student = np.zeros(16)
    for point, own in zip(points, data, strict=True):
        for signs in itertools.product((1, -1), repeat=2):
            drawn = tuple(
                examples.index((examples[z][0], y)) for z, y in zip(own, signs, strict=True)
            )
            chances = [
                sigmoid(y * point @ INPUTS[examples[z][0]] / 2)
                for z, y in zip(own, signs, strict=True)
            ]
            student[data.index(drawn)] += np.prod([weights[z] for z in own]) * np.prod(chances)
    np.testing.assert_allclose(found.process.example_weights, weights, rtol=1e-14)
    np.testing.assert_allclose(found.process.student_law, np.diag(student), rtol=1e-13)
    margins = np.array([[y * point @ INPUTS[x] for x, y in examples] for point in points])
    np.testing.assert_allclose(found.process.losses, np.log1p(np.exp(-margins)), rtol=1e-13)
    with mpmath.workdps(30):

        def rise(margin):
            def integrand(u):
                moved = mpmath.log1p(mpmath.exp(-margin - mpmath.mpf("0.3") * u))
                return moved * mpmath.sqrt(1 - u * u) * 2 / mpmath.pi

            return mpmath.quad(integrand, [-1, 0, 1]) - mpmath.log1p(mpmath.exp(-margin))

        expected = [float(rise(mpmath.mpf(float(margin)))) for margin in margins[5]]
    np.testing.assert_allclose(found.rises[5], expected, rtol=1e-12)


def test_rises_at_the_largest_radius():
    """Against the integral over a coordinate of the disc, cut where the loss turns."""
    world = concrete(logistic.LARGEST_REACH, samples=1)
    found, points = logistic.logistic_process(world), np.asarray(logistic.learned(world))
    with mpmath.workdps(25):
        for point, rises in zip(points[:2], found.rises, strict=False):
            margin = mpmath.mpf(float(point @ INPUTS[0]))  # |x| = 1

            def density(u, margin=margin):
                moved = mpmath.log1p(mpmath.exp(-margin - 12 * u))
                return moved * mpmath.sqrt(1 - u * u) * 2 / mpmath.pi

            turn = -margin / 12
            cuts = [-1, turn - 0.2, turn, turn + 0.2, 1]
            expected = mpmath.quad(density, cuts) - mpmath.log1p(mpmath.exp(-margin))
            np.testing.assert_allclose(rises[0], float(expected), rtol=1e-13)


def test_the_interval_of_the_losses_and_the_sharpness_of_a_convex_loss():
    world = concrete(1.0)
    process, constants = logistic.logistic_process(world), logistic.logistic_constants(world)
    # Losses lie in an interval of the stated width, perturbed or not, and so do their sharpness
    # and its bound.
    moved = process.process.losses + process.rises
    assert jnp.ptp(jnp.stack([process.process.losses, moved])) <= constants.loss_width
    assert (perturbed.population_sharpness(process) >= 0).all()
    assert perturbed.teacher_sharpness(process) <= proxies.lemma16_dimension(constants)


def test_worlds_that_are_refused():
    good = {"input_weights": [0.5, 0.5], "inputs": INPUTS, "true_weights": TRUTH}
    settings = {"num_samples": 2, "ridge": 0.5}
    bad = [
        ({"inputs": INPUTS[:, :1]}, {}, r"inputs: got shape \(2, 1\); expected \(2, 2\)"),
        ({}, {"ridge": 0.0}, "ridge: got 0; expected a number > 0"),
        ({}, {"temperature": -1.0}, "temperature: got -1"),
        ({}, {"radius": -1.0}, "radius: got -1"),
        ({}, {"num_samples": 12}, r"num_samples: got 4\*\*12"),
    ]
    for arrays, numbers, message in bad:
        with pytest.raises(_check.InputError, match=message):
            RidgeLogisticWorld.create(**{**good, **arrays}, **{**settings, **numbers})
