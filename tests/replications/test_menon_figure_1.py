import dataclasses
import itertools

import jax
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats
from sklearn.metrics import log_loss

from kdtheory.replications import _growing_teachers as growing
from kdtheory.replications import _residual_networks as networks
from kdtheory.replications import menon_figure_1
from kdtheory.replications._residual_networks import Networks, Size
from kdtheory.replications.records import Outcome, Verdict, silent, stack

STUDY = menon_figure_1.STUDY
TINY = dataclasses.replace(
    STUDY.sizes["small"],
    trials=4,
    together=2,
    steps=8,
    blocks=(1, 2),
    widths=(2, 3),
    examples=20,
    digits=20,
    tests=30,
)

# --- networks -----------------------------------------------------------------------------------


def by_hand(network, size, inputs):
    """The formula of one network with the units and blocks that it has, and no others."""
    width, blocks = size
    (first, offset), (last, last_offset) = (tuple(map(np.float64, one)) for one in network.dense)
    (a, a0), (b, b0) = (tuple(map(np.float64, one)) for one in (network.inner, network.outer))
    hidden = inputs @ first[:, :width] + offset[:width]
    for block in range(blocks):
        inner = np.maximum(hidden @ a[block, :width, :width] + a0[block, :width], 0)
        hidden = hidden + inner @ b[block, :width, :width] + b0[block, :width]
    return np.maximum(hidden, 0) @ last[:width] + last_offset


def of(networks_, place):
    return jax.tree.map(lambda array: array[place], networks_)


def with_offsets(random, made):
    """Random offsets instead of zeros, so that a forgotten one is seen."""
    fill = lambda pair: (pair[0], random.standard_normal(pair[1].shape).astype(np.float32))  # noqa: E731
    dense = tuple(fill(pair) for pair in made.dense)
    return made._replace(dense=dense, inner=fill(made.inner), outer=fill(made.outer))


SIZES = [Size(3, 2), Size(2, 1), Size(3, 0)]


@pytest.mark.float32
def test_small_networks_within_large_ones():
    random = np.random.default_rng(0)
    made = with_offsets(random, networks.start(random, 4, SIZES, (5,)))
    pool = random.standard_normal((7, 4)).astype(np.float32)
    members = np.stack([random.permutation(7)[:6] for _ in SIZES]).astype(np.int32)
    found = np.asarray(networks.all_logits(made, pool, members))
    for place, size in enumerate(SIZES):
        expected = by_hand(of(made, place), size, pool[members[place]])
        np.testing.assert_allclose(found[place], expected, rtol=1e-5, atol=1e-5)


def test_number_of_parameters():
    # 4 inputs, 3 units, 5 labels: 4 * 3 + 3, two blocks of 2 * (3 * 3 + 3), 3 * 5 + 5.
    assert networks.num_parameters(Size(3, 2), 4, 5) == 15 + 48 + 20


def test_weights_start_with_variance_two_over_the_inputs():
    made = networks.start(np.random.default_rng(1), 50, [Size(100, 2), Size(25, 2)], (40,))
    assert made.dense[0][0].var() == pytest.approx(2 / 50, rel=0.1)
    assert made.dense[1][0][1].var() == pytest.approx(2 / 25, rel=0.1)
    assert made.inner[0][0].var() == pytest.approx(2 / 100, rel=0.1)
    # Divided by the number of blocks: 2 / 100 / 2^2.
    assert made.outer[0][0].var() == pytest.approx(2 / 100 / 4, rel=0.1)


@pytest.mark.float32
def test_the_first_step_of_training():
    # Adam's first step is the sign of the gradient times the step size; decay adds its share of
    # the weights. What a network does not have has no gradient.
    random = np.random.default_rng(2)
    size, count, decay = Size(2, 1), 6, np.float32(0.5)
    made = with_offsets(random, networks.start(random, 4, [size, Size(3, 1)], (5,)))
    made = jax.tree.map(lambda array: array[:1], made)
    pool = random.standard_normal((9, 4)).astype(np.float32)
    members = random.permutation(9)[None, :count].astype(np.int32)
    targets = random.dirichlet(np.ones(5), count)[None].astype(np.float32)
    draws = random.integers(count, size=(1, 1, 1, 8), dtype=np.int32)
    trained = networks.train(made, pool, members, targets, draws, decay[None])
    rows = draws[0, 0, 0]

    def loss(network):
        scores = by_hand(network, size, np.float64(pool[members[0][rows]]))
        scores = scores - scores.max(1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        return -np.mean(np.sum(targets[0][rows] * logs, axis=1))

    start = jax.tree.map(np.float64, of(made, 0))
    leaves, shape = jax.tree.flatten(start[:3])
    after = jax.tree.leaves(of(networks.after(trained, 0), 0)[:3])
    seen = 0
    for place, leaf in enumerate(leaves):
        for index in np.ndindex(leaf.shape):

            def moved(by, place=place, index=index):
                changed = [array.copy() for array in leaves]
                changed[place][index] += by
                return loss(Networks(*jax.tree.unflatten(shape, changed), *start[3:]))

            slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
            change = after[place][index] - leaf[index]
            step = np.sign(slope) if abs(slope) > 1e-3 else 0.0
            if slope == 0.0 or step:
                expected = -networks.LEARNING_RATE * (step + decay * leaf[index])
                assert change == pytest.approx(expected, abs=2e-6)
                seen += 1
    assert seen > 40


@pytest.mark.float32
def test_training_fits_labels_and_keeps_every_part():
    random = np.random.default_rng(8)
    made = networks.start(random, 4, [Size(16, 1)], (3,))
    pool = random.standard_normal((20, 4)).astype(np.float32)
    members = np.arange(20, dtype=np.int32)[None]
    targets = np.eye(3, dtype=np.float32)[random.integers(3, size=(1, 20))]
    draws = random.integers(20, size=(1, 3, 150, 8), dtype=np.int32)
    trained = networks.train(made, pool, members, targets, draws, np.zeros(1, np.float32))
    parts = [networks.after(trained, part) for part in range(3)]
    losses = [
        float(growing.measures(networks.all_logits(one, pool, members), targets)["log_loss"][0])
        for one in (made, *parts)
    ]
    assert sorted(losses, reverse=True) == losses
    assert losses[-1] < 0.1 * losses[0]


# --- problems and measures ----------------------------------------------------------------------


def test_bayes_probabilities_of_the_mixture():
    random = np.random.default_rng(3)
    centres = random.standard_normal((4, 3, 2))
    inputs = random.standard_normal((5, 2))
    density = np.zeros((5, 4))
    for label, part in itertools.product(range(4), range(3)):
        density[:, label] += stats.multivariate_normal(centres[label, part]).pdf(inputs)
    expected = density / density.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(menon_figure_1.mixture_probs(inputs, centres), expected, rtol=1e-10)


def test_labels_of_the_mixture_are_drawn_from_its_probabilities():
    config = dataclasses.replace(TINY, examples=2000, tests=0)
    made = menon_figure_1.mixture(np.random.default_rng(4), config)
    at_label = made.truth[np.arange(4000), made.labels]
    # The mean of p(y) - sum_k p_k^2 is zero, with a variance of at most 1/4 each.
    excess = np.mean(at_label - np.sum(made.truth**2, axis=1))
    assert abs(excess) < 5 * 0.5 / np.sqrt(4000)
    np.testing.assert_allclose(made.truth.sum(axis=1), 1.0, rtol=1e-5)


def test_labels_are_redrawn_and_test_inputs_are_held_back():
    group = menon_figure_1.GROUPS[1]
    config = dataclasses.replace(TINY, examples=3000)
    trial = growing._prepare(np.random.default_rng(5), group, config)
    clean = np.eye(10)[trial.problem.labels[:3000]]
    wrong = [np.mean(np.any(one[0] != clean, axis=1)) for one in trial.targets]
    # A fifth is drawn again, a tenth of which hits the label it had: 0.18.
    noisy = group.arms.index((0.0, 0.2))
    assert wrong[noisy] == pytest.approx(0.18, abs=5 * np.sqrt(0.18 * 0.82 / 3000))
    assert [rate for arm, rate in enumerate(wrong) if arm != noisy] == [0.0, 0.0]
    data = growing._data([trial.problem, trial.problem], 2)
    for row in range(4):
        parts = [data.taught[row], data.fresh[row], data.tests[row]]
        assert [len(part) for part in parts] == [3000, 3000, 30]
        # The parts are those of one trial, all of it, and nothing twice.
        first = (row // 2) * 6030
        assert sorted(np.concatenate(parts)) == list(range(first, first + 6030))


def test_measures_are_expectations_over_labels():
    random = np.random.default_rng(6)
    scores = random.standard_normal((2, 50, 4))
    labels = random.integers(4, size=(2, 50))
    onehot = np.eye(4)[labels]
    found = {name: np.asarray(v) for name, v in growing.measures(scores, onehot).items()}
    probs = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    for place in range(2):
        assert found["accuracy"][place] == np.mean(probs[place].argmax(1) == labels[place])
        assert found["log_loss"][place] == pytest.approx(log_loss(labels[place], probs[place]))
    # Exact in the labels: the mean over two labellings is the value at the mean of both.
    other = np.eye(4)[random.integers(4, size=(2, 50))]
    again, mixed = (growing.measures(scores, t) for t in (other, (onehot + other) / 2))
    for name in ("accuracy", "log_loss"):
        np.testing.assert_allclose(mixed[name], (found[name] + again[name]) / 2, rtol=1e-10)
    expected = np.mean(np.sum((probs - (onehot + other) / 2) ** 2, axis=-1), axis=-1)
    np.testing.assert_allclose(mixed["squared_distance"], expected, rtol=1e-10)


def test_calibration_errors():
    # 60 inputs of confidence 0.75, half of them right, and 40 of confidence 0.95, all right: gaps
    # 0.25 and -0.05. Mean: 0.6 * 0.25 + 0.4 * 0.05; mean square: 0.6 * 0.25^2 + 0.4 * 0.05^2.
    confidence = np.repeat([0.75, 0.95], [60, 40])
    probs = np.stack([confidence, 1 - confidence], axis=1)
    right = np.repeat([0.5, 1.0], [60, 40])
    truth = np.stack([right, 1 - right], axis=1)
    absolute, root = growing.calibration_errors(probs, truth)
    assert absolute == pytest.approx(0.17)
    assert root == pytest.approx(np.sqrt(0.6 * 0.0625 + 0.4 * 0.0025))
    # With labels instead, every other one right, the mean within the bin is the same.
    right[:60] = np.tile([1.0, 0.0], 30)
    truth = np.stack([right, 1 - right], axis=1)
    assert growing.calibration_errors(probs, truth)[0] == pytest.approx(0.17)


# --- judgement ----------------------------------------------------------------------------------


def test_excess_over_the_best():
    # Means 3, 1, 2 without spread: the ends exceed the best, 1, by 2 and by 1.
    first, last = menon_figure_1.over_best("abc", [[3.0, 1.0, 2.0]] * 4)
    assert (first.estimate.value, first.estimate.low, first.estimate.high) == (2.0, 2.0, 2.0)
    assert (last.estimate.value, last.estimate.low, last.estimate.high) == (1.0, 1.0, 1.0)
    # Where the smallest is the best it exceeds the others by a negative number.
    first, _ = menon_figure_1.over_best("abc", [[1.0, 3.0, 2.0]] * 4)
    assert first.estimate.value == -1.0


def test_turning_point_of_the_other_trials():
    # Trial 0 alone would choose size 1; the others, which count for it, choose size 0.
    losses = [[3.0, 0.0, 4.0], [1.0, 2.5, 4.0], [1.0, 2.5, 4.0]]
    values = [[0.1, 0.2, 0.9], [0.1, 0.2, 0.9], [0.1, 0.2, 0.9]]
    # Without trial 1 the sums are 4, 2.5, 8: size 1; without trial 2 too.
    found = menon_figure_1.beyond(values, losses)
    np.testing.assert_allclose(found, [0.8, 0.7, 0.7])


def planted(accuracy, losses, calibration, students, spread=0.001, seed=7):
    """Tables of one reading with these means, and a little noise."""
    random = np.random.default_rng(seed)
    teachers, taught = [], []
    for trial, place in itertools.product(range(8), range(3)):
        condition = {"reading": "one", "trial": trial, "parameters": 10 * 2**place}
        value = lambda means, place=place: means[place] + spread * random.standard_normal()  # noqa: E731
        row = {"accuracy": value(accuracy), "log_loss": value(losses)}
        row |= {"calibration": value(calibration), "debiased_calibration": value(calibration)}
        teachers.append(condition | row)
        taught.append(condition | {"students": growing.SAME, "accuracy": value(students)})
    return {"teachers": stack(teachers), "students": stack(taught)}


AS_PRINTED = ((0.5, 0.6, 0.7), (1.0, 0.5, 0.8), (0.1, 0.1, 0.2), (0.5, 0.6, 0.55))
KEYS = [statement.key for statement in STUDY.statements]


def verdicts(tables):
    outcome = Outcome(STUDY, "small", TINY, 0, tables)
    return [outcome.verdict(key) for key in KEYS]


def test_tables_as_the_text_has_them_replicate():
    assert verdicts(planted(*AS_PRINTED)) == [Verdict.REPLICATED] * 5


@pytest.mark.parametrize(
    ("place", "values", "lost"),
    [
        (0, (0.7, 0.6, 0.5), {"accuracy", "at_odds"}),
        # No turning point: what lies beyond it is not there.
        (1, (1.0, 0.8, 0.5), {"log_loss", "at_odds", "student"}),
        (1, (0.5, 0.8, 1.0), {"log_loss"}),
        (2, (0.2, 0.1, 0.1), {"calibration"}),
        (3, (0.5, 0.55, 0.6), {"student"}),
    ],
)
def test_tables_that_contradict_the_text(place, values, lost):
    means = list(AS_PRINTED)
    means[place] = values
    found = dict(zip(KEYS, verdicts(planted(*means)), strict=True))
    if values == (0.5, 0.8, 1.0):
        # The turning point is the smallest: students of 0.5 there, of 0.55 at the largest.
        lost = {*lost, "student"}
    assert {key for key, verdict in found.items() if verdict is Verdict.NOT_REPLICATED} == lost
    assert {key for key, verdict in found.items() if verdict is Verdict.REPLICATED} == {
        *KEYS
    } - lost


def test_noise_decides_nothing():
    # One interval in twenty is off: not with these draws.
    flat = ((0.5, 0.5, 0.5),) * 4
    assert set(verdicts(planted(*flat, spread=0.1, seed=8))) == {Verdict.UNDECIDED}


# --- the study ----------------------------------------------------------------------------------

ALL_KINDS = growing.Group(
    menon_figure_1.mixture,
    3,
    (
        growing.Reading("first", students=(growing.SAME, growing.WARM, growing.FRESH)),
        growing.Reading("short", part=1),
        growing.Reading("noise and decay", decay=0.3, noise=0.5),
    ),
)


@pytest.fixture(scope="module")
def one_group():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(menon_figure_1, "GROUPS", (ALL_KINDS,))
        yield


@pytest.fixture(scope="module")
def tables(one_group):
    return STUDY.simulate(TINY, 0, silent)


def same(some, other):
    pairs = [(some[name].columns, other[name].columns) for name in some]
    return all(np.array_equal(a[name], b[name]) for a, b in pairs for name in a)


@pytest.mark.usefixtures("one_group")
def test_seeds(tables):
    steps = []
    assert same(tables, STUDY.simulate(TINY, 0, lambda *step: steps.append(step)))
    # Two calls for four trials, of 1 + 3 + 1 + 1 trainings each.
    assert steps == [(done, 12) for done in range(1, 13)]
    assert not same(tables, STUDY.simulate(TINY, 1, silent))


@pytest.mark.float32
def test_a_trial_does_not_depend_on_those_beside_it(tables):
    found = growing.tabulated(ALL_KINDS, TINY, range(1, 3), (0, 0), lambda: None)
    for table, rows in zip(tables.values(), map(stack, found), strict=True):
        for trial in (1, 2):
            for name in ("accuracy", "log_loss", "squared_distance"):
                left, right = (part.where(trial=trial)[name] for part in (table, rows))
                np.testing.assert_allclose(left, right, rtol=1e-4)


def test_tables(tables):
    teachers, students = tables["teachers"], tables["students"]
    assert len(teachers) == 4 * 2 * 3
    assert len(students) == 4 * 2 * 5
    losses = [teachers.where(reading=one.name)["log_loss"] for one in ALL_KINDS.readings]
    assert not np.any(losses[0] == losses[1])
    assert not np.any(losses[0] == losses[2])
    taught = students.where(reading="first")
    losses = [taught.where(students=kind)["log_loss"] for kind in ALL_KINDS.readings[0].students]
    assert not np.any(losses[0] == losses[1])
    assert not np.any(losses[0] == losses[2])


def test_drawing(tables):
    figure = Figure(layout="constrained")
    STUDY.draw(tables, figure)
    # A line for every reading, and one at zero.
    assert [len(ax.lines) for ax in figure.axes] == [3, 3, 3, 4]
