"""What `assess` says against definitions: exact laws as data, pairs, leaving out, grids."""

import itertools
import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special, stats

from kdtheory import risks
from kdtheory.assessment import (
    Assessment,
    assess,
    identified,
    inputs,
    tuning,
)
from kdtheory.losses import brier, log_loss
from kdtheory.objects.problems import FiniteProblem
from kdtheory.proper import decompose_risk
from kdtheory.theorems import bias_variance, variance_reduction

pytestmark = pytest.mark.xdist_group("assessment")

# Two inputs, three labels; probabilities in sixths, so that 36 rows hold all pairs of labels of an
# input in the right proportions.
SIXTHS = np.array([[3, 2, 1], [0, 1, 5]])
TRUTH = SIXTHS / 6
TAUGHT = np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]])
LOSSES = np.array([[0.0, 1.0, 0.5], [2.0, 0.25, 0.0]])
HALVES = np.full(2, 0.5)


def all_labels(annotators):
    """Inputs and labels whose empirical law is exactly that of the world."""
    inputs_, labels = [], []
    for place, counts in enumerate(SIXTHS):
        pool = np.repeat(np.arange(3), counts)
        drawn = np.array(list(itertools.product(pool, repeat=annotators)))
        inputs_.append(np.full(len(drawn), place))
        labels.append(drawn)
    return np.concatenate(inputs_), np.concatenate(labels)


def exact(annotators=2, missing=False):
    at, labels = all_labels(annotators)
    if missing:
        # A copy of the world in which the third annotator is absent.
        gone = labels.copy()
        gone[:, -1] = inputs.MISSING
        at, labels = np.tile(at, 2), np.concatenate([labels, gone])
    return assess({"it": TAUGHT[at]}, labels, losses=LOSSES[at])


@pytest.mark.parametrize(("annotators", "missing"), [(2, False), (3, False), (3, True)])
def test_disagreement_identifies_what_the_labels_law_has(annotators, missing):
    found = exact(annotators, missing)["it"]
    known = found.identified
    parts = decompose_risk(brier, *map(jnp.asarray, (HALVES, TRUTH, TAUGHT)))
    assert known.excess.value == pytest.approx(float(parts.divergence), rel=1e-12)
    assert known.irreducible.value == pytest.approx(float(parts.entropy), rel=1e-12)
    assert found.brier.value == pytest.approx(float(parts.risk), rel=1e-12)
    ratio = float(parts.divergence / parts.entropy)
    assert known.noise_ratio.value == pytest.approx(ratio, rel=1e-12)
    gap = variance_reduction.variance_gap(*map(jnp.asarray, (HALVES, TRUTH, LOSSES)))
    assert known.reduction.value == pytest.approx(float(gap), rel=1e-12)
    logs = decompose_risk(log_loss, *map(jnp.asarray, (HALVES, TRUTH, TAUGHT)))
    assert found.log_loss.value == pytest.approx(float(logs.risk), rel=1e-12)
    assert found.if_bayes is None


def test_one_label_leaves_the_excess_between_its_calibration_and_the_whole():
    at, labels = all_labels(2)
    found = assess(TAUGHT[at], labels[:, 0])["teacher"]
    assert found.identified is None
    assert (found.excess_shown_by, found.excess_shown, found.excess_at_least) == ("", 0.0, 0.0)
    # Eight times the data. Three parts are identified, whose lower ends hold at once.
    many = np.tile(TAUGHT[at], (8, 1)), np.tile(labels[:, 0], 8)
    sure, each = (assess(*many, level=level)["teacher"] for level in (0.95, 1 - 0.05 / 3))
    gains = each.temperature.brier_gain, each.smoothing.brier_gain
    assert sure.excess_at_least == max(part.low for part in (each.calibration_part, *gains)) > 0
    assert sure.excess_shown_by == "its calibration"
    assert sure.excess_shown == sure.calibration_part.value
    assert found.excess_at_most == found.brier.high
    squares = (TRUTH - TAUGHT) ** 2
    assert found.excess_at_least <= squares.sum(axis=1).mean() <= found.excess_at_most
    # Every label has two scores, one per input, hence two bins of 36. With d = p* - p of an input
    # the sum of its 36 differences is 36 d, that of their squares 36 (d^2 + p* (1 - p*)), and the
    # mean of the products of pairs of distinct examples ((36 d)^2 - ...) / (36 * 35).
    pairs = (36 * squares - (squares + TRUTH * (1 - TRUTH))) / 35
    assert found.calibration_part.value == pytest.approx(pairs.sum(axis=1).mean(), rel=1e-10)
    assert found.class_wise_error.value == pytest.approx(max(pairs.sum(axis=1).mean(), 0) ** 0.5)


def samples_of_three():
    """Every sample of three from the two inputs and two labels, its chance and its arrays."""
    cells = list(itertools.product(range(2), range(2)))
    chance = {(i, y): HALVES[i] * PAIRS[i, y] for i, y in cells}
    for sample in itertools.product(cells, repeat=3):
        yield math.prod(chance[cell] for cell in sample), np.array(sample)


PAIRS = np.array([[0.75, 0.25], [0.4, 0.6]])


def test_noise_and_bias_have_the_right_expectation_over_all_samples():
    taught = np.array([[0.6, 0.4], [0.1, 0.9]])
    losses = np.array([[0.0, 1.0], [3.0, 0.5]])
    onehot = own = bias = total = 0.0
    for chance, sample in samples_of_three():
        at, labels = sample.T
        counted = inputs.labels_of(labels, 3, 2)
        terms = identified.student_terms(taught[at], counted, losses[at], 0.9)
        onehot += chance * terms.onehot_noise.value
        own += chance * terms.teacher_noise.value
        bias += chance * terms.bias.value
        total += chance
    world = tuple(map(jnp.asarray, (HALVES, PAIRS, losses)))
    assert total == pytest.approx(1.0)
    assert onehot == pytest.approx(float(risks.onehot_variance(*world)), rel=1e-12)
    spread = risks.teacher_variances(world[0], world[2], jnp.asarray(taught)[None])[0]
    assert own == pytest.approx(float(spread), rel=1e-12)
    expected = risks.teacher_bias(*world, jnp.asarray(taught)[None])[0]
    assert bias == pytest.approx(float(expected), rel=1e-12)


def test_break_even_is_that_of_the_world():
    at, labels = all_labels(1)
    # 2000 copies: the unbiased estimates differ from the law's moments by 1 in 12,000.
    at, labels = np.tile(at, 2000), np.tile(labels[:, 0], 2000)
    found = assess(TAUGHT[at], labels, losses=LOSSES[at])["teacher"].student.break_even
    problem = FiniteProblem.create(HALVES, TRUTH, LOSSES, teacher_probs=TAUGHT[None])
    expected = float(bias_variance.break_even(problem))
    assert found.value == pytest.approx(expected, rel=2e-3)
    assert found.low < expected < found.high < math.inf


def recalibrated(annotators=1, power=2.0):
    """Exact data, and a teacher that is too sure by a known temperature."""
    rows = np.array([[3, 2, 1], [1, 1, 4], [2, 2, 2]])
    at = np.repeat(np.arange(3), 60)
    labels = np.concatenate([np.tile(np.repeat(np.arange(3), row), 10) for row in rows])
    sure = (rows / 6) ** power
    return (sure / sure.sum(axis=1, keepdims=True))[at], labels


def test_the_best_temperature_undoes_a_power():
    """Logits that are twice those of the law of the labels: 2 exactly (and 1/2 for the root)."""
    for power in (2.0, 0.5):
        probs, labels = recalibrated(power=power)
        found = assess(probs, labels)["teacher"].temperature
        assert found.value == pytest.approx(power, rel=1e-8)


def test_temperature_and_smoothing_minimise_the_log_loss():
    rng = np.random.default_rng(6)
    probs = rng.dirichlet([0.5, 0.5, 0.5, 0.5], size=200)
    labels = np.where(rng.random(200) < 0.6, probs.argmax(axis=1), rng.integers(0, 4, 200))
    found = assess(probs, labels)["teacher"]

    def tempered(log_temperature):
        logs = special.log_softmax(np.log(probs) * np.exp(-log_temperature), axis=1)
        return -logs[np.arange(200), labels].mean()

    best = optimize.minimize_scalar(tempered, bounds=(-3, 3), method="bounded")
    assert found.temperature.value == pytest.approx(np.exp(best.x), rel=1e-4)
    amounts = np.linspace(0, 1, 20_001)
    seen = probs[np.arange(200), labels]
    losses = [-np.log((1 - amount) * seen + amount / 4).mean() for amount in amounts]
    assert found.smoothing.value == pytest.approx(amounts[np.argmin(losses)], abs=1e-4)


def test_what_is_fitted_on_one_half_is_judged_on_the_other():
    rng = np.random.default_rng(7)
    probs = rng.dirichlet([1.0, 1.0, 1.0], size=101)
    labels = np.where(rng.random(101) < 0.5, probs.argmax(axis=1), rng.integers(0, 3, 101))
    order = np.random.default_rng(0).permutation(101)
    first, second = order[:50], order[50:]
    found = assess(probs, labels)["teacher"]
    other = labels.copy()
    other[second] = (other[second] + 1) % 3
    changed = assess(probs, other)["teacher"]
    for name in ("temperature", "smoothing"):
        before, after = getattr(found, name), getattr(changed, name)
        assert before.halves[0] == after.halves[0]
        assert before.halves[1] != after.halves[1]
    assert found.temperature.halves[0] != pytest.approx(found.temperature.halves[1], rel=0.05)
    # The gain in log loss, example by example: the value of the other half.
    temperature = np.empty(101)
    temperature[second], temperature[first] = found.temperature.halves
    logs = special.log_softmax(np.log(probs) / temperature[:, None], axis=1)
    at = np.arange(101), labels
    gain = logs[at] - np.log(probs)[at]
    assert found.temperature.log_loss_gain.value == pytest.approx(gain.mean(), rel=1e-9)
    losses = rng.random((101, 3))
    told = assess(probs, labels, losses=losses)["teacher"]
    by_hand = assess(np.exp(logs), labels, losses=losses)["teacher"].student
    assert told.student_tempered.bias.value == pytest.approx(by_hand.bias.value, rel=1e-9)
    assert told.student_tempered.break_even.low == pytest.approx(by_hand.break_even.low, rel=1e-9)
    assert told.student.bias != told.student_tempered.bias
    tempered = ((np.exp(logs) - np.eye(3)[labels]) ** 2).sum(axis=1)
    original = ((probs - np.eye(3)[labels]) ** 2).sum(axis=1)
    assert found.temperature.brier_gain.value == pytest.approx((original - tempered).mean())


def test_comparisons_hold_together_and_rank_by_brier():
    rng = np.random.default_rng(9)
    truth = rng.dirichlet([1.0, 1.0], size=600)
    labels = (rng.random(600) < truth[:, 1]).astype(int)
    teachers = {
        "flat": np.full((600, 2), 0.5),
        "exact": truth,
        "near": 0.9 * truth + 0.1 * truth[:, ::-1],
    }
    found = assess(teachers, labels)
    assert [teacher.name for teacher in found.teachers] == ["exact", "near", "flat"]
    assert [(c.better, c.worse) for c in found.comparisons] == [
        ("exact", "near"),
        ("exact", "flat"),
        ("near", "flat"),
    ]
    assert found.comparisons[1].told_apart
    flat, exact = found["flat"], found["exact"]
    assert (exact.excess_shown_by, exact.excess_at_least) == ("", 0.0)
    pair = assess({name: teachers[name] for name in ("exact", "flat")}, labels, level=1 - 0.05 / 3)
    assert found.comparisons[1] == pair.comparisons[0]
    onehot = np.eye(2)[labels]
    scores = {name: ((probs - onehot) ** 2).sum(axis=1) for name, probs in teachers.items()}
    difference = scores["flat"] - scores["exact"]
    # Calibration, temperature, smoothing and two other teachers: five parts.
    lows = {}
    for name in ("exact", "near"):
        gain = scores["flat"] - scores[name]
        lows[name] = stats.t.interval(1 - 0.05 / 5, 599, gain.mean(), stats.sem(gain))[0]
    assert flat.excess_at_least == pytest.approx(max(lows.values()))
    assert flat.excess_shown_by == f"comparison with {max(lows, key=lows.get)}"
    assert found.comparisons[1].brier.value == pytest.approx(difference.mean())
    logs = -np.log(0.5) + np.log(truth[np.arange(600), labels])
    ends = stats.t.interval(1 - 0.05 / 3, 599, logs.mean(), stats.sem(logs))
    seen = found.comparisons[1].log_loss
    assert (seen.low, seen.high) == pytest.approx(ends)


def test_penalties_hold_for_every_teacher():
    """Both bounds of every penalty against the distances themselves, over many worlds."""
    rng = np.random.default_rng(10)
    for num_labels in (2, 3, 6):
        for concentration in (0.1, 1.0):
            p, q = rng.dirichlet(np.full(num_labels, concentration), size=(2, 500, 4))
            excess = ((p - q) ** 2).sum(axis=2).mean(axis=1)
            norm = np.linalg.norm(p - q, axis=2).mean(axis=1)
            tv = 0.5 * np.abs(p - q).sum(axis=2).mean(axis=1)
            constant = (num_labels // 2) * -(-num_labels // 2) / num_labels
            truths = np.stack([9 * constant * norm**2, 9 * tv**2, 3 * tv])
            for e, true in zip(excess, truths.T, strict=True):
                found = identified.penalties(e, e, e, num_labels, 3.0)
                for penalty, value in zip(found, true, strict=True):
                    assert penalty.at_least <= value * (1 + 1e-12)
                    assert value <= penalty.at_most * (1 + 1e-12)
                    assert penalty.estimate == penalty.at_most
    # Two certain, opposite answers are as far apart as distributions can be: all are equalities.
    for penalty in identified.penalties(2.0, 2.0, None, 2, 1.0):
        assert penalty.at_least == pytest.approx(1.0)
        assert penalty.at_most == pytest.approx(1.0)
        assert penalty.vacuous


def test_if_bayes_computes_with_the_teacher_for_the_truth():
    at, labels = all_labels(1)
    at, labels = np.tile(at, 20), np.tile(labels[:, 0], 20)
    found = assess(TAUGHT[at], labels, losses=LOSSES[at])["teacher"].if_bayes
    world = tuple(map(jnp.asarray, (HALVES, TAUGHT, TAUGHT)))
    parts = decompose_risk(brier, *world)
    assert found.irreducible.value == pytest.approx(float(parts.entropy))
    logs = decompose_risk(log_loss, *world)
    assert found.entropy.value == pytest.approx(float(logs.entropy))
    observed = decompose_risk(brier, world[0], jnp.asarray(TRUTH), world[1])
    surplus = float(observed.risk - parts.entropy)
    assert found.surplus.value == pytest.approx(surplus)
    gap = float(variance_reduction.variance_gap(world[0], world[1], jnp.asarray(LOSSES)))
    assert found.reduction.value == pytest.approx(gap)
    # 240 examples: an unbiased variance is the law's, times 240/239.
    bayes = float(risks.bayes_variance(world[0], world[1], jnp.asarray(LOSSES)))
    assert found.reduction_share.value == pytest.approx(gap / (gap + bayes * 240 / 239))


def test_an_excluded_label_makes_the_log_loss_infinite():
    rng = np.random.default_rng(11)
    probs = rng.dirichlet([1.0, 1.0, 1.0], size=60)
    labels = rng.integers(0, 3, 60)
    excluding = probs.copy()
    excluding[0] = np.where(np.arange(3) == labels[0], 0.0, 0.5)
    found = assess({"it": excluding, "other": probs, "twin": excluding}, labels)
    one = found["it"]
    assert (one.excluded, one.temperature, one.log_loss.value) == (1, None, math.inf)
    assert 0 < one.smoothing.value < 1
    assert one.smoothing.log_loss_gain.value == math.inf
    assert any("probability zero" in said for said in found.warnings)
    pairs = {frozenset((c.better, c.worse)): c for c in found.comparisons}
    assert pairs[frozenset(("it", "twin"))].log_loss is None
    assert math.isinf(pairs[frozenset(("it", "other"))].log_loss.value)
    again = Assessment.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found


def test_logits_and_their_probabilities_are_told_the_same():
    rng = np.random.default_rng(12)
    logits, labels = rng.normal(0, 2, (80, 4)), rng.integers(0, 4, 80)
    one = assess(logits, labels, logits=True)
    other = assess(special.softmax(logits, axis=1), labels)
    assert one["teacher"].brier.value == pytest.approx(other["teacher"].brier.value)
    assert one["teacher"].temperature.value == pytest.approx(other["teacher"].temperature.value)
    # Far logits underflow as probabilities, not in the log loss.
    far = np.zeros((80, 4))
    far[np.arange(80), labels] = -2000.0
    found = assess(far, labels, logits=True)["teacher"]
    assert found.log_loss.value == pytest.approx(2000 + math.log(3))
    assert found.excluded == 0


@pytest.mark.parametrize("num_labels", [3, 100])
def test_ties_and_many_labels(num_labels):
    """A teacher without an opinion: excess as for the uniform distribution, no accuracy."""
    flat = np.full((60, num_labels), 1 / num_labels)
    labels = np.arange(120).reshape(60, 2) % num_labels
    found = assess(flat, labels)["teacher"]
    assert found.accuracy.value == 0.0
    assert found.brier.value == pytest.approx(1 - 1 / num_labels)
    # The two labels of an example differ always: |p|^2 - p_y - p_y' = -1/L.
    assert found.identified.excess.value == pytest.approx(-1 / num_labels)
    assert found.identified.irreducible.value == pytest.approx(1.0)
    assert found.smoothing.value == 0.0
    assert found.smoothing.brier_gain.value == 0.0
    assert found.penalties[0].estimate == 0.0
    assert found.identified.noise_ratio.value == 0.0
    # Independent draws from any law agree now and then.
    assert "disagree more often than independent draws" in assess(flat, labels).warnings[1]


def test_labels_that_never_disagree():
    rng = np.random.default_rng(13)
    probs = rng.dirichlet([1.0, 1.0], size=50)
    labels = np.repeat(rng.integers(0, 2, 50)[:, None], 3, axis=1)
    found = assess(probs, labels, losses=np.zeros((50, 2)))
    assert found["teacher"].identified.noise_ratio is None
    assert found["teacher"].identified.reduction_share is None
    assert found["teacher"].student.break_even.low == 0.0
    assert any("no noise" in said for said in found.warnings)


def test_few_repeated_labels_are_not_used_and_said():
    rng = np.random.default_rng(14)
    probs = rng.dirichlet([1.0, 1.0], size=300)
    labels = rng.integers(0, 2, (300, 2))
    labels[20:, 1] = inputs.MISSING
    found = assess(probs, labels)
    assert found["teacher"].identified is None
    assert found.num_repeated == 20
    assert any("Only 20 examples have several" in said for said in found.warnings)
    more = rng.integers(0, 2, (300, 2))
    more[40:, 0] = inputs.MISSING
    seen = assess(probs, more)
    assert seen["teacher"].identified.num_examples == 40
    alone = assess(probs[:40], more[:40])
    assert seen["teacher"].identified == alone["teacher"].identified
    assert any("40 of 300" in said for said in seen.warnings)


def test_brier_losses_are_means_over_annotators():
    rng = np.random.default_rng(15)
    probs = rng.dirichlet([1.0, 1.0, 1.0], size=40)
    labels = rng.integers(0, 3, (40, 4))
    counted = inputs.labels_of(labels, 40, 3)
    table = np.asarray(brier(jnp.asarray(probs)))
    expected = np.take_along_axis(table, labels, axis=1).mean(axis=1)
    assert tuning.brier_losses(probs, counted) == pytest.approx(expected, rel=1e-12)
