"""Domains of the claims on stable teachers, and the instances that they name."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Case
from kdtheory.domains import Domain, box, simplex
from kdtheory.objects.algorithms import StableAlgorithm, smallest_stability

DETERMINISTIC_SIZES = ((1, 2, 2), (1, 2, 1))
"""(seeds, examples, samples); losses lie in [0, 1] in all of these worlds."""

SEEDED_SIZES = ((2, 2, 2), (2, 2, 1))


def algorithms(size: tuple[int, ...]) -> Domain:
    """Returns algorithms with losses in [0, 1], and a constant at least the smallest one."""
    seeds, examples, num_samples = size

    def build(weights: Any, law: Any, losses: Any, excess: Any) -> StableAlgorithm:
        constant = smallest_stability(losses, num_samples) + excess
        return StableAlgorithm(weights, law, losses, constant, num_samples)

    def split(algorithm: StableAlgorithm) -> tuple[Any, ...]:
        return (
            algorithm.example_weights,
            algorithm.seed_weights,
            algorithm.losses,
            stability_margin(algorithm),
        )

    table = box(0, 1, seeds, examples**num_samples, examples)
    parts = simplex(examples) * simplex(seeds) * table * box(0, 1)
    names = ("example_weights", "seed_weights", "losses", "stability_excess")
    return parts.named(*names).map(build, split)


def stability_margin(algorithm: StableAlgorithm) -> Scalar:
    """Returns by how much the constant exceeds the smallest one, negative where it is too small."""
    return algorithm.stability - smallest_stability(algorithm.losses, algorithm.num_samples)


STABLE = Assumption(
    "uniform stability",
    r"$|\ell(A(D,r),z)-\ell(A(D',r),z)|\le\beta$ for all $r$, $z$, $D\simeq D'$",
    stability_margin,
)


def algorithm_case(
    weights: Any, law: Any, losses: Any, num_samples: int, stability: float
) -> StableAlgorithm:
    """Returns an algorithm from nested lists, with whatever constant is given."""
    return StableAlgorithm(
        example_weights=jnp.asarray(weights, dtype=float),
        seed_weights=jnp.asarray(law, dtype=float),
        losses=jnp.asarray(losses, dtype=float),
        stability=jnp.asarray(stability, dtype=float),
        num_samples=num_samples,
    )


def fair_coin(num_seeds: int, num_samples: int) -> StableAlgorithm:
    """Returns the algorithm that learns nothing, where the loss is the toss of a fair coin."""
    losses = [[[0.0, 1.0]] * 2**num_samples] * num_seeds
    return algorithm_case([0.5, 0.5], [1 / num_seeds] * num_seeds, losses, num_samples, 0.0)


def constant_with_excess(num_seeds: int, num_samples: int) -> StableAlgorithm:
    """Returns the algorithm that learns nothing, and a constant of 1/2 all the same."""
    fair = fair_coin(num_seeds, num_samples)
    return algorithm_case(
        fair.example_weights, fair.seed_weights, fair.losses, num_samples, stability=0.5
    )


_MEMORISE = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
_ANTI_MEMORISE = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def stable_on_average() -> StableAlgorithm:
    r"""Returns the teacher that memorises or anti-memorises its one example, either half the time.

    Averaged over the seed every loss is 1/2, whatever the data: stable on average with
    $\beta=0$, and not stable for any seed. The gap is $\pm2/3$, either half the time.
    """
    third = [1 / 3] * 3
    return algorithm_case(third, [0.5, 0.5], [_MEMORISE, _ANTI_MEMORISE], 1, 0.0)


def two_minds() -> StableAlgorithm:
    r"""Returns the teacher that memorises one of three examples, and anti-memorises the others.

    The gap is $2/3$ on the first example and $-2/3$ on the others. The constant is 0, the
    smallest one 1.
    """
    losses = [[_MEMORISE[0], *_ANTI_MEMORISE[1:]]]
    return algorithm_case([1 / 3] * 3, [1.0], losses, 1, 0.0)


def attained() -> StableAlgorithm:
    r"""Returns an algorithm whose gap changes by all that is allowed, at $\beta=1/2$.

    Only the third example occurs. Replacing the first example by the second in $D=(z_1)$ changes
    the risk from 1/2 to 0, and the loss of the example in the sample from 0 to 1.
    """
    losses = [[[0, 0.5, 0.5], [0.5, 1, 0], [0.25, 0.75, 0.25]]]
    return algorithm_case([0, 0, 1], [1.0], losses, 1, 0.5)


ON_AVERAGE = Case(
    "stable on average",
    stable_on_average,
    "averaged over the seed no loss depends on the data; the exact proxy is 4/9 > 1/4",
    STABLE.name,
)

TWO_MINDS = Case(
    "two minds",
    two_minds,
    "no randomness: memorises one example and anti-memorises the others; the gap is 2/3 or -2/3",
    STABLE.name,
)


def corners(num_seeds: int) -> tuple[Case, ...]:
    """Returns degenerate algorithms with a number of seeds."""
    seeds = f"{num_seeds} seed{'s' if num_seeds > 1 else ''}"
    point = [0.0] * (num_seeds - 1) + [1.0]
    return (
        Case(
            f"a certain example, {seeds}",
            lambda: algorithm_case([1, 0], point, [[[0.25, 1]] * 4] * num_seeds, 2, 0.0),
            "the sample is the population: the gap is 0 almost surely",
        ),
        Case(
            f"a constant that is too large, {seeds}",
            lambda: constant_with_excess(num_seeds, 2),
            "beta = 1/2 where 0 would do",
        ),
    )
