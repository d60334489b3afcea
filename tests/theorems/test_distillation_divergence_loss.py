"""Ranges of distillation losses: against grids, optimisers and 40 digits."""

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.optimize
from scipy.special import log_softmax, softmax, xlogy

from kdtheory.concentration import variance_proxy
from kdtheory.objects.algorithms import StableAlgorithm
from kdtheory.theorems.distillation_divergence import distillation_loss, stability

pytestmark = pytest.mark.usefixtures("strict")

LOSSES = ("cross_entropy", "kl", "brier", "squared_logits")
SETTINGS = [(0.05, 1.0), (0.5, 2.0), (2.0, 1.0), (3.0, 0.7)]
"""(logit bound, temperature)"""


def loss_of(name, logits, target, temperature):
    """The loss from its definition; the target of logit matching is one of logits."""
    if name == "squared_logits":
        return np.sum(((logits - target) / temperature) ** 2, axis=-1)
    if name == "brier":
        return np.sum((softmax(logits / temperature, axis=-1) - target) ** 2, axis=-1)
    cross_entropy = -np.sum(target * log_softmax(logits / temperature, axis=-1), axis=-1)
    entropy = -np.sum(xlogy(target, target), axis=-1)
    return cross_entropy - (entropy if name == "kl" else 0)


def targets_for(name, bound, temperature, logits, rng):
    """Targets of every kind: one-hot, what the student says itself, between them, random."""
    labels = logits.shape[-1]
    if name == "squared_logits":
        corners = np.array(list(itertools.product((-bound, bound), repeat=labels)))
        return np.concatenate([corners, logits, rng.uniform(-bound, bound, (20, labels))])
    predictions = softmax(logits / temperature, axis=-1)
    soft = rng.dirichlet(np.full(labels, 0.5), 20)
    return np.concatenate([np.eye(labels), predictions, soft])


@pytest.mark.parametrize("labels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", LOSSES)
def test_the_range_is_what_a_grid_of_logits_and_targets_reaches(name, labels):
    rng = np.random.default_rng(labels)
    for bound, temperature in SETTINGS:
        grid = np.linspace(-bound, bound, 5 if labels < 4 else 3)
        logits = np.array(list(itertools.product(grid, repeat=labels)))
        targets = targets_for(name, bound, temperature, logits, rng)
        met = loss_of(name, logits[:, None, :], targets[None], temperature)
        ends = distillation_loss.distillation_loss_range(
            bound, temperature, num_labels=labels, loss=name
        )
        np.testing.assert_allclose(ends, (met.min(), met.max()), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_no_optimiser_leaves_the_range(name):
    """Logits and targets are free: the ends are found by descent, and nothing beyond them."""
    rng = np.random.default_rng(3)
    bound, temperature, labels = 1.5, 0.8, 4

    def value(point, sign):
        logits, rest = bound * np.tanh(point[:labels]), point[labels:]
        target = bound * np.tanh(rest) if name == "squared_logits" else softmax(rest)
        return sign * loss_of(name, logits, target, temperature)

    starts = 3 * rng.normal(size=(12, 2 * labels))
    low, high = (
        min(scipy.optimize.minimize(value, start, (sign,)).fun for start in starts) * sign
        for sign in (1, -1)
    )
    ends = distillation_loss.distillation_loss_range(
        bound, temperature, num_labels=labels, loss=name
    )
    assert ends[0] - 1e-12 <= low < ends[0] + 1e-3
    assert ends[1] - 1e-3 < high <= ends[1] + 1e-12


@pytest.mark.parametrize("labels", [2, 3, 1000])
def test_ends_and_widths_in_forty_digits(labels):
    for spread in (1e-12, 1e-3, 1.0, 30.0, 800.0):
        with mpmath.workdps(40):
            x = mpmath.mpf(spread)
            low = mpmath.log(1 + (labels - 1) * mpmath.exp(-x))
            high = mpmath.log(1 + (labels - 1) * mpmath.exp(x))
            expected = [float(low), float(high), float(high - low)]
        # 2B/T = spread exactly, at T = 2.
        low, high = distillation_loss.distillation_loss_range(spread, 2.0, num_labels=labels)
        width = distillation_loss.distillation_loss_width(spread, 2.0, num_labels=labels)
        np.testing.assert_allclose([low, high, width], expected, rtol=4e-15)


def test_the_width_is_2b_over_t_for_two_labels_only():
    for bound, temperature in SETTINGS:
        spread = 2 * bound / temperature
        widths = [
            float(distillation_loss.distillation_loss_width(bound, temperature, num_labels=labels))
            for labels in (1, 2, 3, 10)
        ]
        assert widths[0] == 0
        np.testing.assert_allclose(widths[1], spread, rtol=1e-15)
        assert spread < widths[2] < widths[3] < min(2 * spread, spread + np.log(9))
        # Three labels, by hand: losses log(1 + 2e^x) and log(1 + 2e^-x).
        by_hand = np.log(1 + 2 * np.exp(spread)) - np.log(1 + 2 * np.exp(-spread))
        np.testing.assert_allclose(widths[2], by_hand, rtol=1e-12)


def test_one_prediction_and_two_targets():
    # -(q - q')^T f/T: the spread of the logits is all that the targets can change.
    rng = np.random.default_rng(8)
    logits = np.concatenate([rng.uniform(-2, 2, (50, 3)), [[-2, 2, 0]]])
    targets = np.concatenate([rng.dirichlet(np.ones(3), 20), np.eye(3)])
    met = loss_of("cross_entropy", logits[:, None], targets[None], 0.5)
    differences = met.max(axis=1) - met.min(axis=1)
    assert (differences <= 2 * 2 / 0.5 + 1e-12).all()
    np.testing.assert_allclose(differences[-1], 8, rtol=1e-14)


@pytest.mark.parametrize("labels", [2, 4])
def test_the_slope(labels):
    rng = np.random.default_rng(labels)
    bound, temperature = 1.2, 0.6
    logits = rng.choice([-bound, bound, 0.3], (2000, 2, labels))
    logits[:, 1] = np.clip(
        logits[:, 0] + rng.normal(size=(2000, labels)) * 10 ** rng.uniform(-3, 1, (2000, 1)),
        -bound,
        bound,
    )
    hard = np.eye(labels)[rng.integers(0, labels, 2000)]
    soft = rng.dirichlet(np.ones(labels), 2000)
    targets = np.where(rng.random((2000, 1)) < 0.5, hard, soft)
    losses = loss_of("cross_entropy", logits, targets[:, None], temperature)
    spread = np.ptp(logits[:, 0] - logits[:, 1], axis=-1)
    slope = float(distillation_loss.distillation_loss_slope(bound, temperature, num_labels=labels))
    assert (np.abs(losses[:, 0] - losses[:, 1]) <= slope * spread + 1e-14).all()
    # At the corner where the label has the smallest logit the derivative attains it.
    corner = np.where(np.arange(labels) == 0, -bound, bound)
    direction = np.where(np.arange(labels) == 0, 1.0, 0.0)
    step = 1e-6
    first, second = (
        loss_of("cross_entropy", corner + shift * direction, np.eye(labels)[0], temperature)
        for shift in (0, step)
    )
    np.testing.assert_allclose((first - second) / step, slope, rtol=1e-5)


def test_the_customary_factor():
    for name in LOSSES:
        given = {"num_labels": 3, "loss": name}
        plain = distillation_loss.distillation_loss_range(2.0, 4.0, **given)
        scaled = distillation_loss.distillation_loss_range(2.0, 4.0, scaled=True, **given)
        np.testing.assert_allclose(scaled, 16 * np.array(plain), rtol=1e-15)
        width = distillation_loss.distillation_loss_width(2.0, 4.0, scaled=True, **given)
        np.testing.assert_allclose(width, scaled[1] - scaled[0], rtol=1e-14)
    slope = distillation_loss.distillation_loss_slope(2.0, 4.0, num_labels=2, scaled=True)
    np.testing.assert_allclose(slope, 4 / (1 + np.exp(-1)), rtol=1e-15)


def test_without_a_bound_on_the_logits():
    for name in LOSSES:
        low, high = distillation_loss.distillation_loss_range(jnp.inf, 1.0, num_labels=3, loss=name)
        assert low == 0
        # The Brier score of a certain prediction that is wrong is 2.
        assert high == (2 if name == "brier" else np.inf)
    proxies = distillation_loss.distillation_loss_proxy(jnp.inf, 1.0, 10.0, num_labels=3)
    assert all(np.isinf(leaf) for leaf in jax.tree.leaves(proxies))


# --- what follows for the gap -------------------------------------------------------------------


def test_proxies_by_hand():
    # Two labels, B = 1, T = 2: R = 1. With n = 4 and beta = 1/8: 4 (1/8 + 1/8)^2 = 1/4.
    given = {"num_labels": 2, "stability": 0.125}
    proxies = distillation_loss.distillation_loss_proxy(1.0, 2.0, 4.0, **given)
    expected = [1.0, 1.0, 1 / 4, 1 / 16]
    np.testing.assert_allclose(jax.tree.leaves(proxies), expected, rtol=1e-14)
    # Nothing known of the teacher, or a constant too large to be of use.
    for beta in (np.inf, 2.0):
        proxies = distillation_loss.distillation_loss_proxy(
            1.0, 2.0, 4.0, num_labels=2, stability=beta
        )
        assert proxies.stable_teacher == proxies.any_teacher


def table_of(logits, targets, temperature):
    return loss_of("cross_entropy", logits, targets, temperature)


def test_gaps_of_any_teacher_stay_within_the_width():
    rng = np.random.default_rng(5)
    bound, temperature = 1.5, 0.5
    width = float(distillation_loss.distillation_loss_width(bound, temperature, num_labels=3))
    reached = 0.0
    for _ in range(40):
        weights = rng.dirichlet([0.3] * 2)
        logits = rng.choice([-bound, bound], (2, 8, 2, 3))
        targets = np.eye(3)[rng.integers(0, 3, 2)]
        losses = table_of(logits, targets, temperature)
        algorithm = StableAlgorithm.create(weights, losses, 3)
        gaps = np.abs(np.asarray(stability.gaps(algorithm)))
        assert gaps.max() <= width * (1 - weights.min()) + 1e-12
        reached = max(reached, gaps.max() / width)
    assert reached > 0.9


def test_the_mean_of_independent_losses_has_the_nth_part_of_the_proxy():
    # Enumerated: a hypothesis that does not depend on the data, three samples.
    rng = np.random.default_rng(6)
    weights = rng.dirichlet(np.ones(3))
    losses = table_of(rng.uniform(-2, 2, (3, 2)), np.eye(2)[[0, 1, 0]], 0.7)
    whole = StableAlgorithm.create(weights, np.tile(losses, (1, 27, 1)), 3)
    assert whole.stability == 0
    one = variance_proxy(jnp.asarray(losses), jnp.asarray(weights))
    np.testing.assert_allclose(variance_proxy(*stability.gap_law(whole)), one / 3, rtol=1e-12)


def test_a_right_or_wrong_student_attains_the_proxy():
    # Confident on both inputs, right on one: the loss is one end of the range or the other.
    losses = table_of(np.array([[2.0, -2.0], [-2.0, 2.0]]), np.eye(2)[[0, 0]], 1.0)
    proxies = distillation_loss.distillation_loss_proxy(2.0, 1.0, 5.0, num_labels=2)
    exact = variance_proxy(jnp.asarray(losses), jnp.full(2, 0.5)) / 5
    np.testing.assert_allclose(exact, proxies.fixed_hypothesis, rtol=1e-13)
    # R = 4: 16/20.
    np.testing.assert_allclose(exact, 0.8, rtol=1e-13)


# --- transformations and refusals ---------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name):
    def width(bound, temperature):
        return distillation_loss.distillation_loss_width(
            bound, temperature, num_labels=3, loss=name
        )

    slopes = jax.grad(width, argnums=(0, 1))(1.3, 0.9)
    step = 1e-6
    by_bound = (width(1.3 + step, 0.9) - width(1.3 - step, 0.9)) / (2 * step)
    by_temperature = (width(1.3, 0.9 + step) - width(1.3, 0.9 - step)) / (2 * step)
    np.testing.assert_allclose(slopes, (by_bound, by_temperature), rtol=1e-8)


@pytest.mark.float32
def test_single_precision():
    # x = 1e-6: the width is 4/3 x for three labels; as a difference of ends it would be noise.
    width = distillation_loss.distillation_loss_width(1e-6, 2.0, num_labels=3)
    np.testing.assert_allclose(width, 4 / 3 * 1e-6, rtol=1e-6)


def test_refusals():
    with pytest.raises(ValueError, match="loss: got 'hinge'; expected one of cross_entropy"):
        distillation_loss.distillation_loss_range(1.0, 1.0, num_labels=2, loss="hinge")
    with pytest.raises(ValueError, match="num_labels: got 0"):
        distillation_loss.distillation_loss_slope(1.0, 1.0, num_labels=0)


@pytest.mark.parametrize(("bound", "temperature"), [(-1.0, 1.0), (1.0, 0.0), (1.0, -2.0)])
@pytest.mark.parametrize("name", distillation_loss.LOSSES)
def test_what_is_out_of_range_has_no_range(name, bound, temperature):
    ends = distillation_loss.distillation_loss_range(bound, temperature, num_labels=3, loss=name)
    assert np.isnan(ends).all()
