"""Two Gaussian classes, against SciPy's densities and numerical integrals."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from kdtheory.objects.gaussian_classes import (
    bayes_accuracy,
    bayes_auc,
    posterior,
    score_accuracy,
    score_auc,
    separation,
)

pytestmark = pytest.mark.usefixtures("strict")

MEAN = np.array([0.5, -0.25, 0.75])
DIRECTION = np.array([1.0, 0.5, 0.25])


@pytest.mark.parametrize("prior", [0.5, 0.2])
def test_the_posterior_is_the_ratio_of_densities(prior):
    inputs = np.random.default_rng(0).normal(size=(2, 5, 3))
    of_class = [stats.multivariate_normal(sign * MEAN).pdf(inputs) for sign in (1, -1)]
    expected = prior * of_class[0] / (prior * of_class[0] + (1 - prior) * of_class[1])
    got = posterior(jnp.asarray(MEAN), jnp.asarray(inputs), jnp.asarray(prior))
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_auc_and_accuracy_are_integrals_over_the_score():
    # The score of a class is normal with mean +-w.mu and the standard deviation |w|.
    centre, spread = DIRECTION @ MEAN, np.linalg.norm(DIRECTION)
    high, low = stats.norm(centre, spread), stats.norm(-centre, spread)
    auc = integrate.quad(lambda s: high.pdf(s) * low.cdf(s), -np.inf, np.inf, epsabs=1e-13)[0]
    arrays = jnp.asarray(MEAN), jnp.asarray(DIRECTION)
    assert float(score_auc(*arrays)) == pytest.approx(auc, rel=1e-10)
    accuracy = (high.sf(0) + low.cdf(0)) / 2
    assert float(score_accuracy(*arrays)) == pytest.approx(accuracy, rel=1e-13)


def test_no_direction_beats_the_mean():
    mean = jnp.asarray(MEAN)
    weights = jnp.asarray(np.random.default_rng(1).normal(size=(500, 3)))
    assert float(bayes_auc(mean)) == float(score_auc(mean, mean))
    np.testing.assert_allclose(bayes_accuracy(mean), score_accuracy(mean, 2 * mean), rtol=1e-15)
    for best, score in ((bayes_auc, score_auc), (bayes_accuracy, score_accuracy)):
        assert float(jax.vmap(score, (None, 0))(mean, weights).max()) < float(best(mean))


def test_the_saturated_setting_of_the_paper():
    # Ten dimensions, means +-(1, ..., 1): Phi(sqrt 20) and Phi(sqrt 10) by the error function.
    ones = jnp.ones(10)
    expected = [1 - math.erfc(math.sqrt(10)) / 2, 1 - math.erfc(math.sqrt(5)) / 2]
    np.testing.assert_allclose([bayes_auc(ones), bayes_accuracy(ones)], expected, rtol=1e-14)


def test_a_score_that_says_nothing_and_one_that_is_tiny():
    mean = jnp.asarray(MEAN)
    assert float(separation(mean, jnp.zeros(3))) == 0.0
    assert float(score_auc(mean, jnp.zeros(3))) == 0.5
    tiny = jnp.asarray(1e-200 * DIRECTION)
    full = separation(mean, jnp.asarray(DIRECTION))
    np.testing.assert_allclose(separation(mean, tiny), full, rtol=1e-14)
    slope = jax.grad(score_auc, argnums=1)(mean, jnp.asarray(DIRECTION))
    # A longer vector is the same score.
    assert float(slope @ DIRECTION) == pytest.approx(0, abs=1e-16)
    assert np.isfinite(jax.grad(bayes_auc)(jnp.zeros(3))).all()
