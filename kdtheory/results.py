"""What tools return: plain data with NumPy numbers, to JSON and back."""

from __future__ import annotations

import dataclasses
import enum
from fractions import Fraction
from typing import Any

from kdtheory._exact import decimal, truncated
from kdtheory._json import from_dict as from_dict
from kdtheory._json import to_dict as to_dict


class Verdict(enum.Enum):
    """What examining a claim showed.

    HOLDS means: on everything examined, which is always stated with it. The word "proved" is kept
    for proof checks and certificates.
    """

    HOLDS = "holds"
    VIOLATED = "violated"
    UNDECIDED = "undecided"
    NO_INSTANCE = "no instance"


@dataclasses.dataclass(frozen=True)
class Counterexample:
    """An instance that violates a claim, refereed by exact or ball arithmetic.

    Attributes:
        size: the static size.
        names: the names of the parts of the domain.
        parts: the parts, nested tuples of numbers written as exact fractions.
        lhs: left side, a fraction or 25 digits.
        rhs: right side, a fraction or 25 digits.
        violation: by how much the claim fails there, in the claim's scale.
        note: where it comes from, in words.
    """

    size: tuple[int, ...]
    names: tuple[str, ...]
    parts: tuple[Any, ...]
    lhs: str
    rhs: str
    violation: float
    note: str = ""

    def __str__(self) -> str:
        """Returns the instance in a few lines, and both sides."""
        width = self._name_width()
        sides = (
            ("left side", self.lhs),
            ("right side", self.rhs),
            ("fails by", f"{self.violation:.6g}"),
        )
        return "\n".join([self.instance, *(f"  {name:{width}} = {side}" for name, side in sides)])

    @property
    def instance(self) -> str:
        """The size and the parts in a few lines, long numbers cut after 25 digits."""
        width = self._name_width()
        lines = [f"size {self.size}" if self.size else "instance"]
        for index, (name, part) in enumerate(zip(self.names, self.parts, strict=True)):
            start = f"  {name or f'part {index + 1}':{width}} = "
            lines.append(start + _written(part, len(start)))
        return "\n".join(lines)

    def _name_width(self) -> int:
        return max(map(len, (*self.names, "right side")))


LINE = 100
"""How many characters of an array go on one line; a longer one goes row by row."""


def _written(part: Any, indent: int) -> str:
    if not isinstance(part, (tuple, list)):
        return _short(str(part))
    rows = [_written(row, indent + 1) for row in part]
    line = ", ".join(rows)
    if indent + len(line) + 2 > LINE and isinstance(part[0], (tuple, list)):
        line = (",\n" + " " * (indent + 1)).join(rows)
    return f"({line})"


def _short(number: str) -> str:
    """Cuts a long fraction after 25 digits."""
    if len(number) <= 25:
        return number
    try:
        return decimal(*truncated(Fraction(number), 25)) + "..."
    except ValueError:  # decimals, already cut
        return number


@dataclasses.dataclass(frozen=True)
class Examined:
    """What was examined at one size.

    Attributes:
        size: the static size.
        instances: how many instances were evaluated.
        admissible: how many met every assumption.
        worst_slack: the smallest slack, in the claim's scale (negative: a violation).
        undefined: admissible instances where a side was NaN.
        near_equalities: instances with a slack too small for floating point to judge.
        refereed: how many of them were re-evaluated in exact or ball arithmetic.
        vacuous: share of admissible instances where the bound exceeds the trivial one, or None.
    """

    size: tuple[int, ...]
    instances: int
    admissible: int
    worst_slack: float
    undefined: int
    near_equalities: int
    refereed: int
    vacuous: float | None = None


@dataclasses.dataclass(frozen=True)
class CaseResult:
    """One named case, evaluated.

    Attributes:
        kind: "tight", "corner", "counterexample" or "broken".
        name: the case's name.
        lhs: left side.
        rhs: right side.
        slack: slack in the claim's scale.
        as_expected: whether it did what its kind promises.
    """

    kind: str
    name: str
    lhs: float
    rhs: float
    slack: float
    as_expected: bool


class Outcome(enum.Enum):
    """What draws from the definition say of an exact evaluator."""

    AGREES = "agrees"
    DISPUTED = "disputed"
    OPEN = "open"


@dataclasses.dataclass(frozen=True)
class MonteCarlo:
    """One exact quantity held against draws from its definition, on many instances at once.

    Attributes:
        quantity: "lhs", "rhs" or the name of a term.
        size: the static size.
        process: the e-process that weighed the evidence.
        instances: on how many instances.
        draws: number of replicates, over all instances.
        error: estimate of the evaluator's relative error, a weighted mean over the instances.
        resolution: AGREES means that the relative error is smaller than this.
        level: chance that a right evaluator is disputed, and that a wrong one is said to agree.
        outcome: AGREES, DISPUTED, or OPEN when the draws did not decide.
    """

    quantity: str
    size: tuple[int, ...]
    process: str
    instances: int
    draws: int
    error: float
    resolution: float
    level: float
    outcome: Outcome


@dataclasses.dataclass(frozen=True)
class Search:
    """What an adversarial search spent and found.

    Attributes:
        size: the static size.
        evaluations: instances evaluated.
        worst_slack: the smallest slack reached, in the claim's scale.
        detectable_weakening: the smallest share of its right side by which the bound could be
            wrong and still be caught by an instance that this search visited; None when the
            right side is zero or infinite wherever it went.
        admissible: how many of the instances met every assumption.
        undefined: admissible instances where a side was NaN.
    """

    size: tuple[int, ...]
    evaluations: int
    worst_slack: float
    detectable_weakening: float | None
    admissible: int
    undefined: int = 0


@dataclasses.dataclass(frozen=True)
class Check:
    """The outcome of a tool on a claim.

    Attributes:
        slug: the claim.
        verdict: what was shown.
        expected: the verdict that the catalogue expects.
        reason: why, in words.
        seed: the seed of everything random.
        dtype: precision of the evaluation.
        examined: per size, what was examined.
        cases: named cases.
        monte_carlo: independent cross-checks.
        searches: adversarial searches.
        counterexample: the instance, when VIOLATED.
        seconds: wall time.
    """

    slug: str
    verdict: Verdict
    expected: Verdict
    reason: str
    seed: int
    dtype: str
    examined: tuple[Examined, ...] = ()
    cases: tuple[CaseResult, ...] = ()
    monte_carlo: tuple[MonteCarlo, ...] = ()
    searches: tuple[Search, ...] = ()
    counterexample: Counterexample | None = None
    seconds: float = 0.0

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one the catalogue expects."""
        return self.verdict is self.expected

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities and NaN as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Check:
        """Rebuilds a check from `to_dict`."""
        return from_dict(cls, data)


@dataclasses.dataclass(frozen=True)
class Ablation:
    """What happens when one assumption alone is dropped.

    Attributes:
        slug: the claim.
        assumption: the assumption that is dropped.
        case: the name of the instance.
        dropped_margin: its margin, negative.
        other_margins: the smallest margin of all other assumptions.
        counterexample: the violation there, refereed; None when the claim survives.
        as_expected: the assumption fails, the others hold, and the claim fails.
    """

    slug: str
    assumption: str
    case: str
    dropped_margin: float
    other_margins: float
    counterexample: Counterexample | None
    as_expected: bool


@dataclasses.dataclass(frozen=True)
class Mutation:
    """A planted error, and which checks caught it.

    Attributes:
        slug: the claim.
        mutant: what was changed; "none" for the claim as it is.
        caught_by: the checks that caught it, empty for a survivor.
        seconds: wall time.
        why_missed: why a survivor may survive, where that is known.
    """

    slug: str
    mutant: str
    caught_by: tuple[str, ...]
    seconds: float
    why_missed: str = ""


class Extreme(enum.Enum):
    """Which end of the admissible constants is meant."""

    SMALLEST = "smallest"
    LARGEST = "largest"


class Attainment(enum.Enum):
    """How an extreme constant was met.

    ATTAINED: the instance demands the guess, exactly or to 30 digits. APPROACHED: the instance
    falls short of the guess, proven. UNBOUNDED: what instances demand was still growing when the
    search ended. IMPOSSIBLE: the instance alone excludes every constant, proven. UNCONSTRAINED: no
    instance that was met demands anything.
    """

    ATTAINED = "attained"
    APPROACHED = "approached"
    UNDECIDED = "undecided"
    UNBOUNDED = "grows without bound"
    IMPOSSIBLE = "no constant works"
    UNCONSTRAINED = "any constant works"


@dataclasses.dataclass(frozen=True)
class ExtremeConstant:
    """One end of the admissible constants at one size.

    Attributes:
        size: the static size.
        extreme: the smallest or the largest admissible constant.
        attainment: how it was met.
        value: the most extreme demand of an instance that was found; infinite if there is no end.
        bound: what the instance proves, a fraction or 25 digits: no constant beyond it works.
        guess: a simple fraction that is the constant as far as the search can tell, or None.
        distance: how far the guess lies beyond what the instance proves.
        names: the names of the parts of the domain, without the constant.
        parts: the instance, nested tuples of numbers written as fractions.
        evaluations: instances evaluated by the gradient ascents.
        note: what else there is to say, in words.
    """

    size: tuple[int, ...]
    extreme: Extreme
    attainment: Attainment
    value: float
    bound: str = ""
    guess: str | None = None
    distance: float | None = None
    names: tuple[str, ...] = ()
    parts: tuple[Any, ...] = ()
    evaluations: int = 0
    note: str = ""


@dataclasses.dataclass(frozen=True)
class BestConstant:
    """The best constant of a claim, per size.

    That no constant beyond a row's ``bound`` works is proven by its instance (the sides being
    affine in the constant). That the constant itself works is what the search found, no proof.

    Attributes:
        slug: the claim.
        constant: the name of the constant.
        rows: one per size, or two where instances demand both a smallest and a largest constant.
        left_out: assumptions that depend on the constant, which were left out.
        seed: the seed of everything random.
        seconds: wall time.
    """

    slug: str
    constant: str
    rows: tuple[ExtremeConstant, ...]
    left_out: tuple[str, ...] = ()
    seed: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        """Returns a small table, and the extremal instances below it."""
        table = [("size", "constant", "value", "guess", "at the instance", "proven")]
        lines = []
        for row in self.rows:
            size = " x ".join(map(str, row.size)) or "-"
            sign = ">=" if row.extreme is Extreme.SMALLEST else "<="
            proven = f"{self.constant} {sign} {row.bound}" if row.bound else ""
            name = f"{row.extreme.value} {self.constant}"
            cells = name, f"{row.value:.8g}", row.guess or "", row.attainment.value, proven
            table.append((size, *cells))
            names = (name or f"part {i + 1}" for i, name in enumerate(row.names))
            pairs = zip(names, row.parts, strict=False)
            found = ", ".join(f"{name} = {_written(part, 0)}" for name, part in pairs)
            texts = [text for text in (found, row.note) if text]
            lines += [f"size {size}: {'; '.join(texts)}" if row.size else "; ".join(texts)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        columns = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        return "\n".join([*columns, *filter(None, lines)])

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities and NaN as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> BestConstant:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)
