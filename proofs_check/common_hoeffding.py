r"""Hoeffding's lemma and McDiarmid's bounded differences, in steps, for variables with finite laws.

A log-mgf is convex with the variances of tilts as second derivative; on an interval of length $c$
these are at most $c^2/4$. A function of independent examples is a sum of increments, one for each
example, of which every one lies in an interval of length $c$ given the examples before.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.records import checked

_length = sympy.Symbol("c", positive=True)
_ell = sympy.Symbol("l", real=True)
_to_low, _to_high, _spare, _room, _weight = sympy.symbols("u v s e w", nonnegative=True)
_low, _mean, _middle = sympy.symbols("a m b", real=True)

# --- Hoeffding's lemma ----------------------------------------------------------------------------


def _from_a_point(point: Any) -> Inequality:
    """The squared distance of a value from a point of the interval, and that of the middle."""
    deviation = _low + _to_low - point
    return Inequality(deviation**2, (_to_low + _to_high) ** 2 / 4, _to_low * _to_high)


FROM_THE_MIDDLE = checked(
    "distance_from_the_middle",
    r"For $y$ in an interval of length $c$ with middle $b$, $(y-b)^2=\frac{c^2}4-uv\le\frac{c^2}4$,"
    r" $u$ and $v$ being its distances from the ends.",
    method="the slack is the product of the distances",
    check=at_most,
    stated=_from_a_point(_low + (_to_low + _to_high) / 2),
    wrong={"from an end in place of the middle": _from_a_point(_low)},
)


def _variance_below(bound: Any) -> Inequality:
    """The variance, when the mean square about the middle is c^2 / 4 - s, and a bound."""
    second_moment = _length**2 / 4 - _spare + 2 * _middle * _mean - _middle**2
    return Inequality(second_moment - _mean**2, bound, _spare + (_mean - _middle) ** 2)


VARIANCE_ON_AN_INTERVAL = checked(
    "variance_on_an_interval",
    r"$\mathrm{Var}\,y=E(y-b)^2-(Ey-b)^2\le\frac{c^2}4$ for every law on the interval.",
    method="expanding; the slack is what the step before leaves, and a square",
    check=at_most,
    stated=_variance_below(_length**2 / 4),
    wrong={
        "an eighth in place of a quarter": _variance_below(_length**2 / 8),
        "not squared": _variance_below(_length / 4),
    },
    uses=("distance_from_the_middle",),
)

_sums = (sympy.Symbol("n_0", positive=True), *sympy.symbols("n_1:3", real=True))


def _along(expression: Any) -> Any:
    """The derivative in l of a function of n_k = E y^k e^(l y), whose derivative is n_(k+1)."""
    parts = (sympy.diff(expression, _sums[k]) * _sums[k + 1] for k in range(2))
    return sum(parts, sympy.Integer(0))


def _derivatives(variance: Any) -> list[tuple[Any, Any]]:
    """The derivatives of the log-mgf, and the mean and the variance of the tilt."""
    first = _along(sympy.log(_sums[0]))
    return [(first, _sums[1] / _sums[0]), (_along(first), variance)]


_tilted_square = _sums[2] / _sums[0]

TILTED_MOMENTS = checked(
    "log_mgf_and_tilts",
    r"With $n_k=Ey^ke^{\ell y}$, so that $n_k'=n_{k+1}$, $\log n_0$ has the derivatives"
    r" $\frac{n_1}{n_0}$ and $\frac{n_2}{n_0}-\bigl(\frac{n_1}{n_0}\bigr)^2$ in $\ell$: mean and"
    r" variance of the tilt, the law with masses $p_ie^{\ell y_i}/n_0$ on the same values.",
    method="differentiating twice",
    check=all_equal,
    stated=_derivatives(_tilted_square - (_sums[1] / _sums[0]) ** 2),
    wrong={
        "the second moment": _derivatives(_tilted_square),
        "the mean not squared": _derivatives(_tilted_square - _sums[1] / _sums[0]),
    },
)

_at = sympy.Symbol("t", real=True)
_values = sympy.symbols("d_0:3", real=True)


def _by_parts(weight: Any) -> list[tuple[Any, Any]]:
    """That weight d' + d has derivative weight d'', and is d(l) at l and zero at zero."""
    anti = weight * _values[1] + _values[0]
    slope = sympy.diff(anti, _at) + sum(
        sympy.diff(anti, _values[k]) * _values[k + 1] for k in range(2)
    )
    return [
        (slope, weight * _values[2]),
        (anti.subs(_at, _ell), _values[0]),
        (anti.subs({_at: 0, _values[0]: 0, _values[1]: 0}), 0),
    ]


TWO_INTEGRATIONS = checked(
    "two_integrations",
    r"If $d(0)=d'(0)=0$, then $d(\ell)=\int_0^\ell(\ell-t)\,d''(t)\,dt$, so that $d\ge0$ on both"
    r" sides of zero if $d''\ge0$.",
    method="the antiderivative (l - t) d'(t) + d(t), for any function",
    check=all_equal,
    stated=_by_parts(_ell - _at),
    wrong={"the weight t": _by_parts(_at), "the weight squared": _by_parts((_ell - _at) ** 2)},
)


def _bends(parabola: Any) -> Inequality:
    """The second derivative of the log-mgf, a variance c^2 / 4 - s, and that of a parabola."""
    second = sympy.diff(parabola, _ell, 2)
    return Inequality(_length**2 / 4 - _spare, second, _spare)


HOEFFDING = checked(
    "hoeffding",
    r"$\log Ee^{\ell(y-Ey)}\le\frac{\ell^2c^2}8$ for all $\ell$, if $y$ lies in an interval of"
    r" length $c$: the right side less the left has value and slope zero at $\ell=0$, and the"
    r" second derivative $\frac{c^2}4$ less the variance of a tilt.",
    method="the second derivative of the parabola; the slack is that of the variance",
    check=at_most,
    stated=_bends(_ell**2 * _length**2 / 8),
    wrong={
        "a sixteenth in place of an eighth": _bends(_ell**2 * _length**2 / 16),
        "the length not squared": _bends(_ell**2 * _length / 8),
    },
    uses=("variance_on_an_interval", "log_mgf_and_tilts", "two_integrations"),
)

HOEFFDING_STEPS = (
    FROM_THE_MIDDLE,
    VARIANCE_ON_AN_INTERVAL,
    TILTED_MOMENTS,
    TWO_INTEGRATIONS,
    HOEFFDING,
)
"""Hoeffding's lemma."""

# --- means, and mixtures --------------------------------------------------------------------------

_mass, _first, _second = sympy.symbols("W S_1 S_2", real=True)
_bound, _other_weight = sympy.symbols("b w_2", nonnegative=True)
_value = sympy.Symbol("x", real=True)


def _means(other_weight: Any) -> Induction:
    """What b leaves of the difference of two means so far, where values differ by b - e."""
    step = {
        _mass: _mass + _weight,
        _first: _first + _weight * _value,
        _second: _second + other_weight * (_value - _bound + _room),
    }
    invariant = _bound * _mass - _first + _second
    return Induction(invariant, dict.fromkeys((_mass, _first, _second), 0), step, _weight * _room)


MEANS_STAY_CLOSE = checked(
    "means_stay_close",
    r"If $x_i-x_i'\le b$ at every point of a law with masses $w_i\ge0$ of sum one, then"
    r" $\sum_iw_ix_i-\sum_iw_ix'_i\le b$.",
    method="induction over the points, for any number of them",
    check=nonnegative_by_induction,
    stated=_means(_weight),
    wrong={"means under two laws": _means(_other_weight)},
)

_joint, _of_means = sympy.symbols("M_1 M_2", real=True)
_factor, _mean_term = sympy.symbols("F x", positive=True)


def _mixture(factor_given: Any) -> Induction:
    """The factor times the mgf of the means, less that of the variable, over the cases so far."""
    step = {
        _of_means: _of_means + _weight * _mean_term,
        _joint: _joint + _weight * _mean_term * factor_given,
    }
    invariant = _factor * _of_means - _joint
    slack = _weight * _mean_term * _room
    return Induction(invariant, dict.fromkeys((_joint, _of_means), 0), step, slack)


MIXTURE = checked(
    "one_more_factor",
    r"If $\log E[e^{\ell(y-m_s)}|s]\le t$ for every $s$, $m_s=E[y|s]$, then"
    r" $Ee^{\ell y}=\sum_sw_se^{\ell m_s}E[e^{\ell(y-m_s)}|s]\le e^tEe^{\ell m_s}$.",
    method="induction over the values of s, for any number of them",
    check=nonnegative_by_induction,
    stated=_mixture(_factor - _room),
    wrong={
        "some s with a larger mgf": _mixture(_factor + _room),
        "the square root of the factor": _mixture(_factor**2),
    },
)

# --- bounded differences --------------------------------------------------------------------------

_with_it, _given_it = sympy.symbols("J G", real=True)
_own = sympy.Symbol("p", nonnegative=True)


def _tower(rest_weight: Any) -> Induction:
    """An example's share of a mean, over what the rest can be, and its weight times its mean."""
    step = {
        _with_it: _with_it + _own * rest_weight * _value,
        _given_it: _given_it + _weight * _value,
    }
    start = dict.fromkeys((_with_it, _given_it), 0)
    return Induction(_with_it - _own * _given_it, start, step)


INCREMENTS = checked(
    "increments",
    r"Let $F$ be a function of independent $z_1,\dots,z_n$ that changes by at most $c$ when one of"
    r" them is replaced, and $g_k=E[F|z_1,\dots,z_k]$, a mean over $z_{k+1},\dots,z_n$, whose law"
    r" does not depend on $z_k$. Then $g_{k-1}$ is the mean of $g_k$ over $z_k$, and given"
    r" $z_1,\dots,z_{k-1}$ two values of $g_k$ are means of values of $F$ that differ by at most"
    r" $c$: $g_k$ lies in an interval of length $c$.",
    method="induction over what the rest can be: an independent example's weight is a factor",
    check=holds_by_induction,
    stated=_tower(_weight),
    wrong={"a rest that depends on the example": _tower(_other_weight)},
    uses=("means_stay_close",),
)

_count, _log_mgf = sympy.symbols("k Lambda", real=True)
_added = _ell**2 * _length**2 / 8


def _factors(stated: Any) -> Induction:
    """An exponent times k, less the log-mgf of g_k - EF, each factor leaving a room e."""
    step = {_count: _count + 1, _log_mgf: _log_mgf + _added - _room}
    return Induction(_count * stated - _log_mgf, {_count: 0, _log_mgf: 0}, step, _room)


BOUNDED_DIFFERENCES = checked(
    "bounded_differences",
    r"$\log Ee^{\ell(F-EF)}\le n\frac{\ell^2c^2}8$ for all $\ell$: by Hoeffding's lemma for $g_k$"
    r" given $z_1,\dots,z_{k-1}$, $\log Ee^{\ell g_k}\le\frac{\ell^2c^2}8+\log Ee^{\ell g_{k-1}}$,"
    r" and $g_0=EF$, $g_n=F$.",
    method="induction over the examples, for every n",
    check=nonnegative_by_induction,
    stated=_factors(_added),
    wrong={
        "half of every exponent": _factors(_added / 2),
        "the differences not squared": _factors(_ell**2 * _length / 8),
    },
    uses=("hoeffding", "one_more_factor", "increments"),
)

BOUNDED_DIFFERENCES_STEPS = (
    *HOEFFDING_STEPS,
    MEANS_STAY_CLOSE,
    MIXTURE,
    INCREMENTS,
    BOUNDED_DIFFERENCES,
)
"""Bounded differences, with Hoeffding's lemma."""
