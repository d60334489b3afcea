"""The command ``kdtheory falsify``: search for counterexamples, or judge recorded ones again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdtheory._dtype_option import Dtype

if TYPE_CHECKING:
    from kdtheory.claim import Claim
    from kdtheory.results import Check, Counterexample


def falsify(
    context: typer.Context,
    slug: Annotated[
        str | None, typer.Argument(help="A claim, a room, or a glob such as '*lemma1'.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Do not search: judge again the counterexamples in a file that --json wrote, of "
            "all claims if SLUG is left out. 0: all proven again, 1: one is none.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    dtype: Dtype = "float64",
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON for machines to standard output.")
    ] = False,
) -> None:
    """Search for a counterexample, from the claim's sides, domain and assumptions alone."""
    from kdtheory import cli
    from kdtheory.tools import falsify as search
    from kdtheory.tools import report

    if slug is None and replay is None:
        message = "SLUG: got neither a claim nor --replay; expected one."
        cli.fail(f"{message} `kdtheory list` names claims.")
    claims = cli.select([slug] if slug else [])
    cli.prepare(context)
    checks, lines = [], []
    if replay is not None:
        for check, given in _replayed(replay, claims if slug else None):
            checks.append(check)
            lines += [f"{check.slug}: {check.verdict.value} ({check.reason})"]
            lines.append(str(check.counterexample or given.instance))
    else:
        with cli.progress(len(claims)) as at:
            for index, claim in enumerate(claims):
                at(claim.slug, index)
                check = search(claim, seed=seed, dtype=dtype)
                checks.append(check)
                lines += [f"{check.slug}: {check.verdict.value} ({check.reason}; seed {seed})"]
                lines += [str(check.counterexample)] if check.counterexample is not None else []
    if as_json:
        report.write_json(checks if len(checks) > 1 else checks[0])
    else:
        typer.echo("\n".join(lines))
    raise typer.Exit(cli.exit_code(checks))


def _replayed(path: Path, claims: Sequence[Claim] | None) -> list[tuple[Check, Counterexample]]:
    from kdtheory import cli
    from kdtheory._check import InputError
    from kdtheory.theorems import find
    from kdtheory.tools import replay_file

    try:
        only = None if claims is None else {claim.slug for claim in claims}
        return list(replay_file(path, find, only))
    except InputError as problem:
        cli.fail(str(problem))
