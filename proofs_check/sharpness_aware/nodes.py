r"""Lemma 14 as printed, and the bound that is made of it, shown failing in an exact world.

The teacher remembers some examples and forgets the others, with losses of gradient zero at
everything that it returns: it goes far although nothing pulls it, and a slope that is made of
gradients around what it returns does not see this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import all_equal, equal, is_zero
from proofs_check.records import Proof, assumed, checked, refuted
from proofs_check.sharpness_aware.bounds import LOCALLY_OPTIMAL, PROCESSES
from proofs_check.sharpness_aware.moves import RANGE, SMOOTH, TEACHER

_x = sympy.Symbol("x", nonnegative=True)
_reach = sympy.Symbol("rho", positive=True)

SMOOTHNESS = 10 / sympy.sqrt(3)
STEEPEST = sympy.Rational(15, 8)
RADIUS = sympy.Rational(1, 256)
STEP = 6 * _x**5 - 15 * _x**4 + 10 * _x**3

# --- the losses -----------------------------------------------------------------------------------


def _is_smooth_step(claim: tuple[Any, Any]) -> bool:
    """Whether a polynomial goes from 0 to 1 as the losses do, with this largest second derivative.

    Args:
        claim: the polynomial, and the number.
    """
    polynomial, largest = claim
    derivatives = [sympy.diff(polynomial, _x, k) for k in range(4)]
    ends = [derivatives[k].subs(_x, end) for k in range(3) for end in (0, 1)]
    rising = 30 * _x**2 * (1 - _x) ** 2
    if not all_equal([*zip(ends, (0, 1, 0, 0, 0, 0), strict=True), (derivatives[1], rising)]):
        return False
    inside = sympy.Poly(derivatives[3], _x).all_roots()
    extreme = max(abs(derivatives[2].subs(_x, root)) for root in inside if 0 <= root <= 1)
    return is_zero(extreme - largest)


LOSSES = assumed(
    "losses at nodes",
    r"Hypotheses are real numbers, $n=1$, and the examples $0,\dots,m-1$; the first $k$ are"
    r" remembered. $\ell(j,z)$ is $1-[z=j]$ at the nodes $j<k$, $[z=j]$ at $k\le j<m$, and 1 at -1"
    r" and $m$, and constant beyond; between nodes it rises or falls as $6x^5-15x^4+10x^3$. The"
    r" teacher returns $A(z)=z$, and $\rho=\frac1{256}$.",
)

SMOOTH_STEP = checked(
    "smooth_step",
    r"$s(x)=6x^5-15x^4+10x^3$ rises from 0 to 1, as $s'(x)=30x^2(1-x)^2$, with two derivatives that"
    r" vanish at both ends, and $|s''|\le\frac{10}{\sqrt3}$: with $a=0$, $b=1$, $\kappa=m-1$,"
    r" $g_0=0$ and $\alpha=\frac{10}{\sqrt3}$ all that is printed is satisfied, everywhere.",
    method="derivatives at the ends and at the roots of the third",
    check=_is_smooth_step,
    stated=(STEP, SMOOTHNESS),
    wrong={
        "the cubic, whose second derivative jumps": (3 * _x**2 - 2 * _x**3, sympy.Integer(6)),
        "the largest slope for the largest bend": (STEP, STEEPEST),
    },
    uses=("losses at nodes",),
)


def rise_per_bend(reach: Any) -> Any:
    r"""Returns the mean of s over a distance that is uniform up to this one.

    Args:
        reach: $\rho\le\frac12$.
    """
    return reach**3 * (reach**2 - 3 * reach + sympy.Rational(5, 2))


def _mean_step(polynomial: Any) -> tuple[Any, Any]:
    """The mean of a polynomial over an interval, and the mean that is used."""
    return sympy.integrate(polynomial, (_x, 0, _reach)) / _reach, rise_per_bend(_reach)


NODE_RISE = checked(
    "rise_at_a_node",
    r"At a node with the values $v_-,v,v_+$ around it, $E_U\ell(j+U)-\ell(j)=\frac12E\,s(|U|)"
    r"(v_-+v_+-2v)$ with $E\,s(|U|)=\rho^3(\rho^2-3\rho+\frac52)$, since $U$ is uniform in"
    r" $[-\rho,\rho]$.",
    method="integrating",
    check=lambda polynomial: equal(_mean_step(polynomial)),
    stated=STEP,
    wrong={"the cubic": 3 * _x**2 - 2 * _x**3, "a slope for the step": sympy.diff(STEP, _x)},
    uses=("losses at nodes",),
)


class World(NamedTuple):
    """A teacher that remembers its first examples and forgets the others.

    Attributes:
        weights: the law of an example.
        remembered: how many it remembers.
    """

    weights: tuple[Any, ...]
    remembered: int

    def loss(self, node: int, example: int) -> int:
        """Returns the loss at a node."""
        if not 0 <= node < len(self.weights):
            return 1
        return int((node == example) != (node < self.remembered))

    def rise(self, node: int, example: int) -> Any:
        """Returns by how much the perturbation raises the loss at a node."""
        around = self.loss(node - 1, example) + self.loss(node + 1, example)
        return rise_per_bend(RADIUS) / 2 * (around - 2 * self.loss(node, example))

    def mean(self, values: Callable[[int, int], Any], node: int) -> Any:
        """Returns the mean over examples of what a loss or a rise is at a node."""
        return sum(weight * values(node, z) for z, weight in enumerate(self.weights))

    def gaps(self, values: Callable[[int, int], Any]) -> list[Any]:
        """Returns the population mean less the own value, for every example that is learned."""
        return [self.mean(values, z) - values(z, z) for z in range(len(self.weights))]

    def perturbed(self, node: int, example: int) -> Any:
        """Returns the loss at a node, perturbed."""
        return self.loss(node, example) + self.rise(node, example)


Slope = Callable[[Any], Any]


def printed_slope(_: Any) -> Any:
    r"""Returns $g_0+\alpha\rho$."""
    return SMOOTHNESS * RADIUS


def corrected_slope(movement: Any) -> Any:
    r"""Returns $\min(L,g_0+\alpha\rho\frac p{p+1}+\frac{\alpha\kappa}{4n})$ for $p=n=1$."""
    return sympy.Min(STEEPEST, SMOOTHNESS * RADIUS / 2 + SMOOTHNESS * movement / 4)


def _proxy(world: World, slope: Slope) -> Any:
    """The proxy of the perturbed gap, not squared, for a slope."""
    movement = len(world.weights) - 1
    return movement * slope(movement) + sympy.Rational(1, 2)


# --- Lemma 14 as printed --------------------------------------------------------------------------

_HALF, _QUARTER = sympy.Rational(1, 2), sympy.Rational(1, 4)
_ONE_REMEMBERED = World((_HALF, _QUARTER, _QUARTER), 1)


def _moves_little(slope: Slope) -> bool:
    """Whether the perturbed loss of the last example moves so little from 0 to 1."""
    world = _ONE_REMEMBERED
    return bool(abs(world.perturbed(0, 2) - world.perturbed(1, 2)) <= slope(2))


_argument, _variance = sympy.symbols("l v", positive=True)
_third = sympy.Symbol("k_3", real=True)


def _proxy_needed(first: Any) -> tuple[Any, Any]:
    """What is asked of a proxy at small arguments, and the variance; first: the mean."""
    moments = first * _argument + _variance * _argument**2 / 2 + _third * _argument**3 / 6
    logarithm = sympy.series(sympy.log(1 + moments), _argument, 0, 3).removeO()
    # Terms of negative order would not have a finite limit: they are left in.
    return sympy.expand(2 * logarithm / _argument**2), _variance


def _has_proxy(slope: Slope) -> bool:
    """Whether the variance of the perturbed gap is at most the squared proxy of a slope."""
    world = _ONE_REMEMBERED
    gaps = world.gaps(world.perturbed)
    first = sum(w * gap for w, gap in zip(world.weights, gaps, strict=True))
    second = sum(w * gap**2 for w, gap in zip(world.weights, gaps, strict=True))
    return bool(second - first**2 <= _proxy(world, slope) ** 2)


LEMMA14_PRINTED = Proof(
    slug="sharpness_aware/lemma14_printed",
    idea="The slope on the perturbation region says nothing of the way from f to f', which leaves"
    " this region if kappa/n is not small against rho.",
    steps=(
        TEACHER,
        RANGE,
        SMOOTH,
        LOSSES,
        SMOOTH_STEP,
        NODE_RISE,
        refuted(
            "slope_on_the_way",
            r"Replacing an example moves a perturbed loss by at most $|f-f'|(g_0+\alpha\rho)$. With"
            r" $m=3$, $k=1$, the perturbed loss of the last example falls from nearly 1 at $f=0$ to"
            r" nearly 0 at $f'=1$; it would have to fall by at most $\frac{10}{256\sqrt3}$.",
            method="the instance, exactly",
            check=_moves_little,
            stated=printed_slope,
            mended={"a slope that counts the way": corrected_slope},
            uses=("stable teacher", "smooth loss", "smooth_step", "rise_at_a_node"),
        ),
        checked(
            "variance_below_proxy",
            r"A proxy is at least the variance: $\frac2{\ell^2}\log Ee^{\ell(X-EX)}\to\mathbb V[X]$"
            r" as $\ell\to0$, for a bounded $X$.",
            method="the series of the logarithm",
            check=lambda mean: equal(_proxy_needed(mean)),
            stated=sympy.Integer(0),
            wrong={"a mean that is not subtracted": sympy.Integer(1)},
            uses=("bounded loss",),
        ),
        refuted(
            "lemma14_printed",
            r"$h_U$ has the proxy $\frac1n\bigl(\kappa(g_0+\alpha\rho)+\frac{b-a}2\bigr)^2$. With"
            r" the probabilities $\frac12,\frac14,\frac14$ of the examples the gap is $\frac12$ or"
            r" $-\frac34$, each half of the time, up to what the perturbation changes: its"
            r" variance, nearly $\frac{25}{64}$, would be at most"
            r" $\bigl(\frac{20}{256\sqrt3}+\frac12\bigr)^2<\frac{20}{64}$.",
            method="the instance, exactly",
            check=_has_proxy,
            stated=printed_slope,
            mended={"the slope that counts the way": corrected_slope},
            uses=("slope_on_the_way", "variance_below_proxy", "rise_at_a_node"),
        ),
    ),
)

# --- the bound as printed -------------------------------------------------------------------------

_EIGHTH = sympy.Rational(1, 8)
_TWO_REMEMBERED = World((_QUARTER,) * 4, 2)
_STUDENT = (3 * _EIGHTH, 3 * _EIGHTH, _EIGHTH, _EIGHTH)


def _over(law: Sequence[Any], values: Sequence[Any]) -> Any:
    """The mean of values over a law of the data."""
    return sum(weight * value for weight, value in zip(law, values, strict=True))


def _is_bounded(slope: Slope) -> bool:
    """Whether the student's gap is at most the bound with a slope, the student being allowed."""
    world, law = _TWO_REMEMBERED, _TWO_REMEMBERED.weights
    sharpness = [world.mean(world.rise, z) for z in range(len(law))]
    if _over(_STUDENT, sharpness) < 0:
        raise ValueError("the student is not locally optimal")
    divergence = _over(_STUDENT, [sympy.log(q / w) for q, w in zip(_STUDENT, law, strict=True)])
    kappa = len(law) - 1
    nu = SMOOTHNESS * kappa * RADIUS / 2 + SMOOTHNESS * RADIUS**2 / 2
    teacher = _over(law, world.gaps(world.loss)) + _over(law, sharpness)
    bound = teacher + (_proxy(world, slope) + nu) * sympy.sqrt(2 * divergence)
    return bool(_over(_STUDENT, world.gaps(world.loss)) <= bound)


BOUND_PRINTED = Proof(
    slug="sharpness_aware/bound_printed",
    idea="With the printed proxy of the perturbed gap the bound inherits the failure of Lemma 14.",
    steps=(
        PROCESSES,
        LOCALLY_OPTIMAL,
        TEACHER,
        SMOOTH,
        LOSSES,
        SMOOTH_STEP,
        NODE_RISE,
        refuted(
            "bound_printed",
            r"$\mathrm{gen}_S\le\mathrm{gen}_T+E_PS_P(f_T)+(\sigma_u+\nu)\sqrt{2K_n}$ with the"
            r" printed $\sigma_u$. With $m=4$, $k=2$ and equal probabilities, for a student that"
            r" runs the same algorithm on data of the law $\frac18(3,3,1,1)$, and is locally"
            r" optimal, $\mathrm{gen}_S=\frac38$ would be at most 0.31.",
            method="the instance, exactly",
            check=_is_bounded,
            stated=printed_slope,
            mended={"the slope that counts the way": corrected_slope},
            uses=(
                "processes",
                "local optimality",
                "stable teacher",
                "smooth loss",
                "smooth_step",
                "rise_at_a_node",
                "sharpness_aware/thm12",
                "sharpness_aware/lemma15",
            ),
        ),
    ),
)
