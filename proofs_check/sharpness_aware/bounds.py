r"""Theorem 12, its one-step form, the family they belong to, and when none of them can help.

$h_U+S_D=h+S_P$: the sharpness of the student is added and dropped, and what is left is a change of
measure for one function, or for two.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal
from proofs_check.algebra_order import ordered
from proofs_check.records import Proof, assumed, checked

divergence, argument = sympy.symbols("K l", positive=True)
proxy, perturbed, sharp = sympy.symbols("sigma sigma_u nu", positive=True)
mean, teacher_gap, population, log_mgf = sympy.symbols("m gen_T s_P psi", real=True)
student_sharpness, weight = sympy.symbols("s_Q t", nonnegative=True)
signed = sympy.Symbol("s", real=True)
first_slack, second_slack, third_slack = sympy.symbols("e_1 e_2 e_3", nonnegative=True)
root = sympy.sqrt(2 * divergence)

DONSKER_VARADHAN = "distillation_divergence/donsker_varadhan"

PROCESSES = assumed(
    "processes",
    r"$P$ is the law of $(D_n,f_T)$, $Q$ that of $(\hat D_n,f_S)$, $K_n=\mathrm{KL}(Q\,\|\,P)$;"
    r" $h(D,f)=L_P(f)-L_D(f)$, $\mathrm{gen}_T=E_Ph$, $\mathrm{gen}_S=E_Qh$. $U$ is independent of"
    r" all; $S_D(f)=E_UL_D(f+U)-L_D(f)$, $S_P(f)=E_UL_P(f+U)-L_P(f)$, $h_U(D,f)=E_Uh(D,f+U)$. Only"
    r" $K_n<\infty$ is looked at: else the right sides are infinite.",
)
LOCALLY_OPTIMAL = assumed(
    "local optimality", r"$E_QL_P(f_S)\le E_QE_UL_P(f_S+U)$, which is $E_QS_P(f_S)\ge0$."
)
SMALLEST_PROXY = assumed(
    "smallest proxy",
    r"For a function $X$ of $(D,f)$, $\psi_X(\ell)=\log E_Pe^{\ell(X-E_PX)}$, and $\sigma_X^2$ is"
    r" the least number with $\psi_X(\ell)\le\ell^2\sigma_X^2/2$ for all $\ell>0$; with $X=h+S_P$,"
    r" $\sigma_u$ is that of $h_U$, and $\nu$ that of $S_D$.",
)

_moved_population, _moved_empirical = sympy.symbols("L_PU L_DU", real=True)
_population, _empirical = sympy.symbols("L_P L_D", real=True)


def _identity(sharpness: Any) -> tuple[Any, Any]:
    """Both sides of h_U + S_D = h + S_P, with this empirical sharpness."""
    left = _moved_population - _moved_empirical + sharpness
    return left, _population - _empirical + (_moved_population - _population)


ADD_AND_SUBTRACT = checked(
    "add_and_subtract",
    r"$h_U+S_D=E_UL_P(f+U)-L_D(f)=h+S_P$ for every $D$ and $f$.",
    method="expanding",
    check=equal,
    stated=_identity(_moved_empirical - _empirical),
    wrong={
        "sharpness of the other sign": _identity(_empirical - _moved_empirical),
        "sharpness of the population": _identity(_moved_population - _population),
    },
    uses=("processes",),
)


def _dropped(sharpness: Any, multiple: Any) -> tuple[Any, Any]:
    """Whether a multiple of the student's sharpness can be added to its gap."""
    return mean, mean + multiple * sharpness


SHARPNESS_ADDED = checked(
    "sharpness_added",
    r"$\mathrm{gen}_S=E_Qh\le E_Qh+t\,E_QS_P=E_Q(h+tS_P)$ for every $t\ge0$.",
    method="the sign of what is added is manifest",
    check=ordered,
    stated=_dropped(student_sharpness, weight),
    wrong={
        "a student anywhere": _dropped(signed, weight),
        "a negative multiple": _dropped(student_sharpness, -weight - 1),
    },
    uses=("processes", "local optimality"),
)


def _changed_measure(log_mean: Any) -> tuple[Any, Any]:
    """The bound on a mean under Q, from the logarithm of the mean of an exponential under P."""
    return (divergence + log_mean) / argument, mean + (divergence + log_mgf) / argument


CHANGE_OF_MEASURE = checked(
    "change_of_measure",
    r"$E_QX\le\frac{K_n+\log E_Pe^{\ell X}}\ell=E_PX+\frac{K_n+\psi_X(\ell)}\ell$ for every $X$ and"
    r" $\ell>0$: the inequality of Donsker and Varadhan for $\ell X$, divided by $\ell$, and"
    r" $\log E_Pe^{\ell X}=\ell E_PX+\psi_X(\ell)$.",
    method="expanding",
    check=equal,
    stated=_changed_measure(argument * mean + log_mgf),
    wrong={
        "a mean that is not scaled": _changed_measure(mean + log_mgf),
        "a centred function": _changed_measure(log_mgf),
    },
    uses=("processes", DONSKER_VARADHAN),
)


def _penalty(at: Any, variance: Any) -> Any:
    """What a change of measure costs at this argument, with this proxy."""
    return divergence / at + at * variance / 2


def _best_argument(at: Any) -> tuple[tuple[Any, Any], ...]:
    """The cost at an argument and elsewhere, and its infimum where one of the terms vanishes."""
    away = sympy.sqrt(divergence / argument) - proxy * sympy.sqrt(argument / 2)
    return (
        (_penalty(argument, proxy**2), proxy * root + away**2),
        (_penalty(at, proxy**2), proxy * root),
        (sympy.limit(argument * proxy**2 / 2, argument, 0, "+"), 0),
        (sympy.limit(divergence / argument, argument, sympy.oo), 0),
    )


BEST_ARGUMENT = checked(
    "best_argument",
    r"$\inf_{\ell>0}\bigl(\frac{K_n}\ell+\frac{\ell\sigma^2}2\bigr)=\sigma\sqrt{2K_n}$ for"
    r" $\sigma\ge0$: the difference is $\bigl(\sqrt{K_n/\ell}-\sigma\sqrt{\ell/2}\bigr)^2$ and"
    r" vanishes at $\ell=\sqrt{2K_n}/\sigma$; if $K_n=0$ or $\sigma=0$, in the limit $\ell\to0$ or"
    r" $\ell\to\infty$.",
    method="expanding, substituting, and two limits",
    check=lambda at: all_equal(_best_argument(at)),
    stated=root / proxy,
    wrong={
        "a missing square root of two": sympy.sqrt(divergence) / proxy,
        "the reciprocal": proxy / root,
    },
    uses=("processes",),
)


def _sum_of_two(excess: Any, sharpness: Any) -> tuple[Any, Any]:
    """The bound, when each function's change of measure leaves a slack, and the student's S_P."""
    # E_P h_U + E_P S_D is gen_T + E_P S_P.
    perturbed_mean = mean
    sharpness_mean = teacher_gap + population - mean
    student = perturbed_mean + perturbed * root - first_slack
    student += sharpness_mean + sharp * root - second_slack - student_sharpness
    return student, teacher_gap + sharpness + excess * root


THM12 = Proof(
    slug="sharpness_aware/thm12",
    idea="Perturbing the student does not lower its risk, so that its gap is at most the mean of"
    " h_U + S_D; for both of these the measure is changed to that of the teacher.",
    steps=(
        PROCESSES,
        LOCALLY_OPTIMAL,
        assumed(
            "sub-Gaussian perturbed gap",
            r"$\log E_Pe^{\ell(h_U-E_Ph_U)}\le\ell^2\sigma_u^2/2$, for $\ell>0$ at least.",
        ),
        assumed(
            "sub-Gaussian sharpness",
            r"$\log E_Pe^{\ell(S_D-E_PS_D)}\le\ell^2\nu^2/2$, for $\ell>0$ at least.",
        ),
        ADD_AND_SUBTRACT,
        SHARPNESS_ADDED,
        CHANGE_OF_MEASURE,
        BEST_ARGUMENT,
        checked(
            "thm12",
            r"$\mathrm{gen}_S=E_Q(h_U+S_D)-E_QS_P\le E_P(h_U+S_D)+(\sigma_u+\nu)\sqrt{2K_n}"
            r"=\mathrm{gen}_T+E_PS_P(f_T)+(\sigma_u+\nu)\sqrt{2K_n}$.",
            method="adding the two inequalities; what is left over is manifestly nonnegative",
            check=ordered,
            stated=_sum_of_two(perturbed + sharp, population),
            wrong={
                "variances added in place of proxies": _sum_of_two(
                    sympy.sqrt(perturbed**2 + sharp**2), population
                ),
                "the teacher's sharpness left out": _sum_of_two(perturbed + sharp, 0),
                "one of the two proxies only": _sum_of_two(perturbed, population),
            },
            uses=(
                "add_and_subtract",
                "sharpness_added",
                "change_of_measure",
                "best_argument",
                "sub-Gaussian perturbed gap",
                "sub-Gaussian sharpness",
            ),
        ),
    ),
)


def _one_step(multiple: Any) -> tuple[Any, Any]:
    """The bound with one change of measure, for a function with this multiple of the sharpness."""
    student = teacher_gap + population + proxy * root - first_slack - student_sharpness
    return student, teacher_gap + multiple * population + proxy * root


ONE_STEP = Proof(
    slug="sharpness_aware/one_step",
    idea="h_U + S_D is one function, h + S_P: one change of measure is enough.",
    steps=(
        PROCESSES,
        LOCALLY_OPTIMAL,
        SMALLEST_PROXY,
        ADD_AND_SUBTRACT,
        SHARPNESS_ADDED,
        CHANGE_OF_MEASURE,
        BEST_ARGUMENT,
        checked(
            "one_step",
            r"$\mathrm{gen}_S\le E_QX\le E_PX+\sigma_X\sqrt{2K_n}"
            r"=\mathrm{gen}_T+E_PS_P(f_T)+\sigma_X\sqrt{2K_n}$ for $X=h+S_P=h_U+S_D$.",
            method="adding the inequalities; what is left over is manifestly nonnegative",
            check=ordered,
            stated=_one_step(1),
            wrong={
                "the teacher's sharpness left out": _one_step(0),
                "half of the teacher's sharpness": _one_step(sympy.Rational(1, 2)),
            },
            uses=(
                "add_and_subtract",
                "sharpness_added",
                "change_of_measure",
                "best_argument",
                "smallest proxy",
            ),
        ),
    ),
)

# --- the family -----------------------------------------------------------------------------------


def _family(multiple: Any, bound: Any) -> tuple[Any, Any]:
    """The student's gap, when this multiple of its sharpness was added, and a bound on it."""
    changed = (divergence + log_mgf - first_slack) / argument
    return changed - multiple * student_sharpness, bound


T_FAMILY = Proof(
    slug="sharpness_aware/t_family",
    idea="Any multiple of the sharpness may be added to the gap before the measure is changed.",
    steps=(
        PROCESSES,
        LOCALLY_OPTIMAL,
        SHARPNESS_ADDED,
        CHANGE_OF_MEASURE,
        checked(
            "t_family",
            r"$\mathrm{gen}_S\le E_Q(h+tS_P)\le\frac{K_n+\log E_Pe^{\ell(h+tS_P)}}\ell$ for all"
            r" $t\ge0$ and $\ell>0$, hence for the infimum over $\ell$.",
            method="adding the inequalities; what is left over is manifestly nonnegative",
            check=ordered,
            stated=_family(weight, (divergence + log_mgf) / argument),
            wrong={
                "sharpness of the other sign": _family(-weight, (divergence + log_mgf) / argument),
                "a divergence that is not divided": _family(
                    weight, divergence + log_mgf / argument
                ),
            },
            uses=("sharpness_added", "change_of_measure"),
        ),
    ),
)
