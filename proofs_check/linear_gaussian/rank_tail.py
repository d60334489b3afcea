r"""The expected tail of singular values: in closed form for two by two, and bounded for any size.

A two-by-two matrix is a pair of complex numbers whose moduli are the half sum and the half
difference of its singular values. In general a tail is the least trace over projections, hence
concave in the Gram matrix.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    all_equal,
    equal,
    expectation,
)
from proofs_check.records import Proof, assumed, checked, cited

# --- a pair of complex numbers --------------------------------------------------------------------

_a, _b, _c, _d = sympy.symbols("a b c d", real=True)
_entries = (_a, _b, _c, _d)

TWO_BY_TWO = assumed(
    "two by two",
    r"$A=\begin{pmatrix}a&b\\c&d\end{pmatrix}$ has independent normal entries of variance $t$;"
    r" $\zeta_1=\frac12[(a+d)+i(c-b)]$, $\zeta_2=\frac12[(a-d)+i(c+b)]$, with means of modulus"
    r" $m_1$, $m_2$ and $\zeta_j$ minus its mean $z_j$.",
)
FIRST = ((_a + _d) / 2, (_c - _b) / 2)
SECOND = ((_a - _d) / 2, (_c + _b) / 2)


def _moduli(second: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """Trace and determinant of A A^T, against those of the squares (|zeta_1| +- |zeta_2|)^2."""
    one, other = (sum(part**2 for part in number) for number in (FIRST, second))
    gram = sympy.Matrix(2, 2, _entries) * sympy.Matrix(2, 2, _entries).T
    return [(2 * (one + other), gram.trace()), ((one - other) ** 2, gram.det())]


MODULI = checked(
    "moduli",
    r"$\sigma_{1,2}=\bigl||\zeta_1|\pm|\zeta_2|\bigr|$, so that $\sigma_2^2=|\zeta_1|^2+|\zeta_2|^2"
    r"-2|\zeta_1||\zeta_2|$: the two squares have the sum $2|\zeta_1|^2+2|\zeta_2|^2=\operatorname"
    r"{tr}AA^\top$ and the product $(|\zeta_1|^2-|\zeta_2|^2)^2=\det AA^\top$.",
    method="expanding trace and determinant",
    check=lambda what: all_equal(_moduli(what)),
    stated=SECOND,
    wrong={
        "the imaginary part of the other number": (SECOND[0], FIRST[1]),
        "the real part of the other number": (FIRST[0], SECOND[1]),
    },
    uses=("two by two",),
)

_t = sympy.Symbol("t", positive=True)
_NOISES = {
    **dict.fromkeys(_entries, 0),
    **{x * y: (_t if x is y else 0) for x in _entries for y in _entries},
}


def _covariances(second: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """Every covariance of the four parts, for centred entries, and what it has to be."""
    parts = (*FIRST, *second)
    return [
        (expectation(x * y, _NOISES, _entries), _t / 2 if i == j else 0)
        for i, x in enumerate(parts)
        for j, y in enumerate(parts)
    ]


UNCORRELATED = checked(
    "uncorrelated",
    r"The four real and imaginary parts of $z_1$, $z_2$ are uncorrelated, of variance $\frac t2$"
    r" each: $E|z_j|^2=t$.",
    method="moments of independent entries",
    check=lambda what: all_equal(_covariances(what)),
    stated=SECOND,
    wrong={"numbers that share an imaginary part": (SECOND[0], FIRST[1])},
    uses=("two by two",),
)
INDEPENDENT = cited(
    "independent",
    "Uncorrelated jointly normal variables are independent:"
    r" $E|\zeta_1||\zeta_2|=E|\zeta_1|E|\zeta_2|$.",
    "Muirhead, Aspects of Multivariate Statistical Theory, section 1.2",
    uses=("uncorrelated",),
)

_x1, _x2, _m1, _m2, _r1, _r2 = sympy.symbols("rho_1 rho_2 m_1 m_2 R_1 R_2", nonnegative=True)


def _mean_tail(product: Any) -> tuple[Any, Any]:
    """The mean of (|zeta_1| - |zeta_2|)^2, with this mean of the product."""
    moments = {_x1**2: _m1**2 + _t, _x2**2: _m2**2 + _t, _x1 * _x2: product}
    found = expectation((_x1 - _x2) ** 2, moments, [_x1, _x2])
    return found, _m1**2 + _m2**2 + 2 * _t - 2 * _r1 * _r2


MEAN_TAIL = checked(
    "mean_tail",
    r"$E\sigma_2^2(A)=m_1^2+m_2^2+2t-2R_1R_2$ with $R_j=E|\zeta_j|$, since $E|\zeta_j|^2=m_j^2+t$.",
    method="moments",
    check=lambda what: equal(_mean_tail(what)),
    stated=_r1 * _r2,
    wrong={"the means' product": _m1 * _m2},
    uses=("moduli", "uncorrelated", "independent"),
)

# --- the mean of a modulus, by angles -------------------------------------------------------------

_theta = sympy.Symbol("theta", real=True)
_v = sympy.Symbol("v", positive=True)
_real, _imaginary, _m = sympy.symbols("x y m", real=True)


def _angles(share: Any) -> list[tuple[Any, Any]]:
    """The share of |z| in the integral, and mean and variance of the real part that is turned."""
    moments = {_real: 0, _imaginary: 0, _real * _imaginary: 0}
    moments |= {_real**2: _v / 2, _imaginary**2: _v / 2}
    turned = (_m + _real) * sympy.cos(_theta) + _imaginary * sympy.sin(_theta)
    mean, square = (expectation(turned**power, moments, [_real, _imaginary]) for power in (1, 2))
    total = 4 * sympy.integrate(sympy.cos(_theta), (_theta, 0, sympy.pi / 2))
    return [
        (share * total, 1),
        (mean, _m * sympy.cos(_theta)),
        (sympy.trigsimp(sympy.expand(square - mean**2)), _v / 2),
    ]


BY_ANGLES = checked(
    "by_angles",
    r"$|\zeta|=\frac14\int_0^{2\pi}|\mathrm{Re}(\zeta e^{-i\theta})|\,d\theta$, since"
    r" $\int_0^{2\pi}|\cos|=4$; for $\zeta=m+z$, $m\ge0$ (turn the plane), with parts of variance"
    r" $\frac v2$ the real part is normal with mean $m\cos\theta$ and variance $\frac v2$.",
    method="integrating, and moments",
    check=lambda what: all_equal(_angles(what)),
    stated=sympy.Rational(1, 4),
    wrong={"the mean over the circle": 1 / (2 * sympy.pi)},
    uses=("uncorrelated",),
)

_mu = sympy.Symbol("mu", real=True)
_x = sympy.Symbol("x", real=True)


def folded(mean: Any) -> Any:
    r"""Returns $F(\mu)=E|N(\mu,\frac v2)|$."""
    return sympy.sqrt(_v / sympy.pi) * sympy.exp(-(mean**2) / _v) + mean * sympy.erf(
        mean / sympy.sqrt(_v)
    )


def _folded(function: Any) -> list[tuple[Any, Any]]:
    """Slope and value at zero of F, from the density, against those of a function."""
    density = sympy.exp(-(_x**2) / _v) / sympy.sqrt(sympy.pi * _v)
    return [
        (function.diff(_mu), sympy.integrate(density, (_x, -_mu, _mu))),
        (function.subs(_mu, 0), 2 * sympy.integrate(_x * density, (_x, 0, sympy.oo))),
    ]


FOLDED_NORMAL = checked(
    "folded_normal",
    r"$F(\mu)=E|N(\mu,\frac v2)|=\sqrt{\frac v\pi}e^{-\mu^2/v}+\mu\operatorname{erf}\frac\mu{\sqrt"
    r" v}$: its slope is the mean of the sign, $P(|N(0,\frac v2)|<\mu)$ for $\mu\ge0$, and"
    r" $F(0)=\sqrt{\frac v\pi}$. Hence $E|m+z|=\frac14\int_0^{2\pi}F(m\cos\theta)\,d\theta$.",
    method="integrating the density",
    check=lambda what: all_equal(_folded(what)),
    stated=folded(_mu),
    wrong={
        "the slope of another variance": folded(_mu / sympy.sqrt(2)),
        "the error function alone": _mu * sympy.erf(_mu / sympy.sqrt(_v)),
    },
    uses=("by_angles",),
)

# --- the same by Bessel functions -----------------------------------------------------------------

_n = sympy.Symbol("n", integer=True, positive=True)


def _folded_coefficient(number: Any) -> Any:
    """The coefficient of (mu^2/v)^n in F / sqrt(v/pi)."""
    return (-1) ** (number - 1) / (sympy.factorial(number) * (2 * number - 1))


def _curvature(coefficient: Any) -> tuple[Any, Any]:
    """The coefficients of F'' by the series of F, and by that of the density."""
    by_series = coefficient * 2 * _n * (2 * _n - 1)
    by_density = 2 * (-1) ** (_n - 1) / sympy.factorial(_n - 1)
    return sympy.gammasimp((by_series / by_density).rewrite(sympy.gamma)), 1


FOLDED_SERIES = checked(
    "folded_series",
    r"$F(\mu)=\sqrt{\frac"
    r" v\pi}\bigl[1+\sum_{n\ge1}\frac{(-1)^{n-1}}{n!(2n-1)}(\frac{\mu^2}v)^n\bigr]$: by its second"
    r" derivative, which is twice the density of $N(0,\frac v2)$ at $\mu$.",
    method="coefficient by coefficient, for every n",
    check=lambda what: equal(_curvature(what)),
    stated=_folded_coefficient(_n),
    wrong={
        "2n + 1 in the denominator": (-1) ** (_n - 1) / (sympy.factorial(_n) * (2 * _n + 1)),
        "(n-1)! in the denominator": (-1) ** (_n - 1) / (sympy.factorial(_n - 1) * (2 * _n - 1)),
    },
    uses=("folded_normal",),
)

_cosine, _sine = sympy.symbols("c s", real=True)


def _wallis(ratio: Any) -> tuple[Any, Any]:
    """The derivative of sin cos^(2n-1), by cos^(2n-2), and what gives this ratio of means."""
    derivative = _cosine**2 - (2 * _n - 1) * (1 - _cosine**2)
    return derivative, 2 * _n * (_cosine**2 - ratio)


COSINE_POWERS = checked(
    "cosine_powers",
    r"The mean of $\cos^{2n}$ over the circle is $\frac{2n-1}{2n}$ times that of $\cos^{2n-2}$: the"
    r" derivative of $\sin\cos^{2n-1}$ is $2n\cos^{2n}-(2n-1)\cos^{2n-2}$, and has mean zero.",
    method="expanding, for every n",
    check=equal,
    stated=_wallis((2 * _n - 1) / (2 * _n)),
    wrong={"(2n+1)/(2n+2)": _wallis((2 * _n + 1) / (2 * _n + 2))},
)


def _series(said: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """First coefficient of E|m+z| and n^2 times the ratio of consecutive ones, against these."""
    previous = _folded_coefficient(_n - 1)
    found = (_folded_coefficient(_n) / previous).rewrite(sympy.gamma) * (2 * _n - 1) / (2 * _n)
    first = 2 * sympy.pi / 4 * folded(sympy.Integer(0))
    return [(first, said[0]), (sympy.gammasimp(found) * _n**2, said[1])]


_FIRST = sympy.sqrt(sympy.pi * _v) / 2

MODULUS_SERIES = checked(
    "modulus_series",
    r"$E|m+z|=\frac{\sqrt{\pi v}}2\,y(x)$ with $x=\frac{m^2}v$, $y=\sum g_nx^n$, $g_0=1$ and"
    r" $n^2g_n=-(n-\frac32)g_{n-1}$; the series converges uniformly and may be integrated by"
    " terms.",
    method="ratio of consecutive coefficients, for every n",
    check=lambda what: all_equal(_series(what)),
    stated=(_FIRST, -(_n - sympy.Rational(3, 2))),
    wrong={
        "n - 1/2": (_FIRST, -(_n - sympy.Rational(1, 2))),
        "terms of one sign": (_FIRST, _n - sympy.Rational(3, 2)),
        "the mean over the circle": (_FIRST * 2 / sympy.pi, -(_n - sympy.Rational(3, 2))),
    },
    uses=("folded_series", "cosine_powers"),
)
BESSEL = cited(
    "bessel functions",
    r"$I_0'=I_1$, $I_1'(z)=I_0(z)-\frac{I_1(z)}z$; both are power series, with $I_0(0)=1$ and"
    " $I_1(0)=0$.",
    "NIST Digital Library of Mathematical Functions, 10.29(i) and 10.25.2",
)

_pos, _i0, _i1 = sympy.symbols("x I_0 I_1", positive=True)


def _slope(value: Any) -> Any:
    """The derivative of e^(-x/2) times a polynomial in x, I_0(x/2), I_1(x/2), over e^(-x/2)."""
    half = sympy.Rational(1, 2)
    inner = half * _i1 * value.diff(_i0) + half * (_i0 - 2 * _i1 / _pos) * value.diff(_i1)
    return value.diff(_pos) + inner - half * value


def _operator(value: Any, slope: Any, curvature: Any) -> Any:
    """The left side of the differential equation."""
    return _pos * curvature + (1 + _pos) * slope - value / 2


def _equation(value: Any) -> list[tuple[Any, Any]]:
    """The equation for a combination of Bessel functions, its start, and what it says of series."""
    powers = [_pos**_n, _pos ** (_n - 1)]
    applied = [_operator(y, y.diff(_pos), y.diff(_pos, 2)) / _pos ** (_n - 1) for y in powers]
    # Of the term in x^n counts what it gives x^(n-1), of that in x^(n-1) what stays there.
    lowest = [sympy.expand(sympy.powsimp(sympy.expand(one))) for one in applied]
    return [
        (_operator(value, _slope(value), _slope(_slope(value))), 0),
        (value.subs({_pos: 0, _i0: 1, _i1: 0}), 1),
        (lowest[0].subs(_pos, 0), _n**2),
        (lowest[1].coeff(_pos, 0), _n - sympy.Rational(3, 2)),
    ]


BY_BESSEL = checked(
    "by_bessel",
    r"$y(x)=e^{-x/2}[(1+x)I_0(\frac x2)+xI_1(\frac x2)]$: the recursion of the $g_n$ says that"
    r" $xy''+(1+x)y'-\frac12y=0$, which has one power series with $y(0)=1$, and this is one.",
    method="the equation for generic powers, and with the derivatives of the Bessel functions",
    check=lambda what: all_equal(_equation(what)),
    stated=(1 + _pos) * _i0 + _pos * _i1,
    wrong={
        "x I_1 subtracted": (1 + _pos) * _i0 - _pos * _i1,
        "I_0 alone": (1 + _pos) * _i0,
    },
    uses=("modulus_series", "bessel functions"),
)

_e1, _e2 = sympy.symbols("epsilon_1 epsilon_2", nonnegative=True)


def _without_cancellation(explained: Any) -> tuple[Any, Any]:
    """The tail by the means' excesses over the means, and by the means."""
    found = _m1**2 + _m2**2 + 2 * _t - 2 * (_m1 + _e1) * (_m2 + _e2)
    return found, (_m1 - _m2) ** 2 + 2 * (_t - explained)


EXPECTED_TAIL = Proof(
    slug="linear_gaussian/expected_tail",
    idea="A two-by-two matrix is two independent complex normal numbers, and its smaller singular"
    " value is the difference of their moduli.",
    steps=(
        TWO_BY_TWO,
        MODULI,
        UNCORRELATED,
        INDEPENDENT,
        MEAN_TAIL,
        BY_ANGLES,
        FOLDED_NORMAL,
        FOLDED_SERIES,
        COSINE_POWERS,
        MODULUS_SERIES,
        BESSEL,
        BY_BESSEL,
        checked(
            "expected_tail",
            r"$E\sigma_2^2(A)=m_1^2+m_2^2+2t-2E|m_1+z_1|\,E|m_2+z_2|$, the two means by Bessel"
            r" functions or by angles, which agree; with $E|m_j+z_j|=m_j+\epsilon_j$ it is"
            r" $(m_1-m_2)^2+2(t-m_1\epsilon_2-m_2\epsilon_1-\epsilon_1\epsilon_2)$.",
            method="expanding",
            check=equal,
            stated=_without_cancellation(_m1 * _e2 + _m2 * _e1 + _e1 * _e2),
            wrong={"without the product of excesses": _without_cancellation(_m1 * _e2 + _m2 * _e1)},
            uses=("mean_tail", "folded_normal", "by_bessel"),
        ),
    ),
)
