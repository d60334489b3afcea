"""Figure 2(b): what r is, and what is read off planted students."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import ndtr

from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import menon_figure_2b as study
from kdtheory.replications._long_tables import crossed
from kdtheory.replications.records import Verdict, silent

CONFIG = study.Config(num_trials=4)
RIGHT, ACROSS = study.ENTRIES


@pytest.fixture(scope="module")
def tables():
    import jax

    with jax.enable_x64(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
        yield study.simulate(CONFIG, 3, silent)


def test_what_r_is():
    # The best AUC is Phi(sqrt 2 |mu|): |mu| is r sqrt 10 if every coordinate is ±r, and r/2 if the
    # means are r apart.
    for r in study.DISTANCES:
        expected = {RIGHT: ndtr(np.sqrt(20) * r), ACROSS: ndtr(r / np.sqrt(2))}
        for meaning, auc in expected.items():
            entry = study.ENTRIES[meaning](r)
            assert problem.population_auc(entry, np.ones(10)) == pytest.approx(auc, rel=1e-12)
    vector = problem.mean_vector(study.ENTRIES[ACROSS](0.5))
    assert np.linalg.norm(vector - -vector) == pytest.approx(0.5, rel=1e-12)


def test_the_tables(tables):
    students = tables["students"]
    # Two meanings, six settings, five distances, two kinds of labels, four trials.
    assert len(students) == 2 * 6 * 5 * 2 * 4
    # With means ±1/4 in every coordinate these are the students of Figure 2(a).
    noise = problem.draw_noise([3, 25], 4, 16).first(12)
    targets = problem.both_labels(noise, 0.25)
    expected = problem.distilled_auc(noise, 0.25, targets, problem.STUDENTS[2])
    rows = students.where(reading=f"{RIGHT}, C = 100, N = 12", r=0.25)
    assert rows["auc"].tolist() == pytest.approx(expected.ravel().tolist(), rel=1e-9)


def test_the_same_seed_the_same_tables(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    seen = []
    again = study.simulate(CONFIG, 3, lambda done, total: seen.append((done, total)))
    other = study.simulate(CONFIG, 4, silent)
    assert again["students"]["auc"].tolist() == tables["students"]["auc"].tolist()
    assert other["students"]["auc"].tolist() != tables["students"]["auc"].tolist()
    assert seen == [(done, 60) for done in range(1, 61)]


def verdicts(one_hot, bayes, spread=1e-4):
    """What is said of students with exactly these mean AUCs, and errors around them."""
    errors = spread * np.random.default_rng(0).standard_normal((5, 2, 50))
    errors -= errors.mean(axis=-1, keepdims=True)
    auc = np.stack([one_hot, bayes], axis=1)[..., None] + errors
    axes = {"reading": ["x"], "r": study.DISTANCES, "labels": problem.LABELS, "trial": range(50)}
    found = study.judge({"students": crossed(axes, auc=auc)})
    assert {one.reading for one in found} == {"x"}
    return {one.statement: one.verdict for one in found}


YES, NO, MAYBE = Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED


def test_students_as_in_the_text():
    found = verdicts([0.60, 0.70, 0.80, 0.90, 0.95], [0.70, 0.78, 0.85, 0.93, 0.96])
    assert set(found.values()) == {YES}


def test_the_largest_gain_is_in_between():
    # .02, .05, .04, .02, .01: larger at the first than at the last r, not at every step.
    found = verdicts([0.60, 0.65, 0.70, 0.80, 0.90], [0.62, 0.70, 0.74, 0.82, 0.91])
    assert found == {
        "worse": YES,
        "noticeable": YES,
        "larger_gain": YES,
        "larger_gain_at_every_step": NO,
    }


def test_students_that_contradict_the_text():
    # .005, .01, .02, .03, .04; and one-hot labels once get better as r falls.
    found = verdicts([0.60, 0.70, 0.69, 0.80, 0.90], [0.605, 0.71, 0.71, 0.83, 0.94])
    assert set(found.values()) == {NO}


def test_students_that_decide_nothing():
    flat = np.full(5, 0.7)
    assert set(verdicts(flat, flat + 0.01, spread=0.05).values()) == {MAYBE}


def test_the_figure(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    figure = Figure(layout="constrained")
    study.draw(tables, figure)
    assert len(figure.axes) == 4
    rows = tables["students"].where(reading=f"{ACROSS}, C = 1, N = 12", r=2.0)
    gain = rows.where(labels="Bayes")["auc"].mean() - rows.where(labels="one-hot")["auc"].mean()
    assert figure.axes[3].get_lines()[0].get_ydata()[-1] == pytest.approx(gain)
