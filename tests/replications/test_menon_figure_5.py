"""Figure 5: the errors of the teachers of Eq. 16 by sampling, and planted students."""

import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure

from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import _noisy_teachers as teachers
from kdtheory.replications import menon_figure_5 as study
from kdtheory.replications import statistics
from kdtheory.replications._long_tables import crossed, joined
from kdtheory.replications.records import Verdict, silent

CONFIG = dataclasses.replace(
    study.SIZES["small"], num_trials=4, amounts=(0.0, 0.5, 0.8), noises=(0.5, 2.0, 4.0)
)


@pytest.fixture(scope="module")
def tables():
    import jax

    with jax.enable_x64(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
        yield study.simulate(CONFIG, 3, silent)


@pytest.mark.parametrize(("entry", "alpha", "sigma"), [(1.0, 0.4, 3.0), (0.25, 0.0, 1.5)])
def test_errors_are_those_of_teachers_that_are_drawn(entry, alpha, sigma):
    noise = problem.draw_noise([1], 1, 40_000)
    inputs = noise.inputs(entry)
    drawn = np.random.default_rng(2).standard_normal((2, 1, 40_000))
    first, second = (
        teachers.flattened(teachers.labels(inputs, entry, sigma, one), alpha) - truth
        for one, truth in zip(drawn, [problem.bayes_labels(entry, inputs)] * 2, strict=True)
    )
    # Two labels; products of independent draws have the squared bias as their mean.
    estimates = {"squared_bias": 2 * first * second, "mse": 2 * first**2}
    estimates["variance"] = (first - second) ** 2
    exact = teachers.errors(entry, [alpha], [sigma])
    for name, values in estimates.items():
        margin = 5 * values.std() / np.sqrt(values.size)
        assert abs(values.mean() - exact[name].item()) < margin, name
        assert margin < 0.1 * exact["mse"].item()


def test_noise_has_the_standard_deviation_sigma_squared():
    # At the input 0 the logit is the noise.
    drawn = np.array([-1.0, 0.0, 2.0])
    probs = teachers.labels(np.zeros((3, 10)), 1.0, 1.5, drawn)
    np.testing.assert_allclose(np.log(probs / (1 - probs)), 2.25 * drawn, rtol=1e-12)
    # Smoothing by 1 leaves a coin, by 0 everything.
    assert teachers.flattened(probs, 1.0).tolist() == [0.5] * 3
    assert teachers.flattened(probs, 0.0).tolist() == probs.tolist()


def test_too_much_noise_for_the_quadrature_is_refused():
    with pytest.raises(ArithmeticError, match="sigma = 20"):
        teachers.error(1.0, 0.0, 20.0)


def test_the_tables(tables):
    students, errors = tables["students"], tables["teachers"]
    assert len(students) == 2 * 6 * 9 * 4
    assert len(errors) == 2 * 9
    # One student made again, from its own teacher.
    noise = problem.draw_noise([3, 50], 4, 16).first(14)
    drawn = np.random.default_rng([3, 51]).standard_normal((3, 4, 16))[2, :, :14]
    inputs = noise.inputs(0.25)
    logits = 0.5 * inputs.sum(axis=-1) + 16.0 * drawn
    targets = 0.5 / (1 + np.exp(-logits)) + 0.25
    both = np.stack([targets, 1 - targets])
    expected = problem.distilled_auc(noise, 0.25, both, problem.STUDENTS[0])[0]
    rows = students.where(reading="means ±1/4, C = 1, N = 14", alpha=0.5, sigma=4.0)
    assert rows["auc"].tolist() == pytest.approx(expected.tolist(), rel=1e-9)


def test_the_same_seed_the_same_tables(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    seen = []
    again = study.simulate(CONFIG, 3, lambda done, total: seen.append((done, total)))
    other = study.simulate(CONFIG, 4, silent)
    assert again["students"]["auc"].tolist() == tables["students"]["auc"].tolist()
    assert other["students"]["auc"].tolist() != tables["students"]["auc"].tolist()
    assert other["teachers"]["mse"].tolist() == tables["teachers"]["mse"].tolist()
    assert seen == [(done, 36) for done in range(1, 37)]


# --- planted students -----------------------------------------------------------------------------

ALPHAS, SIGMAS = (0.0, 0.5), (1.0, 2.0, 4.0)
MSE = np.array([[0.0, 0.1, 0.5], [0.2, 0.3, 0.4]])


def findings(auc, spread=1e-4):
    """What is said of students with exactly these mean AUCs, and errors around them."""
    errors = spread * np.random.default_rng(0).standard_normal((2, 3, 50))
    errors -= errors.mean(axis=-1, keepdims=True)
    grid = {"alpha": ALPHAS, "sigma": SIGMAS}
    students = crossed(
        {"reading": ["means ±1, x"], **grid, "trial": range(50)},
        auc=np.asarray(auc)[..., None] + errors,
    )
    rows = [
        crossed({"means": [name], **grid}, mse=table)
        for name, table in (("means ±1", MSE), ("means ±1/4", 1 - MSE))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_RESAMPLES", 200)
        found = study.judge({"students": students, "teachers": joined(rows)})
    wide, narrow = "means ±1, x, sigma up to 4", "means ±1, x, sigma up to 2"
    assert [one.reading for one in found] == [wide, wide, narrow, narrow]
    return found


def verdicts(*parts, **options):
    return [(one.statement, one.verdict) for one in findings(*parts, **options)]


YES, NO, MAYBE = Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED


def test_students_as_in_the_text():
    found = verdicts(0.9 - 0.3 * MSE)
    assert found == [("falls", YES), ("noticeable", YES)] * 2


def test_students_that_get_better_with_the_error():
    found = verdicts(0.7 + 0.3 * MSE)
    assert found == [("falls", NO), ("noticeable", NO)] * 2


def test_only_the_teachers_of_the_narrow_grid_are_as_in_the_text():
    auc = 0.9 - 0.3 * MSE
    auc[:, 2] = 0.99
    assert verdicts(auc) == [("falls", NO), ("noticeable", NO), ("falls", YES), ("noticeable", YES)]


def test_differences_that_nobody_sees():
    # Thirds of six teachers: errors .05 and .45 in mean, 0.4 apart; 0.02 makes that .008.
    rank, lead, *_ = findings(0.9 - 0.02 * MSE)
    assert (rank.verdict, lead.verdict) == (YES, NO)
    assert rank.measurements[0].estimate.value == pytest.approx(-1.0)
    assert lead.measurements[0].estimate.value == pytest.approx(0.008, rel=1e-9)


def test_students_that_decide_nothing():
    # Small against the errors of the trials: the ranks are anything; and the threshold itself.
    found = verdicts(0.9 - 0.025 * MSE, spread=0.1)
    assert found[:2] == [("falls", MAYBE), ("noticeable", MAYBE)]


def test_the_figure(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    figure = Figure(layout="constrained")
    study.draw(tables, figure)
    assert len(figure.axes) == 5  # with the bar of colours
    [*_, points] = figure.axes[1].collections
    errors = tables["teachers"].where(means="means ±1/4")
    rows = tables["students"].where(reading="means ±1/4, C = 1, N = 12")
    at = points.get_offsets()
    assert sorted(at[:, 0]) == pytest.approx(sorted(errors["mse"]))
    for alpha, sigma, mse in zip(errors["alpha"], errors["sigma"], errors["mse"], strict=True):
        mean = rows.where(alpha=alpha, sigma=sigma)["auc"].mean()
        [drawn] = at[np.isclose(at[:, 0], mse), 1]
        assert drawn == pytest.approx(mean)
