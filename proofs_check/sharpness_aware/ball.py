r"""Moments of a point that is uniform in a ball, and the mean of a cosine over it, for every $p$.

The radius has the density $pr^{p-1}/\rho^p$ and a coordinate one proportional to
$(\rho^2-u^2)^{(p-1)/2}$: one integration by parts gives all even moments of a coordinate, and with
them the series of the cosine, in which $p$ is a symbol throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from proofs_check.algebra import all_equal, is_zero
from proofs_check.records import Proof, assumed, checked, cited

p, radius, length = sympy.symbols("p rho r", positive=True)
order = sympy.Symbol("k", positive=True)
term = sympy.Symbol("m", integer=True, nonnegative=True)
coordinate, other, scale, first = sympy.symbols("u v t a_1", real=True)

UNIFORM = assumed(
    "uniform perturbation",
    r"$U$ is uniform in $\{u\in\mathbb R^p:|u|\le\rho\}$, $p\ge1$, $\rho>0$; if $\rho=0$,"
    r" $U=0$ and its moments vanish.",
)

# --- the norm -------------------------------------------------------------------------------------

_density = p * length ** (p - 1) / radius**p


def _radial(distribution: Any) -> tuple[tuple[Any, Any], ...]:
    """What makes it the distribution function of the norm."""
    return (sympy.diff(distribution, length), _density), (distribution.subs(length, radius), 1)


NORM_DENSITY = checked(
    "density_of_norm",
    r"$P(|U|\le r)=(r/\rho)^p$, since volumes scale as the $p$-th power; $|U|$ has the density"
    r" $pr^{p-1}/\rho^p$ on $[0,\rho]$.",
    method="differentiating, for every p",
    check=all_equal,
    stated=_radial((length / radius) ** p),
    wrong={
        "a uniform radius": _radial(length / radius),
        "surface in place of volume": _radial((length / radius) ** (p - 1)),
    },
    uses=("uniform perturbation",),
)


def _norm_moment(moment: Any) -> tuple[Any, Any]:
    """The density of the k-th moment below r, if this is the moment for the radius rho."""
    below = moment.subs(radius, length) * (length / radius) ** p
    return sympy.diff(below, length), length**order * _density


def norm_moment(k: int) -> Any:
    r"""Returns $E|U|^k=\rho^kp/(p+k)$."""
    return radius**k * p / (p + k)


NORM_MOMENTS = checked(
    "moments_of_norm",
    r"$E|U|^k=\frac{p\rho^k}{p+k}$ for every $k>0$, so that $E|U|=\frac{\rho p}{p+1}$ and"
    r" $E|U|^2=\frac{\rho^2p}{p+2}$: given $|U|\le r$ it is uniform in the ball of radius $r$, so"
    r" that $\int_0^rs^k\frac{ps^{p-1}}{\rho^p}ds=\frac{pr^k}{p+k}\bigl(\frac r\rho\bigr)^p$.",
    method="differentiating in r, for every p and k; both sides vanish at r = 0",
    check=lambda moment: all_equal((_norm_moment(moment),)),
    stated=p * radius**order / (p + order),
    wrong={
        "the mean for a uniform radius": radius**order / (order + 1),
        "p in place of p + k": radius**order,
    },
    uses=("density_of_norm",),
)

# --- a coordinate ---------------------------------------------------------------------------------


def _is_odd(monomial: Any) -> bool:
    """Whether reflecting the coordinate changes the sign."""
    return is_zero(monomial + monomial.subs(coordinate, -coordinate))


CENTRED = checked(
    "reflections",
    r"$EU_i=0$ and $EU_iU_j=0$ for $i\ne j$: reflecting the $i$-th coordinate keeps the law of $U$"
    r" and changes the sign of both.",
    method="substituting -u for u",
    check=lambda monomials: all(_is_odd(monomial) for monomial in monomials),
    stated=(coordinate, coordinate * other),
    wrong={"a square": (coordinate**2,), "the other coordinate": (other,)},
    uses=("uniform perturbation",),
)


def _mirror(factor: int) -> Sequence[tuple[Any, Any]]:
    """The share of v that is taken from a unit vector a, and the coefficient of v v' in H H - I."""
    square, product = 2 - 2 * first, 1 - first
    return (factor * product / square, 1), (factor**2 / square - 2 * factor / square, 0)


ROTATED = checked(
    "rotations",
    r"$a\cdot U$ has the law of $|a|U_1$. For a unit vector $a\ne e_1$ and $v=a-e_1$ the map"
    r" $H=I-2vv^\top/|v|^2$ has $Ha=a-v=e_1$ and $H^2=I$, so that it is an isometry and keeps the"
    r" law of $U$.",
    method="v.a = 1 - a_1 and v.v = 2 - 2 a_1, for every p",
    check=all_equal,
    stated=_mirror(2),
    wrong={"the projection along v": _mirror(1)},
    uses=("uniform perturbation",),
)


def _pythagoras(slice_radius: Any) -> tuple[tuple[Any, Any], ...]:
    """The square of the distance of the rim of a slice from the centre."""
    return ((coordinate**2 + slice_radius**2, radius**2),)


SLICES = checked(
    "slices",
    r"$U_1$ has a density proportional to $(\rho^2-u^2)^{(p-1)/2}$ on $[-\rho,\rho]$: the points of"
    r" the ball with first coordinate $u$ are a ball of $\mathbb R^{p-1}$ of radius"
    r" $\sqrt{\rho^2-u^2}$.",
    method="Pythagoras; the volume of the slice is the (p-1)-th power of its radius",
    check=all_equal,
    stated=_pythagoras(sympy.sqrt(radius**2 - coordinate**2)),
    wrong={"a cone": _pythagoras(radius - coordinate)},
    uses=("uniform perturbation",),
)


def _by_parts(ratio: Any) -> bool:
    """Whether the ratio of two moments of a coordinate is that which integrating by parts gives."""
    rest = radius**2 - coordinate**2
    boundary = coordinate ** (2 * term + 1) * rest ** ((p + 1) / 2)
    slope = sympy.powsimp(sympy.diff(boundary, coordinate) / rest ** ((p - 1) / 2))
    # The integral of the slope times the weight is zero, whatever multiple of it is taken.
    lost = coordinate ** (2 * term) * ratio - coordinate ** (2 * term + 2)
    return is_zero(sympy.powsimp(sympy.expand(slope / (2 * term + p + 2) - lost)))


COORDINATE_MOMENTS = checked(
    "moments_of_coordinate",
    r"$EU_1^{2m+2}=\frac{(2m+1)\rho^2}{2m+p+2}EU_1^{2m}$ for $m\ge0$, so that"
    r" $EU_1^2=\frac{\rho^2}{p+2}$: $\frac d{du}u^{2m+1}(\rho^2-u^2)^{\frac{p+1}2}="
    r"\bigl((2m+1)\rho^2u^{2m}-(2m+p+2)u^{2m+2}\bigr)(\rho^2-u^2)^{\frac{p-1}2}$ has the integral"
    r" zero.",
    method="differentiating, for every p and m",
    check=_by_parts,
    stated=(2 * term + 1) * radius**2 / (2 * term + p + 2),
    wrong={
        "the sphere in place of the ball": (2 * term + 1) * radius**2 / (2 * term + p),
        "without the factor 2m + 1": radius**2 / (2 * term + p + 2),
    },
    uses=("slices",),
)

# --- the cosine -----------------------------------------------------------------------------------

TERM_BY_TERM = cited(
    "term_by_term",
    r"$E\cos(tU_1)=\sum_m\frac{(-1)^mt^{2m}}{(2m)!}EU_1^{2m}$: the series converges uniformly on"
    r" $|u|\le\rho$.",
    "Rudin, Principles of Mathematical Analysis, 3rd ed., Theorem 7.16 and its corollary",
    uses=("uniform perturbation",),
)


def _moments(ratio: Callable[[Any], Any]) -> tuple[tuple[Any, Any], ...]:
    """The claim, if this is the ratio of the moments of order 2m + 2 and 2m of a coordinate."""
    cosine = -(scale**2) / ((2 * term + 1) * (2 * term + 2)) * ratio(term)
    argument = -(radius**2) * scale**2 / 4
    hypergeometric = argument / ((term + 1) * (p / 2 + 1 + term))
    return (cosine, hypergeometric), (p * ratio(0), norm_moment(2))


BALL_MOMENTS = Proof(
    slug="sharpness_aware/ball_moments",
    idea="Slices of a ball are balls, and one integration by parts gives every even moment of a"
    " coordinate from the one before.",
    steps=(
        UNIFORM,
        NORM_DENSITY,
        NORM_MOMENTS,
        CENTRED,
        ROTATED,
        SLICES,
        COORDINATE_MOMENTS,
        TERM_BY_TERM,
        checked(
            "ball_moments",
            r"$E\cos(a\cdot U)={}_0F_1(;\frac p2+1;-\frac{\rho^2|a|^2}4)$: with $t=|a|$ both series"
            r" begin with 1, and both have the ratio $-\frac{\rho^2t^2}4\big/\bigl((m+1)(\frac p2+1"
            r"+m)\bigr)$ of the terms $m+1$ and $m$. Moreover $E|U|=\frac{\rho p}{p+1}$,"
            r" $E|U|^2=\frac{\rho^2p}{p+2}$ and $EU_1^2=\frac{\rho^2}{p+2}=\frac1pE|U|^2$, so that"
            r" $EU=0$ and $E\,UU^\top=\frac{\rho^2}{p+2}I$.",
            method="ratios of terms, and both forms of the mean square, for every p and m",
            check=all_equal,
            stated=_moments(lambda m: (2 * m + 1) * radius**2 / (2 * m + p + 2)),
            wrong={
                "the moments of the sphere": _moments(
                    lambda m: (2 * m + 1) * radius**2 / (2 * m + p)
                ),
                "a radius in place of its square": _moments(
                    lambda m: (2 * m + 1) * radius / (2 * m + p + 2)
                ),
            },
            uses=(
                "moments_of_norm",
                "reflections",
                "rotations",
                "moments_of_coordinate",
                "term_by_term",
            ),
        ),
    ),
)
