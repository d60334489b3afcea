r"""Derivatives of a log-mgf: cumulants of a tilt, here of a law on an interval of length one."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, all_equal, at_most, expectation
from proofs_check.algebra_several import all_at_most
from proofs_check.records import assumed, checked

LAW = assumed(
    "law",
    r"$X$ has finitely many values, in an interval of length $R$; $z=(X-EX)/R$,"
    r" $\psi(\ell)=\log Ee^{\ell z}$, $G(\ell)=2\psi(\ell)/\ell^2$, $V=Ez^2$ and $y=\max z>0$;"
    r" $\ell>0$, arguments $\ell<0$ being those of $-X$. For a constant all is zero.",
)
_mgf = sympy.Symbol("n_0", positive=True)
_sums = (_mgf, *sympy.symbols("n_1:5", real=True))
_x = sympy.Symbol("x", real=True)


def _cumulants(squares: int) -> list[tuple[Any, Any]]:
    """Derivatives of log n_0, where n_k = E z^k e^(l z), and central moments of the tilt."""

    def along(expression: Any) -> Any:
        parts = (sympy.diff(expression, _sums[k]) * _sums[k + 1] for k in range(4))
        return sum(parts, sympy.Integer(0))

    def central(power: int) -> Any:
        known = {_x**k: _sums[k] / _mgf for k in range(1, 5)}
        return expectation((_x - _sums[1] / _mgf) ** power, known, [_x])

    first = along(sympy.log(_mgf))
    second = along(first)
    third = along(second)
    return [
        (first, _sums[1] / _mgf),
        (second, central(2)),
        (third, central(3)),
        (along(third), central(4) + squares * central(2) ** 2),
    ]


CUMULANTS = checked(
    "derivatives_are_cumulants",
    r"The derivative of $n_k=Ez^ke^{\ell z}$ is $n_{k+1}$, and $n_k/n_0=E_\ell z^k$, the mean under"
    r" the tilt by $\ell$. Hence $\psi'=m:=E_\ell z$, $\psi''=E_\ell(z-m)^2\ge0$,"
    r" $\psi'''=E_\ell(z-m)^3$ and $\psi''''=E_\ell(z-m)^4-3\psi''^2\le E_\ell(z-m)^4$.",
    method="differentiating the logarithm of n_0 four times",
    check=lambda squares: all_equal(_cumulants(squares)),
    stated=-3,
    wrong={"the fourth moment alone": 0, "less the square of the variance, once": -1},
    uses=("law",),
)

_u = sympy.Symbol("u", nonnegative=True)


def _powers(length: Any) -> list[Inequality]:
    """Powers of a deviation below its square, at either end of an interval of this length."""
    upper, lower = length - _u, -length + _u
    return [
        Inequality(upper**3, upper**2, upper**2 * (1 - upper)),
        Inequality(-(lower**3), lower**2, lower**2 * (1 + lower)),
    ]


CUBES = checked(
    "cubes_below_squares",
    r"$|z-m|\le1$, since both lie in an interval of length one: $|z-m|^3\le(z-m)^2$ and hence"
    r" $(z-m)^4\le(z-m)^2$ in every term, so that $|\psi'''|\le\psi''$ and $\psi''''\le\psi''$.",
    method="with z - m = 1 - u and z - m = u - 1, u >= 0, the slack is a square times u",
    check=all_at_most,
    stated=_powers(sympy.Integer(1)),
    wrong={"an interval of length two": _powers(sympy.Integer(2))},
    uses=("derivatives_are_cumulants",),
)

_mean = sympy.Symbol("m", real=True)
_variance, _growth = sympy.symbols("V E", positive=True)
_jensen, _left = sympy.symbols("j q", nonnegative=True)


def _tilted_variance(mgf: Any, spread: Any) -> Inequality:
    """The tilt's variance, from its second moment, and V e^(l y)."""
    tilted = (_variance * _growth - _left) / mgf - spread
    bound = _variance * _growth
    return Inequality(tilted, bound, spread + (bound * (mgf - 1) + _left) / mgf)


TILTED_VARIANCE = checked(
    "variance_of_a_tilt",
    r"$\psi''(\ell)=\frac{E z^2e^{\ell z}}{Ee^{\ell z}}-m^2\le V e^{\ell y}$, since $z\le y$ in"
    r" every term and $Ee^{\ell z}\ge1$ (the change of measure with $Q=P$: $0=E\ell z\le\log"
    r" Ee^{\ell z}$).",
    method="the slack is m^2 and what the two inequalities leave",
    check=at_most,
    stated=_tilted_variance(1 + _jensen, _mean**2),
    wrong={
        "an mgf below one": _tilted_variance(1 / (1 + _jensen), _mean**2),
        "m^2 added": _tilted_variance(1 + _jensen, -(_mean**2)),
    },
    uses=("derivatives_are_cumulants", "distillation_divergence/donsker_varadhan"),
)

_d = sympy.Symbol("d", positive=True)
_spread = sympy.Function("W")
_spread_value = sympy.Symbol("W", positive=True)
_missing = sympy.Symbol("e", nonnegative=True)


def _damped(rate: Any) -> Inequality:
    """The derivative of e^(-rate d) psi''(m + d), with psi''' = psi'' - e, and zero."""
    slope = sympy.diff(sympy.exp(-rate * _d) * _spread(_d), _d)
    slope = slope.subs(sympy.Derivative(_spread(_d), _d), _spread(_d) - _missing)
    return Inequality(slope.subs(_spread(_d), _spread_value), 0, _missing * sympy.exp(-rate * _d))


VARIANCES_GROW = checked(
    "variances_grow_slowly",
    r"$\psi''(m+d)\le\psi''(m)e^{|d|}$: for $d>0$, $e^{-d}\psi''(m+d)$ does not grow, as"
    r" $\psi'''\le\psi''$; for $d<0$ likewise, as $-\psi'''\le\psi''$. From below,"
    r" $\psi''(m+d)\ge\psi''(m)e^{-|d|}$.",
    method="the slope is minus what psi''' leaves of psi'', times a positive factor",
    check=at_most,
    stated=_damped(sympy.Integer(1)),
    wrong={"half of the rate": _damped(sympy.Rational(1, 2))},
    uses=("cubes_below_squares",),
)
