"""Exact sums over boxes, against grids and against scikit-learn."""

import numpy as np
import pytest
from scipy import special
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from kdtheory.replications import _slab


def eta(first, second):
    return special.expit(2 * np.maximum(np.abs(first), np.abs(second)) - 1)


def midpoints(low, high, count):
    width = (high - low) / count
    return low + width * (np.arange(count) + 0.5), width


@pytest.fixture(scope="module")
def plane():
    """The plane as cells of equal mass: the means of functions with jumps are good to 1e-3."""
    centres = special.ndtri((np.arange(500) + 0.5) / 500)
    return np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)


@pytest.fixture(scope="module")
def sample():
    return _slab.draw(np.random.default_rng(3), 100)


def forest_of(sample, depth, state):
    model = RandomForestClassifier(3, max_depth=depth, random_state=state).fit(*sample)
    return model, [_slab.leaves(one.tree_, model.classes_) for one in model.estimators_]


def at(boxes, points):
    """A function that is constant on boxes, point by point."""
    inside = (points[:, None] > boxes.low) & (points[:, None] <= boxes.high)
    inside = inside.all(axis=2)
    assert np.all(inside.sum(axis=1) == 1)  # every point is in one box
    return inside @ boxes.values


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([0.2, 0.7], [0.9, 2.0]),  # above the diagonal
        ([-0.4, 0.3], [1.5, 0.8]),  # across the diagonal and an axis
        ([-3.0, -1.2], [-1.0, -0.1]),
        ([-np.inf, -0.5], [0.25, np.inf]),
    ],
)
def test_the_mass_of_a_box_is_that_of_a_grid(low, high):
    [share], [positive] = _slab.masses(_slab.Leaves(np.array([low]), np.array([high]), np.ones(1)))
    # Beyond 6 there is less than 2e-9. The midpoint rule is off by h**2/24 times the change of the
    # slope across the box: 0.01**2/24 < 5e-6, and by as much at the kinks on the diagonals.
    (x, across), (y, up) = (
        midpoints(max(a, -6.0), min(b, 6.0), 1200) for a, b in zip(low, high, strict=True)
    )
    x, y = np.meshgrid(x, y)
    density = np.exp(-(x**2 + y**2) / 2) / (2 * np.pi) * across * up
    assert share == pytest.approx(density.sum(), abs=1e-5)
    assert positive == pytest.approx((density * eta(x, y)).sum(), abs=1e-5)


def test_moments_and_the_best_auc_are_those_of_the_largest_coordinate():
    # P(max <= t) = (2 Phi(t) - 1)**2 is uniform, so that t = ndtri((1 + sqrt(u))/2).
    share, _ = midpoints(0.0, 1.0, 200_000)
    truth = special.expit(2 * special.ndtri((1 + np.sqrt(share)) / 2) - 1)
    for power in (0, 1, 2):
        assert _slab.truth_moment(power) == pytest.approx(np.mean(truth**power), abs=1e-7)
    below = np.cumsum(1 - truth) - (1 - truth) / 2  # truth increases; one half of a tie
    assert _slab.bayes_auc() == pytest.approx(
        np.sum(truth * below) / (truth.sum() * (1 - truth).sum()), abs=1e-7
    )


@pytest.mark.parametrize("depth", [1, 3, 16])
def test_the_boxes_of_a_forest_predict_what_it_predicts(sample, depth):
    points = np.random.default_rng(0).normal(size=(300, 2))
    model, boxes = forest_of(sample, depth, 5)
    mean = np.mean([at(tree, points) for tree in boxes], axis=0)
    np.testing.assert_allclose(mean, model.predict_proba(points)[:, 1], atol=1e-12)
    for tree in boxes:
        share, positive = _slab.masses(tree)
        assert share.sum() == pytest.approx(1.0, abs=1e-12)
        assert positive.sum() == pytest.approx(_slab.truth_moment(1), abs=1e-12)


def test_a_classifier_that_saw_one_label_predicts_it():
    model = DecisionTreeClassifier().fit(np.eye(2), [0, 0])
    assert _slab.leaves(model.tree_, model.classes_).values.tolist() == [0.0]


def test_the_error_of_a_forest_is_that_on_a_grid(sample, plane):
    (one, boxes), (other, others) = forest_of(sample, 8, 1), forest_of(sample, 4, 2)
    errors, further = (m.predict_proba(plane) - truth_of(plane) for m in (one, other))
    assert _slab.error_product(boxes, boxes) == pytest.approx(
        np.mean(np.sum(errors**2, axis=1)), abs=1e-3
    )
    assert _slab.error_product(boxes, others) == pytest.approx(
        np.mean(np.sum(errors * further, axis=1)), abs=1e-3
    )


def truth_of(points):
    positive = eta(*points.T)
    return np.stack([1 - positive, positive], axis=1)


def test_the_error_of_a_tree_with_one_split_is_found_by_hand():
    # Either half of the plane has half of the mass and half of the positives, whichever the axis:
    # 2 ((a**2 + b**2)/2 - (a + b) E eta + E eta**2) over both classes.
    low, high = np.array([[-np.inf] * 2, [-np.inf, 0.0]]), np.array([[np.inf, 0.0], [np.inf] * 2])
    tree = _slab.Leaves(low, high, np.array([0.2, 0.9]))
    mean, square = _slab.truth_moment(1), _slab.truth_moment(2)
    assert _slab.error_product([tree], [tree]) == pytest.approx(
        0.2**2 + 0.9**2 - 2 * 1.1 * mean + 2 * square, abs=1e-12
    )


def test_the_error_of_two_forests_in_one_is_made_of_their_products(sample):
    (_, one), (_, other) = forest_of(sample, 4, 1), forest_of(sample, 8, 2)
    parts = [_slab.error_product(*pair) for pair in ((one, one), (one, other), (other, other))]
    both = _slab.error_product([*one, *other], [*one, *other])
    assert both == pytest.approx((parts[0] + 2 * parts[1] + parts[2]) / 4, abs=1e-12)


def test_the_auc_of_boxes_is_that_of_weighted_examples(sample):
    inputs, labels = sample
    boxes = _slab.leaves(DecisionTreeRegressor(max_depth=4).fit(inputs, labels).tree_)
    assert len(set(boxes.values)) < len(boxes.values)  # there are ties
    share, positive = _slab.masses(boxes)
    ones = np.repeat([1, 0], len(share))
    weights = np.append(positive, share - positive)
    expected = roc_auc_score(ones, np.tile(boxes.values, 2), sample_weight=weights)
    assert _slab.auc(boxes) == pytest.approx(expected, abs=1e-12)
    # Means of the same numbers, added in another order, still tie.
    shaken = boxes._replace(values=boxes.values * (1 + 1e-15 * np.arange(len(share))))
    assert _slab.auc(shaken) == pytest.approx(expected, abs=1e-12)
    backwards = boxes._replace(values=-boxes.values)
    assert _slab.auc(backwards) == pytest.approx(1 - expected, abs=1e-12)


def test_the_auc_of_boxes_is_that_of_a_large_sample(sample, plane):
    inputs, labels = sample
    model = DecisionTreeRegressor(max_depth=4).fit(inputs, labels)
    truth, scores = eta(*plane.T), model.predict(plane)
    weights, ones = np.append(truth, 1 - truth), np.repeat([1, 0], len(plane))
    expected = roc_auc_score(ones, np.tile(scores, 2), sample_weight=weights)
    assert _slab.auc(_slab.leaves(model.tree_)) == pytest.approx(expected, abs=1e-3)
    assert _slab.auc(_slab.leaves(model.tree_)) < _slab.bayes_auc()


def test_labels_are_drawn_by_their_probabilities():
    inputs, labels = _slab.draw(np.random.default_rng(1), 20_000)
    truth = eta(*inputs.T)
    np.testing.assert_allclose(_slab.class_probability(inputs), truth, atol=1e-12)
    for side in (truth < 0.5, truth >= 0.5):
        off = labels[side].mean() - truth[side].mean()
        assert abs(off) < 4 * 0.5 / np.sqrt(side.sum())
