"""The command ``kdtheory sharpness``: an example in, a table, JSON or a figure out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def sharpness(
    context: typer.Context,
    example: Annotated[
        str,
        typer.Option(
            help="digits (two small networks, one trained for flatness), cosines (worlds in which "
            "every bound is exact) or logistic (a world in which every constant is known)."
        ),
    ],
    radius: Annotated[
        list[float] | None,
        typer.Option(help="A radius of the perturbation; may be given several times."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Measure sharpness, and say what sharpness-aware bounds make of it."""
    from kdtheory import _check, _sharpness_output, cli

    cli.prepare(context)
    try:
        _check.output_file("--output", output, _check.FIGURES)
        answer = _sharpness_output.answer(example, radius, seed)
        if output is not None:
            answer.draw(output)
    except _check.InputError as problem:
        cli.fail(str(problem))
    if as_json:
        from kdtheory.tools import report

        report.write_json({"input": f"example {example}", **answer.plain})
        return
    answer.write()
    if output is not None:
        typer.echo(f"\nFigure: {output}")
