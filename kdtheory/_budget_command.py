"""The command ``kdtheory budget``: a design in, a table, JSON or a figure out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def budget(
    context: typer.Context,
    design: Annotated[
        Path | None,
        typer.Argument(
            help="A .npz (X: d x n, optional Y: k x n, W_star: k x d) or a .csv with a header and "
            "samples in rows."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="A data set that scikit-learn ships: diabetes, digits, ...")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Target columns of a .csv, separated by commas.")
    ] = None,
    standardize: Annotated[
        bool, typer.Option("--standardize", help="Scale the features to unit variance.")
    ] = False,
    responses: Annotated[
        str, typer.Option(help="How many responses are averaged, separated by commas.")
    ] = "1,2,5,20",
    noise_std: Annotated[
        float | None,
        typer.Option(
            "--noise-std",
            "--noise",
            help="Standard deviation of a single response; estimated from the targets if left out.",
        ),
    ] = None,
    correlation: Annotated[
        float, typer.Option(help="Of two responses to one input, at least -1/(k-1).")
    ] = 0.0,
    head: Annotated[
        str,
        typer.Option(
            help="What the student's own variance is fitted to: averages, pooled (all responses) "
            "or point (it has none)."
        ),
    ] = "averages",
    steps: Annotated[
        int | None, typer.Option(help="Steps of gradient descent; least squares if left out.")
    ] = None,
    step_size: Annotated[
        float | None,
        typer.Option(help="With --steps; the inverse of the largest curvature if left out."),
    ] = None,
    initial_std: Annotated[
        float, typer.Option(help="Standard deviation of each coefficient at the start.")
    ] = 0.0,
    held_out: Annotated[
        float,
        typer.Option(help="Share of the samples that are held out, and answered at instead."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is held out.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Say where the variance of a distilled student's answers comes from."""
    from kdtheory import _budget_output, _check, _design_input, cli

    cli.prepare(context)
    try:
        _check.output_file("--output", output, _check.FIGURES)
        numbers = _numbers(responses)
        data = _design_input.read(design, dataset, target, standardize)
        answer = _budget_output.answer(
            data,
            numbers,
            noise_std=noise_std,
            held_out=held_out,
            seed=seed,
            correlation=correlation,
            head=head,
            num_steps=steps,
            step_size=step_size,
            initial_std=initial_std,
        )
        if output is not None:
            answer.draw(output)
    except _check.InputError as problem:
        cli.fail(str(problem))
    if as_json:
        from kdtheory.tools import report

        report.write_json({"input": _design_input.described(data), **answer.plain})
        return
    answer.write()
    if output is not None:
        typer.echo(f"\nFigure: {output}")


def _numbers(text: str) -> tuple[int, ...]:
    """Returns the numbers of responses that were asked for, each once, smallest first."""
    from kdtheory import _check

    try:
        numbers = sorted({int(piece) for piece in text.split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < 1:
        mend = "For instance --responses 1,2,5,20."
        _check.refuse("--responses", repr(text), "whole numbers from 1, with commas", mend)
    return tuple(numbers)
