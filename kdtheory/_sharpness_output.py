"""What ``kdtheory sharpness`` answers: plain data, a text for people, and a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kdtheory import _check, _sharpness_worlds
from kdtheory._decompose_output import Answer


def answer(example: str, radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers for an example by its name; the radii are the example's own if none are given."""
    if example not in EXAMPLES:
        _check.refuse("--example", repr(example), ", ".join(EXAMPLES), "Choose one of them.")
    return EXAMPLES[example](radii or None, seed)


def digits(radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers with the sharpness of two small networks."""
    _check.refuse("--example", "'digits'", "an example that is there", "It is being written.")


EXAMPLES: dict[str, Callable[[Sequence[float] | None, int], Answer]] = {
    "digits": digits,
    "cosines": _sharpness_worlds.cosines,
    "logistic": _sharpness_worlds.logistic,
}
