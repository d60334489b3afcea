"""What ``kdtheory sharpness`` answers for worlds in which everything is exact."""

from __future__ import annotations

from collections.abc import Sequence

from kdtheory import _check
from kdtheory._decompose_output import Answer


def cosines(radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers with every bound against the radius in worlds of cosine losses."""
    _check.refuse("--example", "'cosines'", "an example that is there", "It is being written.")


def logistic(radii: Sequence[float] | None, seed: int) -> Answer:
    """Answers with the table of every bound in an enumerated world of logistic regression."""
    _check.refuse("--example", "'logistic'", "an example that is there", "It is being written.")
