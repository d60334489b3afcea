"""Monte Carlo against exact: is our evaluator right?"""

from __future__ import annotations

import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.claim import Claim, Draw, call
from kdtheory.results import MonteCarlo
from kdtheory.tools._compile import compiled, float_width
from kdtheory.tools._intervals import mean_interval

INSTANCES = 4
"""On how many instances of the home size each draw is held against the exact value."""

_BLOCK = 2048


def cross_check(claim: Claim, *, seed: int, draws: int, level: float) -> tuple[MonteCarlo, ...]:
    """Holds every exact quantity that has a draw against its definition.

    Args:
        claim: the claim.
        seed: seed of the instances and of the draws.
        draws: replicates per quantity and instance.
        level: the chance that any of this claim's intervals misses, if the evaluators are right.

    Returns:
        One record per quantity and instance.
    """
    if not claim.draws:
        return ()
    size = claim.sizes[0]
    domain = claim.domain(size)
    code = zlib.crc32(claim.slug.encode())
    rng = np.random.default_rng([seed, code, 1])
    points = (
        rng.normal(size=(INSTANCES, domain.dimension)) * np.resize([0.4, 1.0], INSTANCES)[:, None]
    )
    keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), code), INSTANCES)
    share = level / (len(claim.draws) * INSTANCES)
    blocks = -(-draws // _BLOCK)
    key = (blocks, float_width())
    run = compiled(claim, "draws", key, lambda: _program(claim, domain, blocks))
    values = jax.device_get(run(points, keys))
    records = []
    for quantity, draw in claim.draws.items():
        of_quantity = values[quantity]
        for index in range(INSTANCES):
            bounds = tuple(float(end[index]) for end in of_quantity["bounds"])
            low, high = mean_interval(
                np.asarray(of_quantity["draws"][index], dtype=np.float64).reshape(-1)[:draws],
                share,
                bounds=None if draw.bounds is None else (bounds[0], bounds[1]),
                variance_bound=float(of_quantity["variance"][index]),
            )
            exact = float(of_quantity["exact"][index])
            room = 1e-9 * max(abs(low), abs(high), abs(exact))
            records.append(
                MonteCarlo(
                    quantity=quantity,
                    size=size,
                    exact=exact,
                    low=low,
                    high=high,
                    draws=draws,
                    level=share,
                    agrees=bool(low - room <= exact <= high + room),
                )
            )
    return tuple(records)


def _program(claim: Claim, domain: Any, blocks: int) -> Any:
    """Returns (points, keys) -> per quantity: exact values, replicates, and what bounds them."""
    exact = {"lhs": claim.lhs, "rhs": claim.rhs, **claim.terms}

    def one(index: int, quantity: str, draw: Draw, instance: Any, key: Any) -> dict[str, Any]:
        own = jax.random.fold_in(key, index)

        def block(number: Any) -> Any:
            keys = jax.random.split(jax.random.fold_in(own, number), _BLOCK)
            return jax.vmap(lambda single: call(draw.sample, instance, single))(keys)

        zero = jnp.zeros(())
        return {
            "exact": call(exact[quantity], instance),
            # Blocks are keyed, so that numbers depend neither on their size nor on the device.
            "draws": jax.lax.map(block, jnp.arange(blocks)),
            "bounds": (zero, zero) if draw.bounds is None else call(draw.bounds, instance),
            "variance": zero
            if draw.variance_bound is None
            else call(draw.variance_bound, instance),
        }

    def run(point_and_key: Any) -> dict[str, Any]:
        point, key = point_and_key
        instance = domain.instance(domain.parametrize(point))
        return {
            quantity: one(index, quantity, draw, instance, key)
            for index, (quantity, draw) in enumerate(claim.draws.items())
        }

    return lambda points, keys: jax.lax.map(run, (points, keys))
