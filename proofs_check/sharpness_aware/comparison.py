r"""How the bounds compare: one step against two, and both against the one without sharpness.

Proxies of a sum are at most the sum of proxies, and a larger function has larger exponential
moments: where perturbations only raise the risk nothing is gained by looking at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal
from proofs_check.algebra_order import ordered
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.records import Proof, assumed, checked
from proofs_check.sharpness_aware.bounds import (
    ADD_AND_SUBTRACT,
    BEST_ARGUMENT,
    PROCESSES,
    SMALLEST_PROXY,
    argument,
    divergence,
    first_slack,
    mean,
    perturbed,
    population,
    proxy,
    root,
    second_slack,
    sharp,
    signed,
    student_sharpness,
    teacher_gap,
    third_slack,
)

# --- the proxy of a sum ---------------------------------------------------------------------------

_share = sympy.Symbol("theta", positive=True)
_a, _b = sympy.symbols("a b", real=True)


def _tangents(at: Any) -> tuple[Any, Any]:
    """The weighted mean of two tangents of the exponential at a point, over its value there."""
    return _share * (1 + _a - at) + (1 - _share) * (1 + _b - at), 1


HOLDER = checked(
    "hoelder",
    r"$\log Ee^{\theta A+(1-\theta)B}\le\theta\log Ee^A+(1-\theta)\log Ee^B$ for $0<\theta<1$."
    r" Subtracting constants, let $Ee^A=Ee^B=1$; $e^x\ge e^m(1+x-m)$ at $x=A,B$ and"
    r" $m=\theta A+(1-\theta)B$ gives $e^m\le\theta e^A+(1-\theta)e^B$, whose mean is 1.",
    method="the tangents at m have the weighted mean one",
    check=equal,
    stated=_tangents(_share * _a + (1 - _share) * _b),
    wrong={
        "the middle in place of the weighted mean": _tangents((_a + _b) / 2),
        "weights exchanged": _tangents((1 - _share) * _a + _share * _b),
    },
    uses=("logarithm_below_tangent",),
)


def _exponents(share: Any) -> Sequence[tuple[Any, Any]]:
    """The proxy of a sum for these exponents, and its limit where the first function is constant.

    Args:
        share: theta; A is scaled by 1 / theta and B by 1 / (1 - theta).
    """
    variance = share * (perturbed / share) ** 2 + (1 - share) * (sharp / (1 - share)) ** 2
    still = sympy.limit((1 - _share) * (sharp / (1 - _share)) ** 2, _share, 0, "+")
    return (variance, (perturbed + sharp) ** 2), (still, sharp**2)


def _proxies(total: Any) -> tuple[Any, Any]:
    """The one-step bound against the other, with the difference of the proxies a slack."""
    one_step = mean + (perturbed + sharp - first_slack) * root
    return one_step, mean + total * root


PROXY_OF_SUM = checked(
    "proxy_of_sum",
    r"$\sigma_X\le\sigma_u+\nu$: for $X=h_U+S_D$ and $\theta=\frac{\sigma_u}{\sigma_u+\nu}$,"
    r" $\psi_X(\ell)\le\theta\psi_{h_U}(\tfrac\ell\theta)+(1-\theta)\psi_{S_D}(\tfrac\ell"
    r"{1-\theta})\le\frac{\ell^2}2\bigl(\frac{\sigma_u^2}\theta+\frac{\nu^2}{1-\theta}\bigr)"
    r"=\frac{\ell^2}2(\sigma_u+\nu)^2$; if $\sigma_u=0$ let $\theta\to0$, if $\nu=0$,"
    r" $\theta\to1$.",
    method="substituting, and a limit",
    check=lambda share: all_equal(_exponents(share)),
    stated=perturbed / (perturbed + sharp),
    wrong={
        "Cauchy-Schwarz, equal shares": sympy.Rational(1, 2),
        "shares exchanged": sharp / (perturbed + sharp),
    },
    uses=("smallest proxy", "add_and_subtract", "hoelder"),
)

ONE_STEP_BELOW_THM12 = Proof(
    slug="sharpness_aware/one_step_below_thm12",
    idea="Minkowski's inequality for proxies, which is Hoelder's for exponentials.",
    steps=(
        PROCESSES,
        SMALLEST_PROXY,
        ADD_AND_SUBTRACT,
        LOGARITHM_BELOW_TANGENT,
        HOLDER,
        PROXY_OF_SUM,
        checked(
            "one_step_below_thm12",
            r"$\mathrm{gen}_T+E_PS_P+\sigma_X\sqrt{2K_n}\le\mathrm{gen}_T+E_PS_P"
            r"+(\sigma_u+\nu)\sqrt{2K_n}$.",
            method="the difference is manifestly nonnegative",
            check=ordered,
            stated=_proxies(perturbed + sharp),
            wrong={
                "variances added in place of proxies": _proxies(
                    sympy.sqrt(perturbed**2 + sharp**2)
                ),
                "the larger of the two": _proxies(perturbed),
            },
            uses=("proxy_of_sum",),
        ),
    ),
)

# --- no help --------------------------------------------------------------------------------------


def _risen(sharpness: Any) -> tuple[Any, Any]:
    """The exponential of the gap, and a lower bound on that of the gap with a sharpness."""
    exponential = sympy.exp(argument * mean)
    return exponential, exponential * (1 + argument * sharpness)


def _chain(at: Any, sharpness: Any) -> tuple[Any, Any]:
    """The plain bound at an argument against Theorem 12, with a slack for each inequality."""
    log_mean = at * (teacher_gap + population) + at**2 * proxy**2 / 2 - first_slack - second_slack
    plain = (divergence + log_mean) / at
    theorem = teacher_gap + sharpness + (proxy + third_slack) * root
    return plain, theorem


NEVER_BEATS_CHERNOFF = Proof(
    slug="sharpness_aware/never_beats_chernoff_if_convex",
    idea="A larger function has the larger exponential moments, so that the plain bound is below"
    " that for h + S_P, of which Theorem 12 is a further bound.",
    steps=(
        PROCESSES,
        SMALLEST_PROXY,
        assumed("no negative sharpness", r"$S_P(f_T)\ge0$, $P$-almost surely."),
        BEST_ARGUMENT,
        LOGARITHM_BELOW_TANGENT,
        checked(
            "larger_exponentials",
            r"$e^{\ell(h+S_P)}\ge e^{\ell h}(1+\ell S_P)\ge e^{\ell h}$ for $\ell>0$, and so"
            r" $\log E_Pe^{\ell h}\le\log E_Pe^{\ell X}$ with $X=h+S_P$.",
            method="the sign of the difference is manifest",
            check=ordered,
            stated=_risen(student_sharpness),
            wrong={"a sharpness of either sign": _risen(signed)},
            uses=("processes", "no negative sharpness", "logarithm_below_tangent"),
        ),
        checked(
            "never_beats_chernoff_if_convex",
            r"$\inf_{\ell>0}\frac{K_n+\log E_Pe^{\ell h}}\ell\le\frac{K_n}\ell+E_PX"
            r"+\frac{\ell\sigma_X^2}2=\mathrm{gen}_T+E_PS_P+\sigma_X\sqrt{2K_n}"
            r"\le\mathrm{gen}_T+E_PS_P+(\sigma_u+\nu)\sqrt{2K_n}$ at $\ell=\sqrt{2K_n}/\sigma_X$,"
            r" or in the limit. The left side is"
            r" $\mathrm{gen}_T+\inf_{\ell>0}(K_n+\psi_h(\ell))/\ell$.",
            method="adding the inequalities; what is left over is manifestly nonnegative",
            check=ordered,
            stated=_chain(root / proxy, population),
            wrong={
                "another argument": _chain(1 / proxy, population),
                "the teacher's sharpness left out": _chain(root / proxy, 0),
            },
            uses=(
                "smallest proxy",
                "best_argument",
                "larger_exponentials",
                "sharpness_aware/one_step_below_thm12",
            ),
        ),
    ),
)
