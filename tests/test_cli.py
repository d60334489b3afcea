"""The command line as a user meets it: what it prints, how it exits."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kdtheory import cli
from kdtheory.claim import Claim
from kdtheory.domains import simplex
from kdtheory.results import BestConstant, Check, Mutation, Verdict
from kdtheory.theorems import CLAIMS

FAST = "variance_reduction/equality"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["--no-cache", *arguments])


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from kdtheory.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'jax', 'numpy', 'scipy', 'sympy', 'matplotlib', 'hypothesis', 'flint'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("list", "show", "verify", "falsify", "findings", "decompose", "best-constant"):
        assert command in done.stdout


def test_list_names_every_claim() -> None:
    result = run("list")
    assert result.exit_code == 0
    assert all(claim.slug in result.stdout for claim in CLAIMS)
    listed = json.loads(run("list", "--json").stdout)
    assert [item["slug"] for item in listed] == [claim.slug for claim in CLAIMS]


def test_show_gives_statement_source_and_instance() -> None:
    result = run("show", "variance_reduction/erm_excess_risk", "--bibtex")
    assert result.exit_code == 0
    for expected in ("does not follow", "arXiv:2005.10419", "39/256", "39/1024", "@misc{menon2020"):
        assert expected in result.stdout


@pytest.mark.parametrize(
    "command", [["show", "nope"], ["verify", "nope"], ["falsify", "nope"], ["findings", "nope"]]
)
def test_an_unknown_claim_is_bad_usage(command: list[str]) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert "got 'nope'; expected a slug, a room or a glob" in result.stderr


def test_a_misspelt_claim_is_met_with_the_nearest() -> None:
    assert (
        "Did you mean variance_reduction/lemma1" in run("show", "variance_reduction/lema1").stderr
    )


def test_verify_prints_a_table_and_json_that_reads_back() -> None:
    result = run("verify", FAST)
    assert result.exit_code == 0
    assert "1 claims: 1 holds; all as expected. Seed 0, float64." in result.stdout
    (item,) = json.loads(run("verify", FAST, "--json", "--seed", "7").stdout)
    check = Check.from_dict(item)
    assert check.slug == FAST
    assert check.verdict is Verdict.HOLDS
    assert check.seed == 7
    assert check.to_dict() == item


def test_verify_can_leave_the_search_out() -> None:
    (item,) = json.loads(run("verify", FAST, "--json", "--rounds", "0").stdout)
    assert (item["searches"], item["reason"]) == ([], "no search was made")


def test_falsify_prints_the_instance() -> None:
    result = run("falsify", "variance_reduction/equality_printed", "--seed", "3")
    assert result.exit_code == 0
    assert "violated" in result.stdout
    assert "right side" in result.stdout
    data = json.loads(run("falsify", "variance_reduction/equality_printed", "--json").stdout)
    assert data["counterexample"]["rhs"] == "0"


def test_falsify_replays_what_it_has_found(tmp_path: Path) -> None:
    slug = "variance_reduction/equality_printed"
    found = tmp_path / "found.json"
    found.write_text(run("falsify", slug, "--json").stdout)
    result = run("falsify", "--replay", str(found))
    assert result.exit_code == 0
    assert f"{slug}: violated (proven again" in result.stdout
    assert "right side    = 0" in result.stdout
    again = json.loads(run("falsify", slug, "--replay", str(found), "--json").stdout)
    assert again["counterexample"] == json.loads(found.read_text())["counterexample"]
    other = run("falsify", FAST, "--replay", str(found))
    assert other.exit_code == 2
    assert "without a counterexample to that claim" in other.stderr


def test_every_finding_is_replayed_from_what_findings_writes(tmp_path: Path) -> None:
    found = tmp_path / "findings.json"
    found.write_text(run("findings", "--json").stdout)
    result = run("falsify", "--replay", str(found))
    assert result.exit_code == 0
    fallen = [claim.slug for claim in CLAIMS if claim.counterexample is not None]
    proven = [line.split(":")[0] for line in result.stdout.splitlines() if "proven again" in line]
    assert proven == fallen


def test_a_replay_that_proves_nothing_is_told_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jax.numpy as jnp

    def claim(slug: str, lhs: object) -> Claim:
        return Claim(slug=slug, lhs=lhs, rhs=lambda p: 0.5, domain=lambda _: simplex(2))

    unclear = claim("user/unclear", lambda p: jnp.linalg.svd(jnp.outer(p, p))[1][0])
    _catalogue(monkeypatch, claim("user/fine", lambda p: p[0]), unclear)
    given = {"size": [], "names": [""], "parts": [["1/3", "2/3"]], "lhs": "1", "rhs": "0"}
    path = tmp_path / "found.json"
    for slug, code in (("user/fine", 1), ("user/unclear", 3), ("user/gone", 2)):
        check = {"slug": slug, "counterexample": {**given, "violation": 1.0}}
        path.write_text(json.dumps(check))
        result = run("falsify", "--replay", str(path))
        assert result.exit_code == code
    check["slug"] = "user/fine"
    path.write_text(json.dumps(check))
    shown = run("falsify", "--replay", str(path)).stdout
    assert "the claim holds there: left side 1/3, right side 1/2" in shown
    assert "= (1/3, 2/3)" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "got neither a claim nor --replay; expected one"),
        (["--replay", "missing.json"], "missing.json (No such file or directory); expected"),
        (["nope", "--replay", "missing.json"], "got 'nope'; expected a slug"),
    ],
)
def test_a_replay_of_nothing_is_bad_usage(arguments: list[str], message: str) -> None:
    result = run("falsify", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_findings_say_what_survives() -> None:
    result = run("findings", "variance_reduction")
    assert result.exit_code == 0
    assert "what survives" in result.stdout
    assert "about the text examined" in result.stdout
    found = json.loads(run("findings", "--json").stdout)
    assert {item["slug"] for item in found} == {
        claim.slug for claim in CLAIMS if claim.counterexample is not None
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "0"], "--level: got 0.0; expected a number in (0, 1)"),
        (["--seed", "-1"], "seed"),
    ],
)
def test_bad_options_are_bad_usage(arguments: list[str], message: str) -> None:
    result = run("verify", FAST, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", FAST),
        ("falsify", FAST),
        ("plot", FAST),
        ("mutants", FAST),
        ("report", FAST, "-o", "page.html"),
        ("decompose", "--dataset", "diabetes"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_another_precision_is_refused(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--dtype", "float16")
    assert result.exit_code == 2
    assert "--dtype: got 'float16'; expected 'float64' or 'float32'. Choose" in result.stderr


def test_a_run_in_float32_says_what_it_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax.numpy as jnp

    def unknown(p: object) -> object:
        return 3 * jnp.linalg.svd((p[0] / 3).reshape(1, 1), compute_uv=False)[0]

    def claim(slug: str, lhs: object) -> Claim:
        return Claim(slug=slug, lhs=lhs, rhs=lambda p: p[0], domain=lambda _: simplex(2))

    told = "float32 cannot tell less than 6.1e-05 of a claim's scale from zero"
    _catalogue(monkeypatch, claim("user/true", lambda p: p[0]), claim("user/hidden", unknown))
    narrow = ("--dtype", "float32", "--jobs", "1", "--rounds", "0")
    fine = run("verify", "user/true", *narrow)
    assert fine.exit_code == 0
    assert told in fine.stdout
    assert told in run("falsify", "user/true", "--dtype", "float32").stdout
    hidden = run("verify", "user/hidden", *narrow)
    assert hidden.exit_code == 3
    assert "float32 cannot tell a violation of" in hidden.stdout
    wide = run("verify", "user/hidden", "--jobs", "1", "--rounds", "0")
    assert wide.exit_code == 0
    assert "cannot tell" not in wide.stdout


def test_a_figure_in_float32_says_so() -> None:
    arguments = ("plot", "variance_reduction/lemma1", "--draws", "0", "--dtype", "float32")
    assert "float32 cannot tell less than 6.1e-05 of a claim's scale" in run(*arguments).stdout
    curve = json.loads(run(*arguments, "--json").stdout)
    assert curve["dtype"] == "float32"


def _catalogue(monkeypatch: pytest.MonkeyPatch, *claims: Claim) -> None:
    """Puts a room of these claims in the place of the catalogue."""
    monkeypatch.setattr("kdtheory.theorems.CLAIMS", claims)
    monkeypatch.setattr("kdtheory.theorems.ROOMS", ("user",))
    monkeypatch.setattr("kdtheory.theorems.claims_in", lambda _: claims)


def test_exit_codes_tell_surprise_from_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax.numpy as jnp

    def claim(slug: str, rhs: object) -> Claim:
        return Claim(slug=slug, lhs=lambda p: p[0], rhs=rhs, domain=lambda _: simplex(2))

    wrong = claim("user/wrong", lambda p: 0.5)
    unclear = claim("user/unclear", lambda p: 2.0 + 0.0 * jnp.log(p[0] - 0.5))
    _catalogue(monkeypatch, wrong)
    assert run("verify", "--jobs", "1").exit_code == 1
    assert "(!)" in run("verify", "--jobs", "1").stdout
    assert run("falsify", "user/wrong").exit_code == 1
    _catalogue(monkeypatch, unclear)
    assert run("verify", "--jobs", "1").exit_code == 3
    _catalogue(monkeypatch, wrong, unclear)
    assert run("verify", "--jobs", "1").exit_code == 1


def test_best_constant_prints_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from kdtheory.domains import box, reals

    def claim(size: tuple[int, ...]) -> Claim:
        # The largest entry is at most C times the smallest, for entries in [1, size].
        return Claim(
            slug="user/ratio",
            lhs=lambda x, C: x.max(),
            rhs=lambda x, C: C * x.min(),
            domain=lambda size: (box(1, size[0], 2) * reals()).named("x", "C"),
            sizes=(size,),
        )

    _catalogue(monkeypatch, claim((2,)))
    result = run("best-constant", "user/ratio", "C", "--sizes", "2,3")
    assert result.exit_code == 0
    assert "smallest C  3      3      attained         C >= 3" in result.stdout
    data = json.loads(run("best-constant", "user/ratio", "C", "--json", "--seed", "1").stdout)
    assert BestConstant.from_dict(data).rows[0].guess == "2"
    for arguments, message in (
        (["user/ratio", "D"], "constant: got 'D'; expected the name of a part of the domain: x, C"),
        (["user/ratio", "C", "--sizes", "a"], "--sizes: got 'a'; expected sizes such as"),
        (["user/rato", "C"], "got 'user/rato'; expected the slug of a claim"),
    ):
        refused = run("best-constant", *arguments)
        assert refused.exit_code == 2
        assert message in refused.stderr


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_an_interrupted_run_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import kdtheory.tools

    room = ["variance_reduction/equality*"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run("verify", *room, "--results", str(whole)).exit_code == 0
    examine = kdtheory.tools.verify
    examined = []

    def interrupted(claim: object, **options: object) -> object:
        if examined:
            raise KeyboardInterrupt
        examined.append(claim)
        return examine(claim, **options)

    monkeypatch.setattr(kdtheory.tools, "verify", interrupted)
    stopped = run("verify", *room, "--results", str(parts), "--jobs", "1")
    assert stopped.exit_code == 130
    assert "interrupted after 1 of 2 claims; the same command with --resume" in stopped.stderr
    # What was finished is there, whole, and nothing half-written beside it.
    names = {"settings.json", "times.json", "variance_reduction--equality_printed.json"}
    assert set(contents(parts)) == names

    def remaining(claim: object, **options: object) -> object:
        assert claim is not examined[0], "a finished check was repeated"
        return examine(claim, **options)

    monkeypatch.setattr(kdtheory.tools, "verify", remaining)
    assert run("verify", *room, "--results", str(parts), "--resume", "--jobs", "1").exit_code == 0
    monkeypatch.undo()
    # The same results as without an interruption, to the letter; times are elsewhere.
    one, other = contents(whole), contents(parts)
    times = [json.loads(folder.pop("times.json")) for folder in (one, other)]
    assert one == other
    assert set(times[0]) == set(times[1])
    assert all("seconds" not in text for text in one.values())


def test_a_run_with_other_settings_is_not_resumed(tmp_path: Path) -> None:
    folder = ["--results", str(tmp_path)]
    (tmp_path / "settings.json").write_text('{"seed": 1}')
    other = run("verify", FAST, *folder, "--resume")
    assert other.exit_code == 2
    assert "holds a run with {'seed': 1}; expected" in other.stderr
    (tmp_path / "settings.json").write_text("not json")
    assert run("verify", FAST, *folder, "--resume").exit_code == 2
    # Started afresh, it takes the folder over; a damaged claim is examined again.
    assert run("verify", FAST, *folder).exit_code == 0
    kept = tmp_path / (FAST.replace("/", "--") + ".json")
    text = kept.read_text()
    kept.write_text(text[:100])
    assert run("verify", FAST, *folder, "--resume").exit_code == 0
    assert kept.read_text() == text


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    refused = run("verify", FAST, "--results", str(blocked / "run"))
    assert refused.exit_code == 2
    assert "cannot be written" in refused.stderr
    assert "Name another with --results FOLDER" in refused.stderr


def test_interrupted_mutants_are_reported_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    mutate = importlib.import_module("kdtheory.tools.mutate")

    precisions = []

    def score(claim: Claim, *, dtype: str, **_: object) -> tuple[Mutation, ...]:
        precisions.append(dtype)
        if claim.slug.endswith("/gap_identity"):
            raise KeyboardInterrupt
        return (
            Mutation(claim.slug, "none", (), 1.0),
            Mutation(claim.slug, "sides swapped", ("search",), 1.0),
            Mutation(claim.slug, "lhs 1 % too small", (), 1.0, "no draw sees it"),
        )

    monkeypatch.setattr(mutate, "mutation_score", score)
    result = run("mutants", "variance_reduction/lemma1", "variance_reduction/gap_identity")
    assert result.exit_code == 130
    assert "interrupted after 1 of 2 claims" in result.stderr
    assert "1 of 2 planted errors caught; mutation score 100.0%" in result.stdout
    assert "survivor: variance_reduction/lemma1: lhs 1 % too small (no draw sees it)" in (
        result.stdout
    )
    narrow = run("mutants", "variance_reduction/lemma1", "--dtype", "float32")
    assert narrow.exit_code == 0
    assert "float32 cannot tell less than 6.1e-05" in narrow.stdout
    assert precisions == ["float64", "float64", "float32"]
