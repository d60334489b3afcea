"""Examines claims in several processes: while one compiles, another draws.

A claim's numbers depend on its slug and the seed alone, so that they are the same in any process
and in any order.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdtheory.results import Check
    from kdtheory.tools.sweep import Curve

MOST = 4
"""A process takes about a gigabyte: no more of them unless somebody asks."""


def default_jobs() -> int:
    """Returns how many processes this machine has cores for, at most `MOST`."""
    # Linux alone says which of the cores this process may use.
    usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    return max(1, min(MOST, len(usable(0))))


def checks_of(
    slugs: Sequence[str], jobs: int, *, keep_programs: bool, **options: Any
) -> Iterator[Check]:
    """Returns the check of every claim of the catalogue that is named.

    Args:
        slugs: full slugs.
        jobs: how many processes.
        keep_programs: whether to use the cache of compiled programs.
        options: the keyword arguments of ``verify``.

    Returns:
        The checks, in any order, as they finish. An interruption ends the processes.
    """
    return _anyhow(_examine, slugs, jobs, keep_programs, options)


def curves_of(
    slugs: Sequence[str], jobs: int, *, keep_programs: bool, **options: Any
) -> Iterator[Curve | None]:
    """Returns the curve of every claim of the catalogue that is named.

    Args:
        slugs: full slugs.
        jobs: how many processes.
        keep_programs: whether to use the cache of compiled programs.
        options: the keyword arguments of ``telling_curve``.

    Returns:
        The curves, in any order, as they finish. An interruption ends the processes.
    """
    return _anyhow(_sweep, slugs, jobs, keep_programs, options)


def _anyhow(
    work: Callable[[tuple[str, dict[str, Any]]], Any],
    slugs: Sequence[str],
    jobs: int,
    keep_programs: bool,
    options: dict[str, Any],
) -> Iterator[Any]:
    """Yields what a function makes of slugs, in several processes and in any order."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(jobs, len(slugs)), start, (keep_programs,)) as pool:
        yield from pool.imap_unordered(work, [(slug, options) for slug in slugs])


def start(keep_programs: bool) -> None:
    """Makes a process ready for work.

    Args:
        keep_programs: whether to use the cache of compiled programs.
    """
    # An interruption reaches every process: the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # As in `kdtheory.cli`: what stays is not looked through again and again.
    gc.set_threshold(100_000)
    # Several processes share an accelerator only if none of them takes all of its memory.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if keep_programs:
        from kdtheory._cache import keep_compiled_programs

        keep_compiled_programs()


def _examine(work: tuple[str, dict[str, Any]]) -> Check:
    from kdtheory.theorems import find
    from kdtheory.tools import verify

    slug, options = work
    return verify(find(slug), **options)


def _sweep(work: tuple[str, dict[str, Any]]) -> Curve | None:
    from kdtheory.theorems import CLAIMS, find
    from kdtheory.tools._compile import release
    from kdtheory.tools.publish import telling_curve

    slug, options = work
    claim = find(slug)
    curve = telling_curve(claim, CLAIMS, **options)
    release(claim)
    return curve
