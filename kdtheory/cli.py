"""The command line. Heavy imports are inside the commands, so that --help is instant."""

from __future__ import annotations

import atexit
import contextlib
import gc
import itertools
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from kdtheory._assess_command import assess
from kdtheory._best_constant_command import best_constant
from kdtheory._bounds_command import bounds
from kdtheory._budget_command import budget
from kdtheory._certify_command import certify
from kdtheory._decompose_command import decompose
from kdtheory._descent_command import descent
from kdtheory._device_options import among_processes, in_words, on_device
from kdtheory._dtype_option import Dtype
from kdtheory._falsify_command import falsify
from kdtheory._ledger_command import ledger
from kdtheory._mutants_command import mutants
from kdtheory._plot_command import plot
from kdtheory._replicate_command import replicate
from kdtheory._report_command import report
from kdtheory._sharpness_command import sharpness

if TYPE_CHECKING:
    from kdtheory.claim import Claim
    from kdtheory.results import Check

AS_EXPECTED, UNEXPECTED, BAD_INPUT, UNDECIDED = 0, 1, 2, 3
INTERRUPTED = 130

app = typer.Typer(
    name="kdtheory",
    help="Verify the theory of knowledge distillation numerically, or an inequality of your own. "
    "Exit codes: 0 as expected, 1 an unexpected verdict, 2 bad usage or input, 3 undecided, "
    "4 another process of the run has ended.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Slugs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SLUG]...", help="Claims: slugs, rooms, or globs; all if left out."),
]
Slug = Annotated[str, typer.Argument(help="A claim, a room, or a glob such as '*lemma1'.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON for machines to standard output.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]


def fail(message: str) -> NoReturn:
    """Ends the program with exit code 2 and a message on standard error."""
    typer.echo(f"kdtheory: {message}", err=True)
    raise typer.Exit(BAD_INPUT)


@app.callback()
def options(
    context: typer.Context,
    cache: Annotated[
        bool,
        typer.Option(help="Keep programs and finished claims (folder: KDTHEORY_CACHE_DIR)."),
    ] = True,
) -> None:
    """Reads the options that every command shares."""
    context.obj = cache


def prepare(context: typer.Context) -> None:
    """Turns the compilation cache on, unless it was switched off."""
    if context.obj:
        from kdtheory._cache import keep_compiled_programs

        keep_compiled_programs()


def select(patterns: Sequence[str]) -> list[Claim]:
    """Returns the claims that any of the slugs, rooms or globs names, in reading order.

    Args:
        patterns: slugs, rooms or globs; the whole catalogue if there are none.

    Returns:
        The claims.
    """
    import fnmatch

    from kdtheory import theorems

    # Where every pattern names its room, no other is loaded.
    rooms = {pattern.partition("/")[0] for pattern in patterns}
    named = [room for room in theorems.ROOMS if room in rooms]
    catalogue = [claim for room in named for claim in theorems.claims_in(room)]
    if not rooms or len(named) < len(rooms):
        catalogue = list(theorems.CLAIMS)
    chosen: set[str] = set()
    for pattern in patterns:
        matching = {
            claim.slug
            for claim in catalogue
            if fnmatch.fnmatchcase(claim.slug, pattern) or claim.slug.split("/")[0] == pattern
        }
        if not matching:
            import difflib

            slugs = [claim.slug for claim in theorems.CLAIMS]
            known = slugs + [slug.split("/")[0] for slug in slugs]
            near = difflib.get_close_matches(pattern, known, n=3, cutoff=0.4)
            hint = f"Did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
            fail(f"claim: got {pattern!r}; expected a slug, a room or a glob. {hint}")
        chosen |= matching
    return [claim for claim in catalogue if not patterns or claim.slug in chosen]


@app.command("list")
def list_claims(
    slugs: Slugs = None,
    rungs: Annotated[
        bool, typer.Option("--rungs", help="Run proofs and certificates; say how far each is.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the catalogue."""
    from kdtheory.tools import report

    claims = select(slugs or [])
    reached = _rungs(claims) if rungs else []
    if as_json:
        pairs = itertools.zip_longest(claims, reached)
        report.write_json([_summary(c) | ({"rung": words} if words else {}) for c, words in pairs])
        return
    report.console().print(report.claims_table(claims, reached))


def _rungs(claims: Sequence[Claim]) -> list[str]:
    """Returns the highest rung that each claim has reached, in words."""
    from kdtheory.rungs import rungs

    with progress(len(claims)) as at:
        places = {claim.slug: index for index, claim in enumerate(claims)}
        reached = rungs(claims, lambda slug: at(slug, places.get(slug, 0)))
    return [f"{one.value}: {sizes}" if sizes else one.value for one, sizes in reached]


def _summary(claim: Claim) -> dict[str, Any]:
    """Returns what the lists say of a claim."""
    from kdtheory.certificates import shipped

    return {
        "slug": claim.slug,
        "title": claim.title,
        "statement": claim.statement,
        "relation": claim.relation.value,
        "source": str(claim.source),
        "text_examined": claim.text_examined.value,
        "finding": claim.finding.value,
        "what_survives": claim.what_survives,
        "corrects": claim.corrects,
        "sharpens": claim.sharpens,
        "uses": list(claim.uses),
        "certified_at": shipped.sizes_in_words(claim.slug),
    }


@app.command()
def show(
    slug: Slug,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Add the paper's BibTeX entry.")] = False,
    proof: Annotated[
        bool, typer.Option("--proof", help="Add the steps of its proof, each of them checked now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is claimed, what stands, and where it is tight or breaks."""
    from kdtheory.tools import report
    from kdtheory.tools._compile import precision

    claims = select([slug])
    found = proofs([claim.slug for claim in claims]) if proof else {}
    if as_json:
        from proofs_check import rendering

        told = {slug: {"proof": rendering.plain(result)} for slug, result in found.items()}
        report.write_json([{**_summary(claim), **told.get(claim.slug, {})} for claim in claims])
        return
    with precision("float64"):
        for index, claim in enumerate(claims):
            typer.echo("\n" * bool(index) + "\n".join(report.claim_page(claim)))
            if claim.slug in found:
                from proofs_check import rendering

                typer.echo("\n" + "\n".join(rendering.proof_page(found[claim.slug])))
            if bibtex and claim.source.paper is not None:
                typer.echo("\n" + claim.source.paper.bibtex)


def proofs(slugs: Sequence[str]) -> dict[str, Any]:
    """Returns slug -> what came of its proof, checked now, for those that have one."""
    from proofs_check import catalogue, running

    known = catalogue.all_proofs()
    with progress(len(slugs)) as at:
        found = running.run(known, catalogue.assumptions(), slugs, lambda slug: at(slug, 0))
        return {result.slug: result for result in found}


@contextlib.contextmanager
def progress(total: int, *, percent: bool = False) -> Iterator[Any]:
    """Shows a bar on standard error while its body runs.

    Args:
        total: how many pieces of work there are.
        percent: whether to show their share instead of their number.

    Yields:
        A function (name of the work in hand, how many are done) that moves the bar.
    """
    from rich import progress as parts
    from rich.console import Console

    from kdtheory._devices import is_first

    columns = (
        parts.BarColumn(),
        parts.TaskProgressColumn() if percent else parts.MofNCompleteColumn(),
        parts.TimeElapsedColumn(),
        parts.TextColumn("{task.description}"),
    )
    console = Console(stderr=True)
    with parts.Progress(*columns, console=console, transient=True, disable=not is_first()) as bar:
        task = bar.add_task("", total=total)

        def at(name: str, done: int) -> None:
            bar.update(task, description=name, completed=done)

        yield at


def exit_code(checks: Sequence[Check]) -> int:
    """Returns the exit code for verdicts: as expected, unexpected, or undecided."""
    from kdtheory.results import Verdict

    surprising = [check for check in checks if not check.as_expected]
    if any(check.verdict is not Verdict.UNDECIDED for check in surprising):
        return UNEXPECTED
    return UNDECIDED if surprising else AS_EXPECTED


@app.command()
@among_processes
@on_device
def verify(
    context: typer.Context,
    slugs: Slugs = None,
    seed: Seed = 0,
    dtype: Dtype = "float64",
    level: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Chance that any right evaluator is disputed by draws."
        ),
    ] = 1e-3,
    rounds: Annotated[
        int,
        typer.Option(min=0, help="How often the search starts afresh; 0 leaves it out: quicker."),
    ] = 1,
    results: Annotated[
        Path | None,
        typer.Option(help="Folder for finished claims; left out, one in the user's cache."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted run with these settings.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=0, help="Processes, about a gigabyte each; 0: one for every core.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Examine claims from every side; without an argument, the whole catalogue."""
    from kdtheory._examine import examine
    from kdtheory._numerics import resolution
    from kdtheory.tools import report

    claims = select(slugs or [])
    if not level > 0:
        fail(f"--level: got {level}; expected a number in (0, 1). Choose one, such as 0.001.")
    prepare(context)
    options = {"seed": seed, "dtype": dtype, "level": level / len(claims), "rounds": rounds}
    checks = examine(claims, jobs, options, cached=context.obj, results=results, resume=resume)
    if as_json:
        report.write_json(checks)
    else:
        out = report.console(160)
        out.print(report.checks_table(checks, claims))
        for check in checks:
            if not check.as_expected:
                out.print(f"{check.slug}: {check.reason}", style="bold", markup=False)
        out.print(f"\n{report.summary(checks)} Seed {seed}, {dtype}{in_words()}.", markup=False)
        if coarse := resolution(dtype):
            out.print(f"{coarse}.", markup=False)
        out.print(report.LEGEND, style="dim", markup=False)
    raise typer.Exit(exit_code(checks))


@app.command()
def findings(slugs: Slugs = None, as_json: Json = False) -> None:
    """List the statements that do not hold as printed, what survives, and the smallest instance."""
    from kdtheory.claim import Finding
    from kdtheory.tools import report
    from kdtheory.tools._compile import precision

    claims = [claim for claim in select(slugs or []) if claim.finding is not Finding.STANDS]
    with precision("float64"):
        found = [report.recorded_counterexample(claim) for claim in claims]
    if as_json:
        pairs = zip(claims, found, strict=True)
        report.write_json([{**_summary(claim), "counterexample": one} for claim, one in pairs])
        return
    for claim, one in zip(claims, found, strict=True):
        typer.echo(f"{claim.slug} [{claim.finding.value}; {claim.text_examined.value}]")
        typer.echo(f"  {claim.source}: {claim.title}")
        typer.echo(f"  what survives: {claim.what_survives}")
        if one is not None:
            typer.echo(textwrap.indent(f"{one.note}\n{one}", "  "))
        typer.echo()
    typer.echo("A finding is about the text examined, not about other versions of the paper.")


_COMMANDS: dict[str, Callable[..., None]] = {
    "assess": on_device(assess),
    "best-constant": on_device(best_constant),
    "bounds": on_device(bounds),
    "budget": on_device(budget),
    "certify": certify,
    "decompose": on_device(decompose),
    "descent": on_device(descent),
    "falsify": among_processes(on_device(falsify)),
    "ledger": ledger,
    "mutants": on_device(mutants),
    "plot": on_device(plot),
    "replicate": on_device(replicate),
    "report": on_device(report),
    "sharpness": on_device(sharpness),
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Runs the command line."""
    # Libraries and traces are many objects that stay: looking through them often finds nothing.
    gc.set_threshold(100_000)
    # At its end Python looks through all of them once more, which takes a third of a second.
    atexit.register(gc.freeze)
    app()


if __name__ == "__main__":
    main()
