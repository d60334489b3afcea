"""Examines claims for the command line, and keeps what is finished."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from kdtheory._runs import Run
    from kdtheory.claim import Claim
    from kdtheory.results import Check


def examine(
    claims: Sequence[Claim],
    jobs: int,
    options: dict[str, Any],
    *,
    cached: bool,
    results: Path | None,
    resume: bool,
    continuing: str = "the same command with --resume continues",
) -> list[Check]:
    """Returns the check of every claim, those of a run that is resumed included.

    Args:
        claims: which.
        jobs: processes; 0 for one for every core; one if there are several devices.
        options: keyword arguments of `kdtheory.verify`.
        cached: whether programs, and finished claims without a folder, are kept in the cache.
        results: folder for finished claims; None for one in the user's cache.
        resume: whether to keep what a run with these settings has finished.
        continuing: how to go on after an interruption.
    """
    import jax

    from kdtheory import cli
    from kdtheory._devices import devices, exchanged, is_first

    settings = {**options, "level of a claim": options["level"], "device": jax.default_backend()}
    del settings["level"]
    keeps = (results is not None or resume or cached) and is_first()
    run = _started(results, settings, resume) if keeps else None
    finished: dict[str, Check] = {}
    if run is not None and resume:
        kept = (run.finished(claim.slug) for claim in claims)
        finished = {check.slug: check for check in kept if check is not None}
    # Of several processes the first one knows what is finished.
    finished = exchanged(finished)[0]
    if len(devices()) > 1:
        # Devices share every claim: that is work enough for one process.
        jobs = 1
    left = [claim for claim in claims if claim.slug not in finished]
    with cli.progress(len(claims)) as at:
        try:
            for check in _examined(left, jobs, at, len(finished), cached, options):
                finished[check.slug] = check
                if run is not None:
                    _keep(run, check)
        except KeyboardInterrupt:
            done = f"interrupted after {len(finished)} of {len(claims)} claims"
            more = f"; {continuing}" if run is not None else ""
            typer.echo(f"kdtheory: {done}{more}", err=True)
            raise typer.Exit(cli.INTERRUPTED) from None
    return [finished[claim.slug] for claim in claims]


def _examined(
    claims: Sequence[Claim], jobs: int, at: Any, done: int, cached: bool, options: dict[str, Any]
) -> Iterator[Check]:
    """Yields checks as they finish, here or in several processes, and moves the bar."""
    from kdtheory import _workers
    from kdtheory.tools import verify as examine

    jobs = min(jobs or _workers.default_jobs(), len(claims))
    if jobs <= 1:
        for index, claim in enumerate(claims):
            at(claim.slug, done + index)
            yield examine(claim, **options)
        return
    at(f"{jobs} processes", done)
    slugs = [claim.slug for claim in claims]
    found = _workers.checks_of(slugs, jobs, keep_programs=cached, **options)
    for index, check in enumerate(found):
        at(check.slug, done + index + 1)
        yield check


def _started(folder: Path | None, settings: dict[str, Any], resume: bool) -> Run | None:
    """Returns the run, its folder ready; None if there is nowhere to keep it, and nobody asked."""
    from kdtheory import cli
    from kdtheory._cache import source_fingerprint
    from kdtheory._runs import Run, RunError, default_folder

    settings = {**settings, "source": source_fingerprint()}
    run = Run(folder or default_folder(settings), settings)
    try:
        run.start(resume=resume)
    except RunError as problem:
        if folder is not None or resume:
            cli.fail(str(problem))
        typer.echo(f"kdtheory: finished claims are not kept: {problem}", err=True)
        return None
    return run


def _keep(run: Run, check: Check) -> None:
    from kdtheory import cli
    from kdtheory._runs import RunError

    try:
        run.keep(check)
    except RunError as problem:
        cli.fail(str(problem))
