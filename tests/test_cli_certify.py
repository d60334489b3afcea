"""The command ``certify``, and what lists and pages say of certificates."""

import json

import pytest
from typer.testing import CliRunner

from kdtheory import cli, rungs
from kdtheory.certificates import Certificate, shipped
from kdtheory.rungs import Rung
from kdtheory.tools import recheck


def run(*arguments):
    return CliRunner().invoke(cli.app, ["--no-cache", *arguments])


def test_it_checks_what_is_shipped():
    result = run("certify", "lemmas/pinsker*", "lemmas/cauchy_schwarz")
    assert result.exit_code == 0
    for words in ("1/1000", "refuted", "6,008 boxes", "7 certificates: 6 certified, 1 refuted"):
        assert words in result.stdout


def test_json_says_for_which_family():
    rows = json.loads(run("certify", "lemmas/hoeffding", "--json").stdout)
    assert len(rows) == 1
    assert rows[0]["family"] == ["q: a number in [0, 1]", "t: a number in [-4, 4]"]
    assert (rows[0]["outcome"], rows[0]["epsilon"]) == ("certified", "1/1000")


def test_a_tampered_file_is_rejected(monkeypatch):
    certificate = shipped.load("lemmas.mean_of_squares.2.json")
    data = json.loads(json.dumps(certificate.data).replace('"1"', '"2"'))
    monkeypatch.setattr(shipped, "load", lambda name: certificate.with_data(data))
    result = run("certify", "lemmas/mean_of_squares")
    assert result.exit_code == 1
    assert "rejected" in result.stdout
    assert "the identity does not hold" in result.stderr


def test_it_looks_for_new_ones(tmp_path):
    file = tmp_path / "found.json"
    result = run("certify", "lemmas/bhatia_davis", "--search", "--size", "2", "-o", str(file))
    assert result.exit_code == 0
    assert "certified: left side <= right side" in result.stdout
    assert "probs: distributions, 2" in result.stdout
    found = Certificate.from_dict(json.loads(file.read_text()))
    assert recheck(found, rungs.claim_of(found.slug))


def test_a_search_that_refutes_or_ends():
    result = run("certify", "lemmas/pinsker_too_large", "--search")
    assert result.exit_code == 1
    assert "fails on the box" in result.stdout
    result = run("certify", "lemmas/mean_of_squares", "--search", "--size", "2", "--json")
    assert json.loads(result.stdout)["outcome"] == "certified"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "got nope; expected claims with certificates: bias_variance/"),
        (["lemmas/pinsker", "--size", "2"], "expected --search too"),
        (["--search"], "--search: got 0 claims; expected one"),
        (["nope", "--search"], "expected the slug of a claim"),
        (["lemmas/bhatia_davis", "--search", "--size", "two"], "--size: got 'two'"),
        (["lemmas/bhatia_davis", "--search", "--epsilon", "-1"], "epsilon: got -1"),
        (["lemmas/bhatia_davis", "--search", "-o", "x.txt"], "--output: got '.txt'"),
        (["variance_reduction/kl_form", "--search"], "over: got input_weights: distributions, 3"),
    ],
)
def test_bad_usage_in_words(arguments, message):
    result = run("certify", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_lists_and_pages_name_the_sizes():
    result = run("list", "bias_variance/tv_below_norm")
    assert "certified at" in result.stdout
    assert "2, 4" in result.stdout
    listed = json.loads(run("list", "bias_variance/tv_below_norm", "--json").stdout)
    assert listed[0]["certified_at"] == "2, 4"
    page = run("show", "bias_variance/tv_below_norm").stdout
    assert "certified for every instance of these sizes: 2, 4" in page


def test_rungs_are_listed_on_demand(monkeypatch):
    def reached(claims, watch):
        watch(claims[0].slug)
        return [(Rung.CERTIFICATE, "2, 4") for _ in claims]

    monkeypatch.setattr(rungs, "rungs", reached)
    assert "certificate: 2, 4" in run("list", "bias_variance/tv_below_norm", "--rungs").stdout
    listed = json.loads(run("list", "bias_variance/tv_below_norm", "--rungs", "--json").stdout)
    assert listed[0]["rung"] == "certificate: 2, 4"
