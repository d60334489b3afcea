"""Networks distilled from a network: gradients and budgets by hand, and tables planted."""

import dataclasses
import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import special, stats

from kdtheory.replications import _network_trials as trials
from kdtheory.replications import _student_networks as networks
from kdtheory.replications import cui_pei_networks
from kdtheory.replications.records import Outcome, Verdict, silent, stack

STUDY = cui_pei_networks.STUDY
TINY = trials.Config(
    num_trials=2,
    num_sets=3,
    num_inputs=6,
    num_points=4,
    widths=(3, 5),
    stops=(2, 5),
    responses=(1, 2),
    weighted_responses=2,
)
OWN, ONE, WIDE = trials.SETTINGS


def network_of(seed=0, width=3):
    rng = np.random.default_rng(seed)
    drawn = networks.draw_networks(1, 2, width, rng)
    return networks.Network(*(jnp.asarray(values[0]) for values in drawn))


def answers_of(network, inputs):
    found = networks.answer(networks.Network(*map(jnp.asarray, network)), jnp.asarray(inputs))
    return tuple(np.asarray(values) for values in found)


# --- the networks ---------------------------------------------------------------------------------


def test_a_teacher_answers_with_a_mean_and_a_log_variance():
    teacher = networks.Teacher(
        np.array([[1.0], [2.0]]), np.array([0.5]), np.array([[3.0, -1.0]]), np.array([0.1, 0.2])
    )
    mean, variance = teacher.answers(np.array([[0.3, -0.1]]))
    hidden = math.tanh(0.3 - 0.2 + 0.5)
    np.testing.assert_allclose([mean[0], variance[0]], [3 * hidden + 0.1, math.exp(0.2 - hidden)])


def test_teachers_are_drawn_in_the_same_units():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((20_000, 2))
    for _ in range(3):
        mean, variance = networks.draw_teacher(2, rng).answers(inputs)
        # The reference sample has 2000 inputs: a mean is off by 1/sqrt(2000) standard deviations.
        margin = 5 / math.sqrt(2000) * math.sqrt(1 + 2000 / 20_000)
        assert abs(mean.mean()) < margin
        assert abs(variance.mean() - 0.5) < margin * variance.std()
        for values, spread in ((mean, 1.0), (np.log(variance), 0.7)):
            squares = (values - values.mean()) ** 2
            assert abs(squares.mean() - spread**2) < margin * squares.std()


def test_a_student_answers_with_a_mean_and_a_variance():
    network, inputs = network_of(), np.random.default_rng(1).standard_normal((4, 2))
    mean, variance = answers_of(network, inputs)
    for at in range(4):
        hidden = [math.tanh(inputs[at] @ np.asarray(network.hidden[:, unit])) for unit in range(3)]
        found = np.array(hidden) @ np.asarray(network.output)
        np.testing.assert_allclose(mean[at], found[0], rtol=1e-12)
        np.testing.assert_allclose(variance[at], math.log1p(math.exp(found[1])) + 1e-4, rtol=1e-12)


def test_the_loss_is_that_of_all_responses():
    rng = np.random.default_rng(2)
    network, inputs = network_of(), jnp.asarray(rng.standard_normal((4, 2)))
    answers, weights = rng.standard_normal((4, 3)), rng.uniform(0.5, 2.0, 4)
    mean, variance = answers_of(network, inputs)

    def loss(spread, learns):
        parts = answers.mean(axis=1), spread, weights, learns
        return float(networks.loss(network, inputs, networks.Lesson(*parts)))

    logs = stats.norm.logpdf(answers, mean[:, None], np.sqrt(variance)[:, None])
    gaussian = np.mean(weights * -logs.mean(axis=1)) - weights.mean() * math.log(2 * math.pi) / 2
    np.testing.assert_allclose(loss(answers.var(axis=1), 1.0), gaussian, rtol=1e-12)
    squares = weights * (answers.mean(axis=1) - mean) ** 2 / 2
    np.testing.assert_allclose(loss(np.zeros(4), 0.0), squares.mean(), rtol=1e-12)


def trained_by_hand(network, inputs, lesson, steps):
    """Adam with the derivatives of a two-layer network written out."""
    targets, spread, weights, learns = lesson
    moments = [[np.zeros_like(values), np.zeros_like(values)] for values in network]
    network = [np.array(values) for values in network]
    for step in range(1, steps + 1):
        hidden, bias, output, shift = network
        units = np.tanh(inputs @ hidden + bias)
        found = units @ output + shift
        variance = special.log1p(np.exp(found[:, 1])) + 1e-4 if learns else np.ones(len(inputs))
        squares = (targets - found[:, 0]) ** 2 + spread
        by_mean = weights * (found[:, 0] - targets) / variance
        by_variance = weights * (1 / variance - squares / variance**2) / 2
        by_raw = learns * by_variance * special.expit(found[:, 1])
        by_found = np.stack([by_mean, by_raw], axis=1) / len(inputs)
        by_units = by_found @ output.T * (1 - units**2)
        gradients = [inputs.T @ by_units, by_units.sum(0), units.T @ by_found, by_found.sum(0)]
        for place, gradient in enumerate(gradients):
            first, second = moments[place]
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            unbiased = first / (1 - 0.9**step), second / (1 - 0.999**step)
            network[place] = network[place] - 0.01 * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    return network


@pytest.mark.parametrize("learns", [0.0, 1.0])
def test_students_are_trained_by_adam(learns):
    rng = np.random.default_rng(3)
    inputs, at = rng.standard_normal((4, 2)), rng.standard_normal((5, 2))
    starts = networks.draw_networks(2, 2, 3, rng)
    targets, (spread, weights) = rng.standard_normal((2, 4)), rng.uniform(0.3, 2.0, (2, 2, 4))
    lessons = networks.Lesson(targets, spread, weights, np.full(2, learns))
    means, variances = networks.train(
        networks.Network(*map(jnp.asarray, starts)),
        jnp.asarray(inputs),
        networks.Lesson(*map(jnp.asarray, lessons)),
        jnp.asarray(at),
        (2, 9),
    )
    assert means.shape == (2, 2, 5)
    for student, (place, steps) in itertools.product(range(2), enumerate((2, 9))):
        own = [values[student] for values in lessons]
        found = trained_by_hand([v[student] for v in starts], inputs, own, steps)
        mean, variance = answers_of(found, at)
        np.testing.assert_allclose(means[student, place], mean, rtol=1e-8)
        np.testing.assert_allclose(variances[student, place], variance, rtol=1e-8)


# --- trials ---------------------------------------------------------------------------------------


def trial_of(config=TINY, num_sets=3, seed=0):
    return trials.draw_trial(config, num_sets, np.random.default_rng(seed))


def test_responses_have_the_teachers_mean_and_variance():
    config, sets = dataclasses.replace(TINY, responses=(1,)), 20_000
    trial = trial_of(config, sets)
    np.testing.assert_array_equal(trial.places[4:], trial.inputs)
    mean, variance, answers = trial.mean[4:], trial.variance[4:], trial.answers[..., 0]
    margin = 5 / math.sqrt(sets)
    assert np.all(np.abs(answers.mean(axis=0) - mean) < margin * np.sqrt(variance))
    assert np.all(np.abs(answers.var(axis=0) / variance - 1) < margin * math.sqrt(2))


def test_lessons_are_of_the_responses_they_name():
    trial = trial_of()
    first, both = trial.answers[..., 0], trial.answers
    plain, averages, pooled, weighted = (
        trials.lesson(trial, arm, 2)
        for arm in (trials.SQUARED, trials.AVERAGES, trials.ALL, trials.WEIGHTED)
    )
    np.testing.assert_array_equal(trials.lesson(trial, trials.SQUARED, 1).targets, first)
    for one in (plain, averages, pooled, weighted):
        np.testing.assert_allclose(one.targets, (both[..., 0] + both[..., 1]) / 2)
    assert [one.learns_variance.max() for one in (plain, averages, pooled, weighted)] == [
        0,
        1,
        1,
        0,
    ]
    for one in (plain, averages, weighted):
        assert not one.spread.any()
    np.testing.assert_allclose(pooled.spread, (both[..., 0] - both[..., 1]) ** 2 / 4)
    np.testing.assert_allclose(weighted.weights.mean(axis=1), 1.0)
    products = weighted.weights * trial.variance[4:]
    np.testing.assert_allclose(products, np.broadcast_to(products[:1, :1], products.shape))
    assert plain.weights.min() == plain.weights.max() == 1.0


def test_every_condition_has_the_same_starts_and_every_student_its_own():
    # After no step the students are their starts.
    config = dataclasses.replace(TINY, stops=(0,))
    mean, _ = trials.train_all(config, OWN, trial_of(), np.random.default_rng(1))
    assert mean.shape == (6, 3, 2, 1, 10)
    np.testing.assert_array_equal(mean, np.broadcast_to(mean[:1], mean.shape))
    assert len(np.unique(mean[0, :, :, 0, 0])) == 6
    mean, _ = trials.train_all(config, ONE, trial_of(num_sets=6), np.random.default_rng(1))
    assert mean.shape == (6, 6, 1, 1, 10)
    np.testing.assert_array_equal(mean, np.broadcast_to(mean[:1, :1], mean.shape))


def test_students_learn_from_the_set_they_belong_to():
    trial = trial_of()
    mean, variance = trials.train_all(TINY, OWN, trial, np.random.default_rng(1))
    starts = networks.draw_networks(6, 2, 3, np.random.default_rng(1))
    for place, (arm, count) in enumerate(TINY.conditions()):
        lesson = trials.lesson(trial, arm, count)
        for at_set, training in ((0, 1), (2, 0)):
            own = [values[at_set] for values in lesson]
            start = [values[2 * at_set + training] for values in starts]
            found = trained_by_hand(start, trial.inputs, own, 5)
            expected = answers_of(found, trial.places)
            # Single precision: 5 steps of 0.01 on numbers near one.
            np.testing.assert_allclose(mean[place, at_set, training, 1], expected[0], atol=1e-5)
            own_variance = expected[1] if arm in (trials.AVERAGES, trials.ALL) else 0.0
            np.testing.assert_allclose(
                variance[place, at_set, training, 1], own_variance, atol=1e-5
            )


@pytest.mark.parametrize("trainings", [1, 2])
def test_an_error_is_bias_responses_and_training(trainings):
    rng, trial = np.random.default_rng(4), trial_of()
    mean, variance = rng.standard_normal((3, trainings, 10)), rng.uniform(0, 1, (3, trainings, 10))
    found = trials.measure(trial, mean, variance)
    # With unbiased parts it is their sum, in every sample: the parts of the mean squared error.
    parts = found["bias"] + found["response"] + found["training"]
    np.testing.assert_allclose(found["error"], parts, rtol=1e-9)
    np.testing.assert_allclose(found["inter"], found["response"] + found["training"])
    at_points = mean[..., :4]
    # Half the mean squared difference of pairs, another form of a sample variance.
    if trainings == 2:
        training = np.mean((at_points[:, 0] - at_points[:, 1]) ** 2) / 2
        np.testing.assert_allclose(found["training"], training, rtol=1e-9)
    sets = at_points.mean(axis=1)
    pairs = [(sets[i] - sets[j]) ** 2 / 2 for i, j in ((0, 1), (0, 2), (1, 2))]
    response = np.mean(pairs) - found["training"] / trainings
    np.testing.assert_allclose(found["response"], response, rtol=1e-9)


def test_a_students_variance_is_compared_with_the_teachers_at_the_same_inputs():
    trial, rng = trial_of(), np.random.default_rng(5)
    mean, variance = rng.standard_normal((3, 2, 10)), rng.uniform(0, 1, (3, 2, 10))
    found = trials.measure(trial, mean, variance)
    new, seen = trial.variance[:4], trial.variance[4:]
    assert found["teacher"] == pytest.approx(new.mean())
    assert found["intra"] == pytest.approx(variance[..., :4].mean())
    assert found["share"] == pytest.approx(variance[..., :4].mean() / new.mean())
    assert found["share_seen"] == pytest.approx(variance[..., 4:].mean() / seen.mean())
    far = np.mean([np.abs(row[:4] - new) for row in variance.reshape(6, 10)]) / new.mean()
    assert found["distance"] == pytest.approx(far)


def test_combined_errors_are_those_of_weighted_answers():
    trial, rng = trial_of(), np.random.default_rng(6)
    mean, variance = rng.standard_normal((6, 3, 2, 10)), rng.uniform(0.1, 1, (6, 3, 2, 10))
    rows = {row["way"]: row for row in trials.combinations(TINY, trial, mean, variance)}
    place = {condition: i for i, condition in enumerate(TINY.conditions())}
    noise = rng.standard_normal((40_000, 1))
    for arm, name in trials.STUDENT_VARIANCES.items():
        students, own = mean[place[arm, 2]], variance[place[arm, 2]]
        if arm == trials.SQUARED:
            own = np.broadcast_to(students.reshape(6, 10).var(axis=0, ddof=1), own.shape)
        fresh, reused, drawn = [], [], 0.0
        for at_set, training, at in itertools.product(range(3), range(2), range(10)):
            of_teacher, truth = trial.variance[at] / 2, trial.mean[at]
            weight = (1 / of_teacher) / (1 / of_teacher + 1 / own[at_set, training, at])
            student = students[at_set, training, at]
            if at < 4:
                teacher = truth + math.sqrt(of_teacher) * noise[:, 0]
                squares = (weight * teacher + (1 - weight) * student - truth) ** 2
                fresh.append(squares.mean())
                drawn += squares.var() / len(noise)
            else:
                teacher = trial.answers[at_set, at - 4].mean()
                reused.append((weight * teacher + (1 - weight) * student - truth) ** 2)
        found = rows[f"{trials.REUSED}, {name}"]
        np.testing.assert_allclose(found["weighted"], np.mean(reused), rtol=1e-10)
        averages = trial.answers.mean(axis=-1) - trial.mean[4:]
        np.testing.assert_allclose(found["teacher"], np.mean(averages**2), rtol=1e-10)
        off = students - trial.mean
        np.testing.assert_allclose(found["student"], np.mean(off[..., 4:] ** 2), rtol=1e-10)
        found = rows[f"{trials.FRESH}, {name}"]
        # The same noise everywhere: at most perfectly correlated errors of 24 numbers.
        margin = 5 * math.sqrt(24 * drawn) / 24
        assert abs(found["weighted"] - np.mean(fresh)) < margin
        np.testing.assert_allclose(found["teacher"], trial.variance[:4].mean() / 2, rtol=1e-10)
        np.testing.assert_allclose(found["student"], np.mean(off[..., :4] ** 2), rtol=1e-10)
    row = rows[trials.IN_THE_LOSS]
    for name, arm in (("student", trials.SQUARED), ("weighted", trials.WEIGHTED)):
        off = (mean[place[arm, 2]] - trial.mean)[..., :4]
        np.testing.assert_allclose(row[name], np.mean(off**2), rtol=1e-10)


# --- judging, drawing, running --------------------------------------------------------------------

ARMS = (trials.SQUARED, trials.AVERAGES, trials.ALL)


def planted(**changes):
    """Tables of four trials of which every statement holds, but for the changes."""
    truth = {
        "response": lambda k: 0.4 / k,
        "training": lambda k: 0.1 / k,
        "share": 0.5,
        "share_seen": 0.5,
        "distance": lambda k: 0.5 / k,
        "weighted": 0.4,
        "in_the_loss": 0.4,
    } | changes
    named = {"setting": OWN.name, "steps": 5}
    factors = list(enumerate(1 + 0.01 * np.array([-1.0, 0.3, -0.2, 0.9])))
    students = []
    for (trial, factor), arm, k in itertools.product(factors, ARMS, (1, 2, 5)):
        row = {"trial": trial, "arm": arm, "responses": k, "teacher": 0.8}
        parts = {name: truth[name](k) * factor for name in ("response", "training", "distance")}
        shares = {name: truth[name] * factor for name in ("share", "share_seen")}
        inter = {"inter": parts["response"] + parts["training"]}
        students.append(named | row | parts | shares | inter)
    ways = {f"{trials.FRESH}, {trials.STUDENT_VARIANCES[trials.SQUARED]}": "weighted"}
    ways[trials.IN_THE_LOSS] = "in_the_loss"
    weighting = [
        named
        | {"trial": trial, "way": way, "teacher": 0.45, "student": 0.5}
        | {"weighted": truth[name] * factor}
        for (trial, factor), (way, name) in itertools.product(factors, ways.items())
    ]
    return {"students": stack(students), "weighting": stack(weighting)}


def outcome_of(tables):
    return Outcome(STUDY, "small", TINY, 0, tables)


def test_tables_in_which_all_is_true_replicate_all():
    outcome = outcome_of(planted())
    assert {outcome.verdict(one.key) for one in STUDY.statements} == {Verdict.REPLICATED}
    # Two sources of variance, three kinds of students; without training one source.
    assert len(outcome.of("averaging")) == 6
    assert len(outcome_of(planted(training=lambda k: 0.0)).of("averaging")) == 3


@pytest.mark.parametrize(
    ("statement", "changes", "expected"),
    [
        ("suppression", {"share": 0.95, "share_seen": 0.95}, Verdict.NOT_REPLICATED),
        ("suppression", {"share": 0.95}, Verdict.DEPENDS),
        ("suppression", {"share": 0.9, "share_seen": 0.9}, Verdict.UNDECIDED),
        # 0.08 of a variance of 0.8 are a tenth of it.
        ("inter_student", {"response": lambda k: 0.06, "training": lambda k: 0.01}, "not"),
        ("inter_student", {"response": lambda k: 0.07, "training": lambda k: 0.01}, "undecided"),
        ("averaging", {"response": lambda k: 1.0, "training": lambda k: 1.0}, "not"),
        ("averaging", {"training": lambda k: 0.4}, Verdict.DEPENDS),
        ("stable", {"response": lambda k: 1.0, "training": lambda k: 1.0}, "not"),
        ("reflects", {"distance": lambda k: 0.5 * k}, Verdict.NOT_REPLICATED),
        # Below the student, not below the teacher.
        ("weighting", {"weighted": 0.48, "in_the_loss": 0.6}, Verdict.NOT_REPLICATED),
        ("weighting", {"weighted": 0.48}, Verdict.DEPENDS),
        ("weighting", {"in_the_loss": 0.48}, Verdict.REPLICATED),
        ("weighting", {"weighted": 0.45, "in_the_loss": 0.5}, Verdict.UNDECIDED),
    ],
)
def test_a_planted_table_is_judged_as_it_should_be(statement, changes, expected):
    words = {"not": Verdict.NOT_REPLICATED, "undecided": Verdict.UNDECIDED}
    assert outcome_of(planted(**changes)).verdict(statement) is words.get(expected, expected)


def test_a_seed_decides_everything():
    calls = []
    tables = STUDY.simulate(TINY, 0, lambda done, total: calls.append((done, total)))
    again, other = (STUDY.simulate(TINY, seed, silent) for seed in (0, 1))
    assert calls == [(done, 6) for done in range(1, 7)]
    for name, table in tables.items():
        for column in table.columns:
            np.testing.assert_array_equal(table[column], again[name][column])
    students = tables["students"]
    assert not np.any(students["error"] == other["students"]["error"])
    assert students.distinct("steps") == (5, 2)
    # Both Gaussian students of a single response are one; the others are not.
    for count, same in ((1, True), (2, False)):
        rows = [students.where(arm=arm, responses=count)["error"] for arm in ARMS[1:]]
        assert np.array_equal(*rows) is same
    assert {one.statement for one in STUDY.judge(tables)} == {s.key for s in STUDY.statements}
    figure = Figure(figsize=STUDY.figure_size, layout="constrained")
    STUDY.draw(tables, figure)
    figure.canvas.draw()
    assert len(figure.axes) == 4


def test_students_of_single_responses_differ_more_than_those_of_averages():
    # What the study is about, at a size where it cannot be missed: 50 responses against one.
    config = dataclasses.replace(
        TINY, num_sets=8, stops=(60,), responses=(1, 50), weighted_responses=50
    )
    trial = trial_of(config, 8)
    mean, variance = trials.train_all(config, OWN, trial, np.random.default_rng(0))
    place = {condition: i for i, condition in enumerate(config.conditions())}
    single, averaged = (
        trials.measure(trial, mean[place[trials.SQUARED, k], ..., 0, :], variance[0, ..., 0, :])
        for k in (1, 50)
    )
    assert averaged["response"] < single["response"] / 5
    assert not variance[place[trials.SQUARED, 50]].any()
