"""What ``kdtheory bounds`` writes for people to read."""

from __future__ import annotations

import math
from typing import Any

from kdtheory.gap_bounds import KINDS, Bound, BoundCurve, GapBounds, SampleBounds
from kdtheory.tools.report import console

ROWS = 15
"""The most rows of a curve that are printed; JSON has all of them."""


def write_one(found: GapBounds, source: str) -> None:
    """Writes the ranked bounds of one process."""
    out = console()
    sets = "types of data sets" if found.grouped else "data sets"
    out.print("How much worse, or better, the student generalises", style="bold", markup=False)
    out.print(
        f"{source}: n = {found.num_samples} samples, {found.num_examples} examples, "
        f"{found.num_hypotheses} hypotheses, {found.num_datasets:,} {sets}\n",
        markup=False,
    )
    out.print(
        f"teacher's gap {found.teacher_gap:.6g}, student's gap {found.student_gap:.6g} (both "
        f"exact); teacher's range {found.gap_low:.4g} to {found.gap_high:.4g}, variance "
        f"{found.variance:.4g}",
        markup=False,
    )
    out.print(_of_divergence(found) + "\n", markup=False)
    for side, ranked in (("at most", found.above), ("at least", found.below)):
        out.print(_ranked(side, ranked))
        out.print()
    out.print(_verdict(found), markup=False)
    for reason in found.infinite:
        out.print(f"K_n is infinite: {reason}", markup=False)
    for one in found.excluded:
        which = "" if one.side == "both" else f" ({one.side})"
        out.print(f"Not applicable: {one.title}{which}: {one.reason}.", style="dim", markup=False)
    low, high = found.trivial
    out.print(
        "A gap is the loss on fresh examples less that on the data trained on: for the student the "
        "data that it saw, pseudo labels included, not those of the teacher.",
        style="dim",
        markup=False,
    )
    out.print(
        f"Vacuous: no better than {low:.4g} to {high:.4g}, which holds of every student"
        + (" of finite divergence." if not found.infinite else "."),
        style="dim",
        markup=False,
    )


def _ranked(side: str, ranked: tuple[Bound, ...]) -> Any:
    table = _table(f"student's gap is {side}", "value", "over gen_T")
    table.add_column("assumes")
    table.add_column("checked on the arrays")
    table.add_column("", no_wrap=True)
    for bound in ranked:
        table.add_row(
            bound.title,
            f"{bound.value:.6g}",
            f"{bound.excess:+.4g}",
            bound.assumption,
            f"yes: {bound.evidence}" if bound.checked else "no",
            "vacuous" if bound.vacuous else "",
        )
    return table


def _of_divergence(found: GapBounds) -> str:
    """Returns in words what the divergence is made of."""
    if found.divergence == math.inf:
        parts = [
            name
            for name, value in (
                ("the data sets", found.dataset_divergence),
                ("the algorithms", found.algorithm_divergence),
            )
            if value == math.inf
        ]
        said = f"K_n is infinite, on the part of {' and of '.join(parts)}."
    else:
        said = f"K_n = {found.divergence:.6g} nats"
        if found.divergence > 0:
            share = found.dataset_divergence / found.divergence
            said += (
                f": {share:.0%} is the divergence of the data sets, {1 - share:.0%} that of the "
                "algorithms on the student's data"
            )
        said += "."
    if found.gap_divergence < math.inf:
        said += f" The laws of the gap alone diverge by K_h = {found.gap_divergence:.6g}."
    return said


def _verdict(found: GapBounds) -> str:
    """Returns in words which bound is the tightest, and how tight."""
    said = []
    for words, ranked in (("above", found.above), ("below", found.below)):
        best = ranked[0]
        if best.vacuous:
            said.append(f"No bound from {words} says anything.")
        else:
            distance = abs(best.value - found.student_gap)
            said.append(
                f"Tightest from {words}: {best.title}, {best.value:.6g}, {distance:.3g} off the "
                "exact gap."
            )
    return " ".join(said)


def write_sampled(found: SampleBounds) -> None:
    """Writes estimates from samples."""
    out = console()
    out.print("Bounds on the student's gap, estimated from samples", style="bold", markup=False)
    out.print(
        f"{found.num_gaps} samples of the teacher's gap, mean {found.mean:.6g} "
        f"({found.mean_low:.6g} to {found.mean_high:.6g}), from {found.smallest:.4g} to "
        f"{found.largest:.4g}; K_n = {found.divergence:.6g} nats, as stated\n",
        markup=False,
    )
    for side, ranked in (("at most", found.above), ("at least", found.below)):
        table = _table(f"student's gap is {side}", "estimate", f"{found.level:.0%} interval")
        table.add_column("over the mean", justify="right")
        table.add_column("assumes (not checked)")
        for bound in ranked:
            table.add_row(
                bound.title,
                f"{bound.estimate:.6g}",
                f"{bound.low:.5g} to {bound.high:.5g}",
                f"{bound.excess:+.4g}",
                bound.assumption,
            )
        out.print(table)
        out.print()
    out.print(found.meaning, style="bold", markup=False)
    for one in found.confident:
        word = "at most" if one.side == "above" else "at least"
        out.print(
            f"With {one.level:.0%} confidence (either side by itself) the student's gap is {word} "
            f"{one.value:.6g}, if {one.assumption}.",
            markup=False,
        )
    if found.gap_range is None:
        out.print(
            "With --range A B, known bounds on the gap, there is also a bound that holds with the "
            "stated confidence.",
            style="dim",
            markup=False,
        )
    for warning in found.warnings:
        out.print(f"Warning: {warning}", markup=False)
    out.print(
        f"Intervals: bootstrap (BCa), {found.resamples} resamples, seed {found.seed}.",
        style="dim",
        markup=False,
    )


def write_curve(curve: BoundCurve, source: str) -> None:
    """Writes bounds along a family."""
    out = console()
    against = "divergence" if curve.name == "divergence" else "number of samples"
    out.print(f"Bounds on the student's gap against the {against}", style="bold", markup=False)
    family = f"{source}; {curve.family}" if curve.name == "divergence" else source
    out.print(f"{family}\n", markup=False)
    first = "K_n" if curve.name == "divergence" else "n"
    table = _table(first, "gen_T", "gen_S", "at most", justify="right")
    table.add_column("by")
    table.add_column("at least", justify="right")
    table.add_column("by")
    step = -(-len(curve.x) // ROWS)
    for i in range(0, len(curve.x), step):
        name, above = min(
            ((n, v[i]) for n, v in curve.above.items() if not math.isnan(v[i])),
            key=lambda pair: pair[1],
        )
        other, below = max(
            ((n, v[i]) for n, v in curve.below.items() if not math.isnan(v[i])),
            key=lambda pair: pair[1],
        )
        table.add_row(
            f"{curve.x[i]:.4g}",
            f"{curve.teacher_gap[i]:.5g}",
            f"{curve.student_gap[i]:.5g}",
            f"{above:.5g}",
            KINDS[name].title,
            f"{below:.5g}",
            KINDS[other].title,
        )
    out.print(table)
    if step > 1:
        out.print(f"One in {step} of {len(curve.x)} values is shown; --json has all.", style="dim")


def _table(first: str, *numbers: str, justify: Any = "left") -> Any:
    """Returns a table with one column of names and columns of numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, no_wrap=True, justify=justify)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table
