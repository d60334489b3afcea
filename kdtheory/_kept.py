"""Compiled programs kept between runs, to be loaded without being traced again.

JAX keeps programs as well, under a digest of their lowered text: before it can look for one, the
formulas must be traced and lowered, and that takes longer than all that a short run computes. Here
a program is kept under what it is made of, by `kdtheory._places`, and the source of the package,
so that another line is another program. What is at no place (a user's own inequality, a mutant) is
compiled as ever.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import zlib
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._cache import program_folder
from kdtheory._devices import is_plain
from kdtheory._places import place_of


class Kept:
    """A function that is compiled for every form of its arguments, or found compiled in a folder.

    It differs from what `jax.jit` returns in that it is not traced where it is found.
    """

    def __init__(self, folder: Path, name: str, make: Callable[[], Any]) -> None:
        """Looks for nothing yet.

        Args:
            folder: where programs of this source, compiler and processor are kept.
            name: what the function is made of, the same text in every process.
            make: () -> the jitted function.
        """
        self._folder, self._name, self._make = folder, name, make
        self._jitted: Any = None
        self._programs: dict[Hashable, Callable[..., Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Returns the function of the arguments."""
        leaves, structure = jax.tree.flatten((arguments, {}))
        # Inside another program it is part of that one.
        if not is_plain() or any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return self._function()(*arguments)
        key = (structure, tuple(map(jax.typeof, leaves)), jax.dtypes.canonicalize_dtype(float))
        if key not in self._programs:
            self._programs[key] = self._found_or_made(arguments, key)
        return self._programs[key](*arguments)

    def clear_cache(self) -> None:
        """Drops the programs from memory; those in the folder stay."""
        self._programs.clear()
        if self._jitted is not None:
            self._jitted.clear_cache()

    def _function(self) -> Any:
        if self._jitted is None:
            self._jitted = self._make()
        return self._jitted

    def _found_or_made(self, arguments: Any, key: tuple[Any, ...]) -> Callable[..., Any]:
        told = f"{self._name}\n{key}"
        file = self._folder / hashlib.sha256(told.encode()).hexdigest()
        found = _load(file, key[0])
        if found is not None:
            return found
        lowered = self._function().lower(*arguments)
        with _without_jax_cache():
            program = lowered.compile()
        _store(file, program)
        return program


def through_kept(function: Callable[..., Any], *arguments: Any, **static: Hashable) -> Any:
    """Returns what a jitted function of the package returns, by a kept program if there is one.

    Args:
        function: a function at a place in the source.
        arguments: trees of arrays.
        static: what it is specialised to.
    """
    folder = program_folder()
    if folder is None:
        return function(*arguments, **static)
    return _kept(folder, function, tuple(static.items()))(*arguments)


@functools.cache
def _kept(folder: Path, function: Callable[..., Any], static: tuple[Any, ...]) -> Kept:
    make = lambda: jax.jit(functools.partial(function, **dict(static)))  # noqa: E731
    return Kept(folder, place_of((function, static)), make)


def _load(file: Path, structure: Any) -> Callable[..., Any] | None:
    """Returns the program in a file; None if there is none, or not one that can be used."""
    try:
        packed = file.read_bytes()
    except OSError:
        return None
    from jax.experimental import serialize_executable

    try:
        # Machine code that is damaged would end the process: zlib compares a checksum.
        program, example = pickle.loads(zlib.decompress(packed))
        if b"lapack" in program:
            _find_lapack()
        return serialize_executable.deserialize_and_load(
            program,
            structure,
            jax.tree.structure(example),
            execution_devices=jax.local_devices()[:1],
        )
    # What is damaged, or refused by the runtime, is made anew.
    except (zlib.error, jax.errors.JaxRuntimeError):
        return None


_CANNOT_BE_WRITTEN = (
    # A program that calls back into Python: pickle says so in one of three ways.
    AttributeError,
    TypeError,
    pickle.PicklingError,
    # JAX, of a program or its constants; and the runtime.
    ValueError,
    NotImplementedError,
    jax.errors.JaxRuntimeError,
)


def _store(file: Path, program: Any) -> None:
    """Writes a program to a file, whole or not at all."""
    from jax.experimental import serialize_executable

    try:
        payload, _, structure = serialize_executable.serialize(program)
        example = jax.tree.unflatten(structure, range(structure.num_leaves))
        packed = zlib.compress(pickle.dumps((payload, example)), 1)
    except _CANNOT_BE_WRITTEN:
        return
    part = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        part.write_bytes(packed)
        part.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def _without_jax_cache() -> Iterator[None]:
    """Has its body compile in any case: a program that JAX loads cannot be written again."""
    from jax.experimental.compilation_cache import compilation_cache

    before = jax.config.values["jax_enable_compilation_cache"]
    try:
        jax.config.update("jax_enable_compilation_cache", False)
        compilation_cache.reset_cache()
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", before)
        compilation_cache.reset_cache()


@functools.cache
def _find_lapack() -> None:
    """Tells the runtime where LAPACK is, as lowering a program that calls it does.

    Without it the call would go nowhere, and end the process.
    """
    jax.jit(jnp.linalg.cholesky).lower(jax.ShapeDtypeStruct((1, 1), jnp.float32))
