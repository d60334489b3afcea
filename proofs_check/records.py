r"""Steps and proofs: plain records, and the functions that make steps.

A step of algebra, calculus or finite probability is *checked*: its ``check`` is called with what is
``stated``, a mathematical object (a pair of expressions, an inequality with its certificate, ...),
and must return True. The same check is called with every entry of ``wrong``, plausible mistakes in
the same place, and must return False for each: a check that accepts anything shows nothing.

A step of a text that does not hold is *refuted* the same way round: the check must return False for
what is stated, and True for every entry of ``mended``.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Kind(enum.Enum):
    """What a step rests on."""

    ASSUMED = "assumed"
    CHECKED = "checked"
    CITED = "cited"
    OPEN = "open"
    REFUTED = "refuted"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    r"""One step of a proof. Make it with `assumed`, `checked`, `cited`, `left_open` or `refuted`.

    Attributes:
        name: in snake_case, unique in its proof; what later steps call it.
        statement: a sentence, with LaTeX between dollar signs.
        kind: what it rests on.
        uses: the names of earlier steps that it follows from, or slugs of claims that are proved.
        method: how it is checked, in words: "expanding", "induction over the labels".
        check: what is stated -> whether the step holds.
        stated: what the check is called with.
        wrong: name -> a wrong variant of ``stated``, which the check must reject.
        mended: for a refuted step, name -> what the check must accept in place of ``stated``.
        sizes: empty if the check is general; otherwise the sizes for which it was made.
        reference: for a cited step, where its proof stands; for an open one, what is missing.
    """

    name: str
    statement: str
    kind: Kind
    uses: tuple[str, ...] = ()
    method: str = ""
    check: Callable[[Any], bool] | None = None
    stated: Any = None
    wrong: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    mended: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    sizes: str = ""
    reference: str = ""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Proof:
    """The proof of a claim, or of as much of it as there is.

    Attributes:
        slug: the claim.
        idea: one or two sentences: why it is true, or where the printed argument breaks.
        steps: in order; the last one is the claim.
        unneeded: name of an assumption of the claim that the proof does without -> why.
    """

    slug: str
    idea: str
    steps: tuple[Step, ...]
    unneeded: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def refutes(self) -> bool:
        """Whether a step of the text is shown failing."""
        return any(step.kind is Kind.REFUTED for step in self.steps)

    @property
    def lemmas(self) -> tuple[str, ...]:
        """The slugs of the other proofs that this one rests on, in order of use."""
        found = (name for step in self.steps for name in step.uses if "/" in name)
        return tuple(dict.fromkeys(found))


def assumed(name: str, statement: str) -> Step:
    """Returns a hypothesis or a definition, from which the proof starts.

    Args:
        name: for a hypothesis of the claim, the name of the claim's assumption.
        statement: what is assumed.
    """
    return Step(name=name, statement=statement, kind=Kind.ASSUMED)


def checked(
    name: str,
    statement: str,
    *,
    method: str,
    check: Callable[[Any], bool],
    stated: Any,
    wrong: Mapping[str, Any],
    uses: Sequence[str] = (),
    sizes: str = "",
) -> Step:
    """Returns a step that a machine checks.

    Args:
        name: of the step.
        statement: what it says.
        method: how it is checked, in words.
        check: what is stated -> whether it holds.
        stated: what the check is called with.
        wrong: name -> a variant that the check must reject; at least one.
        uses: earlier steps, or slugs.
        sizes: the sizes for which the check was made, if it is not general.

    Raises:
        ValueError: without a wrong variant.
    """
    if not wrong:
        raise ValueError(f"step {name}: a checked step needs a wrong variant, to be rejected")
    return Step(
        name=name,
        statement=statement,
        kind=Kind.CHECKED,
        uses=tuple(uses),
        method=method,
        check=check,
        stated=stated,
        wrong=wrong,
        sizes=sizes,
    )


def refuted(
    name: str,
    statement: str,
    *,
    method: str,
    check: Callable[[Any], bool],
    stated: Any,
    mended: Mapping[str, Any],
    uses: Sequence[str] = (),
) -> Step:
    """Returns a step of the text examined that fails: the check must reject what is stated.

    Args:
        name: of the step.
        statement: what the text says, or what would have to follow.
        method: how it is refuted, in words: the instance, say.
        check: what is stated -> whether it holds.
        stated: what the check is called with, and must reject.
        mended: name -> a variant that the check must accept; at least one.
        uses: earlier steps, or slugs.

    Raises:
        ValueError: without a mended variant.
    """
    if not mended:
        raise ValueError(f"step {name}: a refuted step needs a mended variant that passes")
    return Step(
        name=name,
        statement=statement,
        kind=Kind.REFUTED,
        uses=tuple(uses),
        method=method,
        check=check,
        stated=stated,
        mended=mended,
    )


def cited(name: str, statement: str, reference: str, uses: Sequence[str] = ()) -> Step:
    """Returns a step that computer algebra does not check: a theorem of the literature.

    Args:
        name: of the step.
        statement: the theorem, in the form in which it is used.
        reference: author, work, and place in it.
        uses: earlier steps, or slugs.
    """
    return Step(
        name=name, statement=statement, kind=Kind.CITED, uses=tuple(uses), reference=reference
    )


def left_open(name: str, statement: str, missing: str, uses: Sequence[str] = ()) -> Step:
    """Returns a step that nobody has checked; its proof is not complete.

    Args:
        name: of the step.
        statement: what it says.
        missing: what is missing.
        uses: earlier steps, or slugs.
    """
    return Step(name=name, statement=statement, kind=Kind.OPEN, uses=tuple(uses), reference=missing)
