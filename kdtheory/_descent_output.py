"""What ``kdtheory descent`` answers: plain data, a text for people, and a figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

from kdtheory._decompose_output import Answer
from kdtheory.descent import DescentExample, descent_example, plot_descent
from kdtheory.tools.report import console

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdtheory.descent import DescentCurve


def answer(
    example: str, step_size: float | None, num_steps: int, num_runs: int, seed: int
) -> Answer:
    """Answers for an example by its name; the step size is its own if none is given."""
    found = descent_example(
        example, step_size=step_size, num_steps=num_steps, num_runs=num_runs, seed=seed
    )

    def paint(figure: Figure) -> None:
        ax = plot_descent(found.curves, figure.add_subplot())
        ax.set_title(f"{found.title}; step size {found.step_size:g}", fontsize=10)

    return Answer(found.to_dict(), lambda: _write(found), (8.0, 5.0), paint)


def _write(found: DescentExample) -> None:
    out = console(160)
    out.print("How far SGD is from the optimum, by teacher", style="bold", markup=False)
    out.print(
        f"{found.title}; step size {found.step_size:.6g}, largest smoothness of a component "
        f"{found.component_smoothness:.6g}, strong convexity {found.strong_convexity:.4g}"
        + (f" ({found.region})" if found.region else "")
        + "\n",
        markup=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("teacher", no_wrap=True)
    for name in (
        "noise",
        "rate\nprinted",
        "rate\nsharpened",
        "in the end\nprinted",
        "in the end\nsharpened",
        f"bound at {found.num_steps}\nprinted",
        f"bound at {found.num_steps}\nsharpened",
        f"distance^2\nat {found.num_steps}",
        f"simulated at {found.num_steps}\n({found.level:.0%} interval)",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for teacher, curve in found.curves.items():
        table.add_row(teacher, *_cells(curve))
    out.print(table)
    out.print()
    for sentence in found.meaning:
        out.print(sentence, markup=False)
    runs = next(iter(found.curves.values())).simulated
    if runs is not None:
        out.print(
            f"Intervals: Student's over {runs.num_runs} runs, each by itself (asymptotic). "
            f"Seed {found.seed}.",
            style="dim",
            markup=False,
        )


def _cells(curve: DescentCurve) -> list[str]:
    """Returns the row of a teacher; a bound that promises nothing is a dash."""
    promised = [math.isfinite(bound[-1]) for bound in (curve.printed, curve.sharpened)]
    cells = [f"{curve.noise:.4g}"]
    cells += [_written(rate, ok) for rate, ok in zip(curve.rates, promised, strict=True)]
    cells += [_written(left, math.isfinite(left)) for left in curve.neighbourhoods]
    ends = curve.printed[-1], curve.sharpened[-1]
    cells += [_written(end, ok) for end, ok in zip(ends, promised, strict=True)]
    exact = curve.distances[-1]
    cells.append("not computed" if math.isnan(exact) else f"{exact:.6g}")
    drawn = curve.simulated
    if drawn is not None:
        ends = drawn.low[-1], drawn.high[-1]
        cells.append(f"{drawn.mean[-1]:.5g} ({ends[0]:.5g} to {ends[1]:.5g})")
    return cells


def _written(value: float, promised: bool) -> str:
    return f"{value:.5g}" if promised and not math.isnan(value) else "-"
