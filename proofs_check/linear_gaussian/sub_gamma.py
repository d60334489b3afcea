r"""The sub-gamma bounds on the student's gap, and that the Cramer-Chernoff ones are never wider.

The log-mgf of the teacher's gap is below $\frac{V\ell^2}{2(1-c\ell)}$, whose pole is where the
log-mgf itself ends; for this majorant the best argument is known in closed form.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    Minimum,
    all_equal,
    at_most,
    equal,
    expectation,
    nonnegative_by_induction,
    nonnegative_from_minimum,
)
from proofs_check.linear_gaussian.gap_model import SHARE, TERMS, e, g, rho, root_r
from proofs_check.linear_gaussian.no_proxy import ROOTS, excess
from proofs_check.records import Proof, checked

_HALF = sympy.Rational(1, 2)

# --- the variance ---------------------------------------------------------------------------------

_z, _m, _l = sympy.symbols("z m l", real=True)


def _variance_term(fourth: Any) -> tuple[Any, Any]:
    """The variance of a coordinate, with this fourth moment."""
    moments = {_z: 0, _z**2: 1, _z**3: 0, _z**4: fourth}
    return expectation((_m * (_z**2 - 1) + _l * _z) ** 2, moments, [_z]), 2 * _m**2 + _l**2


VARIANCE = checked(
    "variance",
    r"$h-\mathrm{gen}_T$ is a sum of independent terms $m_j(z^2-1)+l_jz$, one for each eigenvalue"
    r" and output, whose variances $2m_j^2+l_j^2$ add up to $V=\mathrm{Var}\,h$.",
    method="moments of a standard normal variable, of which the fourth is 3",
    check=equal,
    stated=_variance_term(3),
    wrong={"a fourth moment of one": _variance_term(1)},
    uses=("linear_gaussian/log_mgf_random",),
)

# --- a majorant with a pole -----------------------------------------------------------------------

_x, _y = sympy.symbols("x y", nonnegative=True)


def _with_pole(multiple: Any) -> Minimum:
    """A multiple of the majorant of f(-x) minus f(-x), in y = x / (1 - x)."""
    x = _y / (1 + _y)
    function = multiple * x**2 / (1 - x) - excess(-x)
    return Minimum(function, _y, 0, _y / (2 * (1 + _y) ** 2))


POSITIVE_EIGENVALUE = checked(
    "positive_eigenvalue",
    r"$f(-x)=-x-\log(1-x)\le\frac{x^2}{2(1-x)}$ for $0\le x<1$: in $y=\frac x{1-x}$ the difference"
    r" vanishes at $0$ and has the slope $\frac{y^2}{2(1+y)^2}$.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=_with_pole(_HALF),
    wrong={"a quarter of the majorant": _with_pole(_HALF**2)},
)


def _parabola(multiple: Any) -> Minimum:
    """A multiple of x^2 minus f(x)."""
    return Minimum(multiple * _x**2 - excess(_x), _x, 0, _x / (1 + _x))


NEGATIVE_EIGENVALUE = checked(
    "negative_eigenvalue",
    r"$f(x)=x-\log(1+x)\le\frac{x^2}2$ for $x\ge0$: the difference vanishes at $0$ and has the"
    r" slope $\frac{x^2}{1+x}$.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=_parabola(_HALF),
    wrong={"a quarter of the square": _parabola(_HALF**2)},
)

_psi, _variance = sympy.symbols("psi V", real=True)
_eta, _l2, _ell = sympy.symbols("eta l2 ell", nonnegative=True)
_delta = sympy.Symbol("delta", positive=True)


def _majorant(width: Any) -> Induction:
    """V l^2 / (2 delta) minus psi's majorant, when a term has this width in its denominator."""
    share = 2 * _m**2 + _l2
    slack = share * _ell**2 / 2 * _eta / (_delta * (_delta + _eta))
    return Induction(
        _variance * _ell**2 / (2 * _delta) - _psi,
        {_psi: 0, _variance: 0},
        {_psi: _psi + share * _ell**2 / (2 * width), _variance: _variance + share},
        slack,
    )


MAJORANT = checked(
    "majorant",
    r"$\psi(\ell)=\log E\,e^{\ell(h-\mathrm{gen}_T)}\le\frac{V\ell^2}{2(1-c\ell)}$ for"
    r" $0<\ell<\frac1c$, $c=2\max(0,\max_jm_j)$: a term $\frac12[f(-2\ell"
    r" m)+\frac{\ell^2l^2}{1-2\ell m}]$ is at most $\frac{\ell^2}{2\omega}(2m^2+l^2)$ with"
    r" $\omega=1-2\ell m$ for $m\ge0$ and $\omega=1$ for $m<0$, and"
    r" $\omega=\delta+\eta\ge\delta=1-c\ell$ in either case.",
    method="induction over the terms: the sign of what one more adds is manifest",
    check=nonnegative_by_induction,
    stated=_majorant(_delta + _eta),
    wrong={
        "an eigenvalue beyond c/2": _majorant(_delta - _eta),
        "without the half": _majorant((_delta + _eta) / 2),
    },
    uses=("variance", "positive_eigenvalue", "negative_eigenvalue"),
)

# --- the best argument of the majorant ------------------------------------------------------------

_a, _v = sympy.symbols("a V", positive=True)
_c, _tilt_slack, _majorant_slack = sympy.symbols("c s_1 s_2", nonnegative=True)
_gap_t = sympy.Symbol("gen_T", real=True)
K = _v * _a**2 / 2
"""The divergence, in terms of a = sqrt(2 K / V)."""

SUB_GAMMA_EXCESS = _v * _a + _c * K


def _at(argument: Any) -> tuple[Any, Any]:
    """The bound with the majorant at an argument, and the sub-gamma form."""
    psi = _v * argument**2 / (2 * (1 - _c * argument))
    return (K + psi) / argument, SUB_GAMMA_EXCESS


BEST_ARGUMENT = checked(
    "best_argument",
    r"With $a=\sqrt{2K/V}$ and $\ell=\frac a{1+ca}<\frac1c$: $\frac1\ell\bigl(K+\frac{V\ell^2}"
    r"{2(1-c\ell)}\bigr)=Va+cK=\sqrt{2VK}+cK$.",
    method="substituting",
    check=equal,
    stated=_at(_a / (1 + _c * _a)),
    wrong={"the argument of a parabola": _at(_a), "half of c": _at(_a / (1 + _c * _a / 2))},
    uses=("majorant",),
)


def _no_divergence(power: int) -> Any:
    """The bound at no divergence as the argument vanishes, if psi goes like this power."""
    return sympy.limit(_v * _ell**power / (2 * (1 - _c * _ell)) / _ell, _ell, 0, "+")


NO_DIVERGENCE = checked(
    "no_divergence",
    r"At $K=0$ the bound is $\mathrm{gen}_T$ on both sides: $\frac1\ell\psi(\ell)\le\frac{V\ell}"
    r"{2(1-c\ell)}\to0$ as $\ell\to0$.",
    method="limit",
    check=lambda power: bool(_no_divergence(power) == 0),
    stated=2,
    wrong={"a majorant of first order": 1},
    uses=("majorant",),
)

_ARGUMENT = _a / (1 + _c * _a)
_LOG_MGF = _ARGUMENT * _gap_t + _v * _ARGUMENT**2 / (2 * (1 - _c * _ARGUMENT)) - _majorant_slack


def _below(sign: int) -> Inequality:
    """Cramer-Chernoff at the best argument against sub-gamma, which has this sign of its root."""
    slack = _majorant_slack * (1 + _c * _a) / _a
    return Inequality((K + _LOG_MGF) / _ARGUMENT, _gap_t + sign * _v * _a + _c * K, slack)


_MAJORANT_STEPS = (VARIANCE, POSITIVE_EIGENVALUE, NEGATIVE_EIGENVALUE, MAJORANT, BEST_ARGUMENT)

CHERNOFF_BELOW_SUB_GAMMA = Proof(
    slug="linear_gaussian/chernoff_below_sub_gamma",
    idea="The sub-gamma form is the Cramer-Chernoff bound of a larger log-mgf, and the infimum is"
    " at most the value at one argument.",
    steps=(
        *_MAJORANT_STEPS,
        NO_DIVERGENCE,
        checked(
            "chernoff_below_sub_gamma",
            r"$\inf_{\ell>0}\frac{K+\log E\,e^{\ell h}}\ell\le\mathrm{gen}_T+\sqrt{2KV}+c_+K$: with"
            r" $\log E\,e^{\ell h}=\ell\,\mathrm{gen}_T+\psi(\ell)$ at the best argument of the"
            r" majorant. Mirrored, the same for $-h$, with eigenvalues $-m_j$ and the same $V$.",
            method="the slack is that of the majorant over ell",
            check=at_most,
            stated=_below(1),
            wrong={"a root of the other sign": _below(-1)},
            uses=("best_argument", "no_divergence"),
        ),
    ),
)

# --- the constants at the columns -----------------------------------------------------------------

_mu = sympy.Symbol("mu", real=True)


def _characteristic(determinant: Any) -> list[tuple[Any, Any]]:
    """The characteristic polynomial of a direction's form, against this one; and where s = 0."""
    matrix = sympy.hessian(SHARE, (e, g)) / 2
    found = (_mu * sympy.eye(2) - matrix).det()
    said = _mu**2 + (1 - 2 * rho) * _mu + determinant
    return [(found, said), (found.subs({rho: 0, root_r: 0}), _mu * (_mu + 1))]


CONSTANTS = checked(
    "constants",
    r"For $S_x=\frac1nXX^\top$ the eigenvalues $m_j$ are $\frac{\nu^2}n\mu_i^\pm$, with $\mu^\pm$"
    r" the roots of $\mu^2+(1-2\rho)\mu-r$, and $-\frac{\nu^2}n$ (and $0$) where $s=0$: hence"
    r" $c_+=\frac{2\nu^2}n\max(0,\max_i\mu_i^+)$ and, for $-h$, $c_-=\frac{2\nu^2}n\max(\max_i"
    r"-\mu_i^-,[n>\operatorname{rank}X])$.",
    method="the characteristic polynomial of the share in (e, g), whose roots have been found",
    check=all_equal,
    stated=_characteristic(-(root_r**2)),
    wrong={"a determinant of the other sign": _characteristic(root_r**2)},
    uses=("eigenvalues", "linear_gaussian/log_mgf"),
)


def _student(divergence: Any) -> Inequality:
    """The student's gap against the sub-gamma bound at this divergence."""
    gap_s = (divergence + _LOG_MGF - _tilt_slack) / _ARGUMENT
    slack = (_tilt_slack + _majorant_slack) * (1 + _c * _a) / _a
    return Inequality(gap_s, _gap_t + SUB_GAMMA_EXCESS, slack)


SUB_GAMMA = Proof(
    slug="linear_gaussian/sub_gamma",
    idea="A majorant of the log-mgf with a pole at the end of its domain has its best argument in"
    " closed form.",
    steps=(
        TERMS,
        ROOTS,
        CONSTANTS,
        *_MAJORANT_STEPS,
        checked(
            "sub_gamma",
            r"$-\sqrt{2K_nV}-c_-K_n\le\mathrm{gen}_S-\mathrm{gen}_T\le\sqrt{2K_nV}+c_+K_n$: from"
            r" $\ell\,\mathrm{gen}_S\le K_n+\ell\,\mathrm{gen}_T+\psi(\ell)$ at the best argument"
            " of the majorant, and the same for $-h$; at $K_n=0$ the two laws and gaps are equal.",
            method="the slack is a divergence from a tilt and that of the majorant, over ell",
            check=at_most,
            stated=_student(K),
            wrong={"twice the divergence": _student(2 * K)},
            uses=("linear_gaussian/cramer_chernoff_optimal", "constants", "best_argument"),
        ),
    ),
)
