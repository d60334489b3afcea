r"""The temperature at which the bound on the divergence is least.

With the ridge ratio held, the bound is $A/\beta+C\beta$ plus a constant.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    nonnegative_by_induction,
)
from proofs_check.linear_gaussian.bound import BOUND_FORM
from proofs_check.linear_gaussian.directions import beta as any_beta
from proofs_check.linear_gaussian.directions import e, omega, sigma
from proofs_check.records import Proof, assumed, checked

s, nu, beta, lam, ratio, outputs = sympy.symbols("s nu beta lambda alpha k", positive=True)
fit, signal = sympy.symbols("rho b", nonnegative=True)


def dataset_bound(at: Any) -> Any:
    """Returns twice the bound on the dataset shift in a direction, with r = rho / beta."""
    return outputs * (at / beta + at**2) + (1 - at) ** 2 * signal


def divergence_bound(at: Any) -> Any:
    """Returns twice the bound on the divergence in a direction, at the teacher's covariance."""
    mismatch = (1 - at) ** 2 * (1 + beta * at) + beta * at
    return dataset_bound(at) + (1 - at) ** 2 * beta * at * signal + outputs * mismatch


def in_fit(form: Any, printed: Any) -> tuple[Any, Any]:
    """Returns a bound of one output with r = rho / beta and e = 1, and what is printed."""
    scale = sympy.sqrt(fit / beta)
    point = {sigma: scale, omega: sympy.sqrt(signal) / scale, any_beta: beta, e: 1}
    return form.rational.subs(point, simultaneous=True), printed.subs(outputs, 1)


TEACHER_COVARIANCE = assumed("teacher_covariance", r"$\Sigma_S=\Sigma_T$: $e=1$, and $\beta>0$.")
DIVERGENCE_IN_FIT = checked(
    "divergence_in_fit",
    r"As $r=\rho/\beta$ and $\mathrm{Cov}=0$, the bound of a direction is"
    r" $2J=k(\frac\rho\beta+\rho^2)+(1-\rho)^2(1+\beta\rho)b"
    r"+k[(1-\rho)^2(1+\beta\rho)+\beta\rho]$.",
    method="substituting in the bound of one output",
    check=equal,
    stated=in_fit(BOUND_FORM, divergence_bound(fit)),
    wrong={
        "without the spread": in_fit(BOUND_FORM, dataset_bound(fit)),
        "r in place of rho": in_fit(BOUND_FORM, divergence_bound(fit / beta)),
    },
    uses=("teacher_covariance", "linear_gaussian/divergence_bound"),
)

# --- the temperature, with the ridge ratio held ---------------------------------------------------

RIDGE = assumed(
    "ridge",
    r"$\lambda=\alpha\beta$, with the ridge ratio $\alpha>0$ held while $\beta$ is chosen.",
)


def _fit(value: Any) -> tuple[Any, Any]:
    """The fit at this prior precision, and a value without the temperature."""
    return beta * s**2 / (lam * nu**2 + beta * s**2).subs(lam, ratio * beta), value


FIT_HELD = checked(
    "fit_held",
    r"$\rho_i=\frac{\beta s_i^2}{\lambda\nu^2+\beta s_i^2}=\frac{s_i^2}{\alpha\nu^2+s_i^2}$ does"
    r" not depend on $\beta$, and $r_i=\rho_i/\beta$: the teacher's mean is held, and $\beta$ sets"
    r" its width.",
    method="substituting",
    check=equal,
    stated=_fit(s**2 / (ratio * nu**2 + s**2)),
    wrong={"the prior held": _fit(s**2 / (ratio * beta * nu**2 + s**2))},
    uses=("ridge",),
)

_SLOPE = fit * (outputs + (1 - fit) ** 2 * (outputs + signal))


def _in_temperature(slope: Any) -> tuple[Any, Any]:
    """Twice the bound in a direction, and its parts in 1 / beta, beta and neither."""
    constant = outputs * fit**2 + (1 - fit) ** 2 * (signal + outputs)
    return divergence_bound(fit), outputs * fit / beta + slope * beta + constant


IN_TEMPERATURE = checked(
    "in_temperature",
    r"$2J=\frac A\beta+C\beta$ plus terms without $\beta$, with $A=k\sum_i\rho_i$ and"
    r" $C=\sum_i\rho_i[k+(1-\rho_i)^2(k+b_i)]$.",
    method="expanding, direction by direction",
    check=equal,
    stated=_in_temperature(_SLOPE),
    wrong={
        "the signal left out": _in_temperature(fit * (outputs + (1 - fit) ** 2 * outputs)),
        "the shrinkage not squared": _in_temperature(
            fit * (outputs + (1 - fit) * (outputs + signal))
        ),
    },
    uses=("fit_held", "divergence_in_fit"),
)

_A, _best = sympy.symbols("A beta_*", positive=True)


def _above_least(at_best: Any) -> Inequality:
    """A / beta + C beta with C = A / best^2, and what it is said to be at least."""
    return Inequality(
        at_best, _A / beta + _A / _best**2 * beta, _A / beta * (1 - beta / _best) ** 2
    )


OPTIMAL_TEMPERATURE = Proof(
    slug="linear_gaussian/optimal_temperature",
    idea="A sum of a term that falls as 1/beta and one that grows with beta is least where the two"
    " are equal.",
    steps=(
        TEACHER_COVARIANCE,
        RIDGE,
        FIT_HELD,
        DIVERGENCE_IN_FIT,
        IN_TEMPERATURE,
        checked(
            "optimal_temperature",
            r"With $\beta^*=\sqrt{A/C}=\Bigl(\frac{\sum_i\rho_i[1+(1-\rho_i)^2(1+b_i/k)]}"
            r"{\sum_i\rho_i}\Bigr)^{-1/2}$: $2J(\beta)-2J(\beta^*)"
            r"=\frac A\beta(1-\frac\beta{\beta^*})^2\ge0$. Where nothing is fitted $A=C=0$, and $J$"
            r" does not depend on $\beta$.",
            method="the difference is a square, for C = A / beta_*^2",
            check=at_most,
            stated=_above_least(2 * _A / _best),
            wrong={"their product": _above_least(2 * _A / _best**2)},
            uses=("in_temperature",),
        ),
    ),
)

_sum_a, _sum_c = sympy.symbols("A C", real=True)


def _colder(slope: Any) -> Induction:
    """C - A over directions, when one more adds so much to C."""
    step = {_sum_a: _sum_a + outputs * fit, _sum_c: _sum_c + slope}
    slack = fit * (1 - fit) ** 2 * (outputs + signal)
    return Induction(_sum_c - _sum_a, {_sum_a: 0, _sum_c: 0}, step, slack)


COLD_NEVER_OPTIMAL = Proof(
    slug="linear_gaussian/cold_never_optimal",
    idea="What grows with the temperature's inverse has at least the weight of what falls.",
    steps=(
        TEACHER_COVARIANCE,
        RIDGE,
        FIT_HELD,
        DIVERGENCE_IN_FIT,
        IN_TEMPERATURE,
        checked(
            "cold_never_optimal",
            r"$C-A=\sum_i\rho_i(1-\rho_i)^2(k+b_i)\ge0$, so that $\beta^*=\sqrt{A/C}\le1$ where"
            r" $A>0$; where nothing is fitted every $\beta$ is best, and $1$ is chosen.",
            method="induction over the directions; the sign of every term is manifest",
            check=nonnegative_by_induction,
            stated=_colder(_SLOPE),
            wrong={
                "the posterior spread at the true data": _colder(sympy.Integer(0)),
                "the shrinkage subtracted": _colder(
                    fit * (outputs - (1 - fit) ** 2 * (outputs + signal))
                ),
            },
            uses=("in_temperature", "linear_gaussian/optimal_temperature"),
        ),
    ),
)
