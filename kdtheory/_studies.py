"""Runs replications for the command line, here or in several processes, and moves the bar."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdtheory import _check
from kdtheory._one_thread import THREADS as THREADS

if TYPE_CHECKING:
    from kdtheory.replications.records import Outcome, Tables

Files = tuple[Path, Path] | None
"""Training and test part of a user's own data."""

Moved = Callable[[str, int, int], None]
"""Called with a study, and how many of how many of its pieces are done."""

_PARTS = 1000
"""Into how many parts the bar divides every study."""


def run(
    names: Sequence[str], size: str, seed: int, files: Files, jobs: int, *, cached: bool
) -> Iterator[Outcome]:
    """Yields studies as they finish, in any order.

    Args:
        names: which.
        size: name of the configuration.
        seed: of everything random.
        files: a user's own data, for the one study that reads them.
        jobs: processes; 0 for one for every core.
        cached: whether to use the cache of compiled programs.

    Raises:
        InputError: if a process ends without an answer.
    """
    from kdtheory import _workers, cli
    from kdtheory.replications import find
    from kdtheory.replications.records import Outcome

    settings = {"size": size, "seed": seed, "files": files}
    jobs = min(jobs or _workers.default_jobs(), len(names))
    with cli.progress(_PARTS * len(names), percent=True) as at:
        moved = _bar(at)
        found = _here(names, settings, moved)
        if jobs > 1:
            found = _elsewhere(names, settings, moved, jobs, cached)
        for name, tables in found:
            study = find(name)
            yield Outcome(study, size, study.sizes[size], seed, tables)
            moved(name, 1, 1)


def _bar(at: Any) -> Moved:
    """Returns what moves the bar: the sum over studies of the share that is done of each."""
    shares: dict[str, float] = {}

    def moved(name: str, done: int, total: int) -> None:
        shares[name] = done / max(total, 1)
        running = [name for name, share in shares.items() if share < 1]
        at(", ".join(running), int(_PARTS * sum(shares.values())))

    return moved


def _tables(name: str, settings: dict[str, Any], moved: Moved) -> Tables:
    from kdtheory.replications import replicate

    moved(name, 0, 1)
    return replicate(name, progress=functools.partial(moved, name), **settings).tables


def _here(
    names: Sequence[str], settings: dict[str, Any], moved: Moved
) -> Iterator[tuple[str, Tables]]:
    for name in names:
        yield name, _tables(name, settings, moved)


_WAIT = 0.1
"""Seconds between two looks at what the processes report."""


def _elsewhere(
    names: Sequence[str], settings: dict[str, Any], moved: Moved, jobs: int, cached: bool
) -> Iterator[tuple[str, Tables]]:
    """Yields the tables of studies that run in several processes; its end is the processes' end."""
    context = multiprocessing.get_context("spawn")
    reports = context.SimpleQueue()
    pool = futures.ProcessPoolExecutor(jobs, context, _start, (cached, reports))
    try:
        left = {pool.submit(_remote, name, settings): name for name in names}
        while left:
            done, _ = futures.wait(left, _WAIT, futures.FIRST_COMPLETED)
            while not reports.empty():
                moved(*reports.get())
            for one in done:
                tables = one.result()
                yield left.pop(one), tables
    except BrokenProcessPool:
        _check.refuse(
            f"the studies {', '.join(left.values())}",
            "a process that ended without an answer, perhaps for want of memory",
            "one that finishes",
            "Those that finished are kept. Run the others with --jobs 1.",
        )
    finally:
        for process in multiprocessing.active_children():
            process.terminate()
        pool.shutdown(cancel_futures=True)


_reports: Any = None
"""In a process that runs studies: where it says how far it is."""


def _start(keep_programs: bool, reports: Any) -> None:
    from kdtheory._workers import start

    start(keep_programs)
    globals()["_reports"] = reports


def _remote(name: str, settings: dict[str, Any]) -> Tables:
    return _tables(name, settings, lambda *moved: _reports.put(moved))
