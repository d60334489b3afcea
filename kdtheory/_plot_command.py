"""The command ``kdtheory plot``: a claim along an axis, as a figure, a table or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdtheory._dtype_option import Dtype

if TYPE_CHECKING:
    from kdtheory.claim import Axis, Claim


def plot(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="A claim.")],
    axis: Annotated[
        str, typer.Option(help="What to vary: a part of an axis' name; the first if left out.")
    ] = "",
    draws: Annotated[
        int, typer.Option(min=0, help="Draws for every mean; 0 leaves them out.")
    ] = 4096,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    dtype: Dtype = "float64",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a figure: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Draw bound against truth along an axis, with draws from the definition."""
    from kdtheory import _check, cli
    from kdtheory.tools import report
    from kdtheory.tools.plot import caption, plot_curve
    from kdtheory.tools.sweep import axes_of, sweep

    claims = cli.select([slug])
    if len(claims) > 1:
        cli.fail(
            f"claim: got {slug!r}, which names {len(claims)} claims; expected one. Choose one."
        )
    (claim,) = claims
    if draws == 1:
        cli.fail("--draws: got 1; expected 0 or at least 2. An interval needs two.")
    try:
        _check.output_file("--output", output, _check.FIGURES)
    except _check.InputError as problem:
        cli.fail(str(problem))
    cli.prepare(context)
    known = axes_of(claim, seed)
    chosen = _chosen(known, axis)
    curve = sweep(claim, chosen, companions=companions(claim), draws=draws, seed=seed, dtype=dtype)
    if output is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.2, 4.8), layout="constrained")
        plot_curve(curve, figure.subplots())
        figure.savefig(output, dpi=150)
    if as_json:
        report.write_json(curve)
        return
    report.console(110).print(report.curve_table(curve))
    typer.echo(caption(curve))
    others = [other.label for other in known if other is not chosen]
    if others:
        typer.echo("Other axes: " + "; ".join(others))
    typer.echo(f"Figure: {output}" if output is not None else "Add -o FILE.png for the figure.")


def companions(claim: Claim) -> list[Claim]:
    """Returns the claims of the catalogue that correct or sharpen a claim."""
    from kdtheory.theorems import CLAIMS

    return [other for other in CLAIMS if claim.slug in (other.corrects, other.sharpens)]


def _chosen(known: tuple[Axis, ...], wanted: str) -> Axis:
    """Returns the first axis whose name has the words wanted."""
    from kdtheory import cli

    words = wanted.replace("_", " ").casefold()
    fitting = [axis for axis in known if words in axis.label.casefold()]
    if not fitting:
        names = "; ".join(axis.label for axis in known) or "none"
        cli.fail(f"--axis: got {wanted!r}; expected a part of one of these: {names}.")
    return fitting[0]
