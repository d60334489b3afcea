"""Forests as teachers: what is fitted, what is judged, what is drawn."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from planted_forests import planted, verdicts
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from kdtheory._check import InputError
from kdtheory.replications import _forests, _slab
from kdtheory.replications.menon_figure_3 import STUDY
from kdtheory.replications.records import silent

OF_LABELS, OF_TRUTH = _forests.FORESTS[0], _forests.FORESTS[4]
TINY = _forests.Config(trials=4, larger=((200, 4),))


def simulate(seed, told=silent, config=TINY):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_forests, "FORESTS", (OF_LABELS, OF_TRUTH))
        return STUDY.simulate(config, seed, told)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def tables(told):
    return simulate(0, lambda *progress: told.append(progress))


@pytest.fixture(scope="module")
def sample():
    return _forests._Sample.draw(np.random.default_rng(2), 100)


@pytest.mark.parametrize("forest", _forests.FORESTS[2:6])
def test_a_teacher_is_fitted_to_its_sample_and_asked_where_its_students_are(sample, forest):
    fitted = _forests._Fitted.to(sample, forest, 3)
    features, bootstrap = {2: (2, True), 3: (2, False), 4: (1, True), 5: (1, False)}[
        _forests.FORESTS.index(forest)
    ]
    options = {"max_features": features, "bootstrap": bootstrap, "max_depth": 3}
    options["random_state"] = sample.state
    if forest.target == "labels":
        model = RandomForestClassifier(3, **options).fit(sample.inputs, sample.labels)
    else:
        truth = _slab.class_probability(sample.inputs)
        model = RandomForestRegressor(3, **options).fit(sample.inputs, truth)

    def predict(points):
        if forest.target == "labels":
            return model.predict_proba(points)[:, 1]
        return model.predict(points)

    np.testing.assert_allclose(fitted.probs["S"], predict(sample.inputs), atol=1e-12)
    np.testing.assert_allclose(fitted.probs["fresh inputs"], predict(sample.fresh), atol=1e-12)
    points = np.random.default_rng(7).normal(size=(40_000, 2))
    errors = 2 * (predict(points) - _slab.class_probability(points)) ** 2
    assert abs(fitted.mse - errors.mean()) < 4 * errors.std() / 200


def leaf_values(boxes, points):
    inside = np.all((points[:, None] > boxes.low) & (points[:, None] <= boxes.high), axis=2)
    return inside @ boxes.values


def weighted(sample, criterion, inputs, probs):
    model = DecisionTreeClassifier(max_depth=4, criterion=criterion, random_state=sample.state)
    ones, weights = np.repeat([0, 1], len(inputs)), np.append(1 - probs, probs)
    return model.fit(np.tile(inputs, (2, 1)), ones, sample_weight=weights)


@pytest.mark.parametrize("student", _forests.STUDENTS)
def test_a_student_is_fitted_to_the_probabilities_of_its_teacher(sample, student):
    fitted = _forests._Fitted.to(sample, OF_LABELS, 8)
    inputs = {"S": sample.inputs, "fresh inputs": sample.fresh}[student.sample]
    probs = fitted.probs[student.sample]
    boxes = _forests._student(student, sample, probs)
    points = np.random.default_rng(4).normal(size=(500, 2))
    if student.loss == "squares":
        model = DecisionTreeRegressor(max_depth=4, random_state=sample.state).fit(inputs, probs)
        expected = model.predict(points)
    else:
        expected = weighted(sample, "entropy", inputs, probs).predict_proba(points)[:, 1]
    np.testing.assert_allclose(leaf_values(boxes, points), expected, atol=1e-12)


def test_the_gini_index_of_weighted_examples_makes_the_student_of_squares(sample):
    probs = np.random.default_rng(5).random(100)
    boxes = _forests._student(_forests.STUDENTS[0], sample, probs)
    other = weighted(sample, "gini", sample.inputs, probs)
    # Between the examples they may differ: two examples may be parted along either axis.
    expected = other.predict_proba(sample.inputs)[:, 1]
    np.testing.assert_allclose(leaf_values(boxes, sample.inputs), expected, atol=1e-12)


def constant(value):
    ends = np.full((1, 2), np.inf)
    tree = _slab.Leaves(-ends, ends, np.array([value]))
    return _forests._Fitted([tree], _slab.error_product([tree], [tree]), {})


def test_bias_and_variance_of_two_constants_are_found_by_hand():
    # Over both classes: 2 (ab - (a + b) E eta + E eta**2), and half of 2 (a - b)**2.
    found = _forests._tradeoff(constant(0.2), constant(0.7))
    mean, square = _slab.truth_moment(1), _slab.truth_moment(2)
    assert found["squared_bias"] == pytest.approx(2 * (0.14 - 0.9 * mean + square), abs=1e-12)
    assert found["variance"] == pytest.approx(0.25, abs=1e-12)


def test_the_population_is_told_by_two_moments(tables):
    value = dict(zip(*tables["population"].columns.values(), strict=True))
    share = value["share of positives"]
    assert value["MSE of the constant share"] == pytest.approx(constant(share).mse, abs=1e-12)
    # One-hot labels: E (1 - eta)**2 eta + eta**2 (1 - eta) = E eta (1 - eta), for either class.
    inputs = np.random.default_rng(0).normal(size=(100_000, 2))
    truth = _slab.class_probability(inputs)
    one_hot = 2 * truth * (1 - truth)
    off = value["MSE of one-hot labels"] - one_hot.mean()
    assert abs(off) < 4 * one_hot.std() / np.sqrt(len(inputs))


def test_rows_hold_together(tables, told):
    assert told == [(done, 8) for done in range(1, 9)]
    assert {name: len(table) for name, table in tables.items()} == {
        "teachers": 4 * 5 * 2 + 4 * 5,
        "students": 4 * 5 * (3 + 2) + 4 * 5,
        "pairs": 2 * 5 * 2 + 2 * 5,
        "references": 4 * 2 + 4 * 2,
        "population": 4,
    }
    # What a pair says of bias and variance adds up to the mean error of its two trials.
    named = {"num_samples": 100, "target": "labels", "depth": 8}
    errors = tables["teachers"].where(**named)["mse"]
    pairs = tables["pairs"].where(**named)
    assert pairs["trial"].tolist() == [1, 3]
    np.testing.assert_allclose(
        pairs["squared_bias"] + pairs["variance"], errors.reshape(2, 2).mean(axis=1)
    )
    # Fitted to the truth itself, a teacher is closer to it, and the student of Bayes
    # probabilities does better than that of one-hot labels.
    deep = {"num_samples": 100, "depth": 16}
    errors = {t: tables["teachers"].where(target=t, **deep)["mse"].mean() for t in TARGETS}
    assert errors["Bayes probabilities"] < errors["labels"]
    scores = tables["references"].where(num_samples=100)
    assert scores.where(labels="Bayes")["auc"].mean() > scores.where(labels="one-hot")["auc"].mean()


TARGETS = ("labels", "Bayes probabilities")


def test_a_seed_is_a_run(tables):
    def plain(found):
        return {name: {k: v.tolist() for k, v in t.columns.items()} for name, t in found.items()}

    assert plain(simulate(0)) == plain(tables)
    other = simulate(1, config=_forests.Config(trials=4, larger=()))
    for name, column in (("teachers", "mse"), ("students", "auc"), ("references", "auc")):
        here = tables[name].where(num_samples=100)
        assert np.mean(other[name][column] != here[column]) > 0.9


def test_trials_come_in_fours_at_least():
    with pytest.raises(InputError, match="trials"):
        STUDY.simulate(_forests.Config(trials=3, larger=()), 0, silent)


# --- judgement ------------------------------------------------------------------------------------

BEST_AT_8 = {"mse": [0.5, 0.4, 0.3, 0.2, 0.3], "auc": [0.6, 0.6, 0.65, 0.7, 0.65]}
DEEPER = {"squared_bias": [0.5, 0.4, 0.3, 0.2, 0.1], "variance": [0.1, 0.2, 0.3, 0.4, 0.5]}


def test_what_the_text_says_is_replicated_where_it_is_so():
    assert verdicts(STUDY, planted(**BEST_AT_8, **DEEPER)) == dict.fromkeys(
        (statement.key for statement in STUDY.statements), {"replicated"}
    )


@pytest.mark.parametrize(
    ("changed", "statement"),
    [
        ({"mse": [0.5, 0.4, 0.1, 0.2, 0.3]}, "least_error"),
        ({"mse": [0.5, 0.4, 0.3, 0.2, 0.1]}, "noise_free_error"),
        ({"auc": [0.6, 0.6, 0.75, 0.7, 0.65]}, "best_student"),
        ({"auc": [0.6, 0.6, 0.65, 0.7, 0.75]}, "noise_free_student"),
        ({"mse": [0.1, 0.4, 0.3, 0.2, 0.3]}, "coincide"),
        ({"squared_bias": [0.1, 0.2, 0.3, 0.4, 0.5]}, "tradeoff"),
        ({"variance": [0.5, 0.4, 0.3, 0.2, 0.1]}, "tradeoff"),
    ],
)
def test_it_is_not_where_it_is_otherwise(changed, statement):
    found = verdicts(STUDY, planted(**BEST_AT_8 | DEEPER | changed))
    assert found[statement] == {"not replicated from the description"}


def test_the_best_depths_may_coincide_elsewhere():
    tables = planted(mse=[0.5, 0.1, 0.3, 0.2, 0.3], auc=[0.6, 0.8, 0.65, 0.7, 0.65], **DEEPER)
    found = verdicts(STUDY, tables)
    assert found["coincide"] == {"replicated"}
    assert found["least_error"] == found["best_student"] == {"not replicated from the description"}


def test_what_noise_hides_is_undecided():
    tables = planted(**BEST_AT_8, **DEEPER, noise=2.0)
    assert set().union(*verdicts(STUDY, tables).values()) == {"undecided"}


def test_other_sample_sizes_are_not_judged():
    here = planted(**BEST_AT_8, **DEEPER)
    there = planted(mse=[1.0] * 5, auc=[0.5] * 5, num_samples=1000, **DEEPER)
    both = {name: joined(here[name], there[name]) for name in here}
    assert verdicts(STUDY, both) == verdicts(STUDY, here)


def joined(one, other):
    columns = one.columns.keys()
    return type(one)({name: np.append(one[name], other[name]) for name in columns})


def test_every_reading_is_drawn(tables):
    figure = Figure()
    STUDY.draw(tables, figure)
    above, scores, below, _ = figure.axes
    assert [line.get_label() for line in below.get_lines()][::2] == ["N = 100", "N = 200"]
    mean = tables["teachers"].where(num_samples=100, target="labels")
    drawn = above.get_lines()[0].get_ydata()
    np.testing.assert_allclose(drawn, mean.pivot("trial", "depth", "mse").mean(axis=0))
    # Two targets, three and two students; the students of one-hot labels and Bayes probabilities.
    assert len(scores.get_lines()) == 5 + 2
    figure.draw_without_rendering()
