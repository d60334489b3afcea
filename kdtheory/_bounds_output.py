"""What ``kdtheory bounds`` answers: plain data, a text for people, and a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kdtheory import _bounds_text as text
from kdtheory import _check, gap_bounds
from kdtheory._decompose_output import Answer
from kdtheory.gap_bounds.curves import SAMPLE_SIZES
from kdtheory.gap_bounds.examples import EXAMPLES, LARGEST

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdtheory.objects.processes import DistillationProcess


def one_process(process: DistillationProcess, source: str) -> Answer:
    """Answers with the ranked bounds of one process."""
    found = gap_bounds.bounds(process)

    def paint(figure: Figure) -> None:
        gap_bounds.plot_ranked_bounds(found, figure.add_subplot())

    height = 0.36 * len({bound.name for bound in (*found.above, *found.below)}) + 1.8
    return Answer(found.to_dict(), lambda: text.write_one(found, source), (9.5, height), paint)


def sampled(given: gap_bounds.GapSamples, *, divergence: float | None, **options: Any) -> Answer:
    """Answers with estimates from samples of the teacher's gap."""
    stated = given.divergence if divergence is None else divergence
    if stated is None:
        _check.refuse(
            "--divergence",
            "samples of the gap without a divergence",
            "K_n, of the student from the teacher",
            "State it, or write it into the file as divergence.",
        )
    found = gap_bounds.bounds_from_samples(given.gaps, stated, **options)

    def paint(figure: Figure) -> None:
        gap_bounds.plot_estimated_bounds(found, figure.add_subplot())

    height = 0.36 * (len(found.above) + len(found.below) + len(found.confident)) + 2.0
    return Answer(found.to_dict(), lambda: text.write_sampled(found), (9.0, height), paint)


def along_divergence(process: DistillationProcess, source: str) -> Answer:
    """Answers with the bounds of students ever further from the teacher."""
    curve = gap_bounds.bounds_against_divergence(process)

    def paint(figure: Figure) -> None:
        gap_bounds.plot_bounds_against_divergence(curve, figure.add_subplot())

    return Answer(curve.to_dict(), lambda: text.write_curve(curve, source), (9.0, 5.5), paint)


def along_samples(example: str, num_samples: int | None) -> Answer:
    """Answers with the bounds of an example against the number of samples."""
    most = LARGEST[example] if num_samples is None else num_samples
    sizes = [size for size in SAMPLE_SIZES if size <= most]
    if len(sizes) < 2:
        _check.refuse("--num-samples", f"{most}", "at least 2, the last of a family", "Raise it.")
    curve = gap_bounds.bounds_against_samples(
        lambda size: gap_bounds.example_process(example, size), sizes, f"example {example}"
    )

    def paint(figure: Figure) -> None:
        gap_bounds.plot_bounds_against_samples(curve, ax=figure.add_subplot())

    words = f"example {example}: {EXAMPLES[example]}"
    return Answer(curve.to_dict(), lambda: text.write_curve(curve, words), (9.0, 5.5), paint)
