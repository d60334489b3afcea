"""The command ``mutants``: how many planted errors the tools catch, by which check."""

from __future__ import annotations

import functools
from typing import Annotated, Any

import typer

from kdtheory._dtype_option import Dtype


def mutants(
    context: typer.Context,
    slugs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SLUG]...", help="Claims: slugs, rooms, or globs; all if left out."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    dtype: Dtype = "float64",
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON for machines to standard output.")
    ] = False,
) -> None:
    """Plant errors in claims, and report which check catches each (half a minute per claim)."""
    from kdtheory import cli
    from kdtheory._numerics import resolution
    from kdtheory.tools import report
    from kdtheory.tools.mutate import mutation_score

    claims = cli.select(slugs or [])
    cli.prepare(context)
    records: list[Any] = []
    stopped = False
    with cli.progress(len(claims)) as at:
        try:
            for index, claim in enumerate(claims):
                report_work = functools.partial(at, done=index)
                records += mutation_score(claim, seed=seed, dtype=dtype, progress=report_work)
        except KeyboardInterrupt:
            stopped = True
            typer.echo(f"kdtheory: interrupted after {index} of {len(claims)} claims", err=True)
    if as_json:
        report.write_json(records)
    else:
        out = report.console()
        out.print(report.mutants_table(records))
        out.print(report.mutants_summary(records), markup=False)
        if coarse := resolution(dtype):
            out.print(f"{coarse}.", markup=False)
    disturbed = [record for record in records if record.mutant == "none" and record.caught_by]
    unexplained = [
        record
        for record in records
        if record.mutant != "none" and not record.caught_by and not record.why_missed
    ]
    if stopped:
        raise typer.Exit(cli.INTERRUPTED)
    raise typer.Exit(cli.UNEXPECTED if disturbed or unexplained else cli.AS_EXPECTED)
