"""Elements of HTML, made so that text can never become markup."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

Element = ElementTree.Element
Content = str | Element | None | Iterable["Content"]


def node(tag: str, *content: Content, **attributes: str | None) -> Element:
    """Returns an element.

    Args:
        tag: its name.
        content: text, elements, or iterables of them, in order; None is left out.
        attributes: its attributes, left out where None; underscores stand for hyphens, and one at
            the end keeps a name such as ``class_`` from being a keyword.

    Example:
        >>> text_of(node("p", "a < b, ", node("b", "always"), class_="note"))
        '<p class="note">a &lt; b, <b>always</b></p>'
    """
    given = {
        name.rstrip("_").replace("_", "-"): value
        for name, value in attributes.items()
        if value is not None
    }
    made = Element(tag, given)
    put(made, *content)
    return made


def put(parent: Element, *content: Content) -> None:
    """Appends content to an element.

    Args:
        parent: the element.
        content: as `node` takes it.
    """
    for part in content:
        if part is None:
            continue
        if isinstance(part, Element):
            parent.append(part)
        elif not isinstance(part, str):
            put(parent, *part)
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + part
        else:
            parent.text = (parent.text or "") + part


def text_of(element: Element) -> str:
    """Returns an element as HTML."""
    return ElementTree.tostring(element, encoding="unicode", method="html")


def table(
    caption: str, headings: Iterable[str], rows: Iterable[Iterable[Content]], **attributes: str
) -> Element:
    """Returns a table that scrolls by itself where it is too wide for the page.

    Args:
        caption: what it shows.
        headings: of its columns.
        rows: the cells of every row; the first one names it.
        attributes: of the table.
    """
    head = node("tr", [node("th", heading, scope="col") for heading in headings])
    body = [
        node("tr", node("th", first, scope="row"), [node("td", cell) for cell in rest])
        for first, *rest in rows
    ]
    inner = node(
        "table", node("caption", caption), node("thead", head), node("tbody", body), **attributes
    )
    # Who has no mouse scrolls what has the focus.
    return node("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def described(pairs: Iterable[tuple[str, Content]]) -> Element:
    """Returns a list of names and what belongs to them; those without content are left out."""
    # An element without children is falsy.
    kept = [(name, text) for name, text in pairs if isinstance(text, Element) or text]
    return node("dl", [node("div", node("dt", name), node("dd", text)) for name, text in kept])
