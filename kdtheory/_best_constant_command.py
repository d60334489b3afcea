"""The command ``kdtheory best-constant``: a claim and a constant in, a table over sizes out."""

from __future__ import annotations

from typing import Annotated

import typer


def best_constant(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="A claim, by its full slug.")],
    name: Annotated[str, typer.Argument(help="The constant: a scalar part of the claim's domain.")],
    sizes: Annotated[
        str | None, typer.Option(help="Sizes such as '2,3,4' or '2x3,3x3'; else the claim's own.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Search for the best constant of a claim, and the instance that demands it."""
    from kdtheory import _check, cli
    from kdtheory.theorems import find
    from kdtheory.tools import best_constant as search
    from kdtheory.tools import report

    cli.prepare(context)
    try:
        result = search(find(slug), name, sizes=_sizes(sizes), seed=seed)
    except (_check.InputError, KeyError) as problem:
        cli.fail(str(problem.args[0]))
    if as_json:
        report.write_json(result)
    else:
        typer.echo(f"{slug}, seed {seed}")
        typer.echo(str(result))
        if result.left_out:
            names = ", ".join(result.left_out)
            typer.echo(f"Left out, since they say which {name} are meant: {names}.")


def _sizes(text: str | None) -> list[tuple[int, ...]] | None:
    """Returns the sizes that the option names, or None if it was left out."""
    from kdtheory import _check

    if text is None:
        return None
    try:
        return [tuple(int(side) for side in size.split("x")) for size in text.split(",")]
    except ValueError:
        _check.refuse("--sizes", repr(text), "sizes such as '2,3' or '2x3,3x3'", "Give them so.")
