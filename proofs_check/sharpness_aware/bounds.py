r"""Theorem 12, its one-step form, the family they belong to, and when none of them can help.

$h_U+S_D=h+S_P$: the sharpness of the student is added and dropped, and what is left is a change of
measure for one function, or for two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal
from proofs_check.algebra_order import ordered
from proofs_check.common import LOGARITHM_BELOW_TANGENT
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
    """The cost at an argument, and its infimum without divergence and without a proxy."""
    return (
        (_penalty(at, proxy**2), proxy * root),
        (sympy.limit(argument * proxy**2 / 2, argument, 0, "+"), 0),
        (sympy.limit(divergence / argument, argument, sympy.oo), 0),
    )


BEST_ARGUMENT = checked(
    "best_argument",
    r"If $\psi_X(\ell)\le\ell^2\sigma^2/2$ for $\ell>0$, $E_QX\le E_PX+\sigma\sqrt{2K_n}$:"
    r" $\frac{K_n}\ell+\frac{\ell\sigma^2}2=\sigma\sqrt{2K_n}$ at $\ell=\sqrt{2K_n}/\sigma$; if"
    r" $K_n=0$ it tends to zero with $\ell$, and if $\sigma=0$ as $\ell\to\infty$.",
    method="substituting, and two limits",
    check=lambda at: all_equal(_best_argument(at)),
    stated=root / proxy,
    wrong={
        "a missing square root of two": sympy.sqrt(divergence) / proxy,
        "the reciprocal": proxy / root,
    },
    uses=("change_of_measure",),
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
            uses=("add_and_subtract", "sharpness_added", "best_argument", "smallest proxy"),
        ),
    ),
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
            r"\le\mathrm{gen}_T+E_PS_P+(\sigma_u+\nu)\sqrt{2K_n}$ at $\ell=\sqrt{2K_n}/\sigma_X$;"
            r" if $K_n$ or $\sigma_X$ is zero, in the limit $\ell\to0$ or $\ell\to\infty$. The left"
            r" side is $\mathrm{gen}_T+\inf_{\ell>0}(K_n+\psi_h(\ell))/\ell$.",
            method="adding the inequalities; what is left over is manifestly nonnegative",
            check=ordered,
            stated=_chain(root / proxy, population),
            wrong={
                "another argument": _chain(1 / proxy, population),
                "the teacher's sharpness left out": _chain(root / proxy, 0),
            },
            uses=(
                "smallest proxy",
                "larger_exponentials",
                "sharpness_aware/one_step_below_thm12",
            ),
        ),
    ),
)
