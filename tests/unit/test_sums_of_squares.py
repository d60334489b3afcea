"""The exact checker: right certificates pass, and every wrong number is noticed."""

import copy
import json
import re
from fractions import Fraction

import numpy as np
import pytest

from kdtheory._semidefinite import is_semidefinite
from kdtheory.certificates import CertificateError, check, shipped
from kdtheory.certificates.sums_of_squares import polynomial, ring


def certificate(**changes):
    """x y (x - y)^2 + (1 - x - y) >= 0 on the triangle, with one multiplier of each kind."""
    data = {
        "format": 1,
        "kind": "sum of squares",
        "relation": ">=",
        "variables": ["x", "y"],
        # (x - y)^2 = x^2 - 2xy + y^2, times xy.
        "target": "x^3*y - 2*x^2*y^2 + x*y^3 - x - y + 1",
        "nonnegative": {"x >= 0": "x", "y >= 0": "y", "rest >= 0": "-x - y + 1"},
        "zero": {},
        "squares": [
            {
                "multipliers": ["x >= 0", "y >= 0"],
                "basis": ["x", "y"],
                "gram": [["1", "-1"], ["-1", "1"]],
            },
            {"multipliers": ["rest >= 0"], "basis": ["1"], "gram": [["1"]]},
        ],
        "cofactors": {},
    }
    return {**data, **changes}


ON_CIRCLE = {
    # 2 - x - y on x^2 + y^2 = 1: (x - 1)^2/2 + (y - 1)^2/2 + 1/2 = (x^2 + y^2)/2 - x - y + 3/2,
    # which is 2 - x - y + (x^2 + y^2 - 1)/2.
    **certificate(),
    "target": "-x - y + 2",
    "nonnegative": {},
    "zero": {"circle": "x^2 + y^2 - 1"},
    "squares": [
        {
            "multipliers": [],
            "basis": ["x - 1", "y - 1", "1"],
            "gram": [["1/2", "0", "0"], ["0", "1/2", "0"], ["0", "0", "1/2"]],
        }
    ],
    "cofactors": {"circle": "-1/2"},
}

IDENTITY = {
    **certificate(),
    "relation": "=",
    "target": "x^3 + x*y^2 - x",
    "nonnegative": {},
    "zero": {"circle": "x^2 + y^2 - 1"},
    "squares": [],
    "cofactors": {"circle": "x"},
}


@pytest.mark.parametrize("data", [certificate(), ON_CIRCLE, IDENTITY], ids=["triangle", "=", "id"])
def test_right_certificates_pass(data):
    check(data)
    check(json.loads(json.dumps(data)))


def strings(data, path=()):
    """Every text in JSON data, with where it stands."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from strings(value, (*path, key))


def put(data, path, value):
    changed = copy.deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def accepted(data):
    try:
        check(data)
    except CertificateError:
        return False
    return True


def tampered(data):
    """The data with one number changed, for every number in them."""
    for path, text in strings(data):
        if path[0] in ("kind", "relation", "variables") or "multipliers" in path:
            continue
        for number in re.finditer(r"(?<![\w,[])\d+", text):
            changed = text[: number.start()] + str(int(number[0]) + 1) + text[number.end() :]
            yield path, changed, put(data, path, changed)


@pytest.mark.parametrize("data", [certificate(), ON_CIRCLE, IDENTITY], ids=["triangle", "=", "id"])
def test_every_tampered_number_is_rejected(data):
    found = list(tampered(data))
    # Coefficients, exponents and entries of the Gram matrices.
    assert len(found) >= 5
    assert [text for _, text, changed in found if accepted(changed)] == []


def test_every_tampered_number_of_a_shipped_certificate_is_rejected():
    data = shipped.load("variance_reduction.lemma1.2x2.json").data
    check(data)
    found = list(tampered(data))
    assert len(found) > 30
    assert [text for _, text, changed in found if accepted(changed)] == []


def test_a_sign_is_noticed():
    # The Gram matrix of -(x - y)^2: the identity holds for the target's negative only.
    wrong = certificate()
    wrong["squares"][0]["gram"] = [["-1", "1"], ["1", "-1"]]
    wrong["target"] = "-x^3*y + 2*x^2*y^2 - x*y^3 - x - y + 1"
    with pytest.raises(CertificateError, match="square 0: the Gram matrix is not positive"):
        check(wrong)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format 2; expected 'sum of squares' of format 1"),
        ({"kind": "boxes"}, "got a 'boxes'"),
        ({"variables": ["x", "x"]}, "different names"),
        ({"variables": ["x", "y z"]}, "different names"),
        ({"target": "x^3*z"}, "target: got 'z'"),
        ({"target": "x^-1"}, "target: got 'x\\^-1'"),
        ({"target": "1/0"}, "target: got '1/0'"),
        ({"target": "0.5*x"}, "target: got '0.5'"),
        ({"target": ""}, "target: got ''"),
        ({"target": None}, "target: got None"),
        ({"relation": ">"}, "relation: got '>'"),
        ({"relation": "="}, "relation: got '=' and 2 squares"),
        ({"squares": None}, "an entry 'squares', a JSON list"),
        ({"cofactors": {"x >= 0": "1"}}, "'x >= 0' is not among what is zero"),
        ({"nonnegative": {"x >= 0": "x"}}, "'y >= 0' is not among what is non-negative"),
        ({"squares": []}, "the identity does not hold"),
    ],
)
def test_errors_in_words(changes, message):
    with pytest.raises(CertificateError, match=message):
        check(certificate(**changes))


@pytest.mark.parametrize(
    ("gram", "message"),
    [
        ([["1", "-1"]], "differ in size"),
        ([["1", "-1"], ["-1"]], "differ in size"),
        ([["1", "-1"], ["0", "1"]], "not positive semidefinite"),
        ([["1", "x"], ["-1", "1"]], "got 'x'; expected a rational"),
        ([[1, "-1"], ["-1", "1"]], "got 1; expected a rational"),
        (["1", "2"], "differ in size"),
    ],
)
def test_malformed_gram_matrices(gram, message):
    wrong = certificate()
    wrong["squares"][0]["gram"] = gram
    with pytest.raises(CertificateError, match=message):
        check(wrong)


def test_anything_else_is_malformed():
    for data in (None, [], "text", {}, {"format": "1"}):
        with pytest.raises(CertificateError):
            check(data)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([], True),
        ([[0]], True),
        ([[-1]], False),
        ([[0, 0], [0, 1]], True),
        # A zero pivot with something beside it: the determinant is -1.
        ([[0, 1], [1, 5]], False),
        # Rank one, a zero pivot after one step.
        ([[1, 2], [2, 4]], True),
        ([[1, 2], [2, Fraction(4) - Fraction(1, 10**12)]], False),
        # x^2 + y^2 + z^2 - xy - yz - zx: rank two.
        ([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]], True),
        # Zero in the middle, and a negative number behind it.
        ([[1, 0, 0], [0, 0, 0], [0, 0, -1]], False),
        ([[1, 0, 0], [0, 0, 1], [0, 1, 1]], False),
        # Not symmetric.
        ([[1, 1], [0, 1]], False),
    ],
)
def test_semidefinite_matrices(matrix, expected):
    assert is_semidefinite([[Fraction(entry) for entry in row] for row in matrix]) is expected


def test_semidefinite_matrices_against_eigenvalues():
    rng = np.random.default_rng(0)
    answers = []
    for _ in range(60):
        factor = rng.integers(-2, 3, (3, 4))
        matrix = factor.T @ np.diag([1, 1, rng.integers(-1, 2)]) @ factor
        exact = [[Fraction(int(entry)) for entry in row] for row in matrix]
        # Whole numbers of this size: an eigenvalue below -1e-9 is no rounding.
        expected = np.linalg.eigvalsh(matrix)[0] > -1e-9
        answers.append(is_semidefinite(exact))
        assert answers[-1] == expected
    assert 10 < sum(answers) < 50


def test_polynomials_are_read_as_flint_writes_them():
    names = ring(["p[0,1]", "y.z"])
    x, y = names.gens()
    for value in (0 * x, x - y, -x / 3 + 2 * x * y**3 - 1, x**2 * y * 7, -(x**2)):
        assert polynomial(str(value), names, "here") == value
