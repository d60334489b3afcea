r"""Equation 10 by its readings: moments of the teacher over inputs, or at each of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from proofs_check.algebra import Inequality
from proofs_check.algebra_several import all_at_most
from proofs_check.bias_variance import worlds
from proofs_check.bias_variance.bias import factor, gap
from proofs_check.bias_variance.printed import CONSTANT, extra
from proofs_check.bias_variance.setting import (
    CENTRED_SQUARES,
    JOINT_SECOND_MOMENT,
    SHARED,
    TOTAL_VARIANCE,
    WORLD,
    more,
    noise,
    spread,
)
from proofs_check.common import JENSEN_FOR_SQUARES, PAIRWISE_FORM
from proofs_check.records import Proof, checked, refuted

_ALWAYS_HALF = worlds.World(
    inputs=(Fraction(1, 2), Fraction(1, 2)),
    truth=((1, 0), (0, 1)),
    losses=((1, 0), (0, 1)),
    draws=(Fraction(1),),
    teachers=(((Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 2), Fraction(1, 2))),),
)

_Moments = Callable[[worlds.World], Any]


def _over_inputs(world: worlds.World) -> Any:
    """The squared bias and the variance of a fixed teacher, both over inputs."""
    (teacher,) = world.teachers
    mean = worlds.mean_row(world.inputs, teacher)
    bias = worlds.squared_distance(mean, worlds.mean_row(world.inputs, world.truth))
    variance = worlds.dot(
        world.inputs, tuple(worlds.squared_distance(row, mean) for row in teacher)
    )
    return bias + variance


def _at_each_input(world: worlds.World) -> Any:
    """The squared bias at each input, averaged afterwards; a fixed teacher has no variance."""
    (teacher,) = world.teachers
    pairs = zip(teacher, world.truth, strict=True)
    return worlds.dot(world.inputs, tuple(worlds.squared_distance(*pair) for pair in pairs))


def _is_mean_square(moments: _Moments) -> bool:
    """Whether the moments add up to the mean squared distance."""
    return bool(worlds.mean_squared_distance(_ALWAYS_HALF) == moments(_ALWAYS_HALF))


def _eq10_holds(moments: _Moments) -> bool:
    """Whether Eq. 10 with these moments and C = L B^2 = 2 holds for one sample."""
    bound = worlds.joint_variance(_ALWAYS_HALF) + 2 * moments(_ALWAYS_HALF)
    return bool(worlds.shared_error(_ALWAYS_HALF, 1) <= bound)


EQ10_X_AVERAGE = Proof(
    slug="bias_variance/eq10_x_average",
    idea="Errors that cancel between inputs are not small; moments over inputs do not see them.",
    steps=(
        WORLD,
        SHARED,
        CONSTANT,
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        refuted(
            "moments_over_inputs",
            r"$(\mathbb E\|p_\tau-p^*\|_2)^2\le\mathbb E\|p_\tau-p^*\|_2^2=\|\mathbb"
            r" E\,p_\tau-\mathbb E\,p^*\|_2^2+\mathbb V[p_\tau]$ with means and variance over $x$."
            r" The first step is Jensen's; in the second the sides are $\frac12$ and $0$ for two"
            r" equally likely inputs, $p^*=(1,0)$ and $(0,1)$, and a teacher that always says"
            r" $(\frac12,\frac12)$.",
            method="computing both sides exactly",
            check=_is_mean_square,
            stated=_over_inputs,
            mended={"moments of the teacher at each input, then averaged": _at_each_input},
            uses=("world", "jensen_for_squares"),
        ),
        refuted(
            "eq10_x_average",
            r"$\mathbb E(\tilde R-R)^2\le\frac1N\mathbb V[p_\tau\cdot\ell]+C\bigl(\|\mathbb"
            r" E\,p_\tau-\mathbb E\,p^*\|_2^2+\mathbb V[p_\tau]\bigr)$ over $x$ and $\tau$: in the"
            r" same world, with $\ell=(1,0)$ and $(0,1)$ and $N=1$, it would be $\frac14\le0$ for"
            r" every $C$.",
            method="enumerating the world, exactly",
            check=_eq10_holds,
            stated=_over_inputs,
            mended={"moments of the teacher at each input, then averaged": _at_each_input},
            uses=("shared", "constant", "moments_over_inputs", "bias_variance/eq9_fixed"),
        ),
    ),
)

_range, _rest = sympy.symbols("r u", nonnegative=True)
_half = sympy.Symbol("h", nonnegative=True)


def _covered(share: Any) -> tuple[Inequality, Inequality]:
    """B_x^2 C*(L) below this share of L B^2 with 2 B = B_x + u, for even and for odd L."""
    largest = (_range + _rest) / 2
    found = []
    for labels, sharp, rest in (
        (2 * _half, _half / 2, 0),
        (2 * _half + 1, _half * (_half + 1) / (2 * _half + 1), 1 / (2 * _half + 1)),
    ):
        slack = labels * (2 * _range * _rest + _rest**2) / 4 + rest * _range**2 / 4
        slack += (share - 1) * labels * largest**2
        found.append(Inequality(_range**2 * sharp, share * labels * largest**2, slack))
    return found[0], found[1]


_moments = sympy.Symbol("M", nonnegative=True)


def _eq10(constant: Any, variance: Any) -> tuple[Inequality, Inequality]:
    """Eq. 10 with this constant and this variance, for a shared teacher and for a fresh one."""
    size = 1 + more
    shared = noise / size + factor * _moments - gap
    sharing = more / size * spread  # 1 - 1/N is m / (1 + m)
    bound = variance / size + constant * _moments
    slack = (variance - noise) / size + (constant - factor) * _moments + gap
    return Inequality(shared, bound, slack), Inequality(shared - sharing, bound, slack + sharing)


EQ10 = Proof(
    slug="bias_variance/eq10",
    idea="The bound with the sharp constant is smaller in both of its terms.",
    steps=(
        WORLD,
        SHARED,
        CONSTANT,
        checked(
            "printed_constant_covers",
            r"$B_x^2C^*(L)\le LB^2$, where $B_x\le2B$ is the largest range of the losses at an"
            r" input: $C^*(L)$ is $\frac L4$ for even $L$ and $\frac{L^2-1}{4L}$ for odd $L$.",
            method="expanding, with 2 B = B_x + u, for L = 2 h and L = 2 h + 1",
            check=all_at_most,
            stated=_covered(sympy.Integer(1)),
            wrong={
                "half of it": _covered(sympy.Rational(1, 2)),
                "a quarter of it": _covered(sympy.Rational(1, 4)),
            },
            uses=("world",),
        ),
        CENTRED_SQUARES,
        JOINT_SECOND_MOMENT,
        TOTAL_VARIANCE,
        checked(
            "eq10",
            r"$\mathbb E(\tilde R-R)^2\le\frac1N\mathbb E_\tau v_\tau+B_x^2C^*(L)\,\mathbb E_x(\|"
            r"\mathbb E_\tau p_\tau-p^*\|_2^2+\mathbb V_\tau[p_\tau])\le\frac1N\mathbb V_{x,\tau}"
            r"[p_\tau\cdot\ell]+C\,\mathbb E_x(\|\mathbb E_\tau p_\tau-p^*\|_2^2+\mathbb V_\tau"
            r"[p_\tau])$. With fresh draws the error is no larger.",
            method="adding up the slacks; the variance is E v + V b, C = K + c, N = 1 + m",
            check=all_at_most,
            stated=_eq10(factor + extra, noise + spread),
            wrong={
                "a constant that is too small": _eq10(factor - extra, noise + spread),
                "half of the noise": _eq10(factor + extra, noise / 2 + spread),
            },
            uses=(
                "shared",
                "constant",
                "printed_constant_covers",
                "total_variance",
                "bias_variance/shared_moment",
                "bias_variance/shared_minus_fresh",
            ),
        ),
    ),
)
