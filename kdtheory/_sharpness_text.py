"""What ``kdtheory sharpness`` writes for people to read about a network."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from kdtheory.flatness.records import SharpnessReport, Status
from kdtheory.intervals import Estimate
from kdtheory.tools.report import console

_STYLES = {Status.VIOLATED: "bold", Status.UNKNOWN: "dim"}


def write_report(report: SharpnessReport, title: str) -> None:
    """Writes what was found around one network."""
    out = console()
    held = f", {report.num_heldout} held out" if report.num_heldout else ""
    out.print(title, style="bold", markup=False)
    out.print(
        f"{report.num_examples} examples{held}; {report.num_parameters} parameters; mean loss "
        f"{report.loss:.4g}" + (f", held out {report.heldout_loss:.4g}" if held else ""),
        markup=False,
    )
    how = "exact" if report.exact_hessian else "Hutchinson, Lanczos"
    out.print(
        f"Hessian of the mean loss ({how}): trace {_written(report.trace)}, eigenvalues "
        f"{report.smallest_eigenvalue.value:.3g} (residual "
        f"{report.smallest_eigenvalue.residual:.1g}) to {report.largest_eigenvalue.value:.4g} "
        f"(residual {report.largest_eigenvalue.residual:.1g}); gradient {report.gradient:.2g}\n",
        markup=False,
    )
    out.print(_radii(report))
    out.print()
    if any(penalty.values for penalty in report.penalties):
        out.print(_penalties(report))
    for lacking in dict.fromkeys(p.missing for p in report.penalties if p.missing):
        titles = "; ".join(p.title for p in report.penalties if p.missing == lacking)
        why = f"{', '.join(lacking)} unknown or contradicted"
        out.print(f"Not computed ({why}): {titles}.", markup=False)
    for penalty in report.penalties:
        if penalty.note:
            out.print(f"{penalty.title}: {penalty.note}.", style="dim", markup=False)
    if report.largest_radius is not None:
        out.print(
            f"With these constants the printed bound is below the standard one for radii below "
            f"rho_0 = {report.largest_radius:.4g}.",
            markup=False,
        )
    out.print()
    out.print(_premises(report))
    out.print()
    for sentence in report.meaning:
        out.print(sentence, markup=False)
    for warning in report.warnings:
        out.print(f"Warning: {warning}", markup=False)
    sound = "; 'at any number of draws': empirical Bernstein, from what was stated of the loss"
    out.print(
        f"Intervals: {report.level:.0%}, each by itself, Student's over {report.num_draws} pairs "
        f"(asymptotic){sound if _has_sound(report) else ''}. '>=': lower estimates of suprema over "
        f"the ball, from a few of its points; the truth may be larger. Seed {report.seed}.",
        style="dim",
        markup=False,
    )


def _has_sound(report: SharpnessReport) -> bool:
    return any(at.sound_low is not None for at in report.radii)


def _radii(report: SharpnessReport) -> Table:
    table = _table("radius")
    sound = _has_sound(report)
    held = report.num_heldout > 0
    table.add_column("sharpness", justify="right")
    if sound:
        table.add_column("at any number of draws", justify="right")
    if held:
        table.add_column("held out", justify="right")
    for name in ("curvature alone", "|Hessian| over the ball", "|gradient|"):
        table.add_column(name, justify="right", no_wrap=True)
    for at in report.radii:
        row = [f"{at.radius:g}", _written(at.sharpness)]
        if sound:
            inside = at.sound_low is not None
            row.append(f"{at.sound_low:.2g} to {at.sound_high:.2g}" if inside else "")
        row += [_written(at.heldout)] if at.heldout is not None else []
        row += [
            f"{at.quadratic.value:.3g}",
            f">= {at.hessian_at_least:.3g}",
            f">= {at.gradient_at_least:.3g}",
        ]
        table.add_row(*row)
    return table


def _penalties(report: SharpnessReport) -> Table:
    table = _table("bound less the teacher's gap")
    for at in report.radii:
        table.add_column(f"rho = {at.radius:g}", justify="right")
    for penalty in report.penalties:
        if penalty.values:
            pairs = zip(penalty.values, penalty.vacuous, strict=True)
            cells = [f"{value:.3g}" + ("*" if empty else "") for value, empty in pairs]
            table.add_row(penalty.title, *cells)
    if any(any(penalty.vacuous) for penalty in report.penalties):
        table.caption = "* vacuous: no gap exceeds the width of the range of the loss"
        table.caption_justify = "left"
    return table


def _premises(report: SharpnessReport) -> Table:
    table = _table("assumption")
    for name in ("argument", "status", "given", "what is known"):
        table.add_column(name)
    for premise in report.premises:
        style = _STYLES.get(premise.status)
        known = (premise.status.value, premise.given, premise.evidence)
        table.add_row(premise.statement, premise.name, *known, style=style)
    return table


def _written(estimate: Estimate) -> str:
    """Returns an estimate with half the width of its interval, if there is one."""
    if estimate.low == estimate.high:
        return f"{estimate.value:.4g}"
    return f"{estimate.value:.3g} ± {0.5 * (estimate.high - estimate.low):.1g}"


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    return table


def write_networks(networks: Any) -> None:
    """Writes both networks of the example, and what they differ in."""
    out = console()
    for network in networks:
        write_report(
            network.report,
            f"{network.name}: {network.train_accuracy:.1%} right, {network.heldout_accuracy:.1%} "
            f"of the held out; parameters of norm {network.norm:.3g}",
        )
        out.print()
    plain, flat = (network.report for network in networks)
    last = plain.radii[-1]
    ratio = last.sharpness.value / flat.radii[-1].sharpness.value
    out.print(
        f"At a radius of {last.radius:g} the mean loss of plain training rises {ratio:.2g} times "
        "as much as that of the network trained for flatness; the traces are in the ratio "
        f"{plain.trace.value / flat.trace.value:.2g}. Networks of other norms or architectures are "
        "not comparable so: the same radius is another step for them.",
        markup=False,
    )
    out.print(
        "Only the range of the loss is known here. The divergence and the stability are stated for "
        "illustration, the other constants as multiples of what was measured: the bounds show how "
        "these enter, not what the truth is.",
        markup=False,
    )
