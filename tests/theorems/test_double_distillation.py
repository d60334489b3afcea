"""Double-distillation: its minimiser by optimisation, and teachers fitted to real samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from kdtheory.retrieval import double_distillation_minimiser, precision_at_k
from kdtheory.theorems.double_distillation import fitted_law, least_double_distillation_loss
from kdtheory.theorems.double_distillation.formulas import expected_log_weight, offset_form
from kdtheory.theorems.double_distillation.worlds import fitted_samples


def eq13(scores, probs, weights):
    """The unrolled double sum, in NumPy."""
    ahead = np.exp(scores[None, :] - scores[:, None])
    return probs @ np.log(ahead @ weights)


@pytest.mark.parametrize("seed", range(4))
def test_the_minimiser_by_optimisation(seed):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(5))
    # 1 - p; uniform; p itself; anything.
    weights = [1 - probs, np.full(5, 0.2), probs, rng.uniform(0.1, 3, 5)][seed]
    found = scipy.optimize.minimize(eq13, np.zeros(5), (probs, weights), tol=1e-12)
    least = least_double_distillation_loss(jnp.array(probs), jnp.array(weights))
    np.testing.assert_allclose(found.fun, least, atol=1e-10)
    best = np.asarray(double_distillation_minimiser(jnp.array(probs), jnp.array(weights)))
    np.testing.assert_allclose(found.x - found.x.mean(), best - best.mean(), atol=1e-4)
    np.testing.assert_allclose(eq13(best + 7, probs, weights), least, rtol=1e-13, atol=1e-14)
    # The offset form, at scores that minimise nothing.
    scores = rng.normal(size=5)
    given = jnp.array(probs), jnp.array(weights), jnp.array(scores)
    np.testing.assert_allclose(offset_form(*given), eq13(scores, probs, weights), rtol=1e-13)


def test_the_minimiser_retrieves_what_the_teacher_retrieves():
    """Precision at every k, for weights by three decreasing functions: no gain at the optimum."""
    probs = np.random.default_rng(1).dirichlet(np.ones(6), size=20)
    relevant = jnp.array(np.random.default_rng(2).random((20, 6)) < 0.4)
    for weigh in (lambda p: 1 - p, lambda p: 1 / (1 + p**2), lambda p: np.exp(-9 * p)):
        scores = double_distillation_minimiser(jnp.array(probs), jnp.array(weigh(probs)))
        for k in (1, 3):
            plain = precision_at_k(jnp.array(probs), relevant, k=k)
            assert precision_at_k(scores, relevant, k=k).tolist() == plain.tolist()
    # An increasing function changes it: p/w = 1/p.
    scores = double_distillation_minimiser(jnp.array(probs), jnp.array(probs**2))
    assert precision_at_k(scores, relevant, k=1).tolist() != plain.tolist()


def test_expected_log_weight():
    # A weight of zero counts where the label has mass only.
    half = jnp.array([0.5, 0.5, 0.0])
    assert expected_log_weight(half, jnp.array([1.0, 1.0, 0.0])) == 0.0
    assert expected_log_weight(half, jnp.array([1.0, 0.0, 1.0])) == -jnp.inf


# --- a teacher fitted to the student's sample ----------------------------------------------------


def log_softmax(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def maximum_likelihood(features, labels, ridge=0.0):
    """The weights of a linear softmax model that minimise its cross-entropy on one-hot labels."""
    onehot = np.eye(3)[labels]

    def objective(flat):
        weights = flat.reshape(3, -1)
        logs = log_softmax(features @ weights.T)
        slope = (np.exp(logs) - onehot).T @ features + ridge * weights
        return -np.sum(onehot * logs) + ridge / 2 * np.sum(flat**2), slope.ravel()

    start = np.zeros(3 * features.shape[1])
    found = scipy.optimize.minimize(
        objective, start, jac=True, method="BFGS", options={"gtol": 1e-9}
    )
    return found.x.reshape(3, -1)


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(4)
    x = rng.normal(size=60)
    features = np.stack([np.ones(60), x, x**2], axis=1)
    # Labels at random: no hyperplane parts them, so that the fit is finite.
    return features, rng.integers(0, 3, 60), rng.normal(size=(5, 3, 3))


def risks(features, labels, teacher, student_features, students):
    """The distilled and the one-hot empirical risk of every student."""
    probs = np.exp(log_softmax(features @ teacher.T))
    losses = np.stack([-log_softmax(student_features @ w.T) for w in students])
    return (probs * losses).sum((1, 2)) / 60, losses[:, np.arange(60), labels].sum(1) / 60


def test_a_fitted_teacher_changes_nothing(sample):
    features, labels, students = sample
    teacher = maximum_likelihood(features, labels)
    distilled, onehot = risks(features, labels, teacher, features, students)
    np.testing.assert_allclose(distilled, onehot, atol=1e-8)
    # A student with fewer of the features, too; not one with a feature that the teacher has not.
    fewer = risks(features, labels, teacher, features[:, :2], students[:, :, :2])
    np.testing.assert_allclose(*fewer, atol=1e-8)
    assert abs(np.subtract(*risks(features, labels, teacher, features**3, students))).min() > 1e-2
    # Nor for a teacher that is regularised.
    ridged = maximum_likelihood(features, labels, ridge=5.0)
    assert abs(np.subtract(*risks(features, labels, ridged, features, students))).max() > 1e-2


def test_the_sample_of_the_claim_is_one_that_the_teacher_fits():
    domain = fitted_samples((3,))
    points = np.random.default_rng(5).normal(size=(50, domain.dimension))

    @jax.jit
    @jax.vmap
    def run(point):
        parts = domain.parametrize(point)
        return (parts[0], *fitted_law(*parts[:5]))

    weights, features, probs, joint = map(np.asarray, run(jnp.asarray(points)))
    assert joint.min() >= -1e-16
    np.testing.assert_allclose(joint.sum(axis=2), weights, atol=1e-14)
    missing = weights[..., None] * probs - joint
    scores = np.einsum("snk,snf->skf", missing, features)
    assert abs(scores).max() < 1e-14
    # The labels are not the teacher's probabilities, and some shares reach zero.
    assert np.quantile(abs(missing).max(axis=(1, 2)), 0.5) > 1e-3
    full = [parts.at[-7].set(9.0) for parts in jnp.asarray(points)]
    edge = np.asarray(run(jnp.stack(full))[3])
    assert (edge.min(axis=(1, 2)) < 1e-15).mean() > 0.9
