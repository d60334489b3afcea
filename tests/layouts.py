"""What `test_devices` runs in a process with eight CPU devices; prints what came out, by layout."""

import hashlib
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from simulated_worlds import worlds

jax.config.update("jax_num_cpu_devices", 8)

from kdtheory._devices import by_units, restricted  # noqa: E402
from kdtheory.claim import Claim, Draw  # noqa: E402
from kdtheory.decomposition import grid  # noqa: E402
from kdtheory.domains import simplex  # noqa: E402
from kdtheory.simulation import simulate_risks  # noqa: E402
from kdtheory.simulation.records import QUANTITIES  # noqa: E402
from kdtheory.tools import verify  # noqa: E402

# E x <= max x for a law on three points: sampled, searched, and drawn. The entropy makes gradients
# that are sums of several terms, which a partitioned program would add up in another order.
POINTS = jnp.array([0.0, 1.0, 4.0])
CLAIM = Claim(
    slug="layouts/mean",
    lhs=lambda p: p @ POINTS[: len(p)] - 0.1 * jnp.sum(jax.scipy.special.entr(p) * p[::-1]),
    rhs=lambda p: 4.0 + 0 * p[0],
    domain=lambda size: simplex(*size),
    sizes=((3,), (2,)),
    draws={
        "lhs": Draw(
            lambda key, p: (
                POINTS[jnp.searchsorted(jnp.cumsum(p), jax.random.uniform(key))]
                - 0.1 * jnp.sum(jax.scipy.special.entr(p) * p[::-1])
            ),
            bounds=lambda p: (-1.0, 5.0),
        )
    },
)


def checked():
    found = verify(CLAIM, instances=300, draws=2**15, rounds=2).to_dict()
    del found["seconds"]
    return found


def decomposed():
    # Three chunks and a part of one.
    settings = np.logspace(-2, 2, 3 * 4096 + 5)
    grid._CHUNK = 4096
    made = grid.decompose_grid(
        np.arange(12.0).reshape(3, 4), np.ones((2, 3)), noise_std=1.0, prior_precision=settings
    )
    return hashlib.sha256(np.stack([*made.terms.values(), made.divergence]).tobytes()).hexdigest()


def simulated():
    # More worlds than a unit holds.
    found = simulate_risks(worlds(64, 7), replicates=200)
    values = np.stack([getattr(found, name).value for name in QUANTITIES])
    return hashlib.sha256(values.tobytes()).hexdigest()


increased = jax.jit(lambda rows: rows + 1)


def places():
    """Which devices worked: a result tells where it is."""
    seen = set()

    def run(rows):
        found = increased(rows)
        seen.update(device.id for device in found.devices())
        return found

    # Sixteen units, the last of one entry.
    assert by_units(run, 2, np.arange(31)).tolist() == list(range(1, 32))
    return sorted(seen)


def main():
    found = {}
    for count in map(int, sys.argv[1:]):
        with restricted(tuple(jax.devices()[:count])), jax.enable_x64(True):
            found[count] = {
                "check": checked(),
                "grid": decomposed(),
                "risks": simulated(),
                "places": places(),
            }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
