r"""The student covariance of least divergence, and when it is zero.

The divergence sees a student's variance $e$ through $e-\log(c+e)$ alone, where $c$ is what the
pseudo labels leave open about the teacher: the student should fill up to the teacher's variance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    Minimum,
    all_equal,
    at_most,
    equal,
    manifestly_nonnegative,
    nonnegative_by_induction,
    nonnegative_from_minimum,
)
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.common import LOGARITHM_BELOW_TANGENT
from proofs_check.linear_gaussian.directions import (
    GAUSSIAN_DIVERGENCE,
    QUADRATIC_FORM,
    STUDENT,
    TERMS,
    c,
    e,
    student,
    student_noise,
)
from proofs_check.linear_gaussian.divergence import COPIED, FULL_FORM, null_form
from proofs_check.records import Proof, Step, assumed, checked, cited

left_over, excess = sympy.symbols("c g", nonnegative=True)
scale = sympy.Symbol("e", positive=True)

# --- covariances that commute with the design -----------------------------------------------------

_FORMS = (FULL_FORM, null_form(student_noise), null_form(student))


def _dependence(*left: Any) -> list[tuple[Any, Any]]:
    """How the divergence depends on e: in the range, and on the null space under both maps."""
    changes = [form.rational - form.rational.subs(e, 1) for form in _FORMS]
    arguments = zip((form.argument for form in _FORMS), left, strict=True)
    return [(change, e - 1) for change in changes] + [(have, rest + e) for have, rest in arguments]


DEPENDENCE = checked(
    "dependence",
    r"Up to terms without $e$, $\frac2kK_n$ is $e-\log(c+e)$ in a direction, with $c=0$ on the null"
    r" space for $M=XX^+$ and $c=1$ for $M=I$.",
    method="comparing the closed forms with those at e = 1",
    check=all_equal,
    stated=_dependence(c, 0, 1),
    wrong={
        "a teacher of whom nothing is known": _dependence(1, 0, 1),
        "a teacher copied by M = XX^+": _dependence(c, 1, 1),
        "a teacher not copied by M = I": _dependence(c, 0, 0),
    },
    uses=(
        "student",
        "terms",
        "linear_gaussian/divergence_exact",
        "linear_gaussian/divergence_exact_identity",
    ),
)


def _filled(at: Any) -> Minimum:
    """The value above that at a scale, where the teacher leaves less open than it has."""
    function = scale - sympy.log(left_over + scale) - (at - sympy.log(left_over + at))
    return Minimum(function, scale, at, 1 / (left_over + scale))


WARM = checked(
    "warm",
    r"For $c\le1$, $e-\log(c+e)$ is least at $e=1-c$: its slope is $\frac{e-(1-c)}{c+e}$.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=_filled(1 - left_over),
    wrong={"at the teacher's own variance": _filled(sympy.Integer(1)), "at zero": _filled(0)},
)


def _cold(left: Any) -> Minimum:
    """The value above that at zero, where the teacher leaves this much open."""
    function = scale - sympy.log(left + scale) + sympy.log(left)
    return Minimum(function, scale, 0, (left - 1 + scale) / (left + scale) / scale)


COLD = checked(
    "cold",
    r"For $c=1+g\ge1$, $e-\log(c+e)$ is least at $e=0$: its slope $\frac{g+e}{1+g+e}$ is never"
    r" negative.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=_cold(1 + excess),
    wrong={"less than one left open": _cold(1 / (1 + excess))},
)


def _is_best(best: Callable[[Any], Any]) -> bool:
    """Whether a function of c is 1 - c up to one, and zero from there on."""
    below = 1 / (1 + excess)
    return all_equal([(best(below), 1 - below), (best(1 + excess), 0)])


def _optimal(name: str, null: Step | None, words: str) -> Proof:
    """The proof for one of the two maps on the null space."""
    copied = () if null is None else (null,)
    return Proof(
        slug=f"linear_gaussian/optimal_student_covariance{name}",
        idea="In every direction the divergence is a convex function of the student's variance.",
        steps=(
            TERMS,
            STUDENT,
            *copied,
            DEPENDENCE,
            WARM,
            COLD,
            checked(
                f"optimal_student_covariance{name}",
                r"In both cases the least value is that at $e_i=(1-c_i)_+$. As the directions can"
                r" be chosen one by one, the algorithm shift there is at most that at any $e_i\ge0$"
                rf" (at zero, the limit); on the null space the best $e$ is {words}.",
                method="the two cases c = 1/(1 + g) and c = 1 + g",
                check=_is_best,
                stated=lambda left: sympy.Max(0, sympy.together(1 - left)),
                wrong={
                    "without the positive part": lambda left: 1 - left,
                    "the absolute value": lambda left: abs(sympy.together(1 - left)),
                    "the teacher's covariance": lambda left: sympy.Integer(1),
                },
                uses=("dependence", "warm", "cold", *(step.name for step in copied)),
            ),
        ),
    )


OPTIMAL_STUDENT_COVARIANCE = _optimal("", None, "1, as $c=0$")
OPTIMAL_STUDENT_COVARIANCE_IDENTITY = _optimal("_identity", COPIED, "0, as $c=1$")

# --- all covariances ------------------------------------------------------------------------------

_R, _Ri, _Ss, _A, _C = matrices("R R^-1 Sigma_S A C")


def _relative_instance() -> Mapping[Any, Any]:
    root = sympy.Matrix([[2, 1], [1, 3]])
    covariance_s = sympy.Matrix([[2, -1], [-1, 5]])
    return {
        _R: root,
        _Ri: root.inv(),
        _Ss: covariance_s,
        _A: root.inv() * covariance_s * root.inv(),
        _C: sympy.Matrix([[1, 1], [1, 4]]),
    }


def _relative(mixture: Any) -> MatrixIdentity:
    """The mixture's covariance in units of the teacher's, and A + C."""
    rules = {_Ri * _Ss * _Ri: _A, _Ri * _R: 1, _R * _Ri: 1}
    return MatrixIdentity(_Ri * mixture * _Ri, _A + _C, rules, _relative_instance)


_trace, _trace_best, _inner, _log, _log_best, _size = sympy.symbols("T T* S L L* d", real=True)
_value, _gap = sympy.symbols("mu_j g_j", nonnegative=True)


def _log_determinants(logarithm: Any, slack: Any) -> Induction:
    """The trace of the relative matrix less d and its log determinant, eigenvalue by eigenvalue."""
    step = {_trace: _trace + _value, _size: _size + 1, _log: _log + logarithm}
    return Induction(_trace - _size - _log, dict.fromkeys((_trace, _size, _log), 0), step, slack)


def _tangent(gradient_at: Any) -> tuple[Any, Any]:
    """What the divergence lies above its tangent at the optimum, and the tangent of log det."""
    rise = (_trace - _log) - (_trace_best - _log_best)
    return rise - gradient_at, _log_best + (_inner - _size) - _log


_GRADIENT = (_trace - _inner) - (_trace_best - _size)


def _complementary(values: tuple[tuple[Any, Any], ...]) -> bool:
    """Whether gradient and optimum have the product zero, and the gradient is not negative."""
    return all(
        equal(((1 - 1 / best) * kept, 0)) and manifestly_nonnegative(sympy.factor(1 - 1 / best))
        for best, kept in values
    )


_part = sympy.Symbol("a", nonnegative=True)

OPTIMAL_STUDENT_COVARIANCE_GENERAL = Proof(
    slug="linear_gaussian/optimal_student_covariance_general",
    idea="The divergence is convex in the covariance, and at the candidate its gradient is"
    " positive semidefinite and orthogonal to the candidate: the conditions for a minimum over the"
    " cone.",
    steps=(
        TERMS,
        assumed(
            "any_covariance",
            r"$\Sigma_S$ is any positive semidefinite matrix, $M=XX^+$, and"
            r" $A=\Sigma_T^{-1/2}\Sigma_S\Sigma_T^{-1/2}$; $C=\sum_ic_iu_iu_i^\top$, zero on the"
            r" null space.",
        ),
        QUADRATIC_FORM,
        GAUSSIAN_DIVERGENCE,
        checked(
            "mixture",
            r"Given $\hat Y$ the rows of $W_TXX^+$ have the covariance"
            r" $\Sigma_T^{1/2}C\Sigma_T^{1/2}$, so that those of $\Theta$ have"
            r" $\Sigma_S+\Sigma_T^{1/2}C\Sigma_T^{1/2}$, which is $A+C$ in units of $\Sigma_T$: up"
            r" to a term without $\Sigma_S$ the algorithm shift is $\frac k2F(A+C)$ with"
            r" $F(B)=\operatorname{tr}B-\log\det B$.",
            method="rewriting noncommutative symbols, for matrices of any size",
            check=holds_for_matrices,
            stated=_relative(_Ss + _R * _C * _R),
            wrong={
                "C not in units of the teacher": _relative(_Ss + _C),
                "the student alone": _relative(_Ss),
            },
            uses=(
                "terms",
                "any_covariance",
                "gaussian_divergence",
                "linear_gaussian/algorithm_shift_pseudo",
            ),
        ),
        LOGARITHM_BELOW_TANGENT,
        cited(
            "relative_eigenvalues",
            r"For positive definite $B_*$ and $B$, $B_*^{-1/2}BB_*^{-1/2}$ has positive eigenvalues"
            r" $\mu_j$, with $\sum_j\mu_j=\operatorname{tr}B_*^{-1}B$ and"
            r" $\prod_j\mu_j=\det B/\det B_*$.",
            "Horn and Johnson, Matrix Analysis, 2nd ed., Theorems 2.5.6 and 1.3.22",
        ),
        checked(
            "log_det_below_tangent",
            r"$\log\det B\le\log\det B_*+\operatorname{tr}B_*^{-1}B-d$: every eigenvalue adds"
            r" $\mu_j-1-\log\mu_j=g_j\ge0$ to the difference. For singular $B$ the left side is"
            r" $-\infty$.",
            method="induction over the eigenvalues, for every d",
            check=nonnegative_by_induction,
            stated=_log_determinants(_value - 1 - _gap, _gap),
            wrong={
                "a logarithm above its tangent": _log_determinants(_value - 1 + _gap, -_gap),
                "without the dimension": _log_determinants(_value - _gap, _gap),
            },
            uses=("logarithm_below_tangent", "relative_eigenvalues"),
        ),
        checked(
            "convexity",
            r"With $G=I-B_*^{-1}$, $F(B)-F(B_*)-\operatorname{tr}G(B-B_*)"
            r"=\log\det B_*+\operatorname{tr}B_*^{-1}B-d-\log\det B\ge0$.",
            method="expanding, with tr B_*^{-1} B_* = d",
            check=equal,
            stated=_tangent(_GRADIENT),
            wrong={
                "the gradient of the trace alone": _tangent(_trace - _trace_best),
                "a gradient of the other sign": _tangent(-_GRADIENT),
            },
            uses=("log_det_below_tangent",),
        ),
        checked(
            "complementary",
            r"At $A_*=(I-C)_+$, $B_*=A_*+C$ has the eigenvalues $\max(1,c_i)$. So $G$ has"
            r" $1-\frac1{\max(1,c_i)}\ge0$, is positive semidefinite, and"
            r" $\operatorname{tr}GA_*=\sum_i(1-\frac1{\max(1,c_i)})(1-c_i)_+=0$.",
            method="the cases c <= 1, with eigenvalue 1, and c = 1 + g >= 1, with A_* = 0",
            check=_complementary,
            stated=((sympy.Integer(1), 1 - left_over), (1 + excess, sympy.Integer(0))),
            wrong={
                "the teacher's covariance": ((1 + left_over, sympy.Integer(1)),),
                "no student at all for c <= 1": ((1 / (1 + excess), sympy.Integer(0)),),
            },
            uses=("any_covariance",),
        ),
        checked(
            "optimal_student_covariance_general",
            r"$F(A+C)-F(A_*+C)\ge\operatorname{tr}GA-\operatorname{tr}GA_*"
            r"=\sum_i(1-\frac1{\max(1,c_i)})\,u_i^\top Au_i\ge0$ for every $A\succeq0$: no"
            r" $\Sigma_S$ has a smaller algorithm shift than"
            r" $\Sigma_T^{1/2}(I-C)_+\Sigma_T^{1/2}$.",
            method="the sign of every direction's term is manifest, for c = 1 + g",
            check=at_most,
            stated=Inequality(0, (1 - 1 / (1 + excess)) * _part, excess * _part / (1 + excess)),
            wrong={
                "c below one": Inequality(
                    0, (1 - (1 + excess)) * _part, excess * _part / (1 + excess)
                ),
                "a matrix that is not semidefinite": Inequality(
                    0, -(1 - 1 / (1 + excess)) * _part, -excess * _part / (1 + excess)
                ),
            },
            uses=("mixture", "convexity", "complementary"),
        ),
    ),
)
