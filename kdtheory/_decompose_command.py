"""The command ``kdtheory decompose``: options in, a table, JSON or a figure out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kdtheory._dtype_option import Dtype

MANY = 100_000
"""Points of a sweep beyond which the number is taken for a slip."""


def decompose(
    context: typer.Context,
    design: Annotated[
        Path | None,
        typer.Argument(
            help="A .npz (X: d x n, W_star: k x d, optional Y: k x n, Sigma_S and S_x: d x d) or a "
            ".csv with a header and samples in rows."
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
    prior_precision: Annotated[float, typer.Option(help="lambda > 0.")] = 1.0,
    inverse_temperature: Annotated[float, typer.Option(help="beta_T >= 0.")] = 1.0,
    noise_std: Annotated[
        float | None, typer.Option(help="nu > 0; estimated from the labels if left out.")
    ] = None,
    rank: Annotated[
        str, typer.Option(help="Rank of the student's mean map: full, or a number from 0.")
    ] = "full",
    null: Annotated[
        str,
        typer.Option(
            help="Where the inputs say nothing: minnorm (the student is zero there) or identity "
            "(a full-rank student copies the teacher)."
        ),
    ] = "minnorm",
    sweep: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=FROM:TO:NUM[:log]",
            help="Vary one setting: prior-precision, inverse-temperature, noise-std, "
            "student-scale or rank.",
        ),
    ] = None,
    dominance: Annotated[
        bool,
        typer.Option("--map", help="Which term is the largest, over rank and inverse temperature."),
    ] = False,
    optimize: Annotated[
        bool,
        typer.Option("--optimize", help="Where the divergence is least, and where its bound is."),
    ] = False,
    hold: Annotated[
        str,
        typer.Option(
            help="With --optimize: what is not varied, separated by commas: prior-precision, "
            "inverse-temperature, noise-std, student-covariance; or none."
        ),
    ] = "noise-std",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    dtype: Dtype = "float64",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Decompose the distillation divergence of a linear-Gaussian design into its terms."""
    from kdtheory import _check, _decompose_output, _design_input
    from kdtheory.cli import prepare

    prepare(context)
    try:
        _check_request(output, sweep, dominance, optimize, dtype)
        held = _held(hold)
        swept = _swept(sweep) if sweep is not None else None
        chosen = _rank(rank)
        data = _design_input.read(design, dataset, target, standardize)
        settings = {
            "prior_precision": prior_precision,
            "inverse_temperature": inverse_temperature,
            "noise_std": noise_std,
        }
        student = {"rank": chosen, "null": null}
        if swept is not None:
            answer = _decompose_output.sweep(data, settings, student, swept, seed, dtype)
        elif dominance:
            _refuse_with_map(chosen, null)
            answer = _decompose_output.dominance(data, settings, seed)
        elif optimize:
            answer = _decompose_output.optimum(data, settings, student, held)
        else:
            answer = _decompose_output.one_design(data, settings, student, seed)
    except _check.InputError as problem:
        typer.echo(f"kdtheory: {problem}", err=True)
        raise typer.Exit(2) from None
    if output is not None:
        answer.draw(output)
    if as_json:
        import json

        from kdtheory.results import to_dict

        typer.echo(
            json.dumps(to_dict({"input": _design_input.described(data), **answer.plain}), indent=2)
        )
        return
    answer.write()
    if output is not None:
        typer.echo(f"\nFigure: {output}")


def _check_request(
    output: Path | None, sweep: str | None, dominance: bool, optimize: bool, dtype: str
) -> None:
    """Refuses contradictory options, and figures that could not be written, before any work."""
    from kdtheory import _check

    modes = ("--sweep",) * (sweep is not None) + ("--map",) * dominance + ("--optimize",) * optimize
    if len(modes) > 1:
        _check.refuse(modes[0], f"it with {modes[1]}", "one of them", "Ask for one at a time.")
    if sweep is None and dtype != "float64":
        _check.refuse(
            "--dtype",
            f"{dtype} without --sweep",
            "float64",
            "Many settings at a time are what float32 is for.",
        )
    _check.output_file("--output", output, _check.FIGURES)


def _rank(text: str) -> int | None:
    """Returns the rank asked for; None stands for full rank."""
    from kdtheory import _check

    if text == "full":
        return None
    try:
        return int(text)
    except ValueError:
        _check.refuse("--rank", repr(text), "'full' or a whole number", "Give one of them.")


def _refuse_with_map(rank: int | None, null: str) -> None:
    """Refuses what a map of all ranks has no use for."""
    from kdtheory import _check

    if rank is not None:
        _check.refuse("--map", f"it with --rank {rank}", "no rank", "The map shows every rank.")
    if null != "minnorm":
        _check.refuse(
            "--map", f"it with --null {null}", "minnorm", "Only a student of rank d copies."
        )


def _swept(text: str) -> tuple[str, Any]:
    """Returns the name and the values of a sweep written NAME=FROM:TO:NUM[:log]."""
    import numpy as np

    from kdtheory import _check
    from kdtheory.decomposition.sweeps import SWEPT

    form = "NAME=FROM:TO:NUM[:log]"
    example = "For instance --sweep inverse-temperature=0.01:100:81:log."
    name, _, rest = text.partition("=")
    setting = name.strip().replace("-", "_")
    names = ", ".join(known.replace("_", "-") for known in SWEPT)
    if setting not in SWEPT:
        _check.refuse("--sweep", repr(name), f"one of {names}, as in {form}", example)
    pieces = rest.split(":")
    spaced = len(pieces) == 4 and pieces[3] == "log"
    try:
        low, high, count = float(pieces[0]), float(pieces[1]), int(pieces[2])
    except (ValueError, IndexError):
        _check.refuse("--sweep", repr(text), f"{form} with numbers", example)
    if len(pieces) != 3 and not spaced:
        _check.refuse("--sweep", repr(text), form, example)
    if not 2 <= count <= MANY:
        _check.refuse("--sweep", f"{count} points", f"2 to {MANY:,}", example)
    if not np.isfinite([low, high]).all() or low == high:
        _check.refuse("--sweep", f"{low:g} to {high:g}", "two different finite ends", example)
    if spaced and min(low, high) <= 0:
        _check.refuse(
            "--sweep",
            f"{low:g} to {high:g} in logarithmic steps",
            "positive ends",
            "Leave out :log, or start above zero.",
        )
    return setting, (np.geomspace if spaced else np.linspace)(low, high, count)


def _held(text: str) -> tuple[str, ...]:
    """Returns the parameters that --hold names."""
    from kdtheory import _check
    from kdtheory.decomposition.optimum import PARAMETERS

    if text.strip() == "none":
        return ()
    names = tuple(name.strip().replace("-", "_") for name in text.split(","))
    for name in names:
        if name not in PARAMETERS:
            known = ", ".join(known.replace("_", "-") for known in PARAMETERS)
            _check.refuse("--hold", repr(name), f"any of {known}, or none", "Name parameters.")
    return names
