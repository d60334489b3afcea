"""Opens the page of ``kdtheory report`` in Chromium, wide and narrow: ``make check-report``.

Exit codes: 0 all is well, 1 something is not, 2 bad usage, 4 no Chromium on this machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from browser import NAMES, Page, find_chromium, opened

SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
BAD_USAGE, NO_BROWSER = 2, 4

UNNAMED = """
[...document.querySelectorAll("img, svg")].filter((one) => {
  if (one.tagName === "IMG") return !one.alt;
  const names = (one.getAttribute("aria-labelledby") || "").split(" ");
  return !names.every((name) => document.getElementById(name)?.textContent.trim());
}).length
"""

# Whatever is wider than the page and is not inside something that scrolls by itself.
TOO_WIDE = """
[...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!box.width || box.right <= innerWidth + 1) return false;
  for (let above = one.parentElement; above; above = above.parentElement)
    if (["auto", "scroll", "hidden"].includes(getComputedStyle(above).overflowX)) return false;
  return true;
}).slice(0, 5).map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 60)}`)
"""

# Contrast of every text with what is behind it, by the formula of WCAG 2.
CONTRAST = r"""
(() => {
  const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => {
    for (let above = one; above; above = above.parentElement) {
      const c = parse(getComputedStyle(above).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || one.closest("script, style, title, desc") || !one.getClientRects().length) continue;
    const style = getComputedStyle(one);
    const text = light(parse(one.closest("svg") ? style.fill : style.color));
    const back = light(behind(one));
    const ratio = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    const name = one.className?.baseVal ?? one.className;
    if (ratio < 4.5) poor.add(`${one.tagName} ${name} ${ratio.toFixed(2)}`);
  }
  return [...poor].slice(0, 5);
})()
"""


def problems(page: Page, url: str) -> list[str]:
    """What is wrong with a page, everything in it opened, at every size, light and dark."""
    found: list[str] = []
    for name, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            page.size(width, height)
            page.media(prefers_color_scheme=scheme)
            page.open(url)
            page.ask("document.querySelectorAll('details').forEach((one) => { one.open = true })")
            where = f"{name}, {scheme}"
            wide = page.ask("document.scrollingElement.scrollWidth - innerWidth")
            if wide > 0:
                found.append(f"{where}: the page scrolls sideways by {wide} pixels")
            found += [f"{where}: too wide: {one}" for one in page.ask(TOO_WIDE)]
            found += [f"{where}: poor contrast: {one}" for one in page.ask(CONTRAST)]
            unnamed = page.ask(UNNAMED)
            if unnamed:
                found.append(f"{where}: {unnamed} figures without a text alternative")
    found += [f"console: {error}" for error in dict.fromkeys(page.errors)]
    loaded = {one for one in page.requests if one != url and not one.startswith("data:")}
    return found + [f"loads {one}" for one in sorted(loaded)]


def say(text: str) -> None:
    """Writes a line."""
    sys.stdout.write(f"check-report: {text}\n")


def main() -> int:
    """Checks a page; see the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, nargs="?", help="left out: is there a browser?")
    parser.add_argument("--pictures", type=Path, help="a folder for what it looks like")
    asked = parser.parse_args()
    if asked.page is not None and not asked.page.is_file():
        say(f"got {asked.page}; expected a page that is there. Write it first.")
        return BAD_USAGE
    chromium = find_chromium()
    if chromium is None:
        say(
            f"found none of {', '.join(NAMES)}; expected Chromium or Chrome. "
            "Install one, or name it: CHROME=/path/to/chrome make check-report."
        )
        return NO_BROWSER
    if asked.page is None:
        return 0
    url = asked.page.resolve().as_uri()
    with opened(chromium) as page:
        found = problems(page, url)
        if asked.pictures:
            asked.pictures.mkdir(parents=True, exist_ok=True)
            for name, (width, height) in SIZES.items():
                page.size(width, height)
                page.media()
                page.open(url)
                page.picture(asked.pictures / f"{name}.png", height=4 * height)
    for one in found:
        say(one)
    say(f"{asked.page}: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
