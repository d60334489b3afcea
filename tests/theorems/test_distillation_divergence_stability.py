"""Stable teachers: against fractions and enumeration from the definitions."""

import functools
import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from scipy.special import logsumexp

from kdtheory.concentration import variance_proxy
from kdtheory.objects.algorithms import StableAlgorithm, smallest_stability
from kdtheory.theorems.distillation_divergence import stability, stability_worlds

pytestmark = pytest.mark.usefixtures("strict")

# --- worlds in fractions ------------------------------------------------------------------------

SHAPES = [(1, 2, 3), (2, 3, 2), (3, 2, 1)]
"""(seeds, examples, samples)"""


def fractions(rng, *shape):
    """Numbers in [0, 1] with the denominator 64, which floats hold exactly."""
    return rng.integers(0, 65, shape).astype(object) * Fraction(1, 64)


def law(rng, size):
    """A law with the denominator 64, some entries of which may be zero."""
    cuts = sorted(rng.integers(0, 65, size - 1).tolist())
    return [Fraction(b - a, 64) for a, b in itertools.pairwise([0, *cuts, 64])]


def world(seed, shape):
    """(weights, seed law, losses[r][D][z]) with the data sets as tuples."""
    rng = np.random.default_rng(seed)
    seeds, examples, samples = shape
    data = list(itertools.product(range(examples), repeat=samples))
    tables = fractions(rng, seeds, len(data), examples)
    losses = [dict(zip(data, table.tolist(), strict=True)) for table in tables]
    return law(rng, examples), law(rng, seeds), losses


def tabulated(weights, seed_law, losses, samples):
    tables = [[[float(loss) for loss in row] for row in table.values()] for table in losses]
    return StableAlgorithm.create(
        [float(p) for p in weights], tables, samples, seed_weights=[float(p) for p in seed_law]
    )


def gap(weights, table, data):
    """L_P(A(D)) - L_D(A(D)), the definition."""
    risk = sum(p * loss for p, loss in zip(weights, table[data], strict=True))
    return risk - sum(table[data][z] for z in data) / Fraction(len(data))


def neighbours(data, examples):
    for place, z in itertools.product(range(len(data)), range(examples)):
        yield (*data[:place], z, *data[place + 1 :])


def largest_difference(function, table, examples):
    """The largest |function(D) - function(D')| over data sets that differ in one example."""
    return max(
        abs(function(data) - function(other))
        for data in table
        for other in neighbours(data, examples)
    )


def stability_constant(losses, examples):
    return max(
        largest_difference(lambda data, table=table, z=z: table[data][z], table, examples)
        for table in losses
        for z in range(examples)
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_gaps_constants_and_laws_against_the_definitions(shape):
    for seed in range(4):
        weights, seed_law, losses = world(seed, shape)
        algorithm = tabulated(weights, seed_law, losses, shape[2])
        gaps = [[gap(weights, table, data) for data in table] for table in losses]
        np.testing.assert_allclose(
            stability.gaps(algorithm), np.array(gaps, float), rtol=1e-14, atol=1e-16
        )
        # Differences of numbers with the denominator 64 are exact in floating point.
        assert algorithm.stability == float(stability_constant(losses, shape[1]))
        change = max(
            largest_difference(functools.partial(gap, weights, table), table, shape[1])
            for table in losses
        )
        np.testing.assert_allclose(stability.gap_difference(algorithm), float(change), rtol=1e-14)
        values, probs = stability.gap_law(algorithm)
        expected = [
            p * np.prod([weights[z] for z in data])
            for p, table in zip(seed_law, losses, strict=True)
            for data in table
        ]
        assert probs.tolist() == [float(p) for p in expected]
        assert values.tolist() == stability.gaps(algorithm).reshape(-1).tolist()


def test_large_losses_that_hardly_differ():
    # In units of 2^-20 around 2^20: 41 bits, of which floats hold 53. The gap is of the order of
    # one; computed as L_P - L_D it would be off by 1e-10.
    rng = np.random.default_rng(3)
    table = {data: 2**20 + fractions(rng, 2) * 64 / 2**20 for data in ((0,), (1,))}
    weights = [Fraction(5, 64), Fraction(59, 64)]
    algorithm = tabulated(weights, [1], [table], 1)
    expected = [float(gap(weights, table, data)) for data in table]
    np.testing.assert_allclose(stability.gaps(algorithm)[0], expected, rtol=1e-9)


# --- the constants ------------------------------------------------------------------------------


def test_constants_by_hand():
    # beta = 1/4, n = 2, b - a = 3: changes 1/2 + 3/2 and 3/8 + 3/2; proxies 2 c^2/4 of these.
    given = 0.25, 2.0, 3.0
    assert stability.difference_bound(*given) == 2.0
    assert stability.difference_bound_sharpened(*given) == 1.875
    assert stability.stability_proxy(*given) == 2 * (1 / 4 + 3 / 4) ** 2
    assert stability.stability_proxy_sharpened(*given) == 1.875**2 / 2
    assert stability.stability_proxy_seeded(*given) == 1.875**2 / 2 + 1 / 16
    assert stability.stability_proxy(0.25, 2.0) == 2 * (1 / 4 + 1 / 4) ** 2


def test_what_the_printed_constant_leaves_pays_for_the_seed():
    # n (beta + B/2n)^2 - [n ((2 - 1/n) beta + B/n)^2/4 + beta^2] = beta (2B - beta)/(4n), exactly.
    rng = np.random.default_rng(5)
    for beta, width, n in zip(*rng.integers(1, 64, (3, 30)).tolist(), strict=True):
        given = beta / 64, float(n), width / 64
        left = stability.stability_proxy(*given) - stability.stability_proxy_seeded(*given)
        expected = Fraction(beta * (2 * width - beta), 4 * n * 64**2)
        scale = float(stability.stability_proxy(*given))
        np.testing.assert_allclose(left, float(expected), rtol=0, atol=1e-15 * scale)


@pytest.mark.parametrize("samples", [1, 2, 4])
def test_the_sharpened_difference_is_attained_for_every_sample_size(samples):
    # What is learned depends on the first example only. Only example 2 occurs; replacing the first
    # of (0, 0, ...) by 1 lowers the risk by beta = 1/2, raises the loss of each of the n - 1 zeros
    # that stay by beta, and that of the first example from 0 to 1.
    rows = (0, 0.5, 0.5), (0.5, 1, 0), (0.25, 0.75, 0.25)
    algorithm = StableAlgorithm.from_functions(
        lambda data, _: rows[data[0]],
        lambda learned, example: learned[example],
        range(3),
        [0, 0, 1],
        samples,
    )
    assert algorithm.stability == 0.5
    expected = 0.5 + (samples - 1) / samples * 0.5 + 1 / samples
    np.testing.assert_allclose(stability.gap_difference(algorithm), expected, rtol=1e-15)
    bound = stability.difference_bound_sharpened(algorithm.stability, float(samples))
    np.testing.assert_allclose(bound, expected, rtol=1e-15)


# --- the proof of the proxies, step by step -----------------------------------------------------


def random_worlds(count, shape, rng):
    """Losses near or at 0 and 1, stable to different degrees; weights of all sorts."""
    seeds, examples, samples = shape
    base = rng.choice([0.0, 0.5, 1.0], (count, 1, 1, examples))
    moved = rng.uniform(-1, 1, (count, seeds, examples**samples, examples))
    losses = np.clip(base + rng.choice([0.05, 0.3, 1, 3], (count, 1, 1, 1)) * moved, 0, 1)
    weights = rng.dirichlet([1.0] * examples, count)
    laws = rng.dirichlet([1.0] * seeds, count)
    return weights, laws, losses


def of_world(weights, laws, losses, samples):
    constant = smallest_stability(losses, samples)
    algorithm = StableAlgorithm(weights, laws, losses, constant, samples)
    values, probs = stability.gap_law(algorithm)
    return constant, values, probs, variance_proxy(values, probs)


def brute_proxy(values, probs):
    """The largest 2 psi(l)/l^2, by a grid and a local search around its best points."""
    centred, kept = values - probs @ values, probs > 0

    def minus_curve(argument):
        psi = logsumexp(argument * centred[kept], b=probs[kept])
        return -2 * psi / argument**2

    grid = np.concatenate([side * np.geomspace(0.05, 400, 120) for side in (-1, 1)])
    heights = np.array([minus_curve(argument) for argument in grid])
    ends = [
        scipy.optimize.minimize_scalar(minus_curve, bounds=sorted((0.9 * a, 1.1 * a)), method=None)
        for a in grid[np.argsort(heights)[:2]]
    ]
    return max(probs @ centred**2, *(-end.fun for end in ends), -heights.min())


@pytest.mark.parametrize(("seeds", "samples"), [(1, 2), (2, 2), (2, 1)])
def test_three_hundred_worlds(seeds, samples):
    rng = np.random.default_rng(17)
    worlds = random_worlds(300, (seeds, 2, samples), rng)
    many = jax.jit(jax.vmap(lambda *given: of_world(*given, samples)))
    betas, values, probs, proxies = map(np.asarray, many(*worlds))
    printed = samples * (betas + 1 / (2 * samples)) ** 2
    changes = (2 - 1 / samples) * betas + 1 / samples
    sharpened = samples * changes**2 / 4 + (betas**2 if seeds > 1 else 0)
    assert (proxies <= printed * (1 + 1e-12)).all()
    assert (proxies <= sharpened * (1 + 1e-12)).all()
    assert (sharpened <= printed * (1 + 1e-12)).all()
    # Some of these worlds come close, so that a constant twice as small would have been noticed.
    assert (proxies / sharpened).max() > 0.5
    for index in range(0, 300, 30):
        brute = brute_proxy(values[index], probs[index])
        np.testing.assert_allclose(proxies[index], brute, rtol=1e-7)


def test_one_example_at_a_time():
    """McDiarmid: given the examples before it, one more moves E[H | ...] by at most c."""
    for seed in range(12):
        weights, _, losses = world(seed, (1, 2, 3))
        (table,) = losses
        beta = stability_constant(losses, 2)
        c = (2 - Fraction(1, 3)) * beta + Fraction(1, 3)
        expected = {data: gap(weights, table, data) for data in table}
        for place in reversed(range(3)):
            prefixes = itertools.product(range(2), repeat=place)
            moves = {prefix: [expected[*prefix, z] for z in range(2)] for prefix in prefixes}
            assert all(abs(low - high) <= c for low, high in moves.values())
            expected = {
                prefix: sum(p * value for p, value in zip(weights, pair, strict=True))
                for prefix, pair in moves.items()
            }
        # What is left is the mean, and an exchange of examples says that it is at most beta.
        assert abs(expected[()]) <= beta


def test_hoeffding_for_every_argument():
    for seed in range(6):
        weights, seed_law, losses = world(seed, (2, 2, 2))
        algorithm = tabulated(weights, seed_law, losses, 2)
        values, probs = map(np.asarray, stability.gap_law(algorithm))
        proxy = float(stability.stability_proxy_seeded(algorithm.stability, 2.0))
        kept = probs > 0
        for argument in (-300, -20, -3, -0.1, 0.1, 3, 20, 300):
            psi = logsumexp(argument * (values - probs @ values)[kept], b=probs[kept])
            assert psi <= argument**2 * proxy / 2 + 1e-15


# --- the named instances ------------------------------------------------------------------------


def test_stability_on_average_is_not_enough():
    # n = 1, three examples: the gap is 2/3 or -2/3, either half the time, with the proxy 4/9; the
    # averaged losses are all 1/2, and the constant 0 would give 1/4.
    algorithm = stability_worlds.stable_on_average()
    values, probs = stability.gap_law(algorithm)
    np.testing.assert_allclose(jnp.abs(values), 2 / 3, rtol=1e-15)
    np.testing.assert_allclose(jnp.sum(jnp.where(values > 0, probs, 0)), 1 / 2, rtol=1e-15)
    np.testing.assert_allclose(variance_proxy(values, probs), 4 / 9, rtol=1e-14)
    average = jnp.mean(algorithm.losses, axis=0, keepdims=True)
    assert smallest_stability(average, 1) == 0
    assert smallest_stability(algorithm.losses, 1) == 1
    assert stability.stability_proxy(algorithm.stability, 1.0) == 1 / 4


def test_fair_coins_attain_the_proxy():
    samples = 4
    # The mean of n fair coins: psi(l) = n log cosh(l/(2n)), and 2 psi/l^2 is largest at 0.
    algorithm = stability_worlds.fair_coin(2, samples)
    values, probs = stability.gap_law(algorithm)
    np.testing.assert_allclose(variance_proxy(values, probs), 1 / (4 * samples), rtol=1e-14)
    np.testing.assert_allclose(
        stability.stability_proxy(0.0, float(samples)), 1 / (4 * samples), rtol=1e-15
    )


def test_one_sample_approaches_the_sharpened_proxy():
    # Half of m examples are learned by heart, which raises the loss on the rest of them by beta;
    # the others are unlearned, which lowers it. The gap is 1/2 + beta (1/2 - 1/m) or minus that.
    beta, m = 0.75, 64

    def loss(learned, example):
        if learned == example:
            return float(example >= m // 2)
        moved = beta if (learned < m // 2) == (example < m // 2) else 0.0
        return moved if example < m // 2 else 1 - moved

    weights = [1 / m] * m
    algorithm = StableAlgorithm.from_functions(lambda data, _: data[0], loss, range(m), weights, 1)
    assert algorithm.stability == beta
    proxy = variance_proxy(*stability.gap_law(algorithm))
    np.testing.assert_allclose(proxy, (1 / 2 + beta * (1 / 2 - 1 / m)) ** 2, rtol=1e-13)
    bound = stability.stability_proxy_sharpened(beta, 1.0)
    assert 0.97 * bound < proxy < bound


def test_domains_are_taken_apart_as_they_are_put_together():
    domain = stability_worlds.algorithms((2, 2, 2))
    point = jnp.asarray(np.random.default_rng(1).normal(size=domain.dimension))
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        parts = domain.parametrize(point)
    for part, again in zip(parts, domain.parts_of(domain.instance(parts)), strict=True):
        np.testing.assert_allclose(again, part, atol=1e-15)


# --- transformations ----------------------------------------------------------------------------


def test_gradients_are_finite_and_right():
    weights, laws, losses = (
        array[1] for array in random_worlds(4, (2, 2, 2), np.random.default_rng(2))
    )

    def proxy(losses):
        return of_world(jnp.asarray(weights), jnp.asarray(laws), losses, 2)[3]

    direction = np.random.default_rng(4).normal(size=losses.shape)
    slope = jnp.sum(jax.grad(proxy)(jnp.asarray(losses)) * direction)
    step = 1e-5
    high, low = (proxy(jnp.asarray(losses + sign * step * direction)) for sign in (1, -1))
    np.testing.assert_allclose(slope, (high - low) / (2 * step), rtol=1e-6)


@pytest.mark.float32
def test_single_precision():
    algorithm = stability_worlds.attained()
    assert algorithm.losses.dtype == jnp.float32
    assert stability.gaps(algorithm).tolist() == [[0.5, -1.0, 0.0]]
    assert stability.gap_difference(algorithm).dtype == jnp.float32


# --- what is refused ----------------------------------------------------------------------------

FAIR = [0.5, 0.5]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((FAIR, [[[0, 1]]], 1), {}, r"losses: got shape \(1, 1, 2\).*a row for every sequence"),
        ((FAIR, [[0, 1]], 1), {}, "losses: got an array of shape .*; expected 3 dimensions"),
        ((FAIR, [[[0, 1]] * 4], 1), {}, "lexicographic order"),
        (([0.5, 0.6], [[[0, 1]] * 2], 1), {}, "example_weights: got a sum of 1.1"),
        ((FAIR, [[[0, 1]] * 2], 1), {"seed_weights": FAIR}, "seed_weights: got 2 entries"),
        ((FAIR, [[[0, np.nan]] * 2], 1), {}, "losses: got nan"),
        ((FAIR, [[[0, 1], [1, 0]]], 1), {"stability": 0.5}, "stability: got 0.5; expected at lea"),
        ((FAIR, [[[0, 1]] * 2], 1), {"stability": -1}, "stability: got -1"),
        ((FAIR, [[[0, 1]] * 2], 0), {}, "num_samples: got 0"),
    ],
)
def test_refusals(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        StableAlgorithm.create(*arguments, **options)


def test_algorithms_from_functions():
    with pytest.raises(ValueError, match="num_samples: got 2.*30.*data sets"):
        StableAlgorithm.from_functions(max, lambda f, z: 0.0, (0, 1), FAIR, 30)
    larger = StableAlgorithm.from_functions(
        lambda data, _: data[0], lambda f, z: float(f == z), "ab", FAIR, 2, stability=2
    )
    assert larger.stability == 2
    # Data sets aa, ab, ba, bb: the first letter is the hypothesis.
    assert larger.losses.tolist() == [[[1, 0], [1, 0], [0, 1], [0, 1]]]
