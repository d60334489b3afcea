"""The record of a claim. Nothing here computes: tools are functions over these records."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

from kdtheory.domains import Domain

Side = Callable[..., Any]


class Relation(enum.Enum):
    """How the left side of a claim is said to relate to the right one."""

    LE = "<="
    GE = ">="
    EQ = "="


class Quantifier(enum.Enum):
    """Whether a claim speaks of every instance, or of a failure probability.

    With ``WITH_PROBABILITY`` the left side is the exact failure probability, the right side delta.
    """

    ALWAYS = "always"
    WITH_PROBABILITY = "with probability"


class TextExamined(enum.Enum):
    """Which text of the paper was read; a finding is about that text only."""

    FULL_TEXT = "full text"
    EXCERPT = "excerpt"
    ABSTRACT = "abstract, statement reconstructed"
    OURS = "ours, not in the papers"


class Finding(enum.Enum):
    """What examining the text found."""

    STANDS = "stands"
    SLIP = "slip"
    NEEDS_CONDITION = "needs a condition"
    READING_DEPENDENT = "depends on the reading"
    DOES_NOT_FOLLOW = "does not follow"
    FAILS = "fails"


@dataclasses.dataclass(frozen=True)
class Paper:
    """A paper in the edition examined.

    Attributes:
        key: short key, used in tables.
        authors: as cited.
        title: title of the edition examined.
        edition: which edition, and from what kind of text.
        bibtex: a complete BibTeX entry.
    """

    key: str
    authors: str
    title: str
    edition: str
    bibtex: str


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a statement stands.

    Attributes:
        paper: the paper, or None for a statement that is ours.
        label: the paper's label, such as "Lemma 1".
        section: the section it stands in.
    """

    paper: Paper | None
    label: str
    section: str = ""

    def __str__(self) -> str:
        """Returns a one-line citation."""
        if self.paper is None:
            return f"ours ({self.label})"
        place = f", {self.section}" if self.section else ""
        return f"{self.paper.authors}, {self.paper.edition}: {self.label}{place}"


OURS = Source(None, "not in the texts examined")


@dataclasses.dataclass(frozen=True)
class Assumption:
    """A hypothesis of a claim, as a margin that is non-negative iff it holds.

    Attributes:
        name: short name.
        statement: in words or LaTeX.
        margin: instance -> scalar; it holds iff margin >= -c eps scale.
    """

    name: str
    statement: str
    margin: Side


@dataclasses.dataclass(frozen=True)
class Case:
    """One named instance, made when it is asked for.

    Attributes:
        name: short name.
        make: () -> instance; called inside the tool's precision context.
        note: why the instance is here, one line.
        assumption: for a broken case, the name of the assumption that it alone drops.
        limit: for a case of equality that is only approached: t -> instance, tight as t -> 0;
            ``make`` then returns a member close to the limit.
    """

    name: str
    make: Callable[[], Any]
    note: str
    assumption: str | None = None
    limit: Callable[[float], Any] | None = None


@dataclasses.dataclass(frozen=True)
class Draw:
    """One Monte Carlo replicate of a quantity, straight from its definition.

    Attributes:
        sample: (key, instance) -> scalar whose expectation is the quantity.
        bounds: instance -> (low, high), an interval that holds every replicate; or None.
        variance_bound: instance -> a bound on the variance of a replicate, when there is no such
            interval.
        prepare: instance -> what ``sample`` takes in its place, computed once for all replicates
            (factors of matrices, say); or None, and it takes the instance.
    """

    sample: Callable[..., Any]
    bounds: Callable[..., Any] | None = None
    variance_bound: Callable[..., Any] | None = None
    prepare: Callable[..., Any] | None = None


@dataclasses.dataclass(frozen=True)
class Axis:
    """A one-parameter family of instances along which a figure is drawn.

    Attributes:
        label: what is varied, for the axis of the figure.
        values: the parameter values.
        make: value -> instance (traceable, so that a whole sweep is one program).
    """

    label: str
    values: tuple[float, ...]
    make: Callable[[Any], Any]


def _unit_scale(*_: Any) -> float:
    """The natural unit of a claim that does not name one."""
    return 1.0


def _no_error(*_: Any) -> float:
    """The evaluation error of a side that is a closed form."""
    return 0.0


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Claim:
    """A statement ``lhs relation rhs`` over a domain, with everything known about it.

    Only ``lhs``, ``rhs`` and ``domain`` are required. An instance is what the domain builds: one
    object, or a tuple whose entries are handed over as separate arguments. All functions of an
    instance are exact, pure and traceable.

    Attributes:
        lhs: instance -> scalar.
        rhs: instance -> scalar.
        domain: size -> `Domain`. Counterexamples are simplified to sizes below those listed too:
            refuse a size that the claim does not speak of, with a ValueError.
        slug: ``room/name``.
        title: one line.
        statement: one LaTeX sentence.
        source: where it stands.
        sizes: static sizes, the home size first.
        relation: how the sides relate.
        quantifier: for every instance, or with probability.
        scale: instance -> natural unit of both sides, positive.
        error: instance -> rigorous bound on the evaluation error of rhs - lhs.
        assumptions: the hypotheses, with margins.
        text_examined: which text was read.
        finding: what was found in it.
        what_survives: when the finding is not STANDS, what does hold.
        corrects: slug of the printed statement that this one corrects.
        sharpens: slug of the statement that this one sharpens.
        draws: "lhs", "rhs" or a term's name -> `Draw`.
        tight: cases of equality.
        corners: degenerate cases.
        broken: cases that drop one assumption each, and where the claim then fails.
        counterexample: the smallest instance, where the claim does not hold as printed.
        terms: name -> instance -> scalar, the named summands of a side.
        axes: sweeps for figures.
        trivial: instance -> the bound everyone has anyway.
        uses: slugs of the claims this one builds on.
    """

    lhs: Side
    rhs: Side
    domain: Callable[[tuple[int, ...]], Domain]
    slug: str = "user/claim"
    title: str = ""
    statement: str = ""
    source: Source = OURS
    sizes: tuple[tuple[int, ...], ...] = ((),)
    relation: Relation = Relation.LE
    quantifier: Quantifier = Quantifier.ALWAYS
    scale: Side = _unit_scale
    error: Side = _no_error
    assumptions: tuple[Assumption, ...] = ()
    text_examined: TextExamined = TextExamined.OURS
    finding: Finding = Finding.STANDS
    what_survives: str = ""
    corrects: str | None = None
    sharpens: str | None = None
    draws: Mapping[str, Draw] = dataclasses.field(default_factory=dict)
    tight: tuple[Case, ...] = ()
    corners: tuple[Case, ...] = ()
    broken: tuple[Case, ...] = ()
    counterexample: Case | None = None
    terms: Mapping[str, Side] = dataclasses.field(default_factory=dict)
    axes: tuple[Axis, ...] = ()
    trivial: Side | None = None
    uses: tuple[str, ...] = ()


def call(function: Callable[..., Any], instance: Any, *before: Any) -> Any:
    """Calls a function of an instance: a tuple's entries become separate arguments.

    Args:
        function: a side, scale, margin, or a draw's sample.
        instance: one object, or a tuple of parts.
        before: arguments that precede the instance (a key).

    Returns:
        What the function returns.
    """
    parts = instance if type(instance) is tuple else (instance,)
    return function(*before, *parts)


def prepared(draw: Draw, instance: Any) -> Any:
    """Returns what a draw's sample takes in an instance's place, to be handed over by `call`.

    Args:
        draw: the draw.
        instance: one object, or a tuple of parts.

    Returns:
        The instance itself, or what the draw prepares from it.
    """
    return instance if draw.prepare is None else call(draw.prepare, instance)
