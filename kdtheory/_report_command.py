"""The command ``kdtheory report``: claims, findings and figures as one HTML page."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdtheory._dtype_option import Dtype

if TYPE_CHECKING:
    from kdtheory.claim import Claim
    from kdtheory.tools.sweep import Curve


class Figures(enum.StrEnum):
    """Which claims have a figure."""

    ALL = "all"
    FINDINGS = "findings"
    NONE = "none"


def report(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page: a file .html.")],
    slugs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SLUG]...", help="Claims: slugs, rooms, or globs; default all."),
    ] = None,
    figures: Annotated[
        Figures, typer.Option(help="Which claims have a figure.")
    ] = Figures.FINDINGS,
    rounds: Annotated[
        int, typer.Option(min=0, help="How often the search starts afresh; 0: quicker.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    dtype: Dtype = "float64",
    results: Annotated[
        Path | None,
        typer.Option(help="Folder of a run of verify; left out, one in the user's cache."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Processes, about a gigabyte each; 0: one for every core.")
    ] = 0,
) -> None:
    """Write one self-contained page: findings, the catalogue, figures, and what was run.

    Finished claims of `kdtheory verify` with the same settings are used as they are.
    """
    import datetime

    from kdtheory import __version__, _check, cli
    from kdtheory._examine import examine
    from kdtheory.tools.page.mathml import need_converter

    try:
        need_converter()
        _check.output_file("--output", output, (".html", ".htm"))
    except _check.InputError as problem:
        cli.fail(str(problem))
    claims = cli.select(slugs or [])
    cli.prepare(context)
    options = {"seed": seed, "dtype": dtype, "level": 1e-3 / len(claims), "rounds": rounds}
    checks = examine(
        claims,
        jobs,
        options,
        cached=context.obj,
        results=results,
        resume=True,
        continuing=_CONTINUING,
    )
    try:
        proofs = cli.proofs([claim.slug for claim in claims])
        certified = _certified(claims)
        curves = _curves(claims, figures, jobs, seed, dtype, cached=context.obj)
    except KeyboardInterrupt:
        typer.echo(f"kdtheory: interrupted before the page was written; {_CONTINUING}", err=True)
        raise typer.Exit(cli.INTERRUPTED) from None
    from kdtheory.tools.page import Entry, Ran, page
    from proofs_check import rendering

    entries = [
        Entry(
            claim,
            check,
            curves.get(claim.slug),
            rendering.plain(proofs[claim.slug]) if claim.slug in proofs else None,
            certified.get(claim.slug, ""),
        )
        for claim, check in zip(claims, checks, strict=True)
    ]
    ran = Ran(
        version=__version__,
        command=_command(slugs or [], figures, rounds, seed, dtype),
        date=datetime.date.today().isoformat(),
        seeds=(seed,),
        dtypes=(dtype,),
        searched=sum(bool(check.searches) for check in checks),
    )
    written = page(entries, ran, rooms=_introductions(claims))
    try:
        output.write_text(written, encoding="utf-8")
    except OSError as problem:
        cli.fail(f"--output: got {output}, which cannot be written ({problem}). Name another.")
    size = f"{len(written.encode()) / 1e6:.1f} MB"
    typer.echo(f"Page: {output} ({len(entries)} claims, {len(curves)} figures, {size})")
    raise typer.Exit(cli.exit_code(checks))


_CONTINUING = "the same command goes on from there"


def _command(slugs: Sequence[str], figures: Figures, rounds: int, seed: int, dtype: str) -> str:
    """Returns what to type to run it again, on any machine."""
    import shlex

    chosen = ["--figures", figures.value, "--rounds", str(rounds), "--seed", str(seed)]
    chosen += ["--dtype", dtype] if dtype != "float64" else []
    return shlex.join(["kdtheory", "report", *slugs, *chosen, "-o", "report.html"])


def _curves(
    claims: Iterable[Claim], figures: Figures, jobs: int, seed: int, dtype: str, *, cached: bool
) -> dict[str, Curve]:
    """Returns slug -> curve, of the claims that are to have a figure."""
    from kdtheory import _workers, cli
    from kdtheory.claim import Finding

    wanted = [
        claim.slug
        for claim in claims
        if figures is Figures.ALL
        or (figures is Figures.FINDINGS and claim.finding is not Finding.STANDS)
    ]
    found: dict[str, Curve] = {}
    jobs = min(jobs or _workers.default_jobs(), len(wanted))
    with cli.progress(len(wanted)) as at:
        at("figures", 0)
        options: dict[str, Any] = {"seed": seed, "draws": _DRAWS, "dtype": dtype}
        made = _workers.curves_of(wanted, jobs, keep_programs=cached, **options)
        for index, curve in enumerate(made if wanted else ()):
            if curve is not None:
                found[curve.slug] = curve
            at("figures", index + 1)
    return found


_DRAWS = 1024
"""Draws for every mean in a figure."""


def _certified(claims: Iterable[Claim]) -> dict[str, str]:
    """Returns slug -> the sizes of its certificates, each of which is checked now."""
    from kdtheory.certificates import shipped
    from kdtheory.rungs import check_shipped

    known = shipped.names()
    slugs = [claim.slug for claim in claims if claim.slug in known]
    for name in (name for slug in slugs for name in known[slug]):
        check_shipped(name)
    return {slug: shipped.sizes_in_words(slug) for slug in slugs}


def _introductions(claims: Iterable[Claim]) -> dict[str, str]:
    """Returns room -> its name and what it is about, as the room itself says."""
    import importlib

    rooms = dict.fromkeys(claim.slug.split("/")[0] for claim in claims)
    found = {}
    for room in rooms:
        told = importlib.import_module(f"kdtheory.theorems.{room}").__doc__ or ""
        found[room] = told.split("\n\n")[0].replace("\n", " ")
    return found
