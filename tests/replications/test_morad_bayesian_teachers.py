"""Teachers against closed forms, quadrature and enumeration; and what is read off their tables."""

import dataclasses

import jax
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import linalg, special, stats

from kdtheory.replications import _bayesian_teachers as teachers
from kdtheory.replications import _class_worlds as class_worlds
from kdtheory.replications import _teacher_training as teacher_training
from kdtheory.replications import morad_bayesian_teachers as study
from kdtheory.replications._long_tables import joined, long_table
from kdtheory.replications.records import Outcome, Verdict, silent

RNG = np.random.default_rng(3)


def test_an_average_is_of_probabilities():
    probs = RNG.dirichlet(np.ones(3), size=(2, 4, 5))
    found = np.exp(teachers.averaged(np.log(probs), axis=1))
    np.testing.assert_allclose(found, probs.mean(axis=1), rtol=1e-12)


def test_the_fitted_temperature_undoes_a_factor():
    logits = RNG.normal(size=(20_000, 4))
    labels = class_worlds.drawn_labels(RNG, special.softmax(logits, axis=1))
    # Logits three times too large ask for temperature 3; 20,000 labels determine it to 2 %.
    assert teachers.fitted_temperature(3 * logits, labels) == pytest.approx(3.0, rel=0.06)


UNITS = np.column_stack([RNG.normal(size=(12, 2)), np.ones(12)])
WEIGHTS = RNG.normal(size=(3, 4))
LABELS = RNG.integers(4, size=12)
LAYER = teachers.last_layer(WEIGHTS, UNITS, LABELS)
HESSIAN = LAYER.eigenvectors @ np.diag(LAYER.eigenvalues) @ LAYER.eigenvectors.T


def summed_loss(flat):
    log_probs = jax.nn.log_softmax(UNITS @ flat.reshape(3, 4))
    return -log_probs[np.arange(12), LABELS].sum()


def test_the_curvature_of_the_last_layer_is_the_second_derivative():
    np.testing.assert_allclose(
        HESSIAN, jax.jit(jax.hessian(summed_loss))(WEIGHTS.ravel()), atol=1e-10
    )
    assert -float(summed_loss(WEIGHTS.ravel())) == pytest.approx(LAYER.log_likelihood, rel=1e-12)


def test_the_evidence_is_the_integral_of_the_expansion():
    # Likelihood and prior at the weights, times the integral of exp(-d (H + lambda) d / 2).
    for precision in (0.1, 3.0):
        prior = stats.norm(scale=precision**-0.5).logpdf(WEIGHTS).sum()
        _, determinant = np.linalg.slogdet(HESSIAN + precision * np.eye(12))
        expected = LAYER.log_likelihood + prior + 6 * np.log(2 * np.pi) - determinant / 2
        assert LAYER.log_evidence(precision) == pytest.approx(expected, rel=1e-10)
    grid = np.exp(np.linspace(-9, 9, 2001))
    best = grid[np.argmax([LAYER.log_evidence(one) for one in grid])]
    assert LAYER.best_precision() == pytest.approx(best, rel=0.02)


def test_predictions_of_a_layer_are_those_of_quadrature():
    units, weights = np.array([[1.5], [-0.5], [1.0]]), np.array([[0.4, -0.8]])
    layer = teachers.last_layer(weights, units, np.array([0, 1, 0]))
    precision, at = 0.7, 2.0
    # Two labels: only the difference of their weights counts. Its curvature matrix is h times
    # [[1, -1], [-1, 1]], so that its variance is 2/(lambda + 2 h).
    p = special.expit(1.2 * units[:, 0])
    h = np.sum(units[:, 0] ** 2 * p * (1 - p))
    nodes, chances = np.polynomial.hermite_e.hermegauss(60)
    difference = 1.2 + np.sqrt(2 / (precision + 2 * h)) * nodes
    expected = np.sum(chances * special.expit(at * difference)) / chances.sum()
    draws = np.random.default_rng(0).normal(size=(100_000, 2))
    found = np.exp(layer.predicted(draws, precision, np.array([[at]])))[0, 0]
    # Five errors of 100,000 draws of a probability are below 0.008.
    assert found == pytest.approx(expected, abs=0.006)
    # Certain of its weights, the teacher is the network itself.
    sure = np.exp(layer.predicted(draws[:10], 1e12, np.array([[at]])))[0, 0]
    assert sure == pytest.approx(special.expit(at * 1.2), abs=1e-5)


def test_the_posterior_of_gaussian_classes_is_that_of_a_grid():
    inputs, labels, at = np.array([[0.3], [1.1], [-0.6]]), np.array([0, 0, 1]), 0.8
    grid = np.linspace(-4, 4, 401)
    first, second = np.meshgrid(grid, grid, indexing="ij")
    normal = stats.norm.pdf
    weights = normal(first / class_worlds.SPREAD) * normal(second / class_worlds.SPREAD)
    weights = weights * normal(0.3 - first) * normal(1.1 - first) * normal(-0.6 - second)
    found = teachers.gaussian_classes(inputs, labels, 2)
    mean = np.sum(weights * first) / weights.sum()
    assert found.means[0, 0] == pytest.approx(mean, rel=1e-6)
    assert found.variances[0] == pytest.approx(
        np.sum(weights * (first - mean) ** 2) / weights.sum(), rel=1e-6
    )
    # E[p*(x) | x, D]: that x occurred tells of the means, too.
    one, other = normal(at - first), normal(at - second)
    seen = weights * (one + other)
    expected = np.sum(seen * one / (one + other)) / seen.sum()
    assert np.exp(found.predicted(np.array([[at]])))[0, 0] == pytest.approx(expected, rel=1e-6)
    plugged = special.expit(0.5 * ((at - found.means[1, 0]) ** 2 - (at - mean) ** 2))
    assert np.exp(found.plugged_in(np.array([[at]])))[0, 0] == pytest.approx(plugged, rel=1e-6)


def test_distances_by_hand():
    probs = np.array([[[0.5, 0.5], [0.75, 0.25]]])
    answers = np.array([[[[0.5, 0.5], [0.25, 0.75]]]])
    found = teacher_training.distances(probs, np.log(answers))
    # The second row is off by a half twice, and decides for a label of chance 1/4.
    assert found["squared_distance"] == pytest.approx(0.25)
    assert found["kl"] == pytest.approx(0.25 * np.log(3))
    assert found["accuracy"] == pytest.approx((0.5 + 0.25) / 2)
    assert found["confidence"] == pytest.approx(0.625)


TINY = dataclasses.replace(
    study.STUDY.sizes["small"], trials=2, runs=2, block=2, members=2, draws=4, small=10, large=20,
    validation=20, fresh=20, epochs=4, teacher_epochs=3, tests=20, features=3, labels=3,
    teacher_hidden=3, hidden=2,
)  # fmt: skip
GAUSSIAN = teacher_training.Teaching("Gaussian classes", "weak", "large")


def test_what_students_and_temperatures_see_is_kept_apart():
    for teaching in teacher_training.TEACHINGS:
        parts = teacher_training.parts_of(TINY, teaching)
        rows = [set(range(60)[part]) for part in parts.values()]
        assert sum(map(len, rows)) == len(set.union(*rows))
        assert len(rows[0]) == (20 if teaching.sample == "large" else 10)
    rng = np.random.default_rng(0)
    worlds = teacher_training.worlds_of(TINY, rng, 1, GAUSSIAN)
    answers = np.log(worlds.probs)[None]
    told = teacher_training.Teachers(("exact",), answers, answers)
    fresh = teacher_training.parts_of(TINY, GAUSSIAN)["fresh"]
    lessons = study._lessons(TINY, rng, worlds, told, fresh, GAUSSIAN)
    assert set(lessons.order.ravel().tolist()) == set(range(40, 60))
    assert lessons.shares.tolist() == [0.0] * 40 + [0.05] * 20
    np.testing.assert_allclose(lessons.targets[0, 0, 1, 3], worlds.probs[0], rtol=1e-6)


def test_teachers_that_are_made_of_one_network():
    rng = np.random.default_rng(1)
    worlds = teacher_training.worlds_of(TINY, rng, 2, GAUSSIAN)
    found = teacher_training.teachers_of(TINY, rng, worlds, GAUSSIAN)
    answers = dict(zip(found.names, found.tests, strict=True))
    np.testing.assert_allclose(np.exp(answers["exact"]), worlds.test_probs, rtol=1e-10)
    labels = found.sample[found.names.index("one-hot")].argmax(axis=-1)
    assert (labels == worlds.labels).all()
    # A temperature divides all differences of logarithms by one number.
    base, tempered = (np.diff(answers[name][0]) for name in ("deterministic", "tempered"))
    ratios = base / tempered
    np.testing.assert_allclose(ratios, ratios[0, 0], rtol=1e-6)
    # Two networks and their mean: what is not the first is the second, a distribution.
    second = 2 * np.exp(answers["ensemble"]) - np.exp(answers["deterministic"])
    assert second.min() > 0
    np.testing.assert_allclose(second.sum(axis=-1), 1, rtol=1e-10)
    assert not np.allclose(second, np.exp(answers["deterministic"]), atol=1e-3)


@pytest.fixture(scope="module")
def tables():
    told = []
    found = study.simulate(TINY, 0, lambda done, total: told.append((done, total)))
    # Five ways of making teachers, seven sets of students, two optimisers.
    assert told == [(done, 19) for done in range(1, 20)]
    return found


def test_the_seed_makes_the_tables(tables):
    # Seven teachers of networks, nine of Gaussian classes.
    assert len(tables["students"]) == 2 * 2 * (5 * 7 + 2 * 9)
    again, other = (study.simulate(TINY, seed, silent) for seed in (0, 1))
    for name, table in tables.items():
        for column in table.columns:
            assert (again[name][column] == table[column]).all(), column
    assert not (other["students"]["excess"] == tables["students"]["excess"]).any()


def test_the_figure(tables):
    figure = Figure(figsize=study.STUDY.figure_size, layout="constrained")
    study.draw(tables, figure)
    assert len(figure.axes) == 4
    assert len(figure.axes[2].lines) == len(study.SHOWN)


def planted(gain, noise=0.001):
    """Tables in which Bayesian teachers and students are better by a gain, the tempered by half."""
    names = ["deterministic", "ensemble", "tempered", "plug-in", "posterior"]
    worse = np.array([1.0, 1.0 - gain, 1.0 - gain / 2, 1.0, 1.0 - gain])[:, None]
    # Of mean zero, and orthogonal: means are exactly what is planted.
    worse = worse + noise * linalg.hadamard(8)[1:6]
    axes = [{"labels": names}, {"trial": range(8)}]
    known = {"teaching": "some", "inputs": "new"}
    distances = {"squared_distance": worse, "kl": worse}
    columns = ("excess", "accuracy_jitter", "excess_jitter", "gradient")
    values = {**dict.fromkeys(columns, worse), "accuracy": -worse}
    students = long_table({**known, "reading": "some"}, axes, values)
    return {"teachers": long_table(known, axes, distances), "students": joined([students])}


def test_judgements_of_planted_tables():
    for gain, noise, verdict in (
        (0.5, 0.001, Verdict.REPLICATED),
        (-0.5, 0.001, Verdict.NOT_REPLICATED),
        (0.001, 1.0, Verdict.UNDECIDED),
    ):
        outcome = Outcome(study.STUDY, "small", TINY, 0, planted(gain, noise))
        for statement in study.STUDY.statements:
            assert outcome.verdict(statement.key) is verdict, statement.key


def test_the_control_compares_with_the_tempered_teacher():
    found = Outcome(study.STUDY, "small", TINY, 0, planted(0.5)).of("control")
    # Half of the gain of 0.5 is the temperature's; the exact posterior has no such teacher.
    assert len(found) == 2
    assert found[0].measurements[0].estimate.value == pytest.approx(0.25)
