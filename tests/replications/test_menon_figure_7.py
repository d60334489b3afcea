"""Figure 7: the errors of distorted teachers, and what is read off planted tables."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import menon_figure_7 as study
from kdtheory.replications._long_tables import crossed
from kdtheory.replications.records import Verdict, silent

CONFIG = study.Config(num_trials=4)


@pytest.fixture(scope="module")
def tables():
    import jax

    with jax.enable_x64(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
        yield study.simulate(CONFIG, 3, silent)


def by_hand(form, probs, alpha):
    """Psi from the text, with or without the factor in front of the root."""
    factor = 0.5 if form == study.CORRECTED else 1.0
    return [0.5 * (2 * u) ** alpha if u <= 0.5 else 0.5 + factor * (2 * u - 1) ** (1 / alpha)
            for u in probs]  # fmt: skip


@pytest.mark.parametrize("form", study.FORMS)
def test_the_distortion(form):
    probs = np.linspace(0, 1, 11)
    for alpha in (1.0, 4.0):
        got = study.distort(form, probs, alpha)
        np.testing.assert_allclose(got, by_hand(form, probs, alpha), rtol=1e-12)


@pytest.mark.parametrize("means", problem.MEANS)
def test_errors_are_those_of_teachers_that_are_drawn(means):
    noise = problem.draw_noise([4], 1, 100_000)
    probs = problem.bayes_labels(means.entry, noise.inputs(means.entry))[0]
    for form, alpha in [(study.CORRECTED, 4.0), (study.PRINTED, 2.0)]:
        squares = 2 * (study.distort(form, probs, alpha) - probs) ** 2
        exact = study.mean_squared_error(means.entry, form, alpha)
        assert abs(squares.mean() - exact) < 5 * squares.std() / np.sqrt(squares.size)


def test_errors_in_closed_form():
    # The identity; and as printed p + (p - 1/2) above 1/2: twice the mean of (p - 1/2)^2 over half
    # of the inputs, by symmetry the mean of tanh(s/2)^2/4 over all, here by Gauss and Hermite.
    assert study.mean_squared_error(0.25, study.CORRECTED, 1.0) == 0.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    norm = np.sqrt(10) / 4
    expected = weights @ np.tanh(norm * (norm + nodes)) ** 2 / weights.sum() / 4
    got = study.mean_squared_error(0.25, study.PRINTED, 1.0)
    assert got == pytest.approx(expected, rel=1e-6)


def test_the_tables(tables):
    students = tables["students"]
    assert len(students) == 2 * 7 * 5 * 4
    assert len(tables["one_hot"]) == 2 * 7 * 4
    # One-hot and Bayes labels, alpha = 1, are the students of the other figures.
    noise = problem.draw_noise([3, 70], 4, 16).first(14)
    targets = problem.both_labels(noise, 0.25)
    expected = problem.distilled_auc(noise, 0.25, targets, problem.STUDENTS[0])
    reading = f"means ±1/4, {study.CORRECTED}, C = 1, N = 14"
    one_hot = tables["one_hot"].where(reading=reading)["auc"]
    bayes = students.where(reading=reading, alpha=1.0)["auc"]
    np.testing.assert_allclose([one_hot, bayes], expected, rtol=1e-9)
    # As printed alpha = 1 is another teacher.
    printed = students.where(reading=f"means ±1/4, {study.PRINTED}, C = 1, N = 12", alpha=1.0)
    same = students.where(reading=f"means ±1/4, {study.CORRECTED}, C = 1, N = 12", alpha=1.0)
    assert abs(printed["auc"] - same["auc"]).min() > 1e-6


def test_the_curves(tables):
    for form in study.FORMS:
        for alpha in study.ALPHAS:
            rows = tables["curves"].where(form=form, alpha=alpha)
            expected = by_hand(form, rows["prob"].tolist(), alpha)
            np.testing.assert_allclose(rows["distorted"], expected, rtol=1e-9)


def test_the_same_seed_the_same_tables(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    seen = []
    again = study.simulate(CONFIG, 3, lambda done, total: seen.append((done, total)))
    other = study.simulate(CONFIG, 4, silent)
    for name in ("students", "one_hot"):
        assert again[name]["auc"].tolist() == tables[name]["auc"].tolist()
        assert other[name]["auc"].tolist() != tables[name]["auc"].tolist()
    assert seen == [(done, 14) for done in range(1, 15)]


# --- planted tables -------------------------------------------------------------------------------


def verdicts(mse, auc, spread=1e-4):
    """What is said of teachers with these errors and students with exactly these mean AUCs."""
    errors = spread * np.random.default_rng(0).standard_normal((5, 50))
    errors -= errors.mean(axis=-1, keepdims=True)
    auc = np.asarray(auc)[:, None] + errors
    axes = {"reading": ["x"], "alpha": study.ALPHAS}
    students = crossed({**axes, "trial": range(50)}, auc=auc)
    found = study.judge({"students": students, "teachers": crossed(axes, mse=mse)})
    readings = ["x", "x", "x, alpha up to 16", "x, alpha up to 4"]
    assert [one.reading for one in found] == readings
    assert [one.statement for one in found] == ["deviates", "falls", "noticeable", "noticeable"]
    return [one.verdict for one in found]


YES, NO, MAYBE = Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED


def test_students_as_in_the_text():
    found = verdicts([0.0, 0.1, 0.2, 0.3, 0.4], [0.85, 0.84, 0.83, 0.80, 0.7])
    assert found == [YES, YES, YES, YES]


def test_students_that_contradict_the_text():
    # The error falls once; the AUC rises once; what is lost is less than 0.01 up to alpha = 4.
    found = verdicts([0.0, 0.1, 0.05, 0.3, 0.4], [0.85, 0.849, 0.845, 0.86, 0.7])
    assert found == [NO, NO, YES, NO]


def test_students_that_decide_nothing():
    found = verdicts([0.0, 0.1, 0.2, 0.3, 0.4], [0.85, 0.84, 0.84, 0.84, 0.84], spread=0.05)
    assert found == [YES, MAYBE, MAYBE, MAYBE]


def test_the_figure(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    figure = Figure(layout="constrained")
    study.draw(tables, figure)
    first, _, _, last = figure.axes
    np.testing.assert_allclose(first.get_lines()[0].get_ydata(), np.linspace(0, 1, 201))
    rows = tables["students"].where(reading=f"means ±1/4, {study.PRINTED}, C = 1, N = 12")
    trials = rows.pivot("trial", "alpha", "auc")
    np.testing.assert_allclose(last.get_lines()[3].get_ydata(), trials.mean(axis=0))
    assert last.get_lines()[3].get_label() == "N = 12, as printed"
