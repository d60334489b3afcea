"""``python -m proofs_check [room or slug]...``: runs the proofs and says what they amount to."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from collections.abc import Sequence

from proofs_check import catalogue, rendering
from proofs_check.running import run


def selected(patterns: Sequence[str], slugs: Sequence[str]) -> list[str]:
    """Returns the slugs that any of the slugs, rooms or globs names; all if there are none.

    Raises:
        ValueError: for a pattern that names nothing.
    """
    chosen: set[str] = set()
    for pattern in patterns:
        found = {
            slug
            for slug in slugs
            if fnmatch.fnmatchcase(slug, pattern) or slug.split("/")[0] == pattern
        }
        if not found:
            raise ValueError(
                f"got {pattern!r}; expected a slug, a glob, or a room: {', '.join(catalogue.ROOMS)}"
            )
        chosen |= found
    return [slug for slug in slugs if not patterns or slug in chosen]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs proofs; returns 0 if every check answered as it should, 1 if not, 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m proofs_check",
        description="Check the proof steps of the catalogue, and that wrong variants are rejected.",
    )
    parser.add_argument("claims", nargs="*", help="slugs, rooms or globs; all if left out")
    parser.add_argument("--json", action="store_true", help="write everything as JSON")
    parser.add_argument("--markdown", action="store_true", help="write the table in Markdown")
    parser.add_argument("--full", action="store_true", help="write the proofs, not just a table")
    options = parser.parse_args(arguments)
    proofs = catalogue.all_proofs()
    try:
        wanted = selected(options.claims, list(proofs))
    except ValueError as problem:
        parser.error(str(problem))

    def watch(slug: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{slug}")

    results = list(run(proofs, catalogue.assumptions(), wanted, watch))
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if options.json:
        lines = [json.dumps([rendering.plain(result) for result in results], indent=2)]
    elif options.markdown:
        lines = [rendering.markdown(results)]
    else:
        lines = []
        for result in results:
            if options.full or not result.as_expected:
                lines += [*rendering.proof_page(result), ""]
        if not options.full:
            lines += rendering.table(results)
        lines += ["", rendering.summary(results)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if all(result.as_expected for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
