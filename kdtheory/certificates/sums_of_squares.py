r"""The checker of sum-of-squares certificates: exact rational arithmetic, and nothing else.

A certificate shows that a polynomial $q$ is non-negative wherever some others are, by writing

$$q = \sum_i \Bigl(\prod_{k\in K_i} g_k\Bigr)\, m_i^\top G_i\, m_i + \sum_j c_j h_j,$$

where the $g_k$ are known to be non-negative, the $h_j$ to be zero, the $G_i$ are positive
semidefinite matrices of rational numbers, the $m_i$ vectors of polynomials, and the $c_j$ arbitrary
polynomials. `check` verifies the identity and the matrices, by python-flint's polynomials over the
rationals and by elimination. How a certificate was found does not matter.

The format, JSON of version 1:

* ``format``: 1; ``kind``: "sum of squares"; ``relation``: ">=" for $q\ge0$, "=" for $q=0$ (then
  there are no squares);
* ``variables``: their names; ``target``: $q$;
* ``nonnegative``, ``zero``: name -> polynomial, the $g_k$ and $h_j$;
* ``squares``: a list of ``multipliers`` (names of $g_k$, possibly none), ``basis`` ($m_i$) and
  ``gram`` ($G_i$, rows of rational numbers);
* ``cofactors``: name of $h_j$ -> $c_j$.

A polynomial is text such as ``"1/2*x^2*y - z + 3"``, a rational number text such as ``"-1/2"``.
Entries that the checker does not read (the claim and its size) say whose certificate it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly_ctx

from kdtheory._semidefinite import is_semidefinite

FORMAT = 1
KIND = "sum of squares"
NON_NEGATIVE, EQUAL = ">=", "="

Polynomial = Any
"""A `flint.fmpq_mpoly`."""

_NUMBER = re.compile(r"-?\d+(/[1-9]\d*)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][\w.]*(\[[\d,]+\])?", re.ASCII)


class CertificateError(ValueError):
    """A certificate that proves nothing: malformed, or false. The message says where."""


def ring(variables: Sequence[str]) -> Any:
    """Returns the ring of polynomials in these variables over the rationals."""
    return fmpq_mpoly_ctx.get(tuple(variables), Ordering.degrevlex)


def rational(text: Any, where: str) -> fmpq:
    """Reads a rational number.

    Raises:
        CertificateError: if the text is none.
    """
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise CertificateError(f"{where}: got {text!r}; expected a rational such as '-1/2'.")
    numerator, _, denominator = text.partition("/")
    return fmpq(int(numerator), int(denominator or 1))


def polynomial(text: Any, polynomials: Any, where: str) -> Polynomial:
    """Reads a polynomial.

    Args:
        text: a sum of products, as flint writes it.
        polynomials: the ring.
        where: what is read, for the message.

    Returns:
        The polynomial.

    Raises:
        CertificateError: if the text is none, or has other variables.
    """
    if not isinstance(text, str):
        raise CertificateError(f"{where}: got {text!r}; expected the text of a polynomial.")
    index = {name: place for place, name in enumerate(polynomials.names())}
    total = polynomials.from_dict({})
    for term in text.replace(" - ", " + -").split(" + "):
        exponents, coefficient = [0] * len(index), fmpq(1)
        if term.startswith("-") and not term[1:2].isdigit():
            term, coefficient = term[1:], fmpq(-1)
        for factor in term.split("*"):
            name, _, exponent = factor.partition("^")
            if name in index and (exponent.isascii() and exponent.isdigit() or factor == name):
                exponents[index[name]] += int(exponent or 1)
            elif _NUMBER.fullmatch(factor):
                coefficient *= rational(factor, where)
            else:
                raise CertificateError(
                    f"{where}: got {factor!r} in {text!r}; expected numbers, and powers of the "
                    "variables that the certificate names."
                )
        total += polynomials.from_dict({tuple(exponents): coefficient})
    return total


def _field(data: Any, name: str, kind: type, where: str) -> Any:
    if not isinstance(data, Mapping) or not isinstance(data.get(name), kind):
        raise CertificateError(f"{where}: expected an entry {name!r}, a JSON {kind.__name__}.")
    return data[name]


def _square(
    entry: Any, known: Mapping[str, Polynomial], polynomials: Any, where: str
) -> Polynomial:
    """Returns one of the summands with a Gram matrix, which it checks."""
    basis = [
        polynomial(text, polynomials, f"{where}, basis")
        for text in _field(entry, "basis", list, where)
    ]
    gram = [
        [rational(number, f"{where}, gram") for number in row] if isinstance(row, list) else []
        for row in _field(entry, "gram", list, where)
    ]
    if len(gram) != len(basis) or any(len(row) != len(basis) for row in gram):
        raise CertificateError(f"{where}: the Gram matrix and the basis differ in size.")
    if not is_semidefinite(gram):
        raise CertificateError(f"{where}: the Gram matrix is not positive semidefinite.")
    total = polynomials.from_dict({})
    for left, row in zip(basis, gram, strict=True):
        for right, number in zip(basis, row, strict=True):
            total += number * left * right
    for name in _field(entry, "multipliers", list, where):
        if not isinstance(name, str) or name not in known:
            raise CertificateError(f"{where}: {name!r} is not among what is non-negative.")
        total *= known[name]
    return total


def check(certificate: Any) -> None:
    """Checks a sum-of-squares certificate.

    Args:
        certificate: the JSON data.

    Raises:
        CertificateError: if it proves nothing: malformed, or one of its statements is false.

    Example:
        >>> check({"format": 1, "kind": "sum of squares", "relation": ">=", "variables": ["x"],
        ...        "target": "x^2 - 2*x + 1", "nonnegative": {}, "zero": {}, "cofactors": {},
        ...        "squares": [{"multipliers": [], "basis": ["x - 1"], "gram": [["1"]]}]})
    """
    version, kind = _field(certificate, "format", int, "certificate"), certificate.get("kind")
    if version != FORMAT or kind != KIND:
        raise CertificateError(
            f"certificate: got a {kind!r} of format {version}; expected {KIND!r} of format {FORMAT}"
        )
    names = _field(certificate, "variables", list, "certificate")
    if len(set(map(str, names))) != len(names) or not all(
        isinstance(name, str) and _NAME.fullmatch(name) for name in names
    ):
        raise CertificateError("variables: expected different names, such as 'p[0,1]'.")
    polynomials = ring(names)
    read = {
        kind: {
            name: polynomial(text, polynomials, f"{kind} {name!r}")
            for name, text in _field(certificate, kind, dict, "certificate").items()
        }
        for kind in ("nonnegative", "zero", "cofactors")
    }
    rest = polynomial(certificate.get("target"), polynomials, "target")
    squares = _field(certificate, "squares", list, "certificate")
    relation = certificate.get("relation")
    if relation not in (NON_NEGATIVE, EQUAL) or (relation == EQUAL and squares):
        raise CertificateError(
            f"relation: got {relation!r} and {len(squares)} squares; expected '>=', or '=' and none"
        )
    for place, entry in enumerate(squares):
        rest -= _square(entry, read["nonnegative"], polynomials, f"square {place}")
    for name, cofactor in read["cofactors"].items():
        if name not in read["zero"]:
            raise CertificateError(f"cofactor: {name!r} is not among what is zero.")
        rest -= cofactor * read["zero"][name]
    if rest != 0:
        raise CertificateError(f"the identity does not hold: what is left of the target is {rest}")
