"""The figure of a curve as inline SVG that follows the page's colours, with words in its place."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np

from kdtheory.tools.page.markup import Element, node
from kdtheory.tools.plot import plot_curve
from kdtheory.tools.sweep import Curve

_SIZE = (5.2, 3.2)
"""In inches: small, so that its letters can still be read on a telephone."""


# The colours of figures -> the page's, which are others on a dark screen.
_COLOURS = {
    "#000000": "var(--ink)",
    "#404040": "var(--ink)",
    "#ffffff": "var(--paper)",
    "#0072b2": "var(--blue)",
    "#009e73": "var(--green)",
    "#d55e00": "var(--orange)",
    "#737373": "var(--grey)",
    "#ebebeb": "var(--vacuous)",
    "#f6d5c2": "var(--violated)",
}

_LINKS = ("{http://www.w3.org/1999/xlink}href", "clip-path")


def figure(curve: Curve, name: str) -> Element:
    """Returns a curve as an element ``svg``.

    Args:
        curve: what `sweep` returned.
        name: what the names of its parts start with; no other figure of the page has it.
    """
    root = ElementTree.fromstring(_drawn(curve))
    _tidy(root, name)
    width, height = (root.attrib.pop(side).removesuffix("pt") for side in ("width", "height"))
    label, description = f"{name}-title", f"{name}-description"
    title = f"{curve.title}, along: {curve.axis}"
    root.attrib = {
        "viewBox": f"0 0 {float(width):g} {float(height):g}",
        "role": "img",
        "aria-labelledby": f"{label} {description}",
    }
    root.insert(0, node("title", title, id=label))
    root.insert(1, node("desc", described(curve), id=description))
    return root


def described(curve: Curve) -> str:
    """Returns in words what the figure shows."""
    x = np.asarray(curve.values)
    sentences = [f"{curve.axis} goes from {x[0]:.4g} to {x[-1]:.4g}."]
    for series in curve.series:
        values = np.asarray(series.values, float)
        (finite,) = np.nonzero(np.isfinite(values))
        if not finite.size:
            sentences.append(f"{series.name}: nowhere finite.")
            continue
        first, last = values[finite[0]], values[finite[-1]]
        shown = values[finite]
        lost = f"; not finite at {len(x) - finite.size} values" if finite.size < len(x) else ""
        sentences.append(
            f"{series.name}: from {first:.4g} to {last:.4g},"
            f" smallest {shown.min():.4g}, largest {shown.max():.4g}{lost}."
        )
    failing = x[np.asarray(curve.violated, bool)]
    if failing.size:
        sentences.append(
            f"The statement fails at {failing.size} of {x.size} values,"
            f" the first {failing[0]:.4g}, the last {failing[-1]:.4g}."
        )
    return " ".join(sentences)


def _drawn(curve: Curve) -> bytes:
    import matplotlib
    from matplotlib.figure import Figure

    written = io.BytesIO()
    # Text stays text, which is small and can be read aloud and searched.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "kdtheory"}):
        drawing = Figure(figsize=_SIZE, layout="constrained")
        plot_curve(curve, drawing.subplots(), captioned=False)
        drawing.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _tidy(root: Element, name: str) -> None:
    """Drops what a page does not need, and makes the names of parts the page's own."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("}metadata"):
                parent.remove(child)
    referred = set(re.findall(r"#([\w-]+)", " ".join(_references(root))))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if element.tag == "style":
            element.text = element.tail = None
        identity = element.attrib.pop("id", None)
        if identity in referred:
            element.set("id", f"{name}-{identity}")
        for link in _LINKS:
            value = element.attrib.pop(link, None)
            if value is not None:
                kept = re.sub(r"#([\w-]+)", rf"#{name}-\1", value)
                element.set(link.rpartition("}")[2], kept)
        if "style" in element.attrib:
            element.set("style", _restyled(element.attrib["style"]))
        if "d" in element.attrib:
            element.set("d", _rounded(" ".join(element.attrib["d"].split())))
        for key in ("x", "y", "transform"):
            if key in element.attrib:
                element.set(key, _rounded(element.attrib[key]))
        for key in [key for key in element.attrib if key.startswith("{")]:
            del element.attrib[key]
        if element.tag not in ("text", "tspan") or not (element.text or "").strip():
            element.text = None
        element.tail = None
    _flatten(root)


def _references(root: Element) -> list[str]:
    return [element.get(link, "") for element in root.iter() for link in _LINKS]


def _restyled(style: str) -> str:
    """Returns a style in the page's colours and font."""
    # The page sets the font and the colour of text that has none.
    kept = [part.strip() for part in style.split(";") if "font-family" not in part]
    style = re.sub(r"(font: [\d.]+px)[^;]*", r"\1 sans-serif", ";".join(filter(None, kept)))
    return re.sub(r"#[0-9a-fA-F]{6}", lambda found: _COLOURS.get(found[0].lower(), found[0]), style)


def _rounded(numbers: str) -> str:
    """Returns coordinates to a hundredth of a point, far less than can be seen."""
    return re.sub(r"-?\d+\.\d{3,}", lambda found: f"{round(float(found[0]), 2):g}", numbers)


def _flatten(parent: Element) -> None:
    """Puts what groups without attributes hold in their place."""
    kept: list[Element] = []
    for child in parent:
        _flatten(child)
        if child.tag == "g" and not child.attrib:
            kept += list(child)
        elif child.tag not in ("g", "defs", "style") or len(child):
            kept.append(child)
    parent[:] = kept
