"""The command `kdtheory report`: what it writes, what it reuses, and how it refuses."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import check_report
import html5lib
import pytest
from typer.testing import CliRunner, Result

import kdtheory.tools
from kdtheory import _workers, cli
from kdtheory.results import Check, Verdict

CLAIM = "variance_reduction/equality_printed"
REPAIRED = "variance_reduction/equality"
CHECKER = Path(check_report.__file__)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["--no-cache", "report", *arguments])


def test_a_page_is_written_and_finished_claims_are_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, kept = tmp_path / "page.html", tmp_path / "run"
    settings = ["--rounds", "0", "--jobs", "1", "--results", str(kept), "-o", str(page)]
    settings += ["--dtype", "float32"]
    # Verdicts are not what is tested here, nor that processes can be started.
    monkeypatch.setattr(kdtheory.tools, "verify", _verdict)
    monkeypatch.setattr(_workers, "curves_of", _curves_here)
    done = run(CLAIM, REPAIRED, *settings)
    assert done.exit_code == 0, done.output
    assert "(2 claims, 1 figures, " in done.stdout
    html = page.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(html)
    for expected in (
        f"kdtheory report {CLAIM} {REPAIRED} --figures findings --rounds 0 --seed 0 --dtype "
        "float32 -o report.html",
        "float32 cannot tell less than 6.1e-05 of a claim",
        f'href="#{REPAIRED}"',
        "2 claims: 1 holds, 1 violated; all as expected",
        "<svg",
        "proof: ",
    ):
        assert expected in html

    def again(*_: object, **__: object) -> None:
        raise AssertionError("a finished claim was examined again")

    monkeypatch.setattr(kdtheory.tools, "verify", again)
    assert run(CLAIM, REPAIRED, *settings, "--figures", "none").exit_code == 0
    without = page.read_text(encoding="utf-8")
    assert "<svg" not in without
    # The folder is that of a run with other settings.
    other = run(CLAIM, *settings)
    assert other.exit_code == 2
    assert "holds a run with" in other.stderr


def _curves_here(slugs, jobs, *, keep_programs, **options):
    return [_workers._sweep((slug, {**options, "draws": 0})) for slug in slugs]


def _verdict(claim, *, seed, dtype, level, rounds):
    assert (seed, dtype, level, rounds) == (0, "float32", 1e-3 / 2, 0)
    verdict = Verdict.HOLDS if claim.slug == REPAIRED else Verdict.VIOLATED
    return Check(claim.slug, verdict, verdict, "as told", seed, dtype)


def test_it_can_be_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    page, kept = str(tmp_path / "page.html"), str(tmp_path / "run")
    settings = ["--rounds", "0", "--jobs", "1", "--results", kept, "-o", page]
    monkeypatch.setattr(kdtheory.tools, "verify", stopped)
    done = run(REPAIRED, *settings)
    assert done.exit_code == 130
    assert "interrupted after 0 of 1 claims; the same command goes on" in done.stderr
    monkeypatch.undo()
    monkeypatch.setattr(cli, "proofs", stopped)
    done = run(REPAIRED, *settings)
    assert done.exit_code == 130
    assert "interrupted before the page was written; the same command goes on" in done.stderr
    assert not Path(page).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope", "-o", "page.html"], "claim: got 'nope'; expected a slug"),
        (["-o", "page.pdf"], "--output: got '.pdf'; expected .html"),
        (["-o", "nowhere/page.html"], "whose folder does not exist"),
    ],
)
def test_bad_usage_is_refused_before_anything_is_computed(
    arguments: list[str], message: str
) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = run("-o", "page.html")
    assert done.exit_code == 2
    assert 'pip install "kdtheory[report]"' in done.stderr


# --- make check-report, as far as it goes without a browser -------------------------------------


def checker(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECKER), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_without_chromium_it_says_so_and_ends_with_a_code_of_its_own(tmp_path: Path) -> None:
    missing = checker(CHROME="no-such-browser")
    assert missing.returncode == 4
    assert "expected Chromium or Chrome. Install one, or name it: CHROME=" in missing.stdout
    absent = checker(str(tmp_path / "page.html"))
    assert absent.returncode == 2
    assert "expected a page that is there" in absent.stdout


# A stand-in for the browser: it answers every command, and tells of a request and an error.
BROWSER = r"""
import json, os
read, write = os.fdopen(3, "rb"), os.fdopen(4, "wb")
def tell(message):
    write.write(json.dumps(message).encode() + b"\0")
    write.flush()
buffer = b""
while True:
    byte = read.read(1)
    if not byte:
        break
    if byte != b"\0":
        buffer += byte
        continue
    asked, buffer = json.loads(buffer), b""
    result = {"targetId": "t", "sessionId": "s"}
    if asked["method"] == "Runtime.evaluate":
        script = asked["params"]["expression"]
        counted = UNNAMED if script.strip().endswith("length") else []
        value = WIDE if "scrollWidth" in script else counted
        result = {"result": {"value": value}}
    if asked["method"] == "Page.navigate":
        for url in URLS:
            request = {"url": url or asked["params"]["url"]}
            tell({"method": "Network.requestWillBeSent", "params": {"request": request}})
        for error in ERRORS:
            entry = {"level": "error", "text": error}
            tell({"method": "Log.entryAdded", "params": {"entry": entry}})
    tell({"id": asked["id"], "result": result})
    if asked["method"] == "Page.navigate":
        tell({"method": "Page.loadEventFired"})
"""


@pytest.mark.parametrize(
    ("wide", "unnamed", "urls", "errors", "expected"),
    [
        (0, 0, ["", "data:,"], [], []),
        (12, 0, [""], [], ["desktop, light: the page scrolls sideways by 12", "phone, dark: the"]),
        (0, 3, [""], [], ["3 figures without a text alternative"]),
        (0, 0, ["", "https://example.org/a.js"], [], ["loads https://example.org/a.js"]),
        (0, 0, [""], ["no such thing"], ["console: no such thing"]),
    ],
)
def test_what_a_browser_says_is_reported(tmp_path, wide, unnamed, urls, errors, expected) -> None:
    page, browser = tmp_path / "page.html", tmp_path / "chrome"
    page.write_text("<!DOCTYPE html>")
    values = {"WIDE": wide, "UNNAMED": unnamed, "URLS": urls, "ERRORS": errors}
    defined = "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    browser.write_text(f"#!{sys.executable}\n{defined}\n{BROWSER}")
    browser.chmod(0o755)
    done = checker(str(page), CHROME=str(browser))
    assert done.returncode == (1 if expected else 0), done.stdout + done.stderr
    for message in expected:
        assert message in done.stdout
