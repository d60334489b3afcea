"""What ``kdtheory assess`` writes for people to read."""

from __future__ import annotations

import math

from rich.table import Table

from kdtheory.assessment import (
    METHODS,
    Assessment,
    Comparison,
    Estimate,
    StudentTerms,
    TeacherReport,
    Tuned,
)
from kdtheory.assessment.tuning import TEMPERATURES
from kdtheory.tools.report import console


def write(found: Assessment) -> None:
    """Writes the ranking, and then every teacher in detail."""
    out = console()
    out.print("What a teacher will do for a student", style="bold", markup=False)
    out.print(f"{_of_data(found)}\n", markup=False)
    out.print(_ranking(found))
    out.print()
    for comparison in found.comparisons:
        out.print(_compared(comparison), markup=False)
    for teacher in found.teachers:
        out.print(f"\n{teacher.name}", style="bold", markup=False)
        out.print(_identified(teacher, found))
        for line in _settings(teacher):
            out.print(line, markup=False)
        if teacher.student is not None:
            out.print(_for_the_student(teacher.student), markup=False)
        tuned, tempered = teacher.temperature, teacher.student_tempered
        if tempered is not None and tuned is not None and tuned.log_loss_gain.low > 0:
            out.print(f"At its best temperature {_tempered(tempered)}.", markup=False)
        if teacher.if_bayes is not None:
            out.print("If this teacher were Bayes", style="italic", markup=False)
            out.print(_if_bayes(teacher))
            out.print("  and neither a penalty nor a break-even size: N* is infinite.")
    out.print()
    for line in _missing(found):
        out.print(line, markup=False)
    for warning in found.warnings:
        out.print(f"Warning: {warning}", markup=False)
    out.print(_small_print(found), style="dim", markup=False)


def _of_data(found: Assessment) -> str:
    annotations = f"{found.fewest_annotations}"
    if found.most_annotations > found.fewest_annotations:
        annotations += f" to {found.most_annotations}"
    per = "label" if annotations == "1" else "labels"
    losses = "the student's losses known" if found.with_losses else "the student's losses not known"
    return (
        f"{found.num_examples:,} examples, {found.num_labels} possible labels; {annotations} {per} "
        f"per example; {losses}"
    )


def _ranking(found: Assessment) -> Table:
    table = _table("", "teacher")
    several = any(teacher.identified is not None for teacher in found.teachers)
    names = ["Brier risk", "log loss", "accuracy", "calibration error"]
    names += ["excess Brier risk"] if several else ["excess is between"]
    names += ["break-even N*"] if found.with_losses else []
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for place, teacher in enumerate(found.teachers):
        excess = f"{teacher.excess_at_least:.3g} and {teacher.excess_at_most:.3g}"
        if teacher.identified is not None:
            excess = _written(teacher.identified.excess)
        row = [
            f"{place + 1}",
            teacher.name,
            _written(teacher.brier),
            f"{teacher.log_loss.value:.4g}",
            f"{teacher.accuracy.value:.1%}",
            f"{teacher.top_label_error.value:.3g}",
            excess,
        ]
        if teacher.student is not None:
            row.append(_sizes(teacher.student.break_even))
        table.add_row(*row)
    return table


def _compared(comparison: Comparison) -> str:
    logs = "not finite" if comparison.log_loss is None else _signed(comparison.log_loss)
    said = f"{comparison.worse} minus {comparison.better}: Brier {_signed(comparison.brier)}, "
    said += f"log loss {logs}: "
    if comparison.told_apart:
        return said + "told apart, by the Brier loss."
    return said + "not told apart by the Brier loss."


def _identified(teacher: TeacherReport, found: Assessment) -> Table:
    rows = [
        ("calibration error, preferred label", teacher.top_label_error, "in bins of equal mass"),
        ("calibration error, all labels", teacher.class_wise_error, "squares summed over labels"),
    ]
    known = teacher.identified
    if known is not None:
        rows += [
            ("excess Brier risk E|p*-p|^2", known.excess, "from the disagreement of labels"),
            ("irreducible Brier risk", known.irreducible, "no teacher avoids it"),
        ]
        if known.noise_ratio is not None:
            rows.append(
                ("gradient-noise ratio", known.noise_ratio, _labels_worth(known.noise_ratio))
            )
        if known.reduction is not None:
            rows.append(
                (
                    "noise that exact labels remove",
                    known.reduction,
                    "N times what comes off the variance",
                )
            )
        if known.reduction_share is not None:
            rows.append(("the same, as a share", known.reduction_share, ""))
    student = teacher.student
    if student is not None:
        rows += [
            ("noise of one-hot labels", student.onehot_noise, "N Var of the empirical risk"),
            ("noise with this teacher", student.teacher_noise, "N Var of the distilled risk"),
            ("bias of the distilled risk", student.bias, "at every N"),
        ]
    table = _table("")
    for name in ("estimate", f"{found.level:.0%} interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", style="dim")
    for name, estimate, note in rows:
        table.add_row(name, f"{estimate.value:.4g}", _ends(estimate), note)
    if known is None:
        between = f"{teacher.excess_at_least:.4g} to {teacher.excess_at_most:.4g}"
        by = f"at least what {teacher.excess_shown_by} shows, " if teacher.excess_shown_by else ""
        note = f"{by}at most all of the Brier risk"
        table.add_row("excess Brier risk E|p*-p|^2", "", between, note)
    for penalty in teacher.penalties:
        value = "" if penalty.estimate is None else f"<= {penalty.estimate:.4g}"
        between = f"{penalty.at_least:.3g} to {penalty.at_most:.4g}"
        notes = ["vacuous"] if penalty.vacuous else []
        notes += [] if found.with_losses else ["for B = 1"]
        table.add_row(penalty.title, value, between, ", ".join(notes))
    return table


def _labels_worth(ratio: Estimate) -> str:
    """Returns how many labels per example have a mean as far from p* as the teacher is."""
    if ratio.high == math.inf or ratio.high <= 0:
        return ""
    least, most = 1.0 / ratio.high, 1.0 / ratio.low if ratio.low > 0 else math.inf
    number = f"{least:.3g} or more" if most == math.inf else f"{least:.3g} to {most:.3g}"
    return f"as good as the mean of {number} labels per example"


def _settings(teacher: TeacherReport) -> list[str]:
    """Returns in words what temperature and smoothing would gain."""
    said = []
    if teacher.temperature is not None and teacher.temperature.value == 1:
        said.append("Best temperature: as it is.")
    elif teacher.temperature is not None:
        hint = "too sure; " if teacher.temperature.value > 1 else "not sure enough; "
        inside = min(TEMPERATURES) < teacher.temperature.value < max(TEMPERATURES)
        edge = "" if inside else ", the end of the range searched"
        said.append(
            f"Best temperature {teacher.temperature.value:.3g}{edge} ({hint}"
            f"{_halves(teacher.temperature)}): {_gain(teacher.temperature)}"
        )
    if teacher.smoothing.value == 0:
        return [*said, "Best smoothing: none."]
    said.append(
        f"Best smoothing {teacher.smoothing.value:.3g} ({_halves(teacher.smoothing)}): "
        f"{_gain(teacher.smoothing)}"
    )
    return said


def _halves(tuned: Tuned) -> str:
    return " and ".join(f"{value:.3g}" for value in tuned.halves) + " on halves"


def _gain(tuned: Tuned) -> str:
    gain = tuned.log_loss_gain
    said = f"gains {_written(gain)} in log loss and {_written(tuned.brier_gain)} in Brier loss"
    return said + (" on held-out halves." if gain.low > 0 else " on held-out halves, no sure gain.")


def _for_the_student(student: StudentTerms) -> str:
    found = student.break_even
    if found.high == 0:
        return "One-hot labels give the more accurate risk of this student at every sample size."
    if found.value == math.inf:
        return (
            f"Up to N = {_size(found.low)} examples at least, the risk of this student is "
            "estimated more accurately with this teacher's probabilities than with one-hot "
            "labels; no bias is seen that would reverse it above."
        )
    said = (
        f"Break-even at N* = {_sizes(found)} examples: below it the risk of this student is "
        "estimated more accurately with this teacher's probabilities, above it with one-hot labels."
    )
    return said + (" No upper end: the bias may be zero." if found.high == math.inf else "")


def _tempered(student: StudentTerms) -> str:
    found = student.break_even
    if found.value == math.inf:
        return f"no bias is seen: N* is at least {_size(found.low)}"
    return f"N* is {_sizes(found)}"


def _if_bayes(teacher: TeacherReport) -> Table:
    assert teacher.if_bayes is not None
    bayes = teacher.if_bayes
    table = _table("  it would have")
    table.add_column("estimate", justify="right", no_wrap=True)
    table.add_column("interval", justify="right", no_wrap=True)
    table.add_column("")
    apart = bayes.surplus.low > 0 or bayes.surplus.high < 0
    rows: list[tuple[str, Estimate | None, str]] = [
        ("  Brier risk", bayes.irreducible, "and no excess"),
        ("  observed minus that", bayes.surplus, "so it is not Bayes" if apart else "as it may be"),
        ("  log loss", bayes.entropy, ""),
        ("  noise that its labels remove", bayes.reduction, "N times what comes off the variance"),
        ("  the same, as a share", bayes.reduction_share, ""),
    ]
    for name, estimate, note in rows:
        if estimate is not None:
            table.add_row(name, f"{estimate.value:.4g}", _ends(estimate), note)
    return table


def _missing(found: Assessment) -> list[str]:
    """Returns what is not said, and what it would take."""
    said = []
    if found.teachers[0].identified is None:
        said.append(
            "One label per example does not tell the excess risk from what is irreducible: of both "
            "only the sum is known. A second, independent label of some examples identifies the "
            "excess, the variance that exact labels remove and the gradient-noise ratio."
        )
    if not found.with_losses:
        said.append(
            "With --losses, the student's loss for every possible label, there are also the noise "
            "and the bias of its distilled risk and the break-even sample size."
        )
    return said


def _small_print(found: Assessment) -> str:
    methods = {
        estimate.method
        for teacher in found.teachers
        for estimate in vars(teacher).values()
        if isinstance(estimate, Estimate)
    }
    if found.with_losses:
        methods.add(found.teachers[0].student.break_even.method)  # type: ignore[union-attr]
    said = "; ".join(f"{name}: {METHODS[name]}" for name in METHODS if name in methods)
    count = len(found.comparisons)
    pairs = f", those of the {count} comparisons together" if count > 1 else ""
    return (
        f"Intervals: {found.level:.0%}, each by itself{pairs}. {said[0].upper() + said[1:]}. "
        "Examples are taken to be independent, and neither teachers nor student to be trained on "
        f"them. Seed {found.seed}."
    )


def _table(*first: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in first:
        table.add_column(name, no_wrap=True)
    return table


def _ends(estimate: Estimate) -> str:
    return f"{estimate.low:.4g} to {estimate.high:.4g}"


def _written(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} ({estimate.low:.3g} to {estimate.high:.3g})"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.4g} ({estimate.low:+.3g} to {estimate.high:+.3g})"


def _sizes(estimate: Estimate) -> str:
    return f"{_size(estimate.value)} ({_size(estimate.low)} to {_size(estimate.high)})"


def _size(size: float) -> str:
    return f"{size:.3g}" if size < 1000 or size == math.inf else f"{size:,.0f}"
