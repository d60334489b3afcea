"""The command ``kdtheory ledger``: what the texts assert, item by item, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer


def ledger(
    slugs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SLUG]...", help="Only what these claims, rooms or globs examine."
        ),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Write Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """List every item of the texts: what it asserts, what examines it, or why nothing does."""
    from kdtheory import _ledger_table, cli
    from kdtheory.theorems.ledger import entries, examined_in
    from kdtheory.tools import report

    if as_markdown and as_json:
        cli.fail("got --markdown and --json; expected one of them. Choose one.")
    chosen = entries()
    if slugs:
        names = [claim.slug for claim in cli.select(slugs)]
        chosen = examined_in(names)
        if not chosen:
            cli.fail(
                f"claim: got {' '.join(slugs)!r}, which examines no sentence of a text: it is "
                "ours. 'kdtheory show' says what it corrects or sharpens; name that one."
            )
    if as_json:
        report.write_json(_ledger_table.plain(chosen))
    elif as_markdown:
        typer.echo(_ledger_table.markdown(chosen))
    else:
        report.console(140).print(_ledger_table.table(chosen))
        typer.echo(_ledger_table.summary(chosen))
        typer.echo("A finding is about the text examined, not about other versions of the paper.")
