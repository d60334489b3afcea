"""kdtheory ledger: the table, Markdown and JSON, and what it says of bad input."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from kdtheory import _ledger_table, cli
from kdtheory.replications import NAMES, find
from kdtheory.theorems import CLAIMS
from kdtheory.theorems.ledger import entries


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["--no-cache", "ledger", *arguments])


def test_the_whole_ledger_as_data() -> None:
    items = json.loads(run("--json").stdout)
    assert [item["items"] for item in items] == [list(one.items) for one in entries()]
    found = {claim["slug"]: claim for item in items for claim in item["claims"]}
    # A finding of the full text, one that is ours, and one with a proof.
    assert found["bias_variance/eq9_shared"]["finding"] == "fails"
    assert found["bias_variance/eq9_shared"]["expected"] == "violated"
    assert found["bias_variance/eq9_shared"]["proof"].startswith("proof fails at")
    assert found["bias_variance/shared_norm"]["text_examined"].startswith("ours")
    assert found["variance_reduction/lemma1"]["proof"] == "proof complete"
    assert all((item["reason"] is None) == bool(item["claims"]) for item in items)


def test_expected_verdicts_are_those_of_the_tools() -> None:
    # A recorded counterexample is what makes a claim one that does not hold.
    for claim in CLAIMS:
        expected = "violated" if claim.counterexample is not None else "holds"
        assert _ledger_table.examined(claim.slug).expected == expected


def test_a_label_a_room_and_both() -> None:
    label = run("Eq. 10")
    assert label.exit_code == 0
    for expected in ("bias_variance/eq10", "depends on the reading: violated", "Menon", "Li & He"):
        assert expected in label.stdout
    assert "2 items: 2 examined by 5 claims." in label.stdout
    room = json.loads(run("uncertainty_propagation", "--json").stdout)
    assert {item["paper"] for item in room} == {"Cui & Pei 2026"}
    both = json.loads(run("uncertainty_propagation", "Lemma 1", "--json").stdout)
    assert both[0]["items"] == ["Lemma 1"]  # in reading order, whatever the order asked for
    assert len(both) == len(room) + len(json.loads(run("Lemma 1", "--json").stdout))


def test_what_no_claim_examines_has_a_study_or_a_reason() -> None:
    out = run("Figure 3").stdout
    assert "not examined" not in out
    for expected in ("empirical study", "kdtheory replicate menon_figure_3"):
        assert expected in out
    assert "1 item: 0 examined by 0 claims, 1 repeated by 1 study." in out
    out = run("Eq. 1").stdout
    assert "not examined: definition" in out
    assert "Neither: 1 definition." in out


def test_a_study_stands_beside_the_claims() -> None:
    [item] = json.loads(run("variance weighting", "--json").stdout)
    assert item["claims"]
    assert item["studies"] == ["cui_pei_linear", "cui_pei_networks", "cui_pei_language"]
    assert "kdtheory replicate cui_pei_language" in run("variance weighting").stdout
    shown = run("variance weighting", "--markdown").stdout
    assert shown.splitlines()[-1].startswith("| | | `kdtheory replicate cui_pei_linear`<br>")


def test_studies_name_the_items_that_they_repeat() -> None:
    repeated = {name: set() for name in NAMES}
    for entry in entries():
        for name in entry.studies:
            assert find(name).paper == entry.paper
            repeated[name].update(entry.items)
    for name in NAMES:
        assert repeated[name] == set(find(name).items) != set(), name


def test_markdown_is_one_row_for_every_claim() -> None:
    text = run("--markdown").stdout
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    heads = 2 * len({one.paper.key for one in entries()})
    assert len(rows) == heads + sum(
        len(one.claims) + bool(one.reason or one.studies) for one in entries()
    )
    # Nothing in a cell breaks its row: every row has five cells.
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    assert "p\\*(x)" in text


def test_markdown_shows_signs_as_they_are_and_slugs_as_code() -> None:
    shown = _ledger_table.escaped("a|b <= p*[x]_i, see bias_variance/eq10 and/or x/y")
    assert shown == r"a\|b \<= p\*\[x\]\_i, see `bias_variance/eq10` and/or x/y"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["Eq. 99"], "got 'Eq. 99'; expected a label"),
        (["--json", "--markdown"], "expected one of them"),
        (["sgd_convergence/mixing"], "examines no sentence of a text: it is ours"),
    ],
)
def test_bad_input_is_met_with_advice(arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
