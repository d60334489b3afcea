"""The Gaussian problem: students by scikit-learn and scipy, AUCs by sampling, margins by hand."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications._long_tables import crossed, joined
from kdtheory.replications.records import Table

NOISE = problem.draw_noise([5], 3, 20)


def by_scikit_learn(inputs, targets, **options):
    """A soft label is an input twice, once with either class, weighted by its chances."""
    model = LogisticRegression(max_iter=10_000, tol=1e-10, **options)
    rows, classes = np.vstack([inputs, inputs]), np.repeat([1, 0], len(inputs))
    return model.fit(rows, classes, np.concatenate([targets, 1 - targets])).coef_[0]


@pytest.mark.parametrize("student", [problem.STUDENTS[0], problem.STUDENTS[2]])
@pytest.mark.parametrize("entry", [0.25, 1.0])
def test_students_are_those_of_scikit_learn(student, entry):
    inputs, targets = NOISE.inputs(entry), problem.both_labels(NOISE, entry)
    weights = problem.fit(inputs, targets, student)
    assert weights.shape == (2, 3, 10)
    options = {"C": student.inverse_penalty, "fit_intercept": False, "solver": "newton-cholesky"}
    for kind, trial in [(0, 0), (1, 0), (0, 2), (1, 2)]:
        expected = by_scikit_learn(inputs[trial], targets[kind, trial], **options)
        np.testing.assert_allclose(weights[kind, trial], expected, rtol=1e-5, atol=1e-7)


def test_an_intercept_is_penalised_as_a_weight():
    # As by scikit-learn's solver liblinear, in which it is the weight of a constant input.
    inputs, targets = NOISE.inputs(0.25) + 1.0, problem.both_labels(NOISE, 0.25)
    with_one, without = (problem.fit(inputs, targets, s) for s in problem.STUDENTS[1::-1])
    expected = by_scikit_learn(inputs[1], targets[1, 1], C=1.0, solver="liblinear")
    np.testing.assert_allclose(with_one[1, 1], expected, rtol=1e-6)
    assert abs(with_one[1, 1] - without[1, 1]).max() > 0.01


def test_targets_above_one_have_a_student():
    inputs = NOISE.inputs(0.25)
    targets = np.linspace(-0.2, 1.4, 20) * np.ones((1, 3, 1))
    [found] = problem.fit(inputs, targets, problem.Student("C = 7", 7.0))

    def objective(weights, trial):
        scores = inputs[trial] @ weights
        losses = np.logaddexp(0, scores) - targets[0, trial] * scores
        slope = weights + 7.0 * inputs[trial].T @ (1 / (1 + np.exp(-scores)) - targets[0, trial])
        return 0.5 * weights @ weights + 7.0 * losses.sum(), slope

    for trial in range(3):
        options = {"gtol": 1e-8, "maxiter": 1000}
        best = scipy.optimize.minimize(objective, np.zeros(10), trial, jac=True, options=options)
        np.testing.assert_allclose(found[trial], best.x, atol=1e-6)


def test_far_from_zero_the_gradient_vanishes_too():
    # Separated samples and a weak penalty: weights are long, and full steps would not descend.
    noise = problem.draw_noise([6], 20, 300)
    inputs, targets = noise.inputs(2.0), problem.both_labels(noise, 2.0)[:1]
    [weights] = problem.fit(inputs, targets, problem.STUDENTS[3])
    scores = np.einsum("tni,ti->tn", inputs, weights)
    misfit = 1 / (1 + np.exp(-scores)) - targets[0]
    slope = weights + 1e4 * np.einsum("tni,tn->ti", inputs, misfit)
    # The objective is 1-strongly convex: this is how far off the weights may be.
    assert np.linalg.norm(slope, axis=-1).max() < 1e-7


def test_training_that_does_not_end_is_refused():
    targets = np.full((1, 3, 20), np.nan)
    with pytest.raises(ArithmeticError, match="a score changes by nan"):
        problem.fit(NOISE.inputs(0.25), targets, problem.STUDENTS[0])


def test_population_auc_is_that_of_a_large_sample():
    test = problem.draw_noise([7], 1, 200_000)
    weights = np.stack([np.ones(10), np.arange(10.0) - 3, -np.eye(10)[0], np.zeros(10)])
    exact = problem.population_auc(0.25, weights)
    sampled = [roc_auc_score(test.signs[0], test.inputs(0.25)[0] @ w) for w in weights]
    # A rank statistic of m and n points has a standard error below 1/(2 sqrt(min(m, n))) = 0.0016.
    np.testing.assert_allclose(exact, sampled, atol=5 * 0.0016)
    # Phi(sqrt 2 |mu|) with |mu|^2 = 10/16 for theta*'s direction; a coin for no weights.
    assert exact[0] == pytest.approx(scipy.stats.norm.cdf(np.sqrt(20 / 16)), rel=1e-12)
    assert exact[3] == 0.5


def test_bayes_labels_are_ratios_of_densities():
    inputs = NOISE.inputs(0.25)
    ahead, behind = (
        scipy.stats.multivariate_normal(sign * np.full(10, 0.25)).pdf(inputs) for sign in (1, -1)
    )
    hard, soft = problem.both_labels(NOISE, 0.25)
    np.testing.assert_allclose(soft, ahead / (ahead + behind), rtol=1e-10)
    np.testing.assert_array_equal(hard, NOISE.signs == 1)


def test_samples_have_the_law_of_two_classes():
    noise = problem.draw_noise([8], 40, 500)
    share = (noise.signs == 1).mean()
    assert abs(share - 0.5) < 5 * 0.5 / np.sqrt(20_000)
    # Given its class an input is normal around ± the mean: 20,000 draws of every coordinate.
    centred = (noise.inputs(0.5) * noise.signs[..., None]).reshape(-1, 10) - 0.5
    assert abs(centred.mean(axis=0)).max() < 5 / np.sqrt(20_000)
    # Its variance is estimated with a standard error of sqrt(2/n), a covariance with sqrt(1/n).
    assert abs(np.cov(centred.T) - np.eye(10)).max() < 5 * np.sqrt(2 / 20_000)
    # Trials are independent, a smaller sample is the beginning of a larger one.
    assert abs(np.corrcoef(noise.normals[:2].reshape(2, -1))[0, 1]) < 5 / np.sqrt(5000)
    np.testing.assert_array_equal(noise.first(7).inputs(1.0), noise.inputs(1.0)[:, :7])


def test_the_widest_margin():
    # By hand: w = (a, b) has the margins 2a and b/2, so that the shortest is (1/2, 2).
    found = problem.widest_margin(np.array([[2.0, 0.0], [0.0, -0.5]]), np.array([1.0, -1.0]))
    np.testing.assert_allclose(found, [0.5, 2.0], rtol=1e-12)
    # The point further out is no support: w = (1, 0), not a mean of both.
    found = problem.widest_margin(np.array([[1.0, 0.0], [3.0, 1.0]]), np.ones(2))
    np.testing.assert_allclose(found, [1.0, 0.0], atol=1e-12)
    # One input with both labels: no hyperplane.
    assert problem.widest_margin(np.ones((2, 2)), np.array([1.0, -1.0])) is None


def test_the_widest_margin_is_optimal():
    noise = problem.draw_noise([9], 4, 30)
    for inputs, signs in zip(noise.inputs(1.0), noise.signs, strict=True):
        weights = problem.widest_margin(inputs, signs)
        rows = signs[:, None] * inputs
        margins = rows @ weights
        assert margins.min() > 1 - 1e-9
        # Karush, Kuhn and Tucker: a combination of supports with positive weights.
        supports = rows[margins < 1 + 1e-9]
        _, off = scipy.optimize.nnls(supports.T, weights)
        assert off < 1e-9


def test_every_choice_is_varied_by_itself():
    names = [(student.name, size) for student, size in problem.settings()]
    assert names == [
        ("C = 1", 30),
        ("C = 1 with an intercept", 30),
        ("C = 100", 30),
        ("C = 10000", 30),
        ("C = 1", 100),
        ("C = 1", 300),
    ]


def test_long_tables():
    values = np.arange(6.0).reshape(2, 3)
    table = crossed({"a": ["x", "y"], "b": [1, 2, 3]}, v=values)
    np.testing.assert_array_equal(table.pivot("a", "b", "v"), values)
    both = joined([table, Table({"a": ["zz"], "b": [4], "v": [6.0]})])
    assert both["a"].tolist() == ["x"] * 3 + ["y"] * 3 + ["zz"]
    assert both["v"].tolist() == list(range(7))
