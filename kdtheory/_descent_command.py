"""The command ``kdtheory descent``: an example in, a table, JSON or a figure out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def descent(
    context: typer.Context,
    example: Annotated[
        str,
        typer.Option(
            help="quadratic (exact at every step) or softmax (linear; exact for the first steps)."
        ),
    ],
    step_size: Annotated[
        float | None, typer.Option(help="The step size; the example's own if left out.")
    ] = None,
    steps: Annotated[int, typer.Option(help="How many steps.")] = 60,
    runs: Annotated[int, typer.Option(help="How many runs are simulated as a check.")] = 4000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Run SGD with one-hot, noisy and exact teachers, against what is promised of it."""
    from kdtheory import _check, _descent_output, cli

    cli.prepare(context)
    try:
        _check.output_file("--output", output, _check.FIGURES)
        answer = _descent_output.answer(example, step_size, steps, runs, seed)
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
