import dataclasses
import itertools

import jax
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import optimize, special
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from kdtheory.replications import _distorted_teachers as distorting
from kdtheory.replications import _softmax_students as linear
from kdtheory.replications import menon_figure_4b
from kdtheory.replications.records import Outcome, Verdict, silent, stack

STUDY = menon_figure_4b.STUDY
TINY = dataclasses.replace(
    STUDY.sizes["small"],
    trials=2,
    together=1,
    steps=20,
    pool=1400,
    amounts=(0.0, 0.5),
    noises=(0.0, 2.0),
)


# --- students -----------------------------------------------------------------------------------


def test_students_minimise_their_objective():
    random = np.random.default_rng(0)
    inputs = random.standard_normal((2, 9, 4))
    targets = random.dirichlet(np.full(3, 0.3), (2, 9, 2))
    # A label that no target of one teacher has.
    targets[0, :, 0] = [0.25, 0.75, 0.0]
    found = np.asarray(linear.fit(inputs, targets, 0.5))
    assert found.shape == (2, 5, 2, 3)
    for trial, teacher in np.ndindex(2, 2):
        table = targets[trial, :, teacher]

        def objective(weights, trial=trial, table=table):
            matrix = weights.reshape(5, 3)
            scores = inputs[trial] @ matrix[:4] + matrix[4]
            loss = special.logsumexp(scores, axis=1).sum() - np.sum(table * scores)
            return loss + 0.25 * np.sum(weights**2)

        best = optimize.minimize(objective, np.zeros(15), method="BFGS", options={"gtol": 1e-6})
        ours = found[trial, :, teacher].ravel()
        np.testing.assert_allclose(ours, best.x, atol=1e-5)
        assert objective(ours) <= best.fun + 1e-10


def test_areas():
    random = np.random.default_rng(1)
    labels = random.integers(4, size=(2, 60))
    onehot = np.eye(4)[labels]
    # Rounded, so that there are ties.
    scores = np.round(random.standard_normal((2, 60, 3, 4)) + onehot[:, :, None], 1)
    probs = special.softmax(scores, axis=-1)
    one_each, pooled = linear.areas(probs, onehot)
    for trial, teacher in np.ndindex(2, 3):
        own = probs[trial, :, teacher]
        macro = roc_auc_score(labels[trial], own, multi_class="ovr", average="macro")
        assert one_each[trial, teacher] == pytest.approx(macro, abs=1e-12)
        every = roc_auc_score(onehot[trial].ravel(), own.ravel())
        assert pooled[trial, teacher] == pytest.approx(every, abs=1e-12)


# --- teachers -----------------------------------------------------------------------------------


def test_two_labels_are_distorted_as_printed():
    random = np.random.default_rng(2)
    logit = random.standard_normal(20_000)
    probs = special.expit(np.stack([logit, -logit], axis=1))
    draws = random.standard_normal(probs.shape)
    found = distorting.distorted(probs, 0.3, 2.0, draws)
    noise = special.logit((found[:, 0] - 0.15) / 0.7) - logit
    # Eq. 16 with sigma^2 = 2: independent of the logit, of standard deviation 2 +- 2/sqrt(2n).
    assert noise.std() == pytest.approx(2.0, abs=5 * 2 / np.sqrt(40_000))
    assert abs(np.corrcoef(noise, logit)[0, 1]) < 5 / np.sqrt(20_000)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_error_of_bias_only():
    probs = np.array([[0.7, 0.2, 0.1]])
    made = distorting.distorted(probs, 0.5, 0.0, np.ones((1, 3)))
    np.testing.assert_allclose(made, [[0.35 + 1 / 6, 0.1 + 1 / 6, 0.05 + 1 / 6]])
    # alpha^2 |p - 1/3|^2 = 0.25 (0.54 - 1/3)
    assert distorting.squared_error(probs, made) == pytest.approx(0.25 * (0.54 - 1 / 3))


@pytest.mark.parametrize("amount", [0.25, 0.9])
def test_noise_of_the_same_error_as_bias(amount):
    random = np.random.default_rng(3)
    probs = random.dirichlet(np.ones(4), 30)
    draws = random.standard_normal(probs.shape)
    noise = distorting.matched_noise(probs, amount, draws)
    error = distorting.squared_error(probs, distorting.distorted(probs, 0.0, noise, draws))
    expected = amount**2 * np.mean(np.sum((probs - 0.25) ** 2, axis=1))
    assert error == pytest.approx(expected, rel=1e-9)


def test_least_certain_inputs():
    # Entropy and largest probability disagree about the first two.
    probs = np.array([[[0.5, 0.5, 0.0], [0.55, 0.23, 0.22], [0.9, 0.1, 0.0], [1 / 3] * 3]])
    assert distorting.least_certain(probs, 2, largest=False).tolist() == [[3, 1]]
    assert distorting.least_certain(probs, 3, largest=True).tolist() == [[3, 0, 1]]


def test_teachers_are_not_asked_about_what_they_were_taught():
    reading = distorting.Reading("binary", binary=True)
    random = np.random.default_rng(4)
    found = distorting._teachers(reading, TINY, [random])
    bunch = load_digits()
    order = np.random.default_rng(4).permutation(1797)
    np.testing.assert_allclose(found.pixels[0] * 16, bunch.data[order[100:]])
    assert found.labels[0].tolist() == np.eye(2)[bunch.target[order[100:]] % 2].tolist()
    assert found.probs.shape == (1, 1697, 2)
    np.testing.assert_allclose(found.probs.sum(axis=-1), 1.0)


# --- judgement ----------------------------------------------------------------------------------


def planted(area, spread=0.0005):
    """Tables of one reading: an area for every bias, noise and kind, and a little noise."""
    random = np.random.default_rng(5)
    rows = []
    for trial in range(8):
        cells = list(itertools.product((0.0, 0.5), (0.0, 1.0, 2.0)))
        kinds = [(menon_figure_4b.named(*cell), *cell) for cell in cells]
        kinds.append((menon_figure_4b.equal_to(0.5), 0.0, 0.7))
        kinds.append((menon_figure_4b.ONE_HOT, 0.0, 0.0))
        for kind, bias, noise in kinds:
            error = bias**2 + noise**2 / 4
            value = area(bias, noise) + spread * random.standard_normal()
            row = {"reading": "one", "trial": trial, "teacher": kind, "bias": bias, "noise": noise}
            rows.append(row | dict.fromkeys(("mse", "mse_tests"), error))
            rows[-1] |= dict.fromkeys(("auc", "auc_pooled"), value)
    return {"students": stack(rows), "teachers": stack([{"reading": "one", "samples": 3}])}


def verdicts(tables):
    outcome = Outcome(STUDY, "small", TINY, 0, tables)
    return [outcome.verdict(statement.key) for statement in STUDY.statements]


R, N, U = Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (lambda bias, noise: 0.9 - 0.05 * bias**2 - 0.1 * noise**2, [R, R, R]),
        # The better the further from the original; noise does less harm than bias.
        (lambda bias, noise: 0.5 + 0.2 * bias**2 + 0.05 * noise**2 - 0.2 * bias, [N, N, N]),
        # The original's student is worse by more than the margin.
        (lambda bias, noise: 0.9 - 0.1 * noise + 0.02 * bias, [R, N, R]),
    ],
)
def test_verdicts(area, expected):
    assert verdicts(planted(area)) == expected


def test_noise_decides_nothing():
    assert verdicts(planted(lambda bias, noise: 0.9, spread=0.05)) == [U, U, U]


# --- the study ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readings():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(menon_figure_4b, "READINGS", menon_figure_4b.READINGS[:2])
        patch.setattr(menon_figure_4b, "DRAWN", (menon_figure_4b.READINGS[0].name,))
        yield


@pytest.fixture(scope="module")
def tables(readings):
    return STUDY.simulate(TINY, 0, silent)


def same(some, other):
    pairs = [(some[name].columns, other[name].columns) for name in some]
    return all(np.array_equal(a[name], b[name]) for a, b in pairs for name in a)


@pytest.mark.usefixtures("readings")
def test_seeds(tables):
    steps = []
    assert same(tables, STUDY.simulate(TINY, 0, lambda *step: steps.append(step)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert not same(tables, STUDY.simulate(TINY, 1, silent))


def test_tables(tables):
    students = tables["students"]
    # Four of the grid, one of equal error, and the labels; two trials, two readings.
    assert len(students) == 6 * 2 * 2
    original = students.where(teacher="bias 0, noise 0")
    assert original["mse"] == pytest.approx(0.0, abs=1e-20)
    assert original["mse_tests"] == pytest.approx(0.0, abs=1e-20)
    bias, noise = (
        students.where(teacher=kind) for kind in ("bias 0.5, noise 0", "noise for bias 0.5")
    )
    np.testing.assert_allclose(bias["mse"], noise["mse"], rtol=1e-9)
    assert np.all(noise["noise"] > 0)
    # 2500 of 60000 is one in 24.
    assert tables["teachers"]["samples"].tolist() == [58] * 4
    # Readings share the teachers; the students differ.
    readings = [students.where(reading=name) for name in students.distinct("reading")]
    np.testing.assert_array_equal(readings[0]["mse"], readings[1]["mse"])
    assert not np.any(readings[0]["auc"] == readings[1]["auc"])


def test_areas_of_the_tables(tables):
    # The students of labels, trained once more and judged by scikit-learn.
    [random] = [np.random.default_rng([0, 1])]
    reading = menon_figure_4b.READINGS[0]
    found = distorting._teachers(reading, TINY, [random])
    certainty = np.sum(special.xlogy(found.probs[0, :1400], found.probs[0, :1400]), axis=1)
    rows = np.argsort(certainty)[:58]
    with jax.enable_x64(True):
        fitted = linear.fit(found.pixels[:, rows], found.labels[:, rows, None], reading.penalty)
    weights = np.asarray(fitted)[0, :, 0]
    scores = special.softmax(found.pixels[0, 1400:] @ weights[:-1] + weights[-1], axis=1)
    expected = roc_auc_score(found.labels[0, 1400:].argmax(1), scores, multi_class="ovr")
    row = tables["students"].where(reading=reading.name, trial=1, teacher="labels")
    assert row["auc"] == pytest.approx(expected, abs=1e-4)
    hits = found.probs[0, 1400:].argmax(1) == found.labels[0, 1400:].argmax(1)
    own = tables["teachers"].where(reading=reading.name, trial=1)
    assert own["accuracy"] == pytest.approx(hits.mean())


def test_drawing(tables):
    figure = Figure(layout="constrained")
    STUDY.draw(tables, figure)
    # Two biases and the labels; a line for every reading, and one at zero.
    assert [len(ax.lines) for ax in figure.axes] == [3, 0, 0, 3]
