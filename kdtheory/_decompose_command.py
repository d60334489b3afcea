"""The command ``kdtheory decompose``: options in, a table, JSON or a figure out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kdtheory.decomposition import Decomposition
    from kdtheory.readers import DesignData

FIGURES = (".png", ".pdf", ".svg")


def decompose(
    design: Annotated[
        Path | None,
        typer.Argument(
            help="A .npz (X: d x n, W_star: k x d, optional Y: k x n and Sigma_S: d x d) or a "
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
        str, typer.Option(help="Rank of the student's mean map: full, 0 or a number.")
    ] = "full",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Decompose the distillation divergence of a linear-Gaussian design into its terms."""
    from kdtheory import _check, readers
    from kdtheory.decomposition import decompose as take_apart

    try:
        if (design is None) == (dataset is None):
            got = "neither a file nor --dataset" if design is None else "a file and --dataset"
            mend = "Give a path, or --dataset diabetes."
            _check.refuse("DESIGN", got, "one of the two", mend)
        if output is not None and output.suffix.lower() not in FIGURES:
            got = repr(output.suffix) if output.suffix else "no extension"
            _check.refuse("--output", got, " or ".join(FIGURES), "Name the figure with one.")
        if output is not None and not output.parent.is_dir():
            got = f"{output}, whose folder does not exist"
            _check.refuse("--output", got, "a file in an existing folder", "Make the folder first.")
        targets = tuple(name.strip() for name in target.split(",")) if target else ()
        if dataset is not None:
            data = readers.load_dataset(dataset, targets=targets, standardize=standardize)
        else:
            assert design is not None
            data = readers.read_design(design, targets=targets, standardize=standardize)
        result = take_apart(
            data.inputs,
            data.true_weights,
            data.labels,
            prior_precision=prior_precision,
            inverse_temperature=inverse_temperature,
            noise_std=noise_std,
            rank=_rank(rank),
            student_covariance=data.student_covariance,
        )
    except _check.InputError as problem:
        typer.echo(f"kdtheory: {problem}", err=True)
        raise typer.Exit(2) from None
    if output is not None:
        _draw(result, output)
    if as_json:
        import json

        from kdtheory.results import to_dict

        typer.echo(json.dumps(to_dict({"input": _input(data), **result.to_dict()}), indent=2))
        return
    _write(data, result, output)


def _rank(text: str) -> int | None:
    """Returns the rank asked for; None stands for full rank."""
    from kdtheory import _check

    if text == "full":
        return None
    try:
        return int(text)
    except ValueError:
        _check.refuse("--rank", repr(text), "'full' or a whole number", "Give one of them.")


def _input(data: DesignData) -> dict[str, Any]:
    """Returns what was read, and what was done to it."""
    return {
        "source": data.source,
        "features": list(data.features),
        "outputs": list(data.outputs),
        "dropped": list(data.dropped),
        "centred": data.centred,
        "standardized": data.standardized,
    }


def _draw(result: Decomposition, output: Path) -> None:
    from matplotlib.figure import Figure

    from kdtheory.decomposition import plot_decomposition

    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    plot_decomposition(result, figure.add_subplot())
    figure.savefig(output, dpi=150)


def _write(data: DesignData, result: Decomposition, output: Path | None) -> None:
    """Writes the decomposition for a person to read."""
    from rich.table import Table

    from kdtheory.tools.report import console

    out = console()
    out.print(result.heading, style="bold", markup=False)
    done = [
        word for word, flag in (("centred", data.centred), ("scaled", data.standardized)) if flag
    ]
    out.print(
        f"{data.source}: d = {result.num_features} features (rank {result.design_rank}), "
        f"n = {result.num_samples} samples, k = {result.num_outputs} outputs"
        + (f"; {' and '.join(done)}" if done else "")
        + (f"; constant features dropped: {', '.join(data.dropped)}" if data.dropped else ""),
        markup=False,
    )
    out.print(
        f"prior precision {result.prior_precision:g}, inverse temperature "
        f"{result.inverse_temperature:g}, noise {result.noise_std:.6g}"
        + (" (estimated)" if result.fitted_noise else "")
        + f", student rank {result.rank}, null space: {result.null}, "
        f"student covariance: {result.student_covariance}\n",
        markup=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("term", no_wrap=True)
    table.add_column("nats", justify="right", no_wrap=True)
    table.add_column("what it is")
    for term in result.terms:
        table.add_row(term.name, f"{term.value:.6g}", term.meaning)
    table.add_section()
    table.add_row("bound", f"{result.bound:.6g}", "the sum of the terms above")
    table.add_row(
        "mutual information", f"{-result.mutual_information:.6g}", "what the bound gives away"
    )
    table.add_row(
        "divergence",
        f"{result.divergence:.6g}",
        "K_n under the fitted model" if result.fitted else "K_n, exact under the model given",
    )
    out.print(table)
    dominant = next(term for term in result.terms if term.name == result.dominant)
    out.print(f"\nLargest: {dominant.name}. {dominant.remedy}", markup=False)
    for term in result.terms:
        if term is not dominant and term.value:
            out.print(f"  {term.name}: {term.remedy}", style="dim", markup=False)
    if output is not None:
        out.print(f"\nFigure: {output}", markup=False)
