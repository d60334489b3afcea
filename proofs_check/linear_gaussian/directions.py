r"""Steps that the proofs of the room share: one singular direction at a time, and Gaussian laws.

In the singular bases of $X$ teacher and student become independent scalar models, one for every
output and direction. The noises are symbols of which only the first two moments are used.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    equal,
    expectation,
    holds_by_induction,
)
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.records import assumed, checked, cited

lam, nu, s, sigma, e = sympy.symbols("lambda nu s sigma e", positive=True)
beta = sympy.Symbol("beta", nonnegative=True)
omega = sympy.Symbol("omega", real=True)

# A direction in its own units: labels in units of nu, weights in units of the square root of tau.
r = sigma**2
rho = beta * r
t = r + rho**2
c = (1 + beta * rho) / (1 + t)
q = (1 - rho) ** 2 * (1 + beta * rho) + beta * rho
b = r * omega**2

label_noise, teacher_noise, pseudo_noise, student_noise = sympy.symbols(
    "epsilon zeta epsilon_hat zeta_hat", real=True
)
VARIANCES: Mapping[Any, Any] = {
    label_noise: 1,
    teacher_noise: 1,
    pseudo_noise: 1,
    student_noise: e,
}

gain = beta * sigma
label = sigma * omega + label_noise
teacher = gain * label + teacher_noise
pseudo_label = sigma * teacher + pseudo_noise
student = teacher + student_noise


@functools.cache
def mean(expression: Any) -> Any:
    r"""Returns the mean over independent centred noises of a polynomial of degree two in them.

    That is its value at zero and, for every noise, half of the variance times the second
    derivative: mixed and odd terms have the mean zero.
    """
    value = sympy.sympify(expression)
    total = value.subs(dict.fromkeys(VARIANCES, 0))
    for noise, variance in VARIANCES.items():
        total += variance * sympy.diff(value, noise, 2) / 2
    return total


def covariance(one: Any, other: Any) -> Any:
    """Returns the covariance of two linear expressions in the noises."""
    return sum(
        variance * sympy.diff(one, noise) * sympy.diff(other, noise)
        for noise, variance in VARIANCES.items()
    )


tau_of_s = nu**2 / (lam * nu**2 + beta * s**2)
gain_of_s = beta * s * tau_of_s / nu**2

# --- the model, direction by direction ------------------------------------------------------------

MODEL = assumed(
    "model",
    r"$Y=W^*X+\nu E$ with $X$ ($d\times n$) given and white noise $E$ ($k\times n$), $\nu>0$,"
    r" $\lambda>0$, $\beta\ge0$; given $D_n=(X,Y)$ the teacher $W_T$ has a density proportional to"
    r" $\exp(-\frac\lambda2\|W\|^2-\frac\beta{2\nu^2}\|Y-WX\|^2)$; pseudo labels are"
    r" $\hat Y=W_TX+\nu\hat E$ with fresh white noise.",
)

SINGULAR_VALUES = cited(
    "singular_values",
    r"$X=\sum_is_iu_iv_i^\top$ with $s_i>0$ and orthonormal $u_i\in\mathbb R^d$,"
    r" $v_i\in\mathbb R^n$, which are completed to orthonormal bases.",
    "Golub and Van Loan, Matrix Computations, 4th ed., Theorem 2.4.1",
    uses=("model",),
)

_Y, _X, _Xt, _S, _P, _u, _v = matrices("Y X X^T Sigma P u v")


def _eigenvectors() -> Mapping[Any, Any]:
    """An instance with two features, three samples and two outputs; s = 5."""
    left, right = sympy.Matrix([3, 4]) / 5, sympy.Matrix([1, 2, 2]) / 3
    other_left, other_right = sympy.Matrix([-4, 3]) / 5, sympy.Matrix([2, 1, -2]) / 3
    inputs = 5 * left * right.T + other_left * other_right.T
    numbers = {lam: sympy.Integer(2), beta: sympy.Integer(3), nu: sympy.Integer(2)}
    precision = 2 * sympy.eye(2) + 3 * inputs * inputs.T / 4
    outputs = sympy.Matrix([[1, -2, 3], [0, 1, 5]])
    return {
        _Y: outputs,
        _X: inputs,
        _Xt: inputs.T,
        _P: precision,
        _S: precision.inv(),
        _u: left,
        _v: right,
        s: sympy.Integer(5),
        **numbers,
    }


def _teacher_direction(claim: tuple[Any, Any]) -> bool:
    """Whether the covariance has this eigenvalue, and the mean this gain, at a left vector."""
    value, factor = claim
    to_labels = {_Xt * _u: s * _v, _X * _v: s * _u}
    onto = _P * _u - _u / value
    applied = {_P: lam + beta / nu**2 * _X * _Xt, **to_labels}
    at_mean = beta / nu**2 * _Y * _Xt * _S * _u - factor * _Y * _v
    # Of the inverse: Sigma u = Sigma P u / p = u / p, where p is the eigenvalue of P.
    inverse = {_S * _u: _u / (lam + beta / nu**2 * s**2), **to_labels}
    return all(
        holds_for_matrices(MatrixIdentity(left, 0, rules, _eigenvectors))
        for left, rules in ((onto, applied), (at_mean, inverse))
    )


TEACHER_IN_DIRECTION = checked(
    "teacher_in_direction",
    r"$\Sigma_T^{-1}u_i=(\lambda+\frac\beta{\nu^2}s_i^2)u_i$, so that $\Sigma_Tu_i=\tau_iu_i$ with"
    r" $\tau=\frac{\nu^2}{\lambda\nu^2+\beta s^2}$, and $\bar Wu_i=a_iYv_i$ with"
    r" $a=\frac{\beta s\tau}{\nu^2}$; on the null space of $X^\top$ the same with $s=0$.",
    method="rewriting with X^T u = s v and X v = s u, for matrices of any size",
    check=_teacher_direction,
    stated=(tau_of_s, gain_of_s),
    wrong={
        "s in place of its square": (nu**2 / (lam * nu**2 + beta * s), gain_of_s),
        "a gain without the singular value": (tau_of_s, beta * tau_of_s / nu**2),
        "the gain of least squares": (tau_of_s, 1 / s),
    },
    uses=("model", "singular_values", "linear_gaussian/gibbs_posterior"),
)

ORTHOGONAL_NOISE = cited(
    "orthogonal_noise",
    r"White noise has independent standard normal coordinates in any orthonormal basis;"
    r" uncorrelated linear functions of it are independent.",
    "Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed., section 2.4",
)


def _units(pieces: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """What eigenvalue and gain are in the units of their direction, with r written out."""
    variance, factor = pieces
    share = s**2 / (lam * nu**2 + beta * s**2)
    return [
        (s**2 * variance / nu**2, share),
        (factor**2 * nu**2 / variance, beta**2 * share),
        (s * factor, beta * share),
        (lam * variance, 1 - beta * share),
    ]


ONE_DIRECTION = checked(
    "one_direction",
    r"For every output and direction, independently, with labels in units of $\nu$ and weights in"
    r" units of $\sqrt\tau$: $y=\sigma\omega+\epsilon$, $w_T=\beta\sigma y+\zeta$ and"
    r" $\hat y=\sigma w_T+\hat\epsilon$ with independent standard normal $\epsilon$, $\zeta$,"
    r" $\hat\epsilon$; $\omega$ is the entry of $W^*u$, and $\sigma^2=\frac{s^2\tau}{\nu^2}=r"
    r"=\frac{s^2}{\lambda\nu^2+\beta s^2}$. Then $\rho=\beta r=sa$ and $\lambda\tau=1-\rho$."
    r" Null directions have $\sigma=0$, and directions $v$ that $X$ does not reach carry the same"
    r" noise in $Y$ and $\hat Y$.",
    method="expanding",
    check=all_equal,
    stated=_units((tau_of_s, gain_of_s)),
    wrong={
        "the prior's variance": _units((1 / lam, gain_of_s)),
        "the gain of the untempered posterior": _units((tau_of_s, s * tau_of_s / nu**2)),
    },
    uses=("teacher_in_direction", "orthogonal_noise"),
)

DIRECTIONS = (MODEL, SINGULAR_VALUES, TEACHER_IN_DIRECTION, ORTHOGONAL_NOISE, ONE_DIRECTION)
"""The steps from the model to its scalar form."""

TERMS = assumed(
    "terms",
    r"In a direction, $b=\sigma^2\omega^2$ for an output, that is $\frac{s^2}{\nu^2}|W^*u|^2$ when"
    r" summed over outputs; $t=r+\rho^2$, $c=\frac{1+\beta\rho}{1+t}$ and"
    r" $q=(1-\rho)^2(1+\beta\rho)+\beta\rho$.",
)

STUDENT = assumed(
    "student",
    r"Given $W_T$, the student is $\Theta\sim\mathrm{MN}(W_TM,I,\Sigma_S)$, independent of"
    r" $\hat Y$; $\Sigma_Su_i=e_i\tau_iu_i$ with $e_i>0$, on the null space with $\tau=1/\lambda$."
    r" At full rank $M=XX^+$, at rank zero $M=0$. In the units of a direction"
    r" $\theta=w_T+\hat\zeta$, or $\theta=\hat\zeta$ where $M$ is zero, with independent normal"
    r" $\hat\zeta$ of variance $e$.",
)

# --- sums over outputs ----------------------------------------------------------------------------

_outputs, _total, _energy = sympy.symbols("k T B", real=True)
_noise_part, _slope, _new = sympy.symbols("f g b_o", real=True)


def _over_outputs(added: Any) -> Induction:
    """The sum over outputs, when one more output adds so much."""
    return Induction(
        _total - _outputs * _noise_part - _slope * _energy,
        dict.fromkeys((_total, _outputs, _energy), 0),
        {_total: _total + added, _outputs: _outputs + 1, _energy: _energy + _new},
    )


SUM_OVER_OUTPUTS = checked(
    "sum_over_outputs",
    r"Divergences of independent pairs add up, and what is $f+gb_o$ for an output $o$ is"
    r" $kf+g\sum_ob_o$ for all $k$: signals enter through $\sum_ow_o^2=|W^*u|^2$, and noise is"
    r" multiplied by $k$.",
    method="induction over the outputs",
    check=holds_by_induction,
    stated=_over_outputs(_noise_part + _slope * _new),
    wrong={
        "noise counted once": _over_outputs(_slope * _new),
        "the square of the signals": _over_outputs(_noise_part + _slope * _new**2),
    },
    uses=("one_direction",),
)

# --- Gaussian laws --------------------------------------------------------------------------------

_x_i, _x_j, _m_i, _m_j, _n_i, _n_j, _S_ij = sympy.symbols(
    "x_i x_j mu_i mu_j mu'_i mu'_j Sigma_ij", real=True
)


def _about(added: Any) -> tuple[Any, Any]:
    """A term of a quadratic form about another mean, and what its expectation is said to be."""
    moments = {_x_i: _m_i, _x_j: _m_j, _x_i * _x_j: _S_ij + _m_i * _m_j}
    return expectation((_x_i - _n_i) * (_x_j - _n_j), moments, (_x_i, _x_j)), _S_ij + added


QUADRATIC_FORM = checked(
    "quadratic_form",
    r"For $x$ with mean $\mu$ and covariance $\Sigma$,"
    r" $\mathbb E(x-\mu')^\top A(x-\mu')=\operatorname{tr}A\Sigma+(\mu-\mu')^\top A(\mu-\mu')$:"
    r" $\mathbb E(x_i-\mu'_i)(x_j-\mu'_j)=\Sigma_{ij}+(\mu_i-\mu'_i)(\mu_j-\mu'_j)$.",
    method="expanding, for two coordinates, of any number",
    check=equal,
    stated=_about((_m_i - _n_i) * (_m_j - _n_j)),
    wrong={
        "without the means": _about(0),
        "a square of one coordinate": _about((_m_i - _n_i) ** 2),
    },
)

_size, _trace, _shift, _logs = sympy.symbols("N T D L", real=True)


def _gaussian_divergence(own_form: Any) -> tuple[Any, Any]:
    """The mean of the log ratio, when the first law's own quadratic form has this mean."""
    first = -(_size * sympy.log(2 * sympy.pi) + own_form) / 2
    second = -(_size * sympy.log(2 * sympy.pi) + _logs + _trace + _shift) / 2
    return first - second, (_trace - _size + _shift + _logs) / 2


GAUSSIAN_DIVERGENCE = checked(
    "gaussian_divergence",
    r"In $N$ dimensions $\mathrm{KL}(N(\mu_1,\Sigma_1)\|N(\mu_2,\Sigma_2))"
    r"=\frac12[\operatorname{tr}\Sigma_2^{-1}\Sigma_1-N+\delta^\top\Sigma_2^{-1}\delta"
    r"+\log\frac{\det\Sigma_2}{\det\Sigma_1}]$, $\delta=\mu_1-\mu_2$: the mean of the log ratio,"
    r" where the form of the first law itself has mean $N$.",
    method="substituting the means of the two quadratic forms",
    check=equal,
    stated=_gaussian_divergence(_size),
    wrong={
        "its own form left out": _gaussian_divergence(sympy.Integer(0)),
        "half of its own form": _gaussian_divergence(_size / 2),
    },
    uses=("quadratic_form",),
)


class LogForm(NamedTuple):
    r"""$A-\log R$, in which twice a divergence of normal laws is written.

    Attributes:
        rational: $A$.
        argument: $R>0$.
    """

    rational: Any
    argument: Any


def twice_divergence(ratio: Any, squared_shift: Any) -> LogForm:
    r"""Returns $2\,\mathrm{KL}$ of two normal laws on the line.

    Args:
        ratio: of the variances, the first law's over the second's.
        squared_shift: the squared difference of the means over the second law's variance.
    """
    return LogForm(ratio - 1 + squared_shift, ratio)


def same_form(pair: tuple[LogForm, LogForm]) -> bool:
    """Returns whether rational parts and arguments agree, each identically."""
    return all_equal(zip(*pair, strict=True))


class Below(NamedTuple):
    """A form is at most another: their rational parts agree, and its argument is larger.

    Attributes:
        left: the smaller form.
        right: the larger form.
        excess: the ratio of the arguments minus one, its sign manifest.
    """

    left: LogForm
    right: LogForm
    excess: Any


def below(claim: Below) -> bool:
    """Returns whether one form is at most another, by its certificate."""
    ratio = claim.left.argument / claim.right.argument
    rational = equal((claim.left.rational, claim.right.rational))
    return rational and at_most(Inequality(1, ratio, claim.excess))
