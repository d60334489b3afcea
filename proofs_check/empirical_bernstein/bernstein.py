r"""Bernstein's inequality: the moment generating function of one value, then Chernoff's bound."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    expectation,
    manifestly_nonnegative,
    nonnegative_by_induction,
)
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.common_tails import EXPONENTIAL_ABOVE_TANGENT
from proofs_check.empirical_bernstein.setting import BOUNDED, SAMPLE, VALUES
from proofs_check.records import Proof, checked

# --- the function psi(u) = (e^u - 1 - u) / u^2 ----------------------------------------------------

_u = sympy.Symbol("u", real=True, nonzero=True)
_s = sympy.Symbol("s", real=True)
_share, _rest = sympy.symbols("s r", nonnegative=True)


def _integral(antiderivative: Any) -> bool:
    """Whether the antiderivative's slope in s is (1 - s) e^(us), and its increment psi(u)."""
    increment = antiderivative.subs(_s, 1) - antiderivative.subs(_s, 0)
    slope = sympy.diff(antiderivative, _s)
    return equal((slope, (1 - _s) * sympy.exp(_u * _s))) and equal(
        (increment, (sympy.exp(_u) - 1 - _u) / _u**2)
    )


_PRIMITIVE = (1 - _s) * sympy.exp(_u * _s) / _u + sympy.exp(_u * _s) / _u**2

PSI_INTEGRAL = checked(
    "psi_is_an_integral",
    r"With $\varphi(u)=e^u-1-u$, $\psi(u)=\varphi(u)/u^2=\int_0^1(1-s)e^{us}\,ds$ for $u\ne0$, so"
    r" that $\psi(0)=\frac12$ makes it continuous.",
    method="differentiating an antiderivative",
    check=_integral,
    stated=_PRIMITIVE,
    wrong={
        "the second term subtracted": (1 - _s) * sympy.exp(_u * _s) / _u
        - sympy.exp(_u * _s) / _u**2,
        "without integrating by parts": (1 - _s) * sympy.exp(_u * _s) / _u,
    },
)


def _slope(integrand: Any) -> Any:
    """The slope in u of an integrand, with r for 1 - s."""
    return sympy.diff(integrand, _u).subs(1 - _s, _rest).subs(_s, _share)


PSI_INCREASES = checked(
    "psi_increases",
    r"$\psi$ increases: for $0\le s\le1$ the slope of $(1-s)e^{us}$ in $u$ is"
    r" $s(1-s)e^{us}\ge0$. Hence $\varphi(\lambda y)\le y^2\varphi(\lambda)$ for $y\le1$ of either"
    r" sign and $\lambda\ge0$, and $\varphi(-u)\le\frac{u^2}2$ for $u\ge0$.",
    method="the sign of the slope of the integrand is manifest",
    check=lambda integrand: manifestly_nonnegative(_slope(integrand)),
    stated=(1 - _s) * sympy.exp(_u * _s),
    wrong={"e^(-us) under the integral": (1 - _s) * sympy.exp(-_u * _s)},
    uses=("psi_is_an_integral",),
)

_ratio = sympy.Symbol("r", nonnegative=True)
_j = sympy.Symbol("j", integer=True, nonnegative=True)


def _factorials(base: Any) -> Induction:
    """The ratio k! / (2 base^(k-2)) less one, at k = 2 + j."""
    return Induction(
        _ratio - 1,
        {_ratio: 1, _j: 0},
        {_ratio: _ratio * (_j + 3) / base, _j: _j + 1},
        _ratio * ((_j + 3) / base - 1),
    )


PHI_BOUND = checked(
    "phi_below_geometric_series",
    r"$\varphi(\lambda)=\sum_{k\ge2}\frac{\lambda^k}{k!}\le\frac{\lambda^2}2\sum_{k\ge2}"
    r"(\frac\lambda3)^{k-2}=\frac{\lambda^2}{2(1-\lambda/3)}$ for $0\le\lambda<3$, because"
    r" $k!\ge2\cdot3^{k-2}$ for $k\ge2$: from $k$ to $k+1$ the ratio grows by $\frac{k+1}3\ge1$.",
    method="induction over the power k",
    check=nonnegative_by_induction,
    stated=_factorials(3),
    wrong={"powers of 5": _factorials(5), "powers of 7": _factorials(7)},
)

# --- one value, and the sample --------------------------------------------------------------------

_y, _lam, _psi, _w, _slack = sympy.symbols("Y lambda psi w q", real=True)


def _mgf(quadratic: Any, mean: Any) -> tuple[Any, Any]:
    """The mean of 1 + lambda Y + lambda^2 Y^2 psi(lambda), and 1 + w phi(lambda)."""
    bound = 1 + _lam * _y + quadratic
    return expectation(bound, {_y: mean, _y**2: _w}, [_y]), 1 + _w * _lam**2 * _psi


MGF_BOUND = checked(
    "mgf_of_one_value",
    r"$Y_i=\mu_i-h_i\le1$ has mean $0$ and mean square $w_i$, so that"
    r" $\mathbb E e^{\lambda Y_i}=1+\lambda\mathbb E Y_i+\mathbb E\varphi(\lambda Y_i)"
    r"\le1+w_i\varphi(\lambda)$ for $\lambda\ge0$.",
    method="expectation from the first two moments",
    check=equal,
    stated=_mgf(_lam**2 * _y**2 * _psi, sympy.Integer(0)),
    wrong={
        "values that are not centred": _mgf(_lam**2 * _y**2 * _psi, sympy.Symbol("m")),
        "half of the square": _mgf(_lam**2 * _y**2 * _psi / 2, sympy.Integer(0)),
    },
    uses=("sample", "values_in_unit_interval", "psi_increases"),
)

_K, _T = sympy.symbols("K T", real=True)
_phi, _weight, _above_tangent, _below_bound = sympy.symbols("phi w r q", nonnegative=True)


def _product(growth: Any) -> Induction:
    """What the log of the mgf falls short of T phi, when it grows by so much per value."""
    step = {_T: _T + _weight, _K: _K + growth}
    slack = sympy.expand(_weight * _phi - growth)
    return Induction(_T * _phi - _K, {_T: 0, _K: 0}, step, slack)


MGF_OF_SUM = checked(
    "mgf_of_the_sum",
    r"$\log\mathbb E e^{\lambda\sum_iY_i}=\sum_i\log\mathbb E e^{\lambda Y_i}\le\sum_i\log(1+"
    r"w_i\varphi(\lambda))\le nW\varphi(\lambda)$: independence turns the mean of the product into"
    r" a product of means, and $\log(1+v)\le v$.",
    method="induction over the sample, r and q being the slacks of both inequalities",
    check=nonnegative_by_induction,
    stated=_product(_weight * _phi - _above_tangent - _below_bound),
    wrong={"the slack of the tangent added": _product(_weight * _phi + _above_tangent)},
    uses=("mgf_of_one_value", "logarithm_below_tangent"),
)

_z, _beyond = sympy.symbols("z r", nonnegative=True)

INDICATOR_BELOW_EXPONENTIAL = checked(
    "indicator_below_exponential",
    r"$\mathbb P(Z>0)\le\mathbb E e^{Z}$: where $Z>0$, $e^Z\ge1+Z\ge1$, and elsewhere $e^Z>0$.",
    method="adding the tangent's slack r",
    check=at_most,
    stated=Inequality(1, 1 + _z + _beyond, _z + _beyond),
    wrong={"a negative slope": Inequality(1, 1 - _z + _beyond, -_z + _beyond)},
    uses=("exponential_above_tangent",),
)

_a, _W = sympy.symbols("a W", positive=True)
_best = _a / (1 + _a / 3)


def exponent_at(slope: Any, deviation: Any, spread: Any, scale: Any) -> Any:
    """Returns Chernoff's exponent for a log mgf of lambda^2 spread / (2 (1 - scale lambda))."""
    return -slope * deviation + spread * slope**2 / (2 * (1 - scale * slope))


def _chernoff(slope: Any, deviation: Any) -> tuple[Any, Any]:
    """The exponent over n, and -t/n, with t/n = W a^2 / 2."""
    return exponent_at(slope, deviation, _W, sympy.Rational(1, 3)), -_W * _a**2 / 2


_DEVIATION = _W * _a + _W * _a**2 / 6

KNOWN_VARIANCE = Proof(
    slug="empirical_bernstein/known_variance",
    idea="The moment generating function of a value that is bounded on one side is bounded by its"
    " variance; Chernoff's bound with the right slope gives exactly the deviation that is stated.",
    steps=(
        BOUNDED,
        SAMPLE,
        VALUES,
        LOGARITHM_BELOW_TANGENT,
        EXPONENTIAL_ABOVE_TANGENT,
        PSI_INTEGRAL,
        PSI_INCREASES,
        PHI_BOUND,
        MGF_BOUND,
        MGF_OF_SUM,
        INDICATOR_BELOW_EXPONENTIAL,
        checked(
            "slope_allowed",
            r"For $W>0$, $a=\sqrt{2t/(nW)}$ and $\lambda=a/(1+\frac a3)$: $0<\lambda<3$, as"
            r" $3-\lambda=9/(3+a)$.",
            method="the sign of the difference is manifest",
            check=at_most,
            stated=Inequality(_best, 3, 9 / (3 + _a)),
            wrong={"lambda = a": Inequality(_a, 3, 3 - _a)},
        ),
        checked(
            "known_variance",
            r"$\mathbb P(Ph-P_nh>\varepsilon)\le e^{n(-\lambda\varepsilon+W\varphi(\lambda))}\le"
            r" e^{-t}=\delta$ for $\varepsilon=\sqrt{2Wt/n}+\frac t{3n}=Wa+\frac{Wa^2}6$ and"
            r" $t=\log\frac1\delta$: the exponent with the bound on $\varphi$ is exactly $-t$. For"
            r" $W=0$ all $Y_i=0$, and nothing fails. This holds for independent values, and"
            r" $W=\mathbb V[h]$ for an i.i.d. sample.",
            method="substituting the slope, for every n",
            check=equal,
            stated=_chernoff(_best, _DEVIATION),
            wrong={
                "lambda = a": _chernoff(_a, _DEVIATION),
                "half of the second term": _chernoff(_best, _W * _a + _W * _a**2 / 12),
                "without the 2 under the root": _chernoff(
                    _best, _W * _a / sympy.sqrt(2) + _W * _a**2 / 6
                ),
            },
            uses=(
                "phi_below_geometric_series",
                "mgf_of_the_sum",
                "indicator_below_exponential",
                "slope_allowed",
            ),
        ),
    ),
)
