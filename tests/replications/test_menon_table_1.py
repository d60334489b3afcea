"""Table 1 on simulated data: every piece by a second route, and judgements on planted tables."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import optimize, special

from kdtheory.replications import _retrieval_judgement as judgement
from kdtheory.replications import _retrieval_training as training
from kdtheory.replications import menon_table_1
from kdtheory.replications._retrieval_judgement import ABOUT, BASE, STATEMENTS
from kdtheory.replications._retrieval_training import Arm, Model
from kdtheory.replications.menon_table_1 import STUDY, Config, StandIn, draw_world, simulate
from kdtheory.replications.records import stack

TINY = Config(
    trials=2,
    held_out=20,
    test_points=30,
    labels=8,
    rank=3,
    labels_each=2.0,
    teacher_width=8,
    teacher_steps=50,
    student_steps=8,
    scalings=(0.5, 1.0),
    stand_ins=tuple(StandIn(data, 24, 5, (1, 2)) for data in ABOUT),
)


def some_points(seed=0, points=12, features=4, labels=6):
    rng = np.random.default_rng(seed)
    marks = rng.random((points, labels)) < 0.4
    marks[np.arange(points), rng.integers(0, labels, points)] = True
    return rng.standard_normal((points, features)), marks


def some_model(seed=1, features=4, width=2, labels=6):
    rng = np.random.default_rng(seed)
    shapes = (features, width), (width, labels), (labels,)
    return Model(*(rng.standard_normal(shape) for shape in shapes))


def test_one_hot_training_is_the_mean_over_one_example_for_every_label():
    inputs, marks = some_points()
    model = some_model()
    logits = inputs @ model.inner @ model.outer + model.bias
    # By hand: the list of pairs (x, y).
    losses = [
        -special.log_softmax(logits[n])[y]
        for n, y in itertools.product(*map(range, marks.shape))
        if marks[n, y]
    ]
    found = training.objective(model, inputs, training.observed(marks.astype(float)))
    np.testing.assert_allclose(found, np.mean(losses), rtol=1e-12)


@pytest.mark.parametrize(
    ("arm", "psi"),
    [
        (Arm("distilled"), lambda s, p: np.ones_like(p)),
        (Arm("double", 0.5), lambda s, p: 1.0 - special.expit(0.5 * s)),
        (Arm("double", 2.0, positives="observed"), lambda s, p: 1.0 - special.expit(2.0 * s)),
        (Arm("double", named="1 - p"), lambda s, p: 1.0 - p),
    ],
)
def test_an_arm_is_equation_13_written_out(arm, psi):
    inputs, marks = some_points()
    model, logits = some_model(), 3.0 * some_points(seed=5)[0] @ np.ones((4, 6)) / 4.0
    logits = logits + np.arange(6.0)
    found = training.objective(
        model, inputs, training.smoothed(arm, training.observed(marks.astype(float)), logits)
    )
    scores = inputs @ model.inner @ model.outer + model.bias
    total, examples = 0.0, 0
    for n, y in zip(*np.nonzero(marks), strict=True):
        probs = special.softmax(logits[n])
        positives = probs if arm.positives == "teacher" else np.eye(6)[y]
        weights = psi(logits[n], probs)
        total += sum(
            positives[k] * np.log(np.sum(weights * np.exp(scores[n] - scores[n, k])))
            for k in range(6)
        )
        examples += 1
    np.testing.assert_allclose(found, total / examples, rtol=1e-12)


def test_training_reaches_the_optimum_that_scipy_finds():
    inputs, marks = some_points(points=60, features=3, labels=4)
    given = training.observed(marks.astype(float))

    def loss(flat):
        layers = Model(np.eye(3), flat[:12].reshape(3, 4), flat[12:])
        return float(objective(layers))

    objective = jax.jit(lambda model: training.objective(model, inputs, given))
    gradient = jax.jit(jax.grad(lambda model: training.objective(model, inputs, given)))

    def slope(flat):
        found = gradient(Model(np.eye(3), flat[:12].reshape(3, 4), flat[12:]))
        return np.concatenate([np.ravel(found.outer), found.bias])

    best = optimize.minimize(loss, np.zeros(16), jac=slope, method="BFGS", options={"gtol": 1e-9})
    start = training.initial(np.random.default_rng(0), 3, 4, 4)
    start = jax.tree.map(lambda leaf: np.asarray(leaf, float), start)
    job = jax.tree.map(lambda leaf: np.asarray(leaf)[None], (start, inputs, given))
    found = training.fit(*job, 0.05, steps=600, checkpoints=12)
    assert found.inner.shape == (1, 12, 3, 4)
    model = jax.tree.map(lambda leaf: leaf[0, -1], found)
    # The factors have full rank: the least loss is that of the convex problem.
    np.testing.assert_allclose(objective(model), best.fun, rtol=1e-7)
    assert objective(jax.tree.map(lambda leaf: leaf[0, 0], found)) > best.fun + 1e-6
    # There the teacher teaches nothing: its own score equations hold, and distilling another
    # linear model on the same sample is one-hot training.
    assert training.score_residual(model, inputs, given) < 1e-4
    logits = training.scores(model, jnp.asarray(inputs))
    student = some_model(seed=3, features=3, width=2, labels=4)
    distilled = training.smoothed(Arm("distilled"), given, logits)
    np.testing.assert_allclose(
        training.objective(student, inputs, distilled), objective(student), atol=1e-4
    )


def test_the_score_residual_is_what_distillation_changes():
    inputs, marks = some_points()
    teacher, given = some_model(), training.observed(marks.astype(float))
    probs = special.softmax(inputs @ teacher.inner @ teacher.outer + teacher.bias, axis=1)
    counts = marks.sum(axis=1)
    apart, total = (
        sum(c * np.outer(side[n], inputs[n]) for n, c in enumerate(counts))
        for side in (probs - marks / counts[:, None], marks / counts[:, None])
    )
    expected = np.sqrt(np.sum(apart**2) / np.sum(total**2))
    np.testing.assert_allclose(training.score_residual(teacher, inputs, given), expected, rtol=1e-9)


def test_units_that_are_only_held_change_nothing():
    inputs, marks = some_points()
    given = training.observed(marks.astype(float))

    def trained(held):
        start = training.initial(np.random.default_rng(3), 4, 2, 6, held)
        start = jax.tree.map(lambda leaf: np.asarray(leaf, float), start)
        job = jax.tree.map(lambda leaf: np.asarray(leaf)[None], (start, inputs, given))
        return jax.tree.map(
            lambda leaf: np.asarray(leaf)[0, -1],
            training.fit(*job, 0.05, steps=20, checkpoints=1),
        )

    plain, padded = trained(2), trained(5)
    np.testing.assert_allclose(padded.inner[:, :2], plain.inner, rtol=1e-9)
    np.testing.assert_allclose(padded.outer[:2], plain.outer, rtol=1e-9)
    assert not padded.inner[:, 2:].any()
    assert not padded.outer[2:].any()


@pytest.mark.parametrize("width", [1, 3])
def test_matched_logits_have_the_least_error_of_their_rank(width):
    inputs, marks = some_points(points=30, features=5, labels=7)
    teacher, counts = some_model(features=5, width=5, labels=7), marks.sum(axis=1).astype(float)
    model = training.matched(teacher, inputs, counts, width)
    logits = inputs @ teacher.inner @ teacher.outer + teacher.bias
    target = logits - logits.mean(axis=1, keepdims=True)
    found = np.asarray(model.bias) + inputs @ np.asarray(model.inner) @ np.asarray(model.outer)
    error = np.sum(counts[:, None] * (found - target) ** 2)
    # Eckart and Young: after the weighted mean, the squares of the singular values left out.
    away = np.sqrt(counts)[:, None] * (target - np.average(target, axis=0, weights=counts))
    left_out = np.sum(np.linalg.svd(away, compute_uv=False)[width:] ** 2)
    np.testing.assert_allclose(error, left_out, rtol=1e-4)
    assert left_out > 1e-2
    assert model.inner.shape == (5, width)


@pytest.mark.parametrize("width", [1, 2])
def test_precision_is_the_share_of_labels_among_the_best(width):
    # In float32, where scores of a hidden layer of one unit could differ from themselves by
    # rounding: compiled, they are computed where they are needed.
    inputs, marks = some_points(points=60, labels=9)
    inputs = inputs.astype(np.float32)
    models = [some_model(seed, width=width, labels=9) for seed in (1, 2, 3)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves).astype(np.float32), *models)
    expected = []
    for model in models:
        order = np.argsort(-(inputs @ model.inner @ model.outer + model.bias), axis=1)
        ranked = np.take_along_axis(marks, order, axis=1)
        expected.append([ranked[:, :k].mean() for k in (1, 3, 5)])
    np.testing.assert_allclose(training.precisions(stacked, inputs, marks), expected, rtol=1e-6)
    losses = training.objectives(stacked, inputs, training.observed(marks.astype(np.float32)))
    for model, loss in zip(models, losses, strict=True):
        own = training.objective(model, inputs, training.observed(marks.astype(float)))
        np.testing.assert_allclose(loss, own, rtol=1e-5)


def test_a_world_without_inputs_influence_has_the_frequencies_of_its_tail():
    # Scale zero: the logits are -log k, and a single label has probability (1/k) / (25/12).
    config = dataclasses.replace(
        TINY, labels=4, scale=0.0, labels_each=1.0, held_out=10_000, test_points=5_000
    )
    world = draw_world(config, StandIn("any", 100, 2), np.random.default_rng(0))
    assert [len(part.inputs) for part in world] == [100, 100, 10_000, 5_000]
    probs = np.array([12, 6, 4, 3]) / 25
    found = world.held_out.labels.mean(axis=0)
    assert (np.abs(found - probs) < 4.5 * np.sqrt(probs * (1 - probs) / 10_000)).all()
    assert (world.held_out.labels.sum(axis=1) == 1).all()
    # 1 + Poisson(0.2): mean 1.2, variance 0.2. More than four labels are rare beyond notice.
    config = dataclasses.replace(config, labels_each=1.2)
    counts = draw_world(config, StandIn("any", 100, 2), np.random.default_rng(0)).held_out.labels
    assert abs(counts.sum(axis=1).mean() - 1.2) < 4.5 * np.sqrt(0.2 / 10_000)
    assert counts.any(axis=1).all()
    # With two labels, the pair {1, 2} has 12/25 * 6/13 + 6/25 * 12/19.
    pairs = counts[counts.sum(axis=1) == 2]
    pair = 12 / 25 * 6 / 13 + 6 / 25 * 12 / 19
    bound = 4.5 * np.sqrt(pair * (1 - pair) / len(pairs))
    assert abs(pairs[:, :2].all(axis=1).mean() - pair) < bound


class Unperturbed(np.random.Generator):
    """Draws no noise where labels are drawn: the one label is that of the largest logit."""

    def gumbel(self, size):
        return np.zeros(size)


def test_the_logits_of_a_world_are_low_rank_with_its_scale():
    config = dataclasses.replace(
        TINY, labels=200, rank=3, scale=3.0, labels_each=1.0, held_out=2000
    )
    world = draw_world(config, StandIn("any", 2, 40), Unperturbed(np.random.PCG64(0)))
    # The same two draws again: E x^T A B B^T A^T x = (sum_r d_r^2) E (A^T x)_r^2, with decay d.
    rng = np.random.default_rng(0)
    inner, outer = rng.standard_normal((40, 3)), rng.standard_normal((3, 200))
    decay = np.array([1.0, 1 / np.sqrt(2), 1 / np.sqrt(3)])
    matrix = 3.0 * (inner / np.sqrt(40)) @ (decay[:, None] * outer) / np.sqrt(1 + 1 / 2 + 1 / 3)
    logits = world.held_out.inputs @ matrix
    assert 2.0 < np.std(logits) < 4.0
    chosen = np.argmax(logits - np.log(np.arange(1, 201)), axis=1)
    # But for ties within the rounding of inputs to float32.
    assert world.held_out.labels[np.arange(2000), chosen].mean() > 0.999


# --- the study ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny():
    calls = []
    tables = simulate(TINY, 0, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    return tables


def test_a_run_has_every_reading_and_statement(tiny):
    found = judgement.judge(tiny)
    assert {one.statement for one in found} == {statement.key for statement in STATEMENTS}
    words = {student: [] for student in ("narrow", "wider")}
    for data, student, rows in judgement.students(tiny):
        words[student].append([one.words for one in judgement.readings(rows)])
        assert set(rows["data"]) == {data}
    expected = [
        "first reading",
        "a = 0.5",
        "a = 1",
        "w = 1 - p",
        "positives observed",
        "teacher at the end",
        "inputs fresh, unlabelled",
        "stopped best on held-out data",
        "distilled by matching logits",
    ]
    assert words["narrow"] == [expected] * 2
    few = ("first reading", "a = 0.5", "a = 1", expected[-2], expected[-1])
    assert words["wider"] == [list(few)] * 2
    # Distillation does not depend on the weights of negatives, nor on the positives of the other.
    own = [one.reading for one in found if one.statement == "distillation"]
    assert len(own) == len(set(own)) == 2 * (5 + 3)


def test_stopping_on_held_out_points_is_best_there(tiny):
    table = tiny["precision"]
    students = table.where(method="double", positives="teacher")
    best = students.where(stopped=judgement.BY_VALIDATION)[judgement.HELD_OUT]
    last = students.where(stopped=BASE["stopped"])[judgement.HELD_OUT]
    assert (best >= last).all()
    assert (best > last).any()


def test_nothing_but_the_measurement_sees_the_test_points():
    kind = TINY.stand_ins[0]
    world = draw_world(TINY, kind, np.random.default_rng(4))
    blind = world._replace(test=world.test._replace(inputs=np.full_like(world.test.inputs, 1e3)))
    found = []
    for one in (world, blind):
        rng = np.random.default_rng(5)
        stops = menon_table_1._teachers(TINY, kind, rng, one)
        start = training.initial(rng, kind.features, 2, TINY.labels)
        teachers = {name: model for name, (_, model) in stops.items()}
        jobs = menon_table_1._jobs(TINY, one, teachers, ("any", "narrow", 2), start)
        rows = stack(menon_table_1._student_rows(TINY, one, 0, jobs))
        found.append(([steps for steps, _ in stops.values()], rows))
    assert found[0][0] == found[1][0]
    assert found[0][0][1] == TINY.teacher_steps
    held_out, precision = judgement.HELD_OUT, "P@1"
    np.testing.assert_array_equal(found[0][1][held_out], found[1][1][held_out])
    assert (found[0][1][precision] != found[1][1][precision]).any()


def test_fresh_inputs_are_not_those_of_the_sample():
    kind = TINY.stand_ins[0]
    world = draw_world(TINY, kind, np.random.default_rng(4))
    start = training.initial(np.random.default_rng(0), kind.features, 2, TINY.labels)
    teachers = dict.fromkeys((BASE["teacher"], judgement.TEACHER_AT_THE_END), start)
    jobs = menon_table_1._jobs(TINY, world, teachers, ("any", "narrow", 2), start)
    fresh = [job for job in jobs if job.words.get("inputs") == judgement.FRESH]
    assert len(fresh) == 3
    for job in jobs:
        part = world.fresh if job in fresh else world.sample
        np.testing.assert_array_equal(job.inputs, part.inputs)
    # An input without labels counts once.
    assert all((np.asarray(job.targets.counts) == 1).all() for job in fresh)
    assert not np.array_equal(world.fresh.inputs, world.sample.inputs)


def test_the_seed_decides_the_tables(tiny):
    again, other = (simulate(TINY, seed, lambda *_: None) for seed in (0, 1))
    for name, table in tiny.items():
        for column in table.columns:
            np.testing.assert_array_equal(table[column], again[name][column])
    assert (tiny["precision"]["P@3"] != other["precision"]["P@3"]).any()


def test_a_figure_is_drawn(tiny):
    figure = Figure(figsize=STUDY.figure_size, layout="constrained")
    STUDY.draw(tiny, figure)
    assert len(figure.axes) == 4
    assert [len(legend.get_texts()) for legend in figure.legends] == [4, 3]
    readings = [tick.get_text() for tick in figure.axes[2].get_yticklabels()]
    assert readings[0] == "narrow: first reading"
    assert len(readings) == 14
    figure.canvas.draw()
