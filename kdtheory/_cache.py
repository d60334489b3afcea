"""Where compiled programs are kept between runs of the command line."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import shutil
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
    import jaxlib

    processor = hashlib.sha256(_processor().encode()).hexdigest()[:12]
    return user_cache() / f"jaxlib-{jaxlib.__version__}-{processor}"


def _processor() -> str:
    """Returns what tells one processor's instruction set from another's."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kept = {line for line in lines if line.startswith(("flags", "Features", "model name"))}
    return "\n".join([platform.machine(), *sorted(kept)])


@functools.cache
def source_fingerprint() -> str:
    """Returns a short digest of the package's own source: another source, another run."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _setting() -> str:
    """Returns a short digest of what else a program depends on, besides source and compiler."""
    import jax
    import numpy as np

    versions = [jax.__version__, np.__version__]
    flags = [f"{name}={text}" for name, text in os.environ.items() if name.startswith(_FLAGS)]
    told = "\n".join([platform.python_version(), *versions, *sorted(flags)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


_FLAGS = ("JAX_", "XLA_FLAGS")

RECENT = 4
"""Programs of so many sources are kept: those used last."""

_programs: list[Path] = []


def program_folder() -> Path | None:
    """Returns where programs of this source are kept; None while they are not."""
    return _programs[0] if _programs else None


def keep_compiled_programs() -> None:
    """Keeps compiled programs from now on, unless there is no folder that is the user's own.

    What is kept is code, and runs when it is loaded: nobody else may write there.
    """
    import jax

    folder = cache_folder()
    own = folder / "programs" / f"{source_fingerprint()}-{_setting()}"
    try:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        own.touch()
        if not _is_own(own):
            return
    except OSError:
        return
    if not _programs and _can_be_kept():
        _programs.append(own)
        _drop_old(own.parent)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _can_be_kept() -> bool:
    """Returns whether this JAX has what reads and writes programs, which is experimental."""
    try:
        from jax.experimental import serialize_executable
        from jax.experimental.compilation_cache import compilation_cache
    except ImportError:
        return False
    return hasattr(serialize_executable, "serialize") and hasattr(compilation_cache, "reset_cache")


def _is_own(folder: Path) -> bool:
    """Returns whether a folder is the user's, where users have numbers."""
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _drop_old(folder: Path) -> None:
    """Removes the programs of sources that have not been used for long."""
    with contextlib.suppress(OSError):
        by_age = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime)
        for old in by_age[:-RECENT]:
            shutil.rmtree(old, ignore_errors=True)
