"""Formulas as MathML: every formula of the catalogue and of the proofs keeps its signs."""

import collections
import importlib.util
import re
import unicodedata
from xml.etree import ElementTree

import pytest

from kdtheory._check import InputError
from kdtheory.theorems import CLAIMS
from kdtheory.tools.page import mathml
from kdtheory.tools.page.markup import node, text_of
from kdtheory.tools.page.mathml import formula, prose
from kdtheory.tools.publish import report_page
from proofs_check.catalogue import all_proofs

# Macros that are written with their own letters.
NAMES = {
    "log",
    "exp",
    "max",
    "min",
    "sup",
    "inf",
    "det",
    "cos",
    "sin",
    "cosh",
    "sinh",
    "tanh",
    "arg",
}
GREEK = "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi"
GREEK += " chi psi omega Gamma Delta Theta Lambda Pi Sigma Phi Psi"


def sentences():
    """Everything that the page writes with formulas between dollar signs."""
    for claim in CLAIMS:
        yield from (claim.title, claim.what_survives)
        yield from (one.statement for one in claim.assumptions)
        yield from (case.note for case in (*claim.tight, *claim.corners, *claim.broken))
        if claim.counterexample:
            yield claim.counterexample.note
    for proof in all_proofs().values():
        yield proof.idea
        for step in proof.steps:
            yield from (step.statement, step.method, step.reference)


def formulas():
    found = [claim.statement for claim in CLAIMS]
    found += [part for text in sentences() for part in text.split("$")[1::2]]
    return list(dict.fromkeys(found))


def signs(latex):
    """The letters, digits and brackets of a formula, counted in its source."""
    source, latex = latex, re.sub(r"\\(begin|end)\{[a-z]*\}", "", latex)
    latex = latex.replace(r"\\", " ").replace(r"\{", " ").replace(r"\}", " ")
    macros = re.findall(r"\\([A-Za-z]+)", latex)
    plain = re.sub(r"\\([A-Za-z]+)", lambda m: m[1] if m[1] in NAMES else " ", latex)
    counts = collections.Counter(one for one in plain if one.isalnum() or one in "()[]=<>")
    names = [name.removeprefix("var") for name in macros]
    for name in GREEK.split():
        size = "CAPITAL" if name[0].isupper() else "SMALL"
        # Unicode calls lambda "lamda".
        letter = unicodedata.lookup(
            f"GREEK {size} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}"
        )
        counts[letter] = names.count(name)
    counts["≤"], counts["≥"], counts["⌊"] = (macros.count(name) for name in ("le", "ge", "lfloor"))
    counts["ℓ"], counts["⌋"] = macros.count("ell"), macros.count("rfloor")
    counts["‖"] = latex.count(r"\|")
    binomials = macros.count("binom") + source.count("{pmatrix}") // 2
    counts["("] += binomials
    counts[")"] += binomials
    return counts


def shown(elements):
    text = "".join("".join(one.itertext()) for one in elements)
    # The letters of special alphabets are letters; the script l is a sign of its own.
    return "ℓ".join(unicodedata.normalize("NFKC", part) for part in text.split("ℓ"))


def test_every_formula_of_catalogue_and_proofs_is_drawn():
    known = formulas()
    assert len(known) > len(CLAIMS)
    for latex in known:
        drawn = formula(latex)
        assert isinstance(drawn, list), f"not read: {latex}"
        for piece in drawn:
            read = ElementTree.fromstring(text_of(piece))
            words = read.tag == "span" and not re.search(r"[\\^_{}]", read.text)
            assert words or read.tag == "math", latex
            assert all(one.get("mathvariant") in (None, "normal") for one in read.iter())
        text = shown(drawn)
        assert "\\" not in text, latex
        counts = collections.Counter(text)
        wrong = {one: (n, counts[one]) for one, n in signs(latex).items() if n != counts[one]}
        assert not wrong, latex


def test_sentences_keep_their_formulas_between_dollar_signs():
    for text in sentences():
        parts = text.split("$")
        assert len(parts) % 2 == 1, text
        assert not any("\\" in part for part in parts[::2]), text


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\lfloor L/2\rfloor", "⌊L/2⌋"),  # a macro after a digit
        (r"\mathbb V_S", "𝕍S"),
        (r"\mathbb R", "ℝ"),  # a letter of Unicode's older block
        (r"\mathcal L", "ℒ"),
        (r"\psi''^2", "ψ′′2"),
        (r"\Bigl\{a\Bigr\}", "{a}"),
        (r"\bigl\|a\bigr\|", "‖a‖"),
        (r"\arg\min_w", "argminw"),
        (r"a\!b", "ab"),
    ],
)
def test_what_the_library_does_not_read_is_mended(latex, text):
    assert "".join("".join(one.itertext()) for one in formula(latex)).replace(" ", "") == text


def test_words_are_upright_and_functions_have_space():
    (piece,) = formula(r"\mathrm{KL}\log x")
    words = [one for one in piece.iter("mi")]
    assert [one.text for one in words] == ["KL", "log", "x"]
    assert not any(one.get("mathvariant") for one in words)
    assert [one.tag for one in piece[0]][-3:] == ["mi", "mspace", "mi"]


def test_a_formula_breaks_before_relations_and_not_inside_brackets():
    pieces = formula(r"f(a+b=c) + d \le e + f")
    # No piece has fewer than three signs.
    assert ["".join(one.itertext()) for one in pieces] == ["f(a+b=c)", "+d≤e", "+f"]
    # A piece that starts with a sign has it as an operation, with space on both sides.
    assert all(one[0][0].get("form") == "infix" for one in pieces[1:])
    whole = formula(r"C=LB^2")
    assert len(whole) == 1


def test_a_sentence_in_a_formula_is_a_sentence():
    *whole, said = formula(r"m(K) \ge m\text{ (as a review reads the lower bound)}")
    assert all(one.tag == "math" for one in whole)
    assert text_of(said) == "<span> (as a review reads the lower bound)</span>"


def test_what_is_no_formula_is_shown_as_it_was_written():
    assert text_of(formula(r"\frac{1}{")) == r"<code>\frac{1}{</code>"
    assert prose("costs 5 $ or more") == "costs 5 $ or more"
    assert text_of(node("p", prose("if $x<1$"))).startswith("<p>if <math><mrow><mi>x</mi>")


def test_an_error_of_our_own_is_not_taken_for_bad_latex(monkeypatch):
    def broken(_):
        raise IndexError("ours")

    monkeypatch.setattr(mathml, "_mend", broken)
    with pytest.raises(IndexError, match="ours"):
        formula(r"\frac{unseen}{before}")


def test_without_the_library_a_page_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="expected the extra 'report'. Install it: pip install"):
        report_page(CLAIMS[:1])
