r"""The spread of the teacher about the teacher refitted to its pseudo labels, in closed form."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import equal
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    SUM_OVER_OUTPUTS,
    TERMS,
    b,
    beta,
    gain,
    gain_of_s,
    label,
    lam,
    mean,
    nu,
    omega,
    pseudo_noise,
    q,
    r,
    rho,
    s,
    sigma,
    tau_of_s,
    teacher_noise,
)
from proofs_check.records import Proof, Step, assumed, checked

given_mean = sympy.Symbol("mu", real=True)
_drawn = given_mean + teacher_noise
_SPREAD_GIVEN = mean((_drawn - gain * (sigma * _drawn + pseudo_noise)) ** 2)
_IN_S = {sigma: s * sympy.sqrt(tau_of_s) / nu}
_RHO = s * gain_of_s


def _given(pull: Any) -> tuple[Any, Any]:
    """Twice the spread given the data; the mean is in units of the square root of tau."""
    printed = pull * tau_of_s * given_mean**2 + (1 - _RHO) ** 2 + beta * _RHO
    return _SPREAD_GIVEN.subs(_IN_S), printed


SPREAD_GIVEN = checked(
    "given_data",
    r"Given $D_n$ the teacher is $w_T=\bar w+\zeta$, and"
    r" $w_T-\beta\sigma\hat y=(1-\rho)w_T-\beta\sigma\hat\epsilon$ has the mean square"
    r" $(1-\rho)^2(\bar w^2+1)+\beta\rho$ in the units of the direction, where"
    r" $(1-\rho)\bar w^2=\lambda|\bar W_ou|^2$ for output $o$.",
    method="moments of the noises, with lambda, s and nu written out",
    check=equal,
    stated=_given(lam * (1 - _RHO)),
    wrong={
        "the prior's pull once": _given(lam),
        "the metric of the prior": _given(lam**2),
        "without the prior": _given(sympy.Integer(0)),
    },
    uses=("one_direction",),
)
NULL_COPIED = checked(
    "null_copied",
    r"On the null space $\bar W$ and the refitted mean vanish. With $M=XX^+$ so does $W_TM$; with"
    r" $M=I$ every output and null direction adds $\frac12\lambda\cdot\frac1\lambda=\frac12$.",
    method="moments of the noises at sigma = 0, in units of the prior's standard deviation",
    check=lambda value: equal((_SPREAD_GIVEN.subs({sigma: 0, given_mean: 0}), value)),
    stated=sympy.Integer(1),
    wrong={"nothing": sympy.Integer(0), "without the square": 1 / sympy.sqrt(lam)},
    uses=("one_direction",),
)
MINNORM = assumed("student_map", r"The student's mean is $W_TM$ with $M=XX^+$.")
IDENTITY = assumed("student_map", r"The student's mean is $W_TM$ with $M=I$.")

_outputs, _dimension, _rank, _norms, _signal = sympy.symbols("k d n_X A B", positive=True)


def _over_outputs(per_output: Any, square: Any, total: Any, null: Any) -> Any:
    """The sum over k outputs of a quadratic with this square, and of the null directions."""
    at_zero = per_output.subs(square, 0)
    slope = sympy.diff(per_output, square, 2) / 2
    return _outputs * at_zero + slope * total + (_dimension - _rank) * _outputs * null


def _in_all(null: Any, printed_nulls: Any, noise: Any) -> tuple[Any, Any]:
    """Twice the spread given the data over outputs, and what is printed with so many nulls."""
    found = _over_outputs(_SPREAD_GIVEN, given_mean, _norms, null)
    return found, (1 - rho) ** 2 * _norms + noise + printed_nulls


_NOISE = _outputs * ((1 - rho) ** 2 + beta * rho)


def _spread_given_data(name: str, student_map: Step, null: Any, more: str) -> Proof:
    """The proof for one of the two students."""
    nulls = (_dimension - _rank) * _outputs * null
    return Proof(
        slug=f"linear_gaussian/spread_given_data{name}",
        idea="In a direction the refitted teacher reproduces the share rho of the teacher, and adds"
        " noise of its own.",
        steps=(
            *DIRECTIONS,
            student_map,
            SUM_OVER_OUTPUTS,
            SPREAD_GIVEN,
            NULL_COPIED,
            checked(
                f"spread_given_data{name}",
                r"$\frac12\mathbb E[\|W_TM-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}\,|\,D_n]"
                r"=\frac12\sum_i[\lambda(1-\rho_i)|\bar Wu_i|^2+k(1-\rho_i)^2+k\beta\rho_i]"
                rf"{more}$.",
                method="the sum over outputs of a direction, and the null directions",
                check=equal,
                stated=_in_all(null, nulls, _NOISE),
                wrong={
                    "noise counted for one output": _in_all(null, nulls, _NOISE / _outputs),
                    "the other student's null space": _in_all(
                        null, (_dimension - _rank) * _outputs * (1 - null), _NOISE
                    ),
                    "the fitted pseudo noise left out": _in_all(
                        null, nulls, _outputs * (1 - rho) ** 2
                    ),
                },
                uses=("student_map", "sum_over_outputs", "given_data", "null_copied"),
            ),
        ),
    )


SPREAD_GIVEN_DATA = _spread_given_data("", MINNORM, 0, "")
SPREAD_GIVEN_DATA_IDENTITY = _spread_given_data(
    "_identity", IDENTITY, 1, r"+\frac k2(d-\operatorname{rank}X)"
)


def _energy(value: Any) -> tuple[Any, Any]:
    """The mean square of the teacher's mean, over labels."""
    return mean((gain * label) ** 2), value


MEAN_ENERGY = checked(
    "mean_energy",
    r"Over labels $\mathbb E\bar w^2=\beta^2\sigma^2(\sigma^2\omega^2+1)=\beta\rho(b+1)$"
    r" for an output, as $\bar w=\beta\sigma y$.",
    method="moments of the noises",
    check=equal,
    stated=_energy(beta * rho * (b + 1)),
    wrong={
        "without the label noise": _energy(beta * rho * b),
        "a gain that is not squared": _energy(rho * (b + 1)),
    },
    uses=("terms", "one_direction"),
)


def _expected(noise: Any, null: Any, printed_nulls: Any) -> tuple[Any, Any]:
    """Twice the expected spread over outputs, from that given the data, and what is printed."""
    per_output = _SPREAD_GIVEN.subs(given_mean, 0) + (1 - rho) ** 2 * mean((gain * label) ** 2)
    found = _over_outputs(per_output, omega, _signal / r, null)
    printed = (1 - rho) ** 2 * beta * rho * _signal + _outputs * noise + printed_nulls
    return found, printed


def _spread_expected(name: str, student_map: Step, null: Any, more: str) -> Proof:
    """The proof for one of the two students."""
    nulls = (_dimension - _rank) * _outputs * null
    return Proof(
        slug=f"linear_gaussian/spread_expected{name}",
        idea="The spread given the data is quadratic in the teacher's mean, whose second moment is"
        " signal and fitted label noise.",
        steps=(
            *DIRECTIONS,
            TERMS,
            student_map,
            SUM_OVER_OUTPUTS,
            MEAN_ENERGY,
            checked(
                f"spread_expected{name}",
                r"$\mathbb E\,\mathrm{spread}=\frac12\sum_i[(1-\rho_i)^2\beta\rho_ib_i+kq_i]"
                rf"{more}$: for an output and direction"
                r" $(1-\rho)^2(\mathbb E\bar w^2+1)+\beta\rho=(1-\rho)^2\beta\rho b+q$.",
                method="the sum over outputs of a direction, and the null directions",
                check=equal,
                stated=_expected(q, null, nulls),
                wrong={
                    "without the fitted noise": _expected((1 - rho) ** 2 + beta * rho, null, nulls),
                    "the other student's null space": _expected(
                        q, null, (_dimension - _rank) * _outputs * (1 - null)
                    ),
                },
                uses=(
                    "student_map",
                    "sum_over_outputs",
                    "mean_energy",
                    f"linear_gaussian/spread_given_data{name}",
                ),
            ),
        ),
    )


SPREAD_EXPECTED = _spread_expected("", MINNORM, 0, "")
SPREAD_EXPECTED_IDENTITY = _spread_expected(
    "_identity", IDENTITY, 1, r"+\frac k2(d-\operatorname{rank}X)"
)
