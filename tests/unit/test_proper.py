"""Proper losses: the decomposition of a risk, against fractions and the definition."""

import math
from fractions import Fraction as F

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from enumeration import dot, floats

from kdtheory.divergences import entropy, kl_divergence
from kdtheory.losses import brier, log_loss, spherical_loss
from kdtheory.proper import (
    decompose_risk,
    generalised_entropy,
    loss_of_entropy,
    prediction_risk,
    proper_divergence,
)

pytestmark = pytest.mark.usefixtures("strict")

WEIGHTS = [F(1, 2), F(1, 3), F(1, 6)]
PROBS = [[F(1, 4), F(3, 4), F(0)], [F(2, 3), F(1, 6), F(1, 6)], [F(0), F(1), F(0)]]
PREDICTED = [[F(1, 2), F(1, 4), F(1, 4)], [F(1, 3), F(1, 3), F(1, 3)], [F(1, 5), F(4, 5), F(0)]]

WORLD = WEIGHTS, PROBS, PREDICTED


def world():
    return tuple(map(floats, WORLD))


def brier_by_hand(label, q):
    return sum((F(k == label) - mass) ** 2 for k, mass in enumerate(q))


def test_the_brier_risk_and_its_parts_in_fractions():
    least = excess = F(0)
    for weight, p, q in zip(*WORLD, strict=True):
        at_p = dot(p, [brier_by_hand(k, p) for k in range(3)])
        least += weight * at_p
        excess += weight * (dot(p, [brier_by_hand(k, q) for k in range(3)]) - at_p)
    parts = decompose_risk(brier, *world())
    got = parts.divergence, parts.entropy, parts.risk, prediction_risk(brier, *world())
    expected = [float(value) for value in (excess, least, excess + least, excess + least)]
    np.testing.assert_allclose(got, expected, rtol=1e-14)


def by_mpmath(loss):
    """Risk, and risk of predicting the truth, from a loss of (label, distribution)."""
    with mpmath.workdps(40):
        totals = []
        for predictions in (PREDICTED, PROBS):
            total = mpmath.mpf(0)
            for weight, p, q in zip(WEIGHTS, PROBS, predictions, strict=True):
                row = [mpmath.mpf(mass.numerator) / mass.denominator for mass in q]
                for label, mass in enumerate(p):
                    if mass:
                        share = weight * mass
                        total += mpmath.mpf(share.numerator) / share.denominator * loss(label, row)
            totals.append(total)
        return [float(value) for value in totals]


DEFINITIONS = {
    "log": (log_loss, lambda label, q: -mpmath.log(q[label])),
    "spherical": (
        spherical_loss,
        lambda label, q: 1 - q[label] / mpmath.sqrt(sum(x * x for x in q)),
    ),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_risks_and_their_parts_to_forty_digits(name):
    loss, definition = DEFINITIONS[name]
    risk, least = by_mpmath(definition)
    parts = decompose_risk(loss, *world())
    got = prediction_risk(loss, *world()), parts.risk, parts.entropy, parts.divergence
    np.testing.assert_allclose(got, [risk, risk, least, risk - least], rtol=1e-13)


def test_an_infinite_loss_counts_where_it_has_mass_only():
    weights = jnp.asarray([1.0, 0.0])
    probs = jnp.asarray([[1.0, 0.0], [0.5, 0.5]])
    # The second input never occurs, and neither does the second label of the first.
    assert float(prediction_risk(log_loss, weights, probs, jnp.eye(2))) == 0.0
    parts = decompose_risk(log_loss, weights, probs, jnp.eye(2))
    assert float(parts.divergence) == float(parts.entropy) == 0.0
    wrong = jnp.asarray([[0.0, 1.0], [0.5, 0.5]])
    assert float(prediction_risk(log_loss, weights, probs, wrong)) == math.inf
    assert float(decompose_risk(log_loss, weights, probs, wrong).divergence) == math.inf
    # A user's own log loss, which has no closed form here, behaves alike.
    own = jax.jit(lambda probs: -jnp.log(probs))
    assert float(proper_divergence(own, probs[0], wrong[0])) == math.inf
    assert float(proper_divergence(own, probs[0], probs[0])) == 0.0


def test_a_loss_made_from_a_concave_function_is_the_one_that_is_known():
    p, q = (floats(rows)[:2] for rows in (PROBS, PREDICTED))
    gini = loss_of_entropy(lambda probs: 1 - jnp.sum(probs**2))
    np.testing.assert_allclose(gini(q), brier(q), rtol=1e-14)
    shannon = loss_of_entropy(entropy)
    np.testing.assert_allclose(shannon(q), log_loss(q), rtol=1e-14)
    np.testing.assert_allclose(proper_divergence(shannon, p[1], q[1]), kl_divergence(p[1], q[1]))
    sphere = loss_of_entropy(lambda probs: 1 - jnp.linalg.norm(probs))
    np.testing.assert_allclose(sphere(q), spherical_loss(q), rtol=1e-14)
    # Outside the simplex G may be anything: here it gains a multiple of the sum minus one.
    tilted = loss_of_entropy(lambda probs: 1 - jnp.sum(probs**2) + 7 * (jnp.sum(probs) - 1))
    np.testing.assert_allclose(tilted(q), brier(q), rtol=1e-13)


def test_the_generic_divergence_agrees_with_the_closed_forms():
    p, q = floats(PROBS), floats(PREDICTED)
    for loss in (brier, log_loss, spherical_loss):
        # Another function of the same values has no closed form.
        generic = jax.jit(lambda probs, loss=loss: loss(probs) + 0.0)
        closed = proper_divergence(loss, p, q)
        np.testing.assert_allclose(proper_divergence(generic, p, q), closed, rtol=1e-13)
        by_losses = generalised_entropy(generic, p)
        np.testing.assert_allclose(generalised_entropy(loss, p), by_losses, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("loss", [brier, log_loss, spherical_loss], ids=["brier", "log", "sphere"])
def test_nothing_is_lost_close_to_the_truth(loss):
    step = 2.0**-30
    p = jnp.asarray([0.5, 0.25, 0.25])
    got = float(proper_divergence(loss, p, p + step * jnp.asarray([1.0, -1.0, 0.0])))
    # Half the second derivative of -G along (1, -1, 0), up to terms of third order: Brier 2,
    # log (1/p_1 + 1/p_2)/2 = 3; spherical [|d|^2 - (d.p)^2/|p|^2]/(2|p|), |p|^2 = 3/8, d.p = 1/4.
    curvature = {
        brier: 2.0,
        log_loss: 3.0,
        spherical_loss: (2 - 1 / 6) / (2 * math.sqrt(3 / 8)),
    }[loss]
    assert got == pytest.approx(curvature * step**2, rel=1e-7)


def test_predicting_the_truth_is_best():
    rng = np.random.default_rng(1)
    p, q = (jnp.asarray(rng.dirichlet(np.full(4, 0.5), size=200)) for _ in range(2))
    for loss in (brier, log_loss, spherical_loss, loss_of_entropy(lambda x: 1 - jnp.sum(x**3))):
        divergence = np.asarray(proper_divergence(loss, p, q))
        assert divergence.min() > 0
    # The absolute loss is not proper: predicting the mode beats predicting the truth.
    absolute = jax.jit(lambda probs: 1 - probs)
    mode = jnp.asarray([1.0, 0.0])
    assert float(proper_divergence(absolute, jnp.asarray([0.75, 0.25]), mode)) == -0.125


def test_the_risk_has_the_gradient_of_the_loss():
    weights, probs, predicted = world()
    slope = jax.grad(lambda q: prediction_risk(brier, weights, probs, q))(predicted)
    # d/dq_k sum_y p_y |e_y - q|^2 = 2 (q_k - p_k).
    np.testing.assert_allclose(slope, 2 * weights[:, None] * (predicted - probs), atol=1e-15)
