"""The one place where tools compile, and where they choose a precision.

A CPU process has a limited number of memory maps and every compiled program takes some: a few
hundred live programs end it. So at most `MAX_PROGRAMS` are alive at a time, the last ones used.
"""

from __future__ import annotations

import collections
import contextlib
import functools
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import jax

from kdtheory._cache import program_folder
from kdtheory._check import dtype as known_dtype
from kdtheory._kept import Kept
from kdtheory._one_thread import THREADS as THREADS
from kdtheory._places import NoPlaceError, place_of
from kdtheory.claim import Claim
from kdtheory.domains import Domain
from kdtheory.tools._traced import forget, formulas_of, origin_of

MAX_PROGRAMS = 32

# A tool runs most programs a few times only, so that compiling dominates. Without the optimiser's
# passes, fused kernels and parallel code generation it takes a sixth of the time.
_QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}

# For a program that runs long: the first level of optimisation takes three times as long to
# compile and runs up to ten times as fast; the others, and fused kernels, gain nothing here.
_LONG = {**_QUICK, "xla_backend_optimization_level": 1}

# For a long loop over few numbers, as draws are: here all levels and wide vectors save a fifth.
_LOOP = {
    **_QUICK,
    "xla_backend_optimization_level": 3,
    "xla_cpu_prefer_vector_width": 512,
}

_programs: collections.OrderedDict[tuple[Any, ...], Any] = collections.OrderedDict()


def _options(long: bool, loop: bool) -> dict[str, Any] | None:
    """Returns the options above, or None on a compiler that no longer knows one of them."""
    if not _are_known():
        return None
    return _LOOP if loop else _LONG if long else _QUICK


@functools.cache
def _are_known() -> bool:
    try:
        jax.jit(lambda: 0, compiler_options=_LOOP)()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def compiled(
    owner: Claim | Hashable,
    purpose: str,
    key: tuple[Any, ...],
    build: Callable[[], Any],
    *,
    long: bool | Callable[[], bool] = False,
    loop: bool = False,
) -> Any:
    """Returns a jitted function, reusing the one made before for the same formulas and purpose.

    Args:
        owner: the claim whose formulas and domain it closes over, or what else tells them.
        purpose: what it computes.
        key: everything else that it closes over.
        build: () -> the function to compile.
        long: whether it runs so long that optimising it pays; asked when it is compiled.
        loop: whether it is a long loop over few numbers, which is optimised further.

    Returns:
        The jitted function.
    """
    name = (formulas_of(owner) if isinstance(owner, Claim) else owner, purpose, key)
    if name not in _programs:
        while len(_programs) >= MAX_PROGRAMS:
            _programs.popitem(last=False)[1].clear_cache()
        _programs[name] = _program(name, build, long, loop)
    _programs.move_to_end(name)
    return _programs[name]


def _program(
    name: tuple[Any, ...],
    build: Callable[[], Any],
    long: bool | Callable[[], bool],
    loop: bool,
) -> Any:
    def make() -> Any:
        options = _options(long() if callable(long) else long, loop)
        return jax.jit(build(), compiler_options=options)

    folder, (owner, *others) = program_folder(), name
    if folder is not None:
        made_of = origin_of(owner) if isinstance(owner, Domain) else owner
        with contextlib.suppress(NoPlaceError):
            return Kept(folder, place_of((made_of, *others)), make)
    return make()


def release(claim: Claim) -> None:
    """Drops every program and every trace of a claim's formulas."""
    forget(claim)
    formulas = formulas_of(claim)
    for name in [name for name in _programs if name[0] == formulas]:
        _programs.pop(name).clear_cache()


def live_programs() -> int:
    """Returns how many programs are held."""
    return len(_programs)


@contextlib.contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Runs its body with JAX's default floats of the given width.

    Float32 is float32: JAX lets accelerators multiply matrices with fewer digits (TF32 keeps ten
    bits, bfloat16 seven) unless it is told otherwise.

    Args:
        dtype: "float64" or "float32".

    Raises:
        InputError: for another dtype.
    """
    wide = known_dtype("dtype", dtype) == "float64"
    with jax.enable_x64(wide), jax.default_matmul_precision(None if wide else "highest"):
        yield
