"""Every claim has a proof, which cannot lose a step; ``python -m proofs_check`` runs the checks."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

import proofs_check
from kdtheory.claim import Finding
from kdtheory.theorems import CLAIMS
from proofs_check import catalogue
from proofs_check.records import Kind
from proofs_check.running import circles, shape_problems

PROOFS = catalogue.all_proofs()
ASSUMPTIONS = catalogue.assumptions()
FILES = sorted(Path(proofs_check.__file__).parent.rglob("*.py"))


def test_every_claim_has_a_proof_in_the_order_of_the_catalogue():
    assert list(PROOFS) == [claim.slug for claim in CLAIMS]


def test_no_proof_rests_on_itself():
    assert circles(PROOFS) == []


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.slug)
def test_a_proof_has_the_shape_of_one_and_cannot_lose_a_step(claim):
    proof = PROOFS[claim.slug]
    assert shape_problems(proof, ASSUMPTIONS[claim.slug], PROOFS) == []
    for index, step in enumerate(proof.steps[:-1]):
        without = (*proof.steps[:index], *proof.steps[index + 1 :])
        shortened = dataclasses.replace(proof, steps=without)
        assert shape_problems(shortened, ASSUMPTIONS[claim.slug], PROOFS), step.name


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.slug)
def test_a_printed_step_fails_exactly_where_the_claim_does_not_stand(claim):
    proof = PROOFS[claim.slug]
    assert proof.refutes == (claim.finding is not Finding.STANDS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.slug)
def test_what_is_cited_says_where_and_what_is_open_says_why(claim):
    for step in PROOFS[claim.slug].steps:
        assert step.statement, step.name
        if step.kind in (Kind.CITED, Kind.OPEN):
            assert step.reference, step.name


@pytest.mark.parametrize("file", FILES, ids=lambda file: "/".join(file.parts[-2:]))
def test_proofs_share_no_code_with_what_they_are_about(file):
    """Only the list of the catalogue's assumptions comes from the package."""
    imported = {
        name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    package = {name for name in imported if name.split(".")[0] == "kdtheory"}
    assert package == ({"kdtheory.theorems"} if file.name == "catalogue.py" else set())
