"""Runs proofs: every step's check, its wrong variants, and the shape of the whole."""

from __future__ import annotations

import dataclasses
import enum
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from proofs_check.records import Kind, Proof, Step


class Status(enum.Enum):
    """What a proof amounts to."""

    COMPLETE = "complete"
    SIZES = "complete for some sizes"
    OPEN = "open"
    REFUTED = "a printed step fails"
    BROKEN = "broken"


@dataclasses.dataclass(frozen=True)
class StepResult:
    """What came of a step.

    Attributes:
        name: of the step.
        kind: what it rests on.
        statement: what it says.
        uses: what it follows from.
        method: how it was checked.
        sizes: for which sizes, if not in general.
        reference: where it stands, or what is missing.
        rejected: the wrong variants, which the check rejected.
        accepted: for a refuted step, what the check accepted in its place.
        problems: what went wrong; empty if all is well.
    """

    name: str
    kind: Kind
    statement: str
    uses: tuple[str, ...]
    method: str
    sizes: str
    reference: str
    rejected: tuple[str, ...]
    accepted: tuple[str, ...]
    problems: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class ProofResult:
    """What came of a proof.

    Attributes:
        slug: the claim.
        idea: of the proof.
        steps: what came of its steps, in order.
        lemmas: the slugs of the proofs that it rests on.
        problems: what is wrong with its shape, or with a lemma; empty if all is well.
        status: what it amounts to.
        sizes: for which sizes, if not in general.
        seconds: how long its checks took; steps that an earlier proof shares take none.
    """

    slug: str
    idea: str
    steps: tuple[StepResult, ...]
    lemmas: tuple[str, ...]
    problems: tuple[str, ...]
    status: Status
    sizes: tuple[str, ...]
    seconds: float

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many steps there are of every kind."""
        return Counter(step.kind for step in self.steps)

    @property
    def as_expected(self) -> bool:
        """Whether nothing is broken. An open step is no error: it is counted, and said."""
        return self.status is not Status.BROKEN


def judged(step: Step, what: Any) -> bool | str:
    """Returns what the step's check says of an object, or why it says nothing."""
    assert step.check is not None
    try:
        answer = step.check(what)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    # SymPy's and NumPy's truth values are not bool; anything else is not an answer.
    return answer if isinstance(answer, bool) else f"answered {answer!r}, not True or False"


def run_step(step: Step) -> StepResult:
    """Runs the check of a step on what is stated and on every variant."""
    problems = []
    if step.kind in (Kind.CHECKED, Kind.REFUTED):
        holds = step.kind is Kind.CHECKED
        expected = [("what is stated", step.stated, holds)]
        expected += [
            (f"the wrong variant {name!r}", what, False) for name, what in step.wrong.items()
        ]
        expected += [(f"the mended {name!r}", what, True) for name, what in step.mended.items()]
        for words, what, right in expected:
            answer = judged(step, what)
            if answer is not right:
                said = {True: "accepted", False: "rejected"}.get(answer, answer)  # type: ignore[arg-type]
                problems.append(f"{words}: {said}")
    return StepResult(
        name=step.name,
        kind=step.kind,
        statement=step.statement,
        uses=step.uses,
        method=step.method,
        sizes=step.sizes,
        reference=step.reference,
        rejected=tuple(step.wrong),
        accepted=tuple(step.mended),
        problems=tuple(problems),
    )


def shape_problems(proof: Proof, assumptions: Iterable[str], known: Iterable[str]) -> list[str]:
    """Returns what is wrong with how a proof hangs together.

    Steps may use earlier ones only, so that they cannot go in a circle; all but the last must be
    used, so that the proof has no loose ends; every assumption of the claim must be used, or said
    not to be needed.

    Args:
        proof: the proof.
        assumptions: the names of the claim's assumptions.
        known: the slugs that have proofs.
    """
    if not proof.steps:
        return ["it has no steps"]
    problems: list[str] = []
    earlier: set[str] = set()
    slugs = set(known)
    for step in proof.steps:
        if step.name in earlier:
            problems.append(f"two steps are called {step.name}")
        for used in step.uses:
            if "/" in used and used not in slugs:
                problems.append(f"{step.name} uses {used}, of which there is no proof")
            elif "/" not in used and used not in earlier:
                problems.append(f"{step.name} uses {used}, which is no earlier step")
        if step.kind is Kind.ASSUMED and step.uses:
            problems.append(f"{step.name} is assumed, and cannot use another step")
        earlier.add(step.name)
    used_names = {used for step in proof.steps for used in step.uses}
    for step in proof.steps[:-1]:
        if step.name not in used_names:
            problems.append(f"no later step uses {step.name}")
    last = proof.steps[-1]
    if last.kind in (Kind.ASSUMED, Kind.CITED):
        problems.append(f"it ends with a step that is {last.kind.value}")
    named = {step.name for step in proof.steps if step.kind is Kind.ASSUMED}
    for assumption in assumptions:
        if (assumption in named) == (assumption in proof.unneeded):
            problems.append(
                f"the claim assumes {assumption!r}: assume it in a step, or say under unneeded why"
                " the proof does without it"
            )
    return problems


def circles(proofs: Mapping[str, Proof]) -> list[str]:
    """Returns the slugs of proofs that rest on themselves through their lemmas."""
    finished: set[str] = set()
    found: list[str] = []

    def visit(slug: str, path: tuple[str, ...]) -> None:
        if slug in path:
            found.append(" -> ".join([*path[path.index(slug) :], slug]))
        elif slug not in finished and slug in proofs:
            for lemma in proofs[slug].lemmas:
                visit(lemma, (*path, slug))
            finished.add(slug)

    for slug in proofs:
        visit(slug, ())
    return found


def run(
    proofs: Mapping[str, Proof],
    assumptions: Mapping[str, tuple[str, ...]],
    wanted: Iterable[str] | None = None,
    watch: Callable[[str], None] = lambda slug: None,
) -> Iterator[ProofResult]:
    """Runs proofs and, before them, those on which they rest.

    Args:
        proofs: slug -> proof, of all that may be used as lemmas.
        assumptions: slug -> the names of the claim's assumptions.
        wanted: the slugs that are asked for; all if None.
        watch: called with every slug as its turn comes.

    Yields:
        The results of the proofs that are wanted, in order.
    """
    circular = {slug for circle in circles(proofs) for slug in circle.split(" -> ")}
    steps: dict[Step, StepResult] = {}
    results: dict[str, ProofResult] = {}

    def result(slug: str) -> ProofResult:
        if slug not in results:
            watch(slug)
            proof = proofs[slug]
            problems = shape_problems(proof, assumptions.get(slug, ()), proofs)
            lemmas: list[ProofResult] = []
            if slug in circular:
                problems.append("it rests on itself")
            else:
                lemmas = [result(name) for name in proof.lemmas if name in proofs]
            started = time.perf_counter()
            for step in proof.steps:
                if step not in steps:
                    steps[step] = run_step(step)
            seconds = time.perf_counter() - started
            outcomes = [steps[step] for step in proof.steps]
            results[slug] = _result(proof, outcomes, lemmas, problems, seconds)
        return results[slug]

    for slug in proofs if wanted is None else wanted:
        yield result(slug)


def promised(slug: str, proofs: Mapping[str, Proof]) -> tuple[Status, tuple[str, ...]]:
    """Returns what a proof amounts to if all its checks answer as they should, and the sizes.

    Args:
        slug: the claim.
        proofs: slug -> proof, lemmas included, of which none rests on itself.
    """
    lemmas = [promised(name, proofs) for name in proofs[slug].lemmas if name in proofs]
    return _amounts_to(proofs[slug], lemmas)


def _amounts_to(
    proof: Proof, lemmas: Iterable[tuple[Status, tuple[str, ...]]]
) -> tuple[Status, tuple[str, ...]]:
    """Returns status and sizes of a proof without problems, from those of its lemmas."""
    known = list(lemmas)
    sizes = [step.sizes for step in proof.steps if step.sizes]
    sizes += [words for _, found in known for words in found]
    if proof.refutes:
        status = Status.REFUTED
    elif any(step.kind is Kind.OPEN for step in proof.steps) or any(
        status is Status.OPEN for status, _ in known
    ):
        status = Status.OPEN
    else:
        status = Status.SIZES if sizes else Status.COMPLETE
    return status, tuple(dict.fromkeys(sizes))


def _result(
    proof: Proof,
    steps: list[StepResult],
    lemmas: list[ProofResult],
    problems: list[str],
    seconds: float,
) -> ProofResult:
    for lemma in lemmas:
        if lemma.status is Status.BROKEN:
            problems.append(f"it rests on {lemma.slug}, which is broken")
        elif lemma.status is Status.REFUTED:
            problems.append(f"it rests on {lemma.slug}, a printed step of which fails")
    status, sizes = _amounts_to(proof, [(lemma.status, lemma.sizes) for lemma in lemmas])
    if problems or any(step.problems for step in steps):
        status = Status.BROKEN
    return ProofResult(
        slug=proof.slug,
        idea=proof.idea,
        steps=tuple(steps),
        lemmas=tuple(lemma.slug for lemma in lemmas),
        problems=tuple(problems),
        status=status,
        sizes=sizes,
        seconds=seconds,
    )
