r"""The teacher's gap has no variance proxy: its moment generating function ends, and not gently.

Some direction of the noise makes the gap fall like a square, so that $E\,e^{\ell h}$ is infinite
from a finite negative $\ell$ on; towards that end the logarithm outgrows every parabola.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Inequality,
    Minimum,
    all_equal,
    at_most,
    equal,
    manifestly_positive,
    nonnegative_from_minimum,
)
from proofs_check.linear_gaussian.gap_model import TERMS, a, k, rho, root_r
from proofs_check.linear_gaussian.log_mgf import LOG_MGF_SHARE, UNFITTED_SHARE, D, theta
from proofs_check.records import Proof, assumed, checked, refuted

# --- the ends of the domain -----------------------------------------------------------------------

_plus, _minus = sympy.symbols("mu_+ mu_-", real=True)
_pull = sympy.Symbol("p", real=True)
_r = sympy.Symbol("r", positive=True)
_r_or_none = sympy.Symbol("r", nonnegative=True)
_share = sympy.Symbol("phi", positive=True)


def _roots(radicand: Any) -> list[tuple[Any, Any]]:
    """Sum and product of the two eigenvalues, and what they have to be."""
    roots = [(-_pull + sign * sympy.sqrt(radicand)) / 2 for sign in (1, -1)]
    return [(sum(roots), -_pull), (roots[0] * roots[1], -_r)]


ROOTS = checked(
    "eigenvalues",
    r"$\mu^\pm=\frac12[-p\pm\sqrt{p^2+4r}]$ with $p=1-2\rho$ have the sum $-p$ and the product"
    r" $-r$: they are the eigenvalues of a direction's form in $(e,g)$, with rows $(-p,\sqrt r)$"
    r" and $(\sqrt r,0)$.",
    method="expanding",
    check=all_equal,
    stated=_roots(_pull**2 + 4 * _r),
    wrong={
        "the radicand of a matrix with r for its root": _roots(_pull**2 + 4 * _r**2),
        "a product of the other sign": _roots(_pull**2 - 4 * _r),
    },
    uses=("direction terms",),
)


def _factors(product: Any) -> tuple[Any, Any]:
    """D in terms of the eigenvalues, and a product that it is said to be."""
    by_eigenvalues = {rho: (1 + _plus + _minus) / 2, root_r: sympy.sqrt(-_plus * _minus)}
    return D.subs(by_eigenvalues), product


FACTORS = checked(
    "factors",
    r"$D=1+2\theta p-4\theta^2r=(1-2\theta\mu^+)(1-2\theta\mu^-)$.",
    method="expanding, with p = -(mu^+ + mu^-) and r = -mu^+ mu^-",
    check=equal,
    stated=_factors((1 - 2 * theta * _plus) * (1 - 2 * theta * _minus)),
    wrong={"factors without the 2": _factors((1 - theta * _plus) * (1 - theta * _minus))},
    uses=("eigenvalues",),
)

LOWER_END = checked(
    "lower_end",
    r"In a direction with $s>0$ the radicand exceeds $p^2$, by $4r>0$, so that $\mu^-<0<\mu^+$; a"
    r" sample direction without one ends at $\theta=-\frac12$. As $n\ge1$ there is one or the"
    r" other: the lower end $\ell_-=\frac n{\nu^2}\theta_-$,"
    r" $\theta_-=\max\{\frac1{2\mu_i^-},-\frac12\text{ if }n>\operatorname{rank}X\}$, is finite.",
    method="the sign is manifest",
    check=manifestly_positive,
    stated=(_pull**2 + 4 * _r) - _pull**2,
    wrong={"a direction without input": (_pull**2 + 4 * _r_or_none) - _pull**2},
    uses=("factors",),
)

# --- the log-mgf in terms of the eigenvalues ------------------------------------------------------


def excess(x: Any) -> Any:
    r"""Returns $f(x)=x-\log(1+x)$."""
    return x - sympy.log(1 + x)


_x = sympy.Symbol("x", positive=True)

EXCESS_NONNEGATIVE = checked(
    "excess_nonnegative",
    r"$f(x)=x-\log(1+x)\ge0$ for $x>-1$: with $t=1+x$, $t-1-\log t$ vanishes at $1$ and its slope"
    " is $(t-1)/t$.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=Minimum(_x - 1 - sympy.log(_x), _x, 1, 1 / _x),
    wrong={"half of x": Minimum((_x - 1) / 2 - sympy.log(_x), _x, 1, 1 / _x)},
)


def _centred(mean: Any) -> list[tuple[Any, Any]]:
    """The centred log-mgf of a direction and output, with this mean share, by eigenvalues."""
    logs = sympy.log(1 - 2 * theta * _plus) + sympy.log(1 - 2 * theta * _minus)
    unpulled = LOG_MGF_SHARE.subs(a, 0).subs(sympy.log(D), logs) - theta * mean
    said = (excess(-2 * theta * _plus) + excess(-2 * theta * _minus)) / 2
    unfitted = UNFITTED_SHARE - theta * mean.subs(rho, 0)
    return [
        (unpulled.subs(rho, (1 + _plus + _minus) / 2), said),
        (unfitted, excess(2 * theta) / 2),
    ]


CENTRED = checked(
    "centred",
    r"$\log E\,e^{\ell(h-\mathrm{gen}_T)}=\sum_i\bigl[\frac k2f(-2\theta\mu_i^+)+\frac k2f(-2\theta"
    r"\mu_i^-)+\frac{2\theta^2(1-\rho_i)^2b_i}{D_i}\bigr]+\frac k2(n-\operatorname{rank}X)"
    r"f(2\theta)$, as $\ell\,\mathrm{gen}_T=\sum_i2k\theta\rho_i$.",
    method="per output and direction without signal, with rho = (1 + mu^+ + mu^-) / 2",
    check=all_equal,
    stated=_centred(2 * rho),
    wrong={"half of the mean": _centred(rho), "not centred": _centred(sympy.Integer(0))},
    uses=("linear_gaussian/log_mgf", "linear_gaussian/gen_gaps_teacher", "factors"),
)

_rest = sympy.Symbol("rest", nonnegative=True)


def _growth(argument: Any) -> Inequality:
    """The bound on the log-mgf at an argument, the other terms being nonnegative."""
    value = k / 2 * excess(-2 * theta * _minus).subs(theta, argument) + _rest
    return Inequality(k / 2 * (-_share - sympy.log(1 - _share)), value, _rest)


LOG_MGF_UNBOUNDED = Proof(
    slug="linear_gaussian/log_mgf_unbounded",
    idea="The centred log-mgf is a sum of nonnegative terms, and the one whose eigenvalue ends the"
    " domain grows without bound by itself.",
    steps=(
        TERMS,
        ROOTS,
        FACTORS,
        LOWER_END,
        EXCESS_NONNEGATIVE,
        CENTRED,
        checked(
            "log_mgf_unbounded",
            r"$\log E\,e^{\varphi\ell_-(h-\mathrm{gen}_T)}\ge\frac k2[-\varphi-\log(1-\varphi)]$"
            r" for $0\le\varphi<1$: where $\theta_-=\frac1{2\mu_i^-}$ (with $\mu=-1$ for a sample"
            " direction without a weight) the argument of $f$ is"
            r" $-2\varphi\theta_-\mu_i^-=-\varphi$; all other terms are nonnegative, as every"
            " $D_i$ is positive.",
            method="substituting the argument",
            check=at_most,
            stated=_growth(_share / (2 * _minus)),
            wrong={
                "an end twice as far": _growth(_share / _minus),
                "the other side of zero": _growth(-_share / (2 * _minus)),
            },
            uses=("lower_end", "excess_nonnegative", "centred"),
        ),
    ),
)

# --- no variance proxy ----------------------------------------------------------------------------

_end, _proxy, _variance = sympy.symbols("ell_- s2 V", positive=True)

PROXY = assumed(
    "variance proxy",
    r"A number $s^2\ge\mathrm{Var}\,h$ with $\log E\,e^{\ell(h-\mathrm{gen}_T)}\le\frac12\ell^2s^2$"
    r" for all $\ell$, as the bounds by a divergence and a variance proxy need it.",
)


def _stays_above(majorant: Any) -> bool:
    """Whether a majorant does not fall below the log-mgf's least growth near the end."""
    growth = k / 2 * (-_share - sympy.log(1 - _share))
    return {sympy.oo: True, -sympy.oo: False}[sympy.limit(majorant - growth, _share, 1, "-")]


NO_VARIANCE_PROXY = Proof(
    slug="linear_gaussian/no_variance_proxy",
    idea="A parabola is finite at the end of the domain, where the log-mgf is not: no design,"
    " however it is chosen, has a variance proxy.",
    steps=(
        PROXY,
        refuted(
            "no_variance_proxy",
            r"$\log E\,e^{\ell(h-\mathrm{gen}_T)}\le\frac12\ell^2s^2$ for some $s$: then also at"
            r" $\ell=\varphi\ell_-$, where the right side stays below $\frac12\ell_-^2s^2$ and the"
            r" left side is at least $\frac k2[-\varphi-\log(1-\varphi)]$, which grows without"
            r" bound as $\varphi\to1$.",
            method="limit of the parabola minus (k/2) (-phi - log(1 - phi)), for every s^2 and k",
            check=_stays_above,
            stated=_proxy * (_share * _end) ** 2 / 2,
            mended={
                "the sub-gamma form, with 1 - c |ell| in the denominator and c = 1/|ell_-|": (
                    _variance * (_share * _end) ** 2 / (2 * (1 - _share))
                )
            },
            uses=("variance proxy", "linear_gaussian/log_mgf_unbounded"),
        ),
    ),
)
