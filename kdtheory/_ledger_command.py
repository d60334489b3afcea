"""The command ``kdtheory ledger``: what the texts assert, item by item, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kdtheory.theorems.ledger import Entry


def ledger(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ITEM]...",
            help="Labels, such as 'Eq. 10' or 'Proposition 3'; or slugs, rooms or globs of what "
            "examines them. Everything if left out.",
        ),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Write Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """List every item of the texts: what it asserts, what examines it, or why nothing does."""
    from kdtheory import _ledger_table, cli
    from kdtheory.theorems.ledger import entries
    from kdtheory.tools import report

    if as_markdown and as_json:
        cli.fail("got --markdown and --json; expected one of them. Choose one.")
    found = {entry for words in wanted or () for entry in _named(words)}
    chosen = [entry for entry in entries() if not wanted or entry in found]
    if as_json:
        report.write_json(_ledger_table.plain(chosen))
    elif as_markdown:
        typer.echo(_ledger_table.markdown(chosen))
    else:
        report.console(140).print(_ledger_table.table(chosen))
        typer.echo(_ledger_table.summary(chosen))
        typer.echo("A finding is about the text examined, not about other versions of the paper.")


def _named(words: str) -> tuple[Entry, ...]:
    """Returns the entries with a label of these words, or else those that claims examine."""
    from kdtheory import cli
    from kdtheory.theorems.ledger import examined_in, labelled

    found = labelled(words)
    if not found and " " in words:
        cli.fail(
            f"item: got {words!r}; expected a label, a slug, a room or a glob. "
            "Labels are written like 'Eq. 10', 'Proposition 3' or 'Figure 1'; "
            "kdtheory ledger lists them all."
        )
    if not found:
        found = examined_in(claim.slug for claim in cli.select([words]))
    if not found:
        cli.fail(
            f"item: got {words!r}, which examines no sentence of a text: it is ours. "
            f"Try kdtheory show {words}, which says what it corrects or sharpens."
        )
    return found
