"""Linear students of a random teacher, against linear algebra of another kind and by simulation."""

import dataclasses
import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats

from kdtheory.propagation import inverse_variance_weights
from kdtheory.replications import _linear_students as linear
from kdtheory.replications import cui_pei_linear
from kdtheory.replications._uncertainty import draw_ratios, exponent, weights_of_first
from kdtheory.replications.records import Outcome, Table, Verdict, silent, stack

STUDY = cui_pei_linear.STUDY
TINY = dataclasses.replace(
    STUDY.sizes["small"], num_trials=2, num_students=3, num_points=4, responses=(1, 2, 5)
)
FIRST = linear.WORLDS[0]
WORLDS = {world.name: world for world in linear.WORLDS}


def trial_of(world, num_students=3, seed=0, **sizes):
    rng = np.random.default_rng(seed)
    parts = {"num_points": 4, "num_features": 5, "num_responses": 3} | sizes
    return linear.draw_trial(world, num_students, rng=rng, **parts)


# --- what both studies share ----------------------------------------------------------------------


def test_an_exponent_is_the_slope_of_the_logarithm_of_means():
    # Means 2 and 1/2 at k = 1 and 4: slope log(1/4)/log(4) = -1. Without the first trial it is
    # log(0.8/3)/log 4, without the second log(0.2/1)/log 4; pseudo-values are twice the slope less
    # those.
    found = exponent("noise", [1, 4], [[1.0, 0.2], [3.0, 0.8]]).estimate
    pseudo = [-2 - math.log(0.8 / 3, 4), -2 - math.log(0.2, 4)]
    half = stats.t.ppf(0.975, 1) * np.std(pseudo, ddof=1) / math.sqrt(2)
    np.testing.assert_allclose(found.value, -1.0, rtol=1e-12)
    np.testing.assert_allclose([found.low, found.high], np.mean(pseudo) + half * np.array([-1, 1]))


def test_an_exponent_is_a_least_squares_slope():
    counts, variances = [1, 2, 7, 20], np.array([[1.0, 0.7, 0.2, 0.1], [1.3, 0.6, 0.3, 0.1]])
    slope = np.polyfit(np.log(counts), np.log(variances.mean(axis=0)), 1)[0]
    np.testing.assert_allclose(exponent("noise", counts, variances).estimate.value, slope)


def test_a_negative_estimate_in_one_trial_has_no_logarithm_and_needs_none():
    found = exponent("noise", [1, 2], [[1.0, -0.1], [1.0, 0.6], [1.0, 0.7], [1.0, 0.8]]).estimate
    assert math.isfinite(found.low)
    np.testing.assert_allclose(found.value, -1.0)  # the mean 2/4 at k = 2


def test_weights_are_the_best_of_a_grid():
    grid = np.linspace(-2, 3, 5001)
    for own, other, both in [(1.0, 0.5, 0.0), (1.0, 0.5, 0.2), (1.0, 0.5, 0.6)]:
        error = grid**2 * own + 2 * grid * (1 - grid) * both + (1 - grid) ** 2 * other
        weight = float(weights_of_first(own, other, both))
        np.testing.assert_allclose(weight, grid[np.argmin(error)], atol=1e-3)


def test_weights_without_covariance_are_inverse_variances_in_any_shape():
    own, other = np.array([[1.0], [2.0]]), np.array([0.5, 3.0, 1.0])
    found = weights_of_first(own, other)
    assert found.shape == (2, 3)
    for row, column in itertools.product(range(2), range(3)):
        pair = inverse_variance_weights(jnp.array([own[row, 0], other[column]]))
        np.testing.assert_allclose(found[row, column], pair[0], rtol=1e-12)


# --- teachers and students ------------------------------------------------------------------------


def test_noise_is_one_on_average_and_the_curvature_has_no_mean():
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    inputs, weights = nodes[:, None], weights / weights.sum()
    for world in linear.WORLDS:
        np.testing.assert_allclose(weights @ world.variance(inputs), 1.0, rtol=1e-10)
        np.testing.assert_allclose(weights @ world.mean(inputs, np.ones(1)), 0.0, atol=1e-10)
    curved = WORLDS["a teacher that is not linear"]
    # x + c (x^2 - 1) has variance 1 + 2 c^2.
    second = weights @ curved.mean(inputs, np.ones(1)) ** 2
    np.testing.assert_allclose(second, 1 + 2 * 0.35**2, rtol=1e-10)


def test_responses_have_the_mean_variance_and_correlation_they_should_have():
    world, count = WORLDS["responses with a correlation of 0.2"], 40_000
    mean, variance = np.array([[1.0, -2.0]]), np.array([[4.0, 0.25]])
    rng = np.random.default_rng(1)
    drawn = linear.respond(rng, world, mean, variance, (count, 2, 2)).reshape(count, 4)
    blocks = np.kron(np.diag(variance[0]), [[1.0, 0.2], [0.2, 1.0]])
    spread = np.sqrt(np.diagonal(blocks))
    # Standard errors: of a mean; of a covariance of Gaussians, at most sqrt(2) s_i s_j / sqrt(N).
    margin = 5 / math.sqrt(count)
    assert np.all(np.abs(drawn.mean(axis=0) - np.repeat(mean[0], 2)) < margin * spread)
    off = np.abs(np.cov(drawn.T) - blocks) / np.outer(spread, spread)
    assert off.max() < math.sqrt(2) * margin


@pytest.mark.parametrize("world", linear.WORLDS, ids=lambda world: world.name)
def test_students_are_least_squares_fits(world):
    trial = trial_of(dataclasses.replace(world, num_inputs=8))
    for count in (1, 3):
        predictions, fitted, heads = linear.students_of(trial, count)
        for student in range(3):
            inputs = trial.inputs[student if world.own_inputs else 0]
            used = trial.answers[student, :, :count]
            fit = np.linalg.lstsq(inputs, used.mean(axis=1), rcond=None)[0]
            np.testing.assert_allclose(predictions[student], trial.points @ fit, rtol=1e-10)
            np.testing.assert_allclose(fitted[student], inputs @ fit, rtol=1e-10)
            averages = np.mean((used.mean(axis=1) - inputs @ fit) ** 2)
            pooled = np.mean((used - (inputs @ fit)[:, None]) ** 2)
            np.testing.assert_allclose(heads[linear.AVERAGES][student], averages, rtol=1e-9)
            np.testing.assert_allclose(heads[linear.POOLED][student], pooled, rtol=1e-9)
            assert heads[linear.POINT][student] == 0.0


@pytest.mark.parametrize("world", linear.WORLDS[:5], ids=lambda world: world.name)
def test_expectations_are_those_of_linear_algebra(world):
    trial, count = trial_of(dataclasses.replace(world, num_inputs=8)), 3
    inputs = trial.inputs[0]
    single = np.diag(world.variance(inputs))
    averaged = single * (world.correlation + (1 - world.correlation) / count)
    # Column j of the solution is what a unit response to input j does.
    weights = np.linalg.lstsq(inputs, np.eye(8), rcond=None)[0]
    to_points, rest = trial.points @ weights, np.eye(8) - inputs @ weights
    inter = np.trace(to_points @ averaged @ to_points.T) / 4
    missed = rest @ world.mean(inputs, trial.coefficients)
    averages = (np.trace(rest @ averaged @ rest.T) + missed @ missed) / 8
    # E of the mean square of k responses around their own average: (1 - 1/k)(1 - rho) sigma^2.
    within = np.trace(single) / 8 * (1 - world.correlation) * (1 - 1 / count)
    found, heads = linear.expected(trial, count)
    np.testing.assert_allclose(found, inter, rtol=1e-10)
    np.testing.assert_allclose(heads[linear.AVERAGES], averages, rtol=1e-10)
    np.testing.assert_allclose(heads[linear.POOLED], averages + within, rtol=1e-10)
    assert heads[linear.POINT] == 0.0


def test_students_with_inputs_of_their_own_vary_as_expected():
    world, designs = WORLDS["inputs of its own for every student"], 4000
    trial = trial_of(world, num_students=designs, num_responses=2, seed=3)
    found, heads = linear.expected(trial, 2)
    # (n - p - 1)^{-1} |x|^2 / k, with n = 20 and p = 5, averaged over the points.
    np.testing.assert_allclose(found, np.mean(np.sum(trial.points**2, axis=1)) / 14 / 2, rtol=1e-10)
    predictions, _, drawn = linear.students_of(trial, 2)
    squares = np.mean((predictions - trial.points @ trial.coefficients) ** 2, axis=1)
    for sample, exact in ((squares, found), *((drawn[head], heads[head]) for head in drawn)):
        assert abs(sample.mean() - exact) <= 5 * sample.std() / math.sqrt(designs)
    assert heads[linear.AVERAGES] == pytest.approx((1 - 5 / 20) / 2)


def test_what_is_suppressed_within_is_left_across():
    # One everywhere, at the inputs, for single responses: 5/20 across and 15/20 within.
    trial = trial_of(FIRST)
    trial = dataclasses.replace(trial, points=trial.inputs[0])
    inter, heads = linear.expected(trial, 1)
    np.testing.assert_allclose([inter, heads[linear.AVERAGES]], [0.25, 0.75], rtol=1e-10)
    np.testing.assert_allclose(heads[linear.POOLED], 0.75, rtol=1e-10)


# --- both combined --------------------------------------------------------------------------------


def rows_of(trial, count=3, seed=0):
    rows = linear.combinations(trial, count, np.random.default_rng(seed))
    return {(row["responses"], row["variances"]): row for row in rows}


def test_a_reused_response_deserves_no_weight():
    # Two inputs (1, 1), k = 2: averages have variance 1/2 and the student, their mean, 1/4, which
    # is also the covariance. Inverse variances give the response 1/3, and with it
    # (1/9)/2 + 2(1/3)(2/3)/4 + (4/9)/4 = 5/18.
    ones = np.ones((1, 2, 1))
    answers = np.random.default_rng(0).standard_normal((3, 2, 2))
    world = dataclasses.replace(FIRST, num_inputs=2)
    trial = linear.Trial(world, np.zeros(1), ones, np.ones((1, 1)), answers, np.linalg.pinv(ones))
    found = rows_of(trial, 2)
    reused, fresh = (found[source, linear.KNOWN] for source in (linear.REUSED, linear.FRESH))
    errors = [reused[name] for name in ("teacher", "student", "weighted", "best")]
    np.testing.assert_allclose(errors, [1 / 2, 1 / 4, 5 / 18, 1 / 4], rtol=1e-12)
    # A fresh one does: 1/(2 + 4) is what both are worth together.
    errors = [fresh[name] for name in ("teacher", "student", "weighted", "best")]
    np.testing.assert_allclose(errors, [1 / 2, 1 / 4, 1 / 6, 1 / 6], rtol=1e-12)


@pytest.mark.parametrize("world", linear.WORLDS, ids=lambda world: world.name)
def test_errors_with_known_variances_are_those_of_simulated_students(world):
    world, count = dataclasses.replace(world, num_inputs=8), 3000
    trial = trial_of(world, num_students=count, num_features=3, num_responses=2, seed=5)
    found = rows_of(trial, 2)
    rng = np.random.default_rng(6)
    noise = world.correlation + (1 - world.correlation) / 2
    predictions, fitted, _ = linear.students_of(trial, 2)
    fits = np.linalg.inv(np.swapaxes(trial.inputs, 1, 2) @ trial.inputs)
    for source, students, at in (
        (linear.FRESH, predictions, trial.points[None]),
        (linear.REUSED, fitted, trial.inputs),
    ):
        truth, own = world.mean(at, trial.coefficients), noise * world.variance(at)
        teachers = truth + np.sqrt(own) * rng.standard_normal((count, at.shape[1]))
        if source == linear.REUSED:
            teachers = trial.answers.mean(axis=-1)
        weights = at @ fits @ np.swapaxes(trial.inputs, 1, 2)
        across = np.sum(weights**2 * noise * world.variance(trial.inputs)[:, None], axis=-1)
        weight = across / (own + across)
        row = found[source, linear.KNOWN]
        for name, share in (("teacher", 1.0), ("student", 0.0), ("weighted", weight)):
            squares = np.mean((share * teachers + (1 - share) * students - truth) ** 2, axis=1)
            assert abs(squares.mean() - row[name]) < 5 * squares.std() / math.sqrt(count)
        assert row["best"] <= min(row["teacher"], row["student"], row["weighted"]) + 1e-12


def test_errors_with_estimated_variances_are_what_they_say():
    world = dataclasses.replace(WORLDS["noise that depends on the input"], num_inputs=8)
    trial = trial_of(world)
    found, inputs = rows_of(trial), trial.inputs[0]
    leverage = np.diagonal(inputs @ np.linalg.inv(inputs.T @ inputs) @ inputs.T)
    truth = inputs @ trial.coefficients
    errors = {linear.ESTIMATED: [], linear.PREDICTIVE: []}
    for student, at in itertools.product(range(3), range(8)):
        averages = trial.answers[student].mean(axis=-1)
        _, squares, _, _ = np.linalg.lstsq(inputs, averages, rcond=None)
        prediction = inputs[at] @ np.linalg.lstsq(inputs, averages, rcond=None)[0]
        # Three responses: their sample variance has the divisor 2. Five coefficients, eight inputs.
        of_teacher = stats.tvar(trial.answers[student, at]) / 3
        of_student = {
            linear.ESTIMATED: squares[0] / (8 - 5) * leverage[at],
            linear.PREDICTIVE: squares[0] / 8,
        }
        for name, variance in of_student.items():
            weight = (1 / of_teacher) / (1 / of_teacher + 1 / variance)
            both = weight * averages[at] + (1 - weight) * prediction
            errors[name].append((both - truth[at]) ** 2)
    for name, values in errors.items():
        np.testing.assert_allclose(found[linear.REUSED, name]["weighted"], np.mean(values))


def test_fresh_responses_are_fresh():
    # The teacher's error is that of new responses at the points: it depends on their generator.
    trial = trial_of(FIRST)
    first, second = (rows_of(trial, seed=seed) for seed in (0, 1))
    key = linear.FRESH, linear.ESTIMATED
    assert first[key]["teacher"] != second[key]["teacher"]
    assert first[key]["student"] == second[key]["student"]
    key = linear.REUSED, linear.ESTIMATED
    assert first[key] == second[key]


# --- judging, drawing, running --------------------------------------------------------------------


def planted(counts=(1, 2, 5), **changes):
    """Tables of four trials of which every statement holds, but for the changes."""
    truth = {
        "inter": lambda k: 0.3 / k,
        "intra": lambda k: 0.7,
        "distance": lambda k: 0.5 / k,
        "weighted": 0.4,
        "best": 0.4,
        "noise": 0.01,
    } | changes
    wobble = 1 + truth["noise"] * np.array([-1.0, 0.3, -0.2, 0.9])
    students = [
        {
            "world": "20 inputs",
            "trial": trial,
            "responses": count,
            "head": head,
            "inter": truth["inter"](count) * factor,
            "inter_exact": truth["inter"](count),
            "intra": truth["intra"](count) * factor,
            "intra_exact": truth["intra"](count),
            "distance": truth["distance"](count) * factor,
        }
        for (trial, factor), count, head in itertools.product(
            enumerate(wobble), counts, (linear.POINT, linear.AVERAGES, linear.POOLED)
        )
    ]
    weighting = [
        {
            "world": "20 inputs",
            "trial": trial,
            "variances": linear.KNOWN,
            "responses": linear.FRESH,
            "teacher": 1.0,
            "student": 0.5,
            "weighted": truth["weighted"] * factor,
            "best": truth["best"],
        }
        for trial, factor in enumerate(wobble)
    ]
    return {"students": stack(students), "weighting": stack(weighting)}


def verdicts(tables):
    outcome = Outcome(STUDY, "small", TINY, 0, tables)
    return {statement.key: outcome.verdict(statement.key) for statement in STUDY.statements}


def test_tables_in_which_all_is_true_replicate_all():
    assert set(verdicts(planted(best=0.41)).values()) == {Verdict.REPLICATED}


@pytest.mark.parametrize(
    ("statement", "changes", "expected"),
    [
        ("suppression", {"intra": lambda k: 0.97}, Verdict.NOT_REPLICATED),
        ("suppression", {"intra": lambda k: 0.9}, Verdict.UNDECIDED),
        ("inter_student", {"inter": lambda k: 0.05 / k}, Verdict.NOT_REPLICATED),
        ("inter_student", {"inter": lambda k: 0.1 / k}, Verdict.UNDECIDED),
        ("averaging", {"inter": lambda k: 0.3 / k**0.5}, Verdict.NOT_REPLICATED),
        ("averaging", {"inter": lambda k: 0.3 / k**1.5}, Verdict.NOT_REPLICATED),
        ("stable", {"inter": lambda k: 0.3}, Verdict.NOT_REPLICATED),
        ("reflects", {"distance": lambda k: 0.5}, Verdict.NOT_REPLICATED),
        ("reflects", {"distance": lambda k: 0.5 * k}, Verdict.NOT_REPLICATED),
        ("weighting", {"weighted": 0.6}, Verdict.NOT_REPLICATED),
        ("weighting", {"weighted": 0.5}, Verdict.UNDECIDED),
        ("minimum", {"weighted": 0.45}, Verdict.NOT_REPLICATED),
        ("minimum", {"weighted": 0.405}, Verdict.UNDECIDED),
    ],
)
def test_a_planted_table_is_judged_as_it_should_be(statement, changes, expected):
    assert verdicts(planted(**changes))[statement] is expected


def test_a_rate_that_is_exact_but_hidden_by_noise_is_undecided():
    tables = planted()
    students = dict(tables["students"].columns)
    # Each trial's variance at the last k is off by a factor of its own.
    factor = np.array([0.2, 3.0, 0.4, 1.5])[students["trial"]]
    students["inter"] = students["inter"] * np.where(students["responses"] == 5, factor, 1.0)
    found = verdicts({"students": Table(students), "weighting": tables["weighting"]})
    assert found["averaging"] is Verdict.UNDECIDED


def test_a_seed_decides_everything():
    calls = []
    tables = STUDY.simulate(TINY, 0, lambda done, total: calls.append((done, total)))
    again, other = (STUDY.simulate(TINY, seed, silent) for seed in (0, 1))
    assert calls == [(done, 12) for done in range(1, 13)]
    for name, table in tables.items():
        for column in table.columns:
            np.testing.assert_array_equal(table[column], again[name][column])
    assert not np.any(tables["students"]["inter"] == other["students"]["inter"])
    # Trials and worlds do not share their noise.
    single = tables["students"].where(responses=1, head=linear.POINT)["inter"]
    assert len(set(single.tolist())) == 12
    assert {one.statement for one in STUDY.judge(tables)} == {s.key for s in STUDY.statements}
    figure = Figure(figsize=STUDY.figure_size, layout="constrained")
    STUDY.draw(tables, figure)
    figure.canvas.draw()
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "Across students",
        "Within: 20 inputs",
        "Both combined",
    ]


def test_ratios_are_drawn_from_top_to_bottom_with_their_intervals():
    ax = Figure().subplots()
    draw_ratios(ax, ["first", "second"], [[[1.0, 3.0]], [[0.5, 0.5]]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.yaxis_inverted()
    [(low, high)] = ax.containers[0][2][0].get_segments()
    # Mean 2, standard error 1, one degree of freedom: 12.706.
    np.testing.assert_allclose([low[0], high[0]], [2 - 12.7062, 2 + 12.7062], rtol=1e-4)
    np.testing.assert_allclose([low[1], high[1]], 0.0, atol=1e-12)
