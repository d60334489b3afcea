"""Where compiled programs are kept between runs of the command line."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
from pathlib import Path


def user_cache() -> Path:
    """Returns the folder for everything that the package keeps between runs."""
    base = os.environ.get("KDTHEORY_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "kdtheory"


def cache_folder() -> Path:
    """Returns the folder of compiled programs for this compiler and this processor.

    A program compiled for other processor flags or by another compiler may crash when loaded, so
    both are part of the name; nothing is ever shipped.
    """
    processor = hashlib.sha256(_processor().encode()).hexdigest()[:12]
    compiler = importlib.metadata.version("jaxlib")
    return user_cache() / f"jaxlib-{compiler}-{processor}"


def _processor() -> str:
    """Returns what tells one processor's instruction set from another's."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kept = {line for line in lines if line.startswith(("flags", "Features", "model name"))}
    return "\n".join([platform.machine(), *sorted(kept)])


def keep_compiled_programs() -> None:
    """Turns JAX's persistent compilation cache on; a folder that cannot be made turns it off."""
    import jax

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
