r"""Pinsker, and Bretagnolle and Huber: roots above the inverse of the binary divergence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from proofs_check.algebra import Inequality, all_equal, at_most
from proofs_check.algebra_several import all_at_most
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.common_pinsker import BINARY_PINSKER
from proofs_check.distillation_divergence.binary import RANGE
from proofs_check.distillation_divergence.comparison import WORLD
from proofs_check.distillation_divergence.inputs import JENSEN_FOR_LOGARITHMS
from proofs_check.records import Proof, Step, checked

_width = sympy.Symbol("R", positive=True)
_room, _further = sympy.symbols("e g", nonnegative=True)
_root_p, _root_q = sympy.symbols("alpha sigma", positive=True)
_p_of, _q_of = (root**2 / (1 + root**2) for root in (_root_p, _root_q))
_affinity = (_root_p * _root_q + 1) / sympy.sqrt((1 + _root_p**2) * (1 + _root_q**2))


def _affinity_below(power: int) -> Inequality:
    """A power of the affinity, and one less the square of the difference."""
    difference = _root_p / (1 + _root_p**2) - _root_q / (1 + _root_q**2)
    return Inequality(_affinity**power, 1 - (_q_of - _p_of) ** 2, difference**2)


AFFINITY = checked(
    "affinity",
    r"$b^2\le1-(q-p)^2$ with $b=\sqrt{pq}+\sqrt{(1-p)(1-q)}$: the difference is"
    r" $\bigl(\sqrt{p(1-p)}-\sqrt{q(1-q)}\bigr)^2$.",
    method="expanding, in the roots of the odds",
    check=at_most,
    stated=_affinity_below(2),
    wrong={"the affinity not squared": _affinity_below(1)},
    uses=("range",),
)


def _as_jensen(weights: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """Means of roots of p/q and (1-p)/(1-q), and of their logarithms; b, and -kl(q||p) / 2."""
    ratio = sympy.sqrt((1 + _root_q**2) / (1 + _root_p**2))
    roots = (_root_p / _root_q * ratio, ratio)
    divergence = -_q_of * sympy.log(roots[0] ** 2) - (1 - _q_of) * sympy.log(ratio**2)
    first, second = weights
    return [
        (first * roots[0] + second * roots[1], _affinity),
        (first * sympy.log(roots[0]) + second * sympy.log(roots[1]), -divergence / 2),
    ]


AFFINITY_AND_DIVERGENCE = checked(
    "affinity_and_divergence",
    r"$-\frac12\mathrm{kl}(q\|p)=q\log\sqrt{\frac pq}+(1-q)\log\sqrt{\frac{1-p}{1-q}}\le\log b$,"
    r" the mean of these roots under $(q,1-q)$; hence $e^{-\mathrm{kl}(q\|p)}\le b^2$.",
    method="expanding the means of the roots and of their logarithms",
    check=all_equal,
    stated=_as_jensen((_q_of, 1 - _q_of)),
    wrong={
        "the mean under (p, 1 - p)": _as_jensen((_p_of, 1 - _p_of)),
        "weights exchanged": _as_jensen((1 - _q_of, _q_of)),
    },
    uses=("range", "jensen_for_logarithms"),
)

_far, _above, _tail = sympy.symbols("d f t", nonnegative=True)


def _pinsker_side(bound: Callable[[Any], Any]) -> Inequality:
    """The square of R (q - p), where K = 2 (q - p)^2 + e + f, and a bound in terms of K."""
    divergence = 2 * _far**2 + _room + _above
    return Inequality((_width * _far) ** 2, bound(divergence), _width**2 * (_room + _above) / 2)


PINSKER_SIDE = checked(
    "inverse_below_pinsker",
    r"For $q=\mathrm{kl}^{-1}(p,K)\ge p$, $2(q-p)^2\le\mathrm{kl}(q\|p)\le K$ (the inequality with"
    r" its letters exchanged), so that $\bigl(R(q-p)\bigr)^2\le R^2\frac K2$.",
    method="the slack is what both inequalities leave",
    check=at_most,
    stated=_pinsker_side(lambda divergence: _width**2 * divergence / 2),
    wrong={
        "K/4": _pinsker_side(lambda divergence: _width**2 * divergence / 4),
        "without the range": _pinsker_side(lambda divergence: divergence / 2),
    },
    uses=("range", "binary_pinsker"),
)


def _huber_side(bound: Any) -> Inequality:
    """The square of R (q - p), where t = e^(-K), b^2 = t + e and (q - p)^2 = 1 - b^2 - f."""
    return Inequality(
        _width**2 * (1 - (_tail + _room) - _above), bound, _width**2 * (_room + _above)
    )


HUBER_SIDE = checked(
    "inverse_below_bretagnolle_huber",
    r"For $q=\mathrm{kl}^{-1}(p,K)$, $(q-p)^2\le1-b^2\le1-e^{-\mathrm{kl}(q\|p)}\le1-e^{-K}$; for"
    r" $q=1$ by continuity.",
    method="the slack is what the inequalities leave",
    check=at_most,
    stated=_huber_side(_width**2 * (1 - _tail)),
    wrong={
        "e^(-K/2)": _huber_side(_width**2 * (1 - sympy.sqrt(_tail))),
        "without the range": _huber_side(1 - _tail),
    },
    uses=("range", "affinity", "affinity_and_divergence"),
)

_teacher, _root, _other_root = sympy.symbols("T r_1 r_2", nonnegative=True)


def _chained(bound: Any) -> Inequality:
    """The gap, g below the inverse, which is e below the mean plus R times a root; a bound."""
    inverse = _teacher + _width * (_root - _room)
    return Inequality(inverse - _further, bound, _width * _room + _further)


def _chain_check(name: str, root: str, side: str) -> Step:
    """The last step: from the inverse to a root."""
    return checked(
        name,
        r"$\mathrm{gen}_S\le a'+R\,\mathrm{kl}^{-1}(p,K_n)=\mathrm{gen}_T"
        rf"+R\bigl(\mathrm{{kl}}^{{-1}}(p,K_n)-p\bigr)\le\mathrm{{gen}}_T+R{root}$.",
        method="adding up what both inequalities leave",
        check=at_most,
        stated=_chained(_teacher + _width * _root),
        wrong={
            "without the teacher's gap": _chained(_width * _root),
            "without the range": _chained(_teacher + _root),
        },
        uses=("world", "range", side, "distillation_divergence/binary_kl"),
    )


PINSKER = Proof(
    slug="distillation_divergence/pinsker",
    idea="The inverse of the binary divergence is below Pinsker's root.",
    steps=(
        WORLD,
        RANGE,
        BINARY_PINSKER,
        PINSKER_SIDE,
        _chain_check("pinsker", r"\sqrt{K_n/2}", "inverse_below_pinsker"),
    ),
)

_HUBER_STEPS = (
    LOGARITHM_BELOW_TANGENT,
    JENSEN_FOR_LOGARITHMS,
    AFFINITY,
    AFFINITY_AND_DIVERGENCE,
    HUBER_SIDE,
)

BRETAGNOLLE_HUBER = Proof(
    slug="distillation_divergence/bretagnolle_huber",
    idea="The inverse of the binary divergence is below the root of Bretagnolle and Huber.",
    steps=(
        WORLD,
        RANGE,
        *_HUBER_STEPS,
        _chain_check("bretagnolle_huber", r"\sqrt{1-e^{-K_n}}", "inverse_below_bretagnolle_huber"),
    ),
)


def _both(first: Any, second: Any) -> Sequence[Inequality]:
    """The inverse, e below one root and f below the other, and either bound."""
    return [
        Inequality(_teacher + _width * (root - room), bound, _width * room)
        for root, room, bound in ((_root, _room, first), (_other_root, _above, second))
    ]


BINARY_KL_DOMINATES = Proof(
    slug="distillation_divergence/binary_kl_dominates",
    idea="The inverse lies below either root, hence below the smaller one.",
    steps=(
        WORLD,
        RANGE,
        BINARY_PINSKER,
        PINSKER_SIDE,
        *_HUBER_STEPS,
        checked(
            "binary_kl_dominates",
            r"$a'+R\,\mathrm{kl}^{-1}(p,K)=\mathrm{gen}_T+R(q-p)$ with $q=\mathrm{kl}^{-1}(p,K)$ is"
            r" at most $\mathrm{gen}_T+R\sqrt{K/2}$ and at most $\mathrm{gen}_T+R\sqrt{1-e^{-K}}$,"
            r" hence at most the smaller one.",
            method="the slacks are those of the two roots, times the range",
            check=all_at_most,
            stated=_both(_teacher + _width * _root, _teacher + _width * _other_root),
            wrong={
                "without the range": _both(_teacher + _root, _teacher + _other_root),
                "a root exchanged for the other": _both(
                    _teacher + _width * _root, _teacher + _width * _root
                ),
            },
            uses=(
                "world",
                "range",
                "inverse_below_pinsker",
                "inverse_below_bretagnolle_huber",
            ),
        ),
    ),
)
