r"""LaTeX as MathML, in the part of it that browsers draw.

The library latex2mathml does the work. `_REWRITTEN` mends the LaTeX that it does not read, and
`_mend` the MathML that browsers do not draw: letters of special alphabets are characters of their
own there, and names of functions need space around them.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import unicodedata
from collections.abc import Iterator
from copy import deepcopy
from xml.etree import ElementTree

from kdtheory._check import refuse
from kdtheory.tools.page.markup import Content, Element, node

# What the library does not read -> what it does.
_REWRITTEN = (
    (r"\\arg\b", r"\\operatorname{arg}"),
    (r"\\implies\b", r"\\;\\Longrightarrow\\;"),
    (r"\\iff\b", r"\\;\\Longleftrightarrow\\;"),
    (r"\\!", ""),
    # Primes that have an exponent beside them.
    (r"('+)\^(\{[^{}]*\}|[^\s{}\\])", lambda found: _primes(found[1], found[2])),
)

_LETTERS = {"double-struck": "DOUBLE-STRUCK ", "script": "SCRIPT ", "bold": "BOLD "}
_OPENING, _CLOSING = frozenset("([{|‖⌊⌈⟨"), frozenset(")]}⌋⌉⟩")
_THIN = "0.167em"

# Brackets after \\bigl and its like, where the library leaves the macro.
_SCALED = {"{": "{", "}": "}", "|": "‖"}


def _primes(primes: str, exponent: str) -> str:
    return "^{" + r"\prime " * len(primes) + exponent.strip("{}") + "}"


def formula(latex: str) -> Content:
    """Returns a formula as MathML, in pieces between which a narrow page may break it.

    Args:
        latex: the formula, without dollar signs.

    Returns:
        Elements ``math``; or the source, as code, where it is no LaTeX that can be read.
    """
    pieces = _pieces(latex)
    if pieces is None:
        return node("code", latex)
    return [deepcopy(piece) for piece in pieces]


def prose(text: str) -> Content:
    """Returns a sentence with its formulas, which stand between dollar signs, as MathML."""
    parts = text.split("$")
    if len(parts) % 2 == 0:
        return text
    return [formula(part) if index % 2 else part for index, part in enumerate(parts) if part]


def need_converter() -> None:
    """Refuses to go on without the library, before any work is done.

    Raises:
        InputError: if it is not installed.
    """
    if importlib.util.find_spec("latex2mathml") is None:
        refuse(
            "report",
            "no latex2mathml, which writes the formulas",
            "the extra 'report'",
            'Install it: pip install "kdtheory[report]".',
        )


def _converted(latex: str) -> Element | None:
    """Returns what the library makes of a formula; None if it cannot read it."""
    from latex2mathml.converter import convert

    try:
        return ElementTree.fromstring(convert(latex))
    except Exception:
        # Its errors have no class in common, and some are Python's own, such as IndexError.
        return None


@functools.lru_cache(maxsize=4096)
def _pieces(latex: str) -> tuple[Element, ...] | None:
    for pattern, replacement in _REWRITTEN:
        latex = re.sub(pattern, replacement, latex)
    root = _converted(latex)
    if root is None:
        return None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    _mend(root)
    pieces: list[Element] = []
    for children in _broken(list(root[0]) if len(root) == 1 else list(root)):
        if all(one.tag == "mtext" for one in children):
            # Words alone, which a formula would keep on one line.
            words = "".join(one.text or "" for one in children).replace("\xa0", " ")
            pieces.append(node("span", words))
            continue
        if pieces and _may_break(children[0]):
            # At the start of a piece it would be taken for a sign.
            children[0].set("form", "infix")
        pieces.append(node("math", node("mrow", children)))
    return tuple(pieces)


def _mend(parent: Element) -> None:
    """Mends everything below an element."""
    for child in parent:
        _mend(child)
        if child.text:
            child.text = re.sub(r"\\([{}|])", lambda found: _SCALED[found[1]], child.text)
        variant = child.attrib.pop("mathvariant", None)
        if variant in _LETTERS:
            child.text = "".join(_letter(_LETTERS[variant], one) for one in child.text or "")
        elif variant == "normal" and len(child.text or "") == 1:
            child.set("mathvariant", "normal")
        if child.text and child.text in "⌊⌋⌈⌉":
            child.tag = "mo"
        if child.tag == "mspace" and child.get("width") == "negativethinmathspace":
            child.set("width", "-" + _THIN)
    children = _spaced(_joined(list(parent))) if parent.tag == "mrow" else list(parent)
    parent[:] = children


def _letter(alphabet: str, letter: str) -> str:
    """Returns a letter of a special alphabet, or the letter itself where there is none."""
    size = "CAPITAL " if letter.isupper() else "SMALL "
    for prefix in ("MATHEMATICAL ", ""):
        try:
            return unicodedata.lookup(f"{prefix}{alphabet}{size}{letter.upper()}")
        except KeyError:
            continue
    return letter


def _joined(children: list[Element]) -> list[Element]:
    """Returns the children with runs of upright letters made one word."""
    joined: list[Element] = []
    for child in children:
        upright = child.tag == "mi" and child.get("mathvariant") == "normal"
        if upright and joined and joined[-1].get("mathvariant") == "normal":
            joined[-1].text = f"{joined[-1].text}{child.text}"
        else:
            joined.append(child)
    for child in joined:
        if child.get("mathvariant") == "normal" and len(child.text or "") > 1:
            del child.attrib["mathvariant"]
    return joined


def _spaced(children: list[Element]) -> list[Element]:
    """Returns the children with space around the names of functions."""
    spaced: list[Element] = []
    for index, child in enumerate(children):
        if _is_name(child):
            if index and _ends(children[index - 1]):
                spaced.append(node("mspace", width=_THIN))
            spaced.append(child)
            following = children[index + 1] if index + 1 < len(children) else None
            if following is not None and following.tag not in ("mspace", "mo"):
                spaced.append(node("mspace", width=_THIN))
        else:
            spaced.append(child)
    return spaced


def _is_name(element: Element) -> bool:
    base = element[0] if element.tag in ("msub", "msup", "msubsup") and len(element) else element
    if base.tag == "mrow" and len(base) == 1:
        base = base[0]
    return base.tag == "mi" and len(base.text or "") > 1 and (base.text or "").isalpha()


def _ends(element: Element) -> bool:
    """Whether an element is an operand, so that a name after it needs space."""
    if element.tag in ("msub", "msup", "msubsup") and len(element):
        element = element[0]
    return element.tag in ("mi", "mn", "mfrac") or (element.text or "") in _CLOSING


_BREAKING = frozenset("=≤≥<>≠≃∼∈⟹⟺⇒∝⪰⪯+−")


_FEWEST = 3
"""How many signs a piece has at least, so that no line is broken for less."""


_SENTENCE = 24
"""Words of more letters than this are broken like a sentence."""


def _signs(piece: list[Element]) -> int:
    return sum(not len(one) for child in piece for one in child.iter())


def _may_break(element: Element) -> bool:
    return element.tag == "mo" and (element.text or "") in _BREAKING


def _broken(children: list[Element]) -> Iterator[list[Element]]:
    """Yields the pieces of a formula: it may break before relations and sums, and after gaps."""
    piece: list[Element] = []
    depth = 0
    for child in children:
        inner = [one.text or "" for one in child.iter("mo")] if child.tag != "mrow" else []
        sentence = child.tag == "mtext" and len(child.text or "") > _SENTENCE
        sign = _may_break(child) and _signs(piece) >= _FEWEST
        if depth == 0 and piece and (sentence or sign):
            yield piece
            piece = []
        piece.append(child)
        depth += sum(text in ("(", "[", "{", "⌊", "⌈") for text in inner)
        depth -= sum(text in (")", "]", "}", "⌋", "⌉") for text in inner)
        gap = child.tag == "mtext" or (child.tag == "mspace" and child.get("width") != _THIN)
        if depth == 0 and gap and len(piece) > 1:
            yield piece
            piece = []
    if piece:
        yield piece
