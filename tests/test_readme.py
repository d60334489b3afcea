"""The README and the pages in docs: their code does what they say, their generated parts are fresh.

What is verified in a full run is not run again here: verify.json keeps its figures.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pages
import pytest

from kdtheory import cli
from kdtheory.replications import NAMES, find
from kdtheory.theorems import CLAIMS

WITH_CODE = [name for name in pages.PAGES if any(pages.snippets(name))]
# Their own tests run these commands on other input; here it is about the words on the page.
SLOW = re.compile(r"kdtheory (assess|bounds|decompose|falsify|sharpness) ")


@pytest.fixture(scope="module")
def generate():
    return pages.generator()


def with_code():
    for name in WITH_CODE:
        # Other tests call what these pages show, on other input.
        slow = name in ("sharpness.md", "decompose.md")
        yield pytest.param(name, marks=[pytest.mark.thorough] if slow else [])


@pytest.mark.parametrize("name", list(with_code()))
def test_code_prints_what_stands_below_it(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for snippet in pages.snippets(name):
        if snippet.kind != "console":
            printed = pages.stripped(pages.output_of(snippet, names))
            assert printed == pages.stripped(snippet.shown), snippet.code


def commands():
    for name in WITH_CODE:
        for snippet in pages.snippets(name):
            if snippet.kind == "console" and snippet.shown.strip():
                slow = [pytest.mark.thorough] if SLOW.match(snippet.code) else []
                yield pytest.param(name, snippet, marks=slow, id=f"{name}: {snippet.code}")


@pytest.mark.parametrize(("name", "snippet"), list(commands()))
def test_commands_print_what_stands_below_them(name, snippet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for before in pages.snippets(name):
        if before.kind == "python" and "savez" in before.code:  # writes what the command reads
            pages.output_of(before, {})
    output = pages.stripped(pages.output_of(snippet, {}))
    assert pages.pattern(snippet.shown).fullmatch(output), output


@pytest.mark.parametrize("name", pages.PAGES)
def test_every_command_named_exists(name):
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    text = pages.text_of(name)
    shell = "\n".join(body for kind, body in pages.blocks(name) if kind in ("sh", "console"))
    used = re.findall(r"^(?:\$ )?kdtheory ([a-z][\w-]*)", shell, re.MULTILINE)
    used += re.findall(r"`kdtheory ([a-z][\w-]*)", text)
    assert set(used) <= known


@pytest.mark.parametrize("name", pages.PAGES)
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", pages.text_of(name))
    local = [link for link in links if "://" not in link]
    assert all((pages.PAGES[name].parent / link).is_file() for link in local)


def test_every_page_is_within_reach_of_the_readme():
    seen, left = set(), [pages.PAGES["README.md"]]
    while left:
        page = left.pop()
        if page.suffix == ".md" and page not in seen:
            seen.add(page)
            links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
            left += [(page.parent / link).resolve() for link in links]
    assert {Path(page).resolve() for page in pages.PAGES.values()} <= {p.resolve() for p in seen}


def test_the_readme_stays_one():
    assert len(pages.text_of("README.md").splitlines()) <= 450


# --- generated parts ----------------------------------------------------------------------------


def test_generated_parts_are_fresh(generate):
    assert [page.name for page in generate.stale()] == []


def test_every_part_that_can_be_generated_stands_somewhere(generate):
    text = "".join(map(pages.text_of, pages.PAGES))
    assert {part[2] for part in generate.PART.finditer(text)} == set(generate.PARTS)


def test_a_stale_part_is_seen(generate):
    fresh = pages.text_of("catalogue.md")
    assert generate.renewed(fresh.replace("| holds |", "| proven |", 1)) == fresh
    assert generate.renewed(fresh + "<!-- generated: ledger -->\n<!-- end -->") != fresh


def test_the_figures_are_those_of_the_whole_catalogue(generate):
    run = json.loads(generate.VERIFIED.read_text(encoding="utf-8"))
    expected = {
        claim.slug: "holds" if claim.counterexample is None else "violated" for claim in CLAIMS
    }
    assert [row["slug"] for row in run["checks"]] == list(expected)
    assert {row["slug"]: row["verdict"] for row in run["checks"]} == expected
    assert all(set(row) == {"slug", "verdict", *generate.CELLS} for row in run["checks"])


def test_a_run_is_taken_over(generate):
    from kdtheory.results import Check, Examined, Search, Verdict

    examined = Examined((2,), 1000, 990, 0.5, 0, 0, 0)
    search = Search((2,), 24, -0.25, 0.001, 24)

    def check(claim):
        holds = claim.counterexample is None
        verdict = Verdict.HOLDS if holds else Verdict.VIOLATED
        parts = {"examined": (examined,), "searches": (search,)}
        return Check(claim.slug, verdict, verdict, "", 7, "float32", **parts)

    run = json.loads(generate.kept([check(claim) for claim in CLAIMS]))
    assert (run["seed"], run["dtype"], len(run["checks"])) == (7, "float32", len(CLAIMS))
    assert run["checks"][0] == {
        "slug": "variance_reduction/lemma1",
        "verdict": "holds",
        "instances": "1,024",  # 1000 sampled, 24 searched
        "worst_slack": "-2.5e-01",
        "draws": "",
        "caught": "1e-03",
    }
    with pytest.raises(SystemExit, match="not those of the catalogue"):
        generate.kept([check(claim) for claim in CLAIMS[1:]])


SAID = ("key", "says", "ours", "test")


def test_what_is_said_of_studies_is_said_of_these(generate):
    kept = {one["study"]: one for one in generate.replicated.kept()}
    assert tuple(kept) == NAMES
    for name, one in kept.items():
        study = find(name)
        told = [tuple(each[key] for key in SAID) for each in one["statements"]]
        assert told == [tuple(getattr(each, key) for key in SAID) for each in study.statements], (
            name
        )
        left_open = {choice.name: list(choice.tried) for choice in study.choices}
        assert (one["title"], one["done"], one["left_open"], one["notes"]) == (
            study.title,
            study.done,
            left_open,
            list(study.notes),
        ), name


def test_the_verdicts_of_studies_are_those_of_their_numbers(generate):
    """What is kept of a run is consistent: verdicts follow from the intervals beside them."""
    for one in generate.replicated.kept():
        for statement in one["statements"]:
            readings = []
            for each in statement["readings"]:
                above, below = map(float, each["asserted"])
                ends = [(float(m["low"]), float(m["high"])) for m in each["measured"]]
                if any(high <= above or low >= below for low, high in ends):
                    expected = "not replicated from the description"
                elif all(above < low and high < below for low, high in ends):
                    expected = "replicated"
                else:
                    expected = "undecided"
                assert each["verdict"] == expected, (one["study"], each["reading"])
                readings.append(expected)
            kinds = ("replicated", "not replicated from the description", "undecided")
            over = {
                (1, 0, 0): "replicated",
                (0, 1, 0): "not replicated from the description",
                (0, 0, 1): "undecided",
                (1, 0, 1): "replicated in some readings, undecided in the others",
                (0, 1, 1): "replicated in no reading, undecided in some",
            }.get(
                tuple(int(kind in readings) for kind in kinds),
                "depends on what the text leaves open",
            )
            assert statement["verdict"] == over, (one["study"], statement["key"])


def test_a_run_of_studies_is_taken_over_whole(generate, tmp_path):
    with pytest.raises(SystemExit, match="no findings of menon_figure_1, .* Replicate all"):
        generate.replicated.take_over(tmp_path)
    for name in NAMES:
        told = {"size": "small", "seed": int(name == "menon_figure_3")}
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    with pytest.raises(SystemExit, match="several sizes or seeds"):
        generate.replicated.take_over(tmp_path)
