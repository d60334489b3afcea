"""Cost growth: every size doubled a few times, beside the exponent that counting predicts.

A benchmark here is one row of the table of growths; what it times itself, the largest size, is not
shown. Time is that of the processor, which other processes disturb least. Memory is what NumPy
holds at its peak for routines of the host, and what the compiler says its program takes for
compiled ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import design_routes as routes
import fresh_process
import growth
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._random import random_key
from kdtheory.decomposition import decompose_grid
from kdtheory.decomposition.ranks import rank_draws
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.objects.problems import FiniteProblem
from kdtheory.objects.spectra import accurate_left_singular_system
from kdtheory.simulation import simulate_risks
from kdtheory.theorems import find
from kdtheory.tools._compile import precision
from kdtheory.tools._search import random_points
from kdtheory.tools._traced import domain_of
from kdtheory.tools.evaluate import assess_points

CLAIM = find("variance_reduction/lemma1")


@dataclasses.dataclass(frozen=True)
class Growth:
    """A routine, and what of it grows.

    Attributes:
        what: the routine, in words.
        axis: what is varied.
        sizes: its values.
        made: size -> (run, its bytes, or None where they are NumPy's).
        time: the expected exponent of the time, in words.
        memory: that of the memory.
    """

    what: str
    axis: str
    sizes: tuple[int, ...]
    made: Callable[[int], tuple[growth.Run, int | None]]
    time: str
    memory: str


def _doubled(first: int, count: int, factor: int = 2) -> tuple[int, ...]:
    return tuple(first * factor**i for i in range(count))


def _spectrum(features: int, samples: int) -> tuple[growth.Run, None]:
    inputs, _ = fresh_process.design(features, samples, 1)
    return lambda: accurate_left_singular_system(inputs), None


def _grid(features: int, settings: int) -> tuple[growth.Run, None]:
    inputs, weights = fresh_process.design(features, features, 4)
    values = routes.settings(settings)
    named = dict(zip(("prior_precision", "inverse_temperature", "noise_std"), values, strict=True))
    return lambda: decompose_grid(inputs, weights, **named), None


def _ranks(outputs: int) -> tuple[growth.Run, None]:
    design = LinearGaussianDesign.create(*fresh_process.design(64, 64, outputs))
    settings = np.ones((3, 1))
    return lambda: rank_draws(design, settings, 256, seed=0), None


def _instances(count: int) -> tuple[growth.Run, None]:
    size = CLAIM.sizes[0]
    points = random_points(np.random.default_rng(0), count, domain_of(CLAIM, size).dimension)
    return lambda: assess_points(CLAIM, size, points), None


def _problems(inputs: int, labels: int) -> Any:
    """64 instances of the claim, stacked, drawn by NumPy."""
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(inputs), 64)
    probs = rng.dirichlet(np.ones(labels), (64, inputs))
    losses, samples = rng.uniform(size=(64, inputs, labels)), np.full(64, 5.0)
    build = jax.vmap(lambda *parts: CLAIM.domain((inputs, labels)).instance(parts))
    return jax.tree.map(jnp.asarray, build(weights, probs, losses, samples))


def _evaluator(inputs: int, labels: int) -> tuple[growth.Run, int]:
    def sides(given: Any) -> Any:
        return jax.vmap(lambda one: (CLAIM.lhs(one), CLAIM.rhs(one)))(given)

    return _compiled(sides, _problems(inputs, labels))


def _building(labels: int) -> tuple[growth.Run, int]:
    domain = CLAIM.domain((3, labels))
    points = random_points(np.random.default_rng(0), 4, domain.dimension)
    return _compiled(jax.vmap(lambda point: domain.instance(domain.parametrize(point))), points)


def _replicates(count: int) -> tuple[growth.Run, int]:
    instance = jax.tree.map(lambda leaf: leaf[0], _problems(3, 3))
    sample = CLAIM.draws["lhs"].sample

    def draws(key: Any) -> Any:
        return jax.vmap(lambda one: sample(one, instance))(jax.random.split(key, count))

    return _compiled(draws, random_key(0))


def _simulation(problems: int, replicates: int, samples: int) -> tuple[growth.Run, None]:
    rng = np.random.default_rng(0)
    weights, probs = rng.dirichlet(np.ones(4), problems), rng.dirichlet(np.ones(4), (problems, 4))
    losses, sizes = rng.uniform(size=(problems, 4, 4)), np.full(problems, float(samples))
    worlds = FiniteProblem(weights, probs, losses, np.ones((problems, 1)), probs[:, None], sizes)
    return lambda: simulate_risks(worlds, replicates=replicates), None


def _compiled(function: Callable[..., Any], argument: Any) -> tuple[growth.Run, int]:
    program = jax.jit(function).lower(argument).compile()
    run = lambda: jax.block_until_ready(program(argument))  # noqa: E731
    return run, growth.program_bytes(program)


GROWTHS = {
    # The products of the transposed inputs with the left vectors are d^2 n, and most of the work
    # for many features; the slices and sums between them, which pass through memory, are d n.
    "features of a spectrum": Growth(
        "accurate spectrum, 8192 samples",
        "features d",
        _doubled(64, 4),
        lambda d: _spectrum(d, 8192),
        "1 to 2 (dn + d²n)",
        "1 (dn + d²)",
    ),
    "samples of a spectrum": Growth(
        "accurate spectrum, 128 features",
        "samples n",
        _doubled(2048, 5),
        lambda n: _spectrum(128, n),
        "1 (d²n)",
        "0 to 1 (dn + blocks of rows)",
    ),
    "settings of a grid": Growth(
        "decompose_grid, 64 features",
        "settings",
        _doubled(2**17, 4),
        lambda count: _grid(64, count),
        "1 (settings × d)",
        "1 (settings, results; a chunk)",
    ),
    "features of a grid": Growth(
        "decompose_grid, 131072 settings",
        "features d = n",
        _doubled(32, 4),
        lambda d: _grid(d, 2**17),
        "0 to 1 (settings × (results + d))",
        "0 (settings, results)",
    ),
    # Eigenvectors of draws are k^3, their products with the weights and the distances k^2 d, what
    # is done for every rank and direction kd.
    "outputs of the ranks": Growth(
        "rank bottleneck at every rank, 64 features, 256 draws",
        "outputs k",
        _doubled(8, 4),
        _ranks,
        "1 to 3 (kd + k²d + k³)",
        "1 to 2 (kd + k²)",
    ),
    "instances": Growth(
        f"verify's evaluation of {CLAIM.slug}",
        "instances",
        _doubled(2**10, 5),
        _instances,
        "1",
        "1 (instances and results)",
    ),
    # Every draw is a look-up; what is kept are sums per problem. Its program holds a chunk besides.
    "problems of a simulation": Growth(
        "simulate_risks, 4096 replicates of 100 draws",
        "problems",
        _doubled(64, 4),
        lambda problems: _simulation(problems, 4096, 100),
        "1 (problems × replicates × draws)",
        "1 (tables and sums)",
    ),
    "replicates of a simulation": Growth(
        "simulate_risks, 16 problems, 100 draws",
        "replicates",
        _doubled(2**15, 4),
        lambda replicates: _simulation(16, replicates, 100),
        "1 (problems × replicates × draws)",
        "0 (pieces of a bounded size)",
    ),
    "draws of a simulation": Growth(
        "simulate_risks, 16 problems, 4096 replicates",
        "draws N",
        _doubled(256, 4),
        lambda samples: _simulation(16, 4096, samples),
        "1 (problems × replicates × draws)",
        "0 (pieces of a bounded size)",
    ),
    # Sums over labels, and over inputs.
    "labels": Growth(
        f"evaluator of {CLAIM.slug}, 64 instances, 16 inputs",
        "labels",
        _doubled(32, 5),
        lambda labels: _evaluator(16, labels),
        "1 (inputs × labels)",
        "0 to 1 (fused, or inputs × labels)",
    ),
    "inputs": Growth(
        f"evaluator of {CLAIM.slug}, 64 instances, 16 labels",
        "inputs",
        _doubled(32, 5),
        lambda inputs: _evaluator(inputs, 16),
        "1 (inputs × labels)",
        "0 to 1 (fused, or inputs × labels)",
    ),
    # The projection compares every label with every other: quick for few, where claims live.
    "building": Growth(
        f"instances of {CLAIM.slug} from points of a search, 4 of them",
        "labels",
        _doubled(64, 4),
        _building,
        "2 (inputs × labels²)",
        "2 (inputs × labels²)",
    ),
    "replicates": Growth(
        f"draws of {CLAIM.slug} from its definition",
        "replicates",
        _doubled(2**11, 5),
        _replicates,
        "1",
        "1 (all at once)",
    ),
}


@pytest.mark.parametrize("name", GROWTHS)
def test_growth(benchmark, name: str) -> None:
    grown = GROWTHS[name]
    benchmark.group = grown.what
    times, sizes = [], []
    with precision("float64"):
        for size in grown.sizes:
            run, held = grown.made(size)
            times.append(growth.seconds(run))
            sizes.append(growth.host_peak(run) if held is None else held)
        benchmark.pedantic(run, rounds=1)
    benchmark.extra_info["growth"] = {
        "axis": grown.axis,
        "sizes": grown.sizes,
        "seconds": times,
        "bytes": sizes,
        "time": [*growth.fitted(grown.sizes, times), grown.time],
        "memory": [*growth.fitted(grown.sizes, sizes), grown.memory],
    }
