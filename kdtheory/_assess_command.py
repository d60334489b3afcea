"""The command ``kdtheory assess``: teachers in, a ranked table, JSON or a figure out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kdtheory.assessment import TeacherInputs


def assess(
    context: typer.Context,
    teachers: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="TEACHER",
            help="Files with predicted probabilities, one row per example that was not trained on: "
            ".npy, .csv, or .npz with one array per teacher and optionally labels and losses.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="File with labels from 0, one per example, or one column per annotator (-1: none)."
        ),
    ] = None,
    logits: Annotated[
        bool, typer.Option("--logits", help="The files hold logits, not probabilities.")
    ] = False,
    losses: Annotated[
        Path | None,
        typer.Option(help="File with the student's loss for every possible label."),
    ] = None,
    example: Annotated[
        str | None, typer.Option(help="An example that ships with it: digits.")
    ] = None,
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Say what a teacher will do for a student, as far as labels tell."""
    from kdtheory import _assess_output, _check, assessment, cli

    cli.prepare(context)
    try:
        _check.output_file("--output", output, _check.FIGURES)
        given = _given(teachers or [], labels, losses, logits, example, seed)
        found = assessment.assess(
            given.teachers,
            given.labels,
            logits=logits,
            losses=given.losses,
            level=level,
            seed=seed,
        )
        answer = _assess_output.answer(found)
        if output is not None:
            answer.draw(output)
    except _check.InputError as problem:
        cli.fail(str(problem))
    if as_json:
        from kdtheory.tools import report

        source = (
            f"example {example}" if example is not None else ", ".join(map(str, teachers or []))
        )
        report.write_json({"input": source, **answer.plain})
        return
    answer.write()
    if output is not None:
        typer.echo(f"\nFigure: {output}")


def _given(
    teachers: list[Path],
    labels: Path | None,
    losses: Path | None,
    logits: bool,
    example: str | None,
    seed: int,
) -> TeacherInputs:
    from kdtheory import _check, assessment

    if bool(teachers) == (example is not None):
        got = "files and --example" if teachers else "neither a file nor --example"
        mend = "Give a file with the teacher's probabilities, or --example digits."
        _check.refuse("TEACHER", got, "one of the two", mend)
    if example is None:
        return assessment.read_inputs(teachers, labels, losses)
    for option, value in (("--labels", labels), ("--losses", losses), ("--logits", logits)):
        if value:
            _check.refuse(option, "it with --example", "files", "Leave it out.")
    return assessment.example_inputs(example, seed)
