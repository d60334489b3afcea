"""On which device the tests run, and what it can do; run as a program, it says so."""

from __future__ import annotations

import math
import sys

import jax
import jax.numpy as jnp
import numpy as np


def has_float64() -> bool:
    """Whether the device computes in float64: asked, not looked up by its name.

    A sum, a function and a factorisation, for a device may know some of them only, or compute with
    pairs of float32 and lose the last digits.
    """
    matrix = np.array([[2.0, 1 / 3], [1 / 3, 1.0]])
    with jax.enable_x64(True):
        try:
            added = jax.jit(lambda x: x + 2.0**-50)(jnp.asarray(1.0))
            powers = jax.jit(jnp.exp)(jnp.asarray(1 / 3))
            factor = jax.jit(jnp.linalg.cholesky)(jnp.asarray(matrix))
            close = [
                float(added) == 1 + 2.0**-50,
                math.isclose(float(powers), math.exp(1 / 3), rel_tol=1e-14),
                np.allclose(factor @ factor.T, matrix, rtol=1e-14, atol=0),
            ]
        except (jax.errors.JaxRuntimeError, NotImplementedError):
            return False
    return all(close)


def precisions() -> list[str]:
    """Returns the precisions that the device has, the wider one first."""
    return ["float64", "float32"] if has_float64() else ["float32"]


def described() -> str:
    """Returns in words which devices there are, which JAX, and which precisions."""
    found = jax.devices()
    kinds = ", ".join(sorted({device.device_kind for device in found}))
    return (
        f"JAX {jax.__version__}, {len(found)} x {found[0].platform} ({kinds}), "
        f"{' and '.join(precisions())}"
    )


def main(wanted: str) -> int:
    """Writes what there is; returns 1 if it is not what was asked for."""
    sys.stdout.write(f"{described()}\n")
    platform = jax.devices()[0].platform
    if wanted and platform != {"cuda": "gpu", "rocm": "gpu"}.get(wanted, wanted):
        sys.stdout.write(f"DEVICE: got {wanted!r}; expected {platform!r}, what JAX finds here.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
