r"""How far losses, and functions of the data, move when an example is replaced.

The teacher moves by at most $\kappa/n$ along a segment, and from either end of it the gradient has
not grown by more than $\alpha$ times the distance: on average over the segment that is a quarter of
its length. Everything that follows is a sum of such moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    all_equal,
    equal,
    expectation,
    nonnegative_by_induction,
)
from proofs_check.algebra_order import ordered
from proofs_check.records import Step, assumed, checked, cited
from proofs_check.sharpness_aware.ball import norm_moment, p, radius

count = sympy.Symbol("n", positive=True)
_further = sympy.Symbol("n-1", nonnegative=True)
movement, lipschitz, gradient = sympy.symbols("kappa L g_0", nonnegative=True)
smoothness, width = sympy.symbols("alpha b-a", nonnegative=True)
population_slope, slope = sympy.symbols("s_v s_w", nonnegative=True)
distance, missing = sympy.symbols("delta e", nonnegative=True)

TEACHER = assumed(
    "stable teacher",
    r"$D=(z_1,\dots,z_n)$ is i.i.d., $f_T=A(D)$ is a function of the data, and"
    r" $|A(D)-A(D')|\le\kappa/n$ if $D\simeq D'$, that is, if they differ in one example.",
)
RANGE = assumed(
    "bounded loss", r"The loss is in $[a,b]$ at all that the teacher returns, perturbed or not."
)
LIPSCHITZ = assumed("Lipschitz loss", r"$|\ell(f,z)-\ell(f',z)|\le L|f-f'|$ for all $f,f',z$.")
SMOOTH = assumed(
    "smooth loss",
    r"$|\nabla\ell(A(D),z)|\le g_0$, and $\nabla\ell(\cdot,z)$ has the Lipschitz constant $\alpha$"
    r" within $\rho$ of every segment from $A(D)$ to $A(D')$, $D\simeq D'$.",
)

# --- means ----------------------------------------------------------------------------------------

_weights, _total = sympy.symbols("W M", real=True)
_weight, _below = sympy.symbols("w v", nonnegative=True)
_bound, _signed = sympy.symbols("c s", real=True)


def _mean(weight: Any) -> Induction:
    """The bound times the weights less the weighted sum, when a term of this weight is added."""
    return Induction(
        _bound * _weights - _total,
        {_weights: 0, _total: 0},
        {_weights: _weights + weight, _total: _total + weight * (_bound - _below)},
        weight * _below,
    )


MEAN_BELOW_BOUND = checked(
    "mean_below_bound",
    r"A weighted sum of numbers that are at most $c$ is at most $c$ times the sum of the weights,"
    r" these being nonnegative; for a mean, or an expectation, at most $c$.",
    method="induction over the terms",
    check=nonnegative_by_induction,
    stated=_mean(_weight),
    wrong={"weights of either sign": _mean(_signed)},
)

# --- along the segment ----------------------------------------------------------------------------

ALONG = cited(
    "along_the_segment",
    r"$\ell(f')-\ell(f)=\int_0^1\nabla\ell(w_s)\cdot(f'-f)\,ds$ with $w_s=f+s(f'-f)$, so that"
    r" $|\ell(f')-\ell(f)|\le|f'-f|\int_0^1|\nabla\ell(w_s)|\,ds$.",
    "Rudin, Principles of Mathematical Analysis, 3rd ed., Theorems 6.21 and 9.15, and the"
    " Cauchy-Schwarz inequality",
    uses=("smooth loss",),
)

_s = sympy.Symbol("s", nonnegative=True)
_HALF = sympy.Rational(1, 2)


def _mean_distance(halves: Sequence[Any]) -> Sequence[tuple[Any, Any]]:
    """The mean over the segment of the distance from an end, given on its two halves.

    The length of the segment is one, and the distance vanishes at the ends.
    """
    mean = sympy.integrate(halves[0], (_s, 0, _HALF)) + sympy.integrate(halves[1], (_s, _HALF, 1))
    return (mean, sympy.Rational(1, 4)), (halves[0].subs(_s, 0), 0), (halves[1].subs(_s, 1), 0)


NEARER_END = checked(
    "nearer_end",
    r"$|\nabla\ell(w_s)|\le g_0+\alpha\min(s,1-s)\delta$ for $\delta=|f'-f|$, since the gradient is"
    r" at most $g_0$ at both ends, and $\int_0^1\min(s,1-s)\,ds=\frac14$.",
    method="integrating over both halves",
    check=lambda halves: all_equal(_mean_distance(halves)),
    stated=(_s, 1 - _s),
    wrong={"from one end": (_s, _s), "from the farther end": (1 - _s, _s)},
    uses=("stable teacher", "smooth loss"),
)


def _moved(share: Any) -> tuple[Any, Any]:
    """How far a loss moves with this mean distance, and the bound, a longer way being possible."""
    longest = distance + missing
    return distance * (gradient + smoothness * share * distance), (
        longest * (gradient + smoothness * longest / 4)
    )


SLOPE = checked(
    "slope",
    r"$|\ell(A(D),z)-\ell(A(D'),z)|\le\delta(g_0+\frac{\alpha\delta}4)\le\frac\kappa n\,"
    r"\mathrm{slope}$ with $\mathrm{slope}=\min(L,g_0+\frac{\alpha\kappa}{4n})$ and"
    r" $\delta\le\frac\kappa n$: it is at most $L\kappa/n$ as well.",
    method="expanding, with kappa / n - delta a slack",
    check=ordered,
    stated=_moved(sympy.Rational(1, 4)),
    wrong={"the mean distance from one end": _moved(_HALF)},
    uses=("stable teacher", "Lipschitz loss", "along_the_segment", "nearer_end"),
)

_norm = sympy.Symbol("v", nonnegative=True)
_U = sympy.Symbol("|U|", nonnegative=True)


def mean_over_ball(expression: Any, norm: Any, moments: Mapping[Any, Any] | None = None) -> Any:
    r"""Returns the expectation of a polynomial in the norm of the perturbation.

    Args:
        expression: a polynomial in ``norm``.
        norm: the symbol that stands for $|U|$.
        moments: the expectations of its powers; by default $E|U|$ and $E|U|^2$.
    """
    known = {norm**k: norm_moment(k) for k in (1, 2)} if moments is None else moments
    return expectation(expression, known, [norm])


def _moved_perturbed(mean_norm: Any) -> tuple[Any, Any]:
    """How far a perturbed loss moves, with this mean norm, and the slope times the distance."""
    local = gradient + smoothness * distance / 4
    moved = mean_over_ball(distance * (local + smoothness * _U), _U, {_U: mean_norm})
    return moved, distance * (local + smoothness * radius * p / (p + 1))


PERTURBED_SLOPE = checked(
    "perturbed_slope",
    r"$|E_U\ell(A(D)+U,z)-E_U\ell(A(D')+U,z)|\le\frac\kappa n\,\mathrm{slope}_U$ with"
    r" $\mathrm{slope}_U=\min(L,g_0+\alpha\rho\frac p{p+1}+\frac{\alpha\kappa}{4n})$: at $w_s+U$"
    r" the gradient exceeds that at $w_s$ by $\alpha|U|$ at most, on average by"
    r" $\alpha E|U|=\alpha\rho\frac p{p+1}$.",
    method="the mean over U is linear in |U|; expanding",
    check=equal,
    stated=_moved_perturbed(radius * p / (p + 1)),
    wrong={
        "the root of the mean square": _moved_perturbed(radius * sympy.sqrt(p / (p + 2))),
        "the mean norm of one dimension": _moved_perturbed(radius / 2),
        "no gradient on the way": _moved_perturbed(0),
    },
    uses=(
        "uniform perturbation",
        "slope",
        "Lipschitz loss",
        "mean_below_bound",
        "sharpness_aware/ball_moments",
    ),
)

# --- a function of the data -----------------------------------------------------------------------


def at_least_one(expression: Any) -> Any:
    r"""Returns the expression with $n\ge1$ manifest: $n$ is one more than a nonnegative number."""
    return sympy.sympify(expression).subs(count, 1 + _further)


def change(population: Any, common: Any, own: Any, others: Any = count - 1) -> Any:
    r"""Returns by how much a population mean less an empirical mean changes at most.

    Args:
        population: by how much the first one's losses move, times $n/\kappa$.
        common: by how much the second one's losses move, times $n/\kappa$.
        own: by how much the loss of the example that is replaced changes.
        others: how many examples stay.
    """
    return (population * movement + others * common * movement / count + own) / count


def _gap_change(others: Any, own: Any) -> tuple[Any, Any]:
    """The change of a gap, with so many examples that stay."""
    stated = movement * population_slope + (1 - 1 / count) * movement * slope + width
    return change(population_slope, slope, own, others), stated / count


CHANGE_OF_GAP = checked(
    "change_of_gap",
    r"Let $F(D)=E_zv(A(D),z)-\frac1n\sum_jw(A(D),z_j)$, where for $D\simeq D'$ values of $v$ move"
    r" by at most $s_v\frac\kappa n$, those of $w$ by $s_w\frac\kappa n$, and all of $w$ lie in an"
    r" interval of width $b-a$. Then $|F(D)-F(D')|\le\frac1n\bigl(\kappa s_v+(1-\frac1n)\kappa s_w"
    r"+b-a\bigr)$: $n-1$ examples stay, and the losses of the other two are $b-a$ apart at most.",
    method="expanding the sum of the three changes",
    check=equal,
    stated=_gap_change(count - 1, width),
    wrong={
        "the replaced example counted among those that stay": _gap_change(count, width),
        "the loss of the replaced example has twice the range": _gap_change(count - 1, 2 * width),
    },
    uses=("stable teacher", "bounded loss", "mean_below_bound"),
)

MCDIARMID = cited(
    "bounded_differences",
    r"If $|F(D)-F(D')|\le c$ for $D\simeq D'$, $\log Ee^{\ell(F-EF)}\le\frac{\ell^2}8nc^2$ for all"
    r" $\ell$.",
    "McDiarmid, On the method of bounded differences, Surveys in Combinatorics 1989, Lemmas 5.8"
    " and 1.2; Boucheron, Lugosi, Massart, Concentration Inequalities, 2013, proof of Theorem 6.2",
    uses=("stable teacher",),
)


_change, _argument = sympy.symbols("c l", nonnegative=True)


def _exponent(proxy: Any) -> tuple[Any, Any]:
    """The exponent that the bounded differences give, and that of a proxy, not squared."""
    return _argument**2 * count * _change**2 / 8, _argument**2 * proxy**2 / 2


PROXY_OF_CHANGE = checked(
    "proxy_of_change",
    r"With the same $c$, $\log Ee^{\ell(F-EF)}\le\frac{\ell^2\sigma^2}2$ for all $\ell$ and every"
    r" $\sigma\ge\frac{\sqrt n}2c$.",
    method="expanding",
    check=equal,
    stated=_exponent(sympy.sqrt(count) * _change / 2),
    wrong={
        "the whole change": _exponent(sympy.sqrt(count) * _change),
        "without the root of n": _exponent(_change / 2),
    },
    uses=("bounded_differences",),
)


def _proxy(bound: Any, proxy: Any) -> tuple[Any, Any]:
    """The proxy that a bound on the change has, and another, both times the root of n."""
    return at_least_one(count * bound / 2), at_least_one(sympy.sqrt(count) * proxy)


def proxy_step(
    name: str,
    statement: str,
    change: tuple[Any, Any],
    wrong: Mapping[str, tuple[Any, Any]],
    uses: Sequence[str],
) -> Step:
    r"""Returns the step from a bound on changes to a proxy.

    Args:
        name: of the step.
        statement: what it says.
        change: the bound on the change, and $\sigma$.
        wrong: name -> another such pair.
        uses: earlier steps, besides that from changes to proxies.
    """
    return checked(
        name,
        statement,
        method="expanding; what is left over of sigma - sqrt(n) c / 2 is manifestly nonnegative",
        check=lambda pair: ordered(_proxy(*pair)),
        stated=change,
        wrong=wrong,
        uses=(*uses, "proxy_of_change"),
    )
