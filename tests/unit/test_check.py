"""Every refusal says what was got, what was expected and how to mend it."""

import math
import re

import numpy as np
import pytest

from kdtheory import _check

FORM = re.compile(r"^(?P<name>\S+): got (?P<got>.+); expected (?P<expected>.+?)\. (?P<mend>.+\.)$")

REFUSALS = {
    "ragged": (lambda: _check.real_array("x", [[1], [1, 2]], "a", "b"), "different lengths"),
    "complex": (lambda: _check.real_array("x", [1j], "a"), "complex numbers"),
    "text": (lambda: _check.real_array("x", ["a"], "a"), "text"),
    "bytes": (lambda: _check.real_array("x", [b"a"], "a"), "bytes"),
    "objects": (lambda: _check.real_array("x", [None], "a"), "Python objects"),
    "dates": (lambda: _check.real_array("x", np.array(["2020"], "M8[Y]"), "a"), "datetime64"),
    "dimensions": (lambda: _check.real_array("x", [1.0], "a", "b"), "an array of shape (1,)"),
    "not a number": (lambda: _check.real_array("x", [1.0]), "an array of shape (1,)"),
    "empty": (lambda: _check.real_array("x", np.ones((0, 2)), "a", "b"), "shape (0, 2)"),
    "nan": (lambda: _check.real_array("x", [1.0, math.nan], "a"), "nan at index (1,)"),
    "infinite": (
        lambda: _check.real_array("x", [[1, -math.inf]], "a", "b"),
        "-inf at index (0, 1)",
    ),
    "nan number": (lambda: _check.number("x", math.nan), "nan"),
    "negative": (lambda: _check.probability_rows("x", [1.5, -0.5], "a"), "-0.5 at index (1,)"),
    "percent": (lambda: _check.probability_rows("x", [40, 60], "a"), "a sum of 100.0"),
    "row": (
        lambda: _check.probability_rows("x", [[0.5, 0.5], [0.5, 0.4]], "a", "b"),
        "row (1,) summing to 0.9",
    ),
    "low": (lambda: _check.number("x", -1, low=0), "-1"),
    "open low": (lambda: _check.number("x", 0, low=0, open_low=True), "0"),
    "high": (lambda: _check.number("x", 2, low=0, high=1), "2"),
    "fraction": (lambda: _check.integer("x", 1.5, low=0), "1.5"),
    "too small": (lambda: _check.integer("x", 0, low=1), "0"),
    "too large": (lambda: _check.integer("x", 9, low=1, high=8), "9"),
    "shapes": (
        lambda: _check.same_shape("x", np.ones((2, 3)), "y", np.ones((3, 2))),
        "shape (2, 3)",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_got_expected_and_mend(case):
    call, got = REFUSALS[case]
    with pytest.raises(_check.InputError) as caught:
        call()
    match = FORM.match(str(caught.value))
    assert match is not None, str(caught.value)
    assert match["name"] == "x"
    assert got in match["got"]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"low": 0}, "a number >= 0"),
        ({"low": 0, "open_low": True}, "a number > 0"),
        ({"low": 0, "high": 1}, "a number >= 0 and <= 1"),
    ],
)
def test_the_interval_is_written_out(bounds, expected):
    with pytest.raises(_check.InputError, match=f"expected {expected}\\."):
        _check.number("x", -1, **bounds)


def test_a_refusal_is_a_value_error():
    assert issubclass(_check.InputError, ValueError)


def test_what_is_accepted_comes_back_as_float64():
    assert _check.real_array("x", [True, False], "a").tolist() == [1.0, 0.0]
    array = _check.real_array("x", np.arange(3, dtype=np.uint8), "a")
    assert array.dtype == np.float64
    assert _check.number("x", 3, low=3, high=3) == 3.0
    assert _check.integer("x", 4.0, low=4, high=4) == 4
    assert isinstance(_check.integer("x", 4.0, low=1), int)


def test_rows_of_float32_softmax_are_renormalised():
    # Three thirds in float32 sum to 1 + 3e-8: accepted, and divided by their sum.
    rows = _check.probability_rows("x", np.full((2, 3), 1 / 3, np.float32), "a", "b")
    assert rows.dtype == np.float64
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=0, atol=1e-15)


@pytest.mark.parametrize("off", [0.9e-6, -0.9e-6])
def test_sums_are_accepted_within_the_tolerance(off):
    assert _check.probability_rows("x", [0.5, 0.5 + off], "a").sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("off", [1.1e-6, -1.1e-6])
def test_sums_are_refused_outside_the_tolerance(off):
    with pytest.raises(_check.InputError, match="a sum of"):
        _check.probability_rows("x", [0.5, 0.5 + off], "a")
