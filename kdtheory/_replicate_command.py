"""The command ``kdtheory replicate``: the papers' experiments as tables, figures and findings."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer


class Size(enum.StrEnum):
    """How large the studies are."""

    SMALL = "small"
    PAPER = "paper"


def replicate(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Studies, globs, or 'all'; left out, they are listed."
        ),
    ] = None,
    size: Annotated[
        Size,
        typer.Option(help="small: a minute or two each; paper: the text's sizes, where printed."),
    ] = Size.SMALL,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for tables, figures and findings; is made."),
    ] = Path("replications"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    jobs: Annotated[
        int, typer.Option(min=0, help="Processes, one study each; 0: one for every core.")
    ] = 0,
    train: Annotated[
        Path | None,
        typer.Option(help="menon_table_1 on your data: the sparse text format; with --test."),
    ] = None,
    test: Annotated[Path | None, typer.Option(help="The test part of the data.")] = None,
    readings: Annotated[
        bool, typer.Option("--readings", help="List every reading of a study, not only the first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Run the papers' experiments from their descriptions, and say what was replicated."""
    from kdtheory import _check, _replicate_output, cli
    from kdtheory._studies import run
    from kdtheory.tools import report

    try:
        if not names:
            _replicate_output.write_list(as_json=as_json)
            return
        chosen = selected(names)
        files = _files(chosen, train, test)
        _make(output)
    except _check.InputError as problem:
        cli.fail(str(problem))
    cli.prepare(context)
    done: dict[str, _replicate_output.Written] = {}
    try:
        for outcome in run(chosen, size.value, seed, files, jobs, cached=context.obj):
            done[outcome.study.name] = _replicate_output.write_files(outcome, output)
    except _check.InputError as problem:
        cli.fail(str(problem))
    except KeyboardInterrupt:
        left = [name for name in chosen if name not in done]
        typer.echo(_interrupted(len(done), len(chosen), output, left, size, seed), err=True)
        raise typer.Exit(cli.INTERRUPTED) from None
    written = [done[name] for name in chosen]
    if as_json:
        report.write_json([one.plain for one in written])
        return
    _replicate_output.write(written, readings=readings)


def selected(patterns: Sequence[str]) -> list[str]:
    """Returns the names of the studies that any of the names or globs matches, in reading order.

    Args:
        patterns: names, globs, or ``"all"``.

    Raises:
        InputError: for one that matches nothing.
    """
    import fnmatch

    from kdtheory.replications import NAMES, find

    chosen: set[str] = set()
    for pattern in patterns:
        matching = {
            name for name in NAMES if pattern == "all" or fnmatch.fnmatchcase(name, pattern)
        }
        if not matching:
            find(pattern)  # refuses it, and says which are near
        chosen |= matching
    return [name for name in NAMES if name in chosen]


def _files(
    chosen: Sequence[str], train: Path | None, test: Path | None
) -> tuple[Path, Path] | None:
    """Returns the files of a user's own data, if there are any.

    Raises:
        InputError: if one is missing, or no study that was named can read them.
    """
    from kdtheory import _check
    from kdtheory.replications import find

    if train is None and test is None:
        return None
    if train is None or test is None:
        missing = "--train" if train is None else "--test"
        _check.refuse("--train and --test", f"no {missing}", "both files", "Name both.")
    if len(chosen) != 1 or find(chosen[0]).on_files is None:
        got = ", ".join(chosen)
        _check.refuse("--train and --test", f"them for {got}", "them for menon_table_1", "Name it.")
    return train, test


def _make(folder: Path) -> None:
    """Makes the folder before anything is computed."""
    import tempfile

    from kdtheory import _check

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        got = f"{folder}, which cannot be written ({problem})"
        _check.refuse("--output", got, "a folder that can be made and written", "Name another.")


def _interrupted(
    done: int, total: int, output: Path, left: Sequence[str], size: Size, seed: int
) -> str:
    """Returns what is said after an interruption: what is kept, and how to go on."""
    import shlex

    command = ["kdtheory", "replicate", *left, "--size", size.value, "--seed", str(seed)]
    rest = shlex.join([*command, "-o", str(output)])
    kept = f"files of those that finished are in {output}; " if done else ""
    return f"kdtheory: interrupted after {done} of {total} studies; {kept}the rest: {rest}"
