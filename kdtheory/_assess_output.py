"""What ``kdtheory assess`` answers: plain data, a text for people, and a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdtheory import _assess_text as text
from kdtheory import assessment
from kdtheory._decompose_output import Answer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def answer(found: assessment.Assessment) -> Answer:
    """Answers with everything that is said of the teachers."""

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.25))
        assessment.plot_reliability(found, left)
        assessment.plot_risks(found, right)

    return Answer(found.to_dict(), lambda: text.write(found), (12.0, 5.2), paint)
