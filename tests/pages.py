"""The README and the pages in docs: their code, run, and what they show below it."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import io
import re
import shlex
import sys
from pathlib import Path

from typer.testing import CliRunner

from kdtheory import cli

ROOT = Path(__file__).parents[1]
PAGES = {page.name: page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}

FENCE = re.compile(r"^```([\w ]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Snippet:
    """A piece of code of a page.

    ``kind``: "python", "python raises" or "console"; ``shown``: what the page shows below it.
    """

    kind: str
    code: str
    shown: str


def text_of(name):
    return PAGES[name].read_text(encoding="utf-8")


def blocks(name):
    """The fenced blocks of a page, as (what follows the fence, contents)."""
    return FENCE.findall(text_of(name))


def snippets(name):
    """The code of a page that is to be run, in order; commands without output are not."""
    found = [*blocks(name), ("", "")]
    for (kind, body), (kind_below, below) in zip(found, found[1:], strict=False):
        if kind in ("python", "python raises"):
            yield Snippet(kind, body, below if kind_below == "text" else "")
        elif kind == "console":
            for command in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                line, shown = command.split("\n", 1)
                yield Snippet(kind, line, shown)


def output_of(snippet, names):
    """What a snippet prints when it is run, in a page's names; of an error, its last line."""
    if snippet.kind == "console":
        program, *arguments = shlex.split(snippet.code)
        assert program == "kdtheory"
        return CliRunner().invoke(cli.app, ["--no-cache", *arguments]).output
    printed = io.StringIO()
    code = compile(snippet.code, "page", "exec")
    with contextlib.redirect_stdout(printed):
        if snippet.kind == "python":
            exec(code, names)
            return printed.getvalue()
        try:
            exec(code, names)
        except Exception as problem:
            return f"{type(problem).__name__}: {problem}"
    return "nothing was raised"


def pattern(shown):
    """What output must look like: the lines shown, where a line of three dots is any lines."""
    lines = [line.rstrip() for line in shown.strip().splitlines()]
    parts = [".*" if line == "..." else re.escape(line) for line in lines]
    return re.compile("\n".join(parts), re.DOTALL)


def stripped(output):
    return "\n".join(line.rstrip() for line in output.strip().splitlines())


def generator():
    """The module docs/generate.py, with what stands beside it."""
    if str(ROOT / "docs") not in sys.path:
        sys.path.append(str(ROOT / "docs"))
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
