"""Lemma 1 by draws, side by side: run with ``make bench`` and read the ratios of the rates.

The job is the one-hot and the Bayes-distilled risk of 10^4 samples of 100 draws in each of 1000
worlds of 16 inputs and 8 labels: 10^9 draws, made into two variances per world. A route that would
take long does a share of the worlds; what is compared are draws per second. Every route is given
the worlds as arrays and runs on one thread, and its variances are held against the exact ones.

* ours: `simulate_risks`, tables included; with all its errors, exact values and intervals;
* numpy: the cells of every sample by ``Generator.choice``, looked up and averaged;
* numpy, counts: how often every cell is in a sample, by ``Generator.multinomial``;
* numpy, dyadic table: 16-bit look-ups, for worlds whose cells are multiples of 2^-16;
* jax: the obvious program, ``vmap`` over worlds of ``jax.random.categorical``;
* limit: a compiled scalar loop over tables of values, with the cheapest generator that will do.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numba
import numpy as np
import pytest

from kdtheory.objects.problems import FiniteProblem
from kdtheory.simulation import simulate_risks
from kdtheory.simulation.worlds import Grid, Worlds

INPUTS, LABELS, SIZE, REPLICATES = 16, 8, 100, 10_000
FEW = 1000  # samples, where one world of all takes ten seconds
CELLS, ALL = INPUTS * LABELS, 1000


def worlds(count: int, kind: str) -> FiniteProblem:
    """Random worlds; dyadic ones have cells that are multiples of 2^-16, and losses of 2^-10."""
    rng = np.random.default_rng(0)
    cells = rng.dirichlet(np.ones(CELLS), count)
    losses = rng.uniform(size=(count, INPUTS, LABELS))
    if kind == "dyadic":
        slots = np.floor(cells * (1 << 16))
        slots[:, 0] += (1 << 16) - slots.sum(axis=1)
        cells, losses = slots / (1 << 16), np.rint(losses * 1024) / 1024
    cells = cells.reshape(losses.shape)
    weights = cells.sum(axis=2)
    probs = cells / weights[:, :, None]
    sizes = np.full(count, float(SIZE))
    return FiniteProblem(weights, probs, losses, np.ones((count, 1)), probs[:, None], sizes)


def parts(problems: FiniteProblem) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the cells, and (loss, conditional risk) of each."""
    cells = problems.input_weights[:, :, None] * problems.label_probs
    conditional = np.sum(problems.label_probs * problems.losses, axis=2, keepdims=True)
    both = np.broadcast_arrays(problems.losses, conditional)
    return cells.reshape(len(cells), -1), np.stack(both, axis=-1).reshape(len(cells), -1, 2)


def ours(problems: FiniteProblem, chunk_size: int | None = None) -> np.ndarray:
    found = simulate_risks(problems, replicates=REPLICATES, chunk_size=chunk_size)
    return np.stack([found.onehot_variance.value, found.bayes_variance.value], axis=1)


def by_choice(problems: FiniteProblem) -> np.ndarray:
    rng = np.random.default_rng(1)
    found = []
    for cells, values in zip(*parts(problems), strict=True):
        drawn = rng.choice(CELLS, size=(REPLICATES, SIZE), p=cells / cells.sum())
        found.append([np.take(column, drawn).mean(axis=1).var() for column in values.T])
    return np.array(found)


def by_counts(problems: FiniteProblem) -> np.ndarray:
    rng = np.random.default_rng(1)
    found = []
    for cells, values in zip(*parts(problems), strict=True):
        counts = rng.multinomial(SIZE, cells / cells.sum(), REPLICATES)
        found.append((counts @ values / SIZE).var(axis=0))
    return np.array(found)


def by_table(problems: FiniteProblem) -> np.ndarray:
    rng = np.random.default_rng(1)
    found = []
    for cells, values in zip(*parts(problems), strict=True):
        table = np.repeat(values, np.rint(cells * (1 << 16)).astype(int), axis=0).T.copy()
        drawn = rng.integers(0, 1 << 16, (REPLICATES, SIZE), np.uint16)
        found.append([np.take(column, drawn).mean(axis=1).var() for column in table])
    return np.array(found)


@jax.jit
@jax.vmap
def categorical(key: Any, cells: Any, values: Any) -> Any:
    drawn = jax.random.categorical(key, jnp.log(cells), shape=(FEW, SIZE))
    return values[drawn].mean(axis=1).var(axis=0)


def obvious_jax(problems: FiniteProblem) -> np.ndarray:
    cells, values = parts(problems)
    keys = jax.random.split(jax.random.key(1), len(cells))
    return np.asarray(categorical(keys, cells, values))


@numba.njit
def scalar_loop(table: Any, state: Any, centres: Any) -> Any:
    """Sums of the squared deviations over the samples, by splitmix64 and nothing else."""
    low, quarter, sums = np.uint64((1 << 28) - 1), np.uint64(0xFFFF), np.zeros(3)
    for _ in range(REPLICATES):
        total = np.uint64(0)
        for _ in range(SIZE // 4):
            state += np.uint64(0x9E3779B97F4A7C15)
            word = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            word ^= word >> np.uint64(31)
            total += table[word & quarter] + table[(word >> np.uint64(16)) & quarter]
            total += table[(word >> np.uint64(32)) & quarter] + table[word >> np.uint64(48)]
        first = np.float64(total & low) - centres[0]
        second = np.float64((total >> np.uint64(28)) & low) - centres[1]
        sums += np.array((first * first, second * second, first * second))
    return sums / REPLICATES


def limit(problems: FiniteProblem) -> np.ndarray:
    checked = Worlds.of(problems)
    grid = Grid.of(checked, np.zeros((len(checked.sizes), 2), np.uint32))
    found = []
    for index, (bayes_step, noise_step) in enumerate(grid.steps / SIZE):
        table = np.repeat(grid.laws.packed[index], grid.laws.counts[index])
        means = grid.laws.centres[index] + grid.shifts[index]
        bayes, noise, both = scalar_loop(table, np.uint64(index << 40), means)
        bayes, noise = bayes * bayes_step**2, noise * noise_step**2
        found.append([bayes + noise + 2 * both * bayes_step * noise_step, bayes])
    return np.array(found)


def held_against_the_exact(problems: FiniteProblem, found: np.ndarray, replicates: int) -> None:
    """A variance of near-normal numbers is off by sqrt(2 / replicates) of itself, give or take."""
    cells, values = parts(problems)
    means = np.sum(cells[:, :, None] * values, axis=1, keepdims=True)
    exact = np.sum(cells[:, :, None] * (values - means) ** 2, axis=1) / SIZE
    assert np.abs(found / exact - 1).max() < 8 * np.sqrt(2 / replicates)


ROUTES = {
    "ours": (ours, ALL),
    "numpy": (by_choice, 20),
    "numpy, counts": (by_counts, 20),
    "numpy, dyadic table": (by_table, 40),
    "jax": (obvious_jax, 1),
    "limit": (limit, ALL),
}


def run_one(measured: Any, group: str, route: str, kind: str) -> None:
    run, count = ROUTES[route]
    replicates = FEW if route == "jax" else REPLICATES
    size = {} if count == ALL else {"size": f"{count} of the worlds, {replicates:,} samples"}
    problems = worlds(count, kind)
    work = float(count * replicates * SIZE)
    found = measured(
        group, route, lambda: run(problems), rounds=3, work=work, unit="draws/s", **size
    )
    held_against_the_exact(problems, found, replicates)


@pytest.mark.parametrize("route", ROUTES)
def test_many_worlds(measured: Any, route: str) -> None:
    group = "Lemma 1, 1000 worlds x 10^4 samples of 100 draws, one thread"
    run_one(measured, group, route, "dyadic")


@pytest.mark.parametrize("route", ["ours", "numpy"])
def test_worlds_of_any_probabilities(measured: Any, route: str) -> None:
    """What is left over of the tables is drawn too."""
    run_one(measured, "Lemma 1, probabilities that are no multiples of 2^-16", route, "any")


@pytest.mark.parametrize("chunk_size", [64, 256, 512, 2048, 10_000])
def test_chunks(measured: Any, chunk_size: int) -> None:
    problems, work = worlds(200, "dyadic"), 200.0 * REPLICATES * SIZE
    found = measured(
        "Lemma 1, 2048 samples held at a time (200 worlds)",
        "ours" if chunk_size == 2048 else f"{chunk_size:,} at a time",
        lambda: ours(problems, chunk_size),
        rounds=3,
        work=work,
        unit="draws/s",
    )
    held_against_the_exact(problems, found, REPLICATES)
