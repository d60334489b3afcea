"""Monte Carlo against exact: is our evaluator right?"""

from __future__ import annotations

import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.claim import Claim, Draw, call
from kdtheory.results import MonteCarlo
from kdtheory.tools._compile import compiled
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
    points = rng.normal(size=(INSTANCES, domain.dimension)) * np.resize([0.4, 1.0], INSTANCES)[:, None]
    share = level / (len(claim.draws) * INSTANCES)
    records = []
    for index, (quantity, draw) in enumerate(claim.draws.items()):
        keys = jax.random.split(
            jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), code), index), INSTANCES
        )
        run = compiled(
            claim,
            "draws",
            (quantity, draws, jax.config.jax_enable_x64),
            lambda q=quantity, d=draw: _program(claim, domain, q, d, draws),
        )
        for point, key in zip(points, keys, strict=True):
            values = jax.device_get(run(point, key))
            low, high = mean_interval(
                np.asarray(values["draws"], dtype=np.float64).reshape(-1)[:draws],
                share,
                bounds=None if draw.bounds is None else tuple(map(float, values["bounds"])),
                variance_bound=None if draw.bounds is not None else float(values["variance"]),
            )
            exact = float(values["exact"])
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


def _program(claim: Claim, domain: Any, quantity: str, draw: Draw, draws: int) -> Any:
    """Returns (point, key) -> exact value, replicates in keyed blocks, and what bounds them."""
    sides = {"lhs": claim.lhs, "rhs": claim.rhs}
    exact = sides[quantity] if quantity in sides else claim.terms[quantity]
    blocks = -(-draws // _BLOCK)

    def run(point: Any, key: Any) -> dict[str, Any]:
        instance = domain.instance(domain.parametrize(point))

        def block(index: Any) -> Any:
            keys = jax.random.split(jax.random.fold_in(key, index), _BLOCK)
            return jax.vmap(lambda one: call(draw.sample, instance, one))(keys)

        zero = jnp.zeros(())
        return {
            "exact": call(exact, instance),
            # Blocks are keyed, so that numbers depend neither on their size nor on the device.
            "draws": jax.lax.map(block, jnp.arange(blocks)),
            "bounds": (zero, zero) if draw.bounds is None else call(draw.bounds, instance),
            "variance": zero if draw.variance_bound is None else call(draw.variance_bound, instance),
        }

    return run
