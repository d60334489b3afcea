"""What looking for a certificate returns: plain data, to JSON and back."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

from kdtheory._json import from_dict, to_dict


class Outcome(enum.Enum):
    """What looking for a certificate came to.

    CERTIFIED: the inequality is proved, for exactly the family that is stated. REFUTED: a box on
    the whole of which it fails is proved. UNDECIDED: neither was found within the budget, which
    says nothing about the inequality.
    """

    CERTIFIED = "certified"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What was proved, over which family, and the data that prove it.

    Attributes:
        slug: the claim, or "user/claim".
        size: its static size.
        outcome: certified, refuted or undecided.
        kind: "sum of squares", or "boxes".
        relation: "<=", ">=" or "=".
        epsilon: the inequality is certified up to this much, written as a fraction.
        family: for which instances, in words: the parts of the domain and their ranges.
        data: what the checker reads; empty unless certified.
        work: what it took, in words.
        box: for a refutation, the two corners of a box on which it fails, as fractions.
        margin: for a refutation, how much it fails by at least anywhere on the box.
        reason: why it is undecided, in words.
    """

    slug: str
    size: tuple[int, ...]
    outcome: Outcome
    kind: str
    relation: str
    epsilon: str
    family: tuple[str, ...]
    data: Any = None
    work: str = ""
    box: tuple[tuple[str, ...], ...] = ()
    margin: str = ""
    reason: str = ""

    def __str__(self) -> str:
        """Returns what is certified, refuted or undecided in a few lines."""
        up_to = f" up to {self.epsilon}" if self.epsilon != "0" else ""
        lines = [f"{self.outcome.value}: left side {self.relation} right side{up_to}"]
        lines += [f"  {words}" for words in self.family]
        if self.box:
            ends = zip(*self.box, strict=True)
            lines.append("fails on the box " + " x ".join(f"[{a}, {b}]" for a, b in ends))
            lines.append(f"by at least {self.margin}")
        if self.reason:
            lines.append(self.reason)
        if self.work:
            lines.append(f"by {self.kind}: {self.work}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps``."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Certificate:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, {**data, "data": None}).with_data(data.get("data"))

    def with_data(self, data: Any) -> Certificate:
        """Returns the record with other data for the checker."""
        return dataclasses.replace(self, data=data)
