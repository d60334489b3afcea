r"""The constant between a difference of risks and a Euclidean distance, for every number of labels.

Differences of distributions sum to zero, so that losses count only about their mean; their squared
distance from it is convex in every loss, hence largest at a vertex of the box of losses.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    equal,
    holds_by_induction,
)
from proofs_check.algebra_several import all_at_most
from proofs_check.bias_variance.setting import CENTRED_SQUARES
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.records import Proof, assumed, checked

more = sympy.Symbol("m", nonnegative=True)
LABELS = 1 + more
"""The number of labels L, where its sign matters."""

scale = sympy.Symbol("B", positive=True)

DISTRIBUTIONS = assumed(
    "distributions",
    r"$p$ and $q$ are distributions on $L\ge1$ labels, $d=p-q$, so that $\sum_kd_k=0$; losses"
    r" $\ell_k$ lie in $[a,a+B]$, where $a=\min_k\ell_k$.",
)

# --- half of the labels ---------------------------------------------------------------------------

_X, _Y, _Z = sympy.symbols("X Y Z", real=True)
_d, _l, _c = sympy.symbols("d l c", real=True)


def _relative_to(centre: Any) -> Induction:
    """A difference of risks, when a label contributes its loss relative to a centre."""
    return Induction(
        _Y - (_X - _c * _Z),
        dict.fromkeys((_X, _Y, _Z), 0),
        {_X: _X + _d * _l, _Y: _Y + _d * (_l - centre), _Z: _Z + _d},
    )


CENTRING = checked(
    "centring",
    r"$\sum_kd_k(\ell_k-c)=d\cdot\ell-c\sum_kd_k=d\cdot\ell$ for every $c$.",
    method="induction over the labels; then the sum of d is zero",
    check=holds_by_induction,
    stated=_relative_to(_c),
    wrong={"the centre added": _relative_to(-_c), "the centre doubled": _relative_to(2 * _c)},
    uses=("distributions",),
)

_squares, _sum = sympy.symbols("Q S", real=True)
_low = sympy.Symbol("a", real=True)
_near, _far = sympy.symbols("r s", positive=True)


def _spread(squares: Any, total: Any, labels: Any) -> Any:
    """The squared distance of losses from their mean, by centred squares with weights 1."""
    mean = total / labels
    return squares - 2 * mean * total + mean**2 * labels


def _chord(cross_terms: int) -> Inequality:
    """The squared distance between two values of one loss, below its chord over them."""

    def value(loss: Any) -> Any:
        squares, total = _squares + loss**2, _sum + loss
        mean = total / LABELS
        return squares - cross_terms * mean * total + mean**2 * LABELS

    share = _far / (_near + _far)
    end = _low + scale
    between = value((1 - share) * _low + share * end)
    chord = (1 - share) * value(_low) + share * value(end)
    slack = share * _near / (_near + _far) * scale**2 * (LABELS + 1 - cross_terms) / LABELS
    return Inequality(between, chord, slack)


CONVEX_IN_A_LOSS = checked(
    "convex_in_each_loss",
    r"$\|\ell-\bar\ell\|_2^2=\sum_k\ell_k^2-\frac1L(\sum_k\ell_k)^2$, as a function of one loss,"
    r" lies below its chord over $[a,a+B]$: by $\theta(1-\theta)B^2(1-\frac1L)$ at the fraction"
    r" $\theta$. Moving one loss after another to the better end of $[a,a+B]$ does not decrease"
    r" it, so that it is at most its largest value at a vertex of $[a,a+B]^L$.",
    method="expanding; the slack is manifestly nonnegative",
    check=at_most,
    stated=_chord(2),
    wrong={
        "the square of the mean forgotten": _chord(3),
        "twice the cross terms": _chord(4),
    },
    uses=("centred_squares",),
)

_high, _labels = sympy.symbols("j L", positive=True)


def _vertex(value: Any) -> tuple[Any, Any]:
    """The squared distance with j losses a + B and the others a, and its value."""
    end = _low + scale
    squares = _high * end**2 + (_labels - _high) * _low**2
    total = _high * end + (_labels - _high) * _low
    return _spread(squares, total, _labels), value


VERTEX_VALUE = checked(
    "vertex_value",
    r"With $j$ losses $a+B$ and $L-j$ losses $a$, $\|\ell-\bar\ell\|_2^2=B^2\frac{j(L-j)}L$.",
    method="expanding",
    check=equal,
    stated=_vertex(scale**2 * _high * (_labels - _high) / _labels),
    wrong={
        "about the least loss": _vertex(scale**2 * _high),
        "without dividing by L": _vertex(scale**2 * _high * (_labels - _high)),
        "B not squared": _vertex(scale * _high * (_labels - _high) / _labels),
    },
    uses=("centred_squares",),
)

half, _k = sympy.symbols("h k", integer=True, nonnegative=True)
_real = sympy.Symbol("x", real=True)


def _halves(offset: Any, odd: int, product: Any) -> Inequality:
    """A split at h - offset against one in the middle, of 2 h + odd labels."""
    split = half - offset
    labels = 2 * half + odd
    return Inequality(split * (labels - split), half * (half + odd), product)


_EVEN = _halves(_real, 0, _real**2)
_ODD = (_halves(_k, 1, _k * (_k + 1)), _halves(-1 - _k, 1, (_k + 1) * _k))


MIDDLE = checked(
    "middle",
    r"$j(L-j)\le\lfloor\frac L2\rfloor\lceil\frac L2\rceil$ for integers: with $L=2h+e$,"
    r" $e\in\{0,1\}$ and $i=h-j$, the difference is $i(i+e)$, for $e=1$ a product of consecutive"
    r" integers.",
    method="expanding; for e = 1 both i = k and i = -1 - k with an integer k >= 0",
    check=all_at_most,
    stated=(_EVEN, *_ODD),
    wrong={
        "any real j": (_EVEN, _halves(_real, 1, _real * (_real + 1))),
        "the square of the floor": (
            _EVEN,
            Inequality(_ODD[0].left, half**2, _k * (_k + 1) - half),
        ),
    },
)

sharp = sympy.Symbol("C", nonnegative=True)
_e, _f, _extra = sympy.symbols("e f c", nonnegative=True)
_distance = sympy.Symbol("D", nonnegative=True)


def _chain(constant: Any) -> Inequality:
    """A squared difference of risks, below its bound with this constant."""
    losses = scale**2 * sharp - _f
    squared_difference = losses * _distance - _e
    slack = _e + _f * _distance + scale**2 * (constant - sharp) * _distance
    return Inequality(squared_difference, scale**2 * constant * _distance, slack)


_group, _rest = sympy.symbols("h g", integer=True, positive=True)


def _attained(rises: Any, falls: Any) -> tuple[tuple[Any, Any], ...]:
    """What q - p sums to, and the two sides, if h labels of loss 1 rise so much, g others fall."""
    labels = _group + _rest
    norm = _group * rises**2 + _rest * falls**2
    difference = _group * rises
    return (
        (difference - _rest * falls, 0),
        (difference**2, _group * _rest / labels * norm),
    )


_RISES = _rest / (_group + _rest) ** 2
_FALLS = _group / (_group + _rest) ** 2

ATTAINED = checked(
    "attained",
    r"Let $p$ be uniform, $h=\lfloor L/2\rfloor$ labels have loss 1 and the others loss 0, and $q$"
    r" give $\frac{L-h}{L^2}$ more to each of the $h$ labels and $\frac h{L^2}\le\frac1L$ less to"
    r" each of the others. Then $(d\cdot\ell)^2=\frac{h(L-h)}L\|d\|_2^2$ for every $L\ge2$: no"
    r" smaller constant will do.",
    method="expanding, for any numbers h and g = L - h of labels",
    check=all_equal,
    stated=_attained(_RISES, _FALLS),
    wrong={
        "the same amount for every label": _attained(_FALLS, _FALLS),
        "the amounts exchanged": _attained(_FALLS, _RISES),
    },
    uses=("distributions",),
)

SHARP_CONSTANT = Proof(
    slug="bias_variance/sharp_constant",
    idea="Only the losses about their mean count, and these are longest for the indicator of half"
    " of the labels.",
    steps=(
        DISTRIBUTIONS,
        assumed("constant", r"$C\ge C^*(L)=\lfloor\frac L2\rfloor\lceil\frac L2\rceil/L$."),
        CENTRING,
        CAUCHY_SCHWARZ,
        CENTRED_SQUARES,
        CONVEX_IN_A_LOSS,
        VERTEX_VALUE,
        MIDDLE,
        ATTAINED,
        checked(
            "sharp_constant",
            r"$(d\cdot\ell)^2=(d\cdot(\ell-\bar\ell))^2\le\|\ell-\bar\ell\|_2^2\|d\|_2^2\le"
            r" B^2C^*(L)\|d\|_2^2\le B^2C\|d\|_2^2$, and $C^*(L)$ is the smallest such constant"
            r" for every $L$ (for $L=1$ it is zero).",
            method="adding up the slacks of the chain",
            check=at_most,
            stated=_chain(sharp + _extra),
            wrong={
                "a constant below C*": _chain(sharp - _extra),
                "half of C*": _chain(sharp / 2),
            },
            uses=(
                "constant",
                "centring",
                "cauchy_schwarz",
                "convex_in_each_loss",
                "vertex_value",
                "middle",
                "attained",
            ),
        ),
    ),
)
