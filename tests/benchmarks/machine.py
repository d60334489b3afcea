"""What is written down of the machine beside every number."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform

import cpuinfo
import jax

LIBRARIES = ("jax", "jaxlib", "numpy", "scipy")


def described() -> dict[str, str]:
    """Returns the processor, JAX's device, the versions and the date, in words."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    versions["Python"] = platform.python_version()
    model = cpuinfo.get_cpu_info().get("brand_raw", "unknown processor")
    return {
        "processor": f"{model}, {os.cpu_count()} cores, one thread used",
        "device": jax.devices()[0].device_kind,
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "date": datetime.date.today().isoformat(),
    }
