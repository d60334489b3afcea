"""The page of `kdtheory report`: strict HTML, whole in itself, and what it says of claims."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import html5lib
import jax.numpy as jnp
import numpy as np
import pytest

import kdtheory
from kdtheory.claim import Assumption, Case, Claim, Finding
from kdtheory.domains import simplex
from kdtheory.results import Verdict
from kdtheory.theorems import find
from kdtheory.tools.page import Entry, Ran, page
from kdtheory.tools.page.figure import _drawn, described, figure
from kdtheory.tools.page.markup import node, text_of
from kdtheory.tools.publish import report_page, telling_curve

EVIL = '<script>alert("1")</script> & <b>'

# A reader's claims: the smallest entry of two probabilities is at most 1/2, which is attained; that
# it is at most 1/3 fails by up to 1/6.
HALF = Claim(
    slug="mine/half",
    title=EVIL,
    statement=r"\min_j p_j \le \tfrac12",
    lhs=jnp.min,
    rhs=lambda p: 0.5,
    domain=lambda _: simplex(2),
    assumptions=(Assumption("sum", EVIL + r" $\sum_jp_j=1$", lambda p: p.sum() - 1),),
    tight=(Case("fair", lambda: jnp.array([0.5, 0.5]), EVIL),),
    corrects="mine/third",
    uses=("elsewhere/lemma",),
)
THIRD = dataclasses.replace(
    HALF,
    slug="mine/third",
    title="At most a third",
    statement=r"\min_j p_j \le \tfrac13",
    rhs=lambda p: 1 / 3,
    tight=(),
    corrects=None,
    finding=Finding.FAILS,
    what_survives="one half: mine/half",
    counterexample=Case("fair", lambda: jnp.array([0.5, 0.5]), "both are 1/2"),
)
PROOF = {
    "status": "complete",
    "idea": EVIL + r" since $p_1+p_2=1$",
    "lemmas": ["mine/third", "elsewhere/lemma"],
    "steps": [
        {
            "kind": kind,
            "statement": r"$2\min_jp_j\le1$",
            "uses": ["mine/third"],
            "method": EVIL,
            "sizes": "two entries" if kind == "checked" else "",
            "reference": "",
            "rejected": ["three entries"],
            "accepted": ["one half"],
        }
        for kind in ("assumed", "checked", "refuted")
    ],
}
RAN = Ran("1.2.3", f"kdtheory report {EVIL}", "2030-01-02", (7,), ("float64",), 0)


def checked(claim):
    return kdtheory.verify(claim, rounds=0, instances=64, draws=256)


def parsed(text):
    """The page as a browser reads it; anything that is not strictly HTML raises."""
    tree = html5lib.getTreeBuilder("etree")
    return html5lib.HTMLParser(tree, strict=True, namespaceHTMLElements=False).parse(text)


@pytest.fixture(scope="module")
def entries():
    with kdtheory.tools._compile.precision("float64"):
        return [
            Entry(claim, checked(claim), telling_curve(claim, (HALF, THIRD), draws=0), *proved)
            for claim, proved in ((HALF, (PROOF, "2x2, 3x3")), (THIRD, ()))
        ]


@pytest.fixture(scope="module")
def html(entries):
    return page(entries, RAN, title="Mine " + EVIL, rooms={"mine": "Minima: two claims, $p$"})


@pytest.fixture(scope="module")
def tree(html):
    return parsed(html)


def text(element):
    return " ".join("".join(element.itertext()).split())


def by_id(tree, name):
    (found,) = [one for one in tree.iter() if one.get("id") == name]
    return found


def local(element):
    return str(element.tag).rpartition("}")[2]


def test_names_are_unique_and_links_resolve(tree):
    names = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(names) == len(set(names))
    links = [one.get("href") for one in tree.iter() if local(one) in ("a", "use")]
    links += re.findall(r"url\((#[^)]*)\)", ElementTree.tostring(tree, encoding="unicode"))
    assert "#mine/third" in links
    assert "#finding/mine/third" in links
    assert [one for one in links if one.startswith("#") and one[1:] not in names] == []
    described = [one.get("aria-labelledby", "").split() for one in tree.iter()]
    assert {name for some in described for name in some} <= set(names)


def test_nothing_is_loaded(html, tree):
    assert not [one for one in tree.iter() if one.get("src") or local(one) in ("iframe", "object")]
    loaded = [one for one in tree.iter() if local(one) == "link"]
    assert [one.get("href") for one in loaded] == ["data:,"]
    assert not re.search(r"@import|url\((?!#)", html)
    assert "default-src 'none'" in html
    out = [one.get("href") for one in tree.iter("a") if not one.get("href").startswith("#")]
    assert all(one.startswith("https://arxiv.org/abs/") for one in out)


def test_what_claims_say_never_becomes_markup(tree):
    assert len(list(tree.iter("script"))) == 1
    assert "alert" not in next(tree.iter("script")).text
    # The title of the page, its heading, the entry's title, assumption, case, idea and steps.
    assert text(tree).count('<script>alert("1")</script> & <b>') >= 8


def test_the_page_can_be_found_through_without_eyes(tree):
    root = tree if tree.tag == "html" else tree.find("html")
    assert root.get("lang") == "en"
    headings = [int(local(one)[1]) for one in tree.iter() if re.fullmatch("h[1-6]", local(one))]
    assert headings.count(1) == 1
    assert headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(headings, headings[1:], strict=False)), headings
    skip = next(tree.iter("a"))
    assert by_id(tree, skip.get("href")[1:]).tag == "main"
    for table in tree.iter("table"):
        assert text(table.find("caption"))
        assert all(one.get("scope") in ("col", "row") for one in table.iter("th"))
    pictures = [one for one in tree.iter() if local(one) == "svg"]
    assert len(pictures) == 2
    for one in pictures:
        assert one.get("role") == "img"
        assert all(text(by_id(tree, name)) for name in one.get("aria-labelledby").split())


def test_a_finding_is_told_with_its_instance_and_what_survives(tree):
    told = by_id(tree, "finding/mine/third")
    words = text(told)
    for expected in ("fails", "violated", "both are 1/2", "p1 = (1/2, 1/2)", "Left side1/2"):
        assert expected.replace("p1", "instance part 1") in words, words
    # 1/2 - 1/3.
    assert "Fails by0.166667" in words
    survives = [one for one in told.iter("a") if one.get("href") == "#mine/half"]
    assert len(survives) == 2, "in what survives, and as the correction"
    assert [local(one) for one in told.iter() if local(one) == "svg"] == ["svg"]
    assert "The statement fails at" in words


def test_an_entry_of_the_catalogue_says_what_it_rests_on(tree, entries):
    told = by_id(tree, "mine/half")
    assert told.tag == "details"
    words = text(told)
    for expected in ("holds", "proof: complete", "64", "checked for two entries", "at2x2, 3x3"):
        assert expected in words
    assert "rejects: three entries" in words
    assert "accepts: one half" in words
    assert entries[0].check.verdict is Verdict.HOLDS
    assert not [one for one in told.iter("a") if one.get("href") == "#elsewhere/lemma"]
    assert "elsewhere/lemma" in words
    assert text(by_id(tree, "room-mine")).startswith("MinimaTwo claims, p")
    ran = text(by_id(tree, "ran"))
    for expected in (
        "1.2.3",
        "2030-01-02",
        "Seed7",
        "0 of 2 claims",
        "1: 1 complete",
        "checked for 1 claims",
    ):
        assert expected in ran
    assert "2 claims: 1 holds, 1 violated; all as expected" in text(tree.find(".//header"))


def test_a_surprise_is_marked(entries):
    holds, fails = entries
    surprising = dataclasses.replace(
        holds, check=dataclasses.replace(holds.check, verdict=Verdict.UNDECIDED)
    )
    words = text(parsed(page([surprising, fails], RAN)))
    assert "undecided (not as expected)" in words
    assert "1 NOT as expected" in words


def test_a_page_without_findings_or_figures():
    found = parsed(page([Entry(HALF, checked(HALF))], RAN))
    assert "every statement of this page stands" in text(found)
    assert not [one for one in found.iter() if local(one) == "svg"]


def test_the_papers_examined_are_named_and_linked():
    claim = find("variance_reduction/lemma1")
    told = by_id(parsed(page([Entry(claim, checked(HALF))], RAN)), "editions")
    assert "Why distillation helps" in text(told)
    (link,) = told.iter("a")
    assert link.get("href") == "https://arxiv.org/abs/2005.10419"


# --- figures ------------------------------------------------------------------------------------


def coordinates(root):
    """Every number of every path, in order."""
    paths = [one.get("d", "") for one in root.iter() if local(one) == "path"]
    return np.array([float(n) for path in paths for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", path)])


def test_a_figure_is_small_and_shows_the_same(entries):
    curve = entries[1].curve
    whole, kept = _drawn(curve), figure(curve, "one")
    np.testing.assert_allclose(
        coordinates(kept), coordinates(ElementTree.fromstring(whole)), rtol=0, atol=0.0051
    )
    written = text_of(kept)
    assert len(written) < 0.8 * len(whole)
    assert not re.search(r"#[0-9a-f]{6}\b", written), "a colour that is not the page's"
    words = [text(one) for one in kept.iter() if local(one) == "text"]
    assert "truth" in words
    assert "corrected: half" in words
    assert curve.axis in words
    names = {one.get("id") for one in kept.iter()} - {None}
    assert all(name.startswith("one-") for name in names)


def test_a_figure_in_words_has_its_numbers(entries):
    curve = entries[1].curve
    words = described(curve)
    truth = np.asarray(curve.series[0].values)
    assert f"largest {truth.max():.4g}" in words
    failing = np.asarray(curve.values)[np.asarray(curve.violated)]
    assert f"fails at {len(failing)} of {len(truth)} values" in words
    nothing = dataclasses.replace(
        curve, series=(dataclasses.replace(curve.series[0], values=(np.nan,) * len(truth)),)
    )
    assert "truth: nowhere finite" in described(nothing)


def test_elements_take_text_as_text():
    made = node("p", "a", None, ["<", node("i", "b")], "&", class_="x", aria_label="y", id=None)
    assert text_of(made) == '<p class="x" aria-label="y">a&lt;<i>b</i>&amp;</p>'


# --- a reader's own claims ----------------------------------------------------------------------


def test_a_page_of_ones_own_claims_computes_what_is_missing(entries, monkeypatch):
    module = __import__("importlib").import_module("kdtheory.tools.publish")
    asked = []

    def verify(claim, **options):
        asked.append(claim.slug)
        return entries[0].check

    monkeypatch.setattr(module, "verify", verify)
    written = report_page([HALF, THIRD], [entries[1].check], figures=False, title="Ours")
    assert asked == ["mine/half"]
    found = parsed(written)
    assert text(found.find(".//h1")) == "Ours"
    assert by_id(found, "finding/mine/third") is not None
    with pytest.raises(ValueError, match="claims: got none"):
        report_page([])
    with pytest.raises(ValueError, match="'mine/half' twice"):
        report_page([HALF, HALF])
    with pytest.raises(ValueError, match="checks: got 'mine/third'; expected checks of mine/half"):
        report_page([HALF], [entries[1].check])
