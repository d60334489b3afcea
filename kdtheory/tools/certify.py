"""Certifies an inequality over a whole compact family, by data that an exact checker reads."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np
from flint import fmpq

from kdtheory._check import refuse
from kdtheory._exact import decimal, truncated
from kdtheory.certificates.records import Certificate, Outcome
from kdtheory.certificates.sums_of_squares import KIND as SQUARES
from kdtheory.certificates.sums_of_squares import CertificateError, check, polynomial, ring
from kdtheory.claim import Claim, Relation, call
from kdtheory.domains import Domain, Part
from kdtheory.tools import _branch_and_bound, _square_search
from kdtheory.tools._ball_primitives import Uncovered
from kdtheory.tools._branch_and_bound import KIND as BOXES
from kdtheory.tools._branch_and_bound import MAX_DIMENSION, Formula
from kdtheory.tools._polynomials import NotPolynomial, Statement, statement
from kdtheory.tools._traced import domain_of
from kdtheory.tools.falsify import as_claim

FORMAT = 1
"""The version of the data of certificates by boxes."""


def certify(
    claim: Claim | Any,
    rhs: Any = None,
    *,
    over: Domain | None = None,
    relation: str | Relation = "<=",
    epsilon: Any = 0,
    size: Sequence[int] | None = None,
    method: str | None = None,
    multipliers: Sequence[Sequence[str]] | None = None,
    max_boxes: int = 100_000,
) -> Certificate:
    r"""Looks for a proof of an inequality on its whole domain, and checks it.

    Polynomial sides are certified by sums of squares with multipliers, in exact rational
    arithmetic; other sides by a partition of a box in up to three dimensions, on each part of which
    outward-rounded intervals show the inequality. Looking is no proof: what is found is checked by
    code that does not know how it was found, and only that says "certified". Assumptions of a claim
    are not used: what is certified holds without them.

    Args:
        claim: a claim, or the left side as a function of the domain's parts.
        rhs: the right side, when ``claim`` is a function.
        over: the domain, when ``claim`` is a function; for boxes a product of `kdtheory.domains`
            boxes.
        relation: "<=", ">=" or "=", when ``claim`` is a function.
        epsilon: certify the inequality up to this much only; a number or text such as "1/1000".
            Where the sides can be equal, boxes need it.
        size: the static size of the claim; its home size if left out.
        method: "sum of squares" or "boxes"; left out, squares where the sides are polynomials.
        multipliers: for sums of squares, the products of non-negative polynomials to be used, as
            tuples of their names; left out, all products of up to three, the fewest first.
        max_boxes: for boxes, after how many the search ends.

    Returns:
        The certificate; or, for boxes, a box on which the inequality is proved to fail; or
        UNDECIDED, which says nothing about the inequality.

    Raises:
        TypeError: if the arguments are neither a claim nor two functions and a domain.
        ValueError: for an unknown relation or method, a negative epsilon, or sides and a domain
            that neither method covers.

    Example:
        >>> from kdtheory.domains import box
        >>> found = certify(lambda x, y: 2 * x * y, lambda x, y: x**2 + y**2,
        ...                 over=box(0, 1) * box(0, 1))
        >>> found.outcome.value, found.data["squares"][0]["gram"]
        ('certified', [['1', '-1'], ['-1', '1']])
    """
    record = as_claim(claim, rhs, over, relation)
    static = tuple(size) if size is not None else record.sizes[0]
    if method not in (None, SQUARES, BOXES):
        refuse("method", repr(method), f"{SQUARES!r} or {BOXES!r}", "Leave it out to let it choose")
    tolerance = _fraction(epsilon)
    domain = domain_of(record, static)
    reason = ""
    if method != BOXES:
        try:
            said = _with_epsilon(statement(record, static), tolerance)
        except NotPolynomial as why:
            if method == SQUARES:
                refuse("sides", str(why), "polynomials on the domain", "Use method='boxes'.")
            reason = f", and no sums of squares for {why}"
        else:
            return _by_squares(record, static, tolerance, said, multipliers)
    if (problem := _not_boxes(domain)) is not None:
        refuse(
            "over",
            f"{problem}{reason}",
            f"polynomial sides, or a product of boxes with at most {MAX_DIMENSION} numbers in all",
            "Write distributions on two atoms as (p, 1 - p) with p in a box, or factor what makes "
            "the sides equal out of both.",
        )
    return _by_boxes(record, static, tolerance, domain, max_boxes)


def recheck(certificate: Certificate, claim: Claim) -> str:
    """Checks a certificate, or a refutation, against the claim whose formulas it is about.

    Args:
        certificate: what is to be checked.
        claim: the claim; the polynomials, or the formula on the boxes, are made from it anew.

    Returns:
        What the check took, in words.

    Raises:
        CertificateError: if it proves nothing about the claim.
    """
    expected = _about(claim, certificate.size, certificate.kind)
    for field in ("slug", "relation", "family"):
        got, right = getattr(certificate, field), getattr(expected, field)
        if got != right:
            raise CertificateError(f"{field}: got {got!r}; the claim has {right!r}.")
    tolerance = _epsilon_of(certificate)
    if certificate.kind == BOXES:
        return _recheck_boxes(certificate, claim, tolerance)
    if certificate.kind != SQUARES or certificate.outcome is not Outcome.CERTIFIED:
        raise CertificateError(
            f"got {certificate.outcome.value} by {certificate.kind!r}: nothing to check."
        )
    check(certificate.data)
    try:
        said = _with_epsilon(statement(claim, certificate.size), tolerance)
    except NotPolynomial as problem:
        raise CertificateError(f"the claim's sides are no polynomials: {problem}.") from None
    _same_statement(certificate.data, said)
    return _squares_in_words(certificate.data)


def _epsilon_of(certificate: Certificate) -> Fraction:
    try:
        return Fraction(certificate.epsilon)
    except (ValueError, ZeroDivisionError):
        raise CertificateError(f"epsilon: got {certificate.epsilon!r}; expected a fraction.") from (
            None
        )


def _fraction(value: Any) -> Fraction:
    try:
        result = Fraction(value)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        refuse("epsilon", repr(value), "a number, or text such as '1/1000'", "Choose one.")
    if result < 0:
        refuse("epsilon", str(value), "at least 0", "It loosens the inequality: give its size.")
    return result


def _about(claim: Claim, size: tuple[int, ...], kind: str) -> Certificate:
    """Returns the record of a certificate of a claim, as yet without a proof."""
    parts = domain_of(claim, size).parts
    return Certificate(
        slug=claim.slug,
        size=size,
        outcome=Outcome.UNDECIDED,
        kind=kind,
        relation=claim.relation.value,
        epsilon="0",
        family=tuple(_in_words(part, place) for place, part in enumerate(parts)),
    )


def _in_words(part: Part, place: int) -> str:
    name = part.name or f"part {place + 1}"
    shape = " x ".join(map(str, part.shape))
    ends = f"[{part.low:g}, {part.high:g}]" if math.isfinite(part.low + part.high) else ""
    if any(Fraction(f"{end:g}") != Fraction(end) for end in (part.low, part.high) if ends):
        ends = f"[{part.low!r}, {part.high!r}]"
    kinds = {
        "simplex": f"distributions, {shape}",
        "box": f"{shape or 'a number'} in {ends}",
        "integers": f"{shape or 'a number'} in {ends}, whole or not",
        "reals": f"{shape or 'a number'}, any",
        "positive": f"{shape or 'a number'}, positive",
    }
    return f"{name}: {kinds.get(part.kind, part.kind)}"


# --- sums of squares ------------------------------------------------------------------------------


def _with_epsilon(said: Statement, epsilon: Fraction) -> Statement:
    if not epsilon:
        return said
    if said.relation == "=":
        raise NotPolynomial("an equality up to epsilon")
    target = said.target + fmpq(epsilon.numerator, epsilon.denominator)
    return dataclasses.replace(said, target=target)


def _by_squares(
    claim: Claim,
    size: tuple[int, ...],
    epsilon: Fraction,
    said: Statement,
    multipliers: Sequence[Sequence[str]] | None,
) -> Certificate:
    if multipliers is not None:
        choices = [[tuple(names) for names in multipliers]]
        for name in {name for names in choices[0] for name in names}:
            if name not in said.nonnegative:
                known = ", ".join(map(repr, said.nonnegative))
                refuse("multipliers", repr(name), f"names among {known}", "Choose from these.")
    else:
        choices = [_square_search.products(said, count) for count in range(4)]
    data, tried, beyond = None, 0, ""
    for choice in choices:
        try:
            data = _square_search.find(said, choice)
        except _square_search.TooLarge:
            beyond = f"; the search with {len(choice):,} has too many unknowns"
        else:
            tried = len(choice)
        if data is not None or beyond:
            break
    record = _about(claim, size, SQUARES)
    changes: dict[str, Any] = {"epsilon": str(epsilon)}
    if data is None:
        changes["reason"] = (
            f"no certificate was found with {tried:,} products of known signs as multipliers"
            f"{beyond}"
        )
    else:
        check(data)
        work = _squares_in_words(data)
        changes |= {"outcome": Outcome.CERTIFIED, "data": data, "work": work}
    return dataclasses.replace(record, **changes)


def _squares_in_words(data: Any) -> str:
    if data["relation"] == "=":
        return "an identity of polynomials"
    ranks = [len(square["basis"]) for square in data["squares"]]
    return f"{len(ranks)} Gram matrices of up to {max(ranks, default=0)} rows"


def _same_statement(data: Any, said: Statement) -> None:
    """Refuses a certificate whose polynomials are not those of the claim."""
    if tuple(data["variables"]) != said.variables or data["relation"] != said.relation:
        raise CertificateError("the certificate has other variables or another relation.")
    polynomials = ring(said.variables)

    def same(text: str, value: Any) -> bool:
        return bool(polynomial(text, polynomials, "polynomial") == value)

    if not same(data["target"], said.target):
        raise CertificateError("the target is not the difference of the claim's sides.")
    for kind, known in (("nonnegative", said.nonnegative), ("zero", said.zero)):
        for name, text in data[kind].items():
            if name not in known or not same(text, known[name]):
                raise CertificateError(f"{kind} {name!r}: not so on the claim's domain.")


# --- boxes ----------------------------------------------------------------------------------------


def _not_boxes(domain: Domain) -> str | None:
    """Returns why a domain is no box in a few dimensions, or None if it is one."""
    for place, part in enumerate(domain.parts):
        if part.kind != "box":
            return f"{_in_words(part, place)}"
    if domain.dimension > MAX_DIMENSION:
        return f"{domain.dimension} numbers"
    return None


def _root(domain: Domain) -> list[tuple[float, float]]:
    return [(part.low, part.high) for part in domain.parts for _ in range(math.prod(part.shape))]


@functools.lru_cache(maxsize=8)
def _gap(claim: Claim, size: tuple[int, ...]) -> Callable[[Any], Any]:
    """Returns larger minus smaller side as a function of the coordinates."""
    domain = domain_of(claim, size)
    sign = -1 if claim.relation is Relation.GE else 1

    def gap(point: Any) -> Any:
        parts, start = [], 0
        for part in domain.parts:
            count = math.prod(part.shape)
            parts.append(point[start : start + count].reshape(part.shape))
            start += count
        instance = domain.instance(tuple(parts))
        return jnp.asarray(sign * (call(claim.rhs, instance) - call(claim.lhs, instance)))

    return gap


def _by_boxes(
    claim: Claim, size: tuple[int, ...], epsilon: Fraction, domain: Domain, max_boxes: int
) -> Certificate:
    record = _about(claim, size, BOXES)
    equality = claim.relation is Relation.EQ
    changes: dict[str, Any] = {"epsilon": str(epsilon)}
    try:
        formula = Formula(_gap(claim, size), domain.dimension, None)
        found = _branch_and_bound.search(formula, _root(domain), epsilon, equality, max_boxes)
    except Uncovered as problem:
        changes["reason"] = f"no interval is known of the operation {problem.primitive!r}"
        return dataclasses.replace(record, **changes)
    changes["work"] = f"{found.count:,} boxes enclosed, {formula.form} form"
    if found.tree is not None:
        data = {"format": FORMAT, "form": formula.form, "tree": found.tree}
        changes |= {"outcome": Outcome.CERTIFIED, "data": data}
    elif found.box is not None:
        corners = tuple(tuple(str(Fraction(x)) for x in corner.tolist()) for corner in found.box)
        low, high = found.margin
        # Cut, not rounded: it fails by at least this much.
        margin = decimal(*truncated(Fraction(-high if high < 0 else low), 6))
        data = {"format": FORMAT, "form": formula.form}
        changes |= {"outcome": Outcome.REFUTED, "box": corners, "margin": margin, "data": data}
    else:
        changes["reason"] = (
            f"{found.left:,} boxes were left when the budget of {max_boxes:,} ended; on one of them"
            f" the difference of the sides is only known to be at least {found.worst:.3g}"
        )
    return dataclasses.replace(record, **changes)


def _recheck_boxes(certificate: Certificate, claim: Claim, epsilon: Fraction) -> str:
    domain = domain_of(claim, certificate.size)
    problem = f"epsilon {epsilon}" if epsilon < 0 else _not_boxes(domain)
    if problem is not None:
        raise CertificateError(f"got {problem}; expected boxes, and an epsilon of at least 0.")
    data = certificate.data
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CertificateError(f"data: expected entries of format {FORMAT}.")
    if data.get("form") not in (_branch_and_bound.PLAIN, _branch_and_bound.MEAN_VALUE):
        raise CertificateError(f"form: got {data.get('form')!r}.")
    equality = claim.relation is Relation.EQ
    formula = Formula(_gap(claim, certificate.size), domain.dimension, data["form"])
    root = _root(domain)
    if certificate.outcome is Outcome.CERTIFIED:
        tree = data.get("tree")
        leaves = _branch_and_bound.recheck(formula, root, epsilon, equality, tree)
        return f"{leaves:,} boxes"
    if certificate.outcome is not Outcome.REFUTED:
        raise CertificateError(f"got {certificate.outcome.value}: nothing to check.")
    low, high = _corners(certificate, root)
    value = formula.on(low[None], high[None])
    if not _branch_and_bound.bounds_of(epsilon, equality).fail(value, epsilon)[0]:
        raise CertificateError(
            f"box: the difference of the sides is only known to lie in "
            f"[{value.low[0]}, {value.high[0]}] there, which refutes nothing."
        )
    return "one box, on which it fails"


def _corners(
    certificate: Certificate, root: list[tuple[float, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the corners of a box inside the root box."""
    try:
        low, high = (np.array([float(Fraction(x)) for x in end]) for end in certificate.box)
    except (ValueError, ZeroDivisionError):
        raise CertificateError(f"box: got {certificate.box}; expected two corners.") from None
    ends = np.array(root)
    if (
        low.shape != (len(root),)
        or not ((ends[:, 0] <= low) & (low <= high) & (high <= ends[:, 1])).all()
    ):
        raise CertificateError(f"box: got {certificate.box}; expected a box within {root}.")
    return low, high
