"""The one place where tools compile, and where they choose a precision.

A CPU process has a limited number of memory maps and every compiled program takes some: a few
hundred live programs end it. So at most `MAX_PROGRAMS` are alive at a time, and a claim's programs
are dropped when a tool is done with it.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax

from kdtheory.claim import Claim

MAX_PROGRAMS = 32

_programs: collections.OrderedDict[tuple[Any, ...], Any] = collections.OrderedDict()


def compiled(claim: Claim, purpose: str, key: tuple[Any, ...], build: Callable[[], Any]) -> Any:
    """Returns a jitted function, reusing the one made before for the same claim and purpose.

    Args:
        claim: the claim it belongs to.
        purpose: what it computes.
        key: everything else that it closes over.
        build: () -> the function to compile.

    Returns:
        The jitted function.
    """
    name = (claim, purpose, key)
    if name not in _programs:
        while len(_programs) >= MAX_PROGRAMS:
            _programs.popitem(last=False)[1].clear_cache()
        _programs[name] = jax.jit(build())
    _programs.move_to_end(name)
    return _programs[name]


def release(claim: Claim) -> None:
    """Drops every program of a claim."""
    for name in [name for name in _programs if name[0] is claim]:
        _programs.pop(name).clear_cache()


def live_programs() -> int:
    """Returns how many programs are held."""
    return len(_programs)


@contextlib.contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Runs its body with JAX's default floats of the given width.

    Args:
        dtype: "float64" or "float32".

    Raises:
        ValueError: for another dtype.
    """
    if dtype not in ("float64", "float32"):
        raise ValueError(f"dtype: got {dtype!r}; expected 'float64' or 'float32'. Choose one.")
    with jax.enable_x64(dtype == "float64"):
        yield
