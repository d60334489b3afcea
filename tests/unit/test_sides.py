"""A reader's first inequality: what is wrong with a side is said in the reader's words."""

from __future__ import annotations

import re

import jax.numpy as jnp
import numpy as np
import pytest

import kdtheory
from kdtheory.domains import box, simplex
from kdtheory.tools.falsify import as_claim

TWO = simplex(3) * simplex(3)


def one(p, q):
    return (p - q).max()


@pytest.mark.parametrize(
    "side",
    [
        lambda p, q: np.abs(p - q).max(),
        lambda p, q: max(p) - max(q),
        lambda p, q: float(p[0]),
        lambda p, q: p[0] if p[0] > q[0] else q[0],
        lambda p, q: jnp.arange(3)[int(p[0])],
    ],
    ids=["numpy", "max", "float", "if", "int"],
)
def test_code_that_cannot_be_traced(side):
    with pytest.raises(TypeError, match=r"^right side: got code .* expected jax\.numpy") as caught:
        kdtheory.verify(one, side, over=TWO)
    assert caught.value.__cause__ is not None  # the whole story, for those who want it


@pytest.mark.parametrize(
    ("side", "over", "said"),
    [
        (one, simplex(3), "left side: got a function of (p, q); expected as many arguments as"),
        (lambda p: p[0], TWO, "parts, 2. Multiply domains"),
        (lambda p, q: p - q, TWO, "left side: got an array of shape (3,); expected one number"),
        (lambda p, q: (p[0], q[0]), TWO, "left side: got tuple; expected one number"),
    ],
)
def test_sides_that_do_not_fit_the_domain(side, over, said):
    with pytest.raises(TypeError, match=re.escape(said)):
        kdtheory.falsify(side, one if over is TWO else (lambda p: p[0]), over=over)


def test_what_fits_is_let_through():
    built = (simplex(2) * box(0, 1)).map(lambda p, x: {"p": p, "x": x}, lambda d: (d["p"], d["x"]))
    assert as_claim(lambda d: d["x"], lambda d: d["p"].sum(), built).lhs is not None
    assert as_claim(lambda p, q: 1, one, TWO).lhs is not None  # a constant is a scalar
    assert as_claim(lambda *parts: parts[0][0], lambda p, q=0: p[1], TWO).rhs is not None
