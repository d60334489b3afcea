"""Divides work over devices, those of other processes included.

Entries (instances, starts, blocks of settings) are taken in units of a fixed number. Every unit
goes through the program that a single device runs, on the device whose turn it is; results come
back in the order of the units, and are added up on the host in that order. So no number depends on
how many devices there are, nor on which process holds them: only the time does.

One program over all devices would not do. XLA simplifies a partitioned program in another order
than one for a single device, and a gradient then differs in its last bit. What passes between
processes does go through one, over a mesh: it moves bytes, and computes nothing.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

_AXIS = "processes"

_chosen: contextvars.ContextVar[tuple[Any, ...] | None] = contextvars.ContextVar(
    "devices", default=None
)


class ProcessLost(RuntimeError):
    """Another process of this run has ended, or cannot be reached."""


def devices() -> tuple[Any, ...]:
    """Returns the devices that work is divided over: those of all processes, unless restricted."""
    return _chosen.get() or tuple(jax.devices())


@contextlib.contextmanager
def restricted(chosen: tuple[Any, ...]) -> Iterator[None]:
    """Divides the work of its body over some devices only.

    Args:
        chosen: the devices, the same ones in every process.
    """
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)


def is_accelerated() -> bool:
    """Returns whether programs run on something else than a CPU: there, small steps cost most."""
    return jax.default_backend() != "cpu"


def is_plain() -> bool:
    """Returns whether programs run on the first CPU of the only process of this run."""
    chosen = jax.config.jax_default_device  # type: ignore[attr-defined]
    first = chosen is None or chosen == jax.local_devices()[0]
    return first and jax.process_count() == 1 and not is_accelerated()


def is_first() -> bool:
    """Returns whether this process is the first of its run, or alone: the one that reports."""
    return not jax.distributed.is_initialized() or jax.process_index() == 0


def by_units(run: Callable[..., Any], unit: int, *arrays: Any) -> Any:
    """Runs programs over entries, each device on a unit of them at a time.

    Args:
        run: maps trees of arrays with ``unit`` entries along their leading axes to such a tree.
        unit: how many entries a device takes at a time.
        arrays: trees of arrays with one entry each along their leading axes.

    Returns:
        The results in the order of the entries, as NumPy arrays; the same in every process.
    """
    arrays = jax.tree.map(np.asarray, arrays)
    total = len(jax.tree.leaves(arrays)[0])

    def pieces() -> Iterator[Any]:
        for start in range(0, total, unit):
            # The last unit is filled up with entries of its own.
            rows = np.resize(np.arange(start, min(start + unit, total)), unit)
            yield jax.tree.map(lambda leaf, at=rows: leaf[at], arrays)

    found = list(in_turn(lambda piece: run(*piece), pieces()))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:total], *found)


def in_turn(run: Callable[[Any], Any], pieces: Iterable[Any]) -> Iterator[Any]:
    """Runs programs over pieces of work, one on every device at a time.

    Args:
        run: maps a piece to a tree of arrays.
        pieces: trees of arrays; the same in every process.

    Yields:
        The results in the order of the pieces, as NumPy arrays; the same in every process.

    Raises:
        ProcessLost: if another process has ended.
    """
    among, remaining, begun = devices(), iter(pieces), []
    while batch := list(itertools.islice(remaining, len(among))):
        own = []
        for device, piece in zip(among, batch, strict=False):
            if device.process_index == jax.process_index():
                with _on(device):
                    own.append(run(piece))
        # While devices work on this batch, the last one is taken in.
        begun.append((own, among[: len(batch)]))
        if len(begun) > 1:
            yield from _taken_in(*begun.pop(0))
    for own, batch_devices in begun:
        yield from _taken_in(own, batch_devices)


def _taken_in(own: list[Any], batch: tuple[Any, ...]) -> Iterator[Any]:
    """Yields what the devices made of a batch, in their order."""
    own = jax.device_get(own)
    if jax.process_count() == 1:
        yield from own
        return
    everywhere = [iter(found) for found in exchanged(own)]
    yield from (next(everywhere[device.process_index]) for device in batch)


@contextlib.contextmanager
def _on(device: Any) -> Iterator[None]:
    """Runs its body on a device; on the one that JAX takes anyway, no program is made anew."""
    if device == jax.local_devices()[0]:
        yield
        return
    with jax.default_device(device):
        yield


def exchanged(own: Any) -> list[Any]:
    """Returns what every process gives, by their numbers; the same in all of them.

    Args:
        own: what this process gives: plain data with NumPy arrays.

    Raises:
        ProcessLost: if another process has ended.
    """
    if jax.process_count() == 1:
        return [own]
    message = np.frombuffer(pickle.dumps(own), np.uint8)
    lengths = _gathered(np.array([len(message)]).view(np.uint8)).view(np.int64)[:, 0]
    # Few lengths, few programs.
    row = np.zeros(1 << int(lengths.max() - 1).bit_length(), np.uint8)
    row[: len(message)] = message
    return [
        pickle.loads(found[:length].tobytes())
        for found, length in zip(_gathered(row), lengths, strict=True)
    ]


def _gathered(row: np.ndarray) -> np.ndarray:
    """Returns the rows of all processes, one below the other."""
    gather, sharding = _gathering()
    try:
        return jax.device_get(gather(jax.make_array_from_process_local_data(sharding, row[None])))
    except (RuntimeError, ValueError) as problem:
        # What the connection says differs by its kind: its first line is kept.
        said = str(problem).splitlines()[0]
        raise ProcessLost(f"another process ended, or cannot be reached ({said})") from problem


@functools.cache
def _gathering() -> tuple[Callable[[Any], Any], NamedSharding]:
    """Returns the program that sends every process the rows of all, and how its rows are held."""
    first = {device.process_index: device for device in reversed(jax.devices())}
    mesh = Mesh(np.array([first[process] for process in sorted(first)]), (_AXIS,))
    divided, whole = PartitionSpec(_AXIS), PartitionSpec()
    gather = jax.shard_map(
        lambda rows: jax.lax.all_gather(rows, _AXIS, tiled=True),
        mesh=mesh,
        in_specs=divided,
        out_specs=whole,
        # What is gathered is the same everywhere, which is not seen by itself.
        check_vma=False,
    )
    return jax.jit(gather), NamedSharding(mesh, divided)
