"""Figure 2(a): students without a penalty, test sets, and what is read off planted students."""

import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure

from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import menon_figure_2a as study
from kdtheory.replications._long_tables import crossed
from kdtheory.replications.records import Verdict, silent

CONFIG = dataclasses.replace(
    study.SIZES["small"], num_trials=4, num_samples=(10, 100), test_size=300
)


@pytest.fixture(scope="module")
def tables():
    import jax

    with jax.enable_x64(True):
        return study.simulate(CONFIG, 3, silent)


def test_the_tables(tables):
    students = tables["students"]
    # Two means, six readings of each, two sizes, two kinds of labels, four trials.
    assert len(students) == 2 * 6 * 2 * 2 * 4
    assert ((students["auc"] > 0.4) & (students["auc"] <= 1)).all()
    # No student is better than theta*.
    exact = ["test set" not in reading for reading in students["reading"].tolist()]
    for means in problem.MEANS:
        best = float(problem.population_auc(means.entry, np.ones(10)))
        own = np.array([r.startswith(f"{means.name},") for r in students["reading"].tolist()])
        assert students["auc"][own & exact].max() <= best + 1e-15


def test_the_same_seed_the_same_tables(tables):
    seen = []
    again = study.simulate(CONFIG, 3, lambda done, total: seen.append((done, total)))
    other = study.simulate(CONFIG, 4, silent)
    for name, table in tables.items():
        for column in table.columns:
            assert table[column].tolist() == again[name][column].tolist()
    assert tables["students"]["auc"].tolist() != other["students"]["auc"].tolist()
    # (4 students + the limit) x 2 sizes + 4 test sets, for both means.
    assert seen == [(done, 28) for done in range(1, 29)]


def test_a_test_set_is_independent_of_the_training_samples():
    # At N = 10 students decide right on their own samples: on those the AUC would be 1.
    noise = problem.draw_noise([1, 20], 40, 10)
    targets = problem.both_labels(noise, 0.25)[:1]
    weights = problem.fit(noise.inputs(0.25), targets, problem.STUDENTS[3])
    exact = problem.population_auc(0.25, weights)
    config = dataclasses.replace(CONFIG, test_size=1000)
    sampled = study.on_test_sets(config, 1, 0.25, weights, lambda: None)
    # Errors are independent over trials, of at most 1/(2 sqrt(450)) = 0.024 each.
    assert abs((sampled - exact).mean()) < 5 * 0.024 / np.sqrt(40)
    assert abs(sampled - exact).max() < 5 * 0.024
    assert abs(sampled - exact).min() > 0


def test_without_a_penalty():
    noise = problem.draw_noise([2], 4, 100)
    weights, separable = study.without_penalty(CONFIG, noise, 0.25, lambda: None)
    assert weights.shape == (2, 2, 4, 10)
    # Ten points in ten dimensions can be given any labels, a hundred of classes that overlap not.
    assert separable.tolist() == [[True] * 4, [False] * 4]
    np.testing.assert_allclose(weights[:, 1], 0.5, rtol=1e-15)
    part = noise.first(10)
    margins = part.signs * np.einsum("tni,ti->tn", part.inputs(0.25), weights[0, 0])
    np.testing.assert_allclose(margins.min(axis=-1), 1.0, rtol=1e-9)
    # Without a penalty the gradient is that of the losses, and zero.
    inputs, hard = noise.inputs(0.25), 0.5 * (1 + noise.signs)
    probs = 1 / (1 + np.exp(-np.einsum("tni,ti->tn", inputs, weights[1, 0])))
    assert abs(np.einsum("tni,tn->ti", inputs, probs - hard)).max() < 1e-4


def test_weaker_penalties_turn_to_the_widest_margin():
    noise = problem.draw_noise([3], 4, 100)
    limit, _ = study.without_penalty(CONFIG, noise, 0.25, lambda: None)
    towards = limit[0, 0] / np.linalg.norm(limit[0, 0], axis=-1, keepdims=True)
    part = noise.first(10)
    targets = problem.both_labels(part, 0.25)[:1]
    angles = []
    for penalty in (1.0, 1e3, 1e6):
        [weights] = problem.fit(part.inputs(0.25), targets, problem.Student("", penalty))
        length = np.linalg.norm(weights, axis=-1)
        angles.append(np.einsum("ti,ti->t", weights, towards) / length)
    assert (angles[0] < angles[1]).all()
    assert (angles[1] < angles[2]).all()
    assert (angles[2] > 0.99).all()


# --- planted students -----------------------------------------------------------------------------

SIZES = (10, 100, 1000)


def planted(one_hot, bayes, spread=1e-4):
    """Students with exactly these mean AUCs at every size, and errors around them."""
    errors = spread * np.random.default_rng(0).standard_normal((3, 2, 50))
    errors -= errors.mean(axis=-1, keepdims=True)
    auc = np.stack([one_hot, bayes], axis=1)[..., None] + errors
    axes = {"reading": ["r"], "num_samples": SIZES, "labels": problem.LABELS, "trial": range(50)}
    return {"students": crossed(axes, auc=auc)}


def verdicts(tables):
    found = study.judge(tables)
    assert [one.reading for one in found] == ["r, N from 10"] * 4 + ["r, N from 100"] * 4
    return {(one.statement, one.reading.split()[-1]): one.verdict for one in found}


YES, NO, MAYBE = Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED


def test_students_as_in_the_text():
    found = verdicts(planted([0.7, 0.8, 0.85], [0.8, 0.83, 0.86]))
    assert set(found.values()) == {YES}


def test_students_that_contradict_the_text():
    # One-hot labels ahead, from the second size on; everybody gets worse, and the gap grows.
    found = verdicts(planted([0.70, 0.73, 0.65], [0.705, 0.72, 0.66]))
    assert found["better", "10"] == found["better", "100"] == NO
    assert found["noticeable", "10"] == found["noticeable", "100"] == NO
    assert found["more_samples", "10"] == NO
    # 0.005 at first, 0.010 in the end; from 100 on -0.010 and 0.010.
    assert found["shrinks", "10"] == found["shrinks", "100"] == NO


def test_students_that_decide_nothing():
    found = verdicts(planted([0.70, 0.70, 0.70], [0.71, 0.7, 0.71], spread=0.05))
    assert set(found.values()) == {MAYBE}


def test_a_gain_below_the_threshold_is_a_gain_nobody_notices():
    found = verdicts(planted([0.70, 0.80, 0.81], [0.709, 0.802, 0.811]))
    assert found["better", "10"] == YES
    assert found["noticeable", "10"] == NO


def test_only_one_kind_gets_better():
    found = verdicts(planted([0.7, 0.8, 0.85], [0.87, 0.87, 0.86]))
    assert found["more_samples", "10"] == NO
    assert found["shrinks", "10"] == YES


def test_the_figure(tables):
    figure = Figure(layout="constrained")
    study.draw(tables, figure)
    assert len(figure.axes) == 4
    line = figure.axes[1].get_lines()[0]
    rows = tables["students"].where(reading="means ±1/4, C = 1", labels="one-hot", num_samples=10)
    assert line.get_ydata()[0] == pytest.approx(rows["auc"].mean())
    assert line.get_label() == "one-hot labels"
