"""Gradient noise of any student: against targets drawn one by one, and against refusals."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.descent import GradientNoise, gradient_noise, noise, student_gradient_noise

pytestmark = pytest.mark.usefixtures("strict")

WEIGHTS = np.array([0.5, 0.3, 0.2])
FEATURES = np.array([[1.0, 0.5], [1.0, -1.0], [-0.5, 2.0]])
PROBS = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.0, 0.6, 0.4]])
POINT = np.array([[1.1, 0.4, -0.9], [-0.3, 0.8, 0.2]])
NUMBERS = {"num_labels_drawn": (2,), "concentration": 3.0, "variance": 0.04}


def targets(kind, probs):
    """All targets of a kind with their chances."""
    labels, signs = np.eye(3), itertools.product((-1.0, 1.0), repeat=3)
    if kind == "one-hot labels":
        return list(zip(probs, labels, strict=True))
    if kind == "mean of 2 labels":
        pairs = itertools.product(range(3), repeat=2)
        return [(probs[i] * probs[j], (labels[i] + labels[j]) / 2) for i, j in pairs]
    # Half the truth and half a label: the covariance of a Dirichlet(3 P), a fourth of one-hot's.
    if kind == "Dirichlet, a0 = 3":
        return [(p, (probs + label) / 2) for p, label in zip(probs, labels, strict=True)]
    moved = [0.2 * np.array(sign) for sign in signs]
    if kind == "centred, variance 0.04":
        moved = [move - move.mean() for move in moved]
    return [(1 / 8, probs + move) for move in moved]


def by_hand(kind, gradient):
    """E|g|^2, E|g - E g|^2 and |E g|, from the gradient for (input, target)."""
    law = [
        (weight * chance, gradient(x, target))
        for x, (weight, probs) in enumerate(zip(WEIGHTS, PROBS, strict=True))
        for chance, target in targets(kind, probs)
    ]
    mean = sum(chance * g for chance, g in law)
    square = sum(chance * (g**2).sum() for chance, g in law)
    spread = sum(chance * ((g - mean) ** 2).sum() for chance, g in law)
    return square, spread, np.sqrt((mean**2).sum())


def linear_gradient(x, target):
    odds = np.exp(FEATURES[x] @ POINT)
    return np.outer(FEATURES[x], target.sum() * odds / odds.sum() - target)


def network(parameters, example):
    """A hidden layer, and a temperature that only a chain rule gets right."""
    hidden = jnp.tanh(example["features"] @ parameters["first"])
    return jax.nn.log_softmax(hidden @ parameters["second"] * jnp.exp(parameters["log_scale"]))


def network_parameters():
    draw = np.random.default_rng(4).normal
    return {"first": draw(size=(2, 4)), "second": draw(size=(4, 3)), "log_scale": np.array(0.3)}


KINDS = (
    "one-hot labels",
    "mean of 2 labels",
    "Dirichlet, a0 = 3",
    "additive, variance 0.04",
    "centred, variance 0.04",
)


def check(found, gradient):
    for kind in KINDS:
        square, spread, length = by_hand(kind, gradient)
        np.testing.assert_allclose(found[kind].second_moment, square, rtol=1e-12)
        np.testing.assert_allclose(found[kind].variance, spread, rtol=1e-12)
        np.testing.assert_allclose(found.mean_gradient, length, rtol=1e-11)
        assert found[kind].probabilities == (kind[:3] not in ("add", "cen"))
    exact = found["exact labels"]
    assert exact.noise == 0
    assert (exact.second_moment, exact.variance) == (
        found.bayes_second_moment,
        found.bayes_variance,
    )
    onehot = found["one-hot labels"].noise
    for one in found.targets:
        # Noise is what is left of E|g|^2 without that of exact labels.
        np.testing.assert_allclose(one.noise, one.second_moment - exact.second_moment, atol=1e-13)
        mixed = [(1 - a) ** 2 * onehot + a**2 * one.noise for a in np.linspace(0, 1, 2001)]
        np.testing.assert_allclose(one.mixed_noise, min(mixed), atol=1e-6)
        np.testing.assert_allclose(one.best_amount, np.argmin(mixed) / 2000, atol=1e-3)
        np.testing.assert_allclose(one.share, one.noise / onehot, rtol=1e-15)
    # Additive noise is linear in its variance.
    unit = found["additive, variance 0.04"].noise / 0.04
    np.testing.assert_allclose(found.critical_variance * unit, onehot, rtol=1e-13)


def test_linear_softmax_by_all_targets():
    found = gradient_noise(FEATURES, PROBS, parameters=POINT, input_weights=WEIGHTS, **NUMBERS)
    check(found, linear_gradient)
    assert (found.num_inputs, found.num_labels, found.num_parameters) == (3, 3, 6)
    plain = json.loads(json.dumps(found.to_dict()))
    assert GradientNoise.from_dict(plain) == found
    lines = found.text().splitlines()
    assert [line for line in lines if "no probabilities" in line] == lines[6:8]
    assert f"{found['one-hot labels'].noise:.6g}" in lines[3]


def test_a_network_by_all_targets():
    parameters = network_parameters()
    examples = {"features": FEATURES}
    # Two examples in a batch: the last batch is filled up.
    found = student_gradient_noise(
        network, parameters, examples, PROBS, input_weights=WEIGHTS, batch_size=2, **NUMBERS
    )

    @jax.jit
    def gradient(features, target):
        ready = jax.tree.map(jnp.asarray, parameters)
        slope = jax.grad(lambda p: -jnp.dot(target, network(p, {"features": features})))(ready)
        return jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(slope)])

    check(found, lambda x, target: np.asarray(gradient(FEATURES[x], target)))
    assert found.num_parameters == 21


def test_both_doors_lead_to_the_same_room():
    """Covariances of one's own, a pinned logit, and batches of one."""
    root = np.random.default_rng(1).normal(size=(3, 3, 3))
    own = root @ root.transpose(0, 2, 1)

    def pinned(parameters, features):
        return jax.nn.log_softmax(jnp.append(features @ parameters, 0.0))

    known = {"input_weights": WEIGHTS, "covariances": own, **NUMBERS}
    one = gradient_noise(
        FEATURES, PROBS, parameters=POINT[:, :2], pinned=True, batch_size=1, **known
    )
    other = student_gradient_noise(pinned, POINT[:, :2], FEATURES, PROBS, **known)
    for ours, theirs in zip(one.targets, other.targets, strict=True):
        assert ours.title == theirs.title
        np.testing.assert_allclose(ours.noise, theirs.noise, rtol=1e-12)
    # A root of the covariance, column by column: tr(J S J') is the sum of |J r|^2.
    table = np.stack([linear_scores(x) for x in range(3)])
    expected = np.einsum("i,ipc->", WEIGHTS, (table @ root) ** 2)
    np.testing.assert_allclose(one["targets of your own"].noise, expected, rtol=1e-12)


def linear_scores(x):
    """J with the last logit pinned: phi times (e_k - p) without its last entry."""
    odds = np.exp(np.append(FEATURES[x] @ POINT[:, :2], 0.0))
    slopes = (np.eye(3) - (odds / odds.sum())[:, None])[:2]
    return np.einsum("d,lk->dlk", FEATURES[x], slopes).reshape(4, 3)


def test_without_parameters_the_student_answers_the_truth():
    found = gradient_noise([[3.0], [1.0]], [[0.5, 0.5], [1.0, 0.0]], variance=0.1)
    # (9 * 1/2 + 0)/2; nothing is left at the optimum, and a certain label has no noise.
    np.testing.assert_allclose(found["one-hot labels"].noise, 2.25, rtol=1e-15)
    assert (found.bayes_second_moment, found.bayes_variance, found.mean_gradient) == (0, 0, 0)
    # 0.1 (9 (2/4 + 2/4) + (0 + 2 * 1))/2 with K - 2 + K |p|^2 = 1 and 2.
    np.testing.assert_allclose(found["additive, variance 0.1"].noise, 0.55, rtol=1e-14)
    # One input whose student answers the truth in all: no critical variance.
    certain = gradient_noise([[1.0]], [[1.0]])
    assert certain.critical_variance == np.inf
    assert certain["one-hot labels"].share is None


def test_rare_labels_do_not_cancel():
    """P_2 = 1e-12: 2 (P_2 - P_2^2) exactly, in a sum that rounds at 1e-16."""
    rare = gradient_noise([[1.0]], [[1 - 1e-12, 1e-12]])
    np.testing.assert_allclose(rare["one-hot labels"].noise, 2e-12, rtol=1e-11)


GOOD = {"features": FEATURES, "label_probs": PROBS}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_probs": PROBS[:2]}, "label_probs: got 2 rows"),
        ({"label_probs": 2 * PROBS}, "label_probs: got row"),
        ({"input_weights": [0.5, 0.5]}, "input_weights: got 2 entries"),
        ({"parameters": POINT.T}, r"parameters: got shape \(3, 2\)"),
        ({"parameters": POINT, "pinned": True}, r"expected \(2, 2\)"),
        ({"num_labels_drawn": 0}, "num_labels_drawn: got 0"),
        ({"concentration": [1.0, 0.0]}, "concentration: got 0"),
        ({"variance": -0.1}, "variance: got -0.1"),
        ({"covariances": np.eye(3)}, "covariances: got an array of shape"),
        ({"covariances": np.ones((3, 2, 2))}, r"covariances: got shape \(3, 2, 2\)"),
        ({"covariances": np.stack([np.eye(3), -np.eye(3), np.eye(3)])}, r"covariances\[1\]"),
        ({"batch_size": 0}, "batch_size: got 0"),
    ],
)
def test_arrays_refused(change, message):
    with pytest.raises(InputError, match=message):
        gradient_noise(**{**GOOD, **change})


@pytest.mark.parametrize(
    ("log_probs", "message"),
    [
        ("softmax", "log_probs: got str"),
        (lambda p, x: x @ p, "probabilities that sum to"),
        (lambda p, x: jax.nn.log_softmax(x @ p)[:2], r"got shape \(2,\)"),
        (lambda p, x: {"logits": x @ p}, "got no array"),
        (lambda p, x: p @ x[None, None], "on one example"),
        # The square root of zero has no slope, and the values are fine.
        (
            lambda p, x: jax.nn.log_softmax(x @ p + jnp.sqrt(jnp.sum((p - p) ** 2))),
            "derivatives that are not finite",
        ),
    ],
)
def test_students_refused(log_probs, message):
    with pytest.raises(InputError, match=message):
        student_gradient_noise(log_probs, POINT, FEATURES, PROBS)


def test_no_program_is_left():
    student_gradient_noise(
        lambda p, x: jax.nn.log_softmax(x @ p), POINT, FEATURES, PROBS, batch_size=2
    )
    assert all(program._cache_size() == 0 for program in noise._PROGRAMS)
