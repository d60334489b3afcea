"""The certificates that come with the package: all of them hold, for the code that users run."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kdtheory import rungs
from kdtheory.certificates import CertificateError, Outcome, shipped
from kdtheory.claim import Finding
from kdtheory.rungs import Rung, check_shipped, claim_of, rung
from kdtheory.theorems import CLAIMS, find
from kdtheory.theorems.lemmas import LEMMAS
from kdtheory.tools import recheck

NAMES = [name for names in shipped.names().values() for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_shipped_certificates_hold(name):
    certificate, work = check_shipped(name)
    assert work
    claim = claim_of(certificate.slug)
    assert shipped.file_name(claim.slug, certificate.size) == name
    stands = claim.finding is Finding.STANDS
    assert certificate.outcome is (Outcome.CERTIFIED if stands else Outcome.REFUTED)


def test_what_is_promised_is_there():
    assert {"1x2", "1x3", "1x4", "2x2", "3x3", "2x5"} == set(
        shipped.sizes_in_words("variance_reduction/lemma1").split(", ")
    )
    for slug in ("lemmas/cauchy_schwarz", "lemmas/bhatia_davis"):
        assert shipped.sizes_in_words(slug) == "2, 3, 4"
    # Every lemma has its certificates, at all its sizes.
    for lemma in LEMMAS:
        names = {shipped.file_name(lemma.slug, size) for size in lemma.sizes}
        assert names <= set(NAMES)
    assert shipped.sizes_in_words("lemmas/pinsker") == "its only size"
    assert shipped.sizes_in_words("no/claim") == ""


def test_slugs_are_of_claims_or_lemmas_and_these_differ():
    known = {claim.slug for claim in CLAIMS}
    lemmas = {lemma.slug for lemma in LEMMAS}
    assert not known & lemmas
    assert set(shipped.names()) <= known | lemmas
    with pytest.raises(KeyError, match="expected the slug of a claim"):
        claim_of("lemmas/none")


def test_a_planted_error_in_a_claim_is_noticed():
    """The polynomials are made from the formulas: a wrong formula has no certificate."""
    certificate = shipped.load("variance_reduction.lemma1.2x2.json")
    claim = find("variance_reduction/lemma1")
    assert recheck(certificate, claim)
    for wrong in (
        dataclasses.replace(claim, rhs=lambda problem: claim.rhs(problem) / problem.num_samples),
        dataclasses.replace(claim, lhs=lambda problem: 1.001 * claim.lhs(problem)),
        dataclasses.replace(claim, lhs=claim.rhs, rhs=claim.lhs),
        dataclasses.replace(claim, domain=lambda size: claim.domain((size[0], size[1] + 1))),
    ):
        with pytest.raises(CertificateError):
            recheck(certificate, wrong)


@pytest.mark.parametrize(
    "name", ["lemmas.pinsker_strict.json", "lemmas.hoeffding.json", "lemmas.bernoulli_proxy.json"]
)
def test_boxes_do_not_show_more_than_they_do(name):
    """A larger left side, or a smaller epsilon, is beyond what the partition shows."""
    certificate = shipped.load(name)
    claim = claim_of(certificate.slug)
    larger = dataclasses.replace(claim, lhs=lambda *x: claim.lhs(*x) + 0.01)
    with pytest.raises(CertificateError, match="tree: on the box"):
        recheck(certificate, larger)
    if certificate.epsilon != "0":
        with pytest.raises(CertificateError, match="tree: on the box"):
            recheck(dataclasses.replace(certificate, epsilon="0"), claim)


def test_the_trusted_part_is_small():
    """The checker of squares: flint, the elimination, and nothing that computes in floats."""
    code = (
        "import sys, importlib.util as u\n"
        "import kdtheory._semidefinite\n"
        "path = u.find_spec('kdtheory.certificates').submodule_search_locations[0]\n"
        "spec = u.spec_from_file_location('checker', path + '/sums_of_squares.py')\n"
        "module = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print([n for n in ('jax', 'numpy', 'scipy', 'sympy') if n in sys.modules])"
    )
    # find_spec imports the package, which needs none of them either.
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_root()
    )
    assert found.stdout.strip() == "[]"
    checker = _root() / "kdtheory" / "certificates" / "sums_of_squares.py"
    imported = re.findall(r"^from (\S+) import|^import (\S+)", checker.read_text(), re.MULTILINE)
    assert {a or b for a, b in imported} == {
        *("__future__", "re", "collections.abc", "typing"),
        *("flint", "kdtheory._semidefinite"),
    }


def _root():
    return Path(rungs.__file__).parents[1]


def test_the_data_files_are_shipped():
    """They stand inside the package, of which the wheel takes every file."""
    data = _root() / "kdtheory" / "certificates" / "data"
    assert sorted(path.name for path in data.iterdir()) == sorted(NAMES)
    assert 'packages = ["kdtheory"' in (_root() / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("variance_reduction/lemma1", (Rung.PROOF, "")),
        ("bias_variance/tv_below_norm", (Rung.CERTIFICATE, "2, 4")),
        # A statement that fails, its counterexample refereed; an svd has no exact form.
        ("variance_reduction/equality_printed", (Rung.EXACT, "")),
        ("linear_gaussian/rank_map", (Rung.SAMPLED, "")),
    ],
)
def test_rungs(slug, expected, monkeypatch):
    # The proofs themselves are run by their own tests.
    monkeypatch.setattr(rungs, "_proved", lambda slugs, watch: {"variance_reduction/lemma1"})
    assert rung(find(slug)) == expected


def test_a_proof_that_is_complete_counts():
    seen = []
    proved = rungs._proved(["variance_reduction/gap_identity", "no/proof"], seen.append)
    assert proved == {"variance_reduction/gap_identity"}
    assert "variance_reduction/gap_identity" in seen
