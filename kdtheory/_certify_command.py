"""The command ``certify``: checks the certificates that come with the package, or looks for one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from kdtheory.certificates import Certificate


def certify(
    slugs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SLUG]...", help="Claims or lemmas: slugs, rooms or globs."),
    ] = None,
    search: Annotated[
        bool, typer.Option("--search", help="Look for a certificate of one claim instead.")
    ] = False,
    size: Annotated[
        str | None, typer.Option(help="With --search: the size, such as 2x3; home if left out.")
    ] = None,
    epsilon: Annotated[
        str, typer.Option(help="With --search: up to how much, such as 1/1000.")
    ] = "0",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="With --search: a file for it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Check the certificates that come with the package: proofs for whole families, as data."""
    from kdtheory import _check

    try:
        if search:
            _search(slugs or [], size, epsilon, output, as_json)
        if size is not None or epsilon != "0" or output is not None:
            _check.refuse("options", "one of --search alone", "--search too", "Add it.")
    except _check.InputError as problem:
        from kdtheory import cli

        cli.fail(str(problem))
    _check_shipped(slugs or [], as_json)


def _check_shipped(patterns: list[str], as_json: bool) -> NoReturn:
    from kdtheory import cli, rungs
    from kdtheory.certificates import CertificateError, shipped
    from kdtheory.tools import report

    rows: list[dict[str, Any]] = []
    for slug, names in shipped.names().items():
        for name in names if _matches(slug, patterns) else ():
            started = time.perf_counter()
            row: dict[str, Any] = {"slug": slug, "file": name}
            try:
                certificate, work = rungs.check_shipped(name)
            except (CertificateError, KeyError, TypeError) as problem:
                row |= {"outcome": "rejected", "reason": str(problem)}
            else:
                row |= {
                    "outcome": certificate.outcome.value,
                    "relation": certificate.relation,
                    "epsilon": certificate.epsilon,
                    "size": list(certificate.size),
                    "family": list(certificate.family),
                    "kind": certificate.kind,
                    "checked": work,
                }
            rows.append({**row, "seconds": time.perf_counter() - started})
    if not rows:
        known = ", ".join(shipped.names())
        cli.fail(f"certify: got {' '.join(patterns)}; expected claims with certificates: {known}.")
    if as_json:
        report.write_json(rows)
    else:
        report.console().print(report.certificates_table(rows))
        for row in rows:
            if row["outcome"] == "rejected":
                typer.echo(f"{row['file']}: {row['reason']}", err=True)
        typer.echo(report.certificates_summary(rows))
    rejected = any(row["outcome"] == "rejected" for row in rows)
    raise typer.Exit(cli.UNEXPECTED if rejected else cli.AS_EXPECTED)


def _matches(slug: str, patterns: list[str]) -> bool:
    import fnmatch

    return not patterns or any(
        fnmatch.fnmatchcase(slug, pattern) or slug.split("/")[0] == pattern for pattern in patterns
    )


def _search(
    slugs: list[str], size: str | None, epsilon: str, output: Path | None, as_json: bool
) -> NoReturn:
    from kdtheory import _check, cli, rungs
    from kdtheory.certificates import Outcome
    from kdtheory.tools import certify as look
    from kdtheory.tools import report

    if len(slugs) != 1:
        _check.refuse("--search", f"{len(slugs)} claims", "one", "Name it in full.")
    _check.output_file("--output", output, (".json",))
    try:
        claim = rungs.claim_of(slugs[0])
    except KeyError as problem:
        cli.fail(str(problem.args[0]))
    try:
        found: Certificate = look(claim, size=_size(size), epsilon=epsilon)
    except ValueError as problem:
        cli.fail(str(problem))
    if output is not None:
        output.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf-8")
    if as_json:
        report.write_json(found)
    else:
        typer.echo(f"{found.slug} {found.size if found.size else ''}".rstrip())
        typer.echo(str(found))
    codes = {Outcome.CERTIFIED: cli.AS_EXPECTED, Outcome.REFUTED: cli.UNEXPECTED}
    raise typer.Exit(codes.get(found.outcome, cli.UNDECIDED))


def _size(text: str | None) -> tuple[int, ...] | None:
    from kdtheory import _check

    try:
        return None if text is None else tuple(int(side) for side in text.split("x"))
    except ValueError:
        _check.refuse("--size", repr(text), "a size such as 2x3", "Give it so.")
