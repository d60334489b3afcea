"""Students in batches against a plain loop, and what is measured of them against other routes."""

import jax
import numpy as np
import pytest
from scipy import special, stats

from kdtheory.descent import gradient_noise
from kdtheory.replications import _class_worlds as class_worlds
from kdtheory.replications import _classifier_training as training
from kdtheory.replications import _noisy_labels as noisy_labels
from kdtheory.replications._long_tables import compared, long_table, share_left

RNG = np.random.default_rng(8)
INPUTS = RNG.normal(size=(7, 3))
# Any targets, also outside of the simplex.
TARGETS = RNG.normal(0.3, 0.5, size=(7, 4))
SQUARES = jax.jit(training.gradient_squares)
STUDENTS = {
    "linear": training.random_starts(np.random.default_rng(1), (), (3, 4)),
    "network": training.random_starts(np.random.default_rng(1), (), (3, 5, 4)),
}


@pytest.mark.parametrize("kind", STUDENTS)
def test_squared_gradients_are_those_of_automatic_differentiation(kind):
    student = STUDENTS[kind]

    def loss(parameters, row, target):
        return training.losses(parameters, row[None], target[None])[0]

    slopes = jax.jit(jax.vmap(jax.grad(loss), (None, 0, 0)))(student, INPUTS, TARGETS)
    expected = sum(np.sum(np.reshape(leaf, (7, -1)) ** 2, axis=1) for leaf in slopes.values())
    found = SQUARES(student, INPUTS, TARGETS)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_squared_gradients_at_the_optimum_are_the_noise_of_labels():
    # Where a linear student answers P, a label k has the gradient's square with chance P_k.
    student = STUDENTS["linear"]
    probs = np.exp(np.asarray(training.log_probs(student, INPUTS)))
    each = [SQUARES(student, INPUTS, np.tile(label, (7, 1))) for label in np.eye(4)]
    found = np.mean(np.sum(probs * np.transpose(each), axis=1))
    features = np.column_stack([INPUTS, np.ones(7)])
    expected = gradient_noise(features, probs)["one-hot labels"].noise
    assert found == pytest.approx(expected, rel=1e-10)
    exact = SQUARES(student, INPUTS, probs)
    assert float(np.max(exact)) < 1e-25


def plain_loop(optimiser, step_size, penalty, start, inputs, targets, order):
    """One linear student, in double precision; Adam as in the paper of Kingma and Ba."""
    weights = np.vstack([start["out"], start["out_bias"]]).astype(float)
    rows = np.column_stack([inputs, np.ones(len(inputs))])
    first, second, time = np.zeros_like(weights), np.zeros_like(weights), 0
    for epoch, batches in enumerate(order):
        for batch in batches:
            taught = targets[epoch, batch]
            probs = special.softmax(rows[batch] @ weights, axis=1)
            slope = rows[batch].T @ (taught.sum(axis=1, keepdims=True) * probs - taught)
            slope = slope / len(batch) + penalty * weights
            time += 1
            if optimiser == "SGD":
                weights = weights - step_size * slope
                continue
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope**2
            scaled = np.sqrt(second / (1 - 0.999**time)) + 1e-8
            weights = weights - step_size * first / (1 - 0.9**time) / scaled
    return weights


@pytest.mark.parametrize("optimiser", ["SGD", "Adam"])
def test_training_is_that_of_a_plain_loop(optimiser):
    rng = np.random.default_rng(2)
    kinds, trials, runs, epochs, samples, labels = 2, 2, 2, 3, 6, 4
    start = training.random_starts(rng, (trials, runs), (3, labels))
    inputs = rng.normal(size=(trials, samples, 3))
    targets = rng.dirichlet(np.ones(labels), size=(kinds, trials, runs, epochs, samples))
    # Two steps of two examples of the first four.
    order = training.orders(rng, (trials, runs), 4, (epochs, 2), 2)
    shares = np.array([0.25] * 4 + [0.0] * 2)
    test_inputs = rng.normal(size=(trials, 5, 3))
    test_probs = rng.dirichlet(np.ones(labels), size=(trials, 5))
    lessons = training.Lessons(start, inputs, targets, shares, order, test_inputs, test_probs)
    parameters, history = training.train(optimiser, 0.1, lessons, 0.05)
    one = {name: values[1, 0] for name, values in start.items()}
    weights = plain_loop(optimiser, 0.1, 0.05, one, inputs[1], targets[1, 1, 0], order[1, 0])
    found = np.vstack([parameters["out"][1, 1, 0], parameters["out_bias"][1, 1, 0]])
    np.testing.assert_allclose(found, weights, atol=2e-5)

    def log_probs(rows):
        return special.log_softmax(rows @ weights[:-1] + weights[-1], axis=1)

    answers = log_probs(test_inputs[1])
    truth = test_probs[1]
    last = {name: values[1, 1, 0, -1] for name, values in history._asdict().items()}
    right = np.mean(truth[np.arange(5), answers.argmax(axis=1)])
    assert last["accuracy"] == pytest.approx(right, abs=1e-6)
    assert last["excess"] == pytest.approx(
        np.mean([stats.entropy(p, np.exp(q)) for p, q in zip(truth, answers, strict=True)]),
        abs=1e-5,
    )
    risk = -np.mean(np.sum(truth * answers, axis=1))
    taught = targets[1, 1, 0, -1, :4]
    own = -np.mean(np.sum(taught * log_probs(inputs[1, :4]), axis=1))
    assert last["gap"] == pytest.approx(risk - own, abs=1e-5)
    student = {"out": weights[:-1], "out_bias": weights[-1]}
    squares = np.mean(SQUARES(student, inputs[1, :4], taught))
    assert last["gradient"] == pytest.approx(float(squares), rel=1e-4)


def test_every_pass_has_every_example_once():
    order = training.orders(np.random.default_rng(0), (2,), 4, (3, 4), 2)
    # 24 examples in a run: six passes over four.
    passes = np.sort(order.reshape(2, 6, 4), axis=-1)
    assert (passes == np.arange(4)).all()
    assert not (order[0] == order[1]).all()


def test_levels_jitters_and_spreads_by_hand():
    # Two runs of eight epochs: the last quarter is two, the second half four.
    steady = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    shaky = [9.0, 9.0, 9.0, 9.0, 1.0, 3.0, 1.0, 3.0]
    curves = np.array([steady, shaky])[None, None]
    found = training.at_the_end(training.History(curves, curves, curves, curves))
    # Levels 1 and 2; changes 0, and 2, -2, 2.
    assert found["accuracy"] == 1.5
    assert found["excess_jitter"] == 1.0
    assert found["excess_spread"] == pytest.approx(np.sqrt(0.5))
    assert training.by_epoch(training.History(*[curves] * 4))["gap"][0, 0, 5] == 2.0


def test_probabilities_of_gaussian_worlds_are_those_of_bayes_rule():
    worlds = class_worlds.gaussian_worlds(np.random.default_rng(4), 2, 5, 3, 2, 3)
    # The means are drawn first.
    means = class_worlds.SPREAD * np.random.default_rng(4).standard_normal((2, 3, 2))
    for trial, (inputs, probs) in enumerate(
        zip(worlds.test_inputs, worlds.test_probs, strict=True)
    ):
        densities = np.transpose(
            [stats.multivariate_normal(mean).pdf(inputs) for mean in means[trial]]
        )
        expected = densities / densities.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(probs, expected, rtol=1e-10)
    assert worlds.inputs.shape == (2, 5, 2)


@pytest.mark.parametrize(
    "make", [class_worlds.gaussian_worlds, class_worlds.network_worlds], ids=["Gauss", "network"]
)
def test_labels_of_worlds_follow_their_probabilities(make):
    worlds = make(np.random.default_rng(5), 20, 500, 1, 4, 3)
    drawn = np.eye(3)[worlds.labels]
    # Residuals have mean zero with any function of the input; 10,000 labels, five errors.
    residuals = (drawn - worlds.probs) * worlds.probs
    error = residuals.std(axis=(0, 1)) / 100
    assert (np.abs(residuals.mean(axis=(0, 1))) < 5 * error).all()


PROBS = np.random.default_rng(6).dirichlet([2.0, 1.0, 0.5], size=(2, 40))


@pytest.mark.parametrize(
    ("model", "inside", "unbiased"),
    [("Dirichlet", True, True), ("additive", False, True), ("on logits", True, False)],
)
def test_noise_has_its_level(model, inside, unbiased):
    rng = np.random.default_rng(7)
    labels = noisy_labels.Labels(model, 0.3)
    drawn = noisy_labels.targets(rng, PROBS, labels, 1, 400, "afresh")[:, 0].astype(float)
    apart = drawn - PROBS[:, None]
    onehot = np.mean(1 - np.sum(PROBS**2, axis=2))
    # 32,000 draws; the noise on logits is fitted with one draw for each of 80 probabilities.
    tolerance = 0.15 if model == "on logits" else 0.03
    assert np.mean(np.sum(apart**2, axis=-1)) == pytest.approx(0.3 * onehot, rel=tolerance)
    assert (((drawn >= 0).all()) and np.allclose(drawn.sum(axis=-1), 1, atol=1e-5)) == inside
    bias = np.sqrt(np.mean(apart.mean(axis=1) ** 2))
    error = apart.std() / np.sqrt(400)
    assert (bias < 1.2 * error) == unbiased


def test_exact_and_drawn_labels_and_labels_that_are_kept():
    rng = np.random.default_rng(9)
    exact = noisy_labels.targets(rng, PROBS, noisy_labels.Labels("exact", 0.0), 2, 3, "once")
    np.testing.assert_allclose(exact[1, 1, 2], PROBS[1], rtol=1e-6)
    drawn = noisy_labels.targets(rng, PROBS, noisy_labels.Labels("one-hot", 1.0), 2, 3, "once")
    assert (drawn.sum(axis=-1) == 1).all()
    assert (drawn[:, :, 0] == drawn[:, :, 2]).all()
    assert not (drawn[:, 0] == drawn[:, 1]).all()
    names = [one.name for one in noisy_labels.kinds((0.1, 1.0))]
    assert names == [
        "exact",
        "one-hot",
        "Dirichlet 0.1",
        "additive 0.1",
        "additive 1",
        "on logits 0.1",
        "on logits 1",
    ]


def test_rows_are_compared_trial_by_trial():
    values = np.array([[1.0, 2.0, 3.0], [0.5, 1.0, 2.5]])
    axes = [{"labels": ["a", "b"]}, {"trial": range(3)}]
    table = long_table({}, axes, {"auc": values})
    [gain] = compared(table, "a", "b", {"gain": "auc"})
    # 0.5, 1, 0.5; the unpaired difference would have a much larger deviation.
    assert gain.estimate.value == pytest.approx(2 / 3)
    assert gain.estimate.spread == pytest.approx(np.std([0.5, 1, 0.5], ddof=1))
    assert share_left(table, "b", "a", "auc", "share").estimate.value == pytest.approx(4 / 6)
    mixed = long_table({}, [{"labels": ["a", "b"], "trial": [0, 1]}], {"auc": [1.0, 2.0]})
    with pytest.raises(AssertionError, match="other trials"):
        compared(mixed, "a", "b", {"gain": "auc"})
