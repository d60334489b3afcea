"""The command ``kdtheory bounds``: options in, a table, JSON or a figure out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kdtheory.gap_bounds import GapSamples
    from kdtheory.objects.processes import DistillationProcess


def bounds(
    context: typer.Context,
    process: Annotated[
        Path | None,
        typer.Argument(
            help="A .npz with example_weights, losses, teacher_kernel, num_samples and student_law "
            "(or pseudo_data_law and student_kernel), optionally inputs; or with gaps, samples of "
            "the teacher's gap."
        ),
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(help="A world that ships with it: pseudo-labels, deterministic or tilt."),
    ] = None,
    num_samples: Annotated[
        int | None, typer.Option(help="With --example: the sample size n.")
    ] = None,
    divergence: Annotated[
        float | None, typer.Option(help="With samples of the gap: the divergence K_n, or inf.")
    ] = None,
    gap_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--range", help="With samples of the gap: numbers between which every gap lies."
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(help="With samples of the gap: level of the intervals.")
    ] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    against: Annotated[
        str | None,
        typer.Option(
            help="A family instead of one process: divergence (students between the teacher and "
            "the given one), or samples (with --example, from n = 1 on)."
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="With --example: write its arrays to a .npz, as a template."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Bound how much worse, or better, a student generalises than its teacher."""
    from kdtheory import _bounds_output, _check
    from kdtheory.cli import prepare
    from kdtheory.gap_bounds import GapSamples, save_process

    prepare(context)
    try:
        _check_request(process, example, num_samples, against, save, output)
        source = f"example {example}" if example is not None else str(process)
        given = _given(process, example, num_samples)
        if isinstance(given, GapSamples):
            if against is not None:
                _check.refuse(
                    "--against", "it with samples of the gap", "a process", "Leave it out."
                )
            answer = _bounds_output.sampled(
                given, divergence=divergence, gap_range=gap_range, level=level, seed=seed
            )
        else:
            _refuse_for_processes(divergence, gap_range)
            if save is not None:
                save_process(save, given)
            if against is None:
                answer = _bounds_output.one_process(given, source)
            elif against == "divergence":
                answer = _bounds_output.along_divergence(given, source)
            else:
                assert example is not None
                answer = _bounds_output.along_samples(example, num_samples)
    except _check.InputError as problem:
        typer.echo(f"kdtheory: {problem}", err=True)
        raise typer.Exit(2) from None
    if output is not None:
        answer.draw(output)
    if as_json:
        import json

        from kdtheory.results import to_dict

        typer.echo(json.dumps(to_dict({"input": source, **answer.plain}), indent=2))
        return
    answer.write()
    for name, path in (("Arrays", save), ("Figure", output)):
        if path is not None:
            typer.echo(f"\n{name}: {path}")


def _check_request(
    process: Path | None,
    example: str | None,
    num_samples: int | None,
    against: str | None,
    save: Path | None,
    output: Path | None,
) -> None:
    """Refuses contradictory options, and files that could not be written, before any work."""
    from kdtheory import _check

    if (process is None) == (example is None):
        got = "neither a file nor --example" if process is None else "a file and --example"
        _check.refuse("PROCESS", got, "one of the two", "Give a path, or --example pseudo-labels.")
    if example is None:
        for option, value in (("--num-samples", num_samples), ("--save", save)):
            if value is not None:
                _check.refuse(option, "it with a file", "--example", "Leave it out.")
    if against not in (None, "divergence", "samples"):
        _check.refuse("--against", repr(against), "divergence or samples", "Choose one of them.")
    if against == "samples" and example is None:
        mend = "In Python, plot_bounds_against_samples takes a function from n to a process."
        _check.refuse("--against", "samples with a file, which has one n", "--example", mend)
    _check.output_file("--output", output, _check.FIGURES)
    _check.output_file("--save", save, (".npz",))


def _given(
    process: Path | None, example: str | None, num_samples: int | None
) -> DistillationProcess | GapSamples:
    from kdtheory import gap_bounds

    if example is not None:
        return gap_bounds.example_process(example, num_samples)
    assert process is not None
    return gap_bounds.read_process(process)


def _refuse_for_processes(divergence: float | None, gap_range: Any) -> None:
    """Refuses what only samples of the gap have a use for."""
    from kdtheory import _check

    for option, value in (("--divergence", divergence), ("--range", gap_range)):
        if value is not None:
            mend = "A process has its own: leave it out, or give a file with gaps."
            _check.refuse(option, "it with a process", "samples of the gap", mend)
