"""What ``kdtheory sharpness`` answers: plain data, a text for people, and a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kdtheory import _check, _sharpness_worlds
from kdtheory import _sharpness_text as text
from kdtheory._decompose_output import Answer
from kdtheory.results import to_dict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def answer(example: str, radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers for an example by its name; the radii are the example's own if none are given."""
    if example not in EXAMPLES:
        _check.refuse("--example", repr(example), ", ".join(EXAMPLES), "Choose one of them.")
    return EXAMPLES[example](radii or None, seed)


def digits(radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers with the sharpness of two small networks."""
    from kdtheory import flatness
    from kdtheory.flatness.digits import RADII, digits_example

    networks = digits_example(RADII if radii is None else radii, seed)
    named = {network.name: network.report for network in networks}

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        flatness.plot_sharpness(named, left)
        flatness.plot_sharpness(named, right, heldout=True)

    return Answer(
        {"networks": to_dict(networks)}, lambda: text.write_networks(networks), (13.0, 5.0), paint
    )


EXAMPLES: dict[str, Callable[[Sequence[float] | None, int], Answer]] = {
    "digits": digits,
    "cosines": _sharpness_worlds.cosines,
    "logistic": _sharpness_worlds.logistic,
}
